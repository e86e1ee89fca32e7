//! Connections to portals: which address is dialled, and what is spoken there.
//!
//! Names are resolved in `names`, every address is asked for before it is dialled, and the connection goes to that very
//! address: a name that changes its mind between check and dial gains nothing.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper::client::conn::http1;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::Connection as _;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, util::BoxCloneSyncService};
use url::Url;

use super::authority;
use super::interim::Interim;
use super::shared::Line;
use super::wire::{Heard, Own, Wire};
use crate::body::BodyError;
use crate::proxy::Settings;
use crate::proxy::names::Names;

/// Tells whether an address may be dialled.
pub type Allow = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum DialError {
    /// No address of the name may be dialled.
    #[error("no address of {0} may be dialled")]
    Forbidden(String),
    /// The name has no address.
    #[error("the name {0} cannot be resolved")]
    Unresolved(String),
    /// No connection in time.
    #[error("no connection to {0} in time")]
    Slow(String),
    /// The connection or the TLS handshake failed.
    #[error("no connection to {0}: {1}")]
    Failed(String, BodyError),
}

type Stream = TokioIo<TcpStream>;
type Tcp = BoxCloneSyncService<Uri, Stream, BodyError>;

/// Makes connections.
pub(in crate::proxy) struct Dialer {
    /// Offers HTTP/1.1 alone.
    own: HttpsConnector<Tcp>,
    /// Offers HTTP/2 as well, where there is TLS.
    shared: HttpsConnector<Tcp>,
    pub(super) connect_time: Duration,
    ping_time: Duration,
}

/// What a dial came to.
pub(in crate::proxy) enum Dialled {
    /// A connection for one request at a time.
    Own(Own),
    /// One for several.
    Line(Arc<Line>),
}

impl Dialled {
    /// The way of a first request.
    pub(in crate::proxy) fn wire(self) -> Wire {
        match self {
            Self::Own(own) => Wire::Own(own),
            Self::Line(line) => Wire::Shared(line.open_first()),
        }
    }
}

impl Dialer {
    pub(in crate::proxy) fn new(
        allow: Allow,
        tls: rustls::ClientConfig,
        names: Arc<Names>,
        settings: &Settings,
    ) -> Self {
        let Settings { connect_time, ping_time, .. } = *settings;
        let tcp =
            Tcp::new(tower::service_fn(move |uri: Uri| connect(uri, allow.clone(), Arc::clone(&names), connect_time)));
        let builder = || HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http().enable_http1();
        let (own, shared) = (builder().wrap_connector(tcp.clone()), builder().enable_http2().wrap_connector(tcp));
        Self { own, shared, connect_time, ping_time }
    }

    /// A fresh connection to `upstream`, of HTTP/2 only when `may_share`; its tasks end with it, or when `closed` is.
    pub(in crate::proxy) async fn dial(
        &self,
        upstream: &Url,
        may_share: bool,
        tasks: &TaskTracker,
        closed: &CancellationToken,
    ) -> Result<Dialled, DialError> {
        let name = authority(upstream).to_owned();
        let failed = |error: BodyError| match error.downcast::<DialError>() {
            Ok(known) => *known,
            Err(error) => DialError::Failed(name.clone(), error),
        };
        let uri: Uri = upstream.as_str().parse().map_err(|error: http::uri::InvalidUri| failed(error.into()))?;
        let mut connector = if may_share { self.shared.clone() } else { self.own.clone() };
        let dialled = timeout(self.connect_time, connector.call(uri)).await;
        let stream = dialled.map_err(|_| DialError::Slow(name.clone()))?.map_err(failed)?;
        if stream.connected().is_negotiated_h2() {
            let line = Line::begin(stream, self.ping_time, tasks, closed);
            let line = timeout(self.connect_time, line).await.map_err(|_| DialError::Slow(name.clone()))?;
            return line.map(Dialled::Line).map_err(|error| failed(error.into()));
        }
        let answered = Arc::default();
        let heard =
            Heard { stream: TokioIo::new(stream), answered: Arc::clone(&answered), interim: Interim::default() };
        let made = http1::Builder::new().max_buf_size(64 * 1024).handshake(TokioIo::new(heard)).await;
        let (sender, connection) = made.map_err(|error| failed(error.into()))?;
        let closed = closed.clone();
        tasks.spawn(async move {
            tokio::select! {
                outcome = connection.with_upgrades() => if let Err(error) = outcome {
                    tracing::debug!(%error, "a connection to a portal ended");
                },
                () = closed.cancelled() => {}
            }
        });
        Ok(Dialled::Own(Own { sender, answered, used: false, generation: 0 }))
    }
}

async fn connect(uri: Uri, allow: Allow, names: Arc<Names>, connect_time: Duration) -> Result<Stream, BodyError> {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let addresses = names.addresses(host).await;
    if addresses.is_empty() {
        return Err(DialError::Unresolved(host.to_owned()).into());
    }
    let allowed: Vec<_> = addresses.iter().filter(|address| allow(address.to_canonical())).collect();
    let mut last: BodyError = DialError::Forbidden(host.to_owned()).into();
    // Half of the time for all but the last, so that one silent address does not use up all of it.
    let share = if allowed.len() > 1 { connect_time / 2 } else { connect_time };
    for address in allowed {
        match timeout(share, TcpStream::connect((*address, port))).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(TokioIo::new(stream));
            }
            Ok(Err(error)) => last = error.into(),
            Err(_) => last = DialError::Slow(host.to_owned()).into(),
        }
    }
    Err(last)
}

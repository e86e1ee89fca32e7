//! One accept loop: connections in, each with its seat, and from its first byte to its last.
//!
//! What a connection passes before HTTP is its entrance: whose it is (`arrival`), and TLS. Each has its time. A plain
//! connection passes nothing and pays for nothing.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Limits;
use super::activity::{Activity, Open};
use super::arrival::read_header;
use super::client::Trusted;
use super::guard::{Guard, Reset};
use super::hold::Hold;
use super::rate::{Bucket, Rates};
use super::seats::{ClientSeat, Clients, Seat};
use super::served::{self, until_end, until_its_end};
use super::stream::Stream;
use crate::body::Body;
use crate::metrics::{Held, Metrics, Refused};
use crate::tunnel::Slot;

/// Who is at the other end of a connection.
pub(super) struct Peer {
    /// The client, or the trusted proxy that names it with each request.
    pub(super) address: IpAddr,
    /// Whether it is a trusted proxy.
    pub(super) trusted: bool,
    /// The scheme, as far as the connection shows it.
    pub(super) scheme: Option<&'static str>,
    /// What the client has asked already; none without a bound.
    pub(super) bucket: Option<Arc<Bucket>>,
}

/// What a connection passes before HTTP.
#[derive(Default)]
pub(super) struct Entrance {
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) proxy_protocol: bool,
    pub(super) trusted: Trusted,
    pub(super) rates: Option<Rates>,
    pub(super) clients: Arc<Clients>,
}

/// One accept loop.
pub(super) struct Accept {
    pub(super) listener: TcpListener,
    pub(super) limits: Arc<Limits>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) tasks: TaskTracker,
    /// Whether connections count in the metrics of the public side.
    pub(super) public: bool,
    pub(super) entrance: Arc<Entrance>,
}

impl Accept {
    /// Accepts until `stop`; then waits for open connections, and cuts off what is open after the drain time.
    pub(super) async fn run<A, F>(self, stop: CancellationToken, answer: A)
    where
        A: Fn(Arc<Peer>, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let cut = CancellationToken::new();
        let open = TaskTracker::new();
        while let Some(accepted) = stop.run_until_cancelled(self.listener.accept()).await {
            let (stream, client) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: others have to close before it can go on.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some(taken) = self.seat(&stream, client.ip()) else { continue };
            // In a box, because each of the futures around it would have room for it, some of them twice.
            let connection = Box::pin(self.connection(stream, client.ip(), answer.clone(), stop.clone()));
            let cut = cut.clone();
            self.tasks.spawn(open.track_future(async move {
                cut.run_until_cancelled(connection).await;
                drop(taken);
            }));
        }
        drop(self.listener);
        open.close();
        if tokio::time::timeout(self.limits.drain_time, open.wait()).await.is_err() {
            tracing::warn!(connections = open.len(), "cut off connections that were not done in time");
            cut.cancel();
            open.wait().await;
        }
    }

    /// What a new connection takes up; none, and a short answer, when there is no room. A proxy that speaks for its
    /// clients takes none of their seats.
    fn seat(&self, stream: &TcpStream, peer: IpAddr) -> Option<Taken> {
        let Entrance { tls, proxy_protocol, trusted, clients, .. } = &*self.entrance;
        let speaks_for_others = trusted.has(peer);
        if *proxy_protocol && !speaks_for_others {
            self.metrics.refused(Refused::ProxyHeader);
            return None;
        }
        let counted = self.public.then(|| self.metrics.connection());
        let seats = Clients::seat(clients, &self.limits).and_then(|seat| {
            let own = (!speaks_for_others).then(|| Clients::own_seat(clients, peer, &self.limits)).transpose()?;
            Ok((seat, own))
        });
        match seats {
            Ok((seat, own)) => Some(Taken { _seat: seat, _own: own, _counted: counted }),
            Err(reason) => {
                self.metrics.refused(reason);
                if tls.is_none() && !proxy_protocol {
                    say_full(stream);
                }
                None
            }
        }
    }

    /// One connection from its first byte to its last.
    fn connection<A, F>(
        &self,
        stream: TcpStream,
        peer: IpAddr,
        answer: A,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<A, F>
    where
        A: Fn(Arc<Peer>, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let (limits, tasks) = (self.limits.clone(), self.tasks.clone());
        let (metrics, entrance) = (self.metrics.clone(), self.entrance.clone());
        async move {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection ended before it began");
                return;
            }
            let Some(Entered { stream, peer, _own }) = entrance.enter(stream, peer, &limits, &metrics).await else {
                return;
            };
            let activity = Activity::new();
            let reset = Reset::default();
            let (hold, slot) = (Hold::default(), Slot::default());
            let mut guard = Box::new(Guard::new(stream, &limits, reset.clone(), hold.clone(), metrics));
            let version = tokio::select! {
                version = guard.version() => version,
                () = until_end(&stop, &activity, limits.keep_alive_time) => None,
            };
            let Some(version) = version else { return };
            let io = TokioIo::new(guard);
            let service = service_fn(|mut request: Request<Incoming>| {
                let (answer, open, peer) = (answer.clone(), activity.begin(), peer.clone());
                let reset = (request.version() == Version::HTTP_10).then(|| reset.clone());
                if request.headers().contains_key(header::UPGRADE) {
                    request.extensions_mut().insert(slot.clone());
                }
                let hold = hold.clone();
                // In a box, for which hyper keeps room also while nothing is asked: 5 KiB of each idle connection.
                Box::pin(async move {
                    let response = answer(peer, request).await;
                    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                        hold.answered();
                    }
                    Ok::<_, std::convert::Infallible>(response.map(|body| Open { body, reset, _open: open }))
                })
            });
            // In a box: the state of the task holds it once, instead of once for each of the futures around it.
            let outcome = if version == Version::HTTP_2 {
                let connection = Box::pin(served::http2(&limits, tasks).serve_connection(io, service));
                until_its_end(
                    connection,
                    http2::Connection::graceful_shutdown,
                    &activity,
                    limits.keep_alive_time,
                    &stop,
                )
                .await
            } else {
                let connection = Box::pin(served::http1(&limits).serve_connection(io, service).with_upgrades());
                until_its_end(
                    connection,
                    http1::UpgradeableConnection::graceful_shutdown,
                    &activity,
                    limits.keep_alive_time,
                    &stop,
                )
                .await
            };
            if let Err(error) = outcome {
                tracing::debug!(error = %error, "a connection ended early");
                return;
            }
            // A connection that changed its protocol keeps its seat, and ends with the drain at the latest.
            if let Some(tunnel) = slot.take() {
                hold.leave_http();
                tunnel.await;
            }
        }
    }
}

/// What a connection takes up until its end.
struct Taken {
    _seat: Seat,
    _own: Option<ClientSeat>,
    _counted: Option<Held>,
}

/// A connection that has passed its entrance.
struct Entered {
    stream: Stream,
    peer: Arc<Peer>,
    /// The seat of the client that the PROXY protocol named.
    _own: Option<ClientSeat>,
}

impl Entrance {
    async fn enter(&self, stream: TcpStream, peer: IpAddr, limits: &Limits, metrics: &Metrics) -> Option<Entered> {
        if self.tls.is_some() || self.proxy_protocol {
            // What a handshake needs is given back when it is over.
            return Box::pin(self.enter_slowly(stream, peer, limits, metrics)).await;
        }
        Some(Entered { stream: Stream::Plain(stream), peer: self.peer(peer, None), _own: None })
    }

    async fn enter_slowly(
        &self,
        mut stream: TcpStream,
        peer: IpAddr,
        limits: &Limits,
        metrics: &Metrics,
    ) -> Option<Entered> {
        let (mut client, mut own) = (peer, None);
        if self.proxy_protocol {
            match timeout(limits.head_time, read_header(&mut stream)).await {
                Ok(Ok(named)) => client = named.unwrap_or(peer),
                Ok(Err(fault)) => {
                    metrics.refused(Refused::ProxyHeader);
                    tracing::info!(%fault, "refused a connection of a load balancer");
                    return None;
                }
                Err(_) => {
                    metrics.refused(Refused::HeadSlow);
                    return None;
                }
            }
            if !self.trusted.has(client) {
                match Clients::own_seat(&self.clients, client, limits) {
                    Ok(seat) => own = Some(seat),
                    Err(reason) => {
                        metrics.refused(reason);
                        if self.tls.is_none() {
                            say_full(&stream);
                        }
                        return None;
                    }
                }
            }
        }
        let Some(acceptor) = &self.tls else {
            return Some(Entered { stream: Stream::Plain(stream), peer: self.peer(client, None), _own: own });
        };
        let reason: io::Error = match timeout(limits.head_time, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                let stream = Stream::Tls(Box::new(stream));
                return Some(Entered { stream, peer: self.peer(client, Some("https")), _own: own });
            }
            Ok(Err(error)) => error,
            Err(_) => io::ErrorKind::TimedOut.into(),
        };
        metrics.refused(Refused::TlsHandshake);
        tracing::debug!(%reason, "a TLS handshake came to nothing");
        None
    }

    fn peer(&self, address: IpAddr, scheme: Option<&'static str>) -> Arc<Peer> {
        let trusted = self.trusted.has(address);
        let bucket = self.rates.as_ref().filter(|_| !trusted).and_then(|rates| rates.bucket(address));
        Arc::new(Peer { address, trusted, scheme, bucket })
    }
}

/// Answers a connection that finds no seat. As good as nothing is lost when that cannot be written at once.
fn say_full(stream: &TcpStream) {
    let _ = stream.try_write(full().as_bytes());
}

/// The answer to a connection that finds no seat: small enough to be written at once.
fn full() -> String {
    const TEXT: &str = "Gerade rufen sehr viele Menschen diese Seite auf. Bitte versuchen Sie es in einer Minute noch \
        einmal. Auskunft zu allen Behörden gibt die Behördennummer 115.\n";
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{TEXT}",
        TEXT.len()
    )
}

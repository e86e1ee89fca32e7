//! Connections to portals: which address is dialled, and which connection is used again.
//!
//! Names are resolved here and only here, every address is asked for before it is dialled, and the connection goes to
//! that very address: a name that changes its mind between check and dial gains nothing. Pools belong to one portal and
//! are never shared, so that a stray answer cannot reach the users of another one.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::client::conn::http1;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, util::BoxCloneSyncService};
use url::{Position, Url};

use super::Settings;
use super::balance::{Balance, Verdict};
use super::breaker::{Breaker, Pass};
use super::budget::Budget;
use crate::body::{Body, BodyError};

/// Tells whether an address may be dialled.
pub type Allow = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Most connections to one address that wait for their next use.
const MAX_IDLE: usize = 64;
/// How long a connection whose answer just ended may take to be ready again.
const READY_WITHIN: Duration = Duration::from_millis(50);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
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
pub(super) struct Dialer {
    connector: HttpsConnector<Tcp>,
    connect_time: Duration,
}

impl Dialer {
    pub(super) fn new(allow: Allow, tls: rustls::ClientConfig, connect_time: Duration) -> Self {
        let tcp = tower::service_fn(move |uri: Uri| connect(uri, allow.clone(), connect_time));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Tcp::new(tcp));
        Self { connector, connect_time }
    }

    /// A fresh connection to `upstream`; its task ends with it, or when `closed` is.
    pub(super) async fn dial(
        &self,
        upstream: &Url,
        tasks: &TaskTracker,
        closed: &CancellationToken,
    ) -> Result<Wire, DialError> {
        let name = authority(upstream).to_owned();
        let failed = |error: BodyError| match error.downcast::<DialError>() {
            Ok(known) => *known,
            Err(error) => DialError::Failed(name.clone(), error),
        };
        let uri: Uri = upstream.as_str().parse().map_err(|error: http::uri::InvalidUri| failed(error.into()))?;
        let dialled = timeout(self.connect_time, self.connector.clone().call(uri)).await;
        let stream = dialled.map_err(|_| DialError::Slow(name.clone()))?.map_err(failed)?;
        let answered = Arc::new(AtomicBool::new(false));
        let heard = Heard { stream: TokioIo::new(stream), answered: answered.clone() };
        let made = http1::Builder::new().max_buf_size(64 * 1024).handshake(TokioIo::new(heard)).await;
        let (sender, connection) = made.map_err(|error| failed(error.into()))?;
        let closed = closed.clone();
        tasks.spawn(async move {
            tokio::select! {
                outcome = connection => if let Err(error) = outcome {
                    tracing::debug!(%error, "a connection to a portal ended");
                },
                () = closed.cancelled() => {}
            }
        });
        Ok(Wire { sender, answered, used: false })
    }
}

async fn connect(uri: Uri, allow: Allow, connect_time: Duration) -> Result<Stream, BodyError> {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let addresses = resolve(host, port).await?;
    let allowed: Vec<_> = addresses.into_iter().filter(|address| allow(address.ip().to_canonical())).collect();
    let mut last: BodyError = DialError::Forbidden(host.to_owned()).into();
    // Half of the time for all but the last, so that one silent address does not use up all of it.
    let share = if allowed.len() > 1 { connect_time / 2 } else { connect_time };
    for address in allowed {
        match timeout(share, TcpStream::connect(address)).await {
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

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, BodyError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found: Vec<_> = tokio::net::lookup_host((host, port)).await.map(Iterator::collect).unwrap_or_default();
    if found.is_empty() { Err(DialError::Unresolved(host.to_owned()).into()) } else { Ok(found) }
}

/// Host and port of an upstream, as they stand in `Host`.
pub(super) fn authority(upstream: &Url) -> &str {
    &upstream[Position::BeforeHost..Position::AfterPort]
}

/// One connection to a portal, for one request at a time.
pub(super) struct Wire {
    pub(super) sender: http1::SendRequest<Body>,
    /// True when a byte came since the last request was sent.
    answered: Arc<AtomicBool>,
    /// True when it carried a request before.
    pub(super) used: bool,
}

impl Wire {
    /// Forgets what was heard before the next request.
    pub(super) fn begin(&self) {
        self.answered.store(false, Ordering::Release);
    }

    /// True when a byte of an answer came since `begin`.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }
}

/// A stream that notes whether anything came.
struct Heard<S> {
    stream: S,
    answered: Arc<AtomicBool>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            this.answered.store(true, Ordering::Release);
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// What belongs to one portal: its places, its idle connections and what is known of its upstreams.
pub(super) struct Pool {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
    balance: Mutex<Balance>,
    drawn: AtomicU64,
    breaker: Mutex<Breaker>,
    budget: Mutex<Budget>,
    idle: Mutex<HashMap<Url, Vec<Idle>>>,
    idle_time: Duration,
}

struct Idle {
    wire: Wire,
    since: Instant,
}

impl Pool {
    pub(super) fn new(settings: &Settings) -> Self {
        let places = settings.portal_places;
        Self {
            places: Arc::new(Semaphore::new(places)),
            waiting: AtomicUsize::new(0),
            max_waiting: places,
            balance: Mutex::new(Balance::new(settings.leave_out)),
            drawn: AtomicU64::new(RandomState::new().hash_one(0_u8)),
            breaker: Mutex::new(Breaker::new(settings.breaking)),
            budget: Mutex::new(Budget::new(settings.repeats)),
            idle: Mutex::default(),
            idle_time: settings.pool_time,
        }
    }

    /// Lets a request through to the portal, or tells how long the portal is left alone.
    pub(super) fn admit(self: &Arc<Self>) -> Result<Admission, Duration> {
        let now = Instant::now();
        let pass = self.breaker().enter(now)?;
        self.budget().asked(now);
        Ok(Admission { pool: Arc::clone(self), pass, judged: false })
    }

    /// True when a request may be repeated, which is then counted.
    pub(super) fn may_repeat(&self) -> bool {
        self.budget().allows(Instant::now())
    }

    /// True while the portal is left alone.
    pub(super) fn is_open(&self) -> bool {
        self.breaker().is_open()
    }

    /// A place at the portal, waited for at most `queue_time`; none when all are taken.
    pub(super) async fn enter(&self, queue_time: Duration) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Some(place);
        }
        let _waiting = Waiting::join(&self.waiting, self.max_waiting)?;
        timeout(queue_time, self.places.clone().acquire_owned()).await.ok()?.ok()
    }

    /// The upstream that takes a request now, which is noted in `tried`; none when all of them were tried.
    pub(super) fn choose(self: &Arc<Self>, upstreams: &[Url], tried: &mut Vec<usize>) -> Option<Turn> {
        let chance = mixed(self.drawn.fetch_add(1, Ordering::Relaxed));
        let chosen = self.balance().choose(upstreams, tried, chance, Instant::now())?;
        tried.push(chosen.at);
        let upstream = upstreams[chosen.at].clone();
        Some(Turn { pool: Arc::clone(self), upstream, was_out: chosen.was_out, judged: false })
    }

    /// The upstream that would most likely take the next request.
    pub(super) fn likely<'a>(&self, upstreams: &'a [Url]) -> Option<&'a Url> {
        self.balance().likely(upstreams)
    }

    /// How many upstreams are left out.
    pub(super) fn out(&self) -> usize {
        self.balance().out()
    }

    /// Forgets upstreams that are in no route any more.
    pub(super) fn keep_only(&self, routed: impl Fn(&Url) -> bool) {
        self.balance().keep_only(routed);
    }

    /// A connection that was used before and is open and silent, the youngest first.
    pub(super) async fn take(&self, upstream: &Url) -> Option<Wire> {
        loop {
            let idle = self.idle().get_mut(upstream)?.pop()?;
            let mut wire = idle.wire;
            let fresh = idle.since.elapsed() < self.idle_time;
            if fresh && matches!(timeout(READY_WITHIN, wire.sender.ready()).await, Ok(Ok(()))) {
                return Some(wire);
            }
        }
    }

    /// Keeps a connection whose answer is complete.
    fn put(&self, upstream: &Url, mut wire: Wire) {
        if wire.sender.is_closed() {
            return;
        }
        wire.used = true;
        let mut idle = self.idle();
        let waiting = idle.entry(upstream.clone()).or_default();
        if waiting.len() < MAX_IDLE {
            waiting.push(Idle { wire, since: Instant::now() });
        }
    }

    /// Closes what was not used for too long, or by the portal.
    pub(super) fn sweep(&self) {
        self.idle().retain(|_, waiting| {
            waiting.retain(|idle| idle.since.elapsed() < self.idle_time && !idle.wire.sender.is_closed());
            !waiting.is_empty()
        });
    }

    /// Closes all that wait.
    pub(super) fn clear(&self) {
        self.idle().clear();
    }

    fn balance(&self) -> MutexGuard<'_, Balance> {
        self.balance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, HashMap<Url, Vec<Idle>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that was let through to a portal and has no verdict yet.
pub(super) struct Admission {
    pool: Arc<Pool>,
    pass: Pass,
    judged: bool,
}

impl Admission {
    /// Tells how it ended; true when that opened or closed the breaker.
    pub(super) fn judge(&mut self, verdict: Verdict) -> bool {
        self.judged = true;
        self.pool.breaker().judged(self.pass, verdict, Instant::now())
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if !self.judged {
            self.judge(Verdict::Unknown);
        }
    }
}

/// A request that is open at an upstream until this is dropped.
pub(super) struct Turn {
    pub(super) pool: Arc<Pool>,
    pub(super) upstream: Url,
    pub(super) was_out: bool,
    judged: bool,
}

impl Turn {
    /// Tells how it ended, once; true when the upstream is left out from now on.
    pub(super) fn judge(&mut self, verdict: Verdict) -> bool {
        let known = std::mem::replace(&mut self.judged, true);
        !known && self.pool.balance().judged(&self.upstream, self.was_out, verdict, Instant::now())
    }

    /// Keeps a connection whose answer is complete.
    pub(super) fn put(&self, wire: Wire) {
        self.pool.put(&self.upstream, wire);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.judge(Verdict::Unknown);
        self.pool.balance().left(&self.upstream);
    }
}

/// A number as good as chance for each number: the finisher of SplitMix64.
pub(super) fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// One of those who wait for a place, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn join(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Ordering::AcqRel) < most).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

//! The two listeners: connections in, answers out, and an end in good order.
//!
//! The public side takes what citizens send; the internal side shows metrics and state and is never public. Both run the
//! same accept loop under the same kind of limits. Every task is on one tracker. When the token is cancelled nothing
//! new is accepted, open requests finish, and what is not done after the drain time is cut off.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Request, Response, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::body::Body;
use crate::metrics::{Held, Metrics};
use crate::pages::forward::WhoIsAsked;
use crate::proxy::Proxy;
use crate::routes::Routes;

mod answer;
mod framing;
mod guard;
mod internal;
mod purge;
mod seats;

pub use internal::Ready;
pub(crate) use seats::network;

use answer::Edge;
use guard::{Guard, Reset};
use internal::Inside;
use seats::{ClientSeat, Clients};

/// Bounds of a listener. Times are the longest that is waited.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections in all.
    pub connections: usize,
    /// Open connections of one client: an IPv4 address, or an IPv6 network of 56 bits.
    pub connections_per_client: usize,
    /// From the first byte of a head (of the connection, for its first) to its end.
    pub head_time: Duration,
    /// Between two requests on one connection.
    pub keep_alive_time: Duration,
    /// Between two pieces of a request body.
    pub body_idle_time: Duration,
    /// For a client to take some more of its answer.
    pub write_time: Duration,
    /// For open requests to finish once the end has begun.
    pub drain_time: Duration,
    /// Bytes of one head.
    pub head_bytes: usize,
    /// Fields of one head.
    pub fields: usize,
    /// Bytes of a request target.
    pub target_bytes: usize,
    /// Bytes of a request body for our own pages.
    pub own_body_bytes: u64,
    /// Open streams of one HTTP/2 connection.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_client: 200,
            head_time: Duration::from_secs(10),
            keep_alive_time: Duration::from_secs(60),
            body_idle_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(30),
            head_bytes: 32 * 1024,
            fields: 100,
            target_bytes: 8 * 1024,
            own_body_bytes: 1024 * 1024,
            streams: 100,
        }
    }
}

/// Why a listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process has the address.
    #[error("{0} is already in use; another process listens there")]
    InUse(SocketAddr),
    /// The process may not take it.
    #[error("{0} may not be taken; ports below 1024 need a right of their own")]
    Denied(SocketAddr),
    /// This machine does not have it.
    #[error("{0} is no address of this machine")]
    NotOurs(SocketAddr),
    /// Something else.
    #[error("cannot listen on {0}: {1}")]
    Other(SocketAddr, #[source] io::Error),
}

/// Opens a listener on `address`.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address),
        io::ErrorKind::PermissionDenied => BindError::Denied(address),
        io::ErrorKind::AddrNotAvailable => BindError::NotOurs(address),
        _ => BindError::Other(address, error),
    })
}

/// All that the two listeners need.
pub struct Server {
    /// The public listener.
    pub public: TcpListener,
    /// The internal listener.
    pub internal: TcpListener,
    /// Our own pages.
    pub pages: axum::Router,
    /// Further pages of the internal side.
    pub inside: axum::Router,
    /// The table of routes; swapped by others.
    pub routes: Arc<ArcSwap<Routes>>,
    /// Tells whose portal takes requests for a Leistung at a place.
    pub who: WhoIsAsked,
    /// The way to the portals.
    pub proxy: Arc<Proxy>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Tells what is missing to be ready, beside routes.
    pub ready: Ready,
    /// Bounds of the public listener.
    pub limits: Limits,
    /// Every task is spawned here.
    pub tasks: TaskTracker,
}

impl Server {
    /// Serves until `stop` is cancelled and the open requests are done, or cut off after the drain time.
    ///
    /// The internal side answers until the public one is done. Afterwards the connections to portals are closed.
    pub async fn run(self, stop: CancellationToken) {
        let Self { public, internal, pages, inside, routes, who, proxy, metrics, ready, limits, tasks } = self;
        let inside = inside.merge(purge::router(proxy.clone(), routes.clone()));
        let shown = Inside {
            routes: routes.clone(),
            who: who.clone(),
            proxy: proxy.clone(),
            metrics: metrics.clone(),
            ready,
            stop: stop.clone(),
        };
        let inside = internal::router(shown, inside);
        let edge = Arc::new(Edge::new(pages, routes, who, proxy.clone(), metrics.clone(), limits.clone()));

        let inside_stop = CancellationToken::new();
        let inside_limits = Limits {
            connections: 100,
            connections_per_client: 100,
            drain_time: Duration::from_secs(1),
            ..Limits::default()
        };
        let inside_loop = Accept::new(internal, inside_limits, metrics.clone(), tasks.clone(), false);
        let inside_done = tasks.spawn(inside_loop.run(inside_stop.clone(), move |_, request| {
            let router = inside.clone();
            async move { answer::page(router, request.map(Body::new)).await }
        }));
        let sweeper = proxy.clone();
        tasks.spawn(async move { sweeper.sweep().await });

        let public_loop = Accept::new(public, limits, metrics, tasks.clone(), true);
        public_loop
            .run(stop, move |client, request| {
                let edge = edge.clone();
                async move { edge.answer(client, request).await }
            })
            .await;
        proxy.close();
        inside_stop.cancel();
        // The task ends with its token; that it panicked would be in the log already.
        let _ = inside_done.await;
    }
}

/// One accept loop.
struct Accept {
    listener: TcpListener,
    limits: Limits,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    /// Whether connections count in the metrics of the public side.
    public: bool,
    clients: Arc<Clients>,
}

impl Accept {
    fn new(listener: TcpListener, limits: Limits, metrics: Arc<Metrics>, tasks: TaskTracker, public: bool) -> Self {
        let clients = Arc::new(Clients::default());
        Self { listener, limits, metrics, tasks, public, clients }
    }

    /// Accepts until `stop`; then waits for open connections, and cuts off what is open after the drain time.
    async fn run<A, F>(self, stop: CancellationToken, answer: A)
    where
        A: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
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
            let Some(seat) = self.seat(&stream, client.ip()) else { continue };
            let connection = self.connection(stream, client, answer.clone(), stop.clone());
            let cut = cut.clone();
            self.tasks.spawn(open.track_future(async move {
                cut.run_until_cancelled(connection).await;
                drop(seat);
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

    /// A seat for a new connection; none, and a short answer, when all are taken.
    fn seat(&self, stream: &TcpStream, client: IpAddr) -> Option<Seat> {
        let counted = self.public.then(|| self.metrics.connection());
        match Clients::seat(&self.clients, client, &self.limits) {
            Ok(seat) => Some(Seat { _seat: seat, _counted: counted }),
            Err(reason) => {
                self.metrics.refused(reason);
                // As good as nothing is lost when it cannot be written at once.
                let _ = stream.try_write(full().as_bytes());
                None
            }
        }
    }

    /// One connection from its first byte to its last.
    fn connection<A, F>(
        &self,
        stream: TcpStream,
        client: SocketAddr,
        answer: A,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<A, F>
    where
        A: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let limits = self.limits.clone();
        let builder = builder(&limits, self.tasks.clone());
        let metrics = self.metrics.clone();
        async move {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection ended before it began");
                return;
            }
            let activity = Activity::new();
            let reset = Reset::default();
            let guard = Guard::new(stream, &limits, reset.clone(), metrics);
            let service = service_fn(|request: Request<Incoming>| {
                let (answer, open) = (answer.clone(), activity.begin());
                let reset = (request.version() == Version::HTTP_10).then(|| reset.clone());
                // In a box, for which hyper keeps room also while nothing is asked: 5 KiB of each idle connection.
                Box::pin(async move {
                    let response = answer(client, request).await;
                    Ok::<_, std::convert::Infallible>(response.map(|body| Open { body, reset, _open: open }))
                })
            });
            // In a box: the state of the task holds it once, instead of once for each of the futures around it.
            let mut connection = Box::pin(builder.serve_connection(TokioIo::new(guard), service));
            let mut ending = false;
            loop {
                tokio::select! {
                    outcome = connection.as_mut() => {
                        if let Err(error) = outcome {
                            tracing::debug!(error = %error, "a connection ended early");
                        }
                        return;
                    }
                    () = until_end(&stop, &activity, limits.keep_alive_time), if !ending => {
                        ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
            }
        }
    }
}

/// A seat, and its place in the count of open connections.
struct Seat {
    _seat: ClientSeat,
    _counted: Option<Held>,
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

/// Waits until the connection should take no further request.
async fn until_end(stop: &CancellationToken, activity: &Activity, keep_alive_time: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = activity.idle_for(keep_alive_time) => {}
    }
}

/// Fields of a head that hyper takes when it is not told a number.
const HYPERS_FIELDS: usize = 100;

/// hyper for both versions, with the timer on each: without it a default time is silently off.
fn builder(limits: &Limits, tasks: TaskTracker) -> auto::Builder<OnTracker> {
    let mut builder = auto::Builder::new(OnTracker(tasks));
    // The guard bounds the head; hyper's time runs from the end of the answer before, so it bounds the pause.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.keep_alive_time.max(limits.head_time))
        .max_buf_size(limits.head_bytes.max(8 * 1024));
    // Where the number is named, hyper clears room for so many fields for each request.
    if limits.fields != HYPERS_FIELDS {
        builder.http1().max_headers(limits.fields);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20))
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(Some(100))
        .max_send_buf_size(256 * 1024);
    builder
}

/// Spawns what hyper spawns on our tracker.
#[derive(Clone)]
struct OnTracker(TaskTracker);

impl<F> Executor<F> for OnTracker
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}

/// How busy one connection is.
#[derive(Clone)]
struct Activity(Arc<Mutex<Busy>>);

struct Busy {
    open: usize,
    since: Instant,
}

impl Activity {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Busy { open: 0, since: Instant::now() })))
    }

    fn begin(&self) -> OpenRequest {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).open += 1;
        OpenRequest(self.clone())
    }

    /// Ends when no request was open for `time`.
    async fn idle_for(&self, time: Duration) {
        loop {
            let deadline = {
                let busy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let since = if busy.open > 0 { Instant::now() } else { busy.since };
                since + time
            };
            if deadline <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    }
}

/// One open request of a connection, until it is dropped.
struct OpenRequest(Activity);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        let mut busy = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        busy.open -= 1;
        busy.since = Instant::now();
    }
}

/// A body that keeps its request open until it is dropped.
struct Open {
    body: Body,
    /// For HTTP/1.0, which cannot show otherwise that an answer of unknown length was cut off.
    reset: Option<Reset>,
    _open: OpenRequest,
}

impl HttpBody for Open {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let (Poll::Ready(Some(Err(_))), Some(reset)) = (&frame, &self.reset) {
            reset.demand();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;

//! A connection to a portal that carries several requests at a time: HTTP/2.
//!
//! It takes as many as the portal allows and we bound. Windows are so that a client that does not read holds up its own
//! stream and never the others of the connection. A connection that answers no ping is ended.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http2};
use hyper::rt::{Executor, Read, Write};
use hyper_util::rt::TokioTimer;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::body::Body;

/// Most streams of one connection, whatever the portal allows.
const STREAMS: usize = 64;
/// Streams that are sent before the portal has said how many it allows; further ones wait for that. A number that no
/// portal chooses, so that it stands for not knowing.
const FIRST_STREAMS: usize = 15;
/// Bytes of one answer that may come before they are read.
const STREAM_WINDOW: u32 = 256 * 1024;
/// The same of all streams together: full streams leave no other one without.
const LINE_WINDOW: u32 = STREAM_WINDOW * STREAMS as u32;

/// One HTTP/2 connection.
pub(in crate::proxy) struct Line {
    sender: http2::SendRequest<Body>,
    open: AtomicUsize,
    most: Arc<AtomicUsize>,
    used: AtomicBool,
    /// When it last had no stream.
    since: Mutex<Instant>,
}

impl Line {
    /// Shakes hands on `io`; the tasks of the connection end with it, or when `closed` is.
    pub(super) async fn begin<T>(
        io: T,
        ping_time: Duration,
        tasks: &TaskTracker,
        closed: &CancellationToken,
    ) -> Result<Arc<Self>, hyper::Error>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        let tasks = Tasks { tasks: tasks.clone(), closed: closed.clone() };
        let (sender, connection) = http2::Builder::new(tasks.clone())
            .timer(TokioTimer::new())
            .keep_alive_interval(ping_time)
            .keep_alive_timeout(ping_time)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(LINE_WINDOW)
            .initial_max_send_streams(FIRST_STREAMS)
            .max_header_list_size(64 * 1024)
            .max_send_buf_size(256 * 1024)
            .max_local_error_reset_streams(Some(100))
            .handshake(io)
            .await?;
        // Until the portal has said how many it allows, what is too much waits in h2.
        let most = Arc::new(AtomicUsize::new(STREAMS));
        let known = Arc::clone(&most);
        tasks.execute(async move {
            let mut connection = pin!(connection);
            let outcome = std::future::poll_fn(|cx| {
                let told = connection.current_max_send_streams();
                if told != FIRST_STREAMS {
                    known.store(told.clamp(1, STREAMS), Ordering::Relaxed);
                }
                connection.as_mut().poll(cx)
            });
            if let Err(error) = outcome.await {
                tracing::debug!(%error, "a connection to a portal ended");
            }
        });
        let since = Mutex::new(Instant::now());
        Ok(Arc::new(Self { sender, open: AtomicUsize::new(0), most, used: AtomicBool::new(false), since }))
    }

    /// A stream, if it has one left.
    pub(super) fn open(self: &Arc<Self>) -> Option<Stream> {
        if self.open.fetch_add(1, Ordering::AcqRel) < self.most.load(Ordering::Relaxed) {
            return Some(self.stream());
        }
        self.open.fetch_sub(1, Ordering::AcqRel);
        None
    }

    /// The stream for whoever dialled.
    pub(super) fn open_first(self: &Arc<Self>) -> Stream {
        self.open.fetch_add(1, Ordering::AcqRel);
        self.stream()
    }

    fn stream(self: &Arc<Self>) -> Stream {
        let used = self.used.swap(true, Ordering::AcqRel);
        Stream { sender: self.sender.clone(), line: Arc::clone(self), used }
    }

    /// True when it takes no further request.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// True when it had no stream for `time`.
    pub(super) fn is_idle_for(&self, time: Duration) -> bool {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.open.load(Ordering::Acquire) == 0 && since.elapsed() >= time
    }
}

/// One request on a connection, until it is dropped.
pub(in crate::proxy) struct Stream {
    sender: http2::SendRequest<Body>,
    line: Arc<Line>,
    used: bool,
}

impl Stream {
    pub(super) fn is_used(&self) -> bool {
        self.used
    }

    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        self.sender.try_send_request(request).await
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.line.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            *self.line.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }
}

/// Spawns what hyper spawns on our tracker, and ends it with the proxy.
#[derive(Clone)]
struct Tasks {
    tasks: TaskTracker,
    closed: CancellationToken,
}

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let closed = self.closed.clone();
        self.tasks.spawn(async move {
            closed.run_until_cancelled(task).await;
        });
    }
}

/// True when the portal says that it did nothing of the request, and another connection may take it (RFC 9113,
/// sections 6.8 and 8.7).
pub(in crate::proxy) fn was_refused(error: &hyper::Error) -> bool {
    fault(error).is_some_and(|fault| {
        fault.is_remote() && (fault.is_go_away() || fault.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}

/// True when the portal ended the stream alone, or broke the rules of the protocol.
pub(in crate::proxy) fn was_reset(error: &hyper::Error) -> bool {
    fault(error).is_some_and(|fault| fault.is_reset() || fault.is_go_away())
}

fn fault(error: &hyper::Error) -> Option<&h2::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

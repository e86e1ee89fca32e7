//! HTTP on one connection, by hyper, from its first request to its end.
//!
//! The version is told before hyper is made (`Guard::version`), not by hyper: a connection whose version hyper has to find
//! out itself keeps twice the buffer as long as it is open.

use std::pin::Pin;
use std::time::Duration;

use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioTimer;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Limits;
use super::activity::Activity;

/// After the end has begun: how long a connection that is just open may take to begin its first request. A client whose
/// connection was accepted must not find it closed before it could ask.
const FIRST_REQUEST: Duration = Duration::from_secs(2);

/// Fields of a head that hyper takes when it is not told a number.
const HYPERS_FIELDS: usize = 100;

/// HTTP/1.1 without a time of its own: the guard bounds each head, and `until_end` the pause before it.
pub(super) fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.header_read_timeout(None).max_buf_size(limits.head_bytes.max(8 * 1024));
    // Where the number is named, hyper clears room for so many fields for each request.
    if limits.fields != HYPERS_FIELDS {
        builder.max_headers(limits.fields);
    }
    builder
}

/// HTTP/2, with the timer: without it a default time is silently off.
pub(super) fn http2(limits: &Limits, tasks: TaskTracker) -> http2::Builder<OnTracker> {
    let mut builder = http2::Builder::new(OnTracker(tasks));
    builder
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

/// Serves `connection` until its end, which `end` asks it for when it is idle for too long or `stop` is cancelled.
pub(super) async fn until_its_end<C: Future<Output = hyper::Result<()>>>(
    mut connection: Pin<Box<C>>,
    end: impl Fn(Pin<&mut C>),
    activity: &Activity,
    keep_alive_time: Duration,
    stop: &CancellationToken,
) -> hyper::Result<()> {
    let mut ending = false;
    loop {
        tokio::select! {
            outcome = connection.as_mut() => return outcome,
            () = until_end(stop, activity, keep_alive_time), if !ending => {
                ending = true;
                end(connection.as_mut());
            }
        }
    }
}

/// Waits until the connection should take no further request.
pub(super) async fn until_end(stop: &CancellationToken, activity: &Activity, keep_alive_time: Duration) {
    tokio::select! {
        () = stop.cancelled() => activity.begun_within(FIRST_REQUEST).await,
        () = activity.idle_for(keep_alive_time) => {}
    }
}

/// Spawns what hyper spawns on our tracker.
#[derive(Clone)]
pub(super) struct OnTracker(pub(super) TaskTracker);

impl<F> Executor<F> for OnTracker
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}

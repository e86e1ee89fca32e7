//! How busy a connection is: what keeps it open, and what lets it end.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use super::guard::Reset;
use crate::body::Body;

/// How busy one connection is.
#[derive(Clone)]
pub(super) struct Activity(Arc<Mutex<Busy>>);

struct Busy {
    open: usize,
    /// Whether there was ever a request.
    any: bool,
    since: Instant,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Busy { open: 0, any: false, since: Instant::now() })))
    }

    pub(super) fn begin(&self) -> OpenRequest {
        let mut busy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        busy.open += 1;
        busy.any = true;
        drop(busy);
        OpenRequest(self.clone())
    }

    /// Ends when no request was open for `time`.
    pub(super) async fn idle_for(&self, time: Duration) {
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

    /// Ends when the first request has begun, after `time` at the latest.
    pub(super) async fn begun_within(&self, time: Duration) {
        let end = Instant::now() + time;
        let begun = || self.0.lock().unwrap_or_else(PoisonError::into_inner).any;
        while !begun() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// One open request of a connection, until it is dropped.
pub(super) struct OpenRequest(Activity);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        let mut busy = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        busy.open -= 1;
        busy.since = Instant::now();
    }
}

/// A body that keeps its request open until it is dropped.
pub(super) struct Open {
    pub(super) body: Body,
    /// For HTTP/1.0, which cannot show otherwise that an answer of unknown length was cut off.
    pub(super) reset: Option<Reset>,
    pub(super) _open: OpenRequest,
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

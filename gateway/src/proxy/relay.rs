//! The body of an answer on its way back, and what it holds until its last byte.
//!
//! A client that takes nothing more of its answer keeps the connection and the place at the portal. As long as there are
//! places, that is nobody's concern but the client's; when there are none, those who have waited longest for their client
//! are cut off (`Held::let_go`), so that slow readers cannot use up a portal.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use connectors::ids::PortalId;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::Proxy;
use super::upstream::{Turn, Wire};
use crate::body::{Body, BodyError, Bounded, Course, Cut};
use crate::metrics::{Held as Counted, Metrics, UpstreamFault};

impl Proxy {
    /// The body as the client gets it; `lease` is held until its end.
    pub(super) fn relay(&self, body: Incoming, lease: Lease, portal: &PortalId) -> Body {
        let body = Bounded::new(body, self.settings.idle_time, u64::MAX);
        let pool = lease.turn.pool.clone();
        let held = Arc::new(Held::default());
        held.lock().lease = Some(lease);
        let mut relayed =
            Relayed { course: body.course(), body, held, portal: portal.clone(), metrics: self.metrics.clone() };
        if !relayed.give_back_if_ended() {
            pool.relays(&relayed.held);
        }
        Body::new(relayed)
    }
}

/// What an answer holds until its last byte: the connection, and the place at the portal.
pub(super) struct Lease {
    pub(super) wire: Wire,
    pub(super) turn: Turn,
    pub(super) _place: OwnedSemaphorePermit,
    pub(super) _counted: Counted,
}

/// What an answer holds, where others can take it away.
#[derive(Default)]
pub(super) struct Held(Mutex<Holding>);

#[derive(Default)]
struct Holding {
    lease: Option<Lease>,
    /// Since when the client has not taken more, although there is some.
    ready: Option<Instant>,
    /// True once it was taken away.
    taken: bool,
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, Holding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long its client has kept it waiting; none when it waits for the portal, or is over.
    pub(super) fn kept_waiting(&self) -> Option<Duration> {
        let holding = self.lock();
        holding.lease.as_ref()?;
        Some(holding.ready?.elapsed())
    }

    /// Gives up connection and place; the client sees that its answer is cut off.
    pub(super) fn let_go(&self) {
        let mut holding = self.lock();
        let lease = holding.lease.take();
        holding.taken |= lease.is_some();
        drop(holding);
        drop(lease);
    }
}

/// The body of an answer. Dropped before its end, it takes its connection with it.
struct Relayed {
    body: Bounded<Incoming>,
    course: Course,
    held: Arc<Held>,
    portal: PortalId,
    metrics: Arc<Metrics>,
}

impl Relayed {
    /// True when nothing is held any more.
    fn give_back_if_ended(&mut self) -> bool {
        if !self.body.is_end_stream() || self.course.cut().is_some() {
            return false;
        }
        if let Some(lease) = self.held.lock().lease.take() {
            lease.turn.put(lease.wire);
        }
        true
    }
}

impl Drop for Relayed {
    fn drop(&mut self) {
        drop(self.held.lock().lease.take());
    }
}

impl HttpBody for Relayed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.held.lock().taken {
            return Poll::Ready(Some(Err(Cut::Stalled.into())));
        }
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        this.held.lock().ready = frame.is_ready().then(Instant::now);
        match &frame {
            Poll::Ready(Some(Err(_))) => {
                let stalled = this.course.cut() == Some(Cut::Stalled);
                let fault = if stalled { UpstreamFault::BodyStalled } else { UpstreamFault::BodyCut };
                this.metrics.upstream_failed(&this.portal, fault);
                drop(this.held.lock().lease.take());
            }
            Poll::Ready(_) => {
                this.give_back_if_ended();
            }
            Poll::Pending => {}
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

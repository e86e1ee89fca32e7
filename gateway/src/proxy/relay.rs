//! The body of an answer on its way back, and what it holds until its last byte.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use connectors::ids::PortalId;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;

use super::Proxy;
use super::upstream::{Turn, Wire};
use crate::body::{Body, BodyError, Bounded, Course, Cut};
use crate::metrics::{Held, Metrics, UpstreamFault};

impl Proxy {
    /// The body as the client gets it; `lease` is held until its end.
    pub(super) fn relay(&self, body: Incoming, lease: Lease, portal: &PortalId) -> Body {
        let body = Bounded::new(body, self.settings.idle_time, u64::MAX);
        let mut relayed = Relayed {
            course: body.course(),
            body,
            lease: Some(lease),
            portal: portal.clone(),
            metrics: self.metrics.clone(),
        };
        relayed.give_back_if_ended();
        Body::new(relayed)
    }
}

/// What an answer holds until its last byte: the connection, and the place at the portal.
pub(super) struct Lease {
    pub(super) wire: Wire,
    pub(super) turn: Turn,
    pub(super) _place: OwnedSemaphorePermit,
    pub(super) _counted: Held,
}

/// The body of an answer. Dropped before its end, it takes its connection with it.
struct Relayed {
    body: Bounded<Incoming>,
    course: Course,
    lease: Option<Lease>,
    portal: PortalId,
    metrics: Arc<Metrics>,
}

impl Relayed {
    fn give_back_if_ended(&mut self) {
        if self.body.is_end_stream()
            && self.course.cut().is_none()
            && let Some(lease) = self.lease.take()
        {
            lease.turn.put(lease.wire);
        }
    }
}

impl HttpBody for Relayed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Err(_))) => {
                let stalled = this.course.cut() == Some(Cut::Stalled);
                let fault = if stalled { UpstreamFault::BodyStalled } else { UpstreamFault::BodyCut };
                this.metrics.upstream_failed(&this.portal, fault);
                this.lease = None;
            }
            Poll::Ready(_) => this.give_back_if_ended(),
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

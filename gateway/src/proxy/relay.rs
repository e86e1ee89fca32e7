//! The body of an answer on its way back, and what it holds until its last byte.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use connectors::ids::PortalId;
use http::Version;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;

use super::Proxy;
use super::balance::Verdict;
use super::exchange::judge;
use super::upstream::{Admission, Turn, Wire};
use crate::body::{Body, BodyError, Bounded, Course, Cut};
use crate::metrics::{Held, Metrics, UpstreamFault};

impl Proxy {
    /// The body as the client gets it; `lease` is held until its end.
    pub(super) fn relay(&self, body: Incoming, version: Version, lease: Lease, portal: &PortalId) -> Body {
        let body = Bounded::new(body, self.settings.idle_time, u64::MAX).of(version);
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

/// What an answer holds until its last byte: the connection, the place at the portal, and the verdict that is still open.
pub(super) struct Lease {
    pub(super) wire: Wire,
    pub(super) turn: Turn,
    pub(super) admission: Option<Admission>,
    pub(super) _place: OwnedSemaphorePermit,
    pub(super) _counted: Held,
}

impl Lease {
    /// The head came and is valid; only the body may still fail.
    pub(super) fn head_came(&mut self, metrics: &Metrics, portal: &PortalId) {
        let was_out = self.turn.was_out;
        self.turn.head_came();
        if was_out {
            metrics.upstreams_out(portal, self.turn.pool.out());
        }
        if let Some(admission) = &mut self.admission
            && admission.head_came()
        {
            breaker_changed(metrics, portal, admission);
        }
    }

    /// Tells upstream and portal how the answer ended.
    pub(super) fn judge(&mut self, verdict: Verdict, metrics: &Metrics, portal: &PortalId) {
        judge(metrics, &mut self.turn, verdict, portal);
        if let Some(admission) = &mut self.admission
            && admission.judge(verdict)
        {
            breaker_changed(metrics, portal, admission);
        }
    }
}

/// Tells of a breaker that opened or closed.
pub(super) fn breaker_changed(metrics: &Metrics, portal: &PortalId, admission: &Admission) {
    let open = admission.is_open();
    metrics.breaker(portal, open);
    tracing::warn!(portal.id = %portal, open, "the breaker of a portal changed");
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
            && let Some(mut lease) = self.lease.take()
        {
            lease.judge(Verdict::Answered, &self.metrics, &self.portal);
            let Lease { turn, wire, .. } = lease;
            turn.put(wire);
        }
    }
}

impl Drop for Relayed {
    fn drop(&mut self) {
        // The client left; nothing speaks against the portal.
        if let Some(mut lease) = self.lease.take() {
            lease.judge(Verdict::Answered, &self.metrics, &self.portal);
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
                if let Some(mut lease) = this.lease.take() {
                    lease.judge(Verdict::Failed, &this.metrics, &this.portal);
                }
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

//! The body of an answer on its way back, and what it holds until its last byte.
//!
//! A client that takes nothing more of its answer keeps the connection and the place at the portal. As long as there are
//! places enough, that is nobody's concern but the client's. When they become few, such answers are read into memory
//! (`Held::absorb`), within bounds, and what does not fit is cut off: slow readers cannot use up a portal.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use connectors::ids::PortalId;
use http::Version;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::Proxy;
use super::balance::Verdict;
use super::exchange::judge;
use super::upstream::{Admission, Turn, Wire};
use crate::body::{Body, BodyError, Bounded, Cut};
use crate::metrics::{Held as Counted, Metrics, UpstreamFault};

/// Most bytes of one answer that are kept for a client that does not take them.
const MAX_ABSORBED: usize = 256 * 1024;
/// Most bytes that are kept for all such clients.
const MAX_ABSORBED_IN_ALL: usize = 64 * 1024 * 1024;

impl Proxy {
    /// The body as the client gets it; `lease` is held until its end.
    pub(super) fn relay(&self, body: Incoming, version: Version, lease: Lease, portal: &PortalId) -> Body {
        let body = Bounded::new(body, self.settings.idle_time, u64::MAX).of(version);
        let pool = lease.turn.pool.clone();
        let whole = body.is_end_stream();
        // A client that is still busy with the answer before this one keeps it waiting from now on.
        let ready = Some(Instant::now());
        let flow = Flow { from: From::Portal(body), lease: Some(lease), ready, waker: None, pump: None };
        let (portal, metrics) = (portal.clone(), self.metrics.clone());
        let held = Arc::new(Held { flow: Mutex::new(flow), portal, metrics, absorbed: self.absorbed.clone() });
        if whole {
            held.give_back(&mut held.flow());
        } else {
            pool.relays(&held);
            if pool.is_tight() {
                self.tasks.spawn(held.clone().absorb());
            }
        }
        Body::new(Relayed(held))
    }
}

/// What an answer holds until its last byte: the connection, the place at the portal, and the verdict that is still open.
pub(super) struct Lease {
    pub(super) wire: Wire,
    pub(super) turn: Turn,
    pub(super) admission: Option<Admission>,
    pub(super) _place: OwnedSemaphorePermit,
    pub(super) _counted: Counted,
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

/// An answer on its way, where others can take away what it holds.
pub(super) struct Held {
    flow: Mutex<Flow>,
    portal: PortalId,
    metrics: Arc<Metrics>,
    /// Bytes that are kept for clients that do not take them, of all answers.
    absorbed: Arc<AtomicUsize>,
}

struct Flow {
    from: From,
    lease: Option<Lease>,
    /// Since when the client has not taken more, although there is some.
    ready: Option<Instant>,
    /// The client, when it waits for what is being absorbed.
    waker: Option<Waker>,
    /// What absorbs, when it waits for the client to take something.
    pump: Option<Waker>,
}

/// Where the client gets its answer from.
enum From {
    Portal(Bounded<Incoming>),
    Memory {
        kept: VecDeque<Bytes>,
        bytes: usize,
        whole: bool,
    },
    /// From nowhere: it was cut off.
    Nowhere,
}

impl Held {
    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the connection, whose answer is complete, for its next use; frees the place.
    fn give_back(&self, flow: &mut Flow) {
        if let Some(mut lease) = flow.lease.take() {
            lease.judge(Verdict::Answered, &self.metrics, &self.portal);
            let Lease { turn, wire, .. } = lease;
            turn.put(wire);
        }
    }

    /// How long its client has kept it waiting; none when it waits for the portal, or is over.
    pub(super) fn kept_waiting(&self) -> Option<Duration> {
        Some(self.flow().ready?.elapsed())
    }

    /// True when it has a place at the portal.
    pub(super) fn holds_a_place(&self) -> bool {
        self.flow().lease.is_some()
    }

    /// True when it goes through memory.
    pub(super) fn is_absorbed(&self) -> bool {
        matches!(self.flow().from, From::Memory { .. })
    }

    /// True when more is kept for clients that do not take it than may be.
    pub(super) fn is_memory_full(&self) -> bool {
        self.absorbed.load(Ordering::Relaxed) > MAX_ABSORBED_IN_ALL
    }

    /// Gives up connection, place and memory; the client sees that its answer is cut off.
    pub(super) fn let_go(&self) {
        let mut flow = self.flow();
        flow.ready = None;
        let mut lease = flow.lease.take();
        let from = std::mem::replace(&mut flow.from, From::Nowhere);
        let wakers = [flow.waker.take(), flow.pump.take()];
        drop(flow);
        self.forget(&from);
        // The client left, or takes nothing; that does not speak against the portal.
        if let Some(lease) = &mut lease {
            lease.judge(Verdict::Answered, &self.metrics, &self.portal);
        }
        drop((lease, from));
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Waits until there is room in memory for more of this answer, or it was cut off.
    async fn room(&self) {
        poll_fn(|cx| {
            let mut flow = self.flow();
            match &flow.from {
                From::Memory { bytes, .. } if *bytes >= MAX_ABSORBED => {
                    flow.pump = Some(cx.waker().clone());
                    Poll::Pending
                }
                _ => Poll::Ready(()),
            }
        })
        .await;
    }

    fn forget(&self, from: &From) {
        if let From::Memory { bytes, .. } = from {
            self.absorbed.fetch_sub(*bytes, Ordering::Relaxed);
        }
    }

    /// Reads the rest of the answer into memory, as far as there is room, so that the place becomes free.
    pub(super) async fn absorb(self: Arc<Self>) {
        let body = {
            let mut flow = self.flow();
            if !matches!(flow.from, From::Portal(_)) {
                return;
            }
            let kept = From::Memory { kept: VecDeque::new(), bytes: 0, whole: false };
            std::mem::replace(&mut flow.from, kept)
        };
        let From::Portal(mut body) = body else { return };
        loop {
            self.room().await;
            let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            let mut flow = self.flow();
            let Flow { from: From::Memory { kept, bytes, whole }, .. } = &mut *flow else { return };
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        *bytes += data.len();
                        self.absorbed.fetch_add(data.len(), Ordering::Relaxed);
                        kept.push_back(data);
                    }
                }
                Some(Err(_)) => {
                    self.failed(&mut flow, body.course().cut());
                    drop(flow);
                    return self.let_go();
                }
                None => *whole = true,
            }
            let whole = *whole || body.is_end_stream();
            if let From::Memory { whole: is_whole, .. } = &mut flow.from {
                *is_whole = whole;
            }
            let waker = flow.waker.take();
            if whole {
                self.give_back(&mut flow);
            }
            drop(flow);
            waker.into_iter().for_each(Waker::wake);
            if whole {
                return;
            }
        }
    }

    /// Tells how the portal failed; gives up connection and place.
    fn failed(&self, flow: &mut Flow, cut: Option<Cut>) {
        let fault = if cut == Some(Cut::Stalled) { UpstreamFault::BodyStalled } else { UpstreamFault::BodyCut };
        self.metrics.upstream_failed(&self.portal, fault);
        if let Some(mut lease) = flow.lease.take() {
            lease.judge(Verdict::Failed, &self.metrics, &self.portal);
        }
    }
}

/// The body of an answer. Dropped before its end, it takes its connection with it.
struct Relayed(Arc<Held>);

impl Drop for Relayed {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

impl HttpBody for Relayed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let held = &self.0;
        let mut flow = held.flow();
        match &mut flow.from {
            From::Nowhere => Poll::Ready(Some(Err(Cut::Stalled.into()))),
            From::Memory { kept, bytes, whole } => match kept.pop_front() {
                Some(data) => {
                    *bytes -= data.len();
                    held.absorbed.fetch_sub(data.len(), Ordering::Relaxed);
                    flow.ready = Some(Instant::now());
                    flow.pump.take().into_iter().for_each(Waker::wake);
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                None if *whole => Poll::Ready(None),
                None => {
                    flow.ready = None;
                    flow.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            },
            From::Portal(body) => {
                let frame = Pin::new(&mut *body).poll_frame(cx);
                let ended = body.is_end_stream();
                match &frame {
                    Poll::Ready(Some(Err(_))) => {
                        let cut = body.course().cut();
                        held.failed(&mut flow, cut);
                    }
                    Poll::Ready(_) if ended => held.give_back(&mut flow),
                    _ => {}
                }
                flow.ready = (frame.is_ready() && !ended).then(Instant::now);
                if frame.is_pending() {
                    // Whoever absorbs it from now on takes the body's own.
                    flow.waker = Some(cx.waker().clone());
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0.flow().from {
            From::Portal(body) => body.is_end_stream(),
            From::Memory { kept, whole, .. } => kept.is_empty() && *whole,
            From::Nowhere => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0.flow().from {
            From::Portal(body) => body.size_hint(),
            From::Memory { bytes, whole: true, .. } => SizeHint::with_exact(*bytes as u64),
            From::Memory { .. } | From::Nowhere => SizeHint::default(),
        }
    }
}

//! Bodies on their way, in both directions: never whole in memory, never waited for without end.
//!
//! One wrapper bounds the silence between two pieces, the number of bytes and how slowly they may come, and leaves trailer fields behind: nobody
//! asked for them, and they must not become fields. Whoever waits for an answer learns from `Course` how far the body
//! came and why it ended.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use connectors::ids::PortalId;
use http::Version;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::metrics::{Direction, Metrics};

/// A body of unknown make, as pages and proxy hand it on.
pub type Body = axum::body::Body;

/// An error of a body, of unknown make.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// How fast a body has to come: so many bytes per second on average, once `grace` was waited for it.
///
/// Only the time counts in which its sender is waited for; that nobody takes what came is not the sender's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Bytes per second; 0 asks for no rate.
    pub bytes_per_s: u64,
    /// Time that is not counted.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { bytes_per_s: 240, grace: Duration::from_secs(10) }
    }
}

impl Pace {
    /// How long may have been waited for `bytes` and the next one; none when that is without bound.
    fn allowed(&self, bytes: u64) -> Option<Duration> {
        let millis = bytes.saturating_mul(1000).checked_div(self.bytes_per_s)?;
        Some(self.grace.saturating_add(Duration::from_millis(millis)))
    }
}

/// Why a body ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// Nothing came for too long.
    #[error("the body stalled")]
    Stalled,
    /// It came more slowly than it has to.
    #[error("the body came too slowly")]
    Slow,
    /// More bytes than may come.
    #[error("the body is larger than allowed")]
    TooLarge,
    /// The sender broke off, or broke the framing.
    #[error("the body broke off")]
    BrokenOff,
}

/// How far a body came; shared between the body and those who wait for its effect.
#[derive(Clone)]
pub struct Course(Arc<Mutex<State>>);

#[derive(Clone, Copy)]
struct State {
    moved: Instant,
    waiting: bool,
    cut: Option<Cut>,
}

impl Course {
    fn begun() -> Self {
        Self(Arc::new(Mutex::new(State { moved: Instant::now(), waiting: false, cut: None })))
    }

    /// When the body last moved; now, as long as its sender is waited for.
    pub fn moved(&self) -> Instant {
        let state = self.state();
        if state.waiting { Instant::now() } else { state.moved }
    }

    /// Why it broke off, if it did.
    pub fn cut(&self) -> Option<Cut> {
        self.state().cut
    }

    fn state(&self) -> State {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, waiting: bool, cut: Option<Cut>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { moved: Instant::now(), waiting, cut: state.cut.or(cut) };
    }
}

/// A body with its bounds.
pub struct Bounded<B> {
    body: B,
    idle: Duration,
    left: u64,
    came: u64,
    pace: Option<Pace>,
    /// How long its sender was waited for, without the wait that goes on.
    waited: Duration,
    /// Since when it is waited for.
    waiting: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
    ended: bool,
    /// Whether the body knows by itself that all of it came.
    knows_its_end: bool,
    course: Course,
    counted: Option<Counted>,
}

/// Where the bytes of a body are counted when it is over.
struct Counted {
    metrics: Arc<Metrics>,
    portal: Option<PortalId>,
}

impl<B> Bounded<B> {
    /// `body` with at most `idle` between two pieces and at most `max_bytes` in all.
    pub fn new(body: B, idle: Duration, max_bytes: u64) -> Self {
        Self {
            body,
            idle,
            left: max_bytes,
            came: 0,
            pace: None,
            waited: Duration::ZERO,
            waiting: None,
            sleep: None,
            ended: false,
            knows_its_end: false,
            course: Course::begun(),
            counted: None,
        }
    }

    /// A body of a request, which has to come at `pace` and is counted for `portal`; for our own pages when none.
    pub fn from_client(mut self, pace: Pace, metrics: &Arc<Metrics>, portal: Option<&PortalId>) -> Self {
        self.pace = Some(pace);
        self.counted = Some(Counted { metrics: metrics.clone(), portal: portal.cloned() });
        self
    }

    /// The same for a body of a message of `version`.
    ///
    /// A stream of HTTP/2 may be reset without an error code, which hyper shows as an end like any other; only a body
    /// that has its end was whole.
    pub fn of(mut self, version: Version) -> Self {
        self.knows_its_end = version == Version::HTTP_2;
        self
    }

    /// How far it came, to be looked at while others read it.
    pub fn course(&self) -> Course {
        self.course.clone()
    }

    /// Waits on; tells why the wait is over when it is.
    fn waited_too_long(&mut self, cx: &mut Context<'_>) -> Option<Cut> {
        let stalled_at = |since: Instant| since + self.idle;
        let allowed = self.pace.and_then(|pace| pace.allowed(self.came)).map(|time| time.saturating_sub(self.waited));
        let fresh = self.waiting.is_none();
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let slow_at = allowed.map(|allowed| since + allowed);
        let (at, why) = match slow_at {
            Some(slow_at) if slow_at < stalled_at(since) => (slow_at, Cut::Slow),
            _ => (stalled_at(since), Cut::Stalled),
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if fresh {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx).is_ready().then_some(why)
    }

    fn break_off(&mut self, cut: Cut) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.ended = true;
        self.course.set(false, Some(cut));
        Poll::Ready(Some(Err(cut.into())))
    }
}

impl<B> HttpBody for Bounded<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        loop {
            let frame = match Pin::new(&mut this.body).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    if let Some(cut) = this.waited_too_long(cx) {
                        return this.break_off(cut);
                    }
                    this.course.set(true, None);
                    return Poll::Pending;
                }
            };
            if let Some(since) = this.waiting.take() {
                this.waited += since.elapsed();
            }
            this.course.set(false, None);
            let data = match frame {
                None if this.knows_its_end && !this.body.is_end_stream() => {
                    return this.break_off(Cut::BrokenOff);
                }
                None => {
                    this.ended = true;
                    return Poll::Ready(None);
                }
                Some(Err(error)) => {
                    tracing::debug!(error = %error.into(), "a body broke off");
                    return this.break_off(Cut::BrokenOff);
                }
                Some(Ok(frame)) => frame.into_data(),
            };
            if let Ok(data) = data {
                let Some(left) = this.left.checked_sub(data.remaining() as u64) else {
                    return this.break_off(Cut::TooLarge);
                };
                this.left = left;
                this.came += data.remaining() as u64;
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Bounded<B> {
    fn drop(&mut self) {
        if let Some(Counted { metrics, portal }) = &self.counted {
            metrics.moved(Direction::In, portal.as_ref(), self.came);
        }
    }
}

/// A body whose beginning was waited for.
pub struct Ahead<B> {
    begun: VecDeque<Bytes>,
    body: Bounded<B>,
}

impl<B> Ahead<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    /// Waits until `body` is whole, or `bytes` of it came: who sends slowly keeps nobody waiting but us.
    ///
    /// # Errors
    /// When the body is cut off before that.
    pub async fn read(mut body: Bounded<B>, bytes: usize) -> Result<Self, Cut> {
        let (mut begun, mut length) = (VecDeque::new(), 0);
        while length < bytes && !body.is_end_stream() {
            let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await else { break };
            let frame = frame.map_err(|_| body.course.cut().unwrap_or(Cut::BrokenOff))?;
            if let Ok(data) = frame.into_data() {
                length += data.len();
                begun.push_back(data);
            }
        }
        Ok(Self { begun, body })
    }

    /// How far it came, to be looked at while others read it.
    pub fn course(&self) -> Course {
        self.body.course()
    }
}

impl<B> HttpBody for Ahead<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        match this.begun.pop_front() {
            Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            None => Pin::new(&mut this.body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.begun.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let begun: u64 = self.begun.iter().map(|data| data.len() as u64).sum();
        let rest = if self.body.ended { SizeHint::with_exact(0) } else { self.body.size_hint() };
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + begun);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + begun);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;

    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    fn pieces(
        pieces: &[&'static str],
    ) -> StreamBody<impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>>> {
        let mut frames: VecDeque<_> =
            pieces.iter().map(|piece| Frame::data(Bytes::from_static(piece.as_bytes()))).collect();
        frames.push_back(Frame::trailers(http::HeaderMap::new()));
        StreamBody::new(futures_util::stream::iter(frames.into_iter().map(Ok)))
    }

    #[tokio::test]
    async fn bytes_are_counted_and_trailers_left_behind() {
        let body = Bounded::new(pieces(&["ab", "cd"]), Duration::from_secs(1), 4);
        let whole = body.collect().await.unwrap();
        assert!(whole.trailers().is_none());
        assert_eq!(whole.to_bytes(), "abcd");

        let body = Bounded::new(pieces(&["ab", "cd"]), Duration::from_secs(1), 3);
        let course = body.course();
        assert!(body.collect().await.is_err());
        assert_eq!(course.cut(), Some(Cut::TooLarge));
    }

    #[tokio::test]
    async fn a_beginning_is_waited_for_and_nothing_of_it_is_lost() {
        let bounded = || Bounded::new(pieces(&["ab", "cd", "ef"]), Duration::from_secs(1), 10);
        for (bytes, waited) in [(0, 0), (1, 1), (3, 2), (4, 2), (5, 3), (100, 3)] {
            let body = Ahead::read(bounded(), bytes).await.unwrap();
            assert_eq!(body.begun.len(), waited, "{bytes}");
            assert_eq!(body.collect().await.unwrap().to_bytes(), "abcdef");
        }
        let body = Bounded::new(pieces(&["ab", "cd"]), Duration::from_secs(1), 3);
        assert_eq!(Ahead::read(body, 100).await.err(), Some(Cut::TooLarge));
    }

    #[tokio::test]
    async fn silence_ends_a_body() {
        let silent = StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let body = Bounded::new(silent, Duration::from_millis(50), 10);
        let course = body.course();
        let begun = Instant::now();
        assert!(body.collect().await.is_err());
        assert!(begun.elapsed() >= Duration::from_millis(50));
        assert_eq!(course.cut(), Some(Cut::Stalled));
    }

    /// A body of one byte whenever `after` has passed.
    fn dripping(
        after: Duration,
    ) -> StreamBody<impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + Unpin> {
        let drops = futures_util::stream::unfold((), move |()| async move {
            tokio::time::sleep(after).await;
            Some((Ok(Frame::data(Bytes::from_static(b"x"))), ()))
        });
        StreamBody::new(Box::pin(drops))
    }

    #[tokio::test]
    async fn a_body_that_drips_ends_when_its_rate_says_so() {
        let metrics = Arc::new(Metrics::new(prometheus::Registry::new()).unwrap());
        let pace = Pace { bytes_per_s: 100, grace: Duration::from_millis(300) };
        let bounded = |after| Bounded::new(dripping(Duration::from_millis(after)), Duration::from_secs(30), 20);
        // 20 bytes per second use up the grace by 50 ms each and bring back 10 ms: after 300 ms / (1 - 20/100).
        let body = bounded(50).from_client(pace, &metrics, None);
        let (course, begun) = (body.course(), Instant::now());
        assert!(body.collect().await.is_err());
        assert_eq!(course.cut(), Some(Cut::Slow));
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
        let text = String::from_utf8(metrics.text()).unwrap();
        assert!(text.contains("portalverbund_gateway_bytes_total{direction=\"in\",portal=\"\"} "), "{text}");
        // Without a rate it ends by its size alone.
        let body = bounded(50).from_client(Pace { bytes_per_s: 0, ..pace }, &metrics, None);
        let course = body.course();
        assert!(body.collect().await.is_err());
        assert_eq!(course.cut(), Some(Cut::TooLarge));
    }

    #[tokio::test]
    async fn time_in_which_nobody_reads_is_not_the_senders() {
        let metrics = Arc::new(Metrics::new(prometheus::Registry::new()).unwrap());
        let pace = Pace { bytes_per_s: 1000, grace: Duration::from_secs(1) };
        let mut body = Bounded::new(dripping(Duration::from_millis(5)), Duration::from_secs(30), 1000);
        body = body.from_client(pace, &metrics, None);
        for _ in 0..10 {
            assert!(body.frame().await.unwrap().is_ok());
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }
}

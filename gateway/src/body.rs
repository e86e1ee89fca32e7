//! Bodies on their way, in both directions: never whole in memory, never waited for without end.
//!
//! One wrapper bounds the silence between two pieces and the number of bytes, and leaves trailer fields behind: nobody
//! asked for them, and they must not become fields. Whoever waits for an answer learns from `Course` how far the body
//! came and why it ended.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// A body of unknown make, as pages and proxy hand it on.
pub type Body = axum::body::Body;

/// An error of a body, of unknown make.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Why a body ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// Nothing came for too long.
    #[error("the body stalled")]
    Stalled,
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
    sleep: Option<Pin<Box<Sleep>>>,
    armed: bool,
    ended: bool,
    course: Course,
}

impl<B> Bounded<B> {
    /// `body` with at most `idle` between two pieces and at most `max_bytes` in all.
    pub fn new(body: B, idle: Duration, max_bytes: u64) -> Self {
        Self { body, idle, left: max_bytes, sleep: None, armed: false, ended: false, course: Course::begun() }
    }

    /// How far it came, to be looked at while others read it.
    pub fn course(&self) -> Course {
        self.course.clone()
    }

    fn stalled(&mut self, cx: &mut Context<'_>) -> bool {
        let at = Instant::now() + self.idle;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if !self.armed {
            self.armed = true;
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx).is_ready()
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
                Poll::Pending if this.stalled(cx) => return this.break_off(Cut::Stalled),
                Poll::Pending => {
                    this.course.set(true, None);
                    return Poll::Pending;
                }
            };
            this.armed = false;
            this.course.set(false, None);
            let data = match frame {
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
}

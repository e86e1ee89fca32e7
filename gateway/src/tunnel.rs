//! A connection that changed its protocol: bytes both ways, which nobody here reads.
//!
//! Each side waits for the other, so that a slow reader costs two small buffers. An end of one direction is passed on as
//! that alone. A tunnel in which nothing moves for too long is ended. The task of the client's connection runs it, so that
//! it keeps its seat and ends with it.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

use crate::metrics::TunnelEnd;

/// What a connection does once its protocol has changed.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where whoever answers with 101 leaves what the connection does then.
#[derive(Clone, Default)]
pub struct Slot(Arc<Mutex<Option<Work>>>);

impl Slot {
    /// Leaves `work` for the connection.
    pub fn put(&self, work: Work) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
    }

    /// Takes what was left.
    pub fn take(&self) -> Option<Work> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What went through a tunnel, and why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Bytes from the client.
    pub from_client: u64,
    /// Bytes from the portal.
    pub from_portal: u64,
    /// Why it ended.
    pub end: TunnelEnd,
}

/// Passes bytes both ways until both sides have ended, one fails, or nothing moved for `idle`.
pub async fn run<C, P>(client: C, portal: P, idle: Duration) -> Passed
where
    C: AsyncRead + AsyncWrite + Unpin,
    P: AsyncRead + AsyncWrite + Unpin,
{
    let course = Course::begun();
    let mut client = Noted { stream: client, course: &course, read: &course.from_client };
    let mut portal = Noted { stream: portal, course: &course, read: &course.from_portal };
    let end = tokio::select! {
        outcome = tokio::io::copy_bidirectional(&mut client, &mut portal) => match outcome {
            Ok(_) => TunnelEnd::Closed,
            Err(error) => {
                tracing::debug!(%error, "a tunnel broke");
                TunnelEnd::Broken
            }
        },
        () = course.idle_for(idle) => TunnelEnd::Idle,
    };
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    Passed { from_client: read(&course.from_client), from_portal: read(&course.from_portal), end }
}

/// When something moved last, and how much in all.
struct Course {
    begun: Instant,
    /// Milliseconds from the begin.
    moved: AtomicU64,
    from_client: AtomicU64,
    from_portal: AtomicU64,
}

impl Course {
    fn begun() -> Self {
        let zero = || AtomicU64::new(0);
        Self { begun: Instant::now(), moved: zero(), from_client: zero(), from_portal: zero() }
    }

    fn note(&self) {
        self.moved.store(self.begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    async fn idle_for(&self, idle: Duration) {
        loop {
            let over = self.begun + Duration::from_millis(self.moved.load(Ordering::Relaxed)) + idle;
            if over <= Instant::now() {
                return;
            }
            sleep_until(over).await;
        }
    }
}

/// A stream that notes when something moves.
struct Noted<'a, S> {
    stream: S,
    course: &'a Course,
    read: &'a AtomicU64,
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<'_, S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buf);
        let came = buf.filled().len() - before;
        if came > 0 {
            this.read.fetch_add(came as u64, Ordering::Relaxed);
            this.course.note();
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<'_, S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if outcome.is_ready() {
            this.course.note();
        }
        outcome
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn an_end_of_one_direction_is_passed_on_alone_and_silence_ends_it() {
        let (mut client, near) = duplex(8);
        let (far, mut portal) = duplex(8);
        let idle = Duration::from_millis(400);
        let both = async {
            client.write_all(b"question").await.unwrap();
            client.shutdown().await.unwrap();
            let mut asked = String::new();
            portal.read_to_string(&mut asked).await.unwrap();
            assert_eq!(asked, "question");
            tokio::time::sleep(idle * 3 / 4).await;
            portal.write_all(b"ok").await.unwrap();
            let mut answer = [0; 2];
            client.read_exact(&mut answer).await.unwrap();
            Instant::now()
        };
        let (passed, last) = tokio::join!(run(near, far, idle), both);
        assert_eq!(passed, Passed { from_client: 8, from_portal: 2, end: TunnelEnd::Idle });
        assert!(last.elapsed() >= idle * 3 / 4, "what moved last counts");
    }

    #[tokio::test]
    async fn it_ends_when_both_sides_have_ended() {
        let (client, near) = duplex(8);
        let (far, portal) = duplex(8);
        drop((client, portal));
        let passed = run(near, far, Duration::from_secs(60)).await;
        assert_ne!(passed.end, TunnelEnd::Idle);
    }
}

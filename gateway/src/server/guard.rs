//! The socket of a client, watched: framing, time for a head, and time for a write.
//!
//! Bytes go straight into hyper's buffer; the guard only looks at them. A head that could be read in two ways is cut off
//! before its end and spoiled, so that hyper answers 400 in the right order and closes. Inside a body the read fails.
//! An answer whose only end is that of the connection is cut off by a reset, so that nobody takes it for whole. What
//! follows a head that asks for another protocol is held back, unread, until the answer says whether it is HTTP.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Version;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;
use super::frames::{Fault, Frames};
use super::framing::{Ambiguity, Framing};
use super::hold::Hold;
use super::stream::Stream;
use crate::metrics::{Metrics, Refused};

/// No parser takes this for a head; the empty line makes hyper look at once.
const SPOILT: &[u8] = b"\0\r\n\r\n";

/// Most bytes that are held back.
const MAX_HELD: usize = 16 * 1024;

/// What a connection of HTTP/2 begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Between two looks at first bytes that are too few to tell anything.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Most bytes that are thrown away of a head that was refused, and for how long more of it is waited for.
const MAX_UNREAD: usize = 256 * 1024;
const UNREAD_TIME: Duration = Duration::from_millis(500);

/// A client's stream under watch.
pub struct Guard {
    stream: Stream,
    reset: Reset,
    framing: Framing,
    /// Once it speaks HTTP/2.
    frames: Option<Box<Frames>>,
    metrics: Arc<Metrics>,
    head_time: Duration,
    write_time: Duration,
    head: Deadline,
    write: Deadline,
    /// What is still to be given to hyper before nothing more is read.
    spoilt: Option<&'static [u8]>,
    /// Why a body cannot go on.
    broken: Option<Ambiguity>,
    hold: Hold,
    /// Bytes of a refused head that were thrown away, once that has begun.
    unread: Option<usize>,
    /// What came behind a head that asks for another protocol.
    held: Vec<u8>,
}

/// Set when the connection must end by a reset.
#[derive(Clone, Default)]
pub struct Reset(Arc<AtomicBool>);

impl Reset {
    /// From now on closing means reset.
    pub fn demand(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A timer that is made once and armed as often as needed.
#[derive(Default)]
struct Deadline {
    sleep: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl Deadline {
    fn arm(&mut self, time: Duration) {
        if self.armed {
            return;
        }
        self.armed = true;
        let at = Instant::now() + time;
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(at),
            None => self.sleep = Some(Box::pin(sleep_until(at))),
        }
    }

    fn disarm(&mut self) {
        self.armed = false;
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.armed && self.sleep.as_mut().is_some_and(|sleep| sleep.as_mut().poll(cx).is_ready())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.reset.0.load(Ordering::Acquire)
            && let Err(error) = self.stream.tcp().set_zero_linger()
        {
            tracing::debug!(%error, "cannot reset a connection");
        }
    }
}

impl Guard {
    /// Watches `stream` under `limits`; resets it at its end if `reset` demands that. `hold` is told of every answer.
    pub(super) fn new(stream: Stream, limits: &Limits, reset: Reset, hold: Hold, metrics: Arc<Metrics>) -> Self {
        Self {
            stream,
            reset,
            // hyper refuses a head that is too long with 431; the watch only stops what is far beyond.
            framing: Framing::new(limits.head_bytes * 2),
            frames: None,
            metrics,
            head_time: limits.head_time,
            write_time: limits.write_time,
            head: Deadline::default(),
            write: Deadline::default(),
            spoilt: None,
            broken: None,
            hold,
            unread: None,
            held: Vec::new(),
        }
    }

    /// The version of HTTP that the client speaks: the one it agreed on with TLS, else the one that its first bytes show,
    /// which stay to be read. None when it leaves, or does not show any in time.
    pub(super) async fn version(&mut self) -> Option<Version> {
        if let Some(agreed) = self.stream.agreed() {
            return Some(agreed);
        }
        // It runs on until the first head is whole.
        self.head.arm(self.head_time);
        loop {
            let first = poll_fn(|cx| {
                if self.head.is_over(cx) {
                    self.metrics.refused(Refused::HeadSlow);
                    return Poll::Ready(Err(io::Error::from(io::ErrorKind::TimedOut)));
                }
                let mut room = [0; PREFACE.len()];
                let mut first = ReadBuf::new(&mut room);
                std::task::ready!(self.stream.tcp().poll_peek(cx, &mut first))?;
                Poll::Ready(Ok(told_by(first.filled())))
            });
            match first.await {
                Err(error) => {
                    tracing::debug!(%error, "a connection ended before it began");
                    return None;
                }
                Ok(Some(version)) => return Some(version),
                Ok(None) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// True while it is not known whether what follows is HTTP.
    fn is_held(&mut self, cx: &Context<'_>) -> bool {
        if !self.framing.waits_for_answer() {
            return false;
        }
        self.hold.wake_at_answer(cx);
        if self.hold.is_tunnel() {
            self.framing.leave();
        } else if self.hold.answers() >= self.framing.heads() {
            self.framing.go_on();
        }
        self.framing.waits_for_answer()
    }

    /// Holds back what comes, so that its end is seen; ready only then.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut piece = [0; 1024];
        while self.held.len() < MAX_HELD {
            let mut buf = ReadBuf::new(&mut piece);
            std::task::ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.held.extend_from_slice(buf.filled());
        }
        Poll::Pending
    }

    /// What was held back first, then what comes.
    fn poll_bytes(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.held.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let later = self.held.split_off(self.held.len().min(buf.remaining()));
        buf.put_slice(&self.held);
        self.held = later;
        Poll::Ready(Ok(()))
    }

    fn give_spoilt(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let Some(left) = self.spoilt.as_mut() else { return false };
        let (now, later) = left.split_at(left.len().min(buf.remaining()));
        buf.put_slice(now);
        *left = later;
        true
    }

    /// Looks at what was just read behind `before`; what is not in order is taken out again.
    ///
    /// An error would take what is in order with it, the head of the same request perhaps; so it waits for the next
    /// read if there is any.
    fn look(&mut self, buf: &mut ReadBuf<'_>, before: usize) -> io::Result<()> {
        let fresh = buf.filled().get(before..).unwrap_or_default();
        let stop = match self.framing.feed(fresh) {
            Ok(taken) => {
                if let Some(later) = fresh.get(taken..).filter(|later| !later.is_empty()) {
                    self.held.splice(..0, later.iter().copied());
                    buf.set_filled(before + taken);
                }
                return self.look_at_frames(buf, before);
            }
            Err(stop) => stop,
        };
        self.metrics.refused(Refused::Framing);
        tracing::info!(reason = %stop.why, "refused a request that could be read in two ways");
        buf.set_filled(before + stop.sound);
        if !stop.in_head {
            self.broken = Some(stop.why);
            return if stop.sound > 0 { Ok(()) } else { Err(invalid(stop.why)) };
        }
        self.spoilt = Some(SPOILT);
        self.give_spoilt(buf);
        Ok(())
    }
}

impl Guard {
    /// Looks at the frames of HTTP/2 in what was just read behind `before`.
    fn look_at_frames(&mut self, buf: &ReadBuf<'_>, before: usize) -> io::Result<()> {
        let Some(count) = self.framing.http2() else { return Ok(()) };
        let fresh = buf.filled().get(before..).unwrap_or_default();
        let fresh = fresh.get(fresh.len().saturating_sub(count)..).unwrap_or_default();
        let frames = self.frames.get_or_insert_with(|| Box::new(Frames::new()));
        let (why, reason) = match frames.feed(fresh, Instant::now()) {
            Ok(()) => return Ok(()),
            Err(Fault::First) => (Ambiguity::Preface, Refused::Framing),
            Err(Fault::Flood) => (Ambiguity::Flood, Refused::Flood),
        };
        self.metrics.refused(reason);
        tracing::info!(reason = %why, "ended a connection");
        self.broken = Some(why);
        Err(invalid(why))
    }
}

/// The version that the first bytes of a connection show; none as long as it could be both.
fn told_by(first: &[u8]) -> Option<Version> {
    match PREFACE.strip_prefix(first) {
        // Nothing at all is the end of a connection, with which hyper deals.
        Some(_) if first.is_empty() => Some(Version::HTTP_11),
        Some([]) => Some(Version::HTTP_2),
        Some(_) => None,
        None => Some(Version::HTTP_11),
    }
}

fn invalid(why: Ambiguity) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl AsyncRead for Guard {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let guard = self.get_mut();
        if guard.give_spoilt(buf) {
            return Poll::Ready(Ok(()));
        }
        if let Some(why) = guard.broken {
            return Poll::Ready(Err(invalid(why)));
        }
        if guard.is_held(cx) {
            return guard.poll_held(cx);
        }
        let before = buf.filled().len();
        let heads = guard.framing.heads();
        if guard.poll_bytes(cx, buf)?.is_ready() {
            guard.look(buf, before)?;
            if !guard.framing.awaits_head() || guard.framing.heads() != heads {
                // Few heads need a timer after the first one; what it takes is given back.
                guard.head = Deadline::default();
            }
            if guard.framing.awaits_head() && buf.filled().len() > before {
                guard.head.arm(guard.head_time);
            }
            return Poll::Ready(Ok(()));
        }
        if guard.framing.awaits_head() {
            guard.head.arm(guard.head_time);
            if guard.head.is_over(cx) {
                guard.metrics.refused(Refused::HeadSlow);
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        Poll::Pending
    }
}

impl Guard {
    /// Throws away what still comes of a head that was refused before its end: closed with bytes that nobody read, a
    /// connection is reset, and the client loses the answer that says why. Source: RFC 9112, section 9.6.
    fn poll_unread(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.framing.is_in_head() {
            return Poll::Ready(());
        }
        let mut unread = self.unread.unwrap_or_else(|| {
            self.head.disarm();
            self.head.arm(UNREAD_TIME);
            0
        });
        let mut piece = [0; 4096];
        while unread < MAX_UNREAD && !self.head.is_over(cx) {
            let mut buf = ReadBuf::new(&mut piece);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => unread += buf.filled().len(),
                Poll::Ready(_) => break,
                Poll::Pending => {
                    self.unread = Some(unread);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(())
    }

    /// Passes on what a write came to, and fails one that has not moved for too long.
    fn watch_write<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.write.disarm();
            return outcome;
        }
        self.write.arm(self.write_time);
        if self.write.is_over(cx) {
            self.metrics.refused(Refused::ReadsSlowly);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Guard {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let guard = self.get_mut();
        let outcome = Pin::new(&mut guard.stream).poll_write(cx, bytes);
        guard.watch_write(cx, outcome)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let guard = self.get_mut();
        let outcome = Pin::new(&mut guard.stream).poll_flush(cx);
        guard.watch_write(cx, outcome)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let guard = self.get_mut();
        let outcome = Pin::new(&mut guard.stream).poll_shutdown(cx);
        std::task::ready!(guard.watch_write(cx, outcome))?;
        guard.poll_unread(cx).map(Ok)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let guard = self.get_mut();
        let outcome = Pin::new(&mut guard.stream).poll_write_vectored(cx, slices);
        guard.watch_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_version() {
        for (first, version) in [
            ("", Some(Version::HTTP_11)),
            ("G", Some(Version::HTTP_11)),
            ("POST / HTTP/1.1\r\nHo", Some(Version::HTTP_11)),
            ("P", None),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r", None),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(Version::HTTP_2)),
            ("PRI * HTTP/2.0\r\n\r\nXM\r\n", Some(Version::HTTP_11)),
        ] {
            assert_eq!(told_by(first.as_bytes()), version, "{first:?}");
        }
    }
}

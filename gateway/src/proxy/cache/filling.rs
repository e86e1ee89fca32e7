//! A body that is kept while it streams to the first client.
//!
//! A task takes it from the portal as fast as that sends, so that neither a slow client nor one that leaves holds up the
//! rest; the client reads what came so far. Nothing is kept unless all of it came. What turns out too large or takes too
//! long is handed over to the client, piece by piece as if there was no cache, or ended when the client has gone.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::store::Room;
use crate::body::{Body, BodyError, Cut};

/// How long a body may take to be kept; a slower one is the client's alone.
const FILLED_WITHIN: Duration = Duration::from_secs(60);

#[derive(Default)]
struct State {
    pieces: Vec<Bytes>,
    taken: usize,
    end: End,
    reader: Option<Waker>,
    left: bool,
}

#[derive(Default)]
enum End {
    #[default]
    Coming,
    /// All of it came, and is about to be kept.
    Keeping,
    Whole,
    Broken,
    Handed(Option<Body>),
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn change(&self, change: impl FnOnce(&mut State)) {
        let reader = {
            let mut state = self.state();
            change(&mut state);
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What takes a body from the portal. Dropped before its end, the client sees the body break off.
pub struct Filling {
    shared: Shared,
    body: Body,
    room: Room,
}

/// The client's end of a body that is kept.
pub struct Reading {
    shared: Shared,
    handed: Option<Body>,
    length: Option<u64>,
}

/// Splits `body` in what takes it from the portal and what the client reads; `length` is what the portal announced.
pub fn split(body: Body, length: Option<u64>, room: Room) -> (Filling, Reading) {
    let shared = Shared::default();
    (Filling { shared: shared.clone(), body, room }, Reading { shared, handed: None, length })
}

impl Filling {
    /// Takes the body to its end; then the whole of it, and the way to let the client see the end. None when it is not
    /// to be kept.
    pub async fn whole(mut self) -> Option<(Bytes, Finish)> {
        let deadline = Instant::now() + FILLED_WITHIN;
        loop {
            let frame = match timeout_at(deadline, self.body.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                // Dropping `self` breaks it off.
                Ok(Some(Err(_))) => return None,
                Ok(None) => return Some(self.finished(Bytes::new())),
                Err(_) => return self.hand_over(),
            };
            let Ok(piece) = frame.into_data() else { continue };
            let fits = self.room.grow(piece.len());
            if fits && self.body.is_end_stream() {
                return Some(self.finished(piece));
            }
            self.shared.change(|state| state.pieces.push(piece));
            if !fits {
                return self.hand_over();
            }
        }
    }

    /// One allocation of the right size: pieces are cut from larger buffers, which they would keep alive.
    fn finished(self, last: Bytes) -> (Bytes, Finish) {
        let mut state = self.shared.state();
        state.end = End::Keeping;
        let pieces: Vec<&[u8]> = state.pieces.iter().chain([&last]).map(Bytes::as_ref).collect();
        let whole = Bytes::from(pieces.concat());
        drop(state);
        (whole, Finish { shared: self.shared.clone(), last })
    }

    fn hand_over(mut self) -> Option<(Bytes, Finish)> {
        let body = std::mem::take(&mut self.body);
        self.shared.change(|state| state.end = End::Handed((!state.left).then_some(body)));
        None
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        self.shared.change(|state| {
            if matches!(state.end, End::Coming) {
                state.end = End::Broken;
            }
        });
    }
}

/// Lets the client have the last piece of a whole body, once it is kept: who asks again right away finds it.
pub struct Finish {
    shared: Shared,
    last: Bytes,
}

impl Drop for Finish {
    fn drop(&mut self) {
        let last = std::mem::take(&mut self.last);
        self.shared.change(|state| {
            if !last.is_empty() {
                state.pieces.push(last);
            }
            state.end = End::Whole;
        });
    }
}

impl HttpBody for Reading {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.handed.is_none() {
            let mut state = this.shared.state();
            if let Some(piece) = state.pieces.get(state.taken).cloned() {
                state.taken += 1;
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match &mut state.end {
                End::Coming | End::Keeping => {
                    state.reader = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                End::Whole => return Poll::Ready(None),
                End::Broken => return Poll::Ready(Some(Err(Cut::BrokenOff.into()))),
                End::Handed(body) => {
                    this.handed = Some(body.take().unwrap_or_default());
                    state.pieces = Vec::new();
                    state.taken = 0;
                }
            }
        }
        let handed = this.handed.get_or_insert_default();
        Pin::new(handed).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        match &self.handed {
            Some(body) => body.is_end_stream(),
            None => {
                let state = self.shared.state();
                matches!(state.end, End::Whole) && state.taken == state.pieces.len()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        let taken: usize = {
            let state = self.shared.state();
            state.pieces.iter().take(state.taken).map(Bytes::len).sum()
        };
        match (&self.handed, self.length) {
            (Some(body), _) => body.size_hint(),
            (None, Some(length)) => SizeHint::with_exact(length.saturating_sub(taken as u64)),
            (None, None) => SizeHint::default(),
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.shared.state().left = true;
    }
}

//! What a connection tells its guard about answers.
//!
//! Whether the bytes behind a head that asks for another protocol are HTTP is known only when it is answered. Heads and
//! answers are counted, because a client may send several requests before the first answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Context;

use futures_util::task::AtomicWaker;

/// Shared between a connection and its guard.
#[derive(Clone, Default)]
pub struct Hold(Arc<Told>);

#[derive(Default)]
struct Told {
    answers: AtomicU64,
    tunnel: AtomicBool,
    reader: AtomicWaker,
}

impl Hold {
    /// One more request of the connection has an answer, and none that changes the protocol.
    pub fn answered(&self) {
        self.0.answers.fetch_add(1, Ordering::AcqRel);
        self.0.reader.wake();
    }

    /// The answer that changes the protocol was sent.
    pub fn leave_http(&self) {
        self.0.tunnel.store(true, Ordering::Release);
        self.0.reader.wake();
    }

    /// How many requests have an answer.
    pub fn answers(&self) -> u64 {
        self.0.answers.load(Ordering::Acquire)
    }

    /// True once nothing more is HTTP.
    pub fn is_tunnel(&self) -> bool {
        self.0.tunnel.load(Ordering::Acquire)
    }

    /// Wakes the task of `cx` with the next answer.
    pub fn wake_at_answer(&self, cx: &Context<'_>) {
        self.0.reader.register(cx.waker());
    }
}

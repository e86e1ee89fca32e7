//! What one request travels on: a connection of its own in HTTP/1.1, or a stream of a shared one in HTTP/2.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::interim::Interim;
use super::shared::Stream;
use crate::body::Body;

/// The way of one request to a portal and of its answer back.
pub(in crate::proxy) enum Wire {
    /// A connection for one request at a time.
    Own(Own),
    /// One of several requests on a connection.
    Shared(Stream),
}

/// One HTTP/1.1 connection to a portal.
pub(in crate::proxy) struct Own {
    pub(super) sender: http1::SendRequest<Body>,
    /// True when a byte came since the last request was sent.
    pub(super) answered: Arc<AtomicBool>,
    /// True when it carried a request before.
    pub(super) used: bool,
    /// That of the pool when it was dialled.
    pub(super) generation: u64,
}

impl Wire {
    /// Sends a request, and gives back the head of its answer.
    pub(in crate::proxy) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match self {
            Self::Own(own) => {
                // What was heard before belongs to the answer before.
                own.answered.store(false, Ordering::Release);
                own.sender.try_send_request(request).await
            }
            Self::Shared(stream) => stream.send(request).await,
        }
    }

    /// True when its connection carried a request before.
    pub(in crate::proxy) fn is_used(&self) -> bool {
        match self {
            Self::Own(own) => own.used,
            Self::Shared(stream) => stream.is_used(),
        }
    }

    /// True for a stream of HTTP/2.
    pub(in crate::proxy) fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_))
    }

    /// True when a byte of an answer is known to have come.
    pub(in crate::proxy) fn has_answered(&self) -> bool {
        match self {
            Self::Own(own) => own.answered.load(Ordering::Acquire),
            Self::Shared(_) => false,
        }
    }
}

/// A stream that notes whether anything came, and counts interim answers.
pub(super) struct Heard<S> {
    pub(super) stream: S,
    pub(super) answered: Arc<AtomicBool>,
    pub(super) interim: Interim,
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buf);
        if let Some(came) = buf.filled().get(before..).filter(|came| !came.is_empty()) {
            if !this.answered.load(Ordering::Acquire) {
                this.answered.store(true, Ordering::Release);
                this.interim.begin();
            }
            this.interim.feed(came)?;
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

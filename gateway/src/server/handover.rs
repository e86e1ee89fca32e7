//! Listeners that were open before we were: sockets that systemd holds, so that a new start loses no connection.
//!
//! Names that the unit gives them (`public`, `internal`, `redirect`) say which is which; without such names their order
//! does. Source: systemd, sd_listen_fds(3).

use std::io;

use listenfd::ListenFd;
use tokio::net::TcpListener;

/// What the listeners are called, in the order that counts where nothing else names them.
const NAMES: [&str; 3] = ["public", "internal", "redirect"];

/// Why a socket that was handed over cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the socket number {at} that was handed over cannot be used: {source}; expected a TCP socket that listens")]
pub struct HandoverError {
    /// Its place, from 0.
    at: usize,
    /// Why.
    source: io::Error,
}

/// The sockets that were handed over and not taken yet.
pub struct Handed {
    sockets: ListenFd,
    names: Vec<String>,
    left: usize,
    public: Option<TcpListener>,
}

impl Handed {
    /// None at all.
    pub fn nothing() -> Self {
        Self { sockets: ListenFd::empty(), names: Vec::new(), left: 0, public: None }
    }

    /// The public one, which this process has opened itself.
    pub fn public(listener: TcpListener) -> Self {
        Self { public: Some(listener), ..Self::nothing() }
    }

    /// What this process was handed when it was started.
    pub fn to_this_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is how systemd tells it, and nothing that is configured")]
        let told = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names = told.split(':').map(str::to_owned).collect();
        let sockets = ListenFd::from_env();
        Self { left: sockets.len(), sockets, names, public: None }
    }

    /// The listener of this name, when it was handed over.
    pub fn take(&mut self, name: &str) -> Result<Option<TcpListener>, HandoverError> {
        if name == "public"
            && let Some(listener) = self.public.take()
        {
            return Ok(Some(listener));
        }
        let named = NAMES.iter().any(|known| self.names.iter().any(|name| name == known));
        let at = if named {
            self.names.iter().position(|known| known == name)
        } else {
            NAMES.iter().position(|known| *known == name)
        };
        let Some(at) = at else { return Ok(None) };
        let fault = |source| HandoverError { at, source };
        let Some(socket) = self.sockets.take_tcp_listener(at).map_err(fault)? else { return Ok(None) };
        self.left -= 1;
        socket.set_nonblocking(true).map_err(fault)?;
        TcpListener::from_std(socket).map(Some).map_err(fault)
    }

    /// How many sockets nobody has taken: connections to them would wait for ever.
    pub fn left(&self) -> usize {
        self.left
    }
}

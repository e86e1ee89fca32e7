//! The sample Verbund, running: ten portals with invented contents, as `portalverbund demo` starts them.

use std::net::SocketAddr;

use crate::program::{Installation, Running};

/// The folder in which it keeps its data, inside of the installation.
pub const DATA: &str = "demo";

/// The demo, listening.
#[derive(Debug)]
pub struct Demo {
    /// Where it listens.
    pub address: SocketAddr,
    /// The process.
    pub running: Running,
    /// Its data; they go with this value.
    pub program: Installation,
}

impl Demo {
    /// Starts the program `exe` and waits until it listens.
    #[track_caller]
    pub fn start(exe: &str) -> Self {
        let program = Installation::new(exe);
        let mut running = program.start(&["demo", "--dir", DATA]);
        let line = running.wait_for("http://localhost:");
        let port: u16 = line.trim_start_matches("http://localhost:").trim_end_matches('/').parse().unwrap();
        Self { address: SocketAddr::from(([127, 0, 0, 1], port)), running, program }
    }

    /// Its address as citizens see it, without a slash at the end.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }
}

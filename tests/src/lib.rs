//! What the tests of the whole system are made of: the program in a folder of its own, portals that can misbehave,
//! deliveries, and a client that hides nothing.
//!
//! Everything listens on free ports of the loopback, keeps its data in a temporary folder, waits a bounded time, and
//! ends what it started. Nothing here knows how the program does its work; what a test expects stands in the test.

#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on fails its test at this place")]

pub mod browser;
pub mod checkers;
pub mod client;
pub mod delivery;
pub mod demo;
pub mod pages;
pub mod portal;
pub mod program;
pub mod stage;

//! Everything that a citizen or a portal touches: pages, JSON, hand-over, proxy.

pub mod api;
pub mod body;
#[cfg(test)]
mod fake;
pub mod failure;
pub mod metrics;
pub mod pages;
pub mod proxy;
pub mod routes;
pub mod server;

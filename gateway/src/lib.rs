//! room

pub mod body;
#[cfg(test)]
mod fake;
pub mod failure;
pub mod metrics;
pub mod proxy;
pub mod routes;
pub mod server;

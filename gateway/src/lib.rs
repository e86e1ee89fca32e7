//! room

pub mod body;
pub mod failure;
pub mod metrics;
pub mod proxy;
pub mod routes;
pub mod server;

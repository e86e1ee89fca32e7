//! Everything that a citizen or a portal touches: pages, JSON, hand-over, proxy.

pub mod access;
pub mod announce;
pub mod api;
pub mod assets;
pub mod body;
pub mod cli;
pub mod compress;
#[cfg(test)]
mod conform;
pub mod demo;
pub mod embed;
pub mod expected;
pub mod explain;
pub mod failure;
#[cfg(test)]
mod fake;
pub mod insights;
pub mod intake;
pub mod joining;
pub mod metrics;
mod open_files;
pub mod pages;
pub mod proxy;
pub mod registry;
pub mod report;
pub mod router;
pub mod routes;
pub mod runs;
pub mod server;
pub mod service;
pub mod sitemap;
pub mod structured;
mod table;
pub mod tunnel;
pub mod voice;
pub mod web;

//! The only writer of records and of the index.
//!
//! Public are the record, the reading side (`catalog`), the runs, the visits to addresses, the threads for all of them,
//! and what they count; the store and the index stay inside.

pub mod background;
pub mod catalog;
pub mod crawl;
pub mod fitconnect;
#[cfg(test)]
mod fixture;
mod index;
pub mod links;
mod meaning;
pub mod metrics;
mod normalise;
pub mod record;
pub mod run;
mod store;
mod words;

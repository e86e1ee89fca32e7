//! The only writer of records and of the index.
//!
//! Public are the record, the reading side (`catalog`), and the runs; the store and the index stay inside.

pub mod catalog;
pub mod crawl;
#[cfg(test)]
mod fixture;
mod index;
mod meaning;
mod normalise;
pub mod record;
pub mod run;
mod store;
mod words;

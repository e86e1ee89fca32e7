//! What a portal says, as values.
//!
//! Everything here is pure: bytes in, values and findings out. No I/O, no clock and no task; the indexer and the
//! gateway fetch, wait and dial, and ask this room what the bytes mean and what may be done with them.

pub mod beschreibung;
pub mod egress;
pub mod finding;
pub mod fitconnect;
pub mod gebiet;
pub mod ids;
pub mod konten;
pub mod leika;
pub mod link;
pub mod registration;
pub mod run;
pub mod web;
pub mod xml;
pub mod xzufi;

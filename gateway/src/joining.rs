//! How portals join the Verbund by themselves: registration, proof of the domain, rehearsal, release, and how each of
//! these is taken back.
//!
//! Who somebody is and what they may do is decided by [`crate::registry`]; here is what they do.

pub mod changes;
pub mod registration;

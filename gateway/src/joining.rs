//! How portals join the Verbund by themselves: registration, proof of the domain, rehearsal, release, and how each of
//! these is taken back.
//!
//! Who somebody is and what they may do is decided by [`crate::registry`]; here is what they do.

pub mod acting;
pub mod changes;
pub mod first_look;
pub mod proof;
pub mod registration;
pub mod sources;
pub mod wish;
mod words;

use std::sync::Arc;

use config::{Config, Release};
use connectors::registration::AddressRule;
use indexer::crawl::Fetcher;

use acting::Rules;
use proof::Prover;

/// What the pages and the interface of registrations work with, beside the desk.
#[derive(Debug)]
pub struct Joining {
    /// What may be registered, and by how many.
    pub rules: Rules,
    /// Looks for proofs of domains.
    pub prover: Prover,
}

impl Joining {
    /// As the configuration says.
    pub fn new(config: &Config, fetcher: Arc<Fetcher>) -> Self {
        Self { rules: rules(config), prover: Prover::new(fetcher, config.joining.dns_servers.clone()) }
    }
}

/// What may be registered, as the configuration says.
pub fn rules(config: &Config) -> Rules {
    let joining = &config.joining;
    Rules {
        addresses: AddressRule { http: joining.http, ports: joining.ports.clone(), egress: config.egress.rule() },
        at_once: joining.release == Release::AtOnce,
        max_open: usize::try_from(joining.max_open).unwrap_or(usize::MAX),
    }
}

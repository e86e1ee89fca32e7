//! How portals join the Verbund by themselves: registration, proof of the domain, rehearsal, release, and how each of
//! these is taken back.
//!
//! Who somebody is and what they may do is decided by [`crate::registry`]; here is what they do.

pub mod acting;
pub(crate) mod api;
pub mod changes;
pub mod first_look;
pub mod keep;
pub(crate) mod pages;
pub mod preview;
pub mod proof;
pub mod registration;
pub mod sources;
pub mod wish;
mod words;

use std::sync::Arc;

use config::{Config, Release};
use connectors::registration::AddressRule;
use indexer::crawl::Fetcher;

use acting::{Acting, Refusal, Rules};
use preview::Previews;
use proof::{Findings, Prover};

use crate::registry::{Proof, Registered, Registry, Who};

/// What the pages and the interface of registrations work with, beside the desk.
#[derive(Debug)]
pub struct Joining {
    /// What may be registered, and by how many.
    pub rules: Rules,
    /// Looks for proofs of domains.
    pub prover: Prover,
    /// Rehearsals, and what is kept of them.
    pub previews: Previews,
    proof_every_s: u32,
    proof_grace_s: u32,
}

impl Joining {
    /// As the configuration says.
    pub fn new(config: &Config, fetcher: Arc<Fetcher>) -> Self {
        Self {
            rules: rules(config),
            prover: Prover::new(Arc::clone(&fetcher), config.joining.dns_servers.clone()),
            previews: Previews::new(config, fetcher),
            proof_every_s: config.joining.proof_every_s,
            proof_grace_s: config.joining.proof_grace_s,
        }
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

/// Looks for the proof of the host of a registration and notes what was found, if anything can be said. `None` where it
/// has no address.
pub async fn look_for_proof(
    registry: &Registry,
    joining: &Joining,
    who: &Who,
    known: &Registered,
    dry_run: bool,
) -> Result<Option<(Proof, Findings)>, Refusal> {
    let Some(address) = &known.registration.address else { return Ok(None) };
    let Some(host) = known.registration.host() else { return Ok(None) };
    let proof = registry.proof(&known.id, host).await?.ok_or(Refusal::NoSuch)?;
    let findings = joining.prover.look(address, &proof.token).await;
    if findings.undecided() {
        return Ok(Some((proof, findings)));
    }
    let acting = Acting { registry, who, dry_run };
    let proof = acting.looked(&known.id, host, findings.place()).await?;
    Ok(Some((proof, findings)))
}

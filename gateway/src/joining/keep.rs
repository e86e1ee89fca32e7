//! Looks again, from time to time, whether the proof of a domain is still there.
//!
//! A look that gets no answer says nothing: a site that is down belongs to nobody else. What is answered without the
//! token counts as lost; after the second such look the operator and the portal see it, and after the grace time the
//! portal is suspended: it is not fetched and nobody is handed over to it, while what it delivered stays readable.

use std::sync::Arc;
use std::time::Duration;

use config::clock;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::Joining;
use super::acting::{Acting, Refusal};
use super::proof::Findings;
use super::registration::State;
use crate::metrics::Metrics;
use crate::registry::{Proof, Registered, Registry, Who};

/// Looks that find nothing, one after the other, until a proof is taken for lost.
pub const LOST_AFTER: i64 = 2;
/// Longest time between the first look that found nothing and the second.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// Longest time between two rounds.
const ROUND: Duration = Duration::from_secs(600);
/// The name under which this acts.
const NAME: &str = "Nachweisprüfung";
/// What the portal and the operator read.
const REASON: &str = "Der Nachweis der Domain ist nicht mehr da. Bitte stellen Sie ihn wieder her und prüfen Sie ihn auf \
                      dieser Seite; dann nimmt der Betrieb das Portal wieder auf.";

/// Looks for the proofs of all live portals when their time has come, until `stop`.
pub async fn watch(registry: Registry, joining: Arc<Joining>, metrics: Arc<Metrics>, stop: CancellationToken) {
    let round = Duration::from_secs(u64::from(joining.proof_every_s)).min(ROUND) / 4;
    while stop.run_until_cancelled(tokio::time::sleep(round.max(Duration::from_millis(200)))).await.is_some() {
        let looked = stop.run_until_cancelled(look_round(&registry, &joining)).await;
        match looked {
            Some(Ok(unproven)) => metrics.registrations.unproven(unproven),
            Some(Err(error)) => tracing::error!(%error, "cannot look for the proofs of domains"),
            None => {}
        }
    }
}

/// One round over all live portals; how many of them have lost their proof and are still live.
async fn look_round(registry: &Registry, joining: &Joining) -> Result<usize, Refusal> {
    let who = Who::program(NAME);
    let acting = Acting { registry, who: &who, dry_run: false };
    let mut unproven = 0;
    for one in registry.registrations().await? {
        if !matches!(one.registration.state, State::Released { .. }) {
            continue;
        }
        let Some(proof) = proof_of(registry, &one).await? else { continue };
        let Some(address) = one.registration.address.clone() else { continue };
        let found = match is_due(&proof, joining, clock::now()) {
            true => Some(joining.prover.look(&address, &proof.token).await),
            false => None,
        };
        // Whoever does not answer is neither proven nor suspended by that.
        let undecided = found.as_ref().is_some_and(Findings::undecided);
        let proof = if let Some(found) = found.filter(|_| !undecided) {
            let proof = acting.looked(&one.id, &proof.host, found.place()).await?;
            if proof.failures == LOST_AFTER {
                tracing::warn!(portal.id = %one.id, host = %proof.host, "the proof of a domain is lost");
            }
            proof
        } else {
            proof
        };
        if !undecided && is_over(&proof, joining, clock::now()) {
            acting.suspend_by_itself(&one.id, REASON).await?;
            tracing::warn!(portal.id = %one.id, host = %proof.host, "a portal is suspended, its domain is not proven any more");
        } else {
            unproven += usize::from(is_lost(&proof));
        }
    }
    Ok(unproven)
}

async fn proof_of(registry: &Registry, one: &Registered) -> Result<Option<Proof>, Refusal> {
    // What is live may still be of another host than the draft; its own proof is looked for when it is the draft's.
    let Some(host) = one.registration.host() else { return Ok(None) };
    Ok(registry.proof(&one.id, host).await?.filter(|proof| proof.proven.is_some()))
}

/// Whether it is time to look; sooner again where nothing was found.
fn is_due(proof: &Proof, joining: &Joining, now: Timestamp) -> bool {
    let every = SignedDuration::from_secs(joining.proof_every_s.into());
    let wait = if proof.failures > 0 { every.min(AGAIN) } else { every };
    proof.checked.is_none_or(|checked| now.duration_since(checked) >= wait)
}

fn is_lost(proof: &Proof) -> bool {
    proof.failures >= LOST_AFTER
}

/// Whether it is lost for longer than the grace time.
fn is_over(proof: &Proof, joining: &Joining, now: Timestamp) -> bool {
    let grace = SignedDuration::from_secs(joining.proof_grace_s.into());
    is_lost(proof) && proof.lost.is_some_and(|lost| now.duration_since(lost) >= grace)
}

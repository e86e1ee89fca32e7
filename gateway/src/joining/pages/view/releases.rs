//! What the operator has to look at: registrations that wait, and proofs that are lost.

use super::differing;
use crate::joining::keep::LOST_AFTER;
use crate::joining::registration::State;
use crate::pages::words::moment;
use crate::registry::{Desk, Registered, RegistryError};

/// A registration that waits for the operator.
pub(in crate::joining::pages) struct Waiting {
    pub(in crate::joining::pages) id: String,
    pub(in crate::joining::pages) name: String,
    pub(in crate::joining::pages) seit: String,
    pub(in crate::joining::pages) gebiet: String,
    pub(in crate::joining::pages) adresse: String,
    pub(in crate::joining::pages) aendert: String,
}

/// Those that wait, the oldest first.
pub(in crate::joining::pages) fn waiting(desk: &Desk, registered: &[Registered]) -> Vec<Waiting> {
    let mut found: Vec<_> = registered
        .iter()
        .filter_map(|one| match one.registration.state {
            State::Submitted { at } => Some((at, one)),
            _ => None,
        })
        .collect();
    found.sort_by_key(|(at, _)| *at);
    let line = |(at, one): (jiff::Timestamp, &Registered)| {
        let portal = &one.registration.portal;
        let place = desk.site.catalog.place_of(portal.gebiet).map(|place| place.name);
        let aendert = match &one.registration.live {
            None => "neues Portal".to_owned(),
            live => differing(live.as_ref(), portal).into_iter().map(|part| part.was).collect::<Vec<_>>().join(", "),
        };
        Waiting {
            id: one.id.to_string(),
            name: portal.name.clone(),
            seit: moment(at),
            gebiet: place.unwrap_or_else(|| portal.gebiet.to_string()),
            adresse: one.registration.address.as_ref().map(ToString::to_string).unwrap_or_default(),
            aendert,
        }
    };
    found.into_iter().map(line).collect()
}

/// Portals whose proof is lost, with what is said of it.
pub(in crate::joining::pages) async fn lost(
    desk: &Desk,
    registered: &[Registered],
) -> Result<Vec<(String, String)>, RegistryError> {
    let mut found = Vec::new();
    for one in registered.iter().filter(|one| one.registration.live.is_some()) {
        let Some(host) = one.registration.host() else { continue };
        let proof = desk.registry.proof(&one.id, host).await?;
        if let Some(proof) = proof.filter(|proof| proof.failures >= LOST_AFTER)
            && let Some(lost) = proof.lost
        {
            found.push((one.id.to_string(), format!("{}, nicht mehr gefunden seit {}", proof.host, moment(lost))));
        }
    }
    Ok(found)
}

//! Pages that somebody said have changed, until a run of them is made. In memory: what is lost with the process is found
//! by the next run over the site.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use connectors::ids::PortalId;
use url::Url;

/// Pages of one portal that may wait.
const MAX_PAGES: usize = 10_000;

/// Pages of all portals that may wait.
const MAX_ALL: usize = 100_000;

/// The pages that wait.
#[derive(Debug, Default)]
pub struct Pings(Mutex<BTreeMap<PortalId, BTreeSet<Url>>>);

impl Pings {
    /// Lets these pages wait; false, and none of them waits, when there is no room.
    pub fn add(&self, portal: &PortalId, pages: impl IntoIterator<Item = Url>) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = waiting.values().map(BTreeSet::len).sum();
        let own = waiting.entry(portal.clone()).or_default();
        let new: Vec<Url> = pages.into_iter().filter(|page| !own.contains(page)).collect();
        let fits = own.len() + new.len() <= MAX_PAGES && all + new.len() <= MAX_ALL;
        if fits {
            own.extend(new);
        }
        waiting.retain(|_, pages| !pages.is_empty());
        fits
    }

    /// The portals of which pages wait.
    pub fn portals(&self) -> Vec<PortalId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Takes the pages of one portal.
    pub fn take(&self, portal: &PortalId) -> Vec<Url> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(portal);
        taken.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_wait_once_and_within_bounds() {
        let pings = Pings::default();
        let (a, b): (PortalId, PortalId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let page = |n: usize| Url::parse(&format!("https://stadt.example/{n}")).unwrap();
        assert!(pings.add(&a, [page(1), page(2), page(1)]));
        assert!(pings.add(&a, [page(2)]));
        assert!(!pings.add(&a, (0..MAX_PAGES + 1).map(page)));
        assert!(!pings.add(&b, (0..MAX_PAGES + 1).map(page)));
        assert_eq!(pings.portals(), std::slice::from_ref(&a));
        assert_eq!(pings.take(&a), [page(1), page(2)]);
        assert!(pings.take(&a).is_empty() && pings.portals().is_empty());
    }
}

//! What is counted of registrations: where files disagree with them, and whose domain is not proven any more.

use prometheus::IntGauge;
use prometheus::core::Collector;

use super::gauge;

/// The counters.
pub struct Registrations {
    differing: IntGauge,
    unproven: IntGauge,
}

impl Registrations {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        Ok(Self {
            differing: gauge(
                "registry_differing_portals",
                "Portals whose file and whose registration differ; the file counts.",
            )?,
            unproven: gauge(
                "registry_unproven_portals",
                "Live portals whose domain has lost its proof; each is suspended after the grace time.",
            )?,
        })
    }

    pub(super) fn all(&self) -> Vec<Box<dyn Collector>> {
        [&self.differing, &self.unproven].map(|one| Box::new(one.clone()) as Box<dyn Collector>).into()
    }

    /// So many portals differ between their file and their registration.
    pub fn differing(&self, portals: usize) {
        self.differing.set(i64::try_from(portals).unwrap_or(i64::MAX));
    }

    /// So many live portals have lost the proof of their domain.
    pub fn unproven(&self, portals: usize) {
        self.unproven.set(i64::try_from(portals).unwrap_or(i64::MAX));
    }
}

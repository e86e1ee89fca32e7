//! How the addresses are visited that records name.

use serde::Deserialize;

use super::ranged;

/// How the addresses are visited that records name.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Links {
    /// Time between two visits of an address; one that is faulty is visited sooner. 0: none is visited.
    #[serde(deserialize_with = "ranged::<0, 31_536_000, _, _>")]
    pub every_s: u64,
    /// Pause between two requests to a host.
    #[serde(deserialize_with = "ranged::<1, 60_000, _, _>")]
    pub pause_ms: u64,
    /// Hosts that are visited at a time.
    #[serde(deserialize_with = "ranged::<1, 64, _, _>")]
    pub hosts: usize,
    /// For one request.
    #[serde(deserialize_with = "ranged::<1, 600, _, _>")]
    pub timeout_s: u64,
}

impl Default for Links {
    fn default() -> Self {
        Self { every_s: 604_800, pause_ms: 1000, hosts: 4, timeout_s: 20 }
    }
}

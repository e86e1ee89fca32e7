//! How portals join by themselves: what may be registered, who releases it, and how long what belongs to it is kept.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::ranged;

/// Who lets a registration go live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// The operator looks at it first.
    Operator,
    /// It is live as soon as its domain is proven and its rehearsal was good.
    AtOnce,
}

/// How portals join.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Joining {
    /// Who lets a registration go live.
    pub release: Release,
    /// Addresses with http may be registered as well; for tests and demonstrations.
    pub http: bool,
    /// Ports that a registered address may have beside that of its scheme.
    pub ports: Vec<u16>,
    /// Servers that are asked for TXT records; those of the system when none.
    pub dns_servers: Vec<SocketAddr>,
    /// Time between two looks at the proof of a domain.
    #[serde(deserialize_with = "ranged::<1, 31_536_000, _, _>")]
    pub proof_every_s: u32,
    /// Time between the second look that found nothing and the suspension of the portal.
    #[serde(deserialize_with = "ranged::<1, 31_536_000, _, _>")]
    pub proof_grace_s: u32,
    /// Registrations of one account that are not released yet.
    #[serde(deserialize_with = "ranged::<1, 10_000, _, _>")]
    pub max_open: u32,
    /// Rehearsals at a time.
    #[serde(deserialize_with = "ranged::<1, 64, _, _>")]
    pub max_rehearsals: usize,
    /// Previews that are kept; the oldest goes for a new one.
    #[serde(deserialize_with = "ranged::<1, 10_000, _, _>")]
    pub max_previews: usize,
    /// How long a preview is kept.
    #[serde(deserialize_with = "ranged::<60, 2_592_000, _, _>")]
    pub preview_s: u32,
    /// The most bytes that one rehearsal may fetch.
    #[serde(deserialize_with = "ranged::<1024, 1_099_511_627_776, _, _>")]
    pub max_preview_bytes: u64,
    /// Longest time of one rehearsal.
    #[serde(deserialize_with = "ranged::<1, 86_400, _, _>")]
    pub rehearsal_timeout_s: u32,
}

impl Default for Joining {
    fn default() -> Self {
        Self {
            release: Release::Operator,
            http: false,
            ports: Vec::new(),
            dns_servers: Vec::new(),
            proof_every_s: 604_800,
            proof_grace_s: 1_209_600,
            max_open: 20,
            max_rehearsals: 2,
            max_previews: 20,
            preview_s: 86_400,
            max_preview_bytes: 268_435_456,
            rehearsal_timeout_s: 900,
        }
    }
}

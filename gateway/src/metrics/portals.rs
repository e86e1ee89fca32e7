//! What is counted of the way to portals beside requests: connections that are kept, tunnels, names, probes.

use connectors::ids::PortalId;
use prometheus::core::Collector;
use prometheus::{IntCounterVec, IntGaugeVec};

use super::{Held, counters, opts};

closed_set! {
    /// Why a tunnel ended.
    TunnelEnd {
        /// Both sides had ended.
        Closed = "closed",
        /// Nothing moved for too long.
        Idle = "idle",
        /// One side broke off.
        Broken = "broken",
    }
}

closed_set! {
    /// What looking up the name of an upstream came to.
    Looked {
        /// DNS answered.
        Found = "found",
        /// DNS failed, or there is no such name.
        Failed = "failed",
        /// An earlier answer was used in the place of one.
        Stale = "stale",
    }
}

/// The counters of the way to portals.
pub struct Portals {
    kept: IntGaugeVec,
    tunnels_open: IntGaugeVec,
    tunnels: IntCounterVec,
    lookups: IntCounterVec,
    probes: IntCounterVec,
}

impl Portals {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        Ok(Self {
            kept: IntGaugeVec::new(
                opts(
                    "upstream_connections_kept",
                    "Connections to a portal that wait for a request, and those of HTTP/2; counted every 5 s.",
                ),
                &["portal"],
            )?,
            tunnels_open: IntGaugeVec::new(
                opts("tunnels_open", "Connections to a portal that changed their protocol."),
                &["portal"],
            )?,
            tunnels: counters("tunnels_total", "Tunnels to a portal, by how they ended.", &["portal", "result"])?,
            probes: counters("probes_total", "Probes of upstreams.", &["portal", "result"])?,
            lookups: counters("dns_lookups_total", "Names of upstreams looked up.", &["result"])?,
        })
    }

    pub(super) fn all(&self) -> Vec<Box<dyn Collector>> {
        let counters =
            [&self.tunnels, &self.lookups, &self.probes].map(|one| Box::new(one.clone()) as Box<dyn Collector>);
        let gauges = [&self.kept, &self.tunnels_open].map(|one| Box::new(one.clone()) as Box<dyn Collector>);
        counters.into_iter().chain(gauges).collect()
    }

    /// So many connections to a portal are kept.
    pub fn kept(&self, portal: &PortalId, count: usize) {
        self.kept.with_label_values(&[portal.as_str()]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// An upstream of a portal was probed, and is well or ill.
    pub fn probed(&self, portal: &PortalId, well: bool) {
        self.probes.with_label_values(&[portal.as_str(), if well { "well" } else { "ill" }]).inc();
    }

    /// The name of an upstream was looked up.
    pub fn looked_up(&self, what: Looked) {
        self.lookups.with_label_values(&[what.label()]).inc();
    }

    /// Counts one tunnel to a portal until the value is dropped.
    pub fn tunnel(&self, portal: &PortalId) -> Held {
        Held::new(self.tunnels_open.with_label_values(&[portal.as_str()]))
    }

    /// A tunnel to a portal ended by itself; those that are cut off are not counted.
    pub fn tunnel_ended(&self, portal: &PortalId, end: TunnelEnd) {
        self.tunnels.with_label_values(&[portal.as_str(), end.label()]).inc();
    }
}

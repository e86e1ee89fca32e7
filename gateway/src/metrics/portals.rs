//! What is counted of the way to portals beside requests: tunnels.

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

/// The counters of the way to portals.
pub struct Portals {
    tunnels_open: IntGaugeVec,
    tunnels: IntCounterVec,
}

impl Portals {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        Ok(Self {
            tunnels_open: IntGaugeVec::new(
                opts("tunnels_open", "Connections to a portal that changed their protocol."),
                &["portal"],
            )?,
            tunnels: counters("tunnels_total", "Tunnels to a portal, by how they ended.", &["portal", "result"])?,
        })
    }

    pub(super) fn all(&self) -> Vec<Box<dyn Collector>> {
        vec![Box::new(self.tunnels_open.clone()), Box::new(self.tunnels.clone())]
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

//! New tables of routes: made aside, tested, swapped in whole, and kept on disk for a start without a registry.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use config::clock;
use connectors::registration::Portal;

use crate::metrics::Metrics;
use crate::proxy::Proxy;
use crate::routes::{Routes, kept};

/// Makes tables of routes and swaps them in.
#[derive(Clone)]
pub struct Router {
    routes: Arc<ArcSwap<Routes>>,
    proxy: Arc<Proxy>,
    metrics: Arc<Metrics>,
    own_host: Option<String>,
    file: PathBuf,
}

/// Where the portals of a table come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Their files; of so many the file could not be used.
    Registry {
        /// How many.
        left_out: usize,
    },
    /// What was kept on disk.
    Kept,
}

impl Router {
    pub(crate) fn new(
        routes: Arc<ArcSwap<Routes>>,
        proxy: Arc<Proxy>,
        metrics: Arc<Metrics>,
        own_host: Option<String>,
        file: PathBuf,
    ) -> Self {
        Self { routes, proxy, metrics, own_host, file }
    }

    /// Builds the table of `portals`, tests it, and swaps it in. True when it is in use.
    ///
    /// The old one stays when the new one fails its test, or is empty because of faults while the old one is not.
    pub fn load(&self, portals: &[Portal], origin: Origin) -> bool {
        let (table, faults) = Routes::build(portals, self.own_host.as_deref());
        for fault in &faults {
            tracing::warn!(portal.id = %fault.portal, "{fault}");
        }
        let broken = match origin {
            Origin::Registry { left_out } => left_out,
            Origin::Kept => 0,
        };
        let left_out = faults.len() + broken;
        let sound = portals.len() - faults.len();
        let reason = match table.self_test() {
            Err(reason) => Some(reason),
            Ok(()) if sound == 0 && left_out > 0 && !self.routes.load().is_empty() => {
                Some(format!("none of {left_out} portals can be used"))
            }
            Ok(()) => None,
        };
        if let Some(reason) = reason {
            tracing::error!(reason, "the new table of routes cannot be used; the old one stays");
            self.metrics.routes_failed();
            return false;
        }
        let now = clock::now().as_second() as f64;
        self.metrics.routes_loaded(table.len(), left_out, now, origin == Origin::Kept);
        self.proxy.keep_only(&table);
        self.routes.store(Arc::new(table));
        true
    }

    /// The registry could not be read, or holds nothing that can be used; the table stays.
    pub fn failed(&self) {
        self.metrics.routes_failed();
    }

    /// Keeps the registry of a table that is in use, for a start without one. Blocks on the disk.
    pub fn keep(&self, portals: &[Portal]) {
        let saved = kept::save(&self.file, portals, clock::now());
        if let Err(error) = &saved {
            tracing::error!(%error, "the last good registry cannot be kept; a start without one would begin empty");
        }
        self.metrics.routes_kept(saved.is_ok());
    }
}

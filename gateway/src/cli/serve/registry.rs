//! The registry of a serving process: read at the start, or else what was kept of it; read again when a file changes or
//! somebody asks. What cannot be read leaves everything as it was.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use config::{Config, ConfigError, Loaded, RegistryState, clock};
use connectors::registration::Portal;
use indexer::catalog::Catalog;
use indexer::run::Indexer;

use crate::cli::{Fault, setup};
use crate::joining::sources::{self, Merged};
use crate::metrics::Metrics;
use crate::registry::{Registered, Registry, RegistryError};
use crate::router::{Origin, Router};
use crate::routes::kept::{self, KeptError};
use crate::server::Certificates;

/// What a process starts from.
pub(super) struct Start {
    pub(super) config: Config,
    pub(super) portals: Vec<Portal>,
    pub(super) origin: Origin,
    /// How the files were just before they were read.
    pub(super) state: RegistryState,
    /// Where portals register by themselves.
    pub(super) registry: Registry,
    /// The last change there, just before it was read.
    pub(super) change: i64,
    /// Portals that both sources know and that are not the same.
    pub(super) differing: usize,
}

/// Reads configuration, files and registrations. Files without which everything would be gone is replaced by what was kept.
pub(super) async fn open(file: &Path) -> Result<Start, Fault> {
    let state = config::registry_state(file);
    let usage = |error: ConfigError| Fault::Usage(error.to_string());
    let (config, loaded, fault) = match config::load(file) {
        Ok(loaded) => {
            loaded.faults.iter().for_each(|fault| eprintln!("{fault}"));
            (loaded.config.clone(), Some(loaded), None)
        }
        Err(error @ ConfigError::Registry { .. }) => {
            (config::load_main(file).map_err(usage)?, None, Some(error.to_string()))
        }
        Err(error) => return Err(usage(error)),
    };
    let registry = Registry::open(&config.registry_file()).await.map_err(Fault::work)?;
    let change = registry.last_change().await.map_err(Fault::work)?;
    let registered = registry.registrations().await.map_err(Fault::work)?;
    let merged = loaded.as_ref().map(|loaded| together(loaded, &registered)).unwrap_or_default();
    merged.differing.iter().for_each(|one| eprintln!("{}", one.line()));
    let fault = fault.or_else(|| loaded.as_ref().and_then(|loaded| emptied(loaded, &merged)));
    let kept = match fault {
        None => None,
        Some(fault) => match kept::load(&config.routes_file()) {
            Ok(kept) if !kept.portals.is_empty() => {
                eprintln!("{fault}; starting with the {} portals kept on {}", kept.portals.len(), kept.saved);
                Some(kept.portals)
            }
            Ok(_) | Err(KeptError::Missing(_)) if loaded.is_some() => None,
            Ok(_) | Err(KeptError::Missing(_)) => return Err(Fault::Usage(fault)),
            Err(error) if loaded.is_some() => {
                eprintln!("{error}");
                None
            }
            Err(error) => return Err(Fault::Usage(format!("{fault}; {error}"))),
        },
    };
    let (portals, origin) = match (kept, loaded) {
        (Some(portals), _) => (portals, Origin::Kept),
        (None, Some(loaded)) => {
            let left_out = loaded.faults.len();
            (merged.portals, Origin::Registry { left_out })
        }
        (None, None) => (Vec::new(), Origin::Registry { left_out: 0 }),
    };
    let differing = merged.differing.len();
    Ok(Start { config, portals, origin, state, registry, change, differing })
}

/// Both sources put together.
fn together(loaded: &Loaded, registered: &[Registered]) -> Merged {
    sources::merged(loaded.portals.clone(), &sources::unusable(loaded), registered)
}

/// Why a registry without portals is none that anybody meant; none where it has some, or is empty on purpose.
fn emptied(loaded: &Loaded, merged: &Merged) -> Option<String> {
    match (merged.portals.is_empty(), loaded.no_registry, loaded.faults.len()) {
        (true, true, _) => Some("there is no folder portale.d".to_owned()),
        (true, false, 1..) => Some("no file in portale.d can be used".to_owned()),
        _ => None,
    }
}

/// All that follows the registry.
pub(in crate::cli) struct Followers {
    pub(in crate::cli) file: PathBuf,
    pub(in crate::cli) portals: Arc<ArcSwap<Vec<Portal>>>,
    pub(in crate::cli) indexer: Option<Arc<Indexer>>,
    pub(in crate::cli) reading: Option<Catalog>,
    pub(in crate::cli) router: Option<Router>,
    pub(in crate::cli) certificates: Option<Arc<Certificates>>,
    pub(in crate::cli) registry: Registry,
    pub(in crate::cli) metrics: Option<Arc<Metrics>>,
}

impl Followers {
    /// Takes the portals anew from their files and from where they register, and the certificates.
    pub(in crate::cli) async fn reload(self: Arc<Self>) {
        let registered = self.registry.registrations().await;
        let reloading = tokio::task::spawn_blocking(move || self.reload_with(registered)).await;
        if let Err(error) = reloading {
            tracing::error!(%error, "the reload ended by a panic; what was changed before stays changed");
        }
    }

    /// Blocks on the disk.
    fn reload_with(&self, registered: Result<Vec<Registered>, RegistryError>) {
        if let Some(certificates) = &self.certificates {
            certificates.reload(clock::now());
        }
        let loaded = match config::load(&self.file) {
            Ok(loaded) => loaded,
            Err(error) => return self.stay(&error.to_string()),
        };
        let registered = match registered {
            Ok(registered) => registered,
            Err(error) => return self.stay(&error.to_string()),
        };
        for fault in &loaded.faults {
            tracing::error!(%fault, "a portal is left out");
        }
        let merged = together(&loaded, &registered);
        merged.differing.iter().for_each(|one| tracing::warn!(portal.id = %one.id, "{}", one.line()));
        let had_some = !self.portals.load().is_empty();
        if let Some(fault) = emptied(&loaded, &merged).filter(|_| had_some) {
            return self.stay(&fault);
        }
        if let Some(metrics) = &self.metrics {
            metrics.registrations.differing(merged.differing.len());
        }
        let portals = merged.portals;
        let left_out = loaded.faults.len();
        if let Some(router) = &self.router {
            if !router.load(&portals, Origin::Registry { left_out }) {
                return;
            }
            router.keep(&portals);
        }
        let catalog = self.indexer.as_deref().map(Indexer::catalog).or_else(|| self.reading.clone());
        match (setup::words_and_ranking(&loaded.config.search, &portals), catalog) {
            (Ok((words, ranking)), Some(catalog)) => catalog.set_language(words, ranking),
            (Err(Fault::Usage(fault) | Fault::Work(fault)), _) => {
                tracing::error!(fault, "everyday words and weights stay as they were")
            }
            (Ok(_), None) => {}
        }
        match (&self.indexer, &self.reading) {
            (Some(indexer), _) => indexer.set_portals(portals.clone()),
            (None, Some(reading)) => reading.set_portals(portals.clone()),
            (None, None) => {}
        }
        tracing::info!(portals = portals.len(), left_out, "reloaded");
        self.portals.store(Arc::new(portals));
    }

    fn stay(&self, fault: &str) {
        tracing::error!(fault, "the configuration cannot be used; everything stays as it was");
        if let Some(router) = &self.router {
            router.failed();
        }
    }
}

/// Looks whether a portal's file has changed.
pub(super) struct Watch {
    file: PathBuf,
    every: Option<Duration>,
    /// As it was when the registry was last read.
    read: RegistryState,
    /// As it was at the last look.
    seen: RegistryState,
}

impl Watch {
    /// Looks every `look_s` seconds; never when that is 0. `read` is how it was when it was last read.
    pub(super) fn new(file: &Path, look_s: u64, read: RegistryState) -> Self {
        let every = (look_s > 0).then(|| Duration::from_secs(look_s));
        Self { file: file.to_owned(), every, seen: read.clone(), read }
    }

    /// Waits until something has changed and then stayed the same from one look to the next: a file that is still
    /// being written is not read. May be dropped and called again at any time.
    pub(super) async fn changed(&mut self) {
        let Some(every) = self.every else { return std::future::pending().await };
        loop {
            tokio::time::sleep(every).await;
            let now = self.look().await;
            let steady = now == self.seen;
            self.seen = now;
            if steady && self.seen != self.read {
                return;
            }
        }
    }

    /// The registry is about to be read.
    pub(super) async fn begin(&mut self) {
        self.read = self.look().await;
    }

    async fn look(&self) -> RegistryState {
        let file = self.file.clone();
        let looked = tokio::task::spawn_blocking(move || config::registry_state(&file)).await;
        // A panic there is in the log; to have seen no change is the safe answer.
        looked.unwrap_or_else(|_| self.seen.clone())
    }
}

/// How often is looked whether a registration has changed.
const LOOK: Duration = Duration::from_millis(500);

/// Looks whether a registration has changed, in this process or another.
pub(super) struct Changes {
    registry: Registry,
    /// The last change when the registrations were last read.
    read: i64,
}

impl Changes {
    /// `read` is the last change when they were last read.
    pub(super) fn new(registry: Registry, read: i64) -> Self {
        Self { registry, read }
    }

    /// Waits until there is another change. May be dropped and called again at any time.
    pub(super) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            match self.registry.last_change().await {
                Ok(last) if last != self.read => return,
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "cannot tell whether a registration has changed"),
            }
        }
    }

    /// The registrations are about to be read.
    pub(super) async fn begin(&mut self) {
        match self.registry.last_change().await {
            Ok(last) => self.read = last,
            Err(error) => tracing::error!(%error, "cannot tell whether a registration has changed"),
        }
    }
}

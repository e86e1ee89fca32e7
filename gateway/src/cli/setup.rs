//! What the commands have in common: the configuration, and the two sides that they open.

use std::path::Path;

use config::{Config, Loaded};
use connectors::registration::Portal;
use indexer::catalog::Catalog;
use indexer::crawl::Fetcher;
use indexer::run::{self, Indexer, RunError, Setup};

use super::Fault;

/// Loads the configuration; the faults of single portals are said and disable those alone.
pub(super) fn load(file: &Path) -> Result<Loaded, Fault> {
    let loaded = config::load(file).map_err(|error| Fault::Usage(error.to_string()))?;
    for fault in &loaded.faults {
        eprintln!("{fault}");
    }
    Ok(loaded)
}

/// Opens the writing side.
pub(super) async fn indexer(config: &Config, portals: Vec<Portal>) -> Result<Indexer, Fault> {
    let fetcher = Fetcher::new(config).map_err(Fault::work)?;
    let setup = Setup {
        store_url: config.store.url.clone(),
        index_dir: config.index.dir.clone(),
        spool_dir: config.spool_dir(),
        portals,
        fetcher,
    };
    Indexer::open(setup).await.map_err(fault)
}

/// Opens the reading side, beside a process that may be writing.
pub(super) async fn catalog(config: &Config, portals: Vec<Portal>) -> Result<Catalog, Fault> {
    run::open_catalog(&config.store.url, &config.index.dir, portals).await.map_err(fault)
}

/// A wrong address of the store is the configuration's fault; all else is the work's.
pub(super) fn fault(error: RunError) -> Fault {
    match error {
        RunError::Store(indexer::run::StoreError::Url(_)) => Fault::Usage(error.to_string()),
        other => Fault::work(other),
    }
}

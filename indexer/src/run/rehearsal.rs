//! A whole run aside: into a store and an index of its own, so that a portal can be seen before it is live.
//!
//! Nothing of the live store is touched, not even its lock. What is read is bounded; the folder goes with the rehearsal.

use std::path::Path;
use std::sync::Arc;

use config::Journal;
use connectors::registration::Portal;
use tokio_util::sync::CancellationToken;

use super::{Catalog, Fetcher, Indexer, Metrics, Plan, RunError, RunOptions, RunReport, Setup, Source};

/// How much a rehearsal reads; where there is more, it shows the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RehearsalLimits {
    /// Bytes of all files that are fetched. An index that lists more fails with a finding; of anything else the
    /// beginning is read.
    pub max_bytes: u64,
    /// Entries, up to the next full hundred or so.
    pub max_records: u64,
}

impl Default for RehearsalLimits {
    /// 256 MiB and 20,000 entries: more than nine in ten portals deliver, and some seconds of work.
    fn default() -> Self {
        Self { max_bytes: 256 << 20, max_records: 20_000 }
    }
}

/// What a run of a portal would bring, there to be looked at. Its folder is removed when it is dropped.
pub struct Rehearsal {
    /// How the run ended.
    pub report: RunReport,
    /// What it would do for a portal of which nothing is known yet.
    pub plan: Plan,
    /// Answers as the live one would, from these records alone.
    pub catalog: Catalog,
    indexer: Indexer,
    _folder: Arc<tempfile::TempDir>,
}

impl Rehearsal {
    /// Ends the connections to its store; the folder goes with the last reference.
    pub async fn close(self) {
        self.indexer.close().await;
    }
}

/// Makes a run of `portal` in a new folder below `scratch`, which is made when it is missing. An `Err` is a fault of
/// ours; everything that is the portal's is in the report.
pub async fn rehearse(
    portal: &Portal,
    source: &Source,
    fetcher: &Fetcher,
    scratch: &Path,
    limits: RehearsalLimits,
    cancel: &CancellationToken,
) -> Result<Rehearsal, RunError> {
    let fault = |error: std::io::Error| RunError::Scratch { path: scratch.to_owned(), reason: error.to_string() };
    std::fs::create_dir_all(scratch).map_err(fault)?;
    let folder = tempfile::Builder::new().prefix("probe-").tempdir_in(scratch).map_err(fault)?;
    // Its figures are nobody's: they are counted in a registry that is not shown.
    let registry = config::telemetry::registry();
    let metrics = Metrics::new(&registry).expect("a new registry has no metrics that could be there twice");
    let setup = Setup {
        store_url: format!("sqlite://{}", folder.path().join("store.db").display()),
        index_dir: folder.path().join("index"),
        spool_dir: folder.path().join("spool"),
        portals: vec![portal.clone()],
        fetcher: fetcher.bounded(limits.max_bytes),
        metrics,
        journal: Journal::default(),
    };
    let mut indexer = Indexer::open(setup).await?;
    indexer.limits = Some(limits);
    let mut report = indexer.run(portal, source, RunOptions::default(), cancel).await?;
    indexer.follow().await?;
    let catalog = indexer.catalog();
    let plan = std::mem::take(&mut report.plan);
    Ok(Rehearsal { report, plan, catalog, indexer, _folder: Arc::new(folder) })
}

//! Runs: what one portal delivers, collected, read, applied whole, and indexed.
//!
//! Everything is fetched before anything is read, and everything is read inside one transaction: a technical fault in
//! the last file gives the whole run up, and the portal's last good state stays. A faulty record costs only itself. Of
//! each portal one run goes on at a time, whoever asked for it.

mod delivery;
mod preview;
mod progress;
mod reading;
mod rehearsal;
mod restore;
mod running;
mod tally;
mod verdict;
mod web;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use config::{Journal, clock};
use connectors::finding::Finding;
use connectors::ids::{Identifikator, PortalId};
use connectors::registration::{Connector, Portal};
use connectors::run::Coverage;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::catalog::Catalog;
use crate::crawl::pings::Pings;
use crate::crawl::schedule::{self, LastRun, NextRun};
use crate::crawl::{CrawlError, Fetcher};
use crate::index::{self, IndexError};
use crate::metrics::Metrics;
use crate::record::Kind;
use crate::store::{Access, Store};
pub use crate::store::{Applied, Freshness, Held, Listed, Pause, Plan, Planned, Quarantined, RunRow, StoreError};
pub use delivery::{Delivered, Format};
pub use preview::{Previewed, preview};
use progress::{Board, Teller};
pub use progress::{Phase, Progress};
pub use reading::{Read, read_only};
pub use rehearsal::{Rehearsal, RehearsalLimits, rehearse};
use running::Running;
use tally::Tally;
pub use verdict::{Fate, Verdict};

/// A run or the index cannot go on; the portal is not at fault.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Collecting.
    #[error(transparent)]
    Crawl(CrawlError),
    /// A file that was collected cannot be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A run of this portal goes on already.
    #[error("a run of {portal} goes on since {since}; wait for its end, or look at its progress")]
    Running {
        /// Whose.
        portal: PortalId,
        /// Since when.
        since: Timestamp,
    },
    /// The portal's runs wait for somebody.
    #[error(
        "the runs of {portal} are paused since {since} ({why}); look at it, then `runs resume`, or `import --release`"
    )]
    Paused {
        /// Whose.
        portal: PortalId,
        /// Since when.
        since: Timestamp,
        /// Why.
        why: String,
    },
    /// There is no such run that could be released.
    #[error("run {run} of {portal} is not held any more; see `runs`")]
    NotHeld {
        /// Whose.
        portal: PortalId,
        /// The run.
        run: i64,
    },
    /// The folder for rehearsals cannot be used.
    #[error("cannot rehearse in {path}: {reason}")]
    Scratch {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// What questions need of a new state of the index could not be made.
    #[error("the understanding of the new index failed inside the program")]
    Understanding,
    /// A visit to an address ended without a word.
    #[error("the visit to an address failed inside the program")]
    Visit,
    /// The reading task ended without a word.
    #[error("reading the delivery of {0} failed inside the program")]
    Lost(PortalId),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Its changes are there.
    Applied,
    /// The portal's stock is the one of the last good run.
    Unchanged,
    /// A guard holds it; nothing was changed.
    Held,
    /// A technical fault; nothing was changed.
    Failed,
    /// It was a trial; nothing was changed.
    Trial,
    /// An earlier state is there again.
    Restored,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Applied, Self::Unchanged, Self::Held, Self::Failed, Self::Trial, Self::Restored];

    /// The word of the store and the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Trial => "trial",
            Self::Restored => "restored",
        }
    }
}

/// What one run did.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Whose run.
    pub portal: PortalId,
    /// Its number; none for a trial.
    pub run: Option<i64>,
    /// How it ended.
    pub outcome: Outcome,
    /// What it did (or would have done), in records.
    pub applied: Applied,
    /// The same record by record, for trials, restores and runs that brought the whole stock.
    pub plan: Plan,
    /// What was wrong, at most a thousand of each rule.
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub findings_left_out: u64,
    /// Records that were not taken.
    pub refused: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Only the beginning was read; in rehearsals alone.
    pub cut: bool,
    /// How long it took.
    pub duration: Duration,
    /// What became of each thing that was delivered, where the source was a [`Source::Delivery`] that was applied or
    /// tried.
    pub verdicts: Vec<Verdict>,
    /// Verdicts beyond those that are kept.
    pub verdicts_left_out: u64,
}

/// How a run is to be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Change nothing, report what would change.
    pub dry_run: bool,
    /// Somebody has looked: remove what is gone, however much that is, and run though the portal is paused.
    pub release: bool,
    /// Read the delivery even when it is the one of the last good run.
    pub again: bool,
}

/// What is delivered, when not what the registration says.
#[derive(Debug, Clone)]
pub enum Source {
    /// As registered.
    Registered,
    /// By another connector: a folder or an address.
    Connector(Box<Connector>),
    /// One XZuFi file, a part of the stock.
    File(PathBuf),
    /// These pages of the registered site alone, because they are said to have changed.
    Pages(Vec<Url>),
    /// Files that somebody handed in, in this order and applied together; each thing in them gets a verdict.
    Delivery {
        /// The files.
        files: Vec<Delivered>,
        /// Whether they are all of the portal's stock.
        coverage: Coverage,
    },
}

/// Where the store and the index are, and how deliveries are fetched.
pub struct Setup {
    /// `sqlite://PATH`
    pub store_url: String,
    /// The folder of the index.
    pub index_dir: PathBuf,
    /// Where fetched files are kept between runs.
    pub spool_dir: PathBuf,
    /// The registered portals.
    pub portals: Vec<Portal>,
    /// Fetches.
    pub fetcher: Fetcher,
    /// Where runs are counted.
    pub metrics: Metrics,
    /// How far portals can be restored.
    pub journal: Journal,
}

/// How the last run of a portal ended, and whether it is paused.
type Waits = HashMap<PortalId, (Option<LastRun>, Option<Pause>)>;

/// The one that writes: runs and the index.
pub struct Indexer {
    store: Store,
    writer: Mutex<index::Writer>,
    catalog: Catalog,
    portals: Arc<ArcSwap<Vec<Portal>>>,
    fetcher: Fetcher,
    spool_dir: PathBuf,
    metrics: Metrics,
    journal: Journal,
    board: Board,
    /// What is known of portals that ran; what changes it takes it out.
    waits: std::sync::Mutex<Waits>,
    /// Where a rehearsal stops reading.
    limits: Option<RehearsalLimits>,
    pings: Pings,
}

/// Opens the reading side alone, beside a process that writes.
pub async fn open_catalog(store_url: &str, index_dir: &Path, portals: Vec<Portal>) -> Result<Catalog, RunError> {
    let store = Store::open(store_url, Access::Read).await?;
    let current = index::open(index_dir)?;
    Ok(Catalog::new(store, current, Arc::new(ArcSwap::from_pointee(portals))))
}

/// What the Verbund knows of a portal: its live records, its last run, and what was wrong with what it delivered.
#[derive(Debug, Clone)]
pub struct KnownOf {
    /// Live records of each kind.
    pub records: HashMap<Kind, u64>,
    /// Its last runs, the last first.
    pub runs: Vec<RunRow>,
    /// The findings of the last run that read anything.
    pub findings: Vec<Finding>,
    /// Pieces that were kept and not understood, as (path, XML).
    pub fragments: Vec<(String, String)>,
    /// Records that could not be taken.
    pub quarantined: Vec<Quarantined>,
    /// When the last good run ended: all records are at least as fresh.
    pub good_at: Option<Timestamp>,
    /// The first run before which the portal can be restored.
    pub kept_from: i64,
    /// Since when and why no runs are made.
    pub paused: Option<Pause>,
    /// The run that waits for somebody.
    pub held: Option<Held>,
}

async fn known_of(store: &Store, portal: &PortalId) -> Result<KnownOf, RunError> {
    let state = store.portal_state(portal).await?;
    Ok(KnownOf {
        quarantined: store.quarantined(portal).await?,
        held: store.held(portal).await?,
        good_at: state.good_at,
        kept_from: state.kept_from,
        paused: state.paused,
        records: store.counts(portal).await?,
        runs: store.runs(portal, 20).await?,
        findings: store.findings(portal).await?,
        fragments: store.fragments(portal).await?,
    })
}

/// Bytes that the states before of a portal take in the store.
pub async fn journal_bytes_in(store_url: &str, portal: &PortalId) -> Result<u64, RunError> {
    Ok(Store::open(store_url, Access::Read).await?.journal_bytes(portal).await?)
}

/// When the next run of a portal is due and why, beside a process that writes.
pub async fn next_run_in(store_url: &str, portal: &Portal) -> Result<NextRun, RunError> {
    let store = Store::open(store_url, Access::Read).await?;
    let (last, pause) = waits_of(&store, &portal.id).await?;
    Ok(schedule::next_run(portal, last, pause.as_ref()))
}

async fn waits_of(store: &Store, portal: &PortalId) -> Result<(Option<LastRun>, Option<Pause>), RunError> {
    let runs = store.runs(portal, 20).await?;
    let failed = |run: &&RunRow| matches!(run.outcome.as_str(), "failed" | "held" | "broken_off");
    let failures = runs.iter().take_while(failed).count() as u32;
    let last = runs.first().map(|last| LastRun { ended: last.ended, failures });
    Ok((last, store.portal_state(portal).await?.paused))
}

/// The same beside a process that writes.
pub async fn known_in(store_url: &str, portal: &PortalId) -> Result<KnownOf, RunError> {
    let store = Store::open(store_url, Access::Read).await?;
    known_of(&store, portal).await
}

impl Indexer {
    /// Opens store and index for writing, making them when they are new; the index catches up with the store.
    pub async fn open(setup: Setup) -> Result<Self, RunError> {
        let store = Store::open(&setup.store_url, Access::Write).await?;
        let mut writer = index::Writer::open(&setup.index_dir, &store).await?;
        writer.catch_up(&store).await?;
        let Setup { spool_dir, portals, fetcher, metrics, journal, .. } = setup;
        metrics.followed(true);
        let portals = Arc::new(ArcSwap::from_pointee(portals));
        let catalog = Catalog::new(store.beside(), writer.current(), Arc::clone(&portals));
        let writer = Mutex::new(writer);
        let (board, waits, limits) = (Board::default(), std::sync::Mutex::default(), None);
        let pings = Pings::default();
        Ok(Self { store, writer, catalog, portals, fetcher, spool_dir, metrics, journal, board, waits, limits, pings })
    }

    /// Pages that are said to have changed.
    pub fn pings(&self) -> &Pings {
        &self.pings
    }

    /// The reading side of this process.
    pub fn catalog(&self) -> Catalog {
        self.catalog.clone()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn registered(&self) -> Arc<Vec<Portal>> {
        self.portals.load_full()
    }

    pub(crate) fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Takes a changed registry.
    pub fn set_portals(&self, portals: Vec<Portal>) {
        self.metrics.keep_only(&portals);
        self.portals.store(Arc::new(portals));
    }

    /// Shows in the metrics what is known of every registered portal from runs before this process began. Reads once
    /// through the keys of all records; the runs go on meanwhile.
    pub async fn survey(&self) -> Result<(), RunError> {
        for portal in self.portals.load_full().iter() {
            if let Some(last) = self.store.runs(&portal.id, 1).await?.first() {
                self.metrics.ran(&portal.id, &last.outcome, last.ended);
                self.show(&portal.id).await?;
            }
        }
        Ok(())
    }

    /// Shows in the metrics what the store holds of a portal.
    async fn show(&self, portal: &PortalId) -> Result<(), RunError> {
        let good_at = self.store.portal_state(portal).await?.good_at;
        let findings = self.store.finding_count(portal).await?;
        self.metrics.holds(portal, good_at, &self.store.counts(portal).await?, findings);
        Ok(())
    }

    /// Lets the index follow the store; true when anything was new.
    pub async fn follow(&self) -> Result<bool, RunError> {
        let renewing = self.catalog.renewing();
        let followed = self.writer.lock().await.catch_up(&self.store).await;
        self.metrics.followed(followed.is_ok());
        let followed = followed?;
        // Here, and not by whoever asks next.
        let renewed = tokio::task::spawn_blocking(move || renewing.done_if_changed()).await;
        renewed.map_err(|_| RunError::Understanding)?;
        Ok(followed)
    }

    /// When the next run of a portal is due, and why.
    pub async fn next_run(&self, portal: &Portal) -> Result<NextRun, RunError> {
        let known = self.waits().get(&portal.id).cloned();
        let (last, pause) = match known {
            Some(known) => known,
            None => {
                let found = waits_of(&self.store, &portal.id).await?;
                self.waits().insert(portal.id.clone(), found.clone());
                found
            }
        };
        Ok(schedule::next_run(portal, last, pause.as_ref()))
    }

    fn waits(&self) -> std::sync::MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the run of a portal is, for as long as it goes on; none when there is none.
    pub fn progress(&self, portal: &PortalId) -> Option<watch::Receiver<Progress>> {
        self.board.look(portal)
    }

    /// When a live record of a portal came and was last seen; none when there is none.
    pub async fn freshness(
        &self,
        portal: &PortalId,
        kind: Kind,
        id: &Identifikator,
    ) -> Result<Option<Freshness>, RunError> {
        Ok(self.store.freshness(portal, kind, id).await?)
    }

    /// Bytes that the states before of a portal take in the store.
    pub async fn journal_bytes(&self, portal: &PortalId) -> Result<u64, RunError> {
        Ok(self.store.journal_bytes(portal).await?)
    }

    /// What the Verbund knows of a portal.
    pub async fn known(&self, portal: &PortalId) -> Result<KnownOf, RunError> {
        known_of(&self.store, portal).await
    }

    /// Ends the connections to the store, those of its catalog included.
    pub async fn close(&self) {
        self.catalog.close().await;
        self.store.close().await;
    }

    /// Makes one run of `portal`. An `Err` is a fault of ours, or says that a run goes on or that the portal is paused;
    /// everything that is the portal's is in the report.
    pub async fn run(
        &self,
        portal: &Portal,
        source: &Source,
        options: RunOptions,
        cancel: &CancellationToken,
    ) -> Result<RunReport, RunError> {
        self.make_run(portal, source, options, None, cancel).await
    }

    /// The same; where `digest` is given, `options.release` is meant for a delivery with this digest alone.
    async fn make_run(
        &self,
        portal: &Portal,
        source: &Source,
        options: RunOptions,
        digest: Option<String>,
        cancel: &CancellationToken,
    ) -> Result<RunReport, RunError> {
        let started = clock::now();
        let clock = clock::monotonic();
        let (_place, teller) = self.board.begin(&portal.id, started)?;
        let state = self.store.portal_state(&portal.id).await?;
        if let (Some(pause), false, false) = (&state.paused, options.dry_run, options.release) {
            let (since, why) = (pause.since, pause.why.clone());
            return Err(RunError::Paused { portal: portal.id.clone(), since, why });
        }
        let _running = self.metrics.running();
        let mut run = Running::new(portal, options, teller, started);
        run.released = digest;
        let ended = match source {
            Source::File(path) => self.file_run(&mut run, path).await,
            Source::Delivery { files, coverage } => self.delivery_run(&mut run, files, *coverage).await,
            Source::Pages(pages) => {
                let pages = Some(pages.clone());
                self.web_run(&mut run, &portal.connector, pages, cancel).await
            }
            Source::Registered => self.connector_run(&mut run, &portal.connector, cancel).await,
            Source::Connector(connector) => self.connector_run(&mut run, connector, cancel).await,
        };
        let (outcome, applied) = match ended {
            Ok(ended) => ended,
            Err(RunError::Crawl(CrawlError::Findings(findings))) => {
                run.tally.extend(findings);
                (Outcome::Failed, run.so_far)
            }
            Err(fault) => {
                self.waits().remove(&portal.id);
                return Err(fault);
            }
        };
        let report = run.report(outcome, applied, clock.elapsed());
        if options.dry_run {
            return Ok(report);
        }
        if state.paused.is_some() && matches!(outcome, Outcome::Applied | Outcome::Unchanged) {
            self.store.pause(&portal.id, None).await?;
        }
        self.written_down(run, report).await
    }

    /// Keeps how a run ended, and removes what the journal need not keep any more.
    async fn written_down(&self, run: Running, mut report: RunReport) -> Result<RunReport, RunError> {
        let row = run.row(&report, clock::now());
        let held = run.digest.as_deref().filter(|_| report.outcome == Outcome::Held);
        let held = held.map(|digest| (digest, &report.plan));
        let number = self.store.record_run(&row, &report.findings, held).await;
        self.waits().remove(&report.portal);
        report.run = Some(number?);
        self.metrics.ended(&report, row.ended);
        self.show(&report.portal).await?;
        if matches!(report.outcome, Outcome::Applied | Outcome::Restored) {
            let days = SignedDuration::from_hours(24 * i64::from(self.journal.keep_days));
            let oldest = row.ended.saturating_sub(days).unwrap_or(Timestamp::MIN);
            self.store.thin(&report.portal, self.journal.keep_runs, oldest).await?;
        }
        Ok(report)
    }
}

/// Makes the index anew from the store.
pub async fn rebuild(store_url: &str, index_dir: &Path) -> Result<(), RunError> {
    let store = Store::open(store_url, Access::Write).await?;
    index::Writer::rebuild(index_dir, &store).await?;
    store.close().await;
    Ok(())
}

#[cfg(test)]
mod tests;

//! Runs: what one portal delivers, collected, read, applied whole, and indexed.
//!
//! Everything is fetched before anything is read, and everything is read inside one transaction: a technical fault in
//! the last file gives the whole run up, and the portal's last good state stays. A faulty record costs only itself.

mod delivery;
mod preview;
mod reading;
mod tally;
mod verdict;
mod web;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use config::clock;
use connectors::finding::Finding;
use connectors::ids::PortalId;
use connectors::registration::{Connector, Portal};
use connectors::run::{Coverage, Validators};
use connectors::xzufi::read::Envelope;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::catalog::Catalog;
use crate::crawl::pings::Pings;
use crate::crawl::schedule::LastRun;
use crate::crawl::{Blocks, CrawlError, Fetcher, Known, collect};
use crate::index::{self, IndexError};
use crate::metrics::Metrics;
use crate::normalise::Change;
use crate::record::{Kind, Object};
use crate::store::{Access, Apply, FileState, Store};
pub use crate::store::{Applied, RunRow, StoreError};
pub use delivery::{Delivered, Format};
pub use preview::{Previewed, preview};
use reading::{Input, Piece, read_all};
pub use reading::{Read, read_only};
use tally::Tally;
use verdict::Verdicts;
pub use verdict::{Fate, Verdict};

/// Changes when the normaliser would make other records of the same delivery, so that unchanged stocks are read again.
const NORMALISER: &str = "1";
/// How many pieces that were read may wait to be applied.
const WAITING: usize = 8;

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
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Applied, Self::Unchanged, Self::Held, Self::Failed, Self::Trial];

    /// The word of the store and the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Trial => "trial",
        }
    }
}

/// What one run did.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Whose run.
    pub portal: PortalId,
    /// How it ended.
    pub outcome: Outcome,
    /// What it did (or would have done), in records.
    pub applied: Applied,
    /// What was wrong, at most a thousand of each rule.
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub findings_left_out: u64,
    /// Records that were not taken.
    pub refused: u64,
    /// Bytes read.
    pub bytes: u64,
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
    /// Somebody has looked: remove what is gone, however much that is.
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
}

/// The one that writes: runs and the index.
pub struct Indexer {
    store: Store,
    writer: Mutex<index::Writer>,
    catalog: Catalog,
    portals: Arc<ArcSwap<Vec<Portal>>>,
    fetcher: Fetcher,
    spool_dir: PathBuf,
    metrics: Metrics,
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
}

async fn known_of(store: &Store, portal: &PortalId) -> Result<KnownOf, RunError> {
    Ok(KnownOf {
        records: store.counts(portal).await?,
        runs: store.runs(portal, 20).await?,
        findings: store.findings(portal).await?,
        fragments: store.fragments(portal).await?,
    })
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
        let Setup { spool_dir, portals, fetcher, metrics, .. } = setup;
        metrics.followed(true);
        let portals = Arc::new(ArcSwap::from_pointee(portals));
        let catalog = Catalog::new(store.beside(), writer.current(), Arc::clone(&portals));
        let writer = Mutex::new(writer);
        Ok(Self { store, writer, catalog, portals, fetcher, spool_dir, metrics, pings: Pings::default() })
    }

    /// Pages that are said to have changed.
    pub fn pings(&self) -> &Pings {
        &self.pings
    }

    /// The reading side of this process.
    pub fn catalog(&self) -> Catalog {
        self.catalog.clone()
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
        let followed = self.writer.lock().await.catch_up(&self.store).await;
        self.metrics.followed(followed.is_ok());
        Ok(followed?)
    }

    /// How the last run of a portal ended; none when it never ran.
    pub async fn last_run(&self, portal: &PortalId) -> Result<Option<LastRun>, RunError> {
        let runs = self.store.runs(portal, 20).await?;
        let failures = runs.iter().take_while(|run| matches!(run.outcome.as_str(), "failed" | "held")).count();
        Ok(runs.first().map(|last| LastRun { ended: last.ended, failures: failures as u32 }))
    }

    /// What the Verbund knows of a portal.
    pub async fn known(&self, portal: &PortalId) -> Result<KnownOf, RunError> {
        known_of(&self.store, portal).await
    }

    /// Ends the connections to the store.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// Makes one run of `portal`. An `Err` is a fault of ours; everything that is the portal's is in the report.
    pub async fn run(
        &self,
        portal: &Portal,
        source: &Source,
        options: RunOptions,
        cancel: &CancellationToken,
    ) -> Result<RunReport, RunError> {
        let started = clock::now();
        let clock = clock::monotonic();
        let _running = self.metrics.running();
        let mut run = Running {
            portal: portal.clone(),
            options,
            tally: Tally::default(),
            verdicts: Verdicts::default(),
            number: None,
        };
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
                (Outcome::Failed, Applied::default())
            }
            Err(fault) => return Err(fault),
        };
        let mut report = run.tally.report(&run.portal, outcome, applied, clock.elapsed());
        if matches!(outcome, Outcome::Applied | Outcome::Trial) {
            (report.verdicts, report.verdicts_left_out) = run.verdicts.with(&report.findings);
        }
        if !options.dry_run {
            let row = RunRow {
                number: run.number,
                portal: portal.id.clone(),
                started,
                ended: clock::now(),
                outcome: outcome.as_str().to_owned(),
                applied,
                refused: report.refused,
            };
            self.store.record_run(&row, &report.findings).await?;
            self.metrics.ended(&report, row.ended);
            self.show(&portal.id).await?;
        }
        Ok(report)
    }

    async fn connector_run(
        &self,
        run: &mut Running,
        connector: &Connector,
        cancel: &CancellationToken,
    ) -> Result<(Outcome, Applied), RunError> {
        match connector {
            Connector::XzufiIndex { .. } | Connector::XzufiFolder { .. } => {
                self.index_run(run, connector, cancel).await
            }
            Connector::Bereitstelldienst { .. } => self.block_run(run, connector, cancel).await,
            Connector::Web { .. } => self.web_run(run, connector, None, cancel).await,
            Connector::Push {} => Ok((Outcome::Unchanged, Applied::default())),
        }
    }

    /// The index protocol: all files, one transaction, the whole stock.
    async fn index_run(
        &self,
        run: &mut Running,
        connector: &Connector,
        cancel: &CancellationToken,
    ) -> Result<(Outcome, Applied), RunError> {
        let id = &run.portal.id;
        let known = self.store.portal_files(id).await?;
        let known: HashMap<String, Known> = known.into_iter().map(known_file).collect();
        let collected =
            collect(id, connector, &known, &self.fetcher, &self.spool_dir, cancel).await.map_err(RunError::Crawl)?;
        let digest = digest(&run.portal, &collected.fingerprint());
        let last = self.store.portal_state(id).await?.digest;
        if last.as_ref() == Some(&digest) && !run.options.again {
            return Ok((Outcome::Unchanged, Applied::default()));
        }
        let files: Vec<FileState> = collected.files.iter().map(file_state).collect();
        let documents = collected.files.iter().map(|file| Input::File(file.name.clone(), file.path.clone())).collect();
        let mut apply = self.store.begin(id).await?;
        let ended = match run.read_into(&mut apply, documents, Envelope::IndexFile).await? {
            true => {
                apply.remember_files(&files, &digest).await?;
                run.finish(&mut apply, Coverage::Whole).await?
            }
            false => (Outcome::Failed, Applied::default()),
        };
        run.end(apply, ended.0).await?;
        if ended.0 == Outcome::Applied {
            collected.settle().await.map_err(RunError::Crawl)?;
        }
        Ok(ended)
    }

    /// The Bereitstelldienst: one transaction per block, with its cursor.
    async fn block_run(
        &self,
        run: &mut Running,
        connector: &Connector,
        cancel: &CancellationToken,
    ) -> Result<(Outcome, Applied), RunError> {
        let id = run.portal.id.clone();
        let cursor = self.store.portal_state(&id).await?.cursor;
        let mut blocks = Blocks::open(connector, cursor, &self.fetcher, cancel).await.map_err(RunError::Crawl)?;
        let mut sum = Applied::default();
        while let Some(message) = blocks.next_block().await.map_err(RunError::Crawl)? {
            let mut apply = self.store.begin(&id).await?;
            let input = Input::Text(message.from.to_string(), message.xml);
            if !run.read_into(&mut apply, vec![input], Envelope::Bereitstelldienst).await? {
                apply.roll_back().await?;
                return Ok((Outcome::Failed, sum));
            }
            let (outcome, applied) = run.finish(&mut apply, Coverage::Part).await?;
            apply.remember_cursor(&message.cursor).await?;
            run.end(apply, outcome).await?;
            sum = sum + applied;
            if run.options.dry_run {
                // A trial keeps no cursor, so that the next block would be read on top of nothing.
                return Ok((Outcome::Trial, sum));
            }
        }
        Ok((Outcome::Applied, sum))
    }

    async fn file_run(&self, run: &mut Running, path: &Path) -> Result<(Outcome, Applied), RunError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut apply = self.store.begin(&run.portal.id).await?;
        let input = Input::File(name, path.to_owned());
        let ended = match run.read_into(&mut apply, vec![input], Envelope::IndexFile).await? {
            true => run.finish(&mut apply, Coverage::Part).await?,
            false => (Outcome::Failed, Applied::default()),
        };
        run.end(apply, ended.0).await?;
        Ok(ended)
    }
}

/// Makes the index anew from the store.
pub async fn rebuild(store_url: &str, index_dir: &Path) -> Result<(), RunError> {
    let store = Store::open(store_url, Access::Write).await?;
    index::Writer::rebuild(index_dir, &store).await?;
    store.close().await;
    Ok(())
}

/// A run on its way.
struct Running {
    portal: Portal,
    options: RunOptions,
    tally: Tally,
    verdicts: Verdicts,
    number: Option<i64>,
}

impl Running {
    /// Reads the inputs on a thread of their own and applies what they say as it comes; false when a technical fault
    /// ended the reading.
    async fn read_into(&mut self, apply: &mut Apply, inputs: Vec<Input>, envelope: Envelope) -> Result<bool, RunError> {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let portal = self.portal.clone();
        let reading = tokio::task::spawn_blocking(move || {
            read_all(&portal, inputs, envelope, &mut |piece| sender.blocking_send(piece).is_ok())
        });
        while let Some(read) = receiver.recv().await {
            match read {
                Piece::Changes { file, changes } => {
                    for (line, change) in changes {
                        self.judged(apply, &file, line, change).await?;
                    }
                }
                Piece::Findings(findings) => self.tally.extend(findings),
                Piece::Bytes(bytes) => self.tally.bytes += bytes,
            }
        }
        match reading.await.map_err(|_| RunError::Lost(self.portal.id.clone()))?? {
            None => Ok(true),
            Some(fault) => {
                self.tally.extend(vec![fault]);
                Ok(false)
            }
        }
    }

    async fn apply_one(&mut self, apply: &mut Apply, file: &str, change: Change) -> Result<(), StoreError> {
        match change {
            Change::Write(record) => {
                apply.count_fragments(fragments(&record.object));
                apply.write(&record).await
            }
            Change::Delete { kind, id } => apply.delete(kind, &id).await,
            Change::Clear { kind, ids } => apply.clear(kind, &ids).await,
            Change::Keep(fragment) => apply.keep(file, &fragment).await,
        }
    }

    async fn finish(&mut self, apply: &mut Apply, coverage: Coverage) -> Result<(Outcome, Applied), StoreError> {
        let guard = (!self.options.release).then_some(&self.portal.guard);
        match apply.finish(coverage, guard).await? {
            Ok((applied, findings)) => {
                self.tally.extend(findings);
                Ok((if self.options.dry_run { Outcome::Trial } else { Outcome::Applied }, applied))
            }
            Err(held) => {
                self.tally.extend(vec![held]);
                Ok((Outcome::Held, Applied::default()))
            }
        }
    }

    async fn end(&mut self, apply: Apply, outcome: Outcome) -> Result<(), StoreError> {
        if outcome != Outcome::Applied {
            return apply.roll_back().await;
        }
        self.number = Some(apply.run());
        apply.commit(clock::now()).await
    }
}

fn fragments(object: &Object) -> usize {
    match object {
        Object::Leistung(record) => record.fragments.len(),
        Object::Spezialisierung(record) => record.fragments.len(),
        Object::Organisationseinheit(record) => record.fragments.len(),
        Object::Onlinedienst(record) => record.fragments.len(),
        Object::Formular(record) => record.fragments.len(),
        Object::Zustaendigkeit(record) => record.fragments.len(),
    }
}

fn known_file(file: FileState) -> (String, Known) {
    let validators = Validators { etag: file.etag, last_modified: file.last_modified };
    (file.name, Known { sha256: file.sha256, validators })
}

fn file_state(file: &crate::crawl::CollectedFile) -> FileState {
    FileState {
        name: file.name.clone(),
        sha256: file.sha256.clone(),
        etag: file.validators.etag.clone(),
        last_modified: file.validators.last_modified.clone(),
    }
}

/// What decides whether the same delivery would make the same records: its bytes, the registration, and the program.
fn digest(portal: &Portal, files: &str) -> String {
    let registered = format!("{NORMALISER} {} {:?} {:?} {files}", portal.gebiet, portal.agency, portal.hosts);
    Sha256::digest(registered.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;

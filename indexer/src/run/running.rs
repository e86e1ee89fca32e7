//! One run on its way: collected, read, applied, by the kind of its connector.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use connectors::registration::{Connector, Portal};
use connectors::run::{Coverage, Cursor, FimRun, FimSource, Validators};
use connectors::xzufi::read::Envelope;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::reading::{Input, Piece, read_all};
use super::verdict::Verdicts;
use super::{Applied, Indexer, Outcome, Phase, Plan, RehearsalLimits, RunError, RunOptions, RunReport, RunRow};
use super::{StoreError, Tally, Teller, clock};
use crate::crawl::{Blocks, Known, collect, collect_fim};
use crate::normalise::Change;
use crate::record::Object;
use crate::store::{Apply, FileState};

/// Changes when the normaliser would make other records of the same delivery, so that unchanged stocks are read again.
const NORMALISER: &str = "1";
/// How many pieces that were read may wait to be applied.
const WAITING: usize = 8;

/// A run on its way.
pub(super) struct Running {
    pub(super) portal: Portal,
    pub(super) options: RunOptions,
    pub(super) tally: Tally,
    pub(super) verdicts: Verdicts,
    teller: Teller,
    started: Timestamp,
    number: Option<i64>,
    /// What the run has read, where that is the whole stock.
    pub(super) digest: Option<String>,
    /// The only delivery that may pass the guard.
    pub(super) released: Option<String>,
    /// What the blocks did that are applied already.
    pub(super) so_far: Applied,
    plan: Plan,
    cursor_before: Option<Cursor>,
    cut: bool,
}

impl Indexer {
    pub(super) async fn connector_run(
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
            Connector::Fim { url, what, whole_every_s, .. } => {
                let source = FimSource { url: url.clone(), what: what.clone(), whole_every_s: whole_every_s.get() };
                self.fim_run(run, source, cancel).await
            }
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
        let teller = &mut run.teller;
        let told = |done, total| teller.done(done, Some(total));
        let collected = collect(id, connector, &known, &self.fetcher, &self.spool_dir, told, cancel);
        let collected = collected.await.map_err(RunError::Crawl)?;
        let digest = digest(&run.portal, &collected.fingerprint());
        let last = self.store.portal_state(id).await?.digest;
        if last.as_ref() == Some(&digest) && !run.options.again {
            return Ok((Outcome::Unchanged, Applied::default()));
        }
        if run.released.as_ref().is_some_and(|released| *released != digest) {
            // Somebody looked at another delivery; this one has to be looked at again.
            run.options.release = false;
        }
        let files: Vec<FileState> = collected.files.iter().map(file_state).collect();
        run.teller.phase(Phase::Applying, Some(collected.files.iter().map(|file| file.bytes).sum()));
        let documents = collected.files.iter().map(|file| Input::File(file.name.clone(), file.path.clone())).collect();
        let mut apply = self.store.begin(id).await?;
        apply.keep_plan();
        let ended = match run.read_into(&mut apply, documents, Envelope::IndexFile, self.limits).await? {
            true => {
                apply.remember_files(&files, &digest).await?;
                run.finish(&mut apply, Coverage::Whole).await?
            }
            false => (Outcome::Failed, Applied::default()),
        };
        run.digest = Some(digest);
        run.end(apply, ended.0).await?;
        if ended.0 == Outcome::Applied {
            collected.settle().await.map_err(RunError::Crawl)?;
        }
        Ok(ended)
    }

    /// A FIM portal: all objects or those that changed, in one transaction with the cursor of the next run.
    async fn fim_run(
        &self,
        run: &mut Running,
        source: FimSource,
        cancel: &CancellationToken,
    ) -> Result<(Outcome, Applied), RunError> {
        let id = &run.portal.id;
        let state = self.store.portal_state(id).await?;
        let known = self.store.portal_files(id).await?;
        let known: HashMap<String, Known> = known.into_iter().map(known_file).collect();
        // Whoever wants all read again wants what is gone to go as well, and so does a released run, which was held as one.
        let cursor = state.cursor.clone().filter(|_| !run.options.again && !run.options.release);
        let fim = FimRun::new(source, cursor, run.started, self.fetcher.limits());
        let teller = &mut run.teller;
        let told = |done, total| teller.done(done, Some(total));
        let collected = collect_fim(id, fim, &known, &self.fetcher, &self.spool_dir, told, cancel);
        let collected = collected.await.map_err(RunError::Crawl)?;
        run.cursor_before = state.cursor;
        let digest = digest(&run.portal, &collected.fingerprint());
        if run.released.as_ref().is_some_and(|released| *released != digest) {
            // Somebody looked at another delivery; this one has to be looked at again.
            run.options.release = false;
        }
        let files: Vec<FileState> = collected.files.iter().map(file_state).collect();
        run.teller.phase(Phase::Applying, Some(collected.files.iter().map(|file| file.bytes).sum()));
        let documents = collected.files.iter().map(|file| Input::File(file.name.clone(), file.path.clone())).collect();
        let mut apply = self.store.begin(id).await?;
        apply.keep_plan();
        let ended = match run.read_into(&mut apply, documents, Envelope::Object, self.limits).await? {
            true => {
                if collected.coverage == Coverage::Whole {
                    apply.remember_files(&files, &digest).await?;
                }
                if let Some(cursor) = &collected.cursor {
                    apply.remember_cursor(cursor).await?;
                }
                run.finish(&mut apply, collected.coverage).await?
            }
            false => (Outcome::Failed, Applied::default()),
        };
        run.digest = Some(digest);
        run.end(apply, ended.0).await?;
        // What only changed is fetched again by the next whole run; until then the files of the last one are of use.
        if ended.0 == Outcome::Applied && collected.coverage == Coverage::Whole {
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
        run.cursor_before = self.store.portal_state(&id).await?.cursor;
        let mut blocks =
            Blocks::open(connector, run.cursor_before.clone(), &self.fetcher, cancel).await.map_err(RunError::Crawl)?;
        run.teller.phase(Phase::Applying, None);
        let mut done = 0;
        while let Some(message) = blocks.next_block().await.map_err(RunError::Crawl)? {
            let mut apply = self.store.begin_block(&id, run.number).await?;
            if run.options.dry_run || self.limits.is_some() {
                apply.keep_plan();
            }
            let input = Input::Text(message.from.to_string(), message.xml);
            if !run.read_into(&mut apply, vec![input], Envelope::Bereitstelldienst, self.limits).await? {
                apply.roll_back().await?;
                return Ok((Outcome::Failed, run.so_far));
            }
            let (outcome, applied) = run.finish(&mut apply, Coverage::Part).await?;
            run.so_far = run.so_far + applied;
            apply.remember_cursor(&message.cursor).await?;
            if outcome == Outcome::Applied {
                apply.remember_run(&run.broken_off(clock::now())).await?;
            }
            run.end(apply, outcome).await?;
            done += 1;
            run.teller.done(done, None);
            if run.options.dry_run || run.cut {
                // A trial keeps no cursor, so that the next block would be read on top of nothing.
                return Ok((outcome, run.so_far));
            }
        }
        Ok((Outcome::Applied, run.so_far))
    }

    pub(super) async fn file_run(&self, run: &mut Running, path: &Path) -> Result<(Outcome, Applied), RunError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        run.teller.phase(Phase::Applying, std::fs::metadata(path).ok().map(|found| found.len()));
        let mut apply = self.store.begin(&run.portal.id).await?;
        apply.keep_plan();
        let input = Input::File(name, path.to_owned());
        let ended = match run.read_into(&mut apply, vec![input], Envelope::IndexFile, self.limits).await? {
            true => run.finish(&mut apply, Coverage::Part).await?,
            false => (Outcome::Failed, Applied::default()),
        };
        run.end(apply, ended.0).await?;
        Ok(ended)
    }
}

impl Running {
    pub(super) fn new(portal: &Portal, options: RunOptions, teller: Teller, started: Timestamp) -> Self {
        Self {
            portal: portal.clone(),
            options,
            tally: Tally::default(),
            verdicts: Verdicts::default(),
            teller,
            started,
            number: None,
            digest: None,
            released: None,
            so_far: Applied::default(),
            plan: Plan::default(),
            cursor_before: None,
            cut: false,
        }
    }

    /// What came of it.
    pub(super) fn report(&mut self, outcome: Outcome, applied: Applied, duration: Duration) -> RunReport {
        let plan = std::mem::take(&mut self.plan);
        let report = self.tally.report(&self.portal, outcome, applied, duration);
        let verdicts = std::mem::take(&mut self.verdicts);
        let (verdicts, verdicts_left_out) = match outcome {
            Outcome::Applied | Outcome::Trial => verdicts.with(&report.findings),
            _ => (Vec::new(), 0),
        };
        RunReport { run: self.number, plan, cut: self.cut, verdicts, verdicts_left_out, ..report }
    }

    /// The row that is kept of it.
    pub(super) fn row(&self, report: &RunReport, ended: Timestamp) -> RunRow {
        RunRow {
            outcome: report.outcome.as_str().to_owned(),
            applied: report.applied,
            refused: report.refused,
            ..self.broken_off(ended)
        }
    }

    /// The row of a run that nobody ends.
    fn broken_off(&self, at: Timestamp) -> RunRow {
        RunRow {
            number: self.number,
            portal: self.portal.id.clone(),
            started: self.started,
            ended: at,
            outcome: "broken_off".into(),
            applied: self.so_far,
            refused: self.tally.refused(),
            cursor_before: self.cursor_before.clone(),
        }
    }

    /// Reads the inputs on a thread of their own and applies what they say as it comes; false when a technical fault
    /// ended the reading.
    pub(super) async fn read_into(
        &mut self,
        apply: &mut Apply,
        inputs: Vec<Input>,
        envelope: Envelope,
        limits: Option<RehearsalLimits>,
    ) -> Result<bool, RunError> {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let portal = self.portal.clone();
        let reading = tokio::task::spawn_blocking(move || {
            read_all(&portal, inputs, envelope, &mut |piece| sender.blocking_send(piece).is_ok())
        });
        while let Some(read) = receiver.recv().await {
            match read {
                Piece::Changes { file, changes, at } => {
                    let count = changes.len() as u64;
                    for (line, change) in changes {
                        self.judged(apply, &file, line, change).await?;
                    }
                    self.tell(count, at);
                }
                Piece::Findings(findings) => self.tally.extend(findings),
                Piece::Bytes(bytes) => self.tally.bytes += bytes,
            }
            let (records, bytes) = self.teller.so_far();
            if limits.is_some_and(|limits| records >= limits.max_records || bytes >= limits.max_bytes) {
                self.cut = true;
                break;
            }
        }
        // Whoever still reads stops; what it has read and not handed over is not wanted.
        drop(receiver);
        match reading.await.map_err(|_| RunError::Lost(self.portal.id.clone()))?? {
            None => Ok(true),
            Some(fault) => {
                self.tally.extend(vec![fault]);
                Ok(false)
            }
        }
    }

    /// Tells that more entries were read, `at` so many bytes of the input that is being read.
    fn tell(&mut self, records: u64, at: u64) {
        let bytes = self.tally.bytes + at;
        self.teller.read(records, bytes);
        if self.number.is_none() {
            self.teller.done(bytes, None);
        }
    }

    pub(super) async fn apply_one(&mut self, apply: &mut Apply, file: &str, change: Change) -> Result<(), StoreError> {
        match change {
            Change::Write(record) => {
                apply.count_fragments(fragments(&record.object));
                apply.write(&record).await
            }
            Change::Delete { kind, id } => apply.delete(kind, &id).await,
            Change::Clear { kind, ids } => apply.clear(kind, &ids).await,
            Change::Spare(kind) => {
                apply.spare(kind);
                Ok(())
            }
            Change::Keep(fragment) => apply.keep(file, &fragment).await,
            Change::Refuse(refused) => apply.refuse(&refused).await,
        }
    }

    pub(super) async fn finish(
        &mut self,
        apply: &mut Apply,
        coverage: Coverage,
    ) -> Result<(Outcome, Applied), StoreError> {
        if coverage == Coverage::Whole {
            self.teller.phase(Phase::Finishing, None);
        }
        let guard = (!self.options.release).then_some(&self.portal.guard);
        let ended = match apply.finish(coverage, guard).await? {
            Ok((applied, findings)) => {
                self.tally.extend(findings);
                (if self.options.dry_run { Outcome::Trial } else { Outcome::Applied }, applied)
            }
            Err(held) => {
                self.tally.extend(vec![held]);
                (Outcome::Held, Applied::default())
            }
        };
        self.plan.extend(apply.take_plan());
        Ok(ended)
    }

    pub(super) async fn end(&mut self, apply: Apply, outcome: Outcome) -> Result<(), StoreError> {
        if outcome != Outcome::Applied {
            return apply.roll_back().await;
        }
        let number = apply.run();
        apply.commit(clock::now()).await?;
        self.number = Some(number);
        Ok(())
    }

    /// Something else begins.
    pub(super) fn phase(&mut self, phase: Phase) {
        self.teller.phase(phase, None);
    }

    /// Takes over what was done without reading anything.
    pub(super) async fn keep(&mut self, mut apply: Apply, commit: bool) -> Result<(), StoreError> {
        self.plan.extend(apply.take_plan());
        self.end(apply, if commit { Outcome::Applied } else { Outcome::Trial }).await
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

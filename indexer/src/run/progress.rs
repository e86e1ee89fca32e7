//! How far a run is: what whoever waits for it can see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use config::clock;
use connectors::ids::PortalId;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use super::RunError;

/// Between two looks at a run nothing is told that changes faster.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It waits for its turn or fetches; counted in files.
    Collecting,
    /// It reads and applies; counted in bytes, of a Bereitstelldienst in blocks.
    Applying,
    /// It works out what follows, and commits.
    Finishing,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Progress {
    /// When the run began.
    pub since: Timestamp,
    /// What it is doing.
    pub phase: Phase,
    /// What of that is done: files, bytes or blocks.
    pub done: u64,
    /// Of how many, where that is known.
    pub total: Option<u64>,
    /// Entries read so far.
    pub records: u64,
    /// Bytes read so far.
    pub bytes: u64,
    /// Entries in a second of this phase, once one has passed.
    pub rate: Option<f64>,
    /// Seconds until the phase ends, where that can be told.
    pub left_s: Option<u64>,
}

/// What a run tells of itself while it goes on.
#[derive(Debug)]
pub(super) struct Teller {
    state: watch::Sender<Progress>,
    now: Progress,
    phase_began: Instant,
    records_then: u64,
    told: Instant,
}

impl Teller {
    /// Something else begins, of which `total` is to be done.
    pub(super) fn phase(&mut self, phase: Phase, total: Option<u64>) {
        let (records, bytes) = (self.now.records, self.now.bytes);
        self.now = Progress { since: self.now.since, phase, done: 0, total, records, bytes, rate: None, left_s: None };
        (self.phase_began, self.records_then) = (clock::monotonic(), records);
        self.tell();
    }

    /// So much is done, of so much where that is known.
    pub(super) fn done(&mut self, done: u64, total: Option<u64>) {
        self.now.done = done;
        self.now.total = total.or(self.now.total);
        self.tell_sometimes();
    }

    /// More entries were read, and so many bytes in all.
    pub(super) fn read(&mut self, records: u64, bytes: u64) {
        self.now.records += records;
        self.now.bytes = bytes;
        self.tell_sometimes();
    }

    /// Entries and bytes read so far.
    pub(super) fn so_far(&self) -> (u64, u64) {
        (self.now.records, self.now.bytes)
    }

    fn tell_sometimes(&mut self) {
        if self.told.elapsed() >= TOLD_EVERY {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let seconds = self.phase_began.elapsed().as_secs_f64();
        if seconds >= 1.0 {
            self.now.rate = Some((self.now.records - self.records_then) as f64 / seconds);
            let left = |total: u64| seconds / self.now.done as f64 * total.saturating_sub(self.now.done) as f64;
            self.now.left_s = self.now.total.filter(|_| self.now.done > 0).map(|total| left(total).round() as u64);
        }
        self.state.send_replace(self.now.clone());
        self.told = clock::monotonic();
    }
}

/// The runs that go on: of each portal one at most.
#[derive(Debug, Clone, Default)]
pub(super) struct Board(Arc<Mutex<BTreeMap<PortalId, watch::Receiver<Progress>>>>);

/// The right to make the one run of a portal, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    board: Board,
    portal: PortalId,
}

impl Board {
    /// Begins a run; fails when one of this portal goes on already.
    pub(super) fn begin(&self, portal: &PortalId, since: Timestamp) -> Result<(Place, Teller), RunError> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = runs.get(portal) {
            return Err(RunError::Running { portal: portal.clone(), since: running.borrow().since });
        }
        let now = Progress {
            since,
            phase: Phase::Collecting,
            done: 0,
            total: None,
            records: 0,
            bytes: 0,
            rate: None,
            left_s: None,
        };
        let (state, seen) = watch::channel(now.clone());
        runs.insert(portal.clone(), seen);
        let began = clock::monotonic();
        let teller = Teller { state, now, phase_began: began, records_then: 0, told: began };
        Ok((Place { board: self.clone(), portal: portal.clone() }, teller))
    }

    /// How far the run of a portal is; it ends with the sender. None when none goes on.
    pub(super) fn look(&self, portal: &PortalId) -> Option<watch::Receiver<Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(portal).cloned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.board.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.portal);
    }
}

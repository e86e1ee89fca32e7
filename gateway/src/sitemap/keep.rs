//! The task that follows the change numbers and makes a new generation of the lists when there is something new.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use config::clock;
use indexer::catalog::Catalog;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::build::Site;
use super::generation::Lock;
use super::{Asker, BuildError, Sitemaps};
use crate::announce::Announcer;
use crate::metrics::Metrics;

/// How often is looked whether something is new, and whether another process made a list.
const LOOK: Duration = Duration::from_secs(1);
/// How long after a fault it is tried again.
const AGAIN: Duration = Duration::from_secs(30);
/// A list is made once nothing has changed for this long, or for the shortest time between two lists where that is less.
const SETTLED: Duration = Duration::from_secs(10);
/// A change waits at most so many times the shortest time between two lists.
const PATIENCE: u32 = 10;

/// What keeps the lists.
#[derive(Clone)]
pub struct Keeper {
    /// What is served.
    pub sitemaps: Arc<Sitemaps>,
    /// What there is.
    pub catalog: Catalog,
    /// All pages, as they are served.
    pub pages: Router,
    /// Who is told of changes.
    pub announcer: Option<Arc<Announcer>>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Shortest time between two beginnings.
    pub every: Duration,
}

/// What a list was made of: as long as it is the same, so is the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    change_no: i64,
    generation: u64,
    registered: u64,
}

/// Whether what changed has settled. While portals are collected, every list would be old at once, and would take from
/// citizens' answers the processor time that the runs leave.
#[derive(Debug)]
struct Settling {
    every: Duration,
    /// What was seen last, since when, and since when something differs from the list.
    seen: Option<(State, Instant, Instant)>,
}

impl Settling {
    fn new(every: Duration) -> Self {
        Self { every, seen: None }
    }

    /// True when a list of `state` should be made now.
    fn is_due(&mut self, state: State, made: Option<State>, now: Instant) -> bool {
        if made == Some(state) {
            self.seen = None;
            return false;
        }
        let (changed, differs) = match self.seen {
            None => (now, now),
            Some((seen, changed, differs)) => (if seen == state { changed } else { now }, differs),
        };
        self.seen = Some((state, changed, differs));
        now - changed >= SETTLED.min(self.every) || now - differs >= self.every * PATIENCE
    }
}

/// Keeps the lists until `stop`.
pub async fn keep(keeper: Keeper, stop: CancellationToken) {
    let keeper = Arc::new(keeper);
    let (mut lock, mut made, mut next) = (None, None, Instant::now());
    let mut settling = Settling::new(keeper.every);
    while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        if lock.is_none() {
            lock = keeper.own().await;
            if lock.is_none() {
                continue;
            }
        }
        let Some(state) = keeper.state().await else { continue };
        let began = Instant::now();
        if !settling.is_due(state, made, began) || began < next {
            continue;
        }
        next = began + keeper.every;
        let (working, ending, runtime) = (Arc::clone(&keeper), stop.clone(), Handle::current());
        // What was made before this process began is of other pages, perhaps: the first time, all are looked at.
        let whole = made.is_none();
        let built = tokio::task::spawn_blocking(move || working.make(whole, clock::now(), &runtime, &ending)).await;
        match built {
            Ok(Ok(())) => made = Some(state),
            Ok(Err(BuildError::Stopped)) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the lists of pages stay as they are; it is tried again");
                keeper.metrics.engines.failed();
                next = next.max(Instant::now() + AGAIN);
            }
            Err(error) => {
                tracing::error!(%error, "the making of the lists of pages ended by a panic");
                keeper.metrics.engines.failed();
                next = next.max(Instant::now() + AGAIN);
            }
        }
    }
}

impl Keeper {
    /// The right to make lists; where another process has it, its lists are taken.
    async fn own(self: &Arc<Self>) -> Option<Lock> {
        let keeper = Arc::clone(self);
        let taken = tokio::task::spawn_blocking(move || {
            let lock = Lock::take(&keeper.sitemaps.folder);
            if let (Ok(Some(_)), Some(announcer)) = (&lock, &keeper.announcer) {
                announcer.begin()?;
            }
            keeper.sitemaps.reread().map_err(|error| tracing::error!(%error, "the lists of pages cannot be read")).ok();
            lock
        });
        match taken.await {
            Ok(Ok(lock)) => lock,
            Ok(Err(error)) => {
                tracing::error!(%error, "the folder of the lists of pages cannot be used");
                None
            }
            Err(_) => None,
        }
    }

    /// What a list would be made of; none while the index does not follow the store yet.
    async fn state(&self) -> Option<State> {
        match self.catalog.change_no().await {
            Ok(change_no) => (self.catalog.indexed() >= change_no).then(|| State {
                change_no,
                generation: self.catalog.generation(),
                registered: self.catalog.registered(),
            }),
            Err(error) => {
                tracing::error!(%error, "cannot see whether pages have changed");
                None
            }
        }
    }

    fn make(&self, whole: bool, now: Timestamp, runtime: &Handle, stop: &CancellationToken) -> Result<(), BuildError> {
        let began = std::time::Instant::now();
        let asker = Asker::new(self.pages.clone(), self.sitemaps.base.clone());
        let site = Site {
            folder: &self.sitemaps.folder,
            base: &self.sitemaps.base,
            catalog: &self.catalog,
            asker: &asker,
            runtime,
            stop,
        };
        let before = self.sitemaps.generation();
        let built = site.build(before.as_ref(), whole, now, |changes| match &self.announcer {
            Some(announcer) => announcer.take(changes, now),
            None => Ok(()),
        })?;
        let mut all = super::Told::default();
        for (kind, told) in &built.told {
            self.metrics.engines.pages(*kind, told.pages);
            all.pages += told.pages;
            all.new += told.new;
            all.changed += told.changed;
            all.gone += told.gone;
        }
        let took = began.elapsed();
        self.metrics.engines.made(now, took);
        tracing::info!(
            pages = all.pages,
            new = all.new,
            changed = all.changed,
            gone = all.gone,
            files = built.generation.manifest.parts.len(),
            change_no = built.generation.manifest.change_no,
            duration_ms = took.as_millis() as u64,
            "lists of pages made"
        );
        self.sitemaps.serve(built.generation);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_waits_until_changes_have_settled_and_not_for_ever() {
        let state = |change_no| State { change_no, generation: 1, registered: 1 };
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut settling = Settling::new(Duration::from_secs(60));
        assert!(!settling.is_due(state(1), None, at(0)));
        assert!(!settling.is_due(state(1), None, at(9)));
        assert!(!settling.is_due(state(2), None, at(10)), "changed again");
        assert!(!settling.is_due(state(2), None, at(19)));
        assert!(settling.is_due(state(2), None, at(20)));
        assert!(settling.is_due(state(2), None, at(21)), "until it is made");
        assert!(!settling.is_due(state(2), Some(state(2)), at(22)));
        assert!(!settling.is_due(state(2), Some(state(2)), at(100)));
        // Portals that never stop.
        for second in 0..600 {
            let no = 3 + i64::try_from(second).unwrap();
            assert!(!settling.is_due(state(no), Some(state(2)), at(101 + second)), "{second}");
        }
        assert!(settling.is_due(state(700), Some(state(2)), at(701)));
        // Lists that may follow each other at once.
        let mut settling = Settling::new(Duration::from_secs(1));
        assert!(!settling.is_due(state(1), None, at(0)));
        assert!(settling.is_due(state(1), None, at(1)));
    }
}

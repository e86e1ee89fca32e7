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

/// Keeps the lists until `stop`.
pub async fn keep(keeper: Keeper, stop: CancellationToken) {
    let keeper = Arc::new(keeper);
    let (mut lock, mut made, mut next) = (None, None, Instant::now());
    while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        if lock.is_none() {
            lock = keeper.own().await;
            if lock.is_none() {
                continue;
            }
        }
        if Instant::now() < next {
            continue;
        }
        let state = match keeper.state().await {
            Some(state) if made != Some(state) => state,
            _ => continue,
        };
        let began = Instant::now();
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

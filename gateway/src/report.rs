//! The Prüfbericht: what the Verbund knows of a place, for its editors; as a page, a table, JSON, and on the command line.
//!
//! Everybody may read it: it says nothing that the pages for citizens do not show as well. A report takes a second of a
//! processor, so one is made at a time, and kept for a minute for all who ask.

mod all;
pub(crate) mod api;
mod page;
mod table;
mod wire;
pub(crate) mod words;

use std::sync::Arc;
use std::time::Duration;

use config::clock;
use connectors::gebiet::Ars;
use indexer::catalog::report::{Coverage, Entry, Everywhere, Report};
use indexer::catalog::{Catalog, CatalogError};
use moka::sync::Cache;
use tokio::sync::Semaphore;

pub(crate) use all::{EverywhereResponse, csv as csv_everywhere, plain as plain_everywhere};
pub(crate) use page::{choose, show};
pub(crate) use table::csv;
pub(crate) use wire::ReportResponse;

/// How long a report is kept.
const KEPT: Duration = Duration::from_secs(60);
/// How many are kept; each has some megabytes.
const KEPT_MAX: u64 = 16;
/// How many Leistungen are named as those whose mending helps most.
pub(crate) const MOST_HELPFUL: usize = 3;

/// How long the coverage of all towns is kept: it takes some seconds, and changes little by little.
const EVERYWHERE_KEPT: Duration = Duration::from_secs(600);

/// The reports of the last minute, and the one that is being made.
pub struct Reports {
    kept: Cache<Ars, Arc<Report>>,
    everywhere: Cache<(), Arc<Everywhere>>,
    making: Semaphore,
}

impl Default for Reports {
    fn default() -> Self {
        let kept = Cache::builder().max_capacity(KEPT_MAX).time_to_live(KEPT).build();
        let everywhere = Cache::builder().max_capacity(1).time_to_live(EVERYWHERE_KEPT).build();
        Self { kept, everywhere, making: Semaphore::new(1) }
    }
}

impl Reports {
    /// The report of a place, at most a minute old; none for a place that is not known.
    pub async fn of(&self, catalog: &Catalog, ars: Ars) -> Result<Option<Arc<Report>>, CatalogError> {
        if let Some(kept) = self.kept.get(&ars) {
            return Ok(Some(kept));
        }
        // Never closed; whoever waited finds what another one made.
        let _making = self.making.acquire().await;
        if let Some(kept) = self.kept.get(&ars) {
            return Ok(Some(kept));
        }
        let made = catalog.report(ars, clock::now()).await?.map(Arc::new);
        if let Some(report) = &made {
            self.kept.insert(ars, Arc::clone(report));
        }
        Ok(made)
    }
}

impl Reports {
    /// The coverage of all towns, at most ten minutes old.
    pub async fn everywhere(&self, catalog: &Catalog) -> Result<Arc<Everywhere>, CatalogError> {
        if let Some(kept) = self.everywhere.get(&()) {
            return Ok(kept);
        }
        // Never closed; whoever waited finds what another one made.
        let _making = self.making.acquire().await;
        if let Some(kept) = self.everywhere.get(&()) {
            return Ok(kept);
        }
        let made = Arc::new(catalog.report_everywhere().await?);
        self.everywhere.insert((), Arc::clone(&made));
        Ok(made)
    }
}

/// The Leistungen whose mending helps most people.
pub(crate) fn most_helpful(report: &Report) -> impl Iterator<Item = &Entry> {
    report.entries.iter().filter(|entry| entry.weight() > 0).take(MOST_HELPFUL)
}

/// A count as a share of all keys in percent; 100 where there is none to be covered.
pub(crate) fn percent(count: usize, coverage: &Coverage) -> f64 {
    if coverage.keys == 0 { 100.0 } else { count as f64 * 100.0 / coverage.keys as f64 }
}

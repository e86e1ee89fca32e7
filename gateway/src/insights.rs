//! What people search, for those who run the Verbund: which questions find nothing, which answers nobody opens. Never
//! who searched.
//!
//! A question is counted by the day, without the place in it. Its text is kept, on disk or on a page, once it was asked
//! as often as the configuration says (ten times at least), and only as long as that is so; until then there is a
//! number behind a keyed hash, in memory, whose key ends with the process. What may be about a person is never counted
//! by its text (`wording`), and one client counts once an hour (`table`). Nothing here reads or writes a file while
//! somebody waits for an answer.

mod asker;
mod counts;
mod file;
pub mod page;
mod report;
mod table;
mod wording;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use config::{Config, clock};
use indexer::catalog::{SearchAnswer, Verdict};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::pages::words;
pub use asker::Asker;
use counts::{Counts, Days};
use file::Stored;
use report::{Report, Row};
use table::{Bounds, Table};
use wording::Wording;

/// How often the counts are saved. A kill costs what was counted since.
const SAVE_EVERY: Duration = Duration::from_secs(60);

/// Where a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On a page, whose hits can be opened.
    Page,
    /// In JSON: what becomes of the hits cannot be seen.
    Interface,
}

/// When something happened: the day, and a second that only tells repeats apart and is not kept.
#[derive(Debug, Clone, Copy)]
struct Moment {
    day: Date,
    second: i64,
}

impl Moment {
    fn of(now: Timestamp) -> Self {
        Self { day: words::day(now), second: now.as_second() }
    }

    /// The first of the last `days` days, today included.
    fn first_of(self, days: u32) -> Date {
        let back = jiff::Span::new().days(i64::from(days.saturating_sub(1)));
        self.day.checked_sub(back).unwrap_or(Date::MIN)
    }
}

/// The counts of questions and clicks.
pub struct Insights {
    metrics: Arc<Metrics>,
    counting: Option<Counting>,
}

/// The counts, where they are wanted.
struct Counting {
    table: Table,
    totals: Mutex<Days>,
    bounds: Bounds,
    path: PathBuf,
    /// Moves with every change, so that nothing is saved twice.
    changes: AtomicU64,
}

impl Insights {
    /// Counts as `config` says, beginning with what was saved. A file that cannot be used is set aside and said.
    pub fn open(config: &Config, metrics: Arc<Metrics>, now: Timestamp) -> Self {
        let wanted = &config.insights;
        let counting = wanted.enabled.then(|| {
            let bounds = Bounds { min_count: wanted.min_count, keep_days: wanted.keep_days, repeat_s: wanted.repeat_s };
            Counting::open(bounds, config.insights_file(), Moment::of(now))
        });
        Self { metrics, counting }
    }

    /// The counters of the gateway, for pages that count something else.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// From how often on the text of a question is kept, and for how many days; none where nothing is counted.
    pub(crate) fn kept(&self) -> Option<(u32, u32)> {
        self.counting.as_ref().map(|counting| (counting.bounds.min_count, counting.bounds.keep_days))
    }

    /// Counts a question on its first page. `asker` is none where nobody waits for the answer, such as for HEAD.
    pub fn answered(&self, answer: &SearchAnswer, way: Way, asker: Option<&Asker>, now: Timestamp) {
        let Some(asker) = asker else { return };
        let verdict = if answer.total == 0 { Verdict::Nothing } else { answer.verdict };
        self.metrics.question(verdict);
        if let Some(counting) = &self.counting {
            let shown = way == Way::Page && !answer.hits.is_empty();
            counting.asked(&answer.understood, &Counts::of(verdict, shown), asker, Moment::of(now));
        }
    }

    /// Counts that a hit was opened: the question without its place, and the place of the hit among all, from 1.
    pub fn opened(&self, understood: &str, rank: u32, asker: Option<&Asker>, now: Timestamp) {
        let Some(asker) = asker else { return };
        self.metrics.click();
        if let Some(counting) = &self.counting {
            counting.opened(understood, rank, asker, Moment::of(now));
        }
    }

    /// What was counted in the last `days` days, today included; none where nothing is counted.
    fn report(&self, days: u32, now: Timestamp) -> Option<Report> {
        Some(self.counting.as_ref()?.report(days, Moment::of(now)))
    }

    /// For how many days counts are kept; none where nothing is counted.
    fn keep_days(&self) -> Option<u32> {
        Some(self.counting.as_ref()?.bounds.keep_days)
    }

    /// Saves what changed every minute and once more after `stop`, and forgets what is old.
    pub async fn keep(self: Arc<Self>, stop: CancellationToken) {
        let mut saved = 0;
        loop {
            let ending = stop.run_until_cancelled(tokio::time::sleep(SAVE_EVERY)).await.is_none();
            let this = Arc::clone(&self);
            // Neither the walk over all counts nor the disk belong on a thread that answers.
            let tidied = tokio::task::spawn_blocking(move || this.tidy(saved, clock::now())).await;
            match tidied {
                Ok(now_saved) => saved = now_saved,
                Err(error) => tracing::error!(%error, "the saving of insights ended by a panic"),
            }
            if ending {
                return;
            }
        }
    }

    /// Forgets what is old and saves unless all is saved that changed up to `saved`; says up to where all is saved.
    fn tidy(&self, saved: u64, now: Timestamp) -> u64 {
        let Some(counting) = &self.counting else { return saved };
        let moment = Moment::of(now);
        counting.forget(moment);
        let changes = counting.changes.load(Ordering::Acquire);
        if changes == saved {
            return saved;
        }
        let outcome = file::save(&counting.path, &counting.stored());
        self.metrics.insights_saved(outcome.is_ok());
        match outcome {
            Ok(()) => changes,
            Err(error) => {
                tracing::error!(file = %counting.path.display(), %error, "cannot save the insights; tried again");
                saved
            }
        }
    }
}

impl Counting {
    fn open(bounds: Bounds, path: PathBuf, now: Moment) -> Self {
        let table = Table::new(bounds);
        let (mut totals, mut changes) = (Days::default(), 0);
        if let Some(stored) = file::load(&path) {
            totals = stored.totals;
            table.fill(stored.questions);
            // What may not be kept any more must not stay in the file either.
            changes = 1;
        }
        let counting = Self { table, totals: Mutex::new(totals), bounds, path, changes: AtomicU64::new(changes) };
        counting.forget(now);
        counting
    }

    fn asked(&self, understood: &str, counts: &Counts, asker: &Asker, now: Moment) {
        if Wording::of(understood).is_none_or(|wording| self.table.asked(&wording, counts, asker, now)) {
            self.totals().on(now.day).add(counts);
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    fn opened(&self, understood: &str, rank: u32, asker: &Asker, now: Moment) {
        let counts = Counts::click(rank);
        if Wording::of(understood).is_some_and(|wording| self.table.opened(&wording, &counts, asker, now)) {
            self.totals().on(now.day).add(&counts);
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    fn forget(&self, now: Moment) {
        let first = now.first_of(self.bounds.keep_days);
        // Both are wanted, whatever the first says.
        let (table, totals) = (self.table.forget(now, first), self.totals().forget(first));
        if table || totals {
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    fn report(&self, days: u32, now: Moment) -> Report {
        let first = now.first_of(days.min(self.bounds.keep_days));
        let min_count = self.bounds.min_count;
        let row = |question: file::Question| Row { counts: question.days.since(first), text: question.text };
        // What was asked often enough in all may not have been within these days.
        let seen = |row: &Row| row.counts.asked() >= min_count;
        let rows = self.table.questions().into_iter().map(row).filter(seen).collect();
        Report { days, min_count, total: self.totals().since(first), rows }
    }

    fn stored(&self) -> Stored {
        Stored::new(self.totals().clone(), self.table.questions())
    }

    fn totals(&self) -> MutexGuard<'_, Days> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

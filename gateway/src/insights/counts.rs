//! Numbers by day. There is nothing finer: neither hours nor the order of things within a day.

use indexer::catalog::Verdict;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What was counted of a question, or of all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Asked, and the first hit was the one.
    pub clear: u32,
    /// Asked, and the answer asked back.
    pub choose: u32,
    /// Asked, and the hits fitted more or less.
    pub open: u32,
    /// Asked, and nothing was found.
    pub nothing: u32,
    /// Asked on a page that showed hits: only there can a click follow.
    pub shown: u32,
    /// Hits opened.
    pub clicks: u32,
    /// The ranks of the hits opened, added up.
    pub ranks: u32,
}

impl Counts {
    /// One question with this verdict, with hits on a page or not.
    pub fn of(verdict: Verdict, shown: bool) -> Self {
        let mut one = Self { shown: u32::from(shown), ..Self::default() };
        *match verdict {
            Verdict::Clear => &mut one.clear,
            Verdict::Choose => &mut one.choose,
            Verdict::Open => &mut one.open,
            Verdict::Nothing => &mut one.nothing,
        } = 1;
        one
    }

    /// One hit opened.
    pub fn click(rank: u32) -> Self {
        Self { clicks: 1, ranks: rank, ..Self::default() }
    }

    /// How often it was asked.
    pub fn asked(&self) -> u32 {
        [self.clear, self.choose, self.open, self.nothing].into_iter().fold(0, u32::saturating_add)
    }

    /// Adds others; a number that is full stays full.
    pub fn add(&mut self, other: &Self) {
        let Self { clear, choose, open, nothing, shown, clicks, ranks } = other;
        for (own, more) in [
            (&mut self.clear, clear),
            (&mut self.choose, choose),
            (&mut self.open, open),
            (&mut self.nothing, nothing),
            (&mut self.shown, shown),
            (&mut self.clicks, clicks),
            (&mut self.ranks, ranks),
        ] {
            *own = own.saturating_add(*more);
        }
    }

    /// Share of the shown pages after which a hit was opened, 0 to 1; none where none was shown.
    pub fn click_share(&self) -> Option<f64> {
        share(self.clicks.min(self.shown), self.shown)
    }

    /// Share of the questions that found nothing, 0 to 1; none where nothing was asked.
    pub fn nothing_share(&self) -> Option<f64> {
        share(self.nothing, self.asked())
    }

    /// Mean rank of the hits opened; none where none was.
    pub fn mean_rank(&self) -> Option<f64> {
        share(self.ranks, self.clicks)
    }
}

/// A part of a whole; none of nothing.
pub fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

/// One day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// Which, in Germany.
    pub day: Date,
    /// What was counted on it.
    pub counts: Counts,
}

/// The days on which something was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Days(Vec<Day>);

impl Days {
    /// The counts of a day, which is begun where it is new.
    pub fn on(&mut self, day: Date) -> &mut Counts {
        let at = self.0.iter().rposition(|known| known.day == day).unwrap_or_else(|| {
            self.0.push(Day { day, counts: Counts::default() });
            self.0.len() - 1
        });
        &mut self.0[at].counts
    }

    /// The counts of a day on which something was counted before.
    pub fn known(&mut self, day: Date) -> Option<&mut Counts> {
        self.0.iter_mut().rfind(|known| known.day == day).map(|known| &mut known.counts)
    }

    /// All from `first` on, added up.
    pub fn since(&self, first: Date) -> Counts {
        let mut sum = Counts::default();
        self.0.iter().filter(|known| known.day >= first).for_each(|known| sum.add(&known.counts));
        sum
    }

    /// All of it, added up.
    pub fn all(&self) -> Counts {
        self.since(Date::MIN)
    }

    /// Drops the days before `first`; true when there were any.
    pub fn forget(&mut self, first: Date) -> bool {
        let before = self.0.len();
        self.0.retain(|known| known.day >= first);
        self.0.len() < before
    }
}

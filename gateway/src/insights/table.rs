//! The counted questions in memory: bounded, whatever is asked, and cheap.
//!
//! A question is found by a hash under a key that is drawn when the process starts. The text is put beside it when the
//! question was asked often enough, and taken away when enough of these days are forgotten. The table is cut into
//! shards with a lock each, and each lock is held for one look-up; when a shard is full, the questions asked least go,
//! half a shard at a time. A new question never takes over the number of another: it would be shown too early.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;

use super::Moment;
use super::asker::Asker;
use super::counts::{Counts, Days};
use super::file::Question;
use super::wording::Wording;

/// Number of shards.
const SHARDS: usize = 16;
/// Questions in all, with and without text; about 15 MB.
pub const QUESTIONS_MAX: usize = 100_000;
/// Questions with text; nobody reads more.
pub const TEXTS_MAX: usize = 5_000;
/// Askings in all that are remembered to tell repeats; 8 bytes each. What comes beyond is not counted.
pub const REPEATS_MAX: usize = 400_000;

/// What the configuration says.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How often a question has to be asked before its text is kept.
    pub min_count: u32,
    /// Days that are kept, today included.
    pub keep_days: u32,
    /// Seconds within which one client counts once for one question.
    pub repeat_s: u32,
}

/// The counted questions.
pub struct Table {
    bounds: Bounds,
    key: RandomState,
    shards: Vec<Mutex<Shard>>,
}

#[derive(Default)]
struct Shard {
    questions: HashMap<u64, Entry>,
    repeats: Repeats,
}

/// One question. The text is there when it was asked often enough within the days that are kept.
#[derive(Default)]
struct Entry {
    text: Option<Box<str>>,
    asked: u32,
    days: Days,
}

impl Table {
    /// An empty table.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, key: RandomState::new(), shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// Takes what was saved, as far as it may be kept: texts that pass today's rules and were asked often enough.
    pub fn fill(&self, questions: Vec<Question>) {
        for question in questions {
            let asked = question.days.all().asked();
            let Some(wording) = Wording::of(&question.text) else { continue };
            if asked < self.bounds.min_count {
                continue;
            }
            let (hash, mut shard) = self.shard(&wording);
            let text = Some(wording.as_str().into());
            shard.questions.insert(hash, Entry { text, asked, days: question.days });
            shard.keep_to_bounds();
        }
    }

    /// Counts a question; false when it is a repeat.
    pub fn asked(&self, wording: &Wording, counts: &Counts, asker: &Asker, now: Moment) -> bool {
        let (hash, mut shard) = self.shard(wording);
        if !shard.repeats.first((hash, "asked"), asker, now, self.bounds.repeat_s) {
            return false;
        }
        if shard.questions.len() >= QUESTIONS_MAX / SHARDS && !shard.questions.contains_key(&hash) {
            shard.drop_rarest();
        }
        let entry = shard.questions.entry(hash).or_default();
        entry.days.on(now.day).add(counts);
        entry.asked = entry.asked.saturating_add(counts.asked());
        if entry.text.is_none() && entry.asked >= self.bounds.min_count {
            entry.text = Some(wording.as_str().into());
            shard.keep_to_bounds();
        }
        true
    }

    /// Counts a hit opened, where the question was asked on the same day; false when it was not, or for a repeat.
    pub fn opened(&self, wording: &Wording, counts: &Counts, asker: &Asker, now: Moment) -> bool {
        let (hash, mut shard) = self.shard(wording);
        let Shard { questions, repeats } = &mut *shard;
        let known = questions.get_mut(&hash).and_then(|entry| entry.days.known(now.day));
        let Some(known) = known.filter(|_| repeats.first((hash, "opened"), asker, now, self.bounds.repeat_s)) else {
            return false;
        };
        known.add(counts);
        true
    }

    /// Forgets the days before `first` and who asked before; true when a day was forgotten.
    pub fn forget(&self, now: Moment, first: Date) -> bool {
        let mut changed = false;
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.repeats.turn(now, self.bounds.repeat_s);
            shard.questions.retain(|_, entry| {
                if entry.days.forget(first) {
                    changed = true;
                    entry.asked = entry.days.all().asked();
                    if entry.asked < self.bounds.min_count {
                        entry.text = None;
                    }
                }
                entry.asked > 0
            });
        }
        changed
    }

    /// The questions with text.
    pub fn questions(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let shown = shard.questions.values().filter_map(|entry| entry.text.as_ref().zip(Some(&entry.days)));
            questions.extend(shown.map(|(text, days)| Question { text: text.to_string(), days: days.clone() }));
        }
        questions
    }

    fn shard(&self, wording: &Wording) -> (u64, MutexGuard<'_, Shard>) {
        let hash = self.key.hash_one(wording);
        (hash, lock(&self.shards[hash as usize % SHARDS]))
    }

    /// Questions in memory, and remembered askings.
    #[cfg(test)]
    pub fn sizes(&self) -> (usize, usize) {
        let sizes = self.shards.iter().map(|shard| {
            let shard = lock(shard);
            (shard.questions.len(), shard.repeats.seen.len())
        });
        sizes.fold((0, 0), |(questions, repeats), one| (questions + one.0, repeats + one.1))
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shard {
    /// Makes room for half a shard: without their text shown, the questions asked least go first.
    fn drop_rarest(&mut self) {
        let mut most = 1_u32;
        while self.questions.len() > QUESTIONS_MAX / SHARDS / 2 && most < u32::MAX {
            self.questions.retain(|_, entry| entry.text.is_some() || entry.asked > most);
            most = most.saturating_mul(2);
        }
    }

    /// When there is one text too many, the question asked least goes.
    fn keep_to_bounds(&mut self) {
        let texts = || self.questions.iter().filter(|(_, entry)| entry.text.is_some());
        if texts().count() > TEXTS_MAX / SHARDS
            && let Some(hash) = texts().min_by_key(|(_, entry)| entry.asked).map(|(hash, _)| *hash)
        {
            self.questions.remove(&hash);
        }
    }
}

/// Who asked what in this stretch of time, under a key that is thrown away with it.
#[derive(Default)]
struct Repeats {
    stretch: i64,
    key: RandomState,
    seen: HashSet<u64>,
}

impl Repeats {
    /// True the first time in this stretch of time. Always true for askers who cannot be told apart; never when there
    /// is no room to remember more.
    fn first(&mut self, what: (u64, &str), asker: &Asker, now: Moment, length_s: u32) -> bool {
        if !asker.is_known() {
            return true;
        }
        self.turn(now, length_s);
        self.seen.len() < REPEATS_MAX / SHARDS && self.seen.insert(self.key.hash_one((what, asker)))
    }

    /// Throws all away when another stretch has begun.
    fn turn(&mut self, now: Moment, length_s: u32) {
        let stretch = now.second.div_euclid(i64::from(length_s.max(1)));
        if self.stretch != stretch {
            *self = Self { stretch, key: RandomState::new(), seen: HashSet::new() };
        }
    }
}

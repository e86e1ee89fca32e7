//! What each reason counts, and when an answer is sure.
//!
//! The numbers stand in `config/ranking.toml`, each group with where it comes from. They are learned together from
//! judged questions (`portalverbund judge --learn`), not set by hand.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::weigh::{COUNT, REASONS};

/// A file of weights that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RankingError {
    /// It is no TOML, or a key is unknown or missing.
    #[error("{0}")]
    File(#[from] toml::de::Error),
    /// A group does not name every reason once.
    #[error("the group [{group}] should name each of these reasons once: {}", REASONS.map(|(name, _)| name).join(", "))]
    Reasons {
        /// Which.
        group: &'static str,
    },
}

/// The reasons for one concept.
pub(super) type Reasons = [f32; COUNT];

/// The weights of one kind of question.
pub(super) type Weights = [f32; COUNT];

/// How many values a verdict is made of.
pub(super) const VALUES: usize = 6;

/// What a verdict is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence {
    /// That anything fits: the score of the first hit, what is matched of the question, the share of its words that
    /// nobody knows, how near the meanings are, how surely an official name leads there, its most telling word.
    pub fits: [f32; VALUES],
    /// That the first hit is the one: its score, its distance to the second, what is matched of the question, how much
    /// of its title is asked for, how surely an official name leads there, its most telling word.
    pub clear: [f32; VALUES],
}

impl Evidence {
    /// Of the scores of the first two hits, the reasons for the first, and the share of unknown words.
    pub(super) fn of(first: f32, second: f32, reasons: &Reasons, unknown: f32) -> Self {
        let reason = |name: usize| reasons[name];
        let matched = reason(3).max(reason(13)).max(reason(8));
        let near = reason(14).max(reason(15));
        Self {
            fits: [first, matched, unknown, near, reason(11), reason(18)],
            clear: [first, first - second, matched, reason(4), reason(11), reason(18)],
        }
    }
}

/// When an answer is sure: logistic regressions over how the first hits compare.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdicts {
    /// Of the first hit: a constant and what [`Evidence::clear`] says.
    pub clear: [f32; VALUES + 1],
    /// From which probability on the first hit is said to be the one.
    pub clear_from: f32,
    /// Of the question as a whole: a constant and what [`Evidence::fits`] says.
    pub fits: [f32; VALUES + 1],
    /// Below which probability nothing is said to fit.
    pub fits_from: f32,
}

/// All weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    pub(super) german: Weights,
    pub(super) german_without_meaning: Weights,
    pub(super) foreign: Weights,
    pub(super) foreign_without_meaning: Weights,
    pub(super) ties: Ties,
    pub(super) verdicts: Verdicts,
    pub(super) verdicts_without_meaning: Verdicts,
}

/// What decides between hits that fit alike. Judged questions say nothing of it: it depends on what a place has.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ties {
    /// What can be done online there.
    pub online: f32,
    /// What the place itself describes, before what it inherits.
    pub local: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    german: BTreeMap<String, f32>,
    german_without_meaning: BTreeMap<String, f32>,
    foreign: BTreeMap<String, f32>,
    foreign_without_meaning: BTreeMap<String, f32>,
    ties: Ties,
    verdicts: Verdicts,
    verdicts_without_meaning: Verdicts,
}

impl Ranking {
    /// The weights that are built in.
    pub fn built_in() -> Self {
        Self::read(config::RANKING).expect("a test reads the ranking that is built in")
    }

    /// Reads the text of `ranking.toml`.
    pub fn read(text: &str) -> Result<Self, RankingError> {
        let file: File = toml::from_str(text)?;
        let weights = |group: &'static str, named: BTreeMap<String, f32>| {
            let all: Option<Vec<f32>> = REASONS.iter().map(|(reason, _)| named.get(*reason).copied()).collect();
            match all.and_then(|all| Weights::try_from(all).ok()) {
                Some(weights) if named.len() == COUNT => Ok(weights),
                _ => Err(RankingError::Reasons { group }),
            }
        };
        Ok(Self {
            german: weights("german", file.german)?,
            german_without_meaning: weights("german_without_meaning", file.german_without_meaning)?,
            foreign: weights("foreign", file.foreign)?,
            foreign_without_meaning: weights("foreign_without_meaning", file.foreign_without_meaning)?,
            ties: file.ties,
            verdicts: file.verdicts,
            verdicts_without_meaning: file.verdicts_without_meaning,
        })
    }

    /// The weights for a question.
    pub(super) fn weights(&self, foreign: bool, with_meaning: bool) -> &Weights {
        match (foreign, with_meaning) {
            (false, true) => &self.german,
            (false, false) => &self.german_without_meaning,
            (true, true) => &self.foreign,
            (true, false) => &self.foreign_without_meaning,
        }
    }

    /// The verdicts for a question.
    pub(super) fn verdicts(&self, with_meaning: bool) -> &Verdicts {
        if with_meaning { &self.verdicts } else { &self.verdicts_without_meaning }
    }
}

/// The probability that a logistic regression gives: the first weight is the constant.
pub(super) fn probability(weights: &[f32; VALUES + 1], values: [f32; VALUES]) -> f32 {
    let sum = weights[0] + weights[1..].iter().zip(values).map(|(weight, value)| weight * value).sum::<f32>();
    1.0 / (1.0 + (-sum).exp())
}

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

/// The weights of one kind of question.
pub(super) type Weights = [f32; COUNT];

/// When an answer is sure: logistic regressions over how the first hits compare.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdicts {
    /// Of the first hit: constant, its score, its distance to the second, what it matches of the question.
    pub clear: [f32; 4],
    /// From which probability on the first hit is said to be the one.
    pub clear_from: f32,
    /// Of the question as a whole, that anything fits: constant, the best score, what is matched at best, the share of
    /// words that nobody knows.
    pub fits: [f32; 4],
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
    pub(super) verdicts: Verdicts,
    pub(super) verdicts_without_meaning: Verdicts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    german: BTreeMap<String, f32>,
    german_without_meaning: BTreeMap<String, f32>,
    foreign: BTreeMap<String, f32>,
    foreign_without_meaning: BTreeMap<String, f32>,
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
pub(super) fn probability(weights: &[f32; 4], values: [f32; 3]) -> f32 {
    let sum = weights[0] + weights[1..].iter().zip(values).map(|(weight, value)| weight * value).sum::<f32>();
    1.0 / (1.0 + (-sum).exp())
}

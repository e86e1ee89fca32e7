//! Learning what each reason counts, from judged questions.
//!
//! The weights of a softmax over all concepts are fitted so that the probability lies on what was judged right. Cross-
//! validation says what they are worth on questions that they were not fitted to; verdicts are calibrated on those.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::ranking::{Evidence, Ranking, VALUES, Weights, probability};
use super::weigh::{COUNT, MEANING, REASONS};
use super::{Catalog, CatalogError, SearchRequest};
use crate::index::postings::ConceptNo;

/// How sharp the softmax is.
const SHARPNESS: f32 = 8.0;
const STEPS: usize = 300;
const RATE: f32 = 0.1;
/// From which step on the rate is a third.
const SLOWER_FROM: usize = 200;
const DECAY: f32 = 1e-3;
/// How often "this is it" must be right.
const CLEAR: f32 = 0.92;
/// How many answerable questions may be turned away.
const TURNED_AWAY: f32 = 0.02;

/// Stands above the weights.
const HEAD: &str = "\
# What each reason counts in the search, as `portalverbund judge FILE --learn FILE` learned it from judged questions. The
# weights of a group are learned together and reasons overlap, so one alone may be negative. What they are worth on
# questions that they were not fitted to stands in BENCHMARKS.md. `foreign` is for questions in other languages; the
# groups `without_meaning` serve where the file of the part that knows meanings is missing.
#
# ties: what decides between hits whose scores are as good as equal; set by hand, because no judged question knows what a
# town offers. Both together are 0.015, where the score of a good hit is about 1.
#
# verdicts: logistic regressions on held-out answers, a constant and six values. `clear`, that the first hit is the one:
# its score, its distance to the second, what is matched of the question, how much of the title is asked for, how surely
# an official name leads there, how its most telling word fits; `clear_from` is where 92 of 100 were right. `fits`, that
# anything fits: the best score, what is matched, the share of unknown words, how near the meanings are, how surely an
# official name leads there, how the most telling word fits; below `fits_from`, 20 of 1,000 answerable questions would be
# turned away.
#
# Each reason is a number between 0 and about 1:
";

/// A judged question, weighed.
pub struct Lesson {
    rows: Vec<[f32; COUNT]>,
    gains: Vec<f32>,
    foreign: bool,
    /// Share of the words that nobody knows.
    unknown: f32,
    /// Something fits.
    answerable: bool,
}

/// What was learned.
pub struct Learned {
    /// The weights as the text of `ranking.toml`.
    pub text: String,
    /// For each lesson with an answer, from weights that did not see it: the place of the first right hit, from 0; with
    /// meaning and without.
    pub places: [Vec<Option<usize>>; 2],
}

impl Catalog {
    /// Weighs a question whose right answers are known by their ids, with the gain of each.
    pub fn lesson(&self, request: &SearchRequest, right: &HashMap<String, f32>) -> Result<Lesson, CatalogError> {
        let (understanding, asked, candidates) = self.asked(request);
        let mut gains: HashMap<ConceptNo, f32> = HashMap::new();
        for (concept, id) in understanding.postings.ids()? {
            if let Some(gain) = right.get(&id) {
                let known = gains.entry(concept).or_default();
                *known = known.max(*gain);
            }
        }
        let mut lesson = Lesson {
            rows: Vec::new(),
            gains: Vec::new(),
            foreign: asked.foreign.is_some(),
            unknown: asked.unknown(),
            answerable: !right.is_empty(),
        };
        for (at, candidate) in candidates.iter().enumerate() {
            if *candidate {
                lesson.rows.push(asked.weighed.row(at as ConceptNo));
                lesson.gains.push(gains.get(&(at as ConceptNo)).copied().unwrap_or(0.0));
            }
        }
        Ok(lesson)
    }
}

impl Lesson {
    fn scores(&self, weights: &Weights) -> Vec<f32> {
        self.rows.iter().map(|row| row.iter().zip(weights).map(|(value, weight)| value * weight).sum()).collect()
    }

    fn place(&self, weights: &Weights) -> Option<usize> {
        let scores = self.scores(weights);
        let best = scores.iter().zip(&self.gains).filter(|(_, gain)| **gain > 0.0).map(|(score, _)| *score);
        let best = best.max_by(f32::total_cmp)?;
        Some(scores.iter().filter(|score| **score > best).count())
    }

    /// What a verdict is made of; the same as the search has, which does not know the reasons that are not used.
    fn evidence(&self, weights: &Weights, used: &[bool; COUNT]) -> Evidence {
        let scores = self.scores(weights);
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let score = |at: usize| order.get(at).map_or(0.0, |row| scores[*row]);
        let best = order.first().map_or([0.0; COUNT], |row| self.rows[*row]);
        let row = std::array::from_fn(|reason| if used[reason] { best[reason] } else { 0.0 });
        Evidence::of(score(0), score(1), &row, self.unknown)
    }
}

/// Learns from `lessons` with so many folds.
pub fn learn(lessons: &[Lesson], folds: usize) -> Learned {
    let mut groups: BTreeMap<&str, Weights> = BTreeMap::new();
    let mut verdicts = String::new();
    let mut places: [Vec<Option<usize>>; 2] = Default::default();
    for (run, with_meaning) in [true, false].into_iter().enumerate() {
        let mut used = [true; COUNT];
        MEANING.into_iter().for_each(|reason| used[reason] = with_meaning);
        // Lessons of one language share their weights.
        let mut held_out: Vec<Option<Weights>> = vec![None; lessons.len()];
        for foreign in [false, true] {
            let group: Vec<usize> = (0..lessons.len()).filter(|at| lessons[*at].foreign == foreign).collect();
            let judged = |at: &usize| lessons[*at].gains.iter().any(|gain| *gain > 0.0);
            for fold in 0..folds {
                let train: Vec<&Lesson> = group
                    .iter()
                    .enumerate()
                    .filter(|(place, at)| place % folds != fold && judged(at))
                    .map(|(_, at)| &lessons[*at])
                    .collect();
                let weights = fit(&train, &used);
                group.iter().skip(fold).step_by(folds).for_each(|at| held_out[*at] = Some(weights));
            }
            let name = match (foreign, with_meaning) {
                (false, true) => "german",
                (false, false) => "german_without_meaning",
                (true, true) => "foreign",
                (true, false) => "foreign_without_meaning",
            };
            let all: Vec<&Lesson> = group.iter().filter(|at| judged(at)).map(|at| &lessons[*at]).collect();
            groups.insert(name, fit(&all, &used));
        }
        let (mut fits, mut clear) = (Vec::new(), Vec::new());
        for (lesson, weights) in lessons.iter().zip(&held_out) {
            let Some(weights) = weights else { continue };
            let place = lesson.place(weights);
            if lesson.answerable {
                places[run].push(place);
            }
            let evidence = lesson.evidence(weights, &used);
            fits.push((evidence.fits, lesson.answerable));
            clear.push((evidence.clear, place == Some(0)));
        }
        verdicts += &calibrated(with_meaning, &fits, &clear);
    }
    let mut text = HEAD.to_owned();
    for (reason, what) in REASONS {
        let _ = writeln!(text, "# {reason}: {what}");
    }
    for (name, weights) in groups {
        let _ = writeln!(text, "\n[{name}]");
        for ((reason, _), weight) in REASONS.iter().zip(weights) {
            let _ = writeln!(text, "{reason} = {weight:.4}");
        }
    }
    let ties = Ranking::built_in().ties;
    let _ = writeln!(text, "\n[ties]\nonline = {}\nlocal = {}", ties.online, ties.local);
    Learned { text: text + &verdicts, places }
}

/// What a verdict is made of, and whether it was so.
type Point = ([f32; VALUES], bool);

fn calibrated(with_meaning: bool, fits: &[Point], clear: &[Point]) -> String {
    let (fits_weights, clear_weights) = (logistic(fits), logistic(clear));
    let mut answerable: Vec<f32> =
        fits.iter().filter(|one| one.1).map(|one| probability(&fits_weights, one.0)).collect();
    answerable.sort_by(f32::total_cmp);
    let fits_from = answerable.get((answerable.len() as f32 * TURNED_AWAY) as usize).copied().unwrap_or(0.0);
    // The lowest probability from which on enough of the first hits are right.
    let mut sure: Vec<(f32, bool)> = clear.iter().map(|one| (probability(&clear_weights, one.0), one.1)).collect();
    sure.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut clear_from) = (0.0, 1.0f32);
    for (at, (value, is_right)) in sure.iter().enumerate() {
        right += f32::from(u8::from(*is_right));
        if right / (at + 1) as f32 >= CLEAR {
            clear_from = *value;
        }
    }
    let name = if with_meaning { "verdicts" } else { "verdicts_without_meaning" };
    format!(
        "\n[{name}]\nclear = {clear_weights:?}\nclear_from = {clear_from:.4}\nfits = {fits_weights:?}\nfits_from = {fits_from:.4}\n"
    )
}

/// The weights that put most of the probability on what is right.
fn fit(lessons: &[&Lesson], used: &[bool; COUNT]) -> Weights {
    let mut weights: Weights = used.map(|used| if used { 0.5 } else { 0.0 });
    if lessons.is_empty() {
        return weights;
    }
    let (mut first, mut second) = ([0.0f32; COUNT], [0.0f32; COUNT]);
    for step in 0..STEPS {
        let mut gradient = weights.map(|weight| DECAY * weight * lessons.len() as f32);
        for lesson in lessons {
            let probabilities = softmax(lesson.scores(&weights));
            let total: f32 = lesson.gains.iter().map(|gain| gain.exp2() - 1.0).sum();
            let right: f32 =
                probabilities.iter().zip(&lesson.gains).filter(|(_, gain)| **gain > 0.0).map(|(one, _)| one).sum();
            let right = right.max(1e-12);
            for ((row, one), gain) in lesson.rows.iter().zip(&probabilities).zip(&lesson.gains) {
                // Half: all that is right gets its share. Half: anything that is right gets all.
                let share = (gain.exp2() - 1.0) / total;
                let any = if *gain > 0.0 { one / right } else { 0.0 };
                let pull = SHARPNESS * (one - 0.5 * share - 0.5 * any);
                if pull.abs() > 1e-7 {
                    gradient.iter_mut().zip(row).for_each(|(sum, value)| *sum += pull * value);
                }
            }
        }
        let rate = if step < SLOWER_FROM { RATE } else { RATE * 0.3 };
        for reason in (0..COUNT).filter(|reason| used[*reason]) {
            let slope = gradient[reason] / lessons.len() as f32;
            first[reason] = 0.9 * first[reason] + 0.1 * slope;
            second[reason] = 0.99 * second[reason] + 0.01 * slope * slope;
            let (one, two) = (1.0 - 0.9f32.powi(step as i32 + 1), 1.0 - 0.99f32.powi(step as i32 + 1));
            weights[reason] -= rate * (first[reason] / one) / ((second[reason] / two).sqrt() + 1e-8);
        }
    }
    weights
}

fn softmax(scores: Vec<f32>) -> Vec<f32> {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut all: Vec<f32> = scores.into_iter().map(|score| (SHARPNESS * (score - most)).exp()).collect();
    let sum: f32 = all.iter().sum();
    all.iter_mut().for_each(|one| *one /= sum);
    all
}

/// A logistic regression by plain descent.
fn logistic(points: &[Point]) -> [f32; VALUES + 1] {
    let mut weights = [0.0f32; VALUES + 1];
    let count = points.len().max(1) as f32;
    for _ in 0..20_000 {
        let mut gradient = [0.0f32; VALUES + 1];
        for (values, is) in points {
            let off = probability(&weights, *values) - f32::from(u8::from(*is));
            gradient[0] += off;
            gradient[1..].iter_mut().zip(values).for_each(|(sum, value)| *sum += off * value);
        }
        weights.iter_mut().zip(gradient).for_each(|(weight, slope)| *weight -= 0.5 * (slope / count + 1e-4 * *weight));
    }
    weights
}

//! A question that was weighed: what fits, in which order, how sure that is, and how it came about.

use super::Verdict;
use super::query::Question;
use super::question::{Meaning, Understanding, Unit};
use super::ranking::{Evidence, probability};
use super::weigh::{COUNT, REASONS, Weighed};
use crate::index::postings::ConceptNo;
use crate::record::Lang;

/// How near a meaning must be for a hit that shares no word with the question.
const NEAR_ENOUGH: f32 = 0.5;
/// How many hits of a question in another language are shown for their meaning alone.
const BY_MEANING: usize = 20;
/// How far behind the first hit the others may be, as a share of its score, to be shown at all.
const WORTH_SHOWING: f32 = 0.25;
/// From which probability on the words alone decide.
const BEYOND_DOUBT: f32 = 0.97;
/// From which doubt about the words on they are not enough: two mistakes in a short word.
const DOUBTFUL: f32 = 0.4;
/// Two hits are close when the second has at least this share of the score of the first.
const CLOSE: f32 = 0.93;

/// A question, weighed.
pub(super) struct Asked {
    pub units: Vec<Unit>,
    pub meanings: Vec<Meaning>,
    pub weighed: Weighed,
    /// The language it is asked in, where that is not German.
    pub foreign: Option<Lang>,
    /// Meanings were compared.
    pub with_meaning: bool,
}

impl Asked {
    /// The concepts that fit, the best first.
    pub(super) fn ranked(&self, weights: &[f32; COUNT], candidates: &[bool]) -> Vec<(ConceptNo, f32)> {
        let scores = self.weighed.scores(weights);
        let mut ranked: Vec<(ConceptNo, f32)> = scores
            .into_iter()
            .enumerate()
            .filter(|(at, _)| candidates[*at])
            .map(|(at, score)| (at as ConceptNo, score))
            .filter(|(at, _)| {
                self.weighed.matches(*at as usize) || self.weighed.means(*at, NEAR_ENOUGH) || self.by_meaning_alone()
            })
            .collect();
        // Equal scores in an order that does not depend on how the index grew.
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        let floor = ranked.first().map_or(0.0, |best| (best.1 * WORTH_SHOWING).max(0.0));
        let mut by_meaning = 0;
        ranked.retain(|(concept, score)| {
            let matches = self.weighed.matches(*concept as usize);
            by_meaning += usize::from(!matches);
            *score >= floor && (matches || by_meaning <= BY_MEANING)
        });
        ranked
    }

    /// A question in another language shares no word with German texts that it may mean.
    fn by_meaning_alone(&self) -> bool {
        self.foreign.is_some() && self.with_meaning
    }

    /// How sure the answer is.
    pub(super) fn verdict(&self, verdicts: &super::ranking::Verdicts, ranked: &[(ConceptNo, f32)]) -> Verdict {
        let Some(first) = ranked.first() else { return Verdict::Nothing };
        let Evidence { fits, clear } = self.evidence(ranked);
        if probability(&verdicts.fits, fits) < verdicts.fits_from {
            return Verdict::Nothing;
        }
        if probability(&verdicts.clear, clear) >= verdicts.clear_from {
            return Verdict::Clear;
        }
        match ranked.get(1) {
            Some(second) if second.1 >= CLOSE * first.1 => Verdict::Choose,
            _ => Verdict::Open,
        }
    }

    /// True when the words alone, all known or hardly mistyped, say what is meant.
    pub(super) fn beyond_doubt(&self, verdicts: &super::ranking::Verdicts, ranked: &[(ConceptNo, f32)]) -> bool {
        self.unknown() < DOUBTFUL && probability(&verdicts.clear, self.evidence(ranked).clear) >= BEYOND_DOUBT
    }

    /// What the verdicts are made of: for "anything fits" and for "this is it".
    pub(super) fn evidence(&self, ranked: &[(ConceptNo, f32)]) -> Evidence {
        let (first, second) = (ranked.first().map_or(0.0, |one| one.1), ranked.get(1).map_or(0.0, |one| one.1));
        let row = ranked.first().map(|one| self.weighed.row(one.0)).unwrap_or([0.0; COUNT]);
        Evidence::of(first, second, &row, self.unknown())
    }

    /// How doubtful the words are: the share of those that nobody knows, corrected ones by their mistakes.
    pub(super) fn unknown(&self) -> f32 {
        self.units.iter().map(|unit| unit.doubt).sum::<f32>() / self.units.len().max(1) as f32
    }

    pub(super) fn explain(
        &self,
        understanding: &Understanding,
        ranked: &[(ConceptNo, f32)],
        question: &Question,
    ) -> Vec<String> {
        let mut lines = vec![match self.foreign {
            Some(lang) => format!("language: {lang}, read by its glossary"),
            None => "language: German".to_owned(),
        }];
        for unit in &self.units {
            let mut line = format!("{} -> {} (says {:.1})", unit.word, unit.stands_for().join(", "), unit.idf);
            if let Some(corrected) = &unit.corrected {
                line += &format!(", unknown, taken for {corrected}");
            }
            lines.push(line);
        }
        for meaning in self.meanings.iter().take(6) {
            let name = &understanding.words.phrases[meaning.phrase as usize].text;
            lines.push(format!("means: {name} ({:.2})", meaning.weight));
        }
        if self.with_meaning {
            lines.push("meaning: compared".to_owned());
        }
        for (concept, score) in ranked.iter().skip(question.offset).take(question.limit) {
            let row = self.weighed.row(*concept);
            let reasons: Vec<_> = REASONS
                .iter()
                .zip(row)
                .filter(|(_, value)| *value > 0.005)
                .map(|((name, _), value)| format!("{name} {value:.2}"))
                .collect();
            let name = understanding.postings.concepts[*concept as usize].titles.first().map_or("", |name| &name.text);
            lines.push(format!("{name}: {score:.3} = {}", reasons.join(", ")));
        }
        lines
    }
}

/// The question with the words that were taken for unknown ones.
pub(super) fn corrected(text: &str, units: &[Unit]) -> Option<String> {
    let wrong: Vec<(&str, &str)> =
        units.iter().filter_map(|unit| Some((unit.word.as_str(), unit.corrected.as_deref()?))).collect();
    if wrong.is_empty() {
        return None;
    }
    let bare = |word: &str| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
    let right = |typed: String| wrong.iter().find(|(one, _)| *one == typed).map(|(_, right)| (*right).to_owned());
    let mut words = text.split_whitespace().peekable();
    let (mut all, mut changed) = (Vec::new(), false);
    while let Some(word) = words.next() {
        let one = bare(word);
        let two = words.peek().and_then(|next| right(one.clone() + &bare(next)));
        if two.is_some() {
            words.next();
        }
        let right = two.or_else(|| right(one));
        changed |= right.is_some();
        // Written like the word that was typed: a model of meanings tells "Pass" from "pass".
        let capital = word.chars().find(|letter| letter.is_alphabetic()).is_some_and(char::is_uppercase);
        let right = right.map(|right| if capital { capitalised(&right) } else { right });
        all.push(right.unwrap_or_else(|| word.to_owned()));
    }
    changed.then(|| all.join(" "))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

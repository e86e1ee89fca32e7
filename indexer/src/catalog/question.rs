//! A question taken apart: for every word what it may stand for in the index, and what all of it means officially.
//!
//! Words are corrected first and expanded then, so that a mistyped everyday word is still understood. A word stands for
//! its stem, for compounds that it is a part of, for the words it is made of, and, where nobody knows it, for the
//! nearest known ones. Everyday words and other languages lead to official names, which are weighed like questions of
//! their own.

use std::collections::HashMap;
use std::sync::Arc;

use super::spelling::{Known, MIN_LETTERS, Spelling};
use crate::index::german::{Compounds, PART, Stems};
use crate::index::postings::{ENGLISH, Postings, TermNo};
use crate::meaning::Table;
use crate::record::Lang;
use crate::words::{PhraseNo, Words, content};

/// What a part of a compound counts against a word of its own.
pub(super) const AS_PART: f32 = 0.7;
/// What the next words count, where the nearest one is hardly nearer.
const NEXT: [f32; 2] = [0.7, 0.5];
/// How much nearer the nearest word must be for the others to be left out; a mistake is 1.
const CLEARLY_NEARER: f32 = 0.6;
/// From how many letters on a word is long: then one mistake leaves little doubt.
const LONG: usize = 8;
/// How doubtful a mistake makes a word, for each of its letters.
const MISTAKE: f32 = 2.0;
/// How doubtful a word is that nobody has, but that is made of known ones.
const MADE_OF_WORDS: f32 = 0.3;
/// What an English text counts for a German question, and the other way round.
const OTHER_LANGUAGE: f32 = 0.5;
/// What the meanings of a saying count, the best first.
pub(super) const MEANINGS: [f32; 4] = [1.0, 0.85, 0.7, 0.6];
/// What a saying counts whose word is only near, or only a part.
const NEAR_SAYING: f32 = 0.15;
const PART_SAYING: f32 = 0.6;
/// How much a word says that nobody knows. What it would say by its rarity is more, but people add words that do not
/// matter: on the judged questions that cost 18 of 1,000 among the first three.
const UNKNOWN: f32 = 3.0;
/// How many words of a question are looked at.
const MAX_WORDS: usize = 24;
/// How many official names a question is led to.
pub(super) const MAX_MEANINGS: usize = 24;
/// What a word counts that an unfinished one may become.
const ENDING: f32 = 0.9;
/// How many words an unfinished one may become.
const MAX_ENDINGS: usize = 12;

/// One word of a question.
#[derive(Debug, Clone, Default)]
pub(super) struct Unit {
    /// The word as typed.
    pub word: String,
    /// How much it says.
    pub idf: f32,
    /// What it may stand for, each with what that counts.
    pub alternatives: Vec<(TermNo, f32)>,
    /// The words it is made of: as a word and as a part, with how much each says.
    pub parts: Vec<([Option<TermNo>; 2], f32)>,
    /// Its stem and the nearest ones, the best first.
    stems: Vec<String>,
    part_stems: Vec<String>,
    /// Somebody says it: an everyday word, known although no text holds it.
    pub said: bool,
    /// The word that is taken for it, where it is unknown itself.
    pub corrected: Option<String>,
    /// How doubtful it is that anything known is meant: 0 for a known word, 1 for one that is like none.
    pub doubt: f32,
}

impl Unit {
    /// The stems that it stands for.
    pub(super) fn stands_for(&self) -> Vec<&str> {
        self.stems.iter().chain(&self.part_stems).map(String::as_str).collect()
    }
}

/// What the understanding of questions needs, for one state of the index.
#[derive(Debug)]
pub(super) struct Understanding {
    pub postings: Arc<Postings>,
    pub words: Arc<Words>,
    pub spelling: Spelling,
    compounds: Arc<Compounds>,
    /// The vectors of all concepts, where there are any.
    pub meanings: Option<Table>,
}

/// An official name that a question leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Meaning {
    pub phrase: PhraseNo,
    /// How sure that is: the share of the question that says so, less for later meanings.
    pub weight: f32,
}

impl Understanding {
    pub(super) fn new(
        postings: Arc<Postings>,
        words: Arc<Words>,
        compounds: Arc<Compounds>,
        meanings: Option<Table>,
    ) -> Self {
        let terms = postings.terms_by_number();
        let named = postings.vocabulary.iter().map(|(word, term, count)| Known::new(word, terms[term], *count));
        let said = words.spelled.iter().map(|(word, stem)| Known::new(word, stem, words.stems[stem]));
        let spelling = Spelling::new(named.chain(said).collect());
        Self { postings, words, spelling, compounds, meanings }
    }

    /// The words of a German or English question; the last one may be unfinished.
    pub(super) fn units(&self, text: &str, lang: Lang, typing: bool) -> Vec<Unit> {
        let (mut german, mut english) = (Stems::german(), Stems::english());
        let words = self.joined(content(text).into_iter().take(MAX_WORDS).collect(), &mut german);
        let count = words.len();
        let mut units: Vec<Unit> = words
            .into_iter()
            .enumerate()
            .map(|(at, (word, joined))| {
                let stem = german.of(&word);
                let mut unit = self.unit(word, stem, &mut german);
                unit.corrected = joined.then(|| unit.word.clone());
                let typed = english.of(&unit.word);
                let english = self.postings.term(&format!("{ENGLISH}{typed}"));
                if typing && at + 1 == count {
                    self.unfinished(&mut unit);
                } else if english.is_none() || lang == Lang::DE {
                    self.correct(&mut unit);
                }
                let counts = if lang == Lang::EN { 1.0 } else { OTHER_LANGUAGE };
                unit.alternatives.extend(english.map(|term| (term, counts)));
                unit
            })
            .collect();
        units.iter_mut().for_each(|unit| unit.idf = self.says(unit));
        units
    }

    /// The words of an official name, which need no correction.
    pub(super) fn phrase_units(&self, phrase: PhraseNo) -> Vec<Unit> {
        let mut stems = Stems::german();
        let words = &self.words.phrases[phrase as usize].words;
        let unit = |(word, stem): &(Box<str>, Box<str>)| {
            let mut unit = self.unit(word.to_string(), stem.to_string(), &mut stems);
            unit.idf = self.says(&unit);
            unit
        };
        words.iter().map(unit).collect()
    }

    /// A word that stands for other German words, each with what it counts.
    pub(super) fn translated(&self, word: &str, means: &[(String, f32)]) -> Unit {
        let mut stems = Stems::german();
        let mut all = Unit { word: word.to_owned(), ..Unit::default() };
        for (mean, weight) in means {
            let stem = stems.of(mean);
            let unit = self.unit(mean.clone(), stem, &mut stems);
            all.alternatives.extend(unit.alternatives.iter().map(|(term, counts)| (*term, counts * weight)));
            if all.parts.is_empty() {
                all.parts = unit.parts;
            }
        }
        all.idf = self.says(&all);
        all.doubt = f32::from(u8::from(all.alternatives.is_empty() && all.parts.is_empty()));
        all
    }

    fn unit(&self, word: String, stem: String, stems: &mut Stems) -> Unit {
        let mut unit = Unit::default();
        self.stands_for(&mut unit, &stem, 1.0);
        for part in self.compounds.split(&word) {
            let stem = stems.of(part);
            let terms = [self.postings.term(&stem), self.postings.term(&format!("{PART}{stem}"))];
            let idf = terms.iter().flatten().map(|term| self.postings.idf(*term)).next().unwrap_or(UNKNOWN);
            unit.parts.push((terms, idf));
            unit.part_stems.push(stem);
        }
        // "umgemeldet" is a form of "ummelden", which no stemmer knows.
        if let Some(form) = participle(&word) {
            let stem = stems.of(&form);
            self.stands_for(&mut unit, &stem, 1.0);
            unit.stems.push(stem);
        }
        unit.stems.insert(0, stem);
        unit.word = word;
        unit
    }

    fn stands_for(&self, unit: &mut Unit, stem: &str, weight: f32) {
        let parts = [(stem.to_owned(), 1.0), (format!("{PART}{stem}"), AS_PART)];
        let terms = parts.iter().filter_map(|(term, counts)| Some((self.postings.term(term)?, weight * counts)));
        unit.alternatives.extend(terms);
    }

    /// Joins words that were typed apart, and says which: "personal ausweis", "fami lienpflegezeit".
    fn joined(&self, words: Vec<String>, stems: &mut Stems) -> Vec<(String, bool)> {
        let mut known = |word: &str| self.spelling.knows(word) || self.postings.term(&stems.of(word)).is_some();
        let made = |word: &str| !self.compounds.split(word).is_empty();
        let mut all: Vec<(String, bool)> = Vec::with_capacity(words.len());
        for word in words {
            if let Some((before, was_joined)) = all.last_mut()
                && !*was_joined
            {
                let whole = format!("{before}{word}");
                // Two good words stay two, even where there is a compound of them: as its parts they find it anyway, and
                // on the judged questions joining them cost 15 of 1,000 first hits.
                let two = known(before) && known(&word);
                if !two && (known(&whole) || (made(&whole) && !made(&word) && !known(&word))) {
                    (*before, *was_joined) = (whole, true);
                    continue;
                }
            }
            all.push((word, false));
        }
        all
    }

    /// Takes the nearest words for one that nobody knows.
    fn correct(&self, unit: &mut Unit) {
        let letters = unit.word.chars().count();
        let made = !unit.parts.is_empty();
        unit.said = unit.stems.iter().any(|stem| self.words.stems.contains_key(stem.as_str()));
        if unit.said || !unit.alternatives.is_empty() {
            return;
        }
        unit.doubt = if made { MADE_OF_WORDS } else { 1.0 };
        if letters < MIN_LETTERS || !unit.word.chars().all(char::is_alphabetic) {
            return;
        }
        // "Persos": the plural of everyday words, which the stemmer leaves.
        if let Some(stem) = unit.word.strip_suffix('s').map(|word| Stems::german().of(word))
            && (self.words.stems.contains_key(stem.as_str()) || self.postings.term(&stem).is_some())
        {
            self.stands_for(unit, &stem, 1.0);
            unit.stems.push(stem);
            unit.said = true;
            unit.doubt = 0.0;
            return;
        }
        let mut near = self.spelling.near(&unit.word, 1 + NEXT.len());
        // A long word that is one mistake away from a known one is that, even where some words happen to make it up.
        near.retain(|one| !made || (one.mistakes == 1 && letters >= LONG));
        let best = near.first().map_or(0.0, |best| best.cost);
        near.retain(|one| one.cost - best < CLEARLY_NEARER);
        let Some((best, others)) = near.split_first() else { return };
        let word = self.spelling.word(best.at);
        // The nearest word is understood like one that was typed: with its parts, and with all that it is said for.
        let meant = self.unit(word.spelled.to_string(), word.stem.to_string(), &mut Stems::german());
        let doubt = unit.doubt.min(MISTAKE * f32::from(best.mistakes) / letters as f32);
        let corrected = unit.corrected.take().unwrap_or_else(|| word.spelled.to_string());
        *unit = Unit { word: std::mem::take(&mut unit.word), corrected: Some(corrected), doubt, ..meant };
        for (near, weight) in others.iter().zip(NEXT) {
            let stem = &self.spelling.word(near.at).stem;
            self.stands_for(unit, stem, weight);
            unit.stems.push(stem.to_string());
        }
    }

    /// Takes all words that begin like this one, and where there are none, those that nearly do.
    fn unfinished(&self, unit: &mut Unit) {
        let mut endings = self.spelling.beginning_with(&unit.word, MAX_ENDINGS);
        let known = !unit.alternatives.is_empty() || !unit.parts.is_empty();
        if endings.is_empty() && !known && unit.word.chars().count() >= MIN_LETTERS {
            endings = self.spelling.near_beginning(&unit.word, MAX_ENDINGS).into_iter().map(|near| near.at).collect();
        }
        for at in endings {
            let stem = self.spelling.word(at).stem.to_string();
            self.stands_for(unit, &stem, ENDING);
            unit.stems.push(stem);
        }
        self.correct(unit);
    }

    /// How much a word says: what its best alternative does.
    fn says(&self, unit: &Unit) -> f32 {
        let best = unit.alternatives.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(UNKNOWN, |(term, _)| self.postings.idf(*term))
    }

    /// The official names that a German question leads to, the surest first.
    pub(super) fn meanings(&self, units: &[Unit]) -> Vec<Meaning> {
        // Every stem that the question holds: by which word, and how sure.
        let mut held: HashMap<&str, (usize, f32)> = HashMap::new();
        for (at, unit) in units.iter().enumerate() {
            for (place, stem) in unit.stems.iter().enumerate() {
                held.entry(stem).or_insert((at, 1.0 - NEAR_SAYING * place as f32));
            }
            for stem in unit.part_stems.iter().filter(|stem| stem.chars().count() >= MIN_LETTERS) {
                held.entry(stem).or_insert((at, PART_SAYING));
            }
        }
        let total: f32 = units.iter().map(|unit| unit.idf).sum::<f32>().max(f32::MIN_POSITIVE);
        let mut found: HashMap<PhraseNo, f32> = HashMap::new();
        let mut by_unit: HashMap<usize, f32> = HashMap::new();
        for stem in held.keys() {
            for saying in self.words.by_stem(stem) {
                by_unit.clear();
                if !saying.stems.iter().all(|stem| match held.get(&**stem) {
                    Some((at, sure)) => {
                        by_unit.insert(*at, units[*at].idf * sure);
                        true
                    }
                    None => false,
                }) {
                    continue;
                }
                let covered = by_unit.values().sum::<f32>() / total;
                add(&mut found, &saying.means, covered);
            }
        }
        surest(found)
    }
}

/// Adds the meanings of something said that makes up `covered` of the question.
pub(super) fn add(found: &mut HashMap<PhraseNo, f32>, means: &[PhraseNo], covered: f32) {
    for (phrase, counts) in means.iter().zip(MEANINGS) {
        let known = found.entry(*phrase).or_default();
        *known = known.max(covered * counts);
    }
}

pub(super) fn surest(found: HashMap<PhraseNo, f32>) -> Vec<Meaning> {
    let mut all: Vec<Meaning> = found.into_iter().map(|(phrase, weight)| Meaning { phrase, weight }).collect();
    all.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.phrase.cmp(&b.phrase)));
    all.truncate(MAX_MEANINGS);
    all
}

/// The infinitive-like form of a participle with a separable prefix: "angemeldet" is "anmeldet".
fn participle(word: &str) -> Option<String> {
    const PREFIXES: [&str; 12] = ["an", "ab", "um", "ein", "aus", "zu", "auf", "vor", "nach", "weg", "hin", "her"];
    PREFIXES.iter().find_map(|prefix| {
        let rest = word.strip_prefix(prefix)?.strip_prefix("ge")?;
        (rest.chars().count() >= MIN_LETTERS && (rest.ends_with('t') || rest.ends_with("en")))
            .then(|| format!("{prefix}{rest}"))
    })
}

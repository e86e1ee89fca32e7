//! What speaks for each concept: one number per reason, between 0 and about 1, for every concept at once.
//!
//! Nothing is decided here. The reasons are kept apart so that their weights can be learned together and shown.

use std::collections::HashMap;

use super::question::{AS_PART, Meaning, Understanding, Unit};
use crate::index::postings::{ConceptNo, FIELDS, Name, Postings, TermNo};

/// The reasons, in the order of the weights, each with what it is.
pub(super) const REASONS: [(&str, &str); 20] = [
    ("title", "share of the question, by how much each word says, that stands in a title"),
    ("keywords", "the same in the keywords, less in the names that LeiKa and OZG give"),
    ("text", "the same in the texts"),
    ("best_field", "the same in the best field of each Leistung; the prototype gained 0.03 by it"),
    ("title_both_ways", "title, times the share of the title that is asked for"),
    ("title_root", "root of the same: half a fit is more than a quarter"),
    ("keyword_both_ways", "keywords, times the share of one keyword that is asked for"),
    ("title_letters", "likeness of the title by groups of five letters"),
    ("name_letters", "likeness of title, keywords and names of LeiKa and OZG by groups of five letters"),
    ("has_text", "a description with a text; bare titles win by their shortness otherwise"),
    ("long_title", "long titles hold a word by chance"),
    ("official_title_both_ways", "how well a title fits the official name that the question leads to, both ways"),
    ("official_title", "share of that official name in the title"),
    ("official_anywhere", "share of it in title or keywords"),
    ("meaning_of_title", "nearness of the meanings of question and title"),
    ("meaning_of_text", "nearness of the meanings of question and title, keywords and text"),
    ("title_exact", "the question is a title"),
    ("official_best", "square of the fit: one clear way counts more than two half ones"),
    ("telling_word", "the word that says most, in the best field; 0 where nobody knows it"),
    ("together", "share of the neighbouring words of the question that stand together in one title or keyword"),
];
/// How many reasons there are.
pub(super) const COUNT: usize = REASONS.len();
/// The place of the reasons that come from meaning.
pub(super) const MEANING: [usize; 2] = [14, 15];

/// What a keyword and the text count against the title for the best field of a word.
const KEYWORD: f32 = 0.9;
/// What a name that LeiKa or OZG gives counts against a keyword: editors know better what their Leistung is called.
const LEIKA: f32 = 0.8;
const TEXT: f32 = 0.6;
/// What the parts of a compound count together against the whole word.
const PARTS: f32 = 0.75;
/// How much of an official name a title must hold for the title to be looked at both ways.
const WORTH_A_LOOK: f32 = 0.35;
/// The length of a title that counts as long, in letters.
const LONG_TITLE: f32 = 120.0;
/// From which likeness on letters alone count as a match.
const LIKE: f32 = 0.3;

/// How much of an official name must be there for it alone to be a match: more than "anmelden".
const OFFICIAL: f32 = 0.3;

/// All reasons for all concepts.
pub(super) struct Weighed {
    columns: Vec<Vec<f32>>,
}

impl Weighed {
    /// The reasons for one concept.
    pub(super) fn row(&self, concept: ConceptNo) -> [f32; COUNT] {
        std::array::from_fn(|reason| self.columns[reason][concept as usize])
    }

    /// How well each concept fits.
    pub(super) fn scores(&self, weights: &[f32; COUNT]) -> Vec<f32> {
        let mut scores = vec![0.0; self.columns[0].len()];
        for (column, weight) in self.columns.iter().zip(weights).filter(|(_, weight)| **weight != 0.0) {
            scores.iter_mut().zip(column).for_each(|(score, value)| *score += weight * value);
        }
        scores
    }

    /// True where the meaning is at least so near.
    pub(super) fn means(&self, concept: ConceptNo, near: f32) -> bool {
        MEANING.iter().any(|reason| self.columns[*reason][concept as usize] >= near)
    }

    /// True where anything that was said is there: in words, in letters, or by an official name.
    pub(super) fn matches(&self, concept: usize) -> bool {
        let value = |reason: usize| self.columns[reason][concept];
        value(3) > 0.0 || value(7) > LIKE || value(8) > LIKE || value(13) > OFFICIAL
    }

    /// Puts in how near the meanings are.
    pub(super) fn with_meaning(&mut self, near: [Vec<f32>; 2]) {
        for (reason, column) in MEANING.into_iter().zip(near) {
            self.columns[reason] = column;
        }
    }
}

impl Understanding {
    /// Weighs a question, taken apart, against all concepts.
    pub(super) fn weigh(&self, text: &str, units: &[Unit], meanings: &[Meaning]) -> Weighed {
        let postings = &*self.postings;
        let count = postings.concepts.len();
        let [title, mut keywords, leika, body] = std::array::from_fn(|field| matched(postings, units, field));
        let telling = most_telling(units).map(std::slice::from_ref);
        let telling = telling.map(|unit| {
            let [title, keywords, leika, body] = std::array::from_fn(|field| matched(postings, unit, field));
            let keywords: Vec<f32> = keywords.iter().zip(&leika).map(|(one, leika)| one.max(LEIKA * leika)).collect();
            best_field([&title, &keywords, &body])
        });
        let telling = telling.unwrap_or_else(|| vec![0.0; count]);
        let mut both = Both::new(postings);
        both.hold(units);
        let (mut precise_title, mut keyword_both) = (vec![0.0f32; count], vec![0.0f32; count]);
        let neighbours = Neighbours::of(units);
        let mut together = vec![0.0f32; count];
        for (at, concept) in postings.concepts.iter().enumerate() {
            if title[at] > 0.0 {
                precise_title[at] = both.best(&concept.titles);
                together[at] = neighbours.together(&concept.titles);
            }
            if keywords[at] > 0.0 {
                keyword_both[at] = keywords[at] * both.best(&concept.keywords);
                raise(&mut together[at], KEYWORD * neighbours.together(&concept.keywords));
            }
            if leika[at] > 0.0 {
                raise(&mut keyword_both[at], LEIKA * leika[at] * both.best(&concept.leika));
                raise(&mut keywords[at], LEIKA * leika[at]);
                raise(&mut together[at], LEIKA * KEYWORD * neighbours.together(&concept.leika));
            }
        }
        let [title_letters, name_letters] = postings.alike(text);
        let mut official = Official::new(count);
        both.drop_all(units);
        for meaning in meanings {
            self.weigh_official(*meaning, &mut both, &mut official);
        }
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f32>>();
        let best = best_field([&title, &keywords, &body]);
        let title_both = product(&title, &precise_title);
        let title_root = title_both.iter().map(|value| value.sqrt()).collect();
        let exact = title_both.iter().map(|value| f32::from(u8::from(*value > 0.98))).collect();
        let of = |value: fn(&crate::index::postings::Concept) -> f32| postings.concepts.iter().map(value).collect();
        let long: Vec<f32> =
            of(|concept| concept.titles.first().map_or(0.0, |title| (title.letters as f32 / LONG_TITLE).min(1.0)));
        let columns = vec![
            title,
            keywords,
            body,
            best,
            title_both,
            title_root,
            keyword_both,
            title_letters,
            name_letters,
            of(|concept| f32::from(u8::from(concept.has_text))),
            long,
            official.both,
            official.title,
            official.anywhere,
            vec![0.0; count],
            vec![0.0; count],
            exact,
            official.best,
            telling,
            together,
        ];
        Weighed { columns }
    }

    /// Weighs an official name like a question of its own.
    fn weigh_official(&self, meaning: Meaning, both: &mut Both, official: &mut Official) {
        let postings = &*self.postings;
        let units = self.phrase_units(meaning.phrase);
        let [title, keywords, leika] = std::array::from_fn(|field| matched(postings, &units, field));
        both.hold(&units);
        for (at, concept) in postings.concepts.iter().enumerate() {
            let (title, keywords) = (title[at], KEYWORD * keywords[at].max(LEIKA * leika[at]));
            if title <= 0.0 && keywords <= 0.0 {
                continue;
            }
            raise(&mut official.title[at], meaning.weight * title);
            raise(&mut official.anywhere[at], meaning.weight * title.max(keywords));
            if title >= WORTH_A_LOOK {
                let fits = (title * both.best(&concept.titles)).sqrt();
                raise(&mut official.both[at], meaning.weight * fits);
                // The surer the meaning and the better the fit, the more: a clear way is more than two half ones.
                raise(&mut official.best[at], (meaning.weight * fits).powi(2));
            }
        }
        both.drop_all(&units);
    }
}

fn raise(value: &mut f32, to: f32) {
    *value = value.max(to);
}

/// The reasons that come from official names.
struct Official {
    both: Vec<f32>,
    title: Vec<f32>,
    anywhere: Vec<f32>,
    best: Vec<f32>,
}

impl Official {
    fn new(count: usize) -> Self {
        let [both, title, anywhere, best] = std::array::from_fn(|_| vec![0.0; count]);
        Self { both, title, anywhere, best }
    }
}

/// What stands in the best field of each concept.
fn best_field([title, keywords, body]: [&Vec<f32>; 3]) -> Vec<f32> {
    (0..title.len()).map(|at| title[at].max(KEYWORD * keywords[at]).max(TEXT * body[at])).collect()
}

/// The word that says most; none where nobody knows one of them, which then says more than all others.
fn most_telling(units: &[Unit]) -> Option<&Unit> {
    let known = |unit: &Unit| !unit.alternatives.is_empty() || !unit.parts.is_empty();
    if units.iter().all(known) { units.iter().max_by(|a, b| a.idf.total_cmp(&b.idf)) } else { None }
}

/// Which words of a question stand side by side.
struct Neighbours {
    /// By term: a bit for each word of the question that it may stand for.
    words: HashMap<TermNo, u32>,
    pairs: usize,
}

impl Neighbours {
    fn of(units: &[Unit]) -> Self {
        let mut words: HashMap<TermNo, u32> = HashMap::new();
        for (at, unit) in units.iter().enumerate().take(32) {
            let parts = unit.parts.iter().flat_map(|(terms, _)| terms).flatten();
            for term in unit.alternatives.iter().map(|(term, _)| term).chain(parts) {
                *words.entry(*term).or_default() |= 1 << at;
            }
        }
        Self { words, pairs: units.len().min(32).saturating_sub(1) }
    }

    /// The share of the pairs that stand together in the best of these names: side by side, or with one word between.
    fn together(&self, names: &[Name]) -> f32 {
        if self.pairs == 0 {
            return 0.0;
        }
        names.iter().map(|name| self.share(name)).fold(0.0, f32::max)
    }

    fn share(&self, name: &Name) -> f32 {
        let bits = |term: &TermNo| self.words.get(term).copied().unwrap_or(0);
        let mut line = Vec::with_capacity(2 * name.terms.len());
        for word in &name.terms {
            match &*word.parts {
                [] => line.push(bits(&word.term)),
                parts => line.extend(parts.iter().map(|part| bits(part) | bits(&word.term))),
            }
        }
        // In either order: "Hund anmelden" and "Anmeldung eines Hundes".
        let pairs = |one: u32, other: u32| (one & other >> 1) | (other & one >> 1);
        let beside = line.windows(2).fold(0, |found, two| found | pairs(two[0], two[1]));
        let near = line.windows(3).fold(0, |found, three| found | pairs(three[0], three[2]));
        let count = |bits: u32| bits.count_ones() as f32;
        (count(beside) + 0.5 * count(near & !beside)) / self.pairs as f32
    }
}

/// How much of what is said stands in a field, by how much each word says; for every concept.
fn matched(postings: &Postings, units: &[Unit], field: usize) -> Vec<f32> {
    let count = postings.concepts.len();
    let total: f32 = units.iter().map(|unit| unit.idf).sum::<f32>().max(f32::MIN_POSITIVE);
    let mut found = vec![0.0f32; count];
    // What the word at hand counts, and where it counts anything.
    let (mut here, mut touched) = (vec![0.0f32; count], Vec::new());
    let (mut parts_here, mut parts_touched) = (vec![0.0f32; count], Vec::new());
    for unit in units {
        for (term, weight) in &unit.alternatives {
            for (concept, counts) in postings.list(*term, field) {
                let value = &mut here[*concept as usize];
                if *value == 0.0 {
                    touched.push(*concept);
                }
                raise(value, weight * counts);
            }
        }
        let says: f32 = unit.parts.iter().map(|(_, idf)| idf).sum();
        for (terms, idf) in &unit.parts {
            let mut last: HashMap<ConceptNo, f32> = HashMap::new();
            for term in terms.iter().flatten() {
                for (concept, counts) in postings.list(*term, field) {
                    raise(last.entry(*concept).or_default(), *counts);
                }
            }
            for (concept, counts) in last {
                let value = &mut parts_here[concept as usize];
                if *value == 0.0 {
                    parts_touched.push(concept);
                }
                *value += counts * idf / says;
            }
        }
        for concept in parts_touched.drain(..) {
            let parts = std::mem::take(&mut parts_here[concept as usize]);
            let value = &mut here[concept as usize];
            if *value == 0.0 {
                touched.push(concept);
            }
            raise(value, PARTS * parts);
        }
        for concept in touched.drain(..) {
            found[concept as usize] += unit.idf * std::mem::take(&mut here[concept as usize]) / total;
        }
    }
    found
}

/// How much of a name a question says: the way back.
struct Both<'p> {
    postings: &'p Postings,
    held: Vec<f32>,
}

impl<'p> Both<'p> {
    fn new(postings: &'p Postings) -> Self {
        Self { postings, held: vec![0.0; postings.terms()] }
    }

    fn hold(&mut self, units: &[Unit]) {
        for unit in units {
            for (term, weight) in &unit.alternatives {
                raise(&mut self.held[*term as usize], *weight);
            }
            for term in unit.parts.iter().flat_map(|(terms, _)| terms).flatten() {
                raise(&mut self.held[*term as usize], PARTS);
            }
        }
    }

    /// Forgets what was held.
    fn drop_all(&mut self, units: &[Unit]) {
        for unit in units {
            unit.alternatives.iter().for_each(|(term, _)| self.held[*term as usize] = 0.0);
            let parts = unit.parts.iter().flat_map(|(terms, _)| terms).flatten();
            parts.for_each(|term| self.held[*term as usize] = 0.0);
        }
    }

    /// The share of the best of these names that is held, by how much each word says.
    fn best(&self, names: &[Name]) -> f32 {
        names.iter().map(|name| self.share(name)).fold(0.0, f32::max)
    }

    fn share(&self, name: &Name) -> f32 {
        let (mut held, mut total) = (0.0, 0.0);
        for word in &name.terms {
            let idf = self.postings.idf(word.term);
            let mut value = self.held[word.term as usize];
            if value < 1.0 && !word.parts.is_empty() {
                let says = |term: &TermNo| self.postings.idf(*term);
                let all: f32 = word.parts.iter().map(says).sum::<f32>().max(f32::MIN_POSITIVE);
                let parts: f32 =
                    word.parts.iter().map(|term| (self.held[*term as usize] / AS_PART).min(1.0) * says(term)).sum();
                value = value.max(PARTS * parts / all);
            }
            held += idf * value;
            total += idf;
        }
        if total > 0.0 { held / total } else { 0.0 }
    }
}

const _: () = assert!(FIELDS == 4, "titles, keywords, catalogues and texts are weighed one by one");

//! Questions in other languages: which language it is, and what the words mean in German.
//!
//! A language is told by its script, by its little words and by how much of the question its glossary knows, against how
//! much of it is German. Phrases of the glossary lead to official names, single words to German words.

use std::collections::HashMap;

use super::question::{Meaning, Understanding, Unit, add, surest};
use crate::index::german::Stems;
use crate::index::postings::words;
use crate::record::Lang;
use crate::words::{folded, is_stop_word};

/// How much of a question must be known in a language for it to be that language.
const ENOUGH: f32 = 0.5;
/// What a little word says for its language.
const LITTLE_WORD: f32 = 0.8;
/// What the later German words of an entry count, the first one first.
const LATER: [f32; 4] = [1.0, 0.8, 0.6, 0.5];
/// What the words of a longer German name count for a single foreign word.
const OF_MANY: f32 = 0.8;
/// How many German words one foreign word may stand for.
const MAX_GERMAN: usize = 10;

/// The little words of each language that are no German ones, folded.
const LITTLE: [(&str, &[&str]); 8] = [
    (
        "en",
        &[
            "a", "an", "and", "are", "at", "be", "can", "do", "does", "for", "from", "get", "have", "how", "i", "is",
            "it", "me", "my", "need", "of", "on", "or", "our", "our", "should", "the", "to", "we", "what", "when",
            "where", "which", "who", "with", "you", "your",
        ],
    ),
    (
        "tr",
        &[
            "acaba",
            "benim",
            "bir",
            "bu",
            "cok",
            "da",
            "de",
            "en",
            "gerek",
            "gerekli",
            "gibi",
            "icin",
            "ile",
            "istiyorum",
            "kadar",
            "lazim",
            "mi",
            "nasil",
            "ne",
            "nerede",
            "nereden",
            "nereye",
            "var",
            "ve",
            "veya",
            "yapabilirim",
        ],
    ),
    (
        "fr",
        &[
            "a", "au", "avec", "ce", "comment", "dans", "de", "des", "du", "est", "et", "faire", "je", "l", "la", "le",
            "les", "ma", "mes", "mon", "ou", "pour", "puis", "quand", "que", "sur", "un", "une", "veux", "d", "j",
            "dois",
        ],
    ),
    (
        "it",
        &[
            "a", "che", "come", "con", "da", "dei", "del", "della", "devo", "di", "dove", "e", "ho", "i", "il", "in",
            "io", "la", "le", "mia", "mio", "per", "posso", "quando", "si", "un", "una", "vorrei",
        ],
    ),
    (
        "pl",
        &[
            "chce",
            "co",
            "czy",
            "dla",
            "do",
            "gdzie",
            "i",
            "jak",
            "jest",
            "kiedy",
            "ma",
            "mam",
            "moge",
            "moj",
            "moje",
            "na",
            "nie",
            "po",
            "potrzebuje",
            "sie",
            "w",
            "z",
            "za",
        ],
    ),
    (
        "uk",
        &[
            "в", "до", "для", "де", "з", "і", "й", "коли", "мені", "мій", "моя", "на", "не", "про", "у", "що", "як",
            "та", "я",
        ],
    ),
    (
        "ru",
        &[
            "в",
            "для",
            "где",
            "и",
            "как",
            "когда",
            "мне",
            "мой",
            "моя",
            "на",
            "не",
            "о",
            "по",
            "с",
            "у",
            "что",
            "я",
            "к",
        ],
    ),
    ("ar", &["في", "من", "على", "الى", "كيف", "اين", "متى", "ما", "هل", "عن", "مع", "او", "لي", "انا", "اريد"]),
];

impl Understanding {
    /// The language of a question that is not German; none for a German one.
    pub(super) fn language(&self, text: &str) -> Option<Lang> {
        if text.chars().any(|letter| ('\u{600}'..='\u{6ff}').contains(&letter)) {
            return Lang::parse("ar");
        }
        let lower = text.to_lowercase();
        let cyrillic = lower.chars().any(|letter| ('\u{400}'..='\u{4ff}').contains(&letter));
        if cyrillic && lower.contains(['і', 'ї', 'є', 'ґ']) {
            return Lang::parse("uk");
        }
        if cyrillic && lower.contains(['ы', 'э', 'ъ', 'ё']) {
            return Lang::parse("ru");
        }
        let all: Vec<String> = words(text).collect();
        if all.is_empty() {
            return None;
        }
        let german = if cyrillic { 0.0 } else { self.german(&all) };
        let mut best: Option<(f32, Lang)> = None;
        for (lang, glossary) in &self.words.glossaries {
            if cyrillic != matches!(lang.as_str(), "uk" | "ru") || lang.as_str() == "ar" {
                continue;
            }
            let little = LITTLE.iter().find(|(code, _)| *code == lang.as_str()).map_or(&[][..], |(_, words)| words);
            let score: f32 = all
                .iter()
                .map(|word| {
                    let word = folded(word);
                    let known = if little.contains(&word.as_str()) { LITTLE_WORD } else { 0.0 };
                    known.max(glossary.known(&word).0)
                })
                .sum();
            if best.is_none_or(|(known, _)| score > known) {
                best = Some((score, *lang));
            }
        }
        let (score, lang) = best?;
        (cyrillic || (score / all.len() as f32 >= ENOUGH && score > german)).then_some(lang)
    }

    /// How many of these words are German.
    fn german(&self, all: &[String]) -> f32 {
        let mut stems = Stems::german();
        let mut said = |word: &str| self.words.stems.contains_key(stems.of(word).as_str());
        // "Persos" is a plural that no stemmer knows, and no foreign word.
        let mut known = |word: &str| {
            let plural = word.strip_suffix('s').is_some_and(&mut said);
            plural || is_stop_word(word) || self.spelling.knows(word) || said(word)
        };
        all.iter().filter(|word| known(word)).count() as f32
    }

    /// The words of a question in another language as German ones, and the official names that it leads to.
    pub(super) fn translate(&self, text: &str, lang: Lang) -> (Vec<Unit>, Vec<Meaning>) {
        let Some(glossary) = self.words.glossaries.get(&lang) else { return (Vec::new(), Vec::new()) };
        let little = LITTLE.iter().find(|(code, _)| *code == lang.as_str()).map_or(&[][..], |(_, words)| words);
        let all: Vec<(String, String)> = words(text)
            .map(|word| (folded(&word), word))
            .filter(|(word, _)| !little.contains(&word.as_str()))
            .collect();
        // By word of the glossary: by which word of the question, and how like it.
        let mut held: HashMap<&str, (usize, f32)> = HashMap::new();
        for (at, (word, _)) in all.iter().enumerate() {
            let (quality, forms) = glossary.known(word);
            forms.into_iter().for_each(|form| {
                held.entry(form).or_insert((at, quality));
            });
        }
        let mut found = HashMap::new();
        let mut single: Vec<Vec<(String, f32)>> = vec![Vec::new(); all.len()];
        let mut seen: std::collections::BTreeSet<u32> = std::collections::BTreeSet::new();
        for form in held.keys() {
            seen.extend(glossary.entries_with(form));
        }
        for number in seen {
            let (said, means) = &glossary.entries[number as usize];
            let Some(by) = said.iter().map(|word| held.get(&**word).copied()).collect::<Option<Vec<_>>>() else {
                continue;
            };
            let mut covering: HashMap<usize, f32> = HashMap::new();
            by.iter().for_each(|(at, quality)| {
                covering.insert(*at, *quality);
            });
            add(&mut found, means, covering.values().sum::<f32>() / all.len() as f32);
            if let [(at, quality)] = by.as_slice() {
                self.german_words(&mut single[*at], means, *quality);
            }
        }
        let units = all.iter().zip(single).map(|((_, typed), means)| self.word(typed, means)).collect();
        (units, surest(found))
    }

    /// The German words of the names that a single foreign word may mean.
    fn german_words(&self, found: &mut Vec<(String, f32)>, means: &[u32], quality: f32) {
        for (phrase, later) in means.iter().zip(LATER) {
            let words = &self.words.phrases[*phrase as usize].words;
            let weight = quality * later * if words.len() > 1 { OF_MANY } else { 1.0 };
            for (word, _) in words {
                if found.len() < MAX_GERMAN && found.iter().all(|(known, _)| **known != **word) {
                    found.push((word.to_string(), weight));
                }
            }
        }
    }

    /// A word that the glossary does not know may be a German one, or a name.
    fn word(&self, typed: &str, means: Vec<(String, f32)>) -> Unit {
        if means.is_empty() {
            return self.units(typed, Lang::EN, false).pop().unwrap_or_default();
        }
        let mut unit = self.translated(typed, &means);
        // English texts of the records themselves are found by the word as it is.
        if let Some(own) = self.units(typed, Lang::EN, false).pop().filter(|own| own.corrected.is_none()) {
            unit.alternatives.extend(own.alternatives);
        }
        unit
    }
}

//! Everyday words: what people say, and the official names that it means.
//!
//! They stand in readable files, one entry a line: `said`, `means`, `source`, separated by tabs; alternatives by ` | `.
//! Files whose name begins with `de` are German, others are named by their language. What is said is matched by stems
//! and in any order, so inflections need no line of their own. Nothing here knows the index: an entry holds for every
//! stock of Leistungen.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use crate::index::german::Stems;
use crate::index::postings::words;
use crate::record::Lang;

/// A place among the official names.
pub(crate) type PhraseNo = u32;

/// The most official names that one entry may have.
const MAX_MEANINGS: usize = 4;

/// A line that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}; expected said, means and source, separated by tabs")]
pub struct WordFault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: &'static str,
}

/// One thing that is said in German.
#[derive(Debug)]
pub(crate) struct Saying {
    /// The stems that must all be there, each once, sorted.
    pub stems: Box<[Box<str>]>,
    /// What it means, the best first.
    pub means: Box<[PhraseNo]>,
}

/// An official name.
#[derive(Debug)]
pub(crate) struct Phrase {
    pub text: Box<str>,
    /// Its words with their stems.
    pub words: Box<[(Box<str>, Box<str>)]>,
}

/// All entries of all files.
#[derive(Debug, Default)]
pub struct Words {
    pub(crate) sayings: Vec<Saying>,
    /// By the rarest stem of each: who says this.
    by_stem: HashMap<Box<str>, Vec<u32>>,
    /// Every stem that is said somewhere, with how often.
    pub(crate) stems: HashMap<Box<str>, u32>,
    /// Every German word that is said somewhere, with its stem.
    pub(crate) spelled: HashMap<String, Box<str>>,
    pub(crate) phrases: Vec<Phrase>,
    pub(crate) glossaries: BTreeMap<Lang, Glossary>,
}

/// What is said, as folded words, and what it means, the best first.
pub(crate) type Entry = (Box<[Box<str>]>, Box<[PhraseNo]>);

/// What is said in another language. Words are folded: lower case, without marks.
#[derive(Debug, Default)]
pub(crate) struct Glossary {
    pub entries: Vec<Entry>,
    /// Words by their first three letters, with the entries they stand in.
    by_start: HashMap<Box<str>, BTreeMap<Box<str>, Vec<u32>>>,
}

impl Words {
    /// Those that are built in; read when they are asked for first.
    pub(crate) fn built_in() -> Arc<Self> {
        static BUILT_IN: LazyLock<Arc<Words>> =
            LazyLock::new(|| Arc::new(Words::read(config::WORDS.iter().copied()).0));
        Arc::clone(&BUILT_IN)
    }

    /// Reads files, given as name and text; lines that cannot be used are left out and named.
    pub fn read<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> (Self, Vec<WordFault>) {
        let mut all = Self::default();
        let (mut faults, mut known, mut stems) = (Vec::new(), HashMap::new(), Stems::german());
        let mut stemmed: HashMap<String, Box<str>> = HashMap::new();
        for (file, text) in files {
            let lang = file.get(..2).and_then(Lang::parse).unwrap_or(Lang::DE);
            for (at, line) in text.lines().enumerate() {
                if line.trim().is_empty() || line.starts_with('#') {
                    continue;
                }
                let mut fault = |reason| faults.push(WordFault { file: file.to_owned(), line: at + 1, reason });
                let columns: Vec<&str> = line.split('\t').collect();
                let [said, means, source] = columns.as_slice() else {
                    fault("it has not three columns");
                    continue;
                };
                if source.trim().is_empty() {
                    fault("it names no source");
                    continue;
                }
                let means = alternatives(means).take(MAX_MEANINGS);
                let means: Box<[PhraseNo]> = means.map(|name| all.phrase(name, &mut known, &mut stems)).collect();
                if means.is_empty() {
                    fault("it means nothing");
                    continue;
                }
                for said in alternatives(said) {
                    if lang == Lang::DE {
                        let mut found: Vec<Box<str>> = Vec::new();
                        for word in content(said) {
                            let stem = stemmed.entry(word).or_insert_with_key(|word| stems.of(word).into_boxed_str());
                            if !found.contains(stem) {
                                found.push(stem.clone());
                            }
                        }
                        found.sort_unstable();
                        if !found.is_empty() {
                            all.sayings.push(Saying { stems: found.into(), means: means.clone() });
                        }
                    } else {
                        all.glossaries.entry(lang).or_default().add(said, &means);
                    }
                }
            }
        }
        all.spelled = stemmed;
        all.index();
        (all, faults)
    }

    fn phrase(&mut self, name: &str, known: &mut HashMap<String, PhraseNo>, stems: &mut Stems) -> PhraseNo {
        *known.entry(name.to_lowercase()).or_insert_with(|| {
            let words = content(name).into_iter().map(|word| {
                let stem = stems.of(&word);
                (word.into_boxed_str(), stem.into_boxed_str())
            });
            self.phrases.push(Phrase { text: name.into(), words: words.collect() });
            (self.phrases.len() - 1) as PhraseNo
        })
    }

    fn index(&mut self) {
        for stem in self.sayings.iter().flat_map(|saying| &saying.stems) {
            *self.stems.entry(stem.clone()).or_default() += 1;
        }
        for (at, saying) in self.sayings.iter().enumerate() {
            let rarest = saying.stems.iter().min_by_key(|stem| self.stems[*stem]).expect("a saying has a word");
            self.by_stem.entry(rarest.clone()).or_default().push(at as u32);
        }
    }

    /// The sayings whose rarest word is `stem`.
    pub(crate) fn by_stem(&self, stem: &str) -> impl Iterator<Item = &Saying> {
        self.by_stem.get(stem).into_iter().flatten().map(|at| &self.sayings[*at as usize])
    }

    /// How many things are said, and how many official names there are.
    pub fn counts(&self) -> (usize, usize) {
        let foreign: usize = self.glossaries.values().map(|glossary| glossary.entries.len()).sum();
        (self.sayings.len() + foreign, self.phrases.len())
    }
}

fn alternatives(column: &str) -> impl Iterator<Item = &str> {
    column.split('|').map(str::trim).filter(|text| !text.is_empty())
}

impl Glossary {
    fn add(&mut self, said: &str, means: &[PhraseNo]) {
        let tokens: Box<[Box<str>]> = words(said).map(|word| folded(&word).into_boxed_str()).collect();
        if tokens.is_empty() {
            return;
        }
        let at = self.entries.len() as u32;
        for token in &tokens {
            let list = self.by_start.entry(start(token).into()).or_default().entry(token.clone()).or_default();
            if list.last() != Some(&at) {
                list.push(at);
            }
        }
        self.entries.push((tokens, means.into()));
    }

    /// How well the glossary knows a folded word, 0 to 1, and the words of the glossary that it is a form of.
    pub(crate) fn known(&self, word: &str) -> (f32, Vec<&str>) {
        let (mut best, mut found) = (0.0f32, Vec::new());
        for near in self.by_start.get(start(word)).into_iter().flatten() {
            let quality = likeness(word, near.0);
            if quality > 0.0 {
                best = best.max(quality);
                found.push((quality, &**near.0));
            }
        }
        found.retain(|(quality, _)| *quality >= best - 0.05);
        (best, found.into_iter().map(|(_, word)| word).collect())
    }

    /// The entries in which a word of the glossary stands.
    pub(crate) fn entries_with(&self, word: &str) -> &[u32] {
        self.by_start.get(start(word)).and_then(|words| words.get(word)).map_or(&[], Vec::as_slice)
    }
}

fn start(word: &str) -> &str {
    word.char_indices().nth(3).map_or(word, |(end, _)| word.get(..end).unwrap_or(word))
}

/// How likely two words are forms of one: 1 for the same, less the more their ends differ, 0 for others.
fn likeness(a: &str, b: &str) -> f32 {
    if a == b {
        return 1.0;
    }
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.chars().count(), b.chars().count());
    let share = common as f32 / a.max(b) as f32;
    let stem = common as f32 / a.min(b) as f32;
    // A long common beginning with different ends is inflection; the shorter one must be nearly all of it.
    if common >= 3 && share >= 0.6 && stem >= 0.75 { share * 0.9 } else { 0.0 }
}

/// A word without the marks that people leave out when they type: lower case, accents gone, Arabic article gone.
pub(crate) fn folded(word: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    let lower: String = word.to_lowercase().replace('ı', "i").replace(['أ', 'إ', 'آ'], "ا").replace('ة', "ه");
    // Cyrillic й and ї are letters of their own; the marks of Latin and Arabic letters are not.
    let plain: String = lower
        .chars()
        .flat_map(|letter| {
            let keep = ('\u{400}'..='\u{4ff}').contains(&letter);
            let parts: Vec<char> = if keep { vec![letter] } else { std::iter::once(letter).nfd().collect() };
            parts.into_iter().filter(|part| !is_combining_mark(*part))
        })
        .collect();
    for prefix in ["وال", "بال", "لل", "ال"] {
        if let Some(rest) = plain.strip_prefix(prefix).filter(|rest| rest.chars().count() >= 3) {
            return rest.to_owned();
        }
    }
    plain
}

/// The words of a text that say something; all of them where none does.
pub(crate) fn content(text: &str) -> Vec<String> {
    let all: Vec<String> = words(text).collect();
    let said: Vec<String> = all.iter().filter(|word| !is_stop_word(word)).cloned().collect();
    if said.is_empty() { all } else { said }
}

/// True for a German word that says nothing of what is asked.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// Sorted.
const STOP_WORDS: &[&str] = &[
    "aber",
    "alle",
    "als",
    "am",
    "an",
    "auch",
    "auf",
    "aus",
    "bei",
    "beim",
    "bekomme",
    "bekommen",
    "benötige",
    "benötigt",
    "bin",
    "bitte",
    "brauche",
    "brauchen",
    "da",
    "damit",
    "dann",
    "darf",
    "das",
    "dass",
    "dem",
    "den",
    "denn",
    "der",
    "des",
    "die",
    "doch",
    "du",
    "ein",
    "eine",
    "einem",
    "einen",
    "einer",
    "eines",
    "er",
    "es",
    "für",
    "ganz",
    "gehen",
    "geht",
    "gibt",
    "hab",
    "habe",
    "haben",
    "hat",
    "hier",
    "hätte",
    "ich",
    "ihr",
    "im",
    "in",
    "ist",
    "ja",
    "jetzt",
    "kann",
    "kannst",
    "können",
    "könnte",
    "mache",
    "machen",
    "mal",
    "man",
    "mehr",
    "mein",
    "meine",
    "meinem",
    "meinen",
    "meiner",
    "mich",
    "mir",
    "mit",
    "muss",
    "möchte",
    "müssen",
    "nach",
    "nicht",
    "noch",
    "nun",
    "nur",
    "ob",
    "oder",
    "schon",
    "sehr",
    "sein",
    "seine",
    "sich",
    "sie",
    "sind",
    "so",
    "soll",
    "tun",
    "um",
    "und",
    "uns",
    "unser",
    "unsere",
    "viel",
    "vom",
    "von",
    "vor",
    "wann",
    "war",
    "was",
    "welche",
    "welcher",
    "welches",
    "wenn",
    "wer",
    "wie",
    "will",
    "wir",
    "wird",
    "wo",
    "woher",
    "wohin",
    "wollen",
    "wurde",
    "würde",
    "zu",
    "zum",
    "zur",
    "über",
];

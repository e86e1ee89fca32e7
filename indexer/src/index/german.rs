//! How texts become terms: lower case, compounds with their parts beside them, stems.
//!
//! The stemmer is tantivy's Snowball German, which folds ü/ue/u and ß/ss by itself. Compounds are split by a
//! dictionary learned from our own titles and keywords; the parts stand beside the whole word, marked, so that a part
//! can count less than a word of its own and nothing is lost when a split is wrong.

use std::collections::HashSet;
use std::sync::Arc;

use tantivy::tokenizer::{
    Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer, Token, TokenFilter, TokenStream,
    Tokenizer,
};

/// Name of the analysis of German texts in the schema.
pub(crate) const GERMAN: &str = "german";
/// Name of the analysis of English texts in the schema.
pub(crate) const ENGLISH: &str = "english";

/// Stands before a term that is a part of a compound; no word holds it.
pub(crate) const PART: char = '+';

/// How a part is known until its stem is made.
const PART_LENGTH: usize = 2;

/// The shortest part of a compound, in letters.
const MIN_PART: usize = 4;
/// What may stand between two parts.
const JOINTS: [&str; 7] = ["", "s", "es", "n", "en", "e", "er"];

/// The words of which compounds are made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Compounds {
    words: HashSet<String>,
}

impl Compounds {
    /// Learns from `texts`: every word of at least four letters, and what remains of it without `en`, `n` or `e`, so
    /// that "Wohngeld" is made of "wohnen" and "Geld".
    pub(crate) fn learn<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut words = HashSet::new();
        for text in texts {
            for word in text.split(|letter: char| !letter.is_alphanumeric()) {
                let word = word.to_lowercase();
                if !word.chars().all(char::is_alphabetic) {
                    continue;
                }
                for form in
                    [Some(word.as_str()), word.strip_suffix("en"), word.strip_suffix('n'), word.strip_suffix('e')]
                {
                    if let Some(form) = form.filter(|form| form.chars().count() >= MIN_PART) {
                        words.insert(form.to_owned());
                    }
                }
            }
        }
        Self { words }
    }

    /// The words, sorted, one a line: the form in which they are kept beside the index.
    pub(crate) fn to_lines(&self) -> String {
        let mut words: Vec<_> = self.words.iter().map(String::as_str).collect();
        words.sort_unstable();
        words.join("\n")
    }

    /// Reads what `to_lines` wrote.
    pub(crate) fn from_lines(text: &str) -> Self {
        Self { words: text.lines().map(str::to_owned).collect() }
    }

    /// The fewest known words that `word` (lower case) is made of; empty when it is none or not made of known words.
    pub(crate) fn split<'w>(&self, word: &'w str) -> Vec<&'w str> {
        let ends: Vec<usize> = word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
        let letters = ends.len() - 1;
        if letters < 2 * MIN_PART || self.words.is_empty() {
            return Vec::new();
        }
        // best[i]: the cost of covering the first i letters, and where the last part begins and ends. A part costs more
        // than any joint, and "Straßen" is better than "Straß" with "en" behind it.
        let mut best: Vec<Option<(usize, usize, usize)>> = vec![None; letters + 1];
        best[0] = Some((0, 0, 0));
        for from in 0..letters {
            let Some((cost, _, _)) = best[from] else { continue };
            for to in from + MIN_PART..=letters {
                let Some(part) = word.get(ends[from]..ends[to]) else { continue };
                if (from == 0 && to == letters) || !self.words.contains(part) {
                    continue;
                }
                for joint in JOINTS {
                    let behind = to + joint.len();
                    let fits = behind <= letters && word.get(ends[to]..ends[behind]) == Some(joint);
                    if !fits || (behind == letters && !joint.is_empty()) {
                        continue;
                    }
                    let cost = cost + 10 + joint.len();
                    if best[behind].is_none_or(|(known, _, _)| cost < known) {
                        best[behind] = Some((cost, from, to));
                    }
                }
            }
        }
        let mut found = Vec::new();
        let mut at = letters;
        while at > 0 {
            let Some((_, from, to)) = best[at] else { return Vec::new() };
            found.extend(word.get(ends[from]..ends[to]));
            at = from;
        }
        found.reverse();
        found
    }
}

/// The analysis of German texts.
pub(crate) fn german(compounds: Arc<Compounds>) -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(80))
        .filter(LowerCaser)
        .filter(CompoundFilter { compounds })
        .filter(Stemmer::new(Language::German))
        .filter(MarkFilter)
        .build()
}

/// German words to stems, one word at a time, as the index has them.
pub(crate) struct Stems(TextAnalyzer);

impl Stems {
    pub(crate) fn german() -> Self {
        Self(
            TextAnalyzer::builder(SimpleTokenizer::default())
                .filter(LowerCaser)
                .filter(Stemmer::new(Language::German))
                .build(),
        )
    }

    pub(crate) fn english() -> Self {
        Self(english())
    }

    /// The stem of one word; the word itself where it is none.
    pub(crate) fn of(&mut self, word: &str) -> String {
        let mut stream = self.0.token_stream(word);
        if stream.advance() { stream.token().text.clone() } else { word.to_lowercase() }
    }
}

/// The analysis of English texts.
pub(crate) fn english() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(80))
        .filter(LowerCaser)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Adds the parts of compounds beside the whole word.
#[derive(Clone)]
struct CompoundFilter {
    compounds: Arc<Compounds>,
}

impl TokenFilter for CompoundFilter {
    type Tokenizer<T: Tokenizer> = CompoundTokenizer<T>;

    fn transform<T: Tokenizer>(self, tokenizer: T) -> CompoundTokenizer<T> {
        CompoundTokenizer { compounds: self.compounds, inner: tokenizer, parts: Vec::new() }
    }
}

#[derive(Clone)]
struct CompoundTokenizer<T> {
    compounds: Arc<Compounds>,
    inner: T,
    parts: Vec<Token>,
}

impl<T: Tokenizer> Tokenizer for CompoundTokenizer<T> {
    type TokenStream<'a> = CompoundStream<'a, T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        self.parts.clear();
        CompoundStream { compounds: &self.compounds, tail: self.inner.token_stream(text), parts: &mut self.parts }
    }
}

struct CompoundStream<'a, T> {
    compounds: &'a Compounds,
    tail: T,
    /// Parts still to be given, the last first.
    parts: &'a mut Vec<Token>,
}

impl<T: TokenStream> TokenStream for CompoundStream<'_, T> {
    fn advance(&mut self) -> bool {
        // The last part given makes room for the next; the one before it is the whole word itself.
        if self.parts.pop().is_some() && !self.parts.is_empty() {
            return true;
        }
        if !self.tail.advance() {
            return false;
        }
        let token = self.tail.token();
        let split = self.compounds.split(&token.text);
        if !split.is_empty() {
            let parts = split.into_iter().map(|part| Token {
                text: part.to_owned(),
                position_length: PART_LENGTH,
                ..token.clone()
            });
            self.parts.extend(parts.rev());
            self.parts.push(token.clone());
        }
        true
    }

    fn token(&self) -> &Token {
        self.parts.last().unwrap_or_else(|| self.tail.token())
    }

    fn token_mut(&mut self) -> &mut Token {
        if self.parts.is_empty() { self.tail.token_mut() } else { self.parts.last_mut().expect("just looked") }
    }
}

/// Marks the stems of parts.
#[derive(Clone)]
struct MarkFilter;

impl TokenFilter for MarkFilter {
    type Tokenizer<T: Tokenizer> = MarkTokenizer<T>;

    fn transform<T: Tokenizer>(self, tokenizer: T) -> MarkTokenizer<T> {
        MarkTokenizer(tokenizer)
    }
}

#[derive(Clone)]
struct MarkTokenizer<T>(T);

impl<T: Tokenizer> Tokenizer for MarkTokenizer<T> {
    type TokenStream<'a> = MarkStream<T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        MarkStream(self.0.token_stream(text))
    }
}

struct MarkStream<T>(T);

impl<T: TokenStream> TokenStream for MarkStream<T> {
    fn advance(&mut self) -> bool {
        let more = self.0.advance();
        if more && self.0.token().position_length == PART_LENGTH {
            let token = self.0.token_mut();
            token.text.insert(0, PART);
            token.position_length = 1;
        }
        more
    }

    fn token(&self) -> &Token {
        self.0.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.0.token_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The terms of a text in the order they come.
    fn terms(analyzer: &mut TextAnalyzer, text: &str) -> Vec<String> {
        let mut stream = analyzer.token_stream(text);
        let mut found = Vec::new();
        while let Some(token) = stream.next() {
            found.push(token.text.clone());
        }
        found
    }

    fn compounds() -> Compounds {
        Compounds::learn([
            "Hund anmelden",
            "Steuer, Anmeldung",
            "Geld wohnen",
            "Zulassung Stelle",
            "Straßen Verkehr Amt",
        ])
    }

    #[track_caller]
    fn check_split(word: &str, expected: &[&str]) {
        assert_eq!(compounds().split(word), expected, "{word}");
    }

    #[test]
    fn a_compound_is_split_into_known_words_of_four_letters_and_more() {
        check_split("hundsteuer", &["hund", "steuer"]);
        check_split("wohngeld", &["wohn", "geld"]);
        check_split("hundesteuer", &["hund", "steuer"]);
        check_split("zulassungsstelle", &["zulassung", "stelle"]);
        check_split("steueranmeldung", &["steuer", "anmeldung"]);
        check_split("straßenverkehrsteuer", &["straßen", "verkehr", "steuer"]);
        check_split("anmeldung", &[]);
        check_split("hund", &[]);
        check_split("straßenverkehrsamtes", &[]);
        check_split("", &[]);
    }

    #[test]
    fn parts_stand_beside_the_whole_word() {
        let mut analyzer = german(Arc::new(compounds()));
        assert_eq!(terms(&mut analyzer, "Wohngeld für Hunde"), ["wohngeld", "+wohn", "+geld", "fur", "hund"]);
        let mut stream = analyzer.token_stream("die Zulassungsstelle");
        let mut positions = Vec::new();
        while let Some(token) = stream.next() {
            positions.push(token.position);
        }
        assert_eq!(positions, [0, 1, 1, 1]);
    }

    #[test]
    fn umlauts_are_found_however_they_are_written() {
        let mut analyzer = german(Arc::new(Compounds::default()));
        let forms = ["Führerschein", "Fuehrerschein", "führerscheine", "FÜHRERSCHEIN"];
        let found: HashSet<_> = forms.iter().map(|form| terms(&mut analyzer, form)).collect();
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn the_dictionary_survives_its_file() {
        assert_eq!(Compounds::from_lines(&compounds().to_lines()), compounds());
    }
}

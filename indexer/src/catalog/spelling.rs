//! Mistyped words: the nearest words of our own vocabulary, by a Levenshtein automaton.
//!
//! Words are compared as they are spelled, not by their stems: a mistake in an ending would hide it from the stemmer.
//! Umlauts and ß cost nothing, they are folded on both sides. The vocabulary is sorted, so that words with a common beginning share the automaton's work, and whole stretches are
//! left out once no word with that beginning can be near enough.

use std::sync::LazyLock;

use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};

/// Automata for one and for two mistakes; a swap of two letters is one mistake. They cost milliseconds to make.
static BUILDERS: LazyLock<[LevenshteinAutomatonBuilder; 2]> =
    LazyLock::new(|| [LevenshteinAutomatonBuilder::new(1, true), LevenshteinAutomatonBuilder::new(2, true)]);

/// The shortest word that is corrected, in letters.
pub(super) const MIN_LETTERS: usize = 4;
/// From how many letters on two mistakes are allowed.
const TWO_MISTAKES: usize = 8;
/// The mistakes that a common word makes up for: so much for each factor e of how often it occurs.
const COMMON: f32 = 0.1;
/// What the same first letter makes up for: people mistype it rarely.
const SAME_START: f32 = 0.5;

/// What umlauts cost that stand in one of the words alone, where any were typed.
const OTHER_UMLAUTS: f32 = 0.5;

/// A word that may be meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Near {
    /// Its place in the vocabulary.
    pub at: usize,
    /// How many mistakes there are between.
    pub mistakes: u8,
    /// The less, the nearer.
    pub cost: f32,
}

/// A word of the vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Known {
    /// As it is compared: lower case, umlauts and ß folded.
    folded: Box<str>,
    /// As it is spelled, lower case.
    pub spelled: Box<str>,
    pub stem: Box<str>,
    /// How often it occurs.
    count: u32,
}

impl Known {
    /// A word, lower case, with its stem.
    pub(crate) fn new(spelled: &str, stem: &str, count: u32) -> Self {
        Self { folded: without_umlauts(spelled).into(), spelled: spelled.into(), stem: stem.into(), count }
    }
}

/// A lower-case word with ä, ö, ü and ß as they are typed without their keys.
pub(crate) fn without_umlauts(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for letter in word.chars() {
        match letter {
            'ä' => folded.push('a'),
            'ö' => folded.push('o'),
            'ü' => folded.push('u'),
            'ß' => folded.push_str("ss"),
            other => folded.push(other),
        }
    }
    folded
}

/// How many umlauts and ß there are.
fn umlauts(word: &str) -> usize {
    word.chars().filter(|letter| matches!(letter, 'ä' | 'ö' | 'ü' | 'ß')).count()
}

/// All words that may be meant.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    /// Sorted as they are compared.
    words: Vec<Known>,
}

impl Spelling {
    /// Takes words in any order; those of one stem that differ in umlauts alone are one, with the first spelling.
    pub(super) fn new(mut words: Vec<Known>) -> Self {
        words.sort_unstable();
        words.dedup_by(|next, kept| {
            let same = next.folded == kept.folded && next.stem == kept.stem;
            if same {
                kept.count += next.count;
            }
            same
        });
        words.retain(|word| word.folded.chars().count() >= MIN_LETTERS - 1);
        Self { words }
    }

    /// A word of the vocabulary by its place.
    pub(super) fn word(&self, at: usize) -> &Known {
        &self.words[at]
    }

    /// True for a word of the vocabulary.
    pub(super) fn knows(&self, word: &str) -> bool {
        let folded = without_umlauts(word);
        self.words.binary_search_by(|known| (*known.folded).cmp(&folded)).is_ok()
    }

    /// The words that begin with `start`, the most common first; at most `limit`.
    pub(super) fn beginning_with(&self, start: &str, limit: usize) -> Vec<usize> {
        let start = without_umlauts(start);
        let from = self.words.partition_point(|word| *word.folded < *start);
        let mut found: Vec<usize> =
            (from..self.words.len()).take_while(|at| self.words[*at].folded.starts_with(&start)).collect();
        found.sort_by_key(|at| (std::cmp::Reverse(self.words[*at].count), *at));
        found.truncate(limit);
        found
    }

    /// The words nearest to `typed`, the nearest first, each stem once; at most `limit`.
    pub(super) fn near(&self, typed: &str, limit: usize) -> Vec<Near> {
        self.nearest(typed, limit, LevenshteinAutomatonBuilder::build_dfa)
    }

    /// The words that begin nearly like `typed`, the nearest first, each stem once; at most `limit`.
    pub(super) fn near_beginning(&self, typed: &str, limit: usize) -> Vec<Near> {
        self.nearest(typed, limit, LevenshteinAutomatonBuilder::build_prefix_dfa)
    }

    fn nearest(
        &self,
        typed: &str,
        limit: usize,
        automaton: fn(&LevenshteinAutomatonBuilder, &str) -> DFA,
    ) -> Vec<Near> {
        let umlauts = umlauts(typed);
        let typed = without_umlauts(typed);
        let letters = typed.chars().count();
        let mistakes = if letters >= TWO_MISTAKES { 2 } else { 1 };
        let dfa = automaton(&BUILDERS[mistakes - 1], &typed);
        let first = typed.chars().next();
        let mut found = Vec::new();
        self.walk(&dfa, |at, distance| {
            let Known { folded, spelled, count, .. } = &self.words[at];
            let start = if folded.chars().next() == first { SAME_START } else { 0.0 };
            // Who has the keys uses them: "Fördreung" is "Förderung", not "Forderung".
            let other = if umlauts > 0 && self::umlauts(spelled) != umlauts { OTHER_UMLAUTS } else { 0.0 };
            let cost = f32::from(distance) - COMMON * (1.0 + *count as f32).ln() - start + other;
            found.push(Near { at, mistakes: distance, cost });
        });
        found.sort_by(|a, b| a.cost.total_cmp(&b.cost).then(a.at.cmp(&b.at)));
        let mut stems = std::collections::HashSet::new();
        found.retain(|near| stems.insert(&*self.words[near.at].stem));
        found.truncate(limit);
        found
    }

    /// Calls `visit` for each word that the automaton accepts, with its distance.
    fn walk(&self, dfa: &DFA, mut visit: impl FnMut(usize, u8)) {
        // states[i]: after the first i bytes of the word before.
        let mut states = vec![dfa.initial_state()];
        let mut before: &[u8] = b"";
        let mut at = 0;
        while let Some(word) = self.words.get(at) {
            let bytes = word.folded.as_bytes();
            let common = before.iter().zip(bytes).take_while(|(a, b)| a == b).count().min(states.len() - 1);
            states.truncate(common + 1);
            let mut dead = None;
            for (place, byte) in bytes.iter().enumerate().skip(common) {
                let next = dfa.transition(states[place], *byte);
                if next == SINK_STATE {
                    dead = Some(place + 1);
                    break;
                }
                states.push(next);
            }
            before = bytes;
            match dead {
                None => {
                    if let Distance::Exact(distance) = dfa.distance(states[bytes.len()]) {
                        visit(at, distance);
                    }
                    at += 1;
                }
                // No word that begins like this can be near: on to the first that begins otherwise.
                Some(end) => {
                    let start = &bytes[..end];
                    at += self.words[at..].partition_point(|word| word.folded.as_bytes().starts_with(start)).max(1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spelling(words: &[&str]) -> Spelling {
        Spelling::new(words.iter().map(|word| Known::new(word, word, 1)).collect())
    }

    fn near(words: &[&str], typed: &str) -> Vec<String> {
        let spelling = spelling(words);
        spelling.near(typed, 5).into_iter().map(|near| spelling.word(near.at).spelled.to_string()).collect()
    }

    #[test]
    fn the_nearest_word_comes_first() {
        let words = ["personalausweis", "personenstand", "reisepass", "hund", "mund", "hundesteuer"];
        assert_eq!(near(&words, "personalauswies"), ["personalausweis"]);
        assert_eq!(near(&words, "resiepas"), ["reisepass"]);
        assert_eq!(near(&words, "hnud"), ["hund"]);
        assert_eq!(near(&words, "munt"), ["mund"]);
        assert_eq!(near(&["führerschein"], "fuhrershein"), ["führerschein"]);
        assert_eq!(near(&["arbeitserprobung"], "arbeitserporbug"), ["arbeitserprobung"]);
        assert!(near(&words, "quantenchromodynamik").is_empty());
    }

    #[test]
    fn beginnings_are_found_the_most_common_first() {
        let words = [("anmeldung", 2), ("anmelden", 5), ("abmelden", 9)];
        let spelling = Spelling::new(words.iter().map(|(word, count)| Known::new(word, word, *count)).collect());
        let found: Vec<_> = spelling.beginning_with("anm", 5).iter().map(|at| &*spelling.word(*at).spelled).collect();
        assert_eq!(found, ["anmelden", "anmeldung"]);
    }

    proptest! {
        #[test]
        fn the_walk_finds_what_a_look_at_every_word_finds(
            words in proptest::collection::vec("[abcü]{3,6}", 1..40), typed in "[abcü]{3,8}"
        ) {
            let spelling = Spelling::new(words.iter().map(|word| Known::new(word, word, 1)).collect());
            let typed = without_umlauts(&typed);
            let mistakes = if typed.chars().count() >= TWO_MISTAKES { 2 } else { 1 };
            let dfa = BUILDERS[mistakes - 1].build_dfa(&typed);
            let all: Vec<usize> = (0..spelling.words.len())
                .filter(|at| matches!(dfa.eval(&*spelling.words[*at].folded), Distance::Exact(_)))
                .collect();
            let mut found = Vec::new();
            spelling.walk(&dfa, |at, _| found.push(at));
            prop_assert_eq!(found, all);
        }
    }
}

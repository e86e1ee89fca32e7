//! Which words of a name were found. Whole words are marked, never half a compound.

use std::cell::RefCell;
use std::collections::HashSet;

use super::question::Unit;
use crate::index::german::Stems;
use crate::index::postings::words;
use crate::words::content;

/// The stems that count as found, for each word of the question.
pub(super) struct Marks {
    stems: Vec<HashSet<String>>,
    german: RefCell<Stems>,
}

impl Marks {
    pub(super) fn of(units: &[Unit]) -> Self {
        let stems = units.iter().map(|unit| unit.stands_for().into_iter().map(str::to_owned).collect()).collect();
        Self { stems, german: RefCell::new(Stems::german()) }
    }

    /// How many words of the question stand in any of these texts.
    pub(super) fn said<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> usize {
        let words: HashSet<String> =
            texts.into_iter().flat_map(words).map(|word| self.german.borrow_mut().of(&word)).collect();
        self.stems.iter().filter(|stems| words.iter().any(|word| holds(stems, word))).count()
    }

    /// The share of the question that stands in a name, times the share of the name that was asked for.
    pub(super) fn both_ways(&self, name: &str) -> f32 {
        let share = |part: usize, all: usize| part as f32 / all.max(1) as f32;
        share(self.said([name]), self.stems.len()) * share(self.spans(name).len(), content(name).len())
    }

    /// The name as HTML, with the words that were found marked.
    pub(super) fn highlight(&self, name: &str) -> String {
        let marked = self.spans(name);
        let mut html = String::with_capacity(name.len() + 13 * marked.len());
        let mut at = 0;
        for (from, to) in marked {
            html.push_str(&escaped(name.get(at..from).unwrap_or_default()));
            html.push_str("<mark>");
            html.push_str(&escaped(name.get(from..to).unwrap_or_default()));
            html.push_str("</mark>");
            at = to;
        }
        html.push_str(&escaped(name.get(at..).unwrap_or_default()));
        html
    }

    fn spans(&self, name: &str) -> Vec<(usize, usize)> {
        let mut spans = Vec::new();
        let mut start = None;
        for (at, letter) in name.char_indices().chain([(name.len(), ' ')]) {
            match (letter.is_alphanumeric(), start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    if name.get(from..at).is_some_and(|word| self.found(word)) {
                        spans.push((from, at));
                    }
                    start = None;
                }
                _ => {}
            }
        }
        spans
    }

    fn found(&self, word: &str) -> bool {
        let stem = self.german.borrow_mut().of(word);
        self.stems.iter().any(|stems| holds(stems, &stem))
    }
}

/// A compound counts as found when a part of it was looked for.
fn holds(stems: &HashSet<String>, word: &str) -> bool {
    let part = |part: &String| part.len() >= 4 && word.len() > part.len() && word.contains(part.as_str());
    stems.contains(word) || stems.iter().any(part)
}

/// Text as HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

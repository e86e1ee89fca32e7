//! Which words of a name were found. Whole words are marked, never half a compound.

use std::cell::RefCell;
use std::collections::HashSet;

use super::question::Unit;
use crate::index::german::Stems;

/// The stems that count as found.
pub(super) struct Marks {
    stems: HashSet<String>,
    german: RefCell<Stems>,
}

impl Marks {
    pub(super) fn of(units: &[Unit]) -> Self {
        let stems = units.iter().flat_map(Unit::stands_for).map(str::to_owned).collect();
        Self { stems, german: RefCell::new(Stems::german()) }
    }

    /// How many words of a name were found.
    pub(super) fn count(&self, name: &str) -> usize {
        self.spans(name).len()
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
        // A compound counts as found when a part of it was looked for.
        self.stems.contains(&stem)
            || self.stems.iter().any(|part| part.len() >= 4 && stem.len() > part.len() && stem.contains(part.as_str()))
    }
}

/// Text as HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

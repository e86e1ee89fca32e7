//! How much a word says: the rarer, the more.
//!
//! A stock of five Leistungen cannot tell rare words from common ones. Until there are enough of its own, the names of
//! the LeiKa stand in for what is missing: "beantragen" is common there, "Fischereischein" is not.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use connectors::leika::Leika;

use super::german::Stems;
use crate::words::content;

/// From how many concepts on a stock speaks for itself.
const ENOUGH: usize = 1_000;

/// In how many names of the LeiKa each stem stands, and how many names there are.
static LEIKA: LazyLock<(HashMap<String, usize>, usize)> = LazyLock::new(|| {
    let mut stems = Stems::german();
    let mut counted: HashMap<String, usize> = HashMap::new();
    let mut names = 0;
    for name in Leika::built_in().all().iter().map(|entry| entry.name) {
        names += 1;
        let distinct: HashSet<String> = content(name).iter().map(|word| stems.of(word)).collect();
        distinct.into_iter().for_each(|stem| *counted.entry(stem).or_default() += 1);
    }
    (counted, names)
});

/// The rarity of words among so many concepts.
pub(super) struct Rarity {
    concepts: usize,
    /// How many concepts the names of the LeiKa stand for.
    missing: usize,
}

impl Rarity {
    pub(super) fn among(concepts: usize) -> Self {
        Self { concepts, missing: ENOUGH.saturating_sub(concepts) }
    }

    /// How much a stem says that stands in so many of the concepts.
    pub(super) fn of(&self, stem: &str, having: usize) -> f32 {
        let (mut all, mut with) = (self.concepts as f32, having as f32);
        if self.missing > 0 {
            let (counted, names) = &*LEIKA;
            let share = counted.get(stem).copied().unwrap_or(0) as f32 / (*names).max(1) as f32;
            all += self.missing as f32;
            with += self.missing as f32 * share;
        }
        (1.0 + (all - with + 0.5).max(0.0) / (with + 0.5)).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_say_little_in_a_small_stock_too() {
        let small = Rarity::among(5);
        assert!(small.of("fischereischein", 1) > small.of("erlaubnis", 1) + 1.0);
        let large = Rarity::among(5_000);
        assert_eq!(large.of("fischereischein", 1), large.of("erlaubnis", 1), "a large stock speaks for itself");
    }
}

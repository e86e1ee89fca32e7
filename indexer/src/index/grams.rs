//! Likeness of names by groups of five letters: finds what no word of the question hits as a whole.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::postings::{ConceptNo, words};

/// Letters of a gram, edges of words included.
const GRAM: usize = 5;

/// An inverted list of grams.
#[derive(Debug, Default)]
pub(super) struct Grams {
    lists: HashMap<u64, (f32, Vec<(ConceptNo, f32)>)>,
    unknown: f32,
}

impl Grams {
    /// The grams of the names of each concept, in their order.
    pub(super) fn of<'t, T: Iterator<Item = &'t String>>(texts: impl Iterator<Item = T>) -> Self {
        let mut counted: Vec<HashMap<u64, f32>> = Vec::new();
        for texts in texts {
            counted.push(grams(texts.map(String::as_str)));
        }
        let mut lists: HashMap<u64, (f32, Vec<(ConceptNo, f32)>)> = HashMap::new();
        for (at, grams) in counted.iter().enumerate() {
            for (gram, count) in grams {
                lists.entry(*gram).or_default().1.push((at as ConceptNo, *count));
            }
        }
        let all = counted.len() as f32;
        let mut norms = vec![0.0f32; counted.len()];
        for (rarity, list) in lists.values_mut() {
            *rarity = (1.0 + all / list.len() as f32).ln();
            for (at, weight) in list.iter_mut() {
                *weight = (1.0 + weight.ln()) * *rarity;
                norms[*at as usize] += *weight * *weight;
            }
        }
        for (_, list) in lists.values_mut() {
            list.iter_mut().for_each(|(at, weight)| *weight /= norms[*at as usize].sqrt().max(1e-9));
        }
        Self { lists, unknown: (1.0 + all).ln() }
    }

    /// How alike `text` is to the names of each of so many concepts: 0 to 1.
    pub(super) fn alike(&self, text: &str, count: usize) -> Vec<f32> {
        let mut found = vec![0.0; count];
        let mut norm = 0.0;
        for gram in grams([text].into_iter()).keys() {
            let Some((rarity, list)) = self.lists.get(gram) else {
                norm += self.unknown * self.unknown;
                continue;
            };
            norm += rarity * rarity;
            list.iter().for_each(|(at, weight)| found[*at as usize] += rarity * weight);
        }
        let norm: f32 = f32::sqrt(norm).max(1e-9);
        found.iter_mut().for_each(|value| *value /= norm);
        found
    }
}

/// The grams of texts with how often they occur; umlauts folded, words joined by a mark, edges marked.
fn grams<'t>(texts: impl Iterator<Item = &'t str>) -> HashMap<u64, f32> {
    let mut letters = vec!['^'];
    for word in texts.flat_map(words) {
        if letters.len() > 1 {
            letters.push('_');
        }
        for letter in word.chars() {
            match letter {
                'ä' => letters.push('a'),
                'ö' => letters.push('o'),
                'ü' => letters.push('u'),
                'ß' => letters.extend(['s', 's']),
                other => letters.push(other),
            }
        }
    }
    letters.push('$');
    let mut counted = HashMap::new();
    for gram in letters.windows(GRAM.min(letters.len())) {
        let text: String = gram.iter().collect();
        *counted.entry(xxh3_64(text.as_bytes())).or_insert(0.0) += 1.0;
    }
    counted
}

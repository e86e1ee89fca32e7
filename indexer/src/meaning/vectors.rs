//! The vectors of all concepts: made once for each text, kept in a file beside the index, compared with a question.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use super::{DIM, MeaningError, Model, Side};
use crate::index::postings::{Concept, Postings};

/// The first bytes of the file of vectors.
const MAGIC: &[u8; 8] = b"PVVEKT01";
/// Bytes of one vector in the file: hash, scale, components.
const ENTRY: usize = 8 + 4 + DIM;
/// How many texts are embedded before what is there is written.
const BATCH: usize = 128;
/// How many letters of keywords and of the text a vector is made of.
const KEYWORD_LETTERS: usize = 200;
const TEXT_LETTERS: usize = 300;
/// The cosine of unrelated texts in this model, and what makes the rest about 1: its vectors lie in a narrow cone.
const UNRELATED: f32 = 0.8;
const SPREAD: f32 = 8.0;
/// How many questions are kept with their vectors, 1.5 kB each, and for how long: people ask the same things, and making
/// a vector costs a thousand times more than comparing it.
const QUESTIONS: u64 = 10_000;
const QUESTIONS_KEPT: Duration = Duration::from_secs(3600);
/// Which share of the concepts must have vectors for them to be compared at all.
const ENOUGH: f32 = 0.9;

/// A vector of length one, one byte a component.
#[derive(Debug, Clone, PartialEq)]
struct Vector {
    scale: f32,
    components: Box<[i8; DIM]>,
}

/// The model, and the vectors that it made.
pub struct Meaning {
    model: Model,
    /// A hash of the model: vectors of another one are not used.
    digest: u64,
    file: PathBuf,
    known: Mutex<HashMap<u64, Vector>>,
    asked: moka::sync::Cache<String, Arc<[f32; DIM]>>,
}

/// The vectors of the concepts of one state of the index, in their order: of the title, and of all there is.
#[derive(Debug, Default)]
pub(crate) struct Table {
    vectors: Vec<[Option<Vector>; 2]>,
}

impl Meaning {
    /// Opens the model at `model`, and the vectors in `file`; a file of another model, or a damaged one, is begun anew.
    pub fn open(model: &Path, file: &Path) -> Result<Self, MeaningError> {
        let bytes = std::fs::read(model).map_err(|source| MeaningError::Disk { path: model.to_owned(), source })?;
        let digest = xxh3_64(&bytes);
        drop(bytes);
        let model = Model::open(model)?;
        let known = Mutex::new(read(file, digest).unwrap_or_default());
        let asked = moka::sync::Cache::builder().max_capacity(QUESTIONS).time_to_live(QUESTIONS_KEPT).build();
        Ok(Self { model, digest, file: file.to_owned(), known, asked })
    }

    /// Makes the vectors that are missing and keeps them; how many there were. Takes some hundredths of a second each.
    pub(crate) fn learn(&self, postings: &Postings, stop: &dyn Fn() -> bool) -> Result<usize, MeaningError> {
        let mut missing: Vec<String> = Vec::new();
        {
            let known = self.known();
            let mut seen = std::collections::HashSet::new();
            for text in postings.concepts.iter().flat_map(texts) {
                let hash = xxh3_64(text.as_bytes());
                if !known.contains_key(&hash) && seen.insert(hash) {
                    missing.push(text);
                }
            }
        }
        let mut made = 0;
        for texts in missing.chunks(BATCH) {
            if stop() {
                break;
            }
            // Both processors, and never more: whoever searches comes first on a larger machine.
            let half = texts.len().div_ceil(2);
            let vectors: Vec<[f32; DIM]> = std::thread::scope(|scope| {
                let (first, second) = texts.split_at(half);
                let other = scope.spawn(|| self.model.embed_all(second, Side::Passage));
                let mut all = self.model.embed_all(first, Side::Passage);
                all.extend(other.join().unwrap_or_default());
                all
            });
            let mut known = self.known();
            for (text, vector) in texts.iter().zip(&vectors) {
                known.insert(xxh3_64(text.as_bytes()), Vector::of(vector));
            }
            made += vectors.len();
        }
        if made > 0 {
            self.write(postings)?;
        }
        Ok(made)
    }

    /// Takes what another process made.
    pub(crate) fn reread(&self) {
        if let Some(found) = read(&self.file, self.digest) {
            self.known().extend(found);
        }
    }

    /// The vectors of these concepts; none where most have none yet.
    pub(crate) fn table(&self, postings: &Postings) -> Option<Table> {
        let known = self.known();
        let vector = |text: String| known.get(&xxh3_64(text.as_bytes())).cloned();
        let vectors: Vec<_> = postings.concepts.iter().map(|concept| texts(concept).map(vector)).collect();
        let there = vectors.iter().filter(|both| both.iter().all(Option::is_some)).count();
        (there > 0 && there as f32 >= ENOUGH * vectors.len() as f32).then_some(Table { vectors })
    }

    /// How near a question is to each concept: about 0 for unrelated ones, about 1 for the same.
    pub(crate) fn near(&self, question: &str, table: &Table) -> [Vec<f32>; 2] {
        // Those who ask the same at the same time wait for one of them.
        let question = self.asked.get_with_by_ref(question, || Arc::new(self.model.embed(question, Side::Query)));
        let near = |vector: &Option<Vector>| {
            vector.as_ref().map_or(0.0, |vector| ((vector.dot(&question) - UNRELATED) * SPREAD).max(-1.0))
        };
        std::array::from_fn(|of| table.vectors.iter().map(|both| near(&both[of])).collect())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Vector>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the vectors of these concepts; those of texts that are gone are forgotten.
    fn write(&self, postings: &Postings) -> Result<(), MeaningError> {
        let mut bytes = Vec::from(*MAGIC);
        bytes.extend(self.digest.to_le_bytes());
        {
            let mut known = self.known();
            let used: std::collections::HashSet<u64> =
                postings.concepts.iter().flat_map(texts).map(|text| xxh3_64(text.as_bytes())).collect();
            known.retain(|hash, _| used.contains(hash));
            for (hash, vector) in known.iter() {
                bytes.extend(hash.to_le_bytes());
                bytes.extend(vector.scale.to_le_bytes());
                bytes.extend(vector.components.iter().map(|one| one.to_le_bytes()[0]));
            }
        }
        let aside = self.file.with_extension("new");
        let written = std::fs::write(&aside, bytes).and_then(|()| std::fs::rename(&aside, &self.file));
        written.map_err(|source| MeaningError::Disk { path: self.file.clone(), source })
    }
}

impl Vector {
    fn of(vector: &[f32; DIM]) -> Self {
        let most = vector.iter().fold(f32::MIN_POSITIVE, |most, one| most.max(one.abs()));
        let scale = most / 127.0;
        Self { scale, components: Box::new(vector.map(|one| (one / scale).round() as i8)) }
    }

    fn dot(&self, other: &[f32; DIM]) -> f32 {
        self.components.iter().zip(other).map(|(one, other)| f32::from(*one) * other).sum::<f32>() * self.scale
    }
}

/// The texts whose vectors stand for a concept: its names, and all there is in short.
fn texts(concept: &Concept) -> [String; 2] {
    let names: Vec<&str> = concept.titles.iter().take(2).map(|title| &*title.text).collect();
    let names = names.join(". ");
    let keywords: Vec<&str> = concept.keywords.iter().map(|keyword| &*keyword.text).collect();
    let keywords: String = keywords.join(" ").chars().take(KEYWORD_LETTERS).collect();
    let text: String = concept.text.chars().take(TEXT_LETTERS).collect();
    [names.clone(), format!("{names}. {keywords} {text}")]
}

/// The vectors in a file; none when it is not there or not of this model.
fn read(file: &Path, digest: u64) -> Option<HashMap<u64, Vector>> {
    let bytes = std::fs::read(file).ok()?;
    let entries = bytes.strip_prefix(MAGIC)?.strip_prefix(&digest.to_le_bytes())?;
    let entry = |entry: &[u8]| {
        let (hash, rest) = entry.split_first_chunk::<8>()?;
        let (scale, components) = rest.split_first_chunk::<4>()?;
        let components: [u8; DIM] = components.try_into().ok()?;
        let scale = Some(f32::from_le_bytes(*scale)).filter(|scale| scale.is_finite())?;
        Some((u64::from_le_bytes(*hash), Vector { scale, components: Box::new(components.map(|one| one as i8)) }))
    };
    entries.chunks_exact(ENTRY).map(entry).collect()
}

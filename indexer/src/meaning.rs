//! What a text means, as a direction in a vector space: nearby directions, related meanings.
//!
//! [`Model`] reads multilingual-e5-small, a transformer that knows a hundred languages, in this process and without a
//! network; [`Meaning`] keeps the vectors of all concepts beside the index. Without the model's file everything else
//! works as before. The room ranks nothing: `catalog` decides what a small angle is worth.

mod file;
mod kernel;
mod model;
mod tokenizer;
mod vectors;

pub use model::{DIM, Model, Side};
pub use vectors::Meaning;
pub(crate) use vectors::Table;

use std::path::PathBuf;

/// Why a vector file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum MeaningError {
    /// The file could not be read from, or written to, the disk.
    #[error("cannot access {path}", path = path.display())]
    Disk {
        /// The file in question.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is there and is not what it should be; the sentence says where it departs.
    #[error("{path} is not usable: {sentence}", path = path.display())]
    Content {
        /// The file in question.
        path: PathBuf,
        /// What is wrong with it.
        sentence: String,
    },
}

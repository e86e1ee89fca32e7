//! What portals hand in themselves: deliveries by a program, tables, and a form for those without a system.
//!
//! Whatever the way, it becomes a file that lies whole on the disk before it counts, and a run of the indexer like any
//! other; the answer says of every record what became of it, what would mend it, and where citizens find it. What was
//! answered is kept in the registry, so that a program that asks again gets the same answer.

mod deliver;
mod formular;
mod lieferungen;
pub(crate) mod push;
mod spool;
mod tabelle;
mod wire;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

pub use push::api;
pub(crate) use spool::clear;
pub use wire::ImportAnswer;

use crate::registry::{Desk, Paths};

/// The pages on which portals hand something in.
pub fn pages() -> Paths {
    lieferungen::pages().merge(tabelle::pages()).merge(formular::pages())
}

/// Where deliveries lie while they are taken: beside what is fetched.
pub(crate) fn folder(desk: &Desk) -> PathBuf {
    desk.config.spool_dir().join("lieferungen")
}

/// Whether something is handed in at this path, which may be larger than what is sent to other pages.
pub(crate) fn is_handed_in(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["", "api", "v1", "portals", _, "imports"] | ["", "anbindung", _, "tabelle"])
}

/// Which deliveries are on their way in this process.
#[derive(Debug, Clone, Default)]
pub struct OnTheirWay(Arc<Mutex<HashSet<String>>>);

/// One delivery on its way, until it is dropped.
struct Way {
    all: OnTheirWay,
    name: String,
}

impl OnTheirWay {
    /// Marks that this delivery is on its way; none when it is already.
    fn begin(&self, name: String) -> Option<Way> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.clone()).then(|| Way { all: self.clone(), name })
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

#[cfg(test)]
mod tests;

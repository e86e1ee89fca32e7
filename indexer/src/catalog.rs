//! The reading side: what citizens, portals and the command line may ask, and the answers.
//!
//! The catalog joins the index (text) and the store (records, responsibility). It writes nothing.

mod answer;
mod asked;
mod facets;
mod foreign;
mod highlight;
pub mod learn;
pub mod listing;
mod offered;
mod query;
mod question;
mod ranking;
pub mod report;
mod spelling;
mod view;
mod weigh;
mod zustaendig;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use connectors::gebiet::{Ars, Gebiet, Gebiete, Reading};
use connectors::ids::PortalId;
use connectors::registration::Portal;
use tokio::sync::Semaphore;

use crate::index::Current;
use question::Understanding;

pub use crate::meaning::{Meaning, MeaningError};
use crate::store::{Store, StoreError};
pub use crate::words::{WordFault, Words};
pub use answer::*;
pub use offered::Offered;
pub use ranking::{Ranking, RankingError};

/// The catalog cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The store.
    #[error("cannot read the store: {0}")]
    Store(#[from] StoreError),
    /// The index.
    #[error("cannot search the index: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// A hit that cannot be shown.
    #[error("the index holds a hit that cannot be read: {0}")]
    Hit(String),
}

/// The searchable, published state.
#[derive(Clone)]
pub struct Catalog {
    store: Store,
    index: Current,
    gebiete: Arc<Gebiete>,
    portals: Arc<ArcSwap<Vec<Portal>>>,
    /// Everyday words other than those that are built in.
    words: Arc<ArcSwapOption<Words>>,
    ranking: Arc<ArcSwap<Ranking>>,
    meaning: Arc<ArcSwapOption<Meaning>>,
    /// Counts the changes of words, weights and meanings.
    language: Arc<AtomicU64>,
    /// Of the state of index and words that was asked last.
    understanding: Arc<Mutex<Option<query::Shared>>>,
    /// Changes of index or words whose understanding is being made.
    renewals: Arc<AtomicUsize>,
    /// Searches at a time: a few more than there are processors. Those who come first are answered first, instead of
    /// all of them slowly.
    places: Arc<Semaphore>,
}

/// A change of the index or of the words, on its way; see [`Catalog::renewing`].
pub(crate) struct Renewing(Catalog);

impl Renewing {
    /// Makes what the new state needs, on the thread that changed it, and lets it be used.
    pub(crate) fn done(self) {
        let fresh = self.0.understand_anew();
        // The old one goes after the lock: that takes time as well.
        let _old = self.0.understanding.lock().unwrap_or_else(PoisonError::into_inner).replace(fresh);
    }

    /// The same, unless nothing has changed.
    pub(crate) fn done_if_changed(self) {
        let kept = self.0.understanding.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if kept.is_none_or(|known| !self.0.is_current(&known)) {
            self.done();
        }
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.renewals.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Catalog {
    pub(crate) fn new(store: Store, index: Current, portals: Arc<ArcSwap<Vec<Portal>>>) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            store,
            index,
            gebiete: Gebiete::nrw(),
            portals,
            words: Arc::default(),
            ranking: Arc::new(ArcSwap::from_pointee(Ranking::built_in())),
            meaning: Arc::default(),
            language: Arc::default(),
            understanding: Arc::default(),
            renewals: Arc::default(),
            places: Arc::new(Semaphore::new(processors + 1)),
        }
    }

    /// The same catalog for work that steps back: it reads through connections of its own, and takes no search's place.
    /// The thread behind a connection has the priority of whoever needed it first, and a citizen's answer is not to wait
    /// for one that steps back.
    pub fn beside(&self) -> Self {
        Self { store: self.store.beside(), places: Arc::new(Semaphore::new(1)), ..self.clone() }
    }

    /// Ends the connections that it reads through.
    pub(crate) async fn close(&self) {
        self.store.close().await;
    }

    /// Takes everyday words, none for those that are built in, and weights, for all who share this catalog.
    pub fn set_language(&self, words: Option<Words>, ranking: Ranking) {
        let renewing = self.renewing();
        self.words.store(words.map(Arc::new));
        self.ranking.store(Arc::new(ranking));
        self.language.fetch_add(1, Ordering::Relaxed);
        renewing.done();
    }

    /// What the understanding of questions needs: for the index and the words as they are now, or, while somebody makes
    /// that for a newer state, for the one before.
    fn understanding(&self) -> query::Shared {
        let mut kept = self.understanding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.as_ref()
            && (self.renewals.load(Ordering::Acquire) > 0 || self.is_current(known))
        {
            return Arc::clone(known);
        }
        let fresh = self.understand_anew();
        *kept = Some(Arc::clone(&fresh));
        fresh
    }

    /// Made of the index and the words as they are now; tens of milliseconds of a processor.
    fn understand_anew(&self) -> query::Shared {
        let generation = self.index.load_full();
        let (postings, words) = (generation.postings(), self.spoken());
        let meanings = self.meaning.load_full().and_then(|meaning| meaning.table(&postings));
        Arc::new(Understanding::new(postings, words, Arc::clone(&generation.compounds), meanings))
    }

    fn is_current(&self, known: &Understanding) -> bool {
        Arc::ptr_eq(&known.postings, &self.index.load().postings()) && Arc::ptr_eq(&known.words, &self.spoken())
    }

    fn spoken(&self) -> Arc<Words> {
        self.words.load_full().unwrap_or_else(Words::built_in)
    }

    /// Begins a change of the index or of the words: until it is [`Renewing::done`], nobody who asks makes or waits for
    /// what the newer state needs.
    pub(crate) fn renewing(&self) -> Renewing {
        self.renewals.fetch_add(1, Ordering::AcqRel);
        Renewing(self.clone())
    }

    /// Takes the part that knows meanings, for all who share this catalog.
    pub fn set_meaning(&self, meaning: Meaning) {
        let renewing = self.renewing();
        self.meaning.store(Some(Arc::new(meaning)));
        self.language.fetch_add(1, Ordering::Relaxed);
        renewing.done();
    }

    /// Makes the vectors of concepts that have none yet, and uses them; how many there were. Ends early when `stop` says
    /// so. Nothing happens without the part that knows meanings.
    pub fn learn_meanings(&self, stop: &dyn Fn() -> bool) -> Result<usize, MeaningError> {
        let Some(meaning) = self.meaning.load_full() else { return Ok(0) };
        let made = meaning.learn(&self.index.load_full().postings(), stop)?;
        if made > 0 {
            let renewing = self.renewing();
            self.language.fetch_add(1, Ordering::Relaxed);
            renewing.done();
        }
        Ok(made)
    }

    /// How near the meaning of a question is to those of all concepts; none without the part that knows.
    fn near(&self, understanding: &Understanding, text: &str) -> Option<[Vec<f32>; 2]> {
        Some(self.meaning.load_full()?.near(text, understanding.meanings.as_ref()?))
    }

    /// Reads a name, a PLZ or an ARS as a place. An ARS of another Land is a place too, though we know no name for it.
    pub fn place(&self, text: &str) -> PlaceReading {
        match self.gebiete.read(text) {
            Reading::One(gebiet) => PlaceReading::One(self.shown(&gebiet)),
            Reading::Several(several) => PlaceReading::Several(several.iter().map(|one| self.shown(one)).collect()),
            Reading::Unknown => {
                let ars = text.trim().parse::<Ars>().ok().filter(|_| text.trim().len() == 12);
                ars.and_then(|ars| self.place_of(ars)).map_or(PlaceReading::Unknown, PlaceReading::One)
            }
        }
    }

    /// The place of an ARS; none for one that would lie in NRW and does not exist.
    pub fn place_of(&self, ars: Ars) -> Option<Place> {
        if let Some(gebiet) = self.gebiete.get(&ars) {
            return Some(self.shown(gebiet));
        }
        let here = NRW.parse::<Ars>().is_ok_and(|land| land.covers(&ars));
        (!here).then(|| Place {
            ars,
            name: format!("Gebiet {ars} außerhalb von Nordrhein-Westfalen"),
            level: self.gebiete.level(&ars),
            parent: None,
            plz: Vec::new(),
        })
    }

    /// Places whose name or PLZ begins like `text`, the most populous first.
    pub fn places(&self, text: &str, limit: usize) -> Vec<Place> {
        self.gebiete.starting_with(text, limit).iter().map(|gebiet| self.shown(gebiet)).collect()
    }

    /// Fails when the index that is open is not on the disk any more.
    pub fn check(&self) -> Result<(), CatalogError> {
        self.index.load().index.load_metas()?;
        Ok(())
    }

    /// Changes whenever any answer may change.
    pub fn generation(&self) -> u64 {
        let generation = self.index.load();
        let version = generation.reader.searcher().generation().generation_id();
        let language = self.language.load(Ordering::Relaxed);
        xxhash_rust::xxh3::xxh3_64(format!("{:p} {version} {language}", Arc::as_ptr(&generation)).as_bytes())
    }

    /// Takes a changed registry.
    pub fn set_portals(&self, portals: Vec<Portal>) {
        self.portals.store(Arc::new(portals));
    }

    /// Follows an index in `dir` that another process writes.
    pub fn refresh(&self, dir: &std::path::Path) -> Result<(), crate::index::IndexError> {
        let renewing = self.renewing();
        crate::index::refresh(&self.index, dir)?;
        if let Some(meaning) = self.meaning.load_full() {
            meaning.reread();
        }
        renewing.done_if_changed();
        Ok(())
    }

    fn shown(&self, gebiet: &Gebiet) -> Place {
        let parent = gebiet.parent.and_then(|parent| self.gebiete.get(&parent));
        Place {
            ars: gebiet.ars,
            name: gebiet.name.clone(),
            level: gebiet.level,
            parent: parent.map(|parent| parent.name.clone()),
            plz: gebiet.plz.clone(),
        }
    }

    fn portal_name(&self, id: &PortalId) -> String {
        let portals = self.portals.load();
        portals.iter().find(|portal| portal.id == *id).map_or_else(|| id.to_string(), |portal| portal.name.clone())
    }
}

const NRW: &str = "050000000000";

#[cfg(test)]
mod tests;

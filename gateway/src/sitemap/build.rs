//! One new generation of the lists: every address that may be a page, in a fixed order, asked for as a reader would.
//!
//! Runs on a blocking thread from beginning to end; in memory is one Leistung at a time.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use connectors::leika::Leika;
use indexer::catalog::listing::{Addressed, Trace, Unit};
use indexer::catalog::{Catalog, CatalogError};
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::generation::{Generation, Manifest, begin, complete, list_file};
use super::list::{Found, Merge, Reading, Told};
use super::parts::{Kind, Parts};
use super::seen::{Asker, OwnFault, Seen};
use crate::pages::address;

/// The languages in which pages may be listed: what stands before the path.
const PREFIXES: [&str; 2] = ["", "/en"];
/// Languages in which pages of ours alone, without texts of portals, may be listed.
const OWN_PREFIXES: [&str; 3] = ["", "/en", "/leicht"];
/// Pages that are there whatever portals deliver; those that are not served are left out.
const STATIC: [&str; 10] = [
    "/",
    "/lebenslagen",
    "/hilfe",
    "/barrierefreiheit",
    "/barriere-melden",
    "/datenschutz",
    "/impressum",
    "/daten",
    "/einbinden",
    "/profil",
];
/// Units that are asked for at once.
const UNITS: usize = 100;
/// After this time every page is looked at again, also where nothing seems to have changed.
const WHOLE_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// A new generation cannot be made; the one before stays.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The disk.
    #[error("cannot write the lists: {0}")]
    Disk(#[from] io::Error),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A page of ours.
    #[error("cannot list {path}: {fault}")]
    Page {
        /// Which.
        path: String,
        /// What it did.
        fault: OwnFault,
    },
    /// The process ends.
    #[error("ended before it was complete")]
    Stopped,
}

/// What a generation is made from.
pub struct Site<'a> {
    /// Where the lists lie.
    pub folder: &'a Path,
    /// Our address outside.
    pub base: &'a Url,
    /// What there is.
    pub catalog: &'a Catalog,
    /// The pages.
    pub asker: &'a Asker,
    /// Where pages are made.
    pub runtime: &'a Handle,
    /// When to give up.
    pub stop: &'a CancellationToken,
}

/// What came of it.
#[derive(Debug)]
pub struct Built {
    /// What is served now.
    pub generation: Generation,
    /// What each list told, in the order of [`Kind::ALL`].
    pub told: Vec<(Kind, Told)>,
}

impl Site<'_> {
    /// Makes the generation after `before`. `settled` is called when it is complete on the disk, with the file of what
    /// changed, and before it is served: so what changed is never lost between the two.
    pub fn build(
        &self,
        before: Option<&Generation>,
        whole: bool,
        now: Timestamp,
        settled: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<Built, BuildError> {
        let (change_no, registered) = (self.runtime.block_on(self.catalog.change_no())?, self.catalog.registered());
        let old = |before: &&Generation| {
            before.manifest.registered == registered && now.duration_since(before.manifest.whole_at) < WHOLE_AFTER
        };
        let followed = before.filter(old).filter(|_| !whole);
        let whole_at = followed.map_or(now, |followed| followed.manifest.whole_at);
        let (number, dir) = begin(self.folder, before)?;
        let changes_file = dir.join("changes.tsv");
        let mut changes = BufWriter::new(File::create(&changes_file)?);
        let mut gone = before.map(|before| before.gone.clone()).unwrap_or_default();
        let (mut parts, mut told) = (Vec::new(), Vec::new());
        for kind in Kind::ALL {
            let reading = match before {
                Some(before) => before.list(kind)?,
                None => Reading::nothing(),
            };
            let known = before.map_or(&[][..], |before| before.manifest.parts.as_slice());
            let files = Parts::new(&dir, self.base, kind, known, now, &mut parts);
            let mut merge = Merge::begin(reading, &list_file(&dir, kind), files, &mut changes, &mut gone, now)?;
            match kind {
                Kind::Static => self.fixed(
                    &mut merge,
                    &OWN_PREFIXES,
                    STATIC.iter().map(|path| ((*path).to_owned(), (*path).to_owned())),
                )?,
                Kind::Lebenslagen => self.fixed(&mut merge, &OWN_PREFIXES, lebenslagen())?,
                Kind::Orte => self.fixed(&mut merge, &PREFIXES, self.orte())?,
                Kind::Leistungen => self.leistungen(&mut merge, change_no, followed.is_some())?,
            }
            told.push((kind, merge.finish()?));
        }
        changes.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        // The first time everything would be new, and nobody is to be told all of it.
        if before.is_some() {
            settled(&changes_file)?;
        }
        let manifest = Manifest::new(change_no, registered, whole_at, parts);
        let generation = complete(self.folder, number, manifest, gone)?;
        Ok(Built { generation, told })
    }

    /// Lists pages of ours: names and paths.
    fn fixed(
        &self,
        merge: &mut Merge<'_>,
        prefixes: &[&str],
        pages: impl Iterator<Item = (String, String)>,
    ) -> Result<(), BuildError> {
        let mut pages: Vec<(String, String)> = pages.collect();
        pages.sort();
        for (name, path) in pages {
            let before = merge.reach(&name)?;
            let mut found = Vec::new();
            for prefix in prefixes {
                found.extend(self.see(&in_language(prefix, &path))?);
            }
            merge.put(before, name, 0, String::new(), found)?;
        }
        Ok(())
    }

    fn orte(&self) -> impl Iterator<Item = (String, String)> {
        let places = self.catalog.all_places();
        places
            .into_iter()
            .filter(|place| self.catalog.has_own(&place.ars))
            .map(|place| (place.ars.to_string(), address::ort(&place.ars, &place.name)))
    }

    fn leistungen(&self, merge: &mut Merge<'_>, change_no: i64, followed: bool) -> Result<(), BuildError> {
        let mut last: Option<Unit> = None;
        loop {
            let units = self.runtime.block_on(self.catalog.units_after(last.as_ref(), UNITS))?;
            if units.is_empty() {
                return Ok(());
            }
            for unit in &units {
                if self.stop.is_cancelled() {
                    return Err(BuildError::Stopped);
                }
                let name = name_of(unit);
                let before = merge.reach(&name)?;
                let trace = trace_of(self.runtime.block_on(self.catalog.trace(unit))?, change_no);
                match before {
                    Some(known) if followed && trace != 0 && known.trace == trace => merge.keep(&known)?,
                    before => {
                        let witness = self.runtime.block_on(self.catalog.witness(unit))?;
                        let witness = witness.map_or_else(String::new, |id| format!("{}\u{1}{}", id.agency, id.text));
                        let mut found = Vec::new();
                        for addressed in self.runtime.block_on(self.catalog.addressed(unit))? {
                            self.pages_of(&addressed, &mut found)?;
                        }
                        merge.put(before, name, trace, witness, found)?;
                    }
                }
            }
            last = units.into_iter().next_back();
        }
    }

    /// The page without a place, and those of places, in each language.
    fn pages_of(&self, addressed: &Addressed, found: &mut Vec<Found>) -> Result<(), BuildError> {
        let key = address::segment(&addressed.key);
        for prefix in PREFIXES {
            let general = self.see(&in_language(prefix, &format!("/leistung/{key}")))?;
            // The names of towns' own pages are mostly those of the general one; one that is not leads to the right one.
            let slug = general.as_ref().and_then(|page| page.path.rsplit('/').next()).unwrap_or("x").to_owned();
            found.extend(general);
            for place in &addressed.places {
                if self.stop.is_cancelled() {
                    return Err(BuildError::Stopped);
                }
                found.extend(self.see(&in_language(prefix, &format!("/leistung/{key}/{slug}/{place}")))?);
            }
        }
        Ok(())
    }

    fn see(&self, path: &str) -> Result<Option<Found>, BuildError> {
        match self.runtime.block_on(self.asker.see(path)) {
            Ok(Seen::Listable { path, hash }) => Ok(Some(Found { path, hash })),
            Ok(Seen::Other) => Ok(None),
            Err(fault) => Err(BuildError::Page { path: path.to_owned(), fault }),
        }
    }
}

fn in_language(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        ("", path) => path.to_owned(),
        (prefix, "/") => prefix.to_owned(),
        (prefix, path) => format!("{prefix}{path}"),
    }
}

fn lebenslagen() -> impl Iterator<Item = (String, String)> {
    let all = Leika::built_in().lebenslagen().iter();
    all.map(|one| (one.code.to_owned(), address::lebenslage(one.code, None)))
}

/// The name of a unit in the list; their order is that of the units.
pub fn name_of(unit: &Unit) -> String {
    match unit {
        Unit::Key(key) => key.to_string(),
        Unit::Keyless(id) => format!("~{}\u{1}{}", id.agency, id.text),
    }
}

/// The trace as it is kept: 0, which never counts as known, where something came after the index was looked at.
fn trace_of(trace: Trace, change_no: i64) -> u64 {
    if trace.last > change_no { 0 } else { trace.sum.cast_unsigned().max(1) }
}

//! What the Verbund knows of a place, Leistung by Leistung, and what is missing or wrong: the Prüfbericht.
//!
//! Looked at is every key that people would look for in their town: those that Land or Kommunen execute by the LeiKa,
//! and those that any portal of the Verbund describes. What other portals describe weighs most, because most people ask
//! for it. The answers are those that citizens get; nothing is counted here that they would not see.

mod all;
mod checks;
mod gap;
mod texts;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use connectors::gebiet::{Ars, Level};
use connectors::ids::{Leistungsschluessel, PortalId};
use connectors::leika::Leika;
use jiff::Timestamp;

use super::zustaendig::Owners;
use super::{Catalog, CatalogError, LeistungShort, OnlinedienstAnswer, Place};
use crate::index::schema::Shown;
use crate::record::{Lang, Object, in_lang};
use crate::store::{Angebot, RunRow, Stored};
pub use all::{Everywhere, Kreis, Share, Town};
use checks::Visits;
pub use checks::{Check, Checks};
pub use gap::{BadLink, Gap};
use texts::Faults;

/// Keys that are asked for at once.
const BATCH: usize = 500;

/// What the Verbund knows of a place.
#[derive(Debug, Clone)]
pub struct Report {
    /// The place.
    pub place: Place,
    /// The portals that speak for this very place.
    pub portals: Vec<Delivering>,
    /// Every Leistung that was looked at, the worst first.
    pub entries: Vec<Entry>,
    /// How many keys of the LeiKa are covered that Land or Kommunen execute.
    pub catalogue: Coverage,
    /// How many Leistungen are covered that any portal describes.
    pub described: Coverage,
}

/// A portal that speaks for a place, and how its last delivery went.
#[derive(Debug, Clone)]
pub struct Delivering {
    /// The portal.
    pub portal: PortalId,
    /// Its name.
    pub name: String,
    /// Its last run; none when it never had one.
    pub last_run: Option<RunRow>,
    /// When a run last confirmed or changed what is shown of it.
    pub good_at: Option<Timestamp>,
    /// How much was wrong with the last delivery that was read.
    pub findings: u64,
}

/// How many Leistungen citizens of a place find in which state. A share is a count divided by `keys`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Leistungen looked at.
    pub keys: usize,
    /// With a text that is valid or offered there.
    pub text: usize,
    /// With a text of the place's own portal.
    pub own_text: usize,
    /// With exactly one responsible body.
    pub stelle: usize,
    /// With an Onlinedienst that citizens can be sent to.
    pub onlinedienst: usize,
    /// With a text and exactly one responsible body.
    pub complete: usize,
}

/// One Leistung as the place has it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its key; none for a description without a valid one.
    pub schluessel: Option<Leistungsschluessel>,
    /// Its name: of its text, else of another portal's, else in the LeiKa.
    pub name: String,
    /// Portals of the Verbund that describe it.
    pub described_by: u64,
    /// The text that citizens get.
    pub text: Option<Text>,
    /// The bodies that citizens are told; several where it is not clear.
    pub stellen: Vec<Stelle>,
    /// The Onlinedienste that citizens are offered, the most local first.
    pub onlinedienste: Vec<OnlinedienstAnswer>,
    /// What is missing or wrong, the worst first.
    pub gaps: Vec<Gap>,
    /// The five questions that users of the PVOG ask of a Leistung.
    pub checks: Checks,
}

/// A text, and whose it is.
#[derive(Debug, Clone)]
pub struct Text {
    /// The Leistung.
    pub leistung: LeistungShort,
    /// True when a portal of this very place wrote it; else it is inherited.
    pub own: bool,
    /// The level that its portal speaks for; none when it is not registered any more.
    pub level: Option<Level>,
}

/// A body, and for which area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stelle {
    /// `agency_text`
    pub id: String,
    /// Its name.
    pub name: String,
    /// The level of the area that it is responsible for.
    pub level: Level,
    /// Who says so.
    pub portal: PortalId,
}

impl Entry {
    /// How much its gaps weigh for all people together: the more portals describe a Leistung, the more ask for it.
    pub fn weight(&self) -> u64 {
        self.gaps.iter().map(Gap::weight).sum::<u64>() * self.described_by
    }
}

impl Coverage {
    fn count(&mut self, entry: &Entry) {
        let (text, one) = (entry.text.is_some(), entry.stellen.len() == 1);
        self.keys += 1;
        self.text += usize::from(text);
        self.own_text += usize::from(entry.text.as_ref().is_some_and(|text| text.own));
        self.stelle += usize::from(one);
        self.onlinedienst += usize::from(entry.onlinedienste.iter().any(|one| one.handover));
        self.complete += usize::from(text && one);
    }
}

/// The text of a key.
enum Described {
    /// The one that citizens of the place get.
    Here(Shown),
    /// There is none for the place; this is what others call it.
    Elsewhere(Shown),
}

/// What the place's own portals describe.
#[derive(Default)]
struct Own {
    by_key: HashMap<u64, Vec<Stored>>,
    without_key: Vec<Stored>,
}

impl Own {
    fn of(stored: Vec<Stored>) -> Self {
        let mut own = Self::default();
        for one in stored {
            let Object::Leistung(leistung) = &one.object else { continue };
            let keys: Vec<_> = leistung.schluessel.iter().map(|key| key.number()).collect();
            if keys.is_empty() {
                own.without_key.push(one);
                continue;
            }
            for key in keys {
                own.by_key.entry(key).or_default().push(one.clone());
            }
        }
        own
    }
}

impl Catalog {
    /// What the Verbund knows of `place` at `now`; none for a place that it does not know.
    ///
    /// Takes a second or so of a processor: it asks for some thousand Leistungen.
    pub async fn report(&self, place: Ars, now: Timestamp) -> Result<Option<Report>, CatalogError> {
        let Some(place) = self.place_of(place) else { return Ok(None) };
        let registered = self.portals.load_full();
        let here = registered.iter().filter(|one| one.gebiet == place.ars);
        let portals: Vec<PortalId> = here.clone().map(|one| one.id.clone()).collect();
        let mut delivering = Vec::with_capacity(portals.len());
        for portal in here {
            delivering.push(Delivering {
                portal: portal.id.clone(),
                name: portal.name.clone(),
                last_run: self.store.runs(&portal.id, 1).await?.into_iter().next(),
                good_at: self.store.portal_state(&portal.id).await?.good_at,
                findings: self.store.finding_count(&portal.id).await?,
            });
        }
        let areas = place.ars.candidates();
        let described_by = self.store.described_by().await?;
        let keys = keys_of(&described_by);
        let texts = self.texts(keys.clone(), areas.clone()).await?;
        let offers = self.offers_by_key(&keys, &areas).await?;
        let owners = Owners::of(&self.store, offers.values().flatten()).await?;
        let mut stored = Vec::new();
        for portal in &portals {
            stored.extend(self.store.leistungen(portal).await?);
        }
        let faults = Faults::of(&self.store, &portals, &stored).await?;
        let own = Own::of(stored);
        let looked = Looked { catalog: self, place: &place, portals: &portals, faults: &faults, now };
        let mut entries = Vec::with_capacity(keys.len());
        let none = Vec::new();
        for key in keys {
            let number = key.number();
            let entry = looked.entry(
                key,
                texts.get(&number),
                offers.get(&number).unwrap_or(&none),
                &owners,
                own.by_key.get(&number).map_or(&[][..], Vec::as_slice),
            )?;
            let described_by = described_by.get(&key).copied().unwrap_or(0);
            entries.push(Entry { described_by, ..entry });
        }
        let (mut catalogue, mut described) = (Coverage::default(), Coverage::default());
        for entry in &entries {
            if entry.schluessel.is_some_and(is_done_in_the_land) {
                catalogue.count(entry);
            }
            if entry.described_by > 0 {
                described.count(entry);
            }
        }
        entries.extend(own.without_key.iter().map(|stored| looked.without_key(stored)));
        let visits = Visits::of(&self.store, &place, &portals, &entries).await?;
        entries.iter_mut().for_each(|entry| visits.look(entry, &place, &self.gebiete));
        for entry in &mut entries {
            entry.gaps.sort_by_key(|gap| std::cmp::Reverse(gap.weight()));
        }
        entries.sort_by(|a, b| (b.weight(), &a.name, a.schluessel).cmp(&(a.weight(), &b.name, b.schluessel)));
        Ok(Some(Report { place, portals: delivering, entries, catalogue, described }))
    }

    /// The texts of each key.
    async fn texts(
        &self,
        keys: BTreeSet<Leistungsschluessel>,
        areas: Vec<Ars>,
    ) -> Result<HashMap<u64, Described>, CatalogError> {
        let catalog = self.clone();
        let look = move || {
            let mut texts = HashMap::new();
            for key in keys {
                let described = match catalog.description_of(key, &areas)? {
                    Some(shown) => Some(Described::Here(shown)),
                    None => catalog.description_of(key, &[])?.map(Described::Elsewhere),
                };
                texts.extend(described.map(|described| (key.number(), described)));
            }
            Ok(texts)
        };
        tokio::task::spawn_blocking(look).await.map_err(|error| CatalogError::Hit(error.to_string()))?
    }

    async fn offers_by_key(
        &self,
        keys: &BTreeSet<Leistungsschluessel>,
        areas: &[Ars],
    ) -> Result<HashMap<u64, Vec<Angebot>>, CatalogError> {
        let keys: Vec<u64> = keys.iter().map(|key| key.number()).collect();
        let mut offers = HashMap::<u64, Vec<Angebot>>::new();
        for some in keys.chunks(BATCH) {
            for offer in self.store.offers(some, areas).await? {
                offers.entry(offer.schluessel).or_default().push(offer);
            }
        }
        Ok(offers)
    }
}

/// What every entry of one report has in common.
struct Looked<'a> {
    catalog: &'a Catalog,
    place: &'a Place,
    portals: &'a [PortalId],
    faults: &'a Faults,
    now: Timestamp,
}

impl Looked<'_> {
    /// What citizens get for a key, and what is missing of it.
    fn entry(
        &self,
        key: Leistungsschluessel,
        described: Option<&Described>,
        offers: &[Angebot],
        owners: &Owners,
        own: &[Stored],
    ) -> Result<Entry, CatalogError> {
        let mut entry = Entry {
            schluessel: Some(key),
            name: Leika::built_in().names(key).first().map_or_else(|| key.to_string(), |name| (*name).to_owned()),
            described_by: 0,
            text: None,
            stellen: Vec::new(),
            onlinedienste: Vec::new(),
            gaps: Vec::new(),
            checks: Checks::default(),
        };
        if let Some(Described::Here(shown) | Described::Elsewhere(shown)) = described {
            entry.name = self.catalog.short(shown, Lang::DE).name;
        }
        let Some(Described::Here(shown)) = described else {
            entry.gaps.push(Gap::NoText);
            return Ok(entry);
        };
        let text = self.text(self.catalog.short(shown, Lang::DE));
        let answer = self.catalog.judge(text.leistung.clone(), None, self.place, offers, owners)?;
        let stelle = |answer: super::Answer| Stelle {
            id: answer.organisationseinheit.id,
            name: answer.organisationseinheit.name,
            level: answer.level,
            portal: answer.portal,
        };
        entry.stellen = answer.answers.into_iter().map(stelle).collect();
        entry.onlinedienste = answer.onlinedienste;
        entry.gaps.extend(match entry.stellen.len() {
            0 => Some(owners.missing(offers).map_or(Gap::NoStelle, |id| Gap::UnknownStelle(id.to_string()))),
            1 => None,
            several => Some(Gap::SeveralStellen(several)),
        });
        if entry.onlinedienste.is_empty() {
            entry.gaps.push(Gap::NoOnlinedienst);
        }
        let closed = entry.onlinedienste.iter().find(|one| !one.handover);
        entry.gaps.extend(closed.and_then(|one| Some(Gap::ClosedOnlinedienst(one.url.host_str()?.to_owned()))));
        if text.own {
            let shown = own.iter().find(|one| one.portal == shown.portal && one.id == shown.id);
            entry.gaps.extend(shown.map(|stored| self.text_gaps(stored)).unwrap_or_default());
            if !Leika::built_in().knows(key) {
                entry.gaps.push(Gap::UnknownKey);
            }
            let same = own.iter().filter(|one| title(one).is_some_and(|title| title == entry.name)).count();
            if same > 1 {
                entry.gaps.push(Gap::Twice(same));
            }
        }
        entry.text = Some(text);
        Ok(entry)
    }

    /// A description of the place's own portal that no key leads to.
    fn without_key(&self, stored: &Stored) -> Entry {
        let mut gaps = vec![Gap::NoKey];
        gaps.extend(self.text_gaps(stored));
        Entry {
            schluessel: None,
            name: title(stored).unwrap_or(&stored.id.text).to_owned(),
            described_by: 1,
            text: None,
            stellen: Vec::new(),
            onlinedienste: Vec::new(),
            gaps,
            checks: Checks::default(),
        }
    }

    /// What is missing or wrong in a text that the place can mend itself.
    fn text_gaps(&self, stored: &Stored) -> Vec<Gap> {
        let Object::Leistung(leistung) = &stored.object else { return Vec::new() };
        let mut gaps = texts::gaps(leistung, stored.changed, self.now);
        gaps.extend(self.faults.gaps(stored));
        gaps
    }

    fn text(&self, leistung: LeistungShort) -> Text {
        let own = self.portals.contains(&leistung.portal);
        let portals = self.catalog.portals.load();
        let portal = portals.iter().find(|portal| portal.id == leistung.portal);
        Text { own, level: portal.map(|portal| self.catalog.gebiete.level(&portal.gebiet)), leistung }
    }
}

/// The keys that people would look for in their town.
fn keys_of(described_by: &BTreeMap<Leistungsschluessel, u64>) -> BTreeSet<Leistungsschluessel> {
    let catalogue = Leika::built_in().all().iter().filter(|one| one.typisierung.is_done_in_the_land());
    catalogue.map(|one| one.schluessel).chain(described_by.keys().copied()).collect()
}

fn is_done_in_the_land(key: Leistungsschluessel) -> bool {
    Leika::built_in().of(key).iter().any(|one| one.typisierung.is_done_in_the_land())
}

/// The name of a stored Leistung.
fn title(stored: &Stored) -> Option<&str> {
    let Object::Leistung(leistung) = &stored.object else { return None };
    in_lang(&leistung.title, Lang::DE).map(|(_, title)| title.as_str())
}

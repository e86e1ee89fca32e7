//! What lists of all pages need: every Leistung in a fixed order, the places where it has a page, and how a page stands
//! to the others of the same Leistung. Nothing here is kept in memory but one Leistung at a time.

use std::collections::BTreeSet;

use connectors::gebiet::{Ars, Level};
use connectors::ids::{Identifikator, Leistungsschluessel, PortalId};
use connectors::registration::Portal;
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::{Catalog, CatalogError, LeistungRef, LeistungShort, LeistungView, Place, TextRole};
use crate::record::{Kind, Lang, Texts};
pub use crate::store::Trace;

/// What has pages of its own: a key, or a description without one.
///
/// They are ordered: all keys by their digits, then the others by agency and id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Everything under one key.
    Key(Leistungsschluessel),
    /// One description without a valid key.
    Keyless(Identifikator),
}

/// The addresses below which a [`Unit`] may have pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// The key or id that stands in the address.
    pub key: String,
    /// Places where there may be something of the place's own, in order.
    pub places: Vec<Ars>,
}

/// How a page stands to the others of the same Leistung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Key or id in the address of the page without a place.
    pub landing_key: String,
    /// The names of that page, by language.
    pub landing_names: Texts,
    /// The place; none for the page without one.
    pub place: Option<Ars>,
    /// The place has text, office or online service of its own there.
    pub own: bool,
    /// The page that the place itself has for it, on a host that its portal registered.
    pub better: Option<Url>,
}

impl Catalog {
    /// The number of the last change in the store.
    pub async fn change_no(&self) -> Result<i64, CatalogError> {
        Ok(self.store.change_no().await?)
    }

    /// The change number up to which the index is true that answers are made from.
    pub fn indexed(&self) -> i64 {
        self.index.load().read_to()
    }

    /// Changes with the registrations: with what they say of names, areas, hosts and texts.
    pub fn registered(&self) -> u64 {
        let portals = self.portals.load();
        let text = |portal: &Portal| serde_json::to_string(portal).unwrap_or_else(|_| portal.id.to_string());
        let mut said: Vec<String> = portals.iter().map(text).collect();
        said.sort();
        xxh3_64(said.join("\n").as_bytes())
    }

    /// The units after `after`, in order, at most about `limit` of them; none at the end.
    pub async fn units_after(&self, after: Option<&Unit>, limit: usize) -> Result<Vec<Unit>, CatalogError> {
        let mut units = Vec::new();
        let keyless = match after {
            Some(Unit::Keyless(id)) => Some(id),
            other => {
                let last = other.map_or(0, |unit| match unit {
                    Unit::Key(key) => key.number(),
                    Unit::Keyless(_) => 0,
                });
                let keys = self.store.keys_after(last, limit as i64).await?;
                units.extend(keys.iter().filter_map(|key| format!("{key:014}").parse().ok()).map(Unit::Key));
                None
            }
        };
        if units.is_empty() {
            units.extend(self.store.keyless_after(keyless, limit as i64).await?.into_iter().map(Unit::Keyless));
        }
        Ok(units)
    }

    /// The state of everything that is said of a unit.
    pub async fn trace(&self, unit: &Unit) -> Result<Trace, CatalogError> {
        Ok(match unit {
            Unit::Key(key) => self.store.trace_of_key(key.number()).await?,
            // Few and cheap: they are looked at each time.
            Unit::Keyless(_) => Trace { sum: 0, last: i64::MAX },
        })
    }

    /// Where pages of a unit may be.
    pub async fn addressed(&self, unit: &Unit) -> Result<Vec<Addressed>, CatalogError> {
        let mut all = Vec::new();
        let ids = match unit {
            Unit::Key(key) => {
                let (areas, portals) = self.store.whereabouts_of_key(key.number()).await?;
                all.push(Addressed { key: key.to_string(), places: self.places_among(areas, &portals) });
                self.store.crowded(key.number()).await?
            }
            Unit::Keyless(id) => vec![id.clone()],
        };
        for id in ids {
            let (areas, portals) = self.store.whereabouts_of_id(&id).await?;
            all.push(Addressed { key: id.to_string(), places: self.places_among(areas, &portals) });
        }
        Ok(all)
    }

    /// The first description of a unit, by agency and id: what is looked for when its key is gone.
    pub async fn witness(&self, unit: &Unit) -> Result<Option<Identifikator>, CatalogError> {
        Ok(match unit {
            Unit::Key(key) => self.store.ids_of_key(key.number(), 1).await?.into_iter().next(),
            Unit::Keyless(id) => Some(id.clone()),
        })
    }

    fn places_among(&self, areas: Vec<Ars>, portals: &[PortalId]) -> Vec<Ars> {
        let registered = self.portals.load();
        let speaking = registered.iter().filter(|portal| portals.contains(&portal.id)).map(|portal| portal.gebiet);
        let places: BTreeSet<Ars> = areas.into_iter().chain(speaking).filter(|ars| self.has_pages(ars)).collect();
        places.into_iter().collect()
    }

    /// True for what people call their town or Kreis; Land and Bund have the page without a place.
    fn has_pages(&self, ars: &Ars) -> bool {
        let level = self.gebiete.get(ars).map(|gebiet| gebiet.level);
        matches!(level, Some(Level::Gemeinde | Level::Verband | Level::Kreis))
    }

    /// True where a portal speaks for this very place, or something is offered in it and not only in what it lies in.
    pub fn has_own(&self, place: &Ars) -> bool {
        self.portals.load().iter().any(|portal| portal.gebiet == *place)
            || self.index.load().postings().is_named(place.number())
    }

    /// Every town and Kreis that we know, in the order of their keys.
    pub fn all_places(&self) -> Vec<Place> {
        let mut places: Vec<Place> =
            self.gebiete.all().iter().filter(|one| self.has_pages(&one.ars)).map(|one| self.shown(one)).collect();
        places.sort_by_key(|place| place.ars);
        places
    }

    /// How the page of `view` stands to the others of the same Leistung.
    pub async fn standing(&self, view: &LeistungView) -> Result<Standing, CatalogError> {
        let own_page = || (view.short.address_key(), view.title.clone());
        let (landing_key, landing_names) = match view.short.schluessel.first() {
            Some(key) if view.short.key_names_it => {
                let general = self.describe(&LeistungRef::Schluessel(*key), &[]).await?;
                general.map_or_else(own_page, |shown| (self.short(&shown, Lang::DE).address_key(), shown.title.clone()))
            }
            _ => own_page(),
        };
        let place = view.responsible.as_ref().and_then(|one| one.place.as_ref()).map(|place| place.ars);
        let mut standing = Standing { landing_key, landing_names, place, own: false, better: None };
        let (Some(place), Some(responsible)) = (place, &view.responsible) else { return Ok(standing) };
        let portals = self.portals.load();
        let of_the_place = |id: &PortalId| portals.iter().find(|portal| portal.id == *id && portal.gebiet == place);
        let text =
            view.modules.iter().any(|one| one.role != TextRole::Master && of_the_place(&one.whose.portal).is_some());
        let office = responsible.answers.iter().any(|answer| answer.gebiet == place);
        let dienst = responsible.onlinedienste.iter().any(|dienst| dienst.gebiet == place);
        standing.own = self.has_pages(&place) && (text || office || dienst);
        standing.better = of_the_place(&view.short.portal).and_then(|portal| {
            view.ursprung.iter().map(|link| &link.url).find(|url| portal.may_hand_over_to(url)).cloned()
        });
        Ok(standing)
    }

    /// What became of a Leistung that has no page under its old key any more; none when it is gone. `witness` is a
    /// description that had the key.
    pub async fn moved_to(&self, witness: &Identifikator) -> Result<Option<LeistungShort>, CatalogError> {
        if self.store.records(Kind::Leistung, witness).await?.is_empty() {
            return Ok(None);
        }
        let shown = self.describe(&LeistungRef::Id(witness.to_string()), &[]).await?;
        Ok(shown.map(|shown| self.short(&shown, Lang::DE)))
    }

    /// True when a Leistung with this id was delivered once and is not any more.
    pub async fn is_gone(&self, joined: &str) -> Result<bool, CatalogError> {
        for id in Identifikator::readings(joined) {
            if self.store.is_gone(&id).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

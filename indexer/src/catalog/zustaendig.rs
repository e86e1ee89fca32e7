//! Who is responsible for a Leistung at a place, and why.
//!
//! The areas that can answer go from the Gemeinde up to the Bund; the most specific level that names a body wins.
//! Bodies that are named and not known are never answered. Several different bodies at that level are a question for
//! the citizen, not a choice for us. Online services of all levels are offered, the most local first.
//! Source of the rules: the XZuFi reference, sections 5.4 and 8.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use connectors::gebiet::Ars;
use connectors::ids::Identifikator;

use super::{
    Answer, Catalog, CatalogError, LeistungRef, LeistungShort, NextStep, OnlinedienstAnswer, OrganisationseinheitView,
    Place, Responsible, State, Why,
};
use crate::index::schema::Shown;
use crate::record::{Kind, Lang, Object, in_lang};
use crate::store::{Angebot, Store, StoreError, Stored, Unread};

/// The offices and online services that the offers of one answer name, by kind and id.
#[derive(Default)]
pub(super) struct Owners(HashMap<(Kind, Identifikator), Vec<Unread>>);

impl Owners {
    /// Asks for all of them at once.
    pub(super) async fn of(store: &Store, offers: impl Iterator<Item = &Angebot>) -> Result<Self, StoreError> {
        let mut wanted: BTreeMap<Kind, BTreeSet<&Identifikator>> = BTreeMap::new();
        for offer in offers {
            wanted.entry(offer.owner_kind).or_default().insert(&offer.owner);
        }
        let mut owners = Self::default();
        for (kind, ids) in wanted {
            for record in store.unread(kind, &ids.into_iter().collect::<Vec<_>>()).await? {
                owners.0.entry((kind, record.id.clone())).or_default().push(record);
            }
        }
        Ok(owners)
    }

    /// The first office that `offers` name and nobody delivers.
    pub(super) fn missing<'a>(&self, offers: &'a [Angebot]) -> Option<&'a Identifikator> {
        let offices = offers.iter().filter(|offer| offer.owner_kind == Kind::Organisationseinheit);
        offices
            .map(|offer| &offer.owner)
            .find(|owner| !self.0.contains_key(&(Kind::Organisationseinheit, (*owner).clone())))
    }

    /// The owner of an offer as the offering portal delivered it, else as another one did.
    fn get(&self, offer: &Angebot) -> Result<Option<Stored>, StoreError> {
        let Some(all) = self.0.get(&(offer.owner_kind, offer.owner.clone())) else { return Ok(None) };
        let own = all.iter().find(|record| record.portal == offer.portal);
        own.or(all.first()).map(Unread::read).transpose()
    }
}

impl Catalog {
    /// Who is responsible for `leistung` at `place`.
    pub async fn responsible(&self, leistung: &LeistungRef, place: Ars) -> Result<Responsible, CatalogError> {
        let Some(place) = self.place_of(place) else { return Ok(ended(State::UnknownPlace, None, None)) };
        let areas = place.ars.candidates();
        let Some(shown) = self.describe(leistung, &areas).await? else {
            return Ok(ended(State::UnknownLeistung, None, Some(place)));
        };
        let keys: Vec<u64> = match leistung {
            LeistungRef::Schluessel(key) => vec![key.number()],
            LeistungRef::Id(_) => shown.schluessel.iter().map(|key| key.number()).collect(),
        };
        let offers = match keys.as_slice() {
            [] => self.store.offers_of(&shown.id, &areas).await?,
            keys => self.store.offers(keys, &areas).await?,
        };
        let only = matches!(leistung, LeistungRef::Id(_)).then_some(&shown.id);
        let owners = Owners::of(&self.store, offers.iter()).await?;
        self.judge(self.short(&shown, Lang::DE), only, &place, &offers, &owners)
    }

    /// The same for every hit of a page, with few questions to the store, however many hits there are.
    pub(super) async fn responsible_for_hits(
        &self,
        hits: &[Shown],
        place: &Place,
    ) -> Result<Vec<Responsible>, CatalogError> {
        let areas = place.ars.candidates();
        let mut keys: Vec<u64> = hits.iter().flat_map(|hit| &hit.schluessel).map(|key| key.number()).collect();
        keys.sort_unstable();
        keys.dedup();
        let by_key = self.store.offers(&keys, &areas).await?;
        let mut offers = Vec::with_capacity(hits.len());
        for hit in hits {
            offers.push(if hit.schluessel.is_empty() {
                self.store.offers_of(&hit.id, &areas).await?
            } else {
                let wanted = |offer: &&Angebot| hit.schluessel.iter().any(|key| key.number() == offer.schluessel);
                by_key.iter().filter(wanted).cloned().collect()
            });
        }
        let owners = Owners::of(&self.store, offers.iter().flatten()).await?;
        let judge = |(hit, offers): (&Shown, &Vec<Angebot>)| {
            self.judge(self.short(hit, Lang::DE), Some(&hit.id), place, offers, &owners)
        };
        hits.iter().zip(&offers).map(judge).collect()
    }

    /// The description that a reference means at a place.
    pub(super) async fn describe(&self, leistung: &LeistungRef, areas: &[Ars]) -> Result<Option<Shown>, CatalogError> {
        match leistung {
            LeistungRef::Schluessel(key) => {
                let (catalog, key, areas) = (self.clone(), *key, areas.to_vec());
                tokio::task::spawn_blocking(move || catalog.description_of(key, &areas))
                    .await
                    .map_err(|error| CatalogError::Hit(error.to_string()))?
            }
            LeistungRef::Id(joined) => {
                for id in Identifikator::readings(joined) {
                    let records = self.store.records(Kind::Leistung, &id).await?;
                    let Some(stored) = records.into_iter().next() else { continue };
                    let Object::Leistung(leistung) = stored.object else { continue };
                    let short = |lang| Some((lang, crate::index::short_text(&leistung, lang)?));
                    return Ok(Some(Shown {
                        portal: stored.portal,
                        id: stored.id,
                        schluessel: leistung.schluessel.clone(),
                        title: leistung.title.clone(),
                        kurztext: Lang::OFFERED.into_iter().filter_map(short).collect(),
                        keywords: Vec::new(),
                        changed: stored.changed,
                    }));
                }
                Ok(None)
            }
        }
    }

    pub(super) fn judge(
        &self,
        leistung: LeistungShort,
        only: Option<&Identifikator>,
        place: &Place,
        offers: &[Angebot],
        owners: &Owners,
    ) -> Result<Responsible, CatalogError> {
        let mut answers: Vec<Answer> = Vec::new();
        let mut contacts = Vec::new();
        let mut onlinedienste: Vec<OnlinedienstAnswer> = Vec::new();
        for area in place.ars.candidates() {
            let here: Vec<&Angebot> = offers.iter().filter(|offer| offer.ars == area).collect();
            // Where this very description has offers of its own, another one with the same key says nothing here.
            let own = only.is_some_and(|only| here.iter().any(|offer| offer.leistung.1 == *only));
            let here = here.into_iter().filter(|offer| !own || only.is_none_or(|only| offer.leistung.1 == *only));
            let decided = !answers.is_empty();
            for offer in here {
                match offer.owner_kind {
                    Kind::Organisationseinheit => {
                        let contact = offer.rolle.as_deref() == Some("03");
                        let list = if contact { &mut contacts } else { &mut answers };
                        if (!contact && decided) || known(list, &offer.owner) {
                            continue;
                        }
                        if let Some(view) = self.office(offer, owners)? {
                            let why = self.why(&leistung, &view, offer, place);
                            list.push(self.answer(view, offer, why));
                        }
                    }
                    Kind::Onlinedienst if !onlinedienste.iter().any(|one| one.id == offer.owner.to_string()) => {
                        onlinedienste.extend(self.onlinedienst(offer, owners)?);
                    }
                    _ => {}
                }
            }
        }
        answers.sort_by(|a, b| a.organisationseinheit.id.cmp(&b.organisationseinheit.id));
        let state = match answers.len() {
            0 => State::None,
            1 => State::Found,
            _ => State::Ambiguous,
        };
        let next = if state == State::None { self.next_steps(place) } else { Vec::new() };
        let (leistung, place) = (Some(leistung), Some(place.clone()));
        Ok(Responsible { state, leistung, place, answers, contacts, onlinedienste, next })
    }

    fn office(&self, offer: &Angebot, owners: &Owners) -> Result<Option<OrganisationseinheitView>, CatalogError> {
        let Some(stored) = owners.get(offer)? else { return Ok(None) };
        let Object::Organisationseinheit(unit) = stored.object else { return Ok(None) };
        let Some((_, name)) = in_lang(&unit.name, Lang::DE) else { return Ok(None) };
        Ok(Some(OrganisationseinheitView {
            id: stored.id.to_string(),
            name: name.clone(),
            anschriften: unit.anschriften,
            kommunikation: unit.kommunikation,
            oeffnungszeiten: unit.oeffnungszeiten,
            links: unit.links,
        }))
    }

    fn onlinedienst(&self, offer: &Angebot, owners: &Owners) -> Result<Option<OnlinedienstAnswer>, CatalogError> {
        let Some(stored) = owners.get(offer)? else { return Ok(None) };
        let Object::Onlinedienst(service) = stored.object else { return Ok(None) };
        let german = service.links.iter().find(|link| link.lang == Some(Lang::DE));
        let Some(link) = german.or_else(|| service.links.first()) else { return Ok(None) };
        let name = in_lang(&service.name, Lang::DE).map_or_else(|| "Onlinedienst".to_owned(), |(_, name)| name.clone());
        Ok(Some(OnlinedienstAnswer {
            id: stored.id.to_string(),
            name,
            url: link.url.clone(),
            written: link.written.clone(),
            vertrauensniveau: service.vertrauensniveau.clone(),
            vertrauensniveau_name: service.vertrauensniveau_name.clone(),
            level: self.gebiete.level(&offer.ars),
            gebiet: offer.ars,
            portal: stored.portal.clone(),
            portal_name: self.portal_name(&stored.portal),
            handover: link.handover,
            sprachen: service.sprachen.clone(),
            zahlungsweisen: service.zahlungsweisen.clone(),
        }))
    }

    fn answer(&self, view: OrganisationseinheitView, offer: &Angebot, why: Why) -> Answer {
        Answer {
            organisationseinheit: view,
            role: offer.rolle.clone(),
            level: self.gebiete.level(&offer.ars),
            gebiet: offer.ars,
            portal: offer.portal.clone(),
            why,
        }
    }

    fn why(&self, leistung: &LeistungShort, view: &OrganisationseinheitView, offer: &Angebot, place: &Place) -> Why {
        let candidates = place.ars.candidates();
        let below = candidates.iter().take_while(|candidate| **candidate != offer.ars);
        Why {
            office: view.name.clone(),
            leistung: leistung.name.clone(),
            schluessel: (offer.schluessel != 0).then(|| format!("{:014}", offer.schluessel)),
            role: offer.rolle.clone(),
            area: self.place_of(offer.ars).map_or_else(|| offer.ars.to_string(), |area| area.name),
            level: self.gebiete.level(&offer.ars),
            place: place.name.clone(),
            below: if offer.ars == place.ars {
                Vec::new()
            } else {
                below.map(|candidate| self.gebiete.level(candidate)).collect()
            },
            source: self.portal_name(&offer.portal),
        }
    }

    /// Whom to ask when no body is known: the place itself and what lies above it.
    pub fn next_steps(&self, place: &Place) -> Vec<NextStep> {
        let portals = self.portals.load();
        let step = |ars: &Ars| {
            let gebiet = self.gebiete.get(ars)?;
            let portal = portals.iter().find(|portal| portal.gebiet == *ars);
            Some(NextStep {
                name: gebiet.name.clone(),
                level: gebiet.level,
                portal: portal.map(|portal| portal.id.clone()),
                contact: portal.and_then(|portal| portal.contact.clone()),
                web: gebiet.web.clone(),
            })
        };
        place.ars.candidates().iter().filter_map(step).collect()
    }
}

fn known(list: &[Answer], owner: &Identifikator) -> bool {
    list.iter().any(|answer| answer.organisationseinheit.id == owner.to_string())
}

fn ended(state: State, leistung: Option<LeistungShort>, place: Option<Place>) -> Responsible {
    let (answers, contacts, onlinedienste, next) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Responsible { state, leistung, place, answers, contacts, onlinedienste, next }
}

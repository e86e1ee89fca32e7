//! How well every town of Nordrhein-Westfalen is covered, and how many of its people that reaches.
//!
//! The same counts as in the report of one town, without names and gaps: everything is read once, and then looked up for
//! each town and key.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use connectors::gebiet::{Ars, Gebiet, Level};
use connectors::ids::Leistungsschluessel;

use super::{Coverage, is_done_in_the_land, keys_of};
use crate::catalog::query::having;
use crate::catalog::{Catalog, CatalogError};

/// The coverage of all towns.
#[derive(Debug, Clone, PartialEq)]
pub struct Everywhere {
    /// Every Gemeinde, by ARS.
    pub towns: Vec<Town>,
    /// Every Kreis and every town that is none's, by ARS.
    pub kreise: Vec<Kreis>,
    /// The whole Land.
    pub land: Share,
}

/// One Gemeinde.
#[derive(Debug, Clone, PartialEq)]
pub struct Town {
    /// Its key.
    pub ars: Ars,
    /// Its name.
    pub name: String,
    /// The Kreis that it lies in; itself where it lies in none.
    pub kreis: Ars,
    /// Inhabitants at the end of 2019 (Statistisches Bundesamt).
    pub inhabitants: u64,
    /// A portal is registered that speaks for this very town.
    pub joined: bool,
    /// Of the Leistungen that any portal of the Verbund describes.
    pub described: Coverage,
    /// Of the keys of the LeiKa that Land or Kommunen execute.
    pub catalogue: Coverage,
}

/// The towns of one Kreis together.
#[derive(Debug, Clone, PartialEq)]
pub struct Kreis {
    /// Its key.
    pub ars: Ars,
    /// Its name.
    pub name: String,
    /// What is covered there.
    pub share: Share,
}

/// What is covered in several towns, as shares from 0 to 1 of what any portal describes.
///
/// Of a town covered is the number of Leistungen with a text and exactly one responsible body, divided by all that any
/// portal describes. `by_town` is the mean of that over the towns, `by_inhabitant` the mean weighted by inhabitants: how
/// likely a person finds a Leistung, whatever it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Share {
    /// How many towns.
    pub towns: usize,
    /// Their inhabitants.
    pub inhabitants: u64,
    /// Of these, towns with a portal of their own.
    pub joined: usize,
    /// Inhabitants of those.
    pub joined_inhabitants: u64,
    /// Mean over the towns.
    pub by_town: f64,
    /// Mean over the inhabitants.
    pub by_inhabitant: f64,
}

impl Share {
    fn of<'a>(towns: impl Iterator<Item = &'a Town> + Clone) -> Self {
        let covered = |town: &Town| match town.described.keys {
            0 => 0.0,
            keys => town.described.complete as f64 / keys as f64,
        };
        let (count, inhabitants) = (towns.clone().count(), towns.clone().map(|town| town.inhabitants).sum::<u64>());
        let joined = towns.clone().filter(|town| town.joined);
        let mean = |sum: f64, of: f64| if of == 0.0 { 0.0 } else { sum / of };
        Self {
            towns: count,
            inhabitants,
            joined: joined.clone().count(),
            joined_inhabitants: joined.map(|town| town.inhabitants).sum(),
            by_town: mean(towns.clone().map(covered).sum(), count as f64),
            by_inhabitant: mean(towns.map(|town| covered(town) * town.inhabitants as f64).sum(), inhabitants as f64),
        }
    }
}

impl Catalog {
    /// The coverage of every town; takes some seconds of a processor in a Verbund of the whole Land.
    pub async fn report_everywhere(&self) -> Result<Everywhere, CatalogError> {
        let described_by = self.store.described_by().await?;
        let keys: Vec<(Leistungsschluessel, bool, bool)> = keys_of(&described_by)
            .into_iter()
            .map(|key| (key, is_done_in_the_land(key), described_by.contains_key(&key)))
            .collect();
        let offered = self.store.offered_everywhere().await?;
        let own_keys = self.store.described_keys().await?;
        let catalog = self.clone();
        let look = move || {
            let postings = catalog.index.load_full().postings();
            let mut texts: Vec<HashSet<u64>> = Vec::with_capacity(keys.len());
            for (key, _, described) in &keys {
                let concepts = match postings.by_group(key.number()) {
                    Some(concept) => vec![concept],
                    None if *described => having(&postings, *key)?,
                    None => Vec::new(),
                };
                texts.push(concepts.into_iter().flat_map(|concept| postings.areas_of(concept)).collect());
            }
            let portals = catalog.portals.load();
            let gemeinden = catalog.gebiete.all().iter().filter(|gebiet| gebiet.level == Level::Gemeinde);
            let town = |gebiet: &Gebiet| {
                let areas: Vec<u64> = gebiet.ars.candidates().iter().map(Ars::number).collect();
                let here: Vec<_> = portals.iter().filter(|portal| portal.gebiet == gebiet.ars).collect();
                let mut own = HashSet::new();
                for keys in here.iter().filter_map(|portal| own_keys.get(&portal.id)) {
                    own.extend(keys.iter().copied());
                }
                let (mut described, mut catalogue) = (Coverage::default(), Coverage::default());
                for ((key, in_catalogue, in_verbund), texts) in keys.iter().zip(&texts) {
                    let number = key.number();
                    let text = areas.iter().any(|area| texts.contains(area));
                    let offers = areas.iter().filter_map(|area| offered.get(&(number, *area)));
                    let offices = offers.clone().map(|one| one.offices.len()).find(|count| *count > 0).unwrap_or(0);
                    // What nobody describes has no page, and so no office or service that citizens would find.
                    let (one, online) = (text && offices == 1, text && offers.clone().any(|one| one.online));
                    let count = |of: &mut Coverage| {
                        of.keys += 1;
                        of.text += usize::from(text);
                        of.own_text += usize::from(text && own.contains(&number));
                        of.stelle += usize::from(one);
                        of.onlinedienst += usize::from(online);
                        of.complete += usize::from(one);
                    };
                    if *in_verbund {
                        count(&mut described);
                    }
                    if *in_catalogue {
                        count(&mut catalogue);
                    }
                }
                Town {
                    ars: gebiet.ars,
                    name: gebiet.name.clone(),
                    kreis: kreis_of(&catalog, gebiet.ars),
                    inhabitants: gebiet.inhabitants,
                    joined: !here.is_empty(),
                    described,
                    catalogue,
                }
            };
            let mut towns: Vec<Town> = gemeinden.map(|gebiet| town(gebiet)).collect();
            towns.sort_by_key(|town| town.ars);
            let mut within: BTreeMap<Ars, BTreeSet<usize>> = BTreeMap::new();
            for (at, town) in towns.iter().enumerate() {
                within.entry(town.kreis).or_default().insert(at);
            }
            let kreis = |(ars, members): (Ars, BTreeSet<usize>)| Kreis {
                ars,
                name: catalog.place_of(ars).map_or_else(|| ars.to_string(), |place| place.name),
                share: Share::of(members.iter().map(|at| &towns[*at])),
            };
            let kreise = within.into_iter().map(kreis).collect();
            let land = Share::of(towns.iter());
            Ok(Everywhere { land, kreise, towns })
        };
        tokio::task::spawn_blocking(look).await.map_err(|error| CatalogError::Hit(error.to_string()))?
    }
}

/// The Kreis that a Gemeinde lies in; itself where it lies in none.
fn kreis_of(catalog: &Catalog, ars: Ars) -> Ars {
    let kreis = |area: &Ars| catalog.gebiete.get(area).is_some_and(|gebiet| gebiet.level == Level::Kreis);
    ars.candidates().into_iter().find(kreis).unwrap_or(ars)
}

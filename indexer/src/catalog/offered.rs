//! All that is offered at a place, or in all, without a question: for lists from A to Z and checklists of a Lebenslage.

use connectors::gebiet::Ars;
use connectors::leika::{Leika, OzgLeistung};

use super::{Catalog, CatalogError, LeistungShort};
use crate::record::Lang;

/// A Leistung in a list.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The most local description.
    pub leistung: LeistungShort,
    /// It can be done online there.
    pub online: bool,
    /// Codes of the Lebenslagen under which it stands.
    pub lebenslagen: Vec<String>,
    /// The bundle of the OZG that it belongs to, where there is one.
    pub ozg: Option<OzgLeistung>,
}

impl Catalog {
    /// Everything that is offered at `place`, or anywhere without one, in the order of the keys; of one Lebenslage where
    /// its code is given. One entry for each Leistungsschluessel, in `lang` where there is a text in it.
    pub async fn offered(
        &self,
        place: Option<Ars>,
        lebenslage: Option<&str>,
        lang: Lang,
    ) -> Result<Vec<Offered>, CatalogError> {
        let (catalog, lebenslage) = (self.clone(), lebenslage.map(str::to_owned));
        let look = move || catalog.look_offered(place, lebenslage.as_ref(), lang);
        tokio::task::spawn_blocking(look).await.map_err(|error| CatalogError::Hit(error.to_string()))?
    }

    fn look_offered(
        &self,
        place: Option<Ars>,
        lebenslage: Option<&String>,
        lang: Lang,
    ) -> Result<Vec<Offered>, CatalogError> {
        let postings = self.index.load_full().postings();
        let areas: Vec<u64> =
            place.map(|place| place.candidates()).unwrap_or_default().iter().map(Ars::number).collect();
        let (available, online) = (postings.available(&areas), postings.online(&areas));
        let mut numbers: Vec<usize> = (0..postings.concepts.len())
            .filter(|at| available[*at])
            .filter(|at| lebenslage.is_none_or(|wanted| postings.concepts[*at].lebenslagen.contains(wanted)))
            .collect();
        numbers.sort_unstable_by_key(|at| postings.concepts[*at].group);
        let mut offered = Vec::with_capacity(numbers.len());
        for at in numbers {
            let Some(address) = postings.nearest(at as _, &areas, None).into_iter().next() else { continue };
            let leistung = self.short(&postings.shown(address)?, lang);
            let first = leistung.schluessel.first();
            let ozg = first.and_then(|key| Leika::built_in().of(*key).iter().find_map(|one| one.ozg));
            let lebenslagen = postings.concepts[at].lebenslagen.clone();
            offered.push(Offered { leistung, online: online[at], lebenslagen, ozg });
        }
        Ok(offered)
    }
}

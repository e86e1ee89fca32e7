//! One Leistung, whole, as seen from a place.

use connectors::gebiet::Ars;

use super::{Catalog, CatalogError, LeistungRef, LeistungView, ModulView};
use crate::record::{Kind, Lang, Modul, ModulArt, Object};

impl Catalog {
    /// One Leistung, as seen from `place`; none when it is not known.
    ///
    /// With a key it is the most local description that is valid or offered there, with an id that very one. Local
    /// overlays that are valid at the place stand behind the modules they add to, or in their place where they say so.
    pub async fn leistung(
        &self,
        leistung: &LeistungRef,
        place: Option<Ars>,
        lang: Lang,
    ) -> Result<Option<LeistungView>, CatalogError> {
        let areas = place.map(|place| place.candidates()).unwrap_or_default();
        let Some(shown) = self.describe(leistung, &areas).await? else { return Ok(None) };
        let stored = self.store.record(&shown.portal, Kind::Leistung, &shown.id).await?;
        let Some(Object::Leistung(record)) = stored.map(|stored| stored.object) else { return Ok(None) };
        let mut modules: Vec<ModulView> = record
            .modules
            .iter()
            .filter(|modul| modul.art != ModulArt::Auskunftshinweis)
            .map(|modul| ModulView { modul: modul.clone(), local: false })
            .collect();
        if let Some(place) = place {
            for overlay in self.store.overlays(&shown.id).await? {
                let Object::Spezialisierung(overlay) = overlay.object else { continue };
                if overlay.gebiete.iter().any(|area| area.covers(&place)) {
                    modules.retain(|one| one.local || !overlay.ersetzt.contains(&one.modul.art));
                    overlay.modules.into_iter().for_each(|modul| insert(&mut modules, modul));
                }
            }
        }
        let languages = Lang::OFFERED.into_iter().filter(|lang| record.title.contains_key(lang)).collect();
        let responsible = match place {
            Some(place) => Some(self.responsible(leistung, place).await?),
            None => None,
        };
        Ok(Some(LeistungView {
            short: self.short(&shown, lang),
            title: record.title,
            bezeichnung: record.bezeichnung,
            modules,
            languages,
            typisierung: record.typisierung,
            vertrauensniveau: record.vertrauensniveau,
            adressat: record.adressat,
            keywords: record.keywords.get(&Lang::DE).cloned().unwrap_or_default(),
            ursprung: record.ursprung,
            responsible,
        }))
    }
}

/// Puts a local module behind the ones of its kind, or at the end.
fn insert(modules: &mut Vec<ModulView>, modul: Modul) {
    let at = modules.iter().rposition(|known| known.modul.art == modul.art).map_or(modules.len(), |at| at + 1);
    modules.insert(at, ModulView { modul, local: true });
}

//! One Leistung, whole, as seen from a place.
//!
//! Several may have written it: the municipality its description, Land or Bund the master text under it, somebody an
//! overlay. Module by module the portal of the description says whether its own replaces the master's or stands behind
//! it; what it does not have is the master's.

use connectors::gebiet::{Ars, Level};
use connectors::registration::{TextRule, TextRules};

use super::{Catalog, CatalogError, LeistungRef, LeistungView, ModulView, TextRole, Whose};
use crate::index::schema::Shown;
use crate::record::{Kind, Lang, Leistung, Modul, ModulArt, Object};
use crate::store::Stored;

impl Catalog {
    /// One Leistung, as seen from `place`; none when it is not known.
    ///
    /// With a key it is the most local description that is valid or offered there, with an id that very one. Its modules
    /// stand with those of the master text as the registration of its portal says, and local overlays that are valid at
    /// the place stand behind the modules they add to, or in their place where they say so.
    pub async fn leistung(
        &self,
        leistung: &LeistungRef,
        place: Option<Ars>,
        lang: Lang,
    ) -> Result<Option<LeistungView>, CatalogError> {
        let areas = place.map(|place| place.candidates()).unwrap_or_default();
        let Some(shown) = self.describe(leistung, &areas).await? else { return Ok(None) };
        let stored = self.store.record(&shown.portal, Kind::Leistung, &shown.id).await?;
        let Some(stored) = stored else { return Ok(None) };
        let whose = self.whose(&stored);
        let Object::Leistung(record) = stored.object else { return Ok(None) };
        let mut modules: Vec<ModulView> = for_citizens(&record)
            .map(|modul| ModulView { modul: modul.clone(), role: TextRole::Own, whose: whose.clone() })
            .collect();
        let level = self.gebiet_of(&shown).map(|gebiet| self.gebiete.level(&gebiet));
        let is_local = level.is_some_and(|level| !matches!(level, Level::Land | Level::Bund));
        let rules = self.text_rules(&shown);
        for master in self.masters(&shown, place).await? {
            let whose = self.whose(&master);
            if let Object::Leistung(master) = &master.object {
                lay_under(&mut modules, master, &whose, &rules);
            }
        }
        let mut overlays = Vec::new();
        if let Some(place) = place {
            for overlay in self.store.overlays(&shown.id).await? {
                let whose = self.whose(&overlay);
                let Object::Spezialisierung(overlay) = overlay.object else { continue };
                if overlay.gebiete.iter().any(|area| area.covers(&place)) {
                    overlays.push((overlay, whose));
                }
            }
        }
        // What one of them stands in the place of is taken out before any is put in.
        modules.retain(|one| !overlays.iter().any(|(overlay, _)| overlay.ersetzt.contains(&one.modul.art)));
        for (overlay, whose) in overlays {
            for modul in overlay.modules {
                let role = if overlay.ersetzt.contains(&modul.art) { TextRole::Own } else { TextRole::Supplement };
                insert(&mut modules, ModulView { modul, role, whose: whose.clone() });
            }
        }
        let languages = Lang::OFFERED.into_iter().filter(|lang| record.title.contains_key(lang)).collect();
        let responsible = match place {
            Some(place) => Some(self.responsible(leistung, place).await?),
            None => None,
        };
        Ok(Some(LeistungView {
            id: shown.id.clone(),
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
            is_local,
            responsible,
        }))
    }

    /// The master texts under a description, the nearest first: those of portals that speak for the Land or the Bund
    /// above the one that delivered it.
    async fn masters(&self, shown: &Shown, place: Option<Ars>) -> Result<Vec<Stored>, CatalogError> {
        let (Some(gebiet), Some(key)) = (self.gebiet_of(shown), shown.schluessel.first().copied()) else {
            return Ok(Vec::new());
        };
        let own = self.gebiete.level(&gebiet);
        let above = |area: &Ars| matches!(self.gebiete.level(area), Level::Land | Level::Bund);
        let areas: Vec<Ars> = place.unwrap_or(gebiet).candidates().into_iter().filter(above).collect();
        let mut masters = Vec::new();
        for area in areas.into_iter().filter(|area| self.gebiete.level(area) < own) {
            let catalog = self.clone();
            let found = tokio::task::spawn_blocking(move || catalog.description_of(key, &[area])).await;
            let Some(found) = found.map_err(|error| CatalogError::Hit(error.to_string()))?? else { continue };
            // A municipality may offer something in all of the Land; its text is no master text for that.
            if self.gebiet_of(&found) != Some(area) {
                continue;
            }
            masters.extend(self.store.record(&found.portal, Kind::Leistung, &found.id).await?);
        }
        Ok(masters)
    }

    /// What the portal of a description may speak for; none when it is not registered any more.
    fn gebiet_of(&self, shown: &Shown) -> Option<Ars> {
        self.portals.load().iter().find(|portal| portal.id == shown.portal).map(|portal| portal.gebiet)
    }

    fn text_rules(&self, shown: &Shown) -> TextRules {
        let portals = self.portals.load();
        portals.iter().find(|portal| portal.id == shown.portal).map(|portal| portal.texts.clone()).unwrap_or_default()
    }

    fn whose(&self, stored: &Stored) -> Whose {
        Whose { portal: stored.portal.clone(), name: self.portal_name(&stored.portal), changed: stored.changed }
    }
}

/// The modules that citizens see.
fn for_citizens(leistung: &Leistung) -> impl Iterator<Item = &Modul> {
    leistung.modules.iter().filter(|modul| modul.art != ModulArt::Auskunftshinweis)
}

/// Lays a master text under the modules that there are: what is missing is taken from it, and where a module adds to the
/// master's, that one goes before it.
fn lay_under(modules: &mut Vec<ModulView>, master: &Leistung, whose: &Whose, rules: &TextRules) {
    let known: Vec<ModulArt> = modules.iter().map(|known| known.modul.art.clone()).collect();
    for modul in for_citizens(master) {
        let view = ModulView { modul: modul.clone(), role: TextRole::Master, whose: whose.clone() };
        if !known.contains(&modul.art) {
            modules.push(view);
        } else if rules.of(name_of(&modul.art)) == TextRule::Supplement {
            let same = |one: &ModulView| one.modul.art == modul.art && one.role != TextRole::Master;
            // Only the nearest master text has a module that is supplemented; the Bund's does not come on top.
            let other = |one: &ModulView| one.role == TextRole::Master && one.whose != *whose;
            if modules.iter().any(|one| one.modul.art == modul.art && other(one)) {
                continue;
            }
            let at = modules.iter().position(same).unwrap_or(modules.len());
            modules.insert(at, view);
            for one in modules.iter_mut().filter(|one| same(one)) {
                one.role = TextRole::Supplement;
            }
        }
    }
}

/// The name of a module in a registration.
fn name_of(art: &ModulArt) -> &str {
    match art {
        ModulArt::Text(code) | ModulArt::Individuell(code) => code,
        ModulArt::Frist => "frist",
        ModulArt::Kosten => "kosten",
        ModulArt::Bearbeitungsdauer => "bearbeitungsdauer",
        ModulArt::Dokumente => "dokumente",
        ModulArt::Auskunftshinweis => "",
    }
}

/// Puts a local module behind the ones of its kind, or at the end.
fn insert(modules: &mut Vec<ModulView>, local: ModulView) {
    let same = |known: &ModulView| known.modul.art == local.modul.art;
    let at = modules.iter().rposition(same).map_or(modules.len(), |at| at + 1);
    modules.insert(at, local);
}

//! Lebenslagen: the list of all, and the checklist of one, in general or for a place.

use std::collections::BTreeMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use connectors::gebiet::Ars;
use connectors::leika::{Lebenslage, Leika};
use http::header::HeaderMap;
use indexer::catalog::{Offered, Place};
use indexer::record::Lang;

use super::gemeinde::Eintrag;
use super::narrow::QUERSCHNITT;
use super::sprache::{Hier, Sprache};
use super::templates::{self, Page, Wege};
use super::{KEEP_HOUR, KEEP_PAGE, PageError, Site, address, html};
use crate::structured;

/// Those that the start page names: what most people meet, in the order of a life.
const ON_START: [&str; 12] = [
    "geburt",
    "kinderbetreuung",
    "schule",
    "wohnen-umzug",
    "eheschliessung",
    "kfz-besitz",
    "fuehrerschein",
    "tierhaltung",
    "unternehmensstart-gewerbezulassung",
    "behinderung",
    "pflege",
    "tod",
];

/// Lebenslagen of one field.
#[derive(Debug)]
pub struct Feld {
    /// Its name.
    pub text: &'static str,
    /// Name inside the page.
    pub anchor: String,
    /// The Lebenslagen with their pages.
    pub lebenslagen: Wege,
}

/// The checklist of a Lebenslage.
#[derive(Debug)]
pub struct LebenslagePage {
    /// Its name.
    pub name: &'static str,
    /// What to send with the place form.
    pub code: &'static str,
    /// The place.
    pub place: Option<String>,
    /// The page of the place.
    pub ort_href: Option<String>,
    /// What there is to do.
    pub gruppen: Vec<Gruppe>,
}

/// What belongs together.
#[derive(Debug)]
pub struct Gruppe {
    /// What it is called in the OZG.
    pub text: String,
    /// The language of that, where it is not that of the page.
    pub lang: Option<Lang>,
    /// Name inside the page.
    pub anchor: String,
    /// The Leistungen.
    pub eintraege: Vec<Eintrag>,
}

/// Every Lebenslage that is one, not what belongs to all.
fn shown() -> impl Iterator<Item = &'static Lebenslage> {
    Leika::built_in().lebenslagen().iter().filter(|one| one.themenfeld != QUERSCHNITT)
}

/// The Lebenslage of a code, where there is a page for it.
pub fn by_code(code: &str) -> Option<&'static Lebenslage> {
    shown().find(|one| one.code == code)
}

/// What the start page names, with the pages.
pub fn on_start(sprache: Sprache) -> Wege {
    ON_START.into_iter().filter_map(by_code).map(|one| link(one, sprache)).collect()
}

fn link(one: &'static Lebenslage, sprache: Sprache) -> (String, String) {
    ((sprache.texts().lebenslage.name)(one.name).to_owned(), sprache.path(&address::lebenslage(one.code, None)))
}

/// All fields with their Lebenslagen, in the order of the alphabet.
fn felder(sprache: Sprache) -> Vec<Feld> {
    let name = sprache.texts().lebenslage.name;
    let mut by_field: BTreeMap<String, Feld> = BTreeMap::new();
    for one in shown() {
        let text = name(one.themenfeld);
        let anchor = address::slug(one.themenfeld);
        let feld =
            by_field.entry(address::slug(text)).or_insert_with(|| Feld { text, anchor, lebenslagen: Wege::new() });
        feld.lebenslagen.push(link(one, sprache));
    }
    let mut felder: Vec<Feld> = by_field.into_values().collect();
    for feld in &mut felder {
        feld.lebenslagen.sort_by_cached_key(|(text, _)| address::slug(text));
    }
    felder
}

impl LebenslagePage {
    fn of(one: &'static Lebenslage, place: Option<&Place>, offered: &[Offered], sprache: Sprache) -> Self {
        let texts = &sprache.texts().lebenslage;
        let ars = place.map(|place| place.ars);
        // Last what no bundle of this Lebenslage says something of.
        let mut groups: BTreeMap<(bool, String), Gruppe> = BTreeMap::new();
        for offer in offered {
            let ozg = offer.ozg.filter(|ozg| ozg.lebenslage == one.code).map(|ozg| ozg.name);
            let text = ozg.unwrap_or(texts.further);
            let slug = address::slug(text);
            let group = groups.entry((ozg.is_none(), slug.clone())).or_insert_with(|| Gruppe {
                text: text.to_owned(),
                lang: ozg.and_then(|_| sprache.foreign(Lang::DE)),
                anchor: format!("gruppe-{slug}"),
                eintraege: Vec::new(),
            });
            group.eintraege.push(Eintrag::of(offer, ars.as_ref(), sprache));
        }
        let mut gruppen: Vec<Gruppe> = groups.into_values().collect();
        for gruppe in &mut gruppen {
            gruppe.eintraege.sort_by_cached_key(|one| address::slug(&one.text));
        }
        Self {
            name: (texts.name)(one.name),
            code: one.code,
            place: place.map(|place| place.name.clone()),
            ort_href: place.map(|place| sprache.path(&address::ort(&place.ars, &place.name))),
            gruppen,
        }
    }
}

/// `/lebenslagen`
pub(super) async fn all(State(site): State<Site>, hier: Hier, headers: HeaderMap) -> Response {
    let texts = &hier.sprache.texts().lebenslage;
    let page = Page::here(&hier, texts.heading, site.canonical(&hier.sprache.path("/lebenslagen")));
    html(&headers, KEEP_HOUR, templates::lebenslagen(&page, &felder(hier.sprache)))
}

/// `/lebenslage/{code}` and `/lebenslage/{code}/{ars}`
pub(super) async fn show(
    State(site): State<Site>,
    hier: Hier,
    headers: HeaderMap,
    path: Result<Path<Vec<(String, String)>>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(parts) = path?;
    let value = |name: &str| parts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let Some(one) = by_code(value("code").unwrap_or_default()) else { return Err(PageError::NoLebenslage) };
    let place = match value("ars") {
        None => None,
        Some(ars) => {
            let ars: Ars = ars.parse().map_err(|_| PageError::NotFound)?;
            Some(site.catalog.place_of(ars).ok_or(PageError::NoPlace)?)
        }
    };
    let ars = place.as_ref().map(|place| place.ars);
    let offered = site.catalog.offered(ars, Some(one.code), hier.sprache.of_records()).await?;
    let it = LebenslagePage::of(one, place.as_ref(), &offered, hier.sprache);
    let title = (hier.sprache.texts().lebenslage.title)(it.name, it.place.as_deref());
    let (general, here) = (address::lebenslage(one.code, None), address::lebenslage(one.code, ars.as_ref()));
    let texts = &hier.sprache.texts().lebenslage;
    let mut above = vec![(texts.heading, "/lebenslagen".to_owned()), (it.name, general.clone())];
    above.extend(it.place.as_deref().map(|place| (place, here)));
    let graph = structured::way(&site.way(hier.sprache, above));
    // The list of one place is made of pages that are listed themselves.
    let right = super::right::own(&general, hier.sprache, &site.public_url);
    let right = if place.is_some() { right.of_another() } else { right };
    let description = super::right::shortened(&(texts.description)(it.name, it.place.as_deref()));
    let page = Page::here(&hier, &title, None).standing(right, description, Some(&graph));
    Ok(html(&headers, KEEP_PAGE, templates::lebenslage(&page, &it)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::fixtures;

    #[test]
    fn all_situations_of_the_start_page_have_a_page() {
        assert_eq!(on_start(Sprache::Deutsch).len(), ON_START.len());
        assert_eq!(on_start(Sprache::Leicht)[0].1, "/leicht/lebenslage/geburt");
        let all: usize = felder(Sprache::Englisch).iter().map(|feld| feld.lebenslagen.len()).sum();
        assert_eq!(all, shown().count());
        assert!(by_code("querschnitt-buerger").is_none(), "what belongs to everything has no page");
    }

    #[test]
    fn a_checklist_groups_by_what_the_ozg_calls_it() {
        let geburt = by_code("geburt").unwrap();
        let ozg =
            Leika::built_in().all().iter().find_map(|one| one.ozg.filter(|ozg| ozg.lebenslage == "geburt")).unwrap();
        let offered = |name: &str, ozg| Offered {
            leistung: fixtures::short(name),
            online: true,
            lebenslagen: vec!["geburt".into()],
            ozg,
        };
        let all = [offered("Zuletzt", Some(ozg)), offered("Ohne Bündel", None), offered("Anfangs", Some(ozg))];
        let it = LebenslagePage::of(geburt, Some(&fixtures::bochum()), &all, Sprache::Deutsch);
        let groups: Vec<(&str, Vec<&str>)> = it
            .gruppen
            .iter()
            .map(|one| (one.text.as_str(), one.eintraege.iter().map(|one| one.text.as_str()).collect()))
            .collect();
        assert_eq!(groups, [(ozg.name, vec!["Anfangs", "Zuletzt"]), ("Weiteres", vec!["Ohne Bündel"])]);
        assert_eq!(it.ort_href.as_deref(), Some("/ort/059110000000/bochum"));
    }
}

//! The page of a place: everything that is offered there, by Lebenslage and from A to Z.

use std::collections::BTreeMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use connectors::gebiet::Ars;
use connectors::leika::Leika;
use http::StatusCode;
use http::header::HeaderMap;
use indexer::catalog::{NextStep, Offered, Place};
use indexer::record::Lang;
use url::Url;

use super::narrow::QUERSCHNITT;
use super::respond::redirect;
use super::sprache::{Hier, Sprache};
use super::templates::{self, Page};
use super::view::{Anchor, SearchForm, Weiter};
use super::{KEEP_HOUR, KEEP_PAGE, PageError, Site, address, html};
use crate::api::params::Params;
use crate::structured;

/// As many stand on one page; of more, those of one letter.
const WHOLE: usize = 150;
/// Under this stands what begins with no letter.
const OTHER: char = '#';

/// The page of a place.
#[derive(Debug)]
pub struct GemeindePage {
    /// Its name.
    pub name: String,
    /// How many Leistungen there are.
    pub total: usize,
    /// How many there are, and of them online, in words.
    pub lead: String,
    /// By Lebenslage, in the order of the alphabet.
    pub lebenslagen: Vec<Weg>,
    /// All, and what can be done online.
    pub filter: Vec<Weg>,
    /// The letters.
    pub sprung: Vec<Weg>,
    /// The lists under them.
    pub buchstaben: Vec<Buchstabe>,
    /// Whom to ask where nothing is known.
    pub weiter: Vec<Weiter>,
    /// The place's own page.
    pub seite: Option<Anchor>,
}

/// A way through the list.
#[derive(Debug)]
pub struct Weg {
    /// What it says.
    pub text: String,
    /// How many there are.
    pub count: usize,
    /// Where it leads.
    pub href: String,
    /// It is where one is.
    pub current: bool,
}

/// What begins with one letter.
#[derive(Debug)]
pub struct Buchstabe {
    /// The letter.
    pub text: char,
    /// Name inside the page.
    pub anchor: String,
    /// What begins with it.
    pub eintraege: Vec<Eintrag>,
}

/// A Leistung in a list.
#[derive(Debug)]
pub struct Eintrag {
    /// Its name.
    pub text: String,
    /// The language of the name, where it is not that of the page.
    pub lang: Option<Lang>,
    /// Its page.
    pub href: String,
    /// It can be done online there.
    pub online: bool,
}

impl Eintrag {
    /// A Leistung in the list of a place, or of all places.
    pub fn of(offered: &Offered, place: Option<&Ars>, sprache: Sprache) -> Self {
        let short = &offered.leistung;
        Self {
            text: short.name.clone(),
            lang: sprache.foreign(short.lang),
            href: sprache.path(&address::leistung(short, place)),
            online: offered.online,
        }
    }
}

/// What of the list is wanted.
#[derive(Debug, Default)]
struct Wanted {
    /// What can be done online, only.
    online: bool,
    /// The letter.
    buchstabe: Option<char>,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, PageError> {
        let letter = params.text("buchstabe")?.and_then(|text| text.chars().next());
        Ok(Self { online: params.flag("online")?.unwrap_or(false), buchstabe: letter.map(initial_of) })
    }

    fn href(online: bool, letter: Option<char>, path: &str) -> String {
        let given = [
            online.then(|| "online=true".to_owned()),
            letter.map(|letter| format!("buchstabe={}", address::segment(&letter.to_string()))),
        ];
        let given: Vec<String> = given.into_iter().flatten().collect();
        if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
    }
}

/// The letter under which a name stands: umlauts stand with their vowels, as in DIN 5007.
fn initial(name: &str) -> char {
    name.chars().find(|letter| letter.is_alphanumeric()).map_or(OTHER, initial_of)
}

fn initial_of(letter: char) -> char {
    match letter.to_uppercase().next().unwrap_or(letter) {
        'Ä' => 'A',
        'Ö' => 'O',
        'Ü' => 'U',
        upper @ 'A'..='Z' => upper,
        _ => OTHER,
    }
}

impl GemeindePage {
    fn of(place: &Place, offered: &[Offered], next: &[NextStep], wanted: &Wanted, sprache: Sprache) -> Self {
        let path = sprache.path(&address::ort(&place.ars, &place.name));
        let online = offered.iter().filter(|one| one.online).count();
        let mut by_letter: BTreeMap<char, Vec<&Offered>> = BTreeMap::new();
        let listed: Vec<&Offered> = offered.iter().filter(|one| one.online || !wanted.online).collect();
        for one in &listed {
            by_letter.entry(initial(&one.leistung.name)).or_default().push(one);
        }
        // Where nobody chose one, the first letter stands for itself.
        let whole = wanted.buchstabe.is_none() && listed.len() <= WHOLE;
        let chosen = wanted.buchstabe.or_else(|| by_letter.keys().find(|letter| **letter != OTHER).copied());
        let shown = |letter: char| whole || Some(letter) == chosen;
        let sprung = by_letter.iter().map(|(letter, list)| Weg {
            text: letter.to_string(),
            count: list.len(),
            href: if whole {
                format!("#{}", anchor(*letter))
            } else {
                Wanted::href(wanted.online, Some(*letter), &path)
            },
            current: !whole && shown(*letter),
        });
        let buchstaben = by_letter.iter().filter(|(letter, _)| shown(**letter)).map(|(letter, list)| {
            let mut eintraege: Vec<Eintrag> =
                list.iter().map(|one| Eintrag::of(one, Some(&place.ars), sprache)).collect();
            eintraege.sort_by_cached_key(|one| address::slug(&one.text));
            Buchstabe { text: *letter, anchor: anchor(*letter), eintraege }
        });
        let [all, only_online] = sprache.texts().ort.filter;
        let filter = [(all, offered.len(), false), (only_online, online, true)].map(|(text, count, only)| Weg {
            text: text.to_owned(),
            count,
            href: Wanted::href(only, None, &path),
            current: only == wanted.online,
        });
        Self {
            name: place.name.clone(),
            total: offered.len(),
            lead: (sprache.texts().ort.lead)(offered.len(), online),
            lebenslagen: lebenslagen(place, offered, sprache),
            filter: filter.into_iter().filter(|weg| weg.count > 0).collect(),
            sprung: sprung.collect(),
            buchstaben: buchstaben.collect(),
            weiter: if offered.is_empty() {
                next.iter().map(|step| Weiter::of(step, sprache)).collect()
            } else {
                Vec::new()
            },
            seite: next.iter().find(|step| step.level == place.level).and_then(|step| own_page(step, sprache)),
        }
    }
}

/// The Lebenslagen for which the place offers something.
fn lebenslagen(place: &Place, offered: &[Offered], sprache: Sprache) -> Vec<Weg> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for code in offered.iter().flat_map(|one| &one.lebenslagen) {
        *counts.entry(code).or_default() += 1;
    }
    let known = counts.into_iter().filter_map(|(code, count)| {
        let one = Leika::built_in().lebenslage(code).filter(|one| one.themenfeld != QUERSCHNITT)?;
        let text = (sprache.texts().lebenslage.name)(one.name).to_owned();
        let href = sprache.path(&address::lebenslage(one.code, Some(&place.ars)));
        Some(Weg { text, count, href, current: false })
    });
    let mut known: Vec<Weg> = known.collect();
    known.sort_by_cached_key(|weg| address::slug(&weg.text));
    known
}

fn own_page(step: &NextStep, sprache: Sprache) -> Option<Anchor> {
    let registered = step.contact.as_ref().and_then(|contact| contact.url.clone());
    let url = registered.or_else(|| step.web.as_deref().and_then(|web| Url::parse(web).ok()))?;
    let host = url.host_str()?.to_owned();
    let text = (sprache.texts().ort.own_page)(&host);
    matches!(url.scheme(), "http" | "https").then(|| Anchor { text, href: Some(url.into()), host: None, lang: None })
}

fn anchor(letter: char) -> String {
    if letter == OTHER { "andere".to_owned() } else { format!("buchstabe-{}", letter.to_ascii_lowercase()) }
}

/// `/ort/{ars}` and `/ort/{ars}/{slug}`.
pub(super) async fn show(
    State(site): State<Site>,
    hier: Hier,
    headers: HeaderMap,
    path: Result<Path<Vec<(String, String)>>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let Path(parts) = path?;
    let value = |name: &str| parts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let ars: Ars = value("ars").unwrap_or_default().parse().map_err(|_| PageError::NotFound)?;
    let Some(place) = site.catalog.place_of(ars) else { return Err(PageError::NoPlace) };
    let params = Params::tolerant(query.as_deref(), &["online", "buchstabe"])?;
    let wanted = Wanted::read(&params)?;
    let right = address::ort(&ars, &place.name);
    if value("ars") != Some(ars.as_str()) || value("slug") != Some(&address::slug(&place.name)) {
        return Ok(redirect(StatusCode::MOVED_PERMANENTLY, &hier.sprache.path(&right), KEEP_HOUR));
    }
    let offered = site.catalog.offered(Some(ars), None, hier.sprache.of_records()).await?;
    let it = GemeindePage::of(&place, &offered, &site.catalog.next_steps(&place), &wanted, hier.sprache);
    let texts = &hier.sprache.texts().ort;
    let mut page = Page::here(&hier, &(texts.title)(&place.name), None);
    // Where nothing is the place's own, this is what the Land and the Bund offer everywhere.
    if site.catalog.has_own(&ars) {
        let way = site.way(hier.sprache, [(place.name.as_str(), right.clone())]);
        let right = super::right::ort(&right, hier.sprache, &site.public_url);
        let description = super::right::shortened(&(texts.description)(&place.name));
        page = page.standing(right, description, Some(&structured::ort(&place, &way)));
    }
    let form = SearchForm {
        ort: super::suche::field_text(ars.as_str(), &place, |text| site.catalog.place(text)),
        ..SearchForm::default()
    };
    Ok(html(&headers, KEEP_PAGE, templates::gemeinde(&page, &form, &it)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::fixtures;

    fn offered(name: &str, online: bool, lebenslage: &str) -> Offered {
        Offered { leistung: fixtures::short(name), online, lebenslagen: vec![lebenslage.into()], ozg: None }
    }

    #[test]
    fn names_stand_under_their_letters_umlauts_with_their_vowels() {
        let all = [
            offered("Ärztekammer", false, "geburt"),
            offered("Abmeldung", true, "geburt"),
            offered("„Zweitwohnung“", false, "wohnen-umzug"),
            offered("§ 34a", false, "querschnitt-buerger"),
        ];
        let it = GemeindePage::of(&fixtures::bochum(), &all, &[], &Wanted::default(), Sprache::Deutsch);
        let lists: Vec<(char, Vec<&str>)> = it
            .buchstaben
            .iter()
            .map(|one| (one.text, one.eintraege.iter().map(|one| one.text.as_str()).collect()))
            .collect();
        assert_eq!(
            lists,
            [('#', vec!["§ 34a"]), ('A', vec!["Abmeldung", "Ärztekammer"]), ('Z', vec!["„Zweitwohnung“"])]
        );
        assert!(it.total == 4 && it.lead.starts_with("4 Leistungen") && it.lead.ends_with("davon 1 online möglich."));
        let ways: Vec<(&str, usize)> = it.lebenslagen.iter().map(|weg| (weg.text.as_str(), weg.count)).collect();
        assert_eq!(ways, [("Geburt", 2), ("Wohnen & Umzug", 1)], "what belongs to everything is no Lebenslage");
    }

    #[test]
    fn a_long_list_shows_one_letter_and_the_way_to_the_others() {
        let all: Vec<Offered> = (0..2 * WHOLE)
            .map(|at| offered(if at % 2 == 0 { "Bauen" } else { "Umziehen" }, at % 3 == 0, "geburt"))
            .collect();
        let page = |wanted: Wanted| GemeindePage::of(&fixtures::bochum(), &all, &[], &wanted, Sprache::Englisch);
        let it = page(Wanted::default());
        assert_eq!(it.buchstaben.iter().map(|one| one.text).collect::<String>(), "B");
        assert_eq!(it.sprung[1].href, "/en/ort/059110000000/bochum?buchstabe=U");
        let it = page(Wanted { online: false, buchstabe: Some('U') });
        assert_eq!(it.buchstaben.iter().map(|one| one.text).collect::<String>(), "U");
        let it = page(Wanted { online: true, buchstabe: None });
        let shown: usize = it.buchstaben.iter().map(|one| one.eintraege.len()).sum();
        assert_eq!((shown, it.filter[1].current), (all.len().div_ceil(3), true));
    }
}

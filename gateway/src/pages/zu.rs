//! The hand-over: straight to the one right Onlinedienst, or a page that says what to do instead.

use indexer::catalog::{Responsible, State};
use indexer::record::Lang;
use url::Url;

use super::address;
use super::sprache::Sprache;
use super::view::{self, Dienst, Stelle, Weiter};

/// What the hand-over comes to.
#[derive(Debug)]
pub enum HandOver {
    /// There.
    Go(Url),
    /// To a page of ours.
    Page(Box<ZuPage>),
    /// The Onlinedienst that was chosen is not among those offered here.
    NoSuchDienst,
}

/// What the page says instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lage {
    /// Several services or offices: the citizen chooses.
    Auswahl,
    /// There is a service, but its host is not registered.
    Gesperrt,
    /// There is an office and no service.
    NurVorOrt,
    /// No office is known.
    Keine,
}

/// The page of a hand-over that cannot go straight on.
#[derive(Debug)]
pub struct ZuPage {
    /// What it says.
    pub lage: Lage,
    /// The Leistung.
    pub name: String,
    /// Its language, where it is not that of the page.
    pub lang: Option<Lang>,
    /// The page of the Leistung.
    pub leistung_href: String,
    /// The place.
    pub place: String,
    /// Services to choose from, or that cannot be opened.
    pub dienste: Vec<Dienst>,
    /// Offices.
    pub stellen: Vec<Stelle>,
    /// Whom to ask next.
    pub weiter: Vec<Weiter>,
}

impl ZuPage {
    /// The heading.
    pub fn heading(&self, sprache: Sprache) -> &'static str {
        let [several, locked, on_site, none] = sprache.texts().zu.headings;
        match self.lage {
            Lage::Auswahl => several,
            Lage::Gesperrt => locked,
            Lage::NurVorOrt => on_site,
            Lage::Keine => none,
        }
    }

    /// True when the page has nobody else to name than those who help in general.
    pub fn hilfe(&self) -> bool {
        self.lage != Lage::Auswahl && self.stellen.is_empty()
    }
}

/// Where the hand-over leads. `key` is how the Leistung was asked for, `chosen` the id of the Onlinedienst that the
/// citizen chose, where there were several. None when Leistung or place are not known.
pub fn hand_over(responsible: &Responsible, key: &str, chosen: Option<&str>, sprache: Sprache) -> Option<HandOver> {
    responsible.leistung.as_ref().zip(responsible.place.as_ref())?;
    if matches!(responsible.state, State::UnknownLeistung | State::UnknownPlace) {
        return None;
    }
    let offered = &responsible.onlinedienste;
    if let Some(id) = chosen {
        let dienst = offered.iter().find(|dienst| dienst.id == id && view::permitted(dienst));
        return Some(dienst.map_or(HandOver::NoSuchDienst, |dienst| HandOver::Go(dienst.url.clone())));
    }
    let best = view::best(offered);
    let clear = responsible.state != State::Ambiguous;
    if let (true, [one]) = (clear, best.as_slice()) {
        return Some(HandOver::Go(one.url.clone()));
    }
    instead(responsible, key, sprache).map(|page| HandOver::Page(Box::new(page)))
}

/// The page that stands instead of going on at once. None when Leistung or place are not known.
pub fn instead(responsible: &Responsible, key: &str, sprache: Sprache) -> Option<ZuPage> {
    let (leistung, place) = responsible.leistung.as_ref().zip(responsible.place.as_ref())?;
    if matches!(responsible.state, State::UnknownLeistung | State::UnknownPlace) {
        return None;
    }
    let offered = &responsible.onlinedienste;
    let best = view::best(offered);
    let clear = responsible.state != State::Ambiguous;
    let offices = responsible.answers.iter().chain(&responsible.contacts);
    let stellen: Vec<Stelle> = offices.map(|office| Stelle::of(office, sprache)).collect();
    let lage = if !best.is_empty() || (!clear && stellen.len() > 1) {
        Lage::Auswahl
    } else if !offered.is_empty() {
        Lage::Gesperrt
    } else if stellen.is_empty() {
        Lage::Keine
    } else {
        Lage::NurVorOrt
    };
    let shown = if best.is_empty() { offered.iter().collect() } else { best };
    Some(ZuPage {
        lage,
        name: leistung.name.clone(),
        lang: sprache.foreign(leistung.lang),
        leistung_href: sprache.path(&address::leistung_by(key, &leistung.name, Some(&place.ars))),
        place: place.name.clone(),
        dienste: shown
            .into_iter()
            .map(|dienst| Dienst::of(dienst, sprache.path(&address::zu_dienst(key, &place.ars, &dienst.id)), sprache))
            .collect(),
        weiter: if stellen.is_empty() {
            responsible.next.iter().map(|step| Weiter::of(step, sprache)).collect()
        } else {
            Vec::new()
        },
        stellen,
    })
}

/// Title of the page.
pub fn title(page: &ZuPage, sprache: Sprache) -> String {
    format!("{}: {} – {}", page.heading(sprache), page.name, page.place)
}

//! The hand-over: straight to the one right Onlinedienst, or a page that says what to do instead.

use indexer::catalog::{Responsible, State};
use indexer::record::Lang;
use url::Url;

use super::address;
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
    /// Its language, where it is not German.
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
    pub fn heading(&self) -> &'static str {
        match self.lage {
            Lage::Auswahl => "Bitte wählen Sie",
            Lage::Gesperrt => "Dieses Online-Angebot können wir nicht öffnen",
            Lage::NurVorOrt => "Nur vor Ort oder schriftlich möglich",
            Lage::Keine => "Keine zuständige Stelle bekannt",
        }
    }

    /// True when the page has nobody else to name than those who help in general.
    pub fn hilfe(&self) -> bool {
        self.lage != Lage::Auswahl && self.stellen.is_empty()
    }
}

/// Where the hand-over leads. `key` is how the Leistung was asked for, `chosen` the id of the Onlinedienst that the
/// citizen chose, where there were several. None when Leistung or place are not known.
pub fn hand_over(responsible: &Responsible, key: &str, chosen: Option<&str>) -> Option<HandOver> {
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
    instead(responsible, key).map(|page| HandOver::Page(Box::new(page)))
}

/// The page that stands instead of going on at once. None when Leistung or place are not known.
pub fn instead(responsible: &Responsible, key: &str) -> Option<ZuPage> {
    let (leistung, place) = responsible.leistung.as_ref().zip(responsible.place.as_ref())?;
    if matches!(responsible.state, State::UnknownLeistung | State::UnknownPlace) {
        return None;
    }
    let offered = &responsible.onlinedienste;
    let best = view::best(offered);
    let clear = responsible.state != State::Ambiguous;
    let stellen: Vec<Stelle> = responsible.answers.iter().chain(&responsible.contacts).map(Stelle::of).collect();
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
        lang: view::foreign(leistung.lang),
        leistung_href: address::leistung_by(key, &leistung.name, Some(&place.ars)),
        place: place.name.clone(),
        dienste: shown
            .into_iter()
            .map(|dienst| Dienst::of(dienst, address::zu_dienst(key, &place.ars, &dienst.id)))
            .collect(),
        weiter: if stellen.is_empty() { responsible.next.iter().map(Weiter::of).collect() } else { Vec::new() },
        stellen,
    })
}

/// Title of the page.
pub fn title(page: &ZuPage) -> String {
    format!("{}: {} – {}", page.heading(), page.name, page.place)
}

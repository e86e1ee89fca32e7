//! What the pages show: plain values, made from the catalog's answers by pure functions.
//!
//! Everything that a page decides is decided here, where a test can see it; templates only lay it out. Fields called
//! `html` hold markup that the normaliser or the catalog has cleaned; all other texts are escaped by the templates.

use connectors::gebiet::Ars;
use indexer::catalog::{Answer, LeistungShort, NextStep, OnlinedienstAnswer, Place, Responsible, State};
use indexer::record::{Anschrift, Htmls, Kommunikation, Lang, Link, Organisationseinheit, in_lang};
use url::Url;

use super::sprache::Sprache;
use super::texts::Kanal;
use super::{address, words};

/// A text in its language. `lang` is none for that of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The language, where it is not that of the page.
    pub lang: Option<Lang>,
    /// Clean markup.
    pub html: String,
}

impl Part {
    /// The text in the language of the page, else the German one, else another; none where there is no text.
    pub fn of(texts: &Htmls, sprache: Sprache) -> Option<Self> {
        let (lang, html) = in_lang(texts, sprache.of_records())?;
        let html = html.as_str();
        (!html.trim().is_empty()).then(|| Self { lang: sprache.foreign(lang), html: below_h2(html) })
    }
}

/// The markup with its headings moved so that the highest of them stands right below the section's own `h2`.
fn below_h2(html: &str) -> String {
    const FIRST: u8 = 3;
    const LAST: u8 = 6;
    let used = |level: u8| html.contains(&format!("<h{level}>"));
    let Some(highest) = (1..=LAST).find(|level| used(*level)) else { return html.to_owned() };
    if highest == FIRST {
        return html.to_owned();
    }
    let mut moved = html.to_owned();
    // Downwards from the lowest or upwards from the highest, so that no heading is moved twice.
    let mut levels: Vec<u8> = (highest..=LAST).collect();
    if highest < FIRST {
        levels.reverse();
    }
    for level in levels {
        let to = (level + FIRST - highest).min(LAST);
        moved = moved.replace(&format!("<h{level}>"), &format!("<h{to}>"));
        moved = moved.replace(&format!("</h{level}>"), &format!("</h{to}>"));
    }
    moved
}

/// The form that stands on most pages; it keeps what was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchForm {
    /// The question as typed.
    pub q: String,
    /// The place as typed.
    pub ort: String,
    /// What is wrong with the question.
    pub q_error: Option<String>,
    /// What is wrong with the place.
    pub ort_error: Option<String>,
}

impl SearchForm {
    /// What is wrong, with the field it stands at.
    pub fn faults(&self) -> Vec<(&'static str, &str)> {
        [("q", &self.q_error), ("ort", &self.ort_error)]
            .into_iter()
            .filter_map(|(field, error)| Some((field, error.as_deref()?)))
            .collect()
    }
}

/// A link with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// What it says.
    pub text: String,
    /// Where it leads; none where the text is all we have.
    pub href: Option<String>,
    /// The host, where the link leaves this site.
    pub host: Option<String>,
    /// The language of the text, where it is not that of the page.
    pub lang: Option<Lang>,
}

impl Anchor {
    fn of(link: &Link, sprache: Sprache) -> Self {
        let host = link.url.host_str().unwrap_or("").to_owned();
        let title = link.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        Self {
            text: title.unwrap_or(&host).to_owned(),
            href: Some(link.url.to_string()),
            host: title.is_some().then_some(host),
            lang: link.lang.and_then(|lang| sprache.foreign(lang)),
        }
    }
}

/// Links as they are shown; only those that a browser opens as pages.
pub fn anchors(links: &[Link], sprache: Sprache) -> Vec<Anchor> {
    links.iter().filter(|link| is_page(&link.url)).map(|link| Anchor::of(link, sprache)).collect()
}

fn is_page(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// One way to reach an office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kontakt {
    /// What it is.
    pub kanal: Kanal,
    /// That in words: "Telefon", "E-Mail", ...
    pub label: &'static str,
    /// Number or address.
    pub text: String,
    /// `tel:`, `mailto:` or a page.
    pub href: Option<String>,
}

impl Kontakt {
    fn new(kanal: Kanal, text: &str, href: Option<String>, sprache: Sprache) -> Self {
        Self { kanal, label: (sprache.texts().words.kanal)(kanal), text: text.to_owned(), href }
    }

    fn of(one: &Kommunikation, sprache: Sprache) -> Option<Self> {
        let text = one.kennung.trim();
        if text.is_empty() {
            return None;
        }
        let (kanal, href) = match one.kanal.as_str() {
            "01" => (Kanal::Mail, words::mailto(text)),
            "02" => (Kanal::Telefon, words::tel(text)),
            "03" => (Kanal::Mobil, words::tel(text)),
            "04" => (Kanal::Fax, None),
            "08" => (Kanal::DeMail, None),
            "09" => (Kanal::Internet, Url::parse(text).ok().filter(is_page).map(Into::into)),
            _ => (Kanal::Weiterer, None),
        };
        Some(Self::new(kanal, text, href, sprache))
    }

    /// Ways to reach an office, the quickest first, each once.
    fn all(kommunikation: &[Kommunikation], sprache: Sprache) -> Vec<Self> {
        let mut kontakte: Vec<Self> = kommunikation.iter().filter_map(|one| Self::of(one, sprache)).collect();
        kontakte.sort_by_key(|kontakt| kontakt.kanal.min(Kanal::Fax));
        kontakte.dedup();
        kontakte
    }
}

/// An address, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adresse {
    /// "Besuchsadresse", ...
    pub label: &'static str,
    /// At least one line.
    pub lines: Vec<String>,
}

impl Adresse {
    fn of(anschrift: &Anschrift, sprache: Sprache) -> Option<Self> {
        let words = &sprache.texts().words;
        let filled =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let town: Vec<String> = [&anschrift.plz, &anschrift.ort].into_iter().filter_map(filled).collect();
        let postfach = filled(&anschrift.postfach).map(|number| {
            if number.to_lowercase().starts_with("postfach") { number } else { (words.postfach)(&number) }
        });
        let lines: Vec<String> = [filled(&anschrift.zusatz), filled(&anschrift.strasse), postfach]
            .into_iter()
            .flatten()
            .chain((!town.is_empty()).then(|| town.join(" ")))
            .collect();
        (!lines.is_empty())
            .then(|| Self { label: (words.anschrift)(words::anschrift_art(anschrift.art.as_deref())), lines })
    }
}

/// An office as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stelle {
    /// Its name.
    pub name: String,
    /// What it is responsible for: "Ihren Kreis", ...
    pub gebiet: &'static str,
    /// Ways to reach it, telephone first.
    pub kontakte: Vec<Kontakt>,
    /// Where it is.
    pub adressen: Vec<Adresse>,
    /// When it is open.
    pub zeiten: Option<Part>,
    /// Its pages.
    pub links: Vec<Anchor>,
    /// Why it is the one.
    pub reasons: Vec<String>,
}

impl Stelle {
    /// An office out of an answer.
    pub fn of(answer: &Answer, sprache: Sprache) -> Self {
        let (unit, words) = (&answer.organisationseinheit, &sprache.texts().words);
        Self {
            name: unit.name.clone(),
            gebiet: (words.gebiet)(answer.level),
            kontakte: Kontakt::all(&unit.kommunikation, sprache),
            adressen: unit.anschriften.iter().filter_map(|one| Adresse::of(one, sprache)).collect(),
            zeiten: Part::of(&unit.oeffnungszeiten, sprache),
            links: anchors(&unit.links, sprache),
            reasons: (words.why)(&answer.why),
        }
    }

    /// An office as a portal describes it, before anybody asked for one.
    pub fn of_record(unit: &Organisationseinheit, sprache: Sprache) -> Self {
        let name = in_lang(&unit.name, sprache.of_records()).map(|(_, name)| name.clone()).unwrap_or_default();
        Self {
            name,
            gebiet: sprache.texts().words.this_leistung,
            kontakte: Kontakt::all(&unit.kommunikation, sprache),
            adressen: unit.anschriften.iter().filter_map(|one| Adresse::of(one, sprache)).collect(),
            zeiten: Part::of(&unit.oeffnungszeiten, sprache),
            links: anchors(&unit.links, sprache),
            reasons: Vec::new(),
        }
    }

    /// The number to call first.
    pub fn telefon(&self) -> Option<&Kontakt> {
        self.kontakte.first().filter(|kontakt| matches!(kontakt.kanal, Kanal::Telefon | Kanal::Mobil))
    }
}

/// An online service as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dienst {
    /// Its name.
    pub name: String,
    /// The host it is on.
    pub host: String,
    /// Who offers it.
    pub anbieter: String,
    /// The trust level in words; none where it is not said.
    pub vertrauensniveau: Option<String>,
    /// Languages in words; empty where not given.
    pub sprachen: String,
    /// Ways to pay; empty where not given.
    pub zahlung: String,
    /// Our hand-over; none where citizens may not be sent there.
    pub href: Option<String>,
}

impl Dienst {
    /// An online service, with `href` as the way to it where it is permitted.
    pub fn of(answer: &OnlinedienstAnswer, href: String, sprache: Sprache) -> Self {
        let texts = sprache.texts();
        let sprachen: Vec<&str> = answer.sprachen.iter().map(|lang| (texts.words.language)(lang.as_str())).collect();
        Self {
            name: answer.name.clone(),
            host: answer.url.host_str().unwrap_or("").to_owned(),
            anbieter: answer.portal_name.clone(),
            vertrauensniveau: words::vertrauensniveau(answer.vertrauensniveau_name.as_deref())
                .map(|niveau| (texts.words.vertrauensniveau)(niveau).to_owned())
                .or_else(|| answer.vertrauensniveau_name.clone()),
            sprachen: sprachen.join(", "),
            zahlung: answer.zahlungsweisen.join(", "),
            href: permitted(answer).then_some(href),
        }
    }
}

/// True when citizens may be sent to the service.
pub fn permitted(dienst: &OnlinedienstAnswer) -> bool {
    dienst.handover && is_page(&dienst.url)
}

/// The permitted services among which the best one is: the most local ones, and of these the German ones where there
/// are any. One is the answer; several are a question to the citizen.
pub fn best(dienste: &[OnlinedienstAnswer]) -> Vec<&OnlinedienstAnswer> {
    let open: Vec<&OnlinedienstAnswer> = dienste.iter().filter(|dienst| permitted(dienst)).collect();
    let Some(nearest) = open.iter().map(|dienst| dienst.level).max() else { return Vec::new() };
    let local: Vec<&OnlinedienstAnswer> = open.into_iter().filter(|dienst| dienst.level == nearest).collect();
    let mut distinct: Vec<&OnlinedienstAnswer> = Vec::new();
    for dienst in &local {
        // The same address under two ids is one service.
        if !distinct.iter().any(|known| known.url == dienst.url) {
            distinct.push(dienst);
        }
    }
    let german: Vec<&OnlinedienstAnswer> =
        distinct.iter().copied().filter(|dienst| dienst.sprachen.contains(&Lang::DE)).collect();
    if german.is_empty() { distinct } else { german }
}

/// Whom to ask next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weiter {
    /// Name of the area or office.
    pub name: String,
    /// "Stadt oder Gemeinde", "Kreis", ...
    pub level: &'static str,
    /// Ways to reach it.
    pub kontakte: Vec<Kontakt>,
}

impl Weiter {
    /// A next step.
    pub fn of(step: &NextStep, sprache: Sprache) -> Self {
        let contact = step.contact.as_ref();
        let page = contact.and_then(|contact| contact.url.clone());
        let page = page.or_else(|| step.web.as_deref().and_then(|web| Url::parse(web).ok())).filter(is_page);
        let telefon = contact.and_then(|contact| contact.phone.as_deref());
        let telefon = telefon.map(|number| Kontakt::new(Kanal::Telefon, number, words::tel(number), sprache));
        let mail = contact.and_then(|contact| contact.email.as_deref());
        let mail = mail.map(|mail| Kontakt::new(Kanal::Mail, mail, words::mailto(mail), sprache));
        let page = page.map(|url| {
            let host = url.host_str().unwrap_or("").to_owned();
            Kontakt::new(Kanal::Internet, &host, Some(url.into()), sprache)
        });
        Self {
            name: step.name.clone(),
            level: (sprache.texts().words.level)(step.level),
            kontakte: telefon.into_iter().chain(mail).chain(page).collect(),
        }
    }
}

/// A place as a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ort {
    /// Its name with what tells it from others: "Neuenkirchen (Kreis Steinfurt)".
    pub text: String,
    /// Its postal codes in short; may be empty.
    pub plz: String,
    /// Where the choice leads.
    pub href: String,
}

impl Ort {
    /// A place that leads to `href`.
    pub fn of(place: &Place, href: String) -> Self {
        const SHOWN: usize = 3;
        let mut plz = place.plz.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        if place.plz.len() > SHOWN {
            plz.push_str(", …");
        }
        Self { text: place_name(place), plz, href }
    }
}

/// The name of a place with the area it lies in, where that tells more.
pub fn place_name(place: &Place) -> String {
    match &place.parent {
        Some(parent) if *parent != place.name => format!("{} ({parent})", place.name),
        _ => place.name.clone(),
    }
}

/// Where a text comes from and when it was changed: "Stand: ... · Quelle: ...".
pub fn stand(short: &LeistungShort, sprache: Sprache) -> String {
    (sprache.texts().leistung.stand)(short.changed, &short.portal_name)
}

/// The service that a Leistung's button leads to, where there is exactly one best and one office; else the citizen
/// has to choose.
pub fn hand_over(key: &str, place: &Ars, responsible: &Responsible, sprache: Sprache) -> Option<Dienst> {
    match best(&responsible.onlinedienste).as_slice() {
        [one] if responsible.state != State::Ambiguous => {
            Some(Dienst::of(one, sprache.path(&address::zu(key, place)), sprache))
        }
        _ => None,
    }
}

//! The page of one Leistung, in general or at a place.

use indexer::catalog::{LeistungView, ModulView, State, TextRole};
use indexer::record::{Lang, ModulArt, in_lang};

use super::view::{self, Anchor, Dienst, Part, Stelle, Weiter};
use super::{address, words};

/// The page of one Leistung.
#[derive(Debug)]
pub struct LeistungPage {
    /// Name and short text.
    pub name: String,
    /// Their language, where it is not German.
    pub lang: Option<Lang>,
    /// What to send with the place form.
    pub key: String,
    /// The place.
    pub place: Option<String>,
    /// What it is, in short.
    pub lead: Option<Part>,
    /// The same as plain text, where there is no module for it.
    pub lead_text: String,
    /// The online service that the button leads to.
    pub dienst: Option<Dienst>,
    /// Further services of other levels or languages, and those that cannot be opened.
    pub dienste: Vec<Dienst>,
    /// What to know before leaving.
    pub vorab: Vec<Vorab>,
    /// Who is responsible.
    pub zustaendig: Zustaendig,
    /// Where to get advice.
    pub ansprechpunkte: Vec<Stelle>,
    /// The text.
    pub sections: Vec<Abschnitt>,
    /// "Stand: ... · Quelle: ..."
    pub stand: String,
    /// The page of origin.
    pub ursprung: Vec<Anchor>,
    /// Our own address of this page.
    pub path: String,
    /// The results that led here.
    pub zurueck: Option<String>,
}

/// Who is responsible, for the page.
#[derive(Debug)]
pub enum Zustaendig {
    /// The page asks for the place.
    OhneOrt,
    /// One office, or several to choose from.
    Stellen(Vec<Stelle>),
    /// None is known: whom to ask.
    Keine(Vec<Weiter>),
}

/// One line of "Bevor Sie starten".
#[derive(Debug, PartialEq, Eq)]
pub struct Vorab {
    /// "Kosten"
    pub label: &'static str,
    /// "25 Euro"
    pub text: String,
    /// Section of the page that says more.
    pub anchor: Option<&'static str>,
}

/// One section of the text.
#[derive(Debug)]
pub struct Abschnitt {
    /// Its heading.
    pub heading: Option<String>,
    /// Language of the heading, where it is not German.
    pub lang: Option<Lang>,
    /// Name inside the page; none where another section has it already.
    pub anchor: Option<&'static str>,
    /// What it says.
    pub parts: Vec<Inhalt>,
}

/// One module inside a section.
#[derive(Debug)]
pub struct Inhalt {
    /// "Nur online", "Ergänzung vor Ort"; may be empty.
    pub marks: Vec<&'static str>,
    /// Whose it is and how old, where several wrote the text.
    pub whose: Option<String>,
    /// Facts in short.
    pub facts: Vec<String>,
    /// The text.
    pub text: Option<Part>,
    /// Further links.
    pub links: Vec<Anchor>,
}

impl LeistungPage {
    /// The page for a Leistung that was asked for as `key`.
    pub fn of(view: &LeistungView, key: &str) -> Self {
        let short = &view.short;
        let responsible = view.responsible.as_ref();
        let place = responsible.and_then(|responsible| responsible.place.as_ref());
        let ars = place.map(|place| place.ars);
        let offered = responsible.map_or(&[][..], |responsible| responsible.onlinedienste.as_slice());
        let dienst = ars.zip(responsible).and_then(|(ars, responsible)| view::hand_over(key, &ars, responsible));
        let chosen = dienst.as_ref().and_then(|_| view::best(offered).first().map(|best| &best.url));
        let dienste = ars.map_or_else(Vec::new, |ars| {
            offered
                .iter()
                .filter(|one| Some(&one.url) != chosen)
                .map(|one| Dienst::of(one, address::zu_dienst(key, &ars, &one.id)))
                .collect()
        });
        let zustaendig = match responsible {
            None => Zustaendig::OhneOrt,
            Some(responsible) if matches!(responsible.state, State::Found | State::Ambiguous) => {
                Zustaendig::Stellen(responsible.answers.iter().map(Stelle::of).collect())
            }
            Some(responsible) => Zustaendig::Keine(responsible.next.iter().map(Weiter::of).collect()),
        };
        let lead = ["05", "24"].into_iter().find_map(|code| {
            let art = ModulArt::Text(code.to_owned());
            view.modules.iter().filter(|one| one.modul.art == art).find_map(|one| Part::of(&one.modul.text))
        });
        let sections = sections(&view.modules);
        Self {
            name: short.name.clone(),
            lang: view::foreign(short.lang),
            key: key.to_owned(),
            place: place.map(|place| place.name.clone()),
            lead_text: if lead.is_some() { String::new() } else { short.kurztext.clone() },
            lead,
            vorab: dienst.as_ref().map_or_else(Vec::new, |dienst| vorab(view, dienst, &sections)),
            dienst,
            dienste,
            zustaendig,
            ansprechpunkte: responsible.map_or_else(Vec::new, |one| one.contacts.iter().map(Stelle::of).collect()),
            sections,
            stand: view::stand(short),
            ursprung: view::anchors(&view.ursprung),
            path: address::leistung(short, ars.as_ref()),
            zurueck: None,
        }
    }

    /// Title of the page.
    pub fn title(&self) -> String {
        match &self.place {
            Some(place) => format!("{} – {place}", self.name),
            None => self.name.clone(),
        }
    }

    /// True when several offices come into question.
    pub fn mehrere(&self) -> bool {
        matches!(&self.zustaendig, Zustaendig::Stellen(stellen) if stellen.len() > 1)
    }
}

/// The text in the order of the page; modules under one heading stand together.
fn sections(modules: &[ModulView]) -> Vec<Abschnitt> {
    let mixed = modules.iter().any(|one| one.role == TextRole::Master);
    let mut ordered: Vec<(words::Section, &ModulView)> =
        modules.iter().filter_map(|one| words::section(&one.modul.art).map(|section| (section, one))).collect();
    ordered.sort_by_key(|(section, _)| section.order);
    let mut sections: Vec<(Option<u8>, Abschnitt)> = Vec::new();
    for (section, view) in ordered {
        let Some(inhalt) = Inhalt::of(view, mixed) else { continue };
        let own = in_lang(&view.modul.heading, Lang::DE).filter(|(_, text)| !text.trim().is_empty());
        // A heading of the editors' own begins a section of its own; the usual ones gather.
        let group = own.is_none().then_some(section.order);
        match sections.last_mut() {
            Some((last, abschnitt)) if group.is_some() && *last == group => abschnitt.parts.push(inhalt),
            _ => {
                let taken = sections.iter().any(|(_, abschnitt)| abschnitt.anchor == Some(section.anchor));
                sections.push((
                    group,
                    Abschnitt {
                        heading: own.map(|(_, text)| text.clone()).or_else(|| section.heading.map(ToOwned::to_owned)),
                        lang: own.and_then(|(lang, _)| view::foreign(lang)),
                        anchor: (!taken).then_some(section.anchor),
                        parts: vec![inhalt],
                    },
                ));
            }
        }
    }
    sections.into_iter().map(|(_, abschnitt)| abschnitt).collect()
}

impl Inhalt {
    /// None for a module that says nothing to German or English readers.
    fn of(view: &ModulView, mixed: bool) -> Option<Self> {
        let modul = &view.modul;
        let (text, links) = (Part::of(&modul.text), view::anchors(&modul.links));
        if text.is_none() && links.is_empty() && modul.facts.is_empty() {
            return None;
        }
        let channel = match modul.channel.as_deref() {
            Some("100") => Some("Gilt, wenn Sie online beantragen"),
            Some("200") => Some("Gilt, wenn Sie vor Ort beantragen"),
            _ => None,
        };
        let local = (view.role == TextRole::Supplement && !mixed).then_some("Ergänzung vor Ort");
        let marks = channel.into_iter().chain(local).collect();
        Some(Self { marks, whose: mixed.then(|| whose(view)), facts: modul.facts.clone(), text, links })
    }
}

/// "Mastertext: Land Nordrhein-Westfalen, Stand 2. November 2026".
fn whose(view: &ModulView) -> String {
    let role = match view.role {
        TextRole::Own => "Text vor Ort",
        TextRole::Master => "Mastertext",
        TextRole::Supplement => "Ortsergänzung",
    };
    let changed = view.whose.changed.map(|at| format!(", Stand {}", words::date(at))).unwrap_or_default();
    format!("{role}: {}{changed}", view.whose.name)
}

/// What to know before leaving: who, account, papers, cost, duration, languages. Where to stands at the button.
fn vorab(view: &LeistungView, dienst: &Dienst, sections: &[Abschnitt]) -> Vec<Vorab> {
    let plain = |label, text: &str| Vorab { label, text: text.to_owned(), anchor: None };
    let known = |label, text: &str| (!text.is_empty()).then(|| plain(label, text));
    let office = view.responsible.as_ref().and_then(|responsible| match responsible.answers.as_slice() {
        [one] => Some(one.organisationseinheit.name.as_str()),
        _ => None,
    });
    // The short fact where there is one, else the section that says it.
    let fact = |label, arts: &[ModulArt], anchors: &[&'static str]| {
        let facts: Vec<&str> = view
            .modules
            .iter()
            .filter(|one| arts.contains(&one.modul.art) && one.modul.channel.as_deref() != Some("200"))
            .flat_map(|one| one.modul.facts.iter().map(String::as_str))
            .collect();
        let anchor =
            anchors.iter().copied().find(|anchor| sections.iter().any(|section| section.anchor == Some(*anchor)));
        match (facts.is_empty(), anchor) {
            (false, _) => Vorab { label, text: facts.join(", "), anchor },
            (true, Some(_)) => Vorab { label, text: "siehe unten".to_owned(), anchor },
            (true, None) => Vorab { label, text: "nicht angegeben".to_owned(), anchor: None },
        }
    };
    [
        office.map(|name| plain("Zuständige Stelle", name)),
        Some(plain("Anmeldung (Vertrauensniveau)", &dienst.vertrauensniveau)),
        Some(fact("Unterlagen", &[ModulArt::Dokumente], &["unterlagen", "dokumente"])),
        Some(fact("Kosten", &[ModulArt::Kosten], &["kosten"])),
        known("Bezahlen", &dienst.zahlung),
        Some(fact("Dauer", &[ModulArt::Bearbeitungsdauer], &["dauer"])),
        known("Sprachen", &dienst.sprachen),
    ]
    .into_iter()
    .flatten()
    .collect()
}

//! The page of one Leistung, in general or at a place.

use connectors::gebiet::Ars;
use indexer::catalog::{LeistungView, ModulView, State, TextRole};
use indexer::record::{Lang, ModulArt, in_lang, plain_text};

use super::sprache::Sprache;
use super::view::{self, Anchor, Dienst, Part, Stelle, Weiter};
use super::{address, words};

/// The page of one Leistung.
#[derive(Debug)]
pub struct LeistungPage {
    /// Name and short text.
    pub name: String,
    /// Their language, where it is not that of the page.
    pub lang: Option<Lang>,
    /// What to send with the place form.
    pub key: String,
    /// The place.
    pub place: Option<String>,
    /// Its key.
    pub ars: Option<Ars>,
    /// The page of the place.
    pub ort_href: Option<String>,
    /// The page without a place; only on that of a place.
    pub general_href: Option<String>,
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
    /// That the text is in another language than the page; empty where it is not.
    pub other_language: &'static str,
    /// Whose text it is, where it is that of one town and no place is chosen; else empty.
    pub of_one_body: String,
    /// "Stand: ... · Quelle: ..."
    pub stand: String,
    /// Where something that is wrong can be told.
    pub rueckmeldung: String,
    /// The page of origin.
    pub ursprung: Vec<Anchor>,
    /// Our own address of this page, without its language.
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
    /// Its language, where it is not that of the page.
    pub lang: Option<Lang>,
    /// Section of the page that says more.
    pub anchor: Option<&'static str>,
}

/// One section of the text.
#[derive(Debug)]
pub struct Abschnitt {
    /// Its heading.
    pub heading: Option<String>,
    /// Language of the heading, where it is not that of the page.
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
    /// Facts in short; German, as they are made of the delivery.
    pub facts: Vec<String>,
    /// Their language, where it is not that of the page.
    pub facts_lang: Option<Lang>,
    /// The text.
    pub text: Option<Part>,
    /// Further links.
    pub links: Vec<Anchor>,
}

impl LeistungPage {
    /// The page for a Leistung that was asked for as `key`.
    pub fn of(view: &LeistungView, key: &str, sprache: Sprache) -> Self {
        let (short, texts) = (&view.short, &sprache.texts().leistung);
        let responsible = view.responsible.as_ref();
        let place = responsible.and_then(|responsible| responsible.place.as_ref());
        let ars = place.map(|place| place.ars);
        let offered = responsible.map_or(&[][..], |responsible| responsible.onlinedienste.as_slice());
        let dienst = ars.zip(responsible).and_then(|(ars, one)| view::hand_over(key, &ars, one, sprache));
        let chosen = dienst.as_ref().and_then(|_| view::best(offered).first().map(|best| &best.url));
        let dienste = ars.map_or_else(Vec::new, |ars| {
            let others = offered.iter().filter(|one| Some(&one.url) != chosen);
            let href = |id: &str| sprache.path(&address::zu_dienst(key, &ars, id));
            others.map(|one| Dienst::of(one, href(&one.id), sprache)).collect()
        });
        let zustaendig = match responsible {
            None => Zustaendig::OhneOrt,
            Some(responsible) if matches!(responsible.state, State::Found | State::Ambiguous) => {
                Zustaendig::Stellen(responsible.answers.iter().map(|answer| Stelle::of(answer, sprache)).collect())
            }
            Some(responsible) => {
                Zustaendig::Keine(responsible.next.iter().map(|step| Weiter::of(step, sprache)).collect())
            }
        };
        let lead = ["05", "24"].into_iter().find_map(|code| {
            let art = ModulArt::Text(code.to_owned());
            view.modules.iter().filter(|one| one.modul.art == art).find_map(|one| Part::of(&one.modul.text, sprache))
        });
        let sections = sections(&view.modules, sprache);
        let lang = sprache.foreign(short.lang);
        let rueckmeldung = match &ars {
            Some(ars) => format!("/rueckmeldung?leistung={}&ars={ars}", address::segment(key)),
            None => format!("/rueckmeldung?leistung={}", address::segment(key)),
        };
        let contacts = responsible.map_or(&[][..], |one| one.contacts.as_slice());
        Self {
            name: short.name.clone(),
            lang,
            key: key.to_owned(),
            place: place.map(|place| place.name.clone()),
            ars,
            ort_href: place.map(|place| sprache.path(&address::ort(&place.ars, &place.name))),
            general_href: None,
            lead_text: if lead.is_some() { String::new() } else { short.kurztext.clone() },
            lead,
            vorab: dienst.as_ref().map_or_else(Vec::new, |dienst| vorab(view, dienst, &sections, sprache)),
            dienst,
            dienste,
            zustaendig,
            ansprechpunkte: contacts.iter().map(|contact| Stelle::of(contact, sprache)).collect(),
            sections,
            other_language: if lang.is_some() { texts.text_in_german } else { "" },
            of_one_body: if view.is_local && place.is_none() {
                (texts.of_one_body)(&short.portal_name)
            } else {
                String::new()
            },
            stand: view::stand(short, sprache),
            rueckmeldung: sprache.path(&rueckmeldung),
            ursprung: view::anchors(&view.ursprung, sprache),
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

    /// True when there is text to jump to.
    pub fn has_contents(&self) -> bool {
        self.sections.iter().filter(|section| section.anchor.is_some() && section.heading.is_some()).count() > 2
    }

    /// True when several offices come into question.
    pub fn mehrere(&self) -> bool {
        matches!(&self.zustaendig, Zustaendig::Stellen(stellen) if stellen.len() > 1)
    }
}

/// The text in the order of the page; modules under one heading stand together.
fn sections(modules: &[ModulView], sprache: Sprache) -> Vec<Abschnitt> {
    let words = &sprache.texts().words;
    let mixed = modules.iter().any(|one| one.role == TextRole::Master);
    let mut ordered: Vec<(words::Section, &ModulView)> =
        modules.iter().filter_map(|one| words::section(&one.modul.art).map(|section| (section, one))).collect();
    ordered.sort_by_key(|(section, _)| section.order);
    let mut sections: Vec<(Option<u8>, Abschnitt)> = Vec::new();
    for (section, view) in ordered {
        let Some(inhalt) = Inhalt::of(view, mixed, sprache) else { continue };
        let own = in_lang(&view.modul.heading, sprache.of_records()).filter(|(_, text)| !text.trim().is_empty());
        // A heading of the editors' own begins a section of its own; the usual ones gather.
        let group = own.is_none().then_some(section.order);
        match sections.last_mut() {
            Some((last, abschnitt)) if group.is_some() && *last == group => abschnitt.parts.push(inhalt),
            _ => {
                let taken = sections.iter().any(|(_, abschnitt)| abschnitt.anchor == Some(section.anchor));
                sections.push((
                    group,
                    Abschnitt {
                        heading: own
                            .map(|(_, text)| text.clone())
                            .or_else(|| section.thema.map(|thema| (words.thema)(thema).to_owned())),
                        lang: own.and_then(|(lang, _)| sprache.foreign(lang)),
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
    /// None for a module that says nothing to readers of the languages that we offer.
    fn of(view: &ModulView, mixed: bool, sprache: Sprache) -> Option<Self> {
        let (modul, texts) = (&view.modul, &sprache.texts().leistung);
        let (text, links) = (Part::of(&modul.text, sprache), view::anchors(&modul.links, sprache));
        if text.is_none() && links.is_empty() && modul.facts.is_empty() {
            return None;
        }
        let channel = match modul.channel.as_deref() {
            Some("100") => Some(texts.channels[0]),
            Some("200") => Some(texts.channels[1]),
            _ => None,
        };
        let local = (view.role == TextRole::Supplement && !mixed).then_some(texts.supplement);
        Some(Self {
            marks: channel.into_iter().chain(local).collect(),
            whose: mixed.then(|| (texts.whose)(view.role, &view.whose.name, view.whose.changed)),
            facts: modul.facts.clone(),
            facts_lang: sprache.foreign(Lang::DE),
            text,
            links,
        })
    }
}

/// What to know before leaving: who, account, papers, cost, duration, deadline, languages. What is not known is said to be
/// so; where to stands at the button.
pub(super) fn vorab(view: &LeistungView, dienst: &Dienst, sections: &[Abschnitt], sprache: Sprache) -> Vec<Vorab> {
    let texts = &sprache.texts().bevor;
    let known = |label, text: Option<&str>| {
        let text = text.filter(|text| !text.is_empty()).unwrap_or(texts.unknown);
        Vorab { label, text: text.to_owned(), lang: None, anchor: None }
    };
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
        let said = || sections.iter().filter(|section| section.anchor == anchor).flat_map(|section| &section.parts);
        let on_site = sprache.texts().leistung.channels[1];
        let text = || said().filter(|one| !one.marks.contains(&on_site)).find_map(|inhalt| inhalt.text.as_ref());
        match (facts.is_empty(), anchor, text()) {
            (false, _, _) => Vorab { label, text: facts.join(", "), lang: sprache.foreign(Lang::DE), anchor },
            (true, Some(_), Some(part)) => Vorab { label, text: brief(&part.html), lang: part.lang, anchor },
            (true, Some(_), None) => Vorab { label, text: texts.see.to_owned(), lang: None, anchor },
            (true, None, _) => known(label, None),
        }
    };
    vec![
        known(texts.who, office),
        known(texts.target, Some(&(texts.target_text)(&dienst.anbieter, &dienst.host))),
        known(texts.account, dienst.vertrauensniveau.as_deref()),
        fact(texts.papers, &[ModulArt::Dokumente], &["unterlagen", "dokumente"]),
        fact(texts.cost, &[ModulArt::Kosten], &["kosten"]),
        known(texts.pay, Some(&dienst.zahlung)),
        fact(texts.duration, &[ModulArt::Bearbeitungsdauer], &["dauer"]),
        fact(texts.deadline, &[ModulArt::Frist], &["frist"]),
        known(texts.languages, Some(&dienst.sprachen)),
    ]
}

/// The beginning of a text, plain: the items of a list one after the other, whole words.
fn brief(html: &str) -> String {
    /// In characters; about two lines beside a label.
    const LONGEST: usize = 140;
    let items: Vec<String> = html
        .split("</li>")
        .map(plain_text)
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect();
    let whole = items.join("; ");
    if whole.chars().count() <= LONGEST {
        return whole;
    }
    let begin: String = whole.chars().take(LONGEST).collect();
    let words = begin.rsplit_once(' ').map_or(begin.as_str(), |(words, _)| words);
    format!("{} …", words.trim_end_matches([',', ';', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_text_is_plain_and_ends_with_a_word() {
        assert_eq!(brief("<p>Etwa <b>zwei</b> Wochen.</p>"), "Etwa zwei Wochen.");
        assert_eq!(brief("<ul><li>Ausweis</li><li>Foto &amp; Geld</li></ul>"), "Ausweis; Foto & Geld");
        let long = brief(&format!("<p>{}</p>", "Wörter ".repeat(40)));
        assert!(long.chars().count() <= 142 && long.ends_with("Wörter …"), "{long}");
        assert_eq!(brief(&"x".repeat(300)).chars().count(), 142, "one long word is cut");
    }
}

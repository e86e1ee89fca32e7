//! The pages of a stand-in portal: start, form, receipt, not found. The templates lie in `demo/seiten`.

use std::collections::BTreeMap;

use askama::Template;
use jiff::civil::Date;

use crate::demo::contents::{Angebot, DemoPortalFile, Feld, Feldart};

/// The style sheet of all pages.
pub const STYLE: &str = include_str!("../../../demo/seiten/stil.css");

/// Longest answer to a question, in characters.
const MAX_ANSWER: usize = 500;

/// What stands around every page.
struct Rahmen<'a> {
    portal: &'a str,
    prefix: &'a str,
    telefon: &'a str,
    telefon_ziffern: String,
    email: &'a str,
    traeger: &'a str,
    der: &'a str,
    traeger_gross: String,
}

impl<'a> Rahmen<'a> {
    fn new(portal: &'a DemoPortalFile, prefix: &'a str) -> Self {
        let mut letters = portal.traeger.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        Self {
            portal: &portal.name,
            prefix,
            telefon: &portal.telefon,
            telefon_ziffern: portal.telefon.replace(' ', ""),
            email: &portal.email,
            traeger: &portal.traeger,
            der: &portal.der,
            traeger_gross: first + letters.as_str(),
        }
    }
}

struct Dienst<'a> {
    id: &'a str,
    name: &'a str,
    titel: &'a str,
}

impl<'a> Dienst<'a> {
    fn new(angebot: &'a Angebot) -> Self {
        let leistung = &angebot.leistung;
        let name = angebot.formular.as_ref().map_or(&leistung.titel, |formular| &formular.name);
        Self { id: &leistung.id, name, titel: &leistung.titel }
    }
}

struct Eingabe<'a> {
    id: &'a str,
    frage: &'a str,
    eingabe: &'static str,
    ziffern: bool,
    werte: &'a [String],
    wert: String,
    fehlt: bool,
}

#[derive(Template)]
#[template(path = "start.html", config = "demo/askama.toml")]
struct Start<'a> {
    rahmen: Rahmen<'a>,
    dienste: Vec<Dienst<'a>>,
}

#[derive(Template)]
#[template(path = "formular.html", config = "demo/askama.toml")]
struct Form<'a> {
    rahmen: Rahmen<'a>,
    dienst: Dienst<'a>,
    felder: Vec<Eingabe<'a>>,
    fehlend: Vec<&'a Feld>,
}

#[derive(Template)]
#[template(path = "eingegangen.html", config = "demo/askama.toml")]
struct Received<'a> {
    rahmen: Rahmen<'a>,
    dienst: Dienst<'a>,
    felder: Vec<Eingabe<'a>>,
}

#[derive(Template)]
#[template(path = "fehlt.html", config = "demo/askama.toml")]
struct Missing<'a> {
    rahmen: Rahmen<'a>,
}

/// The list of forms.
pub fn start(portal: &DemoPortalFile, prefix: &str, dienste: &[Angebot]) -> Result<String, askama::Error> {
    Start { rahmen: Rahmen::new(portal, prefix), dienste: dienste.iter().map(Dienst::new).collect() }.render()
}

/// The form, empty, or with what was sent and a word on what is missing.
pub fn form(
    portal: &DemoPortalFile,
    prefix: &str,
    angebot: &Angebot,
    sent: Option<&BTreeMap<String, String>>,
) -> Result<String, askama::Error> {
    let fehlend = match sent {
        Some(sent) => felder(angebot).iter().filter(|feld| !fits(feld, sent)).collect(),
        None => Vec::new(),
    };
    let rahmen = Rahmen::new(portal, prefix);
    Form { rahmen, dienst: Dienst::new(angebot), felder: eingaben(angebot, sent), fehlend }.render()
}

/// The receipt for what was sent.
pub fn received(
    portal: &DemoPortalFile,
    prefix: &str,
    angebot: &Angebot,
    sent: &BTreeMap<String, String>,
) -> Result<String, askama::Error> {
    let rahmen = Rahmen::new(portal, prefix);
    let mut felder = eingaben(angebot, Some(sent));
    for feld in &mut felder {
        if let Ok(day) = feld.wert.trim().parse::<Date>() {
            feld.wert = day.strftime("%d.%m.%Y").to_string();
        }
    }
    Received { rahmen, dienst: Dienst::new(angebot), felder }.render()
}

/// The page for addresses that lead nowhere.
pub fn missing(portal: &DemoPortalFile, prefix: &str) -> Result<String, askama::Error> {
    Missing { rahmen: Rahmen::new(portal, prefix) }.render()
}

/// True when every question has an answer that fits it.
pub fn complete(angebot: &Angebot, sent: &BTreeMap<String, String>) -> bool {
    felder(angebot).iter().all(|feld| fits(feld, sent))
}

fn felder(angebot: &Angebot) -> &[Feld] {
    angebot.formular.as_ref().map_or(&[], |formular| formular.felder.as_slice())
}

fn fits(feld: &Feld, sent: &BTreeMap<String, String>) -> bool {
    let said = sent.get(&feld.id).map(|said| said.trim()).unwrap_or_default();
    let usable = !said.is_empty() && said.chars().count() <= MAX_ANSWER;
    usable
        && match feld.art {
            Feldart::Text => true,
            Feldart::Zahl => said.chars().all(|sign| sign.is_ascii_digit() || " .,".contains(sign)),
            Feldart::Datum => said.parse::<Date>().is_ok() || Date::strptime("%d.%m.%Y", said).is_ok(),
            Feldart::Auswahl => feld.werte.iter().any(|wert| wert == said),
        }
}

fn eingaben<'a>(angebot: &'a Angebot, sent: Option<&BTreeMap<String, String>>) -> Vec<Eingabe<'a>> {
    let eingabe = |feld: &'a Feld| Eingabe {
        id: &feld.id,
        frage: &feld.frage,
        eingabe: if feld.art == Feldart::Datum { "date" } else { "text" },
        ziffern: feld.art == Feldart::Zahl,
        werte: &feld.werte,
        wert: sent.and_then(|sent| sent.get(&feld.id)).cloned().unwrap_or_default(),
        fehlt: sent.is_some_and(|sent| !fits(feld, sent)),
    };
    felder(angebot).iter().map(eingabe).collect()
}

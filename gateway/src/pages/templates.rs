//! The templates as types: what each page needs, and the frame around all of them.

use askama::Template;
use http::StatusCode;
use indexer::record::Lang;

use super::address;
use super::gemeinde::GemeindePage;
use super::kopf::Kopf;
use super::lebenslage::{self, Feld, LebenslagePage};
use super::leistung::{self, LeistungPage};
use super::results::{Results, Zustaendig};
use super::right::Right;
use super::sprache::{Hier, Sprache};
use super::texts::{FaultText, Faults, Texts};
use super::view::{Ort, SearchForm};
use super::zu::{Lage, ZuPage};
use crate::assets;
use crate::structured::Graph;

/// What the frame of every page needs.
#[derive(Debug)]
pub struct Page {
    /// Title of the window, the site's name included.
    pub title: String,
    /// The right address of this page, for pages that search engines may list.
    pub canonical: Option<String>,
    /// What search engines are told of it.
    pub kopf: Kopf,
    /// What a browser loads beside it.
    pub loads: Loads,
    /// Its language.
    pub sprache: Sprache,
    /// All that our pages say in it.
    pub t: &'static Texts,
    /// Its address without a language, where it is there in all of them.
    pub path: Option<String>,
}

impl Page {
    /// The frame for a page of this title that is there in German alone.
    pub fn new(title: &str, canonical: Option<String>) -> Self {
        let sprache = Sprache::Deutsch;
        let title = format!("{title} – Portalverbund.NRW");
        // A page without an address to list is for no search engine.
        let kopf = if canonical.is_some() { Kopf::default() } else { Kopf::hidden() };
        Self { title, canonical, kopf, loads: Loads::default(), sprache, t: sprache.texts(), path: None }
    }

    /// The frame for a page of this title that is there in all languages; of the one that was asked for.
    pub fn here(hier: &Hier, title: &str, canonical: Option<String>) -> Self {
        let (sprache, path) = (hier.sprache, Some(hier.path.clone()));
        let page = Self::new(title, canonical);
        let kopf = page.canonical.as_deref().map_or_else(Kopf::hidden, |canonical| Kopf::of_own(canonical, hier));
        Self { sprache, t: sprache.texts(), path, kopf, ..page }
    }

    /// The same, standing among other pages as `right` says, with what search engines are told.
    pub fn standing(self, right: Right, description: Option<String>, graph: Option<&Graph>) -> Self {
        let kopf = Kopf::of(&right, description, graph);
        Self { canonical: Some(right.canonical), kopf, ..self }
    }

    /// A path of ours in the language of the page.
    pub fn to(&self, path: &str) -> String {
        self.sprache.path(path)
    }

    /// The page in all languages.
    pub fn languages(&self) -> Vec<(&'static Sprache, String)> {
        let path = self.path.as_deref().unwrap_or("/");
        Sprache::ALL.iter().map(|sprache| (sprache, sprache.path(path))).collect()
    }
}

/// The addresses of what a browser loads beside a page.
#[derive(Debug)]
pub struct Loads {
    /// The style sheet.
    pub style: String,
    /// The fonts that every page needs; none where the design was not made.
    pub fonts: Vec<String>,
    /// The script that suggests while somebody types.
    pub script: String,
}

impl Default for Loads {
    fn default() -> Self {
        let fonts = assets::fonts().collect();
        Self { style: assets::path("portalverbund.css"), fonts, script: assets::path("suche.js") }
    }
}

/// What went wrong with a page of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No such page.
    NotFound,
    /// No such Leistung.
    NoLeistung,
    /// A Leistung that was there once.
    Gone,
    /// No such place.
    NoPlace,
    /// No such Lebenslage.
    NoLebenslage,
    /// The chosen Onlinedienst is not offered here.
    NoDienst,
    /// An address that cannot be read.
    Address,
    /// A form sent in the wrong way.
    Method,
    /// The catalog failed.
    Catalog,
}

impl Fault {
    /// Every one.
    #[cfg(test)]
    pub const ALL: [Self; 8] = [
        Self::NotFound,
        Self::NoLeistung,
        Self::NoPlace,
        Self::NoLebenslage,
        Self::NoDienst,
        Self::Address,
        Self::Method,
        Self::Catalog,
    ];

    /// The status of its answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotFound | Self::NoLeistung | Self::NoPlace | Self::NoLebenslage | Self::NoDienst => {
                StatusCode::NOT_FOUND
            }
            Self::Gone => StatusCode::GONE,
            Self::Address => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Catalog => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What is said of it.
    pub fn text(self, faults: &Faults) -> &FaultText {
        match self {
            Self::NotFound => &faults.not_found,
            Self::NoLeistung => &faults.no_leistung,
            Self::Gone => &faults.gone,
            Self::NoPlace => &faults.no_place,
            Self::NoLebenslage => &faults.no_lebenslage,
            Self::NoDienst => &faults.no_dienst,
            Self::Address => &faults.address,
            Self::Method => &faults.method,
            Self::Catalog => &faults.catalog,
        }
    }
}

/// The choice of a place, for a Leistung, a Lebenslage or the page of the place itself.
#[derive(Debug)]
pub struct OrtChoice {
    /// What it is chosen for; may be empty.
    pub name: String,
    /// Its language, where it is not that of the page.
    pub lang: Option<Lang>,
    /// The parameter that says what it is chosen for.
    pub was: &'static str,
    /// Its value; may be empty.
    pub key: String,
    /// What was typed.
    pub typed: String,
    /// The places it could be.
    pub places: Vec<Ort>,
    /// What is wrong with what was typed.
    pub error: Option<String>,
}

impl OrtChoice {
    /// What is wrong, with the field it stands at.
    fn faults(&self) -> Vec<(&'static str, &str)> {
        self.error.iter().map(|error| ("ort", error.as_str())).collect()
    }
}

/// Links with what they say.
pub type Wege = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "start.html")]
struct StartTemplate<'a> {
    page: &'a Page,
    form: &'a SearchForm,
    beispiele: Wege,
    lebenslagen: Wege,
}

#[derive(Template)]
#[template(path = "results.html")]
struct ResultsTemplate<'a> {
    page: &'a Page,
    form: &'a SearchForm,
    results: &'a Results,
}

#[derive(Template)]
#[template(path = "leistung.html")]
struct LeistungTemplate<'a> {
    page: &'a Page,
    it: &'a LeistungPage,
}

#[derive(Template)]
#[template(path = "bevor.html")]
struct BevorTemplate<'a> {
    page: &'a Page,
    it: &'a LeistungPage,
    leistung_href: String,
}

#[derive(Template)]
#[template(path = "zu.html")]
struct ZuTemplate<'a> {
    page: &'a Page,
    heading: &'static str,
    it: &'a ZuPage,
}

#[derive(Template)]
#[template(path = "ort.html")]
struct OrtTemplate<'a> {
    page: &'a Page,
    it: &'a OrtChoice,
}

#[derive(Template)]
#[template(path = "gemeinde.html")]
struct GemeindeTemplate<'a> {
    page: &'a Page,
    form: &'a SearchForm,
    it: &'a GemeindePage,
}

#[derive(Template)]
#[template(path = "lebenslagen.html")]
struct LebenslagenTemplate<'a> {
    page: &'a Page,
    felder: &'a [Feld],
}

#[derive(Template)]
#[template(path = "lebenslage.html")]
struct LebenslageTemplate<'a> {
    page: &'a Page,
    it: &'a LebenslagePage,
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultTemplate<'a> {
    page: &'a Page,
    form: &'a SearchForm,
    fault: &'a FaultText,
}

/// The start page; also the page that asks again when the form was not filled in.
pub fn start(page: &Page, form: &SearchForm) -> String {
    let examples = page.t.start.example_questions.iter();
    let beispiele = examples.map(|text| ((*text).to_owned(), page.to(&address::suche(text, "", 1)))).collect();
    let lebenslagen = lebenslage::on_start(page.sprache);
    render(&StartTemplate { page, form, beispiele, lebenslagen })
}

/// The page of results.
pub fn results(page: &Page, results: &Results) -> String {
    render(&ResultsTemplate { page, form: &results.form, results })
}

/// The page of a Leistung.
pub fn leistung(page: &Page, it: &LeistungPage) -> String {
    render(&LeistungTemplate { page, it })
}

/// The page that says what to know before leaving.
pub fn bevor(page: &Page, it: &LeistungPage) -> String {
    render(&BevorTemplate { page, it, leistung_href: page.to(&it.path) })
}

/// The page of a hand-over that does not go straight on.
pub fn zu(page: &Page, it: &ZuPage) -> String {
    render(&ZuTemplate { page, heading: it.heading(page.sprache), it })
}

/// The choice of a place.
pub fn ort(page: &Page, it: &OrtChoice) -> String {
    render(&OrtTemplate { page, it })
}

/// The page of a place.
pub fn gemeinde(page: &Page, form: &SearchForm, it: &GemeindePage) -> String {
    render(&GemeindeTemplate { page, form, it })
}

/// The list of all Lebenslagen.
pub fn lebenslagen(page: &Page, felder: &[Feld]) -> String {
    render(&LebenslagenTemplate { page, felder })
}

/// The page of a Lebenslage.
pub fn lebenslage(page: &Page, it: &LebenslagePage) -> String {
    render(&LebenslageTemplate { page, it })
}

/// An error page.
pub fn fault(page: &Page, fault: Fault) -> String {
    render(&FaultTemplate { page, form: &SearchForm::default(), fault: fault.text(&page.t.fault) })
}

/// The page that a template makes.
pub(crate) fn render(template: &impl Template) -> String {
    template.render().expect("templates write to memory and call nothing that fails")
}

//! The templates as types: what each page needs, and the frame around all of them.

use std::sync::LazyLock;

use askama::Template;
use http::StatusCode;
use indexer::record::Lang;

use super::kopf::Kopf;
use super::leistung::{self, LeistungPage};
use super::respond;
use super::results::{Results, Zustaendig};
use super::view::{Ort, SearchForm};
use super::zu::{Lage, ZuPage};

/// The one style sheet.
pub const STYLE_SHEET: &str = include_str!("../../static/portalverbund.css");

static STYLE_VERSION: LazyLock<String> =
    LazyLock::new(|| respond::etag(STYLE_SHEET.as_bytes()).trim_matches('"').chars().take(12).collect());

/// Names this very style sheet, so that browsers may keep it for ever.
pub fn style_version() -> &'static str {
    &STYLE_VERSION
}

/// What the frame of every page needs.
#[derive(Debug)]
pub struct Page {
    /// Title of the window, the site's name included.
    pub title: String,
    /// The right address of this page, for pages that search engines may list.
    pub canonical: Option<String>,
    /// What search engines are told of it.
    pub kopf: Kopf,
    /// Version of the style sheet.
    pub style: &'static str,
}

impl Page {
    /// The frame for a page of this title. One without an address to list is for no search engine.
    pub fn new(title: &str, canonical: Option<String>) -> Self {
        let kopf = if canonical.is_some() { Kopf::default() } else { Kopf::hidden() };
        Self { title: format!("{title} – Portalverbund.NRW"), canonical, kopf, style: style_version() }
    }

    /// The same with what search engines are told.
    pub fn with(self, kopf: Kopf) -> Self {
        Self { kopf, ..self }
    }
}

/// An error page.
#[derive(Debug)]
pub struct Fault {
    /// Its status.
    pub status: StatusCode,
    /// Title of the window.
    pub title: &'static str,
    /// Heading.
    pub heading: &'static str,
    /// What happened and what to do.
    pub text: &'static str,
}

impl Fault {
    /// No such page.
    pub const NOT_FOUND: Fault = Fault {
        status: StatusCode::NOT_FOUND,
        title: "Fehler: Seite nicht gefunden",
        heading: "Diese Seite gibt es nicht",
        text: "Vielleicht ist die Adresse veraltet oder es fehlt ein Zeichen. Suchen Sie hier, was Sie erledigen möchten.",
    };
    /// No such Leistung.
    pub const NO_LEISTUNG: Fault = Fault {
        status: StatusCode::NOT_FOUND,
        title: "Fehler: Leistung nicht gefunden",
        heading: "Diese Leistung kennen wir nicht",
        text: "Vielleicht wurde sie umbenannt oder wird nicht mehr angeboten. Suchen Sie hier, was Sie erledigen möchten.",
    };
    /// A Leistung that there was.
    pub const GONE: Fault = Fault {
        status: StatusCode::GONE,
        title: "Fehler: Leistung wird nicht mehr angeboten",
        heading: "Diese Leistung gibt es nicht mehr",
        text: "Sie wurde früher hier beschrieben und wird nicht mehr angeboten. Suchen Sie hier, was Sie erledigen möchten.",
    };
    /// No such place.
    pub const NO_PLACE: Fault = Fault {
        status: StatusCode::NOT_FOUND,
        title: "Fehler: Ort nicht gefunden",
        heading: "Diesen Ort kennen wir nicht",
        text: "Suchen Sie hier, was Sie erledigen möchten, und geben Sie dazu Ihren Ort oder Ihre Postleitzahl an.",
    };
    /// The chosen Onlinedienst is not offered here.
    pub const NO_DIENST: Fault = Fault {
        status: StatusCode::NOT_FOUND,
        title: "Fehler: Online-Angebot nicht gefunden",
        heading: "Dieses Online-Angebot gibt es hier nicht",
        text: "Vielleicht hat sich die Adresse geändert. Suchen Sie hier, was Sie erledigen möchten.",
    };
    /// An address that cannot be read.
    pub const ADDRESS: Fault = Fault {
        status: StatusCode::BAD_REQUEST,
        title: "Fehler: Adresse nicht lesbar",
        heading: "Diese Adresse können wir nicht lesen",
        text: "Ein Teil der Adresse ist unvollständig oder doppelt. Suchen Sie hier, was Sie erledigen möchten.",
    };
    /// A form sent in the wrong way.
    pub const METHOD: Fault = Fault {
        status: StatusCode::METHOD_NOT_ALLOWED,
        title: "Fehler: So geht es nicht",
        heading: "So lässt sich diese Seite nicht aufrufen",
        text: "Bitte rufen Sie die Seite über ihre Adresse auf oder suchen Sie hier, was Sie erledigen möchten.",
    };
    /// The catalog failed.
    pub const CATALOG: Fault = Fault {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        title: "Fehler: Zurzeit nicht möglich",
        heading: "Das klappt zurzeit leider nicht",
        text: "Bei uns ist ein Fehler aufgetreten. Bitte versuchen Sie es in einigen Minuten noch einmal.",
    };
}

/// The choice of a place for a Leistung.
#[derive(Debug)]
pub struct OrtChoice {
    /// The Leistung.
    pub name: String,
    /// Its language, where it is not German.
    pub lang: Option<Lang>,
    /// What to send with the form.
    pub key: String,
    /// What was typed.
    pub typed: String,
    /// The places it could be.
    pub places: Vec<Ort>,
    /// What is wrong with what was typed.
    pub error: Option<String>,
}

#[derive(Template)]
#[template(path = "start.html")]
struct StartTemplate<'a> {
    page: &'a Page,
    form: &'a SearchForm,
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
#[template(path = "zu.html")]
struct ZuTemplate<'a> {
    page: &'a Page,
    it: &'a ZuPage,
}

#[derive(Template)]
#[template(path = "ort.html")]
struct OrtTemplate<'a> {
    page: &'a Page,
    it: &'a OrtChoice,
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultTemplate<'a> {
    page: &'a Page,
    form: &'a SearchForm,
    fault: &'a Fault,
}

/// The start page; also the page that asks again when the form was not filled in.
pub fn start(page: &Page, form: &SearchForm) -> String {
    render(&StartTemplate { page, form })
}

/// The page of results.
pub fn results(page: &Page, results: &Results) -> String {
    render(&ResultsTemplate { page, form: &results.form, results })
}

/// The page of a Leistung.
pub fn leistung(page: &Page, it: &LeistungPage) -> String {
    render(&LeistungTemplate { page, it })
}

/// The page of a hand-over that does not go straight on.
pub fn zu(page: &Page, it: &ZuPage) -> String {
    render(&ZuTemplate { page, it })
}

/// The choice of a place.
pub fn ort(page: &Page, it: &OrtChoice) -> String {
    render(&OrtTemplate { page, it })
}

/// An error page.
pub fn fault(page: &Page, fault: &Fault) -> String {
    render(&FaultTemplate { page, form: &SearchForm::default(), fault })
}

/// The page that a template makes.
pub(crate) fn render(template: &impl Template) -> String {
    template.render().expect("templates write to memory and call nothing that fails")
}

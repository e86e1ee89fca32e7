//! What citizens say to us, and what we owe them in plain words.
//!
//! Two forms on one machinery (feedback on a record, and the report of a barrier that BITVNRW asks for), the pages that the
//! law asks for, the help, the page on open data, and the short view for telephone and desk. What somebody writes goes into
//! the registry's database and nowhere else: it is not logged, nothing but its number and kind is counted, and after
//! `[feedback] keep_days` it is gone. A page of this room never invents anything about the operator: what `[operator]` does
//! not state is said to be not stated.

mod absatz;
mod daten;
pub(crate) mod desk;
pub(crate) mod desk_api;
mod form;
mod keep;
pub(crate) mod kurz;
mod recht;
mod send;
pub(crate) mod texts;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{get, post};
use config::Operator;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::metrics::Voices;
use crate::pages::in_its_language;
use crate::pages::sprache::{Hier, Sprache};
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_NOT, html};
use crate::registry::Desk;
use crate::web::quota::Quota;
use absatz::Absatz;
pub use keep::watch;
pub(crate) use recht::faults;
use texts::Fakten;
pub use texts::Texts;

/// Bytes of a form; the longest text that is taken fits several times over.
const MAX_FORM_BYTES: usize = 64 << 10;
/// Messages and answers of all clients together in a minute, so that many clients cannot keep the database busy.
const ALL_PER_MINUTE: u32 = 300;
/// Answers to the question whether a page helped of one network of clients in an hour.
const HELPFUL_PER_HOUR: u32 = 60;

/// What the pages of this room work with.
#[derive(Clone)]
struct Voice {
    desk: Desk,
    bounds: Arc<Bounds>,
    own: Arc<recht::Own>,
}

/// How often somebody may send something; in memory alone.
struct Bounds {
    messages: Quota,
    helpful: Quota,
    all: Quota,
}

impl Voice {
    fn new(desk: Desk) -> Self {
        let hour = Duration::from_secs(60 * 60);
        let bounds = Bounds {
            messages: Quota::within(desk.config.feedback.per_hour, hour),
            helpful: Quota::within(HELPFUL_PER_HOUR, hour),
            all: Quota::per_minute(ALL_PER_MINUTE),
        };
        let own = recht::Own::read(desk.config.operator.as_ref());
        Self { desk, bounds: Arc::new(bounds), own: Arc::new(own) }
    }

    fn operator(&self) -> Option<&Operator> {
        self.desk.config.operator.as_ref()
    }

    fn counted(&self) -> &Voices {
        &self.desk.site.insights.metrics().voices
    }

    fn fakten(&self, sprache: Sprache) -> Fakten<'_> {
        Fakten {
            operator: self.operator(),
            keep_days: self.desk.config.feedback.keep_days,
            questions: self.desk.site.insights.kept(),
            prefix: sprache.prefix(),
            host: self.desk.site.public_url.host_str().unwrap_or_default(),
        }
    }

    /// The frame of a page that search engines may list.
    fn page(&self, hier: &Hier, which: Listed) -> Page {
        let (path, titel, kurz) = which.says(hier.sprache);
        let mut page = Page::here(hier, titel, self.desk.site.canonical(&hier.sprache.path(path)));
        page.kopf.description = Some(kurz.to_owned());
        page
    }
}

/// The pages of this room that search engines may list.
#[derive(Debug, Clone, Copy)]
enum Listed {
    Impressum,
    Datenschutz,
    Barrierefreiheit,
    Hilfe,
    Daten,
}

impl Listed {
    /// Its path, its title, and what it is about.
    fn says(self, sprache: Sprache) -> (&'static str, &'static str, &'static str) {
        let texts = &sprache.texts().voice;
        let [impressum, datenschutz, barrierefreiheit, hilfe, daten] = texts.kurzfassung;
        match self {
            Self::Impressum => ("/impressum", texts.impressum_titel, impressum),
            Self::Datenschutz => ("/datenschutz", texts.datenschutz_titel, datenschutz),
            Self::Barrierefreiheit => ("/barrierefreiheit", texts.barrierefreiheit_titel, barrierefreiheit),
            Self::Hilfe => ("/hilfe", texts.hilfe_titel, hilfe),
            Self::Daten => ("/daten", texts.daten_titel, daten),
        }
    }
}

/// The frame of a page that is for one reader.
fn unlisted(hier: &Hier, title: &str) -> Page {
    Page::here(hier, title, None)
}

/// The pages for citizens, in all languages.
pub fn router(desk: Desk) -> Router {
    let voice = Voice::new(desk);
    let in_all = [Sprache::Englisch, Sprache::Leicht].into_iter().fold(in_one_language(), |all, sprache| {
        let pages = in_one_language().layer(from_fn(in_its_language)).layer(Extension(sprache));
        all.nest(sprache.prefix(), pages)
    });
    in_all.route("/daten/dcat.jsonld", get(daten::dcat)).layer(DefaultBodyLimit::max(MAX_FORM_BYTES)).with_state(voice)
}

/// The addresses that are there in every language.
fn in_one_language() -> Router<Voice> {
    Router::new()
        .route("/rueckmeldung", get(form::ask_feedback).post(form::send_feedback))
        .route("/rueckmeldung/danke", get(form::thanks_for_feedback))
        .route("/rueckmeldung/hilfreich", post(form::helpful))
        .route("/barriere-melden", get(form::ask_barrier).post(form::send_barrier))
        .route("/barriere-melden/danke", get(form::thanks_for_barrier))
        .route("/impressum", get(recht::impressum))
        .route("/datenschutz", get(recht::datenschutz))
        .route("/barrierefreiheit", get(recht::barrierefreiheit))
        .route("/hilfe", get(recht::hilfe))
        .route("/daten", get(daten::show))
        .route("/kurz", get(kurz::show))
}

/// A page that is mostly text.
#[derive(Template)]
#[template(path = "voice/dokument.html")]
struct Dokument<'a> {
    page: &'a Page,
    titel: &'a str,
    /// What stands before a text of another language; may be empty.
    vorab: &'a str,
    /// The language of the text, where it is not that of the page.
    lang: Option<&'a str>,
    absaetze: &'a [Absatz],
}

/// A page that is mostly text, in the language of the page, as an answer that may be kept as `cache_control` says.
fn dokument(asked: &HeaderMap, cache_control: &'static str, page: &Page, titel: &str, absaetze: &[Absatz]) -> Response {
    html(asked, cache_control, templates::render(&Dokument { page, titel, vorab: "", lang: None, absaetze }))
}

/// A page that nobody keeps and no search engine lists.
fn aside(status: StatusCode, body: String) -> Response {
    let mut response = html(&HeaderMap::new(), KEEP_NOT, body);
    *response.status_mut() = status;
    response.headers_mut().remove(header::ETAG);
    no_index(response)
}

/// The same answer, which no search engine lists.
fn no_index(mut response: Response) -> Response {
    response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    response
}

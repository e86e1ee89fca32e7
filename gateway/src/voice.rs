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
mod texts;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use config::Operator;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::metrics::Voices;
use crate::pages::sprache::Sprache;
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

impl Texts {
    /// The texts of a language.
    pub fn of(sprache: Sprache) -> &'static Self {
        match sprache {
            Sprache::Deutsch => &texts::DEUTSCH,
            Sprache::Englisch => &texts::ENGLISCH,
            Sprache::Leicht => &texts::LEICHT,
        }
    }
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

    /// The frame of a page at a path that search engines may list.
    fn page(&self, sprache: Sprache, title: &str, path: &str) -> Page {
        Page::new(title, self.desk.site.canonical(&sprache.path(path)))
    }

    /// The frame of a page that is for one reader.
    fn unlisted(&self, sprache: Sprache, title: &str) -> Page {
        let _ = sprache;
        Page::new(title, None)
    }
}

/// The pages for citizens.
pub fn router(desk: Desk) -> Router {
    let voice = Voice::new(desk);
    let mut router = Router::new();
    for sprache in Sprache::ALL {
        let mut add = |path: &str, methods: MethodRouter<Voice>| {
            router = std::mem::take(&mut router).route(&sprache.path(path), methods);
        };
        add("/rueckmeldung", get(form::ask_feedback).post(form::send_feedback));
        add("/rueckmeldung/danke", get(form::thanks_for_feedback));
        add("/rueckmeldung/hilfreich", post(form::helpful));
        add("/barriere-melden", get(form::ask_barrier).post(form::send_barrier));
        add("/barriere-melden/danke", get(form::thanks_for_barrier));
        add("/impressum", get(recht::impressum));
        add("/datenschutz", get(recht::datenschutz));
        add("/barrierefreiheit", get(recht::barrierefreiheit));
        add("/hilfe", get(recht::hilfe));
        add("/daten", get(daten::show));
        add("/kurz", get(kurz::show));
    }
    router.route("/daten/dcat.jsonld", get(daten::dcat)).layer(DefaultBodyLimit::max(MAX_FORM_BYTES)).with_state(voice)
}

/// A page that is mostly text.
#[derive(Template)]
#[template(path = "voice/dokument.html")]
struct Dokument<'a> {
    page: &'a Page,
    titel: &'a str,
    /// The language of the text, where it is not that of the page.
    lang: Option<&'a str>,
    absaetze: &'a [Absatz],
}

/// A page that is mostly text, as an answer that may be kept as `cache_control` says.
fn dokument(asked: &HeaderMap, cache_control: &'static str, page: &Page, titel: &str, absaetze: &[Absatz]) -> Response {
    html(asked, cache_control, templates::render(&Dokument { page, titel, lang: None, absaetze }))
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

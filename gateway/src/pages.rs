//! The pages for citizens: in German, English and Leichte Sprache, rendered here, complete without any script.
//!
//! A handler reads the address, asks the catalog and hands the answer to a pure function that makes the view; a
//! template lays the view out. Nothing here talks to a portal. Nothing that a citizen types is logged; what is counted of
//! questions, and what is never kept of them, stands in [`crate::insights`].

pub mod address;
mod arrival;
pub mod forward;
mod gemeinde;
pub(crate) mod kopf;
mod lebenslage;
pub(crate) mod leistung;
mod narrow;
pub mod respond;
mod results;
mod right;
pub(crate) mod sprache;
mod suche;
pub(crate) mod templates;
pub(crate) mod texts;
pub(crate) mod view;
mod weg;
pub(crate) mod words;
mod zu;

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Request, State};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::header::{self, HeaderMap};
use http::{StatusCode, Uri};
use indexer::catalog::{Catalog, CatalogError};
use url::Url;

use crate::api;
use crate::api::params::ParamError;
use crate::assets;
use crate::compress;
use crate::embed;
use crate::failure::secure_headers;
use crate::insights::Insights;
use crate::registry::{self, Desk};
use crate::report::{self, Reports};
use crate::sitemap::{self, Sitemaps};
use crate::{announce, structured};
use respond::{Document, redirect};
use sprache::{Hier, Sprache};
use templates::{Fault, Page};
use view::SearchForm;

/// What the pages and the interface need.
#[derive(Clone)]
pub struct Site {
    /// Where the answers come from.
    pub catalog: Catalog,
    /// Our address outside, for canonical links; `https` switches transport security on.
    pub public_url: Url,
    /// What is counted of questions.
    pub insights: Arc<Insights>,
    /// What is known of places, for their editors.
    pub reports: Arc<Reports>,
    /// The lists of all pages.
    pub sitemaps: Arc<Sitemaps>,
}

/// Answers to what a citizen typed are for that citizen's browser alone, and fresh each time.
pub(crate) const KEEP_RESULTS: &str = "private, no-cache";
/// Pages that everybody sees alike follow the portals within a minute.
pub(crate) const KEEP_PAGE: &str = "public, max-age=30";
pub(crate) const KEEP_HOUR: &str = "public, max-age=3600";
pub(crate) const KEEP_NOT: &str = "no-store";

pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// All pages, what browsers load beside them, and the interface below `/api`; those of editors included.
pub fn router(desk: Desk) -> Router {
    let site = desk.site.clone();
    let over_tls = site.public_url.scheme() == "https";
    let pages = of_catalog()
        .route("/bericht", get(report::choose))
        .route("/bericht/{ars}", get(report::show))
        .route("/zu/{schluessel}/{ars}/{*rest}", any(forward::nobody))
        .merge(embed::routes())
        .route("/robots.txt", get(robots))
        .with_state(site.clone())
        .merge(registry::pages(desk.clone()))
        .merge(sitemap::router(Arc::clone(&site.sitemaps)))
        .merge(announce::pages(&desk.config.indexnow));
    let (of_the_web, heard) = crate::web::routers(desk.clone());
    let pages = pages.merge(of_the_web).merge(crate::voice::router(desk.clone()));
    assemble(pages, api::router(site).merge(registry::api(desk)).merge(heard), over_tls)
}

/// The pages that show what a catalog knows, in all languages; the live one, or that of a rehearsal.
pub(crate) fn of_catalog() -> Router<Site> {
    [Sprache::Englisch, Sprache::Leicht].into_iter().fold(in_one_language(), |all, sprache| {
        let pages = in_one_language().layer(from_fn(in_its_language)).layer(Extension(sprache));
        all.nest(sprache.prefix(), pages)
    })
}

/// True for a path, without the slash it begins with, that [`of_catalog`] serves.
pub(crate) fn is_of_catalog(path: &str) -> bool {
    const FIRST: [&str; 8] = ["", "suche", "ort", "lebenslagen", "lebenslage", "leistung", "bevor", "zu"];
    let languages = Sprache::ALL.iter().map(|sprache| sprache.prefix().trim_start_matches('/'));
    let mut segments = path.split('/').peekable();
    if segments.peek().is_some_and(|first| !first.is_empty() && languages.into_iter().any(|own| own == *first)) {
        segments.next();
    }
    FIRST.contains(&segments.next().unwrap_or_default())
}

/// The addresses that are there in every language.
fn in_one_language() -> Router<Site> {
    Router::new()
        .route("/", get(start))
        .route("/suche", get(suche::suche))
        .route("/ort", get(weg::ort))
        .route("/ort/{ars}", get(gemeinde::show))
        .route("/ort/{ars}/{slug}", get(gemeinde::show))
        .route("/lebenslagen", get(lebenslage::all))
        .route("/lebenslage/{code}", get(lebenslage::show))
        .route("/lebenslage/{code}/{ars}", get(lebenslage::show))
        .route("/leistung/{schluessel}", get(weg::leistung))
        .route("/leistung/{schluessel}/{slug}", get(weg::leistung))
        .route("/leistung/{schluessel}/{slug}/{ars}", get(weg::leistung))
        .route("/bevor/{schluessel}/{ars}", get(weg::bevor))
        .route("/zu/{schluessel}/{ars}", get(weg::hand_over))
        .route("/einbinden", get(embed::page))
}

/// Puts pages and interface side by side, and adds what needs no catalog.
fn assemble(pages: Router, api: Router, over_tls: bool) -> Router {
    let pages = pages
        .merge(assets::router())
        .route("/favicon.ico", get(icon))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response(protect));
    let all = pages.merge(api).layer(from_fn(compress::answers));
    if over_tls { all.layer(map_response(strict_transport)) } else { all }
}

async fn protect(mut response: Response) -> Response {
    secure_headers(response.headers_mut());
    response
}

async fn strict_transport(mut response: Response) -> Response {
    respond::strict_transport(response.headers_mut());
    response
}

/// What search engines are kept away from: answers to questions and ways out, of which there is no end, and what is for
/// editors. Reasons: docs/decisions/0024.
const NOT_FOR_ENGINES: [&str; 6] = ["/suche", "/ort?", "/bevor/", "/zu/", "/bericht/", "/anbindung"];

async fn robots(State(site): State<Site>, headers: HeaderMap) -> Response {
    let mut body = String::from("User-agent: *\n");
    for path in NOT_FOR_ENGINES {
        for sprache in Sprache::ALL {
            body.push_str(&format!("Disallow: {}\n", sprache.path(path)));
        }
    }
    body.push_str(&site.sitemaps.robots_line());
    Document { content_type: "text/plain; charset=utf-8", cache_control: KEEP_HOUR, body }.answer(&headers)
}

/// The sign of the pages in tabs and lists of a browser, which asks for it here unless a page names another.
async fn icon(headers: HeaderMap) -> Response {
    const ICON: &str = include_str!("../static/favicon.svg");
    Document { content_type: "image/svg+xml", cache_control: KEEP_HOUR, body: ICON.into() }.answer(&headers)
}

/// The language of an address that nothing stands at.
fn sprache_of(path: &str) -> Sprache {
    let begins = |sprache: &Sprache| {
        let rest = path.strip_prefix(sprache.prefix());
        !sprache.prefix().is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    Sprache::ALL.into_iter().find(begins).unwrap_or_default()
}

pub(crate) async fn not_found(uri: Uri) -> Response {
    // A slash too many at the end is no reason to lose a reader. Two at the beginning would name another host.
    let path = uri.path();
    let trimmed = path.trim_end_matches('/');
    if path.ends_with('/') && !trimmed.is_empty() && !trimmed.starts_with("//") && !trimmed.contains('\\') {
        let target = uri.query().map_or_else(|| trimmed.to_owned(), |query| format!("{trimmed}?{query}"));
        return redirect(StatusCode::PERMANENT_REDIRECT, &target, KEEP_HOUR);
    }
    nothing_here(path)
}

/// The page that says that there is none at `path`.
pub(crate) fn nothing_here(path: &str) -> Response {
    fault(Fault::NotFound, sprache_of(path))
}

pub(crate) async fn method_not_allowed(uri: Uri) -> Response {
    fault(Fault::Method, sprache_of(uri.path()))
}

/// An error page with its status; never kept.
fn fault(fault: Fault, sprache: Sprache) -> Response {
    let hier = Hier { sprache, path: "/".to_owned() };
    let page = Page { path: None, ..Page::here(&hier, fault.text(&sprache.texts().fault).title, None) };
    let mut response = html(&HeaderMap::new(), KEEP_NOT, templates::fault(&page, fault));
    *response.status_mut() = fault.status();
    response.headers_mut().remove(header::ETAG);
    response
}

pub(crate) fn html(asked: &HeaderMap, cache_control: &'static str, body: String) -> Response {
    Document { content_type: HTML, cache_control, body }.answer(asked)
}

/// Why a page could not be made.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The catalog failed.
    Catalog(CatalogError),
    /// The address cannot be read.
    Address(ParamError),
    /// There is nothing at this address.
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
}

impl From<CatalogError> for PageError {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(error)
    }
}

impl From<ParamError> for PageError {
    fn from(error: ParamError) -> Self {
        Self::Address(error)
    }
}

impl From<PathRejection> for PageError {
    fn from(_: PathRejection) -> Self {
        Self::NotFound
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let what = match self {
            Self::Catalog(error) => {
                tracing::error!(error = %error, "the catalog cannot answer a page");
                Fault::Catalog
            }
            Self::Address(error) => {
                tracing::debug!(parameter = error.name(), "an address cannot be read");
                Fault::Address
            }
            Self::NotFound => Fault::NotFound,
            Self::NoLeistung => Fault::NoLeistung,
            Self::Gone => Fault::Gone,
            Self::NoPlace => Fault::NoPlace,
            Self::NoLebenslage => Fault::NoLebenslage,
            Self::NoDienst => Fault::NoDienst,
        };
        // The language is put in by `in_its_language`, which knows the address.
        let mut response = fault(what, Sprache::Deutsch);
        response.extensions_mut().insert(what);
        response
    }
}

/// Says a fault in the language of the address.
pub(crate) async fn in_its_language(hier: Hier, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match response.extensions().get::<Fault>() {
        Some(what) if hier.sprache != Sprache::Deutsch => fault(*what, hier.sprache),
        _ => response,
    }
}

async fn start(State(site): State<Site>, hier: Hier, headers: HeaderMap) -> Response {
    let (sprache, texts) = (hier.sprache, hier.sprache.texts());
    let right = right::own("/", sprache, &site.public_url);
    let graph = structured::start(&site.public_url, &right.canonical, &sprache.path("/suche"));
    let page = Page::here(&hier, texts.form.q, None);
    let page = page.standing(right, right::shortened(texts.start.description), Some(&graph));
    html(&headers, KEEP_HOUR, templates::start(&page, &SearchForm::default()))
}

impl Site {
    /// Our address outside with a path of ours; none where it cannot be one.
    pub(crate) fn canonical(&self, path: &str) -> Option<String> {
        self.public_url.join(path).ok().map(Into::into)
    }

    /// The pages above one, from the start page on, with that one last: each with its path without a language.
    fn way<'a>(&self, sprache: Sprache, below: impl IntoIterator<Item = (&'a str, String)>) -> Vec<(&'a str, String)> {
        let first = ("Portalverbund.NRW", "/".to_owned());
        let outside = |path: &str| self.canonical(&sprache.path(path)).unwrap_or_default();
        std::iter::once(first).chain(below).map(|(name, path)| (name, outside(&path))).collect()
    }
}

/// What is said to editors when a place is not known.
pub(crate) fn unknown_place(text: &str) -> String {
    (Sprache::Deutsch.texts().form.unknown_place)(text)
}

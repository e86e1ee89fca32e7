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
pub(crate) mod templates;
pub(crate) mod texts;
pub(crate) mod view;
pub(crate) mod words;
mod zu;

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, RawQuery, Request, State};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use config::clock;
use connectors::gebiet::Ars;
use http::header::{self, HeaderMap, HeaderValue};
use http::{StatusCode, Uri};
use indexer::catalog::{
    Catalog, CatalogError, LeistungRef, LeistungView, Place, PlaceReading, SearchRequest, State as Outcome,
};
use indexer::record::Lang;
use url::Url;

use crate::api;
use crate::api::params::{ParamError, Params};
use crate::assets;
use crate::compress;
use crate::embed;
use crate::failure::secure_headers;
use crate::insights::{Asker, Insights, Way};
use crate::registry::{self, Desk};
use crate::report::{self, Reports};
use crate::sitemap::{self, Sitemaps};
use crate::{announce, structured};
use arrival::Arrival;
use leistung::LeistungPage;
use narrow::Filters;
use respond::{Document, redirect};
use results::{Asked, PAGES_MAX, PER_PAGE, Results};
use sprache::{Hier, Sprache};
use templates::{Fault, Page};
use texts::Form;
use view::{Ort, SearchForm};
use zu::HandOver;

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
        .route("/suche", get(suche))
        .route("/ort", get(ort))
        .route("/ort/{ars}", get(gemeinde::show))
        .route("/ort/{ars}/{slug}", get(gemeinde::show))
        .route("/lebenslagen", get(lebenslage::all))
        .route("/lebenslage/{code}", get(lebenslage::show))
        .route("/lebenslage/{code}/{ars}", get(lebenslage::show))
        .route("/leistung/{schluessel}", get(leistung))
        .route("/leistung/{schluessel}/{slug}", get(leistung))
        .route("/leistung/{schluessel}/{slug}/{ars}", get(leistung))
        .route("/bevor/{schluessel}/{ars}", get(bevor))
        .route("/zu/{schluessel}/{ars}", get(hand_over))
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

    /// The frame of a Leistung's page, with what search engines are told of it.
    async fn page_of(&self, hier: &Hier, view: &LeistungView, it: &mut LeistungPage) -> Result<Page, CatalogError> {
        let sprache = hier.sprache;
        let standing = self.catalog.standing(view).await?;
        let right = right::leistung(view, &standing, sprache, &self.public_url);
        let landing = right::landing_path(view, &standing, sprache);
        it.general_href = it.place.is_some().then(|| sprache.path(&landing));
        let way = match &it.place {
            Some(place) => self.way(sprache, [(it.name.as_str(), landing), (place.as_str(), it.path.clone())]),
            None => self.way(sprache, [(it.name.as_str(), it.path.clone())]),
        };
        let here = self.canonical(&sprache.path(&it.path)).unwrap_or_default();
        let graph = structured::leistung(view, it, &here, &way, &self.public_url);
        Ok(Page::here(hier, &it.title(), None).standing(right, right::description(view, sprache), Some(&graph)))
    }

    /// What is said where there is no Leistung: where it went, that it is gone, or that it is not known.
    async fn gone(&self, sprache: Sprache, key: &str, place: Option<&Ars>) -> Result<Response, PageError> {
        let gone = match LeistungRef::parse(key) {
            LeistungRef::Schluessel(schluessel) => match self.sitemaps.gone_under(schluessel) {
                None => false,
                Some(witness) => {
                    let moved = match witness {
                        Some(witness) => self.catalog.moved_to(&witness).await?,
                        None => None,
                    };
                    if let Some(to) = moved.filter(|to| to.address_key() != key) {
                        let to = sprache.path(&address::leistung(&to, place));
                        return Ok(redirect(StatusCode::MOVED_PERMANENTLY, &to, KEEP_HOUR));
                    }
                    true
                }
            },
            LeistungRef::Id(id) => self.catalog.is_gone(&id).await?,
        };
        Err(if gone { PageError::Gone } else { PageError::NoLeistung })
    }
}

/// What was asked for in a search, with what is wrong with it.
#[derive(Debug, Default)]
struct Question {
    q: Option<String>,
    ort: Option<String>,
    page: usize,
    filters: Filters,
    form: SearchForm,
}

impl Question {
    /// Reads the fields of the form. A field that cannot be used becomes a message at the field.
    fn read(query: Option<&str>, texts: &Form) -> Result<Self, ParamError> {
        let [online, adressat, lebenslage] = Filters::NAMES;
        let params = Params::tolerant(query, &["q", "ort", "seite", online, adressat, lebenslage])?;
        let page = params.number("seite", 1, PAGES_MAX)?.unwrap_or(1);
        let mut question = Self { page, filters: Filters::read(&params)?, ..Self::default() };
        match params.text("q") {
            Ok(Some(q)) => {
                question.form.q.clone_from(&q);
                question.q = Some(q);
            }
            Ok(None) => question.form.q_error = Some(texts.q_missing.to_owned()),
            Err(_) => question.form.q_error = Some(texts.too_long.to_owned()),
        }
        match params.text("ort") {
            Ok(ort) => {
                question.form.ort = ort.clone().unwrap_or_default();
                question.ort = ort;
            }
            Err(_) => question.form.ort_error = Some(texts.too_long.to_owned()),
        }
        Ok(question)
    }
}

/// What is said to editors when a place is not known.
pub(crate) fn unknown_place(text: &str) -> String {
    (Sprache::Deutsch.texts().form.unknown_place)(text)
}

/// What the place field shows: what was typed; for a choice, which comes back as a key, a name that is read as this
/// same place again, where there is one.
fn field_text(typed: &str, place: &Place, read: impl Fn(&str) -> PlaceReading) -> String {
    if typed != place.ars.as_str() {
        return typed.to_owned();
    }
    let same = |name: &String| matches!(read(name), PlaceReading::One(one) if one.ars == place.ars);
    [place.name.clone(), view::place_name(place)].into_iter().find(same).unwrap_or_else(|| typed.to_owned())
}

async fn suche(
    State(site): State<Site>,
    asker: Option<Extension<Asker>>,
    hier: Hier,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let (sprache, texts) = (hier.sprache, hier.sprache.texts());
    let mut question = Question::read(query.as_deref(), &texts.form)?;
    let Some(text) = question.q.take() else {
        let page = Page::here(&hier, texts.results.title_fault, None);
        let mut response = html(&headers, KEEP_RESULTS, templates::start(&page, &question.form));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(response);
    };
    let (mut place, mut which) = (None, Vec::new());
    if let Some(ort) = &question.ort {
        match site.catalog.place(ort) {
            PlaceReading::One(one) => {
                question.form.ort = field_text(ort, &one, |text| site.catalog.place(text));
                place = Some(one.ars);
            }
            PlaceReading::Several(several) => which = several,
            PlaceReading::Unknown => question.form.ort_error = Some((texts.form.unknown_place)(ort)),
        }
    }
    let offset = (question.page - 1) * PER_PAGE;
    let request = SearchRequest {
        text,
        place,
        lang: Some(sprache.of_records()),
        limit: PER_PAGE,
        offset,
        online: question.filters.online,
        adressat: question.filters.adressat.clone(),
        lebenslage: question.filters.lebenslage.map(|lebenslage| lebenslage.code.to_owned()),
        ..SearchRequest::default()
    };
    let answer = site.catalog.search(&request).await?;
    // Turned pages and narrowed answers belong to a question that was counted before.
    if question.page == 1 && question.filters == Filters::default() {
        site.insights.answered(&answer, Way::Page, asker.as_deref(), clock::now());
    }
    let Question { form, page, filters, .. } = question;
    let results = Results::of(&answer, Asked { form, which_place: &which, page, filters: &filters, sprache });
    let page = Page::here(&hier, &results.title(sprache), None);
    Ok(html(&headers, KEEP_RESULTS, templates::results(&page, &results)))
}

/// The parts of a Leistung's address; slug and place may be missing.
#[derive(Debug, serde::Deserialize)]
struct LeistungPath {
    schluessel: String,
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    ars: Option<String>,
}

impl LeistungPath {
    /// The place, also where it stands in the slug's stead.
    fn place(&self) -> Result<Option<Ars>, PageError> {
        match (&self.ars, &self.slug) {
            (Some(ars), _) => ars.parse().map(Some).map_err(|_| PageError::NotFound),
            (None, Some(slug)) if slug.len() == 12 => Ok(slug.parse().ok()),
            (None, _) => Ok(None),
        }
    }

    /// True when the address is `path`, the right one.
    fn is(&self, path: &str) -> bool {
        let own = [Some(&self.schluessel), self.slug.as_ref(), self.ars.as_ref()];
        let own: Vec<String> = own.into_iter().flatten().map(|part| address::segment(part)).collect();
        path.strip_prefix("/leistung/") == Some(own.join("/").as_str())
    }
}

async fn leistung(
    State(site): State<Site>,
    asker: Option<Extension<Asker>>,
    hier: Hier,
    headers: HeaderMap,
    path: Result<Path<LeistungPath>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let Path(path) = path?;
    let arrival = Arrival::read(&Params::tolerant(query.as_deref(), &Arrival::PARAMETERS)?)?;
    let (sprache, place, key) = (hier.sprache, path.place()?, &path.schluessel);
    let view = site.catalog.leistung(&LeistungRef::parse(key), place, sprache.of_records()).await?;
    let Some(view) = view else { return site.gone(sprache, key, place.as_ref()).await };
    let own = address::leistung_by(key, &view.short.name, place.as_ref());
    if !path.is(&own) {
        return Ok(redirect(StatusCode::MOVED_PERMANENTLY, &sprache.path(&own), KEEP_HOUR));
    }
    if view.responsible.as_ref().is_some_and(|responsible| responsible.state == Outcome::UnknownPlace) {
        return Err(PageError::NoPlace);
    }
    let mut leistung = LeistungPage::of(&view, key, sprache);
    let page = site.page_of(&hier, &view, &mut leistung).await?;
    let Some(arrival) = arrival else { return Ok(html(&headers, KEEP_PAGE, templates::leistung(&page, &leistung))) };
    site.insights.opened(&arrival.frage, arrival.rang, asker.as_deref(), clock::now());
    leistung.zurueck = Some(arrival.back(place.as_ref(), sprache));
    let response = html(&headers, KEEP_RESULTS, templates::leistung(&page, &leistung));
    Ok(without_referrer(response))
}

/// The question in the address is nobody else's business.
fn without_referrer(mut response: Response) -> Response {
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// What to know before leaving, where one service is clearly the best; else the choice, which is the hand-over's.
async fn bevor(
    State(site): State<Site>,
    asker: Option<Extension<Asker>>,
    hier: Hier,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let Path((key, ars)) = path?;
    let ars: Ars = ars.parse().map_err(|_| PageError::NotFound)?;
    let arrival = Arrival::read(&Params::tolerant(query.as_deref(), &Arrival::PARAMETERS)?)?;
    let sprache = hier.sprache;
    let view = site.catalog.leistung(&LeistungRef::parse(&key), Some(ars), sprache.of_records()).await?;
    let Some(view) = view else { return Err(PageError::NoLeistung) };
    let state = view.responsible.as_ref().map(|responsible| responsible.state);
    if state.is_none_or(|state| state == Outcome::UnknownPlace) {
        return Err(PageError::NoPlace);
    }
    let mut it = LeistungPage::of(&view, &key, sprache);
    if it.dienst.as_ref().is_none_or(|dienst| dienst.href.is_none()) {
        return Ok(redirect(StatusCode::SEE_OTHER, &sprache.path(&address::zu(&key, &ars)), KEEP_NOT));
    }
    if let Some(arrival) = arrival {
        site.insights.opened(&arrival.frage, arrival.rang, asker.as_deref(), clock::now());
        it.zurueck = Some(arrival.back(Some(&ars), sprache));
    }
    let place = it.place.clone().unwrap_or_default();
    let page = Page::here(&hier, &(sprache.texts().bevor.title)(&it.name, &place), None);
    Ok(without_referrer(html(&HeaderMap::new(), KEEP_NOT, templates::bevor(&page, &it))))
}

/// Where a place that was typed leads to: the Leistung there, the Lebenslage there, or the page of the place.
enum Ziel {
    Leistung { key: String, name: String, lang: Option<Lang> },
    Lebenslage(&'static connectors::leika::Lebenslage),
    Ort,
}

impl Ziel {
    fn path(&self, place: &Place) -> String {
        match self {
            Self::Leistung { key, name, .. } => address::leistung_by(key, name, Some(&place.ars)),
            Self::Lebenslage(one) => address::lebenslage(one.code, Some(&place.ars)),
            Self::Ort => address::ort(&place.ars, &place.name),
        }
    }
}

/// The place form: leads to what it stands beside at the place, or asks which place is meant.
async fn ort(
    State(site): State<Site>,
    hier: Hier,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::tolerant(query.as_deref(), &["leistung", "lebenslage", "ort"])?;
    let (sprache, texts) = (hier.sprache, hier.sprache.texts());
    let typed = params.text("ort")?.unwrap_or_default();
    let ziel = match (params.text("leistung")?, params.text("lebenslage")?) {
        (Some(key), _) => {
            let view = site.catalog.leistung(&LeistungRef::parse(&key), None, sprache.of_records()).await?;
            let Some(view) = view else { return Err(PageError::NoLeistung) };
            Ziel::Leistung { key, name: view.short.name, lang: sprache.foreign(view.short.lang) }
        }
        (None, Some(code)) => Ziel::Lebenslage(lebenslage::by_code(&code).ok_or(PageError::NoLebenslage)?),
        (None, None) => Ziel::Ort,
    };
    let target = |place: &Place| sprache.path(&ziel.path(place));
    let reading = if typed.is_empty() { PlaceReading::Unknown } else { site.catalog.place(&typed) };
    let (places, error) = match reading {
        PlaceReading::One(place) => return Ok(redirect(StatusCode::SEE_OTHER, &target(&place), KEEP_NOT)),
        PlaceReading::Several(places) => (places, None),
        PlaceReading::Unknown if typed.is_empty() => (Vec::new(), Some(texts.form.ort_missing.to_owned())),
        PlaceReading::Unknown => (Vec::new(), Some((texts.form.unknown_place)(&typed))),
    };
    let places = places.iter().map(|place| Ort::of(place, target(place))).collect();
    let (was, key, name, lang) = match &ziel {
        Ziel::Leistung { key, name, lang } => ("leistung", key.clone(), name.clone(), *lang),
        Ziel::Lebenslage(one) => {
            ("lebenslage", one.code.to_owned(), (texts.lebenslage.name)(one.name).to_owned(), None)
        }
        Ziel::Ort => ("", String::new(), String::new(), None),
    };
    let title = (texts.ort.choose_title)(if name.is_empty() { texts.frame.claim } else { &name });
    let choice = templates::OrtChoice { name, lang, was, key, typed, places, error };
    Ok(html(&headers, KEEP_RESULTS, templates::ort(&Page::here(&hier, &title, None), &choice)))
}

async fn hand_over(
    State(site): State<Site>,
    asker: Option<Extension<Asker>>,
    hier: Hier,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let Path((key, ars)) = path?;
    let ars: Ars = ars.parse().map_err(|_| PageError::NotFound)?;
    let [frage, rang] = Arrival::PARAMETERS;
    let params = Params::tolerant(query.as_deref(), &["dienst", frage, rang])?;
    let (chosen, arrival) = (params.text("dienst")?, Arrival::read(&params)?);
    let responsible = site.catalog.responsible(&LeistungRef::parse(&key), ars).await?;
    if responsible.state == Outcome::UnknownPlace {
        return Err(PageError::NoPlace);
    }
    let target = zu::hand_over(&responsible, &key, chosen.as_deref(), hier.sprache);
    if let (Some(arrival), Some(HandOver::Go(_) | HandOver::Page(_))) = (arrival, &target) {
        site.insights.opened(&arrival.frage, arrival.rang, asker.as_deref(), clock::now());
    }
    Ok(match target {
        None => return Err(PageError::NoLeistung),
        Some(HandOver::NoSuchDienst) => return Err(PageError::NoDienst),
        Some(HandOver::Go(url)) => leave(&url),
        Some(HandOver::Page(view)) => {
            let page = Page::here(&hier, &zu::title(&view, hier.sprache), None);
            html(&HeaderMap::new(), KEEP_NOT, templates::zu(&page, &view))
        }
    })
}

/// Sends the citizen to the Onlinedienst; it does not learn where the citizen comes from.
fn leave(url: &Url) -> Response {
    let mut response = redirect(StatusCode::SEE_OTHER, url.as_str(), KEEP_NOT);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

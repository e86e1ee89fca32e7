//! The search: what was typed, and its results.

use axum::extract::{Extension, RawQuery, State};
use axum::response::Response;
use config::clock;
use http::StatusCode;
use http::header::HeaderMap;
use indexer::catalog::{Place, PlaceReading, SearchRequest};

use super::narrow::Filters;
use super::results::{Asked, PAGES_MAX, PER_PAGE, Results};
use super::sprache::Hier;
use super::templates::{self, Page};
use super::texts::Form;
use super::view::{self, SearchForm};
use super::{KEEP_RESULTS, PageError, Site, html};
use crate::api::params::{ParamError, Params};
use crate::insights::{Asker, Way};

/// What was asked for in a search, with what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Question {
    pub(super) q: Option<String>,
    pub(super) ort: Option<String>,
    pub(super) page: usize,
    filters: Filters,
    pub(super) form: SearchForm,
}

impl Question {
    /// Reads the fields of the form. A field that cannot be used becomes a message at the field.
    pub(super) fn read(query: Option<&str>, texts: &Form) -> Result<Self, ParamError> {
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

/// What the place field shows: what was typed; for a choice, which comes back as a key, a name that is read as this
/// same place again, where there is one.
pub(super) fn field_text(typed: &str, place: &Place, read: impl Fn(&str) -> PlaceReading) -> String {
    if typed != place.ars.as_str() {
        return typed.to_owned();
    }
    let same = |name: &String| matches!(read(name), PlaceReading::One(one) if one.ars == place.ars);
    [place.name.clone(), view::place_name(place)].into_iter().find(same).unwrap_or_else(|| typed.to_owned())
}

/// `/suche`
pub(super) async fn suche(
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

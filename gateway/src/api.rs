//! The JSON interface for everybody: search, suggestions, responsibility, Leistungen and places.
//!
//! All of it here is reading: GET without a token, open to pages of other hosts. It answers from the catalog alone, refuses
//! by name what it does not understand, and promises its shapes in `openapi.json`; so does what takes a token, which
//! stands in [`crate::registry`].

mod convert;
pub mod opensearch;
pub mod params;
pub mod problem;
pub mod wire;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get};
use config::clock;
use connectors::gebiet::Ars;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use indexer::catalog::{Catalog, LeistungRef, Place, PlaceReading, SearchRequest};
use indexer::record::Lang;
use serde::Serialize;
use utoipa::OpenApi;

use crate::insights::{Asker, Way};
use crate::intake::push;
use crate::joining::api as portals;
use crate::pages::Site;
use crate::pages::respond::Document;
use crate::registry::{runs, token_api};
use crate::report::api as report;
use params::{LIMIT_MAX, OFFSET_MAX, ParamError, Params};
use problem::{Kind, Problem};

/// How many hits, suggestions or places when nothing is said.
const LIMIT: usize = 10;

/// Answers follow the portals within a minute, so nobody may keep one for longer.
pub(crate) const KEEP_ANSWER: &str = "public, max-age=30";
/// What changes with the program only.
const KEEP_DESCRIPTION: &str = "public, max-age=3600";

/// What an `ort` may be, for messages.
const ORT: &str = "a name, a PLZ or an ARS of a place in Nordrhein-Westfalen";

/// The interface in OpenAPI 3.1.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Portalverbund.NRW",
        version = "1",
        description = "Which Leistungen there are, and who is responsible for one at a place. Reading needs no \
            token; what belongs to portals and accounts takes one: `Authorization: Bearer pvnrw_…`. \
            Unknown or repeated parameters and values of the wrong form are answered with status 400 and the name of \
            the parameter; nothing is passed over silently.",
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    paths(
        search,
        suggest,
        opensearch::suggest,
        responsible,
        leistung,
        places,
        report::report,
        report::towns,
        crate::voice::kurz::answers,
        crate::voice::desk_api::list,
        crate::web::indexnow::one,
        crate::web::indexnow::several,
        push::push,
        push::imports,
        push::import,
        problems,
        openapi_json,
        token_api::list,
        token_api::make,
        token_api::revoke,
        portals::list,
        portals::register,
        portals::show,
        portals::edit,
        portals::steps::withdraw,
        portals::prove,
        portals::rehearsal,
        portals::rehearse,
        portals::steps::submit,
        portals::steps::release,
        portals::steps::refuse,
        portals::steps::suspend,
        portals::steps::resume,
        portals::steps::changes,
        portals::steps::undo,
        runs::api::list,
        runs::api::held,
        runs::api::quarantine,
        runs::api::events,
        runs::api::release,
        runs::api::restore,
        runs::api::pause,
        runs::api::resume
    ),
    components(schemas(Problem))
)]
struct Description;

/// The OpenAPI description as indented JSON.
pub fn openapi() -> String {
    Description::openapi().to_pretty_json().expect("a description holds only what JSON can hold")
}

/// All below `/api`, other addresses there included.
pub fn router(site: Site) -> Router {
    let api = Router::new()
        .route("/v1/search", read(get(search)))
        .route("/v1/suggest", read(get(suggest)))
        .route("/v1/suggest/opensearch", read(get(opensearch::suggest)))
        .route("/v1/responsible", read(get(responsible)))
        .route("/v1/leistungen/{id}", read(get(leistung)))
        .route("/v1/places", read(get(places)))
        .route("/v1/answers", read(get(crate::voice::kurz::answers)))
        .route("/v1/report", read(get(report::report)))
        .route("/v1/report/towns", read(get(report::towns)))
        .with_state(site);
    nest(api)
}

/// Adds what needs no catalog, and what all answers have in common.
pub(crate) fn nest(api: Router) -> Router {
    let api = api
        .route("/v1/openapi.json", read(get(openapi_json)))
        .route("/v1/problems/{code}", read(get(problems)))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response(open_to_all));
    // A nested router is not asked for its own root with a slash.
    let root = Router::new().route("/api/", any(not_found)).layer(map_response(open_to_all));
    Router::new().nest("/api", api).merge(root)
}

/// Lets browsers ask beforehand what they may do.
fn read<S: Clone + Send + Sync + 'static>(methods: MethodRouter<S>) -> MethodRouter<S> {
    methods.options(preflight)
}

async fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ALLOW, "GET, HEAD, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Accept, Accept-Language, Content-Language, Content-Type, If-None-Match",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Any page may read the answers; no browser may take one for a page.
async fn open_to_all(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn not_found() -> Problem {
    Problem::new(Kind::NotFound, "there is nothing at this address; see /api/v1/openapi.json for what there is")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "everything here is read with GET, HEAD or OPTIONS")
}

/// Leistungen for a question in everyday words, the best first.
#[utoipa::path(
    get,
    path = "/api/v1/search",
    params(
        ("q" = String, Query, description = "The question; may hold the place. At most 500 characters.", example = "hund anmelden bochum"),
        ("ort" = Option<String>, Query, description = "The place: name, PLZ or ARS. Wins over one in the question."),
        ("lang" = Option<String>, Query, description = "Language of the answer, two letters; default `de`."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many hits; default 10."),
        ("offset" = Option<u32>, Query, minimum = 0, maximum = 10000, description = "How many hits to leave out first; default 0."),
        ("online" = Option<bool>, Query, description = "Only what an Onlinedienst offers there (`true`), or only what none does."),
        ("adressat" = Option<String>, Query, description = "Only what is for this audience: a code of Leistungsadressat, as in `facets`."),
        ("lebenslage" = Option<String>, Query, description = "Only what stands under this Lebenslage: its code, as in `facets`. All filters go together.", example = "geburt"),
    ),
    responses(
        (status = 200, body = wire::SearchResponse, description = "The Leistungen found, none included"),
        (status = 304, description = "Nothing changed since the `ETag` sent in `If-None-Match`"),
        (status = 400, body = Problem, description = "A parameter cannot be used; `parameter` names it", content_type = "application/problem+json"),
        (status = 500, body = Problem, description = "The catalog cannot answer at the moment", content_type = "application/problem+json"),
    )
)]
async fn search(
    State(site): State<Site>,
    asker: Option<Extension<Asker>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = SearchParams::read(query.as_deref())?;
    let ort = Ort::read(&site.catalog, params.ort.as_deref())?;
    let request = SearchRequest {
        text: params.q,
        place: ort.one,
        lang: params.lang,
        limit: params.limit,
        offset: params.offset,
        online: params.online,
        adressat: params.adressat,
        lebenslage: params.lebenslage.map(str::to_owned),
        ..SearchRequest::default()
    };
    let mut answer = site.catalog.search(&request).await?;
    // Turned pages and narrowed answers belong to a question that was counted before.
    if request.offset == 0 && request.online.is_none() && request.adressat.is_none() {
        site.insights.answered(&answer, Way::Interface, asker.as_deref(), clock::now());
    }
    // Places in the text matter only where `ort` says nothing.
    if !ort.several.is_empty() {
        answer.ambiguous = ort.several;
    }
    Ok(json(&headers, KEEP_ANSWER, &wire::SearchResponse::from(answer)))
}

/// The parameters of a search.
#[derive(Debug)]
struct SearchParams {
    q: String,
    ort: Option<String>,
    lang: Option<Lang>,
    limit: usize,
    offset: usize,
    online: Option<bool>,
    adressat: Option<String>,
    lebenslage: Option<&'static str>,
}

impl SearchParams {
    fn read(query: Option<&str>) -> Result<Self, ParamError> {
        let params =
            Params::strict(query, &["q", "ort", "lang", "limit", "offset", "online", "adressat", "lebenslage"])?;
        Ok(Self {
            q: params.required("q", "a question, as `hund anmelden bochum`")?,
            ort: params.text("ort")?,
            lang: params.lang("lang")?,
            limit: params.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT),
            offset: params.number("offset", 0, OFFSET_MAX)?.unwrap_or(0),
            online: params.flag("online")?,
            adressat: params.text("adressat")?,
            lebenslage: params.lebenslage("lebenslage")?.map(|lebenslage| lebenslage.code),
        })
    }
}

/// What `ort` turned out to be.
#[derive(Debug, Default)]
struct Ort {
    one: Option<Ars>,
    several: Vec<Place>,
}

impl Ort {
    fn read(catalog: &Catalog, text: Option<&str>) -> Result<Self, Problem> {
        text.map_or_else(|| Ok(Self::default()), |text| Self::of(catalog.place(text)))
    }

    fn of(reading: PlaceReading) -> Result<Self, Problem> {
        match reading {
            PlaceReading::One(place) => Ok(Self { one: Some(place.ars), several: Vec::new() }),
            PlaceReading::Several(several) => Ok(Self { one: None, several }),
            PlaceReading::Unknown => {
                let detail = format!("the parameter `ort` names no place that we know: {ORT}; see /api/v1/places");
                Err(Problem::new(Kind::UnknownPlace, detail).of("ort"))
            }
        }
    }
}

/// Leistungen whose name begins like the text typed so far.
#[utoipa::path(
    get,
    path = "/api/v1/suggest",
    params(
        ("q" = String, Query, description = "The text typed so far. At most 500 characters."),
        ("ort" = Option<String>, Query, description = "The place: name, PLZ or ARS."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many; default 10."),
    ),
    responses(
        (status = 200, body = wire::SuggestResponse, description = "The suggestions, none included"),
        (status = 304, description = "Nothing changed since the `ETag` sent in `If-None-Match`"),
        (status = 400, body = Problem, description = "A parameter cannot be used; `parameter` names it", content_type = "application/problem+json"),
        (status = 500, body = Problem, description = "The catalog cannot answer at the moment", content_type = "application/problem+json"),
    )
)]
async fn suggest(State(site): State<Site>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let params = SuggestParams::read(query.as_deref())?;
    let ort = Ort::read(&site.catalog, params.ort.as_deref())?;
    let suggestions = site.catalog.suggest(&params.q, ort.one, params.limit).await?;
    let body = wire::SuggestResponse {
        suggestions: suggestions.into_iter().map(Into::into).collect(),
        ambiguous: ort.several.into_iter().map(Into::into).collect(),
    };
    Ok(json(&headers, KEEP_ANSWER, &body))
}

/// The parameters of a suggestion.
#[derive(Debug)]
struct SuggestParams {
    q: String,
    ort: Option<String>,
    limit: usize,
}

impl SuggestParams {
    fn read(query: Option<&str>) -> Result<Self, ParamError> {
        let params = Params::strict(query, &["q", "ort", "limit"])?;
        Ok(Self {
            q: params.required("q", "the text typed so far")?,
            ort: params.text("ort")?,
            limit: params.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT),
        })
    }
}

/// Who is responsible for a Leistung at a place, and why.
#[utoipa::path(
    get,
    path = "/api/v1/responsible",
    params(
        ("leistung" = String, Query, description = "Leistungsschlüssel of 14 digits, or id.", example = "99012999017001"),
        ("ars" = String, Query, description = "Amtlicher Regionalschlüssel of the place.", example = "059110000000"),
    ),
    responses(
        (status = 200, body = wire::Responsible, description = "See `state` for how it ended"),
        (status = 304, description = "Nothing changed since the `ETag` sent in `If-None-Match`"),
        (status = 400, body = Problem, description = "A parameter cannot be used; `parameter` names it", content_type = "application/problem+json"),
        (status = 500, body = Problem, description = "The catalog cannot answer at the moment", content_type = "application/problem+json"),
    )
)]
async fn responsible(
    State(site): State<Site>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (leistung, ars) = responsible_params(query.as_deref())?;
    let answer = site.catalog.responsible(&leistung, ars).await?;
    Ok(json(&headers, KEEP_ANSWER, &wire::Responsible::from(answer)))
}

fn responsible_params(query: Option<&str>) -> Result<(LeistungRef, Ars), ParamError> {
    let params = Params::strict(query, &["leistung", "ars"])?;
    let leistung = params.required("leistung", "a Leistungsschlüssel of 14 digits, or an id")?;
    let ars = params.ars("ars")?.ok_or_else(|| ParamError::Missing {
        name: "ars".to_owned(),
        expected: "the ARS of a place, as 059110000000".to_owned(),
    })?;
    Ok((LeistungRef::parse(&leistung), ars))
}

/// One Leistung, whole; with a place as it is offered there.
#[utoipa::path(
    get,
    path = "/api/v1/leistungen/{id}",
    params(
        ("id" = String, Path, description = "Leistungsschlüssel of 14 digits, or id."),
        ("ars" = Option<String>, Query, description = "Amtlicher Regionalschlüssel of the place."),
        ("lang" = Option<String>, Query, description = "Language of name and short text, two letters; default `de`."),
    ),
    responses(
        (status = 200, body = wire::Leistung, description = "The Leistung"),
        (status = 304, description = "Nothing changed since the `ETag` sent in `If-None-Match`"),
        (status = 400, body = Problem, description = "A parameter cannot be used; `parameter` names it", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "There is nothing of this name", content_type = "application/problem+json"),
        (status = 500, body = Problem, description = "The catalog cannot answer at the moment", content_type = "application/problem+json"),
    )
)]
async fn leistung(
    State(site): State<Site>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let id = segment(id)?;
    let (ars, lang) = leistung_params(query.as_deref())?;
    let view = site.catalog.leistung(&LeistungRef::parse(&id), ars, lang).await?;
    match view {
        Some(view) => Ok(json(&headers, KEEP_ANSWER, &wire::Leistung::of(view))),
        None => Err(Problem::new(
            Kind::UnknownLeistung,
            "there is no Leistung of this key or id; /api/v1/search finds those that there are",
        )),
    }
}

fn leistung_params(query: Option<&str>) -> Result<(Option<Ars>, Lang), ParamError> {
    let params = Params::strict(query, &["ars", "lang"])?;
    Ok((params.ars("ars")?, params.lang("lang")?.unwrap_or(Lang::DE)))
}

/// Places whose name or PLZ begins like a text.
#[utoipa::path(
    get,
    path = "/api/v1/places",
    params(
        ("q" = String, Query, description = "Beginning of a name or of a PLZ. At most 500 characters.", example = "boch"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many; default 10."),
    ),
    responses(
        (status = 200, body = wire::PlacesResponse, description = "The places, none included"),
        (status = 304, description = "Nothing changed since the `ETag` sent in `If-None-Match`"),
        (status = 400, body = Problem, description = "A parameter cannot be used; `parameter` names it", content_type = "application/problem+json"),
    )
)]
async fn places(State(site): State<Site>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let (q, limit) = places_params(query.as_deref())?;
    let places = site.catalog.places(&q, limit).into_iter().map(Into::into).collect();
    Ok(json(&headers, KEEP_ANSWER, &wire::PlacesResponse { places }))
}

fn places_params(query: Option<&str>) -> Result<(String, usize), ParamError> {
    let params = Params::strict(query, &["q", "limit"])?;
    let q = params.required("q", "the beginning of a name or of a PLZ")?;
    Ok((q, params.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT)))
}

/// One kind of problem, explained: where the `type` of a problem leads.
#[utoipa::path(
    get,
    path = "/api/v1/problems/{code}",
    params(("code" = String, Path, description = "The `code` of a problem.")),
    responses(
        (status = 200, body = wire::ProblemKind, description = "The kind of problem"),
        (status = 404, body = Problem, description = "There is nothing of this name", content_type = "application/problem+json"),
    )
)]
async fn problems(
    headers: HeaderMap,
    code: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let code = segment(code)?;
    Params::strict(query.as_deref(), &[])?;
    let kind = Kind::ALL.iter().copied().find(|kind| kind.code() == code).ok_or_else(|| {
        let codes = Kind::ALL.iter().map(|kind| kind.code()).collect::<Vec<_>>().join(", ");
        Problem::new(Kind::NotFound, format!("there is no such kind of problem; there are: {codes}"))
    })?;
    let body = wire::ProblemKind { code: kind.code(), title: kind.title(), status: kind.status().as_u16() };
    Ok(json(&headers, KEEP_DESCRIPTION, &body))
}

/// This description.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    responses((status = 200, description = "OpenAPI 3.1 of the interface", content_type = "application/json"))
)]
async fn openapi_json(headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Params::strict(query.as_deref(), &[])?;
    let document = Document { content_type: "application/json", cache_control: KEEP_DESCRIPTION, body: openapi() };
    Ok(document.answer(&headers))
}

fn segment(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    path.map(|Path(text)| text).map_err(|_| Problem::new(Kind::NotFound, "this path is not UTF-8, percent-encoded"))
}

pub(crate) fn json<T: Serialize>(asked: &HeaderMap, cache_control: &'static str, body: &T) -> Response {
    let body = serde_json::to_string(body).expect("wire types hold only what JSON can hold");
    Document { content_type: "application/json", cache_control, body }.answer(asked)
}

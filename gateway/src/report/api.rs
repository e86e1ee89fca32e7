//! `/api/v1/report`: the report as JSON.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use connectors::gebiet::Ars;
use http::HeaderMap;

use super::all::EverywhereResponse;
use super::wire::ReportResponse;
use crate::api::params::{OFFSET_MAX, ParamError, Params};
use crate::api::problem::{Kind, Problem};
use crate::api::{self, KEEP_ANSWER};
use crate::pages::Site;

/// How many entries when nothing is said, and at most.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 10_000;

/// The Prüfbericht: what the Verbund knows of a place, Leistung by Leistung, and what is missing or wrong.
#[utoipa::path(
    get,
    path = "/api/v1/report",
    params(
        ("ars" = String, Query, description = "Amtlicher Regionalschlüssel of the place.", example = "059110000000"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "How many entries; default 100."),
        ("offset" = Option<u32>, Query, minimum = 0, maximum = 10000, description = "How many entries to leave out first; default 0."),
    ),
    responses(
        (status = 200, body = ReportResponse, description = "The report, at most a minute old"),
        (status = 304, description = "Nothing changed since the `ETag` sent in `If-None-Match`"),
        (status = 400, body = Problem, description = "A parameter cannot be used; `parameter` names it", content_type = "application/problem+json"),
        (status = 500, body = Problem, description = "The catalog cannot answer at the moment", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn report(
    State(site): State<Site>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (ars, limit, offset) = params(query.as_deref())?;
    let Some(report) = site.reports.of(&site.catalog, ars).await? else {
        let detail = "the parameter `ars` names no place that we know; see /api/v1/places";
        return Err(Problem::new(Kind::UnknownPlace, detail).of("ars"));
    };
    Ok(api::json(&headers, KEEP_ANSWER, &ReportResponse::of(&report, limit, offset)))
}

fn params(query: Option<&str>) -> Result<(Ars, usize, usize), ParamError> {
    let params = Params::strict(query, &["ars", "limit", "offset"])?;
    let ars = params.ars("ars")?.ok_or_else(|| ParamError::Missing {
        name: "ars".to_owned(),
        expected: "the ARS of a place, as 059110000000".to_owned(),
    })?;
    let limit = params.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT);
    Ok((ars, limit, params.number("offset", 0, OFFSET_MAX)?.unwrap_or(0)))
}

/// The coverage of all towns: as a share of towns and of inhabitants, of the Land, of each Kreis, and each town by itself.
#[utoipa::path(
    get,
    path = "/api/v1/report/towns",
    responses(
        (status = 200, body = EverywhereResponse, description = "The coverage, at most ten minutes old"),
        (status = 304, description = "Nothing changed since the `ETag` sent in `If-None-Match`"),
        (status = 400, body = Problem, description = "There are no parameters", content_type = "application/problem+json"),
        (status = 500, body = Problem, description = "The catalog cannot answer at the moment", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn towns(
    State(site): State<Site>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::strict(query.as_deref(), &[])?;
    let everywhere = site.reports.everywhere(&site.catalog).await?;
    Ok(api::json(&headers, KEEP_ANSWER, &EverywhereResponse::from(&*everywhere)))
}

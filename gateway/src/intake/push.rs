//! Deliveries by a program: `/api/v1/portals/{id}/imports`.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use connectors::registration::Portal;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use indexer::run::Format;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::deliver::{self, Answered, IntakeError, Order};
use super::spool;
use super::wire::ImportAnswer;
use crate::api::params::{ParamError, Params};
use crate::api::problem::{Kind, Problem};
use crate::registry::{Desk, ImportRow, Paths, Right, Who};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Characters of an idempotency key.
const KEY_MAX: usize = 255;
/// Deliveries in one list.
const PAGE: i64 = 100;

/// The addresses of deliveries.
pub fn api() -> Paths {
    Paths::new()
        .post("/api/v1/portals/{id}/imports", push)
        .get("/api/v1/portals/{id}/imports", imports)
        .get("/api/v1/portals/{id}/imports/{import}", import)
}

/// Hands records of a portal in: an XZuFi message, or one Leistung in each line.
///
/// A line of NDJSON is a `Leistungsbeschreibung`, or `{"loesche": {"id": "…"}}`. A faulty record costs only itself. The
/// answer comes when everything is on the disk and citizens see it, and says of each record what became of it.
#[utoipa::path(
    post,
    path = "/api/v1/portals/{id}/imports",
    params(
        ("id" = String, Path, description = "The portal."),
        ("dry_run" = Option<bool>, Query, description = "`true`: change nothing, say what would happen."),
        ("coverage" = Option<String>, Query, description = "`part` (default): what is not named is untouched. `whole`: it is removed, unless that is so much that the guard holds the delivery."),
        ("release" = Option<bool>, Query, description = "`true`: somebody has looked at what a held delivery removes, and it may go. Needs the right to manage the portal."),
        ("Idempotency-Key" = Option<String>, Header, description = "A name of your own for this delivery, at most 255 visible ASCII characters. The same key with the same body gives the same answer and changes nothing again."),
    ),
    request_body(
        description = "`application/xml`: an XZuFi message as in the index protocol. `application/x-ndjson`: UTF-8, one JSON object in each line.",
        content((String = "application/xml"), (String = "application/x-ndjson")),
    ),
    responses(
        (status = 200, body = ImportAnswer, description = "Taken (or tried); faulty records are `quarantined`"),
        (status = 400, body = Problem, description = "A parameter or the Idempotency-Key cannot be used", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "The token may not deliver", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such portal for this token", content_type = "application/problem+json"),
        (status = 409, description = "Held by the guard (an `ImportAnswer`), or: the same key is on its way, or the portal is collected (a problem)"),
        (status = 413, description = "Larger than this service takes"),
        (status = 415, body = Problem, description = "Another content type", content_type = "application/problem+json"),
        (status = 422, description = "It cannot be read and nothing was changed (an `ImportAnswer`), or: the key is that of another body (a problem)"),
        (status = 503, body = Problem, description = "This process takes no deliveries", content_type = "application/problem+json"),
        (status = 507, body = Problem, description = "No room on the disk; nothing was changed", content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn push(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Deliver, &id)?;
    let order = order(portal, query.as_deref(), &headers)?;
    if order.release {
        desk.portal(&who, Right::Manage, &id)?;
    }
    deliver::may_come(&desk, &order.portal, order.dry_run)?;
    let folder = super::folder(&desk);
    let received = spool::receive(&folder, body).await.map_err(IntakeError::from)?;
    Ok(answer(&id, deliver::deliver(&desk, &who, order, received).await?))
}

fn order(portal: Portal, query: Option<&str>, headers: &HeaderMap) -> Result<Order, Problem> {
    let params = Params::strict(query, &["dry_run", "coverage", "release"])?;
    let dry_run = params.flag("dry_run")?.unwrap_or(false);
    let whole = match params.text("coverage")?.as_deref() {
        None | Some("part") => false,
        Some("whole") => true,
        Some(_) => return Err(ParamError::bad("coverage", "`part` or `whole`").into()),
    };
    let release = params.flag("release")?.unwrap_or(false);
    Ok(Order { portal, way: "push", format: format(headers)?, whole, dry_run, release, key: key(headers)? })
}

fn format(headers: &HeaderMap) -> Result<Format, Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media.as_str() {
        "application/xml" | "text/xml" => Ok(Format::Xzufi),
        "application/x-ndjson" | "application/ndjson" => Ok(Format::Ndjson),
        _ => Err(Problem::new(
            Kind::UnsupportedMediaType,
            "send XZuFi as `Content-Type: application/xml`, or one JSON object in each line as `application/x-ndjson`",
        )),
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = given.next() else { return Ok(None) };
    let text = value.to_str().ok().map(str::trim).filter(|text| (1..=KEY_MAX).contains(&text.len()));
    match (text, given.next()) {
        (Some(text), None) => Ok(Some(text.to_owned())),
        _ => Err(Problem::new(
            Kind::BadParameter,
            "the header Idempotency-Key may be there once, with 1 to 255 visible ASCII characters",
        )
        .of("Idempotency-Key")),
    }
}

/// The answer as it is sent, with the address under which it is kept.
fn answer(portal: &str, answered: Answered) -> Response {
    let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let number = serde_json::from_str::<ImportAnswer>(&answered.json).map(|answer| answer.import);
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], answered.json).into_response();
    let kept =
        number.ok().and_then(|number| HeaderValue::try_from(format!("/api/v1/portals/{portal}/imports/{number}")).ok());
    if let Some(kept) = kept {
        response.headers_mut().insert(header::CONTENT_LOCATION, kept);
    }
    response
}

/// One delivery in the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportEntry {
    /// Its number.
    import: i64,
    /// When it had come whole (RFC 3339).
    received: String,
    /// Who handed it in.
    by: String,
    /// `push`, `table` or `form`.
    way: String,
    /// `xzufi`, `ndjson`, `csv` or `xlsx`.
    format: String,
    /// `part` or `whole`.
    coverage: &'static str,
    /// True when it was only tried.
    dry_run: bool,
    /// Bytes.
    bytes: u64,
    /// Number of its run; none when nothing was changed.
    run: Option<i64>,
    /// `applied`, `trial`, `held` or `failed`; none while it is on its way, or when the program ended meanwhile: then
    /// the same delivery with the same Idempotency-Key finishes it.
    outcome: Option<String>,
}

impl ImportEntry {
    fn of(row: ImportRow) -> Self {
        Self {
            import: row.id,
            received: row.at.to_string(),
            by: row.actor,
            way: row.way,
            format: row.format,
            coverage: if row.whole { "whole" } else { "part" },
            dry_run: row.trial,
            bytes: row.bytes,
            run: row.run,
            outcome: row.outcome,
        }
    }
}

/// The deliveries of a portal, the newest first, at most 100.
#[utoipa::path(
    get,
    path = "/api/v1/portals/{id}/imports",
    params(
        ("id" = String, Path, description = "The portal."),
        ("before" = Option<i64>, Query, description = "Only deliveries with a smaller number, for turning pages."),
    ),
    responses(
        (status = 200, body = [ImportEntry], description = "The deliveries"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such portal for this token", content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn imports(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Read, &id)?;
    let params = Params::strict(query.as_deref(), &["before"])?;
    let before = match params.text("before")? {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| ParamError::bad("before", "the number of a delivery"))?),
    };
    let rows = desk.registry.imports(&portal.id, before, PAGE).await?;
    let entries: Vec<ImportEntry> = rows.into_iter().map(ImportEntry::of).collect();
    Ok(axum::Json(json!(entries)).into_response())
}

/// What was answered to one delivery.
#[utoipa::path(
    get,
    path = "/api/v1/portals/{id}/imports/{import}",
    params(
        ("id" = String, Path, description = "The portal."),
        ("import" = i64, Path, description = "The number of the delivery."),
    ),
    responses(
        (status = 200, body = ImportAnswer, description = "The answer as it was given"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such delivery for this token, or none that has ended", content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn import(
    State(desk): State<Desk>,
    who: Who,
    Path((id, number)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::strict(query.as_deref(), &[])?;
    let portal = desk.portal(&who, Right::Read, &id)?;
    let row = match number.parse() {
        Ok(number) => desk.registry.import(&portal.id, number).await?,
        Err(_) => None,
    };
    let none = || Problem::new(Kind::NotFound, format!("the portal {id} has no delivery {number} that has ended"));
    let row = row.ok_or_else(none)?;
    let answered = deliver::answered(&desk, &row).await?.ok_or_else(none)?;
    Ok(answer(&id, Answered { status: 200, ..answered }))
}

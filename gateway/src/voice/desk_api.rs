//! `/api/v1/portals/{id}/rueckmeldungen`: what citizens said about the records of a portal, for programs of its editors.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json;
use crate::api::params::{ParamError, Params};
use crate::api::problem::Problem;
use crate::pages::{KEEP_NOT, address};
use crate::registry::{Desk, FeedbackFilter, FeedbackRow, Paths, Right, Who};

/// Messages in one answer when it is not said, and at most.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1_000;

pub(crate) fn api() -> Paths {
    Paths::new().get("/api/v1/portals/{id}/rueckmeldungen", list)
}

/// One message of a citizen.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackMessage {
    /// Its number.
    number: i64,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `falsche_stelle`, `veraltet`, `link`, `unverstaendlich` or `anderes`.
    kind: String,
    /// Key or id of the Leistung.
    leistung: String,
    /// What it was called then.
    name: String,
    /// Path of its page.
    url: String,
    /// ARS of the place; null where none was chosen.
    ars: Option<String>,
    /// Language of the page: `de`, `en` or `de-simple`.
    lang: String,
    /// What somebody wrote, as plain text. It may hold what looks like markup.
    text: String,
    /// Where an answer is wanted; null where none is.
    email: Option<String>,
    /// When somebody had dealt with it; null while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    done: Option<Timestamp>,
}

/// The messages of citizens about the records of a portal.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackMessages {
    /// The newest first.
    messages: Vec<FeedbackMessage>,
    /// What to send as `before` for those before; null where there are none.
    before: Option<i64>,
}

impl From<FeedbackRow> for FeedbackMessage {
    fn from(row: FeedbackRow) -> Self {
        let ars = row.ars.parse().ok();
        Self {
            number: row.id,
            at: row.at,
            kind: row.kind,
            url: address::leistung_by(&row.leistung, &row.title, ars.as_ref()),
            leistung: row.leistung,
            name: row.title,
            ars: ars.map(|ars| ars.to_string()),
            lang: row.lang,
            text: row.body,
            email: row.email,
            done: row.done.map(|(at, _)| at),
        }
    }
}

/// What citizens said about the records of a portal. A message goes after `[feedback] keep_days`.
#[utoipa::path(
    get,
    path = "/api/v1/portals/{id}/rueckmeldungen",
    operation_id = "list_feedback",
    tag = "gateway::registry",
    params(
        ("id" = String, Path, description = "Id of the portal."),
        ("state" = Option<String>, Query, description = "`open` (default), `done` or `all`."),
        ("before" = Option<i64>, Query, description = "Only messages with smaller numbers."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many; default 100."),
    ),
    responses(
        (status = 200, body = FeedbackMessages, description = "The messages, none included"),
        (status = 400, body = Problem, description = "A parameter cannot be used; `parameter` names it", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "There is no valid token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "There is no such portal for this account", content_type = "application/problem+json"),
        (status = 500, body = Problem, description = "The registry cannot answer at the moment", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Read, &id)?.id;
    let params = Params::strict(query.as_deref(), &["state", "before", "limit"])?;
    let done = match params.text("state")?.as_deref() {
        None | Some("open") => Some(false),
        Some("done") => Some(true),
        Some("all") => None,
        Some(_) => return Err(ParamError::bad("state", "`open`, `done` or `all`").into()),
    };
    let before = params.number("before", 1, i64::MAX as usize)?.and_then(|number| i64::try_from(number).ok());
    let limit = params.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT);
    let filter = FeedbackFilter { portal: Some(portal), done, before, limit: limit as i64 };
    let rows = desk.registry.feedback(&filter).await?;
    let before = rows.last().filter(|_| rows.len() == limit).map(|row| row.id);
    let body = FeedbackMessages { messages: rows.into_iter().map(Into::into).collect(), before };
    Ok(json(&HeaderMap::new(), KEEP_NOT, &body))
}

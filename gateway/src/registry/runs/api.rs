//! `/api/v1/portals/{id}/runs`: the same for programs, and the progress of a run as events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use config::clock;
use connectors::registration::Portal;
use futures_util::stream;
use http::HeaderMap;
use indexer::run::{Indexer, Plan, Progress, RunError, RunReport, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::{audited, came_of, follow, reason, restorable};
use crate::api::json as answer;
use crate::api::problem::{Kind, Problem};
use crate::registry::desk::Desk;
use crate::registry::json_body::JsonBody;
use crate::registry::paths::Paths;
use crate::registry::who::{Right, Who};
use crate::runs::next_sentence;

/// Between two events of one run.
const EVENT_EVERY: Duration = Duration::from_millis(500);
/// After this time an open answer ends; whoever still listens asks again.
const LONGEST: Duration = Duration::from_secs(600);
/// How often a line is sent that says nothing, so that nobody on the way takes the connection for dead.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

pub(in crate::registry) fn api() -> Paths {
    Paths::new()
        .get("/api/v1/portals/{id}/runs", list)
        .get("/api/v1/portals/{id}/runs/held", held)
        .get("/api/v1/portals/{id}/runs/quarantine", quarantine)
        .get("/api/v1/portals/{id}/runs/current/events", events)
        .post("/api/v1/portals/{id}/runs/pause", pause)
        .post("/api/v1/portals/{id}/runs/resume", resume)
        .post("/api/v1/portals/{id}/runs/{run}/release", release)
        .post("/api/v1/portals/{id}/runs/{run}/restore", restore)
}

/// One run.
#[derive(Debug, Serialize, ToSchema)]
pub struct Run {
    /// Its number.
    run: i64,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started: Timestamp,
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    ended: Timestamp,
    /// `applied`, `unchanged`, `held`, `failed`, `restored`, or `broken_off` where the process ended within it.
    outcome: String,
    /// New records.
    added: u64,
    /// Changed records.
    updated: u64,
    /// Records that went.
    removed: u64,
    /// Records as before.
    unchanged: u64,
    /// Records that could not be taken.
    refused: u64,
    /// The state before it can be restored.
    restorable: bool,
}

/// The runs of a portal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Runs {
    /// The last ones, the newest first.
    runs: Vec<Run>,
    /// The run that waits for somebody.
    held: Option<i64>,
    /// A run goes on.
    running: bool,
    /// When the last good run ended: every record is at least as fresh.
    #[schema(value_type = Option<String>, format = DateTime)]
    good_at: Option<Timestamp>,
    /// When the next run is due; null when none is made by itself, or at once.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_run: Option<Timestamp>,
    /// Why it is due then, in German.
    next_run_reason: String,
    /// No runs are made until somebody resumes them.
    paused: bool,
}

/// What a run would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRun {
    /// Its number.
    run: i64,
    /// Its lists `added`, `changed`, `removed` and `quarantined`, each with `total` and at most a thousand `entries`.
    #[schema(value_type = Object)]
    plan: Plan,
}

/// A record that could not be taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusedRecord {
    /// What it is, as the standard names it.
    kind: &'static str,
    /// Its id as `agency_text`; null where the delivery gave none.
    id: Option<String>,
    /// Where it stood, as `file:line`, where it has no id.
    place: Option<String>,
    /// When it came last.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What is wrong and what would be right, in German.
    sentences: Vec<String>,
    /// There is an older good version, which stays.
    older_stays: bool,
    /// What was delivered, as XZuFi; empty where it could not be kept.
    xml: String,
    /// `xml` is only the beginning of it.
    cut: bool,
}

/// The records that could not be taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct Quarantine {
    /// The last ones first.
    records: Vec<RefusedRecord>,
}

/// What a run did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunResult {
    /// Its number; null for a dry run.
    run: Option<i64>,
    /// How it ended.
    outcome: &'static str,
    /// New records.
    added: u64,
    /// Changed records.
    updated: u64,
    /// Records that went.
    removed: u64,
    /// The same record by record; see the run that is held.
    #[schema(value_type = Object)]
    plan: Plan,
}

/// How a portal is to be restored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreRequest {
    /// Change nothing, say what would change.
    #[serde(default)]
    dry_run: bool,
}

/// Why runs are to stop.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseRequest {
    /// For those who find it so, at most 300 characters.
    why: String,
}

impl From<RunReport> for RunResult {
    fn from(report: RunReport) -> Self {
        let applied = report.applied;
        Self {
            run: report.run,
            outcome: report.outcome.as_str(),
            added: applied.added,
            updated: applied.updated,
            removed: applied.removed,
            plan: report.plan,
        }
    }
}

fn problem(error: RunError) -> Problem {
    match &error {
        RunError::Running { .. } | RunError::Paused { .. } | RunError::NotHeld { .. } => {
            Problem::new(Kind::RunConflict, error.to_string())
        }
        RunError::Store(StoreError::NotKept { .. }) => Problem::new(Kind::RunConflict, error.to_string()),
        _ => {
            tracing::error!(%error, "a run that was asked for could not be made");
            Problem::new(Kind::RunFailed, "the run could not be made, and nothing was changed; please try again later")
        }
    }
}

fn writing(desk: &Desk) -> Result<&Indexer, Problem> {
    let elsewhere = || Problem::new(Kind::NoRunsHere, "this process makes no runs; ask the one that does");
    desk.indexer.as_deref().ok_or_else(elsewhere)
}

fn number(run: &str) -> Result<i64, Problem> {
    run.parse().map_err(|_| Problem::new(Kind::NotFound, "a run is named by its number"))
}

/// The last runs of a portal, and the next one.
#[utoipa::path(
    operation_id = "run_list",
    get,
    path = "/api/v1/portals/{id}/runs",
    params(("id" = String, Path, description = "The portal")),
    responses(
        (status = 200, body = Runs, description = "The newest first"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such portal for this token", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Read, &id)?;
    let indexer = writing(&desk)?;
    let known = indexer.known(&portal.id).await.map_err(problem)?;
    let next = indexer.next_run(&portal).await.map_err(problem)?;
    let run = |row: &indexer::run::RunRow| Run {
        run: row.number.unwrap_or_default(),
        started: row.started,
        ended: row.ended,
        outcome: row.outcome.clone(),
        added: row.applied.added,
        updated: row.applied.updated,
        removed: row.applied.removed,
        unchanged: row.applied.unchanged,
        refused: row.refused,
        restorable: restorable(&known, row.number.unwrap_or_default(), &row.outcome),
    };
    let runs = Runs {
        runs: known.runs.iter().map(run).collect(),
        held: known.held.as_ref().map(|held| held.run),
        running: indexer.progress(&portal.id).is_some(),
        good_at: known.good_at,
        next_run: next.at.filter(|at| *at > Timestamp::UNIX_EPOCH),
        next_run_reason: next_sentence(&next, clock::now()),
        paused: known.paused.is_some(),
    };
    Ok(answer(&headers, "no-store", &runs))
}

/// The plan of the run that waits for somebody.
#[utoipa::path(
    operation_id = "run_held",
    get,
    path = "/api/v1/portals/{id}/runs/held",
    params(("id" = String, Path, description = "The portal")),
    responses(
        (status = 200, body = HeldRun, description = "What it would do"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such portal for this token, or no run is held", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn held(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Read, &id)?;
    let known = writing(&desk)?.known(&portal.id).await.map_err(problem)?;
    let held = known.held.ok_or_else(|| Problem::new(Kind::NotFound, "no run of this portal is held"))?;
    Ok(answer(&headers, "no-store", &HeldRun { run: held.run, plan: held.plan }))
}

/// The records that could not be taken, as they were delivered, with what would be right.
#[utoipa::path(
    operation_id = "run_quarantine",
    get,
    path = "/api/v1/portals/{id}/runs/quarantine",
    params(("id" = String, Path, description = "The portal")),
    responses(
        (status = 200, body = Quarantine, description = "At most a thousand"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such portal for this token", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn quarantine(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Read, &id)?;
    let known = writing(&desk)?.known(&portal.id).await.map_err(problem)?;
    let record = |one: indexer::run::Quarantined| RefusedRecord {
        kind: one.kind.name(),
        id: one.id.map(|id| id.to_string()),
        place: one.place,
        at: one.at,
        sentences: one.findings.iter().map(connectors::finding::Finding::sentence).collect(),
        older_stays: one.older_stays,
        xml: one.xml,
        cut: one.cut,
    };
    let records = known.quarantined.into_iter().map(record).collect();
    Ok(answer(&headers, "no-store", &Quarantine { records }))
}

/// How far the run of a portal is, as server-sent events `progress` (JSON); `end` when it is over, or none goes on.
#[utoipa::path(
    operation_id = "run_events",
    get,
    path = "/api/v1/portals/{id}/runs/current/events",
    params(("id" = String, Path, description = "The portal")),
    responses(
        (status = 200, description = "Until the run ends, ten minutes at most", content_type = "text/event-stream"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such portal for this token", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn events(State(desk): State<Desk>, who: Who, Path(id): Path<String>) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Read, &id)?;
    let progress = writing(&desk)?.progress(&portal.id);
    let until = clock::monotonic() + LONGEST;
    let state = Telling { progress, first: true, over: false };
    let told = stream::unfold(state, move |state| async move {
        if state.over || clock::monotonic() >= until {
            return None;
        }
        let (event, state) = state.next().await;
        Some((Ok::<_, Infallible>(event), state))
    });
    Ok(Sse::new(told).keep_alive(KeepAlive::new().interval(ALIVE_EVERY)).into_response())
}

/// The events of one run.
struct Telling {
    progress: Option<watch::Receiver<Progress>>,
    first: bool,
    over: bool,
}

impl Telling {
    async fn next(mut self) -> (Event, Self) {
        let Some(mut progress) = self.progress.take() else {
            self.over = true;
            return (Event::default().event("end").data("{}"), self);
        };
        if !self.first {
            tokio::time::sleep(EVENT_EVERY).await;
            if progress.changed().await.is_err() {
                self.over = true;
                return (Event::default().event("end").data("{}"), self);
            }
        }
        self.first = false;
        let now = serde_json::to_string(&*progress.borrow_and_update()).expect("progress is made of plain values");
        self.progress = Some(progress);
        (Event::default().event("progress").data(now), self)
    }
}

/// Lets the run pass that is held, if the portal still delivers what was looked at.
#[utoipa::path(
    operation_id = "run_release",
    post,
    path = "/api/v1/portals/{id}/runs/{run}/release",
    params(("id" = String, Path, description = "The portal"), ("run" = i64, Path, description = "The run")),
    responses(
        (status = 200, body = RunResult, description = "What the run did; `held` when the portal delivers something else now"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "The right `manage` is missing", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such portal for this token", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "The run is not held any more, or another one goes on", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn release(
    State(desk): State<Desk>,
    who: Who,
    Path((id, run)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Manage, &id)?;
    let (indexer, run) = (writing(&desk)?, number(&run)?);
    let cancel = CancellationToken::new();
    let doing = indexer.release(&portal, run, &cancel);
    let done = audited(&desk, &who, "run.release", &portal, json!({"run": run}), doing, came_of).await?;
    ended(indexer, done, &headers).await
}

/// Brings back the state before a run; the portal is paused then.
#[utoipa::path(
    operation_id = "run_restore",
    post,
    path = "/api/v1/portals/{id}/runs/{run}/restore",
    params(("id" = String, Path, description = "The portal"), ("run" = i64, Path, description = "The run")),
    request_body = RestoreRequest,
    responses(
        (status = 200, body = RunResult, description = "What that changed, or would change"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "The right `manage` is missing", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such portal for this token", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "The state before is not kept, or a run goes on", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn restore(
    State(desk): State<Desk>,
    who: Who,
    Path((id, run)): Path<(String, String)>,
    headers: HeaderMap,
    JsonBody(wanted): JsonBody<RestoreRequest>,
) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Manage, &id)?;
    let (indexer, run) = (writing(&desk)?, number(&run)?);
    let doing = indexer.restore(&portal, run, wanted.dry_run);
    let done = match wanted.dry_run {
        true => doing.await,
        false => audited(&desk, &who, "run.restore", &portal, json!({"before": run}), doing, came_of).await?,
    };
    ended(indexer, done, &headers).await
}

async fn ended(indexer: &Indexer, done: Result<RunReport, RunError>, headers: &HeaderMap) -> Result<Response, Problem> {
    let report = done.map_err(problem)?;
    follow(indexer).await;
    Ok(answer(headers, "no-store", &RunResult::from(report)))
}

/// Makes no more runs of a portal.
#[utoipa::path(
    operation_id = "run_pause",
    post,
    path = "/api/v1/portals/{id}/runs/pause",
    params(("id" = String, Path, description = "The portal")),
    request_body = PauseRequest,
    responses(
        (status = 200, body = Runs, description = "As the list of runs says it"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "The right `manage` is missing", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such portal for this token", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn pause(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
    JsonBody(wanted): JsonBody<PauseRequest>,
) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Manage, &id)?;
    let why = reason(&wanted.why);
    let doing = writing(&desk)?.pause(&portal.id, &why);
    let done = audited(&desk, &who, "run.pause", &portal, json!({"why": why}), doing, |()| json!("paused")).await?;
    listed(done, desk, who, &portal, headers).await
}

/// Makes runs of a portal again.
#[utoipa::path(
    operation_id = "run_resume",
    post,
    path = "/api/v1/portals/{id}/runs/resume",
    params(("id" = String, Path, description = "The portal")),
    responses(
        (status = 200, body = Runs, description = "As the list of runs says it"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "The right `manage` is missing", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "No such portal for this token", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn resume(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let portal = desk.portal(&who, Right::Manage, &id)?;
    let doing = writing(&desk)?.resume(&portal.id);
    let done = audited(&desk, &who, "run.resume", &portal, json!({}), doing, |()| json!("resumed")).await?;
    listed(done, desk, who, &portal, headers).await
}

async fn listed(
    done: Result<(), RunError>,
    desk: Desk,
    who: Who,
    portal: &Portal,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    done.map_err(problem)?;
    list(State(desk), who, Path(portal.id.to_string()), headers).await
}

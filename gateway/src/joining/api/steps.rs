//! The steps of a registration, one address each, and what was changed before.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use connectors::ids::PortalId;
use http::StatusCode;
use http::header::HeaderMap;

use super::wire::{ChangeList, ChangeShort, Part, Reason, StepDone, Undo};
use super::{done, dry_run, registered};
use crate::api::json;
use crate::api::problem::Problem;
use crate::joining::acting::Acting;
use crate::joining::registration::Step;
use crate::pages::KEEP_NOT;
use crate::registry::{ChangeSet, Denied, Desk, JsonBody, Right, Who};

/// Change sets in one answer.
const CHANGES: i64 = 100;

async fn take(
    desk: &Desk,
    who: &Who,
    headers: &HeaderMap,
    (id, query): (&str, Option<&str>),
    step: Step,
) -> Result<Response, Problem> {
    let known = registered(desk, who, Right::Manage, id).await?;
    let acting = Acting { registry: &desk.registry, who, dry_run: dry_run(query)? };
    let changed = acting.step(&desk.joining.rules, &known.id, &step).await?;
    if !acting.dry_run {
        desk.joining.previews.forget(&known.id);
    }
    Ok(done(headers, StatusCode::OK, changed))
}

/// Withdraws a portal. Its records stay until the operator removes them.
#[utoipa::path(
    tag = "portals",
    operation_id = "portal_withdraw",
    delete,
    path = "/api/v1/portals/{id}",
    params(
        ("id" = String, Path, description = "Its id."),
        ("dry_run" = Option<bool>, Query, description = "Change nothing, say what would change."),
    ),
    responses(
        (status = 200, body = StepDone, description = "It left"),
        (status = 409, body = Problem, description = "It had left already", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    take(&desk, &who, &headers, (&id, query.as_deref()), Step::Withdraw).await
}

/// Hands a registration to the operator; releases it where nobody has to look.
#[utoipa::path(
    tag = "portals",
    operation_id = "portal_submit",
    post,
    path = "/api/v1/portals/{id}/submit",
    params(
        ("id" = String, Path, description = "Its id."),
        ("dry_run" = Option<bool>, Query, description = "Change nothing, say what would change."),
    ),
    responses(
        (status = 200, body = StepDone, description = "What changed"),
        (status = 409, body = Problem, description = "Proof or rehearsal are missing, or not now", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn submit(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let known = registered(&desk, &who, Right::Manage, &id).await?;
    let acting = Acting { registry: &desk.registry, who: &who, dry_run: dry_run(query.as_deref())? };
    Ok(done(&headers, StatusCode::OK, acting.submit(&desk.joining.rules, &known.id).await?))
}

/// Lets a submitted portal go live; the operator's.
#[utoipa::path(
    tag = "portals",
    operation_id = "portal_release",
    post,
    path = "/api/v1/portals/{id}/release",
    params(
        ("id" = String, Path, description = "Its id."),
        ("dry_run" = Option<bool>, Query, description = "Change nothing, say what would change."),
    ),
    responses(
        (status = 200, body = StepDone, description = "What changed; the first run begins within seconds"),
        (status = 409, body = Problem, description = "Not now", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn release(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    take(&desk, &who, &headers, (&id, query.as_deref()), Step::Release).await
}

/// Gives a submitted portal back with a reason; the operator's.
#[utoipa::path(
    tag = "portals",
    operation_id = "portal_refuse",
    post,
    path = "/api/v1/portals/{id}/refuse",
    params(
        ("id" = String, Path, description = "Its id."),
        ("dry_run" = Option<bool>, Query, description = "Change nothing, say what would change."),
    ),
    request_body = Reason,
    responses((status = 200, body = StepDone, description = "What changed"))
)]
pub(crate) async fn refuse(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    JsonBody(Reason { reason }): JsonBody<Reason>,
) -> Result<Response, Problem> {
    take(&desk, &who, &headers, (&id, query.as_deref()), Step::Refuse(reason)).await
}

/// Suspends a live portal with a reason: no runs, no routes, no hand-over; the operator's.
#[utoipa::path(
    tag = "portals",
    operation_id = "portal_suspend",
    post,
    path = "/api/v1/portals/{id}/suspend",
    params(
        ("id" = String, Path, description = "Its id."),
        ("dry_run" = Option<bool>, Query, description = "Change nothing, say what would change."),
    ),
    request_body = Reason,
    responses((status = 200, body = StepDone, description = "What changed"))
)]
pub(crate) async fn suspend(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    JsonBody(Reason { reason }): JsonBody<Reason>,
) -> Result<Response, Problem> {
    take(&desk, &who, &headers, (&id, query.as_deref()), Step::Suspend(reason)).await
}

/// Takes a suspended portal in again as it was; the operator's.
#[utoipa::path(
    tag = "portals",
    operation_id = "portal_resume",
    post,
    path = "/api/v1/portals/{id}/resume",
    params(
        ("id" = String, Path, description = "Its id."),
        ("dry_run" = Option<bool>, Query, description = "Change nothing, say what would change."),
    ),
    responses((status = 200, body = StepDone, description = "What changed"))
)]
pub(crate) async fn resume(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    take(&desk, &who, &headers, (&id, query.as_deref()), Step::Resume).await
}

/// The change sets of a portal, the last first.
#[utoipa::path(
    tag = "portals",
    operation_id = "portal_changes",
    get,
    path = "/api/v1/portals/{id}/changes",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, body = ChangeList, description = "The change sets"))
)]
pub(crate) async fn changes(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let known = registered(&desk, &who, Right::Read, &id).await?;
    let short = |change: ChangeSet| {
        let parts = crate::joining::changes::differences(&change.before, &change.after).into_iter();
        ChangeShort {
            number: change.number,
            at: change.at,
            actor: change.actor,
            step: change.step,
            undoes: change.undoes,
            undone_by: change.undone_by,
            changed: parts.map(|(path, before, after)| Part { path, before, after }).collect(),
        }
    };
    let changes = desk.registry.change_sets(&known.id, CHANGES).await?.into_iter().map(short).collect();
    Ok(json(&headers, KEEP_NOT, &ChangeList { changes }))
}

/// Takes a change set back, as a change set of its own; what came later stays.
#[utoipa::path(
    tag = "portals",
    operation_id = "portal_undo",
    post,
    path = "/api/v1/portals/{id}/undo",
    params(
        ("id" = String, Path, description = "Its id."),
        ("dry_run" = Option<bool>, Query, description = "Change nothing, say what would change."),
    ),
    request_body = Undo,
    responses(
        (status = 200, body = StepDone, description = "What changed"),
        (status = 404, body = Problem, description = "No such change set that could be taken back", content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "A later change touches the same part", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn undo(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    JsonBody(Undo { change }): JsonBody<Undo>,
) -> Result<Response, Problem> {
    let id: PortalId = id.parse().map_err(|_| Problem::from(Denied::NoSuch))?;
    who.must(Right::Manage, &id).map_err(Problem::from)?;
    let acting = Acting { registry: &desk.registry, who: &who, dry_run: dry_run(query.as_deref())? };
    Ok(done(&headers, StatusCode::OK, acting.undo(&id, change).await?))
}

//! `/api/v1/portals`: what the pages of joining do, for programs. Every step takes `dry_run`.

pub(crate) mod steps;
mod wire;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use connectors::ids::PortalId;
use connectors::registration::ProofToken;
use http::header::HeaderMap;
use http::{StatusCode, header};

use super::acting::{Acting, Changed, Refusal, facts_now};
use super::first_look::{self, Seen};
use super::pages::taken;
use super::preview::Standing;
use super::proof::Found;
use super::registration::{Registration, Stage, State as Way, Step};
use super::wish::{Wish, kind_of};
use crate::api::json;
use crate::api::params::Params;
use crate::api::problem::{Kind, Problem};
use crate::pages::KEEP_NOT;
use crate::registry::{Denied, Desk, JsonBody, Paths, Registered, Right, Who};

use wire::{
    Part, PlaceLook, PortalList, PortalRegistration, PortalShort, PortalWish, ProofLook, ProofState, RehearsalState,
    StepDone,
};

pub(crate) fn paths() -> Paths {
    Paths::new()
        .get("/api/v1/portals", list)
        .post("/api/v1/portals", register)
        .get("/api/v1/portals/{id}", show)
        .patch("/api/v1/portals/{id}", edit)
        .delete("/api/v1/portals/{id}", steps::withdraw)
        .post("/api/v1/portals/{id}/proof", prove)
        .get("/api/v1/portals/{id}/rehearsal", rehearsal)
        .post("/api/v1/portals/{id}/rehearsal", rehearse)
        .post("/api/v1/portals/{id}/submit", steps::submit)
        .post("/api/v1/portals/{id}/release", steps::release)
        .post("/api/v1/portals/{id}/refuse", steps::refuse)
        .post("/api/v1/portals/{id}/suspend", steps::suspend)
        .post("/api/v1/portals/{id}/resume", steps::resume)
        .get("/api/v1/portals/{id}/changes", steps::changes)
        .post("/api/v1/portals/{id}/undo", steps::undo)
}

fn dry_run(query: Option<&str>) -> Result<bool, Problem> {
    Ok(Params::strict(query, &["dry_run"])?.flag("dry_run")?.unwrap_or(false))
}

async fn registered(desk: &Desk, who: &Who, right: Right, id: &str) -> Result<Registered, Problem> {
    let id: PortalId = id.parse().map_err(|_| Problem::from(Denied::NoSuch))?;
    who.must(right, &id).map_err(Problem::from)?;
    desk.registry.registration(&id).await?.ok_or_else(|| Problem::from(Denied::NoSuch))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoSuch => Denied::NoSuch.into(),
            Refusal::Operators => Denied::NotThis.into(),
            Refusal::Registry(error) => error.into(),
            Refusal::Parts(faults) => {
                let said = faults.iter().map(|fault| format!("`{}`: {}", fault.field, fault.fault)).collect::<Vec<_>>();
                let problem = Problem::new(Kind::InvalidRegistration, said.join("; "));
                faults.first().map_or(problem.clone(), |fault| problem.of(fault.field))
            }
            Refusal::IdTaken(_) => Problem::new(Kind::Conflict, refusal.to_string()).of("id"),
            Refusal::NoChange(_) => Problem::new(Kind::NotFound, refusal.to_string()),
            Refusal::TooMany(_) | Refusal::Step(_) | Refusal::Conflict(_) => {
                Problem::new(Kind::Conflict, refusal.to_string())
            }
        }
    }
}

fn done(headers: &HeaderMap, status: StatusCode, changed: Changed) -> Response {
    let stage = changed.now.as_ref().map(|now| now.stage(changed.facts));
    let part = |(path, before, after)| Part { path, before, after };
    let body = StepDone { change: changed.number, stage, changed: changed.differences.into_iter().map(part).collect() };
    let mut response = json(headers, KEEP_NOT, &body);
    *response.status_mut() = status;
    response
}

/// The portals that the account of the token may see.
#[utoipa::path(
    operation_id = "portal_list",
    get,
    path = "/api/v1/portals",
    responses((status = 200, body = PortalList, description = "The portals, none included"))
)]
pub(crate) async fn list(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::strict(query.as_deref(), &[])?;
    let portals = desk.portals.load_full();
    let short = |portal: &connectors::registration::Portal, source, stage| PortalShort {
        id: portal.id.to_string(),
        name: portal.name.clone(),
        gebiet: portal.gebiet.to_string(),
        source,
        stage,
    };
    let mut found = Vec::new();
    let registered = desk.registry.registrations().await?;
    for one in &registered {
        if who.may(Right::Read, &one.id) {
            let stage = one.registration.stage(facts_now(&desk.registry, one).await?);
            found.push(short(&one.registration.portal, "registration", stage));
        }
    }
    let of_files = portals.iter().filter(|portal| !registered.iter().any(|one| one.id == portal.id));
    let of_files = of_files.filter(|portal| who.may(Right::Read, &portal.id));
    found.extend(of_files.map(|portal| short(portal, "file", Stage::Released)));
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(json(&headers, KEEP_NOT, &PortalList { portals: found }))
}

impl PortalWish {
    /// What is wanted, over what is there or was proposed.
    fn over(self, mut wish: Wish) -> Wish {
        let set = |field: &mut String, value: Option<String>| {
            if let Some(value) = value {
                *field = value;
            }
        };
        set(&mut wish.address, self.address);
        set(&mut wish.id, self.id);
        set(&mut wish.name, self.name);
        set(&mut wish.gebiet, self.gebiet);
        if let Some(connector) = self.connector {
            wish.connector = connector.kind;
            wish.source = connector.url.unwrap_or_default();
            wish.every_h = connector.every_h.map(|hours| hours.to_string()).unwrap_or_default();
        }
        set(&mut wish.hosts, self.hosts.map(|hosts| hosts.join("\n")));
        if let Some(contact) = self.contact {
            wish.phone = contact.phone.unwrap_or_default();
            wish.email = contact.email.unwrap_or_default();
            wish.page = contact.url.unwrap_or_default();
        }
        wish
    }
}

/// Registers a portal. With the address alone, everything else is proposed from what stands there.
#[utoipa::path(
    operation_id = "portal_register",
    post,
    path = "/api/v1/portals",
    params(("dry_run" = Option<bool>, Query, description = "Change nothing, say what would change.")),
    request_body = PortalWish,
    responses(
        (status = 201, body = StepDone, description = "It is registered; next its domain has to be proven"),
        (status = 200, body = StepDone, description = "A dry run: it could be registered"),
        (status = 409, body = Problem, description = "The id is taken, or the account has too many open registrations", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "Parts cannot be registered; `detail` names all", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn register(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    JsonBody(wanted): JsonBody<PortalWish>,
) -> Result<Response, Problem> {
    let dry_run = dry_run(query.as_deref())?;
    who.must_register()?;
    let rules = &desk.joining.rules;
    let typed = wanted.address.clone().unwrap_or_default();
    let address = rules
        .addresses
        .read(&typed)
        .map_err(|fault| Problem::new(Kind::InvalidRegistration, format!("`address`: {fault}")).of("address"))?;
    let looked = first_look::look(&desk.fetcher, &rules.addresses, &address).await;
    match &looked.seen {
        Seen::Elsewhere(to) => {
            let detail = format!("`address`: it leads to another host, register {to} instead");
            return Err(Problem::new(Kind::InvalidRegistration, detail).of("address"));
        }
        Seen::Silent(fault) => {
            let detail = format!("`address`: nothing can be read there ({fault:?})");
            return Err(Problem::new(Kind::InvalidRegistration, detail).of("address"));
        }
        _ => {}
    }
    let wish = wanted.over(looked.wish);
    let (portal, address) = wish.read(&desk.site.catalog, &rules.addresses, None).map_err(Refusal::Parts)?;
    let is_taken = taken(&desk, &portal.id).await;
    let location = format!("/api/v1/portals/{}", portal.id);
    let acting = Acting { registry: &desk.registry, who: &who, dry_run };
    let changed = acting.register(rules, portal, address, |_| is_taken).await?;
    let status = if dry_run { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = done(&headers, status, changed);
    if let Ok(location) = http::HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// One portal as it is registered.
#[utoipa::path(
    operation_id = "portal_show",
    get,
    path = "/api/v1/portals/{id}",
    params(("id" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = PortalRegistration, description = "The registration"),
        (status = 404, body = Problem, description = "There is none for this account", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let known = registered(&desk, &who, Right::Read, &id).await?;
    let registration = &known.registration;
    let facts = facts_now(&desk.registry, &known).await?;
    let value = |portal| serde_json::to_value(portal).expect("a portal holds only what JSON can hold");
    let proof = match (registration.host(), &registration.address) {
        (Some(host), Some(address)) => desk.registry.proof(&known.id, host).await?.map(|proof| ProofState {
            proven: proof.proven.is_some() && proof.lost.is_none(),
            place: proof.place.map(connectors::registration::ProofPlace::as_str),
            checked: proof.checked,
            lost: proof.lost,
            txt_name: ProofToken::txt_name(&proof.host),
            file: ProofToken::file_address(address).to_string(),
            text: proof.token.line(),
            element: proof.token.element(),
            host: proof.host,
        }),
        _ => None,
    };
    let body = PortalRegistration {
        id: known.id.to_string(),
        stage: registration.stage(facts),
        address: registration.address.as_ref().map(ToString::to_string),
        draft: value(&registration.portal),
        live: registration.live.as_ref().map(value),
        reason: reason_of(registration),
        proof,
        rehearsed: facts.rehearsed,
    };
    Ok(json(&headers, KEEP_NOT, &body))
}

fn reason_of(registration: &Registration) -> Option<String> {
    match &registration.state {
        Way::Refused { reason, .. } | Way::Suspended { reason, .. } => Some(reason.clone()),
        _ => None,
    }
}

/// Changes a registration. Contact and interval count at once; everything else when it was released again.
#[utoipa::path(
    operation_id = "portal_edit",
    patch,
    path = "/api/v1/portals/{id}",
    params(
        ("id" = String, Path, description = "Its id."),
        ("dry_run" = Option<bool>, Query, description = "Change nothing, say what would change."),
    ),
    request_body = PortalWish,
    responses(
        (status = 200, body = StepDone, description = "What changed"),
        (status = 409, body = Problem, description = "Not now", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "Parts cannot be registered; `detail` names all", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn edit(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    JsonBody(wanted): JsonBody<PortalWish>,
) -> Result<Response, Problem> {
    let known = registered(&desk, &who, Right::Manage, &id).await?;
    let dry_run = dry_run(query.as_deref())?;
    let rules = &desk.joining.rules;
    if wanted.id.as_ref().is_some_and(|id| *id != known.id.to_string()) {
        return Err(Problem::new(Kind::InvalidRegistration, "`id`: it stays as it is").of("id"));
    }
    let before = &known.registration.portal;
    let wish = wanted.over(Wish::of(before, known.registration.address.as_ref()));
    let (portal, address) = wish.read(&desk.site.catalog, &rules.addresses, Some(before)).map_err(Refusal::Parts)?;
    let acting = Acting { registry: &desk.registry, who: &who, dry_run };
    let changed = acting.step(rules, &known.id, &Step::Edit { portal: Box::new(portal), address }).await?;
    Ok(done(&headers, StatusCode::OK, changed))
}

/// Looks for the proof of the host in all three places.
#[utoipa::path(
    operation_id = "portal_prove",
    post,
    path = "/api/v1/portals/{id}/proof",
    params(
        ("id" = String, Path, description = "Its id."),
        ("dry_run" = Option<bool>, Query, description = "Look, and note nothing."),
    ),
    responses(
        (status = 200, body = ProofLook, description = "What was found"),
        (status = 409, body = Problem, description = "There is no address to prove", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn prove(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let known = registered(&desk, &who, Right::Manage, &id).await?;
    let dry_run = dry_run(query.as_deref())?;
    let looked = super::look_for_proof(&desk.registry, &desk.joining, &who, &known, dry_run).await?;
    let Some((proof, findings)) = looked else {
        return Err(Problem::new(Kind::Conflict, "the operator vouched for this portal; there is no address to prove"));
    };
    let place = |(place, found): &(connectors::registration::ProofPlace, Found)| {
        let (word, detail) = match found {
            Found::Token => ("token", None),
            Found::Other(_) => ("other", None),
            Found::Nothing => ("nothing", None),
            Found::Elsewhere(to) => ("elsewhere", Some(to.clone())),
            Found::Status(status) => ("status", Some(status.to_string())),
            Found::Silent(_) => ("silent", None),
        };
        PlaceLook { place: place.as_str(), found: word, detail }
    };
    let proven = proof.proven.is_some() && proof.lost.is_none();
    let body = ProofLook { proven, places: findings.0.iter().map(place).collect() };
    Ok(json(&headers, KEEP_NOT, &body))
}

/// Where the rehearsal stands.
#[utoipa::path(
    operation_id = "portal_rehearsal",
    get,
    path = "/api/v1/portals/{id}/rehearsal",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, body = RehearsalState, description = "Where it stands"))
)]
pub(crate) async fn rehearsal(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let known = registered(&desk, &who, Right::Read, &id).await?;
    Ok(json(&headers, KEEP_NOT, &standing(&desk, &known)))
}

fn standing(desk: &Desk, known: &Registered) -> RehearsalState {
    let nothing = |state| RehearsalState {
        state,
        good: false,
        records: None,
        refused: None,
        findings: Vec::new(),
        preview: None,
    };
    match desk.joining.previews.standing(&known.id, config::clock::now()) {
        None => nothing("none"),
        Some(Standing::Running { .. }) => nothing("running"),
        Some(Standing::Failed { .. }) => nothing("failed"),
        Some(Standing::Done(preview)) => {
            let (report, plan) = (&preview.rehearsal.report, &preview.rehearsal.plan);
            RehearsalState {
                state: "done",
                good: preview.is_good() && preview.fingerprint == known.registration.fingerprint(),
                records: Some(plan.added.total),
                refused: Some(plan.quarantined.total),
                findings: report.findings.iter().take(100).map(|finding| finding.sentence()).collect(),
                preview: desk.site.canonical(&format!("/anbindung/{}/vorschau", known.id)),
            }
        }
    }
}

/// Begins a rehearsal: a whole run of the draft aside, which nobody else sees. A dry run says where it stands.
#[utoipa::path(
    operation_id = "portal_rehearse",
    post,
    path = "/api/v1/portals/{id}/rehearsal",
    params(
        ("id" = String, Path, description = "Its id."),
        ("dry_run" = Option<bool>, Query, description = "Begin nothing."),
    ),
    responses(
        (status = 202, body = RehearsalState, description = "It has begun; GET says when it is done"),
        (status = 200, body = RehearsalState, description = "A dry run: it could begin"),
        (status = 409, body = Problem, description = "The host is not proven, or nothing is fetched of this portal", content_type = "application/problem+json"),
        (status = 503, body = Problem, description = "Too many at a time, or one of this portal is being made", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rehearse(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let known = registered(&desk, &who, Right::Manage, &id).await?;
    let dry_run = dry_run(query.as_deref())?;
    if !facts_now(&desk.registry, &known).await?.proven {
        return Err(Problem::new(Kind::Conflict, "the domain is not proven yet; prove it first"));
    }
    if known.registration.portal.connector.url().is_none() {
        let kind = kind_of(&known.registration.portal.connector);
        return Err(Problem::new(Kind::Conflict, format!("nothing is fetched of a portal of kind `{kind}`")));
    }
    if !dry_run {
        let begun = desk.joining.previews.begin(&desk.registry, &desk.site, &who, &known.registration);
        begun.map_err(|busy| Problem::new(Kind::Busy, busy.to_string()))?;
    }
    let mut response = json(&headers, KEEP_NOT, &standing(&desk, &known));
    if !dry_run {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    Ok(response)
}

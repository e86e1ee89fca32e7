//! `/anbindung/{portal}/laeufe`: the runs of a portal, and what people do with them.
//!
//! What a run did stands in the indexer's store, who asked for it in the audit trail: two databases. So what is asked
//! for is written down before it begins, and what came of it afterwards; an entry without a second one says that it was
//! tried.

pub(crate) mod api;

use std::future::Future;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use config::clock;
use connectors::finding::Finding;
use connectors::registration::Portal;
use http::{HeaderMap, StatusCode};
use indexer::run::{Indexer, KnownOf, Listed, Plan, RunError, RunReport};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::form::Form;
use super::paths::Paths;
use super::refusal::Denied;
use super::who::{Right, Who};
use crate::pages::respond::redirect;
use crate::pages::templates::{self, Page};
use crate::pages::words::moment_brief;
use crate::pages::{KEEP_NOT, html};
use crate::runs::{line, lists, next_sentence, outcome_name, progress_sentence};

pub(super) use api::api;

/// Records of a list that a page shows; the interface has them all.
const SHOWN: usize = 100;

pub(super) fn pages() -> Paths {
    Paths::new()
        .get("/anbindung/{portal}/laeufe", show)
        .get("/anbindung/{portal}/laeufe/zurueckgestellt", aside)
        .post("/anbindung/{portal}/laeufe/anhalten", stop)
        .post("/anbindung/{portal}/laeufe/fortsetzen", go_on)
        .get("/anbindung/{portal}/laeufe/{run}", one)
        .post("/anbindung/{portal}/laeufe/{run}/freigeben", let_pass)
        .post("/anbindung/{portal}/laeufe/{run}/wiederherstellen", go_back)
}

/// What happens to the runs of a portal: written down, done, and what came of it written down as well.
///
/// `Ok(Err(…))` when it could not be done; the registry is not at fault then.
async fn audited<T>(
    desk: &Desk,
    who: &Who,
    action: &str,
    portal: &Portal,
    wanted: Value,
    doing: impl Future<Output = Result<T, RunError>>,
    came: impl FnOnce(&T) -> Value,
) -> Result<Result<T, RunError>, super::RegistryError> {
    let mut tx = desk.registry.begin().await?;
    tx.audit(who, action, Some(&portal.id), None, Some(wanted.clone())).await?;
    tx.commit().await?;
    let done = doing.await;
    let after = match &done {
        Ok(done) => came(done),
        Err(error) => json!({"failed": error.to_string()}),
    };
    let mut tx = desk.registry.begin().await?;
    tx.audit(who, &format!("{action}.done"), Some(&portal.id), Some(wanted), Some(after)).await?;
    tx.commit().await?;
    Ok(done)
}

/// What a report says in an audit entry.
fn came_of(report: &RunReport) -> Value {
    let applied = &report.applied;
    json!({
        "run": report.run, "outcome": report.outcome.as_str(), "added": applied.added, "updated": applied.updated,
        "removed": applied.removed,
    })
}

/// Lets the indexer follow what was done; what it cannot show yet comes with the next run.
async fn follow(indexer: &Indexer) {
    if let Err(error) = indexer.follow().await {
        tracing::error!(%error, "the index could not be brought up to date");
    }
}

/// One run in the list.
struct Zeile {
    nummer: i64,
    beginn: String,
    ende: String,
    ergebnis: &'static str,
    neu: u64,
    geaendert: u64,
    entfernt: u64,
    unveraendert: u64,
    abgelehnt: u64,
    /// The state before it is kept.
    kann_zurueck: bool,
}

/// One list of a plan.
struct Liste<'a> {
    name: &'a str,
    zahl: u64,
    saetze: Vec<String>,
    weitere: u64,
}

fn listen(plan: &Plan) -> Vec<Liste<'_>> {
    let liste = |(name, listed): (&'static str, &Listed)| {
        let saetze: Vec<String> = listed.entries.iter().take(SHOWN).map(line).collect();
        Liste { name, zahl: listed.total, weitere: listed.total - saetze.len() as u64, saetze }
    };
    lists(plan).into_iter().map(liste).collect()
}

fn restorable(known: &KnownOf, number: i64, outcome: &str) -> bool {
    number >= known.kept_from && matches!(outcome, "applied" | "restored" | "broken_off" | "failed")
}

fn zeilen(known: &KnownOf) -> Vec<Zeile> {
    let zeile = |run: &indexer::run::RunRow| Zeile {
        nummer: run.number.unwrap_or_default(),
        beginn: moment_brief(run.started),
        ende: moment_brief(run.ended),
        ergebnis: outcome_name(&run.outcome),
        neu: run.applied.added,
        geaendert: run.applied.updated,
        entfernt: run.applied.removed,
        unveraendert: run.applied.unchanged,
        abgelehnt: run.refused,
        kann_zurueck: restorable(known, run.number.unwrap_or_default(), &run.outcome),
    };
    known.runs.iter().map(zeile).collect()
}

#[derive(Template)]
#[template(path = "anbindung/laeufe.html")]
struct List<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: &'a Portal,
    zeilen: Vec<Zeile>,
    naechster: String,
    fortschritt: Option<String>,
    stand: Option<String>,
    angehalten: Option<i64>,
    pause: bool,
    zurueckgestellt: usize,
    verwaltet: bool,
}

#[derive(Template)]
#[template(path = "anbindung/lauf.html")]
struct One<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: &'a Portal,
    lauf: &'a Zeile,
    /// The lists of its plan, where it is held, or of what a restore would do.
    listen: Vec<Liste<'a>>,
    angehalten: bool,
    /// Somebody asked what a restore would do.
    probe: bool,
    befunde: Vec<String>,
    meldung: Option<String>,
    verwaltet: bool,
}

/// One record that was not taken.
struct Abgelehnt {
    was: String,
    wann: String,
    gruende: Vec<String>,
    bleibt: bool,
    xml: String,
    gekuerzt: bool,
}

#[derive(Template)]
#[template(path = "anbindung/zurueckgestellt.html")]
struct Aside<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: &'a Portal,
    abgelehnte: Vec<Abgelehnt>,
    weitere: usize,
}

#[derive(Template)]
#[template(path = "anbindung/lauf-meldung.html")]
struct Said<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: &'a Portal,
    heading: &'a str,
    text: &'a str,
}

fn render(headers: &HeaderMap, view: &impl Template) -> Response {
    html(headers, KEEP_NOT, templates::render(&view))
}

/// A page that says why something cannot be done now.
fn said(who: &Who, portal: &Portal, status: StatusCode, heading: &str, text: &str) -> Response {
    let page = Page::new(heading, None);
    let view = Said { page: &page, who, portal, heading, text };
    let mut response = render(&HeaderMap::new(), &view);
    *response.status_mut() = status;
    response
}

/// What people are told when a run cannot be made.
fn refused(who: &Who, portal: &Portal, error: &RunError) -> Response {
    let say = |status, heading: &str, text: &str| said(who, portal, status, heading, text);
    match error {
        RunError::Running { since, .. } => say(
            StatusCode::CONFLICT,
            "Es läuft schon ein Lauf",
            &format!(
                "Er begann am {}. Bitte warten Sie sein Ende ab und versuchen Sie es dann noch einmal.",
                moment_brief(*since)
            ),
        ),
        RunError::Paused { since, why, .. } => say(
            StatusCode::CONFLICT,
            "Die Läufe dieses Portals sind angehalten",
            &format!("Seit {}: {why} Bitte setzen Sie sie zuerst fort.", moment_brief(*since)),
        ),
        RunError::NotHeld { run, .. } => say(
            StatusCode::CONFLICT,
            "Dieser Lauf wartet nicht mehr",
            &format!("Lauf {run} ist nicht mehr angehalten: Ein späterer hat ihn abgelöst, oder er wurde freigegeben."),
        ),
        RunError::Store(indexer::run::StoreError::NotKept { run, .. }) => say(
            StatusCode::CONFLICT,
            "Dieser Stand ist nicht mehr aufbewahrt",
            &format!(
                "Was Lauf {run} ersetzt hat, ist nicht mehr da. In der Liste steht, vor welche Läufe Sie zurückkönnen."
            ),
        ),
        error => {
            tracing::error!(portal.id = %portal.id, %error, "a run that was asked for could not be made");
            say(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Das klappt zurzeit leider nicht",
                "Bei uns ist ein Fehler aufgetreten; geändert wurde nichts. Bitte versuchen Sie es später noch einmal.",
            )
        }
    }
}

/// The writing side, or the page that says that it is elsewhere.
fn writing<'a>(desk: &'a Desk, who: &Who, portal: &Portal) -> Result<&'a Indexer, Box<Response>> {
    desk.indexer.as_deref().ok_or_else(|| {
        Box::new(said(
            who,
            portal,
            StatusCode::SERVICE_UNAVAILABLE,
            "Läufe gibt es hier nicht",
            "Dieser Server sammelt keine Portale. Bitte fragen Sie den Betrieb nach dem richtigen.",
        ))
    })
}

async fn show(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Read, &id)?;
    let indexer = match writing(&desk, &who, &portal) {
        Ok(indexer) => indexer,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    let (known, next) = match (indexer.known(&portal.id).await, indexer.next_run(&portal).await) {
        (Ok(known), Ok(next)) => (known, next),
        (Err(error), _) | (_, Err(error)) => return Ok(refused(&who, &portal, &error)),
    };
    let page = Page::new(&format!("Läufe: {}", portal.name), None);
    let fortschritt = indexer.progress(&portal.id).map(|progress| progress_sentence(&progress.borrow()));
    let view = List {
        page: &page,
        who: &who,
        portal: &portal,
        zeilen: zeilen(&known),
        naechster: next_sentence(&next, clock::now()),
        fortschritt,
        stand: known.good_at.map(moment_brief),
        angehalten: known.held.as_ref().map(|held| held.run),
        pause: known.paused.is_some(),
        zurueckgestellt: known.quarantined.len(),
        verwaltet: who.may(Right::Manage, &portal.id),
    };
    Ok(render(&headers, &view))
}

async fn one(
    State(desk): State<Desk>,
    who: Who,
    Path((id, run)): Path<(String, String)>,
    headers: HeaderMap,
    RawQuery(_): RawQuery,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Read, &id)?;
    let run: i64 = run.parse().map_err(|_| Denied::NoSuch)?;
    let indexer = match writing(&desk, &who, &portal) {
        Ok(indexer) => indexer,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    match indexer.known(&portal.id).await {
        Ok(known) => page_of(&who, &portal, &known, run, None, None, &headers),
        Err(error) => Ok(refused(&who, &portal, &error)),
    }
}

/// The page of one run; `would` is what a restore to the state before it would do.
fn page_of(
    who: &Who,
    portal: &Portal,
    known: &KnownOf,
    run: i64,
    would: Option<&Plan>,
    meldung: Option<String>,
    headers: &HeaderMap,
) -> Result<Response, Denied> {
    let zeilen = zeilen(known);
    let lauf = zeilen.iter().find(|zeile| zeile.nummer == run).ok_or(Denied::NoSuch)?;
    let held = known.held.as_ref().filter(|held| held.run == run);
    let plan = would.or(held.map(|held| &held.plan));
    let last = known.runs.iter().find(|run| run.outcome != "unchanged").and_then(|run| run.number) == Some(run);
    let befunde = known.findings.iter().filter(|_| last).take(SHOWN).map(befund).collect();
    let page = Page::new(&format!("Lauf {run}: {}", portal.name), None);
    let view = One {
        page: &page,
        who,
        portal,
        lauf,
        listen: plan.map(listen).unwrap_or_default(),
        angehalten: held.is_some(),
        probe: would.is_some(),
        befunde,
        meldung,
        verwaltet: who.may(Right::Manage, &portal.id),
    };
    Ok(render(headers, &view))
}

fn befund(finding: &Finding) -> String {
    let place = match (&finding.file, finding.line) {
        (Some(file), Some(line)) => format!("{file}, Zeile {line}: "),
        (Some(file), None) => format!("{file}: "),
        _ => String::new(),
    };
    let object = finding.object.as_ref().map(|object| format!("{object}: ")).unwrap_or_default();
    format!("{place}{object}{}", finding.sentence())
}

async fn aside(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Read, &id)?;
    let indexer = match writing(&desk, &who, &portal) {
        Ok(indexer) => indexer,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    let known = match indexer.known(&portal.id).await {
        Ok(known) => known,
        Err(error) => return Ok(refused(&who, &portal, &error)),
    };
    let abgelehnt = |one: &indexer::run::Quarantined| Abgelehnt {
        was: match (&one.id, &one.place) {
            (Some(id), _) => format!("{} {id}", one.kind.name()),
            (None, place) => format!("{} ohne Id ({})", one.kind.name(), place.as_deref().unwrap_or("-")),
        },
        wann: moment_brief(one.at),
        gruende: one.findings.iter().map(Finding::sentence).collect(),
        bleibt: one.older_stays,
        xml: one.xml.clone(),
        gekuerzt: one.cut,
    };
    let page = Page::new(&format!("Zurückgestellte Einträge: {}", portal.name), None);
    let abgelehnte: Vec<Abgelehnt> = known.quarantined.iter().take(SHOWN).map(abgelehnt).collect();
    let weitere = known.quarantined.len() - abgelehnte.len();
    Ok(render(&headers, &Aside { page: &page, who: &who, portal: &portal, abgelehnte, weitere }))
}

#[derive(Deserialize)]
struct Nothing {}

async fn let_pass(
    State(desk): State<Desk>,
    who: Who,
    Path((id, run)): Path<(String, String)>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Manage, &id)?;
    let run: i64 = run.parse().map_err(|_| Denied::NoSuch)?;
    let indexer = match writing(&desk, &who, &portal) {
        Ok(indexer) => indexer,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    let cancel = CancellationToken::new();
    let doing = indexer.release(&portal, run, &cancel);
    let done = audited(&desk, &who, "run.release", &portal, json!({"run": run}), doing, came_of).await?;
    Ok(ended(&who, &portal, indexer, done).await)
}

/// Where somebody goes when a run was made for them: to its page.
async fn ended(who: &Who, portal: &Portal, indexer: &Indexer, done: Result<RunReport, RunError>) -> Response {
    match done {
        Ok(report) => {
            follow(indexer).await;
            let to = match report.run {
                Some(run) => format!("/anbindung/{}/laeufe/{run}", portal.id),
                None => format!("/anbindung/{}/laeufe", portal.id),
            };
            redirect(StatusCode::SEE_OTHER, &to, KEEP_NOT)
        }
        Err(error) => refused(who, portal, &error),
    }
}

#[derive(Deserialize)]
struct Back {
    /// Only show what it would do.
    #[serde(default)]
    probe: String,
    /// The box that somebody ticked after looking.
    #[serde(default)]
    sicher: String,
}

async fn go_back(
    State(desk): State<Desk>,
    who: Who,
    Path((id, run)): Path<(String, String)>,
    headers: HeaderMap,
    Form(back): Form<Back>,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Manage, &id)?;
    let run: i64 = run.parse().map_err(|_| Denied::NoSuch)?;
    let indexer = match writing(&desk, &who, &portal) {
        Ok(indexer) => indexer,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    if back.probe.is_empty() && back.sicher == "ja" {
        let doing = indexer.restore(&portal, run, false);
        let done = audited(&desk, &who, "run.restore", &portal, json!({"before": run}), doing, came_of).await?;
        return Ok(ended(&who, &portal, indexer, done).await);
    }
    // Without the tick it is shown once more what it would do.
    let meldung = back.probe.is_empty().then(|| "Bitte bestätigen Sie mit dem Haken, dass Sie das wollen.".to_owned());
    let trial = match indexer.restore(&portal, run, true).await {
        Ok(trial) => trial,
        Err(error) => return Ok(refused(&who, &portal, &error)),
    };
    match indexer.known(&portal.id).await {
        Ok(known) => page_of(&who, &portal, &known, run, Some(&trial.plan), meldung, &headers),
        Err(error) => Ok(refused(&who, &portal, &error)),
    }
}

#[derive(Deserialize)]
struct Why {
    #[serde(default)]
    grund: String,
}

async fn stop(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    Form(Why { grund }): Form<Why>,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Manage, &id)?;
    let indexer = match writing(&desk, &who, &portal) {
        Ok(indexer) => indexer,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    let why = reason(&grund);
    let doing = indexer.pause(&portal.id, &why);
    let done = audited(&desk, &who, "run.pause", &portal, json!({"why": why}), doing, |()| json!("paused")).await?;
    Ok(done.map_or_else(|error| refused(&who, &portal, &error), |()| to_list(&portal)))
}

async fn go_on(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Manage, &id)?;
    let indexer = match writing(&desk, &who, &portal) {
        Ok(indexer) => indexer,
        Err(elsewhere) => return Ok(*elsewhere),
    };
    let doing = indexer.resume(&portal.id);
    let done = audited(&desk, &who, "run.resume", &portal, json!({}), doing, |()| json!("resumed")).await?;
    Ok(done.map_or_else(|error| refused(&who, &portal, &error), |()| to_list(&portal)))
}

fn to_list(portal: &Portal) -> Response {
    redirect(StatusCode::SEE_OTHER, &format!("/anbindung/{}/laeufe", portal.id), KEEP_NOT)
}

/// A reason as it is kept: on one line, at most 300 characters, never empty.
fn reason(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
    if text.is_empty() { "Ohne Angabe eines Grundes.".to_owned() } else { text }
}

#[cfg(test)]
mod tests;

//! Deliveries on pages: the list, what became of one, and taking the last one back.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use connectors::registration::Portal;
use http::StatusCode;
use http::header::HeaderMap;
use indexer::run::Outcome;
use serde::Deserialize;
use serde_json::json;

use super::deliver::{self, IntakeError};
use super::wire::{FindingAnswer, ImportAnswer, RecordAnswer};
use crate::pages::respond::redirect;
use crate::pages::templates::{self, Page};
use crate::pages::words::grouped;
use crate::pages::words::moment_brief;
use crate::pages::{KEEP_NOT, html};
use crate::registry::{Denied, Desk, Form, ImportRow, Paths, Right, Who};

/// Deliveries in the list.
const PAGE: i64 = 50;

pub(super) fn pages() -> Paths {
    Paths::new()
        .get("/anbindung/{portal}/lieferungen", list)
        .get("/anbindung/{portal}/lieferungen/{import}", show)
        .post("/anbindung/{portal}/lieferungen/{import}/zuruecknehmen", take_back)
}

/// One record of a delivery, as a row.
pub(super) struct Satz {
    pub zeile: String,
    pub name: String,
    /// What it says, in short; empty where that is not known.
    pub inhalt: Vec<String>,
    pub urteil: &'static str,
    pub fehlerhaft: bool,
    pub url: Option<String>,
    pub befunde: Vec<String>,
}

impl Satz {
    pub(super) fn of(record: &RecordAnswer, trial: bool) -> Self {
        Self {
            zeile: record.line.map(|line| line.to_string()).unwrap_or_default(),
            name: record.name.clone().filter(|name| !name.is_empty()).or(record.id.clone()).unwrap_or_default(),
            inhalt: Vec::new(),
            urteil: verdict(&record.verdict, trial),
            fehlerhaft: record.verdict == "quarantined",
            url: record.url.clone().filter(|_| !trial),
            befunde: sentences(&record.findings),
        }
    }
}

/// The German word for what becomes of a record, or became.
fn verdict(verdict: &str, trial: bool) -> &'static str {
    match (verdict, trial) {
        ("taken", true) => "wird übernommen",
        ("taken", false) => "übernommen",
        ("unchanged", _) => "unverändert",
        ("older", _) => "älter als unser Stand, deshalb nicht übernommen",
        ("removed", true) => "wird entfernt",
        ("removed", false) => "entfernt",
        ("absent", _) => "war nicht vorhanden",
        (_, true) => "wird nicht übernommen",
        (_, false) => "nicht übernommen",
    }
}

pub(super) fn sentences(findings: &[FindingAnswer]) -> Vec<String> {
    findings.iter().map(|finding| finding.sentence.clone()).collect()
}

/// How a delivery ended, as a sentence.
pub(super) fn outcome(answer: &ImportAnswer) -> String {
    let count = |verdict: &str| answer.records.iter().filter(|one| one.verdict == verdict).count();
    let counted = |names: [(&str, &str); 4]| {
        let named = names.into_iter().map(|(verdict, word)| format!("{} {word}", grouped(count(verdict))));
        named.collect::<Vec<_>>().join(", ")
    };
    match answer.outcome.as_str() {
        "held" => "Diese Lieferung würde zu viel entfernen und wurde angehalten. Es hat sich nichts geändert.".into(),
        "failed" => "Diese Lieferung konnte nicht gelesen werden. Es hat sich nichts geändert.".into(),
        "trial" => {
            counted([
                ("taken", "werden übernommen"),
                ("unchanged", "sind unverändert"),
                ("removed", "werden entfernt"),
                ("quarantined", "können nicht übernommen werden"),
            ]) + "."
        }
        _ => {
            counted([
                ("taken", "übernommen"),
                ("unchanged", "unverändert"),
                ("removed", "entfernt"),
                ("quarantined", "nicht übernommen"),
            ]) + "."
        }
    }
}

#[derive(Template)]
#[template(path = "anbindung/lieferungen.html")]
struct Liste<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: &'a Portal,
    darf_liefern: bool,
    lieferungen: Vec<Zeile>,
}

/// One delivery in the list.
struct Zeile {
    nummer: i64,
    wann: String,
    wer: String,
    weg: &'static str,
    ergebnis: &'static str,
}

impl Zeile {
    fn of(row: &ImportRow) -> Self {
        Self {
            nummer: row.id,
            wann: moment_brief(row.at),
            wer: row.actor.clone(),
            weg: way(&row.way),
            ergebnis: match row.outcome.as_deref() {
                Some("applied") => "übernommen",
                Some("trial") => "nur geprüft",
                Some("held") => "angehalten",
                Some("failed") => "nicht lesbar",
                Some(_) => "beendet",
                None => "nicht beendet",
            },
        }
    }
}

fn way(way: &str) -> &'static str {
    match way {
        "table" => "Tabelle",
        "form" => "Formular",
        _ => "Schnittstelle",
    }
}

async fn list(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Read, &id)?;
    let rows = desk.registry.imports(&portal.id, None, PAGE).await?;
    let page = Page::new(&format!("Lieferungen – {}", portal.name), None);
    let view = Liste {
        page: &page,
        who: &who,
        darf_liefern: who.may(Right::Deliver, &portal.id),
        lieferungen: rows.iter().map(Zeile::of).collect(),
        portal: &portal,
    };
    Ok(html(&headers, KEEP_NOT, templates::render(&view)))
}

#[derive(Template)]
#[template(path = "anbindung/lieferung.html")]
struct Eine<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: &'a Portal,
    nummer: i64,
    wann: String,
    weg: &'static str,
    ergebnis: String,
    meldung: Option<&'static str>,
    fehler: Option<String>,
    saetze: Vec<Satz>,
    weitere: u64,
    befunde: Vec<String>,
    ruecknehmbar: bool,
}

/// The delivery of a number, with its answer.
async fn known(desk: &Desk, portal: &Portal, number: &str) -> Result<(ImportRow, ImportAnswer), Denied> {
    let number = number.parse().map_err(|_| Denied::NoSuch)?;
    let row = desk.registry.import(&portal.id, number).await?.ok_or(Denied::NoSuch)?;
    let json = desk.registry.import_answer(row.id).await?.ok_or(Denied::NoSuch)?;
    let answer = serde_json::from_str(&json).map_err(|_| Denied::NoSuch)?;
    Ok((row, answer))
}

/// Whether what this delivery did can be taken back: nothing changed the portal since.
async fn is_last(desk: &Desk, portal: &Portal, row: &ImportRow) -> bool {
    let (Some(indexer), Some(run), Some("applied")) = (&desk.indexer, row.run, row.outcome.as_deref()) else {
        return false;
    };
    let Ok(known) = indexer.known(&portal.id).await else { return false };
    let changed = |outcome: &str| matches!(outcome, "applied" | "restored" | "broken_off");
    known.runs.iter().find(|one| changed(&one.outcome)).is_some_and(|last| last.number == Some(run))
}

async fn show(
    State(desk): State<Desk>,
    who: Who,
    Path((id, number)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Read, &id)?;
    let (row, answer) = known(&desk, &portal, &number).await?;
    let taken_back = query.as_deref() == Some("zurueckgenommen");
    let last = who.may(Right::Deliver, &portal.id) && is_last(&desk, &portal, &row).await;
    Ok(one(&headers, &who, &portal, &row, &answer, (taken_back, None, last)))
}

fn one(
    headers: &HeaderMap,
    who: &Who,
    portal: &Portal,
    row: &ImportRow,
    answer: &ImportAnswer,
    (taken_back, fehler, ruecknehmbar): (bool, Option<String>, bool),
) -> Response {
    let page = Page::new(&format!("Lieferung {} – {}", row.id, portal.name), None);
    let taken_back = taken_back.then_some("Die Lieferung ist zurückgenommen; es gilt wieder der Stand davor.");
    let view = Eine {
        page: &page,
        who,
        portal,
        nummer: row.id,
        wann: moment_brief(row.at),
        weg: way(&row.way),
        ergebnis: outcome(answer),
        meldung: taken_back,
        fehler,
        saetze: answer.records.iter().map(|record| Satz::of(record, row.trial)).collect(),
        weitere: answer.records_left_out,
        befunde: sentences(&answer.findings),
        ruecknehmbar,
    };
    html(headers, KEEP_NOT, templates::render(&view))
}

#[derive(Debug, Deserialize)]
struct Nothing {}

async fn take_back(
    State(desk): State<Desk>,
    who: Who,
    Path((id, number)): Path<(String, String)>,
    headers: HeaderMap,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Deliver, &id)?;
    let (row, answer) = known(&desk, &portal, &number).await?;
    match undo(&desk, &who, &portal, &row).await {
        Ok(()) => {
            let target = format!("/anbindung/{}/lieferungen/{}?zurueckgenommen", portal.id, row.id);
            Ok(redirect(StatusCode::SEE_OTHER, &target, KEEP_NOT))
        }
        Err(error) => {
            tracing::error!(portal.id = %portal.id, %error, "a delivery could not be taken back");
            let sentence =
                "Die Lieferung konnte nicht zurückgenommen werden: Inzwischen wurde anderes übernommen, oder \
                            ein Lauf ist im Gange. Es hat sich nichts geändert."
                    .to_owned();
            Ok(one(&headers, &who, &portal, &row, &answer, (false, Some(sentence), false)))
        }
    }
}

/// Brings the portal to the state before this delivery, where nothing else has changed it since.
async fn undo(desk: &Desk, who: &Who, portal: &Portal, row: &ImportRow) -> Result<(), IntakeError> {
    let indexer = desk.indexer.clone().ok_or(IntakeError::Closed)?;
    let run = row.run.ok_or(IntakeError::NotLast)?;
    if !is_last(desk, portal, row).await {
        return Err(IntakeError::NotLast);
    }
    let (desk, who, portal, import) = (desk.clone(), who.clone(), portal.clone(), row.id);
    let tasks = desk.tasks.clone();
    let taking = tasks.spawn(async move {
        let report = indexer.restore(&portal, run, false).await?;
        if report.outcome != Outcome::Restored {
            return Err(IntakeError::NotLast);
        }
        // A restore stops the next run, which would fetch again what was undone; here nothing comes by itself.
        indexer.resume(&portal.id).await?;
        deliver::follow(&indexer).await;
        let mut tx = desk.registry.begin().await?;
        tx.forget_descriptions_of(&portal.id, import).await?;
        let did = json!({"import": import, "run": run, "restored_by": report.run});
        tx.audit(&who, "import.undone", Some(&portal.id), Some(json!({"import": import})), Some(did)).await?;
        tx.commit().await?;
        Ok(())
    });
    taking.await.map_err(|_| IntakeError::Lost)?
}

//! Tables on pages: a blank one out, a filled one in, looked at row by row before it counts.

use std::path::PathBuf;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use connectors::beschreibung::Leistungsbeschreibung;
use connectors::beschreibung::tabelle::{MAX_BYTES, Spalte, Tabelle};
use connectors::registration::Portal;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use indexer::run::Format;
use multer::{Constraints, Multipart, SizeLimit};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::deliver::{self, IntakeError, Order};
use super::lieferungen::{Satz, outcome, sentences};
use super::spool::{PREVIEW, Received};
use super::wire::ImportAnswer;
use crate::pages::respond::redirect;
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_NOT, html};
use crate::registry::{Denied, Desk, Form, Paths, Right, Who, same_origin};
use crate::table;

pub(super) fn pages() -> Paths {
    Paths::new()
        .get("/anbindung/{portal}/tabelle", show)
        .post("/anbindung/{portal}/tabelle", upload)
        .post("/anbindung/{portal}/tabelle/uebernehmen", take)
        .get("/anbindung/{portal}/tabelle.csv", blank_csv)
        .get("/anbindung/{portal}/tabelle.xlsx", blank_xlsx)
}

#[derive(Template)]
#[template(path = "anbindung/tabelle.html")]
struct Seite<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: &'a Portal,
    spalten: Vec<&'static str>,
    fehler: Option<String>,
}

fn form(headers: &HeaderMap, who: &Who, portal: &Portal, fehler: Option<String>) -> Response {
    let title = if fehler.is_some() { "Fehler: Leistungen als Tabelle" } else { "Leistungen als Tabelle" };
    let page = Page::new(&format!("{title} – {}", portal.name), None);
    let status = if fehler.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let spalten = Spalte::ALL.iter().map(|column| column.name()).collect();
    let mut response = html(headers, KEEP_NOT, templates::render(&Seite { page: &page, who, portal, spalten, fehler }));
    *response.status_mut() = status;
    response
}

async fn show(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Deliver, &id)?;
    Ok(form(&headers, &who, &portal, None))
}

/// A row for each Leistung of the place, as far as it is known what that is; nothing else is filled in.
async fn blank(desk: &Desk, who: &Who, id: &str) -> Result<(Portal, Vec<[String; Spalte::ALL.len()]>), Denied> {
    let portal = desk.portal(who, Right::Deliver, id)?;
    let report = match desk.site.reports.of(&desk.site.catalog, portal.gebiet).await {
        Ok(report) => report,
        Err(error) => {
            tracing::error!(%error, "the catalog cannot say what a table should hold; it is left empty");
            None
        }
    };
    let entries = report.iter().flat_map(|report| &report.entries);
    let rows = entries.filter_map(|entry| {
        let key = entry.schluessel?;
        Some(Spalte::ALL.map(|column| match column {
            Spalte::Schluessel => key.to_string(),
            Spalte::Bezeichnung => table::defused(&entry.name),
            Spalte::Gebiet => portal.gebiet.to_string(),
            _ => String::new(),
        }))
    });
    let rows = rows.collect();
    Ok((portal, rows))
}

fn attachment(bytes: impl Into<axum::body::Body>, content_type: &'static str, name: String) -> Response {
    let mut response = ([(header::CONTENT_TYPE, content_type)], bytes.into()).into_response();
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

async fn blank_csv(State(desk): State<Desk>, who: Who, Path(id): Path<String>) -> Result<Response, Denied> {
    let (portal, rows) = blank(&desk, &who, &id).await?;
    // Spreadsheets take a file for UTF-8 only when it begins so.
    let text = format!("\u{feff}{}", table::csv(Spalte::ALL.map(Spalte::name), rows));
    Ok(attachment(text, "text/csv; charset=utf-8; header=present", format!("leistungen-{}.csv", portal.id)))
}

async fn blank_xlsx(State(desk): State<Desk>, who: Who, Path(id): Path<String>) -> Result<Response, Denied> {
    let (portal, rows) = blank(&desk, &who, &id).await?;
    let made = tokio::task::spawn_blocking(move || table::xlsx(Spalte::ALL.map(Spalte::name), &rows)).await;
    let Ok(Ok(bytes)) = made else {
        tracing::error!(portal.id = %portal.id, "a blank table could not be written");
        return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
    };
    let content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(attachment(bytes, content_type, format!("leistungen-{}.xlsx", portal.id)))
}

/// What was sent with the form, and how it is read.
struct Sent {
    bytes: Vec<u8>,
    format: Format,
}

/// Reads the form; the word of the session stands before the file, so that nobody else's file is even read.
async fn sent(who: &Who, request: Request) -> Result<Result<Sent, &'static str>, Denied> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = content_type.and_then(|value| multer::parse_boundary(value).ok()).ok_or(Denied::Unreadable)?;
    let most = MAX_BYTES as u64;
    let limits = SizeLimit::new().whole_stream(most + 16_384).for_field("csrf", 1_000).for_field("datei", most);
    let constraints = Constraints::new().allowed_fields(vec!["csrf", "datei"]).size_limit(limits);
    let body = request.into_body().into_data_stream();
    let mut fields = Multipart::with_constraints(body, boundary, constraints);
    let mut trusted = false;
    loop {
        let field = match fields.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) if trusted => return Ok(Err("Bitte wählen Sie eine Datei aus.")),
            Ok(None) => return Err(Denied::Csrf),
            Err(error) => return too_large(&error).map(Err),
        };
        if field.name() == Some("csrf") {
            let word = field.text().await.map_err(|_| Denied::Unreadable)?;
            trusted = who.csrf_is(&word);
            continue;
        }
        if !trusted {
            return Err(Denied::Csrf);
        }
        let format = field.file_name().and_then(Format::of_name);
        let bytes = match field.bytes().await {
            Ok(bytes) => bytes.to_vec(),
            Err(error) => return too_large(&error).map(Err),
        };
        return Ok(match format {
            _ if bytes.is_empty() => Err("Bitte wählen Sie eine Datei aus."),
            Some(format @ (Format::Csv | Format::Xlsx)) => Ok(Sent { bytes, format }),
            _ => Err("Bitte wählen Sie eine Datei, deren Name auf .xlsx oder .csv endet."),
        });
    }
}

fn too_large(error: &multer::Error) -> Result<&'static str, Denied> {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            Ok("Die Datei ist größer als 16 MiB. Bitte teilen Sie die Tabelle auf.")
        }
        _ => Err(Denied::Unreadable),
    }
}

/// What was looked at and is waited for: one table of each account and portal at a time.
fn kept(desk: &Desk, who: &Who, portal: &Portal, digest: &str, format: Format) -> PathBuf {
    let name = format!("{PREVIEW}{}-{}-{digest}.{}", portal.id, who.account, format.extension());
    super::folder(desk).join(name)
}

async fn keep(desk: &Desk, who: &Who, portal: &Portal, sent: &Sent) -> std::io::Result<String> {
    let digest: String = Sha256::digest(&sent.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let path = kept(desk, who, portal, &digest, sent.format);
    let (folder, bytes) = (super::folder(desk), sent.bytes.clone());
    let begin = format!("{PREVIEW}{}-{}-", portal.id, who.account);
    let kept = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)?;
        for other in std::fs::read_dir(&folder)?.flatten() {
            if other.file_name().to_string_lossy().starts_with(&begin) {
                std::fs::remove_file(other.path())?;
            }
        }
        std::fs::write(path, bytes)
    });
    kept.await.map_err(std::io::Error::other)??;
    Ok(format!("{digest}.{}", sent.format.extension()))
}

fn order(portal: &Portal, format: Format, dry_run: bool) -> Order {
    Order { portal: portal.clone(), way: "table", format, whole: false, dry_run, release: false, key: None }
}

/// Takes a table, or only tries it.
async fn deliver(
    desk: &Desk,
    who: &Who,
    portal: &Portal,
    sent: &Sent,
    dry_run: bool,
) -> Result<ImportAnswer, IntakeError> {
    let received = Received::of_bytes(&super::folder(desk), sent.bytes.clone()).await?;
    let answered = deliver::deliver(desk, who, order(portal, sent.format, dry_run), received).await?;
    serde_json::from_str(&answered.json).map_err(|_| IntakeError::Lost)
}

#[derive(Template)]
#[template(path = "anbindung/tabelle-vorschau.html")]
struct Vorschau<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: &'a Portal,
    ergebnis: String,
    saetze: Vec<Satz>,
    weitere: u64,
    befunde: Vec<String>,
    leer: u64,
    /// What is to be confirmed; none where nothing would be taken.
    datei: Option<String>,
}

async fn upload(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Denied> {
    same_origin(&headers, &desk.site.public_url)?;
    let portal = desk.portal(&who, Right::Deliver, &id)?;
    let sent = match sent(&who, request).await? {
        Ok(sent) => sent,
        Err(sentence) => return Ok(form(&headers, &who, &portal, Some(sentence.to_owned()))),
    };
    let answer = match deliver(&desk, &who, &portal, &sent, true).await {
        Ok(answer) => answer,
        Err(error) => return Ok(form(&headers, &who, &portal, Some(error.sentence()))),
    };
    let Ok(file) = keep(&desk, &who, &portal, &sent).await else {
        return Ok(form(&headers, &who, &portal, Some(IntakeError::Full.sentence())));
    };
    let read = match sent.format {
        Format::Csv => Tabelle::csv(&sent.bytes),
        _ => Tabelle::xlsx(&sent.bytes),
    };
    let read = read.unwrap_or_default();
    let describe = |mut satz: Satz, line: Option<u64>| {
        let row = read.zeilen.iter().find(|(number, _)| Some(*number) == line);
        satz.inhalt = row.map(|(_, said)| said_in_short(said)).unwrap_or_default();
        if let (true, Some((_, said))) = (satz.name.is_empty(), row) {
            satz.name = said.bezeichnung.first().unwrap_or_default().to_owned();
        }
        satz
    };
    let rows = answer.records.iter().map(|record| describe(Satz::of(record, true), record.line));
    let page = Page::new(&format!("Vorschau der Tabelle – {}", portal.name), None);
    let taken = answer.records.iter().any(|record| record.verdict == "taken");
    let view = Vorschau {
        page: &page,
        who: &who,
        portal: &portal,
        ergebnis: outcome(&answer),
        saetze: rows.collect(),
        weitere: answer.records_left_out,
        befunde: sentences(&answer.findings),
        leer: read.blank,
        datei: taken.then_some(file),
    };
    Ok(html(&headers, KEEP_NOT, templates::render(&view)))
}

/// What a row says, in short.
fn said_in_short(said: &Leistungsbeschreibung) -> Vec<String> {
    let mut lines = Vec::new();
    for stelle in &said.stellen {
        let mut parts = vec![stelle.name.first().unwrap_or_default().to_owned()];
        for anschrift in &stelle.anschriften {
            parts.extend([&anschrift.strasse, &anschrift.plz, &anschrift.ort].into_iter().flatten().cloned());
        }
        parts.extend(stelle.telefon.0.iter().chain(&stelle.email.0).cloned());
        parts.retain(|part| !part.is_empty());
        lines.push(format!("Stelle: {}", parts.join(", ")));
    }
    for dienst in &said.onlinedienste {
        let name = dienst.bezeichnung.first().unwrap_or_default();
        lines.push(format!("Onlinedienst: {name} {}", dienst.url.0.join(" ")).trim_end().to_owned());
    }
    if !said.texte.is_empty() {
        let names: Vec<_> = said.texte.iter().map(|text| text.modul.name()).collect();
        lines.push(format!("Texte: {}", names.join(", ")));
    }
    lines
}

/// Which of the tables that were looked at is meant.
#[derive(Debug, Deserialize)]
struct Bestaetigt {
    #[serde(default)]
    datei: String,
}

async fn take(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(Bestaetigt { datei }): Form<Bestaetigt>,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Deliver, &id)?;
    let (digest, _) = datei.split_once('.').ok_or(Denied::Unreadable)?;
    let format = Format::of_name(&datei).filter(|format| matches!(format, Format::Csv | Format::Xlsx));
    let format = format.ok_or(Denied::Unreadable)?;
    if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Denied::Unreadable);
    }
    let path = kept(&desk, &who, &portal, digest, format);
    let Ok(bytes) = tokio::fs::read(&path).await else {
        let sentence = "Diese Tabelle liegt uns nicht mehr vor. Bitte laden Sie sie noch einmal hoch.".to_owned();
        return Ok(form(&headers, &who, &portal, Some(sentence)));
    };
    match deliver(&desk, &who, &portal, &Sent { bytes, format }, false).await {
        Ok(answer) => {
            // What is left is removed with the next table of this account, or at the next start.
            let _ = tokio::fs::remove_file(&path).await;
            let target = format!("/anbindung/{}/lieferungen/{}", portal.id, answer.import);
            Ok(redirect(StatusCode::SEE_OTHER, &target, KEEP_NOT))
        }
        Err(error) => Ok(form(&headers, &who, &portal, Some(error.sentence()))),
    }
}

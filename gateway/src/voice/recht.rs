//! Impressum, Datenschutz, the statement on accessibility, and the help: from `[operator]`, or the operator's own words.
//!
//! A file of the operator's own is read when the process starts. One that cannot be read is said in the log and by `check`;
//! until it can, the page says what the keys say.

use std::fs;
use std::io::Read;
use std::path::Path;

use axum::extract::State;
use axum::response::Response;
use config::Operator;
use http::HeaderMap;

use super::absatz::Absatz;
use super::{Dokument, Listed, Voice, dokument};
use crate::pages::sprache::Hier;
use crate::pages::{KEEP_PAGE, html, templates};

/// Bytes of a text of the operator's own.
const MAX_BYTES: u64 = 256 << 10;

/// The operator's own words, where there are some.
#[derive(Debug, Default)]
pub(super) struct Own {
    impressum: Option<Vec<Absatz>>,
    datenschutz: Option<Vec<Absatz>>,
}

impl Own {
    /// Reads the files that the operator names; one that cannot be read is told to the log.
    pub(super) fn read(operator: Option<&Operator>) -> Self {
        let read = |file: Option<&Path>| {
            let read = file.map(|file| read(file).map_err(|fault| format!("{}: {fault}", file.display())));
            match read? {
                Ok(text) => Some(Absatz::read(&text)),
                Err(fault) => {
                    tracing::error!(%fault, "a text of the operator cannot be shown; the page says what the keys say");
                    None
                }
            }
        };
        let Some(operator) = operator else { return Self::default() };
        Self {
            impressum: read(operator.impressum_file.as_deref()),
            datenschutz: read(operator.datenschutz_file.as_deref()),
        }
    }
}

/// A file of text, not longer than a page can be.
fn read(file: &Path) -> Result<String, String> {
    let opened = fs::File::open(file).map_err(|error| error.to_string())?;
    let mut text = String::new();
    opened.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    match text.trim() {
        "" => Err("is empty".to_owned()),
        _ if text.len() as u64 > MAX_BYTES => Err(format!("is longer than {MAX_BYTES} bytes")),
        _ => Ok(text),
    }
}

/// What is missing of what the law asks the operator to state, and which of the named files cannot be read.
pub(crate) fn faults(operator: Option<&Operator>) -> (Vec<String>, Vec<String>) {
    let Some(operator) = operator else {
        let missing = "[operator] is missing: /impressum, /datenschutz and /barrierefreiheit say that nobody stated who runs this";
        return (Vec::new(), vec![missing.to_owned()]);
    };
    let files = [&operator.impressum_file, &operator.datenschutz_file].into_iter().flatten();
    let unread = files.filter_map(|file| {
        read(file).err().map(|fault| format!("{}: {fault}, expected a text with paragraphs", file.display()))
    });
    let stated = [
        ("telefon", operator.telefon.is_some()),
        ("vertreten_durch", operator.vertreten_durch.is_some() || operator.impressum_file.is_some()),
        ("datenschutz_kontakt", operator.datenschutz_kontakt.is_some() || operator.datenschutz_file.is_some()),
        ("log_days", operator.log_days.is_some() || operator.datenschutz_file.is_some()),
        ("gebaerdensprache_url", operator.gebaerdensprache_url.is_some()),
        ("barrierefreiheit", operator.barrierefreiheit.is_some()),
    ];
    let missing = stated.into_iter().filter(|(_, stated)| !stated);
    let missing = missing.map(|(key, _)| format!("[operator] does not state `{key}`; the page says so"));
    (unread.collect(), missing.collect())
}

/// A page of text.
fn show(voice: &Voice, asked: &HeaderMap, hier: &Hier, which: Listed, absaetze: &[Absatz]) -> Response {
    let (_, titel, _) = which.says(hier.sprache);
    dokument(asked, KEEP_PAGE, &voice.page(hier, which), titel, absaetze)
}

/// The operator's own words, which are there in German alone: in other languages under a line that says so.
fn own(voice: &Voice, asked: &HeaderMap, hier: &Hier, which: Listed, absaetze: &[Absatz]) -> Response {
    let (_, titel, _) = which.says(hier.sprache);
    let vorab = hier.sprache.texts().voice.nur_deutsch;
    let lang = (!vorab.is_empty()).then_some("de");
    let page = voice.page(hier, which);
    html(asked, KEEP_PAGE, templates::render(&Dokument { page: &page, titel, vorab, lang, absaetze }))
}

pub(super) async fn impressum(State(voice): State<Voice>, hier: Hier, headers: HeaderMap) -> Response {
    if let Some(words) = &voice.own.impressum {
        return own(&voice, &headers, &hier, Listed::Impressum, words);
    }
    let absaetze = (hier.sprache.texts().voice.impressum)(&voice.fakten(hier.sprache));
    show(&voice, &headers, &hier, Listed::Impressum, &absaetze)
}

pub(super) async fn datenschutz(State(voice): State<Voice>, hier: Hier, headers: HeaderMap) -> Response {
    if let Some(words) = &voice.own.datenschutz {
        return own(&voice, &headers, &hier, Listed::Datenschutz, words);
    }
    let absaetze = (hier.sprache.texts().voice.datenschutz)(&voice.fakten(hier.sprache));
    show(&voice, &headers, &hier, Listed::Datenschutz, &absaetze)
}

pub(super) async fn barrierefreiheit(State(voice): State<Voice>, hier: Hier, headers: HeaderMap) -> Response {
    let absaetze = (hier.sprache.texts().voice.barrierefreiheit)(&voice.fakten(hier.sprache));
    show(&voice, &headers, &hier, Listed::Barrierefreiheit, &absaetze)
}

pub(super) async fn hilfe(State(voice): State<Voice>, hier: Hier, headers: HeaderMap) -> Response {
    let absaetze = (hier.sprache.texts().voice.hilfe)(&voice.fakten(hier.sprache));
    show(&voice, &headers, &hier, Listed::Hilfe, &absaetze)
}

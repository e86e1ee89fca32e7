//! Files that describe one Leistung in each line or row.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use connectors::beschreibung::tabelle::{self, Tabelle};
use connectors::beschreibung::{MAX_LINE_BYTES, Zeile};
use connectors::finding::{Finding, Rule, Severity};
use connectors::ids::Identifikator;
use connectors::registration::Portal;
use connectors::xzufi::{Action, Klasse, Objekt};

use super::{BATCH, Piece};
use crate::normalise::{Change, Normaliser, Refused};
use crate::record::Kind;
use crate::run::web::PageLine;
use crate::run::{Format, RunError};

/// Reads a whole file as a table.
type ReadTable = fn(&[u8]) -> Result<Tabelle, Finding>;

/// How the reading of one file ended.
pub(super) enum Ended {
    AtItsEnd,
    /// Nobody listens any more.
    Unheard,
    By(Box<Finding>),
}

/// Reads the file and hands over what it asks for.
pub(super) fn read(
    portal: &Portal,
    normaliser: &mut Normaliser,
    name: &str,
    path: &Path,
    format: Format,
    to: &mut dyn FnMut(Piece) -> bool,
) -> Result<Ended, RunError> {
    let fault = |error: std::io::Error| RunError::Read { path: path.to_owned(), reason: error.to_string() };
    let file = File::open(path).map_err(fault)?;
    let bytes = file.metadata().map_err(fault)?.len();
    let mut lines = Lines {
        portal,
        normaliser,
        name,
        changes: Vec::with_capacity(BATCH),
        known: HashMap::new(),
        spared: false,
        read: 0,
    };
    let read_table: Option<ReadTable> = match format {
        Format::Csv => Some(Tabelle::csv),
        Format::Xlsx => Some(Tabelle::xlsx),
        Format::Xzufi | Format::Ndjson => None,
    };
    let heard = match read_table {
        None => lines.ndjson(BufReader::with_capacity(1 << 16, file), to).map_err(fault)?,
        Some(read) => {
            let mut whole = Vec::new();
            // One byte more than is read as a table, so that a larger one is known as such.
            file.take(tabelle::MAX_BYTES as u64 + 1).read_to_end(&mut whole).map_err(fault)?;
            match read(&whole) {
                Ok(read) => lines.table(read, to),
                Err(finding) => return Ok(Ended::By(Box::new(finding.file(name)))),
            }
        }
    };
    let Lines { changes, normaliser, .. } = lines;
    let rest = [
        Piece::Changes { file: name.to_owned(), changes, at: bytes },
        Piece::Findings(normaliser.take_findings()),
        Piece::Bytes(bytes),
    ];
    match heard && rest.into_iter().all(to) {
        true => Ok(Ended::AtItsEnd),
        false => Ok(Ended::Unheard),
    }
}

/// Reads what the pages of a site ask for; of what two pages describe, the first holds.
pub(super) fn read_pages(
    portal: &Portal,
    normaliser: &mut Normaliser,
    path: &Path,
    to: &mut dyn FnMut(Piece) -> bool,
) -> Result<Ended, RunError> {
    let mut first_on: HashMap<String, String> = HashMap::new();
    for line in crate::run::web::lines(path)? {
        let PageLine { url, descriptions, removed, mut findings, .. } = line?;
        normaliser.begin_file(&url);
        let mut lines = Lines {
            portal,
            normaliser,
            name: &url,
            changes: Vec::new(),
            known: HashMap::new(),
            spared: false,
            read: 0,
        };
        for said in descriptions {
            match first_on.entry(said.own_id()) {
                Entry::Occupied(first) => {
                    findings.push(Finding::new(Rule::WebTwicePages).value(first.get()).file(&url))
                }
                Entry::Vacant(place) => {
                    place.insert(url.clone());
                    lines.take(Zeile::Schreibe(Box::new(said)), 0);
                }
            }
        }
        for id in removed {
            lines.take(Zeile::Loesche { klasse: Klasse::Leistung, id }, 0);
        }
        let Lines { changes, normaliser, .. } = lines;
        // A page is named by its address; lines of it were never counted.
        findings.extend(normaliser.take_findings().into_iter().map(|finding| Finding { line: None, ..finding }));
        if !to(Piece::Changes { file: url, changes, at: 0 }) || !to(Piece::Findings(findings)) {
            return Ok(Ended::Unheard);
        }
    }
    Ok(Ended::AtItsEnd)
}

struct Lines<'a, 'n> {
    portal: &'a Portal,
    normaliser: &'a mut Normaliser<'n>,
    name: &'a str,
    changes: Vec<(u64, Change)>,
    /// In which line each id stood first.
    known: HashMap<String, u64>,
    /// Said already that what belongs to something refused stays.
    spared: bool,
    /// Bytes that were read.
    read: u64,
}

impl Lines<'_, '_> {
    /// False when nobody listens any more.
    fn ndjson(&mut self, mut file: impl BufRead, to: &mut dyn FnMut(Piece) -> bool) -> std::io::Result<bool> {
        let (mut line, mut number) = (Vec::new(), 0);
        loop {
            number += 1;
            line.clear();
            let most = MAX_LINE_BYTES as u64 + 2;
            if file.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
                return Ok(true);
            }
            self.read += line.len() as u64;
            if line.len() as u64 == most && line.last() != Some(&b'\n') {
                self.read += file.skip_until(b'\n')? as u64;
            }
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            match Zeile::read(text.strip_suffix(b"\r").unwrap_or(text), number) {
                Ok(None) => {}
                Ok(Some(zeile)) => self.take(zeile, number),
                Err(finding) => self.refuse(finding, None, number),
            }
            if !self.hand_over(to) {
                return Ok(false);
            }
        }
    }

    /// False when nobody listens any more.
    fn table(&mut self, read: Tabelle, to: &mut dyn FnMut(Piece) -> bool) -> bool {
        for finding in read.findings {
            match (finding.severity, finding.line) {
                (Severity::Business, Some(number)) => self.refuse(finding, None, number),
                _ => self.normaliser.note(finding),
            }
        }
        read.zeilen.into_iter().all(|(number, said)| {
            self.take(Zeile::Schreibe(Box::new(said)), number);
            self.hand_over(to)
        })
    }

    /// Hands over what has gathered; false when nobody listens any more.
    fn hand_over(&mut self, to: &mut dyn FnMut(Piece) -> bool) -> bool {
        if self.changes.len() < BATCH {
            return true;
        }
        let changes = std::mem::replace(&mut self.changes, Vec::with_capacity(BATCH));
        to(Piece::Changes { file: self.name.to_owned(), changes, at: self.read })
    }

    fn take(&mut self, mut zeile: Zeile, number: u64) {
        if let Zeile::Schreibe(said) = &mut zeile {
            for doubt in said.doubts(number) {
                self.normaliser.note(doubt);
            }
            if said.gebiete.is_empty() {
                said.gebiete = self.portal.gebiet.as_str().into();
            }
            let first = *self.known.entry(said.own_id()).or_insert(number);
            if first != number {
                let finding = Finding::new(Rule::LineDuplicate).value(first.to_string()).line(number);
                return self.refuse(finding, Some(said.own_id()), number);
            }
        }
        let agency = self.agency().to_owned();
        let asked_for = match &zeile {
            Zeile::Loesche { klasse, .. } => Some(*klasse),
            Zeile::Schreibe(_) => None,
        };
        let mut cleared: Vec<(Kind, Vec<Identifikator>)> = Vec::new();
        for entry in zeile.entries(&agency, number) {
            let is_it = matches!(&entry.action, Action::Schreibe(Objekt::Leistung(_) | Objekt::Spezialisierung(_)));
            let is_asked_for = matches!(&entry.action, Action::Loesche { klasse, .. } if Some(*klasse) == asked_for);
            match self.normaliser.change(entry) {
                // A Leistung that is not taken takes nothing with it: its places would lead nowhere. What it had stays.
                Some(refused @ Change::Refuse(_)) if is_it => {
                    self.changes.push((number, refused));
                    return self.spare(number);
                }
                // What the description itself does not count any more, not what somebody asked for.
                Some(Change::Delete { kind, id }) if !is_asked_for => match cleared.last_mut() {
                    Some((last, ids)) if *last == kind => ids.push(id),
                    _ => cleared.push((kind, vec![id])),
                },
                Some(change) => self.changes.push((number, change)),
                None => {}
            }
        }
        self.changes.extend(cleared.into_iter().map(|(kind, ids)| (number, Change::Clear { kind, ids })));
    }

    /// Refuses a line or row that says nothing that could be read.
    fn refuse(&mut self, finding: Finding, id: Option<String>, number: u64) {
        let finding = finding.file(self.name);
        self.normaliser.note(finding.clone());
        let (kind, place) = (Kind::Leistung, format!("{}:{number}", self.name));
        let id = id.map(|id| Identifikator::new(self.agency(), id));
        let refused = Refused { kind, id, place, findings: vec![finding], xml: String::new(), cut: false };
        self.changes.push((number, Change::Refuse(refused)));
        self.spare(number);
    }

    /// What belongs to something that could not be taken stays as it is, also where this is the whole stock.
    fn spare(&mut self, number: u64) {
        if !std::mem::replace(&mut self.spared, true) {
            let kinds = [Kind::Zustaendigkeit, Kind::Organisationseinheit, Kind::Onlinedienst];
            self.changes.extend(kinds.map(|kind| (number, Change::Spare(kind))));
        }
    }

    /// The editorial system that the ids are of.
    fn agency(&self) -> &str {
        self.portal.agency.as_deref().unwrap_or(self.portal.id.as_str())
    }
}

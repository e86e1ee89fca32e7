//! Entries into canonical records: a pure function of what was delivered and what the portal registered.
//!
//! HTML is cleaned here and nowhere else, codes are looked up, areas padded and checked against the Gebiet that the
//! portal may speak for, languages tagged. What is wrong becomes a finding; a faulty record costs only itself.

mod leistung;
mod refused;
mod stelle;
mod text;
mod zustaendigkeit;

use std::collections::HashSet;

use connectors::finding::{Finding, Rule, Severity};
use connectors::gebiet::Ars;
use connectors::ids::Identifikator;
use connectors::registration::Portal;
use connectors::xzufi::{self, Action, Entry, Fragment, Klasse, Objekt};
use jiff::Timestamp;

use crate::record::{Kind, Object, Record, Zeitraum};

pub use refused::Refused;
pub(crate) use refused::too_large;
pub(crate) use text::plain;

/// What an entry asks of the store.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Create or replace.
    Write(Record),
    /// Delete.
    Delete {
        /// The key space.
        kind: Kind,
        /// The id.
        id: Identifikator,
    },
    /// Delete those of these that are there; nobody asked for it by name, so one that is not there is nothing to tell.
    Clear {
        /// The key space.
        kind: Kind,
        /// The ids.
        ids: Vec<Identifikator>,
    },
    /// Let none of this kind go for not being seen: what was to say which are there could not be read.
    Spare(Kind),
    /// Keep a fragment that nobody understands.
    Keep(Fragment),
    /// Keep aside a record that cannot be taken.
    Refuse(Refused),
}

/// Makes the entries of one file into changes.
pub struct Normaliser<'a> {
    portal: &'a Portal,
    /// The agency of the last object that named one: whoever names none is the same editorial system.
    agency: Option<String>,
    file: String,
    findings: Vec<Finding>,
    /// Warnings that repeat for every record of a file are said once.
    said: HashSet<(Rule, Option<String>)>,
    place: Place,
}

/// Where in the delivery we are.
#[derive(Default)]
struct Place {
    line: u64,
    object: Option<String>,
    id: Option<Identifikator>,
    /// A finding of this record says that it cannot be taken.
    refused: bool,
}

impl<'a> Normaliser<'a> {
    /// For the files of `portal`.
    pub fn new(portal: &'a Portal) -> Self {
        Self {
            portal,
            agency: portal.agency.clone(),
            file: String::new(),
            findings: Vec::new(),
            said: HashSet::new(),
            place: Place::default(),
        }
    }

    /// Names the file that the next entries come from.
    pub fn begin_file(&mut self, file: &str) {
        self.file = file.to_owned();
        self.said.clear();
    }

    /// Notes what was found before an entry could be made of what was delivered.
    pub fn note(&mut self, finding: Finding) {
        let file = self.file.clone();
        self.findings.push(finding.file(file));
    }

    /// The findings since the last call.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// What `entry` asks of the store; none when it is a `loesche` that cannot be taken, which a finding then says.
    pub fn change(&mut self, entry: Entry) -> Option<Change> {
        self.place = Place { line: entry.line, ..Place::default() };
        let first = self.findings.len();
        let objekt = match &entry.action {
            Action::Loesche { klasse, id } => {
                let kind = kind_of(*klasse);
                let id = self.id(Some(id), kind)?;
                return Some(Change::Delete { kind, id });
            }
            Action::Schreibe(Objekt::Unknown(fragment)) => return Some(Change::Keep(fragment.clone())),
            Action::Schreibe(objekt) => objekt,
        };
        match self.record(objekt) {
            Some(record) if !self.place.refused => Some(Change::Write(record)),
            _ => Some(Change::Refuse(self.refuse(&entry, objekt, first))),
        }
    }

    fn record(&mut self, objekt: &Objekt) -> Option<Record> {
        let (id, changed, object) = match objekt {
            Objekt::Leistung(wire) => {
                let id = self.id(wire.id.as_ref(), Kind::Leistung)?;
                (id, changed(wire.versionsinformation.as_ref()), Object::Leistung(Box::new(self.leistung(wire))))
            }
            Objekt::Spezialisierung(wire) => {
                let id = self.id(wire.id.as_ref(), Kind::Spezialisierung)?;
                let record = self.spezialisierung(wire);
                (id, changed(wire.versionsinformation.as_ref()), Object::Spezialisierung(Box::new(record)))
            }
            Objekt::Organisationseinheit(wire) => {
                let id = self.id(wire.id.as_ref(), Kind::Organisationseinheit)?;
                let record = self.organisationseinheit(wire);
                (id, changed(wire.versionsinformation.as_ref()), Object::Organisationseinheit(Box::new(record)))
            }
            Objekt::Onlinedienst(wire) => {
                let id = self.id(wire.id.as_ref(), Kind::Onlinedienst)?;
                let record = self.onlinedienst(wire);
                (id, changed(wire.versionsinformation.as_ref()), Object::Onlinedienst(Box::new(record)))
            }
            Objekt::Formular(wire) => {
                let id = self.id(wire.id.as_ref(), Kind::Formular)?;
                (id, None, Object::Formular(Box::new(self.formular(wire))))
            }
            Objekt::Zustaendigkeit(wire) => {
                let id = self.id(wire.zustaendigkeit.id.as_ref(), Kind::Zustaendigkeit)?;
                (id, None, Object::Zustaendigkeit(Box::new(self.transferred(wire)?)))
            }
            Objekt::Unknown(_) => return None,
        };
        Some(Record { portal: self.portal.id.clone(), id, changed, object })
    }

    /// The key of an object; a missing agency is that of the delivering system, where that is known.
    fn id(&mut self, wire: Option<&xzufi::Identifikator>, kind: Kind) -> Option<Identifikator> {
        let Some(wire) = wire.filter(|wire| !wire.text.is_empty()) else {
            self.find(Rule::IdMissing, None);
            return None;
        };
        self.place.object = Some(format!("{} {}", kind.name(), wire.text));
        match (&wire.scheme_agency_id, &self.agency) {
            (Some(agency), known) => {
                if known.is_none() {
                    self.agency = Some(agency.clone());
                }
                self.place.object = Some(format!("{} {agency}_{}", kind.name(), wire.text));
                self.place.id = Some(Identifikator::new(agency, &wire.text));
                self.place.id.clone()
            }
            (None, Some(agency)) => {
                self.place.id = Some(Identifikator::new(agency, &wire.text));
                self.find(Rule::AgencyMissing, Some(&wire.text));
                self.place.id.clone()
            }
            (None, None) => {
                self.find(Rule::AgencyUnknown, Some(&wire.text));
                None
            }
        }
    }

    /// A reference to another object; without an agency it means the same editorial system.
    fn reference(&mut self, wire: &xzufi::Identifikator) -> Option<Identifikator> {
        let agency = wire.scheme_agency_id.as_ref().or(self.agency.as_ref())?;
        (!wire.text.is_empty()).then(|| Identifikator::new(agency, &wire.text))
    }

    /// Notes that a rule was broken here.
    fn find(&mut self, rule: Rule, value: Option<&str>) {
        self.find_at(rule, value, self.place.line);
        if rule.severity() == Severity::Business {
            self.place.refused = true;
        }
    }

    /// The same at another line, and without refusing the record.
    fn find_at(&mut self, rule: Rule, value: Option<&str>, line: u64) {
        let once = matches!(
            rule,
            Rule::UrlHostForeign | Rule::LanguageUnsupported | Rule::CodeUnknown | Rule::GebietSchemeMissing
        );
        if once && !self.said.insert((rule, value.map(str::to_owned))) {
            return;
        }
        let mut finding = Finding::new(rule).line(line).file(&self.file);
        finding.object.clone_from(&self.place.object);
        self.findings.push(match value {
            Some(value) => finding.value(value),
            None => finding,
        });
    }

    /// The areas of a description that the portal may speak for; a wider one is cut to the portal's own.
    fn valid_areas(&mut self, wire: &[xzufi::Identifikator]) -> Vec<Ars> {
        let own = self.portal.gebiet;
        let mut areas = Vec::new();
        for id in wire {
            let Some(ars) = self.ars(id) else { continue };
            if own.covers(&ars) {
                areas.push(ars);
            } else if ars.covers(&own) {
                areas.push(own);
            } else {
                self.find(Rule::GebietForeign, Some(&id.text));
            }
        }
        areas.sort_unstable();
        areas.dedup();
        if areas.is_empty() {
            areas.push(own);
        }
        areas
    }

    /// The ARS that an area id holds; none, with a finding, when it is of another scheme or not valid.
    fn ars(&mut self, id: &xzufi::Identifikator) -> Option<Ars> {
        let schemes = [&id.scheme_id, &id.scheme_uri, &id.scheme_name, &id.scheme_data_uri];
        let named = schemes.into_iter().flatten().any(|scheme| scheme.ends_with(":schluessel:rs"));
        let foreign = !named && (schemes.into_iter().flatten().next().is_some() || id.scheme_agency_id.is_some());
        match id.text.parse::<Ars>() {
            _ if foreign => {
                self.find(Rule::GebietScheme, Some(&id.text));
                None
            }
            Ok(ars) => {
                if !named {
                    self.find(Rule::GebietSchemeMissing, Some(&id.text));
                }
                Some(ars)
            }
            Err(_) => {
                self.find(Rule::GebietInvalid, Some(&id.text));
                None
            }
        }
    }

    fn periods(&mut self, wire: &[xzufi::Zeitraum]) -> Vec<Zeitraum> {
        let mut periods = Vec::new();
        for period in wire {
            let from = period.beginn.as_deref().and_then(timestamp);
            let until = period.ende.as_deref().and_then(timestamp);
            if let (Some(first), Some(last)) = (from, until)
                && last < first
            {
                let value = format!("{first} – {last}");
                self.find(Rule::PeriodReversed, Some(&value));
            }
            periods.push(Zeitraum { from, until });
        }
        periods
    }
}

fn kind_of(klasse: Klasse) -> Kind {
    match klasse {
        Klasse::Leistung => Kind::Leistung,
        Klasse::Spezialisierung => Kind::Spezialisierung,
        Klasse::Organisationseinheit => Kind::Organisationseinheit,
        Klasse::Onlinedienst => Kind::Onlinedienst,
        Klasse::Zustaendigkeit => Kind::Zustaendigkeit,
        Klasse::Formular => Kind::Formular,
    }
}

fn changed(version: Option<&xzufi::Versionsinformation>) -> Option<Timestamp> {
    let version = version?;
    version.geaendert_datum_zeit.as_deref().or(version.erstellt_datum_zeit.as_deref()).and_then(timestamp)
}

/// The moment of an xs:dateTime or xs:date; without a zone it is Berlin's time.
fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let local = text.parse::<jiff::civil::DateTime>().ok()?;
    Some(local.in_tz("Europe/Berlin").ok()?.timestamp())
}

#[cfg(test)]
mod tests;

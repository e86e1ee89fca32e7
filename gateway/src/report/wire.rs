//! The JSON of a report: a shape that is promised to others and changes only by growing.

use indexer::catalog::report::{Coverage, Delivering, Entry, Gap, Report};
use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::api::wire::PlaceShort;
use crate::pages::words::date_iso;

/// What the Verbund knows of a place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportResponse {
    /// The place.
    place: PlaceShort,
    /// The portals that speak for this very place.
    portals: Vec<ReportPortal>,
    /// Of the keys of the LeiKa (2019) that Land or Kommunen execute.
    catalogue: ReportCoverage,
    /// Of the Leistungen that any portal of the Verbund describes.
    described: ReportCoverage,
    /// Leistungen in all.
    total: usize,
    /// Those asked for, the worst first.
    entries: Vec<ReportEntry>,
}

/// A portal that speaks for a place, and how its last delivery went.
#[derive(Debug, Serialize, ToSchema)]
struct ReportPortal {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// How its last run ended: `applied`, `unchanged`, `held` or `failed`; none when it never had one.
    last_outcome: Option<String>,
    /// When that was (RFC 3339).
    last_run: Option<String>,
    /// When a run last confirmed or changed what is shown of it (RFC 3339).
    last_good_run: Option<String>,
    /// How much was wrong with the last delivery that was read.
    findings: u64,
}

/// How many Leistungen citizens of a place find in which state; a share is a count divided by `keys`.
#[derive(Debug, Serialize, ToSchema)]
#[cfg_attr(test, derive(PartialEq))]
struct ReportCoverage {
    /// Leistungen looked at.
    keys: usize,
    /// With a text.
    text: usize,
    /// With a text of the place's own portal.
    own_text: usize,
    /// With exactly one responsible body.
    stelle: usize,
    /// With an Onlinedienst that citizens can be sent to.
    onlinedienst: usize,
    /// With a text and exactly one responsible body.
    complete: usize,
}

/// One Leistung as the place has it.
#[derive(Debug, Serialize, ToSchema)]
struct ReportEntry {
    /// Its key of 14 digits; none for a description without a valid one.
    leistungsschluessel: Option<String>,
    /// Its name.
    name: String,
    /// Portals of the Verbund that describe it.
    described_by: u64,
    /// The text that citizens get.
    text: Option<ReportText>,
    /// The bodies that citizens are told; several where it is not clear.
    stellen: Vec<ReportStelle>,
    /// The Onlinedienste that citizens are offered, the most local first.
    onlinedienste: Vec<ReportOnlinedienst>,
    /// What is missing or wrong, the worst first.
    gaps: Vec<ReportGap>,
    /// The five questions that users of the PVOG ask of a Leistung.
    checks: ReportChecks,
}

/// The five questions: `passed`, `failed`, `unchecked` (nobody looked, or nothing could be told) or `absent` (there is no
/// Onlinedienst of which to ask).
#[derive(Debug, Serialize, ToSchema)]
struct ReportChecks {
    /// Does the address of every Onlinedienst answer?
    address: &'static str,
    /// Is a Stelle entered?
    stelle: &'static str,
    /// Is there exactly one FIT-Connect address?
    fit_connect: &'static str,
    /// Is there a privacy notice?
    privacy: &'static str,
    /// Is the key in the LeiKa (2019)? `unchecked` where it is not: it may be newer.
    key: &'static str,
}

/// A text, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
struct ReportText {
    /// Id of the Leistung.
    id: String,
    /// Who delivered it.
    portal: String,
    /// The place's own portal wrote it; else it is inherited.
    own: bool,
    /// The level that its portal speaks for.
    level: Option<&'static str>,
    /// When its editors changed it, `JJJJ-MM-TT`.
    changed: Option<String>,
}

/// A body.
#[derive(Debug, Serialize, ToSchema)]
struct ReportStelle {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Level of the area that it is responsible for.
    level: &'static str,
    /// Who says so.
    portal: String,
}

/// An online service.
#[derive(Debug, Serialize, ToSchema)]
struct ReportOnlinedienst {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Where it is.
    url: String,
    /// Citizens are sent there.
    handover: bool,
}

/// Something missing or wrong.
#[derive(Debug, Serialize, ToSchema)]
struct ReportGap {
    /// What it is, for programs.
    code: &'static str,
    /// What it is, in German.
    text: String,
    /// How it is mended, in German.
    mend: &'static str,
}

impl ReportResponse {
    /// The report with `limit` of its entries behind the first `offset`.
    pub(crate) fn of(report: &Report, limit: usize, offset: usize) -> Self {
        Self {
            place: report.place.clone().into(),
            portals: report.portals.iter().map(Into::into).collect(),
            catalogue: (&report.catalogue).into(),
            described: (&report.described).into(),
            total: report.entries.len(),
            entries: report.entries.iter().skip(offset).take(limit).map(Into::into).collect(),
        }
    }
}

impl From<&Delivering> for ReportPortal {
    fn from(of: &Delivering) -> Self {
        Self {
            id: of.portal.to_string(),
            name: of.name.clone(),
            last_outcome: of.last_run.as_ref().map(|run| run.outcome.clone()),
            last_run: of.last_run.as_ref().map(|run| run.ended.to_string()),
            last_good_run: of.good_at.map(|at| at.to_string()),
            findings: of.findings,
        }
    }
}

impl From<&Coverage> for ReportCoverage {
    fn from(of: &Coverage) -> Self {
        let Coverage { keys, text, own_text, stelle, onlinedienst, complete } = *of;
        Self { keys, text, own_text, stelle, onlinedienst, complete }
    }
}

impl From<&Entry> for ReportEntry {
    fn from(entry: &Entry) -> Self {
        let text = entry.text.as_ref().map(|text| ReportText {
            id: text.leistung.id.clone(),
            portal: text.leistung.portal.to_string(),
            own: text.own,
            level: text.level.map(|level| level.as_str()),
            changed: text.leistung.changed.map(date_iso),
        });
        let stellen = entry.stellen.iter().map(|stelle| ReportStelle {
            id: stelle.id.clone(),
            name: stelle.name.clone(),
            level: stelle.level.as_str(),
            portal: stelle.portal.to_string(),
        });
        let onlinedienste = entry.onlinedienste.iter().map(|one| ReportOnlinedienst {
            id: one.id.clone(),
            name: one.name.clone(),
            url: one.written.clone(),
            handover: one.handover,
        });
        Self {
            leistungsschluessel: entry.schluessel.map(|key| key.to_string()),
            name: entry.name.clone(),
            described_by: entry.described_by,
            text,
            stellen: stellen.collect(),
            onlinedienste: onlinedienste.collect(),
            gaps: entry.gaps.iter().map(Into::into).collect(),
            checks: ReportChecks {
                address: entry.checks.address.as_str(),
                stelle: entry.checks.stelle.as_str(),
                fit_connect: entry.checks.fit_connect.as_str(),
                privacy: entry.checks.privacy.as_str(),
                key: entry.checks.key.as_str(),
            },
        }
    }
}

impl From<&Gap> for ReportGap {
    fn from(gap: &Gap) -> Self {
        Self { code: gap.code(), text: words::sentence(gap), mend: words::mend(gap) }
    }
}

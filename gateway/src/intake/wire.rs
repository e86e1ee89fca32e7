//! The answer to a delivery: what became of every record.

use connectors::finding::{Finding, Severity};
use connectors::gebiet::{Gebiete, Level};
use indexer::run::{Fate, RunReport, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::pages::address;

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportAnswer {
    /// Its number at this portal.
    pub import: i64,
    /// Whose it is.
    pub portal: String,
    /// When it had come whole (RFC 3339).
    pub received: String,
    /// `push`, `table` or `form`.
    pub way: String,
    /// `xzufi`, `ndjson`, `csv` or `xlsx`.
    pub format: String,
    /// `part`: what it does not name is untouched; `whole`: what it does not name is removed.
    pub coverage: String,
    /// True when it was only tried and nothing was changed.
    pub dry_run: bool,
    /// `applied`, `trial`, `held` (it would remove too much; nothing was changed) or `failed` (it cannot be read;
    /// nothing was changed).
    pub outcome: String,
    /// Number of the run, for undoing it; none when nothing was changed.
    pub run: Option<i64>,
    /// True when citizens see it already; false when they will with the next change of the index.
    pub visible: bool,
    /// What was done, in objects of XZuFi.
    pub counts: Counts,
    /// What became of each record.
    pub records: Vec<RecordAnswer>,
    /// Records beyond those listed.
    pub records_left_out: u64,
    /// What was found that belongs to none of the records.
    pub findings: Vec<FindingAnswer>,
    /// Findings beyond those listed.
    pub findings_left_out: u64,
    /// Bytes of the delivery.
    pub bytes: u64,
    /// Milliseconds that reading and applying took.
    pub duration_ms: u64,
}

/// What was done, in objects of XZuFi.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// New, or there again.
    pub added: u64,
    /// Changed.
    pub updated: u64,
    /// Removed.
    pub removed: u64,
    /// As before.
    pub unchanged: u64,
    /// Older than what is stored, and so left out.
    pub older: u64,
    /// To be removed, and not there.
    pub absent: u64,
    /// Not taken.
    pub quarantined: u64,
}

/// What became of one record: an object of XZuFi, or a line or row that describes a Leistung.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordAnswer {
    /// Its line or row in the delivery, from 1.
    pub line: Option<u64>,
    /// Its kind.
    pub kind: Option<String>,
    /// Its key, `agency_text`.
    pub id: Option<String>,
    /// The name of a Leistung.
    pub name: Option<String>,
    /// `taken`, `unchanged`, `older`, `removed`, `absent` or `quarantined`.
    pub verdict: String,
    /// Where citizens find a Leistung that is there; of a trial, where they would.
    pub url: Option<String>,
    /// What is wrong with it.
    pub findings: Vec<FindingAnswer>,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FindingAnswer {
    /// The rule, a stable code.
    pub rule: String,
    /// `warning`: it was taken all the same; `business`: this record was not taken; `technical`: nothing was.
    pub severity: String,
    /// What is wrong and what would be right, in German.
    pub sentence: String,
    /// The line or row.
    pub line: Option<u64>,
    /// The object.
    pub object: Option<String>,
}

impl FindingAnswer {
    fn of(finding: &Finding) -> Self {
        Self {
            rule: finding.rule.code().to_owned(),
            severity: match finding.severity {
                Severity::Warning => "warning",
                Severity::Business => "business",
                Severity::Technical => "technical",
            }
            .to_owned(),
            sentence: finding.sentence(),
            line: finding.line,
            object: finding.object.clone(),
        }
    }
}

/// What is known of a delivery beside its run.
pub(super) struct About<'a> {
    pub import: i64,
    pub received: Timestamp,
    pub way: &'a str,
    pub format: &'a str,
    pub whole: bool,
    pub dry_run: bool,
    pub visible: bool,
    pub public_url: &'a Url,
}

impl ImportAnswer {
    pub(super) fn of(about: &About<'_>, report: &RunReport) -> Self {
        let told: Vec<&Finding> = report.verdicts.iter().flat_map(|verdict| &verdict.findings).collect();
        let applied = &report.applied;
        Self {
            import: about.import,
            portal: report.portal.to_string(),
            received: about.received.to_string(),
            way: about.way.to_owned(),
            format: about.format.to_owned(),
            coverage: if about.whole { "whole" } else { "part" }.to_owned(),
            dry_run: about.dry_run,
            outcome: report.outcome.as_str().to_owned(),
            run: report.run,
            visible: about.visible,
            counts: Counts {
                added: applied.added,
                updated: applied.updated,
                removed: applied.removed,
                unchanged: applied.unchanged,
                older: applied.older,
                absent: applied.orphans,
                quarantined: report.refused,
            },
            records: report.verdicts.iter().map(|verdict| record(verdict, about.public_url)).collect(),
            records_left_out: report.verdicts_left_out,
            findings: report.findings.iter().filter(|one| !told.contains(one)).map(FindingAnswer::of).collect(),
            findings_left_out: report.findings_left_out,
            bytes: report.bytes,
            duration_ms: u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn record(verdict: &Verdict, public_url: &Url) -> RecordAnswer {
    RecordAnswer {
        line: verdict.line,
        kind: verdict.kind.map(|kind| kind.name().to_owned()),
        id: verdict.id.as_ref().map(ToString::to_string),
        name: verdict.name.as_ref().map(|(name, _)| name.clone()),
        verdict: verdict.fate.as_str().to_owned(),
        url: page(verdict).and_then(|path| public_url.join(&path).ok()).map(String::from),
        findings: verdict.findings.iter().map(FindingAnswer::of).collect(),
    }
}

/// The page of a Leistung (or of the one that an overlay is for) that is there, at its first place where that is a Gemeinde.
fn page(verdict: &Verdict) -> Option<String> {
    let there = matches!(verdict.fate, Fate::Taken | Fate::Unchanged | Fate::Older);
    let (name, area) = verdict.name.as_ref()?;
    let id = verdict.page.as_ref().filter(|_| there)?;
    let place = Gebiete::nrw().get(area).filter(|gebiet| gebiet.level == Level::Gemeinde).map(|_| area);
    Some(address::leistung_by(&id.to_string(), name, place))
}

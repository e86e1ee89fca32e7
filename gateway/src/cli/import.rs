//! `import`: one run of one portal, now.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use connectors::finding::{Finding, Severity};
use connectors::gebiet::Ars;
use connectors::ids::PortalId;
use connectors::registration::{Connector, Guard, Portal};
use connectors::run::Coverage;
use indexer::run::{Delivered, Format, Indexer, Outcome, RunError, RunOptions, RunReport, Source};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Exit, Fault, runs, setup};
use crate::runs::progress_line;

/// How often a bar moves.
const BAR: Duration = Duration::from_millis(200);
/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(5);

pub(super) struct Import {
    pub config: PathBuf,
    pub portal: PortalId,
    pub gebiet: Option<Ars>,
    pub options: RunOptions,
    pub json: bool,
    pub what: Option<String>,
}

pub(super) async fn run(import: Import) -> Result<Exit, Fault> {
    let loaded = setup::load(&import.config).await?;
    let registered = loaded.portals.iter().find(|portal| portal.id == import.portal).cloned();
    let source = match &import.what {
        None => Source::Registered,
        Some(what) => source(what)?,
    };
    let portal = match (registered, import.gebiet) {
        (Some(portal), None) => portal,
        (Some(portal), Some(gebiet)) if portal.gebiet == gebiet => portal,
        (Some(portal), Some(gebiet)) => {
            return Err(Fault::Usage(format!(
                "{} is registered for {}, not for {gebiet}; leave --gebiet out, or change its file",
                portal.id, portal.gebiet
            )));
        }
        (None, Some(gebiet)) if import.what.is_some() => unregistered(import.portal.clone(), gebiet),
        (None, Some(_)) => {
            return Err(Fault::Usage(format!("{} is not registered: say WHAT to import", import.portal)));
        }
        (None, None) => {
            return Err(Fault::Usage(format!(
                "{} is not registered: give the Gebiet it may speak for (--gebiet ARS)",
                import.portal
            )));
        }
    };
    let mut portals = loaded.portals;
    if !portals.iter().any(|known| known.id == portal.id) {
        portals.push(portal.clone());
    }
    let indexer = setup::indexer(&loaded.config, portals, &config::telemetry::registry()).await?;
    let cancel = CancellationToken::new();
    let report = watched(&indexer, &portal, indexer.run(&portal, &source, import.options, &cancel)).await?;
    indexer.follow().await.map_err(setup::fault)?;
    indexer.close().await;
    say(&report, import.json)
}

/// Says what came of a run, and with which status the command ends.
pub(super) fn say(report: &RunReport, json: bool) -> Result<Exit, Fault> {
    if json {
        println!("{}", as_json(report))
    } else {
        print(report)
    }
    Ok(if report.outcome == Outcome::Held || !report.findings.is_empty() { Exit::Findings } else { Exit::Done })
        .and_then(|exit| if report.outcome == Outcome::Failed { Err(Fault::Work(failed(report))) } else { Ok(exit) })
}

/// What WHAT is: an address, a folder, or a file, read as its name ends.
fn source(what: &str) -> Result<Source, Fault> {
    if what.starts_with("http://") || what.starts_with("https://") {
        let url = Url::parse(what).map_err(|error| Fault::Usage(format!("`{what}` is no address: {error}")))?;
        let connector = Connector::XzufiIndex { url, every_s: std::num::NonZeroU64::MAX };
        return Ok(Source::Connector(Box::new(connector)));
    }
    let path = PathBuf::from(what);
    match std::fs::metadata(&path) {
        Ok(found) if found.is_dir() => {
            let connector = Connector::XzufiFolder { folder: path, every_s: std::num::NonZeroU64::MAX };
            Ok(Source::Connector(Box::new(connector)))
        }
        Ok(_) => Ok(match Format::of_name(what) {
            Some(format) if format != Format::Xzufi => {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Source::Delivery { files: vec![Delivered { name, path, format }], coverage: Coverage::Part }
            }
            _ => Source::File(path),
        }),
        Err(error) => Err(Fault::work(format!("cannot import {what}: {error}"))),
    }
}

/// A portal that is known from the command line alone.
pub(super) fn unregistered(id: PortalId, gebiet: Ars) -> Portal {
    Portal {
        name: id.to_string(),
        id,
        gebiet,
        agency: None,
        hosts: Vec::new(),
        connector: Connector::Push {},
        routes: Vec::new(),
        responsible: None,
        maintenance: None,
        guard: Guard::default(),
        contact: None,
        words: Vec::new(),
        texts: Default::default(),
    }
}

/// Waits for a run and shows how far it is: as a bar on a terminal, elsewhere as a line every few seconds.
pub(super) async fn watched(
    indexer: &Indexer,
    portal: &Portal,
    run: impl Future<Output = Result<RunReport, RunError>>,
) -> Result<RunReport, Fault> {
    let terminal = std::io::stderr().is_terminal();
    let bar = if terminal { indicatif::ProgressBar::new_spinner() } else { indicatif::ProgressBar::hidden() };
    let mut tick = tokio::time::interval(if terminal { BAR } else { LINE });
    tick.tick().await;
    tokio::pin!(run);
    loop {
        tokio::select! {
            report = &mut run => {
                bar.finish_and_clear();
                return report.map_err(setup::fault);
            }
            _ = tick.tick() => {
                let Some(progress) = indexer.progress(&portal.id) else { continue };
                let line = progress_line(&portal.id, &progress.borrow());
                if terminal {
                    bar.set_message(line);
                    bar.tick();
                } else {
                    eprintln!("{line}");
                }
            }
            _ = tokio::signal::ctrl_c() => {
                return Err(Fault::Work("interrupted; what was not committed was not changed".into()));
            }
        }
    }
}

fn print(report: &RunReport) {
    if matches!(report.outcome, Outcome::Trial | Outcome::Held | Outcome::Restored) {
        runs::print(&report.plan);
    }
    for finding in &report.findings {
        println!("{}", line(finding));
    }
    let applied = &report.applied;
    eprintln!(
        "{}: {} in {:.1} s: {} added, {} updated, {} removed, {} unchanged, {} refused, {} findings{}",
        report.portal,
        report.outcome.as_str(),
        report.duration.as_secs_f64(),
        applied.added,
        applied.updated,
        applied.removed,
        applied.unchanged,
        report.refused,
        report.findings.len() as u64 + report.findings_left_out,
        if applied.fragments > 0 {
            format!(", {} pieces kept and not understood", applied.fragments)
        } else {
            String::new()
        },
    );
}

/// One finding on one line: place, severity, rule, sentence.
pub(super) fn line(finding: &Finding) -> String {
    let file = finding.file.as_deref().unwrap_or("-");
    let place = finding.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
    let object = finding.object.as_ref().map(|object| format!("{object}: ")).unwrap_or_default();
    format!("{place}: {}: {object}{} [{}]", severity(finding.severity), finding.sentence(), finding.rule.code())
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "Hinweis",
        Severity::Business => "Fehler",
        Severity::Technical => "Abbruch",
    }
}

fn failed(report: &RunReport) -> String {
    let fault = report.findings.iter().find(|finding| finding.severity == Severity::Technical);
    let why = fault.map(|fault| format!(": {}", fault.sentence())).unwrap_or_default();
    format!("the run of {} failed and changed nothing{why}", report.portal)
}

fn as_json(report: &RunReport) -> serde_json::Value {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "severity": finding.severity, "rule": finding.rule.code(), "file": finding.file, "line": finding.line,
                "object": finding.object, "value": finding.value, "sentence": finding.sentence(),
            })
        })
        .collect();
    let applied = &report.applied;
    let asked = matches!(report.outcome, Outcome::Trial | Outcome::Held | Outcome::Restored);
    let plan = asked.then_some(&report.plan);
    json!({
        "portal": report.portal, "outcome": report.outcome.as_str(), "added": applied.added, "updated": applied.updated,
        "removed": applied.removed, "unchanged": applied.unchanged, "older": applied.older, "orphans": applied.orphans,
        "fragments": applied.fragments, "refused": report.refused, "bytes": report.bytes,
        "duration_ms": report.duration.as_millis() as u64, "run": report.run, "plan": plan, "findings": findings,
        "findings_left_out": report.findings_left_out,
    })
}

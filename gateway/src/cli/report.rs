//! `report`: what the Verbund knows of a place, and what is missing or wrong.

use std::io::{self, Write};
use std::path::Path;

use config::clock;
use connectors::gebiet::Ars;
use indexer::catalog::report::{Coverage, Report};

use super::{Exit, Fault, setup};
use crate::report::{self, EverywhereResponse, ReportResponse, percent, words};

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Text,
    /// As the interface gives it, all entries.
    Json,
    /// As a table.
    Csv,
}

pub(super) async fn run(config: &Path, ars: &str, form: Form) -> Result<Exit, Fault> {
    let ars: Ars = ars.parse().map_err(|error| Fault::Usage(format!("--ars: {error}")))?;
    let loaded = setup::load(config).await?;
    let catalog = setup::catalog(&loaded.config, loaded.portals).await?;
    let made = catalog.report(ars, clock::now()).await.map_err(Fault::work)?;
    let report = made.ok_or_else(|| Fault::Usage(format!("--ars: {ars} is no place in Nordrhein-Westfalen")))?;
    let text = match form {
        Form::Text => plain(&report),
        Form::Json => {
            let whole = ReportResponse::of(&report, usize::MAX, 0);
            serde_json::to_string_pretty(&whole).map_err(Fault::work)? + "\n"
        }
        Form::Csv => report::csv(&report),
    };
    write(&text)?;
    let wrong = report.entries.iter().any(|entry| entry.weight() > 0);
    Ok(if wrong { Exit::Findings } else { Exit::Done })
}

/// The coverage of all towns.
pub(super) async fn run_everywhere(config: &Path, form: Form) -> Result<Exit, Fault> {
    let loaded = setup::load(config).await?;
    let catalog = setup::catalog(&loaded.config, loaded.portals).await?;
    let everywhere = catalog.report_everywhere().await.map_err(Fault::work)?;
    write(&match form {
        Form::Text => report::plain_everywhere(&everywhere),
        Form::Json => serde_json::to_string_pretty(&EverywhereResponse::from(&everywhere)).map_err(Fault::work)? + "\n",
        Form::Csv => report::csv_everywhere(&everywhere),
    })?;
    Ok(Exit::Done)
}

fn write(text: &str) -> Result<(), Fault> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever reads only the beginning has got it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Fault::work(error)),
        _ => Ok(()),
    }
}

fn plain(report: &Report) -> String {
    let mut lines = vec![format!("{} ({})", report.place.name, report.place.ars)];
    lines.extend(report.portals.iter().map(words::delivery));
    for (name, of) in [("im Verbund beschrieben", &report.described), ("Katalog (LeiKa 2019)", &report.catalogue)] {
        lines.push(coverage(name, of));
    }
    lines.push(String::new());
    lines.push("Was den meisten Menschen hilft:".to_owned());
    lines.extend(report::most_helpful(report).map(|entry| format!("  {}", entry.name)));
    lines.push(String::new());
    for entry in report.entries.iter().filter(|entry| entry.weight() > 0) {
        let key = entry.schluessel.map_or_else(|| "-".repeat(14), |key| key.to_string());
        lines.push(format!("{key}\t{}\t{} Portale", entry.name, entry.described_by));
        lines.extend(entry.gaps.iter().map(|gap| format!("  {} {}", words::sentence(gap), words::mend(gap))));
    }
    lines.join("\n") + "\n"
}

fn coverage(name: &str, of: &Coverage) -> String {
    let share = |count| format!("{count} ({:.1} %)", percent(count, of));
    format!(
        "{name}: {} Leistungen, Text {}, eigener Text {}, genau eine Stelle {}, Onlinedienst {}, Text und Stelle {}",
        of.keys,
        share(of.text),
        share(of.own_text),
        share(of.stelle),
        share(of.onlinedienst),
        share(of.complete)
    )
}

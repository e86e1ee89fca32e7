//! How a live portal does: its records, its runs and what was wrong with them.

use connectors::registration::Portal;
use indexer::record::Kind;

use super::FINDINGS;
use crate::pages::words::{grouped, moment};
use crate::registry::Desk;
use crate::runs::outcome_name;

/// How a live portal does.
pub(in crate::joining::pages) struct Betrieb {
    pub(in crate::joining::pages) paare: Vec<(&'static str, String)>,
    pub(in crate::joining::pages) laeufe: Vec<Lauf>,
    pub(in crate::joining::pages) befunde: Vec<String>,
    pub(in crate::joining::pages) befunde_gesamt: usize,
}

/// One run.
pub(in crate::joining::pages) struct Lauf {
    pub(in crate::joining::pages) ende: String,
    pub(in crate::joining::pages) ergebnis: &'static str,
    pub(in crate::joining::pages) neu: u64,
    pub(in crate::joining::pages) geaendert: u64,
    pub(in crate::joining::pages) entfernt: u64,
    pub(in crate::joining::pages) maengel: u64,
}

pub(super) async fn operation(desk: &Desk, portal: &Portal) -> Option<Betrieb> {
    let indexer = desk.indexer.as_ref()?;
    let known = match indexer.known(&portal.id).await {
        Ok(known) => known,
        Err(error) => {
            tracing::error!(portal.id = %portal.id, %error, "cannot show what is known of a portal");
            return None;
        }
    };
    let mut paare = Vec::new();
    let number = |kind: Kind| known.records.get(&kind).copied().unwrap_or(0);
    let count = |kind: Kind| grouped(usize::try_from(number(kind)).unwrap_or(usize::MAX));
    paare.push(("Leistungen", count(Kind::Leistung)));
    paare.push(("Stellen", count(Kind::Organisationseinheit)));
    paare.push(("Onlinedienste", count(Kind::Onlinedienst)));
    if let Some(progress) = indexer.progress(&portal.id) {
        let progress = progress.borrow();
        paare.push(("Läuft gerade", format!("{} Objekte bisher", progress.done)));
    } else if portal.connector.url().is_some()
        && let Ok(next) = indexer.next_run(portal).await
    {
        let now = config::clock::now();
        let when = next.at.map(|at| if at <= now { "in wenigen Sekunden".to_owned() } else { moment(at) });
        paare.push(("Nächster Lauf", when.unwrap_or_else(|| "keiner geplant".into())));
    }
    let good = known.runs.iter().find(|run| matches!(run.outcome.as_str(), "applied" | "unchanged"));
    paare.push(("Stand der Daten", good.map_or_else(|| "noch keiner".to_owned(), |run| moment(run.ended))));
    let lauf = |run: &indexer::run::RunRow| Lauf {
        ende: moment(run.ended),
        ergebnis: outcome_name(&run.outcome),
        neu: run.applied.added,
        geaendert: run.applied.updated,
        entfernt: run.applied.removed,
        maengel: run.refused,
    };
    Some(Betrieb {
        paare,
        laeufe: known.runs.iter().take(5).map(lauf).collect(),
        befunde: known.findings.iter().take(FINDINGS).map(|finding| finding.sentence()).collect(),
        befunde_gesamt: known.findings.len(),
    })
}

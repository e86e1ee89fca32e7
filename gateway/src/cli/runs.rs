//! `runs`: the runs of a portal, and what people do with them.

use std::path::Path;

use clap::Subcommand;
use config::clock;
use connectors::ids::PortalId;
use connectors::registration::Portal;
use indexer::run::{self, Held, Indexer, RunReport};
use serde_json::{Value, json};

use super::{Exit, Fault, import, setup};
use crate::pages::words::moment_brief;
use crate::runs::{line, lists, next_sentence, outcome_name};

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// The last runs, the next one and why it is due then, and before which runs the portal can be restored
    List {
        /// The portal
        #[arg(long)]
        portal: PortalId,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// The plan of the run that is held: what it would add, change, remove and refuse
    Plan {
        /// The portal
        #[arg(long)]
        portal: PortalId,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Lets the run that is held pass, if the portal still delivers the same; else it is judged anew
    Release {
        /// The portal
        #[arg(long)]
        portal: PortalId,
        /// The number of the run, as `runs list` shows it
        #[arg(long)]
        run: i64,
    },
    /// Brings back the state before a run, as a run that can be undone too; the portal is paused then
    Restore {
        /// The portal
        #[arg(long)]
        portal: PortalId,
        /// The number of the run
        #[arg(long)]
        before: i64,
        /// Change nothing, say what would change
        #[arg(long)]
        dry_run: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Makes no more runs of a portal
    Pause {
        /// The portal
        #[arg(long)]
        portal: PortalId,
        /// Why, for those who find it so
        #[arg(long)]
        why: String,
    },
    /// Makes runs of a portal again
    Resume {
        /// The portal
        #[arg(long)]
        portal: PortalId,
    },
}

pub(super) async fn run(config: &Path, what: What) -> Result<Exit, Fault> {
    match what {
        What::List { portal, json } => list(config, &portal, json).await,
        What::Plan { portal, json } => plan(config, &portal, json).await,
        What::Release { portal, run } => {
            let (indexer, portal) = open(config, &portal).await?;
            let cancel = tokio_util::sync::CancellationToken::new();
            let report = import::watched(&indexer, &portal, indexer.release(&portal, run, &cancel)).await?;
            end(&indexer, &report, false).await
        }
        What::Restore { portal, before, dry_run, json } => {
            let (indexer, portal) = open(config, &portal).await?;
            let report = import::watched(&indexer, &portal, indexer.restore(&portal, before, dry_run)).await?;
            end(&indexer, &report, json).await
        }
        What::Pause { portal, why } => {
            let (indexer, portal) = open(config, &portal).await?;
            indexer.pause(&portal.id, &why).await.map_err(setup::fault)?;
            indexer.close().await;
            Ok(Exit::Done)
        }
        What::Resume { portal } => {
            let (indexer, portal) = open(config, &portal).await?;
            indexer.resume(&portal.id).await.map_err(setup::fault)?;
            indexer.close().await;
            Ok(Exit::Done)
        }
    }
}

/// The writing side, and the portal as it is registered.
async fn open(config: &Path, id: &PortalId) -> Result<(Indexer, Portal), Fault> {
    let loaded = setup::load(config).await?;
    let portal = registered(&loaded.portals, id)?;
    let indexer = setup::indexer(&loaded.config, loaded.portals, &config::telemetry::registry()).await?;
    Ok((indexer, portal))
}

fn registered(portals: &[Portal], id: &PortalId) -> Result<Portal, Fault> {
    let found = portals.iter().find(|portal| portal.id == *id).cloned();
    found.ok_or_else(|| Fault::Usage(format!("{id} is not registered; `check` lists the portals that are")))
}

async fn end(indexer: &Indexer, report: &RunReport, json: bool) -> Result<Exit, Fault> {
    indexer.follow().await.map_err(setup::fault)?;
    indexer.close().await;
    import::say(report, json)
}

async fn list(config: &Path, id: &PortalId, json: bool) -> Result<Exit, Fault> {
    let loaded = setup::load(config).await?;
    let portal = registered(&loaded.portals, id)?;
    let url = &loaded.config.store.url;
    let known = run::known_in(url, id).await.map_err(setup::fault)?;
    let next = run::next_run_in(url, &portal).await.map_err(setup::fault)?;
    let bytes = run::journal_bytes_in(url, id).await.map_err(setup::fault)?;
    let restorable = |number: Option<i64>, outcome: &str| {
        number.is_some_and(|number| number >= known.kept_from)
            && matches!(outcome, "applied" | "restored" | "broken_off" | "failed")
    };
    if json {
        let runs: Vec<Value> = known
            .runs
            .iter()
            .map(|run| {
                json!({
                    "run": run.number, "started": run.started, "ended": run.ended, "outcome": run.outcome,
                    "added": run.applied.added, "updated": run.applied.updated, "removed": run.applied.removed,
                    "unchanged": run.applied.unchanged, "refused": run.refused,
                    "restorable": restorable(run.number, &run.outcome),
                })
            })
            .collect();
        let paused = known.paused.as_ref().map(|pause| json!({"since": pause.since, "why": pause.why}));
        let answer = json!({
            "portal": id, "runs": runs, "next_run": next.at.filter(|at| *at > jiff::Timestamp::UNIX_EPOCH),
            "next_run_reason": next_sentence(&next, clock::now()), "paused": paused,
            "held": known.held.as_ref().map(|held| held.run), "good_at": known.good_at, "journal_bytes": bytes,
        });
        println!("{answer}");
        return Ok(Exit::Done);
    }
    for run in &known.runs {
        let applied = &run.applied;
        println!(
            "{}\t{}\t{}\t{} neu, {} geändert, {} entfernt, {} unverändert, {} nicht übernommen{}",
            run.number.unwrap_or_default(),
            moment_brief(run.ended),
            outcome_name(&run.outcome),
            applied.added,
            applied.updated,
            applied.removed,
            applied.unchanged,
            run.refused,
            if restorable(run.number, &run.outcome) { "; der Stand davor ist aufbewahrt" } else { "" },
        );
    }
    if let Some(held) = &known.held {
        println!("Lauf {} ist angehalten; `runs plan` zeigt, was er täte, `runs release` lässt ihn zu", held.run);
    }
    println!("{}", next_sentence(&next, clock::now()));
    println!("Aufbewahrt für die Wiederherstellung: {:.1} MB", bytes as f64 / 1e6);
    Ok(if known.held.is_some() || known.paused.is_some() { Exit::Findings } else { Exit::Done })
}

async fn plan(config: &Path, id: &PortalId, json: bool) -> Result<Exit, Fault> {
    let loaded = setup::load(config).await?;
    let known = run::known_in(&loaded.config.store.url, id).await.map_err(setup::fault)?;
    let Some(Held { run, plan, .. }) = known.held else {
        return Err(Fault::Work(format!("no run of {id} is held")));
    };
    if json {
        println!("{}", json!({"portal": id, "run": run, "plan": plan}));
    } else {
        print(&plan);
    }
    Ok(Exit::Findings)
}

/// A plan as text: each list with its count, each record on a line.
pub(super) fn print(plan: &run::Plan) {
    for (heading, listed) in lists(plan) {
        println!("{heading}: {}", listed.total);
        listed.entries.iter().for_each(|planned| println!("  {}", line(planned)));
        let more = listed.total - listed.entries.len() as u64;
        if more > 0 {
            println!("  … und {more} weitere");
        }
    }
}

//! `portals`: the two sources of portals side by side, and the way from each to the other.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use connectors::ids::PortalId;
use connectors::registration::Portal;
use serde_json::{Value, json};

use super::{Exit, Fault};
use crate::joining::acting::{Acting, Refusal, facts_now};
use crate::joining::sources;
use crate::registry::{Registered, Registry, Who};

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Every portal: where it comes from, and how far it is
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// In what files and registrations differ; status 1 when they do
    Diff {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Writes registered portals as files
    Export {
        /// Of this portal alone
        #[arg(long)]
        portal: Option<PortalId>,
        /// The folder to write to; printed when left out
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Takes portals out of files into the registrations, live at once, as one change set each
    Apply {
        /// A file, or a folder of files
        what: PathBuf,
        /// Change nothing, say what would change
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) async fn run(file: &Path, what: What) -> Result<Exit, Fault> {
    let config = config::load_main(file).map_err(|error| Fault::Usage(error.to_string()))?;
    let registry = Registry::open(&config.registry_file()).await.map_err(Fault::work)?;
    let ended = match what {
        What::List { json } => list(file, &registry, json).await,
        What::Diff { json } => diff(file, &registry, json).await,
        What::Export { portal, dir } => export(&registry, portal.as_ref(), dir.as_deref()).await,
        What::Apply { what, dry_run } => apply(&config, &registry, &what, dry_run).await,
    };
    registry.close().await;
    ended
}

async fn list(file: &Path, registry: &Registry, as_json: bool) -> Result<Exit, Fault> {
    let (files, unusable, registered) = both(file, registry).await?;
    let mut rows = Vec::new();
    for portal in &files {
        let also = registered.iter().any(|one| one.id == portal.id);
        rows.push((
            portal.id.to_string(),
            if also { "file and registration" } else { "file" },
            "released",
            &portal.name,
        ));
    }
    for one in registered.iter().filter(|one| !files.iter().any(|file| file.id == one.id)) {
        let facts = facts_now(registry, one).await.map_err(Fault::work)?;
        let stage = one.registration.stage(facts).as_str();
        rows.push((one.id.to_string(), "registration", stage, &one.registration.portal.name));
    }
    rows.sort();
    if as_json {
        let row = |(id, source, stage, name): &(String, &str, &str, &String)| json!({ "id": id, "source": source, "stage": stage, "name": name });
        print_json(&json!({ "portals": rows.iter().map(row).collect::<Vec<_>>(), "unusable_files": unusable }))?;
    } else {
        rows.iter().for_each(|(id, source, stage, name)| println!("{id}\t{source}\t{stage}\t{name}"));
    }
    Ok(Exit::Done)
}

async fn diff(file: &Path, registry: &Registry, as_json: bool) -> Result<Exit, Fault> {
    let (files, unusable, registered) = both(file, registry).await?;
    let differing = sources::merged(files, &unusable, &registered).differing;
    if as_json {
        let shown = |one: &sources::Difference| {
            let part = |(path, file, registered): &(String, Value, Value)| json!({ "part": path, "file": file, "registration": registered });
            let parts = one.parts.as_ref().map(|parts| parts.iter().map(part).collect::<Vec<_>>());
            json!({ "id": one.id, "file_usable": one.parts.is_some(), "parts": parts.unwrap_or_default() })
        };
        print_json(&json!({ "differing": differing.iter().map(shown).collect::<Vec<_>>() }))?;
    } else {
        for one in &differing {
            println!("{}", one.line());
            for (path, file, registered) in one.parts.iter().flatten() {
                println!("  {path}: file {file}, registration {registered}");
            }
        }
    }
    eprintln!("{} portals differ", differing.len());
    Ok(if differing.is_empty() { Exit::Done } else { Exit::Findings })
}

async fn export(registry: &Registry, portal: Option<&PortalId>, dir: Option<&Path>) -> Result<Exit, Fault> {
    let registered = registry.registrations().await.map_err(Fault::work)?;
    let wanted: Vec<Portal> = registered
        .into_iter()
        .filter(|one| portal.is_none_or(|id| one.id == *id))
        .filter_map(|one| one.registration.served())
        .collect();
    if let (Some(id), true) = (portal, wanted.is_empty()) {
        return Err(Fault::Usage(format!("{id} is not registered and released; `portals list` shows what is")));
    }
    if let Some(dir) = dir {
        std::fs::create_dir_all(dir).map_err(|error| Fault::Work(format!("{}: {error}", dir.display())))?;
    }
    for portal in &wanted {
        let text = toml::to_string_pretty(portal).map_err(Fault::work)?;
        match dir {
            Some(dir) => write(&dir.join(format!("{}.toml", portal.id)), &text)?,
            None => println!("# {}.toml\n{text}", portal.id),
        }
    }
    eprintln!("{} portals", wanted.len());
    Ok(Exit::Done)
}

/// Writes a file whole or not at all, so that a process that follows the folder never reads half of it.
fn write(file: &Path, text: &str) -> Result<(), Fault> {
    let failed = |error: std::io::Error| Fault::Work(format!("{}: {error}", file.display()));
    let aside = file.with_extension("toml.new");
    std::fs::write(&aside, text).map_err(failed)?;
    std::fs::rename(&aside, file).map_err(failed)
}

async fn apply(config: &config::Config, registry: &Registry, what: &Path, dry_run: bool) -> Result<Exit, Fault> {
    let (portals, faults) =
        config::read_portals(what, &config.egress.rule()).map_err(|error| Fault::Usage(error.to_string()))?;
    if let Some(fault) = faults.first() {
        faults.iter().for_each(|fault| eprintln!("{fault}"));
        return Err(Fault::Usage(format!("nothing was applied: {} cannot be used", fault.file.display())));
    }
    if portals.is_empty() {
        return Err(Fault::Usage(format!("there is no portal in {}", what.display())));
    }
    let who = Who::command_line();
    let acting = Acting { registry, who: &who, dry_run };
    for portal in portals {
        let id = portal.id.clone();
        match acting.apply(portal).await {
            Ok(None) => println!("{id}\tunchanged"),
            Ok(Some(changed)) => {
                let number = changed.number.map_or_else(|| "-".to_owned(), |number| number.to_string());
                println!("{id}\tchange set {number}");
                for (path, before, after) in &changed.differences {
                    println!("  {path}: {before} -> {after}");
                }
            }
            Err(refusal @ Refusal::Registry(_)) => return Err(Fault::work(refusal)),
            Err(refusal) => return Err(Fault::Usage(format!("{id}: {refusal}"))),
        }
    }
    Ok(Exit::Done)
}

/// Portals of files, ids of unusable files, and registrations.
async fn both(file: &Path, registry: &Registry) -> Result<(Vec<Portal>, Vec<String>, Vec<Registered>), Fault> {
    let loaded = config::load(file).map_err(|error| Fault::Usage(error.to_string()))?;
    loaded.faults.iter().for_each(|fault| eprintln!("{fault}"));
    let unusable = sources::unusable(&loaded);
    Ok((loaded.portals, unusable, registry.registrations().await.map_err(Fault::work)?))
}

fn print_json(value: &Value) -> Result<(), Fault> {
    println!("{}", serde_json::to_string_pretty(value).map_err(Fault::work)?);
    Ok(())
}

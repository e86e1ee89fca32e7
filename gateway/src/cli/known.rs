//! `known`: what the Verbund knows of one portal, and what was wrong with what it delivered.

use std::path::Path;

use connectors::ids::PortalId;
use indexer::record::Kind;

use super::{Exit, Fault, import, setup};

pub(super) async fn run(config: &Path, portal: &PortalId, fragments: bool) -> Result<Exit, Fault> {
    let config = ::config::load_main(config).map_err(|error| Fault::Usage(error.to_string()))?;
    let known = indexer::run::known_in(&config.store.url, portal).await.map_err(setup::fault)?;
    for kind in Kind::ALL {
        println!("{}\t{}", kind.name(), known.records.get(&kind).copied().unwrap_or(0));
    }
    for run in &known.runs {
        let applied = &run.applied;
        println!(
            "run {}\t{}\t{} added, {} updated, {} removed, {} unchanged, {} refused",
            run.ended, run.outcome, applied.added, applied.updated, applied.removed, applied.unchanged, run.refused
        );
    }
    known.findings.iter().for_each(|finding| println!("{}", import::line(finding)));
    println!("pieces not understood\t{}", known.fragments.len());
    if fragments {
        known.fragments.iter().for_each(|(path, xml)| println!("{path}\t{xml}"));
    }
    Ok(if known.findings.is_empty() { Exit::Done } else { Exit::Findings })
}

//! `known`: what the Verbund knows of one portal, and what was wrong with what it delivered.

use std::path::Path;

use config::clock;
use connectors::ids::PortalId;
use indexer::record::Kind;

use super::{Exit, Fault, import, setup};
use crate::runs::next_sentence;

pub(super) async fn run(config: &Path, portal: &PortalId, fragments: bool) -> Result<Exit, Fault> {
    let loaded = setup::load(config).await?;
    let config = &loaded.config;
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
    if let Some(at) = known.good_at {
        println!("all records seen\t{at}");
    }
    if let Some(registered) = loaded.portals.iter().find(|one| one.id == *portal) {
        let next = indexer::run::next_run_in(&config.store.url, registered).await.map_err(setup::fault)?;
        println!("next run\t{}", next_sentence(&next, clock::now()));
    }
    for refused in &known.quarantined {
        let id = refused.id.as_ref().map(ToString::to_string).or(refused.place.clone()).unwrap_or_default();
        let sentences: Vec<_> = refused.findings.iter().map(connectors::finding::Finding::sentence).collect();
        let stays = if refused.older_stays { " Die letzte gute Fassung bleibt." } else { "" };
        println!("refused {}\t{} {id}: {}{stays}", refused.at, refused.kind.name(), sentences.join(" "));
    }
    known.findings.iter().for_each(|finding| println!("{}", import::line(finding)));
    println!("pieces not understood\t{}", known.fragments.len());
    if fragments {
        known.fragments.iter().for_each(|(path, xml)| println!("{path}\t{xml}"));
    }
    Ok(if known.findings.is_empty() && known.quarantined.is_empty() { Exit::Done } else { Exit::Findings })
}

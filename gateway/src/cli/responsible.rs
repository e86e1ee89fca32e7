//! `responsible`: who is responsible for a Leistung at a place, and why.

use std::path::Path;

use connectors::gebiet::Ars;
use indexer::catalog::{LeistungRef, State};

use super::{Exit, Fault, setup};
use crate::api::wire;

pub(super) async fn run(config: &Path, leistung: &str, ars: &str, json: bool) -> Result<Exit, Fault> {
    let ars: Ars = ars.parse().map_err(|error| Fault::Usage(format!("--ars: {error}")))?;
    let loaded = setup::load(config).await?;
    let catalog = setup::catalog(&loaded.config, loaded.portals).await?;
    let found = catalog.responsible(&LeistungRef::parse(leistung), ars).await.map_err(Fault::work)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&wire::Responsible::from(found)).map_err(Fault::work)?);
        return Ok(Exit::Done);
    }
    println!("{}", found.state.as_str());
    for answer in found.answers.iter().chain(&found.contacts) {
        println!("{} [{}]", answer.organisationseinheit.name, answer.organisationseinheit.id);
        answer.why.sentences().iter().for_each(|reason| println!("  {reason}"));
    }
    for dienst in &found.onlinedienste {
        println!("online: {} ({}, {})", dienst.url, dienst.name, dienst.level.as_str());
    }
    if found.state == State::None {
        for step in &found.next {
            let phone = step.contact.as_ref().and_then(|contact| contact.phone.as_deref()).unwrap_or("-");
            println!("fragen Sie: {} ({}), Telefon {phone}", step.name, step.level.as_str());
        }
    }
    Ok(Exit::Done)
}

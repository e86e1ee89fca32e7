//! `check`: everything that `serve` would load, and what is wrong with it.

use std::path::Path;

use serde_json::json;

use super::{Exit, Fault, Format};
use crate::routes::Routes;

pub(super) fn run(file: &Path, format: Format) -> Result<Exit, Fault> {
    let loaded = config::load(file);
    let (faults, warnings, portals): (Vec<String>, Vec<String>, usize) = match &loaded {
        Err(error) => (vec![error.to_string()], Vec::new(), 0),
        Ok(loaded) => {
            let own = loaded.config.server.public_url.host_str();
            let (routes, route_faults) = Routes::build(&loaded.portals, own);
            let mut faults: Vec<String> = loaded.faults.iter().map(ToString::to_string).collect();
            faults.extend(route_faults.iter().map(ToString::to_string));
            faults.extend(routes.self_test().err());
            (faults, loaded.warnings.iter().map(ToString::to_string).collect(), loaded.portals.len())
        }
    };
    match format {
        Format::Json => println!("{}", json!({ "portals": portals, "faults": faults, "warnings": warnings })),
        Format::Text => {
            faults.iter().for_each(|fault| println!("{fault}"));
            warnings.iter().for_each(|warning| println!("{warning}"));
            eprintln!("{portals} portals, {} faults, {} warnings", faults.len(), warnings.len());
        }
    }
    if faults.is_empty() {
        Ok(Exit::Done)
    } else {
        Err(Fault::Usage(format!("{} is not ready to serve", file.display())))
    }
}

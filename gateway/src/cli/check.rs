//! `check`: everything that `serve` would load, and what is wrong with it.

use std::path::Path;

use config::{Tls, clock};
use serde_json::json;

use super::{Exit, Fault, Format};
use crate::joining::sources;
use crate::routes::Routes;
use crate::server::Certificate;

pub(super) async fn run(file: &Path, format: Format) -> Result<Exit, Fault> {
    let loaded = config::load(file);
    let (faults, warnings, portals): (Vec<String>, Vec<String>, usize) = match &loaded {
        Err(error) => (vec![error.to_string()], Vec::new(), 0),
        Ok(loaded) => {
            let merged = sources::beside(&loaded.config, loaded).await.map_err(Fault::work)?;
            let own = loaded.config.server.public_url.host_str();
            let (routes, route_faults) = Routes::build(&merged.portals, own);
            let mut faults: Vec<String> = loaded.faults.iter().map(ToString::to_string).collect();
            faults.extend(route_faults.iter().map(ToString::to_string));
            faults.extend(routes.self_test().err());
            let mut warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
            warnings.extend(merged.differing.iter().map(sources::Difference::line));
            let (unread, missing) = crate::voice::faults(loaded.config.operator.as_ref());
            faults.extend(unread);
            warnings.extend(missing);
            if let Some(tls) = &loaded.config.tls {
                certificates(tls, &mut faults, &mut warnings);
            }
            (faults, warnings, merged.portals.len())
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

/// Reads the certificates as `serve` would, and notes what is wrong with each.
fn certificates(tls: &Tls, faults: &mut Vec<String>, warnings: &mut Vec<String>) {
    for files in &tls.certificates {
        let read = Certificate::read(files, tls.profile);
        match read.map(|certificate| certificate.not_now(files, clock::now())) {
            Ok(not_now) => faults.extend(not_now.map(|fault| fault.to_string())),
            Err(fault) => faults.push(fault.to_string()),
        }
        if Certificate::is_open_to_all(files) {
            let key = files.key.display();
            warnings.push(format!("{key} can be read by everybody on this machine, expected mode 0600 or 0640"));
        }
    }
}

//! `routes`: the table that `serve` would use, and which of its rules answers an address.

use std::path::Path;
use std::time::Duration;

use clap::Subcommand;
use config::{Config, clock};
use connectors::egress::Egress;
use serde_json::json;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::Url;

use super::{Exit, Fault, setup};
use crate::explain::{Address, explain};
use crate::pages::forward::who_is_asked;
use crate::routes::Routes;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Every route: portal, kind, place, where it leads
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Which rule answers an address, why, and which upstream would be asked now
    Test {
        /// http://host/path, or a path at our own host
        url: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(file: &Path, what: What) -> Result<Exit, Fault> {
    let loaded = setup::load(file).await?;
    let (routes, faults) = Routes::build(&loaded.portals, loaded.config.server.public_url.host_str());
    for fault in &faults {
        eprintln!("{fault}");
    }
    let sound = faults.is_empty() && loaded.faults.is_empty();
    match what {
        What::List { json: true } => {
            let left_out: Vec<_> = loaded.faults.iter().map(ToString::to_string).collect();
            let left_out: Vec<_> = left_out.into_iter().chain(faults.iter().map(ToString::to_string)).collect();
            print(&json!({ "routes": routes.listing(), "left_out": left_out }))?;
        }
        What::List { json: false } => routes.listing().iter().for_each(|route| println!("{}", route.line())),
        What::Test { url, json } => test(&loaded.config, loaded.portals, &routes, &url, json).await?,
    }
    Ok(if sound { Exit::Done } else { Exit::Findings })
}

async fn test(
    config: &Config,
    portals: Vec<connectors::registration::Portal>,
    routes: &Routes,
    url: &str,
    json: bool,
) -> Result<(), Fault> {
    let address = Address::parse(url).map_err(Fault::Usage)?;
    let who = if address.needs_catalog(routes) {
        match setup::catalog(config, portals).await {
            Ok(catalog) => Some(who_is_asked(catalog)),
            Err(Fault::Usage(why) | Fault::Work(why)) => {
                eprintln!("{why}");
                None
            }
        }
    } else {
        None
    };
    let (mut explained, matched) = explain(routes, &address, who.as_ref(), clock::now()).await;
    let upstreams = matched.map(|matched| matched.route.upstreams.clone()).unwrap_or_default();
    let egress = config.egress.rule();
    for upstream in upstreams {
        match reach(&upstream, &egress, Duration::from_secs(config.proxy.connect_timeout_s)).await {
            Ok(()) if explained.upstream_now.is_none() => explained.upstream_now = Some(upstream),
            Ok(()) => {}
            Err(why) => explained.why.push(format!("{upstream} does not answer now: {why}")),
        }
    }
    if json {
        return print(&serde_json::to_value(&explained).map_err(Fault::work)?);
    }
    println!("{}", explained.answer);
    if let Some(route) = &explained.route {
        println!("route\t{}", route.line());
    }
    explained.why.iter().for_each(|why| println!("why\t{why}"));
    if let Some(target) = &explained.target {
        println!("target\t{target}");
    }
    if let Some(upstream) = &explained.upstream_now {
        println!("upstream\t{upstream}");
    }
    Ok(())
}

fn print(value: &serde_json::Value) -> Result<(), Fault> {
    println!("{}", serde_json::to_string_pretty(value).map_err(Fault::work)?);
    Ok(())
}

/// Whether anything listens there, by the same rule as for requests; nothing is sent.
async fn reach(upstream: &Url, egress: &Egress, within: Duration) -> Result<(), String> {
    let (host, port) = (upstream.host_str().unwrap_or_default(), upstream.port_or_known_default().unwrap_or(80));
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let found = timeout(within, lookup_host((host, port))).await.map_err(|_| "its name is not resolved in time")?;
    let mut why = "its name has no address".to_owned();
    for address in found.map_err(|error| error.to_string())? {
        if let Err(refused) = egress.allows(address.ip().to_canonical()) {
            why = refused.to_string();
            continue;
        }
        match timeout(within, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => why = "no connection in time".to_owned(),
        }
    }
    Err(why)
}

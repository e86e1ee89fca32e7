//! `demo`: a sample Verbund on this machine alone, from the portals' deliveries to the form page.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use config::telemetry::{self, LogFormat};
use config::{Config, EgressAllow};
use indexer::run::{Outcome, RunOptions, Source};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::{Exit, Fault, setup};
use crate::router::Origin;
use crate::server::{Handed, bind};
use crate::service::{self, Gateway, Ground};

pub(super) async fn run(dir: Option<PathBuf>, port: Option<u16>) -> Result<Exit, Fault> {
    telemetry::start(LogFormat::Plain, "warn").map_err(Fault::work)?;
    let aside = if dir.is_none() { Some(tempfile::tempdir().map_err(Fault::work)?) } else { None };
    let dir = dir.or_else(|| aside.as_ref().map(|aside| aside.path().to_owned())).unwrap_or_default();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    // Kept from here on, so that nobody else takes the port meanwhile.
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(0)))).await.map_err(Fault::work)?;
    let config = configuration(&dir, listener.local_addr().map_err(Fault::work)?.port())?;
    let portals = crate::demo::start(stop.clone(), &tasks, &config.server.public_url).await.map_err(Fault::work)?;
    let portals: Vec<_> = portals.into_iter().map(|portal| portal.registration).collect();
    let registry = config::telemetry::registry();
    let indexer = Arc::new(setup::indexer(&config, portals.clone(), &registry).await?);
    setup::language(&config, &portals, &indexer.catalog())?;
    let registered = Arc::new(ArcSwap::from_pointee(portals.clone()));
    let ground = Ground {
        catalog: indexer.catalog(),
        indexer: Some(Arc::clone(&indexer)),
        portals: Arc::clone(&registered),
        metrics: registry,
    };
    let opened = Gateway::open_on(Handed::public(listener), &config, ground, &tasks).await;
    let gateway = opened.map_err(Fault::work)?;
    gateway.router().load(&portals, Origin::Registry { left_out: 0 });
    for portal in &portals {
        let report =
            indexer.run(portal, &Source::Registered, RunOptions::default(), &stop).await.map_err(setup::fault)?;
        if !matches!(report.outcome, Outcome::Applied | Outcome::Unchanged) {
            let why: Vec<_> = report.findings.iter().map(connectors::finding::Finding::sentence).collect();
            return Err(Fault::Work(format!("the sample portal {} was not taken: {}", portal.id, why.join(" "))));
        }
        let records = report.applied.added + report.applied.updated + report.applied.unchanged;
        eprintln!("{}: {records} records, {} findings", portal.name, report.findings.len());
    }
    indexer.follow().await.map_err(setup::fault)?;
    let inside = gateway.internal();
    tasks.spawn(gateway.keep_sitemaps(stop.clone()));
    let serving = tasks.spawn(gateway.run(stop.clone()));
    tasks.spawn(service::collect(Arc::clone(&indexer), registered, 1, tasks.clone(), stop.clone()));
    tasks.spawn(service::keep_meanings(indexer.catalog(), stop.clone()));
    eprintln!("Beispielverbund mit erfundenen Angaben. Zum Ausprobieren: „hund anmelden bochum“. Beenden mit Strg+C.");
    eprintln!("Was gesucht wird, für den Betrieb: http://{inside}/insights");
    println!("{}", config.server.public_url);
    let mut terminate = signal(SignalKind::terminate()).map_err(Fault::work)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    stop.cancel();
    // That it panicked would be in the log already.
    let _ = serving.await;
    tasks.close();
    tasks.wait().await;
    indexer.close().await;
    Ok(Exit::Done)
}

/// Who would run the sample Verbund; the pages say that it is invented.
const OPERATOR: &str = r#"
[operator]
name = "Ministerium für Beispiele des Landes Nordrhein-Westfalen (erfunden)"
strasse = "Musterstraße 1"
plz = "40000"
ort = "Musterstadt"
telefon = "0211 5550-0"
email = "portalverbund@land.example"
vertreten_durch = "die Ministerin für Beispiele"
aufsicht = "Landesregierung Nordrhein-Westfalen"
datenschutz_kontakt = "Behördliche Datenschutzbeauftragte, datenschutz@land.example"
log_days = 7
sample = true
"#;

fn configuration(dir: &std::path::Path, port: u16) -> Result<Config, Fault> {
    let public_url: Url = format!("http://localhost:{port}/").parse().map_err(Fault::work)?;
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"{public_url}\"\n\
         [store]\nurl = {:?}\n[index]\ndir = {:?}\n{OPERATOR}",
        format!("sqlite://{}", dir.join("portalverbund.db").display()),
        dir.join("index").display().to_string(),
    );
    let mut config = Config::parse(std::path::Path::new("demo"), &text).map_err(Fault::work)?;
    let loopback = "127.0.0.0/8".parse().map_err(Fault::work)?;
    config.egress = EgressAllow::new(vec![loopback]);
    Ok(config)
}

//! `serve`: gateway and indexer, until SIGTERM.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use config::telemetry::{self, LogFormat};
use connectors::registration::Portal;
use indexer::run::Indexer;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Exit, Fault, Half, setup};
use crate::service::{self, Gateway, Router};

/// How often a gateway without an indexer looks whether another process has changed the index.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(file: &Path, only: Option<Half>) -> Result<Exit, Fault> {
    let loaded = setup::load(file)?;
    let config = loaded.config;
    telemetry::start(LogFormat::Json, &config.log.filter).map_err(Fault::work)?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let portals = Arc::new(ArcSwap::from_pointee(loaded.portals.clone()));
    let indexer = match only {
        Some(Half::Gateway) => None,
        _ => Some(Arc::new(setup::indexer(&config, loaded.portals.clone()).await?)),
    };
    if let Some(indexer) = &indexer {
        setup::language(&config, &loaded.portals, &indexer.catalog())?;
    }
    let mut router = None;
    let mut reading = None;
    let mut serving = None;
    if only != Some(Half::Indexer) {
        let catalog = match &indexer {
            Some(indexer) => indexer.catalog(),
            None => setup::catalog(&config, loaded.portals.clone()).await?,
        };
        let gateway = Gateway::open(&config, catalog.clone(), &tasks).await.map_err(Fault::work)?;
        gateway.router().load(&loaded.portals);
        eprintln!("listening on http://{}, internal side on http://{}", gateway.public(), gateway.internal());
        router = Some(gateway.router());
        if indexer.is_none() {
            let (catalog, dir, stop) = (catalog.clone(), config.index.dir.clone(), stop.clone());
            tasks.spawn(async move {
                while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
                    if let Err(error) = catalog.refresh(&dir) {
                        tracing::error!(%error, "cannot follow the index");
                    }
                }
            });
        }
        reading = Some(catalog);
        serving = Some(tasks.spawn(gateway.run(stop.clone())));
    }
    if let Some(indexer) = &indexer {
        let collecting = service::collect(
            Arc::clone(indexer),
            Arc::clone(&portals),
            config.crawl.portals,
            tasks.clone(),
            stop.clone(),
        );
        tasks.spawn(collecting);
        tasks.spawn(service::keep_meanings(indexer.catalog(), stop.clone()));
    }
    let reload = || reload(file, &portals, indexer.as_deref(), reading.as_ref(), router.as_ref());
    wait_for_end(reload).await?;
    tracing::info!("draining");
    stop.cancel();
    let rest = async {
        if let Some(serving) = serving {
            // That it panicked is in the log already.
            let _ = serving.await;
        }
        tasks.close();
        tasks.wait().await;
    };
    let mut again = signal(SignalKind::terminate()).map_err(Fault::work)?;
    tokio::select! {
        () = rest => {}
        _ = again.recv() => return Err(Fault::Work("ended at once by a second signal".into())),
    }
    if let Some(indexer) = indexer {
        indexer.close().await;
    }
    Ok(Exit::Done)
}

/// Waits for SIGTERM or an interrupt; SIGHUP reloads.
async fn wait_for_end(reload: impl Fn()) -> Result<(), Fault> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Fault::work)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Fault::work)?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = tokio::signal::ctrl_c() => return Ok(()),
            _ = hangup.recv() => reload(),
        }
    }
}

/// Takes the portals anew from their files; a configuration that cannot be read leaves everything as it is.
fn reload(
    file: &Path,
    portals: &ArcSwap<Vec<Portal>>,
    indexer: Option<&Indexer>,
    reading: Option<&indexer::catalog::Catalog>,
    router: Option<&Router>,
) {
    let loaded = match config::load(file) {
        Ok(loaded) => loaded,
        Err(error) => {
            tracing::error!(%error, "the configuration cannot be read; everything stays as it was");
            return;
        }
    };
    for fault in &loaded.faults {
        tracing::error!(%fault, "a portal is left out");
    }
    let catalog = indexer.map(Indexer::catalog).or_else(|| reading.cloned());
    match (setup::words_and_ranking(&loaded.config.search, &loaded.portals), catalog) {
        (Ok((words, ranking)), Some(catalog)) => catalog.set_language(words, ranking),
        (Err(Fault::Usage(fault) | Fault::Work(fault)), _) => {
            tracing::error!(fault, "everyday words and weights stay as they were")
        }
        (Ok(_), None) => {}
    }
    portals.store(Arc::new(loaded.portals.clone()));
    match (indexer, reading) {
        (Some(indexer), _) => indexer.set_portals(loaded.portals.clone()),
        (None, Some(reading)) => reading.set_portals(loaded.portals.clone()),
        (None, None) => {}
    }
    if let Some(router) = router {
        router.load(&loaded.portals);
    }
    tracing::info!(portals = loaded.portals.len(), "reloaded");
}

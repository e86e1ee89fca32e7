//! `serve`: gateway and indexer, until SIGTERM.

pub(super) mod registry;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use config::telemetry::{self, LogFormat};
use indexer::background::Background;
use indexer::{fitconnect, links};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Exit, Fault, Half, setup};
use crate::access;
use crate::open_files;
use crate::router::Origin;
use crate::server::{Handed, TlsError, bind, run_without_gateway};
use crate::service::{self, Gateway, Ground, StartError};
use registry::{Changes, Followers, Watch};

/// How often a gateway without an indexer looks whether another process has changed the index.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(file: &Path, only: Option<Half>) -> Result<Exit, Fault> {
    let start = registry::open(file).await?;
    let registry::Start { config, portals: registered, origin, state, registry: joining, change, differing } = start;
    telemetry::start(LogFormat::Json, &config.log.filter).map_err(Fault::work)?;
    // Dropped last, when everything that is logged has been.
    let _writing = access::start().map_err(Fault::work)?;
    let (files, connections) = (open_files::raise(), config.server.max_connections);
    if files <= connections as u64 {
        tracing::warn!(
            files,
            connections,
            "fewer files may be open than connections; raise the hard limit (ulimit -Hn)"
        );
    }
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let portals = Arc::new(ArcSwap::from_pointee(registered.clone()));
    let registry = telemetry::registry();
    let background = match only {
        Some(Half::Gateway) => None,
        _ => Some(Background::start(config.crawl.idle).map_err(Fault::work)?),
    };
    let indexer = match &background {
        None => None,
        Some(background) => {
            let (config, portals, registry) = (config.clone(), registered.clone(), registry.clone());
            let opening = async move { setup::indexer(&config, portals, &registry).await };
            Some(Arc::new(background.handle().spawn(opening).await.map_err(Fault::work)??))
        }
    };
    if let Some(indexer) = &indexer {
        setup::language(&config, &registered, &indexer.catalog())?;
    }
    let mut router = None;
    let mut reading = None;
    let mut serving = None;
    let mut certificates = None;
    let mut metrics = None;
    if only != Some(Half::Indexer) {
        let catalog = match &indexer {
            Some(indexer) => indexer.catalog(),
            None => setup::catalog(&config, registered.clone()).await?,
        };
        let handed = Handed::to_this_process();
        let ground = Ground {
            catalog: catalog.clone(),
            indexer: indexer.clone(),
            portals: Arc::clone(&portals),
            metrics: registry.clone(),
        };
        let opened = Gateway::open_on(handed, &config, ground, &tasks).await;
        let gateway = opened.map_err(|error| match error {
            StartError::Tls(error @ TlsError::NoneUsable(_)) => Fault::Usage(format!("{}: {error}", file.display())),
            error => Fault::work(error),
        })?;
        let table = gateway.router();
        if table.load(&registered, origin) && origin != Origin::Kept {
            let (keeping, registered) = (table.clone(), registered.clone());
            let kept = tokio::task::spawn_blocking(move || keeping.keep(&registered)).await;
            kept.map_err(Fault::work)?;
        }
        certificates = gateway.certificates();
        gateway.metrics().registrations.differing(differing);
        metrics = Some(gateway.metrics());
        let scheme = if certificates.is_some() { "https" } else { "http" };
        eprintln!("listening on {scheme}://{}, internal side on http://{}", gateway.public(), gateway.internal());
        if let Some(redirect) = gateway.redirect() {
            eprintln!("sending pages on from http://{redirect}");
        }
        if let (Some(certificates), Some(tls)) = (&certificates, &config.tls)
            && tls.look_s > 0
        {
            tasks.spawn(Arc::clone(certificates).watch(Duration::from_secs(tls.look_s), stop.clone()));
        }
        router = Some(table);
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
        let lists = gateway.keep_sitemaps(stop.clone());
        match &background {
            Some(background) => tasks.spawn_on(lists, background.handle()),
            None => tasks.spawn(lists),
        };
        serving = Some(tasks.spawn(gateway.run(stop.clone())));
    }
    if only == Some(Half::Indexer)
        && let Some(internal) = config.crawl.internal
        && let Some(indexer) = &indexer
    {
        let listener = bind(internal).await.map_err(Fault::work)?;
        eprintln!("internal side on http://{}", listener.local_addr().map_err(Fault::work)?);
        let catalog = indexer.catalog();
        let ready = Arc::new(move || catalog.check().map_err(|error| error.to_string()));
        let (shown, tracked, ending) = (registry.clone(), tasks.clone(), stop.clone());
        tasks.spawn(async move {
            if let Err(error) = run_without_gateway(listener, shown, ready, tracked, ending).await {
                tracing::error!(%error, "cannot show the internal side");
            }
        });
    }
    if let (Some(indexer), Some(background)) = (&indexer, &background) {
        let background = background.handle();
        tasks.spawn_on(service::survey(Arc::clone(indexer), stop.clone()), background);
        let collecting = service::collect(
            Arc::clone(indexer),
            Arc::clone(&portals),
            config.crawl.portals,
            tasks.clone(),
            stop.clone(),
        );
        tasks.spawn_on(collecting, background);
        tasks.spawn_on(service::keep_meanings(indexer.catalog(), stop.clone()), background);
        if let Some(url) = config.report.fit_connect_url.clone() {
            let pause = Duration::from_millis(config.report.fit_connect_pause_ms);
            tasks.spawn_on(fitconnect::keep(Arc::clone(indexer), url, pause, stop.clone()), background);
        }
        if config.links.every_s > 0 {
            let settings = links::Settings::from(&config.links);
            tasks.spawn_on(links::keep(Arc::clone(indexer), settings, stop.clone()), background);
        }
    }
    let watch = Watch::new(file, config.routes.look_s, state);
    let changes = Changes::new(joining.clone(), change);
    let followers = Followers {
        file: file.to_owned(),
        portals,
        indexer: indexer.clone(),
        reading,
        router,
        certificates,
        registry: joining.clone(),
        metrics,
    };
    tell(&[NotifyState::Ready]);
    wait_for_end(Arc::new(followers), watch, changes).await?;
    tracing::info!("draining");
    tell(&[NotifyState::Stopping]);
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
    joining.close().await;
    if let Some(indexer) = indexer {
        indexer.close().await;
    }
    Ok(Exit::Done)
}

/// Waits for SIGTERM or an interrupt; SIGHUP and a change of a portal's file or registration reload.
async fn wait_for_end(followers: Arc<Followers>, mut watch: Watch, mut changes: Changes) -> Result<(), Fault> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Fault::work)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Fault::work)?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = tokio::signal::ctrl_c() => return Ok(()),
            _ = hangup.recv() => {}
            () = watch.changed() => {}
            () = changes.changed() => {}
        }
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "cannot tell the service manager of the reload"),
        }
        watch.begin().await;
        changes.begin().await;
        Arc::clone(&followers).reload().await;
        tell(&[NotifyState::Ready]);
    }
}

/// Tells systemd how we are, where it started us; nothing else depends on it.
fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "cannot tell the service manager how the process is");
    }
}

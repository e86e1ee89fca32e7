//! Gateway and indexer in one process: what `serve` and `demo` start.
//!
//! The reading side and the proxy come up first, on whatever state there is; portals are collected meanwhile.

mod following;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use config::secret::SecretError;
use config::{Config, clock};
use connectors::ids::PortalId;
use connectors::registration::Portal;
use indexer::catalog::Catalog;
use indexer::crawl::schedule::NextRun;
use indexer::crawl::{Fetcher, FetcherError, schedule};
use indexer::run::{Indexer, Outcome, RunError, RunOptions, Source};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::announce::{self, Announcer};
use crate::assets;
use crate::body::Pace;
use crate::insights::{self, Insights};
use crate::intake;
use crate::joining::{self, Joining};
use crate::metrics::Metrics;
use crate::pages::{self, Site};
use crate::proxy::{Bounds, Breaking, LeaveOut, Naming, Proxy, Repeats, Settings};
use crate::registry::{Desk, Registry, RegistryError};
use crate::router::Router;
use crate::routes::Routes;
use crate::server::{BindError, Certificates, Front, Handed, HandoverError, Limits, Server, TlsError, Trusted, bind};
use crate::sitemap::{self, Keeper, Sitemaps};
use crate::voice;

/// How often is looked which portals are due.
const TICK: Duration = Duration::from_secs(1);

/// The gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A listener that was handed over.
    #[error(transparent)]
    Handover(#[from] HandoverError),
    /// The certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The reading of certificates: a fault of ours.
    #[error("the reading of the certificates ended by a panic")]
    Certificates(#[source] tokio::task::JoinError),
    /// A metric is registered twice.
    #[error("cannot set up the metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// Accounts and the audit trail.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The secret of the sign-in by OpenID Connect.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// What fetches from portals.
    #[error(transparent)]
    Fetcher(#[from] FetcherError),
    /// The folder of deliveries: a fault of ours.
    #[error("the clearing of the folder of deliveries ended by a panic")]
    Intake(#[source] tokio::task::JoinError),
    /// The lists of pages: a fault of ours.
    #[error("the reading of the lists of pages ended by a panic")]
    Sitemaps(#[source] tokio::task::JoinError),
    /// The saved insights: a fault of ours.
    #[error("the reading of the insights ended by a panic")]
    Insights(#[source] tokio::task::JoinError),
}

/// What the gateway stands on.
pub struct Ground {
    /// Where the answers come from.
    pub catalog: Catalog,
    /// The writing side, where it is in this process.
    pub indexer: Option<Arc<Indexer>>,
    /// The registered portals.
    pub portals: Arc<ArcSwap<Vec<Portal>>>,
    /// What the internal side shows.
    pub metrics: prometheus::Registry,
}

/// The gateway, listening.
pub struct Gateway {
    server: Server,
    registry: Registry,
    joining: Arc<Joining>,
    keep_days: u32,
    insights: Arc<Insights>,
    routes: Arc<ArcSwap<Routes>>,
    proxy: Arc<Proxy>,
    metrics: Arc<Metrics>,
    own_host: Option<String>,
    routes_file: PathBuf,
    public: SocketAddr,
    internal: SocketAddr,
    redirect: Option<SocketAddr>,
    certificates: Option<Arc<Certificates>>,
    keeper: Keeper,
    announcer: Option<Arc<Announcer>>,
}

impl Gateway {
    /// Opens the listeners of `config` and prepares everything behind them; nothing is served before `run`.
    pub async fn open(config: &Config, ground: Ground, tasks: &TaskTracker) -> Result<Self, StartError> {
        Self::open_on(Handed::nothing(), config, ground, tasks).await
    }

    /// The same, on the listeners that were `handed` over, as far as there are some.
    pub async fn open_on(
        mut handed: Handed,
        config: &Config,
        ground: Ground,
        tasks: &TaskTracker,
    ) -> Result<Self, StartError> {
        let Ground { catalog, indexer, portals, metrics: shown } = ground;
        if !assets::is_made() {
            tracing::warn!(
                "the design of the pages was not made when this was built; they are plain until `make design` works"
            );
        }
        let public = listener(&mut handed, "public", config.server.listen).await?;
        let internal = listener(&mut handed, "internal", config.server.internal).await?;
        let address = |listener: &tokio::net::TcpListener, asked| listener.local_addr().unwrap_or(asked);
        let (public_address, internal_address) =
            (address(&public, config.server.listen), address(&internal, config.server.internal));
        let metrics = Arc::new(Metrics::new(shown)?);
        let certificates = match &config.tls {
            Some(tls) => Some(certificates(tls.clone(), Arc::clone(&metrics)).await?),
            None => None,
        };
        let redirect = match config.tls.as_ref().and_then(|tls| tls.redirect_from) {
            Some(from) => Some(listener(&mut handed, "redirect", from).await?),
            None => None,
        };
        if handed.left() > 0 {
            let sockets = handed.left();
            tracing::warn!(sockets, "sockets were handed over that no listener of the configuration takes");
        }
        let redirect_address = redirect.as_ref().and_then(|redirect| redirect.local_addr().ok());
        let front = Front {
            tls: certificates.as_ref().map(|certificates| certificates.acceptor()).transpose()?,
            redirect: redirect.map(|redirect| (redirect, config.server.public_url.clone())),
            trusted: Trusted { networks: config.server.trusted.clone(), field: config.server.forwarded_field },
            proxy_protocol: config.server.proxy_protocol,
        };
        let routes = Arc::new(ArcSwap::from_pointee(Routes::not_loaded()));
        let egress = config.egress.rule();
        let allow = Arc::new(move |address| egress.allows(address).is_ok());
        let seconds = Duration::from_secs;
        let body_pace =
            Pace { bytes_per_s: config.server.min_body_bytes_per_s, grace: seconds(config.server.body_grace_s) };
        let settings = Settings {
            connect_time: seconds(config.proxy.connect_timeout_s),
            first_byte_time: seconds(config.proxy.head_timeout_s),
            idle_time: seconds(config.proxy.idle_timeout_s),
            max_body_bytes: config.proxy.max_body_bytes,
            body_pace,
            portal_places: config.proxy.max_in_flight,
            portal_tunnels: config.proxy.tunnels(),
            tunnel_idle_time: seconds(config.proxy.tunnel_idle_s),
            naming: Naming {
                servers: config.proxy.dns_servers.clone(),
                longest: seconds(config.proxy.dns_max_ttl_s),
                stale: seconds(config.proxy.dns_stale_s),
            },
            leave_out: LeaveOut {
                max_failures: config.proxy.max_failures,
                first: seconds(config.proxy.out_s),
                longest: seconds(config.proxy.max_out_s),
                slowly: seconds(config.proxy.return_s),
            },
            breaking: Breaking {
                span: seconds(config.proxy.break_span_s),
                min_requests: config.proxy.break_min_requests,
                percent: config.proxy.break_percent,
                pause: seconds(config.proxy.break_pause_s),
            },
            repeats: Repeats { percent: config.proxy.repeat_percent, least: config.proxy.min_repeats },
            cache: Bounds { max_bytes: config.cache.max_bytes, max_object_bytes: config.cache.max_object_bytes },
            ..Settings::new(config.server.public_url.clone())
        };
        let proxy = Arc::new(Proxy::new(settings, allow, Proxy::public_roots(), Arc::clone(&metrics), tasks.clone()));
        let limits = Limits {
            connections: config.server.max_connections,
            connections_per_client: config.server.max_connections_per_client,
            head_time: seconds(config.server.head_timeout_s),
            keep_alive_time: seconds(config.server.idle_timeout_s),
            body_idle_time: seconds(config.server.body_idle_timeout_s),
            body_pace,
            requests_per_s: config.server.requests_per_s,
            burst: config.server.burst,
            drain_time: seconds(config.server.drain_s),
            head_bytes: config.server.max_head_bytes,
            fields: config.server.max_fields,
            delivery_bytes: config.intake.max_body_bytes,
            ..Limits::default()
        };
        let asked = catalog.clone();
        let (kept, counted) = (config.clone(), Arc::clone(&metrics));
        let opened = tokio::task::spawn_blocking(move || Insights::open(&kept, counted, clock::now())).await;
        let insights = Arc::new(opened.map_err(StartError::Insights)?);
        let public_url = config.server.public_url.clone();
        let (folder, base) = (config.sitemaps_dir(), public_url.clone());
        let opened = tokio::task::spawn_blocking(move || Sitemaps::open(folder, base)).await;
        let sitemaps = opened.map_err(StartError::Sitemaps)?;
        let site = Site {
            catalog: catalog.clone(),
            public_url,
            insights: Arc::clone(&insights),
            reports: Arc::default(),
            sitemaps: Arc::clone(&sitemaps),
        };
        let registry = Registry::open(&config.registry_file()).await?;
        let fetcher = Arc::new(Fetcher::new(config)?);
        let announcer = Announcer::new(config, Arc::clone(&fetcher), Arc::clone(&metrics));
        let desk = Desk::new(registry.clone(), site, indexer, portals, Arc::new(config.clone()), fetcher)?;
        let desk = desk.with_tasks(tasks.clone());
        let joining = Arc::clone(&desk.joining);
        if desk.indexer.is_some() {
            let folder = intake::folder(&desk);
            // Before anything is received: what lies there was left behind.
            let cleared = tokio::task::spawn_blocking(move || intake::clear(&folder)).await;
            cleared.map_err(StartError::Intake)?;
        }
        let catalog = catalog.beside();
        let asked_aside = pages::router(desk.clone().with_catalog(catalog.clone()));
        let pages = pages::router(desk);
        let keeper = Keeper {
            sitemaps,
            catalog,
            pages: asked_aside,
            announcer: announcer.clone(),
            metrics: Arc::clone(&metrics),
            every: seconds(config.sitemap.every_s),
        };
        let server = Server {
            public,
            internal,
            pages,
            inside: insights::page::router(Arc::clone(&insights)).merge(announce::inside(announcer.clone())),
            routes: Arc::clone(&routes),
            who: pages::forward::who_is_asked(asked.clone()),
            proxy: Arc::clone(&proxy),
            metrics: Arc::clone(&metrics),
            ready: Arc::new(move || asked.check().map_err(|error| error.to_string())),
            limits,
            front,
            tasks: tasks.clone(),
        };
        let own_host = config.server.public_url.host_str().map(str::to_owned);
        let (public, internal) = (public_address, internal_address);
        let routes_file = config.routes_file();
        Ok(Self {
            server,
            registry,
            joining,
            keep_days: config.feedback.keep_days,
            insights,
            routes,
            proxy,
            metrics,
            own_host,
            routes_file,
            public,
            internal,
            redirect: redirect_address,
            certificates,
            keeper,
            announcer,
        })
    }

    /// What keeps the lists of pages for search engines, until the token says so; on whatever threads it is spawned.
    pub fn keep_sitemaps(&self, stop: CancellationToken) -> impl Future<Output = ()> + Send + 'static {
        sitemap::keep(self.keeper.clone(), stop)
    }

    /// Where pages are sent on to TLS, if anywhere.
    pub fn redirect(&self) -> Option<SocketAddr> {
        self.redirect
    }

    /// The certificates in use, where citizens reach us by TLS.
    pub fn certificates(&self) -> Option<Arc<Certificates>> {
        self.certificates.clone()
    }

    /// Where the public side listens.
    pub fn public(&self) -> SocketAddr {
        self.public
    }

    /// Where the internal side listens.
    pub fn internal(&self) -> SocketAddr {
        self.internal
    }

    /// What the gateway counts.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// What changes the table of routes while the gateway serves.
    pub fn router(&self) -> Router {
        let (routes, proxy, metrics) = (Arc::clone(&self.routes), Arc::clone(&self.proxy), Arc::clone(&self.metrics));
        Router::new(routes, proxy, metrics, self.own_host.clone(), self.routes_file.clone())
    }

    /// Serves until `stop` and the end of the open requests; what they counted is saved then.
    pub async fn run(self, stop: CancellationToken) {
        let served = CancellationToken::new();
        let keeping = self.server.tasks.spawn(self.insights.keep(served.clone()));
        let metrics = Arc::clone(&self.metrics);
        let proving = joining::keep::watch(self.registry.clone(), Arc::clone(&self.joining), metrics, served.clone());
        let trailing = self.server.tasks.spawn(show_trail(self.registry.clone(), self.metrics, served.clone()));
        let proving = self.server.tasks.spawn(proving);
        let forgetting = voice::watch(self.registry.clone(), self.keep_days, served.clone());
        let forgetting = self.server.tasks.spawn(forgetting);
        let telling =
            self.announcer.map(|announcer| self.server.tasks.spawn(announce::keep(announcer, served.clone())));
        self.server.run(stop).await;
        served.cancel();
        // That one of them panicked is in the log already.
        let _ = keeping.await;
        let _ = trailing.await;
        let _ = proving.await;
        let _ = forgetting.await;
        if let Some(telling) = telling {
            let _ = telling.await;
        }
        self.joining.previews.close().await;
        self.registry.close().await;
    }
}

/// How often it is looked where the audit trail ends; other processes write to it as well.
const TRAIL: Duration = Duration::from_secs(15);

/// Shows in the metrics where the audit trail ends, until `stop`.
async fn show_trail(registry: Registry, metrics: Arc<Metrics>, stop: CancellationToken) {
    loop {
        match registry.audit_head().await {
            Ok(head) => metrics.audit_ends(head.seq),
            Err(error) => tracing::error!(%error, "cannot see where the audit trail ends"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(TRAIL)).await.is_none() {
            return;
        }
    }
}

/// The listener that was handed over under this name, else a new one.
async fn listener(handed: &mut Handed, name: &str, address: SocketAddr) -> Result<tokio::net::TcpListener, StartError> {
    match handed.take(name)? {
        Some(listener) => {
            tracing::info!(name, "listening on a socket that was handed over");
            Ok(listener)
        }
        None => Ok(bind(address).await?),
    }
}

async fn certificates(tls: config::Tls, metrics: Arc<Metrics>) -> Result<Arc<Certificates>, StartError> {
    let read = tokio::task::spawn_blocking(move || Certificates::open(&tls, metrics, clock::now())).await;
    Ok(Arc::new(read.map_err(StartError::Certificates)??))
}

/// Collects portals as they become due, until `stop`.
///
/// One portal's fault is that portal's; a fault of ours is logged and tried again, and the old state stays readable.
pub async fn collect(
    indexer: Arc<Indexer>,
    portals: Arc<ArcSwap<Vec<Portal>>>,
    at_once: usize,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(at_once));
    let busy: Arc<std::sync::Mutex<std::collections::BTreeSet<String>>> = Arc::default();
    let applied = Arc::new(Notify::new());
    tasks.spawn(following::follow(Arc::clone(&indexer), Arc::clone(&applied), stop.clone()));
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Runs over single pages come between those over the whole site, and put them off by nothing.
    let mut whole: std::collections::HashMap<PortalId, NextRun> = std::collections::HashMap::new();
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let registered = portals.load_full();
        let mut states = Vec::with_capacity(registered.len());
        for portal in registered.iter() {
            match indexer.next_run(portal).await {
                Ok(next) => states.push((portal, whole.get(&portal.id).cloned().unwrap_or(next))),
                Err(error) => tracing::error!(portal.id = %portal.id, %error, "cannot tell when the portal ran last"),
            }
        }
        let told = indexer.pings().portals();
        whole.retain(|id, _| registered.iter().any(|portal| portal.id == *id));
        let next: Vec<_> = states.iter().map(|(portal, next)| (portal.id.clone(), next.clone())).collect();
        let told = registered.iter().filter(|portal| told.contains(&portal.id)).map(|portal| (portal, true));
        for (portal, told) in told.chain(schedule::due(clock::now(), states).into_iter().map(|portal| (portal, false)))
        {
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { break };
            if !mark(&busy, portal.id.as_str(), true) {
                continue;
            }
            let source = if told {
                let next = next.iter().find(|(id, _)| *id == portal.id).map(|(id, next)| (id.clone(), next.clone()));
                whole.extend(next);
                Source::Pages(indexer.pings().take(&portal.id))
            } else {
                whole.remove(&portal.id);
                Source::Registered
            };
            let (indexer, portal, stop, busy) = (Arc::clone(&indexer), portal.clone(), stop.clone(), Arc::clone(&busy));
            let applied = Arc::clone(&applied);
            tasks.spawn(async move {
                run_once(&indexer, &portal, &source, &applied, &stop).await;
                mark(&busy, portal.id.as_str(), false);
                drop(place);
            });
        }
    }
}

/// Shows in the metrics what is known of the portals from before this process began.
pub async fn survey(indexer: Arc<Indexer>, stop: CancellationToken) {
    if let Some(Err(error)) = stop.run_until_cancelled(indexer.survey()).await {
        tracing::error!(%error, "cannot show what is known of the portals; it comes with their next runs");
    }
}

/// How often it is looked whether concepts without a vector have come.
const MEANINGS: Duration = Duration::from_secs(2);

/// Makes the vectors of new concepts, until `stop`; searches go on meanwhile.
pub async fn keep_meanings(catalog: Catalog, stop: CancellationToken) {
    let mut known = None;
    while stop.run_until_cancelled(tokio::time::sleep(MEANINGS)).await.is_some() {
        let generation = catalog.generation();
        if known == Some(generation) {
            continue;
        }
        let (learning, ending) = (catalog.clone(), stop.clone());
        let made = tokio::task::spawn_blocking(move || learning.learn_meanings(&|| ending.is_cancelled())).await;
        match made {
            Ok(Ok(made)) => {
                known = Some(generation);
                if made > 0 {
                    tracing::info!(made, "vectors of meanings made");
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "cannot keep the vectors of meanings"),
            Err(error) => tracing::error!(%error, "the making of vectors ended by a panic"),
        }
    }
}

/// Notes that a portal is or is not being collected; false when that was so already.
fn mark(busy: &std::sync::Mutex<std::collections::BTreeSet<String>>, portal: &str, on: bool) -> bool {
    let mut busy = busy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if on { busy.insert(portal.to_owned()) } else { busy.remove(portal) }
}

/// Makes one run, and says to `applied` when something is new in the store.
async fn run_once(indexer: &Indexer, portal: &Portal, source: &Source, applied: &Notify, stop: &CancellationToken) {
    let ran = indexer.run(portal, source, RunOptions::default(), stop).await;
    if ran.as_ref().is_ok_and(|report| report.outcome == Outcome::Applied) {
        applied.notify_one();
    }
    match ran {
        Ok(report) => tracing::info!(
            portal.id = %portal.id, outcome = report.outcome.as_str(), added = report.applied.added,
            updated = report.applied.updated, removed = report.applied.removed, findings = report.findings.len(),
            duration_ms = report.duration.as_millis() as u64, "run"
        ),
        Err(_) if stop.is_cancelled() => {}
        // Somebody else made one, or paused the portal, in the moment between.
        Err(error @ (RunError::Running { .. } | RunError::Paused { .. })) => {
            tracing::info!(portal.id = %portal.id, %error, "no run is made");
        }
        Err(error) => tracing::error!(portal.id = %portal.id, %error, "the run could not be made"),
    }
}

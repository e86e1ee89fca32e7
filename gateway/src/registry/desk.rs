//! What the pages and the interface of editors work with.

use std::sync::Arc;

use arc_swap::ArcSwap;
use config::Config;
use config::secret::SecretError;
use connectors::ids::PortalId;
use connectors::registration::Portal;
use indexer::crawl::Fetcher;
use indexer::run::Indexer;
use jiff::SignedDuration;
use tokio_util::task::TaskTracker;

use super::oidc::Provider;
use super::refusal::Denied;
use super::store::Registry;
use super::who::{Right, SessionTimes, Who};
use crate::intake::OnTheirWay;
use crate::joining::Joining;
use crate::pages::Site;

/// The state of all routers of editors.
#[derive(Clone)]
pub struct Desk {
    /// Accounts, rights, tokens, the audit trail.
    pub registry: Registry,
    /// What citizens' pages work with.
    pub site: Site,
    /// The writing side; none in a process that runs `--only gateway`.
    pub indexer: Option<Arc<Indexer>>,
    /// The registered portals.
    pub portals: Arc<ArcSwap<Vec<Portal>>>,
    /// The configuration of the process.
    pub config: Arc<Config>,
    /// Fetches what portals have, within what `[egress]` allows.
    pub fetcher: Arc<Fetcher>,
    /// What goes on although nobody waits for it any more; waited for at the end.
    pub tasks: TaskTracker,
    /// Which deliveries are on their way.
    pub on_their_way: OnTheirWay,
    /// Whom people sign in with, beside those who have a password here.
    pub(super) oidc: Option<Arc<Provider>>,
    /// What registrations of portals work with.
    pub joining: Arc<Joining>,
    pub(super) sessions: SessionTimes,
    /// The name of the session's cookie.
    pub(super) cookie: String,
}

impl Desk {
    /// A desk with all that it needs. Fails when the secret of `[oidc]` cannot be read.
    pub fn new(
        registry: Registry,
        site: Site,
        indexer: Option<Arc<Indexer>>,
        portals: Arc<ArcSwap<Vec<Portal>>>,
        config: Arc<Config>,
        fetcher: Arc<Fetcher>,
    ) -> Result<Self, SecretError> {
        let sessions = SessionTimes {
            idle: SignedDuration::from_secs(config.registry.session_idle_s.into()),
            whole: SignedDuration::from_secs(config.registry.session_s.into()),
        };
        // A browser takes a cookie of such a name only with `Secure` and by TLS.
        let cookie = if site.public_url.scheme() == "https" { "__Secure-pvnrw" } else { "pvnrw" }.to_owned();
        let (tasks, on_their_way) = (TaskTracker::new(), OnTheirWay::default());
        let oidc = config.oidc.clone().map(|oidc| Provider::new(oidc, &site.public_url, Arc::clone(&fetcher)));
        let oidc = oidc.transpose()?.map(Arc::new);
        let joining = Arc::new(Joining::new(&config, Arc::clone(&fetcher)));
        Ok(Self {
            registry,
            site,
            indexer,
            portals,
            config,
            fetcher,
            tasks,
            on_their_way,
            oidc,
            joining,
            sessions,
            cookie,
        })
    }

    /// The same desk with pages over another catalog.
    pub fn with_catalog(self, catalog: indexer::catalog::Catalog) -> Self {
        Self { site: Site { catalog, ..self.site }, ..self }
    }

    /// The same with the tracker of the tasks that are waited for at the end.
    #[must_use]
    pub fn with_tasks(mut self, tasks: TaskTracker) -> Self {
        self.tasks = tasks;
        self
    }

    /// The registered portal of this id, for somebody who has this right on it.
    pub fn portal(&self, who: &Who, right: Right, id: &str) -> Result<Portal, Denied> {
        let id: PortalId = id.parse().map_err(|_| Denied::NoSuch)?;
        who.must(right, &id)?;
        self.portals.load().iter().find(|portal| portal.id == id).cloned().ok_or(Denied::NoSuch)
    }
}

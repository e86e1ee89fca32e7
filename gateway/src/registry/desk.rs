//! What the pages and the interface of editors work with.

use std::sync::Arc;

use arc_swap::ArcSwap;
use config::Config;
use connectors::ids::PortalId;
use connectors::registration::Portal;
use indexer::crawl::Fetcher;
use indexer::run::Indexer;
use jiff::SignedDuration;

use super::refusal::Denied;
use super::store::Registry;
use super::who::{Right, SessionTimes, Who};
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
    /// What registrations of portals work with.
    pub joining: Arc<Joining>,
    pub(super) sessions: SessionTimes,
    /// The name of the session's cookie.
    pub(super) cookie: String,
}

impl Desk {
    /// A desk with all that it needs.
    pub fn new(
        registry: Registry,
        site: Site,
        indexer: Option<Arc<Indexer>>,
        portals: Arc<ArcSwap<Vec<Portal>>>,
        config: Arc<Config>,
        fetcher: Arc<Fetcher>,
    ) -> Self {
        let sessions = SessionTimes {
            idle: SignedDuration::from_secs(config.registry.session_idle_s.into()),
            whole: SignedDuration::from_secs(config.registry.session_s.into()),
        };
        // A browser takes a cookie of such a name only with `Secure` and by TLS.
        let cookie = if site.public_url.scheme() == "https" { "__Secure-pvnrw" } else { "pvnrw" }.to_owned();
        let joining = Arc::new(Joining::new(&config, Arc::clone(&fetcher)));
        Self { registry, site, indexer, portals, config, fetcher, joining, sessions, cookie }
    }

    /// The registered portal of this id, for somebody who has this right on it.
    pub fn portal(&self, who: &Who, right: Right, id: &str) -> Result<Portal, Denied> {
        let id: PortalId = id.parse().map_err(|_| Denied::NoSuch)?;
        who.must(right, &id)?;
        self.portals.load().iter().find(|portal| portal.id == id).cloned().ok_or(Denied::NoSuch)
    }
}

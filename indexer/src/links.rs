//! Visits the addresses that records name, slowly and politely, and keeps what became of each.
//!
//! Which addresses there are follows the change numbers of the store, as the index does, so a run waits for nothing
//! here. A host gets one request at a time with a pause before the next, however many addresses it has. What is found
//! is data for the Prüfbericht; no record changes by it.

mod addresses;
mod visit;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use config::clock;
use connectors::link::{LinkFault, Stranger, Verdict};
use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::run::{Indexer, RunError};
use crate::store::LinkState;
#[cfg(test)]
pub(crate) use addresses::of as addresses_of;
use visit::{Seen, Visitor, strangers};

/// How often is looked what is new and what is due, where there is nothing to do.
const LOOK: Duration = Duration::from_secs(2);
/// Records whose addresses are noted in one transaction.
const NOTED: i64 = 500;
/// Addresses of one host that are visited before what they said is kept.
const AT_A_TIME: i64 = 20;
/// The first wait after a fault that may pass by itself, and after one that hardly will; each doubles.
const SOON: Duration = Duration::from_secs(3600);
const TOMORROW: Duration = Duration::from_secs(86_400);

/// How addresses are visited.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Time between two visits of an address.
    pub every: Duration,
    /// Pause between two requests to a host.
    pub pause: Duration,
    /// Hosts at a time.
    pub hosts: usize,
    /// For one request.
    pub time: Duration,
}

impl From<&config::Links> for Settings {
    fn from(links: &config::Links) -> Self {
        Self {
            every: Duration::from_secs(links.every_s),
            pause: Duration::from_millis(links.pause_ms),
            hosts: links.hosts,
            time: Duration::from_secs(links.timeout_s),
        }
    }
}

/// Visits what is due, until `stop`.
pub async fn keep(indexer: Arc<Indexer>, settings: Settings, stop: CancellationToken) {
    let keeper = Arc::new(Keeper { strangers: strangers(), indexer, settings });
    // Visits that are under way are given up: what they would have said is asked again.
    if let Some(Err(error)) = stop.run_until_cancelled(keeper.go_on()).await {
        tracing::error!(%error, "addresses are not visited any more until the next start");
    }
}

struct Keeper {
    indexer: Arc<Indexer>,
    settings: Settings,
    strangers: Cache<String, Stranger>,
}

impl Keeper {
    /// Never ends but by a fault of the store; the visits that are under way end with it.
    async fn go_on(self: &Arc<Self>) -> Result<(), RunError> {
        let mut busy: HashSet<String> = HashSet::new();
        // Tasks of their own, which go on while this one waits for the store: a visit that was given the only connection
        // that writes, and does not go on, would hold up everything.
        let mut open = JoinSet::new();
        loop {
            self.note().await?;
            let wanted = self.settings.hosts + busy.len();
            let due = self.indexer.store().due_hosts(clock::now(), wanted as i64).await?;
            for host in due {
                if open.len() >= self.settings.hosts {
                    break;
                }
                if busy.insert(host.clone()) {
                    let keeper = Arc::clone(self);
                    open.spawn(async move {
                        let done = keeper.host(&host).await;
                        (host, done)
                    });
                }
            }
            let rest = tokio::time::sleep(LOOK);
            tokio::select! {
                Some(ended) = open.join_next() => {
                    let (host, done) = ended.map_err(|_| RunError::Visit)?;
                    done?;
                    busy.remove(&host);
                    self.count().await?;
                }
                () = rest => {}
            }
        }
    }

    /// Notes the addresses of records that changed.
    async fn note(&self) -> Result<(), RunError> {
        let store = self.indexer.store();
        let mut noted = 0;
        loop {
            let some = store.note_links(NOTED, clock::now(), addresses::of).await?;
            noted += some;
            if some < NOTED as usize {
                break;
            }
        }
        if noted > 0 {
            store.forget_links().await?;
            self.count().await?;
        }
        Ok(())
    }

    async fn count(&self) -> Result<(), RunError> {
        self.indexer.metrics().links(&self.indexer.store().link_counts().await?);
        Ok(())
    }

    /// Visits some of the addresses of a host that are due.
    async fn host(&self, host: &str) -> Result<(), RunError> {
        let due = self.indexer.store().due_links(host, clock::now(), AT_A_TIME).await?;
        let visitor = Visitor {
            fetcher: self.indexer.fetcher(),
            pause: self.settings.pause,
            time: self.settings.time,
            strangers: &self.strangers,
        };
        let mut visited = Vec::with_capacity(due.len());
        let mut away = None;
        for before in due {
            let Ok(url) = Url::parse(&before.url) else { continue };
            let seen = visitor.visit(&url).await;
            let pause = seen.pause;
            visited.push(self.judged(before, seen, clock::now()));
            if let Some(pause) = pause {
                // The others of this host are due no sooner.
                let pause = SignedDuration::try_from(pause.min(TOMORROW)).unwrap_or(SignedDuration::MAX);
                away = clock::now().checked_add(pause).ok();
                break;
            }
        }
        self.indexer.store().keep_links(&visited).await?;
        if let Some(until) = away {
            self.indexer.store().put_off_links(host, until).await?;
        }
        Ok(())
    }

    /// What is known after a visit, and when the next one is due.
    fn judged(&self, before: LinkState, seen: Seen, now: Timestamp) -> (LinkState, Timestamp) {
        self.indexer.metrics().link(seen.verdict);
        let moved = seen.reached.as_str() != before.url;
        let failures = match seen.verdict {
            Verdict::Faulty(_) => before.failures.saturating_add(1),
            Verdict::Good => 0,
            // A server that keeps machines away does not say that anything was mended.
            Verdict::Unclear => before.failures,
        };
        let wait = wait(seen.verdict, failures, self.settings.every, seen.pause);
        let due = now.saturating_add(spread(&before.url, wait)).unwrap_or(Timestamp::MAX);
        let state = LinkState {
            verdict: Some(seen.verdict),
            checked: Some(now),
            status: seen.status,
            reached: moved.then(|| seen.reached.to_string()),
            redirects: seen.redirects,
            town: seen.town,
            failing_since: (failures > 0).then(|| before.failing_since.unwrap_or(now)),
            failures,
            ..before
        };
        (state, due)
    }
}

/// How long until an address is visited again.
fn wait(verdict: Verdict, failures: u32, every: Duration, pause: Option<Duration>) -> Duration {
    let doubled = |first: Duration| first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(every);
    let wait = match verdict {
        Verdict::Good => every,
        Verdict::Unclear => pause.map_or(every, |pause| pause.max(SOON).min(every)),
        Verdict::Faulty(LinkFault::Status | LinkFault::Unreachable | LinkFault::Timeout) => doubled(SOON),
        Verdict::Faulty(_) => doubled(TOMORROW),
    };
    wait.max(pause.unwrap_or_default().min(TOMORROW))
}

/// The wait less up to a tenth, by the address alone: so that what was noted at once is not visited at once for ever.
fn spread(url: &str, wait: Duration) -> SignedDuration {
    let share = (xxh3_64(url.as_bytes()) >> 11) as f64 / (1u64 << 53) as f64;
    SignedDuration::try_from_secs_f64(wait.as_secs_f64() * (1.0 - share / 10.0)).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests;

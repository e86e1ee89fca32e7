//! Names of upstreams and their addresses, for as long as DNS says and longer only while DNS fails.
//!
//! Names that are in a route are looked up anew in the background before their time is over, so that no request waits for
//! DNS but the first. When DNS fails the last good answer stays, within a bound; that a name is gone (NXDOMAIN) is an
//! answer and ends it. Whether an address may be dialled is asked at every dial, elsewhere. Sources: RFC 2181, section 8;
//! RFC 8767, sections 4 and 5.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::metrics::{Looked, Metrics};

mod source;

use source::{Fault, Source};

pub(crate) use source::resolver;

/// Longest time for one look-up, also of a request that waits for it.
const LOOKUP_TIME: Duration = Duration::from_secs(2);
/// Time between two tries while DNS fails.
const RETRY: Duration = Duration::from_secs(5);
/// Shortest time for which an answer is used, whatever DNS says.
const LEAST: Duration = Duration::from_secs(1);
/// How long a failure answers those who waited for the same name.
const FAILED: Duration = Duration::from_secs(1);
/// Names that are looked up in the background at a time.
const AT_ONCE: usize = 16;

/// How names are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// Servers to ask; those of the system when none.
    pub servers: Vec<SocketAddr>,
    /// Longest time for which an answer is used, whatever DNS says.
    pub longest: Duration,
    /// How long an answer is used beyond its time while DNS fails.
    pub stale: Duration,
}

impl Default for Naming {
    fn default() -> Self {
        Self { servers: Vec::new(), longest: Duration::from_secs(300), stale: Duration::from_secs(3600) }
    }
}

/// The names that were looked up.
pub(super) struct Names {
    naming: Naming,
    source: Source,
    known: Mutex<HashMap<String, Arc<Name>>>,
    /// Names some of whose addresses are no longer theirs.
    moved: Mutex<HashSet<String>>,
    places: Arc<tokio::sync::Semaphore>,
    metrics: Arc<Metrics>,
}

/// One name.
#[derive(Default)]
struct Name {
    answer: Mutex<Option<Answer>>,
    /// When there was none at last.
    failed: Mutex<Option<Instant>>,
    /// Held while somebody looks it up.
    gate: tokio::sync::Mutex<()>,
}

/// What is known of a name.
#[derive(Clone)]
struct Answer {
    addresses: Arc<[IpAddr]>,
    /// When it is looked up anew in the background.
    again: Instant,
    /// When its time is over.
    fresh: Instant,
    /// Until when it is used at all.
    usable: Instant,
}

impl Names {
    pub(super) fn new(naming: Naming, metrics: Arc<Metrics>) -> Self {
        let source = Source::new(naming.servers.clone());
        let places = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
        Self { naming, source, known: Mutex::default(), moved: Mutex::default(), places, metrics }
    }

    /// The addresses of `host`, a name or an address; empty when it has none.
    pub(super) async fn addresses(&self, host: &str) -> Arc<[IpAddr]> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Arc::new([address]);
        }
        let name = self.name(host);
        if let Some(addresses) = self.known_of(&name) {
            return addresses;
        }
        let _turn = name.gate.lock().await;
        // Somebody else may have looked it up meanwhile.
        if let Some(addresses) = self.known_of(&name) {
            return addresses;
        }
        let failed = *name.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_some_and(|failed| failed.elapsed() < FAILED) {
            return Arc::new([]);
        }
        let found = self.look_up(host, &name).await;
        *name.failed.lock().unwrap_or_else(PoisonError::into_inner) = found.is_none().then(Instant::now);
        found.unwrap_or_else(|| Arc::new([]))
    }

    /// The last answer, as long as it can be used; whether its time is over is the matter of the background.
    fn known_of(&self, name: &Name) -> Option<Arc<[IpAddr]>> {
        let now = Instant::now();
        let answer = name.answer();
        let answer = answer.as_ref().filter(|answer| now < answer.usable)?;
        if now >= answer.fresh {
            self.metrics.portals.looked_up(Looked::Stale);
        }
        Some(Arc::clone(&answer.addresses))
    }

    /// Looks up in the background what is due; ends with `closed`.
    pub(super) fn refresh(self: &Arc<Self>, tasks: &TaskTracker, closed: &CancellationToken) {
        let now = Instant::now();
        let due: Vec<_> = {
            let known = self.known();
            let due = known.iter().filter(|(_, name)| name.answer().as_ref().is_some_and(|answer| answer.again <= now));
            due.map(|(host, name)| (host.clone(), Arc::clone(name))).collect()
        };
        for (host, name) in due {
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
            let (names, closed) = (Arc::clone(self), closed.clone());
            tasks.spawn(async move {
                let looking = async {
                    // Who holds it looks it up just now.
                    if let Ok(_turn) = name.gate.try_lock() {
                        names.look_up(&host, &name).await;
                    }
                };
                closed.run_until_cancelled(looking).await;
                drop(place);
            });
        }
    }

    /// The names whose addresses have moved since this was asked.
    pub(super) fn moved(&self) -> HashSet<String> {
        std::mem::take(&mut *self.moved.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets the names that are in no route any more.
    pub(super) fn keep_only(&self, routed: impl Fn(&str) -> bool) {
        self.known().retain(|host, _| routed(host));
    }

    /// Asks DNS, and takes down what it says.
    async fn look_up(&self, host: &str, name: &Name) -> Option<Arc<[IpAddr]>> {
        let outcome = timeout(LOOKUP_TIME, self.source.look_up(host)).await.unwrap_or(Err(Fault::Silent));
        let now = Instant::now();
        let mut answer = name.answer();
        match outcome {
            Ok((addresses, time)) => {
                self.metrics.portals.looked_up(Looked::Found);
                let time = time.clamp(LEAST, self.naming.longest.max(LEAST));
                if answer.as_ref().is_some_and(|old| old.addresses.iter().any(|old| !addresses.contains(old))) {
                    tracing::info!(host, "the addresses of a name have changed");
                    self.moved.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned());
                }
                let addresses: Arc<[IpAddr]> = addresses.into();
                *answer = Some(Answer {
                    addresses: Arc::clone(&addresses),
                    again: now + time.mul_f64(0.8),
                    fresh: now + time,
                    usable: now + time + self.naming.stale,
                });
                Some(addresses)
            }
            Err(fault) => {
                self.metrics.portals.looked_up(Looked::Failed);
                tracing::warn!(host, error = %fault, "a name cannot be looked up");
                if matches!(fault, Fault::Gone) && answer.take().is_some() {
                    self.moved.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned());
                }
                *answer = answer.take().filter(|old| now < old.usable).map(|old| Answer { again: now + RETRY, ..old });
                None
            }
        }
    }

    fn name(&self, host: &str) -> Arc<Name> {
        let mut known = self.known();
        if let Some(name) = known.get(host) {
            return Arc::clone(name);
        }
        Arc::clone(known.entry(host.to_owned()).or_default())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Name>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Name {
    fn answer(&self) -> MutexGuard<'_, Option<Answer>> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

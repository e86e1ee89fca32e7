//! What belongs to one portal: its places, its connections and what is known of its upstreams.
//!
//! Pools belong to one portal and are never shared, so that a stray answer cannot reach the users of another one.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::{Position, Url};

use super::Settings;
use super::balance::{Balance, Verdict};
use super::breaker::{Breaker, Pass};
use super::budget::Budget;
use super::relay::Held;

mod dial;
mod interim;
mod shared;
mod wire;

pub use dial::Allow;
pub(super) use dial::{DialError, Dialer};
pub(super) use shared::{was_refused, was_reset};
pub(super) use wire::Wire;

use dial::Dialled;
use shared::Line;
use wire::Own;

/// Most connections to one address that wait for their next use.
const MAX_IDLE: usize = 64;
/// How long a connection whose answer just ended may take to be ready again.
const READY_WITHIN: Duration = Duration::from_millis(50);

/// How long a client may take nothing of its answer while places are few; and how often that is looked for.
const TAKES_NOTHING: Duration = Duration::from_millis(10);

/// How long it may do so when there is no room in memory for more of the answer.
const TAKES_NOTHING_LONG: Duration = Duration::from_millis(500);

/// Host and port of an upstream, as they stand in `Host`.
pub(super) fn authority(upstream: &Url) -> &str {
    &upstream[Position::BeforeHost..Position::AfterPort]
}

/// What belongs to one portal: its places, its idle connections and what is known of its upstreams.
pub(super) struct Pool {
    places: Arc<Semaphore>,
    tunnels: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
    /// When fewer places are free than this, answers go through memory.
    few: usize,
    relayed: Mutex<OnTheirWay>,
    balance: Mutex<Balance>,
    drawn: AtomicU64,
    breaker: Mutex<Breaker>,
    budget: Mutex<Budget>,
    kept: Mutex<HashMap<Url, Kept>>,
    /// Rises when connections that are in use must not be used again.
    generation: AtomicU64,
    idle_time: Duration,
}

/// Answers that are on their way to their clients; those that ended are found when somebody looks.
#[derive(Default)]
struct OnTheirWay {
    answers: Vec<Weak<Held>>,
    /// When there are so many, those that ended are taken out.
    look_at: usize,
    /// When it was last looked whose clients keep them waiting.
    looked: Option<Instant>,
}

/// The connections to one upstream.
#[derive(Default)]
struct Kept {
    /// Those of HTTP/1.1 that wait for their next request.
    idle: Vec<Idle>,
    /// Those of HTTP/2, in use or not.
    lines: Vec<Arc<Line>>,
    /// True when the last dial came to HTTP/1.1, so that nobody needs to wait for one to share.
    is_single: bool,
    /// Held while somebody dials what others may share.
    gate: Arc<tokio::sync::Mutex<()>>,
}

struct Idle {
    own: Own,
    since: Instant,
}

impl Kept {
    /// A stream of a connection that has one left.
    fn stream(&mut self) -> Option<Wire> {
        if self.lines.is_empty() {
            return None;
        }
        self.lines.retain(|line| !line.is_closed());
        self.lines.iter().find_map(Line::open).map(Wire::Shared)
    }
}

impl Pool {
    pub(super) fn new(settings: &Settings) -> Self {
        let places = settings.portal_places;
        Self {
            places: Arc::new(Semaphore::new(places)),
            tunnels: Arc::new(Semaphore::new(settings.portal_tunnels)),
            waiting: AtomicUsize::new(0),
            // Each waits for a bounded time, and places become free quickly; the bound is for rushes.
            max_waiting: 4 * places,
            few: places.div_ceil(4),
            relayed: Mutex::default(),
            balance: Mutex::new(Balance::new(settings.leave_out)),
            drawn: AtomicU64::new(RandomState::new().hash_one(0_u8)),
            breaker: Mutex::new(Breaker::new(settings.breaking)),
            budget: Mutex::new(Budget::new(settings.repeats)),
            kept: Mutex::default(),
            generation: AtomicU64::new(0),
            idle_time: settings.pool_time,
        }
    }

    /// Lets a request through to the portal, or tells how long the portal is left alone.
    pub(super) fn admit(self: &Arc<Self>) -> Result<Admission, Duration> {
        let now = Instant::now();
        let pass = self.breaker().enter(now)?;
        self.budget().asked(now);
        Ok(Admission { pool: Arc::clone(self), pass, judged: false })
    }

    /// True when a request may be repeated, which is then counted.
    pub(super) fn may_repeat(&self) -> bool {
        self.budget().allows(Instant::now())
    }

    /// True while the portal is left alone.
    pub(super) fn is_open(&self) -> bool {
        self.breaker().is_open()
    }

    /// A place at the portal, waited for at most `queue_time`; none when all are taken.
    ///
    /// When few are left, answers whose clients keep them waiting make room; what that takes runs on `tasks`.
    pub(super) async fn enter(&self, queue_time: Duration, tasks: &TaskTracker) -> Option<OwnedSemaphorePermit> {
        if self.is_tight() {
            self.make_room(tasks);
        }
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Some(place);
        }
        let _waiting = Waiting::join(&self.waiting, self.max_waiting)?;
        let mut entering = std::pin::pin!(timeout(queue_time, self.places.clone().acquire_owned()));
        loop {
            // Those who came a moment ago may keep us waiting, too.
            if let Ok(entered) = timeout(TAKES_NOTHING, &mut entering).await {
                return entered.ok()?.ok();
            }
            self.make_room(tasks);
        }
    }

    /// True when less than a quarter of the places is free.
    pub(super) fn is_tight(&self) -> bool {
        self.places.available_permits() < self.few
    }

    /// Notes an answer that is on its way to its client.
    pub(super) fn relays(&self, held: &Arc<Held>) {
        let mut relayed = self.relayed.lock().unwrap_or_else(PoisonError::into_inner);
        if relayed.answers.len() >= relayed.look_at {
            relayed.answers.retain(|held| held.strong_count() > 0);
            // Twice of what is left, so that looking through them costs each only a little.
            relayed.look_at = 2 * relayed.answers.len().max(self.max_waiting);
        }
        relayed.answers.push(Arc::downgrade(held));
    }

    /// Takes their places from the answers whose clients keep them waiting. Looks at most every `TAKES_NOTHING`.
    fn make_room(&self, tasks: &TaskTracker) {
        let (now, mut relayed) = (Instant::now(), self.relayed.lock().unwrap_or_else(PoisonError::into_inner));
        if relayed.looked.is_some_and(|looked| now.saturating_duration_since(looked) < TAKES_NOTHING) {
            return;
        }
        relayed.looked = Some(now);
        relayed.answers.retain(|held| held.strong_count() > 0);
        let held = relayed.answers.iter().filter_map(Weak::upgrade);
        let waiting =
            held.filter_map(|held| Some((held.kept_waiting().filter(|waited| *waited >= TAKES_NOTHING)?, held)));
        let mut waiting: Vec<_> = waiting.collect();
        drop(relayed);
        waiting.sort_unstable_by_key(|(waited, _)| std::cmp::Reverse(*waited));
        for (waited, held) in waiting {
            if held.is_memory_full() {
                tracing::info!(waited_ms = waited.as_millis(), "cut off an answer that its client does not take");
                held.let_go();
            } else if !held.is_absorbed() {
                tasks.spawn(held.absorb());
            } else if held.holds_a_place() && waited >= TAKES_NOTHING_LONG {
                tracing::info!(waited_ms = waited.as_millis(), "cut off an answer that its client does not take");
                held.let_go();
            }
        }
    }

    /// A place for a tunnel, beside that of its request; none when all are taken.
    pub(super) fn enter_tunnel(&self) -> Option<OwnedSemaphorePermit> {
        self.tunnels.clone().try_acquire_owned().ok()
    }

    /// The upstream that takes a request now, which is noted in `tried`; none when all of them were tried.
    pub(super) fn choose(self: &Arc<Self>, upstreams: &[Url], tried: &mut Vec<usize>) -> Option<Turn> {
        let chance = mixed(self.drawn.fetch_add(1, Ordering::Relaxed));
        let chosen = self.balance().choose(upstreams, tried, chance, Instant::now())?;
        tried.push(chosen.at);
        let upstream = upstreams[chosen.at].clone();
        Some(Turn { pool: Arc::clone(self), upstream, was_out: chosen.was_out, judged: false })
    }

    /// The upstream that would most likely take the next request.
    pub(super) fn likely<'a>(&self, upstreams: &'a [Url]) -> Option<&'a Url> {
        self.balance().likely(upstreams)
    }

    /// A probe came to an end; true when that took the upstream out, or brought it back.
    pub(super) fn probed(&self, upstream: &Url, well: bool) -> bool {
        self.balance().probed(upstream, well, Instant::now())
    }

    /// The upstream is probed no longer.
    pub(super) fn unprobed(&self, upstream: &Url) {
        self.balance().unprobed(upstream, Instant::now());
    }

    /// How many upstreams are left out.
    pub(super) fn out(&self) -> usize {
        self.balance().out()
    }

    /// Forgets upstreams that are in no route any more.
    pub(super) fn keep_only(&self, routed: impl Fn(&Url) -> bool) {
        self.balance().keep_only(routed);
    }

    /// A stream of a shared connection when `may_share`, or a connection that was used before and is open and silent,
    /// the youngest first.
    pub(super) async fn take(&self, upstream: &Url, may_share: bool) -> Option<Wire> {
        loop {
            let idle = {
                let mut kept = self.kept();
                let kept = kept.get_mut(upstream)?;
                if may_share && let Some(stream) = kept.stream() {
                    return Some(stream);
                }
                kept.idle.pop()?
            };
            let mut own = idle.own;
            let fresh = idle.since.elapsed() < self.idle_time;
            if fresh && matches!(timeout(READY_WITHIN, own.sender.ready()).await, Ok(Ok(()))) {
                return Some(Wire::Own(own));
            }
        }
    }

    /// A fresh connection to `upstream`, or a stream of one; true when somebody dialled it just now.
    ///
    /// Where HTTP/2 may come of it, one dials at a time, and the others share what comes.
    pub(super) async fn dial(
        &self,
        upstream: &Url,
        may_share: bool,
        dialer: &Dialer,
        tasks: &TaskTracker,
        closed: &CancellationToken,
    ) -> Result<(Wire, bool), DialError> {
        let may_share = may_share && upstream.scheme() == "https";
        let _turn = match may_share.then(|| self.gate(upstream)).flatten() {
            None => None,
            Some(gate) => {
                let turn = timeout(dialer.connect_time, gate.lock_owned()).await;
                let turn = turn.map_err(|_| DialError::Slow(authority(upstream).to_owned()))?;
                if let Some(stream) = self.kept().entry(upstream.clone()).or_default().stream() {
                    return Ok((stream, false));
                }
                Some(turn)
            }
        };
        let generation = self.generation.load(Ordering::Acquire);
        let dialled = dialer.dial(upstream, may_share, tasks, closed).await?;
        if may_share {
            self.kept().entry(upstream.clone()).or_default().is_single = matches!(dialled, Dialled::Own(_));
        }
        match dialled {
            Dialled::Own(own) => Ok((Wire::Own(Own { generation, ..own }), true)),
            Dialled::Line(line) => {
                let stream = line.open_first();
                self.kept().entry(upstream.clone()).or_default().lines.push(line);
                Ok((Wire::Shared(stream), true))
            }
        }
    }

    /// What is held while somebody dials a connection to share; none when the upstream has none.
    fn gate(&self, upstream: &Url) -> Option<Arc<tokio::sync::Mutex<()>>> {
        let mut kept = self.kept();
        let kept = kept.entry(upstream.clone()).or_default();
        (!kept.is_single).then(|| Arc::clone(&kept.gate))
    }

    /// Keeps a connection whose answer is complete.
    fn put(&self, upstream: &Url, wire: Wire) {
        // A shared one is kept already, and has a stream left as soon as this one is dropped.
        let Wire::Own(mut own) = wire else { return };
        if own.sender.is_closed() || own.generation != self.generation.load(Ordering::Acquire) {
            return;
        }
        own.used = true;
        let mut kept = self.kept();
        let idle = &mut kept.entry(upstream.clone()).or_default().idle;
        if idle.len() < MAX_IDLE {
            idle.push(Idle { own, since: Instant::now() });
        }
    }

    /// Closes what was not used for too long, or by the portal; how many connections are left.
    pub(super) fn sweep(&self) -> usize {
        let mut left = 0;
        self.kept().retain(|_, kept| {
            kept.idle.retain(|idle| idle.since.elapsed() < self.idle_time && !idle.own.sender.is_closed());
            kept.lines.retain(|line| !line.is_closed() && !line.is_idle_for(self.idle_time));
            left += kept.idle.len() + kept.lines.len();
            // A gate that somebody holds or waits for must stay the only one.
            !kept.idle.is_empty() || !kept.lines.is_empty() || Arc::strong_count(&kept.gate) > 1
        });
        left
    }

    /// Uses no connection to an upstream of these names again, because their addresses have moved; open requests finish.
    pub(super) fn retire(&self, moved: &HashSet<String>) {
        let is_moved = |upstream: &Url| upstream.host_str().is_some_and(|host| moved.contains(host));
        let mut kept = self.kept();
        for (_, kept) in kept.iter_mut().filter(|(upstream, _)| is_moved(upstream)) {
            kept.idle.clear();
            kept.lines.clear();
        }
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Closes all that wait.
    pub(super) fn clear(&self) {
        self.kept().clear();
    }

    fn balance(&self) -> MutexGuard<'_, Balance> {
        self.balance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Url, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that was let through to a portal and has no verdict yet.
pub(super) struct Admission {
    pool: Arc<Pool>,
    pass: Pass,
    judged: bool,
}

impl Admission {
    /// Tells how it ended, once; true when that opened or closed the breaker.
    pub(super) fn judge(&mut self, verdict: Verdict) -> bool {
        let known = std::mem::replace(&mut self.judged, true);
        !known && self.pool.breaker().judged(self.pass, verdict, Instant::now())
    }

    /// The head came, and the body may still break off. A trial has its verdict with the head, or a long body would keep
    /// the portal closed; true when that closed the breaker.
    pub(super) fn head_came(&mut self) -> bool {
        if self.pass == Pass::Ordinary {
            return false;
        }
        let changed = self.judge(Verdict::Answered);
        (self.pass, self.judged) = (Pass::Ordinary, false);
        changed
    }

    /// True while the portal is left alone.
    pub(super) fn is_open(&self) -> bool {
        self.pool.is_open()
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if !self.judged {
            self.judge(Verdict::Unknown);
        }
    }
}

/// A request that is open at an upstream until this is dropped.
pub(super) struct Turn {
    pub(super) pool: Arc<Pool>,
    pub(super) upstream: Url,
    pub(super) was_out: bool,
    judged: bool,
}

impl Turn {
    /// Tells how it ended, once; true when the upstream is left out from now on.
    pub(super) fn judge(&mut self, verdict: Verdict) -> bool {
        let known = std::mem::replace(&mut self.judged, true);
        !known && self.pool.balance().judged(&self.upstream, self.was_out, verdict, Instant::now())
    }

    /// The head came, and the body may still break off. One that was left out is back with the head.
    pub(super) fn head_came(&mut self) {
        if self.was_out {
            self.judge(Verdict::Answered);
            (self.was_out, self.judged) = (false, false);
        }
    }

    /// Keeps a connection whose answer is complete.
    pub(super) fn put(&self, wire: Wire) {
        self.pool.put(&self.upstream, wire);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.judge(Verdict::Unknown);
        self.pool.balance().left(&self.upstream);
    }
}

/// A number as good as chance, from 0 to 1.
pub(super) fn chance() -> f64 {
    (RandomState::new().hash_one(0_u8) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number as good as chance for each number: the finisher of SplitMix64.
pub(super) fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// One of those who wait for a place, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn join(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Ordering::AcqRel) < most).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

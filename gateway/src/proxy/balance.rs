//! Which upstream of a portal takes the next request.
//!
//! Two are drawn, and the one with fewer open requests takes it ("power of two choices"): a slow upstream gets less
//! without anything being measured, and many requests at once do not all run to the same one. One that failed several
//! times in a row is left out for a time that doubles with each spell, comes back by a single request, and then gets
//! more and more. When all are out they are tried all the same: nothing is refused here. Pure; time and chance are
//! arguments. Source: M. Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, 2001.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

/// When an upstream is left out, and how it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaveOut {
    /// Failures in a row before it is left out.
    pub max_failures: u32,
    /// How long the first time; doubles with each further time that follows.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
    /// Time over which one that is back gets more and more requests.
    pub slowly: Duration,
}

impl Default for LeaveOut {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { max_failures: 3, first: seconds(5), longest: seconds(120), slowly: seconds(10) }
    }
}

/// Failing probes in a row that take an upstream out: one may be lost.
const PROBES: u32 = 2;

/// What is known of the upstreams of one portal.
#[derive(Debug)]
pub(super) struct Balance {
    rules: LeaveOut,
    standings: HashMap<Url, Standing>,
}

/// What is known of one upstream.
#[derive(Debug, Default)]
struct Standing {
    /// Requests that it is working on.
    open: usize,
    /// Failures since the last answer.
    failures: u32,
    /// Times that it was left out, until it has returned for good.
    spells: u32,
    state: State,
    /// Failing probes since the last good one.
    failed_probes: u32,
    /// Probes say that it is not well; whatever its requests come to, it is left out.
    ill: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum State {
    #[default]
    In,
    /// It is left out, and may be tried by one request afterwards.
    Out { until: Instant },
    /// One request tries it.
    Tried,
    /// It gets more and more requests.
    Returning { since: Instant },
}

/// An upstream that was chosen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Its place among the upstreams of the route.
    pub(super) at: usize,
    /// Whether it was left out when it was chosen; then its answer brings it back.
    pub(super) was_out: bool,
}

/// How a request at an upstream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A valid head of an answer came, whatever its status.
    Answered,
    /// No connection, no answer in time, or none that is valid.
    Failed,
    /// Nothing that says anything about the upstream: the client left, or was at fault.
    Unknown,
}

impl Balance {
    pub(super) fn new(rules: LeaveOut) -> Self {
        Self { rules, standings: HashMap::new() }
    }

    /// The one of `upstreams` that takes the next request, which is then open there; none when all were tried. `chance`
    /// is uniform over all numbers.
    pub(super) fn choose(&mut self, upstreams: &[Url], tried: &[usize], chance: u64, now: Instant) -> Option<Chosen> {
        let left: Vec<_> = (0..upstreams.len()).filter(|at| !tried.contains(at)).collect();
        let due = left.iter().copied().find(|at| self.is_due(&upstreams[*at], now));
        let at = due.or_else(|| self.of_those_in(upstreams, &left, chance, now)).or_else(|| {
            left.iter().copied().min_by_key(|at| match self.state(&upstreams[*at]) {
                State::Out { until } => (self.is_ill(&upstreams[*at]), Some(until)),
                _ => (self.is_ill(&upstreams[*at]), None),
            })
        })?;
        if !self.standings.contains_key(&upstreams[at]) {
            self.standings.insert(upstreams[at].clone(), Standing::default());
        }
        let standing = self.standings.get_mut(&upstreams[at])?;
        standing.open += 1;
        let was_out = !standing.is_in();
        if due.is_some() {
            standing.state = State::Tried;
        }
        Some(Chosen { at, was_out })
    }

    /// The one that would take the next request if chance had no say.
    pub(super) fn likely<'a>(&self, upstreams: &'a [Url]) -> Option<&'a Url> {
        upstreams.iter().min_by_key(|upstream| {
            let standing = self.standings.get(upstream);
            standing.map_or((false, 0), |standing| (!standing.is_in(), standing.open))
        })
    }

    /// A request at `upstream` has its verdict; true when the upstream is left out from now on.
    pub(super) fn judged(&mut self, upstream: &Url, was_out: bool, verdict: Verdict, now: Instant) -> bool {
        let rules = self.rules;
        let Some(standing) = self.standings.get_mut(upstream) else { return false };
        if let State::Returning { since } = standing.state
            && now.saturating_duration_since(since) >= rules.slowly
        {
            (standing.state, standing.spells) = (State::In, 0);
        }
        match (verdict, standing.state) {
            (Verdict::Answered, State::In | State::Returning { .. }) => standing.failures = 0,
            (Verdict::Answered, _) if was_out => {
                (standing.state, standing.failures) = (State::Returning { since: now }, 0);
            }
            (Verdict::Failed, State::In) => {
                standing.failures = standing.failures.saturating_add(1);
                if standing.failures >= rules.max_failures {
                    standing.leave_out(&rules, now);
                    return true;
                }
            }
            (Verdict::Failed, State::Returning { .. }) => {
                standing.leave_out(&rules, now);
                return true;
            }
            (Verdict::Failed, State::Tried) if was_out => standing.leave_out(&rules, now),
            (Verdict::Unknown, State::Tried) if was_out => standing.state = State::Out { until: now },
            _ => {}
        }
        false
    }

    /// A probe of `upstream` came to an end; true when that took it out, or brought it back.
    pub(super) fn probed(&mut self, upstream: &Url, well: bool, now: Instant) -> bool {
        let standing = self.standings.entry(upstream.clone()).or_default();
        let was_in = standing.is_in();
        if well {
            standing.failed_probes = 0;
            standing.ill = false;
            if !was_in {
                (standing.state, standing.failures) = (State::Returning { since: now }, 0);
            }
        } else {
            standing.failed_probes = standing.failed_probes.saturating_add(1);
            standing.ill |= standing.failed_probes >= PROBES;
        }
        was_in != standing.is_in()
    }

    /// `upstream` is probed no longer.
    pub(super) fn unprobed(&mut self, upstream: &Url, now: Instant) {
        if let Some(standing) = self.standings.get_mut(upstream)
            && std::mem::take(&mut standing.ill)
        {
            (standing.state, standing.failures) = (State::Returning { since: now }, 0);
        }
    }

    /// A request at `upstream` is over.
    pub(super) fn left(&mut self, upstream: &Url) {
        if let Some(standing) = self.standings.get_mut(upstream) {
            standing.open = standing.open.saturating_sub(1);
        }
    }

    /// Forgets upstreams that are in no route any more.
    pub(super) fn keep_only(&mut self, routed: impl Fn(&Url) -> bool) {
        self.standings.retain(|upstream, _| routed(upstream));
    }

    /// Upstreams that are left out.
    pub(super) fn out(&self) -> usize {
        self.standings.values().filter(|standing| !standing.is_in()).count()
    }

    /// One of those that are in; one that returns takes part as often as it has been back for.
    fn of_those_in(&self, upstreams: &[Url], left: &[usize], chance: u64, now: Instant) -> Option<usize> {
        let all: Vec<_> = left.iter().copied().filter(|at| self.is_in(&upstreams[*at])).collect();
        let drawn = f64::from(u16::try_from(chance >> 48).unwrap_or(0)) / f64::from(u16::MAX);
        let takes_part = |at: &usize| match self.state(&upstreams[*at]) {
            State::Returning { since } => {
                now.saturating_duration_since(since).as_secs_f64() >= drawn * self.rules.slowly.as_secs_f64()
            }
            _ => true,
        };
        let some: Vec<_> = all.iter().copied().filter(takes_part).collect();
        self.of_two(upstreams, if some.is_empty() { &all } else { &some }, chance)
    }

    fn of_two(&self, upstreams: &[Url], candidates: &[usize], chance: u64) -> Option<usize> {
        let first = *candidates.get(draw(chance, candidates.len()))?;
        let others: Vec<_> = candidates.iter().copied().filter(|at| *at != first).collect();
        let Some(second) = others.get(draw(chance >> 24, others.len())) else { return Some(first) };
        let fewer = self.open(&upstreams[*second]) < self.open(&upstreams[first]);
        Some(if fewer { *second } else { first })
    }

    fn open(&self, upstream: &Url) -> usize {
        self.standings.get(upstream).map_or(0, |standing| standing.open)
    }

    fn state(&self, upstream: &Url) -> State {
        self.standings.get(upstream).map_or(State::In, |standing| standing.state)
    }

    fn is_in(&self, upstream: &Url) -> bool {
        self.standings.get(upstream).is_none_or(Standing::is_in)
    }

    fn is_ill(&self, upstream: &Url) -> bool {
        self.standings.get(upstream).is_some_and(|standing| standing.ill)
    }

    fn is_due(&self, upstream: &Url, now: Instant) -> bool {
        !self.is_ill(upstream) && matches!(self.state(upstream), State::Out { until } if until <= now)
    }
}

impl Standing {
    fn is_in(&self) -> bool {
        self.state.is_in() && !self.ill
    }

    fn leave_out(&mut self, rules: &LeaveOut, now: Instant) {
        let time = rules.first.saturating_mul(1_u32.checked_shl(self.spells).unwrap_or(u32::MAX)).min(rules.longest);
        self.spells = (self.spells + 1).min(31);
        self.failures = 0;
        self.state = State::Out { until: now + time };
    }
}

impl State {
    fn is_in(self) -> bool {
        matches!(self, Self::In | Self::Returning { .. })
    }
}

/// One of `many` by the lower bits of `chance`; 0 when there are none.
fn draw(chance: u64, many: usize) -> usize {
    usize::try_from((chance & 0xff_ffff) % (many.max(1) as u64)).unwrap_or(0)
}

#[cfg(test)]
mod tests;

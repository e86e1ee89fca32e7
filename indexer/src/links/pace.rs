//! One request to a host at a time, and a pause between two.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use config::clock;

/// Hosts that are remembered before those are forgotten whose pause is over.
const REMEMBERED: usize = 10_000;

/// When each host may be asked again.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    pause: Duration,
    next: Arc<Mutex<HashMap<String, Instant>>>,
}

impl Pace {
    pub(super) fn new(pause: Duration) -> Self {
        Self { pause, next: Arc::default() }
    }

    /// Waits until it is this request's turn at `host`.
    pub(super) async fn turn(&self, host: &str) {
        let wait = self.reserve(host, clock::monotonic());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Lets nobody ask `host` before `pause` is over.
    pub(super) fn hold(&self, host: &str, pause: Duration) {
        let until = clock::monotonic() + pause;
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = next.entry(host.to_owned()).or_insert(until);
        *at = until.max(*at);
    }

    /// Takes the next free turn at `host`; how long it is until then.
    fn reserve(&self, host: &str, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.len() >= REMEMBERED {
            next.retain(|_, at| *at > now);
        }
        let at = next.get(host).copied().unwrap_or(now).max(now);
        next.insert(host.to_owned(), at + self.pause);
        at - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_at_one_host_are_a_pause_apart_and_hosts_do_not_wait_for_each_other() {
        let pace = Pace::new(Duration::from_secs(1));
        let now = clock::monotonic();
        let waits: Vec<_> = ["a", "a", "b", "a"].into_iter().map(|host| pace.reserve(host, now).as_secs()).collect();
        assert_eq!(waits, [0, 1, 0, 2]);
        assert_eq!(pace.reserve("a", now + Duration::from_secs(10)), Duration::ZERO);
    }
}

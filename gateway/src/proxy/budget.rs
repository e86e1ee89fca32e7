//! How many requests of a portal may be repeated.
//!
//! A repeat helps against a single fault; when much fails, repeats are load on top of load. So they are a share of what
//! is asked, and a few where little is asked. Pure; time is an argument.

use std::time::Duration;

use tokio::time::Instant;

use super::window::Window;

/// Time over which requests and repeats are counted.
const SPAN: Duration = Duration::from_secs(10);
const REQUESTS: usize = 0;
const REPEATS: usize = 1;

/// How many repeats there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeats {
    /// Repeats for a hundred requests.
    pub percent: u32,
    /// Repeats in ten seconds that are allowed in any case.
    pub least: u32,
}

impl Default for Repeats {
    fn default() -> Self {
        Self { percent: 20, least: 20 }
    }
}

/// The repeats of one portal.
#[derive(Debug)]
pub(super) struct Budget {
    rules: Repeats,
    counts: Window<2>,
}

impl Budget {
    pub(super) fn new(rules: Repeats) -> Self {
        Self { rules, counts: Window::new(SPAN) }
    }

    /// Counts a request.
    pub(super) fn asked(&mut self, now: Instant) {
        self.counts.add(REQUESTS, now);
    }

    /// True when a repeat is allowed, which is then counted.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        let sums = self.counts.sums(now).map(u64::from);
        let most = sums[REQUESTS] * u64::from(self.rules.percent) / 100 + u64::from(self.rules.least);
        let allowed = sums[REPEATS] < most;
        if allowed {
            self.counts.add(REPEATS, now);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_a_share_of_requests_and_a_few() {
        for (requests, repeats) in [(0, 20), (4, 20), (5, 21), (100, 40), (1000, 220)] {
            let (begin, mut budget) = (Instant::now(), Budget::new(Repeats::default()));
            (0..requests).for_each(|_| budget.asked(begin));
            assert_eq!((0..1000).filter(|_| budget.allows(begin)).count(), repeats, "{requests}");
            assert_eq!((0..100).filter(|_| budget.allows(begin + SPAN)).count(), 20, "what is long ago does not count");
        }
    }
}

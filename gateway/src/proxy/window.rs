//! Counts over the last seconds.

use std::time::Duration;

use tokio::time::Instant;

/// `N` counts of what happened within a span of time, in two halves: between half of the span and all of it.
#[derive(Debug)]
pub(super) struct Window<const N: usize> {
    half: Duration,
    since: Option<Instant>,
    now: [u32; N],
    before: [u32; N],
}

impl<const N: usize> Window<N> {
    pub(super) fn new(span: Duration) -> Self {
        Self { half: span / 2, since: None, now: [0; N], before: [0; N] }
    }

    /// Counts one more of `which`.
    pub(super) fn add(&mut self, which: usize, now: Instant) {
        self.turn(now);
        self.now[which] = self.now[which].saturating_add(1);
    }

    /// How many of each there were.
    pub(super) fn sums(&mut self, now: Instant) -> [u32; N] {
        self.turn(now);
        std::array::from_fn(|which| self.now[which].saturating_add(self.before[which]))
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        (self.since, self.now, self.before) = (None, [0; N], [0; N]);
    }

    fn turn(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let passed = now.saturating_duration_since(since);
        if passed >= self.half {
            self.before = if passed >= self.half * 2 { [0; N] } else { self.now };
            (self.now, self.since) = ([0; N], Some(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_no_longer_counts() {
        let (begin, mut window) = (Instant::now(), Window::<2>::new(Duration::from_secs(10)));
        let at = |second| begin + Duration::from_secs(second);
        for (second, which, sums) in
            [(0, 0, [1, 0]), (4, 1, [1, 1]), (5, 1, [1, 2]), (9, 0, [2, 2]), (10, 1, [1, 2]), (30, 0, [1, 0])]
        {
            window.add(which, at(second));
            assert_eq!(window.sums(at(second)), sums, "{second}");
        }
        window.clear();
        assert_eq!(window.sums(at(30)), [0, 0]);
    }
}

//! How often something may be asked for within a time, by whoever or wherever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use moka::sync::Cache;

/// Names that are counted at a time; the least used is forgotten first.
const MAX_NAMES: u64 = 50_000;

/// So much for each name within a time, which begins with its first use. Kept in memory alone.
pub(crate) struct Quota {
    most: u32,
    used: Cache<String, Arc<AtomicU32>>,
}

impl Quota {
    pub(crate) fn per_minute(most: u32) -> Self {
        Self::within(most, Duration::from_secs(60))
    }

    pub(crate) fn within(most: u32, time: Duration) -> Self {
        let used = Cache::builder().max_capacity(MAX_NAMES).time_to_live(time).build();
        Self { most, used }
    }

    /// Takes one of what the name has left; false when that is nothing.
    pub(crate) fn take(&self, name: &str) -> bool {
        let used = self.used.get_with_by_ref(name, Arc::default);
        used.fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| (used < self.most).then_some(used + 1)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_own_share() {
        let quota = Quota::per_minute(3);
        assert_eq!((0..5).filter(|_| quota.take("a")).count(), 3);
        assert!(quota.take("b") && !quota.take("a"));
    }
}

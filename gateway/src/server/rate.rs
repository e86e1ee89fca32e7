//! How often one client may ask: a bucket of tokens for each, of which every request takes one.
//!
//! The generic cell rate algorithm: of a bucket only the time is kept at which it will be full again, so that a request
//! costs one exchange of a number, without lock and allocation. How many clients are remembered is bounded; the one whose
//! last request is longest ago is forgotten first, which gives it a full bucket.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

use super::network;

/// Clients that are remembered.
const MAX_CLIENTS: u64 = 100_000;

/// The rate that is allowed, and who has used how much of it.
pub(super) struct Rates {
    begun: Instant,
    /// Nanoseconds after which one token is back.
    token: u64,
    /// Nanoseconds after which an empty bucket is full.
    full: u64,
    buckets: Cache<IpAddr, Arc<Bucket>>,
}

/// What one client has used: when its bucket will be full, in nanoseconds since `begun`.
#[derive(Debug, Default)]
pub(super) struct Bucket(AtomicU64);

impl Rates {
    /// So many requests per second, and so many at once; none when it is without bound.
    pub(super) fn new(requests_per_s: u32, burst: u32) -> Option<Self> {
        let token = 1_000_000_000_u64.checked_div(requests_per_s.into())?;
        let buckets = Cache::builder().max_capacity(MAX_CLIENTS).eviction_policy(EvictionPolicy::lru()).build();
        Some(Self { begun: Instant::now(), token, full: token * u64::from(burst.max(1)), buckets })
    }

    /// The bucket of a client. This machine itself has none: what is measured and tested on it is not held up, nor what
    /// comes by a proxy on it that is not told apart.
    pub(super) fn bucket(&self, client: IpAddr) -> Option<Arc<Bucket>> {
        let client = client.to_canonical();
        (!client.is_loopback()).then(|| self.buckets.get_with(network(client), Arc::default))
    }

    /// Takes a token at `now`, or tells after what time there will be one.
    pub(super) fn take(&self, bucket: &Bucket, now: Instant) -> Result<(), Duration> {
        let now = u64::try_from(now.saturating_duration_since(self.begun).as_nanos()).unwrap_or(u64::MAX);
        let taken = bucket.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |full_at| {
            let next = full_at.max(now).saturating_add(self.token);
            (next <= now.saturating_add(self.full)).then_some(next)
        });
        let missing = |full_at: u64| full_at.saturating_add(self.token).saturating_sub(now.saturating_add(self.full));
        taken.map(|_| ()).map_err(|full_at| Duration::from_nanos(missing(full_at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_the_rate() {
        let rates = Rates::new(10, 5).unwrap();
        let bucket = rates.bucket("192.0.2.1".parse().unwrap()).unwrap();
        let at = |ms| rates.begun + Duration::from_millis(ms);
        let taken = (0..10).filter(|_| rates.take(&bucket, at(0)).is_ok()).count();
        assert_eq!(taken, 5);
        assert_eq!(rates.take(&bucket, at(30)), Err(Duration::from_millis(70)));
        assert_eq!(rates.take(&bucket, at(100)), Ok(()));
        assert!(rates.take(&bucket, at(150)).is_err());
        // One in a tenth of a second for ever, and the burst again after a pause.
        assert!((2..100).all(|tenth| rates.take(&bucket, at(tenth * 100)).is_ok()));
        assert!(rates.take(&bucket, at(9_950)).is_err());
        assert_eq!((0..10).filter(|_| rates.take(&bucket, at(60_000)).is_ok()).count(), 5);
    }

    #[test]
    fn a_client_is_a_network_and_this_machine_is_none() {
        let rates = Rates::new(1, 1).unwrap();
        let bucket = |text: &str| rates.bucket(text.parse().unwrap());
        let same = |one: &str, other: &str| Arc::ptr_eq(&bucket(one).unwrap(), &bucket(other).unwrap());
        assert!(same("2001:db8:0:12::1", "2001:db8:0:ff::2"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(bucket("127.0.0.9").is_none() && bucket("::1").is_none() && bucket("::ffff:127.0.0.1").is_none());
        assert!(Rates::new(0, 10).is_none());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let rates = Rates::new(1, 1).unwrap();
        for number in 0..(MAX_CLIENTS as u32 + 20_000) {
            rates.bucket(IpAddr::from((0x0a00_0000 + number).to_be_bytes())).unwrap();
        }
        rates.buckets.run_pending_tasks();
        assert!(rates.buckets.entry_count() <= MAX_CLIENTS, "{}", rates.buckets.entry_count());
    }
}

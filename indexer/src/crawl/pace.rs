//! One request to a host at a time, and none too soon after the last, whoever asks: runs of several portals on one host, a
//! page that somebody said has changed, the page that checks pages, and visits to the addresses that records name.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use config::clock;
use tokio::sync::OwnedMutexGuard;
use url::Url;

/// Hosts that are kept in mind; beyond them, those that rest are forgotten.
const MAX_HOSTS: usize = 10_000;

/// A host that was not asked for so long may be asked at once, whatever it wants.
const RESTED: Duration = Duration::from_secs(60);

type Last = Arc<tokio::sync::Mutex<Option<Instant>>>;

/// What this process promises to hosts, and so one for all fetchers that it has.
pub(crate) static HOSTS: LazyLock<Hosts> = LazyLock::new(Hosts::default);

/// When each host was asked last.
#[derive(Debug, Default)]
pub(crate) struct Hosts(Mutex<HashMap<String, Last>>);

/// The right to ask a host; nobody else has it until this is dropped.
pub(crate) struct Turn(OwnedMutexGuard<Option<Instant>>);

impl Hosts {
    /// Waits until the host of `url` may be asked: nobody asks it, and `pace` has gone by since the last answer.
    pub(crate) async fn turn(&self, url: &Url, pace: Duration) -> Turn {
        let last = self.host(url).lock_owned().await;
        if let Some(left) = last.and_then(|last| pace.checked_sub(clock::monotonic().duration_since(last))) {
            tokio::time::sleep(left).await;
        }
        Turn(last)
    }

    fn host(&self, url: &Url) -> Last {
        let host = format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0));
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS {
            let now = clock::monotonic();
            let rests = |last: &Last| match last.try_lock() {
                Ok(last) => last.is_none_or(|last| now.duration_since(last) > RESTED),
                Err(_) => false,
            };
            hosts.retain(|_, last| Arc::strong_count(last) > 1 || !rests(last));
        }
        Arc::clone(hosts.entry(host).or_default())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0 = Some(clock::monotonic());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_is_asked_by_one_at_a_time_and_with_pauses() {
        let hosts = Arc::new(Hosts::default());
        let (a, b) = ("http://127.0.0.1:1/a", "http://127.0.0.1:2/");
        let [a, b] = [a, b].map(|url| Url::parse(url).unwrap());
        let pace = Duration::from_millis(60);
        let began = Instant::now();
        let first = hosts.turn(&a, pace).await;
        assert!(tokio::time::timeout(Duration::from_millis(20), hosts.turn(&a, pace)).await.is_err());
        drop(hosts.turn(&b, pace).await);
        drop(first);
        let answered = Instant::now();
        drop(hosts.turn(&a, pace).await);
        assert!(answered.elapsed() >= Duration::from_millis(59), "{:?}", answered.elapsed());
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}

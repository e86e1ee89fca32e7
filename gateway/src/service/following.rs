//! The index follows the store: at once after a run, but not after each of them while many go on.
//!
//! What it takes to follow grows with all that is indexed, and hardly with what is new. So it rests in proportion after it
//! has followed, and takes what came meanwhile together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indexer::run::Indexer;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// It rests for so many times what following took.
const REST: u32 = 3;
/// The longest rest; a change is to be seen within a minute.
const LONGEST: Duration = Duration::from_secs(10);
/// When it is tried again after a fault.
const AGAIN: Duration = Duration::from_secs(10);

/// Follows whenever `wanted` says that something is new, until `stop`. What comes after that is followed at the next start.
pub(super) async fn follow(indexer: Arc<Indexer>, wanted: Arc<Notify>, stop: CancellationToken) {
    while stop.run_until_cancelled(wanted.notified()).await.is_some() {
        let began = Instant::now();
        let rest = match indexer.follow().await {
            Ok(_) => rest_after(began.elapsed()),
            Err(error) => {
                tracing::error!(%error, "the index does not follow; it is tried again");
                wanted.notify_one();
                AGAIN
            }
        };
        stop.run_until_cancelled(tokio::time::sleep(rest)).await;
    }
}

fn rest_after(took: Duration) -> Duration {
    took.saturating_mul(REST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_in_proportion_and_never_long() {
        assert_eq!(rest_after(Duration::from_millis(200)), Duration::from_millis(600));
        assert_eq!(rest_after(Duration::from_secs(60)), LONGEST);
    }
}

//! Forgets what citizens said when its time is over.

use std::time::Duration;

use config::clock;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::pages::words;
use crate::registry::{Registry, RegistryError};

/// Between two looks; what would be over before the next one goes with this one, so that nothing is kept for longer.
const ROUND: Duration = Duration::from_secs(60 * 60);

/// Forgets messages, and counts of pages that helped, that are older than `keep_days`: at once, every hour, until `stop`.
pub async fn watch(registry: Registry, keep_days: u32, stop: CancellationToken) {
    loop {
        match forget(&registry, keep_days).await {
            Ok(0) => {}
            Ok(messages) => tracing::info!(messages, "forgot messages of citizens whose time is over"),
            Err(error) => tracing::error!(%error, "cannot forget messages of citizens; tried again"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(ROUND)).await.is_none() {
            return;
        }
    }
}

/// Forgets what is older than so many days; how many messages went.
pub(super) async fn forget(registry: &Registry, keep_days: u32) -> Result<u64, RegistryError> {
    let round = SignedDuration::try_from(ROUND).unwrap_or_default();
    let oldest = clock::now() - SignedDuration::from_hours(24 * i64::from(keep_days)) + round;
    let mut tx = registry.begin().await?;
    let gone = tx.forget_feedback(oldest, &words::date_iso(oldest)).await?;
    tx.commit().await?;
    Ok(gone)
}

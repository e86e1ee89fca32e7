//! How much somebody may hand in, and how long what was said of it is kept.

use serde::Deserialize;

use crate::ranged;

/// Deliveries that portals hand in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// Bytes of one delivery.
    #[serde(deserialize_with = "ranged::<1024, 8_589_934_592, _, _>")]
    pub max_body_bytes: u64,
    /// Days for which the answer to a delivery is kept, and its idempotency key with it.
    #[serde(deserialize_with = "ranged::<1, 3_650, _, _>")]
    pub keep_days: u32,
}

impl Default for Intake {
    fn default() -> Self {
        Self { max_body_bytes: 256 << 20, keep_days: 90 }
    }
}

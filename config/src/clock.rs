//! The only place that reads the time.
//!
//! Everywhere else the time is an argument, so that what depends on it can be replayed. Points in time that people see
//! or that are kept come from [`now`]; intervals are measured with [`monotonic`], which no change of the clock moves.

use std::time::Instant;

use jiff::Timestamp;

/// The time now, in UTC.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A point on a clock that only runs forward, for intervals.
pub fn monotonic() -> Instant {
    Instant::now()
}

//! When a request is made again, and after how long.

use std::time::Duration;

use super::{Fault, Limits, Outcome};
use crate::finding::{Finding, Rule};

/// What follows from an outcome that is not the thing asked for.
pub(super) enum Verdict {
    /// The same request again, after this time.
    Again(Duration),
    /// No further try; the finding says why.
    GiveUp(Finding),
}

/// Judges the outcome of try number `tries` (from 1).
///
/// Worth another try are 408, 425, 429 and 5xx, a lost connection and an answer that was cut. A slow answer is not: it
/// has used up its time. A server that asks for a longer pause than we wait gets it: the run ends.
pub(super) fn judge(outcome: &Outcome, tries: u32, limits: &Limits) -> Verdict {
    let (transient, finding, asked) = match outcome {
        Outcome::Status { status, retry_after } => {
            let transient = matches!(status, 408 | 425 | 429 | 500..=599);
            (transient, Finding::new(Rule::FetchStatus).value(status.to_string()), *retry_after)
        }
        Outcome::Fault(fault) => (matches!(fault, Fault::Unreachable(_) | Fault::Cut), fault.finding(), None),
        // The indexer kept what it should have handed over, or the other way round.
        Outcome::Body(_) | Outcome::Stored(_) => (false, Finding::new(Rule::FetchFailed), None),
    };
    if !transient || tries >= limits.max_tries {
        return Verdict::GiveUp(finding);
    }
    let own = limits.retry_wait.saturating_mul(1 << (tries - 1).min(16)).min(limits.max_wait);
    match asked {
        Some(asked) if asked > limits.max_wait => {
            Verdict::GiveUp(Finding::new(Rule::FetchPaused).value(format!("{} s", asked.as_secs())))
        }
        Some(asked) => Verdict::Again(asked.max(own)),
        None => Verdict::Again(own),
    }
}

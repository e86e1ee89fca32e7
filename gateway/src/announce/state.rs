//! Up to where each search engine was told, when it is told again, and what it said: written after every message.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::sitemap::whole;

/// Receipts that are kept.
const RECEIPTS: usize = 500;
/// The first wait after a message that was not taken; it doubles.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);
/// The longest.
const LAST_WAIT: SignedDuration = SignedDuration::from_hours(24);
/// How long before a key is shown again that was refused.
const KEY_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Taken (200), or taken while the key is being checked (202).
    Taken,
    /// Refused for what it says (400, 422, and what else can never be taken): it is not sent again.
    Refused,
    /// The key is not known there (403): nothing is sent for a while.
    Key,
    /// Too many (429), a fault there, or no answer: it is sent again later.
    Later,
}

impl Outcome {
    /// What a status means.
    pub fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Taken,
            401 | 403 => Self::Key,
            408 | 425 | 429 | 500..=599 => Self::Later,
            _ => Self::Refused,
        }
    }

    /// The word in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::Key => "key_refused",
            Self::Later => "later",
        }
    }

    /// All of them.
    pub const ALL: [Self; 4] = [Self::Taken, Self::Refused, Self::Key, Self::Later];
}

/// One search engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Place in the queue up to which it was told.
    pub told: u64,
    /// When it may be asked again.
    pub not_before: Option<Timestamp>,
    /// Messages in a row that it did not take.
    pub failures: u32,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// When it was sent.
    pub at: Timestamp,
    /// To whom.
    pub endpoint: String,
    /// How many addresses it named.
    pub urls: usize,
    /// The status of the answer; none where none came.
    pub status: Option<u16>,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Search engines by their address.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// The last messages, the last first.
    pub receipts: VecDeque<Receipt>,
    #[serde(skip)]
    path: PathBuf,
}

impl State {
    /// Reads what was written; nothing is known where there is no such file, or one that cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let known = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::error!(%error, "what search engines were told cannot be read; it begins anew");
                Self::default()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(error),
        };
        Ok(Self { path: path.to_owned(), ..known })
    }

    /// Writes all of it.
    pub fn save(&self) -> io::Result<()> {
        whole(&self.path, &serde_json::to_vec(self)?)
    }

    /// Takes those that are told from here on: one that is new begins at `end`, and what is not told any more is forgotten.
    pub fn tell(&mut self, endpoints: &[String], first: u64, end: u64) {
        self.endpoints.retain(|known, _| endpoints.contains(known));
        for endpoint in endpoints {
            let known = self.endpoints.entry(endpoint.clone());
            let known = known.or_insert(Endpoint { told: end, ..Endpoint::default() });
            known.told = known.told.clamp(first, end);
        }
    }

    /// Notes what became of a message up to `until`.
    pub fn answered(&mut self, receipt: Receipt, until: u64, retry_after: Option<SignedDuration>) {
        let outcome = receipt.status.map_or(Outcome::Later, Outcome::of);
        let now = receipt.at;
        if let Some(known) = self.endpoints.get_mut(&receipt.endpoint) {
            match outcome {
                Outcome::Taken | Outcome::Refused => {
                    *known = Endpoint { told: until, not_before: None, failures: 0 };
                }
                Outcome::Key | Outcome::Later => {
                    known.failures = known.failures.saturating_add(1);
                    let doubled = FIRST_WAIT.as_secs().saturating_mul(1 << (known.failures - 1).min(20));
                    let own = if outcome == Outcome::Key { KEY_WAIT } else { SignedDuration::from_secs(doubled) };
                    let wait = retry_after.unwrap_or(own).clamp(SignedDuration::from_secs(1), LAST_WAIT);
                    known.not_before = now.checked_add(wait).ok();
                }
            }
        }
        self.receipts.push_front(receipt);
        self.receipts.truncate(RECEIPTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(status: Option<u16>) -> Receipt {
        Receipt { at: "2026-11-27T08:00:00Z".parse().unwrap(), endpoint: "https://e.example/".into(), urls: 3, status }
    }

    fn after(statuses: &[(Option<u16>, Option<i64>)]) -> Endpoint {
        let mut state = State::default();
        state.tell(&["https://e.example/".to_owned()], 0, 0);
        for (status, wait) in statuses {
            state.answered(receipt(*status), 90, wait.map(SignedDuration::from_secs));
        }
        state.endpoints.remove("https://e.example/").unwrap()
    }

    #[test]
    fn every_answer_has_its_consequence() {
        for status in [200, 202, 400, 422, 404] {
            assert_eq!(after(&[(Some(status), None)]), Endpoint { told: 90, ..Endpoint::default() }, "{status}");
        }
        for (statuses, not_before) in [
            (&[(Some(429), None)][..], "2026-11-27T08:01:00Z"),
            (&[(Some(429), Some(7))], "2026-11-27T08:00:07Z"),
            (&[(Some(503), None), (None, None), (Some(500), None)], "2026-11-27T08:04:00Z"),
            (&[(Some(403), None)], "2026-11-27T09:00:00Z"),
            (&[(Some(429), Some(9_999_999))], "2026-11-28T08:00:00Z"),
        ] {
            let endpoint = after(statuses);
            assert_eq!(endpoint.told, 0, "{statuses:?}");
            assert_eq!(endpoint.not_before, Some(not_before.parse().unwrap()), "{statuses:?}");
        }
        assert_eq!(after(&[(Some(429), None), (Some(200), None)]), Endpoint { told: 90, ..Endpoint::default() });
    }

    #[test]
    fn receipts_have_an_end() {
        let mut state = State::default();
        for _ in 0..RECEIPTS + 10 {
            state.answered(receipt(Some(200)), 1, None);
        }
        assert_eq!(state.receipts.len(), RECEIPTS);
    }
}

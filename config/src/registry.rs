//! Who may do what: where accounts, tokens and the audit trail are kept, and how long somebody stays signed in.

use std::path::PathBuf;

use serde::Deserialize;

use crate::{ranged, some_file};

/// Accounts of editors and operators.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registry {
    /// The database of accounts, rights, tokens and the audit trail; `registry.db` beside the store when none.
    #[serde(deserialize_with = "some_file")]
    pub file: Option<PathBuf>,
    /// After this time without a request somebody has to sign in again.
    #[serde(deserialize_with = "ranged::<60, 86_400, _, _>")]
    pub session_idle_s: u32,
    /// After this time somebody has to sign in again in any case.
    #[serde(deserialize_with = "ranged::<300, 604_800, _, _>")]
    pub session_s: u32,
}

impl Default for Registry {
    fn default() -> Self {
        Self { file: None, session_idle_s: 3_600, session_s: 43_200 }
    }
}

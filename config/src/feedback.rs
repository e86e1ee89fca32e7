//! How much citizens may tell us, and how long it is kept.

use serde::Deserialize;

use crate::ranged;

/// What citizens say in the forms of the pages.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feedback {
    /// Days after which a message goes, its e-mail address with it, whether somebody has dealt with it or not.
    #[serde(deserialize_with = "ranged::<1, 3_650, _, _>")]
    pub keep_days: u32,
    /// Messages of one network of clients in an hour.
    #[serde(deserialize_with = "ranged::<1, 10_000, _, _>")]
    pub per_hour: u32,
    /// Messages to one portal, and to the operator, that are kept at a time; of more none is taken, and citizens are told.
    #[serde(deserialize_with = "ranged::<10, 1_000_000, _, _>")]
    pub max_messages: u32,
}

impl Default for Feedback {
    fn default() -> Self {
        Self { keep_days: 90, per_hour: 10, max_messages: 10_000 }
    }
}

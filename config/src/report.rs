//! Whom the Prüfbericht asks.

use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

use super::ranged;

/// Whom the Prüfbericht asks beside the addresses in records.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Report {
    /// The Routing API of FIT-Connect up to its version; without it, nobody is asked and the report says so.
    #[serde(deserialize_with = "service")]
    pub fit_connect_url: Option<Url>,
    /// Pause between two questions to it.
    #[serde(deserialize_with = "ranged::<1, 60_000, _, _>")]
    pub fit_connect_pause_ms: u64,
}

impl Default for Report {
    fn default() -> Self {
        Self { fit_connect_url: None, fit_connect_pause_ms: 1000 }
    }
}

fn service<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(from)?;
    let usable = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let fault = "no usable address, expected http:// or https://, a host, a path, no credentials, no `?`, no `#`";
    Url::parse(&text).ok().filter(usable).map(Some).ok_or_else(|| D::Error::custom(fault))
}

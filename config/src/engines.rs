//! What search engines are told, and how.

use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

use super::ranged;

/// How the lists of all pages are kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sitemap {
    /// Shortest time between two beginnings of a list; changes between them come with the next one. A list is begun when
    /// nothing has changed for 10 seconds, or for this time where it is less, at the latest after ten times this time.
    #[serde(deserialize_with = "ranged::<1, 86_400, _, _>")]
    pub every_s: u64,
}

impl Default for Sitemap {
    fn default() -> Self {
        Self { every_s: 60 }
    }
}

/// Who is told of pages that changed, by the protocol of indexnow.org.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IndexNow {
    /// Shown at `/{key}.txt` and with every message, so it is no secret; none where nobody is told.
    #[serde(deserialize_with = "key")]
    pub key: Option<String>,
    /// Whom to tell; nobody when empty.
    #[serde(deserialize_with = "endpoints")]
    pub endpoints: Vec<Url>,
}

fn key<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    let fits = (8..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits {
        Ok(Some(text))
    } else {
        Err(D::Error::custom("no key of IndexNow, expected 8 to 128 letters, digits and `-`"))
    }
}

fn endpoints<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Url>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let usable = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let fault = "no usable address, expected such as `https://api.indexnow.example/indexnow`";
    let read = |text: &String| Url::parse(text).ok().filter(usable).ok_or_else(|| D::Error::custom(fault));
    texts.iter().map(read).collect()
}

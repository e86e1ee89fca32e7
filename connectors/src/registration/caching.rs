//! Whether the gateway keeps the answers of a route, as a registration says it.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whether the gateway may keep what a portal answers at a route, and use it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Caching {
    /// Nothing is kept; the default: a portal that never stood behind a cache may send personal pages without saying so.
    #[default]
    Off,
    /// What the portal allows, but nothing with cookies and nothing that needs a password.
    On,
    /// The same, and such answers too where the portal marks them for everybody (`public`, `s-maxage`; for a request
    /// with a password also `must-revalidate`).
    Credentials,
}

impl Serialize for Caching {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_bool(false),
            Self::On => serializer.serialize_bool(true),
            Self::Credentials => serializer.serialize_str("credentials"),
        }
    }
}

impl<'de> Deserialize<'de> for Caching {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

struct Written;

impl Visitor<'_> for Written {
    type Value = Caching;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or \"credentials\"")
    }

    fn visit_bool<E: Error>(self, on: bool) -> Result<Caching, E> {
        Ok(if on { Caching::On } else { Caching::Off })
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Caching, E> {
        match word {
            "credentials" => Ok(Caching::Credentials),
            _ => Err(E::custom(format!("`{word}` is no way to cache, expected true, false or \"credentials\""))),
        }
    }
}

//! The language of a page.

use axum::extract::FromRequestParts;
use http::request::Parts;

/// In which language a page speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sprache {
    /// German.
    Deutsch,
    /// English.
    Englisch,
    /// Leichte Sprache.
    Leicht,
}

impl Sprache {
    /// All.
    pub const ALL: [Self; 3] = [Self::Deutsch, Self::Englisch, Self::Leicht];

    /// The tag.
    pub fn lang(self) -> &'static str {
        match self {
            Self::Deutsch => "de",
            Self::Englisch => "en",
            Self::Leicht => "de-simple",
        }
    }

    /// What stands before paths.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Deutsch => "",
            Self::Englisch => "/en",
            Self::Leicht => "/leicht",
        }
    }

    /// A path of ours in this language.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Sprache {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let first = parts.uri.path().split('/').nth(1);
        Ok(match first {
            Some("en") => Self::Englisch,
            Some("leicht") => Self::Leicht,
            _ => Self::Deutsch,
        })
    }
}

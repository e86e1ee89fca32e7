//! The languages of the pages: which one an address is in, and what the same page is called in another.
//!
//! The language stands in the address, before everything else, so that a link says it and no cookie has to. What portals
//! deliver keeps the language that it has; this is about our own words.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use indexer::record::Lang;

use super::texts::{DEUTSCH, ENGLISCH, LEICHT, Texts};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sprache {
    /// German, without anything before the address.
    #[default]
    Deutsch,
    /// English.
    Englisch,
    /// Leichte Sprache: German for people who read with difficulty.
    Leicht,
}

impl Sprache {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Deutsch, Self::Englisch, Self::Leicht];

    /// The tag of BCP 47, for `lang`. `simple` is a registered variant.
    pub fn lang(self) -> &'static str {
        match self {
            Self::Deutsch => "de",
            Self::Englisch => "en",
            Self::Leicht => "de-simple",
        }
    }

    /// What the language calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deutsch => "Deutsch",
            Self::Englisch => "English",
            Self::Leicht => "Leichte Sprache",
        }
    }

    /// What stands before an address of ours.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Deutsch => "",
            Self::Englisch => "/en",
            Self::Leicht => "/leicht",
        }
    }

    /// A path of ours in this language. `path` begins with `/` and has no language of its own.
    pub fn path(self, path: &str) -> String {
        match (self, path) {
            (Self::Deutsch, path) => path.to_owned(),
            (_, "/") => self.prefix().to_owned(),
            (_, path) => format!("{}{path}", self.prefix()),
        }
    }

    /// In which language texts of records are wanted first.
    pub fn of_records(self) -> Lang {
        match self {
            Self::Englisch => Lang::EN,
            Self::Deutsch | Self::Leicht => Lang::DE,
        }
    }

    /// The language of a text, where a reader's voice has to be told of it: where it is not that of the page.
    pub fn foreign(self, lang: Lang) -> Option<Lang> {
        (lang.as_str() != self.lang()).then_some(lang)
    }

    /// All that our pages say in it.
    pub fn texts(self) -> &'static Texts {
        match self {
            Self::Deutsch => &DEUTSCH,
            Self::Englisch => &ENGLISCH,
            Self::Leicht => &LEICHT,
        }
    }
}

/// Where a request is: its language, and its address without it.
#[derive(Debug, Clone)]
pub struct Hier {
    /// The language.
    pub sprache: Sprache,
    /// Path and query as asked for, without the language.
    pub path: String,
}

impl<S: Sync> FromRequestParts<S> for Hier {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let sprache = parts.extensions.get::<Sprache>().copied().unwrap_or_default();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { sprache, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_stands_before_the_path() {
        let paths = |path: &str| Sprache::ALL.map(|sprache| sprache.path(path));
        assert_eq!(paths("/"), ["/", "/en", "/leicht"]);
        assert_eq!(paths("/suche?q=a"), ["/suche?q=a", "/en/suche?q=a", "/leicht/suche?q=a"]);
    }

    #[test]
    fn a_text_is_marked_where_it_is_not_in_the_language_of_the_page() {
        assert_eq!(Sprache::Deutsch.foreign(Lang::DE), None);
        assert_eq!(Sprache::Deutsch.foreign(Lang::EN), Some(Lang::EN));
        assert_eq!(Sprache::Englisch.foreign(Lang::EN), None);
        assert_eq!(Sprache::Englisch.foreign(Lang::DE), Some(Lang::DE));
        assert_eq!(Sprache::Leicht.foreign(Lang::DE), Some(Lang::DE), "what portals write is not Leichte Sprache");
    }
}

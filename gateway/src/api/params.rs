//! Parameters of a query, read strictly: what is not understood is refused by name, never passed over.

use std::borrow::Cow;

use connectors::gebiet::Ars;
use connectors::leika::{Lebenslage, Leika};
use indexer::record::Lang;
use percent_encoding::percent_decode_str;

/// Longest text of a question or a place, in characters.
pub const TEXT_MAX: usize = 500;
/// Most hits that one answer may hold.
pub const LIMIT_MAX: usize = 100;
/// Most hits that may be left out.
pub const OFFSET_MAX: usize = 10_000;

/// What is wrong with a query; names the parameter and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// No such parameter here.
    #[error("there is no parameter `{name}` here; there are: {known}")]
    Unknown {
        /// As sent, shortened.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Given more than once.
    #[error("the parameter `{name}` is given more than once")]
    Repeated {
        /// Which.
        name: String,
    },
    /// Needed and not given.
    #[error("the parameter `{name}` is missing: {expected}")]
    Missing {
        /// Which.
        name: String,
        /// What would be right.
        expected: String,
    },
    /// Given, and not of the right form.
    #[error("the parameter `{name}` has a value that cannot be used: {expected}")]
    Bad {
        /// Which.
        name: String,
        /// What would be right.
        expected: String,
    },
}

impl ParamError {
    /// A value of the wrong form.
    pub fn bad(name: &str, expected: impl Into<String>) -> Self {
        Self::Bad { name: name.to_owned(), expected: expected.into() }
    }

    /// The parameter's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown { name, .. }
            | Self::Repeated { name }
            | Self::Missing { name, .. }
            | Self::Bad { name, .. } => name,
        }
    }
}

/// True for the signs of Unicode that turn the direction of what follows (UAX 9: explicit embeddings, overrides, isolates).
fn turns_the_text(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A query, taken apart.
#[derive(Debug)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query in which only `known` parameters may stand, each once.
    pub fn strict(query: Option<&str>, known: &[&str]) -> Result<Self, ParamError> {
        Self::read(query, known, |name| {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Err(ParamError::Unknown { name: name.chars().take(40).collect(), known })
        })
    }

    /// The same for our own pages: others than `known` are left aside, because letters and posts that link to a page
    /// hang counting marks of their own on the address.
    pub fn tolerant(query: Option<&str>, known: &[&str]) -> Result<Self, ParamError> {
        Self::read(query, known, |_| Ok(()))
    }

    fn read(
        query: Option<&str>,
        known: &[&str],
        on_unknown: impl Fn(&str) -> Result<(), ParamError>,
    ) -> Result<Self, ParamError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in query.unwrap_or("").split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).unwrap_or_else(|| name.to_owned());
            if !known.contains(&name.as_str()) {
                on_unknown(&name)?;
                continue;
            }
            if pairs.iter().any(|(given, _)| *given == name) {
                return Err(ParamError::Repeated { name });
            }
            match decode(value) {
                Some(value) => pairs.push((name, value)),
                None => return Err(ParamError::bad(&name, "UTF-8, percent-encoded")),
            }
        }
        Ok(Self(pairs))
    }

    /// The value as it came; none when the parameter is not there.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// `true` or `false`; none when it is missing.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, ParamError> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(ParamError::bad(name, "`true` or `false`")),
        }
    }

    /// A text without space at its ends; none when it is missing or empty. At most [`TEXT_MAX`] characters, no control
    /// characters besides space, tab and line break; signs that turn the direction of the text are left out.
    pub fn text(&self, name: &str) -> Result<Option<String>, ParamError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        if value.chars().count() > TEXT_MAX {
            return Err(ParamError::bad(name, format!("a text of at most {TEXT_MAX} characters")));
        }
        if value.chars().any(|letter| letter.is_control() && !letter.is_whitespace()) {
            return Err(ParamError::bad(name, "a text without control characters"));
        }
        // What somebody is led to by a link must not turn around the words that stand beside it.
        let value: String = value.chars().filter(|letter| !turns_the_text(*letter)).collect();
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Some(value).filter(|value| !value.is_empty()))
    }

    /// A text that has to be there.
    pub fn required(&self, name: &str, expected: &str) -> Result<String, ParamError> {
        self.text(name)?.ok_or_else(|| ParamError::Missing { name: name.to_owned(), expected: expected.to_owned() })
    }

    /// A whole number between two bounds, both included.
    pub fn number(&self, name: &str, from: usize, to: usize) -> Result<Option<usize>, ParamError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        // `parse` alone would take a leading `+`.
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        match value.parse() {
            Ok(number) if digits && (from..=to).contains(&number) => Ok(Some(number)),
            _ => Err(ParamError::bad(name, format!("a whole number from {from} to {to}"))),
        }
    }

    /// An ARS.
    pub fn ars(&self, name: &str) -> Result<Option<Ars>, ParamError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| {
            ParamError::bad(
                name,
                "an ARS of 12 digits (or its first 2, 3, 5 or 9), beginning with a Land, 01 to 16, or zeros for the Bund",
            )
        })
    }

    /// A Lebenslage, by its code; none when it is missing or empty.
    pub fn lebenslage(&self, name: &str) -> Result<Option<&'static Lebenslage>, ParamError> {
        let Some(code) = self.text(name)? else { return Ok(None) };
        Leika::built_in()
            .lebenslage(&code)
            .map(Some)
            .ok_or_else(|| ParamError::bad(name, "the code of a Lebenslage as in `facets`, as `geburt`"))
    }

    /// A language of two letters.
    pub fn lang(&self, name: &str) -> Result<Option<Lang>, ParamError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        Lang::parse(value)
            .map(Some)
            .ok_or_else(|| ParamError::bad(name, "a language of two letters (ISO 639-1), as `de`"))
    }
}

/// A part of a query as text; none when it is not UTF-8.
fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = ["q", "ars", "lang", "limit", "offset"];

    fn read(query: &str) -> Result<Params, ParamError> {
        Params::strict(Some(query), &KNOWN)
    }

    #[test]
    fn what_is_not_known_or_not_clear_is_refused_by_name() {
        for (query, name) in
            [("Q=hund", "Q"), ("q=a&x=1", "x"), ("q=a&q=a", "q"), ("limit", "limit"), ("lang=deu", "lang")]
        {
            let outcome = read(query).and_then(|params| {
                params.number("limit", 1, LIMIT_MAX)?;
                params.lang("lang")
            });
            assert_eq!(outcome.unwrap_err().name(), name, "{query}");
        }
        let long = read(&format!("{}=1", "x".repeat(500))).unwrap_err();
        assert_eq!(long.name().len(), 40);
    }

    #[test]
    fn a_page_overlooks_the_counting_marks_of_others() {
        let params = Params::tolerant(Some("q=hund&utm_source=brief&q%32=x"), &KNOWN).unwrap();
        assert_eq!(params.text("q").unwrap().unwrap(), "hund");
        assert!(Params::tolerant(Some("q=hund&q=katze"), &KNOWN).is_err());
    }

    #[test]
    fn texts_are_decoded_and_bounded() {
        let text = |query: &str| read(query).and_then(|params| params.text("q"));
        assert_eq!(text("q=hund+anmelden%20%C3%A4%26").unwrap().unwrap(), "hund anmelden ä&");
        assert_eq!(text("q=%20a%0D%0A%09b").unwrap().unwrap(), "a b");
        assert_eq!(text("q=100%").unwrap().unwrap(), "100%");
        assert_eq!(text("q=a%E2%80%AEb%D8%9Cc%E2%81%A6").unwrap().unwrap(), "abc");
        assert_eq!(text("q=+%09").unwrap(), None);
        assert_eq!(text("").unwrap(), None);
        assert_eq!(text(&format!("q={}", "%C3%BC".repeat(500))).unwrap().unwrap().chars().count(), 500);
        for bad in [format!("q={}", "a".repeat(501)), "q=%FF".into(), "q=a%00".into(), "q=%1B[1m".into()] {
            assert_eq!(text(&bad).unwrap_err().name(), "q", "{bad}");
        }
        assert!(matches!(read("").unwrap().required("q", "a question"), Err(ParamError::Missing { .. })));
    }

    #[test]
    fn numbers_and_keys_have_one_form() {
        let limit = |value: &str| read(&format!("limit={value}")).unwrap().number("limit", 1, LIMIT_MAX);
        assert_eq!(limit("1").unwrap(), Some(1));
        assert_eq!(limit("100").unwrap(), Some(100));
        for bad in ["0", "101", "-1", "%2B5", "5.0", "", "%20", "x", "99999999999999999999999999"] {
            assert!(limit(bad).is_err(), "{bad}");
        }
        let ars = |value: &str| read(&format!("ars={value}")).unwrap().ars("ars");
        assert_eq!(ars("05911").unwrap().unwrap().as_str(), "059110000000");
        for bad in ["", "0591", "059110000000x", "990000000000", "bochum"] {
            assert!(ars(bad).is_err(), "{bad}");
        }
    }
}

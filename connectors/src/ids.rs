//! The keys by which portals, objects and Leistungen are named.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not the key it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a portal id.
    #[error("`{0}` is no portal id: 1 to 63 of a-z, 0-9 and '-', beginning with a letter")]
    Portal(String),
    /// Not a Leistungsschluessel.
    #[error("`{0}` is no Leistungsschluessel: 14 digits beginning with 99")]
    Leistungsschluessel(String),
}

/// The id of a member portal: 1 to 63 characters of `a-z`, `0-9` and `-`, beginning with a letter.
///
/// It names the portal's file, its metrics label and its part of the store.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortalId(String);

impl PortalId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PortalId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if first && text.len() <= 63 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::Portal(text.to_owned()))
        }
    }
}

impl TryFrom<String> for PortalId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<PortalId> for String {
    fn from(id: PortalId) -> Self {
        id.0
    }
}

impl fmt::Display for PortalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PortalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one object: the editorial system that gave the id (`schemeAgencyID`) and the id's text.
///
/// Leading zeros count; an id is never a number. Each kind of object has a key space of its own.
/// Source: XZuFi, type Identifikator; uniqueness as in the reference, section 3.1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identifikator {
    /// `schemeAgencyID`, never empty.
    pub agency: String,
    /// The text of the element, trimmed, never empty.
    pub text: String,
}

impl Identifikator {
    /// The key of `agency` and `text`.
    pub fn new(agency: impl Into<String>, text: impl Into<String>) -> Self {
        Self { agency: agency.into(), text: text.into() }
    }

    /// Every key that is written as `joined` in addresses and answers (`agency_text`).
    ///
    /// More than one only where there is more than one `_`; the store knows which of them exists.
    pub fn readings(joined: &str) -> Vec<Self> {
        joined
            .match_indices('_')
            .filter_map(|(at, _)| Some((joined.get(..at)?, joined.get(at + 1..)?)))
            .filter(|(agency, text)| !agency.is_empty() && !text.is_empty())
            .map(|(agency, text)| Self::new(agency, text))
            .collect()
    }
}

impl fmt::Display for Identifikator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.agency, self.text)
    }
}

/// The key of a Leistung in the LeiKa/FIM catalogue: 14 digits, `99` + Gruppierung (3) + Kennung (3) + Verrichtung (3)
/// + Verrichtungsdetail (3).
///
/// Source: FIT-Connect Routing API, pattern `^99\d{12}$`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Leistungsschluessel(u64);

impl Leistungsschluessel {
    /// The key as a number of 14 digits.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl FromStr for Leistungsschluessel {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fault = || IdError::Leistungsschluessel(text.to_owned());
        let valid = text.len() == 14 && text.starts_with("99") && text.bytes().all(|byte| byte.is_ascii_digit());
        if valid { text.parse().map(Self).map_err(|_| fault()) } else { Err(fault()) }
    }
}

impl TryFrom<String> for Leistungsschluessel {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Leistungsschluessel> for String {
    fn from(key: Leistungsschluessel) -> Self {
        key.to_string()
    }
}

impl fmt::Display for Leistungsschluessel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014}", self.0)
    }
}

impl fmt::Debug for Leistungsschluessel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_key(text: &str, valid: bool) {
        assert_eq!(text.parse::<Leistungsschluessel>().is_ok(), valid, "{text:?}");
    }

    #[test]
    fn a_leistungsschluessel_is_99_and_twelve_ascii_digits() {
        check_key("99012999017001", true);
        check_key("9901299901700", false);
        check_key("12012999017001", false);
        check_key("99012999O17001", false);
        check_key("", false);
        check_key("9９012999017001", false);
    }

    #[test]
    fn a_portal_id_is_fit_for_a_file_name() {
        for (text, valid) in [("stadt-bochum", true), ("Stadt", false), ("", false), ("../x", false), ("9a", false)] {
            assert_eq!(text.parse::<PortalId>().is_ok(), valid, "{text:?}");
        }
    }

    #[test]
    fn a_joined_id_is_read_at_every_underscore() {
        let readings = Identifikator::readings("TEST_1_2");
        assert_eq!(readings, [Identifikator::new("TEST", "1_2"), Identifikator::new("TEST_1", "2")]);
        assert!(Identifikator::readings("ohne").is_empty());
    }
}

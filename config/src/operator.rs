//! Who runs this installation, as the law wants it named: Impressum, Datenschutz and Erklärung zur Barrierefreiheit.
//!
//! Nothing here has a default: what the operator has not stated, the pages say to be not stated.

use std::path::PathBuf;

use jiff::civil::Date;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;

use crate::some_file;

/// Who runs this installation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// The body as it is called.
    #[serde(deserialize_with = "line")]
    pub name: String,
    /// Street and number.
    #[serde(deserialize_with = "line")]
    pub strasse: String,
    /// Postal code.
    #[serde(deserialize_with = "line")]
    pub plz: String,
    /// Town.
    #[serde(deserialize_with = "line")]
    pub ort: String,
    /// Telephone.
    #[serde(default, deserialize_with = "some_line")]
    pub telefon: Option<String>,
    /// E-mail.
    #[serde(deserialize_with = "mail")]
    pub email: String,
    /// By whom it is represented, with the office of that person.
    #[serde(default, deserialize_with = "some_line")]
    pub vertreten_durch: Option<String>,
    /// Whoever answers for the contents (§ 18 MStV).
    #[serde(default, deserialize_with = "some_line")]
    pub verantwortlich: Option<String>,
    /// The supervising authority.
    #[serde(default, deserialize_with = "some_line")]
    pub aufsicht: Option<String>,
    /// VAT id (§ 27a UStG).
    #[serde(default, deserialize_with = "some_line")]
    pub ust_id: Option<String>,
    /// How the data protection officer is reached.
    #[serde(default, deserialize_with = "some_line")]
    pub datenschutz_kontakt: Option<String>,
    /// How long the log of this installation is kept, in days; what this program writes has no end of its own.
    #[serde(default)]
    pub log_days: Option<u32>,
    /// A video in sign language on contents, navigation and accessibility.
    #[serde(default, deserialize_with = "page")]
    pub gebaerdensprache_url: Option<Url>,
    /// A text that stands in the stead of the Impressum of these keys: paragraphs with empty lines between them, `# `
    /// before a heading.
    #[serde(default, deserialize_with = "some_file")]
    pub impressum_file: Option<PathBuf>,
    /// The same for the Datenschutz page.
    #[serde(default, deserialize_with = "some_file")]
    pub datenschutz_file: Option<PathBuf>,
    /// These are not the words of a real body: pages say so.
    #[serde(default)]
    pub sample: bool,
    /// What was found when accessibility was looked at; none before that.
    #[serde(default)]
    pub barrierefreiheit: Option<Accessibility>,
}

/// What the statement on accessibility rests on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accessibility {
    /// How far the requirements are met.
    pub status: Conformity,
    /// When the statement was made, as `"JJJJ-MM-TT"`.
    #[serde(deserialize_with = "date")]
    pub erstellt: Date,
    /// When it was looked at again.
    #[serde(default, deserialize_with = "some_date")]
    pub ueberprueft: Option<Date>,
    /// How it was found out, for example `"Selbstbewertung"`.
    #[serde(deserialize_with = "line")]
    pub methode: String,
    /// What is not accessible beside what this program knows of itself, a sentence each.
    #[serde(default)]
    pub maengel: Vec<String>,
}

/// How far the requirements are met, in the three steps of Decision (EU) 2018/1523.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conformity {
    /// In all.
    Voll,
    /// For the most part.
    Teilweise,
    /// Not.
    Nicht,
}

fn checked<E: serde::de::Error>(text: String) -> Result<String, E> {
    let fine = !text.trim().is_empty() && text.len() <= 500 && !text.chars().any(char::is_control);
    if fine { Ok(text.trim().to_owned()) } else { Err(E::custom("expected one line of text, at most 500 bytes")) }
}

fn line<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    checked(String::deserialize(from)?)
}

fn some_line<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    line(from).map(Some)
}

fn mail<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = line(from)?;
    let parts = text.split_once('@').filter(|(name, host)| !name.is_empty() && host.contains('.'));
    if parts.is_some() && !text.contains(char::is_whitespace) {
        return Ok(text);
    }
    Err(D::Error::custom(format!("`{text}` is no e-mail address, expected for example `kontakt@stadt.example`")))
}

fn page<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(from)?;
    let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty();
    let fault = "no usable address, expected http:// or https:// and a host";
    Url::parse(&text).ok().filter(usable).map(Some).ok_or_else(|| D::Error::custom(fault))
}

fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| D::Error::custom(format!("`{text}` is no day, expected for example `\"2026-11-02\"`")))
}

fn some_date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    date(from).map(Some)
}

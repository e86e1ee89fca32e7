//! One line of an NDJSON delivery.

use serde::Deserialize;

use super::{Leistungsbeschreibung, entries};
use crate::finding::{Finding, Rule};
use crate::xzufi::{Entry, Klasse};

/// Bytes of one line; the most that one object of XZuFi may have.
pub const MAX_LINE_BYTES: usize = 16 << 20;

/// What one line asks for: a description, or `{"loesche": {"id": "…"}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zeile {
    /// Create or replace.
    Schreibe(Box<Leistungsbeschreibung>),
    /// Delete what has this id.
    Loesche {
        /// The key space of the id.
        klasse: Klasse,
        /// The source's own id.
        id: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Removal {
    loesche: Removed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Removed {
    #[serde(default)]
    klasse: Option<String>,
    id: String,
}

impl Zeile {
    /// Reads a line (without its end), numbered from 1; none for an empty one. The finding says what is wrong with it
    /// and that it was not taken; its neighbours are.
    pub fn read(line: &[u8], number: u64) -> Result<Option<Self>, Finding> {
        let fault = |rule, value: String| Finding::new(rule).value(value).line(number);
        if line.len() > MAX_LINE_BYTES {
            return Err(fault(Rule::LineTooLong, format!("{} Bytes", line.len())));
        }
        let text =
            str::from_utf8(line).map_err(|error| fault(Rule::LineNotText, (error.valid_up_to() + 1).to_string()))?;
        let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { text };
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let faulty = |error: serde_json::Error| match error.classify() {
            serde_json::error::Category::Data => fault(Rule::LineInvalid, error.to_string()),
            _ => fault(Rule::LineNotJson, error.to_string()),
        };
        // Fields without names would be read as well.
        if !text.starts_with('{') {
            return Err(fault(Rule::LineNotJson, text.chars().take(20).collect()));
        }
        // A removal is told by its one field, so that the message about a faulty description speaks of descriptions.
        let is_removal = text.trim_start_matches('{').trim_start().starts_with("\"loesche\"");
        if !is_removal {
            let said: Leistungsbeschreibung = serde_json::from_str(text).map_err(faulty)?;
            return match said.leistungsschluessel.is_empty() && said.bezeichnung.is_empty() && said.ergaenzt.is_none() {
                true => Err(fault(Rule::DescriptionNameless, String::new())),
                false => Ok(Some(Self::Schreibe(Box::new(said)))),
            };
        }
        let Removed { klasse, id } = serde_json::from_str::<Removal>(text).map_err(faulty)?.loesche;
        let klasse = klasse.as_deref().unwrap_or(Klasse::Leistung.name());
        let known = Klasse::of_name(klasse).ok_or_else(|| fault(Rule::LineInvalid, format!("klasse {klasse}")))?;
        match id.trim() {
            "" => Err(fault(Rule::LineInvalid, "id".to_owned())),
            id => Ok(Some(Self::Loesche { klasse: known, id: id.to_owned() })),
        }
    }

    /// The id by which the source knows what the line is about.
    pub fn own_id(&self) -> String {
        match self {
            Self::Schreibe(said) => said.own_id(),
            Self::Loesche { id, .. } => id.clone(),
        }
    }

    /// What it asks for, in objects of the standard.
    pub fn entries(&self, agency: &str, line: u64) -> Vec<Entry> {
        match self {
            Self::Schreibe(said) => said.entries(agency, line),
            Self::Loesche { klasse: Klasse::Leistung, id } => entries::removal(agency, id, line),
            Self::Loesche { klasse, id } => vec![entries::remove(*klasse, agency, id.clone(), line)],
        }
    }
}

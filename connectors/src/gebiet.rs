//! The administrative areas: the Amtliche Regionalschluessel, what covers what, and the areas of NRW that ship with us.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Amtlicher Regionalschlüssel (ARS): twelve digits naming one Gebiet.
///
/// Levels end after 2 (Land), 3 (Regierungsbezirk), 5 (Kreis), 9 (Verband) and 12 (Gemeinde) digits. Digits below the
/// Gebiet are zero: `050000000000` is Nordrhein-Westfalen, twelve zeros are the Bund. Source: Destatis,
/// Gemeindeverzeichnis (GV-ISys).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ars([u8; 12]);

/// Why a text is no ARS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no ARS: 2, 3, 5, 9 or 12 digits, the first two a Land (01 to 16) or all zero for the Bund")]
pub struct ArsError(String);

/// Where the levels end.
const ENDS: [usize; 6] = [0, 2, 3, 5, 9, 12];

impl Ars {
    /// The whole of Germany.
    pub const BUND: Ars = Ars([b'0'; 12]);

    /// How many leading digits say something: 0 (Bund), 2, 3, 5, 9 or 12.
    pub fn level_end(&self) -> usize {
        let last = self.0.iter().rposition(|digit| *digit != b'0').map_or(0, |at| at + 1);
        ENDS.into_iter().find(|end| *end >= last).unwrap_or(12)
    }

    /// True when `other` is this Gebiet or lies inside it.
    pub fn covers(&self, other: &Ars) -> bool {
        let end = self.level_end();
        self.0[..end] == other.0[..end]
    }

    /// The areas that can answer for this one, most specific first: itself, Verband, Kreis, Regierungsbezirk, Land,
    /// Bund; each once.
    pub fn candidates(&self) -> Vec<Ars> {
        let mut found: Vec<Ars> = ENDS
            .into_iter()
            .rev()
            .map(|end| {
                let mut digits = [b'0'; 12];
                digits[..end].copy_from_slice(&self.0[..end]);
                Ars(digits)
            })
            .collect();
        found.dedup();
        found
    }

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an ARS holds ASCII digits only")
    }

    /// The twelve digits as a number, as the index keeps it.
    pub fn number(&self) -> u64 {
        self.0.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    }
}

impl FromStr for Ars {
    type Err = ArsError;

    fn from_str(text: &str) -> Result<Self, ArsError> {
        let fault = || ArsError(text.to_owned());
        let bytes = text.as_bytes();
        if !matches!(bytes.len(), 2 | 3 | 5 | 9 | 12) || !bytes.iter().all(u8::is_ascii_digit) {
            return Err(fault());
        }
        let mut digits = [b'0'; 12];
        digits[..bytes.len()].copy_from_slice(bytes);
        let land = (digits[0] - b'0') * 10 + (digits[1] - b'0');
        if land > 16 || (land == 0 && digits.iter().any(|digit| *digit != b'0')) {
            return Err(fault());
        }
        Ok(Self(digits))
    }
}

impl TryFrom<String> for Ars {
    type Error = ArsError;

    fn try_from(text: String) -> Result<Self, ArsError> {
        text.parse()
    }
}

impl From<Ars> for String {
    fn from(ars: Ars) -> Self {
        ars.as_str().to_owned()
    }
}

impl fmt::Display for Ars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Ars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The level of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// The federation.
    Bund,
    /// A state.
    Land,
    /// A district of a state.
    Regierungsbezirk,
    /// A county.
    Kreis,
    /// An association of municipalities.
    Verband,
    /// A municipality; also a town that is its own Kreis.
    Gemeinde,
}

impl Level {
    /// The German word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bund => "Bund",
            Self::Land => "Land",
            Self::Regierungsbezirk => "Regierungsbezirk",
            Self::Kreis => "Kreis",
            Self::Verband => "Verband",
            Self::Gemeinde => "Gemeinde",
        }
    }
}

mod register;
mod words;

pub use register::{Gebiet, Gebiete, Reading};
pub use words::fold;

#[cfg(test)]
mod tests;

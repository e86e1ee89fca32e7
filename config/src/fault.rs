//! What is wrong in a file, and where: the one form in which configuration is complained about.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// A fault at a place in a file. Shown as `file:line:column: what is wrong, and what would be right`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigFault {
    /// The file, as it was given to us.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl ConfigFault {
    /// A fault at the bytes `at` of `text`, which is the content of `file`.
    pub(crate) fn at(file: &Path, text: &str, at: Range<usize>, message: impl Into<String>) -> Self {
        let before = text.get(..at.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Self { file: file.to_owned(), line, column, message: message.into() }
    }

    /// A fault of the file as a whole.
    pub(crate) fn whole(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, message: message.into() }
    }

    /// What the TOML reader found, with an example where a key is missing.
    pub(crate) fn from_toml(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let mut message = error.message().trim_end_matches('.').to_owned();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        if let Some((_, example)) = EXAMPLES.into_iter().find(|(key, _)| Some(*key) == missing) {
            message = format!("{message}, expected for example {example}");
        }
        Self::at(file, text, error.span().unwrap_or(0..0), message)
    }
}

/// What stands for each key that must be there.
const EXAMPLES: [(&str, &str); 20] = [
    ("server", "a table `[server]` with `listen`, `internal` and `public_url`"),
    ("store", "a table `[store]` with `url = \"sqlite://data/portalverbund.db\"`"),
    ("index", "a table `[index]` with `dir = \"data/index\"`"),
    ("listen", "`listen = \"127.0.0.1:8080\"`"),
    ("internal", "`internal = \"127.0.0.1:8081\"`"),
    ("public_url", "`public_url = \"https://service.example\"`"),
    ("url", "`url = \"sqlite://data/portalverbund.db\"`"),
    ("dir", "`dir = \"data/index\"`"),
    ("certificates", "`certificates = [{ certificate = \"chain.pem\", key = \"key.pem\" }]`"),
    ("certificate", "`certificate = \"chain.pem\"`"),
    ("key", "`key = \"key.pem\"`"),
    ("id", "`id = \"stadt-bochum\"`"),
    ("name", "`name = \"Stadt Bochum\"`"),
    ("gebiet", "`gebiet = \"059110000000\"`"),
    ("connector", "a table `[connector]` with `kind = \"xzufi-index\"` and `url`"),
    ("kind", "`kind = \"xzufi-index\"`"),
    ("to", "`to = \"/portal/stadt-bochum/neu\"`"),
    ("text", "`text = \"Wir bauen um.\"`"),
    ("until", "`until = 2026-12-01T06:00:00+01:00`"),
    ("upstream", "`upstream = [\"http://127.0.0.1:9200\"]`"),
];

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

impl std::error::Error for ConfigFault {}

/// Why the configuration cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or a folder cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder of the portals cannot be read.
    #[error("cannot read {}: {source}", folder.display())]
    Registry {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The main file is wrong.
    #[error(transparent)]
    Invalid(#[from] ConfigFault),
}

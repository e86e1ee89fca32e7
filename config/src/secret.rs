//! Values that nobody may read in a log, an error or a debug print.
//!
//! A secret stands in a file of its own, named by a key that ends in `_file`; it never stands in the configuration.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The most bytes of a file with a secret.
const MAX_BYTES: u64 = 64 << 10;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the secret in {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds no text that can be a secret.
    #[error("{} holds no secret: expected one text in UTF-8 of 1 to 65536 bytes", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
    },
}

/// A text that is only shown where it is asked for by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Reads the text in `file`, without the newline at its end if there is one.
    pub fn read(file: &Path) -> Result<Self, SecretError> {
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|open| open.take(MAX_BYTES + 3).read_to_end(&mut bytes))
            .map_err(|source| SecretError::Read { file: file.to_owned(), source })?;
        let unusable = || SecretError::Unusable { file: file.to_owned() };
        let text = String::from_utf8(bytes).map_err(|_| unusable())?;
        let text = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if text.is_empty() || text.len() as u64 > MAX_BYTES {
            return Err(unusable());
        }
        Ok(Self(text.to_owned()))
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &[u8], expected: Option<&str>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        assert_eq!(Secret::read(file.path()).ok().as_ref().map(Secret::expose), expected);
    }

    #[test]
    fn one_newline_at_the_end_is_not_part_of_it() {
        check(b"geheim\n", Some("geheim"));
        check(b"geheim\r\n", Some("geheim"));
        check(b" ge heim\n\n", Some(" ge heim\n"));
        check(b"geheim", Some("geheim"));
        check(b"\n", None);
        check(b"", None);
        check(b"\xff", None);
        check(&[b'x'; 70_000], None);
        assert!(matches!(Secret::read(Path::new("/gibt/es/nicht")), Err(SecretError::Read { .. })));
    }

    #[test]
    fn it_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret("geheim".into())), "Secret(…)");
    }
}

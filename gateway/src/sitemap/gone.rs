//! What was listed once and is gone: so that an old address is answered with 410 or leads on, and not with 404.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use crate::pages::address::segment;

/// How many are remembered; the oldest goes for a new one.
const MAX: usize = 100_000;

/// What is gone, by the name of its unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gone(BTreeMap<String, (String, Timestamp)>);

impl Gone {
    /// Reads what was written; nothing where there is no such file.
    pub fn read(path: &Path) -> io::Result<Self> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let mut gone = Self::default();
        for line in BufReader::new(file).lines() {
            let line = line?;
            let mut fields = line.split('\t');
            let mut text = || Some(percent_decode_str(fields.next()?).decode_utf8().ok()?.into_owned());
            let (Some(name), Some(witness)) = (text(), text()) else { continue };
            let Some(since) = text().and_then(|since| since.parse().ok()) else { continue };
            gone.0.insert(name, (witness, since));
        }
        Ok(gone)
    }

    /// Writes all of it, to the disk.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for (name, (witness, since)) in &self.0 {
            writeln!(file, "{}\t{}\t{since}", segment(name), segment(witness))?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }

    pub(super) fn note(&mut self, name: String, witness: String, now: Timestamp) {
        self.0.insert(name, (witness, now));
        while self.0.len() > MAX {
            let oldest = self.0.iter().min_by_key(|(_, (_, since))| *since).map(|(name, _)| name.clone());
            let Some(oldest) = oldest else { return };
            self.0.remove(&oldest);
        }
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The record that had this key; none where nothing of this name is gone.
    pub fn witness(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|(witness, _)| witness.as_str())
    }
}

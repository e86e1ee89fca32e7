//! What somebody hands in: files that are there already, applied together, with a verdict on each thing in them.

use std::path::PathBuf;

use connectors::run::Coverage;
use connectors::xzufi::read::Envelope;

use super::reading::Input;
use super::running::Running;
use super::{Applied, Indexer, Outcome, Phase, RunError};
use crate::normalise::Change;
use crate::store::{Apply, StoreError};

/// How a file that was handed in is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One XZuFi message.
    Xzufi,
    /// `connectors::beschreibung::Zeile` in every line.
    Ndjson,
    /// A row for each Leistung, as CSV.
    Csv,
    /// The same as a sheet.
    Xlsx,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Xzufi, Self::Ndjson, Self::Csv, Self::Xlsx];

    /// The usual end of a file's name, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Xzufi => "xml",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// The format that a file's name tells, in either case; none for any other.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, end) = name.rsplit_once('.')?;
        Self::ALL.into_iter().find(|format| format.extension().eq_ignore_ascii_case(end))
    }
}

/// One file that was handed in.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// What it is called in findings.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// How it is to be read.
    pub format: Format,
}

impl Indexer {
    pub(super) async fn delivery_run(
        &self,
        run: &mut Running,
        files: &[Delivered],
        coverage: Coverage,
    ) -> Result<(Outcome, Applied), RunError> {
        run.verdicts.begin(files);
        let inputs = files.iter().map(|file| {
            let (name, path) = (file.name.clone(), file.path.clone());
            match file.format {
                Format::Xzufi => Input::File(name, path),
                format => Input::Described(name, path, format),
            }
        });
        run.phase(Phase::Applying);
        let mut apply = self.store.begin(&run.portal.id).await?;
        apply.keep_plan();
        let ended = match run.read_into(&mut apply, inputs.collect(), Envelope::IndexFile, self.limits).await? {
            true => run.finish(&mut apply, coverage).await?,
            false => (Outcome::Failed, Applied::default()),
        };
        run.end(apply, ended.0).await?;
        Ok(ended)
    }
}

impl Running {
    /// Applies a change, and notes what became of it where verdicts are wanted.
    pub(super) async fn judged(
        &mut self,
        apply: &mut Apply,
        file: &str,
        line: u64,
        change: Change,
    ) -> Result<(), StoreError> {
        if !self.verdicts.are_wanted() {
            return self.apply_one(apply, file, change).await;
        }
        let (what, before) = (super::verdict::What::of(&change), apply.applied());
        self.apply_one(apply, file, change).await?;
        apply.flush().await?;
        self.verdicts.note(file, line, what, before, apply.applied());
        Ok(())
    }
}

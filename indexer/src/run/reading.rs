//! Reading: from files and messages to changes of records, on one thread and one object at a time.

mod described;

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use connectors::finding::{Finding, Severity};
use connectors::registration::Portal;
use connectors::xzufi::read::{Envelope, Options, Reader};

use super::{Format, RunError};
use crate::normalise::{Change, Normaliser, too_large};

/// Changes that are handed over at once.
const BATCH: usize = 64;

/// What reading a delivery without keeping it gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    /// Bytes.
    pub bytes: u64,
    /// Records that a run would write.
    pub records: u64,
    /// What is wrong with them.
    pub findings: u64,
}

/// Reads XZuFi files to records on the calling thread, and keeps nothing: how fast reading is.
pub fn read_only(portal: &Portal, files: &[PathBuf]) -> Result<Read, RunError> {
    let mut sum = Read::default();
    for file in files {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut count = |piece| {
            match piece {
                Piece::Changes { changes, .. } => {
                    let taken = changes.iter().filter(|(_, change)| !matches!(change, Change::Refuse(_)));
                    sum.records += taken.count() as u64;
                }
                Piece::Findings(findings) => sum.findings += findings.len() as u64,
                Piece::Bytes(bytes) => sum.bytes += bytes,
            }
            true
        };
        let fault = read_all(portal, vec![Input::File(name, file.clone())], Envelope::IndexFile, &mut count)?;
        sum.findings += u64::from(fault.is_some());
    }
    Ok(sum)
}

/// One file or message to be read.
pub(super) enum Input {
    File(String, PathBuf),
    Text(String, String),
    /// Descriptions, one in each line or row.
    Described(String, PathBuf, Format),
    /// What the pages of a site ask for, as `run::web` planned it.
    Pages(PathBuf),
}

/// A change, and the line of the file that asks for it.
pub(super) type Placed = (u64, Change);

/// What the reading thread hands over.
pub(super) enum Piece {
    /// Changes, and so many bytes of this input were read by then.
    Changes {
        file: String,
        changes: Vec<Placed>,
        at: u64,
    },
    Findings(Vec<Finding>),
    Bytes(u64),
}

/// Reads every input in order and hands over what it finds, until `to` says that nobody listens any more; the finding
/// that ended it, if one did.
pub(super) fn read_all(
    portal: &Portal,
    inputs: Vec<Input>,
    envelope: Envelope,
    to: &mut dyn FnMut(Piece) -> bool,
) -> Result<Option<Finding>, RunError> {
    let mut normaliser = Normaliser::new(portal);
    for input in inputs {
        let (name, source): (String, Box<dyn std::io::Read>) = match input {
            Input::Pages(path) => match described::read_pages(portal, &mut normaliser, &path, to)? {
                described::Ended::AtItsEnd => continue,
                described::Ended::Unheard => return Ok(None),
                described::Ended::By(fault) => return Ok(Some(*fault)),
            },
            Input::Described(name, path, format) => {
                normaliser.begin_file(&name);
                match described::read(portal, &mut normaliser, &name, &path, format, to)? {
                    described::Ended::AtItsEnd => continue,
                    described::Ended::Unheard => return Ok(None),
                    described::Ended::By(fault) => return Ok(Some(*fault)),
                }
            }
            Input::Text(name, text) => (name, Box::new(std::io::Cursor::new(text.into_bytes()))),
            Input::File(name, path) => match File::open(&path) {
                Ok(file) => (name, Box::new(BufReader::with_capacity(1 << 16, file))),
                Err(error) => return Err(RunError::Read { path, reason: error.to_string() }),
            },
        };
        normaliser.begin_file(&name);
        let mut reader =
            Reader::new(source, Options { limits: connectors::xml::Limits::default(), file: name.clone(), envelope });
        let mut changes = Vec::with_capacity(BATCH);
        loop {
            let entry = match reader.next_entry() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(fault) => return Ok(Some(fault)),
            };
            let line = entry.line;
            changes.extend(normaliser.change(entry).map(|change| (line, change)));
            if changes.len() == BATCH {
                let full = std::mem::replace(&mut changes, Vec::with_capacity(BATCH));
                let at = reader.bytes_read();
                if !to(Piece::Changes { file: name.clone(), changes: full, at }) {
                    return Ok(None);
                }
            }
        }
        let mut findings = reader.take_findings();
        let refused = findings.iter().filter(|finding| finding.severity == Severity::Business);
        changes.extend(
            refused
                .filter_map(|finding| Some((finding.line.unwrap_or(0), Change::Refuse(too_large(portal, finding)?)))),
        );
        findings.extend(normaliser.take_findings());
        let at = reader.bytes_read();
        let rest = [Piece::Changes { file: name, changes, at }, Piece::Findings(findings), Piece::Bytes(at)];
        for read in rest {
            if !to(read) {
                return Ok(None);
            }
        }
    }
    Ok(None)
}

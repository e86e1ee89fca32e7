//! The counts on disk: the totals, and the questions that were asked often enough. Written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::counts::Days;

/// The form of the file; one of another number is not read.
const VERSION: u32 = 1;
/// Largest file that is read; one that is full has about a quarter of it.
const BYTES_MAX: u64 = 64 << 20;

/// All that is saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    version: u32,
    /// All questions, those without text included.
    pub totals: Days,
    /// The questions that were asked often enough.
    pub questions: Vec<Question>,
}

/// A question with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// As it is counted.
    pub text: String,
    /// When it was asked.
    pub days: Days,
}

impl Stored {
    /// In the form of today. The questions are put in the order of their texts: that of memory may tell more.
    pub fn new(totals: Days, mut questions: Vec<Question>) -> Self {
        questions.sort_by(|a, b| a.text.cmp(&b.text));
        Self { version: VERSION, totals, questions }
    }
}

/// Writes beside the file, brings it to the disk and renames: a reader sees the old counts or the new ones.
pub fn save(path: &Path, stored: &Stored) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let new = beside(path, "new");
    let written = write(&new, stored).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // What is half written is of no use; that it cannot be removed is of no weight.
        let _ = fs::remove_file(&new);
    }
    written?;
    File::open(folder)?.sync_all()
}

fn write(path: &Path, stored: &Stored) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(&serde_json::to_vec(stored)?)?;
    file.sync_all()
}

/// What was saved; none where there is nothing yet. A file that cannot be used is set aside, and it is said.
pub fn load(path: &Path) -> Option<Stored> {
    let fault = match read(path) {
        Ok(stored) if stored.version == VERSION => return Some(stored),
        Ok(stored) => format!("it has version {}, not {VERSION}", stored.version),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => error.to_string(),
    };
    let aside = beside(path, "broken");
    let moved = fs::rename(path, &aside).map_or_else(|error| error.to_string(), |()| aside.display().to_string());
    tracing::error!(file = %path.display(), fault, aside = moved, "the insights cannot be read; they begin anew");
    None
}

fn read(path: &Path) -> io::Result<Stored> {
    let mut bytes = Vec::new();
    File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {BYTES_MAX} bytes")));
    }
    Ok(serde_json::from_slice(&bytes)?)
}

/// The path with one more ending.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

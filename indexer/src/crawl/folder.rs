//! A delivery that lies in a folder of this machine: the same answers as from a server, without leaving the folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use connectors::run::{Fault, Outcome, Stored, Validators};

use super::spool::digest_of;
use super::{CrawlError, Known, blocking};

/// A folder with an index and the files that it lists.
#[derive(Debug)]
pub(super) struct Folder {
    /// Its path with every link resolved.
    path: PathBuf,
}

impl Folder {
    /// Opens the folder at `path`.
    pub(super) async fn open(path: &Path) -> Result<Self, CrawlError> {
        let written = path.to_owned();
        let resolve = move || {
            let path = fs::canonicalize(written)?;
            if path.is_dir() { Ok(path) } else { Err(io::ErrorKind::NotADirectory.into()) }
        };
        match blocking(resolve).await {
            Ok(path) => Ok(Self { path }),
            Err(source) => Err(CrawlError::Folder { path: path.to_owned(), source }),
        }
    }

    /// Where the file `name` is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The content of the file `name`.
    pub(super) async fn control(&self, name: &str, max_bytes: u64) -> Outcome {
        let (folder, written) = (self.path.clone(), name.to_owned());
        let read = move || {
            let path = inside(&folder, &written)?;
            let mut bytes = Vec::new();
            let read = File::open(path).and_then(|file| file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes));
            match read {
                Ok(read) if read as u64 > max_bytes => Err(Outcome::Fault(Fault::TooLarge(max_bytes))),
                Ok(_) => Ok(Outcome::Body(bytes)),
                Err(error) => Err(unreadable(&written, &error)),
            }
        };
        match blocking(read).await {
            // The index itself: a status would make nobody wiser.
            Err(Outcome::Status { .. }) => Outcome::Fault(Fault::Unusable(format!("{name} fehlt im Ordner"))),
            Ok(outcome) | Err(outcome) => outcome,
        }
    }

    /// The digest of the file `name`, which stays where it is.
    pub(super) async fn document(&self, name: &str, max_bytes: u64, known: Option<&Known>) -> Outcome {
        let (folder, written) = (self.path.clone(), name.to_owned());
        let read = move || {
            let path = inside(&folder, &written)?;
            match digest_of(&path, max_bytes) {
                Ok((_, bytes)) if bytes > max_bytes => Err(Outcome::Fault(Fault::TooLarge(max_bytes))),
                Ok(found) => Ok(found),
                Err(error) => Err(unreadable(&written, &error)),
            }
        };
        match blocking(read).await {
            Ok((sha256, bytes)) => {
                let unchanged = known.is_some_and(|known| known.sha256 == sha256);
                Outcome::Stored(Stored { sha256, bytes, validators: Validators::default(), unchanged })
            }
            Err(outcome) => outcome,
        }
    }
}

/// The regular file `name` of `folder`; links are followed as long as they stay inside.
fn inside(folder: &Path, name: &str) -> Result<PathBuf, Outcome> {
    let path = fs::canonicalize(folder.join(name)).map_err(|error| unreadable(name, &error))?;
    if !path.starts_with(folder) {
        return Err(Outcome::Fault(Fault::Refused(name.to_owned())));
    }
    match fs::metadata(&path) {
        Ok(about) if about.is_file() => Ok(path),
        Ok(_) => Err(Outcome::Fault(Fault::Unusable(format!("{name} ist keine Datei")))),
        Err(error) => Err(unreadable(name, &error)),
    }
}

fn unreadable(name: &str, error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::NotFound => Outcome::Status { status: 404, retry_after: None },
        _ => Outcome::Fault(Fault::Unusable(format!("{name}: {error}"))),
    }
}

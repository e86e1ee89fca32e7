//! The folder of the lists: generations beside each other, and the file `current` that names the one that is served.
//!
//! A generation is made aside and the name is renamed over when it is complete, so a kill costs only the one on its way.
//! One process makes them, guarded by a lock; others that share the folder serve what it made.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::gone::Gone;
use super::list::Reading;
use super::parts::{Kind, Part};

/// The form of all files; what has another one is made anew.
const VERSION: u32 = 1;

/// What a generation says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    version: u32,
    /// The change number of the store that it is of.
    pub change_no: i64,
    /// Of the registrations that it is of.
    pub registered: u64,
    /// When every page was looked at, and not only what had changed.
    pub whole_at: Timestamp,
    /// The files.
    pub parts: Vec<Part>,
}

impl Manifest {
    /// In the form of today.
    pub fn new(change_no: i64, registered: u64, whole_at: Timestamp, parts: Vec<Part>) -> Self {
        Self { version: VERSION, change_no, registered, whole_at, parts }
    }
}

/// A generation that is complete.
#[derive(Debug, Clone)]
pub struct Generation {
    /// Its number.
    pub number: u64,
    /// Where it lies.
    pub dir: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    /// What was listed once and is gone.
    pub gone: Gone,
}

impl Generation {
    /// The generation that is current in `folder`; none where there is none of our form.
    pub fn current(folder: &Path) -> io::Result<Option<Self>> {
        let Some(number) = current_number(folder)? else { return Ok(None) };
        let dir = folder.join(number.to_string());
        let manifest: Manifest = match fs::read(dir.join("manifest.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) => return Err(error),
        };
        if manifest.version != VERSION {
            return Ok(None);
        }
        let gone = Gone::read(&dir.join("gone.tsv"))?;
        Ok(Some(Self { number, dir, manifest, gone }))
    }

    /// Its list of one kind.
    pub fn list(&self, kind: Kind) -> io::Result<Reading> {
        Reading::open(&list_file(&self.dir, kind))
    }
}

/// Where the list of a kind lies in the folder of a generation.
pub fn list_file(dir: &Path, kind: Kind) -> PathBuf {
    dir.join(format!("{}.list.gz", kind.name()))
}

/// The number in `current`; none where there is no such file.
pub fn current_number(folder: &Path) -> io::Result<Option<u64>> {
    match fs::read_to_string(folder.join("current")) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The right to make generations in a folder; it ends with the process, however that ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held as long as this process makes generations")] File);

impl Lock {
    /// None where another process has it.
    pub fn take(folder: &Path) -> io::Result<Option<Self>> {
        fs::create_dir_all(folder)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

/// An empty folder for the generation after `before`.
pub fn begin(folder: &Path, before: Option<&Generation>) -> io::Result<(u64, PathBuf)> {
    let number = before.map_or(1, |before| before.number + 1);
    let dir = folder.join(number.to_string());
    if dir.exists() {
        // What a kill left behind.
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    Ok((number, dir))
}

/// Completes a generation and swaps it in. The one before stays for those who are reading it; older ones go.
pub fn complete(folder: &Path, number: u64, manifest: Manifest, gone: Gone) -> io::Result<Generation> {
    let dir = folder.join(number.to_string());
    gone.write(&dir.join("gone.tsv"))?;
    whole(&dir.join("manifest.json"), &serde_json::to_vec(&manifest)?)?;
    File::open(&dir)?.sync_all()?;
    whole(&folder.join("current"), format!("{number}\n").as_bytes())?;
    File::open(folder)?.sync_all()?;
    for entry in fs::read_dir(folder)?.filter_map(Result::ok) {
        let old = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
        if old.is_some_and(|old| old + 1 < number || old > number) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(Generation { number, dir, manifest, gone })
}

/// Writes a file beside its place, brings it to the disk and renames.
pub fn whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

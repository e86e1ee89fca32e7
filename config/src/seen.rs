//! Whether files have changed, told without reading them.
//!
//! Changes are seen by looking, not by being told: that works on every file system, in containers and over networks too.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// How files are at one moment; two that are equal hold the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesState(Vec<FileState>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct FileState {
    file: PathBuf,
    /// None when the file cannot be asked.
    seen: Option<Seen>,
}

/// Times are seconds and nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    inode: u64,
    bytes: u64,
    contents_changed: (i64, i64),
    entry_changed: (i64, i64),
}

impl FilesState {
    /// Looks at `files`. Of a symbolic link, what it leads to counts.
    pub fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let state = |file: PathBuf| {
            let seen = fs::metadata(&file).ok().map(|now| Seen {
                inode: now.ino(),
                bytes: now.size(),
                contents_changed: (now.mtime(), now.mtime_nsec()),
                entry_changed: (now.ctime(), now.ctime_nsec()),
            });
            FileState { file, seen }
        };
        Self(files.into_iter().map(state).collect())
    }
}

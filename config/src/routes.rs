//! How the table of routes is kept, and whether the files of the portals have changed.
//!
//! Changes are seen by looking, not by being told: that works on every file system, in containers and over networks too.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::portals;
use crate::{ranged, some_file};

/// How the table of routes is kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Routes {
    /// Where the last good registry is kept, for a start without one; `routes.json` beside the index when none.
    #[serde(deserialize_with = "some_file")]
    pub file: Option<PathBuf>,
    /// How often it is looked whether a portal's file has changed; 0 is never.
    #[serde(deserialize_with = "ranged::<0, 3600, _, _>")]
    pub look_s: u64,
}

impl Default for Routes {
    fn default() -> Self {
        Self { file: None, look_s: 1 }
    }
}

/// The folder of the portals beside a configuration.
pub(crate) fn folder(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join("portale.d")
}

/// How the files of the portals are at one moment; two that are equal hold the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryState(Option<Vec<FileState>>);

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

/// Looks at the files of the portals beside the configuration `file`, without reading them.
pub fn registry_state(file: &Path) -> RegistryState {
    let files = portals::files(&folder(file)).ok().flatten();
    let state = |file: PathBuf| {
        let seen = fs::metadata(&file).ok().map(|now| Seen {
            inode: now.ino(),
            bytes: now.size(),
            contents_changed: (now.mtime(), now.mtime_nsec()),
            entry_changed: (now.ctime(), now.ctime_nsec()),
        });
        FileState { file, seen }
    };
    RegistryState(files.map(|files| files.into_iter().map(state).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_portal_is_seen_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("portalverbund.toml");
        let portals = dir.path().join("portale.d");
        let missing = registry_state(&file);
        fs::create_dir(&portals).unwrap();
        let empty = registry_state(&file);
        assert_ne!(missing, empty);
        fs::write(portals.join(".x.toml.swp"), "").unwrap();
        fs::write(portals.join("x.toml.vorlage"), "").unwrap();
        assert_eq!(registry_state(&file), empty);
        fs::write(portals.join("x.toml"), "id").unwrap();
        let one = registry_state(&file);
        assert_ne!(one, empty);
        assert_eq!(registry_state(&file), one);
        // Renamed over, with the same length.
        fs::write(portals.join("x.new"), "di").unwrap();
        fs::rename(portals.join("x.new"), portals.join("x.toml")).unwrap();
        assert_ne!(registry_state(&file), one);
        fs::remove_file(portals.join("x.toml")).unwrap();
        assert_eq!(registry_state(&file), empty);
    }
}

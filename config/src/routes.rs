//! How the table of routes is kept, and whether the files of the portals have changed.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::portals;
use crate::seen::FilesState;
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

/// How the files of the portals are at one moment; two that are equal hold the same. None without a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryState(Option<FilesState>);

/// Looks at the files of the portals beside the configuration `file`, without reading them.
pub fn registry_state(file: &Path) -> RegistryState {
    RegistryState(portals::files(&folder(file)).ok().flatten().map(FilesState::of))
}

#[cfg(test)]
mod tests {
    use std::fs;

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

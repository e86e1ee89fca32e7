//! The last good registry on disk, for a start without one. Written whole or not at all, and believed only when whole.
//!
//! The registrations are kept, not the table: the table is made from them as ever, with all of its checks. The first
//! line says the version and the checksum of the second, which holds the registrations; secrets are not among them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use connectors::registration::Portal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

/// The form of the file; one of another number is not read.
const VERSION: u32 = 1;
/// Largest file that is read.
const BYTES_MAX: u64 = 256 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    checksum: String,
    saved: Timestamp,
}

/// What was kept, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The portals, in the order of the registry.
    pub portals: Vec<Portal>,
    /// When they were saved.
    pub saved: Timestamp,
}

/// Why there is nothing to start from.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// Nothing was kept yet.
    #[error("{} is not there", .0.display())]
    Missing(PathBuf),
    /// It cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, #[source] io::Error),
    /// It is not what was written, or of another version.
    #[error("{} cannot be used: {}", .0.display(), .1)]
    Broken(PathBuf, String),
}

/// Saves `portals`, unless they are what is there. True when something was written.
pub fn save(path: &Path, portals: &[Portal], now: Timestamp) -> Result<bool, KeptError> {
    let failed = |error| KeptError::File(path.to_owned(), error);
    let body = serde_json::to_vec(portals).map_err(|error| failed(error.into()))?;
    let checksum = checksum(&body);
    if head(path).is_ok_and(|head| head.version == VERSION && head.checksum == checksum) {
        return Ok(false);
    }
    let head = serde_json::to_vec(&Head { version: VERSION, checksum, saved: now });
    let text = [head.map_err(|error| failed(error.into()))?, body].join(&b'\n');
    write(path, &text).map_err(failed)?;
    Ok(true)
}

/// Reads what was saved.
pub fn load(path: &Path) -> Result<Kept, KeptError> {
    let broken = |why: &str| KeptError::Broken(path.to_owned(), why.to_owned());
    let mut bytes = Vec::new();
    open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| KeptError::File(path.to_owned(), error))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(broken("it is too large"));
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| broken("it has no head"))?;
    let (head, body) = bytes.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    let head: Head = serde_json::from_slice(head).map_err(|error| broken(&error.to_string()))?;
    if head.version != VERSION {
        return Err(broken(&format!("it has version {}, not {VERSION}", head.version)));
    }
    if head.checksum != checksum(body) {
        return Err(broken("its checksum is wrong"));
    }
    let portals = serde_json::from_slice(body).map_err(|error| broken(&error.to_string()))?;
    Ok(Kept { portals, saved: head.saved })
}

fn checksum(body: &[u8]) -> String {
    format!("{:032x}", xxh3_128(body))
}

fn open(path: &Path) -> Result<File, KeptError> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => KeptError::Missing(path.to_owned()),
        _ => KeptError::File(path.to_owned(), error),
    })
}

fn head(path: &Path) -> Result<Head, KeptError> {
    let mut line = Vec::new();
    let read = open(path)?.take(1024).read_to_end(&mut line);
    read.map_err(|error| KeptError::File(path.to_owned(), error))?;
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    serde_json::from_slice(line).map_err(|error| KeptError::Broken(path.to_owned(), error.to_string()))
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    let written = file.write_all(text).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // What is half written is of no use; that it cannot be removed is of no weight.
        let _ = fs::remove_file(&new);
    }
    written?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portals() -> Vec<Portal> {
        let text = "id = \"stadt\"\nname = \"Stadt\"\ngebiet = \"059110000000\"\nhosts = [\"*.example\"]\n\
                    connector = { kind = \"xzufi-index\", url = \"https://a.example/index.txt\" }\n\
                    responsible = { path = \"/d/{schluessel}/{rest}\" }\ncontact = { phone = \"0234 1\" }\n\
                    maintenance = { text = \"Umbau\", until = 2026-12-01T06:00:00+01:00 }\n\
                    [[route]]\nprefix = \"/portal/stadt\"\nupstream = [\"https://b.example\"]\n\
                    [[route]]\nkind = \"redirect\"\npath = \"/alt\"\nto = \"https://c.example/neu\"\nstatus = 301\n\
                    [[route]]\nkind = \"gone\"\nhost = \"weg.example\"\n\
                    [[word]]\nsaid = \"a\"\nmeans = \"b\"\n";
        vec![toml::from_str(text).unwrap()]
    }

    #[test]
    fn what_was_saved_is_read_again_and_written_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/routes.json");
        assert!(matches!(load(&path), Err(KeptError::Missing(_))));
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        assert!(save(&path, &portals(), now).unwrap());
        assert_eq!(load(&path).unwrap(), Kept { portals: portals(), saved: now });
        assert!(!save(&path, &portals(), "2026-11-25T12:00:00Z".parse().unwrap()).unwrap());
        assert!(save(&path, &[], now).unwrap());
        assert_eq!(load(&path).unwrap().portals, []);
    }

    #[test]
    fn what_is_not_whole_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("routes.json");
        save(&path, &portals(), "2026-11-24T12:00:00Z".parse().unwrap()).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let halves = (0..whole.chars().count()).step_by(97).map(|end| whole.chars().take(end).collect());
        let turned = [
            whole.replacen("b.example", "x.example", 1),
            whole.replacen("\"version\":1", "\"version\":2", 1),
            whole.replacen("\"version\":1", "\"version\":1,\"more\":1", 1),
        ];
        for text in halves.chain(turned) {
            assert_ne!(text, whole);
            fs::write(&path, &text).unwrap();
            assert!(matches!(load(&path), Err(KeptError::Broken(..))), "{text}");
        }
        // And it is written anew then.
        assert!(save(&path, &portals(), "2026-11-24T12:00:00Z".parse().unwrap()).unwrap());
        assert_eq!(load(&path).unwrap().portals, portals());
    }
}

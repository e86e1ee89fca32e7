//! Where fetched files of one portal lie: one folder, each file under the digest of its content.
//!
//! A file is written under a temporary name and gets its own when it is complete, so what has a digest for a name is
//! whole. The folder is a cache: all of it can be removed, and the next run fetches everything.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{CrawlError, blocking};

/// The folder of one portal.
#[derive(Debug, Clone)]
pub(super) struct Spool {
    folder: PathBuf,
}

impl Spool {
    /// Opens `folder`, and makes it where it is missing.
    pub(super) async fn open(folder: PathBuf) -> Result<Self, CrawlError> {
        let made = folder.clone();
        blocking(move || fs::create_dir_all(made))
            .await
            .map_err(|source| CrawlError::Spool { path: folder.clone(), source })?;
        Ok(Self { folder })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the file with this digest is, if it is there.
    pub(super) fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}.xml"))
    }

    /// Removes every file but those with these digests.
    pub(super) async fn keep_only(&self, digests: HashSet<String>) -> Result<(), CrawlError> {
        let folder = self.folder.clone();
        let sweep = move || {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name();
                let kept = name.to_str().and_then(|name| name.strip_suffix(".xml"));
                if kept.is_none_or(|digest| !digests.contains(digest)) {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        blocking(sweep).await.map_err(|source| CrawlError::Spool { path: self.folder.clone(), source })
    }

    /// The size of the file with this digest, if it is there and its content still has the digest.
    pub(super) async fn verified(&self, sha256: &str) -> Option<u64> {
        let (path, sha256) = (self.path(sha256), sha256.to_owned());
        let (found, bytes) = blocking(move || digest_of(&path, u64::MAX)).await.ok()?;
        (found == sha256).then_some(bytes)
    }

    /// Begins a new file.
    pub(super) async fn begin(&self) -> io::Result<Writing> {
        let folder = self.folder.clone();
        let file = blocking(move || NamedTempFile::with_prefix_in("neu-", folder)).await?;
        Ok(Writing { file, digest: Sha256::new(), bytes: 0 })
    }

    /// Gives a complete file its name; the answer is its digest and its size.
    pub(super) async fn finish(&self, writing: Writing) -> io::Result<(String, u64)> {
        let Writing { file, digest, bytes } = writing;
        let sha256 = hex(&digest.finalize());
        let path = self.path(&sha256);
        blocking(move || file.persist(path)).await?;
        Ok((sha256, bytes))
    }
}

/// A file that is being written; it is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Writing {
    file: NamedTempFile,
    digest: Sha256,
    bytes: u64,
}

impl Writing {
    /// Adds `piece`.
    pub(super) async fn write(mut self, piece: Vec<u8>) -> io::Result<Self> {
        blocking(move || {
            self.file.write_all(&piece)?;
            self.digest.update(&piece);
            self.bytes += piece.len() as u64;
            Ok(self)
        })
        .await
    }
}

/// The digest and the size of a file. One that has more than `max_bytes` is read no further than that and one byte.
pub(super) fn digest_of(path: &Path, max_bytes: u64) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?.take(max_bytes.saturating_add(1));
    let mut digest = Sha256::new();
    let mut piece = vec![0; 256 << 10];
    let mut bytes = 0;
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => return Ok((hex(&digest.finalize()), bytes)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        digest.update(&piece[..read]);
        bytes += read as u64;
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

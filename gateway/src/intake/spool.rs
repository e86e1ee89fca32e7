//! A delivery on its way to the disk: never whole in memory, and only there once every byte is.

use std::io;
use std::path::{Path, PathBuf};

use axum::body::Body;
use http_body_util::BodyExt as _;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

/// How the names of such files begin.
const PREFIX: &str = "lieferung-";

/// How the names of tables begin that somebody looks at before they count.
pub(super) const PREVIEW: &str = "vorschau-";

/// What was received, in a file that ends with this.
#[derive(Debug)]
pub(super) struct Received {
    /// The file.
    file: tempfile::TempPath,
    /// Number of bytes.
    pub bytes: u64,
    /// Their SHA-256.
    hash: Sha256,
}

/// Why a delivery did not get to the disk.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpoolError {
    /// It broke off, stalled, or was too large; the server says which.
    #[error("the delivery did not come whole")]
    Broken,
    /// There is no room for it.
    #[error("there is no room on the disk")]
    Full,
    /// The disk.
    #[error("cannot write {}: {reason}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
}

impl SpoolError {
    pub(super) fn of(path: &Path, reason: io::Error) -> Self {
        match reason.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Disk { path: path.to_owned(), reason },
        }
    }
}

impl Received {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.file
    }

    /// SHA-256 of it and of how it is to be taken, in hexadecimal digits.
    pub(super) fn digest(&self, how: &str) -> String {
        let mut hash = self.hash.clone();
        hash.update([0]);
        hash.update(how);
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Writes `bytes` to a file in `folder`.
    pub(super) async fn of_bytes(folder: &Path, bytes: impl Into<Body>) -> Result<Self, SpoolError> {
        receive(folder, bytes.into()).await
    }
}

/// Receives the body into a file in `folder`, which is made when it is not there; it is on the disk when this returns.
pub(super) async fn receive(folder: &Path, body: Body) -> Result<Received, SpoolError> {
    let fault = |error| SpoolError::of(folder, error);
    tokio::fs::create_dir_all(folder).await.map_err(fault)?;
    let inside = folder.to_owned();
    let made = tokio::task::spawn_blocking(move || tempfile::Builder::new().prefix(PREFIX).tempfile_in(inside));
    let (file, path) = made.await.map_err(io::Error::other).and_then(|made| made).map_err(fault)?.into_parts();
    let (bytes, hash) = copy(body, File::from_std(file), &path).await?;
    Ok(Received { file: path, bytes, hash })
}

async fn copy(mut body: Body, mut file: File, path: &Path) -> Result<(u64, Sha256), SpoolError> {
    let fault = |error| SpoolError::of(path, error);
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| SpoolError::Broken)?;
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len() as u64;
        hash.update(&data);
        file.write_all(&data).await.map_err(fault)?;
    }
    file.flush().await.map_err(fault)?;
    file.sync_all().await.map_err(fault)?;
    Ok((bytes, hash))
}

/// Removes what a process left behind that ended without a word.
pub(crate) fn clear(folder: &Path) {
    for left in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = left.file_name();
        if [PREFIX, PREVIEW].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            // One that cannot be removed is tried again at the next start.
            let _ = std::fs::remove_file(left.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_delivery_is_on_the_disk_as_it_came_and_ends_with_its_use() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("lieferungen");
        let received = Received::of_bytes(&folder, "abc").await.unwrap();
        assert_eq!((received.bytes, std::fs::read(received.path()).unwrap()), (3, b"abc".to_vec()));
        assert_eq!(received.digest("x"), Received::of_bytes(&folder, "abc").await.unwrap().digest("x"));
        assert_ne!(received.digest("x"), received.digest("y"), "how it is to be taken counts as well");
        let path = received.path().to_owned();
        drop(received);
        assert!(!path.exists());
        std::fs::write(folder.join("lieferung-alt"), "x").unwrap();
        std::fs::write(folder.join("anderes"), "x").unwrap();
        clear(&folder);
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(left, ["anderes"]);
    }

    #[tokio::test]
    async fn a_full_disk_and_a_body_that_breaks_off_are_told_apart() {
        let full = File::options().write(true).open("/dev/full").await.unwrap();
        let copied = copy(Body::from("abc"), full, Path::new("/dev/full")).await;
        assert!(matches!(copied, Err(SpoolError::Full)), "{copied:?}");
        let broken = Body::from_stream(futures_util::stream::iter([Ok("abc"), Err(io::Error::other("cut"))]));
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(receive(dir.path(), broken).await, Err(SpoolError::Broken)));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left of it");
    }
}

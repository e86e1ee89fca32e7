//! Reading binary vector files that may be cut short or hostile.
//!
//! Every read is checked against what is left, so no count in a file can make us allocate more than the file is long.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::MeaningError;

/// What is wrong with a file, as a sentence; the path is added where the file was opened.
pub(super) type Fault = String;

/// The unread rest of a file in memory. Numbers are little-endian.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `count` bytes; `what` names them in the fault when the file is too short.
    pub(super) fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], Fault> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or_else(|| format!("it ends within {what}"))?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Fault> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(|| format!("it ends within {what}"))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn u8(&mut self, what: &str) -> Result<u8, Fault> {
        self.array(what).map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self, what: &str) -> Result<u16, Fault> {
        self.array(what).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32, Fault> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, what: &str) -> Result<u64, Fault> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A number that must be finite and not beyond `MOST`, so that later arithmetic stays finite too.
    pub(super) fn f32(&mut self, what: &str) -> Result<f32, Fault> {
        self.array(what).map(f32::from_le_bytes).and_then(|value| plausible(value, what))
    }

    /// A count that must lie within `allowed`.
    pub(super) fn count(&mut self, what: &str, allowed: std::ops::RangeInclusive<u32>) -> Result<usize, Fault> {
        let value = self.u32(what)?;
        if !allowed.contains(&value) {
            let (from, to) = allowed.into_inner();
            return Err(format!("{what} is {value}, expected {from} to {to}"));
        }
        usize::try_from(value).map_err(|_| format!("{what} is {value}, too large for this machine"))
    }

    /// The next `count` finite numbers.
    pub(super) fn floats(&mut self, count: usize, what: &str) -> Result<Vec<f32>, Fault> {
        floats(self.take(count.saturating_mul(4), what)?, what)
    }

    /// The next `count` unsigned numbers.
    pub(super) fn words(&mut self, count: usize, what: &str) -> Result<Vec<u32>, Fault> {
        let bytes = self.take(count.saturating_mul(4), what)?;
        Ok(bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }
}

/// Larger numbers than this do not occur in trained weights; they would only lead to infinities later.
const MOST: f32 = 65_536.0;

fn plausible(value: f32, what: &str) -> Result<f32, Fault> {
    if value.is_finite() && value.abs() <= MOST { Ok(value) } else { Err(format!("{what} holds the number {value}")) }
}

/// All of `bytes` as finite numbers.
pub(super) fn floats(bytes: &[u8], what: &str) -> Result<Vec<f32>, Fault> {
    bytes.as_chunks().0.iter().map(|word| plausible(f32::from_le_bytes(*word), what)).collect()
}

/// Reads a whole file, but never more than `most_bytes`.
pub(super) fn read_capped(path: &Path, most_bytes: u64) -> Result<Vec<u8>, MeaningError> {
    let disk = |source| MeaningError::Disk { path: path.to_owned(), source };
    let file = File::open(path).map_err(disk)?;
    let length = file.metadata().map_err(disk)?.len();
    let mut bytes = Vec::new();
    if length <= most_bytes {
        // Metadata may lie (a device, a growing file), hence the second cap below.
        bytes.reserve_exact(usize::try_from(length).unwrap_or(0));
        file.take(most_bytes + 1).read_to_end(&mut bytes).map_err(disk)?;
    }
    if length > most_bytes || bytes.len() as u64 > most_bytes {
        return Err(content(path)(format!("it is longer than {most_bytes} bytes")));
    }
    Ok(bytes)
}

/// Turns a fault into the error that names the file.
pub(super) fn content(path: &Path) -> impl Fn(Fault) -> MeaningError {
    |sentence| MeaningError::Content { path: path.to_owned(), sentence }
}

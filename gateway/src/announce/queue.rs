//! What is to be told, on the disk, in the order in which it came; kept for a day after it was told, so that nothing is
//! told twice within one unless it changed again.
//!
//! The file begins with the place of its first line in all that ever was; places in it outlive that lines are dropped.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

/// Addresses of one message; the protocol allows no more.
pub const MAX_BATCH: usize = 10_000;
/// Lines that are kept; what comes beyond is left to the sitemap.
const MAX_LINES: usize = 1_000_000;
/// Within this time an address is told once, unless it changed again.
const ONCE: SignedDuration = SignedDuration::from_hours(24);
/// Bytes of the first line.
const HEAD: u64 = 21;

/// The queue.
#[derive(Debug)]
pub struct Queue {
    path: PathBuf,
    file: File,
    /// Place of the first line that is kept.
    first: u64,
    /// Place behind the last line.
    end: u64,
    /// What was taken within the last day: address, what it said, when.
    recent: HashMap<u64, (u64, Timestamp)>,
}

/// Lines of a queue.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Paths of ours, each once.
    pub paths: Vec<String>,
    /// Place behind the last of them.
    pub until: u64,
}

impl Queue {
    /// Opens the queue at `path`, or makes it. What a kill left half written is dropped.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let mut recent = HashMap::new();
        let (mut first, mut length) = (0, HEAD);
        let mut reading = BufReader::new(&file);
        let mut line = Vec::new();
        if reading.read_until(b'\n', &mut line)? as u64 == HEAD && line.ends_with(b"\n") {
            first = std::str::from_utf8(&line).ok().and_then(|text| text.trim_end().parse().ok()).unwrap_or(0);
            loop {
                line.clear();
                let read = reading.read_until(b'\n', &mut line)? as u64;
                if read == 0 || !line.ends_with(b"\n") {
                    break;
                }
                length += read;
                if let Some((at, path, hash)) = std::str::from_utf8(&line).ok().and_then(parsed) {
                    recent.insert(xxh3_64(path.as_bytes()), (hash, at));
                }
            }
            file.set_len(length)?;
        } else {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(head(0).as_bytes())?;
            file.sync_all()?;
        }
        Ok(Self { path, file, first, end: first + length - HEAD, recent })
    }

    /// Place behind the last line.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Place of the first line that is kept.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Takes addresses with what they say now; those that were taken within a day and say the same are left out. Gives how
    /// many it took, and brings them to the disk.
    pub fn take(
        &mut self,
        changes: impl Iterator<Item = io::Result<(String, u64)>>,
        now: Timestamp,
    ) -> io::Result<u64> {
        self.recent.retain(|_, (_, at)| now.duration_since(*at) < ONCE);
        self.file.seek(SeekFrom::Start(self.end - self.first + HEAD))?;
        let mut writing = BufWriter::new(&self.file);
        let (mut taken, mut bytes) = (0, 0);
        for change in changes {
            let (path, hash) = change?;
            let key = xxh3_64(path.as_bytes());
            if self.recent.get(&key).is_some_and(|(said, _)| *said == hash) {
                continue;
            }
            if self.recent.len() >= MAX_LINES {
                tracing::warn!(lines = MAX_LINES, "more pages changed than search engines are told in a day");
                break;
            }
            let line = format!("{now}\t{path}\t{hash:016x}\n");
            writing.write_all(line.as_bytes())?;
            bytes += line.len() as u64;
            taken += 1;
            self.recent.insert(key, (hash, now));
        }
        writing.flush()?;
        drop(writing);
        self.file.sync_all()?;
        self.end += bytes;
        Ok(taken)
    }

    /// The addresses from `place` on, as many as one message may have.
    pub fn batch(&mut self, place: u64) -> io::Result<Batch> {
        let place = place.clamp(self.first, self.end);
        self.file.seek(SeekFrom::Start(place - self.first + HEAD))?;
        let mut reading = BufReader::new(Read::take(&self.file, self.end - place));
        let mut known = BTreeSet::new();
        let mut batch = Batch { paths: Vec::new(), until: place };
        let mut line = String::new();
        while batch.paths.len() < MAX_BATCH {
            line.clear();
            let read = reading.read_line(&mut line)? as u64;
            if read == 0 {
                break;
            }
            batch.until += read;
            if let Some((_, path, _)) = parsed(&line)
                && known.insert(path.to_owned())
            {
                batch.paths.push(path.to_owned());
            }
        }
        Ok(batch)
    }

    /// Drops the lines before `told` that are older than a day, when they are many.
    pub fn shorten(&mut self, told: u64, now: Timestamp, worth: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(HEAD))?;
        let mut reading = BufReader::new(&self.file);
        let (mut from, mut line) = (self.first, String::new());
        while from < told {
            line.clear();
            let read = reading.read_line(&mut line)? as u64;
            let old = parsed(&line).is_none_or(|(at, _, _)| now.duration_since(at) >= ONCE);
            if read == 0 || !old {
                break;
            }
            from += read;
        }
        if from - self.first < worth {
            return Ok(());
        }
        drop(reading);
        let beside = self.path.with_extension("new");
        let mut writing = File::create(&beside)?;
        writing.write_all(head(from).as_bytes())?;
        self.file.seek(SeekFrom::Start(from - self.first + HEAD))?;
        io::copy(&mut Read::take(&self.file, self.end - from), &mut writing)?;
        writing.sync_all()?;
        fs::rename(&beside, &self.path)?;
        self.file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        self.first = from;
        Ok(())
    }
}

fn head(first: u64) -> String {
    format!("{first:020}\n")
}

fn parsed(line: &str) -> Option<(Timestamp, &str, u64)> {
    let mut fields = line.trim_end_matches('\n').split('\t');
    Some((fields.next()?.parse().ok()?, fields.next()?, u64::from_str_radix(fields.next()?, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn changes(of: &[(&str, u64)]) -> impl Iterator<Item = io::Result<(String, u64)>> {
        of.iter().map(|(path, hash)| Ok(((*path).to_owned(), *hash))).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn a_page_is_taken_once_a_day_unless_it_changed_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut queue = Queue::open(dir.path().join("queue.tsv")).unwrap();
        let now = at("2026-11-27T08:00:00Z");
        assert_eq!(queue.take(changes(&[("/a", 1), ("/b", 2)]), now).unwrap(), 2);
        assert_eq!(queue.take(changes(&[("/a", 1), ("/b", 3), ("/c", 0)]), at("2026-11-27T09:00:00Z")).unwrap(), 2);
        // Another process, later: it still knows.
        let mut queue = Queue::open(dir.path().join("queue.tsv")).unwrap();
        assert_eq!(queue.take(changes(&[("/b", 3)]), at("2026-11-28T08:30:00Z")).unwrap(), 0);
        assert_eq!(queue.take(changes(&[("/a", 1)]), at("2026-11-28T08:30:00Z")).unwrap(), 1, "a day is over");
        let batch = queue.batch(queue.first()).unwrap();
        assert_eq!((batch.paths, batch.until), (vec!["/a".into(), "/b".into(), "/c".into()], queue.end()));
    }

    #[test]
    fn a_line_that_a_kill_cut_off_is_dropped_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("queue.tsv");
        let mut queue = Queue::open(path.clone()).unwrap();
        queue.take(changes(&[("/a", 1), ("/b", 2)]), at("2026-11-27T08:00:00Z")).unwrap();
        let bytes = fs::read(&path).unwrap();
        for cut in 0..bytes.len() {
            fs::write(&path, bytes.get(..cut).unwrap()).unwrap();
            let mut queue = Queue::open(path.clone()).unwrap();
            let batch = queue.batch(0).unwrap();
            assert!(["/a", "/b"].starts_with(&batch.paths.iter().map(String::as_str).collect::<Vec<_>>()), "{cut}");
            assert_eq!(batch.until, queue.end());
            queue.take(changes(&[("/z", 9)]), at("2026-11-27T08:00:00Z")).unwrap();
            let after = Queue::open(path.clone()).unwrap().batch(0).unwrap();
            assert_eq!(after.paths.len(), batch.paths.len() + 1, "{cut}");
        }
    }

    #[test]
    fn places_outlive_that_lines_are_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let mut queue = Queue::open(dir.path().join("queue.tsv")).unwrap();
        queue.take(changes(&[("/a", 1)]), at("2026-11-27T08:00:00Z")).unwrap();
        let told = queue.end();
        queue.take(changes(&[("/b", 2)]), at("2026-11-27T09:00:00Z")).unwrap();
        queue.shorten(told, at("2026-11-27T20:00:00Z"), 1).unwrap();
        assert_eq!(queue.first(), 0, "too young");
        queue.shorten(told, at("2026-11-28T09:30:00Z"), 1).unwrap();
        assert_eq!((queue.first(), queue.batch(told).unwrap().paths), (told, vec!["/b".to_owned()]));
        let mut again = Queue::open(dir.path().join("queue.tsv")).unwrap();
        assert_eq!((again.first(), again.end(), again.batch(0).unwrap().paths.len()), (told, queue.end(), 1));
    }

    #[test]
    fn a_message_has_as_many_addresses_as_the_protocol_allows() {
        let dir = tempfile::tempdir().unwrap();
        let mut queue = Queue::open(dir.path().join("queue.tsv")).unwrap();
        let many = (0..MAX_BATCH as u64 + 5).map(|number| Ok((format!("/{number}"), number + 1)));
        queue.take(many, at("2026-11-27T08:00:00Z")).unwrap();
        let first = queue.batch(0).unwrap();
        let second = queue.batch(first.until).unwrap();
        assert_eq!((first.paths.len(), second.paths.len(), second.until), (MAX_BATCH, 5, queue.end()));
    }
}

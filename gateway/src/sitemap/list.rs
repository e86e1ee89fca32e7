//! The list behind the sitemaps: every page with what it said and since when, in the order of the store.
//!
//! A new list is merged with the one before, unit by unit as both are read, so that neither stands in memory; a page
//! keeps its time as long as it says the same. The list is a gzip of lines: `u` begins a unit (name, trace, witness),
//! `p` is a page of it (path, hash, time), `e` ends the list, so that half a list is never taken for a whole one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Lines, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::gone::Gone;
use super::parts::{Kind, Parts};
use crate::pages::address::segment;

/// What is kept of pages between two lists; everything of one Leistung, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What the pages are of; lists are in the order of these names.
    pub name: String,
    /// The state of everything that was said of it.
    pub trace: u64,
    /// A record by which it is found when its key is gone; may be empty.
    pub witness: String,
    /// Its pages.
    pub pages: Vec<Listed>,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Path below the public address.
    pub path: String,
    /// Of what it says.
    pub hash: u64,
    /// Since when it says so.
    pub lastmod: Timestamp,
}

/// A page as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Path below the public address.
    pub path: String,
    /// Of what it says.
    pub hash: u64,
}

/// Stands for a page that is gone where otherwise the hash of what it says would.
pub const GONE: u64 = 0;

/// A list, read from its beginning to its end.
pub struct Reading {
    lines: Option<Lines<BufReader<MultiGzDecoder<BufReader<File>>>>>,
    next: Option<Known>,
    /// The line that begins the unit after `next`.
    head: Option<String>,
}

impl Reading {
    /// A list that is there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = BufReader::new(File::open(path)?);
        let lines = BufReader::new(MultiGzDecoder::new(file)).lines();
        let mut reading = Self { lines: Some(lines), next: None, head: None };
        reading.head = Some(reading.line()?);
        reading.advance()?;
        Ok(reading)
    }

    /// The list before the first one.
    pub fn nothing() -> Self {
        Self { lines: None, next: None, head: None }
    }

    fn line(&mut self) -> io::Result<String> {
        let line = self.lines.as_mut().and_then(Iterator::next);
        line.unwrap_or_else(|| Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the list ends too early")))
    }

    fn advance(&mut self) -> io::Result<()> {
        let Some(head) = self.head.take().filter(|head| head != "e") else {
            self.next = None;
            return Ok(());
        };
        let mut unit = unit_of(&head).ok_or_else(|| broken(&head))?;
        loop {
            let line = self.line()?;
            match line.strip_prefix("p\t") {
                Some(page) => unit.pages.push(page_of(page).ok_or_else(|| broken(&line))?),
                None => {
                    self.head = Some(line);
                    break;
                }
            }
        }
        self.next = Some(unit);
        Ok(())
    }

    fn take(&mut self) -> io::Result<Option<Known>> {
        let taken = self.next.take();
        if taken.is_some() {
            self.advance()?;
        }
        Ok(taken)
    }
}

fn broken(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no line of a list: {line:?}"))
}

fn unit_of(line: &str) -> Option<Known> {
    let mut fields = line.strip_prefix("u\t")?.split('\t');
    let text = |field: &str| Some(percent_decode_str(field).decode_utf8().ok()?.into_owned());
    let name = text(fields.next()?)?;
    let trace = u64::from_str_radix(fields.next()?, 16).ok()?;
    Some(Known { name, trace, witness: text(fields.next()?)?, pages: Vec::new() })
}

fn page_of(fields: &str) -> Option<Listed> {
    let mut fields = fields.split('\t');
    let path = fields.next()?.to_owned();
    let hash = u64::from_str_radix(fields.next()?, 16).ok()?;
    Some(Listed { path, hash, lastmod: fields.next()?.parse().ok()? })
}

/// What a merge found out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Pages of the new list.
    pub pages: u64,
    /// Pages that were not in the list before.
    pub new: u64,
    /// Pages that say something else than before.
    pub changed: u64,
    /// Pages that are in the list no more.
    pub gone: u64,
}

/// A new list on its way, beside the one before.
pub struct Merge<'a> {
    before: Reading,
    list: GzEncoder<BufWriter<File>>,
    parts: Parts<'a>,
    /// Pages that are new, changed or gone: `path \t hash`.
    changes: &'a mut dyn Write,
    gone: &'a mut Gone,
    now: Timestamp,
    last: Option<String>,
    told: Told,
}

impl<'a> Merge<'a> {
    /// Begins a list at `path`; its pages go into `parts`.
    pub fn begin(
        before: Reading,
        path: &Path,
        parts: Parts<'a>,
        changes: &'a mut dyn Write,
        gone: &'a mut Gone,
        now: Timestamp,
    ) -> io::Result<Self> {
        let list = GzEncoder::new(BufWriter::new(File::create(path)?), Compression::fast());
        Ok(Self { before, list, parts, changes, gone, now, last: None, told: Told::default() })
    }

    /// Goes on to the unit of this name and gives what was known of it. Units have to come in the order of their names.
    pub fn reach(&mut self, name: &str) -> io::Result<Option<Known>> {
        if self.last.as_deref().is_some_and(|last| last >= name) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} comes too late in the list")));
        }
        self.last = Some(name.to_owned());
        while self.before.next.as_ref().is_some_and(|next| next.name.as_str() < name) {
            self.skip()?;
        }
        if self.before.next.as_ref().is_some_and(|next| next.name == name) { self.before.take() } else { Ok(None) }
    }

    /// What was listed before and is not any more.
    fn skip(&mut self) -> io::Result<()> {
        let Some(unit) = self.before.take()? else { return Ok(()) };
        for page in &unit.pages {
            self.tell(&page.path, GONE)?;
        }
        self.told.gone += unit.pages.len() as u64;
        if self.parts.kind() == Kind::Leistungen && !unit.pages.is_empty() {
            self.gone.note(unit.name, unit.witness, self.now);
        }
        Ok(())
    }

    fn tell(&mut self, path: &str, hash: u64) -> io::Result<()> {
        writeln!(self.changes, "{path}\t{hash:016x}")
    }

    /// Takes a unit over as it was.
    pub fn keep(&mut self, known: &Known) -> io::Result<()> {
        self.write(known)
    }

    /// Takes a unit as it is now, `before` being what [`Merge::reach`] gave. A page that says what it said keeps its time.
    pub fn put(
        &mut self,
        before: Option<Known>,
        name: String,
        trace: u64,
        witness: String,
        mut pages: Vec<Found>,
    ) -> io::Result<()> {
        pages.sort_by(|a, b| a.path.cmp(&b.path));
        pages.dedup_by(|a, b| a.path == b.path);
        let before = before.map(|known| known.pages).unwrap_or_default();
        let mut listed = Vec::with_capacity(pages.len());
        for page in pages {
            let known = before.iter().find(|known| known.path == page.path);
            let lastmod = match known {
                Some(known) if known.hash == page.hash => known.lastmod,
                Some(_) => {
                    self.told.changed += 1;
                    self.tell(&page.path, page.hash)?;
                    self.now
                }
                None => {
                    self.told.new += 1;
                    self.tell(&page.path, page.hash)?;
                    self.now
                }
            };
            listed.push(Listed { path: page.path, hash: page.hash, lastmod });
        }
        for known in before.iter().filter(|known| listed.binary_search_by(|one| one.path.cmp(&known.path)).is_err()) {
            self.told.gone += 1;
            self.tell(&known.path, GONE)?;
        }
        self.write(&Known { name, trace, witness, pages: listed })
    }

    fn write(&mut self, unit: &Known) -> io::Result<()> {
        if unit.pages.is_empty() && unit.witness.is_empty() {
            return Ok(());
        }
        if self.parts.kind() == Kind::Leistungen {
            self.gone.forget(&unit.name);
        }
        writeln!(self.list, "u\t{}\t{:016x}\t{}", segment(&unit.name), unit.trace, segment(&unit.witness))?;
        for page in &unit.pages {
            writeln!(self.list, "p\t{}\t{:016x}\t{}", page.path, page.hash, page.lastmod)?;
            self.parts.add(&page.path, page.lastmod)?;
        }
        self.told.pages += unit.pages.len() as u64;
        Ok(())
    }

    /// Ends the list and its parts, and brings both to the disk.
    pub fn finish(mut self) -> io::Result<Told> {
        while self.before.next.is_some() {
            self.skip()?;
        }
        writeln!(self.list, "e")?;
        let file = self.list.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        self.parts.finish()?;
        Ok(self.told)
    }
}

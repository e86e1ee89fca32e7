//! The FIM portal: master texts and Steckbriefe of Bund and Ländern, and what belongs to them, as XZuFi one by one.
//!
//! Lists come first, in pages of both kinds (`offset` and `total_count`, or a `cursor`), then the objects that they name.
//! A list can change while it is read: what moves up by a place is read twice or not at all. So a list whose number of
//! objects is not what it says is read again, and where it does not settle the run has not seen the whole stock.
//! Between whole passes only those objects are asked for that changed since the last pass; the lists with a cursor do
//! not say what changed and are read in whole passes alone. Source: reference on the interfaces, section 4.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::retry::{Verdict, judge};
use super::{Block, Coverage, Cursor, Document, Limits, Outcome, Place, Request, Step, Stored, What};
use crate::finding::{Finding, Rule};

/// Objects of one page of a list; the portal gives no more.
const PAGE: u64 = 200;
/// How often a list is read that changes meanwhile.
const MAX_PASSES: u32 = 3;
/// So much is asked for again of what changed before the last pass: its clock and ours may differ.
const OVERLAP: SignedDuration = SignedDuration::from_hours(1);
/// The longest id that becomes a part of an address, in bytes.
const MAX_ID_BYTES: usize = 200;

/// What a FIM portal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FimPart {
    /// Master texts of Bund and Ländern.
    Stammtexte,
    /// Steckbriefe: keys and names without text.
    Steckbriefe,
    /// Offices.
    Organisationseinheiten,
    /// Online services.
    Onlinedienste,
    /// Overlays.
    Spezialisierungen,
}

impl FimPart {
    /// The part of the address that its list has.
    fn path(self) -> &'static str {
        match self {
            Self::Stammtexte => "leistung-stammtexte",
            Self::Steckbriefe => "leistung-steckbriefe",
            Self::Organisationseinheiten => "organizational-unit",
            Self::Onlinedienste => "online-service",
            Self::Spezialisierungen => "specialization",
        }
    }

    /// Its list has pages with an offset, and says what changed.
    fn by_offset(self) -> bool {
        matches!(self, Self::Stammtexte | Self::Steckbriefe)
    }
}

/// Where a FIM portal is and what is wanted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FimSource {
    /// The address up to the version, as `https://fimportal.de/api/v0/`.
    pub url: Url,
    /// What is wanted, each once.
    pub what: Vec<FimPart>,
    /// Time between two whole passes.
    pub whole_every_s: u64,
}

impl FimSource {
    /// The address with what is wanted: a cursor of another one is not used.
    fn start(&self) -> Url {
        let mut start = self.url.clone();
        let parts: Vec<_> = self.what.iter().map(|part| part.path()).collect();
        start.set_query(Some(&format!("what={}", parts.join(","))));
        start
    }
}

/// An object of a list: the parts of its address, and what its file is called.
type Item = (String, Vec<String>);

/// A run over a FIM portal.
#[derive(Debug)]
pub struct FimRun {
    source: FimSource,
    limits: Limits,
    /// Only what changed since then; none for a whole pass.
    since: Option<Timestamp>,
    cursor: Cursor,
    /// Lists that nobody has begun.
    lists: VecDeque<FimPart>,
    list: Option<List>,
    /// The objects of all lists by the names of their files.
    items: BTreeMap<String, (FimPart, Vec<String>)>,
    listed: bool,
    settled: bool,
    waiting: VecDeque<Request>,
    open: BTreeMap<u64, (Request, u32)>,
    tried: BTreeMap<u64, u32>,
    next_id: u64,
    /// Nothing is asked before, counted from the beginning of the run: the portal counts all requests of an address.
    not_before: Duration,
    documents: BTreeMap<String, Stored>,
    bytes: u64,
    applied: bool,
    failed: Option<Finding>,
}

/// A list that is being read.
#[derive(Debug)]
struct List {
    part: FimPart,
    passes: u32,
    offset: u64,
    total: Option<u64>,
    moved: bool,
    seen: HashSet<String>,
    cursors: HashSet<i64>,
    pages: u64,
}

#[derive(Deserialize)]
struct OffsetPage {
    items: Vec<serde_json::Value>,
    total_count: u64,
}

#[derive(Deserialize)]
struct CursorPage {
    items: Vec<serde_json::Value>,
    next_cursor: Option<i64>,
}

impl FimRun {
    /// A run that begins at `now`. With a `cursor` of the same source it asks for what changed since, unless a whole pass
    /// is due.
    pub fn new(source: FimSource, cursor: Option<Cursor>, now: Timestamp, limits: Limits) -> Self {
        let start = source.start();
        let known = cursor.filter(|cursor| cursor.start == start);
        let whole_at = known.as_ref().and_then(|cursor| Timestamp::from_second(i64::try_from(cursor.index).ok()?).ok());
        let every = SignedDuration::from_secs(i64::try_from(source.whole_every_s).unwrap_or(i64::MAX));
        let since = known.as_ref().and_then(|cursor| {
            let (_, since) = cursor.url.query_pairs().find(|(name, _)| name == "updated_since")?;
            since.parse::<Timestamp>().ok()
        });
        let since = since.filter(|_| whole_at.is_some_and(|at| now.duration_since(at) < every));
        let whole_at = if since.is_some() { whole_at.unwrap_or(now) } else { now };
        let mut url = source.url.clone();
        let from = now.saturating_sub(OVERLAP).unwrap_or(now);
        url.query_pairs_mut().append_pair("updated_since", &from.to_string());
        let index = u64::try_from(whole_at.as_second()).unwrap_or(0);
        let lists = source.what.iter().copied().filter(|part| since.is_none() || part.by_offset()).collect();
        Self {
            cursor: Cursor { start, url, index },
            source,
            limits,
            since,
            lists,
            list: None,
            items: BTreeMap::new(),
            listed: false,
            settled: true,
            waiting: VecDeque::new(),
            open: BTreeMap::new(),
            tried: BTreeMap::new(),
            next_id: 0,
            not_before: Duration::ZERO,
            documents: BTreeMap::new(),
            bytes: 0,
            applied: false,
            failed: None,
        }
    }

    /// How many of the objects are there, and how many there are; none before all lists are read.
    pub fn files(&self) -> Option<(u64, u64)> {
        let there = self.documents.len() as u64;
        self.listed.then(|| (there, there + (self.waiting.len() + self.open.len()) as u64))
    }

    /// Where the next run goes on, once this one is applied; none where a list did not settle: the next run then reads
    /// what this one should have read.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.settled.then_some(&self.cursor)
    }

    /// What is to be done next, `elapsed` after the run began.
    pub fn next_step(&mut self, elapsed: Duration) -> Step {
        if let Some(finding) = &self.failed {
            return Step::Failed(vec![finding.clone()]);
        }
        if self.waiting.is_empty() && self.open.is_empty() && !self.listed {
            self.go_on();
        }
        if let Some(mut request) = self.waiting.pop_front() {
            let tries = self.tried.remove(&request.id).unwrap_or(0) + 1;
            request.wait = self.not_before.saturating_sub(elapsed);
            self.open.insert(request.id, (request.clone(), tries));
            return Step::Fetch(request);
        }
        if !self.open.is_empty() {
            return Step::Pending;
        }
        if self.applied {
            let whole = self.since.is_none() && self.settled;
            return Step::Finished(if whole { Coverage::Whole } else { Coverage::Part });
        }
        if self.documents.is_empty() && self.since.is_none() {
            // An empty portal is a fault of its own, not a reason to remove everything.
            let finding = Finding::new(Rule::IndexEmpty).file(self.source.url.to_string());
            self.failed = Some(finding.clone());
            return Step::Failed(vec![finding]);
        }
        self.applied = true;
        let documents = std::mem::take(&mut self.documents);
        Step::Apply(Block::Index(documents.into_iter().map(|(name, stored)| Document { name, stored }).collect()))
    }

    /// Takes the outcome of request `id`, `elapsed` after the run began.
    pub fn answer(&mut self, id: u64, outcome: Outcome, elapsed: Duration) {
        let Some((request, tries)) = self.open.remove(&id) else { return };
        let taken = match (&request.what, outcome) {
            (What::Envelope, Outcome::Body(bytes)) => self.take_page(&bytes),
            (What::Document(name), Outcome::Stored(stored)) => {
                self.bytes = self.bytes.saturating_add(stored.bytes);
                self.documents.insert(name.clone(), stored);
                let too_long = self.bytes > self.limits.max_run_bytes;
                let value = format!("mehr als {} Byte in allen Dateien", self.limits.max_run_bytes);
                if too_long { Err(Finding::new(Rule::RunTooLong).value(value)) } else { Ok(()) }
            }
            // It went between the list and now, and so it is gone.
            (What::Document(_), Outcome::Status { status: 404 | 410, .. }) => Ok(()),
            (_, outcome) => match judge(&outcome, tries, &self.limits) {
                Verdict::Again(wait) => {
                    self.tried.insert(id, tries);
                    self.not_before = self.not_before.max(elapsed.saturating_add(wait));
                    self.waiting.push_back(request.clone());
                    Ok(())
                }
                Verdict::GiveUp(finding) => Err(finding),
            },
        };
        if let Err(finding) = taken {
            self.failed = Some(finding.file(request.place.to_string()));
        }
    }

    /// Asks for the next page or list, or for the objects when all lists are read.
    fn go_on(&mut self) {
        if self.list.is_none() {
            let begin = |part| List {
                part,
                passes: 1,
                offset: 0,
                total: None,
                moved: false,
                seen: HashSet::new(),
                cursors: HashSet::new(),
                pages: 0,
            };
            self.list = self.lists.pop_front().map(begin);
            match &self.list {
                Some(_) => self.ask_page(None),
                None => self.ask_objects(),
            }
        }
    }

    fn ask_page(&mut self, cursor: Option<i64>) {
        let Some(list) = &self.list else { return };
        let (part, offset) = (list.part, list.offset);
        let mut url = self.address(&[part.path()]);
        {
            let mut query = url.query_pairs_mut();
            if part.by_offset() {
                query.append_pair("offset", &offset.to_string());
            }
            query.append_pair("limit", &PAGE.to_string());
            if let Some(cursor) = cursor {
                query.append_pair("cursor", &cursor.to_string());
            }
            if let Some(since) = self.since {
                query.append_pair("updated_since", &since.to_string());
            }
        }
        self.ask(What::Envelope, url, self.limits.max_envelope_bytes);
    }

    fn ask_objects(&mut self) {
        self.listed = true;
        for (name, (part, ids)) in std::mem::take(&mut self.items) {
            let mut parts = vec![part.path()];
            parts.extend(ids.iter().map(String::as_str));
            parts.push("xzufi");
            let url = self.address(&parts);
            self.ask(What::Document(name), url, self.limits.max_file_bytes);
        }
    }

    fn ask(&mut self, what: What, url: Url, max_bytes: u64) {
        let (id, place) = (self.next_id, Place::Url(url));
        self.next_id += 1;
        self.waiting.push_back(Request { id, what, place, max_bytes, wait: Duration::ZERO, authorization: None });
    }

    fn address(&self, parts: &[&str]) -> Url {
        let mut url = self.source.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(parts);
        }
        url
    }

    fn take_page(&mut self, bytes: &[u8]) -> Result<(), Finding> {
        let invalid = |error: serde_json::Error| Finding::new(Rule::EnvelopeInvalid).value(error.to_string());
        let Some(mut list) = self.list.take() else { return Ok(()) };
        list.pages += 1;
        if list.pages > self.limits.max_blocks {
            return Err(Finding::new(Rule::RunTooLong).value(format!("{} Seiten", self.limits.max_blocks)));
        }
        if list.part.by_offset() {
            let page: OffsetPage = serde_json::from_slice(bytes).map_err(invalid)?;
            let count = page.items.len() as u64;
            list.moved |= list.total.is_some_and(|total| total != page.total_count);
            list.total = Some(page.total_count);
            self.take_items(&mut list, &page.items)?;
            list.offset += count;
            let more = count > 0 && list.offset < page.total_count;
            // Fewer different objects than the list says: something moved while it was read.
            let whole = !list.moved && list.seen.len() as u64 == page.total_count;
            if more {
                self.list = Some(list);
                self.ask_page(None);
            } else if !whole && list.passes < MAX_PASSES {
                let again = List { passes: list.passes + 1, offset: 0, total: None, moved: false, ..list };
                self.list = Some(List { seen: HashSet::new(), ..again });
                self.ask_page(None);
            } else {
                self.settled &= whole;
            }
            return Ok(());
        }
        let page: CursorPage = serde_json::from_slice(bytes).map_err(invalid)?;
        self.take_items(&mut list, &page.items)?;
        if let Some(next) = page.next_cursor {
            if !list.cursors.insert(next) {
                return Err(Finding::new(Rule::CursorStuck).value(next.to_string()));
            }
            self.list = Some(list);
            self.ask_page(Some(next));
        }
        Ok(())
    }

    fn take_items(&mut self, list: &mut List, items: &[serde_json::Value]) -> Result<(), Finding> {
        for item in items {
            let (name, ids) = item_of(list.part, item)?;
            list.seen.insert(name.clone());
            self.items.insert(name, (list.part, ids));
            if self.items.len() > self.limits.max_files {
                let value = format!("mehr als {} Dateien", self.limits.max_files);
                return Err(Finding::new(Rule::IndexLimit).value(value));
            }
        }
        Ok(())
    }
}

/// The address and the file of an object as a list names it.
fn item_of(part: FimPart, item: &serde_json::Value) -> Result<Item, Finding> {
    let text = |name: &str| {
        let value = item.get(name).and_then(serde_json::Value::as_str).map(str::trim);
        let usable = |value: &&str| {
            !value.is_empty()
                && value.len() <= MAX_ID_BYTES
                && !matches!(*value, "." | "..")
                && !value.contains(['/', '\\'])
        };
        let missing = || Finding::new(Rule::EnvelopeInvalid).value(format!("{} ohne gültiges {name}", part.path()));
        value.filter(usable).map(str::to_owned).ok_or_else(missing)
    };
    let ids = match part {
        // Which source counts where there are several is the portal's to say.
        FimPart::Stammtexte => vec![text("redaktion_id")?, text("leistung_id")?, "primary".to_owned()],
        FimPart::Steckbriefe => vec![text("leistungsschluessel")?],
        _ => vec![text("redaktion_id")?, text("id")?],
    };
    Ok((format!("{}/{}.xml", part.path(), ids.join("/")), ids))
}

#[cfg(test)]
mod tests;

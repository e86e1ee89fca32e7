//! The index protocol of the Sammlerdienst: one list of file names, one XZuFi message per file.
//!
//! The index is the complete stock, so nothing is applied before every listed file is here, and one file that is
//! missing ends the run. Source: reference on the interfaces of the PVOG, Sammlerdienst (pull).

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use url::Url;

use super::retry::{Verdict, judge};
use super::{Block, Coverage, Document, Limits, Outcome, Place, Request, Step, Stored, What};
use crate::finding::{Finding, Rule};

/// The most faulty lines of one index that are reported one by one.
const MAX_LINE_FINDINGS: usize = 100;

/// The longest file name that may be listed, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Reads an index file: the listed names, in order, or what is wrong with it.
///
/// A line is a plain name: letters, digits and `-_.~+=@,()`, not beginning with a dot. A byte order mark, carriage
/// returns, blanks around a name and empty lines are let pass; a name listed twice is not, nor is an index without a
/// name.
pub fn read_index(bytes: &[u8], max_files: usize) -> Result<Vec<String>, Vec<Finding>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(vec![Finding::new(Rule::IndexNotText).value("nicht UTF-8")]);
    };
    if text.trim_start().starts_with('<') {
        return Err(vec![Finding::new(Rule::IndexNotText).value("HTML oder XML")]);
    }
    let mut names = Vec::new();
    let mut known = HashSet::new();
    let mut findings = Vec::new();
    for (at, line) in text.split('\n').enumerate() {
        let name = line.trim();
        if name.is_empty() {
            continue;
        }
        let fault = if !is_plain_name(name) {
            Some(Rule::IndexLine)
        } else if !known.insert(name) {
            Some(Rule::IndexDuplicate)
        } else {
            None
        };
        match fault {
            Some(rule) => findings.push(Finding::new(rule).value(name).line(at as u64 + 1)),
            None => names.push(name.to_owned()),
        }
        if names.len() > max_files {
            let value = format!("mehr als {max_files} Dateien");
            return Err(vec![Finding::new(Rule::IndexLimit).value(value).line(at as u64 + 1)]);
        }
        if findings.len() >= MAX_LINE_FINDINGS {
            break;
        }
    }
    if !findings.is_empty() {
        Err(findings)
    } else if names.is_empty() {
        Err(vec![Finding::new(Rule::IndexEmpty)])
    } else {
        Ok(names)
    }
}

fn is_plain_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_alphanumeric() || "-_.~+=@,()".contains(c))
}

/// A run over an index, on a server or in a folder.
#[derive(Debug)]
pub struct IndexRun {
    source: Source,
    limits: Limits,
    /// Requests that nobody has begun.
    waiting: VecDeque<Request>,
    /// Requests whose answer is outstanding, with the number of tries, this one included.
    open: BTreeMap<u64, (Request, u32)>,
    /// How often a waiting request was tried before.
    tried: BTreeMap<u64, u32>,
    /// The listed files and what has come of each; the file of request `n` stands at `n - 1`.
    files: Vec<(String, Option<Stored>)>,
    bytes: u64,
    applied: bool,
    failed: Option<Vec<Finding>>,
}

#[derive(Debug)]
enum Source {
    Http(Url),
    Folder,
}

const INDEX_ID: u64 = 0;

impl IndexRun {
    /// A run over the index at `url`; the files stand beside it.
    pub fn over_http(url: Url, limits: Limits) -> Self {
        let place = Place::Url(url.clone());
        Self::new(Source::Http(url), place, limits)
    }

    /// A run over the file `index.txt` of a folder and the files beside it.
    pub fn in_folder(limits: Limits) -> Self {
        Self::new(Source::Folder, Place::File("index.txt".into()), limits)
    }

    /// How many of the listed files are there, and how many are listed; none before the list is there.
    pub(super) fn files(&self) -> Option<(u64, u64)> {
        let there = self.files.iter().filter(|(_, stored)| stored.is_some()).count();
        (!self.files.is_empty()).then_some((there as u64, self.files.len() as u64))
    }

    fn new(source: Source, place: Place, limits: Limits) -> Self {
        let request = Request {
            id: INDEX_ID,
            what: What::Index,
            place,
            max_bytes: limits.max_index_bytes,
            wait: Duration::ZERO,
            authorization: None,
        };
        Self {
            source,
            limits,
            waiting: VecDeque::from([request]),
            open: BTreeMap::new(),
            tried: BTreeMap::new(),
            files: Vec::new(),
            bytes: 0,
            applied: false,
            failed: None,
        }
    }

    /// What is to be done next.
    pub fn next_step(&mut self) -> Step {
        if let Some(findings) = &self.failed {
            return Step::Failed(findings.clone());
        }
        if let Some(request) = self.waiting.pop_front() {
            let tries = self.tried.remove(&request.id).unwrap_or(0) + 1;
            self.open.insert(request.id, (request.clone(), tries));
            return Step::Fetch(request);
        }
        if !self.open.is_empty() {
            return Step::Pending;
        }
        if self.applied {
            return Step::Finished(Coverage::Whole);
        }
        self.applied = true;
        let documents = self.files.drain(..).filter_map(|(name, stored)| Some(Document { name, stored: stored? }));
        Step::Apply(Block::Index(documents.collect()))
    }

    /// Takes the outcome of request `id`.
    pub fn answer(&mut self, id: u64, outcome: Outcome) {
        let Some((mut request, tries)) = self.open.remove(&id) else { return };
        match (&request.what, outcome) {
            (What::Index, Outcome::Body(bytes)) => match read_index(&bytes, self.limits.max_files) {
                Ok(names) => self.list(names),
                Err(findings) => self.fail(findings, &request),
            },
            (What::Document(_), Outcome::Stored(stored)) => {
                self.bytes = self.bytes.saturating_add(stored.bytes);
                if self.bytes > self.limits.max_run_bytes {
                    let value = format!("mehr als {} Byte in allen Dateien", self.limits.max_run_bytes);
                    self.fail(vec![Finding::new(Rule::RunTooLong).value(value)], &request);
                } else if let Some(file) = self.files.get_mut(id as usize - 1) {
                    file.1 = Some(stored);
                }
            }
            (What::Document(name), Outcome::Status { status: 404 | 410, .. }) => {
                let finding = Finding::new(Rule::FileMissing).value(name);
                self.fail(vec![finding], &request);
            }
            (_, outcome) => match judge(&outcome, tries, &self.limits) {
                Verdict::Again(wait) => {
                    request.wait = wait;
                    self.tried.insert(id, tries);
                    self.waiting.push_back(request);
                }
                Verdict::GiveUp(finding) => self.fail(vec![finding], &request),
            },
        }
    }

    fn list(&mut self, names: Vec<String>) {
        for (at, name) in names.iter().enumerate() {
            self.waiting.push_back(Request {
                id: at as u64 + 1,
                what: What::Document(name.clone()),
                place: match &self.source {
                    Source::Http(index) => Place::Url(beside(index, name)),
                    Source::Folder => Place::File(name.clone()),
                },
                max_bytes: self.limits.max_file_bytes,
                wait: Duration::ZERO,
                authorization: None,
            });
        }
        self.files = names.into_iter().map(|name| (name, None)).collect();
    }

    fn fail(&mut self, findings: Vec<Finding>, request: &Request) {
        let file = match &request.what {
            What::Document(name) => name.clone(),
            _ => request.place.to_string(),
        };
        self.failed = Some(findings.into_iter().map(|finding| finding.file(file.clone())).collect());
    }
}

/// The address of the file `name` beside the index; `name` is plain.
fn beside(index: &Url, name: &str) -> Url {
    let mut url = index.clone();
    url.set_query(None);
    url.set_fragment(None);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop().push(name);
    }
    url
}

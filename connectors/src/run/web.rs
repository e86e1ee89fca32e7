//! The pages of one site: robots.txt, then the lists of its pages, then the pages, one after the other.
//!
//! Nothing a site does makes it lose a record here: a run sees pages that were read, that did not change, that are gone
//! (404, 410) or that stand elsewhere, and says nothing of all others. What follows for records, and after which time, is
//! decided by the indexer. Source: RFC 9309 for robots.txt and for what follows when it cannot be had.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::retry::{Verdict, judge};
use super::{Fault, Limits, Outcome, Validators};
use crate::egress::same_origin;
use crate::finding::{Finding, Rule};
use crate::web::robots::{self, Robots};
use crate::web::sitemap::{self, Listed, Sitemap};

/// Lists of one site that are read.
const MAX_LISTS: usize = 1_000;

/// How deep lists may lie in lists.
const MAX_LIST_DEPTH: usize = 3;

/// Addresses that one run keeps in mind, whatever the lists name.
const MAX_LISTED: usize = 200_000;

/// Pages in a row that gave no answer to speak of, after which the rest is left for the next run.
const MAX_SILENT: usize = 10;

/// Lists and pages are tried no more often than this: there are many of them.
const MAX_TRIES: u32 = 2;

/// What a run knows of a page from earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPage {
    /// Its address.
    pub url: Url,
    /// What to ask again with.
    pub validators: Validators,
    /// When it was read last, or found unchanged.
    pub visited: Timestamp,
    /// True when records came from it.
    pub filled: bool,
}

/// Which pages a run is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of the site, found by the lists that its robots.txt names, by `sitemap` where that is given.
    Site {
        /// A list that the portal registered.
        sitemap: Option<Url>,
    },
    /// These pages, because somebody said that they changed.
    Pages(Vec<Url>),
}

/// One thing to fetch; the next one is asked for when it is answered, so a site never has two requests of us at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    /// What is fetched.
    pub what: WebWhat,
    /// Where it is; redirects stay on its origin.
    pub url: Url,
    /// The most bytes that are taken; more of a robots.txt are left, more of anything else is a fault.
    pub max_bytes: u64,
    /// The time since the last request to this host that has to have gone by.
    pub pace: Duration,
    /// How long to wait beside that, because the last try failed.
    pub wait: Duration,
    /// What the last answer gave to ask again with.
    pub validators: Validators,
}

/// What a request of a web run brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebWhat {
    /// robots.txt, handed back as [`WebOutcome::Body`].
    Robots,
    /// A list of pages, handed back as [`WebOutcome::Body`].
    List,
    /// A page, read by the indexer and handed back as [`WebOutcome::Page`].
    Page,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebOutcome {
    /// Status 200, and this is the body.
    Body(Vec<u8>),
    /// Status 200, and the page was read.
    Page {
        /// The address that gave it, after redirects.
        url: Url,
        /// The address that the page names for its content.
        canonical: Option<Url>,
    },
    /// Any other status; 304 means that the page is as it was.
    Status {
        /// The status.
        status: u16,
        /// How long the server asks us to wait, if it does.
        retry_after: Option<Duration>,
    },
    /// There was no answer to speak of.
    Fault(Fault),
}

/// What a run wants done next.
#[derive(Debug)]
pub enum WebStep {
    /// Make this request, and answer it before anything else is asked for.
    Fetch(WebRequest),
    /// The run is done.
    Finished,
    /// The site may not be read; nothing was seen.
    Failed(Vec<Finding>),
}

/// What is known now of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The page.
    pub url: Url,
    /// What was seen.
    pub sight: Sight,
}

/// How a page was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It was read; what it says now stands in the last answer.
    Read,
    /// It says what it said.
    Unchanged,
    /// It is not there (404, 410).
    Gone,
    /// What it says stands at another address of the site, so it says nothing itself.
    Elsewhere,
}

/// A run over the pages of one site.
#[derive(Debug)]
pub struct WebRun {
    site: Url,
    limits: Limits,
    robots: Option<Robots>,
    lists: VecDeque<(Url, usize)>,
    lists_known: HashSet<Url>,
    /// True once nobody need be asked for lists any more.
    listed_all: bool,
    listed: HashMap<Url, Option<Timestamp>>,
    known: HashMap<Url, KnownPage>,
    pages: VecDeque<Url>,
    visited: HashSet<Url>,
    gone: HashSet<Url>,
    /// Pages that others name as the right ones, and so hold their content whatever they say themselves.
    canonical: HashSet<Url>,
    forbidden: usize,
    silent: usize,
    open: Option<(WebRequest, u32)>,
    again: Option<(WebRequest, u32)>,
    failed: Option<Vec<Finding>>,
    findings: Vec<Finding>,
}

impl WebRun {
    /// A run over the site that `site` is the first page of.
    pub fn new(site: Url, scope: Scope, known: Vec<KnownPage>, limits: Limits) -> Self {
        let mut run = Self {
            site,
            limits,
            robots: None,
            lists: VecDeque::new(),
            lists_known: HashSet::new(),
            listed_all: false,
            listed: HashMap::new(),
            known: known.into_iter().map(|page| (page.url.clone(), page)).collect(),
            pages: VecDeque::new(),
            visited: HashSet::new(),
            gone: HashSet::new(),
            canonical: HashSet::new(),
            forbidden: 0,
            silent: 0,
            open: None,
            again: None,
            failed: None,
            findings: Vec::new(),
        };
        match scope {
            Scope::Site { sitemap } => {
                sitemap.into_iter().for_each(|url| run.list(url, 0));
            }
            Scope::Pages(pages) => {
                run.listed_all = true;
                run.pages = pages.into_iter().filter(|page| same_origin(&run.site, page)).map(bare).collect();
            }
        }
        run
    }

    /// What is to be done next.
    pub fn next_step(&mut self) -> WebStep {
        if let Some(findings) = self.failed.take() {
            return WebStep::Failed(findings);
        }
        if let Some((request, tries)) = self.again.take() {
            self.open = Some((request.clone(), tries + 1));
            return WebStep::Fetch(request);
        }
        if self.robots.is_none() {
            let url = self.site.join("/robots.txt").unwrap_or_else(|_| self.site.clone());
            return self.fetch(WebWhat::Robots, url, robots::MAX_BYTES as u64, Validators::default());
        }
        while let Some((url, _)) = self.lists.front() {
            if self.allows(url) {
                let url = url.clone();
                return self.fetch(WebWhat::List, url, sitemap::MAX_BYTES, Validators::default());
            }
            self.lists.pop_front();
        }
        if !self.listed_all {
            self.listed_all = true;
            self.choose();
        }
        while let Some(url) = self.pages.pop_front() {
            if self.visited.len() >= self.limits.max_pages {
                let value = format!("mehr als {} Seiten", self.limits.max_pages);
                self.findings.push(Finding::new(Rule::WebPagesLimit).value(value).file(self.site.as_str()));
                self.pages.clear();
                break;
            }
            if !self.allows(&url) {
                self.forbidden += 1;
            } else if self.visited.insert(url.clone()) {
                let validators = self.known.get(&url).map(|known| known.validators.clone()).unwrap_or_default();
                return self.fetch(WebWhat::Page, url, self.limits.max_page_bytes, validators);
            }
        }
        if self.forbidden > 0 {
            let value = format!("{} Seiten", std::mem::take(&mut self.forbidden));
            self.findings.push(Finding::new(Rule::WebForbidden).value(value).file(self.site.as_str()));
        }
        WebStep::Finished
    }

    /// Takes the outcome of the last request; gives what is known now of pages.
    pub fn answer(&mut self, outcome: WebOutcome) -> Vec<Seen> {
        let Some((request, tries)) = self.open.take() else { return Vec::new() };
        let again = match (&outcome, request.what) {
            (WebOutcome::Status { status: 304, .. }, WebWhat::Page) => None,
            (WebOutcome::Status { status, retry_after }, _) => {
                Some(Outcome::Status { status: *status, retry_after: *retry_after })
            }
            (WebOutcome::Fault(fault), _) => Some(Outcome::Fault(fault.clone())),
            _ => None,
        };
        let limits = match request.what {
            WebWhat::Robots => self.limits.clone(),
            _ => Limits { max_tries: self.limits.max_tries.min(MAX_TRIES), ..self.limits.clone() },
        };
        let verdict = again.map(|outcome| judge(&outcome, tries, &limits));
        if let Some(Verdict::Again(wait)) = verdict {
            self.again = Some((WebRequest { wait, ..request }, tries));
            return Vec::new();
        }
        match request.what {
            WebWhat::Robots => {
                self.robots_answered(&request.url, outcome);
                Vec::new()
            }
            WebWhat::List => {
                self.list_answered(outcome);
                Vec::new()
            }
            WebWhat::Page => self.page_answered(request.url, outcome),
        }
    }

    /// What was wrong with the site as a whole, and with pages that could not be had.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    fn fetch(&mut self, what: WebWhat, url: Url, max_bytes: u64, validators: Validators) -> WebStep {
        let asked = self.robots.as_ref().and_then(Robots::delay).unwrap_or_default();
        let request =
            WebRequest { what, url, max_bytes, pace: self.limits.pace.max(asked), wait: Duration::ZERO, validators };
        self.open = Some((request.clone(), 1));
        WebStep::Fetch(request)
    }

    fn allows(&self, url: &Url) -> bool {
        self.robots.as_ref().is_some_and(|robots| robots.allows(url))
    }

    fn robots_answered(&mut self, url: &Url, outcome: WebOutcome) {
        let robots = match outcome {
            WebOutcome::Body(bytes) => Robots::read(&bytes, url),
            // 429 is "not now" and no word about what may be read.
            WebOutcome::Status { status: 400..=428 | 430..=499, .. } => Robots::all_allowed(),
            WebOutcome::Status { status, .. } => {
                self.failed =
                    Some(vec![Finding::new(Rule::WebRobotsSilent).value(status.to_string()).file(url.as_str())]);
                Robots::nothing_allowed()
            }
            WebOutcome::Fault(fault) => {
                let silent = Finding::new(Rule::WebRobotsSilent).value("keine Antwort").file(url.as_str());
                self.failed = Some(vec![silent, fault.finding().file(url.as_str())]);
                Robots::nothing_allowed()
            }
            WebOutcome::Page { .. } => Robots::nothing_allowed(),
        };
        if !self.listed_all && self.lists_known.is_empty() {
            for sitemap in robots.sitemaps() {
                self.list(sitemap.clone(), 0);
            }
            if robots.sitemaps().is_empty()
                && let Ok(usual) = self.site.join("/sitemap.xml")
            {
                self.list(usual, 0);
            }
        }
        self.robots = Some(robots);
    }

    /// Notes a list to be read; one on another host is not ours to ask.
    fn list(&mut self, url: Url, depth: usize) {
        if !same_origin(&self.site, &url) {
            self.findings.push(Finding::new(Rule::WebListForeign).value(url.as_str()).file(self.site.as_str()));
        } else if depth < MAX_LIST_DEPTH
            && self.lists_known.len() < MAX_LISTS
            && self.lists_known.insert(bare(url.clone()))
        {
            self.lists.push_back((bare(url), depth));
        }
    }

    fn list_answered(&mut self, outcome: WebOutcome) {
        let Some((url, depth)) = self.lists.pop_front() else { return };
        let reason = match outcome {
            WebOutcome::Body(bytes) => {
                let Sitemap { pages, sitemaps, findings } = sitemap::read(&bytes, &url);
                self.findings.extend(findings);
                for Listed { url, .. } in sitemaps {
                    self.list(url, depth + 1);
                }
                let mut foreign = None;
                for Listed { url, changed } in pages {
                    if !same_origin(&self.site, &url) {
                        foreign = foreign.or(Some(url));
                    } else if self.listed.len() < MAX_LISTED {
                        self.listed.insert(bare(url), changed);
                    }
                }
                if let Some(foreign) = foreign {
                    let finding = Finding::new(Rule::WebListForeign).value(foreign.as_str());
                    self.findings.push(finding.file(url.as_str()));
                }
                return;
            }
            WebOutcome::Status { status, .. } => status.to_string(),
            WebOutcome::Fault(fault) => fault.finding().sentence(),
            WebOutcome::Page { .. } => return,
        };
        self.findings.push(Finding::new(Rule::WebListMissing).value(reason).file(url.as_str()));
    }

    /// Puts the pages in the order in which they are read, for a site may have more than one run reads.
    ///
    /// First those that records came from, because they may be gone; then the first page of the site; then new ones, the
    /// latest first; then those that said nothing when they were read, the longest ago first, unless their list says
    /// that they are as they were.
    fn choose(&mut self) {
        let mut filled: Vec<&KnownPage> = self.known.values().filter(|page| page.filled).collect();
        filled.sort_by(|a, b| a.visited.cmp(&b.visited).then_with(|| a.url.cmp(&b.url)));
        let mut fresh: Vec<(&Url, &Option<Timestamp>)> =
            self.listed.iter().filter(|(url, _)| !self.known.contains_key(*url)).collect();
        fresh.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let mut empty: Vec<&KnownPage> = self
            .listed
            .iter()
            .filter_map(|(url, changed)| Some((self.known.get(url).filter(|page| !page.filled)?, changed)))
            .filter(|(page, changed)| changed.is_none_or(|changed| changed > page.visited))
            .map(|(page, _)| page)
            .collect();
        empty.sort_by(|a, b| a.visited.cmp(&b.visited).then_with(|| a.url.cmp(&b.url)));
        let pages = filled.into_iter().map(|page| page.url.clone());
        let pages = pages.chain(std::iter::once(bare(self.site.clone())));
        let pages = pages.chain(fresh.into_iter().map(|(url, _)| url.clone()));
        self.pages = pages.chain(empty.into_iter().map(|page| page.url.clone())).collect();
    }

    fn page_answered(&mut self, asked: Url, outcome: WebOutcome) -> Vec<Seen> {
        if !matches!(outcome, WebOutcome::Status { status: 500.., .. } | WebOutcome::Fault(_)) {
            self.silent = 0;
        }
        let seen = |url: &Url, sight| Seen { url: url.clone(), sight };
        match outcome {
            WebOutcome::Page { url, canonical } => {
                let url = bare(url);
                let mut all = Vec::new();
                if url != asked {
                    all.push(seen(&asked, Sight::Elsewhere));
                    if !self.allows(&url) || !self.visited.insert(url.clone()) {
                        return all;
                    }
                }
                let right = canonical.filter(|right| *right != url && same_origin(&self.site, right));
                match right.filter(|right| !self.canonical.contains(&url) && !self.gone.contains(right)) {
                    Some(right) if self.allows(&right) => {
                        self.canonical.insert(right.clone());
                        if !self.visited.contains(&right) {
                            self.pages.push_front(right);
                        }
                        all.push(seen(&url, Sight::Elsewhere));
                    }
                    _ => all.push(seen(&url, Sight::Read)),
                }
                all
            }
            WebOutcome::Status { status: 304, .. } => vec![seen(&asked, Sight::Unchanged)],
            WebOutcome::Status { status: 404 | 410, .. } => {
                self.gone.insert(asked.clone());
                vec![seen(&asked, Sight::Gone)]
            }
            WebOutcome::Status { status, .. } => {
                let finding = Finding::new(Rule::WebPageFailed).value(format!("HTTP-Status {status}"));
                self.missed(&asked, finding, status >= 500);
                Vec::new()
            }
            WebOutcome::Fault(fault) => {
                self.missed(&asked, Finding::new(Rule::WebPageFailed).value(fault.finding().sentence()), true);
                Vec::new()
            }
            WebOutcome::Body(_) => Vec::new(),
        }
    }

    fn missed(&mut self, url: &Url, finding: Finding, silent: bool) {
        self.findings.push(finding.file(url.as_str()));
        self.silent += usize::from(silent);
        if self.silent >= MAX_SILENT && !self.pages.is_empty() {
            let value = format!("{} Seiten", self.pages.len());
            self.findings.push(Finding::new(Rule::WebSilent).value(value).file(self.site.as_str()));
            self.pages.clear();
        }
    }
}

/// An address as pages are known by: without its fragment.
fn bare(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests;

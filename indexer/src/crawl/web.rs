//! Goes through the pages of a site: does what `connectors::run::web` asks for, and writes down what each page says.
//!
//! What pages say lies in one file per portal until it is applied, so that memory does not depend on the number of pages.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use connectors::beschreibung::Leistungsbeschreibung;
use connectors::finding::Finding;
use connectors::ids::PortalId;
use connectors::run::Validators;
use connectors::run::web::{KnownPage, Scope, Sight, WebOutcome, WebRun, WebStep, WebWhat};
use connectors::web::{self, Head};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::fetch::Fetched;
use super::{CrawlError, Fetcher, blocking};

/// What one page said when it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// What to ask again with.
    pub validators: Validators,
    /// Its Leistungen.
    pub descriptions: Vec<Leistungsbeschreibung>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// What a run saw.
#[derive(Debug)]
pub(crate) struct Visit {
    /// What is known now, by address.
    pub seen: BTreeMap<String, Sight>,
    /// What was wrong with the site as a whole.
    pub findings: Vec<Finding>,
    /// Bytes of all pages.
    pub bytes: u64,
    written: Written,
}

/// The file of what pages said.
#[derive(Debug)]
struct Written {
    path: PathBuf,
    /// Where the line of each page begins.
    places: BTreeMap<String, u64>,
}

impl Visit {
    /// What the page `url` said, when it was read.
    pub(crate) async fn said(&self, url: &str) -> Result<Said, CrawlError> {
        let Some(place) = self.written.places.get(url).copied() else { return Ok(Said::default()) };
        let path = self.written.path.clone();
        let read = blocking(move || {
            let mut file = BufReader::new(File::open(&path)?);
            file.seek(SeekFrom::Start(place))?;
            let mut line = String::new();
            file.read_line(&mut line)?;
            Ok(serde_json::from_str(&line)?)
        });
        read.await.map_err(|source: std::io::Error| self.written.fault(source))
    }
}

impl Written {
    fn fault(&self, source: std::io::Error) -> CrawlError {
        CrawlError::Spool { path: self.path.clone(), source }
    }
}

/// Goes through the site that `site` is the first page of; `known` is what earlier runs left of its pages.
pub(crate) async fn visit(
    id: &PortalId,
    site: &Url,
    scope: Scope,
    known: Vec<KnownPage>,
    fetcher: &Fetcher,
    spool: &Path,
    cancel: &CancellationToken,
) -> Result<Visit, CrawlError> {
    let folder = spool.join(id.as_str());
    let path = folder.join("pages.jsonl");
    let opening = path.clone();
    let opened = blocking(move || {
        std::fs::create_dir_all(folder)?;
        File::create(opening).map(BufWriter::new)
    });
    let mut file = opened.await.map_err(|source| CrawlError::Spool { path: path.clone(), source })?;
    let mut at = 0;
    let mut visit = Visit {
        seen: BTreeMap::new(),
        findings: Vec::new(),
        bytes: 0,
        written: Written { path, places: BTreeMap::new() },
    };
    let mut run = WebRun::new(site.clone(), scope, known, fetcher.limits());
    loop {
        let request = match run.next_step() {
            WebStep::Fetch(request) => request,
            WebStep::Finished => break,
            WebStep::Failed(findings) => return Err(CrawlError::Findings(findings)),
        };
        let fetched = cancel.run_until_cancelled(fetcher.page(&request)).await.ok_or(CrawlError::Cancelled)?;
        let outcome = match fetched {
            Fetched::Status { status, retry_after } => WebOutcome::Status { status, retry_after },
            Fetched::Fault(fault) => WebOutcome::Fault(fault),
            Fetched::Whole { bytes, .. } if request.what != WebWhat::Page => WebOutcome::Body(bytes),
            Fetched::Whole { url, head, validators, bytes } => {
                visit.bytes += bytes.len() as u64;
                let from = url.clone();
                let reading = blocking(move || {
                    let (said, canonical) = read(&bytes, &from, &head, validators);
                    let mut line = serde_json::to_vec(&said)?;
                    line.push(b'\n');
                    file.write_all(&line)?;
                    Ok((file, line.len() as u64, canonical))
                });
                let (written, bytes, canonical) =
                    reading.await.map_err(|source: std::io::Error| visit.written.fault(source))?;
                file = written;
                let mut bare = url.clone();
                bare.set_fragment(None);
                visit.written.places.insert(bare.into(), at);
                at += bytes;
                WebOutcome::Page { url, canonical }
            }
        };
        visit.seen.extend(run.answer(outcome).into_iter().map(|seen| (seen.url.into(), seen.sight)));
    }
    visit.findings = run.take_findings();
    let flushed = blocking(move || file.flush()).await;
    flushed.map_err(|source| visit.written.fault(source))?;
    Ok(visit)
}

fn read(bytes: &[u8], url: &Url, head: &Head, validators: Validators) -> (Said, Option<Url>) {
    let page = web::read_page(bytes, url, head);
    (Said { validators, descriptions: page.descriptions, findings: page.findings }, page.canonical)
}

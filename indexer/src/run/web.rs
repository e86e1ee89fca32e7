//! The pages of a site: what they say now, what they said, and what follows for the records.
//!
//! What a page says is kept until it is known to say something else, and a page that is gone (or lost its markup, or is
//! not to be listed any more) keeps its records until it was found so twice with days between. So a run never takes more
//! away than what was seen to be gone; everything else that can happen to a site takes nothing.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::clock;
use connectors::beschreibung::Leistungsbeschreibung;
use connectors::finding::{Finding, Rule};
use connectors::registration::Connector;
use connectors::run::web::{KnownPage, Scope, Sight};
use connectors::run::{Coverage, Validators};
use connectors::xzufi::read::Envelope;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::reading::Input;
use super::{Applied, Indexer, Outcome, Phase, RunError, Running};
use crate::crawl::CrawlError;
use crate::crawl::web::{Said, Visit, visit};
use crate::store::PageRow;

/// What is kept of one page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Kept {
    items: Vec<Item>,
    findings: Vec<Finding>,
}

/// One Leistung that a page describes, or described.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    said: Leistungsbeschreibung,
    /// When it was found missing first, in milliseconds; none while it is there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    missing_since: Option<i64>,
}

/// One line of the file that a run applies: what one page asks for.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct PageLine {
    /// The page.
    pub url: String,
    /// What it describes.
    pub descriptions: Vec<Leistungsbeschreibung>,
    /// What is not described anywhere any more, by its own id.
    pub removed: Vec<String>,
    /// What is wrong with the page.
    pub findings: Vec<Finding>,
    /// What to remember of it; none leaves it as it is remembered.
    row: Option<Row>,
    /// True when nothing need be remembered any more.
    forget: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    validators: Validators,
    visited: i64,
    filled: bool,
    body: String,
}

/// What became of one page.
struct Merged {
    kept: Kept,
    /// The ids of what is to go.
    expired: Vec<String>,
    /// Since when the first of what is missing is missing.
    missing_since: Option<i64>,
}

impl Kept {
    /// What follows from what was seen at `now`: `said` are the descriptions that are there, none where nothing is known
    /// to have changed since they were read.
    fn merged(self, said: Option<Vec<Leistungsbeschreibung>>, now: Timestamp, gone_after: Duration) -> Merged {
        let gone_after = SignedDuration::try_from(gone_after).unwrap_or(SignedDuration::MAX);
        let mut kept = Kept { items: Vec::new(), findings: self.findings };
        let (mut expired, mut missing_since) = (Vec::new(), None);
        let mut there = HashSet::new();
        let as_it_was = said.is_none();
        for said in said.into_iter().flatten() {
            there.insert(said.own_id());
            kept.items.push(Item { said, missing_since: None });
        }
        for mut item in self.items {
            let id = item.said.own_id();
            if there.contains(&id) {
                continue;
            }
            if item.missing_since.is_none() && as_it_was {
                kept.items.push(item);
                continue;
            }
            let first = item.missing_since.and_then(|first| Timestamp::from_millisecond(first).ok());
            match first {
                Some(first) if now.duration_since(first) >= gone_after => expired.push(id),
                _ => {
                    let since = first.unwrap_or(now).as_millisecond();
                    item.missing_since = Some(since);
                    missing_since = Some(missing_since.map_or(since, |known: i64| known.min(since)));
                    kept.items.push(item);
                }
            }
        }
        Merged { kept, expired, missing_since }
    }
}

impl Indexer {
    /// Goes through the pages of a site and applies what they say.
    pub(super) async fn web_run(
        &self,
        run: &mut Running,
        connector: &Connector,
        pages: Option<Vec<Url>>,
        cancel: &CancellationToken,
    ) -> Result<(Outcome, Applied), RunError> {
        let Connector::Web { url, sitemap, .. } = connector else {
            return Err(RunError::Crawl(CrawlError::OtherKind));
        };
        let id = run.portal.id.clone();
        let mut known = self.store.pages(&id).await?;
        if run.options.again {
            known.iter_mut().for_each(|page| page.validators = Validators::default());
        }
        let scope = match pages {
            Some(pages) => Scope::Pages(pages),
            None => Scope::Site { sitemap: sitemap.clone() },
        };
        let visit = visit(&id, url, scope, known.clone(), &self.fetcher, &self.spool_dir, cancel).await;
        let visit = visit.map_err(RunError::Crawl)?;
        let plan = self.spool_dir.join(id.as_str()).join("pages.plan.jsonl");
        let (gone, described) = self.write_plan(run, &known, &visit, &plan).await?;
        run.tally.extend(visit.findings.clone());
        let digest: String = Sha256::digest(gone.join("\n")).iter().map(|byte| format!("{byte:02x}")).collect();
        // Whoever releases a run has looked at what it takes away, and at nothing else.
        let released = run.options.release && run.released.as_ref().is_none_or(|released| *released == digest);
        let held = !released && run.portal.guard.holds(gone.len() as u64, described);
        run.digest = Some(digest);
        run.phase(Phase::Applying);
        let mut apply = self.store.begin(&id).await?;
        apply.keep_plan();
        let inputs = vec![Input::Pages(plan.clone())];
        let mut ended = match run.read_into(&mut apply, inputs, Envelope::IndexFile, self.limits).await? {
            true => {
                for line in lines(&plan)? {
                    let PageLine { url, row, forget, .. } = line?;
                    if forget {
                        apply.forget_page(&url).await?;
                    } else if let Some(Row { validators, visited, filled, body }) = row {
                        let visited = Timestamp::from_millisecond(visited).unwrap_or_default();
                        apply.remember_page(&PageRow { url, validators, visited, filled, body }).await?;
                    }
                }
                run.finish(&mut apply, Coverage::Part).await?
            }
            false => (Outcome::Failed, Applied::default()),
        };
        if held && ended.0 != Outcome::Failed {
            let value = format!("{} von {described} Leistungen der Website", gone.len());
            run.tally.extend(vec![Finding::new(Rule::GuardHeld).value(value)]);
            ended = (Outcome::Held, Applied::default());
        }
        run.tally.bytes = visit.bytes;
        run.end(apply, ended.0).await?;
        Ok(ended)
    }

    /// Writes the file that is to be applied, the pages in the order of their addresses; gives the ids of descriptions
    /// that go, and of how many.
    async fn write_plan(
        &self,
        run: &Running,
        known: &[KnownPage],
        visit: &Visit,
        path: &Path,
    ) -> Result<(Vec<String>, u64), RunError> {
        let fault = |error: std::io::Error| RunError::Read { path: path.to_owned(), reason: error.to_string() };
        let now = clock::now();
        let gone_after = self.fetcher.gone_after();
        let urls: BTreeSet<&str> =
            known.iter().map(|page| page.url.as_str()).chain(visit.seen.keys().map(String::as_str)).collect();
        let mut file = BufWriter::new(File::create(path).map_err(fault)?);
        let (mut expired, mut stay, mut described) = (BTreeSet::new(), HashSet::new(), 0);
        for url in urls {
            let before = known.iter().find(|page| page.url.as_str() == url);
            let sight = visit.seen.get(url).copied();
            let filled = before.is_some_and(|page| page.filled);
            let Some(sight) = sight else {
                let Some(page) = before.filter(|page| page.filled) else { continue };
                let kept = self.kept(run, page.url.as_str()).await?;
                stay.extend(kept.items.iter().map(|item| item.said.own_id()));
                described += kept.items.len() as u64;
                write_line(&mut file, &PageLine::of(url, &kept, None)).map_err(fault)?;
                continue;
            };
            let mut kept = if filled { self.kept(run, url).await? } else { Kept::default() };
            let was = kept.items.len() as u64;
            let mut validators = before.map(|page| page.validators.clone()).unwrap_or_default();
            let said = match sight {
                Sight::Unchanged => None,
                Sight::Read => {
                    let said: Said = visit.said(url).await.map_err(RunError::Crawl)?;
                    (validators, kept.findings) = (said.validators, said.findings);
                    Some(said.descriptions)
                }
                // What is gone must not be found unchanged when it is back; a page that names another as the right one
                // may be, as it says nothing itself.
                Sight::Gone | Sight::Elsewhere => {
                    let said: Said = visit.said(url).await.map_err(RunError::Crawl)?;
                    (validators, kept.findings) = (said.validators, Vec::new());
                    Some(Vec::new())
                }
            };
            let Merged { kept, expired: gone, missing_since } = kept.merged(said, now, gone_after);
            described += was.max(kept.items.len() as u64);
            stay.extend(kept.items.iter().map(|item| item.said.own_id()));
            expired.extend(gone);
            let filled = !kept.items.is_empty();
            let body = serde_json::to_string(&kept).map_err(|error| fault(error.into()))?;
            let row = Row { validators, visited: now.as_millisecond(), filled, body };
            let mut line = PageLine::of(url, &kept, Some(row));
            line.forget = sight == Sight::Gone && !filled;
            if let Some(since) = missing_since.and_then(|since| Timestamp::from_millisecond(since).ok()) {
                let value = format!("seit {}", since.strftime("%d.%m.%Y"));
                line.findings.push(Finding::new(Rule::WebPageGone).value(value).file(url));
            }
            write_line(&mut file, &line).map_err(fault)?;
        }
        let removed: Vec<String> = expired.into_iter().filter(|id| !stay.contains(id)).collect();
        let gone = removed.clone();
        if !gone.is_empty() {
            write_line(&mut file, &PageLine { removed, ..PageLine::default() }).map_err(fault)?;
        }
        file.flush().map_err(fault)?;
        Ok((gone, described))
    }

    /// What is kept of a page; one that this program cannot read is read anew with the next change.
    async fn kept(&self, run: &Running, url: &str) -> Result<Kept, RunError> {
        let body = self.store.page_body(&run.portal.id, url).await?;
        Ok(body.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default())
    }
}

impl PageLine {
    fn of(url: &str, kept: &Kept, row: Option<Row>) -> Self {
        Self {
            url: url.to_owned(),
            descriptions: kept.items.iter().map(|item| item.said.clone()).collect(),
            removed: Vec::new(),
            findings: kept.findings.clone(),
            row,
            forget: false,
        }
    }
}

fn write_line(file: &mut impl Write, line: &PageLine) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")
}

/// The lines of a file that [`Indexer::write_plan`] wrote.
pub(super) fn lines(path: &Path) -> Result<impl Iterator<Item = Result<PageLine, RunError>>, RunError> {
    let fault =
        |path: &PathBuf, error: std::io::Error| RunError::Read { path: path.clone(), reason: error.to_string() };
    let path = path.to_owned();
    let file = File::open(&path).map_err(|error| fault(&path, error))?;
    Ok(BufReader::new(file).lines().map(move |line| {
        let line = line.map_err(|error| fault(&path, error))?;
        serde_json::from_str(&line).map_err(|error| fault(&path, error.into()))
    }))
}

#[cfg(test)]
mod tests;

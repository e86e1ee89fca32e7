//! Collects what portals deliver: does what a run of `connectors` asks for, over HTTP or from a folder.
//!
//! Nothing is read or applied here. Files of an index go to a spool on disk under the digest of their content, so that
//! memory stays flat however large a delivery is, and so that a file that did not change since the last good run need
//! not be sent again. Blocks of a Bereitstelldienst are handed over one by one, because each is applied with its cursor.

mod fetch;
mod folder;
mod look;
mod pace;
pub mod pings;
pub mod schedule;
mod spool;
pub(crate) mod web;

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use config::clock;
use config::secret::{Secret, SecretError};
use connectors::finding::Finding;
use connectors::ids::PortalId;
use connectors::registration::Connector;
use connectors::run::{
    Block, Coverage, Cursor, Document, FimRun, Message, Outcome, Request, Run, Step, Validators, What,
};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

pub use fetch::{AskError, Fetcher, FetcherError, Peeked};
pub(crate) use fetch::{ProbeFault, Probed};
pub use look::Looked;
pub(crate) use pace::HOSTS;

use folder::Folder;
use spool::Spool;

/// Why a run brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// The portal is at fault; its last good state stays. At least one finding.
    #[error("the delivery cannot be collected: {}", .0.iter().map(Finding::sentence).collect::<Vec<_>>().join(" "))]
    Findings(Vec<Finding>),
    /// We were told to stop.
    #[error("the run was cancelled")]
    Cancelled,
    /// The spool cannot be written, because the disk is full for example.
    #[error("cannot keep fetched files in {}: {source}", path.display())]
    Spool {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder of a delivery cannot be opened.
    #[error("cannot open the folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The secret for the token cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Deliveries of this kind of connector are not collected in this way.
    #[error("a connector of this kind is not collected so")]
    OtherKind,
}

/// What the last good run knew of a file; kept by the caller from [`Collected::known`] to the next run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// SHA-256 of its bytes, in lower-case hexadecimal digits.
    pub sha256: String,
    /// What the server gave to ask again with.
    pub validators: Validators,
}

/// One file of a delivery, on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedFile {
    /// Its name in the index.
    pub name: String,
    /// Where its bytes are.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Number of bytes.
    pub bytes: u64,
    /// What the server gave to ask again with.
    pub validators: Validators,
    /// True when the last good run had the same bytes under this name.
    pub unchanged: bool,
}

/// A whole delivery of the index protocol, on disk; nothing is missing.
#[derive(Debug)]
pub struct Collected {
    /// The files in the order of the index, at least one.
    pub files: Vec<CollectedFile>,
    /// The whole stock, what is not in it is gone; of a FIM portal perhaps only what changed.
    pub coverage: Coverage,
    /// Where the next run against a FIM portal goes on.
    pub cursor: Option<Cursor>,
    spool: Option<Spool>,
}

impl Collected {
    /// What to give to [`collect`] the next time, by file name.
    pub fn known(&self) -> HashMap<String, Known> {
        let known = |file: &CollectedFile| Known { sha256: file.sha256.clone(), validators: file.validators.clone() };
        self.files.iter().map(|file| (file.name.clone(), known(file))).collect()
    }

    /// A digest of the names and contents in their order: two deliveries with the same are the same.
    pub fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        for file in &self.files {
            digest.update(file.name.as_bytes());
            digest.update([0]);
            digest.update(file.sha256.as_bytes());
        }
        spool::hex(&digest.finalize())
    }

    /// Removes from the spool what this delivery does not need. To be called when it was applied; a run that failed
    /// leaves its files until the next one begins.
    pub async fn settle(&self) -> Result<(), CrawlError> {
        match &self.spool {
            Some(spool) => spool.keep_only(self.files.iter().map(|file| file.sha256.clone()).collect()).await,
            None => Ok(()),
        }
    }
}

/// Collects one whole delivery of the index protocol, from a server or from a folder.
///
/// `known` is what the last good run left. Files from a server are kept in `spool`, one folder per portal; files of a
/// folder are left where they are and must not change before they are read. `told` learns how many of how many files are
/// there. Either every listed file is there in the
/// end, or this fails.
pub async fn collect(
    id: &PortalId,
    connector: &Connector,
    known: &HashMap<String, Known>,
    fetcher: &Fetcher,
    spool: &Path,
    mut told: impl FnMut(u64, u64),
    cancel: &CancellationToken,
) -> Result<Collected, CrawlError> {
    let source = match connector {
        Connector::XzufiIndex { .. } => {
            let spool = Spool::open(spool.join(id.as_str())).await?;
            spool.keep_only(known.values().map(|known| known.sha256.clone()).collect()).await?;
            Source::Server(spool)
        }
        Connector::XzufiFolder { folder, .. } => Source::Folder(Folder::open(folder).await?),
        _ => return Err(CrawlError::OtherKind),
    };
    let run = Run::new(connector, None, fetcher.limits()).ok_or(CrawlError::OtherKind)?;
    let mut drive = Drive { run, began: clock::monotonic(), fetcher, cancel };
    let perform = |request: Request| perform(request, &source, known, fetcher);
    match drive.advance(perform, &mut told).await? {
        Reached::Block(Block::Index(documents)) => {
            let files = documents.into_iter().map(|document| source.file(document)).collect();
            match drive.advance(perform, &mut told).await? {
                Reached::End(coverage) => Ok(Collected { files, coverage, cursor: None, spool: source.into_spool() }),
                Reached::Block(_) => Err(CrawlError::OtherKind),
            }
        }
        _ => Err(CrawlError::OtherKind),
    }
}

/// Collects what a FIM portal has, all of it or what changed, as `run` says; `known` is what the last whole run left.
///
/// Objects are kept in `spool` as files of an index are, so that one that did not change need not be sent again.
pub async fn collect_fim(
    id: &PortalId,
    run: FimRun,
    known: &HashMap<String, Known>,
    fetcher: &Fetcher,
    spool: &Path,
    mut told: impl FnMut(u64, u64),
    cancel: &CancellationToken,
) -> Result<Collected, CrawlError> {
    let spool = Spool::open(spool.join(id.as_str())).await?;
    spool.keep_only(known.values().map(|known| known.sha256.clone()).collect()).await?;
    let source = Source::Server(spool);
    let mut drive = Drive { run: Run::Fim(Box::new(run)), began: clock::monotonic(), fetcher, cancel };
    let perform = |request: Request| perform(request, &source, known, fetcher);
    let Reached::Block(Block::Index(documents)) = drive.advance(perform, &mut told).await? else {
        return Err(CrawlError::OtherKind);
    };
    let files = documents.into_iter().map(|document| source.file(document)).collect();
    let Reached::End(coverage) = drive.advance(perform, &mut told).await? else {
        return Err(CrawlError::OtherKind);
    };
    let cursor = match &drive.run {
        Run::Fim(run) => run.cursor().cloned(),
        Run::Index(_) | Run::Bereitstelldienst(_) => None,
    };
    Ok(Collected { files, coverage, cursor, spool: source.into_spool() })
}

/// A run against a Bereitstelldienst, block by block.
///
/// The caller applies a block and keeps its cursor in one transaction before it asks for the next block. A block that
/// cannot be applied ends the run: the caller stops asking, and the kept cursor stays.
#[derive(Debug)]
pub struct Blocks<'a> {
    drive: Drive<'a>,
    secret: Option<Secret>,
}

impl<'a> Blocks<'a> {
    /// A run that goes on from `cursor`, or begins anew where there is none.
    pub async fn open(
        connector: &Connector,
        cursor: Option<Cursor>,
        fetcher: &'a Fetcher,
        cancel: &'a CancellationToken,
    ) -> Result<Self, CrawlError> {
        let Connector::Bereitstelldienst { client_secret_file, .. } = connector else {
            return Err(CrawlError::OtherKind);
        };
        let secret = match client_secret_file.clone() {
            Some(file) => Some(blocking(move || Secret::read(&file)).await?),
            None => None,
        };
        let run = Run::new(connector, cursor, fetcher.limits()).ok_or(CrawlError::OtherKind)?;
        Ok(Self { drive: Drive { run, began: clock::monotonic(), fetcher, cancel }, secret })
    }

    /// The next block, or none when the service has no more for now.
    pub async fn next_block(&mut self) -> Result<Option<Message>, CrawlError> {
        let (fetcher, secret) = (self.drive.fetcher, self.secret.as_ref());
        let perform = |request: Request| async move {
            let outcome = fetcher.control(&request, secret).await;
            Ok((request.id, outcome))
        };
        match self.drive.advance(perform, &mut |_, _| ()).await? {
            Reached::Block(Block::Message(message)) => Ok(Some(*message)),
            Reached::Block(Block::Index(_)) => Err(CrawlError::OtherKind),
            Reached::End(_) => Ok(None),
        }
    }
}

/// Where the files of an index come from.
#[derive(Debug)]
enum Source {
    Server(Spool),
    Folder(Folder),
}

impl Source {
    fn file(&self, document: Document) -> CollectedFile {
        let Document { name, stored } = document;
        let path = match self {
            Self::Server(spool) => spool.path(&stored.sha256),
            Self::Folder(folder) => folder.path(&name),
        };
        CollectedFile {
            name,
            path,
            sha256: stored.sha256,
            bytes: stored.bytes,
            validators: stored.validators,
            unchanged: stored.unchanged,
        }
    }

    fn into_spool(self) -> Option<Spool> {
        match self {
            Self::Server(spool) => Some(spool),
            Self::Folder(_) => None,
        }
    }
}

/// Does what a run of the index protocol asks for.
async fn perform(
    request: Request,
    source: &Source,
    known: &HashMap<String, Known>,
    fetcher: &Fetcher,
) -> Result<(u64, Outcome), CrawlError> {
    let outcome = match (&request.what, source) {
        (What::Document(name), Source::Server(spool)) => {
            fetcher.document(&request, known.get(name), spool).await.map_err(|source| {
                let path = spool.folder().to_owned();
                CrawlError::Spool { path, source }
            })?
        }
        (What::Document(name), Source::Folder(folder)) => {
            folder.document(name, request.max_bytes, known.get(name)).await
        }
        (_, Source::Server(_)) => fetcher.control(&request, None).await,
        (_, Source::Folder(folder)) => folder.control(&request.place.to_string(), request.max_bytes).await,
    };
    Ok((request.id, outcome))
}

/// A run and what it needs to move.
#[derive(Debug)]
struct Drive<'a> {
    run: Run,
    began: Instant,
    fetcher: &'a Fetcher,
    cancel: &'a CancellationToken,
}

/// Where a run stopped.
enum Reached {
    Block(Block),
    End(Coverage),
}

impl Drive<'_> {
    /// Moves the run to its next block or to its end, with as many requests at a time as the fetcher may make.
    async fn advance<F, P>(&mut self, perform: P, told: &mut impl FnMut(u64, u64)) -> Result<Reached, CrawlError>
    where
        F: Future<Output = Result<(u64, Outcome), CrawlError>>,
        P: Fn(Request) -> F,
    {
        let mut open = FuturesUnordered::new();
        loop {
            while open.len() < self.fetcher.parallel() {
                match self.run.next_step(self.began.elapsed()) {
                    Step::Fetch(request) => {
                        let wait = request.wait;
                        let answer = perform(request);
                        open.push(async move {
                            if wait > Duration::ZERO {
                                tokio::time::sleep(wait).await;
                            }
                            answer.await
                        });
                    }
                    Step::Pending => break,
                    Step::Apply(block) => return Ok(Reached::Block(block)),
                    Step::Finished(coverage) => return Ok(Reached::End(coverage)),
                    Step::Failed(findings) => return Err(CrawlError::Findings(findings)),
                }
            }
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(CrawlError::Cancelled),
                Some(answer) = open.next() => {
                    let (id, outcome) = answer?;
                    self.run.answer(id, outcome, self.began.elapsed());
                    if let Some((there, all)) = self.run.files() {
                        told(there, all);
                    }
                }
            }
        }
    }
}

/// Runs disk or CPU work off the threads that drive connections.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is shutting down cancels blocking work, and then nobody waits for it.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests;

//! One run against one portal, as a state machine that never does I/O.
//!
//! A run is asked for the next [`Step`]; the indexer does it and gives the [`Outcome`] back. So a whole run replays from
//! texts without a network and without a clock: time comes in as the time since the run began. Files of a delivery stay
//! where the indexer put them and are named here only; what steers the run (index file, envelope, token) comes in as
//! bytes.

mod bereitstelldienst;
mod fim;
mod index;
mod retry;
pub mod web;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

pub use bereitstelldienst::BereitstelldienstRun;
pub use fim::{FimPart, FimRun, FimSource};
pub use index::{IndexRun, read_index};

use crate::finding::{Finding, Rule};
use crate::registration::Connector;

/// The bounds of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an index file.
    pub max_index_bytes: u64,
    /// Files that an index may list.
    pub max_files: usize,
    /// Bytes of one listed file.
    pub max_file_bytes: u64,
    /// Bytes of all listed files together.
    pub max_run_bytes: u64,
    /// Bytes of one envelope of the Bereitstelldienst.
    pub max_envelope_bytes: u64,
    /// Blocks of the Bereitstelldienst in one run; the next run goes on from the kept cursor.
    pub max_blocks: u64,
    /// How often one request is made before the run is given up; at least 1.
    pub max_tries: u32,
    /// Wait before the second try; it doubles with each further one.
    pub retry_wait: Duration,
    /// The longest wait, and the longest `Retry-After` that is waited for within a run.
    pub max_wait: Duration,
    /// Pages of a site that one run reads.
    pub max_pages: usize,
    /// Bytes of one page.
    pub max_page_bytes: u64,
    /// The least time between two requests for the pages of one host; robots.txt can ask for more.
    pub pace: Duration,
    /// How long after a page was first found gone it has to be found so once more before its records go.
    pub gone_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_index_bytes: 4 << 20,
            max_files: 10_000,
            max_file_bytes: 1 << 30,
            max_run_bytes: 8 << 30,
            max_envelope_bytes: 64 << 20,
            max_blocks: 100_000,
            max_tries: 4,
            retry_wait: Duration::from_secs(1),
            max_wait: Duration::from_secs(60),
            max_pages: 10_000,
            max_page_bytes: 4 << 20,
            pace: Duration::from_secs(1),
            gone_after: Duration::from_hours(3 * 24),
        }
    }
}

/// What a run wants done next.
#[derive(Debug)]
pub enum Step {
    /// Make this request and answer it. Further steps may be asked for meanwhile.
    Fetch(Request),
    /// Nothing to do until one of the open requests is answered.
    Pending,
    /// Apply this block, and keep its cursor in the same transaction; then ask for the next step.
    Apply(Block),
    /// The run is done.
    Finished(Coverage),
    /// The run is given up, and the portal's last good state stays.
    Failed(Vec<Finding>),
}

/// How much of the portal's stock a finished run has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// All of it: what the run did not bring is gone.
    Whole,
    /// Changes only: what the run did not bring is untouched.
    Part,
}

/// One thing to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The number by which the answer names it; a repeated try keeps it.
    pub id: u64,
    /// What is fetched.
    pub what: What,
    /// Where it is.
    pub place: Place,
    /// The most bytes that are taken.
    pub max_bytes: u64,
    /// How long to wait before the request is made.
    pub wait: Duration,
    /// The value of the `Authorization` field, if the service wants one.
    pub authorization: Option<Authorization>,
}

/// What a request brings, and so how its answer is handed back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The index file, handed back as [`Outcome::Body`].
    Index,
    /// The listed file of this name, kept by the indexer and handed back as [`Outcome::Stored`]; validators of the last
    /// run may be sent.
    Document(String),
    /// An envelope of the Bereitstelldienst, handed back as [`Outcome::Body`].
    Envelope,
    /// An access token by OAuth2 client credentials, handed back as [`Outcome::Body`]. It is a POST with the form
    /// `grant_type=client_credentials&client_id=…&client_secret=…`; the secret is known to the indexer alone.
    Token {
        /// The `client_id` of the form.
        client_id: String,
    },
}

/// Where a thing is fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An address; redirects stay on its origin.
    Url(Url),
    /// A file of this name directly in the portal's folder.
    File(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url.as_str()),
            Self::File(name) => f.write_str(name),
        }
    }
}

/// The value of an `Authorization` field; its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization(String);

impl Authorization {
    /// The value as it is sent.
    pub fn header(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization(…)")
    }
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Status 200, and this is the whole body.
    Body(Vec<u8>),
    /// Status 200, or 304 with the file of the last run at hand: the indexer holds the document.
    Stored(Stored),
    /// Any other status.
    Status {
        /// The status.
        status: u16,
        /// How long the server asks us to wait, if it does.
        retry_after: Option<Duration>,
    },
    /// There was no answer to speak of.
    Fault(Fault),
}

/// What the indexer knows of a document that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the bytes, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Number of bytes.
    pub bytes: u64,
    /// What the next run may ask with.
    pub validators: Validators,
    /// True when the bytes are those of the last good run.
    pub unchanged: bool,
}

/// What a server gave to ask again with (RFC 9110, section 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, as it was sent.
    pub etag: Option<String>,
    /// `Last-Modified`, as it was sent.
    pub last_modified: Option<String>,
}

/// Why a request got no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The address may not be dialled.
    Refused(String),
    /// No connection, or it was lost before the answer began.
    Unreachable(String),
    /// The answer ended before its announced end.
    Cut,
    /// The answer was not there in this time.
    Timeout(Duration),
    /// The answer is larger than this number of bytes.
    TooLarge(u64),
    /// A redirect led out of the registered origin, to this address.
    RedirectForeign(String),
    /// Too many redirects, the last of them to this address.
    RedirectLoop(String),
    /// The answer is there and cannot be used, or a file cannot be read.
    Unusable(String),
}

impl Fault {
    /// The same as a finding for the portal's editors.
    pub fn finding(&self) -> Finding {
        match self {
            Self::Refused(address) => Finding::new(Rule::AddressRefused).value(address),
            Self::Unreachable(reason) | Self::Unusable(reason) => Finding::new(Rule::FetchFailed).value(reason),
            Self::Cut => Finding::new(Rule::FetchCut),
            Self::Timeout(time) => Finding::new(Rule::FetchTimeout).value(format!("{} s", time.as_secs_f32())),
            Self::TooLarge(limit) => Finding::new(Rule::FetchTooLarge).value(format!("{limit} Byte")),
            Self::RedirectForeign(address) => Finding::new(Rule::RedirectForeign).value(address),
            Self::RedirectLoop(address) => Finding::new(Rule::RedirectLoop).value(address),
        }
    }
}

/// What is applied in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// All files of an index, in its order.
    Index(Vec<Document>),
    /// One message of the Bereitstelldienst.
    Message(Box<Message>),
}

/// One block of the Bereitstelldienst.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The XZuFi message as text.
    pub xml: String,
    /// The address that gave it, for findings.
    pub from: Url,
    /// Where the next request goes on; to be kept together with the block.
    pub cursor: Cursor,
    /// How many objects the service says are in it.
    pub objects: u64,
    /// True when the service has no more for now.
    pub complete: bool,
}

/// One file of an index run, held by the indexer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name in the index.
    pub name: String,
    /// What the indexer holds.
    pub stored: Stored,
}

/// Where the next run against a Bereitstelldienst or a FIM portal begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The registered address that the reading began with; a cursor of another one is not used.
    pub start: Url,
    /// `naechsteAnfrageUrl`; of a FIM portal its address with `updated_since`.
    pub url: Url,
    /// `naechsterIndex`; of a FIM portal when the last whole pass began, in seconds since 1970.
    pub index: u64,
}

/// One run, of any kind.
#[derive(Debug)]
pub enum Run {
    /// The index protocol of the Sammlerdienst.
    Index(Box<IndexRun>),
    /// The Bereitstelldienst of the PVOG.
    Bereitstelldienst(Box<BereitstelldienstRun>),
    /// The FIM portal.
    Fim(Box<FimRun>),
}

impl Run {
    /// A run as `connector` says, going on from `cursor` where there is one; none when nothing is fetched.
    pub fn new(connector: &Connector, cursor: Option<Cursor>, limits: Limits) -> Option<Self> {
        match connector {
            Connector::XzufiIndex { url, .. } => Some(Self::Index(Box::new(IndexRun::over_http(url.clone(), limits)))),
            Connector::XzufiFolder { .. } => Some(Self::Index(Box::new(IndexRun::in_folder(limits)))),
            Connector::Bereitstelldienst { url, token_url, client_id, .. } => {
                let token = token_url.clone().zip(client_id.clone());
                let run = BereitstelldienstRun::new(url.clone(), token, cursor, limits);
                Some(Self::Bereitstelldienst(Box::new(run)))
            }
            // Pages have a run of their own, `web::WebRun`; a FIM portal is asked by the clock, see `FimRun::new`.
            Connector::Web { .. } | Connector::Fim { .. } | Connector::Push {} => None,
        }
    }

    /// What is to be done next, `elapsed` after the run began.
    pub fn next_step(&mut self, elapsed: Duration) -> Step {
        match self {
            Self::Index(run) => run.next_step(),
            Self::Bereitstelldienst(run) => run.next_step(elapsed),
            Self::Fim(run) => run.next_step(elapsed),
        }
    }

    /// How many of the listed files are there, and how many are listed; none where there is no list, or not yet.
    pub fn files(&self) -> Option<(u64, u64)> {
        match self {
            Self::Index(run) => run.files(),
            Self::Bereitstelldienst(_) => None,
            Self::Fim(run) => run.files(),
        }
    }

    /// Takes the outcome of request `id`; of a request that is not open it is ignored.
    pub fn answer(&mut self, id: u64, outcome: Outcome, elapsed: Duration) {
        match self {
            Self::Index(run) => run.answer(id, outcome),
            Self::Bereitstelldienst(run) => run.answer(id, outcome, elapsed),
            Self::Fim(run) => run.answer(id, outcome, elapsed),
        }
    }
}

#[cfg(test)]
mod tests;

//! Tells search engines which pages are new, have changed or are gone, by the protocol of indexnow.org.
//!
//! What is told comes out of the lists of pages, so it is what can be seen that changed, whatever a portal delivered.
//! It waits on the disk until each search engine took it; how each answered is kept. Source of the statuses: indexnow.org.

mod queue;
mod state;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::routing::get;
use config::clock;
use http::{Request, Response, header};
use indexer::crawl::Fetcher;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::metrics::Metrics;
use crate::sitemap::absolute;
use queue::{Batch, Queue};
use state::{Receipt, State};

pub use state::Outcome;

/// How often is looked whether there is something to tell.
const LOOK: Duration = Duration::from_secs(1);
/// Bytes of an answer that are read.
const MAX_ANSWER: u64 = 64 << 10;
/// Bytes of old lines in the queue that are worth writing it anew.
const WORTH: u64 = 4 << 20;

/// Tells search engines.
pub struct Announcer {
    dir: PathBuf,
    base: Url,
    key: String,
    endpoints: Vec<Url>,
    fetcher: Arc<Fetcher>,
    /// None until this process is the one that makes the lists.
    open: Mutex<Option<Open>>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct Open {
    queue: Queue,
    state: State,
}

/// A message that is due.
struct Due {
    endpoint: Url,
    batch: Batch,
}

impl Announcer {
    /// Tells whom `config` names of pages below its public address; none where it names nobody.
    pub fn new(config: &config::Config, fetcher: Arc<Fetcher>, metrics: Arc<Metrics>) -> Option<Arc<Self>> {
        let key = config.indexnow.key.clone().filter(|_| !config.indexnow.endpoints.is_empty())?;
        Some(Arc::new(Self {
            dir: config.announce_dir(),
            base: config.server.public_url.clone(),
            key,
            endpoints: config.indexnow.endpoints.clone(),
            fetcher,
            open: Mutex::new(None),
            metrics,
        }))
    }

    /// Runs `work` on what is on the disk, which is opened the first time.
    fn with<T>(&self, work: impl FnOnce(&mut Open) -> io::Result<T>) -> io::Result<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match &mut *open {
            Some(known) => known,
            none => {
                let queue = Queue::open(self.dir.join("queue.tsv"))?;
                let mut state = State::open(&self.dir.join("state.json"))?;
                let endpoints: Vec<String> = self.endpoints.iter().map(Url::to_string).collect();
                state.tell(&endpoints, queue.first(), queue.end());
                state.save()?;
                none.insert(Open { queue, state })
            }
        };
        work(known)
    }

    /// Takes the right to tell: this process makes the lists.
    pub fn begin(&self) -> io::Result<()> {
        self.with(|_| Ok(()))
    }

    /// Takes what changed: lines of path and hash.
    pub fn take(&self, changes: &Path, now: Timestamp) -> io::Result<()> {
        let lines = BufReader::new(File::open(changes)?).lines();
        let read = |line: io::Result<String>| -> io::Result<(String, u64)> {
            let line = line?;
            let change =
                line.split_once('\t').and_then(|(path, hash)| Some((path, u64::from_str_radix(hash, 16).ok()?)));
            let (path, hash) =
                change.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no line of changes"))?;
            Ok((path.to_owned(), hash))
        };
        self.with(|open| open.queue.take(lines.map(read), now)).map(|_| ())
    }

    /// What is to be sent now; nothing before this process makes the lists.
    fn due(&self, now: Timestamp) -> io::Result<Vec<Due>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Open { queue, state }) = &mut *open else { return Ok(Vec::new()) };
        let mut due = Vec::new();
        for endpoint in &self.endpoints {
            let Some(known) = state.endpoints.get(endpoint.as_str()) else { continue };
            if known.told < queue.end() && known.not_before.is_none_or(|at| at <= now) {
                due.push(Due { endpoint: endpoint.clone(), batch: queue.batch(known.told)? });
            }
        }
        Ok(due)
    }

    fn message(&self, due: &Due) -> Result<Request<Vec<u8>>, http::Error> {
        let urls: Vec<String> = due.batch.paths.iter().filter_map(|path| absolute(&self.base, path)).collect();
        let body = json!({
            "host": self.base.host_str().unwrap_or_default(),
            "key": self.key,
            "keyLocation": absolute(&self.base, &format!("/{}.txt", self.key)),
            "urlList": urls,
        });
        Request::post(due.endpoint.as_str())
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.to_string().into_bytes())
    }

    async fn send(&self, due: &Due) -> Option<Response<Vec<u8>>> {
        let request = match self.message(due) {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(%error, "a message to a search engine cannot be made");
                return None;
            }
        };
        match self.fetcher.ask(request, MAX_ANSWER).await {
            Ok(response) => Some(response),
            Err(error) => {
                tracing::warn!(endpoint = due.endpoint.host_str(), %error, "a search engine does not answer");
                None
            }
        }
    }

    fn answered(&self, due: &Due, answer: Option<&Response<Vec<u8>>>, now: Timestamp) -> io::Result<()> {
        let status = answer.map(|answer| answer.status().as_u16());
        let outcome = status.map_or(Outcome::Later, Outcome::of);
        self.metrics.engines.told(outcome, due.batch.paths.len());
        tracing::info!(
            endpoint = due.endpoint.host_str(),
            urls = due.batch.paths.len(),
            status,
            outcome = outcome.name(),
            "a search engine was told of pages"
        );
        let retry_after = answer.and_then(|answer| retry_after(answer, now));
        let endpoint = due.endpoint.to_string();
        let receipt = Receipt { at: now, endpoint, urls: due.batch.paths.len(), status };
        self.with(|open| {
            open.state.answered(receipt, due.batch.until, retry_after);
            open.state.save()?;
            let told = open.state.endpoints.values().map(|endpoint| endpoint.told).min().unwrap_or(0);
            open.queue.shorten(told, now, WORTH)
        })
    }

    /// What is known, for those who run this.
    fn report(&self) -> Value {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Open { queue, state }) = &*open else {
            return json!({ "enabled": true, "here": false, "endpoints": [], "receipts": [] });
        };
        let endpoints = state.endpoints.iter().map(|(url, known)| {
            json!({
                "url": url, "up_to_date": known.told >= queue.end(), "not_before": known.not_before,
                "failures": known.failures,
            })
        });
        let endpoints: Vec<Value> = endpoints.collect();
        json!({ "enabled": true, "here": true, "endpoints": endpoints, "receipts": state.receipts })
    }
}

/// The wait that an answer asks for, in seconds or as a date.
fn retry_after(answer: &Response<Vec<u8>>, now: Timestamp) -> Option<SignedDuration> {
    let said = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = said.parse::<i64>() {
        return Some(SignedDuration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(said).ok()?;
    Some(Timestamp::try_from(at).ok()?.duration_since(now))
}

/// Tells until `stop`.
pub async fn keep(announcer: Arc<Announcer>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        let looking = Arc::clone(&announcer);
        let due = match tokio::task::spawn_blocking(move || looking.due(clock::now())).await {
            Ok(Ok(due)) => due,
            Ok(Err(error)) => {
                tracing::error!(%error, "cannot see what search engines are to be told");
                continue;
            }
            Err(_) => continue,
        };
        for due in due {
            // A message that is given up here is sent again by the next process.
            let Some(answer) = stop.run_until_cancelled(announcer.send(&due)).await else { return };
            let noting = Arc::clone(&announcer);
            let noted = tokio::task::spawn_blocking(move || noting.answered(&due, answer.as_ref(), clock::now())).await;
            if let Ok(Err(error)) = noted {
                tracing::error!(%error, "cannot keep what a search engine said");
            }
        }
    }
}

/// The file that shows the key.
pub fn pages(config: &config::IndexNow) -> Router {
    let Some(key) = config.key.clone() else { return Router::new() };
    let path = format!("/{key}.txt");
    Router::new()
        .route(&path, get(move || async move { ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], key.clone()) }))
}

/// `/indexnow` of the internal side: up to where each search engine was told, and the last messages.
pub fn inside(announcer: Option<Arc<Announcer>>) -> Router {
    let report = move || {
        let announcer = announcer.clone();
        async move {
            let off = || json!({ "enabled": false, "here": false, "endpoints": [], "receipts": [] });
            Json(announcer.map_or_else(off, |announcer| announcer.report()))
        }
    };
    Router::new().route("/indexnow", get(report))
}

//! Fetches over HTTP: capped in size and time, only where egress lets us, redirects within one origin.
//!
//! One call makes one request (and follows its redirects); whether it is made again is the run's decision. Answers are
//! asked for without compression, so the size that is limited is the size that is read.

mod ask;
mod page;
mod peek;
mod probe;

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use config::secret::Secret;
use config::{Config, clock};
use connectors::egress::{Egress, Refused, same_origin};
use connectors::run::{Fault, Limits, Outcome, Place, Request, Stored, Validators, What};
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, Response, redirect};
use tracing::warn;
use url::Url;

pub use ask::AskError;
pub use peek::Peeked;
pub(crate) use probe::{ProbeFault, Probed};

use super::Known;
use super::spool::{Spool, Writing};

pub(crate) use page::Fetched;

/// The most redirects that are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// Bytes that are gathered before they are written.
const PIECE_BYTES: usize = 256 << 10;

/// Pages of a site that a bounded run reads: enough to see what they say, within the pace of their host.
const BOUNDED_PAGES: usize = 20;

/// The longest validator that is kept, in bytes.
const MAX_VALIDATOR_BYTES: usize = 1024;

/// Why nothing can be fetched at all.
#[derive(Debug, thiserror::Error)]
pub enum FetcherError {
    /// The HTTP client cannot be built.
    #[error("cannot build the HTTP client")]
    Client(#[from] reqwest::Error),
}

/// Makes requests to portals. One for the whole process, because it keeps connections open.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    egress: Egress,
    limits: Limits,
    parallel: usize,
    idle: Duration,
    total: Duration,
}

impl Fetcher {
    /// A fetcher as `config` says. It calls itself `Portalverbund.NRW/<version>` and names the public address.
    pub fn new(config: &Config) -> Result<Self, FetcherError> {
        let egress = config.egress.rule();
        let builder = || -> ClientBuilder {
            let agent = concat!("Portalverbund.NRW/", env!("CARGO_PKG_VERSION"));
            Client::builder()
                .user_agent(format!("{agent} (+{})", config.server.public_url))
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .no_proxy()
                .dns_resolver(Arc::new(PublicNames(egress.clone())))
                .connect_timeout(Duration::from_secs(config.crawl.connect_timeout_s))
        };
        let client = builder().build().or_else(|error| {
            // A machine without certificates of authorities can still collect from folders and over http.
            warn!(error = %Chain(&error), "no https to portals: there are no trusted certificates on this machine");
            builder().tls_certs_only([]).build()
        })?;
        Ok(Self {
            client,
            egress,
            limits: config.crawl.limits(),
            parallel: config.crawl.parallel,
            idle: Duration::from_secs(config.crawl.idle_timeout_s),
            total: Duration::from_secs(config.crawl.timeout_s),
        })
    }

    /// The same, with a smaller bound for all that one run fetches; connections are shared.
    #[must_use]
    pub fn bounded(&self, max_run_bytes: u64) -> Self {
        let mut bounded = self.clone();
        bounded.limits.max_run_bytes = bounded.limits.max_run_bytes.min(max_run_bytes);
        bounded.limits.max_file_bytes = bounded.limits.max_file_bytes.min(max_run_bytes);
        bounded.limits.max_pages = bounded.limits.max_pages.min(BOUNDED_PAGES);
        bounded
    }

    /// The bounds of one run.
    pub(crate) fn limits(&self) -> Limits {
        self.limits.clone()
    }

    /// How long a page that is gone keeps its records.
    pub(crate) fn gone_after(&self) -> Duration {
        self.limits.gone_after
    }

    /// How many requests of one run are open at a time; at least 1.
    pub(super) fn parallel(&self) -> usize {
        self.parallel.max(1)
    }

    /// Fetches something that steers a run; `secret` goes into the form of a token request and nowhere else.
    pub(super) async fn control(&self, request: &Request, secret: Option<&Secret>) -> Outcome {
        let fetch = async {
            let (response, _) = match &request.what {
                What::Token { client_id } => self.post_token(request, client_id, secret).await?,
                _ => self.get(request, HeaderMap::new()).await?,
            };
            if response.status() != 200 {
                return Ok(status_of(&response));
            }
            let mut body = self.body(response, request.max_bytes)?;
            let mut bytes = Vec::new();
            while let Some(piece) = body.next().await? {
                bytes.extend_from_slice(&piece);
            }
            Ok(Outcome::Body(bytes))
        };
        match self.in_time(fetch).await {
            Ok(outcome) => outcome,
            Err(Stop::Fault(fault)) => Outcome::Fault(fault),
            // Nothing is written here.
            Err(Stop::Disk(error)) => Outcome::Fault(Fault::Unusable(error.to_string())),
        }
    }

    /// Fetches a document into `spool`, or finds that what is known of it still holds.
    ///
    /// Fails when the spool cannot be written; every other fault is an outcome.
    pub(super) async fn document(
        &self,
        request: &Request,
        known: Option<&Known>,
        spool: &Spool,
    ) -> Result<Outcome, io::Error> {
        let fetch = async {
            let conditions = known.filter(|known| spool.path(&known.sha256).is_file()).map(conditions);
            let conditional = conditions.as_ref().is_some_and(|fields| !fields.is_empty());
            let (mut response, _) = self.get(request, conditions.unwrap_or_default()).await?;
            if let (304, true, Some(known)) = (response.status().as_u16(), conditional, known) {
                if let Some(bytes) = spool.verified(&known.sha256).await {
                    let validators = merged(validators(response.headers()), &known.validators);
                    return Ok(Outcome::Stored(Stored {
                        sha256: known.sha256.clone(),
                        bytes,
                        validators,
                        unchanged: true,
                    }));
                }
                (response, _) = self.get(request, HeaderMap::new()).await?;
            }
            if response.status() != 200 {
                return Ok(status_of(&response));
            }
            let validators = validators(response.headers());
            let mut writing = spool.begin().await.map_err(Stop::Disk)?;
            let mut body = self.body(response, request.max_bytes)?;
            let mut gathered = Vec::new();
            while let Some(piece) = body.next().await? {
                gathered.extend_from_slice(&piece);
                if gathered.len() >= PIECE_BYTES {
                    writing = write(writing, std::mem::take(&mut gathered)).await?;
                }
            }
            writing = write(writing, gathered).await?;
            let (sha256, bytes) = spool.finish(writing).await.map_err(Stop::Disk)?;
            let unchanged = known.is_some_and(|known| known.sha256 == sha256);
            Ok(Outcome::Stored(Stored { sha256, bytes, validators, unchanged }))
        };
        match self.in_time(fetch).await {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Fault(fault)) => Ok(Outcome::Fault(fault)),
            Err(Stop::Disk(error)) => Err(error),
        }
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        tokio::time::timeout(self.total, work).await.unwrap_or(Err(Stop::Fault(Fault::Timeout(self.total))))
    }

    /// A GET that follows redirects within the origin; gives the answer and the address that gave it.
    async fn get(&self, request: &Request, mut fields: HeaderMap) -> Result<(Response, Url), Stop> {
        if let Some(authorization) = &request.authorization {
            let mut value = HeaderValue::from_str(authorization.header())
                .map_err(|_| Fault::Unusable("Token mit unerlaubten Zeichen".into()))?;
            value.set_sensitive(true);
            fields.insert(AUTHORIZATION, value);
        }
        fields.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let origin = web_place(request)?.clone();
        let mut url = origin.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(self.client.get(url.clone()).headers(fields.clone()), &url).await?;
            let location = match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => response.headers().get(LOCATION),
                _ => None,
            };
            let Some(location) = location else { return Ok((response, url)) };
            let next = std::str::from_utf8(location.as_bytes()).ok().and_then(|text| url.join(text).ok());
            let next = next.ok_or_else(|| Fault::Unusable("Umleitung ohne gültige Adresse".into()))?;
            if !same_origin(&origin, &next) {
                return Err(Fault::RedirectForeign(next.to_string()).into());
            }
            url = next;
        }
        Err(Fault::RedirectLoop(url.to_string()).into())
    }

    async fn post_token(
        &self,
        request: &Request,
        client_id: &str,
        secret: Option<&Secret>,
    ) -> Result<(Response, Url), Stop> {
        let url = web_place(request)?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", secret.map_or("", Secret::expose)),
        ];
        let builder = self.client.post(url.clone()).header(ACCEPT_ENCODING, "identity").form(&form);
        Ok((self.send(builder, url).await?, url.clone()))
    }

    async fn send(&self, builder: reqwest::RequestBuilder, url: &Url) -> Result<Response, Stop> {
        // The client asks its resolver about names only, so an address in the URL is judged here.
        self.egress.check_url(url).map_err(|_| Fault::Refused(url.to_string()))?;
        match tokio::time::timeout(self.idle, builder.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if refused(&error) => Err(Fault::Refused(url.to_string()).into()),
            Ok(Err(error)) => Err(Fault::Unreachable(Chain(&error.without_url()).to_string()).into()),
            Err(_) => Err(Fault::Timeout(self.idle).into()),
        }
    }

    fn body(&self, response: Response, max_bytes: u64) -> Result<Body, Stop> {
        if let Some(encoding) = response.headers().get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
            let encoding = String::from_utf8_lossy(encoding.as_bytes());
            return Err(Fault::Unusable(format!("Content-Encoding {encoding}")).into());
        }
        if response.content_length().is_some_and(|announced| announced > max_bytes) {
            return Err(Fault::TooLarge(max_bytes).into());
        }
        Ok(Body { response, left: max_bytes, max_bytes, idle: self.idle })
    }
}

/// The body of an answer, piece by piece.
struct Body {
    response: Response,
    left: u64,
    max_bytes: u64,
    idle: Duration,
}

impl Body {
    async fn next(&mut self) -> Result<Option<bytes::Bytes>, Stop> {
        let piece = match tokio::time::timeout(self.idle, self.response.chunk()).await {
            Ok(Ok(piece)) => piece,
            Ok(Err(_)) => return Err(Fault::Cut.into()),
            Err(_) => return Err(Fault::Timeout(self.idle).into()),
        };
        if let Some(piece) = &piece {
            self.left = self.left.checked_sub(piece.len() as u64).ok_or(Fault::TooLarge(self.max_bytes))?;
        }
        Ok(piece)
    }
}

/// Why a request came to nothing.
enum Stop {
    Fault(Fault),
    Disk(io::Error),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

async fn write(writing: Writing, piece: Vec<u8>) -> Result<Writing, Stop> {
    writing.write(piece).await.map_err(Stop::Disk)
}

fn web_place(request: &Request) -> Result<&Url, Fault> {
    match &request.place {
        Place::Url(url) => Ok(url),
        Place::File(name) => Err(Fault::Unusable(format!("{name} ist keine Adresse"))),
    }
}

fn status_of(response: &Response) -> Outcome {
    Outcome::Status { status: response.status().as_u16(), retry_after: retry_after_of(response) }
}

fn retry_after_of(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    retry_after_in(text, clock::now())
}

/// The time that a `Retry-After` asks for, written as seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after_in(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}

fn validators(fields: &HeaderMap) -> Validators {
    let text = |name: HeaderName| {
        let value = fields.get(name)?.to_str().ok()?;
        (!value.is_empty() && value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
    };
    Validators { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
}

/// What a 304 said, and what it left out as it was (RFC 9110, section 15.4.5).
fn merged(new: Validators, old: &Validators) -> Validators {
    Validators {
        etag: new.etag.or_else(|| old.etag.clone()),
        last_modified: new.last_modified.or_else(|| old.last_modified.clone()),
    }
}

fn conditions(known: &Known) -> HeaderMap {
    let mut fields = HeaderMap::new();
    let Validators { etag, last_modified } = &known.validators;
    for (name, value) in [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, last_modified)] {
        if let Some(value) = value.as_ref().and_then(|value| HeaderValue::from_str(value).ok()) {
            fields.insert(name, value);
        }
    }
    fields
}

/// Resolves names and leaves only addresses that may be dialled.
///
/// The connection is made to what is left here and to nothing else, so a name that changes its address after it was
/// judged gains nothing.
pub(super) struct PublicNames(pub(super) Egress);

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.0.clone();
        Box::pin(async move {
            let (mut left, mut reason) = (Vec::new(), None);
            for address in tokio::net::lookup_host((name.as_str(), 0)).await? {
                match egress.allows(address.ip()) {
                    Ok(()) => left.push(address),
                    Err(refused) => reason = Some(refused),
                }
            }
            match reason {
                Some(refused) if left.is_empty() => Err(refused.into()),
                _ => Ok(Box::new(left.into_iter()) as Addrs),
            }
        })
    }
}

/// True when the resolver above had an address and gave none.
fn refused(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.is::<Refused>())
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}

/// An error with its causes on one line.
struct Chain<'a>(&'a reqwest::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, cause) in causes(self.0).enumerate() {
            let gap = if at == 0 { "" } else { ": " };
            write!(f, "{gap}{cause}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        let now = "1994-11-06T08:49:00Z".parse().unwrap();
        assert_eq!(retry_after_in(text, now), expected.map(Duration::from_secs), "{text:?}");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("99999999999999999999999", Some(u64::MAX));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(37));
        check("Sun, 06 Nov 1994 08:48:37 GMT", Some(0));
        check("bald", None);
        check("-5", None);
        check("", None);
    }
}

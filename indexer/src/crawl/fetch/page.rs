//! Fetches robots.txt, lists and pages of sites, in the pace of their hosts.

use connectors::run::web::{WebRequest, WebWhat};
use connectors::run::{Fault, Place, Request, Validators, What};
use connectors::web::Head;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use url::Url;

use super::super::pace::HOSTS;
use super::{Body, Fetcher, Known, Stop, conditions, retry_after_of, validators};

/// What a request for a page, a list or robots.txt gave.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// Status 200.
    Whole {
        /// The address that gave it, after redirects.
        url: Url,
        /// What came with it.
        head: Head,
        /// What the server gave to ask again with.
        validators: Validators,
        /// The body; empty for a page that is no HTML.
        bytes: Vec<u8>,
    },
    /// Any other status.
    Status {
        /// The status.
        status: u16,
        /// How long the server asks us to wait, if it does.
        retry_after: Option<std::time::Duration>,
    },
    /// There was no answer to speak of.
    Fault(Fault),
}

/// Lines of `X-Robots-Tag` that are kept.
const MAX_TAGS: usize = 20;

impl Fetcher {
    /// Makes a request when it is its turn. Waiting for the turn does not count as time of the answer.
    pub(crate) async fn page(&self, request: &WebRequest) -> Fetched {
        if !request.wait.is_zero() {
            tokio::time::sleep(request.wait).await;
        }
        let _turn = HOSTS.turn(&request.url, request.pace).await;
        match self.in_time(self.whole(request)).await {
            Ok(fetched) => fetched,
            Err(Stop::Fault(fault)) => Fetched::Fault(fault),
            // Nothing is written here.
            Err(Stop::Disk(error)) => Fetched::Fault(Fault::Unusable(error.to_string())),
        }
    }

    async fn whole(&self, request: &WebRequest) -> Result<Fetched, Stop> {
        let known = Known { sha256: String::new(), validators: request.validators.clone() };
        let mut fields: HeaderMap = conditions(&known);
        let accept = match request.what {
            WebWhat::Robots => "text/plain, */*;q=0.1",
            WebWhat::List => "application/xml, text/xml, application/gzip, text/plain, */*;q=0.1",
            WebWhat::Page => "text/html, application/xhtml+xml",
        };
        fields.insert(ACCEPT, HeaderValue::from_static(accept));
        let asked = Request {
            id: 0,
            what: What::Index,
            place: Place::Url(request.url.clone()),
            max_bytes: request.max_bytes,
            wait: std::time::Duration::ZERO,
            authorization: None,
        };
        let (response, url) = self.get(&asked, fields).await?;
        if response.status() != 200 {
            return Ok(Fetched::Status { status: response.status().as_u16(), retry_after: retry_after_of(&response) });
        }
        let head = head(response.headers());
        let validators = validators(response.headers());
        if request.what == WebWhat::Page && !is_html(head.content_type.as_deref()) {
            return Ok(Fetched::Whole { url, head, validators, bytes: Vec::new() });
        }
        let bytes = match request.what {
            // What is behind the limit of robots.txt is not read, however long the server goes on.
            WebWhat::Robots => {
                beginning(Body { response, left: u64::MAX, max_bytes: u64::MAX, idle: self.idle }, request).await?
            }
            _ => {
                let mut body = self.body(response, request.max_bytes)?;
                let mut bytes = Vec::new();
                while let Some(piece) = body.next().await? {
                    bytes.extend_from_slice(&piece);
                }
                bytes
            }
        };
        Ok(Fetched::Whole { url, head, validators, bytes })
    }
}

async fn beginning(mut body: Body, request: &WebRequest) -> Result<Vec<u8>, Stop> {
    let most = usize::try_from(request.max_bytes).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    while bytes.len() < most
        && let Some(piece) = body.next().await?
    {
        bytes.extend_from_slice(&piece);
    }
    bytes.truncate(most);
    Ok(bytes)
}

fn head(fields: &HeaderMap) -> Head {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let tags: Vec<String> = fields.get_all("x-robots-tag").iter().take(MAX_TAGS).map(text).collect();
    Head { content_type: fields.get(CONTENT_TYPE).map(text), robots_tag: (!tags.is_empty()).then(|| tags.join("\n")) }
}

/// True for the two types of HTML, and where nothing is said.
fn is_html(content_type: Option<&str>) -> bool {
    let Some(value) = content_type else { return true };
    let of = value.split(';').next().unwrap_or_default().trim();
    of.is_empty() || ["text/html", "application/xhtml+xml"].into_iter().any(|html| html.eq_ignore_ascii_case(of))
}

//! The beginning of what stands at an address that somebody named; nothing is kept of it.

use connectors::run::{Fault, Place, Request, What};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use std::time::Duration;
use url::Url;

use super::{Fetcher, Stop};

/// What stood at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    /// The address that gave it, after redirects within the origin.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// `Content-Type`, as it was sent; empty without.
    pub content_type: String,
    /// The body, as far as it was asked for.
    pub body: Vec<u8>,
}

impl Fetcher {
    /// Gets `url` and the first `max_bytes` of what stands there, whatever the status. Redirects out of the origin are a
    /// fault, which names where to.
    pub async fn peek(&self, url: &Url, max_bytes: u64) -> Result<Peeked, Fault> {
        let request = Request {
            id: 0,
            what: What::Index,
            place: Place::Url(url.clone()),
            max_bytes,
            wait: Duration::ZERO,
            authorization: None,
        };
        let peek = async {
            let (response, url) = self.get(&request, HeaderMap::new()).await?;
            let status = response.status().as_u16();
            let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let content_type = content_type.unwrap_or_default().to_owned();
            let wanted = usize::try_from(max_bytes).unwrap_or(usize::MAX);
            // What is longer is left there: the beginning is enough to see what it is.
            let mut pieces = self.body(response, u64::MAX)?;
            let mut body = Vec::new();
            while body.len() < wanted {
                let Some(piece) = pieces.next().await? else { break };
                body.extend_from_slice(&piece);
            }
            body.truncate(wanted);
            Ok(Peeked { url, status, content_type, body })
        };
        self.in_time(peek).await.map_err(|stop| match stop {
            Stop::Fault(fault) => fault,
            // Nothing is written here.
            Stop::Disk(error) => Fault::Unusable(error.to_string()),
        })
    }
}

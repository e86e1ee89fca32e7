//! One request to an address that a record names, and what came of it: no redirect is followed, nothing is kept.

use std::io;
use std::time::Duration;

use config::clock;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Method};
use url::Url;

use super::{Fetcher, causes, refused, retry_after_in};

/// What an address answered.
#[derive(Debug)]
pub(crate) struct Probed {
    /// The status.
    pub(crate) status: u16,
    /// Where a redirect leads; none when it leads nowhere.
    pub(crate) location: Option<Url>,
    /// How long the server asks us to stay away.
    pub(crate) retry_after: Option<Duration>,
    /// The type of the answer.
    pub(crate) content_type: Option<String>,
    /// All fields.
    pub(crate) fields: HeaderMap,
    /// The body, or its beginning where it is longer than was asked for or broke off; empty where it is encoded in a way
    /// that we did not ask for.
    pub(crate) body: Vec<u8>,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProbeFault {
    /// The address may not be dialled.
    Refused,
    /// No connection, or no such host.
    Unreachable,
    /// Not in time.
    Timeout,
    /// The certificate does not hold.
    Certificate,
}

impl Fetcher {
    /// Asks `url` once; reads at most `max_bytes` of the body and waits at most `time` for all of it.
    pub(crate) async fn probe(
        &self,
        method: Method,
        url: &Url,
        accept: &'static str,
        max_bytes: usize,
        time: Duration,
    ) -> Result<Probed, ProbeFault> {
        // The client asks its resolver about names only, so an address in the URL is judged here.
        self.egress.check_url(url).map_err(|_| ProbeFault::Refused)?;
        let request = self
            .client
            .request(method, url.clone())
            .header(ACCEPT, HeaderValue::from_static(accept))
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let asked = async {
            let mut response = request.send().await.map_err(|error| fault(&error))?;
            let fields = response.headers().clone();
            let text = |name| fields.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
            let location = match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => fields.get(LOCATION),
                _ => None,
            };
            let location = location.and_then(|value| url.join(std::str::from_utf8(value.as_bytes()).ok()?).ok());
            let readable = fields.get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
            let (mut body, mut cut) = (Vec::new(), false);
            while readable && location.is_none() && !cut {
                match response.chunk().await {
                    Ok(Some(piece)) => {
                        let room = max_bytes - body.len();
                        body.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
                        cut = piece.len() > room;
                    }
                    Ok(None) => break,
                    // What came is enough to judge by.
                    Err(_) => break,
                }
            }
            Ok(Probed {
                status: response.status().as_u16(),
                location,
                retry_after: text(RETRY_AFTER).and_then(|text| retry_after_in(text, clock::now())),
                content_type: text(CONTENT_TYPE).map(str::to_owned),
                body,
                fields,
            })
        };
        tokio::time::timeout(time, asked).await.unwrap_or(Err(ProbeFault::Timeout))
    }
}

fn fault(error: &reqwest::Error) -> ProbeFault {
    if refused(error) {
        ProbeFault::Refused
    } else if error.is_timeout() {
        ProbeFault::Timeout
    } else if certificate(error) {
        ProbeFault::Certificate
    } else {
        ProbeFault::Unreachable
    }
}

/// True when the certificate of the server was the reason. An error of the system hides what it was made of.
fn certificate(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let within = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = within.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        matches!(tls.or_else(|| cause.downcast_ref()), Some(rustls::Error::InvalidCertificate(_)))
    })
}

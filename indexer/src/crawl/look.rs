//! Looks at one page for somebody who asks, as a run would: robots.txt first, in the pace of the host.

use std::time::Duration;

use connectors::finding::{Finding, Rule};
use connectors::run::Limits;
use connectors::run::web::{Scope, WebOutcome, WebRun, WebStep, WebWhat};
use connectors::web::Head;
use url::Url;

use super::Fetcher;
use super::fetch::Fetched;

/// Bytes of a page that is looked at.
pub const MAX_BYTES: u64 = 2 << 20;

/// The longest time for all of it.
const MAX_TIME: Duration = Duration::from_secs(20);

/// One page, as it was sent.
#[derive(Debug)]
pub struct Looked {
    /// The address that gave it.
    pub url: Url,
    /// What came with it.
    pub head: Head,
    /// The page.
    pub bytes: Vec<u8>,
}

impl Fetcher {
    /// Fetches one page for somebody who wants to know what is read from it; the findings say why that is not possible.
    pub async fn look(&self, url: &Url) -> Result<Looked, Vec<Finding>> {
        let too_long = || vec![Finding::new(Rule::FetchTimeout).value(format!("{} s", MAX_TIME.as_secs()))];
        tokio::time::timeout(MAX_TIME, self.look_on(url)).await.unwrap_or_else(|_| Err(too_long()))
    }

    async fn look_on(&self, url: &Url) -> Result<Looked, Vec<Finding>> {
        let limits = Limits { max_tries: 1, max_pages: 1, max_page_bytes: MAX_BYTES, ..self.limits() };
        let mut run = WebRun::new(url.clone(), Scope::Pages(vec![url.clone()]), Vec::new(), limits);
        loop {
            let request = match run.next_step() {
                WebStep::Fetch(request) => request,
                WebStep::Failed(findings) => return Err(findings),
                WebStep::Finished => {
                    let mut findings = run.take_findings();
                    if findings.is_empty() {
                        findings.push(Finding::new(Rule::WebPageFailed).value("HTTP-Status 404").file(url.as_str()));
                    }
                    return Err(findings);
                }
            };
            let outcome = match self.page(&request).await {
                Fetched::Whole { url, head, bytes, .. } if request.what == WebWhat::Page => {
                    return Ok(Looked { url, head, bytes });
                }
                Fetched::Whole { bytes, .. } => WebOutcome::Body(bytes),
                Fetched::Status { status, retry_after } => WebOutcome::Status { status, retry_after },
                Fetched::Fault(fault) => WebOutcome::Fault(fault),
            };
            run.answer(outcome);
        }
    }

    /// A small text that a host shows to prove something, such as a key; none where it cannot be had. robots.txt is not
    /// asked: whoever names the address wants it to be read.
    pub async fn proof(&self, url: &Url, max_bytes: u64) -> Option<String> {
        let peeked = tokio::time::timeout(MAX_TIME, self.peek(url, max_bytes)).await.ok()?.ok()?;
        (peeked.status == 200).then(|| String::from_utf8(peeked.body).ok()).flatten()
    }
}

//! A visit: HEAD, and GET where that is not enough, along the redirects, each request in its host's turn.

use std::time::Duration;

use connectors::link::{self, LinkFault, Page, Stranger, Verdict};
use http::Method;
use moka::sync::Cache;
use url::Url;

use crate::crawl::HOSTS;
use crate::crawl::{Fetcher, ProbeFault, Probed};

/// The most redirects that are followed.
const MAX_REDIRECTS: u32 = 5;
/// Of a page, the most bytes that are read.
const MAX_BYTES: usize = 256 << 10;
/// Hosts of which is remembered what they answer to a made-up path, and for how long.
const STRANGERS: u64 = 10_000;
const REMEMBERED: Duration = Duration::from_secs(86_400);
/// What we ask for; some servers answer a request without it with an error.
const ACCEPT: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// What a visit brought.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) verdict: Verdict,
    pub(super) status: Option<u16>,
    pub(super) reached: Url,
    pub(super) redirects: u32,
    pub(super) town: Option<connectors::gebiet::Ars>,
    /// How long the server asks us to stay away.
    pub(super) pause: Option<Duration>,
}

/// Visits addresses.
pub(super) struct Visitor<'a> {
    pub(super) fetcher: &'a Fetcher,
    /// Between two requests to a host.
    pub(super) pause: Duration,
    pub(super) time: Duration,
    pub(super) strangers: &'a Cache<String, Stranger>,
}

/// What is remembered of hosts between visits.
pub(super) fn strangers() -> Cache<String, Stranger> {
    Cache::builder().max_capacity(STRANGERS).time_to_live(REMEMBERED).build()
}

/// Where a walk along the redirects ended.
struct Walk {
    reached: Url,
    redirects: u32,
    end: Result<Probed, LinkFault>,
}

impl Visitor<'_> {
    pub(super) async fn visit(&self, asked: &Url) -> Seen {
        let walk = self.walk(asked).await;
        let (redirects, reached) = (walk.redirects, walk.reached);
        let probed = match walk.end {
            Ok(probed) => probed,
            Err(fault) => {
                let verdict = Verdict::Faulty(fault);
                return Seen { verdict, status: None, reached, redirects, town: None, pause: None };
            }
        };
        let status = probed.status;
        let page = is_page(&probed).then(|| Page::read(&probed.body, probed.content_type.as_deref()));
        let visit = link::Visit { asked: asked.clone(), reached, redirects, status, page };
        let mut verdict = link::judge(&visit, None);
        // Only a page that looks well needs the second opinion, and the front page is no error page.
        if verdict == Verdict::Good && visit.page.is_some() && !link::is_front(&visit.reached) {
            verdict = link::judge(&visit, Some(&self.stranger(&visit.reached).await));
        }
        let town = visit.page.as_ref().filter(|_| verdict == Verdict::Good).and_then(link::town_of);
        let link::Visit { reached, .. } = visit;
        Seen { verdict, status: Some(status), reached, redirects, town, pause: probed.retry_after }
    }

    async fn walk(&self, asked: &Url) -> Walk {
        let (mut reached, mut redirects, mut method) = (asked.clone(), 0, Method::HEAD);
        loop {
            let end = |end| Walk { reached: reached.clone(), redirects, end };
            let probed = match self.ask(method.clone(), &reached).await {
                Ok(probed) => probed,
                // Some servers do not answer a HEAD at all; an address that is refused or not certified stays so.
                Err(ProbeFault::Unreachable | ProbeFault::Timeout) if method == Method::HEAD => {
                    method = Method::GET;
                    continue;
                }
                Err(fault) => return end(Err(fault_of(fault))),
            };
            if matches!(probed.status, 301 | 302 | 303 | 307 | 308) {
                let Some(next) = &probed.location else { return end(Err(LinkFault::Redirect)) };
                let downgrade = reached.scheme() == "https" && next.scheme() != "https";
                if downgrade || !matches!(next.scheme(), "http" | "https") {
                    return end(Err(LinkFault::Redirect));
                }
                if redirects >= MAX_REDIRECTS || *next == reached {
                    return end(Err(LinkFault::Loop));
                }
                (reached, redirects, method) = (next.clone(), redirects + 1, Method::HEAD);
                continue;
            }
            // A HEAD tells enough where all is well and there is no page to be read.
            if method == Method::HEAD && (probed.status != 200 || is_page(&probed)) {
                method = Method::GET;
                continue;
            }
            return end(Ok(probed));
        }
    }

    async fn ask(&self, method: Method, url: &Url) -> Result<Probed, ProbeFault> {
        let _turn = HOSTS.turn(url, self.pause).await;
        self.fetcher.probe(method, url, ACCEPT, MAX_BYTES, self.time).await
    }

    /// What the host of `url` answers to a path that nobody made.
    async fn stranger(&self, url: &Url) -> Stranger {
        let host = url.origin().ascii_serialization();
        if let Some(known) = self.strangers.get(&host) {
            return known;
        }
        let (made_up, front) = link::made_up(url);
        let told = match self.text_of(&made_up).await {
            None => Stranger::Refused,
            Some(text) if self.text_of(&front).await.as_ref() == Some(&text) => Stranger::Front,
            Some(text) => Stranger::Text(text),
        };
        self.strangers.insert(host, told.clone());
        told
    }

    /// The text of a page with status 200, at its own address or a redirect behind it.
    async fn text_of(&self, url: &Url) -> Option<String> {
        let walk = self.walk(url).await;
        let probed = walk.end.ok().filter(|probed| probed.status == 200 && is_page(probed))?;
        Some(Page::read(&probed.body, probed.content_type.as_deref()).text)
    }
}

fn is_page(probed: &Probed) -> bool {
    let html = |kind: &String| kind.starts_with("text/html") || kind.starts_with("application/xhtml");
    probed.content_type.as_ref().is_some_and(html)
}

fn fault_of(fault: ProbeFault) -> LinkFault {
    match fault {
        ProbeFault::Refused => LinkFault::NotPublic,
        ProbeFault::Unreachable => LinkFault::Unreachable,
        ProbeFault::Timeout => LinkFault::Timeout,
        ProbeFault::Certificate => LinkFault::Certificate,
    }
}

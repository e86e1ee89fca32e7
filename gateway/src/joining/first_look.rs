//! The first look at an address that somebody gave: what stands there, and what can be proposed from that.

use std::num::NonZeroU64;
use std::sync::Arc;

use connectors::egress::same_origin;
use connectors::gebiet::{Gebiet, Gebiete, Reading};
use connectors::registration::{AddressRule, Connector, PAGE_MAX_BYTES, Proposal};
use connectors::run::{Fault, read_index};
use indexer::crawl::{Fetcher, Peeked};
use url::Url;

use super::wish::Wish;

/// Where an index usually lies, from the address and from the root of the host.
const INDEX_PLACES: [&str; 4] = ["index.txt", "xzufi/index.txt", "/xzufi/index.txt", "/index.txt"];
/// The most files of an index that is only looked at.
const FILES_MAX: usize = 100_000;
/// A day.
const EVERY_S: NonZeroU64 = NonZeroU64::new(86_400).expect("a day is not zero");

/// What was seen, and what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstLook {
    /// Everything that can be proposed.
    pub wish: Wish,
    /// What it could be besides.
    pub gebiete: Vec<Arc<Gebiet>>,
    /// What was seen, in words for the page.
    pub seen: Seen,
}

/// What stands at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// An index of XZuFi files.
    Index {
        /// Where.
        url: Url,
        /// How many it lists.
        files: usize,
    },
    /// A list of pages, which may say of themselves which Leistungen they describe.
    Sitemap(Url),
    /// A page without anything that is fetched by itself.
    Page,
    /// It leads to another host, which is the one to register.
    Elsewhere(String),
    /// An answer that says nothing, by its status.
    Status(u16),
    /// Nobody answered.
    Silent(Fault),
}

/// Looks at `address` and what lies beside it: at most eight requests.
pub async fn look(fetcher: &Fetcher, rule: &AddressRule, address: &Url) -> FirstLook {
    let (page, mut seen) = match fetcher.peek(address, PAGE_MAX_BYTES).await {
        Ok(looked) if looked.status == 200 => match index_in(&looked) {
            Some(files) => (None, Seen::Index { url: looked.url.clone(), files }),
            None => (Some(looked), Seen::Page),
        },
        Ok(looked) => (None, Seen::Status(looked.status)),
        Err(Fault::RedirectForeign(to)) => (None, Seen::Elsewhere(to)),
        Err(fault) => (None, Seen::Silent(fault)),
    };
    // Where the address itself is the index, the site's own page names the site.
    let page = match (&seen, page) {
        (Seen::Index { .. }, _) => match address.join("/") {
            Ok(root) => fetcher.peek(&root, PAGE_MAX_BYTES).await.ok().filter(|looked| looked.status == 200),
            Err(_) => None,
        },
        (_, page) => page,
    };
    if matches!(seen, Seen::Page | Seen::Status(_)) {
        let mut places: Vec<Url> = INDEX_PLACES.iter().filter_map(|place| address.join(place).ok()).collect();
        places.dedup();
        for url in places {
            let Ok(looked) = fetcher.peek(&url, PAGE_MAX_BYTES).await else { continue };
            if let Some(files) = index_in(&looked).filter(|_| rule.check(&looked.url).is_ok()) {
                seen = Seen::Index { url: looked.url, files };
                break;
            }
        }
    }
    if seen == Seen::Page
        && let Some(list) = sitemap(fetcher, address).await
    {
        seen = Seen::Sitemap(list);
    }
    let text = page.filter(is_html).map(|looked| String::from_utf8_lossy(&looked.body).into_owned());
    let (place, fallback) = (address.clone(), address.clone());
    // A page of a megabyte takes some milliseconds.
    let proposed = tokio::task::spawn_blocking(move || Proposal::of(&place, text.as_deref())).await;
    let proposal = proposed.unwrap_or_else(|_| Proposal::of(&fallback, None));
    FirstLook { wish: wish(address, &proposal, &seen), gebiete: proposal.gebiete, seen }
}

/// The list of pages that robots.txt names (RFC 9309 lets it), or the one in its usual place.
async fn sitemap(fetcher: &Fetcher, address: &Url) -> Option<Url> {
    let robots = fetcher.peek(&address.join("/robots.txt").ok()?, PAGE_MAX_BYTES).await.ok();
    let robots = robots.filter(|looked| looked.status == 200 && !is_html(looked));
    let text = robots.map(|looked| String::from_utf8_lossy(&looked.body).into_owned()).unwrap_or_default();
    let named = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let url = Url::parse(value.trim()).ok()?;
        (name.trim().eq_ignore_ascii_case("sitemap") && same_origin(&url, address)).then_some(url)
    });
    if named.is_some() {
        return named;
    }
    let usual = address.join("/sitemap.xml").ok()?;
    let looked = fetcher.peek(&usual, PAGE_MAX_BYTES).await.ok()?;
    (looked.status == 200 && !is_html(&looked)).then_some(usual)
}

/// The number of files, when this is an index.
fn index_in(looked: &Peeked) -> Option<usize> {
    if looked.status != 200 || is_html(looked) {
        return None;
    }
    let names = read_index(&looked.body, FILES_MAX).ok()?;
    // Any text of single words would pass for an index; one of XZuFi lists XML.
    let xml = |name: &String| name.to_ascii_lowercase().ends_with(".xml");
    names.iter().any(xml).then_some(names.len())
}

fn is_html(looked: &Peeked) -> bool {
    looked.content_type.to_ascii_lowercase().contains("html")
}

fn wish(address: &Url, proposal: &Proposal, seen: &Seen) -> Wish {
    let connector = match seen {
        Seen::Index { url, .. } => Connector::XzufiIndex { url: url.clone(), every_s: EVERY_S },
        Seen::Sitemap(_) => Connector::Web { url: address.clone(), sitemap: None, every_s: EVERY_S },
        _ => Connector::Push {},
    };
    let gebiet = match &proposal.gebiete[..] {
        // By its name where that means this one alone; people know names.
        [one] => match Gebiete::nrw().read(&one.name) {
            Reading::One(named) if named.ars == one.ars => one.name.clone(),
            _ => one.ars.to_string(),
        },
        _ => String::new(),
    };
    Wish {
        address: address.to_string(),
        id: proposal.id.to_string(),
        name: proposal.name.clone(),
        gebiet,
        connector: super::wish::kind_of(&connector).to_owned(),
        source: connector.url().map(ToString::to_string).unwrap_or_default(),
        every_h: "24".into(),
        ..Wish::default()
    }
}

#[cfg(test)]
mod tests;

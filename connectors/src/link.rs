//! What became of an address that a record names: judged from what it answered.
//!
//! Pure: the indexer visits the address, politely, and hands in what it saw. Judged is conservatively. What a server may
//! answer to a machine and not to a person (a sign-in, a request to come later) says nothing about the address, and a
//! page is taken for an error page only where it says so itself or answers any made-up path alike.

mod page;

use serde::{Deserialize, Serialize};
use url::Url;

pub use page::Page;

use crate::gebiet::{Ars, Gebiete};

/// What was seen at the end of the redirects.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The address as the record names it.
    pub asked: Url,
    /// The address that answered.
    pub reached: Url,
    /// How many redirects lie between the two.
    pub redirects: u32,
    /// The status of the last answer.
    pub status: u16,
    /// The page, where the answer is one that can be read.
    pub page: Option<Page>,
}

/// What a host answers to a path that nobody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stranger {
    /// It says that there is no such page, as it should.
    Refused,
    /// It answers with this text and status 200.
    Text(String),
    /// It answers with the text of its front page: then nothing can be told from a text.
    Front,
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkFault {
    /// There is nothing any more: 404 or 410.
    Gone,
    /// Another status of 400 or above that lasts.
    Status,
    /// No connection, or no such host.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The certificate does not hold.
    Certificate,
    /// It leads to an address that is not public.
    NotPublic,
    /// Too many redirects, or in a circle.
    Loop,
    /// A redirect leads from https to http, or to nowhere.
    Redirect,
    /// Status 200, and the page says that there is nothing.
    SoftGone,
    /// A redirect leads to the front page instead.
    MovedHome,
}

impl LinkFault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Gone,
        Self::Status,
        Self::Unreachable,
        Self::Timeout,
        Self::Certificate,
        Self::NotPublic,
        Self::Loop,
        Self::Redirect,
        Self::SoftGone,
        Self::MovedHome,
    ];

    /// What stands for it in tables and interfaces.
    pub fn code(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Status => "status",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Certificate => "certificate",
            Self::NotPublic => "not_public",
            Self::Loop => "redirect_loop",
            Self::Redirect => "redirect",
            Self::SoftGone => "soft_gone",
            Self::MovedHome => "moved_home",
        }
    }

    /// The fault of a code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.code() == code)
    }

    /// True when it may pass by itself, so that one visit alone says little.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Status | Self::Unreachable | Self::Timeout)
    }
}

/// What a visit says of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It leads where it should, as far as a machine can tell.
    Good,
    /// It does not.
    Faulty(LinkFault),
    /// Nothing can be told: the server wants a sign-in, or asks machines to stay away or to come later.
    Unclear,
}

impl Verdict {
    /// The word of the store and the metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Faulty(fault) => fault.code(),
            Self::Unclear => "unclear",
        }
    }

    /// The verdict of a word.
    pub fn of_code(code: &str) -> Option<Self> {
        match code {
            "good" => Some(Self::Good),
            "unclear" => Some(Self::Unclear),
            code => LinkFault::of_code(code).map(Self::Faulty),
        }
    }
}

/// Judges a visit; `stranger` is what the host answers to a made-up path, where that was asked.
pub fn judge(visit: &Visit, stranger: Option<&Stranger>) -> Verdict {
    match visit.status {
        404 | 410 => return Verdict::Faulty(LinkFault::Gone),
        // 401 and 407 want a sign-in; 403, 406, 418, 429, 451 and 503 are how servers keep machines away.
        401 | 403 | 406 | 407 | 418 | 429 | 451 | 503 => return Verdict::Unclear,
        400.. => return Verdict::Faulty(LinkFault::Status),
        200..=299 => {}
        _ => return Verdict::Unclear,
    }
    if visit.redirects > 0 && is_front(&visit.reached) && !is_front(&visit.asked) {
        return Verdict::Faulty(LinkFault::MovedHome);
    }
    let Some(page) = &visit.page else { return Verdict::Good };
    let same = |text: &str| !is_front(&visit.reached) && !page.text.is_empty() && page.text == text;
    let as_stranger = matches!(stranger, Some(Stranger::Text(text)) if same(text));
    if page.says_nothing_here() || as_stranger {
        return Verdict::Faulty(LinkFault::SoftGone);
    }
    Verdict::Good
}

/// The one Gemeinde of Nordrhein-Westfalen that a page says to be of; none where it names none or several.
pub fn town_of(page: &Page) -> Option<Ars> {
    let gebiete = Gebiete::nrw();
    let mut named = gebiete.speaking(&page.title);
    named.extend(gebiete.speaking(&page.heading));
    named.sort_unstable();
    named.dedup();
    match named.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

/// True for the front page of a host.
pub fn is_front(url: &Url) -> bool {
    let path = url.path().trim_matches('/').to_ascii_lowercase();
    let index = ["", "index.html", "index.htm", "index.php", "de", "start", "startseite", "home"];
    index.contains(&path.as_str()) && url.query().is_none_or(str::is_empty) && url.fragment().is_none_or(str::is_empty)
}

/// A path on the host of `url` that nobody made, always the same for a host; and its front page.
pub fn made_up(url: &Url) -> (Url, Url) {
    let mut front = url.clone();
    front.set_path("/");
    front.set_query(None);
    front.set_fragment(None);
    let letters = front.host_str().unwrap_or_default().bytes();
    // FNV-1a: any number will do that does not look like a page.
    let number =
        letters.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let mut made_up = front.clone();
    made_up.set_path(&format!("/pruefung-{number:016x}"));
    (made_up, front)
}

#[cfg(test)]
mod tests;

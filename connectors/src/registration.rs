//! What a portal registers, and what that lets it do.
//!
//! One portal is one TOML file (`config/portale.d/<id>.toml`); the types here are its shape. Values that cannot be
//! right are refused while reading, so that a `Portal` that exists is one that can be used.

use std::fmt;
use std::num::NonZeroU64;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use url::{Host, Url};

use crate::egress::same_origin;
use crate::gebiet::Ars;
use crate::ids::PortalId;
use crate::run::FimPart;

mod address;
mod caching;
mod maintenance;
mod probe;
mod proof;
mod proposal;
mod protocol;
mod responsible;
mod route;
mod texts;

pub use address::{AddressFault, AddressRule};
pub use caching::Caching;
pub use maintenance::Maintenance;
pub use probe::Probe;
pub use proof::{FILE_MAX_BYTES, META_NAME, PAGE_MAX_BYTES, ProofPlace, ProofToken};
pub use proposal::{Proposal, id_of, is_site_of};
pub use protocol::Protocol;
pub use responsible::{ForwardPath, Forwarding};
pub use route::{Destination, Does, RedirectStatus, Route, RouteKind, Tail};
pub use texts::{TextRule, TextRules};

/// A member site of the Verbund, as registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portal {
    /// Its id; the file is called `<id>.toml`.
    pub id: PortalId,
    /// Its name as citizens know it, never empty.
    #[serde(deserialize_with = "filled")]
    pub name: String,
    /// The Gebiet it may speak for; what it says of other areas is a finding.
    pub gebiet: Ars,
    /// The `schemeAgencyID` that its objects have when they name none.
    #[serde(default, deserialize_with = "filled_option")]
    pub agency: Option<String>,
    /// Hosts to which citizens may be handed over, beside those of its connector and its routes.
    #[serde(default)]
    pub hosts: Vec<HostPattern>,
    /// How its data reach us.
    pub connector: Connector,
    /// What the gateway answers for it: with its own pages, a redirect, or the word that something is gone.
    #[serde(default, rename = "route")]
    pub routes: Vec<Route>,
    /// How it takes requests for a Leistung at a place; none when it does not.
    #[serde(default)]
    pub responsible: Option<Forwarding>,
    /// When it is not there, and what is said meanwhile.
    #[serde(default)]
    pub maintenance: Option<Maintenance>,
    /// When a run that removes records is held.
    #[serde(default)]
    pub guard: Guard,
    /// Whom citizens can ask when no body is known.
    #[serde(default)]
    pub contact: Option<Contact>,
    /// What people say here, beside the words that everybody says.
    #[serde(default, rename = "word")]
    pub words: Vec<Word>,
    /// How its texts stand to the master texts of Land and Bund.
    #[serde(default)]
    pub texts: TextRules,
}

/// Something that people say, and the official name that it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// What is said; alternatives are separated by ` | `.
    #[serde(deserialize_with = "one_line")]
    pub said: String,
    /// The names that it should find, the best first, separated by ` | `.
    #[serde(deserialize_with = "one_line")]
    pub means: String,
}

/// A text of one line with something in it.
fn one_line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = filled(deserializer)?;
    if text.chars().any(char::is_control) {
        return Err(D::Error::custom("expected one line without tabs"));
    }
    Ok(text)
}

impl Portal {
    /// True when citizens may be sent to `url`: http or https, without credentials, and to a host that the portal
    /// registered, the host of its connector or of one of its routes.
    pub fn may_hand_over_to(&self, url: &Url) -> bool {
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        let Some(host) = url.host_str() else { return false };
        let connector = self.connector.url().and_then(Url::host_str);
        let routes = self.routes.iter().filter_map(|route| route.host.as_deref());
        self.hosts.iter().any(|pattern| pattern.matches(host))
            || connector.into_iter().chain(routes).any(|own| own.eq_ignore_ascii_case(host))
    }

    /// The route through which requests for a Leistung at a place reach it: the first that proxies all below a place.
    pub fn way_in(&self) -> Option<&Route> {
        self.routes.iter().find(|route| matches!(route.does, Does::Proxy { .. }) && route.tail != Tail::Exact)
    }
}

/// How a portal's data reach us. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", try_from = "RawConnector")]
pub enum Connector {
    /// The index protocol of the Sammlerdienst: `index.txt` and the files it lists.
    XzufiIndex {
        /// The address of the index file.
        url: Url,
        /// Time between two runs.
        every_s: NonZeroU64,
    },
    /// The same from a folder on this machine.
    XzufiFolder {
        /// The folder that holds `index.txt`.
        folder: PathBuf,
        /// Time between two runs.
        every_s: NonZeroU64,
    },
    /// The Bereitstelldienst of the PVOG.
    Bereitstelldienst {
        /// The address of the first request, `index` and `ars` included.
        url: Url,
        /// Where the access token is fetched; none when the service asks for none.
        token_url: Option<Url>,
        /// The id for the token.
        client_id: Option<String>,
        /// A file that holds the secret for the token and nothing else.
        client_secret_file: Option<PathBuf>,
        /// Time between two runs.
        every_s: NonZeroU64,
    },
    /// The portal's own pages, which say themselves what they describe.
    Web {
        /// The first page of the site; only pages of its origin are read.
        url: Url,
        /// A list of its pages; without it, robots.txt names them, or they stand in `/sitemap.xml`.
        sitemap: Option<Url>,
        /// Time between two runs.
        every_s: NonZeroU64,
    },
    /// The FIM portal: master texts and what belongs to them.
    Fim {
        /// Its address up to the version, as `https://fimportal.de/api/v0/`.
        url: Url,
        /// What is wanted of it.
        what: Vec<FimPart>,
        /// Time between two runs, which ask for changes.
        every_s: NonZeroU64,
        /// Time between two runs that read everything, so that what is gone goes.
        whole_every_s: NonZeroU64,
    },
    /// The portal delivers by itself; nothing is fetched.
    Push {},
}

impl Connector {
    /// The address that is fetched first, if this kind fetches over HTTP.
    pub fn url(&self) -> Option<&Url> {
        match self {
            Self::XzufiIndex { url, .. }
            | Self::Bereitstelldienst { url, .. }
            | Self::Web { url, .. }
            | Self::Fim { url, .. } => Some(url),
            Self::XzufiFolder { .. } | Self::Push {} => None,
        }
    }

    /// Time between two runs; none when nothing is fetched.
    pub fn every_s(&self) -> Option<u64> {
        match self {
            Self::XzufiIndex { every_s, .. }
            | Self::XzufiFolder { every_s, .. }
            | Self::Bereitstelldienst { every_s, .. }
            | Self::Web { every_s, .. }
            | Self::Fim { every_s, .. } => Some(every_s.get()),
            Self::Push {} => None,
        }
    }
}

/// The kinds of connector by the names that a registration gives them.
///
/// The reader of registrations asks here which keys belong to a kind, so that it can point at the one that does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ConnectorKind {
    /// `xzufi-index`
    XzufiIndex,
    /// `xzufi-folder`
    XzufiFolder,
    /// `bereitstelldienst`
    Bereitstelldienst,
    /// `web`
    Web,
    /// `fim`
    Fim,
    /// `push`
    Push,
}

impl ConnectorKind {
    const ALL: [Self; 6] =
        [Self::XzufiIndex, Self::XzufiFolder, Self::Bereitstelldienst, Self::Web, Self::Fim, Self::Push];

    /// The name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::XzufiIndex => "xzufi-index",
            Self::XzufiFolder => "xzufi-folder",
            Self::Bereitstelldienst => "bereitstelldienst",
            Self::Web => "web",
            Self::Fim => "fim",
            Self::Push => "push",
        }
    }

    /// The keys that a connector of this kind may have beside `kind`.
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Self::XzufiIndex => &["url", "every_s"],
            Self::XzufiFolder => &["folder", "every_s"],
            Self::Bereitstelldienst => &["url", "token_url", "client_id", "client_secret_file", "every_s"],
            Self::Web => &["url", "sitemap", "every_s"],
            Self::Fim => &["url", "what", "every_s", "whole_every_s"],
            Self::Push => &[],
        }
    }
}

impl TryFrom<String> for ConnectorKind {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(|kind| format!("`{}`", kind.name())).join(", ");
            format!("`{name}` is no kind of connector, expected one of {names}")
        })
    }
}

/// A connector as it is written: the keys of all kinds. Written so, and not as a tagged enum, because a tagged enum is
/// buffered while it is read and a fault in it would lose its place in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConnector {
    kind: ConnectorKind,
    #[serde(default, deserialize_with = "http_url")]
    url: Option<Url>,
    #[serde(default, deserialize_with = "http_url")]
    sitemap: Option<Url>,
    folder: Option<PathBuf>,
    #[serde(default, deserialize_with = "http_url")]
    token_url: Option<Url>,
    #[serde(default, deserialize_with = "filled_option")]
    client_id: Option<String>,
    client_secret_file: Option<PathBuf>,
    what: Option<Vec<FimPart>>,
    every_s: Option<NonZeroU64>,
    whole_every_s: Option<NonZeroU64>,
}

impl TryFrom<RawConnector> for Connector {
    type Error = String;

    fn try_from(raw: RawConnector) -> Result<Self, String> {
        let kind = raw.kind;
        let written = [
            ("url", raw.url.is_some()),
            ("sitemap", raw.sitemap.is_some()),
            ("folder", raw.folder.is_some()),
            ("token_url", raw.token_url.is_some()),
            ("client_id", raw.client_id.is_some()),
            ("client_secret_file", raw.client_secret_file.is_some()),
            ("what", raw.what.is_some()),
            ("every_s", raw.every_s.is_some()),
            ("whole_every_s", raw.whole_every_s.is_some()),
        ];
        if let Some((key, _)) = written.into_iter().find(|(key, there)| *there && !kind.keys().contains(key)) {
            return Err(format!("`{key}` does not belong to a connector of kind `{}`", kind.name()));
        }
        let missing = |key: &str| format!("a connector of kind `{}` needs `{key}`", kind.name());
        let every_s = raw.every_s.unwrap_or(NonZeroU64::new(86_400).expect("a day is not zero"));
        match kind {
            ConnectorKind::XzufiIndex => Ok(Self::XzufiIndex { url: raw.url.ok_or_else(|| missing("url"))?, every_s }),
            ConnectorKind::XzufiFolder => {
                Ok(Self::XzufiFolder { folder: raw.folder.ok_or_else(|| missing("folder"))?, every_s })
            }
            ConnectorKind::Bereitstelldienst => {
                let parts = [raw.token_url.is_some(), raw.client_id.is_some(), raw.client_secret_file.is_some()];
                if parts.contains(&true) && parts.contains(&false) {
                    return Err("`token_url`, `client_id` and `client_secret_file` belong together: all or none".into());
                }
                Ok(Self::Bereitstelldienst {
                    url: raw.url.ok_or_else(|| missing("url"))?,
                    token_url: raw.token_url,
                    client_id: raw.client_id,
                    client_secret_file: raw.client_secret_file,
                    every_s,
                })
            }
            ConnectorKind::Web => {
                let url = raw.url.ok_or_else(|| missing("url"))?;
                if raw.sitemap.as_ref().is_some_and(|sitemap| !same_origin(&url, sitemap)) {
                    return Err("`sitemap` and `url` must have the same scheme, host and port".into());
                }
                Ok(Self::Web { url, sitemap: raw.sitemap, every_s })
            }
            ConnectorKind::Fim => {
                let what = raw.what.unwrap_or_else(|| vec![FimPart::Stammtexte]);
                let mut once = what.clone();
                once.sort_unstable();
                once.dedup();
                if once.is_empty() || once.len() != what.len() {
                    return Err("`what` names each part once, and at least one".into());
                }
                Ok(Self::Fim {
                    url: raw.url.ok_or_else(|| missing("url"))?,
                    what: once,
                    every_s,
                    whole_every_s: raw.whole_every_s.unwrap_or(NonZeroU64::new(604_800).expect("a week is not zero")),
                })
            }
            ConnectorKind::Push => Ok(Self::Push {}),
        }
    }
}

fn http_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let usable = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    };
    match Url::parse(&text).ok().filter(usable) {
        Some(url) => Ok(Some(url)),
        // The text is not repeated: it may carry a password.
        None => {
            Err(D::Error::custom("no usable address, expected http:// or https://, a host, no credentials, no `#`"))
        }
    }
}

fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim() != text || text.is_empty() {
        return Err(D::Error::custom("expected a text that is not empty, without blanks around it"));
    }
    Ok(text)
}

fn filled_option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Filled(String);
    impl<'de> Deserialize<'de> for Filled {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            filled(deserializer).map(Self)
        }
    }
    Ok(Option::<Filled>::deserialize(deserializer)?.map(|text| text.0))
}

/// A host to which a portal may hand over: a name, `*.name` for everything below it, or `*` for any host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern(String);

impl HostPattern {
    /// True when the pattern names `host`.
    pub fn matches(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        match self.0.strip_prefix('*') {
            Some("") => true,
            Some(tail) => host.len() > tail.len() && host.ends_with(tail),
            None => host == self.0,
        }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name = text.strip_prefix("*.").unwrap_or(&text);
        if text == "*" || (Host::parse(name).is_ok() && !name.contains('*') && text == text.to_ascii_lowercase()) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is no host: a name in lower case, `*.name`, or `*`"))
        }
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.0
    }
}

impl fmt::Debug for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a complete run that would remove records is held instead: above either bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// Share of the portal's records, 0 to 1.
    #[serde(deserialize_with = "share")]
    pub max_share: f64,
    /// Number of records.
    pub max_records: u64,
}

impl Default for Guard {
    fn default() -> Self {
        Self { max_share: 0.1, max_records: 50 }
    }
}

impl Guard {
    /// True when removing `gone` of `known` records needs a person's word.
    pub fn holds(&self, gone: u64, known: u64) -> bool {
        gone > self.max_records || gone as f64 > self.max_share * known as f64
    }
}

fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(D::Error::custom("expected a share from 0 to 1")) }
}

/// Whom citizens can ask, as it is shown to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Telephone number, written as it is dialled.
    #[serde(default)]
    pub phone: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Page of the body.
    #[serde(default, deserialize_with = "http_url")]
    pub url: Option<Url>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_a_host_or_what_lies_below_it() {
        let pattern = |text: &str| HostPattern::try_from(text.to_owned());
        for (text, host, expected) in [
            ("service.example", "Service.example", true),
            ("service.example", "x.service.example", false),
            ("*.example", "a.b.example", true),
            ("*.example", "example", false),
            ("*.example", "badexample", false),
            ("*", "anything.example", true),
        ] {
            assert_eq!(pattern(text).unwrap().matches(host), expected, "{text} {host}");
        }
        assert!(pattern("a*b").is_err());
        assert!(pattern("").is_err());
    }

    #[test]
    fn the_guard_holds_above_either_bound() {
        let guard = Guard::default();
        assert!(!guard.holds(0, 0) && !guard.holds(1, 10) && !guard.holds(50, 10_000));
        assert!(guard.holds(2, 10) && guard.holds(51, 10_000));
    }
}

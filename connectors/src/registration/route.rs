//! What the gateway answers for a portal, by host and path: its pages, a redirect, or the word that something is gone.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::{Caching, Probe, Protocol};

/// One route: which requests it takes, and what it does with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawRoute", into = "RawRoute")]
pub struct Route {
    /// Host name, lower case, without a port; none for the public host of the gateway.
    pub host: Option<String>,
    /// Begins with `/` and does not end with it, plain segments; empty for the whole host, which must then be named.
    pub path: String,
    /// Whether what lies below the path belongs to it.
    pub tail: Tail,
    /// What it does.
    pub does: Does,
}

/// Whether what lies below a path belongs to a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tail {
    /// This path alone; key `path`.
    Exact,
    /// This path and all below it, by whole segments; key `prefix`, or a host alone.
    Below,
}

/// What a route does.
#[derive(Debug, Clone, PartialEq)]
pub enum Does {
    /// Passes requests on.
    Proxy {
        /// Addresses of the portal; at least one.
        upstream: Vec<Url>,
        /// Whether its answers are kept.
        cache: Caching,
        /// Protocols to which a connection may be upgraded; none by default.
        upgrade: Vec<Protocol>,
        /// Whether HTTP/2 is offered to upstreams over TLS; it is by default.
        http2: bool,
        /// How it is looked whether an upstream is well, while no request says so.
        probe: Option<Probe>,
    },
    /// Sends the client elsewhere.
    Redirect {
        /// Where to.
        to: Destination,
        /// How.
        status: RedirectStatus,
        /// What stands in the request below the path is added to the destination.
        keep_path: bool,
        /// The query of the request is added to the destination.
        keep_query: bool,
    },
    /// Says that something is gone for good.
    Gone {
        /// What has taken its place.
        successor: Option<Destination>,
        /// What is said to citizens, in German.
        text: Option<String>,
    },
}

impl Does {
    /// The kind by its name in a registration.
    pub fn kind(&self) -> RouteKind {
        match self {
            Self::Proxy { .. } => RouteKind::Proxy,
            Self::Redirect { .. } => RouteKind::Redirect,
            Self::Gone { .. } => RouteKind::Gone,
        }
    }

    /// The address that it leads citizens to, other than by passing on, and the key that it stands under.
    pub fn destination(&self) -> Option<(&'static str, &Destination)> {
        match self {
            Self::Proxy { .. } => None,
            Self::Redirect { to, .. } => Some(("to", to)),
            Self::Gone { successor, .. } => successor.as_ref().map(|successor| ("successor", successor)),
        }
    }
}

/// The kinds of route by the names that a registration gives them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RouteKind {
    /// `proxy`
    #[default]
    Proxy,
    /// `redirect`
    Redirect,
    /// `gone`
    Gone,
}

impl RouteKind {
    const ALL: [Self; 3] = [Self::Proxy, Self::Redirect, Self::Gone];

    /// The name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Redirect => "redirect",
            Self::Gone => "gone",
        }
    }

    /// The keys that a route of this kind may have beside `kind` and its place.
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Proxy => &["upstream", "cache", "upgrade", "http2", "probe"],
            Self::Redirect => &["to", "status", "keep_path", "keep_query"],
            Self::Gone => &["successor", "text"],
        }
    }

    /// The keys that say which requests a route takes.
    pub const PLACE: &'static [&'static str] = &["host", "prefix", "path"];
}

impl TryFrom<String> for RouteKind {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let names = Self::ALL.map(|kind| format!("`{}`", kind.name())).join(", ");
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| format!("`{name}` is no kind of route, expected one of {names}"))
    }
}

impl From<RouteKind> for String {
    fn from(kind: RouteKind) -> Self {
        kind.name().to_owned()
    }
}

/// An address that citizens are led to: one of another site, or a path of this gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Destination {
    /// http or https, without credentials, query and fragment.
    Address(Url),
    /// Begins with one `/`, plain segments.
    Path(String),
}

impl Destination {
    /// The address with what follows its path: `rest` is empty or begins with `/`, the query may be none.
    ///
    /// A rest never becomes a host: slashes where the two meet are one.
    pub fn with(&self, rest: &str, query: Option<&str>) -> String {
        let base = self.to_string();
        let mut address = match rest {
            "" => base,
            rest => format!("{}/{}", base.trim_end_matches('/'), rest.trim_start_matches('/')),
        };
        if let Some(query) = query {
            address.push('?');
            address.push_str(query);
        }
        address
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(url) => f.write_str(url.as_str()),
            Self::Path(path) => f.write_str(path),
        }
    }
}

impl TryFrom<String> for Destination {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "/" || (text.starts_with('/') && is_plain_path(&text)) {
            return Ok(Self::Path(text));
        }
        let usable = |url: &Url| {
            let clean = url.username().is_empty() && url.password().is_none();
            let bare = url.query().is_none() && url.fragment().is_none();
            matches!(url.scheme(), "http" | "https") && clean && bare
        };
        let known = Url::parse(&text).ok().filter(usable).map(Self::Address);
        known.ok_or_else(|| {
            "no usable destination, expected http:// or https:// and a host, or a path that begins with one `/`; \
             no credentials, no `?`, no `#`"
                .to_owned()
        })
    }
}

impl From<Destination> for String {
    fn from(destination: Destination) -> Self {
        destination.to_string()
    }
}

/// 301, 302, 307 or 308.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct RedirectStatus(u16);

impl RedirectStatus {
    /// The number.
    pub fn code(self) -> u16 {
        self.0
    }

    /// True when the old address is never to be used again.
    pub fn is_permanent(self) -> bool {
        matches!(self.0, 301 | 308)
    }
}

impl Default for RedirectStatus {
    fn default() -> Self {
        Self(302)
    }
}

impl TryFrom<u16> for RedirectStatus {
    type Error = String;

    fn try_from(code: u16) -> Result<Self, String> {
        if matches!(code, 301 | 302 | 307 | 308) {
            Ok(Self(code))
        } else {
            Err(format!("{code} is no status of a redirect, expected 301 or 308 (for good), 302 or 307 (for now)"))
        }
    }
}

impl From<RedirectStatus> for u16 {
    fn from(status: RedirectStatus) -> Self {
        status.0
    }
}

/// A route as it is written: the keys of all kinds. A tagged enum would be buffered while it is read, and a fault in it
/// would lose its place in the file.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoute {
    #[serde(default)]
    kind: RouteKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<RouteHost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<PlainPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<PlainPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<Vec<Upstream>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache: Option<Caching>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upgrade: Option<Vec<Protocol>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http2: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<Probe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Destination>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<RedirectStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_path: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_query: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<Destination>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Line>,
}

/// One field of a route each, so that a fault has the place of its value.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct PlainPath(String);

#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct RouteHost(String);

#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Upstream(Url);

#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Line(String);

/// `/` and plain segments, none of them empty, `.` or `..`.
pub(super) fn is_plain_path(path: &str) -> bool {
    let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
    let segments = path.strip_prefix('/').unwrap_or("").split('/');
    plain && segments.into_iter().all(|segment| !matches!(segment, "" | "." | ".."))
}

impl TryFrom<String> for PlainPath {
    type Error = String;

    fn try_from(path: String) -> Result<Self, String> {
        if is_plain_path(&path) {
            return Ok(Self(path));
        }
        Err(format!("`{path}` is no path prefix: `/` and plain segments, without a `/` at the end"))
    }
}

impl TryFrom<String> for RouteHost {
    type Error = String;

    fn try_from(host: String) -> Result<Self, String> {
        if Host::parse(&host).is_ok() && host == host.to_ascii_lowercase() {
            return Ok(Self(host));
        }
        Err(format!("`{host}` is no host name in lower case without a port"))
    }
}

impl TryFrom<String> for Upstream {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let usable = |url: &Url| {
            let root = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            let clean = url.username().is_empty() && url.password().is_none() && url.host().is_some();
            matches!(url.scheme(), "http" | "https") && root && clean
        };
        match Url::parse(&text).ok().filter(usable) {
            Some(url) => Ok(Self(url)),
            None => Err("no usable upstream, expected http:// or https://, a host and a port, no path".into()),
        }
    }
}

impl TryFrom<String> for Line {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err("expected a text of one line that is not empty".into());
        }
        Ok(Self(text.trim().to_owned()))
    }
}

impl TryFrom<RawRoute> for Route {
    type Error = String;

    fn try_from(raw: RawRoute) -> Result<Self, String> {
        let written = [
            ("upstream", raw.upstream.is_some()),
            ("cache", raw.cache.is_some()),
            ("upgrade", raw.upgrade.is_some()),
            ("http2", raw.http2.is_some()),
            ("probe", raw.probe.is_some()),
            ("to", raw.to.is_some()),
            ("status", raw.status.is_some()),
            ("keep_path", raw.keep_path.is_some()),
            ("keep_query", raw.keep_query.is_some()),
            ("successor", raw.successor.is_some()),
            ("text", raw.text.is_some()),
        ];
        if let Some((key, _)) = written.into_iter().find(|(key, there)| *there && !raw.kind.keys().contains(key)) {
            return Err(format!("`{key}` does not belong to a route of kind `{}`", raw.kind.name()));
        }
        let (path, tail) = match (&raw.host, raw.prefix, raw.path) {
            (_, Some(_), Some(_)) => return Err("a route has either `prefix` or `path`, not both".into()),
            (None, None, None) => return Err("a route needs `prefix`, `path` or `host`".into()),
            (_, Some(prefix), None) => (prefix.0, Tail::Below),
            (_, None, Some(path)) => (path.0, Tail::Exact),
            (Some(_), None, None) => (String::new(), Tail::Below),
        };
        let host = raw.host.map(|host| host.0);
        let does = match raw.kind {
            RouteKind::Proxy => {
                let upstream = raw.upstream.ok_or("missing field `upstream`")?;
                if upstream.is_empty() {
                    return Err("a route needs at least one address in `upstream`".into());
                }
                Does::Proxy {
                    upstream: upstream.into_iter().map(|upstream| upstream.0).collect(),
                    cache: raw.cache.unwrap_or_default(),
                    upgrade: raw.upgrade.unwrap_or_default(),
                    http2: raw.http2.unwrap_or(true),
                    probe: raw.probe,
                }
            }
            RouteKind::Redirect => Does::Redirect {
                to: raw.to.ok_or("missing field `to`")?,
                status: raw.status.unwrap_or_default(),
                keep_path: raw.keep_path.unwrap_or(true),
                keep_query: raw.keep_query.unwrap_or(true),
            },
            RouteKind::Gone => Does::Gone { successor: raw.successor, text: raw.text.map(|text| text.0) },
        };
        let route = Self { host, path, tail, does };
        if route.leads_to_itself() {
            return Err("the route leads to itself, expected a destination outside of it".into());
        }
        Ok(route)
    }
}

impl Route {
    /// True when the destination is a request that this route takes; a path is one of the same host.
    fn leads_to_itself(&self) -> bool {
        let to = match self.does.destination() {
            Some((_, Destination::Path(to))) => to.as_str(),
            Some((_, Destination::Address(url))) if self.host.is_some() && self.host.as_deref() == url.host_str() => {
                url.path()
            }
            _ => return false,
        };
        match (to.strip_prefix(self.path.as_str()), self.tail) {
            (Some(""), _) => true,
            (Some(rest), Tail::Below) => rest.starts_with('/'),
            _ => false,
        }
    }
}

impl From<Route> for RawRoute {
    fn from(route: Route) -> Self {
        let (kind, host) = (route.does.kind(), route.host.map(RouteHost));
        let path = Some(route.path).filter(|path| !path.is_empty()).map(PlainPath);
        let (prefix, path) = if route.tail == Tail::Exact { (None, path) } else { (path, None) };
        let place = Self { kind, host, prefix, path, ..Self::default() };
        match route.does {
            Does::Proxy { upstream, cache, upgrade, http2, probe } => Self {
                upstream: Some(upstream.into_iter().map(Upstream).collect()),
                cache: Some(cache).filter(|cache| *cache != Caching::Off),
                upgrade: Some(upgrade).filter(|upgrade| !upgrade.is_empty()),
                http2: Some(http2).filter(|http2| !http2),
                probe,
                ..place
            },
            Does::Redirect { to, status, keep_path, keep_query } => Self {
                to: Some(to),
                status: Some(status),
                keep_path: Some(keep_path),
                keep_query: Some(keep_query),
                ..place
            },
            Does::Gone { successor, text } => Self { successor, text: text.map(Line), ..place },
        }
    }
}

#[cfg(test)]
mod tests;

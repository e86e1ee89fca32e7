//! Host and path to what answers: a page of ours, a portal, a redirect, or the word that something is gone.
//!
//! A table is built aside from the registrations, tests itself and is swapped whole; requests that are open finish with
//! the table that they began with. Lookup is by whole segments and costs the same with ten routes and ten thousand.
//! The table knows no sockets and no catalog: pools and bounds live in `proxy` and outlive a swap, and who is
//! responsible for a Leistung is asked elsewhere; the table knows how such a portal is reached.

mod build;
pub mod kept;
mod listing;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use connectors::gebiet::Ars;
use connectors::ids::{Leistungsschluessel, PortalId};
use connectors::registration::{Caching, Destination, ForwardPath, Maintenance, Probe, Protocol, RedirectStatus, Tail};
use percent_encoding::percent_decode;
use url::Url;

pub use build::{RouteFault, RouteFaultKind};
pub use listing::{Explained, Listed};

/// First path segments that are ours; empty stands for the start page.
const OWN_SEGMENTS: &[&str] = &[
    "",
    "suche",
    "leistung",
    ZU,
    "api",
    "static",
    "robots.txt",
    "ort",
    "bericht",
    ".well-known",
    "anbindung",
    "pruefen",
    "profil",
    "en",
    "leicht",
    "lebenslage",
    "lebenslagen",
    "bevor",
    "einbinden",
    "opensearch.xml",
    "rueckmeldung",
    "barriere-melden",
    "barrierefreiheit",
    "datenschutz",
    "impressum",
    "hilfe",
    "daten",
    "kurz",
];
/// The first segment of requests for a Leistung at a place.
const ZU: &str = "zu";

/// One route of one portal, as it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalRoute {
    /// Whose route it is.
    pub portal: PortalId,
    /// The portal's name as citizens know it.
    pub name: String,
    /// Whom they can call.
    pub phone: Option<String>,
    /// Which requests it takes.
    pub place: Place,
    /// What it does with them.
    pub does: Does,
    /// Addresses of the portal; at least one when requests are passed on.
    pub upstreams: Vec<Url>,
    /// Whether its answers are kept.
    pub cache: Caching,
    /// Protocols to which a connection may be upgraded.
    pub upgrade: Vec<Protocol>,
    /// Whether HTTP/2 is offered to upstreams over TLS.
    pub http2: bool,
    /// How it is looked whether an upstream is well.
    pub probe: Option<Probe>,
    /// When it is not there.
    pub maintenance: Option<Maintenance>,
    /// For which Leistung and place, where the route is made for one request.
    pub responsible: Option<Responsible>,
}

/// What a route does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// Passes it on to the portal.
    Forward,
    /// Sends the client elsewhere.
    Redirect {
        /// Where to.
        to: Destination,
        /// How.
        status: RedirectStatus,
        /// Whether what stands below the path goes along.
        keep_path: bool,
        /// Whether the query goes along.
        keep_query: bool,
    },
    /// Says that it is gone.
    Gone {
        /// What has taken its place.
        successor: Option<Destination>,
        /// What is said to citizens.
        text: Option<String>,
    },
}

/// For which Leistung and place a portal is asked, and how its paths and ours belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responsible {
    /// The Leistung.
    pub schluessel: Leistungsschluessel,
    /// The place.
    pub ars: Ars,
    /// What stands at the portal for the place of the route: empty, or a path that does not end with `/`.
    pub base: String,
    /// Where citizens find what the portal has outside of it.
    pub beside: Place,
}

impl PortalRoute {
    /// A route for tests, that passes requests on and keeps nothing.
    #[cfg(test)]
    pub(crate) fn sample(place: Place) -> Self {
        Self {
            portal: "stadt".parse().expect("a plain id"),
            name: "Stadt".into(),
            phone: None,
            place,
            does: Does::Forward,
            upstreams: Vec::new(),
            cache: Caching::Off,
            upgrade: Vec::new(),
            http2: true,
            probe: None,
            maintenance: None,
            responsible: None,
        }
    }

    /// The path prefix; empty for a whole host.
    pub fn prefix(&self) -> &str {
        &self.place.path
    }

    /// The prefix that the portal is told: what stands before its own paths as citizens see them.
    pub fn told_prefix(&self) -> &str {
        match &self.responsible {
            Some(responsible) if !responsible.base.is_empty() => match responsible.beside.host {
                None => &responsible.beside.path,
                // Its links lead from our host to nowhere whatever it is told; relative ones work.
                Some(_) => "",
            },
            _ => self.prefix(),
        }
    }
}

/// Which requests a route takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// This host; none for all that are no portal's.
    pub host: Option<String>,
    /// This path; empty for all.
    pub path: String,
    /// Whether all below it belongs to it.
    pub tail: Tail,
}

impl Place {
    /// Everything for a host.
    pub fn host(host: impl Into<String>) -> Self {
        Self { host: Some(host.into()), path: String::new(), tail: Tail::Below }
    }

    /// A path and everything below it.
    pub fn prefix(path: impl Into<String>) -> Self {
        Self { host: None, path: path.into(), tail: Tail::Below }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tail, self.path.as_str()) {
            (Tail::Below, "") => write!(f, "host `{}`", self.host.as_deref().unwrap_or_default()),
            (Tail::Below, path) => write!(f, "prefix `{}{path}`", self.host.as_deref().unwrap_or_default()),
            (Tail::Exact, path) => write!(f, "path `{}{path}`", self.host.as_deref().unwrap_or_default()),
        }
    }
}

/// What answers a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Nothing yet: no table was ever loaded.
    NotLoaded,
    /// Our own pages.
    Own,
    /// A route of a portal.
    Portal(Matched),
    /// The portal that is responsible, if it takes such requests; else our own pages.
    Responsible(Wanted),
}

/// A route and the path that goes on to its portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The route that takes the request.
    pub route: Arc<PortalRoute>,
    /// The path for the portal: below the prefix as it came; begins with `/`.
    pub rest: String,
}

/// A request for a Leistung at a place: `/zu/{schluessel}/{ars}/…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The Leistung.
    pub schluessel: Leistungsschluessel,
    /// The place.
    pub ars: Ars,
    /// The path below as it came; begins with `/`.
    pub rest: String,
}

/// How a portal is reached for a Leistung at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    route: Arc<PortalRoute>,
    path: ForwardPath,
}

impl WayIn {
    /// The route for one request. `name` and `phone` are those of the responsible body, where they are known.
    pub fn matched(&self, wanted: &Wanted, name: Option<String>, phone: Option<String>) -> Matched {
        let Wanted { schluessel, ars, rest } = wanted;
        let base = self.path.base(*schluessel, *ars);
        let rest = format!("{base}{rest}");
        let route = PortalRoute {
            name: name.unwrap_or_else(|| self.route.name.clone()),
            phone: phone.or_else(|| self.route.phone.clone()),
            place: Place::prefix(format!("/{ZU}/{schluessel}/{ars}")),
            responsible: Some(Responsible {
                schluessel: *schluessel,
                ars: *ars,
                base,
                beside: self.route.place.clone(),
            }),
            ..PortalRoute::clone(&self.route)
        };
        Matched { route: Arc::new(route), rest }
    }
}

/// A path that cannot be routed safely: `..`, `%2f` or `%00` below a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path holds a segment that a portal could read in another way")]
pub struct UnsafePath;

/// The table of routes.
#[derive(Debug, Default)]
pub struct Routes {
    loaded: bool,
    hosts: HashMap<String, Paths>,
    own: Paths,
    ways_in: HashMap<PortalId, WayIn>,
}

/// The routes of one host.
#[derive(Debug, Default)]
struct Paths {
    exact: HashMap<String, Arc<PortalRoute>>,
    below: HashMap<String, Arc<PortalRoute>>,
    /// Number of segments of the longest path.
    deepest: usize,
}

impl Paths {
    fn of(&self, tail: Tail) -> &HashMap<String, Arc<PortalRoute>> {
        if tail == Tail::Exact { &self.exact } else { &self.below }
    }

    fn add(&mut self, route: Arc<PortalRoute>) {
        let path = route.place.path.clone();
        self.deepest = self.deepest.max(segments(&path).count());
        let paths = if route.place.tail == Tail::Exact { &mut self.exact } else { &mut self.below };
        paths.insert(path, route);
    }

    /// The route of exactly this path, else the longest prefix that it lies below; and where in `path` that ends.
    fn find(&self, path: &str) -> Option<(&Arc<PortalRoute>, usize)> {
        let mut found = self.below.get("").map(|route| (route, 0));
        let mut collapsed = String::with_capacity(path.len());
        let (mut end, mut depth) = (0, 0);
        for segment in path.split('/').skip(1) {
            end += 1 + segment.len();
            if segment.is_empty() {
                continue;
            }
            if depth == self.deepest {
                return found;
            }
            depth += 1;
            collapsed.push('/');
            collapsed.push_str(segment);
            found = self.below.get(&collapsed).map(|route| (route, end)).or(found);
        }
        self.exact.get(&collapsed).map(|route| (route, path.len())).or(found)
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<PortalRoute>> {
        self.exact.values().chain(self.below.values())
    }

    fn len(&self) -> usize {
        self.exact.len() + self.below.len()
    }
}

impl Routes {
    /// The state before the first table: everything is answered with 503.
    pub fn not_loaded() -> Self {
        Self::default()
    }

    /// What answers `path` (as it came, percent-encoded, without query) at `host` (lower case, without port).
    ///
    /// The routes of a host go before those of all hosts, an exact path before the longest prefix; then come requests
    /// for a Leistung at a place, and our own pages are the rest.
    pub fn find(&self, host: Option<&str>, path: &str) -> Result<Target, UnsafePath> {
        if !self.loaded {
            return Ok(Target::NotLoaded);
        }
        let of_host = host.and_then(|host| self.hosts.get(host)).and_then(|paths| paths.find(path));
        if let Some((route, end)) = of_host.or_else(|| self.own.find(path)) {
            // A whole host is the portal's own to read as it likes.
            if !(route.place.path.is_empty() && route.does == Does::Forward) {
                refuse_unsafe(path)?;
            }
            let rest = match path.get(end..).unwrap_or_default() {
                "" => "/",
                rest => rest,
            };
            return Ok(Target::Portal(Matched { route: route.clone(), rest: rest.to_owned() }));
        }
        match wanted(path) {
            Some(wanted) => refuse_unsafe(path).map(|()| Target::Responsible(wanted)),
            None => Ok(Target::Own),
        }
    }

    /// The first of these portals that takes requests for a Leistung at a place.
    pub fn way_in(&self, portals: &[PortalId]) -> Option<&WayIn> {
        portals.iter().find_map(|portal| self.ways_in.get(portal))
    }

    /// True once a table was loaded, also one without portals.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Number of routes.
    pub fn len(&self) -> usize {
        self.own.len() + self.hosts.values().map(Paths::len).sum::<usize>()
    }

    /// True when no portal is routed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every route, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<PortalRoute>> {
        self.own.iter().chain(self.hosts.values().flat_map(Paths::iter))
    }
}

/// Reads `/zu/{schluessel}/{ars}/…`; none when key or place are not written in full, or nothing follows them.
fn wanted(path: &str) -> Option<Wanted> {
    let mut ends = 0;
    let mut filled = path.split('/').skip(1).filter_map(|segment| {
        ends += 1 + segment.len();
        (!segment.is_empty()).then_some((segment, ends))
    });
    let (zu, _) = filled.next()?;
    let ((schluessel, _), (ars, end)) = (filled.next()?, filled.next()?);
    if zu != ZU || ars.len() != 12 {
        return None;
    }
    let rest = path.get(end..).filter(|rest| rest.starts_with('/'))?;
    Some(Wanted { schluessel: schluessel.parse().ok()?, ars: ars.parse().ok()?, rest: rest.to_owned() })
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn refuse_unsafe(path: &str) -> Result<(), UnsafePath> {
    if path.split('/').any(is_unsafe) { Err(UnsafePath) } else { Ok(()) }
}

/// True for a segment that one reader takes for a step up or for several segments, and another does not.
fn is_unsafe(segment: &str) -> bool {
    if !segment.bytes().any(|byte| matches!(byte, b'.' | b'%' | b'\\')) {
        return false;
    }
    let decoded: Vec<u8> = percent_decode(segment.as_bytes()).collect();
    let name = decoded.split(|byte| *byte == b';').next().unwrap_or_default();
    name == b".." || decoded.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0))
}

#[cfg(test)]
mod tests;

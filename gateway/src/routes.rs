//! Host and path to what answers: a page of ours or a portal.
//!
//! A table is built aside from the registrations, tests itself and is swapped whole; requests that are open finish with
//! the table that they began with. Lookup is by whole segments and costs the same with ten routes and ten thousand.
//! The table knows no sockets: pools and bounds live in `proxy` and outlive a swap.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use connectors::ids::PortalId;
use connectors::registration::{Caching, Portal, Route};
use percent_encoding::percent_decode;
use serde::Serialize;
use url::Url;

/// First path segments that are ours; empty stands for the start page.
const OWN_SEGMENTS: &[&str] = &["", "suche", "leistung", "zu", "api", "static", "robots.txt", "ort", ".well-known"];

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
    /// Addresses of the portal; at least one.
    pub upstreams: Vec<Url>,
    /// Whether its answers are kept.
    pub cache: Caching,
}

impl PortalRoute {
    /// The path prefix; empty for a host of its own.
    pub fn prefix(&self) -> &str {
        match &self.place {
            Place::Prefix(prefix) => prefix,
            Place::Host(_) => "",
        }
    }
}

/// Which requests a route takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Everything for this host.
    Host(String),
    /// This path and everything below it.
    Prefix(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write!(f, "host `{host}`"),
            Self::Prefix(prefix) => write!(f, "prefix `{prefix}`"),
        }
    }
}

/// Why a portal is not in the table; all others are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("portal {portal} is not routed: its {place} {kind}")]
pub struct RouteFault {
    /// Whose routes were left out.
    pub portal: PortalId,
    /// The route that cannot be.
    pub place: Place,
    /// What is wrong, and what would be right.
    pub kind: RouteFaultKind,
}

/// What is wrong with a route, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteFaultKind {
    /// Another portal has it.
    #[error("is already taken by portal {0}; choose one that no other portal has")]
    Taken(PortalId),
    /// The portal itself has it twice.
    #[error("stands there twice; name every address in one route's `upstream`")]
    Twice,
    /// It is a page of ours.
    #[error("is the gateway's own; choose one outside of /{0}, such as /portal/<id>")]
    OwnPath(String),
    /// It is our own host.
    #[error("is the gateway's own public host; choose a name below or beside it, or a path prefix")]
    OwnHost,
}

/// What answers a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Nothing yet: no table was ever loaded.
    NotLoaded,
    /// Our own pages.
    Own,
    /// A portal.
    Portal(Matched),
}

/// A route and the path that goes on to its portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The route that takes the request.
    pub route: Arc<PortalRoute>,
    /// The path below the prefix as it came; begins with `/`.
    pub rest: String,
}

/// A path that cannot be routed safely: `..`, `%2f` or `%00` below a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path holds a segment that a portal could read in another way")]
pub struct UnsafePath;

/// The table of routes.
#[derive(Debug, Default)]
pub struct Routes {
    loaded: bool,
    hosts: HashMap<String, Arc<PortalRoute>>,
    prefixes: HashMap<String, Arc<PortalRoute>>,
    /// Number of segments of the longest prefix.
    deepest: usize,
}

impl Routes {
    /// The state before the first table: everything is answered with 503.
    pub fn not_loaded() -> Self {
        Self::default()
    }

    /// The table of `portals`, and who was left out of it and why.
    ///
    /// A portal whose route is another's, or ours, is left out alone and with all of its routes; of two portals that
    /// want the same, the first in the list keeps it. `own_host` is the host of `public_url`.
    pub fn build(portals: &[Portal], own_host: Option<&str>) -> (Self, Vec<RouteFault>) {
        let mut routes = Self { loaded: true, ..Self::default() };
        let mut faults = Vec::new();
        for portal in portals {
            match routes.fit(portal, own_host) {
                Ok(fitting) => fitting.into_iter().for_each(|route| routes.add(route)),
                Err(fault) => faults.push(fault),
            }
        }
        (routes, faults)
    }

    /// The routes of `portal`, if all of them can be.
    fn fit(&self, portal: &Portal, own_host: Option<&str>) -> Result<Vec<PortalRoute>, RouteFault> {
        let mut fitting: Vec<PortalRoute> = Vec::new();
        for route in &portal.routes {
            for place in places(route) {
                let fault = self
                    .conflict(&place, own_host)
                    .or_else(|| fitting.iter().any(|other| other.place == place).then_some(RouteFaultKind::Twice));
                if let Some(kind) = fault {
                    return Err(RouteFault { portal: portal.id.clone(), place, kind });
                }
                fitting.push(PortalRoute {
                    portal: portal.id.clone(),
                    name: portal.name.clone(),
                    phone: portal.contact.as_ref().and_then(|contact| contact.phone.clone()),
                    place,
                    upstreams: route.upstream.clone(),
                    cache: route.cache,
                });
            }
        }
        Ok(fitting)
    }

    fn conflict(&self, place: &Place, own_host: Option<&str>) -> Option<RouteFaultKind> {
        match place {
            Place::Host(host) if own_host.is_some_and(|own| own.eq_ignore_ascii_case(host)) => {
                Some(RouteFaultKind::OwnHost)
            }
            Place::Host(host) => self.hosts.get(host).map(|other| RouteFaultKind::Taken(other.portal.clone())),
            Place::Prefix(prefix) => {
                let first = segments(prefix).next().unwrap_or_default();
                if OWN_SEGMENTS.contains(&first) {
                    return Some(RouteFaultKind::OwnPath(first.to_owned()));
                }
                self.prefixes.get(prefix).map(|other| RouteFaultKind::Taken(other.portal.clone()))
            }
        }
    }

    fn add(&mut self, route: PortalRoute) {
        let place = route.place.clone();
        let route = Arc::new(route);
        match place {
            Place::Host(host) => {
                self.hosts.insert(host, route);
            }
            Place::Prefix(prefix) => {
                self.deepest = self.deepest.max(segments(&prefix).count());
                self.prefixes.insert(prefix, route);
            }
        }
    }

    /// What answers `path` (as it came, percent-encoded, without query) at `host` (lower case, without port).
    ///
    /// A host of its own goes before the longest prefix; our own pages are what no portal has.
    pub fn find(&self, host: Option<&str>, path: &str) -> Result<Target, UnsafePath> {
        if !self.loaded {
            return Ok(Target::NotLoaded);
        }
        if let Some(route) = host.and_then(|host| self.hosts.get(host)) {
            return Ok(Target::Portal(Matched { route: route.clone(), rest: path.to_owned() }));
        }
        let Some((route, end)) = self.longest_prefix(path) else { return Ok(Target::Own) };
        if path.split('/').any(is_unsafe) {
            return Err(UnsafePath);
        }
        let rest = match path.get(end..).unwrap_or_default() {
            "" => "/",
            rest => rest,
        };
        Ok(Target::Portal(Matched { route: route.clone(), rest: rest.to_owned() }))
    }

    /// The longest prefix that `path` lies below, and where in `path` it ends.
    fn longest_prefix(&self, path: &str) -> Option<(&Arc<PortalRoute>, usize)> {
        let mut collapsed = String::with_capacity(path.len());
        let mut found = None;
        let mut end = 0;
        for segment in path.split('/').skip(1) {
            end += 1 + segment.len();
            if segment.is_empty() {
                continue;
            }
            collapsed.push('/');
            collapsed.push_str(segment);
            found = self.prefixes.get(&collapsed).map(|route| (route, end)).or(found);
            if segments(&collapsed).count() >= self.deepest {
                break;
            }
        }
        found
    }

    /// True once a table was loaded, also one without portals.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Number of routes.
    pub fn len(&self) -> usize {
        self.hosts.len() + self.prefixes.len()
    }

    /// True when no portal is routed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every route, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<PortalRoute>> {
        self.hosts.values().chain(self.prefixes.values())
    }

    /// Asks the table for each of its own places, and for ours; a table that fails must not be swapped in.
    pub fn self_test(&self) -> Result<(), String> {
        if !self.loaded {
            return Err("the table was never loaded".into());
        }
        for route in self.iter() {
            let (host, path) = match &route.place {
                Place::Host(host) => (Some(host.as_str()), "/probe".to_owned()),
                Place::Prefix(prefix) => (None, format!("{prefix}/probe")),
            };
            match self.find(host, &path) {
                Ok(Target::Portal(found)) if found.route == *route && found.rest == "/probe" => {}
                other => return Err(format!("{} of portal {} leads to {other:?}", route.place, route.portal)),
            }
        }
        match OWN_SEGMENTS.iter().find(|own| self.find(None, &format!("/{own}")) != Ok(Target::Own)) {
            Some(own) => Err(format!("/{own} does not lead to our own page")),
            None => Ok(()),
        }
    }

    /// The table for people and programs on the internal side, in a fixed order.
    pub fn listing(&self) -> Vec<Listed> {
        let mut listing: Vec<_> = self.iter().map(|route| Listed::of(route)).collect();
        listing.sort_by(|one, other| {
            (&one.portal, &one.host, &one.prefix).cmp(&(&other.portal, &other.host, &other.prefix))
        });
        listing
    }
}

/// One route as `/debug/routes` shows it.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Whose it is.
    pub portal: PortalId,
    /// The host, if it is a host of its own.
    pub host: Option<String>,
    /// The prefix, if it is one.
    pub prefix: Option<String>,
    /// Where it leads.
    pub upstream: Vec<Url>,
}

impl Listed {
    fn of(route: &PortalRoute) -> Self {
        let (host, prefix) = match &route.place {
            Place::Host(host) => (Some(host.clone()), None),
            Place::Prefix(prefix) => (None, Some(prefix.clone())),
        };
        Self { portal: route.portal.clone(), host, prefix, upstream: route.upstreams.clone() }
    }
}

fn places(route: &Route) -> impl Iterator<Item = Place> {
    let host = route.host.clone().map(Place::Host);
    host.into_iter().chain(route.prefix.clone().map(Place::Prefix))
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// True for a segment that one reader takes for a step up or for several segments, and another does not.
fn is_unsafe(segment: &str) -> bool {
    let decoded: Vec<u8> = percent_decode(segment.as_bytes()).collect();
    let name = decoded.split(|byte| *byte == b';').next().unwrap_or_default();
    name == b".." || decoded.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0))
}

#[cfg(test)]
mod tests;

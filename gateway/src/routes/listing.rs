//! The table as people and programs see it: every route, and which one answers an address, and why.

use connectors::registration::{Probe, Protocol, Tail};
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use connectors::ids::PortalId;

use super::{Does, Matched, PortalRoute, Routes, Target};

/// One route as `routes list` and `/debug/routes` show it.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Whose it is.
    pub portal: PortalId,
    /// `proxy`, `redirect` or `gone`.
    pub kind: &'static str,
    /// The host, if it is for one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The prefix, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The path, if it is for one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where it is passed on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<Url>,
    /// Protocols to which a connection may change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub upgrade: Vec<Protocol>,
    /// How its upstreams are probed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
    /// Where clients are sent, or what has taken its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The status that the route itself answers with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Where requests for a Leistung at a place go at the portal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsible: Option<String>,
    /// The end of a maintenance that is going on or to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance_until: Option<Timestamp>,
}

impl Listed {
    fn of(route: &PortalRoute) -> Self {
        let path = Some(route.place.path.clone()).filter(|path| !path.is_empty());
        let (prefix, path) = if route.place.tail == Tail::Exact { (None, path) } else { (path, None) };
        let (kind, to, status) = match &route.does {
            Does::Forward => ("proxy", None, None),
            Does::Redirect { to, status, .. } => ("redirect", Some(to), Some(status.code())),
            Does::Gone { successor, .. } => ("gone", successor.as_ref(), Some(410)),
        };
        Self {
            portal: route.portal.clone(),
            kind,
            host: route.place.host.clone(),
            prefix,
            path,
            upstream: route.upstreams.clone(),
            upgrade: route.upgrade.clone(),
            probe: route.probe.clone(),
            to: to.map(ToString::to_string),
            status,
            responsible: None,
            maintenance_until: route.maintenance.as_ref().map(|maintenance| maintenance.until),
        }
    }

    /// On one line: who, what, where, where to.
    pub fn line(&self) -> String {
        let host = self.host.as_deref().unwrap_or("*");
        let place = match (&self.prefix, &self.path) {
            (Some(prefix), _) => format!("{host}{prefix}/*"),
            (None, Some(path)) => format!("{host}{path}"),
            (None, None) => format!("{host}/*"),
        };
        let upstream = || self.upstream.iter().map(Url::as_str).collect::<Vec<_>>().join(" ");
        let to = self.to.clone().unwrap_or_else(upstream);
        let status = self.status.map(|status| format!(" {status}")).unwrap_or_default();
        let responsible = self.responsible.as_ref().map(|path| format!("\tresponsible {path}")).unwrap_or_default();
        let upgrade = self.upgrade.iter().map(|protocol| format!("\tupgrade {protocol}")).collect::<String>();
        let probe = self.probe.as_ref().map(|probe| format!("\tprobe {}", probe.path())).unwrap_or_default();
        let maintenance =
            self.maintenance_until.map(|until| format!("\tmaintenance until {until}")).unwrap_or_default();
        format!("{}\t{}{status}\t{place}\t{to}{upgrade}{probe}{responsible}{maintenance}", self.portal, self.kind)
    }
}

/// Which rule answers an address, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// `not_loaded`, `refused`, `own`, `proxy`, `redirect`, `gone`, `maintenance`.
    pub answer: &'static str,
    /// The route, where one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Listed>,
    /// Why, in sentences for operators.
    pub why: Vec<String>,
    /// The path and query at the portal, or the address that clients are sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The upstream that would be asked first now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_now: Option<Url>,
}

impl Explained {
    fn bare(answer: &'static str, why: impl Into<String>) -> Self {
        Self { answer, route: None, why: vec![why.into()], target: None, upstream_now: None }
    }

    /// What a route does with a request for this query at `now`; `why` is how it was found.
    pub fn of(matched: &Matched, query: Option<&str>, now: Timestamp, mut why: Vec<String>) -> Self {
        let route = &matched.route;
        let with_query = || query.map_or_else(|| matched.rest.clone(), |query| format!("{}?{query}", matched.rest));
        let maintained = route.maintenance.as_ref().filter(|maintenance| maintenance.is_on(now));
        let (answer, target) = match (&route.does, maintained) {
            (Does::Forward, Some(maintenance)) => {
                why.push(format!("a maintenance of the portal goes on until {}", maintenance.until));
                ("maintenance", None)
            }
            (Does::Forward, None) => ("proxy", Some(with_query())),
            (Does::Redirect { .. }, _) => ("redirect", matched.redirect(query)),
            (Does::Gone { .. }, _) => ("gone", None),
        };
        Self { answer, route: Some(Listed::of(route)), why, target, upstream_now: None }
    }
}

impl Matched {
    /// Where a redirect sends a client that came with this query; none for other routes.
    pub fn redirect(&self, query: Option<&str>) -> Option<String> {
        let Does::Redirect { to, keep_path, keep_query, .. } = &self.route.does else { return None };
        // A request for just the path of the route has no rest of its own.
        let rest = if *keep_path && self.rest != "/" { self.rest.as_str() } else { "" };
        Some(to.with(rest, query.filter(|_| *keep_query)))
    }
}

impl Routes {
    /// The table in a fixed order.
    pub fn listing(&self) -> Vec<Listed> {
        let listed = |route: &PortalRoute| {
            let way = self.ways_in.get(&route.portal).filter(|way| *way.route == *route);
            Listed { responsible: way.map(|way| String::from(way.path.clone())), ..Listed::of(route) }
        };
        let mut listing: Vec<_> = self.iter().map(|route| listed(route)).collect();
        listing.sort_by(|one, other| {
            let key = |it: &Listed| (it.portal.clone(), it.host.clone(), it.prefix.clone(), it.path.clone());
            key(one).cmp(&key(other))
        });
        listing
    }

    /// Which rule answers, and why; for a request for a Leistung at a place also what is wanted, because whom to ask is
    /// not known here.
    pub fn explain(&self, host: Option<&str>, path: &str, query: Option<&str>, now: Timestamp) -> (Explained, Target) {
        let target = match self.find(host, path) {
            Ok(target) => target,
            Err(unsafe_path) => return (Explained::bare("refused", unsafe_path.to_string()), Target::Own),
        };
        let explained = match &target {
            Target::NotLoaded => Explained::bare("not_loaded", "no table of routes was loaded yet"),
            Target::Own => Explained::bare("own", "no portal has a route for this host or path"),
            Target::Responsible(wanted) => {
                Explained::bare("own", format!("no portal takes requests for {} at {}", wanted.schluessel, wanted.ars))
            }
            Target::Portal(matched) => {
                let place = &matched.route.place;
                let how = match (place.tail, place.path.as_str()) {
                    (Tail::Exact, _) => "it is exactly this path",
                    (Tail::Below, "") => "the host is the portal's",
                    (Tail::Below, _) => "it is the longest prefix of the path",
                };
                Explained::of(matched, query, now, vec![format!("{place} of portal {}: {how}", matched.route.portal)])
            }
        };
        (explained, target)
    }
}

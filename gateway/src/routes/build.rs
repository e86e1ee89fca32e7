//! A table out of registrations: what fits is taken, a portal that does not fit is left out alone, and the table is
//! asked for each of its places before anybody uses it.

use std::collections::HashSet;
use std::sync::Arc;

use connectors::ids::PortalId;
use connectors::registration::{self as registered, Caching, Portal, Tail};

use super::{Does, Matched, OWN_SEGMENTS, Place, PortalRoute, Routes, Target, WayIn, segments};

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
    /// The host is another portal's.
    #[error("is on a host of portal {0}; choose a host of its own, or none")]
    ForeignHost(PortalId),
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

impl Routes {
    /// The table of `portals`, and who was left out of it and why.
    ///
    /// A portal whose route is another's, or ours, is left out alone and with all of its routes; of two portals that
    /// want the same, the first in the list keeps it. `own_host` is the host of `public_url`.
    pub fn build(portals: &[Portal], own_host: Option<&str>) -> (Self, Vec<RouteFault>) {
        let mut routes = Self { loaded: true, ..Self::default() };
        let mut faults = Vec::new();
        for portal in portals {
            match routes.fit(portal, own_host) {
                Ok(fitting) => routes.add(portal, fitting),
                Err(fault) => faults.push(fault),
            }
        }
        (routes, faults)
    }

    /// The routes of `portal`, if all of them can be.
    fn fit(&self, portal: &Portal, own_host: Option<&str>) -> Result<Vec<PortalRoute>, RouteFault> {
        let mut fitting = Vec::with_capacity(portal.routes.len());
        let mut places = HashSet::new();
        for route in &portal.routes {
            let place = place(route);
            let twice = || (!places.insert(place.clone())).then_some(RouteFaultKind::Twice);
            if let Some(kind) = self.conflict(&place, own_host).or_else(twice) {
                return Err(RouteFault { portal: portal.id.clone(), place, kind });
            }
            let registered = route.does.clone();
            let mut route = PortalRoute {
                portal: portal.id.clone(),
                name: portal.name.clone(),
                phone: portal.contact.as_ref().and_then(|contact| contact.phone.clone()),
                place,
                does: Does::Forward,
                upstreams: Vec::new(),
                cache: Caching::Off,
                upgrade: Vec::new(),
                http2: true,
                probe: None,
                maintenance: portal.maintenance.clone(),
                responsible: None,
            };
            route.take(registered);
            fitting.push(route);
        }
        Ok(fitting)
    }

    /// Why a portal that has nothing in the table yet cannot have this place.
    fn conflict(&self, place: &Place, own_host: Option<&str>) -> Option<RouteFaultKind> {
        if let Some(host) = &place.host {
            if own_host.is_some_and(|own| own.eq_ignore_ascii_case(host)) {
                return Some(RouteFaultKind::OwnHost);
            }
            let paths = self.hosts.get(host)?;
            if let Some(other) = paths.of(place.tail).get(&place.path) {
                return Some(RouteFaultKind::Taken(other.portal.clone()));
            }
            // A host is one portal's, or one could answer in the name of another.
            return paths.iter().next().map(|other| RouteFaultKind::ForeignHost(other.portal.clone()));
        }
        let first = segments(&place.path).next().unwrap_or_default();
        if OWN_SEGMENTS.contains(&first) {
            return Some(RouteFaultKind::OwnPath(first.to_owned()));
        }
        self.own.of(place.tail).get(&place.path).map(|other| RouteFaultKind::Taken(other.portal.clone()))
    }

    fn add(&mut self, portal: &Portal, fitting: Vec<PortalRoute>) {
        let way_in = portal.way_in().map(place);
        for route in fitting {
            let route = Arc::new(route);
            if let Some(forwarding) = &portal.responsible
                && way_in.as_ref() == Some(&route.place)
            {
                let way = WayIn { route: route.clone(), path: forwarding.path.clone() };
                self.ways_in.insert(portal.id.clone(), way);
            }
            match &route.place.host {
                Some(host) => self.hosts.entry(host.clone()).or_default().add(route),
                None => self.own.add(route),
            }
        }
    }

    /// Asks the table for each of its own places, and for ours; a table that fails must not be swapped in.
    pub fn self_test(&self) -> Result<(), String> {
        if !self.loaded {
            return Err("the table was never loaded".into());
        }
        for route in self.iter() {
            let Place { host, path, tail } = &route.place;
            let (probe, rest) = if *tail == Tail::Exact { ("", "/") } else { ("/-probe-", "/-probe-") };
            let expected = Target::Portal(Matched { route: route.clone(), rest: rest.to_owned() });
            let found = self.find(host.as_deref(), &format!("{path}{probe}"));
            if found.as_ref() != Ok(&expected) {
                return Err(format!("{} of portal {} leads to {found:?}", route.place, route.portal));
            }
        }
        match OWN_SEGMENTS.iter().find(|own| self.find(None, &format!("/{own}")) != Ok(Target::Own)) {
            Some(own) => Err(format!("/{own} does not lead to our own page")),
            None => Ok(()),
        }
    }
}

fn place(route: &registered::Route) -> Place {
    Place { host: route.host.clone(), path: route.path.clone(), tail: route.tail }
}

impl PortalRoute {
    /// Takes over what a registration says that the route does.
    fn take(&mut self, does: registered::Does) {
        match does {
            registered::Does::Proxy { upstream, cache, upgrade, http2, probe } => {
                self.does = Does::Forward;
                (self.upstreams, self.cache) = (upstream, cache);
                (self.upgrade, self.http2, self.probe) = (upgrade, http2, probe);
            }
            registered::Does::Redirect { to, status, keep_path, keep_query } => {
                self.does = Does::Redirect { to, status, keep_path, keep_query };
            }
            registered::Does::Gone { successor, text } => self.does = Does::Gone { successor, text },
        }
    }
}

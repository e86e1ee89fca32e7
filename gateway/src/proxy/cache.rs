//! A shared cache between citizens and portals, for the routes that ask for it.
//!
//! What may be kept and used is decided by `policy` alone; here those decisions are carried out in order, by `seek`: look up,
//! wait for the one who asks already, ask the portal, keep what came. A hit takes no lock and copies no body. Nothing is kept
//! on disk. Sources: RFC 9111; RFC 5861 (stale answers); RFC 9211 (`Cache-Status`); RFC 9213 (`CDN-Cache-Control`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use connectors::ids::PortalId;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response, request};
use hyper::body::Incoming;

use super::{Client, Proxy};
use crate::body::Body;
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::routes::{Matched, PortalRoute};

mod directives;
mod filling;
mod flight;
mod key;
mod policy;
mod range;
mod seek;
mod status;
mod store;

use flight::Flights;
use policy::Asked;
use range::Wanted;
use seek::Seek;
use status::{Done, Why};
use store::Store;

/// Answers of one portal that are fetched anew behind the citizens' backs, at a time.
const BACKGROUND: usize = 4;
/// How long it is remembered that nothing can be kept for a name, so that nobody waits for another's answer.
const PASSED_FOR: Duration = Duration::from_secs(60);
/// Names of which that is remembered.
const PASSED: u64 = 10_000;

/// Bounds of the cache.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes in all, heads included; with 0 nothing is kept.
    pub max_bytes: usize,
    /// Bytes of one body.
    pub max_object_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { max_bytes: 256 << 20, max_object_bytes: 8 << 20 }
    }
}

/// Marks an answer whose end the portal announces: by a length, or by chunks. Of another one nobody can tell whether it
/// is whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Framed;

/// The cache of all routes.
pub(super) struct Cache {
    store: Arc<Store>,
    flights: Arc<Flights>,
    /// Names for which nothing could be kept lately.
    passed: moka::sync::Cache<Arc<str>, ()>,
    background: Arc<Mutex<HashMap<PortalId, usize>>>,
}

impl Cache {
    /// An empty cache; none when nothing is to be kept.
    pub(super) fn new(bounds: Bounds, metrics: &Arc<Metrics>) -> Option<Self> {
        let metrics = Arc::clone(metrics);
        let store = || Store::new(bounds.max_bytes, bounds.max_object_bytes, move || metrics.cache_evicted());
        (bounds.max_bytes > 0).then(|| Self {
            store: Arc::new(store()),
            flights: Arc::default(),
            passed: moka::sync::Cache::builder().max_capacity(PASSED).time_to_live(PASSED_FOR).build(),
            background: Arc::default(),
        })
    }

    /// Removes what is kept for a portal; how many names that were. Takes time with the number of all entries.
    pub(super) fn purge_portal(&self, portal: &PortalId) -> usize {
        self.store.remove_all(&key::of_portal(portal))
    }

    /// Removes what is kept for a target at a route; how many names that were.
    pub(super) fn purge(&self, route: &PortalRoute, uri: &http::Uri) -> usize {
        usize::from(self.store.remove(&key::of(route, uri)))
    }

    /// Bytes and names that are kept.
    pub(super) fn size(&self) -> (u64, u64) {
        self.store.size()
    }

    /// A place for fetching anew without anybody waiting; none when a portal's places are taken.
    fn behind(&self, portal: &PortalId) -> Option<Behind> {
        let mut places = self.background.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = places.entry(portal.clone()).or_default();
        (*taken < BACKGROUND).then(|| {
            *taken += 1;
            Behind { places: Arc::clone(&self.background), portal: portal.clone() }
        })
    }
}

/// One place for fetching anew, until it is dropped.
struct Behind {
    places: Arc<Mutex<HashMap<PortalId, usize>>>,
    portal: PortalId,
}

impl Drop for Behind {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = places.get_mut(&self.portal) {
            *taken -= 1;
            if *taken == 0 {
                places.remove(&self.portal);
            }
        }
    }
}

/// One request at a route that is cached.
pub(super) struct Ask<'a> {
    pub(super) proxy: &'a Arc<Proxy>,
    pub(super) cache: &'a Cache,
    pub(super) parts: &'a request::Parts,
    pub(super) matched: &'a Matched,
    pub(super) client: &'a Client,
}

impl Ask<'_> {
    /// The answer, from what is kept or from the portal.
    pub(super) async fn answer(self, body: Option<Incoming>) -> Result<Response<Body>, Failure> {
        let name = key::of(&self.matched.route, &self.parts.uri);
        let fields = &self.parts.headers;
        if !matches!(self.parts.method, Method::GET | Method::HEAD) {
            return self.pass(body, &name, Why::Method).await;
        }
        let conditional = fields.contains_key(header::IF_MATCH) || fields.contains_key(header::IF_UNMODIFIED_SINCE);
        if body.is_some() || conditional {
            return self.pass(body, &name, Why::Bypass).await;
        }
        let asked = Asked::of(fields);
        let seek = Seek { wanted: Wanted::read(&self.parts.method, fields), ask: &self, name: &name, asked: &asked };
        seek.answer().await
    }

    /// Sends a request on that is not answered from what is kept, and removes what it made invalid.
    async fn pass(&self, body: Option<Incoming>, name: &str, why: Why) -> Result<Response<Body>, Failure> {
        let Self { proxy, cache, parts, matched, client } = self;
        let response = proxy.fetch(parts, body, matched, client).await?;
        let status = response.status();
        if !policy::is_safe(&parts.method) && (status.is_success() || status.is_redirection()) {
            cache.store.remove(name);
            let public = &proxy.settings.public_url;
            let spoken_of = key::spoken_of(response.headers(), &matched.route, &parts.uri, public);
            for name in spoken_of {
                cache.store.remove(&name);
            }
        }
        Ok(self.told(response, Done::Forwarded { why, status: None, stored: false }))
    }

    /// Counts what was done, and writes it into the answer.
    fn told(&self, mut response: Response<Body>, done: Done) -> Response<Body> {
        self.proxy.metrics.cached(&self.matched.route.portal, done.counted());
        done.write(&self.proxy.settings.via, response.headers_mut());
        response
    }
}

/// The time by the clock of the machine, for dates in fields.
fn wall() -> SystemTime {
    config::clock::now().into()
}

/// Sees to it that an answer says when it was made: it will be older when it is used.
fn dated(fields: &mut HeaderMap, wall: SystemTime) {
    if !fields.contains_key(header::DATE)
        && let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(wall))
    {
        fields.insert(header::DATE, date);
    }
}

#[cfg(test)]
mod tests;

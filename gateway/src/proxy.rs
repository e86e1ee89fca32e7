//! A request on its way to a portal, and the answer on its way back.
//!
//! Bodies stream in both directions and wait for each other; nothing is held whole. A request is repeated only if not
//! one byte of it was sent, or if it is idempotent, has no body, and the connection closed without a byte of an answer:
//! on a fresh connection when it was used before, else at another upstream. Repeats
//! are bounded by a budget of each portal; another connection in the place of one that proved to be closed is none. An answer that breaks off is seen to break off. `Host` towards a portal is the authority of its
//! upstream, because that is what its server answers to; the host that citizens see stands in `X-Forwarded-Host`.
//! HTTP/1.1 or, over TLS, HTTP/2 on this side. What may be kept of the answers stands in
//! `cache`, which is asked first where the route allows it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use connectors::ids::PortalId;
use connectors::registration::Caching;
use http::header::{self, HeaderValue};
use http::uri::PathAndQuery;
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version, request, response};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::body::{Ahead, Body, Bounded, Course, Pace};
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::routes::{Matched, PortalRoute, Routes};

mod balance;
mod breaker;
mod budget;
mod cache;
mod exchange;
mod headers;
mod names;
mod probe;
mod relay;
mod rewrite;
mod upgrade;
mod upstream;
mod window;

pub use balance::LeaveOut;
pub use breaker::Breaking;
pub use budget::Repeats;
pub use cache::Bounds;
pub use headers::{Client, trace_id};
pub use names::Naming;
pub(crate) use names::resolver;
pub use upstream::Allow;

use balance::Verdict;
use cache::{Ask, Cache, Framed};
use names::Names;
use relay::Lease;
use upgrade::Wanted;
use upstream::{Admission, Dialer, Pool};

/// How much of a request's body is waited for before its portal is asked: all of most forms, so that who sends slowly holds
/// no place at a portal and leaves no begun request there.
const READ_AHEAD: usize = 16 * 1024;

/// What the proxy is told when it is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where citizens reach us; what portals are told about host and scheme.
    pub public_url: Url,
    /// Our name in `Via`, a token; two gateways that may stand behind each other need different ones.
    pub via: String,
    /// Longest time for name, connection and TLS handshake.
    pub connect_time: Duration,
    /// Longest silence between the end of a request and the head of its answer.
    pub first_byte_time: Duration,
    /// Longest silence between two pieces of a body, in both directions.
    pub idle_time: Duration,
    /// Time between two pings on a connection of HTTP/2, and the longest wait for the answer of one.
    pub ping_time: Duration,
    /// How long a connection to a portal may wait for its next use.
    pub pool_time: Duration,
    /// Requests that one portal may be working on.
    pub portal_places: usize,
    /// How many of them may be tunnels.
    pub portal_tunnels: usize,
    /// Longest silence in a tunnel, in both directions at once.
    pub tunnel_idle_time: Duration,
    /// How long a request may wait for such a place.
    pub queue_time: Duration,
    /// Most bytes in the body of a request.
    pub max_body_bytes: u64,
    /// How fast it has to come.
    pub body_pace: Pace,
    /// How names are looked up.
    pub naming: Naming,
    /// When an upstream is left out, and how it returns.
    pub leave_out: LeaveOut,
    /// When a portal is left alone.
    pub breaking: Breaking,
    /// How many requests of a portal may be repeated.
    pub repeats: Repeats,
    /// Bounds of what is kept of the answers.
    pub cache: Bounds,
}

impl Settings {
    /// The defaults for a gateway that citizens reach at `public_url`.
    pub fn new(public_url: Url) -> Self {
        Self {
            public_url,
            via: "portalverbund".into(),
            connect_time: Duration::from_secs(3),
            first_byte_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(30),
            ping_time: Duration::from_secs(10),
            pool_time: Duration::from_secs(30),
            portal_places: 64,
            portal_tunnels: 32,
            tunnel_idle_time: Duration::from_secs(300),
            queue_time: Duration::from_secs(1),
            max_body_bytes: 64 * 1024 * 1024,
            body_pace: Pace::default(),
            naming: Naming::default(),
            leave_out: LeaveOut::default(),
            breaking: Breaking::default(),
            repeats: Repeats::default(),
            cache: Bounds::default(),
        }
    }
}

/// The way to all portals.
pub struct Proxy {
    settings: Settings,
    dialer: Dialer,
    names: Arc<Names>,
    pools: RwLock<HashMap<PortalId, Arc<Pool>>>,
    cache: Option<Cache>,
    probed: Mutex<probe::Probed>,
    /// Places for probes.
    probes: Semaphore,
    /// Bytes of answers that are kept for clients that do not take them.
    absorbed: Arc<AtomicUsize>,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    closed: CancellationToken,
}

impl Proxy {
    /// A proxy that dials what `allow` lets it, verifies certificates by `tls`, and runs its connections on `tasks`.
    pub fn new(
        settings: Settings,
        allow: Allow,
        tls: rustls::ClientConfig,
        metrics: Arc<Metrics>,
        tasks: TaskTracker,
    ) -> Self {
        let names = Arc::new(Names::new(settings.naming.clone(), Arc::clone(&metrics)));
        let dialer = Dialer::new(allow, tls, Arc::clone(&names), &settings);
        let closed = CancellationToken::new();
        let cache = Cache::new(settings.cache, &metrics);
        let (probed, probes) = (Mutex::default(), Semaphore::new(probe::AT_ONCE));
        let (pools, absorbed) = (RwLock::default(), Arc::default());
        Self { settings, dialer, names, pools, cache, probed, probes, absorbed, metrics, tasks, closed }
    }

    /// The default for `tls`: TLS 1.2 and 1.3, certificates verified against Mozilla's roots.
    pub fn public_roots() -> rustls::ClientConfig {
        use hyper_rustls::ConfigBuilderExt;
        tls_builder().with_webpki_roots().with_no_client_auth()
    }

    /// The answer of the portal of `matched` as the client may have it, from the portal or from what is kept.
    pub async fn forward(
        self: &Arc<Self>,
        request: Request<Incoming>,
        matched: &Matched,
        client: &Client,
    ) -> Result<Response<Body>, Failure> {
        let (parts, body) = request.into_parts();
        let body = (!body.is_end_stream()).then_some(body);
        if headers::passed_us(&parts.headers, &self.settings.via) {
            return Err(Failure::Loop { portal: matched.route.portal.clone() });
        }
        match &self.cache {
            Some(cache) if matched.route.cache != Caching::Off && Wanted::of(&parts, &matched.route).is_none() => {
                // In a box, as are connections that are made: what not every request needs would make all of them larger.
                Box::pin(Ask { proxy: self, cache, parts: &parts, matched, client }.answer(body)).await
            }
            _ => self.fetch(&parts, body, matched, client).await,
        }
    }

    /// Removes what is kept of a portal; how many addresses that were. Takes time with the number of all of them.
    pub fn purge_portal(&self, portal: &PortalId) -> usize {
        self.cache.as_ref().map_or(0, |cache| cache.purge_portal(portal))
    }

    /// Removes what is kept of an address at a route; how many that were, none or one.
    pub fn purge(&self, route: &PortalRoute, uri: &Uri) -> usize {
        self.cache.as_ref().map_or(0, |cache| cache.purge(route, uri))
    }

    /// Sends a request to the portal of `matched`, and gives back its answer as the client may have it. A portal most of
    /// whose requests fail is not asked.
    async fn fetch(
        &self,
        parts: &request::Parts,
        body: Option<Incoming>,
        matched: &Matched,
        client: &Client,
    ) -> Result<Response<Body>, Failure> {
        self.check_length(parts)?;
        let portal = &matched.route.portal;
        let Settings { idle_time, max_body_bytes, body_pace, .. } = self.settings;
        let body = match body {
            Some(body) => {
                let body = Bounded::new(body, idle_time, max_body_bytes).of(parts.version);
                let body = body.from_client(body_pace, &self.metrics, Some(portal));
                Some(Ahead::read(body, READ_AHEAD).await?)
            }
            None => None,
        };
        let pool = self.pool(portal);
        let admitted = pool.admit().map_err(|pause| Failure::PortalPaused {
            portal: portal.clone(),
            seconds: pause.as_secs() + u64::from(pause.subsec_nanos() > 0),
        })?;
        let mut admission = Some(admitted);
        let outcome = self.ask(&pool, parts, body, matched, client, &mut admission).await;
        if let (Err(failure), Some(mut admission)) = (&outcome, admission)
            && admission.judge(exchange::portals_verdict(failure))
        {
            relay::breaker_changed(&self.metrics, portal, &admission);
        }
        outcome
    }

    /// Asks the portal; `admission` is taken along by an answer, whose body may still break off.
    async fn ask(
        &self,
        pool: &Arc<Pool>,
        parts: &request::Parts,
        body: Option<Ahead<Incoming>>,
        matched: &Matched,
        client: &Client,
        admission: &mut Option<Admission>,
    ) -> Result<Response<Body>, Failure> {
        let route = &matched.route;
        let wanted = if body.is_none() { Wanted::of(parts, route) } else { None };
        let full = || Failure::PortalFull { portal: route.portal.clone() };
        let seat = wanted.as_ref().map(|_| pool.enter_tunnel().ok_or_else(full)).transpose()?;
        let place = pool.enter(self.settings.queue_time, &self.tasks).await.ok_or_else(full)?;
        let counted = self.metrics.portal_request(&route.portal);
        let made = |body| {
            let (mut outgoing, course) = self.outgoing(parts, body, matched, client)?;
            if let Some(wanted) = &wanted {
                wanted.write(outgoing.headers_mut());
            }
            Ok::<_, Failure>((outgoing, course))
        };
        let (outgoing, course) = made(body)?;
        let asked = outgoing.uri().clone();
        let anew = || made(None).map(|(again, _)| again);
        let (answer, wire, turn) =
            self.exchange(pool, route, outgoing, course.as_ref(), wanted.is_none(), anew).await?;
        let mut lease = Lease { wire, turn, admission: admission.take(), _place: place, _counted: counted };
        if let (Some(wanted), Some(seat), StatusCode::SWITCHING_PROTOCOLS) = (wanted, seat, answer.status()) {
            return self.switch(answer, wanted, lease, seat, (route, &asked));
        }
        let (parts, body) = answer.into_parts();
        let version = parts.version;
        match self.checked_head(parts, route, &lease.turn.upstream, &asked) {
            Ok(parts) => {
                lease.head_came(&self.metrics, &route.portal);
                Ok(Response::from_parts(parts, self.relay(body, version, lease, &route.portal)))
            }
            Err(failure) => {
                lease.judge(Verdict::Failed, &self.metrics, &route.portal);
                Err(failure)
            }
        }
    }

    /// Forgets the pools of portals that are in no route any more, and upstreams likewise; open requests finish. What
    /// these routes say to probe is probed from now on.
    pub fn keep_only(self: &Arc<Self>, routes: &Routes) {
        self.probe_only(routes);
        let hosts: HashSet<_> = routes.iter().flat_map(|route| &route.upstreams).filter_map(Url::host_str).collect();
        self.names.keep_only(|host| hosts.contains(host));
        let mut routed = HashMap::<_, HashSet<_>>::new();
        for route in routes.iter() {
            routed.entry(&route.portal).or_default().extend(&route.upstreams);
        }
        self.pools.write().unwrap_or_else(PoisonError::into_inner).retain(|portal, pool| {
            let upstreams = routed.get(portal);
            pool.keep_only(|upstream| upstreams.is_some_and(|upstreams| upstreams.contains(upstream)));
            let stays = upstreams.is_some();
            self.metrics.upstreams_out(portal, if stays { pool.out() } else { 0 });
            if !stays {
                self.metrics.portals.kept(portal, 0);
                self.metrics.breaker(portal, false);
            }
            stays
        });
    }

    /// The upstream that the next request of this route would most likely try first.
    pub fn next_upstream(&self, route: &PortalRoute) -> Option<Url> {
        self.pool(&route.portal).likely(&route.upstreams).cloned()
    }

    /// Closes idle connections in time and looks names up again, until the proxy is closed.
    pub async fn sweep(&self) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        for second in 0_u64.. {
            if self.closed.run_until_cancelled(tick.tick()).await.is_none() {
                return;
            }
            self.names.refresh(&self.tasks, &self.closed);
            let (moved, is_fifth) = (self.names.moved(), second.is_multiple_of(5));
            if moved.is_empty() && !is_fifth {
                continue;
            }
            let pools: Vec<_> = {
                let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
                pools.iter().map(|(portal, pool)| (portal.clone(), Arc::clone(pool))).collect()
            };
            for (portal, pool) in pools {
                if !moved.is_empty() {
                    pool.retire(&moved);
                }
                self.metrics.portals.kept(&portal, pool.sweep());
            }
            if let Some(cache) = self.cache.as_ref().filter(|_| is_fifth) {
                let (bytes, entries) = cache.size();
                self.metrics.cache_holds(bytes, entries);
            }
        }
    }

    /// Ends every connection to portals; nothing can be forwarded afterwards.
    pub fn close(&self) {
        self.closed.cancel();
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        pools.values().for_each(|pool| pool.clear());
        pools.clear();
    }

    fn pool(&self, portal: &PortalId) -> Arc<Pool> {
        let known = self.pools.read().unwrap_or_else(PoisonError::into_inner).get(portal).cloned();
        known.unwrap_or_else(|| {
            let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
            pools.entry(portal.clone()).or_insert_with(|| Arc::new(Pool::new(&self.settings))).clone()
        })
    }

    /// Refuses a body that says that it is too large before anything of it is sent.
    fn check_length(&self, parts: &request::Parts) -> Result<(), Failure> {
        match content_length(&parts.headers) {
            Some(length) if length > self.settings.max_body_bytes => Err(Failure::BodyTooLarge),
            _ => Ok(()),
        }
    }

    /// The request for the portal, but for `Host`; the course of its body, if it has one.
    fn outgoing(
        &self,
        parts: &request::Parts,
        body: Option<Ahead<Incoming>>,
        matched: &Matched,
        client: &Client,
    ) -> Result<(Request<Body>, Option<Course>), Failure> {
        let Settings { public_url, via, .. } = &self.settings;
        let mut fields = headers::towards_portal(parts, &matched.route, client, public_url, via);
        let (body, course) = if let Some(body) = body {
            let course = body.course();
            if body.size_hint().exact() != content_length(&fields) {
                fields.remove(header::CONTENT_LENGTH);
            }
            if !fields.contains_key(header::CONTENT_LENGTH) {
                // hyper leaves out the body of a GET that does not say so.
                fields.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            }
            (Body::new(body), Some(course))
        } else {
            (Body::empty(), None)
        };
        let mut outgoing = Request::new(body);
        *outgoing.uri_mut() = target(&matched.rest, parts.uri.query())?;
        *outgoing.method_mut() = parts.method.clone();
        *outgoing.headers_mut() = fields;
        Ok((outgoing, course))
    }

    /// The head of an answer as the client may have it, or why it cannot be trusted.
    fn checked_head(
        &self,
        parts: response::Parts,
        route: &PortalRoute,
        upstream: &Url,
        asked: &Uri,
    ) -> Result<response::Parts, Failure> {
        let invalid = |reason: &str| Failure::PortalInvalid { portal: route.portal.clone(), reason: reason.into() };
        if parts.status.is_informational() || parts.status.as_u16() > 599 {
            return Err(invalid(&format!("status {}", parts.status.as_u16())));
        }
        let reason = parts.extensions.get::<ReasonPhrase>().map_or(0, |reason| reason.as_bytes().len());
        if let Some(fault) = headers::head_fault(&parts.headers, parts.version, reason) {
            return Err(invalid(fault));
        }
        let mut fields = parts.headers;
        let framed = parts.version == Version::HTTP_2
            || [header::CONTENT_LENGTH, header::TRANSFER_ENCODING].iter().any(|name| fields.contains_key(name));
        if parts.status == StatusCode::NO_CONTENT {
            // It may not stand there, and a client would wait for the bytes.
            fields.remove(header::CONTENT_LENGTH);
        }
        self.clean_fields(&mut fields, parts.version, route, upstream, asked);
        let (mut anew, ()) = Response::new(()).into_parts();
        anew.status = parts.status;
        anew.headers = fields;
        if framed {
            anew.extensions.insert(Framed);
        }
        Ok(anew)
    }

    /// Makes a portal's fields such as the client may have them.
    fn clean_fields(&self, fields: &mut HeaderMap, version: Version, route: &PortalRoute, upstream: &Url, asked: &Uri) {
        headers::from_portal(fields, version, &self.settings.via);
        let asked = || {
            let asked = asked.path_and_query().map_or("/", PathAndQuery::as_str);
            let asked = Url::parse(&format!("{}{asked}", upstream.as_str().trim_end_matches('/')));
            asked.unwrap_or_else(|_| upstream.clone())
        };
        rewrite::rewrite(fields, route, asked, &self.settings.public_url);
    }
}

fn tls_builder() -> rustls::ConfigBuilder<rustls::ClientConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for the default versions")
}

fn content_length(fields: &http::HeaderMap) -> Option<u64> {
    fields.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The target in origin form: the path below the prefix as it came, and the query.
fn target(rest: &str, query: Option<&str>) -> Result<Uri, Failure> {
    let text = query.map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"));
    let target = PathAndQuery::from_maybe_shared(Bytes::from(text)).map_err(|_| Failure::Target)?;
    Ok(Uri::from(target))
}

#[cfg(test)]
mod tests;

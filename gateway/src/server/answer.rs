//! One request from head to answer: checked, routed, answered, and told of once.
//!
//! The phases are plain functions called in order. Whatever happens, a panic included, ends in one response, one log
//! line and one counter. Client addresses, query text and bodies are never logged; the trace id is, when it is one.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use bytes::Bytes;
use config::clock;
use connectors::ids::PortalId;
use http::header::{self, HeaderName, HeaderValue};
use http::uri::Authority;
use http::{Method, Request, Response, StatusCode, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;
use tower::ServiceExt;

use super::Limits;
use super::accept::{Entrance, Peer};
use super::seats::ClientSeat;
use super::visitor::{Sender, Visitor};
use crate::access::{self, Line};
use crate::body::{Body, Bounded};
use crate::failure::{self, Failure, by_tls_only, secure_headers, wants_json};
use crate::insights::Asker;
use crate::intake;
use crate::metrics::{Answered, Direction, Held, Metrics};
use crate::pages::forward::WhoIsAsked;
use crate::proxy::{Client, Proxy, trace_id};
use crate::routes::{Does, Matched, Routes, Target, Wanted};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The public side behind its connections.
pub(super) struct Edge {
    pages: axum::Router,
    routes: Arc<ArcSwap<Routes>>,
    who: WhoIsAsked,
    proxy: Arc<Proxy>,
    metrics: Arc<Metrics>,
    limits: Limits,
    entrance: Arc<Entrance>,
    ids: RequestIds,
}

/// How a request was asked, as far as its answer depends on it.
struct Asked {
    id: String,
    as_json: bool,
    version: Version,
    by_tls: bool,
}

impl Edge {
    pub(super) fn new(
        pages: axum::Router,
        routes: Arc<ArcSwap<Routes>>,
        who: WhoIsAsked,
        proxy: Arc<Proxy>,
        metrics: Arc<Metrics>,
        limits: Limits,
        entrance: Arc<Entrance>,
    ) -> Self {
        Self { pages, routes, who, proxy, metrics, limits, entrance, ids: RequestIds::new() }
    }

    /// The answer to `request`, whatever happens.
    pub(super) async fn answer(&self, peer: &Peer, request: Request<Incoming>) -> Response<Body> {
        let mut ticket = Ticket::new(self.metrics.clone(), self.ids.next());
        let (mut visitor, admitted) = self.entrance.visitor(peer, request.headers(), &self.limits);
        let asked = Asked {
            id: ticket.id.clone(),
            as_json: wants_json(request.uri().path(), request.headers()),
            version: request.version(),
            by_tls: visitor.scheme == Some("https"),
        };
        ticket.trace = trace_id(request.headers()).map(str::to_owned);
        ticket.seat = visitor.seat.take();
        let bodiless = request.method() == Method::HEAD;
        let checked = admitted.and_then(|()| check(&request, &self.limits));
        let mut target = checked.and_then(|host| self.find(&request, host.as_deref()));
        if let Ok(Target::Responsible(wanted)) = &target {
            // In a box as `own` is: what few requests need would make the state of all of them larger.
            target = Ok(Box::pin(self.responsible(wanted)).await.map_or(Target::Own, Target::Portal));
        }
        let mut response = match target {
            Err(failure) => self.failed(&failure, &asked, None),
            Ok(Target::NotLoaded) => self.failed(&Failure::NotLoaded, &asked, None),
            Ok(Target::Own | Target::Responsible(_)) => {
                ticket.by = Answered::Own;
                Box::pin(self.own(request, visitor.address, &asked)).await
            }
            Ok(Target::Portal(matched)) => {
                ticket.by = Answered::Portal;
                ticket.portal = Some(matched.route.portal.clone());
                self.portal(request, &matched, &visitor, &asked).await
            }
        };
        if let Ok(id) = HeaderValue::from_str(&asked.id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        ticket.status = response.status();
        ticket.whole = bodiless || response.body().is_end_stream();
        response.map(|body| Body::new(Told { body, ticket }))
    }

    fn find(&self, request: &Request<Incoming>, host: Option<&str>) -> Result<Target, Failure> {
        self.routes.load().find(host, request.uri().path()).map_err(|_| Failure::UnsafePath)
    }

    /// The portal that takes a request for a Leistung at a place; none when nobody does, or our own page has to ask.
    async fn responsible(&self, wanted: &Wanted) -> Option<Matched> {
        let asked = match unpanicked((self.who)(wanted.schluessel, wanted.ars)).await? {
            Ok(asked) => asked,
            Err(error) => {
                tracing::error!(%error, leistung.key = %wanted.schluessel, "the catalog cannot say who is responsible");
                return None;
            }
        };
        let routes = self.routes.load();
        Some(routes.way_in(&asked.portals)?.matched(wanted, asked.name, asked.phone))
    }

    async fn own(&self, mut request: Request<Incoming>, client: IpAddr, asked: &Asked) -> Response<Body> {
        request.extensions_mut().insert(Sender(client));
        if let Some(asker) = Asker::of(client, request.method(), request.headers()) {
            request.extensions_mut().insert(asker);
        }
        let Limits { body_idle_time, own_body_bytes, delivery_bytes, body_pace, .. } = self.limits;
        let most = if intake::is_handed_in(request.uri().path()) { delivery_bytes } else { own_body_bytes };
        let version = request.version();
        let mut course = None;
        let request = request.map(|body| {
            if body.is_end_stream() {
                return Body::empty();
            }
            let body = Bounded::new(body, body_idle_time, most).of(version);
            course = Some(body.course());
            Body::new(body.from_client(body_pace, &self.metrics, None))
        });
        let answer = unpanicked(page(self.pages.clone(), request)).await;
        // Whatever the page made of a body that broke off, the client is told what was wrong with it.
        if let Some(cut) = course.and_then(|course| course.cut()) {
            return self.failed(&cut.into(), asked, None);
        }
        match answer {
            Some(mut response) => {
                secure_headers(response.headers_mut());
                asked.mark(&mut response);
                response
            }
            None => self.failed(&Failure::Panic, asked, None),
        }
    }

    async fn portal(
        &self,
        request: Request<Incoming>,
        matched: &Matched,
        visitor: &Visitor,
        asked: &Asked,
    ) -> Response<Body> {
        let route = &matched.route;
        let failure = match &route.does {
            Does::Forward => route.maintenance.as_ref().and_then(|maintenance| {
                let now = clock::now();
                maintenance.is_on(now).then(|| Failure::Maintenance {
                    portal: route.portal.clone(),
                    text: maintenance.text.clone(),
                    until: maintenance.until,
                    seconds: u64::try_from(maintenance.until.as_second() - now.as_second()).unwrap_or(0).max(1),
                })
            }),
            Does::Redirect { status, .. } => match matched.redirect(request.uri().query()) {
                Some(to) => {
                    let mut response = redirect(status.code(), status.is_permanent(), &to);
                    asked.mark(&mut response);
                    return response;
                }
                None => Some(Failure::Target),
            },
            Does::Gone { text, successor } => Some(Failure::Gone {
                portal: route.portal.clone(),
                text: text.clone(),
                successor: successor.as_ref().map(ToString::to_string),
            }),
        };
        if let Some(failure) = failure {
            return self.failed(&failure, asked, Some(matched));
        }
        let Visitor { address, scheme, .. } = *visitor;
        let client = Client { address, scheme, request_id: asked.id.clone() };
        // Pinned here and passed on as a pointer: `unpanicked` would keep it twice, as it came and as it is polled.
        let answer = unpanicked(pin!(self.proxy.forward(request, matched, &client))).await;
        answer.unwrap_or(Err(Failure::Panic)).unwrap_or_else(|failure| self.failed(&failure, asked, Some(matched)))
    }

    /// Counts and logs a failure, and makes its page.
    fn failed(&self, failure: &Failure, asked: &Asked, matched: Option<&Matched>) -> Response<Body> {
        if let Some(reason) = failure.refused() {
            self.metrics.refused(reason);
        }
        if let Some((portal, fault)) = failure.portal_fault() {
            self.metrics.upstream_failed(portal, fault);
            tracing::warn!(request.id = %asked.id, portal.id = %portal, error = %failure, "a portal did not answer");
        }
        if matches!(failure, Failure::Panic) {
            self.metrics.panicked();
            tracing::error!(request.id = %asked.id, "a request ended by a panic");
        }
        let mut response = failure.respond(&failure::Context {
            request_id: &asked.id,
            portal: matched.map(|matched| matched.route.name.as_str()),
            phone: matched.and_then(|matched| matched.route.phone.as_deref()),
            as_json: asked.as_json,
        });
        asked.mark(&mut response);
        if failure.closes() && asked.version < Version::HTTP_2 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl Asked {
    /// Marks an answer of ours as one that came by TLS, when it did.
    fn mark(&self, response: &mut Response<Body>) {
        if self.by_tls {
            by_tls_only(response.headers_mut());
        }
    }
}

/// Sends the client to `to`. One for good may be kept for an hour, so that a mistake does not stay for good.
pub(super) fn redirect(code: u16, for_good: bool, to: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::FOUND);
    let fields = response.headers_mut();
    match HeaderValue::try_from(to) {
        Ok(to) => {
            fields.insert(header::LOCATION, to);
        }
        // What came in a request line and was read as a path can stand in a field.
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    let fields = response.headers_mut();
    let keep = if for_good { "public, max-age=3600" } else { "no-store" };
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    secure_headers(fields);
    response
}

/// A page of a router; a router never fails.
pub(super) async fn page(router: axum::Router, request: Request<Body>) -> Response<Body> {
    router.oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// What `future` comes to; none when it panicked.
async fn unpanicked<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// Refuses what must not be routed; else the host that was asked for, lower case and without port.
///
/// HTTP/1.0 alone may leave the host out. Source: RFC 9112, section 3.2; RFC 9113, section 8.3.1.
pub(super) fn check(request: &Request<Incoming>, limits: &Limits) -> Result<Option<String>, Failure> {
    if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        return Err(Failure::Method);
    }
    let uri = request.uri();
    let length = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    if length > limits.target_bytes {
        return Err(Failure::TargetTooLong { max_bytes: limits.target_bytes });
    }
    if head_bytes(request.headers()) > limits.head_bytes {
        return Err(Failure::HeadTooLarge { max_bytes: limits.head_bytes });
    }
    let scheme_known = uri.scheme_str().is_none_or(|scheme| matches!(scheme, "http" | "https"));
    if !uri.path().starts_with('/') || !scheme_known || !is_written_right(uri) {
        return Err(Failure::Target);
    }
    if request.version() == Version::HTTP_2 && request.headers().contains_key(header::TRANSFER_ENCODING) {
        return Err(Failure::Framing);
    }
    if request.version() == Version::HTTP_2 && request.headers().values().any(is_padded) {
        return Err(Failure::Framing);
    }
    let mut fields = request.headers().get_all(header::HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (_, Some(_)) => return Err(Failure::Host),
        (field, None) => field.map(|value| host_of(value.as_bytes())).transpose()?,
    };
    let target = uri.authority().map(Authority::as_str).map(|text| host_of(text.as_bytes())).transpose()?;
    match (request.version(), field, target) {
        (_, Some(field), Some(target)) if field != target => Err(Failure::Host),
        (Version::HTTP_11, None, _) => Err(Failure::Host),
        (Version::HTTP_2, None, None) => Err(Failure::Host),
        (_, field, target) => Ok(field.or(target).map(|host| host.name)),
    }
}

/// True for a value with blanks around it; in HTTP/1.1 they are no part of it, in HTTP/2 they may not be there (RFC 9113,
/// section 8.2.1).
fn is_padded(value: &HeaderValue) -> bool {
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    is_blank(value.as_bytes().first()) || is_blank(value.as_bytes().last())
}

/// Bytes of all field lines. hyper bounds its buffer, which need not begin with this head.
fn head_bytes(fields: &http::HeaderMap) -> usize {
    fields.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}

/// Refuses signs that no client sends in a target, and that readers decode or cut at in ways of their own.
///
/// Browsers do send `[`, `]` and `|`, and in the query `{`, `}`, `^`, a back-tick and a lone `%` as well: those pass.
/// Source: RFC 3986, sections 2.1 and 3.3; WHATWG URL, the sets of what is percent-encoded in path and query.
fn is_written_right(uri: &http::Uri) -> bool {
    let whole = |text: &str| {
        text.split('%')
            .skip(1)
            .all(|rest| rest.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)))
    };
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    !path.contains(['"', '<', '>', '\\', '^', '`', '{', '}']) && whole(path) && !query.contains(['"', '<', '>'])
}

/// A host and the port that was named with it.
#[derive(Debug, PartialEq, Eq)]
struct HostPort {
    name: String,
    port: Option<u16>,
}

/// Reads `host[:port]`, with nothing beside it: no user, no path, no list, no escapes.
fn host_of(text: &[u8]) -> Result<HostPort, Failure> {
    let text = std::str::from_utf8(text).map_err(|_| Failure::Host)?;
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (text, None),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let literal = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let valid = match literal {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.bytes().all(plain) && !name.starts_with('.'),
    };
    let port = match port {
        None | Some("") => None,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().map_err(|_| Failure::Host)?),
        Some(_) => return Err(Failure::Host),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if valid && !name.is_empty() { Ok(HostPort { name, port }) } else { Err(Failure::Host) }
}

/// Ids that are unique within a process and say nothing.
struct RequestIds {
    seed: u64,
    next: AtomicU64,
}

impl RequestIds {
    fn new() -> Self {
        use std::hash::{BuildHasher, RandomState};
        Self { seed: RandomState::new().hash_one(0_u8), next: AtomicU64::new(0) }
    }

    fn next(&self) -> String {
        // The finisher of SplitMix64: a bijection, so that no two ids are equal.
        let mut id =
            self.seed.wrapping_add(self.next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        id = (id ^ (id >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        id = (id ^ (id >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        id ^= id >> 31;
        let digit = |at: u32| char::from_digit((id >> (60 - 4 * at) & 0xf) as u32, 16).unwrap_or('0');
        (0..16).map(digit).collect()
    }
}

/// What is to be told of a request once it is over.
struct Ticket {
    metrics: Arc<Metrics>,
    id: String,
    trace: Option<String>,
    by: Answered,
    portal: Option<PortalId>,
    status: StatusCode,
    begun: Instant,
    whole: bool,
    /// Of the body that went to the client.
    bytes: u64,
    seat: Option<ClientSeat>,
    _open: Held,
}

impl Ticket {
    fn new(metrics: Arc<Metrics>, id: String) -> Self {
        let open = metrics.request();
        Self {
            metrics,
            id,
            trace: None,
            by: Answered::Refused,
            portal: None,
            status: gone(),
            begun: Instant::now(),
            whole: false,
            bytes: 0,
            seat: None,
            _open: open,
        }
    }
}

/// The status that is counted when the client left before there was one; nginx made the number known.
fn gone() -> StatusCode {
    StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST)
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        self.metrics.answered(self.by, self.portal.as_ref(), self.status, took);
        self.metrics.moved(Direction::Out, self.portal.as_ref(), self.bytes);
        if tracing::enabled!(target: access::TARGET, tracing::Level::INFO) {
            let told = access::tell(&Line {
                id: &self.id,
                trace: self.trace.as_deref().unwrap_or_default(),
                route: self.by.label(),
                portal: self.portal.as_ref().map_or("", PortalId::as_str),
                status: self.status.as_u16(),
                took,
                whole: self.whole,
            });
            if !told {
                self.metrics.log_line_dropped();
            }
        }
    }
}

/// A body that tells of its request when it is dropped.
struct Told {
    body: Body,
    ticket: Ticket,
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            self.ticket.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        let failed = matches!(frame, Poll::Ready(Some(Err(_))));
        self.ticket.whole = !failed && (matches!(frame, Poll::Ready(None)) || self.body.is_end_stream());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_and_perhaps_a_port() {
        for (text, name, port) in [
            ("Stadt.Example", "stadt.example", None),
            ("a.example:8080", "a.example", Some(8080)),
            ("a.example.", "a.example", None),
            ("a:", "a", None),
            ("[::1]:80", "[::1]", Some(80)),
            ("[2001:db8::1]", "[2001:db8::1]", None),
            ("127.0.0.1", "127.0.0.1", None),
        ] {
            let host = host_of(text.as_bytes()).unwrap();
            assert_eq!((host.name.as_str(), host.port), (name, port), "{text}");
        }
        let wrong = [
            "", ":80", ".", "a b", "a,b", "u@a", "a/b", "a:b", "a:99999", "a:+1", "::1", "[::1", "[x]", "a%41", "ä",
            "a?b", "a#b", ".a",
        ];
        for text in wrong {
            assert!(host_of(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn ids_differ() {
        let ids = RequestIds::new();
        let some: std::collections::HashSet<_> = (0..1000).map(|_| ids.next()).collect();
        assert_eq!(some.len(), 1000);
    }

    #[tokio::test]
    async fn a_panic_is_caught_in_any_poll() {
        let late = async {
            tokio::task::yield_now().await;
            assert!(std::env::args().count() == 0, "on purpose");
        };
        assert!(unpanicked(late).await.is_none());
        assert_eq!(unpanicked(async { 1 }).await, Some(1));
    }
}

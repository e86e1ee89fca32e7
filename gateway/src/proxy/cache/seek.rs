//! One request on its way through the cache, phase by phase.
//!
//! Look up; answer when that may be used; else wait for another request that wants the same, or lead; ask the portal,
//! with what is kept as the condition; keep what came, update what is kept, or let it stand in when the portal failed.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use connectors::registration::Caching;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode, response};
use http_body::Body as _;
use tokio::time::Instant;

use super::flight::{self, Flight, Outcome, Turn};
use super::policy::{Asked, Came, Terms, Use};
use super::range::{self, Part, Wanted};
use super::status::{Done, Why};
use super::store::{self, Missed, Stored, Way};
use super::{Ask, Framed, dated, filling, key, wall};
use crate::body::Body;
use crate::failure::Failure;
use crate::proxy::content_length;

/// Times that one request joins others before it goes its own way.
const ROUNDS: usize = 3;
/// What a client asks about a body that it has.
const CONDITIONS: [HeaderName; 2] = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];

/// A request that may be answered from what is kept.
pub(super) struct Seek<'a> {
    pub(super) ask: &'a Ask<'a>,
    pub(super) name: &'a str,
    pub(super) asked: &'a Asked,
    pub(super) wanted: Wanted,
}

/// What is known before the portal is asked.
struct Leading {
    kept: Option<Arc<Stored>>,
    why: Why,
    flight: Option<Flight>,
    way: Way,
    asked_at: Instant,
    /// The conditions of the client were taken out.
    validating: bool,
}

impl Seek<'_> {
    /// The answer, from what is kept or from the portal.
    pub(super) async fn answer(&self) -> Result<Response<Body>, Failure> {
        let now = Instant::now();
        let Ask { cache, parts, .. } = *self.ask;
        for round in 0.. {
            let slot = cache.store.variants(self.name);
            let (kept, why) = match store::find(slot.as_ref(), &parts.headers, |stored| self.fits(stored)) {
                Err(Missed::Uri) => (None, Why::UriMiss),
                Err(Missed::Vary) => (None, Why::VaryMiss),
                Err(Missed::Partial) => (None, Why::Partial),
                Ok(kept) => match kept.terms.usable(self.asked, now) {
                    Use::Fresh | Use::Stale => return Ok(self.hit(&kept, now)),
                    Use::WhileRevalidate => {
                        self.fetch_behind(&kept);
                        return Ok(self.hit(&kept, now));
                    }
                    Use::Validate => (Some(kept), Why::Stale),
                    Use::ValidateAsked => (Some(kept), Why::Request),
                },
            };
            if self.asked.directives.only_if_cached {
                return Err(Failure::NotCached);
            }
            if round == ROUNDS || !self.joins(kept.is_some(), why) {
                return self.lead(kept, why, None).await;
            }
            match cache.flights.join(self.flight(slot.as_deref())) {
                Turn::Lead(flight) => {
                    // Somebody may have landed between the look-up and the joining.
                    let unchanged = match (&slot, &cache.store.variants(self.name)) {
                        (None, None) => true,
                        (Some(before), Some(after)) => Arc::ptr_eq(before, after),
                        _ => false,
                    };
                    if unchanged {
                        return self.lead(kept, why, Some(flight)).await;
                    }
                }
                Turn::Wait(landing) => match flight::landed(landing).await {
                    Outcome::Left => {}
                    Outcome::Kept(stored) if !key::selects(&stored.variant, &parts.headers) => {}
                    // It is as new as if this request had brought it, unless it always has to be asked for.
                    Outcome::Kept(stored)
                        if self.fits(&stored) && stored.terms.usable(self.asked, now) == Use::Fresh =>
                    {
                        let response = range::answer(&stored, &parts.method, &parts.headers, Instant::now());
                        return Ok(self.ask.told(response, Done::Collapsed(stored.terms.ttl(now))));
                    }
                    Outcome::StoodIn(stored) if self.fits(&stored) && stored.terms.stands_in(None, now) => {
                        return Ok(self.stood_in(&stored, now));
                    }
                    _ => return self.lead(kept, why, None).await,
                },
            }
        }
        unreachable!("the last round leads")
    }

    fn fits(&self, stored: &Stored) -> bool {
        range::has(stored, self.wanted, &self.ask.parts.headers)
    }

    fn hit(&self, stored: &Stored, now: Instant) -> Response<Body> {
        let parts = self.ask.parts;
        let response = range::answer(stored, &parts.method, &parts.headers, now);
        self.ask.told(response, Done::Hit(stored.terms.ttl(now)))
    }

    fn stood_in(&self, stored: &Stored, now: Instant) -> Response<Body> {
        let parts = self.ask.parts;
        let response = range::answer(stored, &parts.method, &parts.headers, now);
        self.ask.told(response, Done::StoodIn(stored.terms.ttl(now)))
    }

    /// True when others may wait for the answer to this request, or this one for theirs.
    fn joins(&self, kept: bool, why: Why) -> bool {
        let Ask { cache, parts, .. } = *self.ask;
        let fields = &parts.headers;
        let conditional = CONDITIONS.iter().any(|name| fields.contains_key(name));
        parts.method == Method::GET
            && why != Why::Request
            && !self.is_apart()
            && (kept || !conditional && self.wanted == Wanted::Whole && !fields.contains_key(header::RANGE))
            && !cache.passed.contains_key(self.name)
    }

    /// The name of what is asked for, variant included as far as it is known.
    fn flight(&self, slot: Option<&Vec<Arc<Stored>>>) -> String {
        let variant = slot.and_then(|slot| slot.first()).map(|newest| &newest.variant);
        let variant = variant.map_or_else(String::new, |variant| key::selected(variant, &self.ask.parts.headers));
        format!("{}{variant}", self.name)
    }

    /// Asks the portal, and keeps what may be kept.
    async fn lead(
        &self,
        kept: Option<Arc<Stored>>,
        why: Why,
        flight: Option<Flight>,
    ) -> Result<Response<Body>, Failure> {
        let (store, method) = (&self.ask.cache.store, &self.ask.parts.method);
        let way = store.way(self.name);
        let asked_at = Instant::now();
        let validated = kept.clone().filter(|kept| {
            *method == Method::GET && kept.part.is_none() && kept.validators().iter().any(|(_, value)| value.is_some())
        });
        let mut leading = Leading { kept, why, flight, way, asked_at, validating: validated.is_some() };
        let mut fetched = self.fetch(validated.as_deref(), leading.validating).await;
        if let (Ok(answer), Some(kept)) = (&fetched, &validated)
            && answer.status() == StatusCode::NOT_MODIFIED
        {
            if range::is_about(answer.headers(), &kept.fields) {
                return Ok(self.confirmed(kept, answer.headers(), leading));
            }
            store.forget(self.name, kept);
            leading.kept = None;
            fetched = self.fetch(None, true).await;
        }
        if let Some(stale) = self.standing_in(&fetched, &leading) {
            if let Some(flight) = leading.flight.take() {
                flight.land(Outcome::StoodIn(Arc::clone(&stale)));
            }
            return Ok(self.stood_in(&stale, Instant::now()));
        }
        let answer = fetched?;
        if let Some(flight) = &mut leading.flight {
            flight.answered();
        }
        Ok(self.came(answer, leading))
    }

    /// Asks the portal with the conditions of the client, or with those of what is kept and no range.
    async fn fetch(&self, kept: Option<&Stored>, own: bool) -> Result<Response<Body>, Failure> {
        let Ask { proxy, parts, matched, client, .. } = *self.ask;
        if !own {
            return proxy.fetch(parts, None, matched, client).await;
        }
        let mut parts = parts.clone();
        for name in CONDITIONS.into_iter().chain([header::RANGE, header::IF_RANGE]) {
            parts.headers.remove(name);
        }
        for (name, value) in kept.iter().flat_map(|kept| kept.validators()) {
            if let Some(value) = value {
                parts.headers.insert(name, value.clone());
            }
        }
        proxy.fetch(&parts, None, matched, client).await
    }

    /// What may stand in for a portal that failed; tells of the failure, which nobody else sees.
    fn standing_in(&self, fetched: &Result<Response<Body>, Failure>, leading: &Leading) -> Option<Arc<Stored>> {
        let status = match fetched {
            Ok(answer) if answer.status().is_server_error() => Some(answer.status()),
            Err(failure) if failure.portal_fault().is_some() => None,
            _ => return None,
        };
        let usable = |kept: &&Arc<Stored>| leading.why == Why::Stale && kept.terms.stands_in(status, Instant::now());
        let stale = leading.kept.as_ref().filter(usable)?;
        if let Err(failure) = fetched {
            if let Some((portal, fault)) = failure.portal_fault() {
                self.ask.proxy.metrics.upstream_failed(portal, fault);
            }
            let request = &self.ask.client.request_id;
            tracing::warn!(request.id = %request, error = %failure, "a stale answer stands in for a portal");
        }
        Some(Arc::clone(stale))
    }

    /// The answer when the portal said that what is kept is still right.
    fn confirmed(&self, kept: &Arc<Stored>, newer: &HeaderMap, leading: Leading) -> Response<Body> {
        let Ask { cache, parts, .. } = *self.ask;
        let (now, wall) = (Instant::now(), wall());
        let mut newer = newer.clone();
        dated(&mut newer, wall);
        let (stored, is_kept) = self.renewed(kept, &newer, &leading, wall);
        let mut landed = Outcome::Nothing;
        if is_kept {
            if cache.store.keep(&leading.way, &stored) {
                landed = Outcome::Kept(Arc::clone(&stored));
            }
        } else if !self.is_apart() {
            cache.store.forget(self.name, kept);
        }
        if let Some(flight) = leading.flight {
            flight.land(landed);
        }
        let response = range::answer(&stored, &parts.method, &parts.headers, now);
        self.ask.told(response, Done::Forwarded { why: leading.why, status: Some(304), stored: is_kept })
    }

    /// What is kept with newer fields, and whether it may be kept on.
    fn renewed(&self, kept: &Stored, newer: &HeaderMap, leading: &Leading, wall: SystemTime) -> (Arc<Stored>, bool) {
        let now = Instant::now();
        let mut fields = range::updated(&kept.fields, newer);
        let came = Came { status: kept.status, fields: &fields, asked_at: leading.asked_at, at: now, wall };
        let terms = Terms::of(self.asked, &came, self.caching());
        let variant = key::variant(&fields, &self.ask.parts.headers);
        let is_kept = terms.is_some() && variant.is_some();
        let terms = terms.unwrap_or_else(|| kept.terms.confirmed(now));
        fields.remove(header::AGE);
        for name in &terms.hidden {
            fields.remove(name);
        }
        let variant = variant.unwrap_or_default();
        let renewed = Stored { status: kept.status, fields, body: kept.body.clone(), part: kept.part, variant, terms };
        (Arc::new(renewed), is_kept)
    }

    /// The answer of the portal, kept while it streams if it may be.
    fn came(&self, answer: Response<Body>, leading: Leading) -> Response<Body> {
        let cache = self.ask.cache;
        let (head, body) = answer.into_parts();
        let why = leading.why;
        let done = |stored| Done::Forwarded { why, status: None, stored };
        if self.ask.parts.method == Method::HEAD {
            let stored = self.head_came(&head, leading);
            return self.ask.told(Response::from_parts(head, body), done(stored));
        }
        let Some(draft) = self.draft(&head, &leading) else {
            if let Some(kept) = leading.kept.as_ref().filter(|_| !head.status.is_server_error())
                && !self.is_apart()
                && head.status != StatusCode::NOT_MODIFIED
            {
                cache.store.forget(self.name, kept);
            }
            if !self.is_apart() {
                cache.passed.insert(Arc::from(self.name), ());
            }
            return self.ask.told(Response::from_parts(head, body), done(false));
        };
        cache.passed.invalidate(self.name);
        let unchanged = leading.validating
            && head.status == StatusCode::OK
            && range::not_modified(&self.ask.parts.headers, &head.headers);
        let body = self.keep_while_read(draft, body, content_length(&head.headers), leading);
        let mut response = Response::from_parts(head, body);
        if unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            range::unchanged(response.headers_mut());
        }
        self.ask.told(response, done(true))
    }

    /// What an answer would be when it is kept, but for its body; none when it may not be kept.
    fn draft(&self, head: &response::Parts, leading: &Leading) -> Option<Stored> {
        let (mut status, mut part) = (head.status, None);
        let length = content_length(&head.headers);
        if status == StatusCode::PARTIAL_CONTENT {
            let known = Part::read(&head.headers).filter(|part| length.is_none_or(|length| length == part.length()))?;
            part = (known.length() < known.total).then_some(known);
            status = StatusCode::OK;
        }
        let ends = head.extensions.get::<Framed>().is_some() || status == StatusCode::NO_CONTENT;
        let most = self.ask.cache.store.max_object_bytes() as u64;
        if !ends || length.is_some_and(|length| length > most) {
            return None;
        }
        let wall = wall();
        let (fields, asked_at) = (&head.headers, leading.asked_at);
        let came = Came { status: head.status, fields, asked_at, at: Instant::now(), wall };
        let terms = Terms::of(self.asked, &came, self.caching())?;
        let variant = key::variant(fields, &self.ask.parts.headers)?;
        let mut fields = fields.clone();
        dated(&mut fields, wall);
        for name in [&header::AGE].into_iter().chain(&terms.hidden) {
            fields.remove(name);
        }
        if head.status == StatusCode::PARTIAL_CONTENT {
            fields.remove(header::CONTENT_RANGE);
        }
        Some(Stored { status, fields, body: Bytes::new(), part, variant, terms })
    }

    /// The body for the client; a task of its own keeps it.
    fn keep_while_read(&self, mut draft: Stored, body: Body, length: Option<u64>, leading: Leading) -> Body {
        let Leading { flight, way, .. } = leading;
        let store = Arc::clone(&self.ask.cache.store);
        let keep = move |body: Bytes| {
            if draft.status != StatusCode::NO_CONTENT {
                draft.fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            }
            if draft.part.is_some_and(|part| part.length() != body.len() as u64) {
                return;
            }
            draft.body = body;
            let stored = Arc::new(draft);
            // One that was removed on its way is not for those who came after the removal.
            if store.keep(&way, &stored)
                && let Some(flight) = flight
            {
                flight.land(Outcome::Kept(stored));
            }
        };
        if body.is_end_stream() {
            keep(Bytes::new());
            return body;
        }
        let (filling, reading) = filling::split(body, length, self.ask.cache.store.room());
        let closed = self.ask.proxy.closed.clone();
        self.ask.proxy.tasks.spawn(async move {
            if let Some(Some((whole, finish))) = closed.run_until_cancelled(filling.whole()).await {
                keep(whole);
                drop(finish);
            }
        });
        Body::new(reading)
    }

    /// Brings what is kept up to date by an answer to HEAD, or removes it; true when it is kept on (RFC 9111, 4.3.5).
    fn head_came(&self, head: &response::Parts, leading: Leading) -> bool {
        let store = &self.ask.cache.store;
        let Some(kept) = leading.kept.clone().filter(|_| !self.is_apart()) else { return false };
        if head.status == StatusCode::OK && range::describes(&head.headers, &kept.fields) {
            let mut newer = head.headers.clone();
            dated(&mut newer, wall());
            let (stored, is_kept) = self.renewed(&kept, &newer, &leading, wall());
            if is_kept {
                return store.keep(&leading.way, &stored);
            }
        }
        if !head.status.is_server_error() {
            store.forget(self.name, &kept);
        }
        false
    }

    /// Fetches anew what is kept, while it goes on being used; nothing when that is done already or too much is.
    fn fetch_behind(&self, kept: &Arc<Stored>) {
        let Ask { proxy, cache, parts, matched, client } = *self.ask;
        let slot = cache.store.variants(self.name);
        let Turn::Lead(flight) = cache.flights.join(self.flight(slot.as_deref())) else { return };
        let Some(place) = cache.behind(&matched.route.portal) else { return };
        let (proxy, mut parts, matched, client) = (Arc::clone(proxy), parts.clone(), matched.clone(), client.clone());
        parts.method = Method::GET;
        for name in CONDITIONS.into_iter().chain([header::RANGE, header::IF_RANGE, header::CACHE_CONTROL]) {
            parts.headers.remove(name);
        }
        let (name, kept, closed) = (self.name.to_owned(), Arc::clone(kept), proxy.closed.clone());
        proxy.tasks.clone().spawn(async move {
            let Some(cache) = &proxy.cache else { return };
            let asked = Asked::of(&parts.headers);
            let ask = Ask { proxy: &proxy, cache, parts: &parts, matched: &matched, client: &client };
            let seek = Seek { ask: &ask, name: &name, asked: &asked, wanted: Wanted::Whole };
            let answer = closed.run_until_cancelled(seek.lead(Some(kept), Why::Stale, Some(flight))).await;
            if let Some(Err(failure)) = answer
                && let Some((portal, fault)) = failure.portal_fault()
            {
                proxy.metrics.upstream_failed(portal, fault);
                tracing::warn!(portal.id = %portal, error = %failure, "a stale answer could not be fetched anew");
            }
            drop(place);
        });
    }

    /// True for a request whose answer may be its own: it says nothing about what is kept for others.
    fn is_apart(&self) -> bool {
        self.asked.authorized || self.asked.cookie || self.asked.directives.no_store
    }

    fn caching(&self) -> Caching {
        self.ask.matched.route.cache
    }
}

//! One request at the upstreams of its route, until one of them takes it.

use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::Proxy;
use super::balance::Verdict;
use super::upstream::{DialError, Pool, Turn, Wire, authority};
use crate::body::{Body, Course, Cut};
use crate::failure::Failure;
use crate::routes::PortalRoute;

/// What a try on one connection came to, when it brought no answer.
enum Miss {
    /// Not one byte of the request was sent; here it is again.
    Unsent(Box<Request<Body>>),
    /// The connection closed without a byte of an answer.
    Closed(Failure),
    /// Something else; nothing is repeated.
    Final(Failure),
}

impl Proxy {
    /// Tries one upstream after the other until one takes the request.
    pub(super) async fn exchange(
        &self,
        pool: &Arc<Pool>,
        route: &PortalRoute,
        mut request: Request<Body>,
        course: Option<&Course>,
    ) -> Result<(Response<Incoming>, Wire, Turn), Failure> {
        let repeatable = course.is_none() && request.method().is_idempotent();
        let (mut last, mut closed) = (None, None);
        let mut tried = Vec::new();
        loop {
            let again = !tried.is_empty();
            if again && (tried.len() >= route.upstreams.len() || !self.may_repeat(pool, route)) {
                break;
            }
            let Some(mut turn) = pool.choose(&route.upstreams, &mut tried) else { break };
            let host = HeaderValue::from_str(authority(&turn.upstream));
            request.headers_mut().insert(header::HOST, host.map_err(|_| Failure::Host)?);
            let mut pooled = pool.take(&turn.upstream).await;
            loop {
                let wire = match pooled.take() {
                    Some(wire) => wire,
                    None => match Box::pin(self.dial(&turn.upstream, route)).await {
                        Ok(wire) => wire,
                        Err(error) => {
                            self.judge(&mut turn, Verdict::Failed, route);
                            last = Some(error);
                            break;
                        }
                    },
                };
                let used = wire.used;
                let copy = repeatable.then(|| copy_of(&request));
                match self.send(wire, request, course, route).await {
                    Ok((answer, wire)) => return Ok((answer, wire, turn)),
                    Err(Miss::Unsent(back)) if used => request = *back,
                    Err(Miss::Unsent(back)) => {
                        self.judge(&mut turn, Verdict::Failed, route);
                        request = *back;
                        break;
                    }
                    Err(Miss::Closed(failure)) if used => {
                        let Some(copy) = copy.filter(|_| self.may_repeat(pool, route)) else { return Err(failure) };
                        request = copy;
                    }
                    Err(Miss::Closed(failure)) => {
                        self.judge(&mut turn, Verdict::Failed, route);
                        let Some(copy) = copy else { return Err(failure) };
                        request = copy;
                        closed = Some(failure);
                        break;
                    }
                    Err(Miss::Final(failure)) => {
                        self.judge(&mut turn, verdict(&failure), route);
                        return Err(failure);
                    }
                }
            }
        }
        Err(closed.unwrap_or_else(|| unreachable(route, last)))
    }

    fn may_repeat(&self, pool: &Pool, route: &PortalRoute) -> bool {
        let allowed = pool.may_repeat();
        self.metrics.repeated(&route.portal, allowed);
        allowed
    }

    /// Notes how a request ended at an upstream.
    pub(super) fn judge(&self, turn: &mut Turn, verdict: Verdict, route: &PortalRoute) {
        let ejected = turn.judge(verdict);
        if ejected {
            self.metrics.upstream_ejected(&route.portal);
            tracing::warn!(portal.id = %route.portal, upstream = %turn.upstream, "an upstream is left out for a time");
        }
        if ejected || turn.was_out {
            self.metrics.upstreams_out(&route.portal, turn.pool.out());
        }
    }

    async fn dial(&self, upstream: &url::Url, route: &PortalRoute) -> Result<Wire, DialError> {
        let wire = self.dialer.dial(upstream, &self.tasks, &self.closed).await?;
        self.metrics.upstream_connected(&route.portal);
        Ok(wire)
    }

    /// Sends the request on `wire` and waits for the head of the answer.
    async fn send(
        &self,
        mut wire: Wire,
        request: Request<Body>,
        course: Option<&Course>,
        route: &PortalRoute,
    ) -> Result<(Response<Incoming>, Wire), Miss> {
        let begun = Instant::now();
        let moved = || course.map_or(begun, |course| course.moved().max(begun));
        wire.begin();
        let mut answer = std::pin::pin!(wire.sender.try_send_request(request));
        let outcome = loop {
            let deadline = moved() + self.settings.first_byte_time;
            match timeout_at(deadline, &mut answer).await {
                Ok(outcome) => break outcome,
                Err(_) if Instant::now() < moved() + self.settings.first_byte_time => {}
                Err(_) => {
                    let waited_ms = self.settings.first_byte_time.as_millis().try_into().unwrap_or(u64::MAX);
                    return Err(Miss::Final(Failure::PortalSilent { portal: route.portal.clone(), waited_ms }));
                }
            }
        };
        match outcome {
            Ok(answer) => Ok((answer, wire)),
            Err(mut error) => {
                if let Some(request) = error.take_message() {
                    return Err(Miss::Unsent(Box::new(request)));
                }
                Err(missed(error.into_error(), course, &wire, route))
            }
        }
    }
}

/// What a failure says about the portal as a whole.
pub(super) fn portals_verdict(failure: &Failure) -> Verdict {
    match failure {
        Failure::PortalDown { .. } => Verdict::Failed,
        failure => verdict(failure),
    }
}

/// What a failure says about the upstream.
fn verdict(failure: &Failure) -> Verdict {
    match failure {
        Failure::PortalInvalid { .. } | Failure::PortalSilent { .. } => Verdict::Failed,
        _ => Verdict::Unknown,
    }
}

/// Why a request that may have been sent brought no answer.
fn missed(error: hyper::Error, course: Option<&Course>, wire: &Wire, route: &PortalRoute) -> Miss {
    match course.and_then(Course::cut) {
        Some(Cut::Stalled) => return Miss::Final(Failure::BodyStalled),
        Some(Cut::TooLarge) => return Miss::Final(Failure::BodyTooLarge),
        Some(Cut::BrokenOff) => return Miss::Final(Failure::BodyCut),
        None => {}
    }
    let failure = Failure::PortalInvalid { portal: route.portal.clone(), reason: with_sources(&error) };
    if !wire.has_answered() && !error.is_parse() { Miss::Closed(failure) } else { Miss::Final(failure) }
}

fn unreachable(route: &PortalRoute, last: Option<DialError>) -> Failure {
    let portal = route.portal.clone();
    match last {
        Some(error @ DialError::Forbidden(_)) => Failure::PortalForbidden { portal, reason: error.to_string() },
        Some(error) => Failure::PortalDown { portal, reason: with_sources(&error) },
        None => Failure::PortalDown { portal, reason: "every connection closed before the request was sent".into() },
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

/// The same request again; only for requests without a body.
fn copy_of(request: &Request<Body>) -> Request<Body> {
    let mut copy = Request::new(Body::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

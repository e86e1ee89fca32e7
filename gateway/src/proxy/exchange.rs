//! One request at the upstreams of its route, until one of them takes it.

use std::pin::pin;
use std::sync::Arc;

use connectors::ids::PortalId;
use http::header::{self, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::Proxy;
use super::balance::Verdict;
use super::upstream::{DialError, Pool, Turn, Wire, authority, was_refused, was_reset};
use crate::body::{Body, Course};
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::routes::PortalRoute;

/// What a try on one connection came to, when it brought no answer.
enum Miss {
    /// Not one byte of the request was sent; here it is again.
    Unsent(Box<Request<Body>>),
    /// The connection closed without a byte of an answer.
    Closed(Failure),
    /// The portal says that it did nothing of the request.
    Refused(Failure),
    /// Something else; nothing is repeated.
    Final(Failure),
}

impl Proxy {
    /// Tries one upstream after the other until one takes the request. `anew` makes it again, when it has no body: few
    /// requests are repeated, and a copy of each would cost more than all of that.
    pub(super) async fn exchange(
        &self,
        pool: &Arc<Pool>,
        route: &PortalRoute,
        mut request: Request<Body>,
        course: Option<&Course>,
        may_share: bool,
        anew: impl Fn() -> Result<Request<Body>, Failure>,
    ) -> Result<(Response<Incoming>, Wire, Turn), Failure> {
        let may_share = may_share && route.http2;
        let idempotent = request.method().is_idempotent();
        let (mut last, mut closed) = (None, None);
        let mut tried = Vec::new();
        loop {
            let again = !tried.is_empty();
            if again && (tried.len() >= route.upstreams.len() || !self.may_repeat(pool, route)) {
                break;
            }
            let Some(mut turn) = pool.choose(&route.upstreams, &mut tried) else { break };
            let host = HeaderValue::from_str(authority(&turn.upstream)).map_err(|_| Failure::Host)?;
            request.headers_mut().insert(header::HOST, host.clone());
            let mut pooled = pool.take(&turn.upstream, may_share).await;
            let mut first_here = true;
            loop {
                let wire = match pooled.take() {
                    Some(wire) => wire,
                    None => match Box::pin(self.dial(pool, &turn.upstream, may_share, route)).await {
                        Ok(wire) => wire,
                        Err(error) => {
                            self.judge(&mut turn, Verdict::Failed, route);
                            last = Some(error);
                            break;
                        }
                    },
                };
                // A second one at the same upstream says as much as a fresh connection.
                let used = wire.is_used() && std::mem::take(&mut first_here);
                address(&mut request, &turn.upstream, wire.is_shared())?;
                let outcome = self.send(wire, request, course, route).await;
                let may_repeat = course.is_none() && (idempotent || matches!(outcome, Err(Miss::Refused(_))));
                match outcome {
                    Ok((answer, wire)) => return Ok((answer, wire, turn)),
                    Err(Miss::Unsent(back)) if used => request = *back,
                    Err(Miss::Unsent(back)) => {
                        self.judge(&mut turn, Verdict::Failed, route);
                        request = *back;
                        break;
                    }
                    Err(Miss::Closed(failure) | Miss::Refused(failure)) if used => {
                        if !may_repeat || !self.may_repeat(pool, route) {
                            return Err(failure);
                        }
                        request = anew()?;
                        request.headers_mut().insert(header::HOST, host.clone());
                    }
                    Err(Miss::Closed(failure) | Miss::Refused(failure)) => {
                        self.judge(&mut turn, Verdict::Failed, route);
                        if !may_repeat {
                            return Err(failure);
                        }
                        request = anew()?;
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

    fn judge(&self, turn: &mut Turn, verdict: Verdict, route: &PortalRoute) {
        judge(&self.metrics, turn, verdict, &route.portal);
    }

    async fn dial(&self, pool: &Pool, upstream: &Url, may_share: bool, route: &PortalRoute) -> Result<Wire, DialError> {
        let (wire, fresh) = pool.dial(upstream, may_share, &self.dialer, &self.tasks, &self.closed).await?;
        if fresh {
            self.metrics.upstream_connected(&route.portal);
        }
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
        let outcome = {
            let mut answer = pin!(wire.send(request));
            loop {
                let deadline = moved() + self.settings.first_byte_time;
                match timeout_at(deadline, &mut answer).await {
                    Ok(outcome) => break outcome,
                    Err(_) if Instant::now() < moved() + self.settings.first_byte_time => {}
                    Err(_) => {
                        let waited_ms = self.settings.first_byte_time.as_millis().try_into().unwrap_or(u64::MAX);
                        return Err(Miss::Final(Failure::PortalSilent { portal: route.portal.clone(), waited_ms }));
                    }
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

/// Notes how a request ended at an upstream.
pub(super) fn judge(metrics: &Metrics, turn: &mut Turn, verdict: Verdict, portal: &PortalId) {
    let ejected = turn.judge(verdict);
    if ejected {
        metrics.upstream_ejected(portal);
        tracing::warn!(portal.id = %portal, upstream = %turn.upstream, "an upstream is left out for a time");
    }
    if ejected || turn.was_out {
        metrics.upstreams_out(portal, turn.pool.out());
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
    if let Some(cut) = course.and_then(Course::cut) {
        return Miss::Final(cut.into());
    }
    let failure = Failure::PortalInvalid { portal: route.portal.clone(), reason: with_sources(&error) };
    if wire.is_shared() && was_refused(&error) {
        Miss::Refused(failure)
    } else if wire.has_answered() || error.is_parse() || was_reset(&error) {
        Miss::Final(failure)
    } else {
        Miss::Closed(failure)
    }
}

/// Writes where a request goes: in HTTP/2 into its target, in HTTP/1.1 `Host` stands already, unless a try on HTTP/2 took
/// it away.
pub(super) fn address(request: &mut Request<Body>, upstream: &Url, is_shared: bool) -> Result<(), Failure> {
    if is_shared {
        let target = request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let uri =
            Uri::builder().scheme(upstream.scheme()).authority(authority(upstream)).path_and_query(target).build();
        *request.uri_mut() = uri.map_err(|_| Failure::Target)?;
        request.headers_mut().remove(header::HOST);
    } else if request.uri().authority().is_some() {
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = target.map(Uri::from).unwrap_or_default();
        request
            .headers_mut()
            .insert(header::HOST, HeaderValue::from_str(authority(upstream)).map_err(|_| Failure::Host)?);
    }
    Ok(())
}

fn unreachable(route: &PortalRoute, last: Option<DialError>) -> Failure {
    let portal = route.portal.clone();
    match last {
        Some(error @ DialError::Forbidden(_)) => Failure::PortalForbidden { portal, reason: error.to_string() },
        Some(error) => Failure::PortalDown { portal, reason: with_sources(&error) },
        None => Failure::PortalDown { portal, reason: "every connection closed before the request was sent".into() },
    }
}

pub(super) fn with_sources(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

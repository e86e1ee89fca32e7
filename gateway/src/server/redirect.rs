//! The listener without TLS: it sends pages on to the public address and serves nothing.
//!
//! A program that asks without TLS is not sent on but refused, so that its fault is noticed and nothing secret goes over
//! an open line twice. Source: OWASP ASVS 5.0, 4.1.2 and 12.3.2.

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::header::{self, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use tokio::time::Instant;
use url::Url;

use super::Limits;
use super::answer::{check, redirect};
use crate::body::Body;
use crate::failure::{Context, Failure, wants_json};
use crate::metrics::{Answered, Metrics};
use crate::routes::{Routes, Target};

/// Sends pages on.
pub(super) struct Redirecting {
    public_url: Url,
    routes: Arc<ArcSwap<Routes>>,
    metrics: Arc<Metrics>,
    limits: Limits,
}

impl Redirecting {
    pub(super) fn new(public_url: Url, routes: Arc<ArcSwap<Routes>>, metrics: Arc<Metrics>, limits: Limits) -> Self {
        Self { public_url, routes, metrics, limits }
    }

    /// The answer to `request`, whose body is not read.
    pub(super) fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let begun = Instant::now();
        let response = self.location(request).map_or_else(
            |failure| {
                if let Some(reason) = failure.refused() {
                    self.metrics.refused(reason);
                }
                let as_json = wants_json(request.uri().path(), request.headers());
                let mut response = failure.respond(&Context { as_json, ..Context::default() });
                if failure.closes() && request.version() < Version::HTTP_2 {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                response
            },
            |to| redirect(StatusCode::PERMANENT_REDIRECT.as_u16(), true, &to),
        );
        self.metrics.answered(Answered::Unencrypted, None, response.status(), begun.elapsed());
        response
    }

    /// The same page over TLS, at our address or at a host that a route has; never at one that only the client named.
    fn location(&self, request: &Request<Incoming>) -> Result<String, Failure> {
        let host = check(request, &self.limits)?;
        let path = request.uri().path();
        if !matches!(*request.method(), Method::GET | Method::HEAD) || path == "/api" || path.starts_with("/api/") {
            return Err(Failure::Unencrypted);
        }
        let found = self.routes.load().find(host.as_deref(), path).map_err(|_| Failure::UnsafePath)?;
        let routed = match &found {
            Target::Portal(matched) => matched.route.place.host.as_deref(),
            _ => None,
        };
        let host = routed.or(self.public_url.host_str()).unwrap_or_default();
        let port = self.public_url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let rest = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        Ok(format!("{}://{host}{port}{rest}", self.public_url.scheme()))
    }
}

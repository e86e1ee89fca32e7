//! Whether upstreams are well, asked again and again where a registration says so.
//!
//! Two failing probes in a row take an upstream out, whatever its requests come to; a good one brings it back, slowly.
//! Every upstream has a task of its own, which ends when no route names its probe any more. Each probe is a fresh
//! connection, bounded in time and bytes; their times are spread, so that not all portals are asked at once.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use connectors::ids::PortalId;
use connectors::registration::Probe;
use http::header::{self, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Uri};
use http_body_util::{BodyExt, Limited};
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use super::upstream::{authority, chance};
use super::{Proxy, exchange};
use crate::body::Body;
use crate::routes::Routes;

/// Probes at a time, over all portals.
pub(super) const AT_ONCE: usize = 32;
/// Most bytes of the body of an answer.
const MAX_BYTES: usize = 64 * 1024;

/// The upstreams that are probed, and how.
pub(super) type Probed = BTreeMap<(PortalId, Url), (Plan, DropGuard)>;

/// How one upstream is probed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    probe: Probe,
    http2: bool,
}

impl Proxy {
    /// Probes what `routes` say and nothing else.
    pub(super) fn probe_only(self: &Arc<Self>, routes: &Routes) {
        let mut wanted = BTreeMap::<_, Plan>::new();
        for route in routes.iter() {
            let Some(probe) = &route.probe else { continue };
            for upstream in &route.upstreams {
                let plan = Plan { probe: probe.clone(), http2: route.http2 };
                // Of two routes with one upstream the more frequent probe says more.
                let rank = |plan: &Plan| (plan.probe.every_s(), plan.probe.path().to_owned(), plan.http2);
                wanted
                    .entry((route.portal.clone(), upstream.clone()))
                    .and_modify(|known| {
                        if rank(&plan) < rank(known) {
                            *known = plan.clone();
                        }
                    })
                    .or_insert(plan);
            }
        }
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        probed.retain(|place, (plan, _)| {
            let stays = wanted.get(place) == Some(plan);
            if !stays {
                self.pool(&place.0).unprobed(&place.1);
            }
            stays
        });
        for (place, plan) in wanted {
            if probed.contains_key(&place) {
                continue;
            }
            let stop = self.closed.child_token();
            self.tasks.spawn(Arc::clone(self).keep_probing(place.clone(), plan.clone(), stop.clone()));
            probed.insert(place, (plan, stop.drop_guard()));
        }
    }

    async fn keep_probing(self: Arc<Self>, (portal, upstream): (PortalId, Url), plan: Plan, stop: CancellationToken) {
        let every = Duration::from_secs(plan.probe.every_s().into());
        let mut pause = every.mul_f64(chance());
        while stop.run_until_cancelled(sleep(pause)).await.is_some() {
            let probing = async {
                // Nobody closes it.
                let _place = self.probes.acquire().await.ok()?;
                let time = Duration::from_secs(plan.probe.timeout_s().into());
                let outcome = timeout(time, self.probe(&upstream, &plan)).await;
                Some(outcome.unwrap_or_else(|_| Err("no whole answer in time".into())))
            };
            let Some(Some(outcome)) = stop.run_until_cancelled(probing).await else { return };
            self.probed(&portal, &upstream, outcome);
            pause = every.mul_f64(0.9 + 0.2 * chance());
        }
    }

    /// Notes what a probe came to.
    fn probed(&self, portal: &PortalId, upstream: &Url, outcome: Result<(), String>) {
        let pool = self.pool(portal);
        self.metrics.portals.probed(portal, outcome.is_ok());
        if pool.probed(upstream, outcome.is_ok()) {
            match &outcome {
                Ok(()) => tracing::info!(portal.id = %portal, %upstream, "an upstream is well again"),
                Err(reason) => {
                    self.metrics.upstream_ejected(portal);
                    tracing::warn!(portal.id = %portal, %upstream, reason, "an upstream is left out until it is well");
                }
            }
            self.metrics.upstreams_out(portal, pool.out());
        }
    }

    /// One probe; why it failed, if it did.
    async fn probe(&self, upstream: &Url, plan: &Plan) -> Result<(), String> {
        let may_share = plan.http2 && upstream.scheme() == "https";
        let dialled = self.dialer.dial(upstream, may_share, &self.tasks, &self.closed).await;
        let mut wire = dialled.map_err(|error| exchange::with_sources(&error))?.wire();
        let path = PathAndQuery::try_from(plan.probe.path()).map_err(|error| error.to_string())?;
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from(path);
        let fields = request.headers_mut();
        let host = HeaderValue::from_str(authority(upstream)).map_err(|error| error.to_string())?;
        fields.insert(header::HOST, host);
        fields.insert(header::USER_AGENT, HeaderValue::from_static("portalverbund-probe"));
        exchange::address(&mut request, upstream, wire.is_shared()).map_err(|error| error.to_string())?;
        let answer = wire.send(request).await.map_err(|error| exchange::with_sources(&error.into_error()))?;
        let status = answer.status();
        if status.is_server_error() || status.is_informational() {
            return Err(format!("status {}", status.as_u16()));
        }
        let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
        body.map(drop).map_err(|error| error.to_string())
    }
}

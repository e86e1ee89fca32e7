//! The internal side: metrics, state and the table of routes. Never public.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use config::clock;
use http::{HeaderValue, StatusCode, header};
use prometheus::Registry;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::explain::{Address, explain};
use crate::metrics::{Metrics, text_of};
use crate::pages::forward::WhoIsAsked;
use crate::proxy::Proxy;
use crate::routes::Routes;

/// Tells what is missing to be ready, such as an open index; a sentence for operators.
pub type Ready = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the internal side shows.
#[derive(Clone)]
pub(super) struct Inside {
    pub(super) routes: Arc<ArcSwap<Routes>>,
    pub(super) who: WhoIsAsked,
    pub(super) proxy: Arc<Proxy>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) ready: Ready,
    pub(super) stop: CancellationToken,
}

/// `/metrics`, `/healthz`, `/readyz` and `/debug/routes`, and beside them `further`. Nothing of it may be kept.
pub(super) fn router(inside: Inside, further: axum::Router) -> axum::Router {
    axum::Router::new()
        .route("/metrics", get(metrics_text))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readiness))
        .route("/debug/routes", get(listing))
        .with_state(inside)
        .merge(further)
        .layer(map_response(keep_not))
}

/// What a process without a gateway shows: `/metrics` of `registry`, `/healthz` and `/readyz`.
pub(super) fn without_gateway(registry: Registry, ready: Ready, stop: CancellationToken) -> axum::Router {
    let text = move || {
        let text = text_of(&registry);
        async { ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text) }
    };
    let readiness = move || {
        let missing = if stop.is_cancelled() { Err("draining".to_owned()) } else { ready() };
        async { told(missing) }
    };
    axum::Router::new()
        .route("/metrics", get(text))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readiness))
        .layer(map_response(keep_not))
}

async fn keep_not(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn metrics_text(State(inside): State<Inside>) -> Response {
    ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], inside.metrics.text()).into_response()
}

async fn readiness(State(inside): State<Inside>) -> Response {
    let missing = if inside.stop.is_cancelled() {
        Err("draining".to_owned())
    } else if !inside.routes.load().is_loaded() {
        Err("no routes loaded".to_owned())
    } else {
        (inside.ready)()
    };
    told(missing)
}

fn told(missing: Result<(), String>) -> Response {
    match missing {
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}

/// The table; with `url`, which rule answers that address, and why.
async fn listing(State(inside): State<Inside>, RawQuery(query): RawQuery) -> Response {
    let routes = inside.routes.load_full();
    let wrong = |detail: String| {
        let problem = json!({ "type": "about:blank", "title": "Bad Request", "status": 400, "detail": detail });
        (StatusCode::BAD_REQUEST, Json(problem)).into_response()
    };
    let given: Vec<_> = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let address = match given.as_slice() {
        [] => {
            return Json(json!({ "loaded": routes.is_loaded(), "routes": routes.listing() })).into_response();
        }
        [(name, url)] if name == "url" => Address::parse(url),
        _ => Err("expected `url` alone, or nothing".to_owned()),
    };
    let address = match address {
        Ok(address) => address,
        Err(why) => return wrong(why),
    };
    let (mut explained, matched) = explain(&routes, &address, Some(&inside.who), clock::now()).await;
    explained.upstream_now = matched.and_then(|matched| inside.proxy.next_upstream(&matched.route));
    Json(explained).into_response()
}

//! The internal side: metrics, state and the table of routes. Never public.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Json;
use axum::extract::State;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::routes::Routes;

/// Tells what is missing to be ready, such as an open index; a sentence for operators.
pub type Ready = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

#[derive(Clone)]
struct Inside {
    routes: Arc<ArcSwap<Routes>>,
    metrics: Arc<Metrics>,
    ready: Ready,
    stop: CancellationToken,
}

/// `/metrics`, `/healthz`, `/readyz` and `/debug/routes`, and beside them `further`. Nothing of it may be kept.
pub(super) fn router(
    routes: Arc<ArcSwap<Routes>>,
    metrics: Arc<Metrics>,
    ready: Ready,
    stop: CancellationToken,
    further: axum::Router,
) -> axum::Router {
    axum::Router::new()
        .route("/metrics", get(metrics_text))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readiness))
        .route("/debug/routes", get(listing))
        .with_state(Inside { routes, metrics, ready, stop })
        .merge(further)
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
    match missing {
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}

async fn listing(State(inside): State<Inside>) -> Response {
    let routes = inside.routes.load();
    let listing = serde_json::json!({ "loaded": routes.is_loaded(), "routes": routes.listing() });
    Json(listing).into_response()
}

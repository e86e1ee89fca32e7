//! Removing from the cache, on the internal side: everything of a portal, or one address.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use connectors::ids::PortalId;
use http::{HeaderValue, StatusCode, Uri, header};
use url::{Url, form_urlencoded};

use crate::proxy::Proxy;
use crate::routes::{Routes, Target};

#[derive(Clone)]
struct Purge {
    proxy: Arc<Proxy>,
    routes: Arc<ArcSwap<Routes>>,
}

/// What to remove.
enum What {
    Portal(PortalId),
    Url(Url),
}

/// Why nothing was removed.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("give either `portal`, the id of a portal, or `url`, an address as citizens see it, and nothing else")]
    Usage,
    #[error("`{0}` is no parameter; `portal` and `url` are")]
    Unknown(String),
    #[error("`portal` is no id of a portal")]
    Portal,
    #[error("`url` is no http or https address")]
    Url,
    #[error("no portal serves this `url`")]
    NoPortal,
}

/// `POST /cache/purge`, with `portal` or `url` in the query or in a form.
pub(super) fn router(proxy: Arc<Proxy>, routes: Arc<ArcSwap<Routes>>) -> axum::Router {
    axum::Router::new().route("/cache/purge", post(purge)).with_state(Purge { proxy, routes })
}

async fn purge(State(purge): State<Purge>, RawQuery(query): RawQuery, form: String) -> Response {
    let removed = match read(query.as_deref().unwrap_or_default(), &form) {
        Ok(What::Portal(portal)) => {
            let proxy = Arc::clone(&purge.proxy);
            // It looks at every entry.
            let removed = tokio::task::spawn_blocking(move || proxy.purge_portal(&portal)).await;
            removed.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
        }
        Ok(What::Url(url)) => match purge.at(&url) {
            Ok(removed) => Ok(removed),
            Err(refusal) => return refused(&refusal),
        },
        Err(refusal) => return refused(&refusal),
    };
    match removed {
        Ok(removed) => Json(serde_json::json!({ "removed": removed })).into_response(),
        Err(status) => status.into_response(),
    }
}

impl Purge {
    fn at(&self, url: &Url) -> Result<usize, Refusal> {
        let host = url.host_str().map(str::to_ascii_lowercase);
        let Ok(Target::Portal(matched)) = self.routes.load().find(host.as_deref(), url.path()) else {
            return Err(Refusal::NoPortal);
        };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target: Uri = format!("{}{query}", url.path()).parse().map_err(|_| Refusal::Url)?;
        Ok(self.proxy.purge(&matched.route, &target))
    }
}

fn read(query: &str, form: &str) -> Result<What, Refusal> {
    let parameters = [query, form].into_iter().flat_map(|text| form_urlencoded::parse(text.as_bytes()));
    let mut what = None;
    for (name, value) in parameters {
        let read = match &*name {
            "portal" => What::Portal(value.parse().map_err(|_| Refusal::Portal)?),
            "url" => {
                let url = Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
                What::Url(url.ok_or(Refusal::Url)?)
            }
            other => return Err(Refusal::Unknown(other.to_owned())),
        };
        if what.replace(read).is_some() {
            return Err(Refusal::Usage);
        }
    }
    what.ok_or(Refusal::Usage)
}

/// A problem as RFC 9457 writes it.
fn refused(refusal: &Refusal) -> Response {
    let status = if matches!(refusal, Refusal::NoPortal) { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
    let code = match refusal {
        Refusal::NoPortal => "no_portal",
        Refusal::Unknown(_) => "unknown_parameter",
        _ => "bad_parameter",
    };
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": refusal.to_string(),
        "code": code,
    });
    let mut response = (status, Json(problem)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

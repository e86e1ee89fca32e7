//! The portals' own pages, seen from outside: the page that shows what we read from a page (`/pruefen`), our profile
//! (`/profil`), and the address at which sites say that pages changed (`/api/v1/indexnow`).
//!
//! All three are for everybody and without a key, so what they make us fetch is bounded for each network of clients, for
//! each host and in all.

mod check;
pub mod indexnow;
mod profile;
pub(crate) mod quota;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::IntoResponse;
use axum::routing::get;
use moka::sync::Cache;
use tokio::sync::Semaphore;

use crate::registry::Desk;
use quota::Quota;

/// Bytes of a page that somebody pastes, and of a list of pages that changed.
const MAX_BODY_BYTES: usize = 1 << 20;

/// Pages that are looked at for one network of clients, and in all, in a minute.
const LOOKS: u32 = 10;
const ALL_LOOKS: u32 = 120;
/// Pages that are looked at, at a time.
const LOOKS_AT_ONCE: usize = 4;
/// Messages that pages changed of one network of clients in a minute, and keys that are asked for at one host.
const MESSAGES: u32 = 60;
const KEYS: u32 = 5;
/// Keys that are known to be right, and for how long.
const MAX_KEYS: u64 = 10_000;
const KEY_HOLDS: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// What these pages and addresses work with.
#[derive(Clone)]
struct Web {
    desk: Desk,
    bounds: Arc<Bounds>,
}

struct Bounds {
    looks: Quota,
    all_looks: Quota,
    at_once: Semaphore,
    messages: Quota,
    keys: Quota,
    /// Host with port, and key.
    known_keys: Cache<(String, String), ()>,
}

/// The pages, and the addresses of the interface.
pub fn routers(desk: Desk) -> (Router, Router) {
    let bounds = Bounds {
        looks: Quota::per_minute(LOOKS),
        all_looks: Quota::per_minute(ALL_LOOKS),
        at_once: Semaphore::new(LOOKS_AT_ONCE),
        messages: Quota::per_minute(MESSAGES),
        keys: Quota::per_minute(KEYS),
        known_keys: Cache::builder().max_capacity(MAX_KEYS).time_to_live(KEY_HOLDS).build(),
    };
    let web = Web { desk, bounds: Arc::new(bounds) };
    let pages = Router::new()
        .route("/pruefen", get(check::ask).post(check::check))
        .route("/profil", get(profile::show))
        .layer(DefaultBodyLimit::max(3 * MAX_BODY_BYTES + 1024))
        .with_state(web.clone());
    let api = Router::new()
        .route("/api/v1/indexnow", get(indexnow::one).post(indexnow::several))
        .method_not_allowed_fallback(|| async { indexnow::wrong_method().into_response() })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(web);
    (pages, api)
}

#[cfg(test)]
mod tests;

//! Who may do what: accounts, roles, sessions, tokens and the audit trail, and the pages and addresses of editors.
//!
//! All pages of editors lie below `/anbindung`; whoever opens one is asked to sign in. Their addresses in the interface
//! lie below `/api/v1/portals` and take a token. A part of this has a file, with its routes as [`Paths`] for
//! [`page_paths`] or [`api_paths`]; its handlers take [`Who`] and ask it for the right that they need, and every effect
//! goes through a [`Tx`] together with its audit entry.

mod accounts;
mod desk;
mod fields;
mod form;
mod json_body;
mod konten;
mod konto;
mod oidc;
mod overview;
mod passwords;
mod paths;
mod protokoll;
mod refusal;
pub(crate) mod runs;
mod secrets;
mod signin;
mod store;
pub(crate) mod token_api;
mod tokens;
mod who;

use axum::extract::Extension;
use axum::middleware::map_response;
use axum::response::Response;
use http::header::{self, HeaderName, HeaderValue};

pub use accounts::{AccountChange, AccountError, Snapshot};
pub use desk::Desk;
pub use fields::Fehler;
pub use form::{Form, same_origin};
pub use json_body::JsonBody;
pub use passwords::{PASSWORD_SIGNS, PasswordError, generated};
pub use paths::Paths;
pub use refusal::Denied;
pub use store::{
    Account, AuditEntry, AuditFault, ChangeSet, FeedbackFilter, FeedbackRow, Head, ImportRow, NewAccount, NewChange,
    NewFeedback, NewImport, NewToken, Proof, Registered, Registry, RegistryError, Rehearsed, SessionRow, Taken,
    TokenRow, Tx,
};
pub use tokens::{MadeToken, TOKEN_DAYS, TokenError, TokenWish};
pub use who::{Right, Role, SessionTimes, Who};

use crate::api::problem::{Kind, Problem};
use crate::failure::secure_headers;
use crate::intake;
use crate::joining;
use crate::pages;
use crate::voice;
use who::Side;

/// Names below `/anbindung` that are pages of ours, so that no portal can have them as its id.
pub const RESERVED: &[&str] = &[
    "anmelden",
    "abmelden",
    "abgemeldet",
    "konto",
    "konten",
    "protokoll",
    "neu",
    "hilfe",
    "freigaben",
    "rueckmeldungen",
];

/// The pages of editors.
pub fn page_paths() -> Paths {
    overview::pages()
        .merge(signin::pages())
        .merge(oidc::pages())
        .merge(konto::pages())
        .merge(konten::pages())
        .merge(protokoll::pages())
        .merge(joining::pages::paths())
        .merge(intake::pages())
        .merge(runs::pages())
        .merge(voice::desk::pages())
}

/// The addresses of editors in the interface, which all begin with `/api/v1/`.
pub fn api_paths() -> Paths {
    token_api::api().merge(intake::api()).merge(joining::api::paths()).merge(runs::api()).merge(voice::desk_api::api())
}

/// The pages of editors, with what all of them have in common.
pub fn pages(desk: Desk) -> axum::Router {
    page_paths()
        .router()
        .method_not_allowed_fallback(pages::method_not_allowed)
        .layer(map_response(guard_page))
        .layer(Extension(Side::Pages))
        .with_state(desk)
}

/// The addresses of editors in the interface, with what all of them have in common.
pub fn api(desk: Desk) -> axum::Router {
    api_paths()
        .router()
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response(guard_answer))
        .layer(Extension(Side::Interface))
        .with_state(desk)
}

async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "this address does not take this method; see /api/v1/openapi.json")
}

/// A page of editors is for one person and is kept nowhere; nobody learns from where a link was followed.
async fn guard_page(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    secure_headers(headers);
    response
}

/// An answer to a token is kept nowhere, and no page of another host may read it.
async fn guard_answer(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
pub(crate) mod tests;

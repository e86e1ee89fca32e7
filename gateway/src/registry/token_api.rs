//! `/api/v1/tokens`: a program lists its account's tokens, makes the successor of its own, and revokes one.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk::Desk;
use super::json_body::JsonBody;
use super::paths::Paths;
use super::store::TokenRow;
use super::tokens::{TokenError, TokenWish};
use super::who::{Right, Who};
use crate::api::json;
use crate::api::problem::{Kind, Problem};

pub(super) fn api() -> Paths {
    Paths::new().get("/api/v1/tokens", list).post("/api/v1/tokens", make).delete("/api/v1/tokens/{id}", revoke)
}

/// A token of the interface, without itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    /// Its number.
    id: i64,
    /// What it is for.
    name: String,
    /// The most that it may do: `read`, `deliver` or `manage`.
    right: &'static str,
    /// The portals that it reaches; null for all of its account.
    portals: Option<Vec<String>>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// When its time is over.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    used: Option<Timestamp>,
}

/// The tokens of an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// The newest first.
    tokens: Vec<Token>,
}

/// What is wanted of a new token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTokenRequest {
    /// What it is for, 1 to 64 signs; two of a name are valid at a time.
    name: String,
    /// The most that it may do: `read`, `deliver` or `manage`; not more than the token that asks.
    right: String,
    /// The portals that it reaches; null or left out for all of the account.
    #[serde(default)]
    portals: Option<Vec<String>>,
    /// For how many days it is valid, 1 to 365.
    days: i64,
    /// Make none, only say whether it could be made.
    #[serde(default)]
    dry_run: bool,
}

/// A token that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewTokenResponse {
    /// Its number; null in a dry run.
    id: Option<i64>,
    /// It itself, shown this once; null in a dry run.
    token: Option<String>,
    /// When its time is over.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            right: row.right.code(),
            portals: row.portals.map(|portals| portals.iter().map(ToString::to_string).collect()),
            created: row.created,
            until: row.ends,
            used: row.used,
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let text = error.to_string();
        match error {
            TokenError::Registry(error) => error.into(),
            TokenError::Name | TokenError::TooMany => Self::new(Kind::BadParameter, text).of("name"),
            TokenError::Days => Self::new(Kind::BadParameter, text).of("days"),
            TokenError::Portal(_) => Self::new(Kind::BadParameter, text).of("portals"),
            TokenError::Beyond => Self::new(Kind::Forbidden, text),
            TokenError::Unknown(_) => Self::new(Kind::NotFound, text),
        }
    }
}

/// The tokens of the account whose token asks.
#[utoipa::path(
    operation_id = "token_list",
    get,
    path = "/api/v1/tokens",
    responses(
        (status = 200, body = Tokens, description = "All of them, also those whose time is over"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(desk): State<Desk>, who: Who, headers: HeaderMap) -> Result<Response, Problem> {
    let tokens = desk.registry.tokens(who.account).await?;
    Ok(json(&headers, "no-store", &Tokens { tokens: tokens.into_iter().map(Token::from).collect() }))
}

/// Makes a token of the account whose token asks, which may no more than that one.
#[utoipa::path(
    operation_id = "token_make",
    post,
    path = "/api/v1/tokens",
    request_body = NewTokenRequest,
    responses(
        (status = 201, body = NewTokenResponse, description = "The token, shown this once"),
        (status = 200, body = NewTokenResponse, description = "A dry run: it could be made"),
        (status = 400, body = Problem, description = "`parameter` names the field at fault", content_type = "application/problem+json"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "More than the token that asks may itself", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn make(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    JsonBody(wanted): JsonBody<NewTokenRequest>,
) -> Result<Response, Problem> {
    let bad = |name: &str, text: &str| Problem::new(Kind::BadParameter, text).of(name);
    let right = Right::of(&wanted.right).ok_or_else(|| bad("right", "a right is `read`, `deliver` or `manage`"))?;
    let portals = wanted.portals.as_deref().map(|ids| ids.iter().map(|id| id.parse()).collect::<Result<_, _>>());
    let portals = portals.transpose().map_err(|error| bad("portals", &format!("{error}")))?;
    let wish = TokenWish { name: wanted.name, right, portals, days: wanted.days };
    let made = desk.registry.make_token(&who, who.account, &wish, wanted.dry_run).await?;
    let id = made.secret.is_some().then_some(made.id);
    let body = NewTokenResponse { id, token: made.secret, until: made.ends };
    let mut response = json(&headers, "no-store", &body);
    if id.is_some() {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// Revokes a token of the account whose token asks, at once.
#[utoipa::path(
    operation_id = "token_revoke",
    delete,
    path = "/api/v1/tokens/{id}",
    params(("id" = i64, Path, description = "Its number.")),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 401, body = Problem, description = "No valid token", content_type = "application/problem+json"),
        (status = 404, body = Problem, description = "The account has no such token", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke(State(desk): State<Desk>, who: Who, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::new(Kind::NotFound, "a token has a number"))?;
    desk.registry.revoke_token(&who, who.account, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

//! Bodies in JSON, read strictly: what is wrong with one is a problem that says where.

use axum::extract::{FromRequest, Request};
use http::header;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use super::desk::Desk;
use crate::api::problem::{Kind, Problem};

/// A body of `application/json`. The server bounds its size; a type that denies unknown fields refuses them here.
#[derive(Debug, Clone)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Desk> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Desk) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(Kind::BadParameter, "send the body as `Content-Type: application/json`"));
        }
        let body = request.into_body().collect().await;
        let body = body.map_err(|_| Problem::new(Kind::BadParameter, "the body broke off"))?.to_bytes();
        let read = serde_json::from_slice(&body);
        read.map(Self).map_err(|error| Problem::new(Kind::BadParameter, format!("the body cannot be used: {error}")))
    }
}

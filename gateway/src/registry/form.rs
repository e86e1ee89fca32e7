//! Forms of editors' pages: only from a page of ours, and only with the word of the session in which it was shown.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header::{self, HeaderMap};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::desk::Desk;
use super::refusal::Denied;
use super::who::Who;

/// The fields of a form that somebody sent who is signed in.
///
/// A form says `<input type="hidden" name="csrf" value="{{ csrf }}">` with [`Who::csrf`]. One from another origin, or
/// without the word, is refused with 403 before anything is done. Fields that `T` does not name are passed over.
#[derive(Debug, Clone)]
pub struct Form<T>(pub T);

#[derive(Deserialize)]
struct Word {
    #[serde(default)]
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<Desk> for Form<T> {
    type Rejection = Denied;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Denied> {
        let (mut parts, body) = request.into_parts();
        same_origin(&parts.headers, &desk.site.public_url)?;
        let who = <Who as FromRequestParts<Desk>>::from_request_parts(&mut parts, desk).await?;
        let bytes = body.collect().await.map_err(|_| Denied::Unreadable)?.to_bytes();
        let again = |body| Request::from_parts(parts.clone(), body);
        let Word { csrf } = fields(again(Body::from(bytes.clone()))).await?;
        if !who.csrf_is(&csrf) {
            return Err(Denied::Csrf);
        }
        fields(again(Body::from(bytes))).await.map(Self)
    }
}

/// The fields of a form that somebody sent who is not signed in yet; from a page of ours, as well.
pub(super) struct OpenForm<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Desk> for OpenForm<T> {
    type Rejection = Denied;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Denied> {
        same_origin(request.headers(), &desk.site.public_url)?;
        fields(request).await.map(Self)
    }
}

async fn fields<T: DeserializeOwned>(request: Request) -> Result<T, Denied> {
    let form = axum::Form::<T>::from_request(request, &()).await.map_err(|_| Denied::Unreadable)?;
    Ok(form.0)
}

/// Nothing when a browser says that the request comes from a page of ours, that is of `public_url`: by
/// `Sec-Fetch-Site`, or by `Origin` where it does not say that. One that says neither is refused.
pub fn same_origin(headers: &HeaderMap, public_url: &Url) -> Result<(), Denied> {
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes() == b"same-origin");
    let origin = headers.get(header::ORIGIN).map(|origin| {
        origin
            .to_str()
            .ok()
            .and_then(|text| text.parse::<Url>().ok())
            .is_some_and(|url| url.origin() == public_url.origin())
    });
    if site.or(origin) == Some(true) { Ok(()) } else { Err(Denied::OtherOrigin) }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_form_comes_from_a_page_of_ours() {
        let ours: Url = "https://portal.example/".parse().unwrap();
        for (fields, expected) in [
            (&[][..], false),
            (&[("origin", "https://portal.example")], true),
            (&[("origin", "https://portal.example:443")], true),
            (&[("origin", "http://portal.example")], false),
            (&[("origin", "https://portal.example.evil.example")], false),
            (&[("origin", "null")], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-site"), ("origin", "https://portal.example")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://portal.example")], false),
            (&[("sec-fetch-site", "none")], false),
        ] {
            let map =
                fields.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            assert_eq!(same_origin(&map.collect(), &ours).is_ok(), expected, "{fields:?}");
        }
    }
}

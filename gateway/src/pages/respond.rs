//! How our own answers leave the house: tags that save a second transfer, redirects that cannot be bent.

use crate::compress::Whole;
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use xxhash_rust::xxh3::xxh3_128;

/// Two years; only over TLS, where browsers listen to it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Tells browsers to come by TLS only.
pub fn strict_transport(headers: &mut HeaderMap) {
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
}

/// An answer with a body that may be kept.
#[derive(Debug)]
pub struct Document {
    /// Media type with its charset.
    pub content_type: &'static str,
    /// How long it may be kept, and by whom.
    pub cache_control: &'static str,
    /// All of it.
    pub body: String,
}

impl Document {
    /// The document with its entity tag, or 304 where the asking side has just this one.
    pub fn answer(self, asked: &HeaderMap) -> Response {
        let tag = etag(self.body.as_bytes());
        let bytes = self.body.len() as u64;
        let known = asked.get_all(header::IF_NONE_MATCH).iter().any(|value| names_tag(value, &tag));
        let mut response = if known {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            let mut response = Response::new(Body::from(self.body));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
            response
        };
        response.extensions_mut().insert(Whole { bytes, media_type: self.content_type });
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        headers.insert(header::ETAG, HeaderValue::try_from(tag).expect("a tag is hexadecimal digits in quotes"));
        response
    }
}

/// Strong entity tag of a body, quotes included.
pub fn etag(body: &[u8]) -> String {
    format!("\"{:032x}\"", xxh3_128(body))
}

/// True when an `If-None-Match` names `tag`; compared weakly, as RFC 9110 (13.1.2) asks for.
pub fn names_tag(value: &HeaderValue, tag: &str) -> bool {
    value.to_str().is_ok_and(|value| {
        value.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
    })
}

/// An answer without a body that sends the asking side elsewhere. `location` is an address in ASCII.
pub fn redirect(status: StatusCode, location: &str, cache_control: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    match HeaderValue::try_from(location) {
        Ok(value) => {
            *response.status_mut() = status;
            response.headers_mut().insert(header::LOCATION, value);
        }
        // Addresses that we make are ASCII; one that is not must not become a redirect to nowhere.
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document { content_type: "text/plain; charset=utf-8", cache_control: "no-cache", body: "Grüße".into() }
    }

    fn asked(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_known_tag_saves_the_body() {
        let tag = etag("Grüße".as_bytes());
        for value in [tag.clone(), format!("\"x\", {tag}"), format!("W/{tag}"), "*".into()] {
            let response = document().answer(&asked(&value));
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{value}");
            assert_eq!(response.headers()[header::ETAG], tag.as_str());
            assert!(response.headers().get(header::CONTENT_TYPE).is_none());
        }
        for value in ["\"x\"", "", "grüße"] {
            assert_eq!(document().answer(&asked(value)).status(), StatusCode::OK, "{value}");
        }
    }

    #[test]
    fn a_redirect_never_carries_a_line_break() {
        let response = redirect(StatusCode::SEE_OTHER, "/x\r\nset-cookie: a=b", "no-store");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(response.headers().get(header::LOCATION).is_none());
    }
}

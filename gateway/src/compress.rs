//! Our own answers in fewer bytes: Brotli or gzip, as the asking side likes it.
//!
//! Only what everybody may see is compressed: never pages of editors, nor an answer to credentials, because the length of
//! a compressed body tells what of it repeats, and a form holds a secret (BREACH). What portals answer is theirs, and
//! passes by elsewhere. Bodies of unknown length are left alone, as are small ones and those that are coded already.

use std::io::{self, Write as _};

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Limited};

use crate::assets::{Coding, choose};

/// Below that, an answer fits into one packet anyway.
const LEAST_BYTES: u64 = 1024;
/// Above that, it goes as it is: it would be compressed at the cost of everybody else.
const MOST_BYTES: u64 = 4 << 20;
/// From that on it takes more than half a millisecond, and goes to a thread where it holds up nobody.
const ASIDE_BYTES: u64 = 96 << 10;
/// gzip first: a page of results of 10,927 bytes takes 54 µs and leaves 3,449 bytes with it, 163 µs and 3,434 with Brotli;
/// the list of a place of 33,962 bytes takes 169 µs and leaves 6,126, or 287 µs and 6,050 (optimised, one thread).
const OFFERED: [Coding; 2] = [Coding::Gzip, Coding::Brotli];
/// One level more of Brotli takes a quarter to a half more time for a twentieth fewer bytes; of gzip, for a hundredth.
const BROTLI_LEVEL: i32 = 4;
const GZIP_LEVEL: u32 = 5;

/// Media types of ours that shrink, without their parameters.
const SHRINK: [&str; 11] = [
    "text/html",
    "text/plain",
    "text/xml",
    "text/csv",
    "application/json",
    "application/problem+json",
    "application/ld+json",
    "application/x-suggestions+json",
    "application/opensearchdescription+xml",
    "application/xml",
    "image/svg+xml",
];

/// What a 304 would have answered with: it has to name the same entity tag as the whole answer does.
#[derive(Debug, Clone, Copy)]
pub struct Whole {
    /// Length of the body as it is.
    pub bytes: u64,
    /// Its media type.
    pub media_type: &'static str,
}

/// Answers below `next`, compressed where that helps and harms nobody.
pub async fn answers(request: Request, next: Next) -> Response {
    let coding = if is_for_everybody(&request) { Some(choose(request.headers(), &OFFERED)) } else { None };
    let bodiless = request.method() == Method::HEAD;
    let response = next.run(request).await;
    match coding {
        Some(coding) if may_be_coded(&response) => coded(response, coding, bodiless).await,
        _ => response,
    }
}

fn is_for_everybody(request: &Request) -> bool {
    let headers = request.headers();
    let path = request.uri().path();
    matches!(*request.method(), Method::GET | Method::HEAD)
        && !headers.contains_key(header::COOKIE)
        && !headers.contains_key(header::AUTHORIZATION)
        && !path.starts_with("/anbindung")
}

fn may_be_coded(response: &Response) -> bool {
    let headers = response.headers();
    let field = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let whole = response.extensions().get::<Whole>().filter(|_| response.status() == StatusCode::NOT_MODIFIED);
    let media_type = whole.map_or_else(|| field(header::CONTENT_TYPE), |whole| whole.media_type);
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    SHRINK.iter().any(|known| media_type.eq_ignore_ascii_case(known))
        && !headers.contains_key(header::CONTENT_ENCODING)
        && !headers.contains_key(header::CONTENT_RANGE)
        && !headers.contains_key(header::SET_COOKIE)
        && !field(header::CACHE_CONTROL).contains("no-transform")
}

/// The answer as `coding` wants it. That it depends on what was asked for is said in any case.
async fn coded(mut response: Response, coding: Option<Coding>, bodiless: bool) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let Some(coding) = coding else { return response };
    let known = response.status() == StatusCode::NOT_MODIFIED;
    let bytes = match response.extensions().get::<Whole>().filter(|_| known) {
        Some(whole) => Some(whole.bytes),
        None => length(response.headers()).filter(|_| bodiless).or_else(|| response.body().size_hint().exact()),
    };
    let Some(bytes) = bytes.filter(|bytes| (LEAST_BYTES..=MOST_BYTES).contains(bytes)) else { return response };
    if known || bodiless {
        if bodiless && !known {
            mark(response.headers_mut(), coding);
            // Of no length that anybody could tell: whoever stands outside would say that of an empty one.
            *response.body_mut() = Body::from_stream(futures_util::stream::empty::<io::Result<Bytes>>());
        }
        weaken(response.headers_mut());
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(plain) = Limited::new(body, usize::try_from(bytes).unwrap_or(usize::MAX)).collect().await else {
        tracing::error!("an answer of ours is longer than it says");
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
        return Response::from_parts(parts, Body::empty());
    };
    let plain = plain.to_bytes();
    let packed = if bytes < ASIDE_BYTES {
        pack(&plain, coding).ok()
    } else {
        let given = plain.clone();
        tokio::task::spawn_blocking(move || pack(&given, coding)).await.ok().and_then(Result::ok)
    };
    let body = match packed {
        Some(packed) => {
            mark(&mut parts.headers, coding);
            weaken(&mut parts.headers);
            packed
        }
        None => plain,
    };
    Response::from_parts(parts, Body::from(body))
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn mark(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    headers.remove(header::CONTENT_LENGTH);
}

/// A strong tag names bytes, and these are not the same any more (RFC 9110, 8.8.3.3); a weak one names what they say.
fn weaken(headers: &mut HeaderMap) {
    let strong = headers.get(header::ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/"));
    let weak = strong.and_then(|tag| HeaderValue::try_from([b"W/", tag.as_bytes()].concat()).ok());
    if let Some(weak) = weak {
        headers.insert(header::ETAG, weak);
    }
}

/// `plain` in this coding.
fn pack(plain: &[u8], coding: Coding) -> io::Result<Bytes> {
    let mut packed = Vec::with_capacity(plain.len() / 3);
    match coding {
        Coding::Gzip => {
            let mut writer = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::new(GZIP_LEVEL));
            writer.write_all(plain)?;
            writer.finish()?;
        }
        Coding::Brotli => {
            let params = brotli::enc::BrotliEncoderParams {
                quality: BROTLI_LEVEL,
                size_hint: plain.len(),
                ..Default::default()
            };
            brotli::BrotliCompress(&mut &*plain, &mut packed, &params)?;
        }
    }
    Ok(packed.into())
}

#[cfg(test)]
pub(crate) mod tests;

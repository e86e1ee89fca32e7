//! `/sitemap.xml` and the files that it names, as they lie on the disk.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use jiff::Timestamp;
use tokio_util::io::ReaderStream;

use super::Sitemaps;
use crate::compress::Whole;
use crate::pages::address::segment;
use crate::pages::not_found;
use crate::pages::respond::{etag, names_tag};

/// How long search engines may keep a list.
const KEEP: HeaderValue = HeaderValue::from_static("public, max-age=60");
/// Seconds after which to ask again, where there is no list yet.
const SOON: HeaderValue = HeaderValue::from_static("60");

/// The addresses of the lists.
pub fn router(sitemaps: Arc<Sitemaps>) -> Router {
    Router::new().route("/sitemap.xml", get(index)).route("/sitemaps/{part}", get(part)).with_state(sitemaps)
}

async fn index(State(sitemaps): State<Arc<Sitemaps>>, headers: HeaderMap) -> Response {
    let Some(serving) = sitemaps.current.load_full() else { return not_yet() };
    let lastmod = serving.generation.manifest.parts.iter().map(|part| part.lastmod).max().unwrap_or_default();
    let tag = etag(serving.index.as_bytes());
    let head = Head { tag: &tag, lastmod, content_type: "application/xml", length: serving.index.len() as u64 };
    head.answer(&headers, || Body::from(serving.index.clone()))
}

async fn part(State(sitemaps): State<Arc<Sitemaps>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(serving) = sitemaps.current.load_full() else { return not_yet() };
    let known = serving.generation.manifest.parts.iter().find(|part| part.name == name);
    let Some(part) = known else {
        let uri = format!("/sitemaps/{}", segment(&name)).parse().unwrap_or_default();
        return not_found(uri).await;
    };
    // The name is one of ours; what a client wrote never becomes a path.
    let opened = match tokio::fs::File::open(serving.generation.dir.join(&part.name)).await {
        Ok(file) => file.metadata().await.map(|known| (file, known.len())),
        Err(error) => Err(error),
    };
    let (file, length) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(%error, part = part.name, "a list of pages cannot be read");
            return not_yet();
        }
    };
    let tag = format!("\"{}\"", part.hash);
    let head = Head { tag: &tag, lastmod: part.lastmod, content_type: "application/gzip", length };
    head.answer(&headers, || Body::from_stream(ReaderStream::new(file)))
}

/// There is no list yet, or it cannot be read: a search engine asks again, and forgets nothing meanwhile.
fn not_yet() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::RETRY_AFTER, SOON);
    response
}

/// What an answer says before its body.
struct Head<'a> {
    tag: &'a str,
    lastmod: Timestamp,
    content_type: &'static str,
    length: u64,
}

impl Head<'_> {
    /// 304 where the asking side has just this one, else the whole.
    fn answer(&self, asked: &HeaderMap, body: impl FnOnce() -> Body) -> Response {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(self.lastmod.as_second().max(0).cast_unsigned());
        let known = self.is_known(asked, modified);
        let mut response = Response::new(if known { Body::empty() } else { body() });
        let date = HeaderValue::try_from(httpdate::fmt_http_date(modified)).expect("a date is ASCII");
        let tag = HeaderValue::try_from(self.tag).expect("a tag is hexadecimal digits in quotes");
        response.extensions_mut().insert(Whole { bytes: self.length, media_type: self.content_type });
        let fields = response.headers_mut();
        fields.insert(header::CACHE_CONTROL, KEEP);
        fields.insert(header::ETAG, tag);
        fields.insert(header::LAST_MODIFIED, date);
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(self.length));
        response
    }

    fn is_known(&self, asked: &HeaderMap, modified: SystemTime) -> bool {
        // A tag goes before a date (RFC 9110, 13.1.3).
        if asked.contains_key(header::IF_NONE_MATCH) {
            return asked.get_all(header::IF_NONE_MATCH).iter().any(|value| names_tag(value, self.tag));
        }
        let since = asked.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
        since.and_then(|since| httpdate::parse_http_date(since).ok()).is_some_and(|since| modified <= since)
    }
}

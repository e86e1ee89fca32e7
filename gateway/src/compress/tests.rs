use std::io::Read as _;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use http::Request;
use tower::ServiceExt as _;

use super::*;
use crate::pages::respond::Document;

/// What a browser of today gets for a page.
pub(crate) fn packed(plain: &[u8]) -> Bytes {
    pack(plain, Coding::Gzip).unwrap()
}

const LONG: &str = "Die Stadt ist zuständig. ";

fn text(bytes: usize) -> String {
    LONG.repeat(bytes / LONG.len() + 1)
}

async fn document(headers: HeaderMap) -> Response {
    let body = text(20_000);
    Document { content_type: "text/html; charset=utf-8", cache_control: "public, max-age=30", body }.answer(&headers)
}

fn site() -> Router {
    let with = |field: &'static str, value: &'static str| {
        get(move || async move {
            let mut response = Response::new(Body::from(text(20_000)));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
            response.headers_mut().insert(field, HeaderValue::from_static(value));
            response
        })
    };
    Router::new()
        .route("/", get(document))
        .route("/gross", get(async || ([(header::CONTENT_TYPE, "application/json")], text(300_000))))
        .route("/klein", get(async || ([(header::CONTENT_TYPE, "text/html")], "Grüße")))
        .route("/bild", with("content-type", "image/png"))
        .route("/kodiert", with("content-encoding", "gzip"))
        .route("/keks", with("set-cookie", "a=b"))
        .route("/unveraendert", with("cache-control", "no-transform"))
        .route("/teil", with("content-range", "bytes 0-1/2"))
        .route("/anbindung/x", get(document))
        .route("/senden", post(document))
        .route(
            "/strom",
            get(async || {
                let chunks = (0..100).map(|_| Ok::<_, io::Error>(Bytes::from_static(LONG.as_bytes())));
                let mut response = Response::new(Body::from_stream(futures_util::stream::iter(chunks)));
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
                response
            }),
        )
        .layer(from_fn(answers))
}

async fn ask(method: Method, path: &str, fields: &[(&'static str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    for (name, value) in fields {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let (parts, body) = site().oneshot(request).await.unwrap().into_parts();
    (parts.status, parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn a_page_comes_in_fewer_bytes_and_is_the_same() {
    for (liked, coding) in [("br", "br"), ("gzip", "gzip"), ("gzip, deflate, br", "gzip"), ("gzip;q=0, *", "br")] {
        let (status, headers, bytes) = ask(Method::GET, "/", &[("accept-encoding", liked)]).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers["content-encoding"], coding);
        assert_eq!(headers["vary"], "accept-encoding");
        assert!(bytes.len() < 1000, "{}", bytes.len());
        let mut plain = Vec::new();
        if coding == "br" {
            brotli::BrotliDecompress(&mut &*bytes, &mut plain).unwrap();
        } else {
            flate2::read::GzDecoder::new(&*bytes).read_to_end(&mut plain).unwrap();
        }
        assert_eq!(plain, text(20_000).as_bytes());
    }
    let (_, headers, bytes) = ask(Method::GET, "/gross", &[("accept-encoding", "br")]).await;
    assert_eq!(headers["content-encoding"], "br");
    assert!(bytes.len() < 3000);
}

#[tokio::test]
async fn what_must_not_or_need_not_be_compressed_goes_as_it_is() {
    for path in ["/klein", "/bild", "/keks", "/unveraendert", "/teil", "/anbindung/x", "/strom"] {
        let (_, headers, bytes) = ask(Method::GET, path, &[("accept-encoding", "gzip, br")]).await;
        assert!(!headers.contains_key("content-encoding") && !bytes.is_empty(), "{path}");
    }
    let (_, _, bytes) = ask(Method::GET, "/kodiert", &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(bytes, text(20_000).as_bytes(), "what is coded is not coded again");
    for fields in [&[][..], &[("accept-encoding", "identity")], &[("accept-encoding", "zstd")]] {
        let (_, headers, bytes) = ask(Method::GET, "/", fields).await;
        assert!(!headers.contains_key("content-encoding"));
        assert_eq!(headers["vary"], "accept-encoding", "a cache has to know that others get it otherwise");
        assert_eq!(bytes, text(20_000).as_bytes());
    }
    for credentials in [("cookie", "a=b"), ("authorization", "Bearer x")] {
        let (_, headers, _) = ask(Method::GET, "/", &[("accept-encoding", "br"), credentials]).await;
        assert!(!headers.contains_key("content-encoding"), "{credentials:?}");
    }
    let (_, headers, _) = ask(Method::POST, "/senden", &[("accept-encoding", "br")]).await;
    assert!(!headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn a_tag_is_strong_for_the_bytes_and_weak_for_what_they_say() {
    let tag = async |method: Method, fields: &[(&'static str, &str)]| {
        let (status, headers, _) = ask(method, "/", fields).await;
        (status, headers["etag"].to_str().unwrap().to_owned())
    };
    let (_, strong) = tag(Method::GET, &[]).await;
    let (_, weak) = tag(Method::GET, &[("accept-encoding", "br")]).await;
    assert_eq!(weak, format!("W/{strong}"));
    // Whatever of the two is known, nothing is sent; and the tag is that of the answer it stands for.
    for known in [&strong, &weak] {
        assert_eq!(tag(Method::GET, &[("if-none-match", known)]).await, (StatusCode::NOT_MODIFIED, strong.clone()));
        let packed = tag(Method::GET, &[("if-none-match", known), ("accept-encoding", "gzip")]).await;
        assert_eq!(packed, (StatusCode::NOT_MODIFIED, weak.clone()));
    }
    let (status, headers, bytes) = ask(Method::GET, "/", &[("if-none-match", &weak), ("accept-encoding", "br")]).await;
    assert_eq!((status, bytes.len()), (StatusCode::NOT_MODIFIED, 0));
    assert!(!headers.contains_key("content-encoding"));
    assert_eq!(headers["vary"], "accept-encoding");
}

#[tokio::test]
async fn asking_for_the_head_alone_tells_the_same() {
    let (_, got, _) = ask(Method::GET, "/", &[("accept-encoding", "br")]).await;
    let (_, headers, bytes) = ask(Method::HEAD, "/", &[("accept-encoding", "br")]).await;
    assert!(bytes.is_empty() && !headers.contains_key("content-length"));
    for name in ["etag", "content-encoding", "vary", "content-type"] {
        assert_eq!(got[name], headers[name], "{name}");
    }
}

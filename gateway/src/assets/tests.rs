use std::collections::BTreeSet;
use std::io::Read as _;

use http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;

async fn ask(path: &str, fields: &[(HeaderName, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    for (name, value) in fields {
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    let (parts, body) = router::<()>().oneshot(request).await.unwrap().into_parts();
    (parts.status, parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

fn unpacked(coding: Option<&HeaderValue>, bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding.map(HeaderValue::as_bytes) {
        None => plain.extend_from_slice(bytes),
        Some(b"gzip") => drop(flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap()),
        Some(b"br") => brotli::BrotliDecompress(&mut &*bytes, &mut plain).unwrap(),
        Some(other) => panic!("{other:?}"),
    }
    plain
}

#[test]
fn the_table_is_whole_and_every_name_tells_its_content_apart() {
    let files: BTreeSet<&str> = table::ASSETS.iter().map(|asset| asset.file).collect();
    assert_eq!(files.len(), table::ASSETS.len());
    for name in ["portalverbund.css", "suche.js", ELEMENT] {
        let asset = Asset::named(name).unwrap();
        let (stem, ext) = name.rsplit_once('.').unwrap();
        assert!(
            asset.file.starts_with(&format!("{stem}-")) && asset.file.ends_with(&format!(".{ext}")),
            "{}",
            asset.file
        );
        assert!(asset.file.len() >= name.len() + 17, "{}", asset.file);
        assert!(!asset.identity.is_empty(), "{name}");
    }
    for asset in table::ASSETS {
        assert_ne!(asset.media_type(), "application/octet-stream", "{}", asset.file);
        for (packed, coding) in [(asset.brotli, "br"), (asset.gzip, "gzip")] {
            let Some(packed) = packed else { continue };
            assert!(packed.len() < asset.identity.len(), "{}", asset.file);
            assert_eq!(unpacked(Some(&HeaderValue::from_static(coding)), packed), asset.identity, "{}", asset.file);
        }
        assert_eq!(asset.brotli.is_some() && asset.gzip.is_some(), is_made() && !asset.name.ends_with(".woff2"));
    }
}

#[tokio::test]
async fn a_file_is_kept_for_ever_and_comes_as_it_is_liked() {
    for asset in table::ASSETS {
        let path = path(asset.name);
        for liked in
            [None, Some("gzip"), Some("br"), Some("gzip, deflate, br, zstd"), Some("br;q=0.1, gzip"), Some("identity")]
        {
            let fields: Vec<_> = liked.map(|liked| (header::ACCEPT_ENCODING, liked)).into_iter().collect();
            let (status, headers, bytes) = ask(&path, &fields).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert_eq!(headers[header::CONTENT_TYPE], asset.media_type());
            assert_eq!(unpacked(headers.get(header::CONTENT_ENCODING), &bytes), asset.identity, "{path} {liked:?}");
            let packed = asset.brotli.is_some();
            assert_eq!(headers.get(header::VARY).is_some(), packed);
            let coding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned());
            let expected = match liked {
                Some("br" | "gzip, deflate, br, zstd") if packed => Some("br"),
                Some("gzip" | "br;q=0.1, gzip") if packed => Some("gzip"),
                _ => None,
            };
            assert_eq!(coding.as_deref(), expected, "{path} {liked:?}");
            // Known is what this very coding has, and nothing else.
            let tag = headers[header::ETAG].to_str().unwrap().to_owned();
            let again: Vec<_> = fields.iter().cloned().chain([(header::IF_NONE_MATCH, tag.as_str())]).collect();
            let (status, headers, bytes) = ask(&path, &again).await;
            assert_eq!((status, bytes.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
            assert_eq!(headers[header::ETAG], tag);
            if expected.is_some() {
                let (status, ..) = ask(&path, &[(header::IF_NONE_MATCH, tag.as_str())]).await;
                assert_eq!(status, StatusCode::OK, "another coding has another tag");
            }
        }
    }
}

#[tokio::test]
async fn other_names_lead_on_or_nowhere() {
    let (status, headers, _) = ask("/static/portalverbund.css", &[]).await;
    assert_eq!(status, StatusCode::FOUND);
    assert_eq!(headers[header::LOCATION].to_str().unwrap(), path("portalverbund.css"));
    // The old address had the version behind it.
    assert_eq!(ask("/static/portalverbund.css?v=0123", &[]).await.0, StatusCode::FOUND);
    for nothing in [
        "/static/portalverbund-0123.css",
        "/static/x.css",
        "/static/..%2Fbuild.rs",
        "/static/%FF",
        "/static/manifest.tsv",
    ] {
        assert_eq!(ask(nothing, &[]).await.0, StatusCode::NOT_FOUND, "{nothing}");
    }
    let (status, headers, bytes) = ask(&format!("/static/{ELEMENT}"), &[]).await;
    assert_eq!((status, bytes.as_slice()), (StatusCode::OK, Asset::named(ELEMENT).unwrap().identity));
    assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=3600");
}

#[tokio::test]
async fn pages_of_others_load_the_element_and_nothing_else() {
    for asset in table::ASSETS {
        let (_, headers, _) = ask(&path(asset.name), &[]).await;
        let open = headers.get("access-control-allow-origin").is_some()
            && headers.get("cross-origin-resource-policy").is_some();
        assert_eq!(open, asset.name == ELEMENT, "{}", asset.name);
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    let css = std::str::from_utf8(Asset::named("portalverbund.css").unwrap().identity).unwrap();
    assert!(!css.contains("@import"));
    for url in css.split("url(").skip(1) {
        let url = url.trim_start_matches(['"', '\'']);
        assert!(
            url.starts_with("data:image/svg+xml") || url.starts_with("/static/"),
            "{}",
            url.chars().take(60).collect::<String>()
        );
        if let Some(file) = url.strip_prefix("/static/") {
            let file = file.split(['"', '\'', ')']).next().unwrap();
            assert!(table::ASSETS.iter().any(|asset| asset.file == file), "{file} is asked for and not there");
        }
    }
    for name in ["suche.js", ELEMENT] {
        let script = std::str::from_utf8(Asset::named(name).unwrap().identity).unwrap();
        for word in [
            "eval(",
            "innerHTML",
            "document.write",
            "document.cookie",
            "localStorage",
            "sessionStorage",
            "https://",
            "http://",
        ] {
            assert!(!script.contains(word), "{word} in {name}");
        }
    }
}

/// The first visit and each after it, in bytes as they are sent to a browser of today.
#[tokio::test]
async fn a_visit_weighs_little() {
    const FIRST: usize = 150 * 1024;
    const AFTERWARDS: usize = 30 * 1024;
    let mut loaded = 0;
    for asset in table::ASSETS.iter().filter(|asset| asset.name != ELEMENT) {
        loaded += ask(&path(asset.name), &[(header::ACCEPT_ENCODING, "gzip, deflate, br")]).await.2.len();
    }
    for (name, html) in crate::pages::tests::all_pages() {
        let page = crate::compress::tests::packed(html.as_bytes()).len();
        assert!(page <= AFTERWARDS, "{name}: {page} bytes");
        assert!(loaded + page <= FIRST, "{name}: {loaded} and {page} bytes");
    }
}

//! What browsers load beside a page: style sheet, fonts, scripts. Embedded, compressed beforehand, named by content.
//!
//! A name with its hash is kept for ever, since another content has another name. `build.rs` makes the table out of what
//! `make design` left, or of our own style sheet and scripts alone; nothing here reads a file or asks anybody.

mod negotiate;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use axum::routing::get;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Uri};

use crate::pages::respond;

pub use negotiate::{Coding, choose};

mod table {
    use super::Asset;
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// A name that holds its hash never means anything else.
const KEEP_FOREVER: &str = "public, max-age=31536000, immutable";
/// A name that stays while the content changes: pages of others name it.
const KEEP_HOUR: &str = "public, max-age=3600";

/// The script that pages of other hosts load; it has a name that stays, too.
pub const ELEMENT: &str = "portalverbund-suche.js";

/// One embedded file.
#[derive(Debug)]
struct Asset {
    /// What templates call it: `portalverbund.css`.
    name: &'static str,
    /// The name in its address, with its hash.
    file: &'static str,
    identity: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

impl Asset {
    fn named(name: &str) -> Option<&'static Self> {
        table::ASSETS.iter().find(|asset| asset.name == name)
    }

    fn is_for_others(&self) -> bool {
        self.name == ELEMENT
    }

    fn media_type(&self) -> &'static str {
        match self.name.rsplit_once('.').map(|(_, ext)| ext) {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("woff2") => "font/woff2",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        }
    }

    /// The bytes to send to who asks so, and how they are coded.
    fn coded(&self, asked: &HeaderMap) -> (&'static [u8], Option<Coding>) {
        let packed = [(Coding::Brotli, self.brotli), (Coding::Gzip, self.gzip)];
        let offered: Vec<Coding> =
            packed.iter().filter(|(_, bytes)| bytes.is_some()).map(|(coding, _)| *coding).collect();
        let chosen = choose(asked, &offered);
        let bytes = packed.into_iter().find(|(coding, _)| Some(*coding) == chosen).and_then(|(_, bytes)| bytes);
        bytes.map_or((self.identity, None), |bytes| (bytes, chosen))
    }

    /// The file as an answer. Each coding has an entity tag of its own (RFC 9110, 8.8.3.3).
    fn answer(&self, asked: &HeaderMap, cache_control: &'static str) -> Response {
        let (bytes, coding) = self.coded(asked);
        let file = self.file;
        let tag = coding.map_or_else(|| format!("\"{file}\""), |coding| format!("\"{file}.{}\"", coding.name()));
        let known = asked.get_all(header::IF_NONE_MATCH).iter().any(|value| respond::names_tag(value, &tag));
        let mut response = Response::new(if known { Body::empty() } else { Body::from(bytes) });
        let headers = response.headers_mut();
        if !known {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type()));
            if let Some(coding) = coding {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
            }
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
        headers.insert(header::ETAG, HeaderValue::try_from(tag).expect("names of files are ASCII without quotes"));
        if self.brotli.is_some() || self.gzip.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if self.is_for_others() {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(
                HeaderName::from_static("cross-origin-resource-policy"),
                HeaderValue::from_static("cross-origin"),
            );
        }
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        response
    }
}

/// The address of a file by the name that templates call it; the name itself where there is none, which a test forbids.
pub fn path(name: &str) -> String {
    format!("/static/{}", Asset::named(name).map_or(name, |asset| asset.file))
}

/// The addresses of the fonts that every page needs.
pub fn fonts() -> impl Iterator<Item = String> {
    table::ASSETS.iter().filter(|asset| asset.name.ends_with(".woff2")).map(|asset| path(asset.name))
}

/// True when the design was made, false where our own style sheet stands alone.
pub fn is_made() -> bool {
    table::MADE
}

/// All of them, below `/static`.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/static/{file}", get(serve))
}

/// The file of this address. A name without its hash leads to the one with it, or, where pages of others name it, is the
/// file itself for a short time.
async fn serve(uri: Uri, headers: HeaderMap, file: Result<Path<String>, PathRejection>) -> Response {
    let file = file.map(|Path(file)| file).unwrap_or_default();
    if let Some(asset) = table::ASSETS.iter().find(|asset| asset.file == file) {
        return asset.answer(&headers, KEEP_FOREVER);
    }
    match Asset::named(&file) {
        Some(asset) if asset.is_for_others() => asset.answer(&headers, KEEP_HOUR),
        Some(asset) => respond::redirect(StatusCode::FOUND, &path(asset.name), KEEP_HOUR),
        None => crate::pages::nothing_here(uri.path()),
    }
}

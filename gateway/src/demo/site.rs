//! One stand-in portal: a web server on the loopback that delivers its data and shows its sample forms.
//!
//! It does what the demo needs of a portal and no more: the index protocol with entity tags, and forms that work
//! without JavaScript and keep nothing. Links carry the prefix under which the gateway shows the portal.

mod pages;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use connectors::xzufi::write::write_message;
use connectors::xzufi::{Nachrichtenkopf, Version};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::contents::{Angebot, DemoPortalFile};
use super::delivery;

/// Longest wait for the head of a request, and for an open answer when the demo ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than any of the sample forms needs.
const MAX_FORM_BYTES: usize = 64 * 1024;

/// Everything that a stand-in portal can answer with.
pub struct Site {
    portal: DemoPortalFile,
    /// What has a form.
    dienste: Vec<Angebot>,
    /// The delivery by file name, `index.txt` among them.
    files: BTreeMap<String, Published>,
}

struct Published {
    body: Bytes,
    tag: String,
}

impl Site {
    /// The portal with its delivery written out; the same contents give the same bytes.
    ///
    /// # Errors
    /// A text that XML cannot express.
    pub fn new(portal: &DemoPortalFile, angebote: &[Angebot], public_url: &Url) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut index = String::new();
        for file in delivery::files(portal, angebote, public_url) {
            let kopf = Nachrichtenkopf {
                nachricht_uuid: Some(message_uuid(&portal.agency, file.name)),
                erstellt_datum_zeit: Some(delivery::STAND.to_owned()),
                empfaenger: None,
                sender: Some(portal.name.clone()),
            };
            let mut xml = Vec::new();
            write_message(Version::V2_2, &kopf, &file.entries, &mut xml)?;
            index.push_str(file.name);
            index.push('\n');
            files.insert(file.name.to_owned(), Published::new(xml.into()));
        }
        files.insert("index.txt".to_owned(), Published::new(index.into()));
        let dienste = angebote.iter().filter(|angebot| angebot.formular.is_some()).cloned().collect();
        Ok(Self { portal: portal.clone(), dienste, files })
    }

    /// The bytes of one file of the delivery.
    pub fn file(&self, name: &str) -> Option<&Bytes> {
        self.files.get(name).map(|file| &file.body)
    }

    fn dienst(&self, leistung: &str) -> Option<&Angebot> {
        self.dienste.iter().find(|angebot| angebot.leistung.id == leistung)
    }
}

impl Published {
    fn new(body: Bytes) -> Self {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self { body, tag: format!("\"{:016x}\"", hasher.finish()) }
    }
}

/// A UUID that stays the same for the same portal and file (version 8: made by a rule of our own).
fn message_uuid(agency: &str, file: &str) -> String {
    let digest = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, agency, file).hash(&mut hasher);
        hasher.finish()
    };
    let (high, low) = (digest(0), digest(1));
    let (version, variant) = ((high & 0x0fff) | 0x8000, (low >> 48 & 0x3fff) | 0x8000);
    format!(
        "{:08x}-{:04x}-{version:04x}-{variant:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        low & 0xffff_ffff_ffff
    )
}

/// Answers on `listener` until `cancel`, every connection a task of `tracker`.
pub async fn serve(listener: TcpListener, site: Arc<Site>, cancel: CancellationToken, tracker: TaskTracker) {
    let service = TowerToHyperService::new(router(site));
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tracker.spawn(connection(stream, service.clone(), cancel.clone()));
            }
            Err(error) => {
                // Mostly too many open files: some will be closed soon.
                tracing::warn!(%error, "sample portal cannot accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, service: TowerToHyperService<Router>, cancel: CancellationToken) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    // A client that goes away is no event worth telling: the demo's own gateway tells of its side.
    tokio::select! {
        _ = served.as_mut() => return,
        () = cancel.cancelled() => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(PATIENCE, served).await;
}

fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/stil.css", get(style))
        .route("/xzufi/{file}", get(file))
        .route("/dienste/{leistung}", get(form).post(answer))
        .fallback(missing)
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .with_state(site)
}

async fn file(State(site): State<Arc<Site>>, Path(name): Path<String>, head: HeaderMap) -> Response {
    let Some(published) = site.files.get(&name) else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    let kind = if name.ends_with(".xml") { "application/xml" } else { "text/plain; charset=utf-8" };
    let fields = [(header::ETAG, published.tag.as_str()), (header::CONTENT_TYPE, kind)];
    let known = head.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    if known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == published.tag)) {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    (fields, published.body.clone()).into_response()
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], pages::STYLE).into_response()
}

async fn start(State(site): State<Arc<Site>>, head: HeaderMap) -> Response {
    page(StatusCode::OK, pages::start(&site.portal, &prefix(&head), &site.dienste))
}

async fn form(State(site): State<Arc<Site>>, Path(leistung): Path<String>, head: HeaderMap) -> Response {
    match site.dienst(&leistung) {
        Some(dienst) => page(StatusCode::OK, pages::form(&site.portal, &prefix(&head), dienst, None)),
        None => missing(State(site), head).await,
    }
}

async fn answer(State(site): State<Arc<Site>>, Path(leistung): Path<String>, head: HeaderMap, body: Bytes) -> Response {
    let Some(dienst) = site.dienst(&leistung) else {
        return missing(State(site), head).await;
    };
    let sent: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let complete = pages::complete(dienst, &sent);
    let prefix = prefix(&head);
    if complete {
        page(StatusCode::OK, pages::received(&site.portal, &prefix, dienst, &sent))
    } else {
        page(StatusCode::UNPROCESSABLE_ENTITY, pages::form(&site.portal, &prefix, dienst, Some(&sent)))
    }
}

async fn missing(State(site): State<Arc<Site>>, head: HeaderMap) -> Response {
    page(StatusCode::NOT_FOUND, pages::missing(&site.portal, &prefix(&head)))
}

/// Where the gateway shows this portal, as it says in `X-Forwarded-Prefix`; empty when asked directly.
///
/// Only what can be a path prefix is believed: the value ends up in links.
fn prefix(head: &HeaderMap) -> String {
    let told = head.get("x-forwarded-prefix").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let plain = told.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
    let usable = plain && told.len() <= 200 && told.starts_with('/') && !told.contains("//") && !told.contains("..");
    if usable { told.trim_end_matches('/').to_owned() } else { String::new() }
}

fn page(status: StatusCode, html: Result<String, askama::Error>) -> Response {
    const POLICY: &str =
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let html = match html {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "sample page cannot be rendered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, fields, html).into_response()
}

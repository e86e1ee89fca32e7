//! `/pruefen`: give the address of a page, or the page itself, and see what we read from it.
//!
//! A page is fetched as a run would fetch it: only where egress lets us, only what robots.txt allows, in the pace of its
//! host. Nothing of it is kept, and neither address nor page is logged.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, State};
use axum::response::{IntoResponse, Response};
use connectors::finding::{Finding, Severity};
use connectors::registration::Portal;
use connectors::web::graph::{Item, SCHEMA, Value};
use connectors::web::{self, Head, Page as Read};
use connectors::xzufi::codes;
use http::{HeaderMap, StatusCode};
use indexer::record::{Lang, ModulArt, Texts, in_lang};
use indexer::run::{Previewed, preview};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{MAX_BODY_BYTES, Web};
use crate::pages::sprache::Sprache;
use crate::pages::templates::{self, Page};
use crate::pages::view::{self, Part};
use crate::pages::{KEEP_HOUR, KEEP_NOT, html};
use crate::registry::Fehler;
use crate::registry::{Denied, same_origin};
use crate::server::{Sender, network};

/// Items and values of one page that are shown.
const SHOWN_ITEMS: usize = 100;
const SHOWN_VALUES: usize = 20;
/// Characters of one value that are shown.
const SHOWN_CHARS: usize = 300;

/// What somebody wants to have checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    url: String,
    html: String,
}

#[derive(Template)]
#[template(path = "pruefen.html")]
struct View<'a> {
    page: &'a Page,
    asked: &'a Asked,
    fehler: Vec<Fehler>,
    ergebnis: Option<Ergebnis>,
}

impl View<'_> {
    /// What is wrong with a field.
    fn fehler_an(&self, feld: &str) -> Option<&str> {
        self.fehler.iter().find(|fehler| fehler.feld == feld).map(|fehler| fehler.text.as_ref())
    }
}

/// What was read.
struct Ergebnis {
    /// The address that gave it; none for a page that was pasted.
    adresse: Option<String>,
    /// In how many words the page was understood.
    befund: String,
    kodierung: &'static str,
    kanonisch: Option<String>,
    /// For whom it was read: a registered portal, or nobody yet.
    portal: Option<String>,
    leistungen: Vec<Leistung>,
    hinweise: Vec<Hinweis>,
    elemente: Vec<Element>,
    weitere_elemente: usize,
}

/// One Leistung as citizens would see it.
struct Leistung {
    name: String,
    schluessel: String,
    gebiete: String,
    stichwoerter: String,
    teile: Vec<(&'static str, Part)>,
    stellen: Vec<view::Stelle>,
    dienste: Vec<(String, String)>,
}

struct Hinweis {
    schwere: &'static str,
    satz: String,
}

/// One item as it was read.
struct Element {
    titel: String,
    kennung: String,
    syntax: &'static str,
    werte: Vec<(String, Vec<String>)>,
}

/// Asks what is to be checked.
pub(super) async fn ask(headers: HeaderMap) -> Response {
    let page = Page::new("Seite prüfen", None);
    let view = View { page: &page, asked: &Asked::default(), fehler: Vec::new(), ergebnis: None };
    html(&headers, KEEP_HOUR, templates::render(&view))
}

/// Checks it.
pub(super) async fn check(
    State(web): State<Web>,
    sender: Option<Extension<Sender>>,
    headers: HeaderMap,
    form: Result<Form<Asked>, FormRejection>,
) -> Result<Response, Denied> {
    same_origin(&headers, &web.desk.site.public_url)?;
    let (asked, read) = match form {
        Err(rejection) => {
            let text = "Das ist zu lang. Bitte fügen Sie höchstens 1 MiB ein.".to_owned();
            let status = rejection.status();
            (Asked::default(), Err((status, Fehler::new("html", text))))
        }
        Ok(Form(asked)) => {
            let client = sender.map_or_else(String::new, |sender| network(sender.0.0.to_canonical()).to_string());
            let read = web.read(&asked, &client).await;
            (asked, read)
        }
    };
    let (status, fehler, ergebnis) = match read {
        Ok(ergebnis) => (StatusCode::OK, Vec::new(), Some(ergebnis)),
        Err((status, fehler)) => (status, vec![fehler], None),
    };
    let title = if fehler.is_empty() { "Ergebnis der Prüfung" } else { "Fehler: Bitte prüfen Sie Ihre Eingabe" };
    let page = Page::new(title, None);
    let view = View { page: &page, asked: &asked, fehler, ergebnis };
    let mut response = html(&HeaderMap::new(), KEEP_NOT, templates::render(&view));
    *response.status_mut() = status;
    Ok(response.into_response())
}

impl Web {
    async fn read(&self, asked: &Asked, client: &str) -> Result<Ergebnis, (StatusCode, Fehler)> {
        let wrong = |feld, text: &str| (StatusCode::BAD_REQUEST, Fehler::new(feld, text.to_owned()));
        let typed = asked.url.trim();
        if !asked.html.trim().is_empty() {
            if asked.html.len() > MAX_BODY_BYTES {
                return Err(wrong("html", "Das ist zu lang. Bitte fügen Sie höchstens 1 MiB ein."));
            }
            let url = Url::parse(typed).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            let url = url.unwrap_or_else(|| self.desk.site.public_url.clone());
            // What a form sends is text already, whatever the page says of its bytes.
            let head = Head { content_type: Some("text/html; charset=utf-8".to_owned()), robots_tag: None };
            let html = asked.html.clone().into_bytes();
            return Ok(self.understand(html, url, head, false).await);
        }
        if typed.is_empty() {
            return Err(wrong("url", "Bitte geben Sie die Adresse einer Seite an, oder fügen Sie die Seite ein."));
        }
        let full = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
        let Ok(url) = Url::parse(&full) else {
            let text = "Das ist keine Adresse. Erwartet wird zum Beispiel https://www.stadt.example/leistungen/pass.";
            return Err(wrong("url", text));
        };
        let busy = || {
            let text = "Zurzeit werden zu viele Seiten geprüft. Bitte versuchen Sie es in einer Minute noch einmal.";
            (StatusCode::TOO_MANY_REQUESTS, Fehler::new("url", text.to_owned()))
        };
        let bounds = &self.bounds;
        if !bounds.looks.take(client) || !bounds.all_looks.take("") {
            return Err(busy());
        }
        let Ok(_place) = bounds.at_once.try_acquire() else { return Err(busy()) };
        match self.desk.fetcher.look(&url).await {
            Ok(looked) => Ok(self.understand(looked.bytes, looked.url, looked.head, true).await),
            Err(findings) => {
                let reasons: Vec<_> = findings.iter().map(Finding::sentence).collect();
                Err(wrong("url", &format!("Die Seite konnte nicht gelesen werden. {}", reasons.join(" "))))
            }
        }
    }

    async fn understand(&self, bytes: Vec<u8>, url: Url, head: Head, fetched: bool) -> Ergebnis {
        let portals = self.desk.portals.load_full();
        let owner = portals.iter().find(|portal| {
            portal.connector.url().is_some_and(|own| own.host() == url.host()) || names_host(portal, &url)
        });
        let portal = owner.cloned();
        let reading = tokio::task::spawn_blocking(move || {
            let read = web::read_page(&bytes, &url, &head);
            let stranger = portal.is_none().then(|| stranger(&url)).flatten();
            let previewed = match portal.as_ref().or(stranger.as_ref()) {
                Some(portal) => preview(portal, url.as_str(), &read.descriptions),
                None => (Vec::new(), Vec::new()),
            };
            Ergebnis::of(&url, fetched, portal.as_ref(), &read, previewed)
        });
        match reading.await {
            Ok(ergebnis) => ergebnis,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Only a runtime that is shutting down cancels blocking work, and then nobody waits for it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

/// True when the portal registered the host of `url` by its name.
fn names_host(portal: &Portal, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    portal.hosts.iter().any(|pattern| String::from(pattern.clone()) == host)
}

/// A portal of the whole Land at the host of `url`: for whom a page is read that belongs to no portal yet.
fn stranger(url: &Url) -> Option<Portal> {
    let host = url.host_str()?.to_owned();
    let text =
        json!({"id": "pruefung", "name": "Prüfung", "gebiet": "05", "hosts": [host], "connector": {"kind": "push"}});
    serde_json::from_value(text).ok()
}

impl Ergebnis {
    fn of(
        url: &Url,
        fetched: bool,
        portal: Option<&Portal>,
        read: &Read,
        (previewed, findings): (Vec<Previewed>, Vec<Finding>),
    ) -> Self {
        let syntaxes: Vec<_> = read.syntaxes().iter().map(|syntax| syntax.name()).collect();
        let befund = match (read.descriptions.len(), syntaxes.is_empty()) {
            (0, true) => "Auf der Seite steht nichts in RDFa, Microdata oder JSON-LD.".to_owned(),
            (0, false) => {
                format!("Die Seite enthält {}, aber keine Leistung, die übernommen würde.", syntaxes.join(", "))
            }
            (1, _) => format!("Die Seite beschreibt eine Leistung ({}).", syntaxes.join(", ")),
            (many, _) => format!("Die Seite beschreibt {many} Leistungen ({}).", syntaxes.join(", ")),
        };
        let hinweis = |finding: &Finding| Hinweis {
            schwere: match finding.severity {
                Severity::Warning => "Hinweis",
                Severity::Business | Severity::Technical => "Fehler",
            },
            satz: finding.sentence(),
        };
        let items = read.graph.items();
        Self {
            adresse: fetched.then(|| url.to_string()),
            befund,
            kodierung: read.encoding,
            kanonisch: read.canonical.as_ref().filter(|canonical| *canonical != url).map(Url::to_string),
            portal: portal.map(|portal| portal.name.clone()),
            leistungen: previewed.iter().filter_map(Leistung::of).collect(),
            hinweise: read.findings.iter().chain(&findings).map(hinweis).collect(),
            elemente: items.iter().take(SHOWN_ITEMS).map(Element::of).collect(),
            weitere_elemente: items.len().saturating_sub(SHOWN_ITEMS),
        }
    }
}

impl Leistung {
    fn of(previewed: &Previewed) -> Option<Self> {
        let leistung = previewed.leistung.as_ref()?;
        let teile = leistung.modules.iter().filter_map(|modul| {
            let heading = match &modul.art {
                ModulArt::Text(code) => codes::textmodul_name(code)?,
                ModulArt::Frist => "Frist",
                ModulArt::Kosten => "Kosten",
                ModulArt::Bearbeitungsdauer => "Bearbeitungsdauer",
                _ => return None,
            };
            Some((heading, Part::of(&modul.text, Sprache::Deutsch)?))
        });
        let dienst = |dienst: &indexer::record::Onlinedienst| {
            let link = dienst.links.first()?;
            Some((german(&dienst.name).unwrap_or_else(|| link.written.clone()), link.url.to_string()))
        };
        let words = leistung.keywords.values().flatten().cloned();
        Some(Self {
            name: german(&leistung.title).unwrap_or_else(|| "ohne Bezeichnung".to_owned()),
            schluessel: joined(leistung.schluessel.iter().map(ToString::to_string)),
            gebiete: joined(leistung.gebiete.iter().map(ToString::to_string)),
            stichwoerter: words.collect::<Vec<_>>().join(", "),
            teile: teile.collect(),
            stellen: previewed.stellen.iter().map(|one| view::Stelle::of_record(one, Sprache::Deutsch)).collect(),
            dienste: previewed.onlinedienste.iter().filter_map(dienst).collect(),
        })
    }
}

/// The German text, else another.
fn german(texts: &Texts) -> Option<String> {
    in_lang(texts, Lang::DE).map(|(_, text)| text.clone())
}

fn joined(values: impl Iterator<Item = String>) -> String {
    let text = values.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "keiner".to_owned() } else { text }
}

impl Element {
    fn of(item: &Item) -> Self {
        let titel = item.types.iter().map(|of| short(of)).collect::<Vec<_>>().join(", ");
        let value = |value: &Value| match value {
            Value::Text { text, lang: Some(lang) } => format!("{} ({lang})", cut(text)),
            Value::Text { text, lang: None } => cut(text),
            Value::Link(link) => format!("→ {}", cut(link)),
        };
        let werte = item.properties.iter().map(|(name, values)| {
            let mut shown: Vec<_> = values.iter().take(SHOWN_VALUES).map(value).collect();
            if values.len() > SHOWN_VALUES {
                shown.push(format!("… und {} weitere", values.len() - SHOWN_VALUES));
            }
            (short(name), shown)
        });
        Self {
            titel: if titel.is_empty() { "ohne Typ".to_owned() } else { titel },
            kennung: cut(&item.id),
            syntax: item.syntax.name(),
            werte: werte.collect(),
        }
    }
}

/// The name without the address of schema.org.
fn short(iri: &str) -> String {
    cut(iri.strip_prefix(SCHEMA).unwrap_or(iri))
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

//! The form for those without a system: asks only for what differs here, on top of the text that is there.
//!
//! Where another portal describes a Leistung, what is said here is an overlay of that description; where nobody does, it
//! is a Leistung of its own. Each state that was saved is kept with the number of its delivery, so that taking the
//! delivery back brings the state before it back into the form.

mod eingabe;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use connectors::beschreibung::Leistungsbeschreibung;
use connectors::ids::{Identifikator, Leistungsschluessel};
use connectors::leika::Leika;
use connectors::registration::Portal;
use http::StatusCode;
use http::header::HeaderMap;
use indexer::catalog::{Catalog, CatalogError, LeistungRef, LeistungView, SearchRequest};
use indexer::record::{Lang, ModulArt, in_lang};
use indexer::run::Format;
use serde_json::json;

use self::eingabe::{Eingabe, FELDER, TEXTE};
use super::deliver::{self, IntakeError, Order};
use super::lieferungen::sentences;
use super::spool::Received;
use super::wire::ImportAnswer;
use crate::api::params::Params;
use crate::pages::respond::redirect;
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_NOT, html, words};
use crate::registry::Fehler;
use crate::registry::{Denied, Desk, Form, Paths, Right, Who};

/// Leistungen in the choice.
const CHOICE: usize = 20;

pub(super) fn pages() -> Paths {
    Paths::new()
        .get("/anbindung/{portal}/formular", choose)
        .get("/anbindung/{portal}/formular/{schluessel}", show)
        .post("/anbindung/{portal}/formular/{schluessel}", take)
}

/// A Leistung that can be chosen.
struct Wahl {
    schluessel: String,
    name: String,
}

#[derive(Template)]
#[template(path = "anbindung/formular.html")]
struct Auswahl<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: &'a Portal,
    suche: String,
    treffer: Vec<Wahl>,
    eigene: Vec<Wahl>,
}

async fn choose(
    State(desk): State<Desk>,
    who: Who,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Deliver, &id)?;
    let params = Params::tolerant(query.as_deref(), &["suche"]).map_err(|_| Denied::Unreadable)?;
    let suche = params.text("suche").map_err(|_| Denied::Unreadable)?.unwrap_or_default();
    let treffer = if suche.is_empty() { Vec::new() } else { found(&desk, &portal, &suche).await };
    let own = desk.registry.descriptions(&portal.id).await?;
    let eigene = own.iter().filter_map(|(id, body)| {
        let said: Leistungsbeschreibung = serde_json::from_str(body).ok()?;
        let key = key_of(id)?;
        let name = said.bezeichnung.first().map(str::to_owned).unwrap_or_else(|| name_of(key));
        Some(Wahl { schluessel: key.to_string(), name })
    });
    let page = Page::new(&format!("Leistung beschreiben – {}", portal.name), None);
    let eigene = eigene.collect();
    let view = Auswahl { page: &page, who: &who, portal: &portal, suche, treffer, eigene };
    Ok(html(&headers, KEEP_NOT, templates::render(&view)))
}

/// What the search finds at the place, then what is called so in the LeiKa and nobody describes.
async fn found(desk: &Desk, portal: &Portal, suche: &str) -> Vec<Wahl> {
    let request = SearchRequest {
        text: suche.to_owned(),
        place: Some(portal.gebiet),
        lang: Some(Lang::DE),
        limit: CHOICE,
        ..SearchRequest::default()
    };
    let mut found: Vec<Wahl> = Vec::new();
    match desk.site.catalog.search(&request).await {
        Ok(answer) => {
            for hit in &answer.hits {
                if let Some(key) = hit.leistung.schluessel.first() {
                    found.push(Wahl { schluessel: key.to_string(), name: hit.leistung.name.clone() });
                }
            }
        }
        Err(error) => tracing::error!(%error, "the catalog cannot answer the form"),
    }
    let words: Vec<String> = suche.split_whitespace().map(str::to_lowercase).collect();
    for entry in Leika::built_in().all() {
        let name = entry.name.to_lowercase();
        let key = entry.schluessel.to_string();
        if found.len() < 2 * CHOICE
            && words.iter().all(|word| name.contains(word))
            && !found.iter().any(|one| one.schluessel == key)
        {
            found.push(Wahl { schluessel: key, name: entry.name.to_owned() });
        }
    }
    found
}

fn own_id(key: Leistungsschluessel) -> String {
    format!("formular-{key}")
}

fn key_of(id: &str) -> Option<Leistungsschluessel> {
    id.strip_prefix("formular-")?.parse().ok()
}

fn name_of(key: Leistungsschluessel) -> String {
    Leika::built_in().names(key).first().map_or_else(|| key.to_string(), |name| (*name).to_owned())
}

/// A Leistung as the form knows it.
struct Leistung {
    key: Leistungsschluessel,
    name: String,
    /// What another portal says of it; what was said here lies in it already, as local.
    stamm: Option<LeistungView>,
    /// What was said here.
    gesagt: Option<Leistungsbeschreibung>,
}

/// What citizens of the portal's place read of another portal, without what is said there on top of it.
async fn stamm_of(
    catalog: &Catalog,
    key: Leistungsschluessel,
    portal: &Portal,
) -> Result<Option<LeistungView>, CatalogError> {
    let there = catalog.leistung(&LeistungRef::Schluessel(key), Some(portal.gebiet), Lang::DE).await?;
    match there.filter(|there| there.short.portal != portal.id) {
        Some(there) => catalog.leistung(&LeistungRef::Id(there.id.to_string()), None, Lang::DE).await,
        None => Ok(None),
    }
}

async fn leistung(desk: &Desk, portal: &Portal, text: &str) -> Result<Leistung, Denied> {
    let key: Leistungsschluessel = text.parse().map_err(|_| Denied::NoSuch)?;
    let view = stamm_of(&desk.site.catalog, key, portal).await;
    let stamm = match view {
        Ok(view) => view,
        Err(error) => {
            tracing::error!(%error, "the catalog cannot say what is there already");
            None
        }
    };
    let kept = desk.registry.description(&portal.id, &own_id(key)).await?;
    let gesagt = kept.as_deref().and_then(|body| serde_json::from_str(body).ok());
    let name = stamm.as_ref().map_or_else(|| name_of(key), |view| view.short.name.clone());
    Ok(Leistung { key, name, stamm, gesagt })
}

/// One text, as it is there and as it is said here.
struct Textfeld {
    feld: &'static str,
    name: &'static str,
    /// The text that is there, as HTML of the ten tag groups; whose it is stands above.
    stamm: Option<String>,
    wert: String,
    ersetzt: bool,
}

/// One field.
struct Feld {
    feld: &'static str,
    name: &'static str,
    wert: String,
    fehler: Option<String>,
    mehrzeilig: bool,
}

/// One part of the preview.
struct Abschnitt {
    heading: &'static str,
    /// HTML of the ten tag groups.
    teile: Vec<String>,
}

#[derive(Template)]
#[template(path = "anbindung/formular-leistung.html")]
struct Seite<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: &'a Portal,
    schluessel: String,
    name: &'a str,
    /// Whose text is there.
    quelle: Option<&'a str>,
    felder: Vec<Feld>,
    texte: Vec<Textfeld>,
    fehler: &'a [Fehler],
    befunde: Vec<String>,
    vorschau: Option<Vec<Abschnitt>>,
    stelle: Vec<String>,
    gespeichert: bool,
}

/// What is shown beside the fields.
#[derive(Default)]
struct Dazu {
    fehler: Vec<Fehler>,
    befunde: Vec<String>,
    vorschau: bool,
}

fn page(
    headers: &HeaderMap,
    who: &Who,
    portal: &Portal,
    leistung: &Leistung,
    eingabe: &Eingabe,
    dazu: &Dazu,
) -> Response {
    let title = if dazu.fehler.is_empty() { leistung.name.clone() } else { format!("Fehler: {}", leistung.name) };
    let page = Page::new(&format!("{title} – {}", portal.name), None);
    let felder = FELDER.iter().map(|(feld, name)| Feld {
        feld,
        name,
        wert: eingabe.get(feld).to_owned(),
        fehler: dazu.fehler.iter().find(|one| one.feld == *feld).map(|one| one.text.clone().into_owned()),
        mehrzeilig: *feld == "oeffnungszeiten",
    });
    let texte = TEXTE.iter().map(|(feld, modul)| Textfeld {
        feld,
        name: modul.name(),
        stamm: stamm_text(leistung, *modul),
        wert: eingabe.get(feld).to_owned(),
        ersetzt: eingabe.replaces(feld),
    });
    let view = Seite {
        page: &page,
        who,
        portal,
        schluessel: leistung.key.to_string(),
        name: &leistung.name,
        quelle: leistung.stamm.as_ref().map(|view| view.short.portal_name.as_str()),
        felder: felder.collect(),
        texte: texte.collect(),
        fehler: &dazu.fehler,
        befunde: dazu.befunde.clone(),
        vorschau: dazu.vorschau.then(|| preview(leistung, eingabe)),
        stelle: if dazu.vorschau { eingabe.office() } else { Vec::new() },
        gespeichert: leistung.gesagt.is_some(),
    };
    let mut response = html(headers, KEEP_NOT, templates::render(&view));
    if !dazu.fehler.is_empty() || !dazu.befunde.is_empty() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

fn art_of(modul: connectors::beschreibung::Modul) -> ModulArt {
    use connectors::beschreibung::Modul;
    match (modul, modul.code()) {
        (_, Some(code)) => ModulArt::Text(code.to_owned()),
        (Modul::Kosten, _) => ModulArt::Kosten,
        (Modul::Frist, _) => ModulArt::Frist,
        _ => ModulArt::Bearbeitungsdauer,
    }
}

/// The text of another portal: its facts, and what it says in German.
fn stamm_text(leistung: &Leistung, modul: connectors::beschreibung::Modul) -> Option<String> {
    let art = art_of(modul);
    let modules = &leistung.stamm.as_ref()?.modules;
    let texts = modules.iter().filter(|one| one.modul.art == art).map(|one| {
        let facts =
            one.modul.facts.iter().map(|fact| format!("<p>{}</p>", connectors::beschreibung::tabelle::as_html(fact)));
        let text = in_lang(&one.modul.text, Lang::DE).map(|(_, html)| html.as_str().to_owned());
        facts.chain(text).collect::<String>()
    });
    Some(texts.collect::<String>()).filter(|text| !text.is_empty())
}

/// The texts as citizens see them, in the order of their page.
fn preview(leistung: &Leistung, eingabe: &Eingabe) -> Vec<Abschnitt> {
    let mut parts: Vec<(u8, Abschnitt)> = Vec::new();
    for (feld, modul) in TEXTE {
        let there = stamm_text(leistung, *modul).filter(|_| !eingabe.replaces(feld));
        let here = Some(eingabe.html(feld)).filter(|html| !html.is_empty());
        let teile: Vec<String> = there.into_iter().chain(here).collect();
        if !teile.is_empty() {
            let order = words::section(&art_of(*modul)).map_or(u8::MAX, |section| section.order);
            parts.push((order, Abschnitt { heading: modul.name(), teile }));
        }
    }
    parts.sort_by_key(|(order, _)| *order);
    parts.into_iter().map(|(_, part)| part).collect()
}

async fn show(
    State(desk): State<Desk>,
    who: Who,
    Path((id, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Deliver, &id)?;
    let leistung = leistung(&desk, &portal, &key).await?;
    let eingabe = leistung.gesagt.as_ref().map(Eingabe::of).unwrap_or_default();
    Ok(page(&headers, &who, &portal, &leistung, &eingabe, &Dazu::default()))
}

async fn take(
    State(desk): State<Desk>,
    who: Who,
    Path((id, key)): Path<(String, String)>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Denied> {
    let portal = desk.portal(&who, Right::Deliver, &id)?;
    let leistung = leistung(&desk, &portal, &key).await?;
    let eingabe = Eingabe::sent(fields);
    let does = eingabe.get("tun").to_owned();
    if does == "zuruecknehmen" {
        let line = json!({"loesche": {"id": own_id(leistung.key)}}).to_string();
        return match deliver(&desk, &who, &portal, &leistung, &line, None, false).await {
            Ok(answer) => Ok(to_answer(&portal, &answer)),
            Err(error) => Ok(page(&headers, &who, &portal, &leistung, &eingabe, &Dazu::failed(&error))),
        };
    }
    let fehler = eingabe.check();
    if !fehler.is_empty() {
        return Ok(page(&headers, &who, &portal, &leistung, &eingabe, &Dazu { fehler, ..Dazu::default() }));
    }
    let said = eingabe.described(own_id(leistung.key), leistung.key, &leistung.name, stamm_id(&leistung), &portal);
    let line = serde_json::to_string(&said).expect("a description is made of plain values");
    let trial = does != "speichern";
    match deliver(&desk, &who, &portal, &leistung, &line, Some(&line), trial).await {
        Ok(answer) => {
            let quarantined = answer.records.iter().any(|record| record.verdict == "quarantined");
            if !trial && !quarantined && answer.outcome == "applied" {
                return Ok(to_answer(&portal, &answer));
            }
            let mut befunde = sentences(&answer.findings);
            let faulty = answer.records.iter().flat_map(|record| sentences(&record.findings));
            befunde.extend(faulty.filter(|_| quarantined));
            let dazu = Dazu { befunde, vorschau: !quarantined, ..Dazu::default() };
            Ok(page(&headers, &who, &portal, &leistung, &eingabe, &dazu))
        }
        Err(error) => Ok(page(&headers, &who, &portal, &leistung, &eingabe, &Dazu::failed(&error))),
    }
}

impl Dazu {
    fn failed(error: &IntakeError) -> Self {
        Self { befunde: vec![error.sentence()], ..Self::default() }
    }
}

fn to_answer(portal: &Portal, answer: &ImportAnswer) -> Response {
    let target = format!("/anbindung/{}/lieferungen/{}", portal.id, answer.import);
    redirect(StatusCode::SEE_OTHER, &target, KEEP_NOT)
}

/// The description that another portal gives, by the key of its record.
fn stamm_id(leistung: &Leistung) -> Option<Identifikator> {
    leistung.stamm.as_ref().map(|view| view.id.clone())
}

/// Takes one line, and keeps what it says for the form; none where it takes the description away.
async fn deliver(
    desk: &Desk,
    who: &Who,
    portal: &Portal,
    leistung: &Leistung,
    line: &str,
    body: Option<&str>,
    dry_run: bool,
) -> Result<ImportAnswer, IntakeError> {
    let received = Received::of_bytes(&super::folder(desk), line.to_owned()).await?;
    let (portal_there, way) = (portal.clone(), "form");
    let order =
        Order { portal: portal_there, way, format: Format::Ndjson, whole: false, dry_run, release: false, key: None };
    let answered = deliver::deliver(desk, who, order, received).await?;
    let answer: ImportAnswer = serde_json::from_str(&answered.json).map_err(|_| IntakeError::Lost)?;
    let taken = !answer.records.iter().any(|record| record.verdict == "quarantined");
    if answer.outcome == "applied" && taken {
        let mut tx = desk.registry.begin().await?;
        tx.keep_description(&portal.id, &own_id(leistung.key), answer.import, who, body).await?;
        tx.commit().await?;
    }
    Ok(answer)
}

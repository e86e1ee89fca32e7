//! The report as a page, `/bericht/{ars}`, with its table `/bericht/{ars}.csv`; `/bericht` asks for the place.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use connectors::gebiet::Ars;
use http::header::HeaderValue;
use http::{HeaderMap, HeaderName, StatusCode};
use indexer::catalog::PlaceReading;
use indexer::catalog::report::{Coverage, Entry, Gap, Report};

use super::{all, csv, most_helpful, percent, words};
use crate::api::params::Params;
use crate::pages::respond::{Document, redirect};
use crate::pages::templates::{self, Page};
use crate::pages::words::{date, grouped};
use crate::pages::{KEEP_NOT, KEEP_PAGE, PageError, Site, address, html, unknown_place, view};

/// Leistungen on one page.
const PER_PAGE: usize = 100;
/// Pages at most; far more than the Leistungen that there are.
const PAGES_MAX: usize = 1_000;

/// `/bericht`: asks for a place and leads to its report.
pub(crate) async fn choose(
    State(site): State<Site>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let typed = Params::tolerant(query.as_deref(), &["ort"])?.text("ort")?.unwrap_or_default();
    let target = |ars: Ars| format!("/bericht/{ars}");
    let (places, error) = match site.catalog.place(&typed) {
        _ if typed.is_empty() => (Vec::new(), None),
        PlaceReading::One(place) => return Ok(redirect(StatusCode::SEE_OTHER, &target(place.ars), KEEP_NOT)),
        PlaceReading::Several(places) => (places, None),
        PlaceReading::Unknown => (Vec::new(), Some(unknown_place(&typed))),
    };
    let page = Page::new("Prüfbericht", None);
    let places = places.iter().map(|place| view::Ort::of(place, target(place.ars))).collect();
    Ok(html(&headers, KEEP_PAGE, templates::render(&Choice { page: &page, typed, places, error })))
}

/// `/bericht/{ars}` and `/bericht/{ars}.csv`; `alle` instead of an ARS for all towns.
pub(crate) async fn show(
    State(site): State<Site>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let Path(name) = path?;
    let (name, as_table) = name.strip_suffix(".csv").map_or((name.as_str(), false), |name| (name, true));
    if name == "alle" {
        let everywhere = site.reports.everywhere(&site.catalog).await?;
        let answer = if as_table { all::table } else { all::page };
        return Ok(answer(&everywhere, &headers));
    }
    let ars: Ars = name.parse().map_err(|_| PageError::NotFound)?;
    let params = Params::tolerant(query.as_deref(), &["seite"])?;
    let at = params.number("seite", 1, PAGES_MAX)?.unwrap_or(1);
    let report = site.reports.of(&site.catalog, ars).await?.ok_or(PageError::NotFound)?;
    if as_table {
        return Ok(table(&report, &headers));
    }
    let page = Page::new(&format!("Prüfbericht {}", report.place.name), None);
    Ok(html(&headers, KEEP_PAGE, templates::render(&View::of(&page, &report, at))))
}

fn table(report: &Report, asked: &HeaderMap) -> Response {
    let content_type = "text/csv; charset=utf-8; header=present";
    let mut response = Document { content_type, cache_control: KEEP_PAGE, body: csv(report) }.answer(asked);
    let name = format!("attachment; filename=\"pruefbericht-{}.csv\"", report.place.ars);
    if let Ok(name) = HeaderValue::try_from(name) {
        response.headers_mut().insert(HeaderName::from_static("content-disposition"), name);
    }
    response.into_response()
}

#[derive(Template)]
#[template(path = "bericht-ort.html")]
struct Choice<'a> {
    page: &'a Page,
    typed: String,
    places: Vec<view::Ort>,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "bericht.html")]
struct View<'a> {
    page: &'a Page,
    ort: String,
    ars: String,
    /// How the last deliveries of its portals went.
    lieferungen: Vec<String>,
    abdeckung: Vec<Abdeckung>,
    zuerst: Vec<Zeile>,
    zeilen: Vec<Zeile>,
    gesamt: String,
    seite: usize,
    seiten: usize,
}

/// One row of the table of coverage: a state, and how many Leistungen have it, of both sets.
struct Abdeckung {
    name: &'static str,
    werte: [String; 2],
}

/// One Leistung.
struct Zeile {
    name: String,
    href: Option<String>,
    schluessel: String,
    text: String,
    stelle: String,
    online: String,
    maengel: Vec<Mangel>,
    portale: String,
    /// The five questions with their answers.
    pruefungen: Vec<(&'static str, &'static str)>,
}

/// One gap.
struct Mangel {
    text: String,
    hilfe: &'static str,
}

impl<'a> View<'a> {
    fn of(page: &'a Page, report: &Report, at: usize) -> Self {
        let seiten = report.entries.len().div_ceil(PER_PAGE).max(1);
        let seite = at.min(seiten);
        let rows = report.entries.iter().skip((seite - 1) * PER_PAGE).take(PER_PAGE);
        let line = |entry: &Entry| Zeile::of(entry, report.place.ars);
        Self {
            page,
            ort: view::place_name(&report.place),
            ars: report.place.ars.to_string(),
            lieferungen: report.portals.iter().map(words::delivery).collect(),
            abdeckung: coverage(&report.described, &report.catalogue),
            zuerst: most_helpful(report).map(line).collect(),
            zeilen: rows.map(line).collect(),
            gesamt: grouped(report.entries.len()),
            seite,
            seiten,
        }
    }
}

fn coverage(described: &Coverage, catalogue: &Coverage) -> Vec<Abdeckung> {
    type Count = fn(&Coverage) -> usize;
    let rows: [(&'static str, Count); 6] = [
        ("Leistungen", |of| of.keys),
        ("mit Text", |of| of.text),
        ("davon mit eigenem Text", |of| of.own_text),
        ("mit genau einer zuständigen Stelle", |of| of.stelle),
        ("mit Onlinedienst, zu dem wir leiten", |of| of.onlinedienst),
        ("mit Text und genau einer Stelle", |of| of.complete),
    ];
    let shown = |count: Count, of: &Coverage| {
        let share = format!("{:.1}", percent(count(of), of)).replace('.', ",");
        format!("{} ({share} %)", grouped(count(of)))
    };
    let row = |(name, count): (&'static str, Count)| Abdeckung {
        name,
        werte: [described, catalogue].map(|of| shown(count, of)),
    };
    rows.into_iter().map(row).collect()
}

impl Zeile {
    fn of(entry: &Entry, ars: Ars) -> Self {
        let text = entry.text.as_ref();
        let href = text.map(|text| address::leistung(&text.leistung, Some(&ars)));
        let joined = |names: Vec<&str>| if names.is_empty() { "–".to_owned() } else { names.join(", ") };
        let online = entry.onlinedienste.iter().map(|one| one.name.as_str()).collect();
        let mangel = |gap: &Gap| Mangel { text: words::sentence(gap), hilfe: words::mend(gap) };
        Self {
            name: entry.name.clone(),
            href,
            schluessel: entry.schluessel.map_or_else(|| "–".to_owned(), |key| key.to_string()),
            text: text.map_or_else(
                || "–".to_owned(),
                |text| {
                    let whose = if text.own { "eigener Text" } else { "übernommen" };
                    let changed = text.leistung.changed.map(|at| format!(", Stand {}", date(at))).unwrap_or_default();
                    format!("{whose}: {}{changed}", text.leistung.portal_name)
                },
            ),
            stelle: joined(entry.stellen.iter().map(|stelle| stelle.name.as_str()).collect()),
            online: joined(online),
            maengel: entry.gaps.iter().map(mangel).collect(),
            pruefungen: entry.checks.named().map(|(name, check)| (words::question(name), words::answer(check))).into(),
            portale: grouped(usize::try_from(entry.described_by).unwrap_or(usize::MAX)),
        }
    }
}

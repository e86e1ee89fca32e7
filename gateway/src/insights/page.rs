//! The page for those who run the Verbund, and its table for other programs: `/insights` and `/insights.csv` on the
//! internal side. German, complete without any script; nothing on it may be kept by a browser or a cache.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use config::clock;
use http::header::{self, HeaderValue};
use http::{HeaderName, StatusCode};

use super::Insights;
use super::counts::{Counts, share};
use super::report::{Liste, Report};
use crate::api::params::{ParamError, Params};
use crate::api::problem::Problem;
use crate::assets;
use crate::failure::secure_headers;
use crate::pages::templates;
use crate::pages::words;

/// The spans of time that the page offers.
const SPANS: [u32; 3] = [7, 30, 90];
/// The span where none is asked for.
const SPAN: u32 = 30;
/// Rows of a list on the page; the table has all.
const ROWS_MAX: usize = 100;

/// `/insights` and `/insights.csv`, with the style sheet that the page needs.
pub fn router(insights: Arc<Insights>) -> Router {
    Router::new()
        .route("/insights", get(page))
        .route("/insights.csv", get(table))
        .merge(assets::router())
        .layer(map_response(protect))
        .with_state(insights)
}

async fn protect(mut response: Response) -> Response {
    secure_headers(response.headers_mut());
    response
}

async fn page(State(insights): State<Arc<Insights>>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let Some(keep) = insights.keep_days() else { return Ok(off()) };
    let days = span(&Params::strict(query.as_deref(), &["tage"])?, keep)?;
    let Some(report) = report(insights, days).await else { return Ok(off()) };
    let html = templates::render(&View::of(&report, keep));
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
}

async fn table(State(insights): State<Arc<Insights>>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let Some(keep) = insights.keep_days() else { return Ok(off()) };
    let params = Params::strict(query.as_deref(), &["tage", "liste"])?;
    let (days, liste) = (span(&params, keep)?, liste(&params)?);
    let Some(report) = report(insights, days).await else { return Ok(off()) };
    let name = format!("attachment; filename=\"suchfragen-{}-{days}-tage.csv\"", liste.name());
    let mut response = report.csv(liste).into_response();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    if let Ok(name) = HeaderValue::try_from(name) {
        response.headers_mut().insert(HeaderName::from_static("content-disposition"), name);
    }
    Ok(response)
}

/// The report, made where a long look at the counts delays nobody.
async fn report(insights: Arc<Insights>, days: u32) -> Option<Report> {
    let made = tokio::task::spawn_blocking(move || insights.report(days, clock::now())).await;
    made.inspect_err(|error| tracing::error!(%error, "a report of insights ended by a panic")).ok().flatten()
}

fn off() -> Response {
    (StatusCode::NOT_FOUND, "questions are not counted: `enabled` is false in `[insights]`\n").into_response()
}

/// The days that are asked for, at most as many as are kept.
fn span(params: &Params, keep: u32) -> Result<u32, ParamError> {
    let days = params.number("tage", 1, keep as usize)?.and_then(|days| u32::try_from(days).ok());
    Ok(days.unwrap_or(SPAN.min(keep)))
}

fn liste(params: &Params) -> Result<Liste, ParamError> {
    let Some(name) = params.text("liste")? else { return Ok(Liste::Alle) };
    let found = Liste::ALL.into_iter().find(|liste| liste.name() == name);
    found.ok_or_else(|| ParamError::bad("liste", Liste::ALL.map(|liste| format!("`{}`", liste.name())).join(", ")))
}

/// The page as it is laid out.
#[derive(Debug, Template)]
#[template(path = "insights.html")]
struct View {
    tage: u32,
    spans: Vec<Span>,
    summen: Vec<(&'static str, String)>,
    min_count: u32,
    keep_days: u32,
    abschnitte: Vec<Abschnitt>,
}

/// One choice of a span of time.
#[derive(Debug)]
struct Span {
    tage: u32,
    here: bool,
}

/// One list.
#[derive(Debug)]
struct Abschnitt {
    name: &'static str,
    heading: &'static str,
    meaning: &'static str,
    rows: Vec<Zeile>,
    left_out: usize,
}

/// One question.
#[derive(Debug)]
struct Zeile {
    frage: String,
    zahlen: [String; 7],
}

impl View {
    fn of(report: &Report, keep_days: u32) -> Self {
        let total = &report.total;
        let mut spans: Vec<u32> = SPANS.into_iter().filter(|days| *days <= keep_days).collect();
        if !spans.contains(&report.days) {
            spans.push(report.days);
        }
        let asked = total.asked();
        let with_share = |part: u32, whole: u32| format!("{} ({})", number(part), percent(share(part, whole)));
        Self {
            tage: report.days,
            spans: spans.into_iter().map(|tage| Span { tage, here: tage == report.days }).collect(),
            summen: vec![
                ("Fragen", number(asked)),
                ("Ohne Treffer", with_share(total.nothing, asked)),
                ("Eindeutig beantwortet", with_share(total.clear, asked)),
                ("Mit Rückfrage", with_share(total.choose, asked)),
                ("Offen", with_share(total.open, asked)),
                ("Geöffnete Treffer", number(total.clicks)),
                ("In den Listen unten", with_share(report.asked_of_shown().min(asked), asked)),
            ],
            min_count: report.min_count,
            keep_days,
            abschnitte: Liste::ALL.into_iter().map(|liste| Abschnitt::of(report, liste)).collect(),
        }
    }
}

impl Abschnitt {
    fn of(report: &Report, liste: Liste) -> Self {
        let (heading, meaning) = match liste {
            Liste::Alle => ("Am häufigsten gefragt", "Alle Fragen, die häufigsten zuerst."),
            Liste::OhneTreffer => (
                "Ohne Treffer",
                "Fragen, auf die mindestens einmal nichts gefunden wurde, die häufigsten zuerst. Hier fehlt eine \
                 Leistung, oder ihr fehlt ein Wort, das die Menschen benutzen.",
            ),
            Liste::WenigKlicks => (
                "Wenig geöffnet",
                "Fragen, bei denen mindestens jede zweite Suche zu einer Seite mit Treffern führte, aber auf weniger \
                 als ein Fünftel dieser Seiten ein Klick folgte. Zuerst die mit den meisten Seiten ohne Klick.",
            ),
        };
        let rows = report.list(liste);
        let zeile = |row: &&super::report::Row| Zeile {
            frage: row.text.clone(),
            zahlen: numbers(&row.counts, report.total.asked()),
        };
        Self {
            name: liste.name(),
            heading,
            meaning,
            left_out: rows.len().saturating_sub(ROWS_MAX),
            rows: rows.iter().take(ROWS_MAX).map(zeile).collect(),
        }
    }
}

fn numbers(counts: &Counts, all: u32) -> [String; 7] {
    [
        number(counts.asked()),
        percent(share(counts.asked(), all)),
        format!("{} ({})", number(counts.nothing), percent(counts.nothing_share())),
        number(counts.shown),
        number(counts.clicks),
        percent(counts.click_share()),
        counts.mean_rank().map_or_else(|| "–".to_owned(), decimal),
    ]
}

fn number(number: u32) -> String {
    words::grouped(number as usize)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{} %", decimal(share * 100.0)))
}

fn decimal(value: f64) -> String {
    format!("{value:.1}").replace('.', ",")
}

#[cfg(test)]
mod tests {
    use super::super::report::Row;
    use super::*;
    use crate::pages::fixtures::HOSTILE;
    use crate::pages::tests::markup;

    fn report(texts: &[&str]) -> Report {
        let counts = Counts { clear: 1200, nothing: 34, shown: 1000, clicks: 120, ranks: 180, ..Counts::default() };
        let rows = texts.iter().map(|text| Row { text: (*text).to_owned(), counts });
        Report { days: 30, min_count: 10, total: Counts { choose: 400, open: 2, ..counts }, rows: rows.collect() }
    }

    #[test]
    fn the_page_of_insights() {
        let html = templates::render(&View::of(&report(&["hund anmelden"]), 90));
        markup::check(&html);
        insta::assert_snapshot!("insights", html);
    }

    #[test]
    fn a_page_without_questions_says_so() {
        let html = templates::render(&View::of(&report(&[]), 20));
        markup::check(&html);
        assert!(html.contains("Noch keine Frage") && !html.contains("<table"), "{html}");
        assert!(html.contains("tage=7") && !html.contains("tage=90"), "{html}");
    }

    #[test]
    fn questions_stay_texts() {
        let html = templates::render(&View::of(&report(&[HOSTILE]), 90));
        markup::check(&html);
        assert!(html.contains("&#60;script&#62;") && !html.contains("<script"), "{html}");
    }

    #[test]
    fn a_page_shows_the_first_hundred() {
        let texts: Vec<String> = (0..150).map(|at| format!("frage {at}")).collect();
        let html = templates::render(&View::of(&report(&texts.iter().map(String::as_str).collect::<Vec<_>>()), 90));
        assert!(html.contains("50 weitere stehen in der Tabelle"), "{html}");
    }
}

//! `/anbindung/rueckmeldungen`: what citizens said about the records of a portal, for its editors; all of it, and what was
//! said to the operator, for the operator.
//!
//! Who may read a portal reads what was said about it; who may deliver to it marks it as done, and that is written down.
//! Neither text nor e-mail address goes into the audit trail, and no e-mail address into the table.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use config::clock;
use connectors::ids::PortalId;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use crate::api::params::{ParamError, Params};
use crate::metrics::FeedbackKind;
use crate::pages::respond::redirect;
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_NOT, address, html, words};
use crate::registry::{Denied, Desk, FeedbackFilter, FeedbackRow, Form, Paths, Right, Who};
use crate::table::{self, defused};

/// Messages on one page.
const PAGE: i64 = 50;
/// Messages in a table.
const TABLE: i64 = 100_000;
/// Days over which answers to "did it help" are added up.
const HELPFUL_DAYS: i64 = 30;

pub(crate) fn pages() -> Paths {
    Paths::new()
        .get("/anbindung/rueckmeldungen", show)
        .get("/anbindung/rueckmeldungen/tabelle.csv", csv)
        .post("/anbindung/rueckmeldungen/{nummer}/erledigt", mark)
}

/// One message as it is shown.
struct Zeile {
    nummer: i64,
    wann: String,
    art: &'static str,
    portal: Option<String>,
    titel: String,
    href: Option<String>,
    seite: String,
    sprache: &'static str,
    text: String,
    email: Option<(String, Option<String>)>,
    erledigt: Option<String>,
    darf: bool,
}

#[derive(Template)]
#[template(path = "anbindung/rueckmeldungen.html")]
struct View<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: String,
    stand: &'static str,
    zeilen: Vec<Zeile>,
    /// Those that helped least, where one portal was chosen: Leistung, yes, no.
    hilfreich: Vec<(String, i64, i64)>,
    aeltere: Option<String>,
    tabelle: String,
    keep_days: u32,
}

/// The German words for a kind.
pub(crate) fn kind_words(kind: &str) -> &'static str {
    match FeedbackKind::ALL.iter().find(|one| one.label() == kind) {
        Some(FeedbackKind::WrongOffice) => "Falsche Stelle",
        Some(FeedbackKind::Outdated) => "Veraltete Angabe",
        Some(FeedbackKind::BrokenLink) => "Link geht nicht",
        Some(FeedbackKind::Unclear) => "Unverständlich",
        Some(FeedbackKind::Barrier) => "Barriere",
        Some(FeedbackKind::Other) | None => "Anderes",
    }
}

/// How many messages that somebody may see nobody has dealt with yet.
pub(crate) async fn open(desk: &Desk, who: &Who) -> Result<i64, Denied> {
    let counts = desk.registry.open_feedback().await?;
    let theirs = counts.iter().filter(|(portal, _)| sees(who, Right::Read, portal.as_deref()));
    Ok(theirs.map(|(_, count)| count).sum())
}

/// Whether somebody may do this with what was said about a portal; without a portal, the operator.
fn sees(who: &Who, right: Right, portal: Option<&str>) -> bool {
    match portal {
        Some(portal) => portal.parse().is_ok_and(|portal: PortalId| who.may(right, &portal)),
        None => who.is_operator(),
    }
}

/// Whether somebody may see a message, or mark it.
fn may(who: &Who, right: Right, row: &FeedbackRow) -> bool {
    sees(who, right, row.portal.as_deref())
}

/// What is asked for: a portal, and whether it is dealt with.
struct Wanted {
    portal: Option<PortalId>,
    stand: &'static str,
    before: Option<i64>,
}

impl Wanted {
    fn read(who: &Who, query: Option<&str>) -> Result<Self, Denied> {
        let unreadable = |_: ParamError| Denied::Unreadable;
        let params = Params::tolerant(query, &["portal", "stand", "vor"]).map_err(unreadable)?;
        let portal = match params.text("portal").map_err(unreadable)? {
            None => None,
            Some(id) => {
                let portal: PortalId = id.parse().map_err(|_| Denied::NoSuch)?;
                who.must(Right::Read, &portal)?;
                Some(portal)
            }
        };
        let stand = match params.text("stand").map_err(unreadable)?.as_deref() {
            None | Some("offen") => "offen",
            Some("erledigt") => "erledigt",
            Some("alle") => "alle",
            Some(_) => return Err(Denied::Unreadable),
        };
        let before = params.text("vor").map_err(unreadable)?.map(|text| text.parse()).transpose();
        Ok(Self { portal, stand, before: before.map_err(|_| Denied::Unreadable)? })
    }

    fn done(&self) -> Option<bool> {
        match self.stand {
            "offen" => Some(false),
            "erledigt" => Some(true),
            _ => None,
        }
    }

    /// The messages that somebody may see of those, the newest first, at most so many.
    async fn messages(&self, desk: &Desk, who: &Who, limit: i64) -> Result<Vec<FeedbackRow>, Denied> {
        let mut seen = Vec::new();
        let filter = |portal| FeedbackFilter { portal, done: self.done(), before: self.before, limit };
        if self.portal.is_some() || who.is_operator() {
            seen = desk.registry.feedback(&filter(self.portal.clone())).await?;
        } else {
            // Each of theirs, and of all together the newest; whoever reads few portals is not told of all.
            for portal in mine(desk, who) {
                seen.extend(desk.registry.feedback(&filter(Some(portal))).await?);
            }
            seen.sort_by_key(|row| std::cmp::Reverse(row.id));
            seen.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        seen.retain(|row| may(who, Right::Read, row));
        Ok(seen)
    }

    fn query(&self, before: Option<i64>) -> String {
        let portal = self.portal.as_ref().map(|portal| ("portal", portal.to_string()));
        let before = before.map(|before| ("vor", before.to_string()));
        let given = portal.into_iter().chain([("stand", self.stand.to_owned())]).chain(before);
        let given: Vec<String> = given.map(|(name, value)| format!("{name}={}", address::segment(&value))).collect();
        given.join("&")
    }
}

/// The portals that somebody may read: those they have rights on, live or not.
fn mine(desk: &Desk, who: &Who) -> BTreeSet<PortalId> {
    let live = desk.portals.load();
    let live = live.iter().map(|portal| portal.id.clone());
    live.chain(who.portals()).filter(|portal| who.may(Right::Read, portal)).collect()
}

async fn show(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Denied> {
    let wanted = Wanted::read(&who, query.as_deref())?;
    let rows = wanted.messages(&desk, &who, PAGE).await?;
    let hilfreich = match &wanted.portal {
        None => Vec::new(),
        Some(portal) => {
            let since = words::date_iso(clock::now() - SignedDuration::from_hours(24 * HELPFUL_DAYS));
            desk.registry.helpful(portal, &since).await?
        }
    };
    let oldest = rows.last().filter(|_| rows.len() as i64 == PAGE).map(|row| row.id);
    let page = Page::new("Rückmeldungen", None);
    let view = View {
        page: &page,
        who: &who,
        portal: wanted.portal.as_ref().map(ToString::to_string).unwrap_or_default(),
        stand: wanted.stand,
        aeltere: oldest.map(|oldest| format!("/anbindung/rueckmeldungen?{}", wanted.query(Some(oldest)))),
        tabelle: format!("/anbindung/rueckmeldungen/tabelle.csv?{}", wanted.query(None)),
        zeilen: rows.iter().map(|row| zeile(row, &who)).collect(),
        hilfreich,
        keep_days: desk.config.feedback.keep_days,
    };
    Ok(html(&headers, KEEP_NOT, templates::render(&view)))
}

fn zeile(row: &FeedbackRow, who: &Who) -> Zeile {
    let ars = row.ars.parse().ok();
    let href = (!row.leistung.is_empty()).then(|| address::leistung_by(&row.leistung, &row.title, ars.as_ref()));
    Zeile {
        nummer: row.id,
        wann: words::moment_brief(row.at),
        art: kind_words(&row.kind),
        portal: row.portal.clone(),
        titel: row.title.clone(),
        href,
        seite: row.page.clone(),
        sprache: match row.lang.as_str() {
            "en" => "auf der englischen Seite",
            "de-simple" => "auf der Seite in Leichter Sprache",
            _ => "",
        },
        text: row.body.clone(),
        email: row.email.clone().map(|email| (email.clone(), words::mailto(&email))),
        erledigt: row.done.as_ref().map(|(at, by)| format!("{} von {by}", words::moment_brief(*at))),
        darf: may(who, Right::Deliver, row),
    }
}

async fn csv(State(desk): State<Desk>, who: Who, RawQuery(query): RawQuery) -> Result<Response, Denied> {
    let wanted = Wanted::read(&who, query.as_deref())?;
    let rows = wanted.messages(&desk, &who, TABLE).await?;
    let line = |row: &FeedbackRow| {
        [
            row.id.to_string(),
            row.at.to_string(),
            kind_words(&row.kind).to_owned(),
            row.portal.clone().unwrap_or_default(),
            defused(&row.leistung),
            defused(&row.title),
            row.ars.clone(),
            defused(&row.page),
            row.lang.clone(),
            defused(&row.body),
            row.done.as_ref().map(|(at, _)| at.to_string()).unwrap_or_default(),
        ]
    };
    let header = [
        "Nummer",
        "Eingang (UTC)",
        "Art",
        "Portal",
        "Leistung",
        "Name",
        "Ort (ARS)",
        "Seite",
        "Sprache",
        "Nachricht",
        "Erledigt (UTC)",
    ];
    let body = table::csv(header, rows.iter().map(line));
    let mut response = html(&HeaderMap::new(), KEEP_NOT, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    let name = HeaderValue::from_static("attachment; filename=\"rueckmeldungen.csv\"");
    headers.insert(HeaderName::from_static("content-disposition"), name);
    Ok(response)
}

/// Whether it is done, and where to go back to.
#[derive(Debug, Deserialize)]
struct Mark {
    #[serde(default)]
    erledigt: String,
    #[serde(default)]
    portal: String,
}

async fn mark(
    State(desk): State<Desk>,
    who: Who,
    Path(nummer): Path<String>,
    Form(mark): Form<Mark>,
) -> Result<Response, Denied> {
    let id: i64 = nummer.parse().map_err(|_| Denied::NoSuch)?;
    let row = desk.registry.one_feedback(id).await?.filter(|row| may(&who, Right::Read, row)).ok_or(Denied::NoSuch)?;
    if !may(&who, Right::Deliver, &row) {
        return Err(Denied::NotThis);
    }
    let done = match mark.erledigt.as_str() {
        "ja" => true,
        "nein" => false,
        _ => return Err(Denied::Unreadable),
    };
    let mut tx = desk.registry.begin().await?;
    // Whoever was quicker has written it down already.
    if tx.mark_feedback(id, &who, done).await? {
        let portal = row.portal.as_ref().and_then(|portal| portal.parse().ok());
        let (action, kind) =
            (if done { "feedback.done" } else { "feedback.reopen" }, json!({"feedback": id, "kind": row.kind}));
        tx.audit(&who, action, portal.as_ref(), None, Some(kind)).await?;
        tx.commit().await?;
    }
    let portal: Option<PortalId> = mark.portal.parse().ok();
    let query = portal.map(|portal| format!("?portal={portal}")).unwrap_or_default();
    Ok(redirect(StatusCode::SEE_OTHER, &format!("/anbindung/rueckmeldungen{query}"), KEEP_NOT))
}

//! `/anbindung`: what somebody who is signed in can do, and with which portals.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use super::desk::Desk;
use super::paths::Paths;
use super::refusal::Denied;
use super::who::{Right, Who};
use crate::joining;
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_NOT, html};
use crate::voice;

pub(super) fn pages() -> Paths {
    Paths::new().get("/anbindung", show)
}

#[derive(Template)]
#[template(path = "anbindung/uebersicht.html")]
struct View<'a> {
    page: &'a Page,
    who: &'a Who,
    portale: Vec<Zeile>,
    wartet: usize,
    /// Messages of citizens that nobody has dealt with yet.
    rueckmeldungen: i64,
}

/// One portal.
struct Zeile {
    id: String,
    name: String,
    recht: &'static str,
    stand: &'static str,
}

async fn show(State(desk): State<Desk>, who: Who, headers: HeaderMap) -> Result<Response, Denied> {
    let held = |id| Right::ALL.into_iter().rev().find(|right| who.may(*right, id)).map_or("", Right::label);
    let registered = joining::pages::mine(&desk, &who).await?;
    let wartet = if who.is_operator() { registered.iter().filter(|one| one.waits).count() } else { 0 };
    let portals = desk.portals.load();
    let of_files = portals
        .iter()
        .filter(|portal| who.may(Right::Read, &portal.id) && !registered.iter().any(|one| one.id == portal.id));
    let of_files = of_files.map(|portal| Zeile {
        id: portal.id.to_string(),
        name: portal.name.clone(),
        recht: held(&portal.id),
        stand: "Im Verbund",
    });
    let registered = registered.iter().map(|one| Zeile {
        id: one.id.to_string(),
        name: one.name.clone(),
        recht: held(&one.id),
        stand: one.stage,
    });
    let mut portale: Vec<Zeile> = registered.chain(of_files).collect();
    portale.sort_by(|a, b| a.name.cmp(&b.name));
    let page = Page::new("Anbindung", None);
    let rueckmeldungen = voice::desk::open(&desk, &who).await?;
    let view = View { page: &page, who: &who, portale, wartet, rueckmeldungen };
    Ok(html(&headers, KEEP_NOT, templates::render(&view)))
}

//! `/anbindung`: what somebody who is signed in can do, and with which portals.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use super::desk::Desk;
use super::paths::Paths;
use super::refusal::Denied;
use super::who::{Right, Who};
use crate::pages::templates::Page;
use crate::pages::{KEEP_NOT, html};

pub(super) fn pages() -> Paths {
    Paths::new().get("/anbindung", show)
}

#[derive(Template)]
#[template(path = "anbindung/uebersicht.html")]
struct View<'a> {
    page: &'a Page,
    who: &'a Who,
    portale: Vec<Zeile>,
}

/// One portal.
struct Zeile {
    id: String,
    name: String,
    recht: &'static str,
}

async fn show(State(desk): State<Desk>, who: Who, headers: HeaderMap) -> Result<Response, Denied> {
    let portals = desk.portals.load();
    let held = |id| Right::ALL.into_iter().rev().find(|right| who.may(*right, id));
    let portale = portals.iter().filter_map(|portal| {
        let recht = held(&portal.id)?.label();
        Some(Zeile { id: portal.id.to_string(), name: portal.name.clone(), recht })
    });
    let page = Page::new("Anbindung", None);
    let view = View { page: &page, who: &who, portale: portale.collect() };
    Ok(html(&headers, KEEP_NOT, view.render().expect("templates write to memory and call nothing that fails")))
}

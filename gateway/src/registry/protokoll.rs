//! `/anbindung/protokoll`: the audit trail on a page; all of it for the operator, that of their portals for others.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use connectors::ids::PortalId;
use http::HeaderMap;

use super::desk::Desk;
use super::paths::Paths;
use super::refusal::Denied;
use super::store::AuditEntry;
use super::who::{Right, Who};
use crate::api::params::Params;
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_NOT, html};

/// Entries on one page.
const PER_PAGE: i64 = 100;

pub(super) fn pages() -> Paths {
    Paths::new().get("/anbindung/protokoll", show)
}

#[derive(Template)]
#[template(path = "anbindung/protokoll.html")]
struct View<'a> {
    page: &'a Page,
    who: &'a Who,
    portal: String,
    /// Whether a portal has to be named first.
    fragt: bool,
    eintraege: Vec<Eintrag>,
    aeltere: Option<String>,
}

/// One entry.
struct Eintrag {
    nummer: i64,
    zeit: String,
    wer: String,
    womit: String,
    was: String,
    portal: String,
    vorher: String,
    nachher: String,
    grund: String,
}

fn eintrag(entry: AuditEntry) -> Eintrag {
    let network = entry.network.as_deref().map(|network| format!(", {network}")).unwrap_or_default();
    Eintrag {
        nummer: entry.seq,
        zeit: entry.at().map(|at| at.strftime("%d.%m.%Y %H:%M").to_string()).unwrap_or_default(),
        wer: entry.actor,
        womit: format!("{}{network}", entry.via),
        was: entry.action,
        portal: entry.portal.unwrap_or_default(),
        vorher: entry.before.unwrap_or_default(),
        nachher: entry.after.unwrap_or_default(),
        grund: entry.reason.unwrap_or_default(),
    }
}

async fn show(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Denied> {
    let params = Params::tolerant(query.as_deref(), &["portal", "vor"]).map_err(|_| Denied::Unreadable)?;
    let named = params.text("portal").map_err(|_| Denied::Unreadable)?.unwrap_or_default();
    let before = params.text("vor").map_err(|_| Denied::Unreadable)?;
    let before = before.map_or(Ok(i64::MAX), |text| text.parse()).map_err(|_| Denied::Unreadable)?;
    let portal = match named.as_str() {
        "" => None,
        name => {
            let portal: PortalId = name.parse().map_err(|_| Denied::NoSuch)?;
            who.must(Right::Read, &portal)?;
            Some(portal)
        }
    };
    let fragt = portal.is_none() && !who.is_operator();
    let entries = match fragt {
        true => Vec::new(),
        false => desk.registry.audit_before(before, portal.as_ref(), PER_PAGE).await?,
    };
    let oldest = entries.last().filter(|_| entries.len() as i64 == PER_PAGE);
    let aeltere = oldest.map(|entry| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("portal", &named).append_pair("vor", &entry.seq.to_string());
        format!("/anbindung/protokoll?{}", query.finish())
    });
    let page = Page::new("Protokoll", None);
    let eintraege = entries.into_iter().map(eintrag).collect();
    let view = View { page: &page, who: &who, portal: named, fragt, eintraege, aeltere };
    Ok(html(&headers, KEEP_NOT, templates::render(&view)))
}

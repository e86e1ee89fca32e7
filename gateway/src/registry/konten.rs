//! `/anbindung/konten`: who has an account and which rights; for the operator.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use connectors::ids::PortalId;
use http::StatusCode;
use http::header::HeaderMap;
use serde::Deserialize;

use super::accounts::{AccountChange, AccountError, Snapshot};
use super::desk::Desk;
use super::fields::{Fehler, fehler_bei};
use super::form::Form;
use super::paths::Paths;
use super::refusal::Denied;
use super::store::Account;
use super::who::{Right, Role, Who};
use crate::pages::templates::{self, Page};
use crate::pages::words::moment_brief;
use crate::pages::{KEEP_NOT, html};

pub(super) fn pages() -> Paths {
    Paths::new()
        .get("/anbindung/konten", list)
        .get("/anbindung/konten/{id}", show)
        .post("/anbindung/konten/{id}", change)
}

/// One account.
struct Konto {
    id: i64,
    name: String,
    rolle: &'static str,
    womit: String,
    zuletzt: String,
    zustand: &'static str,
}

impl From<Account> for Konto {
    fn from(account: Account) -> Self {
        let womit = match (&account.subject, &account.password) {
            (Some((issuer, _)), _) => format!("Anmeldedienst {issuer}"),
            (None, Some(_)) => "Kennwort".to_owned(),
            (None, None) => "nichts".to_owned(),
        };
        Self {
            id: account.id,
            name: account.name,
            rolle: account.role.label(),
            womit,
            zuletzt: account.signed_in.map_or_else(|| "noch nie".to_owned(), moment_brief),
            zustand: if account.locked { "gesperrt" } else { "offen" },
        }
    }
}

#[derive(Template)]
#[template(path = "anbindung/konten.html")]
struct List<'a> {
    page: &'a Page,
    who: &'a Who,
    konten: Vec<Konto>,
}

#[derive(Template)]
#[template(path = "anbindung/konten-eins.html")]
struct One<'a> {
    page: &'a Page,
    who: &'a Who,
    konto: Konto,
    rechte: Vec<(String, &'static str)>,
    wunsch: &'a Wunsch,
    fehler: &'a [Fehler],
    aenderungen: &'a [String],
    gesendet: bool,
    probe: bool,
}

/// What was chosen.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wunsch {
    rolle: String,
    sperre: String,
    portal: String,
    recht: String,
    grund: String,
    probe: String,
}

impl One<'_> {
    fn fehler_bei(&self, feld: &str) -> bool {
        fehler_bei(self.fehler, feld)
    }

    fn rollen(&self) -> [(&'static str, &'static str); 3] {
        Role::ALL.map(|role| (role.code(), role.label()))
    }

    fn alle_rechte(&self) -> [(&'static str, &'static str); 3] {
        Right::ALL.map(|right| (right.code(), right.label()))
    }
}

async fn list(State(desk): State<Desk>, who: Who, headers: HeaderMap) -> Result<Response, Denied> {
    who.must_operate()?;
    let page = Page::new("Konten und Rechte", None);
    let konten = desk.registry.accounts().await?.into_iter().map(Konto::from).collect();
    let view = List { page: &page, who: &who, konten };
    Ok(html(&headers, KEEP_NOT, templates::render(&view)))
}

async fn show(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Denied> {
    who.must_operate()?;
    let id = id.parse().map_err(|_| Denied::NoSuch)?;
    desk.konten_eins(&who, &headers, id, &Wunsch::default(), &[], None).await
}

impl Desk {
    async fn konten_eins(
        &self,
        who: &Who,
        headers: &HeaderMap,
        id: i64,
        wunsch: &Wunsch,
        fehler: &[Fehler],
        changed: Option<&[String]>,
    ) -> Result<Response, Denied> {
        let (account, rights) = self.registry.account_with_rights(id).await?.ok_or(Denied::NoSuch)?;
        let name = &account.name;
        let title = if fehler.is_empty() { format!("Konto {name}") } else { format!("Fehler: Konto {name}") };
        let page = Page::new(&title, None);
        let view = One {
            page: &page,
            who,
            konto: account.into(),
            rechte: rights.into_iter().map(|(portal, right)| (portal.to_string(), right.label())).collect(),
            wunsch,
            fehler,
            aenderungen: changed.unwrap_or_default(),
            gesendet: changed.is_some(),
            probe: !wunsch.probe.is_empty(),
        };
        let body = templates::render(&view);
        let mut response = html(headers, KEEP_NOT, body);
        if !fehler.is_empty() {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        Ok(response)
    }
}

/// Reads what was chosen; what cannot be used is said at its field.
fn read(wunsch: &Wunsch) -> Result<AccountChange, Vec<Fehler>> {
    let mut fehler = Vec::new();
    let mut change = AccountChange { role: Role::of(&wunsch.rolle), ..AccountChange::default() };
    change.locked = match wunsch.sperre.as_str() {
        "gesperrt" => Some(true),
        "offen" => Some(false),
        _ => None,
    };
    match (wunsch.portal.trim(), wunsch.recht.as_str()) {
        ("", "") => {}
        ("", _) => fehler.push(Fehler::new("portal", "Bitte geben Sie an, für welches Portal das Recht gelten soll.")),
        (_, "") => fehler.push(Fehler::new("recht", "Bitte wählen Sie das Recht an diesem Portal.")),
        (portal, recht) => match (portal.parse::<PortalId>(), Right::of(recht), recht) {
            (Ok(portal), Some(right), _) => drop(change.rights.insert(portal, Some(right))),
            (Ok(portal), None, "keins") => drop(change.rights.insert(portal, None)),
            (Ok(_), None, _) => fehler.push(Fehler::new("recht", "Dieses Recht gibt es nicht.")),
            (Err(_), _, _) => {
                fehler.push(Fehler::new(
                    "portal",
                    "Die Kennung eines Portals besteht aus a–z, 0–9 und -, zum Beispiel stadt-bochum.",
                ));
            }
        },
    }
    if fehler.is_empty() { Ok(change) } else { Err(fehler) }
}

/// What a change did or would do, one sentence each.
fn said(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let mut said = Vec::new();
    let label = |code: &str| Role::of(code).map_or("", Role::label);
    if before.role != after.role {
        said.push(format!("Rolle: {} statt {}", label(after.role), label(before.role)));
    }
    if before.locked != after.locked {
        let text =
            if after.locked { "Das Konto ist gesperrt, alle Anmeldungen sind beendet" } else { "Das Konto ist offen" };
        said.push(text.to_owned());
    }
    let portals = before.rights.keys().chain(after.rights.keys()).collect::<std::collections::BTreeSet<_>>();
    let label = |code: Option<&&str>| code.and_then(|code| Right::of(code)).map_or("keines", Right::label);
    for portal in portals {
        let (was, is) = (before.rights.get(portal), after.rights.get(portal));
        if was != is {
            said.push(format!("Recht an {portal}: {} statt {}", label(is), label(was)));
        }
    }
    said
}

async fn change(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(wunsch): Form<Wunsch>,
) -> Result<Response, Denied> {
    who.must_operate()?;
    let id = id.parse().map_err(|_| Denied::NoSuch)?;
    let change = match read(&wunsch) {
        Ok(change) => change,
        Err(fehler) => return desk.konten_eins(&who, &headers, id, &wunsch, &fehler, None).await,
    };
    let reason = Some(wunsch.grund.trim()).filter(|reason| !reason.is_empty());
    let dry_run = !wunsch.probe.is_empty();
    match desk.registry.change_account(&who, id, &change, reason, dry_run).await {
        Ok((before, after)) => {
            let changed = said(&before, &after);
            let shown = if dry_run { wunsch } else { Wunsch::default() };
            desk.konten_eins(&who, &headers, id, &shown, &[], Some(&changed)).await
        }
        Err(AccountError::LastOperator) => {
            let fehler = [Fehler::new(
                "rolle",
                "Das ist das letzte offene Konto des Betriebs. Bitte geben Sie vorher einem anderen Konto diese Rolle.",
            )];
            desk.konten_eins(&who, &headers, id, &wunsch, &fehler, None).await
        }
        Err(AccountError::Unknown(_)) => Err(Denied::NoSuch),
        Err(error) => Err(error.into()),
    }
}

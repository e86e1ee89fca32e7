//! `/anbindung/konto`: what somebody does with their own account: tokens, sessions, password.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use config::clock;
use http::StatusCode;
use http::header::HeaderMap;
use serde::Deserialize;
use serde_json::json;

use super::accounts::AccountError;
use super::desk::Desk;
use super::fields::{Fehler, fehler_bei, portals_of};
use super::form::Form;
use super::paths::Paths;
use super::refusal::Denied;
use super::secrets::TOKEN_PREFIX;
use super::signin::Nothing;
use super::store::{SessionRow, TokenRow};
use super::tokens::{TokenError, TokenWish};
use super::who::{Right, Who};
use crate::pages::respond::redirect;
use crate::pages::templates::{self, Page};
use crate::pages::words::moment_brief;
use crate::pages::{KEEP_NOT, html};

pub(super) fn pages() -> Paths {
    Paths::new()
        .get("/anbindung/konto", show)
        .post("/anbindung/konto/schluessel", make_token)
        .post("/anbindung/konto/schluessel/{id}/widerrufen", revoke_token)
        .post("/anbindung/konto/sitzungen", end_sessions)
        .post("/anbindung/konto/kennwort", change_password)
}

#[derive(Template)]
#[template(path = "anbindung/konto.html")]
struct View<'a> {
    page: &'a Page,
    who: &'a Who,
    fehler: &'a [Fehler],
    getan: Option<&'static str>,
    vorsatz: &'static str,
    schluessel: Vec<Schluessel>,
    wunsch: &'a Wunsch,
    sitzungen: Vec<Sitzung>,
    mit_kennwort: bool,
}

/// One token.
struct Schluessel {
    id: i64,
    name: String,
    recht: &'static str,
    portale: String,
    bis: String,
    benutzt: String,
}

/// One session.
struct Sitzung {
    /// The beginning of its hash, which names it and opens nothing.
    kennung: String,
    seit: String,
    zuletzt: String,
    netz: String,
    diese: bool,
}

/// What was typed for a new token.
#[derive(Deserialize)]
struct Wunsch {
    #[serde(default)]
    name: String,
    #[serde(default)]
    recht: String,
    #[serde(default)]
    portale: String,
    #[serde(default)]
    tage: String,
}

impl Default for Wunsch {
    fn default() -> Self {
        let recht = Right::Deliver.code().to_owned();
        Self { name: String::new(), recht, portale: String::new(), tage: "90".to_owned() }
    }
}

impl View<'_> {
    fn fehler_bei(&self, feld: &str) -> bool {
        fehler_bei(self.fehler, feld)
    }

    /// What each right of a token allows, in words.
    fn rechte(&self) -> [(Right, &'static str); 3] {
        [
            (Right::Read, "sehen, was übernommen wurde und was daran falsch ist"),
            (Right::Deliver, "auch liefern"),
            (Right::Manage, "auch die Anmeldung des Portals ändern und Lieferungen zurücknehmen"),
        ]
    }
}

fn schluessel(row: TokenRow) -> Schluessel {
    let portale = match &row.portals {
        None => "alle".to_owned(),
        Some(portals) => portals.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let bis = if row.ends <= clock::now() {
        format!("abgelaufen: {}", moment_brief(row.ends))
    } else {
        moment_brief(row.ends)
    };
    let benutzt = row.used.map_or_else(|| "noch nie".to_owned(), moment_brief);
    Schluessel { id: row.id, name: row.name, recht: row.right.label(), portale, bis, benutzt }
}

fn name_of(hash: &str) -> String {
    hash.chars().take(16).collect()
}

fn sitzung(row: SessionRow, who: &Who) -> Sitzung {
    Sitzung {
        kennung: name_of(&row.hash),
        seit: moment_brief(row.created),
        zuletzt: moment_brief(row.seen),
        netz: row.network.unwrap_or_else(|| "unbekannt".to_owned()),
        diese: who.session() == Some(row.hash.as_str()),
    }
}

impl Desk {
    async fn konto(
        &self,
        who: &Who,
        headers: &HeaderMap,
        fehler: &[Fehler],
        getan: Option<&'static str>,
        wunsch: &Wunsch,
    ) -> Result<Response, Denied> {
        let account = self.registry.account_with_rights(who.account).await?.ok_or(Denied::NoSuch)?.0;
        let sessions = self.registry.sessions(who.account).await?.into_iter();
        let now = clock::now();
        let open = sessions.filter(|row| !self.sessions.over(row.created, row.seen, now));
        let title = if fehler.is_empty() { "Konto" } else { "Fehler: Konto" };
        let page = Page::new(title, None);
        let view = View {
            page: &page,
            who,
            fehler,
            getan,
            vorsatz: TOKEN_PREFIX,
            schluessel: self.registry.tokens(who.account).await?.into_iter().map(schluessel).collect(),
            wunsch,
            sitzungen: open.map(|row| sitzung(row, who)).collect(),
            mit_kennwort: account.password.is_some(),
        };
        let body = templates::render(&view);
        let mut response = html(headers, KEEP_NOT, body);
        if !fehler.is_empty() {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        Ok(response)
    }
}

async fn show(State(desk): State<Desk>, who: Who, headers: HeaderMap) -> Result<Response, Denied> {
    desk.konto(&who, &headers, &[], None, &Wunsch::default()).await
}

#[derive(Template)]
#[template(path = "anbindung/schluessel.html")]
struct Made<'a> {
    page: &'a Page,
    who: &'a Who,
    name: &'a str,
    schluessel: &'a str,
    bis: String,
    adresse: String,
}

async fn make_token(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Form(typed): Form<Wunsch>,
) -> Result<Response, Denied> {
    let mut fehler = Vec::new();
    let days = typed.tage.trim().parse().unwrap_or(0);
    let right = Right::of(&typed.recht);
    let portals = portals_of(&typed.portale);
    if right.is_none() {
        fehler.push(Fehler::new("recht-read", "Bitte wählen Sie, was der Zugangsschlüssel darf."));
    }
    if let Err(text) = &portals {
        fehler.push(Fehler::new("portale", format!("„{text}“ ist keine Kennung eines Portals.")));
    }
    if let (Some(right), Ok(portals), true) = (right, portals, fehler.is_empty()) {
        let wish = TokenWish { name: typed.name.clone(), right, portals, days };
        match desk.registry.make_token(&who, who.account, &wish, false).await {
            Ok(made) => {
                let page = Page::new("Neuer Zugangsschlüssel", None);
                let view = Made {
                    page: &page,
                    who: &who,
                    name: typed.name.trim(),
                    schluessel: made.secret.as_deref().unwrap_or_default(),
                    bis: moment_brief(made.ends),
                    adresse: desk.site.canonical("/api/v1/tokens").unwrap_or_default(),
                };
                let body = templates::render(&view);
                return Ok(html(&HeaderMap::new(), KEEP_NOT, body));
            }
            Err(TokenError::Registry(error)) => return Err(error.into()),
            Err(error) => fehler.push(said(&error)),
        }
    }
    desk.konto(&who, &headers, &fehler, None, &typed).await
}

/// What is said at the field.
fn said(error: &TokenError) -> Fehler {
    match error {
        TokenError::Name => Fehler::new("schluessel-name", "Bitte geben Sie einen Namen mit höchstens 64 Zeichen an."),
        TokenError::Days => Fehler::new("tage", "Bitte geben Sie eine Zahl von 1 bis 365 an."),
        TokenError::Portal(portal) => {
            Fehler::new("portale", format!("Ihr Konto hat keine Rechte an einem Portal „{portal}“."))
        }
        TokenError::TooMany => Fehler::new(
            "schluessel-name",
            "Unter diesem Namen gelten schon zwei Zugangsschlüssel. Bitte widerrufen Sie einen davon.",
        ),
        TokenError::Beyond | TokenError::Unknown(_) | TokenError::Registry(_) => {
            Fehler::new("schluessel-name", "Dieser Zugangsschlüssel lässt sich nicht erstellen.")
        }
    }
}

async fn revoke_token(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Denied> {
    let id = id.parse().map_err(|_| Denied::NoSuch)?;
    match desk.registry.revoke_token(&who, who.account, id).await {
        Ok(()) => {
            let done = "Der Zugangsschlüssel ist widerrufen. Er gilt ab sofort nicht mehr.";
            desk.konto(&who, &headers, &[], Some(done), &Wunsch::default()).await
        }
        Err(TokenError::Registry(error)) => Err(error.into()),
        Err(_) => Err(Denied::NoSuch),
    }
}

/// Which sessions to end: one by its name, or `andere` for all others.
#[derive(Deserialize)]
struct Ended {
    #[serde(default)]
    welche: String,
}

async fn end_sessions(State(desk): State<Desk>, who: Who, Form(ended): Form<Ended>) -> Result<Response, Denied> {
    let one = match ended.welche.as_str() {
        "andere" => None,
        name => {
            let own = desk.registry.sessions(who.account).await?;
            let row = own.into_iter().find(|row| name_of(&row.hash) == name).ok_or(Denied::NoSuch)?;
            Some(row.hash)
        }
    };
    let mut tx = desk.registry.begin().await?;
    match &one {
        Some(hash) => tx.end_session(hash).await?,
        None => tx.end_sessions(who.account, who.session()).await?,
    }
    let after = json!({"account": who.name, "which": if one.is_some() { "one" } else { "all others" }});
    tx.audit(&who, "session.end_other", None, None, Some(after)).await?;
    tx.commit().await?;
    Ok(redirect(StatusCode::SEE_OTHER, "/anbindung/konto", KEEP_NOT))
}

/// The fields of a change of the password.
#[derive(Deserialize)]
struct Kennwort {
    #[serde(default)]
    bisher: String,
    #[serde(default)]
    neu: String,
}

async fn change_password(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Form(typed): Form<Kennwort>,
) -> Result<Response, Denied> {
    let account = desk.registry.account_with_rights(who.account).await?.ok_or(Denied::NoSuch)?.0;
    // Who sits at a browser that somebody left signed in may not try passwords without end.
    desk.registry.may_try_of(&account.name).await?;
    let changed = desk.registry.change_password(&who, &account, Some(&typed.bisher), &typed.neu).await;
    let fehler = match changed {
        Ok(()) => {
            let done = "Ihr Kennwort ist geändert. Alle anderen Anmeldungen sind beendet.";
            return desk.konto(&who, &headers, &[], Some(done), &Wunsch::default()).await;
        }
        Err(AccountError::WrongPassword) => {
            desk.registry.count_wrong(&who, &account.name).await?;
            Fehler::new("bisher", "Das bisherige Kennwort stimmt nicht.")
        }
        Err(AccountError::Password) => {
            Fehler::new("neu", "Das neue Kennwort braucht 12 bis 200 Zeichen und darf nicht Ihr Name sein.")
        }
        Err(AccountError::NoPassword) => return Err(Denied::NoSuch),
        Err(error) => return Err(error.into()),
    };
    desk.konto(&who, &headers, &[fehler], None, &Wunsch::default()).await
}

#[cfg(test)]
mod tests;

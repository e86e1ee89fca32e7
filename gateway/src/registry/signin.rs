//! Signing in with name and password, and signing out.
//!
//! Failed sign-ins bar the name that was typed and the client's network for a time that grows with each further one.
//! Neither what is said nor how long it takes tells whether there is such an account.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;

use askama::Template;
use axum::extract::{FromRequestParts, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::desk::Desk;
use super::form::{Form, OpenForm};
use super::passwords;
use super::paths::Paths;
use super::refusal::{Denied, is_ours};
use super::secrets;
use super::store::{Account, Registry, RegistryError, Tx};
use super::who::{By, Who, session_secret, shortened};
use crate::api::params::Params;
use crate::pages::respond::redirect;
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_NOT, html};
use crate::server::{Sender, network};

/// Failures of one name before each further one bars it for a time that doubles.
const FREE_OF_NAME: i64 = 5;
/// The same of one network, in which many people may sit.
const FREE_OF_NETWORK: i64 = 20;
/// The longest time for which somebody is barred.
const LONGEST_BAR: SignedDuration = SignedDuration::from_mins(15);
/// Without a failure for so long, they begin anew.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn pages() -> Paths {
    Paths::new()
        .get("/anbindung/anmelden", show)
        .post("/anbindung/anmelden", sign_in)
        .post("/anbindung/abmelden", sign_out)
        .get("/anbindung/abgemeldet", signed_out)
}

/// Under what failures of a name are counted; the name itself stands nowhere, because it may be a password that was
/// typed into the wrong field.
pub(super) fn mark_of_name(name: &str) -> String {
    secrets::hash(&format!("name {}", name.trim().to_lowercase()))
}

fn mark_of_network(network: IpAddr) -> String {
    secrets::hash(&format!("network {network}"))
}

/// How long the `failures`-th failure bars.
fn bar(failures: i64, free: i64) -> SignedDuration {
    match failures - free {
        ..=0 => SignedDuration::ZERO,
        over => SignedDuration::from_secs(1 << (over - 1).min(20)).min(LONGEST_BAR),
    }
}

/// How an attempt to sign in ended.
enum Attempt {
    Right(Account),
    Wrong,
}

impl Registry {
    /// Looks whether name and password belong together.
    async fn attempt(&self, name: &str, password: &str, from: &Origin) -> Result<Attempt, Denied> {
        let named = mark_of_name(name);
        let of_network = from.address.map(|address| mark_of_network(network(address)));
        let marks: Vec<String> = [Some(named.clone()), of_network.clone()].into_iter().flatten().collect();
        self.may_try(&marks).await?;
        let account = self.account_named(&name.trim().to_lowercase()).await?;
        let hash = account.as_ref().and_then(|account| account.password.as_deref());
        let right = passwords::is_right(password, hash).await;
        let right =
            right.map_err(|error| RegistryError::Row { what: "a password".into(), reason: error.to_string() })?;
        // While this one waited for its place, others may have failed.
        self.may_try(&marks).await?;
        if let Some(account) = account.clone().filter(|account| right && !account.locked) {
            return Ok(Attempt::Right(account));
        }
        let mut tx = self.begin().await?;
        tx.failed(&named, FREE_OF_NAME).await?;
        if let Some(mark) = of_network {
            tx.failed(&mark, FREE_OF_NETWORK).await?;
        }
        let known = account.map(|account| json!({"account": account.name, "locked": account.locked}));
        let who = from.nobody();
        tx.audit(&who, "session.refused", None, None, known).await?;
        tx.commit().await?;
        Ok(Attempt::Wrong)
    }

    /// Nothing when somebody from there may try now.
    pub(super) async fn may_try_from(&self, from: &Origin) -> Result<(), Denied> {
        match from.address {
            Some(address) => self.may_try(&[mark_of_network(network(address))]).await,
            None => Ok(()),
        }
    }

    /// Nothing when the password of an account may be tried now by somebody who is signed in.
    pub(super) async fn may_try_of(&self, account: &str) -> Result<(), Denied> {
        self.may_try(&[mark_of_name(account)]).await
    }

    /// Counts a wrong password that somebody gave who is signed in.
    pub(super) async fn count_wrong(&self, who: &Who, account: &str) -> Result<(), RegistryError> {
        let mut tx = self.begin().await?;
        tx.failed(&mark_of_name(account), FREE_OF_NAME).await?;
        tx.audit(who, "account.password_refused", None, None, Some(json!({"account": account}))).await?;
        tx.commit().await
    }

    async fn may_try(&self, marks: &[String]) -> Result<(), Denied> {
        let now = config::clock::now();
        match self.barred_until(marks, now).await? {
            None => Ok(()),
            Some(until) => Err(Denied::Wait { seconds: seconds_until(until, now) }),
        }
    }
}

impl Tx {
    /// One more failure of somebody from there.
    pub(super) async fn failed_from(&mut self, from: &Origin) -> Result<(), RegistryError> {
        match from.address {
            Some(address) => self.failed(&mark_of_network(network(address)), FREE_OF_NETWORK).await,
            None => Ok(()),
        }
    }

    /// One more failure under a mark, and the bar that it brings.
    async fn failed(&mut self, mark: &str, free: i64) -> Result<(), RegistryError> {
        let failures = self.count_failure(mark, self.now - FORGOTTEN).await?;
        match bar(failures, free) {
            bar if bar.is_zero() => Ok(()),
            bar => self.bar(mark, self.now + bar).await,
        }
    }
}

fn seconds_until(until: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(until.duration_since(now).as_secs()).unwrap_or_default() + 1
}

impl Desk {
    /// Opens a session of an account and leads to `back`; a session that this browser had before ends.
    pub(super) async fn open_session(
        &self,
        account: &Account,
        headers: &HeaderMap,
        network: Option<String>,
        by: &str,
        back: Option<&str>,
    ) -> Result<Response, Denied> {
        let secret = secrets::random().map_err(RegistryError::from)?;
        let hash = secrets::hash(&secret);
        let mut tx = self.registry.begin().await?;
        if let Some(before) = session_secret(headers, &self.cookie) {
            tx.end_session(&secrets::hash(before)).await?;
        }
        let oldest = tx.now - self.sessions.whole;
        tx.open_session(&hash, account.id, network.clone(), oldest).await?;
        tx.forget_failures(&mark_of_name(&account.name)).await?;
        let who = Who {
            account: account.id,
            name: account.name.clone(),
            role: account.role,
            rights: BTreeMap::new(),
            by: By::Session { hash, csrf: String::new() },
            network,
        };
        tx.audit(&who, "session.open", None, None, Some(json!({"by": by}))).await?;
        tx.commit().await?;
        let target = back.filter(|back| is_ours(back)).unwrap_or("/anbindung");
        let mut response = redirect(StatusCode::SEE_OTHER, target, KEEP_NOT);
        response.headers_mut().append(header::SET_COOKIE, self.session_cookie(&secret, ""));
        Ok(response)
    }

    /// The session's cookie: for our pages of editors alone, out of reach of scripts and of requests of other sites.
    fn session_cookie(&self, secret: &str, more: &str) -> HeaderValue {
        let secure = if self.site.public_url.scheme() == "https" { "; Secure" } else { "" };
        let text = format!("{}={secret}; Path=/anbindung; HttpOnly; SameSite=Lax{secure}{more}", self.cookie);
        HeaderValue::try_from(text).unwrap_or_else(|_| unreachable!("names and secrets of ours are plain ASCII"))
    }
}

/// The fields of the sign-in.
#[derive(Deserialize)]
struct SignIn {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kennwort: String,
    #[serde(default)]
    weiter: String,
}

#[derive(Template)]
#[template(path = "anbindung/anmelden.html")]
struct View<'a> {
    page: &'a Page,
    name: &'a str,
    weiter: &'a str,
    fehler: Option<&'static str>,
    /// What the provider of OpenID Connect is called, where there is one, and where its sign-in begins.
    anbieter: Option<(&'a str, String)>,
}

impl Desk {
    pub(super) fn sign_in_page(
        &self,
        headers: &HeaderMap,
        name: &str,
        weiter: &str,
        fehler: Option<&'static str>,
    ) -> Response {
        let title = if fehler.is_some() { "Fehler: Anmelden" } else { "Anmelden" };
        let page = Page::new(title, None);
        let weiter = if is_ours(weiter) { weiter } else { "" };
        let anbieter = self.oidc.as_deref().map(|provider| {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("weiter", weiter).finish();
            (provider.name(), format!("/anbindung/anmelden/anbieter?{query}"))
        });
        let view = View { page: &page, name, weiter, fehler, anbieter };
        html(headers, KEEP_NOT, templates::render(&view))
    }
}

async fn show(State(desk): State<Desk>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Denied> {
    let params = Params::tolerant(query.as_deref(), &["weiter"]).map_err(|_| Denied::Unreadable)?;
    let weiter = params.text("weiter").map_err(|_| Denied::Unreadable)?.unwrap_or_default();
    Ok(desk.sign_in_page(&headers, "", &weiter, None))
}

/// From where a request came that nobody has to be signed in for.
pub(super) struct Origin {
    address: Option<IpAddr>,
}

impl Origin {
    /// The network of the client as it may be kept.
    pub(super) fn network(&self) -> Option<String> {
        self.address.map(shortened)
    }

    /// Somebody there who is not signed in, for the audit trail.
    pub(super) fn nobody(&self) -> Who {
        Who { network: self.network(), ..Who::program("Anmeldung") }
    }
}

impl FromRequestParts<Desk> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Desk) -> Result<Self, Infallible> {
        Ok(Self { address: parts.extensions.get::<Sender>().map(|sender| sender.0) })
    }
}

async fn sign_in(
    State(desk): State<Desk>,
    from: Origin,
    headers: HeaderMap,
    OpenForm(form): OpenForm<SignIn>,
) -> Result<Response, Denied> {
    let attempt = desk.registry.attempt(&form.name, &form.kennwort, &from).await?;
    match attempt {
        Attempt::Right(account) => {
            desk.open_session(&account, &headers, from.network(), "password", Some(&form.weiter)).await
        }
        Attempt::Wrong => {
            let say = "Name oder Kennwort stimmt nicht, oder das Konto ist gesperrt.";
            let mut response = desk.sign_in_page(&headers, &form.name, &form.weiter, Some(say));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            Ok(response)
        }
    }
}

/// A form of nothing but its word.
#[derive(Deserialize)]
pub(super) struct Nothing {}

async fn sign_out(State(desk): State<Desk>, who: Who, Form(Nothing {}): Form<Nothing>) -> Result<Response, Denied> {
    let mut tx = desk.registry.begin().await?;
    if let Some(session) = who.session() {
        tx.end_session(session).await?;
    }
    tx.audit(&who, "session.end", None, None, None).await?;
    tx.commit().await?;
    let mut response = redirect(StatusCode::SEE_OTHER, "/anbindung/abgemeldet", KEEP_NOT);
    response.headers_mut().append(header::SET_COOKIE, desk.session_cookie("", "; Max-Age=0"));
    Ok(response)
}

#[derive(Template)]
#[template(path = "anbindung/abgemeldet.html")]
struct SignedOut<'a> {
    page: &'a Page,
    /// What the provider of OpenID Connect is called, and where one signs out there.
    anbieter: Option<(&'a str, String)>,
}

async fn signed_out(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    let page = Page::new("Abgemeldet", None);
    let anbieter = match &desk.oidc {
        Some(provider) => provider.sign_out().await.map(|url| (provider.name(), url.to_string())),
        None => None,
    };
    let view = SignedOut { page: &page, anbieter };
    html(&headers, KEEP_NOT, templates::render(&view))
}

#[cfg(test)]
mod tests;

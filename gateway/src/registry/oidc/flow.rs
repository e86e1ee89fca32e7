//! The pages of the sign-in by OpenID Connect: the way to the provider, and the return from it.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use config::clock;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use serde_json::json;

use super::{Begun, OidcError, Somebody};
use crate::api::params::Params;
use crate::pages::KEEP_NOT;
use crate::pages::respond::redirect;
use crate::registry::accounts::account_name;
use crate::registry::desk::Desk;
use crate::registry::paths::Paths;
use crate::registry::refusal::{Denied, is_ours};
use crate::registry::secrets;
use crate::registry::signin::Origin;
use crate::registry::store::{Account, NewAccount, Registry, RegistryError, Tx};
use crate::registry::who::{Role, Who, session_secret};

/// Seconds from the beginning to the return.
const BEGUN_S: i64 = 600;

pub(in crate::registry) fn pages() -> Paths {
    Paths::new().get("/anbindung/anmelden/anbieter", begin).get("/anbindung/anmelden/zurueck", finish)
}

impl Desk {
    fn begun_cookie_name(&self) -> String {
        format!("{}_anmeldung", self.cookie)
    }

    /// What the browser holds until the return; `back` is where it wants to go then.
    fn begun_cookie(&self, begun: Option<&Begun>, back: &str) -> HeaderValue {
        let secure = if self.site.public_url.scheme() == "https" { "; Secure" } else { "" };
        let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        let (value, age) = begun.map_or((String::new(), 0), |begun| (format!("{}.{back}", begun.text), BEGUN_S));
        let name = self.begun_cookie_name();
        let text = format!("{name}={value}; Path=/anbindung/anmelden; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(text).unwrap_or_else(|_| unreachable!("what stands in it is plain ASCII"))
    }

    /// What the browser holds, and where it wants to go.
    fn begun(&self, headers: &HeaderMap) -> Option<(Begun, String)> {
        let value = session_secret(headers, &self.begun_cookie_name())?;
        // The way back may hold dots, what stands before it none.
        let (at, rest) = value.split_once('.')?;
        let (secret, back) = rest.split_once('.')?;
        let begun = format!("{at}.{secret}");
        let back = url::form_urlencoded::parse(format!("b={back}").as_bytes()).next()?.1.into_owned();
        Some((Begun::read(&begun, clock::now())?, back))
    }

    /// The sign-in again, with what went wrong.
    async fn failed(&self, headers: &HeaderMap, from: &Origin, error: &OidcError) -> Result<Response, Denied> {
        let (status, say) = match error {
            OidcError::Provider(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Der Anmeldedienst antwortet zurzeit nicht richtig. Bitte versuchen Sie es in einigen Minuten noch einmal.",
            ),
            OidcError::State => (
                StatusCode::BAD_REQUEST,
                "Diese Anmeldung wurde nicht in diesem Browser begonnen, oder das ist länger als zehn Minuten her. Bitte \
                 beginnen Sie noch einmal.",
            ),
            OidcError::Refused(_) => (
                StatusCode::BAD_REQUEST,
                "Der Anmeldedienst hat die Anmeldung abgelehnt. Bitte beginnen Sie noch einmal.",
            ),
            OidcError::Token(_) => (
                StatusCode::BAD_REQUEST,
                "Was der Anmeldedienst geantwortet hat, ist nicht gültig. Bitte beginnen Sie noch einmal; hilft das nicht, \
                 wenden Sie sich an den Betrieb des Portalverbunds.",
            ),
        };
        tracing::warn!(error = %error, "a sign-in by OpenID Connect failed");
        let mut tx = self.registry.begin().await?;
        tx.failed_from(from).await?;
        let after = json!({"by": "oidc", "reason": reason(error)});
        tx.audit(&from.nobody(), "session.refused", None, None, Some(after)).await?;
        tx.commit().await?;
        let mut response = self.sign_in_page(headers, "", "", Some(say));
        *response.status_mut() = status;
        response.headers_mut().append(header::SET_COOKIE, self.begun_cookie(None, ""));
        Ok(response)
    }
}

/// A word of a closed set for the trail: what a provider writes may hold anything.
fn reason(error: &OidcError) -> &'static str {
    use openidconnect::ClaimsVerificationError as Wrong;
    match error {
        OidcError::Provider(_) => "provider",
        OidcError::State => "state",
        OidcError::Refused(_) => "refused",
        OidcError::Token(Wrong::Expired(_)) => "expired",
        OidcError::Token(Wrong::InvalidAudience(_)) => "audience",
        OidcError::Token(Wrong::InvalidIssuer(_)) => "issuer",
        OidcError::Token(Wrong::InvalidNonce(_)) => "nonce",
        OidcError::Token(Wrong::SignatureVerification(_)) => "signature",
        OidcError::Token(_) => "token",
    }
}

async fn begin(
    State(desk): State<Desk>,
    from: Origin,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Denied> {
    let provider = desk.oidc.clone().ok_or(Denied::NoSuch)?;
    let params = Params::tolerant(query.as_deref(), &["weiter"]).map_err(|_| Denied::Unreadable)?;
    let back = params.text("weiter").map_err(|_| Denied::Unreadable)?.filter(|back| is_ours(back)).unwrap_or_default();
    let begun = Begun::new(clock::now()).map_err(RegistryError::from)?;
    match provider.begin(&begun).await {
        Ok(url) => {
            let mut response = redirect(StatusCode::SEE_OTHER, url.as_str(), KEEP_NOT);
            response.headers_mut().append(header::SET_COOKIE, desk.begun_cookie(Some(&begun), &back));
            Ok(response)
        }
        Err(error) => desk.failed(&headers, &from, &error).await,
    }
}

async fn finish(
    State(desk): State<Desk>,
    from: Origin,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Denied> {
    let provider = desk.oidc.clone().ok_or(Denied::NoSuch)?;
    desk.registry.may_try_from(&from).await?;
    let returned = Returned::read(query.as_deref().unwrap_or_default());
    let begun = desk.begun(&headers);
    let signed_in = async {
        let (begun, back) = begun.ok_or(OidcError::State)?;
        if !secrets::same(&begun.state(), &returned.state) {
            return Err(OidcError::State);
        }
        // Of another provider, which somebody mixed in (RFC 9207).
        if returned.iss.is_some_and(|iss| iss != provider.config.issuer) {
            return Err(OidcError::State);
        }
        match (returned.code, returned.error) {
            (Some(code), None) => Ok((provider.finish(&begun, code).await?, back)),
            (_, Some(error)) => Err(OidcError::Refused(error)),
            (None, None) => Err(OidcError::State),
        }
    };
    let (somebody, back) = match signed_in.await {
        Ok(signed_in) => signed_in,
        Err(error) => return desk.failed(&headers, &from, &error).await,
    };
    let account = desk.registry.account_for(&somebody).await?;
    if account.locked {
        let say = "Ihr Konto ist gesperrt. Bitte wenden Sie sich an den Betrieb des Portalverbunds.";
        let mut tx = desk.registry.begin().await?;
        let after = json!({"account": account.name, "locked": true, "by": "oidc"});
        tx.audit(&from.nobody(), "session.refused", None, None, Some(after)).await?;
        tx.commit().await?;
        let mut response = desk.sign_in_page(&headers, "", "", Some(say));
        *response.status_mut() = StatusCode::FORBIDDEN;
        return Ok(response);
    }
    let mut response = desk.open_session(&account, &headers, from.network(), "oidc", Some(&back)).await?;
    response.headers_mut().append(header::SET_COOKIE, desk.begun_cookie(None, ""));
    Ok(response)
}

/// What the provider sends the browser back with.
#[derive(Debug, Default)]
struct Returned {
    code: Option<String>,
    state: String,
    error: Option<String>,
    iss: Option<String>,
}

impl Returned {
    fn read(query: &str) -> Self {
        let mut returned = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match name.as_ref() {
                "code" => returned.code = Some(value),
                "state" => returned.state = value,
                "error" => returned.error = Some(value),
                "iss" => returned.iss = Some(value),
                _ => {}
            }
        }
        returned
    }
}

impl Registry {
    /// The account of somebody: made when they come for the first time, without any right; with the role that the claims
    /// give, each time anew.
    async fn account_for(&self, somebody: &Somebody) -> Result<Account, RegistryError> {
        let who = Who::program("Anmeldedienst");
        let mut tx = self.begin().await?;
        let known = self.account_of_subject(&somebody.issuer, &somebody.subject).await?;
        let account = match known {
            Some(account) => account,
            None => {
                let name = tx.free_name(somebody).await?;
                let role = somebody.role.unwrap_or(Role::Editor);
                let subject = Some((somebody.issuer.clone(), somebody.subject.clone()));
                let id = tx.add_account(&NewAccount { name: name.clone(), role, password: None, subject }).await?;
                let after = json!({"account": name, "role": role.code(), "issuer": somebody.issuer});
                tx.audit(&who, "account.add", None, None, Some(after)).await?;
                tx.commit().await?;
                let made = self.account_with_rights(id).await?;
                return made.map(|(account, _)| account).ok_or(RegistryError::NameTaken(name));
            }
        };
        if let Some(role) = somebody.role.filter(|role| *role != account.role) {
            tx.set_role(account.id, role).await?;
            let entry = |role: Role| Some(json!({"account": account.name, "role": role.code()}));
            tx.audit(&who, "account.change", None, entry(account.role), entry(role)).await?;
            tx.commit().await?;
            return Ok(Account { role, ..account });
        }
        Ok(account)
    }
}

impl Tx {
    /// A name that no account has: what somebody would like to be called, or one made of who they are, with a number when
    /// it is taken. An account is found by its subject alone, so a name gives nobody another one's account.
    async fn free_name(&mut self, somebody: &Somebody) -> Result<String, RegistryError> {
        let made = || {
            let mark = secrets::hash(&format!("{} {}", somebody.issuer, somebody.subject));
            format!("konto-{}", mark.chars().take(12).collect::<String>())
        };
        let wanted = somebody.name.as_deref().and_then(|name| account_name(name).ok());
        let wanted: String = wanted.unwrap_or_else(made).chars().take(56).collect();
        let mut name = wanted.clone();
        for number in 2..1_000 {
            if !self.name_is_taken(&name).await? {
                return Ok(name);
            }
            name = format!("{wanted}-{number}");
        }
        Ok(made())
    }
}

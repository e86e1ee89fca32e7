//! Why somebody is not let in, or not let do something; as a page in German and as a problem of the interface.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderValue};
use http::{StatusCode, Uri};

use super::accounts::AccountError;
use super::store::RegistryError;
use super::who::Side;
use crate::api::problem::{Kind, Problem};
use crate::pages::respond::redirect;
use crate::pages::templates::{self, Page};
use crate::pages::{HTML, KEEP_NOT};

/// Why somebody does not get what they asked for.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// Nobody is signed in on this browser.
    #[error("nobody is signed in")]
    SignIn {
        /// The page to come back to.
        back: Option<String>,
    },
    /// No token, an unknown one, or one whose time is over.
    #[error("there is no valid token")]
    NoToken,
    /// There is no such thing for them, whether it exists or not.
    #[error("there is no such thing for this account")]
    NoSuch,
    /// They may see it and not do this.
    #[error("the right for this is missing")]
    NotThis,
    /// A form that does not come from a page of ours.
    #[error("the form comes from another origin")]
    OtherOrigin,
    /// A form without the word of the session.
    #[error("the form does not carry the word of the session")]
    Csrf,
    /// A form whose fields cannot be read.
    #[error("the form cannot be read")]
    Unreadable,
    /// Too many failed sign-ins.
    #[error("too many failed sign-ins; {seconds} s to wait")]
    Wait {
        /// How long.
        seconds: u64,
    },
    /// The registry.
    #[error(transparent)]
    Failed(#[from] RegistryError),
    /// The registry, for a program.
    #[error("{0}")]
    FailedForProgram(RegistryError),
}

impl Denied {
    /// A failure of the registry on one side of the house.
    pub(super) fn failed(error: RegistryError, side: Side) -> Self {
        match side {
            Side::Pages => Self::Failed(error),
            Side::Interface => Self::FailedForProgram(error),
        }
    }

    fn words(&self) -> (StatusCode, &'static str, String) {
        let say = |status, heading, text: &str| (status, heading, text.to_owned());
        match self {
            Self::SignIn { .. } | Self::NoToken => {
                say(StatusCode::UNAUTHORIZED, "Bitte melden Sie sich an", "Für diese Seite brauchen Sie ein Konto.")
            }
            Self::NoSuch => say(
                StatusCode::NOT_FOUND,
                "Das gibt es hier nicht",
                "Vielleicht ist die Adresse veraltet, oder Ihr Konto hat keine Rechte an diesem Portal. Die Rechte \
                 vergibt, wer das Portal verwaltet, oder der Betrieb des Portalverbunds.",
            ),
            Self::NotThis => say(
                StatusCode::FORBIDDEN,
                "Dafür reichen die Rechte Ihres Kontos nicht",
                "Bitten Sie den Betrieb des Portalverbunds um das fehlende Recht.",
            ),
            Self::OtherOrigin => say(
                StatusCode::FORBIDDEN,
                "Dieses Formular kam nicht von unserer Seite",
                "Es wurde nichts geändert. Bitte rufen Sie die Seite unter ihrer richtigen Adresse auf und senden Sie das \
                 Formular von dort noch einmal.",
            ),
            Self::Csrf => say(
                StatusCode::FORBIDDEN,
                "Dieses Formular ist nicht mehr gültig",
                "Es wurde nichts geändert. Wahrscheinlich haben Sie sich inzwischen neu angemeldet. Bitte laden Sie die \
                 Seite mit dem Formular neu und senden Sie es noch einmal.",
            ),
            Self::Unreadable => say(
                StatusCode::BAD_REQUEST,
                "Dieses Formular können wir nicht lesen",
                "Es wurde nichts geändert. Bitte laden Sie die Seite mit dem Formular neu und füllen Sie es noch einmal aus.",
            ),
            Self::Wait { seconds } => (
                StatusCode::TOO_MANY_REQUESTS,
                "Zu viele Versuche",
                format!("Bitte warten Sie {seconds} Sekunden, und melden Sie sich dann noch einmal an."),
            ),
            Self::Failed(_) | Self::FailedForProgram(_) => say(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Das klappt zurzeit leider nicht",
                "Bei uns ist ein Fehler aufgetreten. Bitte versuchen Sie es in einigen Minuten noch einmal.",
            ),
        }
    }
}

impl From<AccountError> for Denied {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Registry(error) => Self::Failed(error),
            other => Self::Failed(RegistryError::Row { what: "an account".into(), reason: other.to_string() }),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::SignIn { .. } | Denied::NoToken => Problem::new(
                Kind::Unauthenticated,
                "send a valid token as `Authorization: Bearer pvnrw_…`; tokens are made at /anbindung/konto",
            ),
            Denied::NoSuch => {
                Problem::new(Kind::NotFound, "there is nothing of this name for the account of this token")
            }
            Denied::NotThis | Denied::OtherOrigin | Denied::Csrf => Problem::new(
                Kind::Forbidden,
                "the token or its account does not have the right for this; rights are granted by the operator",
            ),
            Denied::Unreadable => Problem::new(Kind::BadParameter, "the body cannot be read"),
            Denied::Wait { seconds } => Problem::new(Kind::Forbidden, format!("wait {seconds} s, then try again")),
            Denied::Failed(error) | Denied::FailedForProgram(error) => error.into(),
        }
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        // The cause is for our log; it may name files.
        tracing::error!(%error, "the registry cannot answer the interface");
        Self::new(Kind::RegistryFailed, "the registry cannot answer at the moment; please try again later")
    }
}

#[derive(Template)]
#[template(path = "anbindung/abgewiesen.html")]
struct View<'a> {
    page: &'a Page,
    heading: &'a str,
    text: &'a str,
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        match &self {
            Self::SignIn { back } => {
                return redirect(StatusCode::SEE_OTHER, &sign_in_address(back.as_deref()), KEEP_NOT);
            }
            Self::NoToken | Self::FailedForProgram(_) => return Problem::from(self).into_response(),
            Self::Failed(error) => tracing::error!(%error, "the registry cannot answer a page"),
            _ => {}
        }
        let (status, heading, text) = self.words();
        let page = Page::new(&format!("Fehler: {heading}"), None);
        let view = View { page: &page, heading, text: &text };
        let mut response = (status, templates::render(&view)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
        if let Self::Wait { seconds } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Where somebody signs in, to come back to `back` afterwards.
fn sign_in_address(back: Option<&str>) -> String {
    match back.filter(|back| is_ours(back)) {
        Some(back) => {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("weiter", back).finish();
            format!("/anbindung/anmelden?{query}")
        }
        None => "/anbindung/anmelden".to_owned(),
    }
}

/// True for a path of an editors' page, to which somebody may be sent after signing in.
pub(super) fn is_ours(back: &str) -> bool {
    let path = back.parse::<Uri>().ok().filter(|uri| uri.authority().is_none() && back.len() <= 500);
    let ours = |uri: &Uri| uri.path() == "/anbindung" || uri.path().starts_with("/anbindung/");
    path.is_some_and(|uri| ours(&uri)) && !back.contains(['\\', '\r', '\n', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_comes_back_to_our_pages_only() {
        for (back, expected) in [
            ("/anbindung", true),
            ("/anbindung/konto?x=1", true),
            ("/anbindungen", false),
            ("/suche", false),
            ("//evil.example/anbindung/", false),
            ("https://evil.example/anbindung/", false),
            ("/anbindung/\\evil", false),
            ("anbindung/", false),
            ("", false),
        ] {
            assert_eq!(is_ours(back), expected, "{back}");
        }
        assert_eq!(
            sign_in_address(Some("/anbindung/konto?a=b")),
            "/anbindung/anmelden?weiter=%2Fanbindung%2Fkonto%3Fa%3Db"
        );
        assert_eq!(sign_in_address(Some("//evil.example")), "/anbindung/anmelden");
    }
}

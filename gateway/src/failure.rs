//! Why somebody did not get what was asked for, and what is said about it.
//!
//! `Display` is for our log. The citizen sees the status and a German page that says what can be done; a program sees
//! problem+json (RFC 9457). Neither ever sees paths, versions or addresses of machines.

use connectors::ids::PortalId;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use jiff::Timestamp;

use crate::body::{Body, Cut};
use crate::metrics::{Refused, UpstreamFault};

mod page;

pub use page::Context;

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No table of routes was loaded yet.
    #[error("no table of routes was loaded yet")]
    NotLoaded,
    /// No valid host, or two.
    #[error("the host is missing, malformed or named twice")]
    Host,
    /// A target in a form that we do not serve.
    #[error("the request target is malformed")]
    Target,
    /// A target longer than allowed.
    #[error("the request target is longer than {max_bytes} bytes")]
    TargetTooLong {
        /// The bound.
        max_bytes: usize,
    },
    /// The fields of the head are larger than allowed.
    #[error("the fields are larger than {max_bytes} bytes")]
    HeadTooLarge {
        /// The limit.
        max_bytes: usize,
    },
    /// A framing field that should not be there.
    #[error("the framing fields are ambiguous")]
    Framing,
    /// A path that could be read in two ways.
    #[error("the path could be read in two ways")]
    UnsafePath,
    /// TRACE or CONNECT.
    #[error("the method is not served")]
    Method,
    /// The client asks too often, or has too many requests open.
    #[error("the client asks too often")]
    TooOften {
        /// Which bound.
        reason: Refused,
        /// When it may ask again.
        seconds: u64,
    },
    /// It came without TLS and is no page that could be sent on.
    #[error("the request came without TLS")]
    Unencrypted,
    /// The body of the request is larger than allowed.
    #[error("the body of the request is larger than allowed")]
    BodyTooLarge,
    /// The body of the request stalled.
    #[error("the body of the request stalled")]
    BodyStalled,
    /// The body of the request broke off or is malformed.
    #[error("the body of the request broke off")]
    BodyCut,
    /// Too many requests at this portal already.
    #[error("portal {portal} has no free place")]
    PortalFull {
        /// Which portal.
        portal: PortalId,
    },
    /// No connection to any address of the portal.
    #[error("portal {portal} cannot be reached: {reason}")]
    PortalDown {
        /// Which portal.
        portal: PortalId,
        /// What the last attempt said.
        reason: String,
    },
    /// The address of the portal may not be dialled.
    #[error("portal {portal} has an address that may not be dialled: {reason}")]
    PortalForbidden {
        /// Which portal.
        portal: PortalId,
        /// Which address.
        reason: String,
    },
    /// The portal sent no valid answer.
    #[error("portal {portal} sent no valid answer: {reason}")]
    PortalInvalid {
        /// Which portal.
        portal: PortalId,
        /// What was wrong.
        reason: String,
    },
    /// The portal sent no head in time.
    #[error("portal {portal} sent no head within {waited_ms} ms")]
    PortalSilent {
        /// Which portal.
        portal: PortalId,
        /// How long was waited.
        waited_ms: u64,
    },
    /// Most requests at this portal failed, so that it is not asked for a while.
    #[error("portal {portal} is left alone for {seconds} s, because most of its requests failed")]
    PortalPaused {
        /// Which portal.
        portal: PortalId,
        /// How much longer.
        seconds: u64,
    },
    /// The request passed us before.
    #[error("the request to portal {portal} came back to us")]
    Loop {
        /// Which portal.
        portal: PortalId,
    },
    /// The portal is not there on purpose.
    #[error("portal {portal} is under maintenance until {until}")]
    Maintenance {
        /// Which portal.
        portal: PortalId,
        /// What its people say.
        text: String,
        /// When it is there again.
        until: Timestamp,
        /// How long that is from now.
        seconds: u64,
    },
    /// What was there is gone for good.
    #[error("what portal {portal} had there is gone")]
    Gone {
        /// Which portal.
        portal: PortalId,
        /// What its people say.
        text: Option<String>,
        /// What has taken its place.
        successor: Option<String>,
    },
    /// The client takes only what is kept, and nothing is.
    #[error("nothing is kept that could answer")]
    NotCached,
    /// A fault of ours.
    #[error("the request ended by a panic")]
    Panic,
}

/// What became of the body of a request.
impl From<Cut> for Failure {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Stalled | Cut::Slow => Self::BodyStalled,
            Cut::TooLarge => Self::BodyTooLarge,
            Cut::BrokenOff => Self::BodyCut,
        }
    }
}

/// Title, what can be done, and the code for programs.
#[derive(Default)]
struct Words<'a> {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    advice: &'a str,
    /// What the people of the portal say themselves.
    text: Option<&'a str>,
    /// When it is over.
    until: Option<Timestamp>,
    /// Where to go instead.
    successor: Option<&'a str>,
}

impl Failure {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.words().status
    }

    /// The stable code for programs.
    pub fn code(&self) -> &'static str {
        self.words().code
    }

    /// True when nothing more is read from the connection.
    pub fn closes(&self) -> bool {
        matches!(
            self,
            Self::Host
                | Self::Target
                | Self::TargetTooLong { .. }
                | Self::HeadTooLarge { .. }
                | Self::Framing
                | Self::UnsafePath
                | Self::Method
                | Self::Unencrypted
                | Self::BodyTooLarge
                | Self::BodyStalled
                | Self::BodyCut
                | Self::Panic
        )
    }

    /// Which refusal it is, when the request was refused before routing.
    pub fn refused(&self) -> Option<Refused> {
        match self {
            Self::Host => Some(Refused::Host),
            Self::Target | Self::TargetTooLong { .. } => Some(Refused::Target),
            Self::HeadTooLarge { .. } => Some(Refused::HeadLarge),
            Self::Framing => Some(Refused::Framing),
            Self::UnsafePath => Some(Refused::Path),
            Self::Method => Some(Refused::Method),
            Self::TooOften { reason, .. } => Some(*reason),
            Self::Unencrypted => Some(Refused::Unencrypted),
            _ => None,
        }
    }

    /// Which portal failed, and how.
    pub fn portal_fault(&self) -> Option<(&PortalId, UpstreamFault)> {
        match self {
            Self::PortalFull { portal } => Some((portal, UpstreamFault::Full)),
            Self::PortalDown { portal, .. } => Some((portal, UpstreamFault::Connect)),
            Self::PortalForbidden { portal, .. } => Some((portal, UpstreamFault::Address)),
            Self::PortalInvalid { portal, .. } => Some((portal, UpstreamFault::Invalid)),
            Self::PortalSilent { portal, .. } => Some((portal, UpstreamFault::Silent)),
            Self::PortalPaused { portal, .. } => Some((portal, UpstreamFault::Paused)),
            Self::Loop { portal } => Some((portal, UpstreamFault::Loop)),
            _ => None,
        }
    }

    fn words(&self) -> Words<'_> {
        let words = |status, code, title, advice| Words { status, code, title, advice, ..Words::default() };
        match self {
            Self::NotLoaded => words(
                StatusCode::SERVICE_UNAVAILABLE,
                "routes.not_loaded",
                "Wir sind gleich da",
                "Der Dienst startet gerade. Bitte laden Sie die Seite in einigen Sekunden noch einmal.",
            ),
            Self::Host | Self::Target | Self::Framing => words(
                StatusCode::BAD_REQUEST,
                "request.malformed",
                "Die Anfrage war nicht verständlich",
                "Bitte rufen Sie die Startseite auf und suchen Sie dort noch einmal.",
            ),
            Self::UnsafePath => words(
                StatusCode::BAD_REQUEST,
                "request.path",
                "Diese Adresse ist nicht zulässig",
                "Bitte prüfen Sie, ob die Adresse vollständig und richtig ist, oder beginnen Sie auf der Startseite.",
            ),
            Self::TargetTooLong { .. } => words(
                StatusCode::URI_TOO_LONG,
                "request.target_too_long",
                "Die Adresse ist zu lang",
                "Bitte kürzen Sie Ihre Eingabe, oder beginnen Sie auf der Startseite.",
            ),
            Self::HeadTooLarge { .. } => words(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "request.head_too_large",
                "Die Anfrage ist zu groß",
                "Bitte löschen Sie die Cookies dieser Seite und versuchen Sie es noch einmal.",
            ),
            Self::Method => words(
                StatusCode::METHOD_NOT_ALLOWED,
                "request.method",
                "Diese Art der Anfrage ist nicht zulässig",
                "Bitte rufen Sie die Seite mit einem Browser auf.",
            ),
            Self::TooOften { .. } => words(
                StatusCode::TOO_MANY_REQUESTS,
                "request.too_often",
                "Von Ihrem Anschluss kommen gerade sehr viele Anfragen",
                "Bitte warten Sie einen Augenblick und laden Sie die Seite dann noch einmal. Wenn viele Menschen Ihren \
                 Internetanschluss teilen, kann das auch ohne Ihr Zutun geschehen.",
            ),
            Self::Unencrypted => words(
                StatusCode::FORBIDDEN,
                "request.unencrypted",
                "Diese Verbindung ist nicht verschlüsselt",
                "Bitte rufen Sie die Adresse noch einmal auf, und zwar mit https:// am Anfang.",
            ),
            Self::BodyTooLarge => words(
                StatusCode::PAYLOAD_TOO_LARGE,
                "request.too_large",
                "Die gesendeten Daten sind zu groß",
                "Bitte verkleinern Sie Ihre Anhänge und senden Sie das Formular noch einmal.",
            ),
            Self::BodyStalled => words(
                StatusCode::REQUEST_TIMEOUT,
                "request.stalled",
                "Die Übertragung hat zu lange gedauert",
                "Bitte prüfen Sie Ihre Internetverbindung und senden Sie das Formular noch einmal.",
            ),
            Self::BodyCut => words(
                StatusCode::BAD_REQUEST,
                "request.cut",
                "Die Übertragung ist abgebrochen",
                "Bitte prüfen Sie Ihre Internetverbindung und senden Sie das Formular noch einmal.",
            ),
            Self::PortalFull { .. } => words(
                StatusCode::SERVICE_UNAVAILABLE,
                "portal.full",
                "Gerade rufen sehr viele Menschen diese Seite auf",
                "Bitte versuchen Sie es in einer Minute noch einmal.",
            ),
            Self::PortalDown { .. } | Self::PortalForbidden { .. } => words(
                StatusCode::BAD_GATEWAY,
                "portal.down",
                "Die Seite der zuständigen Stelle ist gerade nicht erreichbar",
                "Bitte versuchen Sie es in einigen Minuten noch einmal. Es wurde nichts übermittelt.",
            ),
            Self::PortalInvalid { .. } => words(
                StatusCode::BAD_GATEWAY,
                "portal.invalid",
                "Die Seite der zuständigen Stelle hat einen Fehler",
                "Bitte versuchen Sie es später noch einmal. Wenn Sie etwas abgesendet haben, fragen Sie bitte nach, \
                 ob es angekommen ist.",
            ),
            Self::PortalSilent { .. } => words(
                StatusCode::GATEWAY_TIMEOUT,
                "portal.silent",
                "Die Seite der zuständigen Stelle antwortet nicht",
                "Bitte versuchen Sie es später noch einmal. Wenn Sie etwas abgesendet haben, fragen Sie bitte nach, \
                 ob es angekommen ist.",
            ),
            Self::PortalPaused { .. } => words(
                StatusCode::SERVICE_UNAVAILABLE,
                "portal.paused",
                "Die Seite der zuständigen Stelle ist gerade gestört",
                "Bitte versuchen Sie es in einigen Minuten noch einmal. Es wurde nichts übermittelt.",
            ),
            Self::Loop { .. } => words(
                StatusCode::LOOP_DETECTED,
                "portal.loop",
                "Die Seite der zuständigen Stelle ist falsch eingerichtet",
                "Daran können Sie nichts ändern; wir werden benachrichtigt. Bitte wenden Sie sich direkt an die \
                 zuständige Stelle.",
            ),
            Self::Maintenance { text, until, .. } => Words {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: "portal.maintenance",
                title: "Diese Seite wird gerade gewartet",
                advice: "Bitte kommen Sie danach wieder. Was Sie vorher abgesendet haben, ist davon nicht betroffen.",
                text: Some(text),
                until: Some(*until),
                ..Words::default()
            },
            Self::Gone { text, successor, .. } => Words {
                status: StatusCode::GONE,
                code: "portal.gone",
                title: "Diese Seite gibt es nicht mehr",
                advice: if successor.is_some() {
                    "Bitte gehen Sie zur neuen Seite und ändern Sie Ihr Lesezeichen, wenn Sie eines haben."
                } else {
                    "Bitte suchen Sie auf der Startseite, was Sie erledigen möchten."
                },
                text: text.as_deref(),
                successor: successor.as_deref(),
                ..Words::default()
            },
            Self::NotCached => words(
                StatusCode::GATEWAY_TIMEOUT,
                "cache.miss",
                "Diese Seite liegt gerade nicht vor",
                "Bitte laden Sie die Seite neu; dann wird sie bei der zuständigen Stelle geholt.",
            ),
            Self::Panic => words(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Bei uns ist ein Fehler aufgetreten",
                "Bitte versuchen Sie es noch einmal. Wenn es wieder geschieht, nennen Sie uns die Kennung unten.",
            ),
        }
    }

    fn retry_after(&self) -> Option<HeaderValue> {
        match self {
            Self::NotLoaded => Some(HeaderValue::from_static("5")),
            Self::Maintenance { seconds, .. } | Self::PortalPaused { seconds, .. } | Self::TooOften { seconds, .. } => {
                Some(HeaderValue::from(*seconds))
            }
            Self::PortalFull { .. } => Some(HeaderValue::from_static("10")),
            _ => None,
        }
    }

    /// The answer, as a page or as problem+json.
    pub fn respond(&self, context: &Context<'_>) -> Response<Body> {
        let words = self.words();
        let (kind, text) = if context.as_json {
            ("application/problem+json", page::problem(&words, context))
        } else {
            ("text/html; charset=utf-8", page::page(&words, context))
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = words.status;
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        fields.insert(header::VARY, HeaderValue::from_static("accept"));
        if let Some(seconds) = self.retry_after() {
            fields.insert(header::RETRY_AFTER, seconds);
        }
        if words.status == StatusCode::METHOD_NOT_ALLOWED {
            fields.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        }
        secure_headers(fields);
        response
    }
}

/// True when `path` and `Accept` say that a program asks: our API, or JSON and no HTML.
pub fn wants_json(path: &str, fields: &HeaderMap) -> bool {
    let accepts = |what: &str| {
        fields.get_all(header::ACCEPT).iter().any(|value| {
            let value = value.as_bytes().to_ascii_lowercase();
            value.windows(what.len()).any(|window| window == what.as_bytes())
        })
    };
    path.starts_with("/api/") || (accepts("json") && !accepts("html"))
}

/// Sets the security fields that every answer of ours has; what a page set by itself stays.
///
/// HSTS is not among them: it belongs to answers over TLS. Source: OWASP ASVS 5.0, 3.4; BSI TR-03172-1, A3.5.05.
pub fn secure_headers(fields: &mut HeaderMap) {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
        font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
    ] {
        fields.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Tells browsers to come by TLS alone for two years; for answers of ours over TLS. Source: RFC 6797.
pub fn by_tls_only(fields: &mut HeaderMap) {
    fields.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn text(response: Response<Body>) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_citizen_reads_a_page_with_the_number_to_call() {
        let failure = Failure::PortalSilent { portal: "stadt-bochum".parse().unwrap(), waited_ms: 30_000 };
        let context =
            Context { request_id: "ab12", portal: Some("Stadt <Bochum>"), phone: Some("0234 910-0"), as_json: false };
        let response = failure.respond(&context);
        assert_eq!(response.status(), 504);
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        assert!(response.headers().contains_key("content-security-policy"));
        let page = text(response).await;
        for part in ["lang=\"de\"", "href=\"tel:02349100\"", "0234 910-0", "ab12", "antwortet nicht"] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("<Bochum>") && !page.contains("<script") && !page.contains("30000"));
    }

    #[tokio::test]
    async fn a_program_reads_a_problem() {
        let failure = Failure::PortalFull { portal: "stadt-bochum".parse().unwrap() };
        let response = failure.respond(&Context { as_json: true, ..Context::default() });
        assert_eq!(response.headers()["retry-after"], "10");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&503.into(), &"portal.full".into()));
        assert!(problem["title"].is_string() && problem["detail"].is_string() && problem["type"].is_string());
    }

    #[tokio::test]
    async fn a_maintenance_says_when_it_is_over_and_what_is_gone_where_to_go() {
        let portal = || "stadt-bochum".parse().unwrap();
        let until = "2026-12-01T05:00:00Z".parse().unwrap();
        let failure = Failure::Maintenance { portal: portal(), text: "Wir <bauen> um.".into(), until, seconds: 90 };
        let context = Context { phone: Some("0234 910-0"), ..Context::default() };
        let response = failure.respond(&context);
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"90".parse().unwrap()));
        let page = text(response).await;
        for part in ["Wir &#60;bauen&#62; um.", "Dienstag, 1. Dezember 2026, 6:00 Uhr", "tel:02349100"] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        let response = failure.respond(&Context { as_json: true, ..context });
        let problem: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(problem["code"], "portal.maintenance");
        assert_eq!(problem["until"], "2026-12-01T05:00:00Z");
        assert_eq!(problem["phone"], "0234 910-0");
        assert!(problem["detail"].as_str().unwrap().starts_with("Wir <bauen> um. "), "{problem}");
        let gone = Failure::Gone { portal: portal(), text: None, successor: Some("/portal/neu?\"".into()) };
        let page = text(gone.respond(&Context::default())).await;
        assert!(page.contains("href=\"/portal/neu?&#34;\"") && page.contains("gibt es nicht mehr"), "{page}");
        let problem = text(gone.respond(&Context { as_json: true, ..Context::default() })).await;
        assert!(problem.contains("\"successor\":\"/portal/neu?\\\"\""), "{problem}");
    }

    #[test]
    fn json_is_for_programs() {
        let fields = |accept: &'static str| HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
        assert!(wants_json("/portal/x", &fields("application/json")));
        assert!(wants_json("/portal/x", &fields("application/problem+json, */*")));
        assert!(wants_json("/api/v1/search", &HeaderMap::new()));
        assert!(!wants_json("/portal/x", &fields("text/html, application/json;q=0.9")));
        assert!(!wants_json("/portal/x", &fields("*/*")));
        assert!(!wants_json("/portal/x", &HeaderMap::new()));
    }

    #[test]
    fn a_page_keeps_what_it_set_itself() {
        let mut fields = HeaderMap::new();
        fields.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        secure_headers(&mut fields);
        assert_eq!(fields[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(fields[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

//! What the interface says when it cannot answer: problem details as RFC 9457 writes them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderValue};
use indexer::catalog::CatalogError;
use serde::Serialize;
use utoipa::ToSchema;

use super::params::ParamError;

/// The kinds of problem; the closed set behind `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A parameter that does not exist.
    UnknownParameter,
    /// A parameter given more than once.
    RepeatedParameter,
    /// A parameter that is needed and not there.
    MissingParameter,
    /// A value of the wrong form.
    BadParameter,
    /// A place that we do not know.
    UnknownPlace,
    /// A Leistung that we do not know.
    UnknownLeistung,
    /// An address that does not exist.
    NotFound,
    /// A method other than GET, HEAD and OPTIONS.
    MethodNotAllowed,
    /// The catalog failed.
    CatalogFailed,
    /// No token, or none that is valid.
    Unauthenticated,
    /// A right that is missing.
    Forbidden,
    /// The registry failed.
    RegistryFailed,
    /// A run that another one or a pause stands in the way of, or that is not there to be released or undone.
    RunConflict,
    /// Runs are made by another process.
    NoRunsHere,
    /// A run could not be made.
    RunFailed,
    /// Something is asked for too often.
    TooManyRequests,
    /// A key that its host does not show.
    KeyRefused,
    /// An address that is not one of a registered site.
    ForeignAddress,
    /// A delivery where nobody can write.
    IntakeClosed,
    /// A delivery of a portal that is collected.
    PortalIsCollected,
    /// An idempotency key with another body.
    KeyReused,
    /// A delivery that is on its way already.
    OnItsWay,
    /// A body of another kind.
    UnsupportedMediaType,
    /// A full disk.
    NoRoom,
    /// A delivery that failed by our fault.
    IntakeFailed,
    /// A registration with parts that cannot be registered.
    InvalidRegistration,
    /// Something that does not go as things stand now.
    Conflict,
    /// Too much of it at a time.
    Busy,
}

impl Kind {
    /// All kinds.
    pub const ALL: &[Kind] = &[
        Kind::UnknownParameter,
        Kind::RepeatedParameter,
        Kind::MissingParameter,
        Kind::BadParameter,
        Kind::UnknownPlace,
        Kind::UnknownLeistung,
        Kind::NotFound,
        Kind::MethodNotAllowed,
        Kind::CatalogFailed,
        Kind::Unauthenticated,
        Kind::Forbidden,
        Kind::RegistryFailed,
        Kind::RunConflict,
        Kind::NoRunsHere,
        Kind::RunFailed,
        Kind::TooManyRequests,
        Kind::KeyRefused,
        Kind::ForeignAddress,
        Kind::IntakeClosed,
        Kind::PortalIsCollected,
        Kind::KeyReused,
        Kind::OnItsWay,
        Kind::UnsupportedMediaType,
        Kind::NoRoom,
        Kind::IntakeFailed,
        Kind::InvalidRegistration,
        Kind::Conflict,
        Kind::Busy,
    ];

    /// The word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownParameter => "unknown_parameter",
            Self::RepeatedParameter => "repeated_parameter",
            Self::MissingParameter => "missing_parameter",
            Self::BadParameter => "bad_parameter",
            Self::UnknownPlace => "unknown_place",
            Self::UnknownLeistung => "unknown_leistung",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::CatalogFailed => "catalog_failed",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::RegistryFailed => "registry_failed",
            Self::RunConflict => "run_conflict",
            Self::NoRunsHere => "no_runs_here",
            Self::RunFailed => "run_failed",
            Self::TooManyRequests => "too_many_requests",
            Self::KeyRefused => "key_refused",
            Self::ForeignAddress => "foreign_address",
            Self::IntakeClosed => "intake_closed",
            Self::PortalIsCollected => "portal_is_collected",
            Self::KeyReused => "idempotency_key_reused",
            Self::OnItsWay => "delivery_on_its_way",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::NoRoom => "no_room",
            Self::IntakeFailed => "intake_failed",
            Self::InvalidRegistration => "invalid_registration",
            Self::Conflict => "conflict",
            Self::Busy => "busy",
        }
    }

    /// The same for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::UnknownParameter => "Unknown parameter",
            Self::RepeatedParameter => "Repeated parameter",
            Self::MissingParameter => "Missing parameter",
            Self::BadParameter => "Bad parameter value",
            Self::UnknownPlace => "Unknown place",
            Self::UnknownLeistung => "Unknown Leistung",
            Self::NotFound => "No such resource",
            Self::MethodNotAllowed => "Method not allowed",
            Self::CatalogFailed => "The catalog cannot answer",
            Self::Unauthenticated => "No valid token",
            Self::Forbidden => "The right for this is missing",
            Self::RegistryFailed => "The registry cannot answer",
            Self::RunConflict => "Not possible at the moment",
            Self::NoRunsHere => "No runs in this process",
            Self::RunFailed => "The run could not be made",
            Self::TooManyRequests => "Asked for too often",
            Self::KeyRefused => "The host does not show the key",
            Self::ForeignAddress => "Not an address of a registered site",
            Self::IntakeClosed => "This process takes no deliveries",
            Self::PortalIsCollected => "The portal is collected",
            Self::KeyReused => "The Idempotency-Key was used",
            Self::OnItsWay => "The delivery is on its way",
            Self::UnsupportedMediaType => "Unsupported media type",
            Self::NoRoom => "No room on the disk",
            Self::IntakeFailed => "The delivery could not be taken",
            Self::InvalidRegistration => "Parts cannot be registered",
            Self::Conflict => "Not as things stand now",
            Self::Busy => "Too much at a time",
        }
    }

    /// The status it goes with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::UnknownParameter
            | Self::RepeatedParameter
            | Self::MissingParameter
            | Self::BadParameter
            | Self::UnknownPlace => StatusCode::BAD_REQUEST,
            Self::UnknownLeistung | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::ForeignAddress | Self::KeyReused | Self::InvalidRegistration => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Forbidden | Self::KeyRefused => StatusCode::FORBIDDEN,
            Self::PortalIsCollected | Self::OnItsWay | Self::Conflict | Self::RunConflict => StatusCode::CONFLICT,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
            Self::IntakeClosed | Self::Busy | Self::NoRunsHere => StatusCode::SERVICE_UNAVAILABLE,
            Self::CatalogFailed | Self::RegistryFailed | Self::IntakeFailed | Self::RunFailed => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

/// A problem as it is sent (RFC 9457, section 3.1; `code` and `parameter` are ours).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Address of the description of this kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong here, and what would be right.
    detail: String,
    /// The kind of problem, for programs.
    code: &'static str,
    /// The parameter at fault, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
}

impl Problem {
    /// A problem of a kind.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/api/v1/problems/{}", kind.code()),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: detail.into(),
            code: kind.code(),
            parameter: None,
        }
    }

    /// The same, with the parameter at fault.
    pub fn of(mut self, parameter: &str) -> Self {
        self.parameter = Some(parameter.to_owned());
        self
    }
}

impl From<ParamError> for Problem {
    fn from(error: ParamError) -> Self {
        let kind = match error {
            ParamError::Unknown { .. } => Kind::UnknownParameter,
            ParamError::Repeated { .. } => Kind::RepeatedParameter,
            ParamError::Missing { .. } => Kind::MissingParameter,
            ParamError::Bad { .. } => Kind::BadParameter,
        };
        Self::new(kind, error.to_string()).of(error.name())
    }
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Self {
        // The cause is for our log; it may name files.
        tracing::error!(error = %error, "the catalog cannot answer the interface");
        Self::new(Kind::CatalogFailed, "the catalog cannot answer at the moment; please try again later")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).expect("the status comes from `Kind::status`");
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Portalverbund.NRW\""));
        }
        response
    }
}

//! What the interface of registrations takes and gives; never the domain types.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::joining::registration::Stage;

/// A portal in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalShort {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// Its Gebiet (ARS).
    pub(super) gebiet: String,
    /// `registration` or `file`; a file counts before a registration.
    pub(super) source: &'static str,
    /// How far it is.
    pub(super) stage: Stage,
}

/// The portals of an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalList {
    /// By id.
    pub(super) portals: Vec<PortalShort>,
}

/// What is wanted of a registration. What is left out stays, or is proposed from the address for a new one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalWish {
    /// The one address, as `https://www.stadt.example/`; needed for a new portal.
    pub(super) address: Option<String>,
    /// The id; only for a new portal.
    pub(super) id: Option<String>,
    /// The name as citizens know it.
    pub(super) name: Option<String>,
    /// The Gebiet: an ARS, or the name of a place.
    pub(super) gebiet: Option<String>,
    /// How the data come.
    pub(super) connector: Option<ConnectorWish>,
    /// Hosts to which citizens may be handed over, beside that of the address.
    pub(super) hosts: Option<Vec<String>>,
    /// Whom citizens can ask; what is left out of it is removed.
    pub(super) contact: Option<ContactWish>,
}

/// How the data come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectorWish {
    /// `xzufi-index`, `web` or `push`.
    pub(super) kind: String,
    /// Where they are, for a kind that fetches.
    #[serde(default)]
    pub(super) url: Option<String>,
    /// Hours between two runs, 1 to 720; 24 when left out.
    #[serde(default)]
    pub(super) every_h: Option<u32>,
}

/// Whom citizens can ask.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactWish {
    /// Telephone number.
    #[serde(default)]
    pub(super) phone: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub(super) email: Option<String>,
    /// Page.
    #[serde(default)]
    pub(super) url: Option<String>,
}

/// A reason, for those who have to act on it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// At least one sign.
    pub(super) reason: String,
}

/// Which change set is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// Its number.
    pub(super) change: i64,
}

/// A portal as it is registered.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalRegistration {
    /// Its id.
    pub(super) id: String,
    /// How far it is.
    pub(super) stage: Stage,
    /// The one address.
    pub(super) address: Option<String>,
    /// What is worked on, with the keys of a portal's file.
    #[schema(value_type = Object)]
    pub(super) draft: Value,
    /// What is served, in the same form; null before the release.
    #[schema(value_type = Option<Object>)]
    pub(super) live: Option<Value>,
    /// Why it was refused or suspended.
    pub(super) reason: Option<String>,
    /// What shows that the host is theirs; null where the operator vouched for it.
    pub(super) proof: Option<ProofState>,
    /// Whether the draft was rehearsed well as it is now.
    pub(super) rehearsed: bool,
}

/// What has to stand where, and whether it does.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProofState {
    /// The host.
    pub(super) host: String,
    /// Whether it was found and is still there.
    pub(super) proven: bool,
    /// Where it was found last: `dns`, `file` or `meta`.
    pub(super) place: Option<&'static str>,
    /// When somebody last looked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) checked: Option<Timestamp>,
    /// Since when it is not found any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) lost: Option<Timestamp>,
    /// The name of the TXT record.
    pub(super) txt_name: String,
    /// The address of the file.
    pub(super) file: String,
    /// The text of the record or of the file.
    pub(super) text: String,
    /// The element for the head of the page of the address.
    pub(super) element: String,
}

/// What a step did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepDone {
    /// Number of the change set; null in a dry run, or when nothing changed.
    pub(super) change: Option<i64>,
    /// How far the portal is now; null when it is gone.
    pub(super) stage: Option<Stage>,
    /// The parts that changed.
    pub(super) changed: Vec<Part>,
}

/// A part that changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Part {
    /// Its path, as `live.name`.
    pub(super) path: String,
    /// What it was; null for nothing.
    #[schema(value_type = Object)]
    pub(super) before: Value,
    /// What it is; null for nothing.
    #[schema(value_type = Object)]
    pub(super) after: Value,
}

/// What was found in the three places.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProofLook {
    /// Whether the host is proven now.
    pub(super) proven: bool,
    /// Of each place.
    pub(super) places: Vec<PlaceLook>,
}

/// What was found in one place.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceLook {
    /// `dns`, `file` or `meta`.
    pub(super) place: &'static str,
    /// `token`, `other`, `nothing`, `elsewhere`, `status` or `silent`.
    pub(super) found: &'static str,
    /// Which status, or where to.
    pub(super) detail: Option<String>,
}

/// Where a rehearsal stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct RehearsalState {
    /// `none`, `running`, `done` or `failed`.
    pub(super) state: &'static str,
    /// Whether the draft as it is now could go live.
    pub(super) good: bool,
    /// Objects that would go live.
    pub(super) records: Option<u64>,
    /// Objects that would not be taken.
    pub(super) refused: Option<u64>,
    /// What is wrong, at most a hundred sentences in German.
    pub(super) findings: Vec<String>,
    /// The page that shows it.
    pub(super) preview: Option<String>,
}

/// Change sets of a portal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeList {
    /// The last first, at most a hundred.
    pub(super) changes: Vec<ChangeShort>,
}

/// One change set.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeShort {
    /// Its number.
    pub(super) number: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: Timestamp,
    /// Who.
    pub(super) actor: String,
    /// Which step.
    pub(super) step: String,
    /// The change set that it took back.
    pub(super) undoes: Option<i64>,
    /// The change set that took it back.
    pub(super) undone_by: Option<i64>,
    /// The parts that it changed.
    pub(super) changed: Vec<Part>,
}

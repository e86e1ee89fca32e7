//! A registration and the steps that it can take.
//!
//! What is worked on (`portal`) and what is served (`live`) are kept apart: an edit of a portal that is live changes
//! nothing for citizens until it was proven, rehearsed and released again, but for what harms nobody. Whether the domain
//! is proven and whether the draft was rehearsed are facts beside the registration, never part of it, so that no undo
//! can bring back a proof.

use connectors::egress::Egress;
use connectors::registration::{AddressFault, AddressRule, Connector, ConnectorKind, HostPattern, Portal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use xxhash_rust::xxh3::xxh3_128;

/// A portal on its way into the Verbund, or in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// What is worked on.
    pub portal: Portal,
    /// The one address that was given, whose host has to be proven; none where the operator registered it from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Url>,
    /// What is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Portal>,
    /// How far it is.
    pub state: State,
}

/// How far a registration is, as far as people decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum State {
    /// It is worked on.
    Draft {},
    /// It waits for the operator.
    Submitted {
        /// Since when.
        at: Timestamp,
    },
    /// The operator wants something changed.
    Refused {
        /// When.
        at: Timestamp,
        /// What.
        reason: String,
    },
    /// It is live.
    Released {
        /// Since when.
        at: Timestamp,
    },
    /// No runs, no routes, no hand-over; what it delivered stays readable.
    Suspended {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// It left.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
}

/// How far a registration is, with the facts beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Its domain has to be proven.
    Draft,
    /// The domain is proven, a rehearsal comes next.
    Proven,
    /// What would go live can be looked at; it can be submitted.
    Rehearsed,
    /// It waits for the operator.
    Submitted,
    /// It is live.
    Released,
    /// It rests.
    Suspended,
    /// It left.
    Withdrawn,
}

impl Stage {
    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Proven => "proven",
            Self::Rehearsed => "rehearsed",
            Self::Submitted => "submitted",
            Self::Released => "released",
            Self::Suspended => "suspended",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What is known beside the registration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// The host of its address is proven.
    pub proven: bool,
    /// The draft as it is now was rehearsed, and the rehearsal was good.
    pub rehearsed: bool,
}

/// A step of a registration.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Another draft.
    Edit {
        /// It.
        portal: Box<Portal>,
        /// Its address.
        address: Url,
    },
    /// It is handed to the operator.
    Submit,
    /// It goes live.
    Release,
    /// The operator wants something changed.
    Refuse(String),
    /// It rests.
    Suspend(String),
    /// It is live again as it was.
    Resume,
    /// It leaves.
    Withdraw,
}

impl Step {
    /// Its stable name, as it stands in change sets and in the audit trail behind `portal.`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Edit { .. } => "edit",
            Self::Submit => "submit",
            Self::Release => "release",
            Self::Refuse(_) => "refuse",
            Self::Suspend(_) => "suspend",
            Self::Resume => "resume",
            Self::Withdraw => "withdraw",
        }
    }

    /// True for the steps that the operator alone takes; where portals are released at once, that one is everybody's.
    pub fn is_operators(&self, at_once: bool) -> bool {
        match self {
            Self::Release => !at_once,
            Self::Refuse(_) | Self::Suspend(_) | Self::Resume => true,
            Self::Edit { .. } | Self::Submit | Self::Withdraw => false,
        }
    }
}

/// Why a step cannot be taken now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepFault {
    /// First the domain has to be proven.
    #[error("the domain is not proven yet; prove it first")]
    NotProven,
    /// First it has to be rehearsed as it is now.
    #[error("it was not rehearsed as it is now; make a rehearsal first")]
    NotRehearsed,
    /// Not from here.
    #[error("a registration that is {stage} cannot take the step `{step}`")]
    NotNow {
        /// Which.
        step: &'static str,
        /// Where it is.
        stage: &'static str,
    },
    /// It needs a reason, for those who have to act on it.
    #[error("a reason is missing")]
    NoReason,
}

impl Registration {
    /// A new one.
    pub fn draft(portal: Portal, address: Url) -> Self {
        Self { portal, address: Some(address), live: None, state: State::Draft {} }
    }

    /// One that the operator brings in from a file: live, and vouched for.
    pub fn vouched(portal: Portal, now: Timestamp) -> Self {
        Self { live: Some(portal.clone()), portal, address: None, state: State::Released { at: now } }
    }

    /// How far it is.
    pub fn stage(&self, facts: Facts) -> Stage {
        match &self.state {
            State::Draft {} | State::Refused { .. } => match facts {
                Facts { proven: false, .. } => Stage::Draft,
                Facts { rehearsed: false, .. } => Stage::Proven,
                _ => Stage::Rehearsed,
            },
            State::Submitted { .. } => Stage::Submitted,
            State::Released { .. } => Stage::Released,
            State::Suspended { .. } => Stage::Suspended,
            State::Withdrawn { .. } => Stage::Withdrawn,
        }
    }

    /// What the Verbund serves of it: nothing before it was released and after it left. While it rests, its name and
    /// area alone, so that what it delivered still says whose it is.
    pub fn served(&self) -> Option<Portal> {
        let live = self.live.clone()?;
        match self.state {
            State::Withdrawn { .. } => None,
            State::Suspended { .. } => Some(Portal {
                hosts: Vec::new(),
                connector: Connector::Push {},
                routes: Vec::new(),
                responsible: None,
                maintenance: None,
                ..live
            }),
            _ => Some(live),
        }
    }

    /// The registration after `step`.
    pub fn after(&self, step: &Step, facts: Facts, now: Timestamp) -> Result<Self, StepFault> {
        let stage = self.stage(facts);
        let not_now = || StepFault::NotNow { step: step.as_str(), stage: stage.as_str() };
        let reasoned = |reason: &String| {
            let reason = reason.trim();
            if reason.is_empty() { Err(StepFault::NoReason) } else { Ok(reason.to_owned()) }
        };
        let mut next = self.clone();
        match step {
            Step::Edit { portal, address } => {
                let harmless = self.live.as_ref().is_some_and(|live| only_small(live, portal))
                    && self.portal == *self.live.as_ref().unwrap_or(portal)
                    && self.address.as_ref() == Some(address);
                next.portal = (**portal).clone();
                next.address = Some(address.clone());
                match self.state {
                    State::Suspended { .. } => return Err(not_now()),
                    State::Released { .. } if harmless => next.live = Some((**portal).clone()),
                    _ => next.state = State::Draft {},
                }
            }
            Step::Submit => {
                next.state = match stage {
                    Stage::Draft => return Err(StepFault::NotProven),
                    Stage::Proven => return Err(StepFault::NotRehearsed),
                    Stage::Rehearsed => State::Submitted { at: now },
                    _ => return Err(not_now()),
                };
            }
            Step::Release => {
                match stage {
                    Stage::Submitted if !facts.proven => return Err(StepFault::NotProven),
                    Stage::Submitted if !facts.rehearsed => return Err(StepFault::NotRehearsed),
                    Stage::Submitted => {}
                    _ => return Err(not_now()),
                }
                next.live = Some(self.portal.clone());
                next.state = State::Released { at: now };
            }
            Step::Refuse(reason) => {
                if stage != Stage::Submitted {
                    return Err(not_now());
                }
                next.state = State::Refused { at: now, reason: reasoned(reason)? };
            }
            Step::Suspend(reason) => {
                if self.live.is_none() || matches!(stage, Stage::Suspended | Stage::Withdrawn) {
                    return Err(not_now());
                }
                next.state = State::Suspended { at: now, reason: reasoned(reason)? };
            }
            Step::Resume => {
                if stage != Stage::Suspended {
                    return Err(not_now());
                }
                next.state = State::Released { at: now };
            }
            Step::Withdraw => {
                if stage == Stage::Withdrawn {
                    return Err(not_now());
                }
                next.state = State::Withdrawn { at: now };
            }
        }
        Ok(next)
    }

    /// A digest of what a rehearsal depends on: the draft.
    pub fn fingerprint(&self) -> String {
        let text = serde_json::to_string(&self.portal).expect("a portal holds only what JSON can hold");
        format!("{:032x}", xxh3_128(text.as_bytes()))
    }

    /// The host that has to be proven.
    pub fn host(&self) -> Option<&str> {
        self.address.as_ref().and_then(Url::host_str)
    }
}

/// True when two portals differ in nothing but whom citizens can ask and how often we come.
pub(super) fn only_small(live: &Portal, next: &Portal) -> bool {
    let same_place = match (&live.connector, &next.connector) {
        (Connector::XzufiIndex { url: old, .. }, Connector::XzufiIndex { url: new, .. }) => old == new,
        (Connector::Web { url: old, sitemap: old_list, .. }, Connector::Web { url: new, sitemap: new_list, .. }) => {
            (old, old_list) == (new, new_list)
        }
        (old, new) => old == new,
    };
    let connector = next.connector.clone();
    same_place && Portal { contact: next.contact.clone(), connector, ..live.clone() } == *next
}

/// What is wrong with one part of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// Which field of the form, which is the name in the interface as well.
    pub field: &'static str,
    /// What.
    pub fault: PartFault,
}

/// What may be wrong with a part of a registration that came from outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartFault {
    /// An address.
    #[error(transparent)]
    Address(#[from] AddressFault),
    /// A kind of connector that the operator alone registers, because it reads files of this machine.
    #[error("connectors of kind `{0}` are registered by the operator")]
    Connector(&'static str),
    /// The deliveries lie on a host that is not the proven one.
    #[error("`{0}` is not on the host of the address, expected an address there")]
    OtherHost(String),
    /// A host that citizens may not be handed over to.
    #[error("`{0}` cannot be registered, expected the name of a public host, or `*.` before the own one")]
    Host(String),
    /// Something that the operator alone writes.
    #[error("this is registered by the operator")]
    Operators,
    /// Nothing was given.
    #[error("it is missing")]
    Missing,
    /// More than so many characters.
    #[error("it has more than {0} characters")]
    TooLong(usize),
    /// Control characters in it.
    #[error("expected one line of plain text")]
    NotPlain,
    /// No id.
    #[error("`{0}` is no portal id, expected 1 to 63 of a-z, 0-9 and `-`, beginning with a letter")]
    Id(String),
    /// An id that belongs to somebody.
    #[error("the id `{0}` is taken; choose another one")]
    Taken(String),
    /// A place that nobody knows.
    #[error("no place `{0}` is known, expected a name or an ARS of Nordrhein-Westfalen")]
    UnknownPlace(String),
    /// A name of several places.
    #[error("several places are called so, expected an ARS: {}", .0.join(", "))]
    SeveralPlaces(Vec<String>),
    /// No kind of connector.
    #[error("`{0}` is no kind of connector, expected `xzufi-index`, `web` or `push`")]
    Kind(String),
    /// No time between two runs.
    #[error("expected a whole number of hours from 1 to 720")]
    Interval,
    /// No e-mail address.
    #[error("`{0}` is no e-mail address")]
    Email(String),
    /// No telephone number.
    #[error("`{0}` is no telephone number")]
    Phone(String),
}

/// Checks what somebody registers from outside: addresses as `rule` says, everything on the proven host or, for hosts to
/// hand over to, of a public name; nothing that reads files of ours or answers in our name.
pub fn from_outside(portal: &Portal, address: &Url, rule: &AddressRule) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    let mut wrong = |field, fault| faults.push(FieldFault { field, fault });
    if let Err(fault) = rule.check(address) {
        wrong("address", fault.into());
    }
    match &portal.connector {
        Connector::XzufiFolder { .. } => wrong("connector", PartFault::Connector(ConnectorKind::XzufiFolder.name())),
        Connector::Bereitstelldienst { .. } => {
            wrong("connector", PartFault::Connector(ConnectorKind::Bereitstelldienst.name()));
        }
        _ => {}
    }
    if let Some(url) = portal.connector.url() {
        match rule.check(url) {
            Err(fault) => wrong("source", fault.into()),
            Ok(()) if !is_within(url.host_str(), address.host_str()) => {
                wrong("source", PartFault::OtherHost(url.to_string()));
            }
            Ok(()) => {}
        }
    }
    for pattern in &portal.hosts {
        if !may_hand_over(pattern, address, &rule.egress) {
            wrong("hosts", PartFault::Host(String::from(pattern.clone())));
        }
    }
    if !portal.routes.is_empty() || portal.responsible.is_some() || portal.maintenance.is_some() {
        wrong("routes", PartFault::Operators);
    }
    faults
}

/// The host itself or below it.
fn is_within(host: Option<&str>, proven: Option<&str>) -> bool {
    let (Some(host), Some(proven)) = (host, proven) else { return false };
    host == proven || host.strip_suffix(proven).is_some_and(|before| before.ends_with('.'))
}

fn may_hand_over(pattern: &HostPattern, address: &Url, egress: &Egress) -> bool {
    let text = String::from(pattern.clone());
    match text.strip_prefix("*.") {
        // Whoever proved a host speaks for what lies below it; a whole domain of others is nobody's to give.
        Some(below) => is_within(Some(below), address.host_str()),
        None => Url::parse(&format!("https://{text}/"))
            .is_ok_and(|url| matches!(url.host(), Some(url::Host::Domain(_))) && egress.check_url(&url).is_ok()),
    }
}

#[cfg(test)]
mod tests;

//! Who asks, and what they may: from the session of a browser on pages, from a token in the interface.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use config::clock;
use connectors::ids::PortalId;
use http::header::{self, HeaderMap};
use http::request::Parts;
use http::{Method, Uri};
use jiff::Timestamp;

use super::desk::Desk;
use super::refusal::Denied;
use super::secrets::{self, TOKEN_PREFIX};
use super::store::{Registry, RegistryError};
use crate::server::Sender;

/// What somebody is in the Verbund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Keeps portals on which rights were granted.
    Editor,
    /// Serves many portals: what an editor is, and brings portals of its own.
    Provider,
    /// Runs the Verbund and may do everything.
    Operator,
}

impl Role {
    /// All roles, the smallest first.
    pub const ALL: [Self; 3] = [Self::Editor, Self::Provider, Self::Operator];

    /// The word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Editor => "editor",
            Self::Provider => "provider",
            Self::Operator => "operator",
        }
    }

    /// The word on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Editor => "Redaktion",
            Self::Provider => "Anbieter",
            Self::Operator => "Betrieb",
        }
    }

    /// The role of this code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

/// What somebody may do with one portal; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// See what was taken from it and what is wrong with it.
    Read,
    /// Deliver to it.
    Deliver,
    /// Change its registration and undo changes.
    Manage,
}

impl Right {
    /// All rights, the smallest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Deliver, Self::Manage];

    /// The word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Deliver => "deliver",
            Self::Manage => "manage",
        }
    }

    /// The word on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Read => "Lesen",
            Self::Deliver => "Liefern",
            Self::Manage => "Verwalten",
        }
    }

    /// The right of this code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.code() == code)
    }
}

/// How somebody came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    /// In a browser; the hash of the session's secret, and the word that its forms carry.
    Session { hash: String, csrf: String },
    /// By a token, which bounds what its account may.
    Token { name: String, right: Right, portals: Option<BTreeSet<PortalId>> },
    /// By the command line of the machine.
    CommandLine,
    /// Nobody in person: what the program does by itself, or what happens before somebody is signed in.
    Nobody,
}

/// Somebody who is signed in, with what they may.
///
/// As an extractor: from the session cookie on pages, from `Authorization: Bearer` below `/api`.
#[derive(Debug, Clone)]
pub struct Who {
    /// Number of the account; 0 for none.
    pub account: i64,
    /// Name of the account.
    pub name: String,
    /// What they are.
    pub role: Role,
    pub(super) rights: BTreeMap<PortalId, Right>,
    pub(super) by: By,
    /// The network of the client, shortened.
    pub(super) network: Option<String>,
}

impl Who {
    /// Who works on the command line of the machine; may do everything.
    pub fn command_line() -> Self {
        Self::without_account("Kommandozeile", Role::Operator, By::CommandLine)
    }

    /// The program itself, for what it does unasked; `part` names which part of it. May do nothing.
    pub fn program(part: &str) -> Self {
        Self::without_account(part, Role::Editor, By::Nobody)
    }

    fn without_account(name: &str, role: Role, by: By) -> Self {
        Self { account: 0, name: name.to_owned(), role, rights: BTreeMap::new(), by, network: None }
    }

    /// Whether they may do this with the portal. Where not even [`Right::Read`] holds, the portal does not exist for
    /// them, and the answer is 404: see [`Who::must`].
    pub fn may(&self, right: Right, portal: &PortalId) -> bool {
        let by_account = match self.role {
            Role::Operator => Some(Right::Manage),
            _ => self.rights.get(portal).copied(),
        };
        let by_token = match &self.by {
            By::Token { portals: Some(portals), .. } if !portals.contains(portal) => None,
            By::Token { right, .. } => Some(*right),
            _ => Some(Right::Manage),
        };
        by_account.min(by_token).is_some_and(|held| held >= right)
    }

    /// The portals on which rights were granted to them; what a token bounds is asked by [`Who::may`].
    pub fn portals(&self) -> impl Iterator<Item = PortalId> {
        self.rights.keys().cloned()
    }

    /// Nothing when they may; else what the answer is: there is no such portal, or they may not do this with it.
    pub fn must(&self, right: Right, portal: &PortalId) -> Result<(), Denied> {
        if self.may(right, portal) {
            Ok(())
        } else if self.may(Right::Read, portal) {
            Err(Denied::NotThis)
        } else {
            Err(Denied::NoSuch)
        }
    }

    /// Whether they run the Verbund. A token does so only when it is bounded neither to portals nor in its right.
    pub fn is_operator(&self) -> bool {
        let whole = match &self.by {
            By::Token { right, portals, .. } => *right == Right::Manage && portals.is_none(),
            By::Session { .. } | By::CommandLine => true,
            By::Nobody => false,
        };
        whole && self.role == Role::Operator
    }

    /// Nothing when they may register portals: a token that is bounded to portals, or in its right, begins no new one.
    pub fn must_register(&self) -> Result<(), Denied> {
        match &self.by {
            By::Token { right: Right::Manage, portals: None, .. } | By::Session { .. } | By::CommandLine => Ok(()),
            By::Token { .. } | By::Nobody => Err(Denied::NotThis),
        }
    }

    /// Nothing when they run the Verbund.
    pub fn must_operate(&self) -> Result<(), Denied> {
        if self.is_operator() { Ok(()) } else { Err(Denied::NotThis) }
    }

    /// The word that every form of their session carries in its field `csrf`; empty without a session.
    pub fn csrf(&self) -> &str {
        match &self.by {
            By::Session { csrf, .. } => csrf,
            _ => "",
        }
    }

    /// Whether `sent` is that word; for forms that [`super::Form`] cannot read, such as those with files.
    pub fn csrf_is(&self, sent: &str) -> bool {
        let own = self.csrf();
        !own.is_empty() && secrets::same(own, sent)
    }

    /// The hash of their session.
    pub(super) fn session(&self) -> Option<&str> {
        match &self.by {
            By::Session { hash, .. } => Some(hash),
            _ => None,
        }
    }

    /// How they came in, for the audit trail.
    pub(super) fn via(&self) -> String {
        match &self.by {
            By::Session { .. } => "session".into(),
            By::Token { name, .. } => format!("token {name}"),
            By::CommandLine => "command line".into(),
            By::Nobody => "none".into(),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// On which side of the house a request came in; put into its extensions by the routers of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Pages,
    Interface,
}

impl FromRequestParts<Desk> for Who {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Denied> {
        let found = <Self as OptionalFromRequestParts<Desk>>::from_request_parts(parts, desk).await?;
        found.ok_or_else(|| match side(parts) {
            Side::Interface => Denied::NoToken,
            Side::Pages => Denied::SignIn { back: (parts.method == Method::GET).then(|| back(&parts.uri)) },
        })
    }
}

impl OptionalFromRequestParts<Desk> for Who {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Option<Self>, Denied> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(Some(known.clone()));
        }
        let now = clock::now();
        let side = side(parts);
        let found = match side {
            Side::Interface => match bearer(&parts.headers) {
                None => Ok(None),
                Some(token) => desk.registry.by_token(token, now).await,
            },
            Side::Pages => match session_secret(&parts.headers, &desk.cookie) {
                None => Ok(None),
                Some(secret) => desk.registry.by_session(secret, &desk.sessions, now).await,
            },
        };
        Ok(found.map_err(|error| Denied::failed(error, side))?.map(|who| {
            let who = Self { network: client_network(parts), ..who };
            parts.extensions.insert(who.clone());
            who
        }))
    }
}

fn side(parts: &Parts) -> Side {
    parts.extensions.get().copied().unwrap_or(Side::Pages)
}

fn back(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string)
}

/// The network of the client that sent a request, as it may be kept: 24 bits of an IPv4, 48 of an IPv6 address.
fn client_network(parts: &Parts) -> Option<String> {
    parts.extensions.get::<Sender>().map(|sender| shortened(sender.0))
}

pub(super) fn shortened(address: IpAddr) -> String {
    let address = address.to_canonical();
    let length = if address.is_ipv4() { 24 } else { 48 };
    match ipnet::IpNet::new(address, length) {
        Ok(network) => network.trunc().to_string(),
        Err(_) => unreachable!("24 and 48 bits fit their addresses"),
    }
}

/// The token of a request; none where there is none of ours, or more than one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(one), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = one.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && token.starts_with(TOKEN_PREFIX) && token.len() < 200).then_some(token)
}

/// The secret of a session in the cookie of this name.
pub(super) fn session_secret<'a>(headers: &'a HeaderMap, cookie: &str) -> Option<&'a str> {
    let pairs =
        headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
    let mut named = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == cookie);
    let (_, value) = named.next()?;
    (!value.is_empty() && value.len() < 2_000).then_some(value)
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct SessionTimes {
    /// Without a request.
    pub idle: jiff::SignedDuration,
    /// In any case.
    pub whole: jiff::SignedDuration,
}

impl SessionTimes {
    /// Whether a session of these times is over at `now`.
    pub(super) fn over(&self, created: Timestamp, seen: Timestamp, now: Timestamp) -> bool {
        now.duration_since(created) >= self.whole || now.duration_since(seen) >= self.idle
    }
}

impl Registry {
    /// Who holds this token; none when it is unknown or its time is over.
    pub(super) async fn by_token(&self, token: &str, now: Timestamp) -> Result<Option<Who>, RegistryError> {
        let Some(row) = self.token_by_hash(&secrets::hash(token)).await? else { return Ok(None) };
        if row.ends <= now {
            return Ok(None);
        }
        let Some((account, rights)) = self.account_with_rights(row.account).await? else { return Ok(None) };
        if account.locked {
            return Ok(None);
        }
        self.token_was_used(&row, now).await?;
        let by = By::Token { name: row.name, right: row.right, portals: row.portals };
        Ok(Some(Who { account: account.id, name: account.name, role: account.role, rights, by, network: None }))
    }

    /// Whose session this is; none when it is unknown or over.
    pub(super) async fn by_session(
        &self,
        secret: &str,
        times: &SessionTimes,
        now: Timestamp,
    ) -> Result<Option<Who>, RegistryError> {
        let Some(row) = self.session_by_hash(&secrets::hash(secret)).await? else { return Ok(None) };
        if times.over(row.created, row.seen, now) {
            return Ok(None);
        }
        let Some((account, rights)) = self.account_with_rights(row.account).await? else { return Ok(None) };
        if account.locked {
            return Ok(None);
        }
        self.session_was_seen(&row, now).await?;
        let by = By::Session { hash: row.hash, csrf: secrets::csrf(secret) };
        Ok(Some(Who { account: account.id, name: account.name, role: account.role, rights, by, network: None }))
    }
}

#[cfg(test)]
mod tests;

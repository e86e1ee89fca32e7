//! Tokens of the interface: made, listed and revoked by pages, programs and the command line alike.

use std::collections::BTreeSet;

use connectors::ids::PortalId;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::secrets;
use super::store::{NewToken, Registry, RegistryError};
use super::who::{By, Right, Who};

/// Days for which a token may be valid.
pub const TOKEN_DAYS: std::ops::RangeInclusive<i64> = 1..=365;
/// Tokens of one name and account that are valid at a time: the old one while its successor is put in place.
const AT_A_TIME: i64 = 2;

/// Why a token is not made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name cannot be one.
    #[error("a token needs a name of 1 to 64 signs without control characters")]
    Name,
    /// The time is none.
    #[error("a token is valid for {} to {} days", TOKEN_DAYS.start(), TOKEN_DAYS.end())]
    Days,
    /// A portal that is none for the account.
    #[error("the account has no right on a portal `{0}`")]
    Portal(String),
    /// More than the token may give that asks for it.
    #[error("a token makes only tokens that may no more than itself, in rights and portals")]
    Beyond,
    /// Two of this name are valid already.
    #[error("two tokens of this name are valid already; revoke one of them")]
    TooMany,
    /// There is none of this number.
    #[error("the account has no token {0}")]
    Unknown(i64),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// What somebody wants of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenWish {
    /// What it is called.
    pub name: String,
    /// The most that it may do.
    pub right: Right,
    /// The portals that it reaches; none for all of the account, also those that come later.
    pub portals: Option<BTreeSet<PortalId>>,
    /// For how many days it is valid.
    pub days: i64,
}

/// A token that was just made.
#[derive(Debug)]
pub struct MadeToken {
    /// Its number.
    pub id: i64,
    /// It itself: shown once, kept nowhere; none in a dry run.
    pub secret: Option<String>,
    /// When its time is over.
    pub ends: Timestamp,
}

impl Registry {
    /// Makes a token of `account`, as `who` wants it, who is the account itself or works on the command line.
    pub async fn make_token(
        &self,
        who: &Who,
        account: i64,
        wish: &TokenWish,
        dry_run: bool,
    ) -> Result<MadeToken, TokenError> {
        let name = wish.name.trim();
        if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
            return Err(TokenError::Name);
        }
        if !TOKEN_DAYS.contains(&wish.days) {
            return Err(TokenError::Days);
        }
        if let By::Token { right, portals, .. } = &who.by {
            let inside = match (portals, &wish.portals) {
                (Some(own), Some(wished)) => wished.is_subset(own),
                (Some(_), None) => false,
                (None, _) => true,
            };
            if wish.right > *right || !inside {
                return Err(TokenError::Beyond);
            }
        }
        if let Some(foreign) = wish.portals.iter().flatten().find(|portal| !who.may(Right::Read, portal)) {
            return Err(TokenError::Portal(foreign.to_string()));
        }
        let mut tx = self.begin().await?;
        if tx.valid_tokens(account, name).await? >= AT_A_TIME {
            return Err(TokenError::TooMany);
        }
        let secret = secrets::token().map_err(RegistryError::from)?;
        let ends = tx.now + SignedDuration::from_hours(24 * wish.days);
        let (right, portals) = (wish.right, wish.portals.clone());
        let new = NewToken { account, name: name.to_owned(), right, portals, ends };
        let id = tx.add_token(&new, &secrets::hash(&secret)).await?;
        let after = json!({
            "token": id, "account": account, "name": name, "right": right.code(), "portals": wish.portals,
            "until": ends.to_string(),
        });
        tx.audit(who, "token.add", None, None, Some(after)).await?;
        if !dry_run {
            tx.commit().await?;
        }
        Ok(MadeToken { id, secret: (!dry_run).then_some(secret), ends })
    }

    /// Ends a token of `account` at once.
    pub async fn revoke_token(&self, who: &Who, account: i64, id: i64) -> Result<(), TokenError> {
        let mut tx = self.begin().await?;
        if !tx.remove_token(account, id).await? {
            return Err(TokenError::Unknown(id));
        }
        tx.audit(who, "token.revoke", None, Some(json!({"token": id, "account": account})), None).await?;
        Ok(tx.commit().await?)
    }
}

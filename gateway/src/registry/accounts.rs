//! What is done with accounts, by pages, programs and the command line alike: each change with its audit entry.

use std::collections::BTreeMap;

use connectors::ids::PortalId;
use serde::Serialize;
use serde_json::{Value, json};

use super::passwords::{self, PASSWORD_SIGNS, PasswordError};
use super::signin;
use super::store::{Account, NewAccount, Registry, RegistryError, Tx};
use super::who::{Right, Role, Who};

/// Why an account is not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name cannot be one.
    #[error(
        "`{0}` is no name of an account: 2 to 64 of a-z, 0-9 and `.`, `-`, `_`, `@`, beginning with a letter or digit"
    )]
    Name(String),
    /// The password is too short, too long or no secret.
    #[error("the password needs {} to {} signs and must not be the name", PASSWORD_SIGNS.start(), PASSWORD_SIGNS.end())]
    Password,
    /// The password that was given as the present one is another.
    #[error("the present password is another one")]
    WrongPassword,
    /// The account signs in by OpenID Connect.
    #[error("the account has no password: it signs in by OpenID Connect")]
    NoPassword,
    /// There is no such account.
    #[error("there is no account `{0}`")]
    Unknown(String),
    /// Nobody would be left who may do this.
    #[error("this is the last account that runs the Verbund and is not locked; make another one before")]
    LastOperator,
    /// The hashing of passwords.
    #[error(transparent)]
    Hash(#[from] PasswordError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// What changes of an account; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// Its role.
    pub role: Option<Role>,
    /// Whether it is locked.
    pub locked: Option<bool>,
    /// Rights on portals; none takes one away.
    pub rights: BTreeMap<PortalId, Option<Right>>,
}

/// An account as it is shown before and after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Its name.
    pub account: String,
    /// Its role.
    pub role: &'static str,
    /// Whether it is locked.
    pub locked: bool,
    /// Its rights by portal.
    pub rights: BTreeMap<String, &'static str>,
}

/// A name as it is kept.
pub(super) fn account_name(text: &str) -> Result<String, AccountError> {
    let name = text.trim().to_lowercase();
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_@".contains(&byte));
    if first && plain && (2..=64).contains(&name.len()) { Ok(name) } else { Err(AccountError::Name(text.to_owned())) }
}

async fn password_hash(name: &str, password: &str) -> Result<String, AccountError> {
    if !PASSWORD_SIGNS.contains(&password.chars().count()) || password.trim().eq_ignore_ascii_case(name) {
        return Err(AccountError::Password);
    }
    Ok(passwords::hash(password).await?)
}

impl Registry {
    /// Makes an account that signs in by a password; gives its number.
    pub async fn make_account(&self, who: &Who, name: &str, role: Role, password: &str) -> Result<i64, AccountError> {
        let name = account_name(name)?;
        let password = Some(password_hash(&name, password).await?);
        let mut tx = self.begin().await?;
        let id = tx.add_account(&NewAccount { name: name.clone(), role, password, subject: None }).await?;
        let after = json!({"account": name, "role": role.code()});
        tx.audit(who, "account.add", None, None, Some(after)).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Changes role, lock and rights of an account. With `dry_run` nothing stays changed; what would be is told.
    pub async fn change_account(
        &self,
        who: &Who,
        id: i64,
        change: &AccountChange,
        reason: Option<&str>,
        dry_run: bool,
    ) -> Result<(Snapshot, Snapshot), AccountError> {
        let mut tx = self.begin().await?;
        let before = tx.snapshot(id).await?;
        if let Some(role) = change.role {
            tx.set_role(id, role).await?;
        }
        if let Some(locked) = change.locked {
            tx.set_locked(id, locked).await?;
        }
        for (portal, right) in &change.rights {
            tx.set_right(id, portal, *right).await?;
        }
        let after = tx.snapshot(id).await?;
        if before.runs_the_verbund() && tx.operators().await? == 0 {
            return Err(AccountError::LastOperator);
        }
        if before != after {
            // One entry for each portal, so that those who manage it see what happened to it.
            for (portal, right) in &change.rights {
                let was = before.rights.get(portal.as_str()).copied();
                if was != right.map(Right::code) {
                    let entry = |right: Option<&str>| Some(json!({"account": before.account, "right": right}));
                    let (was, is) = (entry(was), entry(right.map(Right::code)));
                    tx.audit_because(who, "account.right", Some(portal), was, is, reason).await?;
                }
            }
            if (before.role, before.locked) != (after.role, after.locked) {
                let (was, is) = (Some(before.without_rights()), Some(after.without_rights()));
                tx.audit_because(who, "account.change", None, was, is, reason).await?;
            }
        }
        if !dry_run {
            tx.commit().await?;
        }
        Ok((before, after))
    }

    /// Gives an account a new password and ends its sessions, all but the one in which that is done; also ends what
    /// failed sign-ins have barred. `present` is the old password, where somebody has to know it.
    pub async fn change_password(
        &self,
        who: &Who,
        account: &Account,
        present: Option<&str>,
        password: &str,
    ) -> Result<(), AccountError> {
        if account.password.is_none() {
            return Err(AccountError::NoPassword);
        }
        if let Some(present) = present
            && !passwords::is_right(present, account.password.as_deref()).await?
        {
            return Err(AccountError::WrongPassword);
        }
        let hash = password_hash(&account.name, password).await?;
        let mut tx = self.begin().await?;
        tx.set_password(account.id, Some(hash)).await?;
        tx.end_sessions(account.id, who.session()).await?;
        tx.forget_failures(&signin::mark_of_name(&account.name)).await?;
        tx.audit(who, "account.password", None, None, Some(json!({"account": account.name}))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lets an account try again at once that too many failed sign-ins have barred.
    pub async fn end_bar(&self, who: &Who, account: &Account) -> Result<(), AccountError> {
        let mut tx = self.begin().await?;
        tx.forget_failures(&signin::mark_of_name(&account.name)).await?;
        tx.audit(who, "account.end_bar", None, None, Some(json!({"account": account.name}))).await?;
        Ok(tx.commit().await?)
    }

    /// Removes an account with all that is its own.
    pub async fn drop_account(&self, who: &Who, id: i64) -> Result<(), AccountError> {
        let mut tx = self.begin().await?;
        let before = tx.snapshot(id).await?;
        tx.remove_account(id).await?;
        if before.runs_the_verbund() && tx.operators().await? == 0 {
            return Err(AccountError::LastOperator);
        }
        tx.audit(who, "account.remove", None, Some(before.value()), None).await?;
        Ok(tx.commit().await?)
    }
}

impl Snapshot {
    fn runs_the_verbund(&self) -> bool {
        self.role == Role::Operator.code() && !self.locked
    }

    fn value(&self) -> Value {
        json!(self)
    }

    fn without_rights(&self) -> Value {
        json!({"account": self.account, "role": self.role, "locked": self.locked})
    }
}

impl Tx {
    async fn snapshot(&mut self, id: i64) -> Result<Snapshot, AccountError> {
        let (account, rights) = self.account(id).await?.ok_or_else(|| AccountError::Unknown(id.to_string()))?;
        let rights = rights.into_iter().map(|(portal, right)| (portal.to_string(), right.code())).collect();
        Ok(Snapshot { account: account.name, role: account.role.code(), locked: account.locked, rights })
    }
}

#[cfg(test)]
mod tests;

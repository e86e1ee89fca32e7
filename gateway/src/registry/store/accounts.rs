//! Accounts and their rights.

use std::collections::BTreeMap;

use connectors::ids::PortalId;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Registry, RegistryError, Tx, some_time, time, unreadable};
use crate::registry::who::{Right, Role};

/// Somebody who can sign in, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number, never given twice.
    pub id: i64,
    /// Its name, one for each.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// The Argon2id hash of its password, where it has one.
    pub(in crate::registry) password: Option<String>,
    /// Issuer and subject, where it signs in by OpenID Connect.
    pub subject: Option<(String, String)>,
    /// Whether it may not sign in, whatever it knows.
    pub locked: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it last signed in.
    pub signed_in: Option<Timestamp>,
}

/// What a new account is made of.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// The Argon2id hash of its password.
    pub(in crate::registry) password: Option<String>,
    /// Issuer and subject.
    pub subject: Option<(String, String)>,
}

const COLUMNS: &str = "SELECT id, name, role, password, issuer, subject, locked, created, signed_in FROM account";

fn account(row: &AnyRow) -> Result<Account, RegistryError> {
    let (name, role): (String, String) = (row.try_get(1)?, row.try_get(2)?);
    let issuer: Option<String> = row.try_get(4)?;
    let subject: Option<String> = row.try_get(5)?;
    let locked: i64 = row.try_get(6)?;
    Ok(Account {
        id: row.try_get(0)?,
        role: Role::of(&role).ok_or_else(|| unreadable(format!("the account `{name}`"), format!("role `{role}`")))?,
        name,
        password: row.try_get(3)?,
        subject: issuer.zip(subject),
        locked: locked != 0,
        created: time(row.try_get(7)?)?,
        signed_in: some_time(row.try_get(8)?)?,
    })
}

fn right(row: &AnyRow, at: usize) -> Result<(PortalId, Right), RegistryError> {
    let (portal, level): (String, String) = (row.try_get(at)?, row.try_get(at + 1)?);
    let what = || format!("a right on `{portal}`");
    let id = portal.parse().map_err(|error| unreadable(what(), error))?;
    Ok((id, Right::of(&level).ok_or_else(|| unreadable(what(), format!("level `{level}`")))?))
}

impl Registry {
    /// All accounts, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>, RegistryError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY name")));
        rows.fetch_all(&self.readers).await?.iter().map(account).collect()
    }

    /// The account of this name.
    pub async fn account_named(&self, name: &str) -> Result<Option<Account>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE name = $1"))).bind(name.to_owned());
        row.fetch_optional(&self.readers).await?.as_ref().map(account).transpose()
    }

    /// The account of a subject of an issuer.
    pub async fn account_of_subject(&self, issuer: &str, subject: &str) -> Result<Option<Account>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE issuer = $1 AND subject = $2")));
        let row = row.bind(issuer.to_owned()).bind(subject.to_owned());
        row.fetch_optional(&self.readers).await?.as_ref().map(account).transpose()
    }

    /// An account with its rights.
    pub async fn account_with_rights(
        &self,
        id: i64,
    ) -> Result<Option<(Account, BTreeMap<PortalId, Right>)>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"))).bind(id);
        let Some(row) = row.fetch_optional(&self.readers).await? else { return Ok(None) };
        Ok(Some((account(&row)?, self.rights(id).await?)))
    }

    /// The rights of an account.
    pub async fn rights(&self, account: i64) -> Result<BTreeMap<PortalId, Right>, RegistryError> {
        let rows = sqlx::query("SELECT portal, level FROM account_right WHERE account = $1").bind(account);
        rows.fetch_all(&self.readers).await?.iter().map(|row| right(row, 0)).collect()
    }

    /// Who has which right on a portal, by name; operators have them all and are not among these.
    pub async fn rights_on(&self, portal: &PortalId) -> Result<Vec<(String, Right)>, RegistryError> {
        let rows = sqlx::query(
            "SELECT name, portal, level FROM account_right JOIN account ON account.id = account_right.account \
             WHERE portal = $1 ORDER BY name",
        );
        let rows = rows.bind(portal.as_str().to_owned()).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, right(row, 1)?.1))).collect()
    }
}

impl Tx {
    /// An account with its rights, as it is within these changes.
    pub(in crate::registry) async fn account(
        &mut self,
        id: i64,
    ) -> Result<Option<(Account, BTreeMap<PortalId, Right>)>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"))).bind(id);
        let Some(row) = row.fetch_optional(&mut *self.inner).await? else { return Ok(None) };
        let rows = sqlx::query("SELECT portal, level FROM account_right WHERE account = $1").bind(id);
        let rights =
            rows.fetch_all(&mut *self.inner).await?.iter().map(|row| right(row, 0)).collect::<Result<_, _>>()?;
        Ok(Some((account(&row)?, rights)))
    }

    /// Whether an account has this name.
    pub(in crate::registry) async fn name_is_taken(&mut self, name: &str) -> Result<bool, RegistryError> {
        let taken = sqlx::query("SELECT id FROM account WHERE name = $1").bind(name.to_owned());
        Ok(taken.fetch_optional(&mut *self.inner).await?.is_some())
    }

    /// Makes an account; gives its number.
    pub async fn add_account(&mut self, new: &NewAccount) -> Result<i64, RegistryError> {
        if self.name_is_taken(&new.name).await? {
            return Err(RegistryError::NameTaken(new.name.clone()));
        }
        let id = self.next("account").await?;
        let (issuer, subject) = new.subject.clone().unzip();
        let add = sqlx::query(
            "INSERT INTO account (id, name, role, password, issuer, subject, locked, created) \
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7)",
        );
        let add = add.bind(id).bind(new.name.clone()).bind(new.role.code().to_owned()).bind(new.password.clone());
        add.bind(issuer).bind(subject).bind(self.now.as_millisecond()).execute(&mut *self.inner).await?;
        Ok(id)
    }

    /// Gives an account a password, or takes it away.
    pub(in crate::registry) async fn set_password(
        &mut self,
        account: i64,
        hash: Option<String>,
    ) -> Result<(), RegistryError> {
        let set = sqlx::query("UPDATE account SET password = $1 WHERE id = $2").bind(hash).bind(account);
        set.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Lets an account sign in or not; one that is locked has no session any more.
    pub async fn set_locked(&mut self, account: i64, locked: bool) -> Result<(), RegistryError> {
        let set = sqlx::query("UPDATE account SET locked = $1 WHERE id = $2").bind(i64::from(locked)).bind(account);
        set.execute(&mut *self.inner).await?;
        if locked { self.end_sessions(account, None).await } else { Ok(()) }
    }

    /// Makes an account an operator, a provider or an editor.
    pub async fn set_role(&mut self, account: i64, role: Role) -> Result<(), RegistryError> {
        let set = sqlx::query("UPDATE account SET role = $1 WHERE id = $2").bind(role.code().to_owned());
        set.bind(account).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Gives an account a right on a portal, or takes it away.
    pub async fn set_right(
        &mut self,
        account: i64,
        portal: &PortalId,
        right: Option<Right>,
    ) -> Result<(), RegistryError> {
        let gone = sqlx::query("DELETE FROM account_right WHERE account = $1 AND portal = $2");
        gone.bind(account).bind(portal.as_str().to_owned()).execute(&mut *self.inner).await?;
        if let Some(right) = right {
            let add = sqlx::query("INSERT INTO account_right (account, portal, level) VALUES ($1, $2, $3)");
            let add = add.bind(account).bind(portal.as_str().to_owned()).bind(right.code().to_owned());
            add.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Removes an account with its rights, sessions and tokens; the audit trail keeps its name.
    pub async fn remove_account(&mut self, account: i64) -> Result<(), RegistryError> {
        for statement in [
            "DELETE FROM account_right WHERE account = $1",
            "DELETE FROM session WHERE account = $1",
            "DELETE FROM token WHERE account = $1",
            "DELETE FROM account WHERE id = $1",
        ] {
            sqlx::query(statement).bind(account).execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// How many accounts that are not locked run the Verbund.
    pub async fn operators(&mut self) -> Result<i64, RegistryError> {
        let count = sqlx::query("SELECT COUNT(*) FROM account WHERE role = 'operator' AND locked = 0");
        Ok(count.fetch_one(&mut *self.inner).await?.try_get(0)?)
    }
}

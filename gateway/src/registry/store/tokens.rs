//! Tokens of the interface.

use std::collections::BTreeSet;

use connectors::ids::PortalId;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::sessions::SEEN_EVERY;
use super::{Registry, RegistryError, Tx, some_time, time, unreadable};
use crate::registry::who::Right;

/// A token as it is kept: all but itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its number, never given twice.
    pub id: i64,
    /// Whose it is.
    pub account: i64,
    /// What its owner calls it.
    pub name: String,
    /// The most that it may do with a portal; its account may have less.
    pub right: Right,
    /// The portals that it reaches; none for all of its account.
    pub portals: Option<BTreeSet<PortalId>>,
    /// When it was made.
    pub created: Timestamp,
    /// When its time is over.
    pub ends: Timestamp,
    /// When it was last used, to the minute.
    pub used: Option<Timestamp>,
}

/// What a new token is made of.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose it is.
    pub account: i64,
    /// What its owner calls it.
    pub name: String,
    /// The most that it may do with a portal.
    pub right: Right,
    /// The portals that it reaches; none for all of its account.
    pub portals: Option<BTreeSet<PortalId>>,
    /// When its time is over.
    pub ends: Timestamp,
}

const COLUMNS: &str = "SELECT id, account, name, level, portals, created, ends, used FROM token";

fn token(row: &AnyRow) -> Result<TokenRow, RegistryError> {
    let (id, level): (i64, String) = (row.try_get(0)?, row.try_get(3)?);
    let portals: Option<String> = row.try_get(4)?;
    let what = || format!("the token {id}");
    let portals = portals.map(|portals| portals.split_whitespace().map(str::parse).collect::<Result<_, _>>());
    Ok(TokenRow {
        id,
        account: row.try_get(1)?,
        name: row.try_get(2)?,
        right: Right::of(&level).ok_or_else(|| unreadable(what(), format!("level `{level}`")))?,
        portals: portals.transpose().map_err(|error| unreadable(what(), error))?,
        created: time(row.try_get(5)?)?,
        ends: time(row.try_get(6)?)?,
        used: some_time(row.try_get(7)?)?,
    })
}

impl Registry {
    pub(in crate::registry) async fn token_by_hash(&self, hash: &str) -> Result<Option<TokenRow>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE hash = $1"))).bind(hash.to_owned());
        row.fetch_optional(&self.readers).await?.as_ref().map(token).transpose()
    }

    /// The tokens of an account, the newest first; those whose time is over are among them.
    pub async fn tokens(&self, account: i64) -> Result<Vec<TokenRow>, RegistryError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE account = $1 ORDER BY id DESC")));
        rows.bind(account).fetch_all(&self.readers).await?.iter().map(token).collect()
    }

    pub(in crate::registry) async fn token_was_used(
        &self,
        token: &TokenRow,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        if token.used.is_some_and(|used| now.duration_since(used) < SEEN_EVERY) {
            return Ok(());
        }
        let used = sqlx::query("UPDATE token SET used = $1 WHERE id = $2").bind(now.as_millisecond()).bind(token.id);
        used.execute(&self.writer).await?;
        Ok(())
    }
}

impl Tx {
    /// Keeps a token by its hash; gives its number.
    pub(in crate::registry) async fn add_token(&mut self, new: &NewToken, hash: &str) -> Result<i64, RegistryError> {
        let id = self.next("token").await?;
        let portals =
            new.portals.as_ref().map(|portals| portals.iter().map(PortalId::as_str).collect::<Vec<_>>().join(" "));
        let add = sqlx::query(
            "INSERT INTO token (id, account, name, hash, level, portals, created, ends) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        );
        let add = add.bind(id).bind(new.account).bind(new.name.clone()).bind(hash.to_owned());
        let add = add.bind(new.right.code().to_owned()).bind(portals);
        add.bind(self.now.as_millisecond()).bind(new.ends.as_millisecond()).execute(&mut *self.inner).await?;
        Ok(id)
    }

    /// How many tokens of this name an account has whose time is not over.
    pub(in crate::registry) async fn valid_tokens(&mut self, account: i64, name: &str) -> Result<i64, RegistryError> {
        let count = sqlx::query("SELECT COUNT(*) FROM token WHERE account = $1 AND name = $2 AND ends > $3");
        let count = count.bind(account).bind(name.to_owned()).bind(self.now.as_millisecond());
        Ok(count.fetch_one(&mut *self.inner).await?.try_get(0)?)
    }

    /// Removes a token of an account; false when there is none of this number.
    pub(in crate::registry) async fn remove_token(&mut self, account: i64, id: i64) -> Result<bool, RegistryError> {
        let gone = sqlx::query("DELETE FROM token WHERE id = $1 AND account = $2").bind(id).bind(account);
        Ok(gone.execute(&mut *self.inner).await?.rows_affected() > 0)
    }
}

//! Sessions of browsers.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Registry, RegistryError, Tx, time};

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of its secret.
    pub(in crate::registry) hash: String,
    /// Whose it is.
    pub account: i64,
    /// When somebody signed in.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub seen: Timestamp,
    /// From where it was opened, shortened.
    pub network: Option<String>,
}

/// How exact it is known when a session or a token was last used: each use within this time is not written.
pub(super) const SEEN_EVERY: SignedDuration = SignedDuration::from_secs(60);

const COLUMNS: &str = "SELECT hash, account, created, seen, network FROM session";

fn session(row: &AnyRow) -> Result<SessionRow, RegistryError> {
    Ok(SessionRow {
        hash: row.try_get(0)?,
        account: row.try_get(1)?,
        created: time(row.try_get(2)?)?,
        seen: time(row.try_get(3)?)?,
        network: row.try_get(4)?,
    })
}

impl Registry {
    pub(in crate::registry) async fn session_by_hash(&self, hash: &str) -> Result<Option<SessionRow>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE hash = $1"))).bind(hash.to_owned());
        row.fetch_optional(&self.readers).await?.as_ref().map(session).transpose()
    }

    /// The sessions of an account, the last used first; those that are over may be among them.
    pub async fn sessions(&self, account: i64) -> Result<Vec<SessionRow>, RegistryError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE account = $1 ORDER BY seen DESC")));
        rows.bind(account).fetch_all(&self.readers).await?.iter().map(session).collect()
    }

    pub(in crate::registry) async fn session_was_seen(
        &self,
        session: &SessionRow,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        if now.duration_since(session.seen) < SEEN_EVERY {
            return Ok(());
        }
        let seen = sqlx::query("UPDATE session SET seen = $1 WHERE hash = $2").bind(now.as_millisecond());
        seen.bind(session.hash.clone()).execute(&self.writer).await?;
        Ok(())
    }
}

impl Tx {
    /// Opens a session of an account, and forgets what began before `oldest`.
    pub(in crate::registry) async fn open_session(
        &mut self,
        hash: &str,
        account: i64,
        network: Option<String>,
        oldest: Timestamp,
    ) -> Result<(), RegistryError> {
        let over = sqlx::query("DELETE FROM session WHERE created < $1").bind(oldest.as_millisecond());
        over.execute(&mut *self.inner).await?;
        let now = self.now.as_millisecond();
        let add =
            sqlx::query("INSERT INTO session (hash, account, created, seen, network) VALUES ($1, $2, $3, $4, $5)");
        let add = add.bind(hash.to_owned()).bind(account).bind(now).bind(now).bind(network);
        add.execute(&mut *self.inner).await?;
        let mark = sqlx::query("UPDATE account SET signed_in = $1 WHERE id = $2").bind(now).bind(account);
        mark.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Ends one session.
    pub(in crate::registry) async fn end_session(&mut self, hash: &str) -> Result<(), RegistryError> {
        sqlx::query("DELETE FROM session WHERE hash = $1").bind(hash.to_owned()).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Ends the sessions of an account, all or all but one.
    pub(in crate::registry) async fn end_sessions(
        &mut self,
        account: i64,
        but: Option<&str>,
    ) -> Result<(), RegistryError> {
        let end = sqlx::query("DELETE FROM session WHERE account = $1 AND hash <> $2").bind(account);
        end.bind(but.unwrap_or_default().to_owned()).execute(&mut *self.inner).await?;
        Ok(())
    }
}

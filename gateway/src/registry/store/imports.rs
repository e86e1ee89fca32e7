//! What was handed in, what was answered, and what was said in the form.

use connectors::ids::PortalId;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Registry, RegistryError, Tx, time};
use crate::registry::who::Who;

/// Deliveries of one portal whose answers are kept at most.
const KEPT: i64 = 1_000;

/// One delivery that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Its number, never given twice.
    pub id: i64,
    /// Whose it is.
    pub portal: String,
    /// When it had come whole.
    pub at: Timestamp,
    /// Who handed it in.
    pub actor: String,
    /// The way it came.
    pub way: String,
    /// How it was read.
    pub format: String,
    /// Whether it was the whole stock.
    pub whole: bool,
    /// Whether it was only tried.
    pub trial: bool,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of it and of how it was to be taken, in hexadecimal digits.
    pub digest: String,
    /// The number of its run, where it changed the portal.
    pub run: Option<i64>,
    /// How it ended; none while it is on its way, and for good where the process ended meanwhile.
    pub outcome: Option<String>,
    /// The status that was answered.
    pub status: Option<u16>,
}

/// What is known of a delivery before it is applied.
#[derive(Debug, Clone)]
pub struct NewImport<'a> {
    /// Whose it is.
    pub portal: &'a PortalId,
    /// The way it came.
    pub way: &'static str,
    /// How it is read.
    pub format: &'static str,
    /// Whether it is the whole stock.
    pub whole: bool,
    /// Whether it is only tried.
    pub trial: bool,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of it and of how it is to be taken.
    pub digest: &'a str,
    /// The name that a program gave it.
    pub key: Option<&'a str>,
}

const COLUMNS: &str = "SELECT id, portal, at, actor, way, format, whole, trial, bytes, digest, run, outcome, status \
    FROM import";

fn import(row: &AnyRow) -> Result<ImportRow, RegistryError> {
    let status: Option<i64> = row.try_get(12)?;
    Ok(ImportRow {
        id: row.try_get(0)?,
        portal: row.try_get(1)?,
        at: time(row.try_get(2)?)?,
        actor: row.try_get(3)?,
        way: row.try_get(4)?,
        format: row.try_get(5)?,
        whole: row.try_get::<i64, _>(6)? != 0,
        trial: row.try_get::<i64, _>(7)? != 0,
        bytes: u64::try_from(row.try_get::<i64, _>(8)?).unwrap_or(0),
        digest: row.try_get(9)?,
        run: row.try_get(10)?,
        outcome: row.try_get(11)?,
        status: status.and_then(|status| u16::try_from(status).ok()),
    })
}

impl Registry {
    /// The deliveries of a portal with numbers below `before`, the newest first.
    pub async fn imports(
        &self,
        portal: &PortalId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<ImportRow>, RegistryError> {
        let text = format!("{COLUMNS} WHERE portal = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(portal.as_str().to_owned());
        let rows = rows.bind(before.unwrap_or(i64::MAX)).bind(limit).fetch_all(&self.readers).await?;
        rows.iter().map(import).collect()
    }

    /// The delivery of this number, if it is this portal's.
    pub async fn import(&self, portal: &PortalId, id: i64) -> Result<Option<ImportRow>, RegistryError> {
        let text = format!("{COLUMNS} WHERE portal = $1 AND id = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(portal.as_str().to_owned()).bind(id);
        row.fetch_optional(&self.readers).await?.as_ref().map(import).transpose()
    }

    /// The delivery of this key, if the portal has one.
    pub async fn import_of_key(&self, portal: &PortalId, key: &str) -> Result<Option<ImportRow>, RegistryError> {
        let text = format!("{COLUMNS} WHERE portal = $1 AND idempotency_key = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(portal.as_str().to_owned()).bind(key.to_owned());
        row.fetch_optional(&self.readers).await?.as_ref().map(import).transpose()
    }

    /// What was answered to a delivery, as JSON; none while it is on its way.
    pub async fn import_answer(&self, id: i64) -> Result<Option<String>, RegistryError> {
        let row = sqlx::query("SELECT answer FROM import WHERE id = $1").bind(id).fetch_optional(&self.readers).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.flatten())
    }

    /// What was said last in the form of a portal under this id, as JSON; none where it was taken away.
    pub async fn description(&self, portal: &PortalId, id: &str) -> Result<Option<String>, RegistryError> {
        let row =
            sqlx::query("SELECT body FROM description WHERE portal = $1 AND id = $2 ORDER BY import DESC LIMIT 1");
        let row = row.bind(portal.as_str().to_owned()).bind(id.to_owned()).fetch_optional(&self.readers).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.flatten())
    }

    /// All that was said in the form of a portal and holds, as ids and JSON.
    pub async fn descriptions(&self, portal: &PortalId) -> Result<Vec<(String, String)>, RegistryError> {
        let rows = sqlx::query(
            "SELECT d.id, d.body FROM description d WHERE d.portal = $1 AND d.body IS NOT NULL AND d.import = \
             (SELECT MAX(l.import) FROM description l WHERE l.portal = d.portal AND l.id = d.id) ORDER BY d.id",
        );
        let rows = rows.bind(portal.as_str().to_owned()).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}

impl Tx {
    /// Keeps what was said in the form with a delivery; none where that took it away.
    pub async fn keep_description(
        &mut self,
        portal: &PortalId,
        id: &str,
        import: i64,
        who: &Who,
        body: Option<&str>,
    ) -> Result<(), RegistryError> {
        sqlx::query("INSERT INTO description (portal, id, import, at, actor, body) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(portal.as_str().to_owned())
            .bind(id.to_owned())
            .bind(import)
            .bind(self.now.as_millisecond())
            .bind(who.name.clone())
            .bind(body.map(str::to_owned))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Forgets what was said with a delivery that was taken back, so that what was said before holds.
    pub async fn forget_descriptions_of(&mut self, portal: &PortalId, import: i64) -> Result<(), RegistryError> {
        sqlx::query("DELETE FROM description WHERE portal = $1 AND import = $2")
            .bind(portal.as_str().to_owned())
            .bind(import)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Notes that a delivery has come whole, and forgets those that are older than `oldest` or too many; its number.
    pub async fn begin_import(
        &mut self,
        who: &Who,
        new: &NewImport<'_>,
        oldest: Timestamp,
    ) -> Result<i64, RegistryError> {
        let id = self.next("import").await?;
        let portal = new.portal.as_str();
        sqlx::query(
            "DELETE FROM import WHERE portal = $1 AND (at < $2 OR id <= (SELECT id FROM import WHERE portal = $1 \
             ORDER BY id DESC LIMIT 1 OFFSET $3))",
        )
        .bind(portal.to_owned())
        .bind(oldest.as_millisecond())
        .bind(KEPT - 1)
        .execute(&mut *self.inner)
        .await?;
        sqlx::query(
            "INSERT INTO import (id, portal, at, actor, way, format, whole, trial, bytes, digest, idempotency_key) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(id)
        .bind(portal.to_owned())
        .bind(self.now.as_millisecond())
        .bind(who.name.clone())
        .bind(new.way)
        .bind(new.format)
        .bind(i64::from(new.whole))
        .bind(i64::from(new.trial))
        .bind(i64::try_from(new.bytes).unwrap_or(i64::MAX))
        .bind(new.digest.to_owned())
        .bind(new.key.map(str::to_owned))
        .execute(&mut *self.inner)
        .await?;
        Ok(id)
    }

    /// Notes how a delivery ended and what was answered.
    pub async fn end_import(
        &mut self,
        id: i64,
        run: Option<i64>,
        outcome: &str,
        status: u16,
        answer: &str,
    ) -> Result<(), RegistryError> {
        sqlx::query("UPDATE import SET run = $1, outcome = $2, status = $3, answer = $4 WHERE id = $5")
            .bind(run)
            .bind(outcome.to_owned())
            .bind(i64::from(status))
            .bind(answer.to_owned())
            .bind(id)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Forgets a delivery that could not even be tried, so that its key is free for the next attempt.
    pub async fn forget_import(&mut self, id: i64) -> Result<(), RegistryError> {
        sqlx::query("DELETE FROM import WHERE id = $1").bind(id).execute(&mut *self.inner).await?;
        Ok(())
    }
}

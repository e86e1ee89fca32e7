//! Failed sign-ins, counted by what was typed and by the client's network; neither stands there readable.

use jiff::Timestamp;
use sqlx::Row;

use super::{Registry, RegistryError, Tx, time};

/// The most marks that are kept; of more, those whose last failure is longest ago are forgotten.
const MAX_MARKS: i64 = 100_000;

impl Registry {
    /// Until when nobody may try under one of these marks; none when anybody may now.
    pub(in crate::registry) async fn barred_until(
        &self,
        marks: &[String],
        now: Timestamp,
    ) -> Result<Option<Timestamp>, RegistryError> {
        let mut latest = None;
        for mark in marks {
            let row = sqlx::query("SELECT barred_until FROM attempt WHERE mark = $1").bind(mark.clone());
            if let Some(row) = row.fetch_optional(&self.readers).await? {
                latest = latest.max(Some(time(row.try_get(0)?)?).filter(|until| *until > now));
            }
        }
        Ok(latest)
    }
}

impl Tx {
    /// One more failure under a mark, which begin anew after `forgotten` without one; gives how many there are.
    pub(in crate::registry) async fn count_failure(
        &mut self,
        mark: &str,
        forgotten: Timestamp,
    ) -> Result<i64, RegistryError> {
        let row = sqlx::query("SELECT failures, latest FROM attempt WHERE mark = $1").bind(mark.to_owned());
        let known = row.fetch_optional(&mut *self.inner).await?;
        let before = match &known {
            Some(row) if row.try_get::<i64, _>(1)? > forgotten.as_millisecond() => row.try_get(0)?,
            _ => 0_i64,
        };
        let change = if known.is_some() {
            "UPDATE attempt SET failures = $1, latest = $2 WHERE mark = $3"
        } else {
            "INSERT INTO attempt (failures, latest, mark, barred_until) VALUES ($1, $2, $3, 0)"
        };
        let change = sqlx::query(change).bind(before + 1).bind(self.now.as_millisecond()).bind(mark.to_owned());
        change.execute(&mut *self.inner).await?;
        let bound = sqlx::query(
            "DELETE FROM attempt WHERE latest < $1 OR latest < \
             (SELECT COALESCE(MIN(latest), 0) FROM (SELECT latest FROM attempt ORDER BY latest DESC LIMIT $2) newest)",
        );
        bound.bind(forgotten.as_millisecond()).bind(MAX_MARKS).execute(&mut *self.inner).await?;
        Ok(before + 1)
    }

    /// Lets nobody try under a mark until then.
    pub(in crate::registry) async fn bar(&mut self, mark: &str, until: Timestamp) -> Result<(), RegistryError> {
        let set = sqlx::query("UPDATE attempt SET barred_until = $1 WHERE mark = $2").bind(until.as_millisecond());
        set.bind(mark.to_owned()).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Forgets the failures under a mark.
    pub(in crate::registry) async fn forget_failures(&mut self, mark: &str) -> Result<(), RegistryError> {
        sqlx::query("DELETE FROM attempt WHERE mark = $1").bind(mark.to_owned()).execute(&mut *self.inner).await?;
        Ok(())
    }
}

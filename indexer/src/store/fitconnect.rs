//! What the Routing API of FIT-Connect was asked, and what it said.

use std::collections::HashMap;

use connectors::fitconnect::Routes;
use connectors::gebiet::Ars;
use connectors::ids::Leistungsschluessel;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row};

use super::read::placeholders;
use super::{Store, StoreError, kind_number};
use crate::record::Kind;

impl Store {
    /// Notes to ask for every Leistung that is offered online at `place`, and forgets those that no longer are.
    pub async fn note_routes(&self, place: &Ars, now: Timestamp) -> Result<(), StoreError> {
        let areas = place.candidates();
        let offered = |from: usize| {
            format!(
                "SELECT DISTINCT schluessel FROM angebot WHERE schluessel > 0 AND owner_kind = {} AND ars IN ({})",
                kind_number(Kind::Onlinedienst),
                placeholders(from, areas.len())
            )
        };
        let insert = format!(
            "INSERT INTO fit_route (ars, schluessel, due) SELECT $1, o.schluessel, $2 FROM ({}) o WHERE 1 = 1 \
             ON CONFLICT (ars, schluessel) DO NOTHING",
            offered(3)
        );
        let delete = format!("DELETE FROM fit_route WHERE ars = $1 AND schluessel NOT IN ({})", offered(2));
        let mut insert = sqlx::query(AssertSqlSafe(insert)).bind(place.as_str()).bind(now.as_millisecond());
        let mut delete = sqlx::query(AssertSqlSafe(delete)).bind(place.as_str());
        for area in &areas {
            insert = insert.bind(area.as_str());
            delete = delete.bind(area.as_str());
        }
        let mut transaction = self.writer().begin().await?;
        insert.execute(&mut *transaction).await?;
        delete.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What is to be asked next, the longest overdue first.
    pub async fn due_routes(&self, now: Timestamp, limit: i64) -> Result<Vec<(Leistungsschluessel, Ars)>, StoreError> {
        let rows = sqlx::query("SELECT schluessel, ars FROM fit_route WHERE due <= $1 ORDER BY due, ars LIMIT $2")
            .bind(now.as_millisecond())
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        let pair = |row: &sqlx::any::AnyRow| {
            Some((row.get::<i64, _>(0).to_string().parse().ok()?, row.get::<&str, _>(1).parse().ok()?))
        };
        Ok(rows.iter().filter_map(pair).collect())
    }

    /// Keeps an answer, none when there was none that says anything, and when to ask again.
    pub async fn keep_routes(
        &self,
        key: Leistungsschluessel,
        place: &Ars,
        said: Option<Routes>,
        due: Timestamp,
    ) -> Result<(), StoreError> {
        let set = if said.is_some() { "due = $3, addresses = $4, privacy = $5" } else { "due = $3" };
        let sql = format!("UPDATE fit_route SET {set} WHERE schluessel = $1 AND ars = $2");
        let mut query =
            sqlx::query(AssertSqlSafe(sql)).bind(key.number() as i64).bind(place.as_str()).bind(due.as_millisecond());
        if let Some(said) = said {
            query = query.bind(i64::try_from(said.addresses).unwrap_or(i64::MAX)).bind(i64::from(said.privacy));
        }
        query.execute(self.writer()).await?;
        Ok(())
    }

    /// What is known of the Leistungen at a place, by their keys.
    pub async fn routes(&self, place: &Ars) -> Result<HashMap<u64, Routes>, StoreError> {
        let rows =
            sqlx::query("SELECT schluessel, addresses, privacy FROM fit_route WHERE ars = $1 AND addresses >= 0")
                .bind(place.as_str())
                .fetch_all(&self.readers)
                .await?;
        let said = |row: &sqlx::any::AnyRow| {
            let addresses = row.get::<i64, _>(1) as u64;
            (row.get::<i64, _>(0) as u64, Routes { addresses, privacy: row.get::<i64, _>(2) != 0 })
        };
        Ok(rows.iter().map(said).collect())
    }
}

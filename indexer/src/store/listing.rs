//! What lists of all pages ask of the records: which Leistungen there are in a fixed order, where each has something of
//! its own, and whether anything of it has changed since the last time.

use connectors::gebiet::Ars;
use connectors::ids::{Identifikator, PortalId};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, kind_number, portal};
use crate::record::Kind;

/// Tells one state of a Leistung from another: how many records say something of it, and the change numbers of those.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trace {
    /// Records and offers, and the sum of what changes with them.
    pub sum: i64,
    /// The last change among them.
    pub last: i64,
}

/// Descriptions and overlays of a key.
const DESCRIBED: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(r.change_no), 0) AS BIGINT), COALESCE(MAX(r.change_no), 0) \
     FROM leistungsschluessel s CROSS JOIN record r WHERE s.schluessel = $1 AND r.portal = s.portal AND r.kind = $2 \
     AND r.agency = s.agency AND r.id = s.id";
const OVERLAID: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(r.change_no), 0) AS BIGINT), COALESCE(MAX(r.change_no), 0) \
     FROM leistungsschluessel s CROSS JOIN spezialisierung z CROSS JOIN record r WHERE s.schluessel = $1 \
     AND z.leistung_agency = s.agency AND z.leistung_id = s.id AND r.portal = z.portal AND r.kind = $2 \
     AND r.agency = z.agency AND r.id = z.id";
/// Offers of a key with their owners; the areas count too, as an offer may move without its owner.
const OFFERED: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(r.change_no + CAST(a.ars AS BIGINT)), 0) AS BIGINT), \
     COALESCE(MAX(r.change_no), 0) FROM angebot a CROSS JOIN record r WHERE a.schluessel = $1 AND r.kind = a.owner_kind \
     AND r.agency = a.owner_agency AND r.id = a.owner_id";

impl Store {
    /// The keys that any live Leistung has, after `after`, in order, the first `limit` of them.
    pub async fn keys_after(&self, after: u64, limit: i64) -> Result<Vec<u64>, StoreError> {
        let sql =
            "SELECT DISTINCT schluessel FROM leistungsschluessel WHERE schluessel > $1 ORDER BY schluessel LIMIT $2";
        let rows = sqlx::query(sql).bind(after as i64).bind(limit).fetch_all(&self.readers).await?;
        Ok(rows.iter().map(|row| row.get::<i64, _>(0) as u64).collect())
    }

    /// The live Leistungen without a valid key after `after`, in the order of agency and id, the first `limit` of them.
    pub async fn keyless_after(
        &self,
        after: Option<&Identifikator>,
        limit: i64,
    ) -> Result<Vec<Identifikator>, StoreError> {
        let (agency, id) = after.map_or(("", ""), |after| (after.agency.as_str(), after.text.as_str()));
        let rows = sqlx::query(
            "SELECT DISTINCT agency, id FROM leistungsschluessel WHERE schluessel = 0 \
             AND (agency > $1 OR (agency = $1 AND id > $2)) ORDER BY agency, id LIMIT $3",
        )
        .bind(agency)
        .bind(id)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.iter().map(identifikator).collect())
    }

    /// The state of everything that is said of a key.
    pub async fn trace_of_key(&self, key: u64) -> Result<Trace, StoreError> {
        let mut trace = Trace::default();
        for (sql, kind) in [(DESCRIBED, Kind::Leistung), (OVERLAID, Kind::Spezialisierung)] {
            let row = sqlx::query(sql).bind(key as i64).bind(kind_number(kind)).fetch_one(&self.readers).await?;
            trace.add(&row);
        }
        trace.add(&sqlx::query(OFFERED).bind(key as i64).fetch_one(&self.readers).await?);
        Ok(trace)
    }

    /// The live Leistungen that share a key with another one of the same agency, and of whose keys this is the lowest:
    /// no key leads to each of them.
    pub async fn crowded(&self, key: u64) -> Result<Vec<Identifikator>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT s.agency, s.id FROM leistungsschluessel s WHERE s.schluessel = $1 \
             AND NOT EXISTS (SELECT 1 FROM leistungsschluessel l WHERE l.portal = s.portal AND l.agency = s.agency \
             AND l.id = s.id AND l.schluessel > 0 AND l.schluessel < s.schluessel) \
             AND EXISTS (SELECT 1 FROM leistungsschluessel m CROSS JOIN leistungsschluessel o WHERE m.portal = s.portal \
             AND m.agency = s.agency AND m.id = s.id AND o.schluessel = m.schluessel AND o.agency = m.agency \
             AND o.id <> m.id) ORDER BY s.agency, s.id",
        )
        .bind(key as i64)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.iter().map(identifikator).collect())
    }

    /// The live Leistungen with a key, in the order of agency and id, the first `limit` of them.
    pub async fn ids_of_key(&self, key: u64, limit: i64) -> Result<Vec<Identifikator>, StoreError> {
        let sql =
            "SELECT DISTINCT agency, id FROM leistungsschluessel WHERE schluessel = $1 ORDER BY agency, id LIMIT $2";
        let rows = sqlx::query(sql).bind(key as i64).bind(limit).fetch_all(&self.readers).await?;
        Ok(rows.iter().map(identifikator).collect())
    }

    /// The areas in which something with this key is offered, and the portals that describe or overlay it.
    pub async fn whereabouts_of_key(&self, key: u64) -> Result<(Vec<Ars>, Vec<PortalId>), StoreError> {
        let areas = sqlx::query("SELECT DISTINCT ars FROM angebot WHERE schluessel = $1")
            .bind(key as i64)
            .fetch_all(&self.readers)
            .await?;
        let portals = sqlx::query(
            "SELECT portal FROM leistungsschluessel WHERE schluessel = $1 UNION SELECT z.portal FROM spezialisierung z, \
             leistungsschluessel s WHERE s.schluessel = $1 AND z.leistung_agency = s.agency AND z.leistung_id = s.id",
        )
        .bind(key as i64)
        .fetch_all(&self.readers)
        .await?;
        Ok((ars(&areas), portals.iter().map(|row| portal(row.get(0))).collect()))
    }

    /// The same for one Leistung by its id.
    pub async fn whereabouts_of_id(&self, id: &Identifikator) -> Result<(Vec<Ars>, Vec<PortalId>), StoreError> {
        let areas = sqlx::query("SELECT DISTINCT ars FROM angebot WHERE leistung_agency = $1 AND leistung_id = $2")
            .bind(&id.agency)
            .bind(&id.text)
            .fetch_all(&self.readers)
            .await?;
        let portals = sqlx::query(
            "SELECT portal FROM leistungsschluessel WHERE agency = $1 AND id = $2 UNION SELECT portal \
             FROM spezialisierung WHERE leistung_agency = $1 AND leistung_id = $2",
        )
        .bind(&id.agency)
        .bind(&id.text)
        .fetch_all(&self.readers)
        .await?;
        Ok((ars(&areas), portals.iter().map(|row| portal(row.get(0))).collect()))
    }

    /// True when there was a Leistung with this id and there is none any more.
    pub async fn is_gone(&self, id: &Identifikator) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*), COALESCE(SUM(deleted), 0) FROM record WHERE kind = $1 AND agency = $2 AND id = $3",
        )
        .bind(kind_number(Kind::Leistung))
        .bind(&id.agency)
        .bind(&id.text)
        .fetch_one(&self.readers)
        .await?;
        let (all, deleted) = (row.get::<i64, _>(0), row.get::<i64, _>(1));
        Ok(all > 0 && all == deleted)
    }
}

impl Trace {
    fn add(&mut self, row: &AnyRow) {
        let (count, sum): (i64, i64) = (row.get(0), row.get(1));
        // An odd factor, so that no sum of change numbers makes up for a record that is gone.
        self.sum = self.sum.wrapping_mul(1_000_003).wrapping_add(sum).wrapping_mul(31).wrapping_add(count);
        self.last = self.last.max(row.get(2));
    }
}

fn identifikator(row: &AnyRow) -> Identifikator {
    Identifikator::new(row.get::<&str, _>(0), row.get::<&str, _>(1))
}

fn ars(rows: &[AnyRow]) -> Vec<Ars> {
    rows.iter().filter_map(|row| row.get::<&str, _>(0).parse().ok()).collect()
}

//! What can be asked of the records.

use std::collections::{BTreeMap, HashMap};

use connectors::gebiet::Ars;
use connectors::ids::{Identifikator, Leistungsschluessel, PortalId};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row, any::AnyRow};

use super::{Store, StoreError, kind_number, kind_of, pairs, portal};
use crate::record::{Kind, Leistung, Object};

/// A live record.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Who delivered it.
    pub portal: PortalId,
    /// Its id.
    pub id: Identifikator,
    /// When its editors changed it.
    pub changed: Option<Timestamp>,
    /// What it is.
    pub object: Object,
}

/// A live record whose body has not been read yet: an answer needs few of the records that it asks for.
#[derive(Debug)]
pub struct Unread {
    /// Who delivered it.
    pub portal: PortalId,
    /// Its id.
    pub id: Identifikator,
    changed: Option<i64>,
    body: String,
}

impl Unread {
    /// The record.
    pub fn read(&self) -> Result<Stored, StoreError> {
        Ok(Stored {
            portal: self.portal.clone(),
            id: self.id.clone(),
            changed: self.changed.and_then(|at| Timestamp::from_millisecond(at).ok()),
            object: read_body(&self.id.to_string(), &self.body)?,
        })
    }
}

/// A Leistung that changed, for the index.
#[derive(Debug)]
pub struct Changed {
    /// The number of the change.
    pub change_no: i64,
    /// Who delivered it.
    pub portal: PortalId,
    /// Its id.
    pub id: Identifikator,
    /// The record; none when it is gone.
    pub stored: Option<Stored>,
    /// Where it is offered, by its Zustaendigkeiten; true where an Onlinedienst does.
    pub offered: Vec<(Ars, bool)>,
}

/// Somebody offers or is responsible for a Leistung in an area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Angebot {
    /// Where.
    pub ars: Ars,
    /// Which description the Zustaendigkeit names.
    pub leistung: (PortalId, Identifikator),
    /// Who says so.
    pub portal: PortalId,
    /// The kind of the owner.
    pub owner_kind: Kind,
    /// The owner.
    pub owner: Identifikator,
    /// 01, 02, 03 or none.
    pub rolle: Option<String>,
    /// The key by which it was found; 0 for none.
    pub schluessel: u64,
}

impl Store {
    /// The number of the last change.
    pub async fn change_no(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query("SELECT value FROM meta WHERE name = 'change_no'").fetch_one(&self.readers).await?.get(0))
    }

    /// The Leistungen that changed after `change_no`, the first `limit` of them, and where they are offered.
    pub async fn changed_since(&self, change_no: i64, limit: i64) -> Result<Vec<Changed>, StoreError> {
        let rows = sqlx::query(
            "SELECT portal, agency, id, changed, body, change_no, deleted FROM record \
             WHERE change_no > $1 AND kind = $2 ORDER BY change_no LIMIT $3",
        )
        .bind(change_no)
        .bind(kind_number(Kind::Leistung))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let mut changed = Vec::with_capacity(rows.len());
        for row in &rows {
            let stored = if row.get::<i64, _>(6) == 0 { Some(stored(row)?) } else { None };
            let id = Identifikator::new(row.get::<&str, _>(1), row.get::<&str, _>(2));
            let offered = match stored {
                Some(_) => self.offered(row.get(0), &id).await?,
                None => Vec::new(),
            };
            changed.push(Changed { change_no: row.get(5), portal: portal(row.get(0)), id, stored, offered });
        }
        Ok(changed)
    }

    /// How many Leistungen changed after `change_no`.
    pub async fn count_changed(&self, change_no: i64) -> Result<usize, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) FROM record WHERE change_no > $1 AND kind = $2")
            .bind(change_no)
            .bind(kind_number(Kind::Leistung))
            .fetch_one(&self.readers)
            .await?;
        Ok(row.get::<i64, _>(0) as usize)
    }

    /// The live Leistungen after `change_no`, the first `limit` of them, with their change numbers.
    pub async fn titles_since(&self, change_no: i64, limit: i64) -> Result<Vec<(i64, Leistung)>, StoreError> {
        let rows = sqlx::query(
            "SELECT change_no, body, agency, id FROM record WHERE change_no > $1 AND kind = $2 AND deleted = 0 \
             ORDER BY change_no LIMIT $3",
        )
        .bind(change_no)
        .bind(kind_number(Kind::Leistung))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Object::Leistung(leistung) = read_body(row.get(3), row.get(1))? {
                found.push((row.get(0), *leistung));
            }
        }
        Ok(found)
    }

    async fn offered(&self, portal: &str, id: &Identifikator) -> Result<Vec<(Ars, bool)>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT ars, owner_kind FROM angebot \
             WHERE leistung_agency = $1 AND leistung_id = $2 AND leistung_portal = $3 ORDER BY ars, owner_kind",
        )
        .bind(&id.agency)
        .bind(&id.text)
        .bind(portal)
        .fetch_all(&self.readers)
        .await?;
        let online = |row: &AnyRow| row.get::<i64, _>(1) == kind_number(Kind::Onlinedienst);
        Ok(rows.iter().filter_map(|row| Some((row.get::<&str, _>(0).parse().ok()?, online(row)))).collect())
    }

    /// The live Leistungen that have one of `keys`, in no order; one with several of them comes as often.
    pub async fn members(&self, keys: &[u64]) -> Result<Vec<Stored>, StoreError> {
        // A cross join keeps the order: few keys first, then one record each; SQLite would go through all records.
        let sql = format!(
            "SELECT r.portal, r.agency, r.id, r.changed, r.body FROM leistungsschluessel s CROSS JOIN record r \
             WHERE s.schluessel IN ({}) AND r.portal = s.portal AND r.kind = $1 AND r.agency = s.agency \
             AND r.id = s.id AND r.deleted = 0",
            placeholders(2, keys.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(kind_number(Kind::Leistung));
        for key in keys {
            query = query.bind(*key as i64);
        }
        query.fetch_all(&self.readers).await?.iter().map(stored).collect()
    }

    /// The live records of `kind` with this id, of every portal that delivered one, in the order of portal ids.
    pub async fn records(&self, kind: Kind, id: &Identifikator) -> Result<Vec<Stored>, StoreError> {
        let rows = self.record_rows("nested", kind, id).await?;
        let whole = |row: &AnyRow| {
            let mut stored = stored(row)?;
            if let (Some(place), false) = (stored.object.nested_mut(), row.get::<&str, _>(5).is_empty()) {
                *place = read_json(&stored.id.to_string(), row.get(5))?;
            }
            Ok(stored)
        };
        rows.iter().map(whole).collect()
    }

    /// The live record of `kind` with this id that `portal` delivered, else another portal's; without the
    /// Zustaendigkeiten that were delivered inside it, which are asked for as offers.
    pub async fn record(
        &self,
        portal: &PortalId,
        kind: Kind,
        id: &Identifikator,
    ) -> Result<Option<Stored>, StoreError> {
        let rows = self.record_rows("''", kind, id).await?;
        let own = rows.iter().find(|row| row.get::<&str, _>(0) == portal.as_str());
        own.or(rows.first()).map(stored).transpose()
    }

    /// The live records of `kind` with one of `ids`, of every portal that delivered one, in the order of portal ids;
    /// without the Zustaendigkeiten that were delivered inside them. Each id is asked for once.
    pub async fn unread(&self, kind: Kind, ids: &[&Identifikator]) -> Result<Vec<Unread>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        // Engines bound how many values a statement may hold.
        for ids in ids.chunks(200) {
            let mut query = sqlx::query(AssertSqlSafe(pairs::unread(ids.len()))).bind(kind_number(kind));
            for id in ids {
                query = query.bind(id.agency.clone()).bind(id.text.clone());
            }
            found.extend(query.fetch_all(&self.readers).await?.iter().map(|row| Unread {
                portal: portal(row.get(0)),
                id: Identifikator::new(row.get::<&str, _>(1), row.get::<&str, _>(2)),
                changed: row.get(3),
                body: row.get(4),
            }));
        }
        Ok(found)
    }

    async fn record_rows(
        &self,
        nested: &'static str,
        kind: Kind,
        id: &Identifikator,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let sql = format!(
            "SELECT portal, agency, id, changed, body, {nested} FROM record \
             WHERE kind = $1 AND agency = $2 AND id = $3 AND deleted = 0 ORDER BY portal"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(kind_number(kind)).bind(&id.agency).bind(&id.text);
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// Who offers the Leistungen with one of `keys` in one of `areas`.
    pub async fn offers(&self, keys: &[u64], areas: &[Ars]) -> Result<Vec<Angebot>, StoreError> {
        if keys.is_empty() || areas.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT ars, leistung_portal, leistung_agency, leistung_id, portal, owner_kind, owner_agency, owner_id, \
             rolle, schluessel FROM angebot WHERE schluessel IN ({}) AND ars IN ({})",
            placeholders(1, keys.len()),
            placeholders(1 + keys.len(), areas.len()),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for key in keys {
            query = query.bind(*key as i64);
        }
        for area in areas {
            query = query.bind(area.as_str().to_owned());
        }
        query.fetch_all(&self.readers).await?.iter().map(angebot).collect()
    }

    /// Who offers the Leistung with this id in one of `areas`.
    pub async fn offers_of(&self, id: &Identifikator, areas: &[Ars]) -> Result<Vec<Angebot>, StoreError> {
        let sql = format!(
            "SELECT ars, leistung_portal, leistung_agency, leistung_id, portal, owner_kind, owner_agency, owner_id, \
             rolle, schluessel FROM angebot WHERE leistung_agency = $1 AND leistung_id = $2 AND ars IN ({})",
            placeholders(3, areas.len()),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(&id.agency).bind(&id.text);
        for area in areas {
            query = query.bind(area.as_str().to_owned());
        }
        query.fetch_all(&self.readers).await?.iter().map(angebot).collect()
    }

    /// The live overlays of a Leistung.
    pub async fn overlays(&self, id: &Identifikator) -> Result<Vec<Stored>, StoreError> {
        let rows = sqlx::query(
            "SELECT r.portal, r.agency, r.id, r.changed, r.body FROM spezialisierung s JOIN record r \
             ON r.portal = s.portal AND r.kind = $1 AND r.agency = s.agency AND r.id = s.id \
             WHERE s.leistung_agency = $2 AND s.leistung_id = $3 AND r.deleted = 0 ORDER BY r.portal, r.id",
        )
        .bind(kind_number(Kind::Spezialisierung))
        .bind(&id.agency)
        .bind(&id.text)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// How many live records of each kind a portal has.
    pub async fn counts(&self, portal: &PortalId) -> Result<HashMap<Kind, u64>, StoreError> {
        let rows = sqlx::query("SELECT kind, COUNT(*) FROM record WHERE portal = $1 AND deleted = 0 GROUP BY kind")
            .bind(portal.as_str())
            .fetch_all(&self.readers)
            .await?;
        Ok(rows.iter().filter_map(|row| Some((kind_of(row.get(0))?, row.get::<i64, _>(1) as u64))).collect())
    }

    /// The live Leistungen that a portal delivered.
    pub async fn leistungen(&self, of: &PortalId) -> Result<Vec<Stored>, StoreError> {
        let rows = sqlx::query(
            "SELECT portal, agency, id, changed, body FROM record WHERE portal = $1 AND kind = $2 AND deleted = 0 \
             ORDER BY agency, id",
        )
        .bind(of.as_str())
        .bind(kind_number(Kind::Leistung))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(stored).collect()
    }

    /// How many portals describe each key that any of them describes.
    pub async fn described_by(&self) -> Result<BTreeMap<Leistungsschluessel, u64>, StoreError> {
        let rows = sqlx::query(
            "SELECT schluessel, COUNT(DISTINCT portal) FROM leistungsschluessel WHERE schluessel > 0 GROUP BY schluessel",
        )
        .fetch_all(&self.readers)
        .await?;
        let key = |row: &AnyRow| row.get::<i64, _>(0).to_string().parse().ok();
        Ok(rows.iter().filter_map(|row| Some((key(row)?, row.get::<i64, _>(1) as u64))).collect())
    }

    /// The pieces that nobody understood, as (path, XML).
    pub async fn fragments(&self, of: &PortalId) -> Result<Vec<(String, String)>, StoreError> {
        let rows = sqlx::query("SELECT path, xml FROM fragment WHERE portal = $1 ORDER BY run, file, line")
            .bind(of.as_str())
            .fetch_all(&self.readers)
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

/// `$from, $from+1, …`
pub(super) fn placeholders(from: usize, count: usize) -> String {
    (from..from + count).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ")
}

fn stored(row: &AnyRow) -> Result<Stored, StoreError> {
    let id = Identifikator::new(row.get::<&str, _>(1), row.get::<&str, _>(2));
    let object = read_body(&id.to_string(), row.get(4))?;
    let changed = row.get::<Option<i64>, _>(3).and_then(|at| Timestamp::from_millisecond(at).ok());
    Ok(Stored { portal: portal(row.get(0)), id, changed, object })
}

fn angebot(row: &AnyRow) -> Result<Angebot, StoreError> {
    let fault = |what: &str| StoreError::Body { key: "angebot".into(), reason: format!("no {what}") };
    Ok(Angebot {
        ars: row.get::<&str, _>(0).parse().map_err(|_| fault("area"))?,
        leistung: (portal(row.get(1)), Identifikator::new(row.get::<&str, _>(2), row.get::<&str, _>(3))),
        portal: portal(row.get(4)),
        owner_kind: kind_of(row.get(5)).ok_or_else(|| fault("kind"))?,
        owner: Identifikator::new(row.get::<&str, _>(6), row.get::<&str, _>(7)),
        rolle: row.get(8),
        schluessel: row.get::<i64, _>(9) as u64,
    })
}

pub(super) fn read_body(key: &str, body: &str) -> Result<Object, StoreError> {
    read_json(key, body)
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(key: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Body { key: key.to_owned(), reason: error.to_string() })
}

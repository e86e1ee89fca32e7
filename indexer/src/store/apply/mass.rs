//! Zuständigkeiten that are objects of their own, many at once.
//!
//! They come by the million, each small, and a statement for each step of each would cost more than what it does. So they
//! wait until there are some, and are looked up and written together; anything else that is to be done is done after
//! them, so that the order of the delivery holds.

use std::collections::{HashMap, HashSet};

use connectors::ids::Identifikator;
use sqlx::{AssertSqlSafe, Row};

use super::{Apply, Content, Old, fingerprint};
use crate::record::{Kind, Nested, Object, Record};
use crate::store::pairs::{live_all, nested_of, stored_all, tuples};
use crate::store::{StoreError, kind_number};

/// How many wait.
const TOGETHER: usize = 128;

/// What waits to be done, in order.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    writes: Vec<Record>,
    deletes: Vec<Identifikator>,
    keys: HashSet<Identifikator>,
}

/// A row of `zustaendigkeit` that is to be written.
struct Line<'a> {
    from: &'a Identifikator,
    owner_kind: Kind,
    owner: &'a Identifikator,
    what: &'a Nested,
    leistung: &'a Identifikator,
    ars: &'a str,
}

impl Apply {
    /// Writes a Zustaendigkeit together with others.
    pub(super) async fn write_later(&mut self, record: &Record) -> Result<(), StoreError> {
        if !self.waiting.deletes.is_empty() || self.waiting.keys.contains(&record.id) {
            self.flush().await?;
        }
        self.waiting.keys.insert(record.id.clone());
        self.waiting.writes.push(record.clone());
        if self.waiting.writes.len() >= TOGETHER { self.flush().await } else { Ok(()) }
    }

    /// Deletes a Zustaendigkeit together with others.
    pub(super) async fn delete_later(&mut self, id: &Identifikator) -> Result<(), StoreError> {
        if !self.waiting.writes.is_empty() || self.waiting.keys.contains(id) {
            self.flush().await?;
        }
        self.waiting.keys.insert(id.clone());
        self.waiting.deletes.push(id.clone());
        if self.waiting.deletes.len() >= TOGETHER { self.flush().await } else { Ok(()) }
    }

    /// Does what waits, so that the counts say what came of it.
    pub async fn flush(&mut self) -> Result<(), StoreError> {
        if self.waiting.keys.is_empty() {
            return Ok(());
        }
        let Waiting { writes, deletes, .. } = std::mem::take(&mut self.waiting);
        if !writes.is_empty() {
            self.write_all(&writes).await?;
        }
        if !deletes.is_empty() {
            self.delete_all(&deletes).await?;
        }
        Ok(())
    }

    async fn write_all(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let kind = Kind::Zustaendigkeit;
        let mut again = false;
        for record in records {
            again |= !self.seen.insert(fingerprint(kind, &record.id));
        }
        let ids: Vec<&Identifikator> = records.iter().map(|record| &record.id).collect();
        let mut stored = if self.fresh && !again { HashMap::new() } else { self.stored_all(kind, &ids).await? };
        let (mut rows, mut lines) = (Vec::with_capacity(records.len()), Vec::with_capacity(records.len()));
        for record in records {
            let content = Content::of(&record.object, None);
            let old = stored.remove(&record.id);
            self.taken(kind, &record.id).await?;
            match &old {
                Some(old) if !old.deleted && old.hash == content.hash => {
                    self.applied.unchanged += 1;
                    continue;
                }
                Some(old) if !old.deleted => {
                    self.applied.updated += 1;
                    self.plan_change(&record.id, &record.object).await?;
                }
                _ => {
                    self.applied.added += 1;
                    self.plan_addition(&record.id, &record.object);
                }
            }
            if let Some(old) = &old {
                self.keep_state_before(kind, &record.id, old).await?;
                self.forget_derived(kind, &record.id).await?;
            }
            rows.push((&record.id, self.change_no(), content));
            let Object::Zustaendigkeit(one) = &record.object else { continue };
            let (Some(owner_kind), Some(owner), Some(leistung)) = (one.owner_kind, &one.owner, &one.what.leistung)
            else {
                continue;
            };
            self.touched.insert(leistung.clone());
            let line = |ars| Line { from: &record.id, owner_kind, owner, what: &one.what, leistung, ars };
            lines.extend(one.what.gebiete.iter().map(|ars| line(ars.as_str())));
        }
        self.put_all(kind, &rows).await?;
        for lines in lines.chunks(TOGETHER) {
            self.write_lines(kind, lines).await?;
            self.offer_lines(lines).await?;
        }
        Ok(())
    }

    async fn delete_all(&mut self, ids: &[Identifikator]) -> Result<(), StoreError> {
        let kind = Kind::Zustaendigkeit;
        let ids: Vec<&Identifikator> = ids.iter().collect();
        let stored = self.stored_all(kind, &ids).await?;
        let nested = self.nested_of(&ids).await?;
        for id in ids {
            self.seen.remove(&fingerprint(kind, id));
            self.taken(kind, id).await?;
            match stored.get(id) {
                Some(old) if !old.deleted => self.bury(kind, id, old).await?,
                _ if nested.contains(id) => self.delete_nested(id).await?,
                _ => self.applied.orphans += 1,
            }
        }
        Ok(())
    }

    /// The rows of those records that there are.
    async fn stored_all(
        &mut self,
        kind: Kind,
        ids: &[&Identifikator],
    ) -> Result<HashMap<Identifikator, Old>, StoreError> {
        let mut query = sqlx::query(AssertSqlSafe(stored_all(ids.len())));
        query = query.bind(self.portal.as_str()).bind(kind_number(kind));
        for id in ids {
            query = query.bind(id.agency.as_str()).bind(id.text.as_str());
        }
        let rows = query.fetch_all(&mut *self.transaction).await?;
        Ok(rows
            .iter()
            .map(|row| {
                let id = Identifikator::new(row.get::<&str, _>(0), row.get::<&str, _>(1));
                let deleted = row.get::<i64, _>(4) != 0;
                (id, Old { hash: row.get(2), changed: row.get(3), deleted, born: row.get(5) })
            })
            .collect())
    }

    /// Those of `ids` that were delivered inside their owner.
    async fn nested_of(&mut self, ids: &[&Identifikator]) -> Result<HashSet<Identifikator>, StoreError> {
        let mut query = sqlx::query(AssertSqlSafe(nested_of(ids.len()))).bind(self.portal.as_str());
        for id in ids {
            query = query.bind(id.agency.as_str()).bind(id.text.as_str());
        }
        let rows = query.fetch_all(&mut *self.transaction).await?;
        Ok(rows.iter().map(|row| Identifikator::new(row.get::<&str, _>(0), row.get::<&str, _>(1))).collect())
    }

    async fn put_all(&mut self, kind: Kind, rows: &[(&Identifikator, i64, Content)]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO record (portal, kind, agency, id, hash, changed, change_no, run, deleted, body, nested, born) \
             SELECT $1, $2, column1, column2, column3, NULL, column4, $3, 0, column5, '', $3 FROM (VALUES {}) AS v \
             WHERE true \
             ON CONFLICT (portal, kind, agency, id) DO UPDATE SET hash = excluded.hash, changed = excluded.changed, \
             change_no = excluded.change_no, run = excluded.run, deleted = excluded.deleted, body = excluded.body, \
             nested = excluded.nested",
            tuples(4, rows.len(), 5)
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(self.portal.as_str());
        let mut query = query.bind(kind_number(kind)).bind(self.run);
        for (id, change_no, content) in rows {
            query = query.bind(id.agency.as_str()).bind(id.text.as_str()).bind(content.hash.as_str());
            query = query.bind(*change_no).bind(content.body.as_str());
        }
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }

    async fn write_lines(&mut self, from_kind: Kind, lines: &[Line<'_>]) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO zustaendigkeit (portal, from_kind, from_agency, from_id, own_agency, own_id, owner_kind, \
             owner_agency, owner_id, leistung_agency, leistung_id, ars, rolle) \
             SELECT $1, $2, column1, column2, column3, column4, column5, column6, column7, column8, column9, column10, \
             column11 FROM (VALUES {}) AS v",
            tuples(3, lines.len(), 11)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(self.portal.as_str()).bind(kind_number(from_kind));
        for line in lines {
            query = query.bind(line.from.agency.as_str()).bind(line.from.text.as_str());
            query = query.bind(line.what.id.as_ref().map(|id| id.agency.as_str()));
            query = query.bind(line.what.id.as_ref().map(|id| id.text.as_str()));
            query = query.bind(kind_number(line.owner_kind));
            query = query.bind(line.owner.agency.as_str()).bind(line.owner.text.as_str());
            query = query.bind(line.leistung.agency.as_str()).bind(line.leistung.text.as_str());
            query = query.bind(line.ars).bind(line.what.rolle.as_deref());
        }
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Adds the offers of new lines, where those of their Leistung are not worked out at the end anyway.
    async fn offer_lines(&mut self, lines: &[Line<'_>]) -> Result<(), StoreError> {
        let lines: Vec<&Line> = lines.iter().filter(|line| !self.affected.contains(line.leistung)).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO angebot (schluessel, ars, leistung_portal, leistung_agency, leistung_id, portal, owner_kind, \
             owner_agency, owner_id, rolle) SELECT k.schluessel, v.column1, k.portal, k.agency, k.id, $1, v.column2, \
             v.column3, v.column4, v.column5 FROM (VALUES {}) AS v CROSS JOIN leistungsschluessel k \
             WHERE k.agency = v.column6 AND k.id = v.column7",
            tuples(2, lines.len(), 7)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(self.portal.as_str());
        for line in lines {
            query = query.bind(line.ars).bind(kind_number(line.owner_kind));
            query = query.bind(line.owner.agency.as_str()).bind(line.owner.text.as_str());
            query = query.bind(line.what.rolle.as_deref());
            query = query.bind(line.leistung.agency.as_str()).bind(line.leistung.text.as_str());
        }
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Moves the change numbers of these Leistungen, each to one of its own: followers page by it.
    pub(super) async fn move_numbers(&mut self, ids: &[Identifikator]) -> Result<(), StoreError> {
        for ids in ids.chunks(TOGETHER) {
            let mut query = sqlx::query(AssertSqlSafe(live_all(ids.len()))).bind(kind_number(Kind::Leistung));
            for id in ids {
                query = query.bind(id.agency.as_str()).bind(id.text.as_str());
            }
            let rows = query.fetch_all(&mut *self.transaction).await?;
            for rows in rows.chunks(TOGETHER) {
                let sql = format!(
                    "UPDATE record SET change_no = v.column1 FROM (VALUES {}) AS v WHERE record.portal = v.column2 \
                     AND record.kind = $1 AND record.agency = v.column3 AND record.id = v.column4",
                    tuples(2, rows.len(), 4)
                );
                let mut query = sqlx::query(AssertSqlSafe(sql)).bind(kind_number(Kind::Leistung));
                for row in rows {
                    self.next_change += 1;
                    query = query.bind(self.next_change - 1);
                    query = query.bind(row.get::<String, _>(0)).bind(row.get::<String, _>(1));
                    query = query.bind(row.get::<String, _>(2));
                }
                query.execute(&mut *self.transaction).await?;
            }
        }
        Ok(())
    }
}

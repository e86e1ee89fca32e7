//! One run's changes, applied whole or not at all.

use std::collections::{BTreeSet, HashMap, HashSet};

use connectors::finding::{Finding, Rule};
use connectors::ids::{Identifikator, PortalId};
use connectors::registration::Guard;
use connectors::run::{Coverage, Cursor};
use connectors::xzufi::Fragment;
use jiff::Timestamp;
use sqlx::{Any, Row, Transaction};
use xxhash_rust::xxh3::xxh3_128;

use super::read::{FileState, read_body, read_json};
use super::{Store, StoreError, kind_number, kind_of};
use crate::record::{Kind, Nested, Object, Record};

/// What a run did, in records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// New, or there again.
    pub added: u64,
    /// Changed.
    pub updated: u64,
    /// Gone, by `loesche` or because a whole run did not see them.
    pub removed: u64,
    /// As before.
    pub unchanged: u64,
    /// Older than what is stored, and so left out.
    pub older: u64,
    /// Deletes of what was not there.
    pub orphans: u64,
    /// Pieces kept that nobody understood.
    pub fragments: u64,
}

impl std::ops::Add for Applied {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            added: self.added + other.added,
            updated: self.updated + other.updated,
            removed: self.removed + other.removed,
            unchanged: self.unchanged + other.unchanged,
            older: self.older + other.older,
            orphans: self.orphans + other.orphans,
            fragments: self.fragments + other.fragments,
        }
    }
}

type Key = (Kind, Identifikator);

/// An open transaction over the records of one portal.
pub struct Apply {
    pub(super) transaction: Transaction<'static, Any>,
    pub(super) portal: PortalId,
    run: i64,
    next_change: i64,
    /// The portal has no records yet: nothing need be looked up.
    fresh: bool,
    seen: HashSet<u128>,
    /// Leistungen whose offers must be worked out anew.
    affected: BTreeSet<Identifikator>,
    parents: HashMap<Identifikator, Identifikator>,
    applied: Applied,
}

impl Store {
    /// Begins to apply a run of `portal`; nobody else can write until it ends.
    pub async fn begin(&self, portal: &PortalId) -> Result<Apply, StoreError> {
        let mut transaction = self.writer().begin().await?;
        // The first statement writes, so that the transaction has the right to write from here on.
        sqlx::query("UPDATE meta SET value = value + 1 WHERE name = 'run'").execute(&mut *transaction).await?;
        let number = |name: &'static str| sqlx::query("SELECT value FROM meta WHERE name = $1").bind(name);
        let run = number("run").fetch_one(&mut *transaction).await?.get(0);
        let change: i64 = number("change_no").fetch_one(&mut *transaction).await?.get(0);
        let known = sqlx::query("SELECT run FROM record WHERE portal = $1 LIMIT 1").bind(portal.as_str());
        let fresh = known.fetch_optional(&mut *transaction).await?.is_none();
        Ok(Apply {
            transaction,
            portal: portal.clone(),
            run,
            next_change: change + 1,
            fresh,
            seen: HashSet::new(),
            affected: BTreeSet::new(),
            parents: HashMap::new(),
            applied: Applied::default(),
        })
    }
}

impl Apply {
    /// The number of this run.
    pub fn run(&self) -> i64 {
        self.run
    }

    /// Creates or replaces a record. An older one than stored, and one with the same content, change nothing.
    pub async fn write(&mut self, record: &Record) -> Result<(), StoreError> {
        let kind = record.object.kind();
        let changed = record.changed.map(Timestamp::as_millisecond);
        let content = Content::of(&record.object, changed);
        let first_time = self.seen.insert(fingerprint(kind, &record.id));
        let stored = if self.fresh && first_time { None } else { self.stored(kind, &record.id).await? };
        if let (Object::Organisationseinheit(unit), id) = (&record.object, &record.id) {
            match &unit.parent {
                Some(parent) => self.parents.insert(id.clone(), parent.clone()),
                None => self.parents.remove(id),
            };
        }
        match &stored {
            Some(old) if !old.deleted && old.hash == content.hash => {
                self.applied.unchanged += 1;
                return Ok(());
            }
            Some(old) if !old.deleted && changed.zip(old.changed).is_some_and(|(new, old)| new < old) => {
                self.applied.older += 1;
                return Ok(());
            }
            Some(old) if !old.deleted => self.applied.updated += 1,
            _ => self.applied.added += 1,
        }
        self.put(kind, &record.id, changed, Some(&content)).await?;
        self.derive(&record.id, &record.object, stored.is_some()).await
    }

    /// Deletes a record; one that is not there changes nothing.
    pub async fn delete(&mut self, kind: Kind, id: &Identifikator) -> Result<(), StoreError> {
        self.seen.remove(&fingerprint(kind, id));
        match self.stored(kind, id).await? {
            Some(old) if !old.deleted => self.bury(kind, id).await,
            _ if kind == Kind::Zustaendigkeit => self.delete_nested(id).await,
            _ => {
                self.applied.orphans += 1;
                Ok(())
            }
        }
    }

    /// Deletes those of these records that are there.
    pub async fn clear(&mut self, kind: Kind, ids: &[Identifikator]) -> Result<(), StoreError> {
        let Some(first) = ids.first() else { return Ok(()) };
        if self.fresh && self.seen.is_empty() {
            return Ok(());
        }
        let places: Vec<_> = (4..ids.len() + 4).map(|number| format!("${number}")).collect();
        let text = format!(
            "SELECT id FROM record WHERE portal = $1 AND kind = $2 AND agency = $3 AND deleted = 0 AND id IN ({})",
            places.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(self.portal.as_str())
            .bind(kind_number(kind))
            .bind(&first.agency);
        for id in ids {
            query = query.bind(&id.text);
        }
        let known = query.fetch_all(&mut *self.transaction).await?;
        for row in known {
            let id = Identifikator::new(&first.agency, row.get::<&str, _>(0));
            self.seen.remove(&fingerprint(kind, &id));
            self.bury(kind, &id).await?;
        }
        Ok(())
    }

    /// What was done so far.
    pub fn applied(&self) -> Applied {
        self.applied
    }

    /// Keeps a piece that nobody understands.
    pub async fn keep(&mut self, file: &str, fragment: &Fragment) -> Result<(), StoreError> {
        self.applied.fragments += 1;
        sqlx::query("INSERT INTO fragment (portal, run, file, line, path, xml) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(self.portal.as_str())
            .bind(self.run)
            .bind(file)
            .bind(fragment.line as i64)
            .bind(&fragment.path)
            .bind(&fragment.xml)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Counts pieces that a record keeps inside.
    pub fn count_fragments(&mut self, number: usize) {
        self.applied.fragments += number as u64;
    }

    /// Remembers the files of the run, for conditional requests and so that an unchanged stock is known at once.
    pub async fn remember_files(&mut self, files: &[FileState], digest: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM portal_file WHERE portal = $1")
            .bind(self.portal.as_str())
            .execute(&mut *self.transaction)
            .await?;
        for file in files {
            sqlx::query(
                "INSERT INTO portal_file (portal, name, sha256, etag, last_modified) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(self.portal.as_str())
            .bind(&file.name)
            .bind(&file.sha256)
            .bind(file.etag.as_deref())
            .bind(file.last_modified.as_deref())
            .execute(&mut *self.transaction)
            .await?;
        }
        self.portal_row().await?;
        sqlx::query("UPDATE portal_state SET digest = $1 WHERE portal = $2")
            .bind(digest)
            .bind(self.portal.as_str())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Remembers where the next run of a Bereitstelldienst begins.
    pub async fn remember_cursor(&mut self, cursor: &Cursor) -> Result<(), StoreError> {
        self.portal_row().await?;
        sqlx::query("UPDATE portal_state SET next_request = $1 WHERE portal = $2")
            .bind(serde_json::to_string(cursor).expect("a cursor is made of plain values"))
            .bind(self.portal.as_str())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Ends the changes: buries what a whole run did not see, works out the offers, and says what dangles.
    ///
    /// `Ok(Err(finding))` when the guard holds the run: the caller gives the transaction up.
    pub async fn finish(
        &mut self,
        coverage: Coverage,
        guard: Option<&Guard>,
    ) -> Result<Result<(Applied, Vec<Finding>), Finding>, StoreError> {
        if coverage == Coverage::Whole && !self.fresh {
            let (unseen, known) = self.unseen().await?;
            if let Some(guard) = guard.filter(|guard| guard.holds(unseen.len() as u64, known)) {
                let share = 100.0 * unseen.len() as f64 / known as f64;
                let value = format!(
                    "{} von {known} Einträgen, {share:.0} %; erlaubt sind {} und {:.0} %",
                    unseen.len(),
                    guard.max_records,
                    guard.max_share * 100.0
                );
                return Ok(Err(Finding::new(Rule::GuardHeld).value(value)));
            }
            for (kind, id) in unseen {
                self.bury(kind, &id).await?;
            }
            // Fragments of earlier runs are the last good state of what nobody understood; this run brought its own.
            sqlx::query("DELETE FROM fragment WHERE portal = $1 AND run < $2")
                .bind(self.portal.as_str())
                .bind(self.run)
                .execute(&mut *self.transaction)
                .await?;
        }
        self.work_out_offers().await?;
        let mut findings = self.cycles();
        if coverage == Coverage::Whole {
            findings.extend(self.dangling().await?);
        }
        Ok(Ok((self.applied, findings)))
    }

    /// Makes the changes durable and visible.
    pub async fn commit(mut self, now: Timestamp) -> Result<(), StoreError> {
        self.portal_row().await?;
        sqlx::query("UPDATE portal_state SET good_run = $1, good_at = $2 WHERE portal = $3")
            .bind(self.run)
            .bind(now.as_millisecond())
            .bind(self.portal.as_str())
            .execute(&mut *self.transaction)
            .await?;
        sqlx::query("UPDATE meta SET value = $1 WHERE name = 'change_no'")
            .bind(self.next_change - 1)
            .execute(&mut *self.transaction)
            .await?;
        self.transaction.commit().await?;
        Ok(())
    }

    /// Gives the changes up.
    pub async fn roll_back(self) -> Result<(), StoreError> {
        self.transaction.rollback().await?;
        Ok(())
    }

    async fn portal_row(&mut self) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO portal_state (portal) VALUES ($1) ON CONFLICT (portal) DO NOTHING")
            .bind(self.portal.as_str())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    async fn stored(&mut self, kind: Kind, id: &Identifikator) -> Result<Option<Old>, StoreError> {
        let row = sqlx::query(
            "SELECT hash, changed, deleted FROM record WHERE portal = $1 AND kind = $2 AND agency = $3 AND id = $4",
        )
        .bind(self.portal.as_str())
        .bind(kind_number(kind))
        .bind(&id.agency)
        .bind(&id.text)
        .fetch_optional(&mut *self.transaction)
        .await?;
        Ok(row.map(|row| Old { hash: row.get(0), changed: row.get(1), deleted: row.get::<i64, _>(2) != 0 }))
    }

    /// Writes the row of a record; one without content is deleted.
    async fn put(
        &mut self,
        kind: Kind,
        id: &Identifikator,
        changed: Option<i64>,
        content: Option<&Content>,
    ) -> Result<(), StoreError> {
        let change_no = self.change_no();
        let text = |of: fn(&Content) -> &str| content.map_or("", of);
        sqlx::query(
            "INSERT INTO record (portal, kind, agency, id, hash, changed, change_no, run, deleted, body, nested) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (portal, kind, agency, id) DO UPDATE SET hash = excluded.hash, changed = excluded.changed, \
             change_no = excluded.change_no, run = excluded.run, deleted = excluded.deleted, body = excluded.body, \
             nested = excluded.nested",
        )
        .bind(self.portal.as_str())
        .bind(kind_number(kind))
        .bind(&id.agency)
        .bind(&id.text)
        .bind(text(|content| &content.hash))
        .bind(changed)
        .bind(change_no)
        .bind(self.run)
        .bind(i64::from(content.is_none()))
        .bind(text(|content| &content.body))
        .bind(text(|content| &content.nested))
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    fn change_no(&mut self) -> i64 {
        self.next_change += 1;
        self.next_change - 1
    }

    async fn bury(&mut self, kind: Kind, id: &Identifikator) -> Result<(), StoreError> {
        self.applied.removed += 1;
        self.parents.remove(id);
        self.put(kind, id, None, None).await?;
        self.forget_derived(kind, id).await
    }

    /// Removes a Zustaendigkeit that was delivered inside its owner, by writing the owner without it.
    async fn delete_nested(&mut self, id: &Identifikator) -> Result<(), StoreError> {
        let owner = sqlx::query(
            "SELECT from_kind, from_agency, from_id FROM zustaendigkeit \
             WHERE portal = $1 AND own_agency = $2 AND own_id = $3 LIMIT 1",
        )
        .bind(self.portal.as_str())
        .bind(&id.agency)
        .bind(&id.text)
        .fetch_optional(&mut *self.transaction)
        .await?;
        let Some(row) = owner else {
            self.applied.orphans += 1;
            return Ok(());
        };
        let (number, owner) = (row.get::<i64, _>(0), Identifikator::new(row.get::<&str, _>(1), row.get::<&str, _>(2)));
        let row = sqlx::query(
            "SELECT body, changed, nested FROM record WHERE portal = $1 AND kind = $2 AND agency = $3 AND id = $4",
        )
        .bind(self.portal.as_str())
        .bind(number)
        .bind(&owner.agency)
        .bind(&owner.text)
        .fetch_one(&mut *self.transaction)
        .await?;
        let mut object = read_body(&owner.to_string(), row.get(0))?;
        let changed: Option<i64> = row.get(1);
        let mut nested: Vec<Nested> = read_json(&owner.to_string(), row.get(2))?;
        nested.retain(|one| one.id.as_ref() != Some(id));
        if let Some(place) = object.nested_mut() {
            *place = nested;
        }
        self.applied.removed += 1;
        self.put(object.kind(), &owner, changed, Some(&Content::of(&object, changed))).await?;
        self.derive(&owner, &object, true).await
    }

    /// Writes what follows from a record; `known` when something of it may be there already.
    async fn derive(&mut self, id: &Identifikator, object: &Object, known: bool) -> Result<(), StoreError> {
        let kind = object.kind();
        if known {
            self.forget_derived(kind, id).await?;
        }
        match object {
            Object::Leistung(leistung) => {
                let mut keys: Vec<i64> = leistung.schluessel.iter().map(|key| key.number() as i64).collect();
                if keys.is_empty() {
                    keys.push(0);
                }
                for key in keys {
                    sqlx::query(
                        "INSERT INTO leistungsschluessel (portal, agency, id, schluessel) VALUES ($1, $2, $3, $4)",
                    )
                    .bind(self.portal.as_str())
                    .bind(&id.agency)
                    .bind(&id.text)
                    .bind(key)
                    .execute(&mut *self.transaction)
                    .await?;
                }
                self.affected.insert(id.clone());
                Ok(())
            }
            Object::Spezialisierung(overlay) => {
                let Some(leistung) = &overlay.leistung else { return Ok(()) };
                sqlx::query(
                    "INSERT INTO spezialisierung (portal, agency, id, leistung_agency, leistung_id) \
                     VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(self.portal.as_str())
                .bind(&id.agency)
                .bind(&id.text)
                .bind(&leistung.agency)
                .bind(&leistung.text)
                .execute(&mut *self.transaction)
                .await?;
                Ok(())
            }
            Object::Organisationseinheit(unit) => self.offer(kind, id, kind, id, &unit.zustaendigkeiten).await,
            Object::Onlinedienst(service) => self.offer(kind, id, kind, id, &service.zustaendigkeiten).await,
            Object::Formular(form) => self.offer(kind, id, kind, id, &form.zustaendigkeiten).await,
            Object::Zustaendigkeit(one) => {
                let (Some(owner_kind), Some(owner)) = (one.owner_kind, &one.owner) else { return Ok(()) };
                self.offer(kind, id, owner_kind, owner, std::slice::from_ref(&one.what)).await
            }
        }
    }

    async fn offer(
        &mut self,
        from_kind: Kind,
        from: &Identifikator,
        owner_kind: Kind,
        owner: &Identifikator,
        what: &[Nested],
    ) -> Result<(), StoreError> {
        for one in what {
            let Some(leistung) = &one.leistung else { continue };
            self.affected.insert(leistung.clone());
            for ars in &one.gebiete {
                sqlx::query(
                    "INSERT INTO zustaendigkeit (portal, from_kind, from_agency, from_id, own_agency, own_id, \
                     owner_kind, owner_agency, owner_id, leistung_agency, leistung_id, ars, rolle) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                )
                .bind(self.portal.as_str())
                .bind(kind_number(from_kind))
                .bind(&from.agency)
                .bind(&from.text)
                .bind(one.id.as_ref().map(|id| id.agency.as_str()))
                .bind(one.id.as_ref().map(|id| id.text.as_str()))
                .bind(kind_number(owner_kind))
                .bind(&owner.agency)
                .bind(&owner.text)
                .bind(&leistung.agency)
                .bind(&leistung.text)
                .bind(ars.as_str())
                .bind(one.rolle.as_deref())
                .execute(&mut *self.transaction)
                .await?;
            }
        }
        Ok(())
    }

    /// Removes what followed from a record, and notes the Leistungen that it touched.
    async fn forget_derived(&mut self, kind: Kind, id: &Identifikator) -> Result<(), StoreError> {
        match kind {
            Kind::Leistung => {
                sqlx::query("DELETE FROM leistungsschluessel WHERE portal = $1 AND agency = $2 AND id = $3")
                    .bind(self.portal.as_str())
                    .bind(&id.agency)
                    .bind(&id.text)
                    .execute(&mut *self.transaction)
                    .await?;
                self.affected.insert(id.clone());
            }
            Kind::Spezialisierung => {
                sqlx::query("DELETE FROM spezialisierung WHERE portal = $1 AND agency = $2 AND id = $3")
                    .bind(self.portal.as_str())
                    .bind(&id.agency)
                    .bind(&id.text)
                    .execute(&mut *self.transaction)
                    .await?;
            }
            _ => {
                let touched = sqlx::query(
                    "SELECT DISTINCT leistung_agency, leistung_id FROM zustaendigkeit \
                     WHERE portal = $1 AND from_kind = $2 AND from_agency = $3 AND from_id = $4",
                )
                .bind(self.portal.as_str())
                .bind(kind_number(kind))
                .bind(&id.agency)
                .bind(&id.text)
                .fetch_all(&mut *self.transaction)
                .await?;
                self.affected
                    .extend(touched.iter().map(|row| Identifikator::new(row.get::<&str, _>(0), row.get::<&str, _>(1))));
                sqlx::query(
                    "DELETE FROM zustaendigkeit \
                     WHERE portal = $1 AND from_kind = $2 AND from_agency = $3 AND from_id = $4",
                )
                .bind(self.portal.as_str())
                .bind(kind_number(kind))
                .bind(&id.agency)
                .bind(&id.text)
                .execute(&mut *self.transaction)
                .await?;
            }
        }
        Ok(())
    }

    /// The live records of the portal that this run did not bring, and how many there are in all.
    async fn unseen(&mut self) -> Result<(Vec<Key>, u64), StoreError> {
        let rows = sqlx::query("SELECT kind, agency, id, run FROM record WHERE portal = $1 AND deleted = 0")
            .bind(self.portal.as_str())
            .fetch_all(&mut *self.transaction)
            .await?;
        // What this run deleted itself was there before it, and what it added was not.
        let known = (rows.len() as u64 + self.applied.removed).saturating_sub(self.applied.added);
        let keys = rows.iter().filter_map(|row| {
            let id = Identifikator::new(row.get::<&str, _>(1), row.get::<&str, _>(2));
            Some((kind_of(row.get(0))?, id))
        });
        let unseen = keys.filter(|(kind, id)| !self.seen.contains(&fingerprint(*kind, id))).collect();
        Ok((unseen, known))
    }

    /// Works out the offers of every touched Leistung, and moves its change number so that the index follows.
    async fn work_out_offers(&mut self) -> Result<(), StoreError> {
        for id in std::mem::take(&mut self.affected) {
            sqlx::query("DELETE FROM angebot WHERE leistung_agency = $1 AND leistung_id = $2")
                .bind(&id.agency)
                .bind(&id.text)
                .execute(&mut *self.transaction)
                .await?;
            sqlx::query(
                "INSERT INTO angebot (schluessel, ars, leistung_portal, leistung_agency, leistung_id, portal, \
                 owner_kind, owner_agency, owner_id, rolle) \
                 SELECT k.schluessel, z.ars, k.portal, k.agency, k.id, z.portal, z.owner_kind, z.owner_agency, \
                 z.owner_id, z.rolle FROM zustaendigkeit z \
                 JOIN leistungsschluessel k ON k.agency = z.leistung_agency AND k.id = z.leistung_id \
                 WHERE z.leistung_agency = $1 AND z.leistung_id = $2",
            )
            .bind(&id.agency)
            .bind(&id.text)
            .execute(&mut *self.transaction)
            .await?;
            let rows =
                sqlx::query("SELECT portal FROM record WHERE kind = $1 AND agency = $2 AND id = $3 AND deleted = 0")
                    .bind(kind_number(Kind::Leistung))
                    .bind(&id.agency)
                    .bind(&id.text)
                    .fetch_all(&mut *self.transaction)
                    .await?;
            for row in rows {
                // A number of its own for each: followers page by it.
                let change_no = self.change_no();
                sqlx::query(
                    "UPDATE record SET change_no = $1 WHERE portal = $2 AND kind = $3 AND agency = $4 AND id = $5",
                )
                .bind(change_no)
                .bind(row.get::<&str, _>(0))
                .bind(kind_number(Kind::Leistung))
                .bind(&id.agency)
                .bind(&id.text)
                .execute(&mut *self.transaction)
                .await?;
            }
        }
        Ok(())
    }

    /// References of this portal that lead nowhere, at most 1,000.
    async fn dangling(&mut self) -> Result<Vec<Finding>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT z.leistung_agency, z.leistung_id, z.owner_kind, z.owner_agency, z.owner_id \
             FROM zustaendigkeit z WHERE z.portal = $1 AND NOT EXISTS (SELECT 1 FROM leistungsschluessel k \
             WHERE k.agency = z.leistung_agency AND k.id = z.leistung_id) LIMIT 1000",
        )
        .bind(self.portal.as_str())
        .fetch_all(&mut *self.transaction)
        .await?;
        let id =
            |row: &sqlx::any::AnyRow, at: usize| Identifikator::new(row.get::<&str, _>(at), row.get::<&str, _>(at + 1));
        let mut findings: Vec<Finding> = rows
            .iter()
            .map(|row| {
                let owner = kind_of(row.get(2)).map_or("", Kind::name);
                Finding::new(Rule::ReferenceDangling)
                    .object(format!("{owner} {}", id(row, 3)))
                    .value(format!("Leistung {}", id(row, 0)))
            })
            .collect();
        let rows = sqlx::query(
            "SELECT DISTINCT z.owner_kind, z.owner_agency, z.owner_id, z.from_agency, z.from_id FROM zustaendigkeit z \
             WHERE z.portal = $1 AND z.from_kind = $2 AND NOT EXISTS (SELECT 1 FROM record r WHERE r.kind = z.owner_kind \
             AND r.agency = z.owner_agency AND r.id = z.owner_id AND r.deleted = 0) LIMIT 1000",
        )
        .bind(self.portal.as_str())
        .bind(kind_number(Kind::Zustaendigkeit))
        .fetch_all(&mut *self.transaction)
        .await?;
        findings.extend(rows.iter().map(|row| {
            let owner = kind_of(row.get(0)).map_or("", Kind::name);
            Finding::new(Rule::ReferenceDangling)
                .object(format!("Zustaendigkeit {}", id(row, 3)))
                .value(format!("{owner} {}", id(row, 1)))
        }));
        Ok(findings)
    }

    /// Units of this run that stand above themselves.
    fn cycles(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut units: Vec<_> = self.parents.keys().collect();
        units.sort();
        for unit in units {
            let mut above = unit;
            let mut path = vec![unit];
            while let Some(parent) = self.parents.get(above) {
                if parent == unit {
                    let value = path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → ");
                    findings.push(
                        Finding::new(Rule::ParentCycle).object(format!("Organisationseinheit {unit}")).value(value),
                    );
                    break;
                }
                if path.contains(&parent) {
                    break;
                }
                path.push(parent);
                above = parent;
            }
        }
        findings
    }
}

/// What is kept of a record.
struct Content {
    hash: String,
    body: String,
    /// The Zustaendigkeiten delivered inside it; empty where there are none.
    nested: String,
}

impl Content {
    fn of(object: &Object, changed: Option<i64>) -> Self {
        let json = |value: &Object| serde_json::to_string(value).expect("a record is made of plain values");
        let (body, nested) = match object {
            Object::Leistung(_) | Object::Spezialisierung(_) | Object::Zustaendigkeit(_) => {
                (json(object), String::new())
            }
            Object::Organisationseinheit(_) | Object::Onlinedienst(_) | Object::Formular(_) => {
                let mut bare = object.clone();
                let nested = bare.nested_mut().map(std::mem::take).unwrap_or_default();
                (json(&bare), serde_json::to_string(&nested).expect("plain values as well"))
            }
        };
        let hash = format!("{:032x}", xxh3_128(format!("{changed:?}{body}{nested}").as_bytes()));
        Self { hash, body, nested }
    }
}

struct Old {
    hash: String,
    changed: Option<i64>,
    deleted: bool,
}

fn fingerprint(kind: Kind, id: &Identifikator) -> u128 {
    xxh3_128(format!("{}\0{}\0{}", kind_number(kind), id.agency, id.text).as_bytes())
}

//! One run's changes, applied whole or not at all.

mod derived;
mod journal;
mod mass;
mod refuse;

use std::collections::{BTreeSet, HashMap, HashSet};

use connectors::finding::{Finding, Rule};
use connectors::ids::{Identifikator, PortalId};
use connectors::registration::Guard;
use connectors::run::{Coverage, Cursor};
use connectors::xzufi::Fragment;
use jiff::Timestamp;
use sqlx::{Any, Row, Transaction};
use xxhash_rust::xxh3::xxh3_128;

use super::plan::{Plan, Planned, name_of, parts};
use super::read::{read_body, read_json};
use super::runs::{FileState, Pause, RunRow, write_pause, write_run};
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
    /// Leistungen and areas whose offers must be.
    stale: BTreeSet<(Identifikator, String)>,
    /// Leistungen that somebody offers elsewhere or otherwise than before.
    touched: BTreeSet<Identifikator>,
    /// What is done, record by record, where somebody wants to know.
    plan: Option<Box<Plan>>,
    quarantine: refuse::Quarantine,
    /// Zustaendigkeiten that are written together.
    waiting: mass::Waiting,
    parents: HashMap<Identifikator, Identifikator>,
    applied: Applied,
}

impl Store {
    /// Begins to apply a run of `portal`; nobody else can write until it ends.
    pub async fn begin(&self, portal: &PortalId) -> Result<Apply, StoreError> {
        self.begin_block(portal, None).await
    }

    /// The same for one more block of `run`, where that has begun already.
    pub async fn begin_block(&self, portal: &PortalId, run: Option<i64>) -> Result<Apply, StoreError> {
        let mut transaction = self.writer().begin().await?;
        let number = |name: &'static str| sqlx::query("SELECT value FROM meta WHERE name = $1").bind(name);
        // The first statement writes, so that the transaction has the right to write from here on.
        let next = i64::from(run.is_none());
        sqlx::query("UPDATE meta SET value = value + $1 WHERE name = 'run'")
            .bind(next)
            .execute(&mut *transaction)
            .await?;
        let run = match run {
            Some(run) => run,
            None => number("run").fetch_one(&mut *transaction).await?.get(0),
        };
        let change: i64 = number("change_no").fetch_one(&mut *transaction).await?.get(0);
        let known = sqlx::query("SELECT run FROM record WHERE portal = $1 LIMIT 1").bind(portal.as_str());
        let fresh = known.fetch_optional(&mut *transaction).await?.is_none();
        let quarantine = refuse::Quarantine::read(&mut transaction, portal).await?;
        Ok(Apply {
            transaction,
            portal: portal.clone(),
            run,
            next_change: change + 1,
            fresh,
            seen: HashSet::new(),
            affected: BTreeSet::new(),
            stale: BTreeSet::new(),
            touched: BTreeSet::new(),
            plan: None,
            quarantine,
            waiting: mass::Waiting::default(),
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

    /// From here on everything is listed as well, for somebody to look at.
    pub fn keep_plan(&mut self) {
        self.plan = Some(Box::default());
    }

    /// What was listed so far; nothing where nobody asked for it.
    pub fn take_plan(&mut self) -> Plan {
        self.plan.take().map(|plan| *plan).unwrap_or_default()
    }

    /// Creates or replaces a record. An older one than stored, and one with the same content, change nothing.
    pub async fn write(&mut self, record: &Record) -> Result<(), StoreError> {
        let kind = record.object.kind();
        if kind == Kind::Zustaendigkeit {
            return self.write_later(record).await;
        }
        self.flush().await?;
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
                return self.taken(kind, &record.id).await;
            }
            Some(old) if !old.deleted && changed.zip(old.changed).is_some_and(|(new, old)| new < old) => {
                self.applied.older += 1;
                return Ok(());
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
        self.taken(kind, &record.id).await?;
        self.put(kind, &record.id, changed, Some(&content), stored.as_ref()).await?;
        self.derive(&record.id, &record.object, stored.is_some()).await
    }

    /// Deletes a record; one that is not there changes nothing.
    pub async fn delete(&mut self, kind: Kind, id: &Identifikator) -> Result<(), StoreError> {
        if kind == Kind::Zustaendigkeit {
            return self.delete_later(id).await;
        }
        self.flush().await?;
        self.seen.remove(&fingerprint(kind, id));
        self.taken(kind, id).await?;
        match self.stored(kind, id).await? {
            Some(old) if !old.deleted => self.bury(kind, id, &old).await,
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
            self.delete(kind, &id).await?;
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

    /// Writes what is known of this run by now, so that it is not forgotten when the process ends within it.
    pub async fn remember_run(&mut self, so_far: &RunRow) -> Result<(), StoreError> {
        write_run(&mut self.transaction, self.run, so_far).await
    }

    /// Makes no more runs of this portal until somebody says so.
    pub async fn pause(&mut self, pause: &Pause) -> Result<(), StoreError> {
        write_pause(&mut self.transaction, &self.portal, Some(pause)).await
    }

    /// Ends the changes: buries what a whole run did not see, works out the offers, and says what dangles.
    ///
    /// `Ok(Err(finding))` when the guard holds the run: the caller gives the transaction up.
    pub async fn finish(
        &mut self,
        coverage: Coverage,
        guard: Option<&Guard>,
    ) -> Result<Result<(Applied, Vec<Finding>), Finding>, StoreError> {
        self.flush().await?;
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
                for (kind, id) in &unseen {
                    self.plan_removal(*kind, id).await?;
                }
                return Ok(Err(Finding::new(Rule::GuardHeld).value(value)));
            }
            for (kind, id) in unseen {
                if let Some(old) = self.stored(kind, &id).await? {
                    self.bury(kind, &id, &old).await?;
                }
            }
            // Fragments of earlier runs are the last good state of what nobody understood; this run brought its own.
            sqlx::query("DELETE FROM fragment WHERE portal = $1 AND run < $2")
                .bind(self.portal.as_str())
                .bind(self.run)
                .execute(&mut *self.transaction)
                .await?;
        }
        self.trim_quarantine(coverage).await?;
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
        self.date_quarantine(now).await?;
        sqlx::query("DELETE FROM held WHERE portal = $1")
            .bind(self.portal.as_str())
            .execute(&mut *self.transaction)
            .await?;
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
            "SELECT hash, changed, deleted, born FROM record WHERE portal = $1 AND kind = $2 AND agency = $3 AND id = $4",
        )
        .bind(self.portal.as_str())
        .bind(kind_number(kind))
        .bind(&id.agency)
        .bind(&id.text)
        .fetch_optional(&mut *self.transaction)
        .await?;
        Ok(row.map(|row| Old {
            hash: row.get(0),
            changed: row.get(1),
            deleted: row.get::<i64, _>(2) != 0,
            born: row.get(3),
        }))
    }

    /// Writes the row of a record in place of `old`, which is kept in the journal; one without content is deleted.
    async fn put(
        &mut self,
        kind: Kind,
        id: &Identifikator,
        changed: Option<i64>,
        content: Option<&Content>,
        old: Option<&Old>,
    ) -> Result<(), StoreError> {
        if let Some(old) = old {
            self.keep_state_before(kind, id, old).await?;
        }
        let change_no = self.change_no();
        let text = |of: fn(&Content) -> &str| content.map_or("", of);
        sqlx::query(
            "INSERT INTO record (portal, kind, agency, id, hash, changed, change_no, run, deleted, body, nested, \
             born) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $8) \
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

    async fn bury(&mut self, kind: Kind, id: &Identifikator, old: &Old) -> Result<(), StoreError> {
        self.applied.removed += 1;
        self.parents.remove(id);
        self.plan_removal(kind, id).await?;
        self.put(kind, id, None, None, Some(old)).await?;
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
        let Some(kind) = kind_of(number) else { return Ok(()) };
        let Some((mut object, changed, old)) = self.read(kind, &owner).await? else { return Ok(()) };
        let mut nested: Vec<Nested> = object.nested_mut().map(std::mem::take).unwrap_or_default();
        nested.retain(|one| one.id.as_ref() != Some(id));
        if let Some(place) = object.nested_mut() {
            *place = nested;
        }
        self.applied.removed += 1;
        self.plan_change(&owner, &object).await?;
        self.put(kind, &owner, changed, Some(&Content::of(&object, changed)), Some(&old)).await?;
        self.derive(&owner, &object, true).await
    }

    /// A record as it is now, when its editors changed it, and its row; none when there is none.
    async fn read(&mut self, kind: Kind, id: &Identifikator) -> Result<Option<(Object, Option<i64>, Old)>, StoreError> {
        let row = sqlx::query(
            "SELECT body, nested, changed, hash, born FROM record \
             WHERE portal = $1 AND kind = $2 AND agency = $3 AND id = $4 AND deleted = 0",
        )
        .bind(self.portal.as_str())
        .bind(kind_number(kind))
        .bind(&id.agency)
        .bind(&id.text)
        .fetch_optional(&mut *self.transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let object = whole(&id.to_string(), row.get(0), row.get(1))?;
        let changed: Option<i64> = row.get(2);
        Ok(Some((object, changed, Old { hash: row.get(3), changed, deleted: false, born: row.get(4) })))
    }

    fn plan_addition(&mut self, id: &Identifikator, object: &Object) {
        if let Some(plan) = &mut self.plan
            && plan.added.count()
        {
            plan.added.entries.push(planned(object.kind(), id, name_of(object), Vec::new()));
        }
    }

    /// Lists that a record becomes `new`; to be called before it does.
    async fn plan_change(&mut self, id: &Identifikator, new: &Object) -> Result<(), StoreError> {
        let kind = new.kind();
        if !self.plan.as_mut().is_some_and(|plan| plan.changed.count()) {
            return Ok(());
        }
        let parts = self.read(kind, id).await?.map(|(old, ..)| parts(&old, new)).unwrap_or_default();
        if let Some(plan) = &mut self.plan {
            plan.changed.entries.push(planned(kind, id, name_of(new), parts));
        }
        Ok(())
    }

    /// Lists that a record goes; to be called before it does.
    async fn plan_removal(&mut self, kind: Kind, id: &Identifikator) -> Result<(), StoreError> {
        if !self.plan.as_mut().is_some_and(|plan| plan.removed.count()) {
            return Ok(());
        }
        let name = self.read(kind, id).await?.map(|(old, ..)| name_of(&old)).unwrap_or_default();
        if let Some(plan) = &mut self.plan {
            plan.removed.entries.push(planned(kind, id, name, Vec::new()));
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
        let unseen = keys
            .filter(|(kind, id)| !self.seen.contains(&fingerprint(*kind, id)) && !self.quarantine.spares(*kind, id))
            .collect();
        Ok((unseen, known))
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

/// A row as it is before it is written.
struct Old {
    hash: String,
    changed: Option<i64>,
    deleted: bool,
    /// The run that made it.
    born: i64,
}

fn planned(kind: Kind, id: &Identifikator, name: String, parts: Vec<String>) -> Planned {
    Planned { kind, id: Some(id.to_string()), name, parts, findings: Vec::new() }
}

/// A record out of its two columns.
fn whole(key: &str, body: &str, nested: &str) -> Result<Object, StoreError> {
    let mut object = read_body(key, body)?;
    if let (Some(place), false) = (object.nested_mut(), nested.is_empty()) {
        *place = read_json(key, nested)?;
    }
    Ok(object)
}

fn fingerprint(kind: Kind, id: &Identifikator) -> u128 {
    xxh3_128(format!("{}\0{}\0{}", kind_number(kind), id.agency, id.text).as_bytes())
}

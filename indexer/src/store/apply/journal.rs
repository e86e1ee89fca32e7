//! The state before: kept with every change, and brought back.
//!
//! A row of the journal is the whole row that a run replaced, written in the same transaction. What a run made anew has
//! none; `born` says which run that was. So the state before any run is, for every record that was changed since: gone
//! where it was born since, else its first row of the journal since then.

use sqlx::Row;

use super::{Apply, Content, Old, planned, whole};
use crate::record::Kind;
use crate::store::plan::{name_of, parts};
use crate::store::{StoreError, kind_number, kind_of};
use connectors::ids::Identifikator;

/// Records that are brought back at once.
const PAGE: i64 = 500;

impl Apply {
    /// Keeps a row before it is replaced, once for each run; what this run made itself was not there before it.
    pub(super) async fn keep_state_before(
        &mut self,
        kind: Kind,
        id: &Identifikator,
        old: &Old,
    ) -> Result<(), StoreError> {
        if old.born == self.run {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO journal (portal, kind, agency, id, run, hash, changed, was_run, deleted, body, nested) \
             SELECT portal, kind, agency, id, $1, hash, changed, run, deleted, body, nested FROM record \
             WHERE portal = $2 AND kind = $3 AND agency = $4 AND id = $5 ON CONFLICT DO NOTHING",
        )
        .bind(self.run)
        .bind(self.portal.as_str())
        .bind(kind_number(kind))
        .bind(&id.agency)
        .bind(&id.text)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// Brings every record of the portal to the state before the run `before`, as changes of this run; fails with
    /// [`StoreError::NotKept`] where the journal does not reach back so far.
    ///
    /// The portal's next run reads everything it fetches, from where that run had begun. The caller finishes and commits.
    pub async fn restore(&mut self, before: i64) -> Result<(), StoreError> {
        let kept = sqlx::query(
            "SELECT 1 FROM run r JOIN portal_state p ON p.portal = r.portal \
             WHERE r.portal = $1 AND r.run = $2 AND r.run >= p.journal_from \
             AND r.outcome IN ('applied', 'restored', 'broken_off', 'failed')",
        )
        .bind(self.portal.as_str())
        .bind(before)
        .fetch_optional(&mut *self.transaction)
        .await?;
        if kept.is_none() {
            return Err(StoreError::NotKept { portal: self.portal.clone(), run: before });
        }
        let mut last = (0, String::new(), String::new());
        loop {
            let rows = sqlx::query(
                "SELECT kind, agency, id, hash, changed, deleted, born FROM record \
                 WHERE portal = $1 AND (kind, agency, id) > ($2, $3, $4) AND run >= $5 AND run < $6 \
                 ORDER BY kind, agency, id LIMIT $7",
            )
            .bind(self.portal.as_str())
            .bind(last.0)
            .bind(last.1.as_str())
            .bind(last.2.as_str())
            .bind(before)
            .bind(self.run)
            .bind(PAGE)
            .fetch_all(&mut *self.transaction)
            .await?;
            let Some(end) = rows.last() else { break };
            last = (end.get(0), end.get(1), end.get(2));
            for row in &rows {
                let Some(kind) = kind_of(row.get(0)) else { continue };
                let id = Identifikator::new(row.get::<&str, _>(1), row.get::<&str, _>(2));
                let deleted = row.get::<i64, _>(5) != 0;
                let now = Old { hash: row.get(3), changed: row.get(4), deleted, born: row.get(6) };
                self.bring_back(kind, &id, now, before).await?;
            }
        }
        self.forget_delivery(before).await
    }

    async fn bring_back(&mut self, kind: Kind, id: &Identifikator, now: Old, before: i64) -> Result<(), StoreError> {
        let was = if now.born >= before { None } else { self.first_kept(kind, id, before).await? };
        match was {
            None if now.deleted => Ok(()),
            None => self.bury(kind, id, &now).await,
            Some((content, _)) if !now.deleted && content.hash == now.hash => {
                self.applied.unchanged += 1;
                Ok(())
            }
            Some((content, changed)) => {
                let object = whole(&id.to_string(), &content.body, &content.nested)?;
                self.plan_return(id, &object, now.deleted).await?;
                match now.deleted {
                    true => self.applied.added += 1,
                    false => self.applied.updated += 1,
                }
                self.put(kind, id, changed, Some(&content), Some(&now)).await?;
                self.derive(id, &object, true).await
            }
        }
    }

    async fn plan_return(
        &mut self,
        id: &Identifikator,
        object: &crate::record::Object,
        gone: bool,
    ) -> Result<(), StoreError> {
        if gone {
            self.plan_addition(id, object);
            return Ok(());
        }
        if self.plan.as_mut().is_some_and(|plan| plan.changed.count()) {
            let parts = self.read(object.kind(), id).await?.map(|(old, ..)| parts(&old, object)).unwrap_or_default();
            if let Some(plan) = &mut self.plan {
                plan.changed.entries.push(planned(object.kind(), id, name_of(object), parts));
            }
        }
        Ok(())
    }

    /// What a record was before the first run since `before` that changed it, with the date of its editors; none when
    /// it was gone then.
    async fn first_kept(
        &mut self,
        kind: Kind,
        id: &Identifikator,
        before: i64,
    ) -> Result<Option<(Content, Option<i64>)>, StoreError> {
        let row = sqlx::query(
            "SELECT hash, changed, deleted, body, nested FROM journal \
             WHERE portal = $1 AND kind = $2 AND agency = $3 AND id = $4 AND run >= $5 ORDER BY run LIMIT 1",
        )
        .bind(self.portal.as_str())
        .bind(kind_number(kind))
        .bind(&id.agency)
        .bind(&id.text)
        .bind(before)
        .fetch_optional(&mut *self.transaction)
        .await?;
        let Some(row) = row else {
            return Err(StoreError::Body { key: id.to_string(), reason: "its state before is missing".into() });
        };
        let content = Content { hash: row.get(0), body: row.get(3), nested: row.get(4) };
        Ok((row.get::<i64, _>(2) == 0).then(|| (content, row.get(1))))
    }

    /// Forgets what the last run had fetched: the next one must not take it for the state that is there.
    async fn forget_delivery(&mut self, before: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM portal_file WHERE portal = $1")
            .bind(self.portal.as_str())
            .execute(&mut *self.transaction)
            .await?;
        sqlx::query(
            "UPDATE portal_state SET digest = NULL, next_request = (SELECT next_before FROM run WHERE run = $1) \
             WHERE portal = $2",
        )
        .bind(before)
        .bind(self.portal.as_str())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

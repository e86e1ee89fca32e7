//! Records that cannot be taken: kept as delivered, until they come well or go.
//!
//! Where there is an older good version of one, that version stays; and where it cannot be told which record was meant,
//! none of its kind goes for not being seen.

use std::collections::HashSet;

use connectors::ids::{Identifikator, PortalId};
use connectors::run::Coverage;
use jiff::Timestamp;
use sqlx::{Any, Row, Transaction};

use super::{Apply, fingerprint};
use crate::normalise::Refused;
use crate::record::Kind;
use crate::store::plan::Planned;
use crate::store::{StoreError, kind_number, kind_of};

/// Refused records that are kept of one portal, and of one run.
const KEPT: usize = 1_000;

/// What is known of the refused records of a portal while a run goes on.
#[derive(Debug, Default)]
pub(super) struct Quarantine {
    /// Those in the table.
    kept: HashSet<u128>,
    /// Those that this run brought, by their ids.
    spared: HashSet<u128>,
    /// Kinds of which one came whose id is not known.
    nameless: HashSet<Kind>,
    /// Rows that this run wrote.
    written: usize,
}

impl Quarantine {
    pub(super) async fn read(transaction: &mut Transaction<'_, Any>, portal: &PortalId) -> Result<Self, StoreError> {
        let rows = sqlx::query("SELECT kind, agency, id FROM quarantine WHERE portal = $1 AND agency <> ''")
            .bind(portal.as_str())
            .fetch_all(&mut **transaction)
            .await?;
        let key = |row: &sqlx::any::AnyRow| {
            let id = Identifikator::new(row.get::<&str, _>(1), row.get::<&str, _>(2));
            Some(fingerprint(kind_of(row.get(0))?, &id))
        };
        Ok(Self { kept: rows.iter().filter_map(key).collect(), ..Self::default() })
    }

    /// True when a record may not go for not being seen: it was there, and could not be taken.
    pub(super) fn spares(&self, kind: Kind, id: &Identifikator) -> bool {
        self.nameless.contains(&kind) || self.spared.contains(&fingerprint(kind, id))
    }
}

impl Apply {
    /// Lets none of this kind go for not being seen.
    pub fn spare(&mut self, kind: Kind) {
        self.quarantine.nameless.insert(kind);
    }

    /// Keeps a record that cannot be taken; what was there of it stays.
    pub async fn refuse(&mut self, refused: &Refused) -> Result<(), StoreError> {
        self.flush().await?;
        match &refused.id {
            Some(id) => {
                self.quarantine.spared.insert(fingerprint(refused.kind, id));
                self.quarantine.kept.insert(fingerprint(refused.kind, id));
            }
            None => {
                self.quarantine.nameless.insert(refused.kind);
            }
        }
        if let Some(plan) = &mut self.plan
            && plan.quarantined.count()
        {
            plan.quarantined.entries.push(Planned {
                kind: refused.kind,
                id: refused.id.as_ref().map(ToString::to_string),
                name: String::new(),
                parts: Vec::new(),
                findings: refused.findings.clone(),
            });
        }
        if self.quarantine.written >= KEPT {
            return Ok(());
        }
        self.quarantine.written += 1;
        let (agency, text) = match &refused.id {
            Some(id) => (id.agency.as_str(), id.text.as_str()),
            None => ("", refused.place.as_str()),
        };
        sqlx::query(
            "INSERT INTO quarantine (portal, kind, agency, id, run, at, findings, xml, cut) \
             VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8) ON CONFLICT (portal, kind, agency, id) DO UPDATE SET \
             run = excluded.run, findings = excluded.findings, xml = excluded.xml, cut = excluded.cut",
        )
        .bind(self.portal.as_str())
        .bind(kind_number(refused.kind))
        .bind(agency)
        .bind(text)
        .bind(self.run)
        .bind(serde_json::to_string(&refused.findings).expect("findings are plain values"))
        .bind(&refused.xml)
        .bind(i64::from(refused.cut))
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// A record came well, or goes: what was refused of it before is over.
    pub(super) async fn taken(&mut self, kind: Kind, id: &Identifikator) -> Result<(), StoreError> {
        if !self.quarantine.kept.remove(&fingerprint(kind, id)) {
            return Ok(());
        }
        sqlx::query("DELETE FROM quarantine WHERE portal = $1 AND kind = $2 AND agency = $3 AND id = $4")
            .bind(self.portal.as_str())
            .bind(kind_number(kind))
            .bind(&id.agency)
            .bind(&id.text)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// A whole run brought everything, and so everything that is wrong; of parts the last ones are kept.
    pub(super) async fn trim_quarantine(&mut self, coverage: Coverage) -> Result<(), StoreError> {
        if coverage == Coverage::Whole {
            sqlx::query("DELETE FROM quarantine WHERE portal = $1 AND run < $2")
                .bind(self.portal.as_str())
                .bind(self.run)
                .execute(&mut *self.transaction)
                .await?;
            return Ok(());
        }
        if self.quarantine.written == 0 {
            return Ok(());
        }
        sqlx::query(
            "DELETE FROM quarantine WHERE (portal, kind, agency, id) IN (SELECT portal, kind, agency, id \
             FROM quarantine WHERE portal = $1 ORDER BY run DESC, kind, agency, id LIMIT 1000000 OFFSET $2)",
        )
        .bind(self.portal.as_str())
        .bind(KEPT as i64)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    pub(super) async fn date_quarantine(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.quarantine.written > 0 {
            sqlx::query("UPDATE quarantine SET at = $1 WHERE portal = $2 AND run = $3")
                .bind(now.as_millisecond())
                .bind(self.portal.as_str())
                .bind(self.run)
                .execute(&mut *self.transaction)
                .await?;
        }
        Ok(())
    }
}

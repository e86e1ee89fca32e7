//! The audit trail: what was done, by whom, when and from where; each entry holds the hash of the one before it.
//!
//! The hash is SHA-256 over the entry as a JSON array, its values in one order and the previous hash among them, so that
//! anybody can compute it from an export.

use connectors::ids::PortalId;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Registry, RegistryError, Tx};
use crate::registry::secrets;
use crate::registry::who::Who;

/// Entries that are read at a time.
const PAGE: i64 = 1_000;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// Its number, from 1 without gaps.
    pub seq: i64,
    /// When, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// Who: the name of an account, or of what did it by itself.
    pub actor: String,
    /// How they came in: a session, a token by its name, the command line.
    pub via: String,
    /// The client's network, shortened.
    pub network: Option<String>,
    /// What, such as `portal.release`.
    pub action: String,
    /// To which portal.
    pub portal: Option<String>,
    /// What was before, as canonical JSON.
    pub before: Option<String>,
    /// What is now, as canonical JSON.
    pub after: Option<String>,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// The hash of the entry before; empty for the first.
    pub previous: String,
    /// The hash of this entry.
    pub hash: String,
}

impl AuditEntry {
    /// The hash that this entry should have.
    pub fn computed(&self) -> String {
        let canonical = json!([
            self.seq,
            self.at_ms,
            self.actor,
            self.via,
            self.network,
            self.action,
            self.portal,
            self.before,
            self.after,
            self.reason,
            self.previous,
        ]);
        secrets::hash(&canonical.to_string())
    }

    /// When it was.
    pub fn at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.at_ms).ok()
    }
}

/// Where the chain ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The number of the last entry; 0 without any.
    pub seq: i64,
    /// Its hash; empty without any.
    pub hash: String,
}

/// Why the audit trail is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// An entry does not have the hash of what it says.
    #[error("entry {0} was changed: its hash is not that of what it says")]
    Changed(i64),
    /// An entry does not follow the one before it.
    #[error("entry {0} does not follow the one before it: entries were removed, added or put in another order")]
    Unlinked(i64),
    /// The chain does not end where it should.
    #[error(
        "the trail ends with entry {found}, and not with entry {known} as it was left: entries were removed or added at its end"
    )]
    Head {
        /// The last entry.
        found: i64,
        /// The last entry as it was left.
        known: i64,
    },
}

const COLUMNS: &str = "SELECT seq, at, actor, via, network, action, portal, old_value, new_value, reason, previous, \
    hash FROM audit";

fn entry(row: &AnyRow) -> Result<AuditEntry, RegistryError> {
    Ok(AuditEntry {
        seq: row.try_get(0)?,
        at_ms: row.try_get(1)?,
        actor: row.try_get(2)?,
        via: row.try_get(3)?,
        network: row.try_get(4)?,
        action: row.try_get(5)?,
        portal: row.try_get(6)?,
        before: row.try_get(7)?,
        after: row.try_get(8)?,
        reason: row.try_get(9)?,
        previous: row.try_get(10)?,
        hash: row.try_get(11)?,
    })
}

/// The value with the keys of all its objects in order, as text.
fn canonical(value: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let mut pairs: Vec<_> = map.iter().collect();
                pairs.sort_by_key(|(name, _)| *name);
                Value::Object(pairs.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
            }
            Value::Array(values) => Value::Array(values.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    sorted(value).to_string()
}

impl Registry {
    /// Where the chain ends.
    pub async fn audit_head(&self) -> Result<Head, RegistryError> {
        let row = sqlx::query("SELECT seq, hash FROM audit_head WHERE one = 1").fetch_one(&self.readers).await?;
        Ok(Head { seq: row.try_get(0)?, hash: row.try_get(1)? })
    }

    /// Up to `limit` entries after the number `after`, in their order.
    pub async fn audit_after(&self, after: i64, limit: i64) -> Result<Vec<AuditEntry>, RegistryError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE seq > $1 ORDER BY seq LIMIT $2")));
        rows.bind(after).bind(limit).fetch_all(&self.readers).await?.iter().map(entry).collect()
    }

    /// Up to `limit` entries before the number `before`, the newest first: all of them, or those of one portal.
    pub async fn audit_before(
        &self,
        before: i64,
        portal: Option<&PortalId>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>, RegistryError> {
        let of_portal = if portal.is_some() { " AND portal = $3" } else { "" };
        let text = format!("{COLUMNS} WHERE seq < $1{of_portal} ORDER BY seq DESC LIMIT $2");
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(before).bind(limit);
        if let Some(portal) = portal {
            rows = rows.bind(portal.as_str().to_owned());
        }
        rows.fetch_all(&self.readers).await?.iter().map(entry).collect()
    }

    /// Reads the whole trail and computes every hash anew: where it ends, or the first fault.
    pub async fn verify_audit(&self) -> Result<Result<Head, AuditFault>, RegistryError> {
        // Before the entries: what is written meanwhile comes behind it.
        let known = self.audit_head().await?;
        let mut last = Head::default();
        loop {
            let entries = self.audit_after(last.seq, PAGE).await?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                if entry.seq != last.seq + 1 || entry.previous != last.hash {
                    return Ok(Err(AuditFault::Unlinked(entry.seq)));
                }
                if entry.computed() != entry.hash {
                    return Ok(Err(AuditFault::Changed(entry.seq)));
                }
                if entry.seq == known.seq && entry.hash != known.hash {
                    return Ok(Err(AuditFault::Unlinked(entry.seq)));
                }
                last = Head { seq: entry.seq, hash: entry.hash };
            }
        }
        // Another entry may have come since the head was read; one that is missing cannot come back.
        let now_known = self.audit_head().await?;
        if last.seq < known.seq || last.seq > now_known.seq {
            return Ok(Err(AuditFault::Head { found: last.seq, known: now_known.seq }));
        }
        Ok(Ok(last))
    }
}

impl Tx {
    /// The same as [`Tx::audit`], with the reason that somebody gave.
    pub async fn audit_because(
        &mut self,
        who: &Who,
        action: &str,
        portal: Option<&PortalId>,
        before: Option<Value>,
        after: Option<Value>,
        reason: Option<&str>,
    ) -> Result<(), RegistryError> {
        // First of all, so that a database with many writers lets one after the other continue the chain.
        sqlx::query("UPDATE audit_head SET seq = seq + 1 WHERE one = 1").execute(&mut *self.inner).await?;
        let head = sqlx::query("SELECT seq, hash FROM audit_head WHERE one = 1").fetch_one(&mut *self.inner).await?;
        let mut entry = AuditEntry {
            seq: head.try_get(0)?,
            at_ms: self.now.as_millisecond(),
            actor: who.name.clone(),
            via: who.via(),
            network: who.network.clone(),
            action: action.to_owned(),
            portal: portal.map(ToString::to_string),
            before: before.as_ref().map(canonical),
            after: after.as_ref().map(canonical),
            reason: reason.map(str::to_owned),
            previous: head.try_get(1)?,
            hash: String::new(),
        };
        entry.hash = entry.computed();
        let add = sqlx::query(
            "INSERT INTO audit (seq, at, actor, via, network, action, portal, old_value, new_value, reason, previous, \
             hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        );
        let add = add.bind(entry.seq).bind(entry.at_ms).bind(entry.actor).bind(entry.via).bind(entry.network);
        let add = add.bind(entry.action).bind(entry.portal).bind(entry.before).bind(entry.after).bind(entry.reason);
        add.bind(entry.previous).bind(entry.hash.clone()).execute(&mut *self.inner).await?;
        let head = sqlx::query("UPDATE audit_head SET hash = $1 WHERE one = 1").bind(entry.hash.clone());
        head.execute(&mut *self.inner).await?;
        self.written.push((action.to_owned(), entry.seq, entry.hash));
        Ok(())
    }
}

//! The registry's own database: accounts, rights, sessions, tokens and the audit trail.
//!
//! Only this room of the gateway knows SQL, and only the SQL that SQLite and PostgreSQL share; what is SQLite's alone
//! stands in this file and in `append_only.sql`. It is not the file of the records, because a long import would hold up
//! sign-ins. Several processes may use it at a time. Every effect is written by a [`Tx`], together with its audit entry.

mod accounts;
mod attempts;
mod audit;
mod feedback;
mod imports;
mod registrations;
mod sessions;
mod tokens;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use config::clock;
use connectors::ids::PortalId;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, Connection, Row, Transaction};

pub use accounts::{Account, NewAccount};
pub use audit::{AuditEntry, AuditFault, Head};
pub use feedback::{FeedbackFilter, FeedbackRow, NewFeedback, Taken};
pub use imports::{ImportRow, NewImport};
pub use registrations::{ChangeSet, NewChange, Proof, Registered, Rehearsed};
pub use sessions::SessionRow;
pub use tokens::{NewToken, TokenRow};

use super::who::Who;

/// The registry cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The folder or file cannot be made or opened.
    #[error("cannot open the registry {}: {reason}", file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Made by a later version of the program.
    #[error("the registry {} has schema {found}, this program knows {known}; use the version that made it", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// The version found.
        found: i64,
        /// The version known.
        known: i64,
    },
    /// The database.
    #[error("the registry failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A row that this program cannot read.
    #[error("{what} in the registry cannot be read: {reason}")]
    Row {
        /// Which.
        what: String,
        /// Why.
        reason: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// An account of this name is there already.
    #[error("there is an account `{0}` already; take another name")]
    NameTaken(String),
}

/// What came after version 1, in order: the first makes version 2 of version 1, and so on. A step that was shipped is
/// never changed; a new one is put at the end.
const MIGRATIONS: &[&str] = &[
    include_str!("store/imports.sql"),
    include_str!("store/registrations.sql"),
    include_str!("store/descriptions.sql"),
    include_str!("store/feedback.sql"),
];

/// The version that this program knows.
const SCHEMA: i64 = 1 + MIGRATIONS.len() as i64;

/// The registry's database; a cheap clone.
#[derive(Debug, Clone)]
pub struct Registry {
    readers: AnyPool,
    writer: AnyPool,
}

/// Changes that are there together or not at all; dropped without [`Tx::commit`], nothing happened.
pub struct Tx {
    inner: Transaction<'static, Any>,
    /// When it began; the time of all that it writes.
    pub now: Timestamp,
    /// The entries that it wrote: action, number and hash.
    written: Vec<(String, i64, String)>,
}

impl Registry {
    /// Opens the database `file` (relative to the working directory), makes it when it is new, and brings it to the
    /// version that this program knows.
    pub async fn open(file: &Path) -> Result<Self, RegistryError> {
        sqlx::any::install_default_drivers();
        let fault = |reason: String| RegistryError::Open { file: file.to_owned(), reason };
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| fault(format!("{}: {error}", folder.display())))?;
        }
        let options = AnyConnectOptions::from_str(&format!("sqlite://{}?mode=rwc", file.display()))?;
        // A pool would try again and again what can never work, such as a file that is no database.
        let mut probe = AnyConnection::connect_with(&options).await.map_err(|error| fault(error.to_string()))?;
        prepare(&mut probe).await.map_err(|error| fault(error.to_string()))?;
        probe.close().await?;
        let pool = |size, patience| {
            AnyPoolOptions::new()
                .max_connections(size)
                .acquire_timeout(Duration::from_secs(patience))
                .idle_timeout(None)
                .max_lifetime(None)
                .after_connect(|connection, _| Box::pin(async move { prepare(connection).await }))
        };
        let writer = pool(1, 30).connect_with(options.clone()).await.map_err(|error| fault(error.to_string()))?;
        let readers = pool(4, 10).connect_with(options).await.map_err(|error| fault(error.to_string()))?;
        let registry = Self { readers, writer };
        registry.migrate(file).await?;
        Ok(registry)
    }

    /// Begins changes. One transaction writes at a time, so it is committed soon and waits for nobody.
    pub async fn begin(&self) -> Result<Tx, RegistryError> {
        Ok(Tx { inner: self.writer.begin_with("BEGIN IMMEDIATE").await?, now: clock::now(), written: Vec::new() })
    }

    /// Ends the connections; open work is rolled back.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    /// Step by step, each of them whole or not at all; a database of a later version is left as it is.
    async fn migrate(&self, file: &Path) -> Result<(), RegistryError> {
        loop {
            let mut tx = self.begin().await?;
            let known = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'meta'");
            let version: i64 = match known.fetch_optional(&mut *tx.inner).await? {
                None => 0,
                Some(_) => {
                    let version = sqlx::query("SELECT value FROM meta WHERE name = 'schema'");
                    version.fetch_one(&mut *tx.inner).await?.try_get(0)?
                }
            };
            let step = usize::try_from(version - 1).ok().and_then(|step| MIGRATIONS.get(step));
            match (version, step) {
                (0, _) => {
                    tx.run_script(include_str!("store/schema.sql")).await?;
                    tx.run_script(include_str!("store/append_only.sql")).await?;
                }
                (_, Some(step)) => {
                    tx.run_script(step).await?;
                    let mark = sqlx::query("UPDATE meta SET value = $1 WHERE name = 'schema'").bind(version + 1);
                    mark.execute(&mut *tx.inner).await?;
                }
                (SCHEMA, None) => return Ok(()),
                (found, None) => {
                    return Err(RegistryError::Newer { file: file.to_owned(), found, known: SCHEMA });
                }
            }
            tx.commit().await?;
        }
    }
}

impl Tx {
    /// Makes the changes true; they are on the disk when this returns. The log tells of the entries as well, with their
    /// hashes: who keeps the log elsewhere can see there whether the trail was made anew.
    pub async fn commit(self) -> Result<(), RegistryError> {
        self.inner.commit().await?;
        for (action, seq, hash) in self.written {
            tracing::info!(action, seq, hash, "audit");
        }
        Ok(())
    }

    /// Writes down what `who` did, `action` such as `portal.release`, with what was before and is now. Never a secret.
    pub async fn audit(
        &mut self,
        who: &Who,
        action: &str,
        portal: Option<&PortalId>,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<(), RegistryError> {
        self.audit_because(who, action, portal, before, after, None).await
    }

    /// The next number of a kind of row, whose name stands in `meta`; numbers are never given twice.
    async fn next(&mut self, kind: &str) -> Result<i64, RegistryError> {
        let raise = sqlx::query("UPDATE meta SET value = value + 1 WHERE name = $1").bind(kind.to_owned());
        raise.execute(&mut *self.inner).await?;
        let raised = sqlx::query("SELECT value FROM meta WHERE name = $1").bind(kind.to_owned());
        Ok(raised.fetch_one(&mut *self.inner).await?.try_get(0)?)
    }

    /// Runs statements that end with a semicolon at the end of a line.
    async fn run_script(&mut self, script: &'static str) -> Result<(), RegistryError> {
        for statement in script.split(";\n") {
            let lines: Vec<_> = statement.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
            let statement = lines.join("\n");
            if !statement.trim().is_empty() {
                sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut *self.inner).await?;
            }
        }
        Ok(())
    }
}

/// What SQLite needs to be told on each connection: readers never wait, every commit is on the disk before it counts,
/// there is patience with another process that writes, and what is removed is overwritten, so that it is gone.
async fn prepare(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    for pragma in [
        "PRAGMA busy_timeout = 10000",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA secure_delete = ON",
    ] {
        sqlx::query(pragma).fetch_all(&mut *connection).await?;
    }
    Ok(())
}

fn unreadable(what: impl Into<String>, reason: impl std::fmt::Display) -> RegistryError {
    RegistryError::Row { what: what.into(), reason: reason.to_string() }
}

/// A time out of a row.
fn time(ms: i64) -> Result<Timestamp, RegistryError> {
    Timestamp::from_millisecond(ms).map_err(|error| unreadable(format!("the time {ms}"), error))
}

fn some_time(ms: Option<i64>) -> Result<Option<Timestamp>, RegistryError> {
    ms.map(time).transpose()
}

#[cfg(test)]
pub(in crate::registry) mod tests;

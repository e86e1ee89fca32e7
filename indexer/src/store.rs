//! The records: the truth from which everything else is derived.
//!
//! Only this room knows SQL, and only the SQL that SQLite and PostgreSQL share; which of the two it is, only `open`
//! knows. One process writes at a time; what it writes is there whole or not at all.

mod apply;
mod coverage;
mod fitconnect;
mod links;
mod listing;
mod pages;
mod pairs;
mod plan;
mod read;
mod runs;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use connectors::ids::PortalId;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, Connection, Row, Transaction};

pub use apply::{Applied, Apply};
pub use links::{LinkState, LinkUse};
pub use listing::Trace;
pub use pages::PageRow;
pub use plan::{Listed, Plan, Planned};
pub use read::{Angebot, Changed, Stored, Unread};
pub use runs::{FileState, Freshness, Held, Pause, Quarantined, RunRow};

use crate::record::Kind;

/// The store cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address in `store.url` is not one of ours.
    #[error("`{0}` is no store: expected sqlite://PATH")]
    Url(String),
    /// The folder or file cannot be made or opened.
    #[error("cannot open the store {url}: {reason}")]
    Open {
        /// As configured.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// Another process writes to it.
    #[error("another process is using the store {0}; stop it first, or ask it to do the work")]
    InUse(PathBuf),
    /// Made by a later version of the program.
    #[error("the store {url} has schema {found}, this program knows {known}; use the version that made it")]
    Newer {
        /// As configured.
        url: String,
        /// The version found.
        found: i64,
        /// The version known.
        known: i64,
    },
    /// The database.
    #[error("the store failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The journal does not reach back before this run, or the portal had no such run.
    #[error("{portal} cannot be restored to the state before run {run}: what it replaced is not kept; see `runs`")]
    NotKept {
        /// Whose.
        portal: PortalId,
        /// The run.
        run: i64,
    },
    /// A body that this program cannot read.
    #[error("the record {key} in the store cannot be read: {reason}")]
    Body {
        /// Which.
        key: String,
        /// Why.
        reason: String,
    },
}

/// What came after version 1, in order: the first makes version 2 of version 1, and so on. A step that was shipped is
/// never changed; a new one is put at the end.
const MIGRATIONS: &[&str] = &[
    include_str!("store/migrations/runs.sql"),
    include_str!("store/migrations/pages.sql"),
    include_str!("store/migrations/links.sql"),
    include_str!("store/migrations/fitconnect.sql"),
];

/// The version that this program knows.
const SCHEMA: i64 = 1 + MIGRATIONS.len() as i64;

/// Memory for pages of the one connection that writes, and of each that reads, in KiB: those are several, and the
/// system keeps what they read often. What a block of a Bereitstelldienst changes fits into the first, which else would
/// be written several times; it is taken as it is needed.
const WRITER_KIB: u32 = 48_000;
const READER_KIB: u32 = 4_000;

/// Pages that wait in the log beside the file before they go into it: a page that several runs or blocks change is then
/// written once.
const LOG_PAGES: u32 = 16_000;

/// The records of all portals.
#[derive(Clone)]
pub struct Store {
    readers: AnyPool,
    writer: Option<AnyPool>,
    options: AnyConnectOptions,
    /// Held as long as this process may write.
    _lock: Option<std::sync::Arc<std::fs::File>>,
}

/// Whether a process will write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It reads, beside a process that writes.
    Read,
    /// It is the one that writes.
    Write,
}

impl Store {
    /// Opens the store at `url` (`sqlite://PATH`, relative to the working directory) and makes it when it is new.
    pub async fn open(url: &str, access: Access) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let path = url.strip_prefix("sqlite://").filter(|path| !path.is_empty());
        let path = PathBuf::from(path.ok_or_else(|| StoreError::Url(url.to_owned()))?);
        let fault = |reason: String| StoreError::Open { url: url.to_owned(), reason };
        if let (Access::Write, Some(folder)) = (access, path.parent().filter(|folder| !folder.as_os_str().is_empty())) {
            std::fs::create_dir_all(folder).map_err(|error| fault(format!("{}: {error}", folder.display())))?;
        }
        let lock = match access {
            Access::Read => None,
            Access::Write => Some(lock(&path, &fault)?),
        };
        let mode = if access == Access::Write { "rwc" } else { "rw" };
        let options = AnyConnectOptions::from_str(&format!("sqlite://{}?mode={mode}", path.display()))?;
        // A pool would try again and again what can never work, such as a file that is no database.
        let mut probe = AnyConnection::connect_with(&options).await.map_err(|error| fault(error.to_string()))?;
        prepare(&mut probe, READER_KIB).await.map_err(|error| fault(error.to_string()))?;
        probe.close().await?;
        let writer = match access {
            Access::Read => None,
            Access::Write => {
                let writer = pool(1, 86_400, WRITER_KIB)
                    .connect_with(options.clone())
                    .await
                    .map_err(|error| fault(error.to_string()))?;
                migrate(&writer).await?;
                Some(writer)
            }
        };
        let readers = readers().connect_with(options.clone()).await.map_err(|error| fault(error.to_string()))?;
        let found: i64 = sqlx::query("SELECT value FROM meta WHERE name = 'schema'")
            .fetch_one(&readers)
            .await
            .map_err(|_| fault("it holds no records yet; run `import` or `serve` first".into()))?
            .get(0);
        if found != SCHEMA {
            return Err(StoreError::Newer { url: url.to_owned(), found, known: SCHEMA });
        }
        Ok(Self { readers, writer, options, _lock: lock.map(std::sync::Arc::new) })
    }

    /// The same store with readers of its own, which are connected when they are first needed: the threads behind them
    /// have the priority of whoever needs them.
    pub fn beside(&self) -> Self {
        Self { readers: readers().connect_lazy_with(self.options.clone()), ..self.clone() }
    }

    /// Ends the connections; open work is rolled back.
    pub async fn close(&self) {
        if let Some(writer) = &self.writer {
            writer.close().await;
        }
        self.readers.close().await;
    }

    fn writer(&self) -> &AnyPool {
        self.writer.as_ref().expect("only a process that opened the store for writing applies runs")
    }
}

/// The connections that read.
fn readers() -> AnyPoolOptions {
    pool(8, 10, READER_KIB)
}

fn pool(size: u32, patience_s: u64, kib: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(patience_s))
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| Box::pin(async move { prepare(connection, kib).await }))
}

/// One process at a time; the lock ends with the process, however that ends.
fn lock(path: &std::path::Path, fault: &dyn Fn(String) -> StoreError) -> Result<std::fs::File, StoreError> {
    let lock = path.with_extension("lock");
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&lock);
    let file = file.map_err(|error| fault(format!("{}: {error}", lock.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(fault(format!("{}: {error}", lock.display()))),
    }
}

/// What SQLite needs to be told on each connection: a log beside the file so that readers never wait, every commit
/// on the disk before it counts, and patience with the other connection.
async fn prepare(connection: &mut AnyConnection, cache_kib: u32) -> Result<(), sqlx::Error> {
    let cache = format!("PRAGMA cache_size = -{cache_kib}");
    let log = format!("PRAGMA wal_autocheckpoint = {LOG_PAGES}");
    for pragma in [
        "PRAGMA busy_timeout = 10000",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        cache.as_str(),
        log.as_str(),
        "PRAGMA temp_store = MEMORY",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(pragma.to_owned())).fetch_all(&mut *connection).await?;
    }
    Ok(())
}

/// Brings the store to the version that this program knows, step by step, each of them whole or not at all. A store of
/// a later version is left as it is.
async fn migrate(writer: &AnyPool) -> Result<(), StoreError> {
    let known = sqlx::query("SELECT value FROM meta WHERE name = 'schema'").fetch_one(writer).await;
    let mut version: i64 = known.map_or(0, |row| row.get(0));
    if version == 0 {
        let mut transaction = writer.begin().await?;
        run_script(&mut transaction, include_str!("store/schema.sql")).await?;
        transaction.commit().await?;
        version = 1;
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(version - 1).unwrap_or(usize::MAX)) {
        version += 1;
        let mut transaction = writer.begin().await?;
        run_script(&mut transaction, step).await?;
        let mark = sqlx::query("UPDATE meta SET value = $1 WHERE name = 'schema'").bind(version);
        mark.execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Runs statements that end with a semicolon at the end of a line.
async fn run_script(transaction: &mut Transaction<'_, Any>, script: &'static str) -> Result<(), StoreError> {
    for statement in script.split(";\n") {
        let lines: Vec<_> = statement.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        let statement = lines.join("\n");
        if !statement.trim().is_empty() {
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut **transaction).await?;
        }
    }
    Ok(())
}

/// How the store numbers the kinds; the numbers stay.
fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::Leistung => 1,
        Kind::Spezialisierung => 2,
        Kind::Organisationseinheit => 3,
        Kind::Onlinedienst => 4,
        Kind::Formular => 5,
        Kind::Zustaendigkeit => 6,
    }
}

fn kind_of(number: i64) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind_number(*kind) == number)
}

/// A portal id out of the store; only valid ones were put in.
fn portal(text: &str) -> PortalId {
    text.parse().expect("the store holds only ids that were portal ids when they were written")
}

#[cfg(test)]
pub(crate) mod tests;

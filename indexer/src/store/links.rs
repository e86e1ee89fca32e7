//! The addresses that records name, and what became of them.

use std::collections::{BTreeSet, HashMap};

use connectors::gebiet::Ars;
use connectors::ids::{Identifikator, PortalId};
use connectors::link::Verdict;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use url::Url;

use super::read::{placeholders, read_body};
use super::{Store, StoreError, kind_number, kind_of};
use crate::record::{Kind, Object};

/// The kinds of record that name addresses.
const KINDS: [Kind; 4] = [Kind::Leistung, Kind::Spezialisierung, Kind::Organisationseinheit, Kind::Onlinedienst];

/// What is known of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkState {
    /// The address.
    pub url: String,
    /// What the last visit said; none before the first.
    pub verdict: Option<Verdict>,
    /// When that was.
    pub checked: Option<Timestamp>,
    /// Status of the last answer.
    pub status: Option<u16>,
    /// The address that answered, where it is another one.
    pub reached: Option<String>,
    /// How many redirects lie between the two.
    pub redirects: u32,
    /// The Gemeinde that the page says to be of.
    pub town: Option<Ars>,
    /// Since when every visit found a fault.
    pub failing_since: Option<Timestamp>,
    /// How many visits in a row found one.
    pub failures: u32,
}

/// An address that a record names, where the last visit says something of it.
#[derive(Debug, Clone)]
pub struct LinkUse {
    /// The kind of the record.
    pub kind: Kind,
    /// Its id.
    pub id: Identifikator,
    /// What is known of the address.
    pub state: LinkState,
}

const COLUMNS: &str =
    "l.url, l.verdict, l.checked, l.status, l.reached, l.redirects, l.town, l.failing_since, l.failures";

impl Store {
    /// Follows the records: notes which addresses those name that changed since the last time, at most `limit` records.
    /// Gives how many records there were; fewer than `limit` when it is up to date.
    pub async fn note_links(
        &self,
        limit: i64,
        now: Timestamp,
        addresses: impl Fn(&Object) -> BTreeSet<Url>,
    ) -> Result<usize, StoreError> {
        let known: i64 =
            sqlx::query("SELECT value FROM meta WHERE name = 'links'").fetch_one(&self.readers).await?.get(0);
        let kinds = KINDS.map(|kind| kind_number(kind).to_string()).join(", ");
        let sql = format!(
            "SELECT portal, kind, agency, id, body, deleted, change_no FROM record \
             WHERE change_no > $1 AND kind IN ({kinds}) ORDER BY change_no LIMIT $2"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(known).bind(limit).fetch_all(&self.readers).await?;
        let Some(last) = rows.last().map(|row| row.get::<i64, _>(6)) else { return Ok(0) };
        let mut transaction = self.writer().begin().await?;
        for row in &rows {
            let (owner, kind, agency, id): (&str, i64, &str, &str) = (row.get(0), row.get(1), row.get(2), row.get(3));
            sqlx::query("DELETE FROM link_use WHERE portal = $1 AND kind = $2 AND agency = $3 AND id = $4")
                .bind(owner)
                .bind(kind)
                .bind(agency)
                .bind(id)
                .execute(&mut *transaction)
                .await?;
            if row.get::<i64, _>(5) != 0 {
                continue;
            }
            for url in addresses(&read_body(id, row.get(4))?) {
                sqlx::query("INSERT INTO link_use (portal, kind, agency, id, url) VALUES ($1, $2, $3, $4, $5)")
                    .bind(owner)
                    .bind(kind)
                    .bind(agency)
                    .bind(id)
                    .bind(url.as_str())
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query(
                    "INSERT INTO link (url, host, due, failures) VALUES ($1, $2, $3, 0) ON CONFLICT (url) DO NOTHING",
                )
                .bind(url.as_str())
                .bind(url.host_str().unwrap_or_default())
                .bind(now.as_millisecond())
                .execute(&mut *transaction)
                .await?;
            }
        }
        sqlx::query("UPDATE meta SET value = $1 WHERE name = 'links'").bind(last).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(rows.len())
    }

    /// Forgets the addresses that no record names any more.
    pub async fn forget_links(&self) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM link WHERE NOT EXISTS (SELECT 1 FROM link_use u WHERE u.url = link.url)")
            .execute(self.writer())
            .await?;
        Ok(gone.rows_affected())
    }

    /// The hosts with addresses that are due, the longest overdue first.
    pub async fn due_hosts(&self, now: Timestamp, limit: i64) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT host FROM link WHERE due <= $1 GROUP BY host ORDER BY MIN(due), host LIMIT $2")
            .bind(now.as_millisecond())
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// What is known of the addresses of a host that are due, the longest overdue first.
    pub async fn due_links(&self, host: &str, now: Timestamp, limit: i64) -> Result<Vec<LinkState>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM link l WHERE l.host = $1 AND l.due <= $2 ORDER BY l.due, l.url LIMIT $3");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(host).bind(now.as_millisecond()).bind(limit);
        Ok(query.fetch_all(&self.readers).await?.iter().map(state).collect())
    }

    /// Keeps what visits said, each with when the next one is due.
    pub async fn keep_links(&self, visited: &[(LinkState, Timestamp)]) -> Result<(), StoreError> {
        let mut transaction = self.writer().begin().await?;
        for (state, due) in visited {
            sqlx::query(
                "UPDATE link SET due = $1, checked = $2, verdict = $3, status = $4, reached = $5, redirects = $6, \
                 town = $7, failing_since = $8, failures = $9 WHERE url = $10",
            )
            .bind(due.as_millisecond())
            .bind(state.checked.map(Timestamp::as_millisecond))
            .bind(state.verdict.map(Verdict::code))
            .bind(state.status.map(i64::from))
            .bind(state.reached.as_deref())
            .bind(i64::from(state.redirects))
            .bind(state.town.as_ref().map(Ars::as_str))
            .bind(state.failing_since.map(Timestamp::as_millisecond))
            .bind(i64::from(state.failures))
            .bind(&state.url)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Lets no address of a host be due before `until`.
    pub async fn put_off_links(&self, host: &str, until: Timestamp) -> Result<(), StoreError> {
        let put_off = sqlx::query("UPDATE link SET due = $1 WHERE host = $2 AND due < $1");
        put_off.bind(until.as_millisecond()).bind(host).execute(self.writer()).await?;
        Ok(())
    }

    /// What is known of these addresses.
    pub async fn link_states(&self, urls: &BTreeSet<String>) -> Result<HashMap<String, LinkState>, StoreError> {
        let mut found = HashMap::new();
        // Engines bound how many values a statement may hold.
        for some in urls.iter().collect::<Vec<_>>().chunks(200) {
            let sql = format!("SELECT {COLUMNS} FROM link l WHERE l.url IN ({})", placeholders(1, some.len()));
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for url in some {
                query = query.bind((*url).clone());
            }
            let states = query.fetch_all(&self.readers).await?;
            found.extend(states.iter().map(state).map(|state| (state.url.clone(), state)));
        }
        Ok(found)
    }

    /// The addresses in records of these portals that are faulty, or of a page that says whose it is.
    pub async fn telling_links(&self, portals: &[PortalId]) -> Result<Vec<LinkUse>, StoreError> {
        if portals.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {COLUMNS}, u.kind, u.agency, u.id FROM link_use u JOIN link l ON l.url = u.url \
             WHERE u.portal IN ({}) AND (l.failures > 0 OR l.town IS NOT NULL) ORDER BY l.url",
            placeholders(1, portals.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for portal in portals {
            query = query.bind(portal.as_str().to_owned());
        }
        let used = |row: &AnyRow| {
            Some(LinkUse {
                kind: kind_of(row.get(9))?,
                id: Identifikator::new(row.get::<&str, _>(10), row.get::<&str, _>(11)),
                state: state(row),
            })
        };
        Ok(query.fetch_all(&self.readers).await?.iter().filter_map(used).collect())
    }

    /// How many addresses there are for each verdict; without a word those that nobody visited yet.
    pub async fn link_counts(&self) -> Result<Vec<(Option<Verdict>, u64)>, StoreError> {
        let rows = sqlx::query("SELECT verdict, COUNT(*) FROM link GROUP BY verdict").fetch_all(&self.readers).await?;
        let verdict = |row: &AnyRow| row.get::<Option<&str>, _>(0).and_then(Verdict::of_code);
        Ok(rows.iter().map(|row| (verdict(row), row.get::<i64, _>(1) as u64)).collect())
    }
}

fn state(row: &AnyRow) -> LinkState {
    let time = |at: usize| row.get::<Option<i64>, _>(at).and_then(|at| Timestamp::from_millisecond(at).ok());
    LinkState {
        url: row.get(0),
        verdict: row.get::<Option<&str>, _>(1).and_then(Verdict::of_code),
        checked: time(2),
        status: row.get::<Option<i64>, _>(3).and_then(|status| u16::try_from(status).ok()),
        reached: row.get(4),
        redirects: row.get::<Option<i64>, _>(5).unwrap_or(0) as u32,
        town: row.get::<Option<&str>, _>(6).and_then(|town| town.parse().ok()),
        failing_since: time(7),
        failures: row.get::<i64, _>(8) as u32,
    }
}

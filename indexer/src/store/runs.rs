//! Runs as the store keeps them: where a portal stands, how its runs ended, what waits for somebody, what was refused.

use connectors::finding::{Finding, Rule, Severity};
use connectors::ids::{Identifikator, PortalId};
use connectors::run::Cursor;
use jiff::Timestamp;
use sqlx::{Any, Row, Transaction, any::AnyRow};

use super::plan::Plan;
use super::read::read_json;
use super::{Applied, Store, StoreError, kind_number, kind_of};
use crate::record::Kind;

/// Rows of the journal that are removed in one transaction, so that runs wait for it only shortly.
const THINNED: i64 = 2_000;

/// Where a portal stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortalState {
    /// When its last good run ended.
    pub good_at: Option<Timestamp>,
    /// What that run read, so that the same stock is known at once.
    pub digest: Option<String>,
    /// Where the next run of a Bereitstelldienst begins.
    pub cursor: Option<Cursor>,
    /// The first run before which the portal can be restored.
    pub kept_from: i64,
    /// Since when and why no run is made.
    pub paused: Option<Pause>,
}

/// A portal whose runs wait for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Why, in words for people.
    pub why: String,
}

/// A file of a portal's last good run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// Its name in the index.
    pub name: String,
    /// The hash of its bytes, hexadecimal.
    pub sha256: String,
    /// `ETag`, as sent.
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub last_modified: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its number, where it was applied; else one is given.
    pub number: Option<i64>,
    /// Whose.
    pub portal: PortalId,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// `applied`, `unchanged`, `held`, `failed`, `restored`, or `broken_off` where the process ended within it.
    pub outcome: String,
    /// What it did.
    pub applied: Applied,
    /// Records that could not be taken.
    pub refused: u64,
    /// Where a Bereitstelldienst stood before the run.
    pub cursor_before: Option<Cursor>,
}

/// A run that waits for somebody, and what it would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its number.
    pub run: i64,
    /// What it had read.
    pub digest: String,
    /// What it would do.
    pub plan: Plan,
}

/// A record that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// What it is.
    pub kind: Kind,
    /// Its id, where it has one.
    pub id: Option<Identifikator>,
    /// Where it stood, as `file:line`, where it has no id.
    pub place: Option<String>,
    /// The run that brought it last.
    pub run: i64,
    /// When that was.
    pub at: Timestamp,
    /// Why it was not taken, each with its German sentence.
    pub findings: Vec<Finding>,
    /// What was delivered, as XZuFi; empty where it could not be kept.
    pub xml: String,
    /// `xml` is only the beginning of it.
    pub cut: bool,
    /// There is an older good version, which stays.
    pub older_stays: bool,
}

/// When a record came and was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// When its editors changed it, where they say so.
    pub changed: Option<Timestamp>,
    /// When the run ended that brought this version, where that is still known.
    pub taken: Option<Timestamp>,
    /// When it was last seen, or known to be as before: the portal's last good run. A refused newer version keeps the
    /// moment at which this one was still good.
    pub seen: Option<Timestamp>,
}

impl Store {
    /// Where a portal stands.
    pub async fn portal_state(&self, portal: &PortalId) -> Result<PortalState, StoreError> {
        let row = sqlx::query(
            "SELECT good_at, digest, next_request, journal_from, paused_at, paused_why FROM portal_state \
             WHERE portal = $1",
        )
        .bind(portal.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map_or_else(PortalState::default, |row| PortalState {
            good_at: moment(row.get(0)),
            digest: row.get(1),
            cursor: cursor(row.get(2)),
            kept_from: row.get(3),
            paused: moment(row.get(4))
                .map(|since| Pause { since, why: row.get::<Option<String>, _>(5).unwrap_or_default() }),
        }))
    }

    /// The files of a portal's last good run.
    pub async fn portal_files(&self, portal: &PortalId) -> Result<Vec<FileState>, StoreError> {
        let rows = sqlx::query("SELECT name, sha256, etag, last_modified FROM portal_file WHERE portal = $1")
            .bind(portal.as_str())
            .fetch_all(&self.readers)
            .await?;
        let file = |row: &AnyRow| FileState {
            name: row.get(0),
            sha256: row.get(1),
            etag: row.get(2),
            last_modified: row.get(3),
        };
        Ok(rows.iter().map(file).collect())
    }

    /// Makes no more runs of a portal until somebody says so, or makes them again.
    pub async fn pause(&self, portal: &PortalId, pause: Option<&Pause>) -> Result<(), StoreError> {
        let mut transaction = self.writer().begin().await?;
        write_pause(&mut transaction, portal, pause).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Writes down how a run ended, with its findings in place of those of the portal's run before; its number.
    pub async fn record_run(
        &self,
        run: &RunRow,
        findings: &[Finding],
        held: Option<(&str, &Plan)>,
    ) -> Result<i64, StoreError> {
        let mut transaction = self.writer().begin().await?;
        let number = match run.number {
            Some(number) => number,
            None => {
                sqlx::query("UPDATE meta SET value = value + 1 WHERE name = 'run'").execute(&mut *transaction).await?;
                sqlx::query("SELECT value FROM meta WHERE name = 'run'").fetch_one(&mut *transaction).await?.get(0)
            }
        };
        write_run(&mut transaction, number, run).await?;
        if run.outcome != "unchanged" {
            sqlx::query("DELETE FROM finding WHERE portal = $1")
                .bind(run.portal.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        for (n, finding) in findings.iter().enumerate() {
            sqlx::query(
                "INSERT INTO finding (portal, run, n, severity, rule, file, line, object, value) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(run.portal.as_str())
            .bind(number)
            .bind(n as i64)
            .bind(finding.severity as i64)
            .bind(finding.rule.code())
            .bind(finding.file.as_deref())
            .bind(finding.line.map(|line| line as i64))
            .bind(finding.object.as_deref())
            .bind(finding.value.as_deref())
            .execute(&mut *transaction)
            .await?;
        }
        if let Some((digest, plan)) = held {
            sqlx::query(
                "INSERT INTO held (portal, run, digest, plan) VALUES ($1, $2, $3, $4) ON CONFLICT (portal) \
                 DO UPDATE SET run = excluded.run, digest = excluded.digest, plan = excluded.plan",
            )
            .bind(run.portal.as_str())
            .bind(number)
            .bind(digest)
            .bind(serde_json::to_string(plan).expect("a plan is made of plain values"))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(number)
    }

    /// A portal's runs, the last first.
    pub async fn runs(&self, of: &PortalId, limit: i64) -> Result<Vec<RunRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT started, ended, outcome, added, updated, removed, unchanged, refused, run, next_before FROM run \
             WHERE portal = $1 ORDER BY run DESC LIMIT $2",
        )
        .bind(of.as_str())
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let time = |at: i64| Timestamp::from_millisecond(at).unwrap_or_default();
        let number = |row: &AnyRow, at: usize| row.get::<i64, _>(at) as u64;
        Ok(rows
            .iter()
            .map(|row| RunRow {
                number: Some(row.get(8)),
                portal: of.clone(),
                started: time(row.get(0)),
                ended: time(row.get(1)),
                outcome: row.get(2),
                applied: Applied {
                    added: number(row, 3),
                    updated: number(row, 4),
                    removed: number(row, 5),
                    unchanged: number(row, 6),
                    ..Applied::default()
                },
                refused: number(row, 7),
                cursor_before: cursor(row.get(9)),
            })
            .collect())
    }

    /// The run of a portal that waits for somebody.
    pub async fn held(&self, of: &PortalId) -> Result<Option<Held>, StoreError> {
        let row = sqlx::query("SELECT run, digest, plan FROM held WHERE portal = $1")
            .bind(of.as_str())
            .fetch_optional(&self.readers)
            .await?;
        let held = |row: AnyRow| {
            let plan = read_json(&format!("plan of {of}"), row.get(2))?;
            Ok(Held { run: row.get(0), digest: row.get(1), plan })
        };
        row.map(held).transpose()
    }

    /// The records of a portal that could not be taken, the last first.
    pub async fn quarantined(&self, of: &PortalId) -> Result<Vec<Quarantined>, StoreError> {
        let rows = sqlx::query(
            "SELECT q.kind, q.agency, q.id, q.run, q.at, q.findings, q.xml, q.cut, COALESCE(r.deleted, 1) \
             FROM quarantine q LEFT JOIN record r ON r.portal = q.portal AND r.kind = q.kind \
             AND r.agency = q.agency AND r.id = q.id WHERE q.portal = $1 ORDER BY q.run DESC, q.kind, q.agency, q.id",
        )
        .bind(of.as_str())
        .fetch_all(&self.readers)
        .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(kind) = kind_of(row.get(0)) else { continue };
            let (agency, text): (String, String) = (row.get(1), row.get(2));
            let named = !agency.is_empty();
            let findings = read_json(&format!("findings of {agency}_{text}"), row.get(5))?;
            found.push(Quarantined {
                kind,
                place: (!named).then(|| text.clone()),
                id: named.then(|| Identifikator::new(agency, text)),
                run: row.get(3),
                at: Timestamp::from_millisecond(row.get(4)).unwrap_or_default(),
                findings,
                xml: row.get(6),
                cut: row.get::<i64, _>(7) != 0,
                older_stays: row.get::<i64, _>(8) == 0,
            });
        }
        Ok(found)
    }

    /// When a live record of a portal came and was seen; none when there is none.
    pub async fn freshness(
        &self,
        portal: &PortalId,
        kind: Kind,
        id: &Identifikator,
    ) -> Result<Option<Freshness>, StoreError> {
        let row = sqlx::query(
            "SELECT r.changed, u.ended, p.good_at, q.at FROM record r LEFT JOIN run u ON u.run = r.run \
             LEFT JOIN portal_state p ON p.portal = r.portal LEFT JOIN quarantine q ON q.portal = r.portal \
             AND q.kind = r.kind AND q.agency = r.agency AND q.id = r.id \
             WHERE r.portal = $1 AND r.kind = $2 AND r.agency = $3 AND r.id = $4 AND r.deleted = 0",
        )
        .bind(portal.as_str())
        .bind(kind_number(kind))
        .bind(&id.agency)
        .bind(&id.text)
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|row| {
            let (taken, good, refused) = (moment(row.get(1)), moment(row.get(2)), moment(row.get(3)));
            Freshness { changed: moment(row.get(0)), taken, seen: if refused.is_some() { taken } else { good } }
        }))
    }

    /// Bytes of a portal's journal: texts of the states before, without what the database adds.
    pub async fn journal_bytes(&self, of: &PortalId) -> Result<u64, StoreError> {
        let row = sqlx::query(
            "SELECT COALESCE(SUM(LENGTH(body) + LENGTH(nested) + LENGTH(agency) + LENGTH(id) + 80), 0) FROM journal \
             WHERE portal = $1",
        )
        .bind(of.as_str())
        .fetch_one(&self.readers)
        .await?;
        Ok(row.get::<i64, _>(0) as u64)
    }

    /// Keeps what is needed to go back before each of the last `runs` runs of a portal that changed something, and none
    /// that ended before `oldest`; rows that were removed. Other runs can be made between two steps.
    pub async fn thin(&self, of: &PortalId, runs: u32, oldest: Timestamp) -> Result<u64, StoreError> {
        let row = sqlx::query(
            "SELECT MIN(run) FROM (SELECT run, ended FROM run WHERE portal = $1 \
             AND outcome IN ('applied', 'restored', 'broken_off') ORDER BY run DESC LIMIT $2) AS last WHERE ended >= $3",
        )
        .bind(of.as_str())
        .bind(i64::from(runs))
        .bind(oldest.as_millisecond())
        .fetch_one(self.writer())
        .await?;
        let from: i64 = match row.get::<Option<i64>, _>(0) {
            Some(from) => from,
            None => {
                let next = sqlx::query("SELECT value + 1 FROM meta WHERE name = 'run'");
                next.fetch_one(self.writer()).await?.get(0)
            }
        };
        // First nobody may count on them any more, then they go.
        sqlx::query("UPDATE portal_state SET journal_from = $1 WHERE portal = $2 AND journal_from < $1")
            .bind(from)
            .bind(of.as_str())
            .execute(self.writer())
            .await?;
        let mut removed = 0;
        loop {
            let gone = sqlx::query(
                "DELETE FROM journal WHERE (portal, kind, agency, id, run) IN (SELECT portal, kind, agency, id, run \
                 FROM journal WHERE portal = $1 AND run < $2 LIMIT $3)",
            )
            .bind(of.as_str())
            .bind(from)
            .bind(THINNED)
            .execute(self.writer())
            .await?
            .rows_affected();
            removed += gone;
            if gone < THINNED as u64 {
                return Ok(removed);
            }
        }
    }

    /// The findings of a portal's last run that had any say.
    pub async fn findings(&self, of: &PortalId) -> Result<Vec<Finding>, StoreError> {
        let rows = sqlx::query(
            "SELECT severity, rule, file, line, object, value FROM finding WHERE portal = $1 ORDER BY run, n",
        )
        .bind(of.as_str())
        .fetch_all(&self.readers)
        .await?;
        let finding = |row: &AnyRow| {
            let rule = Rule::ALL.iter().find(|rule| rule.code() == row.get::<&str, _>(1))?;
            let severities = [Severity::Warning, Severity::Business, Severity::Technical];
            let severity = severities.into_iter().find(|one| *one as i64 == row.get::<i64, _>(0))?;
            Some(Finding {
                severity,
                rule: *rule,
                file: row.get(2),
                line: row.get::<Option<i64>, _>(3).map(|line| line as u64),
                object: row.get(4),
                value: row.get(5),
            })
        };
        Ok(rows.iter().filter_map(finding).collect())
    }

    /// How many those are.
    pub async fn finding_count(&self, of: &PortalId) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) FROM finding WHERE portal = $1")
            .bind(of.as_str())
            .fetch_one(&self.readers)
            .await?;
        Ok(row.get::<i64, _>(0) as u64)
    }
}

/// Writes the row of a run, or what is known of it by now.
pub(super) async fn write_run(
    transaction: &mut Transaction<'_, Any>,
    number: i64,
    run: &RunRow,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO run (run, portal, started, ended, outcome, added, updated, removed, unchanged, refused, \
         next_before) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (run) DO UPDATE SET \
         ended = excluded.ended, outcome = excluded.outcome, added = excluded.added, updated = excluded.updated, \
         removed = excluded.removed, unchanged = excluded.unchanged, refused = excluded.refused",
    )
    .bind(number)
    .bind(run.portal.as_str())
    .bind(run.started.as_millisecond())
    .bind(run.ended.as_millisecond())
    .bind(&run.outcome)
    .bind(run.applied.added as i64)
    .bind(run.applied.updated as i64)
    .bind(run.applied.removed as i64)
    .bind(run.applied.unchanged as i64)
    .bind(run.refused as i64)
    .bind(run.cursor_before.as_ref().map(|cursor| serde_json::to_string(cursor).expect("plain values")))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Writes since when and why a portal's runs wait.
pub(super) async fn write_pause(
    transaction: &mut Transaction<'_, Any>,
    portal: &PortalId,
    pause: Option<&Pause>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO portal_state (portal, paused_at, paused_why) VALUES ($1, $2, $3) ON CONFLICT (portal) \
         DO UPDATE SET paused_at = excluded.paused_at, paused_why = excluded.paused_why",
    )
    .bind(portal.as_str())
    .bind(pause.map(|pause| pause.since.as_millisecond()))
    .bind(pause.map(|pause| pause.why.as_str()))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

fn moment(at: Option<i64>) -> Option<Timestamp> {
    at.and_then(|at| Timestamp::from_millisecond(at).ok())
}

fn cursor(text: Option<&str>) -> Option<Cursor> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

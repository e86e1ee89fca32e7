//! What citizens told us, and how often a page helped them.

use connectors::ids::PortalId;
use jiff::{SignedDuration, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Registry, RegistryError, Tx, some_time, time};
use crate::registry::who::Who;

/// Within this time the same words about the same thing are one message that was sent twice.
const SENT_TWICE: SignedDuration = SignedDuration::from_mins(10);

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackRow {
    /// Its number, never given twice.
    pub id: i64,
    /// When it came.
    pub at: Timestamp,
    /// What it is about, such as `falsche_stelle`.
    pub kind: String,
    /// Whose record it is about; none where it is for the operator.
    pub portal: Option<String>,
    /// Key or id of the Leistung; may be empty.
    pub leistung: String,
    /// What the Leistung was called then; may be empty.
    pub title: String,
    /// The place; may be empty.
    pub ars: String,
    /// The page, where somebody named it; may be empty.
    pub page: String,
    /// In which language of the pages it was written: `de`, `en` or `de-simple`.
    pub lang: String,
    /// What somebody wrote.
    pub body: String,
    /// Where an answer is wanted.
    pub email: Option<String>,
    /// When somebody had dealt with it, and who.
    pub done: Option<(Timestamp, String)>,
}

/// A message that has come.
#[derive(Debug, Clone)]
pub struct NewFeedback<'a> {
    /// What it is about.
    pub kind: &'a str,
    /// Whose record it is about.
    pub portal: Option<&'a PortalId>,
    /// Key or id of the Leistung.
    pub leistung: &'a str,
    /// What the Leistung is called.
    pub title: &'a str,
    /// The place.
    pub ars: &'a str,
    /// The page.
    pub page: &'a str,
    /// The language of the page.
    pub lang: &'a str,
    /// What somebody wrote.
    pub body: &'a str,
    /// Where an answer is wanted.
    pub email: Option<&'a str>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is kept under this number.
    Kept(i64),
    /// It was here already: the same words a moment ago.
    Again,
    /// There are too many; it was not kept.
    Full,
}

/// Which messages are wanted.
#[derive(Debug, Clone, Default)]
pub struct FeedbackFilter {
    /// Those about this portal's records; of all portals and the operator's own when none.
    pub portal: Option<PortalId>,
    /// Those that somebody has dealt with, or has not.
    pub done: Option<bool>,
    /// Those with smaller numbers.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

const COLUMNS: &str = "SELECT id, at, kind, portal, leistung, title, ars, page, lang, body, email, done_at, done_by \
    FROM feedback";

fn message(row: &AnyRow) -> Result<FeedbackRow, RegistryError> {
    let portal: String = row.try_get(3)?;
    let (done_at, done_by): (Option<i64>, Option<String>) = (row.try_get(11)?, row.try_get(12)?);
    Ok(FeedbackRow {
        id: row.try_get(0)?,
        at: time(row.try_get(1)?)?,
        kind: row.try_get(2)?,
        portal: (!portal.is_empty()).then_some(portal),
        leistung: row.try_get(4)?,
        title: row.try_get(5)?,
        ars: row.try_get(6)?,
        page: row.try_get(7)?,
        lang: row.try_get(8)?,
        body: row.try_get(9)?,
        email: row.try_get(10)?,
        done: some_time(done_at)?.zip(done_by),
    })
}

/// The operator's own messages stand under no portal.
fn column(portal: Option<&PortalId>) -> String {
    portal.map_or_else(String::new, |portal| portal.as_str().to_owned())
}

impl Registry {
    /// The messages that a filter lets through, the newest first.
    pub async fn feedback(&self, filter: &FeedbackFilter) -> Result<Vec<FeedbackRow>, RegistryError> {
        let text = format!(
            "{COLUMNS} WHERE id < $1 AND ($2 = '*' OR portal = $2) AND ($3 < 0 OR (done_at IS NOT NULL) = ($3 = 1)) \
             ORDER BY id DESC LIMIT $4"
        );
        let portal = filter.portal.as_ref().map_or_else(|| "*".to_owned(), |portal| portal.as_str().to_owned());
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(filter.before.unwrap_or(i64::MAX))
            .bind(portal)
            .bind(filter.done.map_or(-1, i64::from))
            .bind(filter.limit);
        rows.fetch_all(&self.readers).await?.iter().map(message).collect()
    }

    /// The message of this number.
    pub async fn one_feedback(&self, id: i64) -> Result<Option<FeedbackRow>, RegistryError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"))).bind(id);
        row.fetch_optional(&self.readers).await?.as_ref().map(message).transpose()
    }

    /// How many messages nobody has dealt with yet, by portal; those to the operator under none.
    pub async fn open_feedback(&self) -> Result<Vec<(Option<String>, i64)>, RegistryError> {
        let rows = sqlx::query("SELECT portal, COUNT(*) FROM feedback WHERE done_at IS NULL GROUP BY portal");
        let count = |row: &AnyRow| {
            let portal: String = row.try_get(0)?;
            Ok(((!portal.is_empty()).then_some(portal), row.try_get(1)?))
        };
        rows.fetch_all(&self.readers).await?.iter().map(count).collect()
    }

    /// How often it was said of a portal's pages since a day (`JJJJ-MM-TT`) that they helped, and that they did not: of
    /// each Leistung, those that helped least first.
    pub async fn helpful(&self, portal: &PortalId, since: &str) -> Result<Vec<(String, i64, i64)>, RegistryError> {
        let rows = sqlx::query(
            "SELECT leistung, SUM(yes), SUM(no) FROM helpful WHERE portal = $1 AND day >= $2 GROUP BY leistung \
             ORDER BY SUM(no) DESC, leistung LIMIT 1000",
        );
        let rows = rows.bind(portal.as_str().to_owned()).bind(since.to_owned()).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
    }
}

impl Tx {
    /// Keeps a message, unless it was sent twice or `most` of its portal are kept already.
    pub async fn take_feedback(&mut self, new: &NewFeedback<'_>, most: u32) -> Result<Taken, RegistryError> {
        let portal = column(new.portal);
        let same = sqlx::query(
            "SELECT 1 FROM feedback WHERE portal = $1 AND at > $2 AND kind = $3 AND leistung = $4 AND body = $5 \
             AND COALESCE(email, '') = $6",
        );
        let same = same
            .bind(portal.clone())
            .bind((self.now - SENT_TWICE).as_millisecond())
            .bind(new.kind.to_owned())
            .bind(new.leistung.to_owned())
            .bind(new.body.to_owned())
            .bind(new.email.unwrap_or_default().to_owned());
        if same.fetch_optional(&mut *self.inner).await?.is_some() {
            return Ok(Taken::Again);
        }
        let kept = sqlx::query("SELECT COUNT(*) FROM feedback WHERE portal = $1").bind(portal.clone());
        let kept: i64 = kept.fetch_one(&mut *self.inner).await?.try_get(0)?;
        if kept >= i64::from(most) {
            return Ok(Taken::Full);
        }
        let id = self.next("feedback").await?;
        sqlx::query(
            "INSERT INTO feedback (id, at, kind, portal, leistung, title, ars, page, lang, body, email) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(id)
        .bind(self.now.as_millisecond())
        .bind(new.kind.to_owned())
        .bind(portal)
        .bind(new.leistung.to_owned())
        .bind(new.title.to_owned())
        .bind(new.ars.to_owned())
        .bind(new.page.to_owned())
        .bind(new.lang.to_owned())
        .bind(new.body.to_owned())
        .bind(new.email.map(str::to_owned))
        .execute(&mut *self.inner)
        .await?;
        Ok(Taken::Kept(id))
    }

    /// Counts that a page helped, or did not, on a day (`JJJJ-MM-TT`).
    pub async fn count_helpful(
        &mut self,
        day: &str,
        portal: &PortalId,
        leistung: &str,
        helped: bool,
    ) -> Result<(), RegistryError> {
        let count = sqlx::query(
            "INSERT INTO helpful (day, portal, leistung, yes, no) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (day, portal, leistung) DO UPDATE SET yes = helpful.yes + $4, no = helpful.no + $5",
        );
        count
            .bind(day.to_owned())
            .bind(portal.as_str().to_owned())
            .bind(leistung.to_owned())
            .bind(i64::from(helped))
            .bind(i64::from(!helped))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Notes that somebody has dealt with a message, or that it is open again; false where that was so already.
    pub async fn mark_feedback(&mut self, id: i64, who: &Who, done: bool) -> Result<bool, RegistryError> {
        let mark = if done {
            let set = "UPDATE feedback SET done_at = $1, done_by = $2 WHERE id = $3 AND done_at IS NULL";
            sqlx::query(set).bind(self.now.as_millisecond()).bind(who.name.clone()).bind(id)
        } else {
            sqlx::query("UPDATE feedback SET done_at = NULL, done_by = NULL WHERE id = $1 AND done_at IS NOT NULL")
                .bind(id)
        };
        Ok(mark.execute(&mut *self.inner).await?.rows_affected() > 0)
    }

    /// Forgets messages that came before `oldest`, and counts of days before `day`; how many messages went.
    pub async fn forget_feedback(&mut self, oldest: Timestamp, day: &str) -> Result<u64, RegistryError> {
        let old = sqlx::query("DELETE FROM feedback WHERE at < $1").bind(oldest.as_millisecond());
        let gone = old.execute(&mut *self.inner).await?.rows_affected();
        sqlx::query("DELETE FROM helpful WHERE day < $1").bind(day.to_owned()).execute(&mut *self.inner).await?;
        Ok(gone)
    }
}

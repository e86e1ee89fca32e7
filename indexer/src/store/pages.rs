//! Pages of portals' own sites: what the next run needs to know of them.

use connectors::ids::PortalId;
use connectors::run::Validators;
use connectors::run::web::KnownPage;
use jiff::Timestamp;
use sqlx::Row;
use url::Url;

use super::{Apply, Store, StoreError};

/// One page as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRow {
    /// Its address.
    pub url: String,
    /// What to ask again with.
    pub validators: Validators,
    /// When it was read last, or found unchanged.
    pub visited: Timestamp,
    /// True when records came from it.
    pub filled: bool,
    /// What it said, as the run wrote it.
    pub body: String,
}

impl Store {
    /// The pages of a portal, without what they said; in the order of their addresses.
    pub async fn pages(&self, portal: &PortalId) -> Result<Vec<KnownPage>, StoreError> {
        let rows = sqlx::query(
            "SELECT url, etag, last_modified, visited, filled FROM web_page WHERE portal = $1 ORDER BY url",
        )
        .bind(portal.as_str())
        .fetch_all(&self.readers)
        .await?;
        let page = |row: &sqlx::any::AnyRow| {
            // Only addresses were put in, so that a row that is none is passed over.
            let url = Url::parse(row.get(0)).ok()?;
            let validators = Validators { etag: row.get(1), last_modified: row.get(2) };
            let visited = Timestamp::from_millisecond(row.get(3)).unwrap_or_default();
            Some(KnownPage { url, validators, visited, filled: row.get::<i64, _>(4) != 0 })
        };
        Ok(rows.iter().filter_map(page).collect())
    }

    /// What one page said last; none for one that is not known.
    pub async fn page_body(&self, portal: &PortalId, url: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT body FROM web_page WHERE portal = $1 AND url = $2")
            .bind(portal.as_str())
            .bind(url)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(|row| row.get(0)))
    }
}

impl Apply {
    /// Remembers a page, with the changes that came from it.
    pub async fn remember_page(&mut self, page: &PageRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO web_page (portal, url, etag, last_modified, visited, filled, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (portal, url) DO UPDATE SET etag = excluded.etag, \
             last_modified = excluded.last_modified, visited = excluded.visited, filled = excluded.filled, \
             body = excluded.body",
        )
        .bind(self.portal.as_str())
        .bind(&page.url)
        .bind(page.validators.etag.as_deref())
        .bind(page.validators.last_modified.as_deref())
        .bind(page.visited.as_millisecond())
        .bind(i64::from(page.filled))
        .bind(&page.body)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// Forgets a page from which nothing comes any more.
    pub async fn forget_page(&mut self, url: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM web_page WHERE portal = $1 AND url = $2")
            .bind(self.portal.as_str())
            .bind(url)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }
}

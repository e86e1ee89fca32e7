//! Rehearsals: a whole run of a draft aside, and the pages that citizens would see of it.
//!
//! A preview is kept in memory and in a folder of its own by the process that made it, for a while and no more than
//! configured; the oldest goes first. Its pages are those of the live site over the catalog of the rehearsal, with a
//! banner, below an address that only those see who may read the portal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use config::{Config, clock};
use connectors::ids::PortalId;
use http::header::{self, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use indexer::crawl::Fetcher;
use indexer::run::{Outcome, Rehearsal, RehearsalLimits, Source, rehearse};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::acting::Acting;
use super::registration::Registration;
use crate::assets;
use crate::pages::{self, Site};
use crate::registry::{Registry, Rehearsed, Who};

/// The largest page of ours that is shown.
const PAGE_MAX: usize = 8 << 20;
/// How links and forms begin in what we write ourselves. What portals deliver names whole addresses alone.
const OUR_LINKS: [&str; 2] = ["href=\"/", "action=\"/"];
/// Where the banner goes.
const MAIN: &str = "<main id=\"inhalt\" class=\"kern-container breite\" tabindex=\"-1\">";

/// What came of a rehearsal.
pub struct Preview {
    /// Of which draft.
    pub fingerprint: String,
    /// When.
    pub made: Timestamp,
    /// All of it.
    pub rehearsal: Rehearsal,
    pages: Router,
}

impl Preview {
    /// True when this could go live: it was read to the end, and there is something.
    pub fn is_good(&self) -> bool {
        self.rehearsal.report.outcome == Outcome::Applied && self.rehearsal.plan.added.total > 0
    }

    /// The page at `path` of a site that knows nothing but this, with its links below `prefix`.
    pub async fn page(&self, prefix: &str, path: &str, query: Option<&str>, banner: &str) -> Response {
        let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let Ok(request) = Request::get(target).body(Body::empty()) else {
            return pages::not_found(http::Uri::default()).await;
        };
        let Ok(response) = self.pages.clone().oneshot(request).await;
        let (mut parts, body) = response.into_parts();
        let location = parts.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        if let Some(location) = location {
            let within = location.starts_with('/').then(|| HeaderValue::try_from(format!("{prefix}{location}")));
            return match within {
                Some(Ok(value)) => {
                    parts.headers.insert(header::LOCATION, value);
                    Response::from_parts(parts, Body::empty())
                }
                _ => leads_out(location, prefix, banner),
            };
        }
        parts.headers.remove(header::ETAG);
        parts.headers.remove(header::CONTENT_LENGTH);
        match Limited::new(body, PAGE_MAX).collect().await {
            Ok(collected) => {
                let text = String::from_utf8_lossy(&collected.to_bytes()).into_owned();
                Response::from_parts(parts, Body::from(moved(&text, prefix, banner)))
            }
            Err(error) => {
                tracing::error!(%error, "a page of a preview cannot be shown");
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }
}

/// A page of ours with its links below `prefix` and a banner at its beginning. `banner` is text.
fn moved(page: &str, prefix: &str, banner: &str) -> String {
    let mut page = page.to_owned();
    for link in OUR_LINKS {
        let mut parts = page.split(link);
        let mut moved = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            moved.push_str(link);
            let path = part.split(['"', '?', '#']).next().unwrap_or_default();
            if pages::is_of_catalog(path) {
                // The start page has nothing behind its slash.
                moved.push_str(prefix.trim_start_matches('/'));
                moved.push_str(if part.starts_with('"') { "" } else { "/" });
            }
            moved.push_str(part);
        }
        page = moved;
    }
    let banner = format!("{MAIN}\n<div class=\"hinweis vorschau\" role=\"note\"><p>{}</p></div>", escaped(banner));
    page.replacen(MAIN, &banner, 1)
}

/// What is said in the place of a redirect to another host: nobody is sent away out of a preview.
fn leads_out(to: &str, prefix: &str, banner: &str) -> Response {
    let body = format!(
        "<!doctype html>\n<html lang=\"de\"><head><meta charset=\"utf-8\"><title>Vorschau – Portalverbund.NRW</title>\
         <link rel=\"stylesheet\" href=\"{}\"></head><body>{MAIN}\
         <h1>Hier verlassen Bürgerinnen und Bürger den Verbund</h1>\
         <p>Der Verbund würde sie zu dieser Adresse weiterleiten: <code>{}</code></p>\
         <p><a href=\"{prefix}\">Zurück in die Vorschau</a></p></main></body></html>",
        assets::path("portalverbund.css"),
        escaped(to)
    );
    let mut response = Response::new(Body::from(moved(&body, prefix, banner)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(pages::HTML));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Where the rehearsal of a portal stands.
#[derive(Clone)]
pub enum Standing {
    /// It is being made.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// It can be looked at.
    Done(Arc<Preview>),
    /// It could not be made, for a fault of ours or because it took too long.
    Failed {
        /// When.
        at: Timestamp,
        /// True when its time was over.
        late: bool,
    },
}

/// Why no rehearsal begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// One of this portal is being made.
    #[error("a rehearsal of this portal is being made already")]
    This,
    /// As many as may be at a time.
    #[error("as many rehearsals are being made as may be at a time; try again in a minute")]
    Others,
}

/// The rehearsals of this process.
#[derive(Clone)]
pub struct Previews(Arc<Inner>);

struct Inner {
    fetcher: Arc<Fetcher>,
    scratch: PathBuf,
    limits: RehearsalLimits,
    longest: Duration,
    kept_for: Duration,
    kept_max: usize,
    places: Arc<Semaphore>,
    standing: Mutex<BTreeMap<PortalId, Standing>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl std::fmt::Debug for Previews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Previews").field("scratch", &self.0.scratch).finish_non_exhaustive()
    }
}

impl Previews {
    /// None yet; they are made as the configuration says.
    pub fn new(config: &Config, fetcher: Arc<Fetcher>) -> Self {
        let joining = &config.joining;
        let limits = RehearsalLimits { max_bytes: joining.max_preview_bytes, ..RehearsalLimits::default() };
        Self(Arc::new(Inner {
            fetcher,
            scratch: config.index.dir.parent().unwrap_or(Path::new("")).join("previews"),
            limits,
            longest: Duration::from_secs(joining.rehearsal_timeout_s.into()),
            kept_for: Duration::from_secs(joining.preview_s.into()),
            kept_max: joining.max_previews,
            places: Arc::new(Semaphore::new(joining.max_rehearsals)),
            standing: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// Where the rehearsal of a portal stands; none where there is none any more.
    pub fn standing(&self, id: &PortalId, now: Timestamp) -> Option<Standing> {
        let mut standing = self.0.standing();
        let old = |one: &Standing| matches!(one, Standing::Done(preview) if self.0.is_old(preview, now));
        standing.retain(|_, one| !old(one));
        standing.get(id).cloned()
    }

    /// Forgets the rehearsal of a portal, if it is not just being made.
    pub fn forget(&self, id: &PortalId) {
        let mut standing = self.0.standing();
        if !matches!(standing.get(id), Some(Standing::Running { .. })) {
            standing.remove(id);
        }
    }

    /// Begins a rehearsal of a draft, for `who`; it goes on by itself and is noted in the registry when it ends.
    pub fn begin(&self, registry: &Registry, site: &Site, who: &Who, draft: &Registration) -> Result<(), Busy> {
        let id = draft.portal.id.clone();
        let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() else { return Err(Busy::Others) };
        {
            let mut standing = self.0.standing();
            if matches!(standing.get(&id), Some(Standing::Running { .. })) {
                return Err(Busy::This);
            }
            standing.insert(id.clone(), Standing::Running { since: clock::now() });
            self.0.make_room(&mut standing);
        }
        let (this, registry, site, who, draft) =
            (self.clone(), registry.clone(), site.clone(), who.clone(), draft.clone());
        self.0.tasks.spawn(async move {
            let ended = this.0.make(&site, &draft).await;
            if let Standing::Done(preview) = &ended {
                let noted = rehearsed(preview);
                let acting = Acting { registry: &registry, who: &who, dry_run: false };
                if let Err(error) = acting.rehearsed(&id, &noted).await {
                    tracing::warn!(portal.id = %id, %error, "a rehearsal is not noted");
                }
            }
            this.0.standing().insert(id, ended);
            drop(place);
        });
        Ok(())
    }

    /// Waits until the rehearsal of a portal has ended, at most so long.
    pub async fn wait(&self, id: &PortalId, longest: Duration) {
        let ended = async {
            while matches!(self.0.standing().get(id), Some(Standing::Running { .. })) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        // That it still runs is seen by who asks next.
        let _ = tokio::time::timeout(longest, ended).await;
    }

    /// Ends what is being made and removes all that was.
    pub async fn close(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.standing().clear();
    }
}

impl Inner {
    fn standing(&self) -> MutexGuard<'_, BTreeMap<PortalId, Standing>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_old(&self, preview: &Preview, now: Timestamp) -> bool {
        Duration::try_from(now.duration_since(preview.made)).is_ok_and(|age| age >= self.kept_for)
    }

    /// Leaves room for one more: the oldest previews go.
    fn make_room(&self, standing: &mut BTreeMap<PortalId, Standing>) {
        while standing.len() > self.kept_max {
            let made = |one: &Standing| match one {
                Standing::Running { .. } => None,
                Standing::Done(preview) => Some(preview.made),
                Standing::Failed { at, .. } => Some(*at),
            };
            let oldest = standing.iter().filter_map(|(id, one)| Some((made(one)?, id.clone()))).min();
            let Some((_, id)) = oldest else { return };
            standing.remove(&id);
        }
    }

    async fn make(&self, site: &Site, draft: &Registration) -> Standing {
        let (scratch, left) = (self.scratch.clone(), self.kept_for + self.longest);
        let swept = tokio::task::spawn_blocking(move || sweep(&scratch, left)).await;
        if let Err(error) = swept {
            tracing::error!(%error, "the sweeping of old previews ended by a panic");
        }
        let cancel = self.stop.child_token();
        let portal = &draft.portal;
        let made = rehearse(portal, &Source::Registered, &self.fetcher, &self.scratch, self.limits, &cancel);
        match tokio::time::timeout(self.longest, made).await {
            Ok(Ok(rehearsal)) => {
                let pages = pages::of_catalog()
                    .fallback(pages::not_found)
                    .with_state(Site { catalog: rehearsal.catalog.clone(), ..site.clone() });
                let fingerprint = draft.fingerprint();
                Standing::Done(Arc::new(Preview { fingerprint, made: clock::now(), rehearsal, pages }))
            }
            Ok(Err(error)) => {
                tracing::error!(portal.id = %portal.id, %error, "a rehearsal could not be made");
                Standing::Failed { at: clock::now(), late: false }
            }
            Err(_) => Standing::Failed { at: clock::now(), late: true },
        }
    }
}

/// What is kept of a preview in the registry.
fn rehearsed(preview: &Preview) -> Rehearsed {
    let (report, plan) = (&preview.rehearsal.report, &preview.rehearsal.plan);
    let body = serde_json::json!({
        "outcome": report.outcome.as_str(), "records": plan.added.total, "refused": plan.quarantined.total,
        "findings": report.findings.len() as u64 + report.findings_left_out, "bytes": report.bytes, "cut": report.cut,
    });
    Rehearsed { fingerprint: preview.fingerprint.clone(), good: preview.is_good(), at: preview.made, body }
}

/// Removes what processes left that did not end well. Blocks on the disk.
fn sweep(scratch: &Path, older_than: Duration) {
    let Ok(entries) = std::fs::read_dir(scratch) else { return };
    for entry in entries.flatten() {
        let modified = entry.metadata().and_then(|data| data.modified());
        let age = modified.ok().and_then(|at| SystemTime::from(clock::now()).duration_since(at).ok());
        if age.is_some_and(|age| age > older_than)
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            tracing::warn!(folder = %entry.path().display(), %error, "an old preview cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_ours_stay_in_the_preview_and_others_do_not() {
        let page = format!(
            "<head><link href=\"/static/x.css\"></head>{MAIN}<a href=\"/leistung/1/x\">1</a>\
             <form action=\"/suche\"></form><a href=\"https://x.example/suche\">2</a><a href=\"/api/v1\">3</a></main>"
        );
        let shown = moved(&page, "/anbindung/x/vorschau", "Vorschau <b>");
        assert!(shown.contains("<a href=\"/anbindung/x/vorschau/leistung/1/x\">"), "{shown}");
        assert!(shown.contains("action=\"/anbindung/x/vorschau/suche\""), "{shown}");
        assert!(shown.contains("href=\"https://x.example/suche\"") && shown.contains("href=\"/api/v1\""), "{shown}");
        let start = moved("<a href=\"/\">", "/anbindung/x/vorschau", "");
        assert_eq!(start, "<a href=\"/anbindung/x/vorschau\">");
        assert!(shown.contains("href=\"/static/x.css\"") && shown.contains("Vorschau &lt;b&gt;"), "{shown}");
        assert_eq!(shown.matches("role=\"note\"").count(), 1);
    }
}

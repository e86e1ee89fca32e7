//! All portals of a folder of deliveries due at once, and what citizens notice of it.
//!
//! The program runs as it is run: one process, portals over HTTP. First every portal is collected into an empty store.
//! Then clients ask at a pace that is the same throughout, while nothing is collected, and while all portals are due again
//! with a delivery in which every file has changed. The portals count how many requests they have to answer at a time.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use config::clock;
use connectors::registration::Portal;
use indexer::background::Background;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::process::Program;
use super::stand::{Honest, ask, fetch, head, listen};
use super::{load, portals, say};
use crate::cli::{Exit, Fault};

/// How often it is looked whether all have been collected.
const LOOK: Duration = Duration::from_millis(500);
/// Longest that a collection of all portals may take.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// Longest that is waited for the lists of pages.
const FOR_LISTS: Duration = Duration::from_secs(120);
/// Clients, and what each waits between two questions.
const CLIENTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(50);
/// A run is due again after this time in the second round. Whoever had a turn is due again before all have had one, and
/// waits behind them.
const AGAIN_S: u64 = 5;
/// How much the p99 of questions may grow.
const MAX_GROWTH: f64 = 1.2;

pub(super) async fn run(dir: &Path, seconds: u64) -> Result<Exit, Fault> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let portals = portals(dir)?;
    let seen = Arc::new(Seen::default());
    let (shown, folder) = (Arc::clone(&seen), dir.to_owned());
    // Portals are other machines: what they do must not count as what citizens wait for.
    let others = Background::start(true).map_err(Fault::work)?;
    let (stopping, tracked) = (stop.clone(), tasks.clone());
    let listening = others.handle().spawn(async move {
        listen(&stopping, &tracked, move |stream| deliver(stream, folder.clone(), Arc::clone(&shown))).await
    });
    let deliveries = listening.await.map_err(Fault::work)??;
    let place = tempfile::tempdir().map_err(Fault::work)?;
    register(place.path(), &portals, deliveries, 30 * 86_400)?;
    let began = Instant::now();
    let (program, public, internal) = start(place.path()).await?;
    all_collected(internal, portals.len(), 1).await?;
    say("portals", portals.len(), "portals");
    say("first_collected_after", format!("{:.0}", began.elapsed().as_secs_f64()), "s");
    say("memory_after_first", program.peak_kib() / 1024, "MB at most");

    // What follows a collection belongs to it; else the quiet would not be quiet. Those of a whole Land take too long.
    let lists = lists_made_after(internal, clock::now()).await?;
    say("lists_made_before", u8::from(lists), "1 when the lists of pages were made before the questions");
    let questions = load::questions(dir, &portals, 2_000)?;
    let paths: Vec<String> = questions.iter().map(|question| path(question)).collect();
    let quiet = asked(public, &paths, Instant::now() + Duration::from_secs(seconds), None).await;

    seen.changed.store(true, Ordering::Relaxed);
    seen.most.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let again = Instant::now();
    register(place.path(), &portals, deliveries, AGAIN_S)?;
    let done = CancellationToken::new();
    let asking = asked(public, &paths, again + PATIENCE, Some(done.clone()));
    let collecting = async {
        let collected = all_collected(internal, portals.len(), 2).await;
        done.cancel();
        collected
    };
    let (crowded, collected) = tokio::join!(asking, collecting);
    collected?;
    say("again_collected_after", format!("{:.0}", again.elapsed().as_secs_f64()), "s");
    say("again_files_changed", seen.altered.load(Ordering::Relaxed), "files");
    say("memory_in_all", program.peak_kib() / 1024, "MB at most");
    let most = seen.most.lock().unwrap_or_else(PoisonError::into_inner).values().copied().max().unwrap_or(0);
    say("requests_at_a_time", most, "of one portal at most");
    for (name, honest) in [("quiet", &quiet), ("crowded", &crowded)] {
        say(&format!("{name}_questions"), honest.times.len(), "questions");
        say(&format!("{name}_p50"), format!("{:.2}", honest.quantile(0.5)), "ms");
        say(&format!("{name}_p99"), format!("{:.2}", honest.quantile(0.99)), "ms");
        say(&format!("{name}_failed"), honest.failed, "questions");
        if let Some(why) = &honest.why {
            eprintln!("the first that failed: {why}");
        }
    }
    let growth = crowded.quantile(0.99) / quiet.quantile(0.99);
    say("p99_ratio", format!("{growth:.3}"), "with all due at once against none");
    drop(program);
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let met = growth < MAX_GROWTH && quiet.failed + crowded.failed == 0;
    if met { Ok(Exit::Done) } else { Ok(Exit::Findings) }
}

/// What the portals see.
#[derive(Default)]
struct Seen {
    /// Deliveries are changed while they are sent.
    changed: AtomicBool,
    altered: AtomicUsize,
    open: Mutex<BTreeMap<String, usize>>,
    /// Requests that one portal had to answer at a time, at most.
    most: Mutex<BTreeMap<String, usize>>,
}

/// One request of a portal, as long as it is answered.
struct Open<'a>(&'a Seen, String);

impl Seen {
    fn begin(&self, portal: &str) -> Open<'_> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = open.entry(portal.to_owned()).or_default();
        *now += 1;
        let mut most = self.most.lock().unwrap_or_else(PoisonError::into_inner);
        let known = most.entry(portal.to_owned()).or_default();
        *known = (*known).max(*now);
        Open(self, portal.to_owned())
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(now) = open.get_mut(&self.1) {
            *now -= 1;
        }
    }
}

/// Serves the folder of deliveries: `/{portal}/{file}`.
async fn deliver(mut stream: TcpStream, dir: PathBuf, seen: Arc<Seen>) {
    let mut begun = Vec::new();
    while let Some(head) = head(&mut stream, &mut begun).await {
        let asked = head.split(' ').nth(1).and_then(|path| path.trim_start_matches('/').split_once('/'));
        let Some((portal, name)) = asked.filter(|(_, name)| !name.contains('/')) else { return };
        let _open = seen.begin(portal);
        let file = dir.join(portal).join(name);
        let Ok(Ok(mut bytes)) = tokio::task::spawn_blocking(move || fs::read(file)).await else { return };
        if seen.changed.load(Ordering::Relaxed) && name.ends_with(".xml") {
            seen.altered.fetch_add(1, Ordering::Relaxed);
            alter(&mut bytes);
        }
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len());
        if stream.write_all(answer.as_bytes()).await.is_err() || stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Changes some texts of every file, as a day's work of editors does: the mark at the end of one sentence in twenty.
fn alter(delivery: &mut [u8]) {
    let ends: Vec<usize> = memchr::memmem::find_iter(delivery, b". ").collect();
    for at in ends.into_iter().step_by(20) {
        if let Some(mark) = delivery.get_mut(at) {
            *mark = b'!';
        }
    }
}

/// Writes the configuration and the files of the portals, each over the one before.
fn register(place: &Path, portals: &[Portal], deliveries: SocketAddr, every_s: u64) -> Result<(), Fault> {
    let folder = place.join("config/portale.d");
    fs::create_dir_all(&folder).map_err(Fault::work)?;
    let file = place.join("config/portalverbund.toml");
    if !file.exists() {
        let text = "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost\"\n\
                    requests_per_s = 0\n[store]\nurl = \"sqlite://data/portalverbund.db\"\n\
                    [index]\ndir = \"data/index\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n";
        fs::write(file, text).map_err(Fault::work)?;
    }
    for portal in portals {
        let id = &portal.id;
        let text = format!(
            "id = \"{id}\"\nname = {:?}\ngebiet = \"{}\"\nhosts = [\"*.example\"]\n[connector]\n\
             kind = \"xzufi-index\"\nurl = \"http://{deliveries}/{id}/index.txt\"\nevery_s = {every_s}\n",
            portal.name, portal.gebiet
        );
        let beside = folder.join(format!("{id}.new"));
        fs::write(&beside, text).map_err(Fault::work)?;
        fs::rename(&beside, folder.join(format!("{id}.toml"))).map_err(Fault::work)?;
    }
    Ok(())
}

async fn start(place: &Path) -> Result<(Program, SocketAddr, SocketAddr), Fault> {
    let mut command = Command::new(std::env::current_exe().map_err(Fault::work)?);
    command.args(["serve", "--config", "config/portalverbund.toml"]);
    let mut program = Program::start(command, "serve", place)?;
    let addresses = program.ready(|said| {
        let (_, rest) = said.split_once("listening on http://")?;
        let (public, rest) = rest.split_once(", internal side on http://")?;
        Some((public.parse().ok()?, rest.lines().next()?.trim().parse().ok()?))
    });
    let (public, internal) = addresses.await?;
    Ok((program, public, internal))
}

/// Waits until every portal has had so many runs; a run that failed is a fault.
async fn all_collected(internal: SocketAddr, portals: usize, runs: u64) -> Result<(), Fault> {
    let began = Instant::now();
    loop {
        let metrics = fetch(internal, "/metrics").await.map_err(Fault::Work)?;
        let counted = metrics.lines().filter_map(|line| {
            let (labels, count) = line.strip_prefix("portalverbund_indexer_runs_total{")?.split_once("} ")?;
            Some((labels, count.parse::<u64>().ok()?))
        });
        let mut ended: BTreeMap<&str, u64> = BTreeMap::new();
        for (labels, count) in counted {
            let portal = labels.split("portal=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            if count > 0 && (labels.contains("\"failed\"") || labels.contains("\"held\"")) {
                return Err(Fault::Work(format!("a run of {portal} was not good: {labels}")));
            }
            *ended.entry(portal).or_default() += count;
        }
        if ended.values().filter(|count| **count >= runs).count() >= portals {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(Fault::Work(format!("only {} of {portals} portals were collected", ended.len())));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until the lists of pages are of a time after `collected`; false when that takes too long.
async fn lists_made_after(internal: SocketAddr, collected: Timestamp) -> Result<bool, Fault> {
    let began = Instant::now();
    let collected = collected.as_millisecond() as f64 / 1000.0;
    loop {
        let metrics = fetch(internal, "/metrics").await.map_err(Fault::Work)?;
        let made = metrics.lines().find_map(|line| {
            line.strip_prefix("portalverbund_gateway_sitemap_last_success_timestamp_seconds ")?.parse::<f64>().ok()
        });
        if made.is_some_and(|made| made > collected) {
            return Ok(true);
        }
        if began.elapsed() > FOR_LISTS {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn path(question: &str) -> String {
    format!("/suche?q={}", utf8_percent_encode(question, NON_ALPHANUMERIC))
}

/// What the clients got until `until`, or until somebody says that it is enough.
async fn asked(address: SocketAddr, paths: &[String], until: Instant, enough: Option<CancellationToken>) -> Honest {
    let enough = enough.unwrap_or_default();
    let mut asking = JoinSet::new();
    for client in 0..CLIENTS {
        let own: Vec<String> = paths.iter().skip(client).step_by(CLIENTS).cloned().collect();
        let enough = enough.clone();
        asking.spawn(async move {
            let mut sum = Honest::default();
            // In pieces, so that what was measured is kept when it is enough.
            while Instant::now() < until && !enough.is_cancelled() {
                let piece = (Instant::now() + Duration::from_secs(2)).min(until);
                let from = sum.times.len() % own.len().max(1);
                let own = own.iter().cycle().skip(from).take(own.len()).cloned().collect();
                sum.add(ask(address, own, PAUSE, false, piece).await);
            }
            sum
        });
    }
    let mut honest = Honest::default();
    for one in asking.join_all().await {
        honest.add(one);
    }
    honest
}

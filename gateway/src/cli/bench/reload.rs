//! The registry rewritten ten times a second under load, by the way that `serve` takes after SIGHUP: files on disk, read
//! whole, a table built aside, tested and swapped in.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use connectors::registration::Portal;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::say;
use super::stand::{Honest, answer, ask, head, listen, stand};
use crate::cli::serve::registry::Followers;
use crate::cli::{Exit, Fault};
use crate::registry::Registry;
use crate::router::Router;

const PORTALS: usize = 10;
const CLIENTS: usize = 16;
const EVERY: Duration = Duration::from_millis(100);

/// What it came to.
struct Outcome {
    honest: Honest,
    reloads: usize,
    /// Tables that were taken into use.
    tables: usize,
}

pub(super) async fn run(seconds: u64) -> Result<Exit, Fault> {
    let Outcome { honest, reloads, tables } = measure(Duration::from_secs(seconds)).await?;
    say("reloads", reloads, &format!("in {seconds} s"));
    say("tables_swapped_in", tables, "tables");
    say("requests", honest.times.len(), "requests");
    say("failed", honest.failed, "requests");
    say("p99", format!("{:.2}", honest.quantile(0.99)), "ms");
    say("slowest", format!("{:.2}", honest.quantile(1.0)), "ms");
    if let Some(why) = &honest.why {
        eprintln!("the first that failed: {why}");
    }
    if honest.failed == 0 && tables == reloads { Ok(Exit::Done) } else { Ok(Exit::Findings) }
}

async fn measure(time: Duration) -> Result<Outcome, Fault> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    // Two upstreams for all, so that a portal can move from one to the other.
    let upstreams = [listen(&stop, &tasks, serve).await?, listen(&stop, &tasks, serve).await?];
    let folder = tempfile::tempdir().map_err(Fault::work)?;
    let write = |number: usize, version: usize| {
        let upstream = upstreams[version % 2];
        let text = format!(
            "id = \"p{number}\"\nname = \"Portal {number}, {version}\"\ngebiet = \"050000000000\"\n\
             connector = {{ kind = \"push\" }}\n[[route]]\nprefix = \"/portal/p{number}\"\n\
             upstream = [\"http://{upstream}\"]\n[[route]]\nprefix = \"/portal/p{number}/neu-{version}\"\n\
             upstream = [\"http://{upstream}\"]\n"
        );
        replace(&folder.path().join("portale.d").join(format!("p{number}.toml")), &text)
    };
    let file = folder.path().join("portalverbund.toml");
    let main = "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost/\"\n\
                [store]\nurl = \"sqlite://portalverbund.db\"\n[index]\ndir = \"index\"\n\
                [egress]\nallow = [\"127.0.0.0/8\"]\n";
    std::fs::create_dir(folder.path().join("portale.d")).map_err(Fault::work)?;
    replace(&file, main)?;
    (0..PORTALS).try_for_each(|number| write(number, 0))?;
    let loaded = config::load(&file).map_err(Fault::work)?;
    if let Some(fault) = loaded.faults.first() {
        return Err(Fault::Work(fault.to_string()));
    }
    let stand = stand(&loaded.portals).await?;
    let kept = folder.path().join("routes.json");
    let router = Router::new(stand.routes.clone(), stand.proxy.clone(), stand.metrics.clone(), None, kept);
    let portals = Arc::new(ArcSwap::from_pointee(loaded.portals));
    let registry = Registry::open(&folder.path().join("registry.db")).await.map_err(Fault::work)?;
    let followers = Followers {
        file,
        portals: portals.clone(),
        indexer: None,
        reading: None,
        router: Some(router),
        certificates: None,
        registry: registry.clone(),
        metrics: None,
    };
    let followers = Arc::new(followers);

    let until = Instant::now() + time;
    let mut asking = JoinSet::new();
    for client in 0..CLIENTS {
        let paths = (0..PORTALS).map(|number| format!("/portal/p{}/x", (number + client) % PORTALS)).collect();
        asking.spawn(ask(stand.serving.address, paths, Duration::from_millis(1), client % 4 == 0, until));
    }
    let (mut reloads, tables) = (0, AtomicUsize::new(0));
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while Instant::now() < until {
        tick.tick().await;
        reloads += 1;
        write(reloads % PORTALS, reloads)?;
        let (before, following) = (portals.load_full(), Arc::clone(&followers));
        following.reload().await;
        tables.fetch_add(usize::from(changed(&before, &portals.load())), Ordering::Relaxed);
    }
    let mut honest = Honest::default();
    for one in asking.join_all().await {
        honest.add(one);
    }
    stop.cancel();
    registry.close().await;
    stand.serving.end().await;
    tasks.close();
    tasks.wait().await;
    Ok(Outcome { honest, reloads, tables: tables.into_inner() })
}

/// Writes a file beside its place and moves it there, as an editor does.
fn replace(file: &Path, text: &str) -> Result<(), Fault> {
    let beside = file.with_extension("new");
    std::fs::write(&beside, text).map_err(Fault::work)?;
    std::fs::rename(&beside, file).map_err(Fault::work)
}

fn changed(before: &[Portal], after: &[Portal]) -> bool {
    let names = |portals: &[Portal]| portals.iter().map(|portal| portal.name.clone()).collect::<Vec<_>>();
    before.len() == after.len() && names(before) != names(after)
}

async fn serve(mut stream: TcpStream) {
    let mut begun = Vec::new();
    while head(&mut stream, &mut begun).await.is_some() {
        if answer(&mut stream, 1024).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_registry_that_changes_all_the_time_fails_no_request() {
        let outcome = measure(Duration::from_secs(2)).await.unwrap();
        assert_eq!(outcome.honest.failed, 0, "{:?}", outcome.honest.why);
        assert!(outcome.honest.times.len() > 100, "only {} requests", outcome.honest.times.len());
        assert!(
            outcome.reloads >= 15 && outcome.tables == outcome.reloads,
            "{} of {}",
            outcome.tables,
            outcome.reloads
        );
    }
}

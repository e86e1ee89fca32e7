//! `bench`: how fast this program is on a folder of deliveries, measured so that anyone can do it again.
//!
//! The folder holds one folder per portal, as the index protocol has them, and `portale.tsv` that names the portals
//! (columns portal, level, ars, name). Figures go to stdout, one `name value unit` per line.

mod attack;
mod crowd;
mod idle;
mod isolation;
mod load;
mod pages;
mod process;
mod proxy;
mod reload;
mod routes;
mod sitemap;
mod stand;
mod stream;
mod typos;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Subcommand;
use config::{Config, EgressAllow};
use connectors::registration::{Connector, Portal};
use indexer::catalog::{Catalog, SearchRequest};
use indexer::run::{self, Indexer, Outcome, RunOptions, Source};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::import::unregistered;
use super::{Exit, Fault, setup};
use crate::expected;

#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Reading XZuFi to records on one thread, nothing kept
    Read {
        /// The folder of deliveries
        dir: PathBuf,
    },
    /// A whole import into an empty store, searchable at the end, and the same deliveries once more
    Import {
        /// The folder of deliveries
        dir: PathBuf,
        /// Keep store and index here instead of a temporary folder
        #[arg(long)]
        keep: Option<PathBuf>,
    },
    /// Search and suggestions in the process, and search over HTTP with 16 clients
    Search {
        /// The folder of deliveries
        dir: PathBuf,
        /// Use the store and index that `bench import --keep` left
        #[arg(long)]
        kept: Option<PathBuf>,
        /// Clients at a time
        #[arg(long, default_value_t = 16)]
        clients: usize,
        /// Questions in all
        #[arg(long, default_value_t = 4_000)]
        questions: usize,
    },
    /// The pages for citizens over HTTP with 16 clients: how long each kind takes, and what it weighs compressed
    Pages {
        /// The folder of deliveries
        dir: PathBuf,
        /// Use the store and index that `bench import --keep` left
        #[arg(long)]
        kept: Option<PathBuf>,
        /// Clients at a time
        #[arg(long, default_value_t = 16)]
        clients: usize,
        /// Pages of each kind
        #[arg(long, default_value_t = 4_000)]
        pages: usize,
    },
    /// Every row of `erwartet.tsv` against who is responsible
    Responsible {
        /// The folder of deliveries
        dir: PathBuf,
        /// Use the store and index that `bench import --keep` left
        #[arg(long)]
        kept: Option<PathBuf>,
    },
    /// How many questions are answered alike when a word of them is mistyped
    Typos {
        /// The folder of deliveries
        dir: PathBuf,
        /// Use the store and index that `bench import --keep` left
        #[arg(long)]
        kept: Option<PathBuf>,
        /// Questions in all
        #[arg(long, default_value_t = 500)]
        questions: usize,
    },
    /// What a proxied request costs beside nginx, where that is installed; needs no deliveries
    Proxy {
        /// Requests of 1 KiB in each round, for each of the two
        #[arg(long, default_value_t = 20_000)]
        requests: usize,
        /// Rounds that are measured
        #[arg(long, default_value_t = 9)]
        rounds: usize,
        /// Measure one case
        #[arg(long, value_parser = ["1k", "64k", "hit_1k"])]
        only: Option<String>,
        /// Leave nginx out, also as the upstream
        #[arg(long)]
        alone: bool,
    },
    /// What the gateway holds in memory with silent connections, and over many requests; needs no deliveries
    Idle {
        /// Connections
        #[arg(long, default_value_t = 10_000)]
        connections: usize,
        /// Requests of a long run after that
        #[arg(long, default_value_t = 0)]
        requests: usize,
    },
    /// What a request costs with 10 routes and with 10,000; needs no deliveries
    Routes {
        /// Requests with each table
        #[arg(long, default_value_t = 80_000)]
        requests: usize,
    },
    /// Clients that are stuck in every phase of a request, and how long honest ones wait meanwhile
    Attack {
        /// Clients that are stuck
        #[arg(long, default_value_t = 2_000)]
        clients: usize,
        /// How long they are, in seconds
        #[arg(long, default_value_t = 90)]
        seconds: u64,
    },
    /// Lists of generated pages for search engines: time, memory and files; needs no deliveries
    Sitemap {
        /// Pages in all
        #[arg(long, default_value_t = 1_000_000)]
        urls: u64,
    },
    /// A generated Bereitstelldienst of a state's size, imported by a process of its own; needs no deliveries
    Stream {
        #[command(flatten)]
        amount: stream::Amount,
    },
    /// Ten portals of which three misbehave every second round: what users of the others notice
    Isolation {
        /// Rounds of each kind
        #[arg(long, default_value_t = 10)]
        rounds: usize,
        /// Length of a round, in seconds
        #[arg(long, default_value_t = 3)]
        seconds: u64,
    },
    /// All portals of a folder due at once, over HTTP, and how long questions take meanwhile
    Crowd {
        /// The folder of deliveries
        dir: PathBuf,
        /// How long it is asked while nothing is collected, in seconds
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Requests while the registry is rewritten and read anew ten times a second
    Reload {
        /// How long, in seconds
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
}

pub(super) async fn run(what: What) -> Result<Exit, Fault> {
    match what {
        What::Read { dir } => read(&dir),
        What::Import { dir, keep } => import(&dir, keep).await,
        What::Search { dir, kept, clients, questions } => search(&dir, kept, clients, questions).await,
        What::Pages { dir, kept, clients, pages } => pages::run(&dir, kept, clients, pages).await,
        What::Responsible { dir, kept } => responsible(&dir, kept).await,
        What::Typos { dir, kept, questions } => typos::run(&dir, kept, questions).await,
        What::Proxy { requests, rounds, only, alone } => proxy::run(requests, rounds, only, alone).await,
        What::Idle { connections, requests } => idle::run(connections, requests).await,
        What::Routes { requests } => routes::run(requests).await,
        What::Attack { clients, seconds } => attack::run(clients, seconds).await,
        What::Sitemap { urls } => sitemap::run(urls),
        What::Stream { amount } => stream::run(amount).await,
        What::Isolation { rounds, seconds } => isolation::run(rounds, seconds).await,
        What::Crowd { dir, seconds } => crowd::run(&dir, seconds).await,
        What::Reload { seconds } => reload::run(seconds).await,
    }
}

/// The portals of a folder of deliveries.
fn portals(dir: &Path) -> Result<Vec<Portal>, Fault> {
    let list = dir.join("portale.tsv");
    let text = std::fs::read_to_string(&list)
        .map_err(|error| Fault::Usage(format!("{}: {error}; expected the list of the portals", list.display())))?;
    let row = |(at, line): (usize, &str)| {
        let fields: Vec<&str> = line.split('\t').collect();
        let wrong = || Fault::Usage(format!("{}:{}: expected portal, level, ars and name", list.display(), at + 1));
        let [id, _, ars, name, ..] = fields.as_slice() else { return Err(wrong()) };
        let mut portal = unregistered(id.parse().map_err(|_| wrong())?, ars.parse().map_err(|_| wrong())?);
        portal.name = (*name).to_owned();
        portal.connector = Connector::XzufiFolder {
            folder: dir.join(id),
            every_s: std::num::NonZeroU64::new(86_400).ok_or_else(wrong)?,
        };
        Ok(portal)
    };
    text.lines().enumerate().skip(1).filter(|(_, line)| !line.is_empty()).map(row).collect()
}

fn say(name: &str, value: impl std::fmt::Display, unit: &str) {
    println!("{name}\t{value}\t{unit}");
}

fn read(dir: &Path) -> Result<Exit, Fault> {
    let (mut sum, began, busy) = (run::Read::default(), Instant::now(), cpu_seconds());
    for portal in portals(dir)? {
        let folder = dir.join(portal.id.as_str());
        let list = std::fs::read_to_string(folder.join("index.txt")).map_err(Fault::work)?;
        let files: Vec<PathBuf> = list.lines().map(|name| folder.join(name.trim())).collect();
        let read = run::read_only(&portal, &files).map_err(setup::fault)?;
        sum = run::Read {
            bytes: sum.bytes + read.bytes,
            records: sum.records + read.records,
            findings: sum.findings + read.findings,
        };
    }
    let seconds = began.elapsed().as_secs_f64();
    say("read", sum.bytes, "bytes");
    say("records", sum.records, "records");
    say("findings", sum.findings, "findings");
    let megabytes = sum.bytes as f64 / 1e6;
    say("speed", format!("{:.1}", megabytes / seconds), "MB/s");
    // On a machine that does other work as well, the time that this process really had says more.
    say("speed_of_cpu", format!("{:.1}", megabytes / (cpu_seconds() - busy)), "MB per CPU second");
    Ok(Exit::Done)
}

/// A place for store and index: the named folder, or a temporary one that goes with the guard.
fn place(named: Option<PathBuf>) -> Result<(PathBuf, Option<tempfile::TempDir>), Fault> {
    match named {
        Some(dir) => Ok((dir, None)),
        None => {
            let aside = tempfile::tempdir().map_err(Fault::work)?;
            Ok((aside.path().to_owned(), Some(aside)))
        }
    }
}

fn configuration(data: &Path) -> Result<Config, Fault> {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost/\"\n\
         [store]\nurl = {:?}\n[index]\ndir = {:?}\n",
        format!("sqlite://{}", data.join("portalverbund.db").display()),
        data.join("index").display().to_string(),
    );
    let mut config = Config::parse(Path::new("bench"), &text).map_err(Fault::work)?;
    config.egress = EgressAllow::new(vec!["127.0.0.0/8".parse().map_err(Fault::work)?]);
    Ok(config)
}

async fn import(dir: &Path, keep: Option<PathBuf>) -> Result<Exit, Fault> {
    let (data, _aside) = place(keep)?;
    let config = configuration(&data)?;
    let portals = portals(dir)?;
    for pass in ["first", "second"] {
        let (began, busy) = (Instant::now(), cpu_seconds());
        let indexer = setup::indexer(&config, portals.clone(), &config::telemetry::registry()).await?;
        let (bytes, records, changed) = import_all(&indexer, &portals).await?;
        let applied = began.elapsed().as_secs_f64();
        indexer.follow().await.map_err(setup::fault)?;
        let found = indexer.catalog().search(&everything()).await.map_err(Fault::work)?.total;
        let all = began.elapsed().as_secs_f64();
        indexer.close().await;
        say(&format!("{pass}_portals"), portals.len(), "portals");
        say(&format!("{pass}_bytes"), bytes, "bytes");
        say(&format!("{pass}_records"), records, "records");
        say(&format!("{pass}_changed"), changed, "records");
        say(&format!("{pass}_applied_after"), format!("{applied:.2}"), "s");
        say(&format!("{pass}_searchable_after"), format!("{all:.2}"), "s");
        say(&format!("{pass}_cpu"), format!("{:.2}", cpu_seconds() - busy), "CPU s");
        say(&format!("{pass}_distinct_leistungen"), found, "Leistungen");
        say(&format!("{pass}_peak_memory"), peak_memory_mb(), "MB");
    }
    Ok(Exit::Done)
}

fn everything() -> SearchRequest {
    SearchRequest { limit: 1, ..SearchRequest::default() }
}

/// Runs every portal; bytes read, records seen, records changed.
async fn import_all(indexer: &Indexer, portals: &[Portal]) -> Result<(u64, u64, u64), Fault> {
    let (mut bytes, mut records, mut changed) = (0, 0, 0);
    let cancel = CancellationToken::new();
    for portal in portals {
        let report = indexer.run(portal, &Source::Registered, RunOptions::default(), &cancel).await;
        let report = report.map_err(setup::fault)?;
        if !matches!(report.outcome, Outcome::Applied | Outcome::Unchanged) {
            let why: Vec<_> = report.findings.iter().map(connectors::finding::Finding::sentence).collect();
            return Err(Fault::Work(format!("{} was not taken: {}", portal.id, why.join(" "))));
        }
        let applied = report.applied;
        bytes += report.bytes;
        records += applied.added + applied.updated + applied.unchanged;
        changed += applied.added + applied.updated + applied.removed;
    }
    Ok((bytes, records, changed))
}

/// The processor time that this process has used, in seconds; Linux counts it in hundredths.
fn cpu_seconds() -> f64 {
    cpu_in(&std::fs::read_to_string("/proc/self/stat").unwrap_or_default()).as_secs_f64()
}

/// The processor time in the text of a `stat` of `/proc`.
fn cpu_in(stat: &str) -> Duration {
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    // The name ends field 2; user and system time are fields 14 and 15.
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The most memory that this process ever held, as the system counts it.
fn peak_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
    peak.unwrap_or(0u64) / 1024
}

/// The reading side over the deliveries: kept from before, or imported now.
pub(super) async fn catalog(
    dir: &Path,
    kept: Option<PathBuf>,
) -> Result<(Config, Catalog, Option<tempfile::TempDir>), Fault> {
    let portals = portals(dir)?;
    let known = kept.as_ref().is_some_and(|kept| kept.join("portalverbund.db").exists());
    let (data, aside) = place(kept)?;
    let config = configuration(&data)?;
    if !known {
        let indexer = setup::indexer(&config, portals.clone(), &config::telemetry::registry()).await?;
        import_all(&indexer, &portals).await?;
        indexer.follow().await.map_err(setup::fault)?;
        indexer.close().await;
    }
    let catalog = setup::catalog(&config, portals).await?;
    let made = catalog.learn_meanings(&|| false).map_err(Fault::work)?;
    if made > 0 {
        eprintln!("made the vectors of {made} texts");
    }
    Ok((config, catalog, aside))
}

async fn search(dir: &Path, kept: Option<PathBuf>, clients: usize, count: usize) -> Result<Exit, Fault> {
    let (config, catalog, _aside) = catalog(dir, kept).await?;
    let questions = load::questions(dir, &portals(dir)?, count)?;
    let mut times = Vec::with_capacity(questions.len());
    for (at, question) in questions.iter().enumerate() {
        let request = SearchRequest { text: question.clone(), limit: 10, ..SearchRequest::default() };
        let began = Instant::now();
        catalog.search(&request).await.map_err(Fault::work)?;
        // The first hundred warm the caches.
        if at >= 100 {
            times.push(began.elapsed());
        }
    }
    report("process", times);
    let mut times = Vec::with_capacity(questions.len());
    for (at, question) in questions.iter().enumerate() {
        // Each question at one moment of its typing.
        let typed: String = question.chars().take(2 + at % 14).collect();
        let began = Instant::now();
        catalog.suggest(&typed, None, 10).await.map_err(Fault::work)?;
        if at >= 100 {
            times.push(began.elapsed());
        }
    }
    report("suggest", times);
    let times = load::over_http(&config, catalog, Arc::new(questions), clients).await?;
    report("http", times);
    say("peak_memory", peak_memory_mb(), "MB");
    Ok(Exit::Done)
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1)));
    for (part, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)] {
        let milliseconds = at(share).map_or(0.0, |time| time.as_secs_f64() * 1e3);
        say(&format!("{name}_{part}"), format!("{milliseconds:.2}"), "ms");
    }
    say(&format!("{name}_questions"), times.len(), "questions");
}

async fn responsible(dir: &Path, kept: Option<PathBuf>) -> Result<Exit, Fault> {
    let (_config, catalog, _aside) = catalog(dir, kept).await?;
    let table = std::fs::read_to_string(dir.join("erwartet.tsv")).map_err(Fault::work)?;
    let verdict = expected::check(&catalog, &table).await.map_err(Fault::work)?;
    verdict.wrong.iter().take(10).for_each(|row| eprintln!("{row}"));
    say("rows", verdict.rows, "rows");
    say("wrong", verdict.wrong.len(), "rows");
    if verdict.wrong.is_empty() { Ok(Exit::Done) } else { Ok(Exit::Findings) }
}

/// Where a gateway for the measurement runs, and how it is stopped.
struct Serving {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Serving {
    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

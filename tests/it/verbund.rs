//! A whole Verbund of real texts, collected over HTTP from twenty portals: who is responsible for what, row by row.
//!
//! The texts are not part of this repository; without them the tests say that they were left out.

use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::Command;

use config::{Config, EgressAllow};
use connectors::registration::{Connector, Guard, HostPattern, Portal};
use gateway::expected;
use indexer::crawl::Fetcher;
use indexer::metrics::Metrics;
use indexer::run::{Indexer, Outcome, RunOptions, Setup, Source};
use tests::portal::FakePortal;
use tokio_util::sync::CancellationToken;

/// The program that makes the deliveries, beside the repository.
fn maker() -> Option<PathBuf> {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/tools/make_deliveries.py");
    tool.exists().then_some(tool)
}

fn portals(dir: &Path, server: &FakePortal) -> Vec<Portal> {
    let table = fs::read_to_string(dir.join("portale.tsv")).unwrap();
    let portal = |line: &str| {
        let [id, _, ars, name, ..] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let url = server.url(&format!("/{id}/index.txt")).parse().unwrap();
        Portal {
            id: id.parse().unwrap(),
            name: name.to_owned(),
            gebiet: ars.parse().unwrap(),
            agency: None,
            hosts: vec![HostPattern::try_from("*".to_owned()).unwrap()],
            connector: Connector::XzufiIndex { url, every_s: NonZeroU64::MAX },
            routes: Vec::new(),
            responsible: None,
            maintenance: None,
            guard: Guard::default(),
            contact: None,
            words: Vec::new(),
            texts: Default::default(),
        }
    };
    table.lines().skip(1).map(portal).collect()
}

async fn indexer(data: &Path, portals: Vec<Portal>) -> Indexer {
    let text = "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost\"\n\
                [store]\nurl = \"sqlite://x\"\n[index]\ndir = \"x\"\n";
    let mut config = Config::parse(Path::new("test"), text).unwrap();
    config.egress = EgressAllow::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let setup = Setup {
        store_url: format!("sqlite://{}", data.join("portalverbund.db").display()),
        index_dir: data.join("index"),
        spool_dir: data.join("spool"),
        portals,
        fetcher: Fetcher::new(&config).unwrap(),
        metrics: Metrics::new(&config::telemetry::registry()).unwrap(),
        journal: config.journal,
    };
    Indexer::open(setup).await.unwrap()
}

async fn check(gemeinden: &str, seed: &str, rows: usize) {
    let Some(maker) = maker() else {
        eprintln!("left out: there are no service texts beside this repository");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let made = Command::new("python3")
        .arg(maker)
        .args(["--profile", "verbund", "--gemeinden", gemeinden, "--seed", seed, "--out"])
        .arg(dir.path().join("deliveries"))
        .status();
    assert!(made.unwrap().success());
    let deliveries = dir.path().join("deliveries");
    let server = FakePortal::of_folder(&deliveries);
    let portals = portals(&deliveries, &server);
    let indexer = indexer(&dir.path().join("data"), portals.clone()).await;
    let cancel = CancellationToken::new();
    for portal in &portals {
        let report = indexer.run(portal, &Source::Registered, RunOptions::default(), &cancel).await.unwrap();
        assert_eq!(report.outcome, Outcome::Applied, "{report:?}");
        assert_eq!(report.refused, 0, "{}: {:?}", portal.id, report.findings);
    }
    indexer.follow().await.unwrap();
    let table = fs::read_to_string(deliveries.join("erwartet.tsv")).unwrap();
    let verdict = expected::check(&indexer.catalog(), &table).await.unwrap();
    assert!(verdict.rows >= rows, "only {} rows", verdict.rows);
    assert_eq!(verdict.wrong, Vec::<String>::new(), "of {} rows", verdict.rows);
    server.take_seen();
    for portal in &portals {
        let report = indexer.run(portal, &Source::Registered, RunOptions::default(), &cancel).await.unwrap();
        assert_eq!((report.outcome, report.bytes), (Outcome::Unchanged, 0), "{}", portal.id);
    }
    assert!(
        server
            .take_seen()
            .iter()
            .all(|asked| { asked.target.ends_with("/index.txt") || asked.fields.contains_key("if-none-match") })
    );
    assert!(!indexer.follow().await.unwrap());
    indexer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_twelve_gemeinden_is_right() {
    check("12", "portalverbund", 1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_another_verbund_is_right() {
    check("12", "anderer", 1_000).await;
}

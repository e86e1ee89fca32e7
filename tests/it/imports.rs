//! What the metrics say of runs: of those of this process, of those before it, and nothing of portals that are gone.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tests::client::get;
use tests::delivery::{Stock, publish, put};
use tests::portal::FakePortal;
use tests::program::Installation;

use crate::EXE;

const BOCHUM: &str = "059110000000";

/// Waits until the internal side shows each of these lines.
#[track_caller]
fn shows(internal: SocketAddr, lines: &[&str]) {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let text = get(internal, "/metrics").body;
        let missing: Vec<_> = lines.iter().filter(|line| !text.lines().any(|known| known == **line)).collect();
        if missing.is_empty() {
            return;
        }
        let own = || text.lines().filter(|line| line.starts_with("portalverbund_indexer")).collect::<Vec<_>>();
        assert!(Instant::now() < end, "{missing:#?} of {:#?}", own());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn runs_are_counted_and_their_state_survives_a_restart() {
    let program = Installation::new(EXE);
    let server = FakePortal::of_folder(&program.dir().join("www"));
    let folder = program.dir().join("www/stadt-bochum");
    publish(&folder, &Stock::new("BO", BOCHUM).whole(0..20, "Apfelbaum"), 4);
    program.register("stadt-bochum", BOCHUM, &server.url("/stadt-bochum/index.txt"), "every_s = 3600\n");
    let kept = [
        "portalverbund_indexer_records_count{kind=\"Leistung\",portal=\"stadt-bochum\"} 20",
        "portalverbund_indexer_records_count{kind=\"Formular\",portal=\"stadt-bochum\"} 0",
        "portalverbund_indexer_run_held{portal=\"stadt-bochum\"} 0",
        "portalverbund_indexer_findings_count{portal=\"stadt-bochum\"} 0",
    ];
    let serving = program.serve();
    shows(serving.internal, &kept);
    shows(
        serving.internal,
        &[
            "portalverbund_indexer_runs_total{outcome=\"applied\",portal=\"stadt-bochum\"} 1",
            "portalverbund_indexer_records_changed_total{change=\"added\",portal=\"stadt-bochum\"} 41",
            "portalverbund_indexer_index_updates_total{result=\"failure\"} 0",
            "portalverbund_indexer_runs_in_progress 0",
            "portalverbund_indexer_run_duration_seconds_count 1",
        ],
    );
    serving.stop().expect(0);

    put(&folder, "index.txt", "XZUFI001.xml\n");
    program.import("stadt-bochum", &[]).expect(1);
    let serving = program.serve();
    shows(serving.internal, &kept[..2]);
    shows(
        serving.internal,
        &[
            "portalverbund_indexer_run_held{portal=\"stadt-bochum\"} 1",
            "portalverbund_indexer_findings_count{portal=\"stadt-bochum\"} 1",
        ],
    );
    let text = get(serving.internal, "/metrics").body;
    let time = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}{{portal=\"stadt-bochum\"}} ")));
        line.unwrap_or_else(|| panic!("{name} in {text}")).parse::<f64>().unwrap()
    };
    let (last, good) = (
        time("portalverbund_indexer_last_run_timestamp_seconds"),
        time("portalverbund_indexer_last_good_run_timestamp_seconds"),
    );
    assert!(last > good && good > last - 60.0, "{last} {good}");
    assert!(!text.contains("portalverbund_indexer_runs_total{"), "no run was made by this process");

    std::fs::remove_file(program.dir().join("config/portale.d/stadt-bochum.toml")).unwrap();
    program.route("kreis-borken", "http://127.0.0.1:9", "");
    let end = Instant::now() + Duration::from_secs(30);
    while get(serving.internal, "/metrics").body.contains("stadt-bochum") {
        assert!(Instant::now() < end, "the series of a portal stay after its registration");
        std::thread::sleep(Duration::from_millis(100));
    }
    serving.stop().expect(0);
}

#[test]
fn an_indexer_alone_shows_what_it_does() {
    let program = Installation::new(EXE);
    program.configure("[crawl]\ninternal = \"127.0.0.1:0\"\n");
    let server = FakePortal::of_folder(&program.dir().join("www"));
    let folder = program.dir().join("www/stadt-bochum");
    publish(&folder, &Stock::new("BO", BOCHUM).whole(0..3, "Apfelbaum"), 1);
    program.register("stadt-bochum", BOCHUM, &server.url("/stadt-bochum/index.txt"), "");
    let mut running = program.start(&["serve", "--only", "indexer"]);
    let line = running.wait_for("internal side on http://");
    let internal = line.trim_start_matches("internal side on http://").parse().unwrap();
    shows(internal, &["portalverbund_indexer_runs_total{outcome=\"applied\",portal=\"stadt-bochum\"} 1"]);
    assert_eq!((get(internal, "/healthz").status, get(internal, "/readyz").status), (200, 200));
    assert_eq!(get(internal, "/debug/routes").status, 404, "there are no routes");
    running.terminate();
    assert_eq!(running.end().status, 0);
}

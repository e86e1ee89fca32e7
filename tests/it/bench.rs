//! The measurements of the gateway: that they measure, not what they come to.

use std::collections::HashMap;

use tests::delivery::{Stock, publish};
use tests::program::{Ended, Installation};

use crate::EXE;

/// The figures by their names.
fn figures(ended: &Ended) -> HashMap<&str, f64> {
    let read = |line| {
        let (name, rest): (&str, &str) = str::split_once(line, '\t')?;
        Some((name, rest.split('\t').next()?.parse().ok()?))
    };
    ended.stdout.lines().filter_map(read).collect()
}

#[track_caller]
fn check(arguments: &[&str], names: &[&str]) {
    let ended = Installation::new(EXE).run(arguments).expect(0);
    let figures = figures(&ended);
    for name in names {
        assert!(figures.get(name).is_some_and(|figure| *figure > 0.0), "{name} of {arguments:?}: {ended:?}");
    }
}

#[test]
fn a_proxied_request_is_measured_with_and_without_a_peer() {
    let cases = ["1k_gateway_cpu", "1k_gateway_rate", "64k_gateway_cpu", "hit_1k_gateway_cpu"];
    check(&["bench", "proxy", "--requests", "300", "--rounds", "1", "--alone"], &cases);
    check(&["bench", "proxy", "--requests", "300", "--rounds", "1", "--only", "1k"], &cases[..2]);
}

#[test]
fn memory_is_measured_with_idle_connections_and_over_many_requests() {
    let names = ["idle_connections", "memory_with_idle", "memory_after_0", "memory_after_1000"];
    check(&["bench", "idle", "--connections", "250", "--requests", "1000"], &names);
}

#[test]
fn a_stream_is_taken_whole_though_its_process_is_killed() {
    let stream = ["bench", "stream", "--records", "3000", "--orphans", "500", "--block", "150", "--kill-after", "8"];
    let ended = Installation::new(EXE).run(&stream).expect(0);
    let figures = figures(&ended);
    let of = |name: &str| figures[name] as u64;
    assert_eq!((of("objects"), of("killed"), of("lost_or_doubled")), (3_539, 1, 0), "{ended:?}");
    assert_eq!((of("found_Zustaendigkeit"), of("found_Leistung")), (3_000, 36));
    assert!(of("peak_memory") > 0 && of("blocks") >= 24, "{ended:?}");
}

#[test]
fn pages_are_measured_in_time_and_weight() {
    let program = Installation::new(EXE);
    let dir = program.dir().join("lieferungen");
    publish(&dir.join("stadt-bochum"), &Stock::new("BO", "059110000000").whole(0..5, "Apfelbaum"), 1);
    let list = "portal\tebene\tars\tname\nstadt-bochum\tGemeinde\t059110000000\tBochum\n";
    program.write("lieferungen/portale.tsv", list);
    let ended = program.run(&["bench", "pages", dir.to_str().unwrap(), "--clients", "2", "--pages", "300"]);
    // Without optimisation the time that pages may take is missed; what counts here is that all is measured.
    assert!(ended.status <= 1, "{ended:?}");
    let figures = figures(&ended);
    for kind in ["start", "results", "leistung_at_place", "leistung"] {
        for part in ["p50", "p99", "weight_p50", "weight_max"] {
            let figure = figures.get(format!("{kind}_{part}").as_str());
            assert!(figure.is_some_and(|figure| *figure > 0.0), "{kind}_{part}: {ended:?}");
        }
        assert!(figures[format!("{kind}_questions").as_str()] >= 200.0, "{ended:?}");
    }
    assert!(figures["first_view_weight"] > figures["start_weight_p50"], "{ended:?}");
}

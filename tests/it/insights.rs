//! What is searched, for those who run the Verbund: questions that many asked, and never one that few did.

use std::fs;
use std::path::Path;

use tests::client::{Answer, get, get_with};
use tests::delivery::{Stock, publish};
use tests::portal::FakePortal;
use tests::program::{Installation, Serving};

use crate::EXE;

/// A portal with some Leistungen on herbs, collected.
fn verbund() -> (Installation, FakePortal) {
    let program = Installation::new(EXE);
    let server = FakePortal::of_folder(&program.dir().join("www"));
    program.register("stadt-bochum", "059110000000", &server.url("/stadt-bochum/index.txt"), "every_s = 86400\n");
    let entries = Stock::new("BO", "059110000000").whole(0..5, "Apfelbaum");
    publish(&program.dir().join("www/stadt-bochum"), &entries, 3);
    program.import("stadt-bochum", &[]).expect(0);
    (program, server)
}

#[track_caller]
fn inside(serving: &Serving, target: &str, status: u16) -> Answer {
    let answer = get(serving.internal, target);
    assert_eq!(answer.status, status, "{target}: {}", answer.body);
    assert_eq!(answer.field("cache-control"), Some("no-store"), "{target}");
    answer
}

/// The lines of a table without its header.
fn lines(serving: &Serving, target: &str) -> Vec<String> {
    let table = inside(serving, target, 200);
    assert!(table.field("content-type").unwrap().starts_with("text/csv; charset=utf-8"), "{:?}", table.fields);
    let mut lines = table.body.split_terminator("\r\n").map(str::to_owned);
    assert!(lines.next().unwrap().starts_with("frage,gefragt,"), "{}", table.body);
    lines.collect()
}

/// All that lies in a folder, as one text.
fn everything(dir: &Path) -> String {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).to_lowercase()).collect()
}

#[test]
fn what_many_ask_is_seen_and_what_few_ask_is_not() {
    let (program, _server) = verbund();
    let serving = program.serve().ready();
    let by = |client: u8| format!("X-Forwarded-For: 93.184.216.{client}\r\n");
    let mut results = None;
    for client in 0..10 {
        results = Some(get_with(serving.public, "/suche?q=Apfelbaum+Bochum", &by(client)));
        get_with(serving.public, "/api/v1/search?q=xyzzy+%3Cb%3Eqwert", &by(client));
    }
    for client in 0..9 {
        // Asked by nine, by each again and again, and looked at by a machine.
        get_with(serving.public, "/suche?q=Kirschkern&ort=44787", &by(client));
        get_with(serving.public, "/suche?q=kirschkern", &by(client));
        get_with(serving.public, "/api/v1/search?q=KIRSCHKERN", &by(client));
    }
    let results = results.unwrap();
    let hit = results.links().into_iter().find(|link| link.starts_with("/leistung/")).unwrap();
    assert!(hit.ends_with("/059110000000?frage=Apfelbaum&rang=1"), "{hit}");
    let leistung = get_with(serving.public, &hit, &by(3));
    assert_eq!((leistung.status, leistung.field("cache-control")), (200, Some("private, no-cache")));
    let back = leistung.links().into_iter().find(|link| link.starts_with("/suche")).unwrap();
    assert!(leistung.body.contains("Zurück zu den Ergebnissen"), "{}", leistung.body);
    assert_eq!(back, "/suche?q=Apfelbaum&ort=059110000000");
    assert_eq!(get_with(serving.public, &back, &by(3)).status, 200);
    let canonical = leistung.links().into_iter().find(|link| link.contains("localhost/leistung")).unwrap();
    assert!(canonical.ends_with("/059110000000"), "{canonical}");
    // The way straight on counts as a click as well.
    let onward =
        results.links().into_iter().find(|link| link.starts_with("/bevor/") || link.starts_with("/zu/")).unwrap();
    assert!(onward.ends_with("?frage=Apfelbaum&rang=1"), "{onward}");
    assert!([200, 303].contains(&get_with(serving.public, &onward, &by(4)).status));

    let page = inside(&serving, "/insights", 200);
    assert!(page.field("content-security-policy").is_some() && page.body.contains("<html lang=\"de\""));
    assert!(page.body.contains("apfelbaum") && page.body.contains("xyzzy &#60;b&#62;qwert"), "{}", page.body);
    assert!(!page.body.contains("kirschkern"), "{}", page.body);
    let all = lines(&serving, "/insights.csv");
    assert_eq!(all.len(), 2, "{all:?}");
    let apple = all.iter().find(|line| line.starts_with("apfelbaum,10,")).unwrap();
    assert!(apple.ends_with(",10,2,20.0,1.0"), "{apple}");
    let nothing = lines(&serving, "/insights.csv?tage=7&liste=ohne-treffer");
    assert!(nothing.len() == 1 && nothing[0].starts_with("xyzzy <b>qwert,10,"), "{nothing:?}");
    assert_eq!(lines(&serving, "/insights.csv?liste=wenig-klicks"), Vec::<String>::new());
    let metrics = get(serving.internal, "/metrics").body;
    assert!(metrics.contains("portalverbund_gateway_clicks_total 2"), "{metrics}");

    for (target, parameter) in [
        ("/insights?x=1", "x"),
        ("/insights?tage=0", "tage"),
        ("/insights.csv?liste=x", "liste"),
        ("/insights?tage=91", "tage"),
    ] {
        assert_eq!(inside(&serving, target, 400).json()["parameter"], parameter, "{target}");
    }
    assert_eq!(get(serving.public, "/insights").status, 404);
    assert_eq!(get(serving.public, "/insights.csv").status, 404);
    let talk = serving.stop().expect(0);
    assert!(!talk.stderr.to_lowercase().contains("apfelbaum"), "{}", talk.stderr);

    let kept = everything(&program.dir().join("data"));
    let own = fs::read_to_string(program.dir().join("data/insights.json")).unwrap();
    assert!(own.contains("apfelbaum") && !kept.contains("kirschkern") && !own.contains("93.184"), "{own}");
    let serving = program.serve().ready();
    assert_eq!(lines(&serving, "/insights.csv"), all);
    get_with(serving.public, "/suche?q=kirschkern", &by(1));
    let after: Vec<String> = lines(&serving, "/insights.csv");
    assert!(after.len() == 2 && after[0].starts_with("apfelbaum,10,"), "{after:?}");
    assert!(!inside(&serving, "/insights?tage=7", 200).body.contains("kirschkern"));
    serving.stop().expect(0);
}

#[test]
fn a_broken_file_and_the_switch() {
    let (program, _server) = verbund();
    program.write("data/insights.json", "{\"version\":1,");
    let serving = program.serve().ready();
    assert_eq!(lines(&serving, "/insights.csv"), Vec::<String>::new());
    let talk = serving.stop().expect(0);
    assert!(talk.stderr.contains("the insights cannot be read"), "{}", talk.stderr);
    assert!(program.dir().join("data/insights.json.broken").exists());
    program.configure("[insights]\nenabled = false\n");
    let serving = program.serve().ready();
    assert!(inside(&serving, "/insights", 404).body.contains("`enabled` is false"));
    serving.stop().expect(0);
    program.configure("[insights]\nmin_count = 3\n");
    let refused = program.run(&["check"]).expect(2);
    assert!(refused.stdout.contains("3 is out of range, expected 10 to 10000"), "{}", refused.stdout);
}

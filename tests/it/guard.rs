//! What a run may change, and what it must leave: guards, faults, order and repetition.

use std::path::PathBuf;

use serde_json::Value;
use tests::delivery::{Stock, message, publish, put, schluessel};
use tests::portal::FakePortal;
use tests::program::Installation;

use crate::EXE;

const BOCHUM: &str = "059110000000";
const HERNE: &str = "059160000000";

/// An installation with portals whose deliveries are folders behind one server.
struct Verbund {
    program: Installation,
    server: FakePortal,
}

impl Verbund {
    fn new(portals: &[(&str, &str)]) -> Self {
        let program = Installation::new(EXE);
        let server = FakePortal::of_folder(&program.dir().join("www"));
        for (id, ars) in portals {
            program.register(id, ars, &server.url(&format!("/{id}/index.txt")), "");
        }
        Self { program, server }
    }

    fn folder(&self, portal: &str) -> PathBuf {
        self.program.dir().join("www").join(portal)
    }

    /// One run that has to end with this status and outcome.
    #[track_caller]
    fn run(&self, portal: &str, status: i32, outcome: &str) -> Value {
        self.run_with(portal, &[], status, outcome)
    }

    #[track_caller]
    fn run_with(&self, portal: &str, more: &[&str], status: i32, outcome: &str) -> Value {
        let report = self.program.import(portal, more).expect(status).json();
        assert_eq!(report["outcome"], outcome, "{report}");
        report
    }

    /// How many Leistungen the Verbund finds for a word.
    #[track_caller]
    fn found(&self, word: &str) -> u64 {
        let answer = self.program.run(&["search", "--json", word]).expect(0).json();
        answer["total"].as_u64().unwrap()
    }

    #[track_caller]
    fn responsible(&self, number: usize, ars: &str) -> Value {
        self.program.run(&["responsible", "--json", "--leistung", &schluessel(number), "--ars", ars]).expect(0).json()
    }
}

#[track_caller]
fn numbers(report: &Value, expected: [u64; 4]) {
    let told = ["added", "updated", "removed", "unchanged"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(told, expected, "{report}");
}

#[track_caller]
fn rules(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn a_stock_that_did_not_change_is_not_read_again() {
    let verbund = Verbund::new(&[("stadt-bochum", BOCHUM)]);
    publish(&verbund.folder("stadt-bochum"), &Stock::new("BO", BOCHUM).whole(0..20, "Apfelbaum"), 4);
    numbers(&verbund.run("stadt-bochum", 0, "applied"), [41, 0, 0, 0]);
    assert_eq!(verbund.server.take_seen().len(), 5);
    let report = verbund.run("stadt-bochum", 0, "unchanged");
    assert_eq!(report["bytes"], 0);
    let seen = verbund.server.take_seen();
    assert_eq!(seen.iter().filter(|request| request.fields.contains_key("if-none-match")).count(), 4);
    numbers(&verbund.run_with("stadt-bochum", &["--again"], 0, "applied"), [0, 0, 0, 41]);
    assert_eq!(verbund.found("Apfelbaum"), 20);
}

#[test]
fn an_index_that_lost_files_is_held_until_somebody_releases_it() {
    let verbund = Verbund::new(&[("stadt-bochum", BOCHUM)]);
    let folder = verbund.folder("stadt-bochum");
    publish(&folder, &Stock::new("BO", BOCHUM).whole(0..20, "Apfelbaum"), 4);
    verbund.run("stadt-bochum", 0, "applied");
    put(&folder, "index.txt", "XZUFI001.xml\n");
    for _ in 0..2 {
        let report = verbund.run("stadt-bochum", 1, "held");
        numbers(&report, [0; 4]);
        assert_eq!(rules(&report), ["lauf.loeschsperre"]);
    }
    assert_eq!(verbund.found("Apfelbaum"), 20);
    assert_eq!(verbund.responsible(19, BOCHUM)["state"], "found");
    numbers(&verbund.run_with("stadt-bochum", &["--dry-run", "--release"], 0, "trial"), [0, 0, 30, 11]);
    assert_eq!(verbund.found("Apfelbaum"), 20);
    numbers(&verbund.run_with("stadt-bochum", &["--release"], 0, "applied"), [0, 0, 30, 11]);
    assert_eq!(verbund.found("Apfelbaum"), 11);
    assert_eq!(verbund.responsible(19, BOCHUM)["state"], "unknown_leistung");
}

#[test]
fn a_few_records_may_go_without_a_word() {
    let verbund = Verbund::new(&[("stadt-bochum", BOCHUM)]);
    let folder = verbund.folder("stadt-bochum");
    let mut entries = Stock::new("BO", BOCHUM).whole(0..20, "Apfelbaum");
    publish(&folder, &entries, 2);
    verbund.run("stadt-bochum", 0, "applied");
    entries.drain(30..34);
    publish(&folder, &entries, 2);
    numbers(&verbund.run("stadt-bochum", 0, "applied"), [0, 0, 4, 37]);
    assert_eq!(verbund.responsible(12, BOCHUM)["onlinedienste"].as_array().unwrap().len(), 0);
    assert_eq!(verbund.responsible(15, BOCHUM)["onlinedienste"].as_array().unwrap().len(), 1);
}

#[test]
fn a_technical_fault_in_the_last_file_leaves_the_old_state() {
    let verbund = Verbund::new(&[("stadt-bochum", BOCHUM)]);
    let folder = verbund.folder("stadt-bochum");
    let stock = Stock::new("BO", BOCHUM);
    publish(&folder, &stock.whole(0..20, "Apfelbaum"), 4);
    verbund.run("stadt-bochum", 0, "applied");
    let later = stock.changed("2026-10-02T08:00:00+02:00").whole(0..20, "Nordlicht");
    for (breaks, rule) in [
        (message(&later).trim_end().trim_end_matches('>').to_owned(), "xml.wohlgeformt"),
        ("<html><body>Wartung</body></html>".to_owned(), "xzufi.namensraum"),
        (String::new(), "xml.leer"),
    ] {
        publish(&folder, &later, 4);
        put(&folder, "XZUFI004.xml", &breaks);
        let ended = verbund.program.import("stadt-bochum", &[]).expect(3);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        let report = ended.json();
        assert_eq!((report["outcome"].as_str(), rules(&report).contains(&rule)), (Some("failed"), true), "{report}");
        let named = report["findings"].as_array().unwrap().iter().any(|found| found["file"] == "XZUFI004.xml");
        assert!(named, "{report}");
        assert_eq!((verbund.found("Apfelbaum"), verbund.found("Nordlicht")), (20, 0));
    }
    publish(&folder, &later, 4);
    std::fs::remove_file(folder.join("XZUFI004.xml")).unwrap();
    let report = verbund.program.import("stadt-bochum", &[]).expect(3).json();
    assert_eq!(rules(&report), ["lauf.datei.fehlt"]);
    assert_eq!((verbund.found("Apfelbaum"), verbund.found("Nordlicht")), (20, 0));
    publish(&folder, &later, 4);
    numbers(&verbund.run("stadt-bochum", 0, "applied"), [0, 41, 0, 0]);
    assert_eq!((verbund.found("Apfelbaum"), verbund.found("Nordlicht")), (0, 20));
}

#[test]
fn a_faulty_record_costs_only_itself() {
    let verbund = Verbund::new(&[("stadt-bochum", BOCHUM)]);
    let folder = verbund.folder("stadt-bochum");
    let xml = message(&Stock::new("BO", BOCHUM).whole(0..20, "Apfelbaum"));
    let faulty = xml.replacen("schemeID=\"Leistung\">L00007</xzufi:id>", "schemeID=\"Leistung\"></xzufi:id>", 1);
    assert_ne!(xml, faulty);
    publish(&folder, &[], 1);
    put(&folder, "a.xml", &faulty);
    put(&folder, "index.txt", "a.xml\n");
    let report = verbund.run("stadt-bochum", 1, "applied");
    numbers(&report, [40, 0, 0, 0]);
    assert_eq!(report["refused"], 1);
    let finding = &report["findings"][0];
    assert_eq!((finding["rule"].as_str(), finding["file"].as_str()), (Some("satz.id.fehlt"), Some("a.xml")));
    assert!(finding["line"].as_u64().unwrap() > 7 && finding["sentence"].as_str().unwrap().ends_with('.'), "{finding}");
    assert_eq!(verbund.found("Apfelbaum"), 19);
}

#[test]
fn deletes_can_be_repeated_and_orphans_change_nothing() {
    let verbund = Verbund::new(&[("stadt-bochum", BOCHUM)]);
    let stock = Stock::new("BO", BOCHUM);
    publish(&verbund.folder("stadt-bochum"), &stock.whole(0..20, "Apfelbaum"), 1);
    verbund.run("stadt-bochum", 0, "applied");
    verbund.program.write("loesche.xml", &message(&[stock.delete(3), stock.delete(4), stock.delete(999)]));
    let report = verbund.run_with("stadt-bochum", &["loesche.xml"], 0, "applied");
    assert_eq!((report["removed"].as_u64(), report["orphans"].as_u64()), (Some(2), Some(1)), "{report}");
    let report = verbund.run_with("stadt-bochum", &["loesche.xml"], 0, "applied");
    assert_eq!((report["removed"].as_u64(), report["orphans"].as_u64()), (Some(0), Some(3)), "{report}");
    assert_eq!(verbund.found("Apfelbaum"), 18);
    let both = [stock.leistung(3, "Apfelbaum beantragen", "<p>Neu.</p>"), stock.delete(3)];
    verbund.program.write("beides.xml", &message(&both));
    verbund.run_with("stadt-bochum", &["beides.xml"], 0, "applied");
    assert_eq!(verbund.found("Apfelbaum"), 18);
    verbund.program.write("beides.xml", &message(both.iter().rev()));
    verbund.run_with("stadt-bochum", &["beides.xml"], 0, "applied");
    assert_eq!(verbund.found("Apfelbaum"), 19);
}

#[test]
fn a_reference_that_dangles_is_answered_once_its_target_comes_from_another_portal() {
    let verbund = Verbund::new(&[("stadt-bochum", BOCHUM), ("land-nrw", "050000000000")]);
    let (city, land) = (Stock::new("BO", BOCHUM), Stock::new("NRW", "050000000000"));
    let office = city.office_for("steueramt", "Steueramt Bochum", BOCHUM, [land.name(5)]);
    publish(&verbund.folder("stadt-bochum"), &[office], 1);
    let report = verbund.run("stadt-bochum", 1, "applied");
    assert_eq!(rules(&report), ["verweis.offen"]);
    assert_eq!(verbund.responsible(5, BOCHUM)["state"], "unknown_leistung");
    publish(&verbund.folder("land-nrw"), &[land.leistung(5, "Kirschkern pflanzen", "<p>Text.</p>")], 1);
    verbund.run("land-nrw", 0, "applied");
    let answer = verbund.responsible(5, BOCHUM);
    assert_eq!(answer["state"], "found", "{answer}");
    assert_eq!(answer["answers"][0]["organisationseinheit"]["name"], "Steueramt Bochum");
    assert_eq!(verbund.responsible(5, HERNE)["state"], "none");
    let hits = verbund.program.run(&["search", "--json", "Kirschkern Bochum"]).expect(0).json();
    assert_eq!((hits["total"].as_u64(), hits["hits"][0]["responsible"]["state"].as_str()), (Some(1), Some("found")));
}

#[test]
fn an_older_version_is_not_taken() {
    let verbund = Verbund::new(&[("stadt-bochum", BOCHUM)]);
    let folder = verbund.folder("stadt-bochum");
    let stock = Stock::new("BO", BOCHUM);
    publish(&folder, &stock.whole(0..20, "Apfelbaum"), 1);
    verbund.run("stadt-bochum", 0, "applied");
    publish(&folder, &stock.changed("2026-09-30T08:00:00+02:00").whole(0..20, "Nordlicht"), 1);
    let report = verbund.run("stadt-bochum", 0, "applied");
    assert_eq!((report["older"].as_u64(), report["updated"].as_u64()), (Some(41), Some(0)), "{report}");
    assert_eq!((verbund.found("Apfelbaum"), verbund.found("Nordlicht")), (20, 0));
}

#[test]
fn a_portal_cannot_speak_for_the_gebiet_of_another() {
    let verbund = Verbund::new(&[("stadt-bochum", BOCHUM), ("stadt-herne", HERNE)]);
    let (bochum, herne) = (Stock::new("BO", BOCHUM), Stock::new("HER", HERNE));
    publish(&verbund.folder("stadt-herne"), &herne.whole(0..3, "Kirschkern"), 1);
    verbund.run("stadt-herne", 0, "applied");
    let claim = bochum.office_for("amt", "Amt in Bochum", HERNE, [herne.name(1), bochum.name(1)]);
    let own = bochum.leistung(1, "Apfelbaum beantragen", "<p>Text.</p>");
    publish(&verbund.folder("stadt-bochum"), &[own, claim], 1);
    let report = verbund.run("stadt-bochum", 1, "applied");
    assert!(rules(&report).contains(&"gebiet.fremd"), "{report}");
    let answer = verbund.responsible(1, HERNE);
    assert_eq!(answer["state"], "found");
    let offices: Vec<_> = answer["answers"].as_array().unwrap().iter().map(|one| &one["portal"]).collect();
    assert_eq!(offices, ["stadt-herne"], "{answer}");
    assert_eq!(verbund.responsible(1, BOCHUM)["answers"].as_array().unwrap().len(), 0);
}

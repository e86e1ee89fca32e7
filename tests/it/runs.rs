//! Runs as people meet them on the command line: looked at before, held, let pass, undone, paused.

use tests::delivery::{Stock, publish};
use tests::portal::FakePortal;
use tests::program::Installation;

use crate::EXE;

const BOCHUM: &str = "059110000000";
const ID: &str = "stadt-bochum";

struct Stadt {
    program: Installation,
    _server: FakePortal,
}

impl Stadt {
    fn new() -> Self {
        let program = Installation::new(EXE);
        let server = FakePortal::of_folder(&program.dir().join("www"));
        program.register(ID, BOCHUM, &server.url(&format!("/{ID}/index.txt")), "every_s = 3600\n");
        Self { program, _server: server }
    }

    fn publish(&self, numbers: std::ops::Range<usize>, word: &str) {
        let folder = self.program.dir().join("www").join(ID);
        publish(&folder, &Stock::new("BO", BOCHUM).whole(numbers, word), 4);
    }

    fn found(&self, word: &str) -> u64 {
        self.program.run(&["search", "--json", word]).expect(0).json()["total"].as_u64().unwrap()
    }

    fn runs(&self) -> serde_json::Value {
        self.program.run(&["runs", "list", "--portal", ID, "--json"]).expect(0).json()
    }
}

#[test]
fn a_held_run_is_looked_at_and_let_pass() {
    let stadt = Stadt::new();
    stadt.publish(0..20, "Apfelbaum");
    stadt.program.import(ID, &[]).expect(0);
    stadt.publish(0..5, "Apfelbaum");
    let trial = stadt.program.import(ID, &["--dry-run"]).expect(1).json();
    assert_eq!((trial["outcome"].as_str(), trial["run"].as_i64()), (Some("held"), None));
    let held = stadt.program.import(ID, &[]).expect(1).json();
    assert_eq!(held["plan"], trial["plan"]);
    let total = held["plan"]["removed"]["total"].as_u64().unwrap();
    assert!(total >= 30, "{held}");
    let run = stadt.runs()["held"].as_i64().unwrap();
    let text = stadt.program.run(&["runs", "plan", "--portal", ID]).expect(1).stdout;
    assert!(text.contains(&format!("Entfernt: {total}")) && text.contains("Neu: 0"), "{text}");
    let wrong = stadt.program.run(&["runs", "release", "--portal", ID, "--run", "999"]).expect(3);
    assert!(wrong.stderr.contains("run 999 of stadt-bochum is not held"), "{wrong:?}");
    stadt.program.run(&["runs", "release", "--portal", ID, "--run", &run.to_string()]).expect(0);
    assert_eq!((stadt.runs()["held"].as_i64(), stadt.found("Apfelbaum")), (None, 5));
}

#[test]
fn a_run_is_undone_and_stays_undone_until_somebody_has_looked() {
    let stadt = Stadt::new();
    stadt.publish(0..20, "Apfelbaum");
    stadt.program.import(ID, &[]).expect(0);
    stadt.publish(0..20, "Birnbaum");
    let run = stadt.program.import(ID, &[]).expect(0).json()["run"].as_i64().unwrap().to_string();
    assert_eq!((stadt.found("Apfelbaum"), stadt.found("Birnbaum")), (0, 20));
    let restore = ["runs", "restore", "--portal", ID, "--before", &run];
    let trial = stadt.program.run(&[&restore[..], &["--dry-run", "--json"]].concat()).expect(0).json();
    assert_eq!((trial["outcome"].as_str(), trial["plan"]["changed"]["total"].as_u64()), (Some("trial"), Some(41)));
    assert_eq!(stadt.found("Birnbaum"), 20, "a trial changes nothing");
    let restored = stadt.program.run(&[&restore[..], &["--json"]].concat()).expect(0).json();
    assert_eq!(restored["outcome"], "restored");
    assert_eq!((stadt.found("Apfelbaum"), stadt.found("Birnbaum")), (20, 0));
    let refused = stadt.program.run(&["import", "--portal", ID]).expect(3);
    assert!(refused.stderr.contains("paused since") && refused.stderr.contains("runs resume"), "{refused:?}");
    let listed = stadt.runs();
    assert!(listed["next_run"].is_null() && listed["paused"]["why"].as_str().unwrap().contains(&run), "{listed}");
    // the restore is undone as any run is
    let number = restored["run"].as_i64().unwrap().to_string();
    stadt.program.run(&["runs", "restore", "--portal", ID, "--before", &number]).expect(0);
    assert_eq!((stadt.found("Apfelbaum"), stadt.found("Birnbaum")), (0, 20));
    stadt.program.run(&["runs", "restore", "--portal", ID, "--before", &run]).expect(0);
    stadt.program.run(&["runs", "resume", "--portal", ID]).expect(0);
    stadt.program.import(ID, &[]).expect(0);
    assert_eq!((stadt.found("Birnbaum"), stadt.runs()["paused"].is_null()), (20, true));
    let text = stadt.program.run(&["runs", "list", "--portal", ID]).expect(0).stdout;
    assert!(text.contains("wiederhergestellt") && text.contains("im üblichen Abstand"), "{text}");
}

#[test]
fn a_paused_portal_is_not_collected_until_it_is_resumed() {
    let stadt = Stadt::new();
    stadt.publish(0..5, "Apfelbaum");
    stadt.program.import(ID, &[]).expect(0);
    stadt.program.run(&["runs", "pause", "--portal", ID, "--why", "Umzug des Portals."]).expect(0);
    let text = stadt.program.run(&["runs", "list", "--portal", ID]).expect(1).stdout;
    assert!(text.contains("keine Läufe gemacht: Umzug des Portals."), "{text}");
    stadt.program.import(ID, &["--dry-run"]).expect(0);
    stadt.program.import(ID, &["--release"]).expect(0);
    assert!(stadt.runs()["paused"].is_null());
}

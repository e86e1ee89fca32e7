//! What is wrong with the machine or with the way the program is called: one sentence, and the right exit status.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tests::client::get;
use tests::delivery::{Stock, publish};
use tests::portal::{FakePortal, Reply};
use tests::program::{Ended, Installation};

use crate::EXE;

const BOCHUM: &str = "059110000000";

/// One sentence on stderr that holds `text`, and nothing on stdout.
#[track_caller]
fn sentence(ended: Ended, status: i32, text: &str) {
    let ended = ended.expect(status);
    assert_eq!((ended.stderr.lines().count(), ended.stdout.as_str()), (1, ""), "{}", ended.stderr);
    assert!(ended.stderr.contains(text), "{}", ended.stderr);
}

/// An installation with one portal that delivers from a folder `www/stadt-bochum`.
fn bochum() -> (Installation, PathBuf) {
    let program = Installation::new(EXE);
    let folder = program.dir().join("www/stadt-bochum");
    publish(&folder, &Stock::new("BO", BOCHUM).whole(0..5, "Apfelbaum"), 1);
    program.write(
        "config/portale.d/stadt-bochum.toml",
        "id = \"stadt-bochum\"\nname = \"Stadt Bochum\"\ngebiet = \"059110000000\"\nhosts = [\"*.example\"]\n\
         [connector]\nkind = \"xzufi-folder\"\nfolder = \"www/stadt-bochum\"\n",
    );
    (program, folder)
}

const IMPORT: [&str; 3] = ["import", "--portal", "stadt-bochum"];

#[test]
fn a_second_process_on_the_same_data_ends_and_the_first_goes_on() {
    let (program, _) = bochum();
    let serving = program.serve();
    for arguments in [&IMPORT[..], &["rebuild"], &["serve"]] {
        sentence(program.run(arguments), 3, "another process is using the store");
    }
    assert_eq!(get(serving.public, "/").status, 200);
    serving.stop().expect(0);
    program.run(&IMPORT).expect(0);
}

#[test]
fn a_busy_port_is_named() {
    let program = Installation::new(EXE);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let file = program.dir().join("config/portalverbund.toml");
    let text = fs::read_to_string(&file).unwrap();
    for key in ["listen", "internal"] {
        let busy = text.replacen(&format!("{key} = \"127.0.0.1:0\""), &format!("{key} = \"{address}\""), 1);
        assert_ne!(busy, text);
        fs::write(&file, busy).unwrap();
        sentence(program.run(&["serve"]), 3, &address);
    }
}

#[test]
fn a_missing_folder_or_file_is_named() {
    let (program, folder) = bochum();
    fs::remove_dir_all(folder).unwrap();
    sentence(program.run(&IMPORT), 3, "www/stadt-bochum");
    sentence(program.run(&[&IMPORT[..], &["fehlt"]].concat()), 3, "fehlt");
    sentence(program.run(&["rebuild", "--config", "fehlt.toml"]), 2, "fehlt.toml");
}

#[test]
fn data_that_cannot_be_written_are_named() {
    let (program, _) = bochum();
    program.write("data", "no folder");
    sentence(program.run(&IMPORT), 3, "data");
}

#[test]
fn a_store_that_is_no_database_is_left_alone() {
    let (program, _) = bochum();
    let text =
        "this is no database, and it is longer than the hundred bytes of the head that a database has. ".repeat(9);
    program.write("data/portalverbund.db", &text);
    for arguments in [&IMPORT[..], &["rebuild"], &["serve"]] {
        sentence(program.run(arguments), 3, "portalverbund.db");
    }
    assert_eq!(fs::read_to_string(program.dir().join("data/portalverbund.db")).unwrap(), text);
}

#[test]
fn nothing_to_read_yet_says_what_to_do() {
    let program = Installation::new(EXE);
    for arguments in [&["search", "hund"][..], &["responsible", "--leistung", "99888000001001", "--ars", BOCHUM]] {
        let ended = program.run(arguments).expect(3);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
}

/// A small disk of our own; it goes with this value.
struct Disk(PathBuf);

impl Disk {
    fn mount(path: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&path);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(path))
    }

    fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_leaves_the_last_good_state() {
    let (program, folder) = bochum();
    let Some(disk) = Disk::mount(program.dir().join("data"), "3m") else {
        eprintln!("left out: a small disk cannot be mounted here");
        return;
    };
    program.run(&IMPORT).expect(0);
    publish(&folder, &Stock::new("BO", BOCHUM).whole(0..2_000, "Apfelbaum"), 3);
    let ended = program.run(&IMPORT).expect(3);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    let total = |program: &Installation| {
        program.run(&["search", "--json", "Apfelbaum"]).expect(0).json()["total"].as_u64().unwrap()
    };
    assert_eq!(total(&program), 5);
    disk.resize("200m");
    program.run(&IMPORT).expect(0);
    assert_eq!(total(&program), 2_000);
}

#[test]
fn wrong_use_is_status_2_and_says_what_would_be_right() {
    let (program, _) = bochum();
    for (arguments, text) in [
        (&["import", "--portal", "stadt-herne"][..], "--gebiet"),
        (&["import", "--portal", "Stadt Herne"], "Stadt Herne"),
        (&["import", "--portal", "stadt-herne", "--gebiet", "4711x", "www"], "4711x"),
        (&["import", "--portal", "stadt-herne", "--gebiet", "059160000000"], "WHAT"),
        (&["import", "--portal", "stadt-bochum", "--gebiet", "059160000000"], "059110000000"),
        (&["responsible", "--leistung", "99888000001001", "--ars", "5x"], "5x"),
        (&["search", "hund", "--limit", "0"], "1..=100"),
        (&["search", "hund", "--farbe"], "--farbe"),
        (&["search", "hund", "--online=ja"], "--online"),
        (&["search", "hund", "--lebenslage", "hundehaltung"], "tierhaltung"),
        (&["verkaufen"], "verkaufen"),
        (&[], "Usage"),
    ] {
        let ended = program.run(arguments).expect(2);
        assert!(ended.stderr.contains(text), "{arguments:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_broken_configuration_is_named_with_its_place() {
    let program = Installation::new(EXE);
    let file = program.dir().join("config/portalverbund.toml");
    let text = fs::read_to_string(&file).unwrap();
    for (from, to, place) in [
        ("listen = \"127.0.0.1:0\"", "listen = \"localhost\"", "portalverbund.toml:2:10: "),
        ("listen = \"127.0.0.1:0\"", "listen = ", "portalverbund.toml:2:10: "),
        ("[index]", "[indexx]", "portalverbund.toml:7:2: "),
        ("dir = ", "ordner = ", "portalverbund.toml:8:1: "),
        ("sqlite://", "mysql://", "portalverbund.toml:6:7: "),
        ("127.0.0.0/8", "127.0.0.0/88", "portalverbund.toml:10:"),
    ] {
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text);
        fs::write(&file, broken).unwrap();
        for command in ["serve", "rebuild"] {
            sentence(program.run(&[command]), 2, place);
        }
        let ended = program.run(&["check"]).expect(2);
        assert!(ended.stdout.contains(place), "{ended:?}");
        let report = program.run(&["check", "--format", "json"]).expect(2).json();
        assert!(report["faults"][0].as_str().unwrap().contains(place), "{report}");
    }
}

#[test]
fn a_broken_portal_file_disables_that_portal_alone() {
    let (program, folder) = bochum();
    let upstream = FakePortal::start(|request| Reply::ok(format!("form at {}", request.target)));
    let file = "config/portale.d/stadt-bochum.toml";
    let good = fs::read_to_string(program.dir().join(file)).unwrap();
    let route = format!("[[route]]\nprefix = \"/portal/stadt-bochum\"\nupstream = [\"{}\"]\n", upstream.url("/"));
    program.write(file, &format!("{good}{route}"));
    program.write("config/portale.d/stadt-herne.toml", "id = \"stadt-herne\"\nname = 7\n");
    let ended = program.run(&["check"]).expect(2);
    assert!(ended.stdout.contains("stadt-herne.toml:2:8: "), "{ended:?}");
    let mut serving = program.serve();
    serving.process().wait_for("stadt-herne.toml:2:8: ");
    let form = get(serving.public, "/portal/stadt-bochum/antrag?x=1");
    assert_eq!((form.status, form.body.as_str()), (200, "form at /antrag?x=1"));
    collected(serving.public, "Apfelbaum", 5);
    // Mended while it serves, and the other one broken.
    let index = publish_herne(&program);
    program.register("stadt-herne", "059160000000", &index.url("/index.txt"), "");
    program.write(file, "id = \"stadt-bochum\"\n");
    serving.process().hang_up();
    serving.process().wait_for("stadt-bochum.toml:1:1: ");
    collected(serving.public, "Nordlicht", 3);
    assert_eq!(get(serving.public, "/portal/stadt-bochum/antrag").status, 404);
    assert_eq!(get(serving.public, "/api/v1/search?q=Apfelbaum").json()["total"], 5);
    serving.stop().expect(0);
    assert!(folder.exists());
}

/// Waits until so many Leistungen are found for a word.
#[track_caller]
fn collected(address: SocketAddr, word: &str, count: u64) {
    let began = Instant::now();
    while get(address, &format!("/api/v1/search?q={word}")).json()["total"] != count {
        assert!(began.elapsed() < Duration::from_secs(30), "there are no {count} Leistungen for {word}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn publish_herne(program: &Installation) -> FakePortal {
    let folder = program.dir().join("www/stadt-herne");
    publish(&folder, &Stock::new("HER", "059160000000").whole(0..3, "Nordlicht"), 1);
    FakePortal::of_folder(&folder)
}

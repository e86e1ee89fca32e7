//! Portals that mean harm or are broken in the worst ways: contained, told to that portal alone, and no other portal
//! touched. Every case runs beside a portal that behaves, whose records are there before and after.

use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::delivery::{Stock, publish};
use tests::portal::{FakePortal, Reply};
use tests::program::Installation;

use crate::EXE;

const BOCHUM: &str = "059110000000";
const HERNE: &str = "059160000000";

/// Longer than one run of a hostile portal may take: the limits of the configuration below, and the program's start.
const PATIENCE: Duration = Duration::from_secs(60);

/// An installation with a portal that behaves and has delivered five Leistungen.
struct Verbund {
    program: Installation,
    _good: FakePortal,
}

impl Verbund {
    fn new() -> Self {
        let program = Installation::new(EXE);
        program.configure(
            "[crawl]\nidle_timeout_s = 1\ntimeout_s = 3\nconnect_timeout_s = 1\nretry_wait_ms = 10\nmax_tries = 2\nmax_wait_s = 1\n\
             max_index_bytes = 100000\nmax_file_bytes = 1000000\nmax_page_bytes = 1000000\nmax_pages = 20\npage_interval_ms = 0\n",
        );
        let good = FakePortal::of_folder(&program.dir().join("www"));
        publish(&program.dir().join("www/gut"), &Stock::new("BO", BOCHUM).whole(0..5, "Apfelbaum"), 1);
        program.register("gut", BOCHUM, &good.url("/gut/index.txt"), "");
        program.import("gut", &[]).expect(0);
        Self { program, _good: good }
    }

    fn register(&self, id: &str, connector: &str) {
        self.program.write(
            &format!("config/portale.d/{id}.toml"),
            &format!("id = \"{id}\"\nname = \"{id}\"\ngebiet = \"{HERNE}\"\n[connector]\n{connector}\n"),
        );
    }

    /// One run of a hostile portal: it ends in time, with an outcome and at least one finding of that portal.
    #[track_caller]
    fn run(&self, id: &str, case: &str) -> Value {
        let report = self.contained(id, case);
        assert!(!report["findings"].as_array().unwrap().is_empty(), "{case}: {report}");
        report
    }

    /// One run that ends in time, with an outcome of that portal.
    #[track_caller]
    fn contained(&self, id: &str, case: &str) -> Value {
        let began = Instant::now();
        let ended = self.program.import(id, &[]);
        assert!(began.elapsed() < PATIENCE, "{case} took {:?}", began.elapsed());
        // Done, done with findings, or given up; no other end is right.
        assert!(matches!(ended.status, 0 | 1 | 3), "{case}: {ended:?}");
        let report = ended.json();
        assert_eq!(report["portal"], id, "{case}");
        report
    }

    /// What the portal that behaves has is all there.
    #[track_caller]
    fn unharmed(&self) {
        let answer = self.program.run(&["search", "--json", "Apfelbaum"]).expect(0).json();
        assert_eq!(answer["total"], 5, "{answer}");
        self.program.import("gut", &[]).expect(0);
    }
}

fn head(fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into_bytes()
}

/// Ways to answer any request that no client should suffer from, by name.
fn misdeeds() -> Vec<(&'static str, Reply)> {
    let fast = Duration::ZERO;
    let redirect = |to: &str| Reply::Answer(302, format!("Location: {to}\r\n"), Vec::new());
    vec![
        ("an endless body", Reply::Endless(head(""), vec![b'a'; 65_536], fast)),
        (
            "an endless chunked body",
            Reply::Endless(
                head("Transfer-Encoding: chunked\r\n"),
                b"4000\r\n".iter().copied().chain([b'x'; 0x4000]).chain(*b"\r\n").collect(),
                fast,
            ),
        ),
        (
            "an endless head",
            Reply::Endless(
                b"HTTP/1.1 200 OK\r\n".to_vec(),
                b"X-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n".to_vec(),
                fast,
            ),
        ),
        ("a slow drip", Reply::Endless(head("Content-Length: 100000\r\n"), b"a".to_vec(), Duration::from_millis(200))),
        ("a slow head", Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X".to_vec(), Duration::from_millis(200))),
        ("silence", Reply::Silence),
        ("a length that is too long", Reply::Raw([head("Content-Length: 5000\r\n"), b"kurz".to_vec()].concat())),
        (
            "a length that is beyond all bounds",
            Reply::Raw([head("Content-Length: 99999999999999\r\n"), b"kurz".to_vec()].concat()),
        ),
        ("two lengths", Reply::Raw([head("Content-Length: 4\r\nContent-Length: 9\r\n"), b"kurz".to_vec()].concat())),
        ("no HTTP", Reply::Raw(b"SSH-2.0-OpenSSH\r\n".to_vec())),
        ("a redirect to itself", redirect("/index.txt")),
        ("a redirect to the metadata of a cloud", redirect("http://169.254.169.254/latest/meta-data/")),
        ("a redirect to loopback in IPv6", redirect("http://[::1]/")),
        ("a redirect to a private network in IPv6", redirect("http://[fd00::1]/")),
        ("a redirect to a file", redirect("file:///etc/passwd")),
        (
            "compression that nobody asked for",
            Reply::Answer(200, "Content-Encoding: gzip\r\n".into(), vec![0x1f, 0x8b, 8, 0]),
        ),
    ]
}

#[test]
fn a_server_that_misbehaves_in_any_way_hurts_itself_alone() {
    let verbund = Verbund::new();
    for (number, (name, reply)) in misdeeds().into_iter().enumerate() {
        let server = FakePortal::start(move |_| reply.clone());
        let id = format!("boese-{number}");
        verbund.register(&id, &format!("kind = \"xzufi-index\"\nurl = \"{}\"", server.url("/index.txt")));
        assert_eq!(verbund.run(&id, name)["outcome"], "failed", "{name} as an index");
        verbund.register(&id, &format!("kind = \"web\"\nurl = \"{}\"", server.url("/")));
        // robots.txt is text, so that an endless one ends for us where we stop reading
        let report = verbund.run(&id, name);
        assert_eq!(report["added"], 0, "{name} as a site: {report}");
    }
    verbund.unharmed();
}

#[test]
fn a_site_that_misbehaves_behind_its_robots_hurts_itself_alone() {
    let verbund = Verbund::new();
    let links: String = (0..1_000_000).map(|n| format!("/{n}\n")).collect();
    let nested = "<div typeof=GovernmentService>".repeat(100_000);
    let soup = "<table><tr><b><i x=1><p></table><svg><template></b><select>".repeat(5_000);
    for (name, list, page) in [
        ("a million links", Reply::ok(links.replace('/', "http://127.0.0.1:1/")), Reply::status(404)),
        ("a list that is no list", Reply::ok(vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]), Reply::status(404)),
        (
            "a list with entities",
            Reply::ok("<!DOCTYPE x [<!ENTITY a \"aaaa\">]><urlset><url><loc>&a;</loc></url></urlset>"),
            Reply::status(404),
        ),
        (
            "pages nested without end",
            Reply::status(404),
            Reply::Answer(200, "Content-Type: text/html\r\n".into(), nested.into_bytes()),
        ),
        ("tag soup", Reply::status(404), Reply::Answer(200, "Content-Type: text/html\r\n".into(), soup.into_bytes())),
    ] {
        let server = FakePortal::start(move |request| match request.target.as_str() {
            "/robots.txt" => Reply::status(404),
            "/sitemap.xml" => list.clone(),
            _ => page.clone(),
        });
        verbund.register("boese", &format!("kind = \"web\"\nurl = \"{}\"", server.url("/")));
        assert_eq!(verbund.run("boese", name)["outcome"], "applied", "{name}");
    }
    for (number, (name, reply)) in misdeeds().into_iter().enumerate() {
        let server = FakePortal::start(move |request| match request.target.as_str() {
            "/robots.txt" => Reply::status(404),
            _ => reply.clone(),
        });
        let id = format!("boese-{number}");
        verbund.register(&id, &format!("kind = \"web\"\nurl = \"{}\"", server.url("/")));
        let report = verbund.run(&id, name);
        assert_eq!((&report["added"], &report["outcome"]), (&json!(0), &json!("applied")), "{name}: {report}");
    }
    verbund.unharmed();
}

#[test]
fn no_private_address_is_ever_dialled() {
    let verbund = Verbund::new();
    let secret = TcpListener::bind("127.0.0.2:0").unwrap();
    let address = secret.local_addr().unwrap();
    let dialled = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&dialled);
    // Ends with the process; nobody connects, and so nobody wakes it.
    std::thread::spawn(move || {
        for stream in secret.incoming() {
            counting.fetch_add(1, Ordering::SeqCst);
            let _ = stream.map(|mut stream| stream.read(&mut [0; 64]));
        }
    });
    let file = verbund.program.dir().join("config/portalverbund.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let narrow = text.replace("allow = [\"127.0.0.0/8\"]", "allow = [\"127.0.0.1/32\"]");
    assert_ne!(text, narrow);
    std::fs::write(&file, narrow).unwrap();
    let target = format!("http://{address}/");
    let port = address.port();
    let redirecting = target.clone();
    let server = FakePortal::start(move |request| match request.target.as_str() {
        "/sitemap.xml" => Reply::ok(format!("{redirecting}a\nhttp://127.0.0.1:1/b\n")),
        "/robots.txt" => Reply::ok(format!("Sitemap: {redirecting}s.xml\nSitemap: /sitemap.xml")),
        _ => Reply::Answer(301, format!("Location: {redirecting}\r\n"), Vec::new()),
    });
    let cases = [
        format!("kind = \"xzufi-index\"\nurl = \"{}\"", server.url("/index.txt")),
        format!("kind = \"web\"\nurl = \"{}\"", server.url("/")),
        format!("kind = \"xzufi-index\"\nurl = \"{target}index.txt\""),
        format!("kind = \"web\"\nurl = \"{target}\""),
        // the same address in other spellings
        format!("kind = \"web\"\nurl = \"http://0x7f000002:{port}/\""),
        format!("kind = \"web\"\nurl = \"http://2130706434:{port}/\""),
        format!("kind = \"web\"\nurl = \"http://[::ffff:127.0.0.2]:{port}/\""),
        "kind = \"web\"\nurl = \"http://[::1]:1/\"".to_owned(),
        "kind = \"web\"\nurl = \"http://[fd00::1]/\"".to_owned(),
        "kind = \"web\"\nurl = \"http://169.254.169.254/\"".to_owned(),
        "kind = \"web\"\nurl = \"http://metadata.internal/\"".to_owned(),
    ];
    for connector in cases {
        verbund.register("boese", &connector);
        verbund.run("boese", &connector);
    }
    assert_eq!(dialled.load(Ordering::SeqCst), 0);
    verbund.unharmed();
}

/// The broken deliveries of the reference, where it lies beside the project.
fn samples() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/samples/bad");
    let mut files: Vec<_> = std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files)
}

#[test]
fn every_broken_delivery_of_the_reference_is_contained() {
    let Some(samples) = samples() else {
        println!("left out: ../shared with the broken deliveries is not there");
        return;
    };
    assert!(samples.len() > 40, "{samples:?}");
    let verbund = Verbund::new();
    let mut silent = Vec::new();
    for (number, sample) in samples.iter().enumerate() {
        let name = sample.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(sample).unwrap();
        let served = name.clone();
        let server = FakePortal::start(move |request| {
            let path = request.target.split('?').next().unwrap_or_default();
            let is_it = match served.rsplit_once('.') {
                Some((_, "xml")) if path == "/index.txt" => return Reply::ok("XZUFI001.xml\n"),
                Some((_, "xml")) => path == "/XZUFI001.xml",
                Some((_, "txt")) => path == "/index.txt",
                _ => true,
            };
            if is_it { Reply::ok(bytes.clone()) } else { Reply::status(404) }
        });
        let id = format!("boese-{number}");
        let connector = match name.rsplit_once('.') {
            Some((_, "json")) => {
                format!("kind = \"bereitstelldienst\"\nurl = \"{}\"", server.url("/api?index=0&ars=%25"))
            }
            _ => format!("kind = \"xzufi-index\"\nurl = \"{}\"", server.url("/index.txt")),
        };
        verbund.register(&id, &connector);
        let report = verbund.contained(&id, &name);
        if report["findings"].as_array().unwrap().is_empty() {
            silent.push(name);
        }
    }
    // Of an object that comes twice in a delivery the last word holds, as the standard has it.
    assert_eq!(silent, ["b40-doppelte-id.xml"]);
    verbund.unharmed();
}

//! A site that describes its Leistungen itself: found by its sitemaps, read, found unchanged, gone, and heard of.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use connectors::web::profile::EXAMPLES;
use serde_json::Value;
use tests::client::{ask, get};
use tests::portal::{FakePortal, Reply};
use tests::program::Installation;

use crate::EXE;

const AACHEN: &str = "053340002002";
const KEY: &str = "0123456789abcdef";

type Pages = Arc<Mutex<BTreeMap<String, Reply>>>;

/// An installation with one portal, a site of pages that change.
struct Site {
    program: Installation,
    server: FakePortal,
    pages: Pages,
}

impl Site {
    /// A site with the three examples, a page in another encoding, and one that nobody may read; `more` is the end of the
    /// portal's file.
    fn new(more: &str) -> Self {
        let pages = Pages::default();
        let answering = Arc::clone(&pages);
        let server = FakePortal::start(move |request| {
            let known = answering.lock().unwrap().get(&request.target).cloned();
            match known {
                Some(Reply::Answer(200, fields, body)) => {
                    let tag = format!("\"{}-{}\"", body.len(), body.iter().map(|byte| u64::from(*byte)).sum::<u64>());
                    if request.fields.get("if-none-match") == Some(&tag) {
                        return Reply::Answer(304, format!("ETag: {tag}\r\n"), Vec::new());
                    }
                    Reply::Answer(200, format!("{fields}ETag: {tag}\r\n"), body)
                }
                Some(other) => other,
                None => Reply::status(404),
            }
        });
        let program = Installation::new(EXE);
        program.configure("[crawl]\npage_interval_ms = 0\nretry_wait_ms = 10\ngone_after_days = 0\n");
        program.write(
            "config/portale.d/stadt-aachen.toml",
            &format!(
                "id = \"stadt-aachen\"\nname = \"Stadt Aachen\"\ngebiet = \"{AACHEN}\"\nhosts = [\"127.0.0.1\"]\n[connector]\n\
                 kind = \"web\"\nurl = \"{}\"\nevery_s = 86400\n{more}",
                server.url("/")
            ),
        );
        let site = Self { program, server, pages };
        let url = |path: &str| site.server.url(path);
        site.put(
            "/robots.txt",
            "text/plain",
            format!("User-agent: Portalverbund\nDisallow: /intern\nSitemap: {}\n", url("/karte.xml")),
        );
        let index = format!(
            "<sitemapindex><sitemap><loc>{}</loc></sitemap><sitemap><loc>{}</loc></sitemap></sitemapindex>",
            url("/a.xml"),
            url("/b.txt")
        );
        site.put("/karte.xml", "application/xml", index);
        let list = ["/rdfa", "/microdata", "/intern/x"].map(|path| format!("<url><loc>{}</loc></url>", url(path)));
        site.put("/a.xml", "application/xml", format!("<urlset>{}</urlset>", list.concat()));
        site.put(
            "/b.txt",
            "text/plain",
            format!("{}\n{}\n{}\n", url("/jsonld"), url("/latin"), url("/jsonld?druck=1")),
        );
        for ((path, key), (_, example)) in
            [("/rdfa", "99008001012000"), ("/microdata", "99008001012001"), ("/jsonld", "99008001011000")]
                .into_iter()
                .zip(EXAMPLES)
        {
            site.put(path, "text/html; charset=utf-8", example.replace("99008001012000", key));
        }
        site.put("/jsonld?druck=1", "text/html", format!("<link rel=canonical href=/jsonld>{}", EXAMPLES[2].1));
        let latin = "<html lang=de><body vocab=https://schema.org/><div typeof=GovernmentService resource=#l><b property=name>Hühner züchten\
                     </b><b property=identifier>99110009104000</b><b property=areaServed>053340002002</b></div>";
        let latin: Vec<u8> = latin.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        site.put("/latin", "text/html; charset=iso-8859-1", latin);
        site
    }

    fn put(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) {
        let reply = Reply::Answer(200, format!("Content-Type: {content_type}\r\n"), body.into());
        self.pages.lock().unwrap().insert(path.to_owned(), reply);
    }

    fn set(&self, path: &str, reply: Reply) {
        self.pages.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// One run that has to end like this.
    #[track_caller]
    fn run(&self, more: &[&str], outcome: &str) -> Value {
        let report = self.program.import("stadt-aachen", more).json();
        assert_eq!(report["outcome"], outcome, "{report}");
        report
    }

    #[track_caller]
    fn found(&self, word: &str) -> u64 {
        let answer = self.program.run(&["search", "--json", word]).expect(0).json();
        answer["total"].as_u64().unwrap()
    }
}

#[track_caller]
fn has(report: &Value, rule: &str, expected: bool) {
    let rules: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert_eq!(rules.contains(&rule), expected, "{rule} in {rules:?}");
}

#[test]
fn a_site_is_found_read_and_found_unchanged() {
    let site = Site::new("");
    let report = site.run(&[], "applied");
    assert!(report["added"].as_u64().unwrap() >= 4, "{report}");
    has(&report, "seite.robots.verboten", true);
    let seen = site.server.take_seen();
    let targets: Vec<_> = seen.iter().map(|request| request.target.as_str()).collect();
    assert_eq!(targets.first(), Some(&"/robots.txt"));
    assert!(!targets.contains(&"/intern/x"), "{targets:?}");
    assert_eq!(targets.iter().filter(|target| **target == "/jsonld").count(), 1, "{targets:?}");
    assert!(seen.iter().all(|request| request.fields["user-agent"].starts_with("Portalverbund.NRW/")));
    assert_eq!(site.found("Hühner züchten"), 1);
    let here =
        site.program.run(&["responsible", "--json", "--leistung", "99008001012001", "--ars", AACHEN]).expect(0).json();
    assert!(here.to_string().contains("Bürgerbüro") && here.to_string().contains("0241 432-0"), "{here}");
    // nothing changed: every page is asked for and none is sent
    let report = site.run(&[], "applied");
    assert_eq!(["added", "updated", "removed"].map(|name| report[name].as_u64().unwrap()), [0, 0, 0], "{report}");
    assert_eq!(report["bytes"], 0);
    has(&report, "seite.stelle.fehlt", true);
    let conditional =
        site.server.take_seen().iter().filter(|request| request.fields.contains_key("if-none-match")).count();
    assert!(conditional >= 4, "{conditional}");
}

#[test]
fn only_pages_that_are_gone_twice_lose_their_records_and_a_guard_looks_on() {
    let site = Site::new("");
    site.run(&[], "applied");
    for reply in [
        Reply::status(500),
        Reply::status(403),
        Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<p>".to_vec()),
    ] {
        site.set("/latin", reply);
        let report = site.run(&[], "applied");
        assert_eq!(report["removed"], 0, "{report}");
        has(&report, "seite.abruf", true);
    }
    site.set("/robots.txt", Reply::status(503));
    has(&site.run(&[], "failed"), "seite.robots.stumm", true);
    assert_eq!(site.found("Hühner züchten"), 1);
    site.set("/robots.txt", Reply::status(404));
    // lost its markup, then gone: once is not enough, twice is, and then the guard asks
    site.put("/latin", "text/html", "<p>Umbau</p>");
    let report = site.run(&[], "applied");
    assert_eq!(report["removed"], 0);
    has(&report, "seite.weg", true);
    site.set("/latin", Reply::status(410));
    has(&site.run(&[], "held"), "lauf.loeschsperre", true);
    assert_eq!(site.found("Hühner züchten"), 1);
    let report = site.run(&["--release"], "applied");
    assert!(report["removed"].as_u64().unwrap() >= 1, "{report}");
    assert_eq!(site.found("Hühner züchten"), 0);
    assert_eq!(site.found("Personalausweis beantragen"), 3);
}

#[test]
fn a_change_that_is_told_is_there_at_once() {
    let site = Site::new("[guard]\nmax_share = 1.0\n");
    site.put(&format!("/{KEY}.txt"), "text/plain", KEY);
    let serving = site.program.serve().ready();
    let wait = |until: &dyn Fn() -> bool| {
        let end = Instant::now() + Duration::from_secs(60);
        while !until() {
            assert!(Instant::now() < end, "it does not come");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let finds = |word: &str, number: u64| {
        let answer = get(serving.public, &format!("/api/v1/search?q={word}"));
        answer.status == 200 && answer.json()["total"].as_u64() == Some(number)
    };
    wait(&|| finds("zuechten", 1));
    let page = String::from_utf8(match site.pages.lock().unwrap().get("/rdfa") {
        Some(Reply::Answer(_, _, body)) => body.clone(),
        _ => Vec::new(),
    });
    site.put("/rdfa", "text/html", page.unwrap().replace("Personalausweis beantragen", "Zeppelin mieten"));
    site.server.take_seen();
    let told = get(serving.public, &format!("/api/v1/indexnow?url={}&key={KEY}", site.server.url("/rdfa")));
    assert_eq!(told.status, 200, "{}", told.body);
    wait(&|| finds("Zeppelin", 1));
    let targets = site.server.take_targets();
    assert_eq!(targets, [&format!("/{KEY}.txt"), "/robots.txt", "/rdfa"], "only what was told is read again");
    // the checker, as a browser uses it
    let form = format!("url={}", site.server.url("/rdfa"));
    let request = format!(
        "POST /pruefen HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    );
    let checked = ask(serving.public, request.as_bytes()).unwrap();
    assert_eq!(checked.status, 200, "{}", checked.body);
    assert!(checked.body.contains("<h2>Zeppelin mieten</h2>") && checked.body.contains("Stadt Aachen"));
    serving.stop().expect(0);
}

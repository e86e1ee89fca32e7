//! What search engines find: every page that they may list stands in a list, every list is as the protocol asks for, and
//! what moves in it is what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use connectors::xml::{Event, Limits, XmlReader};
use connectors::xzufi::Entry;
use flate2::read::GzDecoder;
use tests::checkers::SitemapSchema;
use tests::client::{Answer, get, get_with};
use tests::delivery::{Stock, publish, schluessel};
use tests::portal::{FakePortal, Reply};
use tests::program::{Installation, Running, Serving};

use crate::EXE;

const BOCHUM: &str = "059110000000";
const HERNE: &str = "059160000000";
const LAND: &str = "050000000000";
const PATIENCE: Duration = Duration::from_secs(60);

/// The bytes of an answer, and its head.
#[track_caller]
fn bytes(address: SocketAddr, target: &str) -> (Vec<u8>, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", address.port()).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(all[..end].to_vec()).unwrap().to_lowercase();
    assert!(!head.contains("transfer-encoding"), "{head}");
    (all.split_off(end + 4), head)
}

/// Elements with their texts in order, as path and text: `urlset/url/loc`. Fails where it is no XML of the protocol.
#[track_caller]
fn elements(xml: &[u8]) -> Vec<(String, String)> {
    const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";
    assert!(xml.len() <= 52_428_800, "{} bytes", xml.len());
    assert!(std::str::from_utf8(xml).is_ok());
    let mut reader = XmlReader::new(xml, Limits::default(), &[NAMESPACE]);
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut all: Vec<(String, String)> = Vec::new();
    loop {
        match reader.next_event().unwrap_or_else(|fault| panic!("{fault:?}")) {
            Event::Start(tag) => {
                assert_eq!(tag.uri(), NAMESPACE, "{}", tag.local());
                assert_eq!(tag.attributes().count(), 0, "{}", tag.local());
                let names = open.iter().map(|(name, _)| name.as_str()).chain([tag.local()]);
                all.push((names.collect::<Vec<_>>().join("/"), String::new()));
                open.push((tag.local().to_owned(), all.len() - 1));
            }
            Event::Text(text) => {
                if let Some((_, at)) = open.last() {
                    all[*at].1.push_str(&text);
                }
            }
            Event::End => {
                open.pop();
            }
            Event::Eof => return all,
            Event::Ignorable => {}
        }
    }
}

/// The entries of a sitemap (`urlset`, `url`) or an index (`sitemapindex`, `sitemap`) with their `lastmod`, held against
/// the schema of sitemaps.org 0.9 as far as we use it, where the schema itself cannot be had, and against what the protocol
/// says beside it.
#[track_caller]
fn entries(xml: &[u8], root: &str, entry: &str, at: &str) -> BTreeMap<String, String> {
    let elements = elements(xml);
    let mut parts = elements.iter();
    assert_eq!(parts.next().unwrap().0, root);
    let mut found = BTreeMap::new();
    let path = |name: &str| format!("{root}/{entry}/{name}");
    while let Some((name, text)) = parts.next() {
        assert_eq!((name.as_str(), text.trim()), (format!("{root}/{entry}").as_str(), ""));
        let (name, loc) = parts.next().unwrap();
        assert_eq!(*name, path("loc"));
        let (name, lastmod) = parts.next().unwrap();
        assert_eq!(*name, path("lastmod"));
        // xsd:anyURI of 12 to 2048 characters, all of the one host that the file is on.
        assert!((12..2048).contains(&loc.chars().count()) && loc.is_ascii(), "{loc}");
        let url: url::Url = loc.parse().unwrap();
        assert_eq!((url.as_str(), url.query()), (loc.as_str(), None));
        assert!(loc.starts_with(at), "{loc} is not of {at}");
        // tLastmod is a date or a moment of XML Schema with its zone.
        let moment: jiff::Timestamp = lastmod.parse().unwrap_or_else(|error| panic!("{lastmod}: {error}"));
        assert_eq!(moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), *lastmod);
        assert!(moment <= config::clock::now(), "{lastmod}");
        assert_eq!(found.insert(loc.clone(), lastmod.clone()), None, "{loc} stands there twice");
    }
    assert!((1..=50_000).contains(&found.len()), "{}", found.len());
    found
}

/// A gateway whose lists are looked at; `base` is its address outside.
struct Lists {
    address: SocketAddr,
    base: String,
    schema: Option<SitemapSchema>,
}

impl Lists {
    fn of(address: SocketAddr, base: &str) -> Self {
        Self { address, base: base.to_owned(), schema: None }
    }

    /// Every address of every list with its `lastmod`; none while there is no list yet.
    #[track_caller]
    fn read(&self) -> Option<BTreeMap<String, String>> {
        let mut index = self.index()?;
        let parts = loop {
            let named = entries(index.as_bytes(), "sitemapindex", "sitemap", &self.base).into_iter();
            let parts: Vec<_> =
                named.map(|(part, since)| (bytes(self.address, &self.path(&part)), part, since)).collect();
            // Lists that are made meanwhile have parts of the same names: then all is read once more.
            let after = self.index()?;
            if after == index {
                break parts;
            }
            index = after;
        };
        let mut all = BTreeMap::new();
        for ((zipped, head), part, since) in parts {
            assert!(head.contains("content-type: application/gzip") && !head.contains("content-encoding"), "{head}");
            assert!(head.contains(&format!("content-length: {}", zipped.len())), "{head}");
            let mut xml = Vec::new();
            GzDecoder::new(zipped.as_slice()).read_to_end(&mut xml).unwrap();
            let urls = entries(&xml, "urlset", "url", &self.base);
            let faults = self.schema.as_ref().map(|schema| schema.faults(&xml)).unwrap_or_default();
            assert!(faults.is_empty(), "{part}: {faults}");
            assert!(urls.values().max().unwrap() <= &since, "{part}: {since}");
            for (url, lastmod) in urls {
                assert_eq!(all.insert(url.clone(), lastmod), None, "{url} stands in two lists");
            }
        }
        Some(all)
    }

    /// The index of all lists; none while there is none.
    #[track_caller]
    fn index(&self) -> Option<String> {
        let index = get(self.address, "/sitemap.xml");
        if index.status == 503 {
            assert_eq!(index.field("retry-after"), Some("60"));
            return None;
        }
        assert_eq!((index.status, index.field("content-type")), (200, Some("application/xml")));
        Some(index.body)
    }

    /// The lists, as soon as they are as `wanted`.
    #[track_caller]
    fn wait(&self, wanted: impl Fn(&BTreeMap<String, String>) -> bool) -> BTreeMap<String, String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.read();
            if let Some(found) = &found
                && wanted(found)
            {
                return found.clone();
            }
            assert!(Instant::now() < end, "{found:#?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The lists as `wanted`, once they stay as they are: a list that is made while portals deliver is followed by another.
    #[track_caller]
    fn settled(&self, wanted: impl Fn(&BTreeMap<String, String>) -> bool) -> BTreeMap<String, String> {
        let mut found = self.wait(wanted);
        loop {
            std::thread::sleep(Duration::from_secs(4));
            let again = self.wait(|_| true);
            if again == found {
                return found;
            }
            found = again;
        }
    }

    fn path(&self, url: &str) -> String {
        let rest = url.strip_prefix(&self.base).unwrap_or_else(|| panic!("{url} is not of {}", self.base));
        format!("/{}", rest.trim_start_matches('/'))
    }
}

/// The value that follows `begins` in a page, up to the next quote, entities resolved.
fn after(page: &Answer, begins: &str) -> Option<String> {
    let value = page.body.split_once(begins)?.1.split('"').next()?;
    Some(value.replace("&#38;", "&").replace("&#39;", "'").replace("&#34;", "\""))
}

fn canonical(page: &Answer) -> Option<String> {
    after(page, "<link rel=\"canonical\" href=\"")
}

/// True for a page that calls itself the right one and lets itself be listed.
fn is_listable(page: &Answer, url: &str) -> bool {
    page.status == 200
        && canonical(page).as_deref() == Some(url)
        && !page.body.contains("<meta name=\"robots\"")
        && page.field("x-robots-tag").is_none()
}

/// The languages that a page names: `hreflang` and address.
fn alternates(page: &Answer) -> BTreeMap<String, String> {
    let of = |rest: &str| {
        let (lang, rest) = rest.split_once("\" href=\"")?;
        Some((lang.to_owned(), rest.split('"').next()?.to_owned()))
    };
    page.body.split("<link rel=\"alternate\" hreflang=\"").skip(1).filter_map(of).collect()
}

#[test]
fn every_page_that_may_be_listed_is_and_every_listed_page_is_the_right_one() {
    let program = Installation::new(EXE);
    let mut running: Running = program.start(&["demo", "--dir", "demo"]);
    let line = running.wait_for("http://localhost:");
    let base = line.trim().to_owned();
    let port: u16 = base.trim_start_matches("http://localhost:").trim_end_matches('/').parse().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let schema = SitemapSchema::found();
    if let Some(schema) = &schema {
        let nowhere = br#"<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url/></urlset>"#;
        assert!(schema.faults(nowhere).contains("loc"));
    } else {
        eprintln!("LEFT OUT: lists by the schema of sitemaps.org, which needs `make pages` and `make jsonld`");
    }
    let lists = Lists { schema, ..Lists::of(address, &base) };
    let listed = lists.wait(|_| true);
    // Of every list: it answers, calls itself the right one, and says something of its own.
    let (mut titles, mut pages) = (BTreeMap::new(), BTreeMap::new());
    for url in listed.keys() {
        let page = get(address, &lists.path(url));
        assert!(is_listable(&page, url), "{url}: {} {:?}", page.status, canonical(&page));
        let title = page.body.split_once("<title>").unwrap().1.split("</title>").next().unwrap().to_owned();
        let prefix = url.split('/').nth(3).filter(|first| ["en", "leicht"].contains(first)).map(str::to_owned);
        if let Some(other) = titles.insert((prefix, title.clone()), url.clone()) {
            panic!("{url} and {other} are both called {title}");
        }
        pages.insert(url.clone(), page);
    }
    for (url, page) in &pages {
        let of = alternates(page);
        for (lang, other) in &of {
            let other = pages.get(other).unwrap_or_else(|| panic!("{url} names {other}, which is not listed"));
            assert_eq!(alternates(other), of, "{url} and its {lang}");
        }
        assert!(of.is_empty() || of.values().any(|own| own == url), "{url}: {of:?}");
        let described = after(page, "<meta name=\"description\" content=\"");
        if url.contains("/leistung/") || url.contains("/ort/") {
            let described = described.unwrap_or_else(|| panic!("{url} has no description"));
            assert!((10..=155).contains(&described.chars().count()), "{url}: {described}");
        }
    }
    // And the other way round: whatever a reader can come to by links and by the search.
    let robots = get(address, "/robots.txt").body;
    assert!(robots.ends_with(&format!("Sitemap: {base}sitemap.xml\n")), "{robots}");
    let kept_away: Vec<&str> = robots.lines().filter_map(|line| line.strip_prefix("Disallow: ")).collect();
    let mut waiting: Vec<String> = vec!["/".into(), "/en".into(), "/leicht".into()];
    // What the form leads to where somebody types a place; those of which there is something to say.
    let places =
        ["Bochum", "Ahaus", "Arnsberg", "Brilon", "Gronau", "M%C3%BCnster", "Kreis+Borken", "Hochsauerlandkreis"];
    for place in places {
        let led = get(address, &format!("/ort?ort={place}"));
        waiting.push(led.field("location").unwrap_or_else(|| panic!("{place}: {}", led.body)).to_owned());
    }
    let mut seen = BTreeSet::new();
    let (mut listable, mut unwritten) = (0, 0);
    while let Some(target) = waiting.pop() {
        let target = target.split('#').next().unwrap().to_owned();
        let ours = target.starts_with('/') && !target.starts_with("/static") && !target.starts_with("/api");
        if !ours || kept_away.iter().any(|path| target.starts_with(path)) || !seen.insert(target.clone()) {
            continue;
        }
        assert!(seen.len() < 20_000, "the walk has no end: {target}");
        // None of these may be listed; of the thousands of them, some say so for all.
        let is_unwritten = target.starts_with("/leicht/leistung/");
        unwritten += u32::from(is_unwritten);
        if is_unwritten && unwritten > 50 {
            continue;
        }
        let page = get(address, &target);
        if (300..400).contains(&page.status) {
            waiting
                .extend(page.field("location").map(|to| to.trim_start_matches(base.trim_end_matches('/')).to_owned()));
            continue;
        }
        let url = format!("{}{target}", base.trim_end_matches('/'));
        if is_listable(&page, &url) {
            listable += 1;
            assert!(listed.contains_key(&url), "{url} may be listed and is not");
        }
        if page.field("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            waiting.extend(page.links());
        }
    }
    let of = |part: &str| listed.keys().filter(|url| url.contains(part)).count();
    eprintln!("{} listed, {} visited, {listable} listable", listed.len(), seen.len());
    let missed: Vec<_> = listed.keys().filter(|url| !seen.contains(&lists.path(url))).collect();
    assert!(missed.is_empty(), "listed, and no link leads there: {missed:#?}");
    assert!(of("/leistung/") > 20 && of("/ort/") > 10 && of("/lebenslage") > 10 && of("/en/") > 10, "{listed:#?}");
    assert_eq!(of("/leicht/leistung/") + of("/leicht/ort/"), 0, "nobody writes texts of portals in Leichte Sprache");
    running.terminate();
    running.end().expect(0);
}

/// A Verbund of two towns and a Kreis that deliver again every second.
struct Verbund {
    program: Installation,
    server: FakePortal,
}

/// One portal's delivery, as often as it is asked for.
type Delivery<'a> = (&'a str, &'a str, Vec<Entry>);

impl Verbund {
    fn new(more: &str, deliveries: Vec<Delivery<'_>>) -> Self {
        let program = Installation::new(EXE);
        program.configure(&format!("[sitemap]\nevery_s = 1\n{more}"));
        let server = FakePortal::of_folder(&program.dir().join("www"));
        let verbund = Self { program, server };
        for (id, ars, _) in &deliveries {
            let index = verbund.server.url(&format!("/{id}/index.txt"));
            verbund.program.register(id, ars, &index, "every_s = 1\n[guard]\nmax_share = 1.0\n");
        }
        for (id, _, entries) in deliveries {
            verbund.publish(id, &entries);
        }
        verbund
    }

    fn publish(&self, id: &str, entries: &[Entry]) {
        publish(&self.program.dir().join("www").join(id), entries, 1);
    }

    /// The generation of the lists that is served.
    fn current(&self) -> String {
        fs::read_to_string(self.program.dir().join("data/sitemaps/current")).unwrap()
    }

    /// Waits until another generation than `state` is there.
    #[track_caller]
    fn wait_for_another(&self, state: &str) {
        let end = Instant::now() + PATIENCE;
        while self.current() == state {
            assert!(Instant::now() < end, "no new list after a start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn serve(&self) -> Serving {
        self.program.serve().ready()
    }
}

const BASE: &str = "http://localhost/";

fn of_leistung(listed: &BTreeMap<String, String>, number: usize) -> Vec<String> {
    let begins = format!("{BASE}leistung/{}/", schluessel(number));
    listed.keys().filter(|url| url.starts_with(&begins)).map(|url| url.replace(&begins, "")).collect()
}

#[test]
fn a_town_is_listed_where_it_has_something_of_its_own_and_only_what_changed_moves() {
    let bochum = Stock::new("BO", BOCHUM);
    let herne = Stock::new("HER", HERNE);
    let entries = |text: &str| {
        let texts =
            [(1, "Hund anmelden", text), (2, "Umzug melden", "<p>Umzug.</p>"), (3, "Reisepass", "<p>Pass.</p>")];
        let leistungen = texts.map(|(number, title, text)| bochum.leistung(number, title, text));
        leistungen.into_iter().chain([bochum.office("amt", "Amt in Bochum", [1, 2, 3])]).collect::<Vec<_>>()
    };
    let first = entries("<p>Melden Sie Ihren Hund an.</p>");
    // Herne has an office of its own for one of them, and nothing for the others.
    let in_herne = vec![herne.office_for("amt", "Amt in Herne", HERNE, [bochum.name(2)])];
    // The Land does something for all towns, and none of them says anything of it.
    let land = Stock::new("NRW", LAND);
    let of_land = vec![land.leistung(5, "Landesprüfung", "<p>Prüfung.</p>"), land.office("amt", "Landesamt", [5])];
    let verbund = Verbund::new(
        "",
        vec![("stadt-bochum", BOCHUM, first), ("stadt-herne", HERNE, in_herne), ("land", LAND, of_land)],
    );
    let serving = verbund.serve();
    let lists = Lists::of(serving.public, BASE);
    let all = |listed: &BTreeMap<String, String>| {
        let own = format!("/{HERNE}");
        [1, 2, 3, 5].iter().all(|number| !of_leistung(listed, *number).is_empty())
            && listed.keys().any(|url| url.ends_with(&own))
    };
    let before = lists.settled(all);
    let town = |ars: &str, slug: &str| format!("{slug}/{ars}");
    assert_eq!(of_leistung(&before, 1), ["hund-anmelden", &town(BOCHUM, "hund-anmelden")]);
    let both = ["umzug-melden", &town(BOCHUM, "umzug-melden"), &town(HERNE, "umzug-melden")];
    assert_eq!(of_leistung(&before, 2), both);
    // What is not listed is there all the same, and says which page is.
    assert_eq!(of_leistung(&before, 5), ["landespruefung"]);
    let of_herne = get(serving.public, &format!("/leistung/{}/landespruefung/{HERNE}", schluessel(5)));
    let landing = format!("{BASE}leistung/{}/landespruefung", schluessel(5));
    assert_eq!((of_herne.status, canonical(&of_herne)), (200, Some(landing)));
    let towns = |listed: &BTreeMap<String, String>| listed.keys().filter(|url| url.contains("/ort/")).count();
    assert_eq!(towns(&before), 4, "two towns in two languages: {before:#?}");

    // One text changes: its pages move, and nothing else.
    std::thread::sleep(Duration::from_millis(1100));
    let changed = Stock { changed: "2026-10-02T08:00:00+02:00".into(), ..bochum.clone() };
    let mut second = entries("<p>Melden Sie Ihren Hund an.</p>");
    second[2] = changed.leistung(3, "Reisepass", "<p>Pass und Lichtbild.</p>");
    verbund.publish("stadt-bochum", &second);
    lists.wait(|listed| *listed != before);
    let after = lists.settled(|_| true);
    let moved: Vec<&String> =
        after.iter().filter(|(url, at)| before.get(*url) != Some(at)).map(|(url, _)| url).collect();
    let key = schluessel(3);
    let expected = [format!("{BASE}leistung/{key}/reisepass"), format!("{BASE}leistung/{key}/reisepass/{BOCHUM}")];
    // The list of a town names its Leistungen and says nothing else of them.
    assert_eq!(moved, expected.iter().collect::<Vec<_>>());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());

    // Killed without a word and started again: every time is what it was, though all pages are looked at anew.
    serving.kill();
    let state = verbund.current();
    let serving = verbund.serve();
    let lists = Lists::of(serving.public, BASE);
    assert_eq!(lists.read().as_ref(), Some(&after), "served at once");
    verbund.wait_for_another(&state);
    assert_eq!(lists.wait(|_| true), after);
    let index = get(serving.public, "/sitemap.xml");
    for field in ["etag", "last-modified"] {
        let asked = if field == "etag" { "If-None-Match" } else { "If-Modified-Since" };
        let known = format!("{asked}: {}\r\n", index.field(field).unwrap());
        assert_eq!(get_with(serving.public, "/sitemap.xml", &known).status, 304, "{field}");
        let part = format!("/sitemaps/{}", after_last_slash(&index));
        let of_part = get(serving.public, &part);
        let known = format!("{asked}: {}\r\n", of_part.field(field).unwrap());
        assert_eq!(get_with(serving.public, &part, &known).status, 304, "{part} {field}");
    }
    assert_eq!(get(serving.public, "/sitemaps/..%2fcurrent").status, 404);

    // One goes: it is in no list, and its address says so; one gets another key: its old address leads there.
    let mut third = second.clone();
    third[0] = changed.delete(1);
    third[1] = with_key(&changed.leistung(2, "Umzug melden", "<p>Umzug.</p>"), &schluessel(7));
    third[3] = changed.office("amt", "Amt in Bochum", [2, 3]);
    verbund.publish("stadt-bochum", &third);
    lists.wait(|listed| {
        of_leistung(listed, 1).is_empty() && of_leistung(listed, 2).is_empty() && !of_leistung(listed, 7).is_empty()
    });
    let gone = get(serving.public, &format!("/leistung/{}/hund-anmelden", schluessel(1)));
    assert_eq!(gone.status, 410, "{}", gone.body);
    let gone = get(serving.public, &format!("/en/leistung/{}/hund-anmelden/{BOCHUM}", schluessel(1)));
    assert!(gone.status == 410 && gone.body.contains("<html lang=\"en\""), "{}", gone.body);
    assert_eq!(get(serving.public, "/leistung/BO_L00001/x").status, 410);
    let moved = get(serving.public, &format!("/leistung/{}/umzug-melden", schluessel(2)));
    let to = format!("/leistung/{}/umzug-melden", schluessel(7));
    assert_eq!((moved.status, moved.field("location")), (301, Some(to.as_str())));
    assert_eq!(get(serving.public, &format!("/leistung/{}/x", schluessel(999))).status, 404);
    let last = lists.settled(|_| true);
    serving.stop().expect(0);
    // A gateway alone makes and serves the same lists.
    let state = verbund.current();
    let serving = Serving::begun(verbund.program.start(&["serve", "--only", "gateway"])).ready();
    let lists = Lists::of(serving.public, BASE);
    verbund.wait_for_another(&state);
    assert_eq!(lists.wait(|_| true), last);
    assert_eq!(get(serving.public, &format!("/leistung/{}/hund-anmelden", schluessel(1))).status, 410);
    serving.stop().expect(0);
}

/// The name of the last file of an index.
fn after_last_slash(index: &Answer) -> String {
    index.body.rsplit_once("</loc>").unwrap().0.rsplit_once('/').unwrap().1.to_owned()
}

fn with_key(entry: &Entry, key: &str) -> Entry {
    let mut entry = entry.clone();
    if let connectors::xzufi::Action::Schreibe(connectors::xzufi::Objekt::Leistung(leistung)) = &mut entry.action {
        leistung.leistungsschluessel = vec![key.to_owned()];
    }
    entry
}

#[test]
fn search_engines_are_told_of_what_changed_until_they_take_it() {
    // Refuses, wants to be left alone, breaks, and takes it at last.
    let turn = Arc::new(Mutex::new(0));
    let turns = Arc::clone(&turn);
    let engine = FakePortal::start(move |_| {
        let mut turn = turns.lock().unwrap();
        *turn += 1;
        match *turn {
            1 => Reply::Answer(429, "Retry-After: 1\r\n".into(), Vec::new()),
            2 => Reply::Answer(503, "Retry-After: 1\r\n".into(), Vec::new()),
            _ => Reply::status(202),
        }
    });
    let key = "0123456789abcdef-key";
    let config = format!("[indexnow]\nkey = \"{key}\"\nendpoints = [\"{}\"]\n", engine.url("/indexnow"));
    let bochum = Stock::new("BO", BOCHUM);
    let entries = |text: &str| {
        vec![
            bochum.leistung(1, "Hund anmelden", text),
            bochum.leistung(2, "Pass", "<p>Pass.</p>"),
            bochum.office("amt", "Amt", [1, 2]),
        ]
    };
    let verbund = Verbund::new(&config, vec![("stadt-bochum", BOCHUM, entries("<p>Eins.</p>"))]);
    let serving = verbund.serve();
    let lists = Lists::of(serving.public, BASE);
    let before = lists.settled(|listed| !of_leistung(listed, 1).is_empty() && !of_leistung(listed, 2).is_empty());
    let shown = get(serving.public, &format!("/{key}.txt"));
    assert_eq!((shown.status, shown.body.as_str()), (200, key));
    let changed = Stock { changed: "2026-10-02T08:00:00+02:00".into(), ..bochum.clone() };
    let mut second = entries("");
    second[0] = changed.leistung(1, "Hund anmelden", "<p>Zwei.</p>");
    verbund.publish("stadt-bochum", &second);
    lists.wait(|listed| *listed != before);
    let end = Instant::now() + PATIENCE;
    let report = || get(serving.internal, "/indexnow").json();
    while report()["receipts"][0]["status"] != 202 || report()["endpoints"][0]["up_to_date"] != true {
        assert!(Instant::now() < end, "{}", report());
        std::thread::sleep(Duration::from_millis(100));
    }
    let told = engine.take_seen();
    let last: serde_json::Value = serde_json::from_str(&told.last().unwrap().body).unwrap();
    assert_eq!((&last["host"], &last["key"]), (&"localhost".into(), &key.into()));
    assert_eq!(last["keyLocation"], format!("{BASE}{key}.txt"));
    let mut urls: Vec<&str> = last["urlList"].as_array().unwrap().iter().map(|url| url.as_str().unwrap()).collect();
    urls.sort_unstable();
    let one = format!("{BASE}leistung/{}/hund-anmelden", schluessel(1));
    let both = [one.clone(), format!("{one}/{BOCHUM}")];
    assert!(both.iter().all(|url| urls.contains(&url.as_str())), "{urls:?}");
    let report = report();
    let statuses: Vec<u64> =
        report["receipts"].as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert!([429, 503, 202].iter().all(|status| statuses.contains(status)), "{statuses:?}");
    let metrics = get(serving.internal, "/metrics").body;
    let taken = statuses.iter().filter(|status| **status == 202).count();
    let line = format!("portalverbund_gateway_indexnow_messages_total{{outcome=\"taken\"}} {taken}");
    assert!(metrics.contains(&line), "{line}: {metrics}");
    // A process that is killed and started again tells nothing twice.
    serving.kill();
    let serving = verbund.serve();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(engine.take_seen().len(), 0);
    assert_eq!(get(serving.internal, "/indexnow").json()["endpoints"][0]["up_to_date"], true);
    serving.stop().expect(0);
}

//! What pages say in JSON-LD, read by a reader that is not ours and held against what the same page shows to people.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tests::client::get;
use tests::program::Installation;

use crate::EXE;

/// extruct and lxml, as `make jsonld` fetches them.
struct Reader {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Reader {
    fn start() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.to_owned();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let lib = target.join("jsonld/lib");
        if !lib.join("extruct").is_dir() {
            return None;
        }
        let mut process = Command::new("python3")
            .arg(root.join("tests/jsonld/read.py"))
            .env("PYTHONPATH", lib)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (to, from) = (process.stdin.take()?, BufReader::new(process.stdout.take()?));
        Some(Self { process, to, from })
    }

    #[track_caller]
    fn read(&mut self, url: &str, html: &str) -> Value {
        writeln!(self.to, "{}", json!({ "url": url, "html": html })).unwrap();
        let mut line = String::new();
        assert!(self.from.read_line(&mut line).unwrap() > 0, "the reader ended at {url}");
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Every text in a value, with the name of its property.
fn texts<'a>(value: &'a Value, name: &'a str, all: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => all.push((name, text)),
        Value::Array(values) => values.iter().for_each(|value| texts(value, name, all)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| texts(value, name, all)),
        _ => {}
    }
}

struct Shown {
    url: String,
    base: String,
    text: String,
    links: Vec<String>,
    graph: Vec<Value>,
}

impl Shown {
    #[track_caller]
    fn node(&self, kind: &str) -> &Value {
        let found = self.graph.iter().find(|node| node["@type"] == kind);
        found.unwrap_or_else(|| panic!("{}: no {kind} in {:?}", self.url, self.graph))
    }

    /// True when a reader of the page sees this, too.
    fn shows(&self, name: &str, said: &str) -> bool {
        let squeezed = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let path = said.strip_prefix(self.base.trim_end_matches('/')).unwrap_or(said);
        match name {
            // The names of types and of the words that schema.org itself gives.
            "@context" | "@type" | "propertyID" | "contactType" | "query-input" | "processingTime" => true,
            "@id" => said.starts_with(&self.url) || said.starts_with(&self.base),
            // Keys of Leistungen and areas stand in the address of the page.
            "value" => self.url.contains(said),
            "urlTemplate" => said.starts_with(&format!("{}suche?q=", self.base)),
            "url" | "item" | "serviceUrl" => {
                said == self.url || self.links.iter().any(|link| link == said || link == path) || path == "/"
            }
            _ => self.text.contains(&squeezed) || squeezed == "Portalverbund.NRW",
        }
    }
}

#[test]
fn what_a_page_says_to_programs_is_what_it_shows() {
    let Some(mut reader) = Reader::start() else {
        eprintln!("LEFT OUT: JSON-LD by an independent reader; it needs python3 with pip and `make jsonld`");
        return;
    };
    let program = Installation::new(EXE);
    let mut running = program.start(&["demo", "--dir", "demo"]);
    let base = running.wait_for("http://localhost:").trim().to_owned();
    let port: u16 = base.trim_start_matches("http://localhost:").trim_end_matches('/').parse().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut see = |target: &str| {
        let page = get(address, target);
        assert_eq!(page.status, 200, "{target}");
        assert!(page.body.matches("ld+json").count() <= 1, "{target}: one block of data at most");
        let url = format!("{}{target}", base.trim_end_matches('/'));
        let read = reader.read(&url, &page.body);
        let blocks = read["jsonld"].as_array().unwrap().clone();
        let graph = blocks.iter().flat_map(|block| block["@graph"].as_array().unwrap().clone()).collect();
        let links = read["links"].as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned()).collect();
        let text = read["text"].as_str().unwrap().to_owned();
        let shown = Shown { url, base: base.clone(), text, links, graph };
        let mut all = Vec::new();
        shown.graph.iter().for_each(|node| texts(node, "", &mut all));
        let unseen: Vec<_> = all.iter().filter(|(name, said)| !shown.shows(name, said)).collect();
        assert!(unseen.is_empty(), "{target} says what it does not show: {unseen:?}\n{}", shown.text);
        shown
    };

    let start = see("/");
    assert_eq!(start.node("WebSite")["potentialAction"]["@type"], "SearchAction");
    let general = see("/leistung/99110009104000/hund-anmelden");
    let service = general.node("GovernmentService");
    for property in ["@id", "name", "description", "url", "identifier"] {
        assert!(!service[property].is_null(), "{property}: {service}");
    }
    assert!(service["serviceOperator"].is_null(), "nobody is responsible before a place is known: {service}");

    let town = see("/leistung/99110009104000/hund-anmelden/059110000000");
    let service = town.node("GovernmentService");
    for property in
        ["name", "description", "url", "identifier", "provider", "jurisdiction", "areaServed", "availableChannel"]
    {
        assert!(!service[property].is_null(), "{property}: {service}");
    }
    assert_eq!(service["url"], town.url);
    assert_eq!(
        (&service["areaServed"]["@type"], &service["areaServed"]["name"]),
        (&"AdministrativeArea".into(), &"Bochum".into())
    );
    assert_eq!(service["areaServed"]["identifier"]["value"], "059110000000");
    let office = &service["serviceOperator"];
    assert_eq!(office["@type"], "GovernmentOrganization");
    for property in ["name", "telephone", "address", "contactPoint", "areaServed"] {
        assert!(!office[property].is_null(), "{property}: {office}");
    }
    assert_eq!(office["contactPoint"]["@type"], "ContactPoint");
    let channels = service["availableChannel"].as_array().unwrap();
    assert!(channels.iter().all(|channel| channel["@type"] == "ServiceChannel"), "{channels:?}");
    let online = channels.iter().find_map(|channel| channel["serviceUrl"].as_str()).unwrap();
    assert!(online.ends_with("/zu/99110009104000/059110000000"), "{online}");
    let steps = town.node("BreadcrumbList")["itemListElement"].as_array().unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Portalverbund.NRW", "Hund anmelden", "Bochum"]);

    // Two offices for one place: the page asks, and so nothing is decided for a program.
    let asked = see("/leistung/99059001104000/eheschliessung-anmelden/059580004004");
    assert!(asked.node("GovernmentService")["serviceOperator"].is_null());
    let ort = see("/ort/059110000000/bochum");
    assert_eq!(ort.node("AdministrativeArea")["name"], "Bochum");
    see("/lebenslage/tierhaltung");
    see("/en/leistung/99110009104000/register-a-dog/059110000000");
    running.terminate();
    running.end().expect(0);
}

/// Texts that try to get out of the block or to break it.
const HOSTILE: [&str; 4] = [
    "</script><script>document.title='x'</script>",
    "\u{2028}\u{2029}\"\\\"}]}<!--<script>",
    "&lt;/script&gt; ]]> --> '\"",
    "\\u003c/script\\u003e \\",
];

#[test]
fn hostile_names_stay_names_for_programs() {
    let Some(mut reader) = Reader::start() else {
        eprintln!("LEFT OUT: JSON-LD by an independent reader; it needs python3 with pip and `make jsonld`");
        return;
    };
    let program = Installation::new(EXE);
    let stock = tests::delivery::Stock::new("BO", "059110000000");
    let numbers = 0..HOSTILE.len();
    let mut entries: Vec<_> = numbers.clone().map(|at| stock.leistung(at, HOSTILE[at], "<p>Text.</p>")).collect();
    entries.extend(numbers.clone().map(|at| stock.office(&format!("amt{at}"), HOSTILE[at], [at])));
    let server = tests::portal::FakePortal::of_folder(&program.dir().join("www"));
    program.register("stadt-bochum", "059110000000", &server.url("/stadt-bochum/index.txt"), "every_s = 86400\n");
    tests::delivery::publish(&program.dir().join("www/stadt-bochum"), &entries, 1);
    // With the findings that some of the signs are taken out.
    program.import("stadt-bochum", &[]).expect(1);
    let serving = program.serve().ready();
    for at in numbers {
        let key = tests::delivery::schluessel(at);
        let target = format!("/leistung/{key}/x/059110000000");
        let moved = get(serving.public, &target);
        let target = moved.field("location").unwrap_or(&target).to_owned();
        let page = get(serving.public, &target);
        assert_eq!(page.status, 200, "{target}");
        // The block, and our own script from our own host.
        let own = page.body.matches("<script type=\"module\" src=\"/static/").count();
        assert_eq!(page.body.matches("<script").count(), 1 + own, "{target}: {}", page.body);
        assert_eq!(page.body.matches("</script").count(), 1 + own, "{target}");
        let read = reader.read("http://localhost/", &page.body);
        let graph = read["jsonld"][0]["@graph"].as_array().unwrap();
        let service = graph.iter().find(|node| node["@type"] == "GovernmentService").unwrap();
        // Markup is taken out of names when they are read; what is left stands in the page and in the block alike.
        let shown = read["text"].as_str().unwrap();
        let plain = |value: &Value| value.as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        let (name, office) = (plain(&service["name"]), plain(&service["serviceOperator"]["name"]));
        assert!(!name.is_empty() && shown.starts_with(&name), "{target}: {name} | {shown}");
        assert!(!office.is_empty() && shown.contains(&office), "{target}: {office} | {shown}");
    }
    serving.stop().expect(0);
}

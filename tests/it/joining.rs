//! A portal joins: from nothing to the first result, in a browser as a new user would, and step by step with an operator.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tests::browser::Browser;
use tests::client::{Answer, ask, get};
use tests::delivery::{Stock, publish};
use tests::portal::{FakePortal, Reply, file};
use tests::program::{Installation, Serving};

use crate::EXE;

const HERNE: &str = "059160000000";
const FILE: &str = "/.well-known/portalverbund-nrw.txt";

/// A town with a home page, an index of XZuFi files, and a file that it can put below `/.well-known/`.
struct Town {
    portal: FakePortal,
    proof: Arc<Mutex<Option<String>>>,
    folder: PathBuf,
}

impl Town {
    fn start(program: &Installation, name: &str) -> Self {
        let folder = program.dir().join("www");
        publish(&folder.join("xzufi"), &Stock::new("HE", HERNE).whole(0..6, "Apfelbaum"), 2);
        let proof: Arc<Mutex<Option<String>>> = Arc::default();
        let (served, shown, name) = (folder.clone(), Arc::clone(&proof), name.to_owned());
        let portal = FakePortal::start(move |request| match request.target.as_str() {
            "/" => Reply::Answer(
                200,
                "Content-Type: text/html; charset=utf-8\r\n".into(),
                format!("<!doctype html><html lang=\"de\"><head><title>Startseite | {name}</title></head></html>")
                    .into(),
            ),
            FILE => shown.lock().unwrap().clone().map_or(Reply::status(404), |text| Reply::ok(text.into_bytes())),
            _ => file(&served, request),
        });
        Self { portal, proof, folder }
    }

    fn port(&self) -> u16 {
        self.portal.address().port()
    }

    fn address(&self) -> String {
        format!("http://localhost:{}/", self.port())
    }

    fn put(&self, proof: Option<String>) {
        *self.proof.lock().unwrap() = proof;
    }
}

/// The program on a port that its public address names, because forms are taken from there alone.
struct Verbund {
    serving: Serving,
    origin: String,
}

impl Verbund {
    fn start(program: &Installation, port: u16, joining: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        program.write(
            "config/portalverbund.toml",
            &format!(
                "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"{origin}\"\n\
                 [store]\nurl = \"sqlite://data/portalverbund.db\"\n[index]\ndir = \"data/index\"\n\
                 [egress]\nallow = [\"127.0.0.0/8\"]\n\
                 [joining]\nhttp = true\nports = [{port}]\ndns_servers = [\"127.0.0.1:9\"]\n{joining}"
            ),
        );
        std::fs::create_dir_all(program.dir().join("config/portale.d")).unwrap();
        let serving = program.serve_on(&listener, &[]).ready();
        Self { serving, origin }
    }
}

/// Somebody with a browser's cookies.
struct Somebody<'a> {
    verbund: &'a Verbund,
    cookie: String,
    csrf: String,
}

/// The password of a new account.
#[track_caller]
fn account(program: &Installation, name: &str, role: &str) -> String {
    program.run(&["account", "add", name, "--role", role]).expect(0).stdout.trim().to_owned()
}

impl<'a> Somebody<'a> {
    #[track_caller]
    fn sign_in(verbund: &'a Verbund, name: &str, password: &str) -> Self {
        let mut one = Self { verbund, cookie: String::new(), csrf: String::new() };
        let answer = one.post("/anbindung/anmelden", &[("name", name), ("kennwort", password)]);
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.field("set-cookie").unwrap();
        one.cookie = cookie.split(';').next().unwrap().to_owned();
        let page = one.get("/anbindung");
        one.csrf = page.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        one
    }

    #[track_caller]
    fn send(&self, method: &str, target: &str, body: &str) -> Answer {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\nOrigin: {}\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.verbund.origin,
            self.cookie,
            body.len()
        );
        ask(self.verbund.serving.public, request.as_bytes()).unwrap()
    }

    #[track_caller]
    fn get(&self, target: &str) -> Answer {
        let answer = self.send("GET", target, "");
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer
    }

    #[track_caller]
    fn post(&self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &self.csrf).extend_pairs(fields);
        self.send("POST", target, &body.finish())
    }

    /// A step that works and leads back to the page of the portal.
    #[track_caller]
    fn step(&self, target: &str, fields: &[(&str, &str)]) {
        let answer = self.post(target, fields);
        assert_eq!(answer.status, 303, "{target}: {}", answer.body);
    }
}

/// Registers the town as `stadt-herne`, with what is proposed.
#[track_caller]
fn register(editor: &Somebody<'_>, town: &Town) -> String {
    let details = editor.post("/anbindung/neu", &[("address", &town.address())]);
    assert_eq!(details.status, 200, "{}", details.body);
    for proposed in
        ["XZuFi-Verzeichnis mit 2 Dateien", "value=\"Stadt Herne\"", "value=\"stadt-herne\"", "value=\"Herne\""]
    {
        assert!(details.body.contains(proposed), "{proposed} in {}", details.body);
    }
    let source = format!("{}xzufi/index.txt", town.address());
    let fields = [
        ("schritt", "angaben"),
        ("address", &town.address()),
        ("id", "stadt-herne"),
        ("name", "Stadt Herne"),
        ("gebiet", "Herne"),
        ("connector", "xzufi-index"),
        ("source", &source),
        ("phone", "02323 160"),
    ];
    editor.step("/anbindung/neu", &fields);
    let page = editor.get("/anbindung/stadt-herne");
    page.body.split("<pre>").nth(1).unwrap().split("</pre>").next().unwrap().to_owned()
}

/// Waits until the search finds something, and says how long that took.
#[track_caller]
fn until_found(verbund: &Verbund) -> Duration {
    let began = Instant::now();
    loop {
        let found = get(verbund.serving.public, "/api/v1/search?q=apfelbaum&ort=herne").json();
        if found["total"].as_u64().unwrap() > 0 {
            return began.elapsed();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "nothing is found");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_portal_is_registered_proven_rehearsed_released_and_found() {
    let program = Installation::new(EXE);
    let town = Town::start(&program, "Stadt Herne");
    let verbund = Verbund::start(&program, town.port(), "");
    let (editor, operator) = (account(&program, "redaktion", "editor"), account(&program, "betrieb", "operator"));
    let editor = Somebody::sign_in(&verbund, "redaktion", &editor);
    let operator = Somebody::sign_in(&verbund, "betrieb", &operator);

    // What cannot be registered is said at its field.
    for wrong in ["http://127.0.0.1/", "https://intranet/", "https://ich:geheim@stadt.example/", ""] {
        let answer = editor.post("/anbindung/neu", &[("address", wrong)]);
        assert_eq!(answer.status, 422, "{wrong}");
        assert!(answer.body.contains("id=\"address-fehler\""), "{wrong}: {}", answer.body);
    }
    let line = register(&editor, &town);
    assert!(line.starts_with("portalverbund-nrw="), "{line}");

    // Without the proof nothing goes on, and nobody is asked for their data.
    let without = editor.post("/anbindung/stadt-herne/nachweis", &[]);
    assert_eq!(without.status, 200);
    assert!(without.body.contains("noch nicht gefunden"), "{}", without.body);
    assert_eq!(editor.post("/anbindung/stadt-herne/probelauf", &[]).status, 409);
    town.put(Some(line.clone()));
    editor.step("/anbindung/stadt-herne/nachweis", &[]);

    editor.step("/anbindung/stadt-herne/probelauf", &[]);
    let preview = editor.get("/anbindung/stadt-herne/vorschau");
    assert!(preview.body.contains("Der Probelauf ist gelungen"), "{}", preview.body);
    assert!(preview.body.contains("6 Leistungen"), "{}", preview.body);
    let found = editor.get("/anbindung/stadt-herne/vorschau/suche?q=apfelbaum&ort=herne");
    assert!(found.body.contains("Vorschau von Stadt Herne"), "{}", found.body);
    let links = found.links();
    let link = links.iter().find(|link| link.starts_with("/anbindung/stadt-herne/vorschau/leistung/")).unwrap();
    assert!(editor.get(link).body.contains("Apfelbaum"));
    // Nobody else sees any of it.
    let live = get(verbund.serving.public, "/api/v1/search?q=apfelbaum&ort=herne").json();
    assert_eq!(live["total"], 0);
    assert_eq!(get(verbund.serving.public, link).status, 303);

    editor.step("/anbindung/stadt-herne/schritt", &[("schritt", "submit")]);
    assert_eq!(editor.post("/anbindung/stadt-herne/schritt", &[("schritt", "release")]).status, 409);
    assert!(operator.get("/anbindung").body.contains("Eine Anmeldung wartet"));
    assert!(operator.get("/anbindung/freigaben").body.contains("/anbindung/stadt-herne#schritt"));
    operator.step("/anbindung/stadt-herne/schritt", &[("schritt", "release")]);
    let released = Instant::now();
    until_found(&verbund);
    eprintln!("found {:.1} s after its release", released.elapsed().as_secs_f64());

    // Suspended, nobody is handed over and nothing is fetched; and back.
    operator.step("/anbindung/stadt-herne/schritt", &[("schritt", "suspend"), ("grund", "Prüfung")]);
    assert!(editor.get("/anbindung/stadt-herne").body.contains("Prüfung"));
    operator.step("/anbindung/stadt-herne/schritt", &[("schritt", "resume")]);
    let page = editor.get("/anbindung/stadt-herne");
    assert!(page.body.contains("Letzte Läufe") && page.body.contains("übernommen"), "{}", page.body);
    let trail = program.run(&["audit", "verify"]).expect(0);
    assert!(!trail.stdout.is_empty() || !trail.stderr.is_empty());
}

#[test]
fn a_lost_proof_suspends_the_portal_after_its_grace() {
    let program = Installation::new(EXE);
    let town = Town::start(&program, "Stadt Herne");
    let quick = "release = \"at-once\"\nproof_every_s = 1\nproof_grace_s = 6\n";
    let verbund = Verbund::start(&program, town.port(), quick);
    let editor = account(&program, "redaktion", "editor");
    let editor = Somebody::sign_in(&verbund, "redaktion", &editor);
    let line = register(&editor, &town);
    town.put(Some(line));
    editor.step("/anbindung/stadt-herne/nachweis", &[]);
    editor.step("/anbindung/stadt-herne/probelauf", &[]);
    editor.step("/anbindung/stadt-herne/schritt", &[("schritt", "submit")]);
    until_found(&verbund);
    // Still there after several looks.
    std::thread::sleep(Duration::from_secs(3));
    assert!(!editor.get("/anbindung/stadt-herne").body.contains("Ausgesetzt"));
    let until_unproven = |portals: usize| {
        let end = Instant::now() + Duration::from_secs(40);
        let line = format!("portalverbund_gateway_registry_unproven_portals {portals}\n");
        while !get(verbund.serving.internal, "/metrics").body.contains(&line) {
            assert!(Instant::now() < end, "not counted: {line}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    until_unproven(0);
    town.put(Some("portalverbund-nrw=anderes".into()));
    until_unproven(1);
    assert!(!editor.get("/anbindung/stadt-herne").body.contains("Ausgesetzt seit"), "within its grace");
    let end = Instant::now() + Duration::from_secs(40);
    while !editor.get("/anbindung/stadt-herne").body.contains("Ausgesetzt seit") {
        assert!(Instant::now() < end, "it is not suspended");
        std::thread::sleep(Duration::from_millis(200));
    }
    until_unproven(0);
    // What it delivered stays readable.
    until_found(&verbund);
}

#[test]
fn files_and_registrations_never_differ_silently() {
    let program = Installation::new(EXE);
    let server = FakePortal::of_folder(&program.dir().join("www"));
    publish(&program.dir().join("www/herne"), &Stock::new("HE", HERNE).whole(0..3, "Apfelbaum"), 1);
    program.register("stadt-herne", HERNE, &server.url("/herne/index.txt"), "");
    let file = "config/portale.d/stadt-herne.toml";
    program.run(&["portals", "diff"]).expect(0);
    let dry = program.run(&["portals", "apply", file, "--dry-run"]).expect(0).stdout;
    assert!(dry.contains("change set -"), "{dry}");
    let applied = program.run(&["portals", "apply", "config/portale.d"]).expect(0).stdout;
    assert!(applied.contains("stadt-herne\tchange set 1"), "{applied}");
    assert!(program.run(&["portals", "apply", file]).expect(0).stdout.contains("unchanged"));
    program.run(&["portals", "diff"]).expect(0);

    // The file changes: the file counts, and every side says so.
    program.register("stadt-herne", HERNE, &server.url("/herne/index.txt"), "[contact]\nphone = \"02323 160\"\n");
    let differs = program.run(&["portals", "diff"]).expect(1).stdout;
    assert!(differs.contains("stadt-herne: file and registration differ in `contact`"), "{differs}");
    let told = program.run(&["portals", "diff", "--json"]).expect(1).json();
    assert_eq!(told["differing"][0]["parts"][0]["part"], "contact");
    let checked = program.run(&["check"]).expect(0).stdout;
    assert!(checked.contains("stadt-herne: file and registration differ"), "{checked}");
    let serving = program.serve().ready();
    let metrics = get(serving.internal, "/metrics").body;
    assert!(metrics.contains("portalverbund_gateway_registry_differing_portals 1"), "{metrics}");

    // Without its file the registration serves it, in the process that runs.
    std::fs::remove_file(program.dir().join(file)).unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while !get(serving.internal, "/metrics").body.contains("portalverbund_gateway_registry_differing_portals 0") {
        assert!(Instant::now() < end, "the change of the file is not seen");
        std::thread::sleep(Duration::from_millis(50));
    }
    program.run(&["portals", "export", "--dir", "aus"]).expect(0);
    let written = std::fs::read_to_string(program.dir().join("aus/stadt-herne.toml")).unwrap();
    program.write(file, &written);
    program.run(&["portals", "diff"]).expect(0);
    let listed = program.run(&["portals", "list"]).expect(0).stdout;
    assert_eq!(listed.trim(), "stadt-herne\tfile and registration\treleased\tPortal stadt-herne");
}

#[test]
fn a_registration_is_live_within_two_seconds_in_every_process() {
    let program = Installation::new(EXE);
    program.configure("");
    std::fs::create_dir_all(program.dir().join("config/portale.d")).unwrap();
    let serving = program.serve().ready();
    let upstream = FakePortal::start(|_| Reply::ok("hier"));
    program.route("stadt", &upstream.url(""), "");
    let file = program.dir().join("config/portale.d/stadt.toml");
    std::fs::rename(&file, program.dir().join("stadt.toml")).unwrap();
    assert_eq!(get(serving.public, "/portal/stadt/x").status, 404);
    program.run(&["portals", "apply", "stadt.toml"]).expect(0);
    let applied = Instant::now();
    while get(serving.public, "/portal/stadt/x").body != "hier" {
        assert!(applied.elapsed() < Duration::from_secs(20), "the route is not there");
        std::thread::sleep(Duration::from_millis(20));
    }
    let took = applied.elapsed();
    eprintln!("live {:.2} s after it was applied", took.as_secs_f64());
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// Where pictures of the pages go, for people to look at.
fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target/joining");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_new_user_comes_from_nothing_to_the_first_result_in_a_browser() {
    let program = Installation::new(EXE);
    let Some(browser) = Browser::start(&program.dir().join("profile")) else {
        eprintln!("LEFT OUT: the browser test, because Chromium or its driver is missing (Debian: chromium-driver)");
        return;
    };
    let town = Town::start(&program, "Stadt Herne");
    let verbund = Verbund::start(&program, town.port(), "release = \"at-once\"\n");
    let password = account(&program, "redaktion", "editor");
    let began = Instant::now();
    let (mut pages, pictures) = (Vec::new(), pictures());
    let mut see = |name: &str| {
        // A page is one that a person has to read anew; the same one with the next step on it is not.
        pages.push(browser.path() + if name == "3-angaben" { "#angaben" } else { "" });
        browser.picture(&pictures.join(format!("{name}.png")));
    };
    browser.open(&format!("{}/anbindung/neu", verbund.origin));
    see("1-anmelden");
    browser.fill("#name", "redaktion");
    browser.fill("#kennwort", &password);
    browser.click("main button[type=submit]");
    see("2-adresse");
    browser.fill("#address", &town.address());
    browser.click(".ort-form button");
    see("3-angaben");
    assert_eq!(browser.value("#name"), "Stadt Herne");
    assert_eq!(browser.value("#gebiet"), "Herne");
    browser.fill("#phone", "02323 160");
    browser.click(".angaben button[type=submit]");
    see("4-nachweis");
    assert_eq!(browser.path(), "/anbindung/stadt-herne");
    town.put(Some(browser.text("#nachweis pre")));
    browser.click("#nachweis form button");
    see("4-probelauf");
    browser.click("form[action$='/probelauf'] button");
    see("5-vorschau");
    assert!(browser.text("main").contains("Der Probelauf ist gelungen"), "{}", browser.text("main"));
    browser.click("main a[href='/anbindung/stadt-herne']");
    see("4-freigabe");
    browser.click("#schritt form button");
    see("4-live");
    until_found(&verbund);
    browser.open(&verbund.origin);
    browser.fill("#q", "Apfelbaum");
    browser.fill("#ort", "Herne");
    browser.click("form.suche button");
    see("6-gefunden");
    assert!(browser.text("main").contains("Apfelbaum beantragen"), "{}", browser.text("main"));
    let took = began.elapsed();
    pages.sort();
    pages.dedup();
    eprintln!("from nothing to the first result: {} pages, {:.1} s", pages.len(), took.as_secs_f64());
    assert!(pages.len() <= 6, "{pages:?}");
    assert!(took < Duration::from_secs(600), "{took:?}");
    drop(town.folder);
}

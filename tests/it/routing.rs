//! Which of many portals answers, and how that changes while the gateway serves: kinds of route, responsibility, reload,
//! what is kept for a start without a registry, maintenance.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tests::client::{Answer, ask, get, get_with, post_form};
use tests::delivery::{Stock, publish, schluessel};
use tests::portal::{FakePortal, Reply};
use tests::program::{Installation, Serving};

use crate::EXE;

const BOCHUM: &str = "059110000000";
const HERNE: &str = "059160000000";

/// A portal that says who it is and what it was asked for.
fn fake(name: &'static str) -> FakePortal {
    FakePortal::start(move |request| {
        let fields = match request.target.as_str() {
            target if target.ends_with("/weiter") => "Location: schritt2\r\nSet-Cookie: s=1; Path=/\r\n".to_owned(),
            target if target.ends_with("/login") => "Location: /anmelden\r\n".to_owned(),
            _ => String::new(),
        };
        let status = if fields.is_empty() { 200 } else { 302 };
        Reply::Answer(status, fields, format!("{name} {} {}", request.method, request.target).into_bytes())
    })
}

/// Registers a portal that delivers from a folder of its own; `more` stands at the end of its file.
fn register(program: &Installation, id: &str, ars: &str, more: &str) {
    program.write(
        &format!("config/portale.d/{id}.toml"),
        &format!(
            "id = \"{id}\"\nname = \"Portal {id}\"\ngebiet = \"{ars}\"\nhosts = [\"*.example\"]\n\
             contact = {{ phone = \"0234 910-0\" }}\n\
             [connector]\nkind = \"xzufi-folder\"\nfolder = \"www/{id}\"\n{more}"
        ),
    );
}

fn proxied(id: &str, upstream: &FakePortal) -> String {
    format!("[[route]]\nprefix = \"/portal/{id}\"\nupstream = [\"{}\"]\n", upstream.url("/"))
}

#[track_caller]
fn until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what} does not come");
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn status(address: SocketAddr, target: &str) -> u16 {
    get(address, target).status
}

#[track_caller]
fn answers(answer: &Answer, status: u16, body: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.body.contains(body), "no `{body}` in {answer:?}");
}

fn at_host(address: SocketAddr, host: &str, target: &str) -> Answer {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    ask(address, request.as_bytes()).unwrap()
}

#[test]
fn each_kind_of_route_answers_in_its_way() {
    let program = Installation::new(EXE);
    let upstream = fake("bochum");
    let more = format!(
        "{}[[route]]\nkind = \"redirect\"\nprefix = \"/portal/alt\"\nto = \"/portal/bochum/neu\"\nstatus = 301\n\
         [[route]]\nkind = \"redirect\"\npath = \"/portal/bochum/umzug\"\nto = \"https://neu.example/hier\"\n\
         status = 307\nkeep_query = false\n\
         [[route]]\nkind = \"gone\"\npath = \"/portal/bochum/weg\"\nsuccessor = \"/portal/bochum/neu\"\n\
         text = \"Seit 2020 gibt es das nicht mehr.\"\n\
         [[route]]\nhost = \"bochum.localhost\"\nupstream = [\"{}\"]\n\
         [[route]]\nhost = \"bochum.localhost\"\nprefix = \"/alt\"\nkind = \"gone\"\n",
        proxied("bochum", &upstream),
        upstream.url("/")
    );
    register(&program, "bochum", BOCHUM, &more);
    program.run(&["check"]).expect(0);
    let serving = program.serve();
    let public = serving.public;
    answers(&get(public, "//portal//bochum//a//b/?c=%2F"), 200, "bochum GET //a//b/?c=%2F");
    answers(&at_host(public, "bochum.localhost:81", "/a/../b"), 200, "bochum GET /a/../b");
    answers(&at_host(public, "bochum.localhost", "/alt/x"), 410, "gibt es nicht mehr");
    assert_eq!(status(public, "/alt/x"), 404);
    let moved = get(public, "/portal/alt//x%20y?z=1");
    assert_eq!((moved.status, moved.field("location")), (301, Some("/portal/bochum/neu/x%20y?z=1")));
    assert_eq!(moved.field("cache-control"), Some("public, max-age=3600"));
    let moved = post_form(public, "/portal/bochum/umzug?z=1", &[("a", "b")]);
    assert_eq!((moved.status, moved.field("location")), (307, Some("https://neu.example/hier")));
    let gone = get(public, "/portal/bochum/weg/");
    answers(&gone, 410, "Seit 2020 gibt es das nicht mehr.");
    assert!(gone.links().contains(&"/portal/bochum/neu".to_owned()), "{}", gone.body);
    assert!(gone.links().contains(&"tel:02349100".to_owned()), "{}", gone.body);
    let problem = get_with(public, "/portal/bochum/weg", "Accept: application/json\r\n");
    assert_eq!((problem.status, problem.field("content-type")), (410, Some("application/problem+json")));
    assert_eq!(
        (&problem.json()["code"], &problem.json()["successor"]),
        (&"portal.gone".into(), &"/portal/bochum/neu".into())
    );
    answers(&get(public, "/portal/bochum/weg/weiter"), 302, "bochum GET /weg/weiter");
    assert_eq!(status(public, "/portal/alt/%2e%2e/x"), 400);
    // What is asked of the process and of a file is said alike.
    let test = |url: &str| program.run(&["routes", "test", url, "--json"]).expect(0).json();
    for (url, answer, target) in [
        ("/portal/bochum/a?b", "proxy", Some("/a?b")),
        ("http://bochum.localhost/x", "proxy", Some("/x")),
        ("/portal/alt/x", "redirect", Some("/portal/bochum/neu/x")),
        ("/portal/bochum/weg", "gone", None),
        ("/suche?q=x", "own", None),
        ("/portal/bochum/%2f", "refused", None),
    ] {
        let said = test(url);
        assert_eq!((said["answer"].as_str(), said["target"].as_str()), (Some(answer), target), "{url}: {said}");
        let inside =
            get(serving.internal, &format!("/debug/routes?url={}", url.replace('%', "%25").replace('?', "%3f")));
        let inside = inside.json();
        for key in ["answer", "target", "why", "upstream_now"] {
            assert_eq!(inside[key], said[key], "{url}: {inside}");
        }
    }
    assert_eq!(test("/portal/bochum/a")["upstream_now"], upstream.url("/"));
    let listed = program.run(&["routes", "list"]).expect(0);
    assert_eq!(listed.stdout.lines().count(), 6, "{}", listed.stdout);
    assert!(listed.stdout.contains("bochum\tgone 410\t*/portal/bochum/weg\t/portal/bochum/neu"), "{}", listed.stdout);
    assert_eq!(get(serving.internal, "/debug/routes").json()["routes"].as_array().unwrap().len(), 6);
    drop(upstream);
    let said = test("/portal/bochum/a");
    assert!(said["upstream_now"].is_null() && said["why"][1].as_str().unwrap().contains("does not answer"), "{said}");
    program.run(&["routes", "test", "bochum"]).expect(2);
    serving.stop().expect(0);
}

/// Two towns with the same Leistungen, each with a portal that takes them.
fn towns() -> (Installation, [FakePortal; 2]) {
    let program = Installation::new(EXE);
    let portals = [fake("bochum"), fake("herne")];
    for ((id, agency, ars), upstream) in [("bochum", "BO", BOCHUM), ("herne", "HER", HERNE)].into_iter().zip(&portals) {
        let stock = Stock::new(agency, ars);
        let mut entries = stock.whole(0..3, "Apfelbaum");
        // Two offices for one, and nobody for another: neither has an answer.
        entries.push(stock.leistung(5, "Zweifelsfall klären", "<p>Text.</p>"));
        entries.push(stock.office("eins", "Amt eins", [5]));
        entries.push(stock.office("zwei", "Amt zwei", [5]));
        entries.push(stock.leistung(6, "Niemandsland betreten", "<p>Text.</p>"));
        publish(&program.dir().join(format!("www/{id}")), &entries, 1);
        let template = "[responsible]\npath = \"/dienste/{schluessel}/{ars}/{rest}\"\n";
        register(&program, id, ars, &format!("{template}{}", proxied(id, upstream)));
        program.run(&["import", "--portal", id]).expect(0);
    }
    (program, portals)
}

#[test]
fn one_address_leads_to_the_portal_that_is_responsible_at_the_place() {
    let (program, [bochum, herne]) = towns();
    let serving = program.serve();
    let public = serving.public;
    let key = schluessel(1);
    let zu = |ars: &str, rest: &str| format!("/zu/{key}/{ars}{rest}");
    for (portal, name, ars) in [(&bochum, "bochum", BOCHUM), (&herne, "herne", HERNE)] {
        portal.take_seen();
        let forged =
            "X-Leistungsschluessel: 99000000000000\r\nX_Regionalschluessel: 05\r\nX-Regionalschluessel: 05\r\n";
        let answer = get_with(public, &zu(ars, "/antrag//a%20b?c=%2F"), forged);
        answers(&answer, 200, &format!("{name} GET /dienste/{key}/{ars}/antrag//a%20b?c=%2F"));
        let seen = portal.take_seen();
        let [seen] = seen.as_slice() else { panic!("{seen:?}") };
        let field = |name: &str| seen.fields.get(name).map(String::as_str);
        assert_eq!((field("x-leistungsschluessel"), field("x-regionalschluessel")), (Some(key.as_str()), Some(ars)));
        assert_eq!(field("x-forwarded-prefix"), Some(format!("/portal/{name}").as_str()));
        assert!(!seen.fields.keys().any(|name| name.contains('_')), "{seen:?}");
        // By its own address it is told nothing of a Leistung, forged or not.
        get_with(public, &format!("/portal/{name}/x"), forged);
        let seen = portal.take_seen();
        assert!(!seen[0].fields.keys().any(|name| name.contains("schluessel")), "{seen:?}");
    }
    let next = get(public, &zu(BOCHUM, "/weiter"));
    assert_eq!((next.status, next.field("location")), (302, Some(zu(BOCHUM, "/schritt2").as_str())));
    assert_eq!(next.field("set-cookie"), Some(format!("s=1; Path={}", zu(BOCHUM, "")).as_str()));
    assert_eq!(get(public, &zu(BOCHUM, "/login")).field("location"), Some("/portal/bochum/anmelden"));
    answers(&get(public, &zu(BOCHUM, "/")), 200, &format!("bochum GET /dienste/{key}/{BOCHUM}/"));
    answers(&post_form(public, &zu(HERNE, "/x"), &[("a", "b")]), 200, "herne POST");
    // The hand-over itself stays what it was.
    assert_eq!(get(public, &zu(BOCHUM, "")).field("location"), Some("https://dienste.example/BO/Apfelbaum/1"));
    let short = get(public, &zu("05911", "/x/y?z"));
    assert_eq!((short.status, short.field("location")), (308, Some(format!("{}?z", zu(BOCHUM, "/x/y")).as_str())));
    answers(&get(public, &format!("/zu/{}/{BOCHUM}/x", schluessel(5))), 300, "Amt zwei");
    answers(&get(public, &format!("/zu/{}/{BOCHUM}/x", schluessel(6))), 404, "Keine zuständige Stelle bekannt");
    answers(&get(public, &format!("/zu/{}/{BOCHUM}/x", schluessel(9))), 404, "Diese Leistung kennen wir nicht");
    for (number, status, part) in
        [(5, 300, "\"state\":\"ambiguous\""), (6, 404, "/api/v1/responsible?leistung="), (9, 404, "unknown_leistung")]
    {
        let target = format!("/zu/{}/{BOCHUM}/x", schluessel(number));
        let told = get_with(public, &target, "Accept: application/json\r\n");
        answers(&told, status, part);
        assert!(told.field("content-type").is_some_and(|kind| kind.ends_with("json")), "{told:?}");
    }
    answers(&get(public, &zu("059999999999", "/x")), 404, "Diesen Ort kennen wir nicht");
    bochum.take_seen();
    for rest in ["/..", "/a/%2e%2e/b", "/a%2fb", "/a%5cb", "/%00"] {
        assert_eq!(status(public, &zu(BOCHUM, rest)), 400, "{rest}");
    }
    assert_eq!(bochum.take_targets(), Vec::<String>::new());
    let said = get(serving.internal, &format!("/debug/routes?url={}", zu(HERNE, "/x"))).json();
    assert_eq!((&said["answer"], &said["route"]["portal"]), (&"proxy".into(), &"herne".into()), "{said}");
    assert_eq!(said["target"], format!("/dienste/{key}/{HERNE}/x"));
    let said = program.run(&["routes", "test", &zu(HERNE, "/x"), "--json"]).expect(0).json();
    assert_eq!((&said["answer"], &said["upstream_now"]), (&"proxy".into(), &herne.url("/").into()), "{said}");
    serving.stop().expect(0);
}

/// Clients that ask for one thing until they are told to stop; every answer must be 200.
struct Load {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    clients: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    fn on(address: SocketAddr, target: &'static str) -> Self {
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let client = || {
            let (stop, asked) = (Arc::clone(&stop), Arc::clone(&asked));
            std::thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let answer = get(address, target);
                    assert_eq!(answer.status, 200, "{answer:?}");
                    asked.fetch_add(1, Ordering::SeqCst);
                }
            })
        };
        let clients = (0..4).map(|_| client()).collect();
        Self { stop, asked, clients }
    }

    #[track_caller]
    fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            assert!(client.join().is_ok(), "a request failed");
        }
        assert!(self.asked.load(Ordering::SeqCst) > 20);
    }
}

fn metric(serving: &Serving, name: &str) -> f64 {
    let text = get(serving.internal, "/metrics").body;
    let line = text.lines().find(|line| line.starts_with(&format!("portalverbund_gateway_{name} ")));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[test]
fn files_that_change_and_hangups_reload_without_a_failed_request() {
    let program = Installation::new(EXE);
    let (bochum, herne) = (fake("bochum"), fake("herne"));
    register(&program, "bochum", BOCHUM, &proxied("bochum", &bochum));
    let mut serving = program.serve();
    let public = serving.public;
    let load = Load::on(public, "/portal/bochum/x");
    register(&program, "herne", HERNE, &proxied("herne", &herne));
    until("the route of a new file", || status(public, "/portal/herne/x") == 200);
    for round in 0..20 {
        let more = format!("[[route]]\nprefix = \"/portal/runde{round}\"\nupstream = [\"{}\"]\n", herne.url("/"));
        register(&program, "herne", HERNE, &format!("{}{more}", proxied("herne", &herne)));
        serving.process().hang_up();
        std::thread::sleep(Duration::from_millis(100));
    }
    until("the last round", || status(public, "/portal/runde19/x") == 200);
    assert_eq!(status(public, "/portal/runde18/x"), 404);
    assert_eq!(metric(&serving, "routes_last_load_successful"), 1.0);
    // A file that breaks takes its own portal out, and no other.
    program.write("config/portale.d/herne.toml", "id = \"herne\"\nname = 7\n");
    until("the end of a broken portal", || status(public, "/portal/herne/x") == 404);
    assert_eq!(metric(&serving, "routes_portals_left_out"), 1.0);
    register(&program, "herne", HERNE, &proxied("herne", &herne));
    until("the mended portal", || status(public, "/portal/herne/x") == 200);
    load.end();
    serving.stop().expect(0);
}

#[test]
fn a_registry_that_is_lost_leaves_the_last_good_one_also_after_a_start() {
    let program = Installation::new(EXE);
    let bochum = fake("bochum");
    register(&program, "bochum", BOCHUM, &proxied("bochum", &bochum));
    let folder = program.dir().join("config/portale.d");
    let good = fs::read_to_string(folder.join("bochum.toml")).unwrap();
    let serving = program.serve();
    let public = serving.public;
    until("what is kept", || program.dir().join("data/routes.json").exists());
    let failed = || metric(&serving, "routes_last_load_successful") == 0.0;
    // All files broken, then no folder at all: the table stays, and it is told.
    program.write("config/portale.d/bochum.toml", "id =");
    until("the failure", failed);
    assert_eq!(status(public, "/portal/bochum/x"), 200);
    fs::remove_dir_all(&folder).unwrap();
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(failed());
    assert_eq!((status(public, "/portal/bochum/x"), metric(&serving, "routes_count")), (200, 1.0));
    serving.stop().expect(0);
    // A start without a registry, with one that cannot be read, and with one in which nothing can be used.
    let broken: [&dyn Fn(); 3] = [&|| {}, &|| program.write("config/portale.d", "no folder"), &|| {
        fs::remove_file(&folder).unwrap();
        program.write("config/portale.d/bochum.toml", "id =");
    }];
    for make in broken {
        make();
        let mut serving = program.serve();
        serving.process().wait_for("starting with the 1 portals kept on ");
        assert_eq!(status(serving.public, "/portal/bochum/x"), 200);
        assert_eq!(metric(&serving, "routes_from_disk"), 1.0);
        serving.stop().expect(0);
    }
    // What is kept is not believed when it is not whole; the rest of the gateway is there all the same.
    let kept = program.dir().join("data/routes.json");
    let text = fs::read_to_string(&kept).unwrap();
    fs::write(&kept, text.replacen("/portal/bochum", "/portal/anders", 1)).unwrap();
    let mut serving = program.serve();
    serving.process().wait_for("its checksum is wrong");
    assert_eq!((status(serving.public, "/portal/bochum/x"), status(serving.public, "/")), (404, 200));
    // The registry comes back while it serves; emptied on purpose, it is empty.
    program.write("config/portale.d/bochum.toml", &good);
    until("the registry", || status(serving.public, "/portal/bochum/x") == 200);
    assert_eq!(metric(&serving, "routes_from_disk"), 0.0);
    fs::remove_file(folder.join("bochum.toml")).unwrap();
    until("the empty table", || status(serving.public, "/portal/bochum/x") == 404);
    assert_eq!(metric(&serving, "routes_last_load_successful"), 1.0);
    serving.stop().expect(0);
}

#[test]
fn a_maintenance_is_said_ends_by_itself_and_touches_one_portal() {
    let program = Installation::new(EXE);
    let (bochum, herne) = (fake("bochum"), fake("herne"));
    let maintenance = |until: jiff::Timestamp| {
        let text = "Wir erneuern unsere Server.";
        format!("[maintenance]\ntext = \"{text}\"\nuntil = \"{until}\"\n{}", proxied("bochum", &bochum))
    };
    let now = config::clock::now();
    register(&program, "bochum", BOCHUM, &maintenance(now + jiff::SignedDuration::from_hours(2)));
    register(&program, "herne", HERNE, &proxied("herne", &herne));
    let serving = program.serve();
    let public = serving.public;
    let page = get(public, "/portal/bochum/x");
    answers(&page, 503, "Wir erneuern unsere Server.");
    let seconds: u64 = page.field("retry-after").unwrap().parse().unwrap();
    assert!((7_000..=7_200).contains(&seconds), "{seconds}");
    assert!(page.body.contains(" Uhr</strong>"), "{}", page.body);
    assert!(page.links().contains(&"tel:02349100".to_owned()), "{}", page.body);
    let problem = get_with(public, "/portal/bochum/x", "Accept: application/json\r\n");
    assert_eq!((problem.status, &problem.json()["code"]), (503, &"portal.maintenance".into()));
    assert!(problem.json()["detail"].as_str().unwrap().starts_with("Wir erneuern unsere Server."));
    answers(&get(public, "/portal/herne/x"), 200, "herne GET /x");
    assert_eq!(bochum.take_targets(), Vec::<String>::new());
    let said = program.run(&["routes", "test", "/portal/bochum/x", "--json"]).expect(0).json();
    assert_eq!(said["answer"], "maintenance", "{said}");
    // Nobody does anything for its end.
    let soon = config::clock::now() + jiff::SignedDuration::from_secs(8);
    register(&program, "bochum", BOCHUM, &maintenance(soon));
    until("the shorter maintenance", || {
        get(public, "/portal/bochum/x").field("retry-after").is_none_or(|seconds| seconds.parse::<u64>().unwrap() < 10)
    });
    until("the end", || status(public, "/portal/bochum/x") == 200);
    assert!(config::clock::now() >= soon);
    serving.stop().expect(0);
}

//! The demo as a citizen meets it: question, answer, form page of the right portal; and as a program meets it.

use std::net::SocketAddr;

use serde_json::Value;
use tests::client::{Answer, get, get_with, post_form};
use tests::program::{Installation, Running};

use crate::EXE;

/// The demo, listening.
struct Demo {
    address: SocketAddr,
    running: Running,
    /// Its data; they go with this value.
    _program: Installation,
}

impl Demo {
    fn start() -> Self {
        let program = Installation::new(EXE);
        let mut running = program.start(&["demo", "--dir", "demo"]);
        let line = running.wait_for("http://localhost:");
        let port: u16 = line.trim_start_matches("http://localhost:").trim_end_matches('/').parse().unwrap();
        Self { address: SocketAddr::from(([127, 0, 0, 1], port)), running, _program: program }
    }

    /// A page of ours, which is in order whatever it says.
    #[track_caller]
    fn page(&self, target: &str, status: u16) -> Answer {
        let page = get(self.address, target);
        assert_eq!(page.status, status, "{target}: {}", page.body);
        in_order(&page, target);
        assert!(page.field("content-security-policy").unwrap().contains("default-src 'none'"), "{target}");
        assert_eq!(page.field("x-content-type-options"), Some("nosniff"), "{target}");
        // A block of data is none that runs; the one that does stands in a file of ours.
        let scripts = page.body.replace("<script type=\"application/ld+json\">", "");
        assert!(scripts.matches("<script").count() == 1 && !page.body.contains("style="), "{target}: {}", page.body);
        page
    }

    #[track_caller]
    fn json(&self, target: &str, status: u16) -> Value {
        let answer = get(self.address, target);
        assert_eq!(answer.status, status, "{target}: {}", answer.body);
        assert_eq!(answer.field("access-control-allow-origin"), Some("*"), "{target}");
        answer.json()
    }

    /// Where a hand-over leads.
    #[track_caller]
    fn handed_over(&self, target: &str) -> String {
        let answer = get(self.address, target);
        assert_eq!(answer.status, 303, "{target}: {}", answer.body);
        let to = answer.field("location").unwrap();
        to.strip_prefix(&format!("http://localhost:{}", self.address.port())).unwrap().to_owned()
    }
}

#[track_caller]
fn in_order(page: &Answer, target: &str) {
    assert!(page.field("content-type").unwrap().starts_with("text/html"), "{target}");
    assert!(page.body.contains("<html lang=\"de\""), "{target}: {}", page.body);
    assert_eq!(page.body.matches("<h1").count(), 1, "{target}: {}", page.body);
    assert_eq!(page.body.matches("<title>").count(), 1, "{target}");
    assert_eq!(page.body.matches("<main").count(), 1, "{target}");
    assert!(page.field("content-security-policy").is_some(), "{target}");
}

#[track_caller]
fn link(page: &Answer, begins: &str) -> String {
    let links = page.links();
    links.iter().find(|link| link.starts_with(begins)).unwrap_or_else(|| panic!("{begins}: {links:?}")).clone()
}

#[test]
fn a_citizen_reaches_the_form_of_the_right_portal_in_three_clicks() {
    let demo = Demo::start();
    demo.page("/", 200);
    let results = demo.page("/suche?q=hund+anmelden+bochum", 200);
    // First click: the Leistung at the place. Second: apply online, which leads on to the form.
    let leistung = demo.page(&link(&results, "/leistung/99110009104000/"), 200);
    assert!(leistung.body.contains("Stadt Bochum"), "{}", leistung.body);
    let form_at = demo.handed_over(&link(&leistung, "/zu/99110009104000/059110000000"));
    assert_eq!(form_at, "/portal/stadt-bochum/dienste/hund-anmelden");
    // Or straight from the results, with a page between that says what to know before leaving.
    let bevor = demo.page(&link(&results, "/bevor/99110009104000/059110000000"), 200);
    for known in ["Bevor Sie starten", "Zuständige Stelle", "Konto und Anmeldung", "Stadt Bochum"] {
        assert!(bevor.body.contains(known), "{known}: {}", bevor.body);
    }
    assert_eq!(demo.handed_over(&link(&bevor, "/zu/")), form_at);
    let form = get(demo.address, &form_at);
    assert_eq!(form.status, 200);
    in_order(&form, &form_at);
    assert!(form.body.contains("Stadt Bochum") && form.field("via").is_some(), "{:?} {}", form.fields, form.body);
    let action = form.body.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(action, form_at);
    let style = link(&form, "/portal/stadt-bochum/");
    assert_eq!(get(demo.address, &style).status, 200, "{style}");
    let missing = post_form(demo.address, action, &[("rufname", "Bello")]);
    assert_eq!(missing.status, 422, "{}", missing.body);
    let received =
        post_form(demo.address, action, &[("rufname", "Bello"), ("rasse", "Dackel"), ("seit", "2026-11-01")]);
    assert_eq!(received.status, 200, "{}", received.body);
    assert!(received.body.contains("Bello") && received.body.contains("Antrag eingegangen"), "{}", received.body);
}

#[test]
fn several_answers_ask_and_no_answer_says_who_helps() {
    let demo = Demo::start();
    let several = demo.page("/zu/99059001104000/059580004004", 200);
    for office in ["Standesamt Arnsberg", "Standesamt Neheim"] {
        assert!(several.body.contains(office), "{}", several.body);
    }
    let chosen = link(&several, "/zu/99059001104000/059580004004?dienst=");
    assert_eq!(demo.handed_over(&chosen), "/portal/stadt-arnsberg/dienste/eheschliessung-anmelden");
    let answer = demo.json("/api/v1/responsible?leistung=99059001104000&ars=059580004004", 200);
    assert_eq!((answer["state"].as_str(), answer["answers"].as_array().unwrap().len()), (Some("ambiguous"), 2));
    let none = demo.page("/zu/99093003001002/055540004004", 200);
    for helper in ["Ahaus", "Kreis Borken", "115"] {
        assert!(none.body.contains(helper), "{}", none.body);
    }
    let answer = demo.json("/api/v1/responsible?leistung=99093003001002&ars=055540004004", 200);
    assert_eq!((answer["state"].as_str(), &answer["answers"]), (Some("none"), &Value::Array(Vec::new())));
    assert_eq!(answer["next"][1]["portal"], "kreis-borken");
    demo.page("/zu/99888000001001/059110000000", 404);
    demo.page("/leistung/99888000001001/x", 404);
    demo.page("/gibt/es/nicht", 404);
    demo.page("/suche?q=xyzzyqwert", 200);
}

#[test]
fn a_place_is_understood_in_the_question_and_beside_it() {
    let demo = Demo::start();
    for (target, text) in [
        ("q=hund+anmelden+bochum", "hund anmelden"),
        ("q=Hund+in+Bochum+anmelden", "hund anmelden"),
        ("q=44787+hund+anmelden", "hund anmelden"),
        ("q=hund+anmelden&ort=Bochum", "hund anmelden"),
        ("q=hund+anmelden&ort=44787", "hund anmelden"),
        ("q=hund+anmelden&ort=059110000000", "hund anmelden"),
    ] {
        let answer = demo.json(&format!("/api/v1/search?{target}"), 200);
        assert_eq!(answer["query"]["place"]["ars"], "059110000000", "{target}: {answer}");
        assert_eq!(answer["query"]["understood"].as_str().unwrap().to_lowercase(), text, "{target}");
        let best = &answer["hits"][0];
        assert_eq!(best["leistung"]["leistungsschluessel"][0], "99110009104000", "{target}: {best}");
        assert_eq!(
            (&best["leistung"]["source"]["portal"], &best["responsible"]["state"]),
            (&Value::from("stadt-bochum"), &Value::from("found"))
        );
        let page = demo.page(&format!("/suche?{target}"), 200);
        let onward = link(&page, "/bevor/");
        assert_eq!(onward.split('?').next(), Some("/bevor/99110009104000/059110000000"), "{target}");
    }
    // Online services of the Land stand beside the office in town.
    let wohngeld = demo.json("/api/v1/responsible?leistung=99107023017000&ars=059110000000", 200);
    assert_eq!(
        (wohngeld["answers"][0]["level"].as_str(), wohngeld["onlinedienste"][0]["level"].as_str()),
        (Some("Gemeinde"), Some("Land"))
    );
}

#[test]
fn a_place_and_a_situation_list_what_can_be_done_there_in_every_language() {
    let demo = Demo::start();
    for (prefix, lang, online) in
        [("", "de", "online möglich"), ("/en", "en", "online possible"), ("/leicht", "de-simple", "geht im Internet")]
    {
        let page = |path: &str| {
            let page = get(demo.address, &format!("{prefix}{path}"));
            assert_eq!(page.status, 200, "{prefix}{path}: {}", page.body);
            assert!(page.body.contains(&format!("<html lang=\"{lang}\">")), "{prefix}{path}");
            page
        };
        let town = page("/ort/059110000000/bochum");
        assert!(town.body.contains(online), "{}", town.body);
        let dog = link(&town, &format!("{prefix}/leistung/99110009104000/"));
        assert!(dog.ends_with("/059110000000"), "{dog}");
        let situation = link(&town, &format!("{prefix}/lebenslage/tierhaltung/"));
        let list = page(situation.strip_prefix(prefix).unwrap());
        assert!(link(&list, &format!("{prefix}/leistung/99110009104000/")).ends_with("/059110000000"));
        page("/lebenslagen");
        page("/lebenslage/geburt");
        // The place forms lead to the same pages.
        for (query, to) in [
            ("ort=Bochum", format!("{prefix}/ort/059110000000/bochum")),
            ("lebenslage=geburt&ort=Bochum", format!("{prefix}/lebenslage/geburt/059110000000")),
            ("leistung=99110009104000&ort=44787", dog.clone()),
        ] {
            let answer = get(demo.address, &format!("{prefix}/ort?{query}"));
            assert_eq!((answer.status, answer.field("location")), (303, Some(to.as_str())), "{query}");
        }
        let missing = get(demo.address, &format!("{prefix}/lebenslage/gibt-es-nicht"));
        assert!(missing.status == 404 && missing.body.contains(&format!("<html lang=\"{lang}\">")));
    }
    let moved = get(demo.address, "/ort/05911/bochum-west");
    assert_eq!((moved.status, moved.field("location")), (301, Some("/ort/059110000000/bochum")));
    assert_eq!(get(demo.address, "/ort/059119999999/x").status, 404);
}

#[test]
fn every_way_to_narrow_down_leads_to_as_many_hits_as_it_says() {
    let demo = Demo::start();
    let ask = |rest: &str| demo.json(&format!("/api/v1/search?q=antrag+beantragen&ort=Bochum&limit=1{rest}"), 200);
    let mut followed = 0;
    for already in ["", "&online=true", "&lebenslage=wohnen-umzug", "&adressat=001&online=false"] {
        for facet in ask(already)["facets"].as_array().unwrap() {
            let (name, value) = (facet["name"].as_str().unwrap(), facet["value"].as_str().unwrap());
            if already.contains(name) {
                continue;
            }
            let narrowed = ask(&format!("{already}&{name}={value}"));
            assert_eq!(narrowed["total"], facet["count"], "{already} and {facet}");
            followed += 1;
        }
    }
    assert!(followed > 20, "{followed}");
    // The page leads the same way, without losing the place or what holds already.
    let page = demo.page("/suche?q=antrag+beantragen&ort=Bochum&online=true", 200);
    let links = page.links();
    let ways: Vec<_> = links.iter().filter(|link| link.contains("lebenslage=")).collect();
    assert!((1..=6).contains(&ways.len()), "{links:?}");
    for way in ways {
        assert!(way.contains("ort=Bochum") && way.contains("online=true"), "{way}");
        let narrowed = demo.page(way, 200);
        assert!(narrowed.body.contains("Nur Lebenslage") && narrowed.body.contains("Nur Online-Angebote."), "{way}");
        let turned = narrowed.links().into_iter().filter(|link| link.contains("seite="));
        assert!(turned.into_iter().all(|link| link.contains("lebenslage=") && link.contains("online=true")), "{way}");
    }
    demo.page("/suche?q=hund&lebenslage=unbekannt", 400);
}

#[test]
fn the_interface_is_as_promised() {
    let demo = Demo::start();
    let answer = demo.json("/api/v1/search?q=hund+anmelden+bochum&limit=1", 200);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let has = |value: &Value, expected: &[&str]| {
        let keys = keys(value);
        assert!(expected.iter().all(|key| keys.iter().any(|known| known == key)), "{expected:?}: {value}");
    };
    has(&answer, &["query", "ambiguous", "total", "hits"]);
    has(&answer["query"], &["text", "understood", "corrected", "place", "lang"]);
    assert_eq!(answer["hits"].as_array().unwrap().len(), 1);
    let hit = &answer["hits"][0];
    has(hit, &["leistung", "score", "highlight", "responsible", "url"]);
    has(&hit["leistung"], &["id", "leistungsschluessel", "name", "kurztext", "lang", "source"]);
    assert_eq!(hit["leistung"]["id"], "DEMO.STADT-BOCHUM_hund-anmelden");
    assert_eq!(hit["url"], "/leistung/99110009104000/hund-anmelden/059110000000");
    let answer = demo.json("/api/v1/responsible?leistung=99110009104000&ars=059110000000", 200);
    has(&answer, &["state", "leistung", "place", "answers", "onlinedienste"]);
    has(&answer["answers"][0], &["organisationseinheit", "role", "level", "gebiet", "portal", "reason"]);
    has(&answer["onlinedienste"][0], &["id", "name", "url", "vertrauensniveau", "level"]);
    let unknown = demo.json("/api/v1/responsible?leistung=99110009104000&ars=059999999999", 200);
    assert_eq!(unknown["state"], "unknown_place");
    let unknown = demo.json("/api/v1/responsible?leistung=99888000001001&ars=059110000000", 200);
    assert_eq!(unknown["state"], "unknown_leistung");
    let leistung = demo.json("/api/v1/leistungen/99110009104000?ars=059110000000", 200);
    assert_eq!(leistung["name"], "Hund anmelden", "{leistung}");
    let places = demo.json("/api/v1/places?q=44787", 200);
    assert_eq!(
        (&places["places"][0]["name"], &places["places"][0]["level"]),
        (&Value::from("Bochum"), &Value::from("Gemeinde"))
    );
    let suggestions = demo.json("/api/v1/suggest?q=hund", 200);
    has(&suggestions["suggestions"][0], &["text", "leistungsschluessel", "url"]);
    assert_eq!(demo.json("/api/v1/openapi.json", 200)["openapi"].as_str().unwrap().get(..3), Some("3.1"));
    for (target, parameter, code) in [
        ("/api/v1/search?q=hund&farbe=rot", "farbe", "unknown_parameter"),
        ("/api/v1/search", "q", "missing_parameter"),
        ("/api/v1/search?q=a&q=b", "q", "repeated_parameter"),
        ("/api/v1/search?q=hund&limit=0", "limit", "bad_parameter"),
        ("/api/v1/search?q=hund&ort=Atlantis", "ort", "unknown_place"),
        ("/api/v1/search?q=hund&lebenslage=Atlantis", "lebenslage", "bad_parameter"),
        ("/api/v1/responsible?leistung=99110009104000&ars=5x", "ars", "bad_parameter"),
    ] {
        let problem = demo.json(target, 400);
        assert_eq!(
            (problem["parameter"].as_str(), problem["code"].as_str()),
            (Some(parameter), Some(code)),
            "{target}"
        );
        has(&problem, &["type", "title", "status", "detail", "code"]);
    }
    let first = get(demo.address, "/api/v1/search?q=hund");
    let tag = first.field("etag").unwrap();
    assert_eq!(get_with(demo.address, "/api/v1/search?q=hund", &format!("If-None-Match: {tag}\r\n")).status, 304);
}

#[test]
fn the_demo_drains_and_ends_well_when_it_is_told_to() {
    let demo = Demo::start();
    demo.page("/", 200);
    let ended = {
        demo.running.terminate();
        demo.running.end()
    };
    let ended = ended.expect(0);
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    assert!(std::net::TcpStream::connect(demo.address).is_err());
}

//! What citizens say, with the real program: taken or refused with their words still there, kept, and read by the right
//! people alone; and the pages that say who runs this.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gateway::registry::Registry;
use tests::client::{Answer, ask, get, get_with};
use tests::program::{Installation, Serving};

use crate::EXE;

const LINE: &str = r#"{"id": "1", "leistungsschluessel": "99108003022000", "bezeichnung": "Zebrafell anmelden", "stellen": [{"name": "Zebraamt", "telefon": "0234 5550"}]}"#;
const KEY: &str = "99108003022000";
const BOCHUM: &str = "059110000000";
const OURS: &str = "Origin: http://localhost\r\n";

/// The program with the portals `stadt` and `fremd`, and a token of an editor for each.
fn installed(more: &str) -> (Installation, String, String) {
    let program = Installation::new(EXE);
    program.configure(more);
    for (id, ars) in [("stadt", BOCHUM), ("fremd", "059160000000")] {
        program.write(
            &format!("config/portale.d/{id}.toml"),
            &format!("id = \"{id}\"\nname = \"Portal {id}\"\ngebiet = \"{ars}\"\nconnector = {{ kind = \"push\" }}\n"),
        );
    }
    let token = |name: &str, portal: &str| {
        program.run(&["account", "add", name, "--role", "editor"]).expect(0);
        program.run(&["account", "right", name, "--portal", portal, "--right", "deliver"]).expect(0);
        let made = program.run(&["token", "add", "--account", name, "--name", "t", "--portal", portal]).expect(0);
        made.stdout.split_whitespace().find(|word| word.starts_with("pvnrw_")).unwrap().to_owned()
    };
    let (of_stadt, of_fremd) = (token("red", "stadt"), token("andere", "fremd"));
    (program, of_stadt, of_fremd)
}

fn send(address: SocketAddr, path: &str, fields: &str, body: &[u8]) -> Answer {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n{fields}\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    ask(address, &[head.as_bytes(), body].concat()).unwrap_or_else(|error| panic!("no answer to POST {path}: {error}"))
}

fn post(address: SocketAddr, path: &str, form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    send(address, path, OURS, body.as_bytes())
}

fn messages(address: SocketAddr, token: &str, portal: &str) -> Answer {
    let target = format!("/api/v1/portals/{portal}/rueckmeldungen?limit=1000");
    get_with(address, &target, &format!("Authorization: Bearer {token}\r\n"))
}

/// Serves with a Leistung of the portal `stadt`.
fn serving(program: &Installation, token: &str) -> Serving {
    let serving = program.serve().ready();
    let head = format!(
        "POST /api/v1/portals/stadt/imports HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/x-ndjson\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{LINE}",
        LINE.len()
    );
    assert_eq!(ask(serving.public, head.as_bytes()).unwrap().status, 200);
    serving
}

#[test]
fn what_is_said_of_a_record_reaches_its_editors_and_nobody_else() {
    let (program, of_stadt, of_fremd) = installed("");
    let serving = serving(&program, &of_stadt);
    let address = serving.public;
    let page = get(address, &format!("/leistung/{KEY}/zebrafell-anmelden/{BOCHUM}"));
    assert_eq!(page.status, 200, "{}", page.body);
    let link = page.links().into_iter().find(|link| link.starts_with("/rueckmeldung?")).expect("a link to the form");
    let form = get(address, &link);
    assert!(form.body.contains("Zebrafell anmelden") && form.body.contains("Portal stadt"), "{}", form.body);
    assert_eq!((form.field("set-cookie"), form.field("x-robots-tag")), (None, Some("noindex")));
    let said = "Das Amt ist umgezogen, <b>Grüße</b>";
    let fields = [
        ("leistung", KEY),
        ("ars", BOCHUM),
        ("art", "falsche_stelle"),
        ("text", said),
        ("email", "erika@beispiel.example"),
    ];
    let sent = post(address, "/rueckmeldung", &fields);
    assert_eq!(sent.status, 303, "{}", sent.body);
    let thanks = get(address, sent.field("location").unwrap());
    let back = format!("/leistung/{KEY}/zebrafell-anmelden/{BOCHUM}");
    assert!(thanks.status == 200 && thanks.links().contains(&back), "{}", thanks.body);
    let barrier = post(address, "/en/barriere-melden", &[("text", "I cannot read the map")]);
    assert_eq!(barrier.field("location"), Some("/en/barriere-melden/danke"));
    let helped = post(address, "/rueckmeldung/hilfreich", &[("leistung", KEY), ("ars", BOCHUM), ("antwort", "nein")]);
    assert!(helped.field("location").unwrap().starts_with("/rueckmeldung/danke?gezaehlt=1"), "{helped:?}");
    let metrics = get(serving.internal, "/metrics").body;
    for line in [
        "feedback_messages_total{kind=\"falsche_stelle\"} 1",
        "feedback_messages_total{kind=\"barriere\"} 1",
        "helpful_answers_total{answer=\"no\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    let ended = serving.stop().expect(0);
    // It is there after a restart, for those whose it is.
    let serving = program.serve().ready();
    let own = messages(serving.public, &of_stadt, "stadt").json();
    let rows = own["messages"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{own}");
    assert_eq!((rows[0]["text"].as_str(), rows[0]["email"].as_str()), (Some(said), Some("erika@beispiel.example")));
    assert_eq!(rows[0]["url"], back.as_str());
    assert_eq!(messages(serving.public, &of_fremd, "stadt").status, 404);
    assert_eq!(messages(serving.public, &of_fremd, "fremd").json()["messages"], serde_json::json!([]));
    serving.stop().expect(0);
    let trail = program.run(&["audit", "export", "--json"]).expect(0).stdout;
    for secret in ["umgezogen", "erika@", "cannot read"] {
        for (place, text) in [("log", &ended.stderr), ("metrics", &metrics), ("trail", &trail)] {
            assert!(!text.contains(secret), "`{secret}` stands in the {place}");
        }
    }
}

#[test]
fn what_is_made_by_hand_is_refused_by_a_page_and_nothing_of_it_is_kept() {
    let (program, of_stadt, _) = installed("[feedback]\nper_hour = 3\n");
    let serving = serving(&program, &of_stadt);
    let address = serving.public;
    let form = |text: &str| format!("leistung={KEY}&art=link&text={text}").into_bytes();
    for (fields, body, expected) in [
        ("", form("Hallo"), 403),
        ("Origin: https://evil.example\r\n", form("Hallo"), 403),
        ("Origin: null\r\n", form("Hallo"), 403),
        ("Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost\r\n", form("Hallo"), 403),
        (OURS, form(""), 422),
        (OURS, form("%00%01%1B"), 422),
        (OURS, form(&"x".repeat(2_001)), 422),
        (OURS, form("Hallo&website=http%3A%2F%2Fspam.example"), 422),
        (OURS, form("Hallo&email=x%0D%0ABcc%3A+y%40z.example"), 422),
        (OURS, form("Hallo&text=noch+einmal"), 400),
        (OURS, form(&"%F0%9F%A6%93".repeat(10_000)), 413),
        (OURS, b"art=zebra&text=Hallo".to_vec(), 422),
    ] {
        let answer = send(address, "/rueckmeldung", fields, &body);
        assert_eq!(answer.status, expected, "{fields}{}", String::from_utf8_lossy(&body[..body.len().min(200)]));
        assert!(answer.body.contains("<form") && answer.body.contains("role=\"alert\""), "{}", answer.body);
        assert!(!answer.body.contains("\u{1b}") && answer.field("set-cookie").is_none());
        assert_eq!(answer.field("cache-control"), Some("no-store"));
    }
    assert_eq!(get(address, "/rueckmeldung/hilfreich").status, 405);
    assert_eq!(messages(address, &of_stadt, "stadt").json()["messages"], serde_json::json!([]));
    // Bytes that are no text become signs that are; nothing else of them is lost.
    let broken = send(address, "/rueckmeldung", OURS, &[form("Gr%FC%C3%9Fe+"), vec![0xff, 0xfe, b'x']].concat());
    assert_eq!(broken.status, 303, "{}", broken.body);
    for number in 0..4 {
        let answer = send(address, "/rueckmeldung", OURS, &form(&format!("Nummer+{number}")));
        let expected = if number < 2 { 303 } else { 429 };
        assert_eq!(answer.status, expected, "{number}");
        assert!(expected == 303 || answer.body.contains(&format!("Nummer {number}")), "the words stay");
    }
    let kept = messages(address, &of_stadt, "stadt").json();
    let texts: Vec<_> = kept["messages"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Nummer 1", "Nummer 0", "Gr\u{fffd}ße \u{fffd}\u{fffd}x"]);
    let metrics = get(serving.internal, "/metrics").body;
    for (reason, count) in [("cross_site", 4), ("trap", 1), ("rate", 2), ("store", 0)] {
        let line = format!("feedback_refused_total{{reason=\"{reason}\"}} {count}");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    serving.stop().expect(0);
}

#[test]
fn a_locked_database_is_said_and_the_words_stay_until_it_is_free() {
    let (program, of_stadt, _) = installed("");
    let serving = serving(&program, &of_stadt);
    let fields = [("art", "veraltet"), ("text", "Bitte nicht verlieren"), ("email", "a@b.example"), ("leistung", KEY)];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let registry = runtime.block_on(Registry::open(&program.dir().join("data/registry.db"))).unwrap();
    let held = runtime.block_on(registry.begin()).unwrap();
    let began = Instant::now();
    let answer = post(serving.public, "/rueckmeldung", &fields);
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    for text in ["Bitte nicht verlieren", "a@b.example", "value=\"veraltet\" checked", "nicht verloren"] {
        assert!(answer.body.contains(text), "{text} in {}", answer.body);
    }
    assert!(answer.field("retry-after").is_some());
    runtime.block_on(async {
        drop(held);
        registry.close().await;
    });
    let end = Instant::now() + Duration::from_secs(20);
    while post(serving.public, "/rueckmeldung", &fields).status != 303 {
        assert!(Instant::now() < end, "it is never taken again");
        std::thread::sleep(Duration::from_millis(200));
    }
    let kept = messages(serving.public, &of_stadt, "stadt").json();
    assert_eq!(kept["messages"].as_array().unwrap().len(), 1, "{kept}");
    serving.stop().expect(0);
}

#[test]
fn a_full_disk_loses_nothing_that_was_said_to_be_taken() {
    let (program, of_stadt, _) = installed("[feedback]\nper_hour = 10000\n");
    serving(&program, &of_stadt).stop().expect(0);
    // No file of the process grows beyond some hundred KB; what comes then fails as on a full disk.
    let running = program.start_with(&[], |command| {
        let mut limited = Command::new("sh");
        limited.args(["-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" serve", EXE]).current_dir(program.dir());
        limited.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        *command = limited;
    });
    let limited = Serving::begun(running).ready();
    let text = "🦓".repeat(1_900);
    let mut taken = 0;
    let refused = (0..250).find_map(|number| {
        let said = format!("{number} {text}");
        let answer = post(limited.public, "/rueckmeldung", &[("leistung", KEY), ("art", "anderes"), ("text", &said)]);
        match answer.status {
            303 => taken += 1,
            status => return Some((status, answer.body.contains(&said))),
        }
        None
    });
    assert_eq!(refused, Some((503, true)), "after {taken}");
    assert_eq!(get(limited.public, &format!("/leistung/{KEY}/zebrafell-anmelden")).status, 200, "pages go on");
    drop(limited);
    let serving = program.serve().ready();
    let kept = messages(serving.public, &of_stadt, "stadt").json();
    assert_eq!(kept["messages"].as_array().unwrap().len(), taken, "exactly what was said to be taken");
    assert_eq!(post(serving.public, "/rueckmeldung", &[("art", "link"), ("text", "Jetzt")]).status, 303);
    serving.stop().expect(0);
}

#[test]
fn who_runs_it_is_said_or_said_to_be_missing() {
    let program = Installation::new(EXE);
    let bare = program.run(&["check", "--format", "json"]).json();
    assert!(bare["warnings"].to_string().contains("[operator] is missing"), "{bare}");
    let serving = program.serve();
    let page = get(serving.public, "/impressum");
    assert!(page.status == 200 && page.body.contains("noch nicht eingetragen"), "{}", page.body);
    serving.stop().expect(0);
    program.configure(
        "[operator]\nname = \"Land Beispiel\"\nstrasse = \"Weg 1\"\nplz = \"40000\"\nort = \"Musterstadt\"\n\
         email = \"post@land.example\"\nimpressum_file = \"config/fehlt.txt\"\n",
    );
    let faulty = program.run(&["check", "--format", "json"]).json();
    assert!(faulty["faults"].to_string().contains("config/fehlt.txt"), "{faulty}");
    program.write("config/fehlt.txt", "# Land Beispiel\n\nEigene Worte\n");
    let stated = program.run(&["check", "--format", "json"]).json();
    assert!(!stated["faults"].to_string().contains("fehlt.txt"), "{stated}");
    assert!(stated["warnings"].to_string().contains("`barrierefreiheit`"), "{stated}");
    let serving = program.serve();
    assert!(get(serving.public, "/impressum").body.contains("Eigene Worte"));
    assert!(get(serving.public, "/datenschutz").body.contains("Land Beispiel"));
    for path in
        ["/hilfe", "/leicht/hilfe", "/en/hilfe", "/barrierefreiheit", "/daten", "/kurz", "/leicht/barriere-melden"]
    {
        let page = get(serving.public, path);
        assert!(page.status == 200 && page.field("set-cookie").is_none(), "{path}: {}", page.status);
    }
    serving.stop().expect(0);
}

#[test]
fn the_desk_gets_the_same_answer_in_short() {
    let (program, of_stadt, _) = installed("");
    let serving = serving(&program, &of_stadt);
    let answer = get(serving.public, &format!("/api/v1/answers?q=zebrafell+anmelden&ars={BOCHUM}")).json();
    let first = &answer["answers"][0];
    assert_eq!(first["offices"][0]["name"], "Zebraamt", "{answer}");
    assert_eq!(first["offices"][0]["phone"], "0234 5550", "{answer}");
    assert!(first["fee"].is_null() && first["online"].is_null(), "{answer}");
    assert!(!first["offices"][0]["reasons"].as_array().unwrap().is_empty(), "{answer}");
    let search = get(serving.public, "/api/v1/search?q=zebrafell+anmelden&ort=bochum").json();
    assert_eq!(first["leistung"]["id"], search["hits"][0]["leistung"]["id"]);
    assert_eq!(get(serving.public, first["url"].as_str().unwrap()).status, 200);
    let page = get(serving.public, "/kurz?q=zebrafell+anmelden&ort=bochum");
    assert!(page.status == 200 && page.body.contains("Zebraamt") && page.body.contains("0234 5550"), "{}", page.body);
    assert_eq!((page.field("x-robots-tag"), page.field("referrer-policy")), (Some("noindex"), Some("no-referrer")));
    let bad = get(serving.public, "/api/v1/answers?q=hund&ort=bochum");
    assert_eq!((bad.status, bad.json()["code"].as_str()), (400, Some("unknown_parameter")));
    serving.stop().expect(0);
}

//! A Bereitstelldienst of our own: tokens, blocks, and a cursor that is never ahead of what was taken.

use std::fs;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tests::delivery::{Stock, message};
use tests::portal::{FakePortal, Reply, Request};
use tests::program::Installation;

use crate::EXE;

const NRW: &str = "050000000000";
const PATH: &str = "/bereitstelldienst/api/v2/verwaltungsobjekte";

/// What the service does with a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Silence,
    NoXml,
    ForeignCursor,
    MissingField,
}

/// A service whose stock has a block of ten Leistungen at 0, 10, 20, up to an end.
#[derive(Debug, Default)]
struct Service {
    end: AtomicUsize,
    /// Tokens given out; the last of them is the one that is accepted.
    tokens: AtomicUsize,
    /// The block that goes wrong, and how.
    fault: Mutex<Option<(usize, Fault)>>,
    /// The block whose first request is told that its token has ended.
    expires_at: Mutex<Option<usize>>,
}

struct Dienst {
    program: Installation,
    server: FakePortal,
    service: Arc<Service>,
}

impl Dienst {
    fn new() -> Self {
        let program = Installation::new(EXE);
        let service = Arc::new(Service::default());
        service.end.store(30, Ordering::SeqCst);
        let answering = Arc::clone(&service);
        let server = FakePortal::start(move |request| match request.target.split('?').next() {
            Some("/token") => token(&answering, request),
            Some(PATH) => block(&answering, request),
            _ => Reply::status(404),
        });
        program.write("secret", "s3cr3t-value\n");
        program.write(
            "config/portale.d/pvog.toml",
            &format!(
                "id = \"pvog\"\nname = \"PVOG\"\ngebiet = \"{NRW}\"\nhosts = [\"*.example\"]\n[connector]\n\
                 kind = \"bereitstelldienst\"\nurl = \"{}\"\ntoken_url = \"{}\"\nclient_id = \"verbund\"\n\
                 client_secret_file = \"secret\"\n",
                server.url(&format!("{PATH}?index=0&ars=%25")),
                server.url("/token"),
            ),
        );
        program.configure("[crawl]\nretry_wait_ms = 10\nmax_tries = 2\n");
        Self { program, server, service }
    }

    fn fail_at(&self, fault: Option<(usize, Fault)>) {
        *self.service.fault.lock().unwrap() = fault;
    }

    /// The positions that were asked for since the last call.
    fn asked(&self) -> Vec<usize> {
        self.server.take_seen().iter().filter(|request| request.target.starts_with(PATH)).map(position).collect()
    }

    fn found(&self) -> u64 {
        let answer = self.program.run(&["search", "--json", "Apfelbaum"]).expect(0).json();
        answer["total"].as_u64().unwrap()
    }
}

fn position(request: &Request) -> usize {
    let query = request.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    let pairs: Vec<(String, String)> = pairs.collect();
    assert!(pairs.contains(&("ars".to_owned(), "%".to_owned())), "{pairs:?}");
    pairs.iter().find(|(name, _)| name == "index").unwrap().1.parse().unwrap()
}

fn token(service: &Service, request: &Request) -> Reply {
    let sent: Vec<(String, String)> = url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    for (name, value) in [("grant_type", "client_credentials"), ("client_id", "verbund")] {
        if !sent.contains(&(name.to_owned(), value.to_owned())) {
            return Reply::status(400);
        }
    }
    if request.method != "POST" || !sent.contains(&("client_secret".to_owned(), "s3cr3t-value".to_owned())) {
        return Reply::status(401);
    }
    let number = service.tokens.fetch_add(1, Ordering::SeqCst) + 1;
    let body = json!({"access_token": format!("token-{number}"), "token_type": "Bearer", "expires_in": 300});
    Reply::ok(body.to_string())
}

fn block(service: &Service, request: &Request) -> Reply {
    let at = position(request);
    let mut expires = service.expires_at.lock().unwrap();
    if *expires == Some(at) {
        *expires = None;
        return Reply::status(401);
    }
    let token = format!("Bearer token-{}", service.tokens.load(Ordering::SeqCst));
    if request.fields.get("authorization") != Some(&token) {
        return Reply::status(401);
    }
    let fault = service.fault.lock().unwrap().filter(|(place, _)| *place == at).map(|(_, fault)| fault);
    if fault == Some(Fault::Silence) {
        return Reply::Silence;
    }
    let end = service.end.load(Ordering::SeqCst);
    let next = (at + 10).min(end);
    let mut envelope = envelope(request, at..next, next == end);
    match fault {
        Some(Fault::NoXml) => envelope["xzufiObjekte"] = json!("<kaputt"),
        Some(Fault::ForeignCursor) => envelope["naechsteAnfrageUrl"] = json!("http://169.254.169.254/latest"),
        Some(Fault::MissingField) => drop(envelope.as_object_mut().unwrap().remove("vollstaendig")),
        _ => {}
    }
    Reply::ok(envelope.to_string())
}

fn envelope(request: &Request, numbers: Range<usize>, complete: bool) -> Value {
    let stock = Stock::new("PVOG", NRW);
    let entries: Vec<_> =
        numbers.clone().map(|number| stock.leistung(number, "Apfelbaum pflanzen", "<p>Text.</p>")).collect();
    let host = &request.fields["host"];
    json!({
        "xzufiObjekte": message(&entries), "vollstaendig": complete, "naechsterIndex": numbers.end,
        "naechsteAnfrageUrl": format!("http://{host}{PATH}?index={}&ars=%25", numbers.end),
        "anzahlObjekte": entries.len(),
    })
}

#[test]
fn blocks_are_taken_to_the_end_and_the_next_run_asks_only_for_what_is_new() {
    let dienst = Dienst::new();
    let report = dienst.program.import("pvog", &[]).expect(0).json();
    assert_eq!((report["outcome"].as_str(), report["added"].as_u64()), (Some("applied"), Some(30)), "{report}");
    assert_eq!(dienst.asked(), [0, 10, 20]);
    assert_eq!((dienst.found(), dienst.service.tokens.load(Ordering::SeqCst)), (30, 1));
    let report = dienst.program.import("pvog", &[]).expect(0).json();
    assert_eq!((dienst.asked(), report["added"].as_u64()), (vec![30], Some(0)));
    dienst.service.end.store(35, Ordering::SeqCst);
    let report = dienst.program.import("pvog", &[]).expect(0).json();
    assert_eq!((dienst.asked(), report["added"].as_u64()), (vec![30], Some(5)));
    assert_eq!(dienst.found(), 35);
}

#[test]
fn a_process_killed_between_two_blocks_goes_on_where_it_stood() {
    let dienst = Dienst::new();
    dienst.fail_at(Some((20, Fault::Silence)));
    let running = dienst.program.start(&["import", "--portal", "pvog"]);
    let began = std::time::Instant::now();
    let mut asked = Vec::new();
    while !asked.contains(&20) {
        assert!(began.elapsed().as_secs() < 60, "{asked:?}");
        asked.extend(dienst.asked());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(running.kill().status, -1);
    dienst.fail_at(None);
    let report = dienst.program.import("pvog", &[]).expect(0).json();
    assert_eq!((dienst.asked(), report["added"].as_u64()), (vec![20], Some(10)), "{report}");
    assert_eq!(dienst.found(), 30);
}

#[test]
fn a_token_that_ended_is_renewed_once() {
    let dienst = Dienst::new();
    *dienst.service.expires_at.lock().unwrap() = Some(10);
    dienst.program.import("pvog", &[]).expect(0);
    assert_eq!((dienst.asked(), dienst.service.tokens.load(Ordering::SeqCst)), (vec![0, 10, 10, 20], 2));
    assert_eq!(dienst.found(), 30);
}

#[test]
fn a_wrong_secret_is_a_finding_and_is_never_shown() {
    let dienst = Dienst::new();
    fs::write(dienst.program.dir().join("secret"), "wr0ng-value").unwrap();
    let ended = dienst.program.import("pvog", &[]).expect(3);
    assert_eq!(ended.json()["findings"][0]["rule"], "lauf.anmeldung");
    assert!(!ended.stdout.contains("wr0ng") && !ended.stderr.contains("wr0ng"), "{ended:?}");
    assert_eq!(dienst.asked(), Vec::<usize>::new());
}

#[test]
fn a_broken_block_leaves_the_earlier_ones_and_their_cursor() {
    for (fault, rule) in [
        (Fault::NoXml, "xml.wohlgeformt"),
        (Fault::ForeignCursor, "lauf.fremde.adresse"),
        (Fault::MissingField, "lauf.umschlag"),
    ] {
        let dienst = Dienst::new();
        dienst.fail_at(Some((20, fault)));
        let report = dienst.program.import("pvog", &[]).expect(3).json();
        assert_eq!((report["outcome"].as_str(), report["findings"][0]["rule"].as_str()), (Some("failed"), Some(rule)));
        assert_eq!((dienst.found(), dienst.asked()), (20, vec![0, 10, 20]), "{fault:?}");
        dienst.fail_at(None);
        dienst.program.import("pvog", &[]).expect(0);
        assert_eq!((dienst.found(), dienst.asked()), (30, vec![20]), "{fault:?}");
    }
}

#[test]
fn a_trial_changes_nothing_and_keeps_no_cursor() {
    let dienst = Dienst::new();
    let report = dienst.program.import("pvog", &["--dry-run"]).expect(0).json();
    assert_eq!(report["outcome"], "trial");
    dienst.asked();
    dienst.program.import("pvog", &[]).expect(0);
    assert_eq!((dienst.asked(), dienst.found()), (vec![0, 10, 20], 30));
}

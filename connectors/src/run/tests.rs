use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

const INDEX: &str = "https://portal.example.org/xzufi/index.txt?v=1";
const SERVICE: &str = "https://pvog.example.org/bereitstelldienst/api/v2/verwaltungsobjekte?index=0&ars=%25";

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn stored(bytes: u64) -> Outcome {
    Outcome::Stored(Stored { sha256: "00".into(), bytes, validators: Validators::default(), unchanged: false })
}

fn status(status: u16) -> Outcome {
    Outcome::Status { status, retry_after: None }
}

fn busy(seconds: u64) -> Outcome {
    Outcome::Status { status: 503, retry_after: Some(Duration::from_secs(seconds)) }
}

fn body(text: impl AsRef<[u8]>) -> Outcome {
    Outcome::Body(text.as_ref().to_vec())
}

/// Plays a run against a function that answers; gives what was asked, what was applied and how it ended.
fn play(mut run: Run, mut server: impl FnMut(&Request) -> Outcome) -> (Vec<Request>, Vec<Block>, Step) {
    let (mut asked, mut applied) = (Vec::new(), Vec::new());
    let mut elapsed = Duration::ZERO;
    for _ in 0..10_000 {
        match run.next_step(elapsed) {
            Step::Fetch(request) => {
                elapsed += request.wait + Duration::from_millis(1);
                run.answer(request.id, server(&request), elapsed);
                asked.push(request);
            }
            Step::Apply(block) => applied.push(block),
            Step::Pending => panic!("pending with every request answered"),
            end => return (asked, applied, end),
        }
    }
    panic!("the run does not end");
}

fn index_run(limits: Limits) -> Run {
    Run::Index(Box::new(IndexRun::over_http(url(INDEX), limits)))
}

fn rules(end: &Step) -> Vec<Rule> {
    match end {
        Step::Failed(findings) => findings.iter().map(|finding| finding.rule).collect(),
        other => panic!("not failed: {other:?}"),
    }
}

#[track_caller]
fn check_index(bytes: impl AsRef<[u8]>, expected: Result<&[&str], &[Rule]>) {
    let bytes = bytes.as_ref();
    let got = read_index(bytes, 10).map_err(|findings| findings.iter().map(|f| f.rule).collect::<Vec<_>>());
    let expected = expected
        .map(|names| names.iter().map(|name| name.to_string()).collect::<Vec<_>>())
        .map_err(|rules| rules.to_vec());
    assert_eq!(got, expected, "{:?}", String::from_utf8_lossy(bytes));
}

#[test]
fn an_index_is_a_list_of_plain_names() {
    check_index("a.xml\r\n b.xml \r\n\r\n", Ok(&["a.xml", "b.xml"]));
    check_index("\u{feff}a.xml\r\n", Ok(&["a.xml"]));
    check_index("Straße_1.xml", Ok(&["Straße_1.xml"]));
    check_index("", Err(&[Rule::IndexEmpty]));
    check_index("\r\n\n  \n", Err(&[Rule::IndexEmpty]));
    check_index("a.xml\nb.xml\na.xml\n", Err(&[Rule::IndexDuplicate]));
    check_index(" <!doctype html>\n<title>Anmeldung</title>\n", Err(&[Rule::IndexNotText]));
    check_index(b"M\xfcnster.xml\n", Err(&[Rule::IndexNotText]));
    check_index("a\n".repeat(3), Err(&[Rule::IndexDuplicate; 2]));
    check_index((0..11).map(|at| format!("{at}.xml\n")).collect::<String>(), Err(&[Rule::IndexLimit]));
    for line in [
        "../geheim.xml",
        "/absolut.xml",
        "..\\windows.xml",
        "https://angreifer.invalid/x.xml",
        "%2e%2e/kodiert.xml",
        "%2e%2e",
        "..",
        ".versteckt.xml",
        "x.xml?ars=1",
        "x.xml#anker",
        "unter/ordner.xml",
        "name mit leerzeichen.xml",
        "null\0byte.xml",
        "c:x.xml",
        "a\rb.xml",
        "a\u{202e}lmx.xml",
        &"x".repeat(201),
    ] {
        check_index(format!("gut.xml\n{line}\n"), Err(&[Rule::IndexLine]));
    }
}

#[test]
fn a_faulty_line_is_named_with_its_number() {
    let findings = read_index(b"a.xml\n\n../b.xml\n", 10).unwrap_err();
    assert_eq!((findings[0].line, findings[0].value.as_deref()), (Some(3), Some("../b.xml")));
}

#[test]
fn all_files_are_fetched_before_any_is_applied() {
    let mut run = index_run(Limits::default());
    let Step::Fetch(index) = run.next_step(Duration::ZERO) else { panic!() };
    assert_eq!(index.place.to_string(), INDEX);
    assert!(matches!(run.next_step(Duration::ZERO), Step::Pending));
    run.answer(index.id, body("b.xml\na.xml\n"), Duration::ZERO);
    let Step::Fetch(b) = run.next_step(Duration::ZERO) else { panic!() };
    let Step::Fetch(a) = run.next_step(Duration::ZERO) else { panic!() };
    assert_eq!(b.place.to_string(), "https://portal.example.org/xzufi/b.xml");
    run.answer(a.id, stored(1), Duration::ZERO);
    assert!(matches!(run.next_step(Duration::ZERO), Step::Pending));
    run.answer(a.id, status(500), Duration::ZERO);
    run.answer(b.id, stored(2), Duration::ZERO);
    let Step::Apply(Block::Index(documents)) = run.next_step(Duration::ZERO) else { panic!() };
    assert_eq!(documents.iter().map(|document| document.name.as_str()).collect::<Vec<_>>(), ["b.xml", "a.xml"]);
    assert!(matches!(run.next_step(Duration::ZERO), Step::Finished(Coverage::Whole)));
}

#[test]
fn one_missing_file_ends_the_run_with_nothing_applied() {
    let (_, applied, end) = play(index_run(Limits::default()), |request| match &request.what {
        What::Index => body("a.xml\nb.xml\n"),
        What::Document(name) if name == "a.xml" => stored(1),
        _ => status(404),
    });
    assert_eq!((applied, rules(&end)), (vec![], vec![Rule::FileMissing]));
}

#[test]
fn a_folder_run_asks_for_names() {
    let (asked, applied, end) = play(Run::Index(Box::new(IndexRun::in_folder(Limits::default()))), |request| {
        if request.what == What::Index { body("a.xml") } else { stored(1) }
    });
    let places: Vec<_> = asked.into_iter().map(|request| request.place).collect();
    assert_eq!(places, [Place::File("index.txt".into()), Place::File("a.xml".into())]);
    assert!(applied.len() == 1 && matches!(end, Step::Finished(Coverage::Whole)));
}

#[test]
fn the_files_together_have_a_limit() {
    let limits = Limits { max_run_bytes: 10, ..Limits::default() };
    let (_, applied, end) = play(index_run(limits), |request| match &request.what {
        What::Index => body("a.xml\nb.xml\n"),
        _ => stored(6),
    });
    assert_eq!((applied, rules(&end)), (vec![], vec![Rule::RunTooLong]));
}

#[track_caller]
fn check_tries(outcome: Outcome, waits: &[u64], rule: Rule) {
    let (asked, applied, end) = play(index_run(Limits::default()), |_| outcome.clone());
    let waited: Vec<_> = asked.iter().map(|request| request.wait.as_secs()).collect();
    assert_eq!((waited.as_slice(), applied, rules(&end)), (waits, vec![], vec![rule]), "{outcome:?}");
}

#[test]
fn only_what_may_get_better_is_tried_again_and_never_for_ever() {
    check_tries(status(429), &[0, 1, 2, 4], Rule::FetchStatus);
    check_tries(busy(7), &[0, 7, 7, 7], Rule::FetchStatus);
    check_tries(busy(3600), &[0], Rule::FetchPaused);
    check_tries(status(404), &[0], Rule::FetchStatus);
    check_tries(status(401), &[0], Rule::FetchStatus);
    check_tries(Outcome::Fault(Fault::Cut), &[0, 1, 2, 4], Rule::FetchCut);
    check_tries(Outcome::Fault(Fault::Unreachable("x".into())), &[0, 1, 2, 4], Rule::FetchFailed);
    check_tries(Outcome::Fault(Fault::Timeout(Duration::from_secs(9))), &[0], Rule::FetchTimeout);
    check_tries(Outcome::Fault(Fault::TooLarge(9)), &[0], Rule::FetchTooLarge);
    check_tries(Outcome::Fault(Fault::Refused("http://10.0.0.1/".into())), &[0], Rule::AddressRefused);
    check_tries(Outcome::Fault(Fault::RedirectForeign("http://x.example/".into())), &[0], Rule::RedirectForeign);
}

fn envelope(complete: bool, index: u64, next: &str) -> String {
    serde_json::json!({
        "xzufiObjekte": "<x/>", "vollstaendig": complete, "naechsterIndex": index,
        "naechsteAnfrageUrl": next, "anzahlObjekte": 1
    })
    .to_string()
}

fn page(index: u64) -> String {
    format!("https://pvog.example.org/bereitstelldienst/api/v2/verwaltungsobjekte?index={index}&ars=%25")
}

fn service_run(token: bool, cursor: Option<Cursor>, limits: Limits) -> Run {
    let token = token.then(|| (url("https://login.example.org/token"), "wir".to_owned()));
    Run::Bereitstelldienst(Box::new(BereitstelldienstRun::new(url(SERVICE), token, cursor, limits)))
}

/// Plays a run without a token whose every request is answered by the next of `answers`.
fn play_service(answers: &[String]) -> (Vec<Request>, Vec<Block>, Step) {
    let mut answers = answers.iter();
    play(service_run(false, None, Limits::default()), |_| body(answers.next().expect("one request too many")))
}

#[test]
fn blocks_follow_each_other_and_bring_their_cursor() {
    let (asked, applied, end) = play_service(&[envelope(false, 6, &page(6)), envelope(true, 6, &page(6))]);
    assert!(matches!(end, Step::Finished(Coverage::Part)));
    assert_eq!(asked.iter().map(|request| request.place.to_string()).collect::<Vec<_>>(), [page(0), page(6)]);
    let cursors: Vec<_> = applied
        .iter()
        .map(|block| match block {
            Block::Message(it) => (it.from.to_string(), it.cursor.url.to_string(), it.cursor.index),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(cursors, [(page(0), page(6), 6), (page(6), page(6), 6)]);
}

#[test]
fn a_run_goes_on_from_its_own_cursor_only() {
    let cursor = |start: &str, at: &str| Some(Cursor { start: url(start), url: url(at), index: 6 });
    for (cursor, first) in [
        (cursor(SERVICE, &page(6)), page(6)),
        (cursor(SERVICE, "https://other.example.org/"), page(0)),
        (cursor("https://other.example.org/", &page(6)), page(0)),
        (None, page(0)),
    ] {
        let Step::Fetch(request) = service_run(false, cursor, Limits::default()).next_step(Duration::ZERO) else {
            panic!()
        };
        assert_eq!(request.place.to_string(), first);
    }
}

#[track_caller]
fn check_envelope(text: &str, rule: Rule) {
    let (asked, applied, end) = play_service(&[text.to_owned()]);
    assert_eq!((asked.len(), applied, rules(&end)), (1, vec![], vec![rule]), "{text}");
}

#[test]
fn an_envelope_that_does_not_lead_on_is_not_applied() {
    check_envelope(&envelope(false, 0, SERVICE), Rule::CursorStuck);
    for next in [
        "http://169.254.169.254/latest/meta-data",
        "http://pvog.example.org/bereitstelldienst/api/v2/verwaltungsobjekte?index=9",
        "https://pvog.example.org:444/bereitstelldienst/api/v2/verwaltungsobjekte?index=9",
        "https://pvog.example.org/andere?index=9",
        "https://pvog.example.org/bereitstelldienst/api/v2/verwaltungsobjekte2?index=9",
        "https://pvog.example.org/bereitstelldienst/api/v2/verwaltungsobjekte/../../x",
        "https://pvog.example.org/bereitstelldienst/api/v2/verwaltungsobjekte/%2e%2e/x",
        "https://wir:geheim@pvog.example.org/bereitstelldienst/api/v2/verwaltungsobjekte?index=9",
        "verwaltungsobjekte?index=9",
        "",
    ] {
        check_envelope(&envelope(false, 9, next), Rule::CursorForeign);
        check_envelope(&envelope(true, 9, next), Rule::CursorForeign);
    }
}

#[test]
fn an_envelope_must_be_whole_and_of_the_right_types() {
    check_envelope(r#"{"xzufiObjekte": null, "vollstaendig": "ja"}"#, Rule::EnvelopeInvalid);
    let good = envelope(true, 1, &page(1));
    for (from, to) in [
        ("\"vollstaendig\":true", "\"vollstaendig\":\"true\""),
        ("\"vollstaendig\":true", "\"vollstaendig\":true,\"vollstaendig\":false"),
        ("\"xzufiObjekte\":\"<x/>\"", "\"xzufiObjekte\":{}"),
        ("\"naechsterIndex\":1", "\"naechsterIndex\":-1"),
        ("\"naechsterIndex\":1", "\"naechsterIndex\":1.5"),
        ("\"naechsterIndex\":1", "\"naechsterIndex\":null"),
        ("\"anzahlObjekte\":1", "\"anzahlObjekte\":\"1\""),
        ("\"anzahlObjekte\":1,", ""),
    ] {
        assert!(good.contains(from), "{from} in {good}");
        check_envelope(&good.replace(from, to), Rule::EnvelopeInvalid);
    }
    check_envelope("", Rule::EnvelopeInvalid);
    check_envelope("<html></html>", Rule::EnvelopeInvalid);
    check_envelope(&format!("{good}{good}"), Rule::EnvelopeInvalid);
    check_envelope(good.trim_end_matches('}'), Rule::EnvelopeInvalid);
}

#[test]
fn the_index_grows_from_block_to_block() {
    let (_, applied, end) = play_service(&[envelope(false, 6, &page(6)), envelope(false, 6, &page(7))]);
    assert_eq!((applied.len(), rules(&end)), (1, vec![Rule::CursorStuck]));
    let (_, applied, end) = play_service(&[envelope(false, 6, &page(6)), envelope(false, 9, SERVICE)]);
    assert_eq!((applied.len(), rules(&end)), (1, vec![Rule::CursorStuck]));
    let (_, applied, end) = play_service(&[envelope(false, 6, &page(6)), envelope(true, 3, &page(3))]);
    assert_eq!((applied.len(), rules(&end)), (1, vec![Rule::CursorStuck]));
}

#[test]
fn a_run_ends_after_its_maximum_of_blocks() {
    let mut at = 0;
    let (_, applied, end) = play(service_run(false, None, Limits { max_blocks: 5, ..Limits::default() }), |_| {
        at += 1;
        body(envelope(false, at, &page(at)))
    });
    assert_eq!((applied.len(), rules(&end)), (4, vec![Rule::RunTooLong]));
}

/// A service that wants tokens: each block costs 100 s. Gives the kinds of request in order and the end.
fn play_tokens(token: &str, mut refuses: impl FnMut(usize, &str) -> bool) -> (Vec<String>, Step) {
    let (mut run, mut elapsed) = (service_run(true, None, Limits::default()), Duration::ZERO);
    let (mut asked, mut blocks, mut tokens) = (Vec::new(), 0, 0);
    for _ in 0..1000 {
        match run.next_step(elapsed) {
            Step::Fetch(request) => {
                elapsed += request.wait;
                let outcome = match (&request.what, &request.authorization) {
                    (What::Token { client_id }, None) => {
                        assert_eq!(
                            (client_id.as_str(), request.place.to_string()),
                            ("wir", "https://login.example.org/token".into())
                        );
                        tokens += 1;
                        asked.push("token".to_owned());
                        body(token.replace("#", &tokens.to_string()))
                    }
                    (What::Envelope, Some(authorization)) => {
                        elapsed += Duration::from_secs(100);
                        asked.push(authorization.header().to_owned());
                        if refuses(asked.len(), authorization.header()) {
                            status(401)
                        } else {
                            blocks += 1;
                            body(envelope(blocks == 3, blocks, &page(blocks)))
                        }
                    }
                    other => panic!("{other:?}"),
                };
                run.answer(request.id, outcome, elapsed);
            }
            Step::Apply(_) => {}
            Step::Pending => panic!("pending"),
            end => return (asked, end),
        }
    }
    panic!("the run does not end");
}

#[test]
fn a_token_is_renewed_before_it_ends() {
    let (asked, _) = play_tokens(r##"{"token_type":"Bearer","access_token":"a#","expires_in":300}"##, |_, _| false);
    assert_eq!(asked, ["token", "Bearer a1", "Bearer a1", "Bearer a1"]);
    let (asked, _) = play_tokens(r##"{"token_type":"Bearer","access_token":"a#","expires_in":204}"##, |_, _| false);
    assert_eq!(asked, ["token", "Bearer a1", "Bearer a1", "token", "Bearer a2"]);
    let (asked, _) = play_tokens(r##"{"token_type":"Bearer","access_token":"a#","expires_in":0}"##, |_, _| false);
    assert_eq!(asked, ["token", "Bearer a1", "token", "Bearer a2", "token", "Bearer a3"]);
    // {"iat":1000,"exp":1104} in the middle part
    let jwt = r##"{"token_type":"Bearer","access_token":"#.eyJpYXQiOjEwMDAsImV4cCI6MTEwNH0.x"}"##;
    let (asked, _) = play_tokens(jwt, |_, _| false);
    assert_eq!(asked.iter().filter(|kind| *kind == "token").count(), 3, "{asked:?}");
}

#[test]
fn a_refused_token_is_renewed_once() {
    let token = r##"{"token_type":"Bearer","access_token":"a#"}"##;
    let (asked, end) = play_tokens(token, |_, header| header == "Bearer a1");
    assert_eq!(asked, ["token", "Bearer a1", "token", "Bearer a2", "Bearer a2", "Bearer a2"]);
    assert!(matches!(end, Step::Finished(Coverage::Part)));
    let (asked, end) = play_tokens(token, |_, _| true);
    assert_eq!((asked.len(), rules(&end)), (4, vec![Rule::AuthFailed]));
}

#[test]
fn a_token_answer_that_is_none_fails_without_showing_it() {
    for answer in
        ["", "{}", r#"{"token_type":"Bearer","access_token":"geheim\r\nX: y"}"#, r#"{"access_token":"geheim"}"#]
    {
        let (_, _, end) = play(service_run(true, None, Limits::default()), |_| body(answer));
        assert_eq!(rules(&end), [Rule::AuthFailed]);
        assert!(!format!("{end:?}").contains("geheim"));
    }
    let (asked, _, end) = play(service_run(true, None, Limits::default()), |_| status(503));
    assert_eq!((asked.len(), rules(&end)), (4, vec![Rule::FetchStatus]));
    let (asked, _, end) = play(service_run(true, None, Limits::default()), |_| status(400));
    assert_eq!((asked.len(), rules(&end)), (1, vec![Rule::AuthFailed]));
    assert_eq!(format!("{:?}", Authorization("Bearer geheim".into())), "Authorization(…)");
}

#[test]
fn short_tokens_do_not_make_a_failing_block_be_asked_for_ever() {
    let (asked, _, end) = play(service_run(true, None, Limits::default()), |request| match request.what {
        What::Token { .. } => body(r#"{"token_type":"Bearer","access_token":"a","expires_in":1}"#),
        _ => status(503),
    });
    assert_eq!((asked.len(), rules(&end)), (8, vec![Rule::FetchStatus]));
}

#[test]
fn a_service_without_a_token_that_wants_one_fails() {
    let (asked, _, end) = play(service_run(false, None, Limits::default()), |_| status(401));
    assert_eq!((asked.len(), rules(&end)), (1, vec![Rule::AuthFailed]));
}

proptest! {
    #[test]
    fn whatever_is_listed_stays_beside_the_index(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,40}") {
        for input in [bytes, text.into_bytes()] {
            for name in read_index(&input, 100).unwrap_or_default() {
                let (asked, _, _) = play(index_run(Limits::default()), |request| match request.what {
                    What::Index => body(&name),
                    _ => stored(1),
                });
                let Place::Url(file) = &asked[1].place else { panic!() };
                prop_assert!(crate::egress::same_origin(file, &url(INDEX)));
                prop_assert_eq!(file.path_segments().unwrap().collect::<Vec<_>>().len(), 2);
                prop_assert!(file.path().starts_with("/xzufi/") && file.query().is_none());
            }
        }
    }

    #[test]
    fn no_envelope_panics(text in "\\PC{0,80}") {
        let (_, applied, _) = play_service(&[text]);
        prop_assert!(applied.is_empty());
    }
}

/// The folder of hand-written samples, where this checkout has it beside it.
fn samples() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/samples");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("left out: there are no samples at {}", folder.display());
    None
}

#[test]
fn the_samples_get_the_verdicts_of_their_table() {
    let Some(folder) = samples() else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let index = |name: &str| {
        read_index(&read(name), 100).map_err(|findings| findings.iter().map(|finding| finding.rule).collect::<Vec<_>>())
    };
    assert_eq!(index("index.txt").map(|names| names.len()), Ok(6));
    assert_eq!(index("bad/index-bom.txt"), Ok(vec!["01-leistung-voll.xml".to_owned()]));
    assert_eq!(index("bad/index-unvollstaendig.txt").map(|names| names.len()), Ok(1));
    assert_eq!(index("bad/index-leer.txt"), Err(vec![Rule::IndexEmpty]));
    assert_eq!(index("bad/index-nur-leerzeilen.txt"), Err(vec![Rule::IndexEmpty]));
    assert_eq!(index("bad/index-html.txt"), Err(vec![Rule::IndexNotText]));
    let paths = index("bad/index-pfade.txt").unwrap_err();
    assert_eq!(paths, [[Rule::IndexLine; 11].as_slice(), &[Rule::IndexDuplicate]].concat());
    let (_, applied, end) = play(index_run(Limits::default()), |request| match &request.what {
        What::Index => body(read("bad/index-fehlende-datei.txt")),
        What::Document(name) if folder.join(name).is_file() => stored(1),
        _ => status(404),
    });
    assert_eq!((applied.len(), rules(&end)), (0, vec![Rule::FileMissing]));

    let play_files = |names: &[&str]| {
        let mut names = names.iter();
        play(service_run(false, None, Limits::default()), |_| body(read(names.next().unwrap())))
    };
    let (_, applied, end) = play_files(&["bereitstelldienst-1.json", "bereitstelldienst-2.json"]);
    assert!(matches!(end, Step::Finished(Coverage::Part)));
    let Some(Block::Message(last)) = applied.last() else { panic!("{applied:?}") };
    let cursor = &last.cursor;
    assert_eq!((cursor.url.to_string(), cursor.index, applied.len()), (page(6), 6, 2));
    for (name, rule) in [
        ("bad/bereitstelldienst-schleife.json", Rule::CursorStuck),
        ("bad/bereitstelldienst-fremder-host.json", Rule::CursorForeign),
        ("bad/bereitstelldienst-felder-fehlen.json", Rule::EnvelopeInvalid),
    ] {
        let (asked, applied, end) = play_files(&[name]);
        assert_eq!((asked.len(), applied.len(), rules(&end)), (1, 0, vec![rule]), "{name}");
    }
    // The envelope is right; its message is not, which the reader of XZuFi finds before anything is kept.
    let (_, applied, _) = play_files(&["bad/bereitstelldienst-kein-xml.json"]);
    assert!(matches!(&applied[..], [Block::Message(message)] if message.xml == "<kaputt"));
}

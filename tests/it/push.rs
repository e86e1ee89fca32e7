//! What portals hand in, over HTTP with the real program: seen at once, kept over restarts, never another portal's.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::client::{Answer, ask, get};
use tests::program::Installation;

use crate::EXE;

const LINE: &str = r#"{"id": "1", "leistungsschluessel": "99108003022000", "bezeichnung": "Zebrafell anmelden", "stellen": [{"name": "Zebraamt"}]}"#;

/// The program with the portals `stadt` and `fremd`, which hand in, and a token for the first.
fn installed() -> (Installation, String) {
    let program = Installation::new(EXE);
    for (id, ars) in [("stadt", "059110000000"), ("fremd", "059160000000")] {
        program.write(
            &format!("config/portale.d/{id}.toml"),
            &format!("id = \"{id}\"\nname = \"Portal {id}\"\ngebiet = \"{ars}\"\nconnector = {{ kind = \"push\" }}\n"),
        );
    }
    program.run(&["account", "add", "red", "--role", "editor"]).expect(0);
    program.run(&["account", "right", "red", "--portal", "stadt", "--right", "deliver"]).expect(0);
    let made = program.run(&["token", "add", "--account", "red", "--name", "t", "--portal", "stadt"]).expect(0);
    let token =
        made.stdout.split_whitespace().find(|word| word.starts_with("pvnrw_")).unwrap_or_else(|| panic!("{made:?}"));
    let token = token.to_owned();
    (program, token)
}

fn push(address: SocketAddr, token: &str, path: &str, key: &str, body: &str) -> std::io::Result<Answer> {
    let mut head =
        format!("POST /api/v1/portals/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n");
    head.push_str("Content-Type: application/x-ndjson\r\nConnection: close\r\n");
    if !key.is_empty() {
        let _ = write!(head, "Idempotency-Key: {key}\r\n");
    }
    let _ = write!(head, "Content-Length: {}\r\n\r\n{body}", body.len());
    ask(address, head.as_bytes())
}

fn found(address: SocketAddr, word: &str) -> bool {
    let answer = get(address, &format!("/api/v1/search?q={word}")).json();
    answer["hits"].as_array().is_some_and(|hits| hits.iter().any(|hit| hit.to_string().contains("stadt_1")))
}

fn verdict(answer: &Value) -> &str {
    answer["records"][0]["verdict"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn what_is_pushed_is_found_at_once_and_the_same_after_a_restart() {
    let (program, token) = installed();
    let serving = program.serve().ready();
    let began = Instant::now();
    let body = format!("{LINE}\nkaputt\n");
    let tried = push(serving.public, &token, "stadt/imports?dry_run=true", "", &body).unwrap();
    assert_eq!((tried.status, verdict(&tried.json())), (200, "taken"));
    assert!(!found(serving.public, "Zebrafell"), "a trial changes nothing");
    let first = push(serving.public, &token, "stadt/imports", "k-1", &body).unwrap();
    let answer = first.json();
    assert_eq!((first.status, verdict(&answer)), (200, "taken"), "{answer}");
    let broken = &answer["records"][1];
    assert_eq!((&broken["line"], &broken["verdict"]), (&Value::from(2), &Value::from("quarantined")), "{answer}");
    let url = answer["records"][0]["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap().to_owned();
    assert_eq!(get(serving.public, &url).status, 200, "{url}");
    assert!(found(serving.public, "Zebrafell"));
    let seen = began.elapsed();
    println!("pushed, answered and found in {} ms", seen.as_millis());
    assert!(seen < Duration::from_secs(60), "{seen:?}");
    assert_eq!(push(serving.public, &token, "fremd/imports", "", &body).unwrap().status, 404);
    serving.stop();
    let serving = program.serve().ready();
    let again = push(serving.public, &token, "stadt/imports", "k-1", &body).unwrap();
    assert_eq!((again.status, again.json()), (200, answer), "the same answer, also after a restart");
    let other = push(serving.public, &token, "stadt/imports", "k-1", LINE).unwrap();
    assert_eq!((other.status, &other.json()["code"]), (422, &Value::from("idempotency_key_reused")));
    assert_eq!(get(serving.public, &url).status, 200);
    serving.stop();
}

#[test]
fn a_delivery_that_is_killed_is_there_or_not_and_comes_whole_when_it_is_sent_again() {
    let (program, token) = installed();
    let stock: String = (1..=400)
        .map(|n| {
            format!("{{\"id\": \"{n}\", \"bezeichnung\": \"Zebrafell {n}\", \"stellen\": [{{\"name\": \"Amt\"}}]}}\n")
        })
        .collect();
    let mut answered = false;
    for delay in [5, 40, 120, 300] {
        let serving = program.serve().ready();
        let (address, token, stock) = (serving.public, token.clone(), stock.clone());
        let pushing = std::thread::spawn(move || push(address, &token, "stadt/imports", "k-9", &stock));
        std::thread::sleep(Duration::from_millis(delay));
        serving.kill();
        answered |= pushing.join().unwrap().is_ok_and(|answer| answer.status == 200);
    }
    let serving = program.serve().ready();
    let answer = push(serving.public, &token, "stadt/imports", "k-9", &stock).unwrap();
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    let verdicts: Vec<_> = answer["records"].as_array().unwrap().iter().map(|one| one["verdict"].clone()).collect();
    assert_eq!(verdicts.len(), 400, "answered before: {answered}");
    let first = verdicts[0].clone();
    assert!(verdicts.iter().all(|one| *one == first), "wholly there or not at all");
    assert!(first == "taken" || first == "unchanged", "{first}");
    assert!(found(serving.public, "Zebrafell"));
    serving.stop();
}

#[test]
fn a_gateway_without_the_indexer_takes_nothing_and_says_so() {
    let (program, token) = installed();
    program.serve().ready().stop();
    let serving = tests::program::Serving::begun(program.start(&["serve", "--only", "gateway"]));
    let answer = push(serving.public, &token, "stadt/imports", "", LINE).unwrap();
    assert_eq!((answer.status, &answer.json()["code"]), (503, &Value::from("intake_closed")));
}

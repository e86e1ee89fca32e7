//! The cases of `testdata/cache-cases.txt`, over real sockets against a portal that says what each step tells it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::fake::{Conn, Gateway, Plan, Upstream, portal_at};

/// Cases that there are at least, so that none goes unnoticed.
const REQUIRED: usize = 346;
const OPTIONAL: usize = 244;

const TABLE: &str = include_str!("../../testdata/cache-cases.txt");
/// Optional behaviours that we do not have, each with its reason beside it in the table.
const WITHOUT: &[&str] = &[
    "partial-completed-by-the-missing-rest",
    "interim-103-passed-on",
    "interim-102-passed-on",
    "language-selected-by-content-language",
    "vary-miss-validated-by-all-tags",
    "post-answer-kept-for-get",
];

#[derive(Clone, Debug)]
struct Case {
    id: String,
    required: bool,
    source: String,
    portal: &'static str,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Wait(Duration),
    Ask { method: String, below: String, fields: String, said: Option<String>, checks: Vec<String> },
}

/// What the portal has been told to say in a case, and the heads that it got.
#[derive(Default)]
struct Said {
    answer: Vec<u8>,
    seen: Vec<String>,
}

type Book = Arc<Mutex<HashMap<String, Said>>>;

fn read_table() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for block in TABLE.split("\n[").skip(1) {
        let (head, steps) = block.split_once('\n').unwrap();
        let (id, rest) = head.split_once("] ").unwrap();
        let (rest, values) = match (rest.split_once(" for "), rest.split_once(" each ")) {
            (Some((rest, values)), _) => (rest, values.split_whitespace().map(str::to_owned).collect()),
            (_, Some((rest, values))) => (rest, values.split(" || ").map(|value| value.trim().to_owned()).collect()),
            _ => (rest, vec![String::new()]),
        };
        let words: Vec<_> = rest.split_whitespace().collect();
        let plain = values.iter().all(|value| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        for (at, value) in values.iter().enumerate() {
            let named = if plain { value.clone() } else { at.to_string() };
            cases.push(Case {
                id: id.replace('$', &named),
                required: match words[0] {
                    "required" => true,
                    "optional" => false,
                    other => panic!("{id}: {other}"),
                },
                source: words[1].to_owned(),
                portal: if words.contains(&"credentials") { "b" } else { "a" },
                steps: steps
                    .lines()
                    .filter(|line| !line.is_empty() && !line.starts_with('#'))
                    .map(|line| read_step(&line.replace('$', value)))
                    .collect(),
            });
        }
    }
    cases
}

fn read_step(line: &str) -> Step {
    if let Some(seconds) = line.strip_prefix("wait ") {
        return Step::Wait(Duration::from_secs_f64(seconds.parse().unwrap()));
    }
    let (ask, checks) = line.split_once(" => ").unwrap_or_else(|| panic!("no checks in {line}"));
    let (ask, said) = match ask.split_once(" -> ") {
        Some((ask, said)) => (ask, Some(said.to_owned())),
        None => (ask, None),
    };
    let (ask, fields) = match ask.split_once(" {") {
        Some((ask, fields)) => (ask, fields.trim_end_matches('}')),
        None => (ask, ""),
    };
    let (method, below) = ask.split_once(' ').unwrap_or((ask, ""));
    Step::Ask {
        method: method.to_owned(),
        below: below.to_owned(),
        fields: lines(fields),
        said,
        checks: checks.split(" & ").map(|check| check.trim().to_owned()).collect(),
    }
}

/// `A: b | C: d` as lines of a head, `@N` as the date N seconds from now.
fn lines(fields: &str) -> String {
    fields.split(" | ").filter(|field| !field.is_empty()).map(|field| format!("{}\r\n", dated(field))).collect()
}

fn dated(field: &str) -> String {
    let Some((name, seconds)) = field.split_once('@') else { return field.to_owned() };
    let (seconds, rest) = seconds.split_once('~').unwrap_or((seconds, ""));
    let seconds: i64 = seconds.parse().unwrap();
    let now: SystemTime = config::clock::now().into();
    let by = Duration::from_secs(seconds.unsigned_abs());
    let then = if seconds < 0 { now - by } else { now + by };
    format!("{name}{}{rest}", httpdate::fmt_http_date(then))
}

/// The bytes of an answer: `[STATUS] | field | ... [| body=TEXT] [| chunked] [| cut] [| unframed] [| close]`.
fn answer(said: &str, method: &str, number: usize) -> Vec<u8> {
    let mut parts = said.split(" | ").peekable();
    let status: u16 = match parts.peek().and_then(|first| first.parse().ok()) {
        Some(status) => {
            parts.next();
            status
        }
        None => 200,
    };
    let (mut head, mut body) = (format!("HTTP/1.1 {status} X\r\n"), format!("b{number}"));
    let (mut chunked, mut cut, mut unframed, mut has_date) = (false, false, false, false);
    let mut before = String::new();
    for part in parts {
        match part {
            "chunked" => chunked = true,
            "cut" => cut = true,
            "unframed" => unframed = true,
            "close" => return Vec::new(),
            "nodate" => has_date = true,
            "" => {}
            _ => match part.split_once('=') {
                Some(("body", text)) => text.clone_into(&mut body),
                Some(("interim", status)) => before = format!("HTTP/1.1 {status} X\r\nLink: </a>\r\n\r\n"),
                _ => {
                    has_date |= part.to_ascii_lowercase().starts_with("date:");
                    head.push_str(&lines(part));
                }
            },
        }
    }
    if !has_date {
        head.push_str(&lines("Date: @0"));
    }
    let none = matches!(status, 204 | 304);
    let length = body.len() + if cut { 10 } else { 0 };
    if chunked {
        head.push_str("Transfer-Encoding: chunked\r\n");
        body = format!("{:x}\r\n{body}\r\n{}", body.len(), if cut { "" } else { "0\r\nX-Trailer: t\r\n\r\n" });
    } else if !none && !unframed {
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    if unframed || cut {
        head.push_str("Connection: close\r\n");
    }
    let body = if none || method == "HEAD" { String::new() } else { body };
    format!("{before}{head}\r\n{body}").into_bytes()
}

async fn portal(book: Book) -> Upstream {
    Upstream::start(move |mut conn: Conn, _| {
        let book = book.clone();
        async move {
            loop {
                let head = conn.head().await;
                let Some(target) = head.split(' ').nth(1) else { return };
                let case = target.split(['/', '?']).nth(1).unwrap_or_default().to_owned();
                let bytes = {
                    let mut book = book.lock().unwrap();
                    let said = book.entry(case).or_default();
                    said.seen.push(head.to_ascii_lowercase());
                    said.answer.clone()
                };
                conn.write(&bytes).await;
                let text = String::from_utf8_lossy(&bytes);
                if bytes.is_empty() || text.contains("Connection: close") {
                    return;
                }
            }
        }
    })
    .await
}

async fn run(case: &Case, gateway: &Gateway, book: &Book) -> Result<(), String> {
    for (at, step) in case.steps.iter().enumerate() {
        let (method, below, fields, said, checks) = match step {
            Step::Wait(time) => {
                tokio::time::sleep(*time).await;
                continue;
            }
            Step::Ask { method, below, fields, said, checks } => (method, below, fields, said, checks),
        };
        {
            let mut book = book.lock().unwrap();
            let entry = book.entry(case.id.clone()).or_default();
            entry.answer = answer(said.as_deref().unwrap_or("200 | Cache-Control: no-store"), method, at + 1);
            entry.seen.clear();
        }
        let (host, below) = match below.strip_prefix("host=") {
            Some(host) => (host, ""),
            None => ("verbund.example", below.as_str()),
        };
        let target = format!("/portal/{}/{}{below}", case.portal, case.id);
        let end = if matches!(method.as_str(), "POST" | "PUT") { "Content-Length: 0\r\n" } else { "" };
        let text = gateway
            .raw(format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}{end}Connection: close\r\n\r\n"))
            .await;
        // What is kept is kept when the answer has ended; that it is counted as seen comes before that.
        let seen = book.lock().unwrap().get(&case.id).map(|said| said.seen.clone()).unwrap_or_default();
        for check in checks {
            holds(check, &text, &seen).map_err(|why| format!("step {}: {check}: {why}\n{text}\n{seen:?}", at + 1))?;
        }
    }
    Ok(())
}

fn holds(check: &str, answer: &str, seen: &[String]) -> Result<(), String> {
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    let field = |name: &str| {
        let fields = head.lines().filter_map(|line| line.split_once(": "));
        let values: Vec<_> =
            fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let sent = |line: &str| seen.iter().any(|head| head.contains(&format!("{}\r\n", line.to_ascii_lowercase())));
    let ok = match check.split_once(' ') {
        _ if check == "hit" => seen.is_empty(),
        _ if check == "empty" => body.is_empty(),
        _ if check == "asked" => !seen.is_empty(),
        _ if check == "once" => seen.len() == 1,
        _ if check.starts_with('=') => head.split(' ').nth(1) == check.get(1..),
        _ if check.starts_with('!') => field(check.trim_start_matches('!')).is_none(),
        _ if check.ends_with('?') => field(check.trim_end_matches('?')).is_some(),
        Some(("body", text)) => body == text,
        Some(("holds", text)) => body.contains(text),
        Some(("broken", _)) | None if check == "broken" => !body.contains("\r\n0\r\n\r\n"),
        Some(("sent", line)) => sent(&dated(line)),
        Some(("unsent", name)) => {
            !seen.iter().any(|head| head.contains(&format!("\r\n{}:", name.to_ascii_lowercase())))
        }
        Some(("interim", status)) => answer.starts_with(&format!("HTTP/1.1 {status} ")),
        Some(("old", least)) => field("age").and_then(|age| age.parse::<u64>().ok()) >= least.parse().ok(),
        Some((name, value)) if name.ends_with(':') => {
            field(name.trim_end_matches(':')).is_some_and(|found| found == dated(value))
        }
        Some((name, text)) if name.ends_with('~') => {
            field(name.trim_end_matches('~')).is_some_and(|found| found.contains(text))
        }
        _ => return Err("is no check".into()),
    };
    if ok { Ok(()) } else { Err("does not hold".into()) }
}

#[tokio::test]
async fn the_cases_of_the_standards_hold() {
    let cases = read_table();
    let book = Book::default();
    let upstream = portal(book.clone()).await;
    let address = [format!("http://{}", upstream.address)];
    let mut plan = Plan::new(vec![
        portal_at("a", "prefix = \"/portal/a\"\ncache = true", &address),
        portal_at("b", "prefix = \"/portal/b\"\ncache = \"credentials\"", &address),
    ]);
    plan.settings.portal_places = 200;
    let gateway = Arc::new(plan.start().await);
    let places = Arc::new(Semaphore::new(60));
    let mut running = JoinSet::new();
    for case in cases.clone() {
        let (gateway, book, places) = (gateway.clone(), book.clone(), places.clone());
        running.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            let outcome = run(&case, &gateway, &book).await;
            (case, outcome)
        });
    }
    let mut counts = HashMap::from([(true, (0, 0)), (false, (0, 0))]);
    let mut faults = Vec::new();
    for (case, outcome) in running.join_all().await {
        let (passed, all) = counts.get_mut(&case.required).unwrap();
        *all += 1;
        *passed += usize::from(outcome.is_ok());
        let known = WITHOUT.contains(&case.id.as_str());
        match outcome {
            Err(why) if !known => faults.push(format!("[{}] ({}) {why}", case.id, case.source)),
            Ok(()) if known => faults.push(format!("[{}] holds now; take it out of WITHOUT", case.id)),
            _ => {}
        }
    }
    let ((required, all_required), (optional, all_optional)) = (counts[&true], counts[&false]);
    println!("required {required} of {all_required}, optional {optional} of {all_optional}");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(required, all_required);
    assert_eq!(all_optional - optional, WITHOUT.len());
    assert!(all_required >= REQUIRED && all_optional >= OPTIONAL, "cases are missing: {all_required}, {all_optional}");
}

#[test]
fn cases_have_names_of_their_own_and_a_source() {
    let cases = read_table();
    let names: std::collections::HashSet<_> = cases.iter().map(|case| &case.id).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    for case in &cases {
        assert!(case.source.starts_with(|digit: char| digit.is_ascii_digit()), "{}: {}", case.id, case.source);
        assert!(case.steps.len() > 1 || case.id.contains("interim") || case.id.contains("only-if"), "{}", case.id);
    }
}

//! The cases of `testdata/framing-in.txt` and a control byte at every place, each sent in several ways.

#![expect(clippy::disallowed_methods, reason = "the servers of a test end with its runtime")]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::reading::{Bad, Message, Reader, latin};
use super::table::{PATH, cases_of, line_bytes, unescaped, with_path};
use crate::fake::{Gateway, Plan, portal};

/// Runs that there are at least, so that none goes unnoticed.
const RUNS: usize = 2_500;
/// Most names that may be taken although the standard does not allow what was sent; all of them are in the table.
const MAX_LENIENT: usize = 5;

const TABLE: &str = include_str!("testdata/framing-in.txt");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok { closes: bool, lenient: bool },
    Refuse(u16),
    Cut { status: u16, stalls: bool },
    Own(u16),
}

#[derive(Clone, Debug)]
struct Case {
    id: String,
    verdict: Verdict,
    /// `PATH` is still in it.
    bytes: Vec<u8>,
    checks: Vec<String>,
}

/// How a case is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Way {
    /// With what is behind it in one piece.
    Whole,
    /// Behind a request that is in order, in one piece.
    Second,
    /// What is behind it comes later.
    Later,
    /// In two pieces, cut after this many quarters.
    Cut(usize),
    /// In pieces of this many bytes.
    Pieces(usize),
}

const WAYS: &[Way] = &[Way::Whole, Way::Second, Way::Later, Way::Cut(1), Way::Cut(3), Way::Pieces(1), Way::Pieces(7)];
/// For the many that differ by one byte only.
const FEW_WAYS: &[Way] = &[Way::Whole, Way::Pieces(3)];

fn read_table() -> Vec<Case> {
    let read = |(id, words, lines): (String, String, Vec<String>)| {
        let words: Vec<_> = words.split_whitespace().collect();
        let status = || words[2].parse().unwrap();
        let verdict = match words[1] {
            "ok" => Verdict::Ok { closes: false, lenient: false },
            "lenient" => Verdict::Ok { closes: false, lenient: true },
            "ok-closes" => Verdict::Ok { closes: true, lenient: false },
            "refuse" => Verdict::Refuse(status()),
            "cut" => Verdict::Cut { status: status(), stalls: false },
            "stall" => Verdict::Cut { status: status(), stalls: true },
            "own" => Verdict::Own(status()),
            other => panic!("{id}: {other}"),
        };
        let (checks, lines): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.starts_with("> "));
        let bytes = lines.iter().flat_map(|line| bytes_of(line)).collect();
        Case { id, verdict, bytes, checks: checks.iter().map(|check| check.replacen("> ", "", 1)).collect() }
    };
    cases_of(TABLE).into_iter().map(read).collect()
}

fn bytes_of(line: &str) -> Vec<u8> {
    match line {
        "GET" | "POST" | "HEAD" => with_path(&format!("{line} @ HTTP/1.1\r\nHost: a\r\n")),
        "CHUNKED" => with_path("POST @ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
        _ => line_bytes(line),
    }
}

/// Every control byte, and one that is not ASCII, at every place of a request where none may be.
fn control_bytes() -> Vec<Case> {
    let refuse = Verdict::Refuse(400);
    let cut = Verdict::Cut { status: 400, stalls: false };
    let chunked = "POST @ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let places = [
        ("method", "G^ET @ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), refuse),
        ("target", "GET @^x HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), refuse),
        ("version", "GET @ HTTP/1.1^\r\nHost: a\r\n\r\n".to_owned(), refuse),
        ("name", "GET @ HTTP/1.1\r\nHost: a\r\nA^B: c\r\n\r\n".to_owned(), refuse),
        ("colon", "GET @ HTTP/1.1\r\nHost: a\r\nA^: c\r\n\r\n".to_owned(), refuse),
        ("value", "GET @ HTTP/1.1\r\nHost: a\r\nA: b^c\r\n\r\n".to_owned(), refuse),
        ("host", "GET @ HTTP/1.1\r\nHost: a^b\r\n\r\n".to_owned(), refuse),
        ("length", "POST @ HTTP/1.1\r\nHost: a\r\nContent-Length: 1^\r\n\r\na".to_owned(), refuse),
        ("coding", "POST @ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ^chunked\r\n\r\n0\r\n\r\n".to_owned(), refuse),
        ("size", format!("{chunked}5^\r\nhello\r\n0\r\n\r\n"), cut),
        ("extension", format!("{chunked}5;a^b=c\r\nhello\r\n0\r\n\r\n"), cut),
        ("chunk-end", format!("{chunked}5\r\nhello^\r\n0\r\n\r\n"), cut),
        ("trailer", format!("{chunked}5\r\nhello\r\n0\r\nA^B: c\r\n\r\n"), cut),
        ("trailer-value", format!("{chunked}5\r\nhello\r\n0\r\nA: b^c\r\n\r\n"), cut),
    ];
    let mut cases = Vec::new();
    for (place, text, verdict) in places {
        for byte in (0..=31).chain([127, 0xa0]) {
            let blank = byte == b'\t' && ["value", "length", "coding", "trailer-value"].contains(&place);
            let text_of_old = byte == 0xa0 && ["value", "trailer-value"].contains(&place);
            // A bare LF within a trailer's value ends it, and begins a field that is none.
            let verdict = if blank || text_of_old { Verdict::Ok { closes: false, lenient: false } } else { verdict };
            let (before, after) = text.split_once('^').unwrap();
            let bytes = [&with_path(before), &[byte][..], &with_path(after)].concat();
            cases.push(Case { id: format!("byte-{byte:02x}-in-{place}"), verdict, bytes, checks: Vec::new() });
        }
    }
    cases
}

/// What the portal got: whole messages by path, heads whose body did not end, and what it could not read.
#[derive(Default)]
struct Book {
    whole: HashMap<String, Vec<Message>>,
    cut: HashMap<String, usize>,
    faults: Vec<String>,
}

async fn portal_of(book: Arc<Mutex<Book>>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let book = book.clone();
            tokio::spawn(async move {
                if let Err(fault) = serve(Reader::new(stream), &book).await {
                    book.lock().unwrap().faults.push(fault);
                }
            });
        }
    });
    address
}

async fn serve(mut reader: Reader, book: &Mutex<Book>) -> Result<(), String> {
    loop {
        let mut message = match reader.head().await {
            Ok(message) => message,
            Err(Bad::End) => return Ok(()),
            // A connection that waits for its next request may be closed at any time, and falls silent before that.
            Err(Bad::Form(silence)) if silence == "silence" => return Ok(()),
            Err(bad) => return Err(format!("a head: {bad:?}")),
        };
        let words: Vec<_> = message.line.split(' ').map(str::to_owned).collect();
        let [method, target, version] = words.as_slice() else { return Err(format!("line {:?}", message.line)) };
        if version != "HTTP/1.1" || !target.starts_with('/') || message.count("host") != 1 {
            return Err(format!("head {message:?}"));
        }
        let id = target.split(['/', '?']).nth(1).unwrap_or_default().to_owned();
        if message.fields.iter().any(|(name, value)| format!("{name}{value}").contains("forged")) {
            return Err(format!(
                "forged: {:?}",
                message.fields.iter().find(|(name, value)| (name.clone() + value).contains("forged"))
            ));
        }
        match reader.request_body(&mut message).await {
            Ok(()) => {}
            Err(Bad::Cut) => {
                *book.lock().unwrap().cut.entry(id).or_default() += 1;
                return Ok(());
            }
            Err(bad) => return Err(format!("body of {id}: {bad:?}")),
        }
        if latin(&message.body).contains("X-Forwarded-For: forged") {
            return Err(format!("a trailer went on: {message:?}"));
        }
        let body = if method == "HEAD" { "" } else { id.as_str() };
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", id.len());
        book.lock().unwrap().whole.entry(id).or_default().push(message);
        if reader.stream.write_all(answer.as_bytes()).await.is_err() {
            return Ok(());
        }
    }
}

async fn send(stream: &mut TcpStream, case: &[u8], before: &[u8], after: &[u8], way: Way) -> std::io::Result<()> {
    let pause = || tokio::time::sleep(Duration::from_millis(2));
    match way {
        Way::Whole | Way::Second => stream.write_all(&[before, case, after].concat()).await,
        Way::Later => {
            stream.write_all(case).await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            stream.write_all(after).await
        }
        Way::Cut(quarters) => {
            let (one, two) = case.split_at(case.len() * quarters / 4);
            stream.write_all(one).await?;
            pause().await;
            stream.write_all(&[two, after].concat()).await
        }
        Way::Pieces(size) => {
            for (at, piece) in case.chunks(size.max(case.len() / 200)).enumerate() {
                stream.write_all(piece).await?;
                if at % 8 == 7 {
                    pause().await;
                } else {
                    tokio::task::yield_now().await;
                }
            }
            stream.write_all(after).await
        }
    }
}

async fn run(case: &Case, way: Way, number: usize, gateway: &Gateway, book: &Mutex<Book>) -> Result<(), String> {
    let id = format!("n{number}");
    let mut bytes = Vec::with_capacity(case.bytes.len() + 20);
    for byte in &case.bytes {
        if *byte == PATH { bytes.extend(format!("/portal/a/{id}").bytes()) } else { bytes.push(*byte) }
    }
    let next = |name: &str, close: &str| format!("GET /portal/a/{id}{name} HTTP/1.1\r\nHost: a\r\n{close}\r\n");
    let stalls = matches!(case.verdict, Verdict::Cut { stalls: true, .. });
    let before = if way == Way::Second { next("before", "") } else { String::new() };
    let after = if stalls { String::new() } else { next("after", "Connection: close\r\n") };
    let mut reader = Reader::new(TcpStream::connect(gateway.address).await.unwrap());
    reader.stream.set_nodelay(true).unwrap();
    // The gateway may close before everything was sent; what it said is what counts.
    let _ = send(&mut reader.stream, &bytes, before.as_bytes(), after.as_bytes(), way).await;
    let mut answers = Vec::new();
    let end = loop {
        match reader.answer("GET").await {
            Ok(answer) => answers.push(answer),
            Err(end) => break end,
        }
    };
    let mut statuses: Vec<_> = answers.iter().map(Message::status).collect();
    let seen = |name: &str| book.lock().unwrap().whole.get(&format!("{id}{name}")).map_or(0, Vec::len);
    if way == Way::Second {
        let first = if statuses.is_empty() { 0 } else { statuses.remove(0) };
        if first != 200 {
            return Err(format!("the request before it was answered with {first}, then {end:?}"));
        }
    }
    let (whole, behind) = (seen(""), seen("after"));
    let told = format!("answers {statuses:?} then {end:?}; whole at the portal {whole}, behind it {behind}");
    let holds = match case.verdict {
        Verdict::Ok { closes: false, .. } => statuses == [200, 200] && whole == 1 && behind == 1,
        Verdict::Ok { closes: true, .. } => statuses == [200] && whole == 1 && behind == 0,
        Verdict::Refuse(status) => statuses == [status] && whole == 0 && behind == 0 && end == Bad::End,
        Verdict::Cut { status, .. } => {
            (statuses == [status] || statuses.is_empty()) && whole == 0 && behind == 0 && end != Bad::Cut
        }
        Verdict::Own(status) => statuses.first() == Some(&status) && whole == 0,
    };
    if !holds {
        return Err(told);
    }
    let book = book.lock().unwrap();
    let Some(got) = book.whole.get(&id).and_then(|got| got.first()) else { return Ok(()) };
    case.checks.iter().try_for_each(|check| checked(check, got).map_err(|why| format!("{check}: {why} in {got:?}")))
}

fn checked(check: &str, got: &Message) -> Result<(), &'static str> {
    let (what, text) = check.split_once(' ').unwrap_or((check, ""));
    let holds = match what {
        "body" => got.body == unescaped(text),
        "lacks" => got.field(&text.to_ascii_lowercase()).is_none(),
        "line" => got.line.starts_with(text),
        "has" => text.split_once(": ").is_some_and(|(name, value)| got.field(name) == Some(value)),
        _ => return Err("is no check"),
    };
    if holds { Ok(()) } else { Err("does not hold") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_ambiguous_and_nothing_forged_reaches_a_portal() {
    let book = Arc::new(Mutex::new(Book::default()));
    let mut plan = Plan::new(vec![portal("a", &[portal_of(book.clone()).await])]);
    plan.settings.idle_time = Duration::from_secs(1);
    plan.settings.portal_places = 200;
    let gateway = Arc::new(plan.start().await);
    let table = read_table();
    let lenient: BTreeMap<_, _> = table
        .iter()
        .filter(|case| matches!(case.verdict, Verdict::Ok { lenient: true, .. }))
        .map(|case| (case.id.clone(), ()))
        .collect();
    let runs: Vec<_> = (table.into_iter().flat_map(|case| WAYS.iter().map(move |way| (case.clone(), *way))))
        .chain(control_bytes().into_iter().flat_map(|case| FEW_WAYS.iter().map(move |way| (case.clone(), *way))))
        .collect();
    let count = runs.len();
    let places = Arc::new(Semaphore::new(64));
    let mut running = JoinSet::new();
    for (number, (case, way)) in runs.into_iter().enumerate() {
        let (gateway, book, places) = (gateway.clone(), book.clone(), places.clone());
        running.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            let outcome = run(&case, way, number, &gateway, &book).await;
            outcome.err().map(|why| format!("[{}] {way:?} {:?}: {why}", case.id, case.verdict))
        });
    }
    let mut faults: Vec<_> = running.join_all().await.into_iter().flatten().collect();
    faults.sort();
    // One way of each case says enough.
    faults.dedup_by_key(|fault| fault.split(']').next().unwrap_or_default().to_owned());
    let mut book = std::mem::take(&mut *book.lock().unwrap());
    book.faults.sort();
    book.faults.dedup();
    println!(
        "{count} runs; leniently accepted {} ({:?}); unclean or forged at the portal {}; other faults {}; requests the \
         portal got {} whole and {} in part",
        lenient.len(),
        lenient.keys().collect::<Vec<_>>(),
        book.faults.len(),
        faults.len(),
        book.whole.len(),
        book.cut.len(),
    );
    assert!(book.faults.is_empty(), "unclean or forged: {:#?}\nand {faults:#?}", book.faults);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(lenient.len() <= MAX_LENIENT, "{lenient:?}");
    assert!(count >= RUNS, "cases are missing: {count}");
}

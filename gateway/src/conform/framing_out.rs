//! The cases of `testdata/framing-out.txt`, towards clients of three versions.

#![expect(clippy::disallowed_methods, reason = "the servers of a test end with its runtime")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::reading::{Bad, Reader, latin};
use super::table::{cases_of, line_bytes, repeated, unescaped};
use crate::fake::{Gateway, Plan, portal};

/// Runs that there are at least, so that none goes unnoticed.
const RUNS: usize = 400;

const TABLE: &str = include_str!("testdata/framing-out.txt");

#[derive(Clone, Debug)]
struct Case {
    id: String,
    verdict: String,
    status: u16,
    body: Vec<u8>,
    method: String,
    script: Vec<Act>,
}

/// What the portal does when it was asked.
#[derive(Clone, Debug)]
enum Act {
    Write(Vec<u8>),
    Pause(Duration),
    Drip,
    Hold,
    Close,
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Http11,
    Http10,
    Http2,
}

/// What a client sees.
#[derive(Debug)]
enum Seen {
    Whole(u16, Vec<u8>),
    Cut,
    Other(String),
}

fn read_table() -> Vec<Case> {
    let read = |(id, words, lines): (String, String, Vec<String>)| {
        let (words, method) = words.split_once(" by ").unwrap_or((&words, "GET"));
        let mut words = words.splitn(4, ' ').skip(1);
        let verdict = words.next().unwrap_or_default().to_owned();
        let status = words.next().map_or(0, |status| status.parse().unwrap());
        let body = unescaped(&repeated(words.next().unwrap_or_default()));
        let script = lines.iter().map(|line| act(line)).collect();
        Case { id, verdict, status, body, method: method.to_owned(), script }
    };
    cases_of(TABLE).into_iter().map(read).collect()
}

fn act(line: &str) -> Act {
    let Some(what) = line.strip_prefix("^ ") else {
        return Act::Write(match line {
            "OK" => line_bytes("HTTP/1.1 200 OK"),
            "CHUNKED" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
            _ => line_bytes(line),
        });
    };
    match what.split_once(' ').unwrap_or((what, "")) {
        ("hold", _) => Act::Hold,
        ("close", _) => Act::Close,
        ("reset", _) => Act::Reset,
        ("drip", _) => Act::Drip,
        ("many", rest) => {
            let (count, text) = rest.split_once(' ').unwrap();
            Act::Write(unescaped(text).repeat(count.parse().unwrap()))
        }
        (milliseconds, _) => Act::Pause(Duration::from_millis(milliseconds.parse().unwrap())),
    }
}

/// A portal that plays the script for `/first`, and answers everything else as it should.
async fn portal_of(script: Vec<Act>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(Reader::new(stream), script.clone()));
        }
    });
    address
}

async fn serve(mut reader: Reader, script: Vec<Act>) {
    reader.stream.set_nodelay(true).unwrap();
    while let Ok(mut message) = reader.head().await {
        let wanted = message.line.contains(" /first ");
        if reader.request_body(&mut message).await.is_err() {
            return;
        }
        if !wanted {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond";
            if reader.stream.write_all(answer).await.is_err() {
                return;
            }
            continue;
        }
        if play(&mut reader.stream, &script).await.is_err() {
            return;
        }
    }
}

/// Plays to the end of the script; an error when the connection is not to go on.
async fn play(stream: &mut TcpStream, script: &[Act]) -> Result<(), ()> {
    let mut drip = false;
    for act in script {
        match act {
            Act::Drip => drip = true,
            Act::Write(bytes) => {
                for piece in bytes.chunks(if drip { 1 } else { bytes.len().max(1) }) {
                    stream.write_all(piece).await.map_err(drop)?;
                    if drip {
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                }
            }
            Act::Pause(time) => tokio::time::sleep(*time).await,
            Act::Hold => {
                tokio::time::sleep(Duration::from_secs(20)).await;
                return Err(());
            }
            Act::Close => return Err(()),
            Act::Reset => {
                stream.set_zero_linger().map_err(drop)?;
                return Err(());
            }
        }
    }
    Ok(())
}

async fn ask(client: Client, gateway: &Gateway, method: &str, path: &str) -> Seen {
    let body = if method == "POST" { "12345" } else { "" };
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    if client == Client::Http2 {
        let asking = over_http2(stream, method, path, body);
        return timeout(Duration::from_secs(15), asking).await.unwrap_or_else(|_| Seen::Other("silence".into()));
    }
    let mut reader = Reader::new(stream);
    let version = if client == Client::Http10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let request = format!("{method} {path} {version}\r\nHost: a\r\n{length}\r\n{body}");
    reader.stream.write_all(request.as_bytes()).await.unwrap();
    match reader.answer(method).await {
        Ok(answer) => {
            let (status, body) = (answer.status(), answer.body);
            // Nothing may come behind it unasked.
            match timeout(Duration::from_millis(100), reader.head()).await {
                Err(_) | Ok(Err(Bad::End)) => Seen::Whole(status, body),
                Ok(more) => Seen::Other(format!("{status} and then {more:?}")),
            }
        }
        Err(Bad::Cut | Bad::End) => Seen::Cut,
        Err(Bad::Form(why)) => Seen::Other(why),
    }
}

async fn over_http2(stream: TcpStream, method: &str, path: &str, body: &str) -> Seen {
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.unwrap();
    tokio::spawn(connection);
    let request = http::Request::builder().method(method).uri(format!("http://a{path}"));
    let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap();
    let Ok(answer) = sender.send_request(request).await else { return Seen::Cut };
    let (status, length) = (answer.status().as_u16(), answer.headers().get("content-length").cloned());
    match answer.into_body().collect().await {
        Err(_) => Seen::Cut,
        Ok(body) => {
            let body = body.to_bytes().to_vec();
            let said = length.map(|length| length.to_str().unwrap().parse::<usize>().unwrap());
            match said.filter(|said| *said != body.len() && method != "HEAD" && status != 304) {
                Some(said) => Seen::Other(format!("{} bytes of {said} as if they were all", body.len())),
                None => Seen::Whole(status, body),
            }
        }
    }
}

async fn run(case: &Case, client: Client, portal: &str, gateway: &Gateway) -> Result<(), String> {
    let seen = ask(client, gateway, &case.method, &format!("/portal/{portal}/first")).await;
    let whole = matches!(&seen, Seen::Whole(status, body) if *status == case.status && *body == case.body);
    let bad = matches!(&seen, Seen::Whole(502 | 504, _));
    let holds = match case.verdict.as_str() {
        "whole" => whole,
        "bad" => bad,
        "cut" => bad || matches!(seen, Seen::Cut),
        "either" => whole || bad,
        other => panic!("{other}"),
    };
    if !holds {
        let text = match seen {
            Seen::Whole(status, body) => format!("{status} {}", latin(&body)),
            Seen::Cut => "cut".to_owned(),
            Seen::Other(why) => why,
        };
        return Err(text.chars().take(200).collect());
    }
    if case.script.iter().any(|act| matches!(act, Act::Pause(_))) {
        // What comes just after the next request left cannot be told from its answer in HTTP/1.1.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for again in 0..2 {
        match ask(Client::Http11, gateway, "GET", &format!("/portal/{portal}/other")).await {
            Seen::Whole(200, body) if body == b"second" => {}
            other => return Err(format!("and to request {again} after it: {other:?}").chars().take(200).collect()),
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cut_answer_is_shown_as_whole_and_none_is_given_to_another() {
    let mut portals = Vec::new();
    let mut runs = Vec::new();
    for case in read_table() {
        for client in [Client::Http11, Client::Http10, Client::Http2] {
            let name = format!("p{}", runs.len());
            portals.push(portal(&name, &[portal_of(case.script.clone()).await]));
            runs.push((case.clone(), client, name));
        }
    }
    let mut plan = Plan::new(portals);
    plan.settings.first_byte_time = Duration::from_secs(2);
    plan.settings.idle_time = Duration::from_secs(2);
    let gateway = Arc::new(plan.start().await);
    let count = runs.len();
    let places = Arc::new(Semaphore::new(64));
    let mut running = JoinSet::new();
    for (case, client, name) in runs {
        let (gateway, places) = (gateway.clone(), places.clone());
        running.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            let outcome = run(&case, client, &name, &gateway).await;
            outcome.err().map(|why| format!("[{}] {client:?} {}: {why}", case.id, case.verdict))
        });
    }
    let mut faults: Vec<_> = running.join_all().await.into_iter().flatten().collect();
    faults.sort();
    println!("{count} runs, {} faults", faults.len());
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(count >= RUNS, "cases are missing: {count}");
}

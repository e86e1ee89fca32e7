//! Floods of frames: the gateway closes or bounds what they cost, and answers others meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::Raw;
use super::frames::*;
use crate::fake::{Gateway, Plan, Upstream, portal};

/// Longest that anybody else may wait for an answer during a flood.
const OTHERS_WAIT: Duration = Duration::from_secs(1);
/// Most memory that a flood may cost, flooding side included.
const MEMORY: usize = 64 << 20;
/// Longest that a flood goes on when nobody ends it.
const FLOOD: Duration = Duration::from_secs(1);

/// What a flood came to.
struct Outcome {
    /// How many of its pieces were written.
    sent: usize,
    /// The gateway ended the connection.
    closed: bool,
}

/// Bytes that this process has in memory.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// A gateway before a portal that takes half a second for `/slow`, and sends 1 MiB for `/large`.
async fn gateway() -> (Gateway, Upstream) {
    let upstream = Upstream::start(|mut conn, _| async move {
        loop {
            let head = conn.head().await;
            if head.is_empty() {
                return;
            }
            let body = if head.contains(" /large ") { "x".repeat(1 << 20) } else { "ok".to_owned() };
            if head.contains(" /slow ") {
                sleep(Duration::from_millis(500)).await;
            }
            conn.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
        }
    })
    .await;
    let mut plan = Plan::new(vec![portal("a", &[upstream.address])]);
    plan.limits.write_time = Duration::from_secs(1);
    (plan.start().await, upstream)
}

fn path(path: &str) -> Vec<u8> {
    block(&[(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "a")])
}

/// Begins with `first`, then sends `piece` of 0, 1, ... until the connection ends, nothing is taken any more, or the time
/// is over; what comes is read if `reads`.
async fn flood(
    address: SocketAddr,
    own: &[(u16, u32)],
    first: Vec<u8>,
    reads: bool,
    piece: impl Fn(u32) -> Vec<u8>,
) -> Outcome {
    let mut raw = Raw::open(address, own).await;
    raw.send(&first).await;
    let (begun, mut sent) = (Instant::now(), 0);
    while begun.elapsed() < FLOOD && !raw.seen.closed {
        let pieces: Vec<u8> = (0..64).flat_map(|at| piece(sent + at)).collect();
        match timeout(FLOOD, raw.send(&pieces)).await {
            Ok(true) => sent += 64,
            Ok(false) | Err(_) => break,
        }
        if reads {
            raw.wait(0, |_| false).await;
        }
        tokio::task::yield_now().await;
    }
    raw.wait(if reads { 300 } else { 1500 }, |_| false).await;
    Outcome { sent: sent as usize, closed: raw.seen.closed || raw.seen.goaway.is_some() }
}

/// Runs the flood while others ask; what it came to, once nobody waited too long and nothing grew.
async fn endured(what: &str, gateway: &Gateway, flood: impl Future<Output = Outcome> + Send + 'static) -> Outcome {
    for path in ["/", "/portal/a/"] {
        gateway.get(path).await;
    }
    let before = resident();
    let flooding = tokio::spawn(flood);
    let (mut slowest, mut asked) = (Duration::ZERO, 0);
    let mut over = false;
    while !over {
        // Once more when it is over.
        over = flooding.is_finished();
        for path in ["/", "/portal/a/"] {
            let begun = Instant::now();
            let answer = gateway.get(path).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{what}: {path} was answered with {answer:?}");
            slowest = slowest.max(begun.elapsed());
            asked += 1;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let outcome = flooding.await.unwrap();
    let grown = resident().saturating_sub(before);
    println!(
        "{what}: {} pieces, {}; {asked} others waited at most {slowest:?}; memory grew by {} KiB",
        outcome.sent,
        if outcome.closed { "closed" } else { "bounded" },
        grown >> 10
    );
    assert!(slowest < OTHERS_WAIT, "{what}: somebody else waited {slowest:?}");
    assert!(grown < MEMORY, "{what}: memory grew by {grown} bytes");
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resets_end_the_connection_before_they_cost_the_portal_much() {
    let (gateway, upstream) = gateway().await;
    let address = gateway.address;
    let slow = Arc::new(path("/portal/a/slow"));
    // CVE-2023-44487: asked and taken back at once, again and again.
    let block = slow.clone();
    let piece = move |at: u32| [request(2 * at + 1, &block), reset(2 * at + 1, 8)].concat();
    let outcome = endured("rapid reset", &gateway, flood(address, &[], vec![], true, piece)).await;
    assert!(outcome.closed);
    // The same, but each after it was passed on.
    let mut raw = Raw::open(address, &[]).await;
    let mut asked = 0;
    while asked < 2_000
        && raw.send(&request(2 * asked + 1, &slow)).await
        && !raw.seen.closed
        && raw.seen.goaway.is_none()
    {
        raw.wait(2, |_| false).await;
        raw.send(&reset(2 * asked + 1, 8)).await;
        asked += 1;
    }
    let reached = upstream.connections();
    println!("taken back once passed on: {asked} requests before the end, {reached} connections to the portal");
    assert!(reached < 300, "{reached} connections were made for {asked} requests that were taken back");
    // CVE-2025-8671: the server is made to reset, by an update of a window by nothing.
    let piece = move |at: u32| [request(2 * at + 1, &slow), window(2 * at + 1, 0)].concat();
    let outcome = endured("made to reset", &gateway, flood(address, &[], vec![], true, piece)).await;
    assert!(outcome.closed);
    assert!(upstream.connections() < 600, "{} connections in all", upstream.connections());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_without_end_are_bounded() {
    let (gateway, _upstream) = gateway().await;
    let address = gateway.address;
    let outcome = endured(
        "CONTINUATION without end",
        &gateway,
        flood(address, &[], headers(0, 1, GET), true, |_| continuation(0, 1, &field(b"a", b"b"))),
    )
    .await;
    assert!(outcome.closed);
    let outcome = endured(
        "empty CONTINUATION",
        &gateway,
        flood(address, &[], headers(0, 1, GET), true, |_| continuation(0, 1, &[])),
    )
    .await;
    assert!(outcome.closed);
    let body = || begin(1, &post_with(&[]));
    for reads in [true, false] {
        let ended = [
            endured("empty DATA", &gateway, flood(address, &[], body(), reads, |_| data(0, 1, &[]))).await,
            endured("PING", &gateway, flood(address, &[], vec![], reads, |_| ping(0, &[0; 8]))).await,
            endured("SETTINGS", &gateway, flood(address, &[], vec![], reads, |_| settings(&[(4, 65535)]))).await,
            endured("PRIORITY", &gateway, flood(address, &[], vec![], reads, |_| priority(1, 0, 1))).await,
            endured("unknown frames", &gateway, flood(address, &[], vec![], reads, |_| frame(0x77, 0, 0, &[0; 64])))
                .await,
        ];
        assert!(ended.iter().all(|outcome| outcome.closed));
        // h2 ends it once the window is too large; nothing is answered or kept of it.
        endured("WINDOW_UPDATE", &gateway, flood(address, &[], vec![], reads, |_| window(0, 1))).await;
    }
    // Answers that nobody reads.
    let piece = |at: u32| request(2 * at + 1, &path("/portal/a/"));
    endured("answers that are not read", &gateway, flood(address, &[], vec![], false, piece)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_that_unfold_are_bounded() {
    let (gateway, _upstream) = gateway().await;
    let address = gateway.address;
    // A field of 4,000 bytes in the table, and then 15,000 times its index: 60 MB out of each request.
    let bomb = Arc::new([GET, &[0x40][..], &field(b"a", &[b'x'; 4_000])[1..], &[0xbe; 11_000]].concat());
    let piece = move |at: u32| request(2 * at + 1, &bomb);
    endured("fields that unfold", &gateway, flood(address, &[], vec![], true, piece)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_that_stay_shut_hold_nobody_up() {
    let (gateway, _upstream) = gateway().await;
    let address = gateway.address;
    let mut held = Vec::new();
    for what in ["/", "/portal/a/large"] {
        for _ in 0..3 {
            let mut raw = Raw::open(address, &[(4, 0)]).await;
            let asked: Vec<u8> = (0..90).flat_map(|at| request(2 * at + 1, &path(what))).collect();
            raw.send(&asked).await;
            held.push(raw);
        }
    }
    sleep(Duration::from_millis(1500)).await;
    let outcome = endured("windows that stay shut", &gateway, async move {
        sleep(Duration::from_secs(2)).await;
        let closed = held.iter().all(|raw| raw.seen.closed);
        Outcome { sent: held.len(), closed }
    })
    .await;
    assert_eq!(outcome.sent, 6);
}

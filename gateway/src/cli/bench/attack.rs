//! Clients that are stuck in every phase of a request, while honest ones ask.
//!
//! The stuck ones come from twenty addresses, keep what they have for as long as they are let, and come back when they are
//! not. The portal counts requests of which it got a part and then no more, or the rest only after a second.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::stand::{Honest, answer, ask, head, listen, portal, stand};
use super::{peak_memory_mb, say};
use crate::cli::{Exit, Fault};

/// Addresses that the stuck clients come from, beginning with 127.0.0.2.
const ADDRESSES: usize = 20;
/// Clients that ask in good order; half of them on a new connection each time.
const HONEST: usize = 8;
/// Bytes of the larger answer.
const LARGE: usize = 100 * 1024;
/// Between the arrivals of two stuck clients.
const ARRIVAL: Duration = Duration::from_millis(5);
/// A request that takes longer to come to the portal counts as unfinished.
const UNFINISHED: Duration = Duration::from_secs(1);

/// Where a client is stuck.
#[derive(Clone, Copy, Debug)]
enum Phase {
    NothingSent,
    HalfAHead,
    HeadByteByByte,
    NoBody,
    BodyByteByByte,
    AnswerNotRead,
    AnswerReadByteByByte,
    ShutWindow,
    IdleConnection,
}

const PHASES: [Phase; 9] = [
    Phase::NothingSent,
    Phase::HalfAHead,
    Phase::HeadByteByByte,
    Phase::NoBody,
    Phase::BodyByteByByte,
    Phase::AnswerNotRead,
    Phase::AnswerReadByteByByte,
    Phase::ShutWindow,
    Phase::IdleConnection,
];

/// What the portal saw.
#[derive(Default)]
struct Got {
    whole: AtomicUsize,
    unfinished: AtomicUsize,
}

/// What an attack came to.
#[derive(Debug)]
struct Outcome {
    honest: Honest,
    unfinished: usize,
    whole: usize,
    /// Connections that the stuck clients made in all.
    connections: usize,
    /// Open at the end, of all that tried.
    open: usize,
}

pub(super) async fn run(clients: usize, seconds: u64) -> Result<Exit, Fault> {
    let outcome = attack(clients, Duration::from_secs(seconds)).await?;
    say("stuck_clients", clients, "clients");
    say("stuck_at_the_end", outcome.open, "connections");
    say("stuck_connections", outcome.connections, "connections in all");
    say("honest_requests", outcome.honest.times.len(), "requests");
    say("honest_p99", format!("{:.1}", outcome.honest.quantile(0.99)), "ms");
    say("honest_slowest", format!("{:.1}", outcome.honest.quantile(1.0)), "ms");
    say("honest_failed", outcome.honest.failed, "requests");
    say("unfinished_at_the_portal", outcome.unfinished, &format!("of {} requests", outcome.whole + outcome.unfinished));
    say("peak_memory", peak_memory_mb(), "MB, clients and portal included");
    if let Some(why) = &outcome.honest.why {
        eprintln!("the first that failed: {why}");
    }
    let met = outcome.honest.failed == 0 && outcome.honest.quantile(1.0) < 1000.0 && outcome.unfinished == 0;
    if met { Ok(Exit::Done) } else { Ok(Exit::Findings) }
}

/// `clients` stuck for `time`, in all phases alike.
async fn attack(clients: usize, time: Duration) -> Result<Outcome, Fault> {
    let needed = 3 * clients + 200;
    if let Some(files) = open_files().filter(|files| *files < needed) {
        let clients = format!("{clients} clients need {needed} open files, and {files} are allowed");
        return Err(Fault::Usage(format!("{clients}; raise the bound (`ulimit -n {needed}`) or take fewer clients")));
    }
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let got = Arc::new(Got::default());
    let seen = Arc::clone(&got);
    let upstream = listen(&stop, &tasks, move |stream| serve(stream, Arc::clone(&seen))).await?;
    let stand = stand(&[portal("p", upstream)?]).await?;
    let address = stand.serving.address;
    let until = Instant::now() + time;
    let (open, connections) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for number in 0..clients {
        let (stop, open, connections) = (stop.clone(), Arc::clone(&open), Arc::clone(&connections));
        tasks.spawn(async move {
            let stuck = async {
                // They come one after the other, not all at once: being stuck is measured, not a rush.
                sleep(ARRIVAL * u32::try_from(number).unwrap_or(u32::MAX)).await;
                loop {
                    if let Ok(stream) = dial(address, number).await {
                        connections.fetch_add(1, Ordering::Relaxed);
                        open.fetch_add(1, Ordering::Relaxed);
                        // However it ends: it is over.
                        let _ = be_stuck(stream, PHASES[number % PHASES.len()]).await;
                        open.fetch_sub(1, Ordering::Relaxed);
                    }
                    sleep(Duration::from_millis(200)).await;
                }
            };
            stop.run_until_cancelled(stuck).await;
        });
    }
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..HONEST {
        let paths = vec!["/portal/p/small".to_owned(), "/portal/p/large".to_owned()];
        asking.spawn(ask(address, paths, Duration::from_millis(10), number % 2 == 0, until));
    }
    sleep_until((until - Duration::from_millis(200)).into()).await;
    let still_open = open.load(Ordering::Relaxed);
    let mut honest = Honest::default();
    for one in asking.join_all().await {
        honest.add(one);
    }
    // What came in part until now stays so.
    let (unfinished, whole) = (got.unfinished.load(Ordering::Relaxed), got.whole.load(Ordering::Relaxed));
    stop.cancel();
    stand.serving.end().await;
    tasks.close();
    tasks.wait().await;
    let connections = connections.load(Ordering::Relaxed);
    Ok(Outcome { honest, unfinished, whole, connections, open: still_open })
}

/// How many files this process may have open; none when the system does not say.
fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

async fn dial(address: SocketAddr, number: usize) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let last = u8::try_from(2 + number % ADDRESSES).unwrap_or(2);
    socket.set_recv_buffer_size(4096)?;
    socket.bind((IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0).into())?;
    socket.connect(address).await
}

/// Gets as far as `phase` and stays there until the gateway ends it.
async fn be_stuck(mut stream: TcpStream, phase: Phase) -> std::io::Result<()> {
    const HEAD: &str = "/portal/p/large HTTP/1.1\r\nHost: localhost\r\n";
    match phase {
        Phase::NothingSent => {}
        Phase::HalfAHead => stream.write_all(format!("GET {HEAD}Accept:").as_bytes()).await?,
        Phase::HeadByteByByte => {
            let long = format!("GET {HEAD}X: {}\r\n\r\n", "x".repeat(200));
            return byte_by_byte(&mut stream, long.as_bytes()).await;
        }
        Phase::NoBody => stream.write_all(format!("POST {HEAD}Content-Length: 1000\r\n\r\n").as_bytes()).await?,
        Phase::BodyByteByByte => {
            stream.write_all(format!("POST {HEAD}Content-Length: 100000\r\n\r\n").as_bytes()).await?;
            return byte_by_byte(&mut stream, &[b'x'; 1000]).await;
        }
        Phase::AnswerNotRead => {
            stream.write_all(format!("GET {HEAD}\r\n").repeat(20).as_bytes()).await?;
            return std::future::pending().await;
        }
        Phase::AnswerReadByteByByte => {
            stream.write_all(format!("GET {HEAD}\r\n").repeat(20).as_bytes()).await?;
            loop {
                stream.read_u8().await?;
                sleep(Duration::from_secs(1)).await;
            }
        }
        Phase::ShutWindow => stream.write_all(&shut_window()).await?,
        Phase::IdleConnection => {
            stream.write_all(b"GET /portal/p/small HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
        }
    }
    // What comes is read, so that the end is seen.
    let mut bytes = [0; 4096];
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}

async fn byte_by_byte(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_u8(*byte).await?;
        sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// HTTP/2 with an initial window of nothing, and ten requests (RFC 9113, sections 3.4, 4.1 and 6.5.2).
fn shut_window() -> Vec<u8> {
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap_or(u8::MAX);
        [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
    };
    let path = b"/portal/p/large";
    // `:method GET`, `:scheme http`, `:path`, `:authority a`.
    let block = [&[0x82, 0x86, 0x04, 15], &path[..], &[0x01, 1, b'a']].concat();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]));
    for at in 0..10 {
        bytes.extend(frame(1, 5, 2 * at + 1, &block));
    }
    bytes
}

/// The portal: answers each whole request, and counts those that are none.
async fn serve(mut stream: TcpStream, got: Arc<Got>) {
    let mut begun = Vec::new();
    loop {
        if begun.is_empty() && stream.read_buf(&mut begun).await.unwrap_or(0) == 0 {
            return;
        }
        let read = async {
            let head = head(&mut stream, &mut begun).await?.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let length = length.unwrap_or(0);
            while begun.len() < length {
                if stream.read_buf(&mut begun).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
            begun.drain(..length);
            Some(head)
        };
        let Ok(Some(head)) = tokio::time::timeout(UNFINISHED, read).await else {
            got.unfinished.fetch_add(1, Ordering::Relaxed);
            return;
        };
        got.whole.fetch_add(1, Ordering::Relaxed);
        let bytes = if head.contains(" /large ") { LARGE } else { 1024 };
        if answer(&mut stream, bytes).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn stuck_clients_hold_nobody_up() {
        let outcome = attack(200, Duration::from_secs(5)).await.unwrap();
        let slowest = outcome.honest.quantile(1.0);
        println!("{} requests, the slowest took {slowest:.0} ms", outcome.honest.times.len());
        assert_eq!(outcome.honest.failed, 0, "{:?}", outcome.honest.why);
        // One second is what the measurement asks; a test shares its machine with others.
        assert!(outcome.honest.times.len() > 50 && slowest < 5000.0, "{slowest} ms");
        assert_eq!(outcome.unfinished, 0);
        assert!(outcome.open > 150, "only {} were stuck", outcome.open);
    }
}

//! Clients that ask for one thing over connections that stay open, on a thread of their own.
//!
//! They do as little as they can: the request is written once, of an answer only its head is read, and its body is
//! counted. An answer that is not the expected one ends the measurement.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

use crate::cli::Fault;

/// The longest that a whole measurement may take for a thousand requests; a server that hangs ends it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is asked, by how many, and how often in all.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Asking {
    pub(in super::super) address: SocketAddr,
    pub(in super::super) path: &'static str,
    /// Bytes of every answer's body.
    pub(in super::super) bytes: usize,
    pub(in super::super) connections: usize,
    pub(in super::super) requests: usize,
}

/// Asks, and tells how long it took.
pub(in super::super) async fn ask(asking: Asking) -> Result<Duration, Fault> {
    let asked = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Fault::work)?;
        let patience = PATIENCE * u32::try_from(asking.requests / 1000 + 1).unwrap_or(u32::MAX);
        let asked = async move { tokio::time::timeout(patience, ask_all(asking)).await };
        runtime.block_on(asked).map_err(|_| Fault::Work(format!("{} answers too slowly", asking.address)))?
    });
    asked.await.map_err(Fault::work)?
}

async fn ask_all(asking: Asking) -> Result<Duration, Fault> {
    let (tasks, begun) = (TaskTracker::new(), Arc::new(AtomicUsize::new(0)));
    let mut clients = Vec::with_capacity(asking.connections);
    for _ in 0..asking.connections {
        clients.push(Client::connect(asking.address, None).await?);
    }
    let began = Instant::now();
    let asking_all: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let begun = Arc::clone(&begun);
            tasks.spawn(async move {
                while begun.fetch_add(1, Ordering::Relaxed) < asking.requests {
                    client.ask(asking.path, asking.bytes).await?;
                }
                Ok::<_, Fault>(())
            })
        })
        .collect();
    for one in asking_all {
        one.await.map_err(Fault::work)??;
    }
    Ok(began.elapsed())
}

/// One connection that stays open.
pub(in super::super) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects, from an address of ours when one is named.
    pub(in super::super) async fn connect(to: SocketAddr, from: Option<std::net::IpAddr>) -> Result<Self, Fault> {
        let socket = tokio::net::TcpSocket::new_v4().map_err(Fault::work)?;
        if let Some(from) = from {
            socket.bind(SocketAddr::new(from, 0)).map_err(Fault::work)?;
        }
        let stream = socket.connect(to).await.map_err(|error| Fault::Work(format!("cannot connect: {error}")))?;
        stream.set_nodelay(true).map_err(Fault::work)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Asks for `path` and reads the answer, which has to be 200 with `bytes` of body.
    pub(in super::super) async fn ask(&mut self, path: &str, bytes: usize) -> Result<(), Fault> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await.map_err(Fault::work)?;
        if self.buffer.is_empty() {
            self.buffer = vec![0; (bytes + 2048).min(64 << 10)];
        }
        let (mut filled, mut left) = (0, None);
        while left != Some(0) {
            let free = self.buffer.get_mut(filled..).unwrap_or_default();
            let read = self.stream.read(free).await.map_err(Fault::work)?;
            if read == 0 {
                return Err(Fault::Work(format!("{path}: the server closed the connection within an answer")));
            }
            left = match left {
                Some(left) => Some(usize::checked_sub(left, read).ok_or_else(|| unexpected(path, &self.buffer))?),
                None => {
                    filled += read;
                    let head = self.buffer.get(..filled).unwrap_or_default();
                    body_left(head, bytes).ok_or_else(|| unexpected(path, head))?
                }
            };
            // Of the body nothing is kept.
            filled = if left.is_some() { 0 } else { filled };
        }
        Ok(())
    }
}

/// How much of the body is still to come; none inside while the head is not complete, and none at all for another
/// answer than the expected one.
fn body_left(read: &[u8], bytes: usize) -> Option<Option<usize>> {
    let Some(end) = memmem::find(read, b"\r\n\r\n") else { return Some(None) };
    let head = std::str::from_utf8(read.get(..end)?).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let expected = head.starts_with("HTTP/1.1 200 ") && length == Some(bytes);
    expected.then(|| bytes.checked_sub(read.len() - end - 4)).flatten().map(Some)
}

fn unexpected(path: &str, answer: &[u8]) -> Fault {
    let text = String::from_utf8_lossy(answer);
    let line: String = text.chars().take(200).collect();
    Fault::Work(format!("{path} was answered otherwise than expected: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_when_all_its_bytes_came() {
        let head = "HTTP/1.1 200 OK\r\ncontent-Length: 3\r\n\r\n";
        for (read, left) in [
            ("HTTP/1.1 200 OK\r\nContent-", Some(None)),
            (head, Some(Some(3))),
            (&format!("{head}ab"), Some(Some(1))),
            (&format!("{head}abc"), Some(Some(0))),
            (&format!("{head}abcd"), None),
            ("HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nabc", None),
            ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", None),
            ("HTTP/1.1 200 OK\r\n\r\nabc", None),
        ] {
            assert_eq!(body_left(read.as_bytes(), 3), left, "{read}");
        }
    }
}

//! Portals of our own that deliver over HTTP and misbehave when told to.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The fields, names in lower case.
    pub fields: HashMap<String, String>,
    /// The body.
    pub body: String,
}

/// What a portal answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A status, further fields with their line ends, and a body.
    Answer(u16, String, Vec<u8>),
    /// Bytes as they are, then the end of the connection.
    Raw(Vec<u8>),
    /// The first bytes, then the others again and again with a pause between, until the client or the portal has gone.
    Endless(Vec<u8>, Vec<u8>, Duration),
    /// Nothing, until the portal ends.
    Silence,
}

impl Reply {
    /// 200 with a body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Answer(200, String::new(), body.into())
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self::Answer(status, String::new(), Vec::new())
    }
}

/// A server on a free port of the loopback; it ends when it is dropped.
#[derive(Debug)]
pub struct FakePortal {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    ending: Arc<Ending>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Ending {
    ended: AtomicBool,
    lock: Mutex<()>,
    signal: Condvar,
}

impl FakePortal {
    /// Answers each request by `answer`.
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let ending = Arc::new(Ending::default());
        let (kept, end, answer) = (Arc::clone(&seen), Arc::clone(&ending), Arc::new(answer));
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (answer, kept, end) = (Arc::clone(&answer), Arc::clone(&kept), Arc::clone(&end));
                std::thread::spawn(move || serve(stream, &*answer, &kept, &end));
            }
        });
        Self { address, seen, ending, accepting: Some(accepting) }
    }

    /// A portal that serves the files of a folder, subfolders included, with entity tags.
    pub fn of_folder(folder: &Path) -> Self {
        let folder = folder.to_owned();
        Self::start(move |request| file(&folder, request))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a path on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it was asked since the last call.
    pub fn take_seen(&self) -> Vec<Request> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// The targets it was asked for since the last call.
    pub fn take_targets(&self) -> Vec<String> {
        self.take_seen().into_iter().map(|request| request.target).collect()
    }
}

impl Drop for FakePortal {
    fn drop(&mut self) {
        {
            let _held = self.ending.lock.lock();
            self.ending.ended.store(true, Ordering::SeqCst);
        }
        self.ending.signal.notify_all();
        // Wakes the thread that accepts; that nobody listens any more is just as well.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// The answer of a file server to one request.
pub fn file(folder: &Path, request: &Request) -> Reply {
    let path = request.target.split('?').next().unwrap_or_default().trim_start_matches('/');
    if path.split('/').any(|segment| segment == "..") {
        return Reply::status(400);
    }
    let path: PathBuf = folder.join(path);
    let Ok(bytes) = std::fs::read(&path) else { return Reply::status(404) };
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let field = format!("ETag: {tag}\r\n");
    match request.fields.get("if-none-match") {
        Some(known) if *known == tag => Reply::Answer(304, field, Vec::new()),
        _ => Reply::Answer(200, field, bytes),
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Request) -> Reply, kept: &Mutex<Vec<Request>>, end: &Ending) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let _ = stream.set_write_timeout(Some(Duration::from_secs(20)));
    let Some(request) = read(&mut stream) else { return };
    kept.lock().unwrap().push(request.clone());
    // A client that has gone needs no answer.
    let _ = match answer(&request) {
        Reply::Raw(bytes) => stream.write_all(&bytes),
        Reply::Answer(status, fields, body) => {
            let length = if status == 304 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
            let head = format!("HTTP/1.1 {status} X\r\n{fields}{length}Connection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body))
        }
        Reply::Endless(head, piece, pause) => {
            let mut sent = stream.write_all(&head);
            while sent.is_ok() && !end.ended.load(Ordering::SeqCst) {
                std::thread::sleep(pause);
                sent = stream.write_all(&piece);
            }
            sent
        }
        Reply::Silence => {
            let mut held = end.lock.lock().unwrap();
            while !end.ended.load(Ordering::SeqCst) {
                held = end.signal.wait(held).unwrap();
            }
            Ok(())
        }
    };
    let _ = stream.shutdown(std::net::Shutdown::Write);
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let (mut sent, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&sent).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.split("\r\n");
            let mut first = lines.next()?.split(' ');
            let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
            let field = |line: &str| {
                let (name, value) = line.split_once(':')?;
                Some((name.to_lowercase(), value.trim().to_owned()))
            };
            let fields: HashMap<String, String> = lines.filter_map(field).collect();
            let length = fields.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Some(Request { method, target, fields, body: body.to_owned() });
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(read) => sent.extend_from_slice(piece.get(..read)?),
        }
    }
}

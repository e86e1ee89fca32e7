//! What measurements under attack have in common: a gateway of its own, and honest clients that note how long they waited.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use connectors::registration::Portal;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use prometheus::Registry;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Serving;
use crate::cli::Fault;
use crate::metrics::Metrics;
use crate::pages::forward::{Asked, WhoIsAsked};
use crate::proxy::{Proxy, Settings};
use crate::routes::Routes;
use crate::server::{Front, Limits, Server, bind};

/// Longest that a client waits for an answer before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of a head that a portal reads.
const MAX_HEAD: usize = 64 * 1024;

/// A gateway, and what changes its table.
pub(super) struct Stand {
    pub(super) serving: Serving,
    pub(super) routes: Arc<ArcSwap<Routes>>,
    pub(super) proxy: Arc<Proxy>,
    pub(super) metrics: Arc<Metrics>,
}

/// A gateway with the default bounds before `portals`, without pages of its own.
pub(super) async fn stand(portals: &[Portal]) -> Result<Stand, Fault> {
    let (routes, faults) = Routes::build(portals, None);
    routes.self_test().map_err(Fault::Work)?;
    if let Some(fault) = faults.first() {
        return Err(Fault::Work(fault.to_string()));
    }
    stand_on(routes).await
}

/// The same before the portals of a table.
pub(super) async fn stand_on(routes: Routes) -> Result<Stand, Fault> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let public = bind(any).await.map_err(Fault::work)?;
    let address = public.local_addr().map_err(Fault::work)?;
    let metrics = Arc::new(Metrics::new(Registry::new()).map_err(Fault::work)?);
    let settings = Settings::new("http://localhost".parse().map_err(Fault::work)?);
    let who: WhoIsAsked = Arc::new(|_, _| Box::pin(async { Ok(Asked::default()) }));
    let allow = Arc::new(|_| true);
    let proxy = Arc::new(Proxy::new(settings, allow, Proxy::public_roots(), Arc::clone(&metrics), tasks.clone()));
    let routes = Arc::new(ArcSwap::from_pointee(routes));
    let server = Server {
        public,
        front: Front::default(),
        internal: bind(any).await.map_err(Fault::work)?,
        pages: axum::Router::new(),
        inside: axum::Router::new(),
        routes: Arc::clone(&routes),
        who,
        proxy: Arc::clone(&proxy),
        metrics: Arc::clone(&metrics),
        ready: Arc::new(|| Ok(())),
        limits: Limits { drain_time: Duration::from_secs(1), requests_per_s: 0, ..Limits::default() },
        tasks: tasks.clone(),
    };
    tasks.spawn(server.run(stop.clone()));
    Ok(Stand { serving: Serving { address, stop, tasks }, routes, proxy, metrics })
}

/// A portal with one upstream below `/portal/{id}`.
pub(super) fn portal(id: &str, upstream: SocketAddr) -> Result<Portal, Fault> {
    serde_json::from_value(json!({
        "id": id, "name": format!("Portal {id}"), "gebiet": "050000000000", "connector": { "kind": "push" },
        "route": [{ "prefix": format!("/portal/{id}"), "upstream": [format!("http://{upstream}")] }],
    }))
    .map_err(Fault::work)
}

/// Takes connections until `stop`, each in a task on `tasks` that ends with it.
pub(super) async fn listen<F>(
    stop: &CancellationToken,
    tasks: &TaskTracker,
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> Result<SocketAddr, Fault>
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Fault::work)?;
    let address = listener.local_addr().map_err(Fault::work)?;
    let (stop, tracker) = (stop.clone(), tasks.clone());
    tasks.spawn(async move {
        while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
            let Ok((stream, _)) = accepted else { continue };
            let (stop, serving) = (stop.clone(), serve(stream));
            tracker.spawn(async move {
                stop.run_until_cancelled(serving).await;
            });
        }
    });
    Ok(address)
}

/// Reads up to the end of a head; none when the connection ended before. `begun` holds what came behind it.
pub(super) async fn head(stream: &mut TcpStream, begun: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(at) = begun.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = begun.split_off(at + 4);
            return String::from_utf8(std::mem::replace(begun, rest)).ok();
        }
        if begun.len() > MAX_HEAD || stream.read_buf(begun).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

/// Writes an answer with a body of `bytes`.
pub(super) async fn answer(stream: &mut TcpStream, bytes: usize) -> std::io::Result<()> {
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + bytes, b'x');
    stream.write_all(&answer).await
}

/// What honest clients came to.
#[derive(Default, Debug)]
pub(super) struct Honest {
    /// How long each answer took, to its last byte.
    pub(super) times: Vec<Duration>,
    /// Requests that were not answered as they should, with the first reason.
    pub(super) failed: usize,
    pub(super) why: Option<String>,
}

impl Honest {
    pub(super) fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.failed += other.failed;
        self.why = self.why.take().or(other.why);
    }

    /// The time that so great a share of answers did not exceed, in milliseconds; 0 without any.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
        times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

/// Asks for `paths` in turn, `pause` apart, until `until`; each on a connection of its own, or all on one.
pub(super) async fn ask(
    address: SocketAddr,
    paths: Vec<String>,
    pause: Duration,
    anew: bool,
    until: Instant,
) -> Honest {
    let mut honest = Honest::default();
    let mut kept = None;
    for path in paths.iter().cycle() {
        if Instant::now() >= until {
            break;
        }
        let begun = Instant::now();
        match timeout(PATIENCE, ask_once(address, path, &mut kept)).await {
            Ok(Ok(())) => honest.times.push(begun.elapsed()),
            failed => {
                honest.failed += 1;
                let why =
                    failed.map_or_else(|_| "no answer in time".to_owned(), |asked| asked.err().unwrap_or_default());
                honest.why.get_or_insert(format!("{path}: {why}"));
                kept = None;
            }
        }
        if anew {
            kept = None;
        }
        sleep(pause).await;
    }
    honest
}

/// The text at an address, on a connection of its own.
pub(super) async fn fetch(address: SocketAddr, path: &str) -> Result<String, String> {
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(PATIENCE, asking).await.map_err(|_| format!("{path}: no answer in time"))?;
    let answer = answer.map_err(|error| format!("{path}: {error}"))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.contains(" 200 ") => Ok(body.to_owned()),
        _ => Err(format!("{path}: {}", answer.lines().next().unwrap_or("an empty answer"))),
    }
}

/// One end of a connection, and the task that drives it.
pub(super) struct Kept {
    sender: hyper::client::conn::http1::SendRequest<Empty<Bytes>>,
    driving: tokio::task::JoinSet<()>,
}

async fn ask_once(address: SocketAddr, path: &str, kept: &mut Option<Kept>) -> Result<(), String> {
    let said = |error: hyper::Error| format!("{error:?}");
    let mut connection = match kept.take().filter(|kept| !kept.sender.is_closed()) {
        Some(connection) => connection,
        None => {
            let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
            stream.set_nodelay(true).map_err(|error| error.to_string())?;
            let (sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(said)?;
            let mut driving = tokio::task::JoinSet::new();
            driving.spawn(async move {
                // That it broke is seen by the request.
                let _ = driver.await;
            });
            Kept { sender, driving }
        }
    };
    connection.sender.ready().await.map_err(said)?;
    let request = Request::get(path).header(header::HOST, "localhost").body(Empty::new());
    let answer = connection.sender.send_request(request.map_err(|error| error.to_string())?).await.map_err(said)?;
    let status = answer.status();
    answer.into_body().collect().await.map_err(said)?;
    if status != 200 {
        return Err(format!("answered with {status}"));
    }
    if !connection.driving.is_empty() {
        *kept = Some(connection);
    }
    Ok(())
}

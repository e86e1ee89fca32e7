//! A gateway on a free port, and portals that are written byte by byte; for tests only.

#![expect(clippy::disallowed_methods, reason = "the servers of a test end with its runtime")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::routing::{get, post};
use connectors::registration::Portal;
use prometheus::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::metrics::Metrics;
use crate::pages::forward::{Asked, WhoIsAsked};
use crate::proxy::{Allow, Proxy, Settings};
use crate::routes::Routes;
use crate::server::{Front, Limits, Server, bind};

/// Longer than anything in a test takes that works.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a gateway under test is made of.
pub(crate) struct Plan {
    pub(crate) portals: Vec<Portal>,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) front: Front,
    pub(crate) allow: Allow,
    pub(crate) tls: rustls::ClientConfig,
    pub(crate) loaded: bool,
    pub(crate) metrics: Arc<Metrics>,
    /// Whose portal takes requests for a Leistung at a place.
    pub(crate) who: WhoIsAsked,
}

impl Plan {
    pub(crate) fn new(portals: Vec<Portal>) -> Self {
        let settings = Settings::new("https://verbund.example".parse().unwrap());
        let tls = Proxy::public_roots();
        let who: WhoIsAsked = Arc::new(|_, _| Box::pin(async { Ok(Asked::default()) }));
        let (limits, front) = (Limits::default(), Front::default());
        let metrics = Arc::new(Metrics::new(Registry::new()).unwrap());
        Self { portals, settings, limits, front, allow: Arc::new(|_| true), tls, loaded: true, metrics, who }
    }

    pub(crate) async fn start(self) -> Gateway {
        let any = "127.0.0.1:0".parse().unwrap();
        let (public, internal) = (bind(any).await.unwrap(), bind(any).await.unwrap());
        let (address, inside) = (public.local_addr().unwrap(), internal.local_addr().unwrap());
        let metrics = self.metrics;
        let (table, faults) = Routes::build(&self.portals, None);
        assert_eq!(faults, []);
        let tasks = TaskTracker::new();
        let proxy = Arc::new(Proxy::new(self.settings, self.allow, self.tls, metrics.clone(), tasks.clone()));
        proxy.keep_only(&table);
        let routes = Arc::new(ArcSwap::from_pointee(if self.loaded { table } else { Routes::not_loaded() }));
        let server = Server {
            public,
            internal,
            pages: pages(),
            inside: axum::Router::new(),
            routes: routes.clone(),
            who: self.who,
            proxy: proxy.clone(),
            metrics: metrics.clone(),
            ready: Arc::new(|| Ok(())),
            limits: self.limits,
            front: self.front,
            tasks: tasks.clone(),
        };
        let stop = CancellationToken::new();
        let done = tokio::spawn(server.run(stop.clone()));
        Gateway { address, inside, stop, tasks, done, metrics, routes, proxy }
    }
}

fn pages() -> axum::Router {
    axum::Router::new()
        .route("/", get(async || "start"))
        .route("/panic", get(panicking))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_millis(300)).await))
        .route("/count", post(async |body: String| body.len().to_string()))
}

async fn panicking() -> &'static str {
    assert!(std::env::args().count() == 0, "on purpose");
    "never"
}

/// A gateway under test.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) inside: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) done: JoinHandle<()>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) routes: Arc<ArcSwap<Routes>>,
    pub(crate) proxy: Arc<Proxy>,
}

impl Gateway {
    pub(crate) async fn connect(&self) -> Conn {
        Conn::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends `request` as it is and reads until the gateway closes.
    pub(crate) async fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let mut conn = self.connect().await;
        conn.write(request).await;
        conn.rest().await
    }

    /// The answer to one GET that closes.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.raw(format!("GET {path} HTTP/1.1\r\nHost: verbund.example\r\nConnection: close\r\n\r\n")).await
    }

    /// The value of a metric, with its labels as they are written.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.metrics.text()).unwrap();
        let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
        line.and_then(|line| line.rsplit(' ').next()).map_or(0.0, |value| value.parse().unwrap())
    }

    /// Ends the gateway and waits for every task.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.done).await.unwrap().unwrap();
        self.tasks.close();
        timeout(PATIENCE, self.tasks.wait()).await.unwrap();
    }
}

/// One side of a connection, read and written by hand.
pub(crate) struct Conn {
    pub(crate) stream: TcpStream,
    begun: Vec<u8>,
}

impl Conn {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, begun: Vec::new() }
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        // The other side may have closed already; what matters is what it said.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Reads until `mark` was read, and gives everything up to its end; empty when the other side closed before.
    pub(crate) async fn until(&mut self, mark: &str) -> String {
        let mark = mark.as_bytes();
        loop {
            if let Some(at) = self.begun.windows(mark.len()).position(|window| window == mark) {
                let rest = self.begun.split_off(at + mark.len());
                return text(std::mem::replace(&mut self.begun, rest));
            }
            if timeout(PATIENCE, self.stream.read_buf(&mut self.begun)).await.unwrap().unwrap_or(0) == 0 {
                return String::new();
            }
        }
    }

    pub(crate) async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    /// Exactly so many bytes; none when the other side closed before.
    pub(crate) async fn exactly(&mut self, many: usize) -> Option<Vec<u8>> {
        while self.begun.len() < many {
            if timeout(PATIENCE, self.stream.read_buf(&mut self.begun)).await.unwrap().unwrap_or(0) == 0 {
                return None;
            }
        }
        let rest = self.begun.split_off(many);
        Some(std::mem::replace(&mut self.begun, rest))
    }

    /// Everything up to the end of the connection, however it ends.
    pub(crate) async fn rest(&mut self) -> String {
        while timeout(PATIENCE, self.stream.read_buf(&mut self.begun)).await.unwrap().unwrap_or(0) > 0 {}
        text(std::mem::take(&mut self.begun))
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A portal that does with each connection what the test says.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Upstream {
    /// `script` gets the connection and its number, from 0.
    pub(crate) async fn start<F>(script: impl Fn(Conn, usize) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(script(Conn::new(stream), count.fetch_add(1, Ordering::SeqCst)));
            }
        });
        Self { address, connections }
    }

    /// A portal that answers every head with the same bytes.
    pub(crate) async fn saying(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::start(move |mut conn, _| {
            let answer = answer.clone();
            async move {
                while !conn.head().await.is_empty() {
                    conn.write(&answer).await;
                }
            }
        })
        .await
    }

    /// A portal that answers every request with its head.
    pub(crate) async fn echo() -> Self {
        Self::start(|mut conn, _| async move {
            loop {
                let head = conn.head().await;
                if head.is_empty() {
                    return;
                }
                conn.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{head}", head.len())).await;
            }
        })
        .await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A portal below `/portal/<id>` with these upstreams.
pub(crate) fn portal(id: &str, upstreams: &[SocketAddr]) -> Portal {
    let upstreams: Vec<_> = upstreams.iter().map(|address| format!("http://{address}")).collect();
    portal_at(id, &format!("prefix = \"/portal/{id}\""), &upstreams)
}

/// A portal at `place`, a line of its registration.
pub(crate) fn portal_at(id: &str, place: &str, upstreams: &[String]) -> Portal {
    toml::from_str(&format!(
        "id = \"{id}\"\nname = \"Stadt {id}\"\ngebiet = \"059110000000\"\nconnector = {{ kind = \"push\" }}\n\
         contact = {{ phone = \"0234 910-0\" }}\n[[route]]\n{place}\nupstream = {upstreams:?}\n"
    ))
    .unwrap()
}

/// A client of TLS that takes every certificate, to look which one it was shown.
#[derive(Debug)]
pub(crate) struct TrustAll;

impl rustls::client::danger::ServerCertVerifier for TrustAll {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

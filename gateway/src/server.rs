//! The two listeners: connections in, answers out, and an end in good order.
//!
//! The public side takes what citizens send; the internal side shows metrics and state and is never public. Both run the
//! same accept loop under the same kind of limits. Every task is on one tracker. When the token is cancelled nothing
//! new is accepted, open requests finish, and what is not done after the drain time is cut off.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::body::{Body, Pace};
use crate::metrics::Metrics;
use crate::pages::forward::WhoIsAsked;
use crate::proxy::Proxy;
use crate::routes::Routes;

mod accept;
mod activity;
mod answer;
mod arrival;
mod client;
mod frames;
mod framing;
mod guard;
mod handover;
mod hold;
mod internal;
mod purge;
mod rate;
mod redirect;
mod seats;
mod served;
mod stream;
mod tls;
mod visitor;

pub use client::Trusted;
pub use handover::{Handed, HandoverError};
pub use internal::Ready;
pub(crate) use seats::network;
pub use tls::{Certificate, CertificateFault, Certificates, TlsError};
pub use visitor::Sender;

use accept::{Accept, Entrance};
use answer::Edge;
use internal::Inside;
use rate::Rates;
use redirect::Redirecting;

/// Bounds of a listener. Times are the longest that is waited.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections in all.
    pub connections: usize,
    /// Open connections of one client: an IPv4 address, or an IPv6 network of 56 bits.
    pub connections_per_client: usize,
    /// From the first byte of a head (of the connection, for its first) to its end.
    pub head_time: Duration,
    /// Between two requests on one connection.
    pub keep_alive_time: Duration,
    /// Between two pieces of a request body.
    pub body_idle_time: Duration,
    /// How fast a request body has to come.
    pub body_pace: Pace,
    /// For a client to take some more of its answer.
    pub write_time: Duration,
    /// For open requests to finish once the end has begun.
    pub drain_time: Duration,
    /// Bytes of one head.
    pub head_bytes: usize,
    /// Fields of one head.
    pub fields: usize,
    /// Bytes of a request target.
    pub target_bytes: usize,
    /// Bytes of a request body for our own pages.
    pub own_body_bytes: u64,
    /// The same where portals hand something in.
    pub delivery_bytes: u64,
    /// Open streams of one HTTP/2 connection.
    pub streams: u32,
    /// Requests per second of one client on average; 0 is without bound.
    pub requests_per_s: u32,
    /// Requests of one client at once, before that average counts.
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_client: 200,
            head_time: Duration::from_secs(10),
            keep_alive_time: Duration::from_secs(60),
            body_idle_time: Duration::from_secs(30),
            body_pace: Pace::default(),
            write_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(30),
            head_bytes: 32 * 1024,
            fields: 100,
            target_bytes: 8 * 1024,
            own_body_bytes: 1024 * 1024,
            delivery_bytes: 256 * 1024 * 1024,
            streams: 100,
            requests_per_s: 100,
            burst: 1000,
        }
    }
}

/// Why a listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process has the address.
    #[error("{0} is already in use; another process listens there")]
    InUse(SocketAddr),
    /// The process may not take it.
    #[error("{0} may not be taken; ports below 1024 need a right of their own")]
    Denied(SocketAddr),
    /// This machine does not have it.
    #[error("{0} is no address of this machine")]
    NotOurs(SocketAddr),
    /// Something else.
    #[error("cannot listen on {0}: {1}")]
    Other(SocketAddr, #[source] io::Error),
}

/// Opens a listener on `address`.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address),
        io::ErrorKind::PermissionDenied => BindError::Denied(address),
        io::ErrorKind::AddrNotAvailable => BindError::NotOurs(address),
        _ => BindError::Other(address, error),
    })
}

/// What stands between the public listener and its clients.
#[derive(Default)]
pub struct Front {
    /// TLS, where citizens reach us by it.
    pub tls: Option<TlsAcceptor>,
    /// A listener without TLS that sends pages on, and the address it sends them to.
    pub redirect: Option<(TcpListener, Url)>,
    /// Which proxies in front of us are believed who their client is.
    pub trusted: Trusted,
    /// Whether connections begin with a header of the PROXY protocol.
    pub proxy_protocol: bool,
}

/// All that the two listeners need.
pub struct Server {
    /// The public listener.
    pub public: TcpListener,
    /// The internal listener.
    pub internal: TcpListener,
    /// Our own pages.
    pub pages: axum::Router,
    /// Further pages of the internal side.
    pub inside: axum::Router,
    /// The table of routes; swapped by others.
    pub routes: Arc<ArcSwap<Routes>>,
    /// Tells whose portal takes requests for a Leistung at a place.
    pub who: WhoIsAsked,
    /// The way to the portals.
    pub proxy: Arc<Proxy>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Tells what is missing to be ready, beside routes.
    pub ready: Ready,
    /// Bounds of the public listener.
    pub limits: Limits,
    /// What stands before it.
    pub front: Front,
    /// Every task is spawned here.
    pub tasks: TaskTracker,
}

impl Server {
    /// Serves until `stop` is cancelled and the open requests are done, or cut off after the drain time.
    ///
    /// The internal side answers until the public one is done. Afterwards the connections to portals are closed.
    pub async fn run(self, stop: CancellationToken) {
        let Self { public, internal, pages, inside, routes, who, proxy, metrics, ready, limits, front, tasks } = self;
        let inside = inside.merge(purge::router(proxy.clone(), routes.clone()));
        let shown = Inside {
            routes: routes.clone(),
            who: who.clone(),
            proxy: proxy.clone(),
            metrics: metrics.clone(),
            ready,
            stop: stop.clone(),
        };
        let inside = internal::router(shown, inside);
        let limits = Arc::new(limits);
        let Front { tls, redirect, trusted, proxy_protocol } = front;
        let plain = Entrance { proxy_protocol, trusted: trusted.clone(), ..Entrance::default() };
        let rates = Rates::new(limits.requests_per_s, limits.burst);
        let entrance = Arc::new(Entrance { tls, proxy_protocol, trusted, rates, ..Entrance::default() });
        let redirecting = redirect.map(|(listener, public_url)| {
            let redirecting =
                Arc::new(Redirecting::new(public_url, routes.clone(), metrics.clone(), (*limits).clone()));
            let accept = Accept {
                listener,
                limits: limits.clone(),
                metrics: metrics.clone(),
                tasks: tasks.clone(),
                public: true,
                entrance: Arc::new(plain),
            };
            tasks.spawn(accept.run(stop.clone(), move |_, request| {
                let redirecting = redirecting.clone();
                async move { redirecting.answer(&request) }
            }))
        });
        let edge = Edge::new(pages, routes, who, proxy.clone(), metrics.clone(), (*limits).clone(), entrance.clone());
        let edge = Arc::new(edge);

        let inside_stop = CancellationToken::new();
        let inside_done =
            tasks.spawn(run_inside(internal, inside, metrics.clone(), tasks.clone(), inside_stop.clone()));
        let sweeper = proxy.clone();
        tasks.spawn(async move { sweeper.sweep().await });

        let public_loop = Accept { listener: public, limits, metrics, tasks, public: true, entrance };
        public_loop
            .run(stop, move |peer, request| {
                let edge = edge.clone();
                async move { edge.answer(&peer, request).await }
            })
            .await;
        if let Some(redirecting) = redirecting {
            // As below.
            let _ = redirecting.await;
        }
        proxy.close();
        inside_stop.cancel();
        // The task ends with its token; that it panicked would be in the log already.
        let _ = inside_done.await;
    }
}

/// Serves the internal side of a process without a gateway until `stop`: what is in `registry`, and whether it is `ready`.
pub async fn run_without_gateway(
    listener: TcpListener,
    registry: Registry,
    ready: Ready,
    tasks: TaskTracker,
    stop: CancellationToken,
) -> Result<(), prometheus::Error> {
    // What the listener itself counts concerns nobody.
    let metrics = Arc::new(Metrics::new(Registry::new())?);
    let inside = internal::without_gateway(registry, ready, stop.clone());
    run_inside(listener, inside, metrics, tasks, stop).await;
    Ok(())
}

async fn run_inside(
    listener: TcpListener,
    inside: axum::Router,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let limits = Limits {
        connections: 100,
        connections_per_client: 100,
        drain_time: Duration::from_secs(1),
        ..Limits::default()
    };
    let accept = Accept { listener, limits: Arc::new(limits), metrics, tasks, public: false, entrance: Arc::default() };
    accept
        .run(stop, move |_, request| {
            let router = inside.clone();
            async move { answer::page(router, request.map(Body::new)).await }
        })
        .await;
}

#[cfg(test)]
mod tests;

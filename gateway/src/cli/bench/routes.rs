//! What a request costs with few routes and with many: the look-up alone, and whole requests through the gateway.
//!
//! Both tables belong to the same ten portals, so that only the number of routes differs; the requests go round all of
//! them. Clients, gateway and portal share the process, so the cost of a request is that of all three.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use connectors::registration::Portal;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Empty, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::stand::stand_on;
use super::{cpu_seconds, say};
use crate::cli::{Exit, Fault};
use crate::routes::Routes;

const FEW: usize = 10;
const MANY: usize = 10_000;
const CLIENTS: usize = 8;
/// Short rounds that take turns: what else the machine does meets both alike.
const ROUNDS: usize = 10;

pub(super) async fn run(requests: usize) -> Result<Exit, Fault> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let portal = portal(&stop, &tasks).await?;
    let mut lookups = Vec::new();
    let mut gateways = Vec::new();
    for count in [FEW, MANY] {
        let began = Instant::now();
        let (routes, faults) = Routes::build(&portals(count, portal)?, None);
        routes.self_test().map_err(Fault::Work)?;
        if routes.len() != count || !faults.is_empty() {
            return Err(Fault::Work(format!("only {} of {count} routes fit", routes.len())));
        }
        say(&format!("build_{count}"), format!("{:.2}", began.elapsed().as_secs_f64() * 1e3), "ms");
        lookups.push(lookup(&routes, count)?);
        gateways.push((count, stand_on(routes).await?.serving));
    }
    for (count, lookup) in [FEW, MANY].into_iter().zip(&lookups) {
        say(&format!("lookup_{count}"), format!("{:.0}", lookup * 1e9), "ns");
    }
    let mut busy = [0.0, 0.0];
    let each = requests.div_ceil(ROUNDS * CLIENTS);
    for round in 0..=ROUNDS {
        for ((count, serving), busy) in gateways.iter().zip(&mut busy) {
            let before = cpu_seconds();
            ask(serving.address, *count, each).await?;
            // The first round makes the connections.
            if round > 0 {
                *busy += cpu_seconds() - before;
            }
        }
    }
    let done = (each * ROUNDS * CLIENTS) as f64;
    for (count, busy) in [FEW, MANY].into_iter().zip(busy) {
        say(&format!("request_{count}"), format!("{:.1}", busy / done * 1e6), "CPU us");
    }
    let [few, many] = busy;
    say("request_ratio", format!("{:.3}", many / few), "with 10000 routes against 10");
    for (_, serving) in gateways {
        serving.end().await;
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(Exit::Done)
}

fn path(at: usize) -> String {
    format!("/portal/p{}/dienst-{at}", at % FEW)
}

/// Ten portals with `count` routes in all.
fn portals(count: usize, upstream: SocketAddr) -> Result<Vec<Portal>, Fault> {
    let portal = |number: usize| {
        let route = |at| json!({ "prefix": path(at), "upstream": [format!("http://{upstream}")] });
        let routes: Vec<_> = (number..count).step_by(FEW).map(route).collect();
        serde_json::from_value(json!({
            "id": format!("p{number}"), "name": format!("Portal {number}"), "gebiet": "050000000000",
            "connector": { "kind": "push" }, "route": routes,
        }))
    };
    (0..FEW).map(portal).collect::<Result<_, _>>().map_err(Fault::work)
}

/// Seconds of one look-up.
fn lookup(routes: &Routes, count: usize) -> Result<f64, Fault> {
    const TIMES: usize = 300_000;
    let paths: Vec<String> = (0..count).map(|at| format!("{}/antrag/seite", path(at))).collect();
    let began = Instant::now();
    for path in paths.iter().cycle().take(TIMES) {
        routes.find(Some("localhost"), path).map_err(Fault::work)?;
    }
    Ok(began.elapsed().as_secs_f64() / TIMES as f64)
}

/// A portal that answers with 1 KiB.
async fn portal(stop: &CancellationToken, tasks: &TaskTracker) -> Result<SocketAddr, Fault> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Fault::work)?;
    let address = listener.local_addr().map_err(Fault::work)?;
    let (stop, tracker) = (stop.clone(), tasks.clone());
    tasks.spawn(async move {
        while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
            let Ok((stream, _)) = accepted else { continue };
            let stop = stop.clone();
            tracker.spawn(async move {
                let answer = service_fn(async |_| {
                    Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from_static(&[b'x'; 1024]))))
                });
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                // A connection that breaks fails its request, and that is seen.
                let _ = stop.run_until_cancelled(connection).await;
            });
        }
    });
    Ok(address)
}

/// Every client sends `each` requests on one connection, over all routes in turn.
async fn ask(address: SocketAddr, count: usize, each: usize) -> Result<(), Fault> {
    let clients = TaskTracker::new();
    let asking: Vec<_> = (0..CLIENTS).map(|client| clients.spawn(ask_one(address, count, each, client))).collect();
    for asking in asking {
        asking.await.map_err(Fault::work)??;
    }
    Ok(())
}

async fn ask_one(address: SocketAddr, count: usize, each: usize, client: usize) -> Result<(), Fault> {
    let stream = TcpStream::connect(address).await.map_err(Fault::work)?;
    stream.set_nodelay(true).map_err(Fault::work)?;
    let handshake = hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(Fault::work)?;
    let asking = async {
        for at in 0..each {
            // A stride without a common factor with the number of routes meets all of them, in a mixed order.
            let path = format!("{}/antrag?nr={at}", path((client + at) * 7_919 % count));
            let request = Request::get(path).header(header::HOST, "localhost").body(Empty::new());
            sender.ready().await.map_err(Fault::work)?;
            let answer = sender.send_request(request.map_err(Fault::work)?).await.map_err(Fault::work)?;
            let status = answer.status();
            let body = answer.into_body().collect().await.map_err(Fault::work)?.to_bytes();
            if status != 200 || body.len() != 1024 {
                return Err(Fault::Work(format!("a request was answered with {status}")));
            }
        }
        Ok(())
    };
    tokio::pin!(asking);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        done = &mut asking => done,
        ended = connection.as_mut() => {
            ended.map_err(Fault::work)?;
            asking.await
        }
    }
}

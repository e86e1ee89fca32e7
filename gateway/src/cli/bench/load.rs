//! The questions of a measurement, and clients that ask them over HTTP.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use config::Config;
use connectors::gebiet::Gebiete;
use connectors::registration::Portal;
use connectors::xzufi::read::{Envelope, Options, Reader};
use connectors::xzufi::{Action, Objekt};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use indexer::catalog::Catalog;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Serving;
use crate::cli::Fault;
use crate::router::Origin;
use crate::service::{Gateway, Ground};

/// The distinct names of the Leistungen in a folder of deliveries: of so many portals as give some times `count`.
pub(super) fn titles(dir: &Path, portals: &[Portal], count: usize) -> Result<Vec<String>, Fault> {
    let mut titles = BTreeSet::new();
    for portal in portals {
        let folder = dir.join(portal.id.as_str());
        let list = std::fs::read_to_string(folder.join("index.txt")).map_err(Fault::work)?;
        for name in list.lines() {
            let file = std::fs::File::open(folder.join(name.trim())).map_err(Fault::work)?;
            let options = Options {
                limits: connectors::xml::Limits::default(),
                file: name.to_owned(),
                envelope: Envelope::IndexFile,
            };
            let mut reader = Reader::new(std::io::BufReader::new(file), options);
            while let Ok(Some(entry)) = reader.next_entry() {
                let Action::Schreibe(Objekt::Leistung(leistung)) = entry.action else { continue };
                let named = leistung.module.texte.iter().filter(|text| text.typ.code.as_deref() == Some("03"));
                titles.extend(named.flat_map(|text| &text.inhalt).map(|text| text.text.clone()));
            }
        }
        if titles.len() > 4 * count {
            break;
        }
    }
    Ok(titles.into_iter().collect())
}

/// Questions as people ask them, made of the titles that are delivered: the whole title, its first words, with a town,
/// with a postal code, and with a letter missing. The same folder gives the same questions.
pub(super) fn questions(dir: &Path, portals: &[Portal], count: usize) -> Result<Vec<String>, Fault> {
    let titles = titles(dir, portals, count)?;
    let towns: Vec<_> = portals.iter().filter_map(|portal| Gebiete::nrw().get(&portal.gebiet).cloned()).collect();
    if titles.is_empty() || towns.is_empty() {
        return Err(Fault::Usage(format!("{} holds no Leistungen to ask for", dir.display())));
    }
    let question = |at: usize| {
        // A stride that shares no factor with the usual numbers of titles visits them in a mixed order.
        let title = &titles[(at * 7_919) % titles.len()];
        let town = &towns[(at * 31) % towns.len()];
        let first = title.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        match at % 5 {
            0 => title.clone(),
            1 => first,
            2 => format!("{first} {}", town.name),
            3 => format!("{} {first}", town.plz.first().map_or("44787", String::as_str)),
            _ => first.chars().enumerate().filter(|(place, _)| *place != 3).map(|(_, letter)| letter).collect(),
        }
    };
    Ok((0..count).map(question).collect())
}

/// The time of every question, asked by `clients` at once over connections that stay open.
pub(super) async fn over_http(
    config: &Config,
    catalog: Catalog,
    questions: Arc<Vec<String>>,
    clients: usize,
) -> Result<Vec<Duration>, Fault> {
    let serving = serve(config, catalog).await?;
    let path = |question: &String| format!("/api/v1/search?q={}", utf8_percent_encode(question, NON_ALPHANUMERIC));
    let times = times(serving.address, questions.iter().map(path).collect(), clients, None).await?;
    serving.end().await;
    Ok(times)
}

/// The time of every answer to `paths` but the first hundred, which warm the caches; asked by `clients` at once over
/// connections that stay open, in the codings that are accepted.
pub(super) async fn times(
    address: SocketAddr,
    paths: Vec<String>,
    clients: usize,
    accepted: Option<&'static str>,
) -> Result<Vec<Duration>, Fault> {
    let (next, paths, mut askers) = (Arc::new(AtomicUsize::new(0)), Arc::new(paths), JoinSet::new());
    for _ in 0..clients {
        askers.spawn(ask(address, Arc::clone(&paths), Arc::clone(&next), accepted));
    }
    let mut times = Vec::with_capacity(paths.len());
    while let Some(asker) = askers.join_next().await {
        times.extend(asker.map_err(Fault::work)??);
    }
    Ok(times)
}

/// A gateway with everything that citizens meet, over `catalog`.
pub(super) async fn serve(config: &Config, catalog: Catalog) -> Result<Serving, Fault> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (indexer, portals, metrics) = (None, Arc::default(), config::telemetry::registry());
    let ground = Ground { catalog, indexer, portals, metrics };
    let gateway = Gateway::open(config, ground, &tasks).await.map_err(Fault::work)?;
    gateway.router().load(&[], Origin::Registry { left_out: 0 });
    let address = gateway.public();
    tasks.spawn(gateway.run(stop.clone()));
    Ok(Serving { address, stop, tasks })
}

async fn ask(
    address: SocketAddr,
    paths: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    accepted: Option<&'static str>,
) -> Result<Vec<Duration>, Fault> {
    let stream = TcpStream::connect(address).await.map_err(Fault::work)?;
    stream.set_nodelay(true).map_err(Fault::work)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(Fault::work)?;
    let asking = async {
        let mut times = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(at) else { return Ok(times) };
            let mut request = hyper::Request::get(path).header("host", address.to_string());
            if let Some(accepted) = accepted {
                request = request.header("accept-encoding", accepted);
            }
            let request = request.body(Empty::<Bytes>::new()).map_err(Fault::work)?;
            let began = Instant::now();
            let response = sender.send_request(request).await.map_err(Fault::work)?;
            let status = response.status();
            response.into_body().collect().await.map_err(Fault::work)?;
            if !status.is_success() {
                return Err(Fault::Work(format!("{status} for {path}")));
            }
            if at >= 100 {
                times.push(began.elapsed());
            }
        }
    };
    tokio::select! {
        times = asking => times,
        ended = connection => Err(Fault::Work(format!("the connection ended: {ended:?}"))),
    }
}

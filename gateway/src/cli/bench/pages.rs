//! The pages for citizens as a browser gets them: how long each kind takes while others ask too, and what it weighs.
//!
//! The whole server answers, over HTTP on connections that stay open, and compresses where a browser accepts it. Clients and
//! server share the machine. The addresses come of the deliveries: questions as people ask them, and the pages that the
//! answers to them lead to.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::net::TcpStream;

use super::{catalog, load, portals, report, say};
use crate::cli::{Exit, Fault};

/// What a browser accepts.
const ACCEPTED: &str = "gzip, deflate, br, zstd";
/// Longest that 99 of 100 pages with results, or of a Leistung, may take.
const MAX_P99: Duration = Duration::from_millis(30);
/// Most bytes of the first page with all that it needs, and of a page after it, compressed.
const MAX_FIRST: usize = 150 * 1024;
const MAX_NEXT: usize = 30 * 1024;
/// Answers that are asked where the pages are, and pages that are weighed of each kind.
const LOOKED_AT: usize = 400;

/// A kind of page, and its addresses.
struct Kind {
    name: &'static str,
    paths: Vec<String>,
    /// It has to be there in time.
    bounded: bool,
}

pub(super) async fn run(dir: &Path, kept: Option<PathBuf>, clients: usize, count: usize) -> Result<Exit, Fault> {
    let (config, catalog, _aside) = catalog(dir, kept).await?;
    let questions = load::questions(dir, &portals(dir)?, count)?;
    let serving = load::serve(&config, catalog).await?;
    let mut met = true;
    for kind in kinds(serving.address, &questions).await? {
        let asked: Vec<String> = kind.paths.iter().cycle().take(count.max(kind.paths.len())).cloned().collect();
        let mut times = load::times(serving.address, asked, clients, Some(ACCEPTED)).await?;
        times.sort_unstable();
        let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
        report(kind.name, times);
        met &= !kind.bounded || p99 <= MAX_P99;
        let mut weights = Vec::new();
        for path in kind.paths.iter().take(LOOKED_AT) {
            weights.push(get(serving.address, path, true).await?.len());
        }
        weights.sort_unstable();
        let most = weights.last().copied().unwrap_or(0);
        say(&format!("{}_weight_p50", kind.name), weights.get(weights.len() / 2).copied().unwrap_or(0), "bytes");
        say(&format!("{}_weight_max", kind.name), most, "bytes");
        met &= most <= MAX_NEXT;
    }
    let first = first_view(serving.address).await?;
    say("first_view_weight", first, "bytes with style sheet, scripts and fonts");
    met &= first <= MAX_FIRST;
    serving.end().await;
    if met { Ok(Exit::Done) } else { Ok(Exit::Findings) }
}

/// The kinds of pages, with the addresses that the deliveries give.
async fn kinds(address: SocketAddr, questions: &[String]) -> Result<Vec<Kind>, Fault> {
    let mut leistungen = BTreeSet::new();
    for question in questions.iter().take(LOOKED_AT) {
        let path = format!("/api/v1/search?q={}", encoded(question));
        let answer: Value = serde_json::from_slice(&get(address, &path, false).await?).map_err(Fault::work)?;
        let urls = answer["hits"].as_array().into_iter().flatten().filter_map(|hit| hit["url"].as_str());
        leistungen.extend(urls.map(str::to_owned));
    }
    // An address with a place has four parts: `leistung`, the key, the name, the place.
    let at_place = |path: &&String| path.split('/').count() == 5;
    let with: Vec<String> = leistungen.iter().filter(at_place).cloned().collect();
    let without: Vec<String> = leistungen.iter().filter(|path| !at_place(path)).cloned().collect();
    if with.is_empty() || without.is_empty() {
        return Err(Fault::Usage("the deliveries lead to no pages of Leistungen".to_owned()));
    }
    let results = questions.iter().map(|question| format!("/suche?q={}", encoded(question))).collect();
    Ok(vec![
        Kind { name: "start", paths: vec!["/".to_owned()], bounded: false },
        Kind { name: "results", paths: results, bounded: true },
        Kind { name: "leistung_at_place", paths: with, bounded: true },
        Kind { name: "leistung", paths: without, bounded: true },
    ])
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// What a browser has to load for the start page: the page, and what it names of ours in `href` of `link` and in `src`,
/// and the fonts that its style sheets name.
async fn first_view(address: SocketAddr) -> Result<usize, Fault> {
    let page = String::from_utf8_lossy(&get(address, "/", false).await?).into_owned();
    let mut parts: BTreeSet<String> = named(&page, "src=\"", '"').collect();
    for link in page.split("<link ").skip(1) {
        let link = link.split('>').next().unwrap_or_default();
        if ["stylesheet", "preload", "icon"].iter().any(|rel| link.contains(rel)) {
            parts.extend(named(link, "href=\"", '"'));
        }
    }
    let sheets: Vec<String> = parts.iter().filter(|path| path.contains(".css")).cloned().collect();
    for sheet in sheets {
        let text = String::from_utf8_lossy(&get(address, &sheet, false).await?).into_owned();
        parts.extend(named(&text, "url(", ')').map(|path| path.trim_matches(['"', '\'']).to_owned()));
    }
    let mut sum = get(address, "/", true).await?.len();
    for path in parts.iter().filter(|path| path.starts_with('/')) {
        sum += get(address, path, true).await?.len();
    }
    Ok(sum)
}

fn named<'a>(text: &'a str, before: &'a str, after: char) -> impl Iterator<Item = String> + 'a {
    text.split(before).skip(1).filter_map(move |rest| rest.split(after).next()).map(str::to_owned)
}

/// The bytes of an answer as they go over the line, compressed where that is wanted.
async fn get(address: SocketAddr, path: &str, compressed: bool) -> Result<Bytes, Fault> {
    let stream = TcpStream::connect(address).await.map_err(Fault::work)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(Fault::work)?;
    let mut request = hyper::Request::get(path).header("host", address.to_string());
    if compressed {
        request = request.header("accept-encoding", ACCEPTED);
    }
    let asking = async {
        let request = request.body(Empty::<Bytes>::new()).map_err(Fault::work)?;
        let response = sender.send_request(request).await.map_err(Fault::work)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(Fault::work)?.to_bytes();
        if status.is_success() { Ok(body) } else { Err(Fault::Work(format!("{status} for {path}"))) }
    };
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        body = asking => body,
        ended = &mut connection => Err(Fault::Work(format!("the connection ended: {ended:?}"))),
    }
}

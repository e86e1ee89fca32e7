//! What a proxied request costs beside nginx: processor time and requests a second, in rounds that take turns.
//!
//! Gateway and nginx stand before the same upstream, each with one thread that answers, both logging a line of JSON for
//! each request to a file. The clients are in this process. On a machine that does other work as well the processor
//! time says most, and requests a second only as the ratio of two rounds that follow each other.

pub(super) mod clients;
pub(super) mod stage;

use std::time::Duration;

use super::process::Program;
use super::say;
use crate::cli::{Exit, Fault};
use clients::{Asking, ask};
use stage::Stage;

/// Connections of the clients.
const CONNECTIONS: usize = 64;

/// What is asked for, and what of it has to be reached: processor time and requests a second, as multiples of nginx.
struct Case {
    name: &'static str,
    path: &'static str,
    bytes: usize,
    /// Part of the requests of a round: large answers take longer.
    share: f64,
    max_cpu: f64,
    min_rate: Option<f64>,
}

const CASES: &[Case] = &[
    Case { name: "1k", path: "/portal/stadt/1k", bytes: 1 << 10, share: 1.0, max_cpu: 1.35, min_rate: Some(0.9) },
    Case { name: "64k", path: "/portal/stadt/64k", bytes: 64 << 10, share: 0.4, max_cpu: 0.85, min_rate: Some(1.1) },
    Case { name: "hit_1k", path: "/portal/kept/1k", bytes: 1 << 10, share: 1.5, max_cpu: 1.0, min_rate: None },
];

/// One round at one server.
struct Round {
    cpu: Duration,
    rate: f64,
}

pub(super) async fn run(requests: usize, rounds: usize, only: Option<String>, alone: bool) -> Result<Exit, Fault> {
    let stage = Stage::open(alone).await?;
    let (gateway, address) = stage.gateway("").await?;
    let nginx = stage.nginx()?;
    if nginx.is_none() {
        let why = if alone { "as asked" } else { "because it is not installed" };
        eprintln!("nginx is left out, {why}: there are no ratios, and the upstream is our own");
    }
    for case in CASES.iter().filter(|case| only.as_deref().is_none_or(|only| case.name == only)) {
        let requests = (requests as f64 * case.share) as usize;
        let asking =
            |address| Asking { address, path: case.path, bytes: case.bytes, connections: CONNECTIONS, requests };
        let (mut ours, mut peers) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let our = measure(&gateway, asking(address)).await?;
            let peer = match &nginx {
                Some((nginx, address)) => Some(measure(nginx, asking(*address)).await?),
                None => None,
            };
            // The first round fills pools and caches.
            if round > 0 {
                ours.push(our);
                peers.extend(peer);
            }
        }
        report(case, &ours, &peers, requests);
    }
    Ok(Exit::Done)
}

async fn measure(program: &Program, asking: Asking) -> Result<Round, Fault> {
    let requests = asking.requests as f64;
    let before = program.cpu();
    let took = ask(asking).await?;
    Ok(Round { cpu: program.cpu().saturating_sub(before), rate: requests / took.as_secs_f64() })
}

fn report(case: &Case, ours: &[Round], peers: &[Round], requests: usize) {
    let Case { name, max_cpu, min_rate, .. } = case;
    let each = |round: &Round| round.cpu.as_secs_f64() * 1e6 / requests as f64;
    for (who, rounds) in [("gateway", ours), ("nginx", peers)].into_iter().filter(|(_, rounds)| !rounds.is_empty()) {
        say(&format!("{name}_{who}_cpu"), format!("{:.2}", median(rounds.iter().map(each))), "CPU us per request");
        say(&format!("{name}_{who}_rate"), format!("{:.0}", median(rounds.iter().map(|r| r.rate))), "requests/s");
    }
    if peers.is_empty() {
        return;
    }
    let pairs = || ours.iter().zip(peers);
    let cpu = median(pairs().map(|(our, peer)| each(our) / each(peer)));
    say(&format!("{name}_cpu_ratio"), format!("{cpu:.3}"), &format!("of nginx, at most {max_cpu}"));
    let rate = median(pairs().map(|(our, peer)| our.rate / peer.rate));
    let wanted = min_rate.map_or_else(String::new, |least| format!(", at least {least}"));
    say(&format!("{name}_rate_ratio"), format!("{rate:.3}"), &format!("of nginx{wanted}"));
}

/// The middle one of some numbers; 0 of none.
fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

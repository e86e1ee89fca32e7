//! What the gateway holds in memory: with many connections that are open and silent, and over many requests.
//!
//! Every connection has been answered once, by a portal, as that of a browser has. They come from as many loopback
//! addresses as the limit for each client asks for.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::proxy::clients::{Asking, Client, ask};
use super::proxy::stage::Stage;
use super::say;
use crate::cli::{Exit, Fault};
use crate::open_files;

/// Connections of one client address; the default of the gateway.
const PER_CLIENT: usize = 200;
/// What 10,000 connections may take in all.
const MAX_MB: u64 = 150;
/// Open files of this process beside the connections.
const OTHER_FILES: u64 = 100;
/// Requests before the first look at the memory.
const WARM: usize = 5_000;
/// In which parts the requests of a long run are made, with a look at the memory after each.
const PARTS: usize = 10;

pub(super) async fn run(connections: usize, requests: usize) -> Result<Exit, Fault> {
    let files = open_files::raise();
    if files < connections as u64 + OTHER_FILES {
        return Err(Fault::Usage(format!(
            "{connections} connections need as many open files, and the hard limit is {files}; raise it (ulimit -Hn) or \
             ask for fewer (--connections)"
        )));
    }
    let stage = Stage::open(false).await?;
    let (gateway, address) = stage.gateway("idle_timeout_s = 3600\n").await?;
    let (path, bytes) = ("/portal/stadt/1k", 1 << 10);
    let asking = |requests| Asking { address, path, bytes, connections: 64, requests };
    ask(asking(WARM)).await?;
    let before = gateway.resident_kib();
    let mut open = Vec::with_capacity(connections);
    for at in 0..connections {
        let mut client = Client::connect(address, Some(source(at)?)).await?;
        client.ask(path, bytes).await?;
        open.push(client);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let with = gateway.resident_kib();
    say("idle_connections", open.len(), "connections");
    say("memory_before", before / 1024, "MB");
    say("memory_with_idle", with / 1024, &format!("MB, at most {MAX_MB} with 10000"));
    let each = with.saturating_sub(before) as f64 / open.len().max(1) as f64;
    say("memory_of_each", format!("{each:.2}"), "KiB");
    drop(open);
    if requests == 0 {
        return Ok(Exit::Done);
    }
    for part in 0..=PARTS {
        say(&format!("memory_after_{}", requests / PARTS * part), gateway.resident_kib(), "KiB");
        if part < PARTS {
            ask(asking(requests / PARTS)).await?;
        }
    }
    Ok(Exit::Done)
}

/// The address that the connection with this number comes from.
fn source(at: usize) -> Result<IpAddr, Fault> {
    let number = u32::try_from(at / PER_CLIENT).ok().filter(|number| *number < 1 << 16).ok_or_else(|| {
        Fault::Usage(format!("there are not enough loopback addresses for {at} connections; ask for fewer"))
    })?;
    // Not 127.0.0.1, which the measurements before used up a part of.
    Ok(IpAddr::V4(Ipv4Addr::from_bits(Ipv4Addr::new(127, 0, 1, 0).to_bits() + number)))
}

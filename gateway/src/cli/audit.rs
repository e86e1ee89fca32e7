//! `audit`: whether the audit trail is what was written, and all of it for other programs.

use std::io::{self, Write};
use std::path::Path;

use clap::Subcommand;
use serde_json::json;

use super::{Exit, Fault, account};
use crate::registry::{AuditEntry, Registry};
use crate::table::{csv, defused};

/// What is done with the audit trail.
#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Computes every hash anew and says where the trail ends, or the first entry that is wrong
    Verify {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Writes all entries as a table
    Export {
        /// As JSON, one entry a line
        #[arg(long)]
        json: bool,
    },
}

/// Entries that are read at a time.
const PAGE: i64 = 1_000;

pub(super) async fn run(file: &Path, what: What) -> Result<Exit, Fault> {
    let registry = account::open(file, false).await?;
    let ended = match what {
        What::Verify { json } => verify(&registry, json).await,
        What::Export { json } => export(&registry, json).await,
    };
    registry.close().await;
    ended
}

async fn verify(registry: &Registry, as_json: bool) -> Result<Exit, Fault> {
    match registry.verify_audit().await.map_err(Fault::work)? {
        Ok(head) => {
            if as_json {
                println!("{}", json!({"entries": head.seq, "hash": head.hash}));
            } else {
                println!("{} entries, the last with hash {}", head.seq, head.hash);
            }
            Ok(Exit::Done)
        }
        Err(fault) => {
            if as_json {
                println!("{}", json!({"fault": fault.to_string()}));
            }
            eprintln!("{fault}");
            Ok(Exit::Findings)
        }
    }
}

async fn export(registry: &Registry, as_json: bool) -> Result<Exit, Fault> {
    let mut last = 0;
    let mut entries = Vec::new();
    loop {
        let page = registry.audit_after(last, PAGE).await.map_err(Fault::work)?;
        let Some(newest) = page.last() else { break };
        last = newest.seq;
        if as_json {
            let lines = page.iter().map(|entry| serde_json::to_string(entry).map(|line| line + "\n"));
            let text: String = lines.collect::<Result<_, _>>().map_err(Fault::work)?;
            if !write(&text)? {
                return Ok(Exit::Done);
            }
        } else {
            entries.extend(page);
        }
    }
    if !as_json {
        let header = ["Nr", "Zeit", "Wer", "Womit", "Netz", "Was", "Portal", "Vorher", "Nachher", "Grund", "Hash"];
        write(&csv(header, entries.into_iter().map(row)))?;
    }
    Ok(Exit::Done)
}

fn row(entry: AuditEntry) -> [String; 11] {
    let at = entry.at().map(|at| at.to_string()).unwrap_or_default();
    let text = |text: Option<String>| defused(&text.unwrap_or_default());
    [
        entry.seq.to_string(),
        at,
        defused(&entry.actor),
        defused(&entry.via),
        text(entry.network),
        entry.action,
        text(entry.portal),
        text(entry.before),
        text(entry.after),
        text(entry.reason),
        entry.hash,
    ]
}

/// Writes to stdout; false when nobody reads on.
fn write(text: &str) -> Result<bool, Fault> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Fault::work(error)),
    }
}

//! Looks for the proof of a domain in the three places where it may be.
//!
//! All three are looked at each time, so that the page can say of each what was found. A redirect to another host
//! counts for nothing, and neither does what another host answers in the place of this one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use connectors::registration::{FILE_MAX_BYTES, PAGE_MAX_BYTES, ProofPlace, ProofToken};
use connectors::run::Fault;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::RData;
use indexer::crawl::{Fetcher, Peeked};
use url::Url;

use crate::proxy;

/// Longest time for one question, of two.
const LOOKUP_TIME: Duration = Duration::from_secs(3);
/// Longest time for one page.
const PAGE_TIME: Duration = Duration::from_secs(10);
/// The most TXT records of one name that are read.
const RECORDS_MAX: usize = 100;

/// What was found in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The token.
    Token,
    /// Something else: so many records, or a file or page without it.
    Other(usize),
    /// Nothing.
    Nothing,
    /// A redirect out of the host, to this address.
    Elsewhere(String),
    /// An answer that says nothing, by its status.
    Status(u16),
    /// No answer.
    Silent(String),
}

/// What was found in all of them, in the order of [`ProofPlace::ALL`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings(pub [(ProofPlace, Found); 3]);

impl Findings {
    /// The first place with the token.
    pub fn place(&self) -> Option<ProofPlace> {
        self.0.iter().find(|(_, found)| *found == Found::Token).map(|(place, _)| *place)
    }

    /// True when nothing can be said: no place has the token, and at least one did not answer.
    pub fn undecided(&self) -> bool {
        let failed = |found: &Found| matches!(found, Found::Silent(_)) || matches!(found, Found::Status(500..));
        self.place().is_none() && self.0.iter().any(|(_, found)| failed(found))
    }
}

/// Looks for proofs.
#[derive(Debug, Clone)]
pub struct Prover {
    fetcher: Arc<Fetcher>,
    servers: Vec<SocketAddr>,
}

impl Prover {
    /// One that fetches with `fetcher` and asks `servers` for TXT records; those of the system when none.
    pub fn new(fetcher: Arc<Fetcher>, servers: Vec<SocketAddr>) -> Self {
        Self { fetcher, servers }
    }

    /// Looks in all places at a time; takes ten seconds at most.
    pub async fn look(&self, address: &Url, token: &ProofToken) -> Findings {
        let host = address.host_str().unwrap_or_default();
        let (dns, file, meta) = futures_util::future::join3(
            self.record(host, token),
            self.file(&ProofToken::file_address(address), token),
            self.page(address, token),
        )
        .await;
        Findings([(ProofPlace::Dns, dns), (ProofPlace::File, file), (ProofPlace::Meta, meta)])
    }

    async fn record(&self, host: &str, token: &ProofToken) -> Found {
        let servers = self.servers.clone();
        let made = tokio::task::spawn_blocking(move || proxy::resolver(servers, LOOKUP_TIME, 2)).await;
        let resolver = match made {
            Ok(Ok(Some(resolver))) => resolver,
            Ok(Ok(None)) => return Found::Silent("no DNS server is known here".into()),
            Ok(Err(error)) => return Found::Silent(error),
            Err(error) => return Found::Silent(error.to_string()),
        };
        // With the dot at its end the name is whole; the search list of the system has no part in it.
        let name = format!("{}.", ProofToken::txt_name(host));
        let asked = tokio::time::timeout(PAGE_TIME, resolver.txt_lookup(name)).await;
        let answer = match asked {
            Ok(Ok(answer)) => answer,
            Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) if says_none(none.response_code) => {
                return Found::Nothing;
            }
            Ok(Err(error)) => return Found::Silent(error.to_string()),
            Err(_) => return Found::Silent("no answer in time".into()),
        };
        let whole = |data: &RData| match data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        };
        let records: Vec<Vec<u8>> =
            answer.answers().iter().filter_map(|record| whole(&record.data)).take(RECORDS_MAX).collect();
        if records.iter().any(|record| token.is_in_record(record)) {
            Found::Token
        } else if records.is_empty() {
            Found::Nothing
        } else {
            Found::Other(records.len())
        }
    }

    async fn file(&self, address: &Url, token: &ProofToken) -> Found {
        match self.get(address, FILE_MAX_BYTES).await {
            Ok(looked) if token.is_in_file(&looked.body) => Found::Token,
            Ok(_) => Found::Other(1),
            Err(found) => found,
        }
    }

    async fn page(&self, address: &Url, token: &ProofToken) -> Found {
        let looked = match self.get(address, PAGE_MAX_BYTES).await {
            Ok(looked) => looked,
            Err(found) => return found,
        };
        let token = token.clone();
        // A page of a megabyte takes some milliseconds.
        let read = tokio::task::spawn_blocking(move || token.is_in_page(&String::from_utf8_lossy(&looked.body))).await;
        match read {
            Ok(true) => Found::Token,
            Ok(false) => Found::Other(1),
            Err(error) => Found::Silent(error.to_string()),
        }
    }

    async fn get(&self, address: &Url, max_bytes: u64) -> Result<Peeked, Found> {
        let asked = tokio::time::timeout(PAGE_TIME, self.fetcher.peek(address, max_bytes)).await;
        match asked {
            Ok(Ok(looked)) if looked.status == 200 => Ok(looked),
            Ok(Ok(Peeked { status: 404 | 410, .. })) => Err(Found::Nothing),
            Ok(Ok(looked)) => Err(Found::Status(looked.status)),
            Ok(Err(Fault::RedirectForeign(to))) => Err(Found::Elsewhere(to)),
            Ok(Err(fault)) => Err(Found::Silent(format!("{fault:?}"))),
            Err(_) => Err(Found::Silent("no answer in time".into())),
        }
    }
}

/// NOERROR and NXDOMAIN say that there is no such record; everything else says nothing.
fn says_none(code: hickory_resolver::proto::op::ResponseCode) -> bool {
    use hickory_resolver::proto::op::ResponseCode;
    matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}

#[cfg(test)]
mod tests;

//! Where addresses come from: DNS by its own protocol, because only that tells how long they hold; `/etc/hosts` before it.
//! On a system without a list of servers the system itself is asked.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ProtocolConfig, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::system_conf::read_system_conf;
use tokio::time::Instant;

/// How long an answer of the system is used, which does not say.
const SYSTEM_TIME: Duration = Duration::from_secs(30);
/// After this the files of the system are read anew.
const FILES_TIME: Duration = Duration::from_secs(60);

/// Why a name has no addresses.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// DNS says that there is no such name.
    #[error("there is no such name")]
    Gone,
    /// No answer in time.
    #[error("no answer in time")]
    Silent,
    /// DNS or the system failed.
    #[error("{0}")]
    Failed(String),
}

/// Who is asked.
pub(super) struct Source {
    servers: Vec<SocketAddr>,
    made: Mutex<Option<(Instant, Asked)>>,
}

#[derive(Clone)]
enum Asked {
    Servers(Arc<TokioResolver>),
    System,
}

impl Source {
    pub(super) fn new(servers: Vec<SocketAddr>) -> Self {
        Self { servers, made: Mutex::new(None) }
    }

    /// The addresses of a name, and how long they hold.
    pub(super) async fn look_up(&self, host: &str) -> Result<(Vec<IpAddr>, Duration), Fault> {
        match self.asked().await? {
            Asked::Servers(resolver) => {
                // A name with a dot is whole: the search list of the system is for short ones.
                let whole =
                    if host.contains('.') { format!("{}.", host.trim_end_matches('.')) } else { host.to_owned() };
                let found = resolver.lookup_ip(whole).await.map_err(|error| fault(&error))?;
                let addresses: Vec<_> = found.iter().collect();
                let time = found.valid_until().saturating_duration_since(std::time::Instant::now());
                if addresses.is_empty() { Err(Fault::Failed("no addresses".into())) } else { Ok((addresses, time)) }
            }
            Asked::System => {
                let found =
                    tokio::net::lookup_host((host, 0)).await.map_err(|error| Fault::Failed(error.to_string()))?;
                let addresses: Vec<_> = found.map(|address| address.ip()).collect();
                if addresses.is_empty() { Err(Fault::Gone) } else { Ok((addresses, SYSTEM_TIME)) }
            }
        }
    }

    async fn asked(&self) -> Result<Asked, Fault> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, asked)) = made.filter(|(since, _)| since.elapsed() < FILES_TIME) {
            return Ok(asked);
        }
        let servers = self.servers.clone();
        let asked = tokio::task::spawn_blocking(move || make(servers)).await;
        let asked = asked.map_err(|error| Fault::Failed(error.to_string()))??;
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), asked.clone()));
        Ok(asked)
    }
}

/// Reads the files of the system. Blocks on the disk.
fn make(servers: Vec<SocketAddr>) -> Result<Asked, Fault> {
    let made = resolver(servers, Duration::from_millis(900), 1).map_err(Fault::Failed)?;
    Ok(made.map_or(Asked::System, |resolver| Asked::Servers(Arc::new(resolver))))
}

/// What asks these servers, or those of the system when none; none where the system names none either. It keeps no
/// answers. Blocks on the disk.
pub(crate) fn resolver(
    servers: Vec<SocketAddr>,
    patience: Duration,
    attempts: usize,
) -> Result<Option<TokioResolver>, String> {
    let (config, mut options) = if servers.is_empty() {
        match read_system_conf() {
            Ok((config, options)) if !config.name_servers().is_empty() => (config, options),
            _ => return Ok(None),
        }
    } else {
        let named = servers.into_iter().map(|server| {
            let connections = [ProtocolConfig::Udp, ProtocolConfig::Tcp].map(|protocol| {
                let mut connection = ConnectionConfig::new(protocol);
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        (ResolverConfig::from_name_servers(named.collect()), ResolverOpts::default())
    };
    // What holds how long is decided by us alone.
    options.cache_size = 0;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.timeout = patience;
    options.attempts = attempts;
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder.build().map(Some).map_err(|error| error.to_string())
}

fn fault(error: &NetError) -> Fault {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NXDomain => Fault::Gone,
        NetError::Timeout => Fault::Silent,
        error => Fault::Failed(error.to_string()),
    }
}

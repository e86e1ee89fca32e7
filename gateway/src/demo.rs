//! The sample Verbund of `portalverbund demo`: portals that we wrote ourselves, so that all can be tried offline.
//!
//! Each sample portal is a small web server on the loopback. It delivers its Leistungen as XZuFi over the index
//! protocol and shows the forms of its Onlinedienste, as a real portal would; the demo then collects from it, searches,
//! and proxies to it like to any other portal. Nothing here is used when the program serves real portals.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU64;
use std::sync::Arc;

use connectors::ids::PortalId;
use connectors::registration::{Caching, Connector, Contact, Does, Guard, HostPattern, Portal, Route, Tail};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use contents::{Contents, ContentsError, DemoPortalFile};
use site::Site;

pub mod contents;
pub mod delivery;
pub mod site;

#[cfg(test)]
mod tests;

/// A sample portal that is up.
#[derive(Debug)]
pub struct DemoPortal {
    /// What it would have in `config/portale.d`: where it delivers, what is proxied, where it may hand over to.
    pub registration: Portal,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Why the sample Verbund cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The contents do not hold together.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// The delivery of a portal cannot be written.
    #[error("cannot write the delivery of sample portal {portal}")]
    Delivery {
        /// Which portal.
        portal: PortalId,
        /// Why.
        source: io::Error,
    },
    /// No port is free on the loopback.
    #[error("cannot open a port on 127.0.0.1 for sample portal {portal}")]
    Listen {
        /// Which portal.
        portal: PortalId,
        /// Why.
        source: io::Error,
    },
    /// The public address of the gateway has no host to which citizens could be handed over.
    #[error("{0} is no address for citizens: it needs a host")]
    PublicUrl(Url),
}

/// Starts every sample portal on a free port of the loopback; each answers until `cancel`, its tasks on `tracker`.
///
/// `public_url` is where citizens reach the gateway: the portals name their forms below it, so that they are proxied.
///
/// # Errors
/// See [`DemoError`]; portals that are already up end with `cancel`.
pub async fn start(
    cancel: CancellationToken,
    tracker: &TaskTracker,
    public_url: &Url,
) -> Result<Vec<DemoPortal>, DemoError> {
    let host = public_url.host_str().and_then(|host| HostPattern::try_from(host.to_owned()).ok());
    let host = host.ok_or_else(|| DemoError::PublicUrl(public_url.clone()))?;
    let contents = Contents::load()?;
    let mut started = Vec::new();
    for portal in &contents.portale {
        let site = Site::new(portal, &contents.angebote(portal)?, public_url)
            .map_err(|source| DemoError::Delivery { portal: portal.id.clone(), source })?;
        let listen = |source| DemoError::Listen { portal: portal.id.clone(), source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        tracker.spawn(site::serve(listener, Arc::new(site), cancel.clone(), tracker.clone()));
        started.push(DemoPortal { registration: registration(portal, address, host.clone()), address });
    }
    Ok(started)
}

fn registration(portal: &DemoPortalFile, address: SocketAddr, host: HostPattern) -> Portal {
    let own: Url = format!("http://{address}/").parse().expect("a socket address makes a URL");
    let index = own.join("xzufi/index.txt").expect("a plain path joins any http URL");
    Portal {
        id: portal.id.clone(),
        name: portal.name.clone(),
        gebiet: portal.ars,
        agency: Some(portal.agency.clone()),
        hosts: vec![host],
        connector: Connector::XzufiIndex { url: index, every_s: NonZeroU64::new(3_600).expect("an hour is not zero") },
        routes: vec![route(&portal.id, own)],
        responsible: None,
        maintenance: None,
        guard: Guard::default(),
        words: Vec::new(),
        texts: Default::default(),
        contact: Some(Contact {
            phone: Some(portal.telefon.clone()),
            email: Some(portal.email.clone()),
            url: Some(portal.web.clone()),
        }),
    }
}

fn route(portal: &PortalId, upstream: Url) -> Route {
    let upstream = vec![upstream];
    let does = Does::Proxy { upstream, cache: Caching::Off, upgrade: Vec::new(), http2: true, probe: None };
    Route { host: None, path: format!("/portal/{portal}"), tail: Tail::Below, does }
}

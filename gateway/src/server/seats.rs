//! Who has how many connections: one client cannot take the seats of all others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::Limits;
use crate::metrics::Refused;

/// Who has how many connections.
#[derive(Default)]
pub(super) struct Clients(Mutex<Count>);

#[derive(Default)]
struct Count {
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// A seat of one client, until it is dropped.
pub(super) struct ClientSeat {
    clients: Arc<Clients>,
    client: IpAddr,
}

impl Clients {
    /// A seat for a client at `address`, unless all or all of its own are taken.
    pub(super) fn seat(this: &Arc<Self>, address: IpAddr, limits: &Limits) -> Result<ClientSeat, Refused> {
        let client = network(address);
        let mut count = this.0.lock().unwrap_or_else(PoisonError::into_inner);
        if count.all >= limits.connections {
            return Err(Refused::ConnectionsFull);
        }
        let own = count.by_client.entry(client).or_default();
        if *own >= limits.connections_per_client {
            return Err(Refused::ClientFull);
        }
        *own += 1;
        count.all += 1;
        Ok(ClientSeat { clients: this.clone(), client })
    }
}

impl Drop for ClientSeat {
    fn drop(&mut self) {
        let mut count = self.clients.0.lock().unwrap_or_else(PoisonError::into_inner);
        count.all -= 1;
        if let Some(own) = count.by_client.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                count.by_client.remove(&self.client);
            }
        }
    }
}

/// What counts as one client: an IPv4 address, or the 56 bits that one IPv6 customer has at least.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 72))),
        address => address,
    }
}

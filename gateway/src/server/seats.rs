//! Who has how many connections: one client cannot take the seats of all others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::Limits;
use crate::metrics::Refused;

/// Who has how many connections, or open requests where a proxy speaks for many clients.
#[derive(Default)]
pub(super) struct Clients(Mutex<Count>);

#[derive(Default)]
struct Count {
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// One of all seats, until it is dropped.
pub(super) struct Seat(Arc<Clients>);

/// A seat of one client, until it is dropped.
pub(super) struct ClientSeat {
    clients: Arc<Clients>,
    client: IpAddr,
}

impl Clients {
    /// One of all seats, unless all are taken.
    pub(super) fn seat(this: &Arc<Self>, limits: &Limits) -> Result<Seat, Refused> {
        let mut count = this.0.lock().unwrap_or_else(PoisonError::into_inner);
        if count.all >= limits.connections {
            return Err(Refused::ConnectionsFull);
        }
        count.all += 1;
        Ok(Seat(this.clone()))
    }

    /// One of the seats of a client at `address`, unless all of them are taken.
    pub(super) fn own_seat(this: &Arc<Self>, address: IpAddr, limits: &Limits) -> Result<ClientSeat, Refused> {
        let client = network(address);
        let mut count = this.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = count.by_client.entry(client).or_default();
        if *own >= limits.connections_per_client {
            return Err(Refused::ClientFull);
        }
        *own += 1;
        Ok(ClientSeat { clients: this.clone(), client })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).all -= 1;
    }
}

impl Drop for ClientSeat {
    fn drop(&mut self) {
        let mut count = self.clients.0.lock().unwrap_or_else(PoisonError::into_inner);
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

//! Whose request it is, and whether that client may ask now: by its connection, or by what a trusted proxy says of each
//! request.

use std::net::IpAddr;

use http::header::HeaderMap;
use tokio::time::Instant;

use super::Limits;
use super::accept::{Entrance, Peer};
use super::rate::Bucket;
use super::seats::{ClientSeat, Clients};
use crate::failure::Failure;
use crate::metrics::Refused;

/// Who sent a request, for pages that have to know; put into its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender(pub IpAddr);

/// Whose request it is.
pub(super) struct Visitor {
    pub(super) address: IpAddr,
    /// The scheme that it used, where that is known.
    pub(super) scheme: Option<&'static str>,
    /// The seat of a client for which a proxy speaks.
    pub(super) seat: Option<ClientSeat>,
}

impl Entrance {
    /// Whose request it is, and whether it may ask now.
    pub(super) fn visitor(&self, peer: &Peer, fields: &HeaderMap, limits: &Limits) -> (Visitor, Result<(), Failure>) {
        let Peer { address, scheme, trusted, bucket } = peer;
        if !trusted {
            let visitor = Visitor { address: *address, scheme: *scheme, seat: None };
            return (visitor, bucket.as_deref().map_or(Ok(()), |bucket| self.in_time(bucket)));
        }
        let named = self.trusted.client(*address, fields);
        let mut visitor = Visitor { address: named.address, scheme: scheme.or(named.scheme), seat: None };
        // A proxy of ours that asks for itself, such as for a health check.
        if self.trusted.has(named.address) {
            return (visitor, Ok(()));
        }
        let bucket = self.rates.as_ref().and_then(|rates| rates.bucket(named.address));
        let admitted = bucket.map_or(Ok(()), |bucket| self.in_time(&bucket)).and_then(|()| {
            let seat = Clients::own_seat(&self.clients, named.address, limits);
            visitor.seat = Some(seat.map_err(|reason| Failure::TooOften { reason, seconds: 10 })?);
            Ok(())
        });
        (visitor, admitted)
    }

    fn in_time(&self, bucket: &Bucket) -> Result<(), Failure> {
        let Some(rates) = &self.rates else { return Ok(()) };
        rates.take(bucket, Instant::now()).map_err(|wait| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Failure::TooOften { reason: Refused::Rate, seconds }
        })
    }
}

//! Requests to change the protocol of a connection: which go on, and which answers are believed.
//!
//! A tunnel begins only where the route names the protocol, a client asked for it by HTTP/1.1, and the portal answered
//! with 101 to exactly that. Everything else stays HTTP and is read as such. Of WebSocket the accept value is checked
//! against the key, so that an answer from a cache or of another protocol is no tunnel. Sources: RFC 9110, section 7.8;
//! RFC 6455, sections 4.1 and 4.2.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use connectors::registration::Protocol;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode, Uri, Version, request};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::balance::Verdict;
use super::relay::Lease;
use super::{Failure, Proxy};
use crate::body::Body;
use crate::routes::PortalRoute;
use crate::tunnel::{self, Slot};

/// What RFC 6455 has added to the key before it is hashed.
const WEBSOCKET_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request that asks for another protocol, and may have it.
pub(super) struct Wanted<'a> {
    protocol: &'a Protocol,
    /// The accept value that a WebSocket portal must answer with.
    accept: Option<String>,
    client: OnUpgrade,
    slot: Slot,
}

impl<'a> Wanted<'a> {
    /// What a request without a body asks for at `route`; none when that is nothing, or not allowed there.
    pub(super) fn of(parts: &request::Parts, route: &'a PortalRoute) -> Option<Self> {
        if route.upgrade.is_empty() || parts.version != Version::HTTP_11 || parts.method != Method::GET {
            return None;
        }
        if !tokens(&parts.headers, header::CONNECTION).any(|token| token.eq_ignore_ascii_case(b"upgrade")) {
            return None;
        }
        let protocol = tokens(&parts.headers, header::UPGRADE)
            .find_map(|token| route.upgrade.iter().find(|known| token.eq_ignore_ascii_case(known.name().as_bytes())))?;
        let accept = if protocol.is_websocket() { Some(accept_of(&parts.headers)?) } else { None };
        let client = parts.extensions.get::<OnUpgrade>()?.clone();
        let slot = parts.extensions.get::<Slot>()?.clone();
        Some(Self { protocol, accept, client, slot })
    }

    /// Writes the wish into the fields for the portal.
    pub(super) fn write(&self, fields: &mut HeaderMap) {
        fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        // A token is a field value.
        if let Ok(name) = HeaderValue::from_str(self.protocol.name()) {
            fields.insert(header::UPGRADE, name);
        }
    }

    /// Why a 101 is not the answer to what was asked.
    fn fault(&self, fields: &HeaderMap) -> Option<&'static str> {
        let only = |name| {
            let mut values = fields.get_all(name).iter();
            values.next().filter(|_| values.next().is_none()).map(HeaderValue::as_bytes)
        };
        if !tokens(fields, header::CONNECTION).any(|token| token.eq_ignore_ascii_case(b"upgrade")) {
            return Some("status 101 without `Connection: upgrade`");
        }
        if !only(header::UPGRADE).is_some_and(|name| name.eq_ignore_ascii_case(self.protocol.name().as_bytes())) {
            return Some("status 101 to another protocol than was asked for");
        }
        match &self.accept {
            Some(accept) if only(header::SEC_WEBSOCKET_ACCEPT) != Some(accept.as_bytes()) => {
                Some("a WebSocket accept value that does not fit the key")
            }
            _ => None,
        }
    }
}

impl Proxy {
    /// The answer to a portal's 101, with a tunnel once that is sent; why not, when it is not what was asked for.
    pub(super) fn switch(
        &self,
        mut answer: Response<Incoming>,
        wanted: Wanted<'_>,
        mut lease: Lease,
        seat: OwnedSemaphorePermit,
        (route, asked): (&PortalRoute, &Uri),
    ) -> Result<Response<Body>, Failure> {
        if let Some(reason) = wanted.fault(answer.headers()) {
            lease.judge(Verdict::Failed, &self.metrics, &route.portal);
            return Err(Failure::PortalInvalid { portal: route.portal.clone(), reason: reason.into() });
        }
        lease.judge(Verdict::Answered, &self.metrics, &route.portal);
        let mut switched = Response::new(Body::empty());
        *switched.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let mut fields = std::mem::take(answer.headers_mut());
        self.clean_fields(&mut fields, answer.version(), route, &lease.turn.upstream, asked);
        fields.remove(header::CONTENT_LENGTH);
        wanted.write(&mut fields);
        *switched.headers_mut() = fields;

        let Wanted { protocol, client, slot, .. } = wanted;
        let portal = hyper::upgrade::on(&mut answer);
        let (id, metrics, idle) = (route.portal.clone(), self.metrics.clone(), self.settings.tunnel_idle_time);
        let (counted, name) = (metrics.portals.tunnel(&id), protocol.to_string());
        slot.put(Box::pin(async move {
            let begun = Instant::now();
            match tokio::try_join!(client, portal) {
                Ok((client, portal)) => {
                    let passed = tunnel::run(TokioIo::new(client), TokioIo::new(portal), idle).await;
                    metrics.portals.tunnel_ended(&id, passed.end);
                    tracing::info!(
                        portal.id = %id,
                        protocol = name,
                        bytes_from_client = passed.from_client,
                        bytes_from_portal = passed.from_portal,
                        duration_ms = begun.elapsed().as_secs_f64() * 1000.0,
                        end = passed.end.label(),
                        "a tunnel ended"
                    );
                }
                Err(error) => tracing::debug!(portal.id = %id, %error, "a tunnel ended before it began"),
            }
            drop((lease, seat, counted));
        }));
        Ok(switched)
    }
}

/// The members of a list field, over all of its lines.
fn tokens(fields: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &[u8]> {
    let lines = fields.get_all(name).into_iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// The accept value for the key of a handshake; none when there is not exactly one valid key.
fn accept_of(fields: &HeaderMap) -> Option<String> {
    let mut keys = fields.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (key, None) = (keys.next()?, keys.next()) else { return None };
    let nonce = BASE64.decode(key.as_bytes()).ok()?;
    (nonce.len() == 16).then(|| accept(key.as_bytes()))
}

fn accept(key: &[u8]) -> String {
    BASE64.encode(Sha1::new().chain_update(key).chain_update(WEBSOCKET_GUID).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_value_is_that_of_the_rfc() {
        assert_eq!(accept(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let keys = |keys: &[&'static str]| {
            HeaderMap::from_iter(keys.iter().map(|key| (header::SEC_WEBSOCKET_KEY, HeaderValue::from_static(key))))
        };
        assert!(accept_of(&keys(&["dGhlIHNhbXBsZSBub25jZQ=="])).is_some());
        for wrong in [&[][..], &["x"], &["dGhl"], &["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="]] {
            assert!(accept_of(&keys(wrong)).is_none(), "{wrong:?}");
        }
    }
}

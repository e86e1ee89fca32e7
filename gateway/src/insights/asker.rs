//! Whose question it is, for one purpose: that asking again is not asking twice. Kept as long as the request lasts.

use std::net::{IpAddr, SocketAddr};

use http::Method;
use http::header::HeaderMap;

use crate::server::network;

/// Who asks: the network of one client, or somebody who cannot be told from others. Not shown, not logged, not kept.
#[derive(Clone, Hash)]
pub struct Asker(Option<IpAddr>);

impl Asker {
    /// Who sent a request; none where no person waits for the answer: other methods than GET, and pages that a browser
    /// fetches before anybody wants them.
    ///
    /// An address that is not public is that of a proxy in front of us, which names its client in `X-Forwarded-For`;
    /// others are not believed that. On the loopback without that field all are somebody.
    pub fn of(peer: IpAddr, method: &Method, fields: &HeaderMap) -> Option<Self> {
        let ahead = ["sec-purpose", "purpose"].iter().filter_map(|name| fields.get(*name)?.to_str().ok());
        if *method != Method::GET || ahead.into_iter().any(|purpose| purpose.contains("prefetch")) {
            return None;
        }
        let peer = peer.to_canonical();
        if public(peer) {
            return Some(Self(Some(network(peer))));
        }
        let named = fields.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let mut named: Vec<IpAddr> = named.flat_map(|value| value.split(',')).filter_map(address).collect();
        // The last one that is public: what stands before it, anybody can have written.
        let client = loop {
            match named.pop() {
                Some(one) if public(one) => break Some(one),
                Some(_) => {}
                None => break (!peer.is_loopback()).then_some(peer),
            }
        };
        Some(Self(client.map(network)))
    }

    /// True when the asker can be told from others.
    pub(super) fn is_known(&self) -> bool {
        self.0.is_some()
    }
}

/// An address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = || text.trim_start_matches('[').trim_end_matches(']').parse().ok();
    plain().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip())).map(|one: IpAddr| one.to_canonical())
}

fn public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()),
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, named: &[&str]) -> Option<String> {
        let named =
            named.iter().map(|value| (http::HeaderName::from_static("x-forwarded-for"), value.parse().unwrap()));
        let asker = Asker::of(peer.parse().unwrap(), &Method::GET, &named.collect()).unwrap();
        asker.0.map(|address| address.to_string())
    }

    #[track_caller]
    fn check(peer: &str, named: &[&str], expected: Option<&str>) {
        assert_eq!(of(peer, named).as_deref(), expected, "{peer} {named:?}");
    }

    #[test]
    fn a_proxy_in_front_names_its_client_and_nobody_else_does() {
        check("93.184.216.34", &[], Some("93.184.216.34"));
        check("93.184.216.34", &["1.1.1.1"], Some("93.184.216.34"));
        check("127.0.0.1", &[], None);
        check("127.0.0.1", &["1.1.1.1, 9.9.9.9"], Some("9.9.9.9"));
        check("10.0.0.7", &["1.1.1.1", "9.9.9.9, 10.0.0.9"], Some("9.9.9.9"));
        check("10.0.0.7", &["unknown"], Some("10.0.0.7"));
        check("::ffff:10.0.0.7", &["9.9.9.9:1234"], Some("9.9.9.9"));
        check("::1", &["[2a02:908:1:2:3::4]:99"], Some("2a02:908:1::"));
        check("2a02:908:1:2:3::4", &[], Some("2a02:908:1::"));
    }

    #[test]
    fn only_who_waits_for_the_answer_asks() {
        let peer = "1.1.1.1".parse().unwrap();
        assert!(Asker::of(peer, &Method::HEAD, &HeaderMap::new()).is_none());
        let ahead = (http::HeaderName::from_static("sec-purpose"), "prefetch;prerender".parse().unwrap());
        assert!(Asker::of(peer, &Method::GET, &[ahead].into_iter().collect()).is_none());
    }
}

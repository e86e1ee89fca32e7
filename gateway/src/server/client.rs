//! Who asks: the peer of the connection, or whom a proxy that we trust names as its client.
//!
//! One rule for all that depends on it: the client is the rightmost address in `[server] forwarded_field` that is not in
//! `trusted`, and the field is read only when it came from such a network. What stands further left anybody can have
//! written. The other field of the two is never read.

use std::net::{IpAddr, SocketAddr};

use config::ForwardedField;
use http::header::{self, HeaderMap, HeaderName};
use ipnet::IpNet;

/// Whom we believe.
#[derive(Debug, Clone, Default)]
pub struct Trusted {
    /// Networks of proxies and load balancers.
    pub networks: Vec<IpNet>,
    /// Where they name their client.
    pub field: ForwardedField,
}

/// A client and the scheme it used, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) address: IpAddr,
    pub(super) scheme: Option<&'static str>,
}

impl Trusted {
    /// True for a proxy of ours.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whom the trusted `peer` names; itself when it names nobody.
    pub(super) fn client(&self, peer: IpAddr, fields: &HeaderMap) -> Named {
        match self.field {
            ForwardedField::XForwardedFor => {
                let address = self.rightmost(peer, values(fields, "x-forwarded-for").map(|text| address(text.trim())));
                let scheme = values(fields, "x-forwarded-proto").next().and_then(scheme);
                Named { address: address.0, scheme }
            }
            ForwardedField::Forwarded => {
                let lines = fields.get_all(header::FORWARDED).iter();
                let joined = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect::<Vec<_>>().join(",");
                let hops = hops(&joined);
                let nodes = hops.iter().rev().map(|hop| parameter(hop, "for").as_deref().and_then(address));
                let (address, passed) = self.rightmost(peer, nodes);
                let hop = hops.len().checked_sub(passed.max(1)).and_then(|at| hops.get(at));
                Named { address, scheme: hop.and_then(|hop| parameter(hop, "proto")).as_deref().and_then(scheme) }
            }
        }
    }

    /// The first of `nodes`, which come from right to left, that is none of ours, and how many were read for it.
    fn rightmost(&self, peer: IpAddr, nodes: impl Iterator<Item = Option<IpAddr>>) -> (IpAddr, usize) {
        let (mut last, mut read) = (peer, 0);
        // What cannot be read hides all that stands further left.
        for node in nodes.map_while(|node| node) {
            (last, read) = (node, read + 1);
            if !self.has(node) {
                break;
            }
        }
        (last, read)
    }
}

/// The members of a field that is a list, from right to left.
fn values<'a>(fields: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    let lines = fields.get_all(HeaderName::from_static(name)).iter().rev();
    let members = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    // One that is no text hides itself, and not what a proxy wrote behind it.
    members.map(|member| std::str::from_utf8(member).unwrap_or("?").trim())
}

/// An address, perhaps with a port, an IPv6 address perhaps in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let plain = bare.parse().ok();
    let address: Option<IpAddr> = plain.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

fn scheme(text: &str) -> Option<&'static str> {
    ["https", "http"].into_iter().find(|known| text.eq_ignore_ascii_case(known))
}

/// The elements of `Forwarded`, quotes and all; commas within quotes belong to their element.
///
/// A quote that stays open would take in what proxies wrote behind it; then all commas count, so that the last element is
/// theirs in any case.
fn hops(text: &str) -> Vec<&str> {
    let (hops, open) = outside_quotes(text, ',');
    if open { text.split(',').collect() } else { hops }
}

/// A parameter of an element of `Forwarded`, without quotes; a name that stands there twice is nobody's.
fn parameter(hop: &str, name: &str) -> Option<String> {
    let pairs = outside_quotes(hop, ';').0.into_iter().filter_map(|pair| pair.split_once('='));
    let mut own = pairs.filter(|(known, _)| known.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    let (Some(value), None) = (own.next(), own.next()) else { return None };
    Some(value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value).replace('\\', ""))
}

/// The parts of `text` between separators that stand in no quotes, and whether a quote stays open.
fn outside_quotes(text: &str, separator: char) -> (Vec<&str>, bool) {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|sign| {
        let at_end = sign == separator && !quoted;
        quoted ^= sign == '"' && !escaped;
        escaped = quoted && sign == '\\' && !escaped;
        at_end
    });
    let parts = parts.collect();
    (parts, quoted)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn named(field: ForwardedField, fields: &[(&'static str, &str)]) -> (String, Option<&'static str>) {
        let trusted = Trusted { networks: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()], field };
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let named = trusted.client("10.0.0.1".parse().unwrap(), &map);
        (named.address.to_string(), named.scheme)
    }

    #[track_caller]
    fn check(field: ForwardedField, fields: &[(&'static str, &str)], address: &str, scheme: Option<&'static str>) {
        assert_eq!(named(field, fields), (address.to_owned(), scheme), "{fields:?}");
    }

    #[test]
    fn the_rightmost_that_is_not_trusted_is_the_client() {
        let field = ForwardedField::XForwardedFor;
        let list = "x-forwarded-for";
        check(field, &[], "10.0.0.1", None);
        check(field, &[(list, "192.0.2.1")], "192.0.2.1", None);
        check(field, &[(list, "6.6.6.6, 192.0.2.1")], "192.0.2.1", None);
        check(field, &[(list, "6.6.6.6, 192.0.2.1, 10.0.0.2")], "192.0.2.1", None);
        check(field, &[(list, "6.6.6.6"), (list, "192.0.2.1 , 10.0.0.2,fd00::1")], "192.0.2.1", None);
        check(field, &[(list, "10.0.0.3, 10.0.0.2")], "10.0.0.3", None);
        check(field, &[(list, "192.0.2.1:4711")], "192.0.2.1", None);
        check(field, &[(list, "[2001:db8::1]:4711")], "2001:db8::1", None);
        check(field, &[(list, "::ffff:10.0.0.2")], "10.0.0.2", None);
        check(field, &[(list, "2001:db8::1")], "2001:db8::1", None);
        for hidden in ["unknown", "", "_x", "1.2.3", "192.0.2.1 10.0.0.2", "ä"] {
            check(field, &[(list, &format!("6.6.6.6, {hidden}, 10.0.0.2"))], "10.0.0.2", None);
        }
        check(field, &[("forwarded", "for=6.6.6.6;proto=https")], "10.0.0.1", None);
    }

    #[test]
    fn the_scheme_is_that_of_the_nearest_proxy() {
        let field = ForwardedField::XForwardedFor;
        let (list, proto) = ("x-forwarded-for", "x-forwarded-proto");
        check(field, &[(list, "192.0.2.1"), (proto, "https")], "192.0.2.1", Some("https"));
        check(field, &[(list, "192.0.2.1"), (proto, "https, HTTP")], "192.0.2.1", Some("http"));
        check(field, &[(list, "192.0.2.1"), (proto, "gopher")], "192.0.2.1", None);
    }

    #[test]
    fn forwarded_is_read_with_its_quotes() {
        let field = ForwardedField::Forwarded;
        let name = "forwarded";
        check(field, &[(name, "for=192.0.2.1;proto=https")], "192.0.2.1", Some("https"));
        check(
            field,
            &[(name, "for=6.6.6.6;proto=http, For=\"[2001:db8::1]:99\" ; proto=HTTPS")],
            "2001:db8::1",
            Some("https"),
        );
        check(
            field,
            &[(name, "for=6.6.6.6"), (name, "for=192.0.2.1;proto=https, for=10.0.0.2;proto=http")],
            "192.0.2.1",
            Some("https"),
        );
        check(field, &[(name, "for=6.6.6.6;host=\"a, for=1.1.1.1\\\", for=2.2.2.2\"")], "6.6.6.6", None);
        check(field, &[(name, "for=6.6.6.6, for=_hidden;proto=https")], "10.0.0.1", Some("https"));
        check(field, &[(name, "for=6.6.6.6, for=1.1.1.1;for=2.2.2.2")], "10.0.0.1", None);
        check(field, &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-proto", "https")], "10.0.0.1", None);
    }

    proptest! {
        #[test]
        fn whatever_is_written_further_left_changes_nothing(forged in "[ -~äß€]{0,40}|[a-z=\";, \\\\]{0,20}", by_forwarded: bool) {
            let (field, name, own) = if by_forwarded {
                (ForwardedField::Forwarded, "forwarded", "for=\"192.0.2.1:80\";proto=https")
            } else {
                (ForwardedField::XForwardedFor, "x-forwarded-for", "192.0.2.1")
            };
            let (address, scheme) = named(field, &[(name, &format!("{forged}, {own}"))]);
            prop_assert_eq!(address, "192.0.2.1");
            prop_assert_eq!(scheme, by_forwarded.then_some("https"));
        }
    }
}

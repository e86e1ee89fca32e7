//! Which addresses we may dial at all.
//!
//! Portals register addresses, and deliveries name more of them; a name of a stranger must never lead us to a machine
//! on our own side. The crawler and the proxy both ask here: once with the address as it is written, and once more
//! with every address that DNS gave for it. Nothing is resolved or dialled in this room.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

/// The longest address that is dialled, in bytes.
pub const MAX_URL_BYTES: usize = 2048;

/// Why an address is not dialled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Neither http nor https.
    #[error("scheme `{0}` is not dialled, only http and https")]
    Scheme(String),
    /// A user name or a password stands in it.
    #[error("the address of host `{0}` carries credentials")]
    Credentials(String),
    /// No host stands in it.
    #[error("the address has no host")]
    NoHost,
    /// Longer than [`MAX_URL_BYTES`].
    #[error("the address has {0} bytes, more than 2048")]
    TooLong(usize),
    /// A name that only means something on our own side.
    #[error("`{0}` is not a public name")]
    Name(String),
    /// Not a public address, and in no network that the operator opened.
    #[error("{0} is not a public address; networks beside the public ones are opened by `[egress] allow`")]
    Address(IpAddr),
}

/// Ranges of IPv4 that are not public.
///
/// Source: IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its successors), multicast (RFC 5771), and the
/// deprecated 6to4 anycast range (RFC 7526).
const V4_SPECIAL: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Ranges inside 2000::/3 that are not public. Source: IANA IPv6 Special-Purpose Address Registry.
const V6_SPECIAL: [(Ipv6Addr, u8); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Names that end so are never public. Source: RFC 6761, 6762, 7686, 8375 and ICANN's reservation of `.internal`.
const INNER_SUFFIXES: [&str; 3] = [".local", ".internal", ".home.arpa"];

/// The rule by which addresses are dialled: public ones, and those in networks that the operator opened.
#[derive(Debug, Clone, Default)]
pub struct Egress {
    allow: Vec<IpNet>,
}

impl Egress {
    /// The rule that opens `allow` beside the public addresses.
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self { allow }
    }

    /// Says whether `address` may be dialled.
    ///
    /// An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4) is judged by the one it carries.
    pub fn allows(&self, address: IpAddr) -> Result<(), Refused> {
        let judged = carried(address);
        let opened = self.allow.iter().any(|net| net.contains(&address) || net.contains(&judged));
        if opened || is_public(judged) { Ok(()) } else { Err(Refused::Address(address)) }
    }

    /// Says whether `url` may be dialled as it is written: http or https, a public host, no credentials, not too long.
    ///
    /// An IP address in any spelling was parsed with the URL and is judged here. A name that passes still has to be
    /// resolved, and each of its addresses asked about with [`Egress::allows`].
    ///
    /// `localhost` passes where the loopback network is opened; single labels, `.local`, `.internal` and `.home.arpa`
    /// pass where any network is opened, because the operator then has names of their own.
    pub fn check_url(&self, url: &Url) -> Result<(), Refused> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refused::Scheme(url.scheme().to_owned()));
        }
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(Refused::TooLong(url.as_str().len()));
        }
        let host = url.host().ok_or(Refused::NoHost)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Credentials(host.to_string()));
        }
        match host {
            Host::Ipv4(address) => self.allows(IpAddr::V4(address)),
            Host::Ipv6(address) => self.allows(IpAddr::V6(address)),
            Host::Domain(name) => self.check_name(name),
        }
    }

    fn check_name(&self, written: &str) -> Result<(), Refused> {
        let name = written.strip_suffix('.').unwrap_or(written).to_ascii_lowercase();
        let ends = |suffix: &str| name.ends_with(suffix);
        let passes = if name.is_empty() || name == "onion" || ends(".onion") {
            false
        } else if name == "localhost" || ends(".localhost") {
            self.allows(IpAddr::V4(Ipv4Addr::LOCALHOST)).is_ok() || self.allows(IpAddr::V6(Ipv6Addr::LOCALHOST)).is_ok()
        } else if !name.contains('.') || name == "home.arpa" || INNER_SUFFIXES.into_iter().any(ends) {
            !self.allow.is_empty()
        } else {
            true
        };
        if passes { Ok(()) } else { Err(Refused::Name(written.to_owned())) }
    }
}

/// True when both have the same scheme, host and port, so that a redirect from one to the other stays at home.
pub fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

/// The IPv4 address that an IPv6 address stands for, or the address itself.
fn carried(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let s = v6.segments();
    let pair = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match s {
        // IPv4-mapped, RFC 4291
        [0, 0, 0, 0, 0, 0xffff, high, low] => pair(high, low),
        // NAT64, RFC 6052
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => pair(high, low),
        // 6to4, RFC 3056
        [0x2002, high, low, ..] => pair(high, low),
        _ => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !V4_SPECIAL.iter().any(|(net, len)| Ipv4Net::new_assert(*net, *len).contains(&v4)),
        // Global unicast is 2000::/3 (RFC 4291, IANA); what lies outside is special or not yet given to anybody.
        IpAddr::V6(v6) => {
            v6.segments()[0] >> 13 == 1
                && !V6_SPECIAL.iter().any(|(net, len)| Ipv6Net::new_assert(*net, *len).contains(&v6))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_address(allow: &[&str], address: &str, expected: bool) {
        let egress = Egress::new(allow.iter().map(|net| net.parse().unwrap()).collect());
        assert_eq!(egress.allows(address.parse().unwrap()).is_ok(), expected, "{address} with {allow:?}");
    }

    #[track_caller]
    fn check_url(allow: &[&str], url: &str, expected: bool) {
        let egress = Egress::new(allow.iter().map(|net| net.parse().unwrap()).collect());
        let answer = egress.check_url(&url.parse().unwrap());
        assert_eq!(answer.is_ok(), expected, "{url} with {allow:?}: {answer:?}");
    }

    #[test]
    fn the_edges_of_every_special_range_are_refused_and_their_neighbours_dialled() {
        for (inside, outside) in [
            ("0.255.255.255", "1.0.0.0"),
            ("10.0.0.0", "9.255.255.255"),
            ("10.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.63.255.255"),
            ("100.127.255.255", "100.128.0.0"),
            ("127.0.0.1", "126.255.255.255"),
            ("127.255.255.255", "128.0.0.0"),
            ("169.254.169.254", "169.253.255.255"),
            ("172.16.0.0", "172.15.255.255"),
            ("172.31.255.255", "172.32.0.0"),
            ("192.0.0.255", "192.0.1.0"),
            ("192.0.2.1", "192.0.3.0"),
            ("192.88.99.1", "192.88.100.0"),
            ("192.168.255.255", "192.169.0.0"),
            ("198.18.0.0", "198.17.255.255"),
            ("198.19.255.255", "198.20.0.0"),
            ("198.51.100.7", "198.51.101.0"),
            ("203.0.113.7", "203.0.114.0"),
            ("224.0.0.1", "223.255.255.255"),
            ("255.255.255.255", "8.8.8.8"),
            ("::", "2a00::1"),
            ("::1", "2600::1"),
            ("::7f00:1", "2a01:4f8::1"),
            ("::ffff:10.0.0.1", "::ffff:8.8.8.8"),
            ("64:ff9b::7f00:1", "64:ff9b::808:808"),
            ("64:ff9b:1::1", "2400::1"),
            ("100::1", "2800::1"),
            ("2001::1", "2001:200::1"),
            ("2001:1ff::1", "2001:4860:4860::8888"),
            ("2001:db8::1", "2001:db9::1"),
            ("2002:7f00:1::", "2002:808:808::"),
            ("3fff:fff::1", "3ffe::1"),
            ("5f00::1", "2003::1"),
            ("fc00::1", "2c00::1"),
            ("fdff::1", "2620::1"),
            ("fe80::1", "2a02::1"),
            ("fec0::1", "2a03::1"),
            ("ff02::1", "2a04::1"),
        ] {
            check_address(&[], inside, false);
            check_address(&[], outside, true);
        }
    }

    #[test]
    fn an_opened_network_opens_itself_and_nothing_else() {
        check_address(&["127.0.0.0/8"], "127.9.9.9", true);
        check_address(&["127.0.0.0/8"], "::ffff:127.0.0.1", true);
        check_address(&["127.0.0.0/8"], "10.0.0.1", false);
        check_address(&["127.0.0.0/8"], "::1", false);
        check_address(&["fd00::/8"], "fd12::1", true);
    }

    #[test]
    fn an_address_is_judged_in_any_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://１２７.０.０.１/",
            "http://[::ffff:127.0.0.1]/",
            "http://[64:ff9b::127.0.0.1]/",
            "http://[2002:7f00:1::]/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            check_url(&[], url, false);
        }
        check_url(&[], "http://8.8.8.8/", true);
        check_url(&["127.0.0.0/8"], "http://0x7f.1:9000/", true);
    }

    #[test]
    fn names_of_our_own_side_schemes_and_credentials_are_refused() {
        for url in [
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://intranet/",
            "http://drucker.local/",
            "http://meta.google.internal/",
            "http://nas.home.arpa./",
            "http://abc.onion/",
            "ftp://www.example.org/",
            "file:///etc/passwd",
            "https://user@www.example.org/",
            "https://:geheim@www.example.org/",
        ] {
            check_url(&[], url, false);
        }
        check_url(&[], "https://www.example.org/index.txt", true);
        check_url(&[], "https://www.example.org./index.txt", true);
        check_url(&[], &format!("https://www.example.org/{}", "x".repeat(2100)), false);
        check_url(&["127.0.0.0/8"], "http://localhost:9000/", true);
        check_url(&["10.0.0.0/8"], "http://localhost:9000/", false);
        check_url(&["10.0.0.0/8"], "http://portal-a:9000/", true);
        check_url(&["10.0.0.0/8"], "http://abc.onion/", false);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (a, b, expected) in [
            ("https://a.example/x", "https://a.example:443/y?z", true),
            ("https://a.example/", "http://a.example/", false),
            ("https://a.example/", "https://b.example/", false),
            ("http://127.0.0.1:1/", "http://127.0.0.1:2/", false),
        ] {
            assert_eq!(same_origin(&a.parse().unwrap(), &b.parse().unwrap()), expected, "{a} {b}");
        }
    }
}

//! How requests go on to portals: the table `[proxy]`.

use std::net::{IpAddr, SocketAddr};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::ranged;

/// How portals are proxied.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proxy {
    /// Time to get a connection to a portal.
    #[serde(deserialize_with = "ranged::<1, 600, _, _>")]
    pub connect_timeout_s: u64,
    /// Time until the head of its answer.
    #[serde(deserialize_with = "ranged::<1, 3600, _, _>")]
    pub head_timeout_s: u64,
    /// Time between two pieces of its answer.
    #[serde(deserialize_with = "ranged::<1, 3600, _, _>")]
    pub idle_timeout_s: u64,
    /// Bytes of a request body that is passed on.
    #[serde(deserialize_with = "ranged::<1024, 1_099_511_627_776, _, _>")]
    pub max_body_bytes: u64,
    /// Requests to one portal at a time; further ones are told to come again.
    #[serde(deserialize_with = "ranged::<1, 100_000, _, _>")]
    pub max_in_flight: usize,
    /// How many of them may be tunnels, such as WebSockets; never all of them.
    #[serde(deserialize_with = "ranged::<0, 100_000, _, _>")]
    pub max_tunnels: usize,
    /// Time in which nothing moves in a tunnel before it is ended.
    #[serde(deserialize_with = "ranged::<1, 86_400, _, _>")]
    pub tunnel_idle_s: u64,
    /// DNS servers for the names of upstreams, an address or an address and a port; those of the system when none.
    #[serde(deserialize_with = "name_servers")]
    pub dns_servers: Vec<SocketAddr>,
    /// How long an address is used at most before its name is looked up again; less when DNS says so.
    #[serde(deserialize_with = "ranged::<1, 86_400, _, _>")]
    pub dns_max_ttl_s: u64,
    /// How long the last good address is used beyond that while DNS fails.
    #[serde(deserialize_with = "ranged::<0, 604_800, _, _>")]
    pub dns_stale_s: u64,
    /// Failures of one upstream in a row before it is left out.
    #[serde(deserialize_with = "ranged::<1, 1000, _, _>")]
    pub max_failures: u32,
    /// How long it is left out the first time; doubles with each further time.
    #[serde(deserialize_with = "ranged::<1, 3600, _, _>")]
    pub out_s: u64,
    /// How long it is left out at most.
    #[serde(deserialize_with = "ranged::<1, 86_400, _, _>")]
    pub max_out_s: u64,
    /// Time over which it then gets more and more requests.
    #[serde(deserialize_with = "ranged::<0, 3600, _, _>")]
    pub return_s: u64,
    /// Failures of a hundred requests of one portal above which it is left alone; 100 never does.
    #[serde(deserialize_with = "ranged::<1, 100, _, _>")]
    pub break_percent: u32,
    /// Time over which they are counted.
    #[serde(deserialize_with = "ranged::<1, 3600, _, _>")]
    pub break_span_s: u64,
    /// Requests within that time below which nothing follows.
    #[serde(deserialize_with = "ranged::<1, 1_000_000, _, _>")]
    pub break_min_requests: u32,
    /// How long the portal is left alone before a single request tries it.
    #[serde(deserialize_with = "ranged::<1, 3600, _, _>")]
    pub break_pause_s: u64,
    /// Requests of a hundred of one portal that may be repeated.
    #[serde(deserialize_with = "ranged::<0, 100, _, _>")]
    pub repeat_percent: u32,
    /// Requests in ten seconds that may be repeated in any case.
    #[serde(deserialize_with = "ranged::<0, 100_000, _, _>")]
    pub min_repeats: u32,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            connect_timeout_s: 3,
            head_timeout_s: 30,
            idle_timeout_s: 30,
            max_body_bytes: 64 << 20,
            max_in_flight: 200,
            max_tunnels: 100,
            tunnel_idle_s: 300,
            dns_servers: Vec::new(),
            dns_max_ttl_s: 300,
            dns_stale_s: 3600,
            max_failures: 3,
            out_s: 5,
            max_out_s: 120,
            return_s: 10,
            break_percent: 50,
            break_span_s: 10,
            break_min_requests: 20,
            break_pause_s: 5,
            repeat_percent: 20,
            min_repeats: 20,
        }
    }
}

impl Proxy {
    /// How many requests of a portal may be tunnels: one place is always left for others.
    pub fn tunnels(&self) -> usize {
        self.max_tunnels.min(self.max_in_flight - 1)
    }
}

fn name_servers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SocketAddr>, D::Error> {
    let read = |text: String| {
        let bare = text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
        bare.or_else(|_| text.parse()).map_err(|_| {
            D::Error::custom(format!(
                "`{text}` is no DNS server, expected an address such as `192.0.2.1` or `[2001:db8::1]:53`"
            ))
        })
    };
    Vec::<String>::deserialize(from)?.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_server_is_an_address_with_or_without_a_port() {
        let read = |text: &str| toml::from_str::<Proxy>(text).map_err(|error| error.to_string());
        let proxy = read("dns_servers = [\"192.0.2.1\", \"::1\", \"[::1]:5353\"]").unwrap();
        let expected = ["192.0.2.1:53", "[::1]:53", "[::1]:5353"].map(|text| text.parse().unwrap());
        assert_eq!(proxy.dns_servers, expected);
        assert!(read("dns_servers = [\"dns.example\"]").unwrap_err().contains("is no DNS server"));
    }

    #[test]
    fn tunnels_never_take_all_places() {
        for (tunnels, all, expected) in [(100, 200, 100), (100, 100, 99), (5, 1, 0), (0, 10, 0)] {
            let proxy = Proxy { max_tunnels: tunnels, max_in_flight: all, ..Proxy::default() };
            assert_eq!(proxy.tunnels(), expected, "{tunnels} {all}");
        }
    }
}

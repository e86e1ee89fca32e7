//! The listeners towards citizens and operators: addresses, bounds, and whom they believe.

use std::net::SocketAddr;

use ipnet::IpNet;
use serde::Deserialize;
use url::Url;

use crate::{networks, number, origin, ranged, socket};

/// The listeners and their limits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The public side.
    #[serde(deserialize_with = "socket")]
    pub listen: SocketAddr,
    /// Metrics and health; never public.
    #[serde(deserialize_with = "socket")]
    pub internal: SocketAddr,
    /// The address under which citizens reach the public side: http or https, host, port, nothing else.
    #[serde(deserialize_with = "origin")]
    pub public_url: Url,
    /// Threads that answer requests; 0 takes one for each core.
    #[serde(default = "number::<0, _>", deserialize_with = "ranged::<0, 1024, _, _>")]
    pub workers: usize,
    /// Connections at a time.
    #[serde(default = "number::<10_000, _>", deserialize_with = "ranged::<1, 1_000_000, _, _>")]
    pub max_connections: usize,
    /// Connections of one client address at a time.
    #[serde(default = "number::<200, _>", deserialize_with = "ranged::<1, 1_000_000, _, _>")]
    pub max_connections_per_client: usize,
    /// Bytes of a request line and its fields.
    #[serde(default = "number::<32_768, _>", deserialize_with = "ranged::<1024, 1_048_576, _, _>")]
    pub max_head_bytes: usize,
    /// Fields of a request.
    #[serde(default = "number::<100, _>", deserialize_with = "ranged::<10, 1000, _, _>")]
    pub max_fields: usize,
    /// Time for a whole request head.
    #[serde(default = "number::<10, _>", deserialize_with = "ranged::<1, 600, _, _>")]
    pub head_timeout_s: u64,
    /// Time between two pieces of a body, in either direction.
    #[serde(default = "number::<30, _>", deserialize_with = "ranged::<1, 3600, _, _>")]
    pub body_idle_timeout_s: u64,
    /// Time between two requests on one connection.
    #[serde(default = "number::<60, _>", deserialize_with = "ranged::<1, 3600, _, _>")]
    pub idle_timeout_s: u64,
    /// Time that open requests have when the process is told to end.
    #[serde(default = "number::<30, _>", deserialize_with = "ranged::<0, 3600, _, _>")]
    pub drain_s: u64,
    /// Bytes per second that a request body has to come with on average, once `body_grace_s` of waiting for it are over;
    /// 0 asks for no rate.
    #[serde(default = "number::<240, _>", deserialize_with = "ranged::<0, 1_048_576, _, _>")]
    pub min_body_bytes_per_s: u64,
    /// Time that may be waited for a request body before its rate counts.
    #[serde(default = "number::<10, _>", deserialize_with = "ranged::<0, 3600, _, _>")]
    pub body_grace_s: u64,
    /// Requests per second of one client on average: an IPv4 address, or an IPv6 network of 56 bits; 0 is without bound.
    #[serde(default = "number::<100, _>", deserialize_with = "ranged::<0, 1_000_000, _, _>")]
    pub requests_per_s: u32,
    /// Requests of one client at once, before that average counts.
    #[serde(default = "number::<1000, _>", deserialize_with = "ranged::<1, 1_000_000, _, _>")]
    pub burst: u32,
    /// Networks of the proxies and load balancers in front of us: they alone are believed who their client is.
    #[serde(default, deserialize_with = "networks")]
    pub trusted: Vec<IpNet>,
    /// The field in which they say so.
    #[serde(default)]
    pub forwarded_field: ForwardedField,
    /// Whether every connection begins with a header of the PROXY protocol, version 2, which only `trusted` may send.
    #[serde(default)]
    pub proxy_protocol: bool,
}

/// The field in which proxies in front of us name their client. The other one is never read: a proxy that does not write
/// it passes on what anybody has put there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedField {
    /// `X-Forwarded-For`, with the scheme in `X-Forwarded-Proto`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), with the scheme in its `proto`.
    Forwarded,
}

//! Which fields go on to a portal, which come back, and which are ours to write.
//!
//! A request is written anew from its parsed form. What concerns one connection ends here, and what tells a portal who
//! asks and where comes from us alone: a client can neither send it, nor spell it in another way, nor have it removed
//! by naming it in `Connection`. Sources: RFC 9110, sections 7.6.1 and 7.6.3; RFC 7239; OWASP ASVS 5.0, 4.1.3.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::header::{self, Entry, HeaderMap, HeaderName, HeaderValue};
use http::{Version, request};
use url::{Position, Url};

use crate::routes::{PortalRoute, Responsible};

mod trace;

pub use trace::trace_id;

/// Fields of one connection; never passed on, in no direction.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// Fields that say who asks, and by which way; a portal may believe them because only we write them. Those that we do not
/// write are what other gateways write in front of the same software: a portal may still believe them.
const OURS: &[&str] = &[
    "forwarded",
    "via",
    "x-forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-originating-ip",
    "x-proxyuser-ip",
    "client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "remote-addr",
    "x-request-id",
    "x-rewrite-url",
    "x-host",
    "x-http-host-override",
    "x-https",
    "x-url-scheme",
    "front-end-https",
    "x-leistungsschluessel",
    "x-regionalschluessel",
    "remote-user",
    "x-user",
    "x-auth-user",
    "x-authenticated-user",
    "client-cert",
    "client-cert-chain",
    "x-client-cert",
    "x-client-dn",
    "x-client-verify",
    "x-arr-clientcert",
];

/// How the names of further such fields begin.
const OURS_BEGIN: &[&str] =
    &["x-forwarded-", "proxy-", "x-original-", "x-remote-", "x-auth-request-", "x-ssl-", "ssl-client-"];

/// Fields that stay although `Connection` names them: without them the message would mean something else.
const NOT_BY_CONNECTION: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "content-encoding",
    "content-range",
    "authorization",
    "cookie",
    "set-cookie",
    "location",
    "cache-control",
];

/// What portals on a shared host may not set for all of it, and what says too much about them.
const NOT_FROM_PORTALS: &[&str] = &[
    "alt-svc",
    "clear-site-data",
    "public-key-pins",
    "public-key-pins-report-only",
    "service-worker-allowed",
    "strict-transport-security",
    "server",
    "x-powered-by",
];

/// Most bytes in the head of an answer.
const MAX_ANSWER_HEAD: usize = 64 * 1024;
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const X_LEISTUNGSSCHLUESSEL: HeaderName = HeaderName::from_static("x-leistungsschluessel");
const X_REGIONALSCHLUESSEL: HeaderName = HeaderName::from_static("x-regionalschluessel");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who asks, as far as a portal is told.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its address: where the connection came from, or what a proxy that we trust says.
    pub address: IpAddr,
    /// The scheme that it used, where that is known; that of our public address else.
    pub scheme: Option<&'static str>,
    /// The id that the request has in our log.
    pub request_id: String,
}

/// The fields for the portal, without `Host`.
pub fn towards_portal(
    parts: &request::Parts,
    route: &PortalRoute,
    client: &Client,
    public: &Url,
    via: &str,
) -> HeaderMap {
    let named = named_in_connection(&parts.headers);
    let mut fields = HeaderMap::with_capacity(parts.headers.len() + 8);
    for (name, value) in &parts.headers {
        if goes_on(name.as_str()) && !named.contains(name) && name != header::HOST && name != header::EXPECT {
            fields.append(name.clone(), value.clone());
        }
    }
    trace::drop_unreadable(&mut fields);
    join_cookies(&mut fields);
    append_via(&mut fields, parts.headers.get_all(header::VIA).iter(), parts.version, via);
    write_forwarding(&mut fields, route, client, public);
    fields
}

/// True when this gateway is among those that the request came by.
pub fn passed_us(fields: &HeaderMap, via: &str) -> bool {
    fields.get_all(header::VIA).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).any(|entry| {
        let mut words = entry.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        words.nth(1).is_some_and(|by| by.eq_ignore_ascii_case(via.as_bytes()))
    })
}

/// Takes out of a portal's answer what may not reach the client, and adds `Via`.
pub fn from_portal(fields: &mut HeaderMap, version: Version, via: &str) {
    let dropped = |name: &HeaderName| HOP_BY_HOP.contains(&name.as_str()) || NOT_FROM_PORTALS.contains(&name.as_str());
    let mut gone = named_in_connection(fields);
    // Looking each of those up would cost more than going over the few that there are.
    gone.extend(fields.keys().filter(|name| dropped(name)).cloned());
    for name in gone {
        fields.remove(name);
    }
    let earlier: Vec<_> = fields.get_all(header::VIA).iter().cloned().collect();
    append_via(fields, earlier.iter(), version, via);
}

/// Why the head of a portal's answer cannot be trusted; hyper has taken one of several readings, or takes more than we do.
///
/// `reason` is the number of bytes behind the status.
pub fn head_fault(fields: &HeaderMap, version: Version, reason: usize) -> Option<&'static str> {
    let bytes: usize = fields.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    if bytes + reason > MAX_ANSWER_HEAD {
        return Some("a head that is too large");
    }
    let mut lengths = fields.get_all(header::CONTENT_LENGTH).iter();
    let mut codings = fields.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next(), lengths.next(), lengths.next()) {
        (None, _, None, _) => None,
        (None, _, Some(length), None) => {
            let digits = length.as_bytes();
            let valid = (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
            (!valid).then_some("a content length that is not a number")
        }
        (None, _, _, Some(_)) => Some("several content lengths"),
        (Some(coding), None, None, _)
            if coding.as_bytes().eq_ignore_ascii_case(b"chunked") && version == Version::HTTP_11 =>
        {
            None
        }
        (Some(_), _, None, _) => Some("a transfer coding other than exactly one `chunked`"),
        (Some(_), _, Some(_), _) => Some("both a content length and a transfer coding"),
    }
}

/// True for a field of a request that is neither the connection's nor ours, in any spelling.
fn goes_on(name: &str) -> bool {
    let plain = plain(name);
    let plain = plain.trim_matches('-');
    let reserved = HOP_BY_HOP.contains(&plain)
        || OURS.contains(&plain)
        || OURS_BEGIN.iter().any(|beginning| plain.starts_with(beginning));
    // A look-alike of a field that stays would be read in its place by a portal behind CGI.
    let look_alike = plain != name && NOT_BY_CONNECTION.contains(&plain);
    !reserved && !look_alike
}

/// A name as CGI reads it: every other sign is a dash. Most names are plain already.
fn plain(name: &str) -> Cow<'_, str> {
    let is_plain = |sign: u8| sign.is_ascii_alphanumeric() || sign == b'-';
    if name.bytes().all(is_plain) {
        return Cow::Borrowed(name);
    }
    name.chars().map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '-' }).collect()
}

fn named_in_connection(fields: &HeaderMap) -> Vec<HeaderName> {
    let values = fields.get_all(header::CONNECTION).iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| !NOT_BY_CONNECTION.contains(&name.as_str()))
        .collect()
}

/// HTTP/2 splits cookies over several fields; HTTP/1.1 knows only one (RFC 9113, section 8.2.3).
fn join_cookies(fields: &mut HeaderMap) {
    if let Entry::Occupied(mut entry) = fields.entry(header::COOKIE) {
        let crumbs: Vec<&[u8]> = entry.iter().map(HeaderValue::as_bytes).collect();
        if crumbs.len() > 1
            && let Ok(whole) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]))
        {
            entry.insert(whole);
        }
    }
}

fn append_via<'a>(fields: &mut HeaderMap, earlier: impl Iterator<Item = &'a HeaderValue>, version: Version, via: &str) {
    let version: &[u8] = match version {
        Version::HTTP_2 => b"2.0 ",
        Version::HTTP_10 => b"1.0 ",
        _ => b"1.1 ",
    };
    let mut chain: Vec<u8> = Vec::with_capacity(version.len() + via.len());
    for value in earlier {
        chain.extend_from_slice(value.as_bytes());
        chain.extend_from_slice(b", ");
    }
    chain.extend_from_slice(version);
    chain.extend_from_slice(via.as_bytes());
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(chain)) {
        fields.insert(header::VIA, value);
    }
}

fn write_forwarding(fields: &mut HeaderMap, route: &PortalRoute, client: &Client, public: &Url) {
    let host = public_host(route, public);
    let address = client.address.to_canonical();
    let node = match address {
        IpAddr::V4(address) => dotted(address),
        IpAddr::V6(address) => address.to_string(),
    };
    let scheme = client.scheme.unwrap_or(public.scheme());
    let told = |responsible: &Responsible| (responsible.schluessel.to_string(), responsible.ars.to_string());
    let (schluessel, ars) = route.responsible.as_ref().map(told).unwrap_or_default();
    let (open, close) = if address.is_ipv6() { ("\"[", "]\"") } else { ("", "") };
    let quote = if host.contains([':', '[']) { "\"" } else { "" };
    let parts = ["for=", open, &node, close, ";host=", quote, &host, quote, ";proto=", scheme];
    let forwarded = parts.concat();
    for (name, text) in [
        (header::FORWARDED, forwarded.as_str()),
        (X_FORWARDED_FOR, &node),
        (X_FORWARDED_HOST, &host),
        (X_FORWARDED_PROTO, scheme),
        (X_FORWARDED_PREFIX, route.told_prefix()),
        (X_LEISTUNGSSCHLUESSEL, &schluessel),
        (X_REGIONALSCHLUESSEL, &ars),
        (X_REQUEST_ID, &client.request_id),
    ] {
        if !text.is_empty()
            && let Ok(value) = HeaderValue::from_str(text)
        {
            fields.insert(name, value);
        }
    }
}

/// An address in dotted decimal; several times faster than the general way of writing values.
fn dotted(address: Ipv4Addr) -> String {
    let mut text = String::with_capacity("255.255.255.255".len());
    for (at, octet) in address.octets().into_iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let zeros = usize::from(octet < 10) + usize::from(octet < 100);
        text.extend(digits.into_iter().skip(zeros).map(|digit| char::from(b'0' + digit)));
    }
    text
}

/// The host that citizens see for this route: ours, or the portal's own on our port.
///
/// Never what the client wrote: a portal builds links from it.
fn public_host<'a>(route: &'a PortalRoute, public: &'a Url) -> Cow<'a, str> {
    match (&route.place.host, public.port()) {
        (None, _) => Cow::Borrowed(&public[Position::BeforeHost..Position::AfterPort]),
        (Some(host), None) => Cow::Borrowed(host),
        (Some(host), Some(port)) => Cow::Owned(format!("{host}:{port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::Place;

    fn sent(fields: &[(&str, &str)], place: Place, address: &str) -> HeaderMap {
        let mut request = http::Request::new(());
        for (name, value) in fields {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        }
        let client = Client { address: address.parse().unwrap(), scheme: None, request_id: "1f".into() };
        let public = "https://verbund.example".parse().unwrap();
        towards_portal(&request.into_parts().0, &PortalRoute::sample(place), &client, &public, "gw")
    }

    #[test]
    fn only_we_say_who_asks() {
        let forged = [
            ("forwarded", "for=1.2.3.4"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x_forwarded_for", "1.2.3.4"),
            ("x-forwarded_host", "evil"),
            ("x-forwarded-port", "1"),
            ("x.forwarded.proto", "https"),
            ("x-real-ip", "1.2.3.4"),
            ("x_leistungsschluessel", "99"),
            ("x-request-id", "forged"),
            ("content_length", "5"),
            ("accept", "text/html"),
        ];
        let fields = sent(&forged, Place::prefix("/portal/stadt"), "::ffff:10.1.2.3");
        let expected = [
            ("accept", "text/html"),
            ("via", "1.1 gw"),
            ("forwarded", "for=10.1.2.3;host=verbund.example;proto=https"),
            ("x-forwarded-for", "10.1.2.3"),
            ("x-forwarded-host", "verbund.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/portal/stadt"),
            ("x-request-id", "1f"),
        ];
        for (name, value) in expected {
            assert_eq!(fields[name], value, "{name}");
        }
        assert_eq!(fields.len(), expected.len(), "{fields:?}");
    }

    #[test]
    fn an_address_is_written_as_others_write_it() {
        for address in ["0.0.0.0", "1.20.255.9", "100.10.99.109", "255.255.255.255", "200.0.101.1"] {
            assert_eq!(dotted(address.parse().unwrap()), address);
        }
    }

    #[test]
    fn an_ipv6_client_is_quoted_and_a_host_route_has_no_prefix() {
        let fields = sent(&[], Place::host("stadt.example"), "2001:db8::1");
        assert_eq!(fields["forwarded"], "for=\"[2001:db8::1]\";host=stadt.example;proto=https");
        assert!(!fields.contains_key("x-forwarded-prefix"));
    }

    #[test]
    fn what_concerns_the_connection_ends_here() {
        let fields = sent(
            &[
                ("connection", "keep-alive, X-Secret, authorization, Cookie,x-forwarded-for"),
                ("connection", "x-other"),
                ("keep-alive", "timeout=5"),
                ("te", "trailers"),
                ("upgrade", "websocket"),
                ("proxy-anything", "x"),
                ("proxy", "http://evil"),
                ("expect", "100-continue"),
                ("x-secret", "1"),
                ("x-other", "1"),
                ("authorization", "Basic x"),
                ("cookie", "a=1"),
                ("cookie", "b=2"),
                ("via", "1.0 front"),
            ],
            Place::prefix("/p"),
            "10.0.0.1",
        );
        let mut names: Vec<_> = fields.keys().map(HeaderName::as_str).filter(|name| !name.starts_with("x-")).collect();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "cookie", "forwarded", "via"]);
        assert_eq!(fields["cookie"], "a=1; b=2");
        assert_eq!(fields["via"], "1.0 front, 1.1 gw");
        assert_eq!(fields["x-forwarded-for"], "10.0.0.1");
        assert!(!fields.contains_key("x-secret") && !fields.contains_key("x-other"));
    }

    #[test]
    fn a_trace_goes_on_only_when_it_can_be_read() {
        let (valid, state) = ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ("tracestate", "a=1"));
        let traced = |given: &[(&str, &str)]| {
            let fields = sent(given, Place::prefix("/p"), "10.0.0.1");
            ["traceparent", "tracestate"].map(|name| fields.get(name).map(|value| value.to_str().unwrap().to_owned()))
        };
        assert_eq!(traced(&[("traceparent", valid), state]), [Some(valid.into()), Some("a=1".into())]);
        for given in [
            &[("traceparent", "00-broken"), state][..],
            &[("traceparent", valid), ("traceparent", valid), state],
            &[("connection", "traceparent"), ("traceparent", valid), state],
            &[state],
        ] {
            assert_eq!(traced(given), [None, None], "{given:?}");
        }
    }

    #[test]
    fn a_loop_is_seen_by_our_own_name_only() {
        let via = |value: &'static str| HeaderMap::from_iter([(header::VIA, HeaderValue::from_static(value))]);
        assert!(passed_us(&via("1.1 a, 1.1 GW (x)"), "gw"));
        assert!(!passed_us(&via("1.1 a, 1.1 gwx"), "gw"));
        assert!(!passed_us(&via("1.1 a (gw)"), "gw"));
    }

    #[test]
    fn an_answer_has_one_framing() {
        let fault = |fields: &[(HeaderName, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in fields {
                map.append(name, HeaderValue::from_static(value));
            }
            head_fault(&map, Version::HTTP_11, 0).is_some()
        };
        let (length, coding) = (header::CONTENT_LENGTH, header::TRANSFER_ENCODING);
        assert!(!fault(&[]));
        assert!(!fault(&[(length.clone(), "3")]));
        assert!(!fault(&[(coding.clone(), "Chunked")]));
        assert!(fault(&[(length.clone(), "3, 3")]));
        assert!(fault(&[(length.clone(), "3"), (length.clone(), "3")]));
        assert!(fault(&[(length, "3"), (coding.clone(), "chunked")]));
        assert!(fault(&[(coding.clone(), "gzip, chunked")]));
        assert!(fault(&[(coding.clone(), "chunked"), (coding, "chunked")]));
    }

    #[test]
    fn a_portal_sets_nothing_for_the_whole_host() {
        let mut fields = HeaderMap::new();
        for name in ["connection", "x-hop", "alt-svc", "server", "strict-transport-security", "via", "etag"] {
            let value = if name == "connection" { "x-hop, etag, set-cookie" } else { "1.1 x" };
            fields.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        fields.append("set-cookie", HeaderValue::from_static("a=b"));
        from_portal(&mut fields, Version::HTTP_11, "gw");
        let mut names: Vec<_> = fields.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["set-cookie", "via"]);
        assert_eq!(fields["via"], "1.1 x, 1.1 gw");
    }
}

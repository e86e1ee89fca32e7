//! Connections that change their protocol, against a portal that speaks WebSocket by the RFC.

use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ASK: &str = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat\r\n";

fn accept(key: &str) -> String {
    use base64::Engine;
    let digest = Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    base64::engine::general_purpose::STANDARD.encode(digest)
}

/// A frame as RFC 6455, section 5.2, has it; a client masks.
fn frame(opcode: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    let masked = if mask.is_some() { 0x80 } else { 0 };
    match payload.len() {
        length @ 0..=125 => frame.push(masked | length as u8),
        length @ 126..=65_535 => {
            frame.push(masked | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(masked | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask.unwrap_or_default()[..if mask.is_some() { 4 } else { 0 }]);
    let mask = mask.unwrap_or_default();
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    frame
}

/// Opcode and payload of the next frame; none at the end of the connection.
async fn next_frame(conn: &mut Conn) -> Option<(u8, Vec<u8>)> {
    let head = conn.exactly(2).await?;
    let length = match head[1] & 0x7f {
        126 => u64::from(u16::from_be_bytes(conn.exactly(2).await?.try_into().unwrap())),
        127 => u64::from_be_bytes(conn.exactly(8).await?.try_into().unwrap()),
        short => short.into(),
    };
    let mask = if head[1] & 0x80 == 0 { vec![0; 4] } else { conn.exactly(4).await? };
    let payload = conn.exactly(length as usize).await?;
    Some((head[0] & 0x0f, payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]).collect()))
}

/// The value of a field in a head, by its name in lower case.
fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) =
        head.lines().filter_map(|line| line.split_once(": ")).find(|(n, _)| n.eq_ignore_ascii_case(name))?;
    Some(value)
}

/// A portal that shakes hands and sends every message back; at the first paths it does otherwise.
async fn echo_portal() -> Upstream {
    Upstream::start(|mut conn: Conn, _| async move {
        loop {
            let head = conn.head().await;
            if head.is_empty() {
                return;
            }
            let Some(key) = field(&head, "sec-websocket-key") else {
                conn.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{head}", head.len())).await;
                continue;
            };
            let (accept, asked) = (accept(key), field(&head, "upgrade") == Some("websocket"));
            if head.contains("/refuses") || (!asked && !head.contains("/anyway")) {
                conn.write(format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n{head}", head.len())).await;
                continue;
            }
            if head.contains("/slow") {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            let answer = match head.split(' ').nth(1).unwrap_or_default() {
                "/other" => "Upgrade: chat\r\nConnection: Upgrade\r\n".to_owned(),
                "/bare" => format!("Upgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n"),
                "/wrong" => "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n".to_owned(),
                _ => format!(
                    "Upgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nServer: x\r\n\
                     Sec-WebSocket-Protocol: chat\r\nSet-Cookie: a=b\r\nContent-Length: 5\r\n"
                ),
            };
            // The first message comes in one piece with the head.
            let mut begin = format!("HTTP/1.1 101 Switching Protocols\r\n{answer}\r\n").into_bytes();
            begin.extend(frame(1, b"welcome", None));
            conn.write(begin).await;
            while let Some((opcode, payload)) = next_frame(&mut conn).await {
                let answered = if opcode == 9 { 10 } else { opcode };
                conn.write(frame(answered, &payload, None)).await;
                if opcode == 8 {
                    return;
                }
            }
            return;
        }
    })
    .await
}

fn allowing(id: &str, upstream: SocketAddr) -> Plan {
    let place = format!("prefix = \"/portal/{id}\"\nupgrade = [\"websocket\"]");
    Plan::new(vec![portal_at(id, &place, &[format!("http://{upstream}")])])
}

async fn ask(gateway: &Gateway, path: &str) -> (Conn, String) {
    let mut conn = gateway.connect().await;
    conn.write(format!("GET {path} HTTP/1.1\r\nHost: verbund.example\r\n{ASK}\r\n")).await;
    let head = conn.head().await;
    (conn, head)
}

const OPEN: &str = "portalverbund_gateway_tunnels_open{portal=\"a\"}";

#[tokio::test]
async fn messages_go_both_ways_as_they_came() {
    let portal = echo_portal().await;
    let gateway = allowing("a", portal.address).start().await;
    let (mut conn, head) = ask(&gateway, "/portal/a/ws").await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert_eq!(field(&head, "sec-websocket-accept"), Some(&*accept(KEY)));
    assert_eq!((field(&head, "upgrade"), field(&head, "connection")), (Some("websocket"), Some("upgrade")));
    assert_eq!(field(&head, "sec-websocket-protocol"), Some("chat"));
    assert_eq!(field(&head, "set-cookie"), Some("a=b; Path=/portal/a"));
    assert!(field(&head, "content-length").is_none() && field(&head, "server").is_none(), "{head}");
    assert_eq!(next_frame(&mut conn).await, Some((1, b"welcome".to_vec())));
    assert_eq!(gateway.metric(OPEN), 1.0);
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    for (opcode, payload) in [(1, "Grüße".as_bytes()), (2, &large), (2, b"GET / HTTP/1.1\nbroken\0\r\n\r\n")] {
        let (sent, (mut reader, mut writer)) = (frame(opcode, payload, Some([1, 2, 3, 4])), conn.stream.split());
        let mut echoed = vec![0; frame(opcode, payload, None).len()];
        let (written, read) = tokio::join!(writer.write_all(&sent), reader.read_exact(&mut echoed));
        written.unwrap();
        read.unwrap();
        assert!(echoed == frame(opcode, payload, None), "{opcode}");
    }
    conn.write(frame(9, b"ping", Some([9, 9, 9, 9]))).await;
    assert_eq!(next_frame(&mut conn).await, Some((10, b"ping".to_vec())));
    conn.write(frame(8, &1000_u16.to_be_bytes(), Some([0; 4]))).await;
    assert_eq!(next_frame(&mut conn).await, Some((8, 1000_u16.to_be_bytes().to_vec())));
    assert_eq!(next_frame(&mut conn).await, None);
    drop(conn);
    until(|| gateway.metric("portalverbund_gateway_tunnels_total{portal=\"a\",result=\"closed\"}") == 1.0).await;
    assert_eq!(gateway.metric(OPEN), 0.0);
    gateway.end().await;
}

/// Waits until it is so.
async fn until(is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(8), "it does not come to that");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn bytes_before_the_answer_are_kept_and_never_read_as_http() {
    let portal = echo_portal().await;
    let gateway = allowing("a", portal.address).start().await;
    let mut conn = gateway.connect().await;
    let mut early = format!("GET /portal/a/slow HTTP/1.1\r\nHost: a\r\n{ASK}\r\n").into_bytes();
    early.extend(frame(2, b"\0\n\nGET /portal/a/ HTTP/1.1\n\n", Some([0; 4])));
    conn.write(early).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    conn.write(frame(1, b"later", Some([0; 4]))).await;
    assert!(conn.head().await.starts_with("HTTP/1.1 101 "));
    assert_eq!(next_frame(&mut conn).await, Some((1, b"welcome".to_vec())));
    assert_eq!(next_frame(&mut conn).await, Some((2, b"\0\n\nGET /portal/a/ HTTP/1.1\n\n".to_vec())));
    assert_eq!(next_frame(&mut conn).await, Some((1, b"later".to_vec())));
    assert_eq!(gateway.metric("portalverbund_gateway_refused_total{reason=\"framing\"}"), 0.0);
}

#[tokio::test]
async fn after_any_other_answer_the_connection_stays_http_and_watched() {
    let portal = echo_portal().await;
    let gateway = allowing("a", portal.address).start().await;
    let refused = format!("GET /portal/a/refuses HTTP/1.1\r\nHost: a\r\n{ASK}\r\n");
    let next = "GET /portal/a/next HTTP/1.1\r\nHost: a\r\n\r\n";
    for (first, status) in [(refused.clone(), 403), (refused.replace("/portal/a/refuses", "/"), 200)] {
        let mut conn = gateway.connect().await;
        // The second comes while the first is open: it is no frame.
        conn.write(format!("{first}{next}{refused}{next}")).await;
        for expected in [status, 200, 403, 200] {
            let head = conn.head().await;
            assert!(head.starts_with(&format!("HTTP/1.1 {expected} ")), "{head}");
            let length = field(&head, "content-length").unwrap().parse().unwrap();
            conn.exactly(length).await.unwrap();
        }
        conn.write(format!("{first}GET / HTTP/1.1\nHost: a\r\n\r\n")).await;
        let rest = conn.rest().await;
        assert!(rest.starts_with(&format!("HTTP/1.1 {status} ")) && rest.contains("HTTP/1.1 400 "), "{rest}");
    }
    assert!(gateway.metric("portalverbund_gateway_refused_total{reason=\"framing\"}") >= 2.0);
    let connections = portal.connections();
    assert!(connections <= 2, "a connection to the portal that refused is used again: {connections}");
}

#[tokio::test]
async fn a_wish_goes_on_only_where_it_may() {
    let portal = echo_portal().await;
    let mut plan = allowing("a", portal.address);
    plan.portals.push(super::portal("b", &[portal.address]));
    let gateway = plan.start().await;
    let get = |path: &str, fields: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    for (request, why) in [
        (get("/portal/b/ws", ASK), "the route does not allow it"),
        (get("/portal/a/ws", &ASK.replace("WebSocket\r\n", "h2c\r\n")), "another protocol"),
        (get("/portal/a/ws", &ASK.replace("keep-alive, Upgrade", "keep-alive")), "not named in Connection"),
        (get("/portal/a/ws", &ASK.replace("dGhl", "dG")), "no valid key"),
        (get("/portal/a/ws", ASK).replace("GET", "PUT"), "another method"),
    ] {
        let mut conn = gateway.connect().await;
        conn.write(request).await;
        let head = conn.head().await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{why}: {head}");
        let length = field(&head, "content-length").unwrap().parse().unwrap();
        let sent = String::from_utf8(conn.exactly(length).await.unwrap()).unwrap();
        assert!(field(&sent, "upgrade").is_none() && field(&sent, "connection").is_none(), "{why}: {sent}");
    }
    let first_of_several = get("/portal/a/ws", &ASK.replace("WebSocket\r\n", "h2c, WEBSOCKET\r\n"));
    let mut conn = gateway.connect().await;
    conn.write(first_of_several).await;
    assert!(conn.head().await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn a_101_that_was_not_asked_for_is_502() {
    let portal = echo_portal().await;
    let mut plan = allowing("a", portal.address);
    plan.settings.leave_out.max_failures = 1000;
    let gateway = plan.start().await;
    for path in ["other", "bare", "wrong"] {
        let (_, head) = ask(&gateway, &format!("/portal/a/{path}")).await;
        assert!(head.starts_with("HTTP/1.1 502 "), "{path}: {head}");
    }
    let unasked = format!("GET /portal/a/anyway HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: {KEY}\r\n\r\n");
    let mut conn = gateway.connect().await;
    conn.write(unasked).await;
    assert!(conn.head().await.starts_with("HTTP/1.1 502 "));
    assert_eq!(gateway.metric("portalverbund_gateway_upstream_failures_total{kind=\"invalid\",portal=\"a\"}"), 4.0);
    assert_eq!(
        (gateway.metric(OPEN), gateway.metric("portalverbund_gateway_portal_requests_in_flight{portal=\"a\"}")),
        (0.0, 0.0)
    );
}

#[tokio::test]
async fn tunnels_have_a_bound_of_their_own_and_end_when_nothing_moves() {
    let portal = echo_portal().await;
    let mut plan = allowing("a", portal.address);
    plan.settings.portal_places = 2;
    plan.settings.portal_tunnels = 1;
    plan.settings.tunnel_idle_time = Duration::from_millis(600);
    let gateway = plan.start().await;
    let (mut conn, head) = ask(&gateway, "/portal/a/ws").await;
    assert!(head.starts_with("HTTP/1.1 101 "));
    let (_, full) = ask(&gateway, "/portal/a/ws").await;
    assert!(full.starts_with("HTTP/1.1 503 ") && full.contains("retry-after: 10"), "{full}");
    assert!(gateway.get("/portal/a/").await.starts_with("HTTP/1.1 200 "), "other requests have a place");
    assert_eq!(gateway.metric("portalverbund_gateway_portal_requests_in_flight{portal=\"a\"}"), 1.0);
    assert_eq!(next_frame(&mut conn).await, Some((1, b"welcome".to_vec())));
    let begin = Instant::now();
    assert_eq!(next_frame(&mut conn).await, None);
    assert!(begin.elapsed() < Duration::from_secs(4));
    assert_eq!(gateway.metric("portalverbund_gateway_tunnels_total{portal=\"a\",result=\"idle\"}"), 1.0);
    let (_, again) = ask(&gateway, "/portal/a/ws").await;
    assert!(again.starts_with("HTTP/1.1 101 "), "its place is free again");
}

#[tokio::test]
async fn a_side_that_does_not_read_stops_the_other_and_ends_are_passed_on_one_by_one() {
    let portal = Upstream::start(|mut conn: Conn, _| async move {
        let head = conn.head().await;
        let accept = accept(field(&head, "sec-websocket-key").unwrap());
        let answer = format!("Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
        conn.write(format!("HTTP/1.1 101 Switching Protocols\r\n{answer}")).await;
        let piece = vec![b'x'; 64 * 1024];
        let mut taken = 0_usize;
        while tokio::time::timeout(Duration::from_millis(700), conn.stream.write_all(&piece)).await.is_ok() {
            taken += piece.len();
            assert!(taken < 64 << 20, "nobody reads, and it takes and takes");
        }
        conn.write("\0stopped").await;
        conn.stream.shutdown().await.unwrap();
        let last = conn.rest().await;
        assert_eq!(last, "still heard");
    })
    .await;
    let gateway = allowing("a", portal.address).start().await;
    let (mut conn, head) = ask(&gateway, "/portal/a/ws").await;
    assert!(head.starts_with("HTTP/1.1 101 "));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(conn.rest().await.ends_with("\0stopped"));
    assert_eq!(gateway.metric(OPEN), 1.0, "one direction has ended, the other has not");
    conn.write("still heard").await;
    conn.stream.shutdown().await.unwrap();
    until(|| gateway.metric(OPEN) == 0.0).await;
    assert_eq!(gateway.metric("portalverbund_gateway_tunnels_total{portal=\"a\",result=\"closed\"}"), 1.0);
}

#[tokio::test]
async fn a_drain_leaves_tunnels_their_time_and_ends_them_then() {
    let portal = echo_portal().await;
    let mut plan = allowing("a", portal.address);
    plan.limits.drain_time = Duration::from_millis(700);
    let gateway = plan.start().await;
    let (mut conn, _) = ask(&gateway, "/portal/a/ws").await;
    assert!(next_frame(&mut conn).await.is_some());
    gateway.stop.cancel();
    tokio::time::sleep(Duration::from_millis(200)).await;
    conn.write(frame(1, b"still here", Some([0; 4]))).await;
    assert_eq!(next_frame(&mut conn).await, Some((1, b"still here".to_vec())));
    gateway.end().await;
    assert_eq!(next_frame(&mut conn).await, None);
}

#![expect(clippy::disallowed_methods, reason = "the servers of a test end with its runtime")]

use std::net::SocketAddr;

use tokio::time::Instant;

use super::*;
use crate::fake::{Conn, Gateway, Plan, Upstream, portal, portal_at};

mod ill;
mod multiplexed;
mod named;
mod phases;
mod probed;
mod websocket;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn gateway(id: &str, upstreams: &[SocketAddr]) -> Gateway {
    Plan::new(vec![portal(id, upstreams)]).start().await
}

/// A gateway whose times are short enough for a test.
fn hasty(id: &str, upstreams: &[SocketAddr]) -> Plan {
    let mut plan = Plan::new(vec![portal(id, upstreams)]);
    plan.settings.first_byte_time = Duration::from_millis(200);
    plan.settings.idle_time = Duration::from_millis(200);
    plan.settings.connect_time = Duration::from_millis(500);
    plan.settings.queue_time = Duration::from_millis(50);
    plan
}

/// An address where nobody listens.
async fn nobody() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_request_goes_on_as_it_came_but_for_what_is_ours() {
    let upstream = Upstream::echo().await;
    let gateway = gateway("a", &[upstream.address]).await;
    let answer = gateway
        .raw(
            "GET //portal/a//b%20c/?q=a%2Fb&x HTTP/1.1\r\nHost: verbund.example\r\nAccept: */*\r\n\
             Connection: close, X-Hop, Authorization, X-Forwarded-For\r\nX-Hop: 1\r\nAuthorization: Basic x\r\n\
             X-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n\
             X-Forwarded-Host: evil.example\r\nTE: trailers\r\nKeep-Alive: 5\r\nVia: 1.0 front\r\n\r\n",
        )
        .await;
    let (_, sent) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = sent.lines().filter(|line| !line.starts_with("x-request-id") && !line.is_empty()).collect();
    let first = lines.remove(0);
    assert_eq!(first, "GET //b%20c/?q=a%2Fb&x HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: {}", upstream.address);
    let expected = [
        "accept: */*",
        "authorization: Basic x",
        "forwarded: for=127.0.0.1;host=verbund.example;proto=https",
        &host,
        "via: 1.0 front, 1.1 portalverbund",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: verbund.example",
        "x-forwarded-prefix: /portal/a",
        "x-forwarded-proto: https",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn an_answer_loses_what_concerns_the_connection() {
    let upstream = Upstream::saying(
        "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nServer: x\r\n\
         X-Powered-By: y\r\nStrict-Transport-Security: max-age=1\r\nAlt-Svc: h3\r\nETag: \"e\"\r\n\
         Set-Cookie: s=1; Path=/; Domain=verbund.example; HttpOnly\r\nSet-Cookie: t=2\r\n\
         Location: /login\r\nContent-Length: 2\r\n\r\nok",
    )
    .await;
    let gateway = gateway("a", &[upstream.address]).await;
    let answer = gateway.get("/portal/a/x").await.to_ascii_lowercase();
    for gone in ["x-hop", "keep-alive", "server:", "x-powered-by", "strict-transport", "alt-svc", "domain="] {
        assert!(!answer.contains(gone), "{gone} in {answer}");
    }
    for kept in [
        "etag: \"e\"",
        "set-cookie: s=1; httponly; path=/portal/a\r\n",
        "set-cookie: t=2; path=/portal/a\r\n",
        "location: /portal/a/login\r\n",
        "via: 1.1 portalverbund\r\n",
        "content-length: 2\r\n",
    ] {
        assert!(answer.contains(kept), "{kept} not in {answer}");
    }
    assert!(answer.ends_with("\r\n\r\nok"));
}

#[tokio::test]
async fn a_host_of_its_own_goes_before_paths() {
    let upstream = Upstream::echo().await;
    let address = format!("http://{}", upstream.address);
    let mut plan = Plan::new(vec![portal_at("a", "host = \"a.localhost\"", &[address])]);
    plan.settings.public_url = "http://localhost:8080".parse().unwrap();
    let gateway = plan.start().await;
    let answer = gateway.raw("GET /suche HTTP/1.1\r\nHost: A.localhost:8080\r\nConnection: close\r\n\r\n").await;
    assert!(answer.contains("\r\n\r\nGET /suche HTTP/1.1\r\n"), "{answer}");
    assert!(answer.contains("x-forwarded-host: a.localhost:8080\r\n"), "{answer}");
    assert!(answer.contains("forwarded: for=127.0.0.1;host=\"a.localhost:8080\";proto=http\r\n"), "{answer}");
    assert!(!answer.contains("x-forwarded-prefix"));
}

#[tokio::test]
async fn a_large_body_streams_without_being_held() {
    const PIECE: usize = 64 * 1024;
    const PIECES: usize = 512;
    let upstream = Upstream::start(|mut conn, _| async move {
        conn.head().await;
        conn.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PIECE * PIECES)).await;
        for sent in 0..PIECES {
            let piece = vec![b'x'; PIECE];
            // When nobody reads, back-pressure has to stop this well before the end.
            let write = tokio::io::AsyncWriteExt::write_all(&mut conn.stream, &piece);
            if tokio::time::timeout(Duration::from_secs(1), write).await.is_err() {
                assert!(sent < PIECES * 3 / 4, "{sent} pieces were taken while nobody read");
                tokio::io::AsyncWriteExt::write_all(&mut conn.stream, b"!stopped").await.unwrap();
                return;
            }
        }
    })
    .await;
    let gateway = gateway("a", &[upstream.address]).await;
    let mut reader = gateway.connect().await;
    reader.write("GET /portal/a/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    reader.head().await;
    assert_eq!(reader.rest().await.len(), PIECE * PIECES, "a reader gets all of it");

    let mut sleeper = gateway.connect().await;
    sleeper.write("GET /portal/a/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let body = sleeper.rest().await;
    assert!(body.contains("!stopped"), "the portal was not stopped while nobody read");
    assert!(body.len() < PIECE * PIECES);
}

#[tokio::test]
async fn a_request_body_streams_while_it_comes() {
    let upstream = Upstream::start(|mut conn, _| async move {
        let head = conn.head().await;
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        conn.until("first").await;
        conn.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n").await;
        conn.until("second").await;
        conn.write("3\r\ntwo\r\n0\r\nX-Trailer: x\r\n\r\n").await;
        conn.rest().await;
    })
    .await;
    let gateway = gateway("a", &[upstream.address]).await;
    let mut conn = gateway.connect().await;
    let head = "POST /portal/a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n";
    // The beginning is waited for before the portal is asked.
    let beginning = "x".repeat(READ_AHEAD);
    conn.write(format!("{head}{READ_AHEAD:x}\r\n{beginning}\r\n5\r\nfirst\r\n")).await;
    assert!(conn.until("one").await.starts_with("HTTP/1.1 200 OK\r\n"));
    conn.write("6\r\nsecond\r\n0\r\nT: x\r\n\r\n").await;
    let end = conn.until("0\r\n\r\n").await;
    assert!(end.contains("two") && !end.contains("X-Trailer"), "{end}");
}

#[tokio::test]
async fn lengths_stay_and_head_has_no_body() {
    let upstream = Upstream::start(|mut conn, _| async move {
        loop {
            let head = conn.head().await;
            if head.is_empty() {
                return;
            }
            let answer = match head.split(' ').next() {
                Some("HEAD") => "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n".to_owned(),
                Some("GET") => "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n".to_owned(),
                _ => {
                    let body = conn.until("abc").await;
                    let length = head.contains("content-length: 3\r\n") && !head.contains("transfer-encoding");
                    format!("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n{body}{length:.1}")
                }
            };
            conn.write(answer).await;
        }
    })
    .await;
    let gateway = gateway("a", &[upstream.address]).await;
    let mut conn = gateway.connect().await;
    conn.write("HEAD /portal/a/ HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(conn.head().await.contains("content-length: 1234\r\n"));
    conn.write("GET /portal/a/ HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(conn.head().await.starts_with("HTTP/1.1 304 "));
    conn.write("POST /portal/a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").await;
    assert!(conn.head().await.starts_with("HTTP/1.1 201 "));
    conn.until("abct").await;
    assert_eq!(upstream.connections(), 1, "the connection to the portal is used again");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_seen_to_break_off() {
    let upstream = Upstream::start(|mut conn, _| async move {
        let head = conn.head().await;
        let answer = if head.contains("/chunked") {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n"
        } else if head.contains("/bad-chunk") {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\nzz\r\n0\r\n\r\n"
        } else {
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun"
        };
        conn.write(answer).await;
        if head.contains("-stalls") {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    })
    .await;
    let gateway = hasty("a", &[upstream.address]).start().await;
    for path in ["chunked", "bad-chunk", "length", "length-stalls"] {
        let mut conn = gateway.connect().await;
        conn.write(format!("GET /portal/a/{path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        let answer = conn.rest().await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("begun"), "{path}: {answer}");
        assert!(!answer.contains("\r\n0\r\n"), "{path} ends as if it were whole: {answer}");
    }
    assert_eq!(gateway.metric("portalverbund_gateway_upstream_failures_total{kind=\"body_cut\",portal=\"a\"}"), 3.0);
    assert_eq!(
        gateway.metric("portalverbund_gateway_upstream_failures_total{kind=\"body_stalled\",portal=\"a\"}"),
        1.0
    );
}

#[tokio::test]
async fn an_old_client_sees_the_break_by_a_reset() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n";
    let whole = Upstream::saying(format!("{answer}0\r\n\r\n")).await;
    let cut = Upstream::start(move |mut conn, _| async move {
        conn.head().await;
        conn.write(answer).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    })
    .await;
    let plan = Plan::new(vec![portal("whole", &[whole.address]), portal("cut", &[cut.address])]);
    let gateway = plan.start().await;
    for (path, reset) in [("whole", false), ("cut", true)] {
        let mut conn = gateway.connect().await;
        conn.write(format!("GET /portal/{path}/ HTTP/1.0\r\nHost: a\r\n\r\n")).await;
        assert!(conn.until("begun").await.starts_with("HTTP/1.0 200 "));
        let end = tokio::io::AsyncReadExt::read(&mut conn.stream, &mut [0; 10]).await;
        assert_eq!(end.is_err(), reset, "{path}: {end:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_trusted_is_502() {
    for bad in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
        "SMTP ready\r\n\r\n",
    ] {
        let upstream = Upstream::saying(bad).await;
        let gateway = gateway("a", &[upstream.address]).await;
        let answer = gateway.get("/portal/a/x").await;
        assert!(answer.starts_with("HTTP/1.1 502 "), "{bad:?}: {answer}");
        assert!(answer.contains("lang=\"de\"") && answer.contains("tel:02349100"), "{answer}");
    }
}

#[tokio::test]
async fn a_dead_portal_is_502_and_a_silent_one_504() {
    let silent = Upstream::start(|mut conn, _| async move {
        conn.rest().await;
    })
    .await;
    let mut plan = hasty("dead", &[nobody().await]);
    plan.portals.push(portal("silent", &[silent.address]));
    let gateway = plan.start().await;
    let dead = gateway.get("/portal/dead/").await;
    assert!(dead.starts_with("HTTP/1.1 502 ") && dead.contains("nicht erreichbar"), "{dead}");
    assert!(dead.contains("Stadt dead") && !dead.contains("127.0.0.1"), "{dead}");
    let silent = gateway.get("/portal/silent/").await;
    assert!(silent.starts_with("HTTP/1.1 504 ") && silent.contains("antwortet nicht"), "{silent}");
    let json = gateway
        .raw("GET /portal/dead/ HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nConnection: close\r\n\r\n")
        .await;
    assert!(json.contains("application/problem+json") && json.contains("\"code\":\"portal.down\""), "{json}");
}

#[tokio::test]
async fn a_client_that_stalls_or_sends_too_much_is_told() {
    let upstream = Upstream::start(|mut conn, _| async move {
        conn.rest().await;
    })
    .await;
    let mut plan = hasty("a", &[upstream.address]);
    plan.settings.max_body_bytes = 10;
    let gateway = plan.start().await;
    let post = "POST /portal/a/ HTTP/1.1\r\nHost: a\r\n";
    for (rest, status) in [
        ("Content-Length: 5\r\n\r\nab", 408),
        ("Content-Length: 11\r\n\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 400),
    ] {
        let answer = gateway.raw(format!("{post}{rest}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{rest:?}: {answer}");
    }
}

#[tokio::test]
async fn one_slow_portal_does_not_hold_up_another() {
    let slow = Upstream::start(|mut conn, _| async move {
        conn.head().await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        conn.write(OK).await;
    })
    .await;
    let quick = Upstream::saying(OK).await;
    let mut plan = Plan::new(vec![portal("slow", &[slow.address]), portal("quick", &[quick.address])]);
    plan.settings.portal_places = 2;
    plan.settings.queue_time = Duration::from_millis(50);
    let gateway = plan.start().await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut conn = gateway.connect().await;
        conn.write("GET /portal/slow/ HTTP/1.1\r\nHost: a\r\n\r\n").await;
        held.push(conn);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begin = Instant::now();
    let full = gateway.get("/portal/slow/").await;
    assert!(full.starts_with("HTTP/1.1 503 ") && full.contains("retry-after: 10"), "{full}");
    for _ in 0..10 {
        assert!(gateway.get("/portal/quick/").await.ends_with("ok"));
    }
    assert!(begin.elapsed() < Duration::from_secs(2));
    for mut conn in held {
        assert!(conn.until("ok").await.starts_with("HTTP/1.1 200 "));
    }
    assert!(gateway.get("/portal/slow/").await.ends_with("ok"), "the places are free again");
}

#[tokio::test]
async fn a_place_is_free_again_when_the_client_leaves() {
    let upstream = Upstream::start(|mut conn, number| async move {
        conn.head().await;
        if number > 0 {
            conn.write(OK).await;
        }
        conn.rest().await;
    })
    .await;
    let mut plan = hasty("a", &[upstream.address]);
    plan.settings.portal_places = 1;
    plan.settings.first_byte_time = Duration::from_secs(30);
    let gateway = plan.start().await;
    let mut leaver = gateway.connect().await;
    leaver.write("GET /portal/a/ HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(leaver);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    assert_eq!(gateway.metric("portalverbund_gateway_requests_in_flight"), 0.0);
}

#[tokio::test]
async fn the_next_upstream_is_tried_only_when_nothing_was_sent() {
    let good = Upstream::saying(OK).await;
    let gateway = gateway("a", &[nobody().await, good.address]).await;
    for _ in 0..4 {
        let post = "POST /portal/a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx";
        assert!(gateway.raw(post).await.ends_with("ok"));
    }
    let closing = Upstream::start(|mut conn, _| async move {
        conn.head().await;
    })
    .await;
    let other = self::gateway("b", &[closing.address]).await;
    for method in ["GET", "POST"] {
        let head = format!("{method} /portal/b/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assert!(other.raw(head).await.starts_with("HTTP/1.1 502 "));
    }
    assert_eq!(closing.connections(), 2, "a fresh connection that closes is not tried again");
}

/// The first connection answers once and closes at the second request; `seen` counts the requests.
async fn closes_on_reuse(seen: Arc<std::sync::atomic::AtomicUsize>, before_closing: &'static str) -> Upstream {
    Upstream::start(move |mut conn: Conn, number| {
        let seen = seen.clone();
        async move {
            for turn in 0.. {
                if conn.head().await.is_empty() {
                    return;
                }
                seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                if number == 0 && turn == 1 {
                    conn.write(before_closing).await;
                    return;
                }
                conn.write(OK).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_reused_connection_that_closed_is_repeated_for_idempotent_requests_only() {
    for (method, partial, expected, requests) in [
        ("GET", "", "HTTP/1.1 200 ", 3),
        ("DELETE", "", "HTTP/1.1 200 ", 3),
        ("POST", "", "HTTP/1.1 502 ", 2),
        ("GET", "HTTP/1.1 2", "HTTP/1.1 502 ", 2),
    ] {
        let seen = Arc::default();
        let upstream = closes_on_reuse(Arc::clone(&seen), partial).await;
        let gateway = gateway("a", &[upstream.address]).await;
        assert!(gateway.get("/portal/a/").await.ends_with("ok"));
        let head = format!("{method} /portal/a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let answer = gateway.raw(head).await;
        assert!(answer.starts_with(expected), "{method} {partial:?}: {answer}");
        assert_eq!(seen.load(std::sync::atomic::Ordering::SeqCst), requests, "{method} {partial:?}");
    }
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_end_the_connection() {
    let upstream = Upstream::start(|mut conn, number| async move {
        while !conn.head().await.is_empty() {
            conn.write(format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nc{number}")).await;
            conn.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret").await;
        }
    })
    .await;
    let gateway = gateway("a", &[upstream.address]).await;
    for _ in 0..3 {
        let answer = gateway.get("/portal/a/").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("secret"), "{answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(upstream.connections(), 3);
}

#[tokio::test]
async fn a_request_that_comes_back_is_508() {
    let upstream = Upstream::echo().await;
    let gateway = gateway("a", &[upstream.address]).await;
    let via = "GET /portal/a/ HTTP/1.1\r\nHost: a\r\nVia: 1.1 x, 1.1 Portalverbund\r\nConnection: close\r\n\r\n";
    assert!(gateway.raw(via).await.starts_with("HTTP/1.1 508 "));
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn only_allowed_addresses_are_dialled_also_behind_names() {
    let upstream = Upstream::echo().await;
    let named = format!("http://localhost:{}", upstream.address.port());
    let mut plan = Plan::new(vec![portal("a", &[upstream.address]), portal_at("b", "prefix = \"/b\"", &[named])]);
    plan.allow = Arc::new(|address| !address.is_loopback());
    let gateway = plan.start().await;
    for path in ["/portal/a/", "/b/"] {
        let answer = gateway.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    }
    assert_eq!(upstream.connections(), 0);
    assert_eq!(gateway.metric("portalverbund_gateway_upstream_failures_total{kind=\"address\",portal=\"b\"}"), 1.0);
}

#[tokio::test]
async fn pools_are_closed_with_the_gateway() {
    let upstream = Upstream::echo().await;
    let gateway = gateway("a", &[upstream.address]).await;
    gateway.get("/portal/a/").await;
    gateway.end().await;
}

/// What a portal behind TLS shakes hands with; it is called `localhost`, and its key is for these tests alone.
fn acceptor(alpn: &[&str]) -> (tokio_rustls::TlsAcceptor, rustls::pki_types::CertificateDer<'static>) {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificate = CertificateDer::from_pem_slice(include_bytes!("testdata/localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("testdata/localhost.key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    (tokio_rustls::TlsAcceptor::from(Arc::new(config)), certificate)
}

/// A portal behind TLS.
async fn behind_tls() -> (SocketAddr, rustls::pki_types::CertificateDer<'static>) {
    let (acceptor, certificate) = acceptor(&[]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    tokio::io::AsyncReadExt::read_buf(&mut stream, &mut head).await.unwrap();
                }
                tokio::io::AsyncWriteExt::write_all(&mut stream, OK.as_bytes()).await.unwrap();
            });
        }
    });
    (address, certificate)
}

#[tokio::test]
async fn a_certificate_is_verified_with_its_name() {
    let (address, certificate) = behind_tls().await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let trusting = tls_builder().with_root_certificates(roots).with_no_client_auth();
    let [named, by_number] = ["localhost", "127.0.0.1"].map(|host| format!("https://{host}:{}", address.port()));
    for (tls, upstream, status) in
        [(trusting.clone(), &named, 200), (trusting, &by_number, 502), (Proxy::public_roots(), &named, 502)]
    {
        let mut plan = Plan::new(vec![portal_at("a", "prefix = \"/portal/a\"", std::slice::from_ref(upstream))]);
        plan.tls = tls;
        let answer = plan.start().await.get("/portal/a/").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{upstream}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_its_place_is_free() {
    let upstream = Upstream::start(|mut conn, _| async move {
        let head = conn.head().await;
        if head.contains("/small") {
            return conn.write(OK).await;
        }
        conn.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n").await;
        conn.write(vec![b'x'; 100_000_000]).await;
    })
    .await;
    let mut plan = Plan::new(vec![portal("a", &[upstream.address])]);
    plan.settings.portal_places = 1;
    plan.limits.write_time = Duration::from_millis(200);
    let gateway = plan.start().await;
    let mut sleeper = gateway.connect().await;
    sleeper.write("GET /portal/a/large HTTP/1.1\r\nHost: a\r\n\r\n").await;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if gateway.metric("portalverbund_gateway_refused_total{reason=\"reads_slowly\"}") > 0.0 {
            break;
        }
    }
    assert_eq!(gateway.metric("portalverbund_gateway_refused_total{reason=\"reads_slowly\"}"), 1.0);
    assert!(gateway.get("/portal/a/small").await.ends_with("ok"));
}

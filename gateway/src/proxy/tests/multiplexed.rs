//! Portals that speak HTTP/2, well and badly.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::*;

/// A portal behind TLS that is called `localhost` and speaks what `alpn` says; `script` gets each connection and its
/// number.
async fn secure<F>(
    alpn: &[&str],
    script: impl Fn(TlsStream<TcpStream>, usize) -> F + Clone + Send + 'static,
) -> (Upstream, rustls::ClientConfig)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (acceptor, certificate) = acceptor(alpn);
    let upstream = Upstream::start(move |conn, number| {
        let (acceptor, script) = (acceptor.clone(), script.clone());
        async move {
            if let Ok(stream) = acceptor.accept(conn.stream).await {
                script(stream, number).await;
            }
        }
    })
    .await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    (upstream, tls_builder().with_root_certificates(roots).with_no_client_auth())
}

/// What a portal does with one request of HTTP/2; the number is that of the request on its connection.
type Answer = Arc<dyn Fn(Request<RecvStream>, SendResponse<Bytes>, usize) + Send + Sync>;

/// A portal that answers each request of HTTP/2 by `answer`, with at most `streams` at a time.
async fn portal_of(streams: u32, answer: Answer) -> (Upstream, rustls::ClientConfig) {
    secure(&["h2", "http/1.1"], move |stream, _| {
        let answer = Arc::clone(&answer);
        async move {
            let mut builder = h2::server::Builder::new();
            let Ok(mut connection) = builder.max_concurrent_streams(streams).handshake(stream).await else { return };
            let mut number = 0;
            while let Some(Ok((request, respond))) = connection.accept().await {
                answer(request, respond, number);
                number += 1;
            }
        }
    })
    .await
}

fn say(mut respond: SendResponse<Bytes>, text: String) {
    let head = Response::builder().header("content-length", text.len()).body(()).unwrap();
    if let Ok(mut body) = respond.send_response(head, false) {
        body.send_data(text.into(), true).unwrap();
    }
}

fn plan(upstream: &Upstream, tls: rustls::ClientConfig, more: &str) -> Plan {
    let address = format!("https://localhost:{}", upstream.address.port());
    let mut plan = Plan::new(vec![portal_at("a", &format!("prefix = \"/portal/a\"\n{more}"), &[address])]);
    plan.tls = tls;
    plan.settings.idle_time = Duration::from_secs(5);
    plan
}

async fn many(gateway: &Gateway, count: usize, path: &str) -> Vec<String> {
    futures_util::future::join_all((0..count).map(|_| gateway.get(path))).await
}

#[tokio::test]
async fn a_request_has_its_authority_and_nothing_of_a_connection() {
    let answer: Answer = Arc::new(|request, respond, _| {
        let mut text = format!("{} {}\n", request.method(), request.uri());
        for (name, value) in request.headers() {
            text += &format!("{name}: {}\n", value.to_str().unwrap());
        }
        say(respond, text);
    });
    let (upstream, tls) = portal_of(100, answer).await;
    let gateway = plan(&upstream, tls, "").start().await;
    let fields =
        "Connection: close, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\nUpgrade: x\r\nCookie: a=b\r\n";
    let answer = gateway.raw(format!("GET /portal/a/b?c HTTP/1.1\r\nHost: verbund.example\r\n{fields}\r\n")).await;
    let (head, sent) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("via: 2.0 portalverbund"), "{head}");
    let port = upstream.address.port();
    assert!(sent.starts_with(&format!("GET https://localhost:{port}/b?c\n")), "{sent}");
    for there in ["cookie: a=b", "via: 1.1 portalverbund", "x-forwarded-prefix: /portal/a"] {
        assert!(sent.contains(there), "{there} in {sent}");
    }
    for gone in ["\nconnection", "\nte:", "\nhost:", "keep-alive", "upgrade", "x-hop"] {
        assert!(!sent.contains(gone), "{gone} in {sent}");
    }
}

#[tokio::test]
async fn answers_without_a_body_keep_their_fields_and_their_connection() {
    let answer: Answer = Arc::new(|request, mut respond, _| {
        let head = match request.method().as_str() {
            "HEAD" => Response::builder().header("content-length", 1234),
            "DELETE" => Response::builder().status(204),
            _ => Response::builder().status(304).header("etag", "\"x\""),
        };
        respond.send_response(head.body(()).unwrap(), true).unwrap();
    });
    let (upstream, tls) = portal_of(100, answer).await;
    let gateway = plan(&upstream, tls, "").start().await;
    let mut conn = gateway.connect().await;
    for (method, status, field) in
        [("HEAD", 200, "content-length: 1234\r\n"), ("GET", 304, "etag: \"x\"\r\n"), ("DELETE", 204, "via: 2.0 ")]
    {
        conn.write(format!("{method} /portal/a/ HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        let head = conn.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")) && head.contains(field), "{method}: {head}");
    }
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn an_upgrade_goes_by_http1_where_all_else_goes_by_http2() {
    let (upstream, tls) = secure(&["h2", "http/1.1"], |mut stream, _| async move {
        assert_ne!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut head).await.unwrap();
        }
        let answer = "Upgrade: x-echo\r\nConnection: upgrade\r\n\r\nhello ";
        stream.write_all(format!("HTTP/1.1 101 Switching Protocols\r\n{answer}").as_bytes()).await.unwrap();
        let (mut reader, mut writer) = tokio::io::split(stream);
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
    })
    .await;
    let gateway = plan(&upstream, tls, "upgrade = [\"x-echo\"]").start().await;
    let mut conn = gateway.connect().await;
    conn.write("GET /portal/a/ HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x-echo\r\n\r\n").await;
    assert!(conn.head().await.starts_with("HTTP/1.1 101 "));
    conn.write("world!").await;
    assert_eq!(conn.until("!").await, "hello world!");
}

#[tokio::test]
async fn many_share_a_connection_and_several_come_when_it_is_full() {
    let (open, highest) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, most) = (Arc::clone(&open), Arc::clone(&highest));
    let answer: Answer = Arc::new(move |_, respond, number| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        tokio::spawn(async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if number > 0 {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            say(respond, "ok".into());
        });
    });
    let (upstream, tls) = portal_of(10, answer).await;
    let gateway = plan(&upstream, tls, "").start().await;
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    for answer in many(&gateway, 10, "/portal/a/").await {
        assert!(answer.ends_with("ok"), "{answer}");
    }
    assert_eq!(upstream.connections(), 1, "all of them share one connection");
    for answer in many(&gateway, 30, "/portal/a/").await {
        assert!(answer.ends_with("ok"), "{answer}");
    }
    assert!((2..=4).contains(&upstream.connections()), "{}", upstream.connections());
    assert!(highest.load(Ordering::SeqCst) > 10);
    gateway.end().await;
}

#[tokio::test]
async fn a_first_burst_dials_once_and_http1_is_spoken_where_it_must() {
    let answer: Answer = Arc::new(|_, respond, _| say(respond, "two".into()));
    let (both, tls) = portal_of(100, answer).await;
    let gateway = plan(&both, tls.clone(), "").start().await;
    assert!(many(&gateway, 12, "/portal/a/").await.iter().all(|answer| answer.ends_with("two")));
    assert_eq!(both.connections(), 1);
    let speaks_one = |mut stream: TlsStream<TcpStream>, _| async move {
        let mut head = Vec::new();
        while stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {
            if head.ends_with(b"\r\n\r\n") {
                assert!(head.starts_with(b"GET /"), "no HTTP/2 was agreed on");
                head.clear();
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
        }
    };
    for (alpn, more) in [(&["http/1.1"][..], ""), (&[], ""), (&["h2", "http/1.1"], "http2 = false")] {
        let (upstream, tls) = secure(alpn, speaks_one).await;
        let gateway = plan(&upstream, tls, more).start().await;
        assert!(many(&gateway, 3, "/portal/a/").await.iter().all(|answer| answer.ends_with("ok")), "{alpn:?} {more}");
        assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    }
}

#[tokio::test]
async fn bodies_go_both_ways_and_a_slow_reader_holds_up_only_itself() {
    let answer: Answer = Arc::new(|request, mut respond, _| {
        tokio::spawn(async move {
            let large = request.uri().path() == "/large";
            let mut body = request.into_body();
            let mut sum = 0_u64;
            while let Some(Ok(piece)) = body.data().await {
                sum += piece.iter().map(|byte| u64::from(*byte)).sum::<u64>();
                body.flow_control().release_capacity(piece.len()).unwrap();
            }
            if !large {
                return say(respond, format!("sum {sum}"));
            }
            let mut out = respond.send_response(Response::new(()), false).unwrap();
            out.reserve_capacity(64 << 20);
            let mut sent = 0;
            while sent < 64 << 20 {
                let Some(Ok(room)) = std::future::poll_fn(|cx| out.poll_capacity(cx)).await else { return };
                out.send_data(vec![b'x'; room].into(), false).unwrap();
                sent += room;
                out.reserve_capacity((64 << 20) - sent);
            }
            out.send_data(Bytes::new(), true).unwrap();
        });
    });
    let (upstream, tls) = portal_of(100, answer).await;
    let gateway = plan(&upstream, tls, "").start().await;
    let mut sleepers = Vec::new();
    for _ in 0..20 {
        let mut conn = gateway.connect().await;
        conn.write("GET /portal/a/large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        sleepers.push(conn);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let post = format!(
        "POST /portal/a/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n{}",
        "\u{1}".repeat(1_000_000)
    );
    assert!(gateway.raw(post).await.ends_with("sum 1000000"), "the others of the connection go on");
    assert_eq!(upstream.connections(), 1);
    let mut woken = sleepers.pop().unwrap();
    drop(sleepers);
    woken.head().await;
    let body = woken.rest().await;
    assert!(body.len() > 64 << 20 && body.ends_with("0\r\n\r\n"), "{}", body.len());
}

#[tokio::test]
async fn what_breaks_off_is_seen_to_break_off() {
    let answer: Answer = Arc::new(|request, mut respond, _| {
        let path = request.uri().path().to_owned();
        let length = if ["/short", "/long"].contains(&path.as_str()) { Some(10) } else { None };
        let mut head = Response::builder();
        if let Some(length) = length {
            head = head.header("content-length", length);
        }
        let mut body = respond.send_response(head.body(()).unwrap(), false).unwrap();
        tokio::spawn(async move {
            body.send_data("begun".into(), path == "/short").unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            match path.as_str() {
                "/reset" => body.send_reset(Reason::INTERNAL_ERROR),
                "/cancel" => body.send_reset(Reason::CANCEL),
                "/no-error" => body.send_reset(Reason::NO_ERROR),
                "/long" => body.send_data("much more than was said".into(), true).unwrap(),
                _ => {}
            }
        });
    });
    let (upstream, tls) = portal_of(100, answer).await;
    let mut plan = plan(&upstream, tls, "");
    plan.settings.breaking.percent = 100;
    let gateway = plan.start().await;
    for path in ["reset", "cancel", "no-error", "short", "long"] {
        let mut conn = gateway.connect().await;
        conn.write(format!("GET /portal/a/{path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        let answer = conn.rest().await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let chunked = head.contains("transfer-encoding");
        let whole = if chunked { body.ends_with("\r\n0\r\n\r\n") } else { body.len() >= 10 };
        assert!(head.starts_with("HTTP/1.1 200 ") && !whole, "{path}: {answer}");
    }
}

#[tokio::test]
async fn what_was_refused_is_repeated_and_what_was_begun_only_where_that_is_safe() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let answer: Answer = Arc::new(move |request, mut respond, number| {
        count.fetch_add(1, Ordering::SeqCst);
        match (request.uri().path(), number % 2) {
            ("/refused", 1) => respond.send_reset(Reason::REFUSED_STREAM),
            ("/begun", 1) => respond.send_reset(Reason::INTERNAL_ERROR),
            _ => say(respond, "ok".into()),
        }
    });
    let (upstream, tls) = portal_of(100, answer).await;
    for (method, path, status, requests) in
        [("GET", "refused", 200, 3), ("POST", "refused", 200, 3), ("GET", "begun", 502, 2), ("POST", "begun", 502, 2)]
    {
        let gateway = plan(&upstream, tls.clone(), "").start().await;
        seen.store(0, Ordering::SeqCst);
        assert!(gateway.get("/portal/a/first").await.ends_with("ok"));
        let head =
            format!("{method} /portal/a/{path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let answer = gateway.raw(head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {path}: {answer}");
        assert_eq!(seen.load(Ordering::SeqCst), requests, "{method} {path}");
        gateway.end().await;
    }
}

#[tokio::test]
async fn a_goaway_under_load_costs_no_request() {
    let (upstream, tls) = secure(&["h2"], |stream, _| async move {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        let mut number = 0;
        while let Some(Ok((_, respond))) = connection.accept().await {
            number += 1;
            if number == 5 {
                connection.graceful_shutdown();
            }
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                say(respond, "ok".into());
            });
        }
    })
    .await;
    let gateway = plan(&upstream, tls, "").start().await;
    for round in 0..10 {
        for answer in many(&gateway, 8, "/portal/a/").await {
            assert!(answer.ends_with("ok"), "{round}: {answer}");
        }
    }
    assert!(upstream.connections() > 5, "{}", upstream.connections());
}

#[tokio::test]
async fn a_request_that_its_client_leaves_is_reset_and_its_connection_stays() {
    let reset = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&reset);
    let answer: Answer = Arc::new(move |request, mut respond, _| {
        if request.uri().path() != "/waits" {
            return say(respond, "ok".into());
        }
        let noted = Arc::clone(&noted);
        tokio::spawn(async move {
            let why = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
            noted.store(why.is_ok_and(|why| why == Reason::CANCEL), Ordering::SeqCst);
        });
    });
    let (upstream, tls) = portal_of(100, answer).await;
    let gateway = plan(&upstream, tls, "").start().await;
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    let mut leaver = gateway.connect().await;
    leaver.write("GET /portal/a/waits HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(leaver);
    let begin = Instant::now();
    while !reset.load(Ordering::SeqCst) {
        assert!(begin.elapsed() < Duration::from_secs(5), "the portal was not told");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_died_in_silence_is_noticed() {
    let (upstream, tls) = secure(&["h2"], |stream, number| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, respond))) = connection.accept().await {
            say(respond, "ok".into());
            if number == 0 {
                // It writes what it has to, and nobody hears of it again.
                let _ = tokio::time::timeout(Duration::from_millis(100), connection.accept()).await;
                tokio::time::sleep(Duration::from_secs(30)).await;
            }
        }
    })
    .await;
    let mut plan = plan(&upstream, tls, "");
    plan.settings.ping_time = Duration::from_millis(200);
    let gateway = plan.start().await;
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    assert_eq!(upstream.connections(), 2);
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn floods_and_broken_frames_end_in_an_answer_of_ours() {
    for (name, flood) in [
        ("settings", frame(4, 0, 0, &[])),
        ("pings", frame(6, 0, 0, &[0; 8])),
        ("empty data", frame(0, 0, 1, &[])),
        ("resets of nothing", frame(3, 0, 99, &[0; 4])),
        ("continuation without a head", frame(9, 0, 1, b"x")),
        ("a frame that is too large", frame(0, 0, 1, &[0; 70_000])),
        ("interim heads", frame(1, 4, 1, b"\x08\x03100")),
    ] {
        let (upstream, tls) = secure(&["h2"], move |mut stream, _| {
            let piece = flood.repeat(if flood.len() > 1000 { 1 } else { 1000 });
            async move {
                stream.write_all(&frame(4, 0, 0, &[])).await.unwrap();
                let mut heard = [0; 1024];
                while stream.write_all(&piece).await.is_ok() {
                    let _ = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut heard)).await;
                }
            }
        })
        .await;
        let mut plan = plan(&upstream, tls, "");
        plan.settings.first_byte_time = Duration::from_millis(500);
        let gateway = plan.start().await;
        let answer = gateway.get("/portal/a/").await;
        assert!(answer.starts_with("HTTP/1.1 50"), "{name}: {answer}");
        assert!(gateway.get("/").await.ends_with("start"), "{name}: the gateway lives");
        gateway.end().await;
    }
}

#[tokio::test]
async fn an_upload_that_its_client_resets_is_never_shown_as_whole() {
    for reason in [Reason::NO_ERROR, Reason::CANCEL, Reason::INTERNAL_ERROR] {
        let whole = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&whole);
        let upstream = Upstream::start(move |mut conn, _| {
            let noted = Arc::clone(&noted);
            async move {
                conn.head().await;
                noted.store(conn.rest().await.contains("0\r\n\r\n"), Ordering::SeqCst);
            }
        })
        .await;
        let gateway = gateway("a", &[upstream.address]).await;
        let stream = TcpStream::connect(gateway.address).await.unwrap();
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(async move {
            // It ends with the gateway.
            let _ = connection.await;
        });
        let request = Request::post("http://verbund.example/portal/a/").body(()).unwrap();
        let (answer, mut body) = client.ready().await.unwrap().send_request(request, false).unwrap();
        // More than is waited for before the portal is asked.
        body.send_data(vec![b'x'; 20 * 1024].into(), false).unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        body.send_reset(reason);
        assert!(answer.await.is_err());
        gateway.end().await;
        assert!(!whole.load(Ordering::SeqCst), "{reason:?}");
        assert_eq!(upstream.connections(), 1);
    }
}

//! What stands between the public listener and its clients: whom it believes, and how much of one client it bears.

use std::net::IpAddr;

use super::*;
use crate::body::Pace;
use crate::fake::Gateway;
use crate::server::arrival::header_of;
use config::ForwardedField;

/// A gateway that trusts `network`, with a portal `a` that answers with what it got.
async fn trusting(network: &str, change: impl FnOnce(&mut Plan)) -> (Gateway, Upstream) {
    let upstream = Upstream::echo().await;
    let mut plan = Plan::new(vec![portal("a", &[upstream.address])]);
    plan.front.trusted.networks = vec![network.parse().unwrap()];
    change(&mut plan);
    (plan.start().await, upstream)
}

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: verbund.example\r\n{fields}Connection: close\r\n\r\n")
}

fn refused(gateway: &Gateway, reason: &str) -> f64 {
    gateway.metric(&format!("portalverbund_gateway_refused_total{{reason=\"{reason}\"}}"))
}

#[tokio::test]
async fn a_trusted_proxy_names_its_client_and_nobody_else_does() {
    let forged = "X-Forwarded-For: 6.6.6.6, 192.0.2.7, 127.0.0.3\r\nX-Forwarded-Proto: http\r\n\
                  X-Forwarded-Host: evil.example\r\nForwarded: for=7.7.7.7\r\nX_Forwarded_For: 8.8.8.8\r\n";
    let (trusting_gateway, _portal) = trusting("127.0.0.0/8", |_| {}).await;
    let told = trusting_gateway.raw(get("/portal/a/x", forged)).await;
    for line in [
        "x-forwarded-for: 192.0.2.7\r\n",
        "forwarded: for=192.0.2.7;host=verbund.example;proto=http\r\n",
        "x-forwarded-proto: http\r\n",
        "x-forwarded-host: verbund.example\r\n",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    for forged in ["6.6.6.6", "7.7.7.7", "8.8.8.8", "evil"] {
        assert!(!told.contains(forged), "{told}");
    }
    let (other, _portal) = trusting("10.0.0.0/8", |_| {}).await;
    let told = other.raw(get("/portal/a/x", forged)).await;
    assert!(told.contains("forwarded: for=127.0.0.1;host=verbund.example;proto=https\r\n"), "{told}");
    let (by_forwarded, _portal) = trusting("127.0.0.0/8", |plan| {
        plan.front.trusted.field = ForwardedField::Forwarded;
    })
    .await;
    let told = by_forwarded.raw(get("/portal/a/x", forged)).await;
    assert!(told.contains("x-forwarded-for: 7.7.7.7\r\n"), "{told}");
    // That a proxy in front of us was reached by TLS makes the page one that came by TLS.
    let secure = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";
    let page = trusting_gateway.raw(get("/", secure)).await;
    assert!(page.contains("strict-transport-security: max-age="), "{page}");
    for (gateway, fields) in [(&other, secure), (&trusting_gateway, ""), (&trusting_gateway, forged)] {
        let page = gateway.raw(get("/", fields)).await;
        assert!(page.starts_with("HTTP/1.1 200 ") && !page.contains("strict-transport-security"), "{page}");
    }
}

#[tokio::test]
async fn the_proxy_protocol_names_the_client_of_a_connection() {
    let (gateway, _portal) = trusting("127.0.0.0/8", |plan| {
        plan.front.proxy_protocol = true;
        plan.limits.head_time = Duration::from_millis(300);
        plan.limits.connections_per_client = 1;
    })
    .await;
    let client: IpAddr = "192.0.2.7".parse().unwrap();
    let request = get("/portal/a/x", "X-Forwarded-For: 6.6.6.6\r\n");
    let begun = |client: IpAddr| [header_of(client), request.clone().into_bytes()].concat();
    let told = gateway.raw(begun(client)).await;
    assert!(told.contains("x-forwarded-for: 192.0.2.7\r\n") && !told.contains("6.6.6.6"), "{told}");
    let told = gateway.raw(begun("2001:db8::7".parse().unwrap())).await;
    assert!(told.contains("forwarded: for=\"[2001:db8::7]\";host="), "{told}");
    // In pieces, and for the load balancer itself.
    let mut conn = gateway.connect().await;
    let mut local = begun(client);
    local[12] = 0x20;
    let (one, two) = local.split_at(9);
    conn.write(one).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    conn.write(two).await;
    let told = conn.rest().await;
    assert!(told.contains("x-forwarded-for: 6.6.6.6\r\n"), "the load balancer is trusted: {told}");
    // Seats are those of the client, and not of the load balancer.
    let mut held = gateway.connect().await;
    held.write(header_of(client)).await;
    held.write("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(gateway.raw(begun(client)).await.starts_with("HTTP/1.1 503 "));
    assert_eq!(refused(&gateway, "client_full"), 1.0);
    assert!(gateway.raw(begun("192.0.2.8".parse().unwrap())).await.starts_with("HTTP/1.1 200 "));
    // Nothing is answered to what does not begin with a header.
    assert_eq!(gateway.raw(request.clone()).await, "");
    assert_eq!(refused(&gateway, "proxy_header"), 1.0);
    let waited = Instant::now();
    assert_eq!(gateway.raw("\r\n\r\n\0\r\nQUIT").await, "");
    assert!(waited.elapsed() >= Duration::from_millis(290) && waited.elapsed() < Duration::from_secs(5));
    assert_eq!(refused(&gateway, "head_slow"), 1.0);
    let (closed, _portal) = trusting("10.0.0.0/8", |plan| plan.front.proxy_protocol = true).await;
    assert_eq!(closed.raw(begun(client)).await, "");
    assert_eq!(refused(&closed, "proxy_header"), 1.0);
}

#[tokio::test]
async fn a_client_that_asks_too_often_is_told_to_wait_and_others_are_not() {
    let (gateway, portal) = trusting("127.0.0.0/8", |plan| {
        plan.limits.requests_per_s = 1;
        plan.limits.burst = 3;
    })
    .await;
    let by = |client: &str| format!("X-Forwarded-For: {client}\r\n");
    for _ in 0..3 {
        assert!(gateway.raw(get("/portal/a/x", &by("192.0.2.1"))).await.starts_with("HTTP/1.1 200 "));
    }
    let page = gateway.raw(get("/portal/a/x", &by("192.0.2.1"))).await;
    assert!(page.starts_with("HTTP/1.1 429 ") && page.contains("retry-after: 1\r\n"), "{page}");
    assert!(page.contains("lang=\"de\"") && page.contains("Von Ihrem Anschluss"), "{page}");
    let problem = gateway.raw(get("/api/v1/search?q=x", &by("192.0.2.1"))).await;
    assert!(problem.contains("application/problem+json") && problem.contains("\"request.too_often\""), "{problem}");
    assert_eq!((refused(&gateway, "rate"), portal.connections()), (2.0, 1));
    // An IPv6 network of 56 bits is one client.
    for (client, status) in
        [("2001:db8::1", 200), ("2001:db8:0:0:1::", 200), ("2001:db8:0:ff::2", 200), ("2001:db8::1", 429)]
    {
        let answer = gateway.raw(get("/", &by(client))).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{client}: {answer}");
    }
    // After a second there is one more, on the same connection as the refusal.
    let mut conn = gateway.connect().await;
    let ask = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", by("192.0.2.2"));
    for _ in 0..3 {
        conn.write(&ask).await;
        conn.until("start").await;
    }
    conn.write(&ask).await;
    assert!(conn.head().await.starts_with("HTTP/1.1 429 "));
    conn.until("</html>\n").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    conn.write(&ask).await;
    assert!(conn.head().await.starts_with("HTTP/1.1 200 "));
    // This machine itself is never held up, trusted or not.
    let (other, _portal) =
        trusting("10.0.0.0/8", |plan| (plan.limits.requests_per_s, plan.limits.burst) = (1, 1)).await;
    for gateway in [&gateway, &other] {
        for _ in 0..10 {
            assert!(gateway.get("/").await.starts_with("HTTP/1.1 200 "));
        }
    }
}

#[tokio::test]
async fn the_rate_counts_for_the_client_of_a_connection_too() {
    let (gateway, _portal) = trusting("127.0.0.0/8", |plan| {
        plan.front.proxy_protocol = true;
        (plan.limits.requests_per_s, plan.limits.burst) = (1, 2);
    })
    .await;
    let client = header_of("192.0.2.7".parse().unwrap());
    let request = [client.clone(), get("/", "").into_bytes()].concat();
    for status in [200, 200, 429] {
        assert!(gateway.raw(&request).await.starts_with(&format!("HTTP/1.1 {status} ")));
    }
}

#[tokio::test]
async fn behind_a_proxy_one_client_cannot_have_all_requests_open() {
    let (gateway, _portal) = trusting("127.0.0.0/8", |plan| plan.limits.connections_per_client = 1).await;
    let by = |client: &str| format!("X-Forwarded-For: {client}\r\n");
    let mut slow = gateway.connect().await;
    slow.write(get("/slow", &by("192.0.2.1"))).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let full = gateway.raw(get("/", &by("192.0.2.1"))).await;
    assert!(full.starts_with("HTTP/1.1 429 ") && full.contains("retry-after: 10\r\n"), "{full}");
    assert!(gateway.raw(get("/", &by("192.0.2.2"))).await.starts_with("HTTP/1.1 200 "));
    assert!(slow.rest().await.starts_with("HTTP/1.1 200 "));
    assert!(gateway.raw(get("/", &by("192.0.2.1"))).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(refused(&gateway, "client_full"), 1.0);
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_and_bytes_are_counted() {
    let upstream = Upstream::start(|mut conn, _| async move {
        conn.until("end").await;
        conn.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere").await;
    })
    .await;
    let mut plan = Plan::new(vec![portal("a", &[upstream.address])]);
    plan.settings.body_pace = Pace { bytes_per_s: 240, grace: Duration::from_millis(200) };
    let gateway = plan.start().await;
    let post = "POST /portal/a/x HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n";
    let mut conn = gateway.connect().await;
    conn.write(post).await;
    let begun = Instant::now();
    let answer = loop {
        // A piece now and then keeps the silence short for ever.
        conn.write("x").await;
        let rest = tokio::time::timeout(Duration::from_millis(20), conn.head()).await;
        match rest {
            Ok(head) => break head,
            Err(_) => assert!(begun.elapsed() < Duration::from_secs(5)),
        }
    };
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(begun.elapsed() >= Duration::from_millis(200));
    drop(conn);
    let mut conn = gateway.connect().await;
    conn.write(format!("{post}{}end", "x".repeat(37))).await;
    assert!(conn.until("there").await.starts_with("HTTP/1.1 200 "));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let bytes =
        |way: &str| gateway.metric(&format!("portalverbund_gateway_bytes_total{{direction=\"{way}\",portal=\"a\"}}"));
    assert!(bytes("in") > 40.0 && bytes("in") < 80.0, "{}", bytes("in"));
    assert!(bytes("out") > 500.0, "a page and five bytes: {}", bytes("out"));
    gateway.get("/").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let own = gateway.metric("portalverbund_gateway_bytes_total{direction=\"out\",portal=\"\"}");
    assert_eq!(own, 5.0);
}

#[tokio::test]
async fn what_was_wrong_with_a_body_for_our_own_pages_is_said() {
    let mut plan = Plan::new(vec![]);
    plan.limits.body_pace = Pace { bytes_per_s: 240, grace: Duration::from_millis(100) };
    plan.limits.own_body_bytes = 10;
    let gateway = plan.start().await;
    let post = |length: usize| format!("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    let answer = gateway.raw(format!("{}abc", post(5))).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("Internetverbindung"), "{answer}");
    let answer = gateway.raw(format!("{}0123456789x", post(11))).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("zu groß"), "{answer}");
    let mut conn = gateway.connect().await;
    conn.write(format!("{}0123456789", post(10))).await;
    assert!(conn.until("\r\n\r\n10").await.starts_with("HTTP/1.1 200 "));
}

#![expect(clippy::disallowed_methods, reason = "the servers of a test end with its runtime")]

use bytes::Bytes;
use http::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::served::OnTracker;
use super::*;
use crate::fake::{Conn, Plan, Upstream, portal};

mod front;

#[track_caller]
fn check_refused(answer: &str, status: u16, what: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer:?}");
    let last = answer.matches("HTTP/1.1 ").count();
    assert_eq!(last, 1, "one answer and the connection is closed: {what}: {answer:?}");
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused_and_closes() {
    let upstream = Upstream::echo().await;
    let gateway = Plan::new(vec![portal("a", &[upstream.address])]).start().await;
    let follower = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (head, status) in [
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: \r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /portal/a/..%2fx HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405),
    ] {
        check_refused(&gateway.raw(format!("{head}{follower}")).await, status, head);
        // The same in two pieces, cut inside of the head.
        let (one, two) = head.split_at(head.len() / 2);
        let mut conn = gateway.connect().await;
        conn.write(one).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        conn.write(format!("{two}{follower}")).await;
        check_refused(&conn.rest().await, status, head);
    }
    assert_eq!(upstream.connections(), 0);
    assert!(gateway.metric("portalverbund_gateway_refused_total{reason=\"framing\"}") >= 12.0);
    assert_eq!(gateway.metric("portalverbund_gateway_refused_total{reason=\"method\"}"), 4.0);
}

#[tokio::test]
async fn what_is_in_order_is_answered_on_one_connection() {
    let gateway = Plan::new(vec![]).start().await;
    let mut conn = gateway.connect().await;
    conn.write("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").await;
    assert!(conn.until("\r\n\r\n3").await.starts_with("HTTP/1.1 200"));
    conn.write(
        "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: x\r\n\r\n",
    )
    .await;
    assert!(conn.until("\r\n\r\n3").await.starts_with("HTTP/1.1 200"));
    conn.write("GET http://A:443/ HTTP/1.1\r\nHost: a:443\r\n\r\n").await;
    let answer = conn.until("start").await;
    assert!(answer.contains("x-content-type-options: nosniff") && answer.contains("x-request-id: "), "{answer}");
    conn.write("GET / HTTP/1.0\r\n\r\n").await;
    assert!(conn.rest().await.ends_with("start"));
}

#[tokio::test]
async fn a_broken_chunk_breaks_the_request() {
    let gateway = Plan::new(vec![]).start().await;
    let chunked = "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in ["3\r\nabcd\r\n0\r\n\r\n", "x\r\n\r\n", "3\nabc\r\n0\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n"] {
        let answer = gateway.raw(format!("{chunked}{body}GET / HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        check_refused(&answer, 400, body);
    }
}

#[tokio::test]
async fn a_head_too_large_or_too_slow_is_refused() {
    let mut plan = Plan::new(vec![]);
    plan.limits.head_time = Duration::from_millis(200);
    let gateway = plan.start().await;
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    check_refused(&gateway.raw(large).await, 431, "too large");
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(101));
    check_refused(&gateway.raw(many).await, 431, "too many");
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(9_000));
    check_refused(&gateway.raw(long).await, 414, "too long");
    for begun in ["", "GET", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        let begin = Instant::now();
        assert_eq!(gateway.raw(begun).await, "");
        assert!(begin.elapsed() >= Duration::from_millis(190) && begin.elapsed() < Duration::from_secs(5), "{begun}");
    }
    assert_eq!(gateway.metric("portalverbund_gateway_refused_total{reason=\"head_slow\"}"), 3.0);
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let mut plan = Plan::new(vec![]);
    plan.limits.keep_alive_time = Duration::from_millis(100);
    let gateway = plan.start().await;
    let mut conn = gateway.connect().await;
    conn.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(conn.head().await.starts_with("HTTP/1.1 200"));
    let begin = Instant::now();
    assert_eq!(conn.rest().await, "");
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn one_client_cannot_take_all_connections() {
    let mut plan = Plan::new(vec![]);
    plan.limits.connections_per_client = 2;
    let gateway = plan.start().await;
    let mut held = [gateway.connect().await, gateway.connect().await];
    for conn in &mut held {
        conn.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        conn.until("start").await;
    }
    assert!(gateway.raw("").await.starts_with("HTTP/1.1 503 "));
    assert_eq!(gateway.metric("portalverbund_gateway_refused_total{reason=\"client_full\"}"), 1.0);
    drop(held);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(gateway.get("/").await.ends_with("start"));
}

#[test]
fn an_ipv6_customer_is_one_client() {
    let network = |text: &str| network(text.parse().unwrap());
    assert_eq!(network("2001:db8:0:12::1"), network("2001:db8:0:ff:ffff::2"));
    assert_ne!(network("2001:db8:0:12::1"), network("2001:db8:0:112::1"));
    assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    assert_ne!(network("10.0.0.1"), network("10.0.0.2"));
}

#[tokio::test]
async fn a_panic_ends_one_request_only() {
    let gateway = Plan::new(vec![]).start().await;
    let mut other = gateway.connect().await;
    other.write("GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let answer = gateway.get("/panic").await;
    assert!(answer.starts_with("HTTP/1.1 500 ") && answer.contains("lang=\"de\""), "{answer}");
    assert!(!answer.contains("on purpose"));
    assert!(other.rest().await.starts_with("HTTP/1.1 200 "));
    assert!(gateway.get("/").await.ends_with("start"));
    assert_eq!(gateway.metric("portalverbund_gateway_panics_total"), 1.0);
}

#[tokio::test]
async fn before_the_first_table_everything_is_503() {
    let mut plan = Plan::new(vec![]);
    plan.loaded = false;
    let gateway = plan.start().await;
    let answer = gateway.get("/").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 5"), "{answer}");
    assert!(answer.contains("Bitte laden Sie die Seite"));
    let json = gateway.raw("GET /x HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nConnection: close\r\n\r\n").await;
    assert!(json.contains("application/problem+json") && json.contains("\"code\":\"routes.not_loaded\""), "{json}");
    gateway.routes.store(Arc::new(Routes::build(&[], None).0));
    assert!(gateway.get("/").await.ends_with("start"));
}

async fn inside(gateway: &crate::fake::Gateway, path: &str) -> String {
    let mut conn = Conn::new(TcpStream::connect(gateway.inside).await.unwrap());
    conn.write(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await;
    conn.rest().await
}

#[tokio::test]
async fn the_drain_finishes_what_is_open() {
    let gateway = Plan::new(vec![]).start().await;
    let mut idle = gateway.connect().await;
    idle.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    idle.until("start").await;
    let mut open = gateway.connect().await;
    open.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    gateway.stop.cancel();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(gateway.address).await.is_err());
    assert!(inside(&gateway, "/readyz").await.contains("not ready: draining"));
    assert!(inside(&gateway, "/healthz").await.starts_with("HTTP/1.1 200 "));
    assert_eq!(idle.rest().await, "");
    let answer = open.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("connection: close"), "{answer}");
    gateway.end().await;
}

#[tokio::test]
async fn the_drain_ends_although_a_client_does_not() {
    let mut plan = Plan::new(vec![]);
    plan.limits.drain_time = Duration::from_millis(200);
    let gateway = plan.start().await;
    let mut stuck = gateway.connect().await;
    stuck.write("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let begin = Instant::now();
    gateway.end().await;
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_internal_side_shows_state_and_the_public_side_does_not() {
    let upstream = Upstream::echo().await;
    let gateway = Plan::new(vec![portal("a", &[upstream.address])]).start().await;
    gateway.get("/portal/a/x").await;
    assert!(inside(&gateway, "/readyz").await.ends_with("ready\n"));
    let metrics = inside(&gateway, "/metrics").await;
    let line = "portalverbund_gateway_requests_total{portal=\"a\",route=\"portal\",status=\"2xx\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    let routes = inside(&gateway, "/debug/routes").await;
    assert!(routes.contains("\"prefix\":\"/portal/a\"") && routes.contains("\"loaded\":true"), "{routes}");
    for path in ["/metrics", "/healthz", "/readyz", "/debug/routes"] {
        assert!(gateway.get(path).await.starts_with("HTTP/1.1 404 "), "{path}");
    }
}

#[tokio::test]
async fn http2_is_served_and_checked() {
    use http_body_util::{BodyExt, Empty};
    let upstream = Upstream::echo().await;
    let gateway = Plan::new(vec![portal("a", &[upstream.address])]).start().await;
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let spawner = OnTracker(TaskTracker::new());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(spawner, TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut ask = async |host: Option<&str>, cookies: &[&str]| {
        let mut request = Request::get("http://verbund.example/portal/a/x?y=1");
        for cookie in cookies {
            request = request.header("cookie", *cookie);
        }
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        (status, String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    };
    let (status, body) = ask(None, &["a=1", "b=2"]).await;
    assert_eq!(status, 200);
    assert!(body.starts_with("GET /x?y=1 HTTP/1.1\r\n"), "{body}");
    assert!(body.contains("cookie: a=1; b=2\r\n") && body.contains("via: 2.0 portalverbund\r\n"), "{body}");
    assert_eq!(ask(Some("verbund.example"), &[]).await.0, 200);
    assert_eq!(ask(Some("other.example"), &[]).await.0, 400);
}

#[tokio::test]
async fn an_address_in_use_is_said_in_one_sentence() {
    let first = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = first.local_addr().unwrap();
    let error = bind(address).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{address} is already in use; another process listens there"));
}

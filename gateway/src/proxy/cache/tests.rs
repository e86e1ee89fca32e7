#![expect(clippy::disallowed_methods, reason = "the clients of a test end with its runtime")]

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;
use crate::fake::{Conn, Gateway, Plan, Upstream, portal_at};

mod cases;

const SOON: Duration = Duration::from_secs(5);

fn plan(upstream: &Upstream) -> Plan {
    Plan::new(vec![portal_at("a", "prefix = \"/portal/a\"\ncache = true", &[format!("http://{}", upstream.address)])])
}

/// A portal that answers with `fields` and `body` after a while, and counts.
async fn slow(fields: &'static str, body: String, wait: Duration) -> (Upstream, Arc<AtomicUsize>) {
    slower(fields, body, move |_| wait).await
}

/// The same; how long it takes goes by the number of the request, from 1.
async fn slower(
    fields: &'static str,
    body: String,
    wait: impl Fn(usize) -> Duration + Copy + Send + 'static,
) -> (Upstream, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let upstream = Upstream::start(move |mut conn: Conn, _| {
        let (count, body) = (count.clone(), body.clone());
        async move {
            while !conn.head().await.is_empty() {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::time::sleep(wait(number)).await;
                conn.write(format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())).await;
            }
        }
    })
    .await;
    (upstream, asked)
}

async fn all_at_once(gateway: &Arc<Gateway>, clients: usize, path: &'static str) -> Vec<String> {
    let mut asking = JoinSet::new();
    for _ in 0..clients {
        let gateway = gateway.clone();
        asking.spawn(async move { gateway.get(path).await });
    }
    asking.join_all().await
}

#[tokio::test]
async fn a_hundred_that_wait_are_one_request() {
    let (upstream, asked) = slow("Cache-Control: max-age=60\r\n", "ok".into(), Duration::from_millis(300)).await;
    let gateway = Arc::new(plan(&upstream).start().await);
    let answers = all_at_once(&gateway, 100, "/portal/a/x").await;
    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nok")));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let count =
        |how| gateway.metric(&format!("portalverbund_gateway_cache_requests_total{{portal=\"a\",result=\"{how}\"}}"));
    assert_eq!(count("miss"), 1.0);
    assert_eq!(count("collapsed") + count("hit"), 99.0);
}

#[tokio::test]
async fn what_cannot_be_kept_makes_nobody_wait_behind_another() {
    let wait = |number| Duration::from_millis(if number <= 50 { 300 } else { 2000 });
    let (upstream, asked) = slower("Cache-Control: no-store\r\n", "ok".into(), wait).await;
    let mut plan = plan(&upstream);
    plan.settings.portal_places = 100;
    let gateway = Arc::new(plan.start().await);
    let begun = Instant::now();
    let answers = all_at_once(&gateway, 50, "/portal/a/x").await;
    assert!(answers.iter().all(|answer| answer.ends_with("\r\n\r\nok")));
    assert_eq!(asked.load(Ordering::SeqCst), 50);
    assert!(begun.elapsed() < Duration::from_secs(3), "they waited in a row: {:?}", begun.elapsed());
    let begun = Instant::now();
    // Remembered: now all of them are at the portal before the first has its answer.
    let second = tokio::spawn(async move { all_at_once(&gateway, 50, "/portal/a/x").await });
    while asked.load(Ordering::SeqCst) < 100 {
        assert!(begun.elapsed() < Duration::from_millis(1900), "some waited for the first");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    second.await.unwrap();
}

#[tokio::test]
async fn one_of_those_who_wait_follows_a_leader_who_leaves() {
    let (upstream, asked) = slow("Cache-Control: max-age=60\r\n", "ok".into(), Duration::from_millis(400)).await;
    let gateway = Arc::new(plan(&upstream).start().await);
    let mut leaver = gateway.connect().await;
    leaver.write("GET /portal/a/x HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let other = gateway.clone();
    let waiting = tokio::spawn(async move { all_at_once(&other, 20, "/portal/a/x").await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(leaver);
    let answers = tokio::time::timeout(SOON, waiting).await.unwrap().unwrap();
    assert!(answers.iter().all(|answer| answer.ends_with("\r\n\r\nok")));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

/// A portal that sends a body in two halves and says of each when it is sent.
async fn in_halves(half: usize, chunked: bool) -> Upstream {
    Upstream::start(move |mut conn: Conn, number| async move {
        conn.head().await;
        let piece = ["a", "b"][number.min(1)].repeat(half);
        let (framing, open, close) = if chunked {
            ("Transfer-Encoding: chunked".to_owned(), format!("{half:x}\r\n"), "\r\n")
        } else {
            (format!("Content-Length: {}", 2 * half), String::new(), "")
        };
        conn.write(format!("HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: max-age=60\r\n{framing}\r\n\r\n"))
            .await;
        conn.write(format!("{open}{piece}{close}")).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        conn.write(format!("{open}{piece}{close}")).await;
        if chunked {
            conn.write("0\r\n\r\n").await;
        }
        conn.rest().await;
    })
    .await
}

#[tokio::test]
async fn a_client_who_leaves_in_the_middle_loses_nothing_for_others() {
    let upstream = in_halves(1000, false).await;
    let gateway = plan(&upstream).start().await;
    let mut leaver = gateway.connect().await;
    leaver.write("GET /portal/a/x HTTP/1.1\r\nHost: a\r\n\r\n").await;
    leaver.until("aaaa").await;
    drop(leaver);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let answer = gateway.get("/portal/a/x").await;
    assert!(answer.contains("portalverbund; hit") && answer.ends_with(&"a".repeat(2000)), "{answer}");
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_nobody() {
    let (upstream, asked) = slow("Cache-Control: max-age=60\r\n", "x".repeat(6 << 20), Duration::ZERO).await;
    let gateway = plan(&upstream).start().await;
    let mut sleeper = gateway.connect().await;
    sleeper.write("GET /portal/a/x HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = tokio::time::timeout(SOON, gateway.get("/portal/a/x")).await.unwrap();
    assert!(answer.len() > 6 << 20);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_too_large_streams_through() {
    for chunked in [false, true] {
        let upstream = in_halves(6000, chunked).await;
        let mut plan = plan(&upstream);
        plan.settings.cache.max_object_bytes = 8000;
        let gateway = plan.start().await;
        for letter in ["a", "b"] {
            let answer = gateway.get("/portal/a/x").await;
            let body: String = answer.split_once("\r\n\r\n").unwrap().1.matches(letter).collect();
            assert!(body.len() >= 12_000, "{chunked} {letter}: {}", body.len());
        }
    }
}

#[tokio::test]
async fn the_bytes_that_are_kept_have_a_bound() {
    let (upstream, _) = slow("Cache-Control: max-age=60\r\n", "x".repeat(50_000), Duration::ZERO).await;
    let mut plan = plan(&upstream);
    plan.settings.cache.max_bytes = 1 << 20;
    let gateway = plan.start().await;
    for number in 0..100 {
        assert!(gateway.get(&format!("/portal/a/{number}")).await.ends_with('x'));
    }
    let metric = |name: &str| gateway.metric(&format!("portalverbund_gateway_cache_{name}"));
    // They are counted every five seconds.
    for _ in 0..70 {
        if metric("bytes") > 0.0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(metric("bytes") > 100_000.0 && metric("bytes") <= f64::from(1 << 20), "{}", metric("bytes"));
    assert!(metric("entries_count") <= 20.0 && metric("evictions_total") >= 70.0);
}

#[tokio::test]
async fn nothing_of_one_host_or_portal_is_found_under_another() {
    let upstream = Upstream::start(|mut conn: Conn, _| async move {
        loop {
            let head = conn.head().await;
            if head.is_empty() {
                return;
            }
            let host = head.lines().find(|line| line.starts_with("x-forwarded-host")).unwrap_or_default().to_owned();
            let fields = "Cache-Control: public, max-age=60\r\n";
            conn.write(format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n{host}", host.len())).await;
        }
    })
    .await;
    let address = [format!("http://{}", upstream.address)];
    let cached = |id, place: &str| portal_at(id, &format!("{place}\ncache = true"), &address);
    let plan = Plan::new(vec![
        cached("a", "host = \"a.example\""),
        cached("b", "host = \"b.example\""),
        cached("c", "prefix = \"/portal/c\""),
    ]);
    let gateway = plan.start().await;
    for _ in 0..2 {
        for host in ["a.example", "b.example", "A.EXAMPLE:80"] {
            let forged = format!(
                "GET /portal/c/x HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: c.example\r\nConnection: close\r\n\r\n"
            );
            let expected = format!("x-forwarded-host: {}", host.to_ascii_lowercase().trim_end_matches(":80"));
            let answer = gateway.raw(forged).await;
            assert!(answer.ends_with(&expected), "{host}: {answer}");
        }
        assert!(gateway.get("/portal/c/x").await.ends_with("x-forwarded-host: verbund.example"));
    }
    let hits = "portalverbund_gateway_cache_requests_total{portal=\"a\",result=\"hit\"}";
    assert_eq!(gateway.metric(hits), 3.0);
}

#[tokio::test]
async fn a_route_without_a_cache_keeps_nothing() {
    let (upstream, asked) = slow("Cache-Control: public, max-age=60\r\n", "ok".into(), Duration::ZERO).await;
    let gateway = Plan::new(vec![crate::fake::portal("a", &[upstream.address])]).start().await;
    for _ in 0..2 {
        assert!(!gateway.get("/portal/a/x").await.to_ascii_lowercase().contains("cache-status"));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn fetching_behind_the_backs_of_citizens_is_bounded() {
    let fields = "Cache-Control: max-age=60, stale-while-revalidate=600\r\nAge: 100\r\n";
    let wait = |number| if number <= 8 { Duration::ZERO } else { Duration::from_secs(4) };
    let (upstream, asked) = slower(fields, "ok".into(), wait).await;
    let gateway = plan(&upstream).start().await;
    for number in 0..8 {
        gateway.get(&format!("/portal/a/{number}")).await;
    }
    let before = asked.load(Ordering::SeqCst);
    for number in 0..8 {
        let answer = gateway.get(&format!("/portal/a/{number}")).await;
        assert!(answer.contains("portalverbund; hit; ttl=-"), "{answer}");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(asked.load(Ordering::SeqCst) - before, BACKGROUND);
}

#[tokio::test]
async fn an_answer_asked_for_before_a_purge_is_not_kept() {
    let (upstream, asked) = slow("Cache-Control: max-age=60\r\n", "ok".into(), Duration::from_secs(2)).await;
    let gateway = Arc::new(plan(&upstream).start().await);
    let early = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.get("/portal/a/x").await }
    });
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(inside(&gateway, "portal=a").await.contains("{\"removed\":0}"));
    early.await.unwrap();
    gateway.get("/portal/a/x").await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

/// The answer to a purge.
async fn inside(gateway: &Gateway, form: &str) -> String {
    let mut conn = Conn::new(tokio::net::TcpStream::connect(gateway.inside).await.unwrap());
    let length = form.len();
    let head =
        format!("POST /cache/purge HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    conn.write(format!("{head}{form}")).await;
    conn.rest().await
}

#[tokio::test]
async fn purges_go_by_portal_and_by_address() {
    let (upstream, asked) = slow("Cache-Control: max-age=60\r\n", "ok".into(), Duration::ZERO).await;
    let gateway = plan(&upstream).start().await;
    let paths = ["/portal/a/x", "/portal/a/x?y", "/portal/a/z"];
    for path in paths {
        gateway.get(path).await;
    }
    let one = "url=https%3A%2F%2Fverbund.example%2Fportal%2Fa%2Fx%3Fy";
    assert!(inside(&gateway, one).await.contains("{\"removed\":1}"));
    assert!(inside(&gateway, one).await.contains("{\"removed\":0}"));
    assert!(inside(&gateway, "portal=b").await.contains("{\"removed\":0}"));
    for path in paths {
        gateway.get(path).await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    assert!(inside(&gateway, "portal=a").await.contains("{\"removed\":3}"));
    gateway.get(paths[0]).await;
    assert_eq!(asked.load(Ordering::SeqCst), 5);
    for (form, status) in [
        ("", 400),
        ("portal=a&url=https://verbund.example/portal/a/x", 400),
        ("portal=a%20b", 400),
        ("url=file:///x", 400),
        ("uri=x", 400),
        ("url=https://verbund.example/nobody", 404),
    ] {
        let answer = inside(&gateway, form).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{form}: {answer}");
        assert!(answer.contains("application/problem+json") && answer.contains("\"code\":"), "{answer}");
    }
}

//! Portals and upstreams that fail again and again.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// What stands in a line of the metrics for the portal `a`.
fn counted(gateway: &Gateway, name: &str) -> f64 {
    gateway.metric(&format!("portalverbund_gateway_{name}{{portal=\"a\"}}"))
}

#[tokio::test]
async fn a_dead_upstream_costs_no_request_is_left_out_and_returns() {
    let good = Upstream::saying(OK).await;
    let ill = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&ill);
    let shaky = Upstream::start(move |mut conn, _| {
        let ill = seen.load(Ordering::SeqCst);
        async move {
            while !conn.head().await.is_empty() && !ill {
                conn.write(OK).await;
            }
        }
    })
    .await;
    let mut plan = Plan::new(vec![portal("a", &[nobody().await, good.address, shaky.address])]);
    plan.settings.leave_out.first = Duration::from_secs(1);
    plan.settings.leave_out.slowly = Duration::ZERO;
    let gateway = plan.start().await;
    for _ in 0..60 {
        assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    }
    assert_eq!(shaky.connections(), 3, "left alone after three failures");
    assert_eq!((counted(&gateway, "upstream_ejections_total"), counted(&gateway, "upstreams_out_count")), (2.0, 2.0));
    ill.store(false, Ordering::SeqCst);
    let begin = Instant::now();
    while counted(&gateway, "upstreams_out_count") > 1.0 {
        assert!(begin.elapsed() < Duration::from_secs(8), "it does not return");
        assert!(gateway.get("/portal/a/").await.ends_with("ok"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(shaky.connections() > 3, "it takes part again");
}

#[tokio::test]
async fn a_single_upstream_that_is_left_out_is_asked_all_the_same() {
    let sick = Upstream::start(|mut conn, number| async move {
        while !conn.head().await.is_empty() && number >= 5 {
            conn.write(OK).await;
        }
    })
    .await;
    let gateway = gateway("a", &[sick.address]).await;
    for _ in 0..5 {
        assert!(gateway.get("/portal/a/").await.starts_with("HTTP/1.1 502 "));
    }
    assert_eq!(counted(&gateway, "upstreams_out_count"), 1.0);
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    assert_eq!(counted(&gateway, "upstreams_out_count"), 0.0);
}

#[tokio::test]
async fn a_portal_that_hangs_or_resets_is_left_alone_and_changes_nothing_for_another() {
    let well = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&well);
    let hangs = Upstream::start(move |mut conn, _| {
        let seen = Arc::clone(&seen);
        async move {
            while !conn.head().await.is_empty() {
                if seen.load(Ordering::SeqCst) {
                    conn.write(OK).await;
                }
            }
        }
    })
    .await;
    let resets = Upstream::start(|conn, _| async move { drop(conn) }).await;
    let good = Upstream::saying(OK).await;
    let mut plan = hasty("a", &[hangs.address]);
    plan.portals.extend([portal("resets", &[resets.address]), portal("good", &[good.address])]);
    plan.settings.breaking.min_requests = 5;
    plan.settings.breaking.pause = Duration::from_secs(1);
    let gateway = plan.start().await;
    for _ in 0..5 {
        assert!(gateway.get("/portal/resets/").await.starts_with("HTTP/1.1 502 "));
    }
    let paused = gateway.get("/portal/resets/").await;
    assert!(paused.starts_with("HTTP/1.1 503 "), "{paused}");
    for _ in 0..5 {
        assert!(gateway.get("/portal/a/").await.starts_with("HTTP/1.1 504 "));
        assert!(gateway.get("/portal/good/").await.ends_with("ok"));
    }
    let (asked, begin) = (hangs.connections(), Instant::now());
    let paused = gateway.get("/portal/a/").await;
    assert!(paused.starts_with("HTTP/1.1 503 ") && paused.contains("gerade gestört"), "{paused}");
    assert!(paused.contains("retry-after: 1\r\n") && paused.contains("tel:02349100"), "{paused}");
    assert!(gateway.get("/portal/good/").await.ends_with("ok"));
    assert!(begin.elapsed() < Duration::from_millis(900));
    assert_eq!((hangs.connections(), counted(&gateway, "breaker_open")), (asked, 1.0));
    well.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    assert_eq!((counted(&gateway, "breaker_open"), counted(&gateway, "breaker_openings_total")), (0.0, 1.0));
}

#[tokio::test]
async fn repeats_end_with_their_budget() {
    let good = Upstream::saying(OK).await;
    let mut plan = Plan::new(vec![portal("a", &[nobody().await, good.address])]);
    plan.settings.repeats = Repeats { percent: 0, least: 1 };
    plan.settings.leave_out.max_failures = 1000;
    plan.settings.breaking.percent = 100;
    let gateway = plan.start().await;
    let mut failed = 0;
    for _ in 0..40 {
        failed += usize::from(gateway.get("/portal/a/").await.starts_with("HTTP/1.1 502 "));
    }
    assert!(failed > 0);
    let repeats =
        |result| gateway.metric(&format!("portalverbund_gateway_repeats_total{{portal=\"a\",result=\"{result}\"}}"));
    assert_eq!(repeats("repeated"), 1.0);
    assert!(repeats("refused") >= 1.0);
}

#[tokio::test]
async fn bodies_that_break_off_count_like_answers_that_do_not_come() {
    let good = Upstream::saying(OK).await;
    let cuts = Upstream::start(|mut conn, _| async move {
        conn.head().await;
        conn.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun").await;
    })
    .await;
    let mut plan = Plan::new(vec![portal("a", &[cuts.address, good.address]), portal("b", &[cuts.address])]);
    plan.settings.breaking.min_requests = 5;
    plan.settings.breaking.percent = 80;
    let gateway = plan.start().await;
    let mut cut = 0;
    for _ in 0..40 {
        cut += usize::from(!gateway.get("/portal/a/").await.ends_with("ok"));
    }
    assert_eq!(cut, 3, "left out after three in a row");
    assert_eq!((counted(&gateway, "upstream_ejections_total"), counted(&gateway, "upstreams_out_count")), (1.0, 1.0));
    for _ in 0..5 {
        assert!(gateway.get("/portal/b/").await.ends_with("begun"));
    }
    assert!(gateway.get("/portal/b/").await.starts_with("HTTP/1.1 503 "));
}

#[tokio::test]
async fn a_client_that_leaves_a_body_says_nothing_against_the_portal() {
    let endless = Upstream::start(|mut conn, _| async move {
        conn.head().await;
        conn.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun").await;
        conn.rest().await;
    })
    .await;
    let mut plan = Plan::new(vec![portal("a", &[endless.address])]);
    plan.settings.breaking.min_requests = 3;
    let gateway = plan.start().await;
    for _ in 0..6 {
        let mut conn = gateway.connect().await;
        conn.write("GET /portal/a/ HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(conn.until("begun").await.starts_with("HTTP/1.1 200 "));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((counted(&gateway, "breaker_open"), counted(&gateway, "upstreams_out_count")), (0.0, 0.0));
}

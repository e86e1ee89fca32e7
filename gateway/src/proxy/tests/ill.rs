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

//! Upstreams that are probed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

/// A portal that answers its probe as `well` says, everything else always, and counts both.
async fn portal_with_probe(well: Arc<AtomicBool>) -> (Upstream, Arc<[AtomicUsize; 2]>) {
    let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let counting = Arc::clone(&counts);
    let upstream = Upstream::start(move |mut conn, _| {
        let (well, counts) = (Arc::clone(&well), Arc::clone(&counting));
        async move {
            loop {
                let head = conn.head().await;
                if head.is_empty() {
                    return;
                }
                let is_probe = head.starts_with("GET /gesund HTTP/1.1\r\n");
                assert_eq!(is_probe, head.contains("user-agent: portalverbund-probe\r\n"), "{head}");
                counts[usize::from(is_probe)].fetch_add(1, Ordering::SeqCst);
                let is_well = !is_probe || well.load(Ordering::SeqCst);
                conn.write(if is_well { OK } else { "HTTP/1.1 503 Ill\r\nContent-Length: 0\r\n\r\n" }).await;
            }
        }
    })
    .await;
    (upstream, counts)
}

async fn until(is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(9), "it does not come to that");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const OUT: &str = "portalverbund_gateway_upstreams_out_count{portal=\"a\"}";

fn place(probe: &str) -> String {
    format!("prefix = \"/portal/a\"\nprobe = {{ path = \"/gesund\", every_s = 1, timeout_s = 1{probe} }}")
}

#[tokio::test]
async fn a_failing_probe_takes_an_upstream_out_and_a_good_one_brings_it_back() {
    let well = Arc::new(AtomicBool::new(true));
    let (shaky, counts) = portal_with_probe(Arc::clone(&well)).await;
    let (good, _) = portal_with_probe(Arc::new(AtomicBool::new(true))).await;
    let addresses = [&shaky, &good].map(|upstream| format!("http://{}", upstream.address));
    let mut plan = Plan::new(vec![portal_at("a", &place(""), &addresses)]);
    plan.settings.leave_out.slowly = Duration::ZERO;
    let gateway = plan.start().await;
    until(|| counts[1].load(Ordering::SeqCst) > 0).await;
    assert_eq!(gateway.metric(OUT), 0.0);
    well.store(false, Ordering::SeqCst);
    until(|| gateway.metric(OUT) == 1.0).await;
    let before = counts[0].load(Ordering::SeqCst);
    for _ in 0..30 {
        assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    }
    assert_eq!(counts[0].load(Ordering::SeqCst), before, "what is ill is not asked, though it would answer");
    assert!(gateway.metric("portalverbund_gateway_probes_total{portal=\"a\",result=\"ill\"}") >= 2.0);
    well.store(true, Ordering::SeqCst);
    until(|| gateway.metric(OUT) == 0.0).await;
    for _ in 0..30 {
        assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    }
    assert!(counts[0].load(Ordering::SeqCst) > before, "it takes part again");
    gateway.end().await;
}

#[tokio::test]
async fn silence_and_refusal_fail_a_probe_and_a_single_upstream_is_asked_all_the_same() {
    let silent = Upstream::start(|mut conn, _| async move {
        let head = conn.head().await;
        if head.starts_with("GET /gesund ") {
            conn.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nno").await;
            conn.rest().await;
        } else {
            conn.write(OK).await;
        }
    })
    .await;
    let addresses = [format!("http://{}", silent.address), format!("http://{}", nobody().await)];
    let plan = Plan::new(vec![portal_at("a", &place(""), &addresses)]);
    let gateway = plan.start().await;
    until(|| gateway.metric(OUT) == 2.0).await;
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
}

#[tokio::test]
async fn probes_end_with_the_table_that_names_them() {
    let well = Arc::new(AtomicBool::new(false));
    let (upstream, counts) = portal_with_probe(Arc::clone(&well)).await;
    let address = [format!("http://{}", upstream.address)];
    let gateway = Plan::new(vec![portal_at("a", &place(""), &address)]).start().await;
    until(|| gateway.metric(OUT) == 1.0).await;
    let (table, _) = Routes::build(&[portal_at("a", "prefix = \"/portal/a\"", &address)], None);
    gateway.proxy.keep_only(&table);
    gateway.routes.store(Arc::new(table));
    assert_eq!(gateway.metric(OUT), 0.0, "nobody says that it is ill any more");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = counts[1].load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(counts[1].load(Ordering::SeqCst), before);
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    gateway.end().await;
}

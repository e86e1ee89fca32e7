//! What comes before an answer and behind a body: `Expect`, interim answers, trailers.

use super::*;

#[tokio::test]
async fn a_client_that_waits_for_100_gets_it_and_the_portal_hears_nothing_of_that() {
    let upstream = Upstream::start(|mut conn, _| async move {
        let head = conn.head().await;
        assert!(!head.to_ascii_lowercase().contains("expect"), "{head}");
        let body = conn.until("body").await;
        conn.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    })
    .await;
    let gateway = gateway("a", &[upstream.address]).await;
    let mut conn = gateway.connect().await;
    conn.write("PUT /portal/a/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").await;
    assert!(conn.head().await.starts_with("HTTP/1.1 100 "));
    conn.write("body").await;
    assert!(conn.head().await.starts_with("HTTP/1.1 200 "));
    conn.until("body").await;

    let mut plan = hasty("a", &[nobody().await]);
    plan.settings.max_body_bytes = 10;
    let gateway = plan.start().await;
    // What is too large is refused before it is sent; of all else the beginning is waited for before a portal is asked.
    for (length, status) in [(11, "413"), (4, "100")] {
        let fields = format!("Host: a\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n");
        let mut conn = gateway.connect().await;
        conn.write(format!("PUT /portal/a/ HTTP/1.1\r\n{fields}\r\n")).await;
        let head = conn.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{length}: {head}");
        if status == "100" {
            conn.write("body").await;
            assert!(conn.head().await.starts_with("HTTP/1.1 502 "));
        }
    }
}

#[tokio::test]
async fn interim_answers_end_here_and_are_bounded() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
    let others = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n";
    for (interim, status) in [
        (format!("{others}{hints}"), 200),
        (hints.repeat(16), 200),
        (hints.repeat(17), 502),
        (others.repeat(1000), 502),
    ] {
        let upstream = Upstream::saying(format!("{interim}{OK}")).await;
        let gateway = gateway("a", &[upstream.address]).await;
        let answer = gateway.get("/portal/a/").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(!answer.contains("style.css") && answer.matches("HTTP/1.1 ").count() == 1, "{answer}");
        if status == 200 {
            assert!(gateway.get("/portal/a/").await.ends_with("ok"), "each answer is counted by itself");
            assert_eq!(upstream.connections(), 1);
        }
    }
}

#[tokio::test]
async fn endless_interim_answers_do_not_hold_a_request() {
    let upstream = Upstream::start(|mut conn, _| async move {
        conn.head().await;
        loop {
            conn.write("HTTP/1.1 100 Continue\r\n\r\n").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let gateway = hasty("a", &[upstream.address]).start().await;
    assert!(gateway.get("/portal/a/").await.starts_with("HTTP/1.1 504 "));
}

#[tokio::test]
async fn trailers_end_here_in_both_directions_and_the_connections_stay() {
    let upstream = Upstream::start(|mut conn, _| async move {
        loop {
            let head = conn.head().await;
            if head.is_empty() {
                return;
            }
            assert!(!head.to_ascii_lowercase().contains("trailer"), "{head}");
            let body = conn.until("0\r\n\r\n").await;
            assert!(!body.contains("X-Secret"), "{body}");
            conn.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n").await;
            conn.write("2\r\nok\r\n0\r\nX-End: 1\r\nContent-Length: 5\r\n\r\n").await;
        }
    })
    .await;
    let gateway = gateway("a", &[upstream.address]).await;
    let mut conn = gateway.connect().await;
    for _ in 0..3 {
        let fields = "Host: a\r\nTE: trailers\r\nTrailer: X-Secret\r\nTransfer-Encoding: chunked\r\n";
        conn.write(format!("POST /portal/a/ HTTP/1.1\r\n{fields}\r\n1\r\na\r\n0\r\nX-Secret: 1\r\n\r\n")).await;
        let answer = conn.head().await + &conn.until("0\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\r\nok\r\n"), "{answer}");
        assert!(!answer.to_ascii_lowercase().contains("trailer") && !answer.contains("X-End"), "{answer}");
    }
    assert_eq!(upstream.connections(), 1);
}

/// KiB of memory that this process holds.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn a_gibibyte_for_a_slow_reader_is_never_held() {
    const GIBIBYTE: u64 = 1 << 30;
    let upstream = Upstream::start(|mut conn, _| async move {
        conn.head().await;
        conn.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {GIBIBYTE}\r\n\r\n")).await;
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..GIBIBYTE >> 20 {
            conn.write(&piece).await;
        }
    })
    .await;
    let gateway = gateway("a", &[upstream.address]).await;
    let mut conn = gateway.connect().await;
    conn.write("GET /portal/a/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let begun = conn.head().await.len();
    assert!(begun > 0);
    let (before, mut highest, mut read) = (resident_kib(), 0, 0_u64);
    let mut piece = vec![0; 1 << 20];
    loop {
        // It reads in gulps: what came meanwhile has to wait at the portal.
        if read % (64 << 20) < 1 << 20 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            highest = highest.max(resident_kib());
        }
        match tokio::io::AsyncReadExt::read(&mut conn.stream, &mut piece).await.unwrap() {
            0 => break,
            more => read += more as u64,
        }
    }
    // The rest came with the head.
    assert!((GIBIBYTE - (64 << 10)..=GIBIBYTE).contains(&read), "{read}");
    assert!(highest.saturating_sub(before) < 32 << 10, "grew by {} KiB", highest - before);
}

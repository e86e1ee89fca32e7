//! Upstreams by name, with a DNS server that says what the test wants.

use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::UdpSocket;

use super::*;

/// What a DNS server answers.
#[derive(Clone, Copy)]
enum Says {
    /// This address for so many seconds.
    Address(Ipv4Addr, u32),
    /// An error by its code: 2 is SERVFAIL, 3 NXDOMAIN.
    Code(u8),
    /// Nothing.
    Silence,
}

/// A DNS server.
struct Dns {
    address: SocketAddr,
    says: Arc<Mutex<Says>>,
    /// Questions for IPv4 addresses.
    asked: Arc<AtomicUsize>,
}

impl Dns {
    async fn start(says: Says) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (says, asked) = (Arc::new(Mutex::new(says)), Arc::new(AtomicUsize::new(0)));
        let (now, count) = (Arc::clone(&says), Arc::clone(&asked));
        tokio::spawn(async move {
            let mut question = [0; 1500];
            while let Ok((length, client)) = socket.recv_from(&mut question).await {
                let is_a = count_if_a(&question[..length], &count);
                let answer = answer(&question[..length], *now.lock().unwrap(), is_a);
                if let Some(answer) = answer {
                    socket.send_to(&answer, client).await.unwrap();
                }
            }
        });
        Self { address, says, asked }
    }

    fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Where the one question of a message ends, its type and class included.
fn question_end(message: &[u8]) -> usize {
    let mut at = 12;
    while message[at] != 0 {
        at += 1 + usize::from(message[at]);
    }
    at + 5
}

fn count_if_a(message: &[u8], count: &AtomicUsize) -> bool {
    let end = question_end(message);
    let is_a = message[end - 4..end - 2] == [0, 1];
    count.fetch_add(usize::from(is_a), Ordering::SeqCst);
    is_a
}

/// An answer by RFC 1035, section 4.
fn answer(message: &[u8], says: Says, is_a: bool) -> Option<Vec<u8>> {
    let (code, record) = match says {
        Says::Silence => return None,
        Says::Code(code) => (code, None),
        Says::Address(address, time) => (0, is_a.then_some((address, time))),
    };
    let mut answer = message[..2].to_vec();
    answer.extend([0x84, code, 0, 1, 0, u8::from(record.is_some()), 0, 0, 0, 0]);
    answer.extend(&message[12..question_end(message)]);
    if let Some((address, time)) = record {
        answer.extend([0xc0, 12, 0, 1, 0, 1]);
        answer.extend(time.to_be_bytes());
        answer.extend([0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

/// Two portals on one port of two addresses; each says which it is.
async fn twins() -> u16 {
    for _ in 0..50 {
        let one = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = one.local_addr().unwrap().port();
        let Ok(two) = tokio::net::TcpListener::bind(("127.0.0.2", port)).await else { continue };
        for (listener, text) in [(one, "one"), (two, "two")] {
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(async move {
                        let mut conn = Conn::new(stream);
                        while !conn.head().await.is_empty() {
                            conn.write(format!("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{text}")).await;
                        }
                    });
                }
            });
        }
        return port;
    }
    unreachable!("no port was free on both addresses")
}

const ONE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const TWO: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

fn plan(dns: &Dns, port: u16) -> Plan {
    let address = format!("http://portal.example.org:{port}");
    let mut plan = Plan::new(vec![portal_at("a", "prefix = \"/portal/a\"", &[address])]);
    plan.settings.naming.servers = vec![dns.address];
    plan
}

/// Asks until the answer is that of `expected`; none may fail meanwhile.
async fn until_answered_by(gateway: &Gateway, expected: &str) {
    let begin = Instant::now();
    loop {
        let answer = gateway.get("/portal/a/").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        if answer.ends_with(expected) {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(9), "traffic does not move to {expected}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn traffic_moves_with_its_name_and_no_request_waits_for_that() {
    let (dns, port) = (Dns::start(Says::Address(ONE, 1)).await, twins().await);
    let gateway = plan(&dns, port).start().await;
    until_answered_by(&gateway, "one").await;
    let asked = dns.asked();
    for _ in 0..10 {
        assert!(gateway.get("/portal/a/").await.ends_with("one"));
    }
    assert!(dns.asked() <= asked + 2, "DNS is asked by its times, not by requests");
    dns.say(Says::Address(TWO, 3600));
    // Connections that are kept go to the old address; they are not used any more either.
    until_answered_by(&gateway, "two").await;
    gateway.end().await;
}

#[tokio::test]
async fn the_last_good_address_stays_while_dns_fails() {
    for failing in [Says::Code(2), Says::Silence] {
        let (dns, port) = (Dns::start(Says::Address(ONE, 1)).await, twins().await);
        let mut plan = plan(&dns, port);
        plan.settings.pool_time = Duration::ZERO;
        let gateway = plan.start().await;
        until_answered_by(&gateway, "one").await;
        dns.say(failing);
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(4500) {
            let asked = Instant::now();
            assert!(gateway.get("/portal/a/").await.ends_with("one"));
            assert!(asked.elapsed() < Duration::from_secs(1), "a request waited for DNS");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let failed = gateway.metric("portalverbund_gateway_dns_lookups_total{result=\"failed\"}");
        assert!((1.0..10.0).contains(&failed), "{failed}");
        assert!(gateway.metric("portalverbund_gateway_dns_lookups_total{result=\"stale\"}") > 0.0);
        dns.say(Says::Address(TWO, 60));
        until_answered_by(&gateway, "two").await;
    }
}

#[tokio::test]
async fn a_stale_address_has_a_bound_and_a_name_that_is_gone_is_gone() {
    for says in [Says::Code(2), Says::Code(3)] {
        let (dns, port) = (Dns::start(Says::Address(ONE, 1)).await, twins().await);
        let mut plan = plan(&dns, port);
        plan.settings.pool_time = Duration::ZERO;
        plan.settings.naming.stale =
            if matches!(says, Says::Code(2)) { Duration::from_secs(1) } else { Duration::from_secs(3600) };
        let gateway = plan.start().await;
        until_answered_by(&gateway, "one").await;
        dns.say(says);
        let begin = Instant::now();
        while gateway.get("/portal/a/").await.starts_with("HTTP/1.1 200 ") {
            assert!(begin.elapsed() < Duration::from_secs(8));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(gateway.get("/portal/a/").await.starts_with("HTTP/1.1 502 "));
    }
}

#[tokio::test]
async fn a_name_that_moves_to_a_forbidden_address_is_not_followed() {
    let (dns, port) = (Dns::start(Says::Address(ONE, 1)).await, twins().await);
    let mut plan = plan(&dns, port);
    plan.allow = Arc::new(|address| address != TWO);
    plan.settings.breaking.percent = 100;
    let gateway = plan.start().await;
    until_answered_by(&gateway, "one").await;
    dns.say(Says::Address(TWO, 60));
    let begin = Instant::now();
    loop {
        let answer = gateway.get("/portal/a/").await;
        if !answer.starts_with("HTTP/1.1 200 ") {
            assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
            break;
        }
        assert!(answer.ends_with("one") && begin.elapsed() < Duration::from_secs(8), "{answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(gateway.metric("portalverbund_gateway_upstream_failures_total{kind=\"address\",portal=\"a\"}") >= 1.0);
}

#[tokio::test]
async fn names_of_the_machine_need_no_server() {
    let dns = Dns::start(Says::Code(2)).await;
    let upstream = Upstream::saying(OK).await;
    let address = format!("http://localhost:{}", upstream.address.port());
    let mut plan = Plan::new(vec![portal_at("a", "prefix = \"/portal/a\"", &[address])]);
    plan.settings.naming.servers = vec![dns.address];
    let gateway = plan.start().await;
    assert!(gateway.get("/portal/a/").await.ends_with("ok"));
    assert_eq!(dns.asked(), 0);
}

#[tokio::test]
async fn a_name_that_was_never_found_is_asked_for_once_by_many() {
    let dns = Dns::start(Says::Code(2)).await;
    let mut plan = plan(&dns, 1);
    plan.settings.breaking.percent = 100;
    let gateway = plan.start().await;
    gateway.get("/portal/a/").await;
    let asked = dns.asked();
    for answer in futures_util::future::join_all((0..20).map(|_| gateway.get("/portal/a/"))).await {
        assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("nicht erreichbar"), "{answer}");
    }
    assert!(dns.asked() <= 3 * asked, "{} after {asked}", dns.asked());
}

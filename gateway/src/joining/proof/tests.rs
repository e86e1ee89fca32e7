#![expect(clippy::disallowed_methods, reason = "servers of a test end with it")]

use std::collections::HashMap;
use std::sync::Mutex;

use config::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::*;

/// A DNS server that knows TXT records by their name, and a site that knows answers by their path.
struct Town {
    dns: SocketAddr,
    address: Url,
    records: Arc<Mutex<HashMap<String, Vec<String>>>>,
    pages: Arc<Mutex<HashMap<String, String>>>,
}

/// The name and the end of the one question of a message.
fn question(message: &[u8]) -> (String, usize) {
    let (mut at, mut labels) = (12, Vec::new());
    while message[at] != 0 {
        let length = usize::from(message[at]);
        labels.push(String::from_utf8_lossy(&message[at + 1..at + 1 + length]).into_owned());
        at += 1 + length;
    }
    (labels.join("."), at + 5)
}

/// An answer by RFC 1035, sections 3.3.14 and 4; NXDOMAIN without records.
fn answer(message: &[u8], records: Option<&Vec<String>>) -> Vec<u8> {
    let (_, end) = question(message);
    let mut answer = message[..2].to_vec();
    let records = records.map(Vec::as_slice).unwrap_or_default();
    let code = if records.is_empty() { 3 } else { 0 };
    answer.extend([0x84, code, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]);
    answer.extend(&message[12..end]);
    for record in records {
        // Longer texts come in several strings.
        let data: Vec<u8> =
            record.as_bytes().chunks(20).flat_map(|piece| [&[piece.len() as u8][..], piece].concat()).collect();
        answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
        answer.extend((data.len() as u16).to_be_bytes());
        answer.extend(data);
    }
    answer
}

impl Town {
    async fn start() -> Self {
        let records: Arc<Mutex<HashMap<String, Vec<String>>>> = Arc::default();
        let pages: Arc<Mutex<HashMap<String, String>>> = Arc::default();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = socket.local_addr().unwrap();
        let known = Arc::clone(&records);
        tokio::spawn(async move {
            let mut message = [0; 1500];
            while let Ok((length, client)) = socket.recv_from(&mut message).await {
                let (name, _) = question(&message[..length]);
                let answer = answer(&message[..length], known.lock().unwrap().get(&name.to_lowercase()));
                socket.send_to(&answer, client).await.unwrap();
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://localhost:{}/start", listener.local_addr().unwrap().port());
        let known = Arc::clone(&pages);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let known = Arc::clone(&known);
                tokio::spawn(async move {
                    let (mut head, mut piece) = (Vec::new(), [0; 1024]);
                    while !head.ends_with(b"\r\n\r\n") {
                        let read = stream.read(&mut piece).await.unwrap();
                        if read == 0 {
                            return;
                        }
                        head.extend(&piece[..read]);
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let path = head.split(' ').nth(1).unwrap().to_owned();
                    let nothing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    let answer = known.lock().unwrap().get(&path).cloned().unwrap_or_else(|| nothing.to_owned());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                });
            }
        });
        Self { dns, address: Url::parse(&address).unwrap(), records, pages }
    }

    fn record(&self, name: &str, text: &str) {
        self.records.lock().unwrap().entry(name.to_owned()).or_default().push(text.to_owned());
    }

    fn page(&self, path: &str, body: &str) {
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        self.pages.lock().unwrap().insert(path.to_owned(), answer);
    }

    fn redirect(&self, path: &str, to: &str) {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        self.pages.lock().unwrap().insert(path.to_owned(), answer);
    }

    async fn look(&self, token: &ProofToken) -> Findings {
        self.prover().look(&self.address, token).await
    }

    /// A record is looked for under a name that is not special to the resolver, as `localhost` is.
    async fn record_of(&self, host: &str, token: &ProofToken) -> Found {
        self.prover().record(host, token).await
    }

    fn prover(&self) -> Prover {
        let text = "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost/\"\n\
                    [store]\nurl = \"sqlite://x.db\"\n[index]\ndir = \"x\"\n[egress]\nallow = [\"127.0.0.0/8\", \"::1/128\"]\n";
        let config = Config::parse(std::path::Path::new("test"), text).unwrap();
        Prover::new(Arc::new(Fetcher::new(&config).unwrap()), vec![self.dns])
    }
}

fn token(seed: u8) -> ProofToken {
    ProofToken::of(&[seed; 32])
}

#[track_caller]
fn all(findings: &Findings) -> [&Found; 3] {
    [&findings.0[0].1, &findings.0[1].1, &findings.0[2].1]
}

#[tokio::test]
async fn each_of_three_places_is_enough() {
    let town = Town::start().await;
    let own = token(1);
    let none = town.look(&own).await;
    assert_eq!(all(&none), [&Found::Nothing, &Found::Nothing, &Found::Nothing]);
    assert_eq!((none.place(), none.undecided()), (None, false));

    let host = "www.stadt.example";
    assert_eq!(town.record_of(host, &own).await, Found::Nothing);
    town.record("_portalverbund.www.stadt.example", "v=spf1 -all");
    assert_eq!(town.record_of(host, &own).await, Found::Other(1));
    town.record("_portalverbund.www.stadt.example", &own.line());
    assert_eq!(town.record_of(host, &own).await, Found::Token);
    // A record of the town's other hosts shows nothing of this one.
    assert_eq!(town.record_of("stadt.example", &own).await, Found::Nothing);

    town.page("/.well-known/portalverbund-nrw.txt", &format!("{}\n", own.line()));
    assert_eq!(town.look(&own).await.place(), Some(ProofPlace::File));
    town.pages.lock().unwrap().clear();

    town.page("/start", &format!("<!doctype html><html><head>{}</head><body>x</body></html>", own.element()));
    assert_eq!(town.look(&own).await.place(), Some(ProofPlace::Meta));
}

#[tokio::test]
async fn the_token_of_somebody_else_shows_nothing() {
    let town = Town::start().await;
    let (own, others) = (token(1), token(2));
    town.record("_portalverbund.www.stadt.example", &others.line());
    assert_eq!(town.record_of("www.stadt.example", &own).await, Found::Other(1));
    town.page("/.well-known/portalverbund-nrw.txt", &others.line());
    town.page("/start", &format!("<html><head>{}</head></html>", others.element()));
    let found = town.look(&own).await;
    assert_eq!(all(&found), [&Found::Nothing, &Found::Other(1), &Found::Other(1)]);
    assert_eq!((found.place(), found.undecided()), (None, false));
}

#[tokio::test]
async fn a_redirect_to_another_host_does_not_count() {
    let (town, other) = (Town::start().await, Town::start().await);
    let own = token(1);
    other.page("/proof", &own.line());
    let there = other.address.join("/proof").unwrap();
    town.redirect("/.well-known/portalverbund-nrw.txt", there.as_str());
    // On the own host it does.
    town.redirect("/start", "/anderswo");
    town.page("/anderswo", "<html><head></head></html>");
    let found = town.look(&own).await;
    assert_eq!(all(&found), [&Found::Nothing, &Found::Elsewhere(there.to_string()), &Found::Other(1)]);
}

#[tokio::test]
async fn silence_proves_nothing_and_loses_nothing() {
    let mut town = Town::start().await;
    // A port on which nobody listens.
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    town.dns = closed;
    let silent = town.record_of("www.stadt.example", &token(1)).await;
    assert!(matches!(silent, Found::Silent(_)), "{silent:?}");
    let findings = |dns: Found, file: Found| {
        Findings([(ProofPlace::Dns, dns), (ProofPlace::File, file), (ProofPlace::Meta, Found::Nothing)])
    };
    assert!(findings(silent.clone(), Found::Nothing).undecided());
    assert!(findings(Found::Nothing, Found::Status(503)).undecided());
    assert!(!findings(Found::Nothing, Found::Status(403)).undecided());
    let found = findings(silent, Found::Token);
    assert_eq!((found.place(), found.undecided()), (Some(ProofPlace::File), false));
}

use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::fake::{Conn, Gateway, Plan, Upstream, portal};
use crate::server::bind;

/// Files of certificates, and a client that trusts all of them.
struct Files {
    dir: TempDir,
    roots: RootCertStore,
}

impl Files {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), roots: RootCertStore::empty() }
    }

    fn path(&self, name: &str) -> CertificateFiles {
        let path = |end: &str| self.dir.path().join(format!("{name}.{end}"));
        CertificateFiles { certificate: path("pem"), key: path("key.pem") }
    }

    /// Writes a certificate for `names` with `key`, valid until the year `until`.
    fn write_with(&mut self, name: &str, names: &[&str], key: &KeyPair, until: i32) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.self_signed(key).unwrap();
        let files = self.path(name);
        fs::write(files.certificate, certificate.pem()).unwrap();
        fs::write(files.key, key.serialize_pem()).unwrap();
        self.roots.add(certificate.der().clone()).unwrap();
        certificate.der().clone()
    }

    fn write(&mut self, name: &str, names: &[&str]) -> CertificateDer<'static> {
        self.write_with(name, names, &KeyPair::generate().unwrap(), 2090)
    }

    fn tls(&self, names: &[&str]) -> Tls {
        let certificates = names.iter().map(|name| self.path(name)).collect();
        Tls { profile: Profile::Modern, certificates, look_s: 0, redirect_from: None }
    }

    fn client(&self, change: impl FnOnce(&mut CryptoProvider)) -> ClientConfig {
        let mut provider = aws_lc_rs::default_provider();
        change(&mut provider);
        let builder = ClientConfig::builder_with_provider(Arc::new(provider));
        let builder = builder.with_protocol_versions(rustls::ALL_VERSIONS).unwrap();
        builder.with_root_certificates(self.roots.clone()).with_no_client_auth()
    }
}

fn now() -> Timestamp {
    "2026-11-26T12:00:00Z".parse().unwrap()
}

/// A gateway that citizens reach by TLS, and its certificates.
async fn start(mut plan: Plan, tls: &Tls) -> (Gateway, Arc<Certificates>) {
    let metrics = plan.metrics.clone();
    let certificates = Arc::new(Certificates::open(tls, metrics, now()).unwrap());
    plan.front.tls = Some(certificates.acceptor().unwrap());
    (plan.start().await, certificates)
}

async fn dial(gateway: &Gateway, client: ClientConfig, name: &str) -> Result<TlsStream<TcpStream>, String> {
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(client)).connect(name, stream).await.map_err(|error| error.to_string())
}

/// The certificate that answers for a name.
async fn shown(gateway: &Gateway, files: &Files, name: &str) -> CertificateDer<'static> {
    let mut client = files.client(|_| {});
    // Which one answers is asked, also where it is for another name.
    client.dangerous().set_certificate_verifier(Arc::new(crate::fake::TrustAll));
    let stream = dial(gateway, client, name).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone()
}

async fn ask(gateway: &Gateway, files: &Files, name: &str, request: &str) -> String {
    let mut stream = dial(gateway, files.client(|_| {}), name).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The end may be a reset, which is looked at elsewhere.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_name_that_is_asked_for_chooses_the_certificate() {
    let mut files = Files::new();
    let first = files.write("first", &["verbund.example"]);
    let exact = files.write("exact", &["a.stadt.example", "b.stadt.example"]);
    let wild = files.write("wild", &["*.stadt.example", "Stadt.example"]);
    let (gateway, _) = start(Plan::new(vec![]), &files.tls(&["first", "exact", "wild"])).await;
    for (name, expected) in [
        ("verbund.example", &first),
        ("a.stadt.example", &exact),
        ("B.Stadt.example", &exact),
        ("c.stadt.example", &wild),
        ("stadt.example", &wild),
        ("c.d.stadt.example", &first),
        ("example", &first),
        ("elsewhere.example", &first),
        ("127.0.0.1", &first),
    ] {
        assert_eq!(&shown(&gateway, &files, name).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_client_gets_a_certificate_that_it_can_verify() {
    let mut files = Files::new();
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let old = files.write_with("rsa", &["verbund.example"], &rsa, 2090);
    let new = files.write("ecdsa", &["verbund.example"]);
    let (gateway, _) = start(Plan::new(vec![]), &files.tls(&["ecdsa", "rsa"])).await;
    assert_eq!(shown(&gateway, &files, "verbund.example").await, new);
    let mut client = files.client(|provider| {
        let known = &mut provider.signature_verification_algorithms;
        known.mapping = known
            .mapping
            .iter()
            .filter(|(scheme, _)| format!("{scheme:?}").starts_with("RSA"))
            .copied()
            .collect::<Vec<_>>()
            .leak();
    });
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = dial(&gateway, client, "verbund.example").await.unwrap();
    assert_eq!(stream.get_ref().1.peer_certificates().unwrap()[0], old);
}

#[tokio::test]
async fn both_versions_of_tls_and_of_http_are_served() {
    use http_body_util::{BodyExt, Empty};
    let mut files = Files::new();
    files.write("a", &["verbund.example"]);
    let upstream = Upstream::echo().await;
    let (gateway, _) = start(Plan::new(vec![portal("a", &[upstream.address])]), &files.tls(&["a"])).await;
    let get = "GET /portal/a/x HTTP/1.1\r\nHost: verbund.example\r\nConnection: close\r\n\r\n";
    for (version, known) in
        [(&rustls::version::TLS12, ProtocolVersion::TLSv1_2), (&rustls::version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(&[version]).unwrap();
        let client = builder.with_root_certificates(files.roots.clone()).with_no_client_auth();
        let mut stream = dial(&gateway, client, "verbund.example").await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(known));
        stream.write_all(get.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("x-forwarded-proto: https\r\n"), "{answer}");
    }
    let mut client = files.client(|_| {});
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = dial(&gateway, client, "verbund.example").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let spawner = crate::server::served::OnTracker(tokio_util::task::TaskTracker::new());
    let stream = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(spawner, stream).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    tokio::spawn(connection);
    let request = http::Request::get("https://verbund.example/").body(Empty::<bytes::Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=63072000");
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "start");
}

#[tokio::test]
async fn the_profiles_offer_what_they_say() {
    let mut files = Files::new();
    files.write("a", &["verbund.example"]);
    let (modern, _) = start(Plan::new(vec![]), &files.tls(&["a"])).await;
    let strict = Tls { profile: Profile::Bsi, ..files.tls(&["a"]) };
    let (bsi, _) = start(Plan::new(vec![]), &strict).await;
    let only_suite = |suite: &'static str| {
        files.client(move |provider| {
            provider.cipher_suites.retain(|known| format!("{:?}", known.suite()).contains(suite));
        })
    };
    let only_group = |group: &'static dyn rustls::crypto::SupportedKxGroup| {
        files.client(move |provider| provider.kx_groups = vec![group])
    };
    for (client, in_modern, in_bsi) in [
        (only_suite("CHACHA20"), true, false),
        (only_suite("TLS13_CHACHA20"), true, false),
        (only_suite("AES_128_GCM"), true, true),
        (only_suite("TLS13_AES_256_GCM"), true, true),
        (only_suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM"), true, true),
        (only_group(aws_lc_rs::kx_group::X25519), true, false),
        (only_group(aws_lc_rs::kx_group::SECP256R1), true, true),
        (only_group(aws_lc_rs::kx_group::SECP384R1), true, true),
    ] {
        assert_eq!(dial(&modern, client.clone(), "verbund.example").await.is_ok(), in_modern, "modern {client:?}");
        assert_eq!(dial(&bsi, client.clone(), "verbund.example").await.is_ok(), in_bsi, "bsi {client:?}");
    }
    assert_eq!(bsi.metric("portalverbund_gateway_refused_total{reason=\"tls_handshake\"}"), 3.0);
}

#[tokio::test]
async fn a_session_is_resumed_by_its_ticket_and_nothing_is_sent_ahead() {
    let mut files = Files::new();
    files.write("a", &["verbund.example"]);
    let (gateway, certificates) = start(Plan::new(vec![]), &files.tls(&["a"])).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(&[version]).unwrap();
        let mut client = builder.with_root_certificates(files.roots.clone()).with_no_client_auth();
        client.enable_early_data = true;
        let connector = TlsConnector::from(Arc::new(client));
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let stream = TcpStream::connect(gateway.address).await.unwrap();
            let mut early = false;
            let name = ServerName::try_from("verbund.example").unwrap();
            let stream = connector.connect_with(name, stream, |session| early = session.early_data().is_some()).await;
            let mut stream = stream.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with("start") && !early, "{answer}");
            kinds.push(stream.get_ref().1.handshake_kind().unwrap());
            // New certificates leave sessions as they are.
            certificates.reload(now());
        }
        assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed], "{version:?}");
    }
}

fn ended(name: &CertificateFiles) -> String {
    format!(
        "portalverbund_gateway_tls_certificate_expiry_timestamp_seconds{{certificate=\"{}\"}}",
        name.certificate.display()
    )
}

fn loaded(name: &CertificateFiles) -> String {
    format!(
        "portalverbund_gateway_tls_certificate_last_load_successful{{certificate=\"{}\"}}",
        name.certificate.display()
    )
}

#[tokio::test]
async fn what_is_wrong_with_a_new_certificate_leaves_the_old_one() {
    let mut files = Files::new();
    let first = files.write("a", &["a.example"]);
    let other = files.write("b", &["b.example"]);
    let (gateway, certificates) = start(Plan::new(vec![]), &files.tls(&["a", "b"])).await;
    let (a, b) = (files.path("a"), files.path("b"));
    assert_eq!(gateway.metric(&ended(&a)), 3_786_912_000.0, "1 January 2090");
    let good = fs::read_to_string(&a.key).unwrap();
    // The new certificate is there and its key is not yet: they are no pair.
    let second = files.write("a", &["a.example"]);
    fs::write(&a.key, good).unwrap();
    let newer = files.write_with("b", &["b.example"], &KeyPair::generate().unwrap(), 2095);
    certificates.reload(now());
    assert_eq!(shown(&gateway, &files, "a.example").await, first);
    assert_eq!(shown(&gateway, &files, "b.example").await, newer);
    assert_ne!(newer, other);
    assert_eq!((gateway.metric(&loaded(&a)), gateway.metric(&loaded(&b))), (0.0, 1.0));
    assert_eq!(gateway.metric(&ended(&a)), 3_786_912_000.0);
    assert!(gateway.metric(&ended(&b)) > 3_900_000_000.0);
    for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        fs::write(&a.certificate, broken).unwrap();
        certificates.reload(now());
        assert_eq!(shown(&gateway, &files, "a.example").await, first);
    }
    files.write_with("a", &["a.example"], &KeyPair::generate().unwrap(), 2021);
    certificates.reload(now());
    assert_eq!(shown(&gateway, &files, "a.example").await, first, "a new one that is over");
    let third = files.write("a", &["a.example"]);
    certificates.reload(now());
    assert_eq!(shown(&gateway, &files, "a.example").await, third);
    assert_eq!(gateway.metric(&loaded(&a)), 1.0);
    assert_ne!(second, third);
}

#[tokio::test]
async fn changed_files_are_read_by_themselves() {
    let mut files = Files::new();
    let first = files.write("a", &["a.example"]);
    let (gateway, certificates) = start(Plan::new(vec![]), &files.tls(&["a"])).await;
    let watch = certificates.watch(Duration::from_millis(20), gateway.stop.clone());
    gateway.tasks.spawn(watch);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(shown(&gateway, &files, "a.example").await, first);
    let second = files.write("a", &["a.example"]);
    let end = tokio::time::Instant::now() + Duration::from_secs(10);
    while shown(&gateway, &files, "a.example").await != second {
        assert!(tokio::time::Instant::now() < end);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gateway.end().await;
}

#[tokio::test]
async fn nobody_is_disturbed_by_certificates_that_are_read_again_and_again() {
    let mut files = Files::new();
    files.write("a", &["a.example"]);
    let (gateway, certificates) = start(Plan::new(vec![]), &files.tls(&["a"])).await;
    let reading = CancellationToken::new();
    let (again, stop) = (Arc::clone(&certificates), reading.clone());
    let reads = gateway.tasks.spawn_blocking(move || {
        let mut reads = 0;
        while !stop.is_cancelled() {
            again.reload(now());
            reads += 1;
        }
        reads
    });
    for _ in 0..50 {
        let answer = ask(&gateway, &files, "a.example", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("start"), "{answer}");
    }
    reading.cancel();
    assert!(reads.await.unwrap() > 10);
    assert_eq!(gateway.metric("portalverbund_gateway_refused_total{reason=\"tls_handshake\"}"), 0.0);
}

#[tokio::test]
async fn a_load_balancer_names_its_client_before_the_handshake() {
    let mut files = Files::new();
    files.write("a", &["a.example"]);
    let upstream = Upstream::echo().await;
    let mut plan = Plan::new(vec![portal("a", &[upstream.address])]);
    plan.front.proxy_protocol = true;
    plan.front.trusted.networks = vec!["127.0.0.0/8".parse().unwrap()];
    let (gateway, _) = start(plan, &files.tls(&["a"])).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(&crate::server::arrival::header_of("192.0.2.7".parse().unwrap())).await.unwrap();
    let connector = TlsConnector::from(Arc::new(files.client(|_| {})));
    let mut stream = connector.connect(ServerName::try_from("a.example").unwrap(), stream).await.unwrap();
    let get = "GET /portal/a/x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n";
    stream.write_all(get.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("forwarded: for=192.0.2.7;host=verbund.example;proto=https\r\n"), "{answer}");
    assert!(!answer.contains("6.6.6.6"), "{answer}");
    assert!(dial(&gateway, files.client(|_| {}), "a.example").await.is_err());
    assert_eq!(gateway.metric("portalverbund_gateway_refused_total{reason=\"proxy_header\"}"), 1.0);
}

#[tokio::test]
async fn one_that_cannot_be_used_at_the_start_costs_only_itself() {
    let mut files = Files::new();
    let good = files.write("good", &["good.example"]);
    files.write("bad", &["bad.example"]);
    fs::remove_file(files.path("bad").key).unwrap();
    let (gateway, certificates) = start(Plan::new(vec![]), &files.tls(&["bad", "good"])).await;
    assert_eq!(shown(&gateway, &files, "bad.example").await, good);
    assert_eq!(gateway.metric(&loaded(&files.path("bad"))), 0.0);
    let mended = files.write("bad", &["bad.example"]);
    certificates.reload(now());
    assert_eq!(shown(&gateway, &files, "bad.example").await, mended);
    assert_eq!(gateway.metric(&loaded(&files.path("bad"))), 1.0);
}

#[test]
fn what_is_wrong_is_said_with_its_file_and_its_mend() {
    let mut files = Files::new();
    let metrics = || Arc::new(Metrics::new(prometheus::Registry::new()).unwrap());
    files.write("a", &["a.example"]);
    let good = files.path("a");
    let said = |certificate: &Path, key: &Path, profile| {
        let files = CertificateFiles { certificate: certificate.to_owned(), key: key.to_owned() };
        Certificate::read(&files, profile).map(|_| ()).unwrap_err().to_string()
    };
    let missing = files.dir.path().join("missing.pem");
    let modern = Profile::Modern;
    for (fault, name, mend) in [
        (said(&missing, &good.key, modern), "missing.pem", "a PEM file that this process may read"),
        (said(&good.certificate, &missing, modern), "missing.pem", "a PEM file that this process may read"),
        (said(&good.key, &good.key, modern), "a.key.pem holds no certificate", "`BEGIN CERTIFICATE`"),
        (said(&good.certificate, &good.certificate, modern), "a.pem holds no key", "not encrypted"),
    ] {
        assert!(fault.contains(name) && fault.contains(mend), "{fault}");
    }
    files.write_with("other", &["a.example"], &KeyPair::generate().unwrap(), 2090);
    let fault = said(&good.certificate, &files.path("other").key, modern);
    assert!(
        fault.contains("other.key.pem is not that of the certificate in") && fault.contains("belong together"),
        "{fault}"
    );
    files.write_with("nameless", &[], &KeyPair::generate().unwrap(), 2090);
    let nameless = files.path("nameless");
    assert!(said(&nameless.certificate, &nameless.key, modern).contains("`subjectAltName`"));
    let short = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    files.write_with("short", &["a.example"], &short, 2090);
    let path = files.path("short");
    let fault = said(&path.certificate, &path.key, Profile::Bsi);
    assert!(fault.contains("2048 bits, expected 3000"), "{fault}");
    assert!(Certificate::read(&path, modern).is_ok());
    files.write_with("old", &["a.example"], &KeyPair::generate().unwrap(), 2021);
    let old = Certificate::read(&files.path("old"), modern).unwrap();
    let fault = old.not_now(&files.path("old"), now()).unwrap().to_string();
    assert!(fault.contains("from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z, and not now"), "{fault}");
    let error = Certificates::open(&files.tls(&["nameless", "gone"]), metrics(), now()).map(|_| ()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("no certificate of [tls] can be used") && text.contains("gone.pem"), "{text}");
}

#[tokio::test]
async fn a_handshake_is_bounded_and_what_is_none_is_refused() {
    let mut files = Files::new();
    files.write("a", &["a.example"]);
    let mut plan = Plan::new(vec![]);
    plan.limits.head_time = Duration::from_millis(200);
    let (gateway, _) = start(plan, &files.tls(&["a"])).await;
    let begun = tokio::time::Instant::now();
    for silent in ["", "\x16\x03\x01"] {
        assert_eq!(gateway.raw(silent).await, "");
    }
    assert!(begun.elapsed() >= Duration::from_millis(380) && begun.elapsed() < Duration::from_secs(5));
    // An alert and no word of HTTP.
    let answer = gateway.raw("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await;
    assert!(answer.starts_with('\x15') || answer.is_empty(), "{answer:?}");
    assert_eq!(gateway.metric("portalverbund_gateway_refused_total{reason=\"tls_handshake\"}"), 3.0);
    // A head is waited for anew, and not longer.
    let stream = dial(&gateway, files.client(|_| {}), "a.example").await.unwrap();
    let begun = tokio::time::Instant::now();
    let mut rest = Vec::new();
    let _ = { stream }.read_to_end(&mut rest).await;
    assert!(
        rest.is_empty() && begun.elapsed() >= Duration::from_millis(190) && begun.elapsed() < Duration::from_secs(5)
    );
    assert_eq!(gateway.metric("portalverbund_gateway_refused_total{reason=\"head_slow\"}"), 1.0);
}

#[tokio::test]
async fn what_is_watched_on_plain_connections_is_watched_here() {
    let mut files = Files::new();
    files.write("a", &["a.example"]);
    let upstream = Upstream::start(|mut conn, _| async move {
        conn.head().await;
        conn.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").await;
    })
    .await;
    let (gateway, _) = start(Plan::new(vec![portal("a", &[upstream.address])]), &files.tls(&["a"])).await;
    let two = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = ask(&gateway, &files, "a.example", two).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.matches("HTTP/1.1").count() == 1, "{answer}");
    let missing =
        ask(&gateway, &files, "a.example", "GET /nix HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n").await;
    assert!(missing.contains("strict-transport-security: max-age=63072000\r\n"), "{missing}");
    // An answer to HTTP/1.0 has no other end than that of the connection: cut off, it ends by a reset.
    let mut stream = dial(&gateway, files.client(|_| {}), "a.example").await.unwrap();
    stream.write_all(b"GET /portal/a/x HTTP/1.0\r\nHost: a.example\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let error = stream.read_to_end(&mut answer).await.unwrap_err();
    assert!(String::from_utf8_lossy(&answer).ends_with("abc"), "{error}");
    let kinds = [std::io::ErrorKind::ConnectionReset, std::io::ErrorKind::UnexpectedEof];
    assert!(kinds.contains(&error.kind()), "{error}");
}

#[tokio::test]
async fn without_tls_pages_are_sent_on_and_programs_refused() {
    let upstream = Upstream::echo().await;
    let own_host = crate::fake::portal_at("b", "host = \"b.example\"", &[format!("http://{}", upstream.address)]);
    let mut plan = Plan::new(vec![portal("a", &[upstream.address]), own_host]);
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    plan.front.redirect = Some((listener, "https://verbund.example:8443".parse().unwrap()));
    let gateway = plan.start().await;
    let ask = async |request: &str| {
        let mut conn = Conn::new(TcpStream::connect(address).await.unwrap());
        conn.write(request).await;
        conn.rest().await
    };
    for (line, host, to) in [
        ("GET /suche?q=hund%20x", "verbund.example", "https://verbund.example:8443/suche?q=hund%20x"),
        ("GET /portal/a/x", "evil.example", "https://verbund.example:8443/portal/a/x"),
        ("GET //evil.example/x", "verbund.example", "https://verbund.example:8443//evil.example/x"),
        ("HEAD /", "B.example:80", "https://b.example:8443/"),
    ] {
        let answer = ask(&format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 308 "), "{line}: {answer}");
        assert!(answer.contains(&format!("location: {to}\r\n")), "{line}: {answer}");
        assert!(!answer.contains("strict-transport-security"), "{answer}");
    }
    let answer = ask("GET /api/v1/search?q=hund HTTP/1.1\r\nHost: verbund.example\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("application/problem+json"), "{answer}");
    assert!(answer.contains("\"code\":\"request.unencrypted\""), "{answer}");
    let post = "POST /count HTTP/1.1\r\nHost: verbund.example\r\nContent-Length: 3\r\n\r\nabc";
    let answer = ask(post).await;
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && answer.contains("https://") && !answer.ends_with("\r\n\r\n3"),
        "{answer}"
    );
    assert!(ask("GET /portal/a/..%2fx HTTP/1.1\r\nHost: a\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    assert_eq!(upstream.connections(), 0);
    assert_eq!(gateway.metric("portalverbund_gateway_refused_total{reason=\"unencrypted\"}"), 2.0);
    gateway.end().await;
}

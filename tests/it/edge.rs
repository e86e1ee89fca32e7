//! The side towards citizens: TLS from files, certificates that change, and sockets that are handed over.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tests::client::{ask, get};
use tests::portal::{FakePortal, Reply, Request};
use tests::program::{Installation, Serving};

use crate::EXE;

const PATIENCE: Duration = Duration::from_secs(20);

/// Writes certificate and key for `name`; gives the certificate.
fn certificate(program: &Installation, name: &str) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    program.write("tls/key.pem", &key.serialize_pem());
    program.write("tls/chain.pem", &certificate.pem());
    certificate.der().clone()
}

fn configure(program: &Installation, tls: &str) {
    program.write(
        "config/portalverbund.toml",
        &format!(
            "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"https://verbund.example\"\n\
             [store]\nurl = \"sqlite://data/portalverbund.db\"\n[index]\ndir = \"data/index\"\n[tls]\n{tls}"
        ),
    );
}

const PAIR: &str = "certificates = [{ certificate = \"tls/chain.pem\", key = \"tls/key.pem\" }]\n";

/// GET over TLS by a client that trusts `root` alone.
fn tls_get(address: SocketAddr, root: &CertificateDer<'static>, path: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(builder.with_root_certificates(roots).with_no_client_auth());
    let name = ServerName::try_from("verbund.example").unwrap();
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(ClientConnection::new(config, name).unwrap(), stream);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: verbund.example\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn citizens_come_by_tls_and_a_renewed_certificate_is_taken_on_the_way() {
    let program = Installation::new(EXE);
    let first = certificate(&program, "verbund.example");
    configure(&program, &format!("{PAIR}look_s = 0\nredirect_from = \"127.0.0.1:0\"\n"));
    let mut serving = program.serve().ready();
    let (public, internal) = (serving.public, serving.internal);
    let page = tls_get(public, &first, "/").unwrap();
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("strict-transport-security: max-age="), "{page}");
    let missing = tls_get(public, &first, "/api/v1/nix").unwrap();
    assert!(missing.starts_with("HTTP/1.1 404 ") && missing.contains("strict-transport-security"), "{missing}");
    let line = serving.process().wait_for("sending pages on from http://");
    let plain: SocketAddr = line.rsplit("http://").next().unwrap().parse().unwrap();
    let sent_on = get(plain, "/suche?q=hund");
    assert_eq!((sent_on.status, sent_on.field("location")), (308, Some("https://verbund.example/suche?q=hund")));
    assert_eq!(get(plain, "/api/v1/search?q=hund").status, 403);
    let metrics = get(internal, "/metrics").body;
    assert!(metrics.contains("tls_certificate_last_load_successful{certificate=\"tls/chain.pem\"} 1"), "{metrics}");
    // Half of a pair changes nothing; the whole pair is taken, without a break for anybody.
    program.write("tls/key.pem", "broken");
    serving.process().hang_up();
    let state = |value| format!("tls_certificate_last_load_successful{{certificate=\"tls/chain.pem\"}} {value}\n");
    wait(|| get(internal, "/metrics").body.contains(&state(0)));
    assert!(tls_get(public, &first, "/").unwrap().starts_with("HTTP/1.1 200 "));
    let second = certificate(&program, "verbund.example");
    serving.process().hang_up();
    wait(|| get(internal, "/metrics").body.contains(&state(1)));
    assert!(tls_get(public, &second, "/").unwrap().starts_with("HTTP/1.1 200 "));
    assert!(tls_get(public, &first, "/").is_err());
    serving.stop().expect(0);
}

#[track_caller]
fn wait(mut until: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !until() {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_is_wrong_with_certificates_is_said_before_anybody_serves() {
    let program = Installation::new(EXE);
    certificate(&program, "verbund.example");
    configure(&program, PAIR);
    let checked = program.run(&["check"]).expect(0);
    assert!(checked.stdout.contains("tls/key.pem can be read by everybody"), "{checked:?}");
    program.write("tls/key.pem", "nothing");
    let checked = program.run(&["check"]).expect(2);
    assert!(checked.stdout.contains("tls/key.pem holds no key, expected PEM with `BEGIN PRIVATE KEY`"), "{checked:?}");
    let refused = program.run(&["serve"]).expect(2);
    let said = "config/portalverbund.toml: no certificate of [tls] can be used: tls/key.pem holds no key";
    assert!(refused.stderr.contains(said), "{refused:?}");
}

/// What a client of an upgrade saw.
#[derive(Default)]
struct Seen {
    answers: AtomicUsize,
    /// Connections that were closed before a byte of an answer, after an earlier answer on them.
    closed: AtomicUsize,
}

/// Asks again and again until `stop`: some requests on each connection. What fails otherwise than the close of a
/// connection that was used before is a failure.
fn ask_on(address: SocketAddr, stop: &AtomicBool, seen: &Seen) -> Result<(), String> {
    let request = b"GET /portal/eins/x HTTP/1.1\r\nHost: localhost\r\n\r\n";
    while !stop.load(Ordering::Relaxed) {
        let mut stream = TcpStream::connect(address).map_err(|error| format!("connect: {error}"))?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        for at in 0..7 {
            let written = stream.write_all(request);
            let mut answer = Vec::new();
            let mut piece = [0; 4096];
            let outcome = loop {
                match stream.read(&mut piece) {
                    Ok(0) => break Err("closed".to_owned()),
                    Ok(count) => answer.extend_from_slice(&piece[..count]),
                    Err(error) => break Err(error.to_string()),
                }
                if answer.ends_with(b"good") {
                    break Ok(());
                }
            };
            match outcome {
                Ok(()) if answer.starts_with(b"HTTP/1.1 200 ") => seen.answers.fetch_add(1, Ordering::Relaxed),
                Err(_) if at > 0 && answer.is_empty() => {
                    seen.closed.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                outcome => {
                    let answer = String::from_utf8_lossy(&answer);
                    return Err(format!("request {at} of a connection: {outcome:?}, {written:?}, {answer:?}"));
                }
            };
        }
    }
    Ok(())
}

#[test]
fn a_new_process_takes_over_the_socket_and_no_request_fails() {
    let portal = FakePortal::start(|_: &Request| Reply::ok("good"));
    let program = Installation::new(EXE);
    program.route("eins", &portal.url(""), "");
    // Store and index are there, as they are in every upgrade.
    program.serve().ready().stop().expect(0);
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let start = || program.serve_on(&socket, &["--only", "gateway"]).ready();
    let first = start();
    assert_eq!(first.public, address);
    let (stop, seen) = (AtomicBool::new(false), Seen::default());
    let more = |count: usize| {
        let begun = seen.answers.load(Ordering::Relaxed);
        wait(|| seen.answers.load(Ordering::Relaxed) > begun + count || stop.load(Ordering::Relaxed));
    };
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let asked = ask_on(address, &stop, &seen);
                    // Nobody waits for the others then.
                    stop.store(true, Ordering::Relaxed);
                    asked
                })
            })
            .collect();
        more(50);
        // Side by side for a while.
        let second = start();
        first.stop().expect(0);
        more(50);
        // One after the other, as a service manager does it: meanwhile connections wait in the socket.
        second.stop().expect(0);
        let third = start();
        more(50);
        stop.store(true, Ordering::Relaxed);
        for asked in asking {
            asked.join().unwrap().unwrap();
        }
        third.stop().expect(0);
    });
    assert!(seen.answers.load(Ordering::Relaxed) > 150);
}

#[test]
fn the_service_manager_is_told_how_the_process_is() {
    let program = Installation::new(EXE);
    let socket = program.dir().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut text = [0; 1024];
        let length = manager.recv(&mut text).unwrap();
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    let running = program.start_with(&["serve"], |command| {
        command.env("NOTIFY_SOCKET", &socket);
    });
    let mut serving = Serving::begun(running);
    assert_eq!(told().trim(), "READY=1");
    assert_eq!(
        ask(serving.internal, b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap().status,
        200
    );
    serving.process().hang_up();
    let reloading = told();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(told().trim(), "READY=1");
    serving.stop().expect(0);
    assert_eq!(told().trim(), "STOPPING=1");
}

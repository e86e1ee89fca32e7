//! Sign-in by OpenID Connect with a real provider: the npm package `oidc-provider`, which `make oidc` fetches.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use tests::client::{self, Answer};
use tests::program::Installation;
use url::Url;

use crate::EXE;

/// The package in the folder of built things, where node and the package are there.
fn package() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent()?.join("target/oidc/node_modules/oidc-provider");
    let node =
        Command::new("node").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    (node && folder.is_dir()).then_some(folder)
}

/// The provider's process; it ends with the test.
struct Provider {
    process: Child,
    /// Kept open: the provider ends when nobody can read what it says.
    _says: BufReader<ChildStdout>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Provider {
    fn start(package: &PathBuf, ours: &str, account: &str) -> (Self, Url) {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("oidc/provider.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(package).args([ours, account]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        (
            Self { process: child, _says: said },
            line.trim().parse().unwrap_or_else(|error| panic!("the provider said `{line}`: {error}")),
        )
    }
}

/// What a browser does: it keeps cookies by host and follows redirects.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<(u16, String), String>,
    visited: Vec<Url>,
}

impl Browser {
    fn ask(&mut self, url: &Url, form: Option<&[(&str, &str)]>) -> Answer {
        let port = url.port().unwrap();
        let own = self.cookies.iter().filter(|((of, _), _)| *of == port);
        let cookies: Vec<_> = own.map(|((_, name), value)| format!("{name}={value}")).collect();
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = format!("{}:{port}", url.host_str().unwrap());
        let body = form.map(|form| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish());
        let method = if body.is_some() { "POST" } else { "GET" };
        let origin = url.origin().ascii_serialization();
        let body = body.unwrap_or_default();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nOrigin: {origin}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            cookies.join("; "),
            body.len(),
        );
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let answer = client::ask(address, request.as_bytes()).unwrap();
        for (_, field) in answer.fields.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = field.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert((port, name.to_owned()), value.to_owned());
            if value.is_empty() {
                self.cookies.remove(&(port, name.to_owned()));
            }
        }
        self.visited.push(url.clone());
        answer
    }

    /// Follows redirects to the page at their end.
    fn follow(&mut self, url: &Url) -> Answer {
        let mut url = url.clone();
        for _ in 0..15 {
            let answer = self.ask(&url, None);
            match answer.field("location") {
                Some(location) => url = url.join(location).unwrap(),
                None => return answer,
            }
        }
        panic!("no end of redirects: {:?}", self.visited);
    }
}

#[test]
fn somebody_signs_in_with_a_real_provider_and_out_again() {
    let Some(package) = package() else {
        eprintln!("LEFT OUT: the sign-in with a real provider; it needs node, npm and `make oidc`");
        return;
    };
    let public = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = format!("http://localhost:{}", public.local_addr().unwrap().port());
    let (_provider, issuer) = Provider::start(&package, &ours, "erika");
    let installation = Installation::new(EXE);
    installation.write("secret", "a secret of tests, with % and : in it");
    installation.write(
        "config/portalverbund.toml",
        &format!(
            "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"{ours}\"\n\
             [store]\nurl = \"sqlite://data/portalverbund.db\"\n[index]\ndir = \"data/index\"\n\
             [egress]\nallow = [\"127.0.0.0/8\"]\n\
             [oidc]\nissuer = \"{}\"\nclient_id = \"portalverbund\"\nclient_secret_file = \"secret\"\n\
             role_claim = \"groups\"\nroles = {{ \"pv-betrieb\" = \"operator\" }}\n",
            issuer.as_str().trim_end_matches('/')
        ),
    );
    let serving = installation.serve_on(&public, &[]);
    drop(public);
    let ours: Url = ours.parse().unwrap();
    let page = |path: &str| ours.join(path).unwrap();
    let mut browser = Browser::default();
    // A page of editors leads to the sign-in, and that to the provider and back to the page.
    let sign_in = browser.follow(&page("/anbindung/konten"));
    let links = sign_in.links();
    let begin = links.iter().find(|link| link.starts_with("/anbindung/anmelden/anbieter")).unwrap();
    let accounts = browser.follow(&page(begin));
    assert_eq!(accounts.status, 200, "{:?}: {}", browser.visited, accounts.body);
    assert_eq!(browser.visited.last().unwrap().path(), "/anbindung/konten");
    assert!(accounts.body.contains("Angemeldet als erika (Betrieb)"), "{}", accounts.body);
    assert!(browser.visited.iter().any(|url| url.path().starts_with("/login/")), "the provider asked");
    // The same return once more is none.
    let back = browser.visited.iter().rev().find(|url| url.path() == "/anbindung/anmelden/zurueck").unwrap().clone();
    let again = browser.ask(&back, None);
    assert!(again.status == 400 && again.body.contains("nicht in diesem Browser begonnen"), "{}", again.body);
    let csrf = accounts.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let out = browser.ask(&page("/anbindung/abmelden"), Some(&[("csrf", csrf)]));
    assert_eq!(out.field("location"), Some("/anbindung/abgemeldet"));
    let out = browser.follow(&page("/anbindung/abgemeldet"));
    let links = out.links();
    let there = links.iter().find(|link| link.contains("/session/end?")).unwrap();
    assert_eq!(browser.follow(&there.parse().unwrap()).status, 200, "the provider knows this way out");
    assert_eq!(browser.ask(&page("/anbindung/konten"), None).status, 303);
    serving.stop().expect(0);
    let trail = installation.run(&["audit", "export", "--json"]).expect(0);
    let actions: Vec<String> = trail
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(actions, ["account.add", "session.open", "session.refused", "session.end"]);
    installation.run(&["audit", "verify"]).expect(0);
}

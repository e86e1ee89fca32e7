//! Accounts, tokens and the audit trail as people use them: by the command line, in a browser and by a program.

use tests::client::{Answer, ask, get, get_with};
use tests::program::Installation;

use crate::EXE;

/// POST of a form as a browser sends it from a page of ours.
fn post(address: std::net::SocketAddr, path: &str, cookie: &str, form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    ask(address, request.as_bytes()).unwrap()
}

fn value_of<'a>(page: &'a str, before: &str) -> &'a str {
    page.split(before).nth(1).unwrap_or_else(|| panic!("no `{before}` in {page}")).split(['"', '<']).next().unwrap()
}

#[test]
fn an_operator_made_on_the_command_line_runs_the_verbund() {
    let program = Installation::new(EXE);
    program.run(&["account", "list"]).expect(3);
    program.run(&["account", "add", "x", "--role", "operator"]).expect(2);
    let password = program.run(&["account", "add", "betrieb", "--role", "operator"]).expect(0).stdout;
    program.run(&["account", "add", "betrieb", "--role", "editor"]).expect(2);
    program.run(&["account", "add", "redaktion", "--role", "editor"]).expect(0);
    let right = ["account", "right", "redaktion", "--portal", "stadt", "--right", "deliver"];
    program.run(&right).expect(0);
    let serving = program.serve();
    let address = serving.public;
    let refused = get(address, "/anbindung/konten");
    assert_eq!(
        (refused.status, refused.field("location")),
        (303, Some("/anbindung/anmelden?weiter=%2Fanbindung%2Fkonten"))
    );
    let form = [("name", "betrieb"), ("kennwort", password.trim()), ("weiter", "/anbindung/konten")];
    let signed_in = post(address, "/anbindung/anmelden", "", &form);
    assert_eq!((signed_in.status, signed_in.field("location")), (303, Some("/anbindung/konten")), "{}", signed_in.body);
    let cookie = signed_in.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let page = get_with(address, "/anbindung/konten", &format!("Cookie: {cookie}\r\n"));
    assert!(page.status == 200 && page.body.contains("redaktion"), "{}", page.body);
    assert_eq!(page.field("cache-control"), Some("no-store"));
    let csrf = value_of(&page.body, "name=\"csrf\" value=\"").to_owned();
    // A token for a program, made on the page.
    let wish = [("csrf", csrf.as_str()), ("name", "Nachtlauf"), ("recht", "manage"), ("tage", "30")];
    let made = post(address, "/anbindung/konto/schluessel", &cookie, &wish);
    assert_eq!(made.status, 200, "{}", made.body);
    let token = value_of(&made.body, "<code id=\"schluessel\">").to_owned();
    let by_token = |token: &str| get_with(address, "/api/v1/tokens", &format!("Authorization: Bearer {token}\r\n"));
    assert_eq!(by_token(&token).json()["tokens"][0]["name"], "Nachtlauf");
    assert_eq!(get(address, "/api/v1/tokens").json()["code"], "unauthenticated");
    // Another process revokes it, and the serving one knows at once.
    program.run(&["token", "revoke", "--account", "betrieb", "1"]).expect(0);
    assert_eq!(by_token(&token).status, 401);
    let made =
        program.run(&["token", "add", "--account", "redaktion", "--name", "Lauf", "--portal", "stadt"]).expect(0);
    let second = made.stdout.trim().to_owned();
    assert_eq!(by_token(&second).json()["tokens"][0]["portals"][0], "stadt");
    program.run(&["token", "add", "--account", "redaktion", "--name", "y", "--days", "366"]).expect(2);
    program.run(&["account", "lock", "redaktion"]).expect(0);
    assert_eq!(by_token(&second).status, 401);
    program.run(&["account", "lock", "betrieb"]).expect(2);
    // A new password ends the sessions of the old one.
    program.run(&["account", "password", "betrieb"]).expect(0);
    assert_eq!(get_with(address, "/anbindung", &format!("Cookie: {cookie}\r\n")).status, 303);
    let metrics = get(serving.internal, "/metrics").body;
    let ended = serving.stop().expect(0);
    let trail = program.run(&["audit", "export", "--json"]).expect(0).stdout;
    let table = program.run(&["audit", "export"]).expect(0).stdout;
    let entries = trail.lines().count();
    assert_eq!(table.lines().count(), entries + 1);
    assert!(metrics.contains("portalverbund_gateway_audit_entries "), "{metrics}");
    assert!(ended.stderr.contains("\"action\":\"session.open\""), "the log tells of entries");
    assert!(trail.contains("\"network\":\"127.0.0.0/24\""), "{trail}");
    let verified = program.run(&["audit", "verify", "--json"]).expect(0).json();
    assert_eq!(verified["entries"], entries);
    for secret in [password.trim(), token.as_str(), second.as_str(), cookie.split_once('=').unwrap().1, csrf.as_str()] {
        for (place, text) in [("log", &ended.stderr), ("trail", &trail), ("metrics", &metrics)] {
            assert!(!text.contains(secret), "a secret stands in the {place}");
        }
    }
    let file = std::fs::read(program.dir().join("data/registry.db")).unwrap();
    assert!(!file.windows(token.len()).any(|piece| piece == token.as_bytes()), "only a hash of it is kept");
}

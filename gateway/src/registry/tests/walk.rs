//! Every route as every role: a route that is not expected here, and an expectation without its route, both fail.

use axum::body::Body;
use axum::response::Response;
use connectors::registration::{Connector, Guard};
use http::{Method, Request, StatusCode};
use tower::ServiceExt as _;

use super::*;

/// Whom a route lets in, and the status that it then answers with; 0 for any that is neither a refusal nor a fault.
enum Lets {
    /// Everybody.
    All(u16),
    /// Whoever is signed in.
    Somebody(u16),
    /// The operator.
    Operator(u16),
    /// Who has this right on the portal in its path.
    Holder(Right, u16),
    /// The operator, with a portal in its path that others see as they may.
    OperatorOn(u16),
    /// Whoever is signed in, or has a token that is not bounded in its right.
    Manager(u16),
}

use Lets::{All, Holder, Manager, Operator, OperatorOn, Somebody};

/// The pages: method, path, whom they let in, and the fields of a form beside `csrf`.
const PAGES: &[(&str, &str, Lets, &str)] = &[
    ("GET", "/anbindung", Somebody(200), ""),
    ("GET", "/anbindung/anmelden", All(200), ""),
    ("POST", "/anbindung/anmelden", All(400), "name=niemand&kennwort=falsch"),
    ("POST", "/anbindung/abmelden", Somebody(303), ""),
    ("GET", "/anbindung/abgemeldet", All(200), ""),
    // Without a provider there is nothing here; what is there with one stands in the tests of `oidc`.
    ("GET", "/anbindung/anmelden/anbieter", All(404), ""),
    ("GET", "/anbindung/anmelden/zurueck", All(404), ""),
    ("GET", "/anbindung/konto", Somebody(200), ""),
    ("POST", "/anbindung/konto/schluessel", Somebody(200), "name=x&recht=read&tage=1"),
    ("POST", "/anbindung/konto/schluessel/{id}/widerrufen", Somebody(404), ""),
    ("POST", "/anbindung/konto/sitzungen", Somebody(303), "welche=andere"),
    ("POST", "/anbindung/konto/kennwort", Somebody(404), "bisher=x&neu=y"),
    ("GET", "/anbindung/konten", Operator(200), ""),
    ("GET", "/anbindung/konten/{id}", Operator(200), ""),
    ("POST", "/anbindung/konten/{id}", Operator(200), "sperre=offen"),
    ("GET", "/anbindung/protokoll", Somebody(200), ""),
    ("GET", "/anbindung/rueckmeldungen", Somebody(200), ""),
    ("GET", "/anbindung/rueckmeldungen/tabelle.csv", Somebody(200), ""),
    // There is no message of this number; who may do what with one stands in the tests of `voice`.
    ("POST", "/anbindung/rueckmeldungen/{nummer}/erledigt", Somebody(404), "erledigt=ja"),
    ("GET", "/anbindung/neu", Somebody(200), ""),
    ("POST", "/anbindung/neu", Somebody(422), "address=http%3A%2F%2F127.0.0.1%2F"),
    ("GET", "/anbindung/freigaben", Operator(200), ""),
    ("GET", "/anbindung/{portal}", Holder(Right::Read, 200), ""),
    ("GET", "/anbindung/{portal}/angaben", Holder(Right::Manage, 200), ""),
    ("POST", "/anbindung/{portal}/angaben", Holder(Right::Manage, 422), "name=x"),
    ("POST", "/anbindung/{portal}/nachweis", Holder(Right::Manage, 409), ""),
    ("POST", "/anbindung/{portal}/probelauf", Holder(Right::Manage, 409), ""),
    ("GET", "/anbindung/{portal}/vorschau", Holder(Right::Read, 200), ""),
    ("GET", "/anbindung/{portal}/vorschau/{*rest}", Holder(Right::Read, 303), ""),
    ("POST", "/anbindung/{portal}/schritt", Holder(Right::Manage, 409), "schritt=submit"),
    ("POST", "/anbindung/{portal}/zurueck", Holder(Right::Manage, 409), "nummer=999999"),
    ("GET", "/anbindung/{portal}/laeufe", Holder(Right::Read, 200), ""),
    ("GET", "/anbindung/{portal}/laeufe/zurueckgestellt", Holder(Right::Read, 200), ""),
    // There is no run of this number; that it is looked for shows that the right was there.
    ("GET", "/anbindung/{portal}/laeufe/{run}", Holder(Right::Read, 404), ""),
    ("POST", "/anbindung/{portal}/laeufe/{run}/freigeben", Holder(Right::Manage, 409), ""),
    ("POST", "/anbindung/{portal}/laeufe/{run}/wiederherstellen", Holder(Right::Manage, 409), "sicher=ja"),
    ("POST", "/anbindung/{portal}/laeufe/anhalten", Holder(Right::Manage, 303), "grund=Probe"),
    ("POST", "/anbindung/{portal}/laeufe/fortsetzen", Holder(Right::Manage, 303), ""),
    ("GET", "/anbindung/{portal}/lieferungen", Holder(Right::Read, 200), ""),
    ("GET", "/anbindung/{portal}/lieferungen/{import}", Holder(Right::Read, 404), ""),
    ("POST", "/anbindung/{portal}/lieferungen/{import}/zuruecknehmen", Holder(Right::Deliver, 404), ""),
    ("GET", "/anbindung/{portal}/tabelle", Holder(Right::Deliver, 200), ""),
    // A form with a file; another one is not read.
    ("POST", "/anbindung/{portal}/tabelle", Holder(Right::Deliver, 400), ""),
    ("POST", "/anbindung/{portal}/tabelle/uebernehmen", Holder(Right::Deliver, 400), "datei=x"),
    ("GET", "/anbindung/{portal}/tabelle.csv", Holder(Right::Deliver, 200), ""),
    ("GET", "/anbindung/{portal}/tabelle.xlsx", Holder(Right::Deliver, 200), ""),
    ("GET", "/anbindung/{portal}/formular", Holder(Right::Deliver, 200), ""),
    ("GET", "/anbindung/{portal}/formular/{schluessel}", Holder(Right::Deliver, 200), ""),
    ("POST", "/anbindung/{portal}/formular/{schluessel}", Holder(Right::Deliver, 422), "tun=vorschau"),
];

/// The addresses of the interface, in the same way, with bodies in JSON.
const INTERFACE: &[(&str, &str, Lets, &str)] = &[
    ("GET", "/api/v1/tokens", Somebody(200), ""),
    ("POST", "/api/v1/tokens", Somebody(200), r#"{"name":"x","right":"read","days":1,"dry_run":true}"#),
    ("DELETE", "/api/v1/tokens/{id}", Somebody(404), ""),
    ("GET", "/api/v1/portals", Somebody(200), ""),
    ("GET", "/api/v1/portals/{id}", Holder(Right::Read, 200), ""),
    ("PATCH", "/api/v1/portals/{id}", Holder(Right::Manage, 422), r#"{"gebiet":"nirgends"}"#),
    ("DELETE", "/api/v1/portals/{id}?dry_run=true", Holder(Right::Manage, 200), ""),
    ("POST", "/api/v1/portals/{id}/proof", Holder(Right::Manage, 409), ""),
    ("GET", "/api/v1/portals/{id}/rehearsal", Holder(Right::Read, 200), ""),
    ("POST", "/api/v1/portals/{id}/rehearsal", Holder(Right::Manage, 409), ""),
    ("POST", "/api/v1/portals/{id}/submit", Holder(Right::Manage, 409), ""),
    ("POST", "/api/v1/portals/{id}/undo", Holder(Right::Manage, 404), r#"{"change":999999}"#),
    ("GET", "/api/v1/portals/{id}/changes", Holder(Right::Read, 200), ""),
    ("GET", "/api/v1/portals/{id}/rueckmeldungen", Holder(Right::Read, 200), ""),
    // JSON is none of the kinds of delivery.
    ("POST", "/api/v1/portals/{id}/imports", Holder(Right::Deliver, 415), "{}"),
    ("GET", "/api/v1/portals/{id}/imports", Holder(Right::Read, 200), ""),
    ("GET", "/api/v1/portals/{id}/imports/{import}", Holder(Right::Read, 404), ""),
    // Who manages a portal gets here and is told that the step is the operator's; so it is for a token of less.
    ("POST", "/api/v1/portals", Manager(422), r#"{"address":"http://127.0.0.1/"}"#),
    ("POST", "/api/v1/portals/{id}/release", OperatorOn(409), ""),
    ("POST", "/api/v1/portals/{id}/refuse", OperatorOn(409), r#"{"reason":"x"}"#),
    ("POST", "/api/v1/portals/{id}/suspend", OperatorOn(200), r#"{"reason":"x"}"#),
    ("POST", "/api/v1/portals/{id}/resume", OperatorOn(200), ""),
    ("GET", "/api/v1/portals/{id}/runs", Holder(Right::Read, 200), ""),
    ("GET", "/api/v1/portals/{id}/runs/held", Holder(Right::Read, 404), ""),
    ("GET", "/api/v1/portals/{id}/runs/quarantine", Holder(Right::Read, 200), ""),
    ("GET", "/api/v1/portals/{id}/runs/current/events", Holder(Right::Read, 200), ""),
    ("POST", "/api/v1/portals/{id}/runs/pause", Holder(Right::Manage, 200), r#"{"why":"Probe"}"#),
    ("POST", "/api/v1/portals/{id}/runs/resume", Holder(Right::Manage, 200), ""),
    ("POST", "/api/v1/portals/{id}/runs/{run}/release", Holder(Right::Manage, 409), ""),
    ("POST", "/api/v1/portals/{id}/runs/{run}/restore", Holder(Right::Manage, 409), "{}"),
];

/// Somebody who asks: a name, a role, and a right on the portal `stadt`, if any.
struct Asker {
    name: &'static str,
    role: Role,
    rights: &'static [(&'static str, Right)],
}

const ASKERS: &[Asker] = &[
    Asker { name: "fremd", role: Role::Editor, rights: &[("andere", Right::Manage)] },
    Asker { name: "fremder-anbieter", role: Role::Provider, rights: &[("andere", Right::Manage)] },
    Asker { name: "leser", role: Role::Editor, rights: &[("stadt", Right::Read)] },
    Asker { name: "redaktion", role: Role::Editor, rights: &[("stadt", Right::Deliver), ("andere", Right::Read)] },
    Asker { name: "anbieter", role: Role::Provider, rights: &[("stadt", Right::Manage)] },
    Asker { name: "betrieb", role: Role::Operator, rights: &[] },
];

impl Asker {
    /// The right on `stadt`.
    fn right(&self) -> Option<Right> {
        let held = self.rights.iter().find(|(portal, _)| *portal == "stadt").map(|(_, right)| *right);
        if self.role == Role::Operator { Some(Right::Manage) } else { held }
    }

    /// What this asker gets of a route, by a token that allows `most`, or in a browser.
    fn gets(&self, lets: &Lets, most: Right) -> u16 {
        match lets {
            All(status) | Somebody(status) => *status,
            Operator(status) if self.role == Role::Operator && most == Right::Manage => *status,
            Operator(_) => 403,
            Manager(status) if most == Right::Manage => *status,
            Manager(_) => 403,
            OperatorOn(status) if self.role == Role::Operator && most == Right::Manage => *status,
            OperatorOn(_) if self.right().is_none() => 404,
            OperatorOn(_) => 403,
            Holder(right, status) => match self.right() {
                None => 404,
                Some(held) if held.min(most) < *right => 403,
                Some(_) => *status,
            },
        }
    }
}

fn portal() -> Portal {
    Portal {
        id: "stadt".parse().unwrap(),
        name: "Stadt".into(),
        gebiet: "059110000000".parse().unwrap(),
        agency: None,
        hosts: Vec::new(),
        connector: Connector::Push {},
        routes: Vec::new(),
        responsible: None,
        maintenance: None,
        guard: Guard::default(),
        words: Vec::new(),
        texts: Default::default(),
        contact: None,
    }
}

/// The portal of the paths is registered as well.
async fn registered(desk: &Desk) {
    let who = Who::command_line();
    let acting = joining::acting::Acting { registry: &desk.registry, who: &who, dry_run: false };
    acting.apply(portal()).await.unwrap();
}

fn filled(path: &str, portal: &str) -> String {
    path.replace("{*rest}", "suche")
        .replace("{nummer}", "999999")
        .replace("{import}", "999999")
        .replace("{schluessel}", "99108003022000")
        .replace("{portal}", portal)
        .replace("{run}", "1")
        .replace("{id}", if path.starts_with("/api/v1/portals/") { portal } else { "1" })
}

#[track_caller]
fn expect(response: &Response, expected: u16, what: &str) {
    let status = response.status().as_u16();
    let fine = match expected {
        0 => status < 500 && ![401, 403, 404, 405].contains(&status),
        exact => status == exact,
    };
    assert!(fine, "{what}: {status} instead of {expected}");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store", "{what}");
    assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer", "{what}");
    assert!(response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none(), "{what}");
    assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{what}");
}

#[track_caller]
fn same_routes(listed: &[(Method, &str)], expected: &[(&str, &str, Lets, &str)]) {
    let mut listed: Vec<String> = listed.iter().map(|(method, path)| format!("{method} {path}")).collect();
    let mut expected: Vec<String> = expected.iter().map(|(method, path, _, _)| format!("{method} {path}")).collect();
    for path in &mut expected {
        path.truncate(path.find('?').unwrap_or(path.len()));
    }
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected, "every route stands in the table above, with whom it lets in");
}

#[test]
fn rights_on_a_portal_are_what_its_routes_ask_for() {
    for (right, most, expected) in [
        (Right::Read, Right::Manage, [404, 404, 200, 200, 200, 200]),
        (Right::Deliver, Right::Manage, [404, 404, 403, 200, 200, 200]),
        (Right::Manage, Right::Manage, [404, 404, 403, 403, 200, 200]),
        (Right::Deliver, Right::Read, [404, 404, 403, 403, 403, 403]),
    ] {
        let got: Vec<u16> = ASKERS.iter().map(|asker| asker.gets(&Holder(right, 200), most)).collect();
        assert_eq!(got, expected, "{right:?} by {most:?}");
    }
}

#[test]
fn no_route_is_missing_here() {
    same_routes(page_paths().listed(), PAGES);
    same_routes(api_paths().listed(), INTERFACE);
    assert!(PAGES.iter().all(|(_, path, _, _)| path.starts_with("/anbindung")));
    assert!(INTERFACE.iter().all(|(_, path, _, _)| path.starts_with("/api/v1/")));
    // What stands in the place of a portal's id is no portal's.
    for (_, path, _, _) in PAGES {
        let second = path.split('/').nth(2).unwrap_or_default();
        assert!(second.is_empty() || second.starts_with('{') || RESERVED.contains(&second), "{second}");
    }
}

/// A request for a page, in a browser; `origin` and `csrf` where it sends a form.
async fn page(
    desk: &Desk,
    (method, path, body): (&str, &str, &str),
    cookie: Option<&str>,
    origin: &str,
    csrf: &str,
) -> Response {
    let mut request = Request::builder().method(method).uri(path).header(header::ORIGIN, origin);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let body = match method {
        "GET" => Body::empty(),
        _ => {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            Body::from(format!("{body}&csrf={csrf}"))
        }
    };
    pages(desk.clone()).oneshot(request.body(body).unwrap()).await.unwrap()
}

#[tokio::test]
async fn every_page_as_every_role() {
    const OURS: &str = "http://localhost";
    let (_dir, desk) = desk(vec![portal()]).await;
    registered(&desk).await;
    // The account that pages of accounts are about, with number 1, and the token with number 1.
    with_token(&desk, "ziel", Role::Editor, &[], Right::Read, 1).await;
    for (method, path, lets, body) in PAGES {
        let target = filled(path, "stadt");
        let ask = (*method, target.as_str(), *body);
        let response = page(&desk, ask, None, OURS, "").await;
        let expected = if let All(status) = lets { *status } else { 303 };
        expect(&response, expected, &format!("{method} {path} as nobody"));
        if !matches!(lets, All(_)) {
            let to = response.headers()[header::LOCATION].to_str().unwrap();
            assert!(to.starts_with("/anbindung/anmelden"), "{to}");
        }
        for asker in ASKERS {
            let what = format!("{method} {path} as {}", asker.name);
            // Else the sign-in would be barred after some of them.
            let mut tx = desk.registry.begin().await.unwrap();
            tx.forget_failures(&signin::mark_of_name("niemand")).await.unwrap();
            tx.commit().await.unwrap();
            let (cookie, csrf) = signed_in(&desk, asker.name, asker.role, asker.rights).await;
            if *method != "GET" {
                // Before anything that works, so that it would be seen if these worked.
                let foreign = page(&desk, ask, Some(&cookie), "https://evil.example", &csrf).await;
                expect(&foreign, 403, &format!("{what} from another origin"));
                if !matches!(lets, All(_)) {
                    let refused = if asker.gets(lets, Right::Manage) == 404 { 404 } else { 403 };
                    for wrong in ["", "falsch", "x&csrf="] {
                        let response = page(&desk, ask, Some(&cookie), OURS, wrong).await;
                        let status = response.status().as_u16();
                        assert!([400, 403, refused].contains(&status), "{what} with the word `{wrong}`: {status}");
                    }
                }
            }
            let response = page(&desk, ask, Some(&cookie), OURS, &csrf).await;
            expect(&response, asker.gets(lets, Right::Manage), &what);
            if let Holder(..) | OperatorOn(_) = lets {
                let (cookie, csrf) = signed_in(&desk, asker.name, asker.role, asker.rights).await;
                let unknown = filled(path, "unbekannt");
                let response = page(&desk, (method, &unknown, body), Some(&cookie), OURS, &csrf).await;
                expect(&response, 404, &format!("{what} of a portal that is not there"));
            }
        }
        if method == &"POST" {
            let response = page(&desk, ("GET", &target, ""), None, OURS, "").await;
            let known = PAGES.iter().any(|(method, other, _, _)| *method == "GET" && other == path);
            assert!(known || response.status() == StatusCode::METHOD_NOT_ALLOWED, "GET {path}: {}", response.status());
        }
    }
    assert!(desk.registry.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn every_address_as_every_role() {
    let (_dir, desk) = desk(vec![portal()]).await;
    registered(&desk).await;
    let ask = async |method: &str, path: &str, body: &str, token: Option<&str>| {
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, token);
        }
        let body = Body::from(if method == "GET" { String::new() } else { body.to_owned() });
        api(desk.clone()).oneshot(request.body(body).unwrap()).await.unwrap()
    };
    let (cookie, _) = signed_in(&desk, "betrieb", Role::Operator, &[]).await;
    for (method, path, lets, body) in INTERFACE {
        let target = filled(path, "stadt");
        // The token with number 1 is somebody else's.
        with_token(&desk, "ziel", Role::Editor, &[], Right::Read, 1).await;
        let open = if let All(status) = lets { Some(*status) } else { None };
        let old = with_token(&desk, "betrieb", Role::Operator, &[], Right::Manage, -1).await;
        for (what, token) in [
            ("nobody", None),
            ("somebody whose token is over", Some(old.as_str())),
            ("somebody with an unknown token", Some("Bearer pvnrw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            ("somebody with another kind of credentials", Some("Basic YTpi")),
        ] {
            let response = ask(method, &target, body, token).await;
            expect(&response, open.unwrap_or(401), &format!("{method} {path} as {what}"));
            if open.is_none() {
                assert!(response.headers().contains_key(header::WWW_AUTHENTICATE));
            }
        }
        // A browser's session is none here, so that no other site can use it.
        let request = Request::builder().method(*method).uri(&target).header(header::COOKIE, &cookie);
        let response = api(desk.clone()).oneshot(request.body(Body::from(*body)).unwrap()).await.unwrap();
        expect(&response, open.unwrap_or(401), &format!("{method} {path} with a session"));
        for asker in ASKERS {
            for most in Right::ALL {
                let token = with_token(&desk, asker.name, asker.role, asker.rights, most, 1).await;
                let what = format!("{method} {path} as {} with {}", asker.name, most.code());
                let response = ask(method, &target, body, Some(&token)).await;
                expect(&response, asker.gets(lets, most), &what);
                if let Holder(..) | OperatorOn(_) = lets {
                    let response = ask(method, &filled(path, "unbekannt"), body, Some(&token)).await;
                    let status = response.status().as_u16();
                    assert!(status == 404 || (status == 403 && asker.role == Role::Operator), "{what}: {status}");
                }
            }
        }
        let response = ask("OPTIONS", &target, "", None).await;
        expect(&response, 405, &format!("OPTIONS {path}"));
    }
}

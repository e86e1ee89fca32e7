//! What the gateway keeps of portals' answers, seen from outside: the program with its configuration, a portal, citizens
//! and an operator.

use std::net::SocketAddr;

use tests::client::{Answer, ask, get, get_with, post_form};
use tests::portal::{FakePortal, Reply, Request};
use tests::program::{Installation, Serving};

use crate::EXE;

/// A portal whose pages say how long they may be kept.
fn portal() -> FakePortal {
    FakePortal::start(|request: &Request| {
        let path = request.target.split('?').next().unwrap_or_default();
        let body = format!("{} {}", request.method, request.target);
        match path {
            "/kept" => Reply::Answer(200, "Cache-Control: max-age=600\r\nETag: \"1\"\r\n".into(), body.into()),
            "/own" => Reply::Answer(200, "Cache-Control: private, max-age=600\r\n".into(), body.into()),
            "/cookie" => Reply::Answer(200, "Cache-Control: max-age=600\r\nSet-Cookie: s=1\r\n".into(), body.into()),
            "/stale" => match request.fields.get("if-none-match") {
                Some(_) => Reply::Raw(Vec::new()),
                None => {
                    Reply::Answer(200, "Cache-Control: max-age=60\r\nAge: 90\r\nETag: \"1\"\r\n".into(), body.into())
                }
            },
            _ => Reply::ok(body),
        }
    })
}

fn served(portal: &FakePortal, cache: &str) -> (Installation, Serving) {
    let installation = Installation::new(EXE);
    installation.configure("[cache]\nmax_bytes = 1000000\nmax_object_bytes = 100000\n");
    installation.route("eins", &portal.url(""), cache);
    let serving = installation.serve().ready();
    (installation, serving)
}

#[track_caller]
fn check(address: SocketAddr, target: &str, fields: &str, expected: &str) -> Answer {
    let answer = get_with(address, target, fields);
    let done = answer.field("cache-status").unwrap_or("none").to_owned();
    assert!(done.contains(expected), "{target} {fields:?}: {done}");
    answer
}

#[test]
fn what_a_portal_allows_is_kept_and_can_be_purged() {
    let portal = portal();
    let (_installation, serving) = served(&portal, "cache = true\n");
    let (public, kept) = (serving.public, "/portal/eins/kept");
    check(public, kept, "", "fwd=uri-miss; stored");
    let hit = check(public, kept, "", "hit; ttl=");
    assert_eq!((hit.status, hit.body.as_str(), hit.field("age")), (200, "GET /kept", Some("0")));
    assert_eq!(check(public, kept, "If-None-Match: \"1\"\r\n", "hit").status, 304);
    let part = check(public, kept, "Range: bytes=4-8\r\n", "hit");
    assert_eq!((part.status, part.body.as_str()), (206, "/kept"));
    assert_eq!(portal.take_targets(), ["/kept"]);

    for target in ["/portal/eins/own", "/portal/eins/cookie"] {
        check(public, target, "", "fwd=uri-miss");
        check(public, target, "", "fwd=uri-miss");
    }
    assert_eq!(portal.take_targets().len(), 4);
    check(public, "/portal/eins/kept?a", "Authorization: Basic x\r\n", "fwd=uri-miss");
    check(public, "/portal/eins/kept?a", "", "fwd=uri-miss; stored");

    let purged = post_form(serving.internal, "/cache/purge", &[("url", "http://localhost/portal/eins/kept")]);
    assert_eq!(purged.json()["removed"], 1);
    check(public, kept, "", "fwd=uri-miss; stored");
    assert_eq!(post_form(serving.internal, "/cache/purge", &[("portal", "eins")]).json()["removed"], 2);
    check(public, kept, "", "fwd=uri-miss; stored");
    let wrong = post_form(serving.internal, "/cache/purge", &[("all", "yes")]);
    assert_eq!((wrong.status, &wrong.json()["code"]), (400, &"unknown_parameter".into()));
    assert_eq!(
        post_form(public, "/cache/purge", &[("portal", "eins")]).status,
        404,
        "it is no page of the public side"
    );

    let post = format!("POST {kept} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_eq!(ask(public, post.as_bytes()).unwrap().status, 200);
    check(public, kept, "", "fwd=uri-miss; stored");
    let metrics = get(serving.internal, "/metrics").body;
    assert!(
        metrics.contains("portalverbund_gateway_cache_requests_total{portal=\"eins\",result=\"hit\"} 3"),
        "{metrics}"
    );
    serving.stop().expect(0);
}

#[test]
fn a_stale_page_stands_in_for_a_portal_that_fails() {
    let portal = portal();
    let (_installation, serving) = served(&portal, "cache = true\n");
    check(serving.public, "/portal/eins/stale", "", "fwd=uri-miss; stored");
    let answer = check(serving.public, "/portal/eins/stale", "", "hit; ttl=-");
    assert_eq!((answer.status, answer.body.as_str()), (200, "GET /stale"));
    serving.stop().expect(0);
}

#[test]
fn nothing_is_kept_unless_the_route_says_so() {
    let portal = portal();
    let (_installation, serving) = served(&portal, "");
    for _ in 0..2 {
        check(serving.public, "/portal/eins/kept", "", "none");
    }
    assert_eq!(portal.take_targets().len(), 2);
    serving.stop().expect(0);
}

use axum::body::Body;
use axum::response::Response;
use http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::registry::tests::desk;
use crate::registry::{AccountChange, Role};

const PASSWORD: &str = "ein langes Kennwort";

async fn post(desk: &Desk, path: &str, from: &str, cookie: Option<&str>, fields: &[(&str, &str)]) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut request = Request::post(path)
        .header(header::ORIGIN, "http://localhost")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .extension(Sender(from.parse().unwrap()));
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    crate::registry::pages(desk.clone()).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
}

async fn try_in(desk: &Desk, from: &str, name: &str, password: &str) -> Response {
    post(desk, "/anbindung/anmelden", from, None, &[("name", name), ("kennwort", password)]).await
}

async fn status(desk: &Desk, cookie: &str) -> StatusCode {
    let request = Request::get("/anbindung").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    crate::registry::pages(desk.clone()).oneshot(request).await.unwrap().status()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

fn cookie(response: &Response) -> String {
    let field = response.headers()[header::SET_COOKIE].to_str().unwrap();
    field.split(';').next().unwrap().to_owned()
}

async fn account(desk: &Desk, name: &str) -> i64 {
    desk.registry.make_account(&Who::command_line(), name, Role::Editor, PASSWORD).await.unwrap()
}

#[test]
fn the_bar_grows_up_to_its_bound() {
    let seconds: Vec<_> = [1, 5, 6, 7, 10, 15, 16, 1_000_000].map(|failures| bar(failures, 5).as_secs()).into();
    assert_eq!(seconds, [0, 0, 1, 2, 16, 512, 900, 900]);
}

#[tokio::test]
async fn who_signs_in_gets_a_new_session_that_only_browsers_hold() {
    let (_dir, desk) = desk(Vec::new()).await;
    account(&desk, "red").await;
    let response = try_in(&desk, "192.0.2.1", "Red ", PASSWORD).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "/anbindung");
    let field = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(field.ends_with("; Path=/anbindung; HttpOnly; SameSite=Lax"), "{field}");
    let first = cookie(&response);
    assert_eq!(status(&desk, &first).await, StatusCode::OK);
    // Signing in again in the same browser ends the session before.
    let fields = [("name", "red"), ("kennwort", PASSWORD), ("weiter", "/anbindung/konto")];
    let response = post(&desk, "/anbindung/anmelden", "192.0.2.1", Some(&first), &fields).await;
    assert_eq!(response.headers()[header::LOCATION], "/anbindung/konto");
    let second = cookie(&response);
    assert_ne!(first, second);
    assert_eq!(status(&desk, &first).await, StatusCode::SEE_OTHER);
    assert_eq!(status(&desk, &second).await, StatusCode::OK);
    // Its secret stands nowhere in the registry.
    let kept = desk.registry.sessions(1).await.unwrap();
    let secret = second.split_once('=').unwrap().1;
    assert!(kept.len() == 1 && kept[0].hash == secrets::hash(secret) && !format!("{kept:?}").contains(secret));
    assert_eq!(kept[0].network.as_deref(), Some("192.0.2.0/24"));
    let csrf = secrets::csrf(secret);
    let response = post(&desk, "/anbindung/abmelden", "192.0.2.1", Some(&second), &[("csrf", &csrf)]).await;
    assert_eq!(response.headers()[header::LOCATION], "/anbindung/abgemeldet");
    assert!(response.headers()[header::SET_COOKIE].to_str().unwrap().contains("pvnrw=; Path=/anbindung"));
    assert_eq!(status(&desk, &second).await, StatusCode::SEE_OTHER);
    // Nobody is led to another site.
    let fields = [("name", "red"), ("kennwort", PASSWORD), ("weiter", "//evil.example/anbindung/")];
    let response = post(&desk, "/anbindung/anmelden", "192.0.2.1", None, &fields).await;
    assert_eq!(response.headers()[header::LOCATION], "/anbindung");
}

#[tokio::test]
async fn over_tls_the_cookie_is_secure() {
    let (_dir, mut desk) = desk(Vec::new()).await;
    desk.site.public_url = "https://portal.example/".parse().unwrap();
    let desk = Desk::new(desk.registry, desk.site, None, desk.portals, desk.config, desk.fetcher).unwrap();
    assert_eq!(
        desk.session_cookie("x", "").to_str().unwrap(),
        "__Secure-pvnrw=x; Path=/anbindung; HttpOnly; SameSite=Lax; Secure"
    );
}

#[tokio::test]
async fn nobody_learns_whether_there_is_an_account() {
    let (_dir, desk) = desk(Vec::new()).await;
    account(&desk, "red").await;
    let locked = account(&desk, "zu").await;
    let change = AccountChange { locked: Some(true), ..AccountChange::default() };
    desk.registry.change_account(&Who::command_line(), locked, &change, None, false).await.unwrap();
    let mut answers = Vec::new();
    for (name, password) in [("red", "falsches Kennwort"), ("niemand", PASSWORD), ("zu", PASSWORD), ("zu", "falsch")] {
        let response = try_in(&desk, "192.0.2.1", name, password).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{name}");
        assert!(response.headers().get(header::SET_COOKIE).is_none());
        let page = text(response).await;
        crate::pages::tests::markup::check(&page);
        assert!(page.contains("role=\"alert\"") && !page.contains(password));
        answers.push(page.replace(&format!("value=\"{name}\""), "value=\"?\""));
    }
    assert!(answers.iter().all(|page| *page == answers[0]), "what is said does not depend on the account");
    let entries = desk.registry.audit_after(0, 100).await.unwrap();
    let refused: Vec<_> = entries.iter().filter(|entry| entry.action == "session.refused").collect();
    assert_eq!(refused.len(), 4);
    assert_eq!(refused[1].after, None, "a name that is no account may be a password typed into the wrong field");
    assert!(!format!("{entries:?}").contains("falsches Kennwort") && !format!("{entries:?}").contains("niemand"));
}

#[tokio::test]
async fn too_many_failures_bar_the_name_from_everywhere() {
    let (_dir, desk) = desk(Vec::new()).await;
    let id = account(&desk, "red").await;
    for name in ["red", "niemand"] {
        for number in 0..=FREE_OF_NAME {
            let response = try_in(&desk, &format!("192.0.2.{number}"), name, "falsches Kennwort").await;
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{number}");
        }
        // Barred, whether it is an account or not, and with the right password as well.
        let response = try_in(&desk, "198.51.100.1", name, PASSWORD).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "{name}");
        let wait: u64 = response.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=2).contains(&wait), "{wait}");
        assert!(text(response).await.contains("Zu viele Versuche"));
    }
    // Other names are not barred, and the operator ends a bar.
    let other = account(&desk, "andere").await;
    assert_ne!(other, id);
    assert_eq!(try_in(&desk, "198.51.100.1", "andere", PASSWORD).await.status(), StatusCode::SEE_OTHER);
    let account = desk.registry.account_named("red").await.unwrap().unwrap();
    desk.registry.end_bar(&Who::command_line(), &account).await.unwrap();
    assert_eq!(try_in(&desk, "198.51.100.1", "red", PASSWORD).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn too_many_failures_bar_the_client_for_all_names() {
    let (_dir, desk) = desk(Vec::new()).await;
    account(&desk, "red").await;
    for number in 0..=FREE_OF_NETWORK {
        let response = try_in(&desk, "2001:db8:0:1::7", &format!("name{number}"), "falsches Kennwort").await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{number}");
    }
    let response = try_in(&desk, "2001:db8:0:2::8", "red", PASSWORD).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "an IPv6 client is a network of 56 bits");
    assert_eq!(try_in(&desk, "2001:db8:1::8", "red", PASSWORD).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn sessions_end_when_idle_and_in_any_case() {
    let (_dir, desk) = desk(Vec::new()).await;
    account(&desk, "red").await;
    let secret = cookie(&try_in(&desk, "192.0.2.1", "red", PASSWORD).await).split_once('=').unwrap().1.to_owned();
    let begun = config::clock::now();
    let at = async |seconds| {
        let now = begun + SignedDuration::from_secs(seconds);
        desk.registry.by_session(&secret, &desk.sessions, now).await.unwrap().is_some()
    };
    let idle = desk.sessions.idle.as_secs();
    assert!(at(idle - 5).await, "seen shortly before the end of the idle time");
    assert!(at(idle + 60).await, "which began anew with that");
    assert!(!at(3 * idle).await);
    let mut now = idle + 60;
    while now + idle / 2 < desk.sessions.whole.as_secs() {
        now += idle / 2;
        assert!(at(now).await, "{now}");
    }
    assert!(!at(desk.sessions.whole.as_secs() + 5).await, "however much it is used");
}

#[tokio::test]
async fn a_sign_in_from_another_site_is_refused() {
    let (_dir, desk) = desk(Vec::new()).await;
    account(&desk, "red").await;
    let body = "name=red&kennwort=ein+langes+Kennwort";
    let request = Request::post("/anbindung/anmelden")
        .header(header::ORIGIN, "https://evil.example")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let response = crate::registry::pages(desk.clone()).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(response.headers().get(header::SET_COOKIE).is_none());
}

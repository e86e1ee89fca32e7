use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use tower::ServiceExt as _;

use super::*;
use crate::pages::tests::markup;
use crate::registry::secrets;
use crate::registry::tests::{desk, signed_in};
use crate::registry::{AccountChange, Role};

async fn ask(desk: &Desk, cookie: &str, path: &str, fields: Option<&[(&str, &str)]>) -> (StatusCode, String) {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields.unwrap_or_default()).finish();
    let request = match fields {
        None => Request::get(path),
        Some(_) => Request::post(path).header(header::ORIGIN, "http://localhost"),
    };
    let request =
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").header(header::COOKIE, cookie);
    let response = crate::registry::pages(desk.clone()).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = response.status();
    let page = String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    if !page.is_empty() {
        markup::check(&page);
    }
    (status, page)
}

fn token_in(page: &str) -> &str {
    let rest = page.split("<code id=\"schluessel\">").nth(1).expect("the page shows a token");
    rest.split('<').next().unwrap()
}

#[tokio::test]
async fn a_token_is_shown_once_and_ends_when_it_is_revoked_or_old() {
    let (_dir, desk) = desk(Vec::new()).await;
    let (cookie, csrf) = signed_in(&desk, "red", Role::Editor, &[("stadt", Right::Deliver)]).await;
    let wish = [("csrf", csrf.as_str()), ("name", "Nacht"), ("recht", "deliver"), ("portale", "stadt"), ("tage", "30")];
    let (status, page) = ask(&desk, &cookie, "/anbindung/konto/schluessel", Some(&wish)).await;
    assert_eq!(status, StatusCode::OK);
    let token = token_in(&page).to_owned();
    assert!(token.starts_with("pvnrw_") && token.len() == 49, "{token}");
    let (_, page) = ask(&desk, &cookie, "/anbindung/konto", None).await;
    assert!(page.contains("Nacht") && page.contains("noch nie") && !page.contains(&token));
    let now = clock::now();
    let who = desk.registry.by_token(&token, now).await.unwrap().unwrap();
    assert!(who.may(Right::Deliver, &"stadt".parse().unwrap()) && !who.may(Right::Read, &"andere".parse().unwrap()));
    assert!(desk.registry.by_token(&format!("{token}x"), now).await.unwrap().is_none());
    let used = desk.registry.tokens(who.account).await.unwrap()[0].used;
    assert!(used.is_some());
    // Valid for 30 days and not a second longer.
    let later = |seconds: i64| now + SignedDuration::from_secs(30 * 86_400 + seconds);
    assert!(desk.registry.by_token(&token, later(-60)).await.unwrap().is_some());
    assert!(desk.registry.by_token(&token, later(1)).await.unwrap().is_none());
    // A second one of the name for its rotation, and no third.
    assert_eq!(ask(&desk, &cookie, "/anbindung/konto/schluessel", Some(&wish)).await.0, StatusCode::OK);
    let (status, page) = ask(&desk, &cookie, "/anbindung/konto/schluessel", Some(&wish)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("schon zwei Zugangsschlüssel"));
    // What belongs to another account cannot be revoked.
    let (foreign, foreign_csrf) = signed_in(&desk, "fremd", Role::Editor, &[]).await;
    let fields = [("csrf", foreign_csrf.as_str())];
    let path = "/anbindung/konto/schluessel/1/widerrufen";
    assert_eq!(ask(&desk, &foreign, path, Some(&fields)).await.0, StatusCode::NOT_FOUND);
    assert!(desk.registry.by_token(&token, now).await.unwrap().is_some());
    let (status, _) = ask(&desk, &cookie, path, Some(&[("csrf", csrf.as_str())])).await;
    assert_eq!(status, StatusCode::OK);
    assert!(desk.registry.by_token(&token, now).await.unwrap().is_none());
    // Neither the trail nor any row holds the token.
    let trail = format!("{:?}", desk.registry.audit_after(0, 100).await.unwrap());
    assert!(trail.contains("token.add") && trail.contains("token.revoke") && !trail.contains(&token));
}

#[tokio::test]
async fn a_locked_account_has_neither_session_nor_token() {
    let (_dir, desk) = desk(Vec::new()).await;
    let (cookie, csrf) = signed_in(&desk, "red", Role::Editor, &[("stadt", Right::Manage)]).await;
    let wish = [("csrf", csrf.as_str()), ("name", "x"), ("recht", "manage"), ("tage", "365")];
    let (_, page) = ask(&desk, &cookie, "/anbindung/konto/schluessel", Some(&wish)).await;
    let token = token_in(&page).to_owned();
    let id = desk.registry.account_named("red").await.unwrap().unwrap().id;
    let lock = async |locked| {
        let change = AccountChange { locked: Some(locked), ..AccountChange::default() };
        desk.registry.change_account(&Who::command_line(), id, &change, None, false).await.unwrap();
        desk.registry.by_token(&token, clock::now()).await.unwrap().is_some()
    };
    assert!(!lock(true).await);
    assert_eq!(ask(&desk, &cookie, "/anbindung/konto", None).await.0, StatusCode::SEE_OTHER);
    assert!(lock(false).await);
    assert_eq!(ask(&desk, &cookie, "/anbindung/konto", None).await.0, StatusCode::SEE_OTHER, "its sessions ended");
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_said_at_its_field() {
    let (_dir, desk) = desk(Vec::new()).await;
    let (cookie, csrf) = signed_in(&desk, "red", Role::Editor, &[("stadt", Right::Read)]).await;
    for (name, right, portals, days, field) in [
        ("", "read", "", "30", "schluessel-name"),
        ("x", "read", "", "366", "tage"),
        ("x", "read", "", "viele", "tage"),
        ("x", "read", "andere", "30", "portale"),
        ("x", "read", "Große Stadt", "30", "portale"),
        ("x", "alles", "", "30", "recht-read"),
    ] {
        let wish = [("csrf", csrf.as_str()), ("name", name), ("recht", right), ("portale", portals), ("tage", days)];
        let (status, page) = ask(&desk, &cookie, "/anbindung/konto/schluessel", Some(&wish)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{field}");
        assert!(page.contains(&format!("<a href=\"#{field}\">")), "{field}: {page}");
    }
    assert_eq!(desk.registry.tokens(1).await.unwrap(), []);
}

#[tokio::test]
async fn other_sessions_end_one_by_one_or_all() {
    let (_dir, desk) = desk(Vec::new()).await;
    let (one, csrf) = signed_in(&desk, "red", Role::Editor, &[]).await;
    let (two, _) = signed_in(&desk, "red", Role::Editor, &[]).await;
    let (three, _) = signed_in(&desk, "red", Role::Editor, &[]).await;
    let open = async |cookie: &str| ask(&desk, cookie, "/anbindung/konto", None).await.0 == StatusCode::OK;
    let hash = secrets::hash(two.split_once('=').unwrap().1);
    let end = async |which: &str| {
        ask(&desk, &one, "/anbindung/konto/sitzungen", Some(&[("csrf", &csrf), ("welche", which)])).await.0
    };
    assert_eq!(end(&name_of(&hash)).await, StatusCode::SEE_OTHER);
    assert!(!open(&two).await && open(&three).await && open(&one).await);
    assert_eq!(end("nichts").await, StatusCode::NOT_FOUND);
    assert_eq!(end("andere").await, StatusCode::SEE_OTHER);
    assert!(!open(&three).await && open(&one).await);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    let (_dir, desk) = desk(Vec::new()).await;
    let (old, new) = ("ein langes Kennwort", "ein noch längeres Kennwort");
    desk.registry.make_account(&Who::command_line(), "red", Role::Editor, old).await.unwrap();
    let (one, csrf) = signed_in(&desk, "red", Role::Editor, &[]).await;
    let (two, _) = signed_in(&desk, "red", Role::Editor, &[]).await;
    let change = async |present: &str, wished: &str| {
        let fields = [("csrf", csrf.as_str()), ("bisher", present), ("neu", wished)];
        ask(&desk, &one, "/anbindung/konto/kennwort", Some(&fields)).await
    };
    let (status, page) = change("falsches Kennwort", new).await;
    assert!(status == StatusCode::BAD_REQUEST && page.contains("#bisher"), "{page}");
    let (status, page) = change(old, "kurz").await;
    assert!(status == StatusCode::BAD_REQUEST && page.contains("#neu"), "{page}");
    let (status, page) = change(old, new).await;
    assert!(status == StatusCode::OK && page.contains("geändert"), "{page}");
    assert_eq!(ask(&desk, &two, "/anbindung/konto", None).await.0, StatusCode::SEE_OTHER);
    for number in 0..=5 {
        assert_eq!(change("falsches Kennwort", new).await.0, StatusCode::BAD_REQUEST, "{number}");
    }
    assert_eq!(change(new, old).await.0, StatusCode::TOO_MANY_REQUESTS, "nobody tries passwords without end");
}

use axum::body::Body;
use connectors::registration::Portal;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

mod pages;

use super::*;
use crate::registry::tests::{desk, with_token};
use crate::registry::{Right, Role};

const XML: &str = "application/xml";
const NDJSON: &str = "application/x-ndjson";
const PERSO: &str = r#"{"leistungsschluessel": "99108003022000", "bezeichnung": "Personalausweis beantragen", "stellen": [{"name": "Bürgerbüro", "telefon": "0241 1"}]}"#;

fn portal(id: &str, gebiet: &str, connector: Value) -> Portal {
    let text = json!({"id": id, "name": format!("Portal {id}"), "gebiet": gebiet, "connector": connector});
    serde_json::from_value(text).unwrap()
}

/// A desk with the portals `stadt` and `fremd`, which hand in, and `index`, which is collected.
struct Counter {
    _dir: TempDir,
    desk: Desk,
    token: String,
}

impl Counter {
    async fn open() -> Self {
        let push = || json!({"kind": "push"});
        let index = json!({"kind": "xzufi-index", "url": "http://127.0.0.1:9/index.txt"});
        let portals = vec![
            portal("stadt", "053340002002", push()),
            portal("fremd", "053340004004", push()),
            portal("land", "050000000000", push()),
            portal("index", "053340008008", index),
        ];
        let (dir, desk) = desk(portals).await;
        let rights = [("stadt", Right::Deliver), ("index", Right::Manage)];
        let token = with_token(&desk, "red", Role::Editor, &rights, Right::Manage, 30).await;
        Self { _dir: dir, desk, token }
    }

    async fn ask(&self, request: http::request::Builder, body: impl Into<Body>) -> (StatusCode, Value) {
        let request = request.body(body.into()).unwrap();
        let response = crate::pages::router(self.desk.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    fn request(&self, method: Method, path: &str, token: &str) -> http::request::Builder {
        Request::builder().method(method).uri(format!("/api/v1/portals/{path}")).header(header::AUTHORIZATION, token)
    }

    async fn push(&self, path: &str, media: &str, key: Option<&str>, body: &str) -> (StatusCode, Value) {
        let mut request = self.request(Method::POST, path, &self.token).header(header::CONTENT_TYPE, media);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.ask(request, body.to_owned()).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(self.request(Method::GET, path, &self.token), Body::empty()).await
    }

    async fn page(&self, url: &str) -> (StatusCode, Value) {
        let path = url.strip_prefix("http://localhost").unwrap();
        self.ask(Request::get(path), Body::empty()).await
    }
}

fn verdicts(answer: &Value) -> Vec<(Option<u64>, &str)> {
    let records = answer["records"].as_array().unwrap();
    records.iter().map(|one| (one["line"].as_u64(), one["verdict"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_delivery_is_answered_record_by_record_and_citizens_see_it() {
    let counter = Counter::open().await;
    let body = format!("{PERSO}\n{{\n");
    let (status, answer) = counter.push("stadt/imports", NDJSON, None, &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(verdicts(&answer), [(Some(1), "taken"), (Some(2), "quarantined")]);
    let faulty = &answer["records"][1]["findings"][0];
    assert_eq!((faulty["rule"].as_str(), faulty["severity"].as_str()), (Some("zeile.json"), Some("business")));
    assert!(faulty["sentence"].as_str().unwrap().contains("kein gültiges JSON"), "{faulty}");
    assert_eq!((&answer["outcome"], &answer["visible"]), (&json!("applied"), &json!(true)));
    let url = answer["records"][0]["url"].as_str().unwrap();
    let (status, page) = counter.page(url).await;
    let page = page.as_str().unwrap();
    assert!(status == StatusCode::OK && page.contains("Personalausweis beantragen"), "{url} {status}");
    assert!(page.contains("Bürgerbüro") && page.contains("0241 1"), "the office stands on the page");
    let (_, kept) = counter.get(&format!("stadt/imports/{}", answer["import"])).await;
    assert_eq!(kept, answer);
    let (_, list) = counter.get("stadt/imports").await;
    assert_eq!(
        (&list[0]["import"], &list[0]["outcome"], &list[0]["by"]),
        (&json!(1), &json!("applied"), &json!("red"))
    );
    let trail = counter.desk.registry.audit_after(0, 10).await.unwrap();
    let actions: Vec<_> = trail.iter().map(|entry| (entry.action.as_str(), entry.portal.as_deref())).collect();
    assert_eq!(actions, [("import.received", Some("stadt")), ("import.applied", Some("stadt"))]);
}

#[tokio::test]
async fn a_trial_answers_alike_and_changes_nothing() {
    let counter = Counter::open().await;
    let (status, answer) = counter.push("stadt/imports?dry_run=true", NDJSON, None, PERSO).await;
    assert_eq!((status, verdicts(&answer)), (StatusCode::OK, vec![(Some(1), "taken")]));
    assert_eq!((&answer["outcome"], &answer["run"]), (&json!("trial"), &Value::Null));
    let url = answer["records"][0]["url"].as_str().unwrap();
    assert_eq!(counter.page(url).await.0, StatusCode::NOT_FOUND);
    assert!(counter.desk.registry.audit_after(0, 10).await.unwrap().is_empty(), "nothing was done");
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_never_that_of_another_delivery() {
    let counter = Counter::open().await;
    let first = counter.push("stadt/imports", NDJSON, Some("a-1"), PERSO).await;
    assert_eq!(verdicts(&first.1), [(Some(1), "taken")]);
    assert_eq!(counter.push("stadt/imports", NDJSON, Some("a-1"), PERSO).await, first);
    let other = PERSO.replace("0241 1", "0241 2");
    for (path, body) in [("stadt/imports", other.as_str()), ("stadt/imports?dry_run=true", PERSO)] {
        let (status, answer) = counter.push(path, NDJSON, Some("a-1"), body).await;
        assert_eq!((status, &answer["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency_key_reused")));
    }
    let (_, again) = counter.push("stadt/imports", NDJSON, Some("a-2"), PERSO).await;
    assert_eq!(verdicts(&again), [(Some(1), "unchanged")]);
    let _way = counter.desk.on_their_way.begin("stadt a-3".into()).unwrap();
    let (status, answer) = counter.push("stadt/imports", NDJSON, Some("a-3"), PERSO).await;
    assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("delivery_on_its_way")));
}

#[tokio::test]
async fn nobody_delivers_where_they_may_not_and_what_cannot_be_read_is_refused() {
    let counter = Counter::open().await;
    let reader = with_token(&counter.desk, "leser", Role::Editor, &[("stadt", Right::Read)], Right::Manage, 30).await;
    let with =
        |token: &str, path: &str| counter.request(Method::POST, path, token).header(header::CONTENT_TYPE, NDJSON);
    for (token, path, expected) in [
        (counter.token.as_str(), "fremd/imports", StatusCode::NOT_FOUND),
        (&counter.token, "keins/imports", StatusCode::NOT_FOUND),
        (&reader, "stadt/imports", StatusCode::FORBIDDEN),
        ("Bearer falsch", "stadt/imports", StatusCode::UNAUTHORIZED),
        (&counter.token, "stadt/imports?coverage=alles", StatusCode::BAD_REQUEST),
        (&counter.token, "stadt/imports?dry=true", StatusCode::BAD_REQUEST),
        (&counter.token, "index/imports", StatusCode::CONFLICT),
        (&counter.token, "index/imports?dry_run=true", StatusCode::OK),
    ] {
        let (status, answer) = counter.ask(with(token, path), PERSO).await;
        assert_eq!(status, expected, "{path}: {answer}");
    }
    assert_eq!(counter.get("fremd/imports").await.0, StatusCode::NOT_FOUND);
    assert_eq!(counter.get("stadt/imports/77").await.0, StatusCode::NOT_FOUND);
    assert_eq!(counter.push("stadt/imports", "text/csv", None, "a").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let long = "k".repeat(256);
    assert_eq!(counter.push("stadt/imports", NDJSON, Some(&long), PERSO).await.0, StatusCode::BAD_REQUEST);
    let (status, answer) = counter.push("stadt/imports", XML, None, "<x>").await;
    assert_eq!((status, &answer["outcome"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("failed")));
    assert_eq!(answer["findings"][0]["severity"], "technical", "{answer}");
    let (_, known) = counter.get("stadt/imports").await;
    assert_eq!(known.as_array().unwrap().len(), 1, "what was refused at the door is no delivery: {known}");
}

#[tokio::test]
async fn a_whole_stock_that_would_remove_too_much_is_held() {
    let counter = Counter::open().await;
    let stock: Vec<String> = (0..80).map(|n| format!(r#"{{"id": "{n}", "bezeichnung": "Leistung {n}"}}"#)).collect();
    let (status, _) = counter.push("stadt/imports?coverage=whole", NDJSON, None, &stock.join("\n")).await;
    assert_eq!(status, StatusCode::OK);
    let (status, answer) =
        counter.push("stadt/imports?coverage=whole", NDJSON, Some("x"), &stock[..5].join("\n")).await;
    assert_eq!(
        (status, &answer["outcome"], &answer["counts"]["removed"]),
        (StatusCode::CONFLICT, &json!("held"), &json!(0))
    );
    assert_eq!(answer["findings"][0]["rule"], "lauf.loeschsperre");
    let path = "stadt/imports?coverage=whole&release=true";
    assert_eq!(counter.push(path, NDJSON, None, &stock[..5].join("\n")).await.0, StatusCode::FORBIDDEN);
    let manager = with_token(&counter.desk, "chef", Role::Editor, &[("stadt", Right::Manage)], Right::Manage, 30).await;
    let request = counter.request(Method::POST, path, &manager).header(header::CONTENT_TYPE, NDJSON);
    let (status, answer) = counter.ask(request, stock[..5].join("\n")).await;
    assert_eq!((status, &answer["counts"]["removed"]), (StatusCode::OK, &json!(75)), "{answer}");
}

#[tokio::test]
async fn a_process_that_cannot_write_says_so() {
    let mut counter = Counter::open().await;
    counter.desk.indexer = None;
    let (status, answer) = counter.push("stadt/imports", NDJSON, None, PERSO).await;
    assert_eq!((status, &answer["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("intake_closed")));
}

#[test]
fn only_where_something_is_handed_in_it_may_be_large() {
    for (path, expected) in [
        ("/api/v1/portals/stadt/imports", true),
        ("/anbindung/stadt/tabelle", true),
        ("/api/v1/portals/stadt/imports/1", false),
        ("/api/v1/portals", false),
        ("/anbindung/stadt/formular", false),
        ("/", false),
    ] {
        assert_eq!(is_handed_in(path), expected, "{path}");
    }
}

use axum::body::Body;
use axum::http::Request;
use connectors::registration::Connector;
use http::header;
use http_body_util::BodyExt as _;
use indexer::run::{RunOptions, Source};
use tower::ServiceExt as _;

use super::*;
use crate::registry::tests::{desk, signed_in, with_token};
use crate::registry::{Role, api as interface, pages as editors};

/// A desk with the portal `stadt`, whose stock lies in a folder.
struct Stadt {
    _kept: [tempfile::TempDir; 2],
    desk: Desk,
    portal: Portal,
}

impl Stadt {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = json!({"id": "stadt", "name": "Stadt", "gebiet": "059110000000",
            "connector": {"kind": "xzufi-folder", "folder": folder.path()}});
        let portal: Portal = serde_json::from_value(text).unwrap();
        let (data, desk) = desk(vec![portal.clone()]).await;
        Self { _kept: [data, folder], desk, portal }
    }

    fn indexer(&self) -> &Indexer {
        self.desk.indexer.as_deref().unwrap()
    }

    /// Lays a stock of so many Leistungen into the portal's folder and collects it.
    async fn collect(&self, count: usize, word: &str) -> RunReport {
        let Connector::XzufiFolder { folder, .. } = &self.portal.connector else { panic!() };
        let mut xml = "<x:t xmlns:x=\"http://xoev.de/schemata/xzufi/2_2_0\" xzufiVersion=\"2.2.0\"><x:nachrichtenkopf>\
            <x:nachrichtUUID>1</x:nachrichtUUID></x:nachrichtenkopf>"
            .to_owned();
        for n in 0..count {
            xml.push_str(&format!(
                "<x:schreibe><x:leistung><x:id schemeAgencyID=\"S\">{n}</x:id><x:modulText><x:leikaTextmodul>\
                 <code>03</code></x:leikaTextmodul><x:inhalt languageCode=\"de\">{word} {n} &lt;b&gt;</x:inhalt>\
                 </x:modulText></x:leistung></x:schreibe>"
            ));
        }
        xml.push_str("</x:t>");
        std::fs::write(folder.join("a.xml"), xml).unwrap();
        std::fs::write(folder.join("index.txt"), "a.xml\n").unwrap();
        let cancel = CancellationToken::new();
        let options = RunOptions::default();
        self.indexer().run(&self.portal, &Source::Registered, options, &cancel).await.unwrap()
    }

    /// Somebody's answer of a page: status, where it leads, body.
    async fn page(&self, method: &str, path: &str, fields: &str) -> (u16, String, String) {
        let (cookie, csrf) = signed_in(&self.desk, "verwaltung", Role::Editor, &[("stadt", Right::Manage)]).await;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, cookie)
            .header(header::ORIGIN, "http://localhost")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = if method == "GET" { Body::empty() } else { Body::from(format!("{fields}&csrf={csrf}")) };
        let response = editors(self.desk.clone()).oneshot(request.body(body).unwrap()).await.unwrap();
        let to = response.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, to.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let rights = [("stadt", Right::Manage)];
        let token = with_token(&self.desk, "programm", Role::Editor, &rights, Right::Manage, 1).await;
        let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, token);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let response = interface(self.desk.clone()).oneshot(request.body(Body::from(body.to_owned())).unwrap());
        let response = response.await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::String(String::from_utf8_lossy(&body).into_owned())))
    }

    async fn trail(&self) -> Vec<String> {
        let entries = self.desk.registry.audit_before(i64::MAX, Some(&self.portal.id), 100).await.unwrap();
        entries.into_iter().rev().map(|entry| entry.action).filter(|action| action.starts_with("run.")).collect()
    }
}

#[tokio::test]
async fn a_held_run_is_looked_at_and_released_on_its_page() {
    let stadt = Stadt::new().await;
    stadt.collect(20, "Titel").await;
    let held = stadt.collect(3, "Titel").await.run.unwrap();
    let (status, _, list) = stadt.page("GET", "/anbindung/stadt/laeufe", "").await;
    assert!(status == 200 && list.contains(&format!("Lauf {held} ist angehalten")), "{list}");
    let path = format!("/anbindung/stadt/laeufe/{held}");
    let (_, _, one) = stadt.page("GET", &path, "").await;
    assert!(one.contains("Entfernt: 17") && one.contains("„Titel 5"), "{one}");
    assert!(!one.contains("<b>"), "what portals write is text");
    let (status, to, _) = stadt.page("POST", &format!("{path}/freigeben"), "x=").await;
    assert_eq!((status, to.starts_with("/anbindung/stadt/laeufe/")), (303, true), "{to}");
    let (_, _, list) = stadt.page("GET", "/anbindung/stadt/laeufe", "").await;
    assert!(!list.contains("angehalten</h2>") && list.contains(">17<"), "{list}");
    let (status, _, again) = stadt.page("POST", &format!("{path}/freigeben"), "x=").await;
    assert!(status == 409 && again.contains("wartet nicht mehr"), "{again}");
    assert_eq!(stadt.trail().await, ["run.release", "run.release.done", "run.release", "run.release.done"]);
}

#[tokio::test]
async fn a_restore_is_shown_confirmed_and_written_down() {
    let stadt = Stadt::new().await;
    stadt.collect(5, "Gut").await;
    let run = stadt.collect(5, "Kaputt").await.run.unwrap();
    let path = format!("/anbindung/stadt/laeufe/{run}/wiederherstellen");
    let (status, _, shown) = stadt.page("POST", &path, "probe=ja").await;
    assert!(status == 200 && shown.contains("Geändert: 5") && shown.contains("„Gut 0"), "{shown}");
    let (status, _, unsure) = stadt.page("POST", &path, "sicher=").await;
    assert!(status == 200 && unsure.contains("Bitte bestätigen Sie"), "{unsure}");
    assert_eq!(stadt.trail().await, Vec::<String>::new(), "nothing happened yet");
    let (status, _, _) = stadt.page("POST", &path, "sicher=ja").await;
    assert_eq!(status, 303);
    let (_, _, list) = stadt.page("GET", "/anbindung/stadt/laeufe", "").await;
    assert!(list.contains("Der Stand vor Lauf") && list.contains("Läufe fortsetzen"), "{list}");
    let (status, _, _) = stadt.page("POST", "/anbindung/stadt/laeufe/fortsetzen", "").await;
    assert_eq!(status, 303);
    let (status, _, _) = stadt.page("POST", "/anbindung/stadt/laeufe/anhalten", "grund=Umzug").await;
    let (_, _, list) = stadt.page("GET", "/anbindung/stadt/laeufe", "").await;
    assert!(status == 303 && list.contains("keine Läufe gemacht: Umzug"), "{list}");
    let trail = ["run.restore", "run.restore.done", "run.resume", "run.resume.done", "run.pause", "run.pause.done"];
    assert_eq!(stadt.trail().await, trail);
    assert!(stadt.desk.registry.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn programs_do_the_same_and_follow_a_run() {
    let stadt = Stadt::new().await;
    stadt.collect(20, "Titel").await;
    let held = stadt.collect(3, "Titel").await.run.unwrap();
    let (status, runs) = stadt.ask("GET", "/api/v1/portals/stadt/runs", "").await;
    assert_eq!((status, runs["held"].as_i64(), runs["running"].as_bool()), (200, Some(held), Some(false)));
    assert_eq!(
        (runs["runs"][0]["outcome"].as_str(), runs["runs"][1]["restorable"].as_bool()),
        (Some("held"), Some(true))
    );
    let (_, plan) = stadt.ask("GET", "/api/v1/portals/stadt/runs/held", "").await;
    assert_eq!(plan["plan"]["removed"]["total"], 17);
    let (status, done) = stadt.ask("POST", &format!("/api/v1/portals/stadt/runs/{held}/release"), "").await;
    assert_eq!((status, done["outcome"].as_str(), done["removed"].as_u64()), (200, Some("applied"), Some(17)));
    let run = done["run"].as_i64().unwrap();
    let path = format!("/api/v1/portals/stadt/runs/{run}/restore");
    let (status, trial) = stadt.ask("POST", &path, r#"{"dry_run": true}"#).await;
    assert_eq!((status, trial["outcome"].as_str(), trial["added"].as_u64()), (200, Some("trial"), Some(17)));
    let (_, restored) = stadt.ask("POST", &path, "{}").await;
    assert_eq!(restored["outcome"], "restored");
    let (status, refused) = stadt.ask("POST", "/api/v1/portals/stadt/runs/999/restore", "{}").await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("run_conflict")));
    let (_, runs) = stadt.ask("POST", "/api/v1/portals/stadt/runs/resume", "").await;
    assert_eq!(runs["paused"], false);
    let (_, aside) = stadt.ask("GET", "/api/v1/portals/stadt/runs/quarantine", "").await;
    assert_eq!(aside["records"].as_array().map(Vec::len), Some(0));
    // nothing goes on: the events end at once
    let (status, events) = stadt.ask("GET", "/api/v1/portals/stadt/runs/current/events", "").await;
    assert_eq!((status, events.as_str()), (200, Some("event: end\ndata: {}\n\n")));
}

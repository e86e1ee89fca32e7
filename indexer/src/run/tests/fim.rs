//! Runs against a FIM portal of our own.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;
use crate::fixture::{answer, portal_with, server};
use crate::record::{Lang, Object};

/// What the portal has: title and time of change by id.
type Stock = Arc<Mutex<BTreeMap<String, (String, String)>>>;

const OLD: &str = "2020-01-01T00:00:00Z";

/// A Leistung as the portal gives it: an object by itself, or in a message.
fn object(id: &str, title: &str) -> String {
    let leistung = |namespaces: &str| {
        format!(
            "<x:leistung {namespaces}><x:id schemeAgencyID=\"L1\">{id}</x:id>\
             <x:modulText><x:leikaTextmodul><code>03</code></x:leikaTextmodul>\
             <x:inhalt languageCode=\"de\">{title}</x:inhalt></x:modulText></x:leistung>"
        )
    };
    let namespace = "xmlns:x=\"http://xoev.de/schemata/xzufi/2_2_0\"";
    match id {
        "2" => format!("<x:test.transfer {namespace}><x:schreibe>{}</x:schreibe></x:test.transfer>", leistung("")),
        _ => leistung(namespace),
    }
}

async fn fim(stock: Stock) -> (String, Arc<Mutex<Vec<String>>>) {
    server(move |_, target| {
        let stock = stock.lock().unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path == "/api/v0/leistung-stammtexte" {
            let since = query.contains("updated_since");
            let items: Vec<_> = stock
                .iter()
                .filter(|(_, (_, changed))| !since || changed != OLD)
                .map(|(id, _)| serde_json::json!({"redaktion_id": "L1", "leistung_id": id}))
                .collect();
            let page = serde_json::json!({"items": items, "offset": 0, "limit": 200, "count": items.len(),
                "total_count": items.len()});
            return answer(200, "Content-Type: application/json\r\n", &page.to_string());
        }
        let id = path.strip_prefix("/api/v0/leistung-stammtexte/L1/").and_then(|rest| rest.split('/').next());
        match id.and_then(|id| Some((id, stock.get(id)?))) {
            Some((id, (title, _))) => answer(200, "Content-Type: application/xml\r\n", &object(id, title)),
            None => answer(404, "", ""),
        }
    })
    .await
}

async fn titles(verbund: &Verbund, of: &Portal) -> Vec<String> {
    let stored = verbund.store().await.leistungen(&of.id).await.unwrap();
    let title = |object: &Object| match object {
        Object::Leistung(leistung) => leistung.title.get(&Lang::DE).cloned(),
        _ => None,
    };
    stored.iter().filter_map(|stored| title(&stored.object)).collect()
}

#[tokio::test]
async fn master_texts_come_change_and_go() {
    let stock = Stock::default();
    let put = |id: &str, title: &str, changed: &str| {
        stock.lock().unwrap().insert(id.to_owned(), (title.to_owned(), changed.to_owned()))
    };
    for id in ["1", "2", "3"] {
        put(id, &format!("Text {id}"), OLD);
    }
    let (base, asked) = fim(stock.clone()).await;
    let connector = serde_json::json!({"kind": "fim", "url": format!("{base}/api/v0/"), "every_s": 3600});
    let fim = portal_with("fim", "000000000000", serde_json::json!({"connector": connector}));
    let verbund = Verbund::open_dialling(vec![fim.clone()], "127.0.0.0/8").await;
    let run = async |options| verbund.run(&fim, &Source::Registered, options).await;

    let first = run(RunOptions::default()).await;
    assert_eq!((first.outcome, first.applied.added), (Outcome::Applied, 3), "{:?}", first.findings);
    assert_eq!(titles(&verbund, &fim).await, ["Text 1", "Text 2", "Text 3"]);

    // One changed; another one went, which a run for changes cannot see.
    put("2", "Neuer Text 2", "2026-11-02T12:00:00Z");
    stock.lock().unwrap().remove("3");
    asked.lock().unwrap().clear();
    let second = run(RunOptions::default()).await;
    assert_eq!((second.applied.updated, second.applied.removed), (1, 0));
    assert_eq!(titles(&verbund, &fim).await, ["Text 1", "Neuer Text 2", "Text 3"]);
    let heads = asked.lock().unwrap().clone();
    assert!(heads.len() == 2 && heads[0].contains("&updated_since="), "{heads:?}");

    // A whole pass would remove a third of the records: it is held until somebody has looked.
    let again = RunOptions { again: true, ..RunOptions::default() };
    let held = run(again).await;
    assert_eq!((held.outcome, rules(&held)), (Outcome::Held, vec![Rule::GuardHeld]));
    assert_eq!(titles(&verbund, &fim).await.len(), 3);
    let released = run(RunOptions { release: true, ..again }).await;
    assert_eq!((released.outcome, released.applied.removed), (Outcome::Applied, 1), "{:?}", released.findings);
    assert_eq!(titles(&verbund, &fim).await, ["Text 1", "Neuer Text 2"]);

    // An empty portal is a fault, not a reason to remove everything.
    stock.lock().unwrap().clear();
    let empty = run(again).await;
    assert_eq!((empty.outcome, rules(&empty)), (Outcome::Failed, vec![Rule::IndexEmpty]));
    assert_eq!(titles(&verbund, &fim).await.len(), 2);
}

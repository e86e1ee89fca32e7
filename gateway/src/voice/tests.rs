use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::pages::tests::markup;
use crate::registry::tests::{desk, signed_in, with_token};
use crate::registry::{FeedbackFilter, NewFeedback, Right, Role, Taken};

const OPERATOR: &str = "[operator]\nname = \"Stadt Beispiel <b>\"\nstrasse = \"Weg 1\"\nplz = \"40000\"\nort = \"Musterstadt\"\n\
    email = \"post@stadt.example\"\n";

struct Seite {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Seite {
    #[track_caller]
    fn shows(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(self.text.contains(text), "no `{text}` in {}", self.text);
        }
        self
    }
}

async fn ask(desk: &Desk, request: Request<Body>) -> Seite {
    let response = crate::pages::router(desk.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Seite { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

async fn get(desk: &Desk, path: &str) -> Seite {
    ask(desk, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post(desk: &Desk, path: &str, fields: &[(&str, &str)]) -> Seite {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    ask(desk, request.body(Body::from(form)).unwrap()).await
}

/// The same desk with other words in its configuration.
fn configured(mut desk: Desk, more: &str) -> Desk {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost/\"\n\
         [store]\nurl = \"sqlite://x.db\"\n[index]\ndir = \"x\"\n{more}"
    );
    let read = config::Config::parse(std::path::Path::new("test"), &text).unwrap();
    let config = config::Config { operator: read.operator, feedback: read.feedback, ..(*desk.config).clone() };
    desk.config = Arc::new(config);
    desk
}

fn new<'a>(portal: Option<&'a connectors::ids::PortalId>, body: &'a str) -> NewFeedback<'a> {
    NewFeedback {
        kind: if portal.is_some() { "link" } else { "barriere" },
        portal,
        leistung: "99012999017001",
        title: "Hund anmelden",
        ars: "059110000000",
        page: "",
        lang: "de",
        body,
        email: Some("frau@beispiel.example"),
    }
}

async fn keep(desk: &Desk, new: &NewFeedback<'_>, most: u32) -> Taken {
    let mut tx = desk.registry.begin().await.unwrap();
    let taken = tx.take_feedback(new, most).await.unwrap();
    tx.commit().await.unwrap();
    taken
}

async fn kept(desk: &Desk) -> Vec<crate::registry::FeedbackRow> {
    desk.registry.feedback(&FeedbackFilter { limit: 1_000, ..FeedbackFilter::default() }).await.unwrap()
}

#[tokio::test]
async fn every_page_is_sound_in_every_language_with_and_without_an_operator() {
    let (_dir, bare) = desk(Vec::new()).await;
    let stated = configured(bare.clone(), OPERATOR);
    for (desk, named) in [(&bare, false), (&stated, true)] {
        for sprache in Sprache::ALL {
            for path in [
                "/rueckmeldung",
                "/barriere-melden",
                "/rueckmeldung/danke",
                "/barriere-melden/danke",
                "/impressum",
                "/datenschutz",
                "/barrierefreiheit",
                "/hilfe",
                "/daten",
                "/kurz",
                "/kurz?q=hund&ort=Bochum",
                "/kurz?q=hund&ort=nirgends",
            ] {
                let seite = get(desk, &sprache.path(path)).await;
                assert_eq!(seite.status, StatusCode::OK, "{}", sprache.path(path));
                markup::check(&seite.text);
                assert!(!seite.headers.contains_key(header::SET_COOKIE));
                assert!(!seite.text.contains("Beispiel <b>"), "{path}");
                let listed = ["/impressum", "/datenschutz", "/barrierefreiheit", "/hilfe", "/daten"];
                assert_eq!(seite.headers.contains_key("x-robots-tag"), !listed.contains(&path), "{path}");
            }
            for path in ["/impressum", "/datenschutz"] {
                let seite = get(desk, &sprache.path(path)).await;
                assert_eq!(seite.text.contains("Stadt Beispiel &#60;b&#62;"), named, "{}", seite.text);
                assert_eq!(seite.text.contains("kern-alert--warning"), !named, "{}", seite.text);
            }
        }
    }
    get(&bare, "/barrierefreiheit").await.shows(&["noch nicht bewertet", "Fürstenwall 25", "noch kein Datum"]);
    get(&bare, "/leicht/hilfe").await.shows(&["https://www.gebaerdentelefon.de/115", "tel:115"]);
    let found = "barrierefreiheit = { status = \"teilweise\", erstellt = \"2026-11-02\", methode = \"Selbstbewertung\", \
                 maengel = [\"Die Karte hat keinen Text.\"] }\nsample = true\n\
                 gebaerdensprache_url = \"https://video.example/dgs\"\n";
    let assessed = configured(bare, &format!("{OPERATOR}{found}"));
    let seite = get(&assessed, "/barrierefreiheit").await;
    seite.shows(&[
        "teilweise vereinbar",
        "02.11.2026",
        "Die Karte hat keinen Text.",
        "https://video.example/dgs",
        "erfunden",
    ]);
    assert!(!seite.text.contains("gibt es noch nicht"));
    get(&assessed, "/en/barrierefreiheit").await.shows(&[
        "lang=\"de\">\n<li>Die Karte",
        "partially compliant",
        "2026-11-02",
    ]);
}

#[tokio::test]
async fn the_operators_own_words_stand_in_the_stead_of_ours_and_are_no_markup() {
    let (dir, bare) = desk(Vec::new()).await;
    let file = dir.path().join("impressum.txt");
    std::fs::write(&file, "# Wir\n\nStadt <script>x</script>\nWeg 2\n").unwrap();
    let own = configured(bare, &format!("{OPERATOR}impressum_file = {:?}\ndatenschutz_file = \"fehlt\"\n", file));
    get(&own, "/impressum").await.shows(&["<h2 class=\"kern-heading-medium\">Wir</h2>", "Stadt &#60;script&#62;"]);
    get(&own, "/leicht/impressum")
        .await
        .shows(&["gibt es nicht in Leichter Sprache", "<div class=\"text\" lang=\"de\">"]);
    get(&own, "/datenschutz").await.shows(&["keine Cookies"]);
    let (faults, warnings) = super::faults(own.config.operator.as_ref());
    assert!(matches!(faults.as_slice(), [one] if one.starts_with("fehlt: ")), "{faults:?}");
    assert!(warnings.iter().any(|one| one.contains("`barrierefreiheit`")), "{warnings:?}");
    assert_eq!(super::faults(None).1.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_taken_leads_back_with_all_that_was_typed() {
    let (_dir, desk) = desk(Vec::new()).await;
    let text = "Umlaut ä, <script>alert(1)</script> & \"Zitat\"";
    let seite = post(&desk, "/rueckmeldung", &[("text", text), ("email", "keine"), ("website", "x")]).await;
    assert_eq!(seite.status, StatusCode::UNPROCESSABLE_ENTITY);
    markup::check(&seite.text);
    seite.shows(&[
        "href=\"#art-1\"",
        "href=\"#email\"",
        "href=\"#website\"",
        "value=\"keine\"",
        "&#60;script&#62;alert(1)",
    ]);
    assert!(!seite.text.contains("<script>"));
    let long = "x".repeat(2_001);
    let seite = post(&desk, "/en/rueckmeldung", &[("art", "link"), ("text", &long)]).await;
    assert_eq!(seite.status, StatusCode::UNPROCESSABLE_ENTITY);
    seite.shows(&["2,001 characters", &long, "value=\"link\" checked"]);
    let huge = "x".repeat(MAX_FORM_BYTES);
    assert_eq!(post(&desk, "/barriere-melden", &[("text", &huge)]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post(&desk, "/barriere-melden", &[("text", "a"), ("text", "b")]).await.status, StatusCode::BAD_REQUEST);
    assert!(kept(&desk).await.is_empty());
}

#[tokio::test]
async fn a_form_of_another_site_is_refused_and_its_words_stand_nowhere() {
    let (_dir, desk) = desk(Vec::new()).await;
    for (name, value, shown) in [
        ("sec-fetch-site", "cross-site", false),
        ("sec-fetch-site", "same-site", false),
        ("origin", "https://evil.example", false),
        ("accept", "text/html", true),
    ] {
        let request = Request::post("/barriere-melden")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(name, value);
        let seite = ask(&desk, request.body(Body::from("text=Bitte+helfen")).unwrap()).await;
        assert_eq!(seite.status, StatusCode::FORBIDDEN, "{name}: {value}");
        assert_eq!(seite.text.contains("Bitte helfen"), shown, "{name}: {value}");
    }
    assert!(kept(&desk).await.is_empty());
}

#[tokio::test]
async fn what_is_kept_is_kept_once_and_leads_on() {
    let (_dir, desk) = desk(Vec::new()).await;
    let fields = [("text", "Zeile 1\r\nZeile 2"), ("seite", "Start"), ("email", "frau@beispiel.example")];
    for _ in 0..2 {
        let seite = post(&desk, "/leicht/barriere-melden", &fields).await;
        assert_eq!(seite.status, StatusCode::SEE_OTHER, "{}", seite.text);
        assert_eq!(seite.headers[header::LOCATION], "/leicht/barriere-melden/danke");
    }
    let rows = kept(&desk).await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.kind.as_str(), row.portal.as_deref(), row.lang.as_str()), ("barriere", None, "de-simple"));
    assert_eq!((row.body.as_str(), row.page.as_str()), ("Zeile 1\nZeile 2", "Start"));
    // What is not about a record that we know is for the operator; nothing of it is lost.
    let fields = [("art", "anderes"), ("text", "x"), ("leistung", "gibt-es-nicht"), ("ars", "0")];
    assert_eq!(post(&desk, "/rueckmeldung", &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(kept(&desk).await.len(), 2);
    let counted = String::from_utf8(desk.site.insights.metrics().text()).unwrap();
    for line in ["feedback_messages_total{kind=\"barriere\"} 1", "feedback_messages_total{kind=\"anderes\"} 1"] {
        assert!(counted.contains(line), "{counted}");
    }
}

#[tokio::test]
async fn too_many_are_refused_and_said_so() {
    let (_dir, bare) = desk(Vec::new()).await;
    let desk = configured(bare, "[feedback]\nper_hour = 2\n");
    let router = crate::pages::router(desk.clone());
    for (number, expected) in [(1, 303), (2, 303), (3, 429), (4, 429)] {
        let request = Request::post("/barriere-melden")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(format!("text=Nummer+{number}")))
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), expected, "{number}");
        assert_eq!(response.headers().contains_key(header::RETRY_AFTER), expected == 429);
        let text = response.into_body().collect().await.unwrap().to_bytes();
        assert!(expected == 303 || String::from_utf8_lossy(&text).contains(&format!("Nummer {number}")));
    }
    assert_eq!(kept(&desk).await.len(), 2);
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_goes_in_time() {
    let (_dir, desk) = desk(Vec::new()).await;
    let (stadt, fremd) = ("stadt".parse().unwrap(), "fremd".parse().unwrap());
    assert_eq!(keep(&desk, &new(Some(&stadt), "a"), 2).await, Taken::Kept(1));
    assert_eq!(keep(&desk, &new(Some(&stadt), "a"), 2).await, Taken::Again);
    assert_eq!(keep(&desk, &new(Some(&stadt), "b"), 2).await, Taken::Kept(2));
    assert_eq!(keep(&desk, &new(Some(&stadt), "c"), 2).await, Taken::Full);
    assert_eq!(keep(&desk, &new(Some(&fremd), "a"), 2).await, Taken::Kept(3));
    assert_eq!(super::keep::forget(&desk.registry, 1).await.unwrap(), 0);
    assert_eq!(super::keep::forget(&desk.registry, 0).await.unwrap(), 3);
    assert!(kept(&desk).await.is_empty());
    assert_eq!(keep(&desk, &new(None, "a"), 2).await, Taken::Kept(4), "numbers are never given twice");
}

/// A page of editors, asked for by somebody who is signed in.
async fn as_editor(desk: &Desk, cookie: &str, method: &str, path: &str, form: &str) -> Seite {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    ask(desk, request.body(Body::from(form.to_owned())).unwrap()).await
}

#[tokio::test]
async fn editors_see_and_mark_what_is_theirs_and_nothing_else() {
    let portal = |id: &str| {
        let text = serde_json::json!({"id": id, "name": id, "gebiet": "05", "connector": {"kind": "push"}});
        serde_json::from_value(text).unwrap()
    };
    let (_dir, desk) = desk(vec![portal("stadt"), portal("fremd")]).await;
    let (stadt, fremd) = ("stadt".parse().unwrap(), "fremd".parse().unwrap());
    keep(&desk, &new(Some(&stadt), "Zu <b>uns</b>"), 10).await;
    keep(&desk, &new(Some(&fremd), "Zu anderen"), 10).await;
    keep(&desk, &new(None, "An den Betrieb"), 10).await;
    const TEXTS: [&str; 3] = ["Zu &#60;b&#62;uns", "Zu anderen", "An den Betrieb"];
    for (name, role, rights, sees, marks) in [
        ("leser", Role::Editor, &[("stadt", Right::Read)][..], [true, false, false], [403, 404, 404]),
        ("redaktion", Role::Editor, &[("stadt", Right::Deliver)][..], [true, false, false], [303, 404, 404]),
        ("anbieter", Role::Provider, &[("fremd", Right::Manage)][..], [false, true, false], [404, 303, 404]),
        ("niemand", Role::Provider, &[][..], [false, false, false], [404, 404, 404]),
        ("betrieb", Role::Operator, &[][..], [true, true, true], [303, 303, 303]),
    ] {
        let (cookie, csrf) = signed_in(&desk, name, role, rights).await;
        let first = as_editor(&desk, &cookie, "GET", "/anbindung", "").await;
        assert_eq!(first.text.contains("offene Rückmeldung"), sees.contains(&true), "{name}: {}", first.text);
        let seite = as_editor(&desk, &cookie, "GET", "/anbindung/rueckmeldungen?stand=alle", "").await;
        assert_eq!(seite.status, StatusCode::OK);
        markup::check(&seite.text);
        let table = as_editor(&desk, &cookie, "GET", "/anbindung/rueckmeldungen/tabelle.csv?stand=alle", "").await;
        assert!(!table.text.contains("frau@beispiel.example"), "{}", table.text);
        for (text, expected) in TEXTS.into_iter().zip(sees) {
            assert_eq!(seite.text.contains(text), expected, "{name}: {text}");
            let plain = text.replace("&#60;", "<").replace("&#62;", ">");
            assert_eq!(table.text.contains(&plain), expected, "{name}: {text} in the table");
        }
        for (number, expected) in (1..).zip(marks) {
            for done in ["ja", "nein"] {
                let path = format!("/anbindung/rueckmeldungen/{number}/erledigt");
                let marked = as_editor(&desk, &cookie, "POST", &path, &format!("csrf={csrf}&erledigt={done}")).await;
                assert_eq!(marked.status, expected, "{name} marks {number}");
            }
        }
        let token = with_token(&desk, name, role, rights, Right::Read, 1).await;
        for (portal, expected) in [("stadt", sees[0]), ("fremd", sees[1])] {
            let request = Request::get(format!("/api/v1/portals/{portal}/rueckmeldungen"))
                .header(header::AUTHORIZATION, &token)
                .body(Body::empty())
                .unwrap();
            let seite = ask(&desk, request).await;
            assert_eq!(seite.status == StatusCode::OK, expected, "{name}: {portal}");
            assert!(!seite.text.contains("An den Betrieb"));
        }
    }
    let (cookie, csrf) = signed_in(&desk, "redaktion", Role::Editor, &[]).await;
    let path = "/anbindung/rueckmeldungen/1/erledigt";
    as_editor(&desk, &cookie, "POST", path, &format!("csrf={csrf}&erledigt=ja")).await;
    let open = as_editor(&desk, &cookie, "GET", "/anbindung/rueckmeldungen", "").await;
    assert!(!open.text.contains(TEXTS[0]));
    let trail = desk.registry.audit_after(0, 100).await.unwrap();
    let last = trail.last().unwrap();
    assert_eq!(
        (last.action.as_str(), last.actor.as_str(), last.portal.as_deref()),
        ("feedback.done", "redaktion", Some("stadt"))
    );
    assert!(trail.iter().all(|entry| !format!("{entry:?}").contains("uns")), "no text in the trail");
    assert!(desk.registry.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn a_registry_that_cannot_write_is_said_and_the_text_stays() {
    let (_dir, desk) = desk(Vec::new()).await;
    desk.registry.close().await;
    let seite =
        post(&desk, "/rueckmeldung", &[("art", "link"), ("text", "Bitte nicht verlieren"), ("email", "a@b.example")])
            .await;
    assert_eq!(seite.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(seite.headers.contains_key(header::RETRY_AFTER));
    markup::check(&seite.text);
    seite.shows(&["Bitte nicht verlieren", "a@b.example", "nicht verloren", "value=\"link\" checked"]);
}

#[tokio::test]
async fn the_record_for_catalogues_says_what_is_there() {
    let (_dir, bare) = desk(Vec::new()).await;
    let seite = get(&bare, "/daten/dcat.jsonld").await;
    assert_eq!(seite.headers[header::CONTENT_TYPE], "application/ld+json");
    let record: serde_json::Value = serde_json::from_str(&seite.text).unwrap();
    assert_eq!(record["@type"], "dcat:Catalog");
    assert!(record.get("dct:publisher").is_none() && !seite.text.contains("dct:license"));
    // Every address in it is there.
    for dataset in record["dcat:dataset"].as_array().unwrap() {
        for distribution in dataset["dcat:distribution"].as_array().unwrap() {
            let url: url::Url = distribution["dcat:accessURL"]["@id"].as_str().unwrap().parse().unwrap();
            assert_eq!(get(&bare, url.path()).await.status, StatusCode::OK, "{url}");
        }
    }
    let stated = configured(bare.clone(), OPERATOR);
    let record: serde_json::Value = serde_json::from_str(&get(&stated, "/daten/dcat.jsonld").await.text).unwrap();
    assert_eq!(record["dct:publisher"]["foaf:name"], "Stadt Beispiel <b>");
    for sprache in Sprache::ALL {
        for (_, href, _) in sprache.texts().voice.daten {
            // The lists for search engines are made by a process that serves.
            let expected = if *href == "/sitemap.xml" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
            assert_eq!(get(&bare, href).await.status, expected, "{href}");
        }
    }
}

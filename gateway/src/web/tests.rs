//! The pages and the address as a browser and a site use them; sites are servers of our own.

use axum::body::Body;
use connectors::registration::Portal;
use connectors::web::profile::EXAMPLES;
use http::header::{self, HeaderMap};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;

use super::*;
use crate::fake::Upstream;
use crate::registry::tests::desk;

/// A site of these paths and answers, each a whole head and body; everything else is 404.
async fn site(answers: Vec<(&'static str, String)>) -> Upstream {
    let answers = Arc::new(answers);
    Upstream::start(move |mut conn, _| {
        let answers = Arc::clone(&answers);
        async move {
            let head = conn.head().await;
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let found = answers.iter().find(|(known, _)| *known == path).map(|(_, answer)| answer.clone());
            let answer =
                found.unwrap_or_else(|| "HTTP/1.1 404 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into());
            conn.write(answer).await;
        }
    })
    .await
}

fn ok(content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn portal(url: &str) -> Portal {
    let text = json!({"id": "stadt", "name": "Stadt Beispiel", "gebiet": "053340002002", "hosts": ["*"],
        "connector": {"kind": "web", "url": url}});
    serde_json::from_value(text).unwrap()
}

/// Sends a form as a browser does, from a page of this origin.
async fn post(desk: &Desk, fields: &[(&str, &str)], origin: &str) -> (StatusCode, HeaderMap, String) {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post("/pruefen")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, origin)
        .body(Body::from(body));
    answered(&routers(desk.clone()).0, request.unwrap()).await
}

async fn answered(router: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
}

const OURS: &str = "http://localhost";

#[tokio::test]
async fn a_page_that_is_pasted_is_shown_as_citizens_would_see_it() {
    let (_dir, desk) = desk(Vec::new()).await;
    for (syntax, example) in EXAMPLES {
        let fields = [("url", "https://www.stadt.example/pass"), ("html", example)];
        let (status, headers, page) = post(&desk, &fields, OURS).await;
        assert_eq!(
            (status, &headers[header::CACHE_CONTROL]),
            (StatusCode::OK, &http::HeaderValue::from_static("no-store"))
        );
        for text in [
            &format!("Die Seite beschreibt eine Leistung ({}).", syntax.name()),
            "<h2>Personalausweis beantragen</h2>",
            "<dt>Leistungsschlüssel</dt><dd>99008001012000</dd>",
            "<dt>Gebiet</dt><dd>053340002002</dd>",
            "Bürgerbüro",
            "Mo–Fr 08:00–12:00 Uhr",
            "37,00 Euro",
            "Termin vereinbaren: https://www.stadt.example/termin",
            "Es ist nichts zu verbessern.",
            &format!("GovernmentService ({})", syntax.name()),
        ] {
            assert!(page.contains(text), "{} lacks {text}", syntax.name());
        }
        assert_eq!(page.matches("<h1>").count(), 1);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_page_is_said_with_the_mend() {
    let (_dir, desk) = desk(Vec::new()).await;
    let html = "<div vocab=https://schema.org/ typeof=GovernmentService><b property=name>Pass</b><i property=identifier>\
                urn:de:fim:leika:leistung:4711</i><i property=areaServed>0533400020</i><b property=neme>x</b></div>\
                <script>alert(1)</script>";
    let (status, _, page) = post(&desk, &[("html", html)], OURS).await;
    assert_eq!(status, StatusCode::OK);
    for text in [
        "Der Leistungsschlüssel „4711“ ist ungültig; erwartet werden 14 Ziffern",
        "Der Regionalschlüssel „0533400020“ ist ungültig",
        "fehlt die zuständige Stelle",
        "Die Eigenschaft „https://schema.org/neme“ ist für Leistungen nicht vorgesehen",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(
        page.contains("&#60;script&#62;alert(1)") || page.contains("&lt;script&gt;alert(1)"),
        "what was pasted comes back as text"
    );
    assert!(!page.contains("<script>"));
    let (status, _, page) = post(&desk, &[("html", "<p>Nichts</p>")], OURS).await;
    assert!(status == StatusCode::OK && page.contains("Auf der Seite steht nichts in RDFa, Microdata oder JSON-LD."));
    let (status, _, page) = post(&desk, &[], OURS).await;
    assert!(status == StatusCode::BAD_REQUEST && page.contains("id=\"url-fehler\"") && page.contains("href=\"#url\""));
    let (status, ..) = post(&desk, &[("html", html)], "https://fremd.example").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_page_is_fetched_as_a_run_would_fetch_it() {
    let example = EXAMPLES[2].1;
    let latin: String = ok("text/html", example);
    let site = site(vec![
        ("/robots.txt", ok("text/plain", "User-agent: Portalverbund\nDisallow: /intern\n")),
        ("/pass", latin.clone()),
        ("/intern/pass", latin),
        (
            "/fort",
            "HTTP/1.1 302 X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .into(),
        ),
    ])
    .await;
    let url = |path: &str| format!("http://{}{path}", site.address);
    let (_dir, desk) = desk(vec![portal(&url("/"))]).await;
    let (status, _, page) = post(&desk, &[("url", &url("/pass"))], OURS).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("<dt>Portal</dt><dd>Stadt Beispiel</dd>") && page.contains("Bürgerbüro"));
    for (path, reason) in [
        ("/intern/pass", "robots.txt verbietet das Lesen von „1 Seiten“"),
        ("/weg", "HTTP-Status 404"),
        ("/fort", "führt aus dem registrierten Ursprung heraus"),
    ] {
        let (status, _, page) = post(&desk, &[("url", &url(path))], OURS).await;
        assert!(status == StatusCode::BAD_REQUEST && page.contains(reason), "{path}: {page}");
    }
}

#[tokio::test]
async fn no_private_address_is_dialled_and_nobody_looks_too_often() {
    let (_dir, desk) = desk(Vec::new()).await;
    let (pages, _) = routers(desk.clone());
    let ask = async |url: &str| {
        let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("url", url).finish();
        let request = Request::post("/pruefen")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body));
        answered(&pages, request.unwrap()).await
    };
    let addresses =
        ["http://169.254.169.254/", "http://[::1]/", "http://[fd00::1]/", "http://10.0.0.1/", "http://0x0a000001/"];
    for address in addresses {
        let (status, _, page) = ask(address).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(page.contains("darf nicht abgerufen werden"), "{address}: {page}");
    }
    for text in ["nicht schön://", "http://", "javascript:alert(1)"] {
        assert_eq!(ask(text).await.0, StatusCode::BAD_REQUEST, "{text}");
    }
    let (mut status, mut tries) = (StatusCode::BAD_REQUEST, 0);
    while status == StatusCode::BAD_REQUEST && tries < LOOKS {
        status = ask("http://10.0.0.1/").await.0;
        tries += 1;
    }
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn the_profile_shows_the_examples_and_every_word() {
    let (_dir, desk) = desk(Vec::new()).await;
    let request = Request::get("/profil").body(Body::empty()).unwrap();
    let (status, _, page) = answered(&routers(desk).0, request).await;
    assert_eq!(status, StatusCode::OK);
    for modul in connectors::beschreibung::Modul::ALL {
        let word = connectors::web::profile::term(modul);
        assert!(page.contains(&format!("<code>{word}</code></dt><dd>{}</dd>", modul.name())), "{word}");
    }
    for text in ["GovernmentService", "urn:de:fim:leika:leistung", "itemscope", "application/ld+json", "99008001012000"]
    {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("<h1>").count(), 1);
    assert!(!page.contains("<script>"));
}

const KEY: &str = "0123456789abcdef";

async fn say(api: &Router, message: serde_json::Value) -> StatusCode {
    let request = Request::post("/api/v1/indexnow").header(header::CONTENT_TYPE, "application/json");
    answered(api, request.body(Body::from(message.to_string())).unwrap()).await.0
}

#[tokio::test]
async fn a_site_says_that_pages_changed() {
    let site = site(vec![
        ("/0123456789abcdef.txt", ok("text/plain", "0123456789abcdef\n")),
        ("/amt/key.txt", ok("text/plain", KEY)),
        ("/falsch-schluessel.txt", ok("text/plain", "etwas anderes")),
    ])
    .await;
    let url = |path: &str| format!("http://{}{path}", site.address);
    let (_dir, desk) = desk(vec![portal(&url("/"))]).await;
    let (_, api) = routers(desk.clone());
    let message = |key: &str, pages: &[String]| json!({"host": "127.0.0.1", "key": key, "urlList": pages});
    let id = "stadt".parse().unwrap();
    let pings = || desk.indexer.as_ref().unwrap().pings().take(&id);
    assert_eq!(say(&api, message(KEY, &[url("/a"), url("/b")])).await, StatusCode::OK);
    assert_eq!(pings().iter().map(|page| page.path().to_owned()).collect::<Vec<_>>(), ["/a", "/b"]);
    let request = Request::get(format!("/api/v1/indexnow?url={}&key={KEY}", url("/c"))).body(Body::empty()).unwrap();
    assert_eq!(answered(&api, request).await.0, StatusCode::OK);
    assert_eq!(pings().len(), 1);
    for (key, pages, place, expected) in [
        ("kurz", vec![url("/a")], None, StatusCode::BAD_REQUEST),
        ("mit_unterstrich", vec![url("/a")], None, StatusCode::BAD_REQUEST),
        (KEY, vec![], None, StatusCode::BAD_REQUEST),
        (KEY, vec!["keine Adresse".into()], None, StatusCode::BAD_REQUEST),
        (KEY, vec![url("/a"), "https://fremd.example/a".into()], None, StatusCode::UNPROCESSABLE_ENTITY),
        (KEY, vec![url("/a")], Some("https://fremd.example/k.txt"), StatusCode::UNPROCESSABLE_ENTITY),
        (KEY, vec![url("/a")], Some("/amt/key.txt"), StatusCode::UNPROCESSABLE_ENTITY),
        (KEY, vec![url("/amt/a")], Some("/amt/key.txt"), StatusCode::OK),
        ("falsch-schluessel", vec![url("/a")], None, StatusCode::FORBIDDEN),
        ("nirgends-schluessel", vec![url("/a")], None, StatusCode::FORBIDDEN),
        ("noch-ein-schluessel", vec![url("/a")], None, StatusCode::FORBIDDEN),
        // the keys of this host for this minute are used up; one that is known still counts
        ("zu-viele-schluessel", vec![url("/a")], None, StatusCode::TOO_MANY_REQUESTS),
        (KEY, vec![url("/a")], None, StatusCode::OK),
    ] {
        let mut message = message(key, &pages);
        if let Some(place) = place {
            message["keyLocation"] = json!(place);
        }
        assert_eq!(say(&api, message).await, expected, "{key} {pages:?} {place:?}");
    }
    let foreign = json!({"host": "fremd.example", "key": KEY, "urlList": ["https://fremd.example/a"]});
    assert_eq!(say(&api, foreign).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(say(&api, json!({"host": "x"})).await, StatusCode::BAD_REQUEST);
    assert_eq!(pings().len(), 2);
}

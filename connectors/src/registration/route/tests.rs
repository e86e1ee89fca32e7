use super::*;

fn read(json: serde_json::Value) -> Result<Route, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

#[test]
fn what_is_written_is_read_again() {
    for json in [
        serde_json::json!({ "prefix": "/p/x", "upstream": ["http://127.0.0.1:1"] }),
        serde_json::json!({ "host": "a.example", "prefix": "/x", "upstream": ["https://b.example", "http://c:1"] }),
        serde_json::json!({ "prefix": "/p", "upstream": ["https://b.example"], "upgrade": ["websocket"], "http2": false,
            "probe": { "path": "/gesund", "every_s": 5, "timeout_s": 2 } }),
        serde_json::json!({ "kind": "redirect", "path": "/alt", "to": "/neu", "status": 308, "keep_query": false }),
        serde_json::json!({ "kind": "redirect", "host": "alt.example", "to": "https://neu.example/x" }),
        serde_json::json!({ "kind": "gone", "prefix": "/weg", "successor": "/neu", "text": "Es ist weg." }),
    ] {
        let route = read(json).unwrap();
        assert_eq!(read(serde_json::to_value(&route).unwrap()).unwrap(), route);
    }
}

#[test]
fn what_cannot_be_is_said() {
    for (json, expected) in [
        (serde_json::json!({ "prefix": "/a", "path": "/b", "upstream": [] }), "either `prefix` or `path`"),
        (serde_json::json!({ "prefix": "/a" }), "missing field `upstream`"),
        (serde_json::json!({ "prefix": "/a", "to": "/b", "upstream": ["http://x"] }), "`to` does not belong"),
        (serde_json::json!({ "prefix": "/a", "upgrade": ["h2c"], "upstream": ["http://x"] }), "nobody checks"),
        (serde_json::json!({ "kind": "gone", "prefix": "/a", "probe": { "path": "/" } }), "`probe` does not belong"),
        (serde_json::json!({ "kind": "redirect", "prefix": "/a", "to": "/a/b" }), "leads to itself"),
        (serde_json::json!({ "kind": "redirect", "prefix": "/a", "to": "//evil.example" }), "no usable destination"),
        (serde_json::json!({ "kind": "redirect", "prefix": "/a", "to": "/b", "status": 303 }), "303 is no status"),
        (serde_json::json!({ "kind": "move", "prefix": "/a" }), "`move` is no kind of route"),
    ] {
        let fault = read(json.clone()).unwrap_err();
        assert!(fault.contains(expected), "{json}: {fault}");
    }
    assert!(read(serde_json::json!({ "kind": "redirect", "path": "/a", "to": "/a/b" })).is_ok());
}

#[test]
fn a_rest_never_becomes_a_host() {
    let to = |text: &str| Destination::try_from(text.to_owned()).unwrap();
    for (base, rest, query, expected) in [
        ("/", "//evil.example", None, "/evil.example"),
        ("/neu", "", None, "/neu"),
        ("/neu", "/x//y", Some("a=%2F"), "/neu/x//y?a=%2F"),
        ("https://neu.example", "/x", None, "https://neu.example/x"),
        ("https://neu.example", "@evil.example/", None, "https://neu.example/@evil.example/"),
        ("https://neu.example", "", Some("q"), "https://neu.example/?q"),
        ("https://neu.example/b/", "/", None, "https://neu.example/b/"),
    ] {
        assert_eq!(to(base).with(rest, query), expected, "{base} {rest}");
    }
}

use axum::body::Body;
use axum::response::Response;
use axum::{Router, response::IntoResponse as _};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use indexer::catalog::{Facet, PlaceReading, Suggestion};
use indexer::record::Lang;
use tower::ServiceExt as _;

use super::params::ParamError;
use super::problem::{Kind, Problem};
use super::{Ort, SearchParams, SuggestParams, leistung_params, nest, places_params, responsible_params, wire};
use crate::pages::fixtures;

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn the_description_is_what_we_promised() {
    let description = super::openapi();
    let value: serde_json::Value = serde_json::from_str(&description).unwrap();
    assert_eq!(value["openapi"], "3.1.0");
    for (path, item) in value["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(response["description"].is_string(), "{method} {path} {status} needs a description");
            }
        }
    }
    insta::assert_snapshot!("openapi", description);
}

#[test]
fn a_search_answer_has_the_promised_shape() {
    let mut answer = fixtures::search_answer();
    answer.hits.truncate(1);
    let facet = |name, value: &str, label: &str| Facet { name, value: value.into(), label: label.into(), count: 1 };
    answer.facets = vec![facet("online", "true", "Online möglich"), facet("lebenslage", "tierhaltung", "Tierhaltung")];
    insta::assert_snapshot!("search", json(&wire::SearchResponse::from(answer)));
}

#[test]
fn without_a_place_a_hit_names_nobody_and_leads_to_the_general_page() {
    let mut answer = fixtures::search_answer();
    answer.place = None;
    answer.ambiguous = vec![fixtures::neuenkirchen("Kreis Steinfurt", "055660064064")];
    answer.hits = vec![fixtures::hit("Hund anmelden", None)];
    let value = serde_json::to_value(wire::SearchResponse::from(answer)).unwrap();
    assert_eq!(value["query"]["place"], serde_json::Value::Null);
    assert_eq!(value["ambiguous"][0]["parent"], "Kreis Steinfurt");
    assert_eq!(value["hits"][0]["responsible"], serde_json::Value::Null);
    assert_eq!(value["hits"][0]["url"], "/leistung/99012999017001/hund-anmelden");
}

#[test]
fn a_responsible_answer_has_the_promised_shape() {
    insta::assert_snapshot!("responsible", json(&wire::Responsible::from(fixtures::found())));
    insta::assert_snapshot!("responsible_none", json(&wire::Responsible::from(fixtures::none())));
}

#[test]
fn the_states_are_the_words_of_the_interface() {
    use indexer::catalog::State;
    for state in [State::Found, State::Ambiguous, State::None, State::UnknownPlace, State::UnknownLeistung] {
        assert_eq!(serde_json::to_value(wire::State::from(state)).unwrap(), state.as_str());
    }
}

#[test]
fn a_leistung_has_the_promised_shape() {
    let mut view = fixtures::view();
    view.responsible = None;
    insta::assert_snapshot!("leistung", json(&wire::Leistung::of(view)));
}

#[test]
fn a_suggestion_names_the_place_that_was_typed() {
    let suggestion = |place| Suggestion { leistung: fixtures::short("Hund anmelden"), place };
    let value = serde_json::to_value(wire::Suggestion::from(suggestion(Some(fixtures::bochum())))).unwrap();
    assert_eq!(value["text"], "Hund anmelden in Bochum");
    assert_eq!(value["url"], "/leistung/99012999017001/hund-anmelden/059110000000");
    let value = serde_json::to_value(wire::Suggestion::from(suggestion(None))).unwrap();
    assert_eq!(value["text"], "Hund anmelden");
}

#[test]
fn parameters_have_defaults_and_bounds() {
    let params = SearchParams::read(Some("q=hund&limit=100&offset=10000&lang=EN&ort=")).unwrap();
    assert_eq!((params.q.as_str(), params.limit, params.offset), ("hund", 100, 10_000));
    assert_eq!((params.lang, params.ort), (Some(Lang::EN), None));
    let params = SearchParams::read(Some("q=hund")).unwrap();
    assert_eq!((params.limit, params.offset, params.lang), (10, 0, None));
    assert_eq!((params.online, params.adressat, params.lebenslage), (None, None, None));
    let params = SearchParams::read(Some("q=hund&online=false&adressat=001&lebenslage=tierhaltung")).unwrap();
    assert_eq!(
        (params.online, params.adressat.as_deref(), params.lebenslage),
        (Some(false), Some("001"), Some("tierhaltung"))
    );
    assert_eq!(SearchParams::read(Some("q=hund&lebenslage=")).unwrap().lebenslage, None);
    assert_eq!(leistung_params(None).unwrap(), (None, Lang::DE));
    assert_eq!(places_params(Some("q=boch&limit=3")).unwrap(), ("boch".to_owned(), 3));
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, ParamError>, kind: Kind, parameter: &str) {
    let problem = serde_json::to_value(Problem::from(outcome.unwrap_err())).unwrap();
    assert_eq!(problem["status"], 400);
    assert_eq!(problem["code"], kind.code());
    assert_eq!(problem["parameter"], parameter);
    assert!(problem["detail"].as_str().unwrap().contains(&format!("`{parameter}`")), "{problem}");
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    let long = "x".repeat(501);
    for (query, kind, parameter) in [
        ("", Kind::MissingParameter, "q"),
        ("q=%20", Kind::MissingParameter, "q"),
        ("q=a&q=b", Kind::RepeatedParameter, "q"),
        ("q=a&page=2", Kind::UnknownParameter, "page"),
        ("q=a&limit=0", Kind::BadParameter, "limit"),
        ("q=a&limit=101", Kind::BadParameter, "limit"),
        ("q=a&offset=10001", Kind::BadParameter, "offset"),
        ("q=a&lang=deu", Kind::BadParameter, "lang"),
        ("q=a&lang=", Kind::BadParameter, "lang"),
        ("q=a&online=ja", Kind::BadParameter, "online"),
        ("q=a&lebenslage=Tierhaltung", Kind::BadParameter, "lebenslage"),
        (&format!("q={long}"), Kind::BadParameter, "q"),
        (&format!("q=a&ort={long}"), Kind::BadParameter, "ort"),
    ] {
        refused(SearchParams::read(Some(query)), kind, parameter);
    }
    refused(SuggestParams::read(Some("q=a&lang=de")), Kind::UnknownParameter, "lang");
    refused(places_params(None), Kind::MissingParameter, "q");
    refused(responsible_params(Some("ars=05911")), Kind::MissingParameter, "leistung");
    refused(responsible_params(Some("leistung=99")), Kind::MissingParameter, "ars");
    refused(responsible_params(Some("leistung=99&ars=5911")), Kind::BadParameter, "ars");
    refused(leistung_params(Some("ars=170000000000")), Kind::BadParameter, "ars");
}

#[test]
fn a_place_is_one_several_or_a_problem() {
    let one = Ort::of(PlaceReading::One(fixtures::bochum())).unwrap();
    assert_eq!(one.one, Some(fixtures::ars("059110000000")));
    let several = Ort::of(PlaceReading::Several(vec![fixtures::bochum(), fixtures::bochum()])).unwrap();
    assert_eq!((several.one, several.several.len()), (None, 2));
    let problem = serde_json::to_value(Ort::of(PlaceReading::Unknown).unwrap_err()).unwrap();
    assert_eq!(problem["status"], 400);
    assert_eq!(problem["code"], "unknown_place");
    assert_eq!(problem["parameter"], "ort");
}

async fn ask(method: Method, uri: &str, tag: Option<&str>) -> (Response<()>, String) {
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(tag) = tag {
        request = request.header(header::IF_NONE_MATCH, tag);
    }
    let response = nest(Router::new()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(parts, ()), String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    let (first, body) = ask(Method::GET, "/api/v1/openapi.json", None).await;
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(body, super::openapi());
    let tag = first.headers()[header::ETAG].to_str().unwrap();
    let (again, body) = ask(Method::GET, "/api/v1/openapi.json", Some(tag)).await;
    assert_eq!((again.status(), body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(again.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let (head, body) = ask(Method::HEAD, "/api/v1/openapi.json", None).await;
    assert_eq!((head.status(), body.as_str()), (StatusCode::OK, ""));
    assert_eq!(head.headers()[header::ETAG], tag);
}

#[tokio::test]
async fn other_addresses_and_methods_are_problems() {
    for (method, uri, status, code) in [
        (Method::GET, "/api", 404, "not_found"),
        (Method::GET, "/api/", 404, "not_found"),
        (Method::GET, "/api/v2/search?q=a", 404, "not_found"),
        (Method::GET, "/api/v1/problems/x", 404, "not_found"),
        (Method::GET, "/api/v1/problems/%FF", 404, "not_found"),
        (Method::GET, "/api/v1/openapi.json?x=1", 400, "unknown_parameter"),
        (Method::POST, "/api/v1/openapi.json", 405, "method_not_allowed"),
        (Method::DELETE, "/api/v1/problems/not_found", 405, "method_not_allowed"),
    ] {
        let (response, body) = ask(method.clone(), uri, None).await;
        assert_eq!(response.status(), status, "{method} {uri}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{method} {uri}");
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{method} {uri}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((body["status"].as_u64(), body["code"].as_str()), (Some(status.into()), Some(code)));
        assert!(["type", "title", "detail"].iter().all(|field| body[field].is_string()), "{body}");
        if status == 405 {
            assert_eq!(response.headers()[header::ALLOW], "GET,HEAD,OPTIONS");
        }
    }
}

#[tokio::test]
async fn a_problem_leads_to_its_description() {
    for kind in Kind::ALL.iter().copied() {
        let problem = serde_json::to_value(Problem::new(kind, "x")).unwrap();
        let (response, body) = ask(Method::GET, problem["type"].as_str().unwrap(), None).await;
        assert_eq!(response.status(), StatusCode::OK);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&body["title"], &body["status"]), (&problem["title"], &problem["status"]));
        assert_eq!(Problem::new(kind, "x").into_response().status(), kind.status());
    }
}

#[tokio::test]
async fn a_browser_may_ask_beforehand() {
    let (response, _) = ask(Method::OPTIONS, "/api/v1/openapi.json", None).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert!(response.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().contains("If-None-Match"));
}

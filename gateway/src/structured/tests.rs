use indexer::catalog::State;
use serde_json::Value;

use super::*;
use crate::pages::fixtures::{HOSTILE, view};
use crate::pages::sprache::Sprache;

fn base() -> Url {
    "https://verbund.example/".parse().unwrap()
}

fn graph(view: &LeistungView) -> (LeistungPage, Value, String) {
    let page = LeistungPage::of(view, "99012999017001", Sprache::Deutsch);
    let here = format!("https://verbund.example{}", page.path);
    let way = [("Portalverbund.NRW", "https://verbund.example/".to_owned()), (page.name.as_str(), here.clone())];
    let text = leistung(view, &page, &here, &way, &base()).in_page();
    let json = serde_json::from_str(&text).unwrap();
    (page, json, text)
}

/// The first node of a type.
#[track_caller]
fn node<'a>(json: &'a Value, kind: &str) -> &'a Value {
    let all = json["@graph"].as_array().unwrap();
    all.iter().find(|node| node["@type"] == kind).unwrap_or_else(|| panic!("{kind}: {json}"))
}

#[test]
fn a_leistung_at_a_place_says_who_where_and_how() {
    let (_, json, _) = graph(&view());
    let service = node(&json, "GovernmentService");
    assert_eq!(service["name"], "Hund anmelden");
    assert_eq!(service["description"], "Wenn Sie einen Hund halten, melden Sie ihn innerhalb von zwei Wochen an.");
    assert_eq!(service["url"], "https://verbund.example/leistung/99012999017001/hund-anmelden/059110000000");
    assert_eq!(service["identifier"]["value"], "99012999017001");
    assert_eq!(service["areaServed"]["name"], "Bochum");
    assert_eq!(service["areaServed"]["identifier"]["value"], "059110000000");
    let office = &service["serviceOperator"];
    assert_eq!(office["@type"], "GovernmentOrganization");
    assert_eq!((&office["name"], &office["telephone"]), (&"Steueramt der Stadt Bochum".into(), &"0234 5550-0".into()));
    assert_eq!(office["address"]["streetAddress"], "Musterplatz 2");
    assert_eq!(office["address"]["postalCode"], "44777");
    let channels = service["availableChannel"].as_array().unwrap();
    assert_eq!(channels.len(), 2, "{channels:?}");
    assert_eq!(channels[0]["serviceUrl"], "https://verbund.example/zu/99012999017001/059110000000");
    assert_eq!(channels[1]["servicePhone"]["telephone"], "0234 5550-0");
    assert_eq!((&channels[0]["processingTime"], &channels[1]["processingTime"]), (&"P2W".into(), &"P2W".into()));
    let steps = node(&json, "BreadcrumbList")["itemListElement"].as_array().unwrap();
    assert_eq!(steps.iter().map(|step| step["position"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn where_the_page_asks_nothing_is_decided() {
    let mut two = view();
    let responsible = two.responsible.as_mut().unwrap();
    responsible.state = State::Ambiguous;
    let mut other = responsible.answers[0].clone();
    other.organisationseinheit.name = "Steueramt Nord".into();
    responsible.answers.push(other);
    let (_, json, _) = graph(&two);
    let service = node(&json, "GovernmentService");
    assert!(service.get("serviceOperator").is_none() && service.get("provider").is_none(), "{service}");
    let (_, json, _) = graph(&LeistungView { responsible: None, ..view() });
    let service = node(&json, "GovernmentService");
    assert!(service.get("areaServed").is_none() && service.get("availableChannel").is_none(), "{service}");
}

#[test]
fn hostile_texts_stay_texts() {
    let bad = format!("{HOSTILE}</script\u{2028}\u{2029}<!--\\\"");
    let mut hostile = view();
    hostile.short.name.clone_from(&bad);
    hostile.modules.clear();
    hostile.short.kurztext.clone_from(&bad);
    let responsible = hostile.responsible.as_mut().unwrap();
    responsible.answers[0].organisationseinheit.name.clone_from(&bad);
    responsible.place.as_mut().unwrap().name.clone_from(&bad);
    responsible.onlinedienste[0].name.clone_from(&bad);
    let (_, json, text) = graph(&hostile);
    for sign in ['<', '>', '&', '\u{2028}', '\u{2029}'] {
        assert!(!text.contains(sign), "{sign:?} in {text}");
    }
    let service = node(&json, "GovernmentService");
    for said in
        [&service["name"], &service["description"], &service["serviceOperator"]["name"], &service["areaServed"]["name"]]
    {
        assert_eq!(said.as_str(), Some(bad.as_str()));
    }
}

#[test]
fn the_start_page_says_how_it_is_searched() {
    let text = start(&base(), "https://verbund.example/", "/suche").in_page();
    let json: Value = serde_json::from_str(&text).unwrap();
    let action = &node(&json, "WebSite")["potentialAction"];
    assert_eq!(action["target"]["urlTemplate"], "https://verbund.example/suche?q={search_term_string}");
    assert_eq!(action["query-input"], "required name=search_term_string");
}

#[test]
fn a_plain_duration_is_said_in_the_form_of_iso_8601() {
    for (fact, expected) in [
        ("2 Wochen", Some("P2W")),
        ("1 Tag", Some("P1D")),
        ("3 Monate", Some("P3M")),
        ("30 Minuten", Some("PT30M")),
        ("2 bis 4 Wochen", None),
        ("sofort", None),
        ("-1 Tage", None),
    ] {
        assert_eq!(iso(fact).as_deref(), expected, "{fact}");
    }
}

#[test]
fn markup_is_left_out_and_words_stay_apart() {
    assert_eq!(plain("<p>Ein <a href=\"x\">Hund</a>.</p><ul><li>a</li><li>b &amp; c</li></ul>"), "Ein Hund. a b & c");
    assert_eq!(plain("3 &lt; 4"), "3 < 4");
}

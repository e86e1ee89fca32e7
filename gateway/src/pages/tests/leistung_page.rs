//! What the page of a Leistung says, by what is known.

use super::*;

#[test]
fn a_leistung_without_a_place_asks_for_it() {
    let html = leistung(&LeistungView { responsible: None, ..fixtures::view() });
    assert!(html.contains("Wo wohnen Sie?"));
    assert!(html.contains("<title>Hund anmelden – Portalverbund.NRW</title>"));
    assert!(!html.contains("/zu/"));
    let says_whose = "Diesen Text hat Stadt Bochum geschrieben.";
    assert!(html.contains(says_whose), "{html}");
    let of_land = leistung(&LeistungView { responsible: None, is_local: false, ..fixtures::view() });
    assert!(!of_land.contains("Diesen Text hat"));
    assert!(!leistung(&fixtures::view()).contains("Diesen Text hat"), "the place is chosen");
}

#[test]
fn a_leistung_without_an_office_says_how_to_go_on() {
    let html = leistung(&LeistungView { responsible: Some(fixtures::none()), ..fixtures::view() });
    assert!(html.contains("Für diesen Ort ist uns keine zuständige Stelle bekannt. So kommen Sie weiter:"));
    assert!(html.contains("tel:+4923455500") && html.contains("tel:115"));
}

#[test]
fn a_leistung_with_several_offices_leaves_the_choice() {
    let html = leistung(&LeistungView { responsible: Some(ambiguous()), ..fixtures::view() });
    assert!(html.contains("Mehrere Stellen kommen infrage"));
    assert!(html.contains(">Amt A</h3>") && html.contains(">Amt B</h3>"));
    assert!(html.contains("?dienst=L900001_OD1"));
}

#[test]
fn a_service_that_is_not_registered_gets_no_link() {
    let html = leistung(&LeistungView { responsible: Some(blocked()), ..fixtures::view() });
    assert!(html.contains("bei uns nicht registriert"));
    assert!(!html.contains("service.bochum.example"));
    assert!(!html.contains("/zu/"));
}

#[test]
fn texts_of_another_language_are_marked() {
    let mut view = fixtures::view();
    view.short.lang = Lang::EN;
    view.short.name = "Register a dog".into();
    let html = leistung(&view);
    assert!(html.contains(r#" lang="en">Register a dog</h1>"#));
    assert!(html.contains(r#"<div class="text" lang="en"><p>Dogs from abroad"#));
    assert!(!html.contains(r#"<div class="text" lang="de">"#));
}

#[test]
fn sections_stand_in_the_order_of_the_page() {
    let mut own = fixtures::modul(ModulArt::Individuell("x".into()), "<p>Eigenes</p>");
    own.modul.heading = [(Lang::DE, "Für Tierheime".to_owned())].into();
    let mut view = fixtures::view();
    view.modules.extend([
        own,
        fixtures::modul(ModulArt::Auskunftshinweis, "<p>nur für 115</p>"),
        fixtures::text("09", " "),
    ]);
    let headings: Vec<Option<String>> =
        LeistungPage::of(&view, "k", Sprache::Deutsch).sections.into_iter().map(|section| section.heading).collect();
    let expected = [
        Some("Was Sie brauchen"),
        Some("Kosten"),
        Some("Dauer"),
        Some("Frist"),
        Some("So läuft es ab"),
        Some("Ausführliche Beschreibung"),
        Some("Hinweise und Besonderheiten"),
        None,
        Some("Für Tierheime"),
        Some("Rechtsgrundlagen"),
    ];
    assert_eq!(headings, expected.map(|heading| heading.map(ToOwned::to_owned)));
}

#[test]
fn headings_inside_a_text_stand_below_the_section() {
    let moved = |html: &str| Part::of(&fixtures::htmls(Lang::DE, html), Sprache::Deutsch).unwrap().html;
    assert_eq!(moved("<h1>a</h1><h2>b</h2>"), "<h3>a</h3><h4>b</h4>");
    assert_eq!(moved("<h5>a</h5><h6>b</h6>"), "<h3>a</h3><h4>b</h4>");
    assert_eq!(moved("<h1>a</h1><h5>b</h5><h6>c</h6>"), "<h3>a</h3><h6>b</h6><h6>c</h6>");
    assert_eq!(moved("<h3>a</h3><p>b</p>"), "<h3>a</h3><p>b</p>");
}

use indexer::catalog::Facet;

use super::*;
use crate::api::params::Params;

fn facet(name: &'static str, value: &str, count: usize) -> Facet {
    Facet { name, value: value.into(), label: value.into(), count }
}

/// Twenty hits, and what they can be narrowed down by.
fn answer() -> SearchAnswer {
    let mut facets = vec![
        facet("online", "true", 8),
        facet("online", "false", 12),
        facet("adressat", "001", 15),
        facet("adressat", "002", 6),
        facet("adressat", "003", 2),
        facet("lebenslage", "querschnitt-buerger", 9),
        facet("lebenslage", "studium", 20),
    ];
    for (at, code) in ["geburt", "tod", "schule", "pflege", "scheidung", "krankheit", "studium"].iter().enumerate() {
        facets.push(facet("lebenslage", code, if *code == "studium" { 20 } else { 1 + at % 3 }));
    }
    facets.push(facet("lebenslage", "wohnen-umzug", 5));
    SearchAnswer { total: 20, facets, ..fixtures::search_answer() }
}

fn read(query: &str) -> Filters {
    Filters::read(&Params::tolerant(Some(query), &Filters::NAMES).unwrap()).unwrap()
}

#[track_caller]
fn narrowed(answer: &SearchAnswer, query: &str, seite: usize) -> String {
    let results = shown(answer, form("hund", "Bochum"), seite, &read(query));
    let html = templates::results(&page(&results.title(Sprache::Deutsch)), &results);
    markup::check(&html);
    html
}

/// The part of the page between the number of hits and the first of them.
fn filters(html: &str) -> String {
    let html = main_of(html);
    let begin = html.find(r#"<p class="anzahl""#).unwrap();
    let end = html.find("<article").or_else(|| html.find("<h2")).unwrap();
    html.get(begin..end).unwrap().to_owned()
}

#[test]
fn what_leaves_fewer_hits_is_offered_as_links() {
    insta::assert_snapshot!("narrow", filters(&narrowed(&answer(), "", 1)));
}

#[test]
fn what_holds_has_a_way_back_and_stays_in_every_link() {
    let html = narrowed(&answer(), "online=true&adressat=002&lebenslage=wohnen-umzug", 1);
    insta::assert_snapshot!("narrow_all", filters(&html));
    let rest = "&#38;online=true&#38;adressat=002&#38;lebenslage=wohnen-umzug";
    assert!(html.contains(&format!(r#"rel="next" href="/suche?q=hund&#38;ort=Bochum&#38;seite=2{rest}""#)), "{html}");
    let html = narrowed(&answer(), "lebenslage=geburt", 2);
    assert!(html.contains("/suche?q=hund&#38;ort=Bochum&#38;lebenslage=geburt"), "the page before: {html}");
    assert!(html.contains("/suche?q=hund&#38;ort=Bochum&#38;online=true&#38;lebenslage=geburt"), "both: {html}");
    let only = narrowed(&answer(), "online=false", 1);
    assert!(only.contains("Nur, was nicht online möglich ist."), "{only}");
    assert!(!only.contains("Nur online Mögliches anzeigen"), "{only}");
}

#[test]
fn nothing_is_offered_that_leaves_all_or_nothing() {
    let facets = vec![facet("online", "true", 3), facet("adressat", "001", 3), facet("lebenslage", "tierhaltung", 3)];
    let html = narrowed(&SearchAnswer { total: 3, facets, ..fixtures::search_answer() }, "", 1);
    assert!(!html.contains("class=\"filter"), "{html}");
    let empty = SearchAnswer { total: 0, hits: Vec::new(), facets: Vec::new(), ..fixtures::search_answer() };
    let html = narrowed(&empty, "lebenslage=tod", 1);
    assert!(html.contains("Nur Lebenslage „Tod“.") && html.contains("Alle Lebenslagen anzeigen"), "{html}");
}

#[test]
fn a_choice_of_places_keeps_what_holds() {
    let answer = SearchAnswer { ambiguous: vec![fixtures::bochum()], ..answer() };
    let html = narrowed(&answer, "online=true&lebenslage=geburt", 1);
    assert!(html.contains("ort=059110000000&#38;online=true&#38;lebenslage=geburt"), "{html}");
}

#[test]
fn what_a_citizen_types_into_the_address_is_shown_as_text_or_refused() {
    let html = narrowed(&answer(), "adressat=%3Cscript%3E%22", 1);
    assert!(html.contains("Nur für &#60;script&#62;&#34;."), "{html}");
    assert!(html.contains("adressat=%3Cscript%3E%22"), "{html}");
    for query in ["lebenslage=unbekannt", "lebenslage=Geburt", "online=ja"] {
        let params = Params::tolerant(Some(query), &Filters::NAMES).unwrap();
        assert_eq!(Filters::read(&params).unwrap_err().name(), query.split('=').next().unwrap());
    }
    assert_eq!(read("lebenslage=&adressat="), Filters::default());
}

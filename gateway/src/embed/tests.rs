use std::collections::HashMap;

use super::*;
use crate::pages::fixtures::{self, HOSTILE};
use crate::pages::tests::markup;

fn public_url() -> url::Url {
    "https://suche.example/".parse().unwrap()
}

fn wishes(query: &str) -> Result<Wishes, ParamError> {
    Wishes::read(&Params::tolerant(Some(query), &Wishes::NAMES).unwrap(), Sprache::Deutsch)
}

#[track_caller]
fn built(query: &str, reading: Option<PlaceReading>, sprache: Sprache) -> String {
    let builder = Builder::of(wishes(query).unwrap(), reading, sprache, &public_url());
    let hier = Hier { sprache, path: "/einbinden".into() };
    let html = builder.render(&Page::here(&hier, builder.t.title, None));
    markup::check(&html);
    html
}

/// The codes of the page, as somebody copies them.
fn codes(html: &str) -> Vec<String> {
    let plain = |text: &str| {
        ["&#60;<", "&#62;>", "&#34;\"", "&#39;'", "&#38;&"].iter().fold(text.to_owned(), |text, pair| {
            let (entity, sign) = pair.split_at(5);
            text.replace(entity, sign)
        })
    };
    html.split("<pre")
        .skip(1)
        .map(|part| part.split("<code>").nth(1).unwrap().split("</code>").next().unwrap())
        .map(plain)
        .collect()
}

#[test]
fn the_code_holds_the_place_the_language_and_the_colours() {
    let query = "ort=Bochum&sprache=en&ziel=hier&farbe=%23112233&auf-farbe=%23FFFFFF";
    for sprache in Sprache::ALL {
        let html = built(query, Some(PlaceReading::One(fixtures::bochum())), sprache);
        let [element, plain, fragment] = codes(&html).try_into().unwrap();
        assert!(element.starts_with(
            r##"<portalverbund-suche sprache="en" ort="059110000000" treffer="hier" farbe="#112233" auf-farbe="#ffffff">"##
        ));
        assert!(
            element.ends_with(
                r#"<script type="module" src="https://suche.example/static/portalverbund-suche.js"></script>"#
            )
        );
        assert!(element.contains(r#"<form action="https://suche.example/en/suche" method="get""#));
        assert!(plain.contains(r#"<input type="hidden" name="ort" value="059110000000">"#));
        assert!(
            plain.contains("background: #112233; color: #ffffff")
                && plain.contains("What would you like to do in Bochum?")
        );
        assert_eq!(fragment, "https://suche.example/einbinden/suche?ort=059110000000&sprache=en&ziel=hier");
    }
    let all = built("", None, Sprache::Deutsch);
    let [element, plain, fragment] = codes(&all).try_into().unwrap();
    assert!(!element.contains("ort=\"") && plain.contains(r#"name="ort" maxlength"#));
    assert_eq!(fragment, "https://suche.example/einbinden/suche?sprache=de&ziel=portalverbund");
}

#[test]
fn what_was_typed_never_gets_into_the_code() {
    let ort = address_of(&format!("{HOSTILE}\"><script>alert(1)</script>"));
    let colour = address_of("#112233;background:url(//x.example)");
    let query = format!("ort={ort}&farbe={colour}&auf-farbe={ort}");
    let html = built(&query, Some(PlaceReading::Unknown), Sprache::Deutsch);
    assert!(html.contains("aria-invalid=\"true\"") && html.contains("#2044aa"));
    for code in codes(&html) {
        for bad in ["alert", "x.example", "onerror", "javascript:"] {
            assert!(!code.contains(bad), "{bad} in {code}");
        }
    }
    let several =
        [fixtures::neuenkirchen("Kreis <b>", "055660064064"), fixtures::neuenkirchen("Kreis & \"", "055660068068")];
    let html = built(&query, Some(PlaceReading::Several(several.to_vec())), Sprache::Deutsch);
    assert!(html.contains("Welcher ist es?") && html.contains("Kreis &#60;b&#62;"));
    assert!(
        codes(&html).iter().all(|code| !code.contains("0556")),
        "a place that is not clear is not chosen for somebody"
    );
    // The name of a place comes from deliveries, too.
    let mut place = fixtures::bochum();
    place.name = HOSTILE.into();
    let html = built("", Some(PlaceReading::One(place)), Sprache::Deutsch);
    for code in codes(&html) {
        assert!(!code.contains("<img") && !code.contains("<script>"), "{code}");
    }
}

fn address_of(text: &str) -> String {
    crate::pages::address::segment(text)
}

#[test]
fn closed_sets_are_closed_and_colours_are_six_digits() {
    for bad in ["sprache=fr", "sprache=DE", "ziel=_blank", "ziel=javascript:1", "ort=a&ort=b"] {
        assert!(
            Params::tolerant(Some(bad), &Wishes::NAMES)
                .and_then(|params| Wishes::read(&params, Sprache::Deutsch))
                .is_err(),
            "{bad}"
        );
    }
    use builder::Colour;
    assert_eq!(Colour::parse("#A0b1C2").map(|colour| colour.to_string()).as_deref(), Some("#a0b1c2"));
    for bad in ["", "#", "red", "#fff", "#1122334", "112233", "#11223g", "#+12233", "#ÄÖÜ", "#112233;x"] {
        assert_eq!(Colour::parse(bad), None, "{bad}");
    }
    let contrast = |a, b| Colour::parse(a).unwrap().contrast(Colour::parse(b).unwrap());
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.001);
    assert!((contrast("#777777", "#ffffff") - 4.48).abs() < 0.01, "the example of the WCAG working group");
    let html = built("farbe=%23ffff00&auf-farbe=%23ffffff", None, Sprache::Deutsch);
    assert!(html.contains("hebt sich zu wenig von der Schaltfläche ab: 1,1 zu 1"));
    assert!(!built("", None, Sprache::Deutsch).contains("hebt sich zu wenig"));
}

fn hits(answer: &indexer::catalog::SearchAnswer, own: bool, sprache: Sprache) -> String {
    let hits = Hits { answer, several: &[], own, most: HITS };
    let html = render(&hits.page(sprache, &public_url()));
    let title = "<!doctype html><html lang=\"de\"><head><title>x</title></head><body><main><h1>x</h1><h2>x</h2>";
    markup::check(&format!("{title}{html}</main></body></html>"));
    html
}

#[test]
fn hits_say_who_is_responsible_and_why_and_lead_to_us() {
    let answer = fixtures::search_answer();
    let html = hits(&answer, true, Sprache::Deutsch);
    assert!(html.contains("Zuständig ist Ihre Stadt oder Gemeinde."), "{html}");
    assert!(html.contains("<details><summary>Warum?</summary>") && html.contains("Jetzt online beantragen"));
    for href in html.split("href=\"").skip(1) {
        assert!(href.starts_with("https://suche.example/"), "{href}");
    }
    let english = hits(&answer, true, Sprache::Englisch);
    assert!(
        english.contains("Your town or municipality is responsible.")
            && english.contains("https://suche.example/en/leistung/")
    );
}

#[test]
fn a_town_can_leave_out_what_it_knows_itself() {
    use connectors::gebiet::Level;
    let at = |name: &str, level| {
        let mut found = fixtures::found();
        found.answers.iter_mut().for_each(|answer| answer.level = level);
        fixtures::hit(name, Some(found))
    };
    let mut answer = fixtures::search_answer();
    answer.hits =
        vec![at("Hund anmelden", Level::Gemeinde), at("Hund halten", Level::Kreis), at("Jagdhund", Level::Land)];
    answer.total = 3;
    let html = hits(&answer, false, Sprache::Deutsch);
    assert!(
        !html.contains("Gemeinde.")
            && html.contains("Zuständig ist Ihr Kreis.")
            && html.contains("Zuständig ist das Land.")
    );
    assert!(html.contains("2 Ergebnisse"), "{html}");
    assert!(hits(&answer, true, Sprache::Deutsch).contains("3 Ergebnisse"));
}

#[test]
fn hostile_questions_and_records_stay_texts() {
    let mut answer = fixtures::search_answer();
    answer.understood = HOSTILE.into();
    answer.hits = vec![fixtures::hit(HOSTILE, Some(fixtures::found()))];
    // What is marked in a name has been escaped by the catalog, which a test there shows.
    answer.hits[0].highlight = "<mark>Hund</mark>".into();
    answer.hits[0].leistung.kurztext = HOSTILE.into();
    answer.ambiguous = vec![fixtures::neuenkirchen(HOSTILE, "055660064064")];
    for sprache in Sprache::ALL {
        let html = hits(&answer, true, sprache);
        for bad in ["<script", "<img", "onerror=y>"] {
            assert!(!html.contains(bad), "{bad} in {html}");
        }
    }
}

#[tokio::test]
async fn pages_of_others_may_read_the_pieces() {
    let response = open_to_all(html(&HeaderMap::new(), KEEP_HOUR, "x".into())).await;
    let headers: HashMap<_, _> =
        response.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
    assert_eq!(headers["x-robots-tag"], "noindex");
}

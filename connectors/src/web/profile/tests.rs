//! What is taken from items, whichever syntax they come from.

use super::super::{Head, Page, read_page};
use super::*;
use crate::beschreibung::{Anschrift, Stelle};

fn page(html: &str) -> Page {
    let url = Url::parse("https://stadt.example/leistungen/ausweis").unwrap();
    read_page(html.as_bytes(), &url, &Head::default())
}

/// A page with one block of JSON-LD.
fn json(text: &str) -> Page {
    page(&format!("<html lang=de><script type=\"application/ld+json\">{text}</script></html>"))
}

fn rules(page: &Page) -> Vec<Rule> {
    page.findings.iter().map(|finding| finding.rule).collect()
}

const SERVICE: &str = "\"@context\": \"https://schema.org\", \"@type\": \"GovernmentService\", \"name\": \"Pass\"";

#[test]
fn the_same_leistung_is_read_from_all_three_syntaxes() {
    let expected = Leistungsbeschreibung {
        id: Some("https://stadt.example/leistungen/ausweis#leistung".to_owned()),
        ergaenzt: None,
        leistungsschluessel: "99008001012000".into(),
        bezeichnung: "Personalausweis beantragen".into(),
        stichwoerter: {
            let mut words = Texte::german("Ausweis");
            words.push("de", "Perso");
            words
        },
        gebiete: "053340002002".into(),
        texte: vec![
            Baustein::new(Modul::Kurztext, "Wer mindestens 16 Jahre alt ist, braucht einen gültigen Ausweis.".into()),
            Baustein::new(Modul::Unterlagen, "bisheriger Ausweis, ein Lichtbild".into()),
            Baustein::new(Modul::Kosten, "37,00 Euro".into()),
        ],
        stellen: vec![Stelle {
            id: Some("https://stadt.example/leistungen/ausweis#stelle".to_owned()),
            name: "Bürgerbüro".into(),
            anschriften: vec![Anschrift {
                strasse: Some("Markt 1".to_owned()),
                plz: Some("52062".to_owned()),
                ort: Some("Aachen".to_owned()),
                ..Anschrift::default()
            }],
            telefon: ["0241 432-0", "115"].into_iter().collect(),
            email: "buergerbuero@stadt.example".into(),
            oeffnungszeiten: "Mo–Fr 08:00–12:00 Uhr".into(),
            ..Stelle::default()
        }],
        onlinedienste: vec![Dienst {
            id: Some("https://stadt.example/leistungen/ausweis#online".to_owned()),
            bezeichnung: "Termin vereinbaren".into(),
            url: "https://stadt.example/termin".into(),
            ..Dienst::default()
        }],
        url: Some("https://stadt.example/leistungen/ausweis".to_owned()),
        geaendert: None,
    };
    for (syntax, html) in EXAMPLES {
        let page = page(html);
        assert_eq!(page.descriptions, std::slice::from_ref(&expected), "{}", syntax.name());
        assert_eq!(page.findings, [], "{}", syntax.name());
        assert_eq!(page.syntaxes(), [syntax]);
    }
    // one page that says it three times says it once
    let all: String = EXAMPLES.iter().map(|(_, html)| *html).collect();
    let page = page(&all);
    assert_eq!(page.descriptions.len(), 1);
    assert_eq!(rules(&page), []);
}

#[test]
fn what_is_missing_is_said() {
    let page = json(&format!("{{{SERVICE}}}"));
    assert_eq!(rules(&page), [Rule::WebKeyMissing, Rule::WebAreaMissing, Rule::WebOfficeMissing]);
    assert_eq!(page.descriptions.len(), 1);
    let page = json("{\"@context\": \"https://schema.org\", \"@type\": \"GovernmentService\"}");
    assert!(rules(&page).contains(&Rule::DescriptionNameless));
    assert!(page.descriptions.is_empty());
}

#[test]
fn keys_are_found_in_every_form() {
    for (identifier, expected) in [
        ("\"99008001012000\"", vec!["99008001012000"]),
        ("99008001012000", vec!["99008001012000"]),
        ("\"urn:de:fim:leika:leistung:99008001012000\"", vec!["99008001012000"]),
        ("\"ISBN 3\"", vec![]),
        ("{\"@type\": \"PropertyValue\", \"propertyID\": \"intern\", \"value\": \"4711\"}", vec![]),
        (
            "{\"@type\": \"PropertyValue\", \"propertyID\": \"urn:de:fim:leika:leistung\", \"value\": \"4711\"}",
            vec!["4711"],
        ),
        (
            "[\"99008001012000\", {\"value\": 99008001012001}, \"99008001012000\"]",
            vec!["99008001012000", "99008001012001"],
        ),
    ] {
        let page = json(&format!("{{{SERVICE}, \"identifier\": {identifier}}}"));
        let keys = &page.descriptions.first().unwrap().leistungsschluessel.0;
        assert_eq!(*keys, expected, "{identifier}");
        assert_eq!(rules(&page).contains(&Rule::WebKeysSeveral), expected.len() > 1, "{identifier}");
        assert_eq!(rules(&page).contains(&Rule::WebKeyMissing), expected.is_empty(), "{identifier}");
    }
}

#[test]
fn areas_are_found_in_every_form() {
    for (area, expected) in [
        ("\"05334\"", vec!["05334"]),
        ("{\"@id\": \"http://dcat-ap.de/def/politicalGeocoding/regionalKey/053340002002\"}", vec!["053340002002"]),
        (
            "{\"@type\": \"AdministrativeArea\", \"@id\": \"http://dcat-ap.de/def/politicalGeocoding/regionalKey/05334\", \"name\": \"x\"}",
            vec!["05334"],
        ),
        ("{\"identifier\": {\"@type\": \"PropertyValue\", \"value\": \"053340002002\"}}", vec!["053340002002"]),
        ("[{\"identifier\": \"051\"}, {\"identifier\": [\"053\", \"051\"]}]", vec!["051", "053"]),
        // as sent, so that it is a finding later and not silently the whole area of the portal
        ("\"Aachen\"", vec!["Aachen"]),
        ("{\"@type\": \"City\", \"name\": \"Aachen\"}", vec![]),
    ] {
        let page = json(&format!("{{{SERVICE}, \"areaServed\": {area}}}"));
        assert_eq!(page.descriptions.first().unwrap().gebiete.0, expected, "{area}");
        assert_eq!(rules(&page).contains(&Rule::WebAreaMissing), expected.is_empty(), "{area}");
    }
}

#[test]
fn repeated_properties_all_survive() {
    let office = "{\"@type\": \"GovernmentOffice\", \"name\": \"Amt\", \"telephone\": [\"1\", \"2\"], \"address\": \
                  [{\"streetAddress\": \"A 1\"}, {\"streetAddress\": \"B 2\"}], \"contactPoint\": [{\"telephone\": \"3\", \
                  \"email\": \"a@stadt.example\"}, {\"email\": \"b@stadt.example\", \"faxNumber\": \"4\"}]}";
    let page = json(&format!("{{{SERVICE}, \"provider\": [{office}, {{\"name\": \"Zweites Amt\"}}]}}"));
    let stellen = &page.descriptions.first().unwrap().stellen;
    let stelle = stellen.first().unwrap();
    assert_eq!(stellen.len(), 2);
    assert_eq!(stelle.telefon.0, ["1", "2", "3"]);
    assert_eq!(stelle.email.0, ["a@stadt.example", "b@stadt.example"]);
    assert_eq!(stelle.fax.0, ["4"]);
    assert_eq!(stelle.anschriften.len(), 2);
}

#[test]
fn opening_hours_are_read_from_specifications() {
    let hours = "[{\"@type\": \"OpeningHoursSpecification\", \"dayOfWeek\": [\"Monday\", \"https://schema.org/Tuesday\"], \
                 \"opens\": \"08:00:00\", \"closes\": \"12:30\"}, {\"dayOfWeek\": \"Sunday\", \"opens\": \"00:00\", \"closes\": \"00:00\"}]";
    let page =
        json(&format!("{{{SERVICE}, \"provider\": {{\"name\": \"Amt\", \"openingHoursSpecification\": {hours}}}}}"));
    let stelle = page.descriptions.first().unwrap().stellen.first().unwrap();
    assert_eq!(stelle.oeffnungszeiten, "Montag, Dienstag: 08:00–12:30 Uhr<br>Sonntag: geschlossen".into());
}

#[test]
fn texts_keep_their_language_and_show_their_signs() {
    let html = "<html lang=en><body vocab=\"https://schema.org/\"><div typeof=GovernmentService><b property=name>Passport</b>\
                <b property=name lang=de-DE>Pass</b><p property=description>5 &lt; 6 &amp; x<br>y</p></div></html>";
    let page = page(html);
    let leistung = page.descriptions.first().unwrap();
    let mut names = Texte::default();
    names.push("en", "Passport");
    names.push("de", "Pass");
    assert_eq!(leistung.bezeichnung, names);
    assert_eq!(leistung.texte.first().unwrap().inhalt.0.first().unwrap().text, "5 &lt; 6 &amp; x<br>y");
    let page = json(&format!("{{{SERVICE}, \"description\": \"<p>Mit <b>HTML</b></p>\"}}"));
    assert_eq!(page.descriptions.first().unwrap().texte.first().unwrap().inhalt, "<p>Mit <b>HTML</b></p>".into());
}

#[test]
fn a_property_that_is_misspelt_is_said() {
    let page = json(&format!("{{{SERVICE}, \"serviceOperater\": \"Amt\", \"audience\": \"alle\", \"foaf:x\": 1}}"));
    let unknown: Vec<_> = page.findings.iter().filter(|finding| finding.rule == Rule::WebPropertyUnknown).collect();
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown.first().unwrap().value.as_deref(), Some("https://schema.org/serviceOperater"));
    let page = json(
        "{\"@context\": [\"https://schema.org\", {\"pv\": \"https://portalverbund.nrw/profil#\"}], \"@type\": \
                     \"GovernmentService\", \"name\": \"Pass\", \"pv:gebühr\": \"1\", \"pv:hinweise\": \"2\"}",
    );
    let unknown: Vec<_> = page.findings.iter().filter(|finding| finding.rule == Rule::WebPropertyUnknown).collect();
    assert_eq!(unknown.len(), 1);
}

#[test]
fn every_text_module_has_a_word() {
    for modul in Modul::ALL {
        assert_eq!(super::modul(&term(modul)), Some(modul));
    }
}

use std::io::Cursor;

use connectors::xzufi::read::{Envelope, Options, Reader};

use super::*;
use crate::fixture::{
    bund, gilt, leistung, leistung_with, modul, onlinedienst, portal, stelle, transfer, transferiert, zustaendig,
};
use crate::record::{Lang, Leistung, ModulArt};

const KEY: &str = "99012999017001";

/// The changes of a delivery of `portal`, and the rules that it breaks, each once.
fn of(portal: &Portal, objects: &str) -> (Vec<Change>, Vec<Rule>) {
    let options =
        Options { limits: connectors::xml::Limits::default(), file: "t.xml".into(), envelope: Envelope::IndexFile };
    let mut reader = Reader::new(Cursor::new(transfer(objects).into_bytes()), options);
    let mut normaliser = Normaliser::new(portal);
    normaliser.begin_file("t.xml");
    let mut changes = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        changes.extend(normaliser.change(entry).filter(|change| !matches!(change, Change::Refuse(_))));
    }
    let findings = normaliser.take_findings();
    assert!(findings.iter().all(|one| one.line.is_some() && one.file.as_deref() == Some("t.xml")), "{findings:?}");
    let mut rules: Vec<Rule> = findings.iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    (changes, rules)
}

/// A delivery of the whole Bund.
#[track_caller]
fn check(objects: &str, taken: usize, rules: &[Rule]) -> Vec<Change> {
    let (changes, found) = of(&bund(), objects);
    assert_eq!((changes.len(), found.as_slice()), (taken, rules), "{objects}");
    changes
}

fn only_leistung(changes: Vec<Change>) -> Leistung {
    match changes.into_iter().next() {
        Some(Change::Write(Record { object: Object::Leistung(leistung), .. })) => *leistung,
        other => panic!("{other:?}"),
    }
}

#[test]
fn titles_come_from_03_and_else_from_02() {
    let both = modul("02", "de", "Amtlich") + &modul("02", "en", "Official") + &modul("03", "de", "Einfach");
    let found = only_leistung(check(&leistung_with("A_0007", KEY, &both), 1, &[]));
    assert_eq!((found.title[&Lang::DE].as_str(), found.title[&Lang::EN].as_str()), ("Einfach", "Official"));
    assert_eq!(found.bezeichnung[&Lang::DE], "Amtlich");
    assert!(found.modules.is_empty(), "titles are no modules");
}

#[test]
fn ids_are_texts_and_an_agency_may_be_missing() {
    let changes = check(&leistung("A_000815", "", "T"), 1, &[]);
    let Change::Write(record) = &changes[0] else { panic!() };
    assert_eq!(record.id.to_string(), "A_000815");
    let without = "<x:schreibe><x:leistung><x:id>2</x:id></x:leistung></x:schreibe>";
    check(without, 0, &[Rule::AgencyUnknown]);
    // who named one before means the same again
    check(&(leistung("A_1", "", "T") + without), 2, &[Rule::AgencyMissing, Rule::TitleMissing]);
    check(
        "<x:schreibe><x:leistung><x:id schemeAgencyID=\"A\"> </x:id></x:leistung></x:schreibe>",
        0,
        &[Rule::IdMissing],
    );
    check("<x:schreibe><x:leistung/></x:schreibe>", 0, &[Rule::IdMissing]);
}

#[test]
fn a_faulty_key_costs_the_key_alone() {
    for key in ["9901299901700", "12012999017001", "99012999O17001"] {
        let found = only_leistung(check(&leistung("A_1", key, "T"), 1, &[Rule::KeyInvalid]));
        assert_eq!((found.schluessel.len(), found.title.len()), (0, 1), "{key}");
    }
    let two = format!("<x:referenzLeiKa><code>99050048262000</code></x:referenzLeiKa>{}", modul("03", "de", "T"));
    assert_eq!(only_leistung(check(&leistung_with("A_1", KEY, &two), 1, &[])).schluessel.len(), 2);
}

#[test]
fn a_language_has_two_letters_and_two_are_offered() {
    for lang in ["deu", "de-DE", "", "d"] {
        check(&leistung_with("A_1", "", &modul("03", lang, "T")), 0, &[Rule::LanguageInvalid]);
    }
    let french = modul("03", "fr", "Titre") + &modul("03", "de", "Titel");
    let found = only_leistung(check(&leistung_with("A_1", "", &french), 1, &[Rule::LanguageUnsupported]));
    assert_eq!(found.title[&Lang::DE], "Titel");
    assert_eq!(only_leistung(check(&leistung_with("A_1", "", &modul("03", "DE", "T")), 1, &[])).title[&Lang::DE], "T");
}

#[test]
fn forbidden_html_is_cleaned_and_foreign_letters_are_judged() {
    let found = only_leistung(check(
        &leistung_with("A_1", "", &(modul("03", "de", "T") + &modul("06", "de", "<table><td>Wort</td></table>"))),
        1,
        &[Rule::HtmlCleaned],
    ));
    assert_eq!(found.modules[0].text[&Lang::DE].as_str(), "Wort");
    check(&leistung("A_1", "", "Emoji \u{1f600} im Text"), 1, &[Rule::CharactersStripped]);
    check(&leistung("A_1", "", "Ein \u{3b1} im Text"), 1, &[Rule::CharactersForeign]);
    check(&leistung("A_1", "", "\u{41a}\u{438}\u{440}\u{438}\u{43b}"), 0, &[Rule::CharactersInvalid]);
    check(&leistung("A_1", "", "Bu\u{308}ro"), 1, &[]);
}

#[test]
fn text_in_lines_keeps_its_lines() {
    let found = only_leistung(check(
        &leistung_with("A_1", "", &(modul("03", "de", "T") + &modul("08", "de", "- Ausweis\n  - Foto & Antrag"))),
        1,
        &[],
    ));
    assert_eq!(found.modules[0].text[&Lang::DE].as_str(), "- Ausweis<br>- Foto &amp; Antrag");
}

#[test]
fn periods_end_after_they_begin() {
    let period = |from: &str, until: &str| {
        let period = format!("<x:gueltigkeit><x:beginn>{from}</x:beginn><x:ende>{until}</x:ende></x:gueltigkeit>");
        leistung_with("A_1", "", &(modul("03", "de", "T") + &period))
    };
    check(&period("2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 0, &[Rule::PeriodReversed]);
    let found = only_leistung(check(&period("2026-01-01T00:00:00", "2027-01-01T00:00:00Z"), 1, &[]));
    assert_eq!(found.gueltigkeit[0].from, Some("2025-12-31T23:00:00Z".parse().unwrap()), "Berlin's time");
}

#[test]
fn unknown_codes_are_kept_and_mapped_to_nothing() {
    let codes = modul("03", "de", "T")
        + &modul("99", "de", "Neunundneunzig")
        + "<x:typisierung><code>13</code></x:typisierung><x:vertrauensniveau><code>50</code></x:vertrauensniveau>";
    let found = only_leistung(check(&leistung_with("A_1", "", &codes), 1, &[Rule::CodeUnknown]));
    assert_eq!(found.modules[0].art, ModulArt::Text("99".into()));
    assert_eq!((found.typisierung, found.vertrauensniveau), (vec!["13".to_owned()], Some("50".to_owned())));
}

#[test]
fn only_addresses_that_can_be_published_are() {
    for (url, rules) in [
        ("https://a.example/x?y=1", &[][..]),
        ("http://a.example", &[]),
        ("HTTPS://A.example/", &[]),
        ("javascript:alert(1)", &[Rule::UrlInvalid]),
        ("file:///x", &[Rule::UrlInvalid]),
        ("ftp://a.example/", &[Rule::UrlInvalid]),
        ("//a.example/", &[Rule::UrlInvalid]),
        ("a.example", &[Rule::UrlInvalid]),
        ("https:a.example", &[Rule::UrlInvalid]),
        ("https://n:p@a.example/", &[Rule::UrlInvalid]),
        ("https://a b.example/", &[Rule::UrlInvalid]),
        ("https://a.example/{ars}", &[Rule::UrlPlaceholder]),
        ("", &[Rule::UrlInvalid]),
    ] {
        let changes = check(&onlinedienst("A_1", "Dienst", url, ""), 1, rules);
        let Change::Write(Record { object: Object::Onlinedienst(service), .. }) = &changes[0] else { panic!() };
        assert_eq!(service.links.len(), usize::from(rules.is_empty()), "{url}");
    }
    // inside a network nothing is published unless it is registered
    let closed = crate::fixture::portal_with("p", "000000000000", serde_json::json!({"hosts": ["10.0.0.7"]}));
    for (url, links) in [
        ("http://127.0.0.1:8080/admin", 0),
        ("http://[::1]/", 0),
        ("http://192.168.1.1/", 0),
        ("http://169.254.169.254/", 0),
        ("http://localhost/", 0),
        ("http://10.0.0.7/", 1),
        ("https://anderswo.example/", 1),
    ] {
        let (changes, _) = of(&closed, &onlinedienst("A_1", "Dienst", url, ""));
        let Change::Write(Record { object: Object::Onlinedienst(service), .. }) = &changes[0] else { panic!() };
        assert_eq!(service.links.len(), links, "{url}");
    }
}

#[test]
fn an_area_is_a_valid_ars_of_the_portals_own() {
    let one = |ars: &str| transferiert("A_OE", &zustaendig("A_Z", "A_1", ars, "01"));
    for (ars, gebiet) in [("05315", "053150000000"), ("053150000000", "053150000000"), ("05", "050000000000")] {
        let changes = check(&one(ars), 1, &[]);
        let Change::Write(Record { object: Object::Zustaendigkeit(one), .. }) = &changes[0] else { panic!() };
        assert_eq!(one.what.gebiete, [gebiet.parse().unwrap()], "{ars}");
    }
    for ars in [
        "05315000000",
        "0531500000000",
        "5315",
        "05315000",
        "053X50000000",
        "170000000000",
        "000000000001",
        "053150000000 051170000000",
        "DE-NW",
        "０５３１５０００００００",
    ] {
        let changes = check(&one(ars), 1, &[Rule::GebietInvalid]);
        let Change::Write(Record { object: Object::Zustaendigkeit(one), .. }) = &changes[0] else { panic!() };
        assert_eq!(
            (one.what.gebiete.as_slice(), one.what.gebiete_unmatched.as_slice()),
            (&[][..], &[ars.to_owned()][..])
        );
    }
    let koeln = portal("koeln", "053150000000");
    assert_eq!(of(&koeln, &one("059110000000")).1, [Rule::GebietForeign]);
    // a description for more than the portal's own area holds there
    let (changes, rules) = of(&koeln, &leistung_with("A_1", "", &(modul("03", "de", "T") + &gilt("05"))));
    assert_eq!((only_leistung(changes).gebiete, rules), (vec!["053150000000".parse().unwrap()], vec![]));
}

#[test]
fn a_zustaendigkeit_names_one_leistung_and_its_owner() {
    let none = "<x:zustaendigkeit><x:id schemeAgencyID=\"A\">Z</x:id></x:zustaendigkeit>";
    check(&transferiert("A_OE", none), 0, &[Rule::LeistungIdMissing]);
    let two = "<x:zustaendigkeit><x:leistungID schemeAgencyID=\"A\">1</x:leistungID>\
               <x:leistungID schemeAgencyID=\"A\">2</x:leistungID></x:zustaendigkeit>";
    let changes = check(&stelle("A_OE", "Amt", two), 1, &[Rule::LeistungIdSeveral]);
    let Change::Write(Record { object: Object::Organisationseinheit(unit), .. }) = &changes[0] else { panic!() };
    assert_eq!(unit.zustaendigkeiten, [], "the office stays, the Zustaendigkeit goes");
    let nowhere = "<x:zustaendigkeit><x:id schemeAgencyID=\"A\">Z</x:id><x:leistungID schemeAgencyID=\"A\">1\
                   </x:leistungID></x:zustaendigkeit>";
    let changes = check(&transferiert("A_OE", nowhere), 1, &[Rule::GebietMissing]);
    let Change::Write(Record { object: Object::Zustaendigkeit(one), .. }) = &changes[0] else { panic!() };
    assert_eq!(one.what.gebiete, [], "no area is not everywhere");
}

#[test]
fn an_office_has_a_name_and_better_a_german_one() {
    let named = |name: &str| {
        format!(
            "<x:schreibe><x:organisationseinheit><x:id schemeAgencyID=\"A\">1</x:id>{name}</x:organisationseinheit></x:schreibe>"
        )
    };
    check(&named(""), 0, &[Rule::NameMissing]);
    check(&named("<x:name><x:name languageCode=\"en\">Office</x:name></x:name>"), 1, &[Rule::GermanMissing]);
    let address = "<x:name><x:name languageCode=\"de\">Amt</x:name></x:name>\
                   <x:anschrift><x:postleitzahl>01067</x:postleitzahl></x:anschrift>";
    let changes = check(&named(address), 1, &[]);
    let Change::Write(Record { object: Object::Organisationseinheit(unit), .. }) = &changes[0] else { panic!() };
    assert_eq!(unit.anschriften[0].plz.as_deref(), Some("01067"));
}

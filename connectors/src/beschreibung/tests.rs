use super::*;
use crate::finding::Rule;
use crate::xzufi::{Action, Entry, Klasse, Objekt};

const LINE: &str = r#"{"leistungsschluessel": ["99108003022000"], "bezeichnung": {"de": "Personalausweis", "en": "Identity card"},
 "stichwoerter": ["Perso", {"en": "ID card"}], "gebiete": "053340002002",
 "texte": [{"modul": "unterlagen", "inhalt": "Altes Dokument"}, {"modul": "kosten", "inhalt": "37,00 Euro"},
           {"modul": "kosten", "inhalt": "22,80 Euro unter 24 Jahren"}],
 "stellen": [{"name": "Bürgerbüro", "telefon": ["0241 1", "0241 2"], "oeffnungszeiten": "Mo 8–12"}],
 "onlinedienste": [{"bezeichnung": "Termin", "url": "https://termine.example/"}], "geaendert": "2026-11-01"}"#;

fn read(line: &str) -> Result<Option<Zeile>, Rule> {
    Zeile::read(line.replace('\n', " ").as_bytes(), 7).map_err(|finding| {
        assert_eq!(finding.line, Some(7));
        finding.rule
    })
}

fn description(line: &str) -> Leistungsbeschreibung {
    match read(line).unwrap().unwrap() {
        Zeile::Schreibe(said) => *said,
        other => panic!("{other:?}"),
    }
}

fn written(entries: &[Entry]) -> Vec<&Objekt> {
    let objects = entries.iter().filter_map(|entry| match &entry.action {
        Action::Schreibe(objekt) => Some(objekt),
        Action::Loesche { .. } => None,
    });
    objects.collect()
}

/// The ids of the Zuständigkeiten that the entries delete.
fn deleted(entries: &[Entry]) -> Vec<&str> {
    let ids = entries.iter().filter_map(|entry| match &entry.action {
        Action::Loesche { klasse: Klasse::Zustaendigkeit, id } => Some(id.text.as_str()),
        _ => None,
    });
    ids.collect()
}

#[test]
fn a_line_becomes_a_leistung_with_its_office_and_its_online_service() {
    let said = description(LINE);
    let entries = said.entries("stadt", 7);
    assert!(entries.iter().all(|entry| entry.line == 7));
    let objects = written(&entries);
    let [
        Objekt::Leistung(leistung),
        Objekt::Organisationseinheit(office),
        Objekt::Onlinedienst(service),
        Objekt::Zustaendigkeit(of_office),
        Objekt::Zustaendigkeit(of_service),
    ] = objects.as_slice()
    else {
        panic!("{objects:?}")
    };
    assert_eq!(leistung.leistungsschluessel, ["99108003022000"]);
    let texts: Vec<_> = leistung.module.texte.iter().map(|one| one.typ.code.as_deref().unwrap()).collect();
    assert_eq!(texts, ["03", "08"]);
    assert_eq!(leistung.module.texte[0].inhalt.len(), 2, "both languages of the name");
    assert_eq!(leistung.module.kosten.len(), 2, "a repeated text survives");
    assert_eq!(leistung.module.begriffe.len(), 2);
    let changed = leistung.versionsinformation.as_ref().and_then(|version| version.geaendert_datum_zeit.as_deref());
    assert_eq!(changed, Some("2026-11-01"));
    let numbers: Vec<_> = office.kommunikation.iter().map(|one| one.kennung.as_str()).collect();
    assert_eq!(numbers, ["0241 1", "0241 2"]);
    assert_eq!(service.links[0].link, "https://termine.example/");
    for (connecting, owner, rolle) in [(of_office, &office.id, Some("01")), (of_service, &service.id, None)] {
        assert_eq!(&connecting.uebergeordnetes_objekt_id, owner);
        assert_eq!(Some(&connecting.zustaendigkeit.leistung_id[0].text), leistung.id.as_ref().map(|id| &id.text));
        assert_eq!(connecting.zustaendigkeit.gebiete[0].text, "053340002002");
        assert_eq!(connecting.zustaendigkeit.rolle.as_ref().and_then(|rolle| rolle.code.as_deref()), rolle);
    }
    assert_eq!(deleted(&entries).len(), PLACES - 2, "what an earlier line connected and this one does not, ends");
}

#[test]
fn the_same_content_has_the_same_ids_and_another_has_others() {
    let said = description(LINE);
    assert_eq!(said.entries("stadt", 7), description(LINE).entries("stadt", 7));
    let mut other = said.clone();
    other.gebiete = "053340004004".into();
    assert_ne!(other.own_id(), said.own_id());
    other = said.clone();
    other.bezeichnung = "Ausweis".into();
    assert_eq!(other.own_id(), said.own_id(), "a key says what it is, whatever it is called");
    other.leistungsschluessel = Werte::default();
    let nameless = other.own_id();
    other.bezeichnung = "Pass".into();
    assert_ne!(other.own_id(), nameless, "without a key the name says what it is");
    other.id = Some(" 4711 ".into());
    assert_eq!(other.own_id(), "4711");
}

#[test]
fn parts_of_an_id_do_not_run_into_each_other() {
    let one = Leistungsbeschreibung { url: Some("ab".into()), bezeichnung: "c".into(), ..Default::default() };
    let two = Leistungsbeschreibung { url: Some("a".into()), bezeichnung: "bc".into(), ..Default::default() };
    assert_ne!(one.own_id(), two.own_id());
}

#[test]
fn what_was_read_is_written_alike() {
    let said = description(LINE);
    let text = serde_json::to_string(&said).unwrap();
    assert_eq!(serde_json::from_str::<Leistungsbeschreibung>(&text).unwrap(), said, "{text}");
    assert!(!text.contains("null") && !text.contains("anschriften"), "{text}");
}

#[test]
fn a_removal_takes_the_leistung_and_what_connects_it() {
    let removal = read(r#"{"loesche": {"id": "4711"}}"#).unwrap().unwrap();
    let entries = removal.entries("stadt", 7);
    assert!(
        matches!(&entries[0].action, Action::Loesche { klasse: Klasse::Leistung, id } if id.text == "4711"),
        "{entries:?}"
    );
    assert_eq!(deleted(&entries).len(), PLACES);
    let office = read(r#"{"loesche": {"klasse": "Organisationseinheit", "id": "b"}}"#).unwrap().unwrap();
    assert_eq!(office.entries("stadt", 7).len(), 1);
}

#[test]
fn a_faulty_line_says_what_is_wrong_with_it() {
    assert_eq!(read("  "), Ok(None));
    for (line, rule) in [
        ("{", Rule::LineNotJson),
        ("[]", Rule::LineNotJson),
        (r#"{"bezeichnung": "A"} {"bezeichnung": "B"}"#, Rule::LineNotJson),
        (r#"{"bezeichnung": "A", "titel": "B"}"#, Rule::LineInvalid),
        (r#"{"bezeichnung": 5}"#, Rule::LineInvalid),
        (r#"{"bezeichnung": "A", "texte": [{"modul": "preis", "inhalt": "1"}]}"#, Rule::LineInvalid),
        (r#"{"url": "https://stadt.example/"}"#, Rule::DescriptionNameless),
        (r#"{"loesche": {"id": " "}}"#, Rule::LineInvalid),
        (r#"{"loesche": {"klasse": "Amt", "id": "1"}}"#, Rule::LineInvalid),
        (r#"{"loesche": {"id": "1"}, "bezeichnung": "A"}"#, Rule::LineInvalid),
    ] {
        assert_eq!(read(line), Err(rule), "{line}");
    }
    let finding = Zeile::read(b"{\"bezeichnung\": \"\xff\"}", 3).unwrap_err();
    assert_eq!((finding.rule, finding.line), (Rule::LineNotText, Some(3)));
    let long = vec![b' '; MAX_LINE_BYTES + 1];
    assert_eq!(Zeile::read(&long, 1).unwrap_err().rule, Rule::LineTooLong);
}

#[test]
fn what_is_said_on_top_of_another_leistung_is_an_overlay_of_it_with_places_of_its_own() {
    let said = description(
        r#"{"id": "1", "ergaenzt": {"redaktion": "land", "id": "99"}, "stellen": [{"name": "Amt"}],
            "texte": [{"modul": "kosten", "weise": "ersetzt", "inhalt": "frei"}, {"modul": "unterlagen", "inhalt": "mehr"}]}"#,
    );
    let entries = said.entries("stadt", 1);
    let objects = written(&entries);
    let [Objekt::Spezialisierung(overlay), Objekt::Organisationseinheit(_), Objekt::Zustaendigkeit(place)] =
        objects.as_slice()
    else {
        panic!("{objects:?}")
    };
    assert_eq!(overlay.leistung_id, place.zustaendigkeit.leistung_id);
    assert_eq!(overlay.leistung_id[0].scheme_agency_id.as_deref(), Some("land"));
    assert_eq!(overlay.ersetzt, ["modulKosten"]);
    assert_eq!((overlay.module.kosten.len(), overlay.module.texte.len()), (1, 1));
    let text = serde_json::to_string(&said).unwrap();
    assert_eq!(serde_json::from_str::<Leistungsbeschreibung>(&text).unwrap(), said, "{text}");
}

#[test]
fn more_places_than_there_are_numbers_are_left_out() {
    let stelle = |n: usize| Stelle { name: format!("Stelle {n}").as_str().into(), ..Stelle::default() };
    let said = Leistungsbeschreibung {
        bezeichnung: "A".into(),
        stellen: (0..PLACES + 4).map(stelle).collect(),
        ..Default::default()
    };
    let entries = said.entries("stadt", 1);
    let doubts: Vec<_> = said.doubts(3).iter().map(|finding| (finding.rule, finding.line)).collect();
    assert_eq!(doubts, [(Rule::DescriptionPlaces, Some(3))]);
    let connecting = written(&entries).iter().filter(|one| matches!(one, Objekt::Zustaendigkeit(_))).count();
    assert_eq!((connecting, deleted(&entries).len()), (PLACES, 0));
}

#[test]
fn a_date_that_is_none_is_doubted() {
    for (text, doubted) in [
        ("2026-11-01", false),
        ("2026-11-01T10:00:00+01:00", false),
        ("2026-11-01T10:00:00", false),
        ("1.11.2026", true),
        ("2026-02-30", true),
    ] {
        let said = Leistungsbeschreibung { geaendert: Some(text.into()), ..Default::default() };
        let rules: Vec<_> = said.doubts(1).iter().map(|finding| finding.rule).collect();
        assert_eq!(rules.contains(&Rule::DescriptionDate), doubted, "{text}");
    }
}

#[test]
fn every_module_has_a_name_and_a_place() {
    for modul in Modul::ALL {
        assert!(!modul.name().is_empty(), "{modul:?}");
        let json = serde_json::to_string(&modul).unwrap();
        assert_eq!(serde_json::from_str::<Modul>(&json).unwrap(), modul);
    }
}

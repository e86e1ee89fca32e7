use super::*;
use crate::xml::Limits;
use crate::xzufi::read::{Envelope, Options, Reader};
use crate::xzufi::{Klasse, Leistung, Textmodul};

fn read_back(bytes: &[u8]) -> Vec<Entry> {
    let options = Options { limits: Limits::default(), file: "x.xml".into(), envelope: Envelope::IndexFile };
    let mut reader = Reader::new(bytes, options);
    let mut entries = Vec::new();
    while let Some(mut entry) = reader.next_entry().unwrap() {
        entry.line = 0;
        entries.push(entry);
    }
    assert_eq!(reader.take_findings(), []);
    entries
}

fn localized(text: &str) -> Localized {
    Localized { lang: Some("de".into()), text: text.into() }
}

#[test]
fn a_leistung_comes_back_as_it_was() {
    let mut leistung = Leistung {
        id: Some(Identifikator {
            scheme_agency_id: Some("TEST".into()),
            text: "0815".into(),
            ..Identifikator::default()
        }),
        leistungsschluessel: vec!["99012999017001".into()],
        ..Leistung::default()
    };
    leistung
        .module
        .texte
        .push(Textmodul { inhalt: vec![localized("<p>A &amp; B ]]> \"C\"\r\n\u{a0}ä</p>")], ..Textmodul::default() });
    let entries = [
        Entry { line: 0, action: Action::Schreibe(Objekt::Leistung(Box::new(leistung))) },
        Entry {
            line: 0,
            action: Action::Loesche {
                klasse: Klasse::Formular,
                id: Identifikator { text: "7".into(), ..Identifikator::default() },
            },
        },
    ];
    let mut bytes = Vec::new();
    write_message(Version::V2_2, &Nachrichtenkopf::default(), &entries, &mut bytes).unwrap();
    assert_eq!(read_back(&bytes), entries);
}

#[test]
fn what_xml_cannot_express_is_refused() {
    let mut leistung = Leistung::default();
    leistung.module.texte.push(Textmodul { inhalt: vec![localized("\u{1}")], ..Textmodul::default() });
    let entries = [Entry { line: 0, action: Action::Schreibe(Objekt::Leistung(Box::new(leistung))) }];
    let written = write_message(Version::V2_2, &Nachrichtenkopf::default(), &entries, &mut Vec::new());
    assert_eq!(written.unwrap_err().kind(), io::ErrorKind::InvalidData);
    let written = write_message(Version::V2_1, &Nachrichtenkopf::default(), [], &mut Vec::new());
    assert_eq!(written.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

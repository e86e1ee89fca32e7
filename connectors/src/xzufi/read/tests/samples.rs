//! The shared samples, where they are at hand: every verdict that is decided by reading alone.

use std::path::PathBuf;

use super::*;

/// What is expected of a sample: nothing but entries, warnings as well, or a technical fault.
enum Expected {
    /// Entries: Leistungen, Spezialisierungen, Organisationseinheiten, Onlinedienste, Formulare, Zuständigkeiten of
    /// their own, unknown objects, deletions.
    Entries([usize; 8]),
    Warned([usize; 8], &'static [Rule]),
    Fault(Rule),
}

use Expected::{Entries, Fault, Warned};

const SAMPLES: &[(&str, Expected)] = &[
    ("01-leistung-voll.xml", Entries([1, 0, 0, 0, 0, 0, 0, 0])),
    ("02-leistung-default-ns.xml", Entries([1, 0, 0, 0, 0, 0, 0, 0])),
    ("03-spezialisierung.xml", Entries([0, 1, 0, 0, 0, 0, 0, 0])),
    ("04-organisationseinheit-mit-zustaendigkeit.xml", Entries([0, 0, 1, 0, 0, 0, 0, 0])),
    ("05-onlinedienst.xml", Entries([0, 0, 0, 2, 0, 0, 0, 0])),
    ("06-zustaendigkeit-transfer.xml", Entries([0, 0, 0, 0, 0, 6, 0, 0])),
    ("07-formular.xml", Entries([0, 0, 0, 0, 1, 0, 0, 0])),
    ("08-loeschen.xml", Entries([0, 0, 0, 0, 0, 0, 0, 7])),
    ("09-gemischte-reihenfolge.xml", Entries([1, 0, 1, 0, 0, 1, 0, 1])),
    ("10-leer.xml", Warned([0; 8], &[Rule::KopfMissingEmpty])),
    ("11-xzufi-2-1-0.xml", Entries([1, 0, 1, 0, 0, 0, 0, 0])),
    ("12-xzufi-2-3-1.xml", Entries([1, 0, 0, 0, 0, 0, 0, 0])),
    ("13-code-qualifiziert.xml", Warned([1, 0, 0, 0, 0, 0, 0, 0], &[Rule::CodeQualified])),
    ("bad/b01-abgeschnitten.xml", Fault(Rule::XmlNotWellFormed)),
    ("bad/b02-falscher-namensraum.xml", Fault(Rule::NamespaceUnknown)),
    ("bad/b03-ohne-namensraum.xml", Fault(Rule::NamespaceUnknown)),
    ("bad/b04-xxe.xml", Fault(Rule::XmlDoctype)),
    ("bad/b05-externe-dtd.xml", Fault(Rule::XmlDoctype)),
    ("bad/b06-entitaeten-explosion.xml", Fault(Rule::XmlDoctype)),
    ("bad/b07-interne-dtd-harmlos.xml", Fault(Rule::XmlDoctype)),
    ("bad/b08-latin1-als-utf8.xml", Fault(Rule::XmlEncoding)),
    ("bad/b09-kodierung-unbekannt.xml", Fault(Rule::XmlEncoding)),
    ("bad/b10-steuerzeichen.xml", Fault(Rule::XmlNotWellFormed)),
    ("bad/b11-tiefe-schachtelung.xml", Fault(Rule::XmlLimit)),
    ("bad/b12-riesentext.xml", Warned([0; 8], &[Rule::TextTooLong])),
    ("bad/b13-viele-attribute.xml", Fault(Rule::XmlLimit)),
    ("bad/b14-html-fehlerseite.xml", Fault(Rule::XmlDoctype)),
    ("bad/b15-leere-datei.xml", Fault(Rule::XmlEmpty)),
    ("bad/b16-zwei-wurzeln.xml", Fault(Rule::XmlNotWellFormed)),
    ("bad/b17-doppeltes-attribut.xml", Fault(Rule::XmlNotWellFormed)),
    ("bad/b18-prefix-nicht-gebunden.xml", Fault(Rule::XmlNotWellFormed)),
    ("bad/b19-ohne-nachrichtenkopf.xml", Fault(Rule::KopfMissing)),
    ("bad/b20-zwei-nachrichtenkoepfe.xml", Fault(Rule::KopfTwice)),
    ("bad/b21-schreibe-zwei-objekte.xml", Fault(Rule::SchreibeSeveral)),
    ("bad/b22-schreibe-leer.xml", Fault(Rule::SchreibeEmpty)),
    ("bad/b23-loesche-ohne-klasse.xml", Fault(Rule::LoescheKlasseMissing)),
    ("bad/b24-unbekanntes-objekt.xml", Warned([1, 0, 0, 0, 0, 0, 1, 0], &[Rule::ObjectUnknown, Rule::ElementUnknown])),
    ("bad/b25-version-widerspruch.xml", Warned([1, 0, 0, 0, 0, 0, 0, 0], &[Rule::VersionMismatch])),
    ("bad/b38-html-als-kindelemente.xml", Fault(Rule::TextWithElements)),
    ("bad/b40-doppelte-id.xml", Entries([5, 0, 0, 0, 0, 0, 0, 2])),
    ("bad/b42-datum-ungueltig.xml", Fault(Rule::DateInvalid)),
];

/// The bytes of a sample; none where the samples are not at hand.
fn sample(name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/samples");
    std::fs::read(folder.join(name)).ok()
}

fn counted(entries: &[Entry]) -> [usize; 8] {
    let mut counts = [0; 8];
    for entry in entries {
        let kind = match &entry.action {
            Action::Schreibe(Objekt::Leistung(_)) => 0,
            Action::Schreibe(Objekt::Spezialisierung(_)) => 1,
            Action::Schreibe(Objekt::Organisationseinheit(_)) => 2,
            Action::Schreibe(Objekt::Onlinedienst(_)) => 3,
            Action::Schreibe(Objekt::Formular(_)) => 4,
            Action::Schreibe(Objekt::Zustaendigkeit(_)) => 5,
            Action::Schreibe(Objekt::Unknown(_)) => 6,
            Action::Loesche { .. } => 7,
        };
        counts[kind] += 1;
    }
    counts
}

#[test]
fn every_sample_gets_its_verdict() {
    for (name, expected) in SAMPLES {
        let Some(bytes) = sample(name) else {
            println!("left out: the shared samples are not here");
            return;
        };
        let read = read_as(&bytes, Envelope::IndexFile);
        let rules: Vec<_> = read.findings.iter().map(|finding| finding.rule).collect();
        let fault = read.fault.as_ref().map(|finding| finding.rule);
        match expected {
            Entries(counts) => {
                assert_eq!((fault, rules), (None, vec![]), "{name}");
                assert_eq!(counted(&read.entries), *counts, "{name}");
            }
            Warned(counts, expected) => {
                assert_eq!((fault, rules.as_slice()), (None, *expected), "{name}");
                assert_eq!(counted(&read.entries), *counts, "{name}");
            }
            Fault(rule) => assert_eq!(fault, Some(*rule), "{name}"),
        }
    }
}

#[test]
fn samples_that_are_judged_by_their_content_are_read_without_a_fault() {
    let names = [
        "b30-ohne-id",
        "b31-unbekannte-leistung",
        "b32-zustaendigkeit-ohne-leistung",
        "b33-ars-ungueltig",
        "b34-leistungsschluessel-ungueltig",
        "b35-sprachcode-dreistellig",
        "b36-sprache-nicht-unterstuetzt",
        "b37-html-verboten",
        "b39-nicht-string-latin",
        "b41-unbekannte-codes",
        "b43-url-gefaehrlich",
        "b44-oe-ohne-pflicht",
        "b45-oe-zyklus",
    ];
    for name in names {
        let Some(bytes) = sample(&format!("bad/{name}.xml")) else {
            println!("left out: the shared samples are not here");
            return;
        };
        let read = read_as(&bytes, Envelope::IndexFile);
        assert_eq!((read.fault, read.findings), (None, vec![]), "{name}");
        assert!(!read.entries.is_empty(), "{name}");
    }
}

#[test]
fn the_full_leistung_is_read_whole() {
    let Some(bytes) = sample("01-leistung-voll.xml") else {
        println!("left out: the shared samples are not here");
        return;
    };
    let read = read_as(&bytes, Envelope::IndexFile);
    let Action::Schreibe(Objekt::Leistung(leistung)) = &read.entries[0].action else { panic!() };
    let id = leistung.id.as_ref().unwrap();
    assert_eq!((id.scheme_agency_id.as_deref(), id.text.as_str()), (Some("L900001"), "000815"));
    let module = &leistung.module;
    let codes: Vec<_> = module.texte.iter().filter_map(|modul| modul.typ.code.as_deref()).collect();
    assert_eq!(codes, ["02", "03", "05", "06", "07", "08", "25"]);
    assert_eq!(module.texte[1].inhalt[1].lang.as_deref(), Some("en"));
    // the reference inside CDATA is the HTML's, not the XML's
    assert!(module.texte[3].inhalt[0].text.contains("&#xa0;Das"));
    assert!(module.texte[2].inhalt[0].text.starts_with("<ul><li>"));
    assert_eq!(module.texte[3].links.len(), 1);
    assert_eq!(module.texte_individuell[0].typ.code.as_deref(), Some("A1"));
    assert_eq!(
        (module.fristen.len(), module.kosten.len(), module.bearbeitungsdauern.len(), module.begriffe.len()),
        (1, 1, 1, 3)
    );
    assert_eq!((module.freigaben.len(), module.auskunftshinweise.len(), module.dokumente.len()), (1, 1, 1));
    assert_eq!(module.ursprungsportale[0].titel.as_deref(), Some("Serviceportal Musterland"));
    assert_eq!((leistung.typisierung.len(), leistung.sprachversionen.len(), leistung.kategorien.len()), (2, 2, 1));
    assert_eq!(leistung.herausgeber.as_ref().unwrap().gebiete[0].text, "050000000000");
    assert_eq!(leistung.struktur.as_ref().unwrap().art, Some(Strukturart::MitVerrichtungUndDetail));
}

#[test]
fn details_of_the_other_samples_survive() {
    let names = [
        "02-leistung-default-ns",
        "04-organisationseinheit-mit-zustaendigkeit",
        "06-zustaendigkeit-transfer",
        "09-gemischte-reihenfolge",
        "12-xzufi-2-3-1",
        "14-utf16",
    ];
    let Some(bytes) = names.iter().map(|name| sample(&format!("{name}.xml"))).collect::<Option<Vec<_>>>() else {
        println!("left out: the shared samples are not here");
        return;
    };
    let entries: Vec<_> = bytes.iter().map(|bytes| read_as(bytes, Envelope::IndexFile).entries).collect();

    let Action::Schreibe(Objekt::Leistung(leistung)) = &entries[0][0].action else { panic!() };
    assert_eq!(leistung.leistungsschluessel, ["99050048262000", "99050048261000"]);
    assert_eq!(leistung.struktur.as_ref().unwrap().art, Some(Strukturart::MitVerrichtung));

    let Action::Schreibe(Objekt::Organisationseinheit(stelle)) = &entries[1][0].action else { panic!() };
    assert_eq!(stelle.anschriften[0].postleitzahl.as_deref(), Some("01067"));
    assert_eq!(stelle.anschriften[0].regionalschluessel.as_deref(), Some("053150000000"));
    assert_eq!((stelle.anschriften.len(), stelle.kommunikation.len(), stelle.zustaendigkeiten.len()), (2, 2, 2));
    assert_eq!(stelle.zustaendigkeiten[1].gebiete.len(), 2);

    let Action::Schreibe(Objekt::Zustaendigkeit(transfer)) = &entries[2][1].action else { panic!() };
    assert_eq!(transfer.zustaendigkeit.gebiete[0].text, "05762");
    assert_eq!(transfer.uebergeordnetes_objekt_id.as_ref().unwrap().text, "OE-30");

    let Action::Schreibe(Objekt::Zustaendigkeit(transfer)) = &entries[3][0].action else { panic!() };
    assert_eq!(transfer.zustaendigkeit.gebiete[0].text, "110000000000");
    let Action::Schreibe(Objekt::Leistung(leistung)) = &entries[3][2].action else { panic!() };
    assert_eq!(leistung.module.texte[0].inhalt[0].text, "Wohnsitz anmelden");

    let Action::Schreibe(Objekt::Leistung(leistung)) = &entries[4][0].action else { panic!() };
    let kanaele: Vec<_> = leistung.module.fristen.iter().map(|modul| modul.head.zugangskanal.as_ref()).collect();
    assert_eq!(kanaele.iter().flatten().filter_map(|code| code.code.as_deref()).collect::<Vec<_>>(), ["100", "200"]);
    assert_eq!(leistung.module.ursprungsportale[0].dynamische_parameter, [(Some("001".into()), "ars".into())]);

    assert!(!entries[5].is_empty());
    assert!(format!("{:?}", entries[5]).chars().any(|char| matches!(char, 'ě' | 'š' | 'ć' | 'ź' | 'ł' | 'č')));
}

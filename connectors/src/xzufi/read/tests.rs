//! What a message may look like, what is read of it, and what ends it.

mod samples;

use super::*;
use crate::finding::Severity;
use crate::xzufi::{Fristauswahl, Kostenauswahl, Leistung, Strukturart};

/// Everything that came of one message.
struct Read {
    entries: Vec<Entry>,
    findings: Vec<Finding>,
    fault: Option<Finding>,
    kopf: Option<Nachrichtenkopf>,
    version: Option<Version>,
}

fn read_as(bytes: &[u8], envelope: Envelope) -> Read {
    let options = Options { limits: Limits::default(), file: "x.xml".into(), envelope };
    let mut reader = Reader::new(bytes, options);
    let mut entries = Vec::new();
    let fault = loop {
        match reader.next_entry() {
            Ok(Some(entry)) => entries.push(entry),
            Ok(None) => break None,
            Err(finding) => {
                assert_eq!(reader.next_entry(), Err(finding.clone()));
                break Some(finding);
            }
        }
    };
    if fault.is_none() {
        assert_eq!(reader.bytes_read(), bytes.len() as u64);
    }
    let findings = reader.take_findings();
    for finding in findings.iter().chain(&fault) {
        assert_eq!(finding.file.as_deref(), Some("x.xml"));
        assert!(finding.line.is_some(), "{finding:?}");
    }
    assert!(fault.iter().all(|finding| finding.severity == Severity::Technical));
    assert!(findings.iter().all(|finding| finding.severity != Severity::Technical));
    Read { entries, findings, fault, kopf: reader.nachrichtenkopf().cloned(), version: reader.version() }
}

fn read(document: &str) -> Read {
    read_as(document.as_bytes(), Envelope::IndexFile)
}

const KOPF: &str = "<x:nachrichtenkopf/>";

/// A message of version 2.2 with the prefix `x`.
fn message(inner: &str) -> String {
    format!(
        "<x:nachricht xmlns:x='http://xoev.de/schemata/xzufi/2_2_0' \
         xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>{inner}</x:nachricht>"
    )
}

/// The Leistung of a message that holds nothing else.
#[track_caller]
fn leistung(inner: &str) -> (Leistung, Vec<Rule>) {
    let read = read(&message(&format!("{KOPF}<x:schreibe><x:leistung>{inner}</x:leistung></x:schreibe>")));
    assert_eq!(read.fault, None);
    let rules = read.findings.iter().map(|finding| finding.rule).collect();
    match read.entries.into_iter().next().map(|entry| entry.action) {
        Some(Action::Schreibe(Objekt::Leistung(leistung))) => (*leistung, rules),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check_fault(document: &str, rule: Rule, line: u64) {
    let fault = read(document).fault.unwrap_or_else(|| panic!("{document} was read"));
    assert_eq!((fault.rule, fault.line), (rule, Some(line)), "{document}");
}

#[track_caller]
fn check_findings(document: &str, expected: &[(Rule, Option<&str>)]) {
    let read = read(document);
    assert_eq!(read.fault, None, "{document}");
    let found: Vec<_> = read.findings.iter().map(|finding| (finding.rule, finding.value.as_deref())).collect();
    assert_eq!(found, expected, "{document}");
}

#[test]
fn the_envelope_is_checked() {
    let schreibe = "<x:schreibe><x:formular/></x:schreibe>";
    check_fault(&message(schreibe), Rule::KopfMissing, 1);
    check_fault(&message(&format!("{KOPF}\n{KOPF}")), Rule::KopfTwice, 2);
    check_fault(&message(&format!("{KOPF}\n<x:schreibe/>")), Rule::SchreibeEmpty, 2);
    check_fault(&message(&format!("{KOPF}\n<x:schreibe> </x:schreibe>")), Rule::SchreibeEmpty, 2);
    let two = "<x:schreibe>\n<x:formular/><x:formular/></x:schreibe>";
    check_fault(&message(&format!("{KOPF}\n{two}")), Rule::SchreibeSeveral, 2);
    let loesche = |inner: &str| message(&format!("{KOPF}<x:loesche{inner}</x:loesche>"));
    check_fault(&loesche("><x:id>1</x:id>"), Rule::LoescheKlasseMissing, 1);
    check_fault(&loesche(" klasse=' '><x:id>1</x:id>"), Rule::LoescheKlasseMissing, 1);
    check_fault(&loesche(" klasse='Leistung'>"), Rule::LoescheIdMissing, 1);
    check_fault(&loesche(" klasse='Leistung'><x:id> </x:id>"), Rule::LoescheIdMissing, 1);
    check_findings(&loesche(" klasse='Haus'><x:id>1</x:id>"), &[(Rule::LoescheKlasseUnknown, Some("Haus"))]);
    check_fault("<html/>", Rule::NamespaceUnknown, 1);
    check_fault("\n<a xmlns='http://xoev.de/schemata/xzufi/2_4_0'/>", Rule::NamespaceUnknown, 2);
    check_fault(&message(&format!("{KOPF}{schreibe}<x:schreibe>")), Rule::XmlNotWellFormed, 1);
    check_fault(&format!("{}<a/>", message(KOPF)), Rule::XmlNotWellFormed, 1);
}

#[test]
fn an_empty_message_is_fine_as_an_answer_only() {
    for empty in [message(""), message(" \n<!-- nichts -->")] {
        check_findings(&empty, &[(Rule::KopfMissingEmpty, None)]);
        let read = read_as(empty.as_bytes(), Envelope::Bereitstelldienst);
        assert!(read.fault.is_none() && read.findings.is_empty() && read.entries.is_empty());
    }
    let unknown = message("<x:neu/>");
    let read = read_as(unknown.as_bytes(), Envelope::Bereitstelldienst);
    assert_eq!(read.fault.map(|finding| finding.rule), Some(Rule::KopfMissing));
}

#[test]
fn the_namespace_decides_the_version() {
    for (namespace, named, warned) in [
        ("2_1_0", "2.1", false),
        ("2_2_0", "2.2", false),
        ("2_2_0", "2.2.0", false),
        ("2_3_1", "2.3.1", false),
        ("2_2_0", "2.3.1", true),
        ("2_2_0", "", true),
    ] {
        let document = format!(
            "<a xmlns='http://xoev.de/schemata/xzufi/{namespace}' xzufiVersion='{named}'><nachrichtenkopf/></a>"
        );
        let read = read(&document);
        assert_eq!(read.version.map(Version::namespace), document.split('\'').nth(1));
        let rules: Vec<_> = read.findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, if warned { vec![Rule::VersionMismatch] } else { vec![] }, "{document}");
    }
}

#[test]
fn the_head_may_stand_anywhere() {
    let kopf = "<x:nachrichtenkopf><x:sender>Amt</x:sender><x:nachrichtUUID> 1-2 </x:nachrichtUUID>\
                <x:erstelltDatumZeit>2026-11-02T04:15:00+01:00</x:erstelltDatumZeit></x:nachrichtenkopf>";
    let transaktion = "<x:transaktionID>1</x:transaktionID><x:transaktionPosition>2</x:transaktionPosition>";
    let read = read(&message(&format!("<x:schreibe><x:formular/></x:schreibe>{transaktion}{kopf}")));
    assert_eq!((read.fault, read.findings, read.entries.len()), (None, vec![], 1));
    let kopf = read.kopf.unwrap();
    assert_eq!(kopf.nachricht_uuid.as_deref(), Some("1-2"));
    assert_eq!(kopf.sender.as_deref(), Some("Amt"));
    assert_eq!(kopf.erstellt_datum_zeit.as_deref(), Some("2026-11-02T04:15:00+01:00"));
}

#[test]
fn an_answer_holds_objects_in_lists() {
    let document = "<a xmlns='http://xoev.de/schemata/xzufi/2_1_0'><nachrichtenkopf/><antwort><antwortnummer>1\
        </antwortnummer><antwortrueckgabecode><code>202</code></antwortrueckgabecode>\
        <ergebnisLeistung><leistung><id>1</id></leistung><leistung><id>2</id></leistung></ergebnisLeistung>\
        <ergebnisOrganisationseinheit/><ergebnisOrganisationseinheit><organisationseinheit/>\
        </ergebnisOrganisationseinheit><neu/></antwort></a>";
    let read = read(document);
    assert_eq!(read.fault, None);
    assert_eq!(read.entries.len(), 3);
    assert!(matches!(read.entries[2].action, Action::Schreibe(Objekt::Organisationseinheit(_))));
    assert_eq!(read.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::ElementUnknown]);
}

#[test]
fn entries_come_in_document_order_with_their_lines() {
    let document = message(&format!(
        "{KOPF}\n<x:loesche klasse='LeistungSpezialisierung'><x:id schemeAgencyID=' A '> 1 </x:id></x:loesche>\n\
         <x:schreibe>\n<x:onlinedienst/></x:schreibe><x:schreibe><x:zustaendigkeitTransferObjekt>\n\
         <x:zustaendigkeit/></x:zustaendigkeitTransferObjekt></x:schreibe>"
    ));
    let read = read(&document);
    assert_eq!(read.entries.iter().map(|entry| entry.line).collect::<Vec<_>>(), [2, 3, 4]);
    let Action::Loesche { klasse, id } = &read.entries[0].action else { panic!() };
    assert_eq!((*klasse, id.text.as_str()), (Klasse::Spezialisierung, "1"));
    assert_eq!(id.scheme_agency_id.as_deref(), Some("A"));
    let Action::Schreibe(Objekt::Zustaendigkeit(transfer)) = &read.entries[2].action else { panic!() };
    assert_eq!(transfer.zustaendigkeit.line, 5);
}

#[test]
fn codes_are_read_in_both_namespaces_with_one_warning() {
    let (leistung, rules) = leistung(
        "<x:typisierung><x:code> 4 </x:code><x:name>n</x:name></x:typisierung>\
         <x:typisierung listURI='u' listVersionID=''><name>m</name><code>5</code></x:typisierung>\
         <x:typisierung/><x:typisierung><x:code/></x:typisierung>\
         <x:referenzLeiKa><x:code>99</x:code></x:referenzLeiKa><x:referenzLeiKa/>",
    );
    assert_eq!(rules, [Rule::CodeQualified]);
    let codes: Vec<_> = leistung.typisierung.iter().map(|code| code.code.as_deref()).collect();
    assert_eq!(codes, [Some("4"), Some("5"), None, Some("")]);
    assert_eq!(leistung.typisierung[1].list_uri.as_deref(), Some("u"));
    assert_eq!(leistung.typisierung[1].list_version_id, None);
    assert_eq!(leistung.leistungsschluessel, ["99", ""]);
}

#[test]
fn text_is_what_xml_says_it_is() {
    let (leistung, rules) = leistung(
        "<x:modulText><x:inhalt languageCode='de'>&lt;p&gt;A<!-- x -->&amp;amp;<![CDATA[<b>]]>\r\n </x:inhalt>\
         <x:inhalt/><x:inhalt languageCode=''>x</x:inhalt></x:modulText>",
    );
    assert_eq!(rules, []);
    let inhalt = &leistung.module.texte[0].inhalt;
    assert_eq!(inhalt[0].text, "<p>A&amp;<b>\n ");
    assert_eq!(inhalt[0].lang.as_deref(), Some("de"));
    assert_eq!((inhalt[1].lang.as_deref(), inhalt[1].text.as_str()), (None, ""));
    assert_eq!(inhalt[2].lang.as_deref(), Some(""));
}

#[test]
fn elements_in_a_text_end_the_file() {
    let inhalt = |inner: &str| {
        let modul = format!("<x:modulText>\n<x:inhalt>{inner}</x:inhalt></x:modulText>");
        message(&format!(
            "{KOPF}<x:schreibe><x:leistung><x:id schemeAgencyID='A'>1</x:id>{modul}</x:leistung></x:schreibe>"
        ))
    };
    for inner in ["<p>x</p>", "<p/>", "x<b/>y", "<x:p/>"] {
        let fault = read(&inhalt(inner)).fault.unwrap();
        assert_eq!((fault.rule, fault.line), (Rule::TextWithElements, Some(2)), "{inner}");
        assert_eq!(fault.value.as_deref(), Some("leistung/modulText/inhalt"));
        assert_eq!(fault.object.as_deref(), Some("leistung A_1"));
    }
}

#[test]
fn what_is_not_known_is_kept_and_reported_once() {
    let unknown = "<x:modulText><x:neu a='1'>t<b xmlns='urn:b' xml:lang='de'/></x:neu></x:modulText>";
    let document = message(&format!(
        "{KOPF}<x:schreibe><x:leistung>\n{unknown}{unknown}</x:leistung></x:schreibe>\
         <x:schreibe><x:leistung>{unknown}Text</x:leistung></x:schreibe>"
    ));
    check_findings(
        &document,
        &[(Rule::ElementUnknown, Some("leistung/text()")), (Rule::ElementUnknown, Some("leistung/modulText/neu"))]
            .iter()
            .rev()
            .copied()
            .collect::<Vec<_>>(),
    );
    let read = read(&document);
    let Action::Schreibe(Objekt::Leistung(leistung)) = &read.entries[0].action else { panic!() };
    assert_eq!(leistung.fragments.len(), 2);
    let fragment = &leistung.fragments[0];
    assert_eq!((fragment.path.as_str(), fragment.line), ("leistung/modulText/neu", 2));
    assert_eq!(
        fragment.xml,
        "<xzufi:neu xmlns:xzufi=\"http://xoev.de/schemata/xzufi/2_2_0\" a=\"1\">t\
         <n0:b xmlns:n0=\"urn:b\" xml:lang=\"de\"/></xzufi:neu>"
    );
    let Action::Schreibe(Objekt::Leistung(leistung)) = &read.entries[1].action else { panic!() };
    assert!(leistung.fragments.iter().any(|fragment| fragment.xml == "Text"));
}

#[test]
fn attributes_that_are_not_known_are_reported_once() {
    let (leistung, rules) = leistung(
        "<x:id schemeAgencyID='A' neu='1'>1</x:id><x:idSekundaer neu='1'>2</x:idSekundaer><x:id neu='2'>3</x:id>\
         <x:idSekundaer neu='1'>2</x:idSekundaer><x:neu a='1'/><x:modulKosten><x:kosten><x:kostenauswahl><x:kostenFix>\
         <x:betrag w='EUR'>1</x:betrag></x:kostenFix></x:kostenauswahl></x:kosten></x:modulKosten>",
    );
    assert_eq!(leistung.id.unwrap().text, "1");
    // a second id, an unknown element, and an attribute at two paths
    assert_eq!(rules, [Rule::ElementUnknown; 4]);
}

#[test]
fn a_fragment_is_a_document_that_says_the_same() {
    let inner = "<q:neu xmlns:q='urn:q' xmlns:x2='http://xoev.de/schemata/xzufi/2_2_0' xsi:type='x2:T' q:a='&lt;&#10;'>\
                 <x:k><code>1</code></x:k>&#13;&amp;]]&gt;<q:l xmlns:q='urn:r'/></q:neu>";
    let (first, rules) = leistung(inner);
    assert_eq!(rules, [Rule::ElementUnknown]);
    let (second, _) = leistung(&first.fragments[0].xml);
    assert_eq!(second.fragments, first.fragments);
    for part in ["xsi:type=\"xzufi:T\"", "&lt;&#10;", "&#13;&amp;]]&gt;", "<code>1</code>", "urn:r"] {
        assert!(first.fragments[0].xml.contains(part), "{part} in {}", first.fragments[0].xml);
    }
}

#[test]
fn an_object_of_another_name_or_namespace_is_unknown() {
    for object in ["<x:haus/>", "<leistung/>", "<y:leistung xmlns:y='urn:y'/>"] {
        let read = read(&message(&format!("{KOPF}<x:schreibe>{object}</x:schreibe>")));
        assert!(matches!(read.entries[0].action, Action::Schreibe(Objekt::Unknown(_))), "{object}");
        assert_eq!(read.findings[0].rule, Rule::ObjectUnknown);
    }
}

#[test]
fn elements_of_another_namespace_are_not_taken_for_ours() {
    let (leistung, rules) = leistung("<id>1</id><y:id xmlns:y='http://xoev.de/schemata/xzufi/2_3_1'>2</y:id>");
    assert_eq!((leistung.id, leistung.fragments.len()), (None, 2));
    assert_eq!(rules, [Rule::ElementUnknown]);
}

#[test]
fn a_second_of_what_may_be_there_once_does_not_replace_the_first() {
    let (leistung, rules) = leistung("<x:id>1</x:id><x:id>2</x:id>");
    assert_eq!(leistung.id.unwrap().text, "1");
    assert!(leistung.fragments[0].xml.contains(">2<"));
    assert_eq!(rules, [Rule::ElementUnknown]);
}

#[test]
fn xsi_type_is_resolved() {
    for (typ, art) in [
        ("x:LeistungsstrukturObjekt", Some(Strukturart::Objekt)),
        (" y:LeistungsstrukturObjektMitVerrichtung ", Some(Strukturart::MitVerrichtung)),
        ("LeistungsstrukturObjekt", None),
        ("z:LeistungsstrukturObjekt", None),
        ("nein:LeistungsstrukturObjekt", None),
        ("x:Anders", None),
    ] {
        let (leistung, _) = leistung(&format!(
            "<x:struktur xmlns:y='http://xoev.de/schemata/xzufi/2_2_0' xmlns:z='urn:z' xsi:type='{typ}'/>"
        ));
        assert_eq!(leistung.struktur.unwrap().art, art, "{typ}");
    }
}

#[test]
fn spans_and_costs_are_read_in_all_their_forms() {
    let (leistung, rules) = leistung(
        "<x:modulFrist><x:frist><x:fristauswahl><x:fristDauer><x:dauer> 2 </x:dauer><x:einheit><code>WOCHE</code>\
         </x:einheit></x:fristDauer></x:fristauswahl></x:frist><x:frist><x:fristauswahl><x:fristStichtag>\
         <x:von>--03-01</x:von></x:fristStichtag></x:fristauswahl></x:frist></x:modulFrist>\
         <x:modulKosten><x:kosten><x:kostenauswahl><x:kostenFix><x:betrag w='EUR'>12.50</x:betrag></x:kostenFix>\
         </x:kostenauswahl><x:vorkasse>1</x:vorkasse><x:linkKostenbildung>https://a.example</x:linkKostenbildung>\
         </x:kosten></x:modulKosten>",
    );
    assert_eq!(rules, []);
    let fristen = &leistung.module.fristen[0].fristen;
    assert!(matches!(&fristen[0].auswahl, Some(Fristauswahl::Dauer { dauer, .. }) if dauer == "2"));
    assert!(matches!(&fristen[1].auswahl, Some(Fristauswahl::Stichtag { von: Some(von), .. }) if von == "--03-01"));
    let kosten = &leistung.module.kosten[0].kosten[0];
    assert!(matches!(&kosten.auswahl, Some(Kostenauswahl::Fix(betrag)) if betrag.waehrung.as_deref() == Some("EUR")));
    assert_eq!((kosten.vorkasse, kosten.links[0].uri.as_str()), (Some(true), "https://a.example"));
}

#[test]
fn dates_numbers_and_truth_are_checked_for_form() {
    let document = |inner: &str| message(&format!("{KOPF}<x:schreibe><x:leistung>{inner}</x:leistung></x:schreibe>"));
    let gueltigkeit = "<x:gueltigkeit><x:beginn>2026-02-30</x:beginn></x:gueltigkeit>";
    check_fault(&document(gueltigkeit), Rule::DateInvalid, 1);
    check_fault(&document("<x:kennzeichenEA>ja</x:kennzeichenEA>"), Rule::ValueInvalid, 1);
    let position = "<x:modulText><x:positionDarstellung>1.5</x:positionDarstellung></x:modulText>";
    check_fault(&document(position), Rule::ValueInvalid, 1);
    let (leistung, _) = leistung("<x:kennzeichenEA> 1 </x:kennzeichenEA>");
    assert_eq!(leistung.kennzeichen_ea, Some(true));
}

#[test]
fn a_date_is_one_of_xml_schema() {
    for good in [
        "2026-11-02",
        "2024-02-29",
        "2000-02-29",
        "2026-11-02Z",
        "2026-11-02+01:00",
        "2026-11-02T04:15:00",
        "2026-11-02T04:15:00Z",
        "2026-11-02T04:15:00.123456789-14:00",
        "2026-11-02T24:00:00",
        "2026-12-31T24:00:00.000Z",
        "-0044-03-15",
        "12026-01-01",
        "0001-01-01",
    ] {
        assert!(values::is_date(good), "{good}");
    }
    for bad in [
        "",
        "31.02.2026",
        "2026-02-30",
        "2025-02-29",
        "1900-02-29",
        "2026-04-31",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-1-1",
        "26-01-01",
        "02026-01-01",
        "0000-01-01",
        "2026-11-02T",
        "2026-11-02T4:15:00",
        "2026-11-02T04:15",
        "2026-11-02T24:00:01",
        "2026-11-02T24:00:00.1",
        "2026-11-02T25:00:00",
        "2026-11-02T04:60:00",
        "2026-11-02T04:15:60",
        "2026-11-02T04:15:00.",
        "2026-11-02 04:15:00",
        "2026-11-02T04:15:00+1:00",
        "2026-11-02T04:15:00+14:01",
        "2026-11-02T04:15:00+15:00",
        "2026-11-02z",
        "2026-11-02T04:15:00+01:60",
        "２０２６-11-02",
        "2026-11-0２",
        "2026/11/02",
        "ä026-01-01",
        "2026-11-02+ä1:00",
        "+2026-01-01",
        "--03-01",
        "99999999999-01-01",
    ] {
        assert!(!values::is_date(bad), "{bad}");
    }
}

#[test]
fn version_2_3_is_read_with_its_own_names() {
    let inner = "<id>1</id><referenzLeistungsschluessel schemeURI='u'> 99012999017001 </referenzLeistungsschluessel>\
        <modulDokument><zugangskanal><code xmlns=''>100</code></zugangskanal><dokumentEingehend><pflichtangabetyp>\
        <code xmlns=''>01</code></pflichtangabetyp><kennzeichenAusloeser>true</kennzeichenAusloeser><dokument><art>\
        <code xmlns=''>001</code></art><formularReferenz>F</formularReferenz></dokument></dokumentEingehend>\
        <beschreibungAusgehend>b</beschreibungAusgehend></modulDokument>\
        <informationsbereicheSDG><informationsbereichSDG1><code xmlns=''>0000000</code></informationsbereichSDG1>\
        <informationsbereichSDG2><code xmlns=''>1000</code></informationsbereichSDG2></informationsbereicheSDG>\
        <durchfuehrbarEinheitlicheStelle><code xmlns=''>00</code></durchfuehrbarEinheitlicheStelle>\
        <durchfuehrbarEinheitlicheStelle><code xmlns=''>19</code></durchfuehrbarEinheitlicheStelle>\
        <relevantFuerStaatsangehoerigkeit><staatsangehoerigkeit><code xmlns=''>000</code></staatsangehoerigkeit>\
        <staatengruppe><code xmlns=''>02</code></staatengruppe></relevantFuerStaatsangehoerigkeit>\
        <detailstufe><code xmlns=''>101</code></detailstufe><leistungImKontextID>2</leistungImKontextID>\
        <prozessID>3</prozessID><versionsinformationen><version>4</version></versionsinformationen>\
        <struktur><leistungsgruppierungLeiKa><code xmlns=''>012</code></leistungsgruppierungLeiKa><verrichtungLeiKa>\
        <code xmlns=''>017</code></verrichtungLeiKa></struktur>";
    let read = read(&format!(
        "<a xmlns='http://xoev.de/schemata/xzufi/2_3_1'><nachrichtenkopf/><schreibe><leistung>{inner}</leistung>\
         </schreibe></a>"
    ));
    assert_eq!((read.fault, read.findings), (None, vec![]));
    let Action::Schreibe(Objekt::Leistung(leistung)) = &read.entries[0].action else { panic!() };
    assert_eq!(leistung.leistungsschluessel, ["99012999017001"]);
    let modul = &leistung.module.dokumente[0];
    assert_eq!(modul.head.zugangskanal.as_ref().and_then(|code| code.code.as_deref()), Some("100"));
    assert_eq!(modul.eingehend[0].formulare[0].text, "F");
    assert_eq!(modul.eingehend[0].ausloeser, Some(true));
    assert!(modul.eingehend[0].pflichtangabetyp.is_some() && modul.eingehend[0].typ.is_some());
    assert_eq!(modul.beschreibung[0].text, "b");
    assert_eq!((leistung.informationsbereich_sdg.len(), leistung.staatsangehoerigkeiten.len()), (2, 2));
    assert_eq!(leistung.kennzeichen_ea, Some(true));
    assert_eq!(leistung.weitere_codes[0].0, "detailstufe");
    assert_eq!((leistung.leistungen_im_kontext[0].text.as_str(), leistung.prozesse[0].text.as_str()), ("2", "3"));
    assert_eq!(leistung.versionsinformation.as_ref().and_then(|version| version.version.as_deref()), Some("4"));
    let struktur = leistung.struktur.as_ref().unwrap();
    assert!(struktur.leistungsgruppierung.is_some() && struktur.verrichtung.is_some());
    assert!(leistung.fragments.is_empty());
}

#[test]
fn a_text_or_object_that_is_too_large_costs_only_itself() {
    let id = "<x:id schemeAgencyID='A'>1</x:id>";
    let small = "<x:schreibe><x:formular/></x:schreibe>";
    let cases = [
        (format!("<x:modulText><x:inhalt>{}</x:inhalt></x:modulText>", "x".repeat(TEXT_BYTES + 1)), Rule::TextTooLong),
        (
            format!("<x:modulText><x:inhalt>{}</x:inhalt></x:modulText>", "x".repeat(1_000_000)).repeat(17),
            Rule::ObjectTooLarge,
        ),
        ("<x:idSekundaer/>".repeat(OBJECT_NODES), Rule::ObjectTooLarge),
    ];
    for (inner, rule) in cases {
        let large = format!("\n<x:schreibe><x:leistung>{id}{inner}</x:leistung></x:schreibe>");
        let read = read(&message(&format!("{KOPF}{small}{large}{small}")));
        assert_eq!((read.fault, read.entries.len()), (None, 2));
        let finding = &read.findings[0];
        assert_eq!((finding.rule, finding.severity, finding.line), (rule, Severity::Business, Some(2)));
        assert_eq!(finding.object.as_deref(), Some("leistung A_1"));
        assert_eq!(read.findings.len(), 1);
    }
    let exact = format!("<x:modulText><x:inhalt>{}</x:inhalt></x:modulText>", "x".repeat(TEXT_BYTES));
    let (leistung, rules) = leistung(&exact);
    assert_eq!((leistung.module.texte[0].inhalt[0].text.len(), rules), (TEXT_BYTES, vec![]));
    let two = format!(
        "{KOPF}\n<x:schreibe><x:leistung>{}</x:leistung><x:formular/></x:schreibe>",
        "<x:id/>".repeat(OBJECT_NODES)
    );
    check_fault(&message(&two), Rule::SchreibeSeveral, 2);
}

#[test]
fn a_head_or_deletion_that_is_too_large_ends_the_file() {
    let text = "x".repeat(TEXT_BYTES + 1);
    let kopf = format!("<x:nachrichtenkopf><x:sender>{text}</x:sender></x:nachrichtenkopf>");
    check_fault(&message(&kopf), Rule::XmlLimit, 1);
    let loesche = format!("{KOPF}\n<x:loesche klasse='Leistung'><x:id>{text}</x:id></x:loesche>");
    check_fault(&message(&loesche), Rule::XmlLimit, 2);
}

#[test]
fn many_unknown_things_in_one_object_take_no_more_time_each() {
    let many = OBJECT_NODES / 3;
    let (leistung, rules) = leistung(&"<x:neu/><x:idSekundaer neu=''/>".repeat(many / 2));
    assert_eq!((leistung.fragments.len(), rules.len()), (many / 2, 2));
}

#[test]
fn reports_of_unknown_elements_do_not_grow_without_end() {
    let inner: String = (0..2000).map(|at| format!("<x:neu{at}/>")).collect();
    let read = read(&message(&format!("{KOPF}{inner}")));
    assert_eq!((read.fault, read.findings.len()), (None, 500));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

    #[test]
    fn any_nesting_of_known_names_comes_to_an_end(names in proptest::collection::vec(0usize..NAMES.len() + 1, 0..40)) {
        let mut document = String::new();
        let mut open = Vec::new();
        for at in names {
            match NAMES.get(at) {
                Some(name) => {
                    document.push_str(&format!("<x:{name} languageCode='de'>"));
                    open.push(name);
                }
                None => {
                    document.push_str("x1");
                    if let Some(name) = open.pop() {
                        document.push_str(&format!("</x:{name}>"));
                    }
                }
            }
        }
        while let Some(name) = open.pop() {
            document.push_str(&format!("</x:{name}>"));
        }
        for document in [message(&document), message(&format!("{KOPF}<x:schreibe>{document}</x:schreibe>"))] {
            let read = read(&document);
            proptest::prop_assert!(read.fault.is_some() || read.version == Some(Version::V2_2));
        }
    }
}

/// Names whose order decides what is read.
const NAMES: &[&str] = &[
    "schreibe",
    "loesche",
    "nachrichtenkopf",
    "antwort",
    "ergebnisLeistung",
    "leistung",
    "organisationseinheit",
    "onlinedienst",
    "formular",
    "spezialisierung",
    "zustaendigkeitTransferObjekt",
    "zustaendigkeit",
    "id",
    "name",
    "code",
    "modulText",
    "modulFrist",
    "modulKosten",
    "modulDokument",
    "frist",
    "fristauswahl",
    "fristDauer",
    "kosten",
    "dokumentEingehend",
    "dokument",
    "inhalt",
    "beschreibung",
    "kategorie",
    "klasse",
    "herausgeber",
    "struktur",
    "verrichtung",
    "link",
    "anschrift",
    "gueltigkeit",
    "versionsinformation",
    "neu",
];

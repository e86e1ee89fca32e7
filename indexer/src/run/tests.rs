use std::path::PathBuf;

use connectors::finding::{Rule, Severity};

use super::*;
use crate::fixture::{Verbund, bund, portal, refused, rules};
use crate::store::tests::live;

mod delivered;
mod details;
mod fim;
mod plans;

/// The bytes of a shared sample; none where the samples are not at hand.
fn sample(name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/samples");
    let bytes = std::fs::read(folder.join(name)).ok();
    if bytes.is_none() {
        println!("left out: the shared samples are not here");
    }
    bytes
}

/// What becomes of a sample: the outcome is `Failed` for a technical fault, else `Applied`.
struct Row {
    file: &'static str,
    rules: &'static [Rule],
    /// The objects that are not taken.
    refused: &'static [&'static str],
    /// The objects that are there afterwards.
    live: &'static [&'static str],
}

const fn row(file: &'static str, rules: &'static [Rule], live: &'static [&'static str]) -> Row {
    Row { file, rules, refused: &[], live }
}

const fn refusing(
    file: &'static str,
    rules: &'static [Rule],
    refused: &'static [&'static str],
    live: &'static [&'static str],
) -> Row {
    Row { file, rules, refused, live }
}

const ROWS: &[Row] = &[
    row("01-leistung-voll.xml", &[], &["Leistung L900001_000815"]),
    row("02-leistung-default-ns.xml", &[], &["Leistung S900777_4711"]),
    row("03-spezialisierung.xml", &[], &["Spezialisierung L900001_SP-1"]),
    row("04-organisationseinheit-mit-zustaendigkeit.xml", &[], &["Organisationseinheit L900001_OE-22"]),
    row("05-onlinedienst.xml", &[], &["Onlinedienst L900001_OD-9", "Onlinedienst S900777_77"]),
    row(
        "06-zustaendigkeit-transfer.xml",
        &[Rule::GebietScheme],
        &[
            "Zustaendigkeit B900100_ZO-204",
            "Zustaendigkeit L900001_Z-200",
            "Zustaendigkeit L900001_Z-201",
            "Zustaendigkeit L900001_Z-202",
            "Zustaendigkeit L900001_Z-205",
            "Zustaendigkeit L900001_ZO-203",
        ],
    ),
    row("07-formular.xml", &[], &["Formular L900001_F-17"]),
    row("08-loeschen.xml", &[], &[]),
    row(
        "09-gemischte-reihenfolge.xml",
        &[],
        &["Leistung L900001_0040", "Organisationseinheit L900001_OE-40", "Zustaendigkeit L900001_Z-300"],
    ),
    row("10-leer.xml", &[Rule::KopfMissingEmpty], &[]),
    row(
        "11-xzufi-2-1-0.xml",
        &[Rule::GebietSchemeMissing],
        &["Leistung H900040_11261000", "Organisationseinheit H900040_900"],
    ),
    row("12-xzufi-2-3-1.xml", &[], &["Leistung L900001_000815"]),
    row("13-code-qualifiziert.xml", &[Rule::CodeQualified], &["Leistung S900777_4712"]),
    row("14-utf16.xml", &[], &["Organisationseinheit L900001_OE-50"]),
    row("bad/b01-abgeschnitten.xml", &[Rule::XmlNotWellFormed], &[]),
    row("bad/b02-falscher-namensraum.xml", &[Rule::NamespaceUnknown], &[]),
    row("bad/b03-ohne-namensraum.xml", &[Rule::NamespaceUnknown], &[]),
    row("bad/b04-xxe.xml", &[Rule::XmlDoctype], &[]),
    row("bad/b05-externe-dtd.xml", &[Rule::XmlDoctype], &[]),
    row("bad/b06-entitaeten-explosion.xml", &[Rule::XmlDoctype], &[]),
    row("bad/b07-interne-dtd-harmlos.xml", &[Rule::XmlDoctype], &[]),
    row("bad/b08-latin1-als-utf8.xml", &[Rule::XmlEncoding], &[]),
    row("bad/b09-kodierung-unbekannt.xml", &[Rule::XmlEncoding], &[]),
    row("bad/b10-steuerzeichen.xml", &[Rule::XmlNotWellFormed], &[]),
    row("bad/b11-tiefe-schachtelung.xml", &[Rule::XmlLimit], &[]),
    refusing("bad/b12-riesentext.xml", &[Rule::TextTooLong], &["leistung L900001_1"], &[]),
    row("bad/b13-viele-attribute.xml", &[Rule::XmlLimit], &[]),
    row("bad/b14-html-fehlerseite.xml", &[Rule::XmlDoctype], &[]),
    row("bad/b15-leere-datei.xml", &[Rule::XmlEmpty], &[]),
    row("bad/b16-zwei-wurzeln.xml", &[Rule::XmlNotWellFormed], &[]),
    row("bad/b17-doppeltes-attribut.xml", &[Rule::XmlNotWellFormed], &[]),
    row("bad/b18-prefix-nicht-gebunden.xml", &[Rule::XmlNotWellFormed], &[]),
    row("bad/b19-ohne-nachrichtenkopf.xml", &[Rule::KopfMissing], &[]),
    row("bad/b20-zwei-nachrichtenkoepfe.xml", &[Rule::KopfTwice], &[]),
    row("bad/b21-schreibe-zwei-objekte.xml", &[Rule::SchreibeSeveral], &[]),
    row("bad/b22-schreibe-leer.xml", &[Rule::SchreibeEmpty], &[]),
    row("bad/b23-loesche-ohne-klasse.xml", &[Rule::LoescheKlasseMissing], &[]),
    row("bad/b24-unbekanntes-objekt.xml", &[Rule::ObjectUnknown, Rule::ElementUnknown], &["Leistung L900001_1"]),
    row("bad/b25-version-widerspruch.xml", &[Rule::VersionMismatch], &["Leistung L900001_1"]),
    refusing("bad/b30-ohne-id.xml", &[Rule::IdMissing, Rule::AgencyUnknown], &["-", "Leistung 2"], &[]),
    row(
        "bad/b31-unbekannte-leistung.xml",
        &[],
        &["Leistung L900001_1", "Zustaendigkeit L900001_Z-1", "Zustaendigkeit L900001_Z-2"],
    ),
    refusing(
        "bad/b32-zustaendigkeit-ohne-leistung.xml",
        &[Rule::LeistungIdMissing, Rule::GebietMissing],
        &["Zustaendigkeit L900001_Z-1"],
        &["Leistung L900001_1", "Zustaendigkeit L900001_Z-2"],
    ),
    row(
        "bad/b33-ars-ungueltig.xml",
        &[Rule::GebietInvalid],
        &[
            "Leistung L900001_1",
            "Zustaendigkeit L900001_Z-0",
            "Zustaendigkeit L900001_Z-1",
            "Zustaendigkeit L900001_Z-10",
            "Zustaendigkeit L900001_Z-11",
            "Zustaendigkeit L900001_Z-12",
            "Zustaendigkeit L900001_Z-2",
            "Zustaendigkeit L900001_Z-3",
            "Zustaendigkeit L900001_Z-4",
            "Zustaendigkeit L900001_Z-5",
            "Zustaendigkeit L900001_Z-6",
            "Zustaendigkeit L900001_Z-7",
            "Zustaendigkeit L900001_Z-8",
            "Zustaendigkeit L900001_Z-9",
        ],
    ),
    row(
        "bad/b34-leistungsschluessel-ungueltig.xml",
        &[Rule::KeyInvalid],
        &["Leistung L900001_1", "Leistung L900001_2", "Leistung L900001_3", "Leistung L900001_4"],
    ),
    refusing(
        "bad/b35-sprachcode-dreistellig.xml",
        &[Rule::LanguageInvalid],
        &["Leistung L900001_1", "Leistung L900001_2", "Leistung L900001_3", "Leistung L900001_4"],
        &[],
    ),
    row(
        "bad/b36-sprache-nicht-unterstuetzt.xml",
        &[Rule::LanguageUnsupported],
        &["Leistung L900001_1", "Leistung L900001_2"],
    ),
    row(
        "bad/b37-html-verboten.xml",
        &[Rule::HtmlCleaned],
        &[
            "Leistung L900001_0",
            "Leistung L900001_1",
            "Leistung L900001_10",
            "Leistung L900001_11",
            "Leistung L900001_12",
            "Leistung L900001_13",
            "Leistung L900001_14",
            "Leistung L900001_2",
            "Leistung L900001_3",
            "Leistung L900001_4",
            "Leistung L900001_5",
            "Leistung L900001_6",
            "Leistung L900001_7",
            "Leistung L900001_8",
            "Leistung L900001_9",
        ],
    ),
    row("bad/b38-html-als-kindelemente.xml", &[Rule::TextWithElements], &[]),
    refusing(
        "bad/b39-nicht-string-latin.xml",
        &[Rule::CharactersInvalid, Rule::CharactersStripped],
        &["Leistung L900001_2", "Leistung L900001_3"],
        &["Leistung L900001_1", "Leistung L900001_4", "Leistung L900001_5", "Leistung L900001_6"],
    ),
    row("bad/b40-doppelte-id.xml", &[], &["Leistung L900001_1", "Leistung L900001_2", "Leistung L900002_1"]),
    row(
        "bad/b41-unbekannte-codes.xml",
        &[Rule::CodeUnknown, Rule::CodeMissing],
        &["Leistung L900001_1", "Leistung L900001_2", "Leistung L900001_3"],
    ),
    row("bad/b42-datum-ungueltig.xml", &[Rule::DateInvalid], &[]),
    row("bad/b43-url-gefaehrlich.xml", &[Rule::UrlInvalid, Rule::UrlPlaceholder], &["Onlinedienst L900001_OD-1"]),
    refusing(
        "bad/b44-oe-ohne-pflicht.xml",
        &[Rule::GermanMissing, Rule::NameMissing, Rule::LeistungIdSeveral],
        &["Organisationseinheit L900001_OE-60", "Organisationseinheit L900001_OE-61"],
        &["Organisationseinheit L900001_OE-61"],
    ),
    row(
        "bad/b45-oe-zyklus.xml",
        &[Rule::ParentCycle],
        &[
            "Organisationseinheit L900001_OE-A",
            "Organisationseinheit L900001_OE-B",
            "Organisationseinheit L900001_OE-C",
        ],
    ),
];

#[tokio::test]
async fn every_sample_file_gets_the_verdict_of_its_row() {
    let verbund = Verbund::open(Vec::new()).await;
    let store = verbund.store().await;
    let mut faults = Vec::new();
    for row in ROWS {
        let Some(bytes) = sample(row.file) else { return };
        // A portal for each, so that none sees what another left.
        let stem = row.file.trim_start_matches("bad/").split('.').next().unwrap();
        let portal = portal(&format!("p-{stem}"), "000000000000");
        let report = verbund.part(&portal, row.file, &bytes).await;
        let technical = row.rules.iter().any(|rule| rule.severity() == Severity::Technical);
        let expected = if technical { Outcome::Failed } else { Outcome::Applied };
        let found = (report.outcome, rules(&report), refused(&report), live(&store, &portal.id).await);
        if found
            != (expected, row.rules.to_vec(), row.refused.to_vec(), row.live.iter().map(|s| s.to_string()).collect())
        {
            faults.push(format!("{}: {found:#?}\n{:#?}", row.file, report.findings));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_sample_file_has_a_row() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/samples");
    for (folder, before) in [(folder.clone(), ""), (folder.join("bad"), "bad/")] {
        let Ok(entries) = std::fs::read_dir(folder) else {
            println!("left out: the shared samples are not here");
            return;
        };
        for entry in entries {
            let name = format!("{before}{}", entry.unwrap().file_name().to_string_lossy());
            assert!(!name.ends_with(".xml") || ROWS.iter().any(|row| row.file == name), "{name} has no row");
        }
    }
}

#[tokio::test]
async fn every_file_that_cannot_be_read_leaves_the_whole_stock_as_it_was() {
    let verbund = Verbund::open(Vec::new()).await;
    let portal = bund();
    let Some(good) = sample("01-leistung-voll.xml") else { return };
    let report = verbund.whole(&portal, b"a.xml\n", &[("a.xml", good.clone())]).await;
    assert_eq!((report.outcome, report.applied.added), (Outcome::Applied, 1));
    for row in ROWS.iter().filter(|row| row.rules.iter().any(|rule| rule.severity() == Severity::Technical)) {
        let Some(bytes) = sample(row.file) else { return };
        let report = verbund.whole(&portal, b"b.xml\n", &[("b.xml", bytes)]).await;
        assert_eq!((report.outcome, report.applied), (Outcome::Failed, Applied::default()), "{}", row.file);
        assert_eq!(live(&verbund.store().await, &portal.id).await, ["Leistung L900001_000815"], "{}", row.file);
    }
}

const SIX: [&str; 6] = [
    "01-leistung-voll.xml",
    "02-leistung-default-ns.xml",
    "03-spezialisierung.xml",
    "04-organisationseinheit-mit-zustaendigkeit.xml",
    "05-onlinedienst.xml",
    "07-formular.xml",
];

#[tokio::test]
async fn an_index_that_is_wrong_removes_nothing() {
    let verbund = Verbund::open(Vec::new()).await;
    let portal = bund();
    let Some(index) = sample("index.txt") else { return };
    let files: Vec<(&str, Vec<u8>)> = SIX.iter().map(|name| (*name, sample(name).unwrap())).collect();
    let report = verbund.whole(&portal, &index, &files).await;
    assert_eq!((report.outcome, report.applied.added), (Outcome::Applied, 7), "{:?}", report.findings);
    let before = live(&verbund.store().await, &portal.id).await;
    for (name, outcome, rule) in [
        ("bad/index-leer.txt", Outcome::Failed, Rule::IndexEmpty),
        ("bad/index-nur-leerzeilen.txt", Outcome::Failed, Rule::IndexEmpty),
        ("bad/index-fehlende-datei.txt", Outcome::Failed, Rule::FileMissing),
        ("bad/index-pfade.txt", Outcome::Failed, Rule::IndexLine),
        ("bad/index-html.txt", Outcome::Failed, Rule::IndexNotText),
        ("bad/index-unvollstaendig.txt", Outcome::Held, Rule::GuardHeld),
    ] {
        let report = verbund.whole(&portal, &sample(name).unwrap(), &files).await;
        assert_eq!((report.outcome, report.applied), (outcome, Applied::default()), "{name}");
        assert!(rules(&report).contains(&rule), "{name}: {:?}", report.findings);
        assert_eq!(live(&verbund.store().await, &portal.id).await, before, "{name}");
    }
    // a mark at the beginning of the index is no part of the first name; somebody has looked, so it may shrink
    let stock = verbund.stock(&portal, &sample("bad/index-bom.txt").unwrap(), &files);
    let report = verbund.run(&portal, &stock, RunOptions { release: true, ..RunOptions::default() }).await;
    assert_eq!((report.outcome, report.applied.removed), (Outcome::Applied, 6), "{:?}", report.findings);
    assert_eq!(live(&verbund.store().await, &portal.id).await, ["Leistung L900001_000815"]);
}

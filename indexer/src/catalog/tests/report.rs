//! The Prüfbericht of a place.

use jiff::ToSpan;

use super::*;
use crate::catalog::report::{Entry, Gap, Report};

/// A key of the LeiKa that the Kommune executes and nobody of the sample describes.
const ABFALL: &str = "99001001002000";
const NOW: &str = "2026-11-02T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

async fn report(verbund: &Verbund, ars: &str) -> Report {
    verbund.catalog().await.report(ars.parse().unwrap(), now()).await.unwrap().unwrap()
}

fn entry<'a>(report: &'a Report, key: &str) -> &'a Entry {
    let has = |entry: &&Entry| entry.schluessel.is_some_and(|one| one.to_string() == key);
    report.entries.iter().find(has).unwrap_or_else(|| panic!("{key} is not in the report"))
}

fn version(changed: &str) -> String {
    format!("<x:versionsinformation><x:geaendertDatumZeit>{changed}</x:geaendertDatumZeit></x:versionsinformation>")
}

#[tokio::test]
async fn each_leistung_says_whose_it_is_and_what_is_missing() {
    let sample = sample().await;
    let koeln = report(&sample.verbund, KOELN).await;
    let [portal] = koeln.portals.as_slice() else { panic!("{:?}", koeln.portals) };
    assert_eq!((&portal.portal, portal.findings), (&sample.koeln.id, 0));
    assert_eq!(portal.last_run.as_ref().map(|run| run.outcome.as_str()), Some("applied"));

    let hund = entry(&koeln, HUND);
    let text = hund.text.as_ref().unwrap();
    assert_eq!((hund.name.as_str(), text.own, text.level), ("Hund in Köln anmelden", true, Some(Level::Gemeinde)));
    assert_eq!((hund.described_by, hund.stellen[0].name.as_str()), (2, "Steueramt Köln"));
    let lacking = [Gap::NoShortText, Gap::NoCosts, Gap::NoPapers, Gap::NoOnlinedienst, Gap::Undated];
    assert_eq!(hund.gaps, lacking);
    assert_eq!(hund.weight(), 2 * (2 + 2 + 2 + 1 + 1));

    let licence = entry(&koeln, FUEHRERSCHEIN);
    let text = licence.text.as_ref().unwrap();
    assert!(!text.own && licence.onlinedienste.len() == 3, "what others wrote is theirs to mend");
    assert_eq!((licence.gaps.as_slice(), text.level), (&[Gap::NoStelle][..], Some(Level::Bund)));

    let abfall = entry(&koeln, ABFALL);
    assert_eq!((abfall.name.as_str(), abfall.gaps.as_slice()), ("Abfallgebühr Festsetzung", &[Gap::NoText][..]));
    assert_eq!((abfall.described_by, abfall.weight()), (0, 0), "nobody describes it, so nobody misses it here");

    let bochum = report(&sample.verbund, BOCHUM).await;
    assert_eq!(entry(&bochum, AUSWEIS).gaps[0], Gap::SeveralStellen(2));
    assert!(!entry(&bochum, HUND).text.as_ref().unwrap().own);

    assert!(sample.verbund.catalog().await.report("059990000000".parse().unwrap(), now()).await.unwrap().is_none());
}

#[tokio::test]
async fn coverage_counts_what_citizens_find() {
    let sample = sample().await;
    let koeln = report(&sample.verbund, KOELN).await;
    let described = koeln.described;
    assert_eq!(described.keys, 5, "HUND, the driving licence, the identity card, and two of the Land");
    let counts = (described.text, described.own_text, described.stelle, described.onlinedienst, described.complete);
    // Of the Onlinedienste for the driving licence those of Land and Köln are open; one Stelle is known, for the dog.
    assert_eq!(counts, (5, 1, 1, 1, 1));
    assert!(koeln.catalogue.keys > 4_000 && koeln.catalogue.text < 5, "{:?}", koeln.catalogue);
    let weights: Vec<u64> = koeln.entries.iter().map(Entry::weight).collect();
    assert!(weights.is_sorted_by(|one, next| one >= next), "the worst first: {weights:?}");
}

#[tokio::test]
async fn the_own_texts_are_looked_at() {
    let bochum = portal_with("bochum", BOCHUM, serde_json::json!({"hosts": ["*.bochum.example"]}));
    let verbund = Verbund::open(vec![bochum.clone()]).await;
    let whole = |title: &str, more: &str| {
        modul("03", "de", title) + &modul("05", "de", "Kurz.") + &modul("08", "de", "Ausweis") + more
    };
    let kosten = "<x:modulKosten><x:beschreibung languageCode=\"de\">gebührenfrei</x:beschreibung></x:modulKosten>";
    let fresh = version("2026-10-01T08:00:00Z");
    let pieces = [
        leistung_with("B_1", HUND, &whole("Hund anmelden", &format!("{kosten}{fresh}"))),
        leistung_with("B_2", "99000000000001", &whole("Wohngeld", &version("2023-01-01T08:00:00Z"))),
        leistung_with("B_3", "99000000000001", &whole("Wohngeld", &fresh)),
        leistung_with("B_4", "", &whole("Sperrmüll", &format!("{kosten}{fresh}"))),
        leistung_with(
            "B_5",
            AUSWEIS,
            &whole("Ausweis", &(modul("06", "de", "Mit dem Servicekonto.NRW anmelden.") + kosten + &fresh)),
        ),
        stelle("B_OE", "Bürgerbüro", &zustaendig("", "B_1", BOCHUM, "01")),
        transferiert("B_NIE", &zustaendig("B_Z", "B_5", BOCHUM, "01")),
        onlinedienst("B_OD", "Dienst", "https://fremd.example/", &zustaendig("", "B_1", BOCHUM, "")),
    ];
    let report_of = verbund.part(&bochum, "stock.xml", crate::fixture::transfer(&pieces.concat()).as_bytes()).await;
    assert_eq!(report_of.outcome, crate::run::Outcome::Applied, "{:?}", report_of.findings);
    let report = report(&verbund, BOCHUM).await;
    let closed = Gap::ClosedOnlinedienst("fremd.example".into());
    assert_eq!(entry(&report, HUND).gaps, [closed]);
    let wohngeld = &entry(&report, "99000000000001").gaps;
    for gap in [Gap::NoStelle, Gap::NoCosts, Gap::Twice(2)] {
        assert!(wohngeld.contains(&gap), "{gap:?} in {wohngeld:?}");
    }
    let ausweis = &entry(&report, AUSWEIS).gaps;
    assert!(ausweis.contains(&Gap::DeadAccount("Servicekonto.NRW")), "{ausweis:?}");
    let keyless = report.entries.iter().find(|entry| entry.schluessel.is_none()).unwrap();
    assert_eq!((keyless.name.as_str(), keyless.gaps.as_slice()), ("Sperrmüll", &[Gap::NoKey][..]));

    let later = verbund.catalog().await;
    let later = later.report(BOCHUM.parse().unwrap(), now() + (731 * 24).hours()).await.unwrap().unwrap();
    assert!(entry(&later, HUND).gaps.contains(&Gap::Old(763)), "{:?}", entry(&later, HUND).gaps);
}

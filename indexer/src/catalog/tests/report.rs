//! The Prüfbericht of a place.

use connectors::gebiet::Level;
use jiff::Timestamp;
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
    let lacking = [Gap::NoShortText, Gap::NoCosts, Gap::NoPapers, Gap::NoOnlinedienst, Gap::Undated, Gap::UnknownKey];
    assert_eq!(hund.gaps, lacking);
    assert_eq!(hund.weight(), 2 * (2 + 2 + 2 + 1 + 1 + 1));

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
    assert_eq!(entry(&report, HUND).gaps, [closed, Gap::UnknownKey]);
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

#[tokio::test]
async fn near_names_another_language_and_removed_html_are_told() {
    let bochum = portal_with("bochum", BOCHUM, serde_json::json!({"hosts": ["*.bochum.example"]}));
    let verbund = Verbund::open(vec![bochum.clone()]).await;
    let english = "You must register the dog with the office. If you are new, this is for you and your dog.";
    let pieces = [
        leistung_with("B_1", HUND, &(modul("03", "de", "Hundesteuer Anmeldung") + &modul("06", "de", english))),
        leistung_with("B_2", AUSWEIS, &modul("03", "de", "Hundesteuer: Anmeldungen")),
        leistung_with("B_3", FUEHRERSCHEIN, &modul("03", "en", "Driving licence")),
        leistung_with("B_4", "99000000000001", &modul("03", "de", "Hundesteuer Abmeldung")),
        leistung_with("B_6", ABFALL, &modul("03", "de", "Abfall")),
        leistung_with(
            "B_5",
            "99000000000002",
            &(modul("03", "de", "Etwas") + &modul("06", "de", "<marquee>neu</marquee>")),
        ),
    ];
    verbund.part(&bochum, "stock.xml", crate::fixture::transfer(&pieces.concat()).as_bytes()).await;
    let report = report(&verbund, BOCHUM).await;
    let gaps = |key: &str| entry(&report, key).gaps.clone();
    assert!(gaps(HUND).contains(&Gap::NearlyTwice("Hundesteuer: Anmeldungen".into())), "{:?}", gaps(HUND));
    assert!(gaps(HUND).contains(&Gap::WrongLanguage(Lang::EN)));
    assert!(gaps(AUSWEIS).contains(&Gap::NearlyTwice("Hundesteuer Anmeldung".into())));
    assert!(gaps(FUEHRERSCHEIN).contains(&Gap::NoGerman));
    let other = gaps("99000000000001");
    assert!(!other.iter().any(|gap| matches!(gap, Gap::NearlyTwice(_))), "Abmeldung is something else: {other:?}");
    assert!(gaps(HUND).contains(&Gap::UnknownKey) && !gaps(ABFALL).contains(&Gap::UnknownKey));
    assert!(gaps("99000000000002").iter().any(|gap| matches!(gap, Gap::Html(what) if what.contains("marquee"))));
}

#[tokio::test]
async fn visits_to_addresses_are_told_and_nobody_is_called_well_who_was_not_visited() {
    use connectors::link::LinkFault;

    use crate::catalog::report::Check;
    use crate::record::Kind;

    let bochum = portal_with("bochum", BOCHUM, serde_json::json!({"hosts": ["*"]}));
    let verbund = Verbund::open(vec![bochum.clone()]).await;
    let link = |url: &str| modul("06", "de", &format!("<a href=\"{url}\">x</a>"));
    let service = |id: &str, of: &str, url: &str| onlinedienst(id, "Dienst", url, &zustaendig("", of, BOCHUM, ""));
    let pieces = [
        leistung_with("B_1", HUND, &(modul("03", "de", "Hund") + &link("https://a.example/text"))),
        leistung_with("B_2", AUSWEIS, &(modul("03", "de", "Ausweis") + &link("https://a.example/herne"))),
        leistung_with("B_3", FUEHRERSCHEIN, &modul("03", "de", "Führerschein")),
        service("B_OD1", "B_1", "https://a.example/od1#teil"),
        service("B_OD2", "B_2", "https://a.example/od2"),
        service("B_OD3", "B_3", "https://a.example/od3"),
    ];
    verbund.deliver(&bochum, &pieces.concat()).await;
    let checks = |report: &Report, key: &str| entry(report, key).checks;
    let before = report(&verbund, BOCHUM).await;
    for key in [HUND, AUSWEIS, FUEHRERSCHEIN] {
        let (address, key) = (checks(&before, key).address, checks(&before, key).key);
        assert_eq!(address, Check::Unchecked);
        // That the catalogue of 2019 does not know a key is no fault.
        assert_ne!(key, Check::Failed);
    }
    assert_eq!((checks(&before, ABFALL).address, checks(&before, ABFALL).key), (Check::Absent, Check::Passed));
    assert_eq!(checks(&before, HUND).stelle, Check::Failed);

    let visit = |path: &str, verdict: &str, failures: u32, town: Option<&str>| {
        (format!("https://a.example/{path}"), verdict.to_owned(), failures, town.map(str::to_owned))
    };
    let visits = [
        visit("text", "gone", 1, None),
        visit("herne", "good", 0, Some("059160000000")),
        visit("od1", "timeout", 1, None),
        visit("od2", "moved_home", 1, None),
        visit("od3", "good", 0, None),
    ];
    verbund.visited(&visits).await;
    let after = report(&verbund, BOCHUM).await;
    let hund = &entry(&after, HUND).gaps;
    let dead = |gap: &Gap| matches!(gap, Gap::DeadLink(link) if link.fault == LinkFault::Gone);
    assert!(hund.iter().any(dead), "{hund:?}");
    assert!(!hund.iter().any(|gap| matches!(gap, Gap::DeadOnlinedienst(_))), "once may be chance");
    assert_eq!(checks(&after, HUND).address, Check::Unchecked);
    let ausweis = &entry(&after, AUSWEIS).gaps;
    assert!(matches!(&ausweis[1], Gap::DeadOnlinedienst(link) if link.url == "https://a.example/od2"), "{ausweis:?}");
    let other = Gap::OtherTown { url: "https://a.example/herne".into(), town: "Herne".into() };
    assert!(ausweis.contains(&other), "{ausweis:?}");
    assert_eq!(
        (checks(&after, AUSWEIS).address, checks(&after, FUEHRERSCHEIN).address),
        (Check::Failed, Check::Passed)
    );

    verbund.visited(&[visit("od1", "timeout", 2, None)]).await;
    let again = report(&verbund, BOCHUM).await;
    assert_eq!(checks(&again, HUND).address, Check::Failed);
    let telling = verbund.store().await.telling_links(&[bochum.id]).await.unwrap();
    assert!(telling.iter().any(|used| used.kind == Kind::Onlinedienst));
}

#[tokio::test]
async fn the_coverage_of_all_towns_is_that_of_each_report_and_weighed_by_people() {
    let sample = sample().await;
    let catalog = sample.verbund.catalog().await;
    let everywhere = catalog.report_everywhere().await.unwrap();
    assert_eq!((everywhere.towns.len(), everywhere.kreise.len()), (396, 31 + 22));
    for ars in [KOELN, BOCHUM, "059160000000", "055700004004", "055620032032"] {
        let one = catalog.report(ars.parse().unwrap(), now()).await.unwrap().unwrap();
        let town = everywhere.towns.iter().find(|town| town.ars.to_string() == ars).unwrap();
        assert_eq!((town.described, town.catalogue), (one.described, one.catalogue), "{ars}");
        assert_eq!(town.joined, !one.portals.is_empty());
    }
    let land = everywhere.land;
    assert_eq!((land.towns, land.inhabitants, land.joined), (396, 17_947_221, 2));
    let by_hand = |weigh: fn(&crate::catalog::report::Town) -> f64| {
        let towns = everywhere.towns.iter();
        let all: f64 = towns.clone().map(weigh).sum();
        let covered = towns.map(|town| weigh(town) * town.described.complete as f64 / town.described.keys as f64);
        covered.sum::<f64>() / all
    };
    assert!((land.by_town - by_hand(|_| 1.0)).abs() < 1e-9 && land.by_town > 0.0, "{land:?}");
    assert!((land.by_inhabitant - by_hand(|town| town.inhabitants as f64)).abs() < 1e-9);
    let koeln = everywhere.kreise.iter().find(|kreis| kreis.ars.to_string() == KOELN).unwrap();
    assert_eq!((koeln.share.towns, koeln.share.joined, koeln.share.by_town), (1, 1, koeln.share.by_inhabitant));
}

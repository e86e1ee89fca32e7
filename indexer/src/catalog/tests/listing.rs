//! Lists of all pages: every unit once and in order, where there are pages, and what counts as a place's own.

use super::super::listing::{Addressed, Unit};
use super::*;

async fn all_units(catalog: &Catalog, limit: usize) -> Vec<Unit> {
    let mut all: Vec<Unit> = Vec::new();
    loop {
        let some = catalog.units_after(all.last(), limit).await.unwrap();
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

fn key(text: &str) -> Unit {
    Unit::Key(text.parse().unwrap())
}

#[tokio::test]
async fn every_unit_comes_once_and_in_order_however_many_are_asked_for() {
    let sample = sample().await;
    let keyless = |id: &str| leistung_with(id, "", &(modul("03", "de", "Ohne Schlüssel") + &gilt(BOCHUM)));
    sample.verbund.deliver(&sample.bochum, &(keyless("BO_9") + &keyless("BO_10") + &keyless("AA_1"))).await;
    let catalog = sample.verbund.catalog().await;
    let id = |joined: &str| Unit::Keyless(crate::fixture::key(joined));
    let expected = [
        key("99000000000002"),
        key("99000000000004"),
        key(HUND),
        key(AUSWEIS),
        key(FUEHRERSCHEIN),
        id("AA_1"),
        id("BO_10"),
        id("BO_9"),
    ];
    for limit in [1, 2, 5, 100] {
        assert_eq!(all_units(&catalog, limit).await, expected, "{limit}");
    }
    assert!(expected.is_sorted());
    let here = catalog.addressed(&id("BO_9")).await.unwrap();
    assert_eq!(here, [Addressed { key: "BO_9".into(), places: vec![BOCHUM.parse().unwrap()] }]);
}

#[tokio::test]
async fn pages_are_where_somebody_offers_or_describes_something() {
    let sample = sample().await;
    let two = leistung("L_5", HUND, "Zweithund anmelden");
    sample.verbund.deliver(&sample.land, &two).await;
    let catalog = sample.verbund.catalog().await;
    let addressed = async |unit: &str| catalog.addressed(&key(unit)).await.unwrap();
    let of = |key: &str, places: &[&str]| Addressed {
        key: key.into(),
        places: places.iter().map(|ars| ars.parse().unwrap()).collect(),
    };
    // Two of the Land's have one key: each has its own address. The Land itself has the page without a place.
    assert_eq!(addressed(HUND).await, [of(HUND, &[KOELN]), of("L_1", &[KOELN]), of("L_5", &[])]);
    assert_eq!(addressed(AUSWEIS).await, [of(AUSWEIS, &[BOCHUM])]);
}

#[tokio::test]
async fn a_place_has_its_own_where_it_says_or_does_something() {
    let sample = sample().await;
    let catalog = sample.verbund.catalog().await;
    for (schluessel, ars, own) in [
        (HUND, KOELN, true),
        (HUND, BOCHUM, false),
        (FUEHRERSCHEIN, KOELN, true),
        (FUEHRERSCHEIN, BOCHUM, false),
        (AUSWEIS, BOCHUM, true),
        (HUND, LAND, false),
    ] {
        let place = Some(ars.parse().unwrap());
        let view = catalog.leistung(&LeistungRef::parse(schluessel), place, Lang::DE).await.unwrap().unwrap();
        let standing = catalog.standing(&view).await.unwrap();
        assert_eq!((standing.own, standing.place), (own, place), "{schluessel} {ars}");
        assert_eq!(standing.landing_key, schluessel);
    }
    // The page without a place has the name of the widest description, whatever a town calls it.
    let koeln =
        catalog.leistung(&LeistungRef::parse(HUND), Some(KOELN.parse().unwrap()), Lang::DE).await.unwrap().unwrap();
    assert_eq!(koeln.short.name, "Hund in Köln anmelden");
    let standing = catalog.standing(&koeln).await.unwrap();
    assert_eq!(standing.landing_names.get(&Lang::DE).map(String::as_str), Some("Hund anmelden"));
    assert!(catalog.has_own(&KOELN.parse().unwrap()) && !catalog.has_own(&"055150000000".parse().unwrap()));
}

#[tokio::test]
async fn a_trace_moves_with_everything_that_is_said_and_with_nothing_else() {
    let sample = sample().await;
    let catalog = sample.verbund.catalog().await;
    let traces = async || {
        let mut all = Vec::new();
        for unit in [HUND, FUEHRERSCHEIN, AUSWEIS] {
            all.push(catalog.trace(&key(unit)).await.unwrap());
        }
        all
    };
    let before = traces().await;
    // Only the office changes, not the offer.
    sample
        .verbund
        .deliver(&sample.koeln, &stelle("K_OE", "Neues Steueramt", &zustaendig("", "L_1", KOELN, "01")))
        .await;
    let renamed = traces().await;
    assert_eq!((before[0] != renamed[0], &before[1..]), (true, &renamed[1..]));
    // The offer moves to another town.
    sample.verbund.deliver(&sample.bochum, &stelle("BO_1", "Amt Nord", &zustaendig("", "L_1", BOCHUM, "01"))).await;
    let moved = traces().await;
    assert!(moved[0] != renamed[0] && moved[2] != renamed[2] && moved[1] == renamed[1], "{renamed:?} {moved:?}");
    // The text goes.
    sample.verbund.deliver(&portal("bund", BUND), &crate::fixture::loesche("Leistung", "B_1")).await;
    let after = traces().await;
    assert!(after[1] != moved[1] && after[0] == moved[0], "{moved:?} {after:?}");
    assert!(catalog.is_gone("B_1").await.unwrap());
    assert!(catalog.indexed() < catalog.change_no().await.unwrap(), "the index has not followed yet");
    sample.verbund.catalog().await;
    assert_eq!(catalog.indexed(), catalog.change_no().await.unwrap());
    assert!(!catalog.is_gone("L_1").await.unwrap() && !catalog.is_gone("L_99").await.unwrap());
}

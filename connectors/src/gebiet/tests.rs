use super::*;

fn ars(text: &str) -> Ars {
    text.parse().unwrap()
}

#[track_caller]
fn check_covers(outer: &str, inner: &str, expected: bool) {
    assert_eq!(ars(outer).covers(&ars(inner)), expected, "{outer} covers {inner}");
}

#[test]
fn an_area_covers_what_begins_like_it() {
    check_covers("055700000000", "055700004004", true);
    check_covers("055700000000", "055740004004", false);
    check_covers("05762", "057620012012", true);
    check_covers("120645410", "120645410128", true);
    check_covers("000000000000", "110000000000", true);
    check_covers("057620012012", "057620000000", false);
}

#[test]
fn only_whole_levels_of_ascii_digits_are_keys() {
    for text in [
        "05315000000",
        "0531500000000",
        "0500000000000",
        "5315",
        "05315000",
        "053X50000000",
        "170000000000",
        "000000000001",
        "",
        "053150000000 051170000000",
        "DE-NW",
        "０５３１５０００００００",
    ] {
        assert!(text.parse::<Ars>().is_err(), "{text:?}");
    }
    assert_eq!(ars("05315").as_str(), "053150000000");
    assert_eq!(ars("00"), Ars::BUND);
}

#[test]
fn candidates_go_from_the_gemeinde_up_to_the_bund_once_each() {
    let up = |text: &str| ars(text).candidates().iter().map(ToString::to_string).collect::<Vec<_>>();
    let gemeinde = ["057620012012", "057620012000", "057620000000", "057000000000", "050000000000", "000000000000"];
    assert_eq!(up("057620012012"), gemeinde);
    assert_eq!(up("110000000000"), ["110000000000", "000000000000"]);
    assert_eq!(up("059110000000"), ["059110000000", "059000000000", "050000000000", "000000000000"]);
    assert_eq!(up("00"), ["000000000000"]);
}

#[test]
fn the_register_is_whole() {
    let register = Gebiete::nrw();
    let count = |level| register.all().iter().filter(|area| area.level == level).count();
    assert_eq!((count(Level::Gemeinde), count(Level::Kreis), count(Level::Regierungsbezirk)), (396, 31, 5));
    assert!(register.all().iter().filter(|area| area.level == Level::Gemeinde).all(|area| !area.plz.is_empty()));
    for area in register.all() {
        assert!(area.parent.is_none_or(|parent| register.get(&parent).is_some()), "{area:?}");
        assert!(matches!(register.read(area.ars.as_str()), Reading::One(found) if found == *area), "{area:?}");
        let by_name = register.read(&area.name);
        let hidden = matches!(&by_name, Reading::One(found) if found.level == Level::Gemeinde);
        assert!(hidden || matches!(&by_name, Reading::One(found) if found == area), "{area:?} {by_name:?}");
    }
}

#[track_caller]
fn check_read(text: &str, expected: &str) {
    let found = match Gebiete::nrw().read(text) {
        Reading::One(area) => area.ars.to_string(),
        Reading::Several(areas) => areas.iter().map(|area| area.name.clone()).collect::<Vec<_>>().join("|"),
        Reading::Unknown => "?".into(),
    };
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn a_place_is_read_as_people_write_it() {
    check_read("Bochum", "059110000000");
    check_read(" köln ", "053150000000");
    check_read("Koeln", "053150000000");
    check_read("koln", "053150000000");
    check_read("44787", "059110000000");
    check_read("44787 Bochum", "059110000000");
    check_read("Borken", "055540012012");
    check_read("Kreis Borken", "055540000000");
    check_read("Stadt Bochum", "059110000000");
    check_read("Mülheim", "051170000000");
    check_read("Halle (Westf.)", "057540012012");
    check_read("NRW", "050000000000");
    check_read("München", "?");
    check_read("99999", "?");
    check_read("", "?");
}

#[track_caller]
fn check_query(query: &str, rest: &str, place: &str) {
    let (found_rest, reading) = Gebiete::nrw().in_query(query);
    let found = match reading {
        Some(Reading::One(area)) => area.name.clone(),
        Some(Reading::Several(areas)) => areas.iter().map(|area| area.name.clone()).collect::<Vec<_>>().join("|"),
        _ => String::new(),
    };
    assert_eq!((found_rest.as_str(), found.as_str()), (rest, place), "{query:?}");
}

#[test]
fn a_place_in_a_question_is_the_place() {
    check_query("hund anmelden bochum", "hund anmelden", "Bochum");
    check_query("44787 Wohngeld", "Wohngeld", "Bochum");
    check_query("Wohngeld 44787 Bochum", "Wohngeld", "Bochum");
    check_query("Hund anmelden in Köln?", "Hund anmelden", "Köln");
    check_query("auto zulassen kreis borken", "auto zulassen", "Kreis Borken");
    check_query("reisepass bad oeynhausen beantragen", "reisepass beantragen", "Bad Oeynhausen");
    check_query("Essen auf Rädern", "Essen auf Rädern", "");
    check_query("essen auf rädern in essen", "essen auf rädern", "Essen");
    check_query("personalausweis essen", "personalausweis", "Essen");
    check_query("schwierige lage und geld", "schwierige lage und geld", "");
    check_query("bund der steuerzahler", "bund der steuerzahler", "");
    check_query("wohngeld", "wohngeld", "");
    check_query("", "", "");
}

#[test]
fn a_postal_code_of_two_gemeinden_is_a_question() {
    let register = Gebiete::nrw();
    let shared: Vec<_> = register
        .all()
        .iter()
        .flat_map(|area| area.plz.iter().cloned())
        .filter(|plz| matches!(register.read(plz), Reading::Several(_)))
        .collect();
    assert_eq!(shared.len(), 14, "seven codes, each named by two Gemeinden: {shared:?}");
}

#[test]
fn completion_offers_towns_before_kreise_and_the_large_before_the_small() {
    let register = Gebiete::nrw();
    let names = |text: &str| register.starting_with(text, 3).iter().map(|area| area.name.clone()).collect::<Vec<_>>();
    assert_eq!(names("bo").first().map(String::as_str), Some("Bochum"));
    assert_eq!(names("Duss").first().map(String::as_str), Some("Düsseldorf"));
    assert_eq!(names("447"), ["Bochum"]);
    assert!(names("").is_empty());
}

//! What scripts add to the pages, in a real browser: suggestions while typing, and our search in a page of somebody else.

use tests::browser::Browser;
use tests::program::{Installation, Running};

use crate::EXE;

const DOWN: &str = "\u{e015}";
const UP: &str = "\u{e013}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const HOME: &str = "\u{e011}";
const END: &str = "\u{e010}";

/// The demo and a browser; none where this machine has none.
fn start() -> Option<(Installation, Running, Browser, String)> {
    let program = Installation::new(EXE);
    let Some(browser) = Browser::start(&program.dir().join("profile")) else {
        eprintln!("LEFT OUT: the browser test, because Chromium or its driver is missing (Debian: chromium-driver)");
        return None;
    };
    let mut running = program.start(&["demo", "--dir", "demo"]);
    let origin = running.wait_for("http://localhost:").trim_end_matches('/').to_owned();
    Some((program, running, browser, origin))
}

/// The options that are shown below a field.
fn list_of(field: &str) -> String {
    format!("{field} ~ [role=listbox]")
}

fn is_open(browser: &Browser, field: &str) -> bool {
    browser.attribute(field, "aria-expanded").as_deref() == Some("true")
}

/// Which option is marked, from 0, by what a screen reader is told.
fn marked(browser: &Browser, field: &str) -> Option<usize> {
    let id = browser.attribute(field, "aria-activedescendant")?;
    assert_eq!(browser.attribute(&format!("#{id}"), "aria-selected").as_deref(), Some("true"));
    id.rsplit('-').next().unwrap().parse().ok()
}

#[test]
fn suggestions_are_reached_by_keyboard_and_lead_to_the_page_at_the_place() {
    let Some((_program, _running, browser, origin)) = start() else { return };
    browser.open(&origin);
    assert_eq!(browser.attribute("#q", "role").as_deref(), Some("combobox"));
    browser.fill("#ort", "Bochum");
    browser.fill("#q", "hund an");
    browser.until("suggestions", |browser| is_open(browser, "#q"));
    let (list, last) = (list_of("#q"), 7);
    assert_eq!(browser.words("#q ~ [role=status]"), "Vorschläge: 8");
    assert_eq!(browser.text(&format!("{list} > :first-child")), "Hund anmelden in Bochum");
    assert_eq!(marked(&browser, "#q"), None, "nothing is chosen for somebody who types");
    for (key, expected) in [
        (DOWN, Some(0)),
        (DOWN, Some(1)),
        (END, Some(last)),
        (DOWN, None),
        (UP, Some(last)),
        (HOME, Some(0)),
        (UP, None),
    ] {
        browser.press("#q", key);
        assert_eq!(marked(&browser, "#q"), expected);
    }
    browser.press("#q", ESCAPE);
    assert!(!is_open(&browser, "#q") && browser.value("#q") == "hund an", "the first Escape closes the list alone");
    browser.press("#q", &[DOWN, ENTER].concat());
    browser.until("the page of the suggestion", |browser| {
        browser.path() == "/leistung/99110009104000/hund-anmelden/059110000000"
    });
}

#[test]
fn enter_without_a_marked_suggestion_searches_what_was_typed() {
    let Some((_program, _running, browser, origin)) = start() else { return };
    browser.open(&format!("{origin}/en"));
    browser.fill("#q", "hund an");
    browser.until("suggestions", |browser| is_open(browser, "#q"));
    browser.press("#q", ENTER);
    browser.until("the results", |browser| browser.path() == "/en/suche");
    assert_eq!(browser.value("#q"), "hund an");
    // A suggestion of a page in another language leads to the page in that language.
    browser.fill("#q", "hund anm");
    browser.until("suggestions", |browser| is_open(browser, "#q"));
    browser.click(&format!("{} > :first-child", list_of("#q")));
    assert_eq!(browser.path(), "/en/leistung/99110009104000/hund-anmelden");
}

#[test]
fn a_place_that_is_chosen_is_sent_by_its_key_and_shown_by_its_name() {
    let Some((_program, _running, browser, origin)) = start() else { return };
    browser.open(&origin);
    browser.fill("#q", "hund");
    browser.fill("#ort", "boch");
    browser.until("places", |browser| is_open(browser, "#ort"));
    browser.press("#ort", &[DOWN, ENTER].concat());
    assert_eq!(browser.value("#ort"), "Bochum");
    browser.press("#ort", ENTER);
    browser.until("the results", |browser| browser.path() == "/suche");
    assert_eq!(browser.value("#ort"), "Bochum");
    assert!(browser.text("h1").contains("in Bochum"), "{}", browser.text("h1"));
}

#[test]
fn our_search_works_in_a_page_of_somebody_else_and_shows_hits_there() {
    let Some((_program, _running, browser, origin)) = start() else { return };
    // A page without an address of its own is as foreign as a page can be.
    browser.open(&format!(
        "data:text/html;charset=utf-8,<title>Stadt</title><portalverbund-suche ort='059110000000' treffer='hier'>\
         </portalverbund-suche><script type='module' src='{origin}/static/portalverbund-suche.js'></script>"
    ));
    let field = "portalverbund-suche input[name=q]";
    browser.press(field, &["kindergeld", ENTER].concat());
    browser
        .until("hits", |browser| browser.text("portalverbund-suche [role=status]").contains("„kindergeld“ in Bochum"));
    let hits = browser.text("portalverbund-suche ol");
    assert!(hits.contains("Kindergeld beantragen") && hits.contains("Zuständig ist der Bund."), "{hits}");
    browser.click("portalverbund-suche ol a");
    assert!(browser.path().ends_with("/kindergeld-beantragen/059110000000"), "{}", browser.path());
}

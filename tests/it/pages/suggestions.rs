//! What scripts add to the pages: suggestions while typing, and our search in a page of somebody else.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::browser::{Browser, Key, Scripts};
use tests::demo::Demo;

use super::browser;
use crate::EXE;

/// Longer than an answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[track_caller]
fn until(browser: &Browser, what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "{what}: not on {}: {}", browser.path(), browser.text("body"));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// An attribute of an element; empty where it has none.
fn attribute(browser: &Browser, css: &str, name: &str) -> String {
    let asked = json!([css, name]);
    let value = browser.run("return document.querySelector(arguments[0]).getAttribute(arguments[1])", &asked);
    value.as_str().unwrap_or_default().to_owned()
}

/// The text of the first element, whether it is seen or not; empty where there is none.
fn words(browser: &Browser, css: &str) -> String {
    let said = browser.run("return document.querySelector(arguments[0])?.textContent", &json!([css]));
    said.as_str().unwrap_or_default().to_owned()
}

fn is_open(browser: &Browser, field: &str) -> bool {
    attribute(browser, field, "aria-expanded") == "true"
}

/// Which option is marked, from 0, by what a screen reader is told.
fn marked(browser: &Browser, field: &str) -> Option<usize> {
    let id = attribute(browser, field, "aria-activedescendant");
    if id.is_empty() {
        return None;
    }
    assert_eq!(attribute(browser, &format!("#{id}"), "aria-selected"), "true");
    id.rsplit('-').next().unwrap().parse().ok()
}

/// A page of somebody else, at an address of its own.
fn served(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let page = page.clone();
            // Browsers open connections on which they say nothing for a while.
            std::thread::spawn(move || {
                let head = BufReader::new(connection.try_clone().unwrap());
                if head.lines().map_while(Result::ok).any(|line| line.is_empty()) {
                    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close";
                    let _ = write!(connection, "{head}\r\ncontent-length: {}\r\n\r\n{page}", page.len());
                }
            });
        }
    });
    address
}

/// Where a suggestion for "Hund anmelden" leads.
const HUND: &str = "/leistung/99110009104000/hund-anmelden";

#[test]
fn suggestions_are_reached_by_keyboard_and_lead_to_the_page_at_the_place() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let demo = Demo::start(EXE);
    browser.open(&demo.origin());
    until(&browser, "a combobox", || attribute(&browser, "#q", "role") == "combobox");
    browser.fill("#ort", "Bochum");
    browser.fill("#q", "hund an");
    until(&browser, "suggestions", || is_open(&browser, "#q"));
    assert_eq!(words(&browser, "#q ~ [role=status]"), "Vorschläge: 8");
    assert_eq!(words(&browser, "#q ~ [role=listbox] > *"), "Hund anmelden in Bochum");
    assert_eq!(marked(&browser, "#q"), None, "nothing is chosen for somebody who types");
    for (key, expected) in [
        (Key::Down, Some(0)),
        (Key::Down, Some(1)),
        (Key::End, Some(7)),
        (Key::Down, None),
        (Key::Up, Some(7)),
        (Key::Home, Some(0)),
        (Key::Up, None),
    ] {
        browser.press(key);
        assert_eq!(marked(&browser, "#q"), expected, "{key:?}");
    }
    browser.press(Key::Escape);
    assert!(!is_open(&browser, "#q"));
    assert_eq!(browser.value("#q"), "hund an", "the first Escape closes the list alone");
    browser.press(Key::Down);
    browser.press_on(Key::Enter);
    assert_eq!(browser.path(), format!("{HUND}/059110000000"));
}

#[test]
fn enter_searches_what_was_typed_and_a_click_opens_what_is_offered() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let demo = Demo::start(EXE);
    browser.open(&format!("{}/en", demo.origin()));
    browser.fill("#q", "hund an");
    until(&browser, "suggestions", || is_open(&browser, "#q"));
    browser.press_on(Key::Enter);
    assert_eq!((browser.path().as_str(), browser.value("#q").as_str()), ("/en/suche", "hund an"));
    browser.fill("#q", "hund anm");
    until(&browser, "suggestions", || is_open(&browser, "#q"));
    // A page in another language leads to pages in that language.
    browser.click("#q ~ [role=listbox] > *");
    // Its name stands in the address in the language of the page, where the record has one.
    assert!(browser.path().starts_with("/en/leistung/99110009104000/"), "{}", browser.path());
}

#[test]
fn a_place_that_is_chosen_is_sent_by_its_key_and_shown_by_its_name() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let demo = Demo::start(EXE);
    browser.open(&demo.origin());
    browser.fill("#q", "hund");
    browser.fill("#ort", "boch");
    until(&browser, "places", || is_open(&browser, "#ort"));
    browser.press(Key::Down);
    browser.press(Key::Enter);
    assert_eq!(browser.value("#ort"), "Bochum");
    browser.press_on(Key::Enter);
    assert_eq!(browser.url().query(), Some("q=hund&ort=059110000000"));
    assert_eq!(browser.value("#ort"), "Bochum");
    assert!(browser.text("h1").contains("in Bochum"), "{}", browser.text("h1"));
}

#[test]
fn our_search_works_in_a_page_of_somebody_else_and_shows_hits_there() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let demo = Demo::start(EXE);
    let origin = demo.origin();
    browser.open(&served(format!(
        "<!doctype html><title>Stadt</title><portalverbund-suche ort='059110000000' treffer='hier'>\
         </portalverbund-suche><script type='module' src='{origin}/static/portalverbund-suche.js'></script>"
    )));
    let found = "portalverbund-suche [role=status]";
    browser.fill("portalverbund-suche input[name=q]", "kindergeld");
    until(&browser, "the element", || !words(&browser, "portalverbund-suche button").is_empty() && browser.has(found));
    browser.press(Key::Enter);
    until(&browser, "hits", || words(&browser, found).contains("„kindergeld“ in Bochum"));
    let hits = browser.text("portalverbund-suche ol");
    assert!(hits.contains("Kindergeld beantragen") && hits.contains("Zuständig ist der Bund."), "{hits}");
    browser.click("portalverbund-suche ol a");
    assert!(browser.path().ends_with("/kindergeld-beantragen/059110000000"), "{}", browser.path());
}

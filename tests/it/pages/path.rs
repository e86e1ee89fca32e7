//! The whole way in a browser: from the question over the answer to the form page of the portal that is responsible, in at
//! most three clicks; with the mouse, with the keyboard alone, without scripts, and on a small phone.

use serde_json::json;
use tests::browser::{Browser, Key, Scripts, View};
use tests::demo::Demo;

use super::{browser, layout};
use crate::EXE;

/// The most clicks from the question to the form.
const CLICKS: usize = 3;
/// Where the form of the portal that is responsible in Bochum is.
const FORM: &str = "/portal/stadt-bochum/dienste/hund-anmelden";
/// What leads on from an answer: "Bevor Sie starten", and from there to the online service.
const ONWARD: [&str; 2] = ["/bevor/", "/zu/"];
/// More stops than any page has before what matters on it.
const STOPS: usize = 60;

/// The first link in the page that leads on.
fn onward() -> String {
    ONWARD.map(|part| format!("main a[href*='{part}']")).join(", ")
}

#[track_caller]
fn is_the_form(browser: &Browser) {
    assert_eq!(browser.path(), FORM);
    let text = browser.text("main");
    assert!(text.contains("Hund") && browser.has("main form"), "{text}");
}

/// From the start page by pointing, with `look` at every page on the way; gives the number of clicks.
#[track_caller]
fn by_pointing(browser: &Browser, demo: &Demo, look: impl Fn(&Browser)) -> usize {
    browser.open(&format!("{}/", demo.origin()));
    look(browser);
    browser.fill("main [name=q]", "Hund anmelden Bochum");
    browser.click("main form[role=search] button[type=submit]");
    let mut clicks = 1;
    while browser.path() != FORM {
        look(browser);
        browser.click(&onward());
        clicks += 1;
        assert!(clicks <= CLICKS, "after {clicks} clicks the way is at {}", browser.path());
    }
    is_the_form(browser);
    clicks
}

#[test]
fn the_way_to_the_form_takes_at_most_three_clicks() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let demo = Demo::start(EXE);
    browser.look(View::Light);
    let clicks = by_pointing(&browser, &demo, |_| {});
    eprintln!("with the mouse: {clicks} clicks");
}

#[test]
fn the_way_to_the_form_needs_no_scripts() {
    let Some((browser, _place)) = browser(Scripts::Off) else { return };
    browser.open("data:text/html,<title>aus</title><main>x</main><script>document.title='an'</script>");
    assert_eq!(browser.title(), "aus", "scripts are not off");
    let demo = Demo::start(EXE);
    browser.look(View::Light);
    let clicks = by_pointing(&browser, &demo, |_| {});
    eprintln!("without scripts: {clicks} clicks");
}

#[test]
fn the_way_to_the_form_fits_on_a_small_phone() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let demo = Demo::start(EXE);
    browser.look(View::Narrow);
    let clicks = by_pointing(&browser, &demo, |browser| {
        assert_eq!(layout::sideways(browser), Vec::<String>::new(), "{}", browser.path());
        // What leads on is big enough for a thumb (WCAG 2.5.8 asks for 24 px, main buttons have 44).
        for css in ["main form[role=search] button[type=submit]".to_owned(), onward()] {
            if browser.has(&css) {
                let (width, height) = browser.size(&css);
                assert!(height >= 24.0 && width >= 24.0, "{css} on {}: {width} x {height}", browser.path());
            }
        }
    });
    eprintln!("at 320 px: {clicks} clicks");
}

/// Puts the keyboard before the first stop of a page; a window that was just opened may still hold it for itself.
#[track_caller]
fn at_its_beginning(browser: &Browser) {
    const BEGIN: &str =
        "window.focus(); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')";
    browser.run(BEGIN, &json!([]));
}

/// Goes on by the Tab key until `there`; every stop on the way has to be seen.
#[track_caller]
fn tab_to(browser: &Browser, what: &str, there: impl Fn(&tests::browser::Stop) -> bool) -> usize {
    for at in 1..=STOPS {
        browser.press(Key::Tab);
        let Some(stop) = browser.focus() else { panic!("the focus is nowhere before {what} on {}", browser.path()) };
        assert!(stop.visible, "the focus is not seen at {} on {}", stop.what, browser.path());
        assert!(stop.uncovered, "the focus is out of sight at {} on {}", stop.what, browser.path());
        if there(&stop) {
            return at;
        }
    }
    panic!("{STOPS} stops and no {what} on {}", browser.path())
}

#[test]
fn the_way_to_the_form_is_walked_with_the_keyboard_alone() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let demo = Demo::start(EXE);
    browser.look(View::Light);
    browser.open(&format!("{}/", demo.origin()));
    // The first stop leads past what is the same on every page.
    at_its_beginning(&browser);
    browser.press(Key::Tab);
    let skip = browser.focus().expect("the first stop");
    assert!(skip.href == "#inhalt" && skip.visible && skip.uncovered, "{skip:?}");
    let mut stops = vec![1 + tab_to(&browser, "question", |stop| stop.id == "q")];
    browser.type_text("Hund anmelden Bochum");
    browser.press_on(Key::Enter);
    let mut presses = 1;
    while browser.path() != FORM {
        // The links to the same page in another language lead no further.
        let here = browser.path();
        let on = |href: &str| ONWARD.iter().any(|part| href.contains(part)) && !href.contains(&here);
        stops.push(tab_to(&browser, "way on", |stop| on(&stop.href)));
        browser.press_on(Key::Enter);
        presses += 1;
        assert!(presses <= CLICKS, "after {presses} times Enter the way is at {}", browser.path());
    }
    is_the_form(&browser);
    eprintln!("with the keyboard: {presses} times Enter, stops on the pages {stops:?}");
}

#[test]
fn every_stop_of_the_main_pages_is_seen() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let demo = Demo::start(EXE);
    let mut faults = Vec::new();
    for (view, path) in [
        (View::Light, "/"),
        (View::Light, "/suche?q=hund+anmelden+bochum"),
        (View::Dark, "/leistung/99110009104000/hund-anmelden/059110000000"),
        (View::Narrow, "/suche?q=anmelden&ort=Bochum"),
        (View::Zoomed, "/leistung/99110009104000/hund-anmelden/059110000000"),
        (View::Light, "/bevor/99110009104000/059110000000"),
        (View::Dark, "/ort/059110000000/bochum"),
        (View::Narrow, "/lebenslage/wohnen-umzug/059110000000"),
    ] {
        browser.look(view);
        browser.open(&format!("{}{path}", demo.origin()));
        at_its_beginning(&browser);
        let mut seen = Vec::new();
        // The end is where the focus leaves the page, or comes back to the first stop.
        for _ in 0..STOPS {
            browser.press(Key::Tab);
            let Some(stop) = browser.focus() else { break };
            if seen.first() == Some(&stop) {
                break;
            }
            if !stop.visible || !stop.uncovered {
                faults.push(format!("{path} ({view:?}): {stop:?}"));
            }
            seen.push(stop);
        }
        assert!(seen.len() > 3, "{path}: {seen:?}");
    }
    super::none("stops of the keyboard", &faults);
}

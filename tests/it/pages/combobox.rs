//! What a screen reader is told of the suggestions at every key, by the pattern of the ARIA Authoring Practices; what axe-core
//! says of the open list; and that every suggestion leads to a page. What they do for people stands in `suggestions`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::browser::{Browser, Key, Scripts, View};
use tests::checkers::Axe;
use tests::client::get;
use tests::demo::Demo;

use super::browser;
use crate::EXE;

/// What a screen reader is told of the field and its list.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    role: String,
    expanded: bool,
    options: usize,
    /// The number of the option that is marked, by `aria-activedescendant`.
    active: Option<usize>,
    /// How many options say that they are selected, and whether it is the marked one.
    selected: usize,
    status: String,
    value: String,
    focused: bool,
}

#[track_caller]
fn told(browser: &Browser) -> Told {
    const LOOK: &str = r#"
        const field = document.querySelector(arguments[0]);
        const list = document.getElementById(field.getAttribute('aria-controls'));
        const options = list && list.offsetParent !== null ? [...list.querySelectorAll('[role=option]')] : [];
        const active = options.findIndex((option) => option.id === field.getAttribute('aria-activedescendant'));
        const selected = options.filter((option) => option.getAttribute('aria-selected') === 'true');
        return { role: field.getAttribute('role'), list: list ? list.getAttribute('role') : null, expanded: field.getAttribute('aria-expanded') === 'true',
          options: options.length, active, selected: selected.length === 1 && options.indexOf(selected[0]) !== active ? 99 : selected.length,
          status: [...field.form.querySelectorAll('[role=status]')].map((one) => one.textContent).join(' ').trim(),
          value: field.value, focused: document.activeElement === field };"#;
    let found = browser.run(LOOK, &json!(["main [name=q]"]));
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| found[name].as_u64().and_then(|number| usize::try_from(number).ok());
    if found["list"] != Value::Null {
        assert_eq!(found["list"], "listbox");
    }
    Told {
        role: text("role"),
        expanded: found["expanded"] == true,
        options: number("options").unwrap_or(0),
        active: number("active"),
        selected: number("selected").unwrap_or(0),
        status: text("status"),
        value: text("value"),
        focused: found["focused"] == true,
    }
}

#[track_caller]
fn wait(browser: &Browser, what: &str, is: impl Fn(&Told) -> bool) -> Told {
    let end = Instant::now() + Duration::from_secs(15);
    loop {
        let now = told(browser);
        if is(&now) {
            return now;
        }
        assert!(Instant::now() < end, "{what}: {now:?}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Marks option `active` (or none), with everything else as it has to be.
#[track_caller]
fn marked(browser: &Browser, after: Key, active: Option<usize>) {
    browser.press(after);
    let now = told(browser);
    assert!(now.expanded && now.focused, "after {after:?}: {now:?}");
    assert_eq!(now.active, active, "after {after:?}: {now:?}");
    assert_eq!(now.selected, usize::from(active.is_some()), "after {after:?}: {now:?}");
}

#[test]
fn suggestions_are_a_combobox_for_the_keyboard() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let axe = Axe::found();
    if let Some(axe) = &axe {
        axe.accompany(&browser);
    }
    let demo = Demo::start(EXE);
    browser.look(View::Light);
    browser.open(&format!("{}/", demo.origin()));
    browser.run("document.querySelector('main [name=q]').focus()", &json!([]));
    let plain = wait(&browser, "the field is no combobox", |now| now.role == "combobox");
    assert!(!plain.expanded && plain.options == 0, "{plain:?}");
    browser.type_text("hund");
    let open = wait(&browser, "no suggestions", |now| now.expanded && now.options > 1);
    assert!(open.focused && open.active.is_none() && open.selected == 0, "{open:?}");
    assert!(open.status.contains(&open.options.to_string()), "the number of suggestions is not said: {open:?}");
    let last = open.options - 1;
    if axe.is_some() {
        for view in [View::Light, View::Dark, View::Narrow] {
            browser.look(view);
            assert_eq!(Axe::violations(&browser), Vec::<String>::new(), "{view:?}, with suggestions");
        }
        browser.look(View::Light);
    }
    marked(&browser, Key::Down, Some(0));
    marked(&browser, Key::Down, Some(1));
    marked(&browser, Key::Up, Some(0));
    marked(&browser, Key::Up, None);
    marked(&browser, Key::Up, Some(last));
    marked(&browser, Key::Home, Some(0));
    marked(&browser, Key::End, Some(last));
    // Escape takes the list away and leaves what was typed.
    browser.press(Key::Escape);
    let closed = told(&browser);
    assert!(!closed.expanded && closed.options == 0 && closed.active.is_none() && closed.focused, "{closed:?}");
    assert_eq!(closed.value, "hund");
    // What nobody knows is said as well.
    browser.run("document.querySelector('main [name=q]').value = ''", &json!([]));
    browser.type_text("xyzzyqwv");
    let nothing = wait(&browser, "nothing is said", |now| !now.status.is_empty() && now.status != open.status);
    assert!(!nothing.expanded && nothing.options == 0, "{nothing:?}");
    // The field is left, and the list goes.
    browser.run("document.querySelector('main [name=q]').value = ''", &json!([]));
    browser.type_text("hund");
    wait(&browser, "no suggestions", |now| now.expanded);
    browser.press(Key::Tab);
    assert!(!told(&browser).expanded);
    browser.press(Key::ShiftTab);
    browser.press(Key::Down);
    wait(&browser, "the list does not come back", |now| now.expanded && now.active == Some(0));
    browser.press_on(Key::Enter);
    assert!(browser.path() != "/" && browser.has("main h1"), "{}", browser.url());
    let seen = browser.seen();
    assert!(seen.console.is_empty() && seen.dialogs.is_empty(), "{seen:?}");
}

#[test]
fn every_suggestion_leads_to_a_page() {
    let demo = Demo::start(EXE);
    let mut followed = 0;
    for (typed, place) in [("hund", ""), ("perso", "&ort=Bochum"), ("ge", "&ort=Ahaus"), ("wohn", ""), ("hnud", "")] {
        let list = get(demo.address, &format!("/api/v1/suggest?q={typed}{place}")).json();
        for suggestion in list["suggestions"].as_array().unwrap() {
            let url = suggestion["url"].as_str().unwrap();
            assert_eq!(get(demo.address, url).status, 200, "{typed}{place}: {suggestion}");
            followed += 1;
        }
    }
    assert!(followed > 10, "{followed}");
}

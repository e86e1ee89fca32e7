//! The keyboard, with real key events, and where the focus stands.

use serde_json::{Value, json};

use super::Browser;

/// A key that is no letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// To the next stop.
    Tab,
    /// To the one before.
    ShiftTab,
    /// Follows and sends.
    Enter,
    /// Away with what came up.
    Escape,
    /// The arrow up.
    Up,
    /// The arrow down.
    Down,
    /// To the beginning.
    Home,
    /// To the end.
    End,
}

impl Key {
    /// The sign that stands for it in WebDriver, section 17.4.2.
    fn sign(self) -> char {
        match self {
            Self::Tab | Self::ShiftTab => '\u{e004}',
            Self::Enter => '\u{e007}',
            Self::Escape => '\u{e00c}',
            Self::End => '\u{e010}',
            Self::Home => '\u{e011}',
            Self::Up => '\u{e013}',
            Self::Down => '\u{e015}',
        }
    }
}

/// Where the focus stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The element and what it says, for people.
    pub what: String,
    /// Its `href`, where it has one.
    pub href: String,
    /// Its id.
    pub id: String,
    /// True when the focus is seen: something is drawn around the element that is not there without the focus.
    pub visible: bool,
    /// True when all of the element, or as much as fits, is in the window and nothing lies over it (WCAG 2.4.11).
    pub uncovered: bool,
}

/// Looks at the element with the focus. What is drawn for the focus is found by taking it away and back.
const LOOK: &str = r#"
const at = document.activeElement;
if (!at || at === document.body || at === document.documentElement) { return null; }
const drawn = (element) => {
  const style = getComputedStyle(element);
  const outline = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
    ? [style.outlineStyle, style.outlineWidth, style.outlineColor].join(' ') : '';
  return [outline, style.boxShadow, style.borderColor, style.borderWidth, style.backgroundColor, style.textDecoration].join('|');
};
const box = at.getBoundingClientRect();
const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
const [x, y] = [Math.min(Math.max(box.left + Math.min(box.width / 2, 20), 1), innerWidth - 1), Math.min(Math.max(box.top + box.height / 2, 1), innerHeight - 1)];
const over = document.elementFromPoint(x, y);
const uncovered = inside && over !== null && (at.contains(over) || over.contains(at) || over.htmlFor === at.id);
const focused = drawn(at);
at.blur();
const plain = drawn(at);
at.focus({ preventScroll: true, focusVisible: true });
const words = (at.getAttribute('aria-label') || at.innerText || at.value || at.name || '').trim().replace(/\s+/g, ' ').slice(0, 80);
return { what: `<${at.localName}> ${words}`, href: at.getAttribute('href') || '', id: at.id, visible: focused !== plain, uncovered };
"#;

impl Browser {
    /// Presses and releases a key.
    #[track_caller]
    pub fn press(&self, key: Key) {
        let sign = key.sign();
        let mut actions = vec![json!({ "type": "keyDown", "value": sign }), json!({ "type": "keyUp", "value": sign })];
        if key == Key::ShiftTab {
            actions.insert(0, json!({ "type": "keyDown", "value": "\u{e008}" }));
            actions.push(json!({ "type": "keyUp", "value": "\u{e008}" }));
        }
        self.act(&actions);
    }

    /// Presses a key that loads a page, and waits until that page is there.
    #[track_caller]
    pub fn press_on(&self, key: Key) {
        self.leads_to_a_page(&format!("{key:?}"), || self.press(key));
    }

    /// Types a text where the focus stands.
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        let strokes =
            text.chars().flat_map(|sign| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": sign })));
        self.act(&strokes.collect::<Vec<_>>());
    }

    #[track_caller]
    fn act(&self, actions: &[Value]) {
        let keyboard = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.tell("POST", "/actions", &keyboard);
    }

    /// Where the focus stands; none when it is nowhere.
    #[track_caller]
    pub fn focus(&self) -> Option<Stop> {
        let found = self.run(LOOK, &json!([]));
        let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
        found.is_object().then(|| Stop {
            what: text("what"),
            href: text("href"),
            id: text("id"),
            visible: found["visible"] == true,
            uncovered: found["uncovered"] == true,
        })
    }
}

//! How a page stands in a window, on a phone, on paper: what has to hold whatever the page shows.

use serde_json::{Value, json};
use tests::browser::{Browser, View};

fn texts(found: &Value) -> Vec<String> {
    found.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Elements that reach out of the window to the side, where the page can be scrolled there (WCAG 1.4.10).
const SIDEWAYS: &str = r#"
const root = document.scrollingElement;
if (root.scrollWidth <= innerWidth) { return []; }
const found = [];
for (const element of document.body.querySelectorAll('*')) {
  const box = element.getBoundingClientRect();
  if (box.width > 0 && box.right > innerWidth + 0.5 && ![...element.children].some((child) => child.getBoundingClientRect().right > innerWidth + 0.5)) {
    found.push(`scrolls sideways by ${root.scrollWidth - innerWidth} px: ${element.outerHTML.slice(0, 120)}`);
  }
}
return found.slice(0, 3).concat(found.length ? [] : [`scrolls sideways by ${root.scrollWidth - innerWidth} px`]);
"#;

/// What a page looks like to the side.
#[track_caller]
pub(super) fn sideways(browser: &Browser) -> Vec<String> {
    texts(&browser.run(SIDEWAYS, &json!([])))
}

/// Text with more room between its lines, words and letters, as readers may set it (WCAG 1.4.12); then what is cut off, or
/// reaches out of the box that it stands in.
const SPACING: &str = r#"
const sheet = new CSSStyleSheet();
sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }');
const before = document.adoptedStyleSheets;
document.adoptedStyleSheets = [...before, sheet];
const found = [];
for (const element of document.body.querySelectorAll('*')) {
  const says = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const style = getComputedStyle(element);
  const hidden = element.clientWidth <= 1 || element.clientHeight <= 1 || style.visibility === 'hidden';
  // A field for text scrolls within itself, as it should.
  if (!says || hidden || style.display.startsWith('inline') || element.localName === 'textarea') { continue; }
  const cuts = (overflow) => overflow === 'hidden' || overflow === 'clip';
  if ((cuts(style.overflowX) && element.scrollWidth > element.clientWidth + 1) || (cuts(style.overflowY) && element.scrollHeight > element.clientHeight + 1)) {
    found.push(`text spacing cuts text off: ${element.outerHTML.slice(0, 120)}`);
  } else if (element.scrollHeight > element.clientHeight + 4 || element.scrollWidth > element.clientWidth + 4) {
    found.push(`text spacing drives text out of its box: ${element.outerHTML.slice(0, 120)}`);
  }
}
const root = document.scrollingElement;
if (root.scrollWidth > innerWidth) {
  const out = [...document.body.querySelectorAll('*')].filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5).pop();
  found.push(`with text spacing it scrolls sideways by ${root.scrollWidth - innerWidth} px: ${out ? out.outerHTML.slice(0, 120) : ''}`);
}
document.adoptedStyleSheets = before;
return found.slice(0, 5);
"#;

/// What more room in the text does to the page.
#[track_caller]
pub(super) fn spacing(browser: &Browser) -> Vec<String> {
    texts(&browser.run(SPACING, &json!([])))
}

/// In the colours of the system backgrounds are gone: what can be pressed or filled has to have an edge, and links a line.
const FORCED: &str = r#"
const found = [];
const shown = (element) => { const box = element.getBoundingClientRect(); return box.width > 1 && box.height > 1 && getComputedStyle(element).visibility !== 'hidden'; };
const edges = (style) => ['Top', 'Right', 'Bottom', 'Left'].some((side) => parseFloat(style[`border${side}Width`]) > 0 && style[`border${side}Style`] !== 'none')
  || (parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== 'none');
for (const element of document.body.querySelectorAll('button, input:not([type=hidden]):not([type=checkbox]):not([type=radio]):not([type=file]), select, textarea')) {
  if (shown(element) && !edges(getComputedStyle(element))) { found.push(`has no edge in forced colours: ${element.outerHTML.slice(0, 120)}`); }
}
for (const element of document.body.querySelectorAll('p a[href], dd a[href], .text a[href]')) {
  const style = getComputedStyle(element);
  if (shown(element) && !style.textDecorationLine.includes('underline') && !edges(style)) { found.push(`is no link to see in forced colours: ${element.outerHTML.slice(0, 120)}`); }
}
return found.slice(0, 5);
"#;

/// On paper: what can only be pressed is left out, the rest is there and fits.
const PRINT: &str = r#"
const found = [];
const shown = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== 'hidden';
for (const element of document.body.querySelectorAll('button, input:not([type=hidden]), select, textarea')) {
  if (shown(element)) { found.push(`is printed though nobody can press it: ${element.outerHTML.slice(0, 120)}`); }
}
const title = document.querySelector('main h1');
if (!title || !shown(title)) { found.push('the heading is not printed'); }
return found.slice(0, 5);
"#;

/// All of it for the page that is shown, with the names of the views; the browser is left at a desk in daylight.
#[track_caller]
pub(super) fn faults(browser: &Browser, paper: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |view: View, faults: Vec<String>| {
        found.extend(faults.into_iter().map(|fault| format!("{view:?}: {fault}")));
    };
    // 320 px are also what 400 % zoom leaves of 1280.
    browser.look(View::Narrow);
    note(View::Narrow, sideways(browser));
    note(View::Narrow, spacing(browser));
    browser.look(View::Forced);
    note(View::Forced, texts(&browser.run(FORCED, &json!([]))));
    browser.look(View::Print);
    note(View::Print, sideways(browser));
    if paper {
        note(View::Print, texts(&browser.run(PRINT, &json!([]))));
    }
    browser.look(View::Light);
    note(View::Light, sideways(browser));
    note(View::Light, spacing(browser));
    found
}

//! Portals and visitors that mean harm to whoever looks at a page: what they write stays text, in its place.
//!
//! `fixtures/hostile-texts.json` and `hostile-links.json` hold what they write. A town delivers records in which every text is
//! replaced in turn (so that over all records each stands in each field), and others in which every address is; visitors
//! write the same into questions, places and paths. In the browser no script may run, the policy of the page must have had
//! nothing to refuse, and around the texts the page has to be built as with harmless ones.

use std::net::SocketAddr;
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tests::browser::{Browser, Scripts, View};
use tests::client::get;
use tests::delivery::{Field, Stock, publish, schluessel};
use tests::portal::FakePortal;
use tests::program::{Installation, Serving};
use tests::stage::harmless;

use super::{browser, none};
use crate::EXE;

const BOCHUM: &str = "059110000000";
/// The record that nobody touched.
const HARMLESS: usize = 900;
/// The first record with hostile addresses; those with hostile texts begin with 1.
const LINKS: usize = 500;

fn fixture(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A number for a field that stays the same.
fn number_of(field: &str) -> usize {
    field.bytes().fold(0, |sum: usize, byte| (sum * 31 + usize::from(byte)) % 100_003)
}

/// A town whose records are hostile, serving.
struct Town {
    serving: Serving,
    texts: Vec<String>,
    links: Vec<String>,
    _program: Installation,
    _server: FakePortal,
}

impl Town {
    fn start() -> Self {
        let (texts, links) = (fixture("hostile-texts.json"), fixture("hostile-links.json"));
        let program = Installation::new(EXE);
        let server = FakePortal::of_folder(&program.dir().join("www"));
        let url = server.url("/stadt-bochum/index.txt");
        program.register("stadt-bochum", BOCHUM, &url, "every_s = 86400\n");
        let stock = Stock::new("BO", BOCHUM);
        let mut entries = stock.full(HARMLESS, &harmless);
        for at in 0..texts.len() {
            entries.extend(stock.full(1 + at, &|field, kind| match kind {
                Field::Link => harmless(field, kind),
                // The field stands behind it, so that no two are alike.
                _ => format!("{} {}", texts[(number_of(field) + at) % texts.len()], field.replace('.', " ")),
            }));
        }
        for at in 0..links.len() {
            entries.extend(stock.full(LINKS + at, &|field, kind| match kind {
                Field::Link => links[(number_of(field) + at) % links.len()].clone(),
                Field::Html => format!("<p>Text <a href=\"{}\">dazu</a></p>", links[at].replace('"', "&quot;")),
                // What is dialled and written to is made into addresses as well.
                Field::Name if field.contains("kanal") => links[(number_of(field) + at) % links.len()].clone(),
                Field::Name => harmless(field, kind),
            }));
        }
        publish(&program.dir().join("www/stadt-bochum"), &entries, 4);
        let report = program.import("stadt-bochum", &[]).expect(1).json();
        assert!(
            report["findings"].as_array().is_some_and(|findings| !findings.is_empty()),
            "nothing was found: {report}"
        );
        let serving = program.serve().ready();
        Self { serving, texts, links, _program: program, _server: server }
    }

    fn address(&self) -> SocketAddr {
        self.serving.public
    }
}

/// How the page is built outside of the texts: landmarks and blocks in their order, with their classes.
const BUILT: &str = r#"
const inline = new Set(['a', 'span', 'strong', 'b', 'em', 'i', 'mark', 'br', 'small', 'bdi', 'wbr', 'sup', 'sub']);
const built = (element, depth) => {
  if (inline.has(element.localName) || element.localName === 'script') { return []; }
  const own = `${depth}${element.localName}.${element.className}`;
  if (element.classList.contains('text')) { return [own]; }
  return [own, ...[...element.children].flatMap((child) => built(child, depth + 1))];
};
return [...built(document.head, 0).map((line) => line), ...built(document.body, 0)];
"#;

/// What must not be in any page, whoever wrote what is on it.
const HARM: &str = r#"
const found = [];
if (typeof window.__x !== 'undefined') { found.push('a script ran'); }
const ours = (url) => { try { return new URL(url, location.href).origin === location.origin; } catch { return false; } };
for (const element of document.querySelectorAll('*')) {
  const say = (what) => found.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
  if (['iframe', 'object', 'embed', 'base', 'svg', 'math', 'template', 'frame', 'applet', 'plaintext', 'xmp', 'style', 'audio', 'video', 'noscript'].includes(element.localName)) { say('no element of ours'); }
  if (element.localName === 'img' && !ours(element.src)) { say('a foreign picture'); }
  if (element.localName === 'script' && element.type !== 'application/ld+json' && !(element.src && ours(element.src))) { say('a script that is not ours'); }
  if (element.localName === 'link' && element.rel === 'stylesheet' && !ours(element.href)) { say('a style sheet that is not ours'); }
  if (element.localName === 'meta' && element.httpEquiv) { say('a header in the page'); }
  if (element.localName === 'form' && !ours(element.action)) { say('a form to elsewhere'); }
  for (const attribute of element.attributes) {
    if (attribute.name.startsWith('on') || attribute.name === 'style' || attribute.name === 'srcdoc' || attribute.name === 'autofocus') { say(`the attribute ${attribute.name}`); }
    if (['href', 'src', 'action', 'formaction'].includes(attribute.name)) {
      let scheme = 'none';
      try { scheme = new URL(attribute.value, location.href).protocol; } catch { say('an address that is none'); }
      if (!['http:', 'https:', 'mailto:', 'tel:', 'none'].includes(scheme)) { say(`the scheme ${scheme}`); }
    }
  }
}
const ends = document.body.lastElementChild;
const footer = document.querySelector('body > footer');
if (!footer || (ends !== footer && ends.localName !== 'script' && ends.localName !== 'dialog')) { found.push('the footer is not the end of the page'); }
if (document.querySelectorAll('main').length !== 1 || document.querySelector('main').contains(footer)) { found.push('`main` is not where it belongs'); }
if (document.querySelectorAll('h1').length !== 1) { found.push('there is not one heading of the page'); }
if (/[\u202a-\u202e\u2066-\u2069]/.test(document.body.innerText + document.title)) { found.push('signs that turn the direction of the text'); }
for (const script of document.querySelectorAll('script[type="application/ld+json"]')) {
  try { JSON.parse(script.textContent); } catch (error) { found.push(`structured data that cannot be read: ${error}`); }
}
if (document.scrollingElement.scrollWidth > innerWidth) { found.push(`scrolls sideways by ${document.scrollingElement.scrollWidth - innerWidth} px`); }
return found;
"#;

struct Look<'a> {
    browser: &'a Browser,
    faults: Vec<String>,
    pages: usize,
}

impl Look<'_> {
    /// Opens a page and says what is wrong with it; gives how it is built.
    #[track_caller]
    fn at(&mut self, address: SocketAddr, target: &str, what: &str) -> Vec<String> {
        const STYLED: &str =
            "return [...document.querySelectorAll('link[rel=stylesheet]')].every((link) => link.sheet);";
        self.browser.open(&format!("http://{address}{target}"));
        // On a machine that is busy elsewhere a style sheet may not come in time; without it any text is too wide.
        if self.browser.run(STYLED, &json!([])) != json!(true) {
            self.browser.open(&format!("http://{address}{target}"));
        }
        self.pages += 1;
        let strings = |value: Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let mut found = strings(self.browser.run(HARM, &json!([])));
        let seen = self.browser.seen();
        found.extend(seen.dialogs.iter().map(|dialog| format!("a dialog: {dialog}")));
        let own = address.port();
        let foreign = seen.asked.iter().filter(|asked| asked.port() != Some(own));
        found.extend(foreign.map(|asked| format!("asks elsewhere: {asked}")));
        // A page that says that there is nothing here is noted as not loaded; a refusal of the policy is another line.
        let complaints = seen.console.iter().filter(|line| !line.contains("Failed to load resource"));
        found.extend(complaints.map(|line| format!("console: {line}")));
        self.faults.extend(found.into_iter().map(|fault| format!("{what}: {fault}")));
        strings(self.browser.run(BUILT, &json!([])))
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[test]
fn what_hostile_portals_write_stays_text_in_its_place() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let town = Town::start();
    browser.look(View::Light);
    let mut look = Look { browser: &browser, faults: Vec::new(), pages: 0 };
    let pages = |number: usize| {
        let key = schluessel(number);
        [
            format!("/leistung/{key}/x/{BOCHUM}"),
            format!("/bevor/{key}/{BOCHUM}"),
            format!("/zu/{key}/{BOCHUM}"),
            format!("/kurz?leistung={key}&ort=Bochum"),
        ]
    };
    let expected = pages(HARMLESS).map(|target| look.at(town.address(), &target, "harmless"));
    assert!(expected.iter().all(|built| built.len() > 20), "{expected:?}");
    for at in 0..town.texts.len() {
        for (target, expected) in pages(1 + at).iter().zip(&expected) {
            let built = look.at(town.address(), target, &format!("{target} ({:.60})", town.texts[at]));
            // A text of which nothing is left leaves its block out; nothing may come in, and nothing change its place.
            let mut rest = expected.iter();
            if let Some(new) = built.iter().find(|line| !rest.any(|known| known == *line)) {
                look.faults.push(format!("{target}: there is a new part, or one in another place: `{new}`"));
            }
            if built.len() < expected.len() / 2 {
                look.faults.push(format!("{target}: only {} of {} parts are there", built.len(), expected.len()));
            }
        }
    }
    for at in 0..town.links.len() {
        for target in pages(LINKS + at) {
            look.at(town.address(), &target, &format!("{target} ({:.60})", town.links[at]));
        }
    }
    for page in 1..=4 {
        look.at(town.address(), &format!("/suche?q=Wort&ort=Bochum&seite={page}"), "results");
        look.at(town.address(), &format!("/suche?q=Apfelbaum&ort=Bochum&seite={page}"), "results");
    }
    for target in ["/bericht/059110000000", "/ort/059110000000/bochum", "/en/ort/059110000000/bochum"] {
        look.at(town.address(), target, target);
    }
    for number in [1, 3, 12, 24, LINKS, LINKS + 4] {
        let target = format!("/rueckmeldung?leistung={}&ars={BOCHUM}", schluessel(number));
        look.at(town.address(), &target, &target);
    }
    eprintln!("{} pages with hostile records", look.pages);
    none("hostile records", &look.faults);
}

/// What a page of somebody else takes of us, put into a page that no policy guards.
const LENT: &str = r#"
const done = arguments[arguments.length - 1];
window.__x = undefined;
document.body.innerHTML = arguments[0];
const found = [...document.body.querySelectorAll('*')].flatMap((element) => [
  ...(['script', 'style', 'iframe', 'img', 'svg', 'math', 'object', 'embed', 'base', 'link', 'meta', 'template'].includes(element.localName) ? [`an element: ${element.outerHTML.slice(0, 120)}`] : []),
  ...[...element.attributes].filter((attribute) => attribute.name.startsWith('on') || attribute.name === 'style'
    || (['href', 'action'].includes(attribute.name) && !/^https?:/.test(attribute.value))).map((attribute) => `${attribute.name}="${attribute.value.slice(0, 80)}"`)]);
setTimeout(() => done({ hits: document.body.querySelectorAll('li').length, found: window.__x === undefined ? found : [...found, 'a script ran'] }), 50);
"#;

#[test]
fn what_hostile_portals_write_harms_no_page_that_shows_our_hits() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let town = Town::start();
    browser.open("data:text/html,<title>Stadt</title><body>x");
    let (mut faults, mut hits) = (Vec::new(), 0);
    let questions = ["Wort", "Apfelbaum", "leistung 03", "Text"].map(str::to_owned).into_iter();
    for question in questions.chain(town.texts.iter().map(|text| text.chars().take(400).collect())) {
        let target = format!("/einbinden/treffer?ort={BOCHUM}&q={}", encoded(&question));
        let lent = get(town.address(), &target);
        assert_eq!(lent.status, 200, "{target}: {}", lent.body);
        let found = browser.run_async(LENT, &json!([lent.body]));
        hits += found["hits"].as_u64().unwrap_or(0);
        let harm = found["found"].as_array().cloned().unwrap_or_default();
        faults.extend(harm.iter().map(|harm| format!("{target:.80}: {harm}")));
    }
    let seen = browser.seen();
    assert!(seen.dialogs.is_empty(), "{seen:?}");
    assert!(hits > 10, "only {hits} hits were lent");
    none("lent hits", &faults);
}

#[test]
fn what_hostile_visitors_write_stays_text_in_its_place() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let town = Town::start();
    browser.look(View::Light);
    let mut look = Look { browser: &browser, faults: Vec::new(), pages: 0 };
    let texts = town.texts.iter().chain(&town.links).map(|text| text.chars().take(400).collect::<String>());
    for text in texts {
        let said = encoded(&text);
        let key = schluessel(HARMLESS);
        for target in [
            format!("/suche?q={said}&ort={said}"),
            format!("/suche?q=Apfelbaum&ort={said}"),
            format!("/ort?leistung={key}&ort={said}"),
            format!("/leistung/{said}/{said}"),
            format!("/{said}/x"),
            format!("/leistung/{key}/x/{BOCHUM}?frage={said}&rang=1"),
        ] {
            look.at(town.address(), &target, &format!("{target:.60}"));
        }
    }
    eprintln!("{} pages with hostile addresses", look.pages);
    none("hostile visitors", &look.faults);
}

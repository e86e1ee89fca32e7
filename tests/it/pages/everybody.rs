//! That everybody can use the pages: each of the inventory in each language, in a browser.
//!
//! axe-core looks at it in daylight, in the dark and on a phone; the layout is held against what readers may do to it
//! (`layout`); and the page asks nobody but us, keeps nothing, and leaves the console empty.

use std::time::{Duration, Instant};

use tests::browser::{Browser, Scripts, View};
use tests::checkers::Axe;
use tests::demo::DATA;
use tests::pages::{CITIZENS, EDITORS, GERMAN, LANGUAGES, Language, Page, SIGN_IN, Stage};
use tests::stage::{Stages, with_prefix};

use super::{browser, none};
use crate::EXE;

/// A walk through pages, and what was found on it.
struct Walk {
    browser: Browser,
    stages: Stages,
    axe: Option<Axe>,
    /// Cookies are allowed, because somebody is signed in.
    signed_in: bool,
    faults: Vec<String>,
    pages: usize,
    looks: usize,
    /// What opening took, axe-core, and the layout.
    times: [Duration; 3],
    _place: tests::program::Installation,
}

impl Walk {
    fn new() -> Option<Self> {
        let (browser, place) = browser(Scripts::On)?;
        let axe = Axe::found();
        match &axe {
            Some(axe) => axe.accompany(&browser),
            None => eprintln!("LEFT OUT: axe-core; it needs `make pages`"),
        }
        let stages = Stages::new(EXE);
        Some(Self {
            browser,
            stages,
            axe,
            signed_in: false,
            faults: Vec::new(),
            pages: 0,
            looks: 0,
            times: [Duration::ZERO; 3],
            _place: place,
        })
    }

    fn go(&mut self, page: &Page, prefix: &str) {
        let port = self.stages.address(page.stage).port();
        // The full Verbund calls itself `localhost`, without its port, so that it is asked for by its address.
        let origin = match page.stage {
            Stage::Demo => format!("http://localhost:{port}"),
            Stage::Full | Stage::Broken => format!("http://127.0.0.1:{port}"),
        };
        let target = with_prefix(prefix, page.target);
        match page.form {
            None => self.browser.open(&format!("{origin}{target}")),
            Some(fields) => {
                self.browser.open(&format!("{origin}{}", with_prefix(prefix, "/profil")));
                self.browser.seen();
                self.browser.send_form(&target, fields);
            }
        }
    }

    fn page(&mut self, page: &Page, language: Language) {
        let name = format!("{} ({})", page.name, language.lang);
        let opened = Instant::now();
        self.browser.look(View::Light);
        self.go(page, language.prefix);
        self.pages += 1;
        self.quiet(page, &name);
        let checked = Instant::now();
        let mut found = Vec::new();
        if self.axe.is_some() {
            let light = self.shape();
            let mut note = |view: View, faults: Vec<String>| {
                found.extend(faults.into_iter().map(|fault| format!("{view:?}: {fault}")));
            };
            note(View::Light, Axe::violations(&self.browser));
            // In the dark the same things stand at the same places, so that only their colours are another question.
            self.browser.look(View::Dark);
            let same = self.shape() == light;
            note(View::Dark, if same { Axe::violations_of_colour } else { Axe::violations_again }(&self.browser));
            self.browser.look(View::Narrow);
            note(View::Narrow, Axe::violations_again(&self.browser));
            self.looks += 3;
        }
        let laid_out = Instant::now();
        // Pages of editors are worked with, not printed.
        found.extend(super::layout::faults(&self.browser, !page.route.starts_with("/anbindung")));
        self.faults.extend(found.into_iter().map(|fault| format!("{name}, {fault}")));
        let spans = [checked - opened, laid_out - checked, laid_out.elapsed()];
        self.times.iter_mut().zip(spans).for_each(|(sum, span)| *sum += span);
    }

    /// Where everything on the page stands, as a number.
    fn shape(&self) -> serde_json::Value {
        const SHAPE: &str = "let sum = 0; for (const element of document.querySelectorAll('*')) { const box = element.getBoundingClientRect();\
            for (const part of [box.x, box.y, box.width, box.height]) { sum = (sum * 31 + Math.round(part)) % 1000000007; } } return sum;";
        self.browser.run(SHAPE, &serde_json::json!([]))
    }

    /// The page asked nobody else, keeps nothing, and nothing complained.
    fn quiet(&mut self, page: &Page, name: &str) {
        let seen = self.browser.seen();
        let own = self.browser.url();
        let mut fault = |text: String| self.faults.push(format!("{name}, {text}"));
        if seen.asked.is_empty() {
            fault("the requests of the page were not seen".to_owned());
        }
        for asked in seen.asked.iter().filter(|asked| asked.host() != own.host() || asked.port() != own.port()) {
            fault(format!("asks another host: {asked}"));
        }
        for line in &seen.console {
            // That the page itself is a fault, the browser says as well.
            let own_status =
                page.status >= 400 && line.contains("Failed to load resource") && line.contains(own.path());
            if !own_status {
                fault(format!("console: {line}"));
            }
        }
        for dialog in &seen.dialogs {
            fault(format!("a dialog: {dialog}"));
        }
        if !self.signed_in {
            for cookie in self.browser.cookies() {
                fault(format!("a cookie: {cookie}"));
            }
        }
        const KEPT: &str = "return [location.protocol.startsWith('http') ? localStorage.length + sessionStorage.length : 0, document.querySelectorAll('main').length, document.querySelectorAll('h1').length, document.title.length, document.documentElement.lang]";
        let kept = self.browser.run(KEPT, &serde_json::json!([]));
        if kept[0] != 0 || kept[1] != 1 || kept[2] != 1 || kept[3] == 0 {
            fault(format!("kept in the browser, `main`, `h1` or title are not as they should be: {kept}"));
        }
    }

    fn end(self, what: &str, began: Instant) {
        let seconds = began.elapsed().as_secs_f64();
        let [opened, checked, laid_out] = self.times.map(|time| time.as_secs_f64());
        eprintln!(
            "{what}: {} pages, {} looks of axe-core, {seconds:.1} s (opening {opened:.1}, axe-core {checked:.1}, layout {laid_out:.1})",
            self.pages, self.looks
        );
        assert!(self.pages > 0);
        none(what, &self.faults);
    }
}

fn citizens(language: Language) {
    let began = Instant::now();
    let Some(mut walk) = Walk::new() else { return };
    for page in CITIZENS {
        walk.page(page, language);
    }
    walk.end(&format!("pages for citizens ({})", language.lang), began);
}

#[test]
fn everybody_can_use_the_german_pages() {
    citizens(LANGUAGES[0]);
}

#[test]
fn everybody_can_use_the_english_pages() {
    citizens(LANGUAGES[1]);
}

#[test]
fn everybody_can_use_the_pages_in_easy_language() {
    citizens(LANGUAGES[2]);
}

#[test]
fn everybody_can_use_the_pages_of_editors_and_faults() {
    let began = Instant::now();
    let Some(mut walk) = Walk::new() else { return };
    for page in GERMAN.iter().chain(SIGN_IN) {
        walk.page(page, LANGUAGES[0]);
    }
    let demo = walk.stages.demo();
    demo.program.write(
        "config/portalverbund.toml",
        &format!(
            "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"{}\"\n\
             [store]\nurl = \"sqlite://{DATA}/portalverbund.db\"\n[index]\ndir = \"{DATA}/index\"\n",
            demo.origin()
        ),
    );
    let made = demo.program.run(&["account", "add", "betrieb", "--role", "operator"]).expect(0).stdout;
    demo.program.write(
        "neustadt.toml",
        "id = \"neustadt\"\nname = \"Stadt Neustadt\"\ngebiet = \"059160000000\"\nconnector = { kind = \"push\" }\n",
    );
    demo.program.run(&["portals", "apply", "neustadt.toml"]).expect(0);
    let origin = demo.origin();
    walk.browser.look(View::Light);
    walk.browser.open(&format!("{origin}/anbindung/anmelden"));
    walk.browser.fill("#name", "betrieb");
    walk.browser.fill("#kennwort", made.trim());
    walk.browser.click("main button[type=submit]");
    assert_eq!(walk.browser.path(), "/anbindung");
    walk.browser.seen();
    walk.signed_in = true;
    for page in EDITORS {
        walk.page(page, LANGUAGES[0]);
    }
    walk.end("pages in German alone", began);
}

//! Pictures of the main pages for people to look at, in `target/pages/*.png`: at a desk, in the dark and on a phone.

use std::path::{Path, PathBuf};

use tests::browser::{Scripts, View};
use tests::demo::Demo;

use super::browser;
use crate::EXE;

/// The main pages.
const PAGES: &[(&str, &str)] = &[
    ("start", "/"),
    ("ergebnisse", "/suche?q=hund+anmelden+bochum"),
    ("auswahl", "/suche?q=anmelden&ort=Bochum"),
    ("nichts", "/suche?q=xyzzyqwert&ort=Ahaus"),
    ("leistung", "/leistung/99110009104000/hund-anmelden/059110000000"),
    ("leistung-ohne-ort", "/leistung/99110009104000/hund-anmelden"),
    ("bevor", "/bevor/99110009104000/059110000000"),
    ("ort", "/ort/059110000000/bochum"),
    ("lebenslage", "/lebenslage/wohnen-umzug/059110000000"),
    ("leicht", "/leicht"),
    ("mehrere", "/zu/99059001104000/059580004004"),
];

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target/pages");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_main_pages_have_their_pictures_taken() {
    let Some((browser, _place)) = browser(Scripts::On) else { return };
    let demo = Demo::start(EXE);
    let folder = folder();
    for (view, kind) in [(View::Light, "desk"), (View::Dark, "dark"), (View::Narrow, "phone")] {
        browser.look(view);
        for (name, path) in PAGES {
            browser.open(&format!("{}{path}", demo.origin()));
            let file = folder.join(format!("{name}-{kind}.png"));
            browser.picture(&file);
            assert!(std::fs::metadata(&file).unwrap().len() > 5_000, "{} shows nothing", file.display());
        }
    }
}

//! The pages, in a real browser and under checkers that others wrote: that everybody can use them, that their HTML is
//! right, that nothing hostile gets out of its place, and that the way to the form is short.
//!
//! They need Chromium with its driver, and what `make pages` fetches (axe-core, the Nu HTML checker, which needs Java). What
//! is not there is said, and what needs it left out.

mod combobox;
mod everybody;
mod hostile;
mod inventory;
mod layout;
mod markup;
mod path;
mod pictures;
mod suggestions;

use tests::browser::{Browser, Scripts};
use tests::program::Installation;

use crate::EXE;

/// A browser of a test, with its profile in a folder of its own; none where there is none, which is said.
fn browser(scripts: Scripts) -> Option<(Browser, Installation)> {
    let place = Installation::new(EXE);
    let browser = Browser::start_with(&place.dir().join("profile"), scripts);
    if browser.is_none() {
        eprintln!("LEFT OUT: pages in a browser, because Chromium or its driver is missing (Debian: chromium-driver)");
    }
    browser.map(|browser| (browser, place))
}

/// Fails with all faults at once, so that one run shows them all.
#[track_caller]
fn none(what: &str, faults: &[String]) {
    const SHOWN: usize = 60;
    let shown = faults.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n  ");
    assert!(faults.is_empty(), "{what}: {} faults\n  {shown}", faults.len());
}

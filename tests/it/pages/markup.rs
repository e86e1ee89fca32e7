//! HTML as the standard has it: every page of the inventory under the Nu HTML checker.

use std::collections::BTreeMap;
use std::fs;

use tests::checkers::Nu;
use tests::pages::{CITIZENS, GERMAN, LANGUAGES, SIGN_IN};
use tests::program::Installation;
use tests::stage::Stages;

use crate::EXE;

/// What the checker calls an error and we do not, by a part of its message, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn every_page_is_html_as_the_standard_has_it() {
    let Some(nu) = Nu::found() else {
        eprintln!("LEFT OUT: the Nu HTML checker; it needs Java and `make pages`");
        return;
    };
    let folder = Installation::new(EXE);
    let mut stages = Stages::new(EXE);
    let (mut names, mut faults) = (BTreeMap::new(), Vec::new());
    let german = [GERMAN, SIGN_IN].concat();
    let pages = LANGUAGES.iter().flat_map(|language| CITIZENS.iter().map(move |page| (page, language)));
    for (at, (page, language)) in pages.chain(german.iter().map(|page| (page, &LANGUAGES[0]))).enumerate() {
        let answer = stages.fetch(page, language.prefix);
        if answer.status != page.status {
            faults.push(format!(
                "{} ({}): status {} instead of {}",
                page.name, language.lang, answer.status, page.status
            ));
        }
        if !answer.body.contains(&format!("<html lang=\"{}\"", language.lang)) {
            faults.push(format!("{} ({}): `lang` is another", page.name, language.lang));
        }
        let file = format!("{at:03}.html");
        fs::create_dir_all(folder.dir().join("pages")).unwrap();
        fs::write(folder.dir().join("pages").join(&file), &answer.body).unwrap();
        names.insert(file, format!("{} ({})", page.name, language.lang));
    }
    let mut warnings = BTreeMap::<String, usize>::new();
    for remark in nu.remarks(&folder.dir().join("pages")) {
        let page = names.get(&remark.file).map_or(remark.file.as_str(), String::as_str);
        if !remark.is_error {
            *warnings.entry(remark.text.split(" (line").next().unwrap_or_default().to_owned()).or_default() += 1;
        } else if !EXCEPTIONS.iter().any(|(part, _)| remark.text.contains(part)) {
            faults.push(format!("{page}: {}", remark.text));
        }
    }
    eprintln!("{} pages under the Nu HTML checker: {} errors, warnings: {warnings:?}", names.len(), faults.len());
    super::none("HTML", &faults);
}

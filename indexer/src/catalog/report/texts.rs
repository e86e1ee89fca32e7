//! What can be wrong in the texts of one portal: what is missing, old, doubled, or in another language.

use std::collections::{BTreeMap, HashMap};

use connectors::finding::Rule;
use connectors::ids::PortalId;
use connectors::konten::ended;
use jiff::Timestamp;

use super::{Gap, title};
use crate::index::german::Stems;
use crate::record::{Lang, Leistung, ModulArt, Object};
use crate::store::{Store, StoreError, Stored};

/// From this age on a text should be looked at by its editors.
const OLD_DAYS: i64 = 730;
/// The smallest number of little words by which the language of a text is told.
const LITTLE_WORDS: usize = 8;
/// Little words that one language uses in every sentence and the other hardly ever.
const GERMAN: &[&str] = &[
    "der", "die", "das", "und", "ist", "sie", "nicht", "ein", "eine", "mit", "für", "auf", "von", "zu", "den", "dem",
    "des", "oder", "wird", "werden", "bei", "im", "sich", "auch", "wenn",
];
const ENGLISH: &[&str] = &[
    "the", "and", "is", "you", "not", "of", "to", "for", "with", "your", "or", "are", "be", "this", "that", "if",
    "must", "can", "from", "will", "on", "at",
];

/// What is missing, old or in another language in one text.
pub(super) fn gaps(leistung: &Leistung, changed: Option<Timestamp>, now: Timestamp) -> Vec<Gap> {
    let mut gaps = Vec::new();
    gaps.extend(ended(texts(leistung, None), now).map(|konto| Gap::DeadAccount(konto.name)));
    let has = |art: &ModulArt| leistung.modules.iter().any(|modul| modul.art == *art);
    let text = |code: &str| has(&ModulArt::Text(code.to_owned()));
    for (there, gap) in [
        (text("05") || text("24"), Gap::NoShortText),
        (has(&ModulArt::Kosten), Gap::NoCosts),
        (text("08") || has(&ModulArt::Dokumente), Gap::NoPapers),
    ] {
        if !there {
            gaps.push(gap);
        }
    }
    if !leistung.title.is_empty() && !leistung.title.contains_key(&Lang::DE) {
        gaps.push(Gap::NoGerman);
    } else if is_english(texts(leistung, Some(Lang::DE))) {
        gaps.push(Gap::WrongLanguage(Lang::EN));
    }
    gaps.extend(match changed {
        None => Some(Gap::Undated),
        Some(changed) => {
            let days = (now.as_second() - changed.as_second()) / 86_400;
            (days > OLD_DAYS).then_some(Gap::Old(days))
        }
    });
    gaps
}

/// The texts of all modules, of one language or of all.
fn texts(leistung: &Leistung, lang: Option<Lang>) -> impl Iterator<Item = &str> {
    let all = leistung.modules.iter().flat_map(|modul| &modul.text);
    all.filter(move |(of, _)| lang.is_none_or(|lang| lang == **of)).map(|(_, text)| text.as_str())
}

/// True for a text whose little words are English ones: three times as many as German ones, and some at all.
fn is_english<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let (mut german, mut english) = (0, 0);
    for text in texts {
        let mut within = false;
        // Tags hold no little words, but their attributes do.
        let plain = text.split(|c: char| {
            within = if c == '<' { true } else { c != '>' && within };
            within || !c.is_alphabetic()
        });
        for word in plain.filter(|word| !word.is_empty()) {
            let word = word.to_lowercase();
            german += usize::from(GERMAN.contains(&word.as_str()));
            english += usize::from(ENGLISH.contains(&word.as_str()));
        }
    }
    english >= LITTLE_WORDS && english >= 3 * german
}

/// What is wrong with texts of some portals as seen beside their others, and as their delivery was read.
pub(super) struct Faults {
    html: HashMap<String, String>,
    near: HashMap<String, String>,
}

impl Faults {
    pub(super) async fn of(store: &Store, portals: &[PortalId], stored: &[Stored]) -> Result<Self, StoreError> {
        let mut html = HashMap::new();
        for portal in portals {
            for finding in store.findings(portal).await?.into_iter().filter(|one| one.rule == Rule::HtmlCleaned) {
                let object = finding.object.as_deref().and_then(|object| object.split_once(' '));
                let id = object.filter(|(kind, _)| kind.eq_ignore_ascii_case("leistung")).map(|(_, id)| id);
                if let (Some(id), Some(value)) = (id, finding.value) {
                    html.entry(id.to_owned()).or_insert(value);
                }
            }
        }
        Ok(Self { html, near: near(stored) })
    }

    /// What is wrong with this text.
    pub(super) fn gaps(&self, stored: &Stored) -> Vec<Gap> {
        let id = stored.id.to_string();
        let html = self.html.get(&id).cloned().map(Gap::Html);
        html.into_iter().chain(self.near.get(&id).cloned().map(Gap::NearlyTwice)).collect()
    }
}

/// For the id of each Leistung, the name of another one that is called nearly the same: by the same words, whatever their
/// order, endings and signs. Letters are not counted: an Abmeldung is no Anmeldung. Both must be valid in one area; the
/// same name twice is another gap.
fn near(stored: &[Stored]) -> HashMap<String, String> {
    let mut stems = Stems::german();
    let mut groups: BTreeMap<Vec<String>, Vec<(&Stored, &Leistung, &str)>> = BTreeMap::new();
    for one in stored {
        let (Object::Leistung(leistung), Some(name)) = (&one.object, title(one)) else { continue };
        let words = name.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        let words = words.filter(|word| !word.is_empty() && !GERMAN.contains(&word.as_str()));
        let mut words: Vec<String> = words.map(|word| stems.of(&word)).collect();
        words.sort();
        groups.entry(words).or_default().push((one, leistung, name));
    }
    let mut found = HashMap::new();
    for group in groups.values() {
        for (one, first, name) in group {
            let near = group.iter().find(|(_, second, other)| other != name && overlap(first, second));
            if let Some((_, _, other)) = near {
                found.insert(one.id.to_string(), (*other).to_owned());
            }
        }
    }
    found
}

/// True when two texts are valid in one area; one without areas is valid wherever its portal may speak.
fn overlap(one: &Leistung, other: &Leistung) -> bool {
    let covers = |a: &connectors::gebiet::Ars, b: &connectors::gebiet::Ars| a.covers(b) || b.covers(a);
    one.gebiete.is_empty()
        || other.gebiete.is_empty()
        || one.gebiete.iter().any(|a| other.gebiete.iter().any(|b| covers(a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_a_text_is_told_by_its_little_words() {
        let english = "<p>You must register the dog with the office. If you are new, this is for you and your dog.</p>";
        let german =
            "<p>Sie müssen den Hund anmelden. Das gilt auch, wenn Sie neu sind. <a href=\"/the/of/to/for\">x</a></p>";
        assert!(is_english([english].into_iter()));
        assert!(!is_english([german].into_iter()));
        assert!(!is_english([english, german, german].into_iter()));
        assert!(!is_english(["the dog and the cat"].into_iter()), "too little to tell");
    }
}

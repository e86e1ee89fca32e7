//! Which page is the right one: whether search engines may list a page, which address they should list instead, and what
//! the same page is called in another language.
//!
//! One landing page per Leistung is listed. The page at a place is listed where the place has something of its own to say
//! and no better page of its own; else it would be the same text hundreds of times. Reasons: docs/decisions/0024.

use indexer::catalog::LeistungView;
use indexer::catalog::listing::Standing;
use indexer::record::{Lang, Texts, in_lang};
use url::Url;

use super::address;
use super::sprache::Sprache;

/// Longest description of a page, in characters; search engines show about as many.
const DESCRIPTION_MAX: usize = 155;

/// How a page stands among all pages. Addresses are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// The address to list; this page's own where it may be listed.
    pub canonical: String,
    /// The page may be listed itself.
    pub listed: bool,
    /// The same page in other languages and in this one, as `hreflang` and address; empty where there is no other.
    pub alternates: Vec<(&'static str, String)>,
}

impl Right {
    /// The same for a page in whose stead this one is listed.
    pub fn of_another(self) -> Self {
        Self { listed: false, alternates: Vec::new(), ..self }
    }
}

/// The page of a Leistung, in general or at a place.
pub fn leistung(view: &LeistungView, standing: &Standing, sprache: Sprache, base: &Url) -> Right {
    let outside = |path: String| base.join(&path).map_or(path, String::from);
    let landing = |sprache: Sprache| outside(sprache.path(&landing_path(view, standing, sprache)));
    let here = |sprache: Sprache| match standing.place {
        None => landing(sprache),
        Some(place) => {
            let name = named(&view.title, sprache, &view.short.name);
            outside(sprache.path(&address::leistung_by(&view.short.address_key(), &name, Some(&place))))
        }
    };
    // What nobody wrote in English is the German text in an English frame, and nobody writes in Leichte Sprache.
    let in_english = |names: &Texts| names.contains_key(&Lang::EN);
    let spoken = |names: &Texts| match sprache {
        Sprache::Englisch if in_english(names) => Sprache::Englisch,
        _ => Sprache::Deutsch,
    };
    if standing.place.is_some() {
        if !standing.own {
            return elsewhere(landing(spoken(&standing.landing_names)));
        }
        if let Some(better) = &standing.better {
            return elsewhere(better.to_string());
        }
    }
    let names = if standing.place.is_some() { &view.title } else { &standing.landing_names };
    let canonical = here(spoken(names));
    let listed = spoken(names) == sprache;
    let alternates =
        if listed && in_english(names) { both(here(Sprache::Deutsch), here(Sprache::Englisch)) } else { Vec::new() };
    Right { canonical, listed, alternates }
}

/// The path of the page without a place, without its language.
pub fn landing_path(view: &LeistungView, standing: &Standing, sprache: Sprache) -> String {
    let name = named(&standing.landing_names, sprache, &view.short.name);
    address::leistung_by(&standing.landing_key, &name, None)
}

/// The page of a place: what it lists is by portals, so there is none of it in Leichte Sprache. `path` is without its
/// language.
pub fn ort(path: &str, sprache: Sprache, base: &Url) -> Right {
    match sprache {
        Sprache::Leicht => elsewhere(own(path, Sprache::Deutsch, base).canonical),
        Sprache::Deutsch | Sprache::Englisch => own(path, sprache, base),
    }
}

/// A page of ours alone, which is there in every language.
pub fn own(path: &str, sprache: Sprache, base: &Url) -> Right {
    let at = |sprache: Sprache| {
        let path = sprache.path(path);
        base.join(&path).map_or(path, String::from)
    };
    // `hreflang` knows no Leichte Sprache: it is a page of its own, which is listed by itself.
    let alternates =
        if sprache == Sprache::Leicht { Vec::new() } else { both(at(Sprache::Deutsch), at(Sprache::Englisch)) };
    Right { canonical: at(sprache), listed: true, alternates }
}

pub(super) fn both(german: String, english: String) -> Vec<(&'static str, String)> {
    vec![("de", german.clone()), ("en", english), ("x-default", german)]
}

fn elsewhere(canonical: String) -> Right {
    Right { canonical, listed: false, alternates: Vec::new() }
}

/// The name in a language, else as it is on the page.
fn named(names: &Texts, sprache: Sprache, else_: &str) -> String {
    in_lang(names, sprache.of_records()).map_or_else(|| else_.to_owned(), |(_, name)| name.clone())
}

/// What a search engine shows below the title of a Leistung: at a place the office first, then what it is.
pub fn description(view: &LeistungView, sprache: Sprache) -> Option<String> {
    let responsible = view.responsible.as_ref();
    let place = responsible.and_then(|one| one.place.as_ref()).map(|place| place.name.as_str());
    if view.short.kurztext.trim().is_empty() {
        return shortened(&(sprache.texts().leistung.description)(&view.short.name, place));
    }
    let at = place.map(|place| match responsible.map(|one| one.answers.as_slice()) {
        Some([one]) => format!("{place}: {}. ", one.organisationseinheit.name),
        _ => format!("{place}: "),
    });
    shortened(&format!("{}{}", at.unwrap_or_default(), view.short.kurztext))
}

/// At most 155 characters of a text, whole words, on one line; none where it has none.
pub fn shortened(text: &str) -> Option<String> {
    let mut short = String::new();
    for word in text.split_whitespace() {
        let room = DESCRIPTION_MAX - 2;
        if short.chars().count() + word.chars().count() + 1 > room {
            if short.is_empty() {
                short = word.chars().take(room).collect();
            }
            short.push_str(" …");
            return Some(short);
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    (!short.is_empty()).then_some(short)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::fixtures::{ars, view};
    use super::*;

    const KEY: &str = "99012999017001";

    fn base() -> Url {
        "https://verbund.example/".parse().unwrap()
    }

    fn names(english: bool) -> Texts {
        let german = (Lang::DE, "Hund anmelden".to_owned());
        BTreeMap::from_iter([german].into_iter().chain(english.then(|| (Lang::EN, "Register a dog".to_owned()))))
    }

    fn standing(english: bool) -> Standing {
        Standing { landing_key: KEY.into(), landing_names: names(english), place: None, own: false, better: None }
    }

    const GERMAN: &str = "https://verbund.example/leistung/99012999017001/hund-anmelden";
    const ENGLISH: &str = "https://verbund.example/en/leistung/99012999017001/register-a-dog";
    const IN_TOWN: &str = "https://verbund.example/leistung/99012999017001/hund-anmelden/059110000000";
    const BETTER: &str = "https://www.bochum.example/hund";

    #[track_caller]
    fn check(english: bool, standing: &Standing, sprache: Sprache, canonical: &str, listed: bool, alternates: usize) {
        let view = LeistungView { title: names(english), ..view() };
        let right = leistung(&view, standing, sprache, &base());
        assert_eq!(
            (right.canonical.as_str(), right.listed, right.alternates.len()),
            (canonical, listed, alternates),
            "{right:?}"
        );
        if alternates > 0 {
            let all: Vec<&str> = right.alternates.iter().map(|(lang, _)| *lang).collect();
            assert_eq!(all, ["de", "en", "x-default"]);
            assert!(right.alternates.iter().any(|(_, href)| *href == right.canonical), "it names itself: {right:?}");
        }
    }

    #[test]
    fn a_landing_page_is_listed_in_the_languages_that_it_is_written_in() {
        check(true, &standing(true), Sprache::Deutsch, GERMAN, true, 3);
        check(true, &standing(true), Sprache::Englisch, ENGLISH, true, 3);
        check(false, &standing(false), Sprache::Deutsch, GERMAN, true, 0);
        check(false, &standing(false), Sprache::Englisch, GERMAN, false, 0);
        check(true, &standing(true), Sprache::Leicht, GERMAN, false, 0);
    }

    #[test]
    fn a_page_of_a_town_is_listed_where_it_says_something_of_its_own() {
        let bochum = |own: bool, better: Option<&str>| Standing {
            place: Some(ars("059110000000")),
            own,
            better: better.map(|url| url.parse().unwrap()),
            ..standing(true)
        };
        check(true, &bochum(true, None), Sprache::Deutsch, IN_TOWN, true, 3);
        check(false, &bochum(true, None), Sprache::Deutsch, IN_TOWN, true, 0);
        check(false, &bochum(true, None), Sprache::Englisch, IN_TOWN, false, 0);
        check(true, &bochum(true, None), Sprache::Leicht, IN_TOWN, false, 0);
        check(true, &bochum(true, Some(BETTER)), Sprache::Deutsch, BETTER, false, 0);
        // Without anything of its own it is the page of the Leistung, whatever page the town has.
        check(true, &bochum(false, Some(BETTER)), Sprache::Deutsch, GERMAN, false, 0);
        check(true, &bochum(false, None), Sprache::Englisch, ENGLISH, false, 0);
    }

    #[test]
    fn languages_name_each_other_both_ways() {
        let of = |sprache| leistung(&view(), &standing(true), sprache, &base()).alternates;
        assert_eq!(of(Sprache::Deutsch), of(Sprache::Englisch));
        let start = |sprache| own("/", sprache, &base());
        assert_eq!(start(Sprache::Deutsch).alternates, start(Sprache::Englisch).alternates);
        assert_eq!(start(Sprache::Leicht).canonical, "https://verbund.example/leicht");
        assert!(start(Sprache::Leicht).alternates.is_empty() && start(Sprache::Leicht).listed);
    }

    #[test]
    fn a_description_is_whole_words_and_names_the_office() {
        let said = description(&view(), Sprache::Deutsch).unwrap();
        assert!(said.starts_with("Bochum: Steueramt der Stadt Bochum. Wenn Sie einen Hund halten"), "{said}");
        assert!(said.chars().count() <= DESCRIPTION_MAX, "{said}");
        for (text, expected) in [
            ("  ein\n zwei ", Some("ein zwei".to_owned())),
            ("", None),
            (" \n", None),
            (&"ä".repeat(300), Some(format!("{} …", "ä".repeat(153)))),
            (&"wort ".repeat(100), Some(format!("{}…", "wort ".repeat(30)))),
        ] {
            assert_eq!(shortened(text), expected, "{text}");
        }
    }
}

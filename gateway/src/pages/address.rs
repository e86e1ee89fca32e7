//! Addresses of our own pages: made in one place, so that links, redirects and JSON agree.

use connectors::gebiet::Ars;
use indexer::catalog::LeistungShort;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;

/// All that RFC 3986 does not call unreserved is written as `%XX`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Longest slug, in characters.
const SLUG_MAX: usize = 60;

/// Stands where a name has no letter that an address can show.
const SLUG_EMPTY: &str = "leistung";

/// The readable part of an address: lower case, umlauts written out, words joined by hyphens, at most 60 characters.
///
/// The result holds `a-z`, `0-9` and single inner hyphens and is never empty.
pub fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for letter in name.nfc().flat_map(char::to_lowercase) {
        match letter {
            'ä' => slug.push_str("ae"),
            'ö' => slug.push_str("oe"),
            'ü' => slug.push_str("ue"),
            'ß' => slug.push_str("ss"),
            'æ' => slug.push_str("ae"),
            'ø' => slug.push('o'),
            'ł' => slug.push('l'),
            // Soft hyphens stand inside words of German texts and are not seen.
            '\u{ad}' => {}
            _ => match std::iter::once(letter).nfd().next() {
                Some(base) if base.is_ascii_alphanumeric() => slug.push(base),
                _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
                _ => {}
            },
        }
    }
    // All of it is ASCII now, so bytes are characters.
    if slug.len() > SLUG_MAX {
        let whole_word = slug.as_bytes().get(SLUG_MAX) == Some(&b'-');
        slug.truncate(SLUG_MAX);
        if let (false, Some(at)) = (whole_word, slug.rfind('-')) {
            slug.truncate(at);
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    if slug.is_empty() { SLUG_EMPTY.to_owned() } else { slug }
}

/// Address of a Leistung's page, at a place where one is given.
pub fn leistung(short: &LeistungShort, place: Option<&Ars>) -> String {
    leistung_by(&short.address_key(), &short.name, place)
}

/// The same for a key or id that is kept as it was asked for.
pub fn leistung_by(key: &str, name: &str, place: Option<&Ars>) -> String {
    let mut path = format!("/leistung/{}/{}", segment(key), slug(name));
    if let Some(ars) = place {
        path.push('/');
        path.push_str(ars.as_str());
    }
    path
}

/// Address of the page that says what to know before the hand-over.
pub fn bevor(key: &str, place: &Ars) -> String {
    format!("/bevor/{}/{place}", segment(key))
}

/// Address of the page of a place.
pub fn ort(place: &Ars, name: &str) -> String {
    format!("/ort/{place}/{}", slug(name))
}

/// Address of the page of a Lebenslage, at a place where one is given. Its code is its slug.
pub fn lebenslage(code: &str, place: Option<&Ars>) -> String {
    match place {
        Some(ars) => format!("/lebenslage/{}/{ars}", segment(code)),
        None => format!("/lebenslage/{}", segment(code)),
    }
}

/// Address of the hand-over to the Onlinedienst for a Leistung at a place.
pub fn zu(key: &str, place: &Ars) -> String {
    format!("/zu/{}/{place}", segment(key))
}

/// The same for one Onlinedienst, by its id, where there are several.
pub fn zu_dienst(key: &str, place: &Ars, dienst: &str) -> String {
    format!("{}?dienst={}", zu(key, place), segment(dienst))
}

/// Address of the results for a question; empty parts are left out.
pub fn suche(q: &str, ort: &str, seite: usize) -> String {
    let seite = if seite > 1 { seite.to_string() } else { String::new() };
    let given: Vec<String> = [("q", q), ("ort", ort), ("seite", seite.as_str())]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", segment(value)))
        .collect();
    if given.is_empty() { "/suche".to_owned() } else { format!("/suche?{}", given.join("&")) }
}

/// A text as one segment of a path or one value of a query.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        assert_eq!(slug(name), expected, "{name}");
    }

    #[test]
    fn a_slug_is_readable_german_in_ascii() {
        check("Hund anmelden", "hund-anmelden");
        check("Ärzte- & Größen-Übersicht (Straße)", "aerzte-groessen-uebersicht-strasse");
        check("a\u{308}rger", "aerger");
        check("Café Łódź Søren", "cafe-lodz-soren");
        check("Kinder\u{ad}garten", "kindergarten");
        check("  § 34a GewO – Bewachung  ", "34a-gewo-bewachung");
        check("ＡＢＣ", "leistung");
        check("", "leistung");
        check("---", "leistung");
        check("/../<script>", "script");
    }

    #[test]
    fn a_slug_ends_after_a_whole_word_and_within_60() {
        check(
            "Bescheinigung über die Berechtigung zum Führen einer Berufsbezeichnung beantragen",
            "bescheinigung-ueber-die-berechtigung-zum-fuehren-einer",
        );
        let whole = format!("{} rest", "x".repeat(60));
        check(&whole, &"x".repeat(60));
        check(&"ü".repeat(50), &"ue".repeat(30));
    }

    #[test]
    fn a_key_with_signs_of_its_own_stays_one_segment() {
        let ars: Ars = "05911".parse().unwrap();
        assert_eq!(leistung_by("L1_a/b?c", "Ä", Some(&ars)), "/leistung/L1_a%2Fb%3Fc/ae/059110000000");
        assert_eq!(zu_dienst("99", &ars, "L1_ö"), "/zu/99/059110000000?dienst=L1_%C3%B6");
    }

    #[test]
    fn the_address_of_results_leaves_out_what_is_empty() {
        assert_eq!(suche("hund & katze", "", 1), "/suche?q=hund%20%26%20katze");
        assert_eq!(suche("hund", "Köln", 2), "/suche?q=hund&ort=K%C3%B6ln&seite=2");
        assert_eq!(suche("", "", 1), "/suche");
    }
}

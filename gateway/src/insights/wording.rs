//! A question in the one form in which it is counted, and which questions are never counted by their text.
//!
//! The rules err on the side of silence: a question that might be about a person is lost, and nothing else happens. What
//! no rule can see, such as a rare name, is what the number of askings is for.

use unicode_normalization::UnicodeNormalization;

/// Longest question, in characters; longer ones tell a story.
const LETTERS_MAX: usize = 60;
/// Most words.
const WORDS_MAX: usize = 8;
/// Most digits in all: a year or a paragraph, but no date, number of a telephone, a file, an account or a tax payer.
const DIGITS_MAX: usize = 4;
/// Ends of words that name a street; with a number behind them they are somebody's address.
const STREETS: [&str; 10] = ["straße", "strasse", "str", "weg", "platz", "allee", "gasse", "ring", "damm", "ufer"];

/// A question that may be counted by its text: lower case, single spaces, no marks at its ends, nothing personal that a
/// rule can see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wording(String);

impl Wording {
    /// The question `understood`, from which the place is out already; none where its text must not be counted.
    pub fn of(understood: &str) -> Option<Self> {
        let text = normalise(understood);
        let words: Vec<&str> = text.split(' ').collect();
        let fits = text.chars().count() <= LETTERS_MAX && words.len() <= WORDS_MAX;
        let digits = text.chars().filter(|letter| letter.is_numeric()).count();
        let plain = text.chars().any(char::is_alphabetic) && !text.chars().any(hidden);
        let personal = digits > DIGITS_MAX
            || text.contains('@')
            || text.contains("://")
            || words.iter().any(|word| names_host(word))
            || names_house(&words)
            || names_vehicle(&text);
        (fits && plain && !personal).then_some(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lower case, compatible forms made one, single spaces, no marks at the ends.
fn normalise(text: &str) -> String {
    const MARKS: &[char] = &['?', '!', '.', ',', ';', ':', '"', '\'', '„', '“', '”', '‚', '‘', '’', '»', '«'];
    // Soft hyphens stand inside words and are not seen.
    let lower: String = match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => text.nfkc().filter(|letter| *letter != '\u{ad}').flat_map(char::to_lowercase).nfkc().collect(),
    };
    let joined = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.trim_matches(|letter: char| letter == ' ' || MARKS.contains(&letter)).to_owned()
}

/// Letters that are not seen or turn others round: a page must not show them.
fn hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}')
        || letter >= '\u{e0000}'
}

/// A host or the address of a page: letters after a point, as in `beispiel.de` and not in `z.b`.
fn names_host(word: &str) -> bool {
    let letters = |part: &str| part.chars().take_while(|letter| letter.is_alphabetic()).count();
    let mut parts = word.split('.');
    let mut before = parts.next().unwrap_or_default();
    parts.any(|part| {
        let named = before.chars().next_back().is_some_and(char::is_alphanumeric) && letters(part) >= 2;
        before = part;
        named
    })
}

/// A street with the number of a house.
fn names_house(words: &[&str]) -> bool {
    let street = |word: &str| {
        let word = word.trim_end_matches(['.', ',']);
        STREETS.iter().any(|end| word.ends_with(end))
    };
    let numbered = |word: &&str| word.chars().next().is_some_and(char::is_numeric);
    words.iter().enumerate().any(|(at, word)| {
        let joined = word.find(char::is_numeric).and_then(|digit| word.get(..digit)).is_some_and(street);
        joined || (street(word) && words.get(at + 1).is_some_and(numbered))
    })
}

/// A number plate: up to three letters, up to two letters, a number; the first two apart.
fn names_vehicle(text: &str) -> bool {
    let parts: Vec<&str> = text.split([' ', '-']).filter(|part| !part.is_empty()).collect();
    let letters =
        |part: &str, most| (1..=most).contains(&part.chars().count()) && part.chars().all(char::is_alphabetic);
    let number = |part: &str| {
        let digits = part.trim_end_matches(['e', 'h']);
        !digits.is_empty() && digits.chars().all(char::is_numeric)
    };
    parts.windows(2).any(|two| {
        let [first, joined] = two else { return false };
        let digit = joined.find(char::is_numeric).unwrap_or(0);
        letters(first, 3) && joined.split_at_checked(digit).is_some_and(|(own, rest)| letters(own, 2) && number(rest))
    }) || parts.windows(3).any(|three| match three {
        [first, own, rest] => letters(first, 3) && letters(own, 2) && number(rest),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(Wording::of(text).as_ref().map(Wording::as_str), expected, "{text:?}");
    }

    #[test]
    fn a_question_has_one_form() {
        check("Hund anmelden", Some("hund anmelden"));
        check("  HUND \t anmelden?! ", Some("hund anmelden"));
        check("„Führungszeugnis“", Some("führungszeugnis"));
        check("fu\u{308}hrungszeugnis", Some("führungszeugnis"));
        check("Kinder\u{ad}geld", Some("kindergeld"));
        check("ＢＡｆöＧ", Some("bafög"));
        check("=SUMME(A1)", Some("=summe(a1)"));
        check("z.B. Bescheinigung", Some("z.b. bescheinigung"));
    }

    #[test]
    fn years_paragraphs_and_names_of_laws_are_no_secrets() {
        for text in ["bafög 2024", "§ 34a gewo", "alg 2", "alg2", "pflegegrad 3", "u3 kita", "wohngeld ab 2025"] {
            check(text, Some(text));
        }
    }

    #[test]
    fn what_may_be_about_a_person_has_no_text() {
        for text in [
            // Addresses of mail and pages, also written apart or in wide letters.
            "max.mustermann@web.de",
            "max＠web",
            "max at web.de",
            "https://service.example/antrag",
            "www.stadt.example",
            "stadt.de/antrag",
            // Numbers: telephone, tax, file, birth, key, account, in the digits of other scripts.
            "ummelden 12345",
            "0234 55 50",
            "0171-234 5678",
            "12 345 678 901",
            "geburtsurkunde 12.03.1985",
            "99110009104000",
            "de12 3456",
            "ausweis ١٢٣٤٥",
            // Somebody's house and car.
            "musterstraße 12",
            "ummelden Muster-Str. 3a",
            "musterstr.12",
            "am alten weg 7",
            "bo-ab 123",
            "kennzeichen bo ab123e",
            "BO AB 12",
            // Stories, nothing, and what a page must not show.
            "eins zwei drei vier fünf sechs sieben acht neun",
            "donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverleihung",
            "",
            " ?! ",
            "1234",
            "hund\u{202e}nedlemna",
            "hund\u{200b}anmelden",
            "hund\u{7}",
        ] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_keeps_the_bounds(text in "\\PC{0,80}") {
            if let Some(Wording(kept)) = Wording::of(&text) {
                prop_assert!(kept.chars().count() <= LETTERS_MAX && kept.split(' ').count() <= WORDS_MAX);
                prop_assert!(kept.chars().filter(|letter| letter.is_numeric()).count() <= DIGITS_MAX);
                prop_assert!(!kept.contains(['@', '\n', '\t']) && kept.trim() == kept && !kept.is_empty());
                prop_assert_eq!(Wording::of(&kept), Some(Wording(kept)));
            }
        }

        #[test]
        fn no_number_or_address_gets_through(
            before in "[a-zäöü]{0,12}", number in "[0-9]{5,14}", mail in "[a-z]{1,8}@[a-z]{1,8}", after in "[a-z ]{0,9}",
        ) {
            prop_assert_eq!(Wording::of(&format!("{before} {number}{after}")), None);
            prop_assert_eq!(Wording::of(&format!("{before} {mail} {after}")), None);
        }
    }
}

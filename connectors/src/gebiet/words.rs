//! How names are compared: as words without case, umlauts and punctuation.

use unicode_normalization::UnicodeNormalization;

/// The text in lower case, `ä ö ü ß` as `ae oe ue ss`, other marks dropped.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.nfc().flat_map(char::to_lowercase) {
        match letter {
            'ä' => folded.push_str("ae"),
            'ö' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            other if other.is_ascii() => folded.push(other),
            other => folded.extend(other.nfd().filter(|part| !unicode_normalization::char::is_combining_mark(*part))),
        }
    }
    folded
}

/// One word of a text and where it stands in it, in bytes.
pub(super) struct Word {
    /// Folded.
    pub folded: String,
    /// First byte.
    pub from: usize,
    /// Byte behind the last.
    pub to: usize,
}

/// The words of a text: runs of letters and digits.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        if letter.is_alphanumeric() || unicode_normalization::char::is_combining_mark(letter) {
            start.get_or_insert(at);
        } else if let Some(from) = start.take() {
            let folded = fold(text.get(from..at).unwrap_or_default());
            found.push(Word { folded, from, to: at });
        }
    }
    found
}

/// The words of a text joined by one blank, folded: the form in which names are keys.
pub(super) fn key(text: &str) -> String {
    words(text).into_iter().map(|word| word.folded).collect::<Vec<_>>().join(" ")
}

/// The key as people type it who leave umlauts' dots out: `koln`, `dusseldorf`.
pub(super) fn key_without_dots(text: &str) -> String {
    let plain: String = text
        .nfc()
        .map(|letter| match letter {
            'ä' | 'Ä' => 'a',
            'ö' | 'Ö' => 'o',
            'ü' | 'Ü' => 'u',
            other => other,
        })
        .collect();
    key(&plain)
}

//! Writes characters so that [`XmlReader`](super::XmlReader) gives back the same ones.

use super::names;

/// Adds `text` as the content of an element; false where it holds a character that XML cannot express.
pub fn text(out: &mut String, text: &str) -> bool {
    escaped(out, text, |char| match char {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#13;"),
        _ => None,
    })
}

/// Adds `value` as it stands between double quotes; false where it holds a character that XML cannot express.
pub fn attribute(out: &mut String, value: &str) -> bool {
    escaped(out, value, |char| match char {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#9;"),
        '\n' => Some("&#10;"),
        '\r' => Some("&#13;"),
        _ => None,
    })
}

fn escaped(out: &mut String, text: &str, replacement: fn(char) -> Option<&'static str>) -> bool {
    let mut allowed = true;
    for char in text.chars() {
        allowed &= names::is_char(char);
        match replacement(char) {
            Some(reference) => out.push_str(reference),
            None => out.push(char),
        }
    }
    allowed
}

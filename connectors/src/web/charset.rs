//! The characters of a page: which encoding it is in, and its text in ours.
//!
//! A byte order mark decides, then what HTTP says, then what the page says of itself; a page that says nothing is UTF-8
//! where it can be, else windows-1252. Bytes that have no meaning become U+FFFD, as in a browser. Source: WHATWG HTML,
//! determining the character encoding; Encoding Standard.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes in which a page has to name its encoding.
const PRESCAN: usize = 1024;

/// A page as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// The name of the encoding that it was in.
    pub encoding: &'static str,
    /// True when some bytes had no meaning in it.
    pub faulty: bool,
}

/// Decodes a page; `content_type` is the value of the field `Content-Type`.
pub fn decode(bytes: &[u8], content_type: Option<&str>) -> Decoded {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return with(encoding, bytes.get(mark..).unwrap_or_default());
    }
    let named = content_type.and_then(|value| charset_in(value.as_bytes())).or_else(|| declared(bytes));
    match named {
        Some(encoding) => with(encoding, bytes),
        None if std::str::from_utf8(bytes).is_ok() => with(UTF_8, bytes),
        None => with(WINDOWS_1252, bytes),
    }
}

fn with(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, faulty) = encoding.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), encoding: encoding.name(), faulty }
}

/// The encoding behind `charset=`, in a field or in a `<meta>`.
fn charset_in(text: &[u8]) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(lower.get(from..)?, b"charset") {
        from += at + b"charset".len();
        let behind = lower.get(from..)?.trim_ascii_start();
        let Some(value) = behind.strip_prefix(b"=") else { continue };
        let value = value.trim_ascii_start();
        let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
        let end = value
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\'' | b';' | b'>' | b'/') || byte.is_ascii_whitespace());
        return Encoding::for_label(value.get(..end.unwrap_or(value.len()))?);
    }
    None
}

/// The encoding that a `<meta>` or an XML declaration in the first bytes names.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..PRESCAN).unwrap_or(bytes);
    if let Some(end) = start.strip_prefix(b"<?xml").and_then(|_| memchr::memchr(b'>', start)) {
        let declaration = start.get(..end)?;
        if let Some(at) = memchr::memmem::find(declaration, b"encoding=") {
            let value = declaration.get(at + 10..)?;
            let end = value.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
            return Encoding::for_label(value.get(..end)?).map(in_ascii);
        }
    }
    let lower = start.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(lower.get(from..)?, b"<") {
        from += at + 1;
        let tag = lower.get(from..)?;
        // What stands in a comment was taken out of the page.
        if tag.starts_with(b"!--") {
            from += memchr::memmem::find(tag, b"-->")?;
        } else if tag.starts_with(b"meta") {
            let end = memchr::memchr(b'>', tag).unwrap_or(tag.len());
            if let Some(encoding) = charset_in(tag.get(..end)?) {
                return Some(in_ascii(encoding));
            }
        }
    }
    None
}

/// A page whose declaration could be read byte by byte is not in UTF-16, whatever it says.
fn in_ascii(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == UTF_16BE || encoding == UTF_16LE { UTF_8 } else { encoding }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], content_type: Option<&str>, encoding: &str, text: &str) {
        let decoded = decode(bytes, content_type);
        assert_eq!((decoded.encoding, decoded.text.as_str()), (encoding, text), "{content_type:?}");
    }

    #[test]
    fn a_mark_then_the_field_then_the_page_decide() {
        check("\u{feff}Bürgerbüro".as_bytes(), Some("text/html; charset=iso-8859-1"), "UTF-8", "Bürgerbüro");
        check(b"B\xfcro", Some("text/html; charset=\"ISO-8859-1\""), "windows-1252", "Büro");
        check(b"B\xfcro", Some("text/html;CHARSET=utf-8"), "UTF-8", "B\u{fffd}ro");
        check(b"\xff\xfeB\0\xfc\0", None, "UTF-16LE", "Bü");
        check("<meta charset=utf-8>ü".as_bytes(), Some("text/html"), "UTF-8", "<meta charset=utf-8>ü");
        let old = b"<html><!-- <meta charset=utf-8> --><meta http-equiv=\"Content-Type\" content=\"text/html; charset=ISO-8859-15\">\xa4";
        let decoded = decode(old, None);
        assert_eq!((decoded.encoding, decoded.text.ends_with('€'), decoded.faulty), ("ISO-8859-15", true, false));
        check(
            b"<?xml version='1.0' encoding='iso-8859-2'?>\xb1",
            None,
            "ISO-8859-2",
            "<?xml version='1.0' encoding='iso-8859-2'?>ą",
        );
        check("<meta charset=\"utf-16\">ü".as_bytes(), None, "UTF-8", "<meta charset=\"utf-16\">ü");
    }

    #[test]
    fn a_page_that_says_nothing_is_utf_8_where_it_can_be() {
        check("Straße".as_bytes(), None, "UTF-8", "Straße");
        check(b"Stra\xdfe", None, "windows-1252", "Straße");
        check(b"Stra\xdfe", Some("text/html; charset=unbekannt"), "windows-1252", "Straße");
        check(b"", None, "UTF-8", "");
    }
}

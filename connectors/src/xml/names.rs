//! The productions of XML 1.0 (5th edition) and Namespaces 1.0 that speak of single characters and names.

/// How many of the first bytes of `text` form a Name (production 5); 0 where none begins here.
pub(super) fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let ascii = bytes.iter().position(|byte| !NAME_BYTE[usize::from(*byte)]).unwrap_or(bytes.len());
    let begins = bytes.first().is_some_and(|first| !matches!(first, b'-' | b'.' | b'0'..=b'9'));
    if bytes.get(ascii).is_none_or(u8::is_ascii) {
        return if begins { ascii } else { 0 };
    }
    let mut chars = text.char_indices();
    match chars.next() {
        Some((_, first)) if is_name_start(first) => {}
        _ => return 0,
    }
    chars.find(|(_, char)| !is_name_char(*char)).map_or(text.len(), |(at, _)| at)
}

/// Where the colon of a QName (Namespaces 1.0, production 7) stands; `Err` where `name`, a Name, is no QName.
pub(super) fn colon(name: &str) -> Result<Option<usize>, ()> {
    let Some(at) = memchr::memchr(b':', name.as_bytes()) else { return Ok(None) };
    let local = name.get(at + 1..).unwrap_or_default();
    let good = at > 0 && local.chars().next().is_some_and(is_name_start) && !local.contains(':');
    if good { Ok(Some(at)) } else { Err(()) }
}

/// The bytes below 128 that a Name may hold.
const NAME_BYTE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let code = byte as u8;
        table[byte] = code.is_ascii_alphanumeric() || matches!(code, b'_' | b':' | b'-' | b'.');
        byte += 1;
    }
    table
};

/// NameStartChar, production 4.
fn is_name_start(char: char) -> bool {
    matches!(char,
        ':' | '_' | 'A'..='Z' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// NameChar, production 4a.
fn is_name_char(char: char) -> bool {
    is_name_start(char)
        || matches!(char,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Char, production 2.
pub(super) fn is_char(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// S, production 3, for one byte.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Why a reference is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReferenceFault {
    /// The text between `&` and `;` is no name and no number.
    Syntax,
    /// An entity beyond the five that are predefined.
    Unknown,
    /// A number that is no Char.
    Char,
}

/// The character that a reference stands for; `inner` is the text between `&` and `;` (productions 66 and 68).
pub(super) fn reference(inner: &str) -> Result<char, ReferenceFault> {
    match inner {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => {}
    }
    let Some(number) = inner.strip_prefix('#') else {
        let name = !inner.is_empty() && name_length(inner) == inner.len() && !inner.contains(':');
        return Err(if name { ReferenceFault::Unknown } else { ReferenceFault::Syntax });
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(ReferenceFault::Syntax);
    }
    let digits = digits.trim_start_matches('0');
    // more than eight digits are beyond every Char; shorter numbers cannot overflow
    let code = if digits.len() > 8 { None } else { u32::from_str_radix(digits, radix).ok() };
    code.and_then(char::from_u32).filter(|char| is_char(*char)).ok_or(ReferenceFault::Char)
}

/// What an XML declaration says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Declaration<'a> {
    /// `encoding`
    pub encoding: Option<&'a str>,
}

/// Reads an XML declaration (production 23), from `<?xml` up to and with `?>`.
pub(super) fn declaration(text: &str) -> Result<Declaration<'_>, &'static str> {
    let inner = text.strip_prefix("<?xml").and_then(|rest| rest.strip_suffix("?>"));
    let mut rest = inner.ok_or("die XML-Deklaration ist unvollständig")?;
    let mut declaration = Declaration::default();
    let (version, after) =
        pseudo_attribute(rest, "version").ok_or("in der XML-Deklaration fehlt die Angabe der Version")?;
    if version != "1.0" {
        return Err("die XML-Version ist nicht 1.0");
    }
    rest = after;
    if let Some((encoding, after)) = pseudo_attribute(rest, "encoding") {
        let letter = encoding.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !letter || !encoding.bytes().all(allowed) {
            return Err("der Name der Kodierung in der XML-Deklaration ist ungültig");
        }
        declaration.encoding = Some(encoding);
        rest = after;
    }
    if let Some((standalone, after)) = pseudo_attribute(rest, "standalone") {
        if !matches!(standalone, "yes" | "no") {
            return Err("„standalone“ in der XML-Deklaration ist weder „yes“ noch „no“");
        }
        rest = after;
    }
    if rest.bytes().all(is_space) { Ok(declaration) } else { Err("die XML-Deklaration ist falsch aufgebaut") }
}

/// The value of ` name = "value"` at the start of `text`, and what follows it.
fn pseudo_attribute<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let space = |text: &'a str| text.trim_start_matches([' ', '\t', '\n', '\r']);
    let trimmed = space(text);
    if trimmed.len() == text.len() {
        return None;
    }
    let rest = space(trimmed.strip_prefix(name)?);
    let rest = space(rest.strip_prefix('=')?);
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest.get(1..)?.split_once(quote)
}

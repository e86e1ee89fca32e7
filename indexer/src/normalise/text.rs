//! Texts: languages, characters, and HTML cleaned to the ten tag groups of the standard.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use connectors::finding::Rule;
use connectors::xzufi::{Hyperlink, Localized};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use url::Url;

use super::Normaliser;
use crate::record::{Html, Htmls, Lang, Link, Texts};

/// The ten tag groups. Source: PVOG FAQ; the reference, section 9.
const TAGS: [&str; 19] = [
    "p", "br", "h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "i", "em", "sup", "sub", "ul", "ol", "li", "a",
    // Not a tag of the standard, but what ammonia's parser makes of nothing: kept out of findings.
    "tbody",
];

static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = ammonia::Builder::empty();
    cleaner
        .tags(TAGS[..18].iter().copied().collect::<HashSet<_>>())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .tag_attributes([("a", HashSet::from(["href"]))].into_iter().collect())
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"));
    cleaner
});

/// How often HTML is cleaned until it reads as it is written; what needs more is given up as markup.
const CLEANINGS: usize = 8;

/// HTML with nothing in it but the ten tag groups; the words of dropped tags stay, except of script and style.
///
/// What comes out reads as it is written: cleaning it once more gives the same bytes. A parser mends wrong nesting in a
/// way that it may mend again when it reads its own words, so cleaning goes on until nothing moves. Markup that never
/// comes to rest is not worth showing; its words are.
pub fn clean_html(text: &str) -> Html {
    if is_clean(text) {
        return Html(text.to_owned());
    }
    let mut html = CLEANER.clean(text).to_string();
    for _ in 0..CLEANINGS {
        if is_clean(&html) {
            return Html(html);
        }
        let again = CLEANER.clean(&html).to_string();
        if again == html {
            return Html(html);
        }
        html = again;
    }
    Html(plain(&html).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

/// True when cleaning would give back the same bytes: plain words, character references that the serialiser writes
/// itself, and properly nested tags without attributes. A property test holds it to what ammonia does.
fn is_clean(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut open: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    while let Some(skip) = memchr::memchr3(b'<', b'&', b'>', &bytes[at..]) {
        at += skip;
        let rest = &bytes[at..];
        if rest[0] == b'&' {
            let forms = [&b"&amp;"[..], b"&lt;", b"&gt;", b"&nbsp;"];
            let Some(known) = forms.iter().find(|form| rest.starts_with(form)).map(|form| form.len()) else {
                return false;
            };
            at += known;
            continue;
        }
        let Some(end) = memchr::memchr(b'>', rest).filter(|_| rest[0] == b'<') else { return false };
        let (closing, name) = match &rest[1..end] {
            [b'/', name @ ..] => (true, name),
            name => (false, name),
        };
        match name {
            b"br" if !closing => {}
            b"p" | b"ul" | b"ol" if !closing && open.iter().all(|tag| matches!(*tag, b"li" | b"ul" | b"ol")) => {
                // A list directly in a list is moved about by the parser.
                if matches!(open.last(), Some(&b"ul" | &b"ol")) {
                    return false;
                }
                open.push(name);
            }
            b"li" if !closing && matches!(open.last(), Some(&b"ul" | &b"ol")) => open.push(name),
            b"b" | b"strong" | b"i" | b"em" if !closing && !open.contains(&name) => open.push(name),
            _ if closing && open.last() == Some(&name) => {
                open.pop();
            }
            _ => return false,
        }
        at += end + 1;
    }
    // The parser turns CR into LF and drops NUL, and keeps no bare no-break space.
    open.is_empty() && !text.contains(['\r', '\0', '\u{a0}'])
}

/// Text without markup: tags are gaps, the five usual references are resolved, white space is folded.
pub(crate) fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let end = if from.starts_with('<') { from.find('>') } else { from.find(';').filter(|end| *end <= 8) };
        let (piece, after) = end.map_or((from.get(..1), from.get(1..)), |end| (from.get(..=end), from.get(end + 1..)));
        match piece.unwrap_or_default() {
            "&amp;" => out.push('&'),
            "&lt;" => out.push('<'),
            "&gt;" => out.push('>'),
            "&quot;" => out.push('"'),
            "&#39;" | "&apos;" => out.push('\''),
            "&nbsp;" => out.push(' '),
            tag if tag.starts_with('<') && tag.len() > 1 => {
                let inline = ["<b>", "</b>", "<i>", "</i>", "<em>", "</em>", "<strong>", "</strong>", "</a>"];
                let sub = ["<sup>", "</sup>", "<sub>", "</sub>"];
                if !inline.contains(&tag) && !sub.contains(&tag) && !tag.starts_with("<a ") {
                    out.push(' ');
                }
            }
            other => out.push_str(other),
        }
        rest = after.unwrap_or_default();
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// True when clean HTML says anything: tags and white space alone do not.
fn has_words(html: &str) -> bool {
    let mut rest = html;
    loop {
        rest = rest.trim_start();
        rest = if let Some(tag) = rest.strip_prefix('<') {
            tag.split_once('>').map_or("", |(_, after)| after)
        } else if let Some(after) = rest.strip_prefix("&nbsp;") {
            after
        } else {
            return !rest.is_empty();
        };
    }
}

/// True for what ordinary German and English texts are made of: ASCII, Latin-1 letters and signs, usual dashes and
/// quotation marks, and the Euro sign. Such text is NFC as it is; one look at each byte tells.
fn is_ordinary(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            0..=0x7f => true,
            0xc2 => matches!(bytes.next(), Some(0xa0..=0xac | 0xae..=0xbf)),
            0xc3 => bytes.next().is_some(),
            0xe2 => match bytes.next() {
                Some(0x80) => matches!(bytes.next(), Some(0x90..=0xa7)),
                Some(0x82) => bytes.next() == Some(0xac),
                _ => false,
            },
            _ => false,
        };
        if !fine {
            return false;
        }
    }
    true
}

/// What the character check says of a text.
struct Characters<'a> {
    /// NFC, without invisible, private and decorative characters.
    text: Cow<'a, str>,
    /// One character that was taken out.
    stripped: Option<char>,
    /// Letters of other scripts that it holds, at most twenty.
    foreign: String,
    /// Most of its letters are of another script.
    mostly_foreign: bool,
}

fn characters(text: &str) -> Characters<'_> {
    let mut found =
        Characters { text: Cow::Borrowed(text), stripped: None, foreign: String::new(), mostly_foreign: false };
    if is_ordinary(text) {
        return found;
    }
    if is_nfc_quick(text.chars()) != IsNormalized::Yes {
        found.text = Cow::Owned(text.nfc().collect());
    }
    if found.text.chars().all(is_latin) {
        return found;
    }
    let (mut letters, mut foreign, mut kept) = (0, 0, String::with_capacity(found.text.len()));
    for letter in found.text.chars() {
        let latin = is_latin(letter);
        letters += usize::from(letter.is_alphabetic());
        if latin {
            kept.push(letter);
        } else if letter.is_alphabetic() && !FILLERS.contains(&letter) {
            foreign += 1;
            if foreign <= 20 {
                found.foreign.push(letter);
            }
            kept.push(letter);
        } else if letter != '\u{ad}' && letter != '\u{feff}' {
            found.stripped.get_or_insert(letter);
        }
    }
    found.mostly_foreign = foreign * 2 > letters;
    found.text = Cow::Owned(kept);
    found
}

/// Letters by their class that nobody can see.
const FILLERS: [char; 4] = ['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}'];

/// The repertoire of String.Latin, as far as it can be told by ranges: Latin letters with their marks, and the
/// punctuation, currency, letter-like, arrow and mathematical signs of ordinary texts.
fn is_latin(letter: char) -> bool {
    matches!(letter,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{ac}' | '\u{ae}'..='\u{24f}' | '\u{259}' | '\u{292}'
        | '\u{2b0}'..='\u{2ff}' | '\u{300}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}' | '\u{2002}'..='\u{200a}'
        | '\u{2010}'..='\u{2027}' | '\u{202f}'..='\u{205e}' | '\u{2070}'..='\u{209c}' | '\u{20a0}'..='\u{20bf}'
        | '\u{2100}'..='\u{22ff}')
}

impl Normaliser<'_> {
    /// The language of a text; none, with a finding, when the code is not two letters.
    pub(super) fn lang(&mut self, code: Option<&str>) -> Option<Lang> {
        let lang = code.and_then(Lang::parse);
        match lang {
            None => self.find(Rule::LanguageInvalid, Some(code.unwrap_or(""))),
            Some(lang) if !Lang::OFFERED.contains(&lang) => self.find(Rule::LanguageUnsupported, Some(lang.as_str())),
            Some(_) => {}
        }
        lang
    }

    /// Checks the characters of a text in an offered language; others are kept as they are.
    fn checked<'t>(&mut self, text: &'t str, lang: Option<Lang>) -> Cow<'t, str> {
        if text.len() > MAX_TEXT {
            self.find(Rule::TextTooLong, Some(&format!("{} Bytes", text.len())));
        }
        if lang.is_some_and(|lang| !Lang::OFFERED.contains(&lang)) {
            return Cow::Borrowed(text);
        }
        let found = characters(text);
        if found.mostly_foreign {
            self.find(Rule::CharactersInvalid, Some(&found.foreign));
        } else if !found.foreign.is_empty() {
            self.find(Rule::CharactersForeign, Some(&found.foreign));
        }
        if let Some(letter) = found.stripped {
            self.find(Rule::CharactersStripped, Some(&format!("U+{:04X}", u32::from(letter))));
        }
        found.text
    }

    /// One line of plain text, without markup.
    pub(super) fn line(&mut self, text: &str, lang: Option<Lang>) -> String {
        plain(&self.checked(text, lang))
    }

    /// The same of an optional text; empty is none.
    pub(super) fn optional_line(&mut self, text: Option<&str>) -> Option<String> {
        text.map(|text| self.line(text, None)).filter(|text| !text.is_empty())
    }

    /// Plain texts by language; the first of a language wins, empty ones are left out.
    pub(super) fn texts(&mut self, wire: &[Localized]) -> Texts {
        let mut texts = BTreeMap::new();
        for localized in wire {
            let Some(lang) = self.lang(localized.lang.as_deref()) else { continue };
            let text = self.line(&localized.text, Some(lang));
            if !text.is_empty() {
                texts.entry(lang).or_insert(text);
            }
        }
        texts
    }

    /// Clean HTML by language; several texts of one language follow each other.
    pub(super) fn htmls(&mut self, wire: &[Localized]) -> Htmls {
        let mut htmls: Htmls = BTreeMap::new();
        for localized in wire {
            let Some(lang) = self.lang(localized.lang.as_deref()) else { continue };
            let text = self.checked(&localized.text, Some(lang));
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            if let Some(tags) = forbidden(text) {
                self.find(Rule::HtmlCleaned, Some(&tags));
            }
            let html = if text.contains('\n') && !text.contains('<') {
                clean_html(&text.lines().map(str::trim).collect::<Vec<_>>().join("<br>"))
            } else {
                clean_html(text)
            };
            if has_words(&html.0) {
                htmls.entry(lang).or_default().0.push_str(&html.0);
            }
        }
        htmls
    }

    /// A link out of a text; none, with a finding, when its address cannot be published.
    pub(super) fn link(&mut self, wire: &Hyperlink) -> Option<Link> {
        if wire.uri.is_empty() {
            return None;
        }
        let url = self.public_url(&wire.uri)?;
        let lang = wire.lang.as_deref().and_then(Lang::parse);
        Some(Link { url, title: self.optional_line(wire.titel.as_deref()), lang })
    }

    /// The links that can be published.
    pub(super) fn links(&mut self, wire: &[Hyperlink]) -> Vec<Link> {
        wire.iter().filter_map(|link| self.link(link)).collect()
    }

    /// An address that can be published: http or https, a host, no credentials, no placeholder.
    pub(super) fn public_url(&mut self, text: &str) -> Option<Url> {
        let text = text.trim();
        if text.contains(['{', '}']) {
            self.find(Rule::UrlPlaceholder, Some(text));
            return None;
        }
        let url = Url::parse(text).ok().filter(|url| {
            let plain = url.username().is_empty() && url.password().is_none();
            let written_out = text.contains("://") && !text.contains(char::is_whitespace);
            matches!(url.scheme(), "http" | "https") && url.has_host() && plain && written_out && text.len() <= 2048
        });
        if url.is_none() {
            self.find(Rule::UrlInvalid, Some(text));
        }
        url
    }
}

/// The longest text that a record may hold, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// The tags and attributes of `text` that are not of the ten groups, for the editors; none when all are.
fn forbidden(text: &str) -> Option<String> {
    if !text.contains('<') || is_clean(text) {
        return None;
    }
    let mut found: Vec<String> = Vec::new();
    for piece in text.split('<').skip(1) {
        if piece.starts_with("!--") {
            found.push("Kommentar".into());
            continue;
        }
        let tag = piece.trim_start_matches('/');
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if name.is_empty() {
            continue;
        }
        if !TAGS[..18].contains(&name.as_str()) {
            found.push(name);
            continue;
        }
        let attributes = tag.get(name.len()..).unwrap_or_default().split('>').next().unwrap_or_default();
        let attributes = attributes.trim().trim_end_matches('/').trim();
        let bare = attributes.is_empty();
        if (name == "a" && !piece.starts_with('/') && !only_good_href(attributes)) || (name != "a" && !bare) {
            found.push(format!("{name} {}", attributes.chars().take(40).collect::<String>()));
        }
    }
    found.dedup();
    (!found.is_empty()).then(|| found.into_iter().take(8).collect::<Vec<_>>().join(", "))
}

/// True for exactly one attribute, `href`, with an address that stays.
fn only_good_href(attributes: &str) -> bool {
    let Some((name, value)) = attributes.split_once('=') else { return false };
    let value = value.trim();
    let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let Some(value) = quoted else { return false };
    let scheme = ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| value.starts_with(scheme));
    name.trim().eq_ignore_ascii_case("href") && scheme && !value.contains(['"', '\''])
}

#[cfg(test)]
mod tests;

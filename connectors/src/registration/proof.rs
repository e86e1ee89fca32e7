//! How somebody shows that a host is theirs: a random text that only who runs the host can put there.
//!
//! One of three places is enough: a TXT record beside the host, a file below `/.well-known/`, or a `meta` element on the
//! registered page. Here is what has to stand where, and whether it does; looking is the business of others. The
//! token is no secret once it is published, so it is compared as any text.

use std::fmt;

use scraper::{Html, Selector};
use serde::{Deserialize, Serialize};
use url::Url;

/// What stands before the host in the name of the TXT record.
const TXT_PREFIX: &str = "_portalverbund";
/// The path of the file. Source: RFC 8615.
const FILE_PATH: &str = "/.well-known/portalverbund-nrw.txt";
/// The `name` of the `meta` element.
pub const META_NAME: &str = "portalverbund-nrw";
/// What may stand before the token in a TXT record or in the file, as others' records have it.
const LABEL: &str = "portalverbund-nrw=";

/// The most bytes of the file that are looked at.
pub const FILE_MAX_BYTES: u64 = 4096;
/// The most bytes of the page that are looked at.
pub const PAGE_MAX_BYTES: u64 = 1 << 20;

/// One of the places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofPlace {
    /// The TXT record.
    Dns,
    /// The file below `/.well-known/`.
    File,
    /// The `meta` element.
    Meta,
}

impl ProofPlace {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Self; 3] = [Self::Dns, Self::File, Self::Meta];

    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::File => "file",
            Self::Meta => "meta",
        }
    }

    /// The place of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.as_str() == name)
    }
}

/// The text that shows it: 43 characters of `A-Z`, `a-z`, `0-9`, `-` and `_`, which are 256 random bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProofToken(String);

impl ProofToken {
    /// The token of 32 random bytes, in Base64 without padding that may stand in an address (RFC 4648, section 5).
    pub fn of(random: &[u8; 32]) -> Self {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = String::with_capacity(43);
        let (mut bits, mut have) = (0_u32, 0);
        for byte in random {
            bits = bits << 8 | u32::from(*byte);
            have += 8;
            while have >= 6 {
                have -= 6;
                text.push(char::from(DIGITS[(bits >> have & 63) as usize]));
            }
        }
        text.push(char::from(DIGITS[(bits << (6 - have) & 63) as usize]));
        Self(text)
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the TXT record for a host.
    pub fn txt_name(host: &str) -> String {
        format!("{TXT_PREFIX}.{}", host.trim_end_matches('.'))
    }

    /// What stands in the TXT record and in the file.
    pub fn line(&self) -> String {
        format!("{LABEL}{}", self.0)
    }

    /// The address of the file, on the host, scheme and port of the registered `address`.
    pub fn file_address(address: &Url) -> Url {
        let mut file = address.clone();
        file.set_path(FILE_PATH);
        file.set_query(None);
        file.set_fragment(None);
        file
    }

    /// The element for the page.
    pub fn element(&self) -> String {
        format!("<meta name=\"{META_NAME}\" content=\"{}\">", self.0)
    }

    /// True when a TXT record is the token. `record` is the whole of it, its strings put together (RFC 7208, 3.3).
    pub fn is_in_record(&self, record: &[u8]) -> bool {
        std::str::from_utf8(record).is_ok_and(|text| self.is(text))
    }

    /// True when a line of the file is the token.
    pub fn is_in_file(&self, bytes: &[u8]) -> bool {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        std::str::from_utf8(bytes).is_ok_and(|text| text.lines().any(|line| self.is(line)))
    }

    /// True when a `meta` element of the page carries the token.
    pub fn is_in_page(&self, page: &str) -> bool {
        let meta = Selector::parse("head meta[name][content]").expect("this selector is right");
        Html::parse_document(page).select(&meta).any(|element| {
            let named = element.attr("name").is_some_and(|name| name.trim().eq_ignore_ascii_case(META_NAME));
            named && element.attr("content").is_some_and(|content| self.is(content))
        })
    }

    fn is(&self, text: &str) -> bool {
        let text = text.trim();
        text.strip_prefix(LABEL).unwrap_or(text) == self.0
    }
}

impl TryFrom<String> for ProofToken {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.len() == 43 && text.bytes().all(allowed) {
            Ok(Self(text))
        } else {
            Err("expected 43 characters of A-Z, a-z, 0-9, `-` and `_`")
        }
    }
}

impl From<ProofToken> for String {
    fn from(token: ProofToken) -> Self {
        token.0
    }
}

impl fmt::Display for ProofToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> ProofToken {
        ProofToken::of(&std::array::from_fn(|at| (at as u8).wrapping_mul(7) ^ 250))
    }

    #[test]
    fn a_token_is_the_base64_of_its_bytes() {
        assert_eq!(ProofToken::of(&[0; 32]).as_str(), "A".repeat(43));
        assert_eq!(ProofToken::of(&[255; 32]).as_str(), format!("{}8", "_".repeat(42)));
        let counted = ProofToken::of(&std::array::from_fn(|at| at as u8));
        assert_eq!(counted.as_str(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        assert_eq!(ProofToken::try_from(counted.to_string()), Ok(counted));
        assert!(ProofToken::try_from("A".repeat(42)).is_err());
        assert!(ProofToken::try_from("Ä".repeat(43)).is_err());
    }

    #[test]
    fn what_has_to_stand_where_is_told_exactly() {
        let address = Url::parse("https://www.stadt.example:8443/dienste/?x=1").unwrap();
        assert_eq!(ProofToken::txt_name("www.stadt.example."), "_portalverbund.www.stadt.example");
        let file = "https://www.stadt.example:8443/.well-known/portalverbund-nrw.txt";
        assert_eq!(ProofToken::file_address(&address).as_str(), file);
        assert!(token().is_in_record(token().line().as_bytes()));
        assert!(token().is_in_file(token().line().as_bytes()));
        assert!(token().is_in_page(&token().element()));
    }

    #[test]
    fn the_token_alone_counts_and_nothing_near_it() {
        let token = token();
        for (text, expected) in [
            (token.to_string(), true),
            (format!(" {token}\r"), true),
            (format!("portalverbund-nrw={token}"), true),
            (format!("x{token}"), false),
            (format!("{token}x"), false),
            (token.as_str().to_lowercase(), false),
            (format!("other={token}"), false),
            (String::new(), false),
        ] {
            assert_eq!(token.is_in_record(text.as_bytes()), expected, "{text:?}");
            assert_eq!(token.is_in_file(format!("# Portalverbund\n{text}\n").as_bytes()), expected, "{text:?}");
        }
        assert!(token.is_in_file(format!("\u{feff}{token}").as_bytes()));
        assert!(!token.is_in_record(&[255, 254]));
    }

    #[test]
    fn a_page_shows_it_in_its_head_alone() {
        let token = token();
        let page =
            |head: &str, body: &str| format!("<!doctype html><html><head>{head}</head><body>{body}</body></html>");
        let element = token.element();
        assert!(token.is_in_page(&page(&element, "")));
        assert!(
            token
                .is_in_page(&page(&element.to_uppercase().replace(&token.as_str().to_uppercase(), token.as_str()), ""))
        );
        // What visitors can write, as a comment or a search word that is repeated, stands in the body.
        assert!(!token.is_in_page(&page("", &format!("<p>{element}</p>"))));
        assert!(!token.is_in_page(&page(&format!("<!-- {element} -->"), "")));
        assert!(!token.is_in_page(&page(&format!("<title>{element}</title>"), "")));
        assert!(!token.is_in_page(&page(&format!("<meta name=\"description\" content=\"{token}\">"), "")));
    }
}

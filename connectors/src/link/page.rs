//! What a page says of itself: its title, its first heading, its words.

use encoding_rs::{Encoding, UTF_8};
use scraper::{ElementRef, Html, Node, Selector};

/// The most letters of the text of a page that are kept.
const MAX_TEXT: usize = 20_000;
/// How far into a page its charset is looked for; the HTML standard says 1024 bytes.
const PRESCAN: usize = 1024;

/// Words in a title or heading by which a page says that there is nothing, folded to lower case.
const NOTHING_HERE: &[&str] = &[
    "404",
    "410",
    "nicht gefunden",
    "nicht verfügbar",
    "nicht mehr verfügbar",
    "existiert nicht",
    "nicht vorhanden",
    "not found",
    "fehlerseite",
    "seite nicht erreichbar",
];
/// The longest heading that is taken for the word of an error page; a longer one is about something.
const MAX_HEADING: usize = 80;

/// A page, as far as its address is judged by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// `title`; may be empty.
    pub title: String,
    /// The first `h1`; may be empty.
    pub heading: String,
    /// Its words in lower case, those with a `/` or a digit left out: an error page repeats the address and the time.
    pub text: String,
}

impl Page {
    /// Reads a page as a browser would; `content_type` is the field, where there is one.
    pub fn read(bytes: &[u8], content_type: Option<&str>) -> Self {
        let encoding = content_type.and_then(charset).or_else(|| charset_within(bytes)).unwrap_or(UTF_8);
        let (text, _, _) = encoding.decode(bytes);
        let document = Html::parse_document(&text);
        let first = |selector: &str| {
            let selector = Selector::parse(selector).ok()?;
            document.select(&selector).next().map(|element| words(element.text()))
        };
        let mut said = String::new();
        visible(document.root_element(), &mut said);
        Self { title: first("title").unwrap_or_default(), heading: first("h1").unwrap_or_default(), text: said }
    }

    /// True when title or heading say that there is nothing at this address.
    pub fn says_nothing_here(&self) -> bool {
        [&self.title, &self.heading].into_iter().any(|text| {
            let text = text.to_lowercase();
            let said = |words: &str| match words.parse::<u16>() {
                Ok(_) => text.split(|c: char| !c.is_alphanumeric()).any(|word| word == words),
                Err(_) => text.contains(words),
            };
            text.chars().count() <= MAX_HEADING && NOTHING_HERE.iter().any(|words| said(words))
        })
    }
}

fn words<'a>(pieces: impl Iterator<Item = &'a str>) -> String {
    pieces.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Gathers the words that people see, in their order.
fn visible(root: ElementRef<'_>, said: &mut String) {
    for node in root.descendants() {
        let Node::Text(text) = node.value() else { continue };
        let hidden = node.ancestors().any(|above| {
            above
                .value()
                .as_element()
                .is_some_and(|element| matches!(element.name(), "script" | "style" | "noscript" | "template" | "head"))
        });
        if hidden {
            continue;
        }
        for word in text.split_whitespace().filter(|word| !word.contains(|c: char| c == '/' || c.is_numeric())) {
            if said.len() + word.len() > MAX_TEXT {
                return;
            }
            said.push_str(&word.to_lowercase());
            said.push(' ');
        }
    }
}

/// The charset of a content type.
fn charset(content_type: &str) -> Option<&'static Encoding> {
    let (_, rest) =
        content_type.to_ascii_lowercase().split_once("charset=").map(|(a, b)| (a.to_owned(), b.to_owned()))?;
    let label: String = rest.trim_start_matches(['"', '\'']).chars().take_while(|c| !"\"'; />".contains(*c)).collect();
    Encoding::for_label(label.as_bytes())
}

/// The charset that a page names in its first bytes.
fn charset_within(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..PRESCAN.min(bytes.len()))?;
    charset(&String::from_utf8_lossy(head))
}

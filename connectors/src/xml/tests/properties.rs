use proptest::prelude::*;
use quick_xml::events::Event as Token;

use super::*;

/// Whether quick-xml alone, with every check that it has, takes the document.
fn bare_accepts(document: &str) -> bool {
    let mut reader = quick_xml::Reader::from_str(document);
    reader.config_mut().check_comments = true;
    reader.config_mut().check_end_names = true;
    loop {
        match reader.read_event() {
            Ok(Token::Eof) => return true,
            Ok(Token::Start(tag) | Token::Empty(tag)) => {
                if tag.attributes().with_checks(true).any(|attribute| attribute.is_err()) {
                    return false;
                }
            }
            Ok(Token::GeneralRef(reference)) if reference.is_char_ref() => {
                if !matches!(reference.resolve_char_ref(), Ok(Some(_))) {
                    return false;
                }
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// One change of a document: at a place between 0 and 1, take some bytes away and put some in.
fn change() -> impl Strategy<Value = (f64, usize, String)> {
    let markup = prop::sample::select(vec![
        "<",
        ">",
        "/",
        "&",
        ";",
        "'",
        "\"",
        "=",
        " ",
        "\n",
        "\r",
        "]]>",
        "--",
        "-->",
        "<!--",
        "<![CDATA[",
        "?>",
        "<?",
        "<?xml ",
        "<!DOCTYPE",
        "&#",
        "x",
        ":",
        "xmlns:",
        "<a>",
        "</a>",
        "<b/>",
        "\u{1}",
        "ä",
        "\u{FFFE}",
        "\u{FEFF}",
    ]);
    let inserted = prop_oneof![4 => markup.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from), 1 => Just(String::new())];
    (0.0..1.0, 0usize..4, inserted)
}

fn changed(document: &str, changes: &[(f64, usize, String)]) -> Vec<u8> {
    let mut bytes = document.as_bytes().to_vec();
    for (place, taken, inserted) in changes {
        let at = (*place * (bytes.len() + 1) as f64) as usize;
        let end = (at + taken).min(bytes.len());
        bytes.splice(at.min(end)..end, inserted.bytes());
    }
    bytes
}

fn check(bytes: &[u8]) {
    if trace(bytes).is_ok()
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        assert!(bare_accepts(text), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes);
    }

    #[test]
    fn any_text_comes_to_an_end(text in "[<>/&;'\"= a-c:!?\\[\\]\\-#x0-9\r\n\u{1}\u{e4}\u{fffe}]{0,60}") {
        check(text.as_bytes());
    }

    #[test]
    fn changed_documents_come_to_an_end(
        at in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let documents: Vec<_> = good::documents().chain(bad::documents()).collect();
        check(&changed(documents[at.index(documents.len())], &changes));
    }
}

#[test]
fn what_is_read_is_read_by_the_tokeniser_alone_as_well() {
    for document in good::documents() {
        assert!(bare_accepts(document), "{document:?}");
    }
}

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check_clean(text: &str, expected: &str) {
    assert_eq!(clean_html(text).as_str(), expected, "{text}");
}

#[test]
fn what_is_not_of_the_ten_groups_goes_and_its_words_stay() {
    check_clean("<p>Wer <strong>muss</strong>?</p>", "<p>Wer <strong>muss</strong>?</p>");
    check_clean("<script>alert(1)</script>Text", "Text");
    check_clean("<style>p{}</style>Text", "Text");
    check_clean("<p onclick=\"x()\" style=\"color:red\" class=a>Klick</p>", "<p>Klick</p>");
    check_clean("<table><tr><td>Tabelle</td></tr></table>", "Tabelle");
    check_clean("<div><span>Wort</span></div>", "Wort");
    check_clean("<iframe src=\"https://angreifer.invalid\"></iframe>x", "x");
    check_clean("<!-- Kommentar --><p>x</p>", "<p>x</p>");
    check_clean("<p>offen <b>fett", "<p>offen <b>fett</b></p>");
    check_clean("<h1><font><h1>", "<h1></h1><h1></h1>");
    check_clean("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2");
}

#[test]
fn wrong_nesting_is_mended_until_it_reads_as_it_is_written() {
    let link = "<a href=\"https://a.example\">";
    for text in [format!("<h1>{link}<h1>{link}"), "<b>".repeat(40) + &link.repeat(40) + "<h1><h2><p><ul><li><h1>"] {
        let once = clean_html(&text);
        assert_eq!(clean_html(once.as_str()), once, "{text}");
    }
}

#[test]
fn a_link_keeps_its_address_when_that_may_stay() {
    let rel = "rel=\"noopener noreferrer\"";
    for address in ["https://a.example/x?y=1&amp;z=2", "http://a.example/", "mailto:a@b.example", "tel:+49221"] {
        check_clean(&format!("<a href=\"{address}\">x</a>"), &format!("<a href=\"{address}\" {rel}>x</a>"));
    }
    for address in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " java&#9;script:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//host.example",
        "/pfad",
        "#anker",
        "",
    ] {
        check_clean(&format!("<a href=\"{address}\" onclick=\"x()\" target=_blank>x</a>"), &format!("<a {rel}>x</a>"));
    }
}

#[test]
fn plain_text_has_gaps_where_blocks_end_and_none_inside_words() {
    for (html, text) in [
        ("<p>Ein</p><p>Zwei</p>", "Ein Zwei"),
        ("H<sub>2</sub>O und <b>F</b>ett", "H2O und Fett"),
        ("a&amp;b &lt;c&gt; &quot;d&quot; &#39;e&#39;&nbsp;f", "a&b <c> \"d\" 'e' f"),
        ("  viel \n\t Luft ", "viel Luft"),
        ("A & B; C", "A & B; C"),
        ("1 < 2", "1 < 2"),
        ("", ""),
    ] {
        assert_eq!(plain(html), text, "{html}");
    }
}

#[test]
fn characters_are_composed_and_what_nobody_sees_goes() {
    for (text, expected, stripped, foreign) in [
        ("Bu\u{308}ro", "B\u{fc}ro", false, false),
        ("Emoji \u{1f600}.", "Emoji .", true, false),
        ("R\u{202e}TL", "RTL", true, false),
        ("Null\u{200b}breite", "Nullbreite", true, false),
        ("Trenn\u{ad}stelle", "Trennstelle", false, false),
        ("„Straße“ – 5 €, 3 ≤ 4 → ſ", "„Straße“ – 5 €, 3 ≤ 4 → ſ", false, false),
        ("Běła Woda, Łódź, Đorđe, Ñandú", "Běła Woda, Łódź, Đorđe, Ñandú", false, false),
        ("\u{420}\u{443}\u{441}", "\u{420}\u{443}\u{441}", false, true),
        ("Deutsch und ein \u{3b1}", "Deutsch und ein \u{3b1}", false, false),
    ] {
        let found = characters(text);
        assert_eq!(found.text, expected, "{text:?}");
        assert_eq!((found.stripped.is_some(), found.mostly_foreign), (stripped, foreign), "{text:?}");
    }
    assert_eq!(characters("Deutsch und ein \u{3b1}").foreign, "\u{3b1}");
}

#[test]
fn only_what_is_forbidden_is_named() {
    for (text, expected) in [
        ("<p>x</p>", None),
        ("<P>x</P><BR/>", None),
        ("<a href=\"https://a.example\">x</a>", None),
        ("<a href=\"javascript:x\">x</a>", Some("a href=\"javascript:x\"")),
        ("<a>x</a>", Some("a ")),
        ("<table><td>x</td></table>", Some("table, td, table")),
        ("<p class=\"y\">x</p>", Some("p class=\"y\"")),
        ("<!-- x -->", Some("Kommentar")),
        ("1 < 2", None),
    ] {
        assert_eq!(forbidden(text).map(|tags| tags.replace("td, td", "td")).as_deref(), expected, "{text}");
    }
}

/// Pieces of HTML as editors and attackers write it.
fn piece() -> impl Strategy<Value = String> {
    let names = [
        "p",
        "br",
        "h1",
        "h3",
        "b",
        "strong",
        "i",
        "em",
        "sup",
        "sub",
        "ul",
        "ol",
        "li",
        "a",
        "div",
        "span",
        "table",
        "tr",
        "td",
        "tbody",
        "script",
        "style",
        "svg",
        "math",
        "mtext",
        "form",
        "img",
        "iframe",
        "textarea",
        "title",
        "noscript",
        "template",
        "select",
        "option",
        "plaintext",
        "body",
        "html",
        "pre",
        "P",
        "Br",
        "font",
        "nobr",
        "button",
        "caption",
        "colgroup",
        "dd",
        "dt",
        "ruby",
        "rt",
        "annotation-xml",
        "foreignObject",
        "desc",
        "mglyph",
    ];
    let common = proptest::sample::select(names[..13].to_vec());
    let any = proptest::sample::select(names.to_vec());
    let text = proptest::sample::select(vec![
        " ",
        "Wort",
        "ä",
        "&",
        "&amp;",
        "&lt;",
        "&gt;",
        "&nbsp;",
        "&#60;",
        "&quot;",
        "\u{a0}",
        "<",
        ">",
        "\"",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "\u{c}",
        "<!-- x -->",
        "<!doctype html>",
        "<![CDATA[x]]>",
        "<?x?>",
        "</",
        "&am",
        "&ampx",
        "<a href=\"https://a.example\">",
        "<a href='javascript:x'>",
        "</a>",
        "<p class=x>",
        "<br/>",
        "<br >",
        "]]>",
    ]);
    prop_oneof![
        4 => common.clone().prop_map(|name| format!("<{name}>")),
        4 => common.prop_map(|name| format!("</{name}>")),
        1 => any.clone().prop_map(|name| format!("<{name}>")),
        1 => any.prop_map(|name| format!("</{name}>")),
        4 => text.prop_map(str::to_owned),
    ]
}

/// Properly nested lists, paragraphs and emphasis: what the quick way is for.
fn nested() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        proptest::sample::select(vec!["Wort ", "&amp;", "&nbsp;", "<br>", "\n", "ä"]).prop_map(str::to_owned),
        proptest::sample::select(vec!["b", "i", "em", "strong"]).prop_map(|tag| format!("<{tag}>fett</{tag}>")),
        proptest::sample::select(vec!["b", "i"]).prop_map(|tag| format!("<{tag}><em>x</em> y</{tag}>")),
    ];
    let inline = proptest::collection::vec(words, 0..4).prop_map(|words| words.concat());
    inline.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("<p>{inner}</p>")),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|all| all.concat()),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|all| format!(
                "<ul>{}</ul>",
                all.iter().map(|one| format!("<li>{one}</li>")).collect::<String>()
            )),
            inner.prop_map(|inner| format!("<ol><li>{inner}</li></ol>")),
        ]
    })
}

fn html() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat()),
        nested(),
        "\\PC{0,40}",
        "[<>&;/a-c \\n\\r\\x00\u{a0}]{0,30}",
    ]
}

/// The names of the tags of clean HTML.
fn tags(html: &str) -> Vec<&str> {
    let inside = html.split('<').skip(1).map(|piece| piece.split('>').next().unwrap_or_default());
    inside.map(|tag| tag.trim_start_matches('/').split(' ').next().unwrap_or_default()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_quick_way_gives_what_the_parser_gives(text in html()) {
        if is_clean(&text) {
            prop_assert_eq!(CLEANER.clean(&text).to_string(), text);
        }
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(text in html()) {
        let once = clean_html(&text);
        prop_assert_eq!(clean_html(once.as_str()), once);
    }

    #[test]
    fn only_the_ten_groups_come_out(text in html()) {
        let html = clean_html(&text);
        for tag in tags(html.as_str()) {
            prop_assert!(TAGS[..18].contains(&tag), "{} in {}", tag, html.as_str());
        }
        for piece in html.as_str().split('<').skip(1) {
            let tag = piece.split('>').next().unwrap_or_default();
            let rest = tag.split_once(' ').map_or("", |(_, rest)| rest);
            let rest = rest.replace("href=\"https://a.example\" ", "");
            prop_assert!(rest.is_empty() || rest == "rel=\"noopener noreferrer\"", "{}", tag);
        }
    }

    #[test]
    fn no_text_is_too_strange_for_plain(text in html(), any in any::<String>()) {
        let plain_text = plain(&text);
        prop_assert_eq!(plain_text.trim(), plain_text.as_str());
        plain(&any);
        forbidden(&any);
        forbidden(&text);
        characters(&any);
    }

    #[test]
    fn the_words_of_clean_html_survive(words in proptest::collection::vec("[a-zäöüß]{1,8}", 1..6)) {
        let html = words.iter().map(|word| format!("<div><p>{word}</p></div>")).collect::<String>();
        prop_assert_eq!(plain(clean_html(&html).as_str()), words.join(" "));
    }
}

use super::*;

/// Documents that are well-formed, and what is read of them.
const GOOD: &[(&str, &str)] = &[
    // the smallest documents, and what may stand around the root
    ("<a/>", "<a></>"),
    ("<a></a>", "<a></>"),
    ("<a ></a >", "<a></>"),
    ("<a\n\t></a\n\t>", "<a></>"),
    ("<a />", "<a></>"),
    (" \t\r\n<a/>\n ", "<a></>"),
    ("<!-- x --><a/><!-- y -->", "<a></>"),
    ("<?x?><a/><?y z?>", "<a></>"),
    ("<?x y<>&'\"?><a/>", "<a></>"),
    ("<?x ??><a/>", "<a></>"),
    ("<?xm l?><a/>", "<a></>"),
    ("<?xml-stylesheet href='x'?><a/>", "<a></>"),
    ("<?x.y-z_1 ?><a/>", "<a></>"),
    // the declaration
    ("<?xml version='1.0'?><a/>", "<a></>"),
    ("<?xml version=\"1.0\"?><a/>", "<a></>"),
    ("<?xml version = '1.0' ?><a/>", "<a></>"),
    ("<?xml\tversion\n=\r\"1.0\"\n?><a/>", "<a></>"),
    ("<?xml version='1.0' encoding='UTF-8'?><a/>", "<a></>"),
    ("<?xml version='1.0' encoding='utf-8'?><a>ä</a>", "<a>ä</>"),
    ("<?xml version='1.0' encoding=\"uTf-8\" standalone='yes'?><a/>", "<a></>"),
    ("<?xml version='1.0' standalone=\"no\"?>\n<a/>", "<a></>"),
    ("<?xml version='1.0' encoding='US-ASCII'?><a>&#228;</a>", "<a>ä</>"),
    // a byte order mark is no part of the document
    ("\u{FEFF}<a/>", "<a></>"),
    ("\u{FEFF}<?xml version='1.0' encoding='UTF-8'?><a/>", "<a></>"),
    ("<a>\u{FEFF}</a>", "<a>\u{FEFF}</>"),
    // names
    ("<_/>", "<_></>"),
    ("<a.b-c_d1/>", "<a.b-c_d1></>"),
    ("<ä/>", "<ä></>"),
    ("<Ø\u{B7}\u{300}\u{203F}/>", "<Ø\u{B7}\u{300}\u{203F}></>"),
    ("<\u{10000}/>", "<\u{10000}></>"),
    ("<\u{4E00}x/>", "<\u{4E00}x></>"),
    ("<xmlx/>", "<xmlx></>"),
    // attributes and their normalisation
    ("<a b='1' c=\"2\"/>", "<a b=1 c=2></>"),
    ("<a b = '1'\n c\t=\t'2' />", "<a b=1 c=2></>"),
    ("<a b='>'/>", "<a b=>></>"),
    ("<a b='\"' c=\"'\"/>", "<a b=\" c='></>"),
    ("<a b='x\ty\nz'/>", "<a b=x y z></>"),
    ("<a b='x\r\ny\rz'/>", "<a b=x y z></>"),
    ("<a b='&#9;&#10;&#13;&#32;'/>", "<a b=\t\n\r ></>"),
    ("<a b='&lt;&gt;&amp;&quot;&apos;'/>", "<a b=<>&\"'></>"),
    ("<a b=' x '/>", "<a b= x ></>"),
    ("<a b=''/>", "<a b=></>"),
    ("<a b=']]>'/>", "<a b=]]>></>"),
    (
        "<a xml:lang='de' xml:space='preserve'/>",
        "<a {http://www.w3.org/XML/1998/namespace}lang=de {http://www.w3.org/XML/1998/namespace}space=preserve></>",
    ),
    // text
    ("<a>x</a>", "<a>x</>"),
    ("<a>x\r\ny\rz\n</a>", "<a>x\ny\nz\n</>"),
    ("<a>\r\r\n\r</a>", "<a>\n\n\n</>"),
    ("<a>&#13;</a>", "<a>\r</>"),
    ("<a>x > y</a>", "<a>x > y</>"),
    ("<a>]] ></a>", "<a>]] ></>"),
    ("<a>]]&gt;</a>", "<a>]]></>"),
    ("<a>]]<!-- -->></a>", "<a>]]></>"),
    ("<a>&amp;lt;</a>", "<a>&lt;</>"),
    ("<a>&#x41;&#65;&#x00000000041;</a>", "<a>AAA</>"),
    ("<a>&#x10FFFF;&#xFFFD;&#xE000;&#xD7FF;</a>", "<a>\u{10FFFF}\u{FFFD}\u{E000}\u{D7FF}</>"),
    ("<a>\u{7F}\u{80}\u{85}\u{9F}</a>", "<a>\u{7F}\u{80}\u{85}\u{9F}</>"),
    ("<a>\u{FFFD}\u{FDD0}\u{1FFFE}</a>", "<a>\u{FFFD}\u{FDD0}\u{1FFFE}</>"),
    ("<a>😀</a>", "<a>😀</>"),
    // comments and instructions inside
    ("<a><!----></a>", "<a></>"),
    ("<a><!-->--></a>", "<a></>"),
    ("<a><!--->--></a>", "<a></>"),
    ("<a><!-- - - <b> & ]]> --></a>", "<a></>"),
    ("<a>x<?y?>z</a>", "<a>xz</>"),
    ("<a><!--\n--></a>", "<a></>"),
    // CDATA
    ("<a><![CDATA[]]></a>", "<a></>"),
    ("<a><![CDATA[<b>&amp;]]></a>", "<a><b>&amp;</>"),
    ("<a><![CDATA[]]]]><![CDATA[>]]></a>", "<a>]]></>"),
    ("<a><![CDATA[]]]></a>", "<a>]</>"),
    ("<a><![CDATA[>]>]]></a>", "<a>>]></>"),
    ("<a><![CDATA[x\r\ny]]></a>", "<a>x\ny</>"),
    ("<a><![CDATA[<![CDATA[]]></a>", "<a><![CDATA[</>"),
    // elements
    ("<a><b/><b></b></a>", "<a><b></><b></></>"),
    ("<a>1<b>2</b>3</a>", "<a>1<b>2</>3</>"),
    ("<a><a><a/></a></a>", "<a><a><a></></></>"),
    // namespaces
    ("<a xmlns='u'/>", "<{u}a></>"),
    ("<p:a xmlns:p='u' p:b='1' b='2'/>", "<{u}a {u}b=1 b=2></>"),
    ("<a xmlns='u' b='1'><c xmlns=''/></a>", "<{u}a b=1><c></></>"),
    ("<p:a xmlns:p='u'><p:a xmlns:p='v'/><p:a/></p:a>", "<{u}a><{v}a></><{u}a></></>"),
    ("<p:a p:b='' xmlns:p='u'/>", "<{u}a {u}b=></>"),
    ("<a xmlns:p='u' xmlns:q='v' p:b='1' q:b='2'/>", "<a {u}b=1 {v}b=2></>"),
    ("<a xmlns='u' xmlns:p='u' b='1' p:b='2'/>", "<{u}a b=1 {u}b=2></>"),
    ("<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", "<a></>"),
    ("<xml:a/>", "<{http://www.w3.org/XML/1998/namespace}a></>"),
    ("<a xmlns='urn:known'/>", "<{urn:known}a></>"),
    ("<a xmlns='u&#38;v'/>", "<{u&v}a></>"),
    ("<p:a xmlns:p='u' xmlns:P='v'><P:b/></p:a>", "<{u}a><{v}b></></>"),
    ("<a xmlns:xmlx='u'><xmlx:b/></a>", "<a><{u}b></></>"),
];

#[test]
fn good_documents_are_read() {
    assert!(GOOD.len() >= 60);
    for (document, expected) in GOOD {
        assert_eq!(trace(document.as_bytes()).as_deref(), Ok(*expected), "{document:?}");
    }
}

#[test]
fn good_documents_are_read_in_utf_16() {
    for (document, expected) in GOOD {
        if document.starts_with('\u{FEFF}') || document.contains("encoding=") {
            continue;
        }
        for big_endian in [false, true] {
            assert_eq!(trace(&utf16(document, big_endian)).as_deref(), Ok(*expected), "{document:?}");
        }
    }
}

#[test]
fn other_encodings_are_read_as_declared() {
    for (declared, big_endian) in [("UTF-16", true), ("UTF-16", false), ("utf-16be", true), ("UTF-16LE", false)] {
        let document = format!("<?xml version='1.0' encoding='{declared}'?><a>ź\u{10FFFF}</a>");
        assert_eq!(trace(&utf16(&document, big_endian)).as_deref(), Ok("<a>ź\u{10FFFF}</>"), "{declared}");
    }
    for declared in ["ISO-8859-1", "iso-8859-1", "ISO_8859-1", "latin1"] {
        let mut document = format!("<?xml version='1.0' encoding='{declared}'?><a>").into_bytes();
        document.extend_from_slice(b"\xFC\x80\xA4</a>");
        assert_eq!(trace(&document).as_deref(), Ok("<a>ü\u{80}¤</>"), "{declared}");
    }
}

#[test]
fn size_alone_is_no_fault() {
    let text = "ä€😀 \r\n".repeat(40_000);
    let document = format!("<a>{text}<b/>{text}</a>");
    let normal = text.replace("\r\n", "\n");
    let expected = format!("<a>{normal}<b></>{normal}</>");
    assert_eq!(trace_of(document.as_bytes(), Limits::default()).as_deref(), Ok(expected.as_str()));
    assert_eq!(trace_of(&utf16(&document, true)[..], Limits::default()).as_deref(), Ok(expected.as_str()));
    let space = " ".repeat(30_000);
    let document = format!("<?xml{space}version='1.0'{space}?>{space}<a/>{space}{space}{space}");
    assert_eq!(trace_of(document.as_bytes(), Limits::default()).as_deref(), Ok("<a></>"));
}

/// Every document above, for mutation.
pub(super) fn documents() -> impl Iterator<Item = &'static str> {
    GOOD.iter().map(|(document, _)| *document)
}

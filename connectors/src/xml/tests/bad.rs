use super::*;

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ill,
    Doctype,
    Encoding,
    Empty,
}

use Verdict::{Doctype, Empty, Encoding, Ill};

/// Documents that are refused although most of them look harmless.
const BAD: &[(&str, Verdict)] = &[
    // nothing, or not XML
    ("", Empty),
    (" \r\n\t", Empty),
    ("\u{FEFF}", Empty),
    ("\u{FEFF} ", Empty),
    ("x", Ill),
    ("{}", Ill),
    ("<", Ill),
    (">", Ill),
    ("<>", Ill),
    ("</>", Ill),
    ("<!-- x -->", Ill),
    ("<?x?>", Ill),
    ("<?xml version='1.0'?>", Ill),
    // the root
    ("<a/><b/>", Ill),
    ("<a></a><a></a>", Ill),
    ("<a/>x", Ill),
    ("x<a/>", Ill),
    ("<a/>&#32;", Ill),
    ("&#32;<a/>", Ill),
    ("<a/>&amp;", Ill),
    ("<a/><![CDATA[]]>", Ill),
    ("<![CDATA[]]><a/>", Ill),
    ("<a/></a>", Ill),
    ("</a>", Ill),
    ("<a/>\u{FEFF}", Ill),
    ("\u{FEFF}\u{FEFF}<a/>", Ill),
    ("<a/>\u{A0}", Ill),
    ("\u{2028}<a/>", Ill),
    // tags that do not end, or not each other
    ("<a>", Ill),
    ("<a><b>", Ill),
    ("<a><b></a>", Ill),
    ("<a><b></a></b>", Ill),
    ("<a></A>", Ill),
    ("<a></a", Ill),
    ("<a></ a>", Ill),
    ("<a></a b='c'>", Ill),
    ("<a></a/>", Ill),
    ("<a", Ill),
    ("<a/", Ill),
    ("<a / >", Ill),
    ("<a/ >", Ill),
    ("<a//>", Ill),
    ("< a/>", Ill),
    ("<a><</a>", Ill),
    ("<a<b/>", Ill),
    ("<p:a xmlns:p='u' xmlns:q='u'></q:a>", Ill),
    // names
    ("<1/>", Ill),
    ("<-a/>", Ill),
    ("<.a/>", Ill),
    ("<a$/>", Ill),
    ("<a;b/>", Ill),
    ("<a\u{D7}/>", Ill),
    ("<\u{300}a/>", Ill),
    ("<\u{B7}/>", Ill),
    ("<a\u{2028}/>", Ill),
    ("<a\u{A0}b='c'/>", Ill),
    ("<a\u{37E}/>", Ill),
    ("<😀\u{F0000}/>", Ill),
    ("<a ?='x'/>", Ill),
    ("<a 1b='x'/>", Ill),
    // attributes
    ("<a b/>", Ill),
    ("<a b=/>", Ill),
    ("<a b=c/>", Ill),
    ("<a b='c/>", Ill),
    ("<a b='c\"/>", Ill),
    ("<a ='c'/>", Ill),
    ("<a 'c'/>", Ill),
    ("<a b='1'c='2'/>", Ill),
    ("<a b='1',c='2'/>", Ill),
    ("<a b='1' b='2'/>", Ill),
    ("<a b='1' b='1'/>", Ill),
    ("<a b='<'/>", Ill),
    ("<a b='&lt'/>", Ill),
    ("<a b='&'/>", Ill),
    ("<a b='& c;'/>", Ill),
    ("<a b='&c;'/>", Ill),
    ("<a b='&#0;'/>", Ill),
    ("<a b=='1'/>", Ill),
    ("<a b='1'/c>", Ill),
    ("<a/b='1'>", Ill),
    // references
    ("<a>&</a>", Ill),
    ("<a>& </a>", Ill),
    ("<a>&;</a>", Ill),
    ("<a>&lt</a>", Ill),
    ("<a>&lt ;</a>", Ill),
    ("<a>& lt;</a>", Ill),
    ("<a>&LT;</a>", Ill),
    ("<a>&nbsp;</a>", Ill),
    ("<a>&auml;</a>", Ill),
    ("<a>&a:b;</a>", Ill),
    ("<a>&#;</a>", Ill),
    ("<a>&#x;</a>", Ill),
    ("<a>&#X41;</a>", Ill),
    ("<a>&#4a;</a>", Ill),
    ("<a>&#x4g;</a>", Ill),
    ("<a>&#-65;</a>", Ill),
    ("<a>&#+65;</a>", Ill),
    ("<a>&#0;</a>", Ill),
    ("<a>&#x0;</a>", Ill),
    ("<a>&#1;</a>", Ill),
    ("<a>&#x1F;</a>", Ill),
    ("<a>&#xD800;</a>", Ill),
    ("<a>&#xDFFF;</a>", Ill),
    ("<a>&#xFFFE;</a>", Ill),
    ("<a>&#xFFFF;</a>", Ill),
    ("<a>&#x110000;</a>", Ill),
    ("<a>&#99999999999999999999;</a>", Ill),
    ("<a>&#x100000041;</a>", Ill),
    // text
    ("<a>]]></a>", Ill),
    ("<a>x]]]>y</a>", Ill),
    ("<a>\u{0}</a>", Ill),
    ("<a>\u{1}</a>", Ill),
    ("<a>\u{8}</a>", Ill),
    ("<a>\u{B}</a>", Ill),
    ("<a>\u{C}</a>", Ill),
    ("<a>\u{1B}</a>", Ill),
    ("<a>\u{FFFE}</a>", Ill),
    ("<a>\u{FFFF}</a>", Ill),
    ("<a b='\u{1}'/>", Ill),
    ("<!--\u{1}--><a/>", Ill),
    ("<?x \u{1}?><a/>", Ill),
    ("<a><![CDATA[\u{1}]]></a>", Ill),
    ("<a/>\u{0}", Ill),
    // comments
    ("<!-- -- --><a/>", Ill),
    ("<!-- ---><a/>", Ill),
    ("<!-----><a/>", Ill),
    ("<!--><a/>", Ill),
    ("<!--- <a/>", Ill),
    ("<!- x -><a/>", Ill),
    ("<! -- x --><a/>", Ill),
    ("<a><!-- x </a>", Ill),
    ("<a <!-- x --> />", Ill),
    // processing instructions
    ("<??><a/>", Ill),
    ("<? x?><a/>", Ill),
    ("<?x><a/>", Ill),
    ("<?x", Ill),
    ("<?1?><a/>", Ill),
    ("<?x:y?><a/>", Ill),
    ("<?x+y?><a/>", Ill),
    ("<?XML version='1.0'?><a/>", Ill),
    ("<?xMl?><a/>", Ill),
    ("<a><?xml version='1.0'?></a>", Ill),
    // the declaration
    (" <?xml version='1.0'?><a/>", Ill),
    ("\n<?xml version='1.0'?><a/>", Ill),
    ("<!-- --><?xml version='1.0'?><a/>", Ill),
    ("<?xml version='1.0'?><?xml version='1.0'?><a/>", Ill),
    ("<?xml?><a/>", Ill),
    ("<?xml ?><a/>", Ill),
    ("<?xml encoding='UTF-8'?><a/>", Ill),
    ("<?xml standalone='yes'?><a/>", Ill),
    ("<?xml version='1.1'?><a/>", Ill),
    ("<?xml version='2.0'?><a/>", Ill),
    ("<?xml version=''?><a/>", Ill),
    ("<?xml version=1.0?><a/>", Ill),
    ("<?xml version='1.0\"?><a/>", Ill),
    ("<?xml version='1.0' version='1.0'?><a/>", Ill),
    ("<?xml Version='1.0'?><a/>", Ill),
    ("<?xml version='1.0'encoding='UTF-8'?><a/>", Ill),
    ("<?xml version='1.0' encoding=''?><a/>", Ill),
    ("<?xml version='1.0' encoding='8'?><a/>", Ill),
    ("<?xml version='1.0' encoding=' UTF-8'?><a/>", Ill),
    ("<?xml version='1.0' encoding='UTF 8'?><a/>", Ill),
    ("<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>", Ill),
    ("<?xml version='1.0' standalone='YES'?><a/>", Ill),
    ("<?xml version='1.0' standalone='true'?><a/>", Ill),
    ("<?xml version='1.0' x='y'?><a/>", Ill),
    ("<?xml version='1.0'><a/>", Ill),
    ("<?xml version='1.0' ? ><a/>", Ill),
    ("<?xml version='1.0'", Ill),
    ("<?xml version='1.0' encoding='ä'?><a/>", Ill),
    // CDATA
    ("<a><![CDATA[</a>", Ill),
    ("<a><![CDATA[x]]</a>", Ill),
    ("<a><![CDATA x]]></a>", Ill),
    ("<a><![cdata[x]]></a>", Ill),
    ("<a><! [CDATA[x]]></a>", Ill),
    ("<a><![CDATA[x]]>]]></a>", Ill),
    ("<a><![IGNORE[x]]></a>", Ill),
    // document type declarations, whatever they hold
    ("<!DOCTYPE a><a/>", Doctype),
    ("<!DOCTYPE a []><a/>", Doctype),
    ("<!DOCTYPE a [<!ELEMENT a ANY>]><a/>", Doctype),
    ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", Doctype),
    ("<!DOCTYPE a PUBLIC 'x' 'http://localhost/'><a/>", Doctype),
    ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", Doctype),
    ("<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://localhost/'>%b;]><a/>", Doctype),
    ("<!DOCTYPE html><html></html>", Doctype),
    ("<!DOCTYPE", Doctype),
    ("<!DOCTYPE a [", Doctype),
    ("<!DOCTYPE a [<!ENTITY b '", Doctype),
    ("<?xml version='1.0'?>\n<!-- x --><!DOCTYPE a><a/>", Doctype),
    ("<!doctype html><html></html>", Doctype),
    ("<!Doctype a><a/>", Doctype),
    ("<!DOC a><a/>", Ill),
    ("<!ELEMENT a ANY><a/>", Ill),
    ("<!ENTITY a 'b'><a/>", Ill),
    ("<a><!ELEMENT a ANY></a>", Ill),
    ("<!><a/>", Ill),
    // namespaces
    ("<p:a/>", Ill),
    ("<a p:b='c'/>", Ill),
    ("<a xmlns:p='u'/><p:b/>", Ill),
    ("<a><b xmlns:p='u'/><p:c/></a>", Ill),
    ("<a xmlns:p=''/>", Ill),
    ("<a xmlns:p='u'><b xmlns:p=''/></a>", Ill),
    ("<a xmlns:xmlns='u'/>", Ill),
    ("<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>", Ill),
    ("<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", Ill),
    ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", Ill),
    ("<a xmlns:xml='u'/>", Ill),
    ("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", Ill),
    ("<a xmlns='http://www.w3.org/XML/1998/namespace'/>", Ill),
    ("<xmlns:a xmlns:xmlns='u'/>", Ill),
    ("<xmlns:a/>", Ill),
    ("<a xmlns='u' xmlns='v'/>", Ill),
    ("<a xmlns:p='u' xmlns:p='u'/>", Ill),
    ("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", Ill),
    ("<a xmlns:p='u' xmlns:q='&#117;' p:b='1' q:b='2'/>", Ill),
    ("<:a/>", Ill),
    ("<a:/>", Ill),
    ("<p:a:b xmlns:p='u'/>", Ill),
    ("<p::a xmlns:p='u'/>", Ill),
    ("<p:1 xmlns:p='u'/>", Ill),
    ("<p:-a xmlns:p='u'/>", Ill),
    ("<a :b='c'/>", Ill),
    ("<a b:='c'/>", Ill),
    ("<a xmlns:='u'/>", Ill),
    ("<a xmlns:p:q='u'/>", Ill),
    ("<a xmlns:1='u'/>", Ill),
    ("<P:a xmlns:p='u'/>", Ill),
    // encodings that are not there, or not what they say
    ("<?xml version='1.0' encoding='UTF-16'?><a/>", Encoding),
    ("<?xml version='1.0' encoding='UTF-16LE'?><a/>", Encoding),
    ("<?xml version='1.0' encoding='UTF-32'?><a/>", Encoding),
    ("<?xml version='1.0' encoding='utf8'?><a/>", Encoding),
    ("<?xml version='1.0' encoding='UTF-7'?><a/>", Encoding),
    ("<?xml version='1.0' encoding='windows-1252'?><a/>", Encoding),
    ("<?xml version='1.0' encoding='ISO-8859-15'?><a/>", Encoding),
    ("<?xml version='1.0' encoding='x'?><a/>", Encoding),
    ("<?xml version='1.0' encoding='US-ASCII'?><a>ä</a>", Encoding),
    ("\u{FEFF}<?xml version='1.0' encoding='ISO-8859-1'?><a/>", Encoding),
    ("\u{FEFF}<?xml version='1.0' encoding='US-ASCII'?><a/>", Encoding),
    ("\u{FEFF}<?xml version='1.0' encoding='UTF-16'?><a/>", Encoding),
];

/// The same for bytes that are no text.
const BAD_BYTES: &[(&[u8], Verdict)] = &[
    (b"<a>\xE4</a>", Encoding),
    (b"<a>\xFF</a>", Encoding),
    (b"<a>\xC0\x80</a>", Encoding),
    (b"<a>\xC1\xBF</a>", Encoding),
    (b"<a>\xE0\x80\xAF</a>", Encoding),
    (b"<a>\xF0\x80\x80\xAF</a>", Encoding),
    (b"<a>\xED\xA0\x80</a>", Encoding),
    (b"<a>\xED\xA0\xBD\xED\xB8\x80</a>", Encoding),
    (b"<a>\xF4\x90\x80\x80</a>", Encoding),
    (b"<a>\xF8\x88\x80\x80\x80</a>", Encoding),
    (b"<a>\x80</a>", Encoding),
    (b"<a>\xC3</a>", Encoding),
    (b"<a/>\xC3", Encoding),
    (b"<a>\xE2\x82</a>", Encoding),
    (b"<a b='\xE4'/>", Encoding),
    (b"<a\xE4/>", Encoding),
    (b"<!--\xE4--><a/>", Encoding),
    (b"<?x \xE4?><a/>", Encoding),
    (b"\xEF\xBB<a/>", Encoding),
    (b"\xFE\xFF", Empty),
    (b"\xFF\xFE", Empty),
    (b"\xFF\xFE<\x00a\x00/\x00>", Encoding),
    (b"\xFE\xFF\x00<\x00a\x00/", Ill),
    (b"\xFE\xFF\x00<\x00a\x00>\xD8\x00\x00<\x00/\x00a\x00>", Encoding),
    (b"\xFE\xFF\x00<\x00a\x00>\xDC\x00\x00<\x00/\x00a\x00>", Encoding),
    (b"\xFE\xFF\x00<\x00a\x00>\xFF\xFE\x00<\x00/\x00a\x00>", Ill),
    (b"\xFE\xFF\x00<\x00a\x00>\x00\x00\x00<\x00/\x00a\x00>", Ill),
    (b"\xFE\xFF\x00<\x00a\x00/\x00>\xD8\x00", Encoding),
    (b"\xFE\xFF\xFE\xFF\x00<\x00a\x00/\x00>", Ill),
    (b"\x00<\x00a\x00/\x00>", Encoding),
    (b"<\x00a\x00/\x00>\x00", Encoding),
    (b"\x00\x00\xFE\xFF\x00\x00\x00<", Encoding),
    (b"\xFF\xFE\x00\x00<\x00\x00\x00", Encoding),
    (b"\x4C\x6F\xA7\x94\x93", Encoding),
    (b"\x00", Ill),
    (b"\x1F\x8B\x08\x00", Ill),
    (b"PK\x03\x04", Ill),
];

fn verdict(fault: &XmlFault) -> Option<Verdict> {
    match fault.kind {
        FaultKind::NotWellFormed(_) => Some(Ill),
        FaultKind::Doctype => Some(Doctype),
        FaultKind::Encoding(_) => Some(Encoding),
        FaultKind::Empty => Some(Empty),
        FaultKind::Limit(_) | FaultKind::Read(_) => None,
    }
}

#[test]
fn bad_documents_are_refused() {
    assert!(BAD.len() + BAD_BYTES.len() >= 110);
    let texts = BAD.iter().map(|(document, expected)| (document.as_bytes(), *expected));
    let mut wrong = Vec::new();
    for (document, expected) in texts.chain(BAD_BYTES.iter().copied()) {
        let found = trace(document);
        if found.as_ref().err().and_then(verdict) != Some(expected) {
            wrong.push(format!("{:?}: {found:?}, not {expected:?}", String::from_utf8_lossy(document)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bad_documents_are_refused_in_utf_16_too() {
    for (document, expected) in BAD {
        if document.starts_with('\u{FEFF}') || *expected == Encoding {
            continue;
        }
        let found = trace(&utf16(document, false));
        assert_eq!(found.as_ref().err().and_then(verdict), Some(*expected), "{document:?}: {found:?}");
    }
}

#[test]
fn a_declaration_that_contradicts_utf_16_is_refused() {
    for declared in ["UTF-8", "ISO-8859-1", "US-ASCII", "UTF-16BE"] {
        let document = format!("<?xml version='1.0' encoding='{declared}'?><a/>");
        let found = trace(&utf16(&document, false));
        assert_eq!(found.as_ref().err().and_then(verdict), Some(Encoding), "{declared}: {found:?}");
    }
}

/// Every document above, for mutation.
pub(super) fn documents() -> impl Iterator<Item = &'static str> {
    BAD.iter().map(|(document, _)| *document)
}

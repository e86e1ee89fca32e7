//! The verdicts of the strict layer: a table of good documents, a table of bad ones, and properties over all bytes.

mod bad;
mod good;
mod properties;

use std::io::Read;

use super::*;

/// Gives one byte at a time, so that every token is cut everywhere.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
        let Some(place) = buffer.first_mut() else { return Ok(0) };
        *place = *first;
        self.0 = rest;
        Ok(1)
    }
}

const KNOWN: &[&str] = &["urn:known"];

/// Reads to the end and writes down what was read: `<{uri}local attribute=value>text</>`.
fn trace_of(source: impl Read, limits: Limits) -> Result<String, XmlFault> {
    let mut reader = XmlReader::new(source, limits, KNOWN);
    let mut trace = String::new();
    loop {
        match reader.next_event()? {
            Event::Start(tag) => {
                assert_eq!(tag.namespace() == Namespace::Known(0), tag.uri() == "urn:known");
                assert_eq!(tag.namespace() == Namespace::None, tag.uri().is_empty());
                trace.push('<');
                push_name(&mut trace, tag.uri(), tag.local());
                for attribute in tag.attributes() {
                    trace.push(' ');
                    push_name(&mut trace, attribute.uri, attribute.local);
                    trace.push('=');
                    trace.push_str(attribute.value);
                }
                trace.push('>');
            }
            Event::End => trace.push_str("</>"),
            Event::Text(text) => trace.push_str(&text),
            Event::Ignorable => {}
            Event::Eof => return Ok(trace),
        }
    }
}

fn push_name(trace: &mut String, uri: &str, local: &str) {
    if !uri.is_empty() {
        trace.push_str(&format!("{{{uri}}}"));
    }
    trace.push_str(local);
}

/// The trace, which must not depend on how the bytes arrive.
fn trace(bytes: &[u8]) -> Result<String, XmlFault> {
    let whole = trace_of(bytes, Limits::default());
    let dripped = trace_of(Drip(bytes), Limits::default());
    assert_eq!(whole, dripped, "{:?}", String::from_utf8_lossy(bytes));
    whole
}

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[track_caller]
fn check_place(document: &str, line: u64, column: u64) {
    let fault = trace(document.as_bytes()).unwrap_err();
    assert_eq!((fault.line, fault.column), (line, column), "{fault}");
}

#[test]
fn a_fault_has_its_place() {
    check_place("<a>\n  <b>\n</a>", 3, 1);
    check_place("<a>\r\n<b x='1' x='2'/></a>", 2, 10);
    check_place("<a>ü]]></a>", 1, 5);
    check_place("<a>\rä\u{1}</a>", 2, 2);
    check_place("<a>&nein;</a>", 1, 4);
    check_place("<a/>\n\nx", 3, 1);
    check_place("<a/>\n<b/>", 2, 1);
    check_place("<!-- x --><!DOCTYPE a><a/>", 1, 11);
    check_place("<a>\n\n<b", 3, 1);
    check_place("<a b='1\n<'/>", 2, 1);
    check_place("<a><![CDATA[\n\n]]></b></a>", 3, 4);
}

#[test]
fn after_a_fault_the_same_fault_comes_again() {
    let mut reader = XmlReader::new(&b"<a></b><c/>"[..], Limits::default(), KNOWN);
    while reader.next_event().is_ok() {}
    let first = reader.next_event().map(|_| ()).unwrap_err();
    assert_eq!(reader.next_event().map(|_| ()).unwrap_err(), first);
}

#[test]
fn a_fault_of_the_source_is_not_the_documents() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("cut"))
        }
    }
    let fault = trace_of(b"<a>".chain(Broken), Limits::default()).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Read("cut".into()));
    assert_eq!(Finding::from(fault).rule, Rule::FetchFailed);
}

#[test]
fn faults_become_findings_with_line_and_column() {
    let finding = Finding::from(trace(b"<a>\n</b>").unwrap_err());
    assert_eq!((finding.rule, finding.line), (Rule::XmlNotWellFormed, Some(2)));
    assert!(finding.sentence().contains("Spalte 1)"), "{}", finding.sentence());
    for (document, rule) in
        [(&b"<!DOCTYPE a><a/>"[..], Rule::XmlDoctype), (b"<a>\xFF</a>", Rule::XmlEncoding), (b"", Rule::XmlEmpty)]
    {
        assert_eq!(Finding::from(trace(document).unwrap_err()).rule, rule);
    }
}

/// Gives `begin`, then `middle` for ever.
struct Endless {
    begin: &'static [u8],
    middle: &'static [u8],
    at: usize,
    given: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for place in buffer.iter_mut() {
            let next = self.begin.get(self.at).or_else(|| {
                let at = (self.at - self.begin.len()) % self.middle.len();
                self.middle.get(at)
            });
            *place = *next.unwrap();
            self.at += 1;
        }
        self.given += buffer.len() as u64;
        Ok(buffer.len())
    }
}

#[test]
fn a_token_without_end_is_stopped_while_it_is_read() {
    let cases: [(&[u8], &[u8]); 12] = [
        (b"<", b"a"),
        (b"<a ", b" "),
        (b"<a b='", b"x"),
        (b"<a ", b"b='' "),
        (b"<a>", b"text "),
        (b"<a>&", b"x"),
        (b"<a><![CDATA[", b"x"),
        (b"<a>", b"<![CDATA[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]]>"),
        (b"<!--", b"x"),
        (b"<?x ", b"x"),
        (b"<a>", b"<a>"),
        (b"<a></a", b" "),
    ];
    for (begin, middle) in cases {
        let mut source = Endless { begin, middle, at: 0, given: 0 };
        let fault = trace_of(&mut source, Limits::default()).unwrap_err();
        let shown = String::from_utf8_lossy(begin);
        assert!(matches!(fault.kind, FaultKind::Limit(_) | FaultKind::NotWellFormed(_)), "{shown} {fault}");
        assert!(source.given < 6 * 1024 * 1024, "{shown} took {} bytes", source.given);
    }
    let mut source = Endless { begin: b"<a>", middle: b"<b>x</b>", at: 0, given: 0 };
    let limits = Limits { document_bytes: 1_000_000, ..Limits::default() };
    let fault = trace_of(&mut source, limits).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Limit(_)), "{fault}");
    assert!(source.given < 1_200_000);
}

#[track_caller]
fn check_limit(limits: Limits, at_most: &str, too_much: &str) {
    assert!(trace_of(at_most.as_bytes(), limits.clone()).is_ok(), "{at_most}");
    let fault = trace_of(too_much.as_bytes(), limits).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Limit(_)), "{too_much}: {fault}");
}

#[test]
fn limits_are_exact() {
    let limits = Limits::default;
    check_limit(Limits { depth: 2, ..limits() }, "<a><b/><b/></a>", "<a><b><c/></b></a>");
    check_limit(Limits { attributes: 2, ..limits() }, "<a b='' c=''/>", "<a b='' c='' d=''/>");
    check_limit(Limits { name_bytes: 3, ..limits() }, "<abc/>", "<abcd/>");
    check_limit(Limits { name_bytes: 3, ..limits() }, "<a abc=''/>", "<a abcd=''/>");
    check_limit(Limits { name_bytes: 3, ..limits() }, "<?abc?><a/>", "<?abcd?><a/>");
    check_limit(Limits { value_bytes: 3, ..limits() }, "<a b='xyz'/>", "<a b='wxyz'/>");
    check_limit(Limits { text_bytes: 6, ..limits() }, "<a>123&lt;<!-- -->56</a>", "<a>123<!-- --><![CDATA[4567]]></a>");
    check_limit(Limits { text_bytes: 6, ..limits() }, "<a>123<b/>456</a>", "<a><b/>1234567</a>");
    check_limit(Limits { document_bytes: 4, ..limits() }, "<a/>", "<a/> ");
    check_limit(
        Limits { namespaces: 2, ..limits() },
        "<a xmlns='u'><b xmlns:p='u'/><b xmlns:q='u'/></a>",
        "<a xmlns='u'><b xmlns:p='u'><c xmlns:q='u'/></b></a>",
    );
}

#[test]
fn a_name_in_a_value_is_resolved_where_it_stands() {
    let document = b"<p:a xmlns:p='urn:known' xmlns='urn:other' t=' p:x '><b xmlns:p='urn:inner'/></p:a>";
    let mut reader = XmlReader::new(&document[..], Limits::default(), KNOWN);
    let Event::Start(tag) = reader.next_event().unwrap() else { panic!() };
    assert_eq!(tag.resolve(" p:x "), Some((Namespace::Known(0), "urn:known", "x")));
    assert_eq!(tag.resolve("x"), Some((Namespace::Other, "urn:other", "x")));
    for text in ["q:x", "", "p:", ":x", "p:x:y", "p: x", "1"] {
        assert_eq!(tag.resolve(text), None, "{text:?}");
    }
    let Event::Start(tag) = reader.next_event().unwrap() else { panic!() };
    assert_eq!(tag.resolve("p:x"), Some((Namespace::Other, "urn:inner", "x")));
}

#[test]
fn written_characters_come_back() {
    let text = "a & b < c > d ]]> \" ' \t\n\r ä €\u{10FFFF}";
    let mut document = String::from("<a b=\"");
    assert!(escape::attribute(&mut document, text));
    document.push_str("\">");
    assert!(escape::text(&mut document, text));
    document.push_str("</a>");
    assert_eq!(trace(document.as_bytes()).unwrap(), format!("<a b={text}>{text}</>"));
    assert!(!escape::text(&mut String::new(), "\u{0}"));
    assert!(!escape::attribute(&mut String::new(), "\u{FFFE}"));
}

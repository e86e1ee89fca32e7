//! XML as strictly as the W3C wrote it down, and in one place.
//!
//! A streaming pull reader for documents without a document type declaration: XML 1.0 (5th edition) and Namespaces in
//! XML 1.0. quick-xml cuts the text into tokens; everything that it leaves open is decided here: encodings and
//! characters ([`source`]), names and references ([`names`]), tags and namespaces ([`scope`]), and the order of things
//! (this file). Reading stops at the first fault and says where it is; nothing is repaired, guessed or replaced.
//!
//! It deliberately does not read DTDs: any `<!DOCTYPE` ends the reading, so there are no entities of a document's own
//! and nothing outside the document is ever touched. Memory does not depend on the document's size: limits hold while
//! a token is still being read.

pub mod escape;
mod names;
mod scope;
mod source;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::Read;

use quick_xml::events::{BytesStart, Event as Token};

pub use self::scope::{Attribute, Tag};
use self::scope::{Scope, TagFault, of_reference};
use self::source::Source;
use crate::finding::{Finding, Rule};

/// How large a document and its parts may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Elements inside one another.
    pub depth: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Bytes of one name.
    pub name_bytes: usize,
    /// Bytes of one attribute's value.
    pub value_bytes: usize,
    /// Bytes of one text between two tags, and of one comment or processing instruction.
    pub text_bytes: usize,
    /// Bytes of the document, in its own encoding.
    pub document_bytes: u64,
    /// Namespace declarations in scope at one place.
    pub namespaces: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 100,
            attributes: 100,
            name_bytes: 1024,
            value_bytes: 1024 * 1024,
            text_bytes: 4 * 1024 * 1024,
            document_bytes: 2 * 1024 * 1024 * 1024,
            namespaces: 100,
        }
    }
}

/// What ended the reading of a document; the texts are German, for the deliverer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// A rule of XML or of its namespaces is broken.
    NotWellFormed(Cow<'static, str>),
    /// There is a document type declaration.
    Doctype,
    /// The bytes are not what they claim to be, or in an encoding that is not read.
    Encoding(String),
    /// A limit was reached.
    Limit(String),
    /// There is nothing, or nothing but white space.
    Empty,
    /// The source of the bytes failed.
    Read(String),
}

/// The first fault of a document and its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind:?}")]
pub struct XmlFault {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
    /// What is wrong.
    pub kind: FaultKind,
}

impl From<XmlFault> for Finding {
    fn from(fault: XmlFault) -> Self {
        let column = fault.column;
        let (rule, detail) = match fault.kind {
            FaultKind::NotWellFormed(what) => (Rule::XmlNotWellFormed, Some(format!("{what} (Spalte {column})"))),
            FaultKind::Doctype => (Rule::XmlDoctype, None),
            FaultKind::Encoding(what) => (Rule::XmlEncoding, Some(format!("{what} (Spalte {column})"))),
            FaultKind::Limit(what) => (Rule::XmlLimit, Some(what)),
            FaultKind::Empty => (Rule::XmlEmpty, None),
            FaultKind::Read(what) => (Rule::FetchFailed, Some(what)),
        };
        let finding = Finding::new(rule).line(fault.line);
        match detail {
            Some(detail) => finding.value(detail),
            None => finding,
        }
    }
}

/// A place in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    line: u64,
    column: u64,
}

impl Default for Position {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

impl Position {
    /// Moves behind `text`, which is UTF-8 with normalised line ends.
    fn advance(&mut self, text: &[u8]) {
        let last_line = match memchr::memrchr(b'\n', text) {
            Some(at) => {
                self.line += memchr::memchr_iter(b'\n', text).count() as u64;
                self.column = 1;
                &text[at + 1..]
            }
            None => text,
        };
        // every byte but the continuation bytes of UTF-8 begins a character
        self.column += last_line.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u64;
    }

    fn fault(self, kind: FaultKind) -> XmlFault {
        XmlFault { line: self.line, column: self.column, kind }
    }
}

/// The namespace of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// In no namespace.
    None,
    /// One of those that the reader was told of, by its number.
    Known(usize),
    /// Any other.
    Other,
}

/// What comes next in a document.
#[derive(Debug)]
pub enum Event<'a> {
    /// A start tag; an empty element has one too, followed by its end.
    Start(Tag<'a>),
    /// The end of the innermost element.
    End,
    /// Text inside the root; one run of text may come in several pieces. References are resolved.
    Text(Cow<'a, str>),
    /// A comment or a processing instruction, already checked.
    Ignorable,
    /// The document is complete and well-formed.
    Eof,
}

/// Which part of a document is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Prolog,
    Root,
    Epilog,
}

/// Reads one document, event by event.
pub struct XmlReader<R> {
    tokens: quick_xml::Reader<Source<R>>,
    token: Vec<u8>,
    state: State,
    failed: Option<XmlFault>,
}

/// Everything that the checks remember between two tokens.
#[derive(Debug)]
struct State {
    limits: Limits,
    scope: Scope,
    phase: Phase,
    /// Where the token began that was read last, and where it ended.
    begin: Position,
    position: Position,
    first: bool,
    /// The last start tag was that of an empty element; its end comes next.
    empty: bool,
    /// Bytes of the run of text so far.
    text_bytes: usize,
    /// A resolved character.
    char: [u8; 4],
}

impl<R: Read> XmlReader<R> {
    /// A reader of `source`; `known` are the namespaces that it names by number.
    pub fn new(source: R, limits: Limits, known: &'static [&'static str]) -> Self {
        let mut tokens = quick_xml::Reader::from_reader(Source::new(source, &limits));
        let config = tokens.config_mut();
        config.check_end_names = false;
        config.trim_markup_names_in_closing_tags = false;
        let state = State {
            limits,
            scope: Scope::new(known),
            phase: Phase::Prolog,
            begin: Position::default(),
            position: Position::default(),
            first: true,
            empty: false,
            text_bytes: 0,
            char: [0; 4],
        };
        Self { tokens, token: Vec::new(), state, failed: None }
    }

    /// Bytes of the document that were taken from the source so far, in the document's own encoding.
    pub fn bytes_read(&self) -> u64 {
        self.tokens.get_ref().total()
    }

    /// Bytes of checked UTF-8 that events have covered so far.
    pub fn offset(&self) -> u64 {
        self.tokens.buffer_position()
    }

    /// The line in which the last event began, from 1.
    pub fn line(&self) -> u64 {
        self.state.begin.line
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.state.scope.depth()
    }

    /// The next event, or the fault at which reading ended; after a fault, the same fault again.
    pub fn next_event(&mut self) -> Result<Event<'_>, XmlFault> {
        if let Some(fault) = &self.failed {
            return Err(fault.clone());
        }
        let Self { tokens, token, state, failed } = self;
        state.step(tokens, token).inspect_err(|fault| *failed = Some(fault.clone()))
    }
}

impl State {
    fn step<'a, R: Read>(
        &'a mut self,
        tokens: &mut quick_xml::Reader<Source<R>>,
        token: &'a mut Vec<u8>,
    ) -> Result<Event<'a>, XmlFault> {
        self.begin = self.position;
        if self.empty {
            self.empty = false;
            self.close();
            return Ok(Event::End);
        }
        let source = tokens.get_mut();
        source.begin_token();
        // before the tokeniser would read all of it; lower case is HTML's, and just as unwanted
        if self.phase == Phase::Prolog && source.peek(9).eq_ignore_ascii_case(b"<!DOCTYPE") {
            return Err(self.begin.fault(FaultKind::Doctype));
        }
        token.clear();
        let first = std::mem::take(&mut self.first);
        match tokens.read_event_into(token) {
            Ok(Token::Start(tag)) => self.open(tag, false),
            Ok(Token::Empty(tag)) => self.open(tag, true),
            Ok(Token::End(tag)) => {
                let name = &*tag;
                self.scope.close_named(name).map_err(|fault| self.in_tag(name, 0, fault))?;
                self.position.column += 3;
                self.position.advance(name.as_bytes());
                self.end_element();
                Ok(Event::End)
            }
            Ok(Token::Text(text)) => {
                let text = text.into_inner();
                self.check_text(&text)?;
                Ok(self.text(text))
            }
            Ok(Token::GeneralRef(reference)) => {
                let inner = &*reference;
                if self.phase != Phase::Root {
                    return Err(self.begin.fault(ill("außerhalb des Wurzelelements steht Text")));
                }
                if inner.len() > self.limits.name_bytes {
                    let limit = FaultKind::Limit(format!("Name über {} Bytes", self.limits.name_bytes));
                    return Err(self.begin.fault(limit));
                }
                let char = names::reference(inner).map_err(|fault| self.begin.fault(of_reference(fault, inner)))?;
                self.position.column += 2;
                self.position.advance(inner.as_bytes());
                self.count_text(char.len_utf8())?;
                Ok(Event::Text(Cow::Borrowed(char.encode_utf8(&mut self.char))))
            }
            Ok(Token::CData(text)) => {
                let text = text.into_inner();
                if self.phase != Phase::Root {
                    return Err(self.begin.fault(ill("außerhalb des Wurzelelements steht ein CDATA-Abschnitt")));
                }
                self.count_text(text.len())?;
                self.position.column += 9;
                self.position.advance(text.as_bytes());
                self.position.column += 3;
                Ok(Event::Text(text))
            }
            Ok(Token::Comment(text)) => {
                self.check_length(text.len())?;
                if text.ends_with('-') || memchr::memmem::find(text.as_bytes(), b"--").is_some() {
                    return Err(self.begin.fault(ill("in einem Kommentar steht „--“")));
                }
                self.skip(4, &text, 3)
            }
            Ok(Token::PI(content)) => {
                self.check_length(content.len())?;
                self.check_instruction(&content)?;
                self.skip(2, &content, 2)
            }
            Ok(Token::Decl(content)) => {
                if !first {
                    return Err(self.begin.fault(ill("die XML-Deklaration steht nicht am Anfang")));
                }
                self.skip(2, &content, 2)
            }
            Ok(Token::DocType(_)) => Err(self.begin.fault(FaultKind::Doctype)),
            Ok(Token::Eof) => match self.phase {
                Phase::Epilog => Ok(Event::Eof),
                Phase::Prolog => Err(self.begin.fault(ill("das Wurzelelement fehlt"))),
                Phase::Root => Err(self.begin.fault(ill("das Dokument endet mitten in einem Element"))),
            },
            Err(error) => Err(self.of_error(tokens, &error)),
        }
    }

    /// The fault behind an error of the tokeniser.
    fn of_error<R: Read>(&self, tokens: &mut quick_xml::Reader<Source<R>>, error: &quick_xml::Error) -> XmlFault {
        if let Some(fault) = tokens.get_mut().take_fault() {
            return fault.position.unwrap_or(self.begin).fault(fault.kind);
        }
        let what = match error {
            quick_xml::Error::IllFormed(quick_xml::errors::IllFormedError::UnclosedReference) => {
                "auf „&“ folgt kein Verweis"
            }
            quick_xml::Error::IllFormed(quick_xml::errors::IllFormedError::UnmatchedEndTag(_)) => {
                "einem Endtag fehlt das Starttag"
            }
            quick_xml::Error::Syntax(quick_xml::errors::SyntaxError::InvalidBangMarkup) => {
                "nach „<!“ folgt weder Kommentar noch CDATA-Abschnitt"
            }
            _ => "ein Tag, Kommentar, CDATA-Abschnitt oder Verweis endet nicht",
        };
        self.begin.fault(ill(what))
    }

    fn open<'a>(&'a mut self, tag: BytesStart<'a>, empty: bool) -> Result<Event<'a>, XmlFault> {
        if self.phase == Phase::Epilog {
            return Err(self.begin.fault(ill("nach dem Wurzelelement folgt ein zweites")));
        }
        if let Err(fault) = self.scope.open(&tag, &self.limits) {
            return Err(self.in_tag(&tag, 1, fault));
        }
        self.phase = Phase::Root;
        self.text_bytes = 0;
        self.empty = empty;
        self.position.column += 1;
        self.position.advance(tag.as_bytes());
        self.position.column += 1 + u64::from(empty);
        Ok(Event::Start(Tag { content: tag, scope: &self.scope, line: self.begin.line }))
    }

    fn close(&mut self) {
        self.scope.close();
        self.end_element();
    }

    fn end_element(&mut self) {
        self.text_bytes = 0;
        if self.scope.depth() == 0 {
            self.phase = Phase::Epilog;
        }
    }

    /// The fault of a tag whose text begins `skip` characters behind the token.
    fn in_tag(&self, tag: &str, skip: u64, (at, kind): TagFault) -> XmlFault {
        let mut position = self.begin;
        position.column += skip;
        position.advance(tag.as_bytes().get(..at).unwrap_or_default());
        position.fault(kind)
    }

    fn check_text(&mut self, text: &str) -> Result<(), XmlFault> {
        let bytes = text.as_bytes();
        if self.phase != Phase::Root {
            self.check_length(text.len())?;
            if let Some(at) = bytes.iter().position(|byte| !names::is_space(*byte)) {
                self.position.advance(&bytes[..at]);
                return Err(self.position.fault(ill("außerhalb des Wurzelelements steht Text")));
            }
            return Ok(());
        }
        if let Some(at) = memchr::memchr_iter(b'>', bytes).find(|at| bytes[..*at].ends_with(b"]]")) {
            self.position.advance(&bytes[..at - 2]);
            return Err(self.position.fault(ill("im Text steht „]]>“")));
        }
        self.count_text(bytes.len())
    }

    fn text<'a>(&'a mut self, text: Cow<'a, str>) -> Event<'a> {
        self.position.advance(text.as_bytes());
        if self.phase == Phase::Root { Event::Text(text) } else { Event::Ignorable }
    }

    fn count_text(&mut self, bytes: usize) -> Result<(), XmlFault> {
        self.text_bytes += bytes;
        self.check_length(self.text_bytes)
    }

    fn check_length(&self, bytes: usize) -> Result<(), XmlFault> {
        let limit = self.limits.text_bytes;
        if bytes <= limit {
            return Ok(());
        }
        Err(self.begin.fault(FaultKind::Limit(format!("Text oder Kommentar über {limit} Bytes"))))
    }

    /// A processing instruction (production 16); its target is a Name without colon, and not `xml` in any case.
    fn check_instruction(&self, content: &str) -> Result<(), XmlFault> {
        let length = names::name_length(content);
        let target = content.get(..length).unwrap_or_default();
        let follows = content.as_bytes().get(length);
        let what = if length == 0 || follows.is_some_and(|byte| !names::is_space(*byte)) || target.contains(':') {
            ill("das Ziel einer Verarbeitungsanweisung ist kein gültiger Name")
        } else if target.eq_ignore_ascii_case("xml") {
            ill("eine Verarbeitungsanweisung heißt „xml“")
        } else if length > self.limits.name_bytes {
            FaultKind::Limit(format!("Name über {} Bytes", self.limits.name_bytes))
        } else {
            return Ok(());
        };
        Err(self.begin.fault(what))
    }

    fn skip<'a>(&mut self, before: u64, content: &str, after: u64) -> Result<Event<'a>, XmlFault> {
        self.position.column += before;
        self.position.advance(content.as_bytes());
        self.position.column += after;
        Ok(Event::Ignorable)
    }
}

fn ill(what: &'static str) -> FaultKind {
    FaultKind::NotWellFormed(Cow::Borrowed(what))
}

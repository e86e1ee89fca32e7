//! From bytes to clean text: the encoding, the characters, the line ends and the size of a document.
//!
//! Everything is checked here in bulk, a block at a time, before the tokeniser sees it: what comes out is UTF-8 that
//! holds allowed characters only, with every line end as one line feed. Nothing is guessed and nothing is replaced.

use std::io::{self, BufRead, Read};

use super::names;
use super::{FaultKind, Limits, Position};

/// Bytes read at a time.
const BLOCK: usize = 64 * 1024;

/// How the bytes stand for characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
    Latin1,
    Ascii,
}

/// A fault together with its place; none where the token that is being read is at fault as a whole.
#[derive(Debug)]
pub(super) struct SourceFault {
    pub position: Option<Position>,
    pub kind: FaultKind,
}

/// Checked text of a document, as the tokeniser takes it.
pub(super) struct Source<R> {
    inner: R,
    encoding: Option<Encoding>,
    /// A block; `held` bytes of it were read and not yet decoded, after decoding a cut character at most.
    raw: Box<[u8]>,
    held: usize,
    /// Decoded and checked text; `at` of it has been handed out.
    clean: Vec<u8>,
    at: usize,
    /// Where `clean` ends in the document.
    end_position: Position,
    after_cr: bool,
    ended: bool,
    fault: Option<FaultKind>,
    total: u64,
    document_bytes: u64,
    token: usize,
    token_bytes: usize,
}

impl<R: Read> Source<R> {
    pub fn new(inner: R, limits: &Limits) -> Self {
        Self {
            inner,
            encoding: None,
            raw: vec![0; BLOCK].into_boxed_slice(),
            held: 0,
            clean: Vec::with_capacity(BLOCK + 4),
            at: 0,
            end_position: Position::default(),
            after_cr: false,
            ended: false,
            fault: None,
            total: 0,
            document_bytes: limits.document_bytes,
            token: 0,
            token_bytes: limits.text_bytes + BLOCK,
        }
    }

    /// Bytes of the document that were read so far.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Starts to count the bytes of the next token.
    pub fn begin_token(&mut self) {
        self.token = 0;
    }

    /// The fault that stopped the source, if one did and everything before it was handed out.
    pub fn take_fault(&mut self) -> Option<SourceFault> {
        let position = if self.token > self.token_bytes { None } else { Some(self.end_position) };
        self.fault.take().map(|kind| SourceFault { position, kind })
    }

    /// The next bytes, `count` of them where the document has that many.
    pub fn peek(&mut self, count: usize) -> &[u8] {
        while self.clean.len() - self.at < count && !self.ended && self.fault.is_none() {
            self.refill();
        }
        let end = self.clean.len().min(self.at + count);
        &self.clean[self.at..end]
    }

    /// Adds a block to the clean text, or sets `fault` or `ended`.
    fn refill(&mut self) {
        self.clean.drain(..self.at);
        self.at = 0;
        let wanted = if self.encoding.is_none() { BLOCK } else { 1 };
        self.read_raw(wanted);
        if self.encoding.is_none() && self.fault.is_none() {
            self.find_encoding();
        }
        if self.encoding.is_some() {
            let from = self.clean.len();
            let earlier = self.fault.take();
            self.decode();
            self.check_characters(from);
            self.normalise_line_ends(from);
            self.end_position.advance(&self.clean[from..]);
            self.fault = self.fault.take().or(earlier);
        }
    }

    /// Reads until at least `wanted` bytes or the end are there.
    fn read_raw(&mut self, wanted: usize) {
        let mut new = 0;
        while new < wanted && self.held < BLOCK {
            match self.inner.read(&mut self.raw[self.held..]) {
                Ok(0) => {
                    self.ended = true;
                    return;
                }
                Ok(count) => {
                    new += count;
                    self.held += count;
                    self.total += count as u64;
                    if self.total > self.document_bytes {
                        let over = (self.total - self.document_bytes) as usize;
                        self.held = self.held.saturating_sub(over);
                        let limit = self.document_bytes;
                        self.fault = Some(FaultKind::Limit(format!("Dokument über {limit} Bytes")));
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.fault = Some(FaultKind::Read(error.to_string()));
                    return;
                }
            }
        }
    }

    /// Decides the encoding by the byte order mark and the declaration (XML 1.0, 4.3.3 and appendix F).
    fn find_encoding(&mut self) {
        match encoding_of(&self.raw[..self.held]) {
            Ok((encoding, mark)) => {
                self.used(mark);
                self.encoding = Some(encoding);
            }
            Err(kind) => self.fault = Some(kind),
        }
    }

    /// Lets go of the first bytes of `raw`.
    fn used(&mut self, count: usize) {
        self.raw.copy_within(count..self.held, 0);
        self.held -= count;
    }

    /// Moves what `raw` holds to `clean`; a character that is cut by the block's end stays.
    fn decode(&mut self) {
        let used = match self.encoding {
            Some(Encoding::Utf8) => self.decode_utf8(),
            Some(Encoding::Utf16 { big_endian }) => self.decode_utf16(big_endian),
            Some(Encoding::Latin1) => {
                for byte in &self.raw[..self.held] {
                    push(&mut self.clean, char::from(*byte));
                }
                self.held
            }
            Some(Encoding::Ascii) => {
                let raw = &self.raw[..self.held];
                let good = raw.iter().position(|byte| !byte.is_ascii()).unwrap_or(raw.len());
                self.clean.extend_from_slice(&raw[..good]);
                if good < raw.len() {
                    self.fault = Some(FaultKind::Encoding("ein Byte über 127, angegeben ist US-ASCII".into()));
                }
                self.held
            }
            None => 0,
        };
        self.used(used);
        if self.ended && self.fault.is_none() && self.held > 0 {
            self.fault = Some(FaultKind::Encoding("das letzte Zeichen ist abgeschnitten".into()));
        }
    }

    fn decode_utf8(&mut self) -> usize {
        match std::str::from_utf8(&self.raw[..self.held]) {
            Ok(text) => {
                self.clean.extend_from_slice(text.as_bytes());
                text.len()
            }
            Err(error) => {
                let good = error.valid_up_to();
                self.clean.extend_from_slice(&self.raw[..good]);
                if error.error_len().is_some() {
                    let byte = self.raw[good];
                    self.fault = Some(FaultKind::Encoding(format!("das Byte 0x{byte:02X} ist hier kein UTF-8")));
                }
                good
            }
        }
    }

    fn decode_utf16(&mut self, big_endian: bool) -> usize {
        let unit = |pair: &[u8]| match *pair {
            [first, second] if big_endian => u16::from_be_bytes([first, second]),
            [first, second] => u16::from_le_bytes([first, second]),
            _ => 0,
        };
        let raw = &self.raw[..self.held];
        let mut used = 0;
        while let Some(first) = raw.get(used..used + 2).map(unit) {
            let second = raw.get(used + 2..used + 4).map(unit);
            let decoded = match (first, second) {
                (0xD800..=0xDBFF, None) => return used,
                (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                    char::from_u32(0x10000 + ((u32::from(first) - 0xD800) << 10) + (u32::from(low) - 0xDC00))
                }
                (unit, _) => char::from_u32(u32::from(unit)),
            };
            let Some(char) = decoded else {
                self.fault = Some(FaultKind::Encoding("ein halbes Ersatzpaar in UTF-16".into()));
                return self.held;
            };
            push(&mut self.clean, char);
            used += 2 * char.len_utf16();
        }
        used
    }

    /// Cuts the new text before the first character that XML forbids.
    fn check_characters(&mut self, from: usize) {
        let new = &self.clean[from..];
        let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
        // one branchless pass that the compiler can widen; the exact place is looked for only when there is one
        let suspicious = new.iter().fold(false, |found, byte| found | control(*byte) | (*byte == 0xEF));
        if !suspicious {
            return;
        }
        let noncharacter = |at: usize| matches!(new.get(at..at + 3), Some([0xEF, 0xBF, 0xBE | 0xBF]));
        let place = (0..new.len()).find(|at| control(new[*at]) || noncharacter(*at));
        if let Some(at) = place {
            let what = if new[at] == 0xEF { "U+FFFE oder U+FFFF".into() } else { format!("U+{:04X}", new[at]) };
            self.clean.truncate(from + at);
            self.fault = Some(FaultKind::NotWellFormed(format!("das Zeichen {what} ist in XML verboten").into()));
        }
    }

    /// Turns every line end of the new text into one line feed (XML 1.0, 2.11).
    fn normalise_line_ends(&mut self, from: usize) {
        if self.clean.len() == from {
            return;
        }
        if std::mem::take(&mut self.after_cr) && self.clean[from] == b'\n' {
            self.clean.remove(from);
        }
        let Some(first) = memchr::memchr(b'\r', &self.clean[from..]) else { return };
        self.after_cr = self.clean.last() == Some(&b'\r');
        let mut write = from + first;
        let mut read = write;
        while read < self.clean.len() {
            let byte = self.clean[read];
            read += 1;
            if byte == b'\r' {
                if self.clean.get(read) == Some(&b'\n') {
                    read += 1;
                }
                self.clean[write] = b'\n';
            } else {
                self.clean[write] = byte;
            }
            write += 1;
        }
        self.clean.truncate(write);
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.clean.len() && !self.ended && self.fault.is_none() {
            self.refill();
        }
        if self.token > self.token_bytes && self.fault.is_none() {
            self.fault =
                Some(FaultKind::Limit("ein einzelnes Element, ein Text oder ein Kommentar ist zu lang".into()));
            self.at = self.clean.len();
        }
        if self.at == self.clean.len() && self.fault.is_some() {
            return Err(io::Error::other("the document is at fault"));
        }
        Ok(&self.clean[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
        self.token += count;
    }
}

fn push(clean: &mut Vec<u8>, char: char) {
    clean.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The encoding of a document that begins with `raw`, and the length of its byte order mark.
fn encoding_of(raw: &[u8]) -> Result<(Encoding, usize), FaultKind> {
    let refused = |what: &str| Err(FaultKind::Encoding(what.into()));
    let (assumed, mark) = match raw {
        [] => return Err(FaultKind::Empty),
        [0, 0, 0xFE, 0xFF, ..] | [0xFF, 0xFE, 0, 0, ..] => return refused("UTF-32 wird nicht unterstützt"),
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        [0xFE, 0xFF, ..] => (Encoding::Utf16 { big_endian: true }, 2),
        [0xFF, 0xFE, ..] => (Encoding::Utf16 { big_endian: false }, 2),
        [0, b'<', ..] | [b'<', 0, ..] => return refused("UTF-16 ohne Bytefolgemarke (BOM)"),
        [0x4C, 0x6F, 0xA7, 0x94, ..] => return refused("EBCDIC wird nicht unterstützt"),
        _ => (Encoding::Utf8, 0),
    };
    let body = &raw[mark..];
    let head = match assumed {
        Encoding::Utf16 { big_endian } => narrow(body, big_endian),
        _ => body.to_vec(),
    };
    if head.is_empty() || head.iter().all(|byte| names::is_space(*byte)) && raw.len() < BLOCK {
        return Err(FaultKind::Empty);
    }
    // quick-xml would take a second mark for the first one
    if head.starts_with(b"\xEF\xBB\xBF") || (mark == 2 && body.starts_with(&raw[..mark])) {
        return Err(FaultKind::NotWellFormed("Zeichen vor dem ersten Element".into()));
    }
    let declared = match head.strip_prefix(b"<?xml") {
        Some([next, ..]) if names::is_space(*next) || *next == b'?' => declared_encoding(&head)?,
        _ => None,
    };
    let Some(declared) = declared else { return Ok((assumed, mark)) };
    let encoding = match (declared.to_ascii_uppercase().as_str(), assumed, mark) {
        ("UTF-8", Encoding::Utf8, _) => Encoding::Utf8,
        ("UTF-16", Encoding::Utf16 { .. }, _) => assumed,
        ("UTF-16BE", Encoding::Utf16 { big_endian: true }, _) => assumed,
        ("UTF-16LE", Encoding::Utf16 { big_endian: false }, _) => assumed,
        ("ISO-8859-1" | "ISO_8859-1" | "LATIN1", Encoding::Utf8, 0) => Encoding::Latin1,
        ("US-ASCII" | "ASCII", Encoding::Utf8, 0) => Encoding::Ascii,
        (
            "UTF-8" | "UTF-16" | "UTF-16BE" | "UTF-16LE" | "ISO-8859-1" | "ISO_8859-1" | "LATIN1" | "US-ASCII"
            | "ASCII",
            ..,
        ) => return refused(&format!("angegeben ist {declared}, die Bytes sind es nicht")),
        _ => return refused(&format!("die Kodierung {declared} wird nicht unterstützt")),
    };
    Ok((encoding, mark))
}

/// The ASCII characters at the start of UTF-16; enough to read a declaration.
fn narrow(body: &[u8], big_endian: bool) -> Vec<u8> {
    let ascii = |pair: &[u8]| match *pair {
        [0, byte] if big_endian => Some(byte),
        [byte, 0] if !big_endian => Some(byte),
        _ => None,
    };
    body.chunks_exact(2).map(|pair| ascii(pair).unwrap_or(0xFF)).collect()
}

/// The encoding that the declaration at the start of `head` names.
fn declared_encoding(head: &[u8]) -> Result<Option<String>, FaultKind> {
    let Some(end) = memchr::memmem::find(head, b"?>") else {
        return Err(FaultKind::NotWellFormed("die XML-Deklaration endet nicht".into()));
    };
    let text = std::str::from_utf8(&head[..end + 2]).unwrap_or_default();
    match names::declaration(text) {
        Ok(declaration) => Ok(declaration.encoding.map(str::to_owned)),
        Err(what) => Err(FaultKind::NotWellFormed(what.into())),
    }
}

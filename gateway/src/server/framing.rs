//! How the bytes of a client are cut into messages, watched from outside of hyper.
//!
//! hyper hides some of what two readers could read differently: it drops a Content-Length that stands beside a
//! Transfer-Encoding, joins equal lengths, takes bare line feeds and forgets fragments. This automaton follows the
//! framing byte by byte, refuses all of that, and never changes a byte. It knows nothing of sockets and time, and what
//! is visible in a parsed request (Host, method) is not its matter. Source: RFC 9112, sections 2.2, 3, 5, 6 and 7.

use memchr::memchr;

/// The first line of an HTTP/2 connection (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0";
/// What follows it on the wire before the first frame.
const HTTP2_BEGINNING: &[u8] = b"\r\nSM\r\n\r\n";
/// Most bytes of one chunk size line with its extensions.
const MAX_CHUNK_LINE: usize = 256;
/// Most bytes of all trailer fields.
const MAX_TRAILERS: usize = 8 * 1024;

/// Why bytes are no message that every reader would read the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ambiguity {
    /// A line that does not end with CR LF, or a CR inside of one.
    #[error("a line does not end with CR LF")]
    LineEnd,
    /// The first line is not `method target version` with single spaces.
    #[error("the request line is malformed")]
    RequestLine,
    /// The target has a fragment, white space, control or non-ASCII bytes.
    #[error("the request target holds a byte that may not be there")]
    Target,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    #[error("the protocol version is unknown")]
    Version,
    /// HTTP/2 that does not begin with its preface and SETTINGS.
    #[error("HTTP/2 does not begin with its preface and SETTINGS")]
    Preface,
    /// HTTP/2 of more costly frames than anybody needs.
    #[error("too many frames that cost much and say little")]
    Flood,
    /// A field line without a valid name directly before the colon, or a folded one.
    #[error("a field name is malformed")]
    FieldName,
    /// A control byte in a field value.
    #[error("a field value holds a control byte")]
    FieldValue,
    /// Several lengths, or one that is not 1 to 18 digits.
    #[error("the content length is malformed")]
    ContentLength,
    /// A transfer coding other than exactly one `chunked` on HTTP/1.1.
    #[error("the transfer coding is not exactly one `chunked`")]
    TransferEncoding,
    /// Both a length and a transfer coding.
    #[error("both a content length and a transfer coding")]
    TwoLengths,
    /// A chunk size that is not 1 to 15 hexadecimal digits, or a chunk that does not end where it should.
    #[error("a chunk is malformed")]
    Chunk,
    /// A head, chunk line or trailer longer than can be taken.
    #[error("a head or trailer is too long")]
    TooLong,
}

/// Bytes that were refused: how many of those fed may go on, and why the next may not.
#[derive(Debug, PartialEq, Eq)]
pub struct Stop {
    /// Number of leading bytes of the last feed that are in order.
    pub sound: usize,
    /// Why the rest is not.
    pub why: Ambiguity,
    /// True when a head was being read, false inside a body.
    pub in_head: bool,
}

/// Where in the flow of messages a connection is.
pub struct Framing {
    at: At,
    head: Head,
    /// The begun line that earlier reads ended in.
    begun: Vec<u8>,
    /// Bytes of the head, or of the trailers, so far.
    taken: usize,
    max_head: usize,
    first: bool,
    heads: u64,
    http2: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before a request line; an empty line was skipped or not.
    Start {
        skipped: bool,
    },
    Fields,
    Body(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    /// Behind a head that asks for another protocol, until it is known what was answered.
    Asked,
    /// So many bytes of what follows the first line of HTTP/2 came; then it has a framing of its own.
    Http2Beginning(usize),
    /// Another protocol; nothing here is HTTP any more.
    Tunnel,
}

#[derive(Default)]
struct Head {
    http11: bool,
    length: Option<u64>,
    chunked: bool,
    upgrade: bool,
}

impl Framing {
    /// The framing of a fresh connection; heads may have `max_head` bytes.
    pub fn new(max_head: usize) -> Self {
        Self {
            at: At::Start { skipped: false },
            head: Head::default(),
            begun: Vec::new(),
            taken: 0,
            max_head,
            first: true,
            heads: 0,
            http2: None,
        }
    }

    /// How many bytes at the end of the last feed are frames of HTTP/2; none when that is not what the connection speaks.
    pub fn http2(&self) -> Option<usize> {
        self.http2
    }

    /// Number of heads that were complete so far.
    pub fn heads(&self) -> u64 {
        self.heads
    }

    /// True while a head has begun and is not complete; also before the first byte of a connection.
    pub fn awaits_head(&self) -> bool {
        match self.at {
            At::Start { .. } => self.first || self.taken > 0,
            At::Fields => true,
            At::Http2Beginning(at) => at < HTTP2_BEGINNING.len(),
            _ => false,
        }
    }

    /// True when a head has begun and is not complete.
    pub fn is_in_head(&self) -> bool {
        matches!(self.at, At::Start { .. } | At::Fields) && self.taken > 0
    }

    /// True behind a head that asks for another protocol: what follows is HTTP or not, as the answer says.
    pub fn waits_for_answer(&self) -> bool {
        self.at == At::Asked
    }

    /// The answer did not change the protocol: what follows is HTTP.
    pub fn go_on(&mut self) {
        self.at = self.next_message();
    }

    /// The answer changed the protocol: what follows is not looked at.
    pub fn leave(&mut self) {
        self.at = At::Tunnel;
    }

    /// Follows the framing over `bytes`; tells how many, which are fewer only before what waits for an answer.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            match self.at {
                At::Tunnel => return Ok(bytes.len()),
                At::Asked => return Ok(done),
                At::Http2Beginning(at) if at == HTTP2_BEGINNING.len() => {
                    self.http2 = Some(rest.len());
                    return Ok(bytes.len());
                }
                At::Http2Beginning(at) => {
                    if rest.first() != HTTP2_BEGINNING.get(at) {
                        return Err(Stop { sound: done, why: Ambiguity::Preface, in_head: false });
                    }
                    self.at = At::Http2Beginning(at + 1);
                    done += 1;
                }
                At::Body(left) => {
                    let taken = left.min(rest.len() as u64);
                    self.at = if left == taken { self.next_message() } else { At::Body(left - taken) };
                    done += taken as usize;
                }
                At::ChunkData(left) => {
                    let taken = left.min(rest.len() as u64);
                    self.at = if left == taken { At::ChunkEnd } else { At::ChunkData(left - taken) };
                    done += taken as usize;
                }
                _ => {
                    let in_head = matches!(self.at, At::Start { .. } | At::Fields);
                    done += self.feed_line(rest).map_err(|why| Stop { sound: done, why, in_head })?;
                }
            }
        }
        Ok(done)
    }

    /// Takes the bytes up to the end of the line that `rest` begins in or continues; tells how many.
    fn feed_line(&mut self, rest: &[u8]) -> Result<usize, Ambiguity> {
        let end = memchr(b'\n', rest).map(|at| at + 1);
        let (piece, _) = rest.split_at(end.unwrap_or(rest.len()));
        self.taken += piece.len();
        let limit = match self.at {
            At::Start { .. } | At::Fields => self.max_head,
            At::Trailers => MAX_TRAILERS,
            _ => MAX_CHUNK_LINE,
        };
        if self.taken > limit {
            return Err(Ambiguity::TooLong);
        }
        if end.is_none() {
            self.begun.extend_from_slice(piece);
        } else if self.begun.is_empty() {
            self.at = self.line(piece)?;
        } else {
            let mut line = std::mem::take(&mut self.begun);
            line.extend_from_slice(piece);
            self.at = self.line(&line)?;
            line.clear();
            self.begun = line;
        }
        Ok(piece.len())
    }

    /// Where the connection is after a whole line, its line end included.
    fn line(&mut self, line: &[u8]) -> Result<At, Ambiguity> {
        let line = line.strip_suffix(b"\r\n").ok_or(Ambiguity::LineEnd)?;
        if memchr(b'\r', line).is_some() {
            return Err(Ambiguity::LineEnd);
        }
        match self.at {
            At::Start { skipped: false } if line.is_empty() => {
                self.taken = 0;
                Ok(At::Start { skipped: true })
            }
            At::Start { .. } if self.first && line == HTTP2_PREFACE => Ok(At::Http2Beginning(0)),
            At::Start { .. } => {
                self.first = false;
                self.head = Head { http11: request_line(line)?, ..Head::default() };
                Ok(At::Fields)
            }
            At::Fields if line.is_empty() => self.after_head(),
            At::Fields => {
                self.head.field(line)?;
                Ok(At::Fields)
            }
            At::ChunkSize => {
                self.taken = 0;
                Ok(match chunk_size(line)? {
                    0 => At::Trailers,
                    size => At::ChunkData(size),
                })
            }
            At::ChunkEnd if line.is_empty() => {
                self.taken = 0;
                Ok(At::ChunkSize)
            }
            At::ChunkEnd => Err(Ambiguity::Chunk),
            At::Trailers if line.is_empty() => Ok(self.next_message()),
            At::Trailers => field(line).map(|_| At::Trailers),
            At::Body(_) | At::ChunkData(_) | At::Asked | At::Http2Beginning(_) | At::Tunnel => Ok(self.at),
        }
    }

    fn after_head(&mut self) -> Result<At, Ambiguity> {
        self.taken = 0;
        self.heads += 1;
        match (self.head.chunked, self.head.length) {
            (true, Some(_)) => Err(Ambiguity::TwoLengths),
            (true, None) if !self.head.http11 => Err(Ambiguity::TransferEncoding),
            (true, None) => Ok(At::ChunkSize),
            (false, Some(length)) if length > 0 => Ok(At::Body(length)),
            (false, _) if self.head.upgrade && self.head.http11 => Ok(At::Asked),
            (false, _) => Ok(self.next_message()),
        }
    }

    fn next_message(&mut self) -> At {
        self.taken = 0;
        At::Start { skipped: false }
    }
}

impl Head {
    fn field(&mut self, line: &[u8]) -> Result<(), Ambiguity> {
        let (name, value) = field(line)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            let valid = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
            if !valid || self.length.is_some() {
                return Err(Ambiguity::ContentLength);
            }
            self.length = Some(value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')));
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Ambiguity::TransferEncoding);
            }
            self.chunked = true;
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            self.upgrade = true;
        }
        Ok(())
    }
}

/// True for HTTP/1.1, false for HTTP/1.0.
fn request_line(line: &[u8]) -> Result<bool, Ambiguity> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Ambiguity::RequestLine);
    };
    if method.is_empty() || target.is_empty() || !method.iter().copied().all(is_token) {
        return Err(Ambiguity::RequestLine);
    }
    if !target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#') {
        return Err(Ambiguity::Target);
    }
    match version {
        b"HTTP/1.1" => Ok(true),
        b"HTTP/1.0" => Ok(false),
        _ => Err(Ambiguity::Version),
    }
}

/// Name and trimmed value of a field line.
fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Ambiguity> {
    let colon = memchr(b':', line).ok_or(Ambiguity::FieldName)?;
    let (name, rest) = line.split_at(colon);
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Err(Ambiguity::FieldName);
    }
    let value = rest.get(1..).unwrap_or_default();
    if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(Ambiguity::FieldValue);
    }
    Ok((name, value.trim_ascii()))
}

fn chunk_size(line: &[u8]) -> Result<u64, Ambiguity> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, extensions) = line.split_at(digits);
    let size = std::str::from_utf8(digits).ok().filter(|text| (1..=15).contains(&text.len()));
    let size = size.and_then(|text| u64::from_str_radix(text, 16).ok());
    size.filter(|_| are_extensions(extensions)).ok_or(Ambiguity::Chunk)
}

/// True for nothing, and for `;name`, `;name=token` and `;name="text"` in a row, with blanks between them as the grammar
/// has it (RFC 9112, section 7.1.1). Nobody needs them; but a reader that ends them elsewhere sees other chunks.
fn are_extensions(text: &[u8]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let Some(named) = past_blanks(rest).strip_prefix(b";") else { return false };
        let named = past_blanks(named);
        let name = named.iter().take_while(|byte| is_token(**byte)).count();
        rest = named.get(name..).unwrap_or_default();
        if name == 0 {
            return false;
        }
        if let Some(value) = past_blanks(rest).strip_prefix(b"=") {
            let value = past_blanks(value);
            let length = match value.first() {
                Some(b'"') => quoted(value),
                _ => Some(value.iter().take_while(|byte| is_token(**byte)).count()).filter(|length| *length > 0),
            };
            let Some(length) = length else { return false };
            rest = value.get(length..).unwrap_or_default();
        }
    }
    true
}

fn past_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    text.get(blanks..).unwrap_or_default()
}

/// Length of the quoted string that `text` begins with; none when it does not end or holds what it may not.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate().skip(1) {
        match byte {
            byte if byte.is_ascii_control() && *byte != b'\t' => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A byte of a token (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `text` whole and byte by byte: both must come to `expected`.
    #[track_caller]
    fn check(text: &str, expected: Result<(), Ambiguity>) {
        let whole = Framing::new(1024).feed(text.as_bytes()).map(drop).map_err(|stop| stop.why);
        assert_eq!(whole, expected, "whole: {text:?}");
        let mut framing = Framing::new(1024);
        let single = text.bytes().try_for_each(|byte| framing.feed(&[byte]).map(drop)).map_err(|stop| stop.why);
        assert_eq!(single, expected, "byte by byte: {text:?}");
    }

    #[test]
    fn one_reading_only() {
        use Ambiguity::*;
        let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        check(get, Ok(()));
        check(&format!("{get}{get}\r\n{get}"), Ok(()));
        check(&format!("\r\n\r\n{get}"), Err(RequestLine));
        check(&format!("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc{get}"), Ok(()));
        check(
            &format!("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n{get}"),
            Ok(()),
        );
        check("GET / HTTP/1.1\nHost: a\n\n", Err(LineEnd));
        check("GET / HTTP/1.1\r\nHost: a\n\r\n", Err(LineEnd));
        check("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", Err(LineEnd));
        check("GET  / HTTP/1.1\r\n", Err(RequestLine));
        check("GET /\r\n", Err(RequestLine));
        check("GET /a b HTTP/1.1\r\n", Err(RequestLine));
        check("GET /#a HTTP/1.1\r\n", Err(Target));
        check("GET /ä HTTP/1.1\r\n", Err(Target));
        check("GET / HTTP/2.0\r\n", Err(Version));
        check("GET / http/1.1\r\n", Err(Version));
        check("GET / HTTP/1.1\r\nA : b\r\n", Err(FieldName));
        check("GET / HTTP/1.1\r\n A: b\r\n", Err(FieldName));
        check("GET / HTTP/1.1\r\nA: b\r\n c\r\n", Err(FieldName));
        check("GET / HTTP/1.1\r\nA\r\n", Err(FieldName));
        check("GET / HTTP/1.1\r\n: b\r\n", Err(FieldName));
        check("GET / HTTP/1.1\r\nA: b\0c\r\n", Err(FieldValue));
        check("GET / HTTP/1.1\r\nA: ä\tb\r\n", Ok(()));
    }

    #[test]
    fn one_length_only() {
        use Ambiguity::*;
        let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        check(&post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), Err(TwoLengths));
        check(&post("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), Err(TwoLengths));
        check(&post("Content-Length: 1\r\nContent-Length: 1\r\n"), Err(ContentLength));
        for value in ["", "-1", "+1", "1,1", "1 1", "0x1", "1234567890123456789"] {
            check(&post(&format!("Content-Length: {value}\r\n")), Err(ContentLength));
        }
        for value in ["", "identity", "gzip, chunked", "chunked, chunked", "chunked;a", "xchunked", "chunked\u{b}"] {
            let expected = if value.ends_with('\u{b}') { FieldValue } else { TransferEncoding };
            check(&post(&format!("Transfer-Encoding: {value}\r\n")), Err(expected));
        }
        check(&post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), Err(TransferEncoding));
        check("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Err(TransferEncoding));
        for body in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            " 1\r\n",
            "1 \r\n",
            "0x1\r\n",
            "1234567890123456\r\n",
            "1\r\naxx\r\n",
            "1;\u{1}\r\n",
        ] {
            check(&(post("Transfer-Encoding: chunked\r\n") + body), Err(Chunk));
        }
        check(&(post("Transfer-Encoding: chunked\r\n") + "1\na"), Err(LineEnd));
        check(&(post("Transfer-Encoding: chunked\r\n") + "1\r\na\n"), Err(LineEnd));
        check(&(post("Transfer-Encoding: chunked\r\n") + "0\r\nA b: c\r\n"), Err(FieldName));
        check(&(post("Transfer-Encoding: chunked\r\n") + "1;" + &"x".repeat(300)), Err(TooLong));
        check(&post(&format!("A: {}\r\n", "x".repeat(2000))), Err(TooLong));
    }

    #[test]
    fn what_is_sound_ends_before_the_bad_line() {
        let mut framing = Framing::new(1024);
        framing.feed(b"GET / HTTP/1.1\r\nHost").unwrap();
        let stop = framing.feed(b": a\r\nB : c\r\n\r\n").unwrap_err();
        assert_eq!(stop, Stop { sound: 5, why: Ambiguity::FieldName, in_head: true });
    }

    #[test]
    fn http2_is_left_alone_as_the_first_line_only() {
        check("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\n\r", Ok(()));
        check("PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n", Err(Ambiguity::Preface));
        check("GET / HTTP/1.1\r\n\r\nPRI * HTTP/2.0\r\n", Err(Ambiguity::Version));
    }

    #[test]
    fn a_head_is_awaited_from_its_first_byte() {
        let mut framing = Framing::new(1024);
        assert!(framing.awaits_head());
        framing.feed(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert!(!framing.awaits_head());
        framing.feed(b"G").unwrap();
        assert!(framing.awaits_head());
    }

    #[test]
    fn what_follows_a_wish_for_another_protocol_waits() {
        let head = "GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n";
        let mut framing = Framing::new(1024);
        assert_eq!(framing.feed(format!("{head}\0\n").as_bytes()), Ok(head.len()));
        assert!(framing.waits_for_answer() && !framing.awaits_head());
        assert_eq!(framing.feed(b"\0\n"), Ok(0));
        framing.go_on();
        assert_eq!(framing.feed(b"\0\n").unwrap_err().why, Ambiguity::LineEnd);
        framing.go_on();
        assert_eq!(framing.feed(head.as_bytes()), Ok(head.len()));
        framing.leave();
        assert_eq!(framing.feed(b"\0\n"), Ok(2));
        check("GET / HTTP/1.0\r\nUpgrade: x\r\n\r\n\0\n", Err(Ambiguity::LineEnd));
        check("POST / HTTP/1.1\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\nab\n", Err(Ambiguity::LineEnd));
    }
}

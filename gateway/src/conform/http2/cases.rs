//! The cases: name with its section (RFC 9113 unless it says 7541), what the client does, what must come of it.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Expect::{Acknowledged, Answer, Bare, Connection, Data, Malformed, Pong, Settings, Stream};
use super::Step::{Answered, Begun, Pause, Send};
use super::frames::*;
use super::{Expect, Raw, Step};
use crate::fake::Plan;

/// Cases that there are at least; h2spec has 146.
const CASES: usize = 200;

/// What h2 does otherwise and we do not see: a pseudo-field among trailers is left out, and so is a fragment; neither goes on
/// to a portal.
const WITHOUT: &[&str] = &["8.1 a pseudo-field in trailers", "8.1 a status in trailers", "8.3.1 a fragment"];
/// Cases in which the connection ends as it must, but h2 says PROTOCOL_ERROR where the standard has a code of its own.
const OTHER_CODES: usize = 32;

/// How a case begins.
#[derive(Clone, Copy)]
enum Start {
    /// Without a byte.
    Bare,
    /// With preface and SETTINGS exchanged.
    Open,
    /// The same with an initial window of so many bytes.
    Window(u32),
}

type Case = (&'static str, Start, Vec<Step>, Expect);

const EIGHT: &[u8; 8] = b"h2case!!";

fn send(frames: &[Vec<u8>]) -> Step {
    Send(frames.concat())
}

/// A case of one write on an open connection.
fn once(name: &'static str, frames: &[Vec<u8>], expect: Expect) -> Case {
    (name, Start::Open, vec![send(frames)], expect)
}

fn get(stream: u32) -> Vec<u8> {
    request(stream, GET)
}

/// A request whose fields begin with the usual four, in any order and number.
fn pseudo(fields: &[(&str, &str)]) -> Vec<u8> {
    request(1, &block(fields))
}

const CLOSED: Expect = Stream(&[STREAM_CLOSED]);
const PROTOCOL: Expect = Connection(&[PROTOCOL_ERROR]);
const SIZE: Expect = Connection(&[FRAME_SIZE_ERROR]);
const COMPRESSION: Expect = Connection(&[COMPRESSION_ERROR]);

fn starts() -> Vec<Case> {
    let ping_after = |name, frames: &[Vec<u8>]| {
        let frames = [frames, &[ping(0, EIGHT)]].concat();
        once(name, &frames, Pong(*EIGHT))
    };
    let get_after = |name, frames: &[Vec<u8>]| once(name, &[frames, &[get(1)]].concat(), Answer(200));
    vec![
        ("3.4 the server says SETTINGS first", Start::Bare, vec![Send([PREFACE, &settings(&[])].concat())], Settings),
        ("3.4 a wrong preface", Start::Bare, vec![Send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_vec())], PROTOCOL),
        ("3.4 a preface of nothing", Start::Bare, vec![Send(b"INVALID\r\n\r\n".to_vec())], PROTOCOL),
        ("3.4 no SETTINGS behind the preface", Start::Bare, vec![Send([PREFACE, &ping(0, EIGHT)].concat())], PROTOCOL),
        ("3.4 a request behind the preface", Start::Bare, vec![Send([PREFACE, &get(1)].concat())], PROTOCOL),
        (
            "3.4 the preface byte by byte",
            Start::Bare,
            [PREFACE, &settings(&[]), &get(1)]
                .concat()
                .chunks(1)
                .flat_map(|byte| [Send(byte.to_vec()), Pause(1)])
                .collect(),
            Answer(200),
        ),
        ping_after("4.1 a frame of an unknown type", &[frame(0x16, 0, 0, b"unknown")]),
        ping_after("4.1 a frame of an unknown type on a stream", &[frame(0xff, 0xff, 5, b"unknown")]),
        once("4.1 unknown flags", &[frame(6, 0x16, 0, EIGHT)], Pong(*EIGHT)),
        once("4.1 the reserved bit", &[frame(6, 0, 0x8000_0000, EIGHT)], Pong(*EIGHT)),
        once("4.2 DATA of 2^14 bytes", &[begin(1, &post_with(&[])), data(END_STREAM, 1, &[b'x'; 16384])], Answer(200)),
        once(
            "4.2 DATA beyond the size",
            &[begin(1, &post_with(&[])), data(END_STREAM, 1, &[b'x'; 16385])],
            Stream(&[FRAME_SIZE_ERROR]),
        ),
        once("4.2 HEADERS beyond the size", &[request(1, &get_with(&[("a", &"x".repeat(16384))]))], SIZE),
        once("4.2 PING beyond the size", &[frame(6, 0, 0, &[0; 16385])], SIZE),
        once(
            "4.3 a block that cannot be read",
            &[request(1, &[&[0x82, 0x86, 0x84][..], &[0xff; 9]].concat())],
            COMPRESSION,
        ),
        once(
            "4.3 PRIORITY within a block",
            &[headers(END_STREAM, 1, GET), priority(1, 0, 255), continuation(END_HEADERS, 1, &[])],
            PROTOCOL,
        ),
        once("4.3 HEADERS of another stream within a block", &[headers(END_STREAM, 1, GET), get(3)], PROTOCOL),
        once(
            "4.3 DATA within a block",
            &[headers(0, 1, GET), data(END_STREAM, 1, b"x"), continuation(END_HEADERS, 1, &[])],
            PROTOCOL,
        ),
        once("4.3 PING within a block", &[headers(END_STREAM, 1, GET), ping(0, EIGHT)], PROTOCOL),
        once("4.3 SETTINGS within a block", &[headers(END_STREAM, 1, GET), settings(&[])], PROTOCOL),
        once(
            "4.3 a block of two frames",
            &[headers(END_STREAM, 1, &GET[..3]), continuation(END_HEADERS, 1, &GET[3..])],
            Answer(200),
        ),
        once(
            "4.3 a block of one byte each",
            &[
                vec![headers(END_STREAM, 1, &GET[..1])],
                GET[1..5].iter().map(|byte| continuation(0, 1, &[*byte])).collect(),
                vec![continuation(END_HEADERS, 1, &GET[5..])],
            ]
            .concat(),
            Answer(200),
        ),
        once("5.5 an unknown frame within a block", &[headers(END_STREAM, 1, GET), frame(0x16, 0, 0, b"x")], PROTOCOL),
        get_after("5.5 an unknown frame before a request", &[frame(0x77, 0, 0, &[0; 100])]),
        once("5.5 unknown SETTINGS", &[settings(&[(0xff, 1)])], Acknowledged),
    ]
}

fn states() -> Vec<Case> {
    let idle = |name, frame: Vec<u8>| once(name, &[frame], PROTOCOL);
    let half = |name, frame: Vec<u8>, expect| {
        // An answer that takes its time keeps the stream half closed.
        let slow = block(&[(":method", "GET"), (":scheme", "http"), (":path", "/slow"), (":authority", "a")]);
        once(name, &[request(1, &slow), frame], expect)
    };
    let reset_then = |name, frame: Vec<u8>, expect| {
        (name, Start::Open, vec![send(&[begin(1, &post_with(&[])), reset(1, 8)]), Pause(20), Send(frame)], expect)
    };
    let done_then =
        |name, frame: Vec<u8>, expect| (name, Start::Open, vec![send(&[get(1)]), Answered(1), Send(frame)], expect);
    let either = || Stream(&[STREAM_CLOSED, PROTOCOL_ERROR]);
    vec![
        idle("5.1 idle: DATA", data(END_STREAM, 1, b"x")),
        idle("5.1 idle: RST_STREAM", reset(1, 8)),
        idle("5.1 idle: WINDOW_UPDATE", window(1, 100)),
        idle("5.1 idle: CONTINUATION", continuation(END_HEADERS, 1, GET)),
        once("5.1 idle: PRIORITY", &[priority(3, 0, 15), get(1)], Answer(200)),
        half("5.1 half closed: DATA", data(END_STREAM, 1, b"x"), CLOSED),
        half("5.1 half closed: HEADERS", get(1), CLOSED),
        half("5.1 half closed: CONTINUATION", continuation(END_HEADERS, 1, GET), either()),
        half("5.1 half closed: WINDOW_UPDATE", window(1, 100), Answer(200)),
        half("5.1 half closed: PRIORITY", priority(1, 0, 15), Answer(200)),
        half("5.1 half closed: RST_STREAM, then PING", [reset(1, 8), ping(0, EIGHT)].concat(), Pong(*EIGHT)),
        reset_then("5.1 reset by us: DATA", data(END_STREAM, 1, b"x"), CLOSED),
        reset_then("5.1 reset by us: HEADERS", get(1), CLOSED),
        reset_then("5.1 reset by us: CONTINUATION", continuation(END_HEADERS, 1, GET), either()),
        reset_then("5.1 reset by us: PRIORITY", [priority(1, 0, 15), ping(0, EIGHT)].concat(), Pong(*EIGHT)),
        done_then("5.1 closed: DATA", data(END_STREAM, 1, b"x"), CLOSED),
        done_then("5.1 closed: HEADERS", get(1), CLOSED),
        done_then("5.1 closed: CONTINUATION", continuation(END_HEADERS, 1, GET), either()),
        done_then("5.1 closed: PRIORITY", [priority(1, 0, 15), ping(0, EIGHT)].concat(), Pong(*EIGHT)),
        done_then("5.1 closed: WINDOW_UPDATE", [window(1, 100), ping(0, EIGHT)].concat(), Pong(*EIGHT)),
        done_then("5.1 closed: RST_STREAM", [reset(1, 8), ping(0, EIGHT)].concat(), Pong(*EIGHT)),
        once("5.1.1 an even stream", &[get(2)], PROTOCOL),
        done_then("5.1.1 a lower stream", [get(5), get(3)].concat(), PROTOCOL),
        once(
            "5.1.1 a stream that was skipped",
            &[get(5), ping(0, EIGHT), get(3)],
            Connection(&[PROTOCOL_ERROR, STREAM_CLOSED]),
        ),
        once("5.1.1 stream 0", &[get(0)], PROTOCOL),
        once("5.1.1 the highest stream", &[get(0x7fff_ffff)], Answer(200)),
        once(
            "5.1.2 more streams than may be",
            &(0..110).map(|at| begin(2 * at + 1, &post_with(&[]))).collect::<Vec<_>>(),
            Stream(&[PROTOCOL_ERROR, REFUSED_STREAM]),
        ),
        once("5.4.1 GOAWAY and then the end", &[data(0, 0, b"x")], PROTOCOL),
    ]
}

fn frames_of_each_type() -> Vec<Case> {
    let padded = |length: u8, rest: &[u8]| [&[length][..], rest].concat();
    let prioritised = |depends: u32, weight: u8| [&depends.to_be_bytes()[..], &[weight], GET].concat();
    let acknowledged = |name, values: &[(u16, u32)]| once(name, &[settings(values)], Acknowledged);
    let wrong = |name, values: &[(u16, u32)], expect| once(name, &[settings(values)], expect);
    let post = |more: &[Vec<u8>]| [&[begin(1, &post_with(&[]))], more].concat();
    vec![
        once("6.1 DATA", &post(&[data(END_STREAM, 1, b"x")]), Answer(200)),
        once("6.1 several DATA", &post(&[data(0, 1, b"x"), data(0, 1, b""), data(END_STREAM, 1, b"y")]), Answer(200)),
        once(
            "6.1 DATA with padding",
            &post(&[data(END_STREAM | PADDED, 1, &padded(6, b"test\0\0\0\0\0\0"))]),
            Answer(200),
        ),
        once("6.1 DATA of padding alone", &post(&[data(END_STREAM | PADDED, 1, &padded(3, b"\0\0\0"))]), Answer(200)),
        once("6.1 DATA of stream 0", &post(&[data(END_STREAM, 0, b"x")]), PROTOCOL),
        once("6.1 padding as long as DATA", &post(&[data(END_STREAM | PADDED, 1, &padded(5, b"test"))]), PROTOCOL),
        once("6.1 padding longer than DATA", &post(&[data(END_STREAM | PADDED, 1, &padded(255, b"test"))]), PROTOCOL),
        once(
            "6.1 no length of the padding",
            &post(&[data(END_STREAM | PADDED, 1, b"")]),
            Connection(&[PROTOCOL_ERROR, FRAME_SIZE_ERROR]),
        ),
        once("6.2 HEADERS", &[get(1)], Answer(200)),
        once("6.2 HEADERS with padding", &[headers(0xd, 1, &[&padded(2, GET)[..], &[0, 0]].concat())], Answer(200)),
        once("6.2 HEADERS with priority", &[headers(5 | PRIORITY, 1, &prioritised(0, 255))], Answer(200)),
        once(
            "6.2 HEADERS exclusively dependent",
            &[headers(5 | PRIORITY, 1, &prioritised(0x8000_0000, 0))],
            Answer(200),
        ),
        once("6.2 HEADERS of stream 0", &[headers(5, 0, GET)], PROTOCOL),
        once("6.2 padding longer than HEADERS", &[headers(0xd, 1, &padded(200, GET))], PROTOCOL),
        once(
            "6.2 priority cut short",
            &[headers(5 | PRIORITY, 1, &[0, 0])],
            Connection(&[PROTOCOL_ERROR, FRAME_SIZE_ERROR]),
        ),
        once("6.2 HEADERS without their end, then PRIORITY", &[headers(1, 1, GET), priority(1, 0, 1)], PROTOCOL),
        once("6.2 HEADERS without their end, then others", &[headers(1, 1, GET), get(3)], PROTOCOL),
        once("6.3 PRIORITY of weight 1", &[priority(1, 0, 0), get(1)], Answer(200)),
        once("6.3 PRIORITY of weight 256", &[priority(1, 0, 255), get(1)], Answer(200)),
        once("6.3 PRIORITY that depends", &[priority(3, 1, 255), get(1)], Answer(200)),
        once("6.3 PRIORITY exclusive", &[priority(3, 0x8000_0001, 255), get(1)], Answer(200)),
        once("6.3 PRIORITY of stream 0", &[priority(0, 0, 255)], PROTOCOL),
        once(
            "6.3 PRIORITY of four bytes",
            &[begin(1, &post_with(&[])), frame(2, 0, 1, &[0; 4])],
            Stream(&[FRAME_SIZE_ERROR]),
        ),
        once(
            "6.3 PRIORITY of six bytes",
            &[begin(1, &post_with(&[])), frame(2, 0, 1, &[0; 6])],
            Stream(&[FRAME_SIZE_ERROR]),
        ),
        once("6.3 PRIORITY upon itself", &[priority(1, 1, 255), ping(0, EIGHT)], Stream(&[PROTOCOL_ERROR])),
        once(
            "6.2 HEADERS upon themselves",
            &[headers(5 | PRIORITY, 1, &prioritised(1, 255))],
            Stream(&[PROTOCOL_ERROR]),
        ),
        once("6.4 RST_STREAM", &post(&[reset(1, 8), ping(0, EIGHT)]), Pong(*EIGHT)),
        once("6.4 RST_STREAM of an unknown code", &post(&[reset(1, 0xff), ping(0, EIGHT)]), Pong(*EIGHT)),
        once("6.4 RST_STREAM of stream 0", &[reset(0, 8)], PROTOCOL),
        once("6.4 RST_STREAM of three bytes", &post(&[frame(3, 0, 1, &[0; 3])]), SIZE),
        once("6.4 RST_STREAM of five bytes", &post(&[frame(3, 0, 1, &[0; 5])]), SIZE),
        acknowledged("6.5 SETTINGS of nothing", &[]),
        acknowledged("6.5 SETTINGS of all", &[(1, 4096), (2, 0), (3, 100), (4, 65535), (5, 16384), (6, 100_000)]),
        acknowledged("6.5 the same twice", &[(4, 100), (4, 1)]),
        acknowledged("6.5 a table of nothing", &[(1, 0)]),
        acknowledged("6.5 a table of 4 GiB", &[(1, u32::MAX)]),
        acknowledged("6.5 the largest frames", &[(5, 16_777_215)]),
        acknowledged("6.5 the largest window", &[(4, 0x7fff_ffff)]),
        once("6.5 ACK with bytes", &[frame(4, ACK, 0, &[0; 6])], SIZE),
        once(
            "6.5 ACK of nothing, unasked",
            &[frame(4, ACK, 0, &[]), ping(0, EIGHT)],
            Expect::Connection(&[PROTOCOL_ERROR]),
        ),
        once("6.5 SETTINGS of a stream", &[frame(4, 0, 1, &[0, 3, 0, 0, 0, 1])], PROTOCOL),
        once("6.5 SETTINGS of three bytes", &[frame(4, 0, 0, &[0; 3])], SIZE),
        once("6.5 SETTINGS of seven bytes", &[frame(4, 0, 0, &[0; 7])], SIZE),
        wrong("6.5.2 ENABLE_PUSH of 2", &[(2, 2)], PROTOCOL),
        wrong("6.5.2 a window too large", &[(4, 0x8000_0000)], Connection(&[FLOW_CONTROL_ERROR])),
        wrong("6.5.2 frames too small", &[(5, 16383)], PROTOCOL),
        wrong("6.5.2 frames of nothing", &[(5, 0)], PROTOCOL),
        wrong("6.5.2 frames too large", &[(5, 16_777_216)], PROTOCOL),
        once(
            "6.6 PUSH_PROMISE of a client",
            &[get(1), frame(5, END_HEADERS, 1, &[&[0, 0, 0, 2][..], GET].concat())],
            PROTOCOL,
        ),
        once("6.7 PING", &[ping(0, EIGHT)], Pong(*EIGHT)),
        once("6.7 PING that acknowledges", &[ping(ACK, b"ignored!"), ping(0, EIGHT)], Pong(*EIGHT)),
        once("6.7 PING of a stream", &[frame(6, 0, 1, EIGHT)], PROTOCOL),
        once("6.7 PING of six bytes", &[ping(0, &[0; 6])], SIZE),
        once("6.7 PING of nine bytes", &[ping(0, &[0; 9])], SIZE),
        once("6.8 GOAWAY of a stream", &[goaway(1, 0)], PROTOCOL),
        once("6.8 GOAWAY cut short", &[frame(7, 0, 0, &[0; 7])], SIZE),
        once("6.8 GOAWAY before an answer", &[get(1), goaway(0, 0)], Answer(200)),
        once("6.8 GOAWAY of an unknown code", &[goaway(0, 0xff)], Connection(&[0])),
        once("6.9 WINDOW_UPDATE", &[window(0, 1), get(1)], Answer(200)),
        once("6.9 WINDOW_UPDATE of 0", &[window(0, 0)], PROTOCOL),
        once("6.9 WINDOW_UPDATE of 0 for a stream", &post(&[window(1, 0)]), Stream(&[PROTOCOL_ERROR])),
        once("6.9 WINDOW_UPDATE of three bytes", &[frame(8, 0, 0, &[0; 3])], SIZE),
        once("6.9 WINDOW_UPDATE of five bytes", &post(&[frame(8, 0, 1, &[0; 5])]), SIZE),
        once("6.9 WINDOW_UPDATE with the reserved bit", &[window(0, 0x8000_0001), get(1)], Answer(200)),
        once(
            "6.9.1 a window too large",
            &[window(0, 0x7fff_ffff), window(0, 0x7fff_ffff)],
            Connection(&[FLOW_CONTROL_ERROR]),
        ),
        once(
            "6.9.1 a stream's window too large",
            &post(&[window(1, 0x7fff_ffff), window(1, 0x7fff_ffff)]),
            Stream(&[FLOW_CONTROL_ERROR]),
        ),
        ("6.9.1 no byte beyond the window", Start::Window(1), vec![send(&[get(1)])], Data(&[1])),
        (
            "6.9.1 the rest as the window opens",
            Start::Window(1),
            vec![send(&[get(1)]), Begun(1), Send(window(1, 2))],
            Data(&[1, 2]),
        ),
        (
            "6.9.2 SETTINGS open the windows of streams",
            Start::Window(0),
            vec![send(&[get(1)]), Begun(1), Send(settings(&[(4, 1)]))],
            Data(&[1]),
        ),
        (
            "6.9.2 a window below nothing",
            Start::Window(3),
            vec![send(&[get(1)]), Begun(1), send(&[settings(&[(4, 2)]), window(1, 2)])],
            Data(&[3, 1]),
        ),
        once(
            "6.9.2 a window that SETTINGS make too large",
            &post(&[window(1, 0x7fff_0000), settings(&[(4, 0x7fff_ffff)])]),
            Connection(&[FLOW_CONTROL_ERROR]),
        ),
        once(
            "6.10 CONTINUATION without HEADERS",
            &[get(1), continuation(END_HEADERS, 1, GET)],
            Stream(&[PROTOCOL_ERROR, STREAM_CLOSED]),
        ),
        once("6.10 CONTINUATION of stream 0", &[headers(1, 1, &GET[..3]), continuation(4, 0, &GET[3..])], PROTOCOL),
        once(
            "6.10 CONTINUATION of another stream",
            &[headers(1, 1, &GET[..3]), continuation(4, 3, &GET[3..])],
            PROTOCOL,
        ),
        once(
            "6.10 CONTINUATION behind its end",
            &[headers(1, 1, &GET[..3]), continuation(4, 1, &GET[3..]), continuation(4, 1, &[])],
            Stream(&[PROTOCOL_ERROR, STREAM_CLOSED]),
        ),
        once("6.10 CONTINUATION behind DATA", &post(&[data(0, 1, b"x"), continuation(4, 1, GET)]), PROTOCOL),
        once("7 a code that nobody knows", &post(&[reset(1, u32::MAX), ping(0, EIGHT)]), Pong(*EIGHT)),
    ]
}

fn messages() -> Vec<Case> {
    let with = |name, field: (&str, &str)| once(name, &[request(1, &get_with(&[field]))], Malformed);
    let fine = |name, fields: &[(&str, &str)]| once(name, &[request(1, &get_with(fields))], Answer(200));
    let of = |name, fields: &[(&str, &str)]| once(name, &[pseudo(fields)], Malformed);
    let raw =
        |name, key: &[u8], value: &[u8]| once(name, &[request(1, &[GET, &field(key, value)].concat())], Malformed);
    let (m, s, p, a) = ((":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a"));
    let trailers = |block: &[u8]| headers(END_HEADERS | END_STREAM, 1, block);
    let post = |fields: &[(&str, &str)], more: &[Vec<u8>]| [&[begin(1, &post_with(fields))], more].concat();
    vec![
        once("8.1 GET", &[get(1)], Answer(200)),
        once("8.1 HEAD has no bytes", &[pseudo(&[(":method", "HEAD"), s, p, a])], Bare),
        once("8.1 two requests", &[get(1), get(3)], Answer(200)),
        once("8.1 POST", &post(&[("content-length", "1")], &[data(END_STREAM, 1, b"x")]), Answer(200)),
        once(
            "8.1 POST with trailers",
            &post(&[], &[data(0, 1, b"x"), trailers(&block(&[("x-sum", "1")]))]),
            Answer(200),
        ),
        once(
            "8.1 trailers that do not end",
            &post(&[], &[data(0, 1, b"x"), begin(1, &block(&[("x-sum", "1")]))]),
            Malformed,
        ),
        once("8.1 a second head", &post(&[], &[begin(1, GET)]), Malformed),
        once(
            "8.1 a pseudo-field in trailers",
            &post(&[], &[data(0, 1, b"x"), trailers(&block(&[(":path", "/")]))]),
            Malformed,
        ),
        once(
            "8.1 a status in trailers",
            &post(&[], &[data(0, 1, b"x"), trailers(&block(&[(":status", "200")]))]),
            Malformed,
        ),
        once(
            "8.1 upper case in trailers",
            &post(&[], &[data(0, 1, b"x"), trailers(&block(&[("X-Sum", "1")]))]),
            Malformed,
        ),
        once(
            "8.1 `connection` in trailers",
            &post(&[], &[data(0, 1, b"x"), trailers(&block(&[("connection", "x")]))]),
            Malformed,
        ),
        once(
            "8.1 DATA behind trailers",
            &post(&[], &[data(0, 1, b"x"), trailers(&block(&[("a", "b")])), data(1, 1, b"y")]),
            Stream(&[STREAM_CLOSED]),
        ),
        with("8.2.1 upper case", ("X-Test", "a")),
        with("8.2.1 upper case in the middle", ("x-tEst", "a")),
        raw("8.2.1 no name", b"", b"a"),
        raw("8.2.1 a blank in a name", b"a b", b"a"),
        raw("8.2.1 a colon in a name", b"a:b", b"a"),
        raw("8.2.1 a control byte in a name", b"a\x01", b"a"),
        raw("8.2.1 CR in a name", b"a\r", b"a"),
        raw("8.2.1 a byte beyond ASCII in a name", b"a\xff", b"a"),
        raw("8.2.1 NUL in a value", b"a", b"b\0c"),
        raw("8.2.1 LF in a value", b"a", b"b\nc"),
        raw("8.2.1 CR in a value", b"a", b"b\rc"),
        raw("8.2.1 CR LF and a field in a value", b"a", b"b\r\nx-forwarded-for: 1"),
        raw("8.2.1 a blank before a value", b"a", b" b"),
        raw("8.2.1 a blank behind a value", b"a", b"b "),
        raw("8.2.1 a tab before a value", b"a", b"\tb"),
        raw("8.2.1 a tab behind a value", b"a", b"b\t"),
        with("8.2.2 connection", ("connection", "close")),
        with("8.2.2 keep-alive", ("keep-alive", "timeout=5")),
        with("8.2.2 proxy-connection", ("proxy-connection", "keep-alive")),
        with("8.2.2 transfer-encoding", ("transfer-encoding", "chunked")),
        with("8.2.2 upgrade", ("upgrade", "h2c")),
        with("8.2.2 te of something else", ("te", "gzip")),
        with("8.2.2 te of more", ("te", "trailers, gzip")),
        fine("8.2.2 te of trailers", &[("te", "trailers")]),
        fine("8.2.3 crumbs of a cookie", &[("cookie", "a=1"), ("cookie", "b=2")]),
        of("8.3 an unknown pseudo-field", &[m, s, p, a, (":test", "x")]),
        of("8.3 a pseudo-field of answers", &[m, s, p, a, (":status", "200")]),
        of("8.3 a pseudo-field behind a field", &[m, s, a, ("x", "y"), p]),
        of("8.3 upper case in a pseudo-field", &[m, s, a, (":Path", "/")]),
        of("8.3.1 no method", &[s, p, a]),
        of("8.3.1 no scheme", &[m, p, a]),
        of("8.3.1 no path", &[m, s, a]),
        of("8.3.1 an empty path", &[m, s, a, (":path", "")]),
        of("8.3.1 an empty method", &[(":method", ""), s, p, a]),
        of("8.3.1 an empty scheme", &[m, (":scheme", ""), p, a]),
        of("8.3.1 an empty authority", &[m, s, p, (":authority", "")]),
        of("8.3.1 two methods", &[m, m, s, p, a]),
        of("8.3.1 two schemes", &[m, s, s, p, a]),
        of("8.3.1 two paths", &[m, s, p, p, a]),
        of("8.3.1 two authorities", &[m, s, p, a, a]),
        of("8.3.1 no authority and no host", &[m, s, p]),
        once("8.3.1 a host instead of an authority", &[pseudo(&[m, s, p, ("host", "a")])], Answer(200)),
        of("8.3.1 another host", &[m, s, p, a, ("host", "b")]),
        of("8.3.1 two hosts", &[m, s, p, a, ("host", "a"), ("host", "a")]),
        of("8.3.1 a user in the authority", &[m, s, p, (":authority", "u@a")]),
        of("8.3.1 a path in the authority", &[m, s, p, (":authority", "a/b")]),
        of("8.3.1 two names in the authority", &[m, s, p, (":authority", "a,b")]),
        of("8.3.1 a path without a slash", &[m, s, (":path", "x"), a]),
        of("8.3.1 a whole address as path", &[m, s, (":path", "http://a/"), a]),
        of("8.3.1 a fragment", &[m, s, (":path", "/#x"), a]),
        of("8.3.1 a blank in the path", &[m, s, (":path", "/a b"), a]),
        of("8.3.1 a blank in the method", &[(":method", "GET /x HTTP/1.1"), s, p, a]),
        of("8.3.1 CR LF in the path", &[m, s, (":path", "/ HTTP/1.1\r\nx: y"), a]),
        of("8.3.1 CR LF in the method", &[(":method", "GET\r\nx"), s, p, a]),
        of("8.3.1 CR LF in the authority", &[m, s, p, (":authority", "a\r\nx: y")]),
        of("8.3.1 an unknown scheme", &[m, (":scheme", "ftp"), p, a]),
        of("8.3.1 a colon in the scheme", &[m, (":scheme", "http://b"), p, a]),
        of("8.5 CONNECT", &[(":method", "CONNECT"), (":authority", "a:443")]),
        of("8.5 CONNECT with a path", &[(":method", "CONNECT"), s, p, a]),
        of("8.5 CONNECT to a protocol, unasked", &[(":method", "CONNECT"), (":protocol", "websocket"), s, p, a]),
        of("9110 9.3.8 TRACE", &[(":method", "TRACE"), s, p, a]),
        once("8.1.1 less DATA than said", &post(&[("content-length", "2")], &[data(END_STREAM, 1, b"x")]), Malformed),
        once("8.1.1 more DATA than said", &post(&[("content-length", "1")], &[data(END_STREAM, 1, b"xy")]), Malformed),
        once(
            "8.1.1 more in several DATA",
            &post(&[("content-length", "1")], &[data(0, 1, b"x"), data(END_STREAM, 1, b"y")]),
            Malformed,
        ),
        once("8.1.1 a length and no DATA", &[request(1, &post_with(&[("content-length", "1")]))], Malformed),
        once("8.1.1 a length that is none", &post(&[("content-length", "x")], &[data(END_STREAM, 1, b"x")]), Malformed),
        once(
            "8.1.1 a length below nothing",
            &post(&[("content-length", "-1")], &[data(END_STREAM, 1, b"x")]),
            Malformed,
        ),
        once("8.1.1 a length with a sign", &post(&[("content-length", "+1")], &[data(END_STREAM, 1, b"x")]), Malformed),
        once(
            "8.1.1 two lengths",
            &post(&[("content-length", "1"), ("content-length", "2")], &[data(END_STREAM, 1, b"x")]),
            Malformed,
        ),
        once("8.1.1 a list of lengths", &post(&[("content-length", "1, 1")], &[data(END_STREAM, 1, b"x")]), Malformed),
        once(
            "10.5.1 a block as large as may be",
            &[request(1, &get_with(&[("a", &"x".repeat(9_000)), ("b", &"x".repeat(7_000))])), ping(0, EIGHT)],
            Answer(200),
        ),
        once("10.5.1 more fields than may be", &[request(1, &get_with(&vec![("a", "b"); 2_000]))], Malformed),
    ]
}

fn compression() -> Vec<Case> {
    let with = |name, more: &[u8]| once(name, &[request(1, &[GET, more].concat())], Answer(200));
    let wrong = |name, more: &[u8]| once(name, &[request(1, &[GET, more].concat())], COMPRESSION);
    let first = |name, more: &[u8], expect| once(name, &[request(1, &[more, GET].concat())], expect);
    vec![
        with("7541 6.1 an indexed field", &[0x90]),
        with("7541 6.2.1 indexing, known name", &[0x7a, 1, b'x']),
        with("7541 6.2.1 indexing, new name", &[0x40, 1, b'a', 1, b'b']),
        with("7541 6.2.1 indexing, then by index", &[0x40, 1, b'a', 1, b'b', 0xbe]),
        with("7541 6.2.2 without indexing, known name", &[0x0f, 0x2b, 1, b'x']),
        with("7541 6.2.2 without indexing, new name", &[0x00, 1, b'a', 1, b'b']),
        with("7541 6.2.3 never indexed, known name", &[0x1f, 0x2b, 1, b'x']),
        with("7541 6.2.3 never indexed, new name", &[0x10, 1, b'a', 1, b'b']),
        with("7541 5.2 Huffman", &[0x00, 0x81, 0x1f, 0x82, 0x1c, 0x64]),
        with("7541 5.2 an empty value", &[0x00, 1, b'a', 0]),
        wrong("7541 2.3.3 an index beyond both tables", &[0xff, 0x00]),
        wrong("7541 2.3.3 an index far beyond", &[0xff, 0xff, 0xff, 0x7f]),
        wrong("7541 2.3.3 a name beyond both tables", &[0x7f, 0x40, 1, b'x']),
        wrong("7541 4.2 a size at the end", &[0x20]),
        wrong("7541 4.2 a size between fields", &[0x20, 0x90]),
        wrong(
            "7541 5.1 an integer without an end",
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        wrong("7541 5.2 a text cut short", &[0x00, 5, b'a']),
        wrong("7541 5.2 padding longer than seven bits", &[0x00, 0x82, 0x1f, 0xff, 1, b'b']),
        wrong("7541 5.2 padding of zeros", &[0x00, 0x81, 0x18, 1, b'b']),
        wrong("7541 5.2 the end as a sign", &[0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 1, b'b']),
        wrong("7541 6.1 index 0", &[0x80]),
        first("7541 6.3 a size below the bound", &[0x20], Answer(200)),
        first("7541 6.3 the largest size", &[0x3f, 0xe1, 0x1f], Answer(200)),
        first("7541 6.3 two sizes", &[0x20, 0x3f, 0xe1, 0x1f], Answer(200)),
        first("7541 6.3 a size beyond the bound", &[0x3f, 0xe2, 0x1f], COMPRESSION),
        (
            "7541 2.2 the table lasts from block to block",
            Start::Open,
            vec![
                send(&[request(1, &[GET, &[0x40, 1, b'a', 1, b'b']].concat())]),
                Answered(1),
                send(&[request(3, &[GET, &[0xbe]].concat())]),
                Answered(3),
                send(&[ping(0, EIGHT)]),
            ],
            Pong(*EIGHT),
        ),
        (
            "7541 4.3 a size of nothing empties the table",
            Start::Open,
            vec![
                send(&[request(1, &[GET, &[0x40, 1, b'a', 1, b'b']].concat())]),
                Answered(1),
                send(&[request(3, &[&[0x20], GET, &[0xbe]].concat())]),
            ],
            COMPRESSION,
        ),
    ]
}

fn all() -> Vec<Case> {
    [starts(), states(), frames_of_each_type(), messages(), compression()].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_keeps_to_the_standards() {
    let gateway = Arc::new(Plan::new(vec![]).start().await);
    let cases = all();
    let count = cases.len();
    let names: HashSet<_> = cases.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), count, "two cases have one name");
    let places = Arc::new(Semaphore::new(32));
    let mut running = JoinSet::new();
    for (name, start, steps, expect) in cases {
        let (gateway, places) = (gateway.clone(), places.clone());
        running.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            let mut raw = match start {
                Start::Bare => Raw::bare(gateway.address).await,
                Start::Open => Raw::open(gateway.address, &[]).await,
                Start::Window(size) => Raw::open(gateway.address, &[(4, size)]).await,
            };
            raw.play(&steps).await;
            let fault = raw.holds(&expect).await.err();
            raw.wait(100, |_| false).await;
            (name, fault.map(|why| format!("[{name}] {expect:?}: {why}")), raw.ended_otherwise(&expect))
        });
    }
    let outcomes = running.join_all().await;
    let held = outcomes.iter().filter(|(_, fault, _)| fault.is_none()).count();
    let other_codes = outcomes.iter().filter(|(.., otherwise)| *otherwise).count();
    let mut faults = Vec::new();
    for (name, fault, _) in outcomes {
        match (fault, WITHOUT.contains(&name)) {
            (Some(fault), false) => faults.push(fault),
            (None, true) => faults.push(format!("[{name}] holds now; take it out of WITHOUT")),
            _ => {}
        }
    }
    faults.sort();
    println!(
        "{held} of {count} cases hold; in {other_codes} of them the connection ends with another code; without {WITHOUT:?}"
    );
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    // One that sends its code and resets at once may not be heard.
    assert!(other_codes <= OTHER_CODES, "{other_codes}");
    assert!(count >= CASES, "cases are missing: {count}");
}

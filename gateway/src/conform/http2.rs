//! The server for HTTP/2 against raw frames: the cases of `http2/cases.rs`, and floods of frames in `http2/floods.rs`.
//!
//! Cases and verdicts are those of RFC 9113 and RFC 7541, in the order of h2spec. Like there, an error of a connection may
//! show by GOAWAY or by its end, and one of a stream also by one of the connection.

#![expect(clippy::disallowed_methods, reason = "the servers of a test end with its runtime")]

use std::collections::HashMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

mod cases;
mod floods;
mod frames;

use frames::{ACK, END_STREAM, PREFACE, frame, settings};

/// What a case must come to.
#[derive(Clone, Debug)]
enum Expect {
    /// The connection ends, with one of these codes if it says why.
    Connection(&'static [u32]),
    /// The stream ends with one of these codes, or the connection does.
    Stream(&'static [u32]),
    /// As a stream error, or answered with a status of 400 to 499: the request is malformed.
    Malformed,
    /// Answered with this status.
    Answer(u16),
    /// A PING is answered with these bytes.
    Pong([u8; 8]),
    /// SETTINGS are acknowledged, besides our first.
    Acknowledged,
    /// The first DATA frames have these lengths.
    Data(&'static [usize]),
    /// The server says SETTINGS first.
    Settings,
    /// Stream 1 is answered without a DATA frame that has bytes.
    Bare,
}

/// What one side does.
#[derive(Clone, Debug)]
enum Step {
    Send(Vec<u8>),
    /// Until this stream was answered whole.
    Answered(u32),
    /// Until the head of its answer came.
    Begun(u32),
    Pause(u64),
}

/// What was seen on a connection so far.
#[derive(Default, Debug)]
struct Seen {
    first: Option<u8>,
    statuses: HashMap<u32, u16>,
    ended: Vec<u32>,
    resets: Vec<(u32, u32)>,
    goaway: Option<u32>,
    pongs: Vec<[u8; 8]>,
    acks: usize,
    data: Vec<usize>,
    closed: bool,
}

/// A client of HTTP/2 that writes what it likes.
struct Raw {
    stream: TcpStream,
    begun: Vec<u8>,
    seen: Seen,
}

impl Raw {
    /// A connection without a byte.
    async fn bare(address: std::net::SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, begun: Vec::new(), seen: Seen::default() }
    }

    /// A connection with preface and SETTINGS exchanged.
    async fn open(address: std::net::SocketAddr, own: &[(u16, u32)]) -> Self {
        let mut raw = Self::bare(address).await;
        raw.send(&[PREFACE, &settings(own)].concat()).await;
        raw.wait(2000, |seen| seen.first.is_some() && seen.acks > 0).await;
        raw.send(&frame(4, ACK, 0, &[])).await;
        raw.seen.acks = 0;
        raw
    }

    async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Reads until `done`, the end of the connection, or the time is over; true when it was done.
    async fn wait(&mut self, milliseconds: u64, done: impl Fn(&Seen) -> bool) -> bool {
        let deadline = Instant::now() + Duration::from_millis(milliseconds);
        loop {
            while let Some(length) = self.whole_frame() {
                let rest = self.begun.split_off(length);
                let one = std::mem::replace(&mut self.begun, rest);
                self.note(&one);
            }
            if done(&self.seen) {
                return true;
            }
            if self.seen.closed {
                return false;
            }
            match timeout_at(deadline, self.stream.read_buf(&mut self.begun)).await {
                Ok(Ok(0) | Err(_)) => self.seen.closed = true,
                Ok(Ok(_)) => {}
                Err(_) => return false,
            }
        }
    }

    fn whole_frame(&self) -> Option<usize> {
        let [a, b, c, ..] = self.begun[..] else { return None };
        let length = 9 + u32::from_be_bytes([0, a, b, c]) as usize;
        (self.begun.len() >= length).then_some(length)
    }

    fn note(&mut self, frame: &[u8]) {
        let (kind, flags) = (frame[3], frame[4]);
        let number = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().unwrap());
        let (stream, payload) = (number(5), &frame[9..]);
        let seen = &mut self.seen;
        seen.first.get_or_insert(kind);
        match kind {
            0 => seen.data.push(payload.len()),
            1 => {
                seen.statuses.entry(stream).or_insert_with(|| frames::status(payload));
            }
            3 => seen.resets.push((stream, number(9))),
            4 if flags & ACK != 0 => seen.acks += 1,
            6 if flags & ACK != 0 => seen.pongs.push(payload.try_into().unwrap()),
            7 => seen.goaway = seen.goaway.filter(|code| *code != 0).or(Some(number(13))),
            _ => {}
        }
        if matches!(kind, 0 | 1) && flags & END_STREAM != 0 {
            seen.ended.push(stream);
        }
    }

    async fn play(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Send(bytes) => {
                    // The server may have closed already; what it said is what counts.
                    self.send(bytes).await;
                }
                Step::Answered(stream) => {
                    let stream = *stream;
                    self.wait(2000, |seen| seen.ended.contains(&stream)).await;
                }
                Step::Begun(stream) => {
                    let stream = *stream;
                    self.wait(2000, |seen| seen.statuses.contains_key(&stream)).await;
                }
                Step::Pause(time) => {
                    self.wait(*time, |_| false).await;
                }
            }
        }
    }

    /// True when the connection ended for another reason than the standard names.
    fn ended_otherwise(&self, expect: &Expect) -> bool {
        let (Expect::Connection(codes) | Expect::Stream(codes)) = expect else { return false };
        self.seen.goaway.is_some_and(|code| !codes.contains(&code))
    }

    /// Why the case did not come to what it must.
    async fn holds(&mut self, expect: &Expect) -> Result<(), String> {
        let met = |seen: &Seen| match expect {
            Expect::Connection(codes) => ended(seen, codes),
            Expect::Stream(codes) => ended(seen, codes) || seen.resets.iter().any(|(_, code)| codes.contains(code)),
            Expect::Malformed => {
                let refused = seen.statuses.values().any(|status| (400..500).contains(status));
                refused || ended(seen, &[frames::PROTOCOL_ERROR]) || seen.resets.iter().any(|(_, code)| *code == 1)
            }
            Expect::Answer(status) => seen.statuses.values().any(|seen| seen == status) && !seen.ended.is_empty(),
            Expect::Pong(bytes) => seen.pongs.contains(bytes),
            Expect::Acknowledged => seen.acks > 0,
            Expect::Data(lengths) => seen.data.starts_with(lengths),
            Expect::Settings => seen.first == Some(4),
            Expect::Bare => seen.ended.contains(&1) && seen.data.iter().all(|length| *length == 0),
        };
        if self.wait(3000, met).await || met(&self.seen) { Ok(()) } else { Err(format!("{:?}", self.seen)) }
    }
}

/// True when the connection ended; while it is open, when it said that it will for one of these reasons.
fn ended(seen: &Seen, codes: &[u32]) -> bool {
    seen.closed || seen.goaway.is_some_and(|code| codes.contains(&code))
}

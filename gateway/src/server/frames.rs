//! The frames of HTTP/2 that cost much and say little, counted from outside of h2.
//!
//! h2 bounds blocks of fields, streams, and resets that come before a request was looked at. A request that was passed on
//! and is then taken back costs a portal a connection, and PING, SETTINGS and others cost an answer; of those h2 takes any
//! number. Their heads are followed here, and a connection that sends too many of them in a time ends. Sources: RFC 9113,
//! sections 4.1 and 10.5; CVE-2023-44487, CVE-2019-9512, -9513, -9515 and -9518.

use std::time::Duration;

use tokio::time::Instant;

/// Length of the head of a frame.
const HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
/// ACK of SETTINGS, END_STREAM of DATA.
const FLAG_ONE: u8 = 1;

/// Follows the frames of one connection from behind its preface.
#[derive(Default)]
pub(super) struct Frames {
    head: [u8; HEAD],
    /// Bytes of the head that came.
    begun: usize,
    /// Bytes of the payload that are still to come.
    left: usize,
    first_seen: bool,
    /// Requests that were taken back.
    resets: Allowance,
    /// Frames that ask for an answer or change nothing.
    idle: Allowance,
}

/// What a connection may send of something: so many at once, and so many more in each second.
struct Allowance {
    left: f64,
    burst: f64,
    per_second: f64,
    at: Option<Instant>,
}

impl Default for Allowance {
    fn default() -> Self {
        Self::new(100.0, 10.0)
    }
}

impl Allowance {
    fn new(burst: f64, per_second: f64) -> Self {
        Self { left: burst, burst, per_second, at: None }
    }

    /// True while there is some left.
    fn take(&mut self, now: Instant) -> bool {
        let gone = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.at = Some(now);
        self.left = (self.left + gone.as_secs_f64() * self.per_second).min(self.burst) - 1.0;
        self.left >= 0.0
    }
}

/// Why a connection ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The first frame is not SETTINGS.
    First,
    /// Too many frames that cost much and say little.
    Flood,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { idle: Allowance::new(500.0, 100.0), ..Self::default() }
    }

    /// Follows `bytes`, which came at `now`.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant) -> Result<(), Fault> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.left > 0 {
                let taken = self.left.min(rest.len());
                self.left -= taken;
                rest = rest.get(taken..).unwrap_or_default();
                continue;
            }
            let taken = (HEAD - self.begun).min(rest.len());
            let (piece, later) = rest.split_at(taken);
            if let Some(place) = self.head.get_mut(self.begun..self.begun + taken) {
                place.copy_from_slice(piece);
            }
            self.begun += taken;
            rest = later;
            if self.begun == HEAD {
                self.begun = 0;
                self.frame(now)?;
            }
        }
        Ok(())
    }

    fn frame(&mut self, now: Instant) -> Result<(), Fault> {
        let [a, b, c, kind, flags, ..] = self.head;
        self.left = u32::from_be_bytes([0, a, b, c]) as usize;
        if !std::mem::replace(&mut self.first_seen, true) && (kind != SETTINGS || flags & FLAG_ONE != 0) {
            return Err(Fault::First);
        }
        let allowed = match kind {
            RST_STREAM => self.resets.take(now),
            DATA if self.left > 0 || flags & FLAG_ONE != 0 => true,
            // A new stream is bounded by h2, and a window opens as fast as an answer goes.
            HEADERS | WINDOW_UPDATE => true,
            _ => self.idle.take(now),
        };
        if allowed { Ok(()) } else { Err(Fault::Flood) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        let mut bytes = vec![0, 0, length, kind, flags, 0, 0, 0, 1];
        bytes.resize(HEAD + usize::from(length), kind);
        bytes
    }

    /// Feeds `bytes` whole and byte by byte: both must come to `expected`.
    #[track_caller]
    fn check(bytes: &[u8], expected: Result<(), Fault>) {
        let now = Instant::now();
        assert_eq!(Frames::new().feed(bytes, now), expected, "whole");
        let mut frames = Frames::new();
        assert_eq!(bytes.iter().try_for_each(|byte| frames.feed(&[*byte], now)), expected, "byte by byte");
    }

    #[test]
    fn settings_come_first() {
        check(&frame(SETTINGS, 0, 6), Ok(()));
        check(&frame(SETTINGS, FLAG_ONE, 0), Err(Fault::First));
        check(&frame(6, 0, 8), Err(Fault::First));
    }

    #[test]
    fn some_of_each_are_allowed_and_many_are_not() {
        let with = |frames: Vec<Vec<u8>>| [vec![frame(SETTINGS, 0, 0)], frames].concat().concat();
        for (kind, length, allowed) in [(RST_STREAM, 4, 100), (6, 8, 499), (2, 5, 499), (0x77, 9, 499), (DATA, 0, 499)]
        {
            check(&with(vec![frame(kind, 0, length); allowed]), Ok(()));
            check(&with(vec![frame(kind, 0, length); allowed + 1]), Err(Fault::Flood));
        }
        for (kind, length) in [(DATA, 1), (HEADERS, 9), (WINDOW_UPDATE, 4)] {
            check(&with(vec![frame(kind, 0, length); 2_000]), Ok(()));
        }
    }

    #[test]
    fn what_comes_slowly_may_go_on() {
        let (mut frames, begun) = (Frames::new(), Instant::now());
        frames.feed(&frame(SETTINGS, 0, 0), begun).unwrap();
        for second in 0..1_000 {
            let now = begun + Duration::from_secs(second);
            (0..9).try_for_each(|_| frames.feed(&frame(RST_STREAM, 0, 4), now)).unwrap();
        }
    }
}

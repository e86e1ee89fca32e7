//! The log line of each request, written in blocks.
//!
//! A line of `tracing` costs as much as a large part of a request: fields are visited one by one, and every line is a
//! system call. So this line alone is written here, in the form of all others. It goes into a buffer, which a thread of
//! its own writes to standard error ten times a second, or sooner when much has gathered. Nobody who answers waits for
//! the log; what it cannot take in time is dropped and counted. All other lines go out at once, by `tracing`.

use std::io::Write;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use config::clock;
use jiff::Timestamp;

/// How long a line may wait.
const EVERY: Duration = Duration::from_millis(100);
/// Bytes that are written without waiting any longer.
const BLOCK: usize = 64 << 10;
/// Bytes that may wait; what comes then is dropped.
const MOST: usize = 4 << 20;

/// What the lines have as their `target`, by which `[log] filter` lets them through.
pub const TARGET: &str = "gateway::access";

/// Where the lines of this process go, once `start` was called.
static LINES: OnceLock<Arc<Lines>> = OnceLock::new();

/// What is told of one request. The texts hold nothing that JSON would have to escape.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The id of the request.
    pub id: &'a str,
    /// The trace id of a valid `traceparent`, or nothing.
    pub trace: &'a str,
    /// What answered.
    pub route: &'a str,
    /// The portal, or nothing.
    pub portal: &'a str,
    /// The status.
    pub status: u16,
    /// From the head of the request to the last byte of its answer.
    pub took: Duration,
    /// Whether the client got all of it.
    pub whole: bool,
}

/// The lines that wait to be written.
pub struct Lines {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    second: Second,
    ending: bool,
}

/// The text of a second, made once for all of its lines.
#[derive(Default)]
struct Second {
    number: i64,
    text: String,
}

/// Writes what still waits when it is dropped.
pub struct Writing {
    lines: Arc<Lines>,
    thread: Option<JoinHandle<()>>,
}

/// Tells of a request: in blocks once `start` was called, before by `tracing`. False when the line was dropped.
pub fn tell(line: &Line) -> bool {
    if let Some(lines) = LINES.get() {
        return lines.take(line);
    }
    tracing::info!(
        target: TARGET,
        {
            request.id = line.id,
            trace.id = line.trace,
            route = line.route,
            portal.id = line.portal,
            status = line.status,
            duration_ms = line.took.as_secs_f64() * 1000.0,
            whole = line.whole
        },
        "request"
    );
    true
}

/// Begins to write the lines of this process to standard error, until what it gives is dropped. To be called once.
///
/// # Errors
/// When there can be no thread for it.
pub fn start() -> std::io::Result<Writing> {
    let lines = Arc::clone(LINES.get_or_init(Arc::default));
    let writing = Arc::clone(&lines);
    let thread = thread::Builder::new().name("access-log".into()).spawn(move || {
        writing.write_to(|block| {
            // Whoever reads the log is gone; there is nobody else to tell.
            let _ = std::io::stderr().lock().write_all(block);
        });
    })?;
    Ok(Writing { lines, thread: Some(thread) })
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.lines.end();
        if let Some(thread) = self.thread.take() {
            // That it panicked is in the log already.
            let _ = thread.join();
        }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self { waiting: Mutex::default(), wake: Condvar::new() }
    }
}

impl Lines {
    /// Takes a line of now; false when too many wait.
    pub fn take(&self, line: &Line) -> bool {
        let now = clock::now();
        let mut waiting = self.waiting();
        let before = waiting.text.len();
        if before > MOST || waiting.ending {
            return false;
        }
        let Waiting { text, second, .. } = &mut *waiting;
        write(text, second.at(now), now.subsec_nanosecond().unsigned_abs() / 1000, line);
        let full = before < BLOCK && text.len() >= BLOCK;
        drop(waiting);
        if full {
            self.wake.notify_one();
        }
        true
    }

    /// Gives blocks to `write` as they come, until the end.
    fn write_to(&self, mut write: impl FnMut(&[u8])) {
        let mut block = Vec::new();
        let mut ending = false;
        while !ending {
            let waiting = self.waiting();
            let idle = |waiting: &mut Waiting| waiting.text.len() < BLOCK && !waiting.ending;
            let waited = self.wake.wait_timeout_while(waiting, EVERY, idle);
            let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
            mem::swap(&mut block, &mut waiting.text);
            ending = waiting.ending;
            drop(waiting);
            if !block.is_empty() {
                write(&block);
                block.clear();
            }
        }
    }

    fn end(&self) {
        self.waiting().ending = true;
        self.wake.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Second {
    /// Date and time of day of `now`, without its fraction.
    fn at(&mut self, now: Timestamp) -> &str {
        let number = now.as_second();
        if self.text.is_empty() || self.number != number {
            let whole = Timestamp::from_second(number).unwrap_or(now);
            *self = Self { number, text: whole.to_string().trim_end_matches('Z').to_owned() };
        }
        &self.text
    }
}

/// Appends a line in the form of `tracing-subscriber`, fields in the same order.
///
/// By hand, because the general way of writing values would cost more than all else that is told of a request.
fn write(text: &mut Vec<u8>, second: &str, micros: u32, line: &Line) {
    let mut put = |piece: &str| text.extend_from_slice(piece.as_bytes());
    let took = u64::try_from(line.took.as_micros()).unwrap_or(u64::MAX);
    let (mut micro_digits, mut status, mut whole_ms, mut part_ms) = ([0; 20], [0; 20], [0; 20], [0; 20]);
    put("{\"timestamp\":\"");
    put(second);
    put(".");
    put(decimal(micros.into(), 6, &mut micro_digits));
    put("Z\",\"level\":\"INFO\",\"message\":\"request\",\"request.id\":\"");
    put(line.id);
    put("\",\"trace.id\":\"");
    put(line.trace);
    put("\",\"route\":\"");
    put(line.route);
    put("\",\"portal.id\":\"");
    put(line.portal);
    put("\",\"status\":");
    put(decimal(line.status.into(), 1, &mut status));
    put(",\"duration_ms\":");
    put(decimal(took / 1000, 1, &mut whole_ms));
    put(".");
    put(decimal(took % 1000, 3, &mut part_ms));
    put(if line.whole { ",\"whole\":true" } else { ",\"whole\":false" });
    put(",\"target\":\"");
    put(TARGET);
    put("\"}\n");
}

/// A number with at least so many digits, written into `room`.
fn decimal(mut number: u64, least: usize, room: &mut [u8; 20]) -> &str {
    let mut begin = room.len();
    for (at, place) in room.iter_mut().enumerate().rev() {
        if number == 0 && 20 - at > least {
            break;
        }
        // Below ten, so it is one byte.
        *place = b'0' + (number % 10) as u8;
        number /= 10;
        begin = at;
    }
    room.get(begin..).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(id: &str) -> Line<'_> {
        let took = Duration::from_nanos(12_034_567);
        Line { id, trace: "", route: "portal", portal: "stadt", status: 200, took, whole: true }
    }

    fn written(lines: &Lines) -> Vec<serde_json::Value> {
        let mut text = Vec::new();
        lines.write_to(|block| text.extend_from_slice(block));
        let text = String::from_utf8(text).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_json_with_its_time() {
        let lines = Lines::default();
        let before = clock::now();
        assert!(lines.take(&line("1f")) && lines.take(&line("2f")));
        lines.end();
        let mut written = written(&lines);
        assert_eq!(written.len(), 2);
        let said = written[0]["timestamp"].take();
        let at: Timestamp = said.as_str().unwrap().parse().unwrap();
        assert!((at.duration_since(before)).as_secs_f64().abs() < 5.0, "{said}");
        assert_eq!(said.as_str().unwrap().len(), "2026-11-26T20:00:00.000000Z".len());
        let expected = json!({
            "timestamp": null, "level": "INFO", "message": "request", "request.id": "1f", "trace.id": "",
            "route": "portal", "portal.id": "stadt", "status": 200, "duration_ms": 12.034, "whole": true,
            "target": "gateway::access",
        });
        assert_eq!(written[0], expected);
    }

    #[test]
    fn numbers_are_decimal() {
        for (number, least, text) in [(0, 1, "0"), (0, 3, "000"), (7, 3, "007"), (1234, 3, "1234"), (200, 1, "200")] {
            assert_eq!(decimal(number, least, &mut [0; 20]), text);
        }
        assert_eq!(decimal(u64::MAX, 1, &mut [0; 20]), u64::MAX.to_string());
    }

    #[test]
    fn the_time_moves_on() {
        let mut second = Second::default();
        for (at, text) in [(0, "1970-01-01T00:00:00"), (1, "1970-01-01T00:00:01"), (1, "1970-01-01T00:00:01")] {
            assert_eq!(second.at(Timestamp::from_second(at).unwrap()), text);
        }
        assert_eq!(second.at(Timestamp::new(1, 999_999_999).unwrap()), "1970-01-01T00:00:01");
    }

    #[test]
    fn what_cannot_be_taken_is_said() {
        let lines = Lines::default();
        let taken = (0..100_000).take_while(|_| lines.take(&line("1f"))).count();
        assert!((MOST / 400..MOST / 100).contains(&taken), "{taken}");
        assert!(!lines.take(&line("2f")));
        lines.end();
        assert_eq!(written(&lines).len(), taken, "what was taken is written");
    }

    #[test]
    fn lines_are_written_while_others_come() {
        let lines = Lines::default();
        thread::scope(|scope| {
            let writing = scope.spawn(|| written(&lines).len());
            for _ in 0..10_000 {
                while !lines.take(&line("1f")) {
                    thread::yield_now();
                }
            }
            lines.end();
            assert_eq!(writing.join().unwrap(), 10_000);
        });
    }
}

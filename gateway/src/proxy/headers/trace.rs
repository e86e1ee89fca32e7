//! The trace that a request belongs to, as W3C Trace Context (2021) writes it in `traceparent` and `tracestate`.
//!
//! The gateway is no part of a trace: it passes a valid context on unchanged, and drops one that cannot be read, so that
//! no portal joins a trace that nobody else knows. Of `tracestate` nothing is read; it belongs to whom it names.

use http::header::{HeaderMap, HeaderName};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The trace id of a request: 32 lower-case hexadecimal digits; none without exactly one valid `traceparent`.
pub fn trace_id(fields: &HeaderMap) -> Option<&str> {
    let mut given = fields.get_all(TRACEPARENT).iter();
    match (given.next(), given.next()) {
        (Some(only), None) => read(only.to_str().ok()?),
        _ => None,
    }
}

/// Drops both fields when there is no valid `traceparent`; `tracestate` means nothing without it (section 3.3).
pub(super) fn drop_unreadable(fields: &mut HeaderMap) {
    if trace_id(fields).is_none() {
        fields.remove(TRACEPARENT);
        fields.remove(TRACESTATE);
    }
}

/// `version-trace-parent-flags` (section 3.2). A version to come may add to it after another dash.
fn read(value: &str) -> Option<&str> {
    let mut parts = value.splitn(5, '-');
    let version = hex(parts.next()?, 2).filter(|version| *version != "ff")?;
    let trace = hex(parts.next()?, 32).filter(|trace| says_something(trace))?;
    hex(parts.next()?, 16).filter(|parent| says_something(parent))?;
    hex(parts.next()?, 2)?;
    (version != "00" || parts.next().is_none()).then_some(trace)
}

fn hex(text: &str, digits: usize) -> Option<&str> {
    let lower = text.bytes().all(|sign| matches!(sign, b'0'..=b'9' | b'a'..=b'f'));
    (lower && text.len() == digits).then_some(text)
}

/// False for an id of zeros alone, which the standard calls invalid.
fn says_something(id: &str) -> bool {
    id.bytes().any(|sign| sign != b'0')
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[track_caller]
    fn check(given: &[&str], expected: Option<&str>) {
        let mut fields = HeaderMap::new();
        for value in given {
            fields.append(TRACEPARENT, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        fields.append(TRACESTATE, HeaderValue::from_static("congo=t61rcWkgMzE"));
        fields.append(TRACESTATE, HeaderValue::from_static("rojo=00f067aa0ba902b7"));
        assert_eq!(trace_id(&fields), expected, "{given:?}");
        let before = fields.clone();
        drop_unreadable(&mut fields);
        if expected.is_some() {
            assert_eq!(fields, before, "{given:?}");
        } else {
            assert_eq!(fields, HeaderMap::new(), "{given:?}");
        }
    }

    #[test]
    fn a_valid_context_stays_as_it_came() {
        for valid in [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later",
        ] {
            check(&[valid], Some(TRACE));
        }
    }

    #[test]
    fn a_malformed_context_is_dropped_with_its_state() {
        for malformed in [
            "",
            "-",
            "00",
            "4bf92f3577b34da6a3ce929d0e0e4736",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e47366-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0ü",
        ] {
            check(&[malformed], None);
        }
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        check(&[valid, valid], None);
        check(&[], None);
    }
}

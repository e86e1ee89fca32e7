//! Answers from what is kept: whole, a range of it, or that nothing has changed.
//!
//! One range is cut out of a body without a copy; of several ranges none is (a server may ignore the field). Sources:
//! RFC 9110, sections 13 and 14; RFC 9111, sections 4.3.2 and 4.3.5.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use tokio::time::Instant;

use super::policy::read_date;
use super::store::Stored;
use crate::body::Body;

/// The bytes from `first` to `last` of `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The first byte, from 0.
    pub first: u64,
    /// The last byte.
    pub last: u64,
    /// Bytes of the whole.
    pub total: u64,
}

impl Part {
    /// Reads `Content-Range` of an answer that has `length` bytes; none when it is no range of bytes of a known whole.
    pub fn read(fields: &HeaderMap) -> Option<Self> {
        let text = single(fields, &header::CONTENT_RANGE)?.to_str().ok()?;
        let (unit, range) = text.split_once(' ')?;
        let (range, total) = range.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let part = Self { first: number(first)?, last: number(last)?, total: number(total)? };
        (unit.eq_ignore_ascii_case("bytes") && part.first <= part.last && part.last < part.total).then_some(part)
    }

    /// Number of its bytes.
    pub fn length(&self) -> u64 {
        self.last - self.first + 1
    }

    fn holds(&self, other: &Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }
}

/// What a request wants of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// From a byte to another one or to the end.
    From(u64, Option<u64>),
    /// The last bytes.
    Last(u64),
}

impl Wanted {
    /// Reads `Range`; what is no single range of bytes wants all of it.
    pub fn read(method: &Method, fields: &HeaderMap) -> Self {
        let Some(text) = single(fields, &header::RANGE).and_then(|value| value.to_str().ok()) else {
            return Self::Whole;
        };
        let read = || {
            let (unit, range) = text.split_once('=')?;
            let (first, last) = range.trim().split_once('-')?;
            match (unit.eq_ignore_ascii_case("bytes"), first, last) {
                (true, "", last) => Some(Self::Last(number(last)?)),
                (true, first, "") => Some(Self::From(number(first)?, None)),
                (true, first, last) => {
                    let (first, last) = (number(first)?, number(last)?);
                    (first <= last).then_some(Self::From(first, Some(last)))
                }
                (false, ..) => None,
            }
        };
        if *method == Method::GET { read().unwrap_or(Self::Whole) } else { Self::Whole }
    }

    /// The part of a body of `total` bytes; an error when there is none.
    fn of(self, total: u64) -> Result<Part, ()> {
        let (first, last) = match self {
            Self::Whole => (0, total.checked_sub(1).ok_or(())?),
            Self::From(first, last) => (first, last.unwrap_or(u64::MAX).min(total.checked_sub(1).ok_or(())?)),
            Self::Last(0) => return Err(()),
            Self::Last(bytes) => (total.saturating_sub(bytes), total.checked_sub(1).ok_or(())?),
        };
        if first <= last { Ok(Part { first, last, total }) } else { Err(()) }
    }
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn single<'a>(fields: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut lines = fields.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

/// True when what is kept has what the request wants.
pub fn has(stored: &Stored, wanted: Wanted, request: &HeaderMap) -> bool {
    let Some(part) = stored.part else { return true };
    if wanted == Wanted::Whole || !if_range(stored, request) {
        return part.length() == part.total;
    }
    wanted.of(part.total).is_ok_and(|wanted| part.holds(&wanted))
}

/// The answer to a request from what is kept.
pub fn answer(stored: &Stored, method: &Method, request: &HeaderMap, now: Instant) -> Response<Body> {
    let whole = stored.status == StatusCode::OK;
    let mut fields = stored.fields.clone();
    fields.insert(header::AGE, HeaderValue::from(stored.terms.age(now)));
    if whole && not_modified(request, &stored.fields) {
        unchanged(&mut fields);
        return made(StatusCode::NOT_MODIFIED, fields, Bytes::new());
    }
    let wanted = Wanted::read(method, request);
    if whole && (wanted != Wanted::Whole && if_range(stored, request)) {
        let total = stored.part.map_or(stored.body.len() as u64, |part| part.total);
        let Ok(part) = wanted.of(total) else {
            fields.remove(header::CONTENT_LENGTH);
            set(&mut fields, header::CONTENT_RANGE, format!("bytes */{total}"));
            return made(StatusCode::RANGE_NOT_SATISFIABLE, fields, Bytes::new());
        };
        let skipped = stored.part.map_or(0, |kept| kept.first);
        let at = |byte: u64| usize::try_from(byte - skipped).unwrap_or(usize::MAX);
        let (first, end) = (at(part.first), at(part.last).saturating_add(1));
        if end <= stored.body.len() {
            let Part { first: from, last, total } = part;
            set(&mut fields, header::CONTENT_RANGE, format!("bytes {from}-{last}/{total}"));
            fields.insert(header::CONTENT_LENGTH, HeaderValue::from(part.length()));
            return made(StatusCode::PARTIAL_CONTENT, fields, stored.body.slice(first..end));
        }
    }
    let body = if *method == Method::HEAD { Bytes::new() } else { stored.body.clone() };
    made(stored.status, fields, body)
}

fn made(status: StatusCode, fields: HeaderMap, body: Bytes) -> Response<Body> {
    let mut response = Response::new(if body.is_empty() { Body::empty() } else { Body::from(body) });
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    response
}

fn set(fields: &mut HeaderMap, name: HeaderName, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        fields.insert(name, value);
    }
}

/// Takes out what describes a body that is not sent (RFC 9110, section 15.4.5).
pub fn unchanged(fields: &mut HeaderMap) {
    for name in [
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
        header::CONTENT_RANGE,
    ] {
        fields.remove(name);
    }
}

/// True when the client has what these fields describe, by its `If-None-Match` or, without one, `If-Modified-Since`.
pub fn not_modified(request: &HeaderMap, fields: &HeaderMap) -> bool {
    if request.contains_key(header::IF_NONE_MATCH) {
        let tag = fields.get(header::ETAG).map(|tag| opaque(tag.as_bytes()));
        let lines = request.get_all(header::IF_NONE_MATCH).iter();
        let mut known = lines.flat_map(|line| super::directives::members(line.as_bytes()));
        return known.any(|known| known == b"*" || tag.is_some_and(|tag| tag == opaque(known)));
    }
    let Some(since) = single(request, &header::IF_MODIFIED_SINCE).and_then(read_date) else { return false };
    let changed = fields.get(header::LAST_MODIFIED).or_else(|| fields.get(header::DATE));
    changed.and_then(read_date).is_some_and(|changed| changed <= since)
}

/// A tag without the mark of weakness (RFC 9110, section 8.8.3.2).
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// True when a range may be sent: no `If-Range`, or one that names what is kept, strongly (RFC 9110, section 13.1.5).
fn if_range(stored: &Stored, request: &HeaderMap) -> bool {
    let Some(named) = request.get(header::IF_RANGE) else { return true };
    if named.as_bytes().starts_with(b"W/") {
        return false;
    }
    let name = if named.as_bytes().starts_with(b"\"") { header::ETAG } else { header::LAST_MODIFIED };
    stored.fields.get(name).is_some_and(|kept| kept == named)
}

/// True when a 304 is about what is kept: it names no validator, or the same one (RFC 9111, section 4.3.4).
pub fn is_about(fields: &HeaderMap, stored: &HeaderMap) -> bool {
    match (fields.get(header::ETAG), fields.get(header::LAST_MODIFIED)) {
        (Some(tag), _) => {
            stored.get(header::ETAG).is_some_and(|kept| opaque(kept.as_bytes()) == opaque(tag.as_bytes()))
        }
        (None, Some(modified)) => stored.get(header::LAST_MODIFIED).is_none_or(|kept| kept == modified),
        (None, None) => true,
    }
}

/// The fields of what is kept, brought up to date by those of a 304 or of an answer to HEAD (RFC 9111, section 3.2).
pub fn updated(stored: &HeaderMap, newer: &HeaderMap) -> HeaderMap {
    let mut fields = stored.clone();
    for name in newer.keys().filter(|name| !matches!(**name, header::CONTENT_LENGTH | header::CONTENT_RANGE)) {
        fields.remove(name);
        for value in newer.get_all(name) {
            fields.append(name.clone(), value.clone());
        }
    }
    fields
}

/// True when an answer to HEAD describes what is kept: every validator and length that it names is the same.
pub fn describes(head: &HeaderMap, stored: &HeaderMap) -> bool {
    [header::ETAG, header::LAST_MODIFIED, header::CONTENT_LENGTH]
        .iter()
        .all(|name| head.get(name).is_none_or(|value| stored.get(name) == Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &'static str) -> Wanted {
        let fields = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(text))]);
        Wanted::read(&Method::GET, &fields)
    }

    #[test]
    fn one_range_of_bytes_is_read_and_nothing_else() {
        for (text, expected) in [
            ("bytes=0-4", Wanted::From(0, Some(4))),
            ("Bytes=5-", Wanted::From(5, None)),
            ("bytes=-3", Wanted::Last(3)),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=4-0", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("lines=0-4", Wanted::Whole),
            ("bytes=", Wanted::Whole),
        ] {
            assert_eq!(wanted(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_part_lies_within_its_whole(first: u64, last: Option<u64>, total in 0_u64..1000) {
            for wanted in [Wanted::Whole, Wanted::From(first, last), Wanted::Last(first)] {
                if let Ok(part) = wanted.of(total) {
                    proptest::prop_assert!(part.first <= part.last && part.last < total);
                    proptest::prop_assert!(part.length() <= total);
                }
            }
        }
    }
}

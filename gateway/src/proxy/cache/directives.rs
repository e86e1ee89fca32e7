//! `Cache-Control` and its targeted form, read as they come and never repaired.
//!
//! What forbids is taken in any spelling; what allows has to be written as the standard says, else it is invalid and an
//! answer counts as stale. Two values that differ for one directive are invalid, too. Sources: RFC 9111, sections 4.2.1
//! and 5.2; RFC 5861; RFC 9213 with the dictionaries of RFC 9651.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

/// Seconds of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Seconds {
    /// The directive is not there.
    #[default]
    Absent,
    /// It is there once, or several times with one value; at most 2^31.
    Some(u64),
    /// It is there without a whole number, or with several values.
    Invalid,
}

impl Seconds {
    /// The longest time that a cache has to know (RFC 9111, section 1.2.2).
    const MOST: u64 = 1 << 31;

    fn read(value: Option<&[u8]>) -> Self {
        let digits = value.unwrap_or_default();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Self::Invalid;
        }
        let number = digits.iter().try_fold(0_u64, |number, digit| {
            number.checked_mul(10).map(|number| number.saturating_add(u64::from(digit - b'0')))
        });
        Self::Some(number.map_or(Self::MOST, |number| number.min(Self::MOST)))
    }

    fn add(&mut self, other: Self) {
        *self = if *self == Self::Absent || *self == other { other } else { Self::Invalid };
    }

    /// The time, if it is valid.
    pub fn time(self) -> Option<Duration> {
        if let Self::Some(seconds) = self { Some(Duration::from_secs(seconds)) } else { None }
    }

    /// True when the directive is there, valid or not.
    pub fn is_there(self) -> bool {
        self != Self::Absent
    }
}

/// The directives of a request or an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directives {
    /// Nothing of it may be kept.
    pub no_store: bool,
    /// To be validated before every use.
    pub no_cache: bool,
    /// For one user alone.
    pub private: bool,
    /// For everybody.
    pub public: bool,
    /// Never stale without validation.
    pub must_revalidate: bool,
    /// The same for shared caches.
    pub proxy_revalidate: bool,
    /// To be kept only by those who know the status.
    pub must_understand: bool,
    /// From the cache or not at all.
    pub only_if_cached: bool,
    /// How long it is fresh; in a request, how old it may be.
    pub max_age: Seconds,
    /// How long it is fresh in a shared cache.
    pub s_maxage: Seconds,
    /// How fresh it has to be still.
    pub min_fresh: Seconds,
    /// How stale it may be.
    pub max_stale: Seconds,
    /// `max-stale` without a value: as stale as it likes.
    pub any_stale: bool,
    /// How long it may be used while a new one is fetched.
    pub stale_while_revalidate: Seconds,
    /// How long it may be used when the portal fails.
    pub stale_if_error: Seconds,
    /// Fields that `no-cache` and `private` name: the rest may be used, these may not.
    pub hidden: Vec<HeaderName>,
}

impl Directives {
    /// Reads the lines of `Cache-Control`.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        let mut read = Self::default();
        for line in lines {
            for member in members(line.as_bytes()) {
                let (name, value) = halves(member);
                read.take(&name.to_ascii_lowercase(), value.as_deref());
            }
        }
        read
    }

    /// Reads the lines of a targeted field; none when it is no valid dictionary or empty, and then counts for nothing.
    pub fn targeted<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> Option<Self> {
        let whole = lines.into_iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b","[..]);
        let mut read = Self::default();
        let mut names = Vec::new();
        for member in strict_members(&whole)? {
            let (name, value) = strict_member(member)?;
            if value == Some(b"?0") {
                continue;
            }
            // Of two members with one name, the last counts (RFC 9651, section 4.2.2).
            if names.contains(&name) {
                read.forget_times();
            }
            names.push(name);
            let plain = value.filter(|value| *value != b"?1");
            // A value of another type than the directive has is as if it was not there (RFC 9213, section 2.1).
            if plain.is_none_or(|value| value.iter().all(u8::is_ascii_digit)) || !is_time(name) {
                let quoted = plain.map(|value| value.trim_ascii_start());
                read.take(name, quoted.map(|value| value.strip_prefix(b"\"").unwrap_or(value)));
            }
        }
        (!names.is_empty()).then_some(read)
    }

    fn forget_times(&mut self) {
        self.max_age = Seconds::Absent;
        self.s_maxage = Seconds::Absent;
    }

    fn take(&mut self, name: &[u8], value: Option<&[u8]>) {
        match name {
            b"no-store" => self.no_store = true,
            b"no-cache" => self.no_cache |= !self.hides(value),
            b"private" => self.private |= !self.hides(value),
            b"public" => self.public = true,
            b"must-revalidate" => self.must_revalidate = true,
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"must-understand" => self.must_understand = true,
            b"only-if-cached" => self.only_if_cached = true,
            b"max-age" => self.max_age.add(Seconds::read(value)),
            b"s-maxage" => self.s_maxage.add(Seconds::read(value)),
            b"min-fresh" => self.min_fresh.add(Seconds::read(value)),
            b"max-stale" if value.is_none() => self.any_stale = true,
            b"max-stale" => self.max_stale.add(Seconds::read(value)),
            b"stale-while-revalidate" => self.stale_while_revalidate.add(Seconds::read(value)),
            b"stale-if-error" => self.stale_if_error.add(Seconds::read(value)),
            _ => {}
        }
    }

    /// Notes the fields that a directive names; false when it names none, and so means the whole answer.
    fn hides(&mut self, value: Option<&[u8]>) -> bool {
        let names = value.unwrap_or_default().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        let names: Result<Vec<_>, _> = names.filter(|name| !name.is_empty()).map(HeaderName::from_bytes).collect();
        match names {
            Ok(names) if !names.is_empty() => {
                self.hidden.extend(names);
                true
            }
            _ => false,
        }
    }
}

fn is_time(name: &[u8]) -> bool {
    matches!(name, b"max-age" | b"s-maxage" | b"stale-while-revalidate" | b"stale-if-error")
}

/// The members of a list: what stands between commas that are not in a quoted string.
pub fn members(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    line.split(move |byte| {
        let splits = !quoted && *byte == b',';
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        splits
    })
    .map(<[u8]>::trim_ascii)
    .filter(|member| !member.is_empty())
}

/// Name and value of a member; a quoted value without its quotes. Blanks around `=` stay in the value, which makes it
/// no number.
fn halves(member: &[u8]) -> (&[u8], Option<std::borrow::Cow<'_, [u8]>>) {
    let Some(at) = member.iter().position(|byte| *byte == b'=') else { return (member, None) };
    let (name, value) = (member.get(..at).unwrap_or_default(), member.get(at + 1..).unwrap_or_default());
    let trimmed = name.trim_ascii_end();
    if trimmed.len() < name.len() {
        return (trimmed, Some(b" ".into()));
    }
    let inner = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    match inner {
        Some(inner) if inner.contains(&b'\\') => {
            let mut plain = Vec::with_capacity(inner.len());
            let mut bytes = inner.iter();
            while let Some(byte) = bytes.next() {
                plain.extend(if *byte == b'\\' { bytes.next() } else { Some(byte) });
            }
            (name, Some(plain.into()))
        }
        Some(inner) => (name, Some(inner.into())),
        None => (name, Some(value.into())),
    }
}

/// The members of a dictionary; none when one of them is empty.
fn strict_members(line: &[u8]) -> Option<Vec<&[u8]>> {
    if line.trim_ascii().is_empty() {
        return Some(Vec::new());
    }
    let found: Vec<_> = members(line).collect();
    let commas = line.split(|byte| *byte == b',').count();
    // Commas within strings make more pieces than members, never fewer.
    (found.len() == commas || line.contains(&b'"')).then_some(found)
}

/// Key and bare item of a member of a dictionary, parameters checked and left out.
fn strict_member(member: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (pair, parameters) = cut(member, b';');
    let parameter = |text: &[u8]| {
        let (key, item) = cut(text.trim_ascii_start(), b'=');
        is_key(key) && item.is_none_or(is_item)
    };
    if !parameters.is_none_or(|rest| rest.split(|byte| *byte == b';').all(parameter)) {
        return None;
    }
    let (key, item) = cut(pair, b'=');
    (is_key(key) && item.is_none_or(is_item)).then_some((key, item))
}

/// What stands before and behind the first `at` outside of a string.
fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let mut quoted = false;
    let found = text.iter().position(|byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == at
    });
    match found {
        Some(found) => (text.get(..found).unwrap_or_default(), text.get(found + 1..)),
        None => (text, None),
    }
}

fn is_key(key: &[u8]) -> bool {
    let first = key.first().is_some_and(|byte| byte.is_ascii_lowercase() || *byte == b'*');
    first && key.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(byte))
}

fn is_item(item: &[u8]) -> bool {
    let number = |digits: &[u8]| (1..=15).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    match item {
        [b'?', b'0' | b'1'] => true,
        [b'"', .., b'"'] if item.len() > 1 => item.iter().all(|byte| matches!(byte, 0x20..=0x7e)),
        [b':', .., b':'] if item.len() > 1 => true,
        [b'-' | b'0'..=b'9', ..] => {
            let (whole, part) = cut(item.strip_prefix(b"-").unwrap_or(item), b'.');
            number(whole) && part.is_none_or(|part| number(part) && part.len() <= 3)
        }
        [first, rest @ ..] if first.is_ascii_alphabetic() || *first == b'*' => {
            rest.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(byte))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Directives {
        let lines: Vec<_> = lines.iter().map(|line| HeaderValue::from_str(line).unwrap()).collect();
        Directives::read(&lines)
    }

    #[test]
    fn a_time_is_a_whole_number_and_one() {
        for (lines, expected) in [
            (&["max-age=60"][..], Seconds::Some(60)),
            (&["MAX-AGE=60"], Seconds::Some(60)),
            (&["max-age=\"60\""], Seconds::Some(60)),
            (&["max-age=0060"], Seconds::Some(60)),
            (&["max-age=60,max-age=60"], Seconds::Some(60)),
            (&["max-age=99999999999999999999999"], Seconds::Some(1 << 31)),
            (&["max-age=60", "max-age=61"], Seconds::Invalid),
            (&["max-age =60"], Seconds::Invalid),
            (&["max-age= 60"], Seconds::Invalid),
            (&["max-age='60'"], Seconds::Invalid),
            (&["max-age=-1"], Seconds::Invalid),
            (&["max-age=6.0"], Seconds::Invalid),
            (&["max-age"], Seconds::Invalid),
            (&["max-age="], Seconds::Invalid),
            (&["max-age=60;private"], Seconds::Invalid),
            (&["a=\"b, max-age=60\""], Seconds::Absent),
            (&["a=\"b\\\", max-age=60\""], Seconds::Absent),
            (&["xmax-age=60"], Seconds::Absent),
        ] {
            assert_eq!(read(lines).max_age, expected, "{lines:?}");
        }
    }

    #[test]
    fn a_directive_may_name_fields() {
        let named = read(&["no-cache=\"Set-Cookie, x-a\", private=b"]);
        assert!(!named.no_cache && !named.private);
        assert_eq!(named.hidden, ["set-cookie", "x-a", "b"]);
        assert!(read(&["no-cache=\"\""]).no_cache && read(&["private=\"a b\""]).private);
        assert!(read(&["No-Store =x"]).no_store);
        assert!(read(&["max-stale"]).any_stale);
    }

    #[test]
    fn a_targeted_field_is_a_dictionary() {
        let age = |text: &str| {
            let line = HeaderValue::from_str(text).unwrap();
            Directives::targeted([&line]).map(|read| read.max_age)
        };
        assert_eq!(age("max-age=60"), Some(Seconds::Some(60)));
        assert_eq!(age("max-age=60;a;b=1, x=\"a,b\""), Some(Seconds::Some(60)));
        assert_eq!(age("max-age=1, max-age=60"), Some(Seconds::Some(60)));
        assert_eq!(age("max-age=\"60\""), Some(Seconds::Absent));
        assert_eq!(age("max-age=6.5"), Some(Seconds::Absent));
        for invalid in ["", "Max-Age=60", "max-age=60,", "max-age=60,,a", "max-age =60", "max-age=6 0", "=1"] {
            assert_eq!(age(invalid), None, "{invalid:?}");
        }
        let line = HeaderValue::from_static("no-store, private=?0");
        let read = Directives::targeted([&line]).unwrap();
        assert!(read.no_store && !read.private);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes: Vec<u8>) {
            if let Ok(line) = HeaderValue::from_bytes(&bytes) {
                let _ = Directives::read([&line]);
                let _ = Directives::targeted([&line]);
            }
        }

        #[test]
        fn what_forbids_is_seen_in_any_company(before in "[a-z=0-9 ]{0,12}", after in "[a-z=0-9 ]{0,12}") {
            let line = HeaderValue::from_str(&format!("{before}, No-StoRe ,{after}")).unwrap();
            proptest::prop_assert!(Directives::read([&line]).no_store);
        }
    }
}

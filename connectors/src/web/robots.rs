//! What a host lets robots read: robots.txt by RFC 9309.
//!
//! Only what concerns us is kept: the rules of the groups that name [`TOKEN`], or else those of `*`. `Crawl-delay` and
//! `Sitemap` are no part of the RFC; both are read as they are meant, and neither ends a group.

use std::time::Duration;

use url::Url;

/// The product token that groups name us by; letter case does not matter.
pub const TOKEN: &str = "portalverbund";

/// Bytes of a file that are read; the RFC asks for at least as many. What is behind them is as if it were not there.
pub const MAX_BYTES: usize = 500 * 1024;

/// The longest pause between two requests that a host can ask for; a longer one counts as this.
pub const MAX_DELAY: Duration = Duration::from_secs(30);

/// Sitemaps of one file that are kept.
const MAX_SITEMAPS: usize = 1_000;

/// What one host allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Robots {
    rules: Vec<Rule>,
    nothing: bool,
    delay: Option<Duration>,
    sitemaps: Vec<Url>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allow: bool,
    /// The pattern in the form of [`normal`], `*` and a last `$` as they are.
    pattern: String,
}

/// What a group says while the file is read.
#[derive(Default)]
struct Group {
    rules: Vec<Rule>,
    named: bool,
    delay: Option<Duration>,
}

impl Robots {
    /// Everything is allowed: there is no such file (4xx).
    pub fn all_allowed() -> Self {
        Self::default()
    }

    /// Nothing is allowed: the host could not say what it wants (5xx, or no answer).
    pub fn nothing_allowed() -> Self {
        Self { nothing: true, ..Self::default() }
    }

    /// Reads the file of `host`, which addresses of sitemaps are resolved against.
    pub fn read(bytes: &[u8], host: &Url) -> Self {
        let mut bytes = bytes.get(..MAX_BYTES).unwrap_or(bytes);
        if bytes.len() == MAX_BYTES {
            // A rule that was cut could forbid more, or less, than was meant.
            let end = bytes.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(0);
            bytes = bytes.get(..end).unwrap_or_default();
        }
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned();
        let (mut ours, mut all) = (Group::default(), Group::default());
        let (mut names_us, mut names_all, mut ruled) = (false, false, false);
        let mut sitemaps = Vec::new();
        for line in text.split(['\n', '\r']) {
            let line = line.split_once('#').map_or(line, |(before, _)| before);
            let Some((name, value)) = line.split_once(':') else { continue };
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            match name.as_str() {
                "user-agent" => {
                    if ruled {
                        (names_us, names_all, ruled) = (false, false, false);
                    }
                    names_all |= value.split_ascii_whitespace().next() == Some("*");
                    let names = product(value).eq_ignore_ascii_case(TOKEN);
                    names_us |= names;
                    ours.named |= names;
                }
                "allow" | "disallow" => {
                    ruled = true;
                    if value.is_empty() {
                        continue;
                    }
                    let rule = Rule { allow: name == "allow", pattern: normal(value, true) };
                    for (named, group) in [(names_us, &mut ours), (names_all, &mut all)] {
                        if named {
                            group.rules.push(rule.clone());
                        }
                    }
                }
                "crawl-delay" => {
                    let delay = value.parse().ok().and_then(|s: f64| Duration::try_from_secs_f64(s).ok());
                    let Some(delay) = delay.map(|delay| delay.min(MAX_DELAY)) else { continue };
                    for (named, group) in [(names_us, &mut ours), (names_all, &mut all)] {
                        if named {
                            group.delay = group.delay.max(Some(delay));
                        }
                    }
                }
                "sitemap" if sitemaps.len() < MAX_SITEMAPS => sitemaps.extend(host.join(value).ok()),
                _ => {}
            }
        }
        let group = if ours.named { ours } else { all };
        Self { rules: group.rules, nothing: false, delay: group.delay, sitemaps }
    }

    /// True when `url` may be read: the longest rule that fits decides, of two that are equally long the one that
    /// allows. `/robots.txt` always may.
    pub fn allows(&self, url: &Url) -> bool {
        if url.path() == "/robots.txt" {
            return true;
        }
        if self.nothing {
            return false;
        }
        let mut path = normal(url.path(), false);
        if let Some(query) = url.query() {
            path.push('?');
            path.push_str(&normal(query, false));
        }
        let fitting = self.rules.iter().filter(|rule| fits(&rule.pattern, &path));
        fitting.max_by_key(|rule| (rule.pattern.len(), rule.allow)).is_none_or(|rule| rule.allow)
    }

    /// The pause between two requests that the host asks for, at most [`MAX_DELAY`].
    pub fn delay(&self) -> Option<Duration> {
        self.delay
    }

    /// The sitemaps that the file names, for every robot, in its order.
    pub fn sitemaps(&self) -> &[Url] {
        &self.sitemaps
    }

    /// True when the host could not say what it wants.
    pub fn is_silent(&self) -> bool {
        self.nothing
    }
}

/// The product token at the beginning of a value: letters, `-` and `_` (RFC 9309, section 2.2.1).
fn product(value: &str) -> &str {
    let end = value.find(|c: char| !c.is_ascii_alphabetic() && c != '-' && c != '_').unwrap_or(value.len());
    value.get(..end).unwrap_or(value)
}

/// One spelling for all that mean the same: octets outside of ASCII are written with `%`, unreserved ones are not, and
/// hexadecimal digits are large (RFC 9309, section 2.2.2). In an address, `*` and `$` are written with `%` too, so that
/// a pattern that means the characters themselves finds them.
fn normal(text: &str, pattern: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        let digits = bytes.get(at..at + 2).and_then(|pair| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            Some(digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?)
        });
        match (byte, digits) {
            (b'%', Some(octet)) => {
                at += 2;
                let octet = u8::try_from(octet).unwrap_or(b'%');
                match octet {
                    b'-' | b'.' | b'_' | b'~' => out.push(char::from(octet)),
                    _ if octet.is_ascii_alphanumeric() => out.push(char::from(octet)),
                    _ => out.push_str(&format!("%{octet:02X}")),
                }
            }
            (b'*' | b'$', _) if !pattern => out.push_str(&format!("%{byte:02X}")),
            (0x21..=0x7e, _) => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// True when the pattern fits the beginning of the path; `*` is any text, a last `$` is the end.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, to_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<_> = parts.collect();
    // Behind the last `*` everything up to the end may lie, so there the last place that fits counts.
    let last = if to_end { parts.pop() } else { None };
    for part in parts {
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    match last {
        Some(last) => rest.ends_with(last),
        None => !to_end || rest.is_empty(),
    }
}

#[cfg(test)]
mod tests;

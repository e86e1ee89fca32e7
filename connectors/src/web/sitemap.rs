//! Lists of a host's pages: sitemaps 0.9 and their indexes, as XML or text, RSS 2.0 and Atom, each also as gzip.
//!
//! What a list says is only where to look: which of its addresses may be read is decided by the run. A list that breaks
//! off is used as far as it could be read. Source: sitemaps.org, protocol 0.9; RSS 2.0; RFC 4287.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt};
use url::Url;

use crate::egress::MAX_URL_BYTES;
use crate::finding::{Finding, Rule};
use crate::xml::{self, Event, XmlReader};

/// Bytes of one list when it is not compressed; sitemaps.org allows as many.
pub const MAX_BYTES: u64 = 50 * 1024 * 1024;

/// How many times larger a list may be than what was sent of it.
pub const MAX_RATIO: u64 = 100;

/// Addresses of one list; sitemaps.org allows as many.
pub const MAX_LINKS: usize = 50_000;

/// One address of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The page, or the further list.
    pub url: Url,
    /// When it changed, as the list says.
    pub changed: Option<Timestamp>,
}

/// What one list names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sitemap {
    /// Pages.
    pub pages: Vec<Listed>,
    /// Further lists.
    pub sitemaps: Vec<Listed>,
    /// What is wrong with the list.
    pub findings: Vec<Finding>,
}

/// Reads the list that `base` gave.
pub fn read(bytes: &[u8], base: &Url) -> Sitemap {
    let packed = bytes.starts_with(&[0x1f, 0x8b]);
    let source: Box<dyn Read + '_> = if packed { Box::new(MultiGzDecoder::new(bytes)) } else { Box::new(bytes) };
    let sent = bytes.len() as u64;
    let most = if packed { MAX_BYTES.min(sent.saturating_mul(MAX_RATIO).saturating_add(4096)) } else { MAX_BYTES };
    let mut source = BufReader::new(Capped { inner: source, left: most });
    let mut list = List { base, sitemap: Sitemap::default(), full: false };
    match begins_with_tag(&mut source) {
        Ok((start, true)) => list.read_xml(Cursor::new(start).chain(source)),
        Ok((start, false)) => list.read_text(Cursor::new(start).chain(source)),
        Err(error) => list.fault(&error),
    }
    list.sitemap
}

/// The first byte that is no blank, and what stands before it, taken from the source; true when it is `<`.
fn begins_with_tag(source: &mut impl BufRead) -> io::Result<(Vec<u8>, bool)> {
    let mut taken = Vec::new();
    // Nobody begins a list with more than a few blanks.
    while taken.len() < 1024 {
        let Some(&byte) = source.fill_buf()?.first() else { break };
        source.consume(1);
        taken.push(byte);
        if !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf) {
            return Ok((taken, byte == b'<'));
        }
    }
    Ok((taken, false))
}

/// Ends with an error where more comes than may.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(got as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, "ausgepackt ist die Liste größer als erlaubt")
        })?;
        Ok(got)
    }
}

/// A list while it is read.
struct List<'a> {
    base: &'a Url,
    sitemap: Sitemap,
    full: bool,
}

/// Which element the text belongs to that is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Link,
    Changed,
}

impl List<'_> {
    fn fault(&mut self, error: &io::Error) {
        let finding = Finding::new(Rule::SitemapUnreadable).value(error.to_string()).file(self.base.as_str());
        self.sitemap.findings.push(finding);
    }

    /// Takes one address; false when the list is full.
    fn take(&mut self, link: &str, changed: &str, further: bool) -> bool {
        let link = link.trim();
        if link.is_empty() {
            return true;
        }
        if self.sitemap.pages.len() + self.sitemap.sitemaps.len() >= MAX_LINKS {
            if !self.full {
                self.full = true;
                let finding = Finding::new(Rule::SitemapLimit).value(format!("mehr als {MAX_LINKS} Adressen"));
                self.sitemap.findings.push(finding.file(self.base.as_str()));
            }
            return false;
        }
        let url = (link.len() <= MAX_URL_BYTES).then(|| self.base.join(link).ok()).flatten();
        if let Some(mut url) = url.filter(|url| matches!(url.scheme(), "http" | "https")) {
            url.set_fragment(None);
            let listed = Listed { url, changed: date(changed.trim()) };
            if further { self.sitemap.sitemaps.push(listed) } else { self.sitemap.pages.push(listed) }
        }
        true
    }

    fn read_text(&mut self, source: impl Read) {
        let mut lines = BufReader::new(source);
        loop {
            let mut line = Vec::new();
            // An address is no longer than that; a line that is longer is cut and is no address then.
            match lines.by_ref().take(MAX_URL_BYTES as u64 + 3).read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) => {
                    let line = String::from_utf8_lossy(&line);
                    let line = line.trim_start_matches('\u{feff}').trim();
                    if line.starts_with("http") && !self.take(line, "", false) {
                        return;
                    }
                }
                Err(error) => return self.fault(&error),
            }
        }
    }

    fn read_xml(&mut self, source: impl Read) {
        let limits = xml::Limits { document_bytes: MAX_BYTES, text_bytes: 1 << 20, ..xml::Limits::default() };
        let mut reader = XmlReader::new(source, limits, &[]);
        let mut path: Vec<String> = Vec::new();
        let (mut link, mut changed, mut part) = (String::new(), String::new(), None);
        loop {
            match reader.next_event() {
                Ok(Event::Start(tag)) => {
                    let name = tag.local().to_owned();
                    let parent = path.last().map(String::as_str);
                    let within = matches!(parent, Some("url" | "sitemap" | "item" | "entry"));
                    if matches!((path.len(), name.as_str()), (1, "url" | "sitemap" | "entry") | (1 | 2, "item")) {
                        link.clear();
                        changed.clear();
                    }
                    part = match name.as_str() {
                        "loc" | "link" if within => Some(Part::Link),
                        "lastmod" | "pubDate" | "updated" if within => Some(Part::Changed),
                        _ => None,
                    };
                    if part == Some(Part::Link) && parent == Some("entry") {
                        let value = |name: &str| {
                            tag.attributes().find(|attribute| attribute.local == name).map(|a| a.value.to_owned())
                        };
                        if link.is_empty() && value("rel").is_none_or(|rel| rel == "alternate") {
                            link = value("href").unwrap_or_default();
                        }
                        part = None;
                    }
                    path.push(name);
                }
                Ok(Event::Text(text)) => match part {
                    Some(Part::Link) if link.len() <= MAX_URL_BYTES => link.push_str(&text),
                    Some(Part::Changed) if changed.len() <= 64 => changed.push_str(&text),
                    _ => {}
                },
                Ok(Event::End) => {
                    part = None;
                    let name = path.pop().unwrap_or_default();
                    let more = match (path.len(), name.as_str()) {
                        (1, "url" | "entry") | (1 | 2, "item") => self.take(&link, &changed, false),
                        (1, "sitemap") => self.take(&link, &changed, true),
                        _ => true,
                    };
                    if !more {
                        return;
                    }
                    if path.is_empty() && !matches!(name.as_str(), "urlset" | "sitemapindex" | "rss" | "feed" | "RDF") {
                        let finding = Finding::new(Rule::SitemapUnreadable).value(format!("Wurzelelement {name}"));
                        self.sitemap.findings.push(finding.file(self.base.as_str()));
                    }
                }
                Ok(Event::Ignorable) => {}
                Ok(Event::Eof) => return,
                Err(fault) => {
                    let finding = Finding::from(fault);
                    let what = finding.sentence();
                    let line = finding.line.unwrap_or(1);
                    let finding = Finding::new(Rule::SitemapUnreadable).value(what).line(line);
                    return self.sitemap.findings.push(finding.file(self.base.as_str()));
                }
            }
        }
    }
}

/// A time as W3C date (a year, a month, a day, or a moment) or as RSS writes it.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let day = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    let day = day.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    day.map(|day| day.timestamp()).or_else(|| fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok())
}

#[cfg(test)]
mod tests;

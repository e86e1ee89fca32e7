//! The parts of the sitemap as search engines fetch them, and the index that names them.
//!
//! Source: sitemaps.org, protocol 0.9: at most 50,000 addresses and 52,428,800 bytes before compression in a file. Older
//! readers take 10 MB alone, so half as many addresses go into one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use xxhash_rust::xxh3::Xxh3Default;

/// Addresses of one file.
pub const MAX_URLS: u64 = 25_000;
/// Bytes of one file before compression.
pub const MAX_BYTES: u64 = 50_000_000;
/// An address is shorter than this, in characters.
const MAX_URL: usize = 2_048;

const BEGIN: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
const END: &str = "</urlset>\n";

/// What a file lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Pages that are there whatever portals deliver.
    Static,
    /// Lebenslagen.
    Lebenslagen,
    /// Towns and Kreise with all that they offer.
    Orte,
    /// Leistungen, in general and at places.
    Leistungen,
}

impl Kind {
    /// All of them, in the order of the index.
    pub const ALL: [Self; 4] = [Self::Static, Self::Lebenslagen, Self::Orte, Self::Leistungen];

    /// The name in file names and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Lebenslagen => "lebenslagen",
            Self::Orte => "orte",
            Self::Leistungen => "leistungen",
        }
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name, `leistungen-1.xml.gz`.
    pub name: String,
    /// What it lists.
    pub kind: Kind,
    /// How many addresses.
    pub urls: u64,
    /// Bytes before compression.
    pub bytes: u64,
    /// Of all its bytes before compression.
    pub hash: String,
    /// Since when it is as it is.
    pub lastmod: Timestamp,
}

/// The files of one kind on their way.
pub struct Parts<'a> {
    dir: &'a Path,
    base: &'a Url,
    kind: Kind,
    before: &'a [Part],
    now: Timestamp,
    open: Option<Open>,
    made: &'a mut Vec<Part>,
    number: u32,
    limits: (u64, u64),
}

struct Open {
    file: GzEncoder<BufWriter<File>>,
    hash: Xxh3Default,
    urls: u64,
    bytes: u64,
}

impl Open {
    fn write(&mut self, text: &str) -> io::Result<()> {
        self.hash.update(text.as_bytes());
        self.bytes += text.len() as u64;
        self.file.write_all(text.as_bytes())
    }
}

impl<'a> Parts<'a> {
    /// Files in `dir`, with addresses below `base`; `before` are those of the list before, and what is made goes to `made`.
    pub fn new(
        dir: &'a Path,
        base: &'a Url,
        kind: Kind,
        before: &'a [Part],
        now: Timestamp,
        made: &'a mut Vec<Part>,
    ) -> Self {
        Self { dir, base, kind, before, now, open: None, made, number: 0, limits: (MAX_URLS, MAX_BYTES) }
    }

    #[cfg(test)]
    pub(super) fn limited(mut self, urls: u64, bytes: u64) -> Self {
        self.limits = (urls, bytes);
        self
    }

    /// What the files list.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Adds one page.
    pub fn add(&mut self, path: &str, lastmod: Timestamp) -> io::Result<()> {
        let Some(url) = absolute(self.base, path).filter(|url| url.len() < MAX_URL) else {
            tracing::warn!(kind = self.kind.name(), "an address is too long for a sitemap and left out");
            return Ok(());
        };
        let line = format!("<url><loc>{}</loc><lastmod>{}</lastmod></url>\n", escaped(&url), moment(lastmod));
        let (urls, bytes) = self.limits;
        let full = |open: &Open| open.urls >= urls || open.bytes + (line.len() + END.len()) as u64 > bytes;
        if self.open.as_ref().is_some_and(full) {
            self.close()?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => {
                self.number += 1;
                let file = File::create(self.dir.join(name(self.kind, self.number)))?;
                let file = GzEncoder::new(BufWriter::new(file), Compression::default());
                let mut open = Open { file, hash: Xxh3Default::new(), urls: 0, bytes: 0 };
                open.write(BEGIN)?;
                none.insert(open)
            }
        };
        open.write(&line)?;
        open.urls += 1;
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        open.write(END)?;
        let file = open.file.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let (name, hash) = (name(self.kind, self.number), format!("{:032x}", open.hash.digest128()));
        let same = self.before.iter().find(|part| part.name == name && part.hash == hash);
        let lastmod = same.map_or(self.now, |part| part.lastmod);
        self.made.push(Part { name, kind: self.kind, urls: open.urls, bytes: open.bytes, hash, lastmod });
        Ok(())
    }

    /// Ends the last file.
    pub fn finish(mut self) -> io::Result<()> {
        self.close()
    }
}

fn name(kind: Kind, number: u32) -> String {
    format!("{}-{number}.xml.gz", kind.name())
}

/// The index of all files.
pub fn index(base: &Url, parts: &[Part]) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for part in parts {
        if let Some(url) = absolute(base, &format!("/sitemaps/{}", part.name)) {
            let lastmod = moment(part.lastmod);
            xml.push_str(&format!("<sitemap><loc>{}</loc><lastmod>{lastmod}</lastmod></sitemap>\n", escaped(&url)));
        }
    }
    xml.push_str("</sitemapindex>\n");
    xml
}

/// A path of ours as an address from outside.
pub fn absolute(base: &Url, path: &str) -> Option<String> {
    base.join(path).ok().map(Into::into)
}

/// The form of W3C, to the second.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}

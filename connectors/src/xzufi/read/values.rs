//! What all objects are made of: ids, codes, texts, dates; and what happens to the rest.

use std::collections::HashSet;
use std::ops::Range;

use super::tree::Element;
use crate::finding::{Finding, Rule};
use crate::xzufi::{Code, Fragment, Hyperlink, Identifikator, Localized, Sprachversion, Versionsinformation, Zeitraum};

/// How many different unknown elements of one file are reported.
const UNKNOWN_REPORTED: usize = 500;

/// What was noticed in a file so far.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// Findings that nobody took yet.
    pub findings: Vec<Finding>,
    /// The file, for every finding.
    pub file: String,
    unknown: HashSet<String>,
    code_qualified: bool,
}

impl Notices {
    /// None yet, for `file`.
    pub fn new(file: String) -> Self {
        Self { file, ..Self::default() }
    }

    /// A finding of `rule` in this file.
    pub fn finding(&self, rule: Rule, line: u64) -> Finding {
        Finding::new(rule).file(&self.file).line(line)
    }

    /// Reports an element that is not known, once per path.
    pub fn unknown(&mut self, path: &str, line: u64) {
        if self.unknown.len() < UNKNOWN_REPORTED && !self.unknown.contains(path) {
            self.unknown.insert(path.to_owned());
            let finding = self.finding(Rule::ElementUnknown, line).value(path);
            self.findings.push(finding);
        }
    }
}

/// Turns the elements of one object into values.
pub(super) struct Mapper<'n> {
    pub notices: &'n mut Notices,
    /// What was not understood of this object.
    pub fragments: Vec<Fragment>,
    /// Where in the tree that stands.
    kept: Vec<Range<usize>>,
}

/// A value, or the technical fault that ends the file.
pub(super) type Mapped<T> = Result<T, Finding>;

impl<'n, 't> Mapper<'n> {
    /// Turns elements into values, and reports to `notices`.
    pub fn new(notices: &'n mut Notices) -> Self {
        Self { notices, fragments: Vec::new(), kept: Vec::new() }
    }

    /// Reports the attributes inside `element` that the standard does not name; call it after the element was read.
    pub fn report_attributes(&mut self, element: Element<'t>) {
        for (place, name) in element.unknown_attributes(&self.kept, is_attribute) {
            // the currency of an amount is an attribute of a name that is not published
            if !place.local().starts_with("betrag") {
                self.notices.unknown(&format!("{}/@{name}", place.path()), place.line());
            }
        }
    }

    /// The elements directly inside `element`; text beside them is reported and kept.
    pub fn children(&mut self, element: Element<'t>) -> impl Iterator<Item = Element<'t>> + use<'t> {
        if let Some(text) = element.stray_text() {
            let path = format!("{}/text()", element.path());
            self.notices.unknown(&path, element.line());
            let mut xml = String::new();
            crate::xml::escape::text(&mut xml, text);
            self.fragments.push(Fragment { path, line: element.line(), xml });
        }
        element.children()
    }

    /// Keeps an element that the standard does not name here, and reports it.
    pub fn unknown(&mut self, element: Element<'t>) {
        self.keep(element);
        self.notices.unknown(&element.path(), element.line());
    }

    /// Keeps an element that the standard names and nobody here needs.
    pub fn keep(&mut self, element: Element<'t>) {
        self.fragments.push(element.fragment());
        self.kept.push(element.places());
    }

    /// Reads an element that may be there once; a second one is kept and reported.
    pub fn once<T>(
        &mut self,
        slot: &mut Option<T>,
        element: Element<'t>,
        read: impl FnOnce(&mut Self, Element<'t>) -> Mapped<T>,
    ) -> Mapped<()> {
        if slot.is_some() {
            self.unknown(element);
        } else {
            *slot = Some(read(self, element)?);
        }
        Ok(())
    }

    fn fault<T>(&self, rule: Rule, element: Element<'t>, value: &str) -> Mapped<T> {
        Err(self.notices.finding(rule, element.line()).value(value))
    }

    /// The text of an element as sent; elements inside are a technical fault.
    pub fn str(&mut self, element: Element<'t>) -> Mapped<&'t str> {
        match element.text() {
            Some(text) => Ok(text),
            None => self.fault(Rule::TextWithElements, element, &element.path()),
        }
    }

    /// The same, owned.
    pub fn text(&mut self, element: Element<'t>) -> Mapped<String> {
        self.str(element).map(str::to_owned)
    }

    /// The same without the white space around it.
    pub fn token(&mut self, element: Element<'t>) -> Mapped<String> {
        self.str(element).map(|text| trimmed(text).to_owned())
    }

    /// A text with its language.
    pub fn localized(&mut self, element: Element<'t>) -> Mapped<Localized> {
        let text = self.text(element)?;
        Ok(Localized { lang: element.attribute("languageCode").map(str::to_owned), text })
    }

    /// xs:boolean
    pub fn boolean(&mut self, element: Element<'t>) -> Mapped<bool> {
        match trimmed(self.str(element)?) {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            other => self.fault(Rule::ValueInvalid, element, other),
        }
    }

    /// xs:integer
    pub fn integer(&mut self, element: Element<'t>) -> Mapped<i64> {
        let text = trimmed(self.str(element)?);
        text.parse().or_else(|_| self.fault(Rule::ValueInvalid, element, text))
    }

    /// xs:date or xs:dateTime, checked for form and for days that exist.
    pub fn date(&mut self, element: Element<'t>) -> Mapped<String> {
        let text = trimmed(self.str(element)?);
        if is_date(text) { Ok(text.to_owned()) } else { self.fault(Rule::DateInvalid, element, text) }
    }

    /// Identifikator, section 3.1 of the reference.
    pub fn identifikator(&mut self, element: Element<'t>) -> Mapped<Identifikator> {
        let mut id = Identifikator { text: self.token(element)?, ..Identifikator::default() };
        for (name, value) in element.attributes() {
            let slot = match name {
                "schemeAgencyID" => &mut id.scheme_agency_id,
                "schemeAgencyName" => &mut id.scheme_agency_name,
                "schemeDataURI" => &mut id.scheme_data_uri,
                "schemeID" => &mut id.scheme_id,
                "schemeName" => &mut id.scheme_name,
                "schemeURI" => &mut id.scheme_uri,
                "schemeVersionID" => &mut id.scheme_version_id,
                _ => continue,
            };
            *slot = present(value);
        }
        Ok(id)
    }

    /// A code, section 3.2; its children are read in no namespace and, with a warning, in XZuFi's.
    pub fn code(&mut self, element: Element<'t>) -> Mapped<Code> {
        let mut code = Code {
            list_uri: element.attribute("listURI").and_then(present),
            list_version_id: element.attribute("listVersionID").and_then(present),
            ..Code::default()
        };
        for child in self.children(element) {
            match self.code_part(child) {
                "code" => self.once(&mut code.code, child, Self::token)?,
                "name" => self.once(&mut code.name, child, Self::text)?,
                _ => self.unknown(child),
            }
        }
        Ok(code)
    }

    /// The name of a code's child.
    fn code_part(&mut self, child: Element<'t>) -> &'t str {
        if !matches!(child.own(), "code" | "name") {
            return child.plain();
        }
        if !self.notices.code_qualified {
            self.notices.code_qualified = true;
            let finding = self.notices.finding(Rule::CodeQualified, child.line());
            self.notices.findings.push(finding);
        }
        child.own()
    }

    /// Whether an element that may be a code or something else is a code.
    pub fn is_code(element: Element<'t>) -> bool {
        element.children().any(|child| child.plain() == "code" || child.own() == "code")
    }

    /// HyperlinkErweitert
    pub fn hyperlink(&mut self, element: Element<'t>) -> Mapped<Hyperlink> {
        let mut link = Hyperlink { lang: element.attribute("languageCode").map(str::to_owned), ..Hyperlink::default() };
        let mut uri = None;
        for child in self.children(element) {
            match child.own() {
                "uri" => self.once(&mut uri, child, Self::token)?,
                "titel" => self.once(&mut link.titel, child, Self::text)?,
                "beschreibung" => self.once(&mut link.beschreibung, child, Self::text)?,
                "positionDarstellung" => self.once(&mut link.position, child, Self::integer)?,
                _ => self.unknown(child),
            }
        }
        link.uri = uri.unwrap_or_default();
        Ok(link)
    }

    /// Zeitraum
    pub fn zeitraum(&mut self, element: Element<'t>) -> Mapped<Zeitraum> {
        let mut period = Zeitraum::default();
        for child in self.children(element) {
            match child.own() {
                "beginn" => self.once(&mut period.beginn, child, Self::date)?,
                "ende" => self.once(&mut period.ende, child, Self::date)?,
                "zusatz" => period.zusatz.push(self.localized(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(period)
    }

    /// Versionsinformation
    pub fn versionsinformation(&mut self, element: Element<'t>) -> Mapped<Versionsinformation> {
        let mut version = Versionsinformation::default();
        for child in self.children(element) {
            if !self.version_field(&mut version, child)? {
                self.unknown(child);
            }
        }
        Ok(version)
    }

    fn version_field(&mut self, version: &mut Versionsinformation, child: Element<'t>) -> Mapped<bool> {
        match child.own() {
            "erstelltDatumZeit" => self.once(&mut version.erstellt_datum_zeit, child, Self::date)?,
            "erstelltDurch" => self.once(&mut version.erstellt_durch, child, Self::text)?,
            "geaendertDatumZeit" => self.once(&mut version.geaendert_datum_zeit, child, Self::date)?,
            "geaendertDurch" => self.once(&mut version.geaendert_durch, child, Self::text)?,
            "version" => self.once(&mut version.version, child, Self::text)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Sprachversion
    pub fn sprachversion(&mut self, element: Element<'t>) -> Mapped<Sprachversion> {
        let mut sprache = Sprachversion::default();
        for child in self.children(element) {
            if self.version_field(&mut sprache.versionsinformation, child)? {
                continue;
            }
            match child.own() {
                "languageCode" => self.once(&mut sprache.language_code, child, Self::token)?,
                "sprachbezeichnungDeutsch" => self.once(&mut sprache.sprachbezeichnung_deutsch, child, Self::text)?,
                "sprachbezeichnungNativ" => self.once(&mut sprache.sprachbezeichnung_nativ, child, Self::text)?,
                "kennzeichenMaschinelleUebersetzung" => {
                    self.once(&mut sprache.maschinelle_uebersetzung, child, Self::boolean)?;
                }
                "maschinelleUebersetzung" => self.keep(child),
                _ => self.unknown(child),
            }
        }
        Ok(sprache)
    }
}

/// Whether the standard has an attribute of this name.
fn is_attribute(name: &str) -> bool {
    matches!(
        name,
        "languageCode"
            | "listURI"
            | "listVersionID"
            | "schemeAgencyID"
            | "schemeAgencyName"
            | "schemeDataURI"
            | "schemeID"
            | "schemeName"
            | "schemeURI"
            | "schemeVersionID"
            | "klasse"
    )
}

/// Without the white space of XML around it.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// A value that is not empty.
fn present(value: &str) -> Option<String> {
    let value = trimmed(value);
    (!value.is_empty()).then(|| value.to_owned())
}

/// Whether `text` is an xs:date or xs:dateTime of XML Schema 1.0, part 2, on a day that exists.
pub(super) fn is_date(text: &str) -> bool {
    read_date(text).is_some()
}

fn read_date(text: &str) -> Option<()> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = text.strip_prefix('-').unwrap_or(text);
    let (year, rest) = rest.split_once('-')?;
    if year.len() < 4 || (year.len() > 4 && year.starts_with('0')) || year.len() > 9 || !digits(year) {
        return None;
    }
    let year: u32 = year.parse().ok()?;
    let month = number(rest, 0)?;
    let day = number(rest, 3)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if year == 0 || rest.get(2..3)? != "-" || !(1..=last).contains(&day) {
        return None;
    }
    let rest = rest.get(5..)?;
    match rest.strip_prefix('T') {
        None => is_zone(rest).then_some(()),
        Some(time) => read_time(time),
    }
}

fn read_time(time: &str) -> Option<()> {
    let (hour, minute, second) = (number(time, 0)?, number(time, 3)?, number(time, 6)?);
    if time.get(2..3)? != ":" || time.get(5..6)? != ":" {
        return None;
    }
    let mut rest = time.get(8..)?;
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        let length = after.bytes().take_while(u8::is_ascii_digit).count();
        fraction = after.get(..length).filter(|digits| !digits.is_empty())?;
        rest = after.get(length..)?;
    }
    let midnight = hour == 24 && minute == 0 && second == 0 && fraction.bytes().all(|digit| digit == b'0');
    let valid = midnight || (hour < 24 && minute < 60 && second < 60);
    (valid && is_zone(rest)).then_some(())
}

fn is_zone(text: &str) -> bool {
    match text {
        "" | "Z" => true,
        _ => {
            let (Some(hour), Some(minute)) = (number(text, 1), number(text, 4)) else { return false };
            let form = text.len() == 6 && text.starts_with(['+', '-']) && text.get(3..4) == Some(":");
            form && minute < 60 && (hour < 14 || (hour == 14 && minute == 0))
        }
    }
}

/// The two digits at `at`.
fn number(text: &str, at: usize) -> Option<u32> {
    text.get(at..at + 2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

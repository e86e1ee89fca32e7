//! Reads XZuFi messages as a stream of entries.
//!
//! A message may hold a whole state's deliveries, so only one object at a time is in memory: it is read into a tree of
//! flat lists ([`tree`]), turned into a wire type ([`leistung`], [`objekte`], [`values`]) and handed over. Elements are
//! found by namespace and local name, in any order. What the standard does not name is kept as a fragment and reported
//! once per file; what it forbids outright ends the file. Whether the content makes sense is not judged here.

mod leistung;
mod objekte;
mod tree;
mod values;

#[cfg(test)]
mod tests;

use std::io::Read;

use self::tree::{Element, KNOWN, Tree};
use self::values::{Mapper, Notices};
use super::{Action, Entry, Klasse, Nachrichtenkopf, Objekt, Version};
use crate::finding::{Finding, Rule};
use crate::xml::{Event, Limits, Namespace, XmlFault, XmlReader};

/// Bytes of one text of an object, at most; more costs the object.
pub const TEXT_BYTES: usize = 1024 * 1024;
/// Bytes of one object in the file, at most; more costs the object.
pub const OBJECT_BYTES: u64 = 16 * 1024 * 1024;
/// Elements and texts of one object, at most; more costs the object.
pub const OBJECT_NODES: usize = 500_000;

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// As a file that an index file names.
    IndexFile,
    /// As an answer of the Bereitstelldienst, which may be empty.
    Bereitstelldienst,
    /// As one object by itself, as the FIM portal gives them; a message is taken as well, with or without its head.
    Object,
}

/// What a reader has to know beforehand.
#[derive(Debug, Clone)]
pub struct Options {
    /// The limits of the XML.
    pub limits: Limits,
    /// What the file is called in findings.
    pub file: String,
    /// How the message came.
    pub envelope: Envelope,
}

/// Where in the message the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the root.
    Start,
    /// In the root, where `schreibe` and `loesche` are.
    Root,
    /// In `antwort`.
    Antwort,
    /// In one of the lists of results in `antwort`; each of its elements is an object.
    Ergebnis,
    /// After the end of the document.
    End,
}

/// Reads one message from `R`, entry by entry.
pub struct Reader<R> {
    xml: XmlReader<R>,
    envelope: Envelope,
    notices: Notices,
    tree: Tree,
    place: Place,
    version: Option<Version>,
    kopf: Option<Nachrichtenkopf>,
    /// The root has an element or a text.
    content: bool,
    failed: Option<Finding>,
}

/// What came of an attempt to read one object into the tree.
enum Object {
    Read,
    /// It was too large; why.
    TooLarge(Rule, String),
}

impl<R: Read> Reader<R> {
    /// A reader of the message that `source` holds. Nothing is read yet.
    pub fn new(source: R, options: Options) -> Self {
        let Options { limits, file, envelope } = options;
        Self {
            xml: XmlReader::new(source, limits, KNOWN),
            envelope,
            notices: Notices::new(file),
            tree: Tree::new(),
            place: Place::Start,
            version: None,
            kopf: None,
            content: false,
            failed: None,
        }
    }

    /// The next entry in document order; none at the end of a message that is whole and good.
    ///
    /// An error is technical: the message ends there, and what was read of it must not be applied. Further calls give
    /// the same error.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, Finding> {
        if let Some(finding) = &self.failed {
            return Err(finding.clone());
        }
        self.read_entry().inspect_err(|finding| self.failed = Some(finding.clone()))
    }

    /// The findings since the last call: warnings, and objects that were not taken.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.notices.findings)
    }

    /// The version of the message, once its root was read.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// The head of the message, once it was read; it may stand anywhere in the message.
    pub fn nachrichtenkopf(&self) -> Option<&Nachrichtenkopf> {
        self.kopf.as_ref()
    }

    /// Bytes taken from the source so far.
    pub fn bytes_read(&self) -> u64 {
        self.xml.bytes_read()
    }

    fn read_entry(&mut self) -> Result<Option<Entry>, Finding> {
        if self.place == Place::Start
            && let Some(entry) = self.read_root()?
        {
            return Ok(Some(entry));
        }
        while self.place != Place::End {
            let event = self.xml.next_event().map_err(|fault| at_fault(&self.notices, fault))?;
            match event {
                Event::Start(tag) => {
                    self.content = true;
                    let version = self.version.unwrap_or(Version::V2_2);
                    let own = tag.uri() == version.namespace();
                    let line = tag.line();
                    let name = if own { tag.local() } else { "" };
                    let known = match (self.place, name) {
                        (Place::Root, "schreibe") => {
                            if let Some(entry) = self.read_schreibe(line)? {
                                return Ok(Some(entry));
                            }
                            continue;
                        }
                        (Place::Root, "antwort") => {
                            self.place = Place::Antwort;
                            continue;
                        }
                        (Place::Antwort, name) if name.starts_with("ergebnis") => {
                            self.place = Place::Ergebnis;
                            continue;
                        }
                        (Place::Root, "loesche") => Known::Loesche,
                        (Place::Root, "nachrichtenkopf") => Known::Kopf,
                        (Place::Root, "transaktionID" | "transaktionPosition") => Known::Ignored,
                        (Place::Antwort, "antwortnummer" | "antwortrueckgabecode") => Known::Ignored,
                        (Place::Ergebnis, _) => Known::Object,
                        _ => Known::No,
                    };
                    self.tree.clear(version);
                    self.tree.open(&tag);
                    if let Some(entry) = self.read_element(known, line)? {
                        return Ok(Some(entry));
                    }
                }
                Event::End => self.leave()?,
                Event::Text(text) => {
                    if text.bytes().any(|byte| !byte.is_ascii_whitespace()) {
                        self.content = true;
                        let line = self.xml.line();
                        self.notices.unknown("text()", line);
                    }
                }
                Event::Ignorable => {}
                Event::Eof => self.place = Place::End,
            }
        }
        Ok(None)
    }

    /// Reads up to and with the start tag of the root; where the root is the object, all of it.
    fn read_root(&mut self) -> Result<Option<Entry>, Finding> {
        loop {
            let event = self.xml.next_event().map_err(|fault| at_fault(&self.notices, fault))?;
            let Event::Start(tag) = event else { continue };
            let line = tag.line();
            let Some(version) = Version::of_namespace(tag.uri()) else {
                let name = if tag.namespace() == Namespace::None { "(keiner)" } else { tag.uri() };
                return Err(self.notices.finding(Rule::NamespaceUnknown, line).value(name));
            };
            let named =
                tag.attributes().find(|attribute| attribute.uri.is_empty() && attribute.local == "xzufiVersion");
            if let Some(named) = named.filter(|named| !version.is_called(named.value.trim())) {
                let finding = self.notices.finding(Rule::VersionMismatch, line).value(named.value);
                self.notices.findings.push(finding);
            }
            self.version = Some(version);
            // The names of messages have a point in them, those of objects have none.
            if self.envelope == Envelope::Object && !tag.local().contains('.') {
                self.tree.clear(version);
                self.tree.open(&tag);
                let object = self.read_object()?;
                let entry = self.entry(object, line)?;
                // The rest of the document has to be good too.
                while !matches!(self.xml.next_event().map_err(|fault| at_fault(&self.notices, fault))?, Event::Eof) {}
                self.place = Place::End;
                return Ok(entry);
            }
            self.place = Place::Root;
            return Ok(None);
        }
    }

    /// Goes on behind an end tag.
    fn leave(&mut self) -> Result<(), Finding> {
        match self.place {
            Place::Ergebnis => self.place = Place::Antwort,
            Place::Antwort => self.place = Place::Root,
            _ => {
                let line = self.xml.line();
                // the rest of the document has to be good too
                while !matches!(self.xml.next_event().map_err(|fault| at_fault(&self.notices, fault))?, Event::Eof) {}
                self.place = Place::End;
                if self.kopf.is_none() {
                    if self.content && self.envelope != Envelope::Object {
                        return Err(self.notices.finding(Rule::KopfMissing, line));
                    }
                    if self.envelope == Envelope::IndexFile {
                        let finding = self.notices.finding(Rule::KopfMissingEmpty, line);
                        self.notices.findings.push(finding);
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads the one object of a `schreibe`, whose start tag was read.
    fn read_schreibe(&mut self, line: u64) -> Result<Option<Entry>, Finding> {
        let mut result = None;
        loop {
            let event = self.xml.next_event().map_err(|fault| at_fault(&self.notices, fault))?;
            match event {
                Event::Start(tag) => {
                    if result.is_some() {
                        return Err(self.notices.finding(Rule::SchreibeSeveral, line));
                    }
                    self.tree.clear(self.version.unwrap_or(Version::V2_2));
                    self.tree.open(&tag);
                    result = Some(self.read_object()?);
                }
                Event::End => break,
                Event::Text(text) if text.bytes().any(|byte| !byte.is_ascii_whitespace()) => {
                    self.notices.unknown("schreibe/text()", line);
                }
                _ => {}
            }
        }
        match result {
            None => Err(self.notices.finding(Rule::SchreibeEmpty, line)),
            Some(object) => self.entry(object, line),
        }
    }

    /// Reads the element whose start tag is the tree's root.
    fn read_element(&mut self, known: Known, line: u64) -> Result<Option<Entry>, Finding> {
        if known == Known::Kopf && self.kopf.is_some() {
            return Err(self.notices.finding(Rule::KopfTwice, line));
        }
        let object = self.read_object()?;
        if known == Known::Object {
            return self.entry(object, line);
        }
        let Some(element) = self.tree.root() else { return Ok(None) };
        if let (Known::Kopf | Known::Loesche, Object::TooLarge(_, value)) = (known, object) {
            let what = format!("{} {value}", element.local());
            return Err(self.notices.finding(Rule::XmlLimit, line).value(what));
        }
        let mut mapper = Mapper::new(&mut self.notices);
        match known {
            Known::Kopf => self.kopf = Some(mapper.nachrichtenkopf(element)?),
            Known::Loesche => return mapper.loesche(element),
            // it belongs to no object that could keep it
            Known::No => mapper.notices.unknown(element.local(), line),
            Known::Ignored | Known::Object => {}
        }
        Ok(None)
    }

    /// Reads the rest of the element that the tree's root is; of one that is too large only the beginning is kept.
    fn read_object(&mut self) -> Result<Object, Finding> {
        let begin = self.xml.offset();
        let mut depth = 1;
        let mut result = Object::Read;
        while depth > 0 {
            let event = self.xml.next_event().map_err(|fault| at_fault(&self.notices, fault))?;
            let keep = matches!(result, Object::Read);
            match event {
                Event::Start(tag) => {
                    depth += 1;
                    if keep {
                        self.tree.open(&tag);
                    }
                }
                Event::End => {
                    depth -= 1;
                    if keep {
                        self.tree.close();
                    }
                }
                Event::Text(text) if keep => {
                    let length = self.tree.text(&text);
                    if length > TEXT_BYTES {
                        result = Object::TooLarge(Rule::TextTooLong, format!("über {TEXT_BYTES} Bytes"));
                    }
                }
                _ => {}
            }
            if keep && self.xml.offset() - begin > OBJECT_BYTES {
                result = Object::TooLarge(Rule::ObjectTooLarge, format!("über {OBJECT_BYTES} Bytes"));
            } else if keep && self.tree.len() > OBJECT_NODES {
                result = Object::TooLarge(Rule::ObjectTooLarge, format!("über {OBJECT_NODES} Elemente"));
            }
        }
        self.tree.close_all();
        Ok(result)
    }

    /// The entry that the tree holds.
    fn entry(&mut self, object: Object, line: u64) -> Result<Option<Entry>, Finding> {
        let Some(element) = self.tree.root() else { return Ok(None) };
        let mut mapper = Mapper::new(&mut self.notices);
        if let Object::TooLarge(rule, value) = object {
            let finding = mapper.notices.finding(rule, line).value(value);
            let label = label(element);
            mapper.notices.findings.push(if label.is_empty() { finding } else { finding.object(label) });
            return Ok(None);
        }
        let labelled = |finding: Finding| finding.object(label(element));
        let objekt = mapper.objekt(element).map_err(labelled)?;
        if !matches!(objekt, Objekt::Unknown(_)) {
            mapper.report_attributes(element);
        }
        Ok(Some(Entry { line, action: Action::Schreibe(objekt) }))
    }
}

/// What an element between the objects is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Kopf,
    Loesche,
    Object,
    Ignored,
    No,
}

impl<'t> Mapper<'_> {
    fn nachrichtenkopf(&mut self, element: Element<'t>) -> Result<Nachrichtenkopf, Finding> {
        let mut kopf = Nachrichtenkopf::default();
        for child in self.children(element) {
            match child.own() {
                "nachrichtUUID" => self.once(&mut kopf.nachricht_uuid, child, Self::token)?,
                "erstelltDatumZeit" => self.once(&mut kopf.erstellt_datum_zeit, child, Self::date)?,
                "empfaenger" => self.once(&mut kopf.empfaenger, child, Self::text)?,
                "sender" => self.once(&mut kopf.sender, child, Self::text)?,
                _ => self.unknown(child),
            }
        }
        Ok(kopf)
    }

    fn loesche(&mut self, element: Element<'t>) -> Result<Option<Entry>, Finding> {
        let line = element.line();
        let Some(named) = element.attribute("klasse").map(str::trim).filter(|named| !named.is_empty()) else {
            return Err(self.notices.finding(Rule::LoescheKlasseMissing, line));
        };
        let mut id = None;
        for child in self.children(element) {
            match child.own() {
                "id" => self.once(&mut id, child, Self::identifikator)?,
                _ => self.unknown(child),
            }
        }
        let Some(id) = id.filter(|id| !id.text.is_empty()) else {
            return Err(self.notices.finding(Rule::LoescheIdMissing, line));
        };
        let Some(klasse) = Klasse::of_name(named) else {
            let finding = self.notices.finding(Rule::LoescheKlasseUnknown, line).value(named);
            self.notices.findings.push(finding);
            return Ok(None);
        };
        Ok(Some(Entry { line, action: Action::Loesche { klasse, id } }))
    }

    fn objekt(&mut self, element: Element<'t>) -> Result<Objekt, Finding> {
        Ok(match element.own() {
            "leistung" => Objekt::Leistung(Box::new(self.leistung(element)?)),
            "spezialisierung" => Objekt::Spezialisierung(Box::new(self.spezialisierung(element)?)),
            "organisationseinheit" => Objekt::Organisationseinheit(Box::new(self.organisationseinheit(element)?)),
            "onlinedienst" => Objekt::Onlinedienst(Box::new(self.onlinedienst(element)?)),
            "formular" => Objekt::Formular(Box::new(self.formular(element)?)),
            "zustaendigkeitTransferObjekt" => Objekt::Zustaendigkeit(Box::new(self.transfer_objekt(element)?)),
            _ => {
                let finding = self.notices.finding(Rule::ObjectUnknown, element.line()).value(element.local());
                self.notices.findings.push(finding);
                Objekt::Unknown(element.fragment())
            }
        })
    }
}

fn at_fault(notices: &Notices, fault: XmlFault) -> Finding {
    Finding::from(fault).file(&notices.file)
}

/// An object as `kind agency_text`, as far as it says so.
fn label(element: Element<'_>) -> String {
    let id = element.children().find(|child| child.own() == "id");
    let text = id.and_then(Element::text).map(str::trim).filter(|text| !text.is_empty());
    match (text, id.and_then(|id| id.attribute("schemeAgencyID"))) {
        (Some(text), Some(agency)) => format!("{} {agency}_{text}", element.local()),
        (Some(text), None) => format!("{} {text}", element.local()),
        (None, _) => element.local().to_owned(),
    }
}

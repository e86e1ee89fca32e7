//! Tags: their names, attributes and namespaces, and which elements are open.

use std::ops::Range;

use super::names::{self, ReferenceFault, is_space};
use super::{FaultKind, Limits, Namespace};

const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

/// A fault inside a tag: how many of its bytes were good, and what follows them.
pub(super) type TagFault = (usize, FaultKind);

/// One attribute of the tag that was read last; ranges reach into the tag's text, or into `values`.
#[derive(Debug, Clone)]
struct RawAttribute {
    name: Range<usize>,
    colon: Option<usize>,
    value: Range<usize>,
    /// The value was changed by normalisation and lies in `values`.
    normalised: bool,
    /// It declares a namespace.
    declaration: bool,
    /// The binding of its prefix.
    binding: Option<usize>,
}

/// A prefix and what it stands for; both lie in `binding_text`.
#[derive(Debug, Clone)]
struct Binding {
    prefix: Range<usize>,
    uri: Range<usize>,
    namespace: Namespace,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    name: usize,
    bindings: usize,
    binding_text: usize,
}

/// The open elements, the namespaces in scope, and the attributes of the last tag.
#[derive(Debug)]
pub(super) struct Scope {
    known: &'static [&'static str],
    open: Vec<Open>,
    open_names: String,
    bindings: Vec<Binding>,
    binding_text: String,
    attributes: Vec<RawAttribute>,
    values: String,
    /// Of the last tag: the length of its name, its colon, and its namespace.
    name_end: usize,
    colon: Option<usize>,
    binding: Option<usize>,
}

impl Scope {
    pub fn new(known: &'static [&'static str]) -> Self {
        Self {
            known,
            open: Vec::new(),
            open_names: String::new(),
            bindings: Vec::new(),
            binding_text: String::new(),
            attributes: Vec::new(),
            values: String::new(),
            name_end: 0,
            colon: None,
            binding: None,
        }
    }

    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Opens the element whose start tag holds `tag` between `<` and `>` (or `/>`).
    pub fn open(&mut self, tag: &str, limits: &Limits) -> Result<(), TagFault> {
        if self.open.len() >= limits.depth {
            return Err((0, FaultKind::Limit(format!("Elemente tiefer als {} verschachtelt", limits.depth))));
        }
        self.read_name(tag, limits)?;
        self.read_attributes(tag, limits)?;
        self.open.push(Open {
            name: self.open_names.len(),
            bindings: self.bindings.len(),
            binding_text: self.binding_text.len(),
        });
        self.open_names.push_str(tag.get(..self.name_end).unwrap_or_default());
        if self.attributes.iter().any(|attribute| attribute.declaration) {
            self.declare(tag, limits)?;
        }
        self.resolve_names(tag)
    }

    /// Closes the innermost element, whose end tag holds `tag` between `</` and `>`.
    pub fn close_named(&mut self, tag: &str) -> Result<(), TagFault> {
        let name = tag.trim_end_matches([' ', '\t', '\n', '\r']);
        let open = self.open.last().map(|open| self.open_names.get(open.name..).unwrap_or_default());
        if open != Some(name) {
            let what = match open {
                Some(open) => format!("das Endtag „{}“ schließt nicht „{open}“", shortened(name)),
                None => format!("dem Endtag „{}“ fehlt das Starttag", shortened(name)),
            };
            return Err((0, FaultKind::NotWellFormed(what.into())));
        }
        self.close();
        Ok(())
    }

    /// Closes the innermost element.
    pub fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.open_names.truncate(open.name);
            self.bindings.truncate(open.bindings);
            self.binding_text.truncate(open.binding_text);
        }
    }

    fn read_name(&mut self, tag: &str, limits: &Limits) -> Result<(), TagFault> {
        let end = names::name_length(tag);
        let fault = |what: &'static str| Err((0, FaultKind::NotWellFormed(what.into())));
        if end == 0 {
            return fault("nach „<“ steht kein gültiger Name");
        }
        if end > limits.name_bytes {
            return Err((0, FaultKind::Limit(format!("Name über {} Bytes", limits.name_bytes))));
        }
        if tag.as_bytes().get(end).is_some_and(|next| !is_space(*next)) {
            return Err((
                end,
                FaultKind::NotWellFormed("der Name eines Elements enthält ein unerlaubtes Zeichen".into()),
            ));
        }
        self.name_end = end;
        match names::colon(tag.get(..end).unwrap_or_default()) {
            Ok(colon) => self.colon = colon,
            Err(()) => return fault("der Name eines Elements ist kein QName"),
        }
        Ok(())
    }

    fn read_attributes(&mut self, tag: &str, limits: &Limits) -> Result<(), TagFault> {
        self.attributes.clear();
        self.values.clear();
        let bytes = tag.as_bytes();
        let ill = |at: usize, what: &'static str| Err((at, FaultKind::NotWellFormed(what.into())));
        let skip = |mut at: usize| {
            while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
                at += 1;
            }
            at
        };
        let mut at = self.name_end;
        loop {
            let begin = skip(at);
            if begin == bytes.len() {
                return Ok(());
            }
            if begin == at {
                return ill(at, "zwischen Attributen fehlt Leerraum");
            }
            let length = names::name_length(tag.get(begin..).unwrap_or_default());
            if length == 0 {
                return ill(begin, "hier steht kein gültiger Attributname");
            }
            if length > limits.name_bytes {
                return Err((begin, FaultKind::Limit(format!("Name über {} Bytes", limits.name_bytes))));
            }
            let name = begin..begin + length;
            let equals = skip(name.end);
            if bytes.get(equals) != Some(&b'=') {
                return ill(equals, "nach einem Attributnamen fehlt „=“");
            }
            let open = skip(equals + 1);
            let Some(quote @ (b'"' | b'\'')) = bytes.get(open).copied() else {
                return ill(open, "ein Attributwert steht nicht in Anführungszeichen");
            };
            let Some(length) = memchr::memchr(quote, &bytes[open + 1..]) else {
                return ill(open, "ein Attributwert endet nicht");
            };
            let raw = open + 1..open + 1 + length;
            if length > limits.value_bytes {
                return Err((open, FaultKind::Limit(format!("Attributwert über {} Bytes", limits.value_bytes))));
            }
            if self.attributes.len() >= limits.attributes {
                let limit = limits.attributes;
                return Err((begin, FaultKind::Limit(format!("mehr als {limit} Attribute an einem Element"))));
            }
            let written = tag.get(name.clone()).unwrap_or_default();
            let Ok(colon) = names::colon(written) else {
                return ill(begin, "der Name eines Attributs ist kein QName");
            };
            let twice = self.attributes.iter().any(|earlier| tag.get(earlier.name.clone()) == Some(written));
            if twice {
                let what = format!("das Attribut „{}“ steht zweimal", shortened(written));
                return Err((begin, FaultKind::NotWellFormed(what.into())));
            }
            let declaration = written == "xmlns" || written.starts_with("xmlns:");
            let (value, normalised) = self.read_value(tag, raw.clone())?;
            self.attributes.push(RawAttribute { name, colon, value, normalised, declaration, binding: None });
            at = raw.end + 1;
        }
    }

    /// Checks and normalises a value (XML 1.0, 3.3.3, as for CDATA).
    fn read_value(&mut self, tag: &str, raw: Range<usize>) -> Result<(Range<usize>, bool), TagFault> {
        let text = tag.get(raw.clone()).unwrap_or_default();
        let special = |byte: &u8| matches!(byte, b'<' | b'&' | b'\t' | b'\n' | b'\r');
        let Some(first) = text.as_bytes().iter().position(special) else { return Ok((raw, false)) };
        let begin = self.values.len();
        let mut at = first;
        self.values.push_str(text.get(..first).unwrap_or_default());
        while let Some(byte) = text.as_bytes().get(at) {
            match byte {
                b'<' => {
                    let what = "in einem Attributwert steht „<“";
                    return Err((raw.start + at, FaultKind::NotWellFormed(what.into())));
                }
                b'&' => {
                    let rest = text.get(at + 1..).unwrap_or_default();
                    let Some((inner, _)) = rest.split_once(';') else {
                        let what = "in einem Attributwert steht „&“ ohne Verweis";
                        return Err((raw.start + at, FaultKind::NotWellFormed(what.into())));
                    };
                    let char = names::reference(inner).map_err(|fault| (raw.start + at, of_reference(fault, inner)))?;
                    self.values.push(char);
                    at += inner.len() + 2;
                }
                b'\t' | b'\n' | b'\r' => {
                    self.values.push(' ');
                    at += 1;
                }
                _ => {
                    let rest = &text.as_bytes()[at..];
                    let length = rest.iter().position(special).unwrap_or(rest.len());
                    self.values.push_str(text.get(at..at + length).unwrap_or_default());
                    at += length;
                }
            }
        }
        Ok((begin..self.values.len(), true))
    }

    /// Brings the namespace declarations of the last tag into scope (Namespaces 1.0, sections 2 to 5).
    fn declare(&mut self, tag: &str, limits: &Limits) -> Result<(), TagFault> {
        for at in 0..self.attributes.len() {
            let attribute = self.attributes[at].clone();
            if !attribute.declaration {
                continue;
            }
            let place = attribute.name.start;
            let ill = |what: &'static str| Err((place, FaultKind::NotWellFormed(what.into())));
            let local = attribute.colon.map_or(attribute.name.end, |colon| attribute.name.start + colon + 1);
            let prefix = tag.get(local..attribute.name.end).unwrap_or_default();
            let uri = if attribute.normalised { self.values.get(attribute.value) } else { tag.get(attribute.value) };
            let uri = uri.unwrap_or_default();
            match prefix {
                "xmlns" => return ill("das Präfix „xmlns“ darf nicht gebunden werden"),
                "xml" if uri != XML_NAMESPACE => return ill("das Präfix „xml“ ist falsch gebunden"),
                "xml" => continue,
                _ if uri == XML_NAMESPACE || uri == XMLNS_NAMESPACE => {
                    return ill("ein Namensraum des Standards ist an ein anderes Präfix gebunden");
                }
                _ if uri.is_empty() && !prefix.is_empty() => {
                    return ill("ein Präfix ist an keinen Namensraum gebunden");
                }
                _ => {}
            }
            if self.bindings.len() >= limits.namespaces {
                return Err((place, FaultKind::Limit(format!("mehr als {} Namensräume", limits.namespaces))));
            }
            let namespace = match self.known.iter().position(|known| *known == uri) {
                _ if uri.is_empty() => Namespace::None,
                Some(at) => Namespace::Known(at),
                None => Namespace::Other,
            };
            let begin = self.binding_text.len();
            self.binding_text.push_str(prefix);
            let middle = self.binding_text.len();
            self.binding_text.push_str(uri);
            let end = self.binding_text.len();
            self.bindings.push(Binding { prefix: begin..middle, uri: middle..end, namespace });
        }
        Ok(())
    }

    /// Binds the prefixes of the last tag, and sees that no attribute is there twice under two prefixes.
    fn resolve_names(&mut self, tag: &str) -> Result<(), TagFault> {
        let unbound = |place: usize, prefix: &str| {
            let what = format!("das Präfix „{}“ ist an keinen Namensraum gebunden", shortened(prefix));
            (place, FaultKind::NotWellFormed(what.into()))
        };
        self.binding = match self.colon {
            None => self.find(""),
            Some(colon) => {
                let prefix = tag.get(..colon).unwrap_or_default();
                match prefix {
                    "xml" => None,
                    _ => Some(self.find(prefix).ok_or_else(|| unbound(0, prefix))?),
                }
            }
        };
        for at in 0..self.attributes.len() {
            let attribute = &self.attributes[at];
            let Some(colon) = attribute.colon.filter(|_| !attribute.declaration) else { continue };
            let place = attribute.name.start;
            let prefix = tag.get(place..place + colon).unwrap_or_default();
            if prefix == "xml" {
                continue;
            }
            let binding = self.find(prefix).ok_or_else(|| unbound(place, prefix))?;
            self.attributes[at].binding = Some(binding);
            let name = |attribute: &RawAttribute| {
                let local = attribute.name.start + attribute.colon.map_or(0, |colon| colon + 1);
                (attribute.binding.map(|at| self.uri(Some(at))), tag.get(local..attribute.name.end))
            };
            let (earlier, this) = self.attributes.split_at(at);
            let this = this.first().map(name);
            if earlier.iter().any(|earlier| earlier.binding.is_some() && Some(name(earlier)) == this) {
                let what = "ein Attribut steht unter zwei Präfixen zweimal";
                return Err((place, FaultKind::NotWellFormed(what.into())));
            }
        }
        Ok(())
    }

    /// The innermost binding of a prefix; the empty prefix is the default namespace.
    fn find(&self, prefix: &str) -> Option<usize> {
        self.bindings.iter().rposition(|binding| self.binding_text.get(binding.prefix.clone()) == Some(prefix))
    }

    fn uri(&self, binding: Option<usize>) -> &str {
        let range = binding.and_then(|at| self.bindings.get(at)).map(|binding| binding.uri.clone());
        range.and_then(|range| self.binding_text.get(range)).unwrap_or_default()
    }

    fn namespace(&self, binding: Option<usize>) -> Namespace {
        binding.and_then(|at| self.bindings.get(at)).map_or(Namespace::None, |binding| binding.namespace)
    }
}

/// A start tag, with its names resolved and its values normalised.
#[derive(Debug)]
pub struct Tag<'a> {
    pub(super) content: quick_xml::events::BytesStart<'a>,
    pub(super) scope: &'a Scope,
    pub(super) line: u64,
}

/// One attribute of a tag; namespace declarations are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Which namespace it is in; none for a name without prefix.
    pub namespace: Namespace,
    /// The namespace's name, empty where there is none.
    pub uri: &'a str,
    /// The name without its prefix.
    pub local: &'a str,
    /// The normalised value.
    pub value: &'a str,
}

impl Tag<'_> {
    /// The name without its prefix.
    pub fn local(&self) -> &str {
        let start = self.scope.colon.map_or(0, |colon| colon + 1);
        self.content.get(start..self.scope.name_end).unwrap_or_default()
    }

    /// The line in which the tag begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Which namespace the element is in.
    pub fn namespace(&self) -> Namespace {
        if self.is_xml() { Namespace::Other } else { self.scope.namespace(self.scope.binding) }
    }

    /// The name of the element's namespace, empty where there is none.
    pub fn uri(&self) -> &str {
        if self.is_xml() { XML_NAMESPACE } else { self.scope.uri(self.scope.binding) }
    }

    fn is_xml(&self) -> bool {
        self.scope.colon.is_some() && self.scope.binding.is_none()
    }

    /// The attributes in the order of the document, without namespace declarations.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.scope.attributes.iter().filter(|attribute| !attribute.declaration).map(|attribute| {
            let scope = self.scope;
            let local = attribute.name.start + attribute.colon.map_or(0, |colon| colon + 1);
            let value = attribute.value.clone();
            let value = if attribute.normalised { scope.values.get(value) } else { self.content.get(value) };
            let xml = attribute.colon.is_some() && attribute.binding.is_none();
            Attribute {
                namespace: if xml { Namespace::Other } else { scope.namespace(attribute.binding) },
                uri: if xml { XML_NAMESPACE } else { scope.uri(attribute.binding) },
                local: self.content.get(local..attribute.name.end).unwrap_or_default(),
                value: value.unwrap_or_default(),
            }
        })
    }

    /// Resolves a QName that stands in a value, as in `xsi:type`: namespace, its name, and the local part.
    ///
    /// None where `text` is no QName or its prefix is not bound; no prefix means the default namespace.
    pub fn resolve<'b>(&self, text: &'b str) -> Option<(Namespace, &str, &'b str)> {
        let text = text.trim_matches([' ', '\t', '\n', '\r']);
        if text.is_empty() || names::name_length(text) != text.len() {
            return None;
        }
        let colon = names::colon(text).ok()?;
        let binding = self.scope.find(text.get(..colon.unwrap_or(0))?);
        if colon.is_some() && binding.is_none() {
            return None;
        }
        let local = text.get(colon.map_or(0, |colon| colon + 1)..)?;
        Some((self.scope.namespace(binding), self.scope.uri(binding), local))
    }
}

/// The fault of a reference that reads `&inner;`.
pub(super) fn of_reference(fault: ReferenceFault, inner: &str) -> FaultKind {
    let inner = shortened(inner);
    let what = match fault {
        ReferenceFault::Syntax => format!("„&{inner};“ ist kein gültiger Verweis"),
        ReferenceFault::Unknown => format!("die Entität „&{inner};“ gibt es nicht"),
        ReferenceFault::Char => format!("„&{inner};“ steht für kein erlaubtes Zeichen"),
    };
    FaultKind::NotWellFormed(what.into())
}

/// At most forty characters of a name, for a message.
fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}

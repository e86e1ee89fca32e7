//! One object of a message as a tree in two flat lists, which are used again for the next object.

use std::ops::Range;

use crate::xml::{Namespace, Tag, escape};
use crate::xzufi::{Fragment, Version};

/// `http://www.w3.org/2001/XMLSchema-instance`
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The namespaces that the reader knows by number; the first three in the order of [`Version`].
pub(super) const KNOWN: &[&str] = &[
    "http://xoev.de/schemata/xzufi/2_1_0",
    "http://xoev.de/schemata/xzufi/2_2_0",
    "http://xoev.de/schemata/xzufi/2_3_1",
    XSI,
];

/// The number of [`XSI`] in [`KNOWN`].
const XSI_NUMBER: Namespace = Namespace::Known(3);

/// The namespace of a name in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    /// The message's own version of XZuFi.
    Own,
    /// None.
    None,
    /// Another one, by its number in `Tree::uris`.
    Foreign(u32),
}

#[derive(Debug)]
enum Kind {
    Element(Space),
    Text,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    /// The local name, or the text.
    text: Range<u32>,
    attributes: Range<u32>,
    /// The element around it; its own place for the root.
    parent: u32,
    /// The first node that is not inside this one.
    end: u32,
    line: u64,
}

#[derive(Debug)]
enum AttributeKind {
    Named(Space),
    /// `xsi:type`, resolved; the value is the local part.
    Type(Space),
}

#[derive(Debug)]
struct Attribute {
    kind: AttributeKind,
    name: Range<u32>,
    value: Range<u32>,
}

/// An object that is being read, or was.
#[derive(Debug)]
pub(super) struct Tree {
    version: Version,
    text: String,
    nodes: Vec<Node>,
    attributes: Vec<Attribute>,
    uris: Vec<Range<u32>>,
    open: Vec<usize>,
    /// The text node that further text belongs to.
    running: Option<usize>,
}

impl Tree {
    pub fn new() -> Self {
        Self {
            version: Version::V2_2,
            text: String::new(),
            nodes: Vec::new(),
            attributes: Vec::new(),
            uris: Vec::new(),
            open: Vec::new(),
            running: None,
        }
    }

    /// Empties the tree for the next object of a message in `version`.
    pub fn clear(&mut self, version: Version) {
        self.version = version;
        self.text.clear();
        self.nodes.clear();
        self.attributes.clear();
        self.uris.clear();
        self.open.clear();
        self.running = None;
    }

    /// The elements and texts that are held.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The element that was opened first.
    pub fn root(&self) -> Option<Element<'_>> {
        (!self.nodes.is_empty()).then_some(Element { tree: self, at: 0 })
    }

    /// Opens an element.
    pub fn open(&mut self, tag: &Tag<'_>) {
        let space = self.space(tag.namespace(), tag.uri());
        let text = self.keep(tag.local());
        let first = index(self.attributes.len());
        for attribute in tag.attributes() {
            let resolved = match (attribute.namespace, attribute.local) {
                (XSI_NUMBER, "type") => tag.resolve(attribute.value),
                _ => None,
            };
            let (kind, value) = match resolved {
                Some((namespace, uri, local)) => (AttributeKind::Type(self.space(namespace, uri)), local),
                None => (AttributeKind::Named(self.space(attribute.namespace, attribute.uri)), attribute.value),
            };
            let name = self.keep(attribute.local);
            let value = self.keep(value);
            self.attributes.push(Attribute { kind, name, value });
        }
        let parent = index(self.open.last().copied().unwrap_or(self.nodes.len()));
        self.open.push(self.nodes.len());
        self.nodes.push(Node {
            kind: Kind::Element(space),
            text,
            attributes: first..index(self.attributes.len()),
            parent,
            end: 0,
            line: tag.line(),
        });
        self.running = None;
    }

    /// Adds text; gives the length of the whole run so far.
    pub fn text(&mut self, text: &str) -> usize {
        let range = self.keep(text);
        let at = match self.running {
            Some(at) => at,
            None => {
                let parent = self.open.last().copied().unwrap_or_default();
                let line = self.nodes.get(parent).map_or(0, |node| node.line);
                let end = index(self.nodes.len() + 1);
                let text = range.start..range.start;
                let parent = index(parent);
                self.nodes.push(Node { kind: Kind::Text, text, attributes: 0..0, parent, end, line });
                self.nodes.len() - 1
            }
        };
        self.running = Some(at);
        let node = &mut self.nodes[at];
        node.text.end = range.end;
        (node.text.end - node.text.start) as usize
    }

    /// Closes the innermost element.
    pub fn close(&mut self) {
        let end = index(self.nodes.len());
        if let Some(node) = self.open.pop().and_then(|at| self.nodes.get_mut(at)) {
            node.end = end;
        }
        self.running = None;
    }

    /// Closes whatever is open, so that what was read of a broken-off object can be looked at.
    pub fn close_all(&mut self) {
        while !self.open.is_empty() {
            self.close();
        }
    }

    fn keep(&mut self, text: &str) -> Range<u32> {
        let start = index(self.text.len());
        self.text.push_str(text);
        start..index(self.text.len())
    }

    fn space(&mut self, namespace: Namespace, uri: &str) -> Space {
        match namespace {
            Namespace::None => Space::None,
            Namespace::Known(number) if KNOWN.get(number) == Some(&self.version.namespace()) => Space::Own,
            _ => {
                // looking at the last few only keeps this cheap for whatever a document holds
                let last = self.uris.len().saturating_sub(4);
                let known = (last..self.uris.len()).find(|at| self.str(&self.uris[*at]) == uri);
                let at = known.unwrap_or_else(|| {
                    let range = self.keep(uri);
                    self.uris.push(range);
                    self.uris.len() - 1
                });
                Space::Foreign(index(at))
            }
        }
    }

    fn str(&self, range: &Range<u32>) -> &str {
        self.text.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// Writes a node and all inside it; `declared` are the namespaces that have a prefix here.
    fn write(&self, at: usize, out: &mut String, declared: &mut Vec<Space>) {
        let Some(node) = self.nodes.get(at) else { return };
        let Kind::Element(space) = node.kind else {
            escape::text(out, self.str(&node.text));
            return;
        };
        let before = declared.len();
        let attributes = self.attributes.get(node.attributes.start as usize..node.attributes.end as usize);
        let attributes = attributes.unwrap_or_default();
        out.push('<');
        let name = self.qualified(space, &node.text);
        out.push_str(&name);
        self.declare(space, out, declared);
        for attribute in attributes {
            match attribute.kind {
                AttributeKind::Named(space) => {
                    self.declare(space, out, declared);
                    out.push(' ');
                    out.push_str(&self.qualified(space, &attribute.name));
                    out.push_str("=\"");
                    escape::attribute(out, self.str(&attribute.value));
                }
                AttributeKind::Type(space) => {
                    self.declare(space, out, declared);
                    out.push_str(&format!(" xmlns:xsi=\"{XSI}\" xsi:type=\""));
                    out.push_str(&self.qualified(space, &attribute.value));
                }
            }
            out.push('"');
        }
        if node.end as usize == at + 1 {
            out.push_str("/>");
        } else {
            out.push('>');
            let mut child = at + 1;
            while child < node.end as usize {
                self.write(child, out, declared);
                child = self.nodes.get(child).map_or(usize::MAX, |node| node.end as usize);
            }
            out.push_str("</");
            out.push_str(&name);
            out.push('>');
        }
        declared.truncate(before);
    }

    fn qualified(&self, space: Space, name: &Range<u32>) -> String {
        let name = self.str(name);
        match space {
            Space::Own => format!("xzufi:{name}"),
            Space::None => name.to_owned(),
            Space::Foreign(at) if self.uri(at) == XML => format!("xml:{name}"),
            Space::Foreign(at) => format!("n{at}:{name}"),
        }
    }

    fn declare(&self, space: Space, out: &mut String, declared: &mut Vec<Space>) {
        let (prefix, uri) = match space {
            Space::None => return,
            Space::Own => ("xzufi".to_owned(), self.version.namespace()),
            Space::Foreign(at) if self.uri(at) == XML => return,
            Space::Foreign(at) => (format!("n{at}"), self.uri(at)),
        };
        if !declared.contains(&space) {
            declared.push(space);
            out.push_str(&format!(" xmlns:{prefix}=\""));
            escape::attribute(out, uri);
            out.push('"');
        }
    }

    fn uri(&self, at: u32) -> &str {
        self.uris.get(at as usize).map_or("", |range| self.str(range))
    }
}

/// `http://www.w3.org/XML/1998/namespace`
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// A place in the flat lists; an object never has four thousand million of anything.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// One element of a tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'t> {
    tree: &'t Tree,
    at: usize,
}

impl<'t> Element<'t> {
    fn node(self) -> &'t Node {
        &self.tree.nodes[self.at]
    }

    /// The local name, whatever its namespace.
    pub fn local(self) -> &'t str {
        self.tree.str(&self.node().text)
    }

    /// The local name in the message's namespace; empty for any other element.
    pub fn own(self) -> &'t str {
        if matches!(self.node().kind, Kind::Element(Space::Own)) { self.local() } else { "" }
    }

    /// The local name of an element in no namespace; empty for any other element.
    pub fn plain(self) -> &'t str {
        if matches!(self.node().kind, Kind::Element(Space::None)) { self.local() } else { "" }
    }

    /// The line of its start tag.
    pub fn line(self) -> u64 {
        self.node().line
    }

    /// The value of an attribute without namespace.
    pub fn attribute(self, name: &str) -> Option<&'t str> {
        self.attributes().find(|(local, _)| *local == name).map(|(_, value)| value)
    }

    /// The attributes without namespace.
    pub fn attributes(self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let range = self.node().attributes.clone();
        let tree = self.tree;
        let all = tree.attributes.get(range.start as usize..range.end as usize).unwrap_or_default();
        let plain = all.iter().filter(|attribute| matches!(attribute.kind, AttributeKind::Named(Space::None)));
        plain.map(|attribute| (tree.str(&attribute.name), tree.str(&attribute.value)))
    }

    /// The type that `xsi:type` names in the message's namespace.
    pub fn xsi_type(self) -> Option<&'t str> {
        let range = self.node().attributes.clone();
        let all = self.tree.attributes.get(range.start as usize..range.end as usize).unwrap_or_default();
        let found = all.iter().find(|attribute| matches!(attribute.kind, AttributeKind::Type(Space::Own)))?;
        Some(self.tree.str(&found.value))
    }

    /// The places of this element and of all inside it.
    pub fn places(self) -> Range<usize> {
        self.at..self.node().end as usize
    }

    /// Elements of the message's namespace from here on, outside `left_out` (in document order), with an attribute
    /// without namespace that `known` does not know; with its name.
    pub fn unknown_attributes(
        self,
        left_out: &[Range<usize>],
        known: fn(&str) -> bool,
    ) -> impl Iterator<Item = (Element<'t>, &'t str)> {
        let elements = self.places().map(move |at| Element { tree: self.tree, at });
        let ours = elements.filter(|element| matches!(element.node().kind, Kind::Element(Space::Own)));
        let named = ours.flat_map(|element| element.attributes().map(move |(name, _)| (element, name)));
        named.filter(move |(element, name)| {
            if known(name) {
                return false;
            }
            let before = left_out.partition_point(|places| places.start <= element.at);
            let inside = left_out[..before].last().is_some_and(|places| places.contains(&element.at));
            !inside
        })
    }

    /// The elements directly inside.
    pub fn children(self) -> impl Iterator<Item = Element<'t>> {
        self.nodes().filter(|inner| matches!(inner.node().kind, Kind::Element(_)))
    }

    /// The only text inside; none where there are elements.
    pub fn text(self) -> Option<&'t str> {
        let mut nodes = self.nodes();
        match (nodes.next(), nodes.next()) {
            (None, _) => Some(""),
            (Some(only), None) if matches!(only.node().kind, Kind::Text) => Some(only.local()),
            _ => None,
        }
    }

    /// The first text directly inside that is more than white space.
    pub fn stray_text(self) -> Option<&'t str> {
        let texts = self.nodes().filter(|inner| matches!(inner.node().kind, Kind::Text)).map(Element::local);
        texts.map(|text| text.trim_matches([' ', '\t', '\n', '\r'])).find(|text| !text.is_empty())
    }

    fn nodes(self) -> impl Iterator<Item = Element<'t>> {
        let (tree, end) = (self.tree, self.node().end as usize);
        let mut next = self.at + 1;
        std::iter::from_fn(move || {
            let at = next;
            next = (at < end).then(|| tree.nodes.get(at)).flatten()?.end as usize;
            Some(Element { tree, at })
        })
    }

    /// The local names from the tree's root down to this element, joined by `/`.
    pub fn path(self) -> String {
        let mut names = vec![self.local()];
        let mut place = self;
        while place.at != 0 {
            place = Element { tree: self.tree, at: place.node().parent as usize };
            names.push(place.local());
        }
        names.reverse();
        names.join("/")
    }

    /// The element as XML of its own.
    pub fn fragment(self) -> Fragment {
        let mut xml = String::new();
        self.tree.write(self.at, &mut xml, &mut Vec::new());
        Fragment { path: self.path(), line: self.line(), xml }
    }
}

//! A page as a tree, as a browser would build it, within bounds.
//!
//! html5ever builds; the tree is kept here in one flat list, so that neither building, walking nor dropping it depends on
//! the stack. A page of more nodes or deeper than the bounds is not read at all: what such a page means, nobody can say,
//! and the work for nested tags grows with the square of their depth.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::driver::{self, ParseOpts};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeBuilderOpts, TreeSink};
use html5ever::{Attribute, QualName, local_name, ns};

/// The deepest nesting that is read.
pub const MAX_DEPTH: u32 = 400;

/// Elements, texts and comments of one page.
pub const MAX_NODES: usize = 300_000;

/// Attributes of one element.
pub const MAX_ATTRIBUTES: usize = 1_000;

/// Bytes between two looks at the bounds.
const PIECE: usize = 1024;

/// Which bound a page breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMuch {
    /// [`MAX_DEPTH`]
    Depth,
    /// [`MAX_NODES`]
    Nodes,
    /// [`MAX_ATTRIBUTES`]
    Attributes,
}

/// The place of a node in its tree.
pub type NodeId = usize;

#[derive(Debug)]
enum Data {
    Element { name: QualName, attributes: Vec<Attribute> },
    Text(String),
    Other,
}

#[derive(Debug)]
struct Node {
    parent: Option<NodeId>,
    children: Vec<NodeId>,
    data: Data,
}

/// A page.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
}

/// The root of every tree.
pub const ROOT: NodeId = 0;

impl Tree {
    /// Builds the tree of a page, or says which bound it breaks.
    pub fn of(text: &str) -> Result<Self, TooMuch> {
        if floods(text.as_bytes()) {
            return Err(TooMuch::Attributes);
        }
        let root = Node { parent: None, children: Vec::new(), data: Data::Other };
        let sink = Sink { nodes: RefCell::new(vec![root]), depths: RefCell::new(vec![0]), deepest: Cell::new(0) };
        // Without scripts, as that is how a page is read here: what stands in `<noscript>` counts.
        let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
        let mut parser = driver::parse_document(sink, ParseOpts { tree_builder, ..ParseOpts::default() });
        let mut rest = text;
        while !rest.is_empty() {
            let mut end = PIECE.min(rest.len());
            while !rest.is_char_boundary(end) {
                end += 1;
            }
            let (piece, behind) = rest.split_at(end);
            rest = behind;
            parser.process(StrTendril::from_slice(piece));
            let sink = &parser.tokenizer.sink.sink;
            if sink.deepest.get() > MAX_DEPTH {
                return Err(TooMuch::Depth);
            }
            if sink.nodes.borrow().len() > MAX_NODES {
                return Err(TooMuch::Nodes);
            }
        }
        Ok(Self { nodes: parser.finish() })
    }

    /// The children of a node, in order.
    pub fn children(&self, node: NodeId) -> &[NodeId] {
        self.nodes.get(node).map_or(&[], |node| &node.children)
    }

    /// The node above.
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.nodes.get(node)?.parent
    }

    /// The name of an element in lower case; none for anything else.
    pub fn name(&self, node: NodeId) -> Option<&str> {
        match &self.nodes.get(node)?.data {
            Data::Element { name, .. } => Some(&name.local),
            _ => None,
        }
    }

    /// The value of an attribute.
    pub fn attribute(&self, node: NodeId, name: &str) -> Option<&str> {
        match &self.nodes.get(node)?.data {
            Data::Element { attributes, .. } => {
                let found = attributes.iter().find(|attribute| &*attribute.name.local == name);
                found.map(|attribute| &*attribute.value)
            }
            _ => None,
        }
    }

    /// The characters of a text node.
    pub fn text(&self, node: NodeId) -> Option<&str> {
        match &self.nodes.get(node)?.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A node and all below it, in the order of the page.
    pub fn walk(&self, from: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let mut open = vec![from];
        std::iter::from_fn(move || {
            let node = open.pop()?;
            open.extend(self.children(node).iter().rev());
            Some(node)
        })
    }

    /// The text that is read below a node, at most `max` bytes: blanks as one, a line break where a browser would show
    /// one, nothing of scripts and styles.
    pub fn content(&self, node: NodeId, max: usize) -> String {
        let mut out = String::new();
        let mut open = vec![(node, false)];
        while let Some((node, leaving)) = open.pop() {
            if out.len() >= max {
                break;
            }
            if leaving {
                new_line(&mut out);
                continue;
            }
            if let Some(text) = self.text(node) {
                append(&mut out, text);
            }
            match self.name(node) {
                Some("script" | "style" | "template" | "noscript") => continue,
                Some("br") => new_line(&mut out),
                Some(name) if is_block(name) => {
                    new_line(&mut out);
                    open.push((node, true));
                }
                _ => {}
            }
            open.extend(self.children(node).iter().rev().map(|child| (*child, false)));
        }
        let mut end = max.min(out.len());
        while !out.is_char_boundary(end) {
            end -= 1;
        }
        out.truncate(end);
        out.trim_end().to_owned()
    }
}

/// Adds a text with its blanks made one.
fn append(out: &mut String, text: &str) {
    let blank = |c: char| c.is_ascii_whitespace();
    if text.starts_with(blank) && !out.is_empty() && !out.ends_with([' ', '\n']) {
        out.push(' ');
    }
    let mut words = text.split_ascii_whitespace().peekable();
    while let Some(word) = words.next() {
        out.push_str(word);
        if words.peek().is_some() || text.ends_with(blank) {
            out.push(' ');
        }
    }
}

fn new_line(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "dd"
            | "details"
            | "dialog"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tr"
            | "ul"
    )
}

/// True when something that looks like a tag has more attributes than an element may have: the tokeniser compares each
/// with all before it, and hands nothing over until the tag ends.
fn floods(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'<', rest)) {
        at += found + 1;
        if !bytes.get(at).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/') {
            continue;
        }
        let (mut attributes, mut blank, mut equals) = (0, false, false);
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'>' => break,
                b'"' | b'\'' if equals => {
                    let end = bytes.get(at..).and_then(|rest| memchr::memchr(byte, rest));
                    at = end.map_or(bytes.len(), |end| at + end + 1);
                    (blank, equals) = (true, false);
                }
                b'=' => (blank, equals) = (false, true),
                b'/' if equals => equals = false,
                b'/' => (blank, equals) = (true, false),
                _ if byte.is_ascii_whitespace() => blank |= !equals,
                _ => {
                    attributes += usize::from(blank);
                    (blank, equals) = (false, false);
                }
            }
        }
        if attributes > MAX_ATTRIBUTES {
            return true;
        }
    }
    false
}

/// What html5ever builds into.
struct Sink {
    nodes: RefCell<Vec<Node>>,
    /// How deep each node lay when it was put where it is; nodes that are moved with their parent keep their depth.
    depths: RefCell<Vec<u32>>,
    deepest: Cell<u32>,
}

impl Sink {
    fn create(&self, data: Data) -> NodeId {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { parent: None, children: Vec::new(), data });
        self.depths.borrow_mut().push(0);
        nodes.len() - 1
    }

    fn detach(&self, node: NodeId) {
        let mut nodes = self.nodes.borrow_mut();
        let parent = nodes.get_mut(node).and_then(|node| node.parent.take());
        if let Some(siblings) = parent.and_then(|parent| nodes.get_mut(parent)).map(|parent| &mut parent.children)
            && let Some(at) = siblings.iter().rposition(|child| *child == node)
        {
            siblings.remove(at);
        }
    }

    /// Puts a node or text at place `at` among the children of `parent`.
    fn insert(&self, parent: NodeId, at: Option<usize>, child: NodeOrText<NodeId>) {
        let at = at.unwrap_or_else(|| self.nodes.borrow().get(parent).map_or(0, |node| node.children.len()));
        let child = match child {
            NodeOrText::AppendNode(node) => {
                self.detach(node);
                node
            }
            NodeOrText::AppendText(text) => {
                let mut nodes = self.nodes.borrow_mut();
                let before = nodes.get(parent).and_then(|node| node.children.get(at.checked_sub(1)?)).copied();
                if let Some(Data::Text(before)) = before.and_then(|id| nodes.get_mut(id)).map(|node| &mut node.data) {
                    return before.push_str(&text);
                }
                drop(nodes);
                self.create(Data::Text(text.to_string()))
            }
        };
        let mut nodes = self.nodes.borrow_mut();
        if let Some(node) = nodes.get_mut(child) {
            node.parent = Some(parent);
        }
        if let Some(node) = nodes.get_mut(parent) {
            let at = at.min(node.children.len());
            node.children.insert(at, child);
        }
        let mut depths = self.depths.borrow_mut();
        let depth = depths.get(parent).map_or(0, |depth| depth + 1);
        if let Some(own) = depths.get_mut(child) {
            *own = depth;
        }
        self.deepest.set(self.deepest.get().max(depth));
    }
}

impl TreeSink for Sink {
    type Handle = NodeId;
    type Output = Vec<Node>;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Vec<Node> {
        self.nodes.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        ROOT
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        Ref::map(self.nodes.borrow(), |nodes| match nodes.get(*target).map(|node| &node.data) {
            Some(Data::Element { name, .. }) => name,
            _ => unreachable!("the tree builder asks for the names of elements only"),
        })
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> NodeId {
        self.create(Data::Element { name, attributes })
    }

    fn create_comment(&self, _: StrTendril) -> NodeId {
        self.create(Data::Other)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> NodeId {
        self.create(Data::Other)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.insert(*parent, None, child);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, before: &NodeId, child: NodeOrText<NodeId>) {
        let has_parent = self.nodes.borrow().get(*element).is_some_and(|node| node.parent.is_some());
        if has_parent { self.append_before_sibling(element, child) } else { self.append(before, child) }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    /// The content of a `<template>` is no part of the page, but lies where its element is; whoever walks passes by.
    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        *target
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        if let NodeOrText::AppendNode(node) = &child {
            self.detach(*node);
        }
        let nodes = self.nodes.borrow();
        let Some(parent) = nodes.get(*sibling).and_then(|node| node.parent) else { return };
        let at = nodes.get(parent).and_then(|node| node.children.iter().rposition(|child| child == sibling));
        drop(nodes);
        self.insert(parent, at, child);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, more: Vec<Attribute>) {
        let mut nodes = self.nodes.borrow_mut();
        let Some(Data::Element { attributes, .. }) = nodes.get_mut(*target).map(|node| &mut node.data) else { return };
        for one in more {
            if attributes.len() < MAX_ATTRIBUTES && attributes.iter().all(|known| known.name != one.name) {
                attributes.push(one);
            }
        }
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.detach(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        let mut nodes = self.nodes.borrow_mut();
        let children = nodes.get_mut(*node).map(|node| std::mem::take(&mut node.children)).unwrap_or_default();
        for child in &children {
            if let Some(child) = nodes.get_mut(*child) {
                child.parent = Some(*new_parent);
            }
        }
        if let Some(parent) = nodes.get_mut(*new_parent) {
            parent.children.extend(children);
        }
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &NodeId) -> bool {
        let nodes = self.nodes.borrow();
        let Some(Data::Element { name, attributes }) = nodes.get(*handle).map(|node| &node.data) else { return false };
        let html = |value: &str| {
            ["text/html", "application/xhtml+xml"].into_iter().any(|known| known.eq_ignore_ascii_case(value))
        };
        name.ns == ns!(mathml)
            && name.local == local_name!("annotation-xml")
            && attributes.iter().any(|attribute| &*attribute.name.local == "encoding" && html(&attribute.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(html: &str) -> String {
        Tree::of(html).unwrap().content(ROOT, 10_000)
    }

    #[test]
    fn text_is_read_as_it_is_shown() {
        let html = "<p>Der  <b>Pass</b>\n kostet<br>37&nbsp;Euro.</p><script>x()</script><ul><li>Bild<li>Antrag</ul>";
        assert_eq!(content(html), "Der Pass kostet\n37\u{a0}Euro.\nBild\nAntrag");
        assert_eq!(content("a<!-- b -->c<div> d </div>e"), "ac\nd\ne");
        assert_eq!(content("<table>x<tr><td>1<td>2</table>"), "x\n12");
        assert_eq!(Tree::of("<p>äöü</p>").unwrap().content(ROOT, 3), "ä");
    }

    #[test]
    fn what_is_broken_is_read_as_a_browser_reads_it() {
        let tree = Tree::of("<p id=a><b>1<p id=b>2</b><div><p>3</span></div><a href=x><a href=y>").unwrap();
        let names: Vec<_> = tree.walk(ROOT).filter_map(|node| tree.name(node)).collect();
        assert_eq!(names, ["html", "head", "body", "p", "b", "p", "b", "div", "p", "a", "a"]);
        let paragraph = tree.walk(ROOT).find(|node| tree.attribute(*node, "id") == Some("b")).unwrap();
        assert_eq!(tree.parent(paragraph).and_then(|parent| tree.name(parent)), Some("body"));
    }

    #[test]
    fn a_page_beyond_the_bounds_is_not_read() {
        assert_eq!(Tree::of(&"<div>".repeat(100_000)).err(), Some(TooMuch::Depth));
        assert_eq!(Tree::of(&"<b><i x=1>".repeat(100_000)).err(), Some(TooMuch::Depth));
        assert_eq!(Tree::of(&"<br>".repeat(400_000)).err(), Some(TooMuch::Nodes));
        let formatting: String = (0..300).map(|n| format!("<b x={n}>")).collect();
        let formatted = format!("<p>{formatting}{}", "</p><p>x".repeat(10_000));
        assert_eq!(Tree::of(&formatted).err(), Some(TooMuch::Nodes));
        for flood in ["<a b=1 ", "<a/b", "<a b='x'", "<a\tb=\"'\"\n", "<a b= c"] {
            let (start, attribute) = flood.split_at(2);
            assert_eq!(
                Tree::of(&format!("{start}{}>", attribute.repeat(1_001))).err(),
                Some(TooMuch::Attributes),
                "{flood}"
            );
        }
        // large, and nothing wrong with it
        let image = format!("<img src=\"data:image/png;base64,{}\">", "A/b c=".repeat(100_000));
        assert!(Tree::of(&image).is_ok());
        assert!(Tree::of(&"<p>x<li>y<td>z<a href=1>w</a>".repeat(20_000)).is_ok());
    }

    #[test]
    fn tag_soup_ends() {
        let soup = "<table><tr><select><svg><p><math><annotation-xml encoding='text/html'><b><a><template><form>\
                    </b></table><frameset></template></p></br></body><title>x";
        for end in 0..soup.len() {
            assert!(Tree::of(soup.get(..end).unwrap()).is_ok());
        }
        assert!(Tree::of(&soup.repeat(5)).is_ok());
    }
}

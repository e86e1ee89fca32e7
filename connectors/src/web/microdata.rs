//! Microdata of HTML: `itemscope`, `itemtype`, `itemid`, `itemprop`, `itemref`.
//!
//! `content` counts on every element, although HTML has it on `<meta>` only, because pages are written so. Source: WHATWG
//! HTML, section 5.2 (the microdata model); W3C Microdata to RDF for the addresses of properties.

use std::collections::HashMap;

use url::Url;

use super::graph::{Graph, MAX_TEXT, Syntax, Value, language};
use super::tree::{NodeId, ROOT, Tree};

/// Elements that are looked at for one page; `itemref` can make one element belong to many items.
const MAX_STEPS: usize = 2_000_000;

/// An element with what it takes over from those above it.
struct Open {
    node: NodeId,
    lang: Option<String>,
}

/// Adds what the page says in microdata.
pub(super) fn read(tree: &Tree, base: &Url, graph: &mut Graph) {
    let mut items = Items { tree, base, ids: HashMap::new(), names: HashMap::new(), steps: 0 };
    let mut scopes = Vec::new();
    let mut open = vec![Open { node: ROOT, lang: None }];
    while let Some(Open { node, lang }) = open.pop() {
        if tree.name(node) == Some("template") {
            continue;
        }
        let lang = lang_of(tree, node).unwrap_or(lang);
        if let Some(id) = tree.attribute(node, "id") {
            items.ids.entry(id).or_insert(Place { node, lang: lang.clone() });
        }
        if tree.attribute(node, "itemscope").is_some() {
            let name = match tree.attribute(node, "itemid").and_then(|id| base.join(id.trim()).ok()) {
                Some(url) => url.into(),
                None => graph.blank(),
            };
            items.names.insert(node, name);
            scopes.push(Open { node, lang: lang.clone() });
        }
        open.extend(tree.children(node).iter().rev().map(|child| Open { node: *child, lang: lang.clone() }));
    }
    for scope in scopes {
        items.read(scope, graph);
    }
}

fn lang_of(tree: &Tree, node: NodeId) -> Option<Option<String>> {
    tree.attribute(node, "lang").map(language)
}

struct Place {
    node: NodeId,
    lang: Option<String>,
}

struct Items<'a> {
    tree: &'a Tree,
    base: &'a Url,
    ids: HashMap<&'a str, Place>,
    /// What the item of an element with `itemscope` is called.
    names: HashMap<NodeId, String>,
    steps: usize,
}

impl Items<'_> {
    fn read(&mut self, scope: Open, graph: &mut Graph) {
        let Some(name) = self.names.get(&scope.node).cloned() else { return };
        let types: Vec<String> = words(self.tree.attribute(scope.node, "itemtype")).map(str::to_owned).collect();
        let vocabulary =
            types.first().and_then(|of| of.get(..of.rfind(['/', '#'])? + 1)).unwrap_or_default().to_owned();
        graph.declare(&name, Syntax::Microdata, &types);
        let mut open: Vec<Open> = Vec::new();
        for id in words(self.tree.attribute(scope.node, "itemref")) {
            if let Some(place) = self.ids.get(id).filter(|place| place.node != scope.node) {
                open.push(Open { node: place.node, lang: place.lang.clone() });
            }
        }
        open.reverse();
        open.extend(self.below(&scope));
        let mut seen = std::collections::HashSet::new();
        while let Some(Open { node, lang }) = open.pop() {
            self.steps += 1;
            if graph.is_exhausted() {
                return;
            }
            if self.steps > MAX_STEPS || !seen.insert(node) || node == scope.node {
                continue;
            }
            let lang = lang_of(self.tree, node).unwrap_or(lang);
            if let Some(properties) = self.tree.attribute(node, "itemprop") {
                let value = self.value(node, lang.clone());
                for property in words(Some(properties)) {
                    let iri =
                        if property.contains(':') { property.to_owned() } else { format!("{vocabulary}{property}") };
                    graph.add(&name, Syntax::Microdata, &iri, value.clone());
                }
            }
            if self.tree.attribute(node, "itemscope").is_none() && self.tree.name(node) != Some("template") {
                let below = self.below(&Open { node, lang });
                open.extend(below);
            }
        }
    }

    /// The children of an element, the first last.
    fn below(&self, of: &Open) -> Vec<Open> {
        let children = self.tree.children(of.node).iter().rev();
        children.map(|child| Open { node: *child, lang: of.lang.clone() }).collect()
    }

    fn value(&self, node: NodeId, lang: Option<String>) -> Value {
        let attribute = |name| self.tree.attribute(node, name);
        if let Some(name) = self.names.get(&node) {
            return Value::Link(name.clone());
        }
        let link = |text: &str| match self.base.join(text.trim()) {
            Ok(url) => Value::Link(url.into()),
            Err(_) => Value::Text { text: text.to_owned(), lang: None },
        };
        let plain = |text: &str| Value::Text { text: text.trim().chars().take(MAX_TEXT / 4).collect(), lang: None };
        if let Some(content) = attribute("content") {
            let text = content.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            return Value::Text { text: text.chars().take(MAX_TEXT / 4).collect(), lang };
        }
        let given = match self.tree.name(node) {
            Some("audio" | "embed" | "iframe" | "img" | "source" | "track" | "video") => attribute("src").map(link),
            Some("a" | "area" | "link") => attribute("href").map(link),
            Some("object") => attribute("data").map(link),
            Some("data" | "meter") => attribute("value").map(plain),
            Some("time") => attribute("datetime").map(plain),
            _ => None,
        };
        given.unwrap_or_else(|| Value::Text { text: self.tree.content(node, MAX_TEXT), lang })
    }
}

/// The words of an attribute, at most a few.
fn words(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split_ascii_whitespace().take(64)
}

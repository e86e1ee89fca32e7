//! JSON-LD in `<script type="application/ld+json">`, as far as pages use it: the vocabulary of schema.org, prefixes and
//! terms of one's own, `@graph`, and references by `@id`.
//!
//! A context is never fetched. That of schema.org is known; any other address is as good as none, and the block says so.
//! Source: JSON-LD 1.1.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};
use url::Url;

use super::graph::{Graph, MAX_TEXT, SCHEMA, Syntax, Value, language};
use super::tree::{ROOT, Tree};
use crate::finding::{Finding, Rule};

/// Objects inside one another that are read.
const MAX_DEPTH: usize = 64;

/// What names mean inside an object.
#[derive(Debug, Clone, Default)]
struct Context {
    vocab: Option<String>,
    terms: HashMap<String, String>,
    lang: Option<String>,
}

/// Adds what the page says in JSON-LD.
pub(super) fn read(tree: &Tree, base: &Url, graph: &mut Graph, findings: &mut Vec<Finding>) {
    for node in tree.walk(ROOT) {
        let is_block = tree.name(node) == Some("script")
            && tree.attribute(node, "type").is_some_and(|of| {
                of.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/ld+json")
            });
        if !is_block {
            continue;
        }
        let text: String = tree.children(node).iter().filter_map(|child| tree.text(*child)).collect();
        match serde_json::from_str(unwrapped(&text)) {
            Ok(json) => {
                let mut block = Block { base, graph, findings, foreign: false };
                block.any(&json, &Context::default(), 0);
            }
            Err(_) if text.trim().is_empty() => {}
            Err(error) => findings.push(Finding::new(Rule::JsonLdUnreadable).value(error.to_string())),
        }
    }
}

/// The block without the comment or CDATA section that old editors put around it.
fn unwrapped(text: &str) -> &str {
    let mut text = text.trim();
    for (start, end) in [("<!--", "-->"), ("//<![CDATA[", "//]]>"), ("<![CDATA[", "]]>")] {
        if let Some(inner) = text.strip_prefix(start) {
            text = inner.trim();
            text = text.strip_suffix(end).unwrap_or(text).trim();
        }
    }
    text
}

struct Block<'a> {
    base: &'a Url,
    graph: &'a mut Graph,
    findings: &'a mut Vec<Finding>,
    foreign: bool,
}

impl Block<'_> {
    /// Reads whatever stands at the top of a block.
    fn any(&mut self, json: &Json, context: &Context, depth: usize) {
        match json {
            Json::Array(list) => list.iter().for_each(|one| self.any(one, context, depth + 1)),
            Json::Object(object) => {
                self.object(object, context, depth);
            }
            _ => {}
        }
    }

    /// Reads an object; gives the name of its item.
    fn object(&mut self, object: &Map<String, Json>, above: &Context, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH || self.graph.is_exhausted() {
            return None;
        }
        let context = match object.get("@context") {
            Some(given) => &self.context(given, above),
            None => above,
        };
        let graph = object
            .get("@graph")
            .or_else(|| object.iter().find(|(k, _)| context.keyword(k) == "@graph").map(|(_, v)| v));
        if let Some(graph) = graph {
            self.any(graph, context, depth + 1);
            if object.keys().all(|key| key.starts_with('@') && key != "@id" && key != "@type") {
                return None;
            }
        }
        let at = |keyword: &str| object.iter().find(|(key, _)| context.keyword(key) == keyword).map(|(_, value)| value);
        let id = match at("@id").and_then(Json::as_str) {
            Some(id) => self.id(id, context)?,
            None => self.graph.blank(),
        };
        let types: Vec<String> = strings(at("@type")).filter_map(|name| context.term(name)).collect();
        if !types.is_empty() {
            self.graph.declare(&id, Syntax::JsonLd, &types);
        }
        for (key, json) in object {
            if context.keyword(key).starts_with('@') {
                continue;
            }
            if let Some(property) = context.term(key) {
                self.values(&id, &property, json, context, depth + 1);
            }
        }
        Some(id)
    }

    /// Adds the values of one property.
    fn values(&mut self, id: &str, property: &str, json: &Json, context: &Context, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let value = match json {
            Json::Array(list) => return list.iter().for_each(|one| self.values(id, property, one, context, depth + 1)),
            Json::Object(object) => {
                if let Some(list) = object.get("@list").or_else(|| object.get("@set")) {
                    return self.values(id, property, list, context, depth + 1);
                }
                match object.get("@value").and_then(plain) {
                    Some(text) => {
                        let lang = object.get("@language").and_then(Json::as_str).and_then(language);
                        Value::Text { text: tidy(&text), lang: lang.or_else(|| context.lang.clone()) }
                    }
                    None if object.contains_key("@value") => return,
                    None => match self.object(object, context, depth) {
                        Some(name) => Value::Link(name),
                        None => return,
                    },
                }
            }
            other => match plain(other) {
                Some(text) => Value::Text { text: tidy(&text), lang: context.lang.clone() },
                None => return,
            },
        };
        self.graph.add(id, Syntax::JsonLd, property, value);
    }

    /// The name of an item: an address, resolved against the page, or one of this page only.
    fn id(&self, id: &str, context: &Context) -> Option<String> {
        if let Some(blank) = id.strip_prefix("_:") {
            return Some(format!("_:json-{blank}"));
        }
        match id.split_once(':').and_then(|(prefix, name)| context.curie(prefix, name)) {
            Some(iri) => Some(iri),
            None => self.base.join(id.trim()).ok().map(String::from),
        }
    }

    fn context(&mut self, given: &Json, above: &Context) -> Context {
        let mut context = above.clone();
        match given {
            Json::Null => context = Context::default(),
            Json::String(address) => match address.trim().trim_end_matches('/') {
                "http://schema.org"
                | "https://schema.org"
                | "http://www.schema.org"
                | "https://www.schema.org"
                | "https://schema.org/docs/jsonldcontext.json"
                | "https://schema.org/docs/jsonldcontext.jsonld" => {
                    context.vocab = Some(SCHEMA.to_owned());
                }
                other if !self.foreign => {
                    self.foreign = true;
                    self.findings.push(Finding::new(Rule::JsonLdContext).value(other));
                }
                _ => {}
            },
            Json::Array(list) => {
                for one in list.iter().take(16) {
                    context = self.context(one, &context);
                }
            }
            Json::Object(object) => {
                // Twice, because a term may stand before the prefix that it is written with.
                for (name, meaning) in object.iter().take(200).chain(object.iter().take(200)) {
                    let target = meaning.as_str().or_else(|| meaning.get("@id").and_then(Json::as_str));
                    match (name.as_str(), target) {
                        ("@vocab", vocab) => context.vocab = vocab.map(str::to_owned),
                        ("@language", lang) => context.lang = lang.and_then(language),
                        (name, Some(target)) if !name.starts_with('@') => {
                            let target =
                                if target.starts_with('@') { Some(target.to_owned()) } else { context.term(target) };
                            if let Some(target) = target {
                                context.terms.insert(name.to_owned(), target);
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        context
    }
}

impl Context {
    /// The keyword that a key stands for, or the key.
    fn keyword<'a>(&'a self, key: &'a str) -> &'a str {
        match self.terms.get(key).map(String::as_str) {
            Some(keyword) if keyword.starts_with('@') => keyword,
            // The context of schema.org names these two so.
            None if key == "type" && self.vocab.as_deref() == Some(SCHEMA) => "@type",
            None if key == "id" && self.vocab.as_deref() == Some(SCHEMA) => "@id",
            _ => key,
        }
    }

    fn term(&self, name: &str) -> Option<String> {
        if let Some(iri) = self.terms.get(name) {
            return (!iri.starts_with('@')).then(|| iri.clone());
        }
        match name.split_once(':') {
            Some((prefix, rest)) => self.curie(prefix, rest).or_else(|| Url::parse(name).ok().map(|_| name.to_owned())),
            None => self.vocab.as_ref().map(|vocab| format!("{vocab}{name}")),
        }
    }

    fn curie(&self, prefix: &str, name: &str) -> Option<String> {
        if name.starts_with("//") {
            return None;
        }
        match self.terms.get(prefix) {
            Some(iri) => Some(format!("{iri}{name}")),
            None if prefix == "schema" => Some(format!("{SCHEMA}{name}")),
            None => None,
        }
    }
}

fn strings(json: Option<&Json>) -> impl Iterator<Item = &str> {
    let list = match json {
        Some(Json::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    list.iter().filter_map(Json::as_str)
}

fn plain(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Blanks made one within each line, empty lines left out, and no longer than a value may be.
fn tidy(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
    let text = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    text.chars().take(MAX_TEXT / 4).collect()
}

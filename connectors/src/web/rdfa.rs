//! RDFa 1.1 Lite in HTML: `vocab`, `typeof`, `property`, `resource` and `prefix`.
//!
//! The values are found as RDFa Core finds them, so `content`, `datetime`, `href`, `src` and `about` count as well. What
//! Lite leaves out (`rel`, `rev`, `inlist`) is not read. Source: RDFa Lite 1.1; RDFa Core 1.1, section 7.5; HTML+RDFa
//! 1.1, section 3.1.

use std::collections::HashMap;
use std::rc::Rc;

use url::Url;

use super::graph::{Graph, MAX_TEXT, Syntax, Value, language};
use super::tree::{NodeId, ROOT, Tree};

/// Prefixes that hold without being declared. Source: RDFa Core Initial Context.
const PREFIXES: [(&str, &str); 21] = [
    ("as", "https://www.w3.org/ns/activitystreams#"),
    ("cc", "http://creativecommons.org/ns#"),
    ("dc", "http://purl.org/dc/terms/"),
    ("dc11", "http://purl.org/dc/elements/1.1/"),
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("dcterms", "http://purl.org/dc/terms/"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("gr", "http://purl.org/goodrelations/v1#"),
    ("ical", "http://www.w3.org/2002/12/cal/icaltzd#"),
    ("og", "http://ogp.me/ns#"),
    ("org", "http://www.w3.org/ns/org#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("prov", "http://www.w3.org/ns/prov#"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("schema", "http://schema.org/"),
    ("sioc", "http://rdfs.org/sioc/ns#"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("vcard", "http://www.w3.org/2006/vcard/ns#"),
    ("void", "http://rdfs.org/ns/void#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// Prefixes that one element may declare.
const MAX_PREFIXES: usize = 100;

/// What an element takes over from the one above.
#[derive(Clone)]
struct Context {
    subject: Rc<str>,
    vocab: Option<Rc<str>>,
    prefixes: Rc<HashMap<String, String>>,
    lang: Option<Rc<str>>,
}

/// Adds what the page says in RDFa.
pub(super) fn read(tree: &Tree, base: &Url, graph: &mut Graph) {
    let start =
        Context { subject: Rc::from(base.as_str()), vocab: None, prefixes: Rc::new(HashMap::new()), lang: None };
    let mut open = vec![(ROOT, start)];
    while let Some((node, above)) = open.pop() {
        if tree.name(node) == Some("template") || graph.is_exhausted() {
            continue;
        }
        let context = if tree.name(node).is_some() { element(tree, node, above, base, graph) } else { above };
        open.extend(tree.children(node).iter().rev().map(|child| (*child, context.clone())));
    }
}

/// Reads one element; gives what holds below it.
fn element(tree: &Tree, node: NodeId, above: Context, base: &Url, graph: &mut Graph) -> Context {
    let attribute = |name| tree.attribute(node, name);
    let mut context = above.clone();
    if let Some(vocab) = attribute("vocab").map(str::trim) {
        context.vocab = (!vocab.is_empty()).then(|| Rc::from(base.join(vocab).map_or(vocab.to_owned(), String::from)));
    }
    if let Some(declared) = attribute("prefix") {
        let mut prefixes = (*context.prefixes).clone();
        let mut words = declared.split_ascii_whitespace();
        while let (Some(name), Some(iri)) = (words.next(), words.next()) {
            let Some(name) = name.strip_suffix(':') else { break };
            if name != "_" && prefixes.len() < MAX_PREFIXES {
                prefixes.insert(name.to_ascii_lowercase(), iri.to_owned());
            }
        }
        context.prefixes = Rc::new(prefixes);
    }
    if let Some(lang) = attribute("lang").or_else(|| attribute("xml:lang")) {
        context.lang = language(lang).map(Rc::from);
    }
    let names = |text: &str| -> Vec<String> {
        text.split_ascii_whitespace().take(16).filter_map(|word| context.term(word)).collect()
    };
    let types = attribute("typeof").map(names);
    let properties = attribute("property").map(names);
    let about = attribute("about").and_then(|text| context.resource(text, base));
    let resource = attribute("resource").and_then(|text| context.resource(text, base));
    let link =
        || attribute("href").or_else(|| attribute("src")).and_then(|text| Some(base.join(text.trim()).ok()?.into()));
    let target: Option<String> = resource.clone().or_else(link);

    let literal = attribute("content").is_some() || attribute("datatype").is_some();
    let is_root = matches!(tree.name(node), Some("html"));
    let (subject, typed) = if properties.is_some() && !literal {
        let subject = about.clone().map_or_else(|| Rc::clone(&above.subject), Rc::from);
        let typed = types.as_ref().map(|_| match (&about, &target) {
            (Some(about), _) => about.clone(),
            (None, _) if is_root => base.to_string(),
            (None, Some(target)) => target.clone(),
            (None, None) => graph.blank(),
        });
        (subject, typed)
    } else {
        let named = about.clone().or(target.clone());
        let subject: Rc<str> = match (named, &types) {
            (Some(named), _) => Rc::from(named),
            (None, Some(_)) if is_root => Rc::from(base.as_str()),
            (None, Some(_)) => Rc::from(graph.blank()),
            (None, None) => Rc::clone(&above.subject),
        };
        let typed = types.as_ref().map(|_| subject.to_string());
        (subject, typed)
    };
    if let (Some(types), Some(typed)) = (&types, &typed) {
        graph.declare(typed, Syntax::Rdfa, types);
    }
    for property in properties.iter().flatten() {
        let text = |text: String, lang: Option<&Rc<str>>| Value::Text { text, lang: lang.map(|lang| lang.to_string()) };
        let lang = context.lang.as_ref();
        let value = match (attribute("content"), attribute("datetime"), attribute("datatype")) {
            (Some(content), _, None | Some("")) => text(cut(content), lang),
            (Some(content), _, Some(_)) => text(cut(content), None),
            (None, Some(moment), _) => text(cut(moment), None),
            (None, None, Some(datatype)) => text(tree.content(node, MAX_TEXT), lang.filter(|_| datatype.is_empty())),
            (None, None, None) => match (&target, &typed) {
                (Some(target), _) => Value::Link(target.clone()),
                (None, Some(typed)) if about.is_none() => Value::Link(typed.clone()),
                _ => text(tree.content(node, MAX_TEXT), lang),
            },
        };
        graph.add(&subject, Syntax::Rdfa, property, value);
    }
    context.subject = match typed {
        Some(typed) => Rc::from(typed),
        None => subject,
    };
    context
}

fn cut(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_TEXT / 4).collect()
}

impl Context {
    /// The address of a type or property: a term of the vocabulary, a prefix with a name, or an address.
    fn term(&self, word: &str) -> Option<String> {
        match word.split_once(':') {
            Some(("_", _)) => None,
            Some((prefix, name)) => self.curie(prefix, name).or_else(|| Url::parse(word).ok().map(|_| word.to_owned())),
            None => self.vocab.as_ref().map(|vocab| format!("{vocab}{word}")),
        }
    }

    /// The address that `about` or `resource` gives.
    fn resource(&self, text: &str, base: &Url) -> Option<String> {
        let text = text.trim();
        let safe = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let curie = safe.unwrap_or(text).split_once(':').and_then(|(prefix, name)| match prefix {
            "_" => Some(format!("_:rdfa-{name}")),
            _ => self.curie(prefix, name),
        });
        match (curie, safe) {
            (Some(iri), _) => Some(iri),
            (None, Some(_)) => None,
            (None, None) => base.join(text).ok().map(String::from),
        }
    }

    fn curie(&self, prefix: &str, name: &str) -> Option<String> {
        if name.starts_with("//") {
            return None;
        }
        let prefix = prefix.to_ascii_lowercase();
        let known = || PREFIXES.iter().find(|(known, _)| *known == prefix).map(|(_, iri)| *iri);
        self.prefixes.get(&prefix).map(String::as_str).or_else(known).map(|iri| format!("{iri}{name}"))
    }
}

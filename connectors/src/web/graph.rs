//! What a page says, whichever syntax it says it in: items with types and properties that refer to each other.
//!
//! The three syntaxes fill one graph, so that an item that is named in several places of a page is one item. Repeated
//! properties are lists; of a value that is given twice one is kept. Everything is bounded.

use std::collections::HashMap;

/// Items of one page.
const MAX_ITEMS: usize = 5_000;

/// Values of one page.
const MAX_VALUES: usize = 50_000;

/// Different properties of one item, and values of one property.
const MAX_PROPERTIES: usize = 200;

/// Bytes of one value.
pub(super) const MAX_TEXT: usize = 256 * 1024;

/// Bytes of all values of one page.
const MAX_TEXTS: usize = 8 * 1024 * 1024;

/// The vocabulary of schema.org; http and www are read as this.
pub const SCHEMA: &str = "https://schema.org/";

/// How a page says a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// RDFa 1.1, as far as RDFa Lite and the attributes that resolve its values go.
    Rdfa,
    /// Microdata of HTML.
    Microdata,
    /// JSON-LD in a script element.
    JsonLd,
}

impl Syntax {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rdfa => "RDFa",
            Self::Microdata => "Microdata",
            Self::JsonLd => "JSON-LD",
        }
    }
}

/// One value of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text {
        /// The text, with its blanks made one.
        text: String,
        /// Its language, where one is given.
        lang: Option<String>,
    },
    /// An absolute address, or the name of an item of the page.
    Link(String),
}

impl Value {
    /// The text, or the address as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text { text, .. } => text,
            Self::Link(link) => link,
        }
    }
}

/// One thing that the page speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its address; one that begins with `_:` holds on this page only.
    pub id: String,
    /// Where it was named first.
    pub syntax: Syntax,
    /// Its types, as addresses.
    pub types: Vec<String>,
    /// Its properties, as addresses, in the order of the page; each once, with all its values.
    pub properties: Vec<(String, Vec<Value>)>,
}

impl Item {
    /// The values of a property of schema.org.
    pub fn values(&self, name: &str) -> &[Value] {
        self.of(|property| property.strip_prefix(SCHEMA) == Some(name))
    }

    /// The values of the first property whose address fits.
    pub fn of(&self, fits: impl Fn(&str) -> bool) -> &[Value] {
        self.properties.iter().find(|(name, _)| fits(name)).map_or(&[], |(_, values)| values)
    }

    /// True when it is of this type of schema.org.
    pub fn is(&self, name: &str) -> bool {
        self.types.iter().any(|of| of.strip_prefix(SCHEMA) == Some(name))
    }

    /// True when it has no address of its own.
    pub fn is_blank(&self) -> bool {
        self.id.starts_with("_:")
    }
}

/// All items of one page.
#[derive(Debug, Default)]
pub struct Graph {
    items: Vec<Item>,
    by_id: HashMap<String, usize>,
    blanks: usize,
    values: usize,
    bytes: usize,
    full: bool,
    exhausted: bool,
}

impl Graph {
    /// The items in the order in which they were named.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The item that a value names.
    pub fn get(&self, value: &Value) -> Option<&Item> {
        match value {
            Value::Link(id) => self.items.get(*self.by_id.get(id)?),
            Value::Text { .. } => None,
        }
    }

    /// True when a bound was reached and something left out.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// True when nothing more is taken at all, so that nobody need look further.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Items that no other item of the page names; of a circle, the first.
    pub fn roots(&self) -> Vec<&Item> {
        let mut reached = vec![false; self.items.len()];
        let mut roots = Vec::new();
        let named: Vec<usize> = self.items.iter().flat_map(|item| self.targets(item)).collect();
        let mut is_named = vec![false; self.items.len()];
        named.into_iter().for_each(|at| set(&mut is_named, at));
        let unnamed = (0..self.items.len()).filter(|at| is_named.get(*at) == Some(&false));
        for start in unnamed.chain(0..self.items.len()) {
            if reached.get(start) != Some(&false) {
                continue;
            }
            roots.extend(self.items.get(start));
            let mut open = vec![start];
            while let Some(at) = open.pop() {
                if reached.get(at) == Some(&false) {
                    set(&mut reached, at);
                    open.extend(self.items.get(at).into_iter().flat_map(|item| self.targets(item)));
                }
            }
        }
        roots
    }

    fn targets<'a>(&'a self, item: &'a Item) -> impl Iterator<Item = usize> + 'a {
        let links = item.properties.iter().flat_map(|(_, values)| values).filter_map(|value| match value {
            Value::Link(id) => self.by_id.get(id).copied(),
            Value::Text { .. } => None,
        });
        links.filter(|at| self.items.get(*at).is_some_and(|target| target.id != item.id))
    }

    /// A name for an item that has none.
    pub(super) fn blank(&mut self) -> String {
        self.blanks += 1;
        format!("_:{}", self.blanks)
    }

    /// Says that there is an item of this name and these types.
    pub(super) fn declare(&mut self, id: &str, syntax: Syntax, types: &[String]) {
        if let Some(item) = self.item(id, syntax) {
            for of in types.iter().map(|of| vocabulary(of)).take(16) {
                if !item.types.contains(&of) {
                    item.types.push(of);
                }
            }
        }
    }

    /// Adds a value to a property of the item of this name.
    pub(super) fn add(&mut self, id: &str, syntax: Syntax, property: &str, value: Value) {
        self.values += 1;
        self.bytes += value.as_str().len();
        if self.values > MAX_VALUES || self.bytes > MAX_TEXTS {
            (self.full, self.exhausted) = (true, true);
            return;
        }
        let property = vocabulary(property);
        let Some(item) = self.item(id, syntax) else { return };
        let room = item.properties.len() < MAX_PROPERTIES;
        match item.properties.iter_mut().find(|(name, _)| *name == property) {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) if values.len() < MAX_PROPERTIES => values.push(value),
            None if room => item.properties.push((property, vec![value])),
            _ => self.full = true,
        }
    }

    fn item(&mut self, id: &str, syntax: Syntax) -> Option<&mut Item> {
        if let Some(at) = self.by_id.get(id) {
            return self.items.get_mut(*at);
        }
        if self.items.len() >= MAX_ITEMS {
            (self.full, self.exhausted) = (true, true);
            return None;
        }
        self.by_id.insert(id.to_owned(), self.items.len());
        self.items.push(Item { id: id.to_owned(), syntax, types: Vec::new(), properties: Vec::new() });
        self.items.last_mut()
    }
}

fn set(flags: &mut [bool], at: usize) {
    if let Some(flag) = flags.get_mut(at) {
        *flag = true;
    }
}

/// One spelling of the addresses of schema.org.
fn vocabulary(iri: &str) -> String {
    let spellings = ["http://schema.org/", "http://www.schema.org/", "https://www.schema.org/"];
    match spellings.into_iter().find_map(|spelling| iri.strip_prefix(spelling)) {
        Some(term) => format!("{SCHEMA}{term}"),
        None => iri.to_owned(),
    }
}

/// A language as it may be noted; none for what is no tag by BCP 47.
pub(super) fn language(text: &str) -> Option<String> {
    let text = text.trim();
    let valid = !text.is_empty() && text.len() <= 35 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    valid.then(|| text.to_ascii_lowercase())
}

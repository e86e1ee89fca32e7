//! Pages that portals keep themselves: which of them may be read, where they are listed, and what they say.
//!
//! Pure like everything in this room: bytes and addresses in, values and findings out. [`robots`] and [`sitemap`] say
//! where to look, [`read_page`] what is there: the page as a tree ([`tree`]), its items in three syntaxes as one graph
//! ([`graph`]), and what our [`profile`] takes from them. The run over all of it is `connectors::run::WebRun`.

pub mod charset;
pub mod graph;
mod jsonld;
mod microdata;
pub mod profile;
mod rdfa;
pub mod robots;
pub mod sitemap;
pub mod tree;

use url::Url;

use crate::beschreibung::Leistungsbeschreibung;
use crate::finding::{Finding, Rule};
use graph::{Graph, Syntax};
use tree::{ROOT, TooMuch, Tree};

/// What came with a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The field `Content-Type`.
    pub content_type: Option<String>,
    /// The fields `X-Robots-Tag`, one per line.
    pub robots_tag: Option<String>,
}

/// What a page says.
#[derive(Debug)]
pub struct Page {
    /// The address that it names as the right one for its content, when it names one.
    pub canonical: Option<Url>,
    /// True when it asks not to be listed; then it has no descriptions.
    pub noindex: bool,
    /// The name of its encoding.
    pub encoding: &'static str,
    /// Its language, `de` where it names none.
    pub lang: String,
    /// Its title.
    pub title: String,
    /// Everything that it says in one of the three syntaxes.
    pub graph: Graph,
    /// Its Leistungen.
    pub descriptions: Vec<Leistungsbeschreibung>,
    /// What is wrong with it, each with the address of the page.
    pub findings: Vec<Finding>,
}

/// Reads a page that `url` gave.
pub fn read_page(bytes: &[u8], url: &Url, head: &Head) -> Page {
    let decoded = charset::decode(bytes, head.content_type.as_deref());
    let mut page = Page {
        canonical: None,
        noindex: false,
        encoding: decoded.encoding,
        lang: "de".to_owned(),
        title: String::new(),
        graph: Graph::default(),
        descriptions: Vec::new(),
        findings: Vec::new(),
    };
    let tree = match Tree::of(&decoded.text) {
        Ok(tree) => tree,
        Err(bound) => {
            let bound = match bound {
                TooMuch::Depth => format!("mehr als {} Elemente ineinander", tree::MAX_DEPTH),
                TooMuch::Nodes => format!("mehr als {} Elemente", tree::MAX_NODES),
                TooMuch::Attributes => format!("mehr als {} Attribute an einem Element", tree::MAX_ATTRIBUTES),
            };
            page.findings.push(Finding::new(Rule::WebPageTooMuch).value(bound).file(url.as_str()));
            return page;
        }
    };
    let base = page.survey(&tree, url);
    let tagged = head.robots_tag.iter().flat_map(|tags| tags.lines());
    page.noindex |= tagged.into_iter().any(|tag| asks_for_noindex(agent_off(tag)));
    rdfa::read(&tree, &base, &mut page.graph);
    microdata::read(&tree, &base, &mut page.graph);
    let mut findings = Vec::new();
    jsonld::read(&tree, &base, &mut page.graph, &mut findings);
    page.findings.extend(findings.into_iter().map(|finding| finding.file(url.as_str())));
    let own = page.canonical.as_ref().filter(|canonical| canonical.host() == url.host()).unwrap_or(url);
    let described = profile::read(&page.graph, own, &page.lang);
    page.findings.extend(described.findings);
    let find = |rule, value: String| Finding::new(rule).value(value).file(url.as_str());
    if described.descriptions.is_empty() {
        page.findings.extend(page.not_understood().map(|types| find(Rule::WebNotUnderstood, types)));
    } else if page.noindex {
        page.findings.push(Finding::new(Rule::WebNoindex).file(url.as_str()));
    } else {
        if decoded.faulty {
            page.findings.push(find(Rule::WebEncoding, decoded.encoding.to_owned()));
        }
        page.descriptions = described.descriptions;
    }
    page
}

impl Page {
    /// Takes what stands in the head of the page; gives the address that its own addresses are relative to.
    fn survey(&mut self, tree: &Tree, url: &Url) -> Url {
        let mut base: Option<Url> = None;
        let mut canonical = None;
        for node in tree.walk(ROOT) {
            let attribute = |name| tree.attribute(node, name);
            let has = |name, word: &str| {
                attribute(name)
                    .is_some_and(|value| value.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(word)))
            };
            match tree.name(node) {
                Some("html") => {
                    self.lang = attribute("lang").and_then(graph::language).unwrap_or_else(|| self.lang.clone());
                }
                Some("base") if base.is_none() => {
                    base = attribute("href").and_then(|href| url.join(href.trim()).ok());
                    base = base.filter(|base| matches!(base.scheme(), "http" | "https"));
                }
                Some("title") if self.title.is_empty() => self.title = tree.content(node, 500),
                Some("link") if canonical.is_none() && has("rel", "canonical") => canonical = attribute("href"),
                Some("meta") if has("name", "robots") || has("name", robots::TOKEN) => {
                    self.noindex |= attribute("content").is_some_and(asks_for_noindex);
                }
                _ => {}
            }
        }
        let base = base.unwrap_or_else(|| url.clone());
        let canonical = canonical.and_then(|href| base.join(href.trim()).ok());
        self.canonical =
            canonical.filter(|canonical| matches!(canonical.scheme(), "http" | "https")).map(|mut canonical| {
                canonical.set_fragment(None);
                canonical
            });
        base
    }

    /// The types of what the page marks up, where none of it is a Leistung. What every page carries for search engines
    /// and networks is passed over.
    fn not_understood(&self) -> Option<String> {
        let types = self.graph.items().iter().flat_map(|item| &item.types);
        let ours = types.filter(|of| of.contains("Service") || of.contains("GovernmentPermit") || of.contains("cpsv"));
        let mut names: Vec<&str> = ours.map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// The syntaxes in which the page says anything, in a fixed order.
    pub fn syntaxes(&self) -> Vec<Syntax> {
        let all = [Syntax::Rdfa, Syntax::Microdata, Syntax::JsonLd];
        all.into_iter().filter(|syntax| self.graph.items().iter().any(|item| item.syntax == *syntax)).collect()
    }
}

fn asks_for_noindex(content: &str) -> bool {
    content.split(',').any(|word| ["noindex", "none"].into_iter().any(|no| word.trim().eq_ignore_ascii_case(no)))
}

/// A value of `X-Robots-Tag` without the robot that it is for; what is for another robot is nothing to us.
fn agent_off(tag: &str) -> &str {
    match tag.split_once(':') {
        Some((agent, rest)) if agent.trim().eq_ignore_ascii_case(robots::TOKEN) => rest,
        // `unavailable_after: …` is a rule with a value and no robot.
        Some((agent, _)) if !agent.contains(',') && !agent.trim().eq_ignore_ascii_case("unavailable_after") => "",
        _ => tag,
    }
}

#[cfg(test)]
mod tests;

//! The part of a page's head that search engines read.

use super::right::{Right, both};
use super::sprache::{Hier, Sprache};
use crate::structured::Graph;

/// What search engines are told of a page beside its address.
#[derive(Debug, Clone, Default)]
pub struct Kopf {
    /// The text below its title in their results.
    pub description: Option<String>,
    /// What they may not do with it.
    pub robots: Option<&'static str>,
    /// The same page in other languages, as `hreflang` and address.
    pub alternates: Vec<(&'static str, String)>,
    /// What it says, for programs; escaped.
    pub json_ld: Option<String>,
}

impl Kopf {
    /// Of a page without an address to list: nobody should list it.
    pub fn hidden() -> Self {
        Self { robots: Some("noindex"), ..Self::default() }
    }

    /// Of a page of ours that is there in every language, at this address.
    pub fn of_own(canonical: &str, hier: &Hier) -> Self {
        let path = hier.path.split('?').next().unwrap_or_default();
        let base = canonical.strip_suffix(&hier.sprache.path(path));
        let alternates = match base.filter(|_| hier.sprache != Sprache::Leicht) {
            Some(base) => {
                let [german, english] =
                    [Sprache::Deutsch, Sprache::Englisch].map(|sprache| format!("{base}{}", sprache.path(path)));
                both(german, english)
            }
            None => Vec::new(),
        };
        Self { alternates, ..Self::default() }
    }

    /// Of a page that stands among others as `right` says.
    pub fn of(right: &Right, description: Option<String>, graph: Option<&Graph>) -> Self {
        Self { description, robots: None, alternates: right.alternates.clone(), json_ld: graph.map(Graph::in_page) }
    }
}

//! Our profile: which items of a page are Leistungen, and what their properties mean.
//!
//! A Leistung is an item of type `GovernmentService` of schema.org. What schema.org has no word for, the texts of the
//! German modules above all, has one in our own vocabulary ([`VOCABULARY`]). The page `/profil` says the same to those
//! who write pages; its examples are read by tests through this file.

mod stelle;

use std::collections::HashSet;

use url::Url;

use super::graph::{Graph, Item, Syntax, Value};
use crate::beschreibung::{Baustein, Dienst, Leistungsbeschreibung, Modul, Texte, Werte};
use crate::finding::{Finding, Rule};

/// The words that schema.org does not have: this and the name of a text module, `kosten` for example.
pub const VOCABULARY: &str = "https://portalverbund.nrw/profil#";

/// The scheme of a Leistungsschluessel that is given as `PropertyValue`.
pub const KEY_SCHEME: &str = "urn:de:fim:leika:leistung";

/// The address of an area by DCAT-AP.de ends with its Amtlicher Regionalschluessel.
pub const AREA_SCHEME: &str = "http://dcat-ap.de/def/politicalGeocoding/regionalKey/";

/// The same Leistung in each syntax, as whole pages.
pub const EXAMPLES: [(Syntax, &str); 3] = [
    (Syntax::Rdfa, include_str!("examples/rdfa.html")),
    (Syntax::Microdata, include_str!("examples/microdata.html")),
    (Syntax::JsonLd, include_str!("examples/jsonld.html")),
];

/// Descriptions of one page; a page that lists more has a page for each.
pub const MAX_DESCRIPTIONS: usize = 200;

/// Values of one property that are used.
const MAX_VALUES: usize = 50;

/// Bytes of an address that serves as an id.
const MAX_ID: usize = 512;

/// Properties of schema.org that are read.
const READ: [&str; 13] = [
    "alternateName",
    "areaServed",
    "availableChannel",
    "dateModified",
    "description",
    "disambiguatingDescription",
    "feesAndCommissionsSpecification",
    "identifier",
    "jurisdiction",
    "keywords",
    "name",
    "provider",
    "serviceOperator",
];

/// Properties of schema.org that are right there and tell us nothing.
const KNOWN: [&str; 19] = [
    "additionalType",
    "audience",
    "category",
    "image",
    "inLanguage",
    "isRelatedTo",
    "isSimilarTo",
    "logo",
    "mainEntityOfPage",
    "offers",
    "potentialAction",
    "produces",
    "sameAs",
    "serviceOutput",
    "serviceType",
    "slogan",
    "subjectOf",
    "termsOfService",
    "url",
];

/// What one page describes.
#[derive(Debug, Default)]
pub struct Described {
    /// Its Leistungen.
    pub descriptions: Vec<Leistungsbeschreibung>,
    /// What is wrong with them.
    pub findings: Vec<Finding>,
}

/// Reads the Leistungen out of the items of the page `url`, whose language is `lang`.
pub(super) fn read(graph: &Graph, url: &Url, lang: &str) -> Described {
    let mut reading = Reading { graph, url, lang, findings: Vec::new() };
    let mut descriptions: Vec<Leistungsbeschreibung> = Vec::new();
    let mut known = HashSet::new();
    for item in graph.items().iter().filter(|item| is_leistung(item)) {
        if descriptions.len() >= MAX_DESCRIPTIONS {
            reading.find(Rule::WebLimit, Some(&format!("mehr als {MAX_DESCRIPTIONS} Leistungen")));
            break;
        }
        let description = reading.leistung(item);
        if description.bezeichnung.is_empty() && description.leistungsschluessel.is_empty() {
            reading.find(Rule::DescriptionNameless, None);
        } else if known.insert(description.own_id()) {
            descriptions.push(description);
        } else if !descriptions.contains(&description) {
            // Said in two syntaxes and not alike, for example; what was said first holds.
            reading.find(Rule::WebTwice, description.bezeichnung.first());
        }
    }
    if graph.is_full() {
        reading.find(Rule::WebLimit, Some("zu viele Angaben"));
    }
    Described { descriptions, findings: reading.findings }
}

/// True for an item that the profile takes for a Leistung.
fn is_leistung(item: &Item) -> bool {
    item.is("GovernmentService") || item.types.iter().any(|of| of.strip_prefix(VOCABULARY) == Some("Leistung"))
}

struct Reading<'a> {
    graph: &'a Graph,
    url: &'a Url,
    lang: &'a str,
    findings: Vec<Finding>,
}

impl<'a> Reading<'a> {
    fn find(&mut self, rule: Rule, value: Option<&str>) {
        let finding = Finding::new(rule).file(self.url.as_str());
        self.findings.push(match value {
            Some(value) => finding.value(value),
            None => finding,
        });
    }

    fn leistung(&mut self, item: &'a Item) -> Leistungsbeschreibung {
        let keys = self.keys(item);
        let name = self.texts(item.values("name"));
        let shown = name.first().unwrap_or("ohne Namen").to_owned();
        match keys.0.len() {
            0 => self.find(Rule::WebKeyMissing, Some(&shown)),
            1 => {}
            _ => self.find(Rule::WebKeysSeveral, Some(&keys.0.join(", "))),
        }
        let mut areas = self.areas(item.values("areaServed"));
        if areas.is_empty() {
            areas = self.areas(item.values("jurisdiction"));
        }
        if areas.is_empty() {
            self.find(Rule::WebAreaMissing, Some(&shown));
        }
        for (property, _) in &item.properties {
            let known = match (property.strip_prefix(super::graph::SCHEMA), property.strip_prefix(VOCABULARY)) {
                (Some(term), _) => READ.contains(&term) || KNOWN.contains(&term),
                (None, Some(term)) => term == "leistungsschluessel" || modul(term).is_some(),
                // Words of others mean nothing here, and need not.
                (None, None) => property.contains(':'),
            };
            if !known {
                self.find(Rule::WebPropertyUnknown, Some(property));
            }
        }
        let mut words = self.texts(item.values("alternateName"));
        for keyword in self.texts(item.values("keywords")).0 {
            let parts = keyword.text.split(',').map(str::trim).filter(|part| !part.is_empty());
            words.0.extend(
                parts.map(|part| crate::xzufi::Localized { lang: keyword.lang.clone(), text: part.to_owned() }),
            );
        }
        let stellen = self.stellen(item);
        if stellen.is_empty() {
            self.find(Rule::WebOfficeMissing, Some(&shown));
        }
        Leistungsbeschreibung {
            id: own_id(item),
            ergaenzt: None,
            leistungsschluessel: keys,
            onlinedienste: self.dienste(item, &name),
            bezeichnung: name,
            stichwoerter: words,
            gebiete: areas,
            texte: self.bausteine(item),
            stellen,
            url: Some(self.url.to_string()),
            geaendert: item.values("dateModified").first().map(|value| value.as_str().to_owned()),
        }
    }

    /// The Leistungsschluessel as sent: a `PropertyValue` of their scheme, a value that begins with the scheme, or 14
    /// digits. Other identifiers mean other things.
    fn keys(&self, item: &Item) -> Werte {
        let own = item.of(|name| name.strip_prefix(VOCABULARY) == Some("leistungsschluessel"));
        let mut keys: Vec<String> = own.iter().map(|value| value.as_str().trim().to_owned()).collect();
        for value in item.values("identifier").iter().take(MAX_VALUES) {
            match self.graph.get(value) {
                Some(pair) => {
                    let scheme = pair.values("propertyID").first().map(Value::as_str).unwrap_or_default();
                    let values = pair.values("value").iter().map(|value| value.as_str().trim());
                    let ours = scheme.eq_ignore_ascii_case(KEY_SCHEME);
                    keys.extend(values.filter(|text| ours || is_key(text)).map(str::to_owned));
                }
                None => {
                    let text = value.as_str().trim();
                    let named = text.strip_prefix(KEY_SCHEME).map(|rest| rest.trim_start_matches([':', '/', '#']));
                    keys.extend(named.or_else(|| is_key(text).then_some(text)).map(str::to_owned));
                }
            }
        }
        let mut seen = HashSet::new();
        keys.into_iter().filter(|key| !key.is_empty() && seen.insert(key.clone())).collect()
    }

    /// Amtliche Regionalschluessel as sent: digits, the address of an area, or an area with an identifier.
    fn areas(&self, values: &[Value]) -> Werte {
        let mut areas = Vec::new();
        for value in values.iter().take(MAX_VALUES) {
            let area = self.graph.get(value);
            let mut found: Vec<&str> = Vec::new();
            for identifier in area.map_or(&[][..], |area| area.values("identifier")) {
                match self.graph.get(identifier) {
                    Some(pair) => found.extend(pair.values("value").iter().map(Value::as_str)),
                    None => found.push(identifier.as_str()),
                }
            }
            if found.is_empty() {
                match area {
                    // An area that has but a name is none that we could look up.
                    Some(area) => found.extend(regional_key(&area.id)),
                    None => found.push(value.as_str()),
                }
            }
            areas.extend(found.into_iter().map(|text| regional_key(text).unwrap_or(text).trim().to_owned()));
        }
        let mut seen = HashSet::new();
        areas.into_iter().filter(|area| !area.is_empty() && seen.insert(area.clone())).collect()
    }

    fn bausteine(&self, item: &Item) -> Vec<Baustein> {
        let schema = [
            ("disambiguatingDescription", Modul::Teaser),
            ("description", Modul::Kurztext),
            ("feesAndCommissionsSpecification", Modul::Kosten),
        ];
        let schema = schema.into_iter().map(|(name, modul)| (modul, item.values(name)));
        let own = Modul::ALL.into_iter().map(|modul| {
            let term = term(modul);
            (modul, item.of(|name| name.strip_prefix(VOCABULARY) == Some(&term)))
        });
        let mut bausteine: Vec<Baustein> = Vec::new();
        for (modul, values) in schema.chain(own) {
            let inhalt = self.html(item, values);
            if inhalt.is_empty() {
                continue;
            }
            match bausteine.iter_mut().find(|baustein| baustein.modul == modul) {
                Some(known) => known.inhalt.0.extend(inhalt.0),
                None => bausteine.push(Baustein::new(modul, inhalt)),
            }
        }
        bausteine.sort_by_key(|baustein| Modul::ALL.iter().position(|modul| *modul == baustein.modul));
        bausteine
    }

    /// Where it can be done online: `ServiceChannel`s with an address, or addresses.
    fn dienste(&self, item: &Item, name: &Texte) -> Vec<Dienst> {
        let mut dienste: Vec<Dienst> = Vec::new();
        for value in item.values("availableChannel").iter().take(MAX_VALUES) {
            let channel = self.graph.get(value);
            let urls: Werte = match channel {
                Some(channel) => channel.values("serviceUrl").iter().map(|url| self.address(url)).collect(),
                None => std::iter::once(self.address(value)).collect(),
            };
            if urls.is_empty() || dienste.iter().any(|known| known.url == urls) {
                continue;
            }
            let own = channel.map(|channel| self.texts(channel.values("name"))).filter(|own| !own.is_empty());
            dienste.push(Dienst {
                id: channel.and_then(own_id),
                bezeichnung: own.unwrap_or_else(|| name.clone()),
                url: urls,
                beschreibung: channel
                    .map(|channel| self.html(channel, channel.values("description")))
                    .unwrap_or_default(),
                ..Dienst::default()
            });
        }
        dienste
    }

    /// Texts with their languages; the language of the page where none is given.
    fn texts(&self, values: &[Value]) -> Texte {
        self.each(values, |text| text.replace('\n', " "))
    }

    /// The same for texts that are HTML: signs that HTML would read are written as references, and line breaks as such.
    /// In JSON-LD a text may be HTML itself.
    fn html(&self, item: &Item, values: &[Value]) -> Texte {
        self.each(values, |text| {
            if item.syntax == Syntax::JsonLd && looks_like_html(text) {
                return text.to_owned();
            }
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>")
        })
    }

    fn each(&self, values: &[Value], make: impl Fn(&str) -> String) -> Texte {
        let mut texte = Texte::default();
        for value in values.iter().take(MAX_VALUES) {
            let lang = match value {
                Value::Text { lang: Some(lang), .. } => lang,
                _ => self.lang,
            };
            let text = value.as_str().trim();
            if !text.is_empty() && self.graph.get(value).is_none() {
                texte.push(lang.split('-').next().unwrap_or("de"), make(text));
            }
        }
        texte
    }

    /// A value as an address, resolved against the page.
    fn address(&self, value: &Value) -> String {
        let text = value.as_str().trim();
        self.url.join(text).map_or_else(|_| text.to_owned(), String::from)
    }
}

/// What a text module is called in our vocabulary: as in a line of NDJSON.
pub fn term(modul: Modul) -> String {
    match serde_json::to_value(modul) {
        Ok(serde_json::Value::String(name)) => name,
        _ => unreachable!("a module is written as its name"),
    }
}

fn modul(term: &str) -> Option<Modul> {
    serde_json::from_value(serde_json::Value::from(term)).ok()
}

/// The id of an item that has an address of its own.
fn own_id(item: &Item) -> Option<String> {
    (!item.is_blank() && item.id.len() <= MAX_ID).then(|| item.id.clone())
}

fn is_key(text: &str) -> bool {
    text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn regional_key(text: &str) -> Option<&str> {
    let text = text.trim();
    let rest = text
        .strip_prefix(AREA_SCHEME)
        .or_else(|| text.strip_prefix("https://dcat-ap.de/def/politicalGeocoding/regionalKey/"))?;
    Some(rest.trim_end_matches('/'))
}

/// True when a text holds something like a tag.
fn looks_like_html(text: &str) -> bool {
    let behind = text.split('<').skip(1);
    behind.into_iter().any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') && rest.contains('>'))
}

#[cfg(test)]
mod tests;

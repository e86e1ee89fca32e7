//! The fields of the index.
//!
//! Two sorts of documents: one per Leistung and portal, which says where it is valid and offered and what a hit shows,
//! and one per *concept*, which holds the words. A concept is a Leistung whoever describes it: what 400 towns write under
//! one Leistungsschluessel is one thing to look for, and a town without a text is found by the words of the others.

use serde::{Deserialize, Serialize};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};

use super::german::{ENGLISH, GERMAN};
use crate::record::{Lang, Texts};

/// Changes when the fields, the analysis or the tables of `connectors::leika` change: an index of another version is made
/// anew.
pub(crate) const VERSION: &str = "5";

/// The fields of both sorts of documents.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub schema: Schema,
    /// Of a description, `portal agency_id`: what a change replaces.
    pub key: Field,
    /// Of a description, what a hit shows, as JSON.
    pub shown: Field,
    /// Of a description, its keys, as digits.
    pub schluessel: Field,
    /// Where it is valid, as numbers: how local the description is.
    pub valid: Field,
    /// Where it is offered, as numbers.
    pub offered: Field,
    /// Where an Onlinedienst offers it, as numbers.
    pub online: Field,
    /// A hash of the agency that describes it.
    pub agency: Field,
    /// 1 for a description with a text.
    pub has_text: Field,
    /// A number of its own that every build of the index gives it again, for an order that does not depend on growth.
    pub tie: Field,
    /// Of both sorts: what stands for one Leistung whoever describes it: the first key, else a hash of the id.
    pub group: Field,
    /// Of a concept, its group as digits: what a change replaces.
    pub concept: Field,
    /// Of a concept, its names and keywords, as JSON.
    pub names: Field,
    /// Of a concept, by language: title, keywords, names of the catalogues, other texts.
    pub texts: [(Lang, TextFields); 2],
}

/// The text fields of one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextFields {
    pub title: Field,
    pub keywords: Field,
    /// What LeiKa and OZG call it; empty but for German.
    pub leika: Field,
    pub body: Field,
}

impl TextFields {
    /// All of them, in the order of the fields of a match.
    pub(crate) fn all(self) -> [Field; 4] {
        [self.title, self.keywords, self.leika, self.body]
    }
}

/// What a hit shows; kept with the document so that a page of hits needs no record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub portal: connectors::ids::PortalId,
    pub id: connectors::ids::Identifikator,
    pub schluessel: Vec<connectors::ids::Leistungsschluessel>,
    pub title: Texts,
    pub kurztext: Texts,
    /// German keywords: what tells the Leistungen apart that one portal describes under one key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    pub changed: Option<jiff::Timestamp>,
}

/// The names of a concept, for weighing how much of a name a question says, and for its meaning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Names {
    /// German titles and administrative names, the usual ones first.
    pub titles: Vec<String>,
    /// German keywords.
    pub keywords: Vec<String>,
    /// What LeiKa and OZG call it, by its keys.
    pub leika: Vec<String>,
    /// Codes of the Lebenslagen that it stands under, by its keys.
    pub lebenslagen: Vec<String>,
    /// The beginning of the leading text, without markup.
    pub text: String,
    /// Codes of Leistungsadressat.
    pub adressat: Vec<String>,
}

impl Fields {
    pub(crate) fn new() -> Self {
        let mut builder = Schema::builder();
        let key = builder.add_text_field("key", STRING);
        let shown = builder.add_text_field("shown", STORED);
        let schluessel = builder.add_text_field("schluessel", STRING);
        let valid = builder.add_u64_field("valid", FAST);
        let offered = builder.add_u64_field("offered", FAST);
        let online = builder.add_u64_field("online", FAST);
        let agency = builder.add_u64_field("agency", FAST);
        let has_text = builder.add_u64_field("has_text", FAST);
        let tie = builder.add_u64_field("tie", FAST);
        let group = builder.add_u64_field("group", FAST | INDEXED);
        let concept = builder.add_text_field("concept", STRING);
        let names = builder.add_text_field("names", STORED);
        let texts = [(Lang::DE, GERMAN), (Lang::EN, ENGLISH)].map(|(lang, analysis)| {
            let mut text = |name: &str| {
                let indexing =
                    TextFieldIndexing::default().set_tokenizer(analysis).set_index_option(IndexRecordOption::WithFreqs);
                builder.add_text_field(&format!("{name}_{lang}"), TextOptions::default().set_indexing_options(indexing))
            };
            (
                lang,
                TextFields {
                    title: text("title"),
                    keywords: text("keywords"),
                    leika: text("leika"),
                    body: text("body"),
                },
            )
        });
        let schema = builder.build();
        Self {
            schema,
            key,
            shown,
            schluessel,
            valid,
            offered,
            online,
            agency,
            has_text,
            tie,
            group,
            concept,
            names,
            texts,
        }
    }
}

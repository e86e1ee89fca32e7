//! The fields of the index.

use serde::{Deserialize, Serialize};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};

use super::german::{ENGLISH, GERMAN};
use crate::record::{Lang, Texts};

/// Changes when the fields or the analysis change: an index of another version is made anew.
pub(crate) const VERSION: &str = "2";

/// One document per Leistung and portal.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub schema: Schema,
    /// `portal agency_id`: what a change replaces.
    pub key: Field,
    /// What a hit shows, as JSON.
    pub shown: Field,
    /// The keys, as digits: the key typed as the question.
    pub schluessel: Field,
    /// The areas in which it is valid or offered, as ARS.
    pub gebiet: Field,
    /// Where it is valid, as numbers: how local the description is.
    pub valid: Field,
    /// Where it is offered, as numbers.
    pub offered: Field,
    /// A number of its own that every build of the index gives it again, for an order that does not depend on growth.
    pub tie: Field,
    /// What stands for one Leistung whoever describes it: the first key, else a hash of the id.
    pub group: Field,
    /// By language: title, keywords, short text, other texts.
    pub texts: [(Lang, TextFields); 2],
}

/// The text fields of one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextFields {
    pub title: Field,
    pub keywords: Field,
    pub short: Field,
    pub body: Field,
}

/// What a hit shows; kept with the document so that a page of hits needs no record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub portal: connectors::ids::PortalId,
    pub id: connectors::ids::Identifikator,
    pub schluessel: Vec<connectors::ids::Leistungsschluessel>,
    pub title: Texts,
    pub kurztext: Texts,
    pub changed: Option<jiff::Timestamp>,
}

impl Fields {
    pub(crate) fn new() -> Self {
        let mut builder = Schema::builder();
        let key = builder.add_text_field("key", STRING);
        let shown = builder.add_text_field("shown", STORED);
        let schluessel = builder.add_text_field("schluessel", STRING);
        let gebiet = builder.add_text_field("gebiet", STRING);
        let valid = builder.add_u64_field("valid", FAST);
        let offered = builder.add_u64_field("offered", FAST);
        let tie = builder.add_u64_field("tie", FAST);
        let group = builder.add_u64_field("group", FAST | INDEXED);
        let texts = [(Lang::DE, GERMAN), (Lang::EN, ENGLISH)].map(|(lang, analysis)| {
            let mut text = |name: &str| {
                let indexing =
                    TextFieldIndexing::default().set_tokenizer(analysis).set_index_option(IndexRecordOption::WithFreqs);
                builder.add_text_field(&format!("{name}_{lang}"), TextOptions::default().set_indexing_options(indexing))
            };
            let fields = TextFields {
                title: text("title"),
                keywords: text("keywords"),
                short: text("short"),
                body: text("body"),
            };
            (lang, fields)
        });
        Self { schema: builder.build(), key, shown, schluessel, gebiet, valid, offered, tie, group, texts }
    }
}

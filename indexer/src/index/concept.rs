//! Concepts: what several portals say of one Leistung, as one document of words.
//!
//! Titles and keywords of all descriptions stand side by side; the text is the leading one's, the most widely valid that
//! has one. So a town that delivers a bare title is found by the words of the Stammtext, and every keyword that some
//! editor thought of helps all. LeiKa and OZG add what they call its keys. A concept is made anew whenever one of its
//! descriptions changes.

use std::collections::BTreeSet;

use connectors::ids::{Identifikator, Leistungsschluessel};
use connectors::leika::Leika;
use tantivy::{TantivyDocument, Term};
use xxhash_rust::xxh3::xxh3_64;

use super::schema::{Fields, Names};
use super::{Generation, IndexError, IndexWriter};
use crate::normalise::plain;
use crate::record::{Lang, Leistung, ModulArt, Object};
use crate::store::{Store, Stored};

/// What stands for one Leistung whoever describes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// Its first key, as a number.
    Schluessel(u64),
    /// Its id, where it has no key.
    Id(Identifikator),
}

impl Group {
    pub(super) fn of(leistung: &Leistung, id: &Identifikator) -> Self {
        Self::by(leistung.schluessel.first(), id)
    }

    pub(super) fn by(key: Option<&Leistungsschluessel>, id: &Identifikator) -> Self {
        key.map_or_else(|| Self::Id(id.clone()), |key| Self::Schluessel(key.number()))
    }

    /// The number of the group in the index.
    pub(super) fn number(&self) -> u64 {
        match self {
            Self::Schluessel(key) => *key,
            // Keys have 14 digits; what a hash adds above them meets none.
            Self::Id(id) => xxh3_64(id.to_string().as_bytes()) | 1 << 63,
        }
    }
}

/// How many keys are asked for at once: each may bring the text of every town.
const KEYS: usize = 4;
/// How many names and keywords a concept keeps.
const MAX_TITLES: usize = 12;
const MAX_KEYWORDS: usize = 80;
/// How many names of the catalogues it keeps: a Leistung may have many keys.
const MAX_LEIKA: usize = 24;
/// How much of the leading text is indexed, in bytes.
const MAX_BODY: usize = 60_000;
/// How much of it its meaning is taken from, in letters.
const MEANING_LETTERS: usize = 300;

/// Makes the concepts of these groups anew.
pub(super) async fn refresh(
    generation: &Generation,
    writer: &mut IndexWriter,
    store: &Store,
    groups: &BTreeSet<Group>,
) -> Result<(), IndexError> {
    let keys: Vec<u64> =
        groups.iter().filter_map(|group| if let Group::Schluessel(key) = group { Some(*key) } else { None }).collect();
    for keys in keys.chunks(KEYS) {
        let mut members = store.members(keys).await?;
        for key in keys {
            let group = Group::Schluessel(*key);
            let (own, others) = members.into_iter().partition(|stored| group_of(stored).as_ref() == Some(&group));
            members = others;
            replace(&generation.fields, writer, &group, own)?;
        }
    }
    for group in groups {
        let Group::Id(id) = group else { continue };
        let members = store.records(crate::record::Kind::Leistung, id).await?;
        let own = members.into_iter().filter(|stored| group_of(stored).as_ref() == Some(group)).collect();
        replace(&generation.fields, writer, group, own)?;
    }
    Ok(())
}

fn group_of(stored: &Stored) -> Option<Group> {
    match &stored.object {
        Object::Leistung(leistung) => Some(Group::of(leistung, &stored.id)),
        _ => None,
    }
}

fn replace(fields: &Fields, writer: &mut IndexWriter, group: &Group, members: Vec<Stored>) -> Result<(), IndexError> {
    let name = group.number().to_string();
    writer.delete_term(Term::from_field_text(fields.concept, &name));
    if let Some(document) = document(fields, group, members) {
        writer.add_document(document)?;
    }
    Ok(())
}

/// The words of a concept; none without a description.
fn document(fields: &Fields, group: &Group, members: Vec<Stored>) -> Option<TantivyDocument> {
    let mut leistungen: Vec<(Vec<u8>, Box<Leistung>)> = members
        .into_iter()
        .filter_map(|stored| match stored.object {
            // The order is that of the portals and ids, so that every build gives the same words.
            Object::Leistung(leistung) => Some((format!("{} {}", stored.portal, stored.id).into_bytes(), leistung)),
            _ => None,
        })
        .collect();
    leistungen.sort_by(|a, b| a.0.cmp(&b.0));
    leistungen.dedup_by(|a, b| a.0 == b.0);
    let lead = leistungen.iter().min_by_key(|(_, leistung)| {
        let widest = leistung.gebiete.iter().map(connectors::gebiet::Ars::number).min().unwrap_or(u64::MAX);
        (text_of(leistung, Lang::DE).is_empty(), widest)
    })?;
    let lead = &lead.1;
    let keys: BTreeSet<Leistungsschluessel> =
        leistungen.iter().flat_map(|(_, one)| one.schluessel.iter().copied()).collect();
    let mut document = TantivyDocument::new();
    document.add_text(fields.concept, group.number().to_string());
    document.add_u64(fields.group, group.number());
    let mut names = Names { adressat: lead.adressat.clone(), ..Names::default() };
    for (lang, text) in &fields.texts {
        let titles = leistungen.iter().flat_map(|(_, one)| [one.title.get(lang), one.bezeichnung.get(lang)]);
        let titles = usual(titles.flatten(), MAX_TITLES);
        let keywords =
            usual(leistungen.iter().flat_map(|(_, one)| one.keywords.get(lang).into_iter().flatten()), MAX_KEYWORDS);
        titles.iter().for_each(|title| document.add_text(text.title, title));
        keywords.iter().for_each(|keyword| document.add_text(text.keywords, keyword));
        let mut body = text_of(lead, *lang);
        if body.len() > MAX_BODY {
            body.truncate(body.char_indices().map(|(at, _)| at).take_while(|at| *at <= MAX_BODY).last().unwrap_or(0));
        }
        document.add_text(text.body, &body);
        if *lang == Lang::DE {
            names.leika = names_of(&keys);
            names.leika.iter().for_each(|name| document.add_text(text.leika, name));
            names.lebenslagen = lebenslagen(&keys);
            names.titles = titles;
            names.keywords = keywords;
            names.text = body.chars().take(MEANING_LETTERS).collect();
        }
    }
    document.add_text(fields.names, serde_json::to_string(&names).expect("plain values"));
    Some(document)
}

/// What LeiKa and OZG call these keys, those of the LeiKa first, for a name of it says more; each once.
fn names_of(keys: &BTreeSet<Leistungsschluessel>) -> Vec<String> {
    let entries = || keys.iter().flat_map(|key| Leika::built_in().of(*key));
    let ozg = entries().filter_map(|entry| Some(entry.ozg?.name));
    let mut seen = BTreeSet::new();
    let names = entries().map(|entry| entry.name).chain(ozg).filter(|name| seen.insert(*name));
    names.take(MAX_LEIKA).map(str::to_owned).collect()
}

/// The codes of the Lebenslagen of these keys.
fn lebenslagen(keys: &BTreeSet<Leistungsschluessel>) -> Vec<String> {
    let entries = keys.iter().flat_map(|key| Leika::built_in().of(*key));
    let codes: BTreeSet<&str> = entries.filter_map(|entry| Some(entry.ozg?.lebenslage)).collect();
    codes.into_iter().map(str::to_owned).collect()
}

/// The texts of a Leistung for citizens, short text first, without markup.
pub(super) fn text_of(leistung: &Leistung, lang: Lang) -> String {
    let short = |art: &ModulArt| matches!(art, ModulArt::Text(code) if code == "05" || code == "24");
    let (first, then): (Vec<_>, Vec<_>) = leistung
        .modules
        .iter()
        .filter(|modul| modul.art != ModulArt::Auskunftshinweis)
        .partition(|modul| short(&modul.art));
    let texts = first.into_iter().chain(then).filter_map(|modul| modul.text.get(&lang));
    texts.map(|html| plain(html.as_str())).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" \u{2022} ")
}

/// The distinct texts, the most frequent first, then in the order they came; at most `limit`.
fn usual<'t>(texts: impl Iterator<Item = &'t String>, limit: usize) -> Vec<String> {
    let mut counted: Vec<(usize, usize, &str)> = Vec::new();
    let mut known: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for text in texts {
        let at = *known.entry(text.to_lowercase()).or_insert_with(|| {
            counted.push((0, counted.len(), text));
            counted.len() - 1
        });
        counted[at].0 += 1;
    }
    counted.sort_by_key(|(count, at, _)| (std::cmp::Reverse(*count), *at));
    counted.into_iter().take(limit).map(|(_, _, text)| text.to_owned()).collect()
}

//! The words of all concepts in memory: what the index holds, laid out for weighing one question against everything.
//!
//! A state of 18 million has some thousand concepts and hundreds of thousands of descriptions of them. So the words are
//! weighed per concept, in arrays, and only for the few that are shown is the nearest description looked for. Made anew
//! with every commit of the index; nothing in it is kept elsewhere.

use std::collections::{BTreeSet, HashMap};

use tantivy::postings::Postings as _;
use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{DocAddress, DocSet, Searcher, TERMINATED, TantivyDocument};

use super::german::{Compounds, PART, Stems};
use super::grams::Grams;
use super::rarity::Rarity;
use super::schema::{Fields, Names, Shown};
use crate::record::Lang;
use crate::words::content;

/// A place among the concepts.
pub(crate) type ConceptNo = u32;
/// A place among the terms.
pub(crate) type TermNo = u32;

/// Where a term stands in a field, and what it counts there.
type List = Box<[(ConceptNo, f32)]>;

/// The fields of a match: titles, keywords, names of the catalogues, other texts.
pub(crate) const FIELDS: usize = 4;
/// Stands before the terms of English texts.
pub(crate) const ENGLISH: &str = "en:";

/// One term of a name, with the parts of the compound.
#[derive(Debug)]
pub(crate) struct NameTerm {
    pub term: TermNo,
    pub parts: Box<[TermNo]>,
}

/// A title or a keyword.
#[derive(Debug)]
pub(crate) struct Name {
    pub text: Box<str>,
    /// How long it is, in letters.
    pub letters: usize,
    pub terms: Box<[NameTerm]>,
}

/// One Leistung, whoever describes it.
#[derive(Debug)]
pub(crate) struct Concept {
    /// Its group in the index.
    pub group: u64,
    pub titles: Vec<Name>,
    pub keywords: Vec<Name>,
    /// What LeiKa and OZG call it.
    pub leika: Vec<Name>,
    pub has_text: bool,
    /// The beginning of its text.
    pub text: Box<str>,
    /// Codes of Leistungsadressat.
    pub adressat: Vec<String>,
    /// Codes of the Lebenslagen that it stands under.
    pub lebenslagen: Vec<String>,
    descriptions: Vec<Description>,
}

/// One portal's description of a concept.
#[derive(Debug)]
struct Description {
    address: DocAddress,
    agency: u64,
    has_text: bool,
    tie: u64,
    valid: Box<[u64]>,
    offered: Box<[u64]>,
}

/// Terms, where they stand, and where the concepts are to be had.
pub(crate) struct Postings {
    /// The state of the index that this is of; addresses are good with it alone.
    searcher: Searcher,
    fields: Fields,
    pub concepts: Vec<Concept>,
    terms: HashMap<Box<str>, TermNo>,
    lists: Vec<[List; FIELDS]>,
    idf: Vec<f32>,
    by_group: HashMap<u64, ConceptNo>,
    by_area: HashMap<u64, Vec<ConceptNo>>,
    online: HashMap<u64, Vec<ConceptNo>>,
    /// Which are offered online in any area.
    online_anywhere: Vec<bool>,
    /// Grams of the first title, and of all names; weights are those of a unit vector.
    title_grams: Grams,
    name_grams: Grams,
    /// German words of names with their terms, and how often they occur.
    pub vocabulary: Vec<(Box<str>, TermNo, u32)>,
    descriptions: usize,
}

impl std::fmt::Debug for Postings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (concepts, terms) = (self.concepts.len(), self.terms.len());
        f.debug_struct("Postings").field("concepts", &concepts).field("terms", &terms).finish_non_exhaustive()
    }
}

impl Postings {
    /// Reads all there is.
    pub(crate) fn read(searcher: &Searcher, fields: &Fields, compounds: &Compounds) -> tantivy::Result<Self> {
        let mut reading = Reading { terms: HashMap::new(), lists: Vec::new() };
        let (mut concepts, mut by_group) = (Vec::new(), HashMap::new());
        let mut all_names = Vec::new();
        // By segment: which document is which concept.
        let mut documents: Vec<HashMap<u32, ConceptNo>> = Vec::new();
        for (ordinal, segment) in searcher.segment_readers().iter().enumerate() {
            let (group, agency) = (segment.fast_fields().u64("group")?, segment.fast_fields().u64("agency")?);
            let mut here = HashMap::new();
            for doc in segment.doc_ids_alive().filter(|doc| agency.first(*doc).is_none()) {
                let number = concepts.len() as ConceptNo;
                let document: TantivyDocument = searcher.doc(DocAddress::new(ordinal as u32, doc))?;
                let text = document.get_first(fields.names).and_then(|value| value.as_str()).unwrap_or_default();
                let names: Names = serde_json::from_str(text).unwrap_or_default();
                let group = group.first(doc).unwrap_or(0);
                by_group.insert(group, number);
                here.insert(doc, number);
                concepts.push(Concept {
                    group,
                    titles: Vec::new(),
                    keywords: Vec::new(),
                    leika: Vec::new(),
                    has_text: !names.text.is_empty(),
                    text: names.text.as_str().into(),
                    adressat: names.adressat.clone(),
                    lebenslagen: names.lebenslagen.clone(),
                    descriptions: Vec::new(),
                });
                all_names.push(names);
            }
            documents.push(here);
        }
        let (by_area, online, descriptions) = descriptions(searcher, &mut concepts, &by_group)?;
        for (lang, text) in &fields.texts {
            for (at, field) in text.all().into_iter().enumerate() {
                reading.field(searcher, field, at, if *lang == Lang::DE { "" } else { ENGLISH }, &documents)?;
            }
        }
        let mut online_anywhere = vec![false; concepts.len()];
        online.values().flatten().for_each(|at| online_anywhere[*at as usize] = true);
        let mut postings = Self {
            online_anywhere,
            searcher: searcher.clone(),
            fields: fields.clone(),
            idf: reading.idf(concepts.len()),
            terms: reading.terms,
            lists: reading.lists.into_iter().map(|lists| lists.map(|list| sorted(list).into_boxed_slice())).collect(),
            title_grams: Grams::of(all_names.iter().map(|names| names.titles.iter().take(1))),
            name_grams: Grams::of(
                all_names.iter().map(|names| names.titles.iter().chain(&names.keywords).chain(&names.leika)),
            ),
            concepts,
            by_group,
            by_area,
            online,
            vocabulary: Vec::new(),
            descriptions,
        };
        postings.name(&all_names, compounds);
        Ok(postings)
    }

    /// Takes titles, keywords and names of the catalogues apart, and learns the words they are made of.
    fn name(&mut self, all_names: &[Names], compounds: &Compounds) {
        let mut stems = Stems::german();
        let mut stemmed: HashMap<String, (TermNo, Box<[TermNo]>)> = HashMap::new();
        let mut spelled: HashMap<String, (TermNo, u32)> = HashMap::new();
        let mut concepts = std::mem::take(&mut self.concepts);
        for (concept, names) in concepts.iter_mut().zip(all_names) {
            let mut name = |text: &String| {
                let terms = content(text).into_iter().filter_map(|word| {
                    let (term, parts) = match stemmed.get(&word) {
                        Some(known) => known.clone(),
                        None => {
                            let term = self.term(&stems.of(&word))?;
                            let parts = compounds.split(&word);
                            let parts: Box<[TermNo]> = parts
                                .iter()
                                .filter_map(|part| self.term(&format!("{PART}{}", stems.of(part))))
                                .collect();
                            stemmed.insert(word.clone(), (term, parts.clone()));
                            (term, parts)
                        }
                    };
                    if word.chars().count() >= 3 && word.chars().all(char::is_alphabetic) {
                        spelled.entry(word).or_insert((term, 0)).1 += 1;
                    }
                    Some(NameTerm { term, parts })
                });
                Name { terms: terms.collect(), letters: text.chars().count(), text: text.as_str().into() }
            };
            concept.titles = names.titles.iter().map(&mut name).collect();
            concept.keywords = names.keywords.iter().map(&mut name).collect();
            concept.leika = names.leika.iter().map(&mut name).collect();
        }
        self.concepts = concepts;
        self.vocabulary =
            spelled.into_iter().map(|(word, (term, count))| (word.into_boxed_str(), term, count)).collect();
    }

    /// The terms by their numbers.
    pub(crate) fn terms_by_number(&self) -> HashMap<TermNo, &str> {
        self.terms.iter().map(|(text, number)| (*number, &**text)).collect()
    }

    /// The state of the index that this is of.
    pub(crate) fn searcher(&self) -> &Searcher {
        &self.searcher
    }

    /// Its fields.
    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// What a description shows.
    pub(crate) fn shown(&self, address: DocAddress) -> tantivy::Result<Shown> {
        super::shown(&self.searcher, &self.fields, address)
    }

    /// Every description's id, `agency_text`, with its concept.
    pub(crate) fn ids(&self) -> tantivy::Result<Vec<(ConceptNo, String)>> {
        let mut all = Vec::new();
        for (number, concept) in self.concepts.iter().enumerate() {
            for description in &concept.descriptions {
                all.push((number as ConceptNo, self.shown(description.address)?.id.to_string()));
            }
        }
        Ok(all)
    }

    /// The concept of a description.
    pub(crate) fn concept_of(&self, address: DocAddress) -> tantivy::Result<Option<ConceptNo>> {
        let segment = self.searcher.segment_reader(address.segment_ord);
        let group = segment.fast_fields().u64("group")?.first(address.doc_id);
        Ok(group.and_then(|group| self.by_group(group)))
    }

    /// The number of a term; none when no text holds it.
    pub(crate) fn term(&self, term: &str) -> Option<TermNo> {
        self.terms.get(term).copied()
    }

    /// Where a term stands in a field: concepts, rising, with what it counts there; 1 at most.
    pub(crate) fn list(&self, term: TermNo, field: usize) -> &[(ConceptNo, f32)] {
        &self.lists[term as usize][field]
    }

    /// How much a term says: the rarer, the more.
    pub(crate) fn idf(&self, term: TermNo) -> f32 {
        self.idf[term as usize]
    }

    /// How many terms there are.
    pub(crate) fn terms(&self) -> usize {
        self.lists.len()
    }

    /// How many descriptions there are of all concepts.
    pub(crate) fn descriptions(&self) -> usize {
        self.descriptions
    }

    /// The concept of a group.
    pub(crate) fn by_group(&self, group: u64) -> Option<ConceptNo> {
        self.by_group.get(&group).copied()
    }

    /// Marks the concepts that are valid or offered in one of `areas`; all of them where there are none.
    pub(crate) fn available(&self, areas: &[u64]) -> Vec<bool> {
        marked(self.concepts.len(), &self.by_area, areas)
    }

    /// True when a description names this very area, as where it is valid or offered.
    pub(crate) fn is_named(&self, area: u64) -> bool {
        self.by_area.contains_key(&area)
    }

    /// Marks the concepts that an Onlinedienst offers in one of `areas`; anywhere where there are none.
    pub(crate) fn online(&self, areas: &[u64]) -> Vec<bool> {
        if areas.is_empty() { self.online_anywhere.clone() } else { marked(self.concepts.len(), &self.online, areas) }
    }

    /// The description to show, first those that are as good: the most local of `areas`, by validity before offer;
    /// without areas one with a text, the most widely valid. `agencies` restricts whose.
    pub(crate) fn nearest(&self, concept: ConceptNo, areas: &[u64], agencies: Option<&[u64]>) -> Vec<DocAddress> {
        let at = |list: &[u64]| {
            let places = list.iter().filter_map(|area| areas.iter().position(|one| one == area));
            places.min().map_or(u64::MAX, |place| place as u64)
        };
        let rank = |one: &Description| {
            if areas.is_empty() {
                (u64::from(!one.has_text), one.valid.iter().copied().min().unwrap_or(u64::MAX), 0)
            } else {
                (at(&one.valid), at(&one.offered), u64::from(!one.has_text))
            }
        };
        let eligible = |one: &&Description| {
            let here = areas.is_empty() || at(&one.valid) < u64::MAX || at(&one.offered) < u64::MAX;
            here && agencies.is_none_or(|agencies| agencies.contains(&one.agency))
        };
        let all = &self.concepts[concept as usize].descriptions;
        let mut found: Vec<_> = all.iter().filter(eligible).map(|one| (rank(one), one.tie, one.address)).collect();
        found.sort_unstable();
        let Some(first) = found.first().map(|best| best.0) else { return Vec::new() };
        found.into_iter().take_while(|one| one.0 == first).map(|one| one.2).collect()
    }

    /// The areas in which a description of a concept is valid or offered.
    pub(crate) fn areas_of(&self, concept: ConceptNo) -> impl Iterator<Item = u64> {
        let all = self.concepts[concept as usize].descriptions.iter();
        all.flat_map(|one| one.valid.iter().chain(&one.offered).copied())
    }

    /// True where a description of a concept is valid in this very area.
    pub(crate) fn valid_in(&self, concept: ConceptNo, area: u64) -> bool {
        self.concepts[concept as usize].descriptions.iter().any(|one| one.valid.contains(&area))
    }

    /// How many descriptions an agency gives of a concept.
    pub(crate) fn described_times(&self, concept: ConceptNo, agency: u64) -> usize {
        self.concepts[concept as usize].descriptions.iter().filter(|one| one.agency == agency).count()
    }

    /// Marks the concepts that one of `agencies` describes.
    pub(crate) fn described_by(&self, agencies: &[u64]) -> Vec<bool> {
        let by = |concept: &Concept| concept.descriptions.iter().any(|one| agencies.contains(&one.agency));
        self.concepts.iter().map(by).collect()
    }

    /// How alike `text` is to the first title and to all names of each concept, by their grams: 0 to 1.
    pub(crate) fn alike(&self, text: &str) -> [Vec<f32>; 2] {
        [self.title_grams.alike(text, self.concepts.len()), self.name_grams.alike(text, self.concepts.len())]
    }
}

/// The words of a text, lower case.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

fn marked(count: usize, by_area: &HashMap<u64, Vec<ConceptNo>>, areas: &[u64]) -> Vec<bool> {
    let mut found = vec![areas.is_empty(); count];
    areas.iter().filter_map(|area| by_area.get(area)).flatten().for_each(|at| found[*at as usize] = true);
    found
}

fn sorted(mut list: Vec<(ConceptNo, f32)>) -> Vec<(ConceptNo, f32)> {
    list.sort_unstable_by_key(|(concept, _)| *concept);
    list
}

type ByArea = HashMap<u64, Vec<ConceptNo>>;

/// Gives each concept its descriptions; which concepts there are in each area, and which of them online.
fn descriptions(
    searcher: &Searcher,
    concepts: &mut [Concept],
    by_group: &HashMap<u64, ConceptNo>,
) -> tantivy::Result<(ByArea, ByArea, usize)> {
    let (mut by_area, mut by_online): (ByArea, ByArea) = (HashMap::new(), HashMap::new());
    let mut count = 0;
    for (ordinal, segment) in searcher.segment_readers().iter().enumerate() {
        let fast = segment.fast_fields();
        let columns = ["group", "agency", "valid", "offered", "online", "has_text", "tie"].map(|name| fast.u64(name));
        let [group, agency, valid, offered, online, has_text, tie] = columns;
        let (group, agency, valid, offered) = (group?, agency?, valid?, offered?);
        let (online, has_text, tie) = (online?, has_text?, tie?);
        for doc in segment.doc_ids_alive() {
            let Some(agency) = agency.first(doc) else { continue };
            count += 1;
            let Some(number) = group.first(doc).and_then(|group| by_group.get(&group)) else { continue };
            let description = Description {
                address: DocAddress::new(ordinal as u32, doc),
                agency,
                has_text: has_text.first(doc) == Some(1),
                tie: tie.first(doc).unwrap_or(0),
                valid: valid.values_for_doc(doc).collect(),
                offered: offered.values_for_doc(doc).collect(),
            };
            for area in description.valid.iter().chain(&description.offered) {
                by_area.entry(*area).or_default().push(*number);
            }
            online.values_for_doc(doc).for_each(|area| by_online.entry(area).or_default().push(*number));
            concepts[*number as usize].descriptions.push(description);
        }
    }
    for list in by_area.values_mut().chain(by_online.values_mut()) {
        list.sort_unstable();
        list.dedup();
        list.shrink_to_fit();
    }
    Ok((by_area, by_online, count))
}

/// Terms and their lists while they are read.
struct Reading {
    terms: HashMap<Box<str>, TermNo>,
    lists: Vec<[Vec<(ConceptNo, f32)>; FIELDS]>,
}

impl Reading {
    fn field(
        &mut self,
        searcher: &Searcher,
        field: tantivy::schema::Field,
        at: usize,
        prefix: &str,
        documents: &[HashMap<u32, ConceptNo>],
    ) -> tantivy::Result<()> {
        let (mut length, mut count) = (0u64, 0u64);
        for (segment, documents) in searcher.segment_readers().iter().zip(documents) {
            let norms = segment.get_fieldnorms_reader(field)?;
            length += documents.keys().map(|doc| u64::from(norms.fieldnorm(*doc))).sum::<u64>();
            count += documents.len() as u64;
        }
        let average = (length as f32 / count.max(1) as f32).max(1.0);
        for (segment, documents) in searcher.segment_readers().iter().zip(documents) {
            if documents.is_empty() {
                continue;
            }
            let norms = segment.get_fieldnorms_reader(field)?;
            let inverted = segment.inverted_index(field)?;
            let mut stream = inverted.terms().stream()?;
            while stream.advance() {
                let Ok(text) = std::str::from_utf8(stream.key()) else { continue };
                let name = format!("{prefix}{text}");
                let info = stream.value().clone();
                let mut postings = inverted.read_postings_from_terminfo(&info, IndexRecordOption::WithFreqs)?;
                let number = match self.terms.get(name.as_str()) {
                    Some(known) => *known,
                    None => {
                        self.lists.push(Default::default());
                        let number = (self.lists.len() - 1) as TermNo;
                        self.terms.insert(name.into_boxed_str(), number);
                        number
                    }
                };
                let list = &mut self.lists[number as usize][at];
                while postings.doc() != TERMINATED {
                    if let Some(concept) = documents.get(&postings.doc()) {
                        // In names a word counts once; in a text what is said often counts more, in a long one less.
                        let value = if at < FIELDS - 1 {
                            1.0
                        } else {
                            let (freq, length) = (postings.term_freq() as f32, norms.fieldnorm(postings.doc()) as f32);
                            freq / (freq + 0.6 + 0.9 * length / average)
                        };
                        list.push((*concept, value));
                    }
                    postings.advance();
                }
            }
        }
        Ok(())
    }

    /// How much each term says; a part says as much as the word of its own.
    fn idf(&self, concepts: usize) -> Vec<f32> {
        let mut idf = vec![0.0; self.lists.len()];
        let rarity = Rarity::among(concepts);
        let mut seen = BTreeSet::new();
        for (text, number) in &self.terms {
            let base = text.strip_prefix(PART).unwrap_or(text);
            let both = [self.terms.get(base), self.terms.get(format!("{PART}{base}").as_str())];
            seen.clear();
            for number in both.into_iter().flatten() {
                seen.extend(self.lists[*number as usize].iter().flatten().map(|(concept, _)| *concept));
            }
            idf[*number as usize] = rarity.of(base, seen.len());
        }
        idf
    }
}

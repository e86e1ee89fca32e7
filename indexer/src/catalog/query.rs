//! From a question in everyday German to the best hits.

use std::sync::Arc;

use connectors::gebiet::{Ars, Reading};
use connectors::ids::Leistungsschluessel;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, FuzzyTermQuery, Occur, Query, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{DocAddress, Searcher, TantivyDocument, Term};

use super::rank::ByLeistung;
use super::{Catalog, CatalogError, Hit, LeistungShort, SearchAnswer, SearchRequest, Suggestion};
use crate::index::schema::Shown;
use crate::index::{Generation, german};
use crate::record::{Lang, in_lang};

/// How much a word counts by the field it stands in: title, keywords, short text, other texts.
const WEIGHTS: [f32; 4] = [2.0, 1.8, 1.0, 0.7];
/// What the parts of a compound count against the whole word.
const PARTS: f32 = 0.7;
/// What another language than the asked one counts.
const OTHER_LANGUAGE: f32 = 0.5;
/// What a word one typing mistake away counts against the word itself.
const MISTYPED: f32 = 0.6;
/// What the fields beside the best one add for a word.
const TIE: f32 = 0.15;
/// Words that say nothing of what is asked; left out unless nothing else is there.
const STOP_WORDS: &[&str] = &[
    "aber", "alle", "als", "am", "an", "auch", "auf", "aus", "bei", "beim", "bin", "bitte", "brauche", "da", "damit",
    "darf", "das", "dass", "dem", "den", "denn", "der", "des", "die", "doch", "du", "ein", "eine", "einem", "einen",
    "einer", "eines", "er", "es", "für", "gibt", "habe", "haben", "hat", "ich", "ihr", "im", "in", "ist", "ja", "kann",
    "kannst", "können", "könnte", "man", "mein", "meine", "meinem", "meinen", "meiner", "mich", "mir", "mit", "möchte",
    "muss", "müssen", "nach", "nicht", "noch", "nun", "nur", "ob", "oder", "sein", "seine", "sich", "sie", "sind",
    "so", "soll", "über", "um", "und", "uns", "unser", "unsere", "vom", "von", "vor", "wann", "war", "was", "welche",
    "welcher", "welches", "wenn", "wer", "wie", "will", "wir", "wird", "wo", "wohin", "woher", "wurde", "zu", "zum",
    "zur", "the", "a", "an", "of", "for", "to", "my", "i", "how", "do", "can", "is", "where", "what", "need",
];

impl Catalog {
    /// Answers a question.
    pub async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, CatalogError> {
        let _place = self.places.acquire().await.expect("the places are never closed");
        let understood = self.understand(request);
        let (catalog, question) = (self.clone(), understood.question());
        let found = tokio::task::spawn_blocking(move || catalog.find(&question))
            .await
            .map_err(|error| CatalogError::Hit(error.to_string()))??;
        let mut hits = found.hits;
        if let Some(place) = &understood.place {
            for (hit, responsible) in hits.iter_mut().zip(self.responsible_for_hits(&found.shown, place).await?) {
                hit.responsible = Some(responsible);
            }
        }
        let mut explain = understood.explain;
        explain.extend(found.explain);
        Ok(SearchAnswer {
            text: request.text.clone(),
            understood: understood.text,
            corrected: None,
            place: understood.place,
            ambiguous: understood.ambiguous,
            lang: understood.lang,
            total: found.total,
            hits,
            explain: if request.explain { explain } else { Vec::new() },
        })
    }

    /// Leistungen whose name begins like the text typed so far.
    pub async fn suggest(&self, text: &str, place: Option<Ars>, limit: usize) -> Result<Vec<Suggestion>, CatalogError> {
        let request = SearchRequest { text: text.to_owned(), place, limit, ..SearchRequest::default() };
        let understood = self.understand(&request);
        if understood.text.is_empty() {
            return Ok(Vec::new());
        }
        let question = Question { typing: true, ..understood.question() };
        let catalog = self.clone();
        let found = tokio::task::spawn_blocking(move || catalog.find(&question))
            .await
            .map_err(|error| CatalogError::Hit(error.to_string()))??;
        let suggestion = |hit: Hit| Suggestion { leistung: hit.leistung, place: understood.place.clone() };
        Ok(found.hits.into_iter().map(suggestion).collect())
    }

    /// Takes the place out of the question.
    fn understand(&self, request: &SearchRequest) -> Understood {
        let (rest, reading) = self.gebiete.in_query(&request.text);
        let mut explain = Vec::new();
        let mut ambiguous = Vec::new();
        let given = request.place.and_then(|ars| self.place_of(ars));
        let (place, text) = match (given, reading) {
            (Some(place), None) => (Some(place), rest),
            (Some(place), Some(reading)) => {
                // A place that was given beside the question wins; the same place in the text says nothing more.
                let same = matches!(&reading, Reading::One(gebiet) if gebiet.ars == place.ars);
                explain.push(format!("place given: {} ({})", place.name, place.ars));
                (Some(place), if same { rest } else { request.text.trim().to_owned() })
            }
            (None, Some(Reading::One(gebiet))) => (Some(self.shown(&gebiet)), rest),
            (None, Some(Reading::Several(several))) => {
                ambiguous = several.iter().map(|gebiet| self.shown(gebiet)).collect();
                (None, rest)
            }
            (None, Some(Reading::Unknown) | None) => (None, rest),
        };
        match &place {
            Some(place) => explain.push(format!("place: {} ({}, {})", place.name, place.level.as_str(), place.ars)),
            None => explain.push("place: none".to_owned()),
        }
        explain.push(format!("searched: {text}"));
        let lang = request.lang.filter(|lang| Lang::OFFERED.contains(lang)).unwrap_or(Lang::DE);
        Understood { text, place, ambiguous, lang, limit: request.limit, offset: request.offset, explain }
    }

    fn find(&self, question: &Question) -> Result<Found, CatalogError> {
        let generation = self.index.load_full();
        let searcher = generation.reader.searcher();
        let words = Words::of(&generation, &searcher, question)?;
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = vec![(Occur::Must, words.query)];
        if !question.areas.is_empty() {
            let field = generation.fields.gebiet;
            let areas = question.areas.iter().map(|ars| {
                let term = Term::from_field_text(field, ars.as_str());
                Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>
            });
            let filter = BooleanQuery::union(areas.collect());
            clauses.push((Occur::Must, Box::new(ConstScoreQuery::new(Box::new(filter), 0.0))));
        }
        let collector = ByLeistung { candidates: question.areas.iter().map(Ars::number).collect() };
        let groups = searcher.search(&BooleanQuery::new(clauses), &collector)?;
        let mut ranked: Vec<_> = groups.into_iter().collect();
        // Equal scores in an order that does not depend on how the index grew.
        ranked.sort_unstable_by(|a, b| b.1.score.total_cmp(&a.1.score).then(a.0.cmp(&b.0)));
        let total = ranked.len();
        let (mut hits, mut all_shown) = (Vec::new(), Vec::new());
        for (_, best) in ranked.into_iter().skip(question.offset).take(question.limit) {
            let shown = shown(&generation, &searcher, best.address)?;
            let leistung = self.short(&shown, question.lang);
            let highlight = highlight(&generation, &leistung.name, &words.terms);
            hits.push(Hit { leistung, score: best.score, highlight, responsible: None });
            all_shown.push(shown);
        }
        Ok(Found { hits, shown: all_shown, total, explain: words.explain })
    }

    /// The description of a key that is to be shown at a place: the most local one that is valid or offered there.
    pub(super) fn description_of(
        &self,
        key: Leistungsschluessel,
        areas: &[Ars],
    ) -> Result<Option<Shown>, CatalogError> {
        let generation = self.index.load_full();
        let searcher = generation.reader.searcher();
        let term = Term::from_field_text(generation.fields.schluessel, &key.to_string());
        let query = ConstScoreQuery::new(Box::new(TermQuery::new(term, IndexRecordOption::Basic)), 1.0);
        let candidates: Vec<u64> = areas.iter().map(Ars::number).collect();
        let groups = searcher.search(&query, &ByLeistung { candidates })?;
        // A description with the key in second place is in another group; the key's own group goes first.
        let own = groups.get(&key.number()).or_else(|| groups.iter().min_by_key(|(group, _)| **group).map(|(_, b)| b));
        own.map(|best| shown(&generation, &searcher, best.address)).transpose()
    }

    pub(super) fn short(&self, shown: &Shown, lang: Lang) -> LeistungShort {
        let (found, name) =
            in_lang(&shown.title, lang).map_or_else(|| (lang, shown.id.text.clone()), |(l, n)| (l, n.clone()));
        LeistungShort {
            id: shown.id.to_string(),
            schluessel: shown.schluessel.clone(),
            name,
            kurztext: shown.kurztext.get(&found).cloned().unwrap_or_default(),
            lang: found,
            portal: shown.portal.clone(),
            portal_name: self.portal_name(&shown.portal),
            changed: shown.changed,
        }
    }
}

/// A question as it was understood.
struct Understood {
    text: String,
    place: Option<super::Place>,
    ambiguous: Vec<super::Place>,
    lang: Lang,
    limit: usize,
    offset: usize,
    explain: Vec<String>,
}

impl Understood {
    fn question(&self) -> Question {
        Question {
            text: self.text.clone(),
            areas: self.place.as_ref().map(|place| place.ars.candidates()).unwrap_or_default(),
            lang: self.lang,
            limit: self.limit,
            offset: self.offset,
            typing: false,
        }
    }
}

/// What the index is asked.
struct Question {
    text: String,
    areas: Vec<Ars>,
    lang: Lang,
    limit: usize,
    offset: usize,
    /// The last word may be unfinished.
    typing: bool,
}

struct Found {
    hits: Vec<Hit>,
    shown: Vec<Shown>,
    total: usize,
    explain: Vec<String>,
}

/// The query for the words of a question, and the terms that count as found.
struct Words {
    query: Box<dyn Query>,
    terms: Vec<String>,
    explain: Vec<String>,
}

impl Words {
    fn of(generation: &Generation, searcher: &Searcher, question: &Question) -> Result<Self, CatalogError> {
        let text = question.text.trim();
        if let Ok(key) = text.replace(' ', "").parse::<Leistungsschluessel>() {
            let term = Term::from_field_text(generation.fields.schluessel, &key.to_string());
            let explain = vec![format!("key: {key}")];
            return Ok(Self {
                query: Box::new(TermQuery::new(term, IndexRecordOption::Basic)),
                terms: Vec::new(),
                explain,
            });
        }
        let all: Vec<String> = text
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .take(24)
            .map(str::to_lowercase)
            .collect();
        let mut said: Vec<&String> = all.iter().filter(|word| !STOP_WORDS.contains(&String::as_str(word))).collect();
        if said.is_empty() {
            said = all.iter().collect();
        }
        if said.is_empty() {
            return Ok(Self {
                query: Box::new(AllQuery),
                terms: Vec::new(),
                explain: vec!["no words: everything".into()],
            });
        }
        let mut words = WordQueries {
            generation,
            searcher,
            lang: question.lang,
            german: german::german(Arc::clone(&generation.compounds)),
            english: german::english(),
            terms: Vec::new(),
            explain: Vec::new(),
        };
        let last = said.len() - 1;
        let mut queries = Vec::new();
        for (at, word) in said.into_iter().enumerate() {
            queries.push(words.query(word, question.typing && at == last)?);
        }
        let (terms, explain) = (words.terms, words.explain);
        let required = if queries.len() > 2 { queries.len() / 2 } else { 1 };
        let mut clauses: Vec<(Occur, Box<dyn Query>)> =
            queries.iter().map(|query| (Occur::Should, query.box_clone())).collect();
        if queries.len() > 1 {
            // Who says all of it fits better than the sum of its words.
            let all = BooleanQuery::intersection(queries);
            clauses.push((Occur::Should, Box::new(BoostQuery::new(Box::new(all), 0.5))));
        }
        Ok(Self { query: Box::new(BooleanQuery::with_minimum_required_clauses(clauses, required)), terms, explain })
    }
}

/// Makes the query of one word after the other.
struct WordQueries<'g> {
    generation: &'g Generation,
    searcher: &'g Searcher,
    lang: Lang,
    german: TextAnalyzer,
    english: TextAnalyzer,
    terms: Vec<String>,
    explain: Vec<String>,
}

impl WordQueries<'_> {
    /// The best field for the word counts: as it is, by the parts of the compound, and where the word is unknown, by
    /// the words one mistake away.
    fn query(&mut self, word: &str, unfinished: bool) -> Result<Box<dyn Query>, CatalogError> {
        let mut disjuncts: Vec<Box<dyn Query>> = Vec::new();
        let mut known = 0;
        for (lang, fields) in self.generation.fields.texts {
            let analyzer = if lang == Lang::EN { &mut self.english } else { &mut self.german };
            let terms = german::terms(analyzer, word);
            let Some((whole, parts)) = terms.split_first() else { continue };
            let factor = if lang == self.lang { 1.0 } else { OTHER_LANGUAGE };
            for (field, weight) in [fields.title, fields.keywords, fields.short, fields.body].into_iter().zip(WEIGHTS) {
                let weight = weight * factor;
                let term = Term::from_field_text(field, whole);
                known += self.searcher.doc_freq(&term)?;
                disjuncts.push(boosted(TermQuery::new(term, IndexRecordOption::WithFreqs), weight));
                if !parts.is_empty() {
                    disjuncts.push(boosted(
                        BooleanQuery::intersection(parts.iter().map(|part| one(field, part)).collect()),
                        weight * PARTS,
                    ));
                }
                if unfinished {
                    // The index holds stems, with umlauts folded; so does the beginning that is looked for.
                    let prefix = FuzzyTermQuery::new_prefix(Term::from_field_text(field, whole), 0, true);
                    disjuncts.push(boosted(prefix, weight));
                }
            }
            self.explain.push(format!("{lang}: {word} -> {}", terms.join(" + ")));
            self.terms.extend(terms.iter().cloned());
        }
        let letters = word.chars().count();
        if known == 0 && letters >= 4 {
            let distance = if letters >= 8 { 2 } else { 1 };
            for (lang, fields) in self.generation.fields.texts {
                let analyzer = if lang == Lang::EN { &mut self.english } else { &mut self.german };
                let Some(whole) = german::terms(analyzer, word).into_iter().next() else { continue };
                for (field, weight) in [(fields.title, WEIGHTS[0]), (fields.keywords, WEIGHTS[1])] {
                    let near = FuzzyTermQuery::new(Term::from_field_text(field, &whole), distance, true);
                    disjuncts.push(boosted(near, weight * MISTYPED));
                }
            }
            self.explain.push(format!("{word} is unknown: words up to {distance} mistakes away"));
        }
        Ok(Box::new(DisjunctionMaxQuery::with_tie_breaker(disjuncts, TIE)))
    }
}

fn one(field: Field, term: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs))
}

fn boosted(query: impl Query, weight: f32) -> Box<dyn Query> {
    Box::new(BoostQuery::new(Box::new(query), weight))
}

fn shown(generation: &Generation, searcher: &Searcher, address: DocAddress) -> Result<Shown, CatalogError> {
    let document: TantivyDocument = searcher.doc(address)?;
    let text = document.get_first(generation.fields.shown).and_then(|value| value.as_str()).unwrap_or_default();
    serde_json::from_str(text).map_err(|error| CatalogError::Hit(error.to_string()))
}

/// The name as HTML, with the words that were found marked.
fn highlight(generation: &Generation, name: &str, terms: &[String]) -> String {
    let mut analyzer = german::german(Arc::clone(&generation.compounds));
    let mut stream = analyzer.token_stream(name);
    let mut marked: Vec<(usize, usize)> = Vec::new();
    while let Some(token) = stream.next() {
        let span = (token.offset_from, token.offset_to);
        if terms.contains(&token.text) && marked.last() != Some(&span) {
            marked.push(span);
        }
    }
    let mut html = String::with_capacity(name.len() + 13 * marked.len());
    let mut at = 0;
    for (from, to) in marked {
        html.push_str(&escaped(name.get(at..from).unwrap_or_default()));
        html.push_str("<mark>");
        html.push_str(&escaped(name.get(from..to).unwrap_or_default()));
        html.push_str("</mark>");
        at = to;
    }
    html.push_str(&escaped(name.get(at..).unwrap_or_default()));
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

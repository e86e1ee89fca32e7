//! From a question in everyday language to the best hits.
//!
//! The steps, each visible with `--explain`: the place out of the question, its language, what its words stand for, what
//! it means officially, the reasons for every concept, their weights, and last the nearest description of each hit.

use std::sync::Arc;

use connectors::gebiet::{Ars, Reading};
use connectors::ids::Leistungsschluessel;
use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Term};

use super::asked::{Asked, corrected};
use super::facets::{Filters, first_two, still};
use super::highlight::Marks;
use super::question::Understanding;
use super::spelling::without_umlauts;
use super::{
    Catalog, CatalogError, Choice, Facet, Hit, LeistungShort, SearchAnswer, SearchRequest, Suggestion, Verdict,
};
use crate::index::agency_number;
use crate::index::postings::{ConceptNo, Postings};
use crate::index::schema::Shown;
use crate::record::{Lang, in_lang};

/// How many of the first hits are looked at closely, to put the online and the local first.
const CLOSELY: usize = 50;
/// How many descriptions that one key names are compared with a question.
const MOST_UNDER_ONE_KEY: usize = 16;

impl Catalog {
    /// Answers a question.
    pub async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, CatalogError> {
        let _place = self.places.acquire().await.expect("the places are never closed");
        let understood = self.understand(request);
        let (catalog, question) = (self.clone(), understood.question(request));
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
        let choice = match (found.verdict, hits.as_slice()) {
            (Verdict::Choose, [first, second, ..]) if request.offset == 0 => {
                Some(Choice::between(&first.leistung.name, &second.leistung.name))
            }
            _ => None,
        };
        let next = match &understood.place {
            Some(place) if found.verdict == Verdict::Nothing => self.next_steps(place),
            _ => Vec::new(),
        };
        Ok(SearchAnswer {
            text: request.text.clone(),
            understood: understood.text,
            corrected: found.corrected,
            place: understood.place,
            ambiguous: understood.ambiguous,
            lang: understood.lang,
            asked_in: found.asked_in,
            verdict: found.verdict,
            choice,
            next,
            facets: found.facets,
            total: found.total,
            hits,
            explain: if request.explain { explain } else { Vec::new() },
        })
    }

    /// Leistungen whose name begins like the text typed so far, or that it means.
    pub async fn suggest(&self, text: &str, place: Option<Ars>, limit: usize) -> Result<Vec<Suggestion>, CatalogError> {
        let request = SearchRequest { text: text.to_owned(), place, limit, ..SearchRequest::default() };
        let understood = self.understand(&request);
        if understood.text.is_empty() {
            return Ok(Vec::new());
        }
        let question = Question { typing: true, ..understood.question(&request) };
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
        Understood { text, place, ambiguous, lang, explain }
    }

    fn find(&self, question: &Question) -> Result<Found, CatalogError> {
        if let Ok(key) = question.text.replace(' ', "").parse::<Leistungsschluessel>() {
            return self.find_key(key, question);
        }
        let understanding = self.understanding();
        let candidates = question.candidates(&understanding);
        if !question.text.chars().any(char::is_alphanumeric) {
            return if question.text.trim().is_empty() {
                self.everything(&understanding, question, &candidates)
            } else {
                Ok(Found::default())
            };
        }
        let mut asked = self.ask(&understanding, question);
        let weights = self.ranking.load();
        let judge = |asked: &Asked| {
            let mut ranked = asked.ranked(weights.weights(asked.foreign.is_some(), asked.with_meaning), &candidates);
            let verdict = asked.verdict(weights.verdicts(asked.with_meaning), &ranked);
            question.break_ties(weights.ties, &understanding.postings, &mut ranked);
            if question.typing {
                question.beginnings_first(&understanding.postings, &mut ranked);
            }
            (ranked, verdict)
        };
        let (mut ranked, mut verdict) = judge(&asked);
        // Meanings cost milliseconds: where the words alone leave no doubt, they are not asked.
        if !question.typing
            && !asked.beyond_doubt(&weights.verdicts_without_meaning, &ranked)
            && self.compare_meanings(&mut asked, &understanding, question)
        {
            (ranked, verdict) = judge(&asked);
        }
        if verdict == Verdict::Nothing {
            ranked.clear();
        }
        let before = first_two(&ranked);
        let facets = question.filters.narrow(&understanding.postings, &question.areas, &mut ranked);
        let verdict = still(verdict, before, first_two(&ranked));
        let marks = Marks::of(&asked.units);
        let (mut hits, mut all_shown) = (Vec::new(), Vec::new());
        for (concept, score) in ranked.iter().skip(question.offset).take(question.limit) {
            let Some(shown) = self.description(&understanding, *concept, question, &marks)? else { continue };
            let leistung = self.short(&shown, question.lang);
            let highlight = marks.highlight(&leistung.name);
            hits.push(Hit { leistung, score: *score, highlight, responsible: None });
            all_shown.push(shown);
        }
        let explain = if question.explain { asked.explain(&understanding, &ranked, question) } else { Vec::new() };
        let corrected = corrected(&question.text, &asked.units);
        Ok(Found {
            hits,
            shown: all_shown,
            total: ranked.len(),
            verdict,
            facets,
            corrected,
            asked_in: asked.foreign,
            explain,
        })
    }

    /// A question, weighed, with what may be answered: for learning.
    pub(super) fn asked(&self, request: &SearchRequest) -> (Shared, Asked, Vec<bool>) {
        let question = self.understand(request).question(request);
        let understanding = self.understanding();
        let mut asked = self.ask(&understanding, &question);
        self.compare_meanings(&mut asked, &understanding, &question);
        let candidates = question.candidates(&understanding);
        (understanding, asked, candidates)
    }

    /// Takes a question apart and weighs it.
    pub(super) fn ask(&self, understanding: &Understanding, question: &Question) -> Asked {
        let text = &question.text;
        let foreign = if question.typing { None } else { understanding.language(text) };
        let (units, meanings) = match foreign {
            Some(lang) => understanding.translate(text, lang),
            None => {
                let units = understanding.units(text, question.lang, question.typing);
                let meanings = understanding.meanings(&units);
                (units, meanings)
            }
        };
        let said: Vec<&str> = units.iter().map(|unit| unit.corrected.as_deref().unwrap_or(&unit.word)).collect();
        let weighed = understanding.weigh(&said.join(" "), &units, &meanings);
        Asked { units, meanings, weighed, foreign, with_meaning: false }
    }

    /// Adds how near the meanings are; false without the part that knows.
    fn compare_meanings(&self, asked: &mut Asked, understanding: &Understanding, question: &Question) -> bool {
        // What is compared is what was understood: a model is thrown off by mistakes more than by anything.
        let corrected = if asked.foreign.is_none() { corrected(&question.text, &asked.units) } else { None };
        let text = corrected.as_deref().unwrap_or(&question.text);
        let Some(near) = self.near(understanding, text) else { return false };
        asked.weighed.with_meaning(near);
        asked.with_meaning = true;
        true
    }

    /// A key typed as the question.
    fn find_key(&self, key: Leistungsschluessel, question: &Question) -> Result<Found, CatalogError> {
        let mut found = Found { explain: vec![format!("key: {key}")], verdict: Verdict::Nothing, ..Found::default() };
        if let Some(shown) = self.description_of(key, &question.areas)? {
            let leistung = self.short(&shown, question.lang);
            let highlight = super::highlight::escaped(&leistung.name);
            let postings = self.index.load_full().postings();
            let own = shown.schluessel.first().and_then(|first| postings.by_group(first.number()));
            let mut ranked: Vec<(ConceptNo, f32)> = own.map(|concept| (concept, 1.0)).into_iter().collect();
            found.facets = question.filters.narrow(&postings, &question.areas, &mut ranked);
            found.verdict = if ranked.is_empty() { Verdict::Open } else { Verdict::Clear };
            found.total = ranked.len();
            if found.total > 0 && question.offset == 0 && question.limit > 0 {
                found.hits.push(Hit { leistung, score: 1.0, highlight, responsible: None });
                found.shown.push(shown);
            }
        }
        Ok(found)
    }

    /// No words: everything there is, in the order of the keys.
    fn everything(
        &self,
        understanding: &Understanding,
        question: &Question,
        candidates: &[bool],
    ) -> Result<Found, CatalogError> {
        let all = &understanding.postings.concepts;
        let mut ranked: Vec<(ConceptNo, f32)> =
            (0..all.len()).filter(|at| candidates[*at]).map(|at| (at as ConceptNo, 1.0)).collect();
        ranked.sort_unstable_by_key(|(concept, _)| all[*concept as usize].group);
        let facets = question.filters.narrow(&understanding.postings, &question.areas, &mut ranked);
        let mut found =
            Found { total: ranked.len(), facets, explain: vec!["no words: everything".into()], ..Found::default() };
        let marks = Marks::of(&[]);
        for (concept, score) in ranked.into_iter().skip(question.offset).take(question.limit) {
            let Some(shown) = self.description(understanding, concept, question, &marks)? else { continue };
            let leistung = self.short(&shown, question.lang);
            let highlight = super::highlight::escaped(&leistung.name);
            found.hits.push(Hit { leistung, score, highlight, responsible: None });
            found.shown.push(shown);
        }
        Ok(found)
    }

    /// The description of a concept to show. Where one portal describes several
    /// Leistungen under one key, and all are as local, it is the one whose names and keywords say most of the
    /// question, and where that is the same, the one with a name that says little else.
    fn description(
        &self,
        understanding: &Understanding,
        concept: ConceptNo,
        question: &Question,
        marks: &Marks,
    ) -> Result<Option<Shown>, CatalogError> {
        let areas: Vec<u64> = question.areas.iter().map(Ars::number).collect();
        let nearest = understanding.postings.nearest(concept, &areas, question.agencies.as_deref());
        if let [only] = nearest.as_slice() {
            return Ok(Some(understanding.postings.shown(*only)?));
        }
        let mut best: Option<([f32; 3], Shown)> = None;
        for address in nearest.into_iter().take(MOST_UNDER_ONE_KEY) {
            let shown = understanding.postings.shown(address)?;
            let name = in_lang(&shown.title, Lang::DE).map_or("", |(_, name)| name);
            let text = in_lang(&shown.kurztext, Lang::DE).map_or("", |(_, text)| text);
            let names = || std::iter::once(name).chain(shown.keywords.iter().map(String::as_str));
            let both_ways = names().map(|name| marks.both_ways(name)).fold(0.0, f32::max);
            let said = marks.said(names());
            let fits = [said as f32, both_ways, (2 * marks.said([name]) + marks.said([text])) as f32];
            if best.as_ref().is_none_or(|(most, _)| fits > *most) {
                best = Some((fits, shown));
            }
        }
        Ok(best.map(|(_, shown)| shown))
    }

    /// The description of a key that is to be shown at a place: the most local one that is valid or offered there.
    pub(super) fn description_of(
        &self,
        key: Leistungsschluessel,
        areas: &[Ars],
    ) -> Result<Option<Shown>, CatalogError> {
        let postings = self.index.load_full().postings();
        let candidates: Vec<u64> = areas.iter().map(Ars::number).collect();
        let nearest = |concept| postings.nearest(concept, &candidates, None).into_iter().next();
        // A description with the key in second place is in another group; the key's own group goes first.
        if let Some(address) = postings.by_group(key.number()).and_then(nearest) {
            return Ok(Some(postings.shown(address)?));
        }
        let groups = having(&postings, key)?;
        groups.into_iter().find_map(nearest).map(|address| Ok(postings.shown(address)?)).transpose()
    }

    /// True unless the same agency describes several Leistungen under the first key of this one.
    fn key_names(&self, shown: &Shown) -> bool {
        let postings = self.index.load_full().postings();
        let group = shown.schluessel.first().and_then(|key| postings.by_group(key.number()));
        group.is_none_or(|concept| postings.described_times(concept, agency_number(&shown.id.agency)) <= 1)
    }

    pub(super) fn short(&self, shown: &Shown, lang: Lang) -> LeistungShort {
        let (found, name) =
            in_lang(&shown.title, lang).map_or_else(|| (lang, shown.id.text.clone()), |(l, n)| (l, n.clone()));
        LeistungShort {
            id: shown.id.to_string(),
            schluessel: shown.schluessel.clone(),
            key_names_it: self.key_names(shown),
            name,
            kurztext: shown.kurztext.get(&found).cloned().unwrap_or_default(),
            lang: found,
            portal: shown.portal.clone(),
            portal_name: self.portal_name(&shown.portal),
            changed: shown.changed,
        }
    }
}

impl Choice {
    /// What tells two names apart, and what they share: "anmelden" or "ummelden", about "Wohnsitz".
    fn between(first: &str, second: &str) -> Self {
        let words = |name: &str| name.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let bare = |word: &str| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
        let (one, two) = (words(first), words(second));
        let only = |here: &[String], there: &[String]| -> Vec<String> {
            here.iter().filter(|word| there.iter().all(|other| bare(other) != bare(word))).cloned().collect()
        };
        let (own, other) = (only(&one, &two), only(&two, &one));
        let about: Vec<String> =
            one.iter().filter(|word| !own.contains(word) && bare(word).chars().count() > 2).cloned().collect();
        // A few words that differ make a short question; else the whole names do.
        if about.is_empty() || [&own, &other].iter().any(|words| words.is_empty() || words.len() > 4) {
            return Self { about: String::new(), options: [first.to_owned(), second.to_owned()] };
        }
        Self { about: about.join(" "), options: [own.join(" "), other.join(" ")] }
    }
}

/// A question as it was understood.
struct Understood {
    text: String,
    place: Option<super::Place>,
    ambiguous: Vec<super::Place>,
    lang: Lang,
    explain: Vec<String>,
}

impl Understood {
    fn question(&self, request: &SearchRequest) -> Question {
        let agencies = request.agencies.iter().map(|agency| agency_number(agency)).collect::<Vec<_>>();
        Question {
            text: self.text.clone(),
            areas: self
                .place
                .as_ref()
                .filter(|_| !request.anywhere)
                .map(|place| place.ars.candidates())
                .unwrap_or_default(),
            lang: self.lang,
            limit: request.limit,
            offset: request.offset,
            filters: Filters::of(request),
            agencies: (!agencies.is_empty()).then_some(agencies),
            typing: false,
            explain: request.explain,
        }
    }
}

/// What the index is asked.
pub(super) struct Question {
    pub text: String,
    pub areas: Vec<Ars>,
    pub lang: Lang,
    pub limit: usize,
    pub offset: usize,
    filters: Filters,
    agencies: Option<Vec<u64>>,
    /// The last word may be unfinished.
    pub typing: bool,
    explain: bool,
}

impl Question {
    /// Which concepts may be answered at all.
    fn candidates(&self, understanding: &Understanding) -> Vec<bool> {
        let areas: Vec<u64> = self.areas.iter().map(Ars::number).collect();
        let mut candidates = understanding.postings.available(&areas);
        if let Some(agencies) = &self.agencies {
            let described = understanding.postings.described_by(agencies);
            candidates.iter_mut().zip(described).for_each(|(one, described)| *one &= described);
        }
        candidates
    }

    /// Puts the names that begin like what is typed before all others.
    fn beginnings_first(&self, postings: &Postings, ranked: &mut [(ConceptNo, f32)]) {
        let folded = |text: &str| without_umlauts(&text.to_lowercase());
        let typed = folded(self.text.trim());
        let begins = |concept: &ConceptNo| {
            let titles = &postings.concepts[*concept as usize].titles;
            titles.iter().any(|title| folded(&title.text).starts_with(&typed))
        };
        ranked.sort_by_cached_key(|(concept, _)| !begins(concept));
    }

    /// Puts what can be done online, and what the place itself describes, before what fits no better.
    fn break_ties(&self, ties: super::ranking::Ties, postings: &Postings, ranked: &mut [(ConceptNo, f32)]) {
        let areas: Vec<u64> = self.areas.iter().map(Ars::number).collect();
        let online = postings.online(&areas);
        let close = ranked.len().min(CLOSELY);
        for (concept, score) in &mut ranked[..close] {
            let local = areas.first().is_some_and(|here| postings.valid_in(*concept, *here));
            *score +=
                ties.online * f32::from(u8::from(online[*concept as usize])) + ties.local * f32::from(u8::from(local));
        }
        ranked[..close].sort_by(|a, b| b.1.total_cmp(&a.1));
    }
}

#[derive(Default)]
struct Found {
    hits: Vec<Hit>,
    shown: Vec<Shown>,
    total: usize,
    verdict: Verdict,
    facets: Vec<Facet>,
    corrected: Option<String>,
    asked_in: Option<Lang>,
    explain: Vec<String>,
}

pub(super) type Shared = Arc<Understanding>;

/// The concepts of the descriptions that have a key in any place, one after the other.
pub(super) fn having(postings: &Postings, key: Leistungsschluessel) -> Result<Vec<ConceptNo>, CatalogError> {
    let term = Term::from_field_text(postings.fields().schluessel, &key.to_string());
    let having = postings.searcher().search(&TermQuery::new(term, IndexRecordOption::Basic), &DocSetCollector)?;
    let mut having: Vec<DocAddress> = having.into_iter().collect();
    having.sort_unstable();
    let mut groups = Vec::new();
    for address in having {
        groups.extend(postings.concept_of(address)?);
    }
    groups.dedup();
    Ok(groups)
}

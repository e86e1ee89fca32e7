//! `search`: the answer the web gives, on the command line.

use std::path::Path;

use connectors::gebiet::Ars;
use connectors::leika::Leika;
use indexer::catalog::{PlaceReading, Responsible, SearchRequest, State};
use indexer::record::Lang;

use super::{Exit, Fault, setup};
use crate::api::wire::SearchResponse;

/// What hits can be narrowed down by.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Filters {
    /// Only what an Onlinedienst offers there; `=false`: only what none does
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    online: Option<bool>,
    /// Only what is for this audience, by its code of Leistungsadressat
    #[arg(long, value_name = "CODE")]
    adressat: Option<String>,
    /// Only what stands under this Lebenslage, by its code, as `geburt`
    #[arg(long, value_name = "CODE")]
    lebenslage: Option<String>,
}

impl Filters {
    /// Fails on a Lebenslage that there is not, and names those that there are.
    fn check(&self) -> Result<(), Fault> {
        let known = Leika::built_in();
        match &self.lebenslage {
            Some(code) if known.lebenslage(code).is_none() => {
                let codes: Vec<_> = known.lebenslagen().iter().map(|one| one.code).collect();
                Err(Fault::Usage(format!("`{code}` is no Lebenslage; there are: {}", codes.join(", "))))
            }
            _ => Ok(()),
        }
    }
}

pub(super) struct Question {
    pub query: String,
    pub ort: Option<String>,
    pub lang: String,
    pub limit: usize,
    pub filters: Filters,
    pub explain: bool,
    pub json: bool,
}

pub(super) async fn run(config: &Path, question: Question) -> Result<Exit, Fault> {
    let Some(lang) = Lang::parse(&question.lang) else {
        return Err(Fault::Usage(format!("`{}` is no language of two letters, such as de", question.lang)));
    };
    question.filters.check()?;
    let loaded = setup::load(config).await?;
    let catalog = setup::catalog(&loaded.config, loaded.portals).await?;
    let place = question.ort.as_deref().map(|ort| place(&catalog.place(ort), ort)).transpose()?;
    let request = SearchRequest {
        text: question.query,
        place,
        lang: Some(lang),
        limit: question.limit,
        online: question.filters.online,
        adressat: question.filters.adressat,
        lebenslage: question.filters.lebenslage,
        explain: question.explain,
        ..SearchRequest::default()
    };
    let answer = catalog.search(&request).await.map_err(Fault::work)?;
    if question.explain {
        answer.explain.iter().for_each(|line| eprintln!("{line}"));
        for facet in &answer.facets {
            eprintln!("facet: {}={} ({}): {}", facet.name, facet.value, facet.label, facet.count);
        }
    }
    if question.json {
        println!("{}", serde_json::to_string_pretty(&SearchResponse::from(answer)).map_err(Fault::work)?);
        return Ok(Exit::Done);
    }
    if !answer.ambiguous.is_empty() {
        let names: Vec<_> = answer.ambiguous.iter().map(|place| format!("{} ({})", place.name, place.ars)).collect();
        println!("Diesen Ort gibt es mehrmals: {}", names.join(", "));
    }
    let place = answer.place.as_ref().map_or(String::new(), |place| format!(" in {}", place.name));
    println!("{} Ergebnisse für „{}“{place}", answer.total, answer.understood);
    for (at, hit) in answer.hits.iter().enumerate() {
        println!("{:>3}. {}  [{}]  {:.2}", at + 1, hit.leistung.name, hit.leistung.address_key(), hit.score);
        if let Some(responsible) = &hit.responsible {
            println!("     {}", in_short(responsible));
        }
    }
    Ok(Exit::Done)
}

/// The place that was named beside the question.
pub(super) fn place(reading: &PlaceReading, text: &str) -> Result<Ars, Fault> {
    match reading {
        PlaceReading::One(place) => Ok(place.ars),
        PlaceReading::Several(several) => {
            let names: Vec<_> = several.iter().map(|place| format!("{} ({})", place.name, place.ars)).collect();
            Err(Fault::Usage(format!("`{text}` is more than one place: {}", names.join(", "))))
        }
        PlaceReading::Unknown => {
            Err(Fault::Usage(format!("`{text}` is no place we know: a name, a PLZ or an ARS in Nordrhein-Westfalen")))
        }
    }
}

/// Who is responsible, on one line.
fn in_short(responsible: &Responsible) -> String {
    let names: Vec<_> = responsible.answers.iter().map(|answer| answer.organisationseinheit.name.as_str()).collect();
    let who = match responsible.state {
        State::Found => names.join(", "),
        State::Ambiguous => format!("eine von: {}", names.join(", ")),
        _ => "keine zuständige Stelle bekannt".to_owned(),
    };
    match responsible.onlinedienste.first() {
        Some(dienst) => format!("{who}; online: {}", dienst.url),
        None => who,
    }
}

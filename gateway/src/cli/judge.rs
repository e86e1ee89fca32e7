//! `judge`: how well the search answers questions whose right answers are known.
//!
//! The file has columns separated by tabs: `query`, `kind`, `lang`, `ort_ars`, `scope` (agencies, or `alle`), `relevant`
//! (ids, separated by spaces), `grades` (1 to 3, in the same order); others are left aside. Ids and agencies may be short
//! (`ber:123`); `--agencies` says what they stand for. A question without a relevant id and of the kind `ohne-treffer`
//! should find nothing.

mod figures;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use indexer::catalog::learn::{self, Lesson};
use indexer::catalog::{Catalog, SearchRequest, Verdict};
use indexer::record::Lang;

use self::figures::{Figures, Outcome};
use super::{Exit, Fault, bench, setup};

/// How many hits are looked at.
const DEPTH: usize = 10;
/// The kinds of questions that were not taken from the documents.
const FREE: [&str; 7] = ["umgangssprachlich", "lebenslage", "frage", "tippfehler", "flexion", "kompositum", "ort"];
/// The kind that should find nothing.
const NOTHING: &str = "ohne-treffer";

#[derive(Debug, clap::Args)]
pub(super) struct Judging {
    /// The judged questions
    file: PathBuf,
    /// What short agencies stand for
    #[arg(long, value_delimiter = ',', default_value = "ber=berlin,muc=muenchen,hh=hamburg,bund=bund")]
    agencies: Vec<String>,
    /// Ask a Verbund of these deliveries instead of the configured one
    #[arg(long)]
    deliveries: Option<PathBuf>,
    /// With --deliveries: keep its store and index here, and use what is there already
    #[arg(long, requires = "deliveries")]
    kept: Option<PathBuf>,
    /// Figures of an earlier run to compare with; ends with 1 when one fell by more than the noise
    #[arg(long)]
    accepted: Option<PathBuf>,
    /// Write the figures here, for later runs to compare with
    #[arg(long)]
    accept: Option<PathBuf>,
    /// Learn the weights anew from these questions, say what cross-validation gave, and write them here
    #[arg(long)]
    learn: Option<PathBuf>,
}

/// One judged question.
struct Row {
    query: String,
    kind: String,
    lang: String,
    ars: String,
    agencies: Vec<String>,
    relevant: HashMap<String, f32>,
}

pub(super) async fn run(config: &Path, judge: Judging) -> Result<Exit, Fault> {
    let rows = read(&judge.file, &judge.agencies)?;
    let (catalog, _aside) = match &judge.deliveries {
        Some(dir) => {
            let (_, catalog, aside) = bench::catalog(dir, judge.kept.clone()).await?;
            (catalog, aside)
        }
        None => {
            let loaded = setup::load(config).await?;
            (setup::catalog(&loaded.config, loaded.portals).await?, None)
        }
    };
    if let Some(path) = &judge.learn {
        return learn_from(&catalog, &rows, path);
    }
    let mut figures = Figures::default();
    // The first questions read words and open what is opened once.
    for row in rows.iter().take(20) {
        catalog.search(&request(row)).await.map_err(Fault::work)?;
    }
    for row in &rows {
        let began = Instant::now();
        let answer = catalog.search(&request(row)).await.map_err(Fault::work)?;
        figures.took(began.elapsed());
        let ids: Vec<&str> = answer.hits.iter().map(|hit| hit.leistung.id.as_str()).collect();
        let place = answer.place.as_ref().is_some_and(|place| place.ars.as_str() == row.ars);
        let outcome = Outcome::of(&ids, &row.relevant, answer.verdict, place);
        for kind in kinds(row) {
            figures.add(&kind, outcome.clone());
        }
    }
    let accepted = judge.accepted.as_ref().map(std::fs::read_to_string).transpose().map_err(Fault::work)?;
    let (text, fell) = figures.report(accepted.as_deref());
    print!("{text}");
    if let Some(path) = &judge.accept {
        std::fs::write(path, figures.accepted()).map_err(Fault::work)?;
    }
    Ok(if fell { Exit::Findings } else { Exit::Done })
}

/// The groups that a question counts in.
fn kinds(row: &Row) -> Vec<String> {
    let mut kinds = vec![row.kind.clone()];
    if row.relevant.is_empty() {
        kinds.retain(|kind| kind == NOTHING);
        return kinds;
    }
    if FREE.contains(&row.kind.as_str()) && matches!(row.lang.as_str(), "" | "de") {
        kinds.push("= free".into());
    }
    kinds.push("= all".into());
    kinds
}

fn request(row: &Row) -> SearchRequest {
    let lang = if row.lang == "en" { Lang::EN } else { Lang::DE };
    SearchRequest {
        text: row.query.clone(),
        lang: Some(lang),
        limit: DEPTH,
        agencies: row.agencies.clone(),
        anywhere: true,
        ..SearchRequest::default()
    }
}

fn learn_from(catalog: &Catalog, rows: &[Row], path: &Path) -> Result<Exit, Fault> {
    let taught: Vec<&Row> = rows.iter().filter(|row| !row.relevant.is_empty() || row.kind == NOTHING).collect();
    let lessons: Vec<Lesson> = taught
        .iter()
        .map(|row| catalog.lesson(&request(row), &row.relevant).map_err(Fault::work))
        .collect::<Result<_, _>>()?;
    let learned = learn::learn(&lessons, 5);
    let judged: Vec<&&Row> = taught.iter().filter(|row| !row.relevant.is_empty()).collect();
    for (name, places) in ["with meaning", "without meaning"].iter().zip(&learned.places) {
        let mut figures = Figures::default();
        for (row, place) in judged.iter().zip(places) {
            kinds(row).iter().for_each(|kind| figures.add(kind, Outcome::at(*place)));
        }
        println!("cross-validation, five folds, {name}");
        print!("{}", figures.report(None).0);
    }
    std::fs::write(path, learned.text).map_err(Fault::work)?;
    Ok(Exit::Done)
}

fn read(path: &Path, agencies: &[String]) -> Result<Vec<Row>, Fault> {
    let text = std::fs::read_to_string(path).map_err(|error| Fault::Usage(format!("{}: {error}", path.display())))?;
    let agencies: HashMap<&str, &str> = agencies.iter().filter_map(|pair| pair.split_once('=')).collect();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| {
        let missing = || Fault::Usage(format!("{}:1: the column `{name}` is missing", path.display()));
        head.iter().position(|one| *one == name).ok_or_else(missing)
    };
    let (query, kind, relevant, grades) = (column("query")?, column("kind")?, column("relevant")?, column("grades")?);
    let (lang, ars, scope) = (column("lang").ok(), column("ort_ars").ok(), column("scope").ok());
    let mut rows = Vec::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let id = |short: &str| match short.split_once(':') {
            Some((agency, text)) => format!("{}_{text}", agencies.get(agency).unwrap_or(&agency)),
            None => short.to_owned(),
        };
        let grade = |text: &str| text.parse::<f32>().unwrap_or(1.0);
        let grades = field(grades).split_whitespace().map(grade).chain(std::iter::repeat(1.0));
        let scope = scope.map_or("alle", field);
        let named = scope.split_whitespace().filter(|one| !matches!(*one, "alle" | "leika"));
        rows.push(Row {
            query: field(query).to_owned(),
            kind: field(kind).to_owned(),
            lang: lang.map_or("", field).to_owned(),
            ars: ars.map_or("", field).to_owned(),
            agencies: named.map(|one| (*agencies.get(one).unwrap_or(&one)).to_owned()).collect(),
            relevant: field(relevant).split_whitespace().map(id).zip(grades).collect(),
        });
    }
    Ok(rows)
}

/// True for an answer that says that nothing fits.
fn nothing(verdict: Verdict, hits: usize) -> bool {
    verdict == Verdict::Nothing || hits == 0
}

//! What the commands have in common: the configuration, and the two sides that they open.

use std::path::Path;

use config::{Config, Loaded};
use connectors::registration::{Portal, Word};
use indexer::catalog::{Catalog, Meaning, Ranking, Words};
use indexer::crawl::Fetcher;
use indexer::metrics::Metrics;
use indexer::run::{self, Indexer, RunError, Setup};
use prometheus::Registry;

use super::Fault;
use crate::joining::sources;

/// Loads the configuration and the portals of both sources; the faults of single portals are said and disable those
/// alone, and so is what differs between the sources.
pub(super) async fn load(file: &Path) -> Result<Loaded, Fault> {
    let mut loaded = config::load(file).map_err(|error| Fault::Usage(error.to_string()))?;
    for fault in &loaded.faults {
        eprintln!("{fault}");
    }
    let merged = sources::beside(&loaded.config, &loaded).await.map_err(Fault::work)?;
    merged.differing.iter().for_each(|one| eprintln!("{}", one.line()));
    loaded.portals = merged.portals;
    Ok(loaded)
}

/// Opens the writing side, which counts in `registry`.
pub(super) async fn indexer(config: &Config, portals: Vec<Portal>, registry: &Registry) -> Result<Indexer, Fault> {
    let fetcher = Fetcher::new(config).map_err(Fault::work)?;
    let metrics = Metrics::new(registry).map_err(Fault::work)?;
    let setup = Setup {
        store_url: config.store.url.clone(),
        index_dir: config.index.dir.clone(),
        spool_dir: config.spool_dir(),
        portals,
        fetcher,
        metrics,
        journal: config.journal,
    };
    Indexer::open(setup).await.map_err(fault)
}

/// Opens the reading side, beside a process that may be writing.
pub(super) async fn catalog(config: &Config, portals: Vec<Portal>) -> Result<Catalog, Fault> {
    let opened = run::open_catalog(&config.store.url, &config.index.dir, portals.clone());
    let catalog = opened.await.map_err(fault)?;
    language(config, &portals, &catalog)?;
    Ok(catalog)
}

/// Gives a catalog what it needs to understand questions: everyday words, weights, and meanings where their file is.
pub(super) fn language(config: &Config, portals: &[Portal], catalog: &Catalog) -> Result<(), Fault> {
    let (words, ranking) = words_and_ranking(&config.search, portals)?;
    catalog.set_language(words, ranking);
    let model = &config.search.meaning;
    if !model.exists() {
        return Ok(());
    }
    match Meaning::open(model, &config.index.dir.join("meanings.bin")) {
        Ok(meaning) => catalog.set_meaning(meaning),
        // The search goes on by words alone; whoever runs it should know.
        Err(error) => eprintln!("searching without meanings: {error}"),
    }
    Ok(())
}

/// Reads everyday words and weights, from where the configuration says or as they are built in, and the words of single
/// portals. Lines of words that cannot be used are said and left out.
pub(super) fn words_and_ranking(
    search: &config::Search,
    portals: &[Portal],
) -> Result<(Option<Words>, Ranking), Fault> {
    let ranking = match &search.ranking {
        Some(path) => read(path)?,
        None => config::RANKING.to_owned(),
    };
    let from = search.ranking.as_ref().map_or_else(String::new, |path| format!("{}: ", path.display()));
    let ranking = Ranking::read(&ranking).map_err(|error| Fault::Usage(format!("{from}{error}")))?;
    let own: Vec<(String, String)> = portals.iter().filter(|portal| !portal.words.is_empty()).map(words_of).collect();
    if search.words.is_none() && own.is_empty() {
        return Ok((None, ranking));
    }
    let mut files: Vec<(String, String)> = match &search.words {
        Some(folder) => words_in(folder)?,
        None => config::WORDS.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
    };
    files.extend(own);
    let (words, faults) = Words::read(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    Ok((Some(words), ranking))
}

/// The words of a portal as a file of words; their source is the portal.
fn words_of(portal: &Portal) -> (String, String) {
    let line = |word: &Word| format!("{}\t{}\t{}\n", word.said, word.means, portal.id);
    (format!("de-{}", portal.id), portal.words.iter().map(line).collect())
}

/// The files of words in a folder, by their names.
fn words_in(folder: &Path) -> Result<Vec<(String, String)>, Fault> {
    let entries = std::fs::read_dir(folder).map_err(|error| Fault::Usage(format!("{}: {error}", folder.display())))?;
    let mut files = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|extension| extension == "tsv") {
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            files.push((name, read(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path).map_err(|error| Fault::Usage(format!("{}: {error}", path.display())))
}

/// A wrong address of the store is the configuration's fault; all else is the work's.
pub(super) fn fault(error: RunError) -> Fault {
    match error {
        RunError::Store(indexer::run::StoreError::Url(_)) => Fault::Usage(error.to_string()),
        other => Fault::work(other),
    }
}

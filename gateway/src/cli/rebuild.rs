//! `rebuild`: the index anew from the store.

use std::path::Path;

use super::{Exit, Fault, setup};

pub(super) async fn run(file: &Path) -> Result<Exit, Fault> {
    let config = config::load_main(file).map_err(|error| Fault::Usage(error.to_string()))?;
    let began = config::clock::monotonic();
    indexer::run::rebuild(&config.store.url, &config.index.dir).await.map_err(setup::fault)?;
    eprintln!("the index was made anew in {:.1} s", began.elapsed().as_secs_f64());
    Ok(Exit::Done)
}

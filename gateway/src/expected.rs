//! Who should be responsible, as a table beside a folder of deliveries says (`erwartet.tsv`), against who is.
//!
//! The command that measures and the tests of the whole system compare here, so that both mean the same by "right".
//! A row names Leistungsschluessel, asked ARS, level, bodies and addresses of online services; bodies and addresses are
//! sorted and joined by `|`, `-` is none, and `?` says that nobody is responsible.

use connectors::gebiet::{ArsError, Gebiete};
use indexer::catalog::{Catalog, CatalogError, LeistungRef, State};

/// A row cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedError {
    /// It has not the five fields, or no key of an area.
    #[error("line {line} is no row of expectations: {text}")]
    Row {
        /// Which, from 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// How the rows of a table were met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many rows there are.
    pub rows: usize,
    /// The rows that are not met, each with what was found instead.
    pub wrong: Vec<String>,
}

/// Checks every row of `table`, whose first line names the columns.
pub async fn check(catalog: &Catalog, table: &str) -> Result<Verdict, ExpectedError> {
    let mut verdict = Verdict::default();
    for (at, line) in table.lines().enumerate().skip(1).filter(|(_, line)| !line.is_empty()) {
        let fault = || ExpectedError::Row { line: at + 1, text: line.to_owned() };
        let [key, ars, level, offices, services] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(fault());
        };
        let place = ars.parse().map_err(|_: ArsError| fault())?;
        verdict.rows += 1;
        let found = catalog.responsible(&LeistungRef::parse(key), place).await?;
        let mut bodies: Vec<&str> =
            found.answers.iter().map(|answer| answer.organisationseinheit.id.as_str()).collect();
        bodies.sort_unstable();
        let at_level = |gebiet| Gebiete::nrw().level(gebiet).as_str() == level;
        // Those of Land and Bund are added to every answer; the table names those of the level that answers.
        let own = found.onlinedienste.iter().filter(|service| at_level(&service.gebiet));
        let mut addresses: Vec<&str> = own.map(|service| service.written.as_str()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let right = if offices == "?" {
            matches!(found.state, State::None | State::UnknownLeistung)
        } else {
            let levels = found.answers.iter().all(|answer| answer.level.as_str() == level);
            let addresses = if addresses.is_empty() { "-".to_owned() } else { addresses.join("|") };
            levels && bodies.join("|") == offices && addresses == services
        };
        if !right {
            verdict.wrong.push(format!("expected {line}, found {} {bodies:?} {addresses:?}", found.state.as_str()));
        }
    }
    Ok(verdict)
}

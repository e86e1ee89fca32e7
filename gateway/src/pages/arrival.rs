//! How a citizen came from a page of results: the question and the rank of the hit, in the address of the hit.
//!
//! That takes no cookie, no script and no detour: the address is right without them too, and is the canonical one. With
//! them the page has a way back to the results, and it can be counted which hits are opened (`crate::insights`).

use connectors::gebiet::Ars;

use super::address;
use super::results::{PAGES_MAX, PER_PAGE};
use super::sprache::Sprache;
use crate::api::params::{ParamError, Params};

/// Longest question that is carried along, in characters; behind it, hits have their plain address.
const FRAGE_MAX: usize = 120;

/// Where a citizen came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The question as it was understood: without its place.
    pub frage: String,
    /// The place of the hit among all, from 1.
    pub rang: u32,
}

impl Arrival {
    /// The parameters.
    pub const PARAMETERS: [&str; 2] = ["frage", "rang"];

    /// Reads both parameters; none where one is missing.
    pub fn read(params: &Params) -> Result<Option<Self>, ParamError> {
        let rang = params.number("rang", 1, PAGES_MAX * PER_PAGE)?.and_then(|rang| u32::try_from(rang).ok());
        Ok(params.text("frage")?.zip(rang).map(|(frage, rang)| Self { frage, rang }))
    }

    /// The address of a hit with the way that led there.
    pub fn link(href: &str, frage: &str, rang: usize) -> String {
        if frage.is_empty() || frage.chars().count() > FRAGE_MAX {
            return href.to_owned();
        }
        format!("{href}?frage={}&rang={rang}", address::segment(frage))
    }

    /// The page of results on which the hit stood.
    pub fn back(&self, place: Option<&Ars>, sprache: Sprache) -> String {
        let page = (self.rang as usize).div_ceil(PER_PAGE);
        sprache.path(&address::suche(&self.frage, place.map_or("", |ars| ars.as_str()), page))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Option<Arrival>, ParamError> {
        Arrival::read(&Params::tolerant(Some(query), &Arrival::PARAMETERS)?)
    }

    #[test]
    fn the_way_there_is_the_way_back() {
        let link = Arrival::link("/leistung/99/hund", "Hund & Katze", 11);
        assert_eq!(link, "/leistung/99/hund?frage=Hund%20%26%20Katze&rang=11");
        let arrival = read(link.split_once('?').unwrap().1).unwrap().unwrap();
        assert_eq!(arrival.back(None, Sprache::Deutsch), "/suche?q=Hund%20%26%20Katze&seite=2");
        let bochum: Ars = "05911".parse().unwrap();
        let first = Arrival { rang: 10, ..arrival };
        assert_eq!(first.back(Some(&bochum), Sprache::Deutsch), "/suche?q=Hund%20%26%20Katze&ort=059110000000");
    }

    #[test]
    fn an_address_without_a_way_is_a_plain_address() {
        assert_eq!(read("utm_source=brief").unwrap(), None);
        assert_eq!(read("frage=hund").unwrap(), None);
        assert_eq!(read("rang=1&frage=").unwrap(), None);
        assert_eq!(Arrival::link("/leistung/99/hund", "", 1), "/leistung/99/hund");
        assert_eq!(Arrival::link("/leistung/99/hund", &"ü".repeat(121), 1), "/leistung/99/hund");
        for (query, name) in [("rang=0&frage=a", "rang"), ("rang=1001", "rang"), ("frage=a&frage=b", "frage")] {
            assert_eq!(read(query).unwrap_err().name(), name, "{query}");
        }
    }
}

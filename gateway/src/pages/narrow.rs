//! Narrowing down the results: what is narrowed already with the way back, and what else would leave fewer of them.
//!
//! Plain links, so that it works without scripts, and few of them: what would leave all or nothing is left out.

use connectors::leika::{Lebenslage, Leika};
use indexer::catalog::{Facet, SearchAnswer};

use super::address;
use super::sprache::Sprache;
use super::view::SearchForm;
use crate::api::params::{ParamError, Params};

/// How many Lebenslagen are offered, the most frequent ones.
const MAX_LEBENSLAGEN: usize = 6;
/// The field of what belongs to every Lebenslage and therefore tells nobody anything.
pub(super) const QUERSCHNITT: &str = "Querschnitt";

/// What the results are narrowed down by now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// What can be done online, or what cannot.
    pub online: Option<bool>,
    /// Code of a Leistungsadressat.
    pub adressat: Option<String>,
    /// What stands under this Lebenslage.
    pub lebenslage: Option<&'static Lebenslage>,
}

impl Filters {
    /// The parameters that it reads.
    pub const NAMES: [&str; 3] = ["online", "adressat", "lebenslage"];

    /// Reads them from a query.
    pub fn read(params: &Params) -> Result<Self, ParamError> {
        Ok(Self {
            online: params.flag("online")?,
            adressat: params.text("adressat")?,
            lebenslage: params.lebenslage("lebenslage")?,
        })
    }

    /// The address of the results for a question, narrowed down like this.
    pub fn suche(&self, q: &str, ort: &str, seite: usize) -> String {
        let mut target = address::suche(q, ort, seite);
        let online = self.online.map(|online| online.to_string());
        let given = [
            ("online", online.as_deref()),
            ("adressat", self.adressat.as_deref()),
            ("lebenslage", self.lebenslage.map(|one| one.code)),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                target.push(if target.contains('?') { '&' } else { '?' });
                target.push_str(&format!("{name}={}", address::segment(value)));
            }
        }
        target
    }
}

/// A narrowing that holds, with the way back.
#[derive(Debug, PartialEq, Eq)]
pub struct Aktiv {
    /// "Nur Online-Angebote."
    pub text: String,
    /// "Alle anzeigen"
    pub back: &'static str,
    /// Where that leads.
    pub href: String,
}

/// A way to see fewer results.
#[derive(Debug, PartialEq, Eq)]
pub struct Weg {
    /// What is left then.
    pub text: String,
    /// How many.
    pub count: usize,
    /// Where it leads.
    pub href: String,
}

/// All of it, for one page of results.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Eingrenzung {
    /// What holds.
    pub aktiv: Vec<Aktiv>,
    /// What can be done online, and what cannot.
    pub online: Vec<Weg>,
    /// Whom it is for.
    pub adressaten: Vec<Weg>,
    /// In which situation, the most frequent first.
    pub lebenslagen: Vec<Weg>,
}

impl Eingrenzung {
    /// Of an answer that was narrowed down by `filters`, to what was typed.
    pub fn of(answer: &SearchAnswer, filters: &Filters, form: &SearchForm, sprache: Sprache) -> Self {
        let texts = &sprache.texts().results;
        let adressat = sprache.texts().words.adressat;
        let to = |filters: Filters| sprache.path(&filters.suche(&form.q, &form.ort, 1));
        let mut aktiv = Vec::new();
        if let Some(online) = filters.online {
            let [yes, no, back] = texts.only_online;
            let text = if online { yes } else { no };
            let href = to(Filters { online: None, ..filters.clone() });
            aktiv.push(Aktiv { text: text.to_owned(), back, href });
        }
        if let Some(code) = &filters.adressat {
            let text = (texts.only_for)(adressat(code).unwrap_or(code));
            let href = to(Filters { adressat: None, ..filters.clone() });
            aktiv.push(Aktiv { text, back: texts.for_all, href });
        }
        if let Some(lebenslage) = filters.lebenslage {
            let href = to(Filters { lebenslage: None, ..filters.clone() });
            let text = (texts.only_situation)(lebenslage.name);
            aktiv.push(Aktiv { text, back: texts.all_situations, href });
        }
        // What leaves all or nothing is no way to see fewer.
        let facets = |name: &'static str| {
            let splits = move |facet: &&Facet| facet.name == name && facet.count > 0 && facet.count < answer.total;
            answer.facets.iter().filter(splits)
        };
        let way = |facet: &Facet, text: String, filters| Weg { text, count: facet.count, href: to(filters) };
        let online = facets("online").filter(|_| filters.online.is_none()).map(|facet| {
            let wanted = facet.value == "true";
            let text = texts.narrow_online[usize::from(!wanted)].to_owned();
            way(facet, text, Filters { online: Some(wanted), ..filters.clone() })
        });
        let adressaten = facets("adressat").filter(|_| filters.adressat.is_none()).filter_map(|facet| {
            let name = adressat(&facet.value)?;
            let filters = Filters { adressat: Some(facet.value.clone()), ..filters.clone() };
            Some(way(facet, (texts.narrow_for)(name), filters))
        });
        let lebenslagen = facets("lebenslage").filter(|_| filters.lebenslage.is_none()).filter_map(|facet| {
            let lebenslage = Leika::built_in().lebenslage(&facet.value)?;
            let filters = Filters { lebenslage: Some(lebenslage), ..filters.clone() };
            (lebenslage.themenfeld != QUERSCHNITT).then(|| way(facet, lebenslage.name.to_owned(), filters))
        });
        let mut lebenslagen: Vec<Weg> = lebenslagen.collect();
        lebenslagen.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        lebenslagen.truncate(MAX_LEBENSLAGEN);
        Self { aktiv, online: online.collect(), adressaten: adressaten.collect(), lebenslagen }
    }

    /// True when there is more to narrow down by than what is online.
    pub fn more(&self) -> bool {
        !self.adressaten.is_empty() || !self.lebenslagen.is_empty()
    }
}

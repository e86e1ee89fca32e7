//! The register of the areas of Nordrhein-Westfalen, and how a typed text is read as one of them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::words::{self, Word};
use super::{Ars, Level};

/// One area of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gebiet {
    /// Its key.
    pub ars: Ars,
    /// Its level; a town that is its own Kreis is a Gemeinde.
    pub level: Level,
    /// Its name as it is shown: `Bochum`, `Kreis Borken`.
    pub name: String,
    /// The area it lies in.
    pub parent: Option<Ars>,
    /// Its postal codes, sorted.
    pub plz: Vec<String>,
    /// Inhabitants at the end of 2019; 0 where not given.
    pub inhabitants: u64,
    /// Its website, state 2019, not checked.
    pub web: Option<String>,
}

/// What a text turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// One area.
    One(Arc<Gebiet>),
    /// Several that it could be, the most populous first.
    Several(Vec<Arc<Gebiet>>),
    /// None that we know.
    Unknown,
}

/// The areas of Nordrhein-Westfalen, the Land and the Bund.
///
/// The Landschaftsverbaende have no ARS and are left out: nothing can be addressed to them by area.
#[derive(Debug)]
pub struct Gebiete {
    all: Vec<Arc<Gebiet>>,
    by_ars: HashMap<Ars, usize>,
    /// Folded name to the areas that are called so, the preferred first.
    by_name: HashMap<String, Vec<usize>>,
    by_plz: HashMap<String, Vec<usize>>,
}

#[derive(Deserialize)]
struct Row {
    ars: String,
    ebene: String,
    name: String,
    kurzname: String,
    parent: String,
    einwohner_2019: String,
    web: String,
}

/// Names of Gemeinden that are also everyday words: `hallo aus essen` is a place, `essen auf raedern` is none.
const EVERYDAY: &[&str] = &[
    "alpen", "buende", "enger", "essen", "halle", "heiden", "kamen", "lage", "loehne", "much", "senden", "siegen",
    "wenden", "werther", "wetter",
];
/// Words behind which a name is meant as a place.
const BEFORE_PLACES: &[&str] = &["in", "bei", "aus", "nach", "fuer", "stadt", "gemeinde", "zu"];
/// Words that belong to the place that follows and say nothing by themselves.
const PART_OF_PLACE: &[&str] = &["in", "bei", "aus", "stadt", "gemeinde", "der"];

/// Words before the name of a Gemeinde that speaks.
const SPEAKS: &[&str] = &[
    "stadt",
    "gemeinde",
    "kreisstadt",
    "hansestadt",
    "bundesstadt",
    "universitaetsstadt",
    "landeshauptstadt",
    "rathaus",
    "stadtverwaltung",
    "gemeindeverwaltung",
];

static NRW: LazyLock<Arc<Gebiete>> = LazyLock::new(|| {
    let areas = include_str!("../../data/nrw-gebiete.csv");
    let codes = include_str!("../../data/nrw-plz.csv");
    Arc::new(Gebiete::from_csv(areas, codes).expect("the register that ships with the program is checked by a test"))
});

impl Gebiete {
    /// The register that ships with the program. Source and licence: `connectors/data/README.md`.
    pub fn nrw() -> Arc<Gebiete> {
        Arc::clone(&NRW)
    }

    fn from_csv(areas: &str, codes: &str) -> Result<Self, csv::Error> {
        let mut plz_of: HashMap<String, Vec<String>> = HashMap::new();
        for pair in csv::Reader::from_reader(codes.as_bytes()).deserialize() {
            let (plz, ars): (String, String) = pair?;
            plz_of.entry(ars).or_default().push(plz);
        }
        let mut all = Vec::new();
        let mut names = Vec::new();
        for row in csv::Reader::from_reader(areas.as_bytes()).deserialize() {
            let row: Row = row?;
            let (Ok(ars), Some(level)) = (row.ars.parse::<Ars>(), level_of(&row.ebene)) else { continue };
            let name = if level == Level::Gemeinde { row.kurzname.clone() } else { row.name.clone() };
            let mut plz = plz_of.remove(&row.ars).unwrap_or_default();
            plz.sort();
            names.push((row.name, row.kurzname));
            all.push(Arc::new(Gebiet {
                ars,
                level,
                name,
                parent: row.parent.parse().ok(),
                plz,
                inhabitants: row.einwohner_2019.parse().unwrap_or(0),
                web: Some(row.web).filter(|web| !web.is_empty()),
            }));
        }
        let mut register = Self { all, by_ars: HashMap::new(), by_name: HashMap::new(), by_plz: HashMap::new() };
        for (at, (name, short)) in names.iter().enumerate() {
            register.name_area(at, name, short);
        }
        for (at, area) in register.all.iter().enumerate() {
            register.by_ars.insert(area.ars, at);
            for plz in &area.plz {
                register.by_plz.entry(plz.clone()).or_default().push(at);
            }
        }
        let all = &register.all;
        for called in register.by_name.values_mut() {
            called.sort_by_key(|at| (std::cmp::Reverse(all[*at].level), std::cmp::Reverse(all[*at].inhabitants)));
            called.dedup();
            // The town, not the Kreis or Regierungsbezirk that is named after it.
            if all[called[0]].level == Level::Gemeinde {
                called.retain(|at| all[*at].level == Level::Gemeinde);
            }
        }
        Ok(register)
    }

    fn name_area(&mut self, at: usize, name: &str, short: &str) {
        let without_addition = short.split(" (").next().unwrap_or(short);
        let without_river = [" an der ", " am "].iter().find_map(|word| Some(short.split_once(word)?.0));
        for form in [name, short, without_addition].into_iter().chain(without_river) {
            for key in [words::key(form), words::key_without_dots(form)] {
                self.by_name.entry(key).or_default().push(at);
            }
        }
    }

    /// Every area, the Bund first.
    pub fn all(&self) -> &[Arc<Gebiet>] {
        &self.all
    }

    /// The area of a key.
    pub fn get(&self, ars: &Ars) -> Option<&Arc<Gebiet>> {
        self.by_ars.get(ars).map(|at| &self.all[*at])
    }

    /// The level of an area, by the register; for areas that it does not hold by the digits that say something.
    pub fn level(&self, ars: &Ars) -> Level {
        self.get(ars).map_or_else(
            || match ars.level_end() {
                0 => Level::Bund,
                2 => Level::Land,
                3 => Level::Regierungsbezirk,
                5 => Level::Kreis,
                9 => Level::Verband,
                _ => Level::Gemeinde,
            },
            |area| area.level,
        )
    }

    /// Reads a whole text as a name, a postal code or an ARS.
    pub fn read(&self, text: &str) -> Reading {
        let text = text.trim();
        if let Some(area) = text.parse::<Ars>().ok().filter(|_| text.len() != 5).and_then(|ars| self.get(&ars)) {
            return Reading::One(Arc::clone(area));
        }
        let words = words::words(text);
        if let Some(found) = words.iter().find_map(|word| self.by_plz.get(&word.folded)) {
            // A name beside the code decides between two Gemeinden with one code.
            let named = found.iter().filter(|at| text.contains(&self.all[**at].name)).copied().collect::<Vec<_>>();
            return self.reading(if named.len() == 1 { &named } else { found });
        }
        let key = words::key(text);
        let tail = PART_OF_PLACE.iter().find_map(|word| key.strip_prefix(word)?.strip_prefix(' '));
        let found = self.by_name.get(&key).or_else(|| self.by_name.get(tail?));
        found.map_or(Reading::Unknown, |found| self.reading(found))
    }

    fn reading(&self, found: &[usize]) -> Reading {
        match found {
            [] => Reading::Unknown,
            [one] => Reading::One(Arc::clone(&self.all[*one])),
            several => {
                let mut areas: Vec<_> = several.iter().map(|at| Arc::clone(&self.all[*at])).collect();
                areas.sort_by_key(|area| std::cmp::Reverse(area.inhabitants));
                Reading::Several(areas)
            }
        }
    }

    /// Areas with a name that begins like `text`, or a postal code that does; the most populous first. The Bund and
    /// the Land are found by their whole name only.
    pub fn starting_with(&self, text: &str, limit: usize) -> Vec<Arc<Gebiet>> {
        let key = words::key(text);
        if key.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<usize> = if key.bytes().all(|byte| byte.is_ascii_digit()) {
            let codes = self.by_plz.iter().filter(|(plz, _)| plz.starts_with(&key));
            let keys = self.by_ars.iter().filter(|(ars, _)| key.len() > 5 && ars.as_str().starts_with(&key));
            codes.flat_map(|(_, found)| found.iter().copied()).chain(keys.map(|(_, at)| *at)).collect()
        } else {
            let begins = |name: &str| name == key || (name.starts_with(&key) && key.len() > 1);
            self.by_name.iter().filter(|(name, _)| begins(name)).flat_map(|(_, found)| found.iter().copied()).collect()
        };
        found.sort_by_key(|at| {
            let area = &self.all[*at];
            (area.level != Level::Gemeinde, std::cmp::Reverse(area.inhabitants), *at)
        });
        found.dedup();
        let wide =
            |at: &usize| self.all[*at].level > Level::Land || self.by_name.get(&key).is_some_and(|f| f.contains(at));
        found.into_iter().filter(wide).take(limit).map(|at| Arc::clone(&self.all[at])).collect()
    }

    /// Finds the place that a question names, and the question without it.
    ///
    /// A postal code wins over a name, a longer name over a shorter one, a later over an earlier. A Gemeinde whose
    /// name is an everyday word counts where the question shows that a place is meant.
    pub fn in_query(&self, query: &str) -> (String, Option<Reading>) {
        let words = words::words(query);
        let Some((first, last, found)) = self.named_in(&words) else { return (query.trim().to_owned(), None) };
        let mut from = first;
        while from > 0 && PART_OF_PLACE.contains(&words[from - 1].folded.as_str()) {
            from -= 1;
        }
        let before = query.get(..words[from].from).unwrap_or_default();
        let after = query.get(words[last].to..).unwrap_or_default().trim_start_matches([',', ')', '.', '?', '!']);
        let rest = format!("{} {}", before.trim_end_matches([' ', ',', '(']), after);
        (rest.split_whitespace().collect::<Vec<_>>().join(" "), Some(self.reading(&found)))
    }

    /// The Gemeinden that a heading says to speak for: `Stadt Herne`, `Rathaus Alpen`. A name alone says nothing: the
    /// page of one town may well be about another.
    pub fn speaking(&self, heading: &str) -> Vec<Ars> {
        let words = words::words(heading);
        let mut found = Vec::new();
        for at in (1..words.len()).filter(|at| SPEAKS.contains(&words[at - 1].folded.as_str())) {
            let longest = (at + 1..=words.len().min(at + 4)).rev();
            let named = longest.into_iter().find_map(|end| {
                let behind = heading.get(words[end - 1].to..).unwrap_or_default();
                // `Stadt Essen-Kettwig` is a part of a town, `Stadt Wetter (Hessen)` another one.
                let whole = !behind.starts_with('-') && !behind.trim_start().starts_with('(');
                self.by_name.get(&join(&words[at..end])).filter(|_| whole)
            });
            let towns = named.into_iter().flatten().map(|at| &self.all[*at]);
            found.extend(towns.filter(|area| area.level == Level::Gemeinde).map(|area| area.ars));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn named_in(&self, words: &[Word]) -> Option<(usize, usize, Vec<usize>)> {
        let code = |word: &Word| self.by_plz.get(&word.folded).cloned();
        if let Some((at, found)) = words.iter().enumerate().rev().find_map(|(at, word)| Some((at, code(word)?))) {
            // "44787 Bochum": the name behind the code belongs to the place and decides where two share the code.
            let mut last = at;
            let mut chosen = found.clone();
            for end in at + 1..words.len().min(at + 5) {
                let name = join(&words[at + 1..=end]);
                if let Some(named) = self.by_name.get(&name) {
                    let both: Vec<_> = named.iter().filter(|area| found.contains(area)).copied().collect();
                    if !both.is_empty() {
                        (last, chosen) = (end, both);
                    }
                }
            }
            return Some((at, last, chosen));
        }
        let key = words.iter().enumerate().rev().find_map(|(at, word)| {
            let ars = Some(&word.folded).filter(|text| text.len() == 12)?.parse().ok()?;
            Some((at, at, vec![*self.by_ars.get(&ars)?]))
        });
        if key.is_some() {
            return key;
        }
        for length in (1..=words.len().min(4)).rev() {
            for first in (0..=words.len() - length).rev() {
                let last = first + length - 1;
                let Some(found) = self.by_name.get(&join(&words[first..=last])) else { continue };
                if self.all[found[0]].level == Level::Bund || (length == 1 && !meant_as_place(words, first)) {
                    continue;
                }
                return Some((first, last, found.clone()));
            }
        }
        None
    }
}

/// Whether the name at `at` is meant as a place: always, but for everyday words, which need a word that says so, the
/// last place in the question, or to stand alone.
fn meant_as_place(words: &[Word], at: usize) -> bool {
    let behind_preposition = at > 0 && BEFORE_PLACES.contains(&words[at - 1].folded.as_str());
    !EVERYDAY.contains(&words[at].folded.as_str()) || behind_preposition || at + 1 == words.len()
}

fn join(words: &[Word]) -> String {
    words.iter().map(|word| word.folded.as_str()).collect::<Vec<_>>().join(" ")
}

fn level_of(ebene: &str) -> Option<Level> {
    Some(match ebene {
        "Bund" => Level::Bund,
        "Land" => Level::Land,
        "Regierungsbezirk" => Level::Regierungsbezirk,
        "Kreis" => Level::Kreis,
        "Gemeinde" => Level::Gemeinde,
        _ => return None,
    })
}

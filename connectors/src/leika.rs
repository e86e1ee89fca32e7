//! What the catalogues say of a Leistungsschluessel: its official name, its OZG-Leistung and its Lebenslage.
//!
//! LeiKa and OZG of October 2019, as they ship with the program. A portal calls a Leistung what it likes; by the key it
//! is found by its official names too, and stands under its Lebenslage. A key that is not in the tables is no fault:
//! the catalogue grew since. Source and licence: `connectors/data/README.md`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::ids::Leistungsschluessel;

/// A situation in the life of a person or a business, by which the OZG orders its Leistungen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lebenslage {
    /// What stands for it in addresses and parameters: `a-z`, `0-9` and `-`.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The field that it belongs to; `Querschnitt` for what belongs to none.
    pub themenfeld: &'static str,
}

/// One name of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eintrag {
    /// The key.
    pub schluessel: Leistungsschluessel,
    /// The name in the LeiKa.
    pub name: &'static str,
    /// The OZG-Leistung that it belongs to, where there is one.
    pub ozg: Option<OzgLeistung>,
    /// Who regulates it and who executes it.
    pub typisierung: Typisierung,
}

/// The codes of Typisierung that a Leistung has: `1` the Bund does all, `2` and `3` the Bund regulates and Land or
/// Kommune execute, `4` the Land regulates, `5` the Kommune does, `6` and `7` are for something else. None is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typisierung(&'static str);

impl Typisierung {
    /// The codes, a digit each, in their order.
    pub fn codes(self) -> &'static str {
        self.0
    }

    /// True when Land or Kommune execute it, so that people look for it in their town.
    pub fn is_done_in_the_land(self) -> bool {
        self.0.contains(['2', '3', '4', '5'])
    }
}

/// What the OZG calls a bundle of Leistungen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OzgLeistung {
    /// Its name.
    pub name: &'static str,
    /// Where it stands.
    pub lebenslage: &'static str,
}

/// The catalogues.
#[derive(Debug)]
pub struct Leika {
    /// By key, then by name.
    eintraege: Vec<Eintrag>,
    /// By code.
    lebenslagen: Vec<Lebenslage>,
}

/// A table that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{table}: `{line}` is wrong, names what is not there, or stands in the wrong place")]
struct TableError {
    table: &'static str,
    line: String,
}

static BUILT_IN: LazyLock<Leika> = LazyLock::new(|| {
    let keys = include_str!("../data/leika.tsv");
    let ozg = include_str!("../data/ozg-leistungen.tsv");
    let lebenslagen = include_str!("../data/lebenslagen.tsv");
    Leika::read(keys, ozg, lebenslagen).expect("the tables that ship with the program are checked by a test")
});

impl Leika {
    /// The catalogues that ship with the program; read once.
    pub fn built_in() -> &'static Leika {
        &BUILT_IN
    }

    fn read(keys: &'static str, ozg: &'static str, lebenslagen: &'static str) -> Result<Self, TableError> {
        let mut read = Self { eintraege: Vec::new(), lebenslagen: Vec::new() };
        for (line, [code, name, themenfeld]) in rows("lebenslagen.tsv", lebenslagen)? {
            read.lebenslagen.push(Lebenslage { code, name, themenfeld });
            sorted(&read.lebenslagen, |one| one.code, "lebenslagen.tsv", line)?;
        }
        let mut by_id = HashMap::new();
        for (line, [id, lebenslage, name]) in rows("ozg-leistungen.tsv", ozg)? {
            let fault = || TableError { table: "ozg-leistungen.tsv", line: line.to_owned() };
            read.lebenslage(lebenslage).ok_or_else(fault)?;
            by_id.insert(id, OzgLeistung { name, lebenslage });
        }
        for (line, [key, id, codes, name]) in rows("leika.tsv", keys)? {
            let fault = || TableError { table: "leika.tsv", line: line.to_owned() };
            let schluessel = key.parse().map_err(|_| fault())?;
            let ozg = if id == "-" { None } else { Some(*by_id.get(id).ok_or_else(fault)?) };
            let typisierung = Typisierung(if codes == "-" { "" } else { codes });
            if !typisierung.codes().bytes().all(|code| (b'1'..=b'7').contains(&code)) {
                return Err(fault());
            }
            read.eintraege.push(Eintrag { schluessel, name, ozg, typisierung });
            sorted(&read.eintraege, |one| (one.schluessel, one.name), "leika.tsv", line)?;
        }
        Ok(read)
    }

    /// What is known of a key, one entry for each name that it has or had; empty for a key that is not in the tables.
    pub fn of(&self, schluessel: Leistungsschluessel) -> &[Eintrag] {
        let from = self.eintraege.partition_point(|one| one.schluessel < schluessel);
        let until = self.eintraege.partition_point(|one| one.schluessel <= schluessel);
        self.eintraege.get(from..until).unwrap_or_default()
    }

    /// True when the catalogue has the key.
    pub fn knows(&self, schluessel: Leistungsschluessel) -> bool {
        !self.of(schluessel).is_empty()
    }

    /// All entries, by key.
    pub fn all(&self) -> &[Eintrag] {
        &self.eintraege
    }

    /// The names of a key: those of the LeiKa, then those of its OZG-Leistung; each once.
    pub fn names(&self, schluessel: Leistungsschluessel) -> Vec<&'static str> {
        let entries = self.of(schluessel);
        let mut names = Vec::new();
        let ozg = entries.iter().filter_map(|one| one.ozg.map(|ozg| ozg.name));
        for name in entries.iter().map(|one| one.name).chain(ozg) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The Lebenslage of a code.
    pub fn lebenslage(&self, code: &str) -> Option<&Lebenslage> {
        let at = self.lebenslagen.binary_search_by_key(&code, |one| one.code).ok()?;
        self.lebenslagen.get(at)
    }

    /// Every Lebenslage, by code.
    pub fn lebenslagen(&self) -> &[Lebenslage] {
        &self.lebenslagen
    }
}

/// A line of a table, and its fields.
type Row<const FIELDS: usize> = (&'static str, [&'static str; FIELDS]);

/// The rows of a table, without what stands above them.
fn rows<const FIELDS: usize>(table: &'static str, text: &'static str) -> Result<Vec<Row<FIELDS>>, TableError> {
    let row = |line: &'static str| {
        let fields = <[&str; FIELDS]>::try_from(line.split('\t').collect::<Vec<_>>());
        match fields {
            Ok(fields) if fields.iter().all(|field| !field.is_empty() && field.trim() == *field) => Ok((line, fields)),
            _ => Err(TableError { table, line: line.to_owned() }),
        }
    };
    text.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

/// Fails unless the last of `all` comes behind the one before.
fn sorted<T, K: Ord>(all: &[T], key: impl Fn(&T) -> K, table: &'static str, line: &str) -> Result<(), TableError> {
    match all {
        [.., before, last] if key(before) >= key(last) => Err(TableError { table, line: line.to_owned() }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEBENSLAGEN: &str = "# Kopf\ntierhaltung\tTierhaltung\tEngagement & Hobby\nwohnen\tWohnen\tBauen\n";
    const OZG: &str = "1\ttierhaltung\tHundesteuer\n2\twohnen\tMelden\n";
    const KEYS: &str =
        "99001001000000\t1\t23\tHund\n99001001000000\t2\t23\tHundehaltung\n99001002000000\t-\t-\tAnzeige\n";

    #[test]
    fn the_tables_that_ship_are_whole() {
        let leika = Leika::built_in();
        assert_eq!((leika.eintraege.len(), leika.lebenslagen().len()), (4813, 55));
        let plain = |code: &str| code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        assert!(leika.lebenslagen().iter().all(|one| plain(one.code)));
        let (fields, with): (std::collections::BTreeSet<_>, usize) = (
            leika.lebenslagen().iter().map(|one| one.themenfeld).collect(),
            leika.eintraege.iter().filter(|one| one.ozg.is_some()).count(),
        );
        assert_eq!((fields.len(), with), (14, 4797));
    }

    #[test]
    fn a_key_leads_to_its_names_and_its_lebenslage() {
        let leika = Leika::built_in();
        let key = "99001001002000".parse().unwrap();
        assert_eq!(leika.names(key), ["Abfallgebühr Festsetzung", "Abfallentsorgung"]);
        let lebenslage = leika.lebenslage(leika.of(key)[0].ozg.unwrap().lebenslage).unwrap();
        assert_eq!((lebenslage.name, lebenslage.themenfeld), ("Wohnen & Umzug", "Bauen & Wohnen"));
        assert!(leika.names("99999999999999".parse().unwrap()).is_empty());
        assert!(leika.of("99000000000000".parse().unwrap()).is_empty());
        assert_eq!(leika.lebenslage("Wohnen & Umzug"), None, "codes, not names");
    }

    #[test]
    fn a_key_that_was_renamed_has_both_names() {
        let leika = Leika::read(KEYS, OZG, LEBENSLAGEN).unwrap();
        let names = |key: &str| leika.names(key.parse().unwrap());
        assert_eq!(names("99001001000000"), ["Hund", "Hundehaltung", "Hundesteuer", "Melden"]);
        assert_eq!(names("99001002000000"), ["Anzeige"]);
        let here = |key: &str| leika.of(key.parse().unwrap())[0].typisierung.is_done_in_the_land();
        assert!(here("99001001000000") && !here("99001002000000"));
    }

    #[track_caller]
    fn check_fault(keys: &'static str, ozg: &'static str, lebenslagen: &'static str, table: &str) {
        let fault = Leika::read(keys, ozg, lebenslagen).unwrap_err();
        assert_eq!(fault.table, table, "{fault}");
    }

    #[test]
    fn a_table_that_is_not_whole_is_said() {
        check_fault("1\t1\t1\tHund", OZG, LEBENSLAGEN, "leika.tsv");
        check_fault("99001001000000\t3\t23\tHund", OZG, LEBENSLAGEN, "leika.tsv");
        check_fault("99001001000000\t1\t8\tHund", OZG, LEBENSLAGEN, "leika.tsv");
        check_fault("99001001000000\t1\t23\tHund\tmehr", OZG, LEBENSLAGEN, "leika.tsv");
        check_fault("99001002000000\t1\t-\tB\n99001001000000\t1\t-\tA", OZG, LEBENSLAGEN, "leika.tsv");
        check_fault(KEYS, "1\tanders\tHundesteuer", LEBENSLAGEN, "ozg-leistungen.tsv");
        check_fault(KEYS, OZG, "b\tB\tX\na\tA\tX", "lebenslagen.tsv");
        check_fault(KEYS, OZG, "a\t\tX", "lebenslagen.tsv");
    }
}

//! Accounts for online services that cannot be used any more, and texts that still name one.
//!
//! The list is data, `connectors/data/konten.tsv`, with the last day of each account: a text is at fault from the day
//! after. Source: `connectors/data/README.md`.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// An account that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Konto {
    /// Its name.
    pub name: &'static str,
    /// How texts write it, in lower case.
    written: Vec<&'static str>,
    /// The last day on which it could be used.
    pub until: Date,
}

static ALL: LazyLock<Vec<Konto>> = LazyLock::new(|| {
    read(include_str!("../data/konten.tsv")).expect("the list that ships with the program is checked by a test")
});

fn read(table: &'static str) -> Option<Vec<Konto>> {
    let rows = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let konto = |row: &'static str| {
        let mut cells = row.split('\t');
        let (name, written, until) = (cells.next()?, cells.next()?, cells.next()?.parse().ok()?);
        Some(Konto { name, written: written.split(" | ").collect(), until })
    };
    rows.map(konto).collect()
}

/// The first account that one of `texts` names and that had ended at `now`.
pub fn ended<'a>(texts: impl Iterator<Item = &'a str>, now: Timestamp) -> Option<&'static Konto> {
    let texts: Vec<String> = texts.map(str::to_lowercase).collect();
    let today = now.to_zoned(TimeZone::UTC).date();
    let named = |konto: &&Konto| konto.written.iter().any(|words| texts.iter().any(|text| text.contains(words)));
    ALL.iter().filter(|konto| konto.until < today).find(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_dead_from_the_day_after_its_last() {
        let at = |text: &str, now: &str| ended([text].into_iter(), now.parse().unwrap()).map(|konto| konto.name);
        let named = "Melden Sie sich mit dem Servicekonto.NRW an.";
        assert_eq!(at(named, "2026-11-02T00:00:00Z"), Some("Servicekonto.NRW"));
        assert_eq!(at("Das SERVICEKONTO NRW", "2024-08-01T00:00:00Z"), Some("Servicekonto.NRW"));
        assert_eq!(at(named, "2024-07-31T23:00:00Z"), None);
        assert_eq!(at("Das Nutzerkonto BundID", "2026-11-02T00:00:00Z"), None);
    }

    #[test]
    fn the_list_is_whole() {
        assert!(!ALL.is_empty());
        for konto in ALL.iter() {
            let lower = konto.written.iter().all(|words| words.to_lowercase() == **words && words.len() > 4);
            assert!(lower, "{konto:?}");
        }
    }
}

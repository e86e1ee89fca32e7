//! The report as a table: a line for each Leistung, the worst first.

use indexer::catalog::report::{Entry, Report};

use super::words;
use crate::pages::words::date_iso;
use crate::table::{self, defused};

/// The columns.
const HEADER: [&str; 17] = [
    "leistungsschluessel",
    "leistung",
    "portale_im_verbund",
    "text_von",
    "text_eigen",
    "text_geaendert",
    "stelle",
    "stelle_ebene",
    "onlinedienst",
    "adresse_antwortet",
    "stelle_eingetragen",
    "fit_connect_eindeutig",
    "datenschutzerklaerung",
    "schluessel_gueltig",
    "maengel",
    "was_fehlt",
    "was_hilft",
];

/// The whole report.
pub(crate) fn csv(report: &Report) -> String {
    table::csv(HEADER, report.entries.iter().map(cells))
}

fn cells(entry: &Entry) -> [String; HEADER.len()] {
    let text = entry.text.as_ref();
    let [address, stelle, fit_connect, privacy, key] =
        entry.checks.named().map(|(_, check)| words::answer(check).to_owned());
    let joined = |parts: Vec<String>| defused(&parts.join(" | "));
    [
        entry.schluessel.map(|key| key.to_string()).unwrap_or_default(),
        defused(&entry.name),
        entry.described_by.to_string(),
        text.map(|text| defused(&text.leistung.portal_name)).unwrap_or_default(),
        text.map(|text| if text.own { "ja" } else { "nein" }.to_owned()).unwrap_or_default(),
        text.and_then(|text| text.leistung.changed).map(date_iso).unwrap_or_default(),
        joined(entry.stellen.iter().map(|stelle| stelle.name.clone()).collect()),
        joined(entry.stellen.iter().map(|stelle| stelle.level.as_str().to_owned()).collect()),
        joined(entry.onlinedienste.iter().map(|one| one.written.clone()).collect()),
        address,
        stelle,
        fit_connect,
        privacy,
        key,
        entry.gaps.iter().map(|gap| gap.code()).collect::<Vec<_>>().join(" "),
        joined(entry.gaps.iter().map(words::sentence).collect()),
        joined(entry.gaps.iter().map(|gap| words::mend(gap).to_owned()).collect()),
    ]
}

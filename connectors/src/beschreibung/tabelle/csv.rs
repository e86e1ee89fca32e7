//! CSV as spreadsheets write it.

use std::borrow::Cow;

use super::{MAX_CELL, MAX_COLUMNS, MAX_ROWS, Row, limit};
use crate::finding::{Finding, Rule};

/// The rows, and the doubt about their encoding where there is one.
pub(super) fn rows(bytes: &[u8]) -> Result<(Vec<Row>, Option<Finding>), Finding> {
    let (text, doubt) = decoded(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(&text))
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for (number, record) in (1..).zip(reader.records()) {
        let record = record.map_err(|error| Finding::new(Rule::TableUnreadable).value(error.to_string()))?;
        if number > MAX_ROWS {
            return Err(limit(format!("mehr als {MAX_ROWS} Zeilen")));
        }
        if record.len() > MAX_COLUMNS {
            return Err(limit(format!("mehr als {MAX_COLUMNS} Spalten in Zeile {number}")));
        }
        if record.iter().any(|cell| cell.chars().count() > MAX_CELL) {
            return Err(limit(format!("mehr als {MAX_CELL} Zeichen in einer Zelle der Zeile {number}")));
        }
        rows.push(Row { number, cells: record.iter().map(str::to_owned).collect() });
    }
    Ok((rows, doubt))
}

fn decoded(bytes: &[u8]) -> (Cow<'_, str>, Option<Finding>) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(_) => {
            let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
            (text, Some(Finding::new(Rule::TableEncoding)))
        }
    }
}

/// What separates the names of the first line; of several the one that stands there most often.
fn delimiter(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    let count = |mark: u8| head.bytes().filter(|byte| *byte == mark).count();
    [b',', b'\t', b';'].into_iter().max_by_key(|mark| count(*mark)).unwrap_or(b';')
}

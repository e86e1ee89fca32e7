//! XLSX: a ZIP of XML files, so that a few bytes can claim to be very many.
//!
//! Every piece is inflated once and thrown away before anything reads it, so that what the reader can take in is
//! bounded by what is really there, whatever the file says of itself; then cells are taken one by one, and a cell far
//! out costs nothing.

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, Xlsx};
use zip::ZipArchive;

use super::{MAX_CELL, MAX_COLUMNS, MAX_ROWS, Row, limit};
use crate::finding::{Finding, Rule};

/// Bytes of all pieces together, inflated.
const MAX_INFLATED: u64 = 64 << 20;
/// Pieces in the ZIP.
const MAX_PIECES: usize = 1_000;

pub(super) fn rows(bytes: &[u8]) -> Result<Vec<Row>, Finding> {
    bounded(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let sheet = book.sheet_names().first().cloned().ok_or_else(|| unreadable("sie hat kein Blatt"))?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(unreadable)?;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        let (row, column) = cell.get_position();
        let text = shown(cell.get_value());
        // Cells that are formatted and empty reach to the end of the sheet in many files.
        if text.trim().is_empty() {
            continue;
        }
        let (number, column) = (u64::from(row) + 1, column as usize);
        if number > MAX_ROWS {
            return Err(limit(format!("mehr als {MAX_ROWS} Zeilen")));
        }
        if column >= MAX_COLUMNS {
            return Err(limit(format!("mehr als {MAX_COLUMNS} Spalten in Zeile {number}")));
        }
        if text.chars().count() > MAX_CELL {
            return Err(limit(format!("mehr als {MAX_CELL} Zeichen in einer Zelle der Zeile {number}")));
        }
        // Rows that are not in order, or there twice, are no sheet that a spreadsheet wrote.
        match rows.last() {
            Some(last) if last.number > number => {
                return Err(unreadable(format!("Zeile {number} steht nach Zeile {}", last.number)));
            }
            Some(last) if last.number == number => {}
            _ => rows.push(Row { number, cells: Vec::new() }),
        }
        let row = rows.last_mut().expect("one was pushed where there was none");
        if row.cells.len() <= column {
            row.cells.resize(column + 1, String::new());
        }
        row.cells[column] = text;
    }
    Ok(rows)
}

/// Inflates everything and keeps nothing of it.
fn bounded(bytes: &[u8]) -> Result<(), Finding> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    if archive.len() > MAX_PIECES {
        return Err(limit(format!("{} Teile in der Datei", archive.len())));
    }
    let mut left = MAX_INFLATED;
    for number in 0..archive.len() {
        let piece = archive.by_index(number).map_err(unreadable)?;
        let read = std::io::copy(&mut piece.take(left + 1), &mut std::io::sink()).map_err(unreadable)?;
        left = left.checked_sub(read).ok_or_else(|| limit(format!("mehr als {MAX_INFLATED} Bytes ausgepackt")))?;
    }
    Ok(())
}

/// A value as a cell shows it; an error of a formula is nothing.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(true) => "ja".to_owned(),
        DataRef::Bool(false) => "nein".to_owned(),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

fn unreadable(error: impl ToString) -> Finding {
    Finding::new(Rule::TableUnreadable).value(error.to_string())
}

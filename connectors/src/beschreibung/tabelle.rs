//! Tables that people fill in: one row for each Leistung, columns with German names.
//!
//! A table holds plain text; a row in which only what we wrote there ourselves is filled (key, name, area) says nothing
//! and is passed over. Rows are numbered as a spreadsheet shows them, the column names are row 1.

mod csv;
mod xlsx;

use super::{Anschrift, Baustein, Dienst, Leistungsbeschreibung, Modul, Stelle, Texte, Werte};
use crate::finding::{Finding, Rule};

/// Bytes of a file that is read as a table.
pub const MAX_BYTES: usize = 16 << 20;
/// Rows of a table.
pub const MAX_ROWS: u64 = 20_000;
/// Columns of a table.
const MAX_COLUMNS: usize = 100;
/// Characters of a cell; more than any spreadsheet allows.
const MAX_CELL: usize = 32_767;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spalte {
    /// Leistungsschluessel; several are separated by `;`.
    Schluessel,
    /// The name.
    Bezeichnung,
    /// Amtlicher Regionalschluessel; several are separated by `;`.
    Gebiet,
    /// Other words for it, separated by `;`.
    Stichwoerter,
    /// The office's name.
    Stelle,
    /// Its street.
    Strasse,
    /// Its postcode.
    Plz,
    /// Its town.
    Ort,
    /// Building and room.
    Zusatz,
    /// Telephone; several are separated by `;`.
    Telefon,
    /// E-mail; several are separated by `;`.
    Email,
    /// A page about the office.
    Seite,
    /// When it is open.
    Oeffnungszeiten,
    /// The online service's name.
    Onlinedienst,
    /// The online service's address.
    OnlinedienstUrl,
    /// A text.
    Text(Modul),
    /// The page that describes it.
    Url,
    /// The own id.
    Id,
}

impl Spalte {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 26] = [
        Self::Schluessel,
        Self::Bezeichnung,
        Self::Gebiet,
        Self::Stelle,
        Self::Strasse,
        Self::Plz,
        Self::Ort,
        Self::Zusatz,
        Self::Telefon,
        Self::Email,
        Self::Seite,
        Self::Oeffnungszeiten,
        Self::Onlinedienst,
        Self::OnlinedienstUrl,
        Self::Text(Modul::Kurztext),
        Self::Text(Modul::Voraussetzungen),
        Self::Text(Modul::Unterlagen),
        Self::Text(Modul::Kosten),
        Self::Text(Modul::Frist),
        Self::Text(Modul::Bearbeitungsdauer),
        Self::Text(Modul::Ablauf),
        Self::Text(Modul::Rechtsgrundlage),
        Self::Text(Modul::Hinweise),
        Self::Stichwoerter,
        Self::Url,
        Self::Id,
    ];

    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Schluessel => "Leistungsschlüssel",
            Self::Bezeichnung => "Bezeichnung",
            Self::Gebiet => "Regionalschlüssel",
            Self::Stichwoerter => "Stichwörter",
            Self::Stelle => "Stelle",
            Self::Strasse => "Straße und Hausnummer",
            Self::Plz => "PLZ",
            Self::Ort => "Ort",
            Self::Zusatz => "Gebäude und Raum",
            Self::Telefon => "Telefon",
            Self::Email => "E-Mail",
            Self::Seite => "Internetseite der Stelle",
            Self::Oeffnungszeiten => "Öffnungszeiten",
            Self::Onlinedienst => "Onlinedienst",
            Self::OnlinedienstUrl => "Adresse des Onlinedienstes",
            Self::Text(modul) => modul.name(),
            Self::Url => "Seite mit der Beschreibung",
            Self::Id => "Eigene Kennung",
        }
    }

    /// The column of this heading, whatever its case and blanks.
    fn of_name(heading: &str) -> Option<Self> {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let heading = plain(heading);
        Self::ALL.into_iter().find(|column| plain(column.name()) == heading)
    }

    /// True for what a blank table is filled with already.
    fn is_given(self) -> bool {
        matches!(self, Self::Schluessel | Self::Bezeichnung | Self::Gebiet | Self::Stichwoerter | Self::Id)
    }
}

/// One row as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    number: u64,
    cells: Vec<String>,
}

/// A table, read: the rows that say something, each with its number, and what was found beside them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tabelle {
    /// The descriptions.
    pub zeilen: Vec<(u64, Leistungsbeschreibung)>,
    /// What is wrong with rows and columns.
    pub findings: Vec<Finding>,
    /// Rows in which nothing was filled in.
    pub blank: u64,
}

impl Tabelle {
    /// Reads CSV: UTF-8 or Windows-1252, separated by what its first line is separated by (`;`, `,` or a tabulator).
    /// The finding says why nothing of it was read.
    pub fn csv(bytes: &[u8]) -> Result<Self, Finding> {
        let (rows, doubt) = csv::rows(within(bytes)?)?;
        let mut read = Self::of(rows)?;
        read.findings.extend(doubt);
        Ok(read)
    }

    /// Reads the first sheet of an XLSX file; values as they are shown, formulas by their last value.
    pub fn xlsx(bytes: &[u8]) -> Result<Self, Finding> {
        Self::of(xlsx::rows(within(bytes)?)?)
    }

    fn of(rows: Vec<Row>) -> Result<Self, Finding> {
        let mut rows = rows.into_iter().filter(|row| row.cells.iter().any(|cell| !cell.trim().is_empty()));
        let mut read = Self::default();
        let head = rows.next().ok_or_else(|| Finding::new(Rule::TableHead).line(1))?;
        let columns = columns(&head, &mut read.findings)?;
        for row in rows {
            match describe(&columns, &row) {
                Ok(Some(said)) => read.zeilen.push((row.number, said)),
                Ok(None) => read.blank += 1,
                Err(finding) => read.findings.push(finding),
            }
        }
        Ok(read)
    }
}

fn within(bytes: &[u8]) -> Result<&[u8], Finding> {
    match bytes.len() {
        0..=MAX_BYTES => Ok(bytes),
        larger => Err(limit(format!("{larger} Bytes; erlaubt sind {MAX_BYTES}"))),
    }
}

fn limit(value: impl AsRef<str>) -> Finding {
    Finding::new(Rule::TableLimit).value(value)
}

fn columns(head: &Row, findings: &mut Vec<Finding>) -> Result<Vec<Option<Spalte>>, Finding> {
    let mut columns = Vec::with_capacity(head.cells.len());
    for heading in &head.cells {
        let heading = heading.trim();
        let column = Spalte::of_name(heading);
        match column {
            Some(known) if columns.contains(&Some(known)) => {
                return Err(Finding::new(Rule::TableColumnTwice).value(heading).line(head.number));
            }
            None if !heading.is_empty() => {
                findings.push(Finding::new(Rule::TableColumn).value(heading).line(head.number));
            }
            _ => {}
        }
        columns.push(column);
    }
    let names = [Spalte::Schluessel, Spalte::Bezeichnung];
    match names.into_iter().any(|name| columns.contains(&Some(name))) {
        true => Ok(columns),
        false => Err(Finding::new(Rule::TableHead).line(head.number)),
    }
}

/// What a row says; none when nothing was filled in.
fn describe(columns: &[Option<Spalte>], row: &Row) -> Result<Option<Leistungsbeschreibung>, Finding> {
    let filled: Vec<(Spalte, String)> = columns
        .iter()
        .zip(&row.cells)
        .filter_map(|(column, cell)| Some(((*column)?, harmless(cell.trim()).to_owned())))
        .filter(|(_, cell)| !cell.is_empty())
        .collect();
    if filled.iter().all(|(column, _)| column.is_given()) {
        return Ok(None);
    }
    let mut said = Leistungsbeschreibung::default();
    let (mut stelle, mut dienst, mut anschrift) = (Stelle::default(), Dienst::default(), Anschrift::default());
    for (column, cell) in filled {
        match column {
            Spalte::Schluessel => said.leistungsschluessel = several(&cell),
            Spalte::Bezeichnung => said.bezeichnung = Texte::german(cell),
            Spalte::Gebiet => said.gebiete = several(&cell).0.into_iter().map(|ars| padded(ars, 12)).collect(),
            Spalte::Stichwoerter => {
                several(&cell).0.into_iter().for_each(|word| said.stichwoerter.push("de", word));
            }
            Spalte::Stelle => stelle.name = Texte::german(cell),
            Spalte::Strasse => anschrift.strasse = Some(cell),
            Spalte::Plz => anschrift.plz = Some(padded(cell, 5)),
            Spalte::Ort => anschrift.ort = Some(cell),
            Spalte::Zusatz => anschrift.zusatz = Some(cell),
            Spalte::Telefon => stelle.telefon = several(&cell),
            Spalte::Email => stelle.email = several(&cell),
            Spalte::Seite => stelle.url = several(&cell),
            Spalte::Oeffnungszeiten => stelle.oeffnungszeiten = Texte::german(as_html(&cell)),
            Spalte::Onlinedienst => dienst.bezeichnung = Texte::german(cell),
            Spalte::OnlinedienstUrl => dienst.url = several(&cell),
            Spalte::Text(modul) => said.texte.push(Baustein::new(modul, Texte::german(as_html(&cell)))),
            Spalte::Url => said.url = Some(cell),
            Spalte::Id => said.id = Some(cell),
        }
    }
    if said.leistungsschluessel.is_empty() && said.bezeichnung.is_empty() {
        return Err(Finding::new(Rule::DescriptionNameless).line(row.number));
    }
    if anschrift != Anschrift::default() {
        stelle.anschriften.push(anschrift);
    }
    if stelle != Stelle::default() {
        said.stellen.push(stelle);
    }
    if dienst != Dienst::default() {
        said.onlinedienste.push(dienst);
    }
    Ok(Some(said))
}

/// The parts of a cell, one a line or separated by `;`.
fn several(cell: &str) -> Werte {
    cell.split([';', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// Digits with the zero that a spreadsheet took for nothing.
fn padded(digits: String, length: usize) -> String {
    let lost = digits.len() + 1 == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    if lost { format!("0{digits}") } else { digits }
}

/// A cell without the mark that kept a spreadsheet from taking it for a formula.
fn harmless(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => cell,
    }
}

/// Plain text as the HTML that shows it: nothing in it is markup, and lines stay lines.
pub fn as_html(text: &str) -> String {
    let escaped = text.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.lines().map(str::trim).collect::<Vec<_>>().join("<br>")
}

#[cfg(test)]
mod tests;

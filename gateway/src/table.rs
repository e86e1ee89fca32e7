//! Tables for other programs: CSV by RFC 4180, which no spreadsheet takes for anything but text.

/// The table with its columns named in the first line.
pub(crate) fn csv<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let written = (|| {
        writer.write_record(header)?;
        for row in rows {
            writer.write_record(row)?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    })();
    let bytes = written.expect("records of one length are written to memory");
    String::from_utf8(bytes).expect("all that was written is text")
}

/// A text that no spreadsheet takes for a formula.
pub(crate) fn defused(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// The same as a sheet whose cells are texts, so that no spreadsheet drops a zero or counts with them; empty rows follow,
/// for what people add.
pub(crate) fn xlsx<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) -> Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
    use rust_xlsxwriter::{Format, Workbook};
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let (text, bold) = (Format::new().set_num_format("@"), Format::new().set_bold());
    for (column, name) in (0_u16..).zip(header) {
        sheet.set_column_format(column, &text)?;
        sheet.set_column_width(column, 24)?;
        sheet.write_string_with_format(0, column, name, &bold)?;
    }
    sheet.set_freeze_panes(1, 2)?;
    for (number, row) in (1_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(row).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string_with_format(number, column, cell, &text)?;
        }
    }
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, expected) in
            [("+x", "'+x"), ("-x", "'-x"), ("@x", "'@x"), ("\tx", "'\tx"), ("=x", "'=x"), ("a=b", "a=b"), ("", "")]
        {
            assert_eq!(defused(text), expected);
        }
        let table = csv(["a", "b"], [[defused("=1,\"2\""), "ä\n".into()]]);
        assert_eq!(table, "a,b\r\n\"'=1,\"\"2\"\"\",\"ä\n\"\r\n");
    }
}

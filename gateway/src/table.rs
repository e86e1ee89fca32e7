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

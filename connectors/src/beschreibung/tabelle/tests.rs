use std::io::Write;

use rust_xlsxwriter::{Format, Formula, Workbook};
use zip::write::SimpleFileOptions;

use super::*;

const CSV: &str = "Leistungsschlüssel;Bezeichnung;Regionalschlüssel;Stelle;Telefon;PLZ;Öffnungszeiten;Kosten;Notiz\r\n\
    99108003022000;Personalausweis;53340002002;Bürgerbüro;'+49 241 1; 0241 2;1067;\"Mo 8–12\nDi 8–16\";\"37 € <24: 22,80 €\";x\r\n\
    99108003022001;Reisepass;53340002002;;;;;;\r\n\
    ;;;Amt;;;;;\r\n";

/// What is wrong with a table as a whole.
#[track_caller]
fn refused(read: Result<Tabelle, Finding>) -> Rule {
    read.unwrap_err().rule
}

fn text(said: &Leistungsbeschreibung, modul: Modul) -> &str {
    said.texte.iter().find(|one| one.modul == modul).and_then(|one| one.inhalt.first()).unwrap()
}

#[test]
fn a_row_becomes_a_description() {
    let csv = CSV.replace("'+49 241 1; 0241 2", "\"'+49 241 1; 0241 2\"");
    let read = Tabelle::csv(csv.as_bytes()).unwrap();
    let [(number, said)] = read.zeilen.as_slice() else { panic!("{read:?}") };
    assert_eq!(*number, 2);
    assert_eq!(said.leistungsschluessel, "99108003022000".into());
    assert_eq!(said.gebiete, "053340002002".into(), "the zero that a spreadsheet dropped is there again");
    let stelle = &said.stellen[0];
    assert_eq!(stelle.telefon.0, ["+49 241 1", "0241 2"]);
    assert_eq!(stelle.anschriften[0].plz.as_deref(), Some("01067"));
    assert_eq!(stelle.oeffnungszeiten.first(), Some("Mo 8–12<br>Di 8–16"));
    assert_eq!(text(said, Modul::Kosten), "37 € &lt;24: 22,80 €", "nothing in a cell is markup");
    assert_eq!(read.blank, 1, "a row with key and name alone was not filled in");
    let found: Vec<_> = read.findings.iter().map(|finding| (finding.rule, finding.line)).collect();
    assert_eq!(found, [(Rule::TableColumn, Some(1)), (Rule::DescriptionNameless, Some(4))]);
}

#[test]
fn csv_is_read_however_a_spreadsheet_wrote_it() {
    let german = "Bezeichnung;Stelle\r\nMüll;Straßenamt\r\n";
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(german);
    for (bytes, doubts) in [
        (german.as_bytes().to_vec(), 0),
        (format!("\u{feff}{german}").into_bytes(), 0),
        (german.replace(';', ",").into_bytes(), 0),
        (german.replace(';', "\t").into_bytes(), 0),
        (german.replace("Bezeichnung", " BEZEICHNUNG ").into_bytes(), 0),
        (latin.into_owned(), 1),
    ] {
        let read = Tabelle::csv(&bytes).unwrap();
        assert_eq!(read.zeilen[0].1.bezeichnung.first(), Some("Müll"), "{bytes:?}");
        assert_eq!(read.zeilen[0].1.stellen[0].name.first(), Some("Straßenamt"));
        assert_eq!(read.findings.len(), doubts);
    }
}

#[test]
fn a_sheet_says_the_same_as_csv() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(["Leistungsschlüssel", "Bezeichnung", "Stelle", "Kosten"]) {
        sheet.write(0, column, name).unwrap();
    }
    sheet.write(2, 0, 99_108_003_022_000_f64).unwrap();
    sheet.write(2, 1, "Personalausweis").unwrap();
    sheet.write(2, 2, "Bürgerbüro").unwrap();
    sheet.write_formula(2, 3, Formula::new("=30+7").set_result("37")).unwrap();
    // A format far out, as spreadsheets leave it behind.
    sheet.write_blank(1_048_575, 16_383, &Format::new().set_bold()).unwrap();
    let read = Tabelle::xlsx(&book.save_to_buffer().unwrap()).unwrap();
    let [(3, said)] = read.zeilen.as_slice() else { panic!("{read:?}") };
    assert_eq!(said.leistungsschluessel, "99108003022000".into());
    assert_eq!(text(said, Modul::Kosten), "37", "a formula counts as what it last gave");
}

#[test]
fn what_is_no_table_is_refused_as_a_whole() {
    assert_eq!(refused(Tabelle::csv(b"")), Rule::TableHead);
    assert_eq!(refused(Tabelle::csv(b"a;b\n1;2\n")), Rule::TableHead);
    assert_eq!(refused(Tabelle::csv(b"Bezeichnung;bezeichnung\nA;B\n")), Rule::TableColumnTwice);
    assert_eq!(refused(Tabelle::xlsx(b"PK no zip")), Rule::TableUnreadable);
    assert_eq!(refused(Tabelle::xlsx(&zipped(&[("a.txt", b"x")]))), Rule::TableUnreadable);
    assert_eq!(refused(Tabelle::csv(&vec![b'a'; MAX_BYTES + 1])), Rule::TableLimit);
    let wide = format!("Bezeichnung{}\n", ";x".repeat(MAX_COLUMNS));
    assert_eq!(refused(Tabelle::csv(wide.as_bytes())), Rule::TableLimit);
    let long = format!("Bezeichnung\n{}", "a\n".repeat(MAX_ROWS as usize));
    assert_eq!(refused(Tabelle::csv(long.as_bytes())), Rule::TableLimit);
}

fn zipped(pieces: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in pieces {
        file.start_file(*name, SimpleFileOptions::default()).unwrap();
        file.write_all(bytes).unwrap();
    }
    file.finish().unwrap().into_inner()
}

#[test]
fn a_bomb_is_refused_before_it_is_read() {
    let zeros = vec![b' '; 70 << 20];
    let bomb = zipped(&[("xl/worksheets/sheet1.xml", &zeros)]);
    assert!(bomb.len() < 1 << 20, "{} bytes", bomb.len());
    assert_eq!(refused(Tabelle::xlsx(&bomb)), Rule::TableLimit);
    // What the file says of itself is not believed: both lengths in its directory claim one byte.
    let mut liar = bomb.clone();
    let size = (70_u32 << 20).to_le_bytes();
    while let Some(at) = liar.windows(4).position(|four| four == size) {
        liar[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
    }
    assert!(matches!(refused(Tabelle::xlsx(&liar)), Rule::TableLimit | Rule::TableUnreadable));
}

#[test]
fn a_cell_far_out_is_refused_and_costs_nothing() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "Bezeichnung").unwrap();
    sheet.write(1_048_575, 0, "unten").unwrap();
    assert_eq!(refused(Tabelle::xlsx(&book.save_to_buffer().unwrap())), Rule::TableLimit);
}

#[test]
fn no_heading_is_there_twice() {
    for (at, column) in Spalte::ALL.into_iter().enumerate() {
        let found = Spalte::ALL.into_iter().position(|one| Spalte::of_name(column.name()) == Some(one));
        assert_eq!(found, Some(at), "{column:?}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let _ = (Tabelle::csv(&bytes), Tabelle::xlsx(&bytes));
    }
}

//! What descriptions would become, without a run and without a store: for those who try out how they mark up a page.

use connectors::beschreibung::Leistungsbeschreibung;
use connectors::finding::Finding;
use connectors::registration::Portal;

use crate::normalise::{Change, Normaliser};
use crate::record::{Leistung, Object, Onlinedienst, Organisationseinheit};

/// One description as records.
#[derive(Debug, Default, PartialEq)]
pub struct Previewed {
    /// The Leistung; none when it would not be taken.
    pub leistung: Option<Box<Leistung>>,
    /// Its offices.
    pub stellen: Vec<Organisationseinheit>,
    /// Its online services.
    pub onlinedienste: Vec<Onlinedienst>,
}

/// What descriptions of `portal` that came from `file` would become, in their order, and what is wrong with them.
pub fn preview(portal: &Portal, file: &str, said: &[Leistungsbeschreibung]) -> (Vec<Previewed>, Vec<Finding>) {
    let mut normaliser = Normaliser::new(portal);
    normaliser.begin_file(file);
    let agency = portal.agency.as_deref().unwrap_or(portal.id.as_str());
    let mut all = Vec::new();
    for one in said {
        for doubt in one.doubts(0) {
            normaliser.note(doubt);
        }
        let mut previewed = Previewed::default();
        for entry in one.entries(agency, 0) {
            let Some(Change::Write(record)) = normaliser.change(entry) else { continue };
            match record.object {
                Object::Leistung(leistung) => previewed.leistung = Some(leistung),
                Object::Organisationseinheit(unit) => previewed.stellen.push(*unit),
                Object::Onlinedienst(dienst) => previewed.onlinedienste.push(*dienst),
                Object::Spezialisierung(_) | Object::Formular(_) | Object::Zustaendigkeit(_) => {}
            }
        }
        all.push(previewed);
    }
    // Lines were never counted.
    let findings = normaliser.take_findings().into_iter().map(|finding| Finding { line: None, ..finding });
    (all, findings.collect())
}

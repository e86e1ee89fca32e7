//! Records that cannot be taken, with what is wrong and what was delivered, so that their editors can mend them.

use connectors::finding::{Finding, Severity};
use connectors::ids::Identifikator;
use connectors::registration::Portal;
use connectors::xzufi::write::write_message;
use connectors::xzufi::{Entry, Nachrichtenkopf, Objekt, Version};

use super::Normaliser;
use crate::record::Kind;

/// Bytes that are kept of a record that was not taken.
const KEPT_BYTES: usize = 64 << 10;

/// A record that cannot be taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// What it is.
    pub kind: Kind,
    /// Its id, where it has one.
    pub id: Option<Identifikator>,
    /// Where it stood, as `file:line`.
    pub place: String,
    /// Why.
    pub findings: Vec<Finding>,
    /// What was delivered, as an XZuFi message; empty where it cannot be written again.
    pub xml: String,
    /// `xml` is only the beginning of it.
    pub cut: bool,
}

impl Normaliser<'_> {
    /// The record of `entry`, which cannot be taken for what was found since `first`.
    pub(super) fn refuse(&self, entry: &Entry, objekt: &Objekt, first: usize) -> Refused {
        let business = |finding: &&Finding| finding.severity == Severity::Business;
        let (xml, cut) = as_delivered(entry);
        Refused {
            kind: kind_of(objekt),
            id: self.place.id.clone(),
            place: format!("{}:{}", self.file, entry.line),
            findings: self.findings.iter().skip(first).filter(business).cloned().collect(),
            xml,
            cut,
        }
    }
}

/// The record that a finding of the reader is about: it was too large to be read, and so nothing of it is kept.
pub(crate) fn too_large(portal: &Portal, finding: &Finding) -> Option<Refused> {
    let label = finding.object.as_deref().unwrap_or_default();
    let (word, id) = label.split_once(' ').unwrap_or((label, ""));
    let word = word.to_ascii_lowercase();
    // `leistungSpezialisierung` and `zustaendigkeitTransferObjekt` name their kind within.
    let order = [Kind::Spezialisierung, Kind::Leistung, Kind::Zustaendigkeit];
    let kind = order.into_iter().chain(Kind::ALL).find(|kind| word.contains(&kind.name().to_ascii_lowercase()))?;
    let named = Identifikator::readings(id).into_iter().next();
    let own = || Some(Identifikator::new(portal.agency.as_ref()?, id)).filter(|_| !id.is_empty());
    let place = format!("{}:{}", finding.file.as_deref().unwrap_or("-"), finding.line.unwrap_or(0));
    let findings = vec![finding.clone()];
    Some(Refused { kind, id: named.or_else(own), place, findings, xml: String::new(), cut: false })
}

fn kind_of(objekt: &Objekt) -> Kind {
    match objekt {
        Objekt::Leistung(_) | Objekt::Unknown(_) => Kind::Leistung,
        Objekt::Spezialisierung(_) => Kind::Spezialisierung,
        Objekt::Organisationseinheit(_) => Kind::Organisationseinheit,
        Objekt::Onlinedienst(_) => Kind::Onlinedienst,
        Objekt::Formular(_) => Kind::Formular,
        Objekt::Zustaendigkeit(_) => Kind::Zustaendigkeit,
    }
}

/// An entry as a message of its own, and whether that is only its beginning.
fn as_delivered(entry: &Entry) -> (String, bool) {
    let mut xml = Vec::new();
    // What XML cannot express could not have been read from XML either; nothing is kept of it then.
    if write_message(Version::V2_3, &Nachrichtenkopf::default(), [entry], &mut xml).is_err() {
        return (String::new(), false);
    }
    let mut text = String::from_utf8(xml).unwrap_or_default();
    let cut = text.len() > KEPT_BYTES;
    if cut {
        let end = (0..=KEPT_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    (text, cut)
}

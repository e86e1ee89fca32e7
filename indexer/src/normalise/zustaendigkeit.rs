//! Zustaendigkeiten: which Leistung, where, in which role, in both forms of the standard.

use connectors::finding::Rule;
use connectors::gebiet::Ars;
use connectors::xzufi::{self, ZustaendigkeitTransferObjekt};

use super::Normaliser;
use crate::record::{Kind, Nested, Zustaendigkeit};

impl Normaliser<'_> {
    /// Those delivered inside their owner; a faulty one is left out, the owner stays.
    pub(super) fn nested(&mut self, wire: &[xzufi::Zustaendigkeit]) -> Vec<Nested> {
        wire.iter().filter_map(|one| self.what(one)).collect()
    }

    /// One that is a record of its own; none when it cannot be taken.
    pub(super) fn transferred(&mut self, wire: &ZustaendigkeitTransferObjekt) -> Option<Zustaendigkeit> {
        let what = self.what(&wire.zustaendigkeit)?;
        let Some(owner_id) = wire.uebergeordnetes_objekt_id.as_ref().filter(|id| !id.text.is_empty()) else {
            self.find(Rule::OwnerMissing, None);
            return None;
        };
        let own = wire.zustaendigkeit.id.as_ref().and_then(|id| id.scheme_id.as_deref());
        let owner_kind = owner_kind(own).or_else(|| owner_kind(owner_id.scheme_id.as_deref()));
        Some(Zustaendigkeit {
            owner_kind: owner_kind.or(Some(Kind::Organisationseinheit)),
            owner: self.reference(owner_id),
            what,
            fragments: wire.fragments.iter().map(|fragment| fragment.xml.clone()).collect(),
        })
    }

    fn what(&mut self, wire: &xzufi::Zustaendigkeit) -> Option<Nested> {
        let line = if wire.line > 0 { wire.line } else { self.place.line };
        let named: Vec<_> = wire.leistung_id.iter().filter(|id| !id.text.is_empty()).collect();
        let leistung = match named.as_slice() {
            [] => {
                self.find_at(Rule::LeistungIdMissing, None, line);
                return None;
            }
            [one] => self.reference(one),
            _ => {
                self.find_at(Rule::LeistungIdSeveral, None, line);
                return None;
            }
        };
        let (mut gebiete, mut gebiete_unmatched) = (Vec::new(), Vec::new());
        for id in &wire.gebiete {
            match self.own_area(id) {
                Some(ars) => gebiete.push(ars),
                None => gebiete_unmatched.push(id.text.clone()),
            }
        }
        if wire.gebiete.is_empty() {
            self.find_at(Rule::GebietMissing, None, line);
        }
        gebiete.sort_unstable();
        gebiete.dedup();
        let id = wire.id.as_ref().and_then(|id| self.reference(id));
        let rolle = wire.rolle.as_ref().and_then(|rolle| rolle.code.clone()).filter(|code| !code.is_empty());
        if let Some(code) = rolle.as_deref().filter(|code| !matches!(*code, "01" | "02" | "03")) {
            self.find(Rule::CodeUnknown, Some(&format!("Rolle {code}")));
        }
        Some(Nested { id, leistung, gebiete, gebiete_unmatched, rolle })
    }

    /// An area that the portal may speak for.
    fn own_area(&mut self, id: &xzufi::Identifikator) -> Option<Ars> {
        let ars = self.ars(id)?;
        if self.portal.gebiet.covers(&ars) {
            return Some(ars);
        }
        self.find(Rule::GebietForeign, Some(&id.text));
        None
    }
}

fn owner_kind(scheme: Option<&str>) -> Option<Kind> {
    let scheme = scheme?;
    let kinds = [Kind::Organisationseinheit, Kind::Onlinedienst, Kind::Formular];
    kinds.into_iter().find(|kind| scheme.ends_with(kind.name()))
}

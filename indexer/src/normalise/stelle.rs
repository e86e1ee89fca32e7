//! Offices, online services and forms.

use connectors::finding::Rule;
use connectors::xzufi::{self, Code, Fragment};

use super::Normaliser;
use crate::record::{Anschrift, DienstLink, Formular, Kommunikation, Lang, Onlinedienst, Organisationseinheit, Texts};

impl Normaliser<'_> {
    pub(super) fn organisationseinheit(&mut self, wire: &xzufi::Organisationseinheit) -> Organisationseinheit {
        let name = self.texts(&wire.name);
        if name.is_empty() {
            self.find(Rule::NameMissing, None);
        } else if !name.contains_key(&Lang::DE) {
            self.find(Rule::GermanMissing, Some("Name"));
        }
        let parent = wire.uebergeordnet.as_ref().and_then(|id| self.reference(id));
        Organisationseinheit {
            name,
            beschreibung: self.htmls(&wire.beschreibung),
            parent,
            anschriften: wire.anschriften.iter().map(|one| self.anschrift(one)).collect(),
            kommunikation: wire.kommunikation.iter().filter_map(|one| self.kommunikation(one)).collect(),
            links: self.links(&wire.internetadressen),
            oeffnungszeiten: self.htmls(&wire.oeffnungszeiten),
            ids: wire
                .id_sekundaer
                .iter()
                .map(|id| (id.scheme_agency_id.clone().unwrap_or_default(), id.text.clone()))
                .collect(),
            zustaendigkeiten: self.nested(&wire.zustaendigkeiten),
            fragments: fragments(&wire.fragments),
        }
    }

    fn anschrift(&mut self, wire: &xzufi::Anschrift) -> Anschrift {
        let street = [wire.strasse.as_deref(), wire.hausnummer.as_deref()];
        let street = street.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Anschrift {
            art: wire.typ.as_ref().and_then(|typ| typ.code.clone()),
            strasse: self.optional_line(Some(&street)),
            postfach: self.optional_line(wire.postfach.as_deref()),
            plz: self.optional_line(wire.postleitzahl.as_deref()),
            ort: self.optional_line(wire.ort.as_deref()),
            zusatz: self.optional_line(wire.zusatz.as_deref()),
        }
    }

    fn kommunikation(&mut self, wire: &xzufi::Kommunikation) -> Option<Kommunikation> {
        let kennung = self.optional_line(Some(&wire.kennung))?;
        Some(Kommunikation { kanal: wire.kanal.code.clone().unwrap_or_default(), kennung })
    }

    pub(super) fn onlinedienst(&mut self, wire: &xzufi::Onlinedienst) -> Onlinedienst {
        let mut name = self.texts(&wire.bezeichnung);
        let (links, titles) = self.dienst_links(&wire.links);
        if name.is_empty() {
            name = titles;
        }
        if let Some(code) = wire.vertrauensniveau.as_ref() {
            self.known_trust_level(code);
        }
        Onlinedienst {
            name,
            beschreibung: self.htmls(&wire.beschreibung),
            links,
            vertrauensniveau: wire.vertrauensniveau.as_ref().and_then(|code| code.code.clone()),
            vertrauensniveau_name: {
                let name = wire.vertrauensniveau.as_ref().and_then(|code| code.name.as_deref());
                self.optional_line(name)
            },
            zahlungsweisen: wire.zahlungsweisen.iter().filter_map(label).collect(),
            identifizierungsmittel: wire.identifizierungsmittel.iter().filter_map(label).collect(),
            sprachen: wire
                .sprachversionen
                .iter()
                .filter_map(|version| Lang::parse(version.language_code.as_deref()?))
                .collect(),
            zustaendigkeiten: self.nested(&wire.zustaendigkeiten),
            fragments: fragments(&wire.fragments),
        }
    }

    /// The addresses that can be published, those of the service itself (link type 01) first, and their titles.
    fn dienst_links(&mut self, wire: &[xzufi::OnlinedienstLink]) -> (Vec<DienstLink>, Texts) {
        let (mut own, mut other, mut titles) = (Vec::new(), Vec::new(), Texts::new());
        for link in wire {
            let lang = link.lang.as_deref().and_then(Lang::parse);
            if let Some(title) = self.optional_line(link.titel.as_deref()) {
                titles.entry(lang.unwrap_or(Lang::DE)).or_insert(title);
            }
            let Some(url) = self.public_url(&link.link) else { continue };
            let handover = self.portal.may_hand_over_to(&url);
            if !handover {
                self.find(Rule::UrlHostForeign, url.host_str());
            }
            let is_service = link.typ.as_ref().is_none_or(|typ| typ.code.as_deref() == Some("01"));
            let links = if is_service { &mut own } else { &mut other };
            // A literal address inside somebody's network is nothing to publish unless the portal registered it.
            if handover || !is_internal(&url) {
                links.push(DienstLink { url, written: link.link.trim().to_owned(), lang, handover });
            }
        }
        own.append(&mut other);
        (own, titles)
    }

    pub(super) fn formular(&mut self, wire: &xzufi::Formular) -> Formular {
        Formular {
            name: self.texts(&wire.bezeichnung),
            zustaendigkeiten: self.nested(&wire.zustaendigkeiten),
            fragments: fragments(&wire.fragments),
        }
    }

    pub(super) fn known_trust_level(&mut self, code: &Code) {
        let known = ["00", "10", "15", "20", "30", "40"];
        match code.code.as_deref() {
            None => self.find(Rule::CodeMissing, Some("vertrauensniveau")),
            Some(value) if !known.contains(&value) => {
                self.find(Rule::CodeUnknown, Some(&format!("vertrauensniveau {value}")));
            }
            Some(_) => {}
        }
    }
}

/// True for an address that names a machine by a number that is not public, or the machine itself.
fn is_internal(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unspecified(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => true,
    }
}

/// What stands for a code: its name, else the code.
fn label(code: &Code) -> Option<String> {
    code.name.clone().or_else(|| code.code.clone()).filter(|text| !text.is_empty())
}

pub(super) fn fragments(wire: &[Fragment]) -> Vec<String> {
    wire.iter().map(|fragment| fragment.xml.clone()).collect()
}

//! From a description to the objects of the standard, with ids that stay the same.

use sha2::{Digest, Sha256};

use super::{Anschrift, Baustein, Dienst, Leistungsbeschreibung, Modul, Stelle, Texte, Weise, Werte};
use crate::finding::{Finding, Rule};
use crate::xzufi::{
    self, Action, BegriffImKontext, Code, Entry, Fristmodul, Hyperlink, Identifikator, Klasse, Kommunikation,
    Kostenmodul, Localized, Module, Objekt, Onlinedienst, OnlinedienstLink, Organisationseinheit, Spezialisierung,
    Textmodul, Ursprungsportal, Versionsinformation, Zustaendigkeit, ZustaendigkeitTransferObjekt,
};

/// Offices and online services that one description can name; what it names beyond them is left out.
pub const PLACES: usize = 16;

/// The scheme of an Amtlicher Regionalschluessel.
const ARS_SCHEME: &str = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs";

impl Leistungsbeschreibung {
    /// The text of its Identifikator: the source's own id, else one that follows from what it says.
    pub fn own_id(&self) -> String {
        if let Some(id) = named(self.id.as_deref()) {
            return id.to_owned();
        }
        let mut keys: Vec<&str> = self.leistungsschluessel.0.iter().map(|key| key.trim()).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut areas: Vec<&str> = self.gebiete.0.iter().map(|area| area.trim()).collect();
        areas.sort_unstable();
        areas.dedup();
        // A key says what it is, and stays when the name is put in better words.
        let name = if keys.is_empty() { self.bezeichnung.first().unwrap_or_default() } else { "" };
        derived(&[&keys.join(" "), &areas.join(" "), self.url.as_deref().unwrap_or_default(), name])
    }

    /// The objects that it stands for, all of editorial system `agency` and at `line` of the delivery: the Leistung,
    /// its offices and online services, and what connects them.
    ///
    /// Applied, it replaces wholly what a description of the same id said before. An office or online service may be
    /// named by several descriptions, so the Zuständigkeiten are objects of their own, with numbered ids that belong to
    /// this description; those numbers that it does not use any more are deleted.
    pub fn entries(&self, agency: &str, line: u64) -> Vec<Entry> {
        let id = self.own_id();
        // What the places are for: the Leistung of its own, or the other one that this is said on top of.
        let (first, leistung_id) = match &self.ergaenzt {
            None => (Objekt::Leistung(Box::new(self.leistung(agency, &id))), identifikator(agency, id.clone())),
            Some(other) => {
                let other = identifikator(&other.redaktion, other.id.clone());
                (Objekt::Spezialisierung(Box::new(self.overlay(agency, &id, other.clone()))), other)
            }
        };
        let mut entries = vec![first];
        let mut places = Vec::new();
        for stelle in &self.stellen {
            let office = stelle.wire(agency);
            places.push((Klasse::Organisationseinheit, office.id.clone(), &stelle.gebiete, Some(stelle.rolle)));
            entries.push(Objekt::Organisationseinheit(Box::new(office)));
        }
        for dienst in &self.onlinedienste {
            let service = dienst.wire(agency);
            places.push((Klasse::Onlinedienst, service.id.clone(), &dienst.gebiete, None));
            entries.push(Objekt::Onlinedienst(Box::new(service)));
        }
        places.truncate(PLACES);
        let used = places.len();
        for (number, (klasse, owner, gebiete, rolle)) in places.into_iter().enumerate() {
            let gebiete = if gebiete.is_empty() { &self.gebiete } else { gebiete };
            entries.push(Objekt::Zustaendigkeit(Box::new(ZustaendigkeitTransferObjekt {
                uebergeordnetes_objekt_id: owner,
                zustaendigkeit: Zustaendigkeit {
                    line,
                    id: Some(Identifikator {
                        scheme_id: Some(klasse.name().to_owned()),
                        ..identifikator(agency, place_id(&id, number))
                    }),
                    id_sekundaer: Vec::new(),
                    leistung_id: vec![leistung_id.clone()],
                    gebiete: areas(gebiete),
                    rolle: rolle.map(|rolle| code(rolle.code())),
                },
                fragments: Vec::new(),
            })));
        }
        let mut entries: Vec<Entry> =
            entries.into_iter().map(|objekt| Entry { line, action: Action::Schreibe(objekt) }).collect();
        entries
            .extend((used..PLACES).map(|number| remove(Klasse::Zustaendigkeit, agency, place_id(&id, number), line)));
        entries
    }

    /// What is doubtful about it and would be lost on the way to objects of the standard; everything else is found there.
    pub fn doubts(&self, line: u64) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(date) = named(self.geaendert.as_deref())
            && date.parse::<jiff::Timestamp>().is_err()
            && date.parse::<jiff::civil::DateTime>().is_err()
        {
            findings.push(Finding::new(Rule::DescriptionDate).value(date).line(line));
        }
        let places = self.stellen.len() + self.onlinedienste.len();
        if places > PLACES {
            findings.push(Finding::new(Rule::DescriptionPlaces).value(places.to_string()).line(line));
        }
        findings
    }

    fn leistung(&self, agency: &str, id: &str) -> xzufi::Leistung {
        let mut wire = xzufi::Leistung {
            id: Some(identifikator(agency, id)),
            leistungsschluessel: self.leistungsschluessel.0.clone(),
            gueltigkeit_gebiete: areas(&self.gebiete),
            versionsinformation: self.version(),
            ..xzufi::Leistung::default()
        };
        wire.module = self.module();
        let module = &mut wire.module;
        if !self.bezeichnung.is_empty() {
            module.texte.insert(0, text_module("03", &self.bezeichnung));
        }
        module.begriffe =
            self.stichwoerter.0.iter().cloned().map(|begriff| BegriffImKontext { begriff, typ: None }).collect();
        if let Some(url) = named(self.url.as_deref()) {
            let portal = Ursprungsportal { lang: german(), uri: url.to_owned(), ..Ursprungsportal::default() };
            module.ursprungsportale.push(portal);
        }
        wire
    }

    fn overlay(&self, agency: &str, id: &str, other: Identifikator) -> Spezialisierung {
        let replacing = self.texte.iter().filter(|text| text.weise == Weise::Ersetzt);
        Spezialisierung {
            id: Some(identifikator(agency, id)),
            leistung_id: vec![other],
            gueltigkeit_gebiete: areas(&self.gebiete),
            module: self.module(),
            ersetzt: replacing.map(|text| text.modul.code().unwrap_or(text.modul.element()).to_owned()).collect(),
            versionsinformation: self.version(),
            ..Spezialisierung::default()
        }
    }

    fn version(&self) -> Option<Versionsinformation> {
        let changed = self.geaendert.clone()?;
        Some(Versionsinformation { geaendert_datum_zeit: Some(changed), ..Versionsinformation::default() })
    }

    fn module(&self) -> Module {
        let mut module = Module::default();
        for Baustein { modul, inhalt, .. } in &self.texte {
            let beschreibung = inhalt.0.clone();
            match (modul, modul.code()) {
                (_, Some(code)) => module.texte.push(text_module(code, inhalt)),
                (Modul::Kosten, _) => module.kosten.push(Kostenmodul { beschreibung, ..Kostenmodul::default() }),
                (Modul::Frist, _) => module.fristen.push(Fristmodul { beschreibung, ..Fristmodul::default() }),
                (_, None) => module.bearbeitungsdauern.push(Fristmodul { beschreibung, ..Fristmodul::default() }),
            }
        }
        module
    }
}

impl Stelle {
    /// The text of its Identifikator.
    fn own_id(&self) -> String {
        if let Some(id) = named(self.id.as_deref()) {
            return id.to_owned();
        }
        let mut parts = vec![self.name.first().unwrap_or_default()];
        for anschrift in &self.anschriften {
            let Anschrift { strasse, plz, ort, zusatz, postfach } = anschrift;
            parts.extend([strasse, plz, ort, zusatz, postfach].map(|part| part.as_deref().unwrap_or_default()));
        }
        derived(&parts)
    }

    fn wire(&self, agency: &str) -> Organisationseinheit {
        let channels = [("02", &self.telefon), ("04", &self.fax), ("01", &self.email)];
        let kommunikation = channels.into_iter().flat_map(|(kanal, values)| {
            values.0.iter().map(move |value| Kommunikation { kanal: code(kanal), kennung: value.clone(), zusatz: None })
        });
        Organisationseinheit {
            id: Some(identifikator(agency, self.own_id())),
            name: self.name.0.clone(),
            anschriften: self.anschriften.iter().map(Anschrift::wire).collect(),
            kommunikation: kommunikation.collect(),
            internetadressen: self
                .url
                .0
                .iter()
                .map(|uri| Hyperlink { lang: german(), uri: uri.clone(), ..Hyperlink::default() })
                .collect(),
            oeffnungszeiten: self.oeffnungszeiten.0.clone(),
            ..Organisationseinheit::default()
        }
    }
}

impl Anschrift {
    fn wire(&self) -> xzufi::Anschrift {
        xzufi::Anschrift {
            strasse: self.strasse.clone(),
            postleitzahl: self.plz.clone(),
            ort: self.ort.clone(),
            zusatz: self.zusatz.clone(),
            postfach: self.postfach.clone(),
            ..xzufi::Anschrift::default()
        }
    }
}

impl Dienst {
    fn own_id(&self) -> String {
        match named(self.id.as_deref()) {
            Some(id) => id.to_owned(),
            None if self.url.is_empty() => derived(&[self.bezeichnung.first().unwrap_or_default()]),
            None => derived(&self.url.0.iter().map(|url| url.trim()).collect::<Vec<_>>()),
        }
    }

    fn wire(&self, agency: &str) -> Onlinedienst {
        let link =
            |url: &String| OnlinedienstLink { lang: german(), typ: Some(code("01")), link: url.clone(), titel: None };
        Onlinedienst {
            id: Some(identifikator(agency, self.own_id())),
            bezeichnung: self.bezeichnung.0.clone(),
            beschreibung: self.beschreibung.0.clone(),
            links: self.url.0.iter().map(link).collect(),
            vertrauensniveau: named(self.vertrauensniveau.as_deref()).map(code),
            ..Onlinedienst::default()
        }
    }
}

/// Deletes what a description of this id said: the Leistung, or what it said on top of another one, and everything that
/// connects it. Its offices and online
/// services stay, as other descriptions may name them.
pub(super) fn removal(agency: &str, id: &str, line: u64) -> Vec<Entry> {
    let kinds = [Klasse::Leistung, Klasse::Spezialisierung];
    let mut entries: Vec<Entry> = kinds.into_iter().map(|klasse| remove(klasse, agency, id.to_owned(), line)).collect();
    entries.extend((0..PLACES).map(|number| remove(Klasse::Zustaendigkeit, agency, place_id(id, number), line)));
    entries
}

pub(super) fn remove(klasse: Klasse, agency: &str, id: String, line: u64) -> Entry {
    Entry { line, action: Action::Loesche { klasse, id: identifikator(agency, id) } }
}

/// The id of the nth thing that connects a description with a place.
fn place_id(id: &str, number: usize) -> String {
    format!("{id}.z{}", number + 1)
}

/// A short id that is the same whenever the parts are: 80 bits of their SHA-256, as hexadecimal digits.
fn derived(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        let part = part.trim();
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

fn named(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn identifikator(agency: &str, text: impl Into<String>) -> Identifikator {
    Identifikator { scheme_agency_id: Some(agency.to_owned()), text: text.into(), ..Identifikator::default() }
}

fn areas(gebiete: &Werte) -> Vec<Identifikator> {
    let area = |text: &String| Identifikator {
        scheme_id: Some(ARS_SCHEME.to_owned()),
        text: text.trim().to_owned(),
        ..Identifikator::default()
    };
    gebiete.0.iter().map(area).collect()
}

fn code(value: &str) -> Code {
    Code { code: Some(value.to_owned()), ..Code::default() }
}

fn german() -> Option<String> {
    Some("de".to_owned())
}

fn text_module(typ: &str, inhalt: &Texte) -> Textmodul {
    let inhalt: Vec<Localized> = inhalt.0.clone();
    Textmodul { typ: code(typ), inhalt, ..Textmodul::default() }
}

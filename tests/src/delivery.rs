//! Deliveries: small stocks of Leistungen, offices and online services, written as XZuFi into folders.

mod full;

use std::fs;
use std::ops::Range;
use std::path::Path;

use connectors::xzufi::write::write_message;
use connectors::xzufi::{
    Action, Code, Entry, Identifikator, Klasse, Leistung, Localized, Module, Nachrichtenkopf, Objekt, Onlinedienst,
    OnlinedienstLink, Organisationseinheit, Textmodul, Version, Versionsinformation, Zustaendigkeit,
};

pub use full::Field;

/// The scheme of keys of areas.
const RS: &str = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs";

/// One portal's delivery: what it writes is all from one editorial system for one area.
#[derive(Debug, Clone)]
pub struct Stock {
    /// `schemeAgencyID` of every object.
    pub agency: String,
    /// The area that everything is for.
    pub ars: String,
    /// `geaendertDatumZeit` of every object.
    pub changed: String,
}

impl Stock {
    /// A stock as of the first of October.
    pub fn new(agency: &str, ars: &str) -> Self {
        Self { agency: agency.to_owned(), ars: ars.to_owned(), changed: "2026-10-01T08:00:00+02:00".to_owned() }
    }

    /// The same stock as of another time.
    #[must_use]
    pub fn changed(&self, changed: &str) -> Self {
        Self { changed: changed.to_owned(), ..self.clone() }
    }

    fn id(&self, kind: &str, text: &str) -> Identifikator {
        Identifikator {
            scheme_agency_id: Some(self.agency.clone()),
            scheme_id: Some(kind.to_owned()),
            text: text.to_owned(),
            ..Identifikator::default()
        }
    }

    fn version(&self) -> Option<Versionsinformation> {
        Some(Versionsinformation { geaendert_datum_zeit: Some(self.changed.clone()), ..Versionsinformation::default() })
    }

    /// A Leistung; its key is made of `number`, its title and text are given.
    pub fn leistung(&self, number: usize, title: &str, text: &str) -> Entry {
        let texte = [("02", title), ("03", title), ("05", text)];
        let modul = |(code_of, text): (&str, &str)| Textmodul {
            typ: code("urn:de:xzufi:codeliste:leistungstextmodulleika", code_of),
            inhalt: vec![german(text)],
            ..Textmodul::default()
        };
        write(Objekt::Leistung(Box::new(Leistung {
            id: Some(self.id("Leistung", &leistung_id(number))),
            leistungsschluessel: vec![schluessel(number)],
            module: Module { texte: texte.into_iter().map(modul).collect(), ..Module::default() },
            gueltigkeit_gebiete: vec![area(&self.ars)],
            versionsinformation: self.version(),
            ..Leistung::default()
        })))
    }

    /// An office that is responsible for these Leistungen of this stock.
    pub fn office(&self, id: &str, name: &str, leistungen: impl IntoIterator<Item = usize>) -> Entry {
        let named = leistungen.into_iter().map(|number| self.id("Leistung", &leistung_id(number)));
        self.office_for(id, name, &self.ars, named)
    }

    /// An office that is responsible in `ars` for Leistungen that may be another editorial system's.
    pub fn office_for(
        &self,
        id: &str,
        name: &str,
        ars: &str,
        leistungen: impl IntoIterator<Item = Identifikator>,
    ) -> Entry {
        let zustaendigkeiten = leistungen
            .into_iter()
            .map(|leistung| self.zustaendigkeit("ZustaendigkeitOrganisationseinheit", id, leistung, ars, Some("01")));
        write(Objekt::Organisationseinheit(Box::new(Organisationseinheit {
            id: Some(self.id("Organisationseinheit", id)),
            name: vec![german(name)],
            zustaendigkeiten: zustaendigkeiten.collect(),
            versionsinformation: self.version(),
            ..Organisationseinheit::default()
        })))
    }

    /// An online service for one Leistung of this stock.
    pub fn onlinedienst(&self, number: usize, url: &str) -> Entry {
        let id = format!("OD{number}");
        let leistung = self.id("Leistung", &leistung_id(number));
        let zustaendig = self.zustaendigkeit("ZustaendigkeitOnlinedienst", &id, leistung, &self.ars, None);
        write(Objekt::Onlinedienst(Box::new(Onlinedienst {
            id: Some(self.id("Onlinedienst", &id)),
            bezeichnung: vec![german(&format!("Antrag {number} stellen"))],
            links: vec![OnlinedienstLink {
                lang: Some("de".to_owned()),
                typ: Some(code("urn:xoev-de:fim:codeliste:onlinedienstlinktyp", "01")),
                link: url.to_owned(),
                titel: Some(format!("Antrag {number}")),
            }],
            vertrauensniveau: Some(code("urn:xoev-de:fim:codeliste:vertrauensniveau", "10")),
            zustaendigkeiten: vec![zustaendig],
            versionsinformation: self.version(),
            ..Onlinedienst::default()
        })))
    }

    fn zustaendigkeit(
        &self,
        kind: &str,
        owner: &str,
        leistung: Identifikator,
        ars: &str,
        rolle: Option<&str>,
    ) -> Zustaendigkeit {
        Zustaendigkeit {
            id: Some(self.id(kind, &format!("Z-{owner}-{}", leistung.text))),
            leistung_id: vec![leistung],
            gebiete: vec![area(ars)],
            rolle: rolle.map(|rolle| code("", rolle)),
            ..Zustaendigkeit::default()
        }
    }

    /// Deletes the Leistung of a number.
    pub fn delete(&self, number: usize) -> Entry {
        let id = self.id("Leistung", &leistung_id(number));
        Entry { line: 0, action: Action::Loesche { klasse: Klasse::Leistung, id } }
    }

    /// Leistungen that carry `word` in title and text, each with an online service, and one office for all.
    pub fn whole(&self, numbers: Range<usize>, word: &str) -> Vec<Entry> {
        let title = format!("{word} beantragen");
        let text = format!("<p>Text zu {word}.</p>");
        let url = |number| format!("https://dienste.example/{}/{word}/{number}", self.agency);
        let leistungen = numbers.clone().map(|number| self.leistung(number, &title, &text));
        let dienste = numbers.clone().map(|number| self.onlinedienst(number, &url(number)));
        let office = std::iter::once(self.office("amt", &format!("Amt für {word}"), numbers.clone()));
        leistungen.chain(dienste).chain(office).collect()
    }

    /// The name of a Leistung of this stock, for the offices of other editorial systems.
    pub fn name(&self, number: usize) -> Identifikator {
        self.id("Leistung", &leistung_id(number))
    }
}

/// The text of the id of the Leistung of a number.
pub fn leistung_id(number: usize) -> String {
    format!("L{number:05}")
}

/// The Leistungsschluessel of a number: one of a group that nobody uses.
pub fn schluessel(number: usize) -> String {
    format!("99888{number:06}001")
}

fn write(objekt: Objekt) -> Entry {
    Entry { line: 0, action: Action::Schreibe(objekt) }
}

fn german(text: &str) -> Localized {
    Localized { lang: Some("de".to_owned()), text: text.to_owned() }
}

fn code(list: &str, value: &str) -> Code {
    let list_uri = (!list.is_empty()).then(|| list.to_owned());
    Code { code: Some(value.to_owned()), list_uri, ..Code::default() }
}

fn area(ars: &str) -> Identifikator {
    Identifikator { scheme_id: Some(RS.to_owned()), text: ars.to_owned(), ..Identifikator::default() }
}

/// One message of XZuFi 2.2.
pub fn message<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> String {
    let kopf = Nachrichtenkopf {
        nachricht_uuid: Some("4b4bd9a6-12a9-4b0e-9d7f-4a2f4a8d2b10".to_owned()),
        erstellt_datum_zeit: Some("2026-10-01T04:00:00+02:00".to_owned()),
        ..Nachrichtenkopf::default()
    };
    let mut xml = Vec::new();
    write_message(Version::V2_2, &kopf, entries, &mut xml).unwrap();
    String::from_utf8(xml).unwrap()
}

/// Writes entries into `folder` as `files` files of about the same length, and the index that lists them.
pub fn publish(folder: &Path, entries: &[Entry], files: usize) {
    fs::create_dir_all(folder).unwrap();
    let mut index = String::new();
    for (at, part) in entries.chunks(entries.len().div_ceil(files).max(1)).enumerate() {
        let name = format!("XZUFI{:03}.xml", at + 1);
        put(folder, &name, &message(part));
        index.push_str(&format!("{name}\n"));
    }
    put(folder, "index.txt", &index);
}

/// Writes one file whole or not at all, as a careful portal does.
pub fn put(folder: &Path, name: &str, text: &str) {
    let aside = folder.join(format!(".{name}.neu"));
    fs::write(&aside, text).unwrap();
    fs::rename(aside, folder.join(name)).unwrap();
}

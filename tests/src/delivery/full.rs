//! Records in which every field that a page can show holds something.
//!
//! What stands in a field is said by whoever makes the records, so that the same records can be harmless or hostile.

use connectors::xzufi::{
    Anschrift, BegriffImKontext, Betrag, Code, Dokument, Dokumentmodul, Frist, Fristauswahl, Fristmodul, Herausgeber,
    Hyperlink, Kommunikation, Kosten, Kostenauswahl, Kostenmodul, ModulHead, Ursprungsportal, Zeitraum,
};

use super::{
    Entry, Identifikator, Leistung, Localized, Module, Objekt, Onlinedienst, OnlinedienstLink, Organisationseinheit,
    Stock, Textmodul, area, code, german, leistung_id, schluessel, write,
};

/// What a field holds by the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A line of text.
    Name,
    /// HTML of the ten tag groups.
    Html,
    /// An address of the web.
    Link,
}

/// The text modules that a page can show, and one that no list names.
const MODULES: [&str; 14] = ["05", "06", "07", "08", "09", "11", "14", "15", "16", "18", "22", "23", "24", "25"];

impl Stock {
    /// A Leistung with every module, two offices and an Ansprechpunkt, and two online services; `say` is asked once for each
    /// field, with its name.
    pub fn full(&self, number: usize, say: &dyn Fn(&str, Field) -> String) -> Vec<Entry> {
        let full = Full { stock: self, number, say };
        let offices = [("a", "01"), ("b", "01"), ("rat", "03")].map(|(id, rolle)| full.office(id, rolle));
        let online = ["a", "b"].map(|id| full.online(id));
        std::iter::once(full.leistung()).chain(offices).chain(online).collect()
    }
}

struct Full<'a> {
    stock: &'a Stock,
    number: usize,
    say: &'a dyn Fn(&str, Field) -> String,
}

impl Full<'_> {
    fn name(&self, field: &str) -> String {
        (self.say)(field, Field::Name)
    }

    fn names(&self, field: &str) -> Vec<Localized> {
        vec![german(&self.name(field))]
    }

    fn html(&self, field: &str) -> Vec<Localized> {
        vec![german(&(self.say)(field, Field::Html))]
    }

    fn links(&self, field: &str) -> Vec<Hyperlink> {
        vec![Hyperlink {
            lang: Some("de".to_owned()),
            uri: (self.say)(&format!("{field}.adresse"), Field::Link),
            titel: Some(self.name(&format!("{field}.titel"))),
            beschreibung: Some(self.name(&format!("{field}.beschreibung"))),
            position: None,
        }]
    }

    fn id(&self, kind: &str, id: &str) -> Identifikator {
        self.stock.id(kind, &format!("{id}{}", self.number))
    }

    fn own(&self) -> Identifikator {
        self.stock.id("Leistung", &leistung_id(self.number))
    }

    fn leistung(&self) -> Entry {
        let texte = ["02", "03"].iter().map(|typ| (*typ, self.names(&format!("leistung.{typ}"))));
        let texte = texte.chain(MODULES.iter().map(|typ| (*typ, self.html(&format!("leistung.{typ}")))));
        let modul = |(at, (typ, inhalt)): (usize, (&str, Vec<Localized>))| Textmodul {
            head: ModulHead { position: i64::try_from(at).ok(), ..ModulHead::default() },
            typ: code("urn:de:xzufi:codeliste:leistungstextmodulleika", typ),
            links: if at % 3 == 2 { self.links(&format!("leistung.{typ}.link")) } else { Vec::new() },
            inhalt,
            ..Textmodul::default()
        };
        let own = Textmodul {
            abweichende_bezeichnung: self.names("leistung.individuell.titel"),
            inhalt: self.html("leistung.individuell"),
            ..Textmodul::default()
        };
        let month = || Code { name: Some(self.name("leistung.frist.einheit")), ..code("", "M") };
        let dauer = Fristauswahl::Dauer { dauer: "2".into(), einheit: month(), dauer_bis: None, einheit_bis: None };
        let span = |field: &str| Fristmodul {
            fristen: vec![Frist {
                auswahl: Some(dauer.clone()),
                beschreibung: self.html(&format!("{field}.einzeln")),
                ..Frist::default()
            }],
            beschreibung: self.html(field),
            links: self.links(field),
            ..Fristmodul::default()
        };
        let kosten = |auswahl| Kosten {
            auswahl: Some(auswahl),
            beschreibung: self.html("leistung.kosten.einzeln"),
            links: self.links("leistung.kosten.einzeln"),
            ..Kosten::default()
        };
        let betrag = Betrag { betrag: "12.50".into(), waehrung: Some("EUR".into()) };
        let dokument = Dokument {
            bezeichnung: self.names("leistung.dokument"),
            beschreibung: self.html("leistung.dokument.beschreibung"),
            ..Dokument::default()
        };
        let begriffe = [BegriffImKontext { begriff: german(&self.name("leistung.begriff")), typ: None }];
        let ursprung = Ursprungsportal {
            head: ModulHead::default(),
            lang: Some("de".into()),
            uri: (self.say)("leistung.ursprung.adresse", Field::Link),
            titel: Some(self.name("leistung.ursprung.titel")),
            dynamische_parameter: Vec::new(),
        };
        write(Objekt::Leistung(Box::new(Leistung {
            id: Some(self.own()),
            leistungsschluessel: vec![schluessel(self.number)],
            module: Module {
                texte: texte.enumerate().map(modul).collect(),
                texte_individuell: vec![own],
                fristen: vec![span("leistung.frist")],
                bearbeitungsdauern: vec![span("leistung.dauer")],
                kosten: vec![Kostenmodul {
                    kosten: vec![
                        kosten(Kostenauswahl::Fix(betrag)),
                        kosten(Kostenauswahl::Frei(self.html("leistung.kosten.frei"))),
                    ],
                    beschreibung: self.html("leistung.kosten"),
                    links: self.links("leistung.kosten"),
                    ..Kostenmodul::default()
                }],
                begriffe: begriffe.to_vec(),
                dokumente: vec![Dokumentmodul {
                    eingehend: vec![dokument.clone()],
                    ausgehend: vec![dokument],
                    beschreibung: self.html("leistung.dokumente"),
                    links: self.links("leistung.dokumente"),
                    ..Dokumentmodul::default()
                }],
                ursprungsportale: vec![ursprung],
                ..Module::default()
            },
            vertrauensniveau: Some(Code {
                name: Some(self.name("leistung.niveau")),
                ..code("urn:xoev-de:fim:codeliste:vertrauensniveau", "30")
            }),
            leistungsadressat: vec![code("", "001")],
            herausgeber: Some(Herausgeber {
                id: self.id("Herausgeber", "H"),
                bezeichnung: vec![self.name("leistung.herausgeber")],
                gebiete: Vec::new(),
            }),
            gueltigkeit_gebiete: vec![area(&self.stock.ars)],
            versionsinformation: self.stock.version(),
            ..Leistung::default()
        })))
    }

    fn office(&self, id: &str, rolle: &str) -> Entry {
        let field = |name: &str| format!("stelle.{id}.{name}");
        let kind = "ZustaendigkeitOrganisationseinheit";
        let owner = format!("{id}{}", self.number);
        let kanal = |kanal: &str| Kommunikation {
            kanal: code("urn:de:xzufi:codeliste:erreichbarkeit", kanal),
            kennung: self.name(&field(&format!("kanal.{kanal}"))),
            zusatz: Some(self.name(&field("kanal.zusatz"))),
        };
        write(Objekt::Organisationseinheit(Box::new(Organisationseinheit {
            id: Some(self.id("Organisationseinheit", id)),
            name: self.names(&field("name")),
            kurzbezeichnung: self.names(&field("kurz")),
            beschreibung: self.html(&field("beschreibung")),
            anschriften: vec![Anschrift {
                typ: Some(code("urn:de:xzufi:codeliste:anschrifttyp", "001")),
                strasse: Some(self.name(&field("strasse"))),
                hausnummer: Some("1".into()),
                postleitzahl: Some("44787".into()),
                ort: Some(self.name(&field("ort"))),
                ortsteil: Some(self.name(&field("ortsteil"))),
                zusatz: Some(self.name(&field("zusatz"))),
                ..Anschrift::default()
            }],
            kommunikation: ["01", "02", "03", "04", "05", "06"].map(kanal).to_vec(),
            internetadressen: self.links(&field("internet")),
            oeffnungszeiten: self.html(&field("zeiten")),
            zahlungsweisen: vec![Code { name: Some(self.name(&field("zahlung"))), ..code("", "01") }],
            synonyme: self.names(&field("synonym")),
            zustaendigkeiten: vec![self.stock.zustaendigkeit(kind, &owner, self.own(), &self.stock.ars, Some(rolle))],
            versionsinformation: self.stock.version(),
            ..Organisationseinheit::default()
        })))
    }

    fn online(&self, id: &str) -> Entry {
        let field = |name: &str| format!("dienst.{id}.{name}");
        let owner = format!("OD{id}{}", self.number);
        let kind = "ZustaendigkeitOnlinedienst";
        let named = |name: &str, value: &str| Code { name: Some(self.name(&field(name))), ..code("", value) };
        write(Objekt::Onlinedienst(Box::new(Onlinedienst {
            id: Some(self.id("Onlinedienst", id)),
            bezeichnung: self.names(&field("name")),
            beschreibung: self.html(&field("beschreibung")),
            links: vec![OnlinedienstLink {
                lang: Some("de".to_owned()),
                typ: Some(code("urn:xoev-de:fim:codeliste:onlinedienstlinktyp", "01")),
                link: (self.say)(&field("adresse"), Field::Link),
                titel: Some(self.name(&field("titel"))),
            }],
            vertrauensniveau: Some(Code {
                name: Some(self.name(&field("niveau"))),
                ..code("urn:xoev-de:fim:codeliste:vertrauensniveau", "30")
            }),
            zahlungsweisen: vec![named("zahlung", "01")],
            identifizierungsmittel: vec![named("ausweis", "01")],
            zustaendigkeiten: vec![self.stock.zustaendigkeit(kind, &owner, self.own(), &self.stock.ars, None)],
            versionsinformation: self.stock.version(),
            gueltigkeit: vec![Zeitraum { zusatz: self.names(&field("gueltig")), ..Zeitraum::default() }],
            ..Onlinedienst::default()
        })))
    }
}

//! What a sample portal delivers: its contents as objects of XZuFi 2.2, in the form of the Sammlerdienst.
//!
//! Zustaendigkeiten are nested in their Organisationseinheit or Onlinedienst. Texts go out as the files have them;
//! every Leistung says of itself that it is invented.

use connectors::gebiet::Ars;
use connectors::xzufi::{
    Action, Anschrift, BegriffImKontext, Code, Entry, Fristmodul, Herausgeber, Hyperlink, Identifikator, Kommunikation,
    Kostenmodul, Leistung, Localized, ModulHead, Module, Objekt, Onlinedienst, OnlinedienstLink, Organisationseinheit,
    Sprachversion, Textmodul, Versionsinformation, Zustaendigkeit,
};
use url::Url;

use super::contents::{self, Angebot, DemoPortalFile, Ebene, Formular, Stelle};

/// When the texts were last changed; a constant, so that the same contents give the same bytes.
pub const STAND: &str = "2026-11-02T08:00:00+01:00";

/// What every Leistung of the sample Verbund says of itself (module 16).
const INVENTED: &str = "<p>Dies sind erfundene Beispieldaten. Die Stellen, Anschriften und Beträge gibt es nicht; sie \
                        zeigen nur, wie ein Portal Leistungen beschreibt.</p>";

const INVENTED_EN: &str = "<p>This is invented sample data. The offices, addresses and amounts do not exist.</p>";

const RS: &str = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs";
const TEXTMODUL: &str = "urn:de:xzufi:codeliste:leistungstextmodulleika";
const ERREICHBARKEIT: &str = "urn:de:xoev:codeliste:erreichbarkeit";
const LINKTYP: &str = "urn:xoev-de:fim:codeliste:onlinedienstlinktyp";
const ANSCHRIFTTYP: &str = "urn:xoev-de:fim:codeliste:xzufi.anschrifttyp";
const VERTRAUENSNIVEAU: &str = "urn:xoev-de:fim:codeliste:vertrauensniveau";

/// One file of a delivery, before it is written as XML.
#[derive(Debug)]
pub struct File {
    /// Its name in the index.
    pub name: &'static str,
    /// What it asks to be written.
    pub entries: Vec<Entry>,
}

/// The files that a portal delivers, in the order of its index: Leistungen, offices, Onlinedienste.
///
/// `public_url` is where citizens reach the gateway; the Onlinedienste are addressed through it.
pub fn files(portal: &DemoPortalFile, angebote: &[Angebot], public_url: &Url) -> Vec<File> {
    let delivery = Delivery { portal };
    let leistungen = angebote.iter().map(|angebot| Objekt::Leistung(Box::new(delivery.leistung(angebot))));
    let head = std::iter::once(delivery.head_office());
    let offices = portal.stelle.iter().enumerate().map(|(at, stelle)| delivery.office(at, stelle, angebote));
    let offices = head.chain(offices).map(|office| Objekt::Organisationseinheit(Box::new(office)));
    let dienste = angebote.iter().filter_map(|angebot| {
        let formular = angebot.formular.as_ref()?;
        Some(Objekt::Onlinedienst(Box::new(delivery.onlinedienst(&angebot.leistung, formular, public_url))))
    });
    [
        File { name: "01-leistungen.xml", entries: entries(leistungen) },
        File { name: "02-organisationseinheiten.xml", entries: entries(offices) },
        File { name: "03-onlinedienste.xml", entries: entries(dienste) },
    ]
    .into_iter()
    .filter(|file| !file.entries.is_empty())
    .collect()
}

/// The address at which citizens find the form of a Leistung.
pub fn form_url(public_url: &Url, portal: &DemoPortalFile, leistung: &str) -> String {
    let base = public_url.as_str().trim_end_matches('/');
    format!("{base}/portal/{}/dienste/{leistung}", portal.id)
}

fn entries(objekte: impl Iterator<Item = Objekt>) -> Vec<Entry> {
    objekte.map(|objekt| Entry { line: 0, action: Action::Schreibe(objekt) }).collect()
}

struct Delivery<'a> {
    portal: &'a DemoPortalFile,
}

impl Delivery<'_> {
    fn id(&self, kind: &str, text: impl Into<String>) -> Option<Identifikator> {
        Some(Identifikator {
            scheme_agency_id: Some(self.portal.agency.clone()),
            scheme_id: Some(kind.to_owned()),
            text: text.into(),
            ..Identifikator::default()
        })
    }

    fn leistung(&self, angebot: &Angebot) -> Leistung {
        let said = &angebot.leistung;
        let both = |lang: fn(&contents::Englisch) -> &str, german: &str| {
            let english = said.en.as_ref().map(|en| localized("en", lang(en)));
            [localized("de", german)].into_iter().chain(english).collect::<Vec<_>>()
        };
        let html =
            |text: &Option<contents::Text>, list| text.iter().map(|text| localized("de", text.html(list))).collect();
        let mut hint = vec![localized("de", INVENTED)];
        hint.extend(said.en.as_ref().map(|_| localized("en", INVENTED_EN)));
        let texte = [
            ("02", vec![localized("de", &said.name)]),
            ("03", both(|en| &en.titel, &said.titel)),
            ("05", both(|en| &en.kurztext, &said.kurztext)),
            ("06", vec![localized("de", said.volltext.html("ul"))]),
            ("07", html(&said.recht, "ul")),
            ("08", html(&said.unterlagen, "ul")),
            ("09", html(&said.voraussetzungen, "ul")),
            ("11", html(&said.ablauf, "ol")),
            ("16", hint),
            ("18", vec![localized("de", format!("{} (Beispieldaten)", self.portal.name))]),
        ];
        let texte = texte.into_iter().filter(|(_, inhalt)| !inhalt.is_empty()).enumerate();
        let languages = ["de"].into_iter().chain(said.en.as_ref().map(|_| "en"));
        Leistung {
            id: self.id("Leistung", &said.id),
            leistungsschluessel: vec![said.schluessel.to_string()],
            module: Module {
                texte: texte.map(|(at, (module, inhalt))| textmodul(at, module, inhalt)).collect(),
                fristen: span(html(&said.frist, "ul")),
                kosten: match html(&said.kosten, "ul") {
                    none if none.is_empty() => Vec::new(),
                    beschreibung => vec![Kostenmodul { beschreibung, ..Kostenmodul::default() }],
                },
                bearbeitungsdauern: span(html(&said.dauer, "ul")),
                begriffe: said
                    .begriffe
                    .iter()
                    .map(|begriff| BegriffImKontext { begriff: localized("de", begriff), typ: None })
                    .collect(),
                ..Module::default()
            },
            vertrauensniveau: angebot.formular.as_ref().map(|formular| niveau(&formular.niveau)),
            leistungsadressat: said.adressat.iter().map(|adressat| code("", adressat)).collect(),
            herausgeber: Some(Herausgeber {
                id: Identifikator {
                    scheme_agency_id: Some(self.portal.agency.clone()),
                    text: self.portal.id.to_string(),
                    ..Identifikator::default()
                },
                bezeichnung: vec![self.portal.name.clone()],
                gebiete: Vec::new(),
            }),
            gueltigkeit_gebiete: vec![area(self.portal.ars)],
            versionsinformation: version(),
            sprachversionen: languages.map(sprachversion).collect(),
            ..Leistung::default()
        }
    }

    /// The body itself, above all of its offices.
    fn head_office(&self) -> Organisationseinheit {
        let portal = self.portal;
        Organisationseinheit {
            id: self.id("Organisationseinheit", "zentrale"),
            name: vec![localized("de", &portal.name)],
            kurzbezeichnung: vec![localized("de", &portal.ort)],
            beschreibung: vec![localized("de", "<p>Zentrale Auskunft. Erfundene Stelle aus den Beispieldaten.</p>")],
            anschriften: vec![Anschrift {
                typ: Some(code(ANSCHRIFTTYP, "001")),
                strasse: Some("Am Musterplatz".to_owned()),
                hausnummer: Some("1".to_owned()),
                postleitzahl: Some(portal.plz.clone()),
                ort: Some(portal.sitz.clone()),
                ..Anschrift::default()
            }],
            kommunikation: channels(&portal.telefon, &portal.email),
            internetadressen: vec![Hyperlink {
                lang: Some("de".to_owned()),
                uri: portal.web.to_string(),
                titel: Some(portal.name.clone()),
                ..Hyperlink::default()
            }],
            oeffnungszeiten: vec![localized("de", hours(&portal.oeffnungszeiten))],
            versionsinformation: version(),
            sprachversionen: vec![sprachversion("de")],
            ..Organisationseinheit::default()
        }
    }

    fn office(&self, at: usize, stelle: &Stelle, angebote: &[Angebot]) -> Organisationseinheit {
        let portal = self.portal;
        let gebiete = if stelle.gebiete.is_empty() { vec![portal.ars] } else { stelle.gebiete.clone() };
        // An office of a town or Kreis is known by its town; those of Bund and Land have names of their own.
        let name = match portal.ebene {
            Ebene::Bund | Ebene::Land => stelle.name.clone(),
            Ebene::Kreis | Ebene::Gemeinde | Ebene::Kreisfrei => format!("{} – {}", portal.name, stelle.name),
        };
        let done = angebote.iter().filter(|angebot| angebot.stellen.contains(&at));
        let hours_of =
            if stelle.oeffnungszeiten.is_empty() { &portal.oeffnungszeiten } else { &stelle.oeffnungszeiten };
        Organisationseinheit {
            id: self.id("Organisationseinheit", &stelle.id),
            uebergeordnet: self.id("Organisationseinheit", "zentrale"),
            name: vec![localized("de", name)],
            kurzbezeichnung: vec![localized("de", &stelle.name)],
            beschreibung: vec![localized("de", "<p>Erfundene Stelle aus den Beispieldaten.</p>")],
            anschriften: vec![Anschrift {
                typ: Some(code(ANSCHRIFTTYP, "001")),
                strasse: Some(stelle.strasse.clone()),
                hausnummer: Some(stelle.hausnummer.clone()),
                postleitzahl: Some(stelle.plz.as_ref().unwrap_or(&portal.plz).clone()),
                ort: Some(stelle.ort.as_ref().unwrap_or(&portal.sitz).clone()),
                ..Anschrift::default()
            }],
            kommunikation: channels(&stelle.telefon, &stelle.email),
            oeffnungszeiten: vec![localized("de", hours(hours_of))],
            zustaendigkeiten: done
                .map(|angebot| {
                    let key = format!("{}.{}", stelle.id, angebot.leistung.id);
                    self.zustaendigkeit(
                        "ZustaendigkeitOrganisationseinheit",
                        key,
                        &angebot.leistung.id,
                        &gebiete,
                        &stelle.rolle,
                    )
                })
                .collect(),
            versionsinformation: version(),
            sprachversionen: vec![sprachversion("de")],
            ..Organisationseinheit::default()
        }
    }

    fn onlinedienst(&self, leistung: &contents::Leistung, formular: &Formular, public_url: &Url) -> Onlinedienst {
        let portal = self.portal;
        let key = format!("online.{}", leistung.id);
        Onlinedienst {
            id: self.id("Onlinedienst", &leistung.id),
            bezeichnung: vec![localized("de", &formular.name)],
            beschreibung: vec![localized("de", format!("<p>Beispielformular {}.</p>", portal.der))],
            links: vec![OnlinedienstLink {
                lang: Some("de".to_owned()),
                typ: Some(code(LINKTYP, "01")),
                link: form_url(public_url, portal, &leistung.id),
                titel: Some(formular.name.clone()),
            }],
            vertrauensniveau: Some(niveau(&formular.niveau)),
            zustaendigkeiten: vec![self.zustaendigkeit(
                "ZustaendigkeitOnlinedienst",
                key,
                &leistung.id,
                &[portal.ars],
                "01",
            )],
            sprachversionen: vec![sprachversion("de")],
            versionsinformation: version(),
            ..Onlinedienst::default()
        }
    }

    fn zustaendigkeit(&self, kind: &str, key: String, leistung: &str, gebiete: &[Ars], rolle: &str) -> Zustaendigkeit {
        Zustaendigkeit {
            id: self.id(kind, key),
            leistung_id: self.id("Leistung", leistung).into_iter().collect(),
            gebiete: gebiete.iter().copied().map(area).collect(),
            rolle: Some(Code {
                name: Some(if rolle == "03" { "Ansprechpunkt" } else { "Zuständige Stelle" }.to_owned()),
                ..code("", rolle)
            }),
            ..Zustaendigkeit::default()
        }
    }
}

fn localized(lang: &str, text: impl Into<String>) -> Localized {
    Localized { lang: Some(lang.to_owned()), text: text.into() }
}

/// A code; an empty `list` names none.
fn code(list: &str, code: &str) -> Code {
    Code { code: Some(code.to_owned()), list_uri: (!list.is_empty()).then(|| list.to_owned()), ..Code::default() }
}

/// The Vertrauensniveau with a name for citizens. The published list has codes only; the names are ours.
fn niveau(code_of_list: &str) -> Code {
    let name = match code_of_list {
        "10" => "ohne Anmeldung",
        "20" => "Basisregistrierung",
        "30" => "substanziell",
        _ => "hoch",
    };
    Code { name: Some(name.to_owned()), ..code(VERTRAUENSNIVEAU, code_of_list) }
}

fn area(ars: Ars) -> Identifikator {
    Identifikator { scheme_id: Some(RS.to_owned()), text: ars.to_string(), ..Identifikator::default() }
}

fn textmodul(at: usize, module: &str, inhalt: Vec<Localized>) -> Textmodul {
    Textmodul {
        head: ModulHead { position: i64::try_from(at + 1).ok(), ..ModulHead::default() },
        typ: code(TEXTMODUL, module),
        inhalt,
        ..Textmodul::default()
    }
}

fn span(beschreibung: Vec<Localized>) -> Vec<Fristmodul> {
    if beschreibung.is_empty() {
        return Vec::new();
    }
    vec![Fristmodul { beschreibung, ..Fristmodul::default() }]
}

fn channels(telefon: &str, email: &str) -> Vec<Kommunikation> {
    [("02", telefon), ("01", email)]
        .into_iter()
        .map(|(kanal, kennung)| Kommunikation {
            kanal: code(ERREICHBARKEIT, kanal),
            kennung: kennung.to_owned(),
            zusatz: None,
        })
        .collect()
}

fn hours(lines: &[String]) -> String {
    contents::Text::Liste(lines.to_vec()).html("ul")
}

fn version() -> Option<Versionsinformation> {
    Some(Versionsinformation {
        erstellt_datum_zeit: Some(STAND.to_owned()),
        geaendert_datum_zeit: Some(STAND.to_owned()),
        ..Versionsinformation::default()
    })
}

fn sprachversion(code: &str) -> Sprachversion {
    let (german, native) = if code == "en" { ("Englisch", "English") } else { ("Deutsch", "Deutsch") };
    Sprachversion {
        language_code: Some(code.to_owned()),
        sprachbezeichnung_deutsch: Some(german.to_owned()),
        sprachbezeichnung_nativ: Some(native.to_owned()),
        ..Sprachversion::default()
    }
}

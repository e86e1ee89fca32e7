use proptest::prelude::*;

use super::*;
use crate::xml::Limits;
use crate::xzufi::read::{Envelope, Options, Reader};
use crate::xzufi::*;

fn read_back(bytes: &[u8]) -> (Nachrichtenkopf, Vec<Entry>) {
    let options = Options { limits: Limits::default(), file: "x.xml".into(), envelope: Envelope::IndexFile };
    let mut reader = Reader::new(bytes, options);
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        entries.push(without_lines(entry));
    }
    let unknown = entries.iter().any(|entry| matches!(entry.action, Action::Schreibe(Objekt::Unknown(_))));
    let findings = reader.take_findings();
    assert!(
        unknown || findings.iter().all(|finding| finding.rule == crate::finding::Rule::ElementUnknown),
        "{findings:?}"
    );
    (reader.nachrichtenkopf().unwrap().clone(), entries)
}

/// Lines are where things stand, not what they are.
fn without_lines(mut entry: Entry) -> Entry {
    entry.line = 0;
    if let Action::Schreibe(objekt) = &mut entry.action {
        let mut none = (Vec::new(), Vec::new());
        let (zustaendigkeiten, fragments) = match objekt {
            Objekt::Leistung(objekt) => (&mut none.0, &mut objekt.fragments),
            Objekt::Spezialisierung(objekt) => (&mut none.0, &mut objekt.fragments),
            Objekt::Organisationseinheit(objekt) => (&mut objekt.zustaendigkeiten, &mut objekt.fragments),
            Objekt::Onlinedienst(objekt) => (&mut objekt.zustaendigkeiten, &mut objekt.fragments),
            Objekt::Formular(objekt) => (&mut objekt.zustaendigkeiten, &mut objekt.fragments),
            Objekt::Zustaendigkeit(objekt) => {
                objekt.zustaendigkeit.line = 0;
                (&mut none.0, &mut objekt.fragments)
            }
            Objekt::Unknown(fragment) => {
                fragment.line = 0;
                (&mut none.0, &mut none.1)
            }
        };
        zustaendigkeiten.iter_mut().for_each(|zustaendigkeit| zustaendigkeit.line = 0);
        fragments.iter_mut().for_each(|fragment| fragment.line = 0);
    }
    entry
}

/// Where generated values come from; sizes shrink towards nothing.
struct Source<'a> {
    rng: &'a mut prop::test_runner::TestRng,
    version: Version,
}

impl Source<'_> {
    fn below(&mut self, limit: u32) -> u32 {
        self.rng.next_u32() % limit
    }

    fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(3) > 0).then(|| make(self))
    }

    fn several<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(3)).map(|_| make(self)).collect()
    }

    fn new_in_2_3<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.version == Version::V2_3 { self.some(make) } else { None }
    }

    /// Any characters that XML can express, as people and machines send them.
    fn text(&mut self) -> String {
        const PARTS: [&str; 16] = [
            "Hund anmelden",
            "<p>A &amp; B</p>",
            "]]>",
            "\r\n",
            "\t",
            " ",
            "\"'",
            "&",
            "ä\u{a0}ß",
            "\u{10FFFF}",
            "\n",
            "<![CDATA[",
            "<!--",
            "x",
            "€",
            "\r",
        ];
        (0..self.below(5)).map(|_| PARTS[self.below(16) as usize]).collect()
    }

    /// Text that has nothing to trim.
    fn token(&mut self) -> String {
        let inner = self.text();
        format!("{}{inner}x", self.below(9))
    }

    fn date(&mut self) -> String {
        const DATES: [&str; 4] =
            ["2026-02-28", "2024-02-29T24:00:00", "2026-11-02T04:15:00+01:00", "1999-12-31T23:59:59.9Z"];
        DATES[self.below(4) as usize].to_owned()
    }

    fn number(&mut self) -> i64 {
        i64::from(self.below(100)) - 50
    }

    fn boolean(&mut self) -> bool {
        self.below(2) == 1
    }

    fn localized(&mut self) -> Localized {
        Localized { lang: self.some(Self::text), text: self.text() }
    }

    fn identifikator(&mut self) -> Identifikator {
        Identifikator {
            scheme_agency_id: self.some(Self::token),
            scheme_agency_name: self.some(Self::token),
            scheme_data_uri: self.some(Self::token),
            scheme_id: self.some(Self::token),
            scheme_name: self.some(Self::token),
            scheme_uri: self.some(Self::token),
            scheme_version_id: self.some(Self::token),
            text: self.token(),
        }
    }

    fn code(&mut self) -> Code {
        Code {
            code: self.some(Self::token),
            name: self.some(Self::text),
            list_uri: self.some(Self::token),
            list_version_id: self.some(Self::token),
        }
    }

    /// A code where a bare one is read in another way.
    fn full_code(&mut self) -> Code {
        Code { code: Some(self.token()), ..self.code() }
    }

    fn hyperlink(&mut self) -> Hyperlink {
        Hyperlink {
            lang: self.some(Self::text),
            uri: self.token(),
            titel: self.some(Self::text),
            beschreibung: self.some(Self::text),
            position: self.some(Self::number),
        }
    }

    fn zeitraum(&mut self) -> Zeitraum {
        Zeitraum { beginn: self.some(Self::date), ende: self.some(Self::date), zusatz: self.several(Self::localized) }
    }

    fn versionsinformation(&mut self) -> Versionsinformation {
        Versionsinformation {
            erstellt_datum_zeit: self.some(Self::date),
            erstellt_durch: self.some(Self::text),
            geaendert_datum_zeit: self.some(Self::date),
            geaendert_durch: self.some(Self::text),
            version: self.some(Self::text),
        }
    }

    fn sprachversion(&mut self) -> Sprachversion {
        let machine = self.boolean();
        Sprachversion {
            language_code: self.some(Self::token),
            sprachbezeichnung_deutsch: self.some(Self::text),
            sprachbezeichnung_nativ: self.some(Self::text),
            maschinelle_uebersetzung: (self.version == Version::V2_3).then_some(machine),
            versionsinformation: self.versionsinformation(),
        }
    }

    fn head(&mut self) -> ModulHead {
        let zugangskanal = self.full_code();
        ModulHead {
            position: self.some(Self::number),
            id: self.some(Self::identifikator),
            id_sekundaer: self.several(Self::identifikator),
            gueltigkeit: self.several(Self::zeitraum),
            zugangskanal: (self.version == Version::V2_3).then_some(zugangskanal),
        }
    }

    fn textmodul(&mut self, own_name: bool) -> Textmodul {
        let abweichende_bezeichnung = self.several(Self::localized);
        Textmodul {
            head: self.head(),
            typ: self.code(),
            abweichende_bezeichnung: if own_name { abweichende_bezeichnung } else { Vec::new() },
            inhalt: self.several(Self::localized),
            links: self.several(Self::hyperlink),
        }
    }

    fn frist(&mut self) -> Frist {
        let dauer = Fristauswahl::Dauer {
            dauer: self.token(),
            einheit: self.code(),
            dauer_bis: self.some(Self::token),
            einheit_bis: self.some(Self::code),
        };
        let stichtag = Fristauswahl::Stichtag { von: self.some(Self::token), bis: self.some(Self::token) };
        Frist {
            typ: self.some(Self::code),
            auswahl: self.some(|source| if source.boolean() { dauer } else { stichtag }),
            beschreibung: self.several(Self::localized),
            position: self.some(Self::number),
            gueltigkeit: self.several(Self::zeitraum),
        }
    }

    fn fristmodul(&mut self) -> Fristmodul {
        Fristmodul {
            head: self.head(),
            fristen: self.several(Self::frist),
            beschreibung: self.several(Self::localized),
            links: self.several(Self::hyperlink),
        }
    }

    fn betrag(&mut self) -> Betrag {
        Betrag { betrag: self.token(), waehrung: self.some(Self::text) }
    }

    fn kosten(&mut self) -> Kosten {
        let auswahl = match self.below(4) {
            0 => None,
            1 => Some(Kostenauswahl::Fix(self.betrag())),
            2 => Some(Kostenauswahl::Frei(self.several(Self::localized))),
            _ => Some(Kostenauswahl::Variabel {
                von: self.some(Self::betrag),
                bis: self.some(Self::betrag),
                beschreibung: self.several(Self::localized),
            }),
        };
        let mut links = self.several(Self::hyperlink);
        if self.version == Version::V2_2 {
            links.iter_mut().for_each(|link| *link = Hyperlink { uri: link.uri.clone(), ..Hyperlink::default() });
        }
        Kosten {
            typ: self.some(Self::code),
            auswahl,
            beschreibung: self.several(Self::localized),
            vorkasse: self.some(Self::boolean),
            links,
            position: self.some(Self::number),
            gueltigkeit: self.several(Self::zeitraum),
        }
    }

    fn dokument(&mut self, incoming: bool) -> Dokument {
        let mut dokument = Dokument {
            typ: self.some(Self::code),
            nicht_gelisteter_wert: self.some(Self::text),
            bezeichnung: self.several(Self::localized),
            beschreibung: self.several(Self::localized),
            formulare: self.several(Self::identifikator),
            signatur: self.some(Self::code),
            ..Dokument::default()
        };
        if incoming && self.version == Version::V2_3 {
            dokument.pflichtangabetyp = self.some(Self::code);
            dokument.pflichtangabe_gruende = self.several(Self::localized);
            dokument.ausloeser = self.some(Self::boolean);
        }
        dokument
    }

    fn module(&mut self) -> Module {
        Module {
            texte: self.several(|source| source.textmodul(true)),
            texte_individuell: self.several(|source| source.textmodul(false)),
            fristen: self.several(Self::fristmodul),
            kosten: self.several(|source| Kostenmodul {
                head: source.head(),
                kosten: source.several(Self::kosten),
                beschreibung: source.several(Self::localized),
                links: source.several(Self::hyperlink),
            }),
            bearbeitungsdauern: self.several(Self::fristmodul),
            begriffe: self
                .several(|source| BegriffImKontext { begriff: source.localized(), typ: source.some(Self::code) }),
            freigaben: self.several(|source| FachlicheFreigabe {
                head: source.head(),
                am: source.some(Self::date),
                durch: source.several(Self::localized),
            }),
            auskunftshinweise: self.several(|source| Auskunftshinweis {
                head: source.head(),
                inhalt: source.several(Self::localized),
                links: source.several(Self::hyperlink),
            }),
            dokumente: self.several(|source| Dokumentmodul {
                head: source.head(),
                eingehend: source.several(|source| source.dokument(true)),
                ausgehend: source.several(|source| source.dokument(false)),
                beschreibung: source.several(Self::localized),
                links: source.several(Self::hyperlink),
            }),
            ursprungsportale: self.several(|source| Ursprungsportal {
                head: source.head(),
                lang: source.some(Self::text),
                uri: source.token(),
                titel: source.some(Self::text),
                dynamische_parameter: match source.version {
                    Version::V2_3 => source.several(|source| (source.some(Self::token), source.text())),
                    _ => Vec::new(),
                },
            }),
        }
    }

    fn struktur(&mut self) -> Struktur {
        Struktur {
            art: match self.below(4) {
                0 => None,
                1 => Some(Strukturart::Objekt),
                2 => Some(Strukturart::MitVerrichtung),
                _ => Some(Strukturart::MitVerrichtungUndDetail),
            },
            leistungsgruppierung: self.some(Self::full_code),
            leistungsobjekt_id: self.some(Self::identifikator),
            verrichtung: self.some(Self::code),
            verrichtungsdetail: self.several(Self::localized),
        }
    }

    fn fragments(&mut self, path: &str) -> Vec<Fragment> {
        let namespace = self.version.namespace();
        let path = format!("{path}/neu");
        let known = format!("<xzufi:neu xmlns:xzufi=\"{namespace}\" x=\"&amp;\"><y/>&lt;z</xzufi:neu>");
        let foreign = "<n0:neu xmlns:n0=\"urn:x\"><n0:a n0:b=\"c\"/></n0:neu>".to_owned();
        match self.below(3) {
            0 => Vec::new(),
            1 => vec![Fragment { path, line: 0, xml: known }],
            _ => vec![Fragment { path, line: 0, xml: foreign }],
        }
    }

    fn leistung(&mut self) -> Leistung {
        Leistung {
            id: self.some(Self::identifikator),
            id_sekundaer: self.several(Self::identifikator),
            struktur: self.some(Self::struktur),
            leistungsschluessel: self.several(Self::token),
            module: self.module(),
            typisierung: self.several(Self::code),
            vertrauensniveau: self.some(Self::code),
            leistungsadressat: self.several(Self::code),
            schriftform: self.some(Self::boolean),
            kategorien: self.several(|source| Kategorie {
                id: source.identifikator(),
                uebergeordnet: source.some(Self::identifikator),
                bezeichnung: source.several(Self::localized),
                beschreibung: source.several(Self::localized),
                klasse: source.several(Self::localized),
            }),
            klassifizierung: self.several(Self::code),
            informationsbereich_sdg: self.several(Self::code),
            leistungen_im_kontext: self.several(Self::identifikator),
            prozesse: self.several(Self::identifikator),
            herausgeber: self.some(|source| Herausgeber {
                id: source.identifikator(),
                bezeichnung: source.several(Self::text),
                gebiete: source.several(Self::identifikator),
            }),
            gueltigkeit_gebiete: self.several(Self::identifikator),
            kennzeichen_ea: self.some(Self::boolean),
            wirtschaftszweige: self.several(Self::code),
            rechtsformen: self.several(Self::code),
            staatsangehoerigkeiten: self.several(Self::full_code),
            versionsinformation: self.some(Self::versionsinformation),
            sprachversionen: self.several(Self::sprachversion),
            gueltigkeit: self.several(Self::zeitraum),
            weitere_codes: self.new_in_2_3(|source| ("detailstufe".into(), source.code())).into_iter().collect(),
            fragments: self.fragments("leistung"),
        }
    }

    fn zustaendigkeit(&mut self) -> Zustaendigkeit {
        Zustaendigkeit {
            line: 0,
            id: self.some(Self::identifikator),
            id_sekundaer: self.several(Self::identifikator),
            leistung_id: self.several(Self::identifikator),
            gebiete: self.several(Self::identifikator),
            rolle: self.some(Self::code),
        }
    }

    fn organisationseinheit(&mut self) -> Organisationseinheit {
        Organisationseinheit {
            id: self.some(Self::identifikator),
            id_sekundaer: self.several(Self::identifikator),
            uebergeordnet: self.some(Self::identifikator),
            untergeordnet: self.several(Self::identifikator),
            name: self.several(Self::localized),
            kurzbezeichnung: self.several(Self::localized),
            beschreibung: self.several(Self::localized),
            anschriften: self.several(|source| Anschrift {
                typ: source.some(Self::code),
                strasse: source.some(Self::text),
                hausnummer: source.some(Self::text),
                postfach: source.some(Self::text),
                postleitzahl: source.some(Self::token),
                ort: source.some(Self::text),
                ortsteil: source.some(Self::text),
                zusatz: source.some(Self::text),
                regionalschluessel: source.some(Self::token),
                gemeindeschluessel: source.some(Self::token),
            }),
            kommunikation: self.several(|source| Kommunikation {
                kanal: source.code(),
                kennung: source.token(),
                zusatz: source.some(Self::text),
            }),
            internetadressen: self.several(Self::hyperlink),
            oeffnungszeiten: self.several(Self::localized),
            zahlungsweisen: self.several(Self::code),
            synonyme: self.several(Self::localized),
            zustaendigkeiten: self.several(Self::zustaendigkeit),
            versionsinformation: self.some(Self::versionsinformation),
            sprachversionen: self.several(Self::sprachversion),
            gueltigkeit: self.several(Self::zeitraum),
            fragments: self.fragments("organisationseinheit"),
        }
    }

    fn onlinedienst(&mut self) -> Onlinedienst {
        Onlinedienst {
            id: self.some(Self::identifikator),
            id_sekundaer: self.several(Self::identifikator),
            bezeichnung: self.several(Self::localized),
            beschreibung: self.several(Self::localized),
            links: self.several(|source| OnlinedienstLink {
                lang: source.some(Self::text),
                typ: source.some(Self::code),
                link: source.token(),
                titel: source.some(Self::text),
            }),
            vertrauensniveau: self.some(Self::code),
            zahlungsweisen: self.several(Self::code),
            identifizierungsmittel: self.several(Self::code),
            zustaendigkeiten: self.several(Self::zustaendigkeit),
            sprachversionen: self.several(Self::sprachversion),
            versionsinformation: self.some(Self::versionsinformation),
            gueltigkeit: self.several(Self::zeitraum),
            fragments: self.fragments("onlinedienst"),
        }
    }

    fn objekt(&mut self) -> Objekt {
        match self.below(7) {
            0 => Objekt::Leistung(Box::new(self.leistung())),
            1 => Objekt::Spezialisierung(Box::new(Spezialisierung {
                ersetzt: Vec::new(),
                id: self.some(Self::identifikator),
                leistung_id: self.several(Self::identifikator),
                gueltigkeit_gebiete: self.several(Self::identifikator),
                module: self.module(),
                versionsinformation: self.some(Self::versionsinformation),
                gueltigkeit: self.several(Self::zeitraum),
                fragments: self.fragments("spezialisierung"),
            })),
            2 => Objekt::Organisationseinheit(Box::new(self.organisationseinheit())),
            3 => Objekt::Onlinedienst(Box::new(self.onlinedienst())),
            4 => Objekt::Formular(Box::new(Formular {
                id: self.some(Self::identifikator),
                id_sekundaer: self.several(Self::identifikator),
                bezeichnung: self.several(Self::localized),
                zustaendigkeiten: self.several(Self::zustaendigkeit),
                fragments: self.fragments("formular"),
            })),
            5 => Objekt::Zustaendigkeit(Box::new(ZustaendigkeitTransferObjekt {
                uebergeordnetes_objekt_id: self.some(Self::identifikator),
                zustaendigkeit: self.zustaendigkeit(),
                fragments: self.fragments("zustaendigkeitTransferObjekt"),
            })),
            _ => {
                let xml = format!(
                    "<xzufi:neu xmlns:xzufi=\"{}\"><xzufi:id>1</xzufi:id></xzufi:neu>",
                    self.version.namespace()
                );
                Objekt::Unknown(Fragment { path: "neu".into(), line: 0, xml })
            }
        }
    }

    fn entry(&mut self) -> Entry {
        let action = if self.below(5) == 0 {
            let klasse = Klasse::ALL[self.below(6) as usize];
            Action::Loesche { klasse, id: self.identifikator() }
        } else {
            Action::Schreibe(self.objekt())
        };
        Entry { line: 0, action }
    }
}

fn check_round_trip(version: Version, rng: &mut prop::test_runner::TestRng) {
    let mut source = Source { rng, version };
    let kopf = Nachrichtenkopf {
        nachricht_uuid: source.some(Source::token),
        erstellt_datum_zeit: source.some(Source::date),
        empfaenger: source.some(Source::text),
        sender: source.some(Source::text),
    };
    let entries: Vec<_> = (0..4).map(|_| source.entry()).collect();
    let mut bytes = Vec::new();
    write_message(version, &kopf, &entries, &mut bytes).unwrap();
    let mut again = Vec::new();
    write_message(version, &kopf, &entries, &mut again).unwrap();
    assert_eq!(bytes, again);
    let (read_kopf, read_entries) = read_back(&bytes);
    assert_eq!(read_kopf, kopf);
    assert_eq!(read_entries, entries);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_in_2_2_is_read_back(rng in any::<u64>().prop_perturb(|_, rng| rng)) {
        check_round_trip(Version::V2_2, &mut rng.clone());
    }

    #[test]
    fn what_is_written_in_2_3_is_read_back(rng in any::<u64>().prop_perturb(|_, rng| rng)) {
        check_round_trip(Version::V2_3, &mut rng.clone());
    }
}

#[test]
fn what_xml_cannot_express_is_refused() {
    let mut leistung = Leistung::default();
    let text = Localized { lang: None, text: "\u{1}".into() };
    leistung.module.texte.push(Textmodul { inhalt: vec![text], ..Textmodul::default() });
    let entries = [Entry { line: 3, action: Action::Schreibe(Objekt::Leistung(Box::new(leistung))) }];
    let written = write_message(Version::V2_2, &Nachrichtenkopf::default(), &entries, &mut Vec::new());
    assert_eq!(written.unwrap_err().kind(), io::ErrorKind::InvalidData);
    let written = write_message(Version::V2_1, &Nachrichtenkopf::default(), [], &mut Vec::new());
    assert_eq!(written.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

//! Writes `leistung`, `spezialisierung` and their modules.

use super::Writer;
use crate::xzufi::{
    Betrag, Code, Dokument, Dokumentmodul, Frist, Fristauswahl, Fristmodul, Kategorie, Kosten, Kostenauswahl, Leistung,
    ModulHead, Module, Spezialisierung, Struktur, Strukturart, Textmodul, Ursprungsportal,
};

impl Writer {
    pub(super) fn leistung(&mut self, leistung: &Leistung) {
        self.element("leistung", |writer| {
            writer.ids("id", &leistung.id);
            writer.ids("idSekundaer", &leistung.id_sekundaer);
            writer.struktur(&leistung.struktur);
            for key in &leistung.leistungsschluessel {
                if writer.is_2_3() {
                    writer.leaf("referenzLeistungsschluessel", key);
                } else {
                    writer.code("referenzLeiKa", &Code { code: Some(key.clone()), ..Code::default() });
                }
            }
            writer.module(&leistung.module);
            writer.codes("typisierung", &leistung.typisierung);
            writer.codes("vertrauensniveau", &leistung.vertrauensniveau);
            writer.codes("leistungsadressat", &leistung.leistungsadressat);
            let name = writer.renamed("kennzeichenSchriftformerfordernis", "kennzeichenFormularSchriftformerfordernis");
            writer.boolean(name, leistung.schriftform);
            writer.kategorien(&leistung.kategorien);
            writer.codes("klassifizierung", &leistung.klassifizierung);
            writer.informationsbereiche(&leistung.informationsbereich_sdg);
            let name = writer.renamed("idLeistungImKontext", "leistungImKontextID");
            writer.ids(name, &leistung.leistungen_im_kontext);
            let name = writer.renamed("idProzess", "prozessID");
            writer.ids(name, &leistung.prozesse);
            if let Some(herausgeber) = &leistung.herausgeber {
                writer.element("herausgeber", |writer| {
                    writer.identifikator("id", &herausgeber.id);
                    for bezeichnung in &herausgeber.bezeichnung {
                        writer.leaf("bezeichnung", bezeichnung);
                    }
                    for gebiet in &herausgeber.gebiete {
                        writer.element("standardZustaendigkeitsgebiet", |writer| writer.identifikator("id", gebiet));
                    }
                });
            }
            writer.ids("gueltigkeitGebietID", &leistung.gueltigkeit_gebiete);
            writer.kennzeichen_ea(leistung.kennzeichen_ea);
            for zweig in &leistung.wirtschaftszweige {
                writer.element("relevantFuerWirtschaftszweig", |writer| writer.code("code", zweig));
            }
            writer.codes("relevantFuerRechtsform", &leistung.rechtsformen);
            writer.staaten(&leistung.staatsangehoerigkeiten);
            writer.versionsinformation(&leistung.versionsinformation);
            writer.sprachversionen(&leistung.sprachversionen);
            writer.zeitraeume(&leistung.gueltigkeit);
            if writer.is_2_3() {
                for (name, code) in &leistung.weitere_codes {
                    writer.code(name, code);
                }
            }
            writer.fragments(&leistung.fragments);
        });
    }

    pub(super) fn spezialisierung(&mut self, overlay: &Spezialisierung) {
        self.element("spezialisierung", |writer| {
            writer.ids("id", &overlay.id);
            writer.ids("leistungID", &overlay.leistung_id);
            writer.ids("gueltigkeitGebietID", &overlay.gueltigkeit_gebiete);
            writer.module(&overlay.module);
            writer.versionsinformation(&overlay.versionsinformation);
            writer.zeitraeume(&overlay.gueltigkeit);
            writer.fragments(&overlay.fragments);
        });
    }

    fn kennzeichen_ea(&mut self, possible: Option<bool>) {
        match possible {
            Some(possible) if self.is_2_3() => {
                let code = if possible { "11" } else { "00" };
                self.code("durchfuehrbarEinheitlicheStelle", &Code { code: Some(code.into()), ..Code::default() });
            }
            _ => self.boolean("kennzeichenEA", possible),
        }
    }

    fn informationsbereiche(&mut self, bereiche: &[Code]) {
        if !self.is_2_3() {
            self.codes("informationsbereichSDG", bereiche);
        } else if !bereiche.is_empty() {
            self.element("informationsbereicheSDG", |writer| {
                for bereich in bereiche {
                    // codes of the second list have four digits, of the first seven
                    let second = bereich.code.as_ref().is_some_and(|code| code.len() == 4);
                    writer.code(if second { "informationsbereichSDG2" } else { "informationsbereichSDG1" }, bereich);
                }
            });
        }
    }

    fn staaten(&mut self, staaten: &[Code]) {
        if !self.is_2_3() {
            self.codes("relevantFuerStaatsangehoerigkeit", staaten);
        } else if !staaten.is_empty() {
            self.element("relevantFuerStaatsangehoerigkeit", |writer| writer.codes("staatsangehoerigkeit", staaten));
        }
    }

    fn struktur(&mut self, struktur: &Option<Struktur>) {
        let Some(struktur) = struktur else { return };
        let art = match struktur.art {
            Some(Strukturart::Objekt) => Some("xzufi:LeistungsstrukturObjekt"),
            Some(Strukturart::MitVerrichtung) => Some("xzufi:LeistungsstrukturObjektMitVerrichtung"),
            Some(Strukturart::MitVerrichtungUndDetail) => Some("xzufi:LeistungsstrukturObjektMitVerrichtungUndDetail"),
            None => None,
        };
        self.start("struktur", &[("xsi:type", art)]);
        let name = self.renamed("leistungsgruppierung", "leistungsgruppierungLeiKa");
        self.codes(name, &struktur.leistungsgruppierung);
        self.ids("leistungsobjektID", &struktur.leistungsobjekt_id);
        if let Some(verrichtung) = &struktur.verrichtung {
            if self.is_2_3() {
                self.code("verrichtungLeiKa", verrichtung);
            } else {
                self.element("verrichtung", |writer| writer.code("verrichtungLeiKa", verrichtung));
            }
        }
        self.localized("verrichtungsdetail", &struktur.verrichtungsdetail);
        self.end("struktur");
    }

    fn kategorien(&mut self, kategorien: &[Kategorie]) {
        for kategorie in kategorien {
            self.element("kategorie", |writer| {
                writer.identifikator("id", &kategorie.id);
                writer.ids("uebergeordneteKategorieID", &kategorie.uebergeordnet);
                writer.localized("bezeichnung", &kategorie.bezeichnung);
                writer.localized("beschreibung", &kategorie.beschreibung);
                if !kategorie.klasse.is_empty() {
                    writer.element("klasse", |writer| writer.localized("bezeichnung", &kategorie.klasse));
                }
            });
        }
    }

    fn module(&mut self, module: &Module) {
        for modul in &module.texte {
            self.textmodul("modulText", "leikaTextmodul", modul);
        }
        for modul in &module.texte_individuell {
            self.textmodul("modulTextIndividuell", "individuellesTextmodultyp", modul);
        }
        for modul in &module.fristen {
            self.fristmodul("modulFrist", "frist", modul);
        }
        for modul in &module.kosten {
            self.element("modulKosten", |writer| {
                writer.head(&modul.head);
                modul.kosten.iter().for_each(|kosten| writer.kosten(kosten));
                writer.localized("beschreibung", &modul.beschreibung);
                writer.hyperlinks("weiterfuehrenderLink", &modul.links);
            });
        }
        for modul in &module.bearbeitungsdauern {
            self.fristmodul("modulBearbeitungsdauer", "bearbeitungsdauer", modul);
        }
        if !module.begriffe.is_empty() {
            self.element("modulBegriffImKontext", |writer| {
                for begriff in &module.begriffe {
                    writer.element("begriffImKontext", |writer| {
                        writer.localized("begriff", [&begriff.begriff]);
                        writer.codes("typ", &begriff.typ);
                    });
                }
            });
        }
        for modul in &module.freigaben {
            self.element("modulFachlicheFreigabe", |writer| {
                writer.head(&modul.head);
                writer.optional("fachlichFreigegebenAm", &modul.am);
                writer.localized("fachlichFreigegebenDurch", &modul.durch);
            });
        }
        for modul in &module.auskunftshinweise {
            self.element("modulAuskunftshinweis", |writer| {
                writer.head(&modul.head);
                writer.localized("inhalt", &modul.inhalt);
                writer.hyperlinks("weiterfuehrenderLink", &modul.links);
            });
        }
        module.dokumente.iter().for_each(|modul| self.dokumentmodul(modul));
        module.ursprungsportale.iter().for_each(|modul| self.ursprungsportal(modul));
    }

    fn head(&mut self, head: &ModulHead) {
        self.position(head.position);
        self.ids("id", &head.id);
        self.ids("idSekundaer", &head.id_sekundaer);
        self.zeitraeume(&head.gueltigkeit);
        if self.is_2_3() {
            // mandatory since 2.3; 000 means every channel
            let every = Code { code: Some("000".to_owned()), ..Code::default() };
            self.code("zugangskanal", head.zugangskanal.as_ref().unwrap_or(&every));
        }
    }

    fn textmodul(&mut self, name: &str, typ_name: &str, modul: &Textmodul) {
        self.element(name, |writer| {
            writer.head(&modul.head);
            writer.code(typ_name, &modul.typ);
            writer.localized("leikaTextmodulAbweichendeBezeichnung", &modul.abweichende_bezeichnung);
            writer.localized("inhalt", &modul.inhalt);
            writer.hyperlinks("weiterfuehrenderLink", &modul.links);
        });
    }

    fn fristmodul(&mut self, name: &str, span_name: &str, modul: &Fristmodul) {
        self.element(name, |writer| {
            writer.head(&modul.head);
            modul.fristen.iter().for_each(|frist| writer.frist(span_name, frist));
            writer.localized("beschreibung", &modul.beschreibung);
            writer.hyperlinks("weiterfuehrenderLink", &modul.links);
        });
    }

    fn frist(&mut self, name: &str, frist: &Frist) {
        self.element(name, |writer| {
            writer.codes("typ", &frist.typ);
            if let Some(auswahl) = &frist.auswahl {
                writer.element("fristauswahl", |writer| writer.fristauswahl(auswahl));
            }
            writer.localized("beschreibung", &frist.beschreibung);
            writer.position(frist.position);
            writer.zeitraeume(&frist.gueltigkeit);
        });
    }

    fn fristauswahl(&mut self, auswahl: &Fristauswahl) {
        match auswahl {
            Fristauswahl::Dauer { dauer, einheit, dauer_bis, einheit_bis } => self.element("fristDauer", |writer| {
                writer.filled("dauer", dauer);
                writer.code("einheit", einheit);
                writer.optional("dauerBis", dauer_bis);
                writer.codes("einheitBis", einheit_bis);
            }),
            Fristauswahl::Stichtag { von, bis } => self.element("fristStichtag", |writer| {
                writer.optional("von", von);
                writer.optional("bis", bis);
            }),
        }
    }

    fn kosten(&mut self, kosten: &Kosten) {
        self.element("kosten", |writer| {
            writer.codes("typ", &kosten.typ);
            if let Some(auswahl) = &kosten.auswahl {
                writer.element("kostenauswahl", |writer| writer.kostenauswahl(auswahl));
            }
            writer.localized("beschreibung", &kosten.beschreibung);
            writer.boolean("vorkasse", kosten.vorkasse);
            if writer.is_2_3() {
                writer.hyperlinks("linkKostenbildung", &kosten.links);
            } else {
                kosten.links.iter().for_each(|link| writer.leaf("linkKostenbildung", &link.uri));
            }
            writer.position(kosten.position);
            writer.zeitraeume(&kosten.gueltigkeit);
        });
    }

    fn kostenauswahl(&mut self, auswahl: &Kostenauswahl) {
        match auswahl {
            Kostenauswahl::Fix(betrag) => self.element("kostenFix", |writer| writer.betrag("betrag", Some(betrag))),
            Kostenauswahl::Frei(beschreibung) => {
                self.element("kostenFrei", |writer| writer.localized("beschreibungKostenfreiheit", beschreibung));
            }
            Kostenauswahl::Variabel { von, bis, beschreibung } => self.element("kostenVariabel", |writer| {
                writer.betrag("betragUntergrenze", von.as_ref());
                writer.betrag("betragObergrenze", bis.as_ref());
                writer.localized("beschreibungVariabilitaet", beschreibung);
            }),
        }
    }

    fn betrag(&mut self, name: &str, betrag: Option<&Betrag>) {
        if let Some(betrag) = betrag {
            self.start(name, &[("waehrung", betrag.waehrung.as_deref())]);
            self.content(&betrag.betrag);
            self.end(name);
        }
    }

    fn dokumentmodul(&mut self, modul: &Dokumentmodul) {
        self.element("modulDokument", |writer| {
            writer.head(&modul.head);
            for dokument in &modul.eingehend {
                writer.element("dokumentEingehend", |writer| {
                    if !writer.is_2_3() {
                        return writer.dokument(dokument);
                    }
                    writer.codes("pflichtangabetyp", &dokument.pflichtangabetyp);
                    writer.localized("pflichtangabeGrundKontextabhaengigkeit", &dokument.pflichtangabe_gruende);
                    writer.boolean("kennzeichenAusloeser", dokument.ausloeser);
                    writer.element("dokument", |writer| writer.dokument(dokument));
                });
            }
            for dokument in &modul.ausgehend {
                writer.element("dokumentAusgehend", |writer| writer.dokument(dokument));
            }
            let name = writer.renamed("beschreibung", "beschreibungEingehend");
            writer.localized(name, &modul.beschreibung);
            writer.hyperlinks("weiterfuehrenderLink", &modul.links);
        });
    }

    fn dokument(&mut self, dokument: &Dokument) {
        let name = self.renamed("typ", "art");
        self.codes(name, &dokument.typ);
        self.optional("nichtGelisteterWert", &dokument.nicht_gelisteter_wert);
        self.localized("bezeichnung", &dokument.bezeichnung);
        self.localized("beschreibung", &dokument.beschreibung);
        let name = self.renamed("referenzFormularID", "formularReferenz");
        self.ids(name, &dokument.formulare);
        self.codes("angabeSignatur", &dokument.signatur);
    }

    fn ursprungsportal(&mut self, portal: &Ursprungsportal) {
        self.start("modulUrsprungsportal", &[("languageCode", portal.lang.as_deref())]);
        self.head(&portal.head);
        self.filled("uri", &portal.uri);
        self.optional("titel", &portal.titel);
        if self.is_2_3() {
            for (typ, name) in &portal.dynamische_parameter {
                self.element("dynamischeParameter", |writer| {
                    if let Some(typ) = typ {
                        writer.code("typ", &Code { code: Some(typ.clone()), ..Code::default() });
                    }
                    writer.leaf("parameterName", name);
                });
            }
        }
        self.end("modulUrsprungsportal");
    }
}

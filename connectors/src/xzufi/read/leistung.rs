//! `leistung` and `spezialisierung` with all their modules (sections 4, 5.3 and 11 of the reference).

use super::tree::Element;
use super::values::{Mapped, Mapper};
use crate::xzufi::{
    Auskunftshinweis, BegriffImKontext, Betrag, Code, Dokument, Dokumentmodul, FachlicheFreigabe, Frist, Fristauswahl,
    Fristmodul, Herausgeber, Hyperlink, Kategorie, Kosten, Kostenauswahl, Kostenmodul, Leistung, ModulHead, Module,
    Spezialisierung, Struktur, Strukturart, Textmodul, Ursprungsportal,
};

impl<'t> Mapper<'_> {
    /// `leistung`
    pub fn leistung(&mut self, element: Element<'t>) -> Mapped<Leistung> {
        let mut leistung = Leistung::default();
        for child in self.children(element) {
            if self.module(&mut leistung.module, child)? {
                continue;
            }
            match child.own() {
                "id" => self.once(&mut leistung.id, child, Self::identifikator)?,
                "idSekundaer" => leistung.id_sekundaer.push(self.identifikator(child)?),
                "struktur" => self.once(&mut leistung.struktur, child, Self::struktur)?,
                "referenzLeiKa" => {
                    let code = self.code(child)?;
                    leistung.leistungsschluessel.push(code.code.unwrap_or_default());
                }
                "referenzLeistungsschluessel" => leistung.leistungsschluessel.push(self.token(child)?),
                "typisierung" => leistung.typisierung.push(self.code(child)?),
                "vertrauensniveau" => self.once(&mut leistung.vertrauensniveau, child, Self::code)?,
                "leistungsadressat" => leistung.leistungsadressat.push(self.code(child)?),
                "kennzeichenSchriftformerfordernis" | "kennzeichenFormularSchriftformerfordernis" => {
                    self.once(&mut leistung.schriftform, child, Self::boolean)?;
                }
                "kategorie" => leistung.kategorien.push(self.kategorie(child)?),
                "klassifizierung" => leistung.klassifizierung.push(self.code(child)?),
                "informationsbereichSDG" => leistung.informationsbereich_sdg.push(self.code(child)?),
                "informationsbereicheSDG" => self.informationsbereiche(&mut leistung.informationsbereich_sdg, child)?,
                "idLeistungImKontext" | "leistungImKontextID" => {
                    leistung.leistungen_im_kontext.push(self.identifikator(child)?);
                }
                "idProzess" | "prozessID" => leistung.prozesse.push(self.identifikator(child)?),
                "herausgeber" => self.once(&mut leistung.herausgeber, child, Self::herausgeber)?,
                "gueltigkeitGebietID" => leistung.gueltigkeit_gebiete.push(self.identifikator(child)?),
                "kennzeichenEA" => self.once(&mut leistung.kennzeichen_ea, child, Self::boolean)?,
                "durchfuehrbarEinheitlicheStelle" => {
                    let code = self.code(child)?;
                    let possible = matches!(code.code.as_deref(), Some("11" | "19"));
                    leistung.kennzeichen_ea = Some(possible || leistung.kennzeichen_ea == Some(true));
                }
                "relevantFuerWirtschaftszweig" => self.wirtschaftszweig(&mut leistung.wirtschaftszweige, child)?,
                "relevantFuerRechtsform" => leistung.rechtsformen.push(self.code(child)?),
                "relevantFuerStaatsangehoerigkeit" => self.staaten(&mut leistung.staatsangehoerigkeiten, child)?,
                "versionsinformation" | "versionsinformationen" => {
                    self.once(&mut leistung.versionsinformation, child, Self::versionsinformation)?;
                }
                "sprachversion" => leistung.sprachversionen.push(self.sprachversion(child)?),
                "gueltigkeit" => leistung.gueltigkeit.push(self.zeitraum(child)?),
                name @ ("statusKatalog" | "statusBibliothek" | "detailstufe" | "bezugsortTyp") => {
                    let code = self.code(child)?;
                    leistung.weitere_codes.push((name.to_owned(), code));
                }
                _ => self.unknown(child),
            }
        }
        leistung.fragments = std::mem::take(&mut self.fragments);
        Ok(leistung)
    }

    /// `spezialisierung`
    pub fn spezialisierung(&mut self, element: Element<'t>) -> Mapped<Spezialisierung> {
        let mut overlay = Spezialisierung::default();
        for child in self.children(element) {
            if self.module(&mut overlay.module, child)? {
                continue;
            }
            match child.own() {
                "id" => self.once(&mut overlay.id, child, Self::identifikator)?,
                "leistungID" => overlay.leistung_id.push(self.identifikator(child)?),
                "gueltigkeitGebietID" => overlay.gueltigkeit_gebiete.push(self.identifikator(child)?),
                "versionsinformation" | "versionsinformationen" => {
                    self.once(&mut overlay.versionsinformation, child, Self::versionsinformation)?;
                }
                "gueltigkeit" => overlay.gueltigkeit.push(self.zeitraum(child)?),
                _ => self.unknown(child),
            }
        }
        overlay.fragments = std::mem::take(&mut self.fragments);
        Ok(overlay)
    }

    /// Reads `child` if it is a module.
    fn module(&mut self, module: &mut Module, child: Element<'t>) -> Mapped<bool> {
        match child.own() {
            "modulText" => module.texte.push(self.textmodul(child, "leikaTextmodul")?),
            "modulTextIndividuell" => {
                module.texte_individuell.push(self.textmodul(child, "individuellesTextmodultyp")?);
            }
            "modulFrist" => module.fristen.push(self.fristmodul(child, "frist")?),
            "modulKosten" => module.kosten.push(self.kostenmodul(child)?),
            "modulBearbeitungsdauer" => module.bearbeitungsdauern.push(self.fristmodul(child, "bearbeitungsdauer")?),
            "modulBegriffImKontext" => self.begriffe(&mut module.begriffe, child)?,
            "modulFachlicheFreigabe" => module.freigaben.push(self.freigabe(child)?),
            "modulAuskunftshinweis" => module.auskunftshinweise.push(self.auskunftshinweis(child)?),
            "modulDokument" => module.dokumente.push(self.dokumentmodul(child)?),
            "modulUrsprungsportal" => module.ursprungsportale.push(self.ursprungsportal(child)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Reads `child` if it belongs to what all modules share.
    fn head(&mut self, head: &mut ModulHead, child: Element<'t>) -> Mapped<bool> {
        match child.own() {
            "positionDarstellung" => self.once(&mut head.position, child, Self::integer)?,
            "id" => self.once(&mut head.id, child, Self::identifikator)?,
            "idSekundaer" => head.id_sekundaer.push(self.identifikator(child)?),
            "gueltigkeit" => head.gueltigkeit.push(self.zeitraum(child)?),
            "zugangskanal" => self.once(&mut head.zugangskanal, child, Self::code)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn textmodul(&mut self, element: Element<'t>, typ_name: &str) -> Mapped<Textmodul> {
        let mut modul = Textmodul::default();
        let mut typ = None;
        for child in self.children(element) {
            if self.head(&mut modul.head, child)? {
                continue;
            }
            match child.own() {
                name if name == typ_name => self.once(&mut typ, child, Self::code)?,
                "leikaTextmodulAbweichendeBezeichnung" => modul.abweichende_bezeichnung.push(self.localized(child)?),
                "inhalt" => modul.inhalt.push(self.localized(child)?),
                "weiterfuehrenderLink" => modul.links.push(self.hyperlink(child)?),
                _ => self.unknown(child),
            }
        }
        modul.typ = typ.unwrap_or_default();
        Ok(modul)
    }

    fn fristmodul(&mut self, element: Element<'t>, span_name: &str) -> Mapped<Fristmodul> {
        let mut modul = Fristmodul::default();
        for child in self.children(element) {
            if self.head(&mut modul.head, child)? {
                continue;
            }
            match child.own() {
                name if name == span_name => modul.fristen.push(self.frist(child)?),
                "beschreibung" => modul.beschreibung.push(self.localized(child)?),
                "weiterfuehrenderLink" => modul.links.push(self.hyperlink(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(modul)
    }

    fn frist(&mut self, element: Element<'t>) -> Mapped<Frist> {
        let mut frist = Frist::default();
        for child in self.children(element) {
            match child.own() {
                "typ" => self.once(&mut frist.typ, child, Self::code)?,
                "fristauswahl" => {
                    for branch in self.children(child) {
                        match branch.own() {
                            "fristDauer" => self.once(&mut frist.auswahl, branch, Self::dauer)?,
                            "fristStichtag" => self.once(&mut frist.auswahl, branch, Self::stichtag)?,
                            _ => self.unknown(branch),
                        }
                    }
                }
                "beschreibung" => frist.beschreibung.push(self.localized(child)?),
                "positionDarstellung" => self.once(&mut frist.position, child, Self::integer)?,
                "gueltigkeit" => frist.gueltigkeit.push(self.zeitraum(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(frist)
    }

    fn dauer(&mut self, element: Element<'t>) -> Mapped<Fristauswahl> {
        let (mut dauer, mut einheit, mut dauer_bis, mut einheit_bis) = (None, None, None, None);
        for child in self.children(element) {
            match child.own() {
                "dauer" => self.once(&mut dauer, child, Self::token)?,
                "einheit" => self.once(&mut einheit, child, Self::code)?,
                "dauerBis" => self.once(&mut dauer_bis, child, Self::token)?,
                "einheitBis" => self.once(&mut einheit_bis, child, Self::code)?,
                _ => self.unknown(child),
            }
        }
        let (dauer, einheit) = (dauer.unwrap_or_default(), einheit.unwrap_or_default());
        Ok(Fristauswahl::Dauer { dauer, einheit, dauer_bis, einheit_bis })
    }

    fn stichtag(&mut self, element: Element<'t>) -> Mapped<Fristauswahl> {
        let (mut von, mut bis) = (None, None);
        for child in self.children(element) {
            match child.own() {
                "von" => self.once(&mut von, child, Self::token)?,
                "bis" => self.once(&mut bis, child, Self::token)?,
                _ => self.unknown(child),
            }
        }
        Ok(Fristauswahl::Stichtag { von, bis })
    }

    fn kostenmodul(&mut self, element: Element<'t>) -> Mapped<Kostenmodul> {
        let mut modul = Kostenmodul::default();
        for child in self.children(element) {
            if self.head(&mut modul.head, child)? {
                continue;
            }
            match child.own() {
                "kosten" => modul.kosten.push(self.kosten(child)?),
                "beschreibung" => modul.beschreibung.push(self.localized(child)?),
                "weiterfuehrenderLink" => modul.links.push(self.hyperlink(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(modul)
    }

    fn kosten(&mut self, element: Element<'t>) -> Mapped<Kosten> {
        let mut kosten = Kosten::default();
        for child in self.children(element) {
            match child.own() {
                "typ" => self.once(&mut kosten.typ, child, Self::code)?,
                "kostenauswahl" => {
                    for branch in self.children(child) {
                        match branch.own() {
                            "kostenFix" => self.once(&mut kosten.auswahl, branch, Self::kosten_fix)?,
                            "kostenFrei" => self.once(&mut kosten.auswahl, branch, Self::kosten_frei)?,
                            "kostenVariabel" => self.once(&mut kosten.auswahl, branch, Self::kosten_variabel)?,
                            _ => self.unknown(branch),
                        }
                    }
                }
                "beschreibung" => kosten.beschreibung.push(self.localized(child)?),
                "vorkasse" => self.once(&mut kosten.vorkasse, child, Self::boolean)?,
                "linkKostenbildung" => kosten.links.push(self.kostenlink(child)?),
                "positionDarstellung" => self.once(&mut kosten.position, child, Self::integer)?,
                "gueltigkeit" => kosten.gueltigkeit.push(self.zeitraum(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(kosten)
    }

    /// A text in 2.2, a link in 2.3.
    fn kostenlink(&mut self, element: Element<'t>) -> Mapped<Hyperlink> {
        if element.children().next().is_some() {
            return self.hyperlink(element);
        }
        let lang = element.attribute("languageCode").map(str::to_owned);
        Ok(Hyperlink { lang, uri: self.token(element)?, ..Hyperlink::default() })
    }

    fn kosten_fix(&mut self, element: Element<'t>) -> Mapped<Kostenauswahl> {
        let mut betrag = None;
        for child in self.children(element) {
            match child.own() {
                "betrag" => self.once(&mut betrag, child, Self::betrag)?,
                _ => self.unknown(child),
            }
        }
        Ok(Kostenauswahl::Fix(betrag.unwrap_or_default()))
    }

    fn kosten_frei(&mut self, element: Element<'t>) -> Mapped<Kostenauswahl> {
        let mut beschreibung = Vec::new();
        for child in self.children(element) {
            match child.own() {
                "beschreibungKostenfreiheit" => beschreibung.push(self.localized(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(Kostenauswahl::Frei(beschreibung))
    }

    fn kosten_variabel(&mut self, element: Element<'t>) -> Mapped<Kostenauswahl> {
        let (mut von, mut bis, mut beschreibung) = (None, None, Vec::new());
        for child in self.children(element) {
            match child.own() {
                "betragUntergrenze" => self.once(&mut von, child, Self::betrag)?,
                "betragObergrenze" => self.once(&mut bis, child, Self::betrag)?,
                "beschreibungVariabilitaet" => beschreibung.push(self.localized(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(Kostenauswahl::Variabel { von, bis, beschreibung })
    }

    /// The attribute of the currency has no name that is known; an amount has no other attribute.
    fn betrag(&mut self, element: Element<'t>) -> Mapped<Betrag> {
        let waehrung = element.attributes().next().map(|(_, value)| value.to_owned());
        Ok(Betrag { betrag: self.token(element)?, waehrung })
    }

    fn begriffe(&mut self, begriffe: &mut Vec<BegriffImKontext>, element: Element<'t>) -> Mapped<()> {
        let mut head = ModulHead::default();
        for child in self.children(element) {
            match child.own() {
                "begriffImKontext" => begriffe.push(self.begriff(child)?),
                // the words of all these modules are one list, so their heads have no place in it
                _ if self.head(&mut head, child)? => self.keep(child),
                _ => self.unknown(child),
            }
        }
        Ok(())
    }

    fn begriff(&mut self, element: Element<'t>) -> Mapped<BegriffImKontext> {
        let (mut begriff, mut typ) = (None, None);
        for child in self.children(element) {
            match child.own() {
                "begriff" => self.once(&mut begriff, child, Self::localized)?,
                "typ" => self.once(&mut typ, child, Self::code)?,
                _ => self.unknown(child),
            }
        }
        Ok(BegriffImKontext { begriff: begriff.unwrap_or_default(), typ })
    }

    fn freigabe(&mut self, element: Element<'t>) -> Mapped<FachlicheFreigabe> {
        let mut freigabe = FachlicheFreigabe::default();
        for child in self.children(element) {
            if self.head(&mut freigabe.head, child)? {
                continue;
            }
            match child.own() {
                "fachlichFreigegebenAm" => self.once(&mut freigabe.am, child, Self::date)?,
                "fachlichFreigegebenDurch" => freigabe.durch.push(self.localized(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(freigabe)
    }

    fn auskunftshinweis(&mut self, element: Element<'t>) -> Mapped<Auskunftshinweis> {
        let mut hinweis = Auskunftshinweis::default();
        for child in self.children(element) {
            if self.head(&mut hinweis.head, child)? {
                continue;
            }
            match child.own() {
                "inhalt" => hinweis.inhalt.push(self.localized(child)?),
                "weiterfuehrenderLink" => hinweis.links.push(self.hyperlink(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(hinweis)
    }

    fn dokumentmodul(&mut self, element: Element<'t>) -> Mapped<Dokumentmodul> {
        let mut modul = Dokumentmodul::default();
        for child in self.children(element) {
            if self.head(&mut modul.head, child)? {
                continue;
            }
            match child.own() {
                "dokumentEingehend" => modul.eingehend.push(self.dokument(child)?),
                "dokumentAusgehend" => modul.ausgehend.push(self.dokument(child)?),
                "beschreibung" | "beschreibungEingehend" | "beschreibungAusgehend" => {
                    modul.beschreibung.push(self.localized(child)?);
                }
                "weiterfuehrenderLink" => modul.links.push(self.hyperlink(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(modul)
    }

    fn dokument(&mut self, element: Element<'t>) -> Mapped<Dokument> {
        let mut dokument = Dokument::default();
        let mut wrapped = false;
        for child in self.children(element) {
            match child.own() {
                "pflichtangabetyp" => self.once(&mut dokument.pflichtangabetyp, child, Self::code)?,
                "pflichtangabeGrundKontextabhaengigkeit" => {
                    dokument.pflichtangabe_gruende.push(self.localized(child)?);
                }
                "kennzeichenAusloeser" => self.once(&mut dokument.ausloeser, child, Self::boolean)?,
                // 2.3 puts the document itself one level deeper
                "dokument" if !wrapped => {
                    wrapped = true;
                    for inner in self.children(child) {
                        self.dokument_field(&mut dokument, inner)?;
                    }
                }
                _ => self.dokument_field(&mut dokument, child)?,
            }
        }
        Ok(dokument)
    }

    fn dokument_field(&mut self, dokument: &mut Dokument, child: Element<'t>) -> Mapped<()> {
        match child.own() {
            "typ" | "art" => self.once(&mut dokument.typ, child, Self::code)?,
            "nichtGelisteterWert" => self.once(&mut dokument.nicht_gelisteter_wert, child, Self::text)?,
            "bezeichnung" => dokument.bezeichnung.push(self.localized(child)?),
            "beschreibung" => dokument.beschreibung.push(self.localized(child)?),
            "referenzFormularID" | "formularReferenz" => dokument.formulare.push(self.identifikator(child)?),
            "angabeSignatur" => self.once(&mut dokument.signatur, child, Self::code)?,
            _ => self.unknown(child),
        }
        Ok(())
    }

    fn ursprungsportal(&mut self, element: Element<'t>) -> Mapped<Ursprungsportal> {
        let lang = element.attribute("languageCode").map(str::to_owned);
        let mut portal = Ursprungsportal { lang, ..Ursprungsportal::default() };
        let mut uri = None;
        for child in self.children(element) {
            if self.head(&mut portal.head, child)? {
                continue;
            }
            match child.own() {
                "uri" => self.once(&mut uri, child, Self::token)?,
                "titel" => self.once(&mut portal.titel, child, Self::text)?,
                "dynamischeParameter" => portal.dynamische_parameter.push(self.parameter(child)?),
                _ => self.unknown(child),
            }
        }
        portal.uri = uri.unwrap_or_default();
        Ok(portal)
    }

    fn parameter(&mut self, element: Element<'t>) -> Mapped<(Option<String>, String)> {
        let (mut typ, mut name) = (None, None);
        for child in self.children(element) {
            match child.own() {
                "typ" => self.once(&mut typ, child, Self::code)?,
                "parameterName" => self.once(&mut name, child, Self::text)?,
                _ => self.unknown(child),
            }
        }
        Ok((typ.and_then(|typ: Code| typ.code), name.unwrap_or_default()))
    }

    fn struktur(&mut self, element: Element<'t>) -> Mapped<Struktur> {
        let art = match element.xsi_type() {
            Some("LeistungsstrukturObjekt") => Some(Strukturart::Objekt),
            Some("LeistungsstrukturObjektMitVerrichtung") => Some(Strukturart::MitVerrichtung),
            Some("LeistungsstrukturObjektMitVerrichtungUndDetail") => Some(Strukturart::MitVerrichtungUndDetail),
            _ => None,
        };
        let mut struktur = Struktur { art, ..Struktur::default() };
        for child in self.children(element) {
            match child.own() {
                "leistungsgruppierung" | "leistungsgruppierungLeiKa" if Self::is_code(child) => {
                    self.once(&mut struktur.leistungsgruppierung, child, Self::code)?;
                }
                "leistungsgruppierung" => self.keep(child),
                "leistungsobjektID" => self.once(&mut struktur.leistungsobjekt_id, child, Self::identifikator)?,
                "verrichtungLeiKa" => self.once(&mut struktur.verrichtung, child, Self::code)?,
                "verrichtung" => {
                    for inner in self.children(child) {
                        match inner.own() {
                            "verrichtungLeiKa" => self.once(&mut struktur.verrichtung, inner, Self::code)?,
                            // the other branch, a category of the editorial system
                            _ => self.keep(inner),
                        }
                    }
                }
                "verrichtungsdetail" => struktur.verrichtungsdetail.push(self.localized(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(struktur)
    }

    fn kategorie(&mut self, element: Element<'t>) -> Mapped<Kategorie> {
        let mut kategorie = Kategorie::default();
        let mut id = None;
        for child in self.children(element) {
            match child.own() {
                "id" => self.once(&mut id, child, Self::identifikator)?,
                "uebergeordneteKategorieID" => self.once(&mut kategorie.uebergeordnet, child, Self::identifikator)?,
                "bezeichnung" => kategorie.bezeichnung.push(self.localized(child)?),
                "beschreibung" => kategorie.beschreibung.push(self.localized(child)?),
                "klasse" => {
                    for inner in self.children(child) {
                        match inner.own() {
                            "bezeichnung" => kategorie.klasse.push(self.localized(inner)?),
                            "id" | "idSekundaer" | "beschreibung" | "version" | "typ" => self.keep(inner),
                            _ => self.unknown(inner),
                        }
                    }
                }
                "idSekundaer" | "untergeordneteKategorieID" | "piktogrammID" => self.keep(child),
                _ => self.unknown(child),
            }
        }
        kategorie.id = id.unwrap_or_default();
        Ok(kategorie)
    }

    fn herausgeber(&mut self, element: Element<'t>) -> Mapped<Herausgeber> {
        let mut herausgeber = Herausgeber::default();
        let mut id = None;
        for child in self.children(element) {
            match child.own() {
                "id" => self.once(&mut id, child, Self::identifikator)?,
                "bezeichnung" => herausgeber.bezeichnung.push(self.text(child)?),
                "standardZustaendigkeitsgebiet" => {
                    for inner in self.children(child) {
                        match inner.own() {
                            "id" => herausgeber.gebiete.push(self.identifikator(inner)?),
                            "idSekundaer"
                            | "typ"
                            | "uebergeordnetesGebietID"
                            | "untergeordnetesGebietID"
                            | "verwaltungspolitischeKodierung"
                            | "bezeichnung"
                            | "kurzbezeichnung"
                            | "beschreibung"
                            | "herausgeber"
                            | "versionsinformation"
                            | "versionsinformationen"
                            | "gueltigkeit" => self.keep(inner),
                            _ => self.unknown(inner),
                        }
                    }
                }
                "idSekundaer" | "kurzbezeichnung" | "beschreibung" => self.keep(child),
                _ => self.unknown(child),
            }
        }
        herausgeber.id = id.unwrap_or_default();
        Ok(herausgeber)
    }

    fn informationsbereiche(&mut self, bereiche: &mut Vec<Code>, element: Element<'t>) -> Mapped<()> {
        for child in self.children(element) {
            match child.own() {
                "informationsbereichSDG1" | "informationsbereichSDG2" => bereiche.push(self.code(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(())
    }

    fn wirtschaftszweig(&mut self, zweige: &mut Vec<Code>, element: Element<'t>) -> Mapped<()> {
        for child in self.children(element) {
            match child.own() {
                "code" => zweige.push(self.code(child)?),
                "spezifischeID" => self.keep(child),
                _ => self.unknown(child),
            }
        }
        Ok(())
    }

    /// A code in 2.2, lists of states and groups of states in 2.3.
    fn staaten(&mut self, staaten: &mut Vec<Code>, element: Element<'t>) -> Mapped<()> {
        if Self::is_code(element) {
            staaten.push(self.code(element)?);
            return Ok(());
        }
        for child in self.children(element) {
            match child.own() {
                "staatsangehoerigkeit" | "staatengruppe" => staaten.push(self.code(child)?),
                _ => self.unknown(child),
            }
        }
        Ok(())
    }
}

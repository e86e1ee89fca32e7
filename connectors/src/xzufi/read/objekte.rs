//! `organisationseinheit`, `onlinedienst`, `formular` and Zuständigkeit in both forms (section 5 of the reference).

use super::tree::Element;
use super::values::{Mapped, Mapper};
use crate::xzufi::{
    Anschrift, Formular, Kommunikation, Onlinedienst, OnlinedienstLink, Organisationseinheit, Zustaendigkeit,
    ZustaendigkeitTransferObjekt,
};

impl<'t> Mapper<'_> {
    /// `organisationseinheit`
    pub fn organisationseinheit(&mut self, element: Element<'t>) -> Mapped<Organisationseinheit> {
        let mut stelle = Organisationseinheit::default();
        for child in self.children(element) {
            match child.own() {
                "id" => self.once(&mut stelle.id, child, Self::identifikator)?,
                "idSekundaer" => stelle.id_sekundaer.push(self.identifikator(child)?),
                "uebergeordneteOrganisationseinheitID" => {
                    self.once(&mut stelle.uebergeordnet, child, Self::identifikator)?;
                }
                "untergeordneteOrganisationseinheitID" => stelle.untergeordnet.push(self.identifikator(child)?),
                "name" => {
                    for inner in self.children(child) {
                        match inner.own() {
                            "name" => stelle.name.push(self.localized(inner)?),
                            "kurzbezeichnung" => stelle.kurzbezeichnung.push(self.localized(inner)?),
                            "gueltigkeit" => self.keep(inner),
                            _ => self.unknown(inner),
                        }
                    }
                }
                "beschreibung" | "kurzbeschreibung" => stelle.beschreibung.push(self.localized(child)?),
                "anschrift" => stelle.anschriften.push(self.anschrift(child)?),
                "kommunikation" => stelle.kommunikation.push(self.kommunikation(child)?),
                "internetadresse" => stelle.internetadressen.push(self.hyperlink(child)?),
                "infoOeffnungszeitenText" => stelle.oeffnungszeiten.push(self.localized(child)?),
                "zahlungsweise" => stelle.zahlungsweisen.push(self.code(child)?),
                "synonym" => stelle.synonyme.push(self.localized(child)?),
                "zustaendigkeit" => stelle.zustaendigkeiten.push(self.zustaendigkeit(child)?),
                "versionsinformation" | "versionsinformationen" => {
                    self.once(&mut stelle.versionsinformation, child, Self::versionsinformation)?;
                }
                "sprachversion" => stelle.sprachversionen.push(self.sprachversion(child)?),
                "gueltigkeit" => stelle.gueltigkeit.push(self.zeitraum(child)?),
                "kontaktperson" | "bankverbindung" | "glaeubigeridentifikationsnummer" => self.keep(child),
                _ => self.unknown(child),
            }
        }
        stelle.fragments = std::mem::take(&mut self.fragments);
        Ok(stelle)
    }

    /// `anschrift`, the core component with XZuFi's own list of kinds.
    fn anschrift(&mut self, element: Element<'t>) -> Mapped<Anschrift> {
        let mut anschrift = Anschrift::default();
        for child in self.children(element) {
            match child.own() {
                "typ" => self.once(&mut anschrift.typ, child, Self::code)?,
                "strasse" => self.once(&mut anschrift.strasse, child, Self::text)?,
                "hausnummer" => self.once(&mut anschrift.hausnummer, child, Self::text)?,
                "postfach" => self.once(&mut anschrift.postfach, child, Self::text)?,
                "postleitzahl" => self.once(&mut anschrift.postleitzahl, child, Self::token)?,
                "ort" => self.once(&mut anschrift.ort, child, Self::text)?,
                "ortsteil" => self.once(&mut anschrift.ortsteil, child, Self::text)?,
                "zusatz" => self.once(&mut anschrift.zusatz, child, Self::text)?,
                "verwaltungspolitischeKodierung" => {
                    for inner in self.children(child) {
                        match inner.own() {
                            "regionalschluessel" => self.once(&mut anschrift.regionalschluessel, inner, Self::key)?,
                            "gemeindeschluessel" => self.once(&mut anschrift.gemeindeschluessel, inner, Self::key)?,
                            "kreis" | "bezirk" | "bundesland" | "nation" | "gemeindeverband" => self.keep(inner),
                            _ => self.unknown(inner),
                        }
                    }
                }
                "strassenschluessel"
                | "ortFruehererGemeindename"
                | "wohnungsgeber"
                | "staat"
                | "geokodierung"
                | "anfahrturl" => self.keep(child),
                _ => self.unknown(child),
            }
        }
        Ok(anschrift)
    }

    fn key(&mut self, element: Element<'t>) -> Mapped<String> {
        Ok(self.code(element)?.code.unwrap_or_default())
    }

    fn kommunikation(&mut self, element: Element<'t>) -> Mapped<Kommunikation> {
        let (mut kanal, mut kennung, mut zusatz) = (None, None, None);
        for child in self.children(element) {
            match child.own() {
                "kanal" => self.once(&mut kanal, child, Self::code)?,
                "kennung" => self.once(&mut kennung, child, Self::token)?,
                "zusatz" => self.once(&mut zusatz, child, Self::text)?,
                "istDienstlich" | "kennungzusatz" => self.keep(child),
                _ => self.unknown(child),
            }
        }
        let (kanal, kennung) = (kanal.unwrap_or_default(), kennung.unwrap_or_default());
        Ok(Kommunikation { kanal, kennung, zusatz })
    }

    /// `onlinedienst`
    pub fn onlinedienst(&mut self, element: Element<'t>) -> Mapped<Onlinedienst> {
        let mut dienst = Onlinedienst::default();
        for child in self.children(element) {
            match child.own() {
                "id" => self.once(&mut dienst.id, child, Self::identifikator)?,
                "idSekundaer" => dienst.id_sekundaer.push(self.identifikator(child)?),
                "bezeichnung" => dienst.bezeichnung.push(self.localized(child)?),
                "beschreibung" | "kurzbeschreibung" => dienst.beschreibung.push(self.localized(child)?),
                "link" => dienst.links.push(self.dienst_link(child)?),
                "vertrauensniveau" => self.once(&mut dienst.vertrauensniveau, child, Self::code)?,
                "zahlungsweise" => dienst.zahlungsweisen.push(self.code(child)?),
                "identifizierungsmittel" => dienst.identifizierungsmittel.push(self.code(child)?),
                "zustaendigkeit" => dienst.zustaendigkeiten.push(self.zustaendigkeit(child)?),
                "sprachversion" => dienst.sprachversionen.push(self.sprachversion(child)?),
                "versionsinformation" | "versionsinformationen" => {
                    self.once(&mut dienst.versionsinformation, child, Self::versionsinformation)?;
                }
                "gueltigkeit" => dienst.gueltigkeit.push(self.zeitraum(child)?),
                _ => self.unknown(child),
            }
        }
        dienst.fragments = std::mem::take(&mut self.fragments);
        Ok(dienst)
    }

    fn dienst_link(&mut self, element: Element<'t>) -> Mapped<OnlinedienstLink> {
        let lang = element.attribute("languageCode").map(str::to_owned);
        let mut link = OnlinedienstLink { lang, ..OnlinedienstLink::default() };
        let mut address = None;
        for child in self.children(element) {
            match child.own() {
                "typ" => self.once(&mut link.typ, child, Self::code)?,
                "link" => self.once(&mut address, child, Self::token)?,
                "titel" => self.once(&mut link.titel, child, Self::text)?,
                _ => self.unknown(child),
            }
        }
        link.link = address.unwrap_or_default();
        Ok(link)
    }

    /// `formular`
    pub fn formular(&mut self, element: Element<'t>) -> Mapped<Formular> {
        let mut formular = Formular::default();
        for child in self.children(element) {
            match child.own() {
                "id" => self.once(&mut formular.id, child, Self::identifikator)?,
                "idSekundaer" => formular.id_sekundaer.push(self.identifikator(child)?),
                "bezeichnung" => formular.bezeichnung.push(self.localized(child)?),
                "zustaendigkeit" => formular.zustaendigkeiten.push(self.zustaendigkeit(child)?),
                _ => self.unknown(child),
            }
        }
        formular.fragments = std::mem::take(&mut self.fragments);
        Ok(formular)
    }

    /// `zustaendigkeitTransferObjekt`
    pub fn transfer_objekt(&mut self, element: Element<'t>) -> Mapped<ZustaendigkeitTransferObjekt> {
        let (mut owner, mut zustaendigkeit) = (None, None);
        for child in self.children(element) {
            match child.own() {
                "uebergeordnetesObjektID" => self.once(&mut owner, child, Self::identifikator)?,
                "zustaendigkeit" => self.once(&mut zustaendigkeit, child, Self::zustaendigkeit)?,
                _ => self.unknown(child),
            }
        }
        Ok(ZustaendigkeitTransferObjekt {
            uebergeordnetes_objekt_id: owner,
            zustaendigkeit: zustaendigkeit.unwrap_or_default(),
            fragments: std::mem::take(&mut self.fragments),
        })
    }

    fn zustaendigkeit(&mut self, element: Element<'t>) -> Mapped<Zustaendigkeit> {
        let mut zustaendigkeit = Zustaendigkeit { line: element.line(), ..Zustaendigkeit::default() };
        for child in self.children(element) {
            match child.own() {
                "id" => self.once(&mut zustaendigkeit.id, child, Self::identifikator)?,
                "idSekundaer" => zustaendigkeit.id_sekundaer.push(self.identifikator(child)?),
                "leistungID" => zustaendigkeit.leistung_id.push(self.identifikator(child)?),
                "gebietID" => zustaendigkeit.gebiete.push(self.identifikator(child)?),
                "rolle" => self.once(&mut zustaendigkeit.rolle, child, Self::code)?,
                _ => self.unknown(child),
            }
        }
        Ok(zustaendigkeit)
    }
}

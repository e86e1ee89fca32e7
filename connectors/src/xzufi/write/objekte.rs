//! Writes `organisationseinheit`, `onlinedienst`, `formular` and Zuständigkeit in both forms.

use super::Writer;
use crate::xzufi::{
    Anschrift, Code, Formular, Kommunikation, Onlinedienst, Organisationseinheit, Zustaendigkeit,
    ZustaendigkeitTransferObjekt,
};

impl Writer {
    pub(super) fn organisationseinheit(&mut self, stelle: &Organisationseinheit) {
        self.start("organisationseinheit", &[("xsi:type", Some("xzufi:OrganisationseinheitErweitert"))]);
        self.ids("id", &stelle.id);
        self.ids("idSekundaer", &stelle.id_sekundaer);
        self.ids("uebergeordneteOrganisationseinheitID", &stelle.uebergeordnet);
        self.ids("untergeordneteOrganisationseinheitID", &stelle.untergeordnet);
        if !stelle.name.is_empty() || !stelle.kurzbezeichnung.is_empty() {
            self.element("name", |writer| {
                writer.localized("name", &stelle.name);
                writer.localized("kurzbezeichnung", &stelle.kurzbezeichnung);
            });
        }
        self.localized("beschreibung", &stelle.beschreibung);
        stelle.anschriften.iter().for_each(|anschrift| self.anschrift(anschrift));
        stelle.kommunikation.iter().for_each(|kommunikation| self.kommunikation(kommunikation));
        self.hyperlinks("internetadresse", &stelle.internetadressen);
        self.localized("infoOeffnungszeitenText", &stelle.oeffnungszeiten);
        self.codes("zahlungsweise", &stelle.zahlungsweisen);
        self.localized("synonym", &stelle.synonyme);
        self.zustaendigkeiten(&stelle.zustaendigkeiten);
        self.versionsinformation(&stelle.versionsinformation);
        self.sprachversionen(&stelle.sprachversionen);
        self.zeitraeume(&stelle.gueltigkeit);
        self.fragments(&stelle.fragments);
        self.end("organisationseinheit");
    }

    fn anschrift(&mut self, anschrift: &Anschrift) {
        self.element("anschrift", |writer| {
            writer.codes("typ", &anschrift.typ);
            writer.optional("strasse", &anschrift.strasse);
            writer.optional("hausnummer", &anschrift.hausnummer);
            writer.optional("postfach", &anschrift.postfach);
            writer.optional("postleitzahl", &anschrift.postleitzahl);
            writer.optional("ort", &anschrift.ort);
            writer.optional("ortsteil", &anschrift.ortsteil);
            writer.optional("zusatz", &anschrift.zusatz);
            if anschrift.regionalschluessel.is_none() && anschrift.gemeindeschluessel.is_none() {
                return;
            }
            writer.element("verwaltungspolitischeKodierung", |writer| {
                let keys = [
                    ("gemeindeschluessel", "ags", &anschrift.gemeindeschluessel),
                    ("regionalschluessel", "rs", &anschrift.regionalschluessel),
                ];
                for (name, list, key) in keys {
                    if let Some(key) = key {
                        let list_uri = format!("urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:{list}");
                        let (code, list_uri) = (Some(key.clone()), Some(list_uri));
                        writer.code(name, &Code { code, list_uri, ..Code::default() });
                    }
                }
            });
        });
    }

    fn kommunikation(&mut self, kommunikation: &Kommunikation) {
        self.element("kommunikation", |writer| {
            writer.code("kanal", &kommunikation.kanal);
            writer.filled("kennung", &kommunikation.kennung);
            writer.optional("zusatz", &kommunikation.zusatz);
        });
    }

    pub(super) fn onlinedienst(&mut self, dienst: &Onlinedienst) {
        self.start("onlinedienst", &[("xsi:type", Some("xzufi:OnlinedienstErweitert"))]);
        self.ids("id", &dienst.id);
        self.ids("idSekundaer", &dienst.id_sekundaer);
        self.localized("bezeichnung", &dienst.bezeichnung);
        self.localized("beschreibung", &dienst.beschreibung);
        for link in &dienst.links {
            self.start("link", &[("languageCode", link.lang.as_deref())]);
            self.codes("typ", &link.typ);
            self.filled("link", &link.link);
            self.optional("titel", &link.titel);
            self.end("link");
        }
        self.codes("vertrauensniveau", &dienst.vertrauensniveau);
        self.codes("zahlungsweise", &dienst.zahlungsweisen);
        self.codes("identifizierungsmittel", &dienst.identifizierungsmittel);
        self.zustaendigkeiten(&dienst.zustaendigkeiten);
        self.versionsinformation(&dienst.versionsinformation);
        self.sprachversionen(&dienst.sprachversionen);
        self.zeitraeume(&dienst.gueltigkeit);
        self.fragments(&dienst.fragments);
        self.end("onlinedienst");
    }

    pub(super) fn formular(&mut self, formular: &Formular) {
        self.element("formular", |writer| {
            writer.ids("id", &formular.id);
            writer.ids("idSekundaer", &formular.id_sekundaer);
            writer.localized("bezeichnung", &formular.bezeichnung);
            writer.zustaendigkeiten(&formular.zustaendigkeiten);
            writer.fragments(&formular.fragments);
        });
    }

    pub(super) fn transfer_objekt(&mut self, transfer: &ZustaendigkeitTransferObjekt) {
        self.element("zustaendigkeitTransferObjekt", |writer| {
            writer.ids("uebergeordnetesObjektID", &transfer.uebergeordnetes_objekt_id);
            writer.zustaendigkeiten([&transfer.zustaendigkeit]);
            writer.fragments(&transfer.fragments);
        });
    }

    fn zustaendigkeiten<'a>(&mut self, zustaendigkeiten: impl IntoIterator<Item = &'a Zustaendigkeit>) {
        for zustaendigkeit in zustaendigkeiten {
            self.element("zustaendigkeit", |writer| {
                writer.ids("id", &zustaendigkeit.id);
                writer.ids("idSekundaer", &zustaendigkeit.id_sekundaer);
                writer.ids("leistungID", &zustaendigkeit.leistung_id);
                writer.ids("gebietID", &zustaendigkeit.gebiete);
                writer.codes("rolle", &zustaendigkeit.rolle);
            });
        }
    }
}

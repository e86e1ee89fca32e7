//! Writes XZuFi messages: the same values, the same bytes.
//!
//! Elements stand in the order of the model, `code` and `name` of a code in no namespace, HTML as escaped text. What a
//! version does not have is left out. Of the fragments that a reader kept, those directly inside an object are written
//! back; deeper ones have lost the place they stood at. The name of the standard's transfer message is not published,
//! so the root has a name of our own, as readers accept any.

mod leistung;
mod objekte;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use super::{
    Action, Code, Entry, Fragment, Hyperlink, Identifikator, Localized, Nachrichtenkopf, Objekt, Sprachversion,
    Version, Versionsinformation, Zeitraum,
};
use crate::xml::escape;

/// The local name of the root of what we write.
const ROOT: &str = "uebermittlung";

/// Writes one message with `entries` in their order.
///
/// Fails where `out` fails, with `InvalidData` where a text holds a character that XML cannot express, and with
/// `InvalidInput` for version 2.1, which is read only.
pub fn write_message<'a>(
    version: Version,
    kopf: &Nachrichtenkopf,
    entries: impl IntoIterator<Item = &'a Entry>,
    out: &mut impl Write,
) -> io::Result<()> {
    let named = match version {
        Version::V2_1 => return Err(io::Error::new(io::ErrorKind::InvalidInput, "XZuFi 2.1 is not written")),
        Version::V2_2 => "2.2.0",
        Version::V2_3 => "2.3.1",
    };
    let mut writer = Writer { xml: String::new(), version, expressible: true };
    let namespace = version.namespace();
    writer.xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writer.xml.push_str(&format!(
        "<xzufi:{ROOT} xmlns:xzufi=\"{namespace}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         produktbezeichnung=\"Portalverbund.NRW\" xzufiVersion=\"{named}\">\n"
    ));
    writer.element("nachrichtenkopf", |writer| {
        writer.optional("nachrichtUUID", &kopf.nachricht_uuid);
        writer.optional("erstelltDatumZeit", &kopf.erstellt_datum_zeit);
        writer.optional("empfaenger", &kopf.empfaenger);
        writer.optional("sender", &kopf.sender);
    });
    writer.flush(out)?;
    for entry in entries {
        writer.entry(entry);
        writer.flush(out)?;
    }
    writer.xml.push_str(&format!("</xzufi:{ROOT}>"));
    writer.flush(out)
}

/// The XML of what is being written, up to one entry of it.
struct Writer {
    xml: String,
    version: Version,
    /// Every character so far was one that XML can express.
    expressible: bool,
}

impl Writer {
    fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        if !self.expressible {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a text holds a character that XML forbids"));
        }
        self.xml.push('\n');
        out.write_all(self.xml.as_bytes())?;
        self.xml.clear();
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) {
        match &entry.action {
            Action::Schreibe(objekt) => self.element("schreibe", |writer| match objekt {
                Objekt::Leistung(leistung) => writer.leistung(leistung),
                Objekt::Spezialisierung(overlay) => writer.spezialisierung(overlay),
                Objekt::Organisationseinheit(stelle) => writer.organisationseinheit(stelle),
                Objekt::Onlinedienst(dienst) => writer.onlinedienst(dienst),
                Objekt::Formular(formular) => writer.formular(formular),
                Objekt::Zustaendigkeit(transfer) => writer.transfer_objekt(transfer),
                Objekt::Unknown(fragment) => writer.xml.push_str(&fragment.xml),
            }),
            Action::Loesche { klasse, id } => {
                self.start("loesche", &[("klasse", Some(klasse.name()))]);
                self.identifikator("id", id);
                self.end("loesche");
            }
        }
    }

    /// Whether the version is 2.3 or later.
    fn is_2_3(&self) -> bool {
        self.version >= Version::V2_3
    }

    /// The name of an element that 2.3 renamed.
    fn renamed(&self, until_2_2: &'static str, since_2_3: &'static str) -> &'static str {
        if self.is_2_3() { since_2_3 } else { until_2_2 }
    }

    fn start(&mut self, name: &str, attributes: &[(&str, Option<&str>)]) {
        self.xml.push_str("<xzufi:");
        self.xml.push_str(name);
        for (name, value) in attributes {
            if let Some(value) = value {
                self.xml.push(' ');
                self.xml.push_str(name);
                self.xml.push_str("=\"");
                self.expressible &= escape::attribute(&mut self.xml, value);
                self.xml.push('"');
            }
        }
        self.xml.push('>');
    }

    fn end(&mut self, name: &str) {
        self.xml.push_str("</xzufi:");
        self.xml.push_str(name);
        self.xml.push('>');
    }

    fn element(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.start(name, &[]);
        inner(self);
        self.end(name);
    }

    fn content(&mut self, text: &str) {
        self.expressible &= escape::text(&mut self.xml, text);
    }

    fn leaf(&mut self, name: &str, text: &str) {
        self.element(name, |writer| writer.content(text));
    }

    fn optional(&mut self, name: &str, text: &Option<String>) {
        if let Some(text) = text {
            self.leaf(name, text);
        }
    }

    /// Writes `text` unless it is empty.
    fn filled(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.leaf(name, text);
        }
    }

    fn boolean(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.leaf(name, if value { "true" } else { "false" });
        }
    }

    fn position(&mut self, position: Option<i64>) {
        if let Some(position) = position {
            self.leaf("positionDarstellung", &position.to_string());
        }
    }

    fn identifikator(&mut self, name: &str, id: &Identifikator) {
        self.start(
            name,
            &[
                ("schemeAgencyID", id.scheme_agency_id.as_deref()),
                ("schemeAgencyName", id.scheme_agency_name.as_deref()),
                ("schemeDataURI", id.scheme_data_uri.as_deref()),
                ("schemeID", id.scheme_id.as_deref()),
                ("schemeName", id.scheme_name.as_deref()),
                ("schemeURI", id.scheme_uri.as_deref()),
                ("schemeVersionID", id.scheme_version_id.as_deref()),
            ],
        );
        self.content(&id.text);
        self.end(name);
    }

    fn ids<'a>(&mut self, name: &str, ids: impl IntoIterator<Item = &'a Identifikator>) {
        for id in ids {
            self.identifikator(name, id);
        }
    }

    fn code(&mut self, name: &str, code: &Code) {
        let attributes = [("listURI", code.list_uri.as_deref()), ("listVersionID", code.list_version_id.as_deref())];
        self.start(name, &attributes);
        for (part, text) in [("code", &code.code), ("name", &code.name)] {
            if let Some(text) = text {
                self.xml.push_str(&format!("<{part}>"));
                self.content(text);
                self.xml.push_str(&format!("</{part}>"));
            }
        }
        self.end(name);
    }

    fn codes<'a>(&mut self, name: &str, codes: impl IntoIterator<Item = &'a Code>) {
        for code in codes {
            self.code(name, code);
        }
    }

    fn localized<'a>(&mut self, name: &str, texts: impl IntoIterator<Item = &'a Localized>) {
        for text in texts {
            self.start(name, &[("languageCode", text.lang.as_deref())]);
            self.content(&text.text);
            self.end(name);
        }
    }

    fn hyperlinks(&mut self, name: &str, links: &[Hyperlink]) {
        for link in links {
            self.start(name, &[("languageCode", link.lang.as_deref())]);
            self.filled("uri", &link.uri);
            self.optional("titel", &link.titel);
            self.optional("beschreibung", &link.beschreibung);
            self.position(link.position);
            self.end(name);
        }
    }

    fn zeitraeume(&mut self, periods: &[Zeitraum]) {
        for period in periods {
            self.element("gueltigkeit", |writer| {
                writer.optional("beginn", &period.beginn);
                writer.optional("ende", &period.ende);
                writer.localized("zusatz", &period.zusatz);
            });
        }
    }

    fn versionsinformation(&mut self, version: &Option<Versionsinformation>) {
        if let Some(version) = version {
            let name = self.renamed("versionsinformation", "versionsinformationen");
            self.element(name, |writer| writer.version_fields(version));
        }
    }

    fn version_fields(&mut self, version: &Versionsinformation) {
        self.optional("erstelltDatumZeit", &version.erstellt_datum_zeit);
        self.optional("erstelltDurch", &version.erstellt_durch);
        self.optional("geaendertDatumZeit", &version.geaendert_datum_zeit);
        self.optional("geaendertDurch", &version.geaendert_durch);
        self.optional("version", &version.version);
    }

    fn sprachversionen(&mut self, sprachen: &[Sprachversion]) {
        for sprache in sprachen {
            self.element("sprachversion", |writer| {
                writer.optional("languageCode", &sprache.language_code);
                writer.optional("sprachbezeichnungDeutsch", &sprache.sprachbezeichnung_deutsch);
                writer.optional("sprachbezeichnungNativ", &sprache.sprachbezeichnung_nativ);
                writer.version_fields(&sprache.versionsinformation);
                if writer.is_2_3() {
                    let by_machine = sprache.maschinelle_uebersetzung.unwrap_or_default();
                    writer.boolean("kennzeichenMaschinelleUebersetzung", Some(by_machine));
                }
            });
        }
    }

    fn fragments(&mut self, fragments: &[Fragment]) {
        let directly = |fragment: &&Fragment| fragment.path.matches('/').count() == 1 && fragment.xml.starts_with('<');
        for fragment in fragments.iter().filter(directly) {
            self.xml.push_str(&fragment.xml);
        }
    }
}

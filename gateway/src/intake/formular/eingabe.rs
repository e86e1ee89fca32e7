//! What was typed into the form, checked, and the description that it is.

use crate::registry::Fehler;
use connectors::beschreibung::tabelle::as_html;
use connectors::beschreibung::{
    Anschrift, Baustein, Dienst, Leistungsbeschreibung, Modul, Stelle, Texte, Verweis, Weise, Werte,
};
use connectors::ids::{Identifikator, Leistungsschluessel};
use connectors::registration::Portal;
use url::Url;

/// Characters of a field, and of a text.
const FIELD_MAX: usize = 500;
const TEXT_MAX: usize = 20_000;

/// The fields about office and online service, with what stands above them.
pub(super) const FELDER: &[(&str, &str)] = &[
    ("stelle", "Name der Stelle"),
    ("strasse", "Straße und Hausnummer"),
    ("plz", "Postleitzahl"),
    ("ort", "Ort"),
    ("zusatz", "Gebäude und Raum"),
    ("telefon", "Telefon"),
    ("email", "E-Mail"),
    ("seite", "Internetseite der Stelle"),
    ("oeffnungszeiten", "Öffnungszeiten"),
    ("onlinedienst", "Name des Online-Angebots"),
    ("onlinedienst_url", "Adresse des Online-Angebots"),
];

/// The texts that can be said here.
pub(super) const TEXTE: &[(&str, Modul)] = &[
    ("text_kurztext", Modul::Kurztext),
    ("text_voraussetzungen", Modul::Voraussetzungen),
    ("text_unterlagen", Modul::Unterlagen),
    ("text_kosten", Modul::Kosten),
    ("text_frist", Modul::Frist),
    ("text_bearbeitungsdauer", Modul::Bearbeitungsdauer),
    ("text_ablauf", Modul::Ablauf),
    ("text_hinweise", Modul::Hinweise),
];

/// The fields as they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Eingabe(Vec<(String, String)>);

impl Eingabe {
    pub(super) fn sent(fields: Vec<(String, String)>) -> Self {
        let plain = |text: String| text.replace("\r\n", "\n").trim().to_owned();
        Self(fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
    }

    /// What was saved, as it was typed.
    pub(super) fn of(said: &Leistungsbeschreibung) -> Self {
        let mut fields = Vec::new();
        let mut put = |name: &str, value: Option<&str>| {
            fields.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        };
        for stelle in &said.stellen {
            put("stelle", stelle.name.first());
            for anschrift in &stelle.anschriften {
                put("strasse", anschrift.strasse.as_deref());
                put("plz", anschrift.plz.as_deref());
                put("ort", anschrift.ort.as_deref());
                put("zusatz", anschrift.zusatz.as_deref());
            }
            for (name, values) in [("telefon", &stelle.telefon), ("email", &stelle.email), ("seite", &stelle.url)] {
                put(name, Some(values.0.join("; ")).as_deref().filter(|value| !value.is_empty()));
            }
            put("oeffnungszeiten", stelle.oeffnungszeiten.first().map(as_typed).as_deref());
        }
        for dienst in &said.onlinedienste {
            put("onlinedienst", dienst.bezeichnung.first());
            put("onlinedienst_url", dienst.url.0.first().map(String::as_str));
        }
        for text in &said.texte {
            let Some((feld, _)) = TEXTE.iter().find(|(_, modul)| *modul == text.modul) else { continue };
            put(feld, text.inhalt.first().map(as_typed).as_deref());
            if text.weise == Weise::Ersetzt {
                put(&format!("weise_{feld}"), Some("ersetzt"));
            }
        }
        Self(fields)
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value.as_str())
    }

    /// Whether the text of this field stands in the place of the one that is there; an empty one never does.
    pub(super) fn replaces(&self, feld: &str) -> bool {
        !self.get(feld).is_empty() && self.get(&format!("weise_{feld}")) == "ersetzt"
    }

    /// The text of a field as HTML; nothing in it is markup.
    pub(super) fn html(&self, feld: &str) -> String {
        as_html(self.get(feld))
    }

    /// The office, line by line, as it is shown.
    pub(super) fn office(&self) -> Vec<String> {
        let town = format!("{} {}", self.get("plz"), self.get("ort"));
        let mut lines: Vec<String> = ["stelle", "strasse"].map(|name| self.get(name).to_owned()).into();
        lines.push(town.trim().to_owned());
        lines.extend(["zusatz", "telefon", "email", "seite", "oeffnungszeiten"].map(|name| self.get(name).to_owned()));
        lines.push([self.get("onlinedienst"), self.get("onlinedienst_url")].join(" ").trim().to_owned());
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// What is wrong, in the order of the fields.
    pub(super) fn check(&self) -> Vec<Fehler> {
        let mut fehler = Vec::new();
        let mut find = |feld, text: &str| fehler.push(Fehler::new(feld, text.to_owned()));
        if FELDER.iter().map(|(feld, _)| feld).chain(TEXTE.iter().map(|(feld, _)| feld)).all(|f| self.get(f).is_empty())
        {
            find("stelle", "Bitte füllen Sie mindestens ein Feld aus.");
        }
        let of_office = ["strasse", "plz", "ort", "zusatz", "telefon", "email", "seite", "oeffnungszeiten"];
        if self.get("stelle").is_empty() && of_office.iter().any(|feld| !self.get(feld).is_empty()) {
            find("stelle", "Bitte nennen Sie auch den Namen der Stelle.");
        }
        let plz = self.get("plz");
        if !plz.is_empty() && (plz.len() != 5 || !plz.bytes().all(|byte| byte.is_ascii_digit())) {
            find("plz", "Bitte geben Sie die Postleitzahl mit fünf Ziffern an.");
        }
        if several(self.get("email")).0.iter().any(|one| !one.contains('@') || one.contains(' ')) {
            find("email", "Bitte geben Sie eine E-Mail-Adresse an, zum Beispiel buergerbuero@stadt.example.");
        }
        for feld in ["seite", "onlinedienst_url"] {
            if several(self.get(feld)).0.iter().any(|one| !is_web_address(one)) {
                find(feld, "Bitte geben Sie eine Adresse an, die mit https:// beginnt.");
            }
        }
        if !self.get("onlinedienst").is_empty() && self.get("onlinedienst_url").is_empty() {
            find("onlinedienst_url", "Bitte geben Sie die Adresse des Online-Angebots an.");
        }
        for (feld, _) in FELDER {
            if self.get(feld).chars().count() > FIELD_MAX {
                find(feld, "Bitte fassen Sie sich kürzer: höchstens 500 Zeichen.");
            }
        }
        for (feld, _) in TEXTE {
            if self.get(feld).chars().count() > TEXT_MAX {
                find(feld, "Bitte fassen Sie sich kürzer: höchstens 20.000 Zeichen.");
            }
        }
        fehler
    }

    /// The description: on top of `stamm`, or a Leistung of its own.
    pub(super) fn described(
        &self,
        id: String,
        key: Leistungsschluessel,
        name: &str,
        stamm: Option<Identifikator>,
        portal: &Portal,
    ) -> Leistungsbeschreibung {
        let some = |feld: &str| Some(self.get(feld).to_owned()).filter(|value| !value.is_empty());
        let anschrift = Anschrift {
            strasse: some("strasse"),
            plz: some("plz"),
            ort: some("ort"),
            zusatz: some("zusatz"),
            postfach: None,
        };
        let stelle = Stelle {
            name: Texte(Vec::new()),
            anschriften: if anschrift == Anschrift::default() { Vec::new() } else { vec![anschrift] },
            telefon: several(self.get("telefon")),
            email: several(self.get("email")),
            url: several(self.get("seite")),
            oeffnungszeiten: some("oeffnungszeiten").map(|text| Texte::german(as_html(&text))).unwrap_or_default(),
            ..Stelle::default()
        };
        let stellen = some("stelle").map(|name| Stelle { name: Texte::german(name), ..stelle });
        let dienst = some("onlinedienst_url").map(|url| Dienst {
            bezeichnung: Texte::german(some("onlinedienst").unwrap_or_else(|| name.to_owned())),
            url: Werte::from(url.as_str()),
            ..Dienst::default()
        });
        let texte = TEXTE.iter().filter_map(|(feld, modul)| {
            let weise = if self.replaces(feld) { Weise::Ersetzt } else { Weise::Ergaenzt };
            some(feld).map(|text| Baustein { modul: *modul, weise, inhalt: Texte::german(as_html(&text)) })
        });
        let alone = stamm.is_none();
        Leistungsbeschreibung {
            id: Some(id),
            ergaenzt: stamm.map(|stamm| Verweis { redaktion: stamm.agency, id: stamm.text }),
            leistungsschluessel: if alone { Werte(vec![key.to_string()]) } else { Werte::default() },
            bezeichnung: if alone { Texte::german(name) } else { Texte::default() },
            gebiete: portal.gebiet.as_str().into(),
            texte: texte.collect(),
            stellen: stellen.into_iter().collect(),
            onlinedienste: dienst.into_iter().collect(),
            ..Leistungsbeschreibung::default()
        }
    }
}

fn several(text: &str) -> Werte {
    text.split([';', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn is_web_address(text: &str) -> bool {
    text.parse::<Url>().is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.host().is_some())
}

/// What was typed to get this HTML.
fn as_typed(html: &str) -> String {
    html.replace("<br>", "\n").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eingabe(fields: &[(&str, &str)]) -> Eingabe {
        Eingabe::sent(fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
    }

    fn stadt() -> Portal {
        let text = serde_json::json!({"id": "stadt", "name": "Stadt", "gebiet": "053340002002", "connector": {"kind": "push"}});
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn what_was_saved_is_in_the_form_again_as_it_was_typed() {
        let typed = [
            ("stelle", "Bürgerbüro"),
            ("plz", "52062"),
            ("ort", "Aachen"),
            ("telefon", "0241 1; 0241 2"),
            ("oeffnungszeiten", "Mo 8–12\r\nDi <8–16> & Mi"),
            ("onlinedienst", "Termin"),
            ("onlinedienst_url", "https://termin.example/"),
            ("text_kosten", "37 €\n& mehr"),
            ("weise_text_kosten", "ersetzt"),
            ("text_frist", "keine"),
        ];
        let eingabe = eingabe(&typed);
        assert_eq!(eingabe.check(), []);
        let stamm = Some(Identifikator::new("land", "7"));
        let key = "99108003022000".parse().unwrap();
        let said = eingabe.described("formular-1".into(), key, "Perso", stamm, &stadt());
        assert_eq!(said.ergaenzt, Some(Verweis { redaktion: "land".into(), id: "7".into() }));
        let again = Eingabe::of(&said);
        for (name, value) in typed {
            assert_eq!(again.get(name), value.replace("\r\n", "\n"), "{name}");
        }
        assert!(again.replaces("text_kosten") && !again.replaces("text_frist"));
        let alone = eingabe.described("formular-1".into(), key, "Perso", None, &stadt());
        assert_eq!((alone.bezeichnung.first(), alone.leistungsschluessel.0.len()), (Some("Perso"), 1));
    }

    #[test]
    fn each_fault_stands_at_its_field() {
        for (fields, faulty) in [
            (&[][..], &["stelle"][..]),
            (&[("telefon", "1")], &["stelle"]),
            (&[("stelle", "A"), ("plz", "5206")], &["plz"]),
            (&[("stelle", "A"), ("email", "a@b.example; c")], &["email"]),
            (&[("stelle", "A"), ("seite", "javascript:alert(1)")], &["seite"]),
            (&[("onlinedienst", "A")], &["onlinedienst_url"]),
            (&[("onlinedienst_url", "termin.example")], &["onlinedienst_url"]),
            (&[("text_kosten", "frei")], &[]),
        ] {
            let found: Vec<_> = eingabe(fields).check().iter().map(|one| one.feld).collect();
            assert_eq!(found, faulty, "{fields:?}");
        }
        let long = "x".repeat(TEXT_MAX + 1);
        assert_eq!(eingabe(&[("text_ablauf", &long)]).check()[0].feld, "text_ablauf");
    }
}

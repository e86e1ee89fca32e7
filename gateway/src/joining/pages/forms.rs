//! The fields of a registration as a form: what it shows, what it brings, and what is said at each field.

use serde::Deserialize;

use crate::joining::registration::FieldFault;
use crate::joining::wish::{Wish, kind_of};
use crate::joining::words;
use crate::registry::Fehler;

/// One field.
pub(super) struct Feld {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hilfe: &'static str,
    pub(super) wert: String,
    pub(super) fehler: Option<String>,
    pub(super) freiwillig: bool,
    pub(super) fest: bool,
    pub(super) zeilen: usize,
    pub(super) tastatur: &'static str,
    pub(super) autocomplete: Option<&'static str>,
}

/// One way in which data can come.
pub(super) struct Weg {
    pub(super) wert: &'static str,
    pub(super) label: &'static str,
    pub(super) gewaehlt: bool,
}

/// All fields of a registration.
pub(super) struct Angaben {
    pub(super) adresse: Feld,
    pub(super) name: Feld,
    pub(super) kennung: Feld,
    pub(super) gebiet: Feld,
    /// Places that could be meant.
    pub(super) orte: Vec<String>,
    pub(super) wege: Vec<Weg>,
    pub(super) weg_fehler: Option<String>,
    pub(super) quelle: Feld,
    pub(super) takt: Feld,
    pub(super) telefon: Feld,
    pub(super) email: Feld,
    pub(super) seite: Feld,
    pub(super) rechner: Feld,
}

/// What the form brings; fields that are missing are empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WishForm {
    pub(super) schritt: String,
    pub(super) address: String,
    id: String,
    name: String,
    gebiet: String,
    connector: String,
    source: String,
    every_h: String,
    hosts: String,
    phone: String,
    email: String,
    page: String,
}

impl WishForm {
    pub(super) fn wish(self) -> Wish {
        Wish {
            address: self.address,
            id: self.id,
            name: self.name,
            gebiet: self.gebiet,
            connector: self.connector,
            source: self.source,
            every_h: self.every_h,
            hosts: self.hosts,
            phone: self.phone,
            email: self.email,
            page: self.page,
        }
    }
}

fn feld(name: &'static str, label: &'static str, hilfe: &'static str, wert: &str) -> Feld {
    Feld {
        name,
        label,
        hilfe,
        wert: wert.to_owned(),
        fehler: None,
        freiwillig: false,
        fest: false,
        zeilen: 1,
        tastatur: "text",
        autocomplete: None,
    }
}

/// The field of the one address.
pub(super) fn address(typed: &str, fehler: Option<String>) -> Feld {
    let hilfe = "Die Startseite oder die Adresse Ihrer index.txt, zum Beispiel https://www.stadt.example/";
    Feld {
        fehler,
        tastatur: "url",
        autocomplete: Some("url"),
        ..feld("address", "Adresse Ihres Portals", hilfe, typed)
    }
}

/// The faults of these fields, for the summary.
pub(super) fn faults<'a>(felder: impl IntoIterator<Item = &'a Feld>) -> Vec<Fehler> {
    let fault = |feld: &Feld| Some(Fehler::new(feld.name, feld.fehler.clone()?));
    felder.into_iter().filter_map(fault).collect()
}

impl Angaben {
    /// The fields with what was written and what is wrong; the id is fixed unless the registration is `new`.
    pub(super) fn of(wish: &Wish, wrong: &[FieldFault], new: bool) -> Self {
        let fault = |name: &str| wrong.iter().find(|fault| fault.field == name).map(words::of_field);
        let with = |feld: Feld| Feld { fehler: fault(feld.name), ..feld };
        let optional = |feld: Feld| Feld { freiwillig: true, ..with(feld) };
        let known = [
            ("xzufi-index", "Sie holen sie ab: XZuFi-Verzeichnis (index.txt) an der Adresse unten"),
            ("web", "Sie lesen unsere Seiten: ausgezeichnet nach schema.org, gefunden über die Sitemap"),
            ("push", "Wir liefern sie selbst: Schnittstelle, Formular oder Tabelle"),
        ];
        let mut wege: Vec<Weg> =
            known.into_iter().map(|(wert, label)| Weg { wert, label, gewaehlt: wish.connector == wert }).collect();
        if !wege.iter().any(|weg| weg.gewaehlt)
            && let Some(first) = wege.last_mut().filter(|_| wish.connector.is_empty())
        {
            first.gewaehlt = true;
        }
        let adresse = with(address(&wish.address, None));
        let adresse = Feld { fehler: fault("address").or_else(|| fault("routes")), ..adresse };
        Self {
            adresse,
            name: with(feld(
                "name",
                "Name",
                "So, wie Bürgerinnen und Bürger Sie kennen, zum Beispiel „Stadt Herne“",
                &wish.name,
            )),
            kennung: Feld {
                fest: !new,
                ..with(feld("id", "Kennung", "Kurz und dauerhaft: Kleinbuchstaben, Ziffern und „-“", &wish.id))
            },
            gebiet: with(feld(
                "gebiet",
                "Gebiet",
                "Gemeinde, Kreis oder Amtlicher Regionalschlüssel; nur dafür spricht das Portal",
                &wish.gebiet,
            )),
            orte: Vec::new(),
            wege,
            weg_fehler: fault("connector"),
            quelle: Feld {
                tastatur: "url",
                ..optional(feld(
                    "source",
                    "Adresse der Daten",
                    "Die index.txt oder die erste Seite; auf demselben Rechnernamen wie oben oder darunter",
                    &wish.source,
                ))
            },
            takt: Feld {
                tastatur: "numeric",
                ..optional(feld("every_h", "Alle wie viele Stunden holen wir ab?", "", &wish.every_h))
            },
            telefon: Feld {
                tastatur: "tel",
                autocomplete: Some("tel"),
                ..optional(feld("phone", "Telefon", "", &wish.phone))
            },
            email: Feld {
                tastatur: "email",
                autocomplete: Some("email"),
                ..optional(feld("email", "E-Mail", "", &wish.email))
            },
            seite: Feld { tastatur: "url", ..optional(feld("page", "Kontaktseite", "", &wish.page)) },
            rechner: Feld {
                zeilen: 3,
                ..optional(feld(
                    "hosts",
                    "Rechnernamen Ihrer Onlinedienste",
                    "Je Zeile einer, zum Beispiel formulare.dienst.example. Zum eigenen Namen leiten wir immer.",
                    &wish.hosts,
                ))
            },
        }
    }

    /// What is wrong, in the order of the fields.
    pub(super) fn faults(&self) -> Vec<Fehler> {
        let mut found = faults([&self.adresse, &self.name, &self.kennung, &self.gebiet]);
        if let Some(text) = &self.weg_fehler {
            found.push(Fehler::new("connector", text.clone()));
        }
        found.extend(faults([&self.quelle, &self.takt, &self.telefon, &self.email, &self.seite, &self.rechner]));
        found
    }
}

/// How the way of the data is called on pages.
pub(super) fn way_of(connector: &connectors::registration::Connector) -> &'static str {
    match kind_of(connector) {
        "xzufi-index" => "Abholen: XZuFi-Verzeichnis",
        "xzufi-folder" => "Ordner auf unserem Rechner",
        "bereitstelldienst" => "Bereitstelldienst des PVOG",
        "push" => "Selbst liefern",
        "web" => "Abholen: Seiten des Portals",
        other => other,
    }
}

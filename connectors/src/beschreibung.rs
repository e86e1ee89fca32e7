//! What one simple source says of one Leistung at its places: a web page, a line of NDJSON, a row of a table, a form.
//!
//! XZuFi spreads a Leistung over several objects that refer to each other; whoever has no editorial system has one
//! thing to say: this can be had here, from these offices, in this way. A [`Leistungsbeschreibung`] is that one thing,
//! and [`Leistungsbeschreibung::entries`] makes the objects of the standard from it, which then go the way of every
//! delivery. Nothing is judged here; `indexer::normalise` says what is wrong, as it does for XZuFi.
//!
//! As JSON it is one line of an NDJSON delivery (see [`Zeile`]): German names in ASCII, an unknown one is an error.
//!
//! ```json
//! {"leistungsschluessel": "99108003022000", "bezeichnung": "Personalausweis beantragen", "gebiete": "053340002002",
//!  "texte": [{"modul": "kosten", "inhalt": "37,00 Euro"}],
//!  "stellen": [{"name": "Bürgerbüro", "telefon": "0241 432-0", "oeffnungszeiten": "Mo–Fr 8–12 Uhr"}],
//!  "onlinedienste": [{"bezeichnung": "Termin buchen", "url": "https://termine.example/"}]}
//! ```

mod entries;
mod mehrere;
pub mod tabelle;
mod zeile;

use serde::{Deserialize, Serialize};

pub use entries::PLACES;
pub use mehrere::{Texte, Werte};
pub use zeile::{MAX_LINE_BYTES, Zeile};

/// One Leistung at its places, as one source describes it; what is repeated there is repeated here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Leistungsbeschreibung {
    /// The source's own id, which stays when anything else changes. Without one, the id follows from keys, areas and
    /// address of the page (without keys: from the name as well), so that whoever describes two things with all of
    /// these alike has to give ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The Leistung of another portal that this is said on top of. Then there is no Leistung of its own: texts and
    /// places are put to that one, where the areas are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ergaenzt: Option<Verweis>,
    /// Leistungsschluessel, 14 digits, as sent.
    #[serde(skip_serializing_if = "Werte::is_empty")]
    pub leistungsschluessel: Werte,
    /// What citizens know it as.
    #[serde(skip_serializing_if = "Texte::is_empty")]
    pub bezeichnung: Texte,
    /// Other names and words by which it is looked for.
    #[serde(skip_serializing_if = "Texte::is_empty")]
    pub stichwoerter: Texte,
    /// Amtliche Regionalschluessel of the areas where it is valid, as sent; none: wherever the portal may speak for.
    #[serde(skip_serializing_if = "Werte::is_empty")]
    pub gebiete: Werte,
    /// The texts, in the order of the source.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texte: Vec<Baustein>,
    /// The offices that do it, or tell about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stellen: Vec<Stelle>,
    /// Where it can be done online.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub onlinedienste: Vec<Dienst>,
    /// The address of the page that describes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When the source last changed it: JJJJ-MM-TT, or with time and zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geaendert: Option<String>,
}

/// A Leistung of another editorial system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verweis {
    /// `schemeAgencyID`
    pub redaktion: String,
    /// Its id there.
    pub id: String,
}

/// One text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baustein {
    /// What it is about.
    pub modul: Modul,
    /// What it does to the text of the Leistung that it is said on top of; without one, nothing.
    #[serde(default, skip_serializing_if = "Weise::is_usual")]
    pub weise: Weise,
    /// The text: plain or HTML of the ten tag groups.
    pub inhalt: Texte,
}

impl Baustein {
    /// A text that replaces nothing.
    pub fn new(modul: Modul, inhalt: Texte) -> Self {
        Self { modul, weise: Weise::default(), inhalt }
    }
}

/// What a local text does to the one that is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weise {
    /// It stands behind it.
    #[default]
    Ergaenzt,
    /// It stands in its place.
    Ersetzt,
}

impl Weise {
    fn is_usual(&self) -> bool {
        *self == Self::Ergaenzt
    }
}

/// What a text is about: the text modules of LeiKa (`xzufi::codes::TEXTMODULE`), and the three that XZuFi has as
/// modules of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modul {
    /// 24
    Teaser,
    /// 05
    Kurztext,
    /// 06
    Volltext,
    /// 09
    Voraussetzungen,
    /// 08
    Unterlagen,
    /// `modulKosten`
    Kosten,
    /// `modulFrist`
    Frist,
    /// `modulBearbeitungsdauer`
    Bearbeitungsdauer,
    /// 11
    Ablauf,
    /// 14
    Formulare,
    /// 22
    ZustaendigeStelle,
    /// 23
    Ansprechpunkt,
    /// 25
    Rechtsbehelf,
    /// 07
    Rechtsgrundlage,
    /// 16
    Hinweise,
    /// 15
    WeitereInformationen,
    /// 18
    Urheber,
}

impl Modul {
    /// All of them, in the order in which a page shows them.
    pub const ALL: [Self; 17] = [
        Self::Teaser,
        Self::Kurztext,
        Self::Volltext,
        Self::Voraussetzungen,
        Self::Unterlagen,
        Self::Kosten,
        Self::Frist,
        Self::Bearbeitungsdauer,
        Self::Ablauf,
        Self::Formulare,
        Self::ZustaendigeStelle,
        Self::Ansprechpunkt,
        Self::Rechtsbehelf,
        Self::Rechtsgrundlage,
        Self::Hinweise,
        Self::WeitereInformationen,
        Self::Urheber,
    ];

    /// The code of the text module; none for those that are modules of their own.
    pub fn code(self) -> Option<&'static str> {
        Some(match self {
            Self::Teaser => "24",
            Self::Kurztext => "05",
            Self::Volltext => "06",
            Self::Voraussetzungen => "09",
            Self::Unterlagen => "08",
            Self::Ablauf => "11",
            Self::Formulare => "14",
            Self::ZustaendigeStelle => "22",
            Self::Ansprechpunkt => "23",
            Self::Rechtsbehelf => "25",
            Self::Rechtsgrundlage => "07",
            Self::Hinweise => "16",
            Self::WeitereInformationen => "15",
            Self::Urheber => "18",
            Self::Kosten | Self::Frist | Self::Bearbeitungsdauer => return None,
        })
    }

    /// The element of the standard that holds it.
    pub fn element(self) -> &'static str {
        match self {
            Self::Kosten => "modulKosten",
            Self::Frist => "modulFrist",
            Self::Bearbeitungsdauer => "modulBearbeitungsdauer",
            _ => "modulText",
        }
    }

    /// The German heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kosten => "Kosten",
            Self::Frist => "Frist",
            Self::Bearbeitungsdauer => "Bearbeitungsdauer",
            _ => self.code().and_then(crate::xzufi::codes::textmodul_name).unwrap_or_default(),
        }
    }
}

/// An office.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stelle {
    /// The source's own id; without one it follows from name and address. The same office in several descriptions is
    /// one office, and what was said last of it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    pub name: Texte,
    /// What it has to do with the Leistung.
    #[serde(skip_serializing_if = "Rolle::is_usual")]
    pub rolle: Rolle,
    /// Where it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anschriften: Vec<Anschrift>,
    /// Telephone numbers.
    #[serde(skip_serializing_if = "Werte::is_empty")]
    pub telefon: Werte,
    /// Fax numbers.
    #[serde(skip_serializing_if = "Werte::is_empty")]
    pub fax: Werte,
    /// E-mail addresses.
    #[serde(skip_serializing_if = "Werte::is_empty")]
    pub email: Werte,
    /// Pages about it.
    #[serde(skip_serializing_if = "Werte::is_empty")]
    pub url: Werte,
    /// When it is open: plain or HTML.
    #[serde(skip_serializing_if = "Texte::is_empty")]
    pub oeffnungszeiten: Texte,
    /// The areas it answers for here, as sent; none: those of the description.
    #[serde(skip_serializing_if = "Werte::is_empty")]
    pub gebiete: Werte,
}

/// What an office has to do with a Leistung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rolle {
    /// It is responsible (role 01).
    #[default]
    Zustaendig,
    /// It tells about it (role 03).
    Ansprechpunkt,
}

impl Rolle {
    /// The code of the role.
    pub fn code(self) -> &'static str {
        match self {
            Self::Zustaendig => "01",
            Self::Ansprechpunkt => "03",
        }
    }

    fn is_usual(&self) -> bool {
        *self == Self::Zustaendig
    }
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Anschrift {
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strasse: Option<String>,
    /// Postcode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plz: Option<String>,
    /// Town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ort: Option<String>,
    /// Building, floor, room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zusatz: Option<String>,
    /// P.O. box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postfach: Option<String>,
}

/// An online service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dienst {
    /// The source's own id; without one it follows from the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    pub bezeichnung: Texte,
    /// Where it is.
    pub url: Werte,
    /// The code of its Vertrauensniveau (`xzufi::codes::VERTRAUENSNIVEAUS`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vertrauensniveau: Option<String>,
    /// What can be done there: plain or HTML.
    #[serde(skip_serializing_if = "Texte::is_empty")]
    pub beschreibung: Texte,
    /// The areas it is for, as sent; none: those of the description.
    #[serde(skip_serializing_if = "Werte::is_empty")]
    pub gebiete: Werte,
}

#[cfg(test)]
mod tests;

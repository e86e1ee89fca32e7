//! The canonical record: what we know of one object, whoever delivered it.
//!
//! Result, page, sitemap line and structured data all come from these types. Texts are clean here: HTML went through
//! the allow-list once, plain text is NFC and free of control characters. Fields that a delivery left out are empty;
//! nothing is filled in by guess.

use std::collections::BTreeMap;
use std::fmt;

use connectors::gebiet::Ars;
use connectors::ids::{Identifikator, Leistungsschluessel, PortalId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

/// A language as two lower-case letters (ISO 639-1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lang([u8; 2]);

impl Lang {
    /// German, the language every record should have.
    pub const DE: Lang = Lang(*b"de");
    /// English.
    pub const EN: Lang = Lang(*b"en");
    /// The languages that we offer and index; texts in others are kept.
    pub const OFFERED: [Lang; 2] = [Lang::DE, Lang::EN];

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a language is two ASCII letters")
    }

    /// The language of exactly two ASCII letters in either case; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Some(Self([a.to_ascii_lowercase(), b.to_ascii_lowercase()]))
            }
            _ => None,
        }
    }
}

impl TryFrom<String> for Lang {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no language of two letters"))
    }
}

impl From<Lang> for String {
    fn from(lang: Lang) -> Self {
        lang.as_str().to_owned()
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// HTML of the ten tag groups of the standard: p, br, h1 to h6, b/strong, i/em, sup/sub, ul, ol, li, a with href.
///
/// Only the normaliser makes one; it may be put into a page as it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Html(pub(crate) String);

impl Html {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// What clean HTML says, without markup and on one line.
pub fn plain_text(html: &str) -> String {
    crate::normalise::plain(html)
}

/// Plain text by language.
pub type Texts = BTreeMap<Lang, String>;
/// Clean HTML by language.
pub type Htmls = BTreeMap<Lang, Html>;

/// The entry for `lang`, else the German one, else any; with the language it is in.
pub fn in_lang<T>(texts: &BTreeMap<Lang, T>, lang: Lang) -> Option<(Lang, &T)> {
    [lang, Lang::DE]
        .into_iter()
        .find_map(|wanted| texts.get(&wanted).map(|text| (wanted, text)))
        .or_else(|| texts.iter().find(|(lang, _)| Lang::OFFERED.contains(lang)).map(|(lang, text)| (*lang, text)))
}

/// The kinds of record; each has a key space of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// A description of a Leistung.
    Leistung,
    /// A local overlay of one.
    Spezialisierung,
    /// An authority or office.
    Organisationseinheit,
    /// An online service.
    Onlinedienst,
    /// A form.
    Formular,
    /// Who does what where, as a record of its own.
    Zustaendigkeit,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 6] = [
        Kind::Leistung,
        Kind::Spezialisierung,
        Kind::Organisationseinheit,
        Kind::Onlinedienst,
        Kind::Formular,
        Kind::Zustaendigkeit,
    ];

    /// The name of the kind, as the standard spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Leistung => "Leistung",
            Self::Spezialisierung => "Spezialisierung",
            Self::Organisationseinheit => "Organisationseinheit",
            Self::Onlinedienst => "Onlinedienst",
            Self::Formular => "Formular",
            Self::Zustaendigkeit => "Zustaendigkeit",
        }
    }
}

/// One record with where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Who delivered it.
    pub portal: PortalId,
    /// Its id.
    pub id: Identifikator,
    /// When its editors changed it last, where they say so.
    pub changed: Option<Timestamp>,
    /// What it is.
    pub object: Object,
}

/// What a record is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Object {
    /// A description of a Leistung.
    Leistung(Box<Leistung>),
    /// A local overlay of one.
    Spezialisierung(Box<Spezialisierung>),
    /// An authority or office.
    Organisationseinheit(Box<Organisationseinheit>),
    /// An online service.
    Onlinedienst(Box<Onlinedienst>),
    /// A form.
    Formular(Box<Formular>),
    /// Who does what where.
    Zustaendigkeit(Box<Zustaendigkeit>),
}

impl Object {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Leistung(_) => Kind::Leistung,
            Self::Spezialisierung(_) => Kind::Spezialisierung,
            Self::Organisationseinheit(_) => Kind::Organisationseinheit,
            Self::Onlinedienst(_) => Kind::Onlinedienst,
            Self::Formular(_) => Kind::Formular,
            Self::Zustaendigkeit(_) => Kind::Zustaendigkeit,
        }
    }

    /// The Zustaendigkeiten delivered inside it; none for kinds that cannot hold any.
    pub(crate) fn nested_mut(&mut self) -> Option<&mut Vec<Nested>> {
        match self {
            Self::Organisationseinheit(unit) => Some(&mut unit.zustaendigkeiten),
            Self::Onlinedienst(service) => Some(&mut service.zustaendigkeiten),
            Self::Formular(form) => Some(&mut form.zustaendigkeiten),
            Self::Leistung(_) | Self::Spezialisierung(_) | Self::Zustaendigkeit(_) => None,
        }
    }
}

/// A link out of a text module; only http and https, never with credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where it leads.
    pub url: Url,
    /// What it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The language, where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
}

/// What a module is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ModulArt {
    /// A text module of the FIM list, by its code (`05` Kurztext, `06` Volltext, `08` Unterlagen, …); also unknown codes.
    Text(String),
    /// A module of the editors' own.
    Individuell(String),
    /// Deadlines.
    Frist,
    /// Fees.
    Kosten,
    /// Processing time.
    Bearbeitungsdauer,
    /// Documents in and out.
    Dokumente,
    /// A hint for those who give information by telephone; not for citizens.
    Auskunftshinweis,
}

/// One module of a Leistung.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Modul {
    /// What it is about.
    pub art: ModulArt,
    /// A heading that replaces the usual one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub heading: Texts,
    /// The text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub text: Htmls,
    /// Structured facts as short German phrases: "2 Wochen", "25 Euro", "Anmeldeformular".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
    /// Further links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Channel the module is for (XZuFi 2.3): `100` online, `200` on site; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// A description of a Leistung.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Leistung {
    /// Valid keys, in the order delivered; may be empty.
    pub schluessel: Vec<Leistungsschluessel>,
    /// The name for citizens: module 03, else 02.
    pub title: Texts,
    /// The administrative name: module 02.
    pub bezeichnung: Texts,
    /// The modules in the order of display, titles left out.
    pub modules: Vec<Modul>,
    /// Keywords and synonyms that the editors gave.
    pub keywords: BTreeMap<Lang, Vec<String>>,
    /// Codes of Typisierung (who regulates, who executes).
    pub typisierung: Vec<String>,
    /// Code of the trust level.
    pub vertrauensniveau: Option<String>,
    /// Codes of Leistungsadressat.
    pub adressat: Vec<String>,
    /// Written form is required.
    pub schriftform: Option<bool>,
    /// Names of the categories and Lebenslagen.
    pub kategorien: Vec<Texts>,
    /// Codes of further classifications, as `list code`.
    pub klassifizierung: Vec<String>,
    /// Codes of SDG areas.
    pub sdg: Vec<String>,
    /// Einheitlicher Ansprechpartner.
    pub einheitlicher_ansprechpartner: Option<bool>,
    /// Where the text is valid, within what the portal may speak for.
    pub gebiete: Vec<Ars>,
    /// Released by, and when.
    pub freigabe: Option<Freigabe>,
    /// The page of origin.
    pub ursprung: Vec<Link>,
    /// Related Leistungen.
    pub im_kontext: Vec<Identifikator>,
    /// From when and until when the description is valid.
    pub gueltigkeit: Vec<Zeitraum>,
    /// What was delivered and not understood, as XML.
    pub fragments: Vec<String>,
}

/// A release note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freigabe {
    /// `JJJJ-MM-TT`
    pub am: Option<String>,
    /// By whom.
    pub durch: Texts,
}

/// A period; open at an end that is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zeitraum {
    /// First moment.
    pub from: Option<Timestamp>,
    /// Last moment.
    pub until: Option<Timestamp>,
}

impl Zeitraum {
    /// True when `now` lies within.
    pub fn contains(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now <= until)
    }
}

/// A local overlay of one Leistung.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spezialisierung {
    /// The Leistung it belongs to.
    pub leistung: Option<Identifikator>,
    /// Where it is valid.
    pub gebiete: Vec<Ars>,
    /// Its modules.
    pub modules: Vec<Modul>,
    /// What of it stands in the place of the Leistung's modules of that kind; all else stands behind them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ersetzt: Vec<ModulArt>,
    /// What was delivered and not understood, as XML.
    pub fragments: Vec<String>,
}

/// A postal or visiting address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Anschrift {
    /// Code of the kind: 001 Hausanschrift, 002 Besucheranschrift, 003 Postfach, …
    pub art: Option<String>,
    /// Street and number.
    pub strasse: Option<String>,
    /// PO box.
    pub postfach: Option<String>,
    /// Postal code, leading zeros kept.
    pub plz: Option<String>,
    /// Town.
    pub ort: Option<String>,
    /// Addition.
    pub zusatz: Option<String>,
}

/// How to reach somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kommunikation {
    /// Code of Erreichbarkeit: 01 e-mail, 02 telephone, 03 mobile, 04 fax, 09 web.
    pub kanal: String,
    /// Number or address.
    pub kennung: String,
}

/// An authority or office.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Organisationseinheit {
    /// Its name.
    pub name: Texts,
    /// What it is.
    pub beschreibung: Htmls,
    /// The unit above.
    pub parent: Option<Identifikator>,
    /// Addresses.
    pub anschriften: Vec<Anschrift>,
    /// Channels.
    pub kommunikation: Vec<Kommunikation>,
    /// Pages.
    pub links: Vec<Link>,
    /// Opening hours.
    pub oeffnungszeiten: Htmls,
    /// Further ids, the signed FIT-Connect address among them, as (agency, text).
    pub ids: Vec<(String, String)>,
    /// What it is responsible for, where delivered inside the unit.
    pub zustaendigkeiten: Vec<Nested>,
    /// What was delivered and not understood, as XML.
    pub fragments: Vec<String>,
}

/// An online service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Onlinedienst {
    /// Its name; else the title of its link.
    pub name: Texts,
    /// What it is.
    pub beschreibung: Htmls,
    /// Where it is, by language; only addresses that can be published.
    pub links: Vec<DienstLink>,
    /// Code of the trust level.
    pub vertrauensniveau: Option<String>,
    /// Its name, where the delivery gives one; what the codes mean is not published.
    pub vertrauensniveau_name: Option<String>,
    /// Ways to pay, as names or codes.
    pub zahlungsweisen: Vec<String>,
    /// Ways to identify, as names or codes.
    pub identifizierungsmittel: Vec<String>,
    /// Languages it can be used in.
    pub sprachen: Vec<Lang>,
    /// For what and where it is, where delivered inside.
    pub zustaendigkeiten: Vec<Nested>,
    /// What was delivered and not understood, as XML.
    pub fragments: Vec<String>,
}

/// The address of an online service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DienstLink {
    /// Where it is.
    pub url: Url,
    /// The same as the portal wrote it; addresses are shown as their owners spell them.
    pub written: String,
    /// The language, where given.
    pub lang: Option<Lang>,
    /// The delivering portal may send citizens there.
    pub handover: bool,
}

/// A form.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Formular {
    /// Its name.
    pub name: Texts,
    /// For what and where it is, where delivered inside.
    pub zustaendigkeiten: Vec<Nested>,
    /// What was delivered and not understood, as XML.
    pub fragments: Vec<String>,
}

/// Which Leistung, where, in which role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Nested {
    /// Its own id, where it has one.
    pub id: Option<Identifikator>,
    /// The Leistung.
    pub leistung: Option<Identifikator>,
    /// Where it holds; areas that the portal may speak for.
    pub gebiete: Vec<Ars>,
    /// Areas that were named and hold nowhere, as sent.
    pub gebiete_unmatched: Vec<String>,
    /// Role: 01 and 02 a responsible body, 03 a mere contact; none counts as responsible.
    pub rolle: Option<String>,
}

/// Who does what where, as a record of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Zustaendigkeit {
    /// The kind of the owner: Organisationseinheit, Onlinedienst or Formular.
    pub owner_kind: Option<Kind>,
    /// The owner.
    pub owner: Option<Identifikator>,
    /// What and where.
    pub what: Nested,
    /// What was delivered and not understood, as XML.
    pub fragments: Vec<String>,
}

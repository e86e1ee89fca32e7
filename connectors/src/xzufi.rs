//! XZuFi 2.1, 2.2 and 2.3.1 as values: the wire types of the standard, nothing more.
//!
//! These types hold what a delivery says, unjudged: texts as sent, codes as sent, areas as sent. `indexer::normalise`
//! turns them into canonical records and says what is wrong with them. One type serves all three versions; what a
//! version does not have stays empty. Names are those of the standard's elements in snake case. Every repeatable
//! element is a list, also where a version allows one only. Source: the XZuFi reference, sections 2 to 5 and 11.

pub mod codes;
mod module;
pub mod read;
pub mod write;

pub use module::*;

/// The version of the standard, decided by the namespace alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `http://xoev.de/schemata/xzufi/2_1_0`
    V2_1,
    /// `http://xoev.de/schemata/xzufi/2_2_0`
    V2_2,
    /// `http://xoev.de/schemata/xzufi/2_3_1`
    V2_3,
}

impl Version {
    /// The namespace of the version.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::V2_1 => "http://xoev.de/schemata/xzufi/2_1_0",
            Self::V2_2 => "http://xoev.de/schemata/xzufi/2_2_0",
            Self::V2_3 => "http://xoev.de/schemata/xzufi/2_3_1",
        }
    }

    /// The version of a namespace; none for a namespace that is not XZuFi's.
    pub fn of_namespace(namespace: &str) -> Option<Self> {
        [Self::V2_1, Self::V2_2, Self::V2_3].into_iter().find(|version| version.namespace() == namespace)
    }

    /// Whether the attribute `xzufiVersion` may call the version so; for one namespace `2.2` and `2.2.0` both occur.
    pub fn is_called(self, name: &str) -> bool {
        match self {
            Self::V2_1 => matches!(name, "2.1" | "2.1.0"),
            Self::V2_2 => matches!(name, "2.2" | "2.2.0"),
            Self::V2_3 => matches!(name, "2.3" | "2.3.1"),
        }
    }
}

/// The head of a message; a reader requires none of its children.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Nachrichtenkopf {
    /// `nachrichtUUID`
    pub nachricht_uuid: Option<String>,
    /// `erstelltDatumZeit`, xs:dateTime
    pub erstellt_datum_zeit: Option<String>,
    /// `empfaenger`
    pub empfaenger: Option<String>,
    /// `sender`
    pub sender: Option<String>,
}

/// One thing that a message asks for, in document order.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Line of its `schreibe` or `loesche` in the file, from 1.
    pub line: u64,
    /// What is asked.
    pub action: Action,
}

/// `schreibe` (create or replace) or `loesche` (delete).
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Create or replace one object.
    Schreibe(Objekt),
    /// Delete one object; an unknown id is no error.
    Loesche {
        /// Which key space the id belongs to.
        klasse: Klasse,
        /// The object's id.
        id: Identifikator,
    },
}

/// The kinds of object that can be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Klasse {
    /// `Leistung`
    Leistung,
    /// `LeistungSpezialisierung`
    Spezialisierung,
    /// `Organisationseinheit`
    Organisationseinheit,
    /// `Onlinedienst`
    Onlinedienst,
    /// `Zustaendigkeit`
    Zustaendigkeit,
    /// `Formular`
    Formular,
}

impl Klasse {
    /// Every class there is.
    pub const ALL: [Self; 6] = [
        Self::Leistung,
        Self::Spezialisierung,
        Self::Organisationseinheit,
        Self::Onlinedienst,
        Self::Zustaendigkeit,
        Self::Formular,
    ];

    /// The value of the attribute `klasse`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Leistung => "Leistung",
            Self::Spezialisierung => "LeistungSpezialisierung",
            Self::Organisationseinheit => "Organisationseinheit",
            Self::Onlinedienst => "Onlinedienst",
            Self::Zustaendigkeit => "Zustaendigkeit",
            Self::Formular => "Formular",
        }
    }

    /// The class that the attribute `klasse` names.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|klasse| klasse.name() == name)
    }
}

/// One object as delivered.
#[derive(Debug, Clone, PartialEq)]
pub enum Objekt {
    /// `leistung`
    Leistung(Box<Leistung>),
    /// `spezialisierung`
    Spezialisierung(Box<Spezialisierung>),
    /// `organisationseinheit`
    Organisationseinheit(Box<Organisationseinheit>),
    /// `onlinedienst`
    Onlinedienst(Box<Onlinedienst>),
    /// `formular`
    Formular(Box<Formular>),
    /// `zustaendigkeitTransferObjekt`
    Zustaendigkeit(Box<ZustaendigkeitTransferObjekt>),
    /// An object that the standard does not name; kept as it came.
    Unknown(Fragment),
}

/// A piece of the document that was not understood, kept as canonical XML (UTF-8, prefixes of our own).
#[derive(Debug, Clone, PartialEq)]
pub struct Fragment {
    /// Local names from the object down to the element, joined by `/`.
    pub path: String,
    /// Line of the element in the file, from 1.
    pub line: u64,
    /// The element as XML.
    pub xml: String,
}

/// A name for an object; see section 3.1 of the reference. `text` is trimmed; empty attributes are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identifikator {
    /// `schemeAgencyID`: the delivering editorial system.
    pub scheme_agency_id: Option<String>,
    /// `schemeAgencyName`
    pub scheme_agency_name: Option<String>,
    /// `schemeDataURI`
    pub scheme_data_uri: Option<String>,
    /// `schemeID`: the kind of id, for areas the key's scheme.
    pub scheme_id: Option<String>,
    /// `schemeName`
    pub scheme_name: Option<String>,
    /// `schemeURI`
    pub scheme_uri: Option<String>,
    /// `schemeVersionID`
    pub scheme_version_id: Option<String>,
    /// The id itself.
    pub text: String,
}

/// A code of a list; `code` is none where the element is missing and empty where it is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code {
    /// The value.
    pub code: Option<String>,
    /// Its name, where delivered.
    pub name: Option<String>,
    /// `listURI`
    pub list_uri: Option<String>,
    /// `listVersionID`
    pub list_version_id: Option<String>,
}

/// A text in one language; plain or HTML, as the element has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Localized {
    /// `languageCode` as sent; none where the attribute is missing.
    pub lang: Option<String>,
    /// The text, entities resolved by XML once.
    pub text: String,
}

/// HyperlinkErweitert.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hyperlink {
    /// `languageCode`
    pub lang: Option<String>,
    /// `uri`
    pub uri: String,
    /// `titel`
    pub titel: Option<String>,
    /// `beschreibung`
    pub beschreibung: Option<String>,
    /// `positionDarstellung`
    pub position: Option<i64>,
}

/// A period; both ends are xs:dateTime (or xs:date), already checked for form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zeitraum {
    /// `beginn`
    pub beginn: Option<String>,
    /// `ende`
    pub ende: Option<String>,
    /// `zusatz`
    pub zusatz: Vec<Localized>,
}

/// When and by whom something was made and changed; dates are checked for form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versionsinformation {
    /// `erstelltDatumZeit`
    pub erstellt_datum_zeit: Option<String>,
    /// `erstelltDurch`
    pub erstellt_durch: Option<String>,
    /// `geaendertDatumZeit`
    pub geaendert_datum_zeit: Option<String>,
    /// `geaendertDurch`
    pub geaendert_durch: Option<String>,
    /// `version`
    pub version: Option<String>,
}

/// A language that an object offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sprachversion {
    /// `languageCode`, here a child element.
    pub language_code: Option<String>,
    /// `sprachbezeichnungDeutsch`
    pub sprachbezeichnung_deutsch: Option<String>,
    /// `sprachbezeichnungNativ`
    pub sprachbezeichnung_nativ: Option<String>,
    /// 2.3: `kennzeichenMaschinelleUebersetzung`
    pub maschinelle_uebersetzung: Option<bool>,
    /// The version fields that stand beside.
    pub versionsinformation: Versionsinformation,
}

/// `struktur`: where the Leistung stands in the LeiKa.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Struktur {
    /// Which variant `xsi:type` names.
    pub art: Option<Strukturart>,
    /// `leistungsgruppierung` (2.3: `leistungsgruppierungLeiKa`), where it is a code
    pub leistungsgruppierung: Option<Code>,
    /// `leistungsobjektID`
    pub leistungsobjekt_id: Option<Identifikator>,
    /// `verrichtung/verrichtungLeiKa` (2.3: `verrichtungLeiKa`)
    pub verrichtung: Option<Code>,
    /// `verrichtungsdetail`
    pub verrichtungsdetail: Vec<Localized>,
}

/// The variants of `struktur`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strukturart {
    /// LO: a bare object.
    Objekt,
    /// LOV: with Verrichtung.
    MitVerrichtung,
    /// LOVD: with Verrichtung and detail.
    MitVerrichtungUndDetail,
}

/// `kategorie`: a category or Lebenslage of the editorial system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kategorie {
    /// `id`
    pub id: Identifikator,
    /// `uebergeordneteKategorieID`
    pub uebergeordnet: Option<Identifikator>,
    /// `bezeichnung`
    pub bezeichnung: Vec<Localized>,
    /// `beschreibung`
    pub beschreibung: Vec<Localized>,
    /// `klasse/bezeichnung` of every `klasse`
    pub klasse: Vec<Localized>,
}

/// `herausgeber`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Herausgeber {
    /// `id`
    pub id: Identifikator,
    /// `bezeichnung`
    pub bezeichnung: Vec<String>,
    /// `standardZustaendigkeitsgebiet/id`
    pub gebiete: Vec<Identifikator>,
}

/// `leistung`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Leistung {
    /// `id`
    pub id: Option<Identifikator>,
    /// `idSekundaer`
    pub id_sekundaer: Vec<Identifikator>,
    /// `struktur`
    pub struktur: Option<Struktur>,
    /// `referenzLeiKa/code` (2.1, 2.2) or `referenzLeistungsschluessel` (2.3), as sent
    pub leistungsschluessel: Vec<String>,
    /// The modules.
    pub module: Module,
    /// `typisierung`
    pub typisierung: Vec<Code>,
    /// `vertrauensniveau`
    pub vertrauensniveau: Option<Code>,
    /// `leistungsadressat`
    pub leistungsadressat: Vec<Code>,
    /// `kennzeichenSchriftformerfordernis` (2.3: `kennzeichenFormularSchriftformerfordernis`)
    pub schriftform: Option<bool>,
    /// `kategorie`
    pub kategorien: Vec<Kategorie>,
    /// `klassifizierung`
    pub klassifizierung: Vec<Code>,
    /// `informationsbereichSDG` (2.3: `informationsbereicheSDG/…SDG1` and `…SDG2`)
    pub informationsbereich_sdg: Vec<Code>,
    /// `idLeistungImKontext` (2.3: `leistungImKontextID`)
    pub leistungen_im_kontext: Vec<Identifikator>,
    /// `idProzess` (2.3: `prozessID`)
    pub prozesse: Vec<Identifikator>,
    /// `herausgeber`
    pub herausgeber: Option<Herausgeber>,
    /// `gueltigkeitGebietID`
    pub gueltigkeit_gebiete: Vec<Identifikator>,
    /// `kennzeichenEA` (2.2), or true when 2.3's `durchfuehrbarEinheitlicheStelle` names 11 or 19
    pub kennzeichen_ea: Option<bool>,
    /// `relevantFuerWirtschaftszweig/code`
    pub wirtschaftszweige: Vec<Code>,
    /// `relevantFuerRechtsform`
    pub rechtsformen: Vec<Code>,
    /// `relevantFuerStaatsangehoerigkeit`
    pub staatsangehoerigkeiten: Vec<Code>,
    /// `versionsinformation` (2.3: `versionsinformationen`)
    pub versionsinformation: Option<Versionsinformation>,
    /// `sprachversion`
    pub sprachversionen: Vec<Sprachversion>,
    /// `gueltigkeit`
    pub gueltigkeit: Vec<Zeitraum>,
    /// 2.3: `statusKatalog`, `statusBibliothek`, `detailstufe`, `bezugsortTyp`, as (element, code)
    pub weitere_codes: Vec<(String, Code)>,
    /// What was not understood.
    pub fragments: Vec<Fragment>,
}

/// `spezialisierung`: a local overlay of one Leistung.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spezialisierung {
    /// `id`
    pub id: Option<Identifikator>,
    /// `leistungID`
    pub leistung_id: Vec<Identifikator>,
    /// `gueltigkeitGebietID`
    pub gueltigkeit_gebiete: Vec<Identifikator>,
    /// The overlaid modules.
    pub module: Module,
    /// Not in the standard, and so never read or written: which of the modules stand in the place of those of the
    /// Leistung, by the code of the text module, or the element's name (`modulKosten`).
    pub ersetzt: Vec<String>,
    /// `versionsinformation`
    pub versionsinformation: Option<Versionsinformation>,
    /// `gueltigkeit`
    pub gueltigkeit: Vec<Zeitraum>,
    /// What was not understood.
    pub fragments: Vec<Fragment>,
}

/// `anschrift`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Anschrift {
    /// `typ`
    pub typ: Option<Code>,
    /// `strasse`
    pub strasse: Option<String>,
    /// `hausnummer`
    pub hausnummer: Option<String>,
    /// `postfach`
    pub postfach: Option<String>,
    /// `postleitzahl`, leading zeros kept
    pub postleitzahl: Option<String>,
    /// `ort`
    pub ort: Option<String>,
    /// `ortsteil`
    pub ortsteil: Option<String>,
    /// `zusatz`
    pub zusatz: Option<String>,
    /// `verwaltungspolitischeKodierung/regionalschluessel`
    pub regionalschluessel: Option<String>,
    /// `verwaltungspolitischeKodierung/gemeindeschluessel`
    pub gemeindeschluessel: Option<String>,
}

/// `kommunikation`: one channel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kommunikation {
    /// `kanal`, list Erreichbarkeit: 01 e-mail, 02 telephone, 03 mobile, 04 fax, 09 web
    pub kanal: Code,
    /// `kennung`
    pub kennung: String,
    /// `zusatz`
    pub zusatz: Option<String>,
}

/// `zustaendigkeit`, in both forms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Zustaendigkeit {
    /// Line of the element, from 1.
    pub line: u64,
    /// `id`
    pub id: Option<Identifikator>,
    /// `idSekundaer`
    pub id_sekundaer: Vec<Identifikator>,
    /// `leistungID`, exactly one by the standard
    pub leistung_id: Vec<Identifikator>,
    /// `gebietID`
    pub gebiete: Vec<Identifikator>,
    /// `rolle`: 01 and 02 a responsible body, 03 a mere contact
    pub rolle: Option<Code>,
}

/// `organisationseinheit`: an authority or office.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Organisationseinheit {
    /// `id`
    pub id: Option<Identifikator>,
    /// `idSekundaer`
    pub id_sekundaer: Vec<Identifikator>,
    /// `uebergeordneteOrganisationseinheitID`
    pub uebergeordnet: Option<Identifikator>,
    /// `untergeordneteOrganisationseinheitID`
    pub untergeordnet: Vec<Identifikator>,
    /// `name/name`
    pub name: Vec<Localized>,
    /// `name/kurzbezeichnung`
    pub kurzbezeichnung: Vec<Localized>,
    /// `beschreibung` and `kurzbeschreibung`, HTML
    pub beschreibung: Vec<Localized>,
    /// `anschrift`
    pub anschriften: Vec<Anschrift>,
    /// `kommunikation`
    pub kommunikation: Vec<Kommunikation>,
    /// `internetadresse`
    pub internetadressen: Vec<Hyperlink>,
    /// `infoOeffnungszeitenText`, HTML
    pub oeffnungszeiten: Vec<Localized>,
    /// `zahlungsweise`
    pub zahlungsweisen: Vec<Code>,
    /// `synonym`
    pub synonyme: Vec<Localized>,
    /// Nested `zustaendigkeit`
    pub zustaendigkeiten: Vec<Zustaendigkeit>,
    /// `versionsinformation`
    pub versionsinformation: Option<Versionsinformation>,
    /// `sprachversion`
    pub sprachversionen: Vec<Sprachversion>,
    /// `gueltigkeit`
    pub gueltigkeit: Vec<Zeitraum>,
    /// What was not understood (contact persons, bank accounts and whatever else).
    pub fragments: Vec<Fragment>,
}

/// `link` of an Onlinedienst.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OnlinedienstLink {
    /// `languageCode`
    pub lang: Option<String>,
    /// `typ`: 01 is the link to the service
    pub typ: Option<Code>,
    /// `link`, the address as sent
    pub link: String,
    /// `titel`
    pub titel: Option<String>,
}

/// `onlinedienst`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Onlinedienst {
    /// `id`
    pub id: Option<Identifikator>,
    /// `idSekundaer`
    pub id_sekundaer: Vec<Identifikator>,
    /// `bezeichnung`
    pub bezeichnung: Vec<Localized>,
    /// `beschreibung` and `kurzbeschreibung`, HTML
    pub beschreibung: Vec<Localized>,
    /// `link`
    pub links: Vec<OnlinedienstLink>,
    /// `vertrauensniveau`
    pub vertrauensniveau: Option<Code>,
    /// `zahlungsweise`
    pub zahlungsweisen: Vec<Code>,
    /// `identifizierungsmittel`
    pub identifizierungsmittel: Vec<Code>,
    /// Nested `zustaendigkeit`
    pub zustaendigkeiten: Vec<Zustaendigkeit>,
    /// `sprachversion`
    pub sprachversionen: Vec<Sprachversion>,
    /// `versionsinformation`
    pub versionsinformation: Option<Versionsinformation>,
    /// `gueltigkeit`
    pub gueltigkeit: Vec<Zeitraum>,
    /// What was not understood.
    pub fragments: Vec<Fragment>,
}

/// `formular`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Formular {
    /// `id`
    pub id: Option<Identifikator>,
    /// `idSekundaer`
    pub id_sekundaer: Vec<Identifikator>,
    /// `bezeichnung`
    pub bezeichnung: Vec<Localized>,
    /// Nested `zustaendigkeit`
    pub zustaendigkeiten: Vec<Zustaendigkeit>,
    /// What was not understood.
    pub fragments: Vec<Fragment>,
}

/// `zustaendigkeitTransferObjekt`: a Zuständigkeit as a record of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ZustaendigkeitTransferObjekt {
    /// `uebergeordnetesObjektID`: the owner; its kind is told by the Zuständigkeit's `schemeID` or this one's
    pub uebergeordnetes_objekt_id: Option<Identifikator>,
    /// `zustaendigkeit`
    pub zustaendigkeit: Zustaendigkeit,
    /// What was not understood.
    pub fragments: Vec<Fragment>,
}

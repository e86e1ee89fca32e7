//! The modules of a description: its texts, deadlines, costs, documents and what else it is made of.

use super::{Code, Hyperlink, Identifikator, Localized, Zeitraum};

/// What all modules share.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModulHead {
    /// `positionDarstellung`
    pub position: Option<i64>,
    /// `id`
    pub id: Option<Identifikator>,
    /// `idSekundaer`
    pub id_sekundaer: Vec<Identifikator>,
    /// `gueltigkeit`
    pub gueltigkeit: Vec<Zeitraum>,
    /// 2.3: `zugangskanal`: 000 all, 100 online, 200 on site.
    pub zugangskanal: Option<Code>,
}

/// `modulText`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Textmodul {
    /// What all modules share.
    pub head: ModulHead,
    /// `leikaTextmodul`, or `individuellesTextmodultyp` in `modulTextIndividuell`.
    pub typ: Code,
    /// `leikaTextmodulAbweichendeBezeichnung`
    pub abweichende_bezeichnung: Vec<Localized>,
    /// `inhalt`, HTML
    pub inhalt: Vec<Localized>,
    /// `weiterfuehrenderLink`
    pub links: Vec<Hyperlink>,
}

/// A span of time, or a fixed day, in a Frist or Bearbeitungsdauer.
#[derive(Debug, Clone, PartialEq)]
pub enum Fristauswahl {
    /// `fristDauer`
    Dauer {
        /// `dauer`
        dauer: String,
        /// `einheit`
        einheit: Code,
        /// `dauerBis`
        dauer_bis: Option<String>,
        /// `einheitBis`
        einheit_bis: Option<Code>,
    },
    /// `fristStichtag`: a date, `--MM-DD`, or a text.
    Stichtag {
        /// `von`
        von: Option<String>,
        /// `bis`
        bis: Option<String>,
    },
}

/// `frist` or `bearbeitungsdauer`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frist {
    /// `typ`; none for a Bearbeitungsdauer.
    pub typ: Option<Code>,
    /// `fristauswahl`
    pub auswahl: Option<Fristauswahl>,
    /// `beschreibung`, HTML
    pub beschreibung: Vec<Localized>,
    /// `positionDarstellung`
    pub position: Option<i64>,
    /// `gueltigkeit`
    pub gueltigkeit: Vec<Zeitraum>,
}

/// `modulFrist` or `modulBearbeitungsdauer`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fristmodul {
    /// What all modules share.
    pub head: ModulHead,
    /// The structured spans.
    pub fristen: Vec<Frist>,
    /// `beschreibung`, HTML
    pub beschreibung: Vec<Localized>,
    /// `weiterfuehrenderLink`
    pub links: Vec<Hyperlink>,
}

/// An amount of money.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Betrag {
    /// The number as sent.
    pub betrag: String,
    /// The currency attribute, whatever it is called.
    pub waehrung: Option<String>,
}

/// How much something costs.
#[derive(Debug, Clone, PartialEq)]
pub enum Kostenauswahl {
    /// `kostenFix`
    Fix(Betrag),
    /// `kostenFrei`, with `beschreibungKostenfreiheit`
    Frei(Vec<Localized>),
    /// `kostenVariabel`
    Variabel {
        /// `betragUntergrenze`
        von: Option<Betrag>,
        /// `betragObergrenze`
        bis: Option<Betrag>,
        /// `beschreibungVariabilitaet`
        beschreibung: Vec<Localized>,
    },
}

/// `kosten`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kosten {
    /// `typ`
    pub typ: Option<Code>,
    /// `kostenauswahl`
    pub auswahl: Option<Kostenauswahl>,
    /// `beschreibung`, HTML
    pub beschreibung: Vec<Localized>,
    /// `vorkasse`
    pub vorkasse: Option<bool>,
    /// `linkKostenbildung`: text in 2.2, links in 2.3.
    pub links: Vec<Hyperlink>,
    /// `positionDarstellung`
    pub position: Option<i64>,
    /// `gueltigkeit`
    pub gueltigkeit: Vec<Zeitraum>,
}

/// `modulKosten`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kostenmodul {
    /// What all modules share.
    pub head: ModulHead,
    /// `kosten`
    pub kosten: Vec<Kosten>,
    /// `beschreibung`, HTML
    pub beschreibung: Vec<Localized>,
    /// `weiterfuehrenderLink`
    pub links: Vec<Hyperlink>,
}

/// `begriffImKontext`: a keyword or synonym.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BegriffImKontext {
    /// `begriff`
    pub begriff: Localized,
    /// `typ`
    pub typ: Option<Code>,
}

/// `modulFachlicheFreigabe`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FachlicheFreigabe {
    /// What all modules share.
    pub head: ModulHead,
    /// `fachlichFreigegebenAm`, xs:date
    pub am: Option<String>,
    /// `fachlichFreigegebenDurch`
    pub durch: Vec<Localized>,
}

/// `modulAuskunftshinweis`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Auskunftshinweis {
    /// What all modules share.
    pub head: ModulHead,
    /// `inhalt`, HTML
    pub inhalt: Vec<Localized>,
    /// `weiterfuehrenderLink`
    pub links: Vec<Hyperlink>,
}

/// `dokumentEingehend` or `dokumentAusgehend`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dokument {
    /// `typ` (2.2) or `art` (2.3)
    pub typ: Option<Code>,
    /// `nichtGelisteterWert`
    pub nicht_gelisteter_wert: Option<String>,
    /// `bezeichnung`
    pub bezeichnung: Vec<Localized>,
    /// `beschreibung`, HTML
    pub beschreibung: Vec<Localized>,
    /// `referenzFormularID` (2.2) or `formularReferenz` (2.3)
    pub formulare: Vec<Identifikator>,
    /// `angabeSignatur`
    pub signatur: Option<Code>,
    /// 2.3: `pflichtangabetyp`
    pub pflichtangabetyp: Option<Code>,
    /// 2.3: `pflichtangabeGrundKontextabhaengigkeit`
    pub pflichtangabe_gruende: Vec<Localized>,
    /// 2.3: `kennzeichenAusloeser`
    pub ausloeser: Option<bool>,
}

/// `modulDokument`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dokumentmodul {
    /// What all modules share.
    pub head: ModulHead,
    /// `dokumentEingehend`
    pub eingehend: Vec<Dokument>,
    /// `dokumentAusgehend`
    pub ausgehend: Vec<Dokument>,
    /// `beschreibung`, `beschreibungEingehend`, `beschreibungAusgehend`, HTML
    pub beschreibung: Vec<Localized>,
    /// `weiterfuehrenderLink`
    pub links: Vec<Hyperlink>,
}

/// `modulUrsprungsportal`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ursprungsportal {
    /// What all modules share.
    pub head: ModulHead,
    /// `languageCode`
    pub lang: Option<String>,
    /// `uri`
    pub uri: String,
    /// `titel`
    pub titel: Option<String>,
    /// 2.3: `dynamischeParameter` as (code of `typ`, `parameterName`)
    pub dynamische_parameter: Vec<(Option<String>, String)>,
}

/// The modules that a Leistung and a Spezialisierung share.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Module {
    /// `modulText`
    pub texte: Vec<Textmodul>,
    /// `modulTextIndividuell`
    pub texte_individuell: Vec<Textmodul>,
    /// `modulFrist`
    pub fristen: Vec<Fristmodul>,
    /// `modulKosten`
    pub kosten: Vec<Kostenmodul>,
    /// `modulBearbeitungsdauer`
    pub bearbeitungsdauern: Vec<Fristmodul>,
    /// `modulBegriffImKontext/begriffImKontext`
    pub begriffe: Vec<BegriffImKontext>,
    /// `modulFachlicheFreigabe`
    pub freigaben: Vec<FachlicheFreigabe>,
    /// `modulAuskunftshinweis`
    pub auskunftshinweise: Vec<Auskunftshinweis>,
    /// `modulDokument`
    pub dokumente: Vec<Dokumentmodul>,
    /// `modulUrsprungsportal`
    pub ursprungsportale: Vec<Ursprungsportal>,
}

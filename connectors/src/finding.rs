//! What was wrong with a delivery, addressed to its editors.
//!
//! A finding is data, never an `Err` of ours: it names the place, the rule and, in one German sentence, what is wrong
//! and what would be right. Sentences stand here and nowhere else.

use serde::{Deserialize, Serialize};

/// How far a fault reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The record was taken; somebody should look at it.
    Warning,
    /// This record (or this part of it, where the sentence says so) was not taken; all others were.
    Business,
    /// The run was given up and the portal's last good state stays.
    Technical,
}

/// One fault, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How far it reaches.
    pub severity: Severity,
    /// Which rule was broken.
    pub rule: Rule,
    /// The file of the delivery, or the address that was asked.
    pub file: Option<String>,
    /// Line in that file, from 1.
    pub line: Option<u64>,
    /// The object, as `kind agency_text`, where it is known.
    pub object: Option<String>,
    /// The value that was found, shortened to 200 characters.
    pub value: Option<String>,
}

impl Finding {
    /// A finding of `rule` with the severity that the rule has.
    pub fn new(rule: Rule) -> Self {
        Self { severity: rule.severity(), rule, file: None, line: None, object: None, value: None }
    }

    /// The same with the value that was found, cut to 200 characters.
    #[must_use]
    pub fn value(mut self, value: impl AsRef<str>) -> Self {
        self.value = Some(value.as_ref().chars().take(200).collect());
        self
    }

    /// The same with the line.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// The same with the file.
    #[must_use]
    pub fn file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The same with the object.
    #[must_use]
    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    /// The German sentence for the editors: what is wrong, and what would be right.
    pub fn sentence(&self) -> String {
        let text = self.rule.text();
        match &self.value {
            Some(value) => text.replace("{}", &format!("„{value}“")),
            None => text.replace(" {}", ""),
        }
    }
}

macro_rules! rules {
    ($($name:ident = $code:literal, $severity:ident, $text:literal;)*) => {
        /// A rule that a delivery can break.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Rule {
            $(#[doc = $text] #[serde(rename = $code)] $name,)*
        }

        impl Rule {
            /// Every rule there is.
            pub const ALL: &[Rule] = &[$(Rule::$name),*];

            /// The stable code, for filters and reports.
            pub fn code(self) -> &'static str {
                match self { $(Rule::$name => $code,)* }
            }

            /// How far a breach reaches.
            pub fn severity(self) -> Severity {
                match self { $(Rule::$name => Severity::$severity,)* }
            }

            /// The sentence; `{}` stands for the value that was found.
            fn text(self) -> &'static str {
                match self { $(Rule::$name => $text,)* }
            }
        }
    };
}

rules! {
    // reading XML
    XmlNotWellFormed = "xml.wohlgeformt", Technical, "Die Datei ist kein wohlgeformtes XML: {}. Bitte die Datei neu erzeugen; repariert wird nichts.";
    XmlDoctype = "xml.doctype", Technical, "Die Datei enthält eine Dokumenttyp-Deklaration (DOCTYPE). Bitte ohne DOCTYPE und ohne eigene Entitäten liefern.";
    XmlEncoding = "xml.kodierung", Technical, "Die Zeichenkodierung stimmt nicht: {}. Bitte in UTF-8 liefern und so angeben.";
    XmlLimit = "xml.grenze", Technical, "Die Datei überschreitet eine Grenze: {}.";
    XmlEmpty = "xml.leer", Technical, "Die Datei ist leer. Bitte eine vollständige XZuFi-Nachricht liefern.";
    // the XZuFi envelope
    NamespaceUnknown = "xzufi.namensraum", Technical, "Der Namensraum {} gehört zu keiner unterstützten XZuFi-Version. Unterstützt sind 2.1, 2.2 und 2.3.1 (…/xzufi/2_1_0, 2_2_0, 2_3_1).";
    KopfMissing = "xzufi.kopf.fehlt", Technical, "Der Nachrichtenkopf fehlt. Jede Nachricht braucht genau einen.";
    KopfTwice = "xzufi.kopf.mehrfach", Technical, "Die Nachricht hat mehr als einen Nachrichtenkopf. Erlaubt ist genau einer.";
    KopfMissingEmpty = "xzufi.kopf.leer", Warning, "Die Nachricht ist leer und hat keinen Nachrichtenkopf.";
    SchreibeEmpty = "xzufi.schreibe.leer", Technical, "Ein Element „schreibe“ ist leer. Es muss genau ein Objekt enthalten.";
    SchreibeSeveral = "xzufi.schreibe.mehrere", Technical, "Ein Element „schreibe“ enthält mehrere Objekte. Erlaubt ist genau eines.";
    LoescheKlasseMissing = "xzufi.loesche.klasse.fehlt", Technical, "Bei „loesche“ fehlt das Attribut „klasse“.";
    LoescheIdMissing = "xzufi.loesche.id.fehlt", Technical, "Bei „loesche“ fehlt die Id des Objekts.";
    LoescheKlasseUnknown = "xzufi.loesche.klasse.unbekannt", Warning, "Die Klasse {} bei „loesche“ ist unbekannt; gelöscht wurde nichts.";
    ObjectUnknown = "xzufi.objekt.unbekannt", Warning, "Das Objekt {} ist unbekannt; es wurde aufbewahrt, aber nicht veröffentlicht.";
    ElementUnknown = "xzufi.element.unbekannt", Warning, "Das Element {} ist unbekannt; sein Inhalt wurde aufbewahrt, aber nicht ausgewertet.";
    VersionMismatch = "xzufi.version", Warning, "Das Attribut xzufiVersion {} passt nicht zum Namensraum; es gilt der Namensraum.";
    CodeQualified = "xzufi.code.qualifiziert", Warning, "Die Elemente „code“ und „name“ stehen hier in einem Namensraum; nach dem Schema stehen sie in keinem.";
    TextWithElements = "xzufi.text.elemente", Technical, "Im Textelement {} stehen XML-Elemente. HTML muss maskiert oder als CDATA geliefert werden.";
    DateInvalid = "xzufi.datum", Technical, "{} ist kein gültiges Datum. Erwartet wird JJJJ-MM-TT oder JJJJ-MM-TTThh:mm:ss mit Zeitzone.";
    ValueInvalid = "xzufi.wert", Technical, "{} ist hier kein gültiger Wert.";
    // records
    IdMissing = "satz.id.fehlt", Business, "Dem Objekt fehlt die Id; ohne Id kann es nicht aufgenommen werden.";
    AgencyMissing = "satz.id.redaktion.fehlt", Warning, "Der Id {} fehlt das Attribut schemeAgencyID; angenommen wurde die Kennung der liefernden Redaktion.";
    AgencyUnknown = "satz.id.redaktion.unbekannt", Business, "Der Id {} fehlt das Attribut schemeAgencyID, und die liefernde Redaktion ist nicht eindeutig.";
    TextTooLong = "satz.text.zu.lang", Business, "Ein Text ist zu lang ({}). Erlaubt sind höchstens 1 MiB je Text.";
    ObjectTooLarge = "satz.zu.gross", Business, "Das Objekt ist zu groß ({}). Erlaubt sind höchstens 16 MiB je Objekt.";
    LanguageInvalid = "satz.sprache.ungueltig", Business, "Der Sprachcode {} ist ungültig; erwartet werden genau zwei Buchstaben, zum Beispiel „de“.";
    LanguageUnsupported = "satz.sprache.nicht.angeboten", Warning, "Texte in der Sprache {} werden aufbewahrt, aber nicht angeboten; angeboten werden „de“ und „en“.";
    GermanMissing = "satz.deutsch.fehlt", Warning, "Es fehlt die deutsche Fassung von {}.";
    CharactersInvalid = "satz.zeichen", Business, "Der Text ist überwiegend in einer anderen Schrift geschrieben: {}. Deutsche und englische Texte werden in lateinischer Schrift erwartet.";
    CharactersForeign = "satz.zeichen.fremd", Warning, "Der Text enthält Buchstaben außerhalb von String.Latin: {}.";
    CharactersStripped = "satz.zeichen.entfernt", Warning, "Unsichtbare oder schmückende Zeichen wurden entfernt: {}.";
    HtmlCleaned = "satz.html.bereinigt", Warning, "HTML außerhalb der zehn erlaubten Tag-Gruppen wurde entfernt: {}.";
    KeyInvalid = "satz.leistungsschluessel", Warning, "Der Leistungsschlüssel {} ist ungültig; erwartet werden 14 Ziffern, beginnend mit 99.";
    CodeUnknown = "satz.code.unbekannt", Warning, "Der Code {} steht nicht in der Codeliste; er wurde aufbewahrt, aber nicht gedeutet.";
    CodeMissing = "satz.code.fehlt", Warning, "Einem Codefeld fehlt das Element „code“ ({}).";
    PeriodReversed = "satz.zeitraum", Business, "Der Zeitraum endet vor seinem Beginn: {}.";
    TitleMissing = "satz.titel.fehlt", Warning, "Die Leistung hat keine Bezeichnung (Modul 03 oder 02).";
    NameMissing = "satz.name.fehlt", Business, "Die Organisationseinheit hat keinen Namen.";
    LeistungIdMissing = "zustaendigkeit.leistung.fehlt", Business, "Der Zuständigkeit fehlt die leistungID.";
    LeistungIdSeveral = "zustaendigkeit.leistung.mehrere", Business, "Die Zuständigkeit nennt mehrere Leistungen; erlaubt ist genau eine leistungID.";
    OwnerMissing = "zustaendigkeit.objekt.fehlt", Business, "Der Zuständigkeit fehlt die uebergeordnetesObjektID.";
    GebietMissing = "zustaendigkeit.gebiet.fehlt", Warning, "Die Zuständigkeit nennt kein Gebiet; sie wurde aufbewahrt, gilt aber nirgends.";
    GebietInvalid = "gebiet.ungueltig", Warning, "Der Regionalschlüssel {} ist ungültig; erwartet werden 2, 3, 5, 9 oder 12 Ziffern. Das Gebiet wurde aufbewahrt, gilt aber nirgends.";
    GebietScheme = "gebiet.schema.fremd", Warning, "Das Gebiet {} ist kein amtlicher Regionalschlüssel; es wurde aufbewahrt, gilt aber nirgends.";
    GebietSchemeMissing = "gebiet.schema.fehlt", Warning, "Beim Gebiet {} fehlt die Angabe der Schlüsselart (schemeID); gelesen wurde es als Regionalschlüssel.";
    GebietForeign = "gebiet.fremd", Warning, "Das Portal darf für das Gebiet {} nicht sprechen; die Angabe wurde aufbewahrt, gilt aber nicht.";
    UrlInvalid = "adresse.ungueltig", Warning, "Die Adresse {} kann nicht veröffentlicht werden; erlaubt sind http- und https-Adressen ohne Zugangsdaten.";
    UrlPlaceholder = "adresse.platzhalter", Warning, "Die Adresse {} enthält einen Platzhalter; sie wird nicht angeboten.";
    UrlHostForeign = "adresse.fremd", Warning, "Für die Adresse {} ist das Portal nicht registriert; Bürgerinnen und Bürger werden nicht dorthin weitergeleitet.";
    ReferenceDangling = "verweis.offen", Warning, "Der Verweis auf {} führt zu keinem bekannten Objekt; veröffentlicht wird er, sobald das Objekt kommt.";
    ParentCycle = "organisation.zyklus", Warning, "Die Organisationseinheit ist sich über ihre übergeordneten Stellen selbst übergeordnet ({}).";
    // lines and rows
    LineNotText = "zeile.kodierung", Business, "Die Zeile ist kein UTF-8 (ab Byte {}). Bitte in UTF-8 liefern; alle anderen Zeilen gelten.";
    LineNotJson = "zeile.json", Business, "Die Zeile ist kein gültiges JSON: {}. Erwartet wird je Zeile genau ein Objekt.";
    LineInvalid = "zeile.angabe", Business, "Eine Angabe der Zeile kann nicht gelesen werden: {}. Die erlaubten Felder stehen in der Beschreibung der Schnittstelle.";
    LineTooLong = "zeile.zu.lang", Business, "Die Zeile ist zu lang ({}). Erlaubt sind höchstens 16 MiB je Zeile.";
    LineDuplicate = "zeile.doppelt", Business, "Die Zeile beschreibt dasselbe wie Zeile {}. Bitte zusammenfassen oder jeder eine eigene „id“ geben.";
    DescriptionNameless = "beschreibung.namenlos", Business, "Es fehlen Leistungsschlüssel und Bezeichnung; mindestens eines von beiden wird gebraucht.";
    DescriptionDate = "beschreibung.datum", Warning, "{} ist kein gültiges Datum und wurde nicht beachtet. Erwartet wird JJJJ-MM-TT oder JJJJ-MM-TTThh:mm:ss mit Zeitzone.";
    DescriptionPlaces = "beschreibung.stellen.viele", Warning, "Es sind mehr als 16 Stellen und Onlinedienste genannt ({}); die übrigen gelten hier nicht.";
    TableUnreadable = "tabelle.datei", Technical, "Die Datei ist keine lesbare Tabelle: {}. Erwartet wird XLSX, oder CSV mit Spaltennamen in der ersten Zeile.";
    TableLimit = "tabelle.grenze", Technical, "Die Tabelle überschreitet eine Grenze: {}.";
    TableHead = "tabelle.kopf", Technical, "Die erste Zeile nennt weder „Leistungsschlüssel“ noch „Bezeichnung“. Bitte die Spaltennamen der Vorlage beibehalten.";
    TableColumn = "tabelle.spalte.unbekannt", Warning, "Die Spalte {} gehört nicht zur Vorlage; sie wurde nicht gelesen.";
    TableColumnTwice = "tabelle.spalte.doppelt", Technical, "Die Spalte {} gibt es mehrfach. Bitte jeden Spaltennamen nur einmal verwenden.";
    TableEncoding = "tabelle.kodierung", Warning, "Die Tabelle ist nicht in UTF-8 gespeichert; gelesen wurde sie als Windows-1252. Bitte die Umlaute prüfen.";
    // pages
    SitemapUnreadable = "seite.liste", Warning, "Die Liste der Seiten kann nicht (weiter) gelesen werden: {}. Bitte eine Sitemap nach sitemaps.org, RSS oder Atom bereitstellen.";
    SitemapLimit = "seite.liste.grenze", Warning, "Die Liste der Seiten überschreitet eine Grenze: {}. Bitte auf mehrere Listen aufteilen.";
    JsonLdUnreadable = "seite.jsonld", Warning, "Ein JSON-LD-Block der Seite ist kein gültiges JSON: {}. Bitte den Block berichtigen.";
    JsonLdContext = "seite.jsonld.kontext", Warning, "Der Kontext {} eines JSON-LD-Blocks wird nicht geladen. Erlaubt ist „https://schema.org“, auch mit eigenen Kürzeln daneben.";
    WebPageTooMuch = "seite.grenze", Warning, "Die Seite wurde nicht gelesen: {}. Bitte die Seite vereinfachen.";
    WebLimit = "seite.angaben.grenze", Warning, "Die Seite enthält mehr, als gelesen wird: {}. Bitte je Leistung eine eigene Seite anbieten.";
    WebEncoding = "seite.kodierung", Warning, "Die Seite enthält Bytes, die in ihrer Kodierung {} nichts bedeuten. Bitte die Kodierung im Feld Content-Type richtig angeben.";
    WebNoindex = "seite.noindex", Warning, "Die Seite beschreibt eine Leistung, will aber nicht gelistet werden (noindex); sie wurde nicht übernommen. Bitte die Angabe noindex entfernen.";
    WebNotUnderstood = "seite.unverstanden", Warning, "Die Seite ist ausgezeichnet ({}), aber keine Angabe ist als Leistung zu erkennen. Erwartet wird der Typ GovernmentService von schema.org.";
    WebKeyMissing = "seite.schluessel.fehlt", Warning, "Der Leistung {} fehlt der Leistungsschlüssel. Bitte als identifier (PropertyValue mit propertyID „urn:de:fim:leika:leistung“) angeben.";
    WebKeysSeveral = "seite.schluessel.mehrere", Warning, "Eine Leistung nennt mehrere Leistungsschlüssel ({}). Sind es verschiedene Leistungen, bitte jede für sich auszeichnen.";
    WebAreaMissing = "seite.gebiet.fehlt", Warning, "Der Leistung {} fehlt das Gebiet; sie gilt im ganzen Gebiet des Portals. Bitte den Regionalschlüssel als areaServed angeben.";
    WebOfficeMissing = "seite.stelle.fehlt", Warning, "Der Leistung {} fehlt die zuständige Stelle. Bitte sie als serviceOperator oder provider mit Namen angeben.";
    WebPropertyUnknown = "seite.eigenschaft", Warning, "Die Eigenschaft {} ist für Leistungen nicht vorgesehen und wurde nicht ausgewertet. Bitte die Schreibweise prüfen.";
    WebTwice = "seite.doppelt", Warning, "Die Leistung {} ist auf der Seite zweimal und verschieden ausgezeichnet; es gilt die erste Angabe.";
    WebTwicePages = "seite.doppelt.seiten", Warning, "Die Seite beschreibt dieselbe Leistung wie {}; es gilt jene. Bitte nur eine der beiden auszeichnen oder mit rel=canonical auf die richtige verweisen.";
    WebRobotsSilent = "seite.robots.stumm", Technical, "robots.txt ist nicht abrufbar ({}); solange das so ist, wird keine Seite gelesen. Bitte die Datei bereitstellen oder mit 404 antworten.";
    WebForbidden = "seite.robots.verboten", Warning, "robots.txt verbietet das Lesen von {}; was von ihnen bekannt ist, bleibt. Bitte „User-agent: Portalverbund“ den Zugang erlauben.";
    WebListForeign = "seite.liste.fremd", Warning, "Die Adresse {} gehört nicht zur registrierten Website und wurde nicht gelesen. Bitte diese Website eigens registrieren.";
    WebListMissing = "seite.liste.fehlt", Warning, "Die Liste der Seiten ist nicht abrufbar: {}. Bitte eine Sitemap bereitstellen und in robots.txt nennen.";
    WebPagesLimit = "seite.viele", Warning, "Die Website hat {}; die übrigen folgen in späteren Läufen. Bitte nur Seiten mit Leistungen in die Sitemap aufnehmen.";
    WebPageFailed = "seite.abruf", Warning, "Die Seite ist nicht abrufbar: {}. Was von ihr bekannt ist, bleibt.";
    WebSilent = "seite.stumm", Warning, "Die Website antwortet nicht mehr; {} wurden nicht gelesen und bleiben, wie sie bekannt sind.";
    WebPageGone = "seite.weg", Warning, "Die Seite oder ihre Auszeichnung fehlt ({}). Fehlt sie auch nach der Frist noch, werden ihre Leistungen entfernt.";
    // the run
    IndexEmpty = "lauf.index.leer", Technical, "Die Indexdatei nennt keine Datei. Der letzte gute Stand bleibt; es wurde nichts gelöscht.";
    IndexLine = "lauf.index.zeile", Technical, "Die Zeile {} der Indexdatei ist kein einfacher Dateiname. Erlaubt ist je Zeile ein Name ohne Pfad.";
    IndexNotText = "lauf.index.kein.text", Technical, "Die Indexdatei ist keine Liste von Dateinamen ({}).";
    IndexDuplicate = "lauf.index.doppelt", Technical, "Die Datei {} steht mehrfach in der Indexdatei. Jede Datei darf dort nur einmal stehen.";
    IndexLimit = "lauf.index.grenze", Technical, "Die Indexdatei überschreitet eine Grenze: {}.";
    FileMissing = "lauf.datei.fehlt", Technical, "Die im Index genannte Datei {} ist nicht abrufbar. Der letzte gute Stand bleibt.";
    FetchStatus = "lauf.abruf.status", Technical, "Der Server antwortete mit dem HTTP-Status {}. Der letzte gute Stand bleibt.";
    FetchCut = "lauf.abruf.abgebrochen", Technical, "Die Antwort brach vor ihrem Ende ab. Der letzte gute Stand bleibt.";
    FetchTimeout = "lauf.abruf.frist", Technical, "Die Antwort kam nicht in der erlaubten Zeit ({}). Der letzte gute Stand bleibt.";
    FetchPaused = "lauf.abruf.pause", Technical, "Der Server bittet um eine längere Pause ({}). Der nächste Lauf versucht es wieder.";
    RedirectForeign = "lauf.umleitung", Technical, "Die Umleitung auf {} führt aus dem registrierten Ursprung heraus. Bitte die neue Adresse registrieren.";
    RedirectLoop = "lauf.umleitung.schleife", Technical, "Der Server leitet zu oft um, zuletzt auf {}.";
    RunTooLong = "lauf.grenze", Technical, "Der Lauf überschreitet eine Grenze: {}.";
    FetchFailed = "lauf.abruf", Technical, "Der Abruf ist gescheitert: {}. Der letzte gute Stand bleibt.";
    FetchTooLarge = "lauf.abruf.zu.gross", Technical, "Die Antwort ist größer als erlaubt ({}). Der letzte gute Stand bleibt.";
    AddressRefused = "lauf.adresse.verboten", Technical, "Die Adresse {} darf nicht abgerufen werden. Der letzte gute Stand bleibt.";
    EnvelopeInvalid = "lauf.umschlag", Technical, "Die Antwort des Bereitstelldienstes ist unvollständig oder falsch: {}.";
    CursorStuck = "lauf.schleife", Technical, "Der Bereitstelldienst kommt nicht voran: {} wurde ein zweites Mal genannt.";
    CursorForeign = "lauf.fremde.adresse", Technical, "Die nächste Adresse {} liegt außerhalb des registrierten Dienstes.";
    AuthFailed = "lauf.anmeldung", Technical, "Die Anmeldung beim Dienst ist gescheitert: {}.";
    GuardHeld = "lauf.loeschsperre", Technical, "Der Lauf würde zu viel entfernen ({}). Er wurde angehalten; der letzte gute Stand bleibt, bis jemand ihn freigibt.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sentences_end() {
        let mut codes: Vec<_> = Rule::ALL.iter().map(|rule| rule.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            let sentence = Finding::new(*rule).value("x").sentence();
            assert!(sentence.ends_with('.') && !sentence.contains("{}"), "{sentence}");
        }
    }

    #[test]
    fn a_value_is_shown_and_cut() {
        let finding = Finding::new(Rule::KeyInvalid).value("ä".repeat(500));
        assert_eq!(finding.value.as_ref().map(|value| value.chars().count()), Some(200));
        assert!(finding.sentence().contains("„ä"));
    }
}

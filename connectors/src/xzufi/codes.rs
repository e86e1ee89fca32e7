//! The code lists of XZuFi and FIM, with German names.
//!
//! Only what public sources say is here; a code that is missing is unknown to us, not forbidden. Where a list's codes
//! are known and their meanings are not, there is a test for the code and no name: delivered names are shown instead.
//! Order in a list is the order of display.

/// A code and its German name.
type Named = (&'static str, &'static str);

/// LeiKa/FIM text modules in the order in which a page shows them.
///
/// Source: `urn:de:xzufi:codeliste:leistungstextmodulleika`, version 20240216, 16 codes.
pub const TEXTMODULE: &[Named] = &[
    ("03", "Leistungsbezeichnung II"),
    ("02", "Leistungsbezeichnung"),
    ("24", "Teaser"),
    ("05", "Kurztext"),
    ("06", "Volltext"),
    ("09", "Voraussetzungen"),
    ("08", "Erforderliche Unterlagen"),
    ("11", "Verfahrensablauf"),
    ("14", "Formulare"),
    ("22", "Zuständige Stelle"),
    ("23", "Ansprechpunkt"),
    ("25", "Rechtsbehelf"),
    ("07", "Handlungsgrundlagen"),
    ("16", "Hinweise"),
    ("15", "Weiterführende Informationen"),
    ("18", "Urheber"),
];

/// Typisierung: who regulates a Leistung and who carries it out; 8 and 9 exist without a published meaning.
///
/// Source: `urn:de:fim:leika:typisierung`.
pub const TYPISIERUNG: &[Named] = &[
    ("1", "Regelung und Vollzug durch den Bund"),
    ("2", "Regelung durch den Bund, Vollzug durch Land oder Kommune"),
    ("2a", "Regelung durch den Bund, Vollzug durch das Land"),
    ("2b", "Regelung durch den Bund, Vollzug durch die Kommune"),
    ("3", "Regelung durch den Bund mit Abweichungsrecht, Vollzug durch Land oder Kommune"),
    ("3a", "Regelung durch den Bund mit Abweichungsrecht, Vollzug durch das Land"),
    ("3b", "Regelung durch den Bund mit Abweichungsrecht, Vollzug durch die Kommune"),
    ("2/3", "Regelung durch den Bund, teils mit Abweichungsrecht, Vollzug durch Land oder Kommune"),
    ("2/3a", "Regelung durch den Bund, teils mit Abweichungsrecht, Vollzug durch das Land"),
    ("2/3b", "Regelung durch den Bund, teils mit Abweichungsrecht, Vollzug durch die Kommune"),
    ("4", "Regelung durch das Land"),
    ("4a", "Regelung und Vollzug durch das Land"),
    ("4b", "Regelung durch das Land, Vollzug durch die Kommune"),
    ("5", "Regelung durch die Kommune"),
    ("6", "Allgemeine Hinweise ohne Bezug zu einer einzelnen Leistung"),
    ("7", "Service- und Sonderrufnummern"),
    ("8", ""),
    ("9", ""),
    ("10", "Verwaltungsinterne Leistung"),
    ("11", "Informationen über Rechte und Pflichten (SDG)"),
    ("12", "Hilfs- und Problemlösungsdienste (SDG)"),
];

/// The role of a body in a Zuständigkeit. 01 and 02 are both at least responsible; 02 has no name of its own.
pub const ROLLEN: &[Named] = &[("01", "Zuständige Stelle"), ("02", "Zuständige Stelle"), ("03", "Ansprechpunkt")];

/// The codes of the Vertrauensniveau; what each means is not published.
///
/// Source: `urn:xoev-de:fim:codeliste:vertrauensniveau`.
pub const VERTRAUENSNIVEAUS: &[&str] = &["00", "10", "15", "20", "30", "40"];

/// The codes of the Leistungsadressat; the list is not published.
pub const LEISTUNGSADRESSATEN: &[&str] = &["001", "002", "003"];

/// The audiences whose name we know from use.
const ADRESSATEN: &[Named] = &[("001", "Bürgerinnen und Bürger"), ("002", "Unternehmen")];

/// The name of a Leistungsadressat; none where it is not known.
pub fn leistungsadressat(code: &str) -> Option<&'static str> {
    ADRESSATEN.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// Units of time: code, German for one, German for many.
pub const ZEITEINHEITEN: &[(&str, &str, &str)] = &[
    ("JAHR", "Jahr", "Jahre"),
    ("MONAT", "Monat", "Monate"),
    ("WOCHE", "Woche", "Wochen"),
    ("TAG", "Tag", "Tage"),
    ("WERKTAG", "Werktag", "Werktage"),
    ("ARBEITSTAG", "Arbeitstag", "Arbeitstage"),
    ("STUNDE", "Stunde", "Stunden"),
    ("MINUTE", "Minute", "Minuten"),
    ("SEKUNDE", "Sekunde", "Sekunden"),
];

/// Channels of communication. Source: `urn:de:xoev:codeliste:erreichbarkeit`, version 3.
pub const ERREICHBARKEIT: &[Named] = &[
    ("01", "E-Mail"),
    ("02", "Telefon"),
    ("03", "Mobiltelefon"),
    ("04", "Fax"),
    ("05", "Instant Messenger"),
    ("06", "Pager"),
    ("07", "Sonstiges"),
    ("08", "De-Mail"),
    ("09", "Internet"),
];

/// Kinds of address. Source: `urn:xoev-de:fim:codeliste:xzufi.anschrifttyp`, version 2.0.
pub const ANSCHRIFTTYPEN: &[Named] = &[
    ("001", "Hausanschrift"),
    ("002", "Besucheranschrift"),
    ("003", "Postfach"),
    ("004", "Großempfängerpostfach"),
    ("005", "Lieferanschrift"),
    ("006", "Postanschrift"),
];

/// The name of a text module; none for a code that is not in the list.
pub fn textmodul_name(code: &str) -> Option<&'static str> {
    name(TEXTMODULE, code)
}

/// Where a text module stands on a page, from 0; none for a code that is not in the list.
pub fn textmodul_order(code: &str) -> Option<usize> {
    TEXTMODULE.iter().position(|(known, _)| *known == code)
}

/// Whether `code` is a Typisierung.
pub fn is_known_typisierung(code: &str) -> bool {
    TYPISIERUNG.iter().any(|(known, _)| *known == code)
}

/// What a Typisierung means; none where the code or its meaning is not known.
pub fn typisierung_name(code: &str) -> Option<&'static str> {
    name(TYPISIERUNG, code)
}

/// Whether `code` is a role of a Zuständigkeit.
pub fn is_known_rolle(code: &str) -> bool {
    rolle_name(code).is_some()
}

/// The name of a role.
pub fn rolle_name(code: &str) -> Option<&'static str> {
    name(ROLLEN, code)
}

/// Whether `code` is a Vertrauensniveau.
pub fn is_known_vertrauensniveau(code: &str) -> bool {
    VERTRAUENSNIVEAUS.contains(&code)
}

/// Whether `code` is a Leistungsadressat.
pub fn is_known_leistungsadressat(code: &str) -> bool {
    LEISTUNGSADRESSATEN.contains(&code)
}

/// The German word for a unit of time, for one of it or for many.
pub fn zeiteinheit(code: &str, plural: bool) -> Option<&'static str> {
    let (_, one, many) = ZEITEINHEITEN.iter().find(|(known, ..)| *known == code)?;
    Some(if plural { many } else { one })
}

/// The name of a channel of communication.
pub fn erreichbarkeit_name(code: &str) -> Option<&'static str> {
    name(ERREICHBARKEIT, code)
}

/// The name of a kind of address.
pub fn anschrifttyp_name(code: &str) -> Option<&'static str> {
    name(ANSCHRIFTTYPEN, code)
}

/// The name in a list; none for an unknown code, and for a known one without a name.
fn name(list: &[Named], code: &str) -> Option<&'static str> {
    list.iter().find(|(known, name)| *known == code && !name.is_empty()).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_named_twice() {
        for list in [TEXTMODULE, TYPISIERUNG, ROLLEN, ERREICHBARKEIT, ANSCHRIFTTYPEN] {
            let mut codes: Vec<_> = list.iter().map(|(code, _)| *code).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), list.len());
        }
        assert_eq!(TEXTMODULE.len(), 16);
        assert_eq!(TYPISIERUNG.len(), 21);
    }

    #[test]
    fn unknown_codes_have_no_name() {
        for code in ["04", "99", "", "3", "003"] {
            assert_eq!(textmodul_name(code), None, "{code:?}");
        }
        assert!(!is_known_typisierung("13"));
        assert!(is_known_typisierung("9") && typisierung_name("9").is_none());
        assert!(!is_known_vertrauensniveau("50"));
        assert!(!is_known_rolle("04"));
        assert!(!is_known_leistungsadressat("1"));
        assert_eq!(anschrifttyp_name("7"), None);
        assert_eq!(erreichbarkeit_name("1"), None);
    }

    #[test]
    fn a_span_reads_as_german() {
        assert_eq!(zeiteinheit("WOCHE", false), Some("Woche"));
        assert_eq!(zeiteinheit("WOCHE", true), Some("Wochen"));
        assert_eq!(zeiteinheit("JAHRZEHNT", true), None);
    }

    #[test]
    fn titles_come_before_texts() {
        assert!(textmodul_order("03") < textmodul_order("02"));
        assert!(textmodul_order("02") < textmodul_order("06"));
        assert_eq!(textmodul_order("13"), None);
    }
}

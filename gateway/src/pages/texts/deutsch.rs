//! German.

use connectors::gebiet::Level;
use connectors::xzufi::codes;
use indexer::catalog::{TextRole, Why};

use super::{
    Anschriftart, Bevor, FaultText, Faults, Form, Frame, Kanal, Lebenslage, Leistung, Ort, Results, Start, Texts,
    Thema, Vertrauensniveau, Words, Zu,
};
use crate::pages::words;

/// All of it.
pub static DEUTSCH: Texts = Texts {
    frame: Frame {
        skip: "Zum Inhalt springen",
        claim: "Verwaltung finden und online erledigen",
        languages: "Sprache der Seite",
        help: "Hilfe am Telefon",
        help_text: [
            "Behördennummer",
            "Montag bis Freitag von 8 bis 18 Uhr. Dort erfahren Sie, welche Stelle zuständig ist.",
        ],
        cookies: "Dieses Angebot speichert keine Cookies und bindet nichts von Dritten ein.",
        about: "Über dieses Angebot",
        hilfe: "Hilfe",
        barrierefreiheit: "Barrierefreiheit",
        barriere_melden: "Barriere melden",
        datenschutz: "Datenschutz",
        impressum: "Impressum",
        einbinden: "Suche einbinden",
        daten: "Offene Daten",
        lebenslagen: "Lebenslagen",
    },
    form: Form {
        name: "Leistungen suchen",
        q: "Was möchten Sie erledigen?",
        ort: "Ort oder Postleitzahl",
        q_hint: "In eigenen Worten, gern mit Ort: „Hund anmelden in Bochum“",
        submit: "Suchen",
        check: "Bitte prüfen Sie Ihre Eingabe",
        q_missing: "Bitte schreiben Sie, was Sie erledigen möchten, zum Beispiel „Hund anmelden“.",
        too_long: "Bitte kürzen Sie den Text: Es sind höchstens 500 Zeichen möglich.",
        unknown_place: |ort| {
            format!(
                "Den Ort „{ort}“ kennen wir nicht. Bitte prüfen Sie die Schreibweise oder geben Sie die Postleitzahl an."
            )
        },
        ort_missing: "Bitte geben Sie einen Ort oder eine Postleitzahl an.",
        suggestions: "Vorschläge: {n}",
        no_suggestion: "Kein Vorschlag",
    },
    start: Start {
        example_questions: [
            "Hund anmelden",
            "Wohnsitz ummelden",
            "Personalausweis beantragen",
            "Wohngeld",
            "Gewerbe anmelden",
            "Geburtsurkunde",
        ],
        heading: "Finden Sie das richtige Amt für Ihr Anliegen",
        lead: "Schreiben Sie in eigenen Worten, was Sie brauchen. Mit Ihrem Ort nennen wir Ihnen die zuständige Stelle in \
               Nordrhein-Westfalen und führen Sie zu ihrem Online-Angebot.",
        examples: "Zum Beispiel",
        situations: "Lebenslagen",
        all_situations: "Alle Lebenslagen ansehen",
        description: "Leistungen der Verwaltung in Nordrhein-Westfalen finden: zuständige Stelle, Unterlagen, Kosten und \
                      Online-Angebot für Ihren Ort.",
    },
    results: Results {
        heading: |question, place| match (question.is_empty(), place) {
            (true, None) => "Suche".to_owned(),
            (true, Some(place)) => format!("Suche in {place}"),
            (false, None) => format!("„{question}“"),
            (false, Some(place)) => format!("„{question}“ in {place}"),
        },
        title: |question, place| format!("„{question}“ – {}", place.unwrap_or("Suche")),
        title_fault: "Fehler: Bitte ergänzen Sie Ihre Suche",
        count: words::results,
        which_place: "Diesen Ort gibt es mehrmals. Welcher ist es?",
        corrected: |typed| format!("Zu „{typed}“ haben wir nichts gefunden. Meinten Sie"),
        corrected_after: "Danach haben wir gesucht.",
        choice: |about| {
            if about.is_empty() { "Was möchten Sie?".to_owned() } else { format!("Was möchten Sie? {about}:") }
        },
        narrow: "Ergebnisse eingrenzen",
        for_whom: "Für wen?",
        which_situation: "In welcher Lebenslage?",
        nothing: "Dazu haben wir leider nichts gefunden. So kommen Sie weiter:",
        nothing_tips: [
            "Prüfen Sie die Schreibweise.",
            "Versuchen Sie es mit einem anderen oder kürzeren Wort, zum Beispiel „Ausweis“ oder „Hund“.",
        ],
        without_place: "Suchen Sie ohne Ort.",
        nothing_115: ["Rufen Sie die Behördennummer", "an, Montag bis Freitag von 8 bis 18 Uhr."],
        best: "Bestes Ergebnis",
        likely: "Am ehesten passend",
        needs_place: ["Wer zuständig ist, hängt vom Ort ab.", "Geben Sie Ihren Ort oder Ihre Postleitzahl an."],
        several_offices: "Mehrere Stellen kommen infrage. Welche ist die richtige?",
        no_office: ["Für diesen Ort ist uns keine zuständige Stelle bekannt.", "So kommen Sie weiter"],
        locked: "Es gibt ein Online-Angebot, dessen Adresse bei uns nicht registriert ist. Bitte wenden Sie sich an die \
                 zuständige Stelle.",
        details: ["Unterlagen, Kosten, Ablauf", "Zuständige Stelle und alle Angaben", "Alle Angaben ansehen"],
        why: "Warum dieses Ergebnis?",
        why_place: |place| format!("Als Ort haben wir verstanden: {place}."),
        why_searched: |text| format!("Gesucht haben wir nach „{text}“."),
        why_corrected: |typed, text| format!("Zu „{typed}“ gibt es nichts. Gesucht haben wir nach „{text}“."),
        why_language: |lang| format!("Ihre Frage haben wir auf {lang} verstanden."),
        why_best: [
            |name| format!("Dazu passt „{name}“ deutlich besser als alles andere."),
            |name| format!("Dazu passt „{name}“ am ehesten. Anderes ist auch möglich."),
        ],
        why_service: |body, host| {
            format!("Das Online-Angebot nennt uns {body}. Die Adresse {host} ist dafür registriert.")
        },
        others: ["Weitere Ergebnisse", "Ergebnisse"],
        remarks: ["online möglich", "Zuständige Stelle nicht bekannt"],
        offices: |number| format!("{number} Stellen zur Auswahl"),
        pages: ["Weitere Seiten", "Vorige Seite", "Nächste Seite"],
        only_online: ["Nur Online-Angebote.", "Nur, was nicht online möglich ist.", "Alle anzeigen"],
        only_for: |whom| format!("Nur für {whom}."),
        for_all: "Für alle anzeigen",
        only_situation: |name| format!("Nur Lebenslage „{name}“."),
        all_situations: "Alle Lebenslagen anzeigen",
        narrow_online: ["Nur online Mögliches anzeigen", "Nur zeigen, was vor Ort geht"],
        narrow_for: |whom| format!("Für {whom}"),
        all_of_place: |place| format!("Alle Leistungen in {place}"),
    },
    leistung: Leistung {
        back: "Zurück zu den Ergebnissen",
        in_place: "in",
        change_place: "Ort ändern",
        general: "Allgemein, ohne Ort",
        ask_place: [
            "Wo wohnen Sie?",
            "Mit Ihrem Ort nennen wir Ihnen die zuständige Stelle und ihr Online-Angebot. Für einen Betrieb geben Sie an, \
             wo er liegt.",
        ],
        next: "Weiter",
        of_one_body: |body| {
            format!(
                "Diesen Text hat {body} geschrieben. In Ihrem Ort können Kosten, Fristen und Unterlagen anders sein: Bitte \
                 wählen Sie Ihren Ort."
            )
        },
        other_place: "Anderer Ort",
        apply: "Jetzt online beantragen",
        leaving: |body, host| format!("Sie verlassen diese Seite und gehen zu {body} ({host})."),
        several_services: "Es gibt mehrere Angebote. Sie wählen auf der nächsten Seite.",
        services: ["Online-Angebote", "Weitere Online-Angebote"],
        at_host: |body, host| format!("bei {body} ({host})"),
        not_registered: "Die Adresse dieses Angebots ist bei uns nicht registriert. Bitte wenden Sie sich an die \
                         zuständige Stelle.",
        office: "Zuständige Stelle",
        office_for: |area| format!("Zuständig für {area}"),
        several_offices: [
            "Mehrere Stellen kommen infrage",
            "Bitte wählen Sie die Stelle, die für Sie passt. Im Zweifel fragen Sie bei einer von ihnen nach.",
        ],
        on_site: "Nur vor Ort oder schriftlich möglich: Ein Online-Angebot ist uns nicht bekannt.",
        no_office: "Für diesen Ort ist uns keine zuständige Stelle bekannt. So kommen Sie weiter:",
        contact: "Ansprechpunkt",
        why: "Warum diese Stelle?",
        stand: |changed, source| match changed {
            Some(changed) => format!("Stand: {} · Quelle: {source}", words::date(changed)),
            None => format!("Quelle: {source}"),
        },
        whose: |role, source, changed| {
            let role = match role {
                TextRole::Own => "Text vor Ort",
                TextRole::Master => "Mastertext",
                TextRole::Supplement => "Ortsergänzung",
            };
            let changed = changed.map(|at| format!(", Stand {}", words::date(at))).unwrap_or_default();
            format!("{role}: {source}{changed}")
        },
        origin: "Ursprüngliche Seite:",
        supplement: "Ergänzung vor Ort",
        channels: ["Gilt, wenn Sie online beantragen", "Gilt, wenn Sie vor Ort beantragen"],
        hours: "Öffnungszeiten",
        text_in_german: "",
        feedback: ["Stimmt etwas nicht?", "Rückmeldung geben"],
        number_115: [
            "Behördennummer 115",
            "Rufen Sie",
            "an, Montag bis Freitag von 8 bis 18 Uhr. Dort hilft man Ihnen, die richtige Stelle zu finden.",
        ],
        contents: "Auf dieser Seite",
        description: |name, place| match place {
            Some(place) => format!("{name} in {place}: zuständige Stelle, Unterlagen, Kosten und Online-Angebot."),
            None => format!("{name} in Nordrhein-Westfalen: zuständige Stelle, Unterlagen, Kosten und Online-Angebot."),
        },
    },
    bevor: Bevor {
        heading: "Bevor Sie starten",
        title: |name, place| format!("Bevor Sie starten: {name} – {place}"),
        lead: "Das sollten Sie wissen, bevor Sie zum Online-Angebot gehen.",
        who: "Zuständige Stelle",
        target: "Wohin Sie gehen",
        target_text: |body, host| format!("{body} ({host})"),
        account: "Konto und Anmeldung",
        papers: "Unterlagen",
        cost: "Kosten",
        pay: "Bezahlen",
        duration: "Dauer",
        deadline: "Frist",
        languages: "Sprachen",
        unknown: "nicht angegeben",
        see: "siehe alle Angaben",
        go: |host| format!("Weiter zu {host}"),
        all: "Alle Angaben zu dieser Leistung",
    },
    zu: Zu {
        headings: [
            "Bitte wählen Sie",
            "Dieses Online-Angebot können wir nicht öffnen",
            "Nur vor Ort oder schriftlich möglich",
            "Keine zuständige Stelle bekannt",
        ],
        which: "Welches Angebot passt für Sie?",
        several: "Für diesen Ort kommen mehrere Stellen infrage. Im Zweifel fragen Sie bei einer von ihnen nach.",
        locked: "Wir leiten Sie nur an Adressen weiter, die bei uns registriert sind. Diese gehören nicht dazu:",
        ask_office: "Bitte wenden Sie sich an die zuständige Stelle.",
        on_site: "Ein Online-Angebot ist uns hier nicht bekannt. Bitte wenden Sie sich an die zuständige Stelle.",
        none: "Für diesen Ort ist uns keine zuständige Stelle bekannt. So kommen Sie weiter:",
        offices: "Diese Stellen kommen infrage",
        help: "Hier hilft man Ihnen",
    },
    ort: Ort {
        which: "Für welchen Ort?",
        none_of_these: "Keiner davon?",
        choose_title: |name| format!("Ort wählen – {name}"),
        heading: |place| format!("Leistungen in {place}"),
        title: |place| format!("Leistungen in {place}"),
        lead: |all, online| match online {
            0 => format!("{} Leistungen von Stadt oder Gemeinde, Kreis, Land und Bund.", words::grouped(all)),
            online => format!(
                "{} Leistungen von Stadt oder Gemeinde, Kreis, Land und Bund, davon {} online möglich.",
                words::grouped(all),
                words::grouped(online)
            ),
        },
        description: |place| {
            format!(
                "Alle Leistungen der Verwaltung in {place}: zuständige Stelle, Unterlagen, Kosten und Online-Angebote."
            )
        },
        by_situation: "Nach Lebenslage",
        a_to_z: "Von A bis Z",
        letters: "Anfangsbuchstaben",
        online: "online möglich",
        filter: ["Alle", "Nur online möglich"],
        nothing: "Für diesen Ort kennen wir noch keine Leistung. So kommen Sie weiter:",
        other: "Anderer Ort",
        own_page: |host| format!("Seite des Ortes: {host}"),
    },
    lebenslage: Lebenslage {
        heading: "Lebenslagen",
        lead: "Was in einer Lebenslage zu erledigen ist, steht hier zusammen.",
        title: |name, place| match place {
            Some(place) => format!("{name} – {place}"),
            None => name.to_owned(),
        },
        list_lead: [
            "Das kann in dieser Lebenslage zu erledigen sein. Nicht alles trifft auf Sie zu.",
            "Das kann in dieser Lebenslage zu erledigen sein. Mit Ihrem Ort nennen wir Ihnen die zuständigen Stellen.",
        ],
        nothing: "Zu dieser Lebenslage kennen wir hier noch keine Leistung.",
        description: |name, place| match place {
            Some(place) => {
                format!("{name} in {place}: Leistungen der Verwaltung als Liste, mit Stellen und Online-Angeboten.")
            }
            None => format!("{name}: Leistungen der Verwaltung in Nordrhein-Westfalen als Liste."),
        },
        further: "Weiteres",
        all: "Alle Lebenslagen",
        name: |name| name,
    },
    voice: crate::voice::texts::DEUTSCH,
    fault: Faults {
        not_found: FaultText {
            title: "Fehler: Seite nicht gefunden",
            heading: "Diese Seite gibt es nicht",
            text: "Vielleicht ist die Adresse veraltet oder es fehlt ein Zeichen. Suchen Sie hier, was Sie erledigen möchten.",
        },
        no_leistung: FaultText {
            title: "Fehler: Leistung nicht gefunden",
            heading: "Diese Leistung kennen wir nicht",
            text: "Vielleicht wurde sie umbenannt oder wird nicht mehr angeboten. Suchen Sie hier, was Sie erledigen möchten.",
        },
        gone: FaultText {
            title: "Leistung nicht mehr angeboten",
            heading: "Diese Leistung gibt es nicht mehr",
            text: "Das Portal, das sie angeboten hat, hat sie zurückgezogen. Suchen Sie hier, was Sie erledigen möchten.",
        },
        no_place: FaultText {
            title: "Fehler: Ort nicht gefunden",
            heading: "Diesen Ort kennen wir nicht",
            text: "Suchen Sie hier, was Sie erledigen möchten, und geben Sie dazu Ihren Ort oder Ihre Postleitzahl an.",
        },
        no_lebenslage: FaultText {
            title: "Fehler: Lebenslage nicht gefunden",
            heading: "Diese Lebenslage kennen wir nicht",
            text: "Vielleicht ist die Adresse veraltet. Suchen Sie hier, was Sie erledigen möchten.",
        },
        no_dienst: FaultText {
            title: "Fehler: Online-Angebot nicht gefunden",
            heading: "Dieses Online-Angebot gibt es hier nicht",
            text: "Vielleicht hat sich die Adresse geändert. Suchen Sie hier, was Sie erledigen möchten.",
        },
        address: FaultText {
            title: "Fehler: Adresse nicht lesbar",
            heading: "Diese Adresse können wir nicht lesen",
            text: "Ein Teil der Adresse ist unvollständig oder doppelt. Suchen Sie hier, was Sie erledigen möchten.",
        },
        method: FaultText {
            title: "Fehler: So geht es nicht",
            heading: "So lässt sich diese Seite nicht aufrufen",
            text: "Bitte rufen Sie die Seite über ihre Adresse auf oder suchen Sie hier, was Sie erledigen möchten.",
        },
        catalog: FaultText {
            title: "Fehler: Zurzeit nicht möglich",
            heading: "Das klappt zurzeit leider nicht",
            text: "Bei uns ist ein Fehler aufgetreten. Bitte versuchen Sie es in einigen Minuten noch einmal.",
        },
        start: "Zur Startseite",
    },
    words: Words {
        thema,
        kanal,
        anschrift: |art| match art {
            Anschriftart::Besuch => "Besuchsadresse",
            Anschriftart::Post => "Postanschrift",
            Anschriftart::Lieferung => "Lieferanschrift",
            Anschriftart::Unbestimmt => "Adresse",
        },
        postfach: |number| format!("Postfach {number}"),
        level,
        gebiet: |level| match level {
            Level::Bund => "ganz Deutschland",
            Level::Land => "das Land",
            Level::Regierungsbezirk => "Ihren Regierungsbezirk",
            Level::Kreis => "Ihren Kreis",
            Level::Verband => "Ihren Gemeindeverband",
            Level::Gemeinde => "Ihre Stadt oder Gemeinde",
        },
        this_leistung: "die Leistung oben",
        vertrauensniveau: |niveau| match niveau {
            Vertrauensniveau::Basis => "Basisregistrierung (Benutzername und Passwort)",
            Vertrauensniveau::Substanziell => "substanziell (zum Beispiel ELSTER-Zertifikat)",
            Vertrauensniveau::Hoch => "hoch (Online-Ausweis)",
        },
        language,
        adressat: codes::leistungsadressat,
        why: Why::sentences,
    },
};

/// Headings of sections; Leichte Sprache has its own.
fn thema(thema: Thema) -> &'static str {
    match thema {
        Thema::Unterlagen => "Was Sie brauchen",
        Thema::Dokumente => "Unterlagen und Formulare",
        Thema::Kosten => "Kosten",
        Thema::Dauer => "Dauer",
        Thema::Frist => "Frist",
        Thema::Voraussetzungen => "Voraussetzungen",
        Thema::Ablauf => "So läuft es ab",
        Thema::Beschreibung => "Ausführliche Beschreibung",
        Thema::Formulare => "Formulare",
        Thema::Hinweise => "Hinweise und Besonderheiten",
        Thema::Zustaendig => "Wer zuständig ist",
        Thema::Ansprechpunkt => "Wo Sie Rat bekommen",
        Thema::Weiteres => "Weitere Informationen",
        Thema::Rechtsbehelf => "Wenn Sie nicht einverstanden sind (Rechtsbehelf)",
        Thema::Recht => "Rechtsgrundlagen",
    }
}

pub(super) fn kanal(kanal: Kanal) -> &'static str {
    match kanal {
        Kanal::Telefon => "Telefon",
        Kanal::Mobil => "Mobiltelefon",
        Kanal::Mail => "E-Mail",
        Kanal::Internet => "Internet",
        Kanal::Fax => "Fax",
        Kanal::DeMail => "De-Mail",
        Kanal::Weiterer => "Weiterer Kontakt",
    }
}

pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Bund => "Bund",
        Level::Land => "Land",
        Level::Regierungsbezirk => "Regierungsbezirk",
        Level::Kreis => "Kreis",
        Level::Verband => "Gemeindeverband",
        Level::Gemeinde => "Stadt oder Gemeinde",
    }
}

pub(super) fn language(code: &str) -> &str {
    match code {
        "ar" => "Arabisch",
        "de" => "Deutsch",
        "en" => "Englisch",
        "es" => "Spanisch",
        "fr" => "Französisch",
        "it" => "Italienisch",
        "nl" => "Niederländisch",
        "pl" => "Polnisch",
        "ro" => "Rumänisch",
        "ru" => "Russisch",
        "tr" => "Türkisch",
        "uk" => "Ukrainisch",
        other => other,
    }
}

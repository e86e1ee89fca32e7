//! Leichte Sprache: one statement to a sentence, common words, no genitive, long compounds parted by a middle dot.
//!
//! Only our own words are in it. What portals deliver stays as it is, and the pages say so.

use connectors::gebiet::Level;
use indexer::catalog::{TextRole, Why};

use super::deutsch::{kanal, language};
use super::{
    Anschriftart, Bevor, FaultText, Faults, Form, Frame, Lebenslage, Leistung, Ort, Results, Start, Texts, Thema,
    Vertrauensniveau, Words, Zu,
};
use crate::pages::words;

/// All of it.
pub static LEICHT: Texts = Texts {
    frame: Frame {
        skip: "Direkt zum Inhalt",
        claim: "Ämter finden und Anträge stellen",
        languages: "Sprache von der Seite",
        help: "Hilfe am Telefon",
        help_text: [
            "Die Nummer für alle Ämter ist",
            "Sie können von Montag bis Freitag anrufen. Von 8 Uhr bis 18 Uhr. Dort sagt man Ihnen: Dieses Amt hilft Ihnen.",
        ],
        cookies: "Diese Seite speichert keine Cookies. Diese Seite lädt nichts von anderen Firmen.",
        about: "Über diese Seite",
        hilfe: "Hilfe",
        barrierefreiheit: "Barriere·freiheit",
        barriere_melden: "Barriere melden",
        datenschutz: "Daten·schutz",
        impressum: "Impressum",
        einbinden: "Suche einbinden",
        daten: "Offene Daten",
        lebenslagen: "Lebens·lagen",
    },
    form: Form {
        name: "Leistungen suchen",
        q: "Was möchten Sie machen?",
        ort: "Ort oder Post·leit·zahl",
        q_hint: "Schreiben Sie es so, wie Sie es sagen. Zum Beispiel: Hund anmelden in Bochum",
        submit: "Suchen",
        check: "Bitte prüfen Sie Ihren Text",
        q_missing: "Bitte schreiben Sie: Was möchten Sie machen? Zum Beispiel: Hund anmelden.",
        too_long: "Der Text ist zu lang. Bitte schreiben Sie höchstens 500 Zeichen.",
        unknown_place: |ort| {
            format!(
                "Den Ort „{ort}“ kennen wir nicht. Ist der Name richtig geschrieben? Sie können auch die Post·leit·zahl schreiben."
            )
        },
        ort_missing: "Bitte schreiben Sie einen Ort. Oder eine Post·leit·zahl.",
        suggestions: "Vorschläge: {n}",
        no_suggestion: "Kein Vorschlag",
    },
    start: Start {
        example_questions: [
            "Hund anmelden",
            "Umzug melden",
            "Ausweis beantragen",
            "Wohngeld",
            "Führerschein",
            "Kita-Platz",
        ],
        heading: "Finden Sie das richtige Amt",
        lead: "Schreiben Sie: Was brauchen Sie? Schreiben Sie auch: Wo wohnen Sie? Dann zeigen wir Ihnen das richtige Amt. \
               Manche Anträge können Sie im Internet stellen. Wir zeigen Ihnen den Weg.",
        examples: "Zum Beispiel",
        situations: "Lebens·lagen",
        all_situations: "Alle Lebens·lagen ansehen",
        description: "Das richtige Amt in Nordrhein-Westfalen finden. In Leichter Sprache.",
    },
    results: Results {
        heading: |question, place| match (question.is_empty(), place) {
            (true, None) => "Suche".to_owned(),
            (true, Some(place)) => format!("Suche in {place}"),
            (false, None) => format!("„{question}“"),
            (false, Some(place)) => format!("„{question}“ in {place}"),
        },
        title: |question, place| format!("„{question}“ – {}", place.unwrap_or("Suche")),
        title_fault: "Fehler: Bitte schreiben Sie mehr",
        count: words::results,
        which_place: "Diesen Ort gibt es mehrmals. Welcher Ort ist richtig?",
        corrected: |typed| format!("Zu „{typed}“ haben wir nichts gefunden. Meinten Sie"),
        corrected_after: "Das haben wir gesucht.",
        choice: |about| {
            if about.is_empty() { "Was möchten Sie?".to_owned() } else { format!("Was möchten Sie? {about}:") }
        },
        narrow: "Weniger Ergebnisse zeigen",
        for_whom: "Für wen?",
        which_situation: "In welcher Lebens·lage?",
        nothing: "Wir haben nichts gefunden. Das können Sie machen:",
        nothing_tips: [
            "Prüfen Sie: Ist alles richtig geschrieben?",
            "Schreiben Sie ein anderes Wort. Zum Beispiel: Ausweis. Oder: Hund.",
        ],
        without_place: "Suchen Sie ohne Ort.",
        nothing_115: ["Rufen Sie an. Die Nummer ist", "Montag bis Freitag, von 8 Uhr bis 18 Uhr."],
        best: "Das passt am besten",
        likely: "Das passt vielleicht",
        needs_place: ["Welches Amt hilft Ihnen? Das ist in jedem Ort anders.", "Schreiben Sie Ihren Ort."],
        several_offices: "Es gibt mehrere Ämter. Welches Amt ist richtig?",
        no_office: ["Für diesen Ort kennen wir kein Amt.", "Das können Sie machen"],
        locked: "Es gibt ein Angebot im Internet. Aber wir kennen die Adresse nicht sicher. Bitte fragen Sie das Amt.",
        details: ["Was Sie brauchen und was es kostet", "Das Amt und alles Wichtige", "Alles Wichtige ansehen"],
        why: "Warum zeigen wir das?",
        why_place: |place| format!("Ihr Ort ist: {place}."),
        why_searched: |text| format!("Wir haben gesucht: „{text}“."),
        why_corrected: |typed, text| format!("Zu „{typed}“ gibt es nichts. Wir haben gesucht: „{text}“."),
        why_language: |lang| format!("Ihre Frage ist auf {lang}."),
        why_best: [
            |name| format!("Das passt am besten: „{name}“."),
            |name| format!("Das passt vielleicht: „{name}“. Auch anderes ist möglich."),
        ],
        why_service: |body, host| format!("Das Angebot im Internet ist von: {body}. Wir kennen die Adresse: {host}."),
        others: ["Mehr Ergebnisse", "Ergebnisse"],
        remarks: ["geht im Internet", "Das Amt kennen wir nicht"],
        offices: |number| format!("{number} Ämter zur Auswahl"),
        pages: ["Mehr Seiten", "Seite davor", "Nächste Seite"],
        only_online: ["Nur was im Internet geht.", "Nur was nicht im Internet geht.", "Alles zeigen"],
        only_for: |whom| format!("Nur für {whom}."),
        for_all: "Für alle zeigen",
        only_situation: |name| format!("Nur die Lebens·lage „{name}“."),
        all_situations: "Alle Lebens·lagen zeigen",
        narrow_online: ["Nur zeigen: Das geht im Internet", "Nur zeigen: Das geht im Amt"],
        narrow_for: |whom| format!("Für {whom}"),
        all_of_place: |place| format!("Alle Leistungen in {place}"),
    },
    leistung: Leistung {
        back: "Zurück zu den Ergebnissen",
        in_place: "in",
        change_place: "Ort ändern",
        general: "Ohne Ort ansehen",
        ask_place: [
            "Wo wohnen Sie?",
            "Schreiben Sie Ihren Ort. Dann zeigen wir Ihnen das Amt. Haben Sie eine Firma? Dann schreiben Sie den Ort von der Firma.",
        ],
        next: "Weiter",
        of_one_body: |body| {
            format!("Diesen Text hat {body} geschrieben. In Ihrem Ort kann es anders sein. Wählen Sie Ihren Ort.")
        },
        other_place: "Anderer Ort",
        apply: "Jetzt im Internet beantragen",
        leaving: |body, host| format!("Sie verlassen diese Seite. Sie gehen zu {body} ({host})."),
        several_services: "Es gibt mehrere Angebote. Sie wählen auf der nächsten Seite.",
        services: ["Angebote im Internet", "Mehr Angebote im Internet"],
        at_host: |body, host| format!("von {body} ({host})"),
        not_registered: "Wir kennen die Adresse nicht sicher. Bitte fragen Sie das Amt.",
        office: "Dieses Amt hilft Ihnen",
        office_for: |area| format!("Das Amt ist da für {area}"),
        several_offices: [
            "Es gibt mehrere Ämter",
            "Welches Amt passt für Sie? Wenn Sie es nicht wissen: Fragen Sie bei einem Amt.",
        ],
        on_site: "Das geht nur im Amt oder mit einem Brief. Ein Angebot im Internet kennen wir nicht.",
        no_office: "Für diesen Ort kennen wir kein Amt. Das können Sie machen:",
        contact: "Hier können Sie fragen",
        why: "Warum dieses Amt?",
        stand: |changed, source| match changed {
            Some(changed) => format!("Geändert am {} · Von: {source}", words::date(changed)),
            None => format!("Von: {source}"),
        },
        whose: |role, source, changed| {
            let role = match role {
                TextRole::Own => "Text vom Ort",
                TextRole::Master => "Allgemeiner Text",
                TextRole::Supplement => "Mehr Text vom Ort",
            };
            let changed = changed.map(|at| format!(", geändert am {}", words::date(at))).unwrap_or_default();
            format!("{role}: {source}{changed}")
        },
        origin: "Die Seite vom Amt:",
        supplement: "Mehr Text vom Ort",
        channels: ["Das gilt im Internet", "Das gilt im Amt"],
        hours: "Dann ist das Amt offen",
        text_in_german: "Diesen Text hat das Amt geschrieben. Er ist nicht in Leichter Sprache.",
        feedback: ["Ist etwas falsch?", "Schreiben Sie uns"],
        number_115: [
            "Die Nummer 115",
            "Rufen Sie an. Die Nummer ist",
            "Sie können von Montag bis Freitag anrufen. Von 8 Uhr bis 18 Uhr. Dort hilft man Ihnen.",
        ],
        contents: "Auf dieser Seite",
        description: |name, place| match place {
            Some(place) => format!("{name} in {place}: das Amt, die Kosten und was Sie brauchen."),
            None => format!("{name} in Nordrhein-Westfalen: das Amt, die Kosten und was Sie brauchen."),
        },
    },
    bevor: Bevor {
        heading: "Bevor Sie anfangen",
        title: |name, place| format!("Bevor Sie anfangen: {name} – {place}"),
        lead: "Das ist wichtig, bevor Sie weiter gehen.",
        who: "Dieses Amt hilft Ihnen",
        target: "Dort gehen Sie hin",
        target_text: |body, host| format!("{body} ({host})"),
        account: "So melden Sie sich an",
        papers: "Das brauchen Sie",
        cost: "Das kostet es",
        pay: "So können Sie bezahlen",
        duration: "So lange dauert es",
        deadline: "Bis wann",
        languages: "Sprachen",
        unknown: "Das wissen wir nicht",
        see: "Das steht bei: Alles zu dieser Leistung",
        go: |host| format!("Weiter zu {host}"),
        all: "Alles zu dieser Leistung",
    },
    zu: Zu {
        headings: [
            "Bitte wählen Sie",
            "Dieses Angebot können wir nicht öffnen",
            "Das geht nur im Amt oder mit einem Brief",
            "Wir kennen kein Amt",
        ],
        which: "Welches Angebot passt für Sie?",
        several: "Für diesen Ort gibt es mehrere Ämter. Wenn Sie es nicht wissen: Fragen Sie bei einem Amt.",
        locked: "Wir schicken Sie nur zu Seiten, die wir kennen. Diese Seiten kennen wir nicht:",
        ask_office: "Bitte fragen Sie das Amt.",
        on_site: "Ein Angebot im Internet kennen wir hier nicht. Bitte fragen Sie das Amt.",
        none: "Für diesen Ort kennen wir kein Amt. Das können Sie machen:",
        offices: "Diese Ämter gibt es",
        help: "Hier hilft man Ihnen",
    },
    ort: Ort {
        which: "Für welchen Ort?",
        none_of_these: "Ist Ihr Ort nicht dabei?",
        choose_title: |name| format!("Ort wählen – {name}"),
        heading: |place| format!("Das können Sie in {place} machen"),
        title: |place| format!("Das können Sie in {place} machen"),
        lead: |all, online| match online {
            0 => format!("Es gibt {} Leistungen.", words::grouped(all)),
            online => format!(
                "Es gibt {} Leistungen. Davon gehen {} im Internet.",
                words::grouped(all),
                words::grouped(online)
            ),
        },
        description: |place| format!("Alle Leistungen in {place}. In Leichter Sprache."),
        by_situation: "Nach Lebens·lage",
        a_to_z: "Von A bis Z",
        letters: "Buchstaben",
        online: "geht im Internet",
        filter: ["Alles", "Nur was im Internet geht"],
        nothing: "Für diesen Ort kennen wir noch keine Leistung. Das können Sie machen:",
        other: "Anderer Ort",
        own_page: |host| format!("Die Seite von dem Ort: {host}"),
    },
    lebenslage: Lebenslage {
        heading: "Lebens·lagen",
        lead: "Eine Lebens·lage ist zum Beispiel: Sie bekommen ein Kind. Oder: Sie ziehen um. Hier steht zusammen: Das müssen Sie dann machen.",
        title: |name, place| match place {
            Some(place) => format!("{name} – {place}"),
            None => name.to_owned(),
        },
        list_lead: [
            "Das müssen Sie vielleicht machen. Nicht alles passt für Sie.",
            "Das müssen Sie vielleicht machen. Schreiben Sie Ihren Ort. Dann zeigen wir Ihnen die Ämter.",
        ],
        nothing: "Zu dieser Lebens·lage kennen wir hier noch keine Leistung.",
        description: |name, place| match place {
            Some(place) => format!("{name} in {place}: Das müssen Sie vielleicht machen. In Leichter Sprache."),
            None => format!("{name}: Das müssen Sie vielleicht machen. In Leichter Sprache."),
        },
        further: "Mehr",
        all: "Alle Lebens·lagen",
        name: |name| name,
    },
    voice: crate::voice::texts::LEICHT,
    fault: Faults {
        not_found: FaultText {
            title: "Fehler: Seite nicht gefunden",
            heading: "Diese Seite gibt es nicht",
            text: "Vielleicht ist die Adresse alt. Vielleicht fehlt ein Zeichen. Sie können hier suchen.",
        },
        no_leistung: FaultText {
            title: "Fehler: Leistung nicht gefunden",
            heading: "Diese Leistung kennen wir nicht",
            text: "Vielleicht heißt sie jetzt anders. Vielleicht gibt es sie nicht mehr. Sie können hier suchen.",
        },
        gone: FaultText {
            title: "Diese Leistung gibt es nicht mehr",
            heading: "Diese Leistung gibt es nicht mehr",
            text: "Das Amt bietet sie nicht mehr an. Sie können hier suchen.",
        },
        no_place: FaultText {
            title: "Fehler: Ort nicht gefunden",
            heading: "Diesen Ort kennen wir nicht",
            text: "Sie können hier suchen. Schreiben Sie Ihren Ort. Oder Ihre Post·leit·zahl.",
        },
        no_lebenslage: FaultText {
            title: "Fehler: Lebens·lage nicht gefunden",
            heading: "Diese Lebens·lage kennen wir nicht",
            text: "Vielleicht ist die Adresse alt. Sie können hier suchen.",
        },
        no_dienst: FaultText {
            title: "Fehler: Angebot nicht gefunden",
            heading: "Dieses Angebot gibt es hier nicht",
            text: "Vielleicht ist die Adresse jetzt anders. Sie können hier suchen.",
        },
        address: FaultText {
            title: "Fehler: Adresse nicht lesbar",
            heading: "Diese Adresse können wir nicht lesen",
            text: "In der Adresse ist ein Fehler. Sie können hier suchen.",
        },
        method: FaultText {
            title: "Fehler: So geht es nicht",
            heading: "So können Sie diese Seite nicht öffnen",
            text: "Bitte öffnen Sie die Seite mit der Adresse. Oder suchen Sie hier.",
        },
        catalog: FaultText {
            title: "Fehler: Das geht gerade nicht",
            heading: "Das geht gerade nicht",
            text: "Bei uns ist ein Fehler. Bitte warten Sie ein paar Minuten. Dann versuchen Sie es noch einmal.",
        },
        start: "Zum Anfang",
    },
    words: Words {
        thema: |thema| match thema {
            Thema::Unterlagen => "Das brauchen Sie",
            Thema::Dokumente => "Papiere und Formulare",
            Thema::Kosten => "Das kostet es",
            Thema::Dauer => "So lange dauert es",
            Thema::Frist => "Bis wann",
            Thema::Voraussetzungen => "Das muss so sein",
            Thema::Ablauf => "So geht es",
            Thema::Beschreibung => "Alles genau",
            Thema::Formulare => "Formulare",
            Thema::Hinweise => "Das ist noch wichtig",
            Thema::Zustaendig => "Dieses Amt hilft Ihnen",
            Thema::Ansprechpunkt => "Hier können Sie fragen",
            Thema::Weiteres => "Mehr dazu",
            Thema::Rechtsbehelf => "Wenn Sie es falsch finden",
            Thema::Recht => "Das Gesetz dazu",
        },
        kanal,
        anschrift: |art| match art {
            Anschriftart::Besuch => "Dort ist das Amt",
            Anschriftart::Post => "Adresse für Briefe",
            Anschriftart::Lieferung => "Adresse für Pakete",
            Anschriftart::Unbestimmt => "Adresse",
        },
        postfach: |number| format!("Postfach {number}"),
        level: |level| match level {
            Level::Bund => "Deutschland",
            Level::Land => "Bundes·land",
            Level::Regierungsbezirk => "Regierungs·bezirk",
            Level::Kreis => "Kreis",
            Level::Verband => "Gemeinde·verband",
            Level::Gemeinde => "Stadt oder Gemeinde",
        },
        gebiet: |level| match level {
            Level::Bund => "ganz Deutschland",
            Level::Land => "das Bundes·land",
            Level::Regierungsbezirk => "Ihren Regierungs·bezirk",
            Level::Kreis => "Ihren Kreis",
            Level::Verband => "Ihren Gemeinde·verband",
            Level::Gemeinde => "Ihre Stadt oder Gemeinde",
        },
        this_leistung: "die Leistung oben",
        vertrauensniveau: |niveau| match niveau {
            Vertrauensniveau::Basis => "Sie brauchen einen Benutzer·namen und ein Pass·wort",
            Vertrauensniveau::Substanziell => "Sie brauchen zum Beispiel ein ELSTER-Zertifikat",
            Vertrauensniveau::Hoch => "Sie brauchen den Online-Ausweis",
        },
        language,
        adressat: |code| match code {
            "001" => Some("alle Menschen"),
            "002" => Some("Firmen"),
            _ => None,
        },
        why,
    },
};

fn why(why: &Why) -> Vec<String> {
    let mut said = vec![if why.is_contact() {
        format!("Hier können Sie fragen: {}. Das gilt in {}.", why.office, why.area)
    } else {
        format!("Dieses Amt macht das in {}: {}.", why.area, why.office)
    }];
    if why.inherited() {
        said.push(format!("{} gehört zu {}. In {} kennen wir kein eigenes Amt dafür.", why.place, why.area, why.place));
    }
    said.push(format!("Das hat uns gesagt: {}.", why.source));
    said
}

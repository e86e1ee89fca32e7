//! The German texts.

use config::Conformity;

use super::super::absatz::Absatz;
use super::{
    Fakten, Formular, GEBAERDENTELEFON, Kurz, LDI, LDI_WEB, OMBUDSSTELLE, OMBUDSSTELLE_ANSCHRIFT, OMBUDSSTELLE_MAIL,
    Texts,
};
use crate::pages::words;

/// All of them.
pub const DEUTSCH: Texts = Texts {
    formular: Formular {
        titel: "Rückmeldung geben",
        titel_zu: |name| format!("Rückmeldung zu „{name}“"),
        wer_liest: |portal| match portal {
            Some(portal) => format!("Ihre Nachricht lesen die Redaktion von {portal} und der Betrieb dieses Portals."),
            None => "Ihre Nachricht liest der Betrieb dieses Portals.".to_owned(),
        },
        barriere_titel: "Barriere melden",
        barriere_text: &[
            "Können Sie etwas auf diesen Seiten nicht lesen, bedienen oder verstehen? Bitte sagen Sie es uns.",
            "Ihre Nachricht liest nur der Betrieb dieses Portals.",
        ],
        art: "Worum geht es?",
        arten: [
            "Die zuständige Stelle ist falsch",
            "Eine Angabe ist veraltet",
            "Ein Link geht nicht",
            "Der Text ist unverständlich",
            "Etwas anderes",
        ],
        seite: "Auf welcher Seite? (freiwillig)",
        seite_hinweis: "Die Adresse der Seite oder ihre Überschrift.",
        text: "Ihre Nachricht",
        barriere_feld: "Was geht nicht?",
        text_hinweis: |most| {
            let most = words::grouped(most);
            format!("Höchstens {most} Zeichen. Bitte schreiben Sie nichts Persönliches und keine Aktenzeichen hinein.")
        },
        email: "Ihre E-Mail-Adresse (freiwillig)",
        email_hinweis: |days| {
            format!(
                "Nur wenn Sie eine Antwort möchten. Wer Ihre Nachricht liest, sieht auch die Adresse; wir geben sie nicht \
                 weiter und löschen sie nach spätestens {days} Tagen zusammen mit der Nachricht."
            )
        },
        falle: "Dieses Feld bitte leer lassen",
        senden: "Nachricht senden",
        datenschutz: "Was mit Ihren Angaben geschieht, steht unter Datenschutz",
        fehler_titel: "Fehler: Bitte prüfen Sie Ihre Eingabe",
        pruefen: "Bitte prüfen Sie Ihre Eingabe",
        keine_art: "Bitte wählen Sie, worum es geht.",
        kein_text: "Bitte schreiben Sie, was nicht stimmt.",
        zu_lang: |has, most| {
            format!(
                "Bitte kürzen Sie den Text: Er hat {} Zeichen, möglich sind {}.",
                words::grouped(has),
                words::grouped(most)
            )
        },
        seite_zu_lang: "Bitte kürzen Sie diese Angabe: Es sind höchstens 500 Zeichen möglich.",
        email_falsch: "Bitte prüfen Sie die E-Mail-Adresse. Sie sieht zum Beispiel so aus: name@beispiel.de",
        falle_voll: "Bitte leeren Sie dieses Feld. Es ist nur da, um Programme zu erkennen.",
        nicht_gesendet: "Ihre Nachricht wurde noch nicht gesendet",
        fremd: "Dieses Formular kam nicht von unserer Seite; gespeichert wurde nichts. Bitte senden Sie es von hier noch \
                einmal.",
        zu_oft: "Von Ihrem Anschluss kamen gerade viele Nachrichten. Ihr Text steht noch unten. Bitte versuchen Sie es in \
                 einer Stunde noch einmal.",
        voll: "Zurzeit können wir keine weiteren Nachrichten aufnehmen. Ihr Text steht noch unten. Bitte versuchen Sie es \
               an einem anderen Tag noch einmal, oder rufen Sie die Behördennummer 115 an.",
        gestoert: "Bei uns ist ein Fehler aufgetreten. Ihr Text ist nicht verloren, er steht noch unten. Bitte senden Sie \
                   ihn in einigen Minuten noch einmal.",
        zu_gross: "Ihr Text war so lang, dass wir ihn nicht lesen konnten. Bitte kürzen Sie ihn auf 2.000 Zeichen.",
        danke_titel: "Danke für Ihre Nachricht",
        danke: |days| {
            vec![
                "Ihre Nachricht ist angekommen. Wer die Angaben pflegt, sieht sie sich an.".to_owned(),
                format!("Wir löschen sie nach spätestens {days} Tagen."),
            ]
        },
        barriere_danke: |days| {
            vec![
                "Ihre Meldung ist angekommen. Der Betrieb dieses Portals sieht sie sich an.".to_owned(),
                format!(
                    "Wenn Sie eine E-Mail-Adresse angegeben haben, bekommen Sie dort eine Antwort. Wir löschen die Meldung \
                     nach spätestens {days} Tagen."
                ),
                "Kommt innerhalb von sechs Wochen keine Antwort, die Ihnen hilft, können Sie sich an die Ombudsstelle wenden. \
                 Ihre Anschrift steht in der Erklärung zur Barrierefreiheit."
                    .to_owned(),
            ]
        },
        danke_hilfreich: "Danke. Wir zählen Ihre Antwort; gespeichert wird sonst nichts.",
        nicht_gezaehlt: "Ihre Antwort konnten wir gerade nicht zählen. Bitte versuchen Sie es später noch einmal.",
        zurueck: |name| format!("Zurück zu „{name}“"),
        start: "Zur Startseite",
        hilfreich: "Hat Ihnen diese Seite geholfen?",
        ja: "Ja",
        nein: "Nein",
    },
    gebaerdensprache: "Gebärdensprache",
    leichte_sprache: "Leichte Sprache",
    kurzfassung: [
        "Wer dieses Portal betreibt und wie Sie den Betrieb erreichen.",
        "Welche Daten dieses Portal verarbeitet: keine Cookies, nichts von Dritten, und wie lange bleibt, was Sie uns schreiben.",
        "Wie weit diese Seiten barrierefrei sind, was fehlt, und wo Sie eine Barriere melden.",
        "So suchen Sie: in eigenen Worten, mit Ihrem Ort. Wer wofür zuständig ist und wer Ihnen am Telefon hilft.",
        "Welche Daten über Verwaltungsleistungen in Nordrhein-Westfalen es hier für Programme gibt.",
    ],
    impressum_titel: "Impressum",
    impressum,
    datenschutz_titel: "Datenschutz",
    datenschutz,
    nur_deutsch: "",
    barrierefreiheit_titel: "Erklärung zur Barrierefreiheit",
    barrierefreiheit,
    hilfe_titel: "Hilfe: So finden Sie, was Sie brauchen",
    hilfe,
    daten_titel: "Offene Daten",
    daten_anfang: &[
        "Was Sie auf diesen Seiten lesen, können auch Programme lesen: ohne Anmeldung und ohne Schlüssel. Wer viel abfragt, \
         wird gebremst.",
    ],
    daten: &[
        ("Suche, Zuständigkeit, Leistungen und Orte als JSON", "/api/v1/openapi.json", "OpenAPI 3.1"),
        (
            "Kurze Auskunft für Telefon und Schalter als JSON",
            "/api/v1/answers?q=hund+anmelden&ars=059110000000",
            "JSON",
        ),
        ("Wie gut jede Gemeinde abgedeckt ist", "/bericht/alle.csv", "CSV"),
        ("Prüfbericht für einen Ort, auch als Tabelle", "/bericht", "HTML, CSV"),
        ("Wie Portale ihre Leistungen auf eigenen Seiten auszeichnen", "/profil", "HTML"),
        ("Listen aller Seiten für Suchmaschinen (Sitemap)", "/sitemap.xml", "XML"),
        ("Suche für eigene Seiten zum Einbinden", "/einbinden", "HTML"),
        ("Beschreibung dieser Daten für Datenkataloge (DCAT)", "/daten/dcat.jsonld", "JSON-LD"),
    ],
    daten_lizenz_titel: "Wem die Daten gehören",
    daten_lizenz: &[
        "Die Texte liefern die Portale von Land und Kommunen. Jeder Datensatz nennt seine Quelle.",
        "Die Lieferungen nennen zurzeit keine Lizenz, die wir auslesen. Deshalb geben wir keine an. Fragen Sie bitte die \
         genannte Quelle, bevor Sie Texte weiterverwenden.",
    ],
    kurz: Kurz {
        titel: "Kurze Auskunft",
        text: "Für Telefon und Schalter: das Wichtigste zum Vorlesen.",
        frage: "Was möchten Sie erledigen?",
        ort: "Ort oder Postleitzahl",
        zeigen: "Auskunft zeigen",
        nichts: "Dazu haben wir nichts gefunden. Bitte sagen Sie es mit anderen Worten.",
        ohne_ort: "Ohne Ort können wir keine Stelle nennen. Bitte geben Sie den Ort an.",
        ort_unbekannt: "Diesen Ort kennen wir nicht. Bitte prüfen Sie die Schreibweise.",
        welcher_ort: "Diesen Ort gibt es mehrmals. Welcher ist es?",
        mehrere: "Mehrere Stellen kommen infrage",
        keine: "Für diesen Ort ist uns keine zuständige Stelle bekannt. So kommen Sie weiter:",
        stelle: "Zuständige Stelle",
        telefon: "Telefon",
        zeiten: "Öffnungszeiten",
        adresse: "Adresse",
        unterlagen: "Was Sie brauchen",
        kosten: "Kosten",
        dauer: "Dauer",
        frist: "Frist",
        online: "Online beantragen",
        nicht_online: "Ein Online-Angebot ist uns nicht bekannt.",
        unbekannt: "nicht angegeben",
        gruende: "Warum dieses Ergebnis?",
        ganz: "Alle Angaben zeigen",
        andere: "War etwas anderes gemeint?",
    },
};

const NICHT_ANGEGEBEN: &str = "Wer dieses Portal betreibt, hat hier noch nicht eingetragen, wer es ist. Diese Seite ist \
    deshalb unvollständig.";
const BEISPIEL: &str = "Dies ist ein Beispiel. Name, Anschrift und Telefonnummer sind erfunden.";

/// What has to be said first: that nothing was stated, or that it is invented.
fn vorab(fakten: &Fakten) -> Option<Absatz> {
    match fakten.operator {
        None => Some(Absatz::Hinweis(NICHT_ANGEGEBEN.to_owned())),
        Some(operator) if operator.sample => Some(Absatz::Hinweis(BEISPIEL.to_owned())),
        Some(_) => None,
    }
}

fn impressum(fakten: &Fakten) -> Vec<Absatz> {
    let mut page: Vec<Absatz> = vorab(fakten).into_iter().collect();
    let Some(operator) = fakten.operator else { return page };
    page.extend([
        Absatz::titel("Anbieter"),
        Fakten::anschrift(operator),
        Fakten::kontakt(operator, "Telefon", "E-Mail"),
    ]);
    for (titel, text) in [
        ("Vertreten durch", &operator.vertreten_durch),
        ("Verantwortlich für den Inhalt", &operator.verantwortlich),
        ("Aufsichtsbehörde", &operator.aufsicht),
        ("Umsatzsteuer-Identifikationsnummer", &operator.ust_id),
    ] {
        page.extend(text.iter().flat_map(|text| [Absatz::titel(titel), Absatz::text(text)]));
    }
    page.extend([
        Absatz::titel("Woher die Texte kommen"),
        Absatz::text(
            "Die Beschreibungen der Leistungen liefern die Portale von Land und Kommunen. Jede Seite nennt ihre Quelle und \
             deren Stand. Fehler in einem Text können Sie auf der Seite der Leistung melden.",
        ),
    ]);
    page
}

fn datenschutz(fakten: &Fakten) -> Vec<Absatz> {
    let mut page: Vec<Absatz> = vorab(fakten).into_iter().collect();
    page.push(Absatz::titel("Das Wichtigste"));
    page.push(Absatz::liste([
        "Diese Seiten speichern keine Cookies und nichts anderes auf Ihrem Gerät.",
        "Sie laden nichts von Dritten: keine Schriften, keine Karten, keine Zählpixel.",
        "Sie brauchen kein Konto, und wir fragen nicht, wer Sie sind.",
    ]));
    page.push(Absatz::titel("Wer verantwortlich ist"));
    match fakten.operator {
        Some(operator) => {
            page.push(Fakten::anschrift(operator));
            page.push(Fakten::kontakt(operator, "Telefon", "E-Mail"));
            page.push(match &operator.datenschutz_kontakt {
                Some(kontakt) => Absatz::text(format!("Datenschutz: {kontakt}")),
                None => {
                    Absatz::text("Wie Sie die oder den Datenschutzbeauftragten erreichen, ist noch nicht eingetragen.")
                }
            });
        }
        None => page.push(Absatz::text(NICHT_ANGEGEBEN)),
    }
    page.push(Absatz::titel("Wenn Sie eine Seite aufrufen"));
    page.extend(Absatz::texte([
        "Ihr Browser sendet uns Ihre IP-Adresse, sonst könnten wir nicht antworten. Wir halten sie nur im Arbeitsspeicher, \
         damit niemand das Portal durch zu viele Anfragen für andere blockiert. In unserem Protokoll steht sie nicht.",
        "Ins Protokoll kommt je Aufruf eine Zeile: Zeitpunkt, eine zufällige Nummer, die Art der Seite, das Portal, das \
         geantwortet hat, ob und wie schnell die Antwort kam. Was Sie gesucht haben, steht nicht darin.",
    ]));
    page.push(Absatz::text(match fakten.operator.and_then(|operator| operator.log_days) {
        Some(days) => format!("Das Protokoll wird nach {days} Tagen gelöscht."),
        None => "Wie lange das Protokoll aufbewahrt wird, hat der Betreiber hier noch nicht eingetragen.".to_owned(),
    }));
    page.push(Absatz::titel("Wenn Sie suchen"));
    page.push(Absatz::text(match fakten.questions {
        Some((min, days)) => format!(
            "Wir zählen, wonach gesucht wird: je Tag, ohne den Ort und ohne zu wissen, wer sucht. Den Wortlaut einer Frage \
             halten wir erst fest, wenn sie mindestens {min} Mal gestellt wurde; vorher steht im Arbeitsspeicher nur eine \
             verschlüsselte Prüfzahl. Fragen mit längeren Nummern, mit E-Mail-Adressen oder Anschriften halten wir nie im \
             Wortlaut fest. Nach {days} Tagen werden die Zahlen gelöscht."
        ),
        None => "Wonach Sie suchen, wird nicht gezählt und nicht gespeichert.".to_owned(),
    }));
    page.push(Absatz::text(
        "Frage und Ort stehen in der Adresse der Seite. Deshalb können sie im Verlauf Ihres Browsers stehen. An andere \
         Seiten geben wir diese Adresse nicht weiter.",
    ));
    page.push(Absatz::titel("Wenn Sie weitergehen"));
    page.extend(Absatz::texte([
        "Ein Online-Antrag gehört dem Portal, das ihn anbietet. Vorher sagen wir Ihnen, wohin Sie gehen. Dort gelten die \
         Datenschutzhinweise dieses Portals.",
        "Manche Portale erreichen Sie unter unserer Adresse; dann leiten wir durch. Was Sie dort eingeben, lesen und speichern \
         wir nicht. Das Portal erfährt dabei Ihre IP-Adresse, wie bei einem direkten Aufruf, und kann eigene Cookies setzen.",
    ]));
    page.push(Absatz::titel("Wenn Sie uns schreiben"));
    page.push(Absatz::text(format!(
        "Aus den Formularen „Rückmeldung geben“ und „Barriere melden“ speichern wir: Ihren Text, worum es geht, die Leistung, \
         den Ort und die Seite, die Sprache der Seite, den Zeitpunkt und, wenn Sie eine angeben, Ihre E-Mail-Adresse. Ihre \
         IP-Adresse speichern wir nicht. Eine Rückmeldung zu einer Leistung lesen die Redaktion des Portals, das sie \
         beschreibt, und der Betrieb; eine Meldung über eine Barriere liest nur der Betrieb. Nach spätestens {} Tagen wird \
         alles gelöscht.",
        fakten.keep_days
    )));
    page.push(Absatz::text(
        "Wenn Sie sagen, ob eine Seite geholfen hat, zählen wir das je Tag und Leistung, sonst nichts.",
    ));
    page.push(Absatz::titel("Redaktionen"));
    page.push(Absatz::text(
        "Wer sich unter „Anbindung“ anmeldet, bekommt ein Cookie, solange die Anmeldung dauert. Was an Portalen und Konten \
         geändert wird, steht mit dem Namen des Kontos und der gekürzten IP-Adresse in einem Protokoll.",
    ));
    page.push(Absatz::titel("Rechtsgrundlage und Ihre Rechte"));
    page.extend(Absatz::texte([
        "Wir verarbeiten diese Daten, um eine öffentliche Aufgabe zu erfüllen (Artikel 6 Absatz 1 Buchstabe e DSGVO).",
        "Sie können Auskunft über Ihre Daten verlangen, ihre Berichtigung, Löschung oder Einschränkung, und Sie können der \
         Verarbeitung widersprechen (Artikel 15 bis 18 und 21 DSGVO). Weil wir nicht wissen, wer Sie sind, finden wir eine \
         Nachricht nur mit Ihrer Hilfe wieder: Sagen Sie uns dafür, wann Sie was geschrieben haben.",
        "Sie können sich bei der Aufsichtsbehörde beschweren:",
    ]));
    page.push(Absatz::Zeilen(LDI.map(str::to_owned).into()));
    page.push(Absatz::weg("Zur Landesbeauftragten für Datenschutz (ldi.nrw.de)", LDI_WEB));
    page
}

fn barrierefreiheit(fakten: &Fakten) -> Vec<Absatz> {
    let mut page: Vec<Absatz> = vorab(fakten).into_iter().collect();
    page.push(Absatz::text(format!(
        "Diese Erklärung gilt für die Seiten unter {}. Grundlage sind das Behindertengleichstellungsgesetz \
         Nordrhein-Westfalen (BGG NRW) und die Barrierefreie-Informationstechnik-Verordnung Nordrhein-Westfalen (BITVNRW), \
         die auf die EN 301 549 und damit auf die WCAG 2.1, Stufe AA, verweisen. Sie gilt nicht für die Online-Angebote \
         anderer Portale, zu denen wir weiterleiten.",
        fakten.host
    )));
    page.push(Absatz::titel("Wie weit die Anforderungen erfüllt sind"));
    page.push(Absatz::text(match fakten.accessibility().map(|found| found.status) {
        Some(Conformity::Voll) => "Diese Seiten sind mit den Anforderungen vollständig vereinbar.",
        Some(Conformity::Teilweise) => {
            "Diese Seiten sind mit den Anforderungen teilweise vereinbar. Was fehlt, steht unten."
        }
        Some(Conformity::Nicht) => "Diese Seiten sind mit den Anforderungen nicht vereinbar. Was fehlt, steht unten.",
        None => "Der Betreiber hat noch nicht bewertet, wie weit diese Seiten die Anforderungen erfüllen.",
    }));
    page.push(Absatz::titel("Was nicht barrierefrei ist"));
    let video = fakten.operator.is_none_or(|operator| operator.gebaerdensprache_url.is_none());
    let own = fakten.accessibility().map(|found| found.maengel.as_slice()).unwrap_or_default();
    let known = video.then(|| {
        "Ein Video in Deutscher Gebärdensprache über Inhalt, Bedienung und Barrierefreiheit gibt es noch nicht."
            .to_owned()
    });
    page.push(Absatz::liste(known.into_iter().chain(own.iter().cloned()).chain([
        "Die Beschreibungen der Leistungen liefern andere Portale. Sie sind oft in Verwaltungssprache, meist nur auf Deutsch \
         und nicht in Leichter Sprache. In Leichter Sprache gibt es die Bedienung dieser Seiten und die Hilfe."
            .to_owned(),
        "Formulare und Dateien, auf die eine Leistung verweist, liegen bei den Portalen. Ob sie barrierefrei sind, wissen wir \
         nicht."
            .to_owned(),
    ])));
    page.push(Absatz::titel("Leichte Sprache und Gebärdensprache"));
    page.push(Absatz::weg("Diese Seite in Leichter Sprache", "/leicht/barrierefreiheit"));
    page.push(Absatz::weg("Hilfe in Leichter Sprache", "/leicht/hilfe"));
    if let Some(url) = fakten.operator.and_then(|operator| operator.gebaerdensprache_url.as_ref()) {
        page.push(Absatz::weg("Video in Deutscher Gebärdensprache", url.as_str()));
    }
    page.push(Absatz::weg("Gebärdentelefon der Behördennummer 115 (gebaerdentelefon.de)", GEBAERDENTELEFON));
    page.push(Absatz::titel("Wann diese Erklärung erstellt wurde"));
    page.push(Absatz::text(match fakten.accessibility() {
        Some(found) => {
            let erstellt = words::day_text(found.erstellt);
            let again = found.ueberprueft.map(words::day_text);
            let again = again.map(|day| format!(" Zuletzt überprüft wurde sie am {day}.")).unwrap_or_default();
            format!("Sie wurde am {erstellt} erstellt, auf der Grundlage von: {}.{again}", found.methode)
        }
        None => "Der Betreiber hat noch kein Datum und keine Prüfung angegeben.".to_owned(),
    }));
    page.push(Absatz::titel("Barriere melden"));
    page.push(Absatz::text(
        "Ist Ihnen etwas aufgefallen, oder brauchen Sie eine Auskunft in einer Form, die Sie nutzen können? Schreiben Sie uns.",
    ));
    page.push(Absatz::weg("Barriere melden", fakten.path("/barriere-melden")));
    if let Some(operator) = fakten.operator {
        page.push(Fakten::kontakt(operator, "Telefon", "E-Mail"));
    }
    page.push(Absatz::titel("Wenn Sie keine gute Antwort bekommen"));
    page.push(Absatz::text(
        "Haben Sie nach sechs Wochen keine Antwort, die Ihnen hilft, können Sie sich an die Ombudsstelle wenden (§ 10d BGG \
         NRW). Das kostet nichts, und Sie brauchen dafür keine Anwältin und keinen Anwalt.",
    ));
    page.push(Absatz::Zeilen(OMBUDSSTELLE_ANSCHRIFT.map(str::to_owned).into()));
    let mail = ("E-Mail".to_owned(), OMBUDSSTELLE_MAIL.to_owned(), words::mailto(OMBUDSSTELLE_MAIL));
    page.push(Absatz::Kontakte(vec![mail]));
    page.push(Absatz::weg("Zur Ombudsstelle (lbbp.nrw.de)", OMBUDSSTELLE));
    page
}

fn hilfe(fakten: &Fakten) -> Vec<Absatz> {
    let mut page = vec![
        Absatz::text(
            "Hier finden Sie heraus, welche Stelle in Nordrhein-Westfalen für Ihr Anliegen zuständig ist und ob Sie es \
             online erledigen können.",
        ),
        Absatz::titel("So suchen Sie"),
        Absatz::liste([
            "Schreiben Sie mit Ihren eigenen Worten, was Sie erledigen möchten, zum Beispiel „Hund anmelden“.",
            "Geben Sie Ihren Ort oder Ihre Postleitzahl an. Für einen Betrieb: den Ort, an dem er liegt.",
            "Das beste Ergebnis steht oben, mit der zuständigen Stelle. Darunter stehen weitere.",
            "Auf der Seite der Leistung steht, was Sie brauchen, was es kostet und wie lange es dauert.",
            "Mit „Jetzt online beantragen“ gehen Sie zum Antrag. Vorher sagen wir Ihnen, wohin Sie gehen.",
        ]),
        Absatz::titel("Wer wofür zuständig ist"),
        Absatz::text(
            "Das meiste erledigt Ihre Stadt oder Gemeinde. Manches macht Ihr Kreis, zum Beispiel die Zulassung von Autos, \
             anderes das Land oder der Bund. Welche Stelle es ist, hängt vom Ort ab. Zu jedem Ergebnis zeigen wir, warum \
             wir diese Stelle nennen.",
        ),
        Absatz::text(
            "Wenn uns keine Stelle bekannt ist, sagen wir das und nennen Ihnen, wen Sie fragen können. Wir raten nicht.",
        ),
        Absatz::titel("Hilfe am Telefon"),
        Absatz::Kontakte(vec![(
            "Behördennummer".to_owned(),
            "115, Montag bis Freitag von 8 bis 18 Uhr".to_owned(),
            Some("tel:115".to_owned()),
        )]),
        Absatz::Anker("gebaerdensprache", "Hilfe in Gebärdensprache".to_owned()),
        Absatz::text("Gehörlose und schwerhörige Menschen erreichen die 115 in Gebärdensprache, per Video."),
        Absatz::weg("Gebärdentelefon der Behördennummer 115 (gebaerdentelefon.de)", GEBAERDENTELEFON),
    ];
    page.push(match fakten.operator.and_then(|operator| operator.gebaerdensprache_url.as_ref()) {
        Some(url) => Absatz::weg("Diese Seiten in Deutscher Gebärdensprache erklärt (Video)", url.as_str()),
        None => Absatz::text("Ein Video in Gebärdensprache, das diese Seiten erklärt, gibt es noch nicht."),
    });
    page.extend([
        Absatz::titel("Leichte Sprache"),
        Absatz::weg("Diese Hilfe in Leichter Sprache", "/leicht/hilfe"),
        Absatz::titel("Wenn etwas nicht stimmt"),
        Absatz::weg("Rückmeldung geben", fakten.path("/rueckmeldung")),
        Absatz::weg("Barriere melden", fakten.path("/barriere-melden")),
    ]);
    page
}

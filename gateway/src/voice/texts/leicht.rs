//! The texts in Leichte Sprache: short sentences, one statement each, common words, no genitive, no passive.

use config::Conformity;

use super::super::absatz::Absatz;
use super::{
    Fakten, Formular, GEBAERDENTELEFON, Kurz, LDI, LDI_WEB, OMBUDSSTELLE, OMBUDSSTELLE_ANSCHRIFT, OMBUDSSTELLE_MAIL,
    Texts,
};
use crate::pages::words;

/// All of them.
pub const LEICHT: Texts = Texts {
    formular: Formular {
        titel: "Sagen Sie uns: Was ist falsch?",
        titel_zu: |name| format!("Was ist falsch bei „{name}“?"),
        wer_liest: |portal| match portal {
            Some(portal) => format!("Ihre Nachricht lesen: {portal} und die Betreiber von diesem Portal."),
            None => "Ihre Nachricht lesen die Betreiber von diesem Portal.".to_owned(),
        },
        barriere_titel: "Barriere melden",
        barriere_text: &[
            "Können Sie etwas nicht lesen? Können Sie etwas nicht bedienen? Verstehen Sie etwas nicht?",
            "Dann schreiben Sie uns.",
            "Ihre Nachricht lesen nur die Betreiber von diesem Portal.",
        ],
        art: "Was ist falsch?",
        arten: [
            "Das ist das falsche Amt",
            "Das stimmt nicht mehr",
            "Ein Link geht nicht",
            "Ich verstehe den Text nicht",
            "Etwas anderes",
        ],
        seite: "Auf welcher Seite ist das? Sie müssen das nicht ausfüllen.",
        seite_hinweis: "Zum Beispiel: Start·seite.",
        text: "Ihre Nachricht",
        barriere_feld: "Was geht nicht?",
        text_hinweis: |most| {
            let most = words::grouped(most);
            format!("Sie können {most} Zeichen schreiben. Schreiben Sie bitte keine Namen.")
        },
        email: "Ihre E-Mail-Adresse. Sie müssen das nicht ausfüllen.",
        email_hinweis: |days| {
            format!(
                "Möchten Sie eine Antwort? Dann schreiben Sie hier Ihre E-Mail-Adresse. Wer die Nachricht liest, sieht auch \
                 die Adresse. Sonst sieht sie niemand. Nach {days} Tagen löschen wir alles."
            )
        },
        falle: "Schreiben Sie hier bitte nichts",
        senden: "Nachricht senden",
        datenschutz: "Lesen Sie: Das machen wir mit Ihren Daten",
        fehler_titel: "Fehler: Hier fehlt noch etwas",
        pruefen: "Hier fehlt noch etwas, oder etwas ist falsch",
        keine_art: "Bitte wählen Sie aus: Was ist falsch?",
        kein_text: "Bitte schreiben Sie: Was ist falsch?",
        zu_lang: |has, most| {
            format!(
                "Ihr Text ist zu lang. Er hat {} Zeichen. Es gehen nur {} Zeichen.",
                words::grouped(has),
                words::grouped(most)
            )
        },
        seite_zu_lang: "Das ist zu lang. Es gehen nur 500 Zeichen.",
        email_falsch: "Die E-Mail-Adresse stimmt nicht. So sieht eine Adresse aus: name@beispiel.de",
        falle_voll: "Löschen Sie bitte, was in diesem Feld steht.",
        nicht_gesendet: "Ihre Nachricht ist noch nicht bei uns",
        fremd: "Das Formular kam von einer anderen Internet·seite. Bitte senden Sie es von hier noch einmal.",
        zu_oft: "Von Ihnen kamen gerade viele Nachrichten. Ihr Text steht noch unten. Bitte versuchen Sie es in 1 Stunde noch \
                 einmal.",
        voll: "Wir haben gerade zu viele Nachrichten. Ihr Text steht noch unten. Bitte versuchen Sie es morgen noch einmal. \
               Oder rufen Sie an: 115.",
        gestoert: "Bei uns ist etwas kaputt. Ihr Text ist noch da. Er steht unten. Bitte senden Sie ihn in ein paar Minuten \
                   noch einmal.",
        zu_gross: "Ihr Text war viel zu lang. Wir konnten ihn nicht lesen. Es gehen nur 2.000 Zeichen.",
        danke_titel: "Danke für Ihre Nachricht",
        danke: |days| {
            vec![
                "Ihre Nachricht ist bei uns.".to_owned(),
                "Wir lesen sie.".to_owned(),
                format!("Nach {days} Tagen löschen wir sie."),
            ]
        },
        barriere_danke: |days| {
            vec![
                "Ihre Nachricht ist bei uns.".to_owned(),
                "Haben Sie eine E-Mail-Adresse geschrieben? Dann bekommen Sie eine Antwort.".to_owned(),
                format!("Nach {days} Tagen löschen wir die Nachricht."),
                "Bekommen Sie in 6 Wochen keine gute Antwort? Dann hilft Ihnen die Ombuds·stelle. Die Adresse steht auf der \
                 Seite Barriere·freiheit."
                    .to_owned(),
            ]
        },
        danke_hilfreich: "Danke. Wir zählen Ihre Antwort. Mehr speichern wir nicht.",
        nicht_gezaehlt: "Wir konnten Ihre Antwort nicht zählen. Bitte versuchen Sie es später noch einmal.",
        zurueck: |name| format!("Zurück zu „{name}“"),
        start: "Zur Start·seite",
        hilfreich: "Hat die Seite Ihnen geholfen?",
        ja: "Ja",
        nein: "Nein",
    },
    gebaerdensprache: "Gebärden·sprache",
    leichte_sprache: "Leichte Sprache",
    kurzfassung: [
        "Wer macht diese Seiten? Hier steht die Adresse.",
        "Was machen wir mit Ihren Daten? Hier steht es in Leichter Sprache.",
        "Sind die Seiten für alle da? Was fehlt noch? Hier steht es.",
        "So finden Sie das richtige Amt. In Leichter Sprache.",
        "Hier finden Fach·leute Daten.",
    ],
    impressum_titel: "Impressum: Wer macht diese Seiten?",
    impressum,
    datenschutz_titel: "Daten·schutz",
    datenschutz,
    nur_deutsch: "Diesen Text gibt es nicht in Leichter Sprache.",
    barrierefreiheit_titel: "Erklärung zur Barriere·freiheit",
    barrierefreiheit,
    hilfe_titel: "Hilfe: So finden Sie das richtige Amt",
    hilfe,
    daten_titel: "Offene Daten",
    daten_anfang: &[
        "Diese Seite ist für Fach·leute.",
        "Auch Computer·programme können unsere Seiten lesen. Sie brauchen dafür kein Passwort.",
    ],
    daten: &[
        ("Suche und Ämter für Programme", "/api/v1/openapi.json", "OpenAPI 3.1"),
        ("Kurze Auskunft für Programme", "/api/v1/answers?q=hund+anmelden&ars=059110000000", "JSON"),
        ("Tabelle: Was wissen wir über jede Stadt?", "/bericht/alle.csv", "CSV"),
        ("Bericht über eine Stadt, in schwerer Sprache", "/bericht", "HTML, CSV"),
        ("So schreiben Ämter ihre Seiten für uns, in schwerer Sprache", "/profil", "HTML"),
        ("Listen von allen Seiten, für Such·maschinen", "/sitemap.xml", "XML"),
        ("Unsere Suche für andere Seiten", "/leicht/einbinden", "HTML"),
        ("Beschreibung von den Daten (DCAT)", "/daten/dcat.jsonld", "JSON-LD"),
    ],
    daten_lizenz_titel: "Wem gehören die Daten?",
    daten_lizenz: &[
        "Die Texte schreiben die Ämter. Bei jedem Text steht: Von wem ist der Text?",
        "Wir wissen nicht: Darf man die Texte woanders benutzen? Bitte fragen Sie das Amt, das den Text geschrieben hat.",
    ],
    kurz: Kurz {
        titel: "Kurze Auskunft",
        text: "Hier steht nur das Wichtigste.",
        frage: "Was möchten Sie machen?",
        ort: "Ort oder Post·leit·zahl",
        zeigen: "Auskunft zeigen",
        nichts: "Wir haben nichts gefunden. Bitte schreiben Sie es mit anderen Worten.",
        ohne_ort: "Wir wissen den Ort nicht. Bitte schreiben Sie den Ort dazu. Dann nennen wir das Amt.",
        ort_unbekannt: "Diesen Ort kennen wir nicht. Bitte prüfen Sie, was Sie geschrieben haben.",
        welcher_ort: "Diesen Ort gibt es mehrmals. Welchen Ort meinen Sie?",
        mehrere: "Es gibt mehrere Ämter dafür",
        keine: "Wir kennen kein Amt dafür. Hier bekommen Sie Hilfe:",
        stelle: "Das richtige Amt",
        telefon: "Telefon",
        zeiten: "Wann ist offen?",
        adresse: "Adresse",
        unterlagen: "Das brauchen Sie",
        kosten: "Das kostet es",
        dauer: "So lange dauert es",
        frist: "Bis wann?",
        online: "Im Internet beantragen",
        nicht_online: "Im Internet geht das nicht. Oder wir wissen es nicht.",
        unbekannt: "Das wissen wir nicht",
        gruende: "Warum dieses Amt?",
        ganz: "Alles zeigen",
        andere: "Haben Sie etwas anderes gemeint?",
    },
};

const NICHT_ANGEGEBEN: &str =
    "Wer macht diese Seiten? Das steht hier noch nicht. Die Betreiber müssen es noch eintragen.";
const BEISPIEL: &str = "Das hier ist ein Beispiel. Den Namen und die Adresse haben wir uns ausgedacht.";

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
        Absatz::titel("Diese Stelle macht die Seiten"),
        Fakten::anschrift(operator),
        Fakten::kontakt(operator, "Telefon", "E-Mail"),
    ]);
    for (titel, text) in [
        ("Wer ist der Chef oder die Chefin?", &operator.vertreten_durch),
        ("Wer passt auf den Inhalt auf?", &operator.verantwortlich),
        ("Wer prüft diese Stelle?", &operator.aufsicht),
        ("Steuer·nummer", &operator.ust_id),
    ] {
        page.extend(text.iter().flat_map(|text| [Absatz::titel(titel), Absatz::text(text)]));
    }
    page.extend([
        Absatz::titel("Von wem sind die Texte?"),
        Absatz::text(
            "Die Texte schreiben das Land, die Städte und die Kreise. Auf jeder Seite steht: Von wem ist der Text?",
        ),
    ]);
    page
}

fn datenschutz(fakten: &Fakten) -> Vec<Absatz> {
    let mut page: Vec<Absatz> = vorab(fakten).into_iter().collect();
    page.push(Absatz::titel("Das Wichtigste"));
    page.push(Absatz::liste([
        "Wir speichern nichts auf Ihrem Computer oder Handy.",
        "Keine andere Firma sieht, was Sie hier machen.",
        "Sie müssen sich nicht anmelden.",
        "Wir fragen nicht, wer Sie sind.",
    ]));
    page.push(Absatz::titel("Wer passt auf Ihre Daten auf?"));
    match fakten.operator {
        Some(operator) => {
            page.push(Fakten::anschrift(operator));
            page.push(Fakten::kontakt(operator, "Telefon", "E-Mail"));
            page.push(match &operator.datenschutz_kontakt {
                Some(kontakt) => Absatz::text(format!("Fragen zum Daten·schutz: {kontakt}")),
                None => Absatz::text("Wen fragen Sie zum Daten·schutz? Das steht hier noch nicht."),
            });
        }
        None => page.push(Absatz::text(NICHT_ANGEGEBEN)),
    }
    page.push(Absatz::titel("Sie öffnen eine Seite"));
    page.extend(Absatz::texte([
        "Ihr Computer hat eine Nummer. Sie heißt IP-Adresse. Wir brauchen sie für die Antwort. Wir schreiben sie nicht auf.",
        "Wir schreiben auf: Wann hat jemand eine Seite geöffnet? Hat es geklappt? Wie schnell war es? Wir schreiben nicht auf, \
         was Sie gesucht haben.",
    ]));
    page.push(Absatz::text(match fakten.operator.and_then(|operator| operator.log_days) {
        Some(days) => format!("Nach {days} Tagen löschen wir das."),
        None => "Wann löschen wir das? Das steht hier noch nicht.".to_owned(),
    }));
    page.push(Absatz::titel("Sie suchen etwas"));
    match fakten.questions {
        Some((min, days)) => page.push(Absatz::liste([
            "Wir zählen: Was suchen die Leute?".to_owned(),
            "Wir wissen dabei nicht, wer gesucht hat.".to_owned(),
            format!("Wir schreiben eine Frage erst auf, wenn jemand sie {min} Mal gestellt hat."),
            format!("Nach {days} Tagen löschen wir die Zahlen."),
        ])),
        None => page.push(Absatz::text("Wir zählen nicht, was Sie suchen. Wir speichern es auch nicht.")),
    }
    page.push(Absatz::titel("Sie gehen zu einem Antrag"));
    page.push(Absatz::liste([
        "Der Antrag gehört einem anderen Portal.",
        "Wir sagen Ihnen vorher, zu wem Sie gehen.",
        "Dort gelten andere Regeln für Ihre Daten.",
        "Das andere Portal sieht Ihre IP-Adresse.",
        "Wir lesen nicht, was Sie dort schreiben.",
    ]));
    page.push(Absatz::titel("Sie schreiben uns"));
    page.push(Absatz::liste([
        "Wir speichern Ihre Nachricht.".to_owned(),
        "Wir speichern Ihre E-Mail-Adresse, wenn Sie eine schreiben.".to_owned(),
        "Wir speichern Ihre IP-Adresse nicht.".to_owned(),
        "Die Nachricht liest das Amt, das den Text geschrieben hat. Und die Betreiber von diesem Portal lesen sie."
            .to_owned(),
        "Eine Nachricht über eine Barriere lesen nur die Betreiber.".to_owned(),
        format!("Nach {} Tagen löschen wir alles.", fakten.keep_days),
        "Hat eine Seite Ihnen geholfen? Wir zählen nur Ihr Ja oder Nein.".to_owned(),
    ]));
    page.push(Absatz::titel("Das sind Ihre Rechte"));
    page.push(Absatz::liste([
        "Sie können fragen: Welche Daten habt ihr von mir?",
        "Sie können sagen: Löscht meine Daten.",
        "Sie können sich beschweren.",
    ]));
    page.push(Absatz::text("Hier können Sie sich beschweren:"));
    page.push(Absatz::Zeilen(LDI.map(str::to_owned).into()));
    page.push(Absatz::weg("Zur Internet·seite (ldi.nrw.de)", LDI_WEB));
    page.push(Absatz::weg("Alles zum Daten·schutz, in schwerer Sprache", "/datenschutz"));
    page
}

fn barrierefreiheit(fakten: &Fakten) -> Vec<Absatz> {
    let mut page: Vec<Absatz> = vorab(fakten).into_iter().collect();
    page.push(Absatz::text(format!("Diese Erklärung ist für die Seiten von {}.", fakten.host)));
    page.extend(Absatz::texte([
        "Alle Menschen sollen diese Seiten benutzen können. Auch Menschen mit Behinderung. Das heißt: barriere·frei.",
        "So steht es im Gesetz. Das Gesetz heißt: BGG NRW. Die Regeln dazu heißen: BITVNRW.",
    ]));
    page.push(Absatz::titel("Sind die Seiten barriere·frei?"));
    page.push(Absatz::text(match fakten.accessibility().map(|found| found.status) {
        Some(Conformity::Voll) => "Ja. Die Seiten halten alle Regeln ein.",
        Some(Conformity::Teilweise) => "Zum Teil. Die Seiten halten viele Regeln ein. Aber nicht alle.",
        Some(Conformity::Nicht) => "Nein. Die Seiten halten die Regeln noch nicht ein.",
        None => "Das wissen wir noch nicht. Die Betreiber haben es noch nicht geprüft.",
    }));
    page.push(Absatz::titel("Das ist nicht barriere·frei"));
    let video = fakten.operator.is_none_or(|operator| operator.gebaerdensprache_url.is_none());
    let own = fakten.accessibility().map(|found| found.maengel.as_slice()).unwrap_or_default();
    let known = video.then(|| "Es gibt noch kein Video in Gebärden·sprache.".to_owned());
    page.push(Absatz::liste(known.into_iter().chain([
        "Viele Texte sind in schwerer Sprache. Die Texte schreiben die Ämter.".to_owned(),
        "Leichte Sprache gibt es für die Knöpfe, die Felder und die Hilfe.".to_owned(),
        "Formulare liegen bei den Ämtern. Wir wissen nicht: Sind sie barriere·frei?".to_owned(),
    ])));
    if !own.is_empty() {
        page.push(Absatz::ListeDeutsch(own.to_vec()));
    }
    if let Some(url) = fakten.operator.and_then(|operator| operator.gebaerdensprache_url.as_ref()) {
        page.push(Absatz::weg("Video in Gebärden·sprache", url.as_str()));
    }
    page.push(Absatz::titel("Von wann ist diese Erklärung?"));
    page.push(Absatz::text(match fakten.accessibility() {
        Some(found) => {
            let again = found.ueberprueft.map(words::day_text);
            let again = again.map(|day| format!(" Zuletzt haben wir am {day} geprüft.")).unwrap_or_default();
            let erstellt = words::day_text(found.erstellt);
            format!("Die Erklärung ist vom {erstellt}. So haben wir geprüft: {}.{again}", found.methode)
        }
        None => "Das steht hier noch nicht. Die Betreiber müssen es noch eintragen.".to_owned(),
    }));
    page.push(Absatz::titel("Haben Sie eine Barriere gefunden?"));
    page.push(Absatz::text("Geht etwas nicht? Verstehen Sie etwas nicht? Schreiben Sie uns."));
    page.push(Absatz::weg("Barriere melden", fakten.path("/barriere-melden")));
    if let Some(operator) = fakten.operator {
        page.push(Fakten::kontakt(operator, "Telefon", "E-Mail"));
    }
    page.push(Absatz::titel("Bekommen Sie keine gute Antwort?"));
    page.push(Absatz::liste([
        "Warten Sie 6 Wochen.",
        "Dann hilft Ihnen die Ombuds·stelle.",
        "Das kostet nichts.",
        "Sie brauchen keinen Anwalt und keine Anwältin.",
    ]));
    page.push(Absatz::Zeilen(OMBUDSSTELLE_ANSCHRIFT.map(str::to_owned).into()));
    let mail = ("E-Mail".to_owned(), OMBUDSSTELLE_MAIL.to_owned(), words::mailto(OMBUDSSTELLE_MAIL));
    page.push(Absatz::Kontakte(vec![mail]));
    page.push(Absatz::weg("Zur Ombuds·stelle (lbbp.nrw.de)", OMBUDSSTELLE));
    page
}

fn hilfe(fakten: &Fakten) -> Vec<Absatz> {
    let mut page = vec![
        Absatz::text("Sie brauchen etwas von einem Amt? Hier finden Sie das richtige Amt."),
        Absatz::titel("Das finden Sie hier"),
        Absatz::liste([
            "Welches Amt hilft Ihnen?",
            "Wo ist das Amt? Wann ist es offen?",
            "Was müssen Sie mitbringen?",
            "Was kostet es?",
            "Geht es auch im Internet?",
        ]),
        Absatz::titel("So suchen Sie"),
        Absatz::liste([
            "Schreiben Sie in das erste Feld: Was möchten Sie machen? Zum Beispiel: Hund anmelden.",
            "Schreiben Sie in das zweite Feld: Wo wohnen Sie? Zum Beispiel: Bochum. Oder Ihre Post·leit·zahl.",
            "Drücken Sie auf den Knopf zum Suchen.",
            "Oben steht das beste Ergebnis.",
            "Lesen Sie die Seite. Dort steht, was Sie brauchen.",
            "Geht es im Internet? Dann sehen Sie einen Knopf. Der Knopf bringt Sie zum Antrag.",
        ]),
        Absatz::titel("Welches Amt macht was?"),
        Absatz::liste([
            "Das meiste macht Ihre Stadt oder Ihre Gemeinde.",
            "Manches macht der Kreis. Zum Beispiel: ein Auto anmelden.",
            "Manches macht das Land. Manches macht ganz Deutschland.",
            "Wir zeigen Ihnen, warum es dieses Amt ist.",
            "Kennen wir kein Amt? Dann sagen wir das. Wir raten nicht.",
        ]),
        Absatz::titel("Hilfe am Telefon"),
        Absatz::text("Sie können anrufen. Dort hilft Ihnen ein Mensch."),
        Absatz::Kontakte(vec![(
            "Telefon".to_owned(),
            "115, Montag bis Freitag von 8 Uhr bis 18 Uhr".to_owned(),
            Some("tel:115".to_owned()),
        )]),
        Absatz::Anker("gebaerdensprache", "Hilfe in Gebärden·sprache".to_owned()),
        Absatz::text("Sie hören nicht oder nicht gut? Dann können Sie in Gebärden·sprache fragen. Das geht mit Video."),
        Absatz::weg("Zum Gebärden·telefon (gebaerdentelefon.de)", GEBAERDENTELEFON),
    ];
    page.push(match fakten.operator.and_then(|operator| operator.gebaerdensprache_url.as_ref()) {
        Some(url) => Absatz::weg("Video: Diese Seiten in Gebärden·sprache", url.as_str()),
        None => Absatz::text("Ein Video über diese Seiten gibt es noch nicht."),
    });
    page.extend([
        Absatz::titel("Geht etwas nicht?"),
        Absatz::text("Ist etwas falsch? Oder verstehen Sie etwas nicht? Schreiben Sie uns."),
        Absatz::weg("Sagen, was falsch ist", fakten.path("/rueckmeldung")),
        Absatz::weg("Barriere melden", fakten.path("/barriere-melden")),
        Absatz::weg("Ist diese Seite für alle da? Erklärung zur Barriere·freiheit", fakten.path("/barrierefreiheit")),
    ]);
    page
}

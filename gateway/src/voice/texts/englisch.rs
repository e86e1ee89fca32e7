//! The English texts.

use config::Conformity;

use super::super::absatz::Absatz;
use super::{
    Fakten, Formular, GEBAERDENTELEFON, Kurz, LDI, LDI_WEB, OMBUDSSTELLE, OMBUDSSTELLE_ANSCHRIFT, OMBUDSSTELLE_MAIL,
    Texts,
};
use crate::pages::words;

/// All of them.
pub const ENGLISCH: Texts = Texts {
    formular: Formular {
        titel: "Give feedback",
        titel_zu: |name| format!("Feedback on “{name}”"),
        wer_liest: |portal| match portal {
            Some(portal) => format!("The editors of {portal} and the operator of this portal read your message."),
            None => "The operator of this portal reads your message.".to_owned(),
        },
        barriere_titel: "Report a barrier",
        barriere_text: &[
            "Is there something on these pages that you cannot read, use or understand? Please tell us.",
            "Only the operator of this portal reads your message.",
        ],
        art: "What is it about?",
        arten: [
            "The responsible office is wrong",
            "Some information is out of date",
            "A link does not work",
            "I cannot understand the text",
            "Something else",
        ],
        seite: "On which page? (optional)",
        seite_hinweis: "The address of the page or its heading.",
        text: "Your message",
        barriere_feld: "What does not work?",
        text_hinweis: |most| {
            format!(
                "At most {} characters. Please do not write anything personal and no file numbers.",
                thousands(most)
            )
        },
        email: "Your e-mail address (optional)",
        email_hinweis: |days| {
            format!(
                "Only if you want an answer. Whoever reads your message also sees the address; we do not pass it on, and \
                 we delete it after {days} days at the latest, together with the message."
            )
        },
        falle: "Please leave this field empty",
        senden: "Send message",
        datenschutz: "What happens to what you write is explained under privacy",
        fehler_titel: "Error: please check what you entered",
        pruefen: "Please check what you entered",
        keine_art: "Please choose what it is about.",
        kein_text: "Please write what is wrong.",
        zu_lang: |has, most| {
            format!("Please shorten the text: it has {} characters, {} are possible.", thousands(has), thousands(most))
        },
        seite_zu_lang: "Please shorten this: at most 500 characters are possible.",
        email_falsch: "Please check the e-mail address. It looks for example like this: name@example.org",
        falle_voll: "Please empty this field. It is only there to recognise programs.",
        nicht_gesendet: "Your message has not been sent yet",
        fremd: "This form did not come from our page; nothing was saved. Please send it from here once more.",
        zu_oft: "Many messages came from your connection just now. Your text is still below. Please try again in an hour.",
        voll: "We cannot take any more messages at the moment. Your text is still below. Please try again on another day, \
               or call 115.",
        gestoert: "Something went wrong on our side. Your text is not lost, it is still below. Please send it again in a \
                   few minutes.",
        zu_gross: "Your text was so long that we could not read it. Please shorten it to 2,000 characters.",
        danke_titel: "Thank you for your message",
        danke: |days| {
            vec![
                "Your message has arrived. Those who keep the information up to date will look at it.".to_owned(),
                format!("We delete it after {days} days at the latest."),
            ]
        },
        barriere_danke: |days| {
            vec![
                "Your report has arrived. The operator of this portal will look at it.".to_owned(),
                format!(
                    "If you gave an e-mail address, you will get an answer there. We delete the report after {days} days at \
                     the latest."
                ),
                "If no answer that helps you comes within six weeks, you can turn to the Ombudsstelle. Its address is given in \
                 the accessibility statement."
                    .to_owned(),
            ]
        },
        danke_hilfreich: "Thank you. We count your answer; nothing else is saved.",
        nicht_gezaehlt: "We could not count your answer just now. Please try again later.",
        zurueck: |name| format!("Back to “{name}”"),
        start: "To the start page",
        hilfreich: "Did this page help you?",
        ja: "Yes",
        nein: "No",
    },
    gebaerdensprache: "Sign language",
    leichte_sprache: "Easy language",
    kurzfassung: [
        "Who runs this portal and how to reach them.",
        "Which data this portal processes: no cookies, nothing from third parties, and how long what you write to us is kept.",
        "How far these pages are accessible, what is missing, and where to report a barrier.",
        "How to search: in your own words, with your place. Who is responsible for what, and who helps you on the telephone.",
        "Which data on public services in North Rhine-Westphalia there are for programs.",
    ],
    impressum_titel: "Imprint",
    impressum,
    datenschutz_titel: "Privacy",
    datenschutz,
    nur_deutsch: "The operator gives this text in German only.",
    barrierefreiheit_titel: "Accessibility statement",
    barrierefreiheit,
    hilfe_titel: "Help: how to find what you need",
    hilfe,
    daten_titel: "Open data",
    daten_anfang: &[
        "Programs can read what you read on these pages: without signing in and without a key. Whoever asks very often is \
         slowed down.",
    ],
    daten: &[
        ("Search, responsibility, services and places as JSON", "/api/v1/openapi.json", "OpenAPI 3.1"),
        ("Short answers for telephone and desk as JSON", "/api/v1/answers?q=hund+anmelden&ars=059110000000", "JSON"),
        ("How well each municipality is covered", "/bericht/alle.csv", "CSV"),
        ("Report on one place, also as a table (in German)", "/bericht", "HTML, CSV"),
        ("How portals mark up their services on their own pages (in German)", "/profil", "HTML"),
        ("Lists of all pages for search engines (sitemap)", "/sitemap.xml", "XML"),
        ("Our search for pages of your own", "/en/einbinden", "HTML"),
        ("Description of these data for data catalogues (DCAT)", "/daten/dcat.jsonld", "JSON-LD"),
    ],
    daten_lizenz_titel: "Whose data they are",
    daten_lizenz: &[
        "The texts come from the portals of the state and the municipalities. Each record names its source.",
        "At present the deliveries name no licence that we read. Therefore we state none. Please ask the source that is named \
         before you use texts elsewhere.",
    ],
    kurz: Kurz {
        titel: "Short answer",
        text: "For telephone and desk: the essentials, to be read out.",
        frage: "What would you like to get done?",
        ort: "Town or postcode",
        zeigen: "Show answer",
        nichts: "We found nothing for this. Please say it in other words.",
        ohne_ort: "Without a place we cannot name an office. Please give the place.",
        ort_unbekannt: "We do not know this place. Please check the spelling.",
        welcher_ort: "There are several places of this name. Which one is it?",
        mehrere: "Several offices come into question",
        keine: "We know of no responsible office for this place. You can go on here:",
        stelle: "Responsible office",
        telefon: "Telephone",
        zeiten: "Opening hours",
        adresse: "Address",
        unterlagen: "What you need",
        kosten: "Costs",
        dauer: "Duration",
        frist: "Deadline",
        online: "Apply online",
        nicht_online: "We know of no online service.",
        unbekannt: "not stated",
        gruende: "Why this result?",
        ganz: "Show everything",
        andere: "Did you mean something else?",
    },
};

const NICHT_ANGEGEBEN: &str =
    "Whoever runs this portal has not yet stated here who they are. This page is therefore incomplete.";
const BEISPIEL: &str = "This is an example. Name, address and telephone number are invented.";

fn thousands(number: usize) -> String {
    words::grouped(number).replace('.', ",")
}

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
        Absatz::titel("Provider"),
        Fakten::anschrift(operator),
        Fakten::kontakt(operator, "Telephone", "E-mail"),
    ]);
    for (titel, text) in [
        ("Represented by", &operator.vertreten_durch),
        ("Responsible for the contents", &operator.verantwortlich),
        ("Supervising authority", &operator.aufsicht),
        ("VAT identification number", &operator.ust_id),
    ] {
        page.extend(text.iter().flat_map(|text| [Absatz::titel(titel), Absatz::text(text)]));
    }
    page.extend([
        Absatz::titel("Where the texts come from"),
        Absatz::text(
            "The descriptions of services come from the portals of the state and the municipalities. Each page names its \
             source and its date. You can report a mistake in a text on the page of the service.",
        ),
    ]);
    page
}

fn datenschutz(fakten: &Fakten) -> Vec<Absatz> {
    let mut page: Vec<Absatz> = vorab(fakten).into_iter().collect();
    page.push(Absatz::titel("The essentials"));
    page.push(Absatz::liste([
        "These pages store no cookies and nothing else on your device.",
        "They load nothing from third parties: no fonts, no maps, no counters.",
        "You need no account, and we do not ask who you are.",
    ]));
    page.push(Absatz::titel("Who is responsible"));
    match fakten.operator {
        Some(operator) => {
            page.push(Fakten::anschrift(operator));
            page.push(Fakten::kontakt(operator, "Telephone", "E-mail"));
            page.push(match &operator.datenschutz_kontakt {
                Some(kontakt) => Absatz::text(format!("Data protection: {kontakt}")),
                None => Absatz::text("How to reach the data protection officer has not been stated yet."),
            });
        }
        None => page.push(Absatz::text(NICHT_ANGEGEBEN)),
    }
    page.push(Absatz::titel("When you open a page"));
    page.extend(Absatz::texte([
        "Your browser sends us your IP address, otherwise we could not answer. We hold it in memory only, so that nobody can \
         block the portal for others by too many requests. It does not stand in our log.",
        "One line is logged for each request: the time, a random number, the kind of page, the portal that answered, whether \
         and how fast the answer came. What you searched for is not in it.",
    ]));
    page.push(Absatz::text(match fakten.operator.and_then(|operator| operator.log_days) {
        Some(days) => format!("The log is deleted after {days} days."),
        None => "How long the log is kept has not been stated by the operator yet.".to_owned(),
    }));
    page.push(Absatz::titel("When you search"));
    page.push(Absatz::text(match fakten.questions {
        Some((min, days)) => format!(
            "We count what is searched for: by the day, without the place and without knowing who searches. The words of a \
             question are kept only once it was asked at least {min} times; until then there is only an encrypted number in \
             memory. The words of questions with longer numbers, e-mail addresses or street addresses are never kept. The \
             counts are deleted after {days} days."
        ),
        None => "What you search for is neither counted nor stored.".to_owned(),
    }));
    page.push(Absatz::text(
        "Question and place stand in the address of the page. They may therefore stand in the history of your browser. We do \
         not pass this address on to other sites.",
    ));
    page.push(Absatz::titel("When you go on"));
    page.extend(Absatz::texte([
        "An online application belongs to the portal that offers it. We tell you beforehand where you are going. The privacy \
         notice of that portal applies there.",
        "Some portals are reached under our address; then we pass the data through. We neither read nor store what you enter \
         there. The portal learns your IP address, as it would if you went there directly, and may set cookies of its own.",
    ]));
    page.push(Absatz::titel("When you write to us"));
    page.push(Absatz::text(format!(
        "From the forms “Give feedback” and “Report a barrier” we store: your text, what it is about, the service, the place \
         and the page, the language of the page, the time, and your e-mail address if you give one. We do not store your IP \
         address. Feedback on a service is read by the editors of the portal that describes it and by the operator; a report \
         of a barrier is read by the operator only. After {} days at the latest all of it is deleted.",
        fakten.keep_days
    )));
    page.push(Absatz::text(
        "When you say whether a page helped you, we count that by day and service, and nothing else.",
    ));
    page.push(Absatz::titel("Editors"));
    page.push(Absatz::text(
        "Whoever signs in under “Anbindung” gets a cookie for as long as they are signed in. What is changed on portals and \
         accounts is recorded with the name of the account and the shortened IP address.",
    ));
    page.push(Absatz::titel("Legal basis and your rights"));
    page.extend(Absatz::texte([
        "We process these data in order to perform a public task (Article 6(1)(e) GDPR).",
        "You can ask for information on your data, for their correction, erasure or restriction, and you can object to the \
         processing (Articles 15 to 18 and 21 GDPR). Because we do not know who you are, we can only find a message with your \
         help: please tell us when you wrote what.",
        "You can lodge a complaint with the supervisory authority:",
    ]));
    page.push(Absatz::Zeilen(LDI.map(str::to_owned).into()));
    page.push(Absatz::weg("To the supervisory authority (ldi.nrw.de)", LDI_WEB));
    page
}

fn barrierefreiheit(fakten: &Fakten) -> Vec<Absatz> {
    let mut page: Vec<Absatz> = vorab(fakten).into_iter().collect();
    page.push(Absatz::text(format!(
        "This statement applies to the pages under {}. It rests on the disability equality act of North Rhine-Westphalia (BGG \
         NRW) and its ordinance on accessible information technology (BITVNRW), which refer to EN 301 549 and so to WCAG 2.1, \
         level AA. It does not apply to the online services of other portals to which we lead.",
        fakten.host
    )));
    page.push(Absatz::titel("How far the requirements are met"));
    page.push(Absatz::text(match fakten.accessibility().map(|found| found.status) {
        Some(Conformity::Voll) => "These pages are fully compliant with the requirements.",
        Some(Conformity::Teilweise) => {
            "These pages are partially compliant with the requirements. What is missing is listed below."
        }
        Some(Conformity::Nicht) => {
            "These pages are not compliant with the requirements. What is missing is listed below."
        }
        None => "The operator has not yet assessed how far these pages meet the requirements.",
    }));
    page.push(Absatz::titel("What is not accessible"));
    let video = fakten.operator.is_none_or(|operator| operator.gebaerdensprache_url.is_none());
    let own = fakten.accessibility().map(|found| found.maengel.as_slice()).unwrap_or_default();
    let known = video.then(|| {
        "There is no video in German Sign Language yet that explains contents, use and accessibility.".to_owned()
    });
    page.push(Absatz::liste(known.into_iter().chain([
        "The descriptions of services come from other portals. They are often in official language, mostly in German only, and \
         not in easy language. The controls of these pages and the help are there in easy language."
            .to_owned(),
        "Forms and files to which a service refers are kept by the portals. We do not know whether they are accessible."
            .to_owned(),
    ])));
    if !own.is_empty() {
        page.push(Absatz::ListeDeutsch(own.to_vec()));
    }
    page.push(Absatz::titel("Easy language and sign language"));
    page.push(Absatz::weg("This page in easy German (Leichte Sprache)", "/leicht/barrierefreiheit"));
    page.push(Absatz::weg("Help in easy German (Leichte Sprache)", "/leicht/hilfe"));
    if let Some(url) = fakten.operator.and_then(|operator| operator.gebaerdensprache_url.as_ref()) {
        page.push(Absatz::weg("Video in German Sign Language", url.as_str()));
    }
    page.push(Absatz::weg("Sign-language telephone of 115 (gebaerdentelefon.de)", GEBAERDENTELEFON));
    page.push(Absatz::titel("When this statement was made"));
    page.push(Absatz::text(match fakten.accessibility() {
        Some(found) => {
            let again = found.ueberprueft.map(|day| format!(" It was last reviewed on {day}.")).unwrap_or_default();
            format!("It was made on {}, on the basis of: {}.{again}", found.erstellt, found.methode)
        }
        None => "The operator has stated neither a date nor an assessment yet.".to_owned(),
    }));
    page.push(Absatz::titel("Report a barrier"));
    page.push(Absatz::text(
        "Have you noticed something, or do you need information in a form that you can use? Please write to us.",
    ));
    page.push(Absatz::weg("Report a barrier", fakten.path("/barriere-melden")));
    if let Some(operator) = fakten.operator {
        page.push(Fakten::kontakt(operator, "Telephone", "E-mail"));
    }
    page.push(Absatz::titel("If you do not get a good answer"));
    page.push(Absatz::text(
        "If you have no answer that helps you after six weeks, you can turn to the Ombudsstelle (section 10d BGG NRW). This \
         costs nothing, and you do not need a lawyer.",
    ));
    page.push(Absatz::Zeilen(OMBUDSSTELLE_ANSCHRIFT.map(str::to_owned).into()));
    let mail = ("E-mail".to_owned(), OMBUDSSTELLE_MAIL.to_owned(), words::mailto(OMBUDSSTELLE_MAIL));
    page.push(Absatz::Kontakte(vec![mail]));
    page.push(Absatz::weg("To the Ombudsstelle (lbbp.nrw.de)", OMBUDSSTELLE));
    page
}

fn hilfe(fakten: &Fakten) -> Vec<Absatz> {
    let mut page = vec![
        Absatz::text(
            "Here you find out which office in North Rhine-Westphalia is responsible for what you want to do, and whether you \
             can do it online.",
        ),
        Absatz::titel("How to search"),
        Absatz::liste([
            "Write in your own words what you want to get done, for example “register dog”. English words work for many things.",
            "Give your town or postcode. For a business: the place where it is.",
            "The best result is at the top, with the responsible office. Others follow below.",
            "The page of a service says what you need, what it costs and how long it takes.",
            "“Apply online” leads you to the application. We tell you beforehand where you are going.",
        ]),
        Absatz::titel("Who is responsible for what"),
        Absatz::text(
            "Your town or municipality does most things. Some are done by your district (Kreis), such as registering cars, \
             others by the state or the federation. Which office it is depends on the place. With each result we show why we \
             name this office.",
        ),
        Absatz::text("If we know of no office, we say so and tell you whom you can ask. We do not guess."),
        Absatz::titel("Help on the telephone"),
        Absatz::Kontakte(vec![(
            "Public authority number".to_owned(),
            "115, Monday to Friday from 8 a.m. to 6 p.m.".to_owned(),
            Some("tel:115".to_owned()),
        )]),
        Absatz::Anker("gebaerdensprache", "Help in sign language".to_owned()),
        Absatz::text("Deaf and hard of hearing people reach 115 in German Sign Language, by video."),
        Absatz::weg("Sign-language telephone of 115 (gebaerdentelefon.de)", GEBAERDENTELEFON),
    ];
    page.push(match fakten.operator.and_then(|operator| operator.gebaerdensprache_url.as_ref()) {
        Some(url) => Absatz::weg("These pages explained in German Sign Language (video)", url.as_str()),
        None => Absatz::text("There is no video yet that explains these pages in sign language."),
    });
    page.extend([
        Absatz::titel("Easy language"),
        Absatz::weg("This help in easy German (Leichte Sprache)", "/leicht/hilfe"),
        Absatz::titel("If something is wrong"),
        Absatz::weg("Give feedback", fakten.path("/rueckmeldung")),
        Absatz::weg("Report a barrier", fakten.path("/barriere-melden")),
    ]);
    page
}

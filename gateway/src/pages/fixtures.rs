//! Answers as a catalog gives them, made by hand, for the tests of pages and interface.

use std::collections::BTreeMap;

use connectors::gebiet::{Ars, Level};
use connectors::registration::Contact;
use indexer::catalog::{
    Answer, Hit, LeistungShort, LeistungView, ModulView, NextStep, OnlinedienstAnswer, OrganisationseinheitView, Place,
    Responsible, SearchAnswer, State, TextRole, Verdict, Whose, Why,
};
use indexer::record::{Anschrift, Htmls, Kommunikation, Lang, Link, Modul, ModulArt};

/// What somebody might deliver or type to break a page.
pub const HOSTILE: &str = "\"><script>alert('x')</script>&amp;<img src=x onerror=y>";

pub fn ars(text: &str) -> Ars {
    text.parse().unwrap()
}

/// Clean HTML, as it comes from the store.
pub fn htmls(lang: Lang, html: &str) -> Htmls {
    BTreeMap::from([(lang, serde_json::from_value(html.into()).unwrap())])
}

pub fn bochum() -> Place {
    Place {
        ars: ars("059110000000"),
        name: "Bochum".into(),
        level: Level::Gemeinde,
        parent: None,
        plz: ["44787", "44789", "44791", "44793"].map(Into::into).to_vec(),
    }
}

pub fn neuenkirchen(parent: &str, key: &str) -> Place {
    Place {
        ars: ars(key),
        name: "Neuenkirchen".into(),
        level: Level::Gemeinde,
        parent: Some(parent.into()),
        plz: vec!["48485".into()],
    }
}

pub fn short(name: &str) -> LeistungShort {
    LeistungShort {
        id: "L900001_000815".into(),
        schluessel: vec!["99012999017001".parse().unwrap()],
        key_names_it: true,
        name: name.into(),
        kurztext: "Wenn Sie einen Hund halten, melden Sie ihn bei Ihrer Stadt an. Sie zahlen dann Hundesteuer.".into(),
        lang: Lang::DE,
        portal: "stadt-bochum".parse().unwrap(),
        portal_name: "Stadt Bochum".into(),
        changed: Some("2026-09-30T22:30:00Z".parse().unwrap()),
    }
}

pub fn office(name: &str) -> Answer {
    let kanal = |kanal: &str, kennung: &str| Kommunikation { kanal: kanal.into(), kennung: kennung.into() };
    Answer {
        organisationseinheit: OrganisationseinheitView {
            id: "L900001_OE7".into(),
            name: name.into(),
            anschriften: vec![Anschrift {
                art: Some("002".into()),
                strasse: Some("Musterplatz 2".into()),
                plz: Some("44777".into()),
                ort: Some("Bochum".into()),
                ..Anschrift::default()
            }],
            kommunikation: vec![
                kanal("01", "steuern@bochum.example"),
                kanal("02", "0234 5550-0"),
                kanal("04", "0234 5550-99"),
            ],
            oeffnungszeiten: htmls(Lang::DE, "<p>Montag bis Freitag 8 bis 12 Uhr</p>"),
            links: vec![link("https://www.bochum.example/steuern", Some("Seite des Steueramts"))],
        },
        role: Some("01".into()),
        level: Level::Gemeinde,
        gebiet: ars("059110000000"),
        portal: "stadt-bochum".parse().unwrap(),
        why: Why {
            office: name.into(),
            leistung: "Hund anmelden".into(),
            schluessel: None,
            role: Some("01".into()),
            area: "Bochum".into(),
            level: Level::Gemeinde,
            place: "Bochum".into(),
            below: Vec::new(),
            source: "Stadt Bochum".into(),
        },
    }
}

pub fn link(url: &str, title: Option<&str>) -> Link {
    Link { url: url.parse().unwrap(), title: title.map(Into::into), lang: None }
}

pub fn dienst(id: &str, level: Level, handover: bool) -> OnlinedienstAnswer {
    OnlinedienstAnswer {
        id: format!("L900001_{id}"),
        name: "Hund online anmelden".into(),
        url: format!("https://service.bochum.example/{id}?a=1&b=2").parse().unwrap(),
        written: format!("https://service.bochum.example/{id}?a=1&b=2"),
        vertrauensniveau: Some("20".into()),
        vertrauensniveau_name: None,
        level,
        gebiet: ars("059110000000"),
        portal: "stadt-bochum".parse().unwrap(),
        portal_name: "Stadt Bochum".into(),
        handover,
        sprachen: vec![Lang::DE, Lang::EN],
        zahlungsweisen: vec!["Lastschrift".into()],
    }
}

pub fn next_step() -> NextStep {
    NextStep {
        name: "Stadt Bochum".into(),
        level: Level::Gemeinde,
        portal: Some("stadt-bochum".parse().unwrap()),
        contact: Some(Contact {
            phone: Some("0234 5550-0".into()),
            email: Some("info@bochum.example".into()),
            url: Some("https://www.bochum.example/".parse().unwrap()),
        }),
        web: None,
    }
}

/// One office and one online service in Bochum.
pub fn found() -> Responsible {
    Responsible {
        state: State::Found,
        leistung: Some(short("Hund anmelden")),
        place: Some(bochum()),
        answers: vec![office("Steueramt der Stadt Bochum")],
        contacts: Vec::new(),
        onlinedienste: vec![dienst("OD1", Level::Gemeinde, true)],
        next: Vec::new(),
    }
}

/// No office anywhere.
pub fn none() -> Responsible {
    Responsible {
        state: State::None,
        answers: Vec::new(),
        onlinedienste: Vec::new(),
        next: vec![next_step()],
        ..found()
    }
}

pub fn modul(art: ModulArt, html: &str) -> ModulView {
    let modul = Modul {
        art,
        heading: BTreeMap::new(),
        text: if html.is_empty() { Htmls::new() } else { htmls(Lang::DE, html) },
        facts: Vec::new(),
        links: Vec::new(),
        channel: None,
    };
    let whose = Whose { portal: "stadt-bochum".parse().unwrap(), name: "Stadt Bochum".into(), changed: None };
    ModulView { modul, role: TextRole::Own, whose }
}

pub fn text(code: &str, html: &str) -> ModulView {
    modul(ModulArt::Text(code.into()), html)
}

/// A whole Leistung, seen from Bochum.
pub fn view() -> LeistungView {
    let mut kosten = modul(ModulArt::Kosten, "<p>Die Anmeldung selbst kostet nichts.</p>");
    kosten.modul.facts = vec!["156 Euro im Jahr für den ersten Hund".into()];
    kosten.role = TextRole::Supplement;
    let mut dauer = modul(ModulArt::Bearbeitungsdauer, "");
    dauer.modul.facts = vec!["2 Wochen".into()];
    let mut english = text("16", "");
    english.modul.text = htmls(Lang::EN, "<p>Dogs from abroad need a vaccination certificate.</p>");
    let mut recht = text("07", "<p>Satzung der Stadt</p>");
    recht.modul.links = vec![
        link("https://recht.example/satzung", Some("Hundesteuersatzung")),
        link("https://recht.example/kag", None),
    ];
    LeistungView {
        id: connectors::ids::Identifikator::new("L1", "1"),
        short: short("Hund anmelden"),
        title: BTreeMap::from([(Lang::DE, "Hund anmelden".into()), (Lang::EN, "Register a dog".into())]),
        bezeichnung: BTreeMap::from([(Lang::DE, "Hundesteuer Festsetzung".into())]),
        modules: vec![
            recht,
            text(
                "05",
                "<p>Wenn Sie einen Hund halten, melden Sie ihn <strong>innerhalb von zwei Wochen</strong> an.</p>",
            ),
            text(
                "06",
                "<h2>Wer zahlt</h2><p>Alle, die einen Hund halten.</p><h3>Ausnahmen</h3><p>Für Assistenzhunde zahlen Sie nichts.</p>",
            ),
            text("08", "<ul><li>Personalausweis oder Reisepass</li><li>Nummer des Chips</li></ul>"),
            text(
                "11",
                "<ol><li>Sie füllen den Antrag aus.</li><li>Sie bekommen den Bescheid und die Steuermarke.</li></ol>",
            ),
            kosten,
            dauer,
            modul(ModulArt::Frist, "<p>Zwei Wochen, nachdem Sie den Hund aufgenommen haben.</p>"),
            english,
            text("99", "<p>Ein Modul, das in keiner Liste steht.</p>"),
        ],
        languages: vec![Lang::DE, Lang::EN],
        is_local: true,
        typisierung: vec!["5".into()],
        vertrauensniveau: Some("20".into()),
        adressat: vec!["001".into()],
        keywords: vec!["Hundesteuer".into()],
        ursprung: vec![link("https://www.bochum.example/hund", None)],
        responsible: Some(found()),
    }
}

pub fn hit(name: &str, responsible: Option<Responsible>) -> Hit {
    Hit { leistung: short(name), score: 17.3, highlight: name.replace("Hund", "<mark>Hund</mark>"), responsible }
}

/// Three hits in Bochum.
pub fn search_answer() -> SearchAnswer {
    SearchAnswer {
        text: "hund anmelden bochum".into(),
        understood: "hund anmelden".into(),
        corrected: None,
        place: Some(bochum()),
        ambiguous: Vec::new(),
        lang: Lang::DE,
        asked_in: None,
        verdict: Verdict::Clear,
        choice: None,
        next: Vec::new(),
        facets: Vec::new(),
        total: 3,
        hits: vec![
            hit("Hund anmelden", Some(found())),
            hit("Hundesteuer: Befreiung beantragen", Some(Responsible { onlinedienste: Vec::new(), ..found() })),
            hit("Hund abmelden", Some(none())),
        ],
        explain: Vec::new(),
    }
}

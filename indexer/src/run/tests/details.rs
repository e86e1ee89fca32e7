//! What the rows of the samples say beyond their verdict.

use connectors::gebiet::Ars;
use connectors::ids::Identifikator;

use super::*;
use crate::catalog::{LeistungRef, Responsible, State};
use crate::fixture::key;
use crate::record::{Lang, Leistung, Modul, ModulArt, Object, Onlinedienst, Organisationseinheit};

/// The samples delivered one after the other as parts of one portal's stock; none where they are not at hand.
async fn delivered(names: &[&str]) -> Option<Verbund> {
    let verbund = Verbund::open(vec![bund()]).await;
    for name in names {
        let report = verbund.part(&bund(), name, &sample(name)?).await;
        assert_eq!(report.outcome, Outcome::Applied, "{name}: {:?}", report.findings);
    }
    Some(verbund)
}

async fn object(verbund: &Verbund, kind: Kind, id: &str) -> Option<Object> {
    let store = verbund.store().await;
    let stored = store.records(kind, &key(id)).await.unwrap();
    stored.into_iter().next().map(|stored| stored.object)
}

async fn leistung(verbund: &Verbund, id: &str) -> Leistung {
    match object(verbund, Kind::Leistung, id).await {
        Some(Object::Leistung(leistung)) => *leistung,
        other => panic!("{id}: {other:?}"),
    }
}

async fn unit(verbund: &Verbund, id: &str) -> Organisationseinheit {
    match object(verbund, Kind::Organisationseinheit, id).await {
        Some(Object::Organisationseinheit(unit)) => *unit,
        other => panic!("{id}: {other:?}"),
    }
}

async fn service(verbund: &Verbund, id: &str) -> Onlinedienst {
    match object(verbund, Kind::Onlinedienst, id).await {
        Some(Object::Onlinedienst(service)) => *service,
        other => panic!("{id}: {other:?}"),
    }
}

fn module(leistung: &Leistung, art: ModulArt) -> &Modul {
    leistung.modules.iter().find(|modul| modul.art == art).unwrap_or_else(|| panic!("{art:?}"))
}

fn text(code: &str) -> ModulArt {
    ModulArt::Text(code.into())
}

async fn ask(verbund: &Verbund, id: &str, ars: &str) -> Responsible {
    let catalog = verbund.catalog().await;
    catalog.responsible(&LeistungRef::Id(id.into()), ars.parse::<Ars>().unwrap()).await.unwrap()
}

fn offices(found: &Responsible) -> Vec<&str> {
    found.answers.iter().map(|answer| answer.organisationseinheit.id.as_str()).collect()
}

fn services(found: &Responsible) -> Vec<&str> {
    found.onlinedienste.iter().map(|service| service.id.as_str()).collect()
}

#[tokio::test]
async fn the_full_leistung_keeps_all_it_says() {
    let Some(verbund) = delivered(&["01-leistung-voll.xml"]).await else { return };
    let found = leistung(&verbund, "L900001_000815").await;
    assert_eq!(found.title[&Lang::DE], "Hund nach Umzug anmelden");
    assert_eq!(found.title[&Lang::EN], "Register your dog after moving");
    assert_eq!(found.bezeichnung[&Lang::DE], "Hundehaltung Anmeldung nach Zuzug");
    let volltext = module(&found, text("06"));
    let html = volltext.text[&Lang::DE].as_str();
    // the link inside the text and the one beside it
    assert!(html.contains("href=\"https://www.example.org/hund?x=1&amp;y=2\""), "{html}");
    assert_eq!(volltext.links[0].url.as_str(), "https://www.example.org/hundesteuer");
    assert_eq!(volltext.links[0].title.as_deref(), Some("Hundesteuer in Musterstadt"));
    // the reference is one of the HTML, so that it becomes the character
    assert!(html.contains("an.&nbsp;Das") && !html.contains("#xa0"), "{html}");
    assert!(html.contains("<sub>2</sub>") && html.contains("<strong>Pflegehunde</strong> &amp; Zweithunde"), "{html}");
    assert!(volltext.text[&Lang::EN].as_str().contains("Whoever keeps a dog"));
    // escaped and in CDATA alike
    assert!(module(&found, text("05")).text[&Lang::DE].as_str().starts_with("<ul><li>"));
    assert!(!found.modules.iter().any(|modul| modul.art == text("25")), "an empty module is none");
    assert_eq!(module(&found, text("07")).heading[&Lang::DE], "Rechtsgrundlage");
    assert_eq!(module(&found, ModulArt::Frist).facts, ["2 Wochen"]);
    assert_eq!(module(&found, ModulArt::Dokumente).facts, ["Anmeldeformular"]);
    assert!(module(&found, ModulArt::Individuell("Tipps".into())).text[&Lang::DE].as_str().contains("Marke"));
    assert_eq!(found.typisierung, ["4b", "5"]);
    assert_eq!(found.keywords[&Lang::DE], ["Hundesteuer", "Hundemarke"]);
    assert_eq!(found.keywords[&Lang::EN], ["dog licence"]);
    assert_eq!(found.kategorien[0][&Lang::DE], "Tiere halten");
    assert_eq!((found.sdg.as_slice(), found.vertrauensniveau.as_deref()), (&["0000000".to_owned()][..], Some("20")));
    assert_eq!(found.gebiete, ["050000000000".parse().unwrap()]);
    let catalog = verbund.catalog().await;
    let view = catalog.leistung(&LeistungRef::parse("99012999017001"), None, Lang::EN).await.unwrap().unwrap();
    assert_eq!(
        (view.short.id.as_str(), view.short.name.as_str()),
        ("L900001_000815", "Register your dog after moving")
    );
    assert!(!view.modules.iter().any(|modul| modul.modul.art == ModulArt::Auskunftshinweis), "for the staff only");
}

#[tokio::test]
async fn another_spelling_says_the_same() {
    let Some(verbund) = delivered(&["02-leistung-default-ns.xml"]).await else { return };
    let found = leistung(&verbund, "S900777_4711").await;
    assert_eq!(found.title[&Lang::DE], "Bescheinigung Erteilung");
    let keys: Vec<String> = found.schluessel.iter().map(ToString::to_string).collect();
    assert_eq!(keys, ["99050048262000", "99050048261000"]);
    let store = verbund.store().await;
    let stored = store.record(&bund().id, Kind::Leistung, &key("S900777_4711")).await.unwrap().unwrap();
    // without a zone it is the time of Berlin, in September two hours ahead
    assert_eq!(stored.changed, Some("2026-08-31T22:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn an_overlay_waits_for_its_leistung_and_shows_where_it_is_valid() {
    let Some(verbund) = delivered(&["03-spezialisierung.xml", "01-leistung-voll.xml"]).await else { return };
    let catalog = verbund.catalog().await;
    for (ars, local) in [("053150000000", 2), ("051170000000", 0)] {
        let place = Some(ars.parse().unwrap());
        let view = catalog.leistung(&LeistungRef::Id("L900001_000815".into()), place, Lang::DE).await.unwrap().unwrap();
        assert_eq!(
            view.modules.iter().filter(|modul| modul.role == crate::catalog::TextRole::Supplement).count(),
            local,
            "{ars}"
        );
    }
}

#[tokio::test]
async fn an_office_keeps_its_addresses_channels_and_pairs() {
    let Some(verbund) = delivered(&["04-organisationseinheit-mit-zustaendigkeit.xml"]).await else { return };
    let found = unit(&verbund, "L900001_OE-22").await;
    let plz: Vec<_> = found.anschriften.iter().map(|one| one.plz.as_deref()).collect();
    assert_eq!(plz, [Some("01067"), Some("01001")]);
    assert_eq!(found.anschriften[0].strasse.as_deref(), Some("Beispielweg 12 a"));
    assert_eq!(found.anschriften[1].postfach.as_deref(), Some("10 20 30"));
    let channels: Vec<_> = found.kommunikation.iter().map(|one| (one.kanal.as_str(), one.kennung.as_str())).collect();
    assert_eq!(channels, [("02", "+49 221 4710123"), ("01", "steueramt@musterstadt.example.org")]);
    assert_eq!(found.ids, [("FITCONNECT-BEISPIEL".to_owned(), "ZWFpbg.c2lnbmVk.YWRkcmVzcw".to_owned())]);
    let pairs: usize = found.zustaendigkeiten.iter().map(|one| one.gebiete.len()).sum();
    assert_eq!((found.zustaendigkeiten.len(), pairs), (2, 3));
    assert_eq!(found.zustaendigkeiten[1].rolle.as_deref(), Some("03"));
}

#[tokio::test]
async fn an_online_service_keeps_both_addresses_and_finds_a_name() {
    let Some(verbund) = delivered(&["05-onlinedienst.xml"]).await else { return };
    let found = service(&verbund, "L900001_OD-9").await;
    let links: Vec<_> = found.links.iter().map(|link| (link.url.as_str(), link.lang)).collect();
    let base = "https://dienste.example.org/hund?mandant=053150000000&lang=";
    assert_eq!(links, [(&*format!("{base}de"), Some(Lang::DE)), (&*format!("{base}en"), Some(Lang::EN))]);
    assert_eq!(found.zustaendigkeiten[0].gebiete, ["050000000000".parse().unwrap()]);
    assert_eq!(service(&verbund, "S900777_77").await.name[&Lang::DE], "Bescheinigung beantragen");
}

/// Offices that the samples name and do not bring.
const MISSING: &str = "<x:t xmlns:x=\"http://xoev.de/schemata/xzufi/2_2_0\"><x:nachrichtenkopf/>\
    <x:schreibe><x:organisationseinheit><x:id schemeAgencyID=\"L900001\">OE-30</x:id><x:name>\
    <x:name languageCode=\"de\">Kreis</x:name></x:name></x:organisationseinheit></x:schreibe>\
    <x:schreibe><x:organisationseinheit><x:id schemeAgencyID=\"L900001\">OE-31</x:id><x:name>\
    <x:name languageCode=\"de\">Verband</x:name></x:name></x:organisationseinheit></x:schreibe>\
    <x:schreibe><x:onlinedienst><x:id schemeAgencyID=\"B900100\">OD-1</x:id><x:bezeichnung languageCode=\"de\">Bund\
    </x:bezeichnung><x:link><x:link>https://dienste.example.org/bund</x:link></x:link></x:onlinedienst></x:schreibe></x:t>";

const ONE_TO_SEVEN: [&str; 7] = [
    "01-leistung-voll.xml",
    "02-leistung-default-ns.xml",
    "03-spezialisierung.xml",
    "04-organisationseinheit-mit-zustaendigkeit.xml",
    "05-onlinedienst.xml",
    "06-zustaendigkeit-transfer.xml",
    "07-formular.xml",
];

#[tokio::test]
async fn the_nearest_level_answers_and_deleting_takes_it_away() {
    let Some(verbund) = delivered(&ONE_TO_SEVEN).await else { return };
    verbund.part(&bund(), "fehlende.xml", MISSING.as_bytes()).await;
    let found = ask(&verbund, "L900001_000815", "057620012012").await;
    assert_eq!(
        (found.state, offices(&found), services(&found)),
        (State::Found, vec!["L900001_OE-22"], vec!["L900001_OD-9"])
    );
    // what is named for the Kreis answers where the Gemeinde is another one
    let found = ask(&verbund, "L900001_000815", "057620004004").await;
    assert_eq!(offices(&found), ["L900001_OE-30"]);
    let found = ask(&verbund, "L900001_000815", "051170000000").await;
    assert_eq!((found.state, offices(&found), services(&found)), (State::None, vec![], vec!["L900001_OD-9"]));
    let found = ask(&verbund, "L900001_000815", "120645410128").await;
    assert_eq!((offices(&found), services(&found)), (vec!["L900001_OE-31"], vec![]));
    for ars in ["057620012012", "051170000000", "120645410128", "090000000000"] {
        assert_eq!(services(&ask(&verbund, "S900777_4711", ars).await), ["B900100_OD-1"], "{ars}");
    }
    let store = verbund.store().await;
    let areas: Vec<Ars> = "057620012012".parse::<Ars>().unwrap().candidates();
    let offers = store.offers_of(&key("L900001_000815"), &areas).await.unwrap();
    assert_eq!(offers.len(), 4, "Gemeinde, Kreis, and twice the Land: {offers:?}");

    let report = verbund.part(&bund(), "08.xml", &sample("08-loeschen.xml").unwrap()).await;
    assert_eq!((report.applied.removed, report.applied.orphans), (6, 1), "{:?}", report.findings);
    for (kind, id) in [
        (Kind::Zustaendigkeit, "L900001_Z-200"),
        (Kind::Onlinedienst, "L900001_OD-9"),
        (Kind::Spezialisierung, "L900001_SP-1"),
        (Kind::Formular, "L900001_F-17"),
        (Kind::Organisationseinheit, "L900001_OE-22"),
        (Kind::Leistung, "L900001_000815"),
    ] {
        assert_eq!(object(&verbund, kind, id).await, None, "{id}");
    }
    assert_eq!(store.offers_of(&key("L900001_000815"), &areas).await.unwrap(), []);
    assert_eq!(ask(&verbund, "L900001_000815", "057620012012").await.state, State::UnknownLeistung);
}

#[tokio::test]
async fn mixed_order_ends_in_the_same_place() {
    let Some(verbund) = delivered(&["09-gemischte-reihenfolge.xml"]).await else { return };
    assert_eq!(leistung(&verbund, "L900001_0040").await.title[&Lang::DE], "Wohnsitz anmelden");
    let found = ask(&verbund, "L900001_0040", "110000000000").await;
    assert_eq!(offices(&found), ["L900001_OE-40"]);
}

#[tokio::test]
async fn other_versions_and_encodings_give_the_same_data() {
    let names = ["11-xzufi-2-1-0.xml", "12-xzufi-2-3-1.xml", "13-code-qualifiziert.xml", "14-utf16.xml"];
    let Some(verbund) = delivered(&names).await else { return };
    assert_eq!(offices(&ask(&verbund, "H900040_11261000", "020000000000").await), ["H900040_900"]);
    let newer = leistung(&verbund, "L900001_000815").await;
    let spans: Vec<_> = newer.modules.iter().filter(|modul| modul.art == ModulArt::Frist).collect();
    assert_eq!(spans.iter().map(|modul| modul.channel.as_deref()).collect::<Vec<_>>(), [Some("100"), Some("200")]);
    assert_eq!(newer.schluessel[0].to_string(), "99012999017001");
    let qualified = leistung(&verbund, "S900777_4712").await;
    assert_eq!(qualified.title[&Lang::DE], "Qualifizierte Codes");
    assert_eq!(qualified.schluessel[0].to_string(), "99050048262000");
    assert_eq!(unit(&verbund, "L900001_OE-50").await.name[&Lang::DE], "Städtisches Bürgerbüro Weißwasser/Běła Woda");
}

#[tokio::test]
async fn an_agency_of_the_portal_stands_in_for_a_missing_one() {
    let verbund = Verbund::open(Vec::new()).await;
    let Some(bytes) = sample("bad/b30-ohne-id.xml") else { return };
    let portal = crate::fixture::portal_with("bund", "000000000000", serde_json::json!({"agency": "L900001"}));
    let report = verbund.part(&portal, "b30.xml", &bytes).await;
    assert_eq!((rules(&report), refused(&report)), (vec![Rule::IdMissing, Rule::AgencyMissing], vec!["-"]));
    assert_eq!(live(&verbund.store().await, &portal.id).await, ["Leistung L900001_2"]);
}

#[tokio::test]
async fn a_reference_into_nothing_is_kept_until_its_target_comes() {
    let verbund = Verbund::open(vec![bund()]).await;
    let Some(bytes) = sample("bad/b31-unbekannte-leistung.xml") else { return };
    let report = verbund.whole(&bund(), b"b31.xml\n", &[("b31.xml", bytes)]).await;
    assert_eq!((report.outcome, rules(&report)), (Outcome::Applied, vec![Rule::ReferenceDangling]));
    let values: Vec<_> = report.findings.iter().filter_map(|finding| finding.value.as_deref()).collect();
    for target in ["L900001_GIBT-ES-NICHT", "L900001_GIBT-ES-AUCH-NICHT", "L900001_OE-22"] {
        assert!(values.iter().any(|value| value.ends_with(target)), "{target}: {values:?}");
    }
    assert_eq!(ask(&verbund, "L900001_1", "053150000000").await.state, State::None);
    assert_eq!(ask(&verbund, "L900001_GIBT-ES-NICHT", "053150000000").await.state, State::UnknownLeistung);

    let late = crate::fixture::leistung("L900001_GIBT-ES-NICHT", "", "Doch da")
        + &crate::fixture::stelle("L900001_OE-22", "Amt", "")
        + &crate::fixture::stelle("L900001_GIBT-ES-AUCH-NICHT", "Zweites Amt", "");
    verbund.deliver(&bund(), &late).await;
    assert_eq!(offices(&ask(&verbund, "L900001_GIBT-ES-NICHT", "053150000000").await), ["L900001_OE-22"]);
    assert_eq!(offices(&ask(&verbund, "L900001_1", "053150000000").await), ["L900001_GIBT-ES-AUCH-NICHT"]);
}

#[tokio::test]
async fn without_an_area_it_holds_nowhere() {
    let Some(verbund) = delivered(&["bad/b32-zustaendigkeit-ohne-leistung.xml"]).await else { return };
    verbund.deliver(&bund(), &crate::fixture::stelle("L900001_OE-22", "Amt", "")).await;
    for ars in ["053150000000", "000000000000"] {
        assert_eq!(ask(&verbund, "L900001_1", ars).await.state, State::None, "{ars}");
    }
}

#[tokio::test]
async fn only_the_valid_key_holds_somewhere() {
    let verbund = Verbund::open(vec![bund()]).await;
    let Some(bytes) = sample("bad/b33-ars-ungueltig.xml") else { return };
    let report = verbund.part(&bund(), "b33.xml", &bytes).await;
    let values: Vec<_> = report.findings.iter().filter_map(|finding| finding.value.as_deref()).collect();
    assert_eq!(values.len(), 12, "{values:?}");
    assert!(
        values.contains(&"０５３１５０００００００") && values.contains(&"053150000000 051170000000"),
        "{values:?}"
    );
    let store = verbund.store().await;
    for number in 0..=12 {
        let id = Identifikator::new("L900001", format!("Z-{number}"));
        let stored = store.record(&bund().id, Kind::Zustaendigkeit, &id).await.unwrap().unwrap();
        let Object::Zustaendigkeit(one) = stored.object else { panic!() };
        let expected: Vec<Ars> = if number == 3 { vec!["05315".parse().unwrap()] } else { Vec::new() };
        assert_eq!(one.what.gebiete, expected, "{id}");
        assert_eq!(one.what.gebiete_unmatched.len(), usize::from(number != 3), "{id}");
    }
}

#[tokio::test]
async fn a_text_without_a_valid_key_stays_readable() {
    let Some(verbund) = delivered(&["bad/b34-leistungsschluessel-ungueltig.xml"]).await else { return };
    for (number, title) in [(1, "13 Stellen"), (2, "Anfang falsch"), (3, "Buchstaben"), (4, "Leer")] {
        let found = leistung(&verbund, &format!("L900001_{number}")).await;
        assert_eq!((found.title[&Lang::DE].as_str(), found.schluessel.len()), (title, 0));
    }
}

#[tokio::test]
async fn other_languages_are_kept_and_not_offered() {
    let Some(verbund) = delivered(&["bad/b36-sprache-nicht-unterstuetzt.xml"]).await else { return };
    assert_eq!(leistung(&verbund, "L900001_2").await.title[&Lang::DE], "Deutsch");
    let french = leistung(&verbund, "L900001_1").await;
    assert!(!french.title.contains_key(&Lang::DE) && !french.title.contains_key(&Lang::EN));
    let catalog = verbund.catalog().await;
    let view = catalog.leistung(&LeistungRef::Id("L900001_1".into()), None, Lang::DE).await.unwrap().unwrap();
    assert!(view.languages.is_empty() && !view.short.name.contains("français"), "{:?}", view.short);
}

#[tokio::test]
async fn nothing_forbidden_stays_in_a_text_and_its_words_do() {
    let Some(verbund) = delivered(&["bad/b37-html-verboten.xml"]).await else { return };
    let words = [
        Some("Text"),
        Some("Klick"),
        Some("Link"),
        Some("Daten"),
        Some("Leerzeichen"),
        None,
        Some("Tabelle"),
        Some("offen"),
        Some("ohne href"),
        None,
        Some("Stil"),
        None,
        Some("x"),
        Some("falsch verschachtelt"),
        None,
    ];
    for (number, word) in words.into_iter().enumerate() {
        let found = leistung(&verbund, &format!("L900001_{number}")).await;
        let html: String =
            found.modules.iter().flat_map(|modul| modul.text.values()).map(|html| html.as_str()).collect();
        let tags: Vec<&str> = html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()).collect();
        for tag in tags {
            let name = tag.trim_start_matches('/').split(' ').next().unwrap();
            assert!(["p", "b", "ul", "a"].contains(&name), "{number}: {html}");
            assert!(!tag.contains(" on") && !tag.contains("style") && !tag.contains("href"), "{number}: {html}");
        }
        assert!(!html.contains("alert(1)</") && !html.contains("<!--"), "{number}: {html}");
        if let Some(word) = word {
            assert!(html.contains(word), "{number}: {html:?}");
        }
    }
}

#[tokio::test]
async fn invisible_characters_go_and_umlauts_are_composed() {
    let Some(verbund) = delivered(&["bad/b39-nicht-string-latin.xml"]).await else { return };
    for (number, title) in
        [(1, "Emoji im Text"), (4, "Rechts-nach-links TXET"), (5, "NullbreiteLeerstelle"), (6, "Zerlegt: B\u{fc}ro")]
    {
        assert_eq!(leistung(&verbund, &format!("L900001_{number}")).await.title[&Lang::DE], title);
    }
}

#[tokio::test]
async fn the_order_of_the_document_decides() {
    let Some(verbund) = delivered(&["bad/b40-doppelte-id.xml"]).await else { return };
    for (id, title) in [
        ("L900001_1", "Zweite Fassung"),
        ("L900001_2", "Nach dem Löschen"),
        ("L900002_1", "Gleiche Nummer, andere Agentur"),
    ] {
        assert_eq!(leistung(&verbund, id).await.title[&Lang::DE], title);
    }
}

#[tokio::test]
async fn unknown_codes_are_kept_as_they_are() {
    let Some(verbund) = delivered(&["bad/b41-unbekannte-codes.xml"]).await else { return };
    for (id, code) in [("L900001_1", "99"), ("L900001_2", "04")] {
        let found = leistung(&verbund, id).await;
        assert_eq!(found.modules.iter().map(|modul| modul.art.clone()).collect::<Vec<_>>(), [text(code)]);
    }
    let codes = leistung(&verbund, "L900001_3").await;
    assert_eq!((codes.typisierung.as_slice(), codes.vertrauensniveau.as_deref()), (&["13".to_owned()][..], Some("50")));
}

#[tokio::test]
async fn dangerous_addresses_are_not_published() {
    let verbund = Verbund::open(vec![bund()]).await;
    let Some(bytes) = sample("bad/b43-url-gefaehrlich.xml") else { return };
    // a portal that registered no host: a number inside somebody's network is nothing to publish
    let closed = crate::fixture::portal_with("bund", "000000000000", serde_json::json!({}));
    let report = verbund.part(&closed, "b43.xml", &bytes).await;
    assert_eq!(service(&verbund, "L900001_OD-1").await.links, []);
    let flagged: Vec<_> = report.findings.iter().filter(|finding| finding.rule == Rule::UrlPlaceholder).collect();
    assert_eq!(
        flagged.iter().filter_map(|finding| finding.value.as_deref()).collect::<Vec<_>>(),
        ["https://example.org/{ars}"]
    );
    let invalid = report.findings.iter().filter(|finding| finding.rule == Rule::UrlInvalid).count();
    assert_eq!(invalid, 7, "{:?}", report.findings);
}

#[tokio::test]
async fn an_office_with_an_english_name_alone_is_kept() {
    let Some(verbund) = delivered(&["bad/b44-oe-ohne-pflicht.xml"]).await else { return };
    let found = unit(&verbund, "L900001_OE-61").await;
    assert_eq!((found.name[&Lang::EN].as_str(), found.zustaendigkeiten.len()), ("English only", 0));
}

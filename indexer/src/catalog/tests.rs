mod facets;
mod leika;
mod listing;
mod report;
mod texts;

use connectors::gebiet::Level;
use connectors::registration::Portal;

use super::*;
use crate::fixture::{
    Verbund, gilt, leistung, leistung_with, modul, onlinedienst, portal, portal_with, stelle, transferiert, zustaendig,
};
use crate::record::Lang;

const HUND: &str = "99012999017001";
const FUEHRERSCHEIN: &str = "99108008001000";
const AUSWEIS: &str = "99084008001000";
const KOELN: &str = "053150000000";
const BOCHUM: &str = "059110000000";
const LAND: &str = "050000000000";
const BUND: &str = "000000000000";

/// A Verbund of Bund, Land and two towns, each a portal of its own.
struct Sample {
    verbund: Verbund,
    land: Portal,
    koeln: Portal,
    bochum: Portal,
}

async fn sample() -> Sample {
    let bund = portal("bund", BUND);
    let land =
        portal_with("land", LAND, serde_json::json!({"hosts": ["land.example"], "contact": {"phone": "0211 1"}}));
    let koeln = portal_with("koeln", KOELN, serde_json::json!({"hosts": ["*.koeln.example"]}));
    let bochum = portal("bochum", BOCHUM);
    let verbund = Verbund::open(vec![bund.clone(), land.clone(), koeln.clone(), bochum.clone()]).await;
    verbund
        .deliver(
            &bund,
            &(leistung_with(
                "B_1",
                FUEHRERSCHEIN,
                &(modul("03", "de", "Führerschein beantragen")
                    + &modul("03", "en", "Apply for a driving licence")
                    + &modul("05", "de", "Wer ein Kraftfahrzeug führt, braucht eine Fahrerlaubnis.")),
            ) + &onlinedienst(
                "B_OD",
                "Dienst des Bundes",
                "https://bund.example/",
                &zustaendig("", "B_1", BUND, ""),
            )),
        )
        .await;
    verbund
        .deliver(
            &land,
            &(leistung("L_1", HUND, "Hund anmelden")
                + &leistung("L_2", "99000000000002", "Hundesteueranmeldung")
                + &leistung("L_3", AUSWEIS, "Personalausweis beantragen")
                + &leistung("L_4", "99000000000004", "Steuer für den Hund: Anmeldung")
                + &stelle("L_OE", "Ministerium", &zustaendig("", "L_1", LAND, "01"))
                + &onlinedienst(
                    "L_OD",
                    "Dienst des Landes",
                    "https://land.example/",
                    &zustaendig("", "B_1", LAND, ""),
                )),
        )
        .await;
    verbund
        .deliver(
            &koeln,
            &(leistung_with("K_1", HUND, &(modul("03", "de", "Hund in Köln anmelden") + &gilt(KOELN)))
                + &stelle("K_OE", "Steueramt Köln", &zustaendig("", "L_1", KOELN, "01"))
                + &stelle("K_INFO", "Infostelle", &zustaendig("", "B_1", KOELN, "03"))
                + &onlinedienst(
                    "K_OD",
                    "Kölner Dienst",
                    "https://amt.koeln.example/",
                    &zustaendig("", "B_1", KOELN, ""),
                )),
        )
        .await;
    verbund
        .deliver(
            &bochum,
            &(stelle("BO_1", "Amt Nord", &zustaendig("", "L_3", BOCHUM, "01"))
                + &stelle("BO_2", "Amt Süd", "")
                + &transferiert("BO_2", &zustaendig("BO_Z", "L_3", BOCHUM, "02"))),
        )
        .await;
    Sample { verbund, land, koeln, bochum }
}

impl Sample {
    async fn who(&self, key: &str, ars: &str) -> Responsible {
        let catalog = self.verbund.catalog().await;
        catalog.responsible(&LeistungRef::parse(key), ars.parse().unwrap()).await.unwrap()
    }

    async fn search(&self, text: &str, place: Option<&str>) -> SearchAnswer {
        self.search_in(text, place, Lang::DE).await
    }

    async fn search_in(&self, text: &str, place: Option<&str>, lang: Lang) -> SearchAnswer {
        let request = SearchRequest {
            text: text.into(),
            place: place.map(|ars| ars.parse().unwrap()),
            lang: Some(lang),
            limit: 10,
            ..SearchRequest::default()
        };
        self.verbund.catalog().await.search(&request).await.unwrap()
    }

    async fn names(&self, text: &str, place: Option<&str>) -> Vec<String> {
        self.search(text, place).await.hits.into_iter().map(|hit| hit.leistung.name).collect()
    }
}

fn offices(found: &Responsible) -> Vec<&str> {
    found.answers.iter().map(|answer| answer.organisationseinheit.name.as_str()).collect()
}

fn services(found: &Responsible) -> Vec<&str> {
    found.onlinedienste.iter().map(|service| service.name.as_str()).collect()
}

#[tokio::test]
async fn the_most_specific_level_answers() {
    let sample = sample().await;
    for (ars, office, level) in [
        (KOELN, "Steueramt Köln", Level::Gemeinde),
        (BOCHUM, "Ministerium", Level::Land),
        (LAND, "Ministerium", Level::Land),
    ] {
        let found = sample.who(HUND, ars).await;
        assert_eq!((found.state, offices(&found)), (State::Found, vec![office]), "{ars}");
        assert_eq!(found.answers[0].level, level, "{ars}");
        assert!(found.answers[0].why.sentences().iter().all(|line| line.ends_with('.')), "{:?}", found.answers[0].why);
        assert!(found.next.is_empty(), "an answer needs no next step");
    }
    let above = &sample.who(HUND, BOCHUM).await.answers[0].why.sentences();
    assert!(above.iter().any(|line| line.contains("Bochum gehört zu")), "{above:?}");
}

#[tokio::test]
async fn a_mere_contact_is_never_the_answer() {
    let found = sample().await.who(FUEHRERSCHEIN, KOELN).await;
    assert_eq!((found.state, offices(&found)), (State::None, vec![]));
    let contacts: Vec<_> = found.contacts.iter().map(|one| one.organisationseinheit.name.as_str()).collect();
    assert_eq!(contacts, ["Infostelle"]);
}

#[tokio::test]
async fn two_bodies_are_a_question_and_none_leads_on() {
    let sample = sample().await;
    let found = sample.who(AUSWEIS, BOCHUM).await;
    assert_eq!((found.state, offices(&found)), (State::Ambiguous, vec!["Amt Nord", "Amt Süd"]));
    let found = sample.who(AUSWEIS, KOELN).await;
    assert_eq!((found.state, offices(&found)), (State::None, vec![]));
    let steps: Vec<_> =
        found.next.iter().map(|step| (step.portal.as_ref().map(PortalId::as_str), step.level)).collect();
    assert_eq!(steps.first(), Some(&(Some("koeln"), Level::Gemeinde)));
    assert!(steps.contains(&(Some("land"), Level::Land)), "{steps:?}");
    let land = found.next.iter().find(|step| step.level == Level::Land).unwrap();
    assert_eq!(land.contact.as_ref().and_then(|contact| contact.phone.as_deref()), Some("0211 1"));
}

#[tokio::test]
async fn what_is_not_known_is_said() {
    let sample = sample().await;
    assert_eq!(sample.who(HUND, "059119999999").await.state, State::UnknownPlace);
    assert_eq!(sample.who("99999999999999", KOELN).await.state, State::UnknownLeistung);
    assert_eq!(sample.who("L_unbekannt", KOELN).await.state, State::UnknownLeistung);
    assert_eq!(sample.who("ohne-trenner", KOELN).await.state, State::UnknownLeistung);
    let catalog = sample.verbund.catalog().await;
    for (text, expected) in [("Köln", Some(KOELN)), (KOELN, Some(KOELN)), ("Atlantis", None), ("059119999999", None)] {
        let found = match catalog.place(text) {
            PlaceReading::One(place) => Some(place.ars.to_string()),
            _ => None,
        };
        assert_eq!(found.as_deref(), expected, "{text}");
    }
}

#[tokio::test]
async fn services_of_all_levels_are_offered_the_most_local_first() {
    let sample = sample().await;
    let found = sample.who(FUEHRERSCHEIN, KOELN).await;
    assert_eq!(services(&found), ["Kölner Dienst", "Dienst des Landes", "Dienst des Bundes"]);
    let found = sample.who(FUEHRERSCHEIN, BOCHUM).await;
    assert_eq!(services(&found), ["Dienst des Landes", "Dienst des Bundes"]);
    // outside the Land the Bund alone
    let found = sample.who(FUEHRERSCHEIN, "091620000000").await;
    assert_eq!(services(&found), ["Dienst des Bundes"]);
}

#[tokio::test]
async fn citizens_are_sent_to_registered_hosts_alone() {
    let sample = sample().await;
    let foreign =
        onlinedienst("K_OD2", "Fremder Dienst", "https://anderswo.example/", &zustaendig("", "L_3", KOELN, ""))
            + &onlinedienst(
                "K_OD3",
                "Nachbar",
                "https://koeln.example.anderswo.example/",
                &zustaendig("", "L_3", KOELN, ""),
            )
            + &onlinedienst("K_OD4", "Eigener", "https://x.koeln.example/", &zustaendig("", "L_3", KOELN, ""));
    let report = sample.verbund.part(&sample.koeln, "od.xml", crate::fixture::transfer(&foreign).as_bytes()).await;
    assert_eq!(crate::fixture::rules(&report), [connectors::finding::Rule::UrlHostForeign]);
    let found = sample.who(AUSWEIS, KOELN).await;
    let mut handover: Vec<_> = found.onlinedienste.iter().map(|one| (one.name.as_str(), one.handover)).collect();
    handover.sort_unstable();
    assert_eq!(handover, [("Eigener", true), ("Fremder Dienst", false), ("Nachbar", false)]);
}

#[tokio::test]
async fn a_portal_speaks_for_its_own_area_alone() {
    let sample = sample().await;
    let foreign = stelle("BO_9", "Anmaßung", &zustaendig("", "L_1", KOELN, "01"));
    let report = sample.verbund.part(&sample.bochum, "x.xml", crate::fixture::transfer(&foreign).as_bytes()).await;
    assert_eq!(crate::fixture::rules(&report), [connectors::finding::Rule::GebietForeign]);
    assert_eq!(offices(&sample.who(HUND, KOELN).await), ["Steueramt Köln"]);
}

#[tokio::test]
async fn the_key_and_the_place_may_be_typed_as_the_question() {
    let sample = sample().await;
    assert_eq!(sample.names(HUND, None).await.len(), 1);
    assert_eq!(sample.names("99 012 999 017 001", None).await, sample.names(HUND, None).await);
    let answer = sample.search("Hund anmelden in Köln", None).await;
    assert_eq!(answer.place.as_ref().map(|place| place.ars.to_string()).as_deref(), Some(KOELN));
    assert!(!answer.understood.contains("Köln"), "{}", answer.understood);
    let best = &answer.hits[0];
    assert_eq!((best.leistung.name.as_str(), best.leistung.portal.as_str()), ("Hund in Köln anmelden", "koeln"));
    assert_eq!(offices(best.responsible.as_ref().unwrap()), ["Steueramt Köln"]);
    assert!(best.highlight.contains("<mark>Hund</mark>"), "{}", best.highlight);
    // a place beside the question wins over one inside
    let answer = sample.search("Hund anmelden Köln", Some(BOCHUM)).await;
    assert_eq!(answer.place.map(|place| place.ars.to_string()).as_deref(), Some(BOCHUM));
    assert!(sample.search("Hund", None).await.hits[0].responsible.is_none(), "no place, no office");
}

#[tokio::test]
async fn one_leistung_is_one_hit_described_by_the_nearest() {
    let sample = sample().await;
    for (place, portal) in [(Some(KOELN), "koeln"), (Some(BOCHUM), "land")] {
        let answer = sample.search("Hund anmelden", place).await;
        let hits: Vec<_> =
            answer.hits.iter().filter(|hit| hit.leistung.schluessel == [HUND.parse().unwrap()]).collect();
        assert_eq!(hits.len(), 1, "{place:?}");
        assert_eq!(hits[0].leistung.portal.as_str(), portal, "{place:?}");
        let catalog = sample.verbund.catalog().await;
        let ars = place.map(|ars| ars.parse().unwrap());
        let view = catalog.leistung(&LeistungRef::parse(HUND), ars, Lang::DE).await.unwrap().unwrap();
        assert_eq!(view.short.portal.as_str(), portal, "{place:?}");
    }
    assert!(sample.names("", None).await.len() >= 5, "no words: everything");
    assert_eq!(sample.search("Hund", None).await.total, sample.names("Hund", None).await.len());
}

#[tokio::test]
async fn an_overlay_shows_where_it_is_valid_and_behind_its_kind() {
    let sample = sample().await;
    let overlay = format!(
        "<x:schreibe><x:spezialisierung><x:id schemeAgencyID=\"K\">SP</x:id><x:leistungID schemeAgencyID=\"B\">1\
         </x:leistungID>{}{}</x:spezialisierung></x:schreibe>",
        gilt(KOELN),
        modul("05", "de", "In Köln mit Termin.")
    );
    sample.verbund.deliver(&sample.koeln, &overlay).await;
    let catalog = sample.verbund.catalog().await;
    for (place, local) in [(Some(KOELN), true), (Some(BOCHUM), false), (None, false)] {
        let place = place.map(|ars| ars.parse().unwrap());
        let view = catalog.leistung(&LeistungRef::Id("B_1".into()), place, Lang::DE).await.unwrap().unwrap();
        let kinds: Vec<bool> = view.modules.iter().map(|modul| modul.role == TextRole::Supplement).collect();
        assert_eq!(kinds, if local { vec![false, true] } else { vec![false] }, "{place:?}");
    }
}

#[tokio::test]
async fn compounds_and_their_parts_find_each_other() {
    let sample = sample().await;
    let steuer = sample.names("Steuer", None).await;
    assert!(steuer.contains(&"Hundesteueranmeldung".to_owned()), "{steuer:?}");
    let compound = sample.names("Hundesteueranmeldung", None).await;
    assert_eq!(compound[0], "Hundesteueranmeldung");
    assert!(compound.contains(&"Steuer für den Hund: Anmeldung".to_owned()), "{compound:?}");
}

#[tokio::test]
async fn mistyped_words_and_other_languages_are_found() {
    let sample = sample().await;
    for text in ["Personalausweiss", "Personalauswies", "personalausweis", "PERSONALAUSWEIS", "Fürerschein"] {
        let found = sample.names(text, None).await;
        let expected = if text.starts_with('F') { "Führerschein beantragen" } else { "Personalausweis beantragen" };
        assert_eq!(found.first().map(String::as_str), Some(expected), "{text}: {found:?}");
    }
    let answer = sample.search_in("driving licence", None, Lang::EN).await;
    assert_eq!(answer.hits[0].leistung.name, "Apply for a driving licence");
    assert_eq!((answer.lang, answer.hits[0].leistung.lang), (Lang::EN, Lang::EN));
    // what is there in German alone is shown in German
    let german = sample.search_in("Hund", None, Lang::EN).await;
    assert!(german.hits.iter().all(|hit| hit.leistung.lang == Lang::DE) && !german.hits.is_empty());
    assert!(sample.names("Quantenchromodynamik", None).await.is_empty());
    let markup = sample.names("<script>\"&", None).await;
    assert!(markup.is_empty(), "{markup:?}");
}

#[tokio::test]
async fn suggestions_begin_like_what_is_typed() {
    let sample = sample().await;
    let catalog = sample.verbund.catalog().await;
    let found = catalog.suggest("Führ", None, 5).await.unwrap();
    assert_eq!(found.first().map(|one| one.leistung.name.as_str()), Some("Führerschein beantragen"));
    assert!(catalog.suggest("", None, 5).await.unwrap().is_empty());
    for (typed, expected) in [
        // unfinished, mistyped and unfinished, an everyday word, one of two words
        ("personalau", "Personalausweis beantragen"),
        ("personlaau", "Personalausweis beantragen"),
        ("führersch", "Führerschein beantragen"),
        ("füherrsch", "Führerschein beantragen"),
        ("pers", "Personalausweis beantragen"),
        ("lapp", "Führerschein beantragen"),
        ("hund anm", "Hund anmelden"),
    ] {
        let found = catalog.suggest(typed, None, 5).await.unwrap();
        assert_eq!(found.first().map(|one| one.leistung.name.as_str()), Some(expected), "{typed}");
    }
    let there = catalog.suggest("hund anm köln", None, 5).await.unwrap();
    assert_eq!(there[0].leistung.name, "Hund in Köln anmelden");
    assert_eq!(there[0].place.as_ref().map(|place| place.name.as_str()), Some("Köln"));
}

#[tokio::test]
async fn a_rebuild_answers_the_same() {
    let sample = sample().await;
    // grown in several steps, with a deletion in between
    sample.verbund.deliver(&sample.land, &leistung("L_5", "", "Hundehütte anmelden")).await;
    sample.verbund.deliver(&sample.land, &crate::fixture::loesche("Leistung", "L_4")).await;
    let questions = ["Hund anmelden", "Hund", "anmelden", "Steuer", "", "beantragen"];
    let mut before = Vec::new();
    for question in questions {
        for place in [None, Some(KOELN)] {
            before.push(sample.names(question, place).await);
        }
    }
    let Verbund { folder, indexer } = sample.verbund;
    indexer.close().await;
    drop(indexer);
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    crate::run::rebuild(&url, &folder.path().join("index")).await.unwrap();
    let catalog = crate::run::open_catalog(&url, &folder.path().join("index"), Vec::new()).await.unwrap();
    let mut after = Vec::new();
    for question in questions {
        for place in [None, Some(KOELN)] {
            let request = SearchRequest {
                text: question.into(),
                place: place.map(|ars: &str| ars.parse().unwrap()),
                limit: 10,
                ..SearchRequest::default()
            };
            let hits = catalog.search(&request).await.unwrap().hits;
            after.push(hits.into_iter().map(|hit| hit.leistung.name).collect::<Vec<_>>());
        }
    }
    assert_eq!(before, after);
    assert!(before.iter().flatten().all(|name| name != "Steuer für den Hund: Anmeldung"), "deleted");
}

#[tokio::test]
async fn what_a_killed_commit_left_does_not_stop_the_index() {
    let sample = sample().await;
    sample.verbund.catalog().await;
    let index = sample.verbund.folder.path().join("index");
    let generation = index.join(std::fs::read_to_string(index.join("current")).unwrap());
    let mut planted = 0;
    for entry in std::fs::read_dir(&generation).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(segment) = name.strip_suffix(".store") {
            for stamp in 0..100 {
                planted += usize::from(std::fs::write(generation.join(format!("{segment}.{stamp}.del")), "").is_ok());
            }
        }
    }
    assert!(planted >= 100, "{planted}");
    sample.verbund.deliver(&sample.land, &leistung("L_3", AUSWEIS, "Ausweis bestellen")).await;
    assert_eq!(sample.names("Ausweis bestellen", None).await.first().map(String::as_str), Some("Ausweis bestellen"));
    assert!(!sample.names("", None).await.contains(&"Personalausweis beantragen".to_owned()));
}

#[tokio::test]
async fn a_catalog_whose_index_is_gone_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite://{}", folder.path().join("p.db").display());
    let index = folder.path().join("index");
    crate::run::rebuild(&store, &index).await.unwrap();
    let catalog = crate::run::open_catalog(&store, &index, Vec::new()).await.unwrap();
    assert!(catalog.check().is_ok());
    std::fs::remove_dir_all(&index).unwrap();
    assert!(catalog.check().is_err());
}

#[tokio::test]
async fn everyday_words_mistakes_compounds_and_places_work_together() {
    let sample = sample().await;
    for (text, expected, among) in [
        ("perso", "Personalausweis beantragen", 1),
        ("neuen persso köln", "Personalausweis beantragen", 1),
        ("hnud anmleden köln", "Hund in Köln anmelden", 1),
        // the noun stands in another name of this stock
        ("hundeanmeldung", "Hund anmelden", 3),
        ("hund angemeldet", "Hund anmelden", 1),
        ("hundesteueranmeldungen", "Hundesteueranmeldung", 1),
        ("fuehrerschein", "Führerschein beantragen", 1),
        ("lappen machen", "Führerschein beantragen", 1),
        // an everyday word in the plural, mistyped, of a compound, with a place
        ("Persos", "Personalausweis beantragen", 1),
        ("persso beantragen köln", "Personalausweis beantragen", 1),
        // typed apart, and one mistake in a long word
        ("personal ausweis", "Personalausweis beantragen", 1),
        ("personalaus weis", "Personalausweis beantragen", 1),
        ("hundesteueranmelduung", "Hundesteueranmeldung", 1),
    ] {
        let answer = sample.search(text, None).await;
        let names: Vec<_> = answer.hits.iter().map(|hit| hit.leistung.name.as_str()).collect();
        assert!(names.iter().take(among).any(|name| *name == expected), "{text}: {names:?}");
    }
}

#[tokio::test]
async fn other_languages_lead_to_german_names() {
    let sample = sample().await;
    for (text, lang, expected) in [
        ("register my dog", "en", "Hund anmelden"),
        ("köpek kaydı", "tr", "Hund anmelden"),
        ("permis de conduire", "fr", "Führerschein beantragen"),
        ("водительские права получить", "ru", "Führerschein beantragen"),
        ("رخصة قيادة", "ar", "Führerschein beantragen"),
    ] {
        let answer = sample.search(text, None).await;
        let names: Vec<_> = answer.hits.iter().map(|hit| hit.leistung.name.as_str()).collect();
        assert_eq!(answer.asked_in, Lang::parse(lang), "{text}");
        assert!(names.iter().take(2).any(|name| *name == expected), "{text}: {names:?}");
    }
    assert_eq!(sample.search("hund anmelden", None).await.asked_in, None);
}

#[tokio::test]
async fn an_answer_says_how_sure_it_is() {
    let sample = sample().await;
    assert_eq!(sample.search("Hund anmelden", None).await.verdict, Verdict::Clear);
    let nothing = sample.search("Quantenchromodynamik Köln", None).await;
    assert_eq!((nothing.verdict, nothing.total), (Verdict::Nothing, 0));
    assert_eq!(nothing.next.first().map(|step| step.level), Some(Level::Gemeinde), "the town helps");
    assert!(!sample.search("Hund anmelden", Some(KOELN)).await.hits.is_empty());
}

#[tokio::test]
async fn what_is_online_can_be_asked_for_alone_and_is_counted_truly() {
    let sample = sample().await;
    let catalog = sample.verbund.catalog().await;
    let ask = |online| SearchRequest { place: KOELN.parse().ok(), limit: 100, online, ..SearchRequest::default() };
    let all = catalog.search(&ask(None)).await.unwrap();
    for (value, online) in [("true", true), ("false", false)] {
        let counted: usize = all.facets.iter().filter(|facet| facet.value == value).map(|facet| facet.count).sum();
        let narrowed = catalog.search(&ask(Some(online))).await.unwrap();
        assert_eq!((narrowed.total, narrowed.hits.len()), (counted, counted), "{value}");
        let offered = narrowed.hits.iter().map(|hit| !hit.responsible.as_ref().unwrap().onlinedienste.is_empty());
        assert!(offered.into_iter().all(|offered| offered == online), "{value}");
    }
    let online = all.facets.iter().filter(|facet| facet.name == "online");
    assert_eq!(all.total, online.map(|facet| facet.count).sum::<usize>());
}

#[tokio::test]
async fn a_town_without_a_text_is_found_by_the_words_of_the_others() {
    let sample = sample().await;
    let rich = crate::fixture::leistung_with(
        "L_7",
        "99000000000077",
        &(modul("03", "de", "Sperrgut") + &modul("06", "de", "Federkerne und Schränke werden abgeholt.")),
    );
    sample.verbund.deliver(&sample.land, &rich).await;
    let bare = leistung_with("K_7", "99000000000077", &(modul("03", "de", "Abfuhr in Köln") + &gilt(KOELN)));
    sample.verbund.deliver(&sample.koeln, &bare).await;
    assert_eq!(sample.names("Federkerne", Some(KOELN)).await[0], "Abfuhr in Köln");
    assert_eq!(sample.names("Federkerne", Some(BOCHUM)).await[0], "Sperrgut");
    // What a description said is forgotten with it.
    sample.verbund.deliver(&sample.land, &crate::fixture::loesche("Leistung", "L_7")).await;
    assert!(!sample.names("Federkerne", Some(KOELN)).await.contains(&"Abfuhr in Köln".to_owned()));
    assert_eq!(sample.names("Abfuhr", Some(KOELN)).await, ["Abfuhr in Köln"]);
}

#[test]
fn the_built_in_words_and_weights_can_be_read() {
    let (words, faults) = Words::read(config::WORDS.iter().copied());
    assert_eq!(faults, []);
    let (said, names) = words.counts();
    assert!(said > 20_000 && names > 5_000, "{said} {names}");
    Ranking::built_in();
    let half = config::RANKING.replace("title_exact = ", "title_wrong = ");
    assert!(Ranking::read(&half).unwrap_err().to_string().contains("title_exact"));
}

#[test]
fn a_line_that_cannot_be_used_is_named_and_costs_only_itself() {
    let (words, faults) =
        Words::read([("de-x", "# Kommentar\nperso\tPersonalausweis\teigen\nperso\tohne Quelle\nx\t\teigen\n")]);
    assert_eq!(words.counts(), (1, 1));
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("de-x:3: ") && told[1].starts_with("de-x:4: it means nothing"), "{told:?}");
}

#[tokio::test]
async fn nobody_who_asks_makes_what_a_newer_state_needs() {
    let bund = portal("bund", BUND);
    let verbund = Verbund::open(vec![bund.clone()]).await;
    let described = |id: &str, title: &str| leistung_with(id, "99012999017001", &modul("03", "de", title));
    verbund.deliver(&bund, &described("L_1", "Apfelbaum beantragen")).await;
    let catalog = verbund.catalog().await;
    let found = async |text: &str| {
        let request = SearchRequest { text: text.into(), limit: 1, ..SearchRequest::default() };
        catalog.search(&request).await.unwrap().total
    };
    assert_eq!(found("Apfelbaum").await, 1);
    let renewing = catalog.renewing();
    catalog.set_language(None, Ranking::built_in());
    let before = catalog.understanding();
    verbund.deliver(&bund, &described("L_1", "Birnbaum beantragen")).await;
    let follow = verbund.indexer.follow();
    follow.await.unwrap();
    assert!(!Arc::ptr_eq(&before, &catalog.understanding()), "who follows the store makes it");
    assert_eq!((found("Apfelbaum").await, found("Birnbaum").await), (0, 1));
    // Somebody changes the words, and until that is done the questions go on as before.
    let before = catalog.understanding();
    catalog.words.store(Some(Arc::new(Words::read([]).0)));
    assert!(Arc::ptr_eq(&before, &catalog.understanding()));
    renewing.done();
    assert!(!Arc::ptr_eq(&before, &catalog.understanding()));
}

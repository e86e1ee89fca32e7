use std::collections::BTreeMap;

use super::*;
use crate::fixture::bund;

/// One Leistung of the stock: where it is valid, whether an Onlinedienst offers it there, whom it is for, its keys.
struct Known {
    id: &'static str,
    gebiet: &'static str,
    online: bool,
    adressat: &'static [&'static str],
    keys: &'static [&'static str],
    /// By the tables, from its keys.
    lebenslagen: &'static [&'static str],
}

const STOCK: [Known; 7] = [
    known("A_1", BUND, true, &["001"], &["99001009004000"], &["wohnen-umzug"]),
    known("A_2", BUND, false, &["001"], &["99001001002000"], &["wohnen-umzug"]),
    known("A_3", KOELN, true, &["002"], &["99001003000000"], &["wohnen-umzug"]),
    known("A_4", KOELN, false, &["001", "002"], &["99023002000000"], &["fuehrerschein"]),
    // Two keys, two Lebenslagen; the second stands twice.
    known("A_5", BUND, true, &[], &["99114021000000", "99001001000000", "99001002000000"], &["tod", "wohnen-umzug"]),
    // In no table, and without a key.
    known("A_6", BUND, true, &["003"], &["99999999999998"], &[]),
    known("A_7", BOCHUM, true, &["001"], &[], &[]),
];

const fn known(
    id: &'static str,
    gebiet: &'static str,
    online: bool,
    adressat: &'static [&'static str],
    keys: &'static [&'static str],
    lebenslagen: &'static [&'static str],
) -> Known {
    Known { id, gebiet, online, adressat, keys, lebenslagen }
}

async fn stock() -> Verbund {
    let verbund = Verbund::open(vec![bund()]).await;
    let mut objects = String::new();
    for (at, one) in STOCK.iter().enumerate() {
        let code = |element: &str, code: &&str| format!("<x:{element}><code>{code}</code></x:{element}>");
        let (first, others) = one.keys.split_first().unwrap_or((&"", &[]));
        let others: String = others.iter().map(|key| code("referenzLeiKa", key)).collect();
        let adressat: String = one.adressat.iter().map(|adressat| code("leistungsadressat", adressat)).collect();
        let title = modul("03", "de", &format!("Bescheinigung {at} beantragen"));
        objects += &leistung_with(one.id, first, &(others + &title + &adressat + &gilt(one.gebiet)));
        if one.online {
            let url = format!("https://dienst.example/{at}");
            objects += &onlinedienst(&format!("OD_{at}"), "Dienst", &url, &zustaendig("", one.id, one.gebiet, ""));
        }
    }
    verbund.deliver(&bund(), &objects).await;
    verbund
}

/// What one request asks for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    text: &'static str,
    place: Option<&'static str>,
    online: Option<bool>,
    adressat: Option<&'static str>,
    lebenslage: Option<&'static str>,
}

impl Asked {
    fn request(self) -> SearchRequest {
        SearchRequest {
            text: self.text.into(),
            place: self.place.map(|ars| ars.parse().unwrap()),
            limit: 100,
            online: self.online,
            adressat: self.adressat.map(str::to_owned),
            lebenslage: self.lebenslage.map(str::to_owned),
            ..SearchRequest::default()
        }
    }

    /// By hand: which of the stock fit.
    fn fitting(self) -> Vec<&'static Known> {
        let here = |one: &&Known| {
            self.place.is_none_or(|place| one.gebiet.parse::<Ars>().unwrap().covers(&place.parse::<Ars>().unwrap()))
                && self.online.is_none_or(|online| one.online == online)
                && self.adressat.is_none_or(|adressat| one.adressat.contains(&adressat))
                && self.lebenslage.is_none_or(|lebenslage| one.lebenslagen.contains(&lebenslage))
        };
        STOCK.iter().filter(here).collect()
    }

    /// By hand: every value of every facet with its count.
    fn counted(self) -> BTreeMap<(&'static str, String), usize> {
        let mut counts = BTreeMap::new();
        let mut count = |name, value: &str| *counts.entry((name, value.to_owned())).or_insert(0) += 1;
        Self { online: None, ..self }.fitting().iter().for_each(|one| count("online", &one.online.to_string()));
        let audiences = Self { adressat: None, ..self }.fitting();
        audiences.iter().flat_map(|one| one.adressat).for_each(|adressat| count("adressat", adressat));
        let situations = Self { lebenslage: None, ..self }.fitting();
        situations.iter().flat_map(|one| one.lebenslagen).for_each(|code| count("lebenslage", code));
        counts
    }
}

#[tokio::test]
async fn every_count_is_what_counting_by_hand_gives() {
    let verbund = stock().await;
    let catalog = verbund.catalog().await;
    let mut asked = 0;
    for text in ["", "Bescheinigung beantragen"] {
        for place in [None, Some(KOELN), Some(BOCHUM)] {
            for online in [None, Some(true), Some(false)] {
                for adressat in [None, Some("001"), Some("002")] {
                    for lebenslage in [None, Some("wohnen-umzug"), Some("tod"), Some("geburt")] {
                        let ask = Asked { text, place, online, adressat, lebenslage };
                        let answer = catalog.search(&ask.request()).await.unwrap();
                        let mut ids: Vec<_> = answer.hits.iter().map(|hit| hit.leistung.id.as_str()).collect();
                        ids.sort_unstable();
                        assert_eq!(ids, ask.fitting().iter().map(|one| one.id).collect::<Vec<_>>(), "{ask:?}");
                        assert_eq!(answer.total, ids.len(), "{ask:?}");
                        let facets = answer.facets.iter().map(|one| ((one.name, one.value.clone()), one.count));
                        assert_eq!(facets.collect::<BTreeMap<_, _>>(), ask.counted(), "{ask:?}");
                        asked += 1;
                    }
                }
            }
        }
    }
    assert_eq!(asked, 216);
}

#[tokio::test]
async fn a_value_has_a_name_where_one_is_known() {
    let catalog = stock().await.catalog().await;
    let ask = Asked { text: "", place: None, online: None, adressat: None, lebenslage: None };
    let answer = catalog.search(&ask.request()).await.unwrap();
    let labels: Vec<_> =
        answer.facets.iter().map(|one| (one.name, one.value.as_str(), one.label.as_str(), one.count)).collect();
    assert_eq!(
        labels,
        [
            ("online", "true", "Online möglich", 5),
            ("online", "false", "Nicht online möglich", 2),
            ("adressat", "001", "Bürgerinnen und Bürger", 4),
            ("adressat", "002", "Unternehmen", 2),
            ("adressat", "003", "003", 1),
            ("lebenslage", "fuehrerschein", "Führerschein", 1),
            ("lebenslage", "tod", "Tod", 1),
            ("lebenslage", "wohnen-umzug", "Wohnen & Umzug", 4),
        ]
    );
}

#[tokio::test]
async fn a_key_that_is_asked_for_is_narrowed_down_as_well() {
    let catalog = stock().await.catalog().await;
    let key = "99001009004000";
    for (online, lebenslage, total) in
        [(None, None, 1), (Some(true), Some("wohnen-umzug"), 1), (Some(false), None, 0), (None, Some("tod"), 0)]
    {
        let ask = Asked { text: key, place: None, online, adressat: None, lebenslage };
        let answer = catalog.search(&ask.request()).await.unwrap();
        assert_eq!((answer.total, answer.hits.len()), (total, total), "{ask:?}");
        assert_eq!(answer.verdict == Verdict::Clear, total == 1, "{ask:?}");
    }
    let second = Asked { text: "99001001000000", place: None, online: None, adressat: None, lebenslage: Some("tod") };
    assert_eq!(catalog.search(&second.request()).await.unwrap().total, 1, "a key in second place");
}

#[tokio::test]
async fn a_verdict_does_not_outlive_what_it_was_about() {
    let catalog = stock().await.catalog().await;
    let clear = Asked { text: "Bescheinigung 3", place: None, online: None, adressat: None, lebenslage: None };
    let all = catalog.search(&clear.request()).await.unwrap();
    assert_eq!(all.hits[0].leistung.id, "A_4");
    let left = catalog.search(&Asked { online: Some(true), ..clear }.request()).await.unwrap();
    assert!(left.hits.iter().all(|hit| hit.leistung.id != "A_4"), "the best is not online");
    assert!(matches!(left.verdict, Verdict::Open | Verdict::Nothing), "{:?}", left.verdict);
    assert!(left.choice.is_none());
}

use super::*;
use crate::fixture::bund;

/// In the LeiKa "Sperrmüll Entsorgung", in the OZG "Abfallentsorgung".
const SPERRMUELL: &str = "99001009004000";
/// "Witwenrente für gesetzlich Rentenversicherte", "Witwenrente".
const WITWE: &str = "99114021000000";
/// In neither.
const UNKNOWN: &str = "99999999999998";

async fn found(verbund: &Verbund, text: &str) -> Vec<String> {
    let request = SearchRequest { text: text.into(), limit: 10, ..SearchRequest::default() };
    let answer = verbund.catalog().await.search(&request).await.unwrap();
    answer.hits.into_iter().map(|hit| hit.leistung.id).collect()
}

/// One Leistung with this title under these keys, and another that is about something else.
async fn called(keys: &[&str], title: &str) -> Verbund {
    let verbund = Verbund::open(vec![bund()]).await;
    let more = |key: &&str| format!("<x:referenzLeiKa><code>{key}</code></x:referenzLeiKa>");
    let (first, others) = keys.split_first().unwrap_or((&"", &[]));
    let others = others.iter().map(more).collect::<String>();
    let own = leistung_with("A_1", first, &(others + &modul("03", "de", title)));
    verbund.deliver(&bund(), &(own + &leistung("A_2", "", "Fischereischein beantragen"))).await;
    verbund
}

#[tokio::test]
async fn a_leistung_is_found_by_the_names_that_the_catalogues_give_its_key() {
    let title = "Große Möbel abholen lassen";
    let known = called(&[SPERRMUELL], title).await;
    for text in ["Sperrmüll Entsorgung", "Abfallentsorgung", "Sperrmülll Entsorgung", "Abfalentsorgung", "sperrmuell"]
    {
        assert_eq!(found(&known, text).await, ["A_1"], "{text}");
    }
    assert_eq!(found(&known, title).await, ["A_1"], "its own name goes on");
    for keys in [&[UNKNOWN][..], &[]] {
        let unknown = called(keys, title).await;
        assert!(found(&unknown, "Abfallentsorgung").await.is_empty(), "{keys:?} give it no name");
        assert_eq!(found(&unknown, title).await, ["A_1"]);
    }
}

#[tokio::test]
async fn every_key_of_a_leistung_gives_it_names() {
    let both = called(&[UNKNOWN, WITWE], "Hilfe nach einem Todesfall").await;
    assert_eq!(found(&both, "Witwenrente").await, ["A_1"]);
}

#[tokio::test]
async fn what_a_portal_calls_its_leistung_goes_before_what_the_catalogues_call_another() {
    let verbund = Verbund::open(vec![bund()]).await;
    let objects = leistung("A_1", SPERRMUELL, "Große Möbel abholen lassen")
        + &leistung("A_2", UNKNOWN, "Sperrmüll")
        + &leistung_with(
            "A_3",
            "",
            &(modul("03", "de", "Wertstoffhof")
                + "<x:modulBegriffImKontext><x:begriffImKontext><x:begriff languageCode=\"de\">Sperrmüll</x:begriff>\
                   </x:begriffImKontext></x:modulBegriffImKontext>"),
        );
    verbund.deliver(&bund(), &objects).await;
    assert_eq!(found(&verbund, "Sperrmüll").await, ["A_2", "A_3", "A_1"]);
}

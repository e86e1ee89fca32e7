//! Master texts under those of the municipalities.

use super::*;
use crate::record::ModulArt;

/// What stands in the text as seen from a place: code, role, whose, text.
async fn told(catalog: &Catalog, place: Option<&str>) -> Vec<String> {
    let place = place.map(|ars| ars.parse().unwrap());
    let view = catalog.leistung(&LeistungRef::parse(HUND), place, Lang::DE).await.unwrap().unwrap();
    let line = |one: &ModulView| {
        let ModulArt::Text(code) = &one.modul.art else { panic!("{one:?}") };
        let text = one.modul.text.get(&Lang::DE).map_or("", |html| html.as_str());
        format!("{code} {} {}: {text}", one.role.as_str(), one.whose.portal)
    };
    view.modules.iter().map(line).collect()
}

async fn verbund(texts: serde_json::Value) -> Verbund {
    let bund = portal("bund", BUND);
    let land = portal("land", LAND);
    let koeln = portal_with("koeln", KOELN, serde_json::json!({"texts": texts}));
    let bochum = portal("bochum", BOCHUM);
    let verbund = Verbund::open(vec![bund.clone(), land.clone(), koeln.clone(), bochum.clone()]).await;
    let text = |id: &str, modules: &[(&str, &str)]| {
        let modules = modules.iter().map(|(code, text)| modul(code, "de", text)).collect::<String>();
        leistung_with(id, HUND, &(modul("03", "de", "Hund") + &modules))
    };
    verbund.deliver(&bund, &text("B_1", &[("05", "Bund kurz"), ("08", "Bund Papiere"), ("07", "Bund Recht")])).await;
    verbund.deliver(&land, &text("L_1", &[("05", "Land kurz"), ("08", "Land Papiere"), ("06", "Land lang")])).await;
    verbund.deliver(&koeln, &text("K_1", &[("05", "Köln kurz"), ("08", "Köln Papiere")])).await;
    verbund
}

#[tokio::test]
async fn what_a_town_does_not_say_is_said_by_land_and_bund() {
    let verbund = verbund(serde_json::json!({})).await;
    let catalog = verbund.catalog().await;
    let expected = [
        "05 own koeln: Köln kurz",
        "08 own koeln: Köln Papiere",
        "06 master land: Land lang",
        "07 master bund: Bund Recht",
    ];
    assert_eq!(told(&catalog, Some(KOELN)).await, expected);
    // Bochum has no text: the Land speaks, and the Bund where the Land says nothing.
    let land =
        ["05 own land: Land kurz", "06 own land: Land lang", "07 master bund: Bund Recht", "08 own land: Land Papiere"];
    let mut seen = told(&catalog, Some(BOCHUM)).await;
    seen.sort();
    assert_eq!(seen, land);
}

#[tokio::test]
async fn a_text_of_one_town_says_that_it_is() {
    let verbund = verbund(serde_json::json!({})).await;
    let koeln = portal("koeln", KOELN);
    verbund.deliver(&koeln, &leistung_with("K_2", "", &(modul("03", "de", "X") + &modul("05", "de", "allein")))).await;
    let catalog = verbund.catalog().await;
    let is_local = async |leistung: LeistungRef, place: Option<&str>| {
        let place = place.map(|ars| ars.parse().unwrap());
        catalog.leistung(&leistung, place, Lang::DE).await.unwrap().unwrap().is_local
    };
    assert!(is_local(LeistungRef::parse(HUND), Some(KOELN)).await, "Köln has its own");
    assert!(!is_local(LeistungRef::parse(HUND), Some(BOCHUM)).await, "Bochum has that of the Land");
    assert!(!is_local(LeistungRef::parse(HUND), None).await, "in general it is not that of a town");
    assert!(is_local(LeistungRef::Id("K_2".into()), None).await, "nobody else says anything");
}

#[tokio::test]
async fn a_town_may_add_to_the_master_text_module_by_module() {
    let verbund = verbund(serde_json::json!({"modules": {"08": "supplement"}})).await;
    let catalog = verbund.catalog().await;
    let expected = [
        "05 own koeln: Köln kurz",
        "08 master land: Land Papiere",
        "08 supplement koeln: Köln Papiere",
        "06 master land: Land lang",
        "07 master bund: Bund Recht",
    ];
    assert_eq!(told(&catalog, Some(KOELN)).await, expected);
}

#[tokio::test]
async fn a_town_may_add_everywhere_and_replace_here_and_there() {
    let verbund = verbund(serde_json::json!({"default": "supplement", "modules": {"05": "replace"}})).await;
    let catalog = verbund.catalog().await;
    let told = told(&catalog, Some(KOELN)).await;
    assert_eq!(told[..2], ["05 own koeln: Köln kurz", "08 master land: Land Papiere"]);
}

#[tokio::test]
async fn a_key_less_text_and_one_of_nobody_registered_stand_alone() {
    let verbund = verbund(serde_json::json!({})).await;
    let koeln = portal("koeln", KOELN);
    verbund.deliver(&koeln, &leistung_with("K_2", "", &(modul("03", "de", "X") + &modul("05", "de", "allein")))).await;
    let catalog = verbund.catalog().await;
    let alone = catalog.leistung(&LeistungRef::Id("K_2".into()), Some(KOELN.parse().unwrap()), Lang::DE).await;
    assert_eq!(alone.unwrap().unwrap().modules.len(), 1);
    catalog.set_portals(Vec::new());
    assert_eq!(told(&catalog, Some(KOELN)).await.len(), 2);
}

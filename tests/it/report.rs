//! The Prüfbericht on every way to it: command line, page, table and JSON say the same.

use tests::client::get;
use tests::delivery::{Stock, publish, schluessel};
use tests::portal::FakePortal;
use tests::program::Installation;

use crate::EXE;

const BOCHUM: &str = "059110000000";

#[test]
fn a_town_sees_what_is_known_of_it() {
    let program = Installation::new(EXE);
    let server = FakePortal::of_folder(&program.dir().join("www"));
    for (id, ars, count) in [("stadt-bochum", BOCHUM, 5), ("stadt-herne", "059160000000", 8)] {
        let agency = id.trim_start_matches("stadt-").get(..2).unwrap().to_uppercase();
        publish(&program.dir().join("www").join(id), &Stock::new(&agency, ars).whole(0..count, "Apfelbaum"), 2);
        program.register(id, ars, &server.url(&format!("/{id}/index.txt")), "");
        program.import(id, &[]).expect(0);
    }
    let told = program.run(&["report", "--ars", BOCHUM, "--json"]).expect(1).json();
    assert_eq!(told["place"]["name"], "Bochum");
    let portal = &told["portals"][0];
    assert_eq!([&portal["id"], &portal["last_outcome"]], ["stadt-bochum", "applied"]);
    assert_eq!((&portal["findings"], told["portals"].as_array().unwrap().len()), (&0.into(), 1));
    let counts = |name: &str| told["described"][name].as_u64().unwrap();
    assert_eq!([counts("keys"), counts("text"), counts("own_text"), counts("stelle")], [8, 5, 5, 5]);
    let entries = told["entries"].as_array().unwrap();
    let of = |number: usize| {
        let key = schluessel(number);
        entries.iter().find(|entry| entry["leistungsschluessel"] == key.as_str()).unwrap()
    };
    assert_eq!((&of(0)["text"]["own"], &of(0)["described_by"]), (&true.into(), &2.into()));
    assert_eq!((&of(7)["gaps"][0]["code"], &of(7)["text"]), (&"no_text".into(), &serde_json::Value::Null));
    assert!(of(7)["name"].as_str().unwrap().contains("Apfelbaum"), "what others call it: {}", of(7));
    assert!(of(7)["gaps"][0]["mend"].as_str().unwrap().ends_with('.'));
    let plain = program.run(&["report", "--ars", BOCHUM]).expect(1).stdout;
    let lines: Vec<_> = plain.lines().take(3).collect();
    assert_eq!(lines[0], "Bochum (059110000000)");
    assert!(lines[1].starts_with("Die letzte Lieferung von Portal stadt-bochum ("), "{plain}");
    assert!(lines[1].ends_with(") wurde übernommen. Mängel wurden nicht gefunden."), "{plain}");
    assert!(lines[2].starts_with("im Verbund beschrieben: 8 Leistungen, Text 5 (62.5 %)"), "{plain}");
    let table = program.run(&["report", "--ars", BOCHUM, "--csv"]).expect(1).stdout;
    assert_eq!(table.lines().count(), entries.len() + 1);
    let all = program.run(&["report", "--all"]).expect(0).stdout;
    assert!(all.starts_with("Nordrhein-Westfalen: abgedeckt "), "{all}");
    let lines = program.run(&["report", "--all", "--csv"]).expect(0).stdout;
    let bochum = lines.lines().find(|line| line.starts_with(BOCHUM)).unwrap();
    assert!(bochum.contains(",ja,8,5,5,5,"), "{bochum}");
    program.run(&["report"]).expect(2);
    program.run(&["report", "--ars", "bochum"]).expect(2);
    program.run(&["report", "--ars", "059990000000"]).expect(2);

    let serving = program.serve().ready();
    let page = get(serving.public, &format!("/bericht/{BOCHUM}"));
    assert_eq!((page.status, page.field("content-type")), (200, Some("text/html; charset=utf-8")), "{}", page.body);
    for text in ["<h1>Prüfbericht für Bochum", "5 (62,5 %)", "Für diese Leistung gibt es hier keinen Text."] {
        assert!(page.body.contains(text), "{text} in {}", page.body);
    }
    let link = page.links().into_iter().find(|link| link.starts_with("/leistung/")).unwrap();
    assert_eq!(get(serving.public, &link).status, 200, "{link}");
    assert!(page.links().contains(&format!("/bericht/{BOCHUM}?seite=2")));
    assert_eq!(get(serving.public, &format!("/bericht/{BOCHUM}?seite=2")).status, 200);
    let csv = get(serving.public, &format!("/bericht/{BOCHUM}.csv"));
    assert_eq!(csv.status, 200);
    assert!(csv.body.lines().eq(table.lines()), "page and command line give different tables");
    let json = get(serving.public, &format!("/api/v1/report?ars={BOCHUM}&limit=2&offset=1")).json();
    assert_eq!(json["entries"].as_array().unwrap().as_slice(), &entries[1..3]);
    assert_eq!(
        (&json["total"], &json["described"]),
        (&told["entries"].as_array().unwrap().len().into(), &told["described"])
    );
    assert_eq!(get(serving.public, "/api/v1/report?ars=059990000000").status, 400);

    let chosen = get(serving.public, "/bericht?ort=bochum");
    assert_eq!((chosen.status, chosen.field("location")), (303, Some("/bericht/059110000000")));
    assert!(get(serving.public, "/bericht?ort=nirgendwo").body.contains("kennen wir nicht"));
    assert_eq!(get(serving.public, "/bericht/059990000000").status, 404);
    assert_eq!(get(serving.public, "/bericht/bochum").status, 404);

    let all = get(serving.public, "/bericht/alle");
    assert_eq!(all.status, 200, "{}", all.body);
    for text in ["je Einwohner", "Statistisches Bundesamt", "5 (62,5 %)", "<td>2 ("] {
        assert!(all.body.contains(text), "{text} in {}", all.body);
    }
    let table = get(serving.public, "/bericht/alle.csv");
    assert_eq!((table.status, table.body.lines().count()), (200, 397));
    let towns = get(serving.public, "/api/v1/report/towns").json();
    assert_eq!((&towns["land"]["towns"], &towns["land"]["joined_towns"]), (&396.into(), &2.into()));
    assert_eq!(get(serving.public, "/api/v1/report/towns?ars=x").status, 400);
    serving.stop().expect(0);
}

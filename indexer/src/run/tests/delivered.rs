//! What somebody hands in, and the verdicts on it.

use connectors::run::Coverage;

use super::*;
use crate::fixture::{leistung, loesche, transfer};

const PERSO: &str = r#"{"leistungsschluessel": "99108003022000", "bezeichnung": "Personalausweis",
    "stellen": [{"name": "Bürgerbüro", "telefon": "0241 1"}, {"name": "Ausweisstelle"}]}"#;
const PASS: &str =
    r#"{"id": "pass", "bezeichnung": "Reisepass", "stellen": [{"name": "Bürgerbüro", "telefon": "0241 1"}]}"#;

async fn deliver(
    verbund: &Verbund,
    portal: &Portal,
    format: Format,
    bytes: &[u8],
    coverage: Coverage,
    options: RunOptions,
) -> RunReport {
    let path = verbund.folder.path().join("lieferung");
    std::fs::write(&path, bytes).unwrap();
    let files = vec![Delivered { name: "lieferung".into(), path, format }];
    verbund.run(portal, &Source::Delivery { files, coverage }, options).await
}

async fn lines(verbund: &Verbund, portal: &Portal, lines: &[&str]) -> RunReport {
    let text: String = lines.iter().map(|line| line.replace('\n', " ") + "\n").collect();
    deliver(verbund, portal, Format::Ndjson, text.as_bytes(), Coverage::Part, RunOptions::default()).await
}

fn verdicts(report: &RunReport) -> Vec<(Option<u64>, Fate, Vec<Rule>)> {
    let rules = |one: &Verdict| one.findings.iter().map(|finding| finding.rule).collect();
    report.verdicts.iter().map(|one| (one.line, one.fate, rules(one))).collect()
}

#[tokio::test]
async fn every_line_gets_a_verdict_of_its_own() {
    let stadt = portal("stadt", "053340002002");
    let verbund = Verbund::open(vec![stadt.clone()]).await;
    let report = lines(&verbund, &stadt, &[PERSO, "{", "", PASS, PERSO, r#"{"loesche": {"id": "nie"}}"#]).await;
    assert_eq!(report.outcome, Outcome::Applied, "a faulty line costs only itself");
    assert_eq!(
        verdicts(&report),
        [
            (Some(1), Fate::Taken, vec![]),
            (Some(2), Fate::Quarantined, vec![Rule::LineNotJson]),
            (Some(4), Fate::Taken, vec![]),
            (Some(5), Fate::Quarantined, vec![Rule::LineDuplicate]),
            (Some(6), Fate::Absent, vec![]),
        ]
    );
    assert!(report.findings.iter().all(|finding| finding.file.as_deref() == Some("lieferung")));
    assert_eq!(report.applied.orphans, 1, "only what somebody asked for by name");
    let again = lines(&verbund, &stadt, &[PERSO, PASS]).await;
    assert_eq!(verdicts(&again), [(Some(1), Fate::Unchanged, vec![]), (Some(2), Fate::Unchanged, vec![])]);
    let moved = (again.applied.added, again.applied.updated, again.applied.removed);
    assert_eq!(moved, (0, 0, 0), "applying twice changes nothing");
}

#[tokio::test]
async fn offices_that_two_lines_name_serve_both_until_one_drops_them() {
    let stadt = portal("stadt", "053340002002");
    let verbund = Verbund::open(vec![stadt.clone()]).await;
    lines(&verbund, &stadt, &[PERSO, PASS]).await;
    let store = verbund.store().await;
    let here = live(&store, &stadt.id).await;
    let count = |of: &[String], kind: &str| of.iter().filter(|one| one.starts_with(kind)).count();
    assert_eq!((count(&here, "Organisationseinheit"), count(&here, "Zustaendigkeit")), (2, 3), "{here:?}");
    let one_office = PERSO.replace(r#", {"name": "Ausweisstelle"}"#, "");
    let report = lines(&verbund, &stadt, &[&one_office]).await;
    assert_eq!(verdicts(&report), [(Some(1), Fate::Taken, vec![])]);
    let here = live(&store, &stadt.id).await;
    assert_eq!(count(&here, "Zustaendigkeit"), 2, "{here:?}");
    let report = lines(&verbund, &stadt, &[r#"{"loesche": {"id": "pass"}}"#]).await;
    assert_eq!(verdicts(&report), [(Some(1), Fate::Removed, vec![])]);
    let here = live(&store, &stadt.id).await;
    assert_eq!((count(&here, "Leistung"), count(&here, "Zustaendigkeit")), (1, 1), "{here:?}");
}

#[tokio::test]
async fn an_older_line_and_one_outside_the_gebiet_are_told() {
    let stadt = portal("stadt", "053340002002");
    let verbund = Verbund::open(vec![stadt.clone()]).await;
    let dated =
        |day: &str, name: &str| format!(r#"{{"id": "1", "bezeichnung": "{name}", "geaendert": "2026-11-{day}"}}"#);
    lines(&verbund, &stadt, &[&dated("05", "Neu")]).await;
    let report = lines(&verbund, &stadt, &[&dated("04", "Alt")]).await;
    assert_eq!(verdicts(&report), [(Some(1), Fate::Older, vec![])]);
    let foreign = r#"{"id": "2", "bezeichnung": "B", "gebiete": "053340004004", "geaendert": "gestern"}"#;
    let report = lines(&verbund, &stadt, &[foreign]).await;
    let [(_, Fate::Taken, rules)] = &verdicts(&report)[..] else { panic!("{report:?}") };
    assert_eq!(*rules, [Rule::DescriptionDate, Rule::GebietForeign]);
}

#[tokio::test]
async fn a_trial_says_the_same_and_changes_nothing() {
    let stadt = portal("stadt", "053340002002");
    let verbund = Verbund::open(vec![stadt.clone()]).await;
    let options = RunOptions { dry_run: true, ..RunOptions::default() };
    let line = PERSO.replace('\n', " ");
    let report = deliver(&verbund, &stadt, Format::Ndjson, line.as_bytes(), Coverage::Part, options).await;
    assert_eq!((report.outcome, verdicts(&report)), (Outcome::Trial, vec![(Some(1), Fate::Taken, vec![])]));
    assert_eq!(live(&verbund.store().await, &stadt.id).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_whole_stock_of_lines_buries_what_it_does_not_name_and_the_guard_holds() {
    let stadt = portal("stadt", "053340002002");
    let verbund = Verbund::open(vec![stadt.clone()]).await;
    let stock: Vec<String> = (0..80).map(|n| format!(r#"{{"id": "{n}", "bezeichnung": "Leistung {n}"}}"#)).collect();
    let whole = |lines: &[String]| lines.join("\n");
    for (bytes, outcome, left) in [
        (whole(&stock), Outcome::Applied, 80),
        (whole(&stock[..75]), Outcome::Applied, 75),
        (whole(&stock[..10]), Outcome::Held, 75),
    ] {
        let options = RunOptions::default();
        let report = deliver(&verbund, &stadt, Format::Ndjson, bytes.as_bytes(), Coverage::Whole, options).await;
        assert_eq!((report.outcome, live(&verbund.store().await, &stadt.id).await.len()), (outcome, left));
        assert_eq!(report.verdicts.is_empty(), outcome == Outcome::Held, "what was held changed nothing");
    }
}

#[tokio::test]
async fn objects_of_a_message_get_verdicts_also_where_all_stand_in_one_line() {
    let stadt = portal("stadt", "053340002002");
    let verbund = Verbund::open(vec![stadt.clone()]).await;
    let objects =
        [leistung("L1_1", "99108003022000", "Eins"), leistung("L1_2", "", "Zwei"), loesche("Leistung", "L1_9")];
    let broken = "<x:schreibe><x:leistung><x:id schemeAgencyID=\"L1\"></x:id></x:leistung></x:schreibe>";
    let message = transfer(&(objects.concat() + broken));
    let report =
        deliver(&verbund, &stadt, Format::Xzufi, message.as_bytes(), Coverage::Part, RunOptions::default()).await;
    let mut fates: Vec<_> =
        report.verdicts.iter().map(|one| (one.id.as_ref().map(|id| id.to_string()), one.fate)).collect();
    fates.sort_by_key(|(id, _)| id.clone());
    let named = |id: &str, fate| (Some(id.to_owned()), fate);
    assert_eq!(
        fates,
        [
            (None, Fate::Quarantined),
            named("L1_1", Fate::Taken),
            named("L1_2", Fate::Taken),
            named("L1_9", Fate::Absent)
        ]
    );
}

#[tokio::test]
async fn a_table_is_applied_row_by_row_or_refused_as_a_whole() {
    let stadt = portal("stadt", "053340002002");
    let verbund = Verbund::open(vec![stadt.clone()]).await;
    let csv =
        "Leistungsschlüssel;Bezeichnung;Stelle\n99108003022000;Personalausweis;Bürgerbüro\n99108003022001;Pass;\n;;X\n";
    let options = RunOptions::default;
    let report = deliver(&verbund, &stadt, Format::Csv, csv.as_bytes(), Coverage::Part, options()).await;
    let expected = [(Some(2), Fate::Taken, vec![]), (Some(4), Fate::Quarantined, vec![Rule::DescriptionNameless])];
    assert_eq!(verdicts(&report), expected);
    let report = deliver(&verbund, &stadt, Format::Xlsx, csv.as_bytes(), Coverage::Part, options()).await;
    assert_eq!((report.outcome, rules(&report)), (Outcome::Failed, vec![Rule::TableUnreadable]));
    assert!(report.verdicts.is_empty());
}

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use http::Method;
use http::header::HeaderMap;
use prometheus::Registry;
use tempfile::TempDir;

use super::*;
use crate::pages::fixtures;

/// Noon of a day of November 2026, some seconds on.
fn at(day: i8, seconds: i64) -> Timestamp {
    let noon = jiff::civil::date(2026, 11, day).at(12, 0, 0, 0).in_tz("UTC").unwrap().timestamp();
    Timestamp::from_second(noon.as_second() + seconds).unwrap()
}

fn client(number: u8) -> Asker {
    asker(IpAddr::from([93, 184, 216, number]))
}

/// Somebody on the loopback, where nobody can be told apart.
fn anybody() -> Asker {
    asker(IpAddr::from([127, 0, 0, 1]))
}

fn asker(address: IpAddr) -> Asker {
    Asker::of(address, &Method::GET, &HeaderMap::new()).unwrap()
}

fn open_with(dir: &Path, more: &str, now: Timestamp) -> Insights {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost\"\n\
         [store]\nurl = \"sqlite://x\"\n[index]\ndir = {:?}\n[insights]\n{more}\n",
        dir.join("index").display().to_string()
    );
    let config = Config::parse(Path::new("test"), &text).unwrap();
    Insights::open(&config, Arc::new(Metrics::new(Registry::new()).unwrap()), now)
}

fn open(dir: &Path, now: Timestamp) -> Insights {
    open_with(dir, "", now)
}

fn answer(understood: &str) -> SearchAnswer {
    SearchAnswer { understood: understood.to_owned(), ..fixtures::search_answer() }
}

fn ask(insights: &Insights, text: &str, times: usize, now: Timestamp) {
    for _ in 0..times {
        insights.answered(&answer(text), Way::Page, Some(&anybody()), now);
    }
}

/// What is shown, most asked first: "text: asked".
fn shown(insights: &Insights, days: u32, now: Timestamp) -> Vec<String> {
    let report = insights.report(days, now).unwrap();
    let line = |row: &&Row| format!("{}: {}", row.text, row.counts.asked());
    report.list(report::Liste::Alle).iter().map(line).collect()
}

fn saved(dir: &TempDir) -> String {
    fs::read_to_string(dir.path().join("insights.json")).unwrap()
}

#[test]
fn a_question_is_shown_and_saved_from_the_tenth_asking_on() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open(dir.path(), at(1, 0));
    ask(&insights, "Geheimes Anliegen", 9, at(1, 0));
    ask(&insights, "Hund  anmelden", 5, at(1, 0));
    ask(&insights, "hund anmelden?", 4, at(2, 0));
    insights.tidy(0, at(2, 0));
    assert_eq!(shown(&insights, 30, at(2, 0)), Vec::<String>::new());
    assert!(!saved(&dir).contains("anliegen") && !saved(&dir).contains("hund"), "{}", saved(&dir));
    ask(&insights, "HUND anmelden", 1, at(2, 0));
    insights.tidy(0, at(2, 0));
    assert_eq!(shown(&insights, 30, at(2, 0)), ["hund anmelden: 10"]);
    assert!(saved(&dir).contains("hund anmelden") && !saved(&dir).contains("anliegen"), "{}", saved(&dir));
    // Those that are not shown count in all.
    let report = insights.report(30, at(2, 0)).unwrap();
    assert_eq!((report.total.asked(), report.asked_of_shown()), (19, 10));
}

#[test]
fn a_restart_brings_nothing_nearer_to_being_shown() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let insights = open(dir.path(), at(1, 0));
        ask(&insights, "geheimes anliegen", 9, at(1, 0));
        insights.tidy(0, at(1, 0));
        assert_eq!(shown(&insights, 30, at(1, 0)), Vec::<String>::new());
    }
    assert_eq!(open(dir.path(), at(1, 0)).report(30, at(1, 0)).unwrap().total.asked(), 27);
}

#[test]
fn one_client_counts_once_an_hour() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open(dir.path(), at(1, 0));
    let by = |number, seconds| {
        insights.answered(&answer("hund anmelden"), Way::Page, Some(&client(number)), at(1, seconds));
    };
    (0..50).for_each(|second| by(1, second));
    (2..=9).for_each(|number| by(number, 0));
    assert_eq!(shown(&insights, 1, at(1, 60)), Vec::<String>::new());
    assert_eq!(insights.report(1, at(1, 60)).unwrap().total.asked(), 9);
    by(1, 3600);
    assert_eq!(shown(&insights, 1, at(1, 3600)), ["hund anmelden: 10"]);
}

#[test]
fn what_nobody_waits_for_or_may_be_personal_has_no_text() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open(dir.path(), at(1, 0));
    for _ in 0..20 {
        insights.answered(&answer("hund anmelden"), Way::Page, None, at(1, 0));
    }
    ask(&insights, "max.mustermann@web.de", 20, at(1, 0));
    ask(&insights, "0234 5550 12", 20, at(1, 0));
    insights.tidy(0, at(1, 0));
    assert_eq!(shown(&insights, 30, at(1, 0)), Vec::<String>::new());
    assert_eq!(insights.report(30, at(1, 0)).unwrap().total.asked(), 40);
    assert!(saved(&dir).contains("\"questions\":[]"), "{}", saved(&dir));
}

#[test]
fn verdicts_and_clicks_are_counted_where_they_can_be_seen() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open(dir.path(), at(1, 0));
    ask(&insights, "hund anmelden", 8, at(1, 0));
    let nothing = SearchAnswer { total: 0, hits: Vec::new(), ..answer("hund anmelden") };
    insights.answered(&nothing, Way::Page, Some(&anybody()), at(1, 0));
    insights.answered(&answer("hund anmelden"), Way::Interface, Some(&anybody()), at(1, 0));
    insights.opened("Hund anmelden", 1, Some(&client(1)), at(1, 0));
    insights.opened("hund anmelden", 4, Some(&client(2)), at(1, 0));
    // A repeat, a day on which nobody asked, a question that nobody asked, and nobody.
    insights.opened("hund anmelden", 4, Some(&client(2)), at(1, 9));
    insights.opened("hund anmelden", 1, Some(&client(3)), at(2, 0));
    insights.opened("katze anmelden", 1, Some(&client(3)), at(1, 0));
    insights.opened("hund anmelden", 1, None, at(1, 0));
    let report = insights.report(30, at(2, 0)).unwrap();
    let counts = report.rows[0].counts;
    assert_eq!((counts.asked(), counts.nothing, counts.shown), (10, 1, 8));
    assert_eq!((counts.clicks, counts.mean_rank()), (2, Some(2.5)));
    assert_eq!((report.total.clicks, report.rows.len()), (2, 1));
    let metrics = String::from_utf8(insights.metrics.text()).unwrap();
    assert!(metrics.contains("portalverbund_gateway_questions_total{verdict=\"nothing\"} 1"), "{metrics}");
    assert!(metrics.contains("portalverbund_gateway_clicks_total 5"), "{metrics}");
}

#[test]
fn days_are_forgotten_and_with_them_the_text() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open_with(dir.path(), "keep_days = 7", at(1, 0));
    ask(&insights, "hund anmelden", 6, at(1, 0));
    ask(&insights, "hund anmelden", 5, at(4, 0));
    ask(&insights, "wohngeld", 20, at(7, 0));
    assert_eq!(shown(&insights, 7, at(7, 0)), ["wohngeld: 20", "hund anmelden: 11"]);
    // Within the last four days it was asked too rarely.
    assert_eq!(shown(&insights, 4, at(7, 0)), ["wohngeld: 20"]);
    let all_saved = insights.tidy(0, at(7, 0));
    assert!(saved(&dir).contains("hund"));
    assert_eq!(insights.tidy(all_saved, at(7, 0)), all_saved);
    insights.tidy(all_saved, at(8, 0));
    assert_eq!(shown(&insights, 7, at(8, 0)), ["wohngeld: 20"]);
    assert!(!saved(&dir).contains("hund") && !saved(&dir).contains("2026-11-01"), "{}", saved(&dir));
    // Its count goes on, and what was forgotten does not help it.
    ask(&insights, "hund anmelden", 5, at(8, 0));
    assert_eq!(shown(&insights, 7, at(8, 0)), ["wohngeld: 20", "hund anmelden: 10"]);
    insights.tidy(0, at(30, 0));
    assert_eq!(insights.counting.as_ref().unwrap().table.sizes(), (0, 0));
}

#[test]
fn a_million_questions_stay_within_the_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open(dir.path(), at(1, 0));
    let table = &insights.counting.as_ref().unwrap().table;
    ask(&insights, "hund anmelden", 50, at(1, 0));
    ask(&insights, "wohngeld", 9, at(1, 0));
    let (counts, now) = (Counts::of(Verdict::Nothing, false), Moment::of(at(1, 0)));
    let letters = |number: u32| format!("{number:07}").bytes().map(|digit| char::from(digit + 49)).collect::<String>();
    let (hostile, nobody) = (client(1), anybody());
    for number in 0..1_000_000 {
        let wording = Wording::of(&letters(number)).unwrap();
        table.asked(&wording, &counts, if number % 2 == 0 { &hostile } else { &nobody }, now);
    }
    let (questions, repeats) = table.sizes();
    assert!(questions <= table::QUESTIONS_MAX && repeats <= table::REPEATS_MAX, "{questions} {repeats}");
    // Nothing of the flood is shown, and what many had asked is still there.
    assert_eq!(shown(&insights, 30, at(1, 0)), ["hund anmelden: 50"]);
    ask(&insights, "wohngeld", 1, at(1, 0));
    assert_eq!(shown(&insights, 30, at(1, 0)), ["hund anmelden: 50", "wohngeld: 10"]);
}

#[test]
fn texts_are_bounded_too_and_the_least_asked_go() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open(dir.path(), at(1, 0));
    ask(&insights, "hund anmelden", 11, at(1, 0));
    let table = &insights.counting.as_ref().unwrap().table;
    let many = Counts { nothing: 10, ..Counts::default() };
    for number in 0..10_000_u32 {
        let letters: String = format!("{number:05}").bytes().map(|digit| char::from(digit + 49)).collect();
        table.asked(&Wording::of(&letters).unwrap(), &many, &anybody(), Moment::of(at(1, 0)));
    }
    assert!(table.questions().len() <= table::TEXTS_MAX);
    assert_eq!(shown(&insights, 30, at(1, 0))[0], "hund anmelden: 11");
}

#[test]
fn what_was_saved_is_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open(dir.path(), at(1, 0));
    ask(&insights, "hund anmelden", 10, at(1, 0));
    ask(&insights, "führungszeugnis", 12, at(2, 0));
    insights.opened("hund anmelden", 2, Some(&anybody()), at(1, 0));
    insights.tidy(0, at(2, 0));
    let again = open(dir.path(), at(2, 0));
    let stored = |insights: &Insights| insights.counting.as_ref().unwrap().stored();
    assert_eq!(stored(&again), stored(&insights));
    assert_eq!(shown(&again, 30, at(2, 0)), ["führungszeugnis: 12", "hund anmelden: 10"]);
    // A higher bound holds for what was saved under a lower one, on disk as well.
    let strict = open_with(dir.path(), "min_count = 11", at(2, 0));
    assert_eq!(shown(&strict, 30, at(2, 0)), ["führungszeugnis: 12"]);
    strict.tidy(0, at(2, 0));
    assert!(!saved(&dir).contains("hund"));
}

#[test]
fn a_broken_file_is_set_aside_and_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("insights.json");
    let insights = open(dir.path(), at(1, 0));
    ask(&insights, "hund anmelden", 10, at(1, 0));
    insights.tidy(0, at(1, 0));
    let whole = fs::read(&path).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let mut broken: Vec<Vec<u8>> = (0..whole.len()).step_by(7).map(|end| whole[..end].to_vec()).collect();
    broken.push(text.replace("\"version\":1", "\"version\":2").into());
    broken.push(text.replace("2026-11-01", "2026-13-01").into());
    broken.push(b"\xff\xfe[]".to_vec());
    for bytes in broken {
        fs::write(&path, &bytes).unwrap();
        let insights = open(dir.path(), at(1, 0));
        assert_eq!(shown(&insights, 30, at(1, 0)), Vec::<String>::new());
        assert_eq!(fs::read(dir.path().join("insights.json.broken")).unwrap(), bytes);
        assert!(!path.exists());
    }
}

#[test]
fn a_text_that_somebody_wrote_into_the_file_is_held_against_the_rules() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open(dir.path(), at(1, 0));
    ask(&insights, "hund anmelden", 10, at(1, 0));
    insights.tidy(0, at(1, 0));
    fs::write(dir.path().join("insights.json"), saved(&dir).replace("hund anmelden", "max@web.de")).unwrap();
    assert_eq!(shown(&open(dir.path(), at(1, 0)), 30, at(1, 0)), Vec::<String>::new());
}

#[test]
fn a_kill_in_the_middle_of_writing_leaves_the_old_counts() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open(dir.path(), at(1, 0));
    ask(&insights, "hund anmelden", 10, at(1, 0));
    insights.tidy(0, at(1, 0));
    // What a kill leaves: the new file half written, the old one untouched.
    let half = saved(&dir).replace("hund", "katze");
    fs::write(dir.path().join("insights.json.new"), half.get(..40).unwrap()).unwrap();
    let again = open(dir.path(), at(1, 0));
    assert_eq!(shown(&again, 30, at(1, 0)), ["hund anmelden: 10"]);
    ask(&again, "hund anmelden", 1, at(1, 0));
    again.tidy(0, at(1, 0));
    assert_eq!(shown(&open(dir.path(), at(1, 0)), 30, at(1, 0)), ["hund anmelden: 11"]);
    assert!(!dir.path().join("insights.json.new").exists());
}

#[test]
fn a_folder_that_cannot_be_written_costs_a_line_and_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("insights.json.new")).unwrap();
    let insights = open(dir.path(), at(1, 0));
    ask(&insights, "hund anmelden", 10, at(1, 0));
    assert_eq!(insights.tidy(0, at(1, 0)), 0);
    assert_eq!(shown(&insights, 30, at(1, 0)), ["hund anmelden: 10"]);
    fs::remove_dir(dir.path().join("insights.json.new")).unwrap();
    assert!(insights.tidy(0, at(1, 0)) > 0 && saved(&dir).contains("hund anmelden"));
}

#[test]
fn switched_off_nothing_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let insights = open_with(dir.path(), "enabled = false", at(1, 0));
    ask(&insights, "hund anmelden", 20, at(1, 0));
    insights.opened("hund anmelden", 1, Some(&anybody()), at(1, 0));
    insights.tidy(0, at(1, 0));
    assert!(insights.report(30, at(1, 0)).is_none());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

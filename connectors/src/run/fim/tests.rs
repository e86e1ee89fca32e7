use super::*;
use crate::run::Fault;

const BASE: &str = "https://fim.example/api/v0/";
const NOW: &str = "2026-11-02T12:00:00Z";

fn source(what: &[FimPart]) -> FimSource {
    FimSource { url: BASE.parse().unwrap(), what: what.to_vec(), whole_every_s: 604_800 }
}

fn run(what: &[FimPart], cursor: Option<Cursor>, now: &str) -> FimRun {
    FimRun::new(source(what), cursor, now.parse().unwrap(), Limits { max_tries: 3, ..Limits::default() })
}

fn stored(text: &str) -> Outcome {
    let validators = Default::default();
    Outcome::Stored(Stored { sha256: text.into(), bytes: text.len() as u64, validators, unchanged: false })
}

fn page(items: &[&str], total: u64) -> Outcome {
    let items: Vec<_> =
        items.iter().map(|id| serde_json::json!({"redaktion_id": "L1", "leistung_id": id, "title": "x"})).collect();
    let page =
        serde_json::json!({"items": items, "offset": 0, "limit": 200, "count": items.len(), "total_count": total});
    Outcome::Body(page.to_string().into_bytes())
}

fn cursor_page(items: &[&str], next: Option<i64>) -> Outcome {
    let items: Vec<_> = items.iter().map(|id| serde_json::json!({"redaktion_id": "L1", "id": id})).collect();
    let page = serde_json::json!({"items": items, "limit": 200, "count": items.len(), "next_cursor": next});
    Outcome::Body(page.to_string().into_bytes())
}

/// The files of a run and how much it saw, or why it was given up.
type Ended = Result<(Vec<String>, Coverage), Vec<Finding>>;

/// Plays a run against `answer`, which gets the address behind the base; what was asked, and how it ended.
fn play(run: &mut FimRun, mut answer: impl FnMut(&str) -> Outcome) -> (Vec<String>, Ended) {
    let (mut asked, mut names) = (Vec::new(), Vec::new());
    for _ in 0..10_000 {
        match run.next_step(Duration::ZERO) {
            Step::Fetch(request) => {
                let place = request.place.to_string().strip_prefix(BASE).unwrap().to_owned();
                asked.push(place.clone());
                run.answer(request.id, answer(&place), Duration::ZERO);
            }
            Step::Apply(Block::Index(documents)) => names = documents.into_iter().map(|one| one.name).collect(),
            Step::Finished(coverage) => return (asked, Ok((names, coverage))),
            Step::Failed(findings) => return (asked, Err(findings)),
            other => panic!("{other:?}"),
        }
    }
    panic!("it does not end: {asked:?}");
}

#[test]
fn both_kinds_of_lists_are_read_to_their_end_and_then_what_they_name() {
    let mut run = run(&[FimPart::Stammtexte, FimPart::Onlinedienste], None, NOW);
    let (asked, ended) = play(&mut run, |place| match place {
        "leistung-stammtexte?offset=0&limit=200" => page(&["1", "2"], 3),
        "leistung-stammtexte?offset=2&limit=200" => page(&["3 a"], 3),
        "online-service?limit=200" => cursor_page(&["7"], Some(70)),
        "online-service?limit=200&cursor=70" => cursor_page(&["8"], None),
        _ => stored(place),
    });
    let names = [
        "leistung-stammtexte/L1/1/primary.xml",
        "leistung-stammtexte/L1/2/primary.xml",
        "leistung-stammtexte/L1/3 a/primary.xml",
        "online-service/L1/7.xml",
        "online-service/L1/8.xml",
    ];
    assert_eq!(ended.unwrap(), (names.map(str::to_owned).to_vec(), Coverage::Whole));
    assert_eq!(asked.len(), 9);
    assert_eq!(asked[6], "leistung-stammtexte/L1/3%20a/primary/xzufi");
    let cursor = run.cursor().unwrap();
    assert_eq!(cursor.url.query(), Some("updated_since=2026-11-02T11%3A00%3A00Z"), "an hour is asked for twice");
    assert_eq!(cursor.start.as_str(), "https://fim.example/api/v0/?what=leistung-stammtexte,online-service");
}

#[test]
fn between_whole_passes_only_changes_are_asked_for() {
    let what = [FimPart::Stammtexte, FimPart::Onlinedienste];
    let mut first = run(&what, None, NOW);
    let _ = play(&mut first, |place| match place {
        "leistung-stammtexte?offset=0&limit=200" => page(&["1"], 1),
        "online-service?limit=200" => cursor_page(&[], None),
        _ => stored(place),
    });
    let cursor = first.cursor().cloned();
    let mut second = run(&what, cursor.clone(), "2026-11-03T12:00:00Z");
    let (asked, ended) = play(&mut second, |_| page(&[], 0));
    assert_eq!(asked, ["leistung-stammtexte?offset=0&limit=200&updated_since=2026-11-02T11%3A00%3A00Z"]);
    assert_eq!(ended.unwrap(), (vec![], Coverage::Part), "nothing new is no empty portal");
    let next = second.cursor().unwrap();
    assert_eq!(next.index, cursor.as_ref().unwrap().index, "the last whole pass was the first");
    assert!(next.url.as_str().contains("2026-11-03T11"));
    for (what, at) in [(&what[..], "2026-11-09T12:00:00Z"), (&what[..1], "2026-11-03T12:00:00Z")] {
        assert_eq!(
            run(what, second.cursor().cloned(), at).since,
            None,
            "after a week, and when something else is wanted"
        );
    }
}

#[test]
fn a_list_that_changes_while_it_is_read_is_read_again_and_nothing_is_buried_by_one_that_does_not_settle() {
    let mut calls = 0;
    let mut once = run(&[FimPart::Stammtexte], None, NOW);
    let (asked, ended) = play(&mut once, |place| {
        if place.ends_with("/xzufi") {
            return stored(place);
        }
        calls += 1;
        match calls {
            // Between the pages `0` came to the front, so that `2` is on both and `3` on none.
            1 => page(&["1", "2"], 3),
            2 => page(&["2", "3"], 4),
            3 => page(&["0", "1"], 4),
            _ => page(&["2", "3"], 4),
        }
    });
    let (names, coverage) = ended.unwrap();
    assert_eq!((names.len(), coverage, asked.len()), (4, Coverage::Whole, 4 + 4));

    let mut calls = 0;
    let mut never = run(&[FimPart::Stammtexte], None, NOW);
    let (_, ended) = play(&mut never, |place| {
        if place.ends_with("/xzufi") {
            return stored(place);
        }
        calls += 1;
        page(&["1", "1"], 2)
    });
    assert_eq!(ended.unwrap().1, Coverage::Part);
    assert_eq!((calls, never.cursor()), (3, None), "and the next run reads all again");
}

#[test]
fn what_vanishes_between_list_and_object_is_gone_and_what_is_refused_is_waited_for() {
    let mut run = run(&[FimPart::Stammtexte], None, NOW);
    let (_, ended) = play(&mut run, |place| match place {
        list if list.contains('?') => page(&["1", "2"], 2),
        gone if gone.contains("/2/") => Outcome::Status { status: 404, retry_after: None },
        _ => stored(place),
    });
    assert_eq!(ended.unwrap(), (vec!["leistung-stammtexte/L1/1/primary.xml".to_owned()], Coverage::Whole));

    let mut run = super::tests::run(&[FimPart::Stammtexte], None, NOW);
    let Step::Fetch(list) = run.next_step(Duration::ZERO) else { panic!() };
    run.answer(list.id, page(&["1", "2"], 2), Duration::ZERO);
    let second = Duration::from_secs(1);
    let Step::Fetch(one) = run.next_step(second) else { panic!() };
    let too_many = Outcome::Status { status: 429, retry_after: Some(30 * second) };
    run.answer(one.id, too_many, 2 * second);
    let Step::Fetch(other) = run.next_step(5 * second) else { panic!() };
    assert_eq!((other.id != one.id, other.wait), (true, 27 * second), "the other one waits as well");
    let Step::Fetch(again) = run.next_step(40 * second) else { panic!() };
    assert_eq!((again.id, again.wait), (one.id, Duration::ZERO));
}

#[test]
fn faults_end_the_run_and_the_last_state_stays() {
    #[track_caller]
    fn check(what: FimPart, rule: Rule, answer: impl FnMut(&str) -> Outcome) {
        let (_, ended) = play(&mut run(&[what], None, NOW), answer);
        assert_eq!(ended.unwrap_err().iter().map(|finding| finding.rule).collect::<Vec<_>>(), [rule]);
    }
    check(FimPart::Stammtexte, Rule::EnvelopeInvalid, |_| Outcome::Body(b"<html>".to_vec()));
    check(FimPart::Stammtexte, Rule::EnvelopeInvalid, |_| page(&["../../geheim"], 1));
    check(FimPart::Stammtexte, Rule::EnvelopeInvalid, |_| page(&[".."], 1));
    check(FimPart::Stammtexte, Rule::IndexEmpty, |_| page(&[], 0));
    check(FimPart::Onlinedienste, Rule::CursorStuck, |_| cursor_page(&["1"], Some(5)));
    check(FimPart::Steckbriefe, Rule::FetchStatus, |_| Outcome::Status { status: 500, retry_after: None });
    check(FimPart::Steckbriefe, Rule::FetchTimeout, |_| Outcome::Fault(Fault::Timeout(Duration::from_secs(1))));
}

//! Runs as plans: what would happen, what waits, what is kept aside, what can be brought back.

use connectors::registration::Connector;

use super::*;
use crate::catalog::SearchRequest;
use crate::crawl::schedule::Why;
use crate::fixture::{key, leistung, leistung_with, loesche, modul, transfer};
use crate::record::Lang;

const KEY: &str = "99012999017001";

/// A portal whose registered folder holds these objects as its whole stock.
fn stocked(verbund: &Verbund, objects: &str) -> Portal {
    let mut portal = bund();
    let files = [("a.xml", transfer(objects).into_bytes())];
    let Source::Connector(connector) = verbund.stock(&portal, b"a.xml\n", &files) else { panic!() };
    portal.connector = *connector;
    portal
}

async fn collect(verbund: &Verbund, objects: &str, options: RunOptions) -> RunReport {
    verbund.run(&stocked(verbund, objects), &Source::Registered, options).await
}

fn titled(numbers: std::ops::Range<usize>, word: &str) -> String {
    numbers.map(|n| leistung(&format!("A_{n}"), KEY, &format!("{word} {n}"))).collect()
}

/// A Leistung that is refused: its language is none.
fn faulty(id: &str) -> String {
    leistung_with(id, KEY, &modul("03", "deutsch", "Falsch"))
}

/// The titles of the live Leistungen.
async fn titles(verbund: &Verbund) -> Vec<String> {
    let stored = verbund.store().await.leistungen(&bund().id).await.unwrap();
    let title = |stored: &crate::store::Stored| match &stored.object {
        crate::record::Object::Leistung(leistung) => leistung.title[&Lang::DE].clone(),
        other => panic!("{other:?}"),
    };
    let mut titles: Vec<String> = stored.iter().map(title).collect();
    titles.sort();
    titles
}

#[tokio::test]
async fn a_trial_says_what_would_happen_record_by_record() {
    let verbund = Verbund::open(vec![bund()]).await;
    collect(&verbund, &titled(0..20, "Titel"), RunOptions::default()).await;
    let next =
        titled(1..19, "Titel") + &leistung("A_19", KEY, "Anders") + &leistung("A_20", KEY, "Neu") + &faulty("A_21");
    let trial = RunOptions { dry_run: true, ..RunOptions::default() };
    let report = collect(&verbund, &next, trial).await;
    assert_eq!((report.outcome, report.run), (Outcome::Trial, None));
    let plan = &report.plan;
    let one = |listed: &Listed| {
        assert_eq!((listed.total, listed.entries.len()), (1, 1), "{listed:?}");
        let entry = listed.entries[0].clone();
        (entry.id.unwrap(), entry.name, entry.parts)
    };
    assert_eq!(one(&plan.added), ("A_20".into(), "Neu".into(), vec![]));
    assert_eq!(one(&plan.changed), ("A_19".into(), "Anders".into(), vec!["title".into()]));
    assert_eq!(one(&plan.removed), ("A_0".into(), "Titel 0".into(), vec![]));
    assert_eq!(one(&plan.quarantined).0, "A_21");
    assert_eq!(plan.quarantined.entries[0].findings[0].rule, Rule::LanguageInvalid);
    assert_eq!(titles(&verbund).await.len(), 20, "a trial changes nothing");
    assert!(verbund.indexer.known(&bund().id).await.unwrap().quarantined.is_empty());
    let applied = collect(&verbund, &next, RunOptions::default()).await;
    assert_eq!((applied.outcome, &applied.plan), (Outcome::Applied, plan), "it happens as it was said");
}

#[tokio::test]
async fn what_cannot_be_taken_is_kept_aside_and_its_good_version_stays() {
    let verbund = Verbund::open(vec![bund()]).await;
    collect(&verbund, &titled(0..3, "Titel"), RunOptions::default()).await;
    let report = collect(&verbund, &(titled(0..2, "Titel") + &faulty("A_2")), RunOptions::default()).await;
    assert_eq!((report.outcome, report.applied.removed, report.refused), (Outcome::Applied, 0, 1));
    assert_eq!(titles(&verbund).await, ["Titel 0", "Titel 1", "Titel 2"]);
    let known = verbund.indexer.known(&bund().id).await.unwrap();
    let [aside] = known.quarantined.as_slice() else { panic!("{:?}", known.quarantined) };
    assert_eq!((aside.kind, aside.id.clone(), aside.older_stays), (Kind::Leistung, Some(key("A_2")), true));
    assert!(aside.findings[0].sentence().contains("genau zwei Buchstaben"), "{:?}", aside.findings);
    assert!(aside.xml.contains("deutsch") && aside.xml.contains("Falsch") && !aside.cut, "{}", aside.xml);
    let fresh = |id: &str| {
        let (indexer, id) = (&verbund.indexer, key(id));
        async move { indexer.freshness(&bund().id, Kind::Leistung, &id).await.unwrap().unwrap() }
    };
    let (seen, stale) = (fresh("A_0").await, fresh("A_2").await);
    assert!(seen.seen > seen.taken && stale.seen == stale.taken, "{seen:?} {stale:?}");
    // the next good version takes its place
    collect(&verbund, &titled(0..3, "Neu"), RunOptions::default()).await;
    assert_eq!(titles(&verbund).await, ["Neu 0", "Neu 1", "Neu 2"]);
    assert!(verbund.indexer.known(&bund().id).await.unwrap().quarantined.is_empty());
    // and one that is gone for good goes with its fault
    collect(&verbund, &(titled(0..2, "Neu") + &faulty("A_2")), RunOptions::default()).await;
    collect(&verbund, &titled(0..2, "Neu"), RunOptions { release: true, ..RunOptions::default() }).await;
    assert_eq!(titles(&verbund).await, ["Neu 0", "Neu 1"]);
    assert!(verbund.indexer.known(&bund().id).await.unwrap().quarantined.is_empty());
}

#[tokio::test]
async fn where_a_refused_record_has_no_id_none_of_its_kind_goes() {
    let verbund = Verbund::open(vec![bund()]).await;
    let more = crate::fixture::stelle("A_OE", "Amt", "");
    collect(&verbund, &(titled(0..2, "Titel") + &more), RunOptions::default()).await;
    let nameless = "<x:schreibe><x:leistung></x:leistung></x:schreibe>";
    let released = RunOptions { release: true, ..RunOptions::default() };
    let report = collect(&verbund, &(titled(0..1, "Titel") + nameless), released).await;
    assert_eq!((report.outcome, report.applied.removed), (Outcome::Applied, 1), "{:?}", report.findings);
    let live = live(&verbund.store().await, &bund().id).await;
    assert_eq!(live, ["Leistung A_0", "Leistung A_1"], "the office was not there, and its kind is whole");
    let known = verbund.indexer.known(&bund().id).await.unwrap();
    assert_eq!((known.quarantined[0].id.as_ref(), known.quarantined[0].place.as_deref()), (None, Some("a.xml:2")));
}

#[tokio::test]
async fn a_record_that_is_too_large_to_be_read_leaves_its_good_version() {
    let verbund = Verbund::open(vec![bund()]).await;
    collect(&verbund, &titled(0..3, "Titel"), RunOptions::default()).await;
    let huge = leistung("A_2", KEY, &"x".repeat((1 << 20) + 1));
    let report = collect(&verbund, &(titled(0..2, "Titel") + &huge), RunOptions::default()).await;
    assert_eq!((report.outcome, rules(&report)), (Outcome::Applied, vec![Rule::TextTooLong]));
    assert_eq!(titles(&verbund).await.len(), 3);
    let known = verbund.indexer.known(&bund().id).await.unwrap();
    assert_eq!((known.quarantined[0].id.clone(), known.quarantined[0].older_stays), (Some(key("A_2")), true));
}

#[tokio::test]
async fn a_held_run_keeps_its_plan_and_only_that_is_released() {
    let verbund = Verbund::open(vec![bund()]).await;
    collect(&verbund, &titled(0..10, "Titel"), RunOptions::default()).await;
    let report = collect(&verbund, &titled(0..4, "Titel"), RunOptions::default()).await;
    let held = verbund.indexer.known(&bund().id).await.unwrap().held.unwrap();
    assert_eq!((report.outcome, report.run), (Outcome::Held, Some(held.run)));
    assert_eq!((held.plan.removed.total, held.plan.removed.entries[0].name.as_str()), (6, "Titel 4"));
    let cancel = CancellationToken::new();
    // something else is delivered meanwhile: that was not looked at
    let other = stocked(&verbund, &titled(0..3, "Titel"));
    let report = verbund.indexer.release(&other, held.run, &cancel).await.unwrap();
    assert_eq!((report.outcome, report.plan.removed.total, titles(&verbund).await.len()), (Outcome::Held, 7, 10));
    let again = verbund.indexer.known(&bund().id).await.unwrap().held.unwrap();
    let refused = verbund.indexer.release(&other, held.run, &cancel).await.unwrap_err();
    assert!(matches!(refused, RunError::NotHeld { .. }) && again.run > held.run, "{refused}");
    let report = verbund.indexer.release(&other, again.run, &cancel).await.unwrap();
    assert_eq!((report.outcome, report.applied.removed, titles(&verbund).await.len()), (Outcome::Applied, 7, 3));
    assert_eq!(verbund.indexer.known(&bund().id).await.unwrap().held, None);
}

#[tokio::test]
async fn a_restore_brings_everything_back_waits_for_somebody_and_can_be_undone() {
    let verbund = Verbund::open(vec![bund()]).await;
    collect(&verbund, &titled(0..5, "Gut"), RunOptions::default()).await;
    let bad = titled(1..4, "Kaputt") + &titled(7..9, "Kaputt");
    let released = RunOptions { release: true, ..RunOptions::default() };
    let report = collect(&verbund, &bad, released).await;
    let run = report.run.unwrap();
    let after = titles(&verbund).await;
    let portal = stocked(&verbund, &bad);
    let trial = verbund.indexer.restore(&portal, run, true).await.unwrap();
    assert_eq!((trial.outcome, titles(&verbund).await == after), (Outcome::Trial, true));
    let totals = |plan: &Plan| (plan.added.total, plan.changed.total, plan.removed.total);
    assert_eq!(totals(&trial.plan), (2, 3, 2));
    let restored = verbund.indexer.restore(&portal, run, false).await.unwrap();
    assert_eq!((restored.outcome, &restored.plan), (Outcome::Restored, &trial.plan));
    assert_eq!(titles(&verbund).await, ["Gut 0", "Gut 1", "Gut 2", "Gut 3", "Gut 4"]);
    let found = |text: &str| SearchRequest { text: text.into(), limit: 10, ..SearchRequest::default() };
    let catalog = verbund.catalog().await;
    assert_eq!(catalog.search(&found("Kaputt")).await.unwrap().total, 0);
    assert!(catalog.search(&found("Gut")).await.unwrap().total > 0);
    // nothing brings the fault back by itself
    let cancel = CancellationToken::new();
    let paused = verbund.indexer.run(&portal, &Source::Registered, RunOptions::default(), &cancel).await.unwrap_err();
    assert!(matches!(&paused, RunError::Paused { why, .. } if why.contains("wiederhergestellt")), "{paused}");
    assert!(matches!(verbund.indexer.next_run(&portal).await.unwrap().why, Why::Paused(_)));
    // the restore is a run like others, and can be undone as well
    verbund.indexer.restore(&portal, restored.run.unwrap(), false).await.unwrap();
    assert_eq!(titles(&verbund).await, after);
    verbund.indexer.restore(&portal, run, false).await.unwrap();
    // when the portal runs again it is read again, though it delivers the same
    verbund.indexer.resume(&portal.id).await.unwrap();
    assert_eq!(verbund.indexer.next_run(&portal).await.unwrap().why, Why::Interval);
    let report = verbund.run(&portal, &Source::Registered, released).await;
    assert_eq!((report.outcome, titles(&verbund).await), (Outcome::Applied, after));
}

#[tokio::test]
async fn a_run_that_is_not_kept_any_more_cannot_be_undone() {
    let mut verbund = Verbund::open(vec![bund()]).await;
    Arc::get_mut(&mut verbund.indexer).unwrap().journal = config::Journal { keep_runs: 3, keep_days: 1 };
    let mut runs = Vec::new();
    for word in ["A", "B", "C", "D", "E", "F"] {
        runs.push(collect(&verbund, &titled(0..3, word), RunOptions::default()).await.run.unwrap());
    }
    let portal = stocked(&verbund, &titled(0..3, "F"));
    let store = verbund.store().await;
    assert_eq!(store.portal_state(&portal.id).await.unwrap().kept_from, runs[3]);
    let before = verbund.indexer.journal_bytes(&portal.id).await.unwrap();
    for run in [runs[0], runs[2], 999] {
        let refused = verbund.indexer.restore(&portal, run, false).await.unwrap_err();
        assert!(matches!(refused, RunError::Store(StoreError::NotKept { .. })), "{refused}");
    }
    verbund.indexer.restore(&portal, runs[3], false).await.unwrap();
    assert_eq!(titles(&verbund).await, ["C 0", "C 1", "C 2"]);
    assert!(before > 0 && before < 20_000, "{before}");
}

#[tokio::test]
async fn one_run_of_a_portal_goes_on_at_a_time() {
    let verbund = Verbund::open(vec![bund()]).await;
    let portal = stocked(&verbund, &titled(0..3, "Titel"));
    let since = "2026-11-02T05:00:00Z".parse().unwrap();
    let (place, teller) = verbund.indexer.board.begin(&portal.id, since).unwrap();
    assert_eq!(verbund.indexer.progress(&portal.id).unwrap().borrow().since, since);
    let cancel = CancellationToken::new();
    let second = verbund.indexer.run(&portal, &Source::Registered, RunOptions::default(), &cancel).await.unwrap_err();
    assert!(second.to_string().contains("bund goes on since 2026-11-02T05:00:00Z"), "{second}");
    let restore = verbund.indexer.restore(&portal, 1, true).await.unwrap_err();
    assert!(matches!(restore, RunError::Running { .. }), "{restore}");
    // another portal is not touched by that
    let other = crate::fixture::portal("anderes", "050000000000");
    verbund.deliver(&other, &titled(0..1, "Titel")).await;
    drop((place, teller));
    assert!(verbund.indexer.progress(&portal.id).is_none());
    let report = verbund.run(&portal, &Source::Registered, RunOptions::default()).await;
    assert_eq!(report.applied.added, 3);
}

#[tokio::test]
async fn a_rehearsal_answers_like_a_catalog_and_leaves_nothing() {
    let verbund = Verbund::open(vec![bund()]).await;
    collect(&verbund, &titled(0..1, "Vorher"), RunOptions::default()).await;
    let mut portal = crate::fixture::portal("neu", "050000000000");
    let files = [("a.xml", transfer(&(titled(0..300, "Reisepass") + &faulty("A_999"))).into_bytes())];
    let Source::Connector(connector) = verbund.stock(&portal, b"a.xml\n", &files) else { panic!() };
    portal.connector = *connector;
    let scratch = verbund.folder.path().join("scratch");
    let cancel = CancellationToken::new();
    let limits = RehearsalLimits::default();
    let rehearse = |limits| rehearse(&portal, &Source::Registered, &verbund.indexer.fetcher, &scratch, limits, &cancel);
    let rehearsal = rehearse(limits).await.unwrap();
    assert_eq!((rehearsal.report.outcome, rehearsal.report.cut), (Outcome::Applied, false));
    assert_eq!((rehearsal.plan.added.total, rehearsal.plan.quarantined.total), (300, 1));
    let request = SearchRequest { text: "Reisepass".into(), limit: 1, ..SearchRequest::default() };
    assert!(rehearsal.catalog.search(&request).await.unwrap().total > 0);
    assert_eq!(verbund.catalog().await.search(&request).await.unwrap().total, 0, "the live one knows nothing of it");
    assert_eq!(verbund.indexer.known(&portal.id).await.unwrap().runs, []);
    rehearsal.close().await;
    let short = rehearse(RehearsalLimits { max_records: 100, ..limits }).await.unwrap();
    assert!(short.report.cut && (100..300).contains(&short.plan.added.total), "{:?}", short.report);
    drop(short);
    let left = std::fs::read_dir(&scratch).unwrap().count();
    assert_eq!(left, 0, "the folders are gone");
    let small = rehearse(RehearsalLimits { max_bytes: 1_000, ..limits }).await.unwrap();
    assert!(small.report.cut || small.report.outcome == Outcome::Failed, "{:?}", small.report);
}

#[tokio::test]
async fn what_a_part_deletes_and_adds_is_undone_too() {
    let verbund = Verbund::open(vec![bund()]).await;
    verbund.deliver(&bund(), &titled(0..3, "Titel")).await;
    let more = loesche("Leistung", "A_1") + &titled(4..5, "Titel") + &leistung("A_0", KEY, "Anders");
    let run = verbund.part(&bund(), "b.xml", transfer(&more).as_bytes()).await.run.unwrap();
    assert_eq!(titles(&verbund).await, ["Anders", "Titel 2", "Titel 4"]);
    verbund.indexer.restore(&bund(), run, false).await.unwrap();
    assert_eq!(titles(&verbund).await, ["Titel 0", "Titel 1", "Titel 2"]);
    assert!(matches!(bund().connector, Connector::Push {}));
}

//! What follows for the records of a page, whatever becomes of it.

use super::*;

fn said(id: &str) -> Leistungsbeschreibung {
    Leistungsbeschreibung { id: Some(id.to_owned()), bezeichnung: id.into(), ..Leistungsbeschreibung::default() }
}

fn day(number: i64) -> Timestamp {
    Timestamp::from_second(number * 86_400).unwrap()
}

/// One page and what was seen of it on which days; gives the ids that stay and those that go, after each.
#[track_caller]
fn check(seen: &[(i64, Option<&[&str]>)], expected: &[(&[&str], &[&str])]) {
    let mut kept = Kept::default();
    for ((at, said_now), (stay, go)) in seen.iter().zip(expected) {
        let now = said_now.map(|ids| ids.iter().map(|id| said(id)).collect());
        let merged = kept.merged(now, day(*at), Duration::from_hours(3 * 24));
        let ids: Vec<_> = merged.kept.items.iter().map(|item| item.said.own_id()).collect();
        assert_eq!(
            (ids, merged.expired),
            (stay.iter().map(|s| (*s).to_owned()).collect(), go.iter().map(|s| (*s).to_owned()).collect()),
            "day {at}"
        );
        kept = merged.kept;
    }
    assert_eq!(seen.len(), expected.len());
}

#[test]
fn what_is_missing_goes_when_it_is_missing_again_days_later() {
    let (none, a): (&[&str], &[&str]) = (&[], &["a"]);
    // gone, gone too soon, gone long enough
    check(
        &[(0, Some(a)), (1, Some(none)), (3, Some(none)), (4, Some(none))],
        &[(a, none), (a, none), (a, none), (none, a)],
    );
    // back in between: counted anew
    check(
        &[(0, Some(a)), (1, Some(none)), (3, Some(a)), (5, Some(none)), (7, Some(none)), (8, Some(none))],
        &[(a, none), (a, none), (a, none), (a, none), (a, none), (none, a)],
    );
    // one of two
    check(
        &[(0, Some(&["a", "b"])), (1, Some(&["b"])), (9, Some(&["b"]))],
        &[(&["a", "b"], none), (&["b", "a"], none), (&["b"], a)],
    );
}

#[test]
fn what_is_as_it_was_stays_and_what_was_missing_then_still_is() {
    let (none, a): (&[&str], &[&str]) = (&[], &["a"]);
    check(&[(0, Some(a)), (100, None), (200, None)], &[(a, none), (a, none), (a, none)]);
    check(&[(0, Some(a)), (1, Some(none)), (2, None), (5, None)], &[(a, none), (a, none), (a, none), (none, a)]);
}

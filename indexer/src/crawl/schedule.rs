//! Who is due. Pure: the time is an argument.
//!
//! Portals are spread over their interval by a share that depends on their id alone, so that a Verbund that was started
//! at once does not collect at once for ever, and a restart changes nothing about whose turn it is.

use connectors::ids::PortalId;
use connectors::registration::Portal;
use jiff::{SignedDuration, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

use crate::store::Pause;

/// The first wait after a run that failed, in seconds; it doubles with each further one, up to the portal's interval.
const FIRST_RETRY_S: u64 = 300;

/// How the last run against a portal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRun {
    /// When it ended.
    pub ended: Timestamp,
    /// How many runs failed since the last good one; 0 when it was good.
    pub failures: u32,
}

/// When the next run of a portal is due, and why then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextRun {
    /// When; none when no run is made by itself. A moment that has passed, and that of a portal that never ran, mean
    /// as soon as there is room.
    pub at: Option<Timestamp>,
    /// Why.
    pub why: Why,
}

/// Why a run is due when it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The portal never ran.
    First,
    /// Its interval, counted from its last good run.
    Interval,
    /// So many runs failed or were held since the last good one; the wait doubles with each, up to the interval.
    BackOff {
        /// How many.
        failures: u32,
    },
    /// Somebody has to look first.
    Paused(Pause),
    /// The portal delivers by itself.
    Push,
}

/// The portals that are due at `now`, the longest overdue first. A portal that never ran is due at once.
pub fn due<'a>(now: Timestamp, portals: impl IntoIterator<Item = (&'a Portal, NextRun)>) -> Vec<&'a Portal> {
    let mut due: Vec<_> = portals
        .into_iter()
        .filter_map(|(portal, next)| Some((next.at?, portal)))
        .filter(|(at, _)| *at <= now)
        .collect();
    due.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| x.id.cmp(&y.id)));
    due.into_iter().map(|(_, portal)| portal).collect()
}

/// When the next run of `portal` is due.
///
/// After a good run that is its interval later, less up to a tenth; after failed ones sooner, with up to a tenth more.
pub fn next_run(portal: &Portal, last: Option<LastRun>, pause: Option<&Pause>) -> NextRun {
    let Some(every_s) = portal.connector.every_s() else { return NextRun { at: None, why: Why::Push } };
    if let Some(pause) = pause {
        return NextRun { at: None, why: Why::Paused(pause.clone()) };
    }
    let Some(last) = last else { return NextRun { at: Some(Timestamp::MIN), why: Why::First } };
    let why = match last.failures {
        0 => Why::Interval,
        failures => Why::BackOff { failures },
    };
    NextRun { at: Some(after(&portal.id, every_s, last)), why }
}

fn after(id: &PortalId, every_s: u64, last: LastRun) -> Timestamp {
    let share = (xxh3_64(id.as_str().as_bytes()) >> 11) as f64 / (1u64 << 53) as f64;
    let wait_s = match last.failures {
        0 => every_s as f64 * (1.0 - share / 10.0),
        failures => {
            let doubled = FIRST_RETRY_S.saturating_mul(1 << (failures - 1).min(20));
            doubled.min(every_s) as f64 * (1.0 + share / 10.0)
        }
    };
    let wait = SignedDuration::try_from_secs_f64(wait_s).unwrap_or(SignedDuration::MAX);
    last.ended.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seconds(id: &str, every_s: u64, failures: u32) -> i64 {
        let ended = "2026-11-22T12:00:00Z".parse().unwrap();
        let at = after(&id.parse().unwrap(), every_s, LastRun { ended, failures });
        at.duration_since(ended).as_secs()
    }

    #[test]
    fn a_good_portal_comes_again_after_nine_tenths_of_its_interval_or_later() {
        let waits: Vec<_> = (0..100).map(|n| seconds(&format!("portal-{n}"), 86_400, 0)).collect();
        assert!(waits.iter().all(|wait| (77_760..=86_400).contains(wait)), "{waits:?}");
        let (first, last) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
        assert!(last - first > 6_000, "they are spread: {first} to {last}");
        assert_eq!(waits[7], seconds("portal-7", 86_400, 0));
    }

    #[test]
    fn a_failed_portal_waits_longer_each_time_and_never_much_longer_than_its_interval() {
        let waits: Vec<_> = (1..40).map(|failures| seconds("stadt", 3_600, failures)).collect();
        assert!((300..=330).contains(&waits[0]) && (600..=660).contains(&waits[1]), "{waits:?}");
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]) && waits.iter().all(|wait| *wait <= 3_960));
        assert!(seconds("stadt", 60, 1) <= 66);
        assert!(seconds("stadt", u64::MAX, u32::MAX) > 0);
    }

    #[test]
    fn the_longest_overdue_is_first_and_push_is_never_due() {
        let portal = |id: &str, connector: serde_json::Value| -> Portal {
            let text = json!({"id": id, "name": "x", "gebiet": "05", "connector": connector});
            serde_json::from_value(text).unwrap()
        };
        let index = json!({"kind": "xzufi-index", "url": "https://x.example/index.txt"});
        let portals = [
            portal("a", index.clone()),
            portal("b", index.clone()),
            portal("c", index),
            portal("d", json!({"kind": "push"})),
        ];
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let ago = |hours: i64| Some(LastRun { ended: now - SignedDuration::from_hours(hours), failures: 0 });
        let order = |states: [Option<LastRun>; 4], pause: Option<&Pause>| -> Vec<String> {
            let pauses = [pause, None, None, None];
            let next = portals.iter().zip(states).zip(pauses);
            let next = next.map(|((portal, last), pause)| (portal, next_run(portal, last, pause)));
            due(now, next).iter().map(|portal| portal.id.to_string()).collect()
        };
        assert_eq!(order([ago(30), ago(40), ago(1), None], None), ["b", "a"]);
        assert_eq!(order([ago(30), ago(40), None, None], None), ["c", "b", "a"]);
        let pause = Pause { since: now, why: "x".into() };
        assert_eq!(order([ago(30), ago(40), None, None], Some(&pause)), ["c", "b"]);
    }
}

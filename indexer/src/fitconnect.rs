//! Asks the Routing API of FIT-Connect, slowly, whether each Leistung that is offered online in a town has exactly one
//! address there; for the Prüfbericht.
//!
//! Asked is for the towns and Kreise that a registered portal speaks for. One request at a time, with a pause between two,
//! and the limits that the service names are kept.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use config::clock;
use connectors::fitconnect::{read, request};
use connectors::gebiet::{Ars, Gebiete, Level};
use connectors::ids::Leistungsschluessel;
use http::Method;
use http::header::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::run::{Indexer, RunError};

/// How often is looked what is offered anew, and how long nothing is asked when nothing is due.
const LOOK: Duration = Duration::from_secs(600);
/// When an answer is asked for again, and when after none.
const AGAIN: SignedDuration = SignedDuration::from_hours(24 * 14);
const SOON: SignedDuration = SignedDuration::from_hours(6);
/// Questions that are taken at once.
const TAKEN: i64 = 50;
/// Bytes of one answer, at most: 500 routes with their logos and texts.
const MAX_BYTES: usize = 8 << 20;
/// The longest pause that a service is given.
const LONGEST: Duration = Duration::from_secs(3600);
/// For one request.
const TIME: Duration = Duration::from_secs(30);

const LEFT: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Asks the service at `base` for what is due, until `stop`.
pub async fn keep(indexer: Arc<Indexer>, base: Url, pause: Duration, stop: CancellationToken) {
    let asking = async {
        loop {
            note(&indexer).await?;
            let begun = clock::monotonic();
            while begun.elapsed() < LOOK {
                if ask_some(&indexer, &base, pause).await? == 0 {
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    };
    if let Some(ended) = stop.run_until_cancelled(asking).await {
        let ended: Result<(), RunError> = ended;
        if let Err(error) = ended {
            tracing::error!(%error, "FIT-Connect is not asked any more until the next start");
        }
    }
}

/// Notes what is to be asked, for every place that a portal speaks for.
async fn note(indexer: &Indexer) -> Result<(), RunError> {
    let gebiete = Gebiete::nrw();
    let here = |ars: &Ars| matches!(gebiete.level(ars), Level::Gemeinde | Level::Kreis);
    let places: BTreeSet<Ars> = indexer.registered().iter().map(|portal| portal.gebiet).filter(here).collect();
    for place in places {
        indexer.store().note_routes(&place, clock::now()).await?;
    }
    Ok(())
}

/// Asks some of what is due; how many there were.
async fn ask_some(indexer: &Indexer, base: &Url, pause: Duration) -> Result<usize, RunError> {
    let due = indexer.store().due_routes(clock::now(), TAKEN).await?;
    for (key, place) in &due {
        let wait = ask(indexer, base, *key, place).await?;
        tokio::time::sleep(wait.max(pause)).await;
    }
    Ok(due.len())
}

/// Asks one question; how long the service wants to be left alone.
async fn ask(indexer: &Indexer, base: &Url, key: Leistungsschluessel, place: &Ars) -> Result<Duration, RunError> {
    let url = request(base, key, place);
    let answer = indexer.fetcher().probe(Method::GET, &url, "application/json", MAX_BYTES, TIME).await;
    let said = match &answer {
        Ok(answer) if answer.status == 200 => read(&answer.body),
        _ => None,
    };
    let again = if said.is_some() { AGAIN } else { SOON };
    let due = clock::now().saturating_add(again).unwrap_or(Timestamp::MAX);
    indexer.store().keep_routes(key, place, said, due).await?;
    Ok(answer.map_or(Duration::ZERO, |answer| {
        let asked = answer.retry_after.or_else(|| reset(&answer.fields, answer.status));
        asked.unwrap_or_default().min(LONGEST)
    }))
}

/// How long until the service takes requests again, where it says that it takes none now.
fn reset(fields: &HeaderMap, status: u16) -> Option<Duration> {
    let number = |name: &HeaderName| fields.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let spent = status == 429 || number(&LEFT) == Some(0);
    number(&RESET).filter(|_| spent).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::report::{Check, Gap};
    use crate::fixture::{Verbund, answer, leistung, onlinedienst, portal, server, zustaendig};

    const BOCHUM: &str = "059110000000";
    const KEYS: [&str; 4] = ["99012999017001", "99108008001000", "99084008001000", "99001001002000"];

    #[tokio::test]
    async fn the_report_says_what_the_service_said_and_unchecked_where_it_was_not_asked() {
        let route = |id: &str| {
            serde_json::json!({"destinationId": id, "destinationSignature": "x",
            "privacyPolicyUrl": "https://a.example/d"})
        };
        let routes = |ids: &[&str]| {
            let routes: Vec<_> = ids.iter().map(|id| route(id)).collect();
            serde_json::json!({"count": ids.len(), "offset": 0, "totalCount": ids.len(), "routes": routes}).to_string()
        };
        let bodies = [routes(&["a"]), routes(&["a", "b"]), routes(&[])];
        let (base, asked) =
            server(move |_, target| match KEYS.iter().position(|key| target.contains(&format!("leikaKey={key}"))) {
                Some(at) if at < 3 && target.contains(BOCHUM) => answer(200, "", &bodies[at]),
                _ => answer(500, "RateLimit-Remaining: 3\r\n", "{}"),
            })
            .await;
        let bochum = portal("bochum", BOCHUM);
        let verbund = Verbund::open_dialling(vec![bochum.clone()], "127.0.0.0/8").await;
        let pieces = KEYS.iter().enumerate().map(|(at, key)| {
            let (id, of) = (format!("B_OD{at}"), format!("B_{at}"));
            leistung(&of, key, &format!("Leistung {at}"))
                + &onlinedienst(&id, "Dienst", "https://a.example/", &zustaendig("", &of, BOCHUM, ""))
        });
        verbund.deliver(&bochum, &pieces.collect::<String>()).await;
        let (base, now) = (format!("{base}/v2/").parse().unwrap(), "2026-11-02T12:00:00Z".parse().unwrap());
        let report = async || verbund.catalog().await.report(BOCHUM.parse().unwrap(), now).await.unwrap().unwrap();
        let of = |report: &crate::catalog::report::Report, at: usize| {
            let has = |entry: &&crate::catalog::report::Entry| {
                entry.schluessel.is_some_and(|key| key.to_string() == KEYS[at])
            };
            report.entries.iter().find(has).unwrap().clone()
        };
        let before = report().await;
        assert_eq!(of(&before, 0).checks.fit_connect, Check::Unchecked);

        note(&verbund.indexer).await.unwrap();
        assert_eq!(ask_some(&verbund.indexer, &base, Duration::ZERO).await.unwrap(), 4);
        assert_eq!(ask_some(&verbund.indexer, &base, Duration::ZERO).await.unwrap(), 0, "each is asked once");
        assert_eq!(asked.lock().unwrap().len(), 4);
        let after = report().await;
        let told = [0, 1, 2, 3].map(|at| (of(&after, at).checks.fit_connect, of(&after, at).checks.privacy));
        use Check::*;
        assert_eq!(told, [(Passed, Passed), (Failed, Passed), (Failed, Unchecked), (Unchecked, Unchecked)]);
        assert!(of(&after, 1).gaps.contains(&Gap::FitConnect(2)) && of(&after, 2).gaps.contains(&Gap::FitConnect(0)));
    }

    #[test]
    fn limits_of_the_service_are_kept() {
        let fields = |left: &str, reset: &str| {
            HeaderMap::from_iter([(LEFT, left.parse().unwrap()), (RESET, reset.parse().unwrap())])
        };
        assert_eq!(reset(&fields("0", "17"), 200), Some(Duration::from_secs(17)));
        assert_eq!(reset(&fields("5", "17"), 200), None);
        assert_eq!(reset(&fields("5", "17"), 429), Some(Duration::from_secs(17)));
        assert_eq!(reset(&HeaderMap::new(), 429), None);
    }
}

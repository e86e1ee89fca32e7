use proptest::prelude::*;

use super::*;

fn fields(lines: &[(&str, String)]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        fields.append(name, HeaderValue::from_str(value).unwrap());
    }
    fields
}

/// The terms for an answer with this status and these fields to a request with those, at a time of its own.
fn terms(status: u16, answer: &[(&str, String)], request: &[(&str, String)], caching: Caching) -> Option<Terms> {
    let answer = fields(answer);
    let at = Instant::now();
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let came = Came { status: StatusCode::from_u16(status).unwrap(), fields: &answer, asked_at: at, at, wall };
    Terms::of(&Asked::of(&fields(request)), &came, caching)
}

fn said(cache_control: &str) -> Option<Terms> {
    terms(200, &[("cache-control", cache_control.into())], &[], Caching::On)
}

fn usable(terms: &Terms, request: &[(&str, String)], after: u64) -> Use {
    terms.usable(&Asked::of(&fields(request)), terms.since + Duration::from_secs(after))
}

#[test]
fn time_runs_out_to_the_second() {
    let terms = said("max-age=60").unwrap();
    assert_eq!(usable(&terms, &[], 59), Use::Fresh);
    assert_eq!(usable(&terms, &[], 60), Use::Validate);
    assert_eq!((terms.age(terms.since + Duration::from_secs(7)), terms.ttl(terms.since)), (7, 60));
}

#[test]
fn a_slow_answer_is_older_than_it_says() {
    let answer = fields(&[("cache-control", "max-age=60".into()), ("age", "10".into())]);
    let asked_at = Instant::now();
    let at = asked_at + Duration::from_secs(5);
    let came = Came { status: StatusCode::OK, fields: &answer, asked_at, at, wall: SystemTime::UNIX_EPOCH };
    let terms = Terms::of(&Asked::of(&HeaderMap::new()), &came, Caching::On).unwrap();
    assert_eq!(terms.age(at), 15);
}

#[test]
fn a_guess_has_an_end() {
    let date = |seconds: u64| httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let answer = [("date", date(1_700_000_000)), ("last-modified", date(1_000_000_000))];
    let terms = terms(200, &answer, &[], Caching::On).unwrap();
    assert_eq!(terms.lifetime, MAX_HEURISTIC);
}

#[test]
fn stale_answers_wait_for_their_time() {
    let terms = said("max-age=60, stale-while-revalidate=10, stale-if-error=20").unwrap();
    assert_eq!(usable(&terms, &[], 69), Use::WhileRevalidate);
    assert_eq!(usable(&terms, &[], 70), Use::Validate);
    assert_eq!(usable(&terms, &[("cookie", "a=b".into())], 61), Use::Validate);
    let at = |after| terms.since + Duration::from_secs(after);
    assert!(terms.stands_in(None, at(79)) && !terms.stands_in(None, at(80)));
    assert!(terms.stands_in(Some(StatusCode::INTERNAL_SERVER_ERROR), at(79)));
    assert!(!terms.stands_in(Some(StatusCode::NOT_FOUND), at(79)));
}

fn directive() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("no-store".to_owned()),
        Just("private".to_owned()),
        Just("public".to_owned()),
        Just("no-cache".to_owned()),
        Just("must-revalidate".to_owned()),
        Just("must-understand".to_owned()),
        (0_u64..100).prop_map(|seconds| format!("max-age={seconds}")),
        (0_u64..100).prop_map(|seconds| format!("s-maxage={seconds}")),
        (0_u64..100).prop_map(|seconds| format!("stale-while-revalidate={seconds}")),
        (0_u64..100).prop_map(|seconds| format!("stale-if-error={seconds}")),
        "[a-z]{1,5}(=[a-z0-9\"]{0,4})?".prop_map(|other| other),
    ]
}

proptest! {
    #[test]
    fn what_is_forbidden_is_never_kept(
        before in prop::collection::vec(directive(), 0..4),
        status in 200_u16..600,
        caching in prop::sample::select(vec![Caching::On, Caching::Credentials]),
    ) {
        // A quote that is not closed takes what follows with it; that is how lists are read.
        prop_assume!(!before.iter().any(|directive| directive.contains('"')));
        let with = |last: &str| before.iter().map(String::as_str).chain([last]).collect::<Vec<_>>().join(", ");
        let kept = |last: &str, request: &[(&str, String)]| {
            terms(status, &[("cache-control", with(last))], request, caching).is_some()
        };
        prop_assert!(!kept("private", &[]));
        prop_assert!(!kept("max-age=9", &[("cache-control", "no-store".into())]));
        if !before.contains(&"must-understand".to_owned()) {
            prop_assert!(!kept("no-store", &[]));
        }
        if caching == Caching::On {
            prop_assert!(!kept("public", &[("authorization", "x".into())]));
        }
    }

    #[test]
    fn no_stale_answer_where_it_is_forbidden(
        said in prop::collection::vec(directive(), 0..5),
        forbids in prop::sample::select(vec!["must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=5"]),
        after in 0_u64..1000,
    ) {
        prop_assume!(!said.iter().any(|directive| directive.contains('"')));
        let text = said.iter().map(String::as_str).chain([forbids, "max-age=5"]).collect::<Vec<_>>().join(", ");
        let answer = [("cache-control", text), ("etag", "\"a\"".into())];
        if let Some(terms) = terms(200, &answer, &[], Caching::On) {
            let now = terms.since + Duration::from_secs(after);
            let eager = Asked::of(&fields(&[("cache-control", "max-stale".into())]));
            if terms.ttl(now) <= 0 || forbids == "no-cache" {
                prop_assert!(!matches!(terms.usable(&eager, now), Use::Stale | Use::WhileRevalidate));
                prop_assert!(terms.ttl(now) > 0 || terms.usable(&eager, now) != Use::Fresh);
                prop_assert!(!terms.stands_in(None, now));
            }
        }
    }

    #[test]
    fn nothing_becomes_fresher_with_time(text in prop::collection::vec(directive(), 0..5), early in 0_u64..200, more in 0_u64..200) {
        if let Some(terms) = said(&text.join(", ")) {
            let later = usable(&terms, &[], early + more);
            if later == Use::Fresh {
                prop_assert_eq!(usable(&terms, &[], early), Use::Fresh);
            }
        }
    }
}

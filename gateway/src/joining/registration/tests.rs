use std::num::NonZeroU64;

use connectors::registration::{Contact, Guard};

use super::*;

fn portal() -> Portal {
    Portal {
        id: "herne".parse().unwrap(),
        name: "Stadt Herne".into(),
        gebiet: "059160000000".parse().unwrap(),
        agency: None,
        hosts: Vec::new(),
        connector: Connector::XzufiIndex {
            url: Url::parse("https://www.herne.example/xzufi/index.txt").unwrap(),
            every_s: NonZeroU64::new(86_400).unwrap(),
        },
        routes: Vec::new(),
        responsible: None,
        maintenance: None,
        guard: Guard::default(),
        contact: None,
        words: Vec::new(),
        texts: Default::default(),
    }
}

fn address() -> Url {
    Url::parse("https://www.herne.example/").unwrap()
}

fn now() -> Timestamp {
    "2026-11-27T00:00:00Z".parse().unwrap()
}

const BOTH: Facts = Facts { proven: true, rehearsed: true };

#[track_caller]
fn walk(steps: &[(Step, Facts)]) -> Registration {
    let begin = Registration::draft(portal(), address());
    steps.iter().fold(begin, |registration, (step, facts)| registration.after(step, *facts, now()).unwrap())
}

fn edit(change: impl FnOnce(&mut Portal)) -> Step {
    let mut portal = portal();
    change(&mut portal);
    Step::Edit { portal: Box::new(portal), address: address() }
}

#[test]
fn nothing_is_served_before_the_release() {
    let mut registration = Registration::draft(portal(), address());
    for (step, facts) in [(Step::Submit, BOTH), (Step::Release, BOTH)] {
        assert_eq!(registration.served(), None);
        registration = registration.after(&step, facts, now()).unwrap();
    }
    assert_eq!(registration.served(), Some(portal()));
    assert_eq!(registration.stage(BOTH), Stage::Released);
}

#[test]
fn no_step_is_left_out() {
    let draft = Registration::draft(portal(), address());
    assert_eq!(draft.stage(Facts::default()), Stage::Draft);
    assert_eq!(draft.after(&Step::Submit, Facts::default(), now()), Err(StepFault::NotProven));
    let proven = Facts { proven: true, rehearsed: false };
    assert_eq!(draft.stage(proven), Stage::Proven);
    assert_eq!(draft.after(&Step::Submit, proven, now()), Err(StepFault::NotRehearsed));
    // A rehearsal of something that nobody has shown to be theirs counts for nothing.
    let rehearsed = Facts { proven: false, rehearsed: true };
    assert_eq!(draft.stage(rehearsed), Stage::Draft);
    assert_eq!(draft.stage(BOTH), Stage::Rehearsed);
    assert!(matches!(draft.after(&Step::Release, BOTH, now()), Err(StepFault::NotNow { .. })));
    let submitted = walk(&[(Step::Submit, BOTH)]);
    // The proof can be lost between the submission and the release.
    assert_eq!(submitted.after(&Step::Release, rehearsed, now()), Err(StepFault::NotProven));
    assert_eq!(submitted.after(&Step::Release, proven, now()), Err(StepFault::NotRehearsed));
    assert_eq!(submitted.after(&Step::Refuse(" ".into()), BOTH, now()), Err(StepFault::NoReason));
    let refused = submitted.after(&Step::Refuse("Bitte den Kreis weglassen.".into()), BOTH, now()).unwrap();
    assert_eq!(refused.stage(BOTH), Stage::Rehearsed);
    assert_eq!(refused.served(), None);
}

#[test]
fn an_edit_of_a_live_portal_changes_nothing_for_citizens_until_it_is_released() {
    let live = walk(&[(Step::Submit, BOTH), (Step::Release, BOTH)]);
    let renamed = live.after(&edit(|portal| portal.name = "Stadt Köln".into()), BOTH, now()).unwrap();
    assert_eq!(renamed.served(), Some(portal()));
    assert_eq!(renamed.state, State::Draft {});
    assert_ne!(renamed.fingerprint(), live.fingerprint());
    let facts = BOTH;
    let again = renamed.after(&Step::Submit, facts, now()).unwrap().after(&Step::Release, facts, now()).unwrap();
    assert_eq!(again.served().unwrap().name, "Stadt Köln");
}

#[test]
fn whom_to_ask_and_how_often_we_come_is_changed_at_once() {
    let live = walk(&[(Step::Submit, BOTH), (Step::Release, BOTH)]);
    let contact = Contact { phone: Some("02323 160".into()), email: None, url: None };
    let changed = live.after(&edit(|portal| portal.contact = Some(contact.clone())), Facts::default(), now()).unwrap();
    assert_eq!(changed.served().unwrap().contact, Some(contact));
    assert!(matches!(changed.state, State::Released { .. }));
    let often = edit(|portal| {
        let url = portal.connector.url().unwrap().clone();
        portal.connector = Connector::XzufiIndex { url, every_s: NonZeroU64::new(3_600).unwrap() };
    });
    assert_eq!(live.after(&often, BOTH, now()).unwrap().served().unwrap().connector.every_s(), Some(3_600));
    // Together with something that matters, nothing goes at once.
    let both = edit(|portal| {
        portal.contact = None;
        portal.gebiet = "050000000000".parse().unwrap();
    });
    assert_eq!(live.after(&both, BOTH, now()).unwrap().served(), Some(portal()));
}

#[test]
fn who_rests_is_named_and_nothing_more() {
    let live = walk(&[(Step::Submit, BOTH), (Step::Release, BOTH)]);
    assert_eq!(live.after(&Step::Suspend(String::new()), BOTH, now()), Err(StepFault::NoReason));
    let rests = live.after(&Step::Suspend("Die Domain gehört jemand anderem.".into()), BOTH, now()).unwrap();
    let served = rests.served().unwrap();
    assert_eq!((served.name.as_str(), served.connector.url()), ("Stadt Herne", None));
    assert!(!served.may_hand_over_to(&address()));
    assert!(matches!(rests.after(&edit(|_| {}), BOTH, now()), Err(StepFault::NotNow { .. })));
    let back = rests.after(&Step::Resume, BOTH, now()).unwrap();
    assert_eq!(back.served(), Some(portal()));
    let gone = back.after(&Step::Withdraw, BOTH, now()).unwrap();
    assert_eq!(gone.served(), None);
    assert!(matches!(gone.after(&Step::Resume, BOTH, now()), Err(StepFault::NotNow { .. })));
    // Who left can come back, from the beginning.
    let again = gone.after(&edit(|_| {}), BOTH, now()).unwrap();
    assert_eq!(again.state, State::Draft {});
}

#[track_caller]
fn outside(change: impl FnOnce(&mut Portal), expected: &[&str]) {
    let mut portal = portal();
    change(&mut portal);
    let fields: Vec<&str> =
        from_outside(&portal, &address(), &AddressRule::default()).iter().map(|fault| fault.field).collect();
    assert_eq!(fields, expected);
}

#[test]
fn from_outside_only_what_is_on_the_proven_host() {
    let index =
        |url: &str| Connector::XzufiIndex { url: Url::parse(url).unwrap(), every_s: NonZeroU64::new(60).unwrap() };
    outside(|_| {}, &[]);
    outside(|portal| portal.connector = index("https://daten.www.herne.example/index.txt"), &[]);
    outside(|portal| portal.connector = index("https://www.bochum.example/index.txt"), &["source"]);
    outside(|portal| portal.connector = index("https://xwww.herne.example/index.txt"), &["source"]);
    outside(|portal| portal.connector = index("http://www.herne.example/index.txt"), &["source"]);
    outside(|portal| portal.connector = Connector::Push {}, &[]);
    outside(
        |portal| {
            portal.connector = Connector::XzufiFolder { folder: "/etc".into(), every_s: NonZeroU64::new(60).unwrap() };
        },
        &["connector"],
    );
}

#[test]
fn from_outside_no_foreign_domain_and_nothing_in_our_name() {
    let host = |text: &str| HostPattern::try_from(text.to_owned()).unwrap();
    outside(|portal| portal.hosts = vec![host("formulare.dienst.example"), host("*.www.herne.example")], &[]);
    for pattern in ["*", "*.example", "*.herne.example", "localhost", "10.0.0.1", "rathaus.local"] {
        outside(|portal| portal.hosts = vec![host(pattern)], &["hosts"]);
    }
    outside(
        |portal| {
            let route = "kind = \"gone\"\nprefix = \"/suche2\"";
            portal.routes = vec![toml::from_str(route).unwrap()];
        },
        &["routes"],
    );
}

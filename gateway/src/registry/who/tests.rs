use super::*;

fn id(text: &str) -> PortalId {
    text.parse().unwrap()
}

fn who(role: Role, rights: &[(&str, Right)], by: By) -> Who {
    let rights = rights.iter().map(|(portal, right)| (id(portal), *right)).collect();
    Who { account: 7, name: "w".into(), role, rights, by, network: None }
}

fn session() -> By {
    By::Session { hash: "h".into(), csrf: "c".into() }
}

fn token(right: Right, portals: Option<&[&str]>) -> By {
    let portals = portals.map(|portals| portals.iter().map(|portal| id(portal)).collect());
    By::Token { name: "t".into(), right, portals }
}

#[track_caller]
fn check(who: &Who, portal: &str, expected: Option<Right>) {
    let held = Right::ALL.into_iter().filter(|right| who.may(*right, &id(portal))).max();
    assert_eq!(held, expected, "{who:?} on {portal}");
    for right in Right::ALL {
        assert_eq!(who.may(right, &id(portal)), Some(right) <= expected, "each includes those before it");
    }
}

#[test]
fn rights_come_from_the_account_and_are_bounded_by_the_token() {
    use Right::{Deliver, Manage, Read};
    let held = [("a", Deliver), ("b", Manage), ("c", Read)];
    for role in [Role::Editor, Role::Provider] {
        let it = who(role, &held, session());
        check(&it, "a", Some(Deliver));
        check(&it, "b", Some(Manage));
        check(&it, "d", None);
        assert!(!it.is_operator());
        let it = who(role, &held, token(Deliver, None));
        check(&it, "a", Some(Deliver));
        check(&it, "b", Some(Deliver));
        check(&it, "c", Some(Read));
        check(&it, "d", None);
        let it = who(role, &held, token(Manage, Some(&["a", "d"])));
        check(&it, "a", Some(Deliver));
        check(&it, "b", None);
        // A token never gives what its account does not have.
        check(&it, "d", None);
    }
}

#[test]
fn operators_may_everything_and_their_tokens_what_they_say() {
    let it = who(Role::Operator, &[], session());
    check(&it, "x", Some(Right::Manage));
    assert!(it.is_operator() && it.must_operate().is_ok());
    let it = who(Role::Operator, &[], token(Right::Deliver, Some(&["a"])));
    check(&it, "a", Some(Right::Deliver));
    check(&it, "x", None);
    assert!(!it.is_operator());
    assert!(!who(Role::Operator, &[], token(Right::Deliver, None)).is_operator());
    assert!(!who(Role::Operator, &[], token(Right::Manage, Some(&["a"]))).is_operator());
    assert!(who(Role::Operator, &[], token(Right::Manage, None)).is_operator());
    assert!(Who::command_line().is_operator());
    let program = Who::program("schedule");
    assert!(!program.is_operator());
    check(&program, "a", None);
}

#[test]
fn what_is_missing_is_either_unknown_or_forbidden() {
    let it = who(Role::Editor, &[("a", Right::Read)], session());
    assert!(matches!(it.must(Right::Manage, &id("a")), Err(Denied::NotThis)));
    assert!(matches!(it.must(Right::Read, &id("b")), Err(Denied::NoSuch)));
    assert!(it.must(Right::Read, &id("a")).is_ok());
}

#[test]
fn the_word_of_forms_belongs_to_sessions() {
    let it = who(Role::Editor, &[], session());
    assert!(it.csrf_is("c") && !it.csrf_is("d") && !it.csrf_is(""));
    let it = who(Role::Editor, &[], token(Right::Manage, None));
    assert!(!it.csrf_is(""), "without a session no word is right");
}

#[test]
fn networks_are_shortened() {
    for (address, network) in [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
    ] {
        assert_eq!(shortened(address.parse().unwrap()), network);
    }
}

#[test]
fn tokens_and_sessions_are_read_out_of_their_fields() {
    let fields = |name: http::HeaderName, values: &[&str]| -> HeaderMap {
        values.iter().map(|value| (name.clone(), http::HeaderValue::from_str(value).unwrap())).collect()
    };
    for (values, expected) in [
        (&["Bearer pvnrw_abc"][..], Some("pvnrw_abc")),
        (&["bearer  pvnrw_abc "], Some("pvnrw_abc")),
        (&["Basic pvnrw_abc"], None),
        (&["Bearer other"], None),
        (&["pvnrw_abc"], None),
        (&["Bearer pvnrw_abc", "Bearer pvnrw_abd"], None),
        (&[], None),
    ] {
        assert_eq!(bearer(&fields(header::AUTHORIZATION, values)), expected, "{values:?}");
    }
    for (values, expected) in [
        (&["pvnrw=abc"][..], Some("abc")),
        (&["a=b; pvnrw=abc; c=d"], Some("abc")),
        (&["a=b", "pvnrw=abc"], Some("abc")),
        (&["xpvnrw=abc"], None),
        (&["pvnrw="], None),
        (&[], None),
    ] {
        assert_eq!(session_secret(&fields(header::COOKIE, values), "pvnrw"), expected, "{values:?}");
    }
}

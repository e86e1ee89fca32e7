use super::*;

fn portal(id: &str, routes: &str) -> Portal {
    let text = format!(
        "id = \"{id}\"\nname = \"{id}\"\ngebiet = \"059110000000\"\nconnector = {{ kind = \"push\" }}\n{routes}"
    );
    toml::from_str(&text).unwrap()
}

fn prefix(id: &str, prefix: &str) -> Portal {
    portal(id, &format!("[[route]]\nprefix = \"{prefix}\"\nupstream = [\"http://127.0.0.1:1\"]\n"))
}

fn host(id: &str, host: &str) -> Portal {
    portal(id, &format!("[[route]]\nhost = \"{host}\"\nupstream = [\"http://127.0.0.1:1\"]\n"))
}

fn table() -> Routes {
    let portals = [
        prefix("bochum", "/portal/bochum"),
        prefix("bad", "/portal/bochum/bad"),
        prefix("kurz", "/kurz"),
        host("essen", "essen.localhost"),
    ];
    let (routes, faults) = Routes::build(&portals, Some("localhost"));
    assert_eq!(faults, []);
    routes.self_test().unwrap();
    routes
}

/// `expected` is the portal and the rest of the path, `own`, or `unsafe`.
#[track_caller]
fn check(host: &str, path: &str, expected: &str) {
    let found = match table().find(Some(host).filter(|host| !host.is_empty()), path) {
        Ok(Target::Portal(matched)) => format!("{} {}", matched.route.portal, matched.rest),
        Ok(Target::Own) => "own".into(),
        Ok(Target::NotLoaded) => "not loaded".into(),
        Err(UnsafePath) => "unsafe".into(),
    };
    assert_eq!(found, expected, "{host} {path}");
}

#[test]
fn whole_segments_and_the_longest_prefix() {
    check("", "/", "own");
    check("", "/portal", "own");
    check("", "/portal/bochumer", "own");
    check("", "/portal/bochum", "bochum /");
    check("", "/portal/bochum/", "bochum /");
    check("", "/portal/bochum/a//b/", "bochum /a//b/");
    check("", "/portal/bochum/bad", "bad /");
    check("", "/portal/bochum/bade", "bochum /bade");
    check("", "/portal/bochum/bad/x", "bad /x");
    check("", "/kurz/portal/bochum/x", "kurz /portal/bochum/x");
    check("", "/suche", "own");
}

#[test]
fn a_host_goes_before_a_prefix() {
    check("essen.localhost", "/portal/bochum/x", "essen /portal/bochum/x");
    check("essen.localhost", "/", "essen /");
    check("anders.localhost", "/portal/bochum/x", "bochum /x");
    check("essen.localhost", "/a/../b", "essen /a/../b");
}

#[test]
fn double_slashes_collapse_for_the_lookup_only() {
    check("", "//portal///bochum//x//y", "bochum //x//y");
    check("", "//", "own");
}

#[test]
fn paths_with_two_readings_are_refused_below_a_prefix() {
    for tail in ["..", "../x", "a/..", "%2e%2E/x", ".%2e", "a%2fb", "a%2Fb", "a%5cb", "a%00b", "..;x=1/b"] {
        check("", &format!("/portal/bochum/{tail}"), "unsafe");
    }
    for tail in ["...", "..a", "a..", "%252e%252e", "a%20b"] {
        check("", &format!("/portal/bochum/{tail}"), &format!("bochum /{tail}"));
    }
    check("", "/portal%2fbochum/x", "own");
}

#[test]
fn a_colliding_portal_is_left_out_alone() {
    let portals = [
        prefix("eins", "/portal/x"),
        prefix("zwei", "/portal/x"),
        prefix("drei", "/suche"),
        prefix("vier", "/api/v9"),
        host("fuenf", "localhost"),
        prefix("sechs", "/portal/y"),
        prefix("sieben", "/.well-known/x"),
    ];
    let (routes, faults) = Routes::build(&portals, Some("localhost"));
    let left_out: Vec<_> = faults.iter().map(|fault| fault.portal.as_str()).collect();
    assert_eq!(left_out, ["zwei", "drei", "vier", "fuenf", "sieben"]);
    assert_eq!(routes.len(), 2);
    routes.self_test().unwrap();
    assert_eq!(
        faults.first().map(ToString::to_string).unwrap_or_default(),
        "portal zwei is not routed: its prefix `/portal/x` is already taken by portal eins; \
         choose one that no other portal has"
    );
}

#[test]
fn before_the_first_table_nothing_is_found_and_after_an_empty_one_our_pages_are() {
    let nothing = Routes::not_loaded();
    assert_eq!(nothing.find(None, "/"), Ok(Target::NotLoaded));
    assert!(nothing.self_test().is_err());
    let (empty, _) = Routes::build(&[], None);
    assert_eq!(empty.find(None, "/"), Ok(Target::Own));
    assert!(empty.is_loaded() && empty.is_empty());
}

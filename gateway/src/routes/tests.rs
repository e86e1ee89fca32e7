use connectors::registration::Portal;

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
        prefix("kurz", "/knapp"),
        host("essen", "essen.localhost"),
        portal(
            "herne",
            "[[route]]\npath = \"/portal/bochum/genau\"\nkind = \"gone\"\n\
             [[route]]\nhost = \"herne.localhost\"\nprefix = \"/alt\"\nkind = \"redirect\"\nto = \"/neu\"\n\
             [[route]]\nhost = \"herne.localhost\"\npath = \"/alt/a/b/c/d\"\nkind = \"gone\"\n",
        ),
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
        Ok(Target::Responsible(wanted)) => format!("zu {} {} {}", wanted.schluessel, wanted.ars, wanted.rest),
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
    check("", "/knapp/portal/bochum/x", "kurz /portal/bochum/x");
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

#[test]
fn an_exact_path_goes_before_the_longest_prefix() {
    check("", "/portal/bochum/genau", "herne /");
    check("", "//portal/bochum//genau//", "herne /");
    check("", "/portal/bochum/genau/x", "bochum /genau/x");
    check("", "/portal/bochum/genauer", "bochum /genauer");
}

#[test]
fn a_host_may_have_some_paths_only() {
    check("herne.localhost", "/alt/x", "herne /x");
    check("herne.localhost", "/alt/a/b/c/d/", "herne /");
    check("herne.localhost", "/alt/a/b/c/d/e", "herne /a/b/c/d/e");
    check("herne.localhost", "/suche", "own");
    check("herne.localhost", "/portal/bochum/x", "bochum /x");
    check("herne.localhost", "/alt/../x", "unsafe");
    check("", "/alt/x", "own");
}

#[test]
fn what_is_wanted_for_a_leistung_at_a_place_is_written_in_full() {
    const ZU: &str = "/zu/99110009104000/059110000000";
    check("", ZU, "own");
    check("", &format!("{ZU}/"), "zu 99110009104000 059110000000 /");
    check("", &format!("{ZU}/a//b%20c/"), "zu 99110009104000 059110000000 /a//b%20c/");
    check("", &format!("/{ZU}//x").replace("/0", "//0"), "zu 99110009104000 059110000000 //x");
    for path in ["/zu/99110009104000/05911/x", "/zu/L1_1/059110000000/x", "/zu/9911000910400%30/059110000000/x"] {
        check("", path, "own");
    }
    for tail in ["..", "%2e%2e/x", "a%2fb", "a%5Cb", "%00"] {
        check("", &format!("{ZU}/{tail}"), "unsafe");
    }
    check("essen.localhost", &format!("{ZU}/x"), &format!("essen {ZU}/x"));
}

#[test]
fn a_portal_is_reached_for_a_leistung_by_its_template() {
    let takes = |id: &str, more: &str| {
        let route = format!("prefix = \"/portal/{id}\"\nupstream = [\"http://127.0.0.1:1\"]");
        portal(id, &format!("{more}[[route]]\nkind = \"gone\"\nprefix = \"/x/{id}\"\n[[route]]\n{route}\n"))
    };
    let template = "responsible = { path = \"/d/{schluessel}/{ars}/{rest}\" }\n";
    let (routes, faults) = Routes::build(&[takes("eins", ""), takes("zwei", template)], None);
    assert_eq!(faults, []);
    let Ok(Target::Responsible(wanted)) = routes.find(None, "/zu/99110009104000/059110000000/a?b") else { panic!() };
    let ids = |ids: &[&str]| ids.iter().map(|id| id.parse().unwrap()).collect::<Vec<PortalId>>();
    assert_eq!(routes.way_in(&ids(&["eins", "drei"])), None);
    let way = routes.way_in(&ids(&["eins", "zwei"])).unwrap();
    let matched = way.matched(&wanted, Some("Bürgeramt".into()), None);
    assert_eq!(matched.rest, "/d/99110009104000/059110000000/a?b");
    let route = &matched.route;
    assert_eq!((route.portal.as_str(), route.name.as_str()), ("zwei", "Bürgeramt"));
    assert_eq!((route.prefix(), route.told_prefix()), ("/zu/99110009104000/059110000000", "/portal/zwei"));
    let listed: Vec<_> = routes.listing().iter().map(Listed::line).collect();
    let expected = [
        "eins\tproxy\t*/portal/eins/*\thttp://127.0.0.1:1/",
        "eins\tgone 410\t*/x/eins/*\t",
        "zwei\tproxy\t*/portal/zwei/*\thttp://127.0.0.1:1/\tresponsible /d/{schluessel}/{ars}/{rest}",
        "zwei\tgone 410\t*/x/zwei/*\t",
    ];
    assert_eq!(listed, expected);
}

#[test]
fn a_host_belongs_to_one_portal() {
    let below = "[[route]]\nhost = \"essen.localhost\"\nprefix = \"/x\"\nupstream = [\"http://127.0.0.1:1\"]\n";
    let (routes, faults) = Routes::build(&[host("essen", "essen.localhost"), portal("herne", below)], None);
    assert_eq!(routes.len(), 1);
    let essen = "essen".parse().unwrap();
    assert!(matches!(&faults[..], [RouteFault { kind: RouteFaultKind::ForeignHost(other), .. }] if *other == essen));
}

#[test]
fn a_redirect_keeps_path_and_query_or_not() {
    #[track_caller]
    fn check(keys: &str, path: &str, query: Option<&str>, expected: &str) {
        let route = format!("[[route]]\nkind = \"redirect\"\nprefix = \"/alt\"\n{keys}\n");
        let (routes, _) = Routes::build(&[portal("a", &route)], None);
        let Ok(Target::Portal(matched)) = routes.find(None, path) else { panic!("{path}") };
        assert_eq!(matched.redirect(query).as_deref(), Some(expected), "{keys} {path}");
    }
    check("to = \"/neu\"", "/alt", None, "/neu");
    check("to = \"/neu\"", "/alt/", None, "/neu");
    check("to = \"/neu\"", "/alt/x//y%20z", Some("a=b"), "/neu/x//y%20z?a=b");
    check("to = \"/neu\"\nkeep_path = false", "/alt/x", Some("a=b"), "/neu?a=b");
    check("to = \"/neu\"\nkeep_query = false", "/alt/x", Some("a=b"), "/neu/x");
    check("to = \"https://neu.example/x\"", "/alt//evil.example", None, "https://neu.example/x/evil.example");
    check("to = \"/\"", "/alt//evil.example", None, "/evil.example");
}

#[test]
fn it_is_said_which_rule_answers() {
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let explain = |host: Option<&str>, path: &str| {
        let (explained, _) = table().explain(host, path, Some("q"), now);
        format!("{} {} {}", explained.answer, explained.target.unwrap_or_default(), explained.why.join("; "))
    };
    for (host, path, expected) in [
        (None, "/portal/bochum/x", "proxy /x?q prefix `/portal/bochum` of portal bochum: it is the longest prefix of"),
        (None, "/portal/bochum/genau", "gone  path `/portal/bochum/genau` of portal herne: it is exactly this path"),
        (Some("herne.localhost"), "/alt/x", "redirect /neu/x?q prefix `herne.localhost/alt` of portal herne: it is"),
        (Some("essen.localhost"), "/x", "proxy /x?q host `essen.localhost` of portal essen: the host is the portal's"),
        (None, "/suche", "own  no portal has a route"),
        (None, "/portal/bochum/..", "refused  the path holds a segment"),
    ] {
        let said = explain(host, path);
        assert!(said.starts_with(expected), "\n got {said}\nwant {expected}");
    }
}

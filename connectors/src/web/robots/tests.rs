//! The examples of RFC 9309, and what else is found in such files.

use super::*;

fn url(path: &str) -> Url {
    Url::parse("https://stadt.example/").unwrap().join(path).unwrap()
}

fn robots(text: &str) -> Robots {
    Robots::read(text.as_bytes(), &url("/robots.txt"))
}

#[track_caller]
fn check(rules: &str, path: &str, allowed: bool) {
    let text = format!("User-agent: *\n{rules}");
    assert_eq!(robots(&text).allows(&url(path)), allowed, "{rules:?} and {path}");
}

#[test]
fn the_longest_rule_decides_and_of_equals_the_one_that_allows() {
    // RFC 9309, section 5.2
    let rules = "Allow: /example/page/\nDisallow: /example/page/disallowed.gif";
    check(rules, "/example/page/disallowed.gif", false);
    check(rules, "/example/page/", true);
    check("Disallow: /seite\nAllow: /seite", "/seite", true);
    check("Allow: /seite\nDisallow: /seite", "/seite", true);
    check("Disallow: /\nAllow: /amt", "/amt/pass", true);
    check("Disallow: /", "/robots.txt", true);
    check("Disallow:", "/alles", true);
}

#[test]
fn special_characters_are_any_text_and_the_end() {
    // RFC 9309, section 2.2.3
    check("Disallow: /this/path/exactly$", "/this/path/exactly", false);
    check("Disallow: /this/path/exactly$", "/this/path/exactly/not", true);
    check("Disallow: /this/*/exactly", "/this/way/exactly/so", false);
    check("Disallow: /this/*/exactly", "/this/exactly", true);
    check("Disallow: *.pdf$", "/a/b.pdf", false);
    check("Disallow: *.pdf$", "/a/b.pdf.html", true);
    check("Disallow: /*.gif$", "/a.gif.b.gif", false);
    check("Disallow: /*?druck=", "/seite?x=1&y=2", true);
    check("Disallow: /*?druck=", "/seite?druck=1", false);
    check("Disallow: /x$", "/x?y", true);
    // `%24` and `%2A` are the characters themselves
    check("Disallow: /path/file-with-a-%2A.html", "/path/file-with-a-*.html", false);
    check("Disallow: /path/foo-%24", "/path/foo-$", false);
    check("Disallow: /path/file-with-a-%2A.html", "/path/file-with-a-b.html", true);
}

#[test]
fn one_spelling_of_an_address_is_as_good_as_the_other() {
    // RFC 9309, section 2.2.2, the table
    check("Disallow: /foo/bar?baz=quz", "/foo/bar?baz=quz", false);
    check("Disallow: /foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar", false);
    check("Disallow: /foo/bar/\u{30c4}", "/foo/bar/%E3%83%84", false);
    check("Disallow: /foo/bar/%E3%83%84", "/foo/bar/\u{30c4}", false);
    check("Disallow: /foo/bar/%62%61%7A", "/foo/bar/baz", false);
    check("Disallow: /stra%c3%9fe", "/straße", false);
    check("Disallow: /Amt", "/amt", true);
}

#[test]
fn groups_are_chosen_by_the_product_token_and_merged() {
    // RFC 9309, section 5.1, with our name
    let text = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n\
                User-Agent: barbot\nUser-Agent: Portalverbund\nDisallow: /example/page.html\n\n\
                User-Agent: quxbot\n";
    let read = robots(text);
    assert!(!read.allows(&url("/example/page.html")));
    assert!(read.allows(&url("/example/allowed.gif")) && read.allows(&url("/bild.gif")));
    let merged = "User-agent: portalverbund\nDisallow: /a\n\nUser-agent: x\nDisallow: /\n\n\
                  user-agent: PORTALVERBUND.NRW/1.0\nDisallow: /b";
    let read = robots(merged);
    assert!(!read.allows(&url("/a")) && !read.allows(&url("/b")) && read.allows(&url("/c")));
    // a name that only begins like ours is another robot's
    assert!(robots("User-agent: Portalverbundbot\nDisallow: /").allows(&url("/a")));
    // a group of ours without rules lets everything be read, whatever `*` says
    assert!(robots("User-agent: *\nDisallow: /\nUser-agent: portalverbund\nDisallow:").allows(&url("/a")));
}

#[test]
fn sitemaps_and_delays_end_no_group() {
    let text = "User-agent: portalverbund\nSitemap: /karte.xml\nCrawl-delay: 2.5\nUser-agent: y\nDisallow: /a\n\
                Sitemap: https://andere.example/s.xml";
    let read = robots(text);
    assert!(!read.allows(&url("/a")));
    assert_eq!(read.delay(), Some(Duration::from_millis(2_500)));
    let sitemaps: Vec<_> = read.sitemaps().iter().map(Url::as_str).collect();
    assert_eq!(sitemaps, ["https://stadt.example/karte.xml", "https://andere.example/s.xml"]);
    for (text, expected) in [("99999999", Some(MAX_DELAY)), ("-1", None), ("bald", None), ("NaN", None)] {
        assert_eq!(robots(&format!("User-agent: *\nCrawl-delay: {text}")).delay(), expected, "{text}");
    }
}

#[test]
fn line_ends_comments_a_byte_order_mark_and_noise_are_let_pass() {
    let text =
        b"\xef\xbb\xbfUSER-AGENT : * # alle\rdisallow : /a # nicht\r\n<html>\nunbekannt: x\nDisallow /b\n\xff\xfe";
    let read = Robots::read(text, &url("/"));
    assert!(!read.allows(&url("/a")) && read.allows(&url("/b")));
    // rules before the first group are nobody's
    assert!(robots("Disallow: /\nUser-agent: x\nDisallow: /").allows(&url("/a")));
    assert!(Robots::all_allowed().allows(&url("/a")));
    assert!(!Robots::nothing_allowed().allows(&url("/a")));
}

#[test]
fn what_lies_behind_the_limit_is_not_read() {
    let mut text = String::from("User-agent: *\nDisallow: /a\n");
    while text.len() < MAX_BYTES - 20 {
        text.push_str("# voll\n");
    }
    text.push_str("Disallow: /bbbbbbbbbbbbbbbbbbbbbbbbbb\nDisallow: /c\n");
    let read = robots(&text);
    assert!(!read.allows(&url("/a")) && read.allows(&url("/c")) && read.allows(&url("/bbb")));
}

#[test]
fn a_pattern_of_many_stars_takes_no_long_time() {
    let rules = format!("Disallow: /{}b$", "*a".repeat(2_000));
    check(&rules, &format!("/{}", "a".repeat(1_900)), true);
}

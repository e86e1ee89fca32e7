//! Whole runs over sites that are written down here; no network, no clock.

use std::collections::BTreeMap;

use super::*;

/// A site as answers by path; what is not there is 404.
#[derive(Default)]
struct Site {
    answers: BTreeMap<&'static str, WebOutcome>,
    asked: Vec<String>,
    findings: Vec<Rule>,
    failed: bool,
    paces: Vec<Duration>,
}

fn url(path: &str) -> Url {
    Url::parse("https://stadt.example/").unwrap().join(path).unwrap()
}

fn body(text: &str) -> WebOutcome {
    WebOutcome::Body(text.as_bytes().to_vec())
}

fn status(status: u16) -> WebOutcome {
    WebOutcome::Status { status, retry_after: None }
}

fn page(at: &str, canonical: Option<&str>) -> WebOutcome {
    WebOutcome::Page { url: url(at), canonical: canonical.map(url) }
}

fn known(path: &str, visited: &str, filled: bool) -> KnownPage {
    let validators = Validators { etag: Some(format!("\"{path}\"")), last_modified: None };
    KnownPage { url: url(path), validators, visited: visited.parse().unwrap(), filled }
}

impl Site {
    fn of(answers: &[(&'static str, WebOutcome)]) -> Self {
        Self { answers: answers.iter().cloned().collect(), ..Self::default() }
    }

    /// Makes a run; gives what it saw, as path and sight.
    fn run(&mut self, scope: Scope, known: Vec<KnownPage>) -> Vec<(String, Sight)> {
        let limits = Limits { max_pages: 6, max_tries: 3, ..Limits::default() };
        let mut run = WebRun::new(url("/"), scope, known, limits);
        let mut seen = Vec::new();
        for _ in 0..10_000 {
            match run.next_step() {
                WebStep::Fetch(request) => {
                    let path = request.url.as_str().strip_prefix("https://stadt.example").unwrap().to_owned();
                    let outcome = self.answers.get(path.as_str()).cloned().unwrap_or_else(|| status(404));
                    self.asked.push(path);
                    self.paces.push(request.pace);
                    let sights = run.answer(outcome).into_iter();
                    seen.extend(sights.map(|seen| (seen.url.path().to_owned(), seen.sight)));
                }
                WebStep::Finished => {
                    self.findings = run.take_findings().iter().map(|finding| finding.rule).collect();
                    return seen;
                }
                WebStep::Failed(findings) => {
                    self.failed = true;
                    self.findings = findings.iter().map(|finding| finding.rule).collect();
                    return seen;
                }
            }
        }
        panic!("the run does not end");
    }

    fn whole(&mut self) -> Vec<(String, Sight)> {
        self.run(Scope::Site { sitemap: None }, Vec::new())
    }
}

fn read(path: &str) -> (String, Sight) {
    (path.to_owned(), Sight::Read)
}

const ROBOTS: &str = "User-agent: *\nDisallow: /intern\nCrawl-delay: 7\nSitemap: /s.xml";
const LIST: &str =
    "https://stadt.example/a\nhttps://stadt.example/intern/b\nhttps://stadt.example/c#teil\nhttps://fremd.example/d";

#[test]
fn a_site_is_read_by_what_its_robots_and_lists_say() {
    let mut site = Site::of(&[
        ("/robots.txt", body(ROBOTS)),
        ("/s.xml", body(LIST)),
        ("/", page("/", None)),
        ("/a", page("/a", None)),
        ("/c", page("/c", None)),
    ]);
    assert_eq!(site.whole(), [read("/"), read("/a"), read("/c")]);
    assert_eq!(site.asked, ["/robots.txt", "/s.xml", "/", "/a", "/c"]);
    assert_eq!(site.findings, [Rule::WebListForeign, Rule::WebForbidden]);
    let (first, rest) = site.paces.split_first().unwrap();
    assert_eq!(*first, Duration::from_secs(1));
    assert!(rest.iter().all(|pace| *pace == Duration::from_secs(7)));
}

#[test]
fn without_robots_everything_is_allowed_and_the_usual_list_is_tried() {
    for robots in [404, 401, 410, 451] {
        let mut site = Site::of(&[("/robots.txt", status(robots)), ("/sitemap.xml", body(LIST))]);
        site.whole();
        assert_eq!(site.asked, ["/robots.txt", "/sitemap.xml", "/", "/a", "/c", "/intern/b"], "{robots}");
    }
}

#[test]
fn a_site_whose_robots_cannot_be_had_is_left_alone() {
    let timeout = WebOutcome::Fault(Fault::Timeout(Duration::from_secs(1)));
    let foreign = WebOutcome::Fault(Fault::RedirectForeign("https://x.example/".into()));
    for (robots, tries) in [(status(503), 3), (status(429), 3), (timeout, 1), (foreign, 1), (status(302), 1)] {
        let mut site = Site::of(&[("/robots.txt", robots.clone()), ("/sitemap.xml", body(LIST))]);
        assert_eq!(site.whole(), []);
        assert_eq!(site.asked, vec!["/robots.txt"; tries], "{robots:?}");
        assert!(site.failed && site.findings.contains(&Rule::WebRobotsSilent));
    }
}

#[test]
fn lists_in_lists_that_name_each_other_end() {
    let index = |to: &str| {
        body(&format!(
            "<sitemapindex><sitemap><loc>{to}</loc></sitemap><sitemap><loc>https://fremd.example/s.xml</loc></sitemap></sitemapindex>"
        ))
    };
    let mut site = Site::of(&[("/sitemap.xml", index("/b.xml")), ("/b.xml", index("/sitemap.xml"))]);
    site.whole();
    assert_eq!(site.asked, ["/robots.txt", "/sitemap.xml", "/b.xml", "/"]);
    assert!(site.findings.contains(&Rule::WebListForeign));
    let mut deep =
        Site::of(&[("/sitemap.xml", index("/1")), ("/1", index("/2")), ("/2", index("/3")), ("/3", index("/4"))]);
    deep.whole();
    assert_eq!(deep.asked, ["/robots.txt", "/sitemap.xml", "/1", "/2", "/"]);
}

#[test]
fn the_same_content_at_two_addresses_is_taken_once() {
    let list = body("https://stadt.example/a?x=1\nhttps://stadt.example/a?x=2\nhttps://stadt.example/alt");
    let mut site = Site::of(&[
        ("/sitemap.xml", list.clone()),
        ("/a?x=1", page("/a?x=1", Some("/a"))),
        ("/a?x=2", page("/a?x=2", Some("/a"))),
        ("/a", page("/a", Some("/a"))),
        ("/alt", page("/neu", None)),
    ]);
    let seen = site.whole();
    let taken: Vec<_> = seen.iter().filter(|(_, sight)| *sight == Sight::Read).map(|(path, _)| path.as_str()).collect();
    assert_eq!(taken, ["/a", "/neu"]);
    assert_eq!(seen.iter().filter(|(_, sight)| *sight == Sight::Elsewhere).count(), 3);
    // two that name each other: one of them holds it; a right address that is gone holds nothing
    let list = body("https://stadt.example/a\nhttps://stadt.example/b\nhttps://stadt.example/c");
    let mut site = Site::of(&[
        ("/sitemap.xml", list),
        ("/a", page("/a", Some("/b"))),
        ("/b", page("/b", Some("/a"))),
        ("/c", page("/c", Some("/"))),
    ]);
    let seen = site.whole();
    let taken: Vec<_> = seen.iter().filter(|(_, sight)| *sight == Sight::Read).map(|(path, _)| path.as_str()).collect();
    assert_eq!(taken, ["/b", "/c"]);
}

#[test]
fn pages_that_records_came_from_are_asked_again_even_when_no_list_names_them() {
    let pages = vec![
        known("/weg", "2026-01-02T00:00:00Z", true),
        known("/gleich", "2026-01-01T00:00:00Z", true),
        known("/leer", "2026-01-01T00:00:00Z", false),
        known("/leer-neu", "2026-01-01T00:00:00Z", false),
    ];
    let list = "<urlset><url><loc>https://stadt.example/leer</loc><lastmod>2025-12-31</lastmod></url><url><loc>\
                https://stadt.example/leer-neu</loc><lastmod>2026-01-02</lastmod></url><url><loc>https://stadt.example/neu\
                </loc></url></urlset>";
    let mut site = Site::of(&[
        ("/sitemap.xml", body(list)),
        ("/gleich", status(304)),
        ("/leer-neu", status(403)),
        ("/neu", status(410)),
    ]);
    let seen = site.run(Scope::Site { sitemap: None }, pages);
    assert_eq!(site.asked, ["/robots.txt", "/sitemap.xml", "/gleich", "/weg", "/", "/neu", "/leer-neu"]);
    let expected = [("/gleich", Sight::Unchanged), ("/weg", Sight::Gone), ("/", Sight::Gone), ("/neu", Sight::Gone)];
    assert_eq!(seen, expected.map(|(path, sight)| (path.to_owned(), sight)));
    assert_eq!(site.findings, [Rule::WebPageFailed]);
}

#[test]
fn a_site_that_falls_silent_is_not_asked_on_and_one_that_is_large_is_read_in_parts() {
    let list: String = (10..40).map(|n| format!("https://stadt.example/{n}\n")).collect();
    let mut site = Site::of(&[("/sitemap.xml", body(&list))]);
    let seen = site.whole();
    assert_eq!(seen.len(), 6);
    assert_eq!(site.findings, [Rule::WebPagesLimit]);
    let known: Vec<_> =
        (10..40).map(|n| known(Box::leak(format!("/{n}").into_boxed_str()), "2026-01-01T00:00:00Z", true)).collect();
    let mut silent = Site::default();
    for n in 10..40 {
        silent.answers.insert(Box::leak(format!("/{n}").into_boxed_str()), status(500));
    }
    let limits = Limits { max_tries: 1, ..Limits::default() };
    let mut run = WebRun::new(url("/"), Scope::Site { sitemap: None }, known, limits);
    let mut asked = 0;
    while let WebStep::Fetch(request) = run.next_step() {
        asked += usize::from(request.what == WebWhat::Page);
        let outcome = silent.answers.get(request.url.path()).cloned().unwrap_or_else(|| status(404));
        assert_eq!(run.answer(outcome), []);
    }
    assert_eq!(asked, MAX_SILENT);
    assert!(run.take_findings().iter().any(|finding| finding.rule == Rule::WebSilent));
}

#[test]
fn single_pages_are_read_when_robots_lets_them() {
    let mut site =
        Site::of(&[("/robots.txt", body(ROBOTS)), ("/a", page("/a", None)), ("/b", page("/intern/b", None))]);
    let pages =
        vec![url("/a#x"), url("/intern/c"), Url::parse("https://fremd.example/a").unwrap(), url("/b"), url("/a")];
    let seen = site.run(Scope::Pages(pages), Vec::new());
    assert_eq!(site.asked, ["/robots.txt", "/a", "/b"]);
    assert_eq!(seen, [read("/a"), ("/b".to_owned(), Sight::Elsewhere)]);
}

#[test]
fn a_pause_that_is_asked_for_is_kept() {
    let mut run = WebRun::new(url("/"), Scope::Pages(vec![url("/a")]), Vec::new(), Limits::default());
    assert!(matches!(run.next_step(), WebStep::Fetch(_)));
    run.answer(status(404));
    assert!(matches!(run.next_step(), WebStep::Fetch(_)));
    run.answer(WebOutcome::Status { status: 503, retry_after: Some(Duration::from_secs(40)) });
    let WebStep::Fetch(again) = run.next_step() else { panic!("a second try") };
    assert_eq!((again.url, again.wait), (url("/a"), Duration::from_secs(40)));
    run.answer(WebOutcome::Status { status: 503, retry_after: Some(Duration::from_secs(40)) });
    assert!(matches!(run.next_step(), WebStep::Finished));
}

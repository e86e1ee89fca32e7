use super::*;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn visit(asked: &str, reached: &str, status: u16, html: &str) -> Visit {
    let redirects = u32::from(asked != reached);
    let page = (!html.is_empty()).then(|| Page::read(html.as_bytes(), Some("text/html; charset=utf-8")));
    Visit { asked: url(asked), reached: url(reached), redirects, status, page }
}

const HERE: &str = "https://stadt.example/hund/anmelden";
const HOME: &str = "https://stadt.example/";

#[track_caller]
fn check(visit: &Visit, stranger: Option<&Stranger>, expected: Verdict) {
    assert_eq!(judge(visit, stranger), expected, "{visit:?}");
}

#[test]
fn an_answer_says_what_became_of_an_address() {
    use LinkFault::*;
    let good = "<title>Hund anmelden</title><h1>Hund anmelden</h1>Melden Sie hier Ihren Hund an.";
    for (status, expected) in [
        (200, Verdict::Good),
        (404, Verdict::Faulty(Gone)),
        (410, Verdict::Faulty(Gone)),
        (500, Verdict::Faulty(Status)),
        (400, Verdict::Faulty(Status)),
        (401, Verdict::Unclear),
        (403, Verdict::Unclear),
        (429, Verdict::Unclear),
        (503, Verdict::Unclear),
    ] {
        check(&visit(HERE, HERE, status, good), None, expected);
    }
    check(&visit(HERE, HOME, 200, good), None, Verdict::Faulty(MovedHome));
    check(&visit("https://stadt.example/start", HOME, 200, good), None, Verdict::Good);
    check(&visit(HERE, "https://stadt.example/?seite=17", 200, good), None, Verdict::Good);
    check(&visit(HERE, "https://stadt.example/neu", 200, good), None, Verdict::Good);
}

#[test]
fn an_error_page_with_status_200_is_known_by_its_words_or_by_a_made_up_path() {
    let soft = Verdict::Faulty(LinkFault::SoftGone);
    for html in [
        "<title>404 - Stadt</title>",
        "<h1>Seite nicht gefunden</h1>",
        "<title>Page not found</title>",
        "<h1>Diese Seite existiert nicht mehr</h1><p>",
    ] {
        check(&visit(HERE, HERE, 200, html), None, soft);
    }
    for html in ["<title>Vorgang 40412</title>", "<h1>Bescheinigung: Geburtsurkunde</h1>"] {
        check(&visit(HERE, HERE, 200, html), None, Verdict::Good);
    }
    let sorry = "<title>Stadt</title><body>Leider haben wir da nichts: /hund/anmelden um 12:30";
    let same = visit(HERE, HERE, 200, sorry);
    let other = Page::read(b"<title>Stadt</title><body>Leider haben wir da nichts: /pruefung-1 um 12:31", None);
    check(&same, Some(&Stranger::Text(other.text.clone())), soft);
    check(&same, Some(&Stranger::Refused), Verdict::Good);
    check(&same, Some(&Stranger::Front), Verdict::Good);
    check(&visit(HERE, HERE, 200, "<title>x</title><body>Hund"), Some(&Stranger::Text(other.text)), Verdict::Good);
}

#[test]
fn a_page_says_whose_it_is_only_where_it_names_one_town_as_the_speaker() {
    let named = |title: &str, heading: &str| {
        let page = Page { title: title.into(), heading: heading.into(), text: String::new() };
        town_of(&page).map(|ars| ars.to_string())
    };
    assert_eq!(named("Hund anmelden | Stadt Herne", "Hundesteuer").as_deref(), Some("059160000000"));
    assert_eq!(named("Rathaus Bochum", "").as_deref(), Some("059110000000"));
    assert_eq!(named("Umzug von Herne nach Bochum", "Herne"), None, "a name alone says nothing");
    assert_eq!(named("Stadt Herne", "Stadt Bochum"), None, "two are nobody");
    assert_eq!(named("Stadt Essen-Kettwig", ""), None);
    assert_eq!(named("Die Stadt informiert", ""), None);
}

#[test]
fn pages_are_decoded_as_they_say() {
    let latin = b"<html><head><meta charset=\"iso-8859-1\"><title>Geb\xfchr</title></head><body><h1>Geb\xfchren</h1>\
                  <script>var x = 1;</script><p>Was es kostet";
    let page = Page::read(latin, None);
    assert_eq!((page.title.as_str(), page.heading.as_str()), ("Gebühr", "Gebühren"));
    assert_eq!(page.text, "gebühren was es kostet ");
    assert_eq!(Page::read(latin, Some("text/html; charset=\"ISO-8859-1\"")).title, "Gebühr");
}

#[test]
fn codes_are_read_back() {
    let faults = LinkFault::ALL.map(Verdict::Faulty);
    for verdict in [Verdict::Good, Verdict::Unclear].into_iter().chain(faults) {
        assert_eq!(Verdict::of_code(verdict.code()), Some(verdict));
    }
    let (path, front) = made_up(&url("https://stadt.example/a/b?c=d#e"));
    assert_eq!(front.as_str(), HOME);
    assert!(path.path().starts_with("/pruefung-") && path.query().is_none() && made_up(&url(HERE)).0 == path);
}

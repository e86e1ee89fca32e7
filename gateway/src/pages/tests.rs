use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use connectors::gebiet::Level;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use indexer::catalog::{LeistungView, PlaceReading, Responsible, SearchAnswer, State, TextRole};
use indexer::record::{Lang, ModulArt};
use tower::ServiceExt as _;

use super::fixtures::{self, HOSTILE};
use super::leistung::LeistungPage;
use super::narrow::Filters;
use super::results::{Asked, Results};
use super::sprache::{Hier, Sprache};
use super::templates::{self, Fault, Loads, OrtChoice, Page};
use super::view::{Ort, Part, SearchForm};
use super::weg::leave;
use super::zu::{self, HandOver, Lage, ZuPage};
use super::{assemble, unknown_place};
use crate::api;

mod leistung_page;
pub(crate) mod markup;
mod narrow;

fn page(title: &str) -> Page {
    page_in(Sprache::Deutsch, title)
}

fn page_in(sprache: Sprache, title: &str) -> Page {
    let hier = Hier { sprache, path: "/hier".into() };
    let loads = Loads { style: "/static/stil.css".into(), fonts: Vec::new(), script: "/static/skript.js".into() };
    Page { loads, ..Page::here(&hier, title, Some("http://localhost:8080/hier".into())) }
}

/// An answer as it is shown on page `page`.
fn shown(answer: &SearchAnswer, form: SearchForm, page: usize, filters: &Filters) -> Results {
    Results::of(answer, Asked { form, which_place: &[], page, filters, sprache: Sprache::Deutsch })
}

fn form(q: &str, ort: &str) -> SearchForm {
    SearchForm { q: q.into(), ort: ort.into(), ..SearchForm::default() }
}

#[track_caller]
fn results(answer: &SearchAnswer) -> String {
    let results = shown(answer, form(&answer.text, ""), 1, &Filters::default());
    let html = templates::results(&page(&results.title(Sprache::Deutsch)), &results);
    markup::check(&html);
    html
}

#[track_caller]
fn leistung(view: &LeistungView) -> String {
    let it = LeistungPage::of(view, "99012999017001", Sprache::Deutsch);
    let html = templates::leistung(&page(&it.title()), &it);
    markup::check(&html);
    html
}

#[track_caller]
fn zu_page(responsible: &Responsible) -> ZuPage {
    match zu::hand_over(responsible, "99012999017001", None, Sprache::Deutsch) {
        Some(HandOver::Page(page)) => *page,
        other => panic!("no page but {other:?}"),
    }
}

#[track_caller]
fn zu_html(responsible: &Responsible) -> String {
    let it = zu_page(responsible);
    let html = templates::zu(&page(&zu::title(&it, Sprache::Deutsch)), &it);
    markup::check(&html);
    html
}

/// The part of a page that is its own.
fn main_of(html: &str) -> String {
    let begin = html.find("<main").unwrap();
    let end = html.find("</main>").unwrap();
    html.get(begin..end).unwrap().lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_text_of_several_says_whose_each_part_is() {
    let mut view = fixtures::view();
    view.modules[2].role = TextRole::Master;
    view.modules[2].whose.name = "Land Nordrhein-Westfalen".into();
    view.modules[2].whose.changed = Some("2026-10-01T08:00:00Z".parse().unwrap());
    let html = leistung(&view);
    for text in
        ["Mastertext: Land Nordrhein-Westfalen, Stand 01.10.2026", "Text vor Ort: Stadt Bochum", "Ortsergänzung: "]
    {
        assert!(html.contains(text), "{text} in {html}");
    }
    assert!(!leistung(&fixtures::view()).contains("Text vor Ort"), "a text of one needs no word about it");
}

#[test]
fn the_start_page() {
    let html = templates::start(&page("Was möchten Sie erledigen?"), &SearchForm::default());
    markup::check(&html);
    insta::assert_snapshot!("start", html);
}

#[test]
fn the_results_show_the_best_answer_first() {
    insta::assert_snapshot!("results", main_of(&results(&fixtures::search_answer())));
}

#[test]
fn the_results_help_when_there_are_none() {
    let answer = SearchAnswer { total: 0, hits: Vec::new(), ..fixtures::search_answer() };
    let html = results(&answer);
    assert!(html.contains(r#"role="status">0 Ergebnisse<"#));
    assert!(html.contains("tel:115"));
    insta::assert_snapshot!("results_none", main_of(&html));
}

#[test]
fn the_results_ask_which_place_is_meant_and_keep_the_question() {
    let places = [
        fixtures::neuenkirchen("Kreis Steinfurt", "055660064064"),
        fixtures::neuenkirchen("Kreis Anderswo", "055660068068"),
    ];
    let answer = SearchAnswer { place: None, ambiguous: places.to_vec(), ..fixtures::search_answer() };
    let html = results(&answer);
    assert!(html.contains("Welcher ist es?"));
    assert!(html.contains("/suche?q=hund%20anmelden&#38;ort=055660064064"), "{html}");
    assert!(html.contains("Neuenkirchen (Kreis Steinfurt)"));
}

#[test]
fn the_results_say_what_was_searched_instead() {
    let answer = SearchAnswer {
        text: "hunt anmelden".into(),
        understood: "hunt anmelden".into(),
        corrected: Some("hund anmelden".into()),
        ..fixtures::search_answer()
    };
    let html = results(&answer);
    assert!(html.contains("Zu „hunt anmelden“ haben wir nichts gefunden."));
    assert!(html.contains("<title>„hund anmelden“ – Bochum – Portalverbund.NRW</title>"));
    // What was typed stays in the field.
    assert!(html.contains(r#"value="hunt anmelden""#));
}

#[test]
fn results_are_turned_page_by_page() {
    let answer = SearchAnswer { total: 23, ..fixtures::search_answer() };
    let pages = |page| {
        let results = shown(&answer, form("hund", "Bochum"), page, &Filters::default());
        (results.best.is_some(), results.previous, results.next)
    };
    let at = |page: usize| Some(super::address::suche("hund", "Bochum", page));
    assert_eq!(pages(1), (true, None, at(2)));
    assert_eq!(pages(2), (false, at(1), at(3)));
    assert_eq!(pages(3), (false, at(2), None));
}

#[test]
fn a_hit_names_the_way_that_fits_its_state() {
    for (responsible, expected) in [
        (None, "Wer zuständig ist, hängt vom Ort ab."),
        (Some(fixtures::found()), r#"href="/bevor/99012999017001/059110000000?frage=hund%20anmelden&#38;rang=1""#),
        (Some(fixtures::none()), "Für diesen Ort ist uns keine zuständige Stelle bekannt."),
        (Some(ambiguous()), "Mehrere Stellen kommen infrage."),
        (Some(blocked()), "dessen Adresse bei uns nicht registriert ist"),
        (Some(Responsible { onlinedienste: Vec::new(), ..fixtures::found() }), "Zuständige Stelle und alle Angaben"),
    ] {
        let without_place = responsible.is_none();
        let mut answer =
            SearchAnswer { hits: vec![fixtures::hit("Hund anmelden", responsible)], ..fixtures::search_answer() };
        if without_place {
            answer.place = None;
        }
        let html = results(&answer);
        assert!(html.contains(expected), "{expected}\n{html}");
    }
}

fn ambiguous() -> Responsible {
    Responsible {
        state: State::Ambiguous,
        answers: vec![fixtures::office("Amt A"), fixtures::office("Amt B")],
        ..fixtures::found()
    }
}

fn blocked() -> Responsible {
    Responsible { onlinedienste: vec![fixtures::dienst("OD1", Level::Gemeinde, false)], ..fixtures::found() }
}

#[test]
fn a_leistung_at_a_place() {
    insta::assert_snapshot!("leistung", main_of(&leistung(&fixtures::view())));
}

#[test]
fn the_hand_over_goes_straight_to_the_one_best_service() {
    let best = |dienste: &[(&str, Level, bool)], langs: &[&[Lang]]| {
        let mut dienste: Vec<_> =
            dienste.iter().map(|(id, level, handover)| fixtures::dienst(id, *level, *handover)).collect();
        for (dienst, langs) in dienste.iter_mut().zip(langs) {
            dienst.sprachen = langs.to_vec();
        }
        let responsible = Responsible { onlinedienste: dienste, ..fixtures::found() };
        match zu::hand_over(&responsible, "99", None, Sprache::Deutsch) {
            Some(HandOver::Go(url)) => url.path().to_owned(),
            Some(HandOver::Page(page)) => format!("{:?}", page.lage),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(best(&[("A", Level::Gemeinde, true), ("B", Level::Land, true)], &[]), "/A");
    // One that citizens may not be sent to does not stand in the way of the next.
    assert_eq!(best(&[("A", Level::Gemeinde, false), ("B", Level::Land, true)], &[]), "/B");
    assert_eq!(best(&[("A", Level::Kreis, true), ("B", Level::Kreis, true)], &[]), "Auswahl");
    assert_eq!(best(&[("A", Level::Kreis, true), ("A", Level::Kreis, true)], &[]), "/A");
    assert_eq!(best(&[("A", Level::Kreis, true), ("B", Level::Kreis, true)], &[&[Lang::EN], &[Lang::DE]]), "/B");
    assert_eq!(best(&[("A", Level::Kreis, false)], &[]), "Gesperrt");
    assert_eq!(best(&[], &[]), "NurVorOrt");
}

#[test]
fn a_chosen_service_has_to_be_one_of_those_offered_and_permitted() {
    let responsible = Responsible {
        onlinedienste: vec![fixtures::dienst("A", Level::Kreis, true), fixtures::dienst("B", Level::Kreis, false)],
        ..fixtures::found()
    };
    let chosen = |id: &str| zu::hand_over(&responsible, "99", Some(id), Sprache::Deutsch).unwrap();
    assert!(matches!(chosen("L900001_A"), HandOver::Go(url) if url.path() == "/A"));
    assert!(matches!(chosen("L900001_B"), HandOver::NoSuchDienst));
    assert!(matches!(chosen("https://evil.example/"), HandOver::NoSuchDienst));
}

#[test]
fn no_scheme_but_http_is_ever_handed_over_to() {
    let mut responsible = fixtures::found();
    responsible.onlinedienste[0].url = "javascript:alert(1)".parse().unwrap();
    assert_eq!(zu_page(&responsible).lage, Lage::Gesperrt);
    assert!(!zu_html(&responsible).contains("javascript:"));
}

#[test]
fn several_offices_are_a_choice_even_with_one_service() {
    assert_eq!(zu_page(&ambiguous()).lage, Lage::Auswahl);
    insta::assert_snapshot!("zu_choice", main_of(&zu_html(&ambiguous())));
}

#[test]
fn the_hand_over_says_what_to_do_instead() {
    let html = zu_html(&blocked());
    assert!(html.contains("können wir nicht öffnen") && html.contains("tel:+4923455500"));
    assert!(!html.contains("service.bochum.example"));
    let html = zu_html(&Responsible { onlinedienste: Vec::new(), ..fixtures::found() });
    assert!(html.contains("Nur vor Ort oder schriftlich möglich") && html.contains("Steueramt"));
    insta::assert_snapshot!("zu_none", main_of(&zu_html(&fixtures::none())));
}

#[test]
fn what_is_not_known_is_not_handed_over() {
    for state in [State::UnknownLeistung, State::UnknownPlace] {
        let responsible = Responsible { state, leistung: None, ..fixtures::found() };
        assert!(zu::hand_over(&responsible, "99", None, Sprache::Deutsch).is_none());
    }
    let response = leave(&"https://a.example/x".parse().unwrap());
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "https://a.example/x");
    assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
}

#[test]
fn the_choice_of_a_place() {
    let place = fixtures::neuenkirchen("Kreis Steinfurt", "055660064064");
    let choice = |places: Vec<Ort>, error: Option<String>| {
        let choice = OrtChoice {
            name: "Hund anmelden".into(),
            lang: None,
            was: "leistung",
            key: "99".into(),
            typed: "Neuenk".into(),
            places,
            error,
        };
        let html = templates::ort(&page("Ort wählen"), &choice);
        markup::check(&html);
        html
    };
    let html = choice(vec![Ort::of(&place, "/leistung/99/x/055660064064".into())], None);
    assert!(html.contains("Neuenkirchen (Kreis Steinfurt)") && html.contains("48485"));
    let html = choice(Vec::new(), Some(unknown_place("Neuenk")));
    assert!(html.contains(r#"aria-describedby="ort-fehler""#) && html.contains(r#"value="Neuenk""#));
}

#[test]
fn faults_are_said_in_every_language_with_a_way_on() {
    for (sprache, fault) in Sprache::ALL.into_iter().flat_map(|one| Fault::ALL.map(|fault| (one, fault))) {
        let text = fault.text(&sprache.texts().fault);
        let html = templates::fault(&page_in(sprache, text.title), fault);
        markup::check(&html);
        assert!(html.contains(text.heading) && html.contains(r#"role="search""#) && html.contains("tel:115"));
        assert!(html.contains(&format!(r#"<html lang="{}">"#, sprache.lang())));
    }
}

#[test]
fn the_same_page_is_there_in_every_language_and_says_which_texts_are_not() {
    let view = fixtures::view();
    for sprache in Sprache::ALL {
        let it = LeistungPage::of(&view, "99012999017001", sprache);
        let html = templates::leistung(&page_in(sprache, &it.title()), &it);
        markup::check(&html);
        let german = sprache == Sprache::Deutsch;
        assert_eq!(html.contains(r#" lang="de">Hund anmelden</h1>"#), !german, "{sprache:?}");
        for other in Sprache::ALL {
            assert!(html.contains(&format!(r#"href="{}""#, other.path("/hier"))), "{other:?} from {sprache:?}");
        }
        let texts = sprache.texts();
        assert!(html.contains(&format!(r#"action="{}""#, sprache.path("/ort"))), "{sprache:?}");
        assert!(html.contains(texts.bevor.heading) && html.contains((texts.words.thema)(super::texts::Thema::Kosten)));
        let bevor = templates::bevor(&page_in(sprache, "Bevor"), &it);
        markup::check(&bevor);
        assert!(bevor.contains(&sprache.path("/zu/99012999017001/059110000000")), "{bevor}");
        assert!(bevor.contains("service.bochum.example") && bevor.contains(texts.bevor.unknown), "{bevor}");
    }
}

#[test]
fn hostile_texts_stay_texts_everywhere() {
    let hostile = || HOSTILE.to_owned();
    let mut responsible = fixtures::found();
    let unit = &mut responsible.answers[0].organisationseinheit;
    unit.name = hostile();
    unit.id = hostile();
    for one in &mut unit.kommunikation {
        one.kennung = hostile();
    }
    unit.anschriften[0].strasse = Some(hostile());
    unit.links[0].title = Some(hostile());
    responsible.answers[0].why.office = hostile();
    responsible.onlinedienste[0].name = hostile();
    responsible.onlinedienste[0].portal_name = hostile();
    responsible.onlinedienste[0].zahlungsweisen = vec![hostile()];
    responsible.place = responsible.place.map(|place| indexer::catalog::Place { name: hostile(), ..place });
    let mut view = fixtures::view();
    view.short.name = hostile();
    view.short.id = hostile();
    view.short.schluessel.clear();
    view.short.kurztext = hostile();
    view.short.portal_name = hostile();
    view.modules[0].modul.heading = [(Lang::DE, hostile())].into();
    view.modules[5].modul.facts = vec![hostile()];
    view.responsible = Some(responsible.clone());
    responsible.leistung = Some(view.short.clone());
    let it = LeistungPage::of(&view, HOSTILE, Sprache::Deutsch);
    let answer = SearchAnswer {
        text: hostile(),
        understood: hostile(),
        corrected: Some(hostile()),
        hits: vec![indexer::catalog::Hit {
            leistung: view.short.clone(),
            responsible: Some(responsible.clone()),
            ..fixtures::hit("Hund", None)
        }],
        ..fixtures::search_answer()
    };
    let form =
        SearchForm { q: hostile(), ort: hostile(), q_error: Some(hostile()), ort_error: Some(unknown_place(HOSTILE)) };
    let which = [fixtures::bochum()];
    let filters = Filters::default();
    let found = Results::of(
        &answer,
        Asked { form, which_place: &which, page: 2, filters: &filters, sprache: Sprache::Deutsch },
    );
    let blocked = Responsible { onlinedienste: vec![fixtures::dienst(HOSTILE, Level::Kreis, false)], ..responsible };
    let zu = zu_page(&blocked);
    for html in [
        templates::leistung(&page(&it.title()), &it),
        templates::results(&page(&found.title(Sprache::Deutsch)), &found),
        templates::zu(&page(&zu::title(&zu, Sprache::Deutsch)), &zu),
    ] {
        markup::check(&html);
        for bad in ["<script", "<img", "onerror=y>"] {
            assert!(!main_of(&html).contains(bad), "{bad} in {html}");
        }
    }
}

async fn ask(router: Router, method: Method, uri: &str) -> (Response<()>, String) {
    let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(parts, ()), String::from_utf8(body.to_vec()).unwrap())
}

/// All of the site that needs no catalog.
fn site(over_tls: bool) -> Router {
    assemble(Router::new(), api::nest(Router::new()), over_tls)
}

#[tokio::test]
async fn every_answer_carries_the_protecting_headers() {
    for (uri, page) in [
        ("/robots.txt", true),
        ("/static/portalverbund.css", true),
        ("/gibt-es-nicht", true),
        ("/gibt-es-nicht/", true),
        ("/api/v1/openapi.json", false),
        ("/api/gibt-es-nicht", false),
    ] {
        let (response, _) = ask(site(true), Method::GET, uri).await;
        let headers = response.headers();
        for name in ["content-security-policy", "strict-transport-security", "referrer-policy"] {
            assert!(headers.contains_key(name), "{name} at {uri}");
        }
        assert_eq!(headers["x-content-type-options"], "nosniff", "{uri}");
        assert_eq!(headers.contains_key("permissions-policy"), page, "{uri}");
        assert_eq!(headers.contains_key("access-control-allow-origin"), !page, "{uri}");
    }
    let (response, _) = ask(site(false), Method::GET, "/robots.txt").await;
    assert!(!response.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_a_german_404() {
    let (response, body) = ask(site(false), Method::GET, "/gibt/es/nicht?q=%3Cscript%3E").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(body.contains("Diese Seite gibt es nicht") && !body.contains("<script>"));
}

#[tokio::test]
async fn a_slash_too_many_never_leads_to_another_host() {
    let location = async |uri: &str| {
        let (response, _) = ask(site(false), Method::GET, uri).await;
        response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(location("/suche/?q=hund").await.as_deref(), Some("/suche?q=hund"));
    assert_eq!(location("//evil.example/").await, None);
    assert_eq!(location("///").await, None);
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let (response, body) = ask(site(false), Method::POST, "/static/portalverbund.css").await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()[header::ALLOW], "GET,HEAD");
    assert!(body.contains("So lässt sich diese Seite nicht aufrufen"));
}

/// The pages that citizens see most, as they come out of the templates.
pub(crate) fn all_pages() -> Vec<(&'static str, String)> {
    vec![
        ("start", templates::start(&page("Start"), &SearchForm::default())),
        ("results", results(&fixtures::search_answer())),
        ("leistung", leistung(&fixtures::view())),
        ("zu", zu_html(&ambiguous())),
    ]
}

#[test]
fn a_question_is_read_field_by_field() {
    let texts = &Sprache::Deutsch.texts().form;
    let read = |query: &str| super::suche::Question::read(Some(query), texts).unwrap();
    let question = read("q=hund&ort=+Bochum+&utm_source=brief&seite=2");
    assert_eq!((question.q.as_deref(), question.ort.as_deref(), question.page), (Some("hund"), Some("Bochum"), 2));
    let empty = read("q=&ort=Bochum");
    assert!(empty.q.is_none() && empty.form.q_error.is_some());
    // What is right stays in its field.
    assert_eq!(empty.form.ort, "Bochum");
    let long = read(&format!("q=hund&ort={}", "x".repeat(501)));
    assert!(long.form.ort_error.is_some() && long.ort.is_none());
    for bad in ["q=a&q=b", "q=a&seite=0", "q=a&seite=101", "q=a&seite=x"] {
        assert!(super::suche::Question::read(Some(bad), texts).is_err(), "{bad}");
    }
}

#[test]
fn an_address_of_a_leistung_is_right_or_known_to_be_wrong() {
    let path = |schluessel: &str, slug: Option<&str>, ars: Option<&str>| super::weg::LeistungPath {
        schluessel: schluessel.into(),
        slug: slug.map(Into::into),
        ars: ars.map(Into::into),
    };
    let right = "/leistung/99/hund-anmelden/059110000000";
    assert!(path("99", Some("hund-anmelden"), Some("059110000000")).is(right));
    for wrong in [
        path("99", Some("hund"), Some("059110000000")),
        path("99", Some("hund-anmelden"), Some("05911")),
        path("99", Some("059110000000"), None),
        path("99", None, None),
    ] {
        assert!(!wrong.is(right), "{wrong:?}");
    }
    let place = |slug, ars| path("99", slug, ars).place().ok().flatten().map(|ars| ars.to_string());
    assert_eq!(place(Some("x"), Some("05911")).as_deref(), Some("059110000000"));
    assert_eq!(place(Some("059110000000"), None).as_deref(), Some("059110000000"));
    assert_eq!(place(Some("hund"), None), None);
    assert!(path("99", Some("x"), Some("bochum")).place().is_err());
    assert!(path("L1_a/b", Some("x"), None).is("/leistung/L1_a%2Fb/x"));
}

#[test]
fn the_place_field_keeps_what_was_typed_and_shows_no_key_without_need() {
    let place = fixtures::neuenkirchen("Kreis Steinfurt", "055660064064");
    let text = |typed: &str, known: &[&str]| {
        super::suche::field_text(typed, &place, |name| {
            if known.contains(&name) { PlaceReading::One(place.clone()) } else { PlaceReading::Unknown }
        })
    };
    assert_eq!(text("48485", &["Neuenkirchen"]), "48485");
    assert_eq!(text("055660064064", &["Neuenkirchen"]), "Neuenkirchen");
    assert_eq!(text("055660064064", &["Neuenkirchen (Kreis Steinfurt)"]), "Neuenkirchen (Kreis Steinfurt)");
    assert_eq!(text("055660064064", &[]), "055660064064");
}

#[tokio::test]
async fn slug_and_place_may_be_missing_in_an_address() {
    use axum::extract::Path;
    let show =
        async |Path(path): Path<super::weg::LeistungPath>| format!("{:?}", (path.schluessel, path.slug, path.ars));
    let router = Router::new()
        .route("/leistung/{schluessel}", get(show))
        .route("/leistung/{schluessel}/{slug}", get(show))
        .route("/leistung/{schluessel}/{slug}/{ars}", get(show));
    for (uri, expected) in [
        ("/leistung/L1_a%2Fb", r#"("L1_a/b", None, None)"#),
        ("/leistung/99/hund", r#"("99", Some("hund"), None)"#),
        ("/leistung/99/hund/05911", r#"("99", Some("hund"), Some("05911"))"#),
    ] {
        assert_eq!(ask(router.clone(), Method::GET, uri).await.1, expected);
    }
}

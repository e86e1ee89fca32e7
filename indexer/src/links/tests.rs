#![expect(clippy::disallowed_methods, reason = "the visits of a test end with its runtime")]

use super::*;
use crate::fixture::{Verbund, answer, leistung_with, modul, onlinedienst, portal, server, zustaendig};

const KEY: &str = "99012999017001";
const BOCHUM: &str = "059110000000";
/// Longer than any of these tests takes that works.
const PATIENCE: Duration = Duration::from_secs(20);

fn html(body: &str) -> String {
    answer(200, "Content-Type: text/html; charset=utf-8\r\n", body)
}

fn to(place: &str) -> String {
    answer(302, &format!("Location: {place}\r\n"), "")
}

fn settings() -> Settings {
    let second = Duration::from_secs(1);
    Settings { every: 604_800 * second, pause: Duration::from_millis(1), hosts: 4, time: second }
}

/// Visits until every address has been visited once, and gives what is known of each by its path.
async fn visited(verbund: &Arc<Verbund>, settings: Settings) -> std::collections::BTreeMap<String, LinkState> {
    let stop = CancellationToken::new();
    let store = verbund.store().await;
    let begun = clock::monotonic();
    let keeping = tokio::spawn({
        let (verbund, stop) = (verbund.clone(), stop.clone());
        async move {
            let keeper = Arc::new(Keeper { strangers: strangers(), indexer: Arc::clone(&verbund.indexer), settings });
            stop.run_until_cancelled(keeper.go_on()).await
        }
    });
    loop {
        assert!(begun.elapsed() < PATIENCE, "{:?}", store.link_counts().await);
        let counts = store.link_counts().await.unwrap();
        if !counts.is_empty() && counts.iter().all(|(verdict, _)| verdict.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    assert!(keeping.await.unwrap().is_none(), "it ends when it is told to, and not before");
    let rows = store.telling_links(&["bochum".parse().unwrap()]).await.unwrap();
    let path = |url: &str| Url::parse(url).unwrap().path().to_owned();
    rows.into_iter().map(|used| (path(&used.state.url), used.state)).collect()
}

async fn verbund(addresses: &[String]) -> Arc<Verbund> {
    let portal = portal("bochum", BOCHUM);
    let verbund = Verbund::open_dialling(vec![portal.clone()], "127.0.0.0/8").await;
    let links: String = addresses.iter().map(|url| format!("<a href=\"{url}\">x</a> ")).collect();
    let text = modul("03", "de", "Hund") + &modul("06", "de", &links);
    verbund.deliver(&portal, &leistung_with("L_1", KEY, &text)).await;
    Arc::new(verbund)
}

#[tokio::test]
async fn every_address_gets_the_verdict_that_it_deserves() {
    let (base, heads) = server(|_, target| match target {
        "/gut" => html("<title>Hund anmelden</title><h1>Hund</h1>Hier geht es."),
        "/" => html("<title>Stadt Bochum</title>Willkommen"),
        "/datei.pdf" => answer(200, "Content-Type: application/pdf\r\n", "%PDF"),
        "/weg" => answer(404, "", ""),
        "/umgezogen" => to("/"),
        "/kette" => to("/kette2"),
        "/kette2" => to("/gut"),
        "/kreis" => to("/kreis"),
        "/privat" => to("http://10.0.0.1/"),
        "/anderswo" => to("ftp://example.org/"),
        "/gesperrt" => answer(403, "", ""),
        "/leer" => html("<title>Fehler 404</title>"),
        "/herne" => html("<title>Hund anmelden - Stadt Herne</title>"),
        "/kein-head" => html("<title>Hund</title>Ein Hund"),
        _ => answer(404, "", ""),
    })
    .await;
    let paths =
        ["gut", "datei.pdf", "weg", "umgezogen", "kette", "kreis", "privat", "anderswo", "gesperrt", "leer", "herne"];
    let urls: Vec<_> = paths.iter().map(|path| format!("{base}/{path}")).collect();
    let verbund = verbund(&urls).await;
    let known = visited(&verbund, settings()).await;
    let told: Vec<_> =
        known.iter().map(|(path, state)| (path.as_str(), state.verdict.unwrap().code(), state.redirects)).collect();
    assert_eq!(
        told,
        [
            ("/anderswo", "redirect", 0),
            ("/herne", "good", 0),
            ("/kreis", "redirect_loop", 0),
            ("/leer", "soft_gone", 0),
            ("/privat", "not_public", 1),
            ("/umgezogen", "moved_home", 1),
            ("/weg", "gone", 0),
        ],
        "and nothing is said of the good ones"
    );
    assert_eq!(known["/herne"].town.map(|town| town.to_string()).as_deref(), Some("059160000000"));
    assert!(known["/umgezogen"].reached.as_ref().unwrap().ends_with('/'));
    assert_eq!((known["/weg"].status, known["/weg"].failures), (Some(404), 1));
    assert!(known["/weg"].failing_since.is_some() && known["/weg"].failing_since == known["/weg"].checked);
    let asked = heads.lock().unwrap().clone();
    assert!(!asked.contains(&"GET /datei.pdf".to_owned()), "a file is not loaded: {asked:?}");
    assert_eq!(asked.iter().filter(|head| head.ends_with("/gut")).count(), 4, "HEAD and GET, twice by the chain");
}

#[tokio::test]
async fn a_server_with_one_page_for_every_path_is_not_called_broken_and_one_with_one_error_page_is() {
    let (same, _) = server(|_, _| html("<title>Portal</title>Bitte warten")).await;
    let (error, _) = server(|_, target| match target {
        "/" => html("<title>Stadt</title>Willkommen in der Stadt"),
        "/gut" => html("<title>Stadt</title>Hund anmelden"),
        other => html(&format!("<title>Stadt</title>Das war wohl nichts: {other}")),
    })
    .await;
    let urls = [format!("{same}/irgendwas"), format!("{error}/alt"), format!("{error}/gut")];
    let known = visited(&verbund(&urls).await, settings()).await;
    let told: Vec<_> = known.iter().map(|(path, state)| (path.as_str(), state.verdict.unwrap().code())).collect();
    assert_eq!(told, [("/alt", "soft_gone")]);
}

#[tokio::test]
async fn what_nobody_names_any_more_is_forgotten_and_what_is_named_again_is_not_asked_again() {
    let (base, heads) = server(|_, _| answer(410, "", "")).await;
    let bochum = portal("bochum", BOCHUM);
    let verbund = verbund(&[format!("{base}/a"), format!("{base}/b")]).await;
    assert_eq!(visited(&verbund, settings()).await.len(), 2);
    let asked = heads.lock().unwrap().len();
    let text = modul("06", "de", &format!("<a href=\"{base}/b\">x</a>"));
    verbund.deliver(&bochum, &leistung_with("L_1", KEY, &text)).await;
    verbund
        .deliver(&bochum, &onlinedienst("B_OD", "Dienst", &format!("{base}/b"), &zustaendig("", "L_1", BOCHUM, "")))
        .await;
    let keeper = Keeper { strangers: strangers(), indexer: verbund.indexer.clone(), settings: settings() };
    keeper.note().await.unwrap();
    let left = verbund.store().await.telling_links(&["bochum".parse().unwrap()]).await.unwrap();
    assert!(left.iter().all(|used| used.state.url.ends_with("/b")) && left.len() == 2, "{left:?}");
    assert!(verbund.store().await.due_hosts(clock::now(), 9).await.unwrap().is_empty());
    assert_eq!(heads.lock().unwrap().len(), asked);
}

#[test]
fn faulty_addresses_are_visited_sooner_and_all_at_different_times() {
    let week = Duration::from_secs(604_800);
    let hours = |verdict, failures, pause| wait(verdict, failures, week, pause).as_secs() / 3600;
    let faulty = Verdict::Faulty;
    assert_eq!(hours(Verdict::Good, 0, None), 168);
    assert_eq!([1, 2, 3, 20].map(|n| hours(faulty(LinkFault::Timeout), n, None)), [1, 2, 4, 168]);
    assert_eq!([1, 2, 9].map(|n| hours(faulty(LinkFault::Gone), n, None)), [24, 48, 168]);
    assert_eq!(hours(Verdict::Unclear, 0, Some(Duration::from_secs(10))), 1);
    assert_eq!(hours(faulty(LinkFault::Status), 1, Some(7200 * Duration::from_secs(1))), 2);
    let due = |url: &str| spread(url, week).as_secs();
    assert!(due("https://a.example/") != due("https://b.example/"));
    assert!((544_320..=604_800).contains(&due("https://a.example/")), "{}", due("https://a.example/"));
}

#[tokio::test]
async fn a_visit_that_waits_to_write_holds_up_no_run() {
    let bochum = portal("bochum", BOCHUM);
    let verbund = Arc::new(Verbund::open_dialling(vec![bochum.clone()], "127.0.0.0/8").await);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = format!("http://{}", listener.local_addr().unwrap());
    let (asked, mut was_asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = asked.send(());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(300)).await;
                drop(stream);
            });
        }
    });
    let text =
        |number: u32| modul("03", "de", "Hund") + &modul("06", "de", &format!("<a href=\"{link}/{number}\">x</a>"));
    verbund.deliver(&bochum, &leistung_with("L_1", KEY, &text(1))).await;
    let stop = CancellationToken::new();
    let keeping = tokio::spawn({
        let (indexer, stop) = (verbund.indexer.clone(), stop.clone());
        let keeper = Arc::new(Keeper { strangers: strangers(), indexer, settings: settings() });
        async move { stop.run_until_cancelled(keeper.go_on()).await }
    });
    tokio::time::timeout(PATIENCE, was_asked.recv()).await.unwrap().unwrap();
    // Something that is to be noted, and a run that writes until the visit waits to write and then the noting does.
    verbund.deliver(&bochum, &leistung_with("L_1", KEY, &text(2))).await;
    let long = verbund.indexer.store().begin(&bochum.id).await.unwrap();
    tokio::time::sleep(LOOK + LOOK / 2).await;
    long.roll_back().await.unwrap();
    let next = leistung_with("L_1", KEY, &text(3));
    tokio::time::timeout(PATIENCE, verbund.deliver(&bochum, &next)).await.expect("the next run gets its turn");
    stop.cancel();
    assert!(keeping.await.unwrap().is_none(), "it ends when it is told to, and not before");
}

#[tokio::test]
async fn a_host_that_wants_to_be_left_alone_is_asked_once_and_takes_nobodys_place() {
    let (base, heads) = server(|_, _| answer(429, "Retry-After: 3600\r\n", "")).await;
    let links: Vec<String> = (0..9).map(|number| format!("{base}/{number}")).collect();
    let verbund = verbund(&links).await;
    let settings = Settings { hosts: 1, ..settings() };
    let keeper = Arc::new(Keeper { strangers: strangers(), indexer: verbund.indexer.clone(), settings });
    keeper.note().await.unwrap();
    let due = async || verbund.store().await.due_hosts(clock::now(), 9).await.unwrap();
    assert_eq!(due().await, ["127.0.0.1"]);
    tokio::time::timeout(PATIENCE, keeper.host("127.0.0.1")).await.unwrap().unwrap();
    assert!(due().await.is_empty(), "none of its addresses is due before it allows it");
    assert!(heads.lock().unwrap().len() <= 2, "{:?}", heads.lock().unwrap());
}

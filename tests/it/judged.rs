//! The search against judged questions: the sample Verbund as it ships, and real services where they are at hand.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tests::client::get;
use tests::program::Installation;

use crate::EXE;

/// A file beside the repository; none where it is not at hand.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    path.exists().then_some(path)
}

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("judgements").join(name)
}

/// One judged question.
struct Row {
    query: String,
    kind: String,
    ars: String,
    relevant: HashSet<String>,
}

fn rows(file: &str) -> Vec<Row> {
    let text = std::fs::read_to_string(own(file)).unwrap();
    let row = |line: &str| {
        let [query, kind, _, ars, relevant, _] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let relevant = relevant.split_whitespace().map(str::to_owned).collect();
        Row { query: query.to_owned(), kind: kind.to_owned(), ars: ars.to_owned(), relevant }
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn the_sample_verbund_answers_everyday_questions() {
    let program = Installation::new(EXE);
    let mut running = program.start(&["demo", "--dir", "demo"]);
    let line = running.wait_for("http://localhost:");
    let port: u16 = line.trim_start_matches("http://localhost:").trim_end_matches('/').parse().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let (mut one, mut three, mut all, mut said, mut nothing) = (0, 0, 0, 0, 0);
    let (mut places, mut right_places, mut wrong) = (0, 0, Vec::new());
    for row in rows("beispielverbund.tsv") {
        let query = utf8_percent_encode(&row.query, NON_ALPHANUMERIC);
        let answer = get(address, &format!("/api/v1/search?q={query}")).json();
        let hits: Vec<&str> =
            answer["hits"].as_array().unwrap().iter().map(|hit| hit["leistung"]["id"].as_str().unwrap()).collect();
        if row.relevant.is_empty() {
            nothing += 1;
            said += usize::from(answer["answer"]["state"] == "nothing" && hits.is_empty());
            continue;
        }
        if !row.ars.is_empty() {
            places += 1;
            right_places += usize::from(answer["query"]["place"]["ars"] == row.ars.as_str());
        }
        let within = |count: usize| usize::from(hits.iter().take(count).any(|id| row.relevant.contains(*id)));
        all += 1;
        one += within(1);
        three += within(3);
        if within(3) == 0 {
            wrong.push(format!("{} ({}): {hits:?}", row.query, row.kind));
        }
    }
    running.terminate();
    running.end();
    println!(
        "first {one}, first three {three} of {all}; nothing said {said} of {nothing}; places {right_places}/{places}"
    );
    assert_eq!(right_places, places, "every place is understood");
    assert!(one * 100 >= all * 80, "{one} of {all} come first; not among three: {wrong:#?}");
    assert!(three * 100 >= all * 84, "{three} of {all} are among the first three; not: {wrong:#?}");
    assert!(said * 100 >= nothing * 85, "{said} of {nothing} are answered by nothing");
}

/// The figures of `judgements/korpus.tsv` are those of the search by words alone; they may fall by chance only.
#[test]
fn real_services_are_found_as_well_as_before() {
    let (Some(maker), Some(judged)) = (shared("tools/make_deliveries.py"), shared("data/relevance-dev.tsv")) else {
        println!("left out: the judged questions over real services are not here");
        return;
    };
    let program = Installation::new(EXE);
    let deliveries = program.dir().join("korpus");
    let made =
        Command::new("python3").arg(maker).args(["--profile", "korpus", "--out"]).arg(&deliveries).status().unwrap();
    assert!(made.success());
    let accepted = own("korpus.tsv");
    let ended = program.run(&[
        "judge",
        judged.to_str().unwrap(),
        "--deliveries",
        deliveries.to_str().unwrap(),
        "--accepted",
        accepted.to_str().unwrap(),
    ]);
    println!("{}", ended.stdout);
    assert_eq!(ended.status, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("= free"), "{}", ended.stdout);
}

#[test]
fn a_portal_adds_words_of_its_own_and_sighup_takes_them() {
    let program = Installation::new(EXE);
    program.write(
        "hund.xml",
        "<x:t xmlns:x=\"http://xoev.de/schemata/xzufi/2_2_0\" xzufiVersion=\"2.2.0\"><x:nachrichtenkopf><x:nachrichtUUID>1\
         </x:nachrichtUUID><x:erstelltDatumZeit>2026-11-02T05:00:00Z</x:erstelltDatumZeit></x:nachrichtenkopf>\
         <x:schreibe><x:leistung><x:id schemeAgencyID=\"A\">1</x:id><x:modulText><x:leikaTextmodul><code>03</code>\
         </x:leikaTextmodul><x:inhalt languageCode=\"de\">Standplatz auf dem Wochenmarkt</x:inhalt></x:modulText>\
         </x:leistung></x:schreibe></x:t>",
    );
    program.register("bund", "000000000000", "https://portal.example/index.txt", "every_s = 86400\n");
    program.run(&["import", "--portal", "bund", "hund.xml"]).expect(0);
    let mut serving = program.serve();
    let names = |address| {
        let answer = get(address, "/api/v1/search?q=pl%C3%A4%C3%A4z").json();
        answer["hits"].as_array().unwrap().iter().map(|hit| hit["leistung"]["name"].to_string()).collect::<Vec<_>>()
    };
    assert!(names(serving.public).is_empty(), "nobody says that yet");
    let word = "every_s = 86400\n[[word]]\nsaid = \"plääz\"\nmeans = \"Wochenmarkt Standplatz\"\n";
    program.register("bund", "000000000000", "https://portal.example/index.txt", word);
    serving.process().hang_up();
    let began = std::time::Instant::now();
    while names(serving.public).is_empty() {
        assert!(began.elapsed().as_secs() < 20, "the word is not taken");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(names(serving.public), ["\"Standplatz auf dem Wochenmarkt\""]);
    serving.stop();
}

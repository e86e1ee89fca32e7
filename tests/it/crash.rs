//! Killed at any moment: each portal is wholly in its old or wholly in its new state, and the index finds exactly that.

use std::fs;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use config::{Config, EgressAllow};
use connectors::registration::{Connector, Guard, Portal};
use indexer::catalog::{Catalog, LeistungRef, SearchRequest};
use indexer::crawl::Fetcher;
use indexer::metrics::Metrics;
use indexer::record::{Kind, Lang};
use indexer::run::{Indexer, Setup};
use tests::delivery::{Stock, leistung_id, publish};
use tests::portal::FakePortal;
use tests::program::Installation;

use crate::EXE;

/// The portals: id, area, agency, the word of all that is old, the word of all that is new.
const PORTALS: [(&str, &str, &str, &str, &str); 3] = [
    ("stadt-bochum", "059110000000", "BO", "Apfelbaum", "Nordlicht"),
    ("stadt-herne", "059160000000", "HER", "Kirschkern", "Wolkenbruch"),
    ("kreis-borken", "055540000000", "BOR", "Sandkasten", "Zebrastreifen"),
];
const OLD: Range<usize> = 0..COUNT;
const NEW: Range<usize> = 8..COUNT + 8;
/// Leistungen of a portal, in either state.
const COUNT: usize = 90;

struct Verbund {
    program: Installation,
    server: FakePortal,
}

impl Verbund {
    /// All portals in their old state.
    fn old() -> Self {
        let program = Installation::new(EXE);
        let server = FakePortal::of_folder(&program.dir().join("www"));
        for (id, ars, ..) in PORTALS {
            program.register(id, ars, &server.url(&format!("/{id}/index.txt")), "every_s = 86400\n");
        }
        let verbund = Self { program, server };
        verbund.publish(false);
        verbund.import_all();
        verbund
    }

    fn publish(&self, new: bool) {
        for (id, ars, agency, old_word, new_word) in PORTALS {
            let stock = Stock::new(agency, ars);
            let entries = match new {
                true => stock.changed("2026-10-02T08:00:00+02:00").whole(NEW, new_word),
                false => stock.whole(OLD, old_word),
            };
            publish(&self.program.dir().join("www").join(id), &entries, 3);
        }
    }

    fn import_all(&self) {
        for (id, ..) in PORTALS {
            self.program.import(id, &[]).expect(0);
        }
    }

    /// Opens store and index as `serve` would and says, portal by portal, whether it is in its new state.
    async fn states(&self) -> [bool; PORTALS.len()] {
        let indexer = open(&self.program.dir().join("data")).await;
        let catalog = indexer.catalog();
        let mut states = [false; PORTALS.len()];
        for (state, (id, _, agency, old_word, new_word)) in states.iter_mut().zip(PORTALS) {
            let records = indexer.known(&id.parse().unwrap()).await.unwrap().records;
            let [old, new] = [found(&catalog, old_word).await, found(&catalog, new_word).await];
            *state = new > 0;
            let (word, range) = if *state { (new_word, NEW) } else { (old_word, OLD) };
            assert_eq!((old, new), if *state { (0, NEW.len()) } else { (OLD.len(), 0) }, "{id}");
            for (kind, count) in [(Kind::Leistung, COUNT), (Kind::Onlinedienst, COUNT), (Kind::Organisationseinheit, 1)]
            {
                assert_eq!(records.get(&kind), Some(&(count as u64)), "{id} {kind:?}");
            }
            for number in 0..NEW.end {
                whole(&catalog, agency, number, range.contains(&number).then_some(word)).await;
            }
        }
        indexer.close().await;
        states
    }
}

async fn found(catalog: &Catalog, word: &str) -> usize {
    let request = SearchRequest { text: word.to_owned(), limit: 1, ..SearchRequest::default() };
    catalog.search(&request).await.unwrap().total
}

/// Leistung, office and online service of a number all carry `word`, or there is no such Leistung.
async fn whole(catalog: &Catalog, agency: &str, number: usize, word: Option<&str>) {
    let id = LeistungRef::Id(format!("{agency}_{}", leistung_id(number)));
    let ars = PORTALS.iter().find(|portal| portal.2 == agency).unwrap().1.parse().unwrap();
    let Some(word) = word else {
        assert!(catalog.leistung(&id, None, Lang::DE).await.unwrap().is_none(), "{agency} {number}");
        return;
    };
    let view = catalog.leistung(&id, Some(ars), Lang::DE).await.unwrap().unwrap();
    assert_eq!(view.short.name, format!("{word} beantragen"));
    let responsible = view.responsible.unwrap();
    let names: Vec<_> = responsible.answers.iter().map(|answer| answer.organisationseinheit.name.as_str()).collect();
    assert_eq!(names, [format!("Amt für {word}")]);
    let services: Vec<_> = responsible.onlinedienste.iter().map(|service| service.url.as_str()).collect();
    assert_eq!(services, [format!("https://dienste.example/{agency}/{word}/{number}")]);
}

async fn open(data: &Path) -> Indexer {
    let text = "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost\"\n\
                [store]\nurl = \"sqlite://x\"\n[index]\ndir = \"x\"\n";
    let mut config = Config::parse(Path::new("test"), text).unwrap();
    config.egress = EgressAllow::new(Vec::new());
    let portal = |(id, ars, ..): (&str, &str, &str, &str, &str)| Portal {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        gebiet: ars.parse().unwrap(),
        agency: None,
        hosts: Vec::new(),
        connector: Connector::XzufiFolder { folder: "nowhere".into(), every_s: NonZeroU64::MAX },
        routes: Vec::new(),
        responsible: None,
        maintenance: None,
        guard: Guard::default(),
        contact: None,
        words: Vec::new(),
        texts: Default::default(),
    };
    let setup = Setup {
        store_url: format!("sqlite://{}", data.join("portalverbund.db").display()),
        index_dir: data.join("index"),
        spool_dir: data.join("spool"),
        portals: PORTALS.into_iter().map(portal).collect(),
        fetcher: Fetcher::new(&config).unwrap(),
        metrics: Metrics::new(&config::telemetry::registry()).unwrap(),
        journal: config.journal,
    };
    Indexer::open(setup).await.unwrap()
}

/// Keeps a copy of the data, and puts it back.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

#[tokio::test]
async fn an_import_that_is_killed_leaves_the_old_or_the_new_state() {
    const MOMENTS: u32 = 12;
    let verbund = Verbund::old();
    let (data, kept) = (verbund.program.dir().join("data"), verbund.program.dir().join("kept"));
    assert_eq!(verbund.states().await, [false; 3]);
    copy(&data, &kept);
    verbund.publish(true);
    let began = Instant::now();
    verbund.import_all();
    let whole = began.elapsed();
    assert_eq!(verbund.states().await, [true; 3]);
    let mut killed = 0;
    for moment in 0..MOMENTS {
        copy(&kept, &data);
        let until = Instant::now() + whole * (2 * moment + 1) / (2 * MOMENTS);
        for (id, ..) in PORTALS {
            let mut running = verbund.program.start(&["import", "--portal", id]);
            while Instant::now() < until && !running.ended() {
                std::thread::sleep(Duration::from_millis(1));
            }
            if Instant::now() >= until {
                killed += u32::from(running.kill().status == -1);
                break;
            }
            running.end().expect(0);
        }
        let states = verbund.states().await;
        assert!(states.is_sorted_by(|earlier, later| earlier >= later), "one after the other: {states:?}");
        if moment % 4 == 1 {
            verbund.import_all();
            assert_eq!(verbund.states().await, [true; 3]);
        }
    }
    assert!(killed > 0, "no import was on its way when it was to be killed");
}

#[tokio::test]
async fn a_process_that_collects_all_portals_and_is_killed_leaves_each_whole() {
    let verbund = Verbund::old();
    let (data, kept) = (verbund.program.dir().join("data"), verbund.program.dir().join("kept"));
    for (id, ars, ..) in PORTALS {
        let index = verbund.server.url(&format!("/{id}/index.txt"));
        verbund.program.register(id, ars, &index, "every_s = 1\n");
    }
    verbund.program.configure("[crawl]\nportals = 3\n");
    copy(&data, &kept);
    verbund.publish(true);
    for milliseconds in [150, 400, 700, 1_100, 1_600] {
        copy(&kept, &data);
        let running = verbund.program.start(&["serve"]);
        std::thread::sleep(Duration::from_millis(milliseconds));
        assert_eq!(running.kill().status, -1);
        verbund.states().await;
    }
    copy(&kept, &data);
    let running = verbund.program.start(&["serve"]);
    let began = Instant::now();
    while !PORTALS.iter().all(|portal| verbund.finds(portal.4, NEW.len())) {
        assert!(began.elapsed() < Duration::from_secs(60), "the portals are not collected");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(running.kill().status, -1);
    assert_eq!(verbund.states().await, [true; 3]);
}

impl Verbund {
    /// Whether a process that reads beside the one that collects finds so many Leistungen for a word.
    fn finds(&self, word: &str, count: usize) -> bool {
        let answer = self.program.run(&["search", "--json", word]).expect(0).json();
        answer["total"] == count
    }
}

#[tokio::test]
async fn a_rebuild_that_is_killed_leaves_an_index_that_answers() {
    let verbund = Verbund::old();
    let began = Instant::now();
    verbund.program.run(&["rebuild"]).expect(0);
    let whole = began.elapsed();
    for moment in 0..6 {
        let mut running = verbund.program.start(&["rebuild"]);
        let until = Instant::now() + whole * (2 * moment + 1) / 12;
        while Instant::now() < until && !running.ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        running.kill();
        // Asked by a process that only reads, before anything mends anything.
        for (_, _, _, word, _) in PORTALS {
            let answer = verbund.program.run(&["search", "--json", word]).expect(0).json();
            assert_eq!(answer["total"], OLD.len(), "{answer}");
        }
    }
    verbund.program.run(&["rebuild"]).expect(0);
    assert_eq!(verbund.states().await, [false; 3]);
    let generations = fs::read_dir(verbund.program.dir().join("data/index")).unwrap();
    assert_eq!(generations.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count(), 1);
}

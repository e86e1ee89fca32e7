//! Where the pages of the inventory are shown: the sample Verbund, and one of portals whose records fill every field.

use std::net::SocketAddr;

use crate::client::{Answer, ask, get};
use crate::delivery::{Field, Stock, publish};
use crate::demo::Demo;
use crate::pages::{Page, Stage};
use crate::portal::FakePortal;
use crate::program::{Installation, Serving};

const LAND: &str = "050000000000";
const BOCHUM: &str = "059110000000";

/// Who runs it, with everything that can be stated.
const OPERATOR: &str = "[operator]\nname = \"Amt für Beispiele\"\nstrasse = \"Musterstraße 1\"\nplz = \"40000\"\n\
    ort = \"Musterstadt\"\ntelefon = \"0211 5550-0\"\nemail = \"amt@land.example\"\nvertreten_durch = \"die Leitung\"\n\
    verantwortlich = \"Referat Beispiele\"\naufsicht = \"das Land\"\nust_id = \"DE000000000\"\n\
    datenschutz_kontakt = \"Datenschutz, datenschutz@land.example\"\nlog_days = 7\n\
    gebaerdensprache_url = \"https://land.example/gebaerdensprache\"\n\
    barrierefreiheit = { status = \"teilweise\", erstellt = \"2026-11-02\", methode = \"Selbstbewertung\", \
    maengel = [\"Ältere Dateien sind nicht barrierefrei.\"] }\n";

/// The Verbünde that show pages, each started when the first page of it is wanted.
#[derive(Debug)]
pub struct Stages {
    exe: &'static str,
    demo: Option<Demo>,
    full: Option<Full>,
    broken: Option<Full>,
}

impl Stages {
    /// None is started yet.
    pub fn new(exe: &'static str) -> Self {
        Self { exe, demo: None, full: None, broken: None }
    }

    /// The demo.
    #[track_caller]
    pub fn demo(&mut self) -> &mut Demo {
        self.demo.get_or_insert_with(|| Demo::start(self.exe))
    }

    /// Where a Verbund listens.
    #[track_caller]
    pub fn address(&mut self, stage: Stage) -> SocketAddr {
        match stage {
            Stage::Demo => self.demo().address,
            Stage::Broken => self.broken.get_or_insert_with(|| Full::start(self.exe).broken()).serving.public,
            Stage::Full => self.full.get_or_insert_with(|| Full::start(self.exe)).serving.public,
        }
    }

    /// A page as it comes, after redirects.
    #[track_caller]
    pub fn fetch(&mut self, page: &Page, prefix: &str) -> Answer {
        let address = self.address(page.stage);
        let target = with_prefix(prefix, page.target);
        let mut answer = match page.form {
            Some(fields) => send(address, &target, fields),
            None => get(address, &target),
        };
        while let (301 | 303 | 308, Some(to)) = (answer.status, answer.field("location")) {
            answer = get(address, to);
        }
        answer
    }
}

/// A form as a browser sends it from a page of ours.
#[track_caller]
fn send(address: SocketAddr, target: &str, fields: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let host = format!("localhost:{}", address.port());
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    ask(address, request.as_bytes()).unwrap_or_else(|error| panic!("no answer to POST {target}: {error}"))
}

/// The address of a page in a language.
pub fn with_prefix(prefix: &str, target: &str) -> String {
    let target = if prefix.is_empty() { target } else { target.strip_suffix('/').unwrap_or(target) };
    format!("{prefix}{target}")
}

/// A Land with a master text and a town with texts of its own, all fields filled; and portals that fail.
#[derive(Debug)]
pub struct Full {
    /// The program.
    pub serving: Serving,
    program: Installation,
    _server: FakePortal,
}

impl Full {
    /// Collects the portals and serves.
    #[track_caller]
    pub fn start(exe: &str) -> Self {
        let program = Installation::new(exe);
        program.configure(OPERATOR);
        let server = FakePortal::of_folder(&program.dir().join("www"));
        let quiet = "every_s = 86400\n";
        let supplement = format!("{quiet}[texts]\ndefault = \"supplement\"\n");
        program.register("land", LAND, &server.url("/land/index.txt"), quiet);
        program.register("stadt-bochum", BOCHUM, &server.url("/stadt-bochum/index.txt"), &supplement);
        publish(&program.dir().join("www/land"), &Stock::new("LA", LAND).full(1, &harmless), 2);
        let town = Stock::new("BO", BOCHUM);
        // The third is offered at an address that nobody registered.
        let elsewhere = [
            town.leistung(2, "Birnbaum beantragen", "<p>Text.</p>"),
            town.office("amt", "Amt für Obst", [2]),
            town.onlinedienst(2, "https://dienste.invalid/antrag"),
        ];
        let entries: Vec<_> = town.full(1, &harmless).into_iter().chain(elsewhere).collect();
        publish(&program.dir().join("www/stadt-bochum"), &entries, 2);
        for portal in ["land", "stadt-bochum"] {
            let ended = program.import(portal, &[]);
            // With findings: one address is registered by nobody.
            assert!(ended.status <= 1, "{ended:?}");
        }
        let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        program.route("kaputt", &format!("http://{dead}"), "");
        program.route(
            "wartung",
            &format!("http://{dead}"),
            "[maintenance]\ntext = \"Wir ziehen um.\"\nuntil = \"2099-12-31T12:00:00+01:00\"\n",
        );
        program.write(
            "config/portale.d/weg.toml",
            "id = \"weg\"\nname = \"Portal weg\"\ngebiet = \"059110000000\"\nconnector = { kind = \"push\" }\n\
             [[route]]\nkind = \"gone\"\nprefix = \"/portal/weg\"\ntext = \"Das Formular gilt nicht mehr.\"\n",
        );
        let serving = program.serve().ready();
        Self { serving, program, _server: server }
    }

    /// The same after the disk lost what it should keep, under the running program.
    #[track_caller]
    fn broken(self) -> Self {
        let store = self.program.dir().join("data/portalverbund.db");
        for file in [store.clone(), store.with_extension("db-wal")] {
            if let Ok(known) = std::fs::metadata(&file) {
                let nothing = vec![0; usize::try_from(known.len()).unwrap()];
                std::fs::write(&file, nothing).unwrap();
            }
        }
        self
    }
}

/// A plain word for each field.
pub fn harmless(field: &str, kind: Field) -> String {
    match kind {
        Field::Name if field.starts_with("leistung.0") => "Apfelbaum beantragen".to_owned(),
        Field::Name if field.contains("kanal.01") => "amt@stadt.example".to_owned(),
        Field::Name if field.contains(".kanal.") => format!("0234 910-{}", field.bytes().map(u32::from).sum::<u32>()),
        Field::Name => format!("Angabe zu {}", field.replace('.', " ")),
        Field::Html => format!(
            "<p>Text zu <strong>{}</strong>, mit <a href=\"https://stadt.example/{field}\">einem Link</a>.</p>\
             <ul><li>erstens</li><li>zweitens</li></ul>",
            field.replace('.', " ")
        ),
        Field::Link => format!("https://stadt.example/{field}"),
    }
}

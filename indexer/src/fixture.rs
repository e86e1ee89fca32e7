//! What the tests of this crate share: a Verbund in a folder of its own, and deliveries written by hand.

mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::Config;
use connectors::finding::{Rule, Severity};
use connectors::ids::Identifikator;
use connectors::link::Verdict;
use connectors::registration::{Connector, Portal};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) use server::{answer, server};

use crate::catalog::Catalog;
use crate::crawl::Fetcher;
use crate::metrics::Metrics;
use crate::run::{Indexer, Outcome, RunOptions, RunReport, Setup, Source};
use crate::store::{Access, LinkState, Store};

/// A portal for `gebiet` that may hand over to any host and names no agency.
pub(crate) fn portal(id: &str, gebiet: &str) -> Portal {
    portal_with(id, gebiet, serde_json::json!({"hosts": ["*"]}))
}

/// The same with the keys of `more` instead.
pub(crate) fn portal_with(id: &str, gebiet: &str, more: serde_json::Value) -> Portal {
    let mut text = serde_json::json!({"id": id, "name": format!("Portal {id}"), "gebiet": gebiet,
        "connector": {"kind": "push"}});
    text.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(text).unwrap()
}

/// The whole Bund in one portal.
pub(crate) fn bund() -> Portal {
    portal("bund", "000000000000")
}

/// A store in a folder of its own.
pub(crate) async fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&store_url(folder.path()), Access::Write).await.unwrap();
    (folder, store)
}

fn store_url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("store.db").display())
}

/// An indexer with store, index and deliveries in a folder of its own.
pub(crate) struct Verbund {
    pub folder: TempDir,
    pub indexer: Arc<Indexer>,
}

impl Verbund {
    pub(crate) async fn open(portals: Vec<Portal>) -> Self {
        Self::open_dialling(portals, "").await
    }

    /// The same, which may dial this network too.
    pub(crate) async fn open_dialling(portals: Vec<Portal>, network: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let allow = if network.is_empty() { String::new() } else { format!("\"{network}\"") };
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost\"\n\
             [store]\nurl = \"sqlite://x\"\n[index]\ndir = \"x\"\n[egress]\nallow = [{allow}]\n"
        );
        let config = Config::parse(Path::new("c.toml"), &text).unwrap();
        let setup = Setup {
            store_url: store_url(folder.path()),
            index_dir: folder.path().join("index"),
            spool_dir: folder.path().join("spool"),
            portals,
            fetcher: Fetcher::new(&config).unwrap(),
            metrics: Metrics::new(&config::telemetry::registry()).unwrap(),
            journal: config.journal,
        };
        let indexer = Arc::new(Indexer::open(setup).await.unwrap());
        Self { folder, indexer }
    }

    /// Another connection to the same store, for looking.
    pub(crate) async fn store(&self) -> Store {
        Store::open(&store_url(self.folder.path()), Access::Read).await.unwrap()
    }

    /// The reading side, with everything indexed.
    pub(crate) async fn catalog(&self) -> Catalog {
        self.indexer.follow().await.unwrap();
        self.indexer.catalog()
    }

    /// Takes for said by visits: the address, the verdict, how often it failed, and the town that the page is of.
    pub(crate) async fn visited(&self, visits: &[(String, String, u32, Option<String>)]) {
        let store = self.indexer.store();
        let now = config::clock::now();
        store.note_links(1_000, now, crate::links::addresses_of).await.unwrap();
        let visits: Vec<_> = visits
            .iter()
            .map(|(url, verdict, failures, town)| {
                let state = LinkState {
                    url: url.clone(),
                    verdict: Verdict::of_code(verdict),
                    checked: Some(now),
                    status: None,
                    reached: None,
                    redirects: 0,
                    town: town.as_ref().map(|town| town.parse().unwrap()),
                    failing_since: (*failures > 0).then_some(now),
                    failures: *failures,
                };
                (state, now)
            })
            .collect();
        store.keep_links(&visits).await.unwrap();
    }

    /// Delivers one file as a part of the stock.
    pub(crate) async fn part(&self, portal: &Portal, name: &str, bytes: &[u8]) -> RunReport {
        let path = self.folder.path().join(name.replace('/', "-"));
        std::fs::write(&path, bytes).unwrap();
        self.run(portal, &Source::File(path), RunOptions::default()).await
    }

    /// Delivers an index and these files as the whole stock.
    pub(crate) async fn whole(&self, portal: &Portal, index: &[u8], files: &[(&str, Vec<u8>)]) -> RunReport {
        self.run(portal, &self.stock(portal, index, files), RunOptions::default()).await
    }

    /// Lays an index and these files into the folder of `portal`.
    pub(crate) fn stock(&self, portal: &Portal, index: &[u8], files: &[(&str, Vec<u8>)]) -> Source {
        let folder: PathBuf = self.folder.path().join(format!("stock-{}", portal.id));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("index.txt"), index).unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        let connector: Connector =
            serde_json::from_value(serde_json::json!({"kind": "xzufi-folder", "folder": folder})).unwrap();
        Source::Connector(Box::new(connector))
    }

    pub(crate) async fn run(&self, portal: &Portal, source: &Source, options: RunOptions) -> RunReport {
        self.indexer.run(portal, source, options, &CancellationToken::new()).await.unwrap()
    }

    /// Delivers these objects as a part of the stock and expects that nothing is wrong with them.
    pub(crate) async fn deliver(&self, portal: &Portal, objects: &str) {
        let report = self.part(portal, "teil.xml", transfer(objects).as_bytes()).await;
        assert_eq!((report.outcome, rules(&report)), (Outcome::Applied, vec![]), "{:?}", report.findings);
    }
}

/// The rules that were broken, each once, in the order of the rules.
pub(crate) fn rules(report: &RunReport) -> Vec<Rule> {
    let mut rules: Vec<Rule> = report.findings.iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// The objects with a business finding, each once, by their order; `-` where the object has no name.
pub(crate) fn refused(report: &RunReport) -> Vec<&str> {
    let business = report.findings.iter().filter(|finding| finding.severity == Severity::Business);
    let mut objects: Vec<&str> = business.map(|finding| finding.object.as_deref().unwrap_or("-")).collect();
    objects.sort_unstable();
    objects.dedup();
    objects
}

/// The key `agency_text`, split at its first `_`.
pub(crate) fn key(joined: &str) -> Identifikator {
    Identifikator::readings(joined).remove(0)
}

/// A message with these pieces behind its head.
pub(crate) fn transfer(pieces: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x:t xmlns:x=\"http://xoev.de/schemata/xzufi/2_2_0\" \
         xzufiVersion=\"2.2.0\"><x:nachrichtenkopf><x:nachrichtUUID>1</x:nachrichtUUID>\
         <x:erstelltDatumZeit>2026-11-02T05:00:00Z</x:erstelltDatumZeit></x:nachrichtenkopf>{pieces}</x:t>"
    )
}

/// `<schreibe>` of a Leistung with further elements.
pub(crate) fn leistung_with(id: &str, schluessel: &str, more: &str) -> String {
    let id = key(id);
    let referenz = match schluessel {
        "" => String::new(),
        schluessel => format!("<x:referenzLeiKa><code>{schluessel}</code></x:referenzLeiKa>"),
    };
    format!(
        "<x:schreibe><x:leistung><x:id schemeAgencyID=\"{}\">{}</x:id>{referenz}{more}</x:leistung></x:schreibe>",
        id.agency, id.text
    )
}

/// `<schreibe>` of a Leistung with a German title.
pub(crate) fn leistung(id: &str, schluessel: &str, title: &str) -> String {
    leistung_with(id, schluessel, &modul("03", "de", title))
}

/// A text module of a Leistung; `text` is escaped here.
pub(crate) fn modul(code: &str, lang: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<x:modulText><x:leikaTextmodul><code>{code}</code></x:leikaTextmodul>\
         <x:inhalt languageCode=\"{lang}\">{text}</x:inhalt></x:modulText>"
    )
}

/// The area where a Leistung or an overlay is valid.
pub(crate) fn gilt(ars: &str) -> String {
    format!("<x:gueltigkeitGebietID schemeID=\"{RS}\">{ars}</x:gueltigkeitGebietID>")
}

/// `<schreibe>` of an office.
pub(crate) fn stelle(id: &str, name: &str, zustaendigkeiten: &str) -> String {
    let id = key(id);
    format!(
        "<x:schreibe><x:organisationseinheit><x:id schemeAgencyID=\"{}\">{}</x:id>\
         <x:name><x:name languageCode=\"de\">{name}</x:name></x:name>{zustaendigkeiten}\
         </x:organisationseinheit></x:schreibe>",
        id.agency, id.text
    )
}

/// `<schreibe>` of an online service.
pub(crate) fn onlinedienst(id: &str, name: &str, url: &str, zustaendigkeiten: &str) -> String {
    let id = key(id);
    format!(
        "<x:schreibe><x:onlinedienst><x:id schemeAgencyID=\"{}\">{}</x:id>\
         <x:bezeichnung languageCode=\"de\">{name}</x:bezeichnung><x:link languageCode=\"de\"><x:typ><code>01</code></x:typ>\
         <x:link>{url}</x:link></x:link>{zustaendigkeiten}</x:onlinedienst></x:schreibe>",
        id.agency, id.text
    )
}

/// A Zustaendigkeit inside its owner; `id` and `rolle` may be empty.
pub(crate) fn zustaendig(id: &str, leistung: &str, ars: &str, rolle: &str) -> String {
    let leistung = key(leistung);
    let id = match id {
        "" => String::new(),
        id => format!("<x:id schemeAgencyID=\"{}\">{}</x:id>", key(id).agency, key(id).text),
    };
    let rolle = if rolle.is_empty() { String::new() } else { format!("<x:rolle><code>{rolle}</code></x:rolle>") };
    format!(
        "<x:zustaendigkeit>{id}<x:leistungID schemeAgencyID=\"{}\">{}</x:leistungID>\
         <x:gebietID schemeID=\"{RS}\">{ars}</x:gebietID>{rolle}</x:zustaendigkeit>",
        leistung.agency, leistung.text
    )
}

/// `<schreibe>` of a Zustaendigkeit of its own.
pub(crate) fn transferiert(owner: &str, zustaendigkeit: &str) -> String {
    let owner = key(owner);
    format!(
        "<x:schreibe><x:zustaendigkeitTransferObjekt><x:uebergeordnetesObjektID schemeAgencyID=\"{}\">{}\
         </x:uebergeordnetesObjektID>{zustaendigkeit}</x:zustaendigkeitTransferObjekt></x:schreibe>",
        owner.agency, owner.text
    )
}

/// `<loesche>`.
pub(crate) fn loesche(klasse: &str, id: &str) -> String {
    let id = key(id);
    format!("<x:loesche klasse=\"{klasse}\"><x:id schemeAgencyID=\"{}\">{}</x:id></x:loesche>", id.agency, id.text)
}

const RS: &str = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs";

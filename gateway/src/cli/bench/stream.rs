//! `bench stream`: a generated Bereitstelldienst, taken by this program as a process of its own into an empty store.
//!
//! The stream is a state's: Leistungen first, then offices, then millions of Zuständigkeiten as objects of their own,
//! each naming a Leistung in no order, then deletes of objects that never were there. With `--kill-after` the process is
//! killed in the middle and started again; in the end every record must be there once.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use indexer::record::Kind;
use indexer::run;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{place, say, setup};
use crate::cli::{Exit, Fault};

const PATH: &str = "/bereitstelldienst/api/v2/verwaltungsobjekte";
/// Most bytes of a head that the service reads.
const MAX_HEAD: usize = 16 * 1024;
/// How often the process is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Agencies that take turns, as those of the Länder do.
const AGENCIES: u64 = 16;
/// Distinct keys of all Leistungen, about as many as the catalogue has for citizens.
const KEYS: u64 = 8_000;
/// A prime that divides no count of Leistungen below it, so that each is named once before any is named again.
const STRIDE: u64 = 15_485_863;

/// How much is streamed.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Amount {
    /// Zuständigkeiten
    #[arg(long, default_value_t = 200_000)]
    records: u64,
    /// Deletes of what is not there
    #[arg(long, default_value_t = 70_000)]
    orphans: u64,
    /// Leistungen; one for each 82 Zuständigkeiten when left out
    #[arg(long)]
    leistungen: Option<u64>,
    /// Objects in a block
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    block: u64,
    /// Kill the process after so many blocks, and start it again
    #[arg(long)]
    kill_after: Option<u64>,
    /// Keep store and index here instead of a temporary folder; must be empty
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// What the service holds, in the order in which it sends it.
#[derive(Debug, Clone, Copy)]
struct Stream {
    leistungen: u64,
    offices: u64,
    zustaendigkeiten: u64,
    orphans: u64,
    block: u64,
}

impl Stream {
    fn len(&self) -> u64 {
        self.leistungen + self.offices + self.zustaendigkeiten + self.orphans
    }

    /// The envelope of the block that begins at `from`.
    fn envelope(&self, from: u64, host: &str) -> String {
        let from = from.min(self.len());
        let end = (from + self.block).min(self.len());
        let mut xml = String::with_capacity(1 << 20);
        xml.push_str(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x:t xmlns:x=\"http://xoev.de/schemata/xzufi/2_2_0\" \
             xzufiVersion=\"2.2.0\"><x:nachrichtenkopf><x:nachrichtUUID>1</x:nachrichtUUID>\
             <x:erstelltDatumZeit>2026-11-02T05:00:00Z</x:erstelltDatumZeit></x:nachrichtenkopf>",
        );
        for at in from..end {
            self.object(at, &mut xml);
        }
        xml.push_str("</x:t>");
        json!({
            "xzufiObjekte": xml, "vollstaendig": end == self.len(), "naechsterIndex": end,
            "naechsteAnfrageUrl": format!("http://{host}{PATH}?index={end}"), "anzahlObjekte": end - from,
        })
        .to_string()
    }

    fn object(&self, at: u64, xml: &mut String) {
        let written = if at < self.leistungen {
            leistung(at, xml)
        } else if at < self.leistungen + self.offices {
            office(at - self.leistungen, xml)
        } else if at < self.leistungen + self.offices + self.zustaendigkeiten {
            self.zustaendigkeit(at - self.leistungen - self.offices, xml)
        } else {
            orphan(at - self.leistungen - self.offices - self.zustaendigkeiten, xml)
        };
        written.expect("a text takes whatever is written to it");
    }

    fn zustaendigkeit(&self, n: u64, xml: &mut String) -> std::fmt::Result {
        let leistung = (n * STRIDE) % self.leistungen;
        let office = (n / 7) % self.offices;
        write!(
            xml,
            "<x:schreibe><x:zustaendigkeitTransferObjekt><x:uebergeordnetesObjektID schemeAgencyID=\"{0}\" \
             schemeID=\"Organisationseinheit\">OE{office}</x:uebergeordnetesObjektID><x:zustaendigkeit>\
             <x:id schemeAgencyID=\"{1}\" schemeID=\"ZustaendigkeitOrganisationseinheit\">Z{n:08}</x:id>\
             <x:leistungID schemeAgencyID=\"{2}\">{leistung}</x:leistungID>\
             <x:gebietID schemeID=\"urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs\">{3}</x:gebietID>\
             <x:rolle><code>01</code></x:rolle></x:zustaendigkeit></x:zustaendigkeitTransferObjekt></x:schreibe>",
            agency(office),
            agency(n / 1_000),
            agency(leistung),
            area(n / self.leistungen),
        )
    }
}

fn agency(n: u64) -> String {
    format!("L{:02}0001", n % AGENCIES + 1)
}

/// Areas of the form of a Gemeinde; whether one of this number exists does not matter here.
fn area(n: u64) -> String {
    format!("05{}{:02}0{:03}{:03}", n % 5 + 1, n % 60, 0, n % 990 + 1)
}

fn leistung(n: u64, xml: &mut String) -> std::fmt::Result {
    write!(
        xml,
        "<x:schreibe><x:leistung><x:id schemeAgencyID=\"{}\">{n}</x:id><x:referenzLeiKa><code>99{:09}000</code>\
         </x:referenzLeiKa>",
        agency(n),
        n % KEYS
    )?;
    for (code, text) in [
        ("03", format!("Genehmigung {} beantragen", n % KEYS)),
        ("05", format!("Sie können die Genehmigung {n} bei der zuständigen Stelle beantragen.")),
    ] {
        write!(
            xml,
            "<x:modulText><x:leikaTextmodul><code>{code}</code></x:leikaTextmodul>\
             <x:inhalt languageCode=\"de\">{text}</x:inhalt></x:modulText>"
        )?;
    }
    xml.write_str("</x:leistung></x:schreibe>")
}

fn office(n: u64, xml: &mut String) -> std::fmt::Result {
    write!(
        xml,
        "<x:schreibe><x:organisationseinheit><x:id schemeAgencyID=\"{}\">OE{n}</x:id>\
         <x:name><x:name languageCode=\"de\">Amt {n}</x:name></x:name></x:organisationseinheit></x:schreibe>",
        agency(n)
    )
}

fn orphan(n: u64, xml: &mut String) -> std::fmt::Result {
    let agency = agency(n / 1_000);
    write!(xml, "<x:loesche klasse=\"Zustaendigkeit\"><x:id schemeAgencyID=\"{agency}\">W{n:08}</x:id></x:loesche>")
}

/// The service, which counts the blocks that it gave.
struct Service {
    address: SocketAddr,
    blocks: Arc<AtomicU64>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Service {
    async fn start(stream: Stream) -> Result<Self, Fault> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.map_err(Fault::work)?;
        let address = listener.local_addr().map_err(Fault::work)?;
        let (stop, tasks, blocks) = (CancellationToken::new(), TaskTracker::new(), Arc::new(AtomicU64::new(0)));
        let (accepting, counted, ending) = (tasks.clone(), Arc::clone(&blocks), stop.clone());
        tasks.spawn(async move {
            while let Some(Ok((peer, _))) = ending.run_until_cancelled(listener.accept()).await {
                let (counted, ending) = (Arc::clone(&counted), ending.clone());
                accepting.spawn(async move {
                    // A process that was killed leaves its connection, which is no fault.
                    let _ = ending.run_until_cancelled(answer_all(peer, stream, &counted)).await;
                });
            }
        });
        Ok(Self { address, blocks, stop, tasks })
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Answers the requests of one connection, one after the other.
async fn answer_all(mut peer: TcpStream, stream: Stream, blocks: &AtomicU64) -> std::io::Result<()> {
    let mut head = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = head.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if head.len() > MAX_HEAD || peer.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        };
        let text = String::from_utf8_lossy(head.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let from = text.split("index=").nth(1).and_then(|rest| rest.split([' ', '&']).next()?.parse().ok());
        let host = text.split("\r\nhost: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap_or_default();
        let Some(from) = from else { return Ok(()) };
        let body = stream.envelope(from, host);
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        peer.write_all(answer.as_bytes()).await?;
        peer.write_all(body.as_bytes()).await?;
        blocks.fetch_add(1, Ordering::Relaxed);
        head.drain(..end);
    }
}

/// What the importing process did.
#[derive(Debug, Default)]
struct Ran {
    wall: Duration,
    cpu: Duration,
    peak_kib: u64,
    killed: bool,
    said: String,
}

pub(super) async fn run(amount: Amount) -> Result<Exit, Fault> {
    let leistungen = amount.leistungen.unwrap_or(amount.records / 82).max(1);
    if leistungen.is_multiple_of(STRIDE) {
        return Err(Fault::Usage(format!("--leistungen may not be a multiple of {STRIDE}")));
    }
    let stream = Stream {
        leistungen,
        offices: (leistungen / 10).max(1),
        zustaendigkeiten: amount.records,
        orphans: amount.orphans,
        block: amount.block,
    };
    let (data, _aside) = place(amount.keep)?;
    if data.join("portalverbund.db").exists() {
        return Err(Fault::Usage(format!("{} holds a store already; name an empty folder", data.display())));
    }
    let service = Service::start(stream).await?;
    let config = configure(&data, service.address)?;
    let mut runs = Vec::new();
    if amount.kill_after.is_some() {
        runs.push(import(&config, &service, amount.kill_after).await?);
    }
    runs.push(import(&config, &service, None).await?);
    let blocks = service.blocks.load(Ordering::Relaxed);
    service.end().await;
    let whole = report(&data, &stream, &runs, blocks).await?;
    Ok(if whole { Exit::Done } else { Exit::Findings })
}

/// Writes the configuration of the importing process; its path.
fn configure(data: &Path, service: SocketAddr) -> Result<PathBuf, Fault> {
    let config = data.join("config");
    let portals = config.join("portale.d");
    std::fs::create_dir_all(&portals).map_err(Fault::work)?;
    let main = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost/\"\n\
         [store]\nurl = {:?}\n[index]\ndir = {:?}\n[egress]\nallow = [\"127.0.0.0/8\"]\n",
        format!("sqlite://{}", data.join("portalverbund.db").display()),
        data.join("index").display().to_string(),
    );
    let portal = format!(
        "id = \"strom\"\nname = \"Strom\"\ngebiet = \"000000000000\"\n[connector]\nkind = \"bereitstelldienst\"\n\
         url = \"http://{service}{PATH}?index=0\"\n"
    );
    let file = config.join("portalverbund.toml");
    std::fs::write(&file, main).map_err(Fault::work)?;
    std::fs::write(portals.join("strom.toml"), portal).map_err(Fault::work)?;
    Ok(file)
}

/// One process that imports, to its end or until it is killed after so many blocks.
async fn import(config: &Path, service: &Service, kill_after: Option<u64>) -> Result<Ran, Fault> {
    let program = std::env::current_exe().map_err(Fault::work)?;
    let folder = config.parent().unwrap_or(config);
    let said = folder.join("import.json");
    let out = std::fs::File::create(&said).map_err(Fault::work)?;
    let talk = std::fs::File::create(folder.join("import.log")).map_err(Fault::work)?;
    let mut command = Command::new(program);
    command.args(["import", "--portal", "strom", "--json", "--config"]).arg(config);
    command.stdin(Stdio::null()).stdout(out).stderr(talk);
    let began = Instant::now();
    let mut child = command.spawn().map_err(|error| Fault::Work(format!("cannot start the import: {error}")))?;
    let mut ran = Ran::default();
    loop {
        look(&child, &mut ran);
        if kill_after.is_some_and(|blocks| service.blocks.load(Ordering::Relaxed) >= blocks) {
            child.kill().map_err(Fault::work)?;
            child.wait().map_err(Fault::work)?;
            ran.killed = true;
            break;
        }
        if let Some(status) = child.try_wait().map_err(Fault::work)? {
            // 1 is said with findings, such as references that dangle.
            if !matches!(status.code(), Some(0 | 1)) {
                let talk = std::fs::read_to_string(folder.join("import.log")).unwrap_or_default();
                return Err(Fault::Work(format!("the import failed: {talk}")));
            }
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    ran.wall = began.elapsed();
    ran.said = std::fs::read_to_string(said).unwrap_or_default();
    Ok(ran)
}

fn look(child: &Child, ran: &mut Ran) {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
    let status = read("status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    ran.peak_kib = ran.peak_kib.max(peak.unwrap_or(0));
    ran.cpu = ran.cpu.max(super::cpu_in(&read("stat")));
}

/// Says the figures; true when every record is there once and nothing else.
async fn report(data: &Path, stream: &Stream, runs: &[Ran], blocks: u64) -> Result<bool, Fault> {
    let url = format!("sqlite://{}", data.join("portalverbund.db").display());
    let portal = "strom".parse().map_err(Fault::work)?;
    let known = run::known_in(&url, &portal).await.map_err(setup::fault)?;
    let count = |kind| known.records.get(&kind).copied().unwrap_or(0);
    let expected = [
        (Kind::Leistung, stream.leistungen),
        (Kind::Organisationseinheit, stream.offices),
        (Kind::Zustaendigkeit, stream.zustaendigkeiten),
    ];
    let wall: f64 = runs.iter().map(|ran| ran.wall.as_secs_f64()).sum();
    let applying: f64 = runs
        .iter()
        .filter_map(|ran| ran.said.parse::<serde_json::Value>().ok())
        .filter_map(|said| said["duration_ms"].as_f64())
        .sum::<f64>()
        / 1e3;
    say("objects", stream.len(), "objects");
    say("blocks", blocks, "blocks");
    say("processes", runs.len(), "processes");
    say("killed", runs.iter().filter(|ran| ran.killed).count(), "processes");
    say("wall", format!("{wall:.1}"), "s");
    say("last_process_applied_after", format!("{applying:.1}"), "s");
    say("cpu", format!("{:.1}", runs.iter().map(|ran| ran.cpu.as_secs_f64()).sum::<f64>()), "CPU s");
    say("rate", format!("{:.0}", stream.len() as f64 / wall), "objects/s");
    let peak = runs.iter().map(|ran| ran.peak_kib).max().unwrap_or(0);
    say("peak_memory", peak / 1024, "MiB");
    say("store", bytes_of(&data.join("portalverbund.db")) >> 20, "MiB");
    let mut whole = true;
    for (kind, wanted) in expected {
        say(&format!("found_{}", kind.name()), count(kind), "records");
        whole &= count(kind) == wanted;
    }
    whole &= known.records.values().sum::<u64>() == expected.iter().map(|(_, wanted)| wanted).sum::<u64>();
    say("lost_or_doubled", if whole { 0 } else { 1 }, "0 for none");
    for run in known.runs.iter().rev() {
        let applied = run.applied;
        eprintln!(
            "run {}: {}, {} added, {} unchanged",
            run.number.unwrap_or(0),
            run.outcome,
            applied.added,
            applied.unchanged
        );
    }
    Ok(whole)
}

fn bytes_of(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |found| found.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_object_of_the_stream_is_another_one_and_every_leistung_is_named() {
        let stream = Stream { leistungen: 50, offices: 5, zustaendigkeiten: 500, orphans: 20, block: 100 };
        let mut objects = BTreeSet::new();
        for at in 0..stream.len() {
            let mut xml = String::new();
            stream.object(at, &mut xml);
            assert!(objects.insert(xml), "{at}");
        }
        let named = |leistung: u64| {
            let id = format!("<x:leistungID schemeAgencyID=\"{}\">{leistung}</x:leistungID>", agency(leistung));
            objects.iter().filter(|xml| xml.contains(&id)).count()
        };
        assert!((0..50).all(|leistung| named(leistung) == 10));
        let last: serde_json::Value = serde_json::from_str(&stream.envelope(500, "h")).unwrap();
        assert_eq!((last["vollstaendig"].as_bool(), last["anzahlObjekte"].as_u64()), (Some(true), Some(75)));
        assert!(area(12).parse::<connectors::gebiet::Ars>().is_ok(), "{}", area(12));
    }
}

use std::collections::BTreeSet;

use connectors::gebiet::Ars;
use connectors::xml::Limits;
use connectors::xzufi::read::{Envelope, Options, Reader};
use connectors::xzufi::{Action, Klasse, Objekt, Zustaendigkeit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::contents::*;
use super::*;

/// The ten groups of tags that the standard allows.
const TAGS: [&str; 18] =
    ["p", "br", "h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "i", "em", "sup", "sub", "ul", "ol", "li", "a"];

fn public_url() -> Url {
    "http://localhost:8080".parse().unwrap()
}

fn portal<'a>(contents: &'a Contents, id: &str) -> &'a DemoPortalFile {
    contents.portale.iter().find(|portal| portal.id.as_str() == id).unwrap()
}

fn objekte(contents: &Contents, portal: &DemoPortalFile) -> Vec<Objekt> {
    let angebote = contents.angebote(portal).unwrap();
    delivery::files(portal, &angebote, &public_url())
        .into_iter()
        .flat_map(|file| file.entries)
        .map(|entry| match entry.action {
            Action::Schreibe(objekt) => objekt,
            Action::Loesche { .. } => panic!("the sample deletes nothing"),
        })
        .collect()
}

/// The offices that `portal` names for a Leistung in the role 01.
fn responsible(portal: &str, leistung: &str) -> Vec<String> {
    let contents = Contents::load().unwrap();
    let portal = self::portal(&contents, portal);
    let names = |zustaendigkeit: &Zustaendigkeit| {
        let role = zustaendigkeit.rolle.as_ref().and_then(|rolle| rolle.code.as_deref());
        role == Some("01") && zustaendigkeit.leistung_id.iter().any(|id| id.text == leistung)
    };
    objekte(&contents, portal)
        .into_iter()
        .filter_map(|objekt| match objekt {
            Objekt::Organisationseinheit(office) => Some(office),
            _ => None,
        })
        .filter(|office| office.zustaendigkeiten.iter().any(names))
        .map(|office| office.kurzbezeichnung[0].text.clone())
        .collect()
}

#[track_caller]
fn check_html(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in html.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("a tag without an end in {html}"));
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(TAGS.contains(&name), "<{name}> in {html}");
        let linked = name == "a" && attributes.starts_with("href=\"https://") && attributes.matches('=').count() == 1;
        assert!(attributes.is_empty() || linked, "{attributes} in {html}");
        if name != "br" {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} stays open in {html}");
}

#[test]
fn every_level_is_there_with_enough_leistungen() {
    let contents = Contents::load().unwrap();
    let keys: BTreeSet<_> = contents.leistungen.iter().map(|leistung| leistung.schluessel).collect();
    assert!(keys.len() >= 60, "{}", keys.len());
    let count = |ebene| contents.portale.iter().filter(|portal| portal.ebene == ebene).count();
    assert_eq!([count(Ebene::Bund), count(Ebene::Land), count(Ebene::Kreis)], [1, 1, 2]);
    assert_eq!([count(Ebene::Gemeinde), count(Ebene::Kreisfrei)], [4, 2]);
    for leistung in &contents.leistungen {
        let offered =
            |portal| contents.angebote(portal).unwrap().iter().any(|angebot| angebot.leistung.id == leistung.id);
        assert!(contents.portale.iter().any(offered), "nobody offers {}", leistung.id);
    }
}

#[test]
fn every_gebiet_is_one_of_nordrhein_westfalen() {
    let areas = connectors::gebiet::Gebiete::nrw();
    let contents = Contents::load().unwrap();
    for portal in &contents.portale {
        let of_offices = portal.stelle.iter().flat_map(|stelle| &stelle.gebiete);
        for ars in of_offices.chain([&portal.ars]) {
            assert!(areas.get(ars).is_some(), "{ars} of {}", portal.id);
        }
    }
}

#[test]
fn texts_are_filled_and_hold_the_allowed_tags_only() {
    let contents = Contents::load().unwrap();
    for portal in &contents.portale {
        for objekt in objekte(&contents, portal) {
            let Objekt::Leistung(leistung) = objekt else { continue };
            let module = &leistung.module;
            let texts = module.texte.iter().flat_map(|text| &text.inhalt);
            let spans = module.fristen.iter().chain(&module.bearbeitungsdauern).flat_map(|span| &span.beschreibung);
            let costs = module.kosten.iter().flat_map(|costs| &costs.beschreibung);
            for text in texts.chain(spans).chain(costs) {
                check_html(&text.text);
                assert!(!text.text.contains(['{', '}']), "{}", text.text);
                assert!(!text.text.contains("  ") && !text.text.trim().is_empty(), "{:?}", text.text);
            }
        }
    }
}

#[test]
fn nothing_in_the_sample_reaches_a_real_body() {
    let contents = Contents::load().unwrap();
    for portal in &contents.portale {
        assert!(portal.web.host_str().unwrap().ends_with(".example"), "{}", portal.web);
        let offices = portal.stelle.iter().map(|stelle| (&stelle.telefon, &stelle.email));
        for (telefon, email) in offices.chain([(&portal.telefon, &portal.email)]) {
            assert!(telefon.starts_with("+49 30 23125 ") && telefon.len() == 16, "{telefon}");
            assert!(email.ends_with(".example"), "{email}");
        }
    }
}

#[test]
fn the_sample_shows_one_several_and_no_office() {
    assert_eq!(responsible("stadt-bochum", "hund-anmelden"), ["Amt für Finanzsteuerung, Abteilung Steuern"]);
    assert_eq!(responsible("stadt-bochum", "personalausweis"), ["Bürgerbüro Mitte"]);
    assert_eq!(responsible("stadt-arnsberg", "eheschliessung-anmelden"), ["Standesamt Arnsberg", "Standesamt Neheim"]);
    assert!(responsible("stadt-ahaus", "baumfaellung").is_empty());
    assert!(responsible("stadt-brilon", "baumfaellung").is_empty());
    assert_eq!(responsible("kreis-borken", "kfz-zulassen").len(), 1);
    assert!(responsible("stadt-ahaus", "kfz-zulassen").is_empty());
}

#[test]
fn bund_and_land_add_onlinedienste_without_offices() {
    let contents = Contents::load().unwrap();
    for (id, leistung) in [("bund", "fuehrungszeugnis"), ("land-nrw", "wohngeld")] {
        assert!(responsible(id, leistung).is_empty());
        let portal = portal(&contents, id);
        let dienst = objekte(&contents, portal).into_iter().find_map(|objekt| match objekt {
            Objekt::Onlinedienst(dienst) if dienst.id.as_ref().is_some_and(|id| id.text == leistung) => Some(dienst),
            _ => None,
        });
        let dienst = dienst.unwrap();
        assert_eq!(dienst.zustaendigkeiten[0].gebiete[0].text.parse::<Ars>().unwrap(), portal.ars);
        assert_eq!(dienst.links[0].link, format!("http://localhost:8080/portal/{id}/dienste/{leistung}"));
    }
}

#[test]
fn a_mistake_in_the_contents_is_named() {
    let mut contents = Contents::load().unwrap();
    contents.portale.truncate(6);
    let bochum = contents.portale.pop().unwrap();
    let without = |name: &str| {
        let mut portal = bochum.clone();
        portal.werte.remove(name);
        contents.angebote(&portal).unwrap_err().to_string()
    };
    assert!(
        without("hundesteuer_1").contains("hund-anmelden asks for {hundesteuer_1}"),
        "{}",
        without("hundesteuer_1")
    );
    let mut portal = bochum.clone();
    portal.stelle.retain(|stelle| !stelle.art.iter().any(|art| art == "steueramt"));
    assert!(contents.angebote(&portal).unwrap_err().to_string().contains("kind steueramt"));
    let mut portal = bochum.clone();
    portal.online.push("personalausweis".to_owned());
    assert!(contents.angebote(&portal).unwrap_err().to_string().contains("personalausweis has no form"));
}

#[test]
fn what_a_portal_delivers_reads_back_without_a_finding() {
    let contents = Contents::load().unwrap();
    for portal in &contents.portale {
        let site = Site::new(portal, &contents.angebote(portal).unwrap(), &public_url()).unwrap();
        let index = String::from_utf8(site.file("index.txt").unwrap().to_vec()).unwrap();
        let mut read = Vec::new();
        for name in index.lines() {
            let options = Options { limits: Limits::default(), file: name.to_owned(), envelope: Envelope::IndexFile };
            let mut reader = Reader::new(site.file(name).unwrap().as_ref(), options);
            while let Some(entry) = reader.next_entry().unwrap() {
                read.push(entry.action);
            }
            assert_eq!(reader.take_findings(), [], "{} {name}", portal.id);
        }
        let mut written: Vec<_> = objekte(&contents, portal).into_iter().map(Action::Schreibe).collect();
        for action in read.iter_mut().chain(&mut written) {
            forget_lines(action);
        }
        assert_eq!(read, written, "{}", portal.id);
    }
}

/// Lines are where a Zustaendigkeit was read; nobody writes them.
fn forget_lines(action: &mut Action) {
    let nested = match action {
        Action::Schreibe(Objekt::Organisationseinheit(office)) => &mut office.zustaendigkeiten,
        Action::Schreibe(Objekt::Onlinedienst(dienst)) => &mut dienst.zustaendigkeiten,
        Action::Schreibe(_) => return,
        Action::Loesche { klasse: Klasse::Leistung, .. } => panic!("the sample deletes nothing"),
        Action::Loesche { .. } => return,
    };
    for zustaendigkeit in nested {
        zustaendigkeit.line = 0;
    }
}

/// Sends one request and gives the whole answer as text.
async fn ask(address: SocketAddr, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!("{head}\r\nHost: demo\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_stand_in_delivers_and_shows_its_forms() {
    let cancel = CancellationToken::new();
    let tracker = TaskTracker::new();
    let portals = start(cancel.clone(), &tracker, &public_url()).await.unwrap();
    assert_eq!(portals.len(), 10);
    let bochum = portals.iter().find(|portal| portal.registration.id.as_str() == "stadt-bochum").unwrap();
    assert!(bochum.registration.may_hand_over_to(&public_url().join("portal/x").unwrap()));
    assert_eq!(bochum.registration.connector.url().unwrap().port(), Some(bochum.address.port()));

    let index = ask(bochum.address, "GET /xzufi/index.txt HTTP/1.1", "").await;
    assert!(
        index.starts_with("HTTP/1.1 200")
            && index.ends_with("01-leistungen.xml\n02-organisationseinheiten.xml\n03-onlinedienste.xml\n"),
        "{index}"
    );
    let tag = index.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let again = ask(bochum.address, &format!("GET /xzufi/index.txt HTTP/1.1\r\nIf-None-Match: {tag}"), "").await;
    assert!(again.starts_with("HTTP/1.1 304"), "{again}");

    let head = "GET /dienste/hund-anmelden HTTP/1.1\r\nX-Forwarded-Prefix: /portal/stadt-bochum";
    let form = ask(bochum.address, head, "").await;
    assert!(form.contains("Beispielformular") && form.contains("Stadt Bochum"), "{form}");
    assert!(form.contains("action=\"/portal/stadt-bochum/dienste/hund-anmelden\""), "{form}");
    let head = "POST /dienste/hund-anmelden HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded";
    let incomplete = ask(bochum.address, head, "rufname=%3Cb%3EBello&rasse=&seit=gestern").await;
    assert!(incomplete.starts_with("HTTP/1.1 422"), "{incomplete}");
    assert!(!incomplete.contains("<b>Bello") && incomplete.contains("href=\"#rasse\""), "{incomplete}");
    let complete = ask(bochum.address, head, "rufname=Bello&rasse=Dackel&seit=2026-11-01").await;
    assert!(complete.starts_with("HTTP/1.1 200") && complete.contains("Antrag eingegangen (Beispiel)"), "{complete}");
    assert!(complete.contains("<dd>01.11.2026</dd>"), "{complete}");
    assert!(ask(bochum.address, "GET /dienste/personalausweis HTTP/1.1", "").await.starts_with("HTTP/1.1 404"));

    cancel.cancel();
    tracker.close();
    tokio::time::timeout(std::time::Duration::from_secs(10), tracker.wait()).await.unwrap();
    assert!(TcpStream::connect(bochum.address).await.is_err());
}

#[tokio::test]
async fn a_prefix_that_is_none_is_not_believed() {
    let cancel = CancellationToken::new();
    let portals = start(cancel.clone(), &TaskTracker::new(), &public_url()).await.unwrap();
    for forged in ["//evil.example", "/a\"onload=x", "javascript:x", "/a/../b"] {
        let head = format!("GET / HTTP/1.1\r\nX-Forwarded-Prefix: {forged}");
        let page = ask(portals[0].address, &head, "").await;
        assert!(page.contains("href=\"/stil.css\""), "{forged}: {page}");
    }
    cancel.cancel();
}

//! Tables and the form, as an editor uses them.

use connectors::beschreibung::tabelle::{Spalte, Tabelle};
use http::HeaderMap;

use super::*;
use crate::registry::tests::signed_in;

/// An editor of `stadt` in a browser.
struct Browser {
    counter: Counter,
    cookie: String,
    csrf: String,
}

/// A page as it came.
struct Seite {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Seite {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    /// Where it leads.
    #[track_caller]
    fn leads(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text());
        self.headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    #[track_caller]
    fn shows(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.text().contains(text), "no `{text}` in {}", self.text());
        }
    }
}

impl Browser {
    async fn open() -> Self {
        let counter = Counter::open().await;
        let (cookie, csrf) = signed_in(&counter.desk, "frau", Role::Editor, &[("stadt", Right::Deliver)]).await;
        Self { counter, cookie, csrf }
    }

    async fn ask(&self, request: http::request::Builder, body: impl Into<Body>) -> Seite {
        let request = request.header(header::COOKIE, &self.cookie).header("sec-fetch-site", "same-origin");
        let request = request.body(body.into()).unwrap();
        let response = crate::pages::router(self.counter.desk.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Seite { status: parts.status, headers: parts.headers, bytes }
    }

    async fn get(&self, path: &str) -> Seite {
        self.ask(Request::get(path), Body::empty()).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Seite {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", &self.csrf).extend_pairs(fields);
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request, form.finish()).await
    }

    async fn upload(&self, csrf: &str, name: &str, bytes: &[u8]) -> Seite {
        let mut body = format!(
            "--g\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--g\r\nContent-Disposition: \
             form-data; name=\"datei\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend(bytes);
        body.extend(b"\r\n--g--\r\n");
        let request = Request::post("/anbindung/stadt/tabelle");
        self.ask(request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=g"), body).await
    }

    /// The value of the hidden field of this name.
    fn hidden(seite: &Seite, name: &str) -> String {
        let begin = format!("name=\"{name}\" value=\"");
        let rest = seite.text().split(&begin).nth(1).unwrap_or_else(|| panic!("no `{name}` in {}", seite.text()));
        rest.split('"').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_blank_table_comes_back_filled_is_looked_at_taken_and_taken_back() {
    let browser = Browser::open().await;
    // Another portal's text makes the Leistung one that the place should know.
    let (status, _) = browser.counter.push("stadt/imports", NDJSON, None, PERSO).await;
    assert_eq!(status, StatusCode::OK);
    let blank = browser.get("/anbindung/stadt/tabelle.xlsx").await;
    assert_eq!(blank.status, StatusCode::OK);
    let csv = browser.get("/anbindung/stadt/tabelle.csv").await;
    for read in [Tabelle::xlsx(&blank.bytes), Tabelle::csv(&csv.bytes)] {
        let read = read.unwrap();
        assert_eq!((read.zeilen.len(), read.findings.len()), (0, 0), "nothing is filled in: {read:?}");
        assert!(read.blank > 1_000, "a row for each Leistung of the place, {}", read.blank);
    }
    let head = Spalte::ALL.map(Spalte::name).join(";");
    let row = |key: &str, name: &str, office: &str| {
        let cells = Spalte::ALL.map(|column| match column {
            Spalte::Schluessel => key,
            Spalte::Bezeichnung => name,
            Spalte::Stelle => office,
            Spalte::Text(connectors::beschreibung::Modul::Kosten) => "37 €",
            _ => "",
        });
        cells.join(";")
    };
    let good = row("99108003022001", "Reisepass beantragen", "Passstelle <Süd>");
    let filled = format!("{head}\n{good}\n{}\n", row("", "", "Amt"));
    let preview = browser.upload(&browser.csrf, "leistungen.csv", filled.as_bytes()).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.text());
    preview.shows(&["1 werden übernommen", "Reisepass beantragen", "Passstelle &#60;Süd&#62;", "Texte: Kosten"]);
    preview.shows(&["wird nicht übernommen", "Es fehlen Leistungsschlüssel und Bezeichnung", "<td>3</td>"]);
    let (_, list) = browser.counter.get("stadt/imports").await;
    assert_eq!(list[0]["outcome"], "trial", "looking changes nothing");
    let file = Browser::hidden(&preview, "datei");
    let taken = browser.post("/anbindung/stadt/tabelle/uebernehmen", &[("datei", &file)]).await.leads();
    let delivery = browser.get(&taken).await;
    delivery.shows(&["1 übernommen", "Reisepass beantragen", "Lieferung zurücknehmen"]);
    let url = delivery.text().split("<a href=\"http://localhost").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let page = browser.get(&url).await;
    page.shows(&["Passstelle", "37 €"]);
    let back = browser.post(&format!("{taken}/zuruecknehmen"), &[]).await.leads();
    browser.get(&back).await.shows(&["zurückgenommen"]);
    assert_eq!(browser.get(&url).await.status, StatusCode::GONE);
    let again = browser.post("/anbindung/stadt/tabelle/uebernehmen", &[("datei", &file)]).await;
    again.shows(&["liegt uns nicht mehr vor"]);
    // What was taken back does not stop what comes next.
    assert_eq!(browser.counter.push("stadt/imports", NDJSON, None, PERSO).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_table_from_elsewhere_or_of_another_kind_is_refused() {
    let browser = Browser::open().await;
    assert_eq!(browser.upload("falsch", "a.csv", b"Bezeichnung\nA\n").await.status, StatusCode::FORBIDDEN);
    for (name, bytes, says) in [
        ("a.txt", b"x".as_slice(), "auf .xlsx oder .csv endet"),
        ("a.csv", b"", "wählen Sie eine Datei aus"),
        ("a.xlsx", b"PK", "keine lesbare Tabelle"),
    ] {
        browser.upload(&browser.csrf, name, bytes).await.shows(&[says]);
    }
    let large = vec![b'a'; connectors::beschreibung::tabelle::MAX_BYTES + 1];
    browser.upload(&browser.csrf, "a.csv", &large).await.shows(&["größer als 16 MiB"]);
    for file in ["../../etc/passwd.csv", "0.csv", &format!("{}.xml", "a".repeat(64))] {
        let seite = browser.post("/anbindung/stadt/tabelle/uebernehmen", &[("datei", file)]).await;
        assert_eq!(seite.status, StatusCode::BAD_REQUEST, "{file}");
    }
    assert_eq!(browser.get("/anbindung/fremd/tabelle").await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get("/anbindung/fremd/tabelle.xlsx").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_form_puts_what_differs_on_top_of_the_text_that_is_there() {
    let browser = Browser::open().await;
    let token =
        with_token(&browser.counter.desk, "land", Role::Editor, &[("land", Right::Deliver)], Right::Manage, 1).await;
    let request = browser.counter.request(Method::POST, "land/imports", &token).header(header::CONTENT_TYPE, NDJSON);
    let stamm = r#"{"id": "S1", "leistungsschluessel": "99108003022000", "bezeichnung": "Personalausweis beantragen",
        "texte": [{"modul": "kosten", "inhalt": "37,00 Euro überall"}, {"modul": "unterlagen", "inhalt": "Lichtbild"}]}"#;
    let (status, answer) = browser.counter.ask(request, stamm.replace('\n', " ")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let choice = browser.get("/anbindung/stadt/formular?suche=personalausweis").await;
    choice.shows(&["/anbindung/stadt/formular/99108003022000"]);
    let path = "/anbindung/stadt/formular/99108003022000";
    browser.get(path).await.shows(&["beschreibt schon Portal land", "37,00 Euro überall"]);
    let faulty = browser.post(path, &[("tun", "vorschau"), ("telefon", "1")]).await;
    assert_eq!(faulty.status, StatusCode::UNPROCESSABLE_ENTITY);
    faulty.shows(&["href=\"#stelle\"", "auch den Namen der Stelle"]);
    let fields = [
        ("stelle", "Bürgerbüro Mitte"),
        ("telefon", "0241 432-0"),
        ("text_kosten", "22 € <ermäßigt>"),
        ("weise_text_kosten", "ersetzt"),
        ("text_unterlagen", "Meldebescheinigung"),
    ];
    let with = |does| [&[("tun", does)], &fields[..]].concat();
    let preview = browser.post(path, &with("vorschau")).await;
    preview.shows(&["So sehen es", "22 € &lt;ermäßigt&gt;", "Lichtbild", "So veröffentlichen"]);
    let place = "/leistung/99108003022000/personalausweis-beantragen/053340002002";
    assert!(!browser.get(place).await.text().contains("Bürgerbüro Mitte"), "looking changes nothing");
    let saved = browser.post(path, &with("speichern")).await.leads();
    let page = browser.get(place).await;
    page.shows(&["Bürgerbüro Mitte", "0241 432-0", "22 € &lt;ermäßigt&gt;", "Lichtbild", "Meldebescheinigung"]);
    assert!(!page.text().contains("37,00 Euro überall"), "it stands in its place: {}", page.text());
    let elsewhere = browser.get(&place.replace("053340002002", "053340004004")).await;
    elsewhere.shows(&["37,00 Euro überall"]);
    assert!(!elsewhere.text().contains("Bürgerbüro Mitte"), "it holds here alone");
    browser.get(path).await.shows(&["value=\"Bürgerbüro Mitte\"", "Meldebescheinigung", "Angaben löschen"]);
    // Taking it away, and taking that back.
    let removed = browser.post(path, &[("tun", "zuruecknehmen")]).await.leads();
    let page = browser.get(place).await;
    page.shows(&["37,00 Euro überall"]);
    assert!(!page.text().contains("Bürgerbüro Mitte"), "{}", page.text());
    browser.post(&format!("{removed}/zuruecknehmen"), &[]).await.leads();
    browser.get(place).await.shows(&["Bürgerbüro Mitte", "Meldebescheinigung"]);
    browser.get(path).await.shows(&["value=\"Bürgerbüro Mitte\""]);
    browser.get(&saved).await.shows(&["Lieferung"]);
}

#[tokio::test]
async fn where_nobody_describes_a_leistung_the_form_does() {
    let browser = Browser::open().await;
    let path = "/anbindung/stadt/formular/99108003022000";
    browser.get(path).await.shows(&["beschreibt bisher niemand"]);
    let fields = [("tun", "speichern"), ("stelle", "Bürgerbüro"), ("text_kurztext", "Hier gibt es ihn.")];
    let saved = browser.post(path, &fields).await.leads();
    let delivery = browser.get(&saved).await;
    let url = delivery.text().split("<a href=\"http://localhost").nth(1).unwrap().split('"').next().unwrap();
    browser.get(url).await.shows(&["Hier gibt es ihn.", "Bürgerbüro"]);
    browser.get("/anbindung/stadt/lieferungen").await.shows(&["Formular", "übernommen"]);
}

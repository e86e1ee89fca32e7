//! The inventory of our pages: one address for each state in which a page can be met, and every route behind them.
//!
//! What is asked of a page (that everybody can use it, that its HTML is right, that it asks nobody else) is asked of all that
//! stand here. A route without an address here fails `it/pages/inventory.rs`, so that no page is forgotten.

/// A page in one of its states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// What it shows, for the message of a failure.
    pub name: &'static str,
    /// The route as the router has it, without the language.
    pub route: &'static str,
    /// Its address: path and query, without the language.
    pub target: &'static str,
    /// The status that it comes with, after redirects.
    pub status: u16,
    /// Which Verbund shows it.
    pub stage: Stage,
    /// What is sent to it as a form; none for GET.
    pub form: Option<&'static [(&'static str, &'static str)]>,
}

/// Which Verbund shows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The sample Verbund of the demo.
    Demo,
    /// Two portals whose records fill every field, and routes that fail.
    Full,
    /// One that can no longer read its own store.
    Broken,
}

/// A language of the pages: what stands before their paths, and their `lang`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    /// Before each path.
    pub prefix: &'static str,
    /// `lang` of the page.
    pub lang: &'static str,
}

/// The languages of citizens' pages.
pub const LANGUAGES: [Language; 3] = [
    Language { prefix: "", lang: "de" },
    Language { prefix: "/en", lang: "en" },
    Language { prefix: "/leicht", lang: "de-simple" },
];

impl Page {
    const fn of(name: &'static str, route: &'static str, target: &'static str) -> Self {
        Self { name, route, target, status: 200, stage: Stage::Demo, form: None }
    }

    const fn is(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    const fn full(mut self) -> Self {
        self.stage = Stage::Full;
        self
    }

    const fn broken(mut self) -> Self {
        self.stage = Stage::Broken;
        self
    }

    const fn form(mut self, fields: &'static [(&'static str, &'static str)]) -> Self {
        self.form = Some(fields);
        self
    }
}

const LEISTUNG: &str = "/leistung/{schluessel}/{slug}";
const LEISTUNG_AT: &str = "/leistung/{schluessel}/{slug}/{ars}";
const ZU: &str = "/zu/{schluessel}/{ars}";
const BEVOR: &str = "/bevor/{schluessel}/{ars}";
const LEBENSLAGE: &str = "/lebenslage/{code}";
const LEBENSLAGE_AT: &str = "/lebenslage/{code}/{ars}";

/// What citizens see, in every language.
pub const CITIZENS: &[Page] = &[
    Page::of("start", "/", "/"),
    Page::of("results, one clear answer", "/suche", "/suche?q=hund+anmelden+bochum"),
    Page::of("results without a place", "/suche", "/suche?q=hund+anmelden"),
    Page::of("results, a choice", "/suche", "/suche?q=anmelden"),
    Page::of("results, a place of several", "/suche", "/suche?q=hund&ort=52525"),
    Page::of("results, a word that was mistyped", "/suche", "/suche?q=hnud+anmelden"),
    Page::of("results, several offices", "/suche", "/suche?q=heiraten+arnsberg"),
    Page::of("results, no office known", "/suche", "/suche?q=baum+auf+eigenem+grundst%C3%BCck+f%C3%A4llen&ort=Ahaus"),
    Page::of("results, nothing found", "/suche", "/suche?q=xyzzyqwert"),
    Page::of("results, nothing found at a place", "/suche", "/suche?q=xyzzyqwert&ort=Ahaus"),
    Page::of("results without a question", "/suche", "/suche").is(400),
    Page::of("results, an unknown place", "/suche", "/suche?q=hund&ort=Atlantis"),
    Page::of(
        "results, narrowed down",
        "/suche",
        "/suche?q=antrag+beantragen&ort=Bochum&online=true&lebenslage=wohnen-umzug",
    ),
    Page::of("results, second page", "/suche", "/suche?q=antrag&ort=Bochum&seite=2"),
    Page::of("results, after the last page", "/suche", "/suche?q=hund&seite=99"),
    Page::of("Leistung by its key alone", "/leistung/{schluessel}", "/leistung/99110009104000"),
    Page::of("Leistung without a place", LEISTUNG, "/leistung/99110009104000/hund-anmelden"),
    Page::of("Leistung at a place", LEISTUNG_AT, "/leistung/99110009104000/hund-anmelden/059110000000"),
    Page::of(
        "Leistung, from the results",
        LEISTUNG_AT,
        "/leistung/99110009104000/hund-anmelden/059110000000?frage=hund+anmelden&rang=1",
    ),
    Page::of("Leistung, several offices", LEISTUNG_AT, "/leistung/99059001104000/eheschliessung-anmelden/059580004004"),
    Page::of(
        "Leistung, no office known",
        LEISTUNG_AT,
        "/leistung/99093003001002/baum-auf-eigenem-grundstueck-faellen/055540004004",
    ),
    Page::of(
        "Leistung without an online service",
        LEISTUNG_AT,
        "/leistung/99008001012000/personalausweis-beantragen/059110000000",
    ),
    Page::of("Leistung, everything filled", LEISTUNG_AT, "/leistung/99888000001001/x/059110000000").full(),
    Page::of("Leistung, everything filled, no place", LEISTUNG, "/leistung/99888000001001/x").full(),
    Page::of("results, everything filled", "/suche", "/suche?q=Apfelbaum&ort=Bochum").full(),
    Page::of("place, to be typed", "/ort", "/ort?leistung=99110009104000"),
    Page::of("place, one of several", "/ort", "/ort?leistung=99110009104000&ort=52525"),
    Page::of("place, unknown", "/ort", "/ort?leistung=99110009104000&ort=Atlantis"),
    Page::of("all of a town", "/ort/{ars}/{slug}", "/ort/059110000000/bochum"),
    Page::of("all of a town by its key alone", "/ort/{ars}", "/ort/059110000000"),
    Page::of("all of a town that delivers nothing", "/ort/{ars}/{slug}", "/ort/059130000000/dortmund"),
    Page::of("all of a Kreis", "/ort/{ars}/{slug}", "/ort/055540000000/kreis-borken"),
    Page::of("Lebenslagen", "/lebenslagen", "/lebenslagen"),
    Page::of("Lebenslage", LEBENSLAGE, "/lebenslage/wohnen-umzug"),
    Page::of("Lebenslage at a place", LEBENSLAGE_AT, "/lebenslage/wohnen-umzug/059110000000"),
    Page::of("fault, no such Lebenslage", LEBENSLAGE, "/lebenslage/gibt-es-nicht").is(404),
    Page::of("before starting", BEVOR, "/bevor/99110009104000/059110000000"),
    Page::of("before starting, several services", BEVOR, "/bevor/99059001104000/059580004004"),
    Page::of("before starting, no service", BEVOR, "/bevor/99008001012000/059110000000"),
    Page::of("before starting, no office known", BEVOR, "/bevor/99093003001002/055540004004"),
    Page::of("before starting, everything filled", BEVOR, "/bevor/99888000001001/059110000000").full(),
    Page::of("hand-over, everything filled", ZU, "/zu/99888000001001/059110000000").full(),
    Page::of("hand-over, several services", ZU, "/zu/99059001104000/059580004004"),
    Page::of("hand-over, no office known", ZU, "/zu/99093003001002/055540004004"),
    Page::of("hand-over, no online service", ZU, "/zu/99008001012000/059110000000"),
    Page::of("hand-over, to nowhere registered", ZU, "/zu/99888000002001/059110000000").full(),
    Page::of("short answer, to be asked", "/kurz", "/kurz"),
    Page::of("short answer", "/kurz", "/kurz?q=hund+anmelden&ort=Bochum"),
    Page::of("short answer, several offices", "/kurz", "/kurz?leistung=99059001104000&ort=Arnsberg"),
    Page::of("short answer, no office known", "/kurz", "/kurz?leistung=99093003001002&ort=Ahaus"),
    Page::of("short answer, nothing found", "/kurz", "/kurz?q=xyzzyqwert&ort=Atlantis"),
    Page::of("short answer, everything filled", "/kurz", "/kurz?leistung=99888000001001&ort=Bochum").full(),
    Page::of("feedback on a Leistung", "/rueckmeldung", "/rueckmeldung?leistung=99110009104000&ars=059110000000"),
    Page::of("feedback on anything", "/rueckmeldung", "/rueckmeldung"),
    Page::of("feedback with nothing in it", "/rueckmeldung", "/rueckmeldung").is(422).form(&[("text", "")]),
    Page::of("thanks for feedback", "/rueckmeldung/danke", "/rueckmeldung/danke?leistung=99110009104000"),
    Page::of("report of a barrier", "/barriere-melden", "/barriere-melden"),
    Page::of("report of a barrier with nothing in it", "/barriere-melden", "/barriere-melden")
        .is(422)
        .form(&[("text", "")]),
    Page::of("thanks for the report of a barrier", "/barriere-melden/danke", "/barriere-melden/danke"),
    Page::of("Impressum", "/impressum", "/impressum").full(),
    Page::of("Impressum that nobody wrote", "/impressum", "/impressum"),
    Page::of("Datenschutz", "/datenschutz", "/datenschutz").full(),
    Page::of("Barrierefreiheit", "/barrierefreiheit", "/barrierefreiheit").full(),
    Page::of("Barrierefreiheit that nobody stated", "/barrierefreiheit", "/barrierefreiheit"),
    Page::of("help", "/hilfe", "/hilfe"),
    Page::of("open data", "/daten", "/daten"),
    Page::of("code for other pages", "/einbinden", "/einbinden"),
    Page::of(
        "code for other pages, with wishes",
        "/einbinden",
        "/einbinden?ort=Bochum&sprache=en&ziel=hier&farbe=%23aa0000",
    ),
    Page::of("code for other pages, wishes that cannot be", "/einbinden", "/einbinden?ort=Atlantis"),
    Page::of("fault, an address that cannot be read", "/suche", "/suche?q=a&q=b").is(400),
    Page::of("fault of our own", "/leistung/{schluessel}", "/leistung/99888000002001").is(500).broken(),
    Page::of("fault, no such page", "/", "/gibt/es/nicht").is(404),
    Page::of("fault, no such Leistung", LEISTUNG, "/leistung/99888000000001/x").is(404),
    Page::of("fault, no such place", LEISTUNG_AT, "/leistung/99110009104000/hund-anmelden/059999999999").is(404),
    Page::of("fault, no such online service", ZU, "/zu/99110009104000/059110000000?dienst=x").is(404),
    Page::of("fault, a form where there is none", "/", "/").is(405).form(&[]),
];

/// What is German alone: pages for those who run a portal, and what is said when a portal fails.
pub const GERMAN: &[Page] = &[
    Page::of("check of a page", "/pruefen", "/pruefen"),
    Page::of("check of a page, nothing given", "/pruefen", "/pruefen").is(400).form(&[("url", ""), ("html", "")]),
    Page::of("check of a page, what was read", "/pruefen", "/pruefen").form(&[("url", ""), ("html", MARKED_UP)]),
    Page::of("profile for pages", "/profil", "/profil"),
    Page::of("report, which town", "/bericht", "/bericht"),
    Page::of("report of a town", "/bericht/{ars}", "/bericht/059110000000"),
    Page::of("report of a town that delivers nothing", "/bericht/{ars}", "/bericht/059130000000"),
    Page::of("hand-over of a path to nobody", "/zu/{schluessel}/{ars}/{*rest}", "/zu/99093003001002/055540004004/x")
        .is(404),
    Page::of("fault, the portal's page is gone", "/", "/portal/weg/x").is(410).full(),
    Page::of("fault, the portal is not there", "/", "/portal/kaputt/x").is(502).full(),
    Page::of("fault, the portal is under maintenance", "/", "/portal/wartung/x").is(503).full(),
];

/// A page of a town as `/profil` asks for it.
const MARKED_UP: &str = "<html lang=de><title>Hund anmelden</title><body vocab=https://schema.org/>\
    <div typeof=GovernmentService resource=#l><b property=name>Hund anmelden</b><p property=description>Melden Sie Ihren Hund \
    an.</p><b property=identifier>99110009104000</b><b property=areaServed>059110000000</b></div>";

/// Editors' pages before somebody is signed in.
pub const SIGN_IN: &[Page] = &[
    Page::of("sign-in", "/anbindung/anmelden", "/anbindung/anmelden"),
    Page::of("signed out", "/anbindung/abgemeldet", "/anbindung/abgemeldet"),
];

/// Editors' pages for an operator, whose account has the number 1; `neustadt` is registered, the others have files.
pub const EDITORS: &[Page] = &[
    Page::of("overview", "/anbindung", "/anbindung"),
    Page::of("own account", "/anbindung/konto", "/anbindung/konto"),
    Page::of("accounts", "/anbindung/konten", "/anbindung/konten"),
    Page::of("an account", "/anbindung/konten/{id}", "/anbindung/konten/1"),
    Page::of("audit trail", "/anbindung/protokoll", "/anbindung/protokoll"),
    Page::of("feedback of citizens", "/anbindung/rueckmeldungen", "/anbindung/rueckmeldungen?stand=alle"),
    Page::of("a new portal", "/anbindung/neu", "/anbindung/neu"),
    Page::of("releases", "/anbindung/freigaben", "/anbindung/freigaben"),
    Page::of("a portal", "/anbindung/{portal}", "/anbindung/stadt-bochum"),
    Page::of("runs", "/anbindung/{portal}/laeufe", "/anbindung/stadt-bochum/laeufe"),
    Page::of("a run", "/anbindung/{portal}/laeufe/{run}", "/anbindung/stadt-bochum/laeufe/5"),
    Page::of(
        "quarantine",
        "/anbindung/{portal}/laeufe/zurueckgestellt",
        "/anbindung/stadt-bochum/laeufe/zurueckgestellt",
    ),
    Page::of("deliveries", "/anbindung/{portal}/lieferungen", "/anbindung/stadt-bochum/lieferungen"),
    Page::of("table", "/anbindung/{portal}/tabelle", "/anbindung/stadt-bochum/tabelle"),
    Page::of("form, which Leistung", "/anbindung/{portal}/formular", "/anbindung/stadt-bochum/formular"),
    Page::of(
        "form of a Leistung",
        "/anbindung/{portal}/formular/{schluessel}",
        "/anbindung/stadt-bochum/formular/99110009104000",
    ),
    Page::of("a portal that is registered", "/anbindung/{portal}", "/anbindung/neustadt"),
    Page::of("settings", "/anbindung/{portal}/angaben", "/anbindung/neustadt/angaben"),
    Page::of("preview", "/anbindung/{portal}/vorschau", "/anbindung/neustadt/vorschau"),
    Page::of("messages of citizens", "/anbindung/rueckmeldungen", "/anbindung/rueckmeldungen"),
    Page::of("fault, no such portal", "/anbindung/{portal}", "/anbindung/gibt-es-nicht").is(404),
];

/// Routes that answer with something else than a page of ours, and why; the beginning of a path ends with `*`.
pub const NO_PAGES: &[(&str, &str)] = &[
    ("/api/*", "for programs"),
    ("/v1/*", "for programs, below /api"),
    ("/static/*", "what pages are made with"),
    ("/robots.txt", "for machines"),
    ("/opensearch.xml", "for machines"),
    ("/einbinden/suche", "a part of somebody else's page"),
    ("/einbinden/treffer", "a part of somebody else's page"),
    ("/favicon.ico", "a picture"),
    ("/sitemap.xml", "for machines"),
    ("/sitemaps/*", "for machines"),
    ("/daten/dcat.jsonld", "for machines"),
    ("/anbindung/rueckmeldungen/tabelle.csv", "a table"),
    ("/anbindung/anmelden/anbieter", "leads on to the provider of accounts"),
    ("/anbindung/anmelden/zurueck", "takes what the provider says, and leads on"),
    ("/anbindung/{portal}/vorschau/{*rest}", "citizens' pages over a catalog of another run"),
    (
        "/anbindung/{portal}/lieferungen/{import}",
        "needs a delivery; its parts stand in the list of deliveries and in runs",
    ),
    ("/daten/dcat.jsonld", "for data catalogues"),
    ("/anbindung/rueckmeldungen/tabelle.csv", "a table"),
    ("/anbindung/{portal}/tabelle.csv", "a table"),
    ("/anbindung/{portal}/tabelle.xlsx", "a table"),
];

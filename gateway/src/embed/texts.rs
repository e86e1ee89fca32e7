//! What the page that builds the code says, and what stands in the pieces for pages of others, in each language.

use connectors::gebiet::Level;

use crate::pages::sprache::Sprache;

/// All texts of this room.
#[derive(Debug)]
pub struct Texts {
    /// "Was möchten Sie erledigen?"
    pub question: &'static str,
    /// The same for one place, by its name.
    pub question_in: fn(&str) -> String,
    /// "Ort oder Postleitzahl"
    pub place: &'static str,
    /// "Suchen"
    pub search: &'static str,
    /// How many hits there are, for what, and where.
    pub count: fn(usize, &str, Option<&str>) -> String,
    /// "Bitte schreiben Sie, was Sie erledigen möchten."
    pub without_question: &'static str,
    /// That this place is not known.
    pub unknown_place: fn(&str) -> String,
    /// "Diesen Ort gibt es mehrmals. Welcher ist es?"
    pub which_place: &'static str,
    /// Whose business it is, by the level that is responsible.
    pub responsible: fn(Level) -> &'static str,
    /// "Mehrere Stellen kommen infrage."
    pub several_offices: &'static str,
    /// "Für diesen Ort ist uns keine zuständige Stelle bekannt."
    pub nobody: &'static str,
    /// "Warum?"
    pub why: &'static str,
    /// "Jetzt online beantragen"
    pub online: &'static str,
    /// "Alle Ergebnisse auf Portalverbund.NRW"
    pub all: &'static str,
    /// "Suche einbinden"
    pub title: &'static str,
    /// "Für Städte, Gemeinden, Kreise und andere: So kommt die Suche des …"
    pub lead: &'static str,
    /// "Was soll die Suche können?"
    pub wishes: &'static str,
    /// "Für einen festen Ort. Lassen Sie das Feld leer, dann fragt die …"
    pub place_hint: &'static str,
    /// "Sprache"
    pub language: &'static str,
    /// In the order of [`Sprache::ALL`].
    pub languages: [&'static str; 3],
    /// "Wo sollen die Ergebnisse stehen?"
    pub target: &'static str,
    /// "auf Portalverbund.NRW"
    pub target_ours: &'static str,
    /// "auf Ihrer Seite, unter dem Feld (braucht das Skript)"
    pub target_here: &'static str,
    /// "Farbe der Schaltfläche"
    pub colour: &'static str,
    /// "Schrift auf der Schaltfläche"
    pub on_colour: &'static str,
    /// "Sechs Ziffern nach dem Muster #2044aa."
    pub colour_hint: &'static str,
    /// "Eine Farbe ist nicht nach dem Muster #2044aa geschrieben. Wir …"
    pub bad_colour: &'static str,
    /// That two colours are too close to each other; how close they are.
    pub contrast: fn(f64) -> String,
    /// "Code erzeugen"
    pub make: &'static str,
    /// Heading over the code for one place.
    pub for_place: fn(&str) -> String,
    /// "Code für alle Orte"
    pub for_all: &'static str,
    /// "Mit Skript: als Element"
    pub element: &'static str,
    /// "Fügen Sie beide Teile dort ein, wo die Suche stehen soll. Ohne …"
    pub element_text: &'static str,
    /// "Weitere Farben stellen Sie als CSS-Variablen ein: …"
    pub element_variables: &'static str,
    /// "Ohne Skript: als Formular"
    pub plain: &'static str,
    /// "Das Formular führt zu unserer Ergebnisseite. Es sieht aus wie die …"
    pub plain_text: &'static str,
    /// "Vom Server: als Baustein"
    pub fragment: &'static str,
    /// "Ihr Redaktionssystem holt den Baustein von dieser Adresse und …"
    pub fragment_text: &'static str,
    /// "Code"
    pub code: &'static str,
    /// "Treffer in Ihrer eigenen Suche"
    pub hits: &'static str,
    /// "Diese Adresse gibt die Treffer von Kreis, Land und Bund, mit der …"
    pub hits_text: &'static str,
    /// "Direkt verlinken"
    pub deep: &'static str,
    /// "Jede Adresse trägt den Ort in sich, hier als zwölfstelligen …"
    pub deep_text: &'static str,
    /// "Ergebnisse zu einer Frage"
    pub deep_question: &'static str,
    /// "Eine Leistung an einem Ort"
    pub deep_leistung: &'static str,
    /// "„Bevor Sie starten“: was man vor dem Antrag wissen muss"
    pub deep_before: &'static str,
    /// "Direkt zum Online-Angebot der zuständigen Stelle"
    pub deep_online: &'static str,
    /// "Alles, was ein Ort anbietet"
    pub deep_place: &'static str,
    /// "Für Programme"
    pub more: &'static str,
    /// "Offene Schnittstelle (OpenAPI), ohne Schlüssel"
    pub more_text: &'static str,
    /// "Bitte prüfen Sie Ihre Eingabe"
    pub check_input: &'static str,
}

/// The texts in this language.
pub fn of(sprache: Sprache) -> &'static Texts {
    match sprache {
        Sprache::Deutsch => &DEUTSCH,
        Sprache::Englisch => &ENGLISCH,
        Sprache::Leicht => &LEICHT,
    }
}

static DEUTSCH: Texts = Texts {
    question: "Was möchten Sie erledigen?",
    question_in: |place| format!("Was möchten Sie in {place} erledigen?"),
    place: "Ort oder Postleitzahl",
    search: "Suchen",
    count: |count, question, place| {
        let results = if count == 1 { "1 Ergebnis".to_owned() } else { format!("{count} Ergebnisse") };
        let place = place.map(|place| format!(" in {place}")).unwrap_or_default();
        format!("{results} für „{question}“{place}")
    },
    without_question: "Bitte schreiben Sie, was Sie erledigen möchten.",
    unknown_place: |text| {
        format!(
            "Den Ort „{text}“ kennen wir nicht. Bitte prüfen Sie die Schreibweise oder geben Sie die Postleitzahl an."
        )
    },
    which_place: "Diesen Ort gibt es mehrmals. Welcher ist es?",
    responsible: |level| match level {
        Level::Bund => "Zuständig ist der Bund.",
        Level::Land => "Zuständig ist das Land.",
        Level::Regierungsbezirk => "Zuständig ist Ihre Bezirksregierung.",
        Level::Kreis => "Zuständig ist Ihr Kreis.",
        Level::Verband => "Zuständig ist Ihr Gemeindeverband.",
        Level::Gemeinde => "Zuständig ist Ihre Stadt oder Gemeinde.",
    },
    several_offices: "Mehrere Stellen kommen infrage.",
    nobody: "Für diesen Ort ist uns keine zuständige Stelle bekannt.",
    why: "Warum?",
    online: "Jetzt online beantragen",
    all: "Alle Ergebnisse auf Portalverbund.NRW",
    title: "Suche einbinden",
    lead: "Für Städte, Gemeinden, Kreise und andere: So kommt die Suche des Portalverbunds auf Ihre eigenen Seiten. \
        Ohne Cookies, ohne Anmeldung, und ohne Skript, wenn Sie das möchten.",
    wishes: "Was soll die Suche können?",
    place_hint: "Für einen festen Ort. Lassen Sie das Feld leer, dann fragt die Suche nach dem Ort.",
    language: "Sprache",
    languages: ["Deutsch", "Englisch", "Leichte Sprache"],
    target: "Wo sollen die Ergebnisse stehen?",
    target_ours: "auf Portalverbund.NRW",
    target_here: "auf Ihrer Seite, unter dem Feld (braucht das Skript)",
    colour: "Farbe der Schaltfläche",
    on_colour: "Schrift auf der Schaltfläche",
    colour_hint: "Sechs Ziffern nach dem Muster #2044aa.",
    bad_colour: "Eine Farbe ist nicht nach dem Muster #2044aa geschrieben. Wir haben die übliche Farbe genommen.",
    contrast: |contrast| {
        let contrast = format!("{contrast:.1}").replace('.', ",");
        format!(
            "Die Schrift hebt sich zu wenig von der Schaltfläche ab: {contrast} zu 1. Barrierefrei ist es ab 4,5 zu 1."
        )
    },
    make: "Code erzeugen",
    for_place: |place| format!("Code für {place}"),
    for_all: "Code für alle Orte",
    element: "Mit Skript: als Element",
    element_text: "Fügen Sie beide Teile dort ein, wo die Suche stehen soll. Ohne Skript bleibt das Formular und führt zu uns.",
    element_variables: "Weitere Farben stellen Sie als CSS-Variablen ein: --portalverbund-grund, --portalverbund-schrift, \
        --portalverbund-rand und --portalverbund-rundung.",
    plain: "Ohne Skript: als Formular",
    plain_text: "Das Formular führt zu unserer Ergebnisseite. Es sieht aus wie die Formulare Ihrer Seite.",
    fragment: "Vom Server: als Baustein",
    fragment_text: "Ihr Redaktionssystem holt den Baustein von dieser Adresse und setzt ihn in die Seite ein. Er darf eine \
        Stunde lang aufbewahrt werden. Sollen die Treffer auf Ihrer Seite stehen, kommt das Skript von oben dazu. In einem Rahmen (iframe) lassen sich unsere Seiten nicht zeigen.",
    code: "Code",
    hits: "Treffer in Ihrer eigenen Suche",
    hits_text: "Diese Adresse gibt die Treffer von Kreis, Land und Bund, mit der zuständigen Stelle und der Begründung. Mit \
        eigene=ja sind auch die Leistungen Ihrer Stadt oder Gemeinde dabei. Setzen Sie für q die Suchwörter ein.",
    deep: "Direkt verlinken",
    deep_text: "Jede Adresse trägt den Ort in sich, hier als zwölfstelligen Regionalschlüssel. Auch Name oder Postleitzahl sind möglich.",
    deep_question: "Ergebnisse zu einer Frage",
    deep_leistung: "Eine Leistung an einem Ort",
    deep_before: "„Bevor Sie starten“: was man vor dem Antrag wissen muss",
    deep_online: "Direkt zum Online-Angebot der zuständigen Stelle",
    deep_place: "Alles, was ein Ort anbietet",
    more: "Für Programme",
    more_text: "Offene Schnittstelle (OpenAPI), ohne Schlüssel",
    check_input: "Bitte prüfen Sie Ihre Eingabe",
};

static ENGLISCH: Texts = Texts {
    question: "What would you like to do?",
    question_in: |place| format!("What would you like to do in {place}?"),
    place: "Town or postcode",
    search: "Search",
    count: |count, question, place| {
        let results = if count == 1 { "1 result".to_owned() } else { format!("{count} results") };
        let place = place.map(|place| format!(" in {place}")).unwrap_or_default();
        format!("{results} for “{question}”{place}")
    },
    without_question: "Please write what you would like to do.",
    unknown_place: |text| {
        format!("We do not know the place “{text}”. Please check the spelling, or give the postcode.")
    },
    which_place: "There are several places of this name. Which one is it?",
    responsible: |level| match level {
        Level::Bund => "The federal government is responsible.",
        Level::Land => "The state of North Rhine-Westphalia is responsible.",
        Level::Regierungsbezirk => "Your regional government (Bezirksregierung) is responsible.",
        Level::Kreis => "Your district (Kreis) is responsible.",
        Level::Verband => "Your association of municipalities is responsible.",
        Level::Gemeinde => "Your town or municipality is responsible.",
    },
    several_offices: "Several offices may be responsible.",
    nobody: "We do not know which office is responsible for this place.",
    why: "Why?",
    online: "Apply online now",
    all: "All results on Portalverbund.NRW",
    title: "Put our search into your pages",
    lead: "For towns, districts and others: this is how the search of Portalverbund.NRW gets into your own pages. Without \
        cookies, without registration, and without a script if you like.",
    wishes: "What should the search be like?",
    place_hint: "For one place. Leave this empty and the search asks for the place.",
    language: "Language",
    languages: ["German", "English", "Easy German"],
    target: "Where should the results be shown?",
    target_ours: "on Portalverbund.NRW",
    target_here: "on your page, below the field (needs the script)",
    colour: "Colour of the button",
    on_colour: "Words on the button",
    colour_hint: "Six digits, such as #2044aa.",
    bad_colour: "A colour is not written like #2044aa. We took the usual colour.",
    contrast: |contrast| {
        format!(
            "The words do not stand out enough from the button: {contrast:.1} to 1. It is accessible from 4.5 to 1."
        )
    },
    make: "Make the code",
    for_place: |place| format!("Code for {place}"),
    for_all: "Code for all places",
    element: "With a script: as an element",
    element_text: "Paste both parts where the search should be. Without the script the form stays and leads to us.",
    element_variables: "Set more colours as CSS variables: --portalverbund-grund, --portalverbund-schrift, \
        --portalverbund-rand and --portalverbund-rundung.",
    plain: "Without a script: as a form",
    plain_text: "The form leads to our page of results. It looks like the forms of your page.",
    fragment: "From the server: as a fragment",
    fragment_text: "Your content management system gets the fragment from this address and puts it into the page. It may be \
        kept for one hour. To show the hits on your page, add the script from above. Our pages cannot be shown in a frame (iframe).",
    code: "Code",
    hits: "Hits in your own search",
    hits_text: "This address gives the hits of district, state and federal government, with the responsible office and the \
        reason. With eigene=ja, those of your town are among them. Put the words searched for in the place of q.",
    deep: "Links that lead straight there",
    deep_text: "Each address holds the place, here as the regional key of twelve digits. Name or postcode work too.",
    deep_question: "Results for a question",
    deep_leistung: "One service at one place",
    deep_before: "What to know before an application",
    deep_online: "Straight to the online service of the responsible office",
    deep_place: "All that a place offers",
    more: "For programs",
    more_text: "Open interface (OpenAPI), without a key",
    check_input: "Please check what you entered",
};

static LEICHT: Texts = Texts {
    question: "Was möchten Sie erledigen?",
    question_in: |place| format!("Was möchten Sie in {place} erledigen?"),
    place: "Ort oder Post·leit·zahl",
    search: "Suchen",
    count: |count, question, place| {
        let found = if count == 1 { "1 Ergebnis".to_owned() } else { format!("{count} Ergebnisse") };
        let place = place.map(|place| format!(" in {place}")).unwrap_or_default();
        format!("{found} für: {question}{place}")
    },
    without_question: "Bitte schreiben Sie: Was möchten Sie erledigen?",
    unknown_place: |text| format!("Wir kennen diesen Ort nicht: {text}. Haben Sie den Ort richtig geschrieben?"),
    which_place: "Diesen Ort gibt es mehrmals. Welcher Ort ist es?",
    responsible: |level| match level {
        Level::Bund => "Das macht ein Amt von Deutschland.",
        Level::Land => "Das macht ein Amt vom Land.",
        Level::Regierungsbezirk => "Das macht die Bezirks·regierung.",
        Level::Kreis => "Das macht Ihr Kreis.",
        Level::Verband => "Das macht Ihr Gemeinde·verband.",
        Level::Gemeinde => "Das macht Ihre Stadt oder Gemeinde.",
    },
    several_offices: "Es gibt mehrere Ämter dafür.",
    nobody: "Wir kennen das Amt für diesen Ort nicht.",
    why: "Warum?",
    online: "Jetzt im Internet beantragen",
    all: "Alle Ergebnisse beim Portalverbund.NRW",
    title: "Suche einbauen",
    lead: "Diese Seite ist für Menschen, die eine Internet·seite machen. Sie können unsere Suche in Ihre Seite einbauen.",
    wishes: "Wie soll die Suche sein?",
    place_hint: "Für einen Ort. Lassen Sie das Feld leer? Dann fragt die Suche nach dem Ort.",
    language: "Sprache",
    languages: ["Deutsch", "Englisch", "Leichte Sprache"],
    target: "Wo sollen die Ergebnisse stehen?",
    target_ours: "beim Portalverbund.NRW",
    target_here: "auf Ihrer Seite (mit Skript)",
    colour: "Farbe vom Knopf",
    on_colour: "Farbe von der Schrift auf dem Knopf",
    colour_hint: "6 Zeichen. Zum Beispiel: #2044aa",
    bad_colour: "Eine Farbe ist falsch geschrieben. Schreiben Sie zum Beispiel: #2044aa. Wir haben eine andere Farbe genommen.",
    contrast: |_| "Die Schrift auf dem Knopf kann man schlecht lesen. Nehmen Sie andere Farben.".to_owned(),
    make: "Code machen",
    for_place: |place| format!("Code für {place}"),
    for_all: "Code für alle Orte",
    element: "Mit Skript",
    element_text: "Kopieren Sie beide Teile in Ihre Seite.",
    element_variables: "Sie können noch mehr Farben einstellen. Das geht mit diesen CSS-Variablen: --portalverbund-grund, \
        --portalverbund-schrift, --portalverbund-rand, --portalverbund-rundung.",
    plain: "Ohne Skript",
    plain_text: "Kopieren Sie das Formular in Ihre Seite. Die Ergebnisse stehen dann bei uns.",
    fragment: "Vom Server",
    fragment_text: "Ihr Programm holt das Formular von dieser Adresse.",
    code: "Code",
    hits: "Ergebnisse in Ihrer Suche",
    hits_text: "Diese Adresse gibt Ergebnisse von Kreis, Land und Bund. Schreiben Sie Ihre Such·wörter hinter q.",
    deep: "Links",
    deep_text: "In jedem Link steht der Ort.",
    deep_question: "Ergebnisse",
    deep_leistung: "Eine Leistung an einem Ort",
    deep_before: "Das sollten Sie vor dem Antrag wissen",
    deep_online: "Direkt zum Antrag im Internet",
    deep_place: "Alle Angebote von einem Ort",
    more: "Für Programme",
    more_text: "Offene Schnitt·stelle",
    check_input: "Bitte prüfen Sie Ihre Eingabe",
};

//! The contents of the sample Verbund: read from the TOML beside the crate, checked, and put together per portal.
//!
//! Everything is compiled in, so that the demo needs no files. What the fields mean is told in `demo/LIESMICH.md`.
//! Whoever writes there gets every mistake named with its file: a key that does not exist, an office that nobody has,
//! a placeholder without a value.

use std::collections::{BTreeMap, BTreeSet};

use connectors::gebiet::Ars;
use connectors::ids::{Leistungsschluessel, PortalId};
use serde::Deserialize;
use url::Url;

/// The master Leistungen, by topic.
const LEISTUNGEN: [(&str, &str); 8] = [
    ("aufenthalt-und-freizeit", include_str!("../../demo/leistungen/aufenthalt-und-freizeit.toml")),
    ("ausweise", include_str!("../../demo/leistungen/ausweise.toml")),
    ("fahren-und-parken", include_str!("../../demo/leistungen/fahren-und-parken.toml")),
    ("familie", include_str!("../../demo/leistungen/familie.toml")),
    ("gewerbe-und-steuern", include_str!("../../demo/leistungen/gewerbe-und-steuern.toml")),
    ("haus-tier-und-umwelt", include_str!("../../demo/leistungen/haus-tier-und-umwelt.toml")),
    ("soziales-und-rente", include_str!("../../demo/leistungen/soziales-und-rente.toml")),
    ("wohnen-und-melden", include_str!("../../demo/leistungen/wohnen-und-melden.toml")),
];

/// The portals, from the Bund down.
const PORTALE: [(&str, &str); 10] = [
    ("bund", include_str!("../../demo/portale/bund.toml")),
    ("land-nrw", include_str!("../../demo/portale/land-nrw.toml")),
    ("kreis-borken", include_str!("../../demo/portale/kreis-borken.toml")),
    ("hochsauerlandkreis", include_str!("../../demo/portale/hochsauerlandkreis.toml")),
    ("stadt-bochum", include_str!("../../demo/portale/stadt-bochum.toml")),
    ("stadt-muenster", include_str!("../../demo/portale/stadt-muenster.toml")),
    ("stadt-ahaus", include_str!("../../demo/portale/stadt-ahaus.toml")),
    ("stadt-gronau", include_str!("../../demo/portale/stadt-gronau.toml")),
    ("stadt-arnsberg", include_str!("../../demo/portale/stadt-arnsberg.toml")),
    ("stadt-brilon", include_str!("../../demo/portale/stadt-brilon.toml")),
];

/// What is wrong with the contents; `file` is the name without `.toml`.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// Not the TOML that the types here describe.
    #[error("sample file {file} cannot be read")]
    Toml {
        /// Which file.
        file: &'static str,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// Something named that does not exist, or named twice.
    #[error("sample file {file}: {fault}")]
    Reference {
        /// Which file.
        file: String,
        /// What does not fit.
        fault: String,
    },
}

/// The whole sample Verbund, checked: every reference leads somewhere and every placeholder has a value.
#[derive(Debug)]
pub struct Contents {
    /// The master Leistungen.
    pub leistungen: Vec<Leistung>,
    /// The portals, from the Bund down.
    pub portale: Vec<DemoPortalFile>,
}

/// Which level of the state provides a Leistung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Traeger {
    /// The Bund.
    Bund,
    /// The Land.
    Land,
    /// Kreise and kreisfreie Staedte.
    Kreis,
    /// Gemeinden, the kreisfreie Staedte among them.
    Gemeinde,
}

/// Which level a portal speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ebene {
    /// The Bund.
    Bund,
    /// The Land.
    Land,
    /// A Kreis.
    Kreis,
    /// A Gemeinde inside of a Kreis.
    Gemeinde,
    /// A Stadt that is its own Kreis.
    Kreisfrei,
}

impl Ebene {
    fn provides(self, traeger: Traeger) -> bool {
        match self {
            Self::Bund => traeger == Traeger::Bund,
            Self::Land => traeger == Traeger::Land,
            Self::Kreis => traeger == Traeger::Kreis,
            Self::Gemeinde => traeger == Traeger::Gemeinde,
            Self::Kreisfrei => matches!(traeger, Traeger::Kreis | Traeger::Gemeinde),
        }
    }
}

/// A text of a Leistung as it is written in the files: a sentence, HTML (begins with `<`), or a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// A sentence or HTML.
    Satz(String),
    /// The points of a list.
    Liste(Vec<String>),
}

impl Text {
    /// As HTML of the standard's tag groups; `list` is the element of a list, `ul` or `ol`.
    pub fn html(&self, list: &str) -> String {
        match self {
            Self::Satz(text) if text.trim_start().starts_with('<') => text.trim().to_owned(),
            Self::Satz(text) => format!("<p>{}</p>", escape(text.trim())),
            Self::Liste(points) => {
                let points: String = points.iter().map(|point| format!("<li>{}</li>", escape(point))).collect();
                format!("<{list}>{points}</{list}>")
            }
        }
    }

    fn words(&mut self) -> impl Iterator<Item = &mut String> {
        match self {
            Self::Satz(text) => std::slice::from_mut(text).iter_mut(),
            Self::Liste(points) => points.iter_mut(),
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeistungenFile {
    leistung: Vec<Leistung>,
}

/// One Leistung as every portal starts from it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leistung {
    /// Its name in the files and in addresses: `hund-anmelden`.
    pub id: String,
    /// Its key in the LeiKa.
    pub schluessel: Leistungsschluessel,
    /// Who provides it.
    pub traeger: Traeger,
    /// Which kind of office.
    pub stelle: String,
    /// Codes of the list Leistungsadressat: `001` citizens, `002` businesses.
    pub adressat: Vec<String>,
    /// Module 02, the name that the administration uses.
    pub name: String,
    /// Module 03, the name for citizens.
    pub titel: String,
    /// Module 05.
    pub kurztext: String,
    /// Module 06.
    pub volltext: Text,
    /// Module 08.
    pub unterlagen: Option<Text>,
    /// Module 09.
    pub voraussetzungen: Option<Text>,
    /// Module 11.
    pub ablauf: Option<Text>,
    /// Module 07: names of laws.
    pub recht: Option<Text>,
    /// Fees.
    pub kosten: Option<Text>,
    /// Deadlines.
    pub frist: Option<Text>,
    /// How long it takes.
    pub dauer: Option<Text>,
    /// Words that people use for it.
    pub begriffe: Vec<String>,
    /// English names.
    pub en: Option<Englisch>,
    /// The form, wherever a portal offers one.
    pub onlinedienst: Option<Formular>,
}

impl Leistung {
    /// Every string that can hold a placeholder.
    fn words(&mut self) -> impl Iterator<Item = &mut String> {
        let Self {
            titel, kurztext, volltext, unterlagen, voraussetzungen, ablauf, recht, kosten, frist, dauer, ..
        } = self;
        let texts = [unterlagen, voraussetzungen, ablauf, recht, kosten, frist, dauer].into_iter().flatten();
        let english = self.en.iter_mut().flat_map(|en| [&mut en.titel, &mut en.kurztext]);
        [titel, kurztext].into_iter().chain(english).chain(texts.chain([volltext]).flat_map(Text::words))
    }
}

/// The English side of a Leistung.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Englisch {
    /// Module 03.
    pub titel: String,
    /// Module 05.
    pub kurztext: String,
}

/// An Onlinedienst and the questions that its sample form asks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Formular {
    /// Its name.
    pub name: String,
    /// Code of the list Vertrauensniveau.
    pub niveau: String,
    /// The questions.
    pub felder: Vec<Feld>,
}

/// One question of a form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feld {
    /// Its name in the form.
    pub id: String,
    /// What is asked.
    pub frage: String,
    /// How it is answered.
    pub art: Feldart,
    /// What can be chosen.
    #[serde(default)]
    pub werte: Vec<String>,
}

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Feldart {
    /// Any line of text.
    Text,
    /// Digits.
    Zahl,
    /// A day.
    Datum,
    /// One of some values.
    Auswahl,
}

/// What a portal says in other words than the master.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ersetzung {
    titel: Option<String>,
    kurztext: Option<String>,
    volltext: Option<Text>,
    unterlagen: Option<Text>,
    voraussetzungen: Option<Text>,
    ablauf: Option<Text>,
    kosten: Option<Text>,
    frist: Option<Text>,
    dauer: Option<Text>,
}

impl Ersetzung {
    fn apply(&self, leistung: &mut Leistung) {
        if let Some(titel) = &self.titel {
            leistung.titel.clone_from(titel);
        }
        if let Some(kurztext) = &self.kurztext {
            leistung.kurztext.clone_from(kurztext);
        }
        if let Some(volltext) = &self.volltext {
            leistung.volltext.clone_from(volltext);
        }
        for (own, masters) in [
            (&self.unterlagen, &mut leistung.unterlagen),
            (&self.voraussetzungen, &mut leistung.voraussetzungen),
            (&self.ablauf, &mut leistung.ablauf),
            (&self.kosten, &mut leistung.kosten),
            (&self.frist, &mut leistung.frist),
            (&self.dauer, &mut leistung.dauer),
        ] {
            if own.is_some() {
                masters.clone_from(own);
            }
        }
    }
}

/// One portal as it is written in its file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPortalFile {
    /// Its id.
    pub id: PortalId,
    /// Its name.
    pub name: String,
    /// Who runs it, in the nominative: `die Stadt Bochum`.
    pub traeger: String,
    /// Placeholder `{ort}`.
    pub ort: String,
    /// Placeholder `{der}`.
    pub der: String,
    /// Placeholder `{bei}`.
    pub bei: String,
    /// Its level.
    pub ebene: Ebene,
    /// Its Gebiet.
    pub ars: Ars,
    /// The `schemeAgencyID` of what it delivers.
    pub agency: String,
    /// Switchboard.
    pub telefon: String,
    /// Switchboard.
    pub email: String,
    /// Home page; never reachable.
    pub web: Url,
    /// Postal code of its offices.
    pub plz: String,
    /// Town of its offices.
    pub sitz: String,
    /// Opening hours of offices that name none.
    pub oeffnungszeiten: Vec<String>,
    /// Leistungen beside those of its level.
    #[serde(default)]
    pub auch: Vec<String>,
    /// Leistungen of its level that it does not offer.
    #[serde(default)]
    pub ohne: Vec<String>,
    /// Leistungen that it describes without naming an office.
    #[serde(default)]
    pub ohne_stelle: Vec<String>,
    /// Leistungen of others for which it offers an Onlinedienst and nothing else.
    #[serde(default)]
    pub nur_online: Vec<String>,
    /// Leistungen with an Onlinedienst.
    #[serde(default)]
    pub online: Vec<String>,
    /// Values of placeholders.
    #[serde(default)]
    pub werte: BTreeMap<String, String>,
    /// Own words, by Leistung.
    #[serde(default)]
    pub leistung: BTreeMap<String, Ersetzung>,
    /// Its offices.
    pub stelle: Vec<Stelle>,
}

/// One office.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stelle {
    /// Its id within the portal.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The kinds of office that it is.
    pub art: Vec<String>,
    /// Leistungen that it does beside those of its kinds.
    #[serde(default)]
    pub leistungen: Vec<String>,
    /// Where it is responsible, if not in the whole Gebiet of the portal.
    #[serde(default)]
    pub gebiete: Vec<Ars>,
    /// Code of the role: `01` responsible, `03` a contact.
    #[serde(default = "responsible")]
    pub rolle: String,
    /// Street.
    pub strasse: String,
    /// Number.
    pub hausnummer: String,
    /// Postal code, if not the portal's.
    pub plz: Option<String>,
    /// Town, if not the portal's.
    pub ort: Option<String>,
    /// Telephone.
    pub telefon: String,
    /// E-mail.
    pub email: String,
    /// Opening hours, if not the portal's.
    #[serde(default)]
    pub oeffnungszeiten: Vec<String>,
}

fn responsible() -> String {
    "01".to_owned()
}

impl Stelle {
    fn does(&self, leistung: &Leistung) -> bool {
        self.art.contains(&leistung.stelle) || self.leistungen.contains(&leistung.id)
    }
}

/// One Leistung as one portal offers it, placeholders filled.
#[derive(Debug, Clone)]
pub struct Angebot {
    /// The Leistung in the portal's words.
    pub leistung: Leistung,
    /// Indexes into the portal's offices: who does it.
    pub stellen: Vec<usize>,
    /// The form, where there is one.
    pub formular: Option<Formular>,
}

impl Contents {
    /// Reads and checks the contents that are compiled in.
    ///
    /// # Errors
    /// The first fault, with its file.
    pub fn load() -> Result<Self, ContentsError> {
        let mut leistungen: Vec<Leistung> = Vec::new();
        for (file, text) in LEISTUNGEN {
            let read: LeistungenFile = read(file, text)?;
            for leistung in read.leistung {
                if let Some(twin) =
                    leistungen.iter().find(|known| known.id == leistung.id || known.schluessel == leistung.schluessel)
                {
                    return Err(fault(file, format!("{} repeats the id or key of {}", leistung.id, twin.id)));
                }
                leistungen.push(leistung);
            }
        }
        let mut portale = Vec::new();
        for (file, text) in PORTALE {
            let portal: DemoPortalFile = read(file, text)?;
            if portal.id.as_str() != file {
                return Err(fault(file, format!("its id is {}", portal.id)));
            }
            portale.push(portal);
        }
        let contents = Self { leistungen, portale };
        for portal in &contents.portale {
            contents.check_names(portal)?;
            contents.angebote(portal)?;
        }
        Ok(contents)
    }

    /// What a portal offers, in its words.
    ///
    /// # Errors
    /// A Leistung without an office, or a placeholder without a value.
    pub fn angebote(&self, portal: &DemoPortalFile) -> Result<Vec<Angebot>, ContentsError> {
        let offered = |leistung: &&Leistung| {
            let of_level = portal.ebene.provides(leistung.traeger) && !portal.ohne.contains(&leistung.id);
            of_level || portal.auch.contains(&leistung.id) || portal.nur_online.contains(&leistung.id)
        };
        self.leistungen.iter().filter(offered).map(|leistung| angebot(portal, leistung)).collect()
    }

    fn check_names(&self, portal: &DemoPortalFile) -> Result<(), ContentsError> {
        let file = portal.id.as_str();
        let known: BTreeSet<&str> = self.leistungen.iter().map(|leistung| leistung.id.as_str()).collect();
        let kinds: BTreeSet<&str> = self.leistungen.iter().map(|leistung| leistung.stelle.as_str()).collect();
        let lists = [&portal.auch, &portal.ohne, &portal.ohne_stelle, &portal.nur_online, &portal.online];
        let named = lists.into_iter().flatten().chain(portal.leistung.keys());
        for id in named.chain(portal.stelle.iter().flat_map(|stelle| &stelle.leistungen)) {
            if !known.contains(id.as_str()) {
                return Err(fault(file, format!("there is no Leistung {id}")));
            }
        }
        let mut ids = BTreeSet::new();
        for stelle in &portal.stelle {
            if !ids.insert(&stelle.id) {
                return Err(fault(file, format!("two offices have the id {}", stelle.id)));
            }
            if let Some(kind) = stelle.art.iter().find(|kind| !kinds.contains(kind.as_str())) {
                return Err(fault(file, format!("no Leistung is done by the kind {kind} of {}", stelle.id)));
            }
            if let Some(outside) = stelle.gebiete.iter().find(|gebiet| !portal.ars.covers(gebiet)) {
                return Err(fault(file, format!("{outside} lies outside of the Gebiet of the portal")));
            }
        }
        Ok(())
    }
}

fn angebot(portal: &DemoPortalFile, master: &Leistung) -> Result<Angebot, ContentsError> {
    let file = portal.id.as_str();
    let mut leistung = master.clone();
    if let Some(own) = portal.leistung.get(&master.id) {
        own.apply(&mut leistung);
    }
    for text in leistung.words() {
        *text = fill(text, portal).map_err(|name| fault(file, format!("{} asks for {{{name}}}", master.id)))?;
    }

    let unmanned = portal.ohne_stelle.contains(&master.id) || portal.nur_online.contains(&master.id);
    let stellen: Vec<usize> = portal
        .stelle
        .iter()
        .enumerate()
        .filter(|(_, stelle)| !unmanned && stelle.does(master))
        .map(|(at, _)| at)
        .collect();
    if stellen.is_empty() && !unmanned {
        return Err(fault(file, format!("no office does {} (kind {})", master.id, master.stelle)));
    }
    let formular = leistung.onlinedienst.take().filter(|_| portal.online.contains(&master.id));
    if formular.is_none() && portal.online.contains(&master.id) {
        return Err(fault(file, format!("{} has no form", master.id)));
    }
    Ok(Angebot { leistung, stellen, formular })
}

/// Puts the portal's values in place of `{name}`; the name that has no value otherwise.
fn fill(text: &str, portal: &DemoPortalFile) -> Result<String, String> {
    let mut parts = text.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').ok_or_else(|| part.to_owned())?;
        let value = match name {
            "ort" => &portal.ort,
            "der" => &portal.der,
            "bei" => &portal.bei,
            other => portal.werte.get(other).ok_or_else(|| other.to_owned())?,
        };
        filled.push_str(value);
        filled.push_str(rest);
    }
    Ok(filled)
}

fn read<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, ContentsError> {
    toml::from_str(text).map_err(|source| ContentsError::Toml { file, source: Box::new(source) })
}

fn fault(file: &str, fault: String) -> ContentsError {
    ContentsError::Reference { file: file.to_owned(), fault }
}

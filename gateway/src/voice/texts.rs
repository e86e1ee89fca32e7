//! What the pages of this room say, one file for each language; a text that is missing in one does not compile.

mod deutsch;
mod englisch;
mod leicht;

use config::{Accessibility, Operator};

use super::absatz::Absatz;

pub use deutsch::DEUTSCH;
pub use englisch::ENGLISCH;
pub use leicht::LEICHT;

/// The official address of the sign-language telephone of the Behördennummer 115.
pub const GEBAERDENTELEFON: &str = "https://www.gebaerdentelefon.de/115";
/// The page of the Ombudsstelle of Nordrhein-Westfalen, and its address for e-mail.
pub const OMBUDSSTELLE: &str = "https://www.lbbp.nrw.de/ombudsstelle";
/// Its e-mail.
pub const OMBUDSSTELLE_MAIL: &str = "ombudsstelle-barrierefreie-it@mags.nrw.de";
/// Where it is.
pub const OMBUDSSTELLE_ANSCHRIFT: [&str; 3] = [
    "Ombudsstelle für barrierefreie Informationstechnik des Landes Nordrhein-Westfalen",
    "Fürstenwall 25",
    "40219 Düsseldorf",
];
/// The supervising authority for data protection in Nordrhein-Westfalen.
pub const LDI: [&str; 3] = [
    "Landesbeauftragte für Datenschutz und Informationsfreiheit Nordrhein-Westfalen",
    "Kavalleriestraße 2–4",
    "40213 Düsseldorf",
];
/// Its pages.
pub const LDI_WEB: &str = "https://www.ldi.nrw.de";

/// What the texts speak of.
#[derive(Debug, Clone, Copy)]
pub struct Fakten<'a> {
    /// Who runs this installation; none where that was not stated.
    pub operator: Option<&'a Operator>,
    /// Days for which messages are kept.
    pub keep_days: u32,
    /// From how often on the text of a question is kept, and for how many days; none where nothing is counted.
    pub questions: Option<(u32, u32)>,
    /// What stands before paths of ours in this language.
    pub prefix: &'a str,
    /// The host of our pages.
    pub host: &'a str,
}

impl Fakten<'_> {
    /// A path of ours in the language of the page.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// What was found when accessibility was looked at.
    pub fn accessibility(&self) -> Option<&Accessibility> {
        self.operator.and_then(|operator| operator.barrierefreiheit.as_ref())
    }

    /// Address of the operator, line by line.
    fn anschrift(operator: &Operator) -> Absatz {
        let town = format!("{} {}", operator.plz, operator.ort);
        Absatz::Zeilen(vec![operator.name.clone(), operator.strasse.clone(), town])
    }

    /// How the operator is reached: what telephone and e-mail are called here.
    fn kontakt(operator: &Operator, telefon: &str, email: &str) -> Absatz {
        let phone = operator
            .telefon
            .as_ref()
            .map(|number| (telefon.to_owned(), number.clone(), crate::pages::words::tel(number)));
        let mail = (email.to_owned(), operator.email.clone(), crate::pages::words::mailto(&operator.email));
        Absatz::Kontakte(phone.into_iter().chain([mail]).collect())
    }
}

/// The texts of one language.
#[derive(Debug)]
pub struct Texts {
    /// The forms.
    pub formular: Formular,
    /// The way to help in sign language, in the foot of every page.
    pub gebaerdensprache: &'static str,
    /// The way to help in Leichte Sprache, in the foot of every page.
    pub leichte_sprache: &'static str,
    /// For search engines: Impressum, Datenschutz, accessibility, help, open data.
    pub kurzfassung: [&'static str; 5],
    /// Title of the Impressum.
    pub impressum_titel: &'static str,
    /// What it says.
    pub impressum: fn(&Fakten) -> Vec<Absatz>,
    /// Title of the Datenschutz page.
    pub datenschutz_titel: &'static str,
    /// What it says.
    pub datenschutz: fn(&Fakten) -> Vec<Absatz>,
    /// Above a text of the operator's own, which is there in German alone; empty in German.
    pub nur_deutsch: &'static str,
    /// Title of the statement on accessibility.
    pub barrierefreiheit_titel: &'static str,
    /// What it says.
    pub barrierefreiheit: fn(&Fakten) -> Vec<Absatz>,
    /// Title of the help.
    pub hilfe_titel: &'static str,
    /// What it says.
    pub hilfe: fn(&Fakten) -> Vec<Absatz>,
    /// Title of the page on open data.
    pub daten_titel: &'static str,
    /// What stands above the list.
    pub daten_anfang: &'static [&'static str],
    /// What is there: what it is, its address, in which form.
    pub daten: &'static [(&'static str, &'static str, &'static str)],
    /// What is said of licences.
    pub daten_lizenz_titel: &'static str,
    /// What is said of licences.
    pub daten_lizenz: &'static [&'static str],
    /// The short view for the desk.
    pub kurz: Kurz,
}

/// The texts of the forms.
#[derive(Debug)]
pub struct Formular {
    /// Title of the feedback form.
    pub titel: &'static str,
    /// The same of a certain Leistung.
    pub titel_zu: fn(&str) -> String,
    /// What happens with it: the portal that reads it, where one does.
    pub wer_liest: fn(Option<&str>) -> String,
    /// Title of the form for barriers.
    pub barriere_titel: &'static str,
    /// What it is for.
    pub barriere_text: &'static [&'static str],
    /// Above the choice of what it is about.
    pub art: &'static str,
    /// Wrong office, out of date, link, unclear, other: in the order of the form.
    pub arten: [&'static str; 5],
    /// Above the field for the page.
    pub seite: &'static str,
    /// What may stand there.
    pub seite_hinweis: &'static str,
    /// Above the field for the text.
    pub text: &'static str,
    /// The same for barriers.
    pub barriere_feld: &'static str,
    /// What should and should not stand there.
    pub text_hinweis: fn(usize) -> String,
    /// Above the field for the e-mail.
    pub email: &'static str,
    /// What happens with it, after so many days.
    pub email_hinweis: fn(u32) -> String,
    /// Above the field that people leave empty.
    pub falle: &'static str,
    /// The button.
    pub senden: &'static str,
    /// Way to the Datenschutz page.
    pub datenschutz: &'static str,
    /// Title of the window where something is wrong.
    pub fehler_titel: &'static str,
    /// Heading of the summary.
    pub pruefen: &'static str,
    /// No kind was chosen.
    pub keine_art: &'static str,
    /// There is no text.
    pub kein_text: &'static str,
    /// It has so many characters, of so many allowed.
    pub zu_lang: fn(usize, usize) -> String,
    /// The page's address is too long.
    pub seite_zu_lang: &'static str,
    /// That is no e-mail address.
    pub email_falsch: &'static str,
    /// The field was filled in that people leave empty.
    pub falle_voll: &'static str,
    /// Heading where it was not taken, though nothing is wrong with it.
    pub nicht_gesendet: &'static str,
    /// It came from another page.
    pub fremd: &'static str,
    /// Too often from one network.
    pub zu_oft: &'static str,
    /// Too many are kept.
    pub voll: &'static str,
    /// It could not be saved.
    pub gestoert: &'static str,
    /// The form is larger than can be read.
    pub zu_gross: &'static str,
    /// Title of the page afterwards.
    pub danke_titel: &'static str,
    /// What happens now.
    pub danke: fn(u32) -> Vec<String>,
    /// The same for barriers.
    pub barriere_danke: fn(u32) -> Vec<String>,
    /// After the question whether a page helped.
    pub danke_hilfreich: &'static str,
    /// It could not be counted.
    pub nicht_gezaehlt: &'static str,
    /// Way back to the Leistung.
    pub zurueck: fn(&str) -> String,
    /// Way to the start page.
    pub start: &'static str,
    /// The question at the end of a page.
    pub hilfreich: &'static str,
    /// Its answers.
    pub ja: &'static str,
    /// Its answers.
    pub nein: &'static str,
}

/// The texts of the short view.
#[derive(Debug)]
pub struct Kurz {
    /// Title.
    pub titel: &'static str,
    /// Whom it is for.
    pub text: &'static str,
    /// Above the field for the question.
    pub frage: &'static str,
    /// Above the field for the place.
    pub ort: &'static str,
    /// The button.
    pub zeigen: &'static str,
    /// Nothing fits.
    pub nichts: &'static str,
    /// No place was given.
    pub ohne_ort: &'static str,
    /// The place is not known.
    pub ort_unbekannt: &'static str,
    /// The place is there several times.
    pub welcher_ort: &'static str,
    /// Several offices come into question.
    pub mehrere: &'static str,
    /// No office is known.
    pub keine: &'static str,
    /// Office.
    pub stelle: &'static str,
    /// Telephone.
    pub telefon: &'static str,
    /// Opening hours.
    pub zeiten: &'static str,
    /// Address.
    pub adresse: &'static str,
    /// Papers.
    pub unterlagen: &'static str,
    /// Fee.
    pub kosten: &'static str,
    /// Duration.
    pub dauer: &'static str,
    /// Deadline.
    pub frist: &'static str,
    /// Online.
    pub online: &'static str,
    /// There is none.
    pub nicht_online: &'static str,
    /// Not stated.
    pub unbekannt: &'static str,
    /// Reasons.
    pub gruende: &'static str,
    /// The whole page.
    pub ganz: &'static str,
    /// Others.
    pub andere: &'static str,
}

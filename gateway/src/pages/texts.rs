//! All that our pages say to citizens, in one place for each language.
//!
//! A text is a field, so a language that lacks one does not compile. What has to be put together is a function of it,
//! because languages put things together in different ways. Editors' pages are German alone and keep their words.

mod deutsch;
mod englisch;
mod lebenslagen;
mod leicht;

use connectors::gebiet::Level;
use indexer::catalog::{TextRole, Why};
use jiff::Timestamp;

pub use deutsch::DEUTSCH;
pub use englisch::ENGLISCH;
pub use leicht::LEICHT;

/// What all pages say in one language.
#[derive(Debug)]
pub struct Texts {
    /// Head and foot of every page.
    pub frame: Frame,
    /// The form of the search.
    pub form: Form,
    /// The start page.
    pub start: Start,
    /// The page of results.
    pub results: Results,
    /// The page of a Leistung, and what other pages say of one.
    pub leistung: Leistung,
    /// "Bevor Sie starten".
    pub bevor: Bevor,
    /// The hand-over that does not go straight on.
    pub zu: Zu,
    /// The choice of a place, and the page of a place.
    pub ort: Ort,
    /// Lebenslagen and their checklists.
    pub lebenslage: Lebenslage,
    /// What citizens are asked and told: forms, help, the pages that the law asks for.
    pub voice: crate::voice::Texts,
    /// Error pages.
    pub fault: Faults,
    /// Words for what records say in codes.
    pub words: Words,
}

/// Head and foot of every page.
#[derive(Debug)]
pub struct Frame {
    /// "Zum Inhalt springen"
    pub skip: &'static str,
    /// What this is, beside its name.
    pub claim: &'static str,
    /// Name of the list of languages.
    pub languages: &'static str,
    /// Heading of the help.
    pub help: &'static str,
    /// Before and after the number 115.
    pub help_text: [&'static str; 2],
    /// What this site does not do.
    pub cookies: &'static str,
    /// Name of the list of links in the foot.
    pub about: &'static str,
    /// The links in the foot.
    pub hilfe: &'static str,
    /// "Barrierefreiheit"
    pub barrierefreiheit: &'static str,
    /// "Barriere melden"
    pub barriere_melden: &'static str,
    /// "Datenschutz"
    pub datenschutz: &'static str,
    /// "Impressum"
    pub impressum: &'static str,
    /// "In die eigene Seite einbinden"
    pub einbinden: &'static str,
    /// "Offene Daten"
    pub daten: &'static str,
    /// "Lebenslagen"
    pub lebenslagen: &'static str,
}

/// The form of the search.
#[derive(Debug)]
pub struct Form {
    /// Its name.
    pub name: &'static str,
    /// "Was möchten Sie erledigen?"
    pub q: &'static str,
    /// "Ort oder Postleitzahl"
    pub ort: &'static str,
    /// What helps to fill in the question.
    pub q_hint: &'static str,
    /// "Suchen"
    pub submit: &'static str,
    /// Heading over what is wrong.
    pub check: &'static str,
    /// The question is missing.
    pub q_missing: &'static str,
    /// A field is too long.
    pub too_long: &'static str,
    /// The place is not known.
    pub unknown_place: fn(&str) -> String,
    /// The place is missing.
    pub ort_missing: &'static str,
    /// How many suggestions there are, for `{n}`.
    pub suggestions: &'static str,
    /// That there is no suggestion.
    pub no_suggestion: &'static str,
}

/// The start page.
#[derive(Debug)]
pub struct Start {
    /// Heading.
    pub heading: &'static str,
    /// What can be done here.
    pub lead: &'static str,
    /// Heading over the examples.
    pub examples: &'static str,
    /// Questions that find something everywhere.
    pub example_questions: [&'static str; 6],
    /// Heading over the Lebenslagen.
    pub situations: &'static str,
    /// "Alle Lebenslagen"
    pub all_situations: &'static str,
    /// For search engines.
    pub description: &'static str,
}

/// The page of results.
#[derive(Debug)]
pub struct Results {
    /// Heading: question, place.
    pub heading: fn(&str, Option<&str>) -> String,
    /// Title: question, place.
    pub title: fn(&str, Option<&str>) -> String,
    /// Title where the form was not filled in.
    pub title_fault: &'static str,
    /// "1.234 Ergebnisse"
    pub count: fn(usize) -> String,
    /// Asks which of several places is meant.
    pub which_place: &'static str,
    /// "Zu „…“ haben wir nichts gefunden. Meinten Sie" what was searched "?"
    pub corrected: fn(&str) -> String,
    /// Behind what was searched instead.
    pub corrected_after: &'static str,
    /// Asks which of two things is meant; about what, where it is known.
    pub choice: fn(&str) -> String,
    /// "Ergebnisse eingrenzen"
    pub narrow: &'static str,
    /// "Für wen?"
    pub for_whom: &'static str,
    /// "In welcher Lebenslage?"
    pub which_situation: &'static str,
    /// Nothing was found.
    pub nothing: &'static str,
    /// What to try.
    pub nothing_tips: [&'static str; 2],
    /// "Suchen Sie ohne Ort."
    pub without_place: &'static str,
    /// Before and after the number 115, as something to try.
    pub nothing_115: [&'static str; 2],
    /// What is sure.
    pub best: &'static str,
    /// What is likely.
    pub likely: &'static str,
    /// No place is given: why that matters, and the link to the field.
    pub needs_place: [&'static str; 2],
    /// Several offices.
    pub several_offices: &'static str,
    /// No office: what is so, and the link on.
    pub no_office: [&'static str; 2],
    /// There is an online service that is not registered.
    pub locked: &'static str,
    /// Further buttons: details; office and details; all details.
    pub details: [&'static str; 3],
    /// "Warum dieses Ergebnis?"
    pub why: &'static str,
    /// As which place the question was understood.
    pub why_place: fn(&str) -> String,
    /// What was searched.
    pub why_searched: fn(&str) -> String,
    /// What was searched instead of what was typed.
    pub why_corrected: fn(&str, &str) -> String,
    /// In which other language the question is, from that language.
    pub why_language: fn(&str) -> String,
    /// What fits best, from its name; and that it is not sure.
    pub why_best: [fn(&str) -> String; 2],
    /// Where the online service is, from its portal and host.
    pub why_service: fn(&str, &str) -> String,
    /// "Weitere Ergebnisse", "Ergebnisse"
    pub others: [&'static str; 2],
    /// Short remarks at a hit: online; office not known.
    pub remarks: [&'static str; 2],
    /// "3 Stellen zur Auswahl"
    pub offices: fn(usize) -> String,
    /// Name of the links to further pages; back; on.
    pub pages: [&'static str; 3],
    /// "Nur Online-Angebote.", "Nur, was nicht online möglich ist.", "Alle anzeigen"
    pub only_online: [&'static str; 3],
    /// "Nur für Bürgerinnen und Bürger.", from whom it is for.
    pub only_for: fn(&str) -> String,
    /// "Für alle anzeigen"
    pub for_all: &'static str,
    /// "Nur Lebenslage „Geburt“."
    pub only_situation: fn(&str) -> String,
    /// "Alle Lebenslagen anzeigen"
    pub all_situations: &'static str,
    /// Ways to narrow down: what is online; what is not.
    pub narrow_online: [&'static str; 2],
    /// "Für Unternehmen", from whom it is for.
    pub narrow_for: fn(&str) -> String,
    /// All that the place offers: for the name of a place.
    pub all_of_place: fn(&str) -> String,
}

/// The page of a Leistung.
#[derive(Debug)]
pub struct Leistung {
    /// "Zurück zu den Ergebnissen"
    pub back: &'static str,
    /// "in Bochum"
    pub in_place: &'static str,
    /// "Ort ändern"
    pub change_place: &'static str,
    /// The way to the same without a place.
    pub general: &'static str,
    /// Asks for the place, says why, and what to give for a business.
    pub ask_place: [&'static str; 2],
    /// "Weiter"
    pub next: &'static str,
    /// That the text is that of one body alone, which is named, and that a place should be chosen.
    pub of_one_body: fn(&str) -> String,
    /// "Anderer Ort"
    pub other_place: &'static str,
    /// "Jetzt online beantragen"
    pub apply: &'static str,
    /// "Sie verlassen diese Seite und gehen zu … (…)."
    pub leaving: fn(&str, &str) -> String,
    /// There are several, the next page lets choose.
    pub several_services: &'static str,
    /// "Online-Angebote", "Weitere Online-Angebote"
    pub services: [&'static str; 2],
    /// "bei … (…)"
    pub at_host: fn(&str, &str) -> String,
    /// That one is not registered.
    pub not_registered: &'static str,
    /// "Zuständige Stelle"
    pub office: &'static str,
    /// "Zuständig für Ihren Kreis", from an area in words.
    pub office_for: fn(&str) -> String,
    /// "Mehrere Stellen kommen infrage", and what to do.
    pub several_offices: [&'static str; 2],
    /// Nothing online.
    pub on_site: &'static str,
    /// No office is known.
    pub no_office: &'static str,
    /// "Ansprechpunkt"
    pub contact: &'static str,
    /// "Warum diese Stelle?"
    pub why: &'static str,
    /// "Stand: … · Quelle: …"
    pub stand: fn(Option<Timestamp>, &str) -> String,
    /// "Mastertext: Land Nordrhein-Westfalen, Stand …"
    pub whose: fn(TextRole, &str, Option<Timestamp>) -> String,
    /// "Ursprüngliche Seite:"
    pub origin: &'static str,
    /// "Ergänzung vor Ort"
    pub supplement: &'static str,
    /// For whom a part is: online; on site.
    pub channels: [&'static str; 2],
    /// "Öffnungszeiten"
    pub hours: &'static str,
    /// The texts are in another language than the page; none where they are in German on a German page.
    pub text_in_german: &'static str,
    /// Where feedback can be given: the question, the link.
    pub feedback: [&'static str; 2],
    /// The office that helps with all: its name, before and after the number.
    pub number_115: [&'static str; 3],
    /// "Auf dieser Seite"
    pub contents: &'static str,
    /// For search engines, from name and place, where there is no text.
    pub description: fn(&str, Option<&str>) -> String,
}

/// "Bevor Sie starten".
#[derive(Debug)]
pub struct Bevor {
    /// The heading.
    pub heading: &'static str,
    /// Title, from Leistung and place.
    pub title: fn(&str, &str) -> String,
    /// What this page is for.
    pub lead: &'static str,
    /// "Wer zuständig ist"
    pub who: &'static str,
    /// "Wohin Sie gehen"
    pub target: &'static str,
    /// From offering body and host.
    pub target_text: fn(&str, &str) -> String,
    /// "Konto und Anmeldung"
    pub account: &'static str,
    /// "Unterlagen"
    pub papers: &'static str,
    /// "Kosten"
    pub cost: &'static str,
    /// "Bezahlen"
    pub pay: &'static str,
    /// "Dauer"
    pub duration: &'static str,
    /// "Frist"
    pub deadline: &'static str,
    /// "Sprachen"
    pub languages: &'static str,
    /// "nicht angegeben"
    pub unknown: &'static str,
    /// Where only links say it.
    pub see: &'static str,
    /// The button, from the host.
    pub go: fn(&str) -> String,
    /// "Alle Angaben zu dieser Leistung"
    pub all: &'static str,
}

/// The hand-over that does not go straight on.
#[derive(Debug)]
pub struct Zu {
    /// Headings: several; not registered; nothing online; no office.
    pub headings: [&'static str; 4],
    /// "Welches Angebot passt für Sie?"
    pub which: &'static str,
    /// Several offices: what to do.
    pub several: &'static str,
    /// Only registered addresses.
    pub locked: &'static str,
    /// "Bitte wenden Sie sich an die zuständige Stelle."
    pub ask_office: &'static str,
    /// Nothing online.
    pub on_site: &'static str,
    /// No office is known.
    pub none: &'static str,
    /// "Diese Stellen kommen infrage"
    pub offices: &'static str,
    /// "Hier hilft man Ihnen"
    pub help: &'static str,
}

/// The choice of a place, and the page of a place.
#[derive(Debug)]
pub struct Ort {
    /// "Für welchen Ort?"
    pub which: &'static str,
    /// "Keiner davon?"
    pub none_of_these: &'static str,
    /// Title, from the Leistung.
    pub choose_title: fn(&str) -> String,
    /// Heading of the page of a place.
    pub heading: fn(&str) -> String,
    /// Title of the page of a place.
    pub title: fn(&str) -> String,
    /// How many Leistungen there are, and of them online.
    pub lead: fn(usize, usize) -> String,
    /// For search engines, from the place.
    pub description: fn(&str) -> String,
    /// "Nach Lebenslage"
    pub by_situation: &'static str,
    /// "Von A bis Z"
    pub a_to_z: &'static str,
    /// Name of the list of letters.
    pub letters: &'static str,
    /// "online möglich"
    pub online: &'static str,
    /// "Alle", "Nur online möglich"
    pub filter: [&'static str; 2],
    /// Nothing is known of this place.
    pub nothing: &'static str,
    /// Name of the place form.
    pub other: &'static str,
    /// The page of the town itself, from its host.
    pub own_page: fn(&str) -> String,
}

/// Lebenslagen and their checklists.
#[derive(Debug)]
pub struct Lebenslage {
    /// Heading of the list of all.
    pub heading: &'static str,
    /// What they are.
    pub lead: &'static str,
    /// Title of a checklist, from its name and a place.
    pub title: fn(&str, Option<&str>) -> String,
    /// What the list of one is for: with a place; without.
    pub list_lead: [&'static str; 2],
    /// Nothing is known.
    pub nothing: &'static str,
    /// For search engines, from name and place.
    pub description: fn(&str, Option<&str>) -> String,
    /// Heading of what belongs to an OZG-Leistung that has no name.
    pub further: &'static str,
    /// "Alle Lebenslagen"
    pub all: &'static str,
    /// The name of a Lebenslage or of a Themenfeld, from its German name.
    pub name: fn(&'static str) -> &'static str,
}

/// One error page.
#[derive(Debug)]
pub struct FaultText {
    /// Title of the window.
    pub title: &'static str,
    /// Heading.
    pub heading: &'static str,
    /// What happened and what to do.
    pub text: &'static str,
}

/// Error pages.
#[derive(Debug)]
pub struct Faults {
    /// No such page.
    pub not_found: FaultText,
    /// No such Leistung.
    pub no_leistung: FaultText,
    /// A Leistung that was there once.
    pub gone: FaultText,
    /// No such place.
    pub no_place: FaultText,
    /// No such Lebenslage.
    pub no_lebenslage: FaultText,
    /// The chosen Onlinedienst is not offered here.
    pub no_dienst: FaultText,
    /// An address that cannot be read.
    pub address: FaultText,
    /// A form sent in the wrong way.
    pub method: FaultText,
    /// The catalog failed.
    pub catalog: FaultText,
    /// "Zur Startseite"
    pub start: &'static str,
}

/// The kinds of contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kanal {
    /// Telephone.
    Telefon,
    /// Mobile telephone.
    Mobil,
    /// E-mail.
    Mail,
    /// A page.
    Internet,
    /// Fax.
    Fax,
    /// De-Mail.
    DeMail,
    /// Anything else.
    Weiterer,
}

/// The kinds of address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anschriftart {
    /// Where to go.
    Besuch,
    /// Where to write.
    Post,
    /// Where to deliver.
    Lieferung,
    /// Not said.
    Unbestimmt,
}

/// What a section of a Leistung is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thema {
    /// Papers to bring.
    Unterlagen,
    /// Papers and forms.
    Dokumente,
    /// Cost.
    Kosten,
    /// How long it takes.
    Dauer,
    /// Until when.
    Frist,
    /// What has to be given.
    Voraussetzungen,
    /// Steps.
    Ablauf,
    /// The whole description.
    Beschreibung,
    /// Forms.
    Formulare,
    /// Remarks.
    Hinweise,
    /// Who is responsible.
    Zustaendig,
    /// Where to get advice.
    Ansprechpunkt,
    /// Further information.
    Weiteres,
    /// Legal remedy.
    Rechtsbehelf,
    /// Legal basis.
    Recht,
}

/// How sure a service has to be of who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vertrauensniveau {
    /// User name and password.
    Basis,
    /// For example a certificate of ELSTER.
    Substanziell,
    /// Online-Ausweis.
    Hoch,
}

/// Words for what records say in codes.
#[derive(Debug)]
pub struct Words {
    /// Heading of a section.
    pub thema: fn(Thema) -> &'static str,
    /// "Telefon", ...
    pub kanal: fn(Kanal) -> &'static str,
    /// "Besuchsadresse", ...
    pub anschrift: fn(Anschriftart) -> &'static str,
    /// "Postfach 12 34", from the number.
    pub postfach: fn(&str) -> String,
    /// A level as citizens call it.
    pub level: fn(Level) -> &'static str,
    /// What an office of a level is responsible for, as in "zuständig für Ihren Kreis".
    pub gebiet: fn(Level) -> &'static str,
    /// What an office is responsible for, before anybody asked for a place.
    pub this_leistung: &'static str,
    /// A trust level.
    pub vertrauensniveau: fn(Vertrauensniveau) -> &'static str,
    /// A language, as in "auf Deutsch"; the two letters where there is no word.
    pub language: fn(&str) -> &str,
    /// Whom a Leistung is for, from its code.
    pub adressat: fn(&str) -> Option<&'static str>,
    /// Why an office is the one, in sentences.
    pub why: fn(&Why) -> Vec<String>,
}

//! The JSON of the interface: shapes that are promised to others and change only by growing.
//!
//! They are kept apart from the catalog's types, so that the inside can change without breaking anybody outside.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// Text by language, two letters.
type ByLang = BTreeMap<String, String>;

/// The answer to a question.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchResponse {
    /// The question as it was read.
    pub query: Query,
    /// Places that the question could mean; empty when it is clear. Ask, then send the chosen `ars` as `ort`.
    pub ambiguous: Vec<Place>,
    /// How sure the answer is.
    pub answer: Verdict,
    /// What the hits can be narrowed down by: send `name`=`value` with the same question.
    pub facets: Vec<Facet>,
    /// How many Leistungen there are in all.
    pub total: usize,
    /// The best of them, best first.
    pub hits: Vec<Hit>,
}

/// How sure an answer is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Verdict {
    /// `clear`: the first hit is the one. `choose`: the first two are close; ask which is meant. `open`: the hits fit more
    /// or less. `nothing`: nothing fits, and there are no hits.
    pub state: &'static str,
    /// With `choose`: what both are about; empty where their names share nothing.
    pub about: Option<String>,
    /// With `choose`: what tells the first two hits apart, in their order.
    pub options: Vec<String>,
}

/// Something that hits can be narrowed down by: `online`, `adressat` (whom it is for) or `lebenslage`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Facet {
    /// The parameter.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// The value in German words, to be shown; the value again where there are none.
    pub label: String,
    /// How many hits are left with it. Counted before this parameter narrows anything, while the others hold.
    pub count: usize,
}

/// A question as it was read.
#[derive(Debug, Serialize, ToSchema)]
pub struct Query {
    /// As sent.
    pub text: String,
    /// What was searched: without the place.
    pub understood: String,
    /// The corrected text, where that was searched instead.
    pub corrected: Option<String>,
    /// The place, from `ort` or out of the text.
    pub place: Option<PlaceShort>,
    /// Language of the answer.
    pub lang: String,
    /// The language the question was asked in, where that is not German.
    pub asked_in: Option<String>,
}

/// A place in short.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceShort {
    /// Amtlicher Regionalschlüssel, twelve digits.
    pub ars: String,
    /// Its name.
    pub name: String,
    /// Bund, Land, Regierungsbezirk, Kreis, Verband or Gemeinde.
    pub level: &'static str,
}

/// A place.
#[derive(Debug, Serialize, ToSchema)]
pub struct Place {
    /// Amtlicher Regionalschlüssel, twelve digits.
    pub ars: String,
    /// Its name.
    pub name: String,
    /// Bund, Land, Regierungsbezirk, Kreis, Verband or Gemeinde.
    pub level: &'static str,
    /// Name of the area it lies in.
    pub parent: Option<String>,
    /// Its postal codes.
    pub plz: Vec<String>,
}

/// One hit.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hit {
    /// The Leistung.
    pub leistung: LeistungShort,
    /// How well it fits; comparable within one answer only.
    pub score: f32,
    /// The name as HTML, with what was found in `mark`.
    pub highlight: String,
    /// Who is responsible; null without a place.
    pub responsible: Option<HitResponsible>,
    /// Path of the page for citizens.
    pub url: String,
}

/// A Leistung in short.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeistungShort {
    /// `schemeAgencyID` + `_` + id.
    pub id: String,
    /// Its keys of 14 digits; may be empty.
    pub leistungsschluessel: Vec<String>,
    /// Its name.
    pub name: String,
    /// Short text without markup; may be empty.
    pub kurztext: String,
    /// Language of name and short text.
    pub lang: String,
    /// Where it comes from.
    pub source: Source,
}

/// Where a description comes from.
#[derive(Debug, Serialize, ToSchema)]
pub struct Source {
    /// Id of the delivering portal.
    pub portal: String,
    /// Its name.
    pub name: String,
    /// Day of the last change by its editors in Germany, `JJJJ-MM-TT`.
    #[schema(format = "date")]
    pub changed: Option<String>,
}

/// Who is responsible, inside a hit.
#[derive(Debug, Serialize, ToSchema)]
pub struct HitResponsible {
    /// How it ended.
    pub state: State,
    /// The responsible bodies.
    pub answers: Vec<Answer>,
    /// Mere contacts, most specific first.
    pub contacts: Vec<Answer>,
    /// Online services, the most local first.
    pub onlinedienste: Vec<Onlinedienst>,
    /// Whom to ask when no body is known, nearest first.
    pub next: Vec<NextStep>,
}

/// Who is responsible for a Leistung at a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct Responsible {
    /// How it ended.
    pub state: State,
    /// The Leistung, where known.
    pub leistung: Option<LeistungShort>,
    /// The place, where known.
    pub place: Option<PlaceShort>,
    /// The responsible bodies at the most specific level that answers.
    pub answers: Vec<Answer>,
    /// Mere contacts, most specific first.
    pub contacts: Vec<Answer>,
    /// Online services, the most local first; those of Land and Bund stand after local ones.
    pub onlinedienste: Vec<Onlinedienst>,
    /// Whom to ask when no body is known, nearest first; after these always the number 115.
    pub next: Vec<NextStep>,
    /// Path of the page for citizens, where Leistung and place are known.
    pub url: Option<String>,
}

/// How the question for the responsible body ended.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// One body.
    Found,
    /// Several bodies that differ: ask, do not guess.
    Ambiguous,
    /// No body is known: see `next`.
    None,
    /// The place is not known.
    UnknownPlace,
    /// The Leistung is not known.
    UnknownLeistung,
}

/// One responsible body.
#[derive(Debug, Serialize, ToSchema)]
pub struct Answer {
    /// The body.
    pub organisationseinheit: Organisationseinheit,
    /// `01` and `02` a responsible body, `03` a mere contact; null where the delivery names none.
    pub role: Option<String>,
    /// Level of the area it is responsible for.
    pub level: &'static str,
    /// That area, as ARS.
    pub gebiet: String,
    /// Id of the portal that says so.
    pub portal: String,
    /// Why, as German sentences.
    pub reason: Vec<String>,
}

/// An authority or office.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organisationseinheit {
    /// `schemeAgencyID` + `_` + id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Addresses.
    pub anschriften: Vec<Anschrift>,
    /// Channels.
    pub kommunikation: Vec<Kommunikation>,
    /// Opening hours as clean HTML, by language.
    pub oeffnungszeiten: ByLang,
    /// Pages.
    pub links: Vec<Link>,
}

/// A postal or visiting address.
#[derive(Debug, Serialize, ToSchema)]
pub struct Anschrift {
    /// Code of the kind: 001 Hausanschrift, 002 Besucheranschrift, 003 Postfach, ...
    pub art: Option<String>,
    /// Street and number.
    pub strasse: Option<String>,
    /// PO box.
    pub postfach: Option<String>,
    /// Postal code.
    pub plz: Option<String>,
    /// Town.
    pub ort: Option<String>,
    /// Addition.
    pub zusatz: Option<String>,
}

/// How to reach a body.
#[derive(Debug, Serialize, ToSchema)]
pub struct Kommunikation {
    /// Code of the channel: 01 e-mail, 02 telephone, 03 mobile, 04 fax, 09 web.
    pub kanal: String,
    /// Number or address.
    pub kennung: String,
}

/// A link.
#[derive(Debug, Serialize, ToSchema)]
pub struct Link {
    /// Where it leads.
    pub url: String,
    /// What it says.
    pub title: Option<String>,
    /// The language, where given.
    pub lang: Option<String>,
}

/// One online service.
#[derive(Debug, Serialize, ToSchema)]
pub struct Onlinedienst {
    /// `schemeAgencyID` + `_` + id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Code of the trust level.
    pub vertrauensniveau: Option<String>,
    /// Level of the area it serves.
    pub level: &'static str,
    /// That area, as ARS.
    pub gebiet: String,
    /// Id of the offering portal.
    pub portal: String,
    /// Its name.
    pub portal_name: String,
    /// True when the host is registered for that portal. Do not send citizens to `url` when it is not.
    pub handover: bool,
    /// Languages it can be used in.
    pub sprachen: Vec<String>,
    /// Ways to pay.
    pub zahlungsweisen: Vec<String>,
}

/// Whom to ask when no body is known.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextStep {
    /// Name of the area.
    pub name: String,
    /// Its level.
    pub level: &'static str,
    /// Id of the portal that speaks for it.
    pub portal: Option<String>,
    /// Telephone number of the switchboard.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Page.
    pub url: Option<String>,
}

/// One Leistung, whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct Leistung {
    /// `schemeAgencyID` + `_` + id.
    pub id: String,
    /// Its keys of 14 digits; may be empty.
    pub leistungsschluessel: Vec<String>,
    /// Its name.
    pub name: String,
    /// Short text without markup; may be empty.
    pub kurztext: String,
    /// Language of name and short text.
    pub lang: String,
    /// Where it comes from.
    pub source: Source,
    /// Names by language.
    pub title: ByLang,
    /// Administrative names by language.
    pub bezeichnung: ByLang,
    /// Text modules in the order of display; with a place, local additions among them.
    pub modules: Vec<Modul>,
    /// Languages in which there is any text.
    pub languages: Vec<String>,
    /// Codes of Typisierung.
    pub typisierung: Vec<String>,
    /// Code of the trust level.
    pub vertrauensniveau: Option<String>,
    /// Codes of Leistungsadressat.
    pub adressat: Vec<String>,
    /// Keywords in German.
    pub keywords: Vec<String>,
    /// Pages of origin.
    pub ursprung: Vec<Link>,
    /// Who is responsible; null without a place.
    pub responsible: Option<Responsible>,
    /// Path of the page for citizens.
    pub url: String,
}

/// One module of a Leistung.
#[derive(Debug, Serialize, ToSchema)]
pub struct Modul {
    /// What it is about.
    pub art: ModulArt,
    /// Code of a text module, type of a module of the editors' own; else null.
    pub code: Option<String>,
    /// Name of the text module in its list; null for codes that are not in it.
    pub name: Option<&'static str>,
    /// Heading of the editors, by language, where it replaces the usual one.
    pub heading: ByLang,
    /// Clean HTML by language.
    pub text: ByLang,
    /// Structured facts as short German phrases.
    pub facts: Vec<String>,
    /// Further links.
    pub links: Vec<Link>,
    /// `100` online, `200` on site; null for all channels.
    pub channel: Option<String>,
    /// Comes from a local addition.
    pub local: bool,
    /// `own`: of the description itself; `master`: of the master text of Land or Bund; `supplement`: adds to the module
    /// before it.
    pub role: &'static str,
    /// Who delivered it.
    pub portal: String,
    /// That portal's name.
    pub portal_name: String,
    /// When its editors changed the text that it is of (RFC 3339).
    pub changed: Option<String>,
}

/// What a module is about.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModulArt {
    /// A text module of the list `leistungstextmodulleika`.
    Text,
    /// A module of the editors' own.
    Individuell,
    /// Deadlines.
    Frist,
    /// Fees.
    Kosten,
    /// Processing time.
    Bearbeitungsdauer,
    /// Documents in and out.
    Dokumente,
    /// A hint for those who give information by telephone.
    Auskunftshinweis,
}

/// Suggestions while typing.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestResponse {
    /// Best first.
    pub suggestions: Vec<Suggestion>,
    /// Places that `ort` could mean; empty when it is clear.
    pub ambiguous: Vec<Place>,
}

/// One suggestion.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestion {
    /// What to offer.
    pub text: String,
    /// Keys of the Leistung behind it.
    pub leistungsschluessel: Vec<String>,
    /// Path of the page for citizens.
    pub url: String,
}

/// Places.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlacesResponse {
    /// The most populous first.
    pub places: Vec<Place>,
}

/// One kind of problem, explained.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemKind {
    /// The `code`.
    pub code: &'static str,
    /// The `title`.
    pub title: &'static str,
    /// The HTTP status it goes with.
    pub status: u16,
}

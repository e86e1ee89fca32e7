//! What may be asked, and the answers: plain values, which the pages, the interface and the command line show.

use connectors::gebiet::{Ars, Level};
use connectors::ids::{Identifikator, Leistungsschluessel, PortalId};
use connectors::registration::Contact;
use jiff::Timestamp;
use url::Url;

use crate::record::{Anschrift, Htmls, Kommunikation, Lang, Link, Modul, Texts};

/// How a Leistung is named in an address or a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeistungRef {
    /// By its key.
    Schluessel(Leistungsschluessel),
    /// By its id, `agency_text`.
    Id(String),
}

impl LeistungRef {
    /// Reads a key of 14 digits, else an id.
    pub fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Id(text.to_owned()), Self::Schluessel)
    }
}

/// A place as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its key.
    pub ars: Ars,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: Level,
    /// Name of the Kreis (or next level) it lies in, where there is one.
    pub parent: Option<String>,
    /// Its postal codes.
    pub plz: Vec<String>,
}

/// What a text that should be a place turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum PlaceReading {
    /// One place.
    One(Place),
    /// Several; the citizen has to say which.
    Several(Vec<Place>),
    /// None that we know.
    Unknown,
}

/// A question.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// What was typed; may hold the place.
    pub text: String,
    /// A place given beside the text, already read; it wins over one in the text.
    pub place: Option<Ars>,
    /// Language of the answer; German when none.
    pub lang: Option<Lang>,
    /// How many hits, 1 to 100.
    pub limit: usize,
    /// How many hits to leave out first, at most 10,000.
    pub offset: usize,
    /// Only what an Onlinedienst offers there, or only what none does.
    pub online: Option<bool>,
    /// Only what is for this audience, by its code of Leistungsadressat.
    pub adressat: Option<String>,
    /// Only what stands under this Lebenslage, by its code in [`connectors::leika`].
    pub lebenslage: Option<String>,
    /// Only what these agencies describe, by their `schemeAgencyID`; all when empty.
    pub agencies: Vec<String>,
    /// Search everywhere, even where the text names a place: for judging the search alone.
    pub anywhere: bool,
    /// Say how the answer came about.
    pub explain: bool,
}

/// How sure an answer is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verdict {
    /// The first hit is the one: right at least nine times in ten where this is said.
    Clear,
    /// The first hits are close; the citizen should say which is meant.
    Choose,
    /// The hits fit more or less.
    #[default]
    Open,
    /// Nothing fits.
    Nothing,
}

impl Verdict {
    /// The word of the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Choose => "choose",
            Self::Open => "open",
            Self::Nothing => "nothing",
        }
    }
}

/// A question back, made from the names of the first two hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What both are about; empty where they share no word.
    pub about: String,
    /// What tells the first two hits apart, in their order.
    pub options: [String; 2],
}

/// Something that the hits can be narrowed down by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The parameter: `online`, `adressat` or `lebenslage`.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// The value in German words; the value again where there are none.
    pub label: String,
    /// How many hits are left with it; the other parameters hold.
    pub count: usize,
}

/// The answer to a question.
#[derive(Debug, Clone)]
pub struct SearchAnswer {
    /// The text as typed.
    pub text: String,
    /// The text that was searched: without the place.
    pub understood: String,
    /// The corrected text, where a correction was searched instead.
    pub corrected: Option<String>,
    /// The place, from the parameter or out of the text.
    pub place: Option<Place>,
    /// Places that the text could also mean; empty when it is clear.
    pub ambiguous: Vec<Place>,
    /// The language of the answer.
    pub lang: Lang,
    /// The language the question was asked in, where that is not German.
    pub asked_in: Option<Lang>,
    /// How sure the answer is.
    pub verdict: Verdict,
    /// The question back, where the first two hits are close.
    pub choice: Option<Choice>,
    /// Whom to ask where nothing fits and the place is known, nearest first.
    pub next: Vec<NextStep>,
    /// What the hits can be narrowed down by; each counted before it narrows, with the others holding.
    pub facets: Vec<Facet>,
    /// How many Leistungen there are in all.
    pub total: usize,
    /// The best of them.
    pub hits: Vec<Hit>,
    /// How the answer came about, line by line; empty unless asked for.
    pub explain: Vec<String>,
}

/// A Leistung in short.
#[derive(Debug, Clone, PartialEq)]
pub struct LeistungShort {
    /// `agency_text`
    pub id: String,
    /// Its keys.
    pub schluessel: Vec<Leistungsschluessel>,
    /// Its first key leads to it; not so where its portal describes several Leistungen under one key.
    pub key_names_it: bool,
    /// Its name.
    pub name: String,
    /// Short text without markup, at most about 300 characters; may be empty.
    pub kurztext: String,
    /// The language of name and short text.
    pub lang: Lang,
    /// Who delivered it.
    pub portal: PortalId,
    /// The delivering portal's name; its id where it is not registered any more.
    pub portal_name: String,
    /// When its editors changed it.
    pub changed: Option<Timestamp>,
}

impl LeistungShort {
    /// What stands for this Leistung in addresses: its first key where that leads to it, else its id.
    pub fn address_key(&self) -> String {
        let key = self.schluessel.first().filter(|_| self.key_names_it);
        key.map_or_else(|| self.id.clone(), ToString::to_string)
    }
}

/// One hit.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The Leistung.
    pub leistung: LeistungShort,
    /// How well it fits; comparable within one answer only.
    pub score: f32,
    /// The name as HTML with what was found in `<mark>`.
    pub highlight: String,
    /// Who is responsible; only with a place.
    pub responsible: Option<Responsible>,
}

/// How a question for the responsible body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// One body.
    Found,
    /// Several bodies that differ; the citizen has to choose.
    Ambiguous,
    /// No body is known.
    None,
    /// The place is not known.
    UnknownPlace,
    /// The Leistung is not known.
    UnknownLeistung,
}

impl State {
    /// The word of the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Ambiguous => "ambiguous",
            Self::None => "none",
            Self::UnknownPlace => "unknown_place",
            Self::UnknownLeistung => "unknown_leistung",
        }
    }
}

/// Who is responsible for a Leistung at a place.
#[derive(Debug, Clone)]
pub struct Responsible {
    /// How it ended.
    pub state: State,
    /// The Leistung, where known: the most local description.
    pub leistung: Option<LeistungShort>,
    /// The place, where known.
    pub place: Option<Place>,
    /// The bodies at the most specific level that answers.
    pub answers: Vec<Answer>,
    /// Mere contacts (role 03), most specific first.
    pub contacts: Vec<Answer>,
    /// Online services, the most local first, those of Land and Bund added.
    pub onlinedienste: Vec<OnlinedienstAnswer>,
    /// Whom to ask next when no body is known, nearest first.
    pub next: Vec<NextStep>,
}

/// One responsible body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The body.
    pub organisationseinheit: OrganisationseinheitView,
    /// `01`, `02`, `03`; none where the delivery names none.
    pub role: Option<String>,
    /// Level of the area it is responsible for.
    pub level: Level,
    /// That area.
    pub gebiet: Ars,
    /// Who says so.
    pub portal: PortalId,
    /// Why it is the one.
    pub why: Why,
}

/// Why a body is the one, as values, so that it can be said in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// Its name.
    pub office: String,
    /// Of the Leistung.
    pub leistung: String,
    /// By which it was found, where it was by a key.
    pub schluessel: Option<String>,
    /// `01`, `02`, `03`; none where the delivery names none.
    pub role: Option<String>,
    /// Name of the area it is responsible for.
    pub area: String,
    /// Level of that area.
    pub level: Level,
    /// Name of the place that was asked for.
    pub place: String,
    /// The levels below that area on which nobody is entered, the nearest to the place first; empty where the area is
    /// the place.
    pub below: Vec<Level>,
    /// Name of the portal that says so.
    pub source: String,
}

impl Why {
    /// True when the body gives advice only.
    pub fn is_contact(&self) -> bool {
        self.role.as_deref() == Some("03")
    }

    /// True when the body is responsible for a larger area that the place lies in.
    pub fn inherited(&self) -> bool {
        !self.below.is_empty()
    }

    /// German sentences that a clerk would accept.
    pub fn sentences(&self) -> Vec<String> {
        let Self { office, leistung, area, place, .. } = self;
        let role = match &self.role {
            Some(_) if self.is_contact() => "als Ansprechpunkt (Rolle 03)".to_owned(),
            Some(code) => format!("als zuständige Stelle (Rolle {code})"),
            None => "als zuständige Stelle".to_owned(),
        };
        let key = self.schluessel.as_ref().map(|key| format!(" (Leistungsschlüssel {key})")).unwrap_or_default();
        let mut said = vec![format!("{office} ist für „{leistung}“{key} in {area} {role} eingetragen.")];
        if self.inherited() {
            let below: Vec<&str> = self.below.iter().map(|level| level.as_str()).collect();
            said.push(format!("{place} gehört zu {area} (Ebene {}).", self.level.as_str()));
            said.push(format!("Auf den Ebenen darunter ({}) ist keine Stelle eingetragen.", below.join(", ")));
        }
        said.push(format!("Die Angabe stammt von: {}.", self.source));
        said
    }
}

/// A body as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganisationseinheitView {
    /// `agency_text`
    pub id: String,
    /// Its name.
    pub name: String,
    /// Addresses.
    pub anschriften: Vec<Anschrift>,
    /// Channels.
    pub kommunikation: Vec<Kommunikation>,
    /// Opening hours by language.
    pub oeffnungszeiten: Htmls,
    /// Pages.
    pub links: Vec<Link>,
}

/// One online service.
#[derive(Debug, Clone)]
pub struct OnlinedienstAnswer {
    /// `agency_text`
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: Url,
    /// The same as its portal wrote it.
    pub written: String,
    /// Code of the trust level.
    pub vertrauensniveau: Option<String>,
    /// Its name, where delivered.
    pub vertrauensniveau_name: Option<String>,
    /// Level of the area it serves.
    pub level: Level,
    /// That area.
    pub gebiet: Ars,
    /// Who offers it.
    pub portal: PortalId,
    /// The offering portal's name.
    pub portal_name: String,
    /// Citizens may be sent there; otherwise the address is shown to editors only.
    pub handover: bool,
    /// Languages it can be used in.
    pub sprachen: Vec<Lang>,
    /// Ways to pay.
    pub zahlungsweisen: Vec<String>,
}

/// Whom to ask when no body is known.
#[derive(Debug, Clone)]
pub struct NextStep {
    /// Name of the area.
    pub name: String,
    /// Its level.
    pub level: Level,
    /// The portal that speaks for it, where one is registered.
    pub portal: Option<PortalId>,
    /// Its switchboard, where registered.
    pub contact: Option<Contact>,
    /// Its own page, where known.
    pub web: Option<String>,
}

/// One Leistung, whole, as seen from a place.
#[derive(Debug, Clone)]
pub struct LeistungView {
    /// Its key.
    pub id: Identifikator,
    /// In short.
    pub short: LeistungShort,
    /// Names in all offered languages.
    pub title: Texts,
    /// Administrative names.
    pub bezeichnung: Texts,
    /// Modules in the order of display; those for the desk staff left out.
    pub modules: Vec<ModulView>,
    /// Languages in which there is any text.
    pub languages: Vec<Lang>,
    /// Codes of Typisierung.
    pub typisierung: Vec<String>,
    /// Code of the trust level.
    pub vertrauensniveau: Option<String>,
    /// Codes of Leistungsadressat.
    pub adressat: Vec<String>,
    /// Keywords in German.
    pub keywords: Vec<String>,
    /// The page of origin.
    pub ursprung: Vec<Link>,
    /// The text is that of a town, a Kreis or the like alone, so elsewhere some of it may be otherwise.
    pub is_local: bool,
    /// Who is responsible; only with a place.
    pub responsible: Option<Responsible>,
}

/// One module as seen from a place.
#[derive(Debug, Clone)]
pub struct ModulView {
    /// The module.
    pub modul: Modul,
    /// What it is to the text as a whole.
    pub role: TextRole,
    /// Whose it is and how old.
    pub whose: Whose,
}

/// What a module is to a text that several bodies may have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextRole {
    /// It is of the description itself.
    Own,
    /// It is of the master text of Land or Bund, and the description has none or only adds to it.
    Master,
    /// It adds to the module before it: an overlay, or a local module that supplements the master text.
    Supplement,
}

impl TextRole {
    /// The word of the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Master => "master",
            Self::Supplement => "supplement",
        }
    }
}

/// Whose a module is, and how old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// Who delivered it.
    pub portal: PortalId,
    /// That portal's name; its id where it is not registered any more.
    pub name: String,
    /// When its editors changed the text that it is of.
    pub changed: Option<Timestamp>,
}

/// One suggestion while typing.
#[derive(Debug, Clone)]
pub struct Suggestion {
    /// The Leistung that it leads to.
    pub leistung: LeistungShort,
    /// The place, where the typed text named one.
    pub place: Option<Place>,
}

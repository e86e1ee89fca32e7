//! The code to paste: what is wished for, read and bounded, and the three ways to have it.
//!
//! What comes out is markup that others put into their pages unread. So nothing that was typed goes into it: a place is
//! the key and the name that our register knows, a language and a target are of closed sets, a colour is six digits.

use askama::Template;
use indexer::catalog::{Place, PlaceReading};
use url::Url;

use super::texts::{self, Texts};
use crate::api::params::{ParamError, Params};
use crate::assets;
use crate::pages::address;
use crate::pages::sprache::Sprache;
use crate::pages::templates::{Page, render};
use crate::pages::view::Ort;

/// The contrast that text needs. Source: WCAG 2.2, 1.4.3.
const CONTRAST_MIN: f64 = 4.5;

/// The name of a language in parameters.
pub fn name(sprache: Sprache) -> &'static str {
    match sprache {
        Sprache::Deutsch => "de",
        Sprache::Englisch => "en",
        Sprache::Leicht => "leicht",
    }
}

/// Where results are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ziel {
    /// On our pages.
    #[default]
    Portalverbund,
    /// In the page that holds the form.
    Hier,
}

impl Ziel {
    /// Its name in parameters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portalverbund => "portalverbund",
            Self::Hier => "hier",
        }
    }

    /// Reads it; our pages where nothing is said.
    pub fn read(params: &Params) -> Result<Self, ParamError> {
        match params.text("ziel")?.as_deref() {
            None => Ok(Self::default()),
            Some("portalverbund") => Ok(Self::Portalverbund),
            Some("hier") => Ok(Self::Hier),
            Some(_) => Err(ParamError::bad("ziel", "portalverbund or hier")),
        }
    }
}

/// A colour as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// Reads `#rrggbb`, nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits =
            text.strip_prefix('#').filter(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        let [_, red, green, blue] = number.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// How far apart two are, from 1 to 21. Source: WCAG 2.2, "contrast ratio".
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// What is wished for, as far as it could be read.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// The place as typed.
    pub ort: Option<String>,
    /// The language of the form.
    pub sprache: Sprache,
    /// Where results are shown.
    pub ziel: Ziel,
    /// Of the button.
    pub farbe: Colour,
    /// Of the words on it.
    pub auf_farbe: Colour,
    /// A colour was typed that is none.
    pub bad_colour: bool,
}

impl Wishes {
    /// The parameters that it reads.
    pub const NAMES: [&str; 5] = ["ort", "sprache", "ziel", "farbe", "auf-farbe"];

    /// Reads them; `page` is the language where none is wished for.
    pub fn read(params: &Params, page: Sprache) -> Result<Self, ParamError> {
        let mut bad_colour = false;
        let mut colour = |name, otherwise: [u8; 3]| -> Result<Colour, ParamError> {
            let read = params.text(name)?.map(|text| Colour::parse(&text));
            bad_colour |= read == Some(None);
            Ok(read.flatten().unwrap_or(Colour(otherwise)))
        };
        let farbe = colour("farbe", [0x20, 0x44, 0xaa])?;
        let auf_farbe = colour("auf-farbe", [0xff; 3])?;
        let sprache = if params.text("sprache")?.is_some() { super::sprache(params)? } else { page };
        Ok(Self { ort: params.text("ort")?, sprache, ziel: Ziel::read(params)?, farbe, auf_farbe, bad_colour })
    }
}

/// The form that is put into pages of others.
#[derive(Debug, Template)]
#[template(path = "einbinden/formular.html")]
pub struct Form {
    t: &'static Texts,
    lang: &'static str,
    sprache: &'static str,
    action: String,
    question: String,
    ars: Option<String>,
    button: Option<(Colour, Colour)>,
}

impl Form {
    /// The form in this language, for this place or any.
    pub fn of(sprache: Sprache, place: Option<&Place>, public_url: &Url) -> Self {
        let t = texts::of(sprache);
        Self {
            t,
            lang: sprache.lang(),
            sprache: name(sprache),
            action: absolute(public_url, &sprache.path("/suche")),
            question: place.map_or_else(|| t.question.to_owned(), |place| (t.question_in)(&place.name)),
            ars: place.map(|place| place.ars.to_string()),
            button: None,
        }
    }

    /// Its markup.
    pub fn render(&self) -> String {
        render(self)
    }

    /// The same inside of our element, with attributes of it.
    pub fn element(&self, ziel: Ziel, colours: &[(&str, Colour)]) -> String {
        let form = self.render();
        render(&Element {
            form: &form,
            sprache: self.sprache,
            ars: self.ars.as_deref(),
            hier: ziel == Ziel::Hier,
            colours,
        })
    }
}

#[derive(Template)]
#[template(path = "einbinden/element.html")]
struct Element<'a> {
    form: &'a str,
    sprache: &'a str,
    ars: Option<&'a str>,
    hier: bool,
    colours: &'a [(&'a str, Colour)],
}

fn absolute(public_url: &Url, path: &str) -> String {
    public_url.join(path).map_or_else(|_| path.to_owned(), Into::into)
}

/// The page: the form of what is wished for, and the code for it.
#[derive(Debug)]
pub struct Builder {
    /// Its texts, in the language of the page.
    pub t: &'static Texts,
    sprache: Sprache,
    wishes: Wishes,
    place: Option<Place>,
    several: Vec<Ort>,
    ort_error: Option<String>,
    contrast_warning: Option<String>,
    plain: String,
    fragment: String,
    element: String,
    hits: String,
    deep: Vec<(&'static str, String)>,
}

impl Builder {
    /// The page for these wishes; `reading` is what the place turned out to be, where one was typed.
    pub fn of(wishes: Wishes, reading: Option<PlaceReading>, sprache: Sprache, public_url: &Url) -> Self {
        let t = texts::of(sprache);
        let (mut place, mut several, mut ort_error) = (None, Vec::new(), None);
        match reading {
            None => {}
            Some(PlaceReading::One(one)) => place = Some(one),
            Some(PlaceReading::Several(found)) => {
                several = found.iter().map(|one| Ort::of(one, wishes.address(sprache, one.ars.as_str()))).collect();
            }
            Some(PlaceReading::Unknown) => {
                ort_error = Some((t.unknown_place)(wishes.ort.as_deref().unwrap_or_default()));
            }
        }
        let contrast = wishes.farbe.contrast(wishes.auf_farbe);
        let form = Form::of(wishes.sprache, place.as_ref(), public_url);
        let ort = place.as_ref().map(|place| place.ars.to_string());
        let query = |first: &str| {
            let more = [("ort", ort.as_deref()), ("sprache", Some(name(wishes.sprache)))];
            let given = more.iter().filter_map(|(name, value)| Some(format!("{name}={}", (*value)?)));
            std::iter::once(first.to_owned())
                .filter(|first| !first.is_empty())
                .chain(given)
                .collect::<Vec<_>>()
                .join("&")
        };
        let link = |path: &str| absolute(public_url, path);
        let example = ort.clone().unwrap_or_else(|| "059110000000".to_owned());
        let script = link(&format!("/static/{}", assets::ELEMENT));
        let colours = [("farbe", wishes.farbe), ("auf-farbe", wishes.auf_farbe)];
        let element = form.element(wishes.ziel, &colours);
        Self {
            t,
            sprache,
            plain: Form {
                button: Some((wishes.farbe, wishes.auf_farbe)),
                ..Form::of(wishes.sprache, place.as_ref(), public_url)
            }
            .render(),
            fragment: link(&format!("/einbinden/suche?{}&ziel={}", query(""), wishes.ziel.name())),
            element: format!("{}\n<script type=\"module\" src=\"{script}\"></script>", element.trim_end()),
            hits: link(&format!("/einbinden/treffer?{}&eigene=nein", query("q=kindergeld"))),
            deep: vec![
                (t.deep_question, link(&wishes.sprache.path(&address::suche("hund anmelden", &example, 1)))),
                (t.deep_leistung, link(&wishes.sprache.path(&format!("/leistung/99107006000000/{example}")))),
                (t.deep_before, link(&wishes.sprache.path(&format!("/bevor/99107006000000/{example}")))),
                (t.deep_online, link(&format!("/zu/99107006000000/{example}"))),
                (t.deep_place, link(&wishes.sprache.path(&format!("/ort/{example}")))),
            ],
            contrast_warning: (contrast < CONTRAST_MIN).then(|| (t.contrast)(contrast)),
            place,
            several,
            ort_error,
            wishes,
        }
    }

    /// The whole page.
    pub fn render(&self, page: &Page) -> String {
        render(&BuilderTemplate { page, it: self, t: self.t })
    }

    fn typed(&self) -> &str {
        match &self.place {
            Some(place) => &place.name,
            None => self.wishes.ort.as_deref().unwrap_or_default(),
        }
    }

    fn languages(&self) -> Vec<(&'static str, &'static str, bool)> {
        let one =
            |sprache: Sprache| (name(sprache), self.t.languages[sprache as usize], sprache == self.wishes.sprache);
        Sprache::ALL.into_iter().map(one).collect()
    }
}

impl Wishes {
    /// The address of the page for the same wishes at another place.
    fn address(&self, page: Sprache, ort: &str) -> String {
        format!(
            "{}?ort={}&sprache={}&ziel={}&farbe={}&auf-farbe={}",
            page.path("/einbinden"),
            address::segment(ort),
            name(self.sprache),
            self.ziel.name(),
            address::segment(&self.farbe.to_string()),
            address::segment(&self.auf_farbe.to_string())
        )
    }
}

#[derive(Template)]
#[template(path = "einbinden/seite.html")]
struct BuilderTemplate<'a> {
    page: &'a Page,
    it: &'a Builder,
    t: &'static Texts,
}

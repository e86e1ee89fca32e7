//! Hits for pages of others: what fits, who is responsible for it at the place, and why, in words.

use askama::Template;
use connectors::gebiet::Level;
use indexer::catalog::{Answer, Hit, Place, SearchAnswer, State};
use indexer::record::Lang;
use url::Url;

use super::builder;
use super::texts::{self, Texts};
use crate::pages::address;
use crate::pages::sprache::Sprache;
use crate::pages::view::{self, Ort};

/// What is to be shown of an answer.
#[derive(Debug)]
pub struct Hits<'a> {
    /// The answer.
    pub answer: &'a SearchAnswer,
    /// What the place could be, where that is not clear.
    pub several: &'a [Place],
    /// Those for which the place itself is responsible too; a town that searches its own pages knows them already.
    pub own: bool,
    /// How many at most.
    pub most: usize,
}

/// The fragment.
#[derive(Debug, Template)]
#[template(path = "einbinden/treffer.html")]
pub struct HitsPage {
    t: &'static Texts,
    lang: &'static str,
    said: String,
    hits: Vec<OneHit>,
    several: Vec<Ort>,
    all: Option<String>,
}

#[derive(Debug)]
struct OneHit {
    html: String,
    lang: Option<Lang>,
    kurztext: String,
    href: String,
    /// "Stadt Bochum, Ordnungsamt": who is responsible.
    stelle: Option<String>,
    /// "Ihr Kreis ist zuständig.", or that it is not known.
    zustaendig: Option<&'static str>,
    reasons: Vec<String>,
    online: Option<String>,
}

impl HitsPage {
    /// A fragment that says one thing and shows nothing.
    pub fn saying(sprache: Sprache, said: String) -> Self {
        Self { t: texts::of(sprache), lang: sprache.lang(), said, hits: Vec::new(), several: Vec::new(), all: None }
    }
}

impl Hits<'_> {
    /// The fragment in this language; its links lead to `public_url`.
    pub fn page(&self, sprache: Sprache, public_url: &Url) -> HitsPage {
        let t = texts::of(sprache);
        let answer = self.answer;
        let link = |path: String| public_url.join(&path).map_or(path, Into::into);
        let ours = |path: String| link(sprache.path(&path));
        let wanted = |hit: &&Hit| self.own || level(hit) != Some(Level::Gemeinde);
        let hits: Vec<OneHit> = answer
            .hits
            .iter()
            .filter(wanted)
            .take(self.most)
            .map(|hit| one(hit, answer.place.as_ref(), sprache, &ours))
            .collect();
        let place = answer.place.as_ref();
        let count = if self.own { answer.total } else { hits.len() };
        let said = (t.count)(count, &answer.understood, place.map(|place| place.name.as_str()));
        let ort = place.map_or("", |place| place.ars.as_str());
        let which = if self.several.is_empty() { &answer.ambiguous[..] } else { self.several };
        let several = which.iter().map(|place| {
            let path = format!(
                "/einbinden/treffer?q={}&ort={}&sprache={}",
                address::segment(&answer.understood),
                place.ars,
                builder::name(sprache)
            );
            Ort::of(place, link(path))
        });
        HitsPage {
            t,
            lang: sprache.lang(),
            said,
            several: several.collect(),
            all: Some(ours(address::suche(&answer.understood, ort, 1))),
            hits,
        }
    }
}

/// The level that is responsible for a hit, where one is known.
fn level(hit: &Hit) -> Option<Level> {
    hit.responsible.as_ref()?.answers.first().map(|answer| answer.level)
}

fn one(hit: &Hit, place: Option<&Place>, sprache: Sprache, ours: &impl Fn(String) -> String) -> OneHit {
    let t = texts::of(sprache);
    let short = &hit.leistung;
    let ars = place.map(|place| place.ars);
    let answers = hit.responsible.as_ref().map(|responsible| (responsible.state, responsible.answers.as_slice()));
    let why = |answer: &Answer| (sprache.texts().words.why)(&answer.why);
    let (stelle, zustaendig, reasons) = match answers {
        None => (None, None, Vec::new()),
        Some((State::Found, [first, ..])) => {
            (Some(first.organisationseinheit.name.clone()), Some((t.responsible)(first.level)), why(first))
        }
        Some((State::Ambiguous, [first, ..])) => (None, Some(t.several_offices), why(first)),
        Some(_) => (None, Some(t.nobody), Vec::new()),
    };
    let key = short.address_key();
    let asked = ars.zip(hit.responsible.as_ref());
    let online =
        asked.filter(|(ars, one)| view::hand_over(&key, ars, one, sprache).is_some_and(|it| it.href.is_some()));
    OneHit {
        html: hit.highlight.clone(),
        lang: sprache.foreign(short.lang),
        kurztext: short.kurztext.clone(),
        href: ours(address::leistung(short, ars.as_ref())),
        stelle,
        zustaendig,
        reasons,
        online: online.map(|(ars, _)| ours(address::bevor(&key, &ars))),
    }
}

//! The page of results: one best answer, then the others.

use indexer::catalog::{Hit, Place, SearchAnswer, State, Verdict};
use indexer::record::Lang;

use super::address;
use super::arrival::Arrival;
use super::narrow::{Eingrenzung, Filters};
use super::sprache::Sprache;
use super::view::{self, Dienst, Ort, SearchForm, Stelle, Weiter};

/// How many hits stand on one page.
pub const PER_PAGE: usize = 10;
/// Pages that can be asked for: as far as the catalog leaves out hits.
pub const PAGES_MAX: usize = 100;

/// What an answer is shown with.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The form with what was typed.
    pub form: SearchForm,
    /// The readings of the place field where it has several.
    pub which_place: &'a [Place],
    /// The page of results, from 1.
    pub page: usize,
    /// What it is narrowed down by.
    pub filters: &'a Filters,
    /// The language of the page.
    pub sprache: Sprache,
}

/// The page of results.
#[derive(Debug)]
pub struct Results {
    /// The form with what was typed.
    pub form: SearchForm,
    /// What was searched, for the heading.
    pub question: String,
    /// The place, where one is known.
    pub place: Option<String>,
    /// The page of that place.
    pub ort_href: Option<String>,
    /// The same question without a place.
    pub without_place: String,
    /// "3 Ergebnisse"
    pub count: String,
    /// There is none.
    pub empty: bool,
    /// What was typed, where something else was searched instead.
    pub corrected: Option<String>,
    /// "Diesen Ort gibt es mehrmals. Welcher ist es?"
    pub which_place: Vec<Ort>,
    /// How sure the best answer is, in words above it.
    pub label: &'static str,
    /// "Wohnsitz: anmelden oder ummelden?", with the two pages that it leads to.
    pub choice: Option<Frage>,
    /// Whom to ask where nothing fits.
    pub weiter: Vec<Weiter>,
    /// What it is narrowed down by, and what else would leave fewer hits.
    pub eingrenzung: Eingrenzung,
    /// The best answer; only on the first page.
    pub best: Option<Treffer>,
    /// Why it is that one: from the question to the office, a step each.
    pub warum: Vec<String>,
    /// The others.
    pub others: Vec<Treffer>,
    /// Address of the page before.
    pub previous: Option<String>,
    /// Address of the page after.
    pub next: Option<String>,
}

/// A question back.
#[derive(Debug)]
pub struct Frage {
    /// What both are about; may be empty.
    pub about: String,
    /// What tells the two apart, with their pages.
    pub options: Vec<(String, String)>,
}

/// One hit.
#[derive(Debug)]
pub struct Treffer {
    /// The name as clean HTML, with what was found marked.
    pub html: String,
    /// Its language, where it is not that of the page.
    pub lang: Option<Lang>,
    /// Short text.
    pub kurztext: String,
    /// The page of the Leistung.
    pub href: String,
    /// How the question for the office ended.
    pub zustaendig: Zustaendig,
    /// The online service, where there is exactly one best; its address is the page before it.
    pub dienst: Option<Dienst>,
    /// Where to choose among several.
    pub auswahl: Option<String>,
    /// There is an online service, but citizens may not be sent there.
    pub dienst_gesperrt: bool,
    /// "Stand: ... · Quelle: ..."
    pub stand: String,
}

/// How the question for the office ended, for a hit.
#[derive(Debug)]
pub enum Zustaendig {
    /// No place was given.
    OhneOrt,
    /// This one.
    Stelle(Box<Stelle>),
    /// Several; their names.
    Mehrere(Vec<String>),
    /// None is known.
    Keine,
}

impl Results {
    /// The page for an answer.
    pub fn of(answer: &SearchAnswer, asked: Asked) -> Self {
        let Asked { form, which_place, page, filters, sprache } = asked;
        let texts = &sprache.texts().results;
        let which = if which_place.is_empty() { &answer.ambiguous } else { which_place };
        // The text without the place: a place that is chosen now must not stand beside the old one.
        let typed = if answer.understood.is_empty() { &answer.text } else { &answer.understood };
        let question = answer.corrected.as_ref().unwrap_or(typed);
        let shown = page.saturating_mul(PER_PAGE);
        let before = shown.saturating_sub(PER_PAGE);
        let way = |at: usize| Way { frage: typed, rang: before + at + 1, sprache };
        let hit = |(at, hit)| Treffer::of(hit, answer.place.as_ref(), &way(at));
        let mut hits = answer.hits.iter().enumerate().map(hit);
        let best = if page == 1 { hits.next() } else { None };
        let warum = best.as_ref().zip(answer.hits.first()).map(|(best, hit)| warum(answer, best, hit, sprache));
        let turn = |page: usize| sprache.path(&filters.suche(&form.q, &form.ort, page));
        let place = answer.place.as_ref().map(|place| place.ars);
        let link = |(at, option): (usize, &String)| {
            let hit = answer.hits.get(at)?;
            Some((option.clone(), way(at).to(address::leistung(&hit.leistung, place.as_ref()))))
        };
        let choice = answer.choice.as_ref().filter(|_| page == 1).map(|choice| Frage {
            about: choice.about.clone(),
            options: choice.options.iter().enumerate().filter_map(link).collect(),
        });
        Self {
            question: question.clone(),
            place: answer.place.as_ref().map(|place| place.name.clone()),
            ort_href: answer.place.as_ref().map(|place| sprache.path(&address::ort(&place.ars, &place.name))),
            without_place: sprache.path(&address::suche(question, "", 1)),
            count: (texts.count)(answer.total),
            empty: answer.total == 0,
            corrected: answer.corrected.as_ref().map(|_| typed.clone()),
            which_place: which
                .iter()
                .map(|place| Ort::of(place, sprache.path(&filters.suche(question, place.ars.as_str(), 1))))
                .collect(),
            label: if answer.verdict == Verdict::Clear { texts.best } else { texts.likely },
            choice,
            weiter: answer.next.iter().map(|step| Weiter::of(step, sprache)).collect(),
            eingrenzung: Eingrenzung::of(answer, filters, &form, sprache),
            best,
            warum: warum.unwrap_or_default(),
            others: hits.collect(),
            previous: (page > 1).then(|| turn(page - 1)),
            next: (shown < answer.total && page < PAGES_MAX).then(|| turn(page + 1)),
            form,
        }
    }

    /// Title of the page.
    pub fn title(&self, sprache: Sprache) -> String {
        (sprache.texts().results.title)(&self.question, self.place.as_deref())
    }
}

/// Every step from the question to the office and its service.
fn warum(answer: &SearchAnswer, best: &Treffer, hit: &Hit, sprache: Sprache) -> Vec<String> {
    let (texts, language) = (&sprache.texts().results, sprache.texts().words.language);
    let typed = if answer.understood.is_empty() { &answer.text } else { &answer.understood };
    let searched = match &answer.corrected {
        Some(text) => (texts.why_corrected)(typed, text),
        None => (texts.why_searched)(typed),
    };
    let [clear, likely] = texts.why_best;
    let fits = if answer.verdict == Verdict::Clear { clear } else { likely };
    let office = match &best.zustaendig {
        Zustaendig::Stelle(stelle) => stelle.reasons.as_slice(),
        _ => &[],
    };
    let service = best.dienst.as_ref().map(|dienst| (texts.why_service)(&dienst.anbieter, &dienst.host));
    let place = answer.place.as_ref().map(|place| (texts.why_place)(&place.name));
    let asked_in = answer.asked_in.map(|lang| (texts.why_language)(language(lang.as_str())));
    let fits = fits(&hit.leistung.name);
    [place, asked_in, Some(searched), Some(fits)]
        .into_iter()
        .flatten()
        .chain(office.iter().cloned())
        .chain(service)
        .collect()
}

/// What the address of a hit tells of the way that led there.
struct Way<'a> {
    frage: &'a str,
    rang: usize,
    sprache: Sprache,
}

impl Way<'_> {
    fn to(&self, href: String) -> String {
        Arrival::link(&self.sprache.path(&href), self.frage, self.rang)
    }
}

impl Treffer {
    fn of(hit: &Hit, place: Option<&Place>, way: &Way) -> Self {
        let (short, sprache) = (&hit.leistung, way.sprache);
        let ars = place.map(|place| place.ars);
        let responsible = hit.responsible.as_ref();
        let zustaendig = match responsible.map(|responsible| (responsible.state, responsible.answers.as_slice())) {
            None => Zustaendig::OhneOrt,
            Some((State::Found, [first, ..])) => Zustaendig::Stelle(Box::new(Stelle::of(first, sprache))),
            Some((State::Ambiguous, answers)) if !answers.is_empty() => {
                Zustaendig::Mehrere(answers.iter().map(|answer| answer.organisationseinheit.name.clone()).collect())
            }
            Some(_) => Zustaendig::Keine,
        };
        let dienste = responsible.map_or(&[][..], |responsible| responsible.onlinedienste.as_slice());
        let key = short.address_key();
        let mut dienst = ars.zip(responsible).and_then(|(ars, one)| view::hand_over(&key, &ars, one, sprache));
        if let (Some(dienst), Some(ars)) = (&mut dienst, &ars) {
            // What to know before leaving comes first.
            dienst.href = dienst.href.take().map(|_| way.to(address::bevor(&key, ars)));
        }
        let open = dienste.iter().any(view::permitted);
        let auswahl = ars.filter(|_| dienst.is_none() && open).map(|ars| way.to(address::zu(&key, &ars)));
        Self {
            html: hit.highlight.clone(),
            lang: sprache.foreign(short.lang),
            kurztext: short.kurztext.clone(),
            href: way.to(address::leistung(short, ars.as_ref())),
            zustaendig,
            dienst_gesperrt: !open && !dienste.is_empty(),
            dienst,
            auswahl,
            stand: view::stand(short, sprache),
        }
    }

    /// True when there is an online service that can be opened.
    pub fn online(&self) -> bool {
        self.dienst.is_some() || self.auswahl.is_some()
    }
}

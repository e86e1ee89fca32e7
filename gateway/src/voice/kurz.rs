//! The short view for telephone and desk: `/kurz` for people, `/api/v1/answers` for programs.
//!
//! It is the answer of `/suche` and of the page of the Leistung, said in short; nothing is searched, ranked or decided here.

use askama::Template;
use axum::extract::{Extension, RawQuery, State};
use axum::response::Response;
use config::clock;
use connectors::gebiet::Ars;
use http::header::{self, HeaderMap, HeaderValue};
use indexer::catalog::{LeistungRef, LeistungView, PlaceReading, SearchAnswer, SearchRequest};
use indexer::record::{Lang, plain_text};
use serde::Serialize;
use utoipa::ToSchema;

use super::texts::Kurz;
use super::{Voice, no_index, unlisted};
use crate::api::params::Params;
use crate::api::problem::Problem;
use crate::api::{KEEP_ANSWER, json, wire};
use crate::insights::{Asker, Way};
use crate::pages::leistung::{Abschnitt, LeistungPage, Zustaendig};
use crate::pages::sprache::{Hier, Sprache};
use crate::pages::templates::{self, Page};
use crate::pages::texts::Kanal;
use crate::pages::view::{Dienst, Ort, Part, Stelle, Weiter};
use crate::pages::{KEEP_RESULTS, PageError, Site, address, html};

/// Answers that a program gets when it says no number, and at most.
const ANSWERS: usize = 3;
const ANSWERS_MAX: usize = 5;
/// Other hits that the page names.
const OTHERS: usize = 5;

/// One thing that is read out: short facts, and the text where there is one.
#[derive(Debug, Default)]
struct Angabe {
    facts: Vec<String>,
    parts: Vec<Part>,
}

impl Angabe {
    /// What the sections of these names say.
    fn of(sections: &[Abschnitt], anchors: &[&str]) -> Self {
        let mut said = Self::default();
        let wanted = sections.iter().filter(|one| one.anchor.is_some_and(|anchor| anchors.contains(&anchor)));
        for inhalt in wanted.flat_map(|section| &section.parts) {
            said.facts.extend(inhalt.facts.iter().cloned());
            said.parts.extend(inhalt.text.clone());
        }
        said
    }

    fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.parts.is_empty()
    }

    /// The same on one line; none where nothing is said.
    fn line(&self) -> Option<String> {
        let text = |part: &Part| plain_text(&part.html.replace("</li><li>", "</li>; <li>"));
        let all: Vec<String> = self.facts.iter().cloned().chain(self.parts.iter().map(text)).collect();
        Some(all.join("; ")).filter(|line| !line.is_empty())
    }
}

/// What is read out of one Leistung at a place.
#[derive(Debug)]
struct Auskunft {
    name: String,
    lang: Option<Lang>,
    place: Option<String>,
    stellen: Vec<Stelle>,
    mehrere: bool,
    /// Whom to ask where no office is known.
    weiter: Option<Vec<Weiter>>,
    unterlagen: Angabe,
    kosten: Angabe,
    dauer: Angabe,
    frist: Angabe,
    dienst: Option<Dienst>,
    dienste: Vec<Dienst>,
    stand: String,
    /// The page that says all of it.
    href: String,
}

impl Auskunft {
    fn of(view: &LeistungView, key: &str, sprache: Sprache) -> Self {
        let page = LeistungPage::of(view, key, sprache);
        let angabe = |anchors: &[&str]| Angabe::of(&page.sections, anchors);
        let (unterlagen, kosten) = (angabe(&["unterlagen", "dokumente"]), angabe(&["kosten"]));
        let (dauer, frist, mehrere) = (angabe(&["dauer"]), angabe(&["frist"]), page.mehrere());
        let (stellen, weiter) = match page.zustaendig {
            Zustaendig::OhneOrt => (Vec::new(), None),
            Zustaendig::Stellen(stellen) => (stellen, None),
            Zustaendig::Keine(weiter) => (Vec::new(), Some(weiter)),
        };
        Self {
            name: page.name,
            lang: page.lang,
            place: page.place,
            stellen,
            mehrere,
            weiter,
            unterlagen,
            kosten,
            dauer,
            frist,
            dienst: page.dienst,
            dienste: page.dienste,
            stand: page.stand,
            href: sprache.path(&page.path),
        }
    }
}

#[derive(Template)]
#[template(path = "voice/kurz.html")]
struct View<'a> {
    page: &'a Page,
    texts: &'static Kurz,
    action: String,
    q: &'a str,
    ort: &'a str,
    /// What is wrong with question or place.
    meldung: Option<&'static str>,
    orte: Vec<Ort>,
    auskunft: Option<&'a Auskunft>,
    /// Name and address of what else fits.
    andere: Vec<(String, String)>,
}

/// `/kurz?q=&ort=`, or `leistung=` for one that is known.
pub(super) async fn show(
    State(voice): State<Voice>,
    hier: Hier,
    asker: Option<Extension<Asker>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let (site, sprache) = (&voice.desk.site, hier.sprache);
    let texts = &sprache.texts().voice.kurz;
    let params = Params::tolerant(query.as_deref(), &["q", "ort", "leistung"])?;
    let text = |name| params.text(name).map(Option::unwrap_or_default);
    let (q, ort, chosen) = (text("q")?, text("ort")?, params.text("leistung")?);
    let lang = sprache.of_records();
    let link = |key: Option<&str>, ort: &str| {
        let given = [("q", q.as_str()), ("ort", ort), ("leistung", key.unwrap_or_default())];
        let given = given.into_iter().filter(|(_, value)| !value.is_empty());
        let given: Vec<String> = given.map(|(name, value)| format!("{name}={}", address::segment(value))).collect();
        format!("{}?{}", sprache.path("/kurz"), given.join("&"))
    };
    let (mut place, mut orte, mut meldung) = (None, Vec::new(), None);
    if !ort.is_empty() {
        match site.catalog.place(&ort) {
            PlaceReading::One(one) => place = Some(one.ars),
            PlaceReading::Several(several) => {
                meldung = Some(texts.welcher_ort);
                orte = several.iter().map(|one| Ort::of(one, link(chosen.as_deref(), one.ars.as_str()))).collect();
            }
            PlaceReading::Unknown => meldung = Some(texts.ort_unbekannt),
        }
    }
    let mut andere = Vec::new();
    let found = match chosen {
        Some(key) => Some(key),
        None if q.is_empty() => None,
        None => {
            let request = SearchRequest { limit: OTHERS + 1, ..search(&q, place, lang) };
            let answer = site.catalog.search(&request).await?;
            site.insights.answered(&answer, Way::Interface, asker.as_deref(), clock::now());
            place = place.or(answer.place.as_ref().map(|place| place.ars));
            let at = place.map(|place| place.to_string()).unwrap_or_default();
            let others = answer.hits.iter().skip(1).map(|hit| &hit.leistung);
            andere = others.map(|one| (one.name.clone(), link(Some(&one.address_key()), &at))).collect();
            let best = answer.hits.first().map(|hit| hit.leistung.address_key());
            meldung = meldung.or(best.is_none().then_some(texts.nichts));
            best
        }
    };
    let view = match &found {
        Some(key) => site.catalog.leistung(&LeistungRef::parse(key), place, lang).await?,
        None => None,
    };
    let auskunft = view.as_ref().zip(found.as_deref()).map(|(view, key)| Auskunft::of(view, key, sprache));
    let missing = found.is_some() && auskunft.is_none();
    meldung = meldung.or(missing.then_some(texts.nichts));
    meldung = meldung.or((auskunft.is_some() && place.is_none()).then_some(texts.ohne_ort));
    let title =
        auskunft.as_ref().map_or_else(|| texts.titel.to_owned(), |one| format!("{}: {}", texts.titel, one.name));
    let page = unlisted(&hier, &title);
    let action = sprache.path("/kurz");
    let view =
        View { page: &page, texts, action, q: &q, ort: &ort, meldung, orte, auskunft: auskunft.as_ref(), andere };
    let mut response = no_index(html(&headers, KEEP_RESULTS, templates::render(&view)));
    // The question in the address is nobody else's business.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// The question as `/suche` asks it.
fn search(q: &str, place: Option<Ars>, lang: Lang) -> SearchRequest {
    SearchRequest { text: q.to_owned(), place, lang: Some(lang), ..SearchRequest::default() }
}

/// The short answers to a question.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortAnswers {
    /// The question as it was read.
    query: ShortQuery,
    /// How sure the first answer is: `clear`, `choose`, `open` or `nothing`; see `/api/v1/search`.
    state: &'static str,
    /// Places that the question could mean; empty when it is clear.
    ambiguous: Vec<wire::Place>,
    /// The best ones, the best first.
    answers: Vec<ShortAnswer>,
}

/// A question as it was read.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortQuery {
    /// As sent.
    text: String,
    /// What was searched: without the place.
    understood: String,
    /// The place, from `ars` or out of the text.
    place: Option<wire::PlaceShort>,
}

/// One short answer. What is null is not stated by anybody whose texts we have.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortAnswer {
    /// The Leistung.
    leistung: wire::LeistungShort,
    /// Path of the page for citizens.
    url: String,
    /// The responsible offices: one is the answer, several are a question back, none means that `next` helps.
    offices: Vec<ShortOffice>,
    /// Whom to ask where no office is known, the nearest first.
    next: Vec<ShortNext>,
    /// What has to be brought.
    papers: Option<String>,
    /// What it costs.
    fee: Option<String>,
    /// How long it takes.
    duration: Option<String>,
    /// Until when.
    deadline: Option<String>,
    /// Where it can be done online; null where there is no such service, or several to choose from on the page.
    online: Option<ShortOnline>,
}

/// An office, to be read out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortOffice {
    /// Its name.
    name: String,
    /// Its telephone number.
    phone: Option<String>,
    /// When it is open.
    hours: Option<String>,
    /// Its first address, line by line.
    address: Vec<String>,
    /// Why it is the one, as German sentences.
    reasons: Vec<String>,
}

/// Whom to ask next.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortNext {
    /// Its name.
    name: String,
    /// Its telephone number.
    phone: Option<String>,
}

/// An online service.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortOnline {
    /// Its name.
    name: String,
    /// Who offers it.
    provider: String,
    /// Its host.
    host: String,
    /// Our path that leads there.
    url: String,
}

impl ShortAnswer {
    fn of(view: LeistungView, key: &str, sprache: Sprache) -> Self {
        let auskunft = Auskunft::of(&view, key, sprache);
        let phone = |kontakte: &[crate::pages::view::Kontakt]| {
            let known = kontakte.iter().find(|one| matches!(one.kanal, Kanal::Telefon | Kanal::Mobil));
            known.map(|one| one.text.clone())
        };
        let office = |stelle: &Stelle| ShortOffice {
            name: stelle.name.clone(),
            phone: phone(&stelle.kontakte),
            hours: stelle.zeiten.as_ref().map(|part| plain_text(&part.html)).filter(|hours| !hours.is_empty()),
            address: stelle.adressen.first().map(|adresse| adresse.lines.clone()).unwrap_or_default(),
            reasons: stelle.reasons.clone(),
        };
        let next = |one: &Weiter| ShortNext { name: one.name.clone(), phone: phone(&one.kontakte) };
        let online = auskunft.dienst.as_ref().and_then(|dienst| {
            let (name, provider) = (dienst.name.clone(), dienst.anbieter.clone());
            Some(ShortOnline { name, provider, host: dienst.host.clone(), url: dienst.href.clone()? })
        });
        Self {
            url: auskunft.href.clone(),
            offices: auskunft.stellen.iter().map(office).collect(),
            next: auskunft.weiter.iter().flatten().map(next).collect(),
            papers: auskunft.unterlagen.line(),
            fee: auskunft.kosten.line(),
            duration: auskunft.dauer.line(),
            deadline: auskunft.frist.line(),
            online,
            leistung: view.short.into(),
        }
    }
}

/// The short answers to a question, to be read out on the telephone: office, telephone, hours, papers, fee, duration.
#[utoipa::path(
    get,
    path = "/api/v1/answers",
    operation_id = "short_answers",
    tag = "gateway::api",
    params(
        ("q" = String, Query, description = "The question; may hold the place. At most 500 characters.", example = "hund anmelden"),
        ("ars" = Option<String>, Query, description = "Amtlicher Regionalschlüssel of the place.", example = "059110000000"),
        ("lang" = Option<String>, Query, description = "Language of name and short text, two letters; default `de`."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 5, description = "How many answers; default 3."),
    ),
    responses(
        (status = 200, body = ShortAnswers, description = "The answers, none included"),
        (status = 304, description = "Nothing changed since the `ETag` sent in `If-None-Match`"),
        (status = 400, body = Problem, description = "A parameter cannot be used; `parameter` names it", content_type = "application/problem+json"),
        (status = 500, body = Problem, description = "The catalog cannot answer at the moment", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn answers(
    State(site): State<Site>,
    asker: Option<Extension<Asker>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::strict(query.as_deref(), &["q", "ars", "lang", "limit"])?;
    let q = params.required("q", "a question, as `hund anmelden`")?;
    let (ars, lang) = (params.ars("ars")?, params.lang("lang")?.unwrap_or(Lang::DE));
    let limit = params.number("limit", 1, ANSWERS_MAX)?.unwrap_or(ANSWERS);
    let answer = site.catalog.search(&SearchRequest { limit, ..search(&q, ars, lang) }).await?;
    site.insights.answered(&answer, Way::Interface, asker.as_deref(), clock::now());
    let place = ars.or(answer.place.as_ref().map(|place| place.ars));
    let sprache = if lang == Lang::EN { Sprache::Englisch } else { Sprache::Deutsch };
    let mut short = Vec::new();
    for hit in &answer.hits {
        let key = hit.leistung.address_key();
        let view = site.catalog.leistung(&LeistungRef::parse(&key), place, lang).await?;
        short.extend(view.map(|view| ShortAnswer::of(view, &key, sprache)));
    }
    Ok(json(&headers, KEEP_ANSWER, &short_answers(answer, short)))
}

fn short_answers(answer: SearchAnswer, answers: Vec<ShortAnswer>) -> ShortAnswers {
    ShortAnswers {
        state: answer.verdict.as_str(),
        query: ShortQuery { text: answer.text, understood: answer.understood, place: answer.place.map(Into::into) },
        ambiguous: answer.ambiguous.into_iter().map(Into::into).collect(),
        answers,
    }
}

//! The way of a citizen from a Leistung to the form: its page, its place, what to know before, and the hand-over.

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::response::Response;
use config::clock;
use connectors::gebiet::Ars;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use indexer::catalog::{CatalogError, LeistungRef, LeistungView, Place, PlaceReading, State as Outcome};
use indexer::record::Lang;
use url::Url;

use super::arrival::Arrival;
use super::leistung::LeistungPage;
use super::respond::redirect;
use super::sprache::{Hier, Sprache};
use super::templates::{self, Page};
use super::view::Ort;
use super::zu::{self, HandOver};
use super::{KEEP_HOUR, KEEP_NOT, KEEP_PAGE, KEEP_RESULTS, PageError, Site, address, html, lebenslage, right};
use crate::api::params::Params;
use crate::insights::Asker;
use crate::structured;

impl Site {
    /// The frame of a Leistung's page, with what search engines are told of it.
    async fn page_of(&self, hier: &Hier, view: &LeistungView, it: &mut LeistungPage) -> Result<Page, CatalogError> {
        let sprache = hier.sprache;
        let standing = self.catalog.standing(view).await?;
        let right = right::leistung(view, &standing, sprache, &self.public_url);
        let landing = right::landing_path(view, &standing, sprache);
        it.general_href = it.place.is_some().then(|| sprache.path(&landing));
        let way = match &it.place {
            Some(place) => self.way(sprache, [(it.name.as_str(), landing), (place.as_str(), it.path.clone())]),
            None => self.way(sprache, [(it.name.as_str(), it.path.clone())]),
        };
        let here = self.canonical(&sprache.path(&it.path)).unwrap_or_default();
        let graph = structured::leistung(view, it, &here, &way, &self.public_url);
        Ok(Page::here(hier, &it.title(), None).standing(right, right::description(view, sprache), Some(&graph)))
    }

    /// What is said where there is no Leistung: where it went, that it is gone, or that it is not known.
    async fn gone(&self, sprache: Sprache, key: &str, place: Option<&Ars>) -> Result<Response, PageError> {
        let gone = match LeistungRef::parse(key) {
            LeistungRef::Schluessel(schluessel) => match self.sitemaps.gone_under(schluessel) {
                None => false,
                Some(witness) => {
                    let moved = match witness {
                        Some(witness) => self.catalog.moved_to(&witness).await?,
                        None => None,
                    };
                    if let Some(to) = moved.filter(|to| to.address_key() != key) {
                        let to = sprache.path(&address::leistung(&to, place));
                        return Ok(redirect(StatusCode::MOVED_PERMANENTLY, &to, KEEP_HOUR));
                    }
                    true
                }
            },
            LeistungRef::Id(id) => self.catalog.is_gone(&id).await?,
        };
        Err(if gone { PageError::Gone } else { PageError::NoLeistung })
    }
}

/// The parts of a Leistung's address; slug and place may be missing.
#[derive(Debug, serde::Deserialize)]
pub(super) struct LeistungPath {
    pub(super) schluessel: String,
    #[serde(default)]
    pub(super) slug: Option<String>,
    #[serde(default)]
    pub(super) ars: Option<String>,
}

impl LeistungPath {
    /// The place, also where it stands in the slug's stead.
    pub(super) fn place(&self) -> Result<Option<Ars>, PageError> {
        match (&self.ars, &self.slug) {
            (Some(ars), _) => ars.parse().map(Some).map_err(|_| PageError::NotFound),
            (None, Some(slug)) if slug.len() == 12 => Ok(slug.parse().ok()),
            (None, _) => Ok(None),
        }
    }

    /// True when the address is `path`, the right one.
    pub(super) fn is(&self, path: &str) -> bool {
        let own = [Some(&self.schluessel), self.slug.as_ref(), self.ars.as_ref()];
        let own: Vec<String> = own.into_iter().flatten().map(|part| address::segment(part)).collect();
        path.strip_prefix("/leistung/") == Some(own.join("/").as_str())
    }
}

/// `/leistung/{schluessel}`, with slug and place where they are given.
pub(super) async fn leistung(
    State(site): State<Site>,
    asker: Option<Extension<Asker>>,
    hier: Hier,
    headers: HeaderMap,
    path: Result<Path<LeistungPath>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let Path(path) = path?;
    let arrival = Arrival::read(&Params::tolerant(query.as_deref(), &Arrival::PARAMETERS)?)?;
    let (sprache, place, key) = (hier.sprache, path.place()?, &path.schluessel);
    let view = site.catalog.leistung(&LeistungRef::parse(key), place, sprache.of_records()).await?;
    let Some(view) = view else { return site.gone(sprache, key, place.as_ref()).await };
    let own = address::leistung_by(key, &view.short.name, place.as_ref());
    if !path.is(&own) {
        return Ok(redirect(StatusCode::MOVED_PERMANENTLY, &sprache.path(&own), KEEP_HOUR));
    }
    if view.responsible.as_ref().is_some_and(|responsible| responsible.state == Outcome::UnknownPlace) {
        return Err(PageError::NoPlace);
    }
    let mut leistung = LeistungPage::of(&view, key, sprache);
    let page = site.page_of(&hier, &view, &mut leistung).await?;
    let Some(arrival) = arrival else { return Ok(html(&headers, KEEP_PAGE, templates::leistung(&page, &leistung))) };
    site.insights.opened(&arrival.frage, arrival.rang, asker.as_deref(), clock::now());
    leistung.zurueck = Some(arrival.back(place.as_ref(), sprache));
    let response = html(&headers, KEEP_RESULTS, templates::leistung(&page, &leistung));
    Ok(without_referrer(response))
}

/// The question in the address is nobody else's business.
fn without_referrer(mut response: Response) -> Response {
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// What `/bevor` and `/zu` are asked for.
type KeyAndArea = Result<Path<(String, String)>, PathRejection>;

fn key_and_area(path: KeyAndArea) -> Result<(String, Ars), PageError> {
    let Path((key, ars)) = path?;
    Ok((key, ars.parse().map_err(|_| PageError::NotFound)?))
}

/// What to know before leaving, where one service is clearly the best; else the choice, which is the hand-over's.
pub(super) async fn bevor(
    State(site): State<Site>,
    asker: Option<Extension<Asker>>,
    hier: Hier,
    path: KeyAndArea,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let (key, ars) = key_and_area(path)?;
    let arrival = Arrival::read(&Params::tolerant(query.as_deref(), &Arrival::PARAMETERS)?)?;
    let sprache = hier.sprache;
    let view = site.catalog.leistung(&LeistungRef::parse(&key), Some(ars), sprache.of_records()).await?;
    let Some(view) = view else { return Err(PageError::NoLeistung) };
    let state = view.responsible.as_ref().map(|responsible| responsible.state);
    if state.is_none_or(|state| state == Outcome::UnknownPlace) {
        return Err(PageError::NoPlace);
    }
    let mut it = LeistungPage::of(&view, &key, sprache);
    if it.dienst.as_ref().is_none_or(|dienst| dienst.href.is_none()) {
        return Ok(redirect(StatusCode::SEE_OTHER, &sprache.path(&address::zu(&key, &ars)), KEEP_NOT));
    }
    if let Some(arrival) = arrival {
        site.insights.opened(&arrival.frage, arrival.rang, asker.as_deref(), clock::now());
        it.zurueck = Some(arrival.back(Some(&ars), sprache));
    }
    let place = it.place.clone().unwrap_or_default();
    let page = Page::here(&hier, &(sprache.texts().bevor.title)(&it.name, &place), None);
    Ok(without_referrer(html(&HeaderMap::new(), KEEP_NOT, templates::bevor(&page, &it))))
}

/// Where a place that was typed leads to: the Leistung there, the Lebenslage there, or the page of the place.
enum Ziel {
    Leistung { key: String, name: String, lang: Option<Lang> },
    Lebenslage(&'static connectors::leika::Lebenslage),
    Ort,
}

impl Ziel {
    fn path(&self, place: &Place) -> String {
        match self {
            Self::Leistung { key, name, .. } => address::leistung_by(key, name, Some(&place.ars)),
            Self::Lebenslage(one) => address::lebenslage(one.code, Some(&place.ars)),
            Self::Ort => address::ort(&place.ars, &place.name),
        }
    }
}

/// The place form: leads to what it stands beside at the place, or asks which place is meant.
pub(super) async fn ort(
    State(site): State<Site>,
    hier: Hier,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::tolerant(query.as_deref(), &["leistung", "lebenslage", "ort"])?;
    let (sprache, texts) = (hier.sprache, hier.sprache.texts());
    let typed = params.text("ort")?.unwrap_or_default();
    let ziel = match (params.text("leistung")?, params.text("lebenslage")?) {
        (Some(key), _) => {
            let view = site.catalog.leistung(&LeistungRef::parse(&key), None, sprache.of_records()).await?;
            let Some(view) = view else { return Err(PageError::NoLeistung) };
            Ziel::Leistung { key, name: view.short.name, lang: sprache.foreign(view.short.lang) }
        }
        (None, Some(code)) => Ziel::Lebenslage(lebenslage::by_code(&code).ok_or(PageError::NoLebenslage)?),
        (None, None) => Ziel::Ort,
    };
    let target = |place: &Place| sprache.path(&ziel.path(place));
    let reading = if typed.is_empty() { PlaceReading::Unknown } else { site.catalog.place(&typed) };
    let (places, error) = match reading {
        PlaceReading::One(place) => return Ok(redirect(StatusCode::SEE_OTHER, &target(&place), KEEP_NOT)),
        PlaceReading::Several(places) => (places, None),
        PlaceReading::Unknown if typed.is_empty() => (Vec::new(), Some(texts.form.ort_missing.to_owned())),
        PlaceReading::Unknown => (Vec::new(), Some((texts.form.unknown_place)(&typed))),
    };
    let places = places.iter().map(|place| Ort::of(place, target(place))).collect();
    let (was, key, name, lang) = match &ziel {
        Ziel::Leistung { key, name, lang } => ("leistung", key.clone(), name.clone(), *lang),
        Ziel::Lebenslage(one) => {
            ("lebenslage", one.code.to_owned(), (texts.lebenslage.name)(one.name).to_owned(), None)
        }
        Ziel::Ort => ("", String::new(), String::new(), None),
    };
    let title = (texts.ort.choose_title)(if name.is_empty() { texts.frame.claim } else { &name });
    let choice = templates::OrtChoice { name, lang, was, key, typed, places, error };
    Ok(html(&headers, KEEP_RESULTS, templates::ort(&Page::here(&hier, &title, None), &choice)))
}

/// `/zu/{schluessel}/{ars}`
pub(super) async fn hand_over(
    State(site): State<Site>,
    asker: Option<Extension<Asker>>,
    hier: Hier,
    path: KeyAndArea,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let (key, ars) = key_and_area(path)?;
    let [frage, rang] = Arrival::PARAMETERS;
    let params = Params::tolerant(query.as_deref(), &["dienst", frage, rang])?;
    let (chosen, arrival) = (params.text("dienst")?, Arrival::read(&params)?);
    let responsible = site.catalog.responsible(&LeistungRef::parse(&key), ars).await?;
    if responsible.state == Outcome::UnknownPlace {
        return Err(PageError::NoPlace);
    }
    let target = zu::hand_over(&responsible, &key, chosen.as_deref(), hier.sprache);
    if let (Some(arrival), Some(HandOver::Go(_) | HandOver::Page(_))) = (arrival, &target) {
        site.insights.opened(&arrival.frage, arrival.rang, asker.as_deref(), clock::now());
    }
    Ok(match target {
        None => return Err(PageError::NoLeistung),
        Some(HandOver::NoSuchDienst) => return Err(PageError::NoDienst),
        Some(HandOver::Go(url)) => leave(&url),
        Some(HandOver::Page(view)) => {
            let page = Page::here(&hier, &zu::title(&view, hier.sprache), None);
            html(&HeaderMap::new(), KEEP_NOT, templates::zu(&page, &view))
        }
    })
}

/// Sends the citizen to the Onlinedienst; it does not learn where the citizen comes from.
pub(super) fn leave(url: &Url) -> Response {
    let mut response = redirect(StatusCode::SEE_OTHER, url.as_str(), KEEP_NOT);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

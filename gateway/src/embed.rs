//! Our search in pages of others: fragments, an element, a description for browsers, and the page that builds the code.
//!
//! What stands here is made to be taken: fragments may be read by pages of any host, carry no frame, no style and no
//! script, and say the same as our own pages. No page of ours can be framed, so none of this is an `iframe`.

pub mod builder;
pub mod hits;
pub mod opensearch;
mod texts;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::{Extension, RawQuery, State};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use config::clock;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use indexer::catalog::{Place, PlaceReading, SearchRequest};

use crate::api::params::{ParamError, Params};
use crate::insights::{Asker, Way};
use crate::pages::sprache::{Hier, Sprache};
use crate::pages::templates::{Page, render};
use crate::pages::{KEEP_HOUR, KEEP_NOT, KEEP_PAGE, PageError, Site, html};
use builder::{Builder, Form, Wishes, Ziel};
use hits::{Hits, HitsPage};

/// How many hits a fragment shows.
const HITS: usize = 10;
/// As many are looked through where those of the place itself are left out.
const HITS_LOOKED_THROUGH: usize = 40;

/// What pages of others load, and the description for browsers.
pub fn routes() -> Router<Site> {
    let parts = Router::new().route("/einbinden/suche", get(form)).route("/einbinden/treffer", get(found));
    parts.layer(map_response(open_to_all)).route("/opensearch.xml", get(opensearch::description))
}

/// Any page may read a fragment; a search engine finds the whole page, not the piece.
async fn open_to_all(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The language that a fragment is asked for in.
fn sprache(params: &Params) -> Result<Sprache, ParamError> {
    match params.text("sprache")?.as_deref() {
        None => Ok(Sprache::Deutsch),
        Some(name) => Sprache::ALL
            .into_iter()
            .find(|sprache| builder::name(*sprache) == name)
            .ok_or_else(|| ParamError::bad("sprache", "de, en or leicht")),
    }
}

/// The page that builds the code to paste; it stands among the others, in every language.
pub(crate) async fn page(
    State(site): State<Site>,
    hier: Hier,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let sprache = hier.sprache;
    let wishes = Wishes::read(&Params::tolerant(query.as_deref(), &Wishes::NAMES)?, sprache)?;
    let reading = wishes.ort.as_deref().map(|ort| site.catalog.place(ort));
    let builder = Builder::of(wishes, reading, sprache, &site.public_url);
    let canonical = if query.is_none() { site.canonical(&sprache.path("/einbinden")) } else { None };
    let page = Page::here(&hier, builder.t.title, canonical);
    let keep = if query.is_none() { KEEP_HOUR } else { KEEP_NOT };
    Ok(html(&headers, keep, builder.render(&page)))
}

/// The form, to be put into a page of somebody else.
async fn form(State(site): State<Site>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, PageError> {
    let params = Params::tolerant(query.as_deref(), &["ort", "sprache", "ziel"])?;
    let sprache = sprache(&params)?;
    let ziel = Ziel::read(&params)?;
    let place = match params.text("ort")?.map(|ort| site.catalog.place(&ort)) {
        Some(PlaceReading::One(place)) => Some(place),
        // A form that asks for the place is better than none.
        Some(PlaceReading::Several(_) | PlaceReading::Unknown) | None => None,
    };
    let form = Form::of(sprache, place.as_ref(), &site.public_url);
    let body = if ziel == Ziel::Hier { form.element(ziel, &[]) } else { form.render() };
    Ok(html(&headers, KEEP_HOUR, body))
}

/// The hits for a question, to be put into a page of somebody else.
async fn found(
    State(site): State<Site>,
    asker: Option<Extension<Asker>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let params = Params::tolerant(query.as_deref(), &["q", "ort", "sprache", "eigene"])?;
    let sprache = sprache(&params)?;
    let t = texts::of(sprache);
    let own = match params.text("eigene")?.as_deref() {
        None | Some("ja") => true,
        Some("nein") => false,
        Some(_) => return Err(ParamError::bad("eigene", "ja or nein").into()),
    };
    let refused = |text: String| {
        let mut response = html(&headers, KEEP_NOT, render(&HitsPage::saying(sprache, text)));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response
    };
    let Some(text) = params.text("q")? else { return Ok(refused(t.without_question.to_owned())) };
    let (mut place, mut several): (Option<Place>, Vec<Place>) = (None, Vec::new());
    match params.text("ort")? {
        None => {}
        Some(ort) => match site.catalog.place(&ort) {
            PlaceReading::One(one) => place = Some(one),
            PlaceReading::Several(found) => several = found,
            PlaceReading::Unknown => return Ok(refused((t.unknown_place)(&ort))),
        },
    }
    let limit = if own { HITS } else { HITS_LOOKED_THROUGH };
    let request = SearchRequest {
        text,
        place: place.as_ref().map(|place| place.ars),
        lang: Some(sprache.of_records()),
        limit,
        ..SearchRequest::default()
    };
    let answer = site.catalog.search(&request).await?;
    site.insights.answered(&answer, Way::Interface, asker.as_deref(), clock::now());
    let hits = Hits { answer: &answer, several: &several, own, most: HITS };
    Ok(html(&headers, KEEP_PAGE, render(&hits.page(sprache, &site.public_url))))
}

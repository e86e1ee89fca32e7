//! Requests below a hand-over, `/zu/{schluessel}/{ars}/…`: whose portal takes them, and what is said when nobody does.
//!
//! Where one online service is the right one, its portal does, because that is where the hand-over leads as well; else
//! the portal of the responsible body. Where either is a question, it stays one: the page asks.

use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use connectors::gebiet::Ars;
use connectors::ids::{Leistungsschluessel, PortalId};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use indexer::catalog::{Catalog, CatalogError, LeistungRef, Responsible, State as Outcome};

use super::respond::redirect;
use super::sprache::Sprache;
use super::templates::{self, Page};
use super::zu::{self, Lage};
use super::{KEEP_HOUR, KEEP_NOT, PageError, Site, address, html, view};
use crate::api::problem::{Kind, Problem};
use crate::api::wire;
use crate::failure::wants_json;

/// Who can be asked for a Leistung at a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The portals, the right one first; empty when nobody is, or when it is a question.
    pub portals: Vec<PortalId>,
    /// The one responsible body, where there is one.
    pub name: Option<String>,
    /// Its telephone number, where it is known.
    pub phone: Option<String>,
}

/// Tells who can be asked for a Leistung at a place.
pub type WhoIsAsked = Arc<
    dyn Fn(Leistungsschluessel, Ars) -> Pin<Box<dyn Future<Output = Result<Asked, CatalogError>> + Send>> + Send + Sync,
>;

/// Asks the catalog.
pub fn who_is_asked(catalog: Catalog) -> WhoIsAsked {
    Arc::new(move |schluessel, ars| {
        let catalog = catalog.clone();
        Box::pin(async move {
            let responsible = catalog.responsible(&LeistungRef::Schluessel(schluessel), ars).await?;
            Ok(asked(&responsible))
        })
    })
}

fn asked(responsible: &Responsible) -> Asked {
    if responsible.state == Outcome::Ambiguous {
        return Asked::default();
    }
    let mut offering: Vec<&PortalId> =
        view::best(&responsible.onlinedienste).into_iter().map(|dienst| &dienst.portal).collect();
    offering.dedup();
    let mut speaking: Vec<&PortalId> = responsible.answers.iter().map(|answer| &answer.portal).collect();
    speaking.dedup();
    let mut portals = Vec::new();
    match (offering.as_slice(), speaking.as_slice()) {
        ([one], _) => portals.push(PortalId::clone(one)),
        (several, [one]) if several.contains(one) => portals.push(PortalId::clone(one)),
        ([_, ..], _) => return Asked::default(),
        ([], _) => {}
    }
    if let [one] = speaking.as_slice()
        && !portals.contains(one)
    {
        portals.push(PortalId::clone(one));
    }
    let body = match responsible.answers.as_slice() {
        [one] => Some(&one.organisationseinheit),
        _ => None,
    };
    let phone = body.and_then(|body| {
        // 02 is a telephone, 03 a mobile one.
        let number = |kanal: &str| body.kommunikation.iter().find(|one| one.kanal == kanal);
        number("02").or_else(|| number("03")).map(|one| one.kennung.clone())
    });
    Asked { portals, name: body.map(|body| body.name.clone()), phone }
}

/// The page where nobody takes the request: the choice, whom to ask instead, or that there is no such thing. Programs get
/// the choice as `/api/v1/responsible` gives it, and a problem for all else.
pub(super) async fn nobody(
    State(site): State<Site>,
    headers: HeaderMap,
    path: Result<Path<(String, String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let Path((key, ars, rest)) = path?;
    let place: Ars = ars.parse().map_err(|_| PageError::NotFound)?;
    let leistung = LeistungRef::parse(&key);
    if let (LeistungRef::Schluessel(_), false) = (&leistung, ars == place.as_str()) {
        // Written in full it may lead on.
        let rest: Vec<_> = rest.split('/').map(address::segment).collect();
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}/{}{query}", address::zu(&key, &place), rest.join("/"));
        return Ok(redirect(StatusCode::PERMANENT_REDIRECT, &target, KEEP_HOUR));
    }
    let responsible = site.catalog.responsible(&leistung, place).await?;
    if wants_json("", &headers) {
        return Ok(for_programs(responsible, &key, &place));
    }
    if responsible.state == Outcome::UnknownPlace {
        return Err(PageError::NoPlace);
    }
    let sprache = Sprache::Deutsch;
    let Some(view) = zu::instead(&responsible, &key, sprache) else { return Err(PageError::NoLeistung) };
    let page = Page::new(&zu::title(&view, sprache), None);
    let asks = view.lage == Lage::Auswahl && (responsible.state == Outcome::Ambiguous || view.dienste.len() > 1);
    let mut response = html(&HeaderMap::new(), KEEP_NOT, templates::zu(&page, &view));
    *response.status_mut() = if asks { StatusCode::MULTIPLE_CHOICES } else { StatusCode::NOT_FOUND };
    Ok(response)
}

/// Why nobody takes the request, for programs; never kept.
fn for_programs(responsible: Responsible, key: &str, place: &Ars) -> Response {
    let asks = responsible.state == Outcome::Ambiguous || responsible.onlinedienste.len() > 1;
    let mut response = match responsible.state {
        Outcome::UnknownPlace => {
            Problem::new(Kind::UnknownPlace, "the ARS names no place that we know").into_response()
        }
        Outcome::UnknownLeistung => {
            Problem::new(Kind::UnknownLeistung, "there is no Leistung of this key or id").into_response()
        }
        _ if asks => (StatusCode::MULTIPLE_CHOICES, Json(wire::Responsible::from(responsible))).into_response(),
        _ => {
            let detail = format!(
                "no portal takes requests for this Leistung at this place; /api/v1/responsible?leistung={}&ars={place} \
                 says who is responsible and whom to ask",
                address::segment(key)
            );
            Problem::new(Kind::NotFound, detail).into_response()
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(KEEP_NOT));
    response
}

#[cfg(test)]
mod tests {
    use connectors::gebiet::Level;
    use indexer::catalog::{Answer, OnlinedienstAnswer};

    use super::*;
    use crate::pages::fixtures::{dienst, found, none, office};

    fn service(portal: &str, level: Level) -> OnlinedienstAnswer {
        OnlinedienstAnswer { portal: portal.parse().unwrap(), ..dienst(portal, level, true) }
    }

    fn body(portal: &str) -> Answer {
        Answer { portal: portal.parse().unwrap(), ..office(portal) }
    }

    #[track_caller]
    fn check(onlinedienste: Vec<OnlinedienstAnswer>, answers: Vec<Answer>, expected: &[&str]) {
        let asked = asked(&Responsible { onlinedienste, answers, ..found() });
        let portals: Vec<_> = asked.portals.iter().map(PortalId::as_str).collect();
        assert_eq!(portals, expected);
    }

    #[test]
    fn the_portal_of_the_one_service_goes_before_that_of_the_body() {
        let (land, town) = (|| service("land", Level::Land), || service("stadt", Level::Gemeinde));
        check(vec![town(), land()], vec![body("stadt")], &["stadt"]);
        check(vec![land()], vec![body("stadt")], &["land", "stadt"]);
        check(vec![], vec![body("stadt")], &["stadt"]);
        check(vec![land()], vec![], &["land"]);
        // Several of one level: that of the body, if it is among them.
        check(vec![land(), service("bund", Level::Land)], vec![body("stadt")], &[]);
        check(vec![town(), service("kreis", Level::Gemeinde)], vec![body("stadt")], &["stadt"]);
        check(vec![], vec![body("stadt"), body("kreis")], &[]);
        check(vec![], vec![], &[]);
    }

    #[test]
    fn an_open_question_is_asked_and_the_one_body_is_named() {
        let ambiguous = Responsible { state: Outcome::Ambiguous, ..found() };
        assert_eq!(asked(&ambiguous), Asked::default());
        assert_eq!(asked(&none()), Asked::default());
        let asked = asked(&found());
        assert_eq!(asked.name.as_deref(), Some("Steueramt der Stadt Bochum"));
        assert_eq!(asked.phone.as_deref(), Some("0234 5550-0"));
    }
}

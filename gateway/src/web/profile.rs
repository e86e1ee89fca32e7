//! `/profil`: how pages say what they describe, with an example in each syntax. The examples are those that the tests of
//! `connectors::web::profile` read.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use connectors::beschreibung::Modul;
use connectors::web::profile::{AREA_SCHEME, EXAMPLES, KEY_SCHEME, VOCABULARY, term};
use http::HeaderMap;

use super::Web;
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_PAGE, html};

#[derive(Template)]
#[template(path = "profil.html")]
struct View<'a> {
    page: &'a Page,
    schluessel: &'static str,
    gebiet: &'static str,
    vokabular: &'static str,
    /// Our own words, and what they are about.
    woerter: Vec<(String, &'static str)>,
    /// Name of the syntax, its anchor, and a page.
    beispiele: Vec<(&'static str, String, &'static str)>,
}

pub(super) async fn show(State(web): State<Web>, headers: HeaderMap) -> Response {
    let page = Page::new("Profil für Seiten mit Leistungen", web.desk.site.canonical("/profil"));
    let view = View {
        page: &page,
        schluessel: KEY_SCHEME,
        gebiet: AREA_SCHEME,
        vokabular: VOCABULARY,
        woerter: Modul::ALL.into_iter().map(|modul| (term(modul), modul.name())).collect(),
        beispiele: EXAMPLES
            .into_iter()
            .map(|(syntax, example)| (syntax.name(), syntax.name().to_lowercase().replace('-', ""), example))
            .collect(),
    };
    html(&headers, KEEP_PAGE, templates::render(&view))
}

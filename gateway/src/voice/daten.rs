//! `/daten`: which data there are and how programs get them, for people; and `/daten/dcat.jsonld`, the same for catalogues.
//!
//! DCAT-AP.de 3.0 as JSON-LD. Only what really is there: no licence, because the deliveries name none; no publisher where
//! `[operator]` is missing; no contributor id, which GovData gives out.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{Listed, Texts, Voice};
use crate::pages::respond::Document;
use crate::pages::sprache::Hier;
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_HOUR, KEEP_PAGE, html};

/// Nordrhein-Westfalen in the code list of political regions of DCAT-AP.de.
const NRW: &str = "http://dcat-ap.de/def/politicalGeocoding/stateKey/05";
/// Government, in the European code list of themes.
const GOVE: &str = "http://publications.europa.eu/resource/authority/data-theme/GOVE";
const FILE_TYPE: &str = "http://publications.europa.eu/resource/authority/file-type/";

#[derive(Template)]
#[template(path = "voice/daten.html")]
struct View<'a> {
    page: &'a Page,
    texts: &'static Texts,
}

/// The page.
pub(super) async fn show(State(voice): State<Voice>, hier: Hier, headers: HeaderMap) -> Response {
    let texts = &hier.sprache.texts().voice;
    let page = voice.page(&hier, Listed::Daten);
    html(&headers, KEEP_PAGE, templates::render(&View { page: &page, texts }))
}

/// The record.
pub(super) async fn dcat(State(voice): State<Voice>, headers: HeaderMap) -> Response {
    let body = serde_json::to_string_pretty(&record(&voice)).expect("a record holds only what JSON can hold");
    Document { content_type: "application/ld+json", cache_control: KEEP_HOUR, body }.answer(&headers)
}

fn record(voice: &Voice) -> Value {
    let url = |path: &str| voice.desk.site.canonical(path).unwrap_or_else(|| path.to_owned());
    let german = |text: &str| json!({"@language": "de", "@value": text});
    let distribution = |name: &str, title: &str, access: &str, file: &str, media: &str| {
        json!({
            "@id": url(&format!("/daten#{name}")),
            "@type": "dcat:Distribution",
            "dct:title": german(title),
            "dcat:accessURL": {"@id": url(access)},
            "dct:format": {"@id": format!("{FILE_TYPE}{file}")},
            "dcat:mediaType": {"@id": format!("https://www.iana.org/assignments/media-types/{media}")},
        })
    };
    let publisher = voice.operator().map(|operator| {
        let mut publisher = json!({
            "@id": url("/impressum#anbieter"),
            "@type": "foaf:Organization",
            "foaf:name": operator.name,
        });
        if operator.sample {
            publisher["rdfs:comment"] = german("Beispiel; Name und Anschrift sind erfunden.");
        }
        publisher
    });
    let contact = voice.operator().map(|operator| {
        json!({
            "@type": "vcard:Organization",
            "vcard:fn": operator.name,
            "vcard:hasEmail": {"@id": format!("mailto:{}", operator.email)},
        })
    });
    let rights = german(
        "Die Lieferungen der Portale nennen keine Lizenz, die ausgelesen würde. Jeder Datensatz nennt seine Quelle.",
    );
    let dataset = |name: &str, title: &str, text: &str, distributions: Vec<Value>| {
        let mut dataset = json!({
            "@id": url(&format!("/daten#{name}")),
            "@type": "dcat:Dataset",
            "dct:identifier": url(&format!("/daten#{name}")),
            "dct:title": german(title),
            "dct:description": german(text),
            "dct:language": {"@id": "http://publications.europa.eu/resource/authority/language/DEU"},
            "dcat:theme": {"@id": GOVE},
            "dcat:landingPage": {"@id": url("/daten")},
            "dcatde:politicalGeocodingURI": {"@id": NRW},
            "dct:accessRights": {"@id": "http://publications.europa.eu/resource/authority/access-right/PUBLIC"},
            "dct:rights": rights,
            "dcat:distribution": distributions,
        });
        if let Some(publisher) = &publisher {
            dataset["dct:publisher"] = json!({"@id": publisher["@id"]});
        }
        if let Some(contact) = &contact {
            dataset["dcat:contactPoint"] = contact.clone();
        }
        dataset
    };
    let datasets = vec![
        dataset(
            "leistungen",
            "Verwaltungsleistungen in Nordrhein-Westfalen mit zuständigen Stellen",
            "Leistungen von Land und Kommunen mit Beschreibung, zuständiger Stelle und Online-Angebot je Ort, wie die \
             Portale des Portalverbunds sie liefern. Einzeln abzufragen; eine Gesamtdatei gibt es nicht.",
            vec![distribution(
                "leistungen-json",
                "Schnittstelle (JSON), beschrieben in OpenAPI 3.1",
                "/api/v1/openapi.json",
                "JSON",
                "application/json",
            )],
        ),
        dataset(
            "abdeckung",
            "Abdeckung der Gemeinden in Nordrhein-Westfalen mit Verwaltungsleistungen",
            "Für jede Gemeinde: wie viele Leistungen beschrieben sind und für wie viele eine zuständige Stelle bekannt ist.",
            vec![
                distribution("abdeckung-csv", "Tabelle", "/bericht/alle.csv", "CSV", "text/csv"),
                distribution("abdeckung-json", "JSON", "/api/v1/report/towns", "JSON", "application/json"),
            ],
        ),
    ];
    let mut catalog = json!({
        "@id": url("/daten"),
        "@type": "dcat:Catalog",
        "dct:title": german("Offene Daten des Portalverbunds Nordrhein-Westfalen"),
        "dct:description": german("Was die Seiten dieses Portalverbunds zeigen, für Programme."),
        "dct:language": {"@id": "http://publications.europa.eu/resource/authority/language/DEU"},
        "foaf:homepage": {"@id": url("/")},
        "dcat:dataset": datasets,
    });
    if let Some(publisher) = &publisher {
        catalog["dct:publisher"] = publisher.clone();
    }
    let mut record = json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dcatde": "http://dcat-ap.de/def/dcatde/",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
            "vcard": "http://www.w3.org/2006/vcard/ns#",
        },
    });
    if let (Some(record), Some(catalog)) = (record.as_object_mut(), catalog.as_object_mut()) {
        record.append(catalog);
    }
    record
}

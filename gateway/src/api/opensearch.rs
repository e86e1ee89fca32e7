//! Suggestions as address bars of browsers take them. Source: OpenSearch 1.1, extension Suggestions.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::HeaderMap;

use super::params::Params;
use super::problem::Problem;
use super::{KEEP_ANSWER, LIMIT, Ort, wire};
use crate::pages::Site;
use crate::pages::respond::Document;

/// The media type of suggestions.
const MEDIA_TYPE: &str = "application/x-suggestions+json";

/// Suggestions for the address bar of a browser: the text typed, what to offer, a description of each, its page.
#[utoipa::path(
    get,
    path = "/api/v1/suggest/opensearch",
    operation_id = "suggest_opensearch",
    tag = "search",
    params(
        ("q" = String, Query, description = "The text typed so far. At most 500 characters."),
        ("ort" = Option<String>, Query, description = "The place: name, PLZ or ARS."),
    ),
    responses(
        (status = 200, description = "An array of four: text, texts, descriptions, addresses", content_type = "application/x-suggestions+json"),
        (status = 304, description = "Nothing changed since the `ETag` sent in `If-None-Match`"),
        (status = 400, body = Problem, description = "A parameter cannot be used; `parameter` names it", content_type = "application/problem+json"),
        (status = 500, body = Problem, description = "The catalog cannot answer at the moment", content_type = "application/problem+json"),
    )
)]
pub(super) async fn suggest(
    State(site): State<Site>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::strict(query.as_deref(), &["q", "ort"])?;
    let q = params.required("q", "the text typed so far")?;
    let ort = Ort::read(&site.catalog, params.text("ort")?.as_deref())?;
    let found = site.catalog.suggest(&q, ort.one, LIMIT).await?;
    let short = found.iter().map(|one| one.leistung.kurztext.clone()).collect();
    let found: Vec<wire::Suggestion> = found.into_iter().map(Into::into).collect();
    let address = |one: &wire::Suggestion| site.canonical(&one.url).unwrap_or_else(|| one.url.clone());
    Ok(answer(&headers, &q, &found, short, address))
}

/// The array of four.
fn answer(
    headers: &HeaderMap,
    q: &str,
    found: &[wire::Suggestion],
    short: Vec<String>,
    address: impl Fn(&wire::Suggestion) -> String,
) -> Response {
    let texts: Vec<&str> = found.iter().map(|one| one.text.as_str()).collect();
    let addresses: Vec<String> = found.iter().map(address).collect();
    let body = serde_json::json!([q, texts, short, addresses]).to_string();
    Document { content_type: MEDIA_TYPE, cache_control: KEEP_ANSWER, body }.answer(headers)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn an_address_bar_gets_four_lists_of_one_length() {
        let found = [("Hund anmelden in Bochum", "/leistung/1/hund/059110000000"), ("</script>\"", "/leistung/2/x")];
        let found = found.map(|(text, url)| wire::Suggestion {
            text: text.into(),
            leistungsschluessel: Vec::new(),
            url: url.into(),
        });
        let short = vec!["Wer einen Hund hält …".to_owned(), String::new()];
        let response =
            answer(&HeaderMap::new(), "hu\"nd", &found, short, |one| format!("https://x.example{}", one.url));
        assert_eq!(response.headers()["content-type"], MEDIA_TYPE);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let [q, texts, short, addresses]: [serde_json::Value; 4] = serde_json::from_slice(&body).unwrap();
        assert_eq!(q, "hu\"nd");
        assert_eq!(texts, serde_json::json!(["Hund anmelden in Bochum", "</script>\""]));
        assert_eq!(short.as_array().map(Vec::len), Some(2));
        assert_eq!(addresses[0], "https://x.example/leistung/1/hund/059110000000");
    }
}

//! `/api/v1/indexnow`: a site says that pages of it changed, by the protocol of indexnow.org.
//!
//! Whoever says so shows a key that the site itself shows as well, in a file that we fetch. Only sites of registered
//! portals are heard; the pages are read again with the next look at who is due, within seconds.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, RawQuery, State};
use axum::response::{IntoResponse, Response};
use connectors::egress::same_origin;
use connectors::ids::PortalId;
use connectors::registration::Connector;
use http::StatusCode;
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use super::Web;
use crate::api::params::{ParamError, Params};
use crate::api::problem::{Kind, Problem};
use crate::server::{Sender, network};

/// Pages of one message; the protocol allows as many.
const MAX_URLS: usize = 10_000;

/// Bytes of the file that shows a key.
const MAX_KEY_BYTES: u64 = 1024;

/// Pages of one host that changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    /// The host, without scheme and port.
    #[schema(example = "www.stadt.example")]
    host: String,
    /// 8 to 128 letters, digits and `-`; the same stands in a file on the host.
    #[schema(example = "3f1c9a7e5b2d4c60")]
    key: String,
    /// Where that file is; without it, `/{key}.txt`. The pages have to lie in the same folder or below it.
    key_location: Option<String>,
    /// The pages, at most 10,000.
    url_list: Vec<String>,
}

/// Says that one page of a registered site changed (IndexNow).
#[utoipa::path(
    operation_id = "indexnow_one",
    get,
    path = "/api/v1/indexnow",
    params(
        ("url" = String, Query, description = "The page.", example = "https://www.stadt.example/leistungen/pass"),
        ("key" = String, Query, description = "8 to 128 letters, digits and `-`; the same stands in a file on the host."),
        ("keyLocation" = Option<String>, Query, description = "Where that file is; without it, `/{key}.txt`."),
    ),
    responses(
        (status = 200, description = "The page will be read again"),
        (status = 202, description = "Taken, but this process does not read pages; the next run over the site finds the change"),
        (status = 400, body = Problem, description = "A parameter cannot be used; `parameter` names it", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "The host does not show the key", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "The page is on no site that a portal registered, or not below the file with the key", content_type = "application/problem+json"),
        (status = 429, body = Problem, description = "Too often, or too many pages wait", content_type = "application/problem+json"),
    )
)]
pub(super) async fn one(
    State(web): State<Web>,
    sender: Option<Extension<Sender>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let params = Params::strict(query.as_deref(), &["url", "key", "keyLocation"])?;
    let missing =
        |name: &str, expected: &str| ParamError::Missing { name: name.to_owned(), expected: expected.to_owned() };
    let page = params.text("url")?.ok_or_else(|| missing("url", "the address of a page"))?;
    let key = params.text("key")?.ok_or_else(|| missing("key", "8 to 128 letters, digits and -"))?;
    let key_location = params.text("keyLocation")?;
    let host = Url::parse(&page).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.ok_or_else(|| bad("url", "the parameter `url` is not a web address"))?;
    web.hear(Message { host, key, key_location, url_list: vec![page] }, sender).await
}

/// Says that pages of a registered site changed (IndexNow).
#[utoipa::path(
    operation_id = "indexnow_several",
    post,
    path = "/api/v1/indexnow",
    request_body = Message,
    responses(
        (status = 200, description = "The pages will be read again"),
        (status = 202, description = "Taken, but this process does not read pages; the next run over the site finds the changes"),
        (status = 400, body = Problem, description = "The body cannot be used; `parameter` names the field", content_type = "application/problem+json"),
        (status = 403, body = Problem, description = "The host does not show the key", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "A page is on no site that a portal registered, or not below the file with the key", content_type = "application/problem+json"),
        (status = 429, body = Problem, description = "Too often, or too many pages wait", content_type = "application/problem+json"),
    )
)]
pub(super) async fn several(
    State(web): State<Web>,
    sender: Option<Extension<Sender>>,
    body: Result<Json<Message>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(message) = body.map_err(|rejection| {
        Problem::new(Kind::BadParameter, format!("the body is no message of IndexNow: {}", rejection.body_text()))
    })?;
    web.hear(message, sender).await
}

pub(super) fn wrong_method() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "a message of IndexNow comes by GET or POST")
}

fn bad(parameter: &str, detail: &str) -> Problem {
    Problem::new(Kind::BadParameter, detail).of(parameter)
}

impl Web {
    async fn hear(&self, message: Message, sender: Option<Extension<Sender>>) -> Result<Response, Problem> {
        let client = sender.map_or_else(String::new, |sender| network(sender.0.0.to_canonical()).to_string());
        let too_often = |detail: &str| Problem::new(Kind::TooManyRequests, detail);
        if !self.bounds.messages.take(&client) {
            return Err(too_often("too many messages in a minute; put several pages into one"));
        }
        let Message { host, key, key_location, url_list } = message;
        let key_is_valid =
            (8..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !key_is_valid {
            return Err(bad("key", "a key has 8 to 128 letters, digits and `-`"));
        }
        if url_list.is_empty() || url_list.len() > MAX_URLS {
            return Err(bad("urlList", "expected 1 to 10000 pages"));
        }
        let pages = url_list.iter().map(|page| Url::parse(page));
        let pages: Vec<Url> =
            pages.collect::<Result<_, _>>().map_err(|_| bad("urlList", "a page is not a web address"))?;
        let sites = self.sites(&host);
        let foreign = |detail: &str| Problem::new(Kind::ForeignAddress, detail);
        let Some((portal, site)) = sites.into_iter().find(|(_, site)| pages.iter().all(|page| same_origin(site, page)))
        else {
            return Err(foreign("these pages are on no site that a portal registered with kind `web`"));
        };
        let place = match &key_location {
            Some(place) => {
                site.join(place).map_err(|_| bad("keyLocation", "the parameter `keyLocation` is not an address"))?
            }
            None => site.join(&format!("/{key}.txt")).map_err(|_| bad("key", "the key makes no address"))?,
        };
        let folder = place.path().rsplit_once('/').map_or("/", |(folder, _)| folder).to_owned() + "/";
        if !same_origin(&site, &place) || !pages.iter().all(|page| page.path().starts_with(&folder)) {
            return Err(foreign(
                "the pages have to lie on the host of the file with the key, in its folder or below it",
            ));
        }
        self.verify(&place, &key).await?;
        let Some(indexer) = &self.desk.indexer else { return Ok(StatusCode::ACCEPTED.into_response()) };
        if !indexer.pings().add(&portal, pages) {
            return Err(too_often("too many pages wait to be read; the next run over the site finds the changes"));
        }
        Ok(StatusCode::OK.into_response())
    }

    /// The sites of portals on this host.
    fn sites(&self, host: &str) -> Vec<(PortalId, Url)> {
        let portals = self.desk.portals.load_full();
        let site = |portal: &connectors::registration::Portal| match &portal.connector {
            Connector::Web { url, .. } if url.host_str().is_some_and(|own| own.eq_ignore_ascii_case(host)) => {
                Some((portal.id.clone(), url.clone()))
            }
            _ => None,
        };
        portals.iter().filter_map(site).collect()
    }

    /// Makes sure that the site itself shows the key.
    async fn verify(&self, place: &Url, key: &str) -> Result<(), Problem> {
        let known = (place.to_string(), key.to_owned());
        if self.bounds.known_keys.contains_key(&known) {
            return Ok(());
        }
        if !self.bounds.keys.take(place.host_str().unwrap_or_default()) {
            return Err(Problem::new(Kind::TooManyRequests, "too many keys for this host in a minute"));
        }
        match self.desk.fetcher.proof(place, MAX_KEY_BYTES).await {
            Some(text) if text.trim() == key => {
                self.bounds.known_keys.insert(known, ());
                Ok(())
            }
            _ => Err(Problem::new(Kind::KeyRefused, format!("the key does not stand in {place}"))),
        }
    }
}

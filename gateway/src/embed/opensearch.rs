//! Our search in the address bar: the description that browsers look for. Source: OpenSearch 1.1, draft 6.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::header::HeaderMap;

use crate::pages::respond::Document;
use crate::pages::templates::render;
use crate::pages::{KEEP_HOUR, Site};

/// The media type of a description.
pub const MEDIA_TYPE: &str = "application/opensearchdescription+xml";

#[derive(Template)]
#[template(path = "einbinden/opensearch.xml", escape = "xml")]
struct Description<'a> {
    base: &'a str,
}

/// `/opensearch.xml`
pub(super) async fn description(State(site): State<Site>, headers: HeaderMap) -> Response {
    let body = render(&Description { base: site.public_url.as_str().trim_end_matches('/') });
    Document { content_type: MEDIA_TYPE, cache_control: KEEP_HOUR, body }.answer(&headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_well_formed_and_within_its_bounds() {
        let text = render(&Description { base: "https://x.example/a?b&c\"" });
        let mut open = Vec::new();
        for tag in text.split('<').skip(2).map(|rest| rest.split('>').next().unwrap()) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None if tag.ends_with('/') => {}
                None => open.push(tag.split(' ').next().unwrap()),
            }
        }
        assert!(open.is_empty(), "{open:?}");
        let part =
            |tag: &str| text.split(&format!("<{tag}>")).nth(1).unwrap().split('<').next().unwrap().chars().count();
        assert!(part("ShortName") <= 16 && part("LongName") <= 48 && part("Description") <= 1024);
        assert!(text.contains("https://x.example/a?b&#38;c&#34;/suche?q={searchTerms}"));
    }
}

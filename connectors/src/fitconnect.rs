//! The Routing API of FIT-Connect: to which addresses an application for a Leistung in an area can be sent.
//!
//! Pure: which address is asked, and what an answer says. Source: reference on the interfaces, section 5 (version 2.0.0).

use std::collections::BTreeSet;

use serde::Deserialize;
use url::Url;

use crate::gebiet::Ars;
use crate::ids::Leistungsschluessel;

/// Routes of one answer, at most; the service gives no more.
const LIMIT: &str = "500";

/// What the service knows of one Leistung in one area.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Routes {
    /// Different addresses.
    pub addresses: u64,
    /// Every one of them names a privacy notice.
    pub privacy: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    total_count: u64,
    routes: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    destination_id: String,
    privacy_policy_url: Option<String>,
}

/// The address that is asked; `base` up to the version.
pub fn request(base: &Url, key: Leistungsschluessel, ars: &Ars) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("routes");
    }
    let (key, ars) = (key.to_string(), ars.as_str());
    url.query_pairs_mut().append_pair("leikaKey", &key).append_pair("ars", ars).append_pair("limit", LIMIT);
    url
}

/// What an answer says; none when it is no answer of the service.
///
/// Of more than one page the first is read: that there is more than one address is known then.
pub fn read(bytes: &[u8]) -> Option<Routes> {
    let answer: Answer = serde_json::from_slice(bytes).ok()?;
    let addresses: BTreeSet<_> = answer.routes.iter().map(|route| route.destination_id.as_str()).collect();
    let more = answer.total_count.saturating_sub(answer.routes.len() as u64);
    let named = |route: &Route| route.privacy_policy_url.as_ref().is_some_and(|url| Url::parse(url).is_ok());
    let privacy = !answer.routes.is_empty() && answer.routes.iter().all(named);
    Some(Routes { addresses: addresses.len() as u64 + more, privacy })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_key_and_area() {
        let url = request(
            &"https://routing.example/v2/".parse().unwrap(),
            "99012999017001".parse().unwrap(),
            &"059110000000".parse().unwrap(),
        );
        assert_eq!(
            url.as_str(),
            "https://routing.example/v2/routes?leikaKey=99012999017001&ars=059110000000&limit=500"
        );
    }

    #[test]
    fn addresses_are_counted_once_and_all_must_name_a_privacy_notice() {
        let check = |text: &str, expected: Option<(u64, bool)>| {
            assert_eq!(read(text.as_bytes()).map(|one| (one.addresses, one.privacy)), expected, "{text}");
        };
        let route =
            |id: &str, privacy: &str| format!("{{\"destinationId\":\"{id}\",\"destinationSignature\":\"x\"{privacy}}}");
        let notice = ",\"privacyPolicyUrl\":\"https://a.example/d\"";
        let answer = |total: u64, routes: &[String]| {
            format!(
                "{{\"count\":{},\"offset\":0,\"totalCount\":{total},\"routes\":[{}]}}",
                routes.len(),
                routes.join(",")
            )
        };
        check(&answer(0, &[]), Some((0, false)));
        check(&answer(1, &[route("a", notice)]), Some((1, true)));
        check(&answer(2, &[route("a", notice), route("a", notice)]), Some((1, true)));
        check(&answer(2, &[route("a", notice), route("b", "")]), Some((2, false)));
        check(&answer(700, &[route("a", notice)]), Some((700, true)));
        check(&answer(1, &[route("a", ",\"privacyPolicyUrl\":\"keine\"")]), Some((1, false)));
        check("{\"title\":\"Bad Request\",\"status\":400}", None);
        check("<html>", None);
    }
}

//! Under which name an answer is kept, and which requests it is for.
//!
//! The name begins with the portal and the host of its route, never with what a client wrote into `Host`: nothing of one
//! portal or host can be found under another. Sources: RFC 9111, sections 2, 4.1 and 4.4.

use std::fmt::Write;

use connectors::ids::PortalId;
use http::Uri;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::directives::members;
use crate::routes::PortalRoute;

/// The name of a target at a route: portal, host, path and query as they came.
pub fn of(route: &PortalRoute, uri: &Uri) -> String {
    written(route, uri.path(), uri.query())
}

/// Begins the names of everything that is kept for a portal.
pub fn of_portal(portal: &PortalId) -> String {
    format!("{portal}\n")
}

fn written(route: &PortalRoute, path: &str, query: Option<&str>) -> String {
    let host = route.place.host.as_deref().unwrap_or_default();
    let portal = route.portal.as_str();
    let mut key = String::with_capacity(portal.len() + host.len() + path.len() + query.map_or(0, str::len) + 3);
    // Writing to a String cannot fail.
    let _ = write!(key, "{portal}\n{host}\n{path}");
    if let Some(query) = query {
        let _ = write!(key, "?{query}");
    }
    key
}

/// The names of what an answer to an unsafe request speaks of (`Location`, `Content-Location`), at the same host only.
pub fn spoken_of(fields: &HeaderMap, route: &PortalRoute, uri: &Uri, public: &Url) -> Vec<String> {
    let mut base = public.clone();
    if let Some(host) = &route.place.host
        && base.set_host(Some(host)).is_err()
    {
        return Vec::new();
    }
    base.set_path(uri.path());
    base.set_query(uri.query());
    let values = [header::LOCATION, header::CONTENT_LOCATION].into_iter().filter_map(|name| fields.get(name));
    values
        .filter_map(|value| base.join(value.to_str().ok()?).ok())
        .filter(|url| url.origin() == base.origin())
        .map(|url| written(route, url.path(), url.query()))
        .collect()
}

/// What `Vary` of an answer selects by, with what its request had there.
pub type Variant = Vec<(HeaderName, Option<String>)>;

/// The variant that an answer is; none when no other request can have it (`*`).
pub fn variant(answer: &HeaderMap, request: &HeaderMap) -> Option<Variant> {
    let mut variant = Variant::new();
    for line in answer.get_all(header::VARY) {
        for name in members(line.as_bytes()) {
            // A name that is none, `*` among them, can match nothing.
            let name = HeaderName::from_bytes(name).ok().filter(|name| name.as_str() != "*")?;
            if !variant.iter().any(|(known, _)| *known == name) {
                let value = normal(request, &name);
                variant.push((name, value));
            }
        }
    }
    Some(variant)
}

/// True when a request selects the variant.
pub fn selects(variant: &Variant, request: &HeaderMap) -> bool {
    variant.iter().all(|(name, value)| normal(request, name) == *value)
}

/// The variant of those that are kept already that a request would be, for one request upstream at a time for each.
pub fn selected(variant: &Variant, request: &HeaderMap) -> String {
    variant.iter().fold(String::new(), |mut text, (name, _)| {
        let _ = write!(text, "\n{name}: {}", normal(request, name).unwrap_or_default());
        text
    })
}

/// A field in a form that is the same for values that mean the same: lines joined, blanks at commas left out; the lists
/// by which a representation is negotiated also without regard to case and order (RFC 9110, section 12.5).
fn normal(fields: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut lines = fields.get_all(name).iter().peekable();
    lines.peek()?;
    let negotiated = [header::ACCEPT, header::ACCEPT_ENCODING, header::ACCEPT_LANGUAGE].contains(name);
    let mut parts: Vec<String> = lines.flat_map(texts).collect();
    if negotiated {
        for part in &mut parts {
            part.make_ascii_lowercase();
            part.retain(|letter| letter != ' ' && letter != '\t');
        }
        parts.sort_unstable();
    }
    Some(parts.join(","))
}

/// The members of a line as text; bytes beyond ASCII stay apart.
fn texts(line: &HeaderValue) -> impl Iterator<Item = String> {
    members(line.as_bytes()).map(|member| member.iter().map(|byte| char::from(*byte)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::Place;

    fn fields(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for (name, value) in lines {
            fields.append(*name, HeaderValue::from_static(value));
        }
        fields
    }

    #[test]
    fn a_variant_is_for_requests_that_mean_the_same() {
        let vary = fields(&[("vary", "Foo, ACCEPT-LANGUAGE"), ("vary", "foo")]);
        let variant = variant(&vary, &fields(&[("foo", "a, b"), ("accept-language", "de;q=0.5, EN")])).unwrap();
        for (request, expected) in [
            (&[("foo", "a,b"), ("accept-language", "en,de;q=0.5")][..], true),
            (&[("foo", "a"), ("foo", "b"), ("accept-language", "en , de; q=0.5")], true),
            (&[("foo", "b, a"), ("accept-language", "en,de;q=0.5")], false),
            (&[("foo", "A, B"), ("accept-language", "en,de;q=0.5")], false),
            (&[("foo", "a, b")], false),
            (&[], false),
        ] {
            assert_eq!(selects(&variant, &fields(request)), expected, "{request:?}");
        }
    }

    #[test]
    fn a_star_is_for_nobody_else() {
        for vary in ["*", "foo, *", "*, foo", "a b"] {
            assert_eq!(variant(&fields(&[("vary", vary)]), &HeaderMap::new()), None, "{vary}");
        }
        assert_eq!(variant(&fields(&[("vary", ",")]), &HeaderMap::new()), Some(Vec::new()));
    }

    #[test]
    fn only_the_same_host_is_spoken_of() {
        let route = PortalRoute::sample;
        let public = "https://verbund.example".parse().unwrap();
        let uri = "/p/a?b".parse().unwrap();
        let spoken = |place, location| spoken_of(&fields(&[("location", location)]), &route(place), &uri, &public);
        let prefix = || Place::prefix("/p");
        assert_eq!(spoken(prefix(), "/p/c?d"), ["stadt\n\n/p/c?d"]);
        assert_eq!(spoken(prefix(), "c"), ["stadt\n\n/p/c"]);
        assert_eq!(spoken(prefix(), "https://verbund.example/p/c"), ["stadt\n\n/p/c"]);
        assert!(spoken(prefix(), "https://anders.example/p/c").is_empty());
        let host = || Place::host("stadt.example");
        assert_eq!(spoken(host(), "https://stadt.example/c"), ["stadt\nstadt.example\n/c"]);
        assert!(spoken(host(), "https://verbund.example/c").is_empty());
    }
}

//! Addresses and cookies in a portal's answer, turned from its view to the citizen's.
//!
//! A portal below a path prefix believes to stand at the root of its own host. Its redirects and cookies are moved under
//! the prefix; links inside of pages are the portal's matter (it is told `X-Forwarded-Prefix`).

use http::header::{self, HeaderMap, HeaderValue};
use url::Url;

use crate::routes::{PortalRoute, Responsible};

/// Rewrites `Location`, `Content-Location` and `Set-Cookie` of the answer to a request for `asked` (at the portal), which
/// is called only when one of the first two is there.
pub fn rewrite(fields: &mut HeaderMap, route: &PortalRoute, asked: impl Fn() -> Url, public: &Url) {
    for name in [header::LOCATION, header::CONTENT_LOCATION] {
        let moved = fields.get(&name).and_then(|value| value.to_str().ok()).and_then(|value| {
            let moved = moved(value, route, &asked(), public)?;
            HeaderValue::from_str(&moved).ok()
        });
        if let Some(value) = moved {
            fields.insert(name, value);
        }
    }
    confine_cookies(fields, route);
}

/// Where `location` leads as citizens see it; none when it leads elsewhere and stays as it is.
///
/// Addresses of the portal itself become paths below the prefix. So do addresses on our public host that are not
/// below it yet: the portal took the host from `X-Forwarded-Host` and knows no prefix.
fn moved(location: &str, route: &PortalRoute, asked: &Url, public: &Url) -> Option<String> {
    let target = asked.join(location).ok()?;
    let at_portal = route.upstreams.iter().chain([asked]).any(|upstream| same_place(upstream, &target));
    let at_ours = match &route.place.host {
        None => same_place(public, &target),
        Some(host) => target.host_str() == Some(host.as_str()) && target.port() == public.port(),
    };
    if !matches!(target.scheme(), "http" | "https") || !(at_portal || at_ours) {
        return None;
    }
    let path = seen(target.path(), route, public);
    let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
    let fragment = target.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default();
    Some(format!("{path}{query}{fragment}"))
}

/// A path of the portal as citizens see it.
///
/// Where the route is that of a Leistung at a place, only what lies below its place at the portal is seen there; all
/// else is seen where the portal is otherwise.
fn seen(path: &str, route: &PortalRoute, public: &Url) -> String {
    let Some(responsible) = route.responsible.as_ref().filter(|responsible| !responsible.base.is_empty()) else {
        return below(path, route.prefix());
    };
    let path = format!("/{}", path.trim_start_matches('/'));
    if rest_below(&path, route.prefix()).is_some() {
        return path;
    }
    match (rest_below(&path, &responsible.base), &responsible.beside.host) {
        (Some(rest), _) => format!("{}{rest}", route.prefix()),
        (None, None) => below(&path, &responsible.beside.path),
        (None, Some(host)) => {
            let port = public.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{host}{port}{}", public.scheme(), below(&path, &responsible.beside.path))
        }
    }
}

/// What of `path` stands behind `prefix`: nothing, or what begins with `/`.
fn rest_below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Same host and same written port; the scheme is what the portal was told it is.
fn same_place(one: &Url, other: &Url) -> bool {
    one.host_str() == other.host_str() && one.port() == other.port()
}

/// `path` below `prefix`; one that is below it already stays.
fn below(path: &str, prefix: &str) -> String {
    // A path that begins with two slashes would be read as another host.
    let path = format!("/{}", path.trim_start_matches('/'));
    if rest_below(&path, prefix).is_some() { path } else { format!("{prefix}{path}") }
}

/// Takes `Domain` from every cookie, and moves its `Path` under the prefix.
///
/// A `__Host-` cookie must have `Path=/`, so it would belong to all portals of the host: below a prefix it is dropped.
fn confine_cookies(fields: &mut HeaderMap, route: &PortalRoute) {
    if !fields.contains_key(header::SET_COOKIE) {
        return;
    }
    let cookies: Vec<_> =
        fields.get_all(header::SET_COOKIE).iter().map(HeaderValue::as_bytes).map(<[u8]>::to_vec).collect();
    fields.remove(header::SET_COOKIE);
    for cookie in cookies {
        if let Some(value) = confined(&cookie, route).and_then(|cookie| HeaderValue::from_bytes(&cookie).ok()) {
            fields.append(header::SET_COOKIE, value);
        }
    }
}

fn confined(cookie: &[u8], route: &PortalRoute) -> Option<Vec<u8>> {
    let prefix = route.prefix();
    let mut parts = cookie.split(|byte| *byte == b';');
    let pair = parts.next()?.trim_ascii();
    let for_whole_host = pair.get(..7).is_some_and(|name| name.eq_ignore_ascii_case(b"__host-"));
    if for_whole_host && !prefix.is_empty() {
        return None;
    }
    let mut confined = pair.to_vec();
    let mut path = None;
    for part in parts {
        let part = part.trim_ascii();
        let mut halves = part.splitn(2, |byte| *byte == b'=');
        let name = halves.next().unwrap_or_default().trim_ascii();
        let value = halves.next().unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"path") {
            path = std::str::from_utf8(value).ok().filter(|path| path.starts_with('/'));
        } else if !name.eq_ignore_ascii_case(b"domain") && !part.is_empty() {
            confined.extend_from_slice(b"; ");
            confined.extend_from_slice(part);
        }
    }
    let path = match (prefix, path) {
        ("", path) => path.map(str::to_owned),
        // The default would be the folder of the request, which can lie above the prefix.
        (prefix, None | Some("/")) => Some(prefix.to_owned()),
        (prefix, Some(path)) => Some(match &route.responsible {
            Some(Responsible { base, .. }) if !base.is_empty() && rest_below(path, prefix).is_none() => {
                // One for more than this Leistung would reach other portals below the same address.
                format!("{prefix}{}", rest_below(path, base).unwrap_or_default())
            }
            _ => below(path, prefix),
        }),
    };
    if let Some(path) = path {
        confined.extend_from_slice(b"; Path=");
        confined.extend_from_slice(path.as_bytes());
    }
    Some(confined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::Place;

    fn route(place: Place) -> PortalRoute {
        PortalRoute {
            upstreams: vec!["http://intern.example:9200".parse().unwrap(), "http://zwei.example".parse().unwrap()],
            ..PortalRoute::sample(place)
        }
    }

    #[track_caller]
    fn check(place: Place, location: &str, expected: Option<&str>) {
        let asked = "http://intern.example:9200/a/b?c".parse().unwrap();
        let public = "https://verbund.example".parse().unwrap();
        assert_eq!(moved(location, &route(place), &asked, &public).as_deref(), expected, "{location}");
    }

    #[test]
    fn addresses_of_the_portal_move_under_the_prefix() {
        let prefix = || Place::prefix("/p/stadt");
        check(prefix(), "/login?x=1#f", Some("/p/stadt/login?x=1#f"));
        check(prefix(), "/", Some("/p/stadt/"));
        check(prefix(), "next", Some("/p/stadt/a/next"));
        check(prefix(), "../../../x", Some("/p/stadt/x"));
        check(prefix(), "?q", Some("/p/stadt/a/b?q"));
        check(prefix(), "http://intern.example:9200/x", Some("/p/stadt/x"));
        check(prefix(), "https://ZWEI.example/x", Some("/p/stadt/x"));
        check(prefix(), "//zwei.example//evil.example/x", Some("/p/stadt/evil.example/x"));
        check(prefix(), "https://verbund.example/x", Some("/p/stadt/x"));
        check(prefix(), "/p/stadt/x", Some("/p/stadt/x"));
        check(prefix(), "/p/stadtrat", Some("/p/stadt/p/stadtrat"));
        check(prefix(), "https://anders.example/x", None);
        check(prefix(), "//anders.example/x", None);
        check(prefix(), "mailto:a@example", None);
        check(prefix(), "http://intern.example:9201/x", None);
    }

    #[test]
    fn a_host_of_its_own_hides_the_upstream() {
        let host = || Place::host("stadt.example");
        check(host(), "http://intern.example:9200/x", Some("/x"));
        check(host(), "/x", Some("/x"));
        check(host(), "http://intern.example:9200//evil.example", Some("/evil.example"));
        check(host(), "https://verbund.example/x", None);
    }

    #[test]
    fn cookies_stay_below_the_prefix() {
        for (cookie, expected) in [
            ("a=b", Some("a=b; Path=/p/stadt")),
            ("a=b; Path=/; HttpOnly; Secure", Some("a=b; HttpOnly; Secure; Path=/p/stadt")),
            ("a=b; path=/x; DOMAIN=verbund.example", Some("a=b; Path=/p/stadt/x")),
            ("a=b; Path=x", Some("a=b; Path=/p/stadt")),
            ("a=b; Path=/p/stadt/x", Some("a=b; Path=/p/stadt/x")),
            ("a=b; Path=/y; Path=/z", Some("a=b; Path=/p/stadt/z")),
            ("__Host-a=b; Path=/; Secure", None),
            ("__Secure-a=b; Secure", Some("__Secure-a=b; Secure; Path=/p/stadt")),
        ] {
            let confined = confined(cookie.as_bytes(), &route(Place::prefix("/p/stadt")))
                .map(|cookie| String::from_utf8(cookie).unwrap());
            assert_eq!(confined.as_deref(), expected, "{cookie}");
        }
        let host = route(Place::host("stadt.example"));
        assert_eq!(confined(b"a=b; Path=/x; Domain=y", &host).unwrap(), b"a=b; Path=/x");
        assert_eq!(confined(b"__Host-a=b; Path=/", &host).unwrap(), b"__Host-a=b; Path=/");
    }

    #[test]
    fn several_cookies_stay_several() {
        let mut fields = HeaderMap::new();
        fields.append(header::SET_COOKIE, HeaderValue::from_static("a=1"));
        fields.append(header::SET_COOKIE, HeaderValue::from_static("b=2"));
        confine_cookies(&mut fields, &route(Place::prefix("/p")));
        let cookies: Vec<_> = fields.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1; Path=/p", "b=2; Path=/p"]);
    }

    /// The route of a Leistung at a place, whose pages stand at `base` at the portal.
    fn for_one(base: &str, beside: Place) -> PortalRoute {
        let responsible = Responsible {
            schluessel: "99110009104000".parse().unwrap(),
            ars: "059110000000".parse().unwrap(),
            base: base.into(),
            beside,
        };
        let place = Place::prefix("/zu/99110009104000/059110000000");
        PortalRoute { responsible: Some(responsible), ..route(place) }
    }

    #[test]
    fn what_belongs_to_a_leistung_stays_with_it_and_all_else_is_where_the_portal_is() {
        const ZU: &str = "/zu/99110009104000/059110000000";
        let asked: Url = "http://intern.example:9200/d/1/a/b?c".parse().unwrap();
        let public: Url = "https://verbund.example:444".parse().unwrap();
        let seen = |route: &PortalRoute, to: &str| moved(to, route, &asked, &public).unwrap();
        let prefix = for_one("/d/1", Place::prefix("/p/stadt"));
        for (to, expected) in [
            ("weiter", format!("{ZU}/a/weiter")),
            ("/d/1", ZU.to_owned()),
            ("/d/1/x?y#z", format!("{ZU}/x?y#z")),
            ("http://zwei.example/d/1/x", format!("{ZU}/x")),
            ("/d/12", "/p/stadt/d/12".to_owned()),
            ("/login", "/p/stadt/login".to_owned()),
            ("//zwei.example//evil.example", "/p/stadt/evil.example".to_owned()),
            ("https://verbund.example:444/p/stadt/login", "/p/stadt/login".to_owned()),
            (&format!("{ZU}/x"), format!("{ZU}/x")),
        ] {
            assert_eq!(seen(&prefix, to), expected, "{to}");
        }
        let host = for_one("/d/1", Place::host("stadt.example"));
        assert_eq!(seen(&host, "/login"), "https://stadt.example:444/login");
        assert_eq!(seen(&host, "/d/1/x"), format!("{ZU}/x"));
        let whole = for_one("", Place::host("stadt.example"));
        assert_eq!(seen(&whole, "/login"), format!("{ZU}/login"));
        for (cookie, expected) in [
            ("a=b", format!("a=b; Path={ZU}")),
            ("a=b; Path=/", format!("a=b; Path={ZU}")),
            ("a=b; Path=/d", format!("a=b; Path={ZU}")),
            ("a=b; Path=/d/1/x", format!("a=b; Path={ZU}/x")),
        ] {
            let confined = confined(cookie.as_bytes(), &prefix).unwrap();
            assert_eq!(String::from_utf8(confined).unwrap(), expected, "{cookie}");
        }
    }
}

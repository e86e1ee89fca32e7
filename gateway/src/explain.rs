//! Which rule answers an address, and why: the same for `routes test` and for `/debug/routes?url=`.

use http::Uri;
use jiff::Timestamp;

use crate::pages::forward::WhoIsAsked;
use crate::routes::{Explained, Matched, Routes, Target};

/// An address as a client would ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    host: Option<String>,
    path: String,
    query: Option<String>,
}

impl Address {
    /// Reads `http://host/path?query`, or a path alone, which is then asked for at our own host. Nothing is made tidy:
    /// what a client would send is what is looked up.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address, expected http://host/path or /path");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let full = matches!(uri.scheme_str(), Some("http" | "https"));
        if !(full || (uri.scheme().is_none() && text.starts_with('/'))) || !uri.path().starts_with('/') {
            return Err(wrong());
        }
        let host = uri.host().map(|host| host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase());
        Ok(Self { host, path: uri.path().to_owned(), query: uri.query().map(str::to_owned) })
    }

    /// True when only the catalog knows who answers it.
    pub fn needs_catalog(&self, routes: &Routes) -> bool {
        matches!(routes.find(self.host.as_deref(), &self.path), Ok(Target::Responsible(_)))
    }
}

/// Which rule answers `address` at `now`; and the route, where one does. Without `who`, or when it fails, it is said that
/// nobody could be asked.
pub async fn explain(
    routes: &Routes,
    address: &Address,
    who: Option<&WhoIsAsked>,
    now: Timestamp,
) -> (Explained, Option<Matched>) {
    let Address { host, path, query } = address;
    let query = query.as_deref();
    let (mut explained, target) = routes.explain(host.as_deref(), path, query, now);
    let wanted = match target {
        Target::Portal(matched) => return (explained, Some(matched)),
        Target::Responsible(wanted) => wanted,
        Target::Own | Target::NotLoaded => return (explained, None),
    };
    let asked = match who {
        Some(who) => who(wanted.schluessel, wanted.ars).await.map_err(|error| error.to_string()),
        None => Err("it is not open".to_owned()),
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(error) => {
            explained.why = vec![format!("the catalog cannot say who is responsible: {error}")];
            return (explained, None);
        }
    };
    let named: Vec<_> = asked.portals.iter().map(|portal| portal.as_str()).collect();
    let found = routes.way_in(&asked.portals).map(|way| way.matched(&wanted, asked.name, asked.phone));
    let Some(matched) = found else {
        let why = if named.is_empty() {
            "the catalog names no one portal as responsible; our own page asks or says so".to_owned()
        } else {
            format!("responsible: {}; no [responsible] path is registered there", named.join(", then "))
        };
        explained.why.push(why);
        return (explained, None);
    };
    let why = format!(
        "for {} at {} the catalog names {}; portal {} takes such requests",
        wanted.schluessel,
        wanted.ars,
        named.join(", then "),
        matched.route.portal
    );
    (Explained::of(&matched, query, now, vec![why]), Some(matched))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_it_is() {
        let read = |text: &str| Address::parse(text).map(|it| (it.host.unwrap_or_default(), it.path, it.query));
        let ok = |host: &str, path: &str, query: Option<&str>| Ok((host.into(), path.into(), query.map(str::to_owned)));
        assert_eq!(read("/a/../b//c?d=%2F"), ok("", "/a/../b//c", Some("d=%2F")));
        assert_eq!(read("https://Stadt.Example.:444/x"), ok("stadt.example", "/x", None));
        assert_eq!(read("http://stadt.example"), ok("stadt.example", "/", None));
        for wrong in ["", "x", "stadt.example/x", "ftp://a/b", "mailto:a@b", "*"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

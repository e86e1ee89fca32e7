//! Which addresses a record names.

use std::collections::BTreeSet;

use connectors::egress::MAX_URL_BYTES;
use url::Url;

use crate::record::{Html, Link, Modul, Object};

/// Code of Erreichbarkeit for a page.
const WEB: &str = "09";

/// The http and https addresses in a record, without what stands behind `#`: that never reaches a server.
pub(crate) fn of(object: &Object) -> BTreeSet<Url> {
    let mut found = Found::default();
    match object {
        Object::Leistung(leistung) => {
            found.modules(&leistung.modules);
            found.links(&leistung.ursprung);
        }
        Object::Spezialisierung(overlay) => found.modules(&overlay.modules),
        Object::Organisationseinheit(unit) => {
            unit.beschreibung.values().chain(unit.oeffnungszeiten.values()).for_each(|html| found.html(html));
            found.links(&unit.links);
            for channel in unit.kommunikation.iter().filter(|channel| channel.kanal == WEB) {
                found.text(&channel.kennung);
            }
        }
        Object::Onlinedienst(service) => {
            service.beschreibung.values().for_each(|html| found.html(html));
            service.links.iter().for_each(|link| found.url(link.url.clone()));
        }
        Object::Formular(_) | Object::Zustaendigkeit(_) => {}
    }
    found.0
}

#[derive(Default)]
struct Found(BTreeSet<Url>);

impl Found {
    fn modules(&mut self, modules: &[Modul]) {
        for modul in modules {
            modul.text.values().for_each(|html| self.html(html));
            self.links(&modul.links);
        }
    }

    fn links(&mut self, links: &[Link]) {
        links.iter().for_each(|link| self.url(link.url.clone()));
    }

    /// Clean HTML writes attributes in one way only.
    fn html(&mut self, html: &Html) {
        for tag in html.as_str().split("<a ").skip(1).filter_map(|piece| piece.split('>').next()) {
            let address = tag.split("href=\"").nth(1).and_then(|rest| rest.split('"').next());
            address.into_iter().for_each(|address| self.text(&address.replace("&amp;", "&")));
        }
    }

    fn text(&mut self, address: &str) {
        if let Ok(url) = Url::parse(address.trim()) {
            self.url(url);
        }
    }

    fn url(&mut self, mut url: Url) {
        url.set_fragment(None);
        let web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
        if web && url.as_str().len() <= MAX_URL_BYTES {
            self.0.insert(url);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::record::{Lang, Leistung, ModulArt};

    #[test]
    fn every_address_of_a_text_is_found_once() {
        let html = Html(
            "<p><a href=\"https://a.example/x?b=1&amp;c=2#hier\" rel=\"noopener\">x</a> \
             <a href=\"mailto:x@example.org\">y</a> href=\"https://c.example/\" <a href=\"https://a.example/x?b=1&amp;c=2\">z</a></p>"
                .into(),
        );
        let modul = Modul {
            art: ModulArt::Text("06".into()),
            heading: BTreeMap::new(),
            text: BTreeMap::from([(Lang::DE, html)]),
            facts: Vec::new(),
            links: vec![Link { url: "http://b.example/".parse().unwrap(), title: None, lang: None }],
            channel: None,
        };
        let leistung = Leistung { modules: vec![modul], ..Leistung::default() };
        let found: Vec<String> = of(&Object::Leistung(Box::new(leistung))).iter().map(Url::to_string).collect();
        assert_eq!(found, ["http://b.example/", "https://a.example/x?b=1&c=2"]);
    }
}

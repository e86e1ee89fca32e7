//! What a registration could look like, from one address and from what was found there.
//!
//! Everything here is a proposal that a person looks at and may change; nothing depends on its being right.

use std::sync::Arc;

use scraper::{Html, Selector};
use url::Url;

use crate::gebiet::{Gebiet, Gebiete, Reading};
use crate::ids::PortalId;

/// The longest name that is proposed, in characters.
const NAME_MAX: usize = 100;
/// The longest page that is read for its name, in bytes.
const PAGE_MAX: usize = 1 << 20;
/// What stands between the parts of a page's title.
const SEPARATORS: [&str; 8] = [" | ", " - ", " – ", " — ", " · ", " » ", ": ", " / "];
/// What the names of bodies begin with, in lower case.
const OFFICIAL: [&str; 17] = [
    "stadt ",
    "gemeinde ",
    "kreis ",
    "landkreis ",
    "städteregion ",
    "hansestadt ",
    "bundesstadt ",
    "landeshauptstadt ",
    "kolpingstadt ",
    "klingenstadt ",
    "schloss-stadt ",
    "bezirksregierung ",
    "landschaftsverband ",
    "land ",
    "ministerium ",
    "rhein-",
    "serviceportal ",
];
/// Labels of hosts that name no place.
const HOST_WORDS: [&str; 21] = [
    "www",
    "service",
    "serviceportal",
    "services",
    "portal",
    "buergerportal",
    "buergerservice",
    "online",
    "rathaus",
    "formulare",
    "stadt",
    "gemeinde",
    "kreis",
    "stadtverwaltung",
    "digital",
    "nrw",
    "de",
    "eu",
    "info",
    "xzufi",
    "api",
];

/// Titles that greet and name nobody.
const GREETINGS: [&str; 7] = ["willkommen", "herzlich willkommen", "startseite", "start", "home", "homepage", "index"];

/// The name, the area and the id of a portal, as far as they can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Its name, else that of its area; empty when neither is known.
    pub name: String,
    /// The areas that it could be, the likeliest first.
    pub gebiete: Vec<Arc<Gebiet>>,
    /// Its id.
    pub id: PortalId,
}

impl Proposal {
    /// The proposal for `address`, whose page is `page` where there is one.
    pub fn of(address: &Url, page: Option<&str>) -> Self {
        let mut name = page.and_then(name_of).unwrap_or_default();
        let host = address.host_str().unwrap_or_default();
        let words = host_words(host);
        let gebiete = Gebiete::nrw();
        let of_host = Gebiete::nrw().all().iter().find(|gebiet| is_site_of(gebiet, host)).cloned();
        let reading = [
            of_host.map_or(Reading::Unknown, Reading::One),
            gebiete.in_query(&name).1.unwrap_or(Reading::Unknown),
            gebiete.read(&words),
        ];
        let found = reading.into_iter().find(|reading| !matches!(reading, Reading::Unknown));
        let gebiete = match found {
            Some(Reading::One(one)) => vec![one],
            Some(Reading::Several(several)) => several,
            Some(Reading::Unknown) | None => Vec::new(),
        };
        if let (true, [one]) = (name.is_empty(), &gebiete[..]) {
            name.clone_from(&one.name);
        }
        let id = [name.as_str(), &words, "portal"].into_iter().find_map(id_of).expect("the last one is an id");
        Self { name, gebiete, id }
    }
}

/// True when the register of areas names this host as the site of the area.
pub fn is_site_of(gebiet: &Gebiet, host: &str) -> bool {
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_ascii_lowercase();
    let written = gebiet.web.as_deref().unwrap_or_default();
    let url = if written.contains("://") { Url::parse(written) } else { Url::parse(&format!("https://{written}")) };
    url.is_ok_and(|url| url.host_str().is_some_and(|site| bare(site) == bare(host)))
}

/// The id that a name makes: folded words with `-` between them, at most 40 characters of them.
pub fn id_of(name: impl AsRef<str>) -> Option<PortalId> {
    let folded = crate::gebiet::fold(name.as_ref());
    let mut id = String::new();
    for word in folded.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if id.len() + word.len() >= 40 {
            break;
        }
        if !id.is_empty() {
            id.push('-');
        }
        id.push_str(word);
    }
    id.parse().ok()
}

/// The labels of a host that may name a place, with blanks between them.
fn host_words(host: &str) -> String {
    let labels = host.split('.').flat_map(|label| label.split('-'));
    let named = labels.filter(|word| !HOST_WORDS.contains(word)).collect::<Vec<_>>();
    // The last label is that of the registry, whether we know it or not.
    let end = match (host.rsplit('.').next(), named.last()) {
        (Some(top), Some(last)) if top == *last && named.len() > 1 => named.len() - 1,
        _ => named.len(),
    };
    named.get(..end).unwrap_or_default().join(" ")
}

/// What a page calls its site.
fn name_of(page: &str) -> Option<String> {
    if page.len() > PAGE_MAX {
        return None;
    }
    let select = |text| Selector::parse(text).expect("this selector is right");
    let page = Html::parse_document(page);
    let attribute = |selector, name| {
        let element = page.select(&select(selector)).next()?;
        Some(element.attr(name)?.to_owned())
    };
    let site = attribute("meta[property='og:site_name'][content]", "content");
    let title = || Some(page.select(&select("title")).next()?.text().collect::<String>());
    [site, title()].into_iter().flatten().find_map(|text| part_of_title(&text))
}

/// False for a greeting, and for what has no letter at all.
fn names_somebody(part: &str) -> bool {
    part.contains(char::is_alphabetic) && !GREETINGS.contains(&part.to_lowercase().as_str())
}

/// The part of a title that names the body: the one that begins as such names do, else the last.
fn part_of_title(title: &str) -> Option<String> {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = vec![title.as_str()];
    for separator in SEPARATORS {
        parts = parts.into_iter().flat_map(|part| part.split(separator)).collect();
    }
    let parts: Vec<&str> = parts.into_iter().map(str::trim).filter(|part| names_somebody(part)).collect();
    let official = |part: &&&str| {
        let part = part.to_lowercase();
        OFFICIAL.iter().any(|begin| part.starts_with(begin))
    };
    let chosen = parts.iter().find(official).or(parts.last())?;
    Some(chosen.chars().filter(|sign| !sign.is_control()).take(NAME_MAX).collect::<String>().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, head: &str, expected: (&str, &[&str], &str)) {
        let page = format!("<!doctype html><html><head>{head}</head><body></body></html>");
        let proposal = Proposal::of(&Url::parse(address).unwrap(), Some(&page));
        let names: Vec<&str> = proposal.gebiete.iter().map(|gebiet| gebiet.name.as_str()).collect();
        assert_eq!((proposal.name.as_str(), &names[..], proposal.id.as_str()), expected, "{address} {head}");
    }

    #[test]
    fn name_area_and_id_come_from_title_and_host() {
        check(
            "https://www.bochum.example/",
            "<title>Startseite | Stadt Bochum</title>",
            ("Stadt Bochum", &["Bochum"], "stadt-bochum"),
        );
        check(
            "https://x.example/",
            "<title>Stadt Münster – Willkommen</title>",
            ("Stadt Münster", &["Münster"], "stadt-muenster"),
        );
        check(
            "https://x.example/",
            "<meta property=\"og:site_name\" content=\"Gemeinde Ense\"><title>Start</title>",
            ("Gemeinde Ense", &["Ense"], "gemeinde-ense"),
        );
        // A title that names nobody: the host does.
        check("https://www.herne.example/", "<title>Willkommen</title>", ("Herne", &["Herne"], "herne"));
        check("https://service.stadt-herne.example/", "", ("Herne", &["Herne"], "herne"));
        // The register of areas knows the sites of most towns.
        let herne = Gebiete::nrw().read("Herne");
        let Reading::One(herne) = herne else { panic!("{herne:?}") };
        let site = format!("https://{}/", herne.web.as_deref().unwrap().trim_start_matches("https://"));
        check(
            &site,
            "<title>Willkommen in Bochum</title>",
            ("Willkommen in Bochum", &["Herne"], "willkommen-in-bochum"),
        );
        check("https://xyz.example/", "", ("", &[], "xyz"));
    }

    #[test]
    fn what_a_page_says_can_be_anything() {
        check("https://1.example/", "<title> | – </title>", ("", &[], "portal"));
        check("https://x.example/", "<title>\u{7}Amt\n  7</title>", ("Amt 7", &[], "amt-7"));
        let long = format!("<title>{}</title>", "ä".repeat(400));
        let page = format!("<html><head>{long}</head></html>");
        let proposal = Proposal::of(&Url::parse("https://x.example/").unwrap(), Some(&page));
        assert_eq!(proposal.name.chars().count(), NAME_MAX);
    }

    #[test]
    fn an_id_is_cut_between_words() {
        let id = id_of("Landschaftsverband Westfalen-Lippe und Rheinland zusammen").unwrap();
        assert_eq!(id.as_str(), "landschaftsverband-westfalen-lippe-und");
        assert_eq!(id_of("4711"), None);
        assert_eq!(id_of("–"), None);
    }
}

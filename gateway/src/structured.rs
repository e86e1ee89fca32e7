//! What a page says, for programs: JSON-LD in the words of schema.org, made of the same view as the page.
//!
//! Nothing stands here that the page does not show; where the page shows a choice, no choice is made here. The block is
//! data, which no browser runs, so the policy for scripts stays as it is.

mod model;

#[cfg(test)]
mod tests;

use connectors::gebiet::Ars;
use indexer::catalog::{LeistungView, Place};
use indexer::record::{Anschrift, ModulArt};
use url::Url;

use crate::pages::leistung::{LeistungPage, Zustaendig};
use crate::pages::texts::Kanal;
use crate::pages::view::{Dienst, Stelle};
use crate::sitemap::absolute;
pub use model::Graph;
use model::{
    Action, Address, Area, Block, Channel, Contact, Crumb, Crumbs, EntryPoint, Location, Node, Organization, Service,
    Site, Value,
};

/// The name of this site, as its pages have it.
const SITE: &str = "Portalverbund.NRW";
/// The name of keys in the LeiKa.
const LEIKA: &str = "Leistungsschlüssel";
/// The name of keys of areas.
const ARS: &str = "Amtlicher Regionalschlüssel";

/// What stands between two pages: a name and an address from outside.
pub type Step<'a> = (&'a str, String);

/// The page of a Leistung; `canonical` is its address, `way` the pages above it, ours first.
pub fn leistung(view: &LeistungView, page: &LeistungPage, canonical: &str, way: &[Step<'_>], base: &Url) -> Graph {
    let place = view.responsible.as_ref().and_then(|one| one.place.as_ref());
    let area = place.map(area);
    let offices = match &page.zustaendig {
        Zustaendig::Stellen(stellen) => stellen.as_slice(),
        Zustaendig::OhneOrt | Zustaendig::Keine(_) => &[],
    };
    let answers = view.responsible.as_ref().map_or(&[][..], |one| one.answers.as_slice());
    // Several are a question to the reader; none of them is said to be the one.
    let operator = match (offices, answers) {
        ([stelle], [answer]) => Some(organization(stelle, &answer.organisationseinheit.anschriften, area.clone())),
        _ => None,
    };
    let time = duration(view);
    // The one that the button leads to has no name on the page.
    let best = page.dienst.iter().filter_map(|dienst| online(dienst, None, base, time.clone()));
    let others = page.dienste.iter().filter_map(|dienst| online(dienst, Some(&dienst.name), base, time.clone()));
    let mut channels: Vec<Channel> = best.chain(others).collect();
    if let (Some(operator), [stelle]) = (&operator, offices) {
        channels.extend(on_site(stelle, operator, time));
    }
    let service = Service {
        id: format!("{canonical}#leistung"),
        name: page.name.clone(),
        description: page.lead.as_ref().map_or_else(|| page.lead_text.clone(), |lead| plain(&lead.html)),
        url: canonical.to_owned(),
        identifier: view.short.schluessel.first().map(|key| Value::new(LEIKA, &key.to_string())),
        provider: operator.clone(),
        service_operator: operator,
        jurisdiction: area.clone(),
        area_served: area,
        available_channel: channels,
    };
    Graph::new(vec![Block::Service(Box::new(Node::of("GovernmentService", service))), crumbs(way)])
}

/// The start page: the site, and how it is searched.
pub fn start(base: &Url, canonical: &str, suche: &str) -> Graph {
    let template = absolute(base, suche).map(|url| format!("{url}?q={{search_term_string}}"));
    let site = Site {
        id: format!("{canonical}#site"),
        name: SITE.to_owned(),
        url: canonical.to_owned(),
        potential_action: template.map(|url_template| {
            let target = Node::of("EntryPoint", EntryPoint { url_template });
            Node::of("SearchAction", Action { target, query_input: "required name=search_term_string" })
        }),
    };
    Graph::new(vec![Block::Site(Node::of("WebSite", site))])
}

/// A page of a town, or another one that only has a place in the order of pages.
pub fn ort(place: &Place, way: &[Step<'_>]) -> Graph {
    Graph::new(vec![Block::Area(area(place)), crumbs(way)])
}

/// A page that has nothing but its place in the order of pages.
pub fn way(way: &[Step<'_>]) -> Graph {
    Graph::new(vec![crumbs(way)])
}

fn crumbs(way: &[Step<'_>]) -> Block {
    let steps = way.iter().zip(1..).map(|((name, item), position)| {
        Node::of("ListItem", Crumb { position, name: (*name).to_owned(), item: item.clone() })
    });
    Block::Crumbs(Node::of("BreadcrumbList", Crumbs { item_list_element: steps.collect() }))
}

fn area(place: &Place) -> Node<Area> {
    let identifier = Value::new(ARS, Ars::as_str(&place.ars));
    Node::of("AdministrativeArea", Area { name: place.name.clone(), identifier })
}

fn organization(stelle: &Stelle, anschriften: &[Anschrift], area: Option<Node<Area>>) -> Node<Organization> {
    let contact = contact(stelle);
    Node::of(
        "GovernmentOrganization",
        Organization {
            name: stelle.name.clone(),
            url: stelle.links.iter().find_map(|link| link.href.clone()),
            telephone: stelle.telefon().map(|one| one.text.clone()),
            email: mail(stelle),
            address: address(stelle, anschriften),
            contact_point: contact,
            area_served: area,
        },
    )
}

fn mail(stelle: &Stelle) -> Option<String> {
    stelle.kontakte.iter().find(|one| one.kanal == Kanal::Mail).map(|one| one.text.clone())
}

fn contact(stelle: &Stelle) -> Option<Node<Contact>> {
    let (telephone, email) = (stelle.telefon().map(|one| one.text.clone()), mail(stelle));
    if telephone.is_none() && email.is_none() {
        return None;
    }
    Some(Node::of("ContactPoint", Contact { contact_type: "customer service", telephone, email }))
}

/// The first address that the page shows and that says where something is.
fn address(stelle: &Stelle, anschriften: &[Anschrift]) -> Option<Node<Address>> {
    let filled =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let shown = |text: &str| stelle.adressen.iter().any(|one| one.lines.iter().any(|line| line.contains(text)));
    anschriften.iter().find_map(|one| {
        let (street_address, post_office_box_number) = (filled(&one.strasse), filled(&one.postfach));
        if street_address.is_none() && post_office_box_number.is_none() {
            return None;
        }
        let address = Address {
            street_address: street_address.filter(|text| shown(text)),
            post_office_box_number: post_office_box_number.filter(|text| shown(text)),
            postal_code: filled(&one.plz).filter(|text| shown(text)),
            address_locality: filled(&one.ort).filter(|text| shown(text)),
        };
        Some(Node::of("PostalAddress", address))
    })
}

/// A service that can be used online, by the way and the name that the page shows.
fn online(dienst: &Dienst, name: Option<&String>, base: &Url, processing_time: Option<String>) -> Option<Channel> {
    let service_url = absolute(base, dienst.href.as_deref()?)?;
    Some(Channel { name: name.cloned(), service_url: Some(service_url), processing_time, ..Channel::default() })
}

/// The office itself, by telephone and where it is.
fn on_site(stelle: &Stelle, operator: &Node<Organization>, processing_time: Option<String>) -> Option<Channel> {
    let phone = stelle.telefon().map(|one| {
        let telephone = Some(one.text.clone());
        Node::of("ContactPoint", Contact { contact_type: "customer service", telephone, email: None })
    });
    let location = operator
        .value()
        .address
        .clone()
        .map(|address| Node::of("Place", Location { name: operator.value().name.clone(), address }));
    if phone.is_none() && location.is_none() {
        return None;
    }
    Some(Channel { service_phone: phone, service_location: location, processing_time, ..Channel::default() })
}

/// The words of clean markup.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for piece in html.split('<') {
        // What stands before the first `<` is no tag.
        let (tag, words) = piece.split_once('>').unwrap_or(("", piece));
        let inside_a_line = ["a", "b", "strong", "i", "em", "sup", "sub"].iter().any(|name| {
            let tag = tag.trim_start_matches('/');
            tag.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        if !inside_a_line {
            text.push(' ');
        }
        text.push_str(words);
    }
    for (entity, sign) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", "\u{a0}"), ("&amp;", "&")] {
        text = text.replace(entity, sign);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How long it takes, where the page says one plain duration: "2 Wochen" is `P2W`.
fn duration(view: &LeistungView) -> Option<String> {
    let mut facts = view.modules.iter().filter(|one| one.modul.art == ModulArt::Bearbeitungsdauer);
    let only = facts.next().filter(|_| facts.next().is_none())?;
    let [fact] = only.modul.facts.as_slice() else { return None };
    iso(fact)
}

fn iso(fact: &str) -> Option<String> {
    let (number, unit) = fact.trim().split_once(' ')?;
    let number: u32 = number.parse().ok()?;
    match unit {
        "Tag" | "Tage" => Some(format!("P{number}D")),
        "Woche" | "Wochen" => Some(format!("P{number}W")),
        "Monat" | "Monate" => Some(format!("P{number}M")),
        "Jahr" | "Jahre" => Some(format!("P{number}Y")),
        "Stunde" | "Stunden" => Some(format!("PT{number}H")),
        "Minute" | "Minuten" => Some(format!("PT{number}M")),
        _ => None,
    }
}

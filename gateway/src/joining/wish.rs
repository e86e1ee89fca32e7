//! What somebody writes who registers a portal, as text; and the portal that it makes.
//!
//! The form and the interface bring the same fields, and what is wrong is said of each of them at once.

use std::num::NonZeroU64;

use connectors::gebiet::Ars;
use connectors::registration::{AddressRule, Connector, Contact, Guard, HostPattern, Portal};
use indexer::catalog::{Catalog, PlaceReading};
use url::Url;

use super::registration::{FieldFault, PartFault};

/// The longest name of a portal, in characters.
pub const NAME_MAX: usize = 100;
/// The most hosts beside the own one.
const HOSTS_MAX: usize = 50;
/// Hours between two runs when nothing is said.
const HOURS: u64 = 24;

/// The fields as they were written; empty where nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// The one address.
    pub address: String,
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The Gebiet: a name or an ARS.
    pub gebiet: String,
    /// The kind of connector: `xzufi-index`, `web` or `push`.
    pub connector: String,
    /// Where the deliveries are, for a connector that fetches.
    pub source: String,
    /// Hours between two runs.
    pub every_h: String,
    /// Hosts to which citizens may be handed over, one in a line.
    pub hosts: String,
    /// Telephone number of the office.
    pub phone: String,
    /// Its e-mail address.
    pub email: String,
    /// Its page.
    pub page: String,
}

impl Wish {
    /// The fields of what is registered.
    pub fn of(portal: &Portal, address: Option<&Url>) -> Self {
        let contact = portal.contact.clone().unwrap_or(Contact { phone: None, email: None, url: None });
        let lines = portal.hosts.iter().map(|host| String::from(host.clone())).collect::<Vec<_>>();
        Self {
            address: address.map(ToString::to_string).unwrap_or_default(),
            id: portal.id.to_string(),
            name: portal.name.clone(),
            gebiet: portal.gebiet.to_string(),
            connector: kind_of(&portal.connector).to_owned(),
            source: portal.connector.url().map(ToString::to_string).unwrap_or_default(),
            every_h: portal.connector.every_s().map(|seconds| (seconds / 3600).max(1).to_string()).unwrap_or_default(),
            hosts: lines.join("\n"),
            phone: contact.phone.unwrap_or_default(),
            email: contact.email.unwrap_or_default(),
            page: contact.url.map(Into::into).unwrap_or_default(),
        }
    }

    /// The portal and its address; else everything that is wrong. What a form does not show (`before`: the guard,
    /// words, the `schemeAgencyID`) stays as it was.
    pub fn read(
        &self,
        catalog: &Catalog,
        rule: &AddressRule,
        before: Option<&Portal>,
    ) -> Result<(Portal, Url), Vec<FieldFault>> {
        let mut faults = Vec::new();
        let address = self.address(rule, &mut faults);
        let id = match self.id.trim() {
            "" => wrong(&mut faults, "id", PartFault::Missing),
            id => id.parse().map_or_else(|_| wrong(&mut faults, "id", PartFault::Id(shown(id))), Some),
        };
        let name = match plain(&self.name, NAME_MAX) {
            Ok("") => wrong(&mut faults, "name", PartFault::Missing),
            Ok(name) => Some(name.to_owned()),
            Err(fault) => wrong(&mut faults, "name", fault),
        };
        let gebiet = self.gebiet(catalog, &mut faults);
        let connector = self.connector(rule, &mut faults);
        let hosts = self.hosts(&mut faults);
        let contact = self.contact(rule, &mut faults);
        match (address, id, name, gebiet, connector, faults.is_empty()) {
            (Some(address), Some(id), Some(name), Some(gebiet), Some(connector), true) => {
                let portal = Portal {
                    id,
                    name,
                    gebiet,
                    agency: before.and_then(|before| before.agency.clone()),
                    hosts,
                    connector,
                    routes: before.map(|before| before.routes.clone()).unwrap_or_default(),
                    responsible: before.and_then(|before| before.responsible.clone()),
                    maintenance: before.and_then(|before| before.maintenance.clone()),
                    guard: before.map_or_else(Guard::default, |before| before.guard),
                    contact,
                    words: before.map(|before| before.words.clone()).unwrap_or_default(),
                    texts: before.map(|before| before.texts.clone()).unwrap_or_default(),
                };
                Ok((portal, address))
            }
            _ => Err(faults),
        }
    }

    fn address(&self, rule: &AddressRule, faults: &mut Vec<FieldFault>) -> Option<Url> {
        rule.read(&self.address).map_or_else(|fault| wrong(faults, "address", fault.into()), Some)
    }

    fn gebiet(&self, catalog: &Catalog, faults: &mut Vec<FieldFault>) -> Option<Ars> {
        let typed = match plain(&self.gebiet, NAME_MAX) {
            Ok("") => return wrong(faults, "gebiet", PartFault::Missing),
            Ok(typed) => typed,
            Err(fault) => return wrong(faults, "gebiet", fault),
        };
        match catalog.place(typed) {
            PlaceReading::One(place) => Some(place.ars),
            PlaceReading::Several(places) => {
                let named = places.iter().map(|place| format!("{} ({})", place.ars, place.name)).collect();
                wrong(faults, "gebiet", PartFault::SeveralPlaces(named))
            }
            PlaceReading::Unknown => wrong(faults, "gebiet", PartFault::UnknownPlace(shown(typed))),
        }
    }

    fn connector(&self, rule: &AddressRule, faults: &mut Vec<FieldFault>) -> Option<Connector> {
        let hours = match self.every_h.trim() {
            "" => Some(HOURS),
            text => text.parse().ok().filter(|hours| (1..=720).contains(hours)),
        };
        let every_s = hours.and_then(|hours: u64| NonZeroU64::new(hours * 3600));
        match self.connector.trim() {
            "push" => Some(Connector::Push {}),
            "xzufi-index" => {
                let url = rule.read(&self.source).map_or_else(|fault| wrong(faults, "source", fault.into()), Some);
                let every_s = every_s.or_else(|| wrong(faults, "every_h", PartFault::Interval));
                Some(Connector::XzufiIndex { url: url?, every_s: every_s? })
            }
            "web" => {
                // Where nothing else is said, the site begins at the one address.
                let typed = if self.source.trim().is_empty() { &self.address } else { &self.source };
                let url = rule.read(typed).map_or_else(|fault| wrong(faults, "source", fault.into()), Some);
                let every_s = every_s.or_else(|| wrong(faults, "every_h", PartFault::Interval));
                Some(Connector::Web { url: url?, sitemap: None, every_s: every_s? })
            }
            "" => wrong(faults, "connector", PartFault::Missing),
            other => wrong(faults, "connector", PartFault::Kind(shown(other))),
        }
    }

    fn hosts(&self, faults: &mut Vec<FieldFault>) -> Vec<HostPattern> {
        let typed = self.hosts.split([',', ' ', '\n', '\r', '\t', ';']).map(str::trim).filter(|host| !host.is_empty());
        let mut hosts = Vec::new();
        for host in typed {
            // Whoever pastes an address means its host.
            let name = match Url::parse(host) {
                Ok(url) if url.has_host() => url.host_str().unwrap_or_default().to_owned(),
                _ => host.to_lowercase(),
            };
            // Names with umlauts are known to DNS by their letters in ASCII; what is left is letters, digits, `-` and `.`.
            let name = match Url::parse(&format!("https://{name}/")) {
                Ok(url) if !name.starts_with('*') => url.host_str().unwrap_or_default().to_owned(),
                _ => name,
            };
            let bare = name.strip_prefix("*.").unwrap_or(&name);
            let plain = bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
            match HostPattern::try_from(name.clone()) {
                Ok(pattern) if plain && hosts.len() < HOSTS_MAX => {
                    if !hosts.contains(&pattern) {
                        hosts.push(pattern);
                    }
                }
                _ => {
                    wrong::<()>(faults, "hosts", PartFault::Host(shown(host)));
                }
            }
        }
        hosts
    }

    fn contact(&self, rule: &AddressRule, faults: &mut Vec<FieldFault>) -> Option<Contact> {
        let phone = self.phone.trim();
        let dials = |sign: char| sign.is_ascii_digit() || " +-/()".contains(sign);
        if !phone.is_empty() && (phone.len() > 40 || !phone.chars().all(dials) || !phone.contains(char::is_numeric)) {
            wrong::<()>(faults, "phone", PartFault::Phone(shown(phone)));
        }
        let email = self.email.trim();
        let (local, domain) = email.split_once('@').unwrap_or_default();
        let odd = |sign: char| sign.is_whitespace() || sign.is_control() || "<>\"(),;:\\".contains(sign);
        let wrong_email = local.is_empty() || !domain.contains('.') || domain.contains('@') || email.contains(odd);
        if !email.is_empty() && (email.len() > 254 || wrong_email) {
            wrong::<()>(faults, "email", PartFault::Email(shown(email)));
        }
        let url = match self.page.trim() {
            "" => None,
            page => rule.read(page).map_or_else(|fault| wrong(faults, "page", fault.into()), Some),
        };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let contact = Contact { phone: some(phone), email: some(email), url };
        (contact != Contact { phone: None, email: None, url: None }).then_some(contact)
    }
}

/// The kind of a connector, as forms and the interface call it.
pub fn kind_of(connector: &Connector) -> &'static str {
    use connectors::registration::ConnectorKind;
    match connector {
        Connector::XzufiIndex { .. } => ConnectorKind::XzufiIndex,
        Connector::XzufiFolder { .. } => ConnectorKind::XzufiFolder,
        Connector::Bereitstelldienst { .. } => ConnectorKind::Bereitstelldienst,
        Connector::Web { .. } => ConnectorKind::Web,
        Connector::Fim { .. } => ConnectorKind::Fim,
        Connector::Push {} => ConnectorKind::Push,
    }
    .name()
}

fn wrong<T>(faults: &mut Vec<FieldFault>, field: &'static str, fault: PartFault) -> Option<T> {
    faults.push(FieldFault { field, fault });
    None
}

/// A value as it is repeated in a message.
fn shown(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_control()).take(80).collect()
}

/// One line of text without blanks around it.
fn plain(text: &str, max: usize) -> Result<&str, PartFault> {
    let text = text.trim();
    if text.chars().count() > max {
        Err(PartFault::TooLong(max))
    } else if text.chars().any(|sign| sign.is_control() || is_bidi(sign)) {
        Err(PartFault::NotPlain)
    } else {
        Ok(text)
    }
}

/// Signs that turn the direction of text, and can make it read as what it is not (UTS 55).
fn is_bidi(sign: char) -> bool {
    matches!(sign, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;

//! The offices of a Leistung: organisations with their addresses, numbers and opening hours.

use super::super::graph::{Item, Value};
use super::{MAX_VALUES, Reading, own_id};
use crate::beschreibung::{Anschrift, Rolle, Stelle, Texte, Werte};
use crate::xzufi::Localized;

/// Days as schema.org writes them, in full and short, and as people here do.
const DAYS: [(&str, &str, &str, &str); 8] = [
    ("Monday", "Mo", "Montag", "Mo"),
    ("Tuesday", "Tu", "Dienstag", "Di"),
    ("Wednesday", "We", "Mittwoch", "Mi"),
    ("Thursday", "Th", "Donnerstag", "Do"),
    ("Friday", "Fr", "Freitag", "Fr"),
    ("Saturday", "Sa", "Samstag", "Sa"),
    ("Sunday", "Su", "Sonntag", "So"),
    ("PublicHolidays", "PH", "Feiertag", "Feiertag"),
];

impl<'a> Reading<'a> {
    /// Who does it: the operators, or else the providers.
    pub(super) fn stellen(&self, item: &'a Item) -> Vec<Stelle> {
        let operators = item.values("serviceOperator");
        let values = if operators.is_empty() { item.values("provider") } else { operators };
        let mut stellen: Vec<Stelle> = Vec::new();
        for value in values.iter().take(MAX_VALUES) {
            let stelle = match (self.graph.get(value), value) {
                (Some(office), _) => self.stelle(office),
                (None, Value::Text { .. }) => {
                    Stelle { name: self.texts(std::slice::from_ref(value)), ..Stelle::default() }
                }
                // An office on another page, of which this one says nothing.
                (None, Value::Link(_)) => continue,
            };
            if !stelle.name.is_empty() && !stellen.contains(&stelle) {
                stellen.push(stelle);
            }
        }
        stellen
    }

    fn stelle(&self, office: &'a Item) -> Stelle {
        let named = ["name", "legalName"].into_iter().map(|property| self.texts(office.values(property)));
        // What belongs to an office may stand at its places and contact points.
        let parts = ["location", "contactPoint", "hasPOS"].into_iter().flat_map(|property| office.values(property));
        let parts = parts.take(MAX_VALUES).filter_map(|value| self.graph.get(value));
        let all: Vec<&Item> = std::iter::once(office).chain(parts).collect();
        let values = |property: &'static str| all.iter().flat_map(move |item| item.values(property)).take(MAX_VALUES);
        let plain = |property| unique(values(property).map(|value| scheme_off(value.as_str()).to_owned()));
        let mut hours = Texte::default();
        for item in &all {
            let text = ["openingHours", "hoursAvailable"].into_iter().flat_map(|property| item.values(property));
            let specified = item.values("openingHoursSpecification").iter().chain(item.values("hoursAvailable"));
            let specified = specified.filter_map(|value| self.graph.get(value)).map(opening);
            let text = text.filter(|value| self.graph.get(value).is_none()).map(|value| days_in_german(value.as_str()));
            let lines: Vec<_> = text.chain(specified).filter(|line| !line.is_empty()).collect();
            if !lines.is_empty() {
                let text = lines.join("\n");
                let value = Value::Text { text, lang: Some("de".to_owned()) };
                hours.0.extend(self.html_of_plain(&value));
            }
        }
        hours.0.dedup();
        Stelle {
            id: own_id(office),
            name: named.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
            rolle: Rolle::Zustaendig,
            anschriften: self.anschriften(values("address")),
            telefon: plain("telephone"),
            fax: plain("faxNumber"),
            email: plain("email"),
            url: unique(office.values("url").iter().map(|value| self.address(value))),
            oeffnungszeiten: hours,
            gebiete: self.areas(office.values("areaServed")),
        }
    }

    fn html_of_plain(&self, value: &Value) -> Vec<Localized> {
        let text = value.as_str().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>");
        vec![Localized { lang: Some("de".to_owned()), text }]
    }

    fn anschriften<'v>(&self, values: impl Iterator<Item = &'v Value>) -> Vec<Anschrift> {
        let mut anschriften = Vec::new();
        for value in values {
            let anschrift = match self.graph.get(value) {
                Some(address) => {
                    let one = |property| {
                        let value = address.values(property).first().map(|value| value.as_str().trim().to_owned());
                        value.filter(|text| !text.is_empty())
                    };
                    Anschrift {
                        strasse: one("streetAddress"),
                        plz: one("postalCode"),
                        ort: one("addressLocality"),
                        zusatz: one("extendedAddress"),
                        postfach: one("postOfficeBoxNumber"),
                    }
                }
                // An address in one text cannot be taken apart without guessing.
                None => Anschrift { zusatz: Some(value.as_str().replace('\n', ", ")), ..Anschrift::default() },
            };
            if anschrift != Anschrift::default() && !anschriften.contains(&anschrift) {
                anschriften.push(anschrift);
            }
        }
        anschriften
    }
}

fn unique(values: impl Iterator<Item = String>) -> Werte {
    let mut seen = Vec::new();
    for value in values {
        if !value.is_empty() && !seen.contains(&value) {
            seen.push(value);
        }
    }
    Werte(seen)
}

/// A number or address without `tel:` or `mailto:`.
fn scheme_off(text: &str) -> &str {
    let text = text.trim();
    let rest = ["tel:", "mailto:", "fax:"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.and_then(|rest| rest.split('?').next()).unwrap_or(text)
}

/// One `OpeningHoursSpecification` as people here write it.
fn opening(item: &Item) -> String {
    let days: Vec<&str> = item.values("dayOfWeek").iter().take(MAX_VALUES).map(day).collect();
    let time = |property| {
        let text = item.values(property).first().map(|value| value.as_str().trim()).unwrap_or_default();
        let short = text.strip_suffix(":00").filter(|rest| rest.contains(':')).unwrap_or(text);
        short.to_owned()
    };
    let (opens, closes) = (time("opens"), time("closes"));
    let hours = match (opens.is_empty(), closes.is_empty()) {
        (false, false) if opens == closes => "geschlossen".to_owned(),
        (false, false) => format!("{opens}–{closes} Uhr"),
        (false, true) => format!("ab {opens} Uhr"),
        (true, false) => format!("bis {closes} Uhr"),
        (true, true) => String::new(),
    };
    [days.join(", "), hours].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}

fn day(value: &Value) -> &str {
    let text = value.as_str().trim();
    let name = text.rsplit(['/', '#']).next().unwrap_or(text);
    DAYS.into_iter().find(|(full, short, ..)| *full == name || *short == name).map_or(text, |(_, _, german, _)| german)
}

/// `Tu-Th 08:00-12:00` with the days as they are written here; a text that is not of this form stays as it is.
fn days_in_german(text: &str) -> String {
    let Some((days, hours)) = text
        .trim()
        .split_once(' ')
        .filter(|(days, _)| days.split(['-', ',']).all(|day| DAYS.iter().any(|(_, short, ..)| *short == day)))
    else {
        return text.trim().to_owned();
    };
    let mut out = String::new();
    for piece in days.split_inclusive(['-', ',']) {
        let (day, sign) = match piece.strip_suffix(['-', ',']) {
            Some(day) if piece.ends_with('-') => (day, "–"),
            Some(day) => (day, ", "),
            None => (piece, ""),
        };
        let german = DAYS.iter().find(|(_, short, ..)| *short == day).map_or(day, |(.., german)| *german);
        out.push_str(german);
        out.push_str(sign);
    }
    format!("{out} {} Uhr", hours.replace('-', "–"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_hours_are_said_as_people_here_say_them() {
        for (text, expected) in [
            ("Mo-Fr 08:00-12:30", "Mo–Fr 08:00–12:30 Uhr"),
            ("Tu,Th 14:00-18:00", "Di, Do 14:00–18:00 Uhr"),
            ("Sa-Su 10:00-12:00", "Sa–So 10:00–12:00 Uhr"),
            ("montags bis 12 Uhr", "montags bis 12 Uhr"),
            ("nach Vereinbarung", "nach Vereinbarung"),
        ] {
            assert_eq!(days_in_german(text), expected);
        }
    }

    #[test]
    fn a_number_is_shown_without_its_scheme() {
        assert_eq!(scheme_off("tel:+49-241-1"), "+49-241-1");
        assert_eq!(scheme_off(" mailto:a@stadt.example?subject=x"), "a@stadt.example");
        assert_eq!(scheme_off("0241 1"), "0241 1");
    }
}

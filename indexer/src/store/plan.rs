//! What a run does or would do, record by record, as far as people can look at it.
//!
//! Counts are complete, lists are not: nobody looks through more than a thousand records of a sort, and a plan stays
//! small enough to be kept beside a run that waits for somebody.

use connectors::finding::Finding;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::record::{Kind, Lang, Object, in_lang};

/// Records of one sort that a plan names; beyond that they are counted.
pub const LISTED: usize = 1_000;

/// What becomes of the records of a portal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// New, or there again.
    pub added: Listed,
    /// Other than before.
    pub changed: Listed,
    /// Gone.
    pub removed: Listed,
    /// Not taken; where there was an older good version, that one stays.
    pub quarantined: Listed,
}

/// Records of one sort.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// How many there are.
    pub total: u64,
    /// The first of them, at most [`LISTED`].
    pub entries: Vec<Planned>,
}

/// One record of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// What it is.
    pub kind: Kind,
    /// Its id as `agency_text`; none where the delivery gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What people call it; empty where it has no name.
    pub name: String,
    /// What is other than before: the fields of the record, of modules the single ones (`modules.05`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Why it was not taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Counts and lists what `other` holds as well.
    pub(crate) fn extend(&mut self, other: Plan) {
        self.added.extend(other.added);
        self.changed.extend(other.changed);
        self.removed.extend(other.removed);
        self.quarantined.extend(other.quarantined);
    }
}

impl Listed {
    /// Counts one more; true when it is to be listed as well.
    pub(super) fn count(&mut self) -> bool {
        self.total += 1;
        self.entries.len() < LISTED
    }

    fn extend(&mut self, other: Listed) {
        self.total += other.total;
        let room = LISTED.saturating_sub(self.entries.len());
        self.entries.extend(other.entries.into_iter().take(room));
    }
}

/// What people call an object, in German where it has a German name.
pub(super) fn name_of(object: &Object) -> String {
    let said = |texts| in_lang(texts, Lang::DE).map_or_else(String::new, |(_, text): (_, &String)| text.clone());
    let id = |id: &Option<connectors::ids::Identifikator>| id.as_ref().map(ToString::to_string).unwrap_or_default();
    match object {
        Object::Leistung(leistung) => said(&leistung.title),
        Object::Spezialisierung(overlay) => id(&overlay.leistung),
        Object::Organisationseinheit(unit) => said(&unit.name),
        Object::Onlinedienst(service) => said(&service.name),
        Object::Formular(form) => said(&form.name),
        Object::Zustaendigkeit(one) => format!("{}, {}", id(&one.owner), id(&one.what.leistung)),
    }
}

/// The parts in which two versions of a record differ, sorted.
pub(super) fn parts(old: &Object, new: &Object) -> Vec<String> {
    let (old, new) = (fields(old), fields(new));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut parts = Vec::new();
    for name in names {
        match (old.get(name), new.get(name)) {
            (old, new) if old == new => {}
            (Some(Value::Array(old)), Some(Value::Array(new))) if name == "modules" => {
                let before = parts.len();
                let of = |modules: &[Value], art| modules.iter().filter(|one| art_of(one) == art).cloned().collect();
                let arts: std::collections::BTreeSet<String> = old.iter().chain(new).map(art_of).collect();
                for art in arts {
                    let (old, new): (Vec<Value>, Vec<Value>) = (of(old, art.clone()), of(new, art.clone()));
                    if old != new {
                        parts.push(format!("{name}.{art}"));
                    }
                }
                if parts.len() == before {
                    // only their order
                    parts.push(name.clone());
                }
            }
            _ => parts.push(name.clone()),
        }
    }
    parts
}

/// The fields of an object as they are kept.
fn fields(object: &Object) -> Map<String, Value> {
    let value = serde_json::to_value(object).unwrap_or_default();
    match value {
        Value::Object(tagged) => match tagged.into_iter().next() {
            Some((_, Value::Object(fields))) => fields,
            _ => Map::new(),
        },
        _ => Map::new(),
    }
}

/// What a module is about, in one word: the code of a text, else the name of its sort.
fn art_of(module: &Value) -> String {
    match module.get("art") {
        Some(Value::String(art)) => art.clone(),
        Some(Value::Object(art)) => art.values().next().and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Html, Leistung, Modul, ModulArt};

    fn leistung(title: &str, kurztext: &str) -> Object {
        let modul = |art, text: &str| Modul {
            art,
            heading: Default::default(),
            text: [(Lang::DE, Html(text.into()))].into(),
            facts: Vec::new(),
            links: Vec::new(),
            channel: None,
        };
        Object::Leistung(Box::new(Leistung {
            title: [(Lang::DE, title.to_owned())].into(),
            modules: vec![modul(ModulArt::Text("05".into()), kurztext), modul(ModulArt::Frist, "bald")],
            ..Leistung::default()
        }))
    }

    #[test]
    fn what_differs_is_named_by_field_and_module() {
        assert_eq!(parts(&leistung("A", "x"), &leistung("A", "x")), Vec::<String>::new());
        assert_eq!(parts(&leistung("A", "x"), &leistung("B", "y")), ["modules.05", "title"]);
        let mut turned = leistung("A", "x");
        if let Object::Leistung(leistung) = &mut turned {
            leistung.modules.reverse();
        }
        assert_eq!(parts(&leistung("A", "x"), &turned), ["modules"]);
        assert_eq!(name_of(&turned), "A");
    }

    #[test]
    fn a_list_ends_and_its_count_does_not() {
        let mut plan = Plan::default();
        for _ in 0..3 {
            let mut block = Plan::default();
            for n in 0..LISTED - 400 {
                if block.added.count() {
                    block.added.entries.push(Planned {
                        kind: Kind::Leistung,
                        id: Some(format!("A_{n}")),
                        name: String::new(),
                        parts: Vec::new(),
                        findings: Vec::new(),
                    });
                }
            }
            plan.extend(block);
        }
        assert_eq!((plan.added.total, plan.added.entries.len()), (1_800, LISTED));
    }
}

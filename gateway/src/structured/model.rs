//! The types of schema.org that pages of ours speak of, with the properties that we can fill; source: schema.org.

use serde::{Serialize, Serializer};

/// All that a page says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Graph {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@graph")]
    graph: Vec<Block>,
}

impl Graph {
    pub(super) fn new(graph: Vec<Block>) -> Self {
        Self { context: "https://schema.org", graph }
    }

    /// As it stands in a page. What could end the block or be taken for markup is written as escapes of JSON, and so are
    /// the two signs that end a line in scripts and not in JSON; all of them occur in texts alone.
    pub fn in_page(&self) -> String {
        let json = serde_json::to_string(self).expect("plain values with text keys become JSON");
        let mut safe = String::with_capacity(json.len());
        for letter in json.chars() {
            match letter {
                '<' => safe.push_str("\\u003c"),
                '>' => safe.push_str("\\u003e"),
                '&' => safe.push_str("\\u0026"),
                '\u{2028}' => safe.push_str("\\u2028"),
                '\u{2029}' => safe.push_str("\\u2029"),
                other => safe.push(other),
            }
        }
        safe
    }
}

/// One thing that a page speaks of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Block {
    Service(Box<Node<Service>>),
    Site(Node<Site>),
    Area(Node<Area>),
    Crumbs(Node<Crumbs>),
}

/// A value with the name of its type.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Node<T> {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(flatten)]
    value: T,
}

impl<T> Node<T> {
    pub(super) fn of(kind: &'static str, value: T) -> Self {
        Self { kind, value }
    }

    pub(super) fn value(&self) -> &T {
        &self.value
    }
}

/// A key in some catalogue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Value {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(rename = "propertyID")]
    property: &'static str,
    value: String,
}

impl Value {
    pub(super) fn new(property: &'static str, value: &str) -> Self {
        Self { kind: "PropertyValue", property, value: value.to_owned() }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    #[serde(rename = "@id")]
    pub id: String,
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_operator: Option<Node<Organization>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Node<Organization>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<Node<Area>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_served: Option<Node<Area>>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "typed_channels")]
    pub available_channel: Vec<Channel>,
}

fn typed_channels<S: Serializer>(channels: &[Channel], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(channels.iter().map(|channel| Node::of("ServiceChannel", channel)))
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Channel {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_phone: Option<Node<Contact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_location: Option<Node<Location>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing_time: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Organization {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Node<Address>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_point: Option<Node<Contact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_served: Option<Node<Area>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contact {
    pub contact_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Location {
    pub name: String,
    pub address: Node<Address>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_office_box_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_locality: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Area {
    pub name: String,
    pub identifier: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Site {
    #[serde(rename = "@id")]
    pub id: String,
    pub name: String,
    pub url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub potential_action: Option<Node<Action>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Action {
    pub target: Node<EntryPoint>,
    #[serde(rename = "query-input")]
    pub query_input: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryPoint {
    pub url_template: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Crumbs {
    pub item_list_element: Vec<Node<Crumb>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Crumb {
    pub position: u32,
    pub name: String,
    pub item: String,
}
